#!/bin/sh
# test_stops.sh DIRECTORY-OF-THE-PROGRAMS STOP-AFTER CASE...
#
# The crash sweep (DESIGN part 11) on the real machine: the programs as they
# are installed, the journal on a disk, ACLs, accounts and rules of a host to
# break (tests/support/host). A command is ended by kill -9, with all that it
# started, right before its n-th change to the host, for n = 1, 2, 3, until it
# completes (tests/support/stop_after.c). Then Sandbook is asked to mend it,
# and the place must be what it was, as find, getfacl, getfattr and sha256sum
# see it; the journal must verify and owe nothing.
#
#	grant      grant stopped; then undo, or grant again, or uninstall
#	undo       undo stopped; then undo again
#	recovery   grant and undo stopped, then the recovery of either at each m
#	refused    change n of a grant or undo fails (EIO, EACCES; ENOSPC for
#	           good): it says so, and what it did is undone by itself
#	meanwhile  before change n of a grant somebody makes a file, a directory
#	           and a link in the tree: they are granted and given back, too
#	setup      setup stopped; then setup again and uninstall (or uninstall,
#	           or uninstall stopped, too); sandbook-mount has its set-id bit
#	           after the one and not after the other
#	remove     setup --remove-user stopped, with somebody else enrolled; then
#	           setup --remove-user again: the other one's part is as before
#	orphans    setup alone ended, and the tool that it started goes on for
#	           a while; meanwhile uninstall (only in a campaign)
#	uninstall  uninstall stopped, with a grant in effect and what the account
#	           made; then uninstall (or setup and uninstall)
#
# In the everyday run writes into one file, one after the other, are one change,
# and of setup and uninstall those changes count that Sandbook makes itself
# (of a removal every fourth);
# recovery is stopped after three stops of each command. SBK_CAMPAIGN=1 takes
# all, those of useradd and its like included, and what stands in parentheses
# (an hour).
#
# Exits 77 with a reason where this machine cannot do it.
set -u
here=$(cd "$(dirname "$0")" && pwd)
support=$here/../support
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

swept()
{
	[ "$2" -ge "$3" ] || fail "$1: only $2 stops"
	echo "  $1: $2 stops" >&2
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

# How many changes a command makes.
changes_of()
{
	# shellcheck disable=SC2086
	expect 0 "counting" "$stop_after" --count "$out.count" $counting 0 "$@"
	cat "$out.count"
}

# nested PREPARATION COMMAND: the command stopped at n, its recovery at m
nested()
{
	$1 || fail "$2 cannot be prepared"
	eval "words=\$$2"
	total=$(changes_of $words)
	removed "$2"
	# Around the changes of the host, and at the last one.
	stops="$((total / 2)) $((total * 3 / 4)) $total"
	[ "$campaign" != 1 ] || stops=$(seq "$total")
	count=0
	for n in $stops; do
		m=1
		while
			$1 || fail "$2 cannot be prepared"
			stopped "$n" $words || fail "$2 has no change $n"
			stopped "$m" $undo
		do
			what="$2 stopped at $n, recovery at $m"
			expect 0 "$what" $undo
			same_project "$what"
			removed "$what"
			m=$((m + 1)) count=$((count + 1))
		done
		removed "$2 stopped at $n"
	done
	swept "recovery of $2" "$count" 20
}

granted() { $grant >"$out.log" 2>&1; }

case_recovery()
{
	begin
	nested true grant
	nested granted undo
}

# refused COMMAND ERROR [--stay]: each change fails, or all from it on
refused()
{
	eval "words=\$$1"
	error=$2 stay=${3-}
	n=1 count=0
	while
		[ "$1" != undo ] || granted || fail "grant"
		# shellcheck disable=SC2086
		"$stop_after" --count "$out.count" $counting \
			--errno "$error" $stay "$n" $words >"$out.log" 2>"$out.said"
		code=$?
		[ "$(cat "$out.count")" -ge "$n" ]
	do
		what="$1, $error at $n $stay"
		case $code in
		0 | 20[0-9]) ;;
		*)
			cat "$out.log" "$out.said" >&2
			fail "$what: it ended with $code"
			;;
		esac
		[ "$code" = 0 ] || [ -s "$out.said" ] ||
			fail "$what: it ended with $code and said nothing"
		# What failed is undone by itself, where that can be.
		[ "$code" = 0 ] || [ "$1" = undo ] || [ -n "$stay" ] ||
			same_project "$what"
		expect 0 "$what" $undo
		same_project "$what"
		removed "$what"
		n=$((n + 1)) count=$((count + 1))
	done
	removed "$1"
	swept "$1, $error $stay" "$count" 20
}

case_refused()
{
	begin
	for command in grant undo; do
		refused "$command" EIO
		[ "$campaign" != 1 ] || refused "$command" EACCES
		refused "$command" ENOSPC --stay
	done
}

case_meanwhile()
{
	begin
	newcomers='cd /home/dev/project/src && umask 022 &&
		mkdir new && echo new >new/file && ln -s file new/link &&
		echo new >newcomer && chown -hR dev:dev new newcomer'
	sh -c "$newcomers"
	remember
	rm -r /home/dev/project/src/new*
	n=1
	while
		"$stop_after" $counting --count "$out.count" \
			--meanwhile "$newcomers" "$n" $grant >"$out.log" 2>&1
		code=$?
		[ "$(cat "$out.count")" -ge "$n" ]
	do
		what="grant, newcomers at $n"
		[ "$code" = 0 ] || {
			cat "$out.log" >&2
			fail "$what: it ended with $code"
		}
		expect 0 "$what" $undo
		settled "$what"
		rm -r /home/dev/project/src/new*
		n=$((n + 1))
	done
	swept "grant, newcomers" $((n - 1)) 40
}

# --- the machine ----------------------------------------------------------------

# What the overlays hold of their own: whatever differs from the machine below,
# and what was copied up without a difference.
own_names()
{
	for place in etc home root var; do
		find "/run/host/$place/upper" -mindepth 1 \
			-printf "/$place/%P\n"
	done
}

# Lines "name|..." about the objects of a list of names: one or more for each.
records()
{
	tr '\n' '\0' <"$1" | xargs -0r stat --printf '%n|%F|%a|%u:%g|%N\n' \
		2>/dev/null
	tr '\n' '\0' <"$1" | xargs -0r sh -c 'for name; do
		[ ! -f "$name" ] || [ -L "$name" ] || printf "%s\0" "$name"
	done' sh | xargs -0r sha256sum | sed 's/^\([^ ]*\)  \(.*\)/\2|\1/'
	tr '\n' '\0' <"$1" | xargs -0r getfattr -h --absolute-names -d \
		-e hex -m - 2>/dev/null | awk '
		/^# file: / { name = substr($0, 9); next }
		/./ { print name "|" $0 }'
}

# Those lines of $2 that are about names of $1; or that there is none.
only()
{
	awk -F'|' 'NR == FNR { wanted[$0] = 1; next }
		$1 in wanted { print; seen[$1] = 1 }
		END { for (name in wanted)
			if (!(name in seen)) print name "|absent" }' "$1" "$2" |
		LC_ALL=C sort
}

remember_machine()
{
	own_names >"$out.own"
	{
		cat "$out.own"
		find /etc /home -xdev
		find /var /root -xdev -maxdepth 2
	} | LC_ALL=C sort -u >"$out.names.all"
	records "$out.names.all" >"$out.records"
	nft --stateless list ruleset >"$out.rules"
	"$support/manifest" >"$out.machine" || fail "no manifest"
}

# By what the overlays hold, which is quick; wholly() compares all.
same_machine()
{
	own_names | LC_ALL=C sort -u - "$out.own" >"$out.names.now"
	records "$out.names.now" >"$out.records.now"
	only "$out.names.now" "$out.records" >"$out.expected"
	only "$out.names.now" "$out.records.now" >"$out.now"
	nft --stateless list ruleset >"$out.rules.now"
	cmp -s "$out.expected" "$out.now" &&
		cmp -s "$out.rules" "$out.rules.now" || {
		diff "$out.expected" "$out.now" | head -40 >&2
		diff "$out.rules" "$out.rules.now" | head -40 >&2
		fail "$1: the host is not what it was"
	}
}

wholly_the_same()
{
	same_machine "$1"
	"$support/manifest" >"$out.now" || fail "no manifest"
	diff "$out.machine" "$out.now" >&2 ||
		fail "$1: the host is not what it was"
}

# What is left out of the sweep, so that a round is short: all that these cases
# do not touch.
elsewhere()
{
	for place in /* /etc/*/ /var/* /var/lib/* /root/* /root/.[!.]* /run/host; do
		place=${place%/}
		case $place in
		/etc | /etc/systemd | /var | /var/lib | /var/lib/sandbook) ;;
		/home | /root | /root/.local | /run | /proc) ;;
		*) printf ' --skip %s' "$place" ;;
		esac
	done
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

# has_bit MODE CONTEXT: sandbook-mount has that mode
has_bit()
{
	[ "$(stat -c %a "$bin/sandbook-mount")" = "$1" ] ||
		fail "$2: sandbook-mount has the mode $(stat -c %a \
			"$bin/sandbook-mount") and not $1"
}

begin_machine()
{
	world
	install_programs
	# So that there is a unit to make, with its directories and links.
	mkdir -p /run/systemd/system
	setup="$bin/sandbook setup --yes --user dev"
	uninstall="$bin/sandbook uninstall --yes --json $(elsewhere)
	--certificate /run/certificate.json"
	[ "$campaign" = 1 ] || counting="--merge --program sandbook"
	remember_machine
}

uninstalled()
{
	rm -f /run/certificate.json
	expect 0 "$1" $uninstall
	has_bit 755 "$1"
	same_machine "$1"
}

case_setup()
{
	begin_machine
	n=1
	while stopped "$n" $setup; do
		expect 0 "setup stopped at $n, then setup" $setup
		has_bit 4755 "setup stopped at $n, then setup"
		ls -ld /var/lib/sandbook | grep -q '^drwxr-xr-x' ||
			fail "setup stopped at $n: $(ls -ld /var/lib/sandbook)"
		uninstalled "setup stopped at $n, setup, uninstall"
		n=$((n + 1))
	done
	uninstalled "setup"
	wholly_the_same "setup"
	swept "setup, then setup again" $((n - 1)) 50

	[ "$campaign" = 1 ] || return 0
	n=1
	while stopped "$n" $setup; do
		uninstalled "setup stopped at $n"
		n=$((n + 1))
	done
	uninstalled "setup"
	wholly_the_same "setup"
	swept "setup, then uninstall" $((n - 1)) 50

	total=$(changes_of $setup)
	uninstalled "setup"
	count=0
	for n in $((total / 3)) $((total * 2 / 3)) "$total"; do
		m=1
		while
			stopped "$n" $setup || fail "setup has no change $n"
			rm -f /run/certificate.json
			stopped "$m" $uninstall
		do
			uninstalled "setup stopped at $n, uninstall at $m"
			m=$((m + 1)) count=$((count + 1))
		done
		same_machine "setup stopped at $n"
	done
	swept "setup, then uninstall stopped" "$count" 50
}

# The account files, their copies and the rules.
enrolled()
{
	for file in passwd group shadow gshadow subuid subgid; do
		for copy in "" -; do
			[ -e "/etc/$file$copy" ] || continue
			stat -c '%n %a %u:%g' "/etc/$file$copy"
			cat "/etc/$file$copy"
		done
	done
	# Whether anything was left beside them.
	ls /etc
	nft --stateless list ruleset
}

case_remove()
{
	mkdir -p /var/www # the other one's home, which uninstall asks for
	begin_machine
	step=4
	[ "$campaign" = 1 ] && step=1
	leave="$bin/sandbook setup --yes --remove-user dev"
	expect 0 "the other one" "$bin/sandbook" setup --yes --user www-data
	enrolled >"$out.other"
	n=1 count=0
	while
		expect 0 "setup" $setup
		stopped "$n" $leave
	do
		expect 0 "removal stopped at $n, then again" $leave
		enrolled | diff "$out.other" - >&2 ||
			fail "removal stopped at $n: the other's is not as before"
		n=$((n + step)) count=$((count + 1))
	done
	enrolled | diff "$out.other" - >&2 ||
		fail "removal: the other's is not as before"
	expect 0 "the journal" "$bin/sandbook" journal verify --machine
	grep -q ' 0 findings$' "$out.log" || fail "$(cat "$out.log")"
	expect 0 "the status" "$bin/sandbook" status
	grep -q '(machine): readable, nothing owed' "$out.log" ||
		fail "$(cat "$out.log")"
	uninstalled "removal"
	wholly_the_same "removal"
	swept "removal, then again" "$count" 30
}

# Setup alone is ended, and useradd, say, goes on while uninstall looks.
case_orphans()
{
	[ "$campaign" = 1 ] || return 0
	begin_machine
	n=0
	expect 0 "counting" "$stop_after" --count "$out.count" --merge 0 $setup
	total=$(cat "$out.count")
	uninstalled "setup"
	while [ "$n" -lt "$total" ]; do
		n=$((n + 1))
		rm -f "$out.count"
		"$stop_after" --merge --orphan 150 --count "$out.count" "$n" \
			$setup >"$out.setup" 2>&1 &
		while [ ! -s "$out.count" ]; do sleep 0.005; done
		uninstalled "setup alone stopped at $n"
		wait
		uninstalled "setup alone stopped at $n, a moment later"
	done
	wholly_the_same "orphans"
	swept "setup alone" "$n" 50
}

# Set up, with a grant, and a directory that the account made in it.
in_use()
{
	expect 0 "setup" $setup
	expect 0 "grant" $dev "$bin/sandbook" grant --yes \
		--to "$(offline)" --rw /home/dev/project
	setpriv --reuid "$(id -u "$(offline)")" \
		--regid "$(id -g "$(offline)")" --clear-groups sh -c \
		'umask 022; mkdir /home/dev/project/src/made &&
		echo x >/home/dev/project/src/made/file' ||
		fail "the account cannot write"
	rm -f /run/certificate.json
}

# As uninstalled; what the account made is a person's now.
given_back()
{
	rm -f /run/certificate.json
	expect 0 "$1" $uninstall
	[ "$(stat -c %U%a /home/dev/project/src/made/file)" = dev644 ] ||
		fail "$1: what the account made was not given back"
	rm -r /home/dev/project/src/made
	same_machine "$1"
}

case_uninstall()
{
	begin_machine
	n=1
	while
		in_use
		stopped "$n" $uninstall
	do
		given_back "uninstall stopped at $n"
		n=$((n + 1))
	done
	rm -r /home/dev/project/src/made
	wholly_the_same "uninstall"
	swept "uninstall" $((n - 1)) 80

	[ "$campaign" = 1 ] || return 0
	n=1
	while
		in_use
		stopped "$n" $uninstall
	do
		what="uninstall stopped at $n, then setup"
		$setup >"$out.log" 2>&1
		code=$?
		case $code in
		0)
			ls -ld /var/lib/sandbook | grep -q '^drwxr-xr-x' ||
				fail "$what: $(ls -ld /var/lib/sandbook)"
			;;
		207)
			grep -q "'sandbook uninstall'" "$out.log" ||
				fail "$what: $(cat "$out.log")"
			;;
		*)
			cat "$out.log" >&2
			fail "$what: it ended with $code"
			;;
		esac
		given_back "$what, uninstall"
		n=$((n + 1))
	done
	rm -r /home/dev/project/src/made
	wholly_the_same "uninstall, setup"
	swept "uninstall, then setup" $((n - 1)) 80
}

# --- on the machine -----------------------------------------------------------------

if [ "${1-}" = --case ]; then
	name=$2 bin=$3 stop_after=$4 out=$5
	"case_$name"
	exit 0
fi

[ $# -gt 2 ] || { sed -n 's/^# \{0,1\}//p' "$0" | sed -n 1,40p; exit 2; }
bin=$(cd "$1" && pwd)
stop_after=$2
shift 2

. "$here/cases.sh"
