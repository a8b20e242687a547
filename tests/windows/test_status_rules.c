/*
 * What status says on Windows: each answer has words of its own, for people and
 * for programs, and what was not seen is said as that.
 */
#include "tests/support/test.h"

#include <string.h>

#include <jansson.h>

#include "engine/windows/filter_rules.h"
#include "engine/windows/status_rules.h"

#include "engine/banned.h"

#define INSTALLATION "0123456789abcdef0123456789abcdef"

static struct sbk_status_said said;
static json_t *object; /* of the members */

static int begin(void **state)
{
	(void)state;
	said = (struct sbk_status_said){.text = SBK_BUF_INIT};
	object = NULL;
	return 0;
}

static int end(void **state)
{
	(void)state;
	sbk_buf_release(&said.text);
	sbk_buf_release(&said.members);
	json_decref(object);
	return 0;
}

static const json_t *member(const char *key)
{
	struct sbk_buf text = SBK_BUF_INIT;

	if (object == NULL) {
		sbk_buf_printf(&text, "{%s}", sbk_buf_text(&said.members));
		object = json_loads(sbk_buf_text(&text), JSON_REJECT_DUPLICATES,
				    NULL);
		if (object == NULL)
			fail_msg("no JSON: %s", sbk_buf_text(&text));
		sbk_buf_release(&text);
	}
	return json_object_get(object, key);
}

static void assert_text(const char *part)
{
	if (strstr(sbk_buf_text(&said.text), part) == NULL)
		fail_msg("without '%s': %s", part, sbk_buf_text(&said.text));
}

static void test_status_rules__modes(void **state)
{
	const struct sbk_nt_mode modes[] = {
		{"offline account", true, "as 'SandbookOffline'"},
		{"no account", false, "a password is kept"}};
	const json_t *list;

	(void)state;
	sbk_nt_status_modes(modes, 2, &said);
	assert_text("offline account   can begin: as 'SandbookOffline'\n");
	assert_text("no account        CANNOT BEGIN: a password is kept\n");
	list = member("modes");
	assert_int_equal(json_array_size(list), 2);
	assert_true(json_is_true(
		json_object_get(json_array_get(list, 0), "can_begin")));
	assert_true(json_is_false(
		json_object_get(json_array_get(list, 1), "can_begin")));
	assert_string_equal(json_string_value(member("memory_limit")),
			    "per process");
}

static void test_status_rules__logons(void **state)
{
	static const struct {
		uint32_t flags;
		enum sbk_nt_answer recorded;
		const char *text;
		bool enabled, expires;
	} cases[] = {
		{0x10201, SBK_NT_YES, "enabled; its password never expires\n",
		 true, false},
		{0x10201, SBK_NT_UNKNOWN, "enabled; its", true, false},
		{0x10201, SBK_NT_NO, "ENABLED, and no record says", true,
		 false},
		{0x10203, SBK_NT_NO, "disabled (its person's own", false,
		 false},
		{0x10203, SBK_NT_YES, "DISABLED, and setup had enabled it",
		 false, false},
		{0x00201, SBK_NT_YES, "its password EXPIRES\n", true, true},
		{0x800201, SBK_NT_YES, "its password HAS EXPIRED", true, true},
		{0x10211, SBK_NT_YES, "expires; LOCKED OUT", true, false},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct sbk_nt_account_facts facts = {
			.person = "ann",
			.is_known = true,
			.flags = cases[i].flags,
			.is_recorded = cases[i].recorded};

		sbk_nt_status_account(&facts, &said);
		assert_text(cases[i].text);
		assert_text("the password that is kept opens\n");
		assert_text("for 'ann'\n");
		assert_int_equal(json_is_true(member("enabled")),
				 cases[i].enabled);
		assert_int_equal(json_is_true(member("password_expires")),
				 cases[i].expires);
		assert_int_equal(member("enabled_by_record") == NULL,
				 cases[i].recorded == SBK_NT_UNKNOWN);
		(void)end(state);
		(void)begin(state);
	}
}

/* Of what was not seen nothing is said but why. */
static void test_status_rules__what_was_not_seen(void **state)
{
	const struct sbk_nt_account_facts facts = {
		.person_gone = true,
		.flags_why = "NetUserGetInfo: denied",
		.password = SBK_NT_PASSWORD_LOST,
		.password_why = "it does not open"};

	(void)state;
	sbk_nt_status_account(&facts, &said);
	assert_text("cannot be looked at: NetUserGetInfo: denied\n");
	assert_text("for SOMEBODY WHOSE ACCOUNT IS GONE\n");
	assert_text("IS OF NO USE: it does not open\n");
	assert_null(strstr(sbk_buf_text(&said.text), "enabled"));
	assert_null(member("enabled"));
	assert_string_equal(json_string_value(member("enabled_unknown")),
			    "NetUserGetInfo: denied");
	assert_string_equal(json_string_value(member("password")), "lost");
}

static void test_status_rules__walls(void **state)
{
	const struct sbk_nt_wall items[] = {
		{{.kind = SBK_KIND_FILTERS, .name = "53420000-1"},
		 SBK_NT_WALL_EXACT,
		 NULL},
		{{.kind = SBK_KIND_FIREWALL, .name = "Sandbook S-1 out"},
		 SBK_NT_WALL_UNKNOWN,
		 "denied"},
		{{.kind = SBK_KIND_FIREWALL, .name = "Sandbook S-1 in"},
		 SBK_NT_WALL_GONE,
		 NULL}};
	const struct sbk_nt_walls walls = {.items = items,
					   .count = 3,
					   .accounts = 2,
					   .more_rules = 1,
					   .filters_why = "no access"};
	const json_t *list;

	(void)state;
	sbk_nt_status_walls(&walls, &said);
	assert_text("Network filters '53420000-1': as setup made it\n");
	assert_text("rule 'Sandbook S-1 out': cannot be looked at: denied\n");
	assert_text("rule 'Sandbook S-1 in': GONE\n");
	assert_text("1 of the firewall rules bears Sandbook's mark and is on "
		    "no record");
	assert_text("among the network filters cannot be looked for: no "
		    "access\n");
	list = member("firewall");
	assert_int_equal(json_array_size(list), 3);
	assert_string_equal(json_string_value(json_object_get(
				    json_array_get(list, 1), "state")),
			    "unknown");
	assert_int_equal(json_integer_value(member("rules_unrecorded")), 1);
	assert_null(member("filters_unrecorded"));
}

static void test_status_rules__no_walls(void **state)
{
	const struct sbk_nt_walls bare = {.accounts = 2};
	const struct sbk_nt_walls unread = {.accounts = 2,
					    .records_why = "damaged"};

	(void)state;
	sbk_nt_status_walls(&bare, &said);
	assert_text("NONE ON RECORD, and there are accounts\n");
	(void)end(state);
	(void)begin(state);
	sbk_nt_status_walls(&unread, &said);
	assert_text("cannot be looked up: damaged\n");
	assert_null(strstr(sbk_buf_text(&said.text), "NONE ON RECORD"));
	assert_non_null(member("firewall_unknown"));
}

/* Each has to be there, and as it was made. */
static void test_status_rules__who_is_held(void **state)
{
	struct sbk_sid users[2];
	struct sbk_buf text = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_filter_set set;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++)
		assert_int_equal(sbk_sid_parse(i == 0 ? "S-1-5-21-1-2-3-1005"
						      : "S-1-5-21-1-2-3-1006",
					       19, &users[i], NULL),
				 0);
	assert_ok(sbk_filters_want(&text, INSTALLATION, users, 1, 47100, 47115,
				   &err),
		  &err);
	assert_true(sbk_nt_status_holds(
		(struct sbk_state){text.data, text.size}, &users[0]));
	assert_false(sbk_nt_status_holds(
		(struct sbk_state){text.data, text.size}, &users[1]));
	assert_false(sbk_nt_status_holds(SBK_STATE_ABSENT, &users[0]));
	assert_ok(sbk_filter_set_parse(
			  &set, (struct sbk_state){text.data, text.size}, &err),
		  &err);
	for (i = 0; i < 2; i++) {
		if (i == 0)
			set.filters[3].weight = 15;
		else
			set.filters[3].is_other = true;
		sbk_buf_clear(&text);
		sbk_filter_set_encode(&set, &text);
		assert_false(sbk_nt_status_holds(
			(struct sbk_state){text.data, text.size}, &users[0]));
	}
	sbk_filter_set_release(&set);
	sbk_buf_release(&text);
}

static void test_status_rules__signatures(void **state)
{
	const struct sbk_nt_signatures none = {.entries = 7};
	const struct sbk_nt_signatures some = {
		.entries = 9, .covered = 8, .anchor = "C:/tools/tell.exe"};

	(void)state;
	sbk_nt_status_signatures(&none, &said);
	assert_text("no checkpoint of its 7 entries; nobody is told");
	assert_true(json_is_null(member("anchor")));
	(void)end(state);
	(void)begin(state);
	sbk_nt_status_signatures(&some, &said);
	assert_text("signs 8 of 9 entries; told of each is C:/tools/tell.exe");
	assert_int_equal(json_integer_value(member("signed")), 8);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(test_status_rules__##name, begin, end)

static const struct CMUnitTest tests[] = {
	TEST(modes),	TEST(logons),	   TEST(what_was_not_seen), TEST(walls),
	TEST(no_walls), TEST(who_is_held), TEST(signatures),
};

SBK_TEST_MAIN(tests)
