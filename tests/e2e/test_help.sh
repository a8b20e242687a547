#!/bin/sh
# test_help.sh BIN-DIRECTORY
#
# Every command answers --help with an example; every command and option in
# that help stands in sandbook(1); no line is wider than a terminal; both
# manual pages render without a warning; and what sandbook(1) names exists.
set -u
export LC_ALL=C
root=$(cd "$(dirname "$0")/../.." && pwd)
bin=$(cd "$1" && pwd)
page=$root/engine/sandbook.1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
checks=0

fail()
{
	echo "FAILED: $*" >&2
	failed=1
}

# The words of the lists in a help, one a line.
listed() { sed -n "/^$1:\$/,/^\$/s/^  \([a-z][a-z-]*\) .*/\1/p" "$2"; }

command -v groff >/dev/null || { echo "groff is missing" >&2; exit 77; }
for file in "$page" "$root/engine/sandbook-policy.5"; do
	groff -mandoc -ww -Tutf8 -z "$file" 2>"$work/warnings"
	[ -s "$work/warnings" ] &&
		fail "$file: $(head -n 3 "$work/warnings")"
	if command -v man >/dev/null; then
		man -l "$file" >"$work/page" 2>"$work/warnings" ||
			fail "man -l $file"
		[ -s "$work/warnings" ] &&
			fail "man -l $file: $(head -n 3 "$work/warnings")"
	fi
done
groff -mdoc -Tascii -P-cbou "$page" >"$work/sandbook.txt" 2>/dev/null
[ "$(wc -l <"$work/sandbook.txt")" -gt 100 ] || fail "the page is empty"

# The lists of variables in sandbook-policy(5) are those of the program.
variables()
{
	sed -n "/^const char \*const $1\[\]/,/NULL/p" \
		"$root/engine/linux/places.c" |
		sed -n 's/^\t"\(.*\)",$/\1/p' >"$work/in-code"
	sed -n "/^\.\\\\\" $2/,/^\.\\\\\" end/p" \
		"$root/engine/sandbook-policy.5" | sed -n 's/^\.Ev //p' |
		tr -s ' ,' '\n' | grep -v '^\.$' >"$work/in-page"
	[ "$(wc -l <"$work/in-code")" -gt 20 ] ||
		fail "no list '$1' in places.c"
	diff "$work/in-code" "$work/in-page" >&2 ||
		fail "sandbook-policy(5) has another list than $1"
}
variables sbk_environment_kept 'kept'
variables sbk_environment_secret 'secret'

# help PROGRAM WORD...: its help is whole
help()
{
	checks=$((checks + 1))
	"$bin/$1" $2 --help >"$work/help" 2>"$work/err" ||
		fail "$1 $2 --help: exit code $?"
	[ -s "$work/err" ] && fail "$1 $2 --help writes on stderr"
	grep -q "^usage: $1 $2 " "$work/help" || fail "$1 $2: no usage"
	grep -q '^Example' "$work/help" || fail "$1 $2: no example"
	grep -q "^  .*sandbook $2" "$work/help" ||
		fail "$1 $2: the example does not use it"
	[ "$(tail -c 1 "$work/help" | od -An -tx1 | tr -d ' ')" = 0a ] ||
		fail "$1 $2: no newline at the end"
	grep -n '.\{91\}' "$work/help" && fail "$1 $2: a wide line"
	grep -q 'test-' "$work/help" && fail "$1 $2: shows a test's switch"
	# Its section of the page: from its name to the next command.
	# A group's heading goes on with its subcommands: "log | show".
	follows='( [^|a-z]|$)'
	grep -q '^Subcommands:$' "$work/help" && follows=' [a-z]+ [|]'
	awk -v heading="^   sandbook $2$follows" '
		/^   sandbook / { inside = ($0 ~ heading) }
		/^[A-Z]/ { inside = 0 }
		inside' "$work/sandbook.txt" >"$work/section"
	[ -s "$work/section" ] || fail "sandbook(1) has no section '$2'"
	for option in $(sed -n '/^Options:$/,/^$/s/^ .*\(--[a-z-]*\).*/\1/p' \
		"$work/help" | sed 's/[^a-z-].*//'); do
		grep -q -- "$option\\b" "$work/section" ||
			fail "sandbook(1) lacks $option of '$2'"
	done
	# And nothing that the program does not know.
	for option in $(grep -o '^     *-[-a-z, ]*' "$work/section" |
		grep -o -- '--[a-z-]*'); do
		grep -q -- "$option\\b" "$work/help" ||
			fail "'$2' has no $option, which sandbook(1) has"
	done
}

"$bin/sandbook" --help >"$work/all" 2>&1 || fail "--help: exit code $?"
commands=$(sed -n 's/^  \([a-z][a-z-]*\) .*/\1/p' "$work/all")
[ -z "$(echo "$commands" | sort | uniq -d)" ] ||
	fail "a command stands twice in --help"
for command in $commands; do
	help sandbook "$command"
	for sub in $(listed Subcommands "$work/help"); do
		help sandbook "$command $sub"
	done
done
[ "$checks" -ge 18 ] || fail "only $checks commands were found"
for command in setup uninstall; do
	"$bin/sandbook-setup" $command --help | grep -q '^Example' ||
		fail "sandbook-setup $command --help"
done

# The exit codes of the page are those of the program.
sed -n 's/.*SBK_EXIT_[A-Z]* *=* *\(2[0-9][0-9]\).*/\1/p; s/^[^A-Z]*\(2[0-9][0-9]\),.*/\1/p' \
	"$root/engine/cli.h" | sort -u >"$work/codes"
[ "$(wc -l <"$work/codes")" -ge 10 ] || fail "no exit codes in cli.h"
while read -r code; do
	grep -q "^ *$code  *[a-zA-Z]" "$work/sandbook.txt" ||
		fail "sandbook(1) lacks exit code $code"
done <"$work/codes"

[ $failed = 0 ] || exit 1
echo "$checks commands checked"
