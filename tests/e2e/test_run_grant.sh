#!/bin/bash
# test_run_grant.sh DIRECTORY-OF-THE-PROGRAMS STOP_AFTER [CASE...]
#
# Runs under the sandbox account where a root cannot be mapped (--grant acl):
# an overlay is the person's home. What is planned is what is changed; tools
# work and their files end as the person's; a killed run is found; undo returns
# the tree; and what a command can try to make the hand-back do. Each refusal
# stands beside what must work.
#
# Exits 77 with a reason where this machine cannot do it.
set -u
[ "${SBK_TEST_HOST-}" = 1 ] || {
	echo "not on a host to break (tests/support/host)"
	exit 77
}
programs=$1
stop_after=$2
shift 2
failed=0
account=1900000001
home=/home/ann
ws=$home/ws

fail()
{
	echo "FAILED: $*" >&2
	failed=1
}

# is NAME WANTED GOT
is()
{
	[ "$2" = "$3" ] || fail "$1: wanted '$2', got '$3'"
}

# has NAME PART TEXT
has()
{
	case $3 in
	*"$2"*) ;;
	*) fail "$1: no '$2' in '$3'" ;;
	esac
}

# Words before a command; expanded unquoted.
drop="--clear-groups env -i PATH=/srv/bin:/usr/bin:/bin:/usr/sbin"
ann="setpriv --reuid 1600 --regid 1600 $drop HOME=$home"
outside="setpriv --reuid $account --regid $account $drop"

world()
{
	cat >/etc/passwd <<-X
	root:x:0:0:root:/root:/bin/sh
	ann:x:1600:1600:,,,:$home:/bin/sh
	X
	for role in off:1900000001:offline on:1900000002:online; do
		IFS=: read -r name number word <<-X
		$role
		X
		echo "sandbook-1600-$name:x:$number:550:Sandbook $word account" \
			"of uid 1600 nonce 0123456789abcdef0123456789abcdef:" |
			sed 's,$,/nonexistent:/sbin/nologin,' >>/etc/passwd
		echo 1600:$number:1 >>/etc/subuid.new
	done
	mv /etc/subuid.new /etc/subuid
	cp /etc/subuid /etc/subgid
	cat >/etc/group <<-X
	root:x:0:
	sandbook:x:550:
	ann:x:1600:
	team:x:1700:ann
	sandbook-1600-off:x:1900000001:
	sandbook-1600-on:x:1900000002:
	X
	mount -t tmpfs -o mode=0755 srv /srv
	mkdir -p /srv/bin /srv/ann $home
	chown 1600:1600 $home /srv/ann
	chmod 0700 $home
	install -m 0755 "$programs/sandbook" /srv/bin/sandbook
	install -m 4755 "$programs/sandbook-mount" /srv/bin/sandbook-mount
	nft add table inet t
	nft add chain inet t c \
		'{ type filter hook output priority raw; }'
	nft add rule inet t c meta skuid $account meta l4proto tcp \
		reject with tcp reset
	nft add rule inet t c meta skuid $account \
		reject with icmpx admin-prohibited
}

# A workspace of a few files, and no journal.
fresh()
{
	chattr -R -i $ws 2>/dev/null
	rm -rf $ws $home/.local $home/.config /srv/ann/*
	$ann sh -c "umask 022; mkdir -p $ws/d $ws/.git; cd $ws; echo a >a
		echo b >d/b; echo s >secret; chmod 600 secret; echo x >.git/config"
}

acl() { $ann sandbook run -q -C $ws --grant acl --account "$@"; }

manifest()
{
	(cd $home && find ws -print0 | sort -z | xargs -0 getfacl -n -p -P
	find ws -print0 | sort -z | xargs -0 stat -c '%n %f %u:%g %h %N'
	find ws -type f -print0 | sort -z | xargs -0 sha256sum)
}

# What is the account's anywhere.
foreign()
{
	find /home /srv /tmp -uid $account -o -gid $account 2>/dev/null | sort
}

# Run by its own process, so that it can be killed; $pid.
begin()
{
	$ann sandbook run -q -C $ws --grant acl --account -- "$@" &
	pid=$!
}

# A run that made things and was killed.
killed()
{
	rm -f $ws/made
	begin sh -c "$1; touch $ws/made; exec sleep 30"
	for i in $(seq 200); do
		[ -e $ws/made ] && break
		sleep 0.02
	done
	kill -9 $pid
	wait $pid 2>/dev/null
	[ -n "$(foreign)" ] || fail 'a killed run left nothing to hand back'
}

# --- the plan ---------------------------------------------------------------

planned()
{
	fresh
	before=$(manifest)
	$ann sandbook plan -C $ws --grant acl --json >/srv/plan
	$ann sandbook run -n -C $ws --grant acl --json >/srv/dry
	is 'plan changes nothing' "$before" "$(manifest)"
	[ -e $home/.local ] && fail 'plan began a journal'
	note=$(acl -- true 2>&1)
	is 'it runs' 0 $?
	is 'quiet' '' "$note"
	$ann sandbook journal export --json >/srv/log
	python3 - $ws <<-'X' || fail 'the plan is not what was changed'
	import json, sys
	def planned(name):
	    data = json.load(open(name))
	    return sorted((c["name"], c["after"]) for g in data["grants"]
	                  for c in g["changes"])
	plan = planned("/srv/plan")
	made = []
	for line in open("/srv/log"):
	    entry = json.loads(line)
	    entry = entry.get("entry", entry)
	    if entry.get("op") == "intend":
	        made.append(entry["name"])
	sys.exit(not (plan == planned("/srv/dry") and len(plan) == 7 and
	              [n for n, _ in plan] == sorted(made) and
	              all(n.startswith(sys.argv[1]) for n in made)))
	X
	$ann mkdir $home/ws2
	has 'it is told' 'a run grants:' \
		"$($ann sandbook plan -C $home/ws2 --grant acl)"
	has 'what stands is not' 'A run changes nothing' \
		"$($ann sandbook plan -C $ws --grant acl)"
	rmdir $home/ws2
	is 'the home is closed' drwx------ "$(stat -c %A $home)"
	is 'a protected name is read' 'user:1900000001:r--' \
		"$(getfacl -np $ws/.git/config | grep $account)"
	scope=$($ann sandbook audit scope --json \
		$ws $home)
	python3 - "$scope" $ws <<-'X' || fail "audit scope: $scope"
	import json, sys
	grants = [f for f in json.loads(sys.argv[1])["findings"]
	          if f["rule"] != "scope.principal"]
	sys.exit(sorted((f["object"], f["rights"], f["known"], f["reachable"])
	                for f in grants) !=
	         [(sys.argv[2], "rw", True, False),
	          (sys.argv[2] + "/.git", "r", True, False)])
	X
}

# A second run finds everything as it was left.
steady()
{
	fresh
	acl -- true
	before=$(manifest)
	lines=$($ann sandbook journal export --json | wc -l)
	acl -- cat secret >/dev/null || fail 'the secret is not read'
	is 'nothing is written but the session' $((lines + 2)) \
		"$($ann sandbook journal export --json | wc -l)"
	is 'the tree is as it was' "$before" "$(manifest)"
	# What nobody needs costs nothing: all can be mapped.
	$ann sh -c 'mkdir /srv/ann/w'
	lines=$($ann sandbook journal export --json | wc -l)
	$ann sandbook run -q -C /srv/ann/w --grant acl --account -- \
		sh -c 'echo x >x' || fail 'a mapped root is not written'
	is 'nothing but the session' $((lines + 2)) \
		"$($ann sandbook journal export --json | wc -l)"
	is 'no entry' '' "$(getfacl -np /srv/ann/w /srv/ann/w/x | grep $account)"
	is 'the person'"'"'s' 1600:1600 "$(stat -c %u:%g /srv/ann/w/x)"
}

# One root by a mount, another by entries.
both()
{
	fresh
	$ann sh -c 'mkdir /srv/ann/w'
	acl --rw /srv/ann/w -- sh -c 'echo 1 >x && echo 2 >/srv/ann/w/x &&
		mv x /srv/ann/w/y && cp /srv/ann/w/x z' || fail 'both roots'
	is 'nothing is left' '' "$(foreign)"
	is 'no entry on the mapped one' '' \
		"$(getfacl -Rnp /srv/ann/w | grep $account)"
	is 'an entry on the other' 'user:1900000001:rwx' \
		"$(getfacl -np $ws | grep ^user:$account)"
	# One whose group is another: entries, although it could be mapped.
	mkdir /srv/ann/team
	chown 1600:1700 /srv/ann/team
	$ann sandbook run -q -C /srv/ann/team --account -- sh -c 'echo x >x' \
		2>/dev/null && fail 'a team root is written through a map'
	$ann sandbook run -q -C /srv/ann/team --grant acl --account -- \
		sh -c 'echo x >x' || fail 'a team root'
	is 'handed back' 1600:1600 "$(stat -c %u:%g /srv/ann/team/x)"
	# Read-only, asked for, and not readable for everybody.
	$ann sh -c "mkdir -m 700 $home/lib; echo l >$home/lib/l; chmod 600 $home/lib/l"
	is 'read' l "$(acl --ro $home/lib -- cat $home/lib/l)"
	acl --ro $home/lib -- sh -c "echo x >>$home/lib/l" 2>/dev/null &&
		fail 'a read-only root is written'
	is 'no right to write' 'user:1900000001:r--' \
		"$(getfacl -np $home/lib/l | grep ^user:$account)"
	rm -rf $home/lib
}

# --- the work ---------------------------------------------------------------

# The same commands by the person in the granted tree leave the same.
tools()
{
	fresh
	acl -- true
	work='echo a >a; mkdir d; echo b >d/b; ln -s a l; ln a h; mkfifo f
		chmod 751 a; sed -i s/b/c/ d/b; install -m 4 a i; : >"$(printf "n\nl")"
		printf "x: a\n\tcp a x\n" >Makefile; make -s x
		git init -q g; cd g; git config user.name a
		git config user.email a@b; cp ../a .; git add a
		git commit -qm x; git clone -q --local . ../g2
		tar cf ../t.tar a; touch -d 2001-01-01 a; cd ..
		python3 -m venv --without-pip v; mkdir u; cd u; tar xf ../t.tar'
	for side in in out; do
		$ann mkdir $ws/$side
	done
	(cd $ws/out && $ann sh -ec "$work") || fail 'the work outside'
	acl -- sh -ec "cd in; $work" || fail 'the work inside'
	for side in in out; do
		(cd $ws/$side && find . -path '*/.git/objects' -prune -o \
			-printf '%p %U %G %M %y %n %l\n' | sort) |
			sed s,$ws/$side,, >/srv/list.$side
	done
	cmp /srv/list.in /srv/list.out || {
		diff /srv/list.in /srv/list.out
		fail 'files made inside are not as those made outside'
	}
	grep -q '^./a 1600 1600 -rwxr-x--x' /srv/list.in || fail 'no such file'
	is 'nothing is the account'"'"'s' '' "$(foreign)"
	# And once more over what is the person's by now.
	acl -- sh -ec 'cd in/g; echo more >more; git add more; git commit -qm y
		cd ..; rm x; make -s x; mv a a2; rm -r d; cp -r u w' ||
		fail 'work on what was handed back'
	is 'nothing is the account'"'"'s' '' "$(foreign)"
	$ann git -C $ws/in/g fsck --no-dangling >/dev/null 2>&1 ||
		fail 'the repository is broken'
	$ann sandbook journal verify >/dev/null || fail 'the journal'
}

undone()
{
	fresh
	setfacl -m u:77:r $ws/a
	before=$(manifest)
	acl -- sh -c 'cat a secret >/dev/null; echo n >n; mkdir m; echo o >m/o;
		rm n; rm -r m' || fail 'the run'
	$ann sandbook undo --path $ws --yes >/dev/null || fail "undo: $?"
	is 'the tree, byte for byte' "$before" "$(manifest)"
	acl -- sh -c 'echo n >n; mkdir m; echo o >m/o' || fail 'the second run'
	$ann sandbook undo --path $ws --yes >/dev/null || fail "undo: $?"
	is 'what was made stays' '-rw-r--r-- 1600 1600' \
		"$(stat -c '%A %u %g' $ws/m/o)"
	rm -r $ws/n $ws/m
	is 'and names nobody' "$before" "$(manifest)"
	# A killed run is settled by undo, too.
	killed 'echo n >n; mkdir -m 700 m; echo o >m/o'
	$ann sandbook undo --path $ws --yes >/dev/null || fail "undo: $?"
	is 'nothing is left' '' "$(foreign)"
	rm -r $ws/n $ws/m $ws/made
	is 'after a killed run' "$before" "$(manifest)"
	$ann sandbook uninstall --yes >/dev/null || fail "uninstall: $?"
	[ -e $home/.local/state/sandbook/journal.db ] && fail 'a journal stays'
}

# --- who dies when ----------------------------------------------------------

debts()
{
	fresh
	killed 'echo n >n; mkdir m; echo o >m/o'
	has 'it is running still' 'running' \
		"$($ann sandbook journal log | grep session)"
	# Any next run finds it, in whichever root.
	$ann mkdir -p /srv/ann/w
	$ann sandbook run -q -C /srv/ann/w -- true || fail 'the next run'
	is 'the next run' '' "$(foreign)"
	has 'it died' 'died' "$($ann sandbook journal log | grep 'session 1,')"
	killed 'echo n >n2'
	has 'by hand' '2 objects were handed back, for 1 run that died' \
		"$($ann sandbook hand-back)"
	is 'by hand' '' "$(foreign)"
	is 'nothing to do' '0 objects were handed back, for 0 runs that died.' \
		"$($ann sandbook hand-back)"
	# Without the maps nothing is lost, and it is said.
	killed 'echo n >n3'
	mv /etc/subuid /etc/away
	: >/etc/subuid
	said=$($ann sandbook run -C /srv/ann/w -- true 2>&1)
	is 'the run goes on' 0 $?
	has 'a warning' 'not handed back' "$said"
	mv /etc/away /etc/subuid
	$ann sandbook run -q -C /srv/ann/w -- true
	is 'later' '' "$(foreign)"
	# Without the account there is nobody to give: nothing is started, and
	# by hand the session is ended.
	killed 'echo n >n6'
	cp /etc/passwd /etc/away
	sed -i /^sandbook-/d /etc/passwd
	is 'no word of it' '' "$($ann sandbook run -C /srv/ann/w -- true 2>&1)"
	has 'it is running still' 'running' \
		"$($ann sandbook journal log | grep session)"
	has 'the account is gone' '1 run that died was by an account' \
		"$($ann sandbook hand-back)"
	is 'it has ended' 0 "$($ann sandbook journal log | grep -c running)"
	cp /etc/away /etc/passwd
	rm $ws/n6 $ws/made
	# The time limit, a signal and a failure of the command are no kills.
	acl --timeout 1 -- sh -c 'echo n >n4; sleep 9' 2>/dev/null
	is 'time limit' 209 $?
	acl -- sh -c 'echo n >n5; kill -9 $$'
	is 'signal' 137 $?
	acl -- no-such-command 2>/dev/null
	is 'no command' 127 $?
	is 'none is left' '' "$(foreign)"
	is 'all have ended' 0 "$($ann sandbook journal log | grep -c running)"
}

left_over()
{
	ps -eo uid=,args= | grep -e '^ *1600 .*sandbook' -e "^ *$account " |
		grep -v grep
}

# The front end, killed at moments spread over a run and its hand-back.
kills()
{
	fresh
	acl -- true
	moments='5 20 40 60 75 90 110'
	[ "${SBK_CAMPAIGN-}" = 1 ] && moments=$(seq 1 2 200)
	for ms in $moments; do
		begin sh -c "for i in 1 2 3 4 5 6 7 8; do echo >$ms.\$i; done
			mkdir d$ms; echo >d$ms/x"
		sleep "$(printf 0.%03d "$ms")"
		kill -9 $pid 2>/dev/null
		wait $pid 2>/dev/null
		# Its children are told by the kernel, which takes its time.
		for i in $(seq 100); do
			[ -n "$(left_over)" ] || break
			sleep 0.05
		done
		is "processes, killed after $ms ms" '' "$(left_over)"
		$ann sandbook hand-back >/dev/null || fail "after $ms ms: $?"
		is "killed after $ms ms" '' "$(foreign)"
	done
	$ann sandbook journal verify >/dev/null || fail 'the journal'
	is 'all have ended' 0 "$($ann sandbook journal log | grep -c running)"
}

# The hand-back itself, ended before each of its changes.
sweep()
{
	fresh
	acl -- true
	n=1
	# The everyday run takes some of the steps.
	step=9
	[ "${SBK_CAMPAIGN-}" = 1 ] && step=1
	while :; do
		killed "echo n >n; mkdir -p m; echo o >m/o; ln -sf x l"
		"$stop_after" $n $ann sandbook hand-back >/dev/null 2>&1
		code=$?
		[ $code = 77 ] && fail 'stop_after cannot work'
		$ann sandbook hand-back >/dev/null || fail "step $n, again: $?"
		is "step $n" '' "$(foreign)"
		is "step $n, sessions" 0 \
			"$($ann sandbook journal log | grep -c running)"
		rm -rf $ws/n $ws/m $ws/l $ws/made
		[ $code = 137 ] || break
		n=$((n + step))
		[ $n -gt 2000 ] && fail 'it does not end' && break
	done
	[ $n -gt 9 ] || fail "only $n steps"
	echo "steps of a hand-back: ended at $n"
	$ann sandbook journal verify >/dev/null || fail 'the journal'
	acl -- true
	$ann sandbook undo --path $ws --yes >/dev/null || fail "undo: $?"
	is 'no entry' '' "$(getfacl -Rnp $ws | grep $account)"
}

# Two runs in one tree: what one is at work on is not taken from it.
together()
{
	fresh
	acl -- true
	begin sh -c "echo 1 >first; while [ ! -e stop ]; do sleep 0.05; done
		chmod 640 first && touch -d 2001-01-01 first && echo ok >well"
	for i in $(seq 100); do
		[ -e $ws/first ] && break
		sleep 0.02
	done
	acl -- sh -c 'echo 2 >second' || fail 'the second run'
	is 'at work' $account "$(stat -c %u $ws/first)"
	is 'left to the first' $account "$(stat -c %u $ws/second)"
	$ann sandbook hand-back >/dev/null
	is 'by hand, at work' $account "$(stat -c %u $ws/first)"
	$ann touch $ws/stop
	wait $pid
	is 'the first works to its end' ok "$(cat $ws/well)"
	is 'all is handed back' '' "$(foreign)"
	# Ends at once, many times.
	for i in 1 2 3 4; do
		begin sh -c "echo >a$i"
		one=$pid
		begin sh -c "echo >b$i"
		wait $one $pid
	done
	is 'together' '' "$(foreign)"
	is 'all have ended' 0 "$($ann sandbook journal log | grep -c running)"
}

# --- what a command can try -------------------------------------------------

# Each in a tree that a killed run left; root plays what a seccomp filter keeps
# from the command.
attacks()
{
	fresh
	echo root >/home/root-file
	chmod 600 /home/root-file
	$ann sh -c "echo own >$home/own; chmod 600 $home/own"
	mkdir -p /home/away
	# A third one in what is inherited: its number is not shown in there.
	setfacl -d -m u:77:rx $ws/d
	killed "echo x >d/third; ln -s /home/root-file l1; ln -s $home/own l2; ln -s . l3
		echo x >setid; echo x >good; mkdir dir; echo x >dir/x; echo x >out
		echo x >in; ln in dir/in; mkfifo fifo; echo x >acl
		mkdir -m 0 closed; mkdir below; touch '$(printf 'a\n\033[31mb')'
		mkdir deep; cd deep; i=0; while [ \$i -lt 40 ]; do
		mkdir d; cd d; i=\$((i + 1)); done; echo x >x; cd $ws"
	chmod 6755 $ws/setid $ws/good
	chown $account:$account $ws/setid
	chmod 6755 $ws/setid
	ln $ws/out $home/out
	ln $home/own $ws/linked-own
	mount -t tmpfs -o mode=777 below $ws/below
	touch $ws/below/x
	chown $account:$account $ws/below/x
	touch $ws/team
	chown $account:1700 $ws/team
	said=$($ann timeout 20 sandbook hand-back 2>&1)
	is 'something is left' 207 $?
	has 'it is named' "$ws/" "$said"
	has 'counted' '2 objects stay' "$said"
	is 'a link leads nowhere' '0 600 1600 600' \
		"$(stat -c '%u %a' /home/root-file $home/own | tr '\n' ' ' | sed 's/ $//')"
	is 'links themselves' '1600 1600 1600' \
		"$(stat -c %u $ws/l1 $ws/l2 $ws/l3 | xargs)"
	is 'set-id' '755 1600 1600' "$(stat -c '%a %u %g' $ws/setid)"
	is 'a name elsewhere' $account "$(stat -c %u $home/out)"
	is 'all names inside' '1600 2' "$(stat -c '%u %h' $ws/in)"
	is 'the person'"'"'s own' '1600 600' "$(stat -c '%u %a' $ws/linked-own)"
	is 'a mount below' $account "$(stat -c %u $ws/below/x)"
	is 'a third group' $account "$(stat -c %u $ws/team)"
	is 'an entry of a third one' '1600 user:77:r-x' \
		"$(stat -c %u $ws/d/third) $(getfacl -np $ws/d/third |
		sed -n 's/^\(user:77:[^[:space:]]*\).*/\1/p')"
	is 'a closed directory' '1600 0' "$(stat -c '%u %a' $ws/closed)"
	is 'a pipe' 1600 "$(stat -c %u $ws/fifo)"
	umount $ws/below
	is 'what stays' "$home/out $ws/below $ws/out $ws/team" \
		"$(foreign | xargs)"
	# Left for good is no debt: root gives it.
	is 'no debt' 0 "$($ann sandbook journal log | grep -c running)"
	rm -rf $home/out $home/own /home/root-file /home/away $ws/team $ws/out \
		$ws/below
}

# Names swapped by a process of the account outside while it is handed back.
swaps()
{
	fresh
	mkdir -p /home/decoy/x
	for i in $(seq 40); do echo >/home/decoy/x/f$i; done
	chown -R $account:$account /home/decoy
	before=$(stat -c '%n %u %g %a' /home/decoy/x/*)
	echo secret >/home/root-file
	acl -- true
	rounds=6
	[ "${SBK_CAMPAIGN-}" = 1 ] && rounds=60
	killed "mkdir x; for i in $(seq -s ' ' 40); do echo >x/f\$i; done"
	# The account reaches the tree by its path now.
	chmod 711 $home
	$outside /usr/bin/python3 -c '
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
os.chdir(sys.argv[1])
os.symlink("/home/decoy/x", "y")
while True:
    if libc.renameat2(-100, b"x", -100, b"y", 2) != 0:
        sys.exit(ctypes.get_errno())
' $ws &
	swapper=$!
	sleep 0.3
	kill -0 $swapper 2>/dev/null || fail 'nothing is swapped'
	for i in $(seq $rounds); do
		$ann sandbook hand-back >/dev/null 2>&1
		for n in x y; do
			[ -L $ws/$n ] || chown -h -R $account:$account $ws/$n \
				2>/dev/null
		done
		# What is handed back does not end the debt of the next round.
		killed true
	done
	is 'outside the root' "$before" "$(stat -c '%n %u %g %a' /home/decoy/x/*)"
	is 'a file of root'"'"'s' 0 "$(stat -c %u /home/root-file)"
	kill $swapper
	wait $swapper 2>/dev/null
	$ann sandbook hand-back >/dev/null
	killed true
	$ann sandbook hand-back >/dev/null || fail "after the swaps: $?"
	is 'inside' '' "$(foreign | grep -v ^/home/decoy)"
	chmod 700 $home
	rm -rf /home/decoy /home/root-file
}

# --- who may ask for it -----------------------------------------------------

policies()
{
	fresh
	config=$home/.config/sandbook
	$ann mkdir -p $config
	echo '{"version": 1, "grant": "acl"}' | $ann tee $config/policy.json \
		>/dev/null
	$ann sandbook run -q --account -C $ws -- true || fail 'acl by policy'
	$ann sandbook run -q --account --grant mount -C $ws -- true 2>/dev/null
	is '--grant mount' 202 $?
	echo '{"version": 1, "grant": "mount"}' | $ann tee $config/policy.json \
		>/dev/null
	said=$(acl -- true 2>&1)
	is 'a ceiling' 200 $?
	has 'a ceiling' "allows 'mount' alone" "$said"
	rm $config/policy.json
	echo '{"version": 1, "grant": "acl"}' | $ann tee $ws/.sandbook.json \
		>/dev/null
	acl -- true 2>/dev/null
	is 'a project asks' 201 $?
	rm $ws/.sandbook.json
	$ann sandbook run --grant all -C $ws -- true 2>/dev/null
	is 'no such way' 200 $?
	# Somebody else's file: no grant, and no half of one.
	fresh
	echo r >$ws/root
	before=$(manifest)
	said=$($ann sandbook run -C $ws --grant acl -- \
		sh -c 'echo $(cat /proc/self/uid_map)' 2>&1)
	has 'without the account' '1600 1600 1' "$said"
	has 'the reason' 'belongs to account 0' "$said"
	acl -- true 2>/dev/null
	is 'required' 202 $?
	is 'nothing was changed' "$before" "$(manifest)"
	# Online is another account, which gets a grant of its own.
	rm $ws/root
	acl --net -- sh -c 'echo o >online' || fail 'online'
	is 'online, handed back' 1600 "$(stat -c %u $ws/online)"
	is 'its entry' 'user:1900000002:rw-' \
		"$(getfacl -np $ws/a | grep '^user:19')"
}

world
[ $# -gt 0 ] ||
	set -- planned steady both tools undone debts kills sweep together \
		attacks swaps policies
for case in "$@"; do
	begun=$(date +%s%N)
	$case
	echo "$case: $((($(date +%s%N) - begun) / 1000000)) ms"
done
exit $failed
