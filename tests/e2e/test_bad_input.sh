#!/bin/sh
# test_bad_input.sh BIN-DIRECTORY
#
# What people get wrong, one case each: a line on stderr that says what is
# wrong, where, and what to do; the exit code of the documented block; and
# nothing changed, by the manifest of the host. Run on a host to break
# (tests/support/host), as root and as an ordinary person, dev.
set -u
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
support=$here/../support
bin=$(cd "$1" && pwd)
[ "${SBK_TEST_HOST-}" = 1 ] || { echo "needs tests/support/host" >&2; exit 77; }

work=$(mktemp -d /run/bad.XXXXXX)
chmod 711 "$work"
failed=0
checks=0
code=0

useradd -m -s /bin/sh dev 2>/dev/null || exit 1
useradd -m -s /bin/sh other 2>/dev/null || exit 1
uid=$(id -u dev)
ws=/home/dev/project
mkdir -p $ws /home/dev/links
echo text >$ws/file
printf '#!/bin/sh\n' >$ws/plain
git init -q $ws
chown -R dev:dev /home/dev
state=/home/dev/.local/state/sandbook
dev="setpriv --reuid $uid --regid $(id -g dev) --clear-groups env -i HOME=/home/dev
USER=dev LOGNAME=dev PATH=$bin:/usr/sbin:/usr/bin:/sbin:/bin"

fail()
{
	echo "FAILED: $*" >&2
	sed 's/^/    /' "$work/err" >&2
	failed=1
}

manifest() { "$support/manifest" >"$work/$1"; }

# Nothing on the host is other than when `begin` was called.
begin() { manifest before; records >"$work/records"; }

# The record of dev's journal itself, or the file of one that is damaged.
records()
{
	(cd / && $dev sandbook journal export --json 2>/dev/null) ||
		sha256sum $state/journal.db 2>/dev/null
}
unchanged()
{
	manifest after
	# What a journal keeps beside its record: who had its lock last, and
	# how far SQLite got with its own files.
	sed -i '/sandbook.journal\.db/d; /sandbook.lock$/d' \
		"$work/before" "$work/after"
	records >"$work/records.now"
	cmp "$work/records" "$work/records.now" ||
		fail "$1: the record is changed"
	diff "$work/before" "$work/after" >&2 || fail "$1: the host is changed"
}

as_dev() { (cd $ws && exec $dev "$@") >"$work/out" 2>"$work/err"; code=$?; }
as_root() { (cd /run && PATH=$bin:$PATH && exec "$@") >"$work/out" 2>"$work/err"; code=$?; }

# is CODE WORDS WHAT: the last command ended so (or with one of several codes), with one line that says so.
is()
{
	checks=$((checks + 1))
	case " $1 " in
	*" $code "*) ;;
	*) fail "$3: exit code $code, not $1" ;;
	esac
	[ "$(wc -l <"$work/err")" = 1 ] || fail "$3: not one line on stderr"
	grep -q -- "$2" "$work/err" || fail "$3: does not say '$2'"
	grep -q '^sandbook[a-z-]*: ' "$work/err" || fail "$3: not who says it"
}

# dev_is CODE WORDS COMMAND...: as dev, in the project
dev_is()
{
	want=$1 words=$2
	shift 2
	as_dev "$@"
	is "$want" "$words" "$(printf '%.100s' "$*")"
}

root_is()
{
	want=$1 words=$2
	shift 2
	as_root "$@"
	is "$want" "$words" "$(printf '%.100s' "$*")"
}

# --- words of the command line -------------------------------------------------

case_words()
{
	begin
	dev_is 200 "did you mean 'run'" sandbook rnu
	dev_is 200 "did you mean 'journal log'" sandbook journal lgo
	dev_is 200 "did you mean 'audit scope'" sandbook audit scoop
	dev_is 200 'see sandbook --help' sandbook frobnicate-it
	dev_is 200 'say what' sandbook journal
	dev_is 200 'say which report' sandbook audit
	dev_is 200 "did you mean '--timeout'" sandbook run --tiemout 3 -- true
	dev_is 200 "no option '-X'" sandbook run -X -- true
	dev_is 200 'needs a value' sandbook plan --rw
	dev_is 200 'takes no value' sandbook plan --json=yes
	dev_is 200 'empty PATH' sandbook run --rw '' -- true
	dev_is 200 'takes a number' sandbook run --timeout soon -- true
	for option in timeout memory max-procs status-fd; do
		dev_is 200 'from 1 on' sandbook run --$option 0 -- true
	done
	dev_is 200 'from 1 on' sandbook undo --change 0
	dev_is 200 'patterns are not supported' \
		sandbook run --deny '*.env' -- true
	dev_is 200 'root needs no grant' sandbook grant --to root --rw $ws
	dev_is 200 'is yourself' sandbook grant --to dev --rw $ws
	dev_is 200 'is yourself' sandbook grant --to $uid --rw $ws
	dev_is 200 'exclude each other' sandbook undo --change 1 --path .
	dev_is 200 'there is no journal' sandbook undo --change 99 --yes
	dev_is 200 'there is no journal' sandbook journal log --session 99
	dev_is 200 'no command was given' sandbook run
	dev_is 200 'no command was given' sandbook run --
	dev_is 200 'one word too many' sandbook plan true
	dev_is 200 'exclude each other' sandbook run --net --no-net -- true
	dev_is 200 'not open for writing' sandbook run --status-fd 77 -- true
	dev_is 202 'choose --no-net' sandbook run --allow-domain a.b -- true
	dev_is 200 'with --to' sandbook grant --rw $ws
	dev_is 200 '--rw PATH or' sandbook grant --to 4321
	dev_is 200 'no account' sandbook grant --to nobody-has-it --rw $ws
	dev_is 200 'say what to undo' sandbook undo
	dev_is 200 'no kind' sandbook journal log --kind acces
	dev_is 200 'is no time' sandbook journal log --since yesterday
	dev_is 204 'there is no journal' sandbook journal verify
	dev_is 203 'sudo' sandbook setup
	root_is 200 'no account' sandbook setup --user nobody-has-it --yes
	root_is 200 'say --yes' sandbook setup --user dev
	root_is 208 'not overwritten' sandbook uninstall --yes \
		--certificate /etc/passwd
	root_is 200 '/nope' sandbook uninstall --yes --certificate /nope/file
	root_is 200 'no account' sandbook audit scope --principal nobody-has-it
	unchanged 'words'
}

# --- places --------------------------------------------------------------------

case_places()
{
	long=$(printf '/aaaaaaaaa%.0s' $(seq 420))
	odd='/home/dev/new
line'
	mkdir "$odd" && chown dev "$odd"
	ln -s / /home/dev/links/root
	ln -s /home /home/dev/links/homes
	ln -s /home/dev /home/dev/links/home
	begin
	dev_is 200 "'/nope': make it" sandbook run -C /nope -- true
	dev_is 200 'is not a directory' sandbook run -C $ws/file -- true
	dev_is 200 'whole machine' sandbook run -C /home/dev/links/root -- true
	dev_is 200 'whole home' sandbook run -C /home/dev/links/homes -- true
	dev_is 200 'whole home' sandbook run -C /home/dev/links/home -- true
	dev_is 200 'whole machine' sandbook run --rw /home/dev/links/root -- true
	dev_is 200 'settings' sandbook run -C /etc -- true
	dev_is 200 "not to 'dev'" sandbook run --rw /home/other -- true
	dev_is 200 'control character' sandbook run -C "$odd" -- true
	dev_is 200 'longer than' sandbook run -C "$long" -- true
	dev_is 200 'longer than' sandbook plan --ro "$long"
	dev_is 200 'nothing is there' sandbook run --ro /nope -- true
	for link in root homes home; do
		dev_is 200 'name a directory' sandbook grant --to 4321 \
			--rw /home/dev/links/$link
	done
	dev_is 200 'nothing is at' sandbook grant --to 4321 --rw /nope
	dev_is 200 "not to 'dev'" sandbook grant --to 4321 --rw /home/other
	dev_is 200 'longer than' sandbook grant --to 4321 --rw "$long"
	dev_is 200 'nothing is at' sandbook audit scope /nope
	unchanged 'places'
	rmdir "$odd"
	# A file's own name may be strange: it is granted, and escaped.
	touch "$ws/new
line" && chown dev "$ws/new
line"
	as_dev sandbook grant --to 4321 --ro $ws
	[ $code = 0 ] || fail "grant of a strange name: exit code $code"
	as_dev sandbook journal log --kind access
	grep -q 'new\\x0aline$' "$work/out" || fail "a name is not escaped"
	as_dev sandbook undo --path $ws --yes
	[ $code = 0 ] || fail "undo of a strange name: exit code $code"
}

# A filesystem that has no ACLs: ramfs, where nothing else is at hand.
case_no_acls()
{
	mkdir /home/dev/plain
	mount -t ramfs none /home/dev/plain || return
	mkdir /home/dev/plain/tree
	chown -R dev /home/dev/plain
	begin
	dev_is 202 'without ACLs' sandbook grant --to 4321 \
		--rw /home/dev/plain/tree
	unchanged 'no ACLs'
	# What needs none works there.
	as_dev sandbook run -C /home/dev/plain/tree -- touch made
	{ [ $code = 0 ] && [ -e /home/dev/plain/tree/made ]; } ||
		fail "a run on a filesystem without ACLs: exit code $code"
	umount /home/dev/plain
}

# --- commands that do not start --------------------------------------------------

case_commands()
{
	dev_is 127 "'no-such-command' cannot be started" \
		sandbook run -- no-such-command
	dev_is 127 'cannot be started' sandbook run -- ./no-such-file
	dev_is 126 'cannot be started' sandbook run -- ./file
	dev_is 126 'cannot be started' sandbook run -- /etc
	as_dev sandbook run -- sh -c 'exit 7'
	[ $code = 7 ] || fail "an exit code does not pass through: $code"
}

# --- a standard output that takes nothing ------------------------------------------

# mute WHO COMMAND...: both ways, 206 and one line
mute()
{
	who=$1
	shift
	for to in '>&-' '>/dev/full'; do
		"as_$who" sh -c "exec sandbook $* $to"
		is 206 'standard output cannot be written' "$* $to"
	done
}

case_stdout()
{
	as_dev sandbook run -- true
	[ $code = 0 ] || fail "no run: exit code $code"
	begin
	mute dev --help
	mute dev --version
	mute dev run --help
	mute dev plan
	mute dev plan --json
	mute dev run --dry-run
	mute dev status
	mute dev journal log
	mute dev journal show --session 1
	mute dev journal verify
	mute dev journal export --json
	mute dev audit scope $ws
	mute dev audit drift
	mute dev audit ssh
	mute dev grant --to 4321 --rw $ws --dry-run
	mute dev grant --to 4321 --rw $ws
	mute dev grant --to 4321 --rw $ws --json
	mute dev uninstall --dry-run
	mute dev uninstall --yes
	mute root setup --user dev --yes
	mute root setup --user dev --yes --json
	unchanged 'no standard output'
	as_dev sandbook grant --to 4321 --rw $ws
	[ $code = 0 ] || fail "grant: exit code $code"
	as_dev sandbook grant --to 4322 --ro $ws --json
	python3 -c 'import json, sys; a = json.load(open(sys.argv[1])); sys.exit(
		a["confirmed"] != len(a["plan"]["changes"]) or "failed" in a)' \
		"$work/out" || fail "grant --json"
	as_dev sandbook grant --to 4322 --ro $ws --json --dry-run
	python3 -c 'import json, sys; sys.exit(not json.load(open(
		sys.argv[1]))["dry_run"])' "$work/out" ||
		fail "grant --json --dry-run"
	begin
	mute dev undo --path $ws --yes
	mute dev undo --path $ws --yes --json
	mute dev undo --path $ws --dry-run
	unchanged 'undo without standard output'
	as_dev sandbook undo --path $ws --yes --json
	python3 -c 'import json, sys; sys.exit(json.load(open(sys.argv[1]))[
		"undone"] < 3)' "$work/out" || fail "undo --json"
	# The run's own command gets what the caller gave.
	as_dev sh -c 'sandbook run -- sh -c "echo x || exit 9" >&- 2>/dev/null'
	[ $code = 9 ] || fail "a run with a closed standard output: $code"
}

# --- names that are taken ------------------------------------------------------------

case_names()
{
	useradd -r sandbook-$uid-off
	begin
	root_is 208 "sandbook-$uid-off" sandbook setup --user dev --yes
	unchanged 'an account of our name'
	userdel sandbook-$uid-off
	groupadd sandbook
	begin
	root_is 208 "'sandbook'" sandbook setup --user dev --yes
	unchanged 'a group of our name'
	groupdel sandbook
	nft add table inet sandbook || return
	begin
	root_is 208 'inet sandbook' sandbook setup --user dev --yes
	unchanged 'a firewall table of our name'
	nft delete table inet sandbook
}

# --- a full disk -----------------------------------------------------------------------

full()
{
	mount -o remount,size=16M "/run/host/$1" || return
	mkdir -p "/run/host/$1/fill"
	dd if=/dev/zero of="/run/host/$1/fill/a" bs=64K 2>/dev/null
	dd if=/dev/zero of="/run/host/$1/fill/b" bs=512 2>/dev/null
}

empty() { rm -rf "/run/host/$1/fill"; mount -o remount,size=50% "/run/host/$1"; }

case_full()
{
	as_dev sandbook run -- true
	full home
	dev_is 206 'No space left\|full\|no room' sandbook grant --to 4321 --rw $ws
	# A run needs little room, and where there is none it is not made.
	as_dev sandbook run -- true
	[ $code = 0 ] || is 204 'No space left\|full' 'run, full home'
	as_dev getfacl -p $ws/file
	grep -q 4321 "$work/out" && fail "a grant on a full disk"
	empty home
	for place in var etc; do
		begin
		full $place
		as_root sandbook setup --user dev --yes
		[ $code -ge 200 ] || fail "setup, full /$place: $code"
		tail -n 1 "$work/err" >"$work/last"
		mv "$work/last" "$work/err"
		is "$code" 'No space left\|full\|make room' \
			"setup, full /$place"
		empty $place
		unchanged "setup on a full /$place"
	done
}

# --- journals that are none --------------------------------------------------------------

# broken WORDS CODE HOW...: dev's journal after that; runs and grants refuse,
# unless a run may do without a record, the plan does not care, and nothing else is changed.
broken()
{
	words=$1 want=$2
	shift 2
	cp -a $state "$work/good"
	"$@"
	begin
	dev_is "$want" "$words" sandbook journal log
	dev_is "$want" "$words" sandbook journal verify
	dev_is "$want" "$words" sandbook grant --to 4321 --rw $ws
	dev_is "$want" "$words" sandbook undo --path $ws --yes
	dev_is 204 "$words" sandbook run -- touch made
	[ -e $ws/made ] && fail "$*: an unrecorded run"
	as_dev sandbook run --best-effort -- true
	[ $code = 0 ] && grep -q 'cannot be recorded' "$work/err" ||
		fail "$*: a run by --best-effort: exit code $code"
	as_dev sandbook plan
	[ $code = 0 ] || fail "$*: the plan: exit code $code"
	as_dev sandbook status
	[ $code = 0 ] || fail "$*: status: exit code $code"
	unchanged "$*"
	rm -rf $state
	mv "$work/good" $state
}

no_wal() { rm -f $state/journal.db-wal $state/journal.db-shm; }
emptied() { no_wal; : >$state/journal.db; }
nuls() { no_wal; head -c 8192 /dev/zero >"$work/z"; cat "$work/z" >$state/journal.db; }
noise() { no_wal; head -c 8192 /dev/urandom >"$work/z"; cat "$work/z" >$state/journal.db; }
truncated() { no_wal; truncate -s 5000 $state/journal.db; }
newer() { sqlite3 $state/journal.db 'PRAGMA user_version = 99' >/dev/null; no_wal; }
unreadable() { chown root $state/journal.db; chmod 600 $state/journal.db; }
directory() { no_wal; rm $state/journal.db; mkdir $state/journal.db; }

case_journals()
{
	as_dev sandbook run -- true
	[ $code = 0 ] || fail "no run: exit code $code"
	# Into the file, for the copies to be whole.
	sqlite3 $state/journal.db 'PRAGMA wal_checkpoint(TRUNCATE)' >/dev/null
	chown -R dev:dev $state
	broken 'is empty' 204 emptied
	broken 'NUL' 204 nuls
	broken 'no SQLite database' 204 noise
	broken 'cut off' 204 truncated
	broken 'newer' '202' newer
	broken 'belongs to user' 203 unreadable
	broken 'no plain file' 203 directory
}

# --- a journal that somebody edited -----------------------------------------------------

edit() { sqlite3 $state/journal.db "$1" >/dev/null; chown -R dev:dev $state; }

# edited WORDS SQL: nobody acts on it, reports name it, and the way on is said.
edited()
{
	cp -a $state "$work/good"
	edit "$2"
	begin
	dev_is 204 "$1.*journal verify" sandbook journal log
	dev_is 204 "$1.*journal verify" sandbook journal show 1
	dev_is 204 "$1" sandbook grant --to 4321 --rw $ws/more
	dev_is 204 "$1" sandbook grant --to 4322 --rw $ws
	dev_is 204 '--trust-journal' sandbook undo --path $ws --dry-run
	dev_is 204 '--trust-journal' sandbook undo --path $ws --yes
	dev_is 204 '--trust-journal' sandbook uninstall --yes
	as_dev sandbook status
	grep -q "Journal (user): DAMAGED: .*$1" "$work/out" ||
		fail "status does not say '$1'"
	as_dev sandbook audit drift --json
	# Where a state cannot be loaded it is incomplete as well.
	case "$code$1" in
	1*table* | 2*state*) ;;
	*) fail "drift of an edited journal: $code" ;;
	esac
	grep -q "journal.altered.*$1" "$work/out" ||
		fail "drift does not say '$1'"
	as_dev sandbook journal verify
	[ $code = 204 ] || fail "verify of an edited journal: $code"
	unchanged "edited: $2"
	rm -rf $state
	mv "$work/good" $state
}

case_altered()
{
	as_dev sandbook uninstall --yes
	mkdir -p $ws/more && chown dev:dev $ws/more
	as_dev sandbook grant --to 4321 --rw $ws
	[ $code = 0 ] || fail "no grant: exit code $code"
	sqlite3 $state/journal.db 'PRAGMA wal_checkpoint(TRUNCATE)' >/dev/null
	chown -R dev:dev $state
	for number in change transaction session; do
		dev_is 200 "there is no $number 99 .*journal log" \
			sandbook undo --$number 99 --yes
	done
	dev_is 200 'there is no session 99' sandbook journal log --session 99
	dev_is 200 'there is no transaction 99' \
		sandbook journal log --transaction 99 --json
	# In a run there is the run's view to look at, which is not all.
	for report in scope drift residue; do
		as_dev sandbook run -q -C $ws -- sandbook audit $report
		[ $code = 2 ] || fail "audit $report in a run: $code"
		grep -q 'outside of this run' "$work/out" ||
			fail "audit $report in a run does not say so"
	done
	# An option may stand behind a path.
	as_dev sandbook audit scope --principal 4321 $ws --json
	[ "$(head -c 1 "$work/out")" = '{' ] || fail "--json behind a path"
	as_dev sandbook journal show 1 --json
	[ "$(head -c 1 "$work/out")" = '{' ] || fail "--json behind a number"
	# Words that a shell would take apart are quoted.
	mkdir -p "$ws/two words" && chown dev:dev "$ws/two words"
	as_dev sandbook run -q -- sh -c 'exit 0'
	as_dev sandbook journal log
	grep -q "sh -c 'exit 0' (exit 0)" "$work/out" || fail "log: no quotes"
	as_dev sandbook grant --to 4321 --rw "$ws/two words"
	grep -q 'no account here has the number' "$work/out" ||
		fail "grant: nobody has 4321, and it is not said"
	sqlite3 $state/journal.db 'PRAGMA wal_checkpoint(TRUNCATE)' >/dev/null
	chown -R dev:dev $state
	edited 'table change, row 1: name is not what the log says' \
		"UPDATE change SET name = '$ws/more' WHERE id = 1"
	edited 'table change, row 1: status is not what the log says' \
		"UPDATE change SET status = 'undone' WHERE id = 1"
	edited 'state 1 was changed' \
		"UPDATE state SET bytes = CAST('x' AS BLOB) WHERE id = 1"
	# An entry at the end: who would write does not get that far.
	cp -a $state "$work/good"
	edit "UPDATE entry SET json = replace(json, '$ws\"', '/etc\"')"
	dev_is 204 'journal verify' sandbook undo --path $ws --yes
	dev_is 204 'journal verify' sandbook undo --path $ws --dry-run
	dev_is 204 'journal verify' sandbook journal log
	as_dev sandbook audit drift
	[ $code = 1 ] || fail "drift of an edited entry: $code"
	# The evidence can be kept, and who says so goes on.
	dev_is 204 'not what its log says' sandbook journal export --json
	grep -q '"op":"begin"' "$work/out" || fail "export has no entries"
	as_dev sandbook uninstall --yes --trust-journal
	[ $code = 0 ] || fail "uninstall of an edited entry: $code"
	getfacl -pR $ws | grep -q 4321 && fail "an edited entry: one is left"
	[ ! -e $state ] || fail "the journal with an edited entry is left"
	grep -q 'was not what its log says' "$work/out" ||
		fail "uninstall does not say that the journal was altered"
	as_dev sandbook grant --to 4321 --rw $ws
	rm -rf $state
	mv "$work/good" $state
	# States that are none keep nobody from looking at the machine.
	cp -a $state "$work/good"
	edit "UPDATE state SET bytes = CAST('x' AS BLOB)"
	as_dev sandbook audit scope --principal 4321 $ws
	[ $code = 2 ] || fail "scope with states that are none: $code"
	grep -q "scope.grant.*u:4321" "$work/out" ||
		fail "scope does not answer from the machine"
	rm -rf $state
	mv "$work/good" $state
	# Told to go on, it goes on, and the host is as it was.
	edit "UPDATE change SET note = 'mine' WHERE id = 1"
	as_dev sandbook uninstall --yes --trust-journal
	[ $code = 0 ] || fail "uninstall --trust-journal: $code"
	getfacl -pR $ws | grep -q 4321 && fail "an entry is left"
	[ ! -e $state ] || fail "the journal is left"
}

case_locked()
{
	as_dev sandbook run -- true
	ls $state >"$work/names"
	cat >"$work/hold.py" <<-'PY'
		import fcntl, glob, os, struct, sys, time
		held = []
		for name in sys.argv[1:]:
		    fd = os.open(name, os.O_RDWR)
		    # F_OFD_SETLK, as those of the journal are.
		    fcntl.fcntl(fd, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK,
		                                    0, 0, 0, 0))
		    held.append(fd)
		print("held", flush=True)
		time.sleep(60)
	PY
	python3 "$work/hold.py" $state/*lock* >"$work/held" 2>&1 &
	holder=$!
	tries=0
	until grep -q held "$work/held" || [ $tries -gt 50 ]; do
		sleep 0.1
		tries=$((tries + 1))
	done
	grep -q held "$work/held" || fail "nothing to lock: $(cat "$work/names" "$work/held")"
	begin
	dev_is 205 'in use by' sandbook grant --to 4321 --rw $ws
	unchanged 'a locked journal'
	kill $holder
	as_dev sandbook journal log
	[ $code = 0 ] || fail "the journal after the lock: exit code $code"
}

# --- policies --------------------------------------------------------------------------

# policy WORDS TEXT: dev's policy file with that text is refused
policy()
{
	mkdir -p /home/dev/.config/sandbook
	printf '%b' "$2" >/home/dev/.config/sandbook/policy.json
	chown -R dev:dev /home/dev/.config
	begin
	dev_is 201 "$1" sandbook run -- true
	dev_is 201 'policy.json' sandbook plan
	unchanged "policy: $2"
}

case_policies()
{
	policy 'line 1' ''
	policy 'line 1' '['
	policy 'line 2' '{"version": 1,\n "profile": {}}'
	policy "profiles" '{"version": 1,\n "profile": {}}'
	policy 'line 1, column' '{"version": 1, "network": "of"}'
	policy "'off'" '{"version": 1, "network": "of"}'
	policy 'twice\|duplicate' '{"version": 1, "network": "off", "network": "on"}'
	policy 'version' '{"version": 2}'
	policy 'version' '{}'
	policy 'policy.json.*system' '{"version": 1, "profiles":
		{"default2": {"rw": ["/etc"]}}, "default_profile": "default2"}'
	policy 'policy.json.*at most' '{"version": 1, "network": "off",
		"profiles": {"p": {"network": "on"}}, "default_profile": "p"}'
	policy 'line 3' '{"version": 1,\n"limits": {\n"time_s": -1}}'
	policy 'line 1' '{"version": 1, "deny": "x"}'
	rm -r /home/dev/.config/sandbook
	dev_is 200 'no profile' sandbook run -p no-such-one -- true
	echo '{"version": 1, "rw": ["."]}' >$ws/.sandbook.json
	dev_is 201 '.sandbook.json' sandbook run -- true
	rm $ws/.sandbook.json
	dev_is 200 '/nope' sandbook run --config /nope -- true
}

for name in words places no_acls commands stdout names full journals altered locked \
	policies; do
	before=$failed
	failed=0
	"case_$name"
	[ $failed = 0 ] && echo "ok $name" || echo "FAILED $name"
	[ $before = 0 ] || failed=1
	[ $failed = 0 ] || any=1
done
rm -rf "$work"
[ -z "${any-}" ] || exit 1
[ $checks -ge 100 ] || { echo "only $checks checks" >&2; exit 1; }
echo "$checks refusals checked"
