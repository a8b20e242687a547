/* What the firewall rules of ours are, as data. */
#include "tests/support/test.h"

#include <string.h>

#include "engine/windows/firewall_rules.h"

#include "engine/banned.h"

#define ID "0123456789abcdef0123456789abcdef"
#define NAME "Sandbook S-1-5-21-1-2-3-1005 out"

static const char wanted[] =
	"Action 0\n"
	"ApplicationName\n"
	"Description Keeps a sandbox account of Sandbook off the network.\n"
	"Direction 2\n"
	"EdgeTraversal 0\n"
	"EdgeTraversalOptions 0\n"
	"Enabled 1\n"
	"Grouping Sandbook " ID "\n"
	"IcmpTypesAndCodes *\n"
	"InterfaceTypes All\n"
	"Interfaces\n"
	"LocalAddresses *\n"
	"LocalAppPackageId\n"
	"LocalPorts *\n"
	"LocalUserAuthorizedList D:(A;;CC;;;S-1-5-21-1-2-3-1005)\n"
	"LocalUserOwner\n"
	"Name " NAME "\n"
	"Profiles all\n"
	"Protocol 256\n"
	"RemoteAddresses *\n"
	"RemoteMachineAuthorizedList\n"
	"RemotePorts *\n"
	"RemoteUserAuthorizedList\n"
	"SecureFlags 0\n"
	"ServiceName\n";

static void test_firewall_rules__the_state_of_one(void **state)
{
	struct sbk_buf out = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	assert_ok(sbk_firewall_want(&out, NAME, ID, &err), &err);
	assert_string_equal(sbk_buf_text(&out), wanted);
	assert_error(sbk_firewall_want(&out, "Sandbook", ID, &err), SBK_E_INVAL,
		     &err);
	assert_error(sbk_firewall_want(&out, NAME, "1", &err), SBK_E_INVAL,
		     &err);
	sbk_buf_release(&out);
}

static void test_firewall_rules__names_have_one_form(void **state)
{
	static const char *const bad[] = {"",
					  "Sandbook",
					  "Sandbook ",
					  "Sandbook S-1-5-21-1-2-3-1005",
					  "Sandbook S-1-5-21-1-2-3-1005 ",
					  "Sandbook S-1-5-21-1-2-3-1005 up",
					  "Sandbook s-1-5-21-1-2-3-1005 in",
					  "Sandbook S-1-5-21-1-2-3-01005 in",
					  "Sandbook  S-1-5-21-1-2-3-1005 in",
					  "Sandbook S-1-5-21-1-2-3-1005 in "};
	enum sbk_firewall_direction direction;
	char name[SBK_FIREWALL_NAME_MAX];
	struct sbk_sid user;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(
			sbk_firewall_name_parse(bad[i], &user, &direction));
	assert_true(sbk_firewall_name_parse(NAME, &user, &direction));
	assert_int_equal(direction, SBK_FIREWALL_OUT);
	sbk_firewall_name(&user, SBK_FIREWALL_IN, name);
	assert_string_equal(name, "Sandbook S-1-5-21-1-2-3-1005 in");
}

/* What the system may say in another way is the same state. */
static void test_firewall_rules__values_that_mean_the_same(void **state)
{
	struct sbk_firewall_rule rule;
	struct sbk_buf out = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf *profiles = &rule.values[SBK_FIREWALL_PROFILES];
	struct sbk_buf *users = &rule.values[SBK_FIREWALL_LOCAL_USERS];

	(void)state;
	assert_ok(sbk_firewall_make(&rule, NAME, ID, &err), &err);
	sbk_buf_adds(&rule.values[SBK_FIREWALL_EDGE], "0");
	sbk_buf_adds(&rule.values[SBK_FIREWALL_EDGE_OPTIONS], "0");
	sbk_buf_adds(&rule.values[SBK_FIREWALL_SECURE], "0");
	sbk_buf_adds(&rule.values[SBK_FIREWALL_REMOTE_PORTS], "*");
	sbk_buf_clear(profiles);
	sbk_buf_adds(profiles, "7");
	sbk_buf_clear(users);
	sbk_buf_adds(users, "D:(A;;0x1;;;S-1-5-21-1-2-3-1005)");
	sbk_firewall_encode(&out, &rule, 1);
	assert_string_equal(sbk_buf_text(&out), wanted);
	/* And what does not mean the same is not. */
	sbk_buf_clear(profiles);
	sbk_buf_adds(profiles, "3");
	sbk_buf_clear(&out);
	sbk_firewall_encode(&out, &rule, 1);
	assert_non_null(strstr(sbk_buf_text(&out), "\nProfiles 3\n"));
	sbk_buf_adds(&rule.values[SBK_FIREWALL_SERVICE], "a\nb");
	sbk_buf_clear(&out);
	sbk_firewall_encode(&out, &rule, 2);
	assert_non_null(
		strstr(sbk_buf_text(&out), "\nServiceName raw 610a62\n"));
	assert_memory_equal(sbk_buf_text(&out), "copies 2\n", 9);
	sbk_buf_release(&out);
	sbk_firewall_rule_release(&rule);
}

/* Only a rule that blocks, of this account, is ever made. */
static void test_firewall_rules__no_other_state_is_made(void **state)
{
	struct sbk_firewall_rule rule;
	struct sbk_error err = SBK_ERROR_INIT;
	char text[sizeof(wanted)];
	size_t i;

	(void)state;
	assert_ok(sbk_firewall_of_state(
			  &rule, NAME,
			  (struct sbk_state){wanted, sizeof(wanted) - 1}, &err),
		  &err);
	assert_string_equal(
		sbk_buf_text(&rule.values[SBK_FIREWALL_LOCAL_USERS]),
		"O:LSD:(A;;CC;;;S-1-5-21-1-2-3-1005)");
	sbk_firewall_rule_release(&rule);
	for (i = 0; i < sizeof(wanted) - 1; i++) {
		memcpy(text, wanted, sizeof(text));
		text[i] = text[i] == '1' ? 'x' : '1';
		/* Another installation's is one, too. */
		if (strchr("0123456789abcdef", wanted[i]) != NULL &&
		    strchr("0123456789abcdef", text[i]) != NULL &&
		    wanted + i > strstr(wanted, "Grouping") &&
		    wanted + i < strstr(wanted, "\nIcmp"))
			continue;
		assert_error(sbk_firewall_of_state(
				     &rule, NAME,
				     (struct sbk_state){text, sizeof(text) - 1},
				     &err),
			     SBK_E_PARSE, &err);
	}
	assert_error(sbk_firewall_of_state(
			     &rule, "Sandbook S-1-5-21-1-2-3-1005 in",
			     (struct sbk_state){wanted, sizeof(wanted) - 1},
			     &err),
		     SBK_E_PARSE, &err);
}

static void test_firewall_rules__in_effect_or_refused(void **state)
{
	struct sbk_firewall_effect effect = {.current = 6,
					     .enabled = {false, true, true}};
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	assert_ok(sbk_firewall_effective(&effect, &err), &err);
	effect.modify_state = 2; /* all that comes in is blocked */
	assert_ok(sbk_firewall_effective(&effect, &err), &err);
	effect.enabled[2] = false;
	assert_error(sbk_firewall_effective(&effect, &err), SBK_E_UNSUPPORTED,
		     &err);
	assert_non_null(strstr(err.message, "public profile"));
	effect.enabled[2] = true;
	effect.modify_state = 1;
	assert_error(sbk_firewall_effective(&effect, &err), SBK_E_UNSUPPORTED,
		     &err);
	assert_non_null(strstr(err.message, "group policy"));
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_firewall_rules__the_state_of_one),
	cmocka_unit_test(test_firewall_rules__names_have_one_form),
	cmocka_unit_test(test_firewall_rules__values_that_mean_the_same),
	cmocka_unit_test(test_firewall_rules__no_other_state_is_made),
	cmocka_unit_test(test_firewall_rules__in_effect_or_refused),
};

SBK_TEST_MAIN(tests)
