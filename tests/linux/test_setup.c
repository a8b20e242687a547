/*
 * The plan of setup on a real host: made, carried out, undone; refused where
 * something is in the way; and what others did meanwhile.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/principals.h"
#include "tests/linux/setup_world.h"

#include "engine/banned.h"

static void assert_enrolled(const char *who, size_t principals)
{
	struct sbk_owner person;
	struct sbk_principals found;
	struct sbk_error err = SBK_ERROR_INIT;

	assert_true(sbk_owner_parse(who, &person));
	assert_ok(sbk_principals_find(&found, &err), &err);
	assert_int_equal(found.count, principals);
	assert_non_null(
		sbk_principals_get(&found, SBK_PRINCIPAL_OFFLINE, &person));
	assert_non_null(
		sbk_principals_get(&found, SBK_PRINCIPAL_ONLINE, &person));
	assert_non_null(sbk_principals_get(&found, SBK_PRINCIPAL_OFFLINE_GROUP,
					   &person));
	assert_non_null(sbk_principals_get(&found, SBK_PRINCIPAL_ONLINE_GROUP,
					   &person));
	assert_int_equal(found.items[0].role, SBK_PRINCIPAL_GROUP);
	sbk_principals_release(&found);
}

static void test_setup__enrols_is_idempotent_and_undone(void **state)
{
	struct sbk_plan *plan, *again;
	struct sbk_principals none;
	struct sbk_error err = SBK_ERROR_INIT;
	struct world w;
	char *after;

	(void)state;
	require_host();
	world_init(&w);
	plan = set_up(&w, &w.person);
	assert_enrolled("1000", 5);
	/* The copies are as they were: only the live files name us. */
	assert_int_not_equal(shell("grep -q sandbook /etc/*-"), 0);
	after = host_manifest();
	again = plan_for(&w, &w.person);
	assert_int_equal(sbk_plan_count(again), 0);
	assert_host_is(after);
	assert_int_equal(host_undo(&w.backend, &plan, 1), 0);
	assert_host_is(w.before);
	assert_ok(sbk_principals_find(&none, &err), &err);
	assert_int_equal(none.count, 0);
	free(after);
	sbk_plan_free(again);
	sbk_plan_free(plan);
	world_release(&w);
}

static void test_setup__the_journal_tells_who_they_were(void **state)
{
	struct sbk_principal principal;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_plan *plan;
	size_t i, found = 0;
	struct world w;

	(void)state;
	require_host();
	world_init(&w);
	plan = plan_for(&w, &w.person);
	for (i = 0; i < sbk_plan_count(plan); i++)
		if (sbk_principal_of_change(sbk_plan_at(plan, i), &principal,
					    &err) == 0) {
			found++;
			assert_true(principal.number > 0);
			assert_true(principal.role == SBK_PRINCIPAL_GROUP ||
				    strcmp(principal.person.text, "1000") == 0);
		}
	assert_int_equal(found, 5);
	assert_host_is(w.before);
	sbk_plan_free(plan);
	world_release(&w);
}

static void test_setup__the_next_person_joins_and_all_is_undone(void **state)
{
	struct sbk_plan *plans[2];
	struct world w;
	char *one;

	(void)state;
	require_host();
	world_init(&w);
	plans[0] = set_up(&w, &w.person);
	one = host_manifest();
	plans[1] = set_up(&w, &w.other);
	assert_enrolled("0", 9);
	assert_enrolled("1000", 9);
	assert_int_equal(shell("[ $(nft list ruleset | grep -c skuid) = 4 ]"),
			 0);
	/* The second one alone, then the first; then both at once. */
	assert_int_equal(host_undo(&w.backend, &plans[1], 1), 0);
	assert_host_is(one);
	sbk_plan_free(plans[1]);
	plans[1] = set_up(&w, &w.other);
	assert_int_equal(host_undo(&w.backend, plans, 2), 0);
	assert_host_is(w.before);
	free(one);
	sbk_plan_free(plans[0]);
	sbk_plan_free(plans[1]);
	world_release(&w);
}

#define UNITS "/etc/systemd/system/"
#define UNIT UNITS "sandbook-firewall.service"
#define DROP_IN UNITS "nftables.service.d/sandbook.conf"

/* Runs the commands of a file of systemd's, as its manager would. */
#define RUN(key, file) "sed -n 's/^" key "=-\\{0,1\\}//p' " file " | sh -e"

static void assert_table_is(const char *table, const char *command)
{
	char *now;

	if (shell(command) != 0)
		fail_msg("'%s' failed", command);
	now = shell_output("nft list table inet sandbook");
	assert_string_equal(now, table);
	free(now);
}

/* What systemd itself makes of the files: prints what `key` runs for a unit. */
#define COMMANDS(unit, key)                                                    \
	"mkdir -p -m 777 /run/user-of-systemd; setpriv --reuid 65534 "         \
	"--regid 65534 --clear-groups env XDG_RUNTIME_DIR=/run/user-of-"       \
	"systemd /lib/systemd/systemd --test --system --no-pager --unit=" unit \
	" 2>/dev/null | awk '/-> Unit /{on = $3 == \"" unit ":\"} on "         \
	"&& /-> Exec/{key = $2} on && key == \"" key ":\" && "                 \
	"/Command Line:/{sub(\".*Line: \", \"\"); print}'"

static void assert_systemd_runs(const char *wanted, const char *command)
{
	char *said = shell_output(command);

	assert_string_equal(said, wanted);
	free(said);
}

static void test_setup__systemd_restores_the_table(void **state)
{
	struct sbk_plan *plans[2];
	struct world w;
	char *table;

	(void)state;
	require_host();
	world_init(&w);
	assert_int_equal(shell("mkdir -p /run/systemd/system"), 0);
	plans[0] = set_up(&w, &w.person);
	plans[1] = set_up(&w, &w.other);
	assert_int_equal(shell("cd " UNITS " && [ $(readlink multi-user.target"
			       ".wants/sandbook-firewall.service) = " UNIT
			       " ] && [ -L nftables.service.wants/"
			       "sandbook-firewall.service ]"),
			 0);
	table = shell_output("nft list table inet sandbook");
	assert_non_null(strstr(table, "sandbook-1000-off"));
	assert_non_null(strstr(table, "sandbook-0-off"));
	assert_table_is(table, "nft flush ruleset; " RUN("ExecStart", UNIT));
	/* A start and a reload of nftables.service flush it, and do not. */
	assert_int_not_equal(shell("nft -f /etc/nftables.conf && nft list "
				   "table inet sandbook 2>/dev/null"),
			     0);
	assert_table_is(table, "nft -f /etc/nftables.conf && " RUN(
				       "ExecStartPost", DROP_IN));
	assert_table_is(table, "nft -f /etc/nftables.conf && " RUN("ExecReload",
								   DROP_IN));
	/* Twice is once. */
	assert_int_equal(shell("nft delete table inet filter"), 0);
	assert_table_is(table, RUN("ExecReload", DROP_IN));
	assert_int_equal(host_undo(&w.backend, plans, 2), 0);
	assert_host_is(w.before);
	assert_int_equal(shell("rm -r /run/systemd"), 0);
	free(table);
	sbk_plan_free(plans[0]);
	sbk_plan_free(plans[1]);
	world_release(&w);
}

static void test_setup__systemd_reads_the_files(void **state)
{
	static const char *const verify =
		"systemd-analyze verify --man=no " UNIT " nftables.service "
		">/run/said 2>&1; grep -E 'sandbook' /run/said";
	struct sbk_plan *plan;
	struct world w;

	(void)state;
	require_host();
	if (shell("command -v systemd-analyze >/dev/null") != 0)
		sbk_test_skip("systemd-analyze is missing");
	world_init(&w);
	assert_int_equal(shell("mkdir -p /run/systemd/system"), 0);
	plan = set_up(&w, &w.person);
	assert_int_not_equal(shell(verify), 0);
	/* Ours come after the service's own, which are not set aside. */
	assert_systemd_runs("/usr/sbin/nft -f /etc/nftables.conf\n"
			    "/usr/sbin/nft -f /etc/sandbook/firewall.nft\n",
			    COMMANDS("nftables.service", "ExecReload"));
	assert_systemd_runs("/usr/sbin/nft -f /etc/nftables.conf\n",
			    COMMANDS("nftables.service", "ExecStart"));
	assert_systemd_runs("/usr/sbin/nft -f /etc/sandbook/firewall.nft\n",
			    COMMANDS("nftables.service", "ExecStartPost"));
	assert_systemd_runs("/usr/sbin/nft -f /etc/sandbook/firewall.nft\n",
			    COMMANDS("sandbook-firewall.service", "ExecStart"));
	/* The control: systemd-analyze sees a fault in each. */
	assert_int_equal(shell("for f in " UNIT " " DROP_IN "; do cp $f "
			       "/run/kept; echo Wrong=1 >>$f; systemd-analyze "
			       "verify --man=no " UNIT " nftables.service 2>&1 "
			       "| grep -q \"$f.*Wrong\" || exit 1; cat "
			       "/run/kept >$f; done"),
			 0);
	assert_int_equal(host_undo(&w.backend, &plan, 1), 0);
	assert_host_is(w.before);
	assert_int_equal(shell("rm -r /run/systemd"), 0);
	sbk_plan_free(plan);
	world_release(&w);
}

/* As firewalld, docker and ufw do: their own tables come and go. */
static void test_setup__tables_of_others_leave_ours_alone(void **state)
{
	static const char *const others[] = {
		"nft add table inet firewalld && nft flush table inet "
		"firewalld && nft delete table inet firewalld",
		"for t in 'ip nat' 'ip filter' 'ip6 filter'; do nft add table "
		"$t && nft add chain $t DOCKER && nft flush table $t && nft "
		"delete table $t || exit 1; done",
		"printf 'add table ip x\\nflush table ip x\\ndelete table ip "
		"x\\n' | nft -f -",
	};
	struct sbk_plan *plan;
	struct world w;
	char *table;
	size_t i;

	(void)state;
	require_host();
	world_init(&w);
	plan = set_up(&w, &w.person);
	table = shell_output("nft list table inet sandbook");
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_table_is(table, others[i]);
	assert_int_equal(host_undo(&w.backend, &plan, 1), 0);
	assert_host_is(w.before);
	free(table);
	sbk_plan_free(plan);
	world_release(&w);
}

/* Something is in the way: refused by name, and nothing changed. */
static void test_setup__refuses_what_is_in_the_way(void **state)
{
	static const struct {
		const char *make, *unmake, *message;
		int code;
	} cases[] = {
		{"useradd -r sandbook-1000-off", "userdel sandbook-1000-off",
		 "account 'sandbook-1000-off' exists and is not Sandbook's",
		 SBK_E_EXISTS},
		{"groupadd -r sandbook", "groupdel sandbook",
		 "group 'sandbook' exists and is not Sandbook's", SBK_E_EXISTS},
		{"echo 'sandbook-1000-on:!:1::::::' >>/etc/shadow",
		 "sed -i /^sandbook/d /etc/shadow",
		 "'/etc/shadow' has an entry", SBK_E_EXISTS},
		{"nft add table inet sandbook",
		 "nft delete table inet sandbook",
		 "firewall table 'inet sandbook' exists", SBK_E_EXISTS},
		{"mkdir -p /run/systemd/system; echo x "
		 ">/etc/systemd/system/sandbook-firewall.service",
		 "rm -r /run/systemd /etc/systemd/system/sandbook-*",
		 "sandbook-firewall.service' exists", SBK_E_EXISTS},
		{"mkdir -p /run/systemd/system; mkdir -m 775 /etc/sandbook",
		 "rm -r /run/systemd /etc/sandbook",
		 "'/etc/sandbook' is not a directory that only root",
		 SBK_E_EXISTS},
		{"mkdir -p /run/systemd/system; ln -s /run /etc/sandbook",
		 "rm -r /run/systemd /etc/sandbook", "'/etc/sandbook' exists",
		 SBK_E_EXISTS},
		{"mkdir -p /run/systemd/system /etc/sandbook; echo '# Made by "
		 "somebody' >/etc/sandbook/firewall.nft",
		 "rm -r /run/systemd /etc/sandbook",
		 "firewall.nft' exists and is not Sandbook's", SBK_E_EXISTS},
		{"mkdir -m 777 /var/lib/sandbook", "rmdir /var/lib/sandbook",
		 "'/var/lib/sandbook' is not a directory that only root",
		 SBK_E_EXISTS},
		{"printf x:x:7: >>/etc/group", "sed -i /^x:x:7/d /etc/group",
		 "the last line of '/etc/group' has no end", SBK_E_INVAL},
		{"setfacl -m u:5:r /etc/shadow", "setfacl -b /etc/shadow",
		 "'/etc/shadow' has an ACL", SBK_E_INVAL},
		{"ln /etc/passwd /etc/passwd.link", "rm /etc/passwd.link",
		 "'/etc/passwd' has 2 hard links", SBK_E_INVAL},
		{"echo $$ >/etc/passwd.lock; echo 1 >/etc/passwd.lock",
		 "rm /etc/passwd.lock", "process 1 is changing accounts",
		 SBK_E_BUSY},
		{"echo 999999 >/etc/group.lock", "rm /etc/group.lock",
		 "'/etc/group.lock' was left by an account tool", SBK_E_BUSY},
		{"echo x >/etc/shadow+", "rm /etc/shadow+",
		 "'/etc/shadow+' was left by an account tool", SBK_E_BUSY},
		{"mount -o remount,ro /etc", "mount -o remount,rw /etc",
		 "'/etc' is mounted read-only", SBK_E_DENIED},
		{"mount -o remount,size=32k /run/host/etc",
		 "mount -o remount,size=50% /run/host/etc",
		 "KiB free and changing accounts needs", SBK_E_LIMIT},
		{"touch /run/none; mount --bind /run/none /usr/sbin/nft",
		 "umount /usr/sbin/nft", "apt-get install nftables",
		 SBK_E_UNSUPPORTED},
	};
	struct world w;
	size_t i;

	(void)state;
	require_host();
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sbk_error err = SBK_ERROR_INIT;
		struct sbk_plan *plan = sbk_plan_new();

		assert_int_equal(shell(SAVE), 0);
		assert_int_equal(shell(cases[i].make), 0);
		world_init(&w);
		assert_error(
			sbk_plan_setup(&w.backend, &w.person, NULL, plan, &err),
			cases[i].code, &err);
		if (strstr(err.message, cases[i].message) == NULL)
			fail_msg("case %zu: %s", i, err.message);
		assert_host_is(w.before);
		assert_int_equal(shell(cases[i].unmake), 0);
		assert_int_equal(shell(RESTORE), 0);
		sbk_plan_free(plan);
		world_release(&w);
	}
	/* The control: with all of it gone, setup has a plan. */
	world_init(&w);
	sbk_plan_free(plan_for(&w, &w.person));
	world_release(&w);
}

/* What /etc and the accounts would be had only `edit` been made: allocated. */
static char *host_with_only(const char *edit)
{
	char command[2048];

	(void)snprintf(command, sizeof(command),
		       "rm -rf /run/other && cp -a /etc /run/other && "
		       "unshare -m sh -c 'mount --bind /run/other /etc && (%s) "
		       "&& find /etc -maxdepth 1 -type f -print0 | xargs "
		       "-0 " SBK_SOURCE_DIR
		       "/tests/support/manifest /etc/systemd "
		       "/var/lib/sandbook'",
		       edit);
	return shell_output(command);
}

static void test_setup__what_others_did_meanwhile_stays(void **state)
{
	static const char *const edits[] = {
		"useradd -u 2000 -M bob",
		"groupadd -g 2001 eve",
		"useradd -u 2000 -M bob; userdel bob",
		"echo bob:x:2000:2000::/:/bin/sh >>/etc/passwd",
		"rm -f /etc/group- /etc/passwd-",
		"usermod -c changed root",
	};
	struct world w;
	size_t i;

	(void)state;
	require_host();
	for (i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
		char *wanted = host_with_only(edits[i]);
		struct sbk_plan *plan;

		assert_int_equal(shell(SAVE), 0);
		world_init(&w);
		plan = set_up(&w, &w.person);
		assert_int_equal(shell(edits[i]), 0);
		assert_int_equal(host_undo(&w.backend, &plan, 1), 0);
		assert_host_is(wanted);
		assert_int_equal(shell(RESTORE), 0);
		assert_host_is(w.before);
		free(wanted);
		sbk_plan_free(plan);
		world_release(&w);
	}
}

static void test_setup__what_others_did_to_ours_goes(void **state)
{
	static const char *const edits[] = {
		"usermod -s /bin/sh sandbook-1000-off",
		"usermod -p xx sandbook-1000-on",
		"userdel sandbook-1000-off",
		"usermod -aG sandbook root",
		"nft flush ruleset",
		"nft flush table inet sandbook",
	};
	struct world w;
	size_t i;

	(void)state;
	require_host();
	for (i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
		struct sbk_plan *plan;

		world_init(&w);
		plan = set_up(&w, &w.person);
		assert_int_equal(shell(edits[i]), 0);
		assert_int_equal(host_undo(&w.backend, &plan, 1), 0);
		assert_host_is(w.before);
		sbk_plan_free(plan);
		world_release(&w);
	}
}

/* The copies are then the renaming tool's, but for our lines. */
static void test_setup__a_renamed_account_goes(void **state)
{
	struct sbk_plan *plan;
	struct world w;

	(void)state;
	require_host();
	world_init(&w);
	assert_int_equal(shell(SAVE), 0);
	plan = set_up(&w, &w.person);
	assert_int_equal(shell("usermod -l renamed sandbook-1000-off && "
			       "groupmod -n others sandbook"),
			 0);
	assert_int_equal(host_undo(&w.backend, &plan, 1), 0);
	assert_int_not_equal(shell("grep -qE 'sandbook|renamed|others' "
				   "/etc/passwd* /etc/group* /etc/shadow* "
				   "/etc/gshadow*"),
			     0);
	assert_int_equal(shell("for f in passwd group shadow gshadow; do cmp "
			       "/etc/$f /run/etc/$f || exit 1; done"),
			 0);
	assert_int_equal(shell(RESTORE), 0);
	sbk_plan_free(plan);
	world_release(&w);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_setup__enrols_is_idempotent_and_undone),
	cmocka_unit_test(test_setup__the_journal_tells_who_they_were),
	cmocka_unit_test(test_setup__the_next_person_joins_and_all_is_undone),
	cmocka_unit_test(test_setup__systemd_restores_the_table),
	cmocka_unit_test(test_setup__systemd_reads_the_files),
	cmocka_unit_test(test_setup__tables_of_others_leave_ours_alone),
	cmocka_unit_test(test_setup__refuses_what_is_in_the_way),
	cmocka_unit_test(test_setup__what_others_did_meanwhile_stays),
	cmocka_unit_test(test_setup__what_others_did_to_ours_goes),
	cmocka_unit_test(test_setup__a_renamed_account_goes),
};

SBK_TEST_MAIN(tests)
