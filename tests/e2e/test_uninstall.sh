#!/bin/sh
# test_uninstall.sh DIRECTORY-OF-THE-PROGRAMS [CASE... | but CASE...]
#
# The whole host before setup and after uninstall, as tests/support/manifest
# sees it, byte for byte: after a plain session, after edits by others, after
# renames, after editors that replace files, after files that a sandbox account
# made, after kill -9 anywhere, with a full disk, with a volume that is away,
# with hostile homes. Each case has a host of its own (tests/support/host).
#
# A case that edits is run twice, on a host with Sandbook and on one without,
# and the two hosts must end up the same: only the edits remain.
#
# SBK_CAMPAIGN=1 kills 400 times for each command instead of SBK_KILLS or 30.
#
# Exits 77 with a reason where this machine cannot do it.
set -u
here=$(cd "$(dirname "$0")" && pwd)
support=$here/../support

# The dynamic loader of a sanitizer build is slower to die.
if [ "${SBK_CAMPAIGN-}" = 1 ]; then kills=400; else kills=${SBK_KILLS-30}; fi

fail()
{
	echo "FAILED: $*" >&2
	exit 1
}

# --- on a host to break -------------------------------------------------------

# Everything that the cases do not touch: the sweep of the machine as a whole
# is the plain case's business. What stands below the overlays would be seen a
# second time.
elsewhere()
{
	for place in /* /var/* /var/lib/* /root/* /root/.[!.]* /run/host; do
		case $place in
		/etc | /var | /var/lib | /var/lib/sandbook | /var/mail) ;;
		/home | /root | /root/work | /root/.local | /run) ;;
		/proc | /sys) ;;
		*) printf ' --skip %s' "$place" ;;
		esac
	done
}

# Words before a command that make it dev's; expanded unquoted.
dev="setpriv --reuid dev --regid dev --init-groups env -i
PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/home/dev"

as_dev() { $dev "$@"; }

# A machine with a person who has a project.
world()
{
	[ "${SBK_TEST_HOST-}" = 1 ] || fail "not on a host to break"
	# The overlays show what the real machine has, an installation included.
	rm -rf /root/.local/state/sandbook /var/lib/sandbook
	useradd -m -s /bin/sh dev
	chmod 755 /home/dev
	as_dev sh -eu -c '
		umask 022
		mkdir -p ~/project/src/deep ~/project/doc ~/other
		cd ~/project
		for i in 1 2 3 4 5 6 7 8 9; do
			echo "text $i" >src/file$i
			echo "deep $i" >src/deep/file$i
		done
		echo x >doc/private; chmod 600 doc/private
		echo x >doc/script; chmod 755 doc/script
		echo x >doc/replaced
		setfacl -m u:www-data:r doc/script
		mkdir doc/handed-on
		setfacl -d -m u:www-data:rx doc/handed-on
		ln -s src/file1 link
	' || fail "the world could not be made"
	mkdir -p /root/work/sub
	echo root >/root/work/sub/file
}

manifest()
{
	"$support/manifest" /etc /var/lib/sandbook /var/mail /root/.local /root/work \
		/home "$@" >"$out.manifest" || fail "no manifest"
	cat "$out.manifest"
	rm -f "$out.manifest"
}

same()
{
	manifest >"$out.now"
	diff "$out.before" "$out.now" >"$out.diff" || {
		head -60 "$out.diff" >&2
		fail "$1: the host is not what it was"
	}
}

offline() { echo "sandbook-$(id -u dev)-off"; }
number() { id -u "$(offline)"; }

# As the offline account: one process, no groups but its own.
as_account()
{
	setpriv --reuid "$(number)" --regid "$(id -g "$(offline)")" \
		--clear-groups "$@"
}

setup()
{
	"$bin/sandbook" setup --yes --user dev >"$out.log" 2>&1 || {
		cat "$out.log" >&2
		fail "setup"
	}
}

grant()
{
	as_dev "$bin/sandbook" grant --yes --to "$(offline)" --rw \
		"${1-/home/dev/project}" >"$out.log" 2>&1 || {
		cat "$out.log" >&2
		fail "grant"
	}
}

undo()
{
	as_dev "$bin/sandbook" undo --yes --path /home/dev/project \
		>"$out.log" 2>&1 || {
		cat "$out.log" >&2
		fail "undo"
	}
}

certificates=0
# uninstall EXPECTED-CODE [OPTION...]
uninstall()
{
	expected=$1
	shift
	certificates=$((certificates + 1))
	certificate=/run/certificate.$certificates.json
	# shellcheck disable=SC2046
	"$bin/sandbook" uninstall --yes $(elsewhere) \
		--certificate "$certificate" "$@" >"$out.log" 2>&1
	code=$?
	[ "$code" = "$expected" ] || {
		cat "$out.log" >&2
		fail "uninstall ended with $code and not with $expected"
	}
}

# certified EXPRESSION: of Python, over the predicate p
certified()
{
	python3 - "$certificate" "$1" <<-'END' || {
		import base64, json, sys
		e = json.load(open(sys.argv[1]))
		assert len(e["signatures"]) == 1
		s = json.loads(base64.b64decode(e["payload"]))
		assert s["_type"] == "https://in-toto.io/Statement/v1"
		p = s["predicate"]
		assert s["subject"][0]["digest"]["rfc6962-sha256"] == \
			p["journal"]["root"]
		sys.exit(not eval("(" + sys.argv[2] + ")"))
	END
		cat "$certificate" >&2
		fail "the certificate does not say: $1"
	}
}

said() { grep -q -- "$1" "$out.log" || {
	cat "$out.log" >&2
	fail "it did not say '$1'"
}; }

# The exported log has the root that the certificate names: computed here, by
# RFC 6962, without a line of ours.
check_log()
{
	python3 - "$certificate" /run/log.jsonl <<-'END' ||
		import base64, hashlib, json, sys
		s = base64.b64decode(json.load(open(sys.argv[1]))["payload"])
		journal = json.loads(s)["predicate"]["journal"]
		lines = open(sys.argv[2], "rb").read().split(b"\n")
		entries = lines[1:1 + journal["size"]]
		def root(leaves):
		    if len(leaves) == 1:
		        return hashlib.sha256(b"\0" + leaves[0]).digest()
		    k = 1
		    while k * 2 < len(leaves):
		        k *= 2
		    return hashlib.sha256(b"\1" + root(leaves[:k]) +
		        root(leaves[k:])).digest()
		assert json.loads(entries[-1])["op"] == "end"
		assert root(entries).hex() == journal["root"]
	END
		fail "the exported log is not the one that the certificate names"
}

case_plain()
{
	world
	manifest >"$out.before"
	"$bin/sandbook" uninstall --yes >"$out.log" 2>&1 ||
		fail "uninstall of nothing ended with $?"
	said 'nothing is installed'
	setup
	grant
	"$bin/sandbook" grant --yes --to "$(offline)" --ro /root/work \
		>"$out.log" 2>&1 || fail "grant by root"
	grant /home/dev/other
	as_dev "$bin/sandbook" undo --yes --path /home/dev/other \
		>"$out.log" 2>&1 || fail "undo of one grant"
	as_dev "$bin/sandbook" run -C /home/dev/project -- \
		sh -c 'echo ran >made-by-run' >"$out.log" 2>&1 || {
		cat "$out.log" >&2
		fail "a run"
	}
	as_dev cat /home/dev/project/made-by-run >/dev/null || fail "no run"
	as_dev rm /home/dev/project/made-by-run
	as_account sleep 1000 &
	sleeper=$!
	manifest >"$out.dry"
	"$bin/sandbook" uninstall --dry-run >"$out.log" 2>&1 ||
		fail "--dry-run ended with $?"
	said "user .* dev: .* changes"
	manifest >"$out.now"
	# A reader, too, leaves marks in the shared memory file of SQLite.
	sed -i '/\(journal\|live\).db-shm/d' "$out.dry" "$out.now"
	diff "$out.dry" "$out.now" >&2 || fail "--dry-run touched the host"
	# The whole machine is swept, this once.
	cd /run || exit 1
	"$bin/sandbook" uninstall --yes --export /run/log.jsonl \
		>"$out.log" 2>&1 || {
		code=$?
		cat "$out.log" >&2
		fail "uninstall ended with $code"
	}
	certificate=/run/sandbook-uninstall.json
	certified 'p["verdict"] == "clean" and not p["exceptions"]'
	certified 'p["sweep"]["complete"] and not p["sweep"]["findings"]'
	certified 'p["sweep"]["coverage"]["examined"] > 1000'
	certified 'sum(x["processes_ended"] for x in p["principals"]) == 1'
	certified 'len(p["people_reported"]) == 2'
	certified 'all(c["status"] == "undone" and c["undo"]["status"] ==
		"confirmed" for c in p["changes"]) and len(p["changes"]) > 5'
	check_log
	kill -0 "$sleeper" 2>/dev/null && fail "a process of the account lives"
	same "a plain session"
	"$bin/sandbook" uninstall --yes >"$out.log" 2>&1 ||
		fail "a second uninstall ended with $?"
	said 'nothing is installed'
}

# A person's own part, then the machine's.
case_user_only()
{
	world
	manifest >"$out.before"
	setup
	manifest >"$out.set-up"
	grant
	as_dev "$bin/sandbook" uninstall --yes >"$out.log" 2>&1 || {
		cat "$out.log" >&2
		fail "a person's uninstall"
	}
	said 'your journal is removed'
	said 'sudo sandbook uninstall'
	manifest >"$out.now"
	cmp "$out.set-up" "$out.now" || fail "a person's part is not undone"
	as_dev "$bin/sandbook-setup" uninstall --yes >"$out.log" 2>&1
	[ $? = 203 ] || fail "a person may uninstall the machine's part"
	uninstall 0
	same "a person's part first"
}

# --- cases that edit: "$ours" is empty on the host without Sandbook -----------

begin() { world; [ -z "$ours" ] || { setup; grant; }; }
# end EXPECTED-CODE
end()
{
	[ -z "$ours" ] || uninstall "$1"
	manifest
}

case_edits()
{
	begin
	as_dev sh -eu -c '
		cd ~/project
		echo more >>src/file1
		chmod 600 src/file2
		chmod 640 src/file3
		chmod 700 src/deep
		setfacl -m u:www-data:rw src/file4
		setfacl -m g:www-data:rx doc
		setfacl -x u:www-data doc/script
		rm src/file5
		echo new >~/other/new
	' || fail "edits"
	chown www-data src 2>/dev/null
	chown www-data:www-data /home/dev/project/src/file6
	useradd -m -s /bin/sh stranger
	groupadd -g 4242 strangers # not as free numbers go
	usermod -aG strangers stranger
	echo '# a line' >>/etc/hosts
	nft add table inet theirs
	nft add chain inet theirs input '{ type filter hook input priority 0; }'
	end 0
}

case_renames()
{
	begin
	as_dev sh -eu -c '
		cd ~
		mv project/src/file1 project/src/renamed
		mv project/src/file2 other/moved-out
		mv project/src/deep project/doc/deep
		mv project workspace
		mkdir project
		echo another >project/file
	' || fail "renames"
	end 0
}

case_editors()
{
	begin
	as_dev sh -eu -c '
		umask 022
		cd ~/project
		sed -i s/text/TEXT/ src/file1
		echo written >src/.file2.tmp && mv src/.file2.tmp src/file2
		cp src/file3 src/file3~ && echo again >src/file3
		rm doc/replaced && echo replaced >doc/replaced
		python3 -c "
import os
os.rename(\"src/file4\", \"src/file4.bak\")
open(\"src/file4\", \"w\").write(\"new\")
os.unlink(\"src/file4.bak\")"
		mkdir -p made/below && echo x >made/below/file
		git init -q repository && cd repository &&
			git -c user.name=n -c user.email=e commit -q \
			--allow-empty -m x --date "2000-01-01T00:00:00Z" &&
			rm -rf .git
		ln ~/project/src/file7 ~/project/src/second-name
		ln -s /etc/passwd ~/project/to-passwd
	' || fail "editors"
	end 0
}

# What the account itself makes: it becomes the owner's of the directory.
case_account()
{
	begin
	who=dev
	[ -z "$ours" ] || who=$(offline)
	uid=$(id -u "$who") gid=$(id -g "$who")
	setpriv --reuid "$uid" --regid "$gid" --clear-groups sh -eu -c '
		umask 022
		cd /home/dev/project
		echo theirs >src/file1
		echo made >src/made
		mkdir -p src/closed/below
		echo deep >src/closed/below/file
		chmod 700 src/closed src/closed/below
		chmod 600 src/closed/below/file
		ln -s /etc/shadow src/closed/link
		mkfifo src/closed/fifo
		ln src/made src/second-name
		mkdir src/open && chmod 757 src/open && echo x >src/open/file
		cp /bin/true src/program
	' || fail "the account cannot write in a granted tree"
	[ -z "$ours" ] || setpriv --reuid "$uid" --regid "$gid" \
		--clear-groups chmod 6755 /home/dev/project/src/program
	[ -n "$ours" ] || chmod 755 /home/dev/project/src/program
	end 0
	[ -z "$ours" ] || certified 'p["verdict"] == "clean but" and
		p["residue_restored"]["owners_given_back"] >= 9'
}

# --- what is owed --------------------------------------------------------------

# In a directory that everyone may write in, nobody vouches for a file.
case_everyone()
{
	world
	mkdir -m 1777 /home/public
	manifest >"$out.before"
	setup
	grant
	as_account sh -c 'echo x >/home/dev/project/made
		echo ticket >/home/public/krb5cc_0; mkdir /home/public/d
		echo x >/home/public/d/x' || fail "cannot write in public"
	uninstall 207
	certified 'p["verdict"] == "incomplete" and
		p["residue_restored"]["given_to_nobody"] == 3 and
		p["residue_restored"]["owners_given_back"] == 1'
	[ "$(stat -c %a "$certificate")" = 600 ] ||
		fail "a certificate with paths of users is public"
	[ "$(stat -c %a /var/lib/sandbook)" = 700 ] ||
		fail "a record with paths of users is public"
	[ -e /var/lib/sandbook/journal.db ] &&
		fail "a record with paths of users is published"
	[ "$(stat -c %u /home/public/krb5cc_0)" != 0 ] ||
		fail "root trusts a file that the sandbox wrote"
	getent passwd | grep -q sandbook- && fail "the accounts stay"
	rm -r /home/public/krb5cc_0 /home/public/d /home/dev/project/made
	uninstall 0 --json
	python3 -c 'import base64, json, sys
assert json.load(open(sys.argv[1])) == json.loads(base64.b64decode(
    json.load(open(sys.argv[2]))["payload"]))' \
		"$out.log" "$certificate" || fail "--json is no certificate"
	same "files that nobody vouched for"
}

# An entry that no journal knows, on a file that nobody may change: the next
# uninstall, which may, does not owe what that one did.
case_immutable()
{
	world
	manifest >"$out.before"
	setup
	as_dev setfacl -m "u:$(number):r" /home/dev/project/src/file1
	chattr +i /home/dev/project/src/file1 || exit 77
	uninstall 207
	said "access '/home/dev/project/src/file1'"
	said 'the final sweep found 1 thing'
	chattr -i /home/dev/project/src/file1
	uninstall 0
	as_dev setfacl -b /home/dev/project/src/file1
	same "an immutable file"
}

# The same on a volume that is away by then: the entry is still on it, and the
# only record of it goes.
case_away()
{
	world
	mkdir /home/dev/volume
	mount -t tmpfs none /home/dev/volume
	echo x >/home/dev/volume/file
	setup
	setfacl -m "u:$(number):r" /home/dev/volume/file
	mount -o remount,ro /home/dev/volume
	uninstall 207
	grep -q 'were taken out' "$out.log" && fail "nothing was taken out"
	certified 'p["residue_restored"]["entries_taken_out"] == 0'
	mount -t tmpfs none /home/dev/volume
	uninstall 0
	said "not looked for again.*'/home/dev/volume/file'"
	certified 'p["verdict"] == "clean but"'
	[ "$(stat -c %a "$certificate")" = 600 ] ||
		fail "everybody reads the path of a user"
	umount /home/dev/volume
	umount /home/dev/volume
}

# as_dev_ends CODE WORD...: dev's sandbook; what it says is in the log
as_dev_ends()
{
	expected=$1
	shift
	as_dev "$bin/sandbook" "$@" >"$out.log" 2>&1
	code=$?
	[ "$code" = "$expected" ] || {
		cat "$out.log" >&2
		fail "sandbook $* ended with $code and not with $expected"
	}
}

# What the account made is the account's: dev is told at each step that only
# root can mend it, by which command, and both commands do.
case_owed()
{
	world
	manifest >"$out.before"
	setup
	for way in chown uninstall; do
		grant
		as_account sh -c 'umask 022; cd /home/dev/project
			echo x >src/made; mkdir made-too; echo x >made-too/in' ||
			fail "the account cannot write"
		as_dev_ends 0 audit drift
		as_dev_ends 0 uninstall --dry-run
		said 'note .*will be owed: 3 objects made in'
		as_dev_ends 207 undo --yes --path /home/dev/project
		said 'still owed: 3'
		said "only root can take our entries out"
		said "'sudo sandbook uninstall' does"
		sed -n 's/^  sudo \(find .*\)/\1/p' "$out.log" >"$out.command"
		as_dev_ends 207 undo --yes --json --path /home/dev/project
		said '"owed":3,"owed_to_root":3'
		as_dev_ends 0 undo --yes --path /home/dev/other
		as_dev_ends 1 audit drift
		said 'drift.owed'
		said 'sudo sandbook uninstall'
		as_dev_ends 1 audit scope /home/dev/project
		said "by 'owner u:"
		as_dev_ends 0 uninstall --dry-run
		said 'owed of an earlier undo: 3 objects'
		as_dev_ends 207 uninstall --yes
		said '3 objects belong to a sandbox account'
		"$bin/sandbook" audit drift >"$out.log" 2>&1 &&
			fail "drift finds nothing for root"
		said 'drift.owed'
		"$bin/sandbook" uninstall --dry-run $(elsewhere) \
			>"$out.log" 2>&1 || fail "uninstall -n"
		said 'user .* dev: .* 1 owed'
		[ "$way" = chown ] || break
		sh "$out.command" || fail "the command that was told"
		as_dev_ends 0 undo --yes --path /home/dev/project
		as_dev_ends 0 audit drift
		as_dev getfacl -Rn /home/dev/project |
			grep -q "^\(default:\)*user:$(number)" &&
			fail "entries stay"
		as_dev rm -r /home/dev/project/src/made \
			/home/dev/project/made-too || fail "they are not dev's"
	done
	uninstall 0
	[ "$(stat -c %U /home/dev/project/made-too/in)" = dev ] ||
		fail "what the account made was not given back"
	rm -r "$out.command" /home/dev/project/src/made \
		/home/dev/project/made-too
	same "what the account made"
}

# A journal that is lost: what it knew of others' numbers nobody knows, and the
# certificate says so; ours are found without it.
case_lost()
{
	world
	setup
	grant
	as_dev "$bin/sandbook" grant --yes --to 64990 --ro /home/dev/other \
		>"$out.log" 2>&1 || fail "grant to a number"
	as_dev rm -r /home/dev/.local
	uninstall 0
	said "not covered .*'dev' has no journal"
	said 'cannot be told from the owner'
	certified 'p["verdict"] == "clean but" and
		any("dev" in x for x in p["sweep"]["coverage"]["not_covered"])'
	certified 'len(p["sweep"]["coverage"]["searched_for"]) == 5'
	getfacl -Rn /home/dev/project | grep -q '^\(default:\)*user:19' &&
		fail "an entry of ours stays"
	getfacl -n /home/dev/other | grep -q '^user:64990:r-x' ||
		fail "an entry that nobody knows was taken out"
	# It names paths, and stands in a directory of root's.
	[ "$(stat -c %a:%u "$certificate")" = 600:0 ] ||
		fail "the certificate is $(stat -c %a:%u "$certificate")"
	said "its owner's alone to read"
	# The control: in a directory of his own it is who called sudo's.
	setup
	grant
	as_account sh -c 'echo x >/home/dev/project/made' || fail "no file"
	env SUDO_UID="$(id -u dev)" SUDO_GID="$(id -g dev)" SUDO_USER=dev \
		"$bin/sandbook" uninstall --yes $(elsewhere) --certificate \
		/home/dev/other/c.json >"$out.log" 2>&1 || fail "uninstall"
	[ "$(stat -c %a:%U /home/dev/other/c.json)" = 600:dev ] ||
		fail "its certificate is $(stat -c %a:%U /home/dev/other/c.json)"
	# And with the journal there is nothing else to say.
	setup
	grant
	uninstall 0
	certified 'len(p["sweep"]["coverage"]["not_covered"]) == 1'
	[ "$(stat -c %a "$certificate")" = 644 ] ||
		fail "a certificate without paths is hidden"
	# The machine's: setup does not take its accounts for its own.
	setup
	mv /var/lib/sandbook /var/lib/away
	"$bin/sandbook" setup --yes --user dev >"$out.log" 2>&1
	[ $? = 204 ] || fail "setup over accounts that no journal knows"
	said "machine's journal, .* is lost"
	mv /var/lib/away /var/lib/sandbook
	uninstall 0
}

# A number that is somebody else's now, and an account of our name.
case_foreign()
{
	world
	setup
	uid=$(number)
	userdel "$(offline)"
	useradd -u "$uid" -m other
	echo mine >/home/other/file
	chown other /home/other/file
	setfacl -m u:other:r /home/other/file
	setpriv --reuid other --regid other --clear-groups sleep 1000 &
	sleeper=$!
	manifest | grep '^/home/other\|^# file: /home/other\|^user:' \
		>"$out.before"
	uninstall 0
	said "is 'other' today"
	certified 'p["verdict"] == "clean but"'
	kill -0 "$sleeper" || fail "somebody else's process was ended"
	kill "$sleeper"
	manifest | grep '^/home/other\|^# file: /home/other\|^user:' \
		>"$out.now"
	cmp "$out.before" "$out.now" || fail "somebody else's files were touched"
	getent passwd other >/dev/null || fail "somebody else's account is gone"
}

# Files of a number that setup chooses later (the group's; the accounts' cannot
# be known before): nobody's, but not ours either.
case_forgotten()
{
	world
	mkdir /home/forgotten
	for number in $(seq 100 999); do
		echo x >"/home/forgotten/$number"
		chown "$number:$number" "/home/forgotten/$number"
		setfacl -m "g:$number:r" "/home/forgotten/$number"
	done
	manifest >"$out.before"
	setup
	grant
	uninstall 0
	certified 'p["residue_restored"]["older_than_ours"] > 0'
	same "files of a forgotten account"
}

case_volume()
{
	world
	truncate -s 16M "$out.volume"
	mkfs.ext4 -q -E root_owner="$(id -u dev):$(id -g dev)" "$out.volume" ||
		fail "mkfs"
	mkdir /home/dev/volume
	mount -o loop "$out.volume" /home/dev/volume || {
		echo "no loop device here" >&2
		exit 77
	}
	as_dev sh -c 'cd ~/volume && mkdir tree && echo x >tree/file'
	manifest /home/dev/volume >"$out.before"
	setup
	grant
	grant /home/dev/volume/tree
	as_account sh -c 'echo made >/home/dev/volume/tree/made' ||
		fail "the account cannot write"
	umount /home/dev/volume
	uninstall 207
	said 'are owed'
	certified 'p["verdict"] == "incomplete"'
	getent passwd | grep -q sandbook- && fail "the accounts stay"
	[ -e /var/lib/sandbook/live.db ] || fail "the machine journal is gone"
	[ -e /home/dev/.local/state/sandbook/journal.db ] ||
		fail "the journal that owes is gone"
	as_dev getfacl -R /home/dev/project | grep -q 'user:sandbook' &&
		fail "what was not away was not undone"
	mount -o loop "$out.volume" /home/dev/volume || fail "mount"
	uninstall 0
	[ "$(stat -c %U /home/dev/volume/tree/made)" = dev ] ||
		fail "a file of the account was not given back"
	rm /home/dev/volume/tree/made
	manifest /home/dev/volume >"$out.now"
	umount /home/dev/volume
	rm "$out.volume"
	diff "$out.before" "$out.now" >&2 || fail "a volume that was away"
}

case_full()
{
	world
	manifest >"$out.before"
	setup
	grant
	# Both journals' volumes, to the last block.
	for place in var home etc; do
		mount -o remount,size=64M "/run/host/$place" || fail "remount"
		mkdir -p "/run/host/$place/fill"
		dd if=/dev/zero of="/run/host/$place/fill/a" bs=1M 2>/dev/null
		dd if=/dev/zero of="/run/host/$place/fill/b" bs=512 2>/dev/null
	done
	# The account tools write new files into /etc: a page for each.
	rm "/run/host/etc/fill/b"
	truncate -s -1M "/run/host/etc/fill/a"
	echo x >/home/dev/other/none 2>/dev/null &&
		[ -s /home/dev/other/none ] && fail "the disk is not full"
	rm -f /home/dev/other/none
	uninstall 0
	for place in var home etc; do
		rm -r "/run/host/$place/fill"
	done
	same "a full disk"
}

# Homes that lie, and homes that hang.
case_hostile()
{
	world
	for who in fifo link empty huge dots hang; do
		useradd -m "$who"
		mkdir -p "/home/$who/.local/state/sandbook"
		chmod -R 700 "/home/$who/.local"
	done
	mkfifo /home/fifo/.local/state/sandbook/journal.db
	ln -s /etc/shadow /home/link/.local/state/sandbook/journal.db
	: >/home/empty/.local/state/sandbook/journal.db
	{ printf 'SQLite format 3\000'; head -c 100000 /dev/urandom; } \
		>/home/huge/.local/state/sandbook/journal.db
	truncate -s 1T /home/huge/.local/state/sandbook/journal.db
	rm -r /home/dots/.local/state && ln -s /etc /home/dots/.local/state
	chmod 600 /home/*/.local/state/sandbook/journal.db 2>/dev/null
	for who in fifo link empty huge dots hang; do
		chown -hR "$who:$who" "/home/$who/.local"
	done
	# Served by a program that never answers, in place of the hang's home.
	python3 -c '
import ctypes, os, sys, time
fd = os.open("/dev/fuse", os.O_RDWR)
libc = ctypes.CDLL(None, use_errno=True)
uid = os.stat("/home/hang").st_uid
options = "fd=%d,rootmode=40000,user_id=%d,group_id=%d,allow_other" % (
	fd, uid, uid)
if libc.mount(b"hang", b"/home/hang/.local", b"fuse", 0, options.encode()):
	sys.exit(77)
open("/run/hanging", "w")
time.sleep(1000)' &
	server=$!
	tries=0
	while [ ! -e /run/hanging ]; do
		kill -0 "$server" 2>/dev/null || {
			echo "no FUSE here" >&2
			exit 77
		}
		tries=$((tries + 1))
		[ "$tries" -lt 100 ] || fail "the hanging home does not come up"
		sleep 0.05
	done
	cat /proc/self/mountinfo | grep -q /home/hang || fail "nothing hangs"
	setup
	grant
	begun=$(date +%s)
	uninstall 207 --user-limit 2 --skip /home/hang/.local
	took=$(($(date +%s) - begun))
	[ "$took" -lt 20 ] || fail "a hanging home cost $took seconds"
	certified 'p["verdict"] == "incomplete"'
	certified '{x["name"]: x for x in p["people_reported"]}["dev"][
		"journal_removed"]'
	for who in fifo link empty huge hang; do
		certified "'problem' in {x['name']: x
			for x in p['people_reported']}['$who']"
	done
	getent passwd | grep -q sandbook- && fail "the accounts stay"
	getfacl -Rn /home/dev | grep -q '^user:19' && fail "dev was not undone"
	# The administrator's way past those who would keep the journal.
	uninstall 0 --user-limit 2 --skip /home/hang/.local --leave fifo \
		--leave link --leave empty --leave huge --leave hang
	certified 'p["verdict"] == "clean but"'
	[ -e /var/lib/sandbook ] && fail "the machine journal stays"
	[ -p /home/fifo/.local/state/sandbook/journal.db ] ||
		fail "a home that was left alone was touched"
	kill -9 "$server"
}

# --- kill -9 ---------------------------------------------------------------------

# How long a function takes, in microseconds: the moments are within that.
span()
{
	begun=$(date +%s%N)
	"$@"
	span=$((($(date +%s%N) - begun) / 1000 + 1))
}

# A moment within the span, as `timeout` takes it. Kills that come too late make
# it shorter: how long a command takes depends on what else runs.
moment()
{
	random=$(od -An -N4 -tu4 /dev/urandom)
	printf '%d.%06d' $((random % span / 1000000)) \
		$((random % span % 1000000))
}

# killed COMMAND...: cut off at a random moment
hits=0
killed()
{
	if timeout -s KILL "$(moment)" "$@" >"$out.killed" 2>&1; then
		span=$((span * 9 / 10 + 1))
	elif [ $? = 137 ]; then
		hits=$((hits + 1)) span=$((span * 21 / 20))
	fi
}

# Most of the moments must have been within the command.
were_hit()
{
	echo "$1: $hits kills in $kills rounds" >&2
	[ "$hits" -ge $((kills / 3)) ] || fail "$1 was hardly ever hit"
}

killed_uninstall()
{
	certificates=$((certificates + 1))
	# shellcheck disable=SC2046
	killed "$bin/sandbook" uninstall --yes $(elsewhere) \
		--certificate "/run/certificate.$certificates.json"
}

case_kill_setup()
{
	world
	manifest >"$out.before"
	span setup
	uninstall 0
	for round in $(seq "$kills"); do
		killed "$bin/sandbook" setup --yes --user dev
		uninstall 0
		same "setup killed, round $round"
	done
	were_hit setup
}

case_kill_grant()
{
	world
	manifest >"$out.before"
	setup
	span grant
	uninstall 0
	for round in $(seq "$kills"); do
		setup
		killed $dev "$bin/sandbook" grant --yes \
			--to "$(offline)" --rw /home/dev/project
		uninstall 0
		same "grant killed, round $round"
	done
	were_hit grant
}

case_kill_undo()
{
	world
	manifest >"$out.before"
	setup
	grant
	span undo
	uninstall 0
	for round in $(seq "$kills"); do
		setup
		grant
		killed $dev "$bin/sandbook" undo --yes --path \
			/home/dev/project
		uninstall 0
		same "undo killed, round $round"
	done
	were_hit undo
}

case_kill_uninstall()
{
	world
	manifest >"$out.before"
	setup
	grant
	span uninstall 0
	for round in $(seq "$kills"); do
		setup
		grant
		as_account sh -c 'umask 022
			mkdir /home/dev/project/src/made
			echo x >/home/dev/project/src/made/file'
		for time in 1 2 3; do
			killed_uninstall
		done
		uninstall 0
		[ "$(stat -c %U /home/dev/project/src/made/file)" = dev ] ||
			fail "what the account made was not given back"
		rm -r /home/dev/project/src/made
		same "uninstall killed, round $round"
	done
	were_hit uninstall
}

# --- on the machine -----------------------------------------------------------------

if [ "${1-}" = --case ]; then
	name=$2 bin=$3 out=$4 ours=$5
	"case_$name"
	exit 0
fi

[ $# -gt 0 ] || { sed -n 's/^# \{0,1\}//p' "$0" | sed -n 1,16p; exit 2; }
bin=$(cd "$1" && pwd)
shift
both="edits renames editors account"
single="plain user_only everyone immutable away owed lost foreign forgotten volume full hostile kill_setup
kill_grant kill_undo kill_uninstall"
# shellcheck disable=SC2086
if [ "${1-}" = but ]; then
	left=" $* "
	set --
	for name in $single $both; do
		case $left in
		*" $name "*) ;;
		*) set -- "$@" "$name" ;;
		esac
	done
elif [ $# = 0 ]; then
	set -- $single $both
fi

directory=$(mktemp -d "${TMPDIR:-/tmp}/test_uninstall.XXXXXX") || exit 1
trap 'rm -rf "$directory"' EXIT
chmod 711 "$directory"
failed=0 skipped=0

run_case()
{
	"$support/host" sh "$here/test_uninstall.sh" --case "$1" "$bin" \
		"/run/host/$1" "$2" >"$directory/$1${2:+.}$2.out" 2>"$directory/err"
	code=$?
	[ "$code" = 0 ] || sed "s/^/  /" "$directory/err" >&2
	return "$code"
}

for name in "$@"; do
	began=$(date +%s)
	case " $both " in
	*" $name "*)
		run_case "$name" "" && run_case "$name" ours
		code=$?
		[ "$code" != 0 ] ||
			diff "$directory/$name.out" \
				"$directory/$name.ours.out" >"$directory/diff" ||
			{
				echo "  more than the edits remains:" >&2
				head -60 "$directory/diff" >&2
				code=1
			}
		;;
	*)
		run_case "$name" ours
		code=$?
		;;
	esac
	case $code in
	0) result=ok ;;
	77) result=skipped skipped=1 ;;
	*) result=FAILED failed=1 ;;
	esac
	echo "$result $name ($(($(date +%s) - began)) s)"
done

[ "$failed" = 0 ] || exit 1
[ "$skipped" = 0 ] || [ "${SBK_TESTS_MUST_RUN-}" = 1 ] || exit 77
exit "$skipped"
