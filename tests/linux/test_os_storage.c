/* Directories for our own records: how they come and go beside each other. */
#include "tests/support/test.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/limits.h"
#include "engine/linux/os_storage.h"

#include "engine/banned.h"

struct home {
	char *directory;
	char path[SBK_PATH_MAX];
	struct sbk_store_place place;
};

static const char *const no_files[] = {NULL};

static int set_up(void **state)
{
	struct home *home = calloc(1, sizeof(*home));

	assert_non_null(home);
	home->directory = sbk_test_directory("store");
	(void)snprintf(home->path, sizeof(home->path), "%s/.local/state/box",
		       home->directory);
	home->place = (struct sbk_store_place){
		.directory = home->path,
		.base = strlen(home->directory),
		.owner = sbk_owner_of_number((uint32_t)geteuid())};
	*state = home;
	return 0;
}

static int tear_down(void **state)
{
	struct home *home = *state;

	sbk_test_remove(home->directory);
	free(home);
	return 0;
}

static void make(struct home *home, const char *name)
{
	char path[SBK_PATH_MAX + 64];

	(void)snprintf(path, sizeof(path), "%s/%s", home->directory, name);
	assert_int_equal(mkdir(path, 0700), 0);
}

/* How many names the home holds. */
static size_t entries(const struct home *home)
{
	DIR *dir = opendir(home->directory);
	size_t count = 0;

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		count++;
	assert_int_equal(closedir(dir), 0);
	return count - 2; /* itself and its parent */
}

static size_t made(struct home *home)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_store *store;
	size_t count;

	assert_ok(sbk_store_open(&home->place, SBK_STORE_CREATE, &store, &err),
		  &err);
	assert_ok(sbk_store_made(store, &count, &err), &err);
	sbk_store_close(store);
	return count;
}

static void
test_os_storage__parents_go_with_what_they_were_made_for(void **state)
{
	struct home *home = *state;
	struct sbk_error err = SBK_ERROR_INIT;

	assert_int_equal(made(home), 2);
	assert_int_equal(entries(home), 1);
	assert_ok(sbk_store_remove(&home->place, no_files, &err), &err);
	assert_int_equal(entries(home), 0);
	make(home, ".local");
	assert_int_equal(made(home), 1);
	assert_ok(sbk_store_remove(&home->place, no_files, &err), &err);
	assert_int_equal(entries(home), 1); /* somebody's .local */
}

/* Between a removal's last file and its parents somebody begins anew. */
static void test_os_storage__takes_over_parents_of_a_removal(void **state)
{
	struct home *home = *state;
	struct sbk_error err = SBK_ERROR_INIT;

	make(home, ".local");
	make(home, ".local/state");
	make(home, SBK_STORE_REMOVED);
	assert_int_equal(made(home), 2);
	assert_int_equal(entries(home), 1); /* the mark is gone */
	assert_ok(sbk_store_remove(&home->place, no_files, &err), &err);
	assert_int_equal(entries(home), 0);
}

/* The parents were gone already, the mark was not. */
static void test_os_storage__takes_over_a_mark_alone(void **state)
{
	struct home *home = *state;
	struct sbk_error err = SBK_ERROR_INIT;

	make(home, SBK_STORE_REMOVED);
	assert_int_equal(made(home), 2);
	assert_int_equal(entries(home), 1);
	assert_ok(sbk_store_remove(&home->place, no_files, &err), &err);
	assert_int_equal(entries(home), 0);
}

/* What collisions with others may end with. */
static bool is_collision(int rc)
{
	return rc == SBK_E_NOTFOUND || rc == SBK_E_BUSY ||
	       rc == SBK_E_CONFLICT || rc == SBK_E_INCOMPLETE;
}

/* Makes and removes, a removal under the lock, as a journal does it. 0, or
 * the first code that is no collision. */
static int come_and_go(const struct home *home)
{
	static const char *const files[] = {"lock", NULL};
	int round, rc = 0;

	for (round = 0; rc == 0 && round < 100; round++) {
		struct sbk_store_lock *lock = NULL;
		struct sbk_store *store = NULL;

		rc = sbk_store_open(&home->place, SBK_STORE_CREATE, &store,
				    NULL);
		if (rc == 0)
			rc = sbk_store_lock_open(store, "lock", &lock, NULL);
		if (rc == 0)
			rc = sbk_store_lock_take(lock, 0, 0, NULL);
		if (rc == 0)
			rc = sbk_store_remove(&home->place, files, NULL);
		sbk_store_lock_close(lock);
		sbk_store_close(store);
		if (is_collision(rc))
			rc = 0;
	}
	return -rc;
}

static void test_os_storage__a_crowd_leaves_nothing(void **state)
{
	static const char *const files[] = {"lock", NULL};
	struct home *home = *state;
	struct sbk_error err = SBK_ERROR_INIT;
	int i, status;

	for (i = 0; i < 4; i++) {
		pid_t child = fork();

		assert_true(child >= 0);
		if (child == 0)
			_exit(come_and_go(home));
	}
	for (i = 0; i < 4; i++) {
		assert_true(wait(&status) > 0);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
	}
	assert_ok(sbk_store_remove(&home->place, files, &err), &err);
	assert_int_equal(entries(home), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static const struct CMUnitTest tests[] = {
	TEST(test_os_storage__parents_go_with_what_they_were_made_for),
	TEST(test_os_storage__takes_over_parents_of_a_removal),
	TEST(test_os_storage__takes_over_a_mark_alone),
	TEST(test_os_storage__a_crowd_leaves_nothing),
};

SBK_TEST_MAIN(tests)
