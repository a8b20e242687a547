#!/bin/sh
# test_field.sh DIRECTORY-OF-THE-PROGRAMS STOP-AFTER [CASE...]
#
# What went wrong in the field, elsewhere: a case for each report, named after
# the project and the number under which it was reported, on a host to break
# (tests/support/host). Each says what must not happen here.
#
# SBK_CAMPAIGN=1 takes 1,000 runs in codex_26438 instead of 60, and every moment
# of a tool's failure.
#
# Exits 77 with a reason where this machine cannot do it.
set -u
here=$(cd "$(dirname "$0")" && pwd)
support=$here/../support
. "$here/elsewhere.sh"
campaign=${SBK_CAMPAIGN-0}

fail()
{
	echo "FAILED: $*" >&2
	exit 1
}

# Words before a command that make it dev's; expanded unquoted.
dev="setpriv --reuid dev --regid dev --init-groups env -i
PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/home/dev"
project=/home/dev/project

# Few accounts, a person, and a workspace of 151 files.
world()
{
	[ "${SBK_TEST_HOST-}" = 1 ] || fail "not on a host to break"
	rm -rf /root/.local/state/sandbook /var/lib/sandbook
	sed -i '/^\(root\|daemon\|nobody\|www-data\):/!d' /etc/passwd /etc/shadow
	useradd -m -k /nonexistent -s /bin/sh dev
	chmod 755 /home/dev
	$dev sh -eu -c '
		umask 022
		mkdir -p ~/project/src ~/other && cd ~/project
		i=1
		while [ $i -le 151 ]; do echo $i >src/file$i; i=$((i + 1)); done
	' || fail "the world could not be made"
	cd /home/dev || exit 1
}

setup()
{
	"$bin/sandbook" setup --yes --user dev >"$out.log" 2>&1 ||
		fail "setup: $(cat "$out.log")"
	offline=sandbook-$(id -u dev)-off
	number=$(id -u "$offline")
}

begin()
{
	world
	[ $# = 0 ] || "$@"
	setup
	look /home/dev >"$out.before"
}

# What is below a directory, made by standard tools alone.
look()
{
	(
		cd "$1" || exit 1
		find . -path ./.local -prune -o -print0 | LC_ALL=C sort -z \
			>"$out.names"
		xargs -0r stat -c '%n|%F|%a|%u:%g|%N' <"$out.names"
		find . -path ./.local -prune -o -type f -print0 |
			LC_ALL=C sort -z | xargs -0r sha256sum
		xargs -0r getfattr -hd -e hex -m - <"$out.names" 2>/dev/null
	)
}

same()
{
	look /home/dev >"$out.now"
	diff "$out.before" "$out.now" >"$out.diff" || {
		head -30 "$out.diff" >&2
		fail "$1: the home is not what it was"
	}
}

# expect CODE COMMAND...
expect()
{
	expected=$1
	shift
	"$@" >"$out.log" 2>&1
	code=$?
	case $expected in
	"$code") ;;
	ours) [ "$code" -ge 200 ] || {
		cat "$out.log" >&2
		fail "'$*' ended with $code"
	} ;;
	*)
		cat "$out.log" >&2
		fail "'$*' ended with $code and not with $expected"
		;;
	esac
}

said()
{
	grep -q -- "$1" "$out.log" || {
		cat "$out.log" >&2
		fail "it did not say '$1'"
	}
}

grant()
{
	expect 0 $dev "$bin/sandbook" grant --yes --to "$offline" --rw \
		"${1-$project}"
}

undo() { expect "${2-0}" $dev "$bin/sandbook" undo --yes --path "${1-$project}"; }

uninstall()
{
	rm -f /run/certificate.json
	# shellcheck disable=SC2046
	expect "${1-0}" "$bin/sandbook" uninstall --yes $(elsewhere) \
		--certificate /run/certificate.json
}

named() { getfacl -n "$1" 2>/dev/null | grep -q "^user:$number:"; }

# --- the record ---------------------------------------------------------------

# The journal was replaced by NULs, cut off, emptied, overwritten: the program
# crashed at each start from then on. Here each command says what is wrong; what
# was recorded before comes back with the file; and without it the machine's
# part still goes.
case_codex_34841_and_35718()
{
	begin
	state=/home/dev/.local/state/sandbook
	grant
	cp -a "$state" /run/kept
	size=$(stat -c %s $state/journal.db)
	for damage in nul zero cut header; do
		case $damage in
		nul) head -c "$size" /dev/zero >$state/journal.db ;;
		zero) : >$state/journal.db ;;
		cut) truncate -s $((size / 2 - 100)) $state/journal.db ;;
		header) head -c 4096 /dev/urandom |
			dd of=$state/journal.db conv=notrunc status=none ;;
		esac
		rm -f $state/journal.db-wal $state/journal.db-shm
		for words in "journal log" "journal verify" \
			"undo --yes --path $project" \
			"grant --yes --to $offline --ro /home/dev/other"; do
			# shellcheck disable=SC2086
			expect ours $dev "$bin/sandbook" $words
			said "$state"
		done
		$dev "$bin/sandbook" status >"$out.log" 2>&1
		said "$state/journal.db"
		expect 2 $dev "$bin/sandbook" audit drift
		said "$state/journal.db"
		[ -z "$(find $state -newer /run/kept -name '*.new')" ] ||
			fail "$damage: something was begun anew"
	done
	rm -rf $state.damaged && mv $state $state.damaged
	cp -a /run/kept $state
	undo
	same "the journal came back"
	# And without it: what is ours is found on the host itself.
	grant
	: >$state/journal.db
	rm -f $state/journal.db-wal $state/journal.db-shm
	uninstall 207
	getfacl -nR $project 2>/dev/null | grep -q '^user:[0-9]' &&
		fail "an entry of ours stays"
	getent passwd | grep -q sandbook- && fail "an account of ours stays"
	rm -rf $state $state.damaged
	uninstall 0
}

# --- growth and halves --------------------------------------------------------

# Each of two processes that ran at a time minted identities and added entries,
# until the ACL was full. Here a run makes no change to the host.
case_codex_26438()
{
	begin
	grant
	getfacl -nR $project >"$out.acl" 2>/dev/null
	changes=$($dev "$bin/sandbook" journal log --json 2>/dev/null | wc -l)
	runs=30
	[ "$campaign" = 1 ] && runs=500
	for one in 1 2; do
		(
			i=0
			while [ $i -lt $runs ]; do
				$dev "$bin/sandbook" run -C $project -- true \
					>"$out.run$one" 2>&1 || exit 1
				$dev "$bin/sandbook" grant --yes \
					--to "$offline" --rw $project \
					>"$out.run$one" 2>&1 || exit 1
				i=$((i + 1))
			done
		) || touch "$out.failed" &
	done
	wait
	[ ! -e "$out.failed" ] || fail "$(cat "$out.run1" "$out.run2")"
	getfacl -nR $project 2>/dev/null | cmp -s "$out.acl" - ||
		fail "ACLs grew"
	[ "$($dev "$bin/sandbook" journal log --json 2>/dev/null | wc -l)" = \
		"$changes" ] || fail "changes were recorded"
	expect 0 $dev "$bin/sandbook" journal verify
	undo
	same "runs"
}

# Of 151 children one could not be changed; 39 stayed changed.
case_codex_31620()
{
	begin
	"$stop_after" --count "$out.count" 0 $dev "$bin/sandbook" grant --yes \
		--to "$offline" --rw $project >"$out.log" 2>&1 ||
		fail "$(cat "$out.log")"
	undo
	# Somewhere among the files: about child 40.
	at=$(($(cat "$out.count") / 2))
	"$stop_after" --errno EACCES "$at" $dev "$bin/sandbook" grant --yes \
		--to "$offline" --rw $project >"$out.log" 2>&1
	[ $? -ge 200 ] || fail "it went well: $(cat "$out.log")"
	same "a child that cannot be changed"
	expect 0 $dev "$bin/sandbook" journal verify
}

# The removal of a group failed and nobody heard of it.
case_codex_32492()
{
	begin
	for tool in userdel groupdel; do
		printf '#!/bin/sh\nexit 0\n' >/run/$tool
		chmod 755 /run/$tool
		mount --bind /run/$tool "$(command -v $tool)"
	done
	"$bin/sandbook" uninstall --yes --certificate /run/lies.json \
		$(elsewhere) >"$out.log" 2>&1 && fail "it believed the tools"
	grep -q sandbook "$out.log" || fail "$(cat "$out.log")"
	getent group sandbook >/dev/null || fail "the tools did something"
	umount "$(command -v userdel)" "$(command -v groupdel)"
	uninstall 0
	getent group | grep -q sandbook && fail "the group stays"
	same "tools that do nothing"
}

# A grant on a whole drive, on the profile, on the registry's files.
case_codex_31140_and_24256()
{
	begin
	for path in / /home /home/dev /root /etc /etc/passwd /usr /var /boot \
		/proc /sys /dev /home/dev/.local/state/sandbook \
		/home/dev/../dev/ /home/dev/project/.. /var/lib/sandbook; do
		expect ours $dev "$bin/sandbook" grant --yes --to "$offline" \
			--rw "$path"
	done
	ln -s / /home/dev/project/root
	expect ours $dev "$bin/sandbook" grant --yes --to "$offline" --rw \
		/home/dev/project/root
	rm /home/dev/project/root
	same "refused roots"
}

# --- what others did meanwhile --------------------------------------------------

# An undo stopped at a file that was missing, and the rest stayed.
case_datadog_52123()
{
	begin
	grant
	rm $project/src/file77
	undo
	named $project/src/file78 && fail "the rest stays"
	echo 77 >$project/src/file77
	chown dev:dev $project/src/file77
	same "a missing file"
}

# One volume was away; the others were not undone either.
case_openclaw_windows_node_1355()
{
	begin
	command -v mkfs.ext4 >/dev/null || fail "mkfs.ext4 is missing"
	truncate -s 16M /run/volume
	mkfs.ext4 -q /run/volume
	mkdir /home/dev/volume
	mount -o loop /run/volume /home/dev/volume || {
		echo "no loop device here"
		exit 77
	}
	rmdir /home/dev/volume/lost+found
	echo text >/home/dev/volume/file
	chown -R dev:dev /home/dev/volume
	look /home/dev >"$out.before"
	grant
	grant /home/dev/volume
	named /home/dev/volume/file || fail "no grant on the volume"
	umount /home/dev/volume
	uninstall 207
	named $project/src/file1 && fail "the other volume was not undone"
	mount -o loop /run/volume /home/dev/volume
	uninstall 0
	same "a volume that was away"
	umount /home/dev/volume
}

# The target was renamed and another put in its place; or a link.
case_zero_808_and_ava_551()
{
	begin
	grant
	$dev sh -eu -c '
		mv ~/project ~/moved
		mkdir -p ~/project/src && echo decoy >~/project/src/file1
		mkdir -p ~/decoy && echo decoy >~/decoy/file
		setfacl -m u:www-data:rwx ~/decoy/file
		mv ~/moved/src/file2 ~/moved/src/was2
		ln -s ~/decoy/file ~/moved/src/file2'
	getfacl -n /home/dev/decoy/file /home/dev/project/src/file1 \
		>"$out.decoys" 2>/dev/null
	uninstall 0
	getfacl -n /home/dev/decoy/file /home/dev/project/src/file1 \
		2>/dev/null | cmp -s - "$out.decoys" || fail "a decoy was touched"
	$dev sh -eu -c '
		rm -r ~/project ~/decoy ~/moved/src/file2
		mv ~/moved/src/was2 ~/moved/src/file2
		mv ~/moved ~/project'
	same "decoys"
}

# What was renamed was not found again, and kept its entries for good.
case_mxc_prune()
{
	begin
	grant
	mv $project /home/dev/other/elsewhere
	uninstall 0
	mv /home/dev/other/elsewhere $project
	same "renamed"
}

# --- ACLs as they are -------------------------------------------------------------

odd_children()
{
	$dev sh -eu -c 'cd ~/project/src
		setfacl -m u:www-data:rwx,m::--- file1
		setfacl -m m::rwx file2
		setfacl -m g::---,g:daemon:rw,m::r file3
		mkdir d1 d2 d3 && echo x >d1/file
		setfacl -d -m u:www-data:rx,m::--- d1
		setfacl -d -m u::rwx,g::---,o::--- d2
		chmod 0 file4; chmod 1777 d3; chmod 7755 file5; chmod 2770 d2
		setfattr -n user.odd -v 0x00ff00 file6'
}

# Children with odd ACLs came back tidied up.
case_mxc_648()
{
	begin odd_children
	grant
	undo
	same "odd children"
}

# The bits beside the entries got lost (there: protected, auto-inherited; here:
# set-id, sticky, the mask).
case_wixsharp_1336()
{
	begin odd_children
	"$bin/sandbook" --version >/dev/null
	look /home/dev | grep -E '\|(1777|7755|2770)\|' >"$out.bits"
	[ "$(wc -l <"$out.bits")" = 3 ] || fail "$(cat "$out.bits")"
	grant
	look /home/dev | grep -E '^./project/src/(d3|file5)\|' |
		grep -vE '\|(1777|7755|7775)\|' | grep . &&
		fail "a grant takes bits away"
	undo
	look /home/dev | grep -E '\|(1777|7755|2770)\|' |
		cmp - "$out.bits" || fail "bits are lost"
	same "bits"
}

strangers()
{
	setfacl -m u:77777:rwx,u:65533:r,u:www-data:r $project/src/file9
	chgrp 77777 $project/src/file10
}

# One number without a name among many stopped the whole report.
case_servy_6411_and_wazuh_2940()
{
	begin strangers
	grant
	$dev "$bin/sandbook" audit scope --json $project >"$out.log" 2>&1
	[ $? -lt 200 ] || fail "$(cat "$out.log")"
	undo
	same "unknown numbers"
}

many_entries()
{
	i=1
	while [ $i -le 400 ]; do
		echo "user:$((70000 + i)):r--"
		i=$((i + 1))
	done | setfacl -M - $project/src/file11 ||
		fail "an ACL of 400 entries"
}

# A descriptor longer than a buffer on the stack.
case_ntfs_3g_long_descriptor()
{
	begin many_entries
	grant
	named $project/src/file11 || fail "no entry in a long ACL"
	undo
	same "a long ACL"
}

odd_names()
{
	$dev sh -eu -c 'cd ~/project/src
		for name in " leading" "two
lines" "-x" "#user:root:rwx" "tab	" "\\134" "é" "trailing "; do
			echo x >"./$name"
		done
		printf x >"$(printf "not\377utf8")"'
}

# Names with blanks and newlines were misread; a dry run touched the files.
case_acl_2_4_0()
{
	begin odd_names
	find $project -print0 | xargs -0 stat -c '%n %Z %z' >"$out.times"
	expect 0 $dev "$bin/sandbook" grant --dry-run --yes --to "$offline" \
		--rw $project
	find $project -print0 | xargs -0 stat -c '%n %Z %z' |
		cmp -s - "$out.times" || fail "a dry run touched a file"
	grant
	named "$project/src/ leading" || fail "no entry on ' leading'"
	named "$project/src/two
lines" || fail "no entry on the one with a newline"
	undo
	same "odd names"
}

# An entry of an account that nobody knew any more, handed on to all that is made
# below it, above somebody else's program: no grant of the record's.
case_sokuji_354()
{
	begin
	$dev sh -eu -c 'mkdir ~/tool && cp /bin/true ~/tool/program'
	look /home/dev >"$out.before"
	$dev setfacl -d -m "u:$number:rwx" /home/dev/tool
	expect 1 $dev "$bin/sandbook" audit residue /home/dev
	said "'/home/dev/tool'"
	uninstall 0
	getfacl -n /home/dev/tool 2>/dev/null | grep "$number" &&
		fail "it is handed on to whoever gets the number next"
	$dev setfacl -k /home/dev/tool
	same "an entry that no journal knows"
}

# --- tools of the system ------------------------------------------------------------

# A tool that is missing, fails at once, or has done its work and says that it
# failed; of setup, and of uninstall. Afterwards the tools work again.
broken()
{
	tool=$(readlink -f "$(command -v "$1")")
	cp "$tool" "/run/real-$1"
	case $2 in
	missing) echo "no program" >/run/broken && chmod 644 /run/broken ;;
	fails) printf '#!/bin/sh\necho broken >&2\nexit 1\n' >/run/broken ;;
	after) printf '#!/bin/sh\n/run/real-%s "$@"\nexit 1\n' "$1" \
		>/run/broken ;;
	half) printf '#!/bin/sh\n%s --program %s 3 /run/real-%s "$@"\nexit 9\n' \
		"$stop_after" "real-$1" "$1" >/run/broken ;;
	esac
	[ "$2" = missing ] || chmod 755 /run/broken
	mount --bind /run/broken "$tool"
}

mended() { umount "$tool" && rm -f /run/broken "/run/real-$1"; }

machine()
{
	for file in passwd group shadow gshadow subuid subgid; do
		for copy in "" -; do
			[ -e /etc/$file$copy ] && stat -c '%n %a %u:%g' /etc/$file$copy
			cat /etc/$file$copy 2>/dev/null
		done
	done
	ls /etc /var/lib /var/mail
	nft --stateless list ruleset
}

case_tools()
{
	world
	machine >"$out.machine"
	for name in groupadd useradd nft userdel groupdel usermod; do
		for how in missing fails after half; do
			what="$name, $how"
			broken $name $how
			"$bin/sandbook" setup --yes --user dev \
				>"$out.log" 2>&1
			code=$?
			mended $name
			[ "$code" = 0 ] || [ "$code" -ge 200 ] || {
				cat "$out.log" >&2
				fail "$what: setup ended with $code"
			}
			case $name in
			groupadd | useradd | nft) [ "$code" -ge 200 ] ||
				fail "$what: setup went well" ;;
			esac
			[ "$code" = 0 ] || setup
			broken $name $how
			"$bin/sandbook" uninstall --yes $(elsewhere) \
				--certificate "/run/$name.$how.json" \
				>"$out.log" 2>&1
			code=$?
			mended $name
			[ "$code" = 0 ] || [ "$code" -ge 200 ] || {
				cat "$out.log" >&2
				fail "$what: uninstall ended with $code"
			}
			uninstall 0
			machine | diff "$out.machine" - >&2 ||
				fail "$what: the machine is not what it was"
		done
	done
}

# --- on the machine -----------------------------------------------------------------

if [ "${1-}" = --case ]; then
	name=$2 bin=$3 stop_after=$4 out=$5
	"case_$name"
	exit 0
fi

[ $# -gt 1 ] || { sed -n 's/^# \{0,1\}//p' "$0" | sed -n 1,13p; exit 2; }
bin=$(cd "$1" && pwd)
stop_after=$2
shift 2
[ $# -gt 0 ] || set -- $(sed -n 's/^case_\([a-z0-9_]*\)()$/\1/p' "$0")

. "$here/cases.sh"
