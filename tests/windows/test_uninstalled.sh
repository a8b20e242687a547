#!/bin/sh
# A user's part from its beginning to its end, by the programs as they are
# installed, in a Windows of Wine's that has nothing but its own small C: (a
# sweep walks every drive): a grant that Wine does not keep and that is taken
# back, then uninstall, its certificate, and what is left: nothing. What only an
# administrator's program does is refused by Wine, and refuses.
#
#	test_uninstalled.sh BUILD
set -eu
here=$(cd "$(dirname "$0")" && pwd)
place=$(mktemp -d)
prefix=$place/prefix
trap 'WINEPREFIX=$prefix wineserver -k 2>/dev/null; rm -rf "$place"' EXIT

"$here/wine" "$prefix" cmd /c exit
WINEPREFIX=$prefix wineserver -w
rm -f "$prefix/dosdevices/z:"
cmake --install "$1" --prefix "$prefix/drive_c/Program Files/Sandbook" >/dev/null
mkdir "$prefix/drive_c/ws"
: >"$prefix/drive_c/ws/file"

fail() {
	echo "$*" >&2
	exit 1
}

# expect CODE WORDS PROGRAM ARGUMENT...
expect() {
	wanted=$1 words=$2 program=$3
	shift 3
	code=0
	"$here/wine" "$prefix" "C:/Program Files/Sandbook/bin/$program.exe" \
		"$@" >"$place/said" 2>&1 || code=$?
	[ "$code" = "$wanted" ] && grep -q "$words" "$place/said" ||
		fail "$program $*: $code, not $wanted, or without '$words':" \
			"$(cat "$place/said")"
}

# What is there, and in it. Not the mode of what was granted: Wine gives a group
# the owner's bits where a list is written that reads back as the one before.
look() {
	(
		cd "$prefix/drive_c"
		find users ProgramData 'Program Files' -printf '%p %y %m %l\n'
		find ws -printf '%p %y %l\n'
		find users ProgramData ws -type f -exec sha256sum {} +
	) | sort >"$1"
}

# What Wine itself makes at a first start is there already.
expect 0 sandbook sandbook --version
look "$place/before"
expect 206 'does not keep access lists' sandbook grant --to runs --rw C:/ws
expect 0 ' 0 findings' sandbook journal verify
look "$place/between"
cmp -s "$place/before" "$place/between" && fail 'no journal was made'
expect 0 'removed' sandbook uninstall --user-only --yes --certificate C:/cert.json
look "$place/after"
diff "$place/before" "$place/after" || fail 'something is left'
# A user's is the end of the log, signed.
grep -q '"payloadType":"application/vnd.sandbook.log-end+json"' \
	"$prefix/drive_c/cert.json" || fail 'no signed end of the log'
expect 0 'nothing of yours is installed' sandbook uninstall --user-only --yes
expect 230 'not supported' sandbook-setup uninstall --yes
look "$place/after"
diff "$place/before" "$place/after" || fail 'a refusal changed something'
