/*
 * Whose a file of a sandbox account becomes. The trees are real, owned by
 * numbers that nobody has:
 *
 *	2001, 2002  people     3001  the account, group 3002
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/backend.h"
#include "engine/os_admin.h"
#include "tests/support/test.h"

#define PERSON 2001
#define STRANGER 2002
#define ACCOUNT 3001
#define GROUP 3002

static const char *const principals[] = {"u:3001", "g:3002"};

struct world {
	char *root;
	struct sbk_backend backend;
	struct sbk_buf state, next;
};

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	w->root = sbk_test_directory("os_give");
	chmod(w->root, 0755);
	*state = w;
	return sbk_os_backend(&w->backend, NULL);
}

static int teardown(void **state)
{
	struct world *w = *state;

	sbk_test_remove(w->root);
	sbk_backend_close(&w->backend);
	sbk_buf_release(&w->state);
	sbk_buf_release(&w->next);
	free(w);
	return 0;
}

#define require_root()                               \
	do {                                         \
		if (geteuid() != 0)                  \
			sbk_test_skip("needs root"); \
	} while (0)

static void path_of(struct world *w, const char *name, char *out)
{
	snprintf(out, 4096, "%s/%s", w->root, name);
}

static void make(struct world *w, const char *name, mode_t mode, uid_t uid,
		 gid_t gid)
{
	char path[4096];

	path_of(w, name, path);
	if (S_ISDIR(mode))
		assert_int_equal(mkdir(path, 0700), 0);
	else
		assert_int_equal(mknod(path, S_IFREG | 0600, 0), 0);
	assert_int_equal(chown(path, uid, gid), 0);
	assert_int_equal(chmod(path, mode & 07777), 0);
}

/* What give_back makes of the object; its text in w->next. */
static int give(struct world *w, const char *name, struct sbk_error *err)
{
	char path[4096];
	struct sbk_object object = {.kind = SBK_KIND_ACCESS, .name = path};
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	int rc;

	path_of(w, name, path);
	assert_ok(sbk_backend_observe(&w->backend, &object, &seen, err), err);
	sbk_buf_clear(&w->next);
	rc = sbk_os_give_back(path, sbk_observation_state(&seen), principals, 2,
			      &w->next, err);
	sbk_buf_clear(&w->state);
	sbk_buf_add(&w->state, seen.state.data, seen.state.size);
	sbk_observation_release(&seen);
	return rc;
}

#define assert_says(w, text) \
	assert_non_null(strstr(sbk_buf_text(&(w)->next), text))

static void test_os_give__to_the_owner_of_the_directory(void **state)
{
	struct world *w = *state;
	struct sbk_error err = SBK_ERROR_INIT;

	require_root();
	make(w, "home", S_IFDIR | 0755, PERSON, PERSON);
	make(w, "home/file", 06755, ACCOUNT, GROUP);
	make(w, "home/his", 0644, PERSON, GROUP);
	make(w, "home/dir", S_IFDIR | 02755, ACCOUNT, GROUP);
	make(w, "home/dir/below", S_IFDIR | 0700, ACCOUNT, GROUP);
	make(w, "home/dir/below/file", 0600, ACCOUNT, GROUP);
	make(w, "home/mine", 04755, PERSON, PERSON);

	assert_ok(give(w, "home/file", &err), &err);
	/* Set-id bits of a program that the account made are gone. */
	assert_string_equal(sbk_buf_text(&w->next),
			    "owner 2001\ngroup 2001\nmode 100755\n");
	assert_ok(give(w, "home/his", &err), &err);
	assert_string_equal(sbk_buf_text(&w->next),
			    "owner 2001\ngroup 2001\nmode 100644\n");
	assert_ok(give(w, "home/dir", &err), &err);
	assert_string_equal(sbk_buf_text(&w->next),
			    "owner 2001\ngroup 2001\nmode 42755\n");
	/* Below directories of the account the person's still decides. */
	assert_ok(give(w, "home/dir/below/file", &err), &err);
	assert_string_equal(sbk_buf_text(&w->next),
			    "owner 2001\ngroup 2001\nmode 100600\n");
	/* What is nobody's of ours stays as it is, set-id bits and all. */
	assert_ok(give(w, "home/mine", &err), &err);
	assert_string_equal(sbk_buf_text(&w->next), sbk_buf_text(&w->state));
	assert_says(w, "mode 104755");
}

static void test_os_give__nobody_where_everyone_may_write(void **state)
{
	struct world *w = *state;
	struct sbk_error err = SBK_ERROR_INIT;

	require_root();
	make(w, "tmp", S_IFDIR | 01777, 0, 0);
	make(w, "tmp/krb5cc_0", 0600, ACCOUNT, GROUP);
	make(w, "tmp/dir", S_IFDIR | 0755, ACCOUNT, GROUP);
	make(w, "tmp/dir/file", 0600, ACCOUNT, GROUP);
	make(w, "tmp/his", S_IFDIR | 0755, PERSON, PERSON);
	make(w, "tmp/his/file", 0600, ACCOUNT, GROUP);
	make(w, "open", S_IFDIR | 0777, 0, 0);
	make(w, "open/file", 0600, ACCOUNT, GROUP);

	assert_error(give(w, "tmp/krb5cc_0", &err), SBK_E_CONFLICT, &err);
	assert_error(give(w, "tmp/dir/file", &err), SBK_E_CONFLICT, &err);
	assert_error(give(w, "open/file", &err), SBK_E_CONFLICT, &err);
	/* The control: a directory of a person's own in there vouches. */
	sbk_error_clear(&err);
	assert_ok(give(w, "tmp/his/file", &err), &err);
	assert_says(w, "owner 2001\n");
}

static void test_os_give__nobody_where_another_could_swap(void **state)
{
	struct world *w = *state;
	struct sbk_error err = SBK_ERROR_INIT;

	require_root();
	make(w, "home", S_IFDIR | 0755, STRANGER, STRANGER);
	make(w, "home/roots", S_IFDIR | 0755, 0, 0);
	make(w, "home/roots/file", 0600, ACCOUNT, GROUP);
	make(w, "home/his", S_IFDIR | 0755, PERSON, PERSON);
	make(w, "home/his/file", 0600, ACCOUNT, GROUP);
	make(w, "home/own", 0600, ACCOUNT, GROUP);

	assert_error(give(w, "home/roots/file", &err), SBK_E_CONFLICT, &err);
	assert_error(give(w, "home/his/file", &err), SBK_E_CONFLICT, &err);
	sbk_error_clear(&err);
	assert_ok(give(w, "home/own", &err), &err);
	assert_says(w, "owner 2002\n");
}

static void test_os_give__follows_no_link(void **state)
{
	struct world *w = *state;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf next = SBK_BUF_INIT;
	static const char text[] = "owner 3001\ngroup 3002\nmode 100600\n";
	const struct sbk_state account = {text, sizeof(text) - 1};
	char path[4096], link[4096];

	require_root();
	make(w, "real", S_IFDIR | 0755, 0, 0);
	make(w, "real/file", 0600, ACCOUNT, GROUP);
	path_of(w, "real", path);
	path_of(w, "link", link);
	assert_int_equal(symlink(path, link), 0);
	path_of(w, "link/file", link);
	assert_error(
		sbk_os_give_back(link, account, principals, 2, &next, &err),
		SBK_E_NOTFOUND, &err);
	path_of(w, "real/file", path);
	sbk_error_clear(&err);
	assert_ok(sbk_os_give_back(path, account, principals, 2, &next, &err),
		  &err);
	assert_string_equal(sbk_buf_text(&next),
			    "owner 0\ngroup 0\nmode 100600\n");
	sbk_buf_release(&next);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_setup_teardown(
		test_os_give__to_the_owner_of_the_directory, setup, teardown),
	cmocka_unit_test_setup_teardown(
		test_os_give__nobody_where_everyone_may_write, setup, teardown),
	cmocka_unit_test_setup_teardown(
		test_os_give__nobody_where_another_could_swap, setup, teardown),
	cmocka_unit_test_setup_teardown(test_os_give__follows_no_link, setup,
					teardown),
};

SBK_TEST_MAIN(tests)
