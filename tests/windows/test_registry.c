/*
 * Registry values and keys, on the real registry of whoever runs the test
 * (under Wine, too, which keeps it for real): HKCU/Software/SandbookTest-<pid>.
 */
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

#include "engine/os.h"
#include "engine/windows/win32.h"

#include "engine/banned.h"

#define DWORD_STATE "type 4\ndata 00000000\n"
#define NAME_SIZE 200

struct place {
	char key[100], value[NAME_SIZE], path[100];
	struct sbk_backend backend;
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
	*state = place;
	return sbk_os_backend(&place->backend, &err);
}

static int teardown(void **state)
{
	struct place *place = *state;

	sbk_backend_close(&place->backend);
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
	/* A key that holds anything is left. */
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
		"HKCU/:c"};
	static const char *const states[] = {"type 4\n", "type 4\ndata 0\n",
					     "type 4\ndata 00000000",
					     "type 4\ndata 0000000g\n"};
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

#define PLACED(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

static const struct CMUnitTest tests[] = {
	PLACED(test_registry__a_value_comes_and_goes_with_its_key),
	PLACED(test_registry__what_others_did_is_a_conflict),
	PLACED(test_registry__bad_names_and_states),
};

SBK_TEST_MAIN(tests)
