/* Which variables of the user a run under an account has, and which not. */
#include "engine/windows/account_environment.h"

#include "engine/git_environment.h"
#include "engine/path_form.h"

#include <string.h>

#include "tests/support/test.h"

#include "engine/banned.h"

static const char *value_of(const char **list, const char *name)
{
	const size_t size = strlen(name);

	for (; *list != NULL; list++)
		if (strncmp(*list, name, size) == 0 && (*list)[size] == '=')
			return *list + size + 1;
	return NULL;
}

static void test_account_environment__nothing_of_the_users_stays(void **state)
{
	static const char *const own[] = {"userprofile=C:\\Users\\ann",
					  "AppData=D:\\Roaming",
					  "HOMEDRIVE=C:",
					  "HOMEPATH=\\Users\\ann",
					  "HOME=C:\\elsewhere",
					  NULL};
	static const char *const variables[] = {
		"USERPROFILE=c:/users/ANN",
		"USERNAME=ann",
		"APPDATA=D:\\Roaming",
		"LOCALAPPDATA=C:\\Users\\ann\\AppData\\Local",
		"HOMEDRIVE=C:",
		"HOMEPATH=\\Users\\ann",
		"HOME=C:\\set\\by\\policy",
		"PATH=C:\\Users\\ann\\bin",
		NULL};
	const struct sbk_account_environment wish = {.variables = variables,
						     .own = own,
						     .user = "ann",
						     .profile = "C:/Users/ann",
						     .account =
							     "SandbookOffline",
						     .home = "E:/data/run"};
	static const struct {
		const char *name, *value;
	} wanted[] = {
		{"USERPROFILE", "E:\\data\\run"},
		{"USERNAME", "SandbookOffline"},
		{"APPDATA", "E:\\data\\run\\AppData\\Roaming"},
		{"LOCALAPPDATA", "E:\\data\\run\\AppData\\Local"},
		{"HOMEDRIVE", "E:"},
		{"HOMEPATH", "\\data\\run"},
		{"HOME", "C:\\set\\by\\policy"},
		{"PATH", "C:\\Users\\ann\\bin"},
	};
	struct sbk_arena arena = SBK_ARENA_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	const char **found;
	size_t i;

	(void)state;
	assert_ok(sbk_account_environment(&wish, &arena, &found, &err), &err);
	for (i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		assert_string_equal(value_of(found, wanted[i].name),
				    wanted[i].value);
	/* And git is told. */
	assert_string_equal(found[i++], "GIT_CONFIG_COUNT=1");
	assert_string_equal(found[i++], "GIT_CONFIG_KEY_0=safe.directory");
	assert_string_equal(found[i++], "GIT_CONFIG_VALUE_0=*");
	assert_null(found[i]);
	sbk_arena_release(&arena);
}

/* What begins like the user's and is another's is no value of the user's. */
static void test_account_environment__what_was_set_stays(void **state)
{
	static const char *const variables[] = {
		"USERPROFILE=C:\\Users\\annabel", "USERNAME=annabel",
		"LOCALAPPDATA=C:\\Users\\an", "HOMEDRIVE=D:", NULL};
	const struct sbk_account_environment wish = {.variables = variables,
						     .user = "ann",
						     .profile = "C:/Users/ann",
						     .account =
							     "SandbookOnline",
						     .home = "E:/data/run"};
	struct sbk_arena arena = SBK_ARENA_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	const char **found;
	size_t i;

	(void)state;
	assert_ok(sbk_account_environment(&wish, &arena, &found, &err), &err);
	for (i = 0; i < 4; i++)
		assert_string_equal(found[i], variables[i]);
	sbk_arena_release(&arena);
}

/* What the person told git stays, and is not told twice. */
static void test_account_environment__git_is_told_once_more(void **state)
{
	static const struct {
		const char *variables[6], *wanted[7];
	} cases[] = {
		{{"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=core.pager",
		  "GIT_CONFIG_VALUE_0=cat"},
		 {"GIT_CONFIG_KEY_0=core.pager", "GIT_CONFIG_VALUE_0=cat",
		  "GIT_CONFIG_COUNT=2", "GIT_CONFIG_KEY_1=safe.directory",
		  "GIT_CONFIG_VALUE_1=*"}},
		{{"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory",
		  "GIT_CONFIG_VALUE_0=*"},
		 {"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory",
		  "GIT_CONFIG_VALUE_0=*"}},
		/* Not counted, so not told. */
		{{"GIT_CONFIG_COUNT=x", "GIT_CONFIG_KEY_0=safe.directory",
		  "GIT_CONFIG_VALUE_0=/else"},
		 {"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory",
		  "GIT_CONFIG_VALUE_0=*"}},
		{{"GIT_CONFIG_COUNT=18446744073709551615"},
		 {"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory",
		  "GIT_CONFIG_VALUE_0=*"}},
	};
	struct sbk_arena arena = SBK_ARENA_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	const char **found;
	size_t i, j;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_ok(sbk_git_environment(cases[i].variables, &arena,
					      &found, &err),
			  &err);
		for (j = 0; cases[i].wanted[j] != NULL; j++)
			assert_string_equal(found[j], cases[i].wanted[j]);
		assert_null(found[j]);
	}
	sbk_arena_release(&arena);
}

/* Two names that the system takes for one are one. */
static void test_account_environment__git_is_counted_as_names_are(void **state)
{
	static const char *const variables[] = {"git_config_count=1",
						"git_config_key_0=core.pager",
						"git_config_value_0=cat", NULL};
	struct sbk_arena arena = SBK_ARENA_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	char letter = 'a';
	const char **found;
	size_t count = 0;

	(void)state;
	sbk_variable_fold(&letter, 1);
	assert_ok(sbk_git_environment(variables, &arena, &found, &err), &err);
	while (found[count] != NULL)
		count++;
	assert_int_equal(count, letter == 'A' ? 5 : 6);
	assert_string_equal(found[count - 3], letter == 'A'
						      ? "GIT_CONFIG_COUNT=2"
						      : "GIT_CONFIG_COUNT=1");
	sbk_arena_release(&arena);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_account_environment__git_is_told_once_more),
	cmocka_unit_test(test_account_environment__nothing_of_the_users_stays),
	cmocka_unit_test(test_account_environment__what_was_set_stays),
	cmocka_unit_test(test_account_environment__git_is_counted_as_names_are),
};

SBK_TEST_MAIN(tests)
