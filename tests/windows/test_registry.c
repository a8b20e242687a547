/*
 * Registry values and keys, on the real registry of whoever runs the test
 * (under Wine, too, which keeps it for real): HKCU/Software/SandbookTest-<pid>.
 * Each change by itself, and all of them through plan, apply and undo.
 */
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

#include "engine/apply.h"
#include "engine/os.h"
#include "engine/plan_undo.h"
#include "engine/windows/win32.h"
#include "tests/support/recorder.h"

#include "engine/banned.h"

#define DWORD_STATE "type 4\ndata 00000000\n"
#define NAME_SIZE 200

struct place {
	char key[100], value[NAME_SIZE], path[100], inner[NAME_SIZE];
	struct sbk_backend backend;
	struct sbk_plan *plan;
	struct recorded recorded; /* of the plan */
};

static int setup(void **state)
{
	struct place *place = calloc(1, sizeof(*place));
	const unsigned long pid = GetCurrentProcessId();
	struct sbk_error err = SBK_ERROR_INIT;

	if (place == NULL)
		return -1;
	(void)snprintf(place->key, sizeof(place->key),
		       "HKCU/Software/SandbookTest-%lu", pid);
	(void)snprintf(place->path, sizeof(place->path),
		       "Software\\SandbookTest-%lu", pid);
	(void)snprintf(place->value, sizeof(place->value), "%s:Offline",
		       place->key);
	(void)snprintf(place->inner, sizeof(place->inner), "%s/inner",
		       place->key);
	place->plan = sbk_plan_new();
	*state = place;
	return sbk_os_backend(&place->backend, &err);
}

static int teardown(void **state)
{
	struct place *place = *state;

	sbk_backend_close(&place->backend);
	sbk_plan_free(place->plan);
	(void)RegDeleteKeyExA(HKEY_CURRENT_USER, place->path, KEY_WOW64_64KEY,
			      0);
	free(place);
	return 0;
}

static struct sbk_state text_state(const char *text)
{
	return (struct sbk_state){.data = text, .size = strlen(text)};
}

static int replace(struct place *place, const char *name, const char *from,
		   const char *to, struct sbk_error *err)
{
	const struct sbk_object object = {.kind = SBK_KIND_REGISTRY,
					  .name = name};

	return sbk_backend_replace(&place->backend, &object, text_state(from),
				   text_state(to), err);
}

static void assert_state(struct place *place, const char *name,
			 const char *expected)
{
	const struct sbk_object object = {.kind = SBK_KIND_REGISTRY,
					  .name = name};
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	struct sbk_error err = SBK_ERROR_INIT;

	assert_ok(sbk_backend_observe(&place->backend, &object, &seen, &err),
		  &err);
	assert_string_equal(sbk_buf_text(&seen.state), expected);
	sbk_observation_release(&seen);
}

/* Another program's hand. */
static void set_directly(struct place *place, const char *name, DWORD value)
{
	assert_int_equal(RegSetKeyValueA(HKEY_CURRENT_USER, place->path, name,
					 REG_DWORD, &value, sizeof(value)),
			 0);
}

static void test_registry__a_value_comes_and_goes_with_its_key(void **state)
{
	struct place *place = *state;
	struct sbk_error err = SBK_ERROR_INIT;

	assert_state(place, place->key, "");
	assert_state(place, place->value, "");
	assert_ok(replace(place, place->key, "", "key\n", &err), &err);
	assert_ok(replace(place, place->value, "", DWORD_STATE, &err), &err);
	assert_state(place, place->value, DWORD_STATE);
	assert_state(place, place->key, "key\n");
	assert_ok(replace(place, place->value, DWORD_STATE, "", &err), &err);
	assert_ok(replace(place, place->key, "key\n", "", &err), &err);
	assert_state(place, place->key, "");
}

static void test_registry__what_others_did_is_a_conflict(void **state)
{
	struct place *place = *state;
	struct sbk_error err = SBK_ERROR_INIT;

	assert_ok(replace(place, place->key, "", "key\n", &err), &err);
	assert_ok(replace(place, place->value, "", DWORD_STATE, &err), &err);
	set_directly(place, "Offline", 1);
	assert_error(replace(place, place->value, DWORD_STATE, "", &err),
		     SBK_E_CONFLICT, &err);
	assert_state(place, place->value, "type 4\ndata 01000000\n");
	/* A key that holds anything of others' is theirs for good; with a value
	 * of our name in it, it may yet go. */
	assert_error(replace(place, place->key, "key\n", "", &err),
		     SBK_E_EXISTS, &err);
	set_directly(place, "SandbookOffline", 0);
	assert_error(replace(place, place->key, "key\n", "", &err),
		     SBK_E_CONFLICT, &err);
	assert_state(place, place->key, "key\n");
	assert_error(replace(place, place->key, "", "key\n", &err),
		     SBK_E_CONFLICT, &err);
}

static void test_registry__bad_names_and_states(void **state)
{
	static const char *const names[] = {
		"",	    "HKLM",	    "HKLM/",
		"HKCR/a:b", "Software/a:b", "HKCU/a\\b:c",
		"HKCU/:c",  "HKCU//a:b",    "HKCU/a/:b",
		"HKCU/a//b"};
	static const char *const states[] = {"type 4\n",
					     "type 4\ndata 0\n",
					     "type 4\ndata 00000000",
					     "type 4\ndata 0000000g\n",
					     "type 04\ndata 00000000\n",
					     "type +4\ndata 00000000\n",
					     "type 4294967300\ndata 00000000\n",
					     "type 3\ndata 0A\n"};
	struct place *place = *state;
	struct sbk_error err = SBK_ERROR_INIT;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_error(replace(place, names[i], "", DWORD_STATE, &err),
			     SBK_E_INVAL, &err);
	assert_ok(replace(place, place->key, "", "key\n", &err), &err);
	for (i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		assert_error(replace(place, place->value, "", states[i], &err),
			     SBK_E_PARSE, &err);
	assert_state(place, place->value, "");
}

/* A value may have a type and no data. */
static void test_registry__an_empty_value_is_kept(void **state)
{
	static const char *const empty = "type 1\ndata \n";
	struct place *place = *state;
	struct sbk_error err = SBK_ERROR_INIT;

	assert_ok(replace(place, place->key, "", "key\n", &err), &err);
	assert_ok(replace(place, place->value, "", empty, &err), &err);
	assert_state(place, place->value, empty);
	assert_ok(replace(place, place->value, empty, DWORD_STATE, &err), &err);
	assert_ok(replace(place, place->value, DWORD_STATE, empty, &err), &err);
	assert_ok(replace(place, place->value, empty, "", &err), &err);
	assert_ok(replace(place, place->key, "key\n", "", &err), &err);
}

/* RegCreateKeyExW would make both, and one of them would be nobody's. */
static void test_registry__a_key_is_made_in_one_that_is_there(void **state)
{
	struct place *place = *state;
	struct sbk_error err = SBK_ERROR_INIT;

	assert_error(replace(place, place->inner, "", "key\n", &err),
		     SBK_E_NOTFOUND, &err);
	assert_state(place, place->key, "");
	assert_ok(replace(place, place->key, "", "key\n", &err), &err);
	assert_ok(replace(place, place->inner, "", "key\n", &err), &err);
	assert_error(replace(place, place->key, "key\n", "", &err),
		     SBK_E_EXISTS, &err);
	assert_ok(replace(place, place->inner, "key\n", "", &err), &err);
	assert_ok(replace(place, place->key, "key\n", "", &err), &err);
}

static LSTATUS WINAPI flush_fails(HKEY key)
{
	(void)key;
	return ERROR_DISK_FULL;
}

static int observe(struct place *place, const char *name, struct sbk_error *err)
{
	const struct sbk_object object = {.kind = SBK_KIND_REGISTRY,
					  .name = name};
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	int rc = sbk_backend_observe(&place->backend, &object, &seen, err);

	sbk_observation_release(&seen);
	return rc;
}

/* Also that nothing stands there: recovery settles a change by looking. */
static void test_registry__what_was_seen_is_durable(void **state)
{
	struct sbk_win32 table = sbk_win32_system;
	struct place *place = *state;
	const char *const names[] = {place->key, place->value, place->inner};
	struct sbk_error err = SBK_ERROR_INIT;
	int made;
	size_t i;

	table.registry.RegFlushKey = flush_fails;
	for (made = 0; made < 2; made++) {
		for (i = 0; i < 3; i++) {
			assert_ok(observe(place, names[i], &err), &err);
			sbk_win32 = &table;
			assert_error(observe(place, names[i], &err),
				     SBK_E_LIMIT, &err);
			assert_int_equal(err.os_code, ERROR_DISK_FULL);
			sbk_win32 = &sbk_win32_system;
		}
		if (made == 0)
			assert_ok(replace(place, place->key, "", "key\n", &err),
				  &err);
	}
}

static int apply(struct place *place, struct sbk_plan *plan,
		 enum sbk_transaction_kind kind, struct recorded *recorded,
		 struct sbk_apply_result *result, struct sbk_error *err)
{
	struct sbk_apply_options options = {.kind = kind};
	struct sbk_recorder recorder = recorded_recorder(recorded);

	return sbk_apply(&place->backend, &recorder, plan, &options, result,
			 err);
}

/* A key, one within it, and a value: as setup makes them. */
static void do_all(struct place *place)
{
	const struct sbk_change changes[] = {
		{.object = {.kind = SBK_KIND_REGISTRY, .name = place->key},
		 .after = text_state("key\n")},
		{.object = {.kind = SBK_KIND_REGISTRY, .name = place->inner},
		 .after = text_state("key\n")},
		{.object = {.kind = SBK_KIND_REGISTRY, .name = place->value},
		 .after = text_state(DWORD_STATE)}};
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_apply_result result;
	size_t i;

	for (i = 0; i < 3; i++)
		assert_ok(sbk_plan_add(place->plan, &changes[i], &err), &err);
	assert_ok(apply(place, place->plan, SBK_TRANSACTION_DO,
			&place->recorded, &result, &err),
		  &err);
	assert_int_equal(result.confirmed, 3);
}

static void undo_all(struct place *place, struct sbk_apply_result *result)
{
	struct sbk_plan *inverse = sbk_plan_new();
	struct sbk_error err = SBK_ERROR_INIT;
	struct recorded again = {.count = 0};

	assert_ok(sbk_plan_undo(&place->backend, place->recorded.changes,
				place->recorded.count, NULL, 0, inverse, &err),
		  &err);
	assert_ok(apply(place, inverse, SBK_TRANSACTION_UNDO, &again, result,
			&err),
		  &err);
	sbk_plan_free(inverse);
}

static void test_registry__through_plan_apply_and_undo(void **state)
{
	struct place *place = *state;
	struct sbk_apply_result result;

	do_all(place);
	assert_state(place, place->value, DWORD_STATE);
	assert_state(place, place->inner, "key\n");
	undo_all(place, &result);
	assert_int_equal(result.owed, 0);
	assert_state(place, place->key, "");
}

/* What is ours goes; the key that holds another's value is another's now. */
static void test_registry__undo_leaves_what_others_put_there(void **state)
{
	struct place *place = *state;
	struct sbk_apply_result result;

	do_all(place);
	set_directly(place, "Other", 7);
	undo_all(place, &result);
	assert_int_equal(result.owed, 0);
	assert_state(place, place->value, "");
	assert_state(place, place->inner, "");
	assert_state(place, place->key, "key\n");
}

#define PLACED(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

static const struct CMUnitTest tests[] = {
	PLACED(test_registry__a_value_comes_and_goes_with_its_key),
	PLACED(test_registry__what_others_did_is_a_conflict),
	PLACED(test_registry__bad_names_and_states),
	PLACED(test_registry__an_empty_value_is_kept),
	PLACED(test_registry__a_key_is_made_in_one_that_is_there),
	PLACED(test_registry__what_was_seen_is_durable),
	PLACED(test_registry__through_plan_apply_and_undo),
	PLACED(test_registry__undo_leaves_what_others_put_there),
};

SBK_TEST_MAIN(tests)
