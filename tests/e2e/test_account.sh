#!/bin/sh
# test_account.sh DIRECTORY-OF-THE-PROGRAMS
#
# Runs under the sandbox account, of two people on a host to break: who the
# command is inside and outside, what its files are on disk, what keeps the
# account from being had and what is said then, what the firewall is seen to
# do, and that nothing stays. Each refusal stands beside what must work.
#
# Exits 77 with a reason where this machine cannot do it.
set -u
[ "${SBK_TEST_HOST-}" = 1 ] || {
	echo "not on a host to break (tests/support/host)"
	exit 77
}
programs=$1
failed=0
account=1900000001
home=/srv/homes/ann
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
bob="setpriv --reuid 1601 --regid 1601 $drop HOME=/srv/homes/bob"
outside="setpriv --reuid $account --regid $account $drop"

enrolled()
{
	echo "sandbook-$1:x:$2:550:Sandbook $3 account of uid ${1%-*} nonce" \
		"0123456789abcdef0123456789abcdef:/nonexistent:/sbin/nologin"
}

world()
{
	cat >/etc/passwd <<-X
	root:x:0:0:root:/root:/bin/sh
	ann:x:1600:1600:,,,:$home:/bin/sh
	bob:x:1601:1601::/srv/homes/bob:/bin/sh
	X
	enrolled 1600-off 1900000001 offline >>/etc/passwd
	enrolled 1600-on 1900000002 online >>/etc/passwd
	enrolled 1601-off 1900000003 offline >>/etc/passwd
	# For the battery of attacks.
	echo 'plain:x:1500:1500::/srv:/bin/sh' >>/etc/passwd
	enrolled 1500-off 1900000004 offline >>/etc/passwd
	enrolled 1500-on 1900000005 online >>/etc/passwd
	cat >/etc/group <<-X
	root:x:0:
	sandbook:x:550:
	ann:x:1600:
	bob:x:1601:
	sandbook-1600-off:x:1900000001:
	sandbook-1600-on:x:1900000002:
	sandbook-1601-off:x:1900000003:
	plain:x:1500:
	sandbook-1500-off:x:1900000004:
	sandbook-1500-on:x:1900000005:
	X
	for line in 1600:1900000001 1600:1900000002 1601:1900000003 \
		1500:1900000004 1500:1900000005; do
		echo $line:1
	done >/etc/subuid
	cp /etc/subuid /etc/subgid
	# What is on an overlay cannot be mapped.
	mount -t tmpfs -o mode=0755 srv /srv
	mkdir -p /srv/bin $ws /srv/homes/bob/ws
	chown -R 1600:1600 $home
	chown -R 1601:1601 /srv/homes/bob
	chmod 0700 $home /srv/homes/bob
	install -m 0755 "$programs/sandbook" /srv/bin/sandbook
	install -m 4755 "$programs/sandbook-mount" /srv/bin/sandbook-mount
	refuse_account
}

refuse_account()
{
	nft add table inet t
	nft add chain inet t c \
		'{ type filter hook output priority raw; }'
	for number in $account 1900000004; do
		nft add rule inet t c meta skuid $number meta l4proto tcp \
			reject with tcp reset
		nft add rule inet t c meta skuid $number \
			reject with icmpx admin-prohibited
	done
}

run() { $ann sandbook run -C $ws "$@"; }

identity()
{
	is 'who it is inside' "1600:1600:1600" \
		"$(run --account -- sh -c 'echo $(id -u):$(id -g):$(id -G)')"
	is 'who it is outside' "1600 $account 1" \
		"$(run -- sh -c 'echo $(cat /proc/self/uid_map)')"
	is 'its group outside' "1600 $account 1" \
		"$(run -- sh -c 'echo $(cat /proc/self/gid_map)')"
	is 'online' "1600 1900000002 1" \
		"$(run --net -- sh -c 'echo $(cat /proc/self/uid_map)')"
	is 'with a loopback' "1600 $account 1" \
		"$(run --loopback -- sh -c 'echo $(cat /proc/self/uid_map)')"
	is 'without' "1600 1600 1" \
		"$(run --no-account -- sh -c 'echo $(cat /proc/self/uid_map)')"
	$ann sandbook run -C $ws -- sleep 20 &
	sleep 0.5
	is 'seen from outside' $account \
		"$(ps -o uid= -C sleep | tr -d ' ')"
	kill $!
	wait
}

# The same commands outside and inside leave the same.
files()
{
	work='umask 027; echo a >a; mkdir d; (umask 077; echo b >d/b)
		ln -s a l; ln a h; mkfifo f; chmod 751 a; sed -i s/b/c/ d/b
		printf "x: a\n\tcp a x\n" >Makefile; make -s x
		git init -q g; cd g; git config user.name a
		git config user.email a@b; cp ../a .; git add a
		git commit -qm x; tar cf ../t.tar a; touch -d 2001-01-01 a'
	mkdir $ws/in $ws/out
	chown 1600:1600 $ws/in $ws/out
	(cd $ws/out && $ann sh -ec "$work") || fail 'the work outside'
	$ann sandbook run -q --account -C $ws/in -- sh -ec "$work" ||
		fail 'the work inside'
	for side in in out; do
		(cd $ws/$side && find . -path ./g/.git/objects -prune -o \
			-printf '%p %U %G %M %y %n %l\n' | sort) >/srv/$side
	done
	cmp /srv/in /srv/out || {
		diff /srv/in /srv/out
		fail 'files made inside are not as those made outside'
	}
	grep -q '^./a 1600 1600 -rwxr-x--x' /srv/in || fail 'no such file'
	is 'nothing is the account'"'"'s on disk' '' \
		"$(find /srv /tmp /var/tmp -uid $account -o -gid $account 2>/dev/null)"
	rm -rf $ws/in $ws/out
}

# Whatever the view is worth: the account alone, with no namespace at all.
outside()
{
	echo secret >$ws/secret
	chown 1600:1600 $ws/secret
	chmod 0666 $ws/secret
	is 'ann reads' secret "$($ann cat $ws/secret)"
	is 'the run reads' secret "$(run -q -- cat $ws/secret)"
	$outside cat $ws/secret 2>/dev/null && fail 'the account reads the home'
	$outside sh -c "echo x >$ws/x" 2>/dev/null &&
		fail 'the account writes in the workspace'
	$outside python3 -c 'import socket
socket.create_connection(("127.0.0.1", 1))' 2>&1 |
		grep -q 'refused\|not permitted' ||
		fail 'the network is not refused to the account'
	$outside true || fail 'the account runs nothing'
	# bob's account gets nothing of hers, nor does bob.
	$bob sandbook run -q -C /srv/homes/bob/ws -- cat $ws/secret \
		2>/dev/null && fail 'bob reads'
	is 'bob has his own' "1601 1900000003 1" "$($bob sandbook run -q \
		-C /srv/homes/bob/ws -- sh -c 'echo $(cat /proc/self/uid_map)')"
	rm $ws/secret
}

# without NAME REASON: the run goes without the account and says why; required,
# it is refused.
without()
{
	name=$1
	reason=$2
	shift 2
	said=$("$@" -- sh -c 'echo $(cat /proc/self/uid_map)' 2>&1)
	has "$name" "$reason" "$said"
	has "$name" "1600 1600 1" "$said"
	said=$("$@" --account -- true 2>&1)
	is "$name, required" 202 $?
	has "$name, required" "$reason" "$said"
}

reasons()
{
	without 'no_new_privs' no_new_privs \
		$ann setpriv --no-new-privs sandbook run -C $ws
	without 'another group' newgrp \
		setpriv --reuid 1600 --regid 1601 $drop HOME=$home \
		sandbook run -C $ws
	mkdir /home/over
	chown 1600:1600 /home/over
	without 'an overlay' 'cannot map ids' $ann sandbook run -C /home/over
	chmod u-s /srv/bin/sandbook-mount
	without 'no bit' 'set-id bit' $ann sandbook run -C $ws
	chmod 4755 /srv/bin/sandbook-mount
	mv /srv/bin/sandbook-mount /srv/bin/away
	without 'no program' 'install it again' $ann sandbook run -C $ws
	mv /srv/bin/away /srv/bin/sandbook-mount
	for file in subuid subgid; do
		mv /etc/$file /etc/away
		: >/etc/$file
		without "no line in $file" 'setup --upgrade' \
			$ann sandbook run -C $ws
		mv /etc/away /etc/$file
	done
	# The leak checker of a sanitizer cannot work in what is traced.
	without 'traced' 'without strace' \
		$ann env ASAN_OPTIONS=detect_leaks=0 strace -o /dev/null sandbook run -C $ws
	# The guards of the scope refuse it before.
	mkdir -m 1777 /srv/shared
	said=$(run --rw /srv/shared -- true 2>&1)
	is 'a root of others' 200 $?
	has 'a root of others' 'belongs to uid 0' "$said"
	rmdir /srv/shared
	# Programs that are missing, have no bit, or never end.
	: >/srv/none
	mount --bind /srv/none /usr/bin/newuidmap
	without 'no uidmap' "install the package 'uidmap'" \
		$ann sandbook run -C $ws
	umount /usr/bin/newuidmap
	install -m 0755 /usr/bin/newgidmap /srv/dull
	mount --bind /srv/dull /usr/bin/newgidmap
	without 'a newgidmap without its bit' \
		"lost its set-id bit: install the package 'uidmap' again" \
		$ann sandbook run -C $ws
	umount /usr/bin/newgidmap
	printf '#!/bin/sh\nexec sleep 60\n' >/srv/slow
	chmod 0755 /srv/slow
	mount --bind /srv/slow /usr/bin/newuidmap
	has 'a newuidmap that does not end' 'did not end within 5 s' \
		"$(run -- sh -c 'echo $(cat /proc/self/uid_map)' 2>&1)"
	umount /usr/bin/newuidmap
	mv /srv/bin/sandbook-mount /srv/bin/away
	install -m 4755 /bin/cat /srv/bin/sandbook-mount
	has 'a helper that does not answer' 'before it answered' \
		"$(run -- true 2>&1)"
	mv /srv/bin/away /srv/bin/sandbook-mount
	is 'what did not end is gone' '' \
		"$(ps -eo args= | grep -e '^sleep 60' -e sandbook-mount |
			grep -v grep)"
	# Enrolled, and not in the account database.
	cp /etc/passwd /etc/away
	sed -i '/^ann:/d' /etc/passwd
	said=$(run -- true 2>&1) && fail 'somebody whom nobody knows runs'
	has 'nobody knows' 'no account' "$said"
	cp /etc/away /etc/passwd
	cp /etc/group /etc/away
	sed -i 's/^\(sandbook-1600-off:.*\)/\1bob/' /etc/group
	without 'a group with a member' 'member' $ann sandbook run -C $ws
	mv /etc/away /etc/group
	is 'nothing is in the way' '' "$(run --account -- true 2>&1)"
	# Who is not enrolled hears nothing, unless it is required.
	said=$(setpriv --reuid 1602 --regid 1602 $drop HOME=/ sandbook run \
		-C / --account -- true 2>&1) && fail 'a stranger has an account'
	said=$(run --account --no-account -- true 2>&1)
	is 'both' 200 $?
}

policies()
{
	config=$home/.config/sandbook
	$ann mkdir -p $config
	echo '{"version": 1, "account": "off"}' | $ann tee $config/policy.json \
		>/dev/null
	is 'off by policy' "1600 1600 1" \
		"$(run -- sh -c 'echo $(cat /proc/self/uid_map)')"
	is 'off, but asked for' "1600 $account 1" \
		"$(run --account -- sh -c 'echo $(cat /proc/self/uid_map)')"
	echo '{"version": 1, "account": "require"}' |
		$ann tee $config/policy.json >/dev/null
	said=$(run --no-account -- true 2>&1) &&
		fail '--no-account goes above a policy that requires it'
	has 'required by policy' 'requires the sandbox account' "$said"
	chmod u-s /srv/bin/sandbook-mount
	run -- true 2>/dev/null
	is 'required by policy, and not to be had' 202 $?
	chmod 4755 /srv/bin/sandbook-mount
	rm $config/policy.json
	echo '{"version": 1, "account": "off"}' |
		$ann tee $ws/.sandbook.json >/dev/null
	run -- true 2>/dev/null && fail 'a project switches the account off'
	rm $ws/.sandbook.json
}

status() { run -q --status-fd 7 "$@" -- true 7>&1 >/dev/null; }

firewall()
{
	has 'the carriers' '"network namespace","firewall"' "$(status)"
	has 'the record' '"account":1900000001' "$(status)"
	has 'writes' '"mounts","landlock","account"' "$(status)"
	nft delete table inet t
	case $(status) in
	*firewall*) fail 'a firewall that is gone is a carrier' ;;
	esac
	has 'a note' 'firewall does not refuse' "$(run -- true 2>&1)"
	run --account -- true 2>/dev/null
	is 'required, and not refused' 202 $?
	run --account --net -- true || fail 'online there is nothing to refuse'
	refuse_account
}

plan() { $ann sandbook plan -C $ws "$@"; }

# What the plan says of the account is what the run then does.
forecast()
{
	said=$(plan)
	has 'the account' "Account: 'sandbook-1600-off' (uid $account)" "$said"
	has 'what is mapped' "'$ws' is shown to it as its own" "$said"
	case $said in
	*'cannot write'* | *'only read: '*) fail "nothing is in the way: $said" ;;
	esac
	said=$(plan --json | python3 -c 'import json, sys
a = json.load(sys.stdin)["account"]
print(a["used"], a["number"], [m["path"] for m in a["mapped"] if
	m["writable"]], a["read_only_mounts"], a["other_groups"])')
	is 'in JSON' "True $account ['$ws'] [] []" "$said"
	has 'online' sandbook-1600-on "$(plan --net)"
	has 'a dry run' "Account: 'sandbook-1600-off'" \
		"$(run --dry-run -- true)"
	# A mount below, and a file and a directory of another group.
	mkdir $ws/below $ws/other
	mount -t tmpfs -o mode=1777 below $ws/below
	echo x >$ws/other/file
	chown -R 1600:1601 $ws/other
	chmod 0700 $ws/other
	chmod 0600 $ws/other/file
	said=$(plan)
	has 'a mount below' "'$ws/below' is a mount of its own" "$said"
	has 'other groups' "'$ws' has 2 objects that it reads and cannot" \
		"$said"
	is 'in JSON' "['$ws/below'] [('$ws', 2)]" "$(plan --json |
		python3 -c 'import json, sys
a = json.load(sys.stdin)["account"]
print([m["path"] for m in a["read_only_mounts"]],
	[(g["path"], g["objects"]) for g in a["other_groups"]])')"
	is 'it reads' x "$(run -q -- cat other/file)"
	run -q -- sh -c 'echo y >>other/file' 2>/dev/null &&
		fail 'a file of another group is written'
	run -q -- sh -c 'echo y >other/new' 2>/dev/null &&
		fail 'a directory of another group is written'
	run -q --no-account -- sh -c 'echo y >>other/file' ||
		fail 'without the account it is not written'
	umount $ws/below
	rm -r $ws/below $ws/other
	# Why there is none.
	said=$($ann setpriv --no-new-privs sandbook plan -C $ws)
	has 'a reason' 'Account: none, since no_new_privs' "$said"
	said=$($ann setpriv --no-new-privs sandbook plan -C $ws --account)
	has 'required' 'so the run is refused' "$said"
	has 'off' 'Account: none, as the policy says' "$(plan --no-account)"
	mkdir -p /home/over
	chown 1600:1600 /home/over
	has 'an overlay' "since '/home/over': an overlay cannot be mapped" \
		"$($ann sandbook plan -C /home/over)"
	mv /etc/subuid /etc/away
	: >/etc/subuid
	has 'what only trying shows' 'since newuidmap' "$(plan |
		tr -d "'")"
	is 'in JSON' False "$(plan --json | python3 -c 'import json, sys
print(json.load(sys.stdin)["account"]["used"])')"
	mv /etc/away /etc/subuid
	said=$(setpriv --reuid 1602 --regid 1602 $drop HOME=/ sandbook plan \
		-C $ws 2>&1)
	case $said in
	*"'sudo sandbook setup' gives you one"*) ;;
	*'no account'* | *refused* | *denied*) ;;
	*) fail "a stranger's plan: $said" ;;
	esac
}

# Whoever calls sudo out of habit hears, once, what that costs.
by_sudo()
{
	mkdir /srv/work
	root="env SUDO_UID=1600 SUDO_GID=1600 PATH=/srv/bin:$PATH"
	said=$($root sandbook run -C /srv/work -- true 2>&1)
	is 'by sudo, once' 1 "$(echo "$said" | grep -c "run it without sudo")"
	has 'by sudo' "'ann'" "$said"
	has 'its plan' 'since root has none' "$($root sandbook plan -C /srv/work)"
	$root sandbook run -C /srv/work --account -- true 2>/dev/null
	is 'by sudo, required' 202 $?
	said=$(env PATH=/srv/bin:$PATH sandbook run -C /srv/work -- true 2>&1)
	is 'root alone' '' "$(echo "$said" | grep sudo)"
	said=$(env SUDO_UID=1602 PATH=/srv/bin:$PATH sandbook run -C /srv/work \
		-- true 2>&1)
	is 'by sudo, not enrolled' '' "$(echo "$said" | grep sudo)"
}

# A caller that ignores the end of its children (SIGCHLD) does not hang us, and
# the command has it as the caller had.
ignored()
{
	cat >/srv/ignoring <<-X
	import os, signal, sys
	signal.signal(signal.SIGCHLD, signal.SIG_IGN)
	os.execvp(sys.argv[1], sys.argv[1:])
	X
	ask='import signal, sys
print(signal.getsignal(signal.SIGCHLD).name); sys.exit(3)'
	for how in --account --no-account; do
		said=$(timeout 20 $ann python3 /srv/ignoring sandbook run -q \
			$how -C $ws -- python3 -c "$ask")
		is "ignored, $how" '3 SIG_IGN' "$? $said"
		said=$(run -q $how -- python3 -c "$ask")
		is "not ignored, $how" '3 SIG_DFL' "$? $said"
	done
	timeout 20 $ann python3 /srv/ignoring sandbook plan -C $ws |
		grep -q sandbook-1600-off || fail 'ignored, and no plan'
	timeout 20 $ann python3 /srv/ignoring sandbook status >/dev/null ||
		fail 'ignored, and no status'
}

# What is mounted below a root is not written: it would be the account's there.
below()
{
	mkdir $ws/below
	mount -t tmpfs -o mode=1777 below $ws/below
	run -q -- sh -c 'echo x >below/x' 2>/dev/null &&
		fail 'a mount below the root is written'
	run -q -- sh -c 'echo x >x && ls below' || fail 'the root is not'
	is 'below' '' "$(ls $ws/below)"
	umount $ws/below
	rmdir $ws/below
}

pipes()
{
	is 'stdout by its name' hello "$($ann sh -c "sandbook run -q -C $ws \
		-- sh -c 'echo hello >/dev/stdout' | cat")"
	is 'stdin by its name' hello "$($ann sh -c "echo hello |
		sandbook run -q -C $ws -- cat /dev/stdin | cat")"
	said=$($ann sh -c "echo hello | sandbook run -q -C $ws -- \
		sh -c 'echo x >/dev/stdin' 2>&1 | cat")
	has 'stdin is not written' 'ermission denied' "$said"
}

# The cover of a file that nobody else may read is watched all the same.
guarded()
{
	$ann sh -c "umask 077; echo a >$ws/Makefile; echo b >$ws/other"
	$ann sandbook run -q -C $ws --protect Makefile -- sleep 20 2>/dev/null &
	sleep 0.5
	$ann mv $ws/other $ws/Makefile
	wait $!
	is 'a cover is taken off' 202 $?
	rm $ws/Makefile
}

terminal()
{
	said=$($ann script -qec "sandbook run -q --account -C $ws -- sh -c \
		'tty; echo typed >/dev/tty; id -u'" /dev/null </dev/null |
		tr -d '\r' | tr '\n' ' ')
	has 'on a terminal' '/dev/pts/0 typed 1600' "$said"
}

# Killed at any moment, nothing is left: no process, mount or directory.
ends()
{
	mounts=$(wc -l </proc/self/mountinfo)
	for ms in 1 2 3 4 5 6 7 8 9 10 12 14 16 18 20 25 30 40 60; do
		# Not by a function, whose process would be the shell's.
		$ann sandbook run -C $ws -q -- sleep 30 &
		pid=$!
		sleep 0.$(printf %03d $ms)
		kill -9 $pid
		wait $pid 2>/dev/null
	done
	sleep 0.5
	is 'processes' '' "$(ps -eo uid=,args= | grep -e '^ *1600 ' \
		-e "^ *$account " -e newuidmap -e newgidmap -e sandbook-mount |
		grep -v grep)"
	is 'mounts' "$mounts" "$(wc -l </proc/self/mountinfo)"
	is 'namespaces' 1 "$(readlink /proc/[0-9]*/ns/user | sort -u | wc -l)"
	is 'files' '' "$(find /tmp /var/tmp /dev/shm 2>/dev/null -uid 1600 -o \
		-uid $account)"
}

# Every attack of the battery, by an enrolled person whose account is required.
battery()
{
	[ -x "$programs/test_e2e_attack" ] || {
		fail 'the battery is not built'
		return
	}
	install -m 0755 "$programs/test_e2e_attack" /srv/bin
	for part in refused_as_plain_user other_network_modes; do
		SBK_TEST_ACCOUNT=1 TMPDIR=/srv /srv/bin/test_e2e_attack \
			"test_attack__$part" >/srv/said 2>&1 &&
			grep -q '1 test(s) run' /srv/said || {
			cat /srv/said >&2
			fail "the battery, $part"
		}
	done
}

world
for case in battery identity files outside reasons policies forecast \
	by_sudo firewall below pipes ignored guarded terminal ends
do
	$case
done
[ $failed = 0 ] && echo 'all cases of test_account.sh'
exit $failed
