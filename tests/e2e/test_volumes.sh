#!/bin/sh
# test_volumes.sh DIRECTORY-OF-THE-PROGRAMS STOP-AFTER [CASE...]
#
# Power cuts and full disks on real filesystems: loop images of ext4, xfs and
# btrfs, on a host to break (tests/support/host).
#
#	cut_FS   the power goes: the images are copied as they are, without a
#	         sync, and the copies are mounted in their place. Right after a
#	         grant and an undo that said that they went well, they have;
#	         after commands that were ended before their n-th change, undo
#	         brings everything back
#	second_FS  the same, with the journal on another volume
#	full_FS  what runs in the sandbox fills the volume: before an undo, a
#	         recovery, an uninstall, a drop of the oldest entries, and while
#	         a grant is made, four n of it everyday. All of them do their
#	         work, or change nothing
#	begun_FS  it is full before change n of the first grant
#
# FS is ext4, xfs, btrfs, or ext4-1k, with blocks of 1 KiB. Every 24th n and six
# of eleven cases everyday; all with SBK_CAMPAIGN=1, of which SBK_PART=3/8 takes
# the third n, the eleventh, the nineteenth...
#
# Exits 77 with a reason where this machine cannot do it.
set -u
here=$(cd "$(dirname "$0")" && pwd)
support=$here/../support
step=24 first=1 everyday=yes
if [ "${SBK_CAMPAIGN-}" = 1 ]; then
	part=${SBK_PART-1/1} everyday=
	first=${part%/*} step=${part#*/}
fi

fail()
{
	echo "FAILED: $*" >&2
	exit 1
}

cannot()
{
	echo "test_volumes.sh: $*" >&2
	exit 77
}

# Words before a command that make it dev's; expanded unquoted.
dev="setpriv --reuid dev --regid dev --init-groups env -i
PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/home/dev"
project=/home/dev/project

# expect CODE CONTEXT COMMAND...
expect()
{
	expected=$1 context=$2
	shift 2
	"$@" >"$out.log" 2>&1
	code=$?
	[ "$code" = "$expected" ] || {
		cat "$out.log" >&2
		fail "$context: '$*' ended with $code and not with $expected"
	}
}

# make IMAGE MEGABYTES
make()
{
	truncate -s "$2M" "/run/$1"
	case $fs in
	ext4) mkfs.ext4 -q -m 0 -b 4096 "/run/$1" ;;
	ext4-1k) mkfs.ext4 -q -m 0 -b 1024 "/run/$1" ;;
	xfs) mkfs.xfs -q "/run/$1" ;;
	btrfs) mkfs.btrfs -q "/run/$1" >/dev/null 2>&1 ;;
	esac || fail "no $fs"
}

up()
{
	mount -o loop /run/home /home/dev || cannot "no $fs can be mounted"
	[ ! -e /run/second ] || mount -o loop /run/second $project ||
		fail "the second volume"
}

down()
{
	cd /
	[ ! -e /run/second ] || umount $project || fail "umount"
	umount /home/dev || fail "umount"
	[ $fs != btrfs ] || btrfs device scan --forget >/dev/null 2>&1
}

# What had not reached the volumes is lost.
cut()
{
	for image in home second; do
		[ ! -e /run/$image ] ||
			cp --sparse=always /run/$image /run/$image.cut ||
			fail "no copy"
	done
	down
	for image in home second; do
		[ ! -e /run/$image ] || mv /run/$image.cut /run/$image
	done
	up
}

look()
{
	(
		cd $project || exit 1
		find . ! -name 'fill*' ! -name lost+found -print0 |
			LC_ALL=C sort -z >"$out.names"
		xargs -0r stat -c '%n|%F|%a|%u:%g|%N' <"$out.names"
		xargs -0r getfattr -hd -e hex -m - <"$out.names" 2>/dev/null
	)
}

same()
{
	look >"$out.now"
	diff "$out.before" "$out.now" >"$out.diff" || {
		head -30 "$out.diff" >&2
		fail "$1: the project is not what it was"
	}
}

# world MEGABYTES [second]
world()
{
	[ "${SBK_TEST_HOST-}" = 1 ] || fail "not on a host to break"
	command -v mkfs.${fs%-1k} >/dev/null || cannot "mkfs.$fs is missing"
	rm -rf /root/.local/state/sandbook /var/lib/sandbook
	sed -i '/^\(root\|daemon\|nobody\|www-data\):/!d' /etc/passwd /etc/shadow
	useradd -M -s /bin/sh dev
	mkdir -p /home/dev
	rm -f /run/home /run/second
	make home "$1"
	mount -o loop /run/home /home/dev || cannot "no $fs can be mounted"
	mkdir $project
	umount /home/dev
	[ "${2-}" != second ] || make second "$1"
	up
	rm -rf /home/dev/lost+found $project/lost+found
	chown dev:dev /home/dev $project
	$dev sh -eu -c 'umask 022; mkdir ~/project/src
		cd ~/project/src
		i=0; while [ $i -lt 12 ]; do echo $i >file$i; i=$((i + 1)); done
		setfacl -m u:www-data:r file1; chmod 600 file2' ||
		fail "the world could not be made"
	"$bin/sandbook" setup --yes --user dev >"$out.log" 2>&1 ||
		fail "setup: $(cat "$out.log")"
	offline=sandbook-$(id -u dev)-off
	number=$(id -u "$offline")
	grant="$dev $bin/sandbook grant --yes --to $offline --rw $project"
	undo="$dev $bin/sandbook undo --yes --path $project"
	verify="$dev $bin/sandbook journal verify"
	look >"$out.before"
	sync
}

granted()
{
	for path in $project $project/src $project/src/file11; do
		getfacl -n $path 2>/dev/null | grep -q "^user:$number:rw" ||
			fail "$1: no entry on '$path'"
	done
}

nothing_owed()
{
	expect 0 "$1" $verify
	grep -q ' 0 findings' "$out.log" || fail "$1: $(cat "$out.log")"
	$dev "$bin/sandbook" status >"$out.log" 2>&1
	grep -q 'owed' "$out.log" && ! grep -q 'nothing owed' "$out.log" &&
		fail "$1: $(cat "$out.log")"
	return 0
}

# --- the power goes ---------------------------------------------------------------

# Right after a command said that it went well.
told()
{
	expect 0 "grant" $grant
	cut
	granted "a grant that was confirmed, cut"
	nothing_owed "grant, cut"
	expect 0 "undo" $undo
	cut
	same "an undo that was confirmed, cut"
	nothing_owed "undo, cut"
}

# ended COMMAND: ended before its n-th change, and the power goes.
ended()
{
	eval "words=\$$1"
	n=$first count=0
	while
		[ "$1" = grant ] || expect 0 "grant" $grant
		"$stop_after" "$n" $words >"$out.log" 2>&1
		code=$?
		[ "$code" = 137 ]
	do
		cut
		expect 0 "$1 stopped at $n, cut" $undo
		same "$1 stopped at $n, cut, undo"
		nothing_owed "$1 stopped at $n, cut, undo"
		# What that undid is undone.
		cut
		same "$1 stopped at $n, cut, undo, cut"
		n=$((n + step)) count=$((count + 1))
	done
	[ "$code" = 0 ] || fail "$1, at $n: $code: $(cat "$out.log")"
	expect 0 "$1 and undo" $undo
	same "$1"
	echo "  $fs, $1: cut after $count stops" >&2
}

cut_on()
{
	size=64
	[ "$fs" = xfs ] && size=320
	[ "$fs" = btrfs ] && size=128
	world $size "${1-}"
	told
	ended grant
	ended undo
	down
}

case_cut() { cut_on; }
case_second() { cut_on second; }

# --- the volume is full -------------------------------------------------------------

# What runs in the sandbox takes all there is.
fill()
{
	# The journal has to be begun for a run, and it is full at its end.
	$dev "$bin/sandbook" run -C $project --rw $project -- \
		sh -c 'cat /dev/zero >fill; cat /dev/zero >>fill
		i=0; while echo x >fill$i; do i=$((i + 1)); done; :' \
		>"$out.log" 2>&1
	$dev sh -c "echo x >$project/more" 2>/dev/null &&
		[ -s $project/more ] && fail "the volume is not full"
	rm -f $project/more
	[ -s $project/fill ] || fail "nothing was filled: $(cat "$out.log")"
}

emptied() { $dev sh -c "rm -f $project/fill*"; }

elsewhere()
{
	for place in /* /etc/*/ /var/* /var/lib/* /root/* /root/.[!.]* /run/*; do
		place=${place%/}
		case $place in
		/etc | /etc/systemd | /var | /var/lib | /var/lib/sandbook) ;;
		/home | /root | /root/.local | /run | /proc) ;;
		*) [ ! -d "$place" ] || printf ' --skip %s' "$place" ;;
		esac
	done
}

# The oldest entries go while nothing else can be written: the reserve lends its
# room. What the database gives back may have to wait, and is told.
drop_on_full()
{
	expect 0 "all of it seen" "$bin/sandbook" journal witness
	install -d -o dev -g dev /run/segments
	rm -f /run/segments/1
	expect 0 "export" $dev "$bin/sandbook" journal export \
		--to /run/segments/1
	drop="$dev $bin/sandbook journal drop --exported /run/segments/1"
	fill
	$drop >"$out.log" 2>&1
	code=$?
	if [ "$fs" = xfs ] && [ "$code" = 206 ]; then
		# It keeps some room back, and the reserve of a journal with
		# nothing in effect is small: refused, and nothing is changed.
		expect 0 "verify after no drop" $verify
		emptied
		expect 0 "drop" $drop
	elif [ "$code" != 0 ]; then
		fail "drop on a full volume: $code: $(cat "$out.log")"
	fi
	grep -q ' are dropped' "$out.log" || fail "drop: $(cat "$out.log")"
	expect 0 "verify after a drop on a full volume" $verify \
		--segment /run/segments/1
	emptied
	expect 0 "its room given back" $drop
	grep -q 'were already dropped' "$out.log" ||
		fail "drop again: $(cat "$out.log")"
	grep -q 'did not get smaller' "$out.log" &&
		fail "its room: $(cat "$out.log")"
	expect 0 "verify after that" $verify --segment /run/segments/1
	expect 0 "a look after that" "$bin/sandbook" journal witness
}

case_full()
{
	size=40
	[ "$fs" = xfs ] && size=320
	[ "$fs" = btrfs ] && size=128
	world $size
	expect 0 "grant" $grant
	fill
	expect 0 "undo on a full volume" $undo
	emptied
	same "undo on a full volume"
	nothing_owed "undo on a full volume"

	fill
	$grant >"$out.log" 2>&1
	code=$?
	[ "$code" = 0 ] || [ "$code" -ge 200 ] || fail "$(cat "$out.log")"
	[ "$code" = 0 ] || same "a grant on a full volume"
	expect 0 "undo of a grant on a full volume" $undo
	emptied
	same "undo of a grant on a full volume"

	drop_on_full

	stops="30 45 60 75"
	[ -n "$everyday" ] || stops=$(seq $((29 + first)) "$step" 90)
	# Before its room is set aside a journal cannot even be opened on a
	# btrfs that is full; nothing is in effect then.
	[ "$fs" != btrfs ] || stops=$(printf '%s\n' $stops | sed '/^[345]/d')
	for n in $stops; do
		"$stop_after" $n $grant >"$out.log" 2>&1
		[ $? = 137 ] || continue
		fill
		expect 0 "recovery on a full volume, $n" $undo
		same "recovery on a full volume, $n"
		emptied
		nothing_owed "recovery on a full volume, $n"
		"$stop_after" --meanwhile "$dev sh -c \
			'cat /dev/zero >$project/fill 2>/dev/null'; :" $n $grant >"$out.log" 2>&1
		code=$?
		[ "$code" = 0 ] || [ "$code" -ge 200 ] ||
			fail "filled at $n: $code: $(cat "$out.log")"
		[ "$code" = 0 ] || same "a grant, filled at $n"
		$undo >"$out.log" 2>&1
		code=$?
		# What was made meanwhile is in no journal, and setting an ACL
		# can take room: then it is owed.
		[ "$code" = 0 ] || [ "$code" = 207 ] ||
			fail "undo of a grant, filled at $n: $(cat "$out.log")"
		emptied
		[ "$code" = 0 ] || expect 0 "what was owed, $n" $undo
		same "undo of a grant, filled at $n"
	done

	expect 0 "grant" $grant
	fill
	rm -f /run/certificate.json
	# shellcheck disable=SC2046
	expect 0 "uninstall on a full volume" "$bin/sandbook" uninstall --yes \
		$(elsewhere) --certificate /run/certificate.json
	emptied
	same "uninstall on a full volume"
	[ ! -e /home/dev/.local ] || fail "the journal stays"
	down
}

# Filled right before change n of the first grant, of a large tree: while its
# journal is begun. With blocks smaller than a page SQLite sets aside a part of
# its shared memory file alone; writing to the rest was SIGBUS, in the grant and
# in each undo after it.
case_begun()
{
	world 24
	$dev sh -c "for i in $(seq -s ' ' 300); do echo x >$project/src/x\$i; done"
	look >"$out.before"
	down
	cp --sparse=always /run/home /run/kept
	count=0
	for n in $(seq 31 3 46); do
		cp --sparse=always /run/kept /run/home
		up
		"$stop_after" --merge --meanwhile "$dev sh -c \
			'cat /dev/zero >~/fill 2>/dev/null
			cat /dev/zero >>~/fill 2>/dev/null'
			sync -f /home/dev" "$n" $grant >"$out.log" 2>&1
		code=$?
		[ "$code" = 0 ] || [ "$code" -ge 200 ] ||
			fail "filled at $n: $code: $(cat "$out.log")"
		[ ! -s /home/dev/fill ] || count=$((count + 1))
		expect 0 "undo, filled at $n" $undo
		same "undo, filled at $n"
		down
	done
	[ "$count" -gt 5 ] || fail "it was filled $count times"
}

# --- on the machine -----------------------------------------------------------------

if [ "${1-}" = --case ]; then
	fs=${2#*_} bin=$3 stop_after=$4 out=$5
	"case_${2%_*}"
	exit 0
fi

[ $# -gt 1 ] || { sed -n 's/^# \{0,1\}//p' "$0" | sed -n 1,22p; exit 2; }
bin=$(cd "$1" && pwd)
stop_after=$2
shift 2
cases="cut_ext4 second_xfs cut_btrfs full_ext4 full_btrfs begun_ext4-1k"
[ -n "$everyday" ] ||
	cases="$cases second_ext4 cut_xfs second_btrfs full_xfs full_ext4-1k"
# shellcheck disable=SC2086
[ $# -gt 0 ] || set -- $cases

. "$here/cases.sh"
