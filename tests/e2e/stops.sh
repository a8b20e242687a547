# Sourced by test_stops.sh and test_stops_machine.sh: a place with a person, a
# command that is ended before its n-th change, and the comparison with what
# there was. Wants $stop_after and, for the names of what is written, $out.
campaign=${SBK_CAMPAIGN-0}
# What counts: options of stop_after.
if [ "$campaign" = 1 ]; then counting=; else counting=--merge; fi

fail()
{
	echo "FAILED: $*" >&2
	exit 1
}

# Words before a command that make it dev's; expanded unquoted.
dev="setpriv --reuid dev --regid dev --init-groups env -i
PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/home/dev"

# Few accounts, a person, and the small workspace.
world()
{
	[ "${SBK_TEST_HOST-}" = 1 ] || fail "not on a host to break"
	rm -rf /root/.local/state/sandbook /var/lib/sandbook
	# Uninstall asks everyone in turn: a handful will do.
	sed -i '/^\(root\|daemon\|nobody\|www-data\):/!d' /etc/passwd /etc/shadow
	useradd -m -k /nonexistent -s /bin/sh dev
	chmod 755 /home/dev
	$dev sh -eu -c '
		umask 022
		mkdir -p ~/other ~/project/src ~/project/handed-on
		cd ~/project
		echo text >src/file
		ln src/file src/second
		echo outside >~/other/file
		ln ~/other/file src/outside
		echo shared >shared
		setfacl -m u:www-data:r shared
		chmod 640 shared
		setfattr -n user.note -v kept shared
		setfacl -m g:www-data:rx -d -m u:www-data:rx handed-on
		ln -s src/file link
	' || fail "the world could not be made"
}

offline() { echo "sandbook-$(id -u dev)-off"; }

# What is below a directory, sorted, made by standard tools alone.
look()
{
	(
		cd "$1" || exit 1
		find . -type d -printf '%p|%y|%m|%U:%G\n' -o \
			-printf '%p|%y|%m|%U:%G|%n|%l\n' | LC_ALL=C sort
		find . -type f -print0 | LC_ALL=C sort -z |
			xargs -0r sha256sum
		find . -print0 | LC_ALL=C sort -z >"$out.names"
		xargs -0r getfacl -nP <"$out.names"
		xargs -0r getfattr -hd -e hex -m - <"$out.names" 2>/dev/null
	)
}

same()
{
	look "$1" >"$out.now" || fail "$2: no look at '$1'"
	cmp -s "$out.before$3" "$out.now" || {
		diff "$out.before$3" "$out.now" | head -40 >&2
		fail "$2: '$1' is not what it was"
	}
}

same_project() { same /home/dev/project "$1" .project; }
same_home() { same /home/dev "$1" .home; }

remember()
{
	look /home/dev/project >"$out.before.project"
	look /home/dev >"$out.before.home"
}

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

# stopped N COMMAND...: true where it was ended before its n-th change
stopped()
{
	# shellcheck disable=SC2086
	"$stop_after" $counting "$@" >"$out.log" 2>&1
	code=$?
	case $code in
	137) return 0 ;;
	0) return 1 ;;
	77)
		cat "$out.log" >&2
		exit 77
		;;
	esac
	cat "$out.log" >&2
	fail "stopped at $1, it ended with $code"
}

# The programs where a set-id bit counts, and only root can put others.
install_programs()
{
	mkdir -p /run/programs
	mount -t tmpfs -o mode=0755 programs /run/programs
	for program in sandbook sandbook-setup sandbook-mount; do
		install -m 0755 "$bin/$program" /run/programs ||
			fail "'$program' cannot be installed"
	done
	bin=/run/programs
}

# How many changes a command makes.
changes_of()
{
	# shellcheck disable=SC2086
	expect 0 "counting" "$stop_after" --count "$out.count" $counting 0 "$@"
	cat "$out.count"
}

swept()
{
	[ "$2" -ge "$3" ] || fail "$1: only $2 stops"
	echo "  $1: $2 stops" >&2
}
