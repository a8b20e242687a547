/*
 * Two people on one machine, with the programs and their journal: enrolled,
 * taken back one by one, an older installation brought up to date; and the
 * account files what they were, byte for byte, whatever others did meanwhile.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "engine/linux/file.h"
#include "engine/linux/firewall.h"
#include "engine/principals.h"
#include "journal/journal.h"
#include "tests/linux/setup_world.h"

#include "engine/banned.h"

#define SETUP SBK_BINARY_DIR "/bin/sandbook-setup setup --yes "
#define SKIP_ALL                                                           \
	"$(for d in /*; do case $d in /etc) ;; *) printf -- '--skip %s ' " \
	"$d;; "                                                            \
	"esac; done)"
#define UNINSTALL                                                           \
	"cd /run && rm -f certificate.json && " SBK_BINARY_DIR              \
	"/bin/sandbook-setup uninstall --yes --certificate /run/"           \
	"certificate.json " SKIP_ALL " >/run/said 2>&1 || [ $? = 207 ] || " \
	"{ cat /run/said >&2; false; }"

/* What the certificate states, to a file of its own. */
#define STATEMENT                                                              \
	"sed 's/.*\"payload\":\"\\([^\"]*\\)\".*/\\1/' /run/certificate.json " \
	"| base64 -d >/run/statement.json && "

#define must(command) assert_int_equal(shell(command), 0)

/* What the files are before; every case begins from and ends with it. */
static char *before;

static void begin(void)
{
	must("getent passwd ann >/dev/null || { useradd -u 4711 -m ann && "
	     "useradd -u 4712 -m bob; }");
	before = host_manifest();
}

static void end(void)
{
	assert_host_is(before);
	free(before);
}

/* Everything undone from what the journal says, and the journal gone. */
static void take_all_back(void)
{
	const struct sbk_journal_filter filter = {.unsettled = true};
	struct sbk_journal *journal = NULL;
	struct sbk_journal_place place;
	struct sbk_apply_result result;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_plan *left = sbk_plan_new();
	struct sbk_backend backend;
	size_t settled;

	assert_ok(sbk_os_backend(&backend, &err), &err);
	assert_ok(sbk_journal_place_machine(&place, &err), &err);
	assert_ok(sbk_journal_open(&place, SBK_JOURNAL_WRITE, &journal, &err),
		  &err);
	assert_ok(sbk_journal_lock(journal, 10000, &err), &err);
	assert_ok(sbk_journal_recover(journal, &backend, &settled, &err), &err);
	assert_ok(sbk_journal_load(journal, &filter, left, &err), &err);
	assert_ok(sbk_journal_undo(journal, &backend, "uninstall", left,
				   &result, &err),
		  &err);
	assert_int_equal(result.owed, 0);
	sbk_plan_free(left);
	sbk_journal_close(journal);
	assert_ok(sbk_journal_remove(&place, &err), &err);
	sbk_backend_close(&backend);
}

static void test_setup_people__two_come_and_all_is_as_before(void **state)
{
	(void)state;
	require_host();
	begin();
	must(SETUP "--user ann >/run/said 2>&1 && ! grep -q note: /run/said");
	must(SETUP "--user bob >/run/said 2>&1");
	must("[ $(grep -c '^471[12]:19[0-9]*:1$' /etc/subuid) = 4 ] && [ "
	     "$(grep -c '^471[12]:19[0-9]*:1$' /etc/subgid) = 4 ]");
	/* Each number is an account's and its group's, and one person's. */
	must("for a in 4711-off 4711-on 4712-off 4712-on; do "
	     "n=$(id -u sandbook-$a) && [ \"$(getent group sandbook-$a | "
	     "cut -d: -f3)\" = $n ] && [ $(grep -c \":$n:1$\" /etc/subuid) = "
	     "1 ] || exit 1; done");
	must("cp -a /etc/subuid /run/subuid && " SETUP "--user ann | grep -q "
	     "'^Nothing to change' && cmp /etc/subuid /run/subuid");
	/* The whole uninstall, sweep and certificate with it. */
	must(UNINSTALL);
	must(STATEMENT "grep -q offline-group /run/statement.json && grep -q "
		       "'\"name\":\"/etc/subuid:4711:' "
		       "/run/statement.json");
	end();
}

/* The one is gone as if never enrolled; the other has all that was his. */
static void test_setup_people__one_leaves_the_other_stays(void **state)
{
	(void)state;
	require_host();
	begin();
	must(SETUP "--user ann >/dev/null");
	must(SETUP "--user bob >/dev/null");
	must("grep -v ^4711: /etc/subuid >/run/subuid; grep -v ^sandbook-4711 "
	     "/etc/passwd >/run/passwd; grep -v ^sandbook-4711 /etc/group "
	     ">/run/group");
	must("cp -a /etc/passwd- /run/; id -u sandbook-4711-off >/run/uid; "
	     "setpriv --reuid sandbook-4711-off "
	     "--regid sandbook-4711-off "
	     "--clear-groups sleep 1000 >/dev/null 2>&1 & sleep 0.1; " SETUP
	     "--remove-user ann >/run/said 2>&1 || { cat /run/said; false; }");
	must("for f in subuid passwd group; do cmp /etc/$f /run/$f || exit 1; "
	     "done; cmp /etc/passwd- /run/passwd-");
	must("! pgrep -u $(cat /run/uid) >/dev/null && nft list ruleset | grep "
	     "-q "
	     "sandbook-4712-off && ! nft list ruleset | grep -q 4711");
	must(SBK_BINARY_DIR "/bin/sandbook status | grep -q 'nothing owed'");
	must(SETUP "--remove-user ann | grep -q '^Nothing to change'");
	/* And back again, with numbers that are free. */
	must(SETUP "--user ann >/dev/null && grep -q ^4711: /etc/subuid");
	must(SETUP "--remove-user 4711 >/dev/null");
	must(SBK_BINARY_DIR "/bin/sandbook journal verify --machine | grep -q "
			    "' 0 findings'");
	must(SBK_BINARY_DIR "/bin/sandbook audit drift >/dev/null");
	must(SETUP "--remove-user bob >/dev/null");
	must("! grep -q '^471[12]:' /etc/subuid && getent group sandbook "
	     ">/dev/null");
	take_all_back();
	end();
}

/* Others' edits around ours: exactly those remain. */
static void test_setup_people__others_lines_remain(void **state)
{
	(void)state;
	require_host();
	begin();
	must(SAVE);
	must(SETUP "--user ann >/dev/null");
	must("usermod --add-subuids 900000-900009 bob");
	must(SETUP "--user bob >/dev/null");
	must("usermod --add-subgids 900000-900009 bob && "
	     "printf '# a remark\\nbob:7:7' >>/etc/subuid");
	must("truncate -s -7 /etc/subuid && printf 'x:800000:1\\n' "
	     ">>/etc/subuid");
	must("grep -v '^471[12]:' /etc/subuid >/run/subuid; grep -v "
	     "'^471[12]:' /etc/subgid >/run/subgid");
	take_all_back();
	must("cmp /etc/subuid /run/subuid && cmp /etc/subgid /run/subgid");
	/* The copies are the tool's, without our lines. */
	must("! grep -q '^471[12]:\\|sandbook' /etc/*-");
	must("grep -q '^x:800000:1$' /etc/subuid");
	must(RESTORE);
	end();
}

static void test_setup_people__a_file_that_was_missing(void **state)
{
	(void)state;
	require_host();
	must("getent passwd ann >/dev/null || { useradd -u 4711 -m ann && "
	     "useradd -u 4712 -m bob; }");
	must(SAVE);
	must("rm -f /etc/subuid /etc/subgid /etc/subuid- /etc/subgid-");
	before = host_manifest();
	must(SETUP "--user ann >/dev/null");
	must(SETUP "--user bob >/dev/null");
	must("[ \"$(stat -c %a:%u:%g /etc/subuid)\" = 644:0:0 ] && [ $(wc -l "
	     "</etc/subgid) = 4 ]");
	must(SETUP "--remove-user ann >/dev/null && [ $(wc -l </etc/subuid) = "
		   "2 ]");
	take_all_back();
	assert_host_is(before);
	/* With lines of others in it, it is theirs. */
	must(SETUP "--user ann >/dev/null");
	must("printf 'bob:700000:10\\n' >>/etc/subuid");
	must(UNINSTALL);
	must(STATEMENT "[ \"$(cat /etc/subuid)\" = bob:700000:10 ] && [ ! -e "
		       "/etc/subgid ] && grep -q 'left to them' "
		       "/run/statement.json");
	must("rm /etc/subuid");
	assert_host_is(before);
	must(RESTORE);
	must("rm -rf /var/lib/sandbook");
	free(before);
}

/* newuidmap takes the digits of a line for a name, too. */
static void test_setup_people__somebody_named_like_a_number(void **state)
{
	(void)state;
	require_host();
	begin();
	must("cp -a /etc/passwd /run/passwd && echo "
	     "'4711:x:4999:4999::/:/bin/sh' >>/etc/passwd");
	assert_int_equal(shell(SETUP "--user ann >/dev/null 2>/run/said"), 208);
	must("grep -q \"is named '4711'\" /run/said && cp -a /run/passwd "
	     "/etc/passwd");
	end();
}

/* Root maps what it likes, and its runs use no account. */
static void test_setup_people__root_gets_no_subordinate_ids(void **state)
{
	(void)state;
	require_host();
	begin();
	must(SETUP
	     "--user root >/run/said 2>&1 && ! grep -q '^0:' /etc/subuid "
	     "&& ! grep -q note: /run/said && id sandbook-0-off >/dev/null");
	take_all_back();
	end();
}

/* Numbers of before stay; nothing of theirs comes before other ranges. */
static void test_setup_people__older_numbers_are_not_mapped(void **state)
{
	(void)state;
	require_host();
	begin();
	must(SAVE);
	must(SETUP "--user ann >/dev/null");
	must("for n in off on; do groupdel sandbook-4711-$n && usermod -u "
	     "99$(echo $n | wc -c) sandbook-4711-$n || exit 1; done; sed -i "
	     "/^4711:/d /etc/subuid /etc/subgid");
	must(SETUP "--upgrade >/run/said 2>/dev/null && grep -q 'numbers of an "
		   "earlier version' /run/said");
	must("! grep -q ^4711: /etc/subuid");
	must("rm -r /var/lib/sandbook; nft delete table inet sandbook");
	must(RESTORE);
	end();
}

static void test_setup_people__an_unended_line_is_refused(void **state)
{
	(void)state;
	require_host();
	begin();
	must(SAVE);
	must("printf 'bob:700000:10' >>/etc/subgid && cp -a /etc/subgid "
	     "/run/subgid");
	assert_int_equal(shell(SETUP "--user ann >/dev/null 2>/run/said"), 200);
	must("grep -q \"the last line of '/etc/subgid' has no end\" /run/said "
	     "&& cmp /etc/subgid /run/subgid");
	must(RESTORE);
	end();
}

#define UNITS "/etc/systemd/system/"

static int add_older_file(struct sbk_plan *older, const char *path,
			  const struct sbk_buf *text, struct sbk_error *err)
{
	struct sbk_buf state = SBK_BUF_INIT;
	struct sbk_change change = {
		.object = {.kind = SBK_KIND_FILE, .name = path},
		.before = SBK_STATE_ABSENT,
		.reason = "older",
	};
	int rc;

	sbk_file_state(&state, 0, 0, 0644, sbk_buf_text(text), text->size);
	change.after = (struct sbk_state){sbk_buf_text(&state), state.size};
	rc = sbk_plan_add(older, &change, err);
	sbk_buf_release(&state);
	return rc;
}

static void add_lines(struct sbk_buf *out, const struct sbk_buf *lines)
{
	const char *at = sbk_buf_text(lines);

	for (; *at != '\0'; at += strcspn(at, "\n") + 1)
		sbk_buf_printf(out, "StandardInputText=%.*s\n",
			       (int)strcspn(at, "\n"), at);
}

/* The unit of a version that kept the rules in it and in its drop-ins. */
static void add_older_unit(struct sbk_plan *older, struct sbk_plan *plan,
			   struct sbk_error *err)
{
	struct sbk_account account = {.person = 4711};
	char nonce[SBK_NONCE_DIGITS + 1] = "";
	struct sbk_buf unit = SBK_BUF_INIT, lines = SBK_BUF_INIT;
	struct sbk_buf drop_in = SBK_BUF_INIT, state = SBK_BUF_INIT;
	struct sbk_change change = {
		.object = {.kind = SBK_KIND_DIRECTORY,
			   .name = UNITS "sandbook-firewall.service.d"},
		.before = SBK_STATE_ABSENT,
		.reason = "older",
	};
	struct sbk_principal principal;
	size_t i;

	for (i = 0; i < sbk_plan_count(plan); i++) {
		if (sbk_principal_of_change(sbk_plan_at(plan, i), &principal,
					    NULL) < 0)
			continue;
		if (principal.role == SBK_PRINCIPAL_GROUP)
			assert_true(sbk_group_nonce(sbk_plan_at(plan, i)->after,
						    nonce));
		if (principal.role == SBK_PRINCIPAL_OFFLINE)
			account.uid = principal.number;
	}
	sbk_account_set_name(&account);
	sbk_buf_adds(&unit, "# Made by 'sandbook setup', removed by 'sandbook "
			    "uninstall'.\n[Unit]\nDescription=older\n"
			    "[Service]\nType=oneshot\nStandardInput=data\n");
	sbk_firewall_script(&lines, nonce, NULL, 0);
	add_lines(&unit, &lines);
	sbk_buf_adds(&unit, "ExecStart=/usr/sbin/nft -f -\n");
	sbk_buf_clear(&lines);
	sbk_buf_adds(&drop_in, "[Service]\n");
	sbk_firewall_rules(&lines, nonce, &account);
	add_lines(&drop_in, &lines);
	assert_ok(add_older_file(older, UNITS "sandbook-firewall.service",
				 &unit, err),
		  err);
	sbk_directory_state(&state, 0, 0, 0755);
	change.after = (struct sbk_state){sbk_buf_text(&state), state.size};
	assert_ok(sbk_plan_add(older, &change, err), err);
	assert_ok(add_older_file(older,
				 UNITS "sandbook-firewall.service.d/"
				       "0000004711.conf",
				 &drop_in, err),
		  err);
	sbk_buf_release(&unit);
	sbk_buf_release(&lines);
	sbk_buf_release(&drop_in);
	sbk_buf_release(&state);
}

/* Whether earlier versions made it, too; the unit they made otherwise. */
static bool is_older(const struct sbk_change *change)
{
	const char *name = change->object.name;

	switch (change->object.kind) {
	case SBK_KIND_SUBID:
	case SBK_KIND_FILE:
		return false;
	case SBK_KIND_GROUP:
		return strcmp(name, "sandbook") == 0;
	case SBK_KIND_DIRECTORY:
		return strncmp(name, UNITS, strlen(UNITS)) == 0 &&
		       strstr(name, ".service.d") == NULL;
	default:
		return true;
	}
}

/* What a version without private groups and subordinate ids has made. */
static void make_older(bool with_unit)
{
	struct sbk_transaction_request request = {.book = SBK_BOOK_MACHINE,
						  .title = "setup"};
	struct sbk_transaction_report report;
	struct sbk_plan *older = sbk_plan_new();
	struct sbk_journal_place place;
	struct sbk_journal *journal = NULL;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_plan *plan;
	struct world w;
	size_t i;

	world_init(&w);
	w.person = (struct sbk_person){.uid = 4711, .name = "ann"};
	plan = plan_for(&w, &w.person);
	if (with_unit)
		add_older_unit(older, plan, &err);
	for (i = 0; i < sbk_plan_count(plan); i++)
		if (is_older(sbk_plan_at(plan, i)))
			assert_ok(
				sbk_plan_add(older, sbk_plan_at(plan, i), &err),
				&err);
	assert_ok(sbk_journal_place_machine(&place, &err), &err);
	assert_ok(sbk_journal_open(&place, SBK_JOURNAL_CREATE, &journal, &err),
		  &err);
	assert_ok(sbk_journal_transact(journal, &w.backend, &request, older,
				       &report, &err),
		  &err);
	sbk_journal_close(journal);
	sbk_plan_free(older);
	sbk_plan_free(plan);
	world_release(&w);
}

/* An earlier version's unit stays, and reads the script from then on. */
static void test_setup_people__an_older_unit_reads_the_script(void **state)
{
	(void)state;
	require_host();
	begin();
	must("mkdir -p /run/systemd/system && cp -a /etc /run/before");
	make_older(true);
	must("cd " UNITS " && cp -a sandbook-firewall.service "
	     "sandbook-firewall.service.d/0000004711.conf /run/ && nft list "
	     "table inet sandbook >/run/table && [ ! -e /etc/sandbook ]");
	must(SETUP "--upgrade >/run/said 2>&1 || { cat /run/said; false; }");
	must("cd " UNITS " && cmp sandbook-firewall.service "
	     "/run/sandbook-firewall.service && cmp "
	     "sandbook-firewall.service.d/0000004711.conf "
	     "/run/0000004711.conf");
	must("nft flush ruleset; sed -n s/^ExecStart=//p " UNITS
	     "sandbook-firewall.service.d/script.conf | sh -e && nft list "
	     "table inet sandbook | cmp - /run/table");
	must("! command -v systemd-analyze || ! systemd-analyze verify "
	     "--man=no " UNITS "sandbook-firewall.service 2>&1 | grep "
	     "sandbook-");
	must("! command -v systemd-analyze || { mkdir -p -m 777 /run/user-of-s "
	     "&& setpriv --reuid 65534 --regid 65534 --clear-groups env "
	     "XDG_RUNTIME_DIR=/run/user-of-s /lib/systemd/systemd --test "
	     "--system --no-pager --unit=sandbook-firewall.service "
	     "2>/dev/null >/run/said; grep -q 'Command Line: /usr/sbin/nft -f "
	     "/etc/sandbook/firewall.nft' /run/said && ! grep -q 'Command "
	     "Line: /usr/sbin/nft -f -' /run/said; }");
	must(SETUP "--upgrade | grep -q '^Nothing to change'");
	must(SBK_BINARY_DIR "/bin/sandbook journal verify --machine | grep -q "
			    "' 0 findings'");
	must(SBK_BINARY_DIR "/bin/sandbook audit drift >/dev/null");
	/* The next person's rules are in the script, and go with that person.
	 */
	must(SETUP "--user bob >/dev/null && ls /etc/sandbook/firewall.d | wc "
		   "-l | grep -qx 2");
	must(SETUP "--remove-user ann >/dev/null && [ \"$(ls "
		   "/etc/sandbook/firewall.d)\" = 0000004712.nft ] && [ "
		   "\"$(ls " UNITS "sandbook-firewall.service.d)\" = "
		   "script.conf ]");
	take_all_back();
	must("[ ! -e /etc/sandbook ] && diff -r /run/before/systemd "
	     "/etc/systemd && rm -r /run/systemd /run/before");
	end();
}

/* The table is gone: the next run's probe, drift and the network say so. */
static void test_setup_people__a_flush_by_hand_is_noticed(void **state)
{
	(void)state;
	require_host();
	begin();
	must(SETUP "--user ann >/dev/null");
	must(SBK_BINARY_DIR "/bin/sandbook audit drift >/dev/null && " //
	     SBK_BINARY_DIR "/bin/sandbook audit network >/dev/null");
	must("nft flush ruleset");
	assert_int_equal(
		shell(SBK_BINARY_DIR "/bin/sandbook audit drift >/run/said"),
		1);
	must("grep -q 'somebody flushed the firewall' /run/said && grep -q "
	     "'sudo sandbook setup' /run/said");
	assert_int_equal(
		shell(SBK_BINARY_DIR "/bin/sandbook audit network >/run/said"),
		1);
	must("grep -q 'the firewall table is gone' /run/said");
	must(SETUP "--user ann >/dev/null && " SBK_BINARY_DIR
		   "/bin/sandbook audit drift >/dev/null && " SBK_BINARY_DIR
		   "/bin/sandbook audit network >/dev/null");
	take_all_back();
	end();
}

static void test_setup_people__an_older_installation_is_completed(void **state)
{
	(void)state;
	require_host();
	begin();
	assert_int_equal(shell(SETUP "--upgrade 2>/run/said"), 200);
	must("grep -q 'nobody is enrolled' /run/said");
	make_older(false);
	must("id sandbook-4711-off >/dev/null && ! grep -q ^4711: /etc/subuid");
	/* Its gid was given away meanwhile: named, nothing changed. */
	must("groupadd -g $(id -u sandbook-4711-on) taken && cp /etc/group "
	     "/run/group");
	assert_int_equal(shell(SETUP "--upgrade >/dev/null 2>/run/said"), 208);
	must("grep -q 'has the number' /run/said && cmp /etc/group /run/group "
	     "&& groupdel taken");
	must(SETUP "--upgrade >/run/said 2>&1 || { cat /run/said; false; }");
	must("! grep -q note: /run/said && [ $(grep -c ^4711: /etc/subuid) = "
	     "2 ] && getent group sandbook-4711-on >/dev/null");
	must(SETUP "--upgrade | grep -q '^Nothing to change'");
	must(SBK_BINARY_DIR "/bin/sandbook journal verify --machine | grep -q "
			    "' 0 findings'");
	/* A line that somebody took out: seen, and added again. */
	must("sed -i /^4711:/d /etc/subuid");
	assert_int_equal(
		shell(SBK_BINARY_DIR "/bin/sandbook audit drift >/run/said"),
		1);
	must("grep -q 'setup --upgrade' /run/said");
	must(SETUP "--upgrade >/dev/null && grep -q ^4711: /etc/subuid");
	must(SBK_BINARY_DIR "/bin/sandbook audit drift >/dev/null");
	must(SETUP "--remove-user ann >/dev/null && ! grep -q sandbook-4711 "
		   "/etc/passwd /etc/group && ! grep -q ^4711: /etc/subuid");
	take_all_back();
	/* groupadd and groupdel of `taken` wrote the copies. */
	must("rm -f /run/x; for f in passwd group shadow gshadow subuid "
	     "subgid; do ! grep -q 'sandbook' /etc/$f /etc/$f- || exit 1; "
	     "done");
	free(before);
}

/* The trial as the person says why the accounts cannot be used. */
static void test_setup_people__what_stops_runs_is_a_note(void **state)
{
	static const struct {
		const char *make, *unmake, *message;
	} cases[] = {
		{"touch /run/none; mount --bind /run/none /usr/bin/newuidmap",
		 "umount /usr/bin/newuidmap", "apt-get install uidmap"},
		{"cp /usr/bin/newgidmap /run/dull; mount --bind /run/dull "
		 "/usr/bin/newgidmap",
		 "umount /usr/bin/newgidmap", "newgidmap"},
		/* One that says yes and does nothing. */
		{"printf '#!/bin/sh\n' >/run/liar; chmod 755 /run/liar; "
		 "mount --bind /run/liar /usr/bin/newuidmap",
		 "umount /usr/bin/newuidmap", "cannot become it"},
	};
	char command[256];
	size_t i;

	(void)state;
	require_host();
	begin();
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		must(cases[i].make);
		must(SETUP "--user ann >/dev/null 2>/run/said || { cat "
			   "/run/said; false; }");
		must(cases[i].unmake);
		must("grep -q \"note: runs of 'ann' cannot use the accounts\" "
		     "/run/said");
		(void)snprintf(command, sizeof(command),
			       "grep -q '%s' /run/said || { cat /run/said >&2; "
			       "false; }",
			       cases[i].message);
		must(command);
	}
	/* The control: nothing in the way, nothing said. */
	must(SETUP "--user ann 2>&1 >/dev/null | { ! grep note:; }");
	take_all_back();
	end();
}

static void test_setup_people__one_thing_at_a_time(void **state)
{
	(void)state;
	require_host();
	assert_int_equal(shell(SETUP "--user ann --upgrade 2>/dev/null"), 200);
	assert_int_equal(shell(SETUP "--user ann --remove-user bob "
				     "2>/dev/null"),
			 200);
	assert_int_equal(shell(SETUP "--remove-user nobody-knows 2>/dev/null"),
			 200);
	must(SETUP "--remove-user 65000 | grep -q '^Nothing to change'");
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_setup_people__two_come_and_all_is_as_before),
	cmocka_unit_test(test_setup_people__one_leaves_the_other_stays),
	cmocka_unit_test(test_setup_people__others_lines_remain),
	cmocka_unit_test(test_setup_people__a_file_that_was_missing),
	cmocka_unit_test(test_setup_people__somebody_named_like_a_number),
	cmocka_unit_test(test_setup_people__root_gets_no_subordinate_ids),
	cmocka_unit_test(test_setup_people__older_numbers_are_not_mapped),
	cmocka_unit_test(test_setup_people__an_unended_line_is_refused),
	cmocka_unit_test(test_setup_people__what_stops_runs_is_a_note),
	cmocka_unit_test(test_setup_people__one_thing_at_a_time),
	cmocka_unit_test(test_setup_people__an_older_installation_is_completed),
	cmocka_unit_test(test_setup_people__an_older_unit_reads_the_script),
	cmocka_unit_test(test_setup_people__a_flush_by_hand_is_noticed),
};

SBK_TEST_MAIN(tests)
