#!/bin/sh
# What `cmake --install` puts down is whole: programs that start there, beside
# what they look for.
#
#	test_installed.sh BUILD [EMULATOR...]
set -eu
build=$1
shift
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cmake --install "$build" --prefix "$place" >/dev/null

fail() {
	echo "$*" >&2
	exit 1
}

for program in sandbook sandbook-setup; do
	"$@" "$place/bin/$program.exe" --version | grep -q '[0-9]\.[0-9]' ||
		fail "$program does not start where it was put"
done
for name in sandbook-runner refuse/ssh refuse/scp refuse/sftp; do
	[ -s "$place/bin/$name.exe" ] || fail "$name was not put down"
done
[ -s "$place/share/sandbook/policy.schema.json" ] || fail "no schema"
# A refusing program refuses.
code=0
"$@" "$place/bin/refuse/ssh.exe" host 2>/dev/null || code=$?
[ "$code" -ne 0 ] || fail "ssh did not refuse"
