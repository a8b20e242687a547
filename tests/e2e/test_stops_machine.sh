#!/bin/sh
# test_stops_machine.sh DIRECTORY-OF-THE-PROGRAMS STOP-AFTER CASE...
#
# As test_stops.sh, of what changes the machine:
#
#	setup      setup stopped; then setup again and uninstall (or uninstall,
#	           or uninstall stopped, too); sandbook-mount has its set-id bit
#	           after the one and not after the other
#	remove     setup --remove-user stopped, with somebody else enrolled; then
#	           setup --remove-user again: the other one's part is as before
#	orphans    setup alone ended, and the tool that it started goes on for
#	           a while; meanwhile uninstall (only in a campaign)
#	uninstall  uninstall stopped, with a grant in effect and what the account
#	           made; then uninstall (or setup and uninstall)
#
# In the everyday run writes into one file, one after the other, are one change,
# those changes count that Sandbook makes itself, and of setup and uninstall
# every third, of a removal every fourth. SBK_CAMPAIGN=1 takes all, those of
# useradd and its like included, and what stands in parentheses (an hour).
#
# Exits 77 with a reason where this machine cannot do it.
set -u
here=$(cd "$(dirname "$0")" && pwd)
support=$here/../support
. "$here/elsewhere.sh"
. "$here/stops.sh"

# --- the machine ----------------------------------------------------------------

# What the overlays hold of their own: whatever differs from the machine below,
# and what was copied up without a difference.
own_names()
{
	for place in etc home root var; do
		find "/run/host/$place/upper" -mindepth 1 \
			-printf "/$place/%P\n"
	done
}

# Lines "name|..." about the objects of a list of names: one or more for each.
records()
{
	tr '\n' '\0' <"$1" | xargs -0r stat --printf '%n|%F|%a|%u:%g|%N\n' \
		2>/dev/null
	tr '\n' '\0' <"$1" | xargs -0r sh -c 'for name; do
		[ ! -f "$name" ] || [ -L "$name" ] || printf "%s\0" "$name"
	done' sh | xargs -0r sha256sum | sed 's/^\([^ ]*\)  \(.*\)/\2|\1/'
	tr '\n' '\0' <"$1" | xargs -0r getfattr -h --absolute-names -d \
		-e hex -m - 2>/dev/null | awk '
		/^# file: / { name = substr($0, 9); next }
		/./ { print name "|" $0 }'
}

# Those lines of $2 that are about names of $1; or that there is none.
only()
{
	awk -F'|' 'NR == FNR { wanted[$0] = 1; next }
		$1 in wanted { print; seen[$1] = 1 }
		END { for (name in wanted)
			if (!(name in seen)) print name "|absent" }' "$1" "$2" |
		LC_ALL=C sort
}

remember_machine()
{
	own_names >"$out.own"
	{
		cat "$out.own"
		find /etc /home -xdev
		find /var /root -xdev -maxdepth 2
	} | LC_ALL=C sort -u >"$out.names.all"
	records "$out.names.all" >"$out.records"
	nft --stateless list ruleset >"$out.rules"
	"$support/manifest" >"$out.machine" || fail "no manifest"
}

# By what the overlays hold, which is quick; wholly() compares all.
same_machine()
{
	own_names | LC_ALL=C sort -u - "$out.own" >"$out.names.now"
	records "$out.names.now" >"$out.records.now"
	only "$out.names.now" "$out.records" >"$out.expected"
	only "$out.names.now" "$out.records.now" >"$out.now"
	nft --stateless list ruleset >"$out.rules.now"
	cmp -s "$out.expected" "$out.now" &&
		cmp -s "$out.rules" "$out.rules.now" || {
		diff "$out.expected" "$out.now" | head -40 >&2
		diff "$out.rules" "$out.rules.now" | head -40 >&2
		fail "$1: the host is not what it was"
	}
}

wholly_the_same()
{
	same_machine "$1"
	"$support/manifest" >"$out.now" || fail "no manifest"
	diff "$out.machine" "$out.now" >&2 ||
		fail "$1: the host is not what it was"
}

# has_bit MODE CONTEXT: sandbook-mount has that mode
has_bit()
{
	[ "$(stat -c %a "$bin/sandbook-mount")" = "$1" ] ||
		fail "$2: sandbook-mount has the mode $(stat -c %a \
			"$bin/sandbook-mount") and not $1"
}

begin_machine()
{
	world
	install_programs
	# So that there is a unit to make, with its directories and links.
	mkdir -p /run/systemd/system
	setup="$bin/sandbook setup --yes --user dev"
	uninstall="$bin/sandbook uninstall --yes --json $(elsewhere)
	--certificate /run/certificate.json"
	step=1
	[ "$campaign" = 1 ] || counting="--merge --program sandbook" step=3
	remember_machine
}

uninstalled()
{
	rm -f /run/certificate.json
	expect 0 "$1" $uninstall
	has_bit 755 "$1"
	same_machine "$1"
}

case_setup()
{
	begin_machine
	n=1 count=0
	while stopped "$n" $setup; do
		expect 0 "setup stopped at $n, then setup" $setup
		has_bit 4755 "setup stopped at $n, then setup"
		ls -ld /var/lib/sandbook | grep -q '^drwxr-xr-x' ||
			fail "setup stopped at $n: $(ls -ld /var/lib/sandbook)"
		uninstalled "setup stopped at $n, setup, uninstall"
		n=$((n + step)) count=$((count + 1))
	done
	uninstalled "setup"
	wholly_the_same "setup"
	swept "setup, then setup again" "$count" 50

	[ "$campaign" = 1 ] || return 0
	n=1
	while stopped "$n" $setup; do
		uninstalled "setup stopped at $n"
		n=$((n + 1))
	done
	uninstalled "setup"
	wholly_the_same "setup"
	swept "setup, then uninstall" $((n - 1)) 50

	total=$(changes_of $setup)
	uninstalled "setup"
	count=0
	for n in $((total / 3)) $((total * 2 / 3)) "$total"; do
		m=1
		while
			stopped "$n" $setup || fail "setup has no change $n"
			rm -f /run/certificate.json
			stopped "$m" $uninstall
		do
			uninstalled "setup stopped at $n, uninstall at $m"
			m=$((m + 1)) count=$((count + 1))
		done
		same_machine "setup stopped at $n"
	done
	swept "setup, then uninstall stopped" "$count" 50
}

# The account files, their copies and the rules.
enrolled()
{
	for file in passwd group shadow gshadow subuid subgid; do
		for copy in "" -; do
			[ -e "/etc/$file$copy" ] || continue
			stat -c '%n %a %u:%g' "/etc/$file$copy"
			cat "/etc/$file$copy"
		done
	done
	# Whether anything was left beside them.
	ls /etc
	nft --stateless list ruleset
}

case_remove()
{
	mkdir -p /var/www # the other one's home, which uninstall asks for
	begin_machine
	[ "$campaign" = 1 ] || step=4
	leave="$bin/sandbook setup --yes --remove-user dev"
	expect 0 "the other one" "$bin/sandbook" setup --yes --user www-data
	enrolled >"$out.other"
	n=1 count=0
	while
		expect 0 "setup" $setup
		stopped "$n" $leave
	do
		expect 0 "removal stopped at $n, then again" $leave
		enrolled | diff "$out.other" - >&2 ||
			fail "removal stopped at $n: the other's is not as before"
		n=$((n + step)) count=$((count + 1))
	done
	enrolled | diff "$out.other" - >&2 ||
		fail "removal: the other's is not as before"
	expect 0 "the journal" "$bin/sandbook" journal verify --machine
	grep -q ' 0 findings$' "$out.log" || fail "$(cat "$out.log")"
	expect 0 "the status" "$bin/sandbook" status
	grep -q '(machine): readable, nothing owed' "$out.log" ||
		fail "$(cat "$out.log")"
	uninstalled "removal"
	wholly_the_same "removal"
	swept "removal, then again" "$count" 30
}

# Setup alone is ended, and useradd, say, goes on while uninstall looks.
case_orphans()
{
	[ "$campaign" = 1 ] || return 0
	begin_machine
	n=0
	expect 0 "counting" "$stop_after" --count "$out.count" --merge 0 $setup
	total=$(cat "$out.count")
	uninstalled "setup"
	while [ "$n" -lt "$total" ]; do
		n=$((n + 1))
		rm -f "$out.count"
		"$stop_after" --merge --orphan 150 --count "$out.count" "$n" \
			$setup >"$out.setup" 2>&1 &
		while [ ! -s "$out.count" ]; do sleep 0.005; done
		uninstalled "setup alone stopped at $n"
		wait
		uninstalled "setup alone stopped at $n, a moment later"
	done
	wholly_the_same "orphans"
	swept "setup alone" "$n" 50
}

# Set up, with a grant, and a directory that the account made in it.
in_use()
{
	expect 0 "setup" $setup
	expect 0 "grant" $dev "$bin/sandbook" grant --yes \
		--to "$(offline)" --rw /home/dev/project
	setpriv --reuid "$(id -u "$(offline)")" \
		--regid "$(id -g "$(offline)")" --clear-groups sh -c \
		'umask 022; mkdir /home/dev/project/src/made &&
		echo x >/home/dev/project/src/made/file' ||
		fail "the account cannot write"
	rm -f /run/certificate.json
}

# As uninstalled; what the account made is a person's now.
given_back()
{
	rm -f /run/certificate.json
	expect 0 "$1" $uninstall
	[ "$(stat -c %U%a /home/dev/project/src/made/file)" = dev644 ] ||
		fail "$1: what the account made was not given back"
	rm -r /home/dev/project/src/made
	same_machine "$1"
}

case_uninstall()
{
	begin_machine
	n=1 count=0
	while
		in_use
		stopped "$n" $uninstall
	do
		given_back "uninstall stopped at $n"
		n=$((n + step)) count=$((count + 1))
	done
	rm -r /home/dev/project/src/made
	wholly_the_same "uninstall"
	swept "uninstall" "$count" 50

	[ "$campaign" = 1 ] || return 0
	n=1
	while
		in_use
		stopped "$n" $uninstall
	do
		what="uninstall stopped at $n, then setup"
		$setup >"$out.log" 2>&1
		code=$?
		case $code in
		0)
			ls -ld /var/lib/sandbook | grep -q '^drwxr-xr-x' ||
				fail "$what: $(ls -ld /var/lib/sandbook)"
			;;
		207)
			grep -q "'sandbook uninstall'" "$out.log" ||
				fail "$what: $(cat "$out.log")"
			;;
		*)
			cat "$out.log" >&2
			fail "$what: it ended with $code"
			;;
		esac
		given_back "$what, uninstall"
		n=$((n + 1))
	done
	rm -r /home/dev/project/src/made
	wholly_the_same "uninstall, setup"
	swept "uninstall, then setup" $((n - 1)) 80
}

# --- on the machine -----------------------------------------------------------------

if [ "${1-}" = --case ]; then
	name=$2 bin=$3 stop_after=$4 out=$5
	"case_$name"
	exit 0
fi

[ $# -gt 2 ] || { sed -n 's/^# \{0,1\}//p' "$0" | sed -n 1,22p; exit 2; }
bin=$(cd "$1" && pwd)
stop_after=$2
shift 2

. "$here/cases.sh"
