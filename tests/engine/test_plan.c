/* Plans: what they keep, and how they are printed. */
#include "tests/support/test.h"

#include <jansson.h>
#include <string.h>

#include "engine/json.h"
#include "engine/plan.h"

#include "engine/banned.h"

static void test_state_pool__holds_each_state_once(void **state)
{
	struct sbk_state_pool *pool = sbk_state_pool_new();
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_state first, again, other;
	char text[16];
	int i;

	(void)state;
	assert_ok(sbk_state_pool_intern(pool,
					(struct sbk_state){"mode 644\n", 9},
					&first, &err),
		  &err);
	for (i = 0; i < 500; i++) {
		(void)snprintf(text, sizeof(text), "%d", i);
		assert_ok(sbk_state_pool_intern(
				  pool, (struct sbk_state){text, strlen(text)},
				  &other, &err),
			  &err);
	}
	assert_ok(sbk_state_pool_intern(pool,
					(struct sbk_state){"mode 644\n", 9},
					&again, &err),
		  &err);
	assert_ptr_equal(first.data, again.data);
	assert_int_equal(sbk_state_pool_count(pool), 501);
	sbk_state_pool_free(pool);
}

static struct sbk_plan *hostile_plan(void)
{
	struct sbk_plan *plan = sbk_plan_new();
	struct sbk_change change = {
		.object = {.kind = SBK_KIND_FILE, .name = "/etc/\x1b[2J\xff"},
		.after = {.data = "mode 644\n\nbody", .size = 14},
		.reason = "a \"reason\"",
	};
	struct sbk_plan_root root = {.path = "/ws",
				     .principal = "u:990",
				     .principal_name = "someone",
				     .objects = 3,
				     .writable = true};
	struct sbk_error err = SBK_ERROR_INIT;

	assert_ok(sbk_plan_add(plan, &change, &err), &err);
	assert_ok(sbk_plan_add_root(plan, &root, NULL, &err), &err);
	change.object =
		(struct sbk_object){.kind = SBK_KIND_ACCESS, .name = "/ws/x"};
	assert_ok(sbk_plan_add(plan, &change, &err), &err);
	change.object = (struct sbk_object){.kind = SBK_KIND_KEPT,
					    .name = "/etc/shadow-"};
	assert_ok(sbk_plan_add(plan, &change, &err), &err);
	assert_ok(sbk_plan_add_note(plan, &err, "a note of %d", 7), &err);
	return plan;
}

static void test_plan__prints_no_hostile_byte(void **state)
{
	struct sbk_plan *plan = hostile_plan();
	struct sbk_buf out = SBK_BUF_INIT;

	(void)state;
	sbk_plan_print(plan, &out);
	assert_null(strchr(sbk_buf_text(&out), 0x1b));
	assert_non_null(strstr(sbk_buf_text(&out), "/etc/\\x1b[2J\\xff"));
	/* Below a root it is rolled up. */
	assert_null(strstr(sbk_buf_text(&out), "/ws/x"));
	assert_non_null(strstr(sbk_buf_text(&out), "3 changes"));
	assert_non_null(strstr(sbk_buf_text(&out),
			       "  keep    /etc/shadow-: a \"reason\"\n"));
	sbk_buf_release(&out);
	sbk_plan_free(plan);
}

static void test_plan__prints_json_that_parses_and_seals(void **state)
{
	struct sbk_plan *plan = hostile_plan();
	struct sbk_buf out = SBK_BUF_INIT;
	json_t *json;

	(void)state;
	sbk_plan_print_json(plan, &out);
	json = json_loads(sbk_buf_text(&out), JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(json);
	assert_int_equal(json_array_size(json_object_get(json, "changes")), 3);
	assert_string_equal(
		json_string_value(json_object_get(
			json_array_get(json_object_get(json, "changes"), 2),
			"after")),
		"(sealed)");
	json_decref(json);
	sbk_buf_release(&out);
	sbk_plan_free(plan);
}

static void test_plan__lets_a_few_acls_stand_for_all(void **state)
{
	struct sbk_plan *plan = sbk_plan_new();
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf out = SBK_BUF_INIT;
	struct sbk_change change = {
		.before = {.data = "mode 600\n", .size = 9},
		.after = {.data = "mode 640\n", .size = 9},
	};
	char name[32];
	int i;

	(void)state;
	for (i = 0; i < 12; i++) {
		(void)snprintf(name, sizeof(name), "/acl/%d.", i);
		change.object = (struct sbk_object){.kind = SBK_KIND_ACCESS,
						    .name = name};
		assert_ok(sbk_plan_add(plan, &change, &err), &err);
		/* Other kinds keep their lines. */
		(void)snprintf(name, sizeof(name), "/file/%d.", i);
		change.object = (struct sbk_object){.kind = SBK_KIND_FILE,
						    .name = name};
		assert_ok(sbk_plan_add(plan, &change, &err), &err);
	}
	sbk_plan_print(plan, &out);
	assert_non_null(strstr(sbk_buf_text(&out), "/acl/9."));
	assert_null(strstr(sbk_buf_text(&out), "/acl/10."));
	assert_non_null(strstr(sbk_buf_text(&out), "/file/11."));
	assert_non_null(strstr(sbk_buf_text(&out),
			       "  and 2 more (--json lists all)\n"));
	assert_non_null(strstr(sbk_buf_text(&out), "24 changes"));
	sbk_buf_release(&out);
	sbk_plan_free(plan);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_state_pool__holds_each_state_once),
	cmocka_unit_test(test_plan__prints_no_hostile_byte),
	cmocka_unit_test(test_plan__lets_a_few_acls_stand_for_all),
	cmocka_unit_test(test_plan__prints_json_that_parses_and_seals),
};

SBK_TEST_MAIN(tests)
