/*
 * The commands as people run them, on a host to break: real accounts, a real
 * firewall table, real grants with a real journal.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/audit/commands.h"
#include "tests/audit/world.h"

#include "engine/banned.h"

#define AS_ANN "runuser -u ann -- "
#define OFF "sandbook-4711-off"
#define ON "sandbook-4711-on"

/* Everything of this machine but what the tests change. */
#define FAST                                                \
	"$(for d in /*; do case $d in /etc|/home|/var) ;; " \
	"*) printf -- '--skip %s ' $d;; esac; done)"

static int set_up(void **state)
{
	(void)state;
	if (getenv("SBK_TEST_HOST") == NULL)
		return 0;
	must("chmod 777 /run && useradd -m -u 4711 -s /bin/sh ann && " SANDBOOK
	     "setup --user ann --yes >/dev/null");
	return 0;
}

static void test_commands__network_sees_what_packets_do(void **unused)
{
	(void)unused;
	require_host();
	expect("", "network --json", 0, "network.probe", NULL, 2);
	expect(AS_ANN, "network --json", 2, "network.probe", NULL, 0);
	must("nft add rule inet sandbook $(nft -j list chains | "
	     "grep -o 'offline_[0-9a-f]*' | head -n 1) counter");
	expect("", "network --json", 1, "network.rule-altered", "inet sandbook",
	       1);
	must("nft delete table inet sandbook");
	expect("", "network --json", 1, "network.offline-open", NULL, 4);
	expect("", "network --json", 1, "network.rule-missing", NULL, 1);
	expect("", "drift --machine --json", 1, "drift.missing",
	       "inet sandbook", 1);
	must(SANDBOOK "setup --user ann --yes >/dev/null");
	expect("", "network --json", 0, "network.rule", NULL, 1);
	must("nft 'add table ip t; add chain ip t c { type filter hook output "
	     "priority 0; }; add rule ip t c meta skuid " ON " drop'");
	expect("", "network --json", 1, "network.online-blocked", NULL, 2);
	must("nft delete table ip t");
	expect("", "network --json", 0, "network.online-blocked", NULL, 0);
}

static void test_commands__scope_knows_what_was_granted(void **unused)
{
	(void)unused;
	require_host();
	must(AS_ANN "sh -c 'mkdir -p ~/a/b && touch ~/a/b/c ~/d && "
		    "mkdir -m 700 ~/.ssh && touch ~/.ssh/k' && " AS_ANN SANDBOOK
		    "grant --to " OFF " --rw /home/ann/a >/dev/null");
	/* The home is 0700 or 0755, as the distribution has it. */
	must("chmod 755 /home/ann");
	expect("", "scope --json /home", 0, "scope.grant", "/home/ann/a", 1);
	expect(AS_ANN, "scope --json /home/ann", 0, "scope.unknown-grant", NULL,
	       0);
	must("setfacl -m u:" OFF ":r /home/ann/d");
	expect("", "scope --json /home", 1, "scope.unknown-grant",
	       "/home/ann/d", 1);
	expect("", "scope --json /home", 1, "scope.sensitive", NULL, 0);
	/* Another person cannot know what ann's journal knows. */
	expect("runuser -u nobody -- ", "scope --json /home/ann/d", 0,
	       "scope.grant", "/home/ann/d", 1);
	expect(AS_ANN, "scope --json /home/ann/d", 1, "scope.unknown-grant",
	       "/home/ann/d", 1);
	must("setfacl -m u:" OFF ":x /home/ann/.ssh && "
	     "setfacl -m u:" OFF ":r /home/ann/.ssh/k");
	expect("", "scope --json /home", 1, "scope.sensitive", "/home/ann/.ssh",
	       1);
	/* Granted more than the journal knows. */
	must("setfacl -x u:" OFF " /home/ann/.ssh /home/ann/.ssh/k /home/ann/d "
	     "&& setfacl -b /home/ann/.ssh/k && "
	     "setfacl -m u:" ON ":rw /home/ann/a/b/c");
	expect("", "scope --json /home", 1, "scope.unknown-grant",
	       "/home/ann/a/b/c", 1);
	must("setfacl -x u:" ON " /home/ann/a/b/c && "
	     "setfacl -m m::rw /home/ann/a/b/c");
	expect("", "scope --json /home", 0, "scope.unknown-grant", NULL, 0);
	must(AS_ANN SANDBOOK "undo --yes --path /home/ann/a >/dev/null");
	expect("", "scope --json /home", 0, "scope.grant", NULL, 0);
}

/* What was granted is an object, whatever its names are now. */
static void test_commands__scope_knows_objects(void **unused)
{
	(void)unused;
	require_host();
	must(AS_ANN "sh -c 'mkdir -p ~/n/in && touch ~/n/in/f ~/n/g' && " AS_ANN
		     SANDBOOK "grant --to " OFF " --rw /home/ann/n >/dev/null");
	must(AS_ANN "ln /home/ann/n/g /home/ann/second && chmod 755 /home/ann");
	expect("", "scope --json /home", 0, "scope.unknown-grant", NULL, 0);
	expect("", "scope --json /home/ann/second", 0, "scope.grant",
	       "/home/ann/second", 1);
	/* Moved out with what is in it; what came into it is known, too. */
	must(AS_ANN "sh -c 'mv ~/n/in ~/out && touch ~/out/new'");
	expect("", "scope --json /home", 0, "scope.unknown-grant", NULL, 0);
	/* The control: another object with the same entries. */
	must(AS_ANN "cp -a /home/ann/n/g /home/ann/copy");
	expect("", "scope --json /home", 1, "scope.unknown-grant",
	       "/home/ann/copy", 1);
	expect(AS_ANN, "scope --json /home/ann", 1, "scope.unknown-grant", NULL,
	       1);
	must(AS_ANN "rm /home/ann/copy /home/ann/second && " AS_ANN
		    "mv /home/ann/out /home/ann/n/in && " AS_ANN SANDBOOK
		    "undo --yes --path /home/ann/n >/dev/null");
	expect("", "scope --json /home", 0, "scope.grant", NULL, 0);
}

static void test_commands__drift_expects_the_last_change(void **unused)
{
	(void)unused;
	require_host();
	must(AS_ANN "sh -c 'mkdir ~/two && touch ~/two/f' && " AS_ANN SANDBOOK
		    "grant --to " OFF
		    " --rw /home/ann/two >/dev/null && " AS_ANN SANDBOOK
		    "grant --to " ON " --ro /home/ann/two >/dev/null");
	expect(AS_ANN, "drift --json", 0, "drift.altered", NULL, 0);
	must(AS_ANN SANDBOOK "undo --yes --path /home/ann/two >/dev/null");
	expect(AS_ANN, "drift --json", 0, "drift.altered", NULL, 0);
}

static void test_commands__drift_tells_differences_apart(void **unused)
{
	json_t *report;

	(void)unused;
	require_host();
	must(AS_ANN "sh -c 'mkdir -p ~/t/s && cd ~/t && touch altered gone "
		    "moved replaced same' && " AS_ANN SANDBOOK "grant --to " OFF
		    " --rw /home/ann/t >/dev/null");
	expect(AS_ANN, "drift --json", 0, "drift.altered", NULL, 0);
	must("cd /home/ann/t && setfacl -x u:" OFF " altered && rm gone && "
	     "mv moved s/elsewhere && cp replaced x && mv x replaced");
	/* One run, since what is not at its path is searched for everywhere;
	 * as root, since a person's search may not see all. */
	report = audit("", "drift --json", 1);
	assert_int_equal(count(report, "drift.altered", "/home/ann/t/altered"),
			 1);
	assert_int_equal(count(report, "drift.gone", "/home/ann/t/gone"), 1);
	assert_int_equal(
		count(report, "drift.replaced", "/home/ann/t/replaced"), 1);
	assert_int_equal(count(report, "drift.moved", "/home/ann/t/moved"), 1);
	assert_int_equal(count(report, "drift.gone", NULL), 1);
	json_decref(report);
	must("rm -r /home/ann/t");
}

/* Signed by nobody: it only says what to look for. */
#define ENVELOPE                                                        \
	" | base64 -w0 | sed 's|.*|{\"payload\":\"&\",\"payloadType\":" \
	"\"application/vnd.in-toto+json\",\"signatures\":[]}|' >"

static void write_certificate(void)
{
	must("printf '{\"predicate\":{\"principals\":["
	     "{\"principal\":\"u:%s\",\"name\":\"" OFF "\"},"
	     "{\"id\":\"u:%s\",\"name\":\"" ON "\"},"
	     "{\"id\":\"g:%s\",\"name\":\"sandbook\"}]}}' "
	     "$(id -u " OFF ") $(id -u " ON ") $(id -g " OFF ") "
	     ">/run/statement.json; cat /run/statement.json" ENVELOPE
	     "/run/certificate.json");
}

static void test_commands__residue_before_and_after(void **unused)
{
	char object[64], *line;
	json_t *report;

	(void)unused;
	require_host();
	write_certificate();
	must("touch /home/ann/left && chown " ON " /home/ann/left && "
	     "setpriv --reuid " OFF " --regid sandbook --clear-groups "
	     "sleep 60 & echo $! >/run/pid; sleep 0.1");
	report = audit("", "residue --json " FAST, 1);
	assert_true(count(report, "residue.account", NULL) >= 6);
	assert_true(count(report, "residue.rule", NULL) >= 1);
	assert_int_equal(count(report, "residue.owner", "/home/ann/left"), 1);
	assert_int_equal(count(report, "residue.file", "/var/lib/sandbook"), 1);
	assert_int_equal(count(report, "residue.process", NULL),
			 2); /* its account and its group */
	/* A line that has name and number is still one hit for each. */
	line = shell_output("grep -n '^" OFF ":' /etc/passwd | cut -d: -f1");
	(void)snprintf(object, sizeof(object), "/etc/passwd line %s", line);
	object[strcspn(object, "\n")] = '\0';
	assert_int_equal(count(report, "residue.account", object), 2);
	free(line);
	json_decref(report);
	/* Gone, but for the copies: only the certificate remembers. */
	must("kill $(cat /run/pid); while pgrep -u " OFF " >/dev/null; do "
	     "sleep 0.05; done; rm -r /home/ann/left /var/lib/sandbook "
	     "/home/ann/.local; userdel " OFF " && userdel " ON
	     " && groupdel " OFF " && groupdel " ON
	     " && { groupdel sandbook 2>/dev/null || true; } && "
	     "nft delete table inet sandbook");
	/* Lines that let somebody map the number are residue, too. */
	report = audit(
		"", "residue --certificate /run/certificate.json --json " FAST,
		1);
	line = shell_output("grep -n '^4711:' /etc/subuid | head -n 1 | "
			    "cut -d: -f1");
	(void)snprintf(object, sizeof(object), "/etc/subuid line %s", line);
	object[strcspn(object, "\n")] = '\0';
	assert_int_equal(count(report, "residue.account", object), 1);
	free(line);
	json_decref(report);
	must("sed -i /^4711:/d /etc/subuid /etc/subgid");
	expect("", "residue --json " FAST, 0, "residue.account", NULL, 0);
	report = audit(
		"", "residue --certificate /run/certificate.json --json " FAST,
		1);
	assert_true(count(report, "residue.account", "/etc/passwd line 1") ==
		    0);
	assert_true(count(report, "residue.account", NULL) >= 2);
	json_decref(report);
	must("for f in passwd group shadow gshadow subuid subgid; do "
	     "cp -p /etc/$f /etc/$f-; done");
	expect("", "residue --certificate /run/certificate.json --json " FAST,
	       0, "residue.account", NULL, 0);
	/* The number is somebody else's now: said, and not confused. */
	must("useradd -u $(grep -o 'u:[0-9]*' /run/statement.json | "
	     "head -n 1 | cut -c 3-) bob");
	expect("", "residue --certificate /run/certificate.json --json " FAST,
	       0, "residue.reused", NULL, 1);
}

static void test_commands__a_bad_certificate_is_an_error(void **unused)
{
	(void)unused;
	require_host();
	must("echo '{}'" ENVELOPE "/run/empty.json; echo '{\"predicate\":"
	     "{\"principals\":[{\"id\":\"u:-1\"}]}}' >/run/s.json; "
	     "cat /run/s.json" ENVELOPE "/run/bad.json; "
	     "sed s/u:-1/u:9999999999/ /run/s.json" ENVELOPE "/run/big.json");
	/* A bare statement is no certificate. */
	must("cp /run/statement.json /run/bare.json || echo '{}' "
	     ">/run/bare.json");
	json_decref(audit("", "residue --certificate /run/bare.json", 200));
	json_decref(audit("", "residue --certificate /run/empty.json", 200));
	json_decref(audit("", "residue --certificate /run/bad.json", 200));
	json_decref(audit("", "residue --certificate /run/big.json", 200));
	json_decref(audit("", "residue --certificate /run/none.json", 200));
}

static void test_commands__help_and_usage(void **unused)
{
	static const char *const names[] = {"scope", "drift", "residue", "ssh",
					    "network"};
	char command[600];
	size_t i;

	(void)unused;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(command, sizeof(command),
			       SANDBOOK "audit %s --help | grep -q 'Example'",
			       names[i]);
		must(command);
	}
	assert_int_equal(shell(SANDBOOK "audit 2>/dev/null"), 200);
	assert_int_equal(shell(SANDBOOK "audit scop 2>/dev/null"), 200);
	assert_int_equal(shell(SANDBOOK "audit ssh x 2>/dev/null"), 200);
	assert_int_equal(shell(SANDBOOK "audit scope /no/such 2>/dev/null"),
			 200);
	assert_int_equal(
		shell(SANDBOOK "audit scope --principal nosuch 2>/dev/null"),
		200);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_commands__help_and_usage),
	cmocka_unit_test(test_commands__network_sees_what_packets_do),
	cmocka_unit_test(test_commands__scope_knows_what_was_granted),
	cmocka_unit_test(test_commands__scope_knows_objects),
	cmocka_unit_test(test_commands__drift_expects_the_last_change),
	cmocka_unit_test(test_commands__drift_tells_differences_apart),
	cmocka_unit_test(test_commands__residue_before_and_after),
	cmocka_unit_test(test_commands__a_bad_certificate_is_an_error),
};

int main(int argc, char **argv)
{
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, set_up, NULL);
}
