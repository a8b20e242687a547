/*
 * Policy texts: the corpus (tests/data/policy), the messages with their line
 * and column, profiles and what they extend, and the examples of POLICY.md.
 *
 * accept/ and reject/ are judged the same by the schema (policy_schema.py);
 * beyond/ holds what JSON Schema cannot say and the parser refuses.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/policy_model.h"
#include "tests/support/test.h"

#include "engine/banned.h"

static int parse(const char *text, enum sbk_layer layer,
		 struct sbk_arena *arena, struct sbk_policy_file *file,
		 struct sbk_error *err)
{
	return sbk_policy_parse("p.json", layer, text, strlen(text), arena,
				file, err);
}

static int parse_file(const char *folder, const char *name,
		      struct sbk_error *err)
{
	struct sbk_arena arena = SBK_ARENA_INIT;
	struct sbk_buf text = SBK_BUF_INIT;
	struct sbk_policy_file file;
	struct sbk_file found;
	char path[1024];
	int rc;

	(void)snprintf(path, sizeof(path), "%s/tests/data/policy/%s/%s",
		       SBK_SOURCE_DIR, folder, name);
	assert_ok(sbk_os_read_known(path, 4 << 20, &text, &found, err), err);
	rc = sbk_policy_parse(
		name,
		strncmp(name, "project-", 8) == 0 ? SBK_LAYER_PROJECT
						  : SBK_LAYER_USER,
		sbk_buf_text(&text), text.size, &arena, &file, err);
	sbk_buf_release(&text);
	sbk_arena_release(&arena);
	return rc;
}

static void check_folder(const char *folder, bool accepted)
{
	struct sbk_error err = SBK_ERROR_INIT;
	char path[1024];
	struct dirent *entry;
	size_t count = 0;
	DIR *dir;

	(void)snprintf(path, sizeof(path), "%s/tests/data/policy/%s",
		       SBK_SOURCE_DIR, folder);
	dir = opendir(path);
	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		int rc;

		if (entry->d_name[0] == '.')
			continue;
		rc = parse_file(folder, entry->d_name, &err);
		if ((rc == 0) != accepted)
			fail_msg("%s/%s: %d %s", folder, entry->d_name, rc,
				 rc < 0 ? err.message : "accepted");
		if (rc < 0 && (strstr(err.message, "' line ") == NULL ||
			       strstr(err.message, ", column ") == NULL ||
			       err.offset == SIZE_MAX))
			fail_msg("%s/%s: no place in: %s", folder,
				 entry->d_name, err.message);
		count++;
	}
	(void)closedir(dir); /* only read from */
	assert_true(count >= 4);
}

static void test_policy_json__accepts(void **state)
{
	(void)state;
	check_folder("accept", true);
}

static void test_policy_json__rejects(void **state)
{
	(void)state;
	check_folder("reject", false);
}

static void test_policy_json__rejects_beyond_the_schema(void **state)
{
	(void)state;
	check_folder("beyond", false);
}

static const struct {
	const char *text, *message;
	enum sbk_layer layer;
} refusals[] = {
	{"{\"version\":1,\n  \"profles\": {}}",
	 "'p.json' line 2, column 3: no key 'profles' is known here; did you "
	 "mean 'profiles'?",
	 SBK_LAYER_USER},
	{"{\"version\":1,\"profiles\":{\n\t\"a\":{\"rw\":[\".\",\n\t\t7]}}}",
	 "'p.json' line 3, column 3: 'an entry' must be a string, not a number",
	 SBK_LAYER_USER},
	{"{\"version\":1,\"profiles\":{\"a\":{\"network\" : \"offf\"}}}",
	 "'p.json' line 1, column 43: no network 'offf', did you mean 'off'?",
	 SBK_LAYER_USER},
	{"{\"version\":1,\"network\":\"allow-list\"}",
	 "'p.json' line 1, column 24: 'allow-list' is not built yet",
	 SBK_LAYER_MACHINE},
	{"{\"version\":1,\n\"network\":\"on\",\n\"network\":\"off\"}",
	 "'p.json' line 3, column 9: duplicate object key", SBK_LAYER_MACHINE},
	{"{\"version\":1,\"limits\":{\"time_s\":true}}",
	 "'p.json' line 1, column 33: 'time_s' must be a whole number, not a "
	 "truth value",
	 SBK_LAYER_USER},
	{"{\"version\":1,\"limits\":{\"a\\u0062\":{},\"x\":1}}",
	 "'p.json' line 1, column 24: no key 'ab' is known here",
	 SBK_LAYER_USER},
	{"{\"version\":1,\"profiles\":{\"a\\\"b]}\":{},\"n\":{}}}",
	 "'p.json' line 1, column 26: 'a\"b]}' is not a profile's name",
	 SBK_LAYER_USER},
	{"{\"version\":1,\"profiles\":{\"q\":{\"rw\":[\"}]\\\"\"],\"x\":1}}}",
	 "'p.json' line 1, column 45: no key 'x' is known here",
	 SBK_LAYER_USER},
	{"{\"version\":1,\"deny\":[\"/etc\"]}",
	 "'p.json' line 1, column 22: '/etc' leads out of the project",
	 SBK_LAYER_PROJECT},
	{"{\"version\":1,\"default_profile\":\"rust\"}",
	 "'p.json' line 1, column 14: 'default_profile' is not for a project's "
	 "file",
	 SBK_LAYER_PROJECT},
	{"{\"version\":1, // why\n}", "JSON has no comments", SBK_LAYER_USER},
	{"", "the file is empty", SBK_LAYER_USER},
	{"{\"version\":1,\"deny\":[\"a\",\".\"]}",
	 "'p.json' line 1, column 26: '.' denies everything",
	 SBK_LAYER_PROJECT},
};

static void test_policy_json__messages(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		struct sbk_arena arena = SBK_ARENA_INIT;
		struct sbk_error err = SBK_ERROR_INIT;
		struct sbk_policy_file file;

		assert_error(parse(refusals[i].text, refusals[i].layer, &arena,
				   &file, &err),
			     SBK_E_PARSE, &err);
		if (strstr(err.message, refusals[i].message) == NULL)
			fail_msg("\"%s\" lacks \"%s\"", err.message,
				 refusals[i].message);
		sbk_arena_release(&arena);
	}
}

static void test_policy_json__deep_text(void **state)
{
	struct sbk_arena arena = SBK_ARENA_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_policy_file file;

	(void)state;
	assert_error(parse("[[[[[[[[[[[[[[[[[[", SBK_LAYER_PROJECT, &arena,
			   &file, &err),
		     SBK_E_LIMIT, &err);
	/* Brackets in a string are text. */
	assert_ok(parse("{\"version\":1,\"protect\":[\"[[[[[[[[[[[[[[[[[[\"]}",
			SBK_LAYER_PROJECT, &arena, &file, &err),
		  &err);
	sbk_arena_release(&arena);
}

static void test_policy_json__values(void **state)
{
	struct sbk_arena arena = SBK_ARENA_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_policy_file file;

	(void)state;
	assert_ok(parse("{\"version\":1,\"default_profile\":\"w\",\"network\":"
			"\"loopback\",\"limits\":{\"memory_mib\":5},"
			"\"profiles\":{\"w\":{\"environment\":{\"clear\":false,"
			"\"set\":{\"A\":\"b\"}},\"tools_from_path\":false,"
			"\"rw\":[\"a\",\"b\"]}}}",
			SBK_LAYER_MACHINE, &arena, &file, &err),
		  &err);
	assert_string_equal(file.default_profile, "w");
	assert_int_equal(file.narrowing.network, SBK_NETWORK_LOOPBACK);
	assert_int_equal(file.narrowing.limits[SBK_LIMIT_MEMORY], 5);
	assert_int_equal(file.profile_count, 1);
	assert_int_equal(file.profiles[0].clear, 0);
	assert_int_equal(file.profiles[0].tools, 0);
	assert_int_equal(file.profiles[0].network, SBK_UNSET);
	assert_false(file.profiles[0].has_extends);
	assert_int_equal(file.profiles[0].rw.count, 2);
	assert_string_equal(file.profiles[0].rw.items[1], "b");
	assert_string_equal(file.profiles[0].set.items[0], "A=b");
	sbk_arena_release(&arena);
}

static int flatten(const char *text, const char *name, struct sbk_arena *arena,
		   struct sbk_settings *out, struct sbk_error *err)
{
	struct sbk_policy_file file;

	*out = (struct sbk_settings){.profile = NULL};
	assert_ok(parse(text, SBK_LAYER_USER, arena, &file, err), err);
	return sbk_profile_flatten(&file, 1, name, arena, out, err);
}

static bool asks(const struct sbk_settings *settings, const char *text,
		 enum sbk_access_kind kind)
{
	size_t i;

	for (i = 0; i < settings->path_count; i++)
		if (strcmp(settings->paths[i].text, text) == 0 &&
		    settings->paths[i].kind == kind)
			return true;
	return false;
}

static void test_policy_json__extends(void **state)
{
	static const char text[] =
		"{\"version\":1,\"profiles\":{"
		"\"base\":{\"extends\":[],\"ro\":[\"/a\"],\"network\":\"on\","
		"\"limits\":{\"time_s\":5,\"processes\":9}},"
		"\"more\":{\"extends\":[\"base\"],\"rw\":[\"/b\"],\"network\":"
		"\"off\",\"limits\":{\"time_s\":6}},"
		"\"plain\":{}}}";
	struct sbk_arena arena = SBK_ARENA_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_settings settings;

	(void)state;
	assert_ok(flatten(text, "more", &arena, &settings, &err), &err);
	assert_true(asks(&settings, "/a", SBK_ACCESS_RO));
	assert_true(asks(&settings, "/b", SBK_ACCESS_RW));
	assert_false(asks(&settings, ".", SBK_ACCESS_RW));
	assert_int_equal(settings.network, SBK_NETWORK_OFF);
	assert_int_equal(settings.limits[SBK_LIMIT_TIME], 6);
	assert_int_equal(settings.limits[SBK_LIMIT_PROCESSES], 9);
	assert_false(settings.system);
	assert_ok(flatten(text, "plain", &arena, &settings, &err), &err);
	assert_true(asks(&settings, ".", SBK_ACCESS_RW));
	assert_true(settings.system && settings.tools && settings.git);
	sbk_arena_release(&arena);
}

static void test_policy_json__extends_in_a_circle(void **state)
{
	struct sbk_arena arena = SBK_ARENA_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_settings settings;

	(void)state;
	assert_error(flatten("{\"version\":1,\"profiles\":{\"a\":{\"extends\":["
			     "\"b\"]},\"b\":{\"extends\":[\"a\"]}}}",
			     "a", &arena, &settings, &err),
		     SBK_E_INVAL, &err);
	assert_non_null(strstr(err.message, "extends itself through 'b'"));
	assert_error(flatten("{\"version\":1,\"profiles\":{\"a\":{\"extends\":["
			     "\"defualt\"]}}}",
			     "a", &arena, &settings, &err),
		     SBK_E_NOTFOUND, &err);
	assert_non_null(strstr(err.message, "did you mean 'default'?"));
	sbk_arena_release(&arena);
}

/* Each profile extends the next twice: 2^16 merges, were they not bounded. */
static void test_policy_json__extends_that_double(void **state)
{
	struct sbk_arena arena = SBK_ARENA_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf text = SBK_BUF_INIT;
	struct sbk_settings settings;
	int i;

	(void)state;
	sbk_buf_adds(&text, "{\"version\":1,\"profiles\":{");
	for (i = 0; i < 15; i++)
		sbk_buf_printf(&text,
			       "\"p%d\":{\"extends\":[\"p%d\",\"p%d\"]},", i,
			       i + 1, i + 1);
	sbk_buf_adds(&text, "\"p15\":{\"extends\":[]}}}");
	assert_error(
		flatten(sbk_buf_text(&text), "p0", &arena, &settings, &err),
		SBK_E_LIMIT, &err);
	sbk_buf_release(&text);
	sbk_arena_release(&arena);
}

/* The fenced JSON of POLICY.md; "```json project" begins a project's. */
static void test_policy_json__examples_of_the_manual(void **state)
{
	static const char user_fence[] = "```json\n";
	static const char project_fence[] = "```json project\n";
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf text = SBK_BUF_INIT;
	struct sbk_file found;
	size_t count = 0;
	char *next;

	(void)state;
	assert_ok(sbk_os_read_known(SBK_SOURCE_DIR "/engine/POLICY.md", 1 << 20,
				    &text, &found, &err),
		  &err);
	for (next = strstr(text.data, "```json"); next != NULL;
	     next = strstr(next, "```json")) {
		struct sbk_arena arena = SBK_ARENA_INIT;
		bool user =
			strncmp(next, user_fence, sizeof(user_fence) - 1) == 0;
		struct sbk_policy_file file;
		char *end;

		next += user ? sizeof(user_fence) - 1
			     : sizeof(project_fence) - 1;
		end = strstr(next, "```");
		assert_non_null(end);
		*end = '\0';
		assert_ok(parse(next, user ? SBK_LAYER_USER : SBK_LAYER_PROJECT,
				&arena, &file, &err),
			  &err);
		sbk_arena_release(&arena);
		next = end + 1;
		count++;
	}
	assert_true(count >= 3);
	sbk_buf_release(&text);
}

static void test_policy_json__match(void **state)
{
	(void)state;
	assert_true(sbk_match("LC_*", "LC_ALL"));
	assert_true(sbk_match("*", ""));
	assert_true(sbk_match("*TOKEN*", "MY_TOKEN_X"));
	assert_false(sbk_match("LC_*", "LC"));
	assert_true(sbk_match("/a/*/bin", "/a/x.y/bin"));
	assert_false(sbk_match("/a/*/bin", "/a/x/y/bin"));
	assert_false(sbk_match("/a/*", "/a/x/"));
	assert_true(sbk_match("a?c", "abc"));
	assert_false(sbk_match("a?c", "a/c"));
	assert_false(sbk_match("", "a"));
	assert_true(sbk_match("*a*a*b", "aaaaaab"));
	assert_false(sbk_match("*a*a*b", "aaaaaac"));
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_policy_json__accepts),
	cmocka_unit_test(test_policy_json__rejects),
	cmocka_unit_test(test_policy_json__rejects_beyond_the_schema),
	cmocka_unit_test(test_policy_json__messages),
	cmocka_unit_test(test_policy_json__deep_text),
	cmocka_unit_test(test_policy_json__values),
	cmocka_unit_test(test_policy_json__extends),
	cmocka_unit_test(test_policy_json__extends_in_a_circle),
	cmocka_unit_test(test_policy_json__extends_that_double),
	cmocka_unit_test(test_policy_json__examples_of_the_manual),
	cmocka_unit_test(test_policy_json__match),
};

SBK_TEST_MAIN(tests)
