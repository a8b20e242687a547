#!/bin/sh
# test_stops.sh DIRECTORY-OF-THE-PROGRAMS STOP-AFTER CASE...
#
# The crash sweep (DESIGN part 11) on the real machine: the programs as they
# are installed, the journal on a disk, ACLs, accounts and rules of a host to
# break (tests/support/host). A command is ended by kill -9, with all that it
# started, right before its n-th change to the host, for n = 1, 2, 3, until it
# completes (tests/support/stop_after.c). Then Sandbook is asked to mend it,
# and the place must be what it was, as find, getfacl, getfattr and sha256sum
# see it; the journal must verify and owe nothing. What a person's own commands
# do; test_stops_machine.sh has setup and uninstall.
#
#	grant      grant stopped; then undo, or grant again, or uninstall
#	undo       undo stopped; then undo again
#	run        a run stopped, plain and with --grant acl; then hand-back and
#	           undo, or another run
#	recovery   grant, undo and a run stopped, then the recovery of each at
#	           each m
#	refused    change n of a grant or undo fails (EIO, EACCES; ENOSPC for
#	           good): it says so, and what it did is undone by itself
#	meanwhile  before change n of a grant somebody makes a file, a directory
#	           and a link in the tree: they are granted and given back, too
#	interrupted  a grant is asked to end (SIGTERM) right before its change n:
#	           it takes back what it made, and says so
#
# In the everyday run writes into one file, one after the other, are one change;
# of a run every fifth change counts, and recovery is stopped after three stops
# of each command. SBK_CAMPAIGN=1 takes all.
#
# Exits 77 with a reason where this machine cannot do it.
set -u
here=$(cd "$(dirname "$0")" && pwd)
support=$here/../support
. "$here/stops.sh"

grant="$dev sandbook grant --yes --to OFFLINE --rw /home/dev/project"
undo="$dev sandbook undo --yes --path /home/dev/project"
remove="$dev sandbook uninstall --yes"

# The journal is sound, owes nothing and goes; then the home is as it was.
settled()
{
	same_project "$1"
	expect 0 "$1" $dev "$bin/sandbook" journal verify
	grep -q ' 0 findings$' "$out.log" || fail "$1: $(cat "$out.log")"
	removed "$1"
}

removed()
{
	expect 0 "$1" $remove
	same_home "$1"
}

begin()
{
	world
	"$bin/sandbook" setup --yes --user dev >"$out.log" 2>&1 ||
		fail "setup: $(cat "$out.log")"
	grant=$(echo "$grant" | sed "s|sandbook|$bin/sandbook|
		s|OFFLINE|$(offline)|")
	undo=$(echo "$undo" | sed "s|sandbook|$bin/sandbook|")
	remove=$(echo "$remove" | sed "s|sandbook|$bin/sandbook|")
	remember
}

# --- a person's own commands ----------------------------------------------------

# Before the first commit there is no journal to undo from or to verify.
case_grant()
{
	begin
	n=1
	while stopped "$n" $grant; do
		expect 0 "grant stopped at $n" $undo
		same_project "grant stopped at $n"
		if [ -e /home/dev/.local/state/sandbook/journal.db ]; then
			settled "grant stopped at $n"
		else
			removed "grant stopped at $n"
		fi
		n=$((n + 1))
	done
	removed "grant"
	swept "grant, then undo" $((n - 1)) 40

	n=1
	while stopped "$n" $grant; do
		expect 0 "grant stopped at $n, then grant" $grant
		getfacl -n /home/dev/project/src/file 2>/dev/null |
			grep -q "^user:$(id -u "$(offline)"):rw" ||
			fail "grant stopped at $n, then grant: no entry"
		expect 0 "grant stopped at $n, grant, undo" $undo
		settled "grant stopped at $n, grant, undo"
		n=$((n + 1))
	done
	removed "grant"
	swept "grant, then grant again" $((n - 1)) 40

	n=1
	while stopped "$n" $grant; do
		removed "grant stopped at $n, then uninstall"
		n=$((n + 1))
	done
	removed "grant"
	swept "grant, then uninstall" $((n - 1)) 40
}

case_undo()
{
	begin
	n=1
	while
		expect 0 "grant" $grant
		stopped "$n" $undo
	do
		expect 0 "undo stopped at $n" $undo
		settled "undo stopped at $n"
		n=$((n + 1))
	done
	settled "undo"
	swept "undo" $((n - 1)) 20

	n=1
	while
		expect 0 "grant" $grant
		stopped "$n" $remove
	do
		removed "uninstall of one's own stopped at $n"
		n=$((n + 1))
	done
	same_home "uninstall of one's own"
	swept "a person's uninstall" $((n - 1)) 15
}

# 143: before it had begun; 0: when all was made.
case_interrupted()
{
	begin
	n=1 count=0
	total=$(changes_of $grant)
	undone "grant"
	step=3
	[ "$campaign" != 1 ] || step=1
	while [ "$n" -le "$total" ]; do
		code=0
		"$stop_after" --meanwhile "pkill -TERM -x sandbook" "$n" \
			$grant >"$out.log" 2>&1 || code=$?
		case $code in
		130)
			grep -q 'interrupted: what was made' "$out.log" ||
				fail "interrupted at $n: $(cat "$out.log")"
			count=$((count + 1))
			;;
		0) expect 0 "grant" $undo ;;
		143) ;;
		*) fail "interrupted at $n: $code: $(cat "$out.log")" ;;
		esac
		same_project "grant interrupted at $n"
		removed "grant interrupted at $n"
		n=$((n + step))
	done
	swept "grant interrupted" "$count" 3
}

undone()
{
	expect 0 "$1" $undo
	same_project "$1"
	removed "$1"
}

# nested PREPARATION COMMAND RECOVERY MENDED: the command stopped at n, its
# recovery at m; MENDED sees to it that all is well again
nested()
{
	$1 || fail "$2 cannot be prepared"
	eval "words=\$$2"
	eval "recovery=\$$3"
	total=$(changes_of $words)
	$4 "$2"
	# Around the changes of the host, and at the last one.
	# A run makes some more or fewer, by when its processes are seen to end:
	# the last of them are not always there.
	last=$total sure=$total
	[ "$4" != ran ] || last=$((total * 9 / 10)) sure=$((total * 3 / 4))
	stops="$((total / 2)) $((total * 3 / 4)) $last"
	[ "$campaign" != 1 ] || stops=$(seq "$last")
	count=0
	for n in $stops; do
		m=1
		while
			$1 || fail "$2 cannot be prepared"
			stopped "$n" $words || {
				[ "$n" -gt "$sure" ] ||
					fail "$2 has no change $n of $total"
				break
			}
			stopped "$m" $recovery
		do
			$4 "$2 stopped at $n, $3 at $m"
			m=$((m + 1)) count=$((count + 1))
		done
		$4 "$2 stopped at $n"
	done
	swept "$3 after $2" "$count" 10
}

granted() { $grant >"$out.log" 2>&1; }

case_recovery()
{
	begin
	nested true grant undo undone
	nested granted undo undo undone
}

# --- runs -----------------------------------------------------------------------

# The programs as setup leaves them, so that a run gets the account. Not where
# it is traced, since newuidmap does not work then: but it does for a tracer that
# is root, and in a process namespace of its own a run sees none.
begin_runs()
{
	install_programs
	begin
	run="unshare --pid --fork --kill-child --mount-proc
	$dev $bin/sandbook run -q -C /home/dev/project"
	plain="$run --no-account -- touch made"
	acl="$run --account --grant acl -- touch made"
	give_back="$dev $bin/sandbook hand-back"
	step=5
	[ "$campaign" != 1 ] || step=1
}

# No run is taken for one that goes on; what it made and was granted goes back.
ran()
{
	expect 0 "$1" $give_back
	[ -z "$(find /home/dev ! -user dev)" ] ||
		fail "$1: $(find /home/dev ! -user dev) is not dev's"
	rm -f /home/dev/project/made
	if [ -e /home/dev/.local/state/sandbook/journal.db ]; then
		$dev "$bin/sandbook" journal log | grep running >&2 &&
			fail "$1: a session that never ends"
		expect 0 "$1" $undo
		settled "$1"
	else
		same_project "$1"
		removed "$1"
	fi
}

# of_runs KIND THEN: a run stopped at each n, then this command
of_runs()
{
	eval "words=\$$1 then=\$$2"
	n=1 count=0
	while stopped "$n" $words; do
		expect 0 "$1 run stopped at $n, then $2" $then
		ran "$1 run stopped at $n, then $2"
		n=$((n + step)) count=$((count + 1))
	done
	ran "$1 run"
	swept "$1 run, then $2" "$count" 5
}

case_run()
{
	begin_runs
	of_runs plain plain
	of_runs acl acl
	nested true acl give_back ran
	[ "$campaign" = 1 ] || return 0
	of_runs plain give_back
	of_runs acl give_back
	nested true plain give_back ran
	nested true acl acl ran
}

# --- on the machine -----------------------------------------------------------------

if [ "${1-}" = --case ]; then
	name=$2 bin=$3 stop_after=$4 out=$5
	"case_$name"
	exit 0
fi

[ $# -gt 2 ] || { sed -n 's/^# \{0,1\}//p' "$0" | sed -n 1,33p; exit 2; }
bin=$(cd "$1" && pwd)
stop_after=$2
shift 2

. "$here/cases.sh"
