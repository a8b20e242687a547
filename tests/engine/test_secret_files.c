/* Files that mostly hold secrets: the table, and lists of what was found. */
#include "engine/secret_files.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/limits.h"
#include "engine/os.h"
#include "tests/support/test.h"

#include "engine/banned.h"

/* Looking up is a search: an unsorted row would never be found. */
static void test_secret_files__table_is_sorted(void **state)
{
	size_t i;

	(void)state;
	for (i = 1; sbk_secret_kinds[i].name != NULL; i++)
		assert_true(strcmp(sbk_secret_kinds[i - 1].name,
				   sbk_secret_kinds[i].name) <= 0);
	assert_true(i > 20);
}

/* The manual page is what people go by. */
static void test_secret_files__table_is_in_the_manual(void **state)
{
	struct sbk_buf page = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	size_t i;

	(void)state;
	assert_ok(sbk_os_read_start(SBK_SOURCE_DIR "/engine/sandbook-policy.5",
				    1 << 20, &page, &err),
		  &err);
	for (i = 0; sbk_secret_kinds[i].name != NULL; i++) {
		if (strstr(page.data, sbk_secret_kinds[i].name) == NULL)
			fail_msg("'%s' is not in sandbook-policy(5)",
				 sbk_secret_kinds[i].name);
		if (sbk_secret_kinds[i].parent != NULL)
			assert_non_null(
				strstr(page.data, sbk_secret_kinds[i].parent));
	}
	sbk_buf_release(&page);
}

static void test_secret_files__names(void **state)
{
	static const struct {
		const char *path, *what;
	} cases[] = {
		{"/p/id_ed25519", "SSH private key"},
		{"/p/a/id_rsa", "SSH private key"},
		{"/p/id_rsa.pub", NULL},
		{"/p/id_rsa_notes", NULL},
		{"/p/my_id_rsa", NULL},
		{"/p/.env", "environment of a program"},
		{"/p/.env.production", "environment of a program"},
		{"/p/.env.development.local", "environment of a program"},
		{"/p/.env.example", NULL},
		{"/p/.env.production.sample", NULL},
		{"/p/.envrc", NULL},
		{"/p/env", NULL},
		{"/p/server.key", "private key"},
		{"/p/server.pem", "private key"},
		{"/p/.key", NULL},
		{"/p/x.keys", NULL},
		{"/p/store.p12", "private key"},
		{"/p/.netrc", "passwords"},
		{"/p/.npmrc", "registry token"},
		{"/p/.pypirc", "registry token"},
		{"/p/.git-credentials", "passwords"},
		{"/p/.aws/credentials", "cloud or cluster credentials"},
		{"/p/credentials", NULL},
		{"/p/x.aws/credentials", NULL},
		{"/.aws/credentials", "cloud or cluster credentials"},
		{"/p/.cargo/credentials", "registry token"},
		{"/p/.docker/config.json", "registry token"},
		{"/p/config.json", NULL},
		{"/p/main.c", NULL},
		{"/p/a", NULL},
	};
	const struct sbk_secret_kind *kind;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		kind = sbk_secret_by_path(cases[i].path);
		if ((kind == NULL) != (cases[i].what == NULL))
			fail_msg("'%s' is %s", cases[i].path,
				 kind == NULL ? "unknown" : kind->what);
		if (kind != NULL)
			assert_string_equal(kind->what, cases[i].what);
		assert_true(kind == NULL ||
			    kind->hidden ==
				    (strncmp(kind->what, "SSH", 3) == 0));
	}
}

static bool confirmed(const char *directory, const char *name, const char *text,
		      size_t size)
{
	char path[600];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
	return sbk_secret_confirmed(sbk_secret_by_path(path), path);
}

static void test_secret_files__content_decides(void **state)
{
	static const char key[] = "-----BEGIN EC PRIVATE KEY-----\nAAA\n";
	static const char public[] = "-----BEGIN CERTIFICATE-----\nAAA\n";
	static const char token[] = "//r/:_authToken=abc\n";
	static const char binary[] = "\0\0\n-----BEGIN PRIVATE KEY-----";
	char *directory = sbk_test_directory("secret");
	char path[600], target[600], large[SBK_SECRET_BYTES_MAX + 64];
	const struct sbk_secret_kind *kind;

	(void)state;
	assert_true(confirmed(directory, "a.pem", key, sizeof(key) - 1));
	assert_true(confirmed(directory, "a.key", key, sizeof(key) - 1));
	assert_true(confirmed(directory, "b.key", binary, sizeof(binary) - 1));
	assert_false(confirmed(directory, "b.pem", public, sizeof(public) - 1));
	assert_false(confirmed(directory, "c.key", "", 0));
	assert_true(confirmed(directory, ".npmrc", token, sizeof(token) - 1));
	assert_false(confirmed(directory, ".npmrc", "save-exact=true\n", 16));
	/* The name is enough, whatever it holds. */
	assert_true(confirmed(directory, ".env", "", 0));
	/* Only the start is looked at. */
	memset(large, 'x', sizeof(large));
	memcpy(large + SBK_SECRET_BYTES_MAX - 11, "PRIVATE KEY", 11);
	assert_true(confirmed(directory, "d.pem", large, sizeof(large)));
	memset(large, 'x', sizeof(large));
	memcpy(large + SBK_SECRET_BYTES_MAX, "PRIVATE KEY", 11);
	assert_false(confirmed(directory, "d.pem", large, sizeof(large)));
	/* What cannot be read is taken at its name: a link, a pipe, nothing. */
	(void)snprintf(path, sizeof(path), "%s/e.pem", directory);
	(void)snprintf(target, sizeof(target), "%s/b.pem", directory);
	kind = sbk_secret_by_path(path);
	assert_true(sbk_secret_confirmed(kind, path));
	assert_int_equal(symlink(target, path), 0);
	assert_true(sbk_secret_confirmed(kind, path));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_true(sbk_secret_confirmed(kind, path));
	sbk_test_remove(directory);
}

static void test_secret_files__list_keeps_the_first(void **state)
{
	struct sbk_secret_list list = {.total = 0};
	struct sbk_arena arena = SBK_ARENA_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf out = SBK_BUF_INIT;
	char path[64];
	int i;

	(void)state;
	for (i = SBK_SECRETS_LISTED_MAX + 9; i > 0; i--) {
		const struct sbk_secret_file file = {
			.path = path, .kind = sbk_secret_by_path("/id_rsa")};

		(void)snprintf(path, sizeof(path), "/d\n%04d/id_rsa", i);
		assert_ok(sbk_secret_list_add(&list, &arena, &file, &err),
			  &err);
	}
	assert_int_equal(list.count, SBK_SECRETS_LISTED_MAX);
	assert_int_equal(list.total, SBK_SECRETS_LISTED_MAX + 9);
	sbk_secret_list_sort(&list);
	assert_string_equal(list.items[0].path, "/d\n0010/id_rsa");
	sbk_secret_list_print(&list, &out);
	assert_null(strchr(sbk_buf_text(&out), '\n'));
	assert_non_null(strstr(sbk_buf_text(&out), "and 260 more"));
	sbk_buf_clear(&out);
	sbk_secret_list_print_json(&list, "secrets", &out);
	assert_non_null(strstr(sbk_buf_text(&out), "\"found\":265,"));
	sbk_buf_release(&out);
	sbk_arena_release(&arena);
}

#define TEST(name) cmocka_unit_test(test_secret_files__##name)

static const struct CMUnitTest tests[] = {
	TEST(table_is_sorted), TEST(table_is_in_the_manual), TEST(names),
	TEST(content_decides), TEST(list_keeps_the_first),
};

SBK_TEST_MAIN(tests)
