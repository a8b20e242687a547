/*
 * The identity surface: what others may do to what is around the accounts,
 * each with the finding that tells it, its remedy, and a clean report before
 * and after.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tests/audit/commands.h"
#include "tests/audit/world.h"

#include "engine/banned.h"

#define OFF "sandbook-4711-off"
#define ON "sandbook-4711-on"

/* One thing that others did to what is around the accounts. */
struct surface {
	const char *make, *unmake, *rule, *object, *part;
	bool in_scope;
};

/* A finding with the rule, object and part of a text or remedy, and a remedy
 * at all. */
static bool is_told(const json_t *report, const struct surface *surface)
{
	const json_t *list = json_object_get(report, "findings");
	size_t i;

	for (i = 0; i < json_array_size(list); i++) {
		const json_t *finding = json_array_get(list, i);
		const char *object =
			json_string_value(json_object_get(finding, "object"));
		const char *text =
			json_string_value(json_object_get(finding, "text"));
		const char *remedy =
			json_string_value(json_object_get(finding, "remedy"));

		if (strcmp(json_string_value(json_object_get(finding, "rule")),
			   surface->rule) == 0 &&
		    object != NULL && remedy != NULL &&
		    strstr(object, surface->object) != NULL &&
		    (strstr(text, surface->part) != NULL ||
		     strstr(remedy, surface->part) != NULL))
			return true;
	}
	return false;
}

static void check_surface(const struct surface *surface)
{
	json_t *report;

	must(surface->make);
	report = audit("", "drift --machine --json", 1);
	if (!is_told(report, surface)) {
		(void)shell("cat /run/report.json >&2");
		fail_msg("'%s': drift does not tell it", surface->make);
	}
	json_decref(report);
	/* Below an empty directory: the walk is not what it is about. */
	report =
		audit("", "scope --json /run/empty", surface->in_scope ? 1 : 0);
	if (is_told(report, surface) != surface->in_scope)
		fail_msg("'%s': scope tells it, or does not", surface->make);
	json_decref(report);
	must(surface->unmake);
	/* The control: with it gone, both are clean. */
	json_decref(audit("", "drift --machine --json", 0));
	json_decref(audit("", "scope --json /run/empty", 0));
}

#define NUMBER "$(id -u " OFF ")"
#define RESTORE_ETC                                                   \
	"for f in passwd group shadow gshadow subuid subgid; do cat " \
	"/run/kept/$f >/etc/$f; done"

static void test_enrolment__drift_knows_the_identity_surface(void **unused)
{
	static const struct surface surfaces[] = {
		{"echo bob:1900000000:100000000 >>/etc/subuid", RESTORE_ETC,
		 "enrolment.line", "/etc/subuid line ", "out of '/etc/subuid'",
		 true},
		{"echo bob:1900000000:100000000 >>/etc/subgid", RESTORE_ETC,
		 "enrolment.line", "/etc/subgid line ", "lets 'bob' become",
		 true},
		{"echo 4712:" NUMBER ":1 >>/etc/subuid", RESTORE_ETC,
		 "enrolment.line", "/etc/subuid line ", OFF, true},
		/* The group of all is not even hers. */
		{"echo ann:$(getent group sandbook | cut -d: -f3):1 "
		 ">>/etc/subgid",
		 RESTORE_ETC, "enrolment.line", "/etc/subgid line ",
		 "group 'sandbook'", true},
		{"gpasswd -a bob sandbook >/dev/null", RESTORE_ETC,
		 "enrolment.member", "/etc/group line ",
		 "sudo gpasswd -d bob sandbook", true},
		{"gpasswd -a bob " OFF " >/dev/null", RESTORE_ETC,
		 "enrolment.member", "/etc/group line ", OFF, true},
		{"usermod -g sandbook bob", RESTORE_ETC, "enrolment.member",
		 "/etc/passwd line ", "primary group of 'bob'", true},
		{"useradd -M -o -u " NUMBER " clone", RESTORE_ETC,
		 "enrolment.number", "/etc/passwd line ", "usermod -u", true},
		{"groupadd -o -g " NUMBER " clone", RESTORE_ETC,
		 "enrolment.number", "/etc/group line ", "groupmod -g", true},
		{"echo 4711:x:4999:4999::/:/bin/sh >>/etc/passwd", RESTORE_ETC,
		 "enrolment.digits", OFF, "rename the account '4711'", true},
		{"sed -i /^ann:/d /etc/passwd", RESTORE_ETC, "enrolment.person",
		 OFF, "setup --remove-user 4711", false},
		{"sed -i /^4711:/d /etc/subgid", RESTORE_ETC, "drift.missing",
		 "/etc/subgid:4711:", "setup --upgrade", false},
		{"usermod -s /bin/sh " OFF, RESTORE_ETC, "drift.altered", OFF,
		 "found 'shell /bin/sh'", false},
		{"usermod -p x " ON, RESTORE_ETC, "drift.altered", ON,
		 "found 'password set'", false},
		{"usermod -d /tmp " ON, RESTORE_ETC, "drift.altered", ON,
		 "--remove-user 4711", false},
		{"usermod -g nogroup " ON, RESTORE_ETC, "drift.altered", ON,
		 "found 'gid ", false},
	};
	size_t i;

	(void)unused;
	require_host();
	must("mkdir -p /run/empty /run/kept && for f "
	     "in passwd group shadow gshadow subuid subgid; do cp /etc/$f "
	     "/run/kept/; done");
	json_decref(audit("", "drift --machine --json", 0));
	for (i = 0; i < sizeof(surfaces) / sizeof(surfaces[0]); i++)
		check_surface(&surfaces[i]);
	/* Her own range, under her name, is hers. */
	must("echo ann:1900000000:100000000 >>/etc/subuid");
	json_decref(audit("", "drift --machine --json", 0));
	must(RESTORE_ETC);
}

/* The set-id bit: lost, on another program, and given to a newer one. */
static void test_enrolment__drift_knows_the_set_id_bit(void **unused)
{
	static const char program[] = "/var/installed/sandbook-mount";
	const struct surface surfaces[] = {
		{"chmod u-s /var/installed/sandbook-mount",
		 "chmod u+s /var/installed/sandbook-mount", "drift.altered",
		 program, "setup --upgrade", false},
		{"mv /var/installed/sandbook-mount /var/installed/kept && "
		 "install -m 4755 /bin/true /var/installed/sandbook-mount",
		 "mv /var/installed/kept /var/installed/sandbook-mount",
		 "enrolment.bit", program, "chmod u-s", false},
	};
	json_t *report;
	size_t i;

	(void)unused;
	require_host();
	must("mkdir -p /run/empty /var/installed && mount -t tmpfs -o "
	     "mode=0755 installed /var/installed && install -m 755 "
	     "" SBK_BINARY_DIR "/bin/sandbook " SBK_BINARY_DIR
	     "/bin/sandbook-setup " SBK_BINARY_DIR
	     "/bin/sandbook-mount /var/installed && /var/installed/sandbook "
	     "setup --yes --upgrade >/dev/null && [ -u "
	     "/var/installed/sandbook-mount ]");
	for (i = 0; i < sizeof(surfaces) / sizeof(surfaces[0]); i++)
		check_surface(&surfaces[i]);
	/* A newer one is installed, and upgraded: the older one's record is
	 * no finding, for it has its successor. */
	must("cp /var/installed/sandbook-mount /var/installed/new && chmod "
	     "755 /var/installed/new && mv /var/installed/new "
	     "/var/installed/sandbook-mount");
	expect("", "drift --machine --json", 1, "drift.replaced", program, 1);
	must("/var/installed/sandbook setup --yes --upgrade >/dev/null");
	report = audit("", "drift --machine --json", 0);
	assert_int_equal(count(report, "drift.superseded", program), 1);
	json_decref(report);
}

static int set_up(void **state)
{
	(void)state;
	if (getenv("SBK_TEST_HOST") == NULL)
		return 0;
	must("useradd -M -u 4711 ann && useradd -M -u 4712 bob && " SANDBOOK
	     "setup --user ann --yes >/dev/null 2>&1");
	return 0;
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_enrolment__drift_knows_the_identity_surface),
	cmocka_unit_test(test_enrolment__drift_knows_the_set_id_bit),
};

int main(int argc, char **argv)
{
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, set_up, NULL);
}
