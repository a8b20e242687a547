/* Files that mostly hold secrets in what a run sees: hidden, or named. */
#include <stdio.h>
#include <string.h>

#include "engine/limits.h"
#include "tests/engine/scope_world.h"

#include "engine/banned.h"

static bool is_named(const struct scope_world *w, const char *name)
{
	const struct sbk_secret_list *list = &w->scope.secrets;
	const char *path = scope_path(w, name);
	size_t i;

	for (i = 0; i < list->count; i++)
		if (strcmp(list->items[i].path, path) == 0)
			return true;
	return false;
}

static void test_scope_secrets__keys_are_hidden(void **state)
{
	struct scope_world *w = *state;

	scope_write(w, "home/project/id_ed25519", "key");
	scope_write(w, "home/project/id_ed25519.pub", "key");
	scope_write(w, "home/project/deep/down/id_rsa", "key");
	assert_ok(scope_resolve(w), &w->err);
	assert_kind(w, "home/project/id_ed25519", SBK_ACCESS_DENY);
	assert_kind(w, "home/project/deep/down/id_rsa", SBK_ACCESS_DENY);
	assert_kind(w, "home/project/id_ed25519.pub", SBK_ACCESS_RW);
	assert_true(scope_has_note(w, "2 SSH private keys are hidden"));
	assert_int_equal(w->scope.hidden.total, 2);
	assert_int_equal(w->scope.secrets.total, 0);
}

/* Who lists the very file means it. */
static void test_scope_secrets__listed_keys_are_shown(void **state)
{
	struct scope_world *w = *state;

	scope_write(w, "home/project/a/id_rsa", "key");
	scope_write(w, "home/project/b/id_rsa", "key");
	scope_write(w, "home/project/c/id_rsa", "key");
	scope_ask(&w->request.ro, "a/id_rsa");
	scope_ask(&w->request.rw, "b/id_rsa");
	scope_ask(&w->request.deny, "c/id_rsa");
	assert_ok(scope_resolve(w), &w->err);
	assert_kind(w, "home/project/a/id_rsa", SBK_ACCESS_RO);
	assert_kind(w, "home/project/b/id_rsa", SBK_ACCESS_RW);
	assert_kind(w, "home/project/c/id_rsa", SBK_ACCESS_DENY);
	assert_int_equal(w->scope.hidden.total, 0);
	assert_true(is_named(w, "home/project/a/id_rsa"));
	assert_true(is_named(w, "home/project/b/id_rsa"));
	assert_false(is_named(w, "home/project/c/id_rsa"));
}

static void test_scope_secrets__others_are_named(void **state)
{
	struct scope_world *w = *state;

	scope_write(w, "home/project/.env", "A=b");
	scope_write(w, "home/project/.env.example", "A=");
	scope_write(w, "home/project/web/.npmrc", "//r/:_authToken=x");
	scope_write(w, "home/project/plain/.npmrc", "save-exact=true");
	scope_write(w, "home/project/tls/server.key",
		    "-----BEGIN PRIVATE KEY-----");
	scope_write(w, "home/project/tls/server.pem",
		    "-----BEGIN CERTIFICATE-----");
	scope_write(w, "home/project/.git/id_rsa", "protected, not entered");
	scope_write(w, "home/project/secret/.netrc", "denied");
	scope_ask(&w->request.deny, "secret");
	assert_ok(scope_resolve(w), &w->err);
	assert_kind(w, "home/project/.env", SBK_ACCESS_RW);
	assert_kind(w, "home/project/web/.npmrc", SBK_ACCESS_RW);
	assert_true(is_named(w, "home/project/.env"));
	assert_true(is_named(w, "home/project/web/.npmrc"));
	assert_true(is_named(w, "home/project/tls/server.key"));
	assert_int_equal(w->scope.secrets.total, 3);
	assert_int_equal(w->scope.hidden.total, 0);
}

/* A read-only tree is not walked: only what is directly in it is found. */
static void test_scope_secrets__read_only_directory(void **state)
{
	struct scope_world *w = *state;

	scope_write(w, "elsewhere/id_rsa", "key");
	scope_write(w, "elsewhere/below/id_rsa", "key");
	scope_ask(&w->request.ro, scope_path(w, "elsewhere"));
	assert_ok(scope_resolve(w), &w->err);
	assert_kind(w, "elsewhere/id_rsa", SBK_ACCESS_DENY);
	assert_kind(w, "elsewhere/below/id_rsa", SBK_ACCESS_RO);
	assert_true(scope_has_note(w, "is hidden from the run"));
}

static void test_scope_secrets__second_name_of_a_key(void **state)
{
	struct scope_world *w = *state;

	scope_write(w, "home/project/id_rsa", "key");
	scope_link(w, "home/project/id_rsa", "home/project/src/innocent");
	assert_ok(scope_resolve(w), &w->err);
	assert_kind(w, "home/project/id_rsa", SBK_ACCESS_DENY);
	assert_kind(w, "home/project/src/innocent", SBK_ACCESS_DENY);
}

/* A link is followed by nobody, and a directory is no key. */
static void test_scope_secrets__only_regular_files(void **state)
{
	struct scope_world *w = *state;

	scope_write(w, "home/project/id_dsa/file", "x");
	scope_symlink(w, "main.c", "home/project/id_rsa");
	scope_symlink(w, "main.c", "home/project/.env");
	assert_ok(scope_resolve(w), &w->err);
	assert_kind(w, "home/project/id_dsa/file", SBK_ACCESS_RW);
	assert_kind(w, "home/project/id_rsa", SBK_ACCESS_RW);
	assert_int_equal(w->scope.secrets.total + w->scope.hidden.total, 0);
}

static void test_scope_secrets__too_many_keys(void **state)
{
	struct scope_world *w = *state;
	char name[64];
	int i;

	for (i = 0; i <= SBK_SECRETS_LISTED_MAX; i++) {
		(void)snprintf(name, sizeof(name), "home/project/k%d/id_rsa",
			       i);
		scope_write(w, name, "key");
	}
	assert_error(scope_resolve(w), SBK_E_LIMIT, &w->err);
	assert_non_null(strstr(w->err.message, "--deny"));
	w->request.best_effort = true;
	assert_ok(scope_resolve(w), &w->err);
	assert_true(scope_has_note(w, "1 more SSH private keys are shown"));
}

static void test_scope_secrets__are_printed(void **state)
{
	struct scope_world *w = *state;
	struct sbk_buf out = SBK_BUF_INIT;

	scope_write(w, "home/project/.env", "A=b");
	scope_write(w, "home/project/id_rsa", "key");
	assert_ok(scope_resolve(w), &w->err);
	sbk_scope_print(&w->scope, NULL, &out);
	assert_non_null(strstr(sbk_buf_text(&out), "1 file mostly holds"));
	assert_non_null(strstr(sbk_buf_text(&out), "--deny PATH"));
	assert_non_null(strstr(sbk_buf_text(&out), "id_rsa   SSH private key"));
	sbk_buf_clear(&out);
	sbk_scope_print_json(&w->scope, &out);
	assert_non_null(strstr(sbk_buf_text(&out),
			       "\"secrets\":{\"found\":1,\"files\":[{"));
	assert_non_null(strstr(sbk_buf_text(&out), "\"hidden\":{\"found\":1,"));
	sbk_buf_release(&out);
}

#define TEST(name)                                                  \
	cmocka_unit_test_setup_teardown(test_scope_secrets__##name, \
					scope_world_setup,          \
					scope_world_teardown)

static const struct CMUnitTest tests[] = {
	TEST(keys_are_hidden),	    TEST(listed_keys_are_shown),
	TEST(others_are_named),	    TEST(read_only_directory),
	TEST(second_name_of_a_key), TEST(only_regular_files),
	TEST(too_many_keys),	    TEST(are_printed),
};

SBK_TEST_MAIN(tests)
