# people.sh: two people of one machine, each other's enemy.
#
# Sourced by the scripts of this folder, on a host to break
# (tests/support/host), with $programs the directory of the programs: ann
# (1600) and bob (1601), enrolled by the real setup of programs that are
# installed as on a machine, in homes that nobody else may enter, on a
# filesystem that can be mapped. Each denial is made beside what must work.

[ "${SBK_TEST_HOST-}" = 1 ] || {
	echo "not on a host to break (tests/support/host)"
	exit 77
}
failed=0
at=/srv/bin
homes=/srv/homes

bad()
{
	echo "FAILED   $*"
	failed=1
}

ok() { [ -z "${SBK_VERBOSE-}" ] || echo "ok       $*"; }

# is NAME WANTED GOT
is()
{
	[ "$2" = "$3" ] && ok "$1" || bad "$1: wanted '$2', got '$3'"
}

# has NAME PART TEXT
has()
{
	case $3 in
	*"$2"*) ok "$1" ;;
	*) bad "$1: no '$2' in '$3'" ;;
	esac
}

# works WHAT COMMAND...; refused WHAT COMMAND...: not by a mistake
works()
{
	tried=$1
	shift
	"$@" >/srv/said 2>&1 && ok "works: $tried" ||
		bad "does not work: $tried: $(tail -n 3 /srv/said)"
}

refused()
{
	tried=$1
	shift
	"$@" >/srv/said 2>&1
	code=$?
	# setpriv, too, ends with 127.
	case $code$(tail -n 1 /srv/said) in
	0*) bad "not refused: $tried" ;;
	127setpriv:*"not permitted") ok "refused: $tried" ;;
	124* | 126* | 127*) bad "not tried: $tried: $(cat /srv/said)" ;;
	*) ok "refused: $tried" ;;
	esac
}

# Words before a command that make it a person's or an account's own;
# expanded unquoted.
words()
{
	echo "setpriv --reuid $1 --regid $1 --clear-groups env -i" \
		"PATH=$at:/usr/bin:/bin:/usr/sbin:/sbin HOME=$2 LC_ALL=C"
}
ann=$(words 1600 $homes/ann)
bob=$(words 1601 $homes/bob)

number() { id -u "sandbook-$1"; }

install_programs()
{
	# What lies on an overlay cannot be mapped.
	mount -t tmpfs -o mode=0755 srv /srv || exit 1
	mkdir -p $at $homes
	for name in sandbook sandbook-setup sandbook-mount; do
		install -m 0755 "$programs/$name" $at/$name || exit 1
	done
	for name in "$@"; do
		install -m 0755 "$programs/$name" $at/$name || exit 1
	done
}

# The people, and few others: uninstall asks everybody in turn.
make_people()
{
	umask 022
	rm -rf /root/.local/state/sandbook /var/lib/sandbook
	sed -i '/^\(root\|daemon\|nobody\|www-data\):/!d' /etc/passwd \
		/etc/shadow
	for who in ann:1600 bob:1601; do
		useradd -M -s /bin/sh -u ${who#*:} -d $homes/${who%:*} \
			${who%:*} || exit 1
		home=$homes/${who%:*}
		mkdir -p $home/ws
		chmod 0700 $home
		chown -R ${who#*:}:${who#*:} $home
	done
	cd $at || exit 1
}

# The words of one sandbox account, outside of any namespace.
become_accounts()
{
	ann_account=$(number 1600-off) bob_account=$(number 1601-off)
	as_ann_account=$(words "$ann_account" /nonexistent)
	as_bob_account=$(words "$bob_account" /nonexistent)
}

enrol()
{
	for who in ann bob; do
		sandbook setup --yes --user $who >/srv/said 2>&1 || {
			cat /srv/said >&2
			bad "setup of $who"
			exit 1
		}
	done
	become_accounts
	is "the bit of sandbook-mount" 4755 "$(stat -c %a $at/sandbook-mount)"
}
PATH=$at:/usr/sbin:/usr/bin:/sbin:/bin
export PATH

# What a sweep need not look at, so that it is short.
elsewhere()
{
	for place in /* /etc/*/ /var/* /var/lib/* /root/* /root/.[!.]* \
		/run/host; do
		place=${place%/}
		case $place in
		/etc | /etc/systemd | /var | /var/lib | /var/lib/sandbook) ;;
		/home | /root | /root/.local | /run | /proc | /sys | /srv) ;;
		*) printf ' --skip %s' "$place" ;;
		esac
	done
}

# Waits up to a minute for a condition, a command's words.
await()
{
	tries=0
	until "$@" >/dev/null 2>&1; do
		tries=$((tries + 1))
		[ $tries -lt 3000 ] || return 1
		sleep 0.02
	done
}
