/*
 * The survey against the walk, which pins every object: both must see the same
 * objects with the same access, on kernels with getxattrat and without.
 */
#include "engine/linux/survey.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/os.h"
#include "tests/linux/host_test.h"
#include "tests/support/test.h"

#include "engine/banned.h"

struct seen {
	struct sbk_buf text;
	size_t objects, links, skipped, unreadable;
};

static int remember(void *arg, const struct sbk_visit *visit,
		    struct sbk_error *err)
{
	struct seen *seen = arg;

	switch (visit->kind) {
	case SBK_VISIT_OBJECT:
		if (visit->is_link) {
			seen->links++;
			return 0;
		}
		seen->objects++;
		sbk_buf_printf(&seen->text, "%s %u %u %d\n%s", visit->path,
			       visit->owner, visit->links, visit->is_directory,
			       visit->access.data);
		break;
	case SBK_VISIT_SKIPPED:
		seen->skipped++;
		break;
	case SBK_VISIT_UNREADABLE:
		seen->unreadable++;
		break;
	}
	return sbk_buf_failed(&seen->text, err);
}

/*
 * tree
 * ├── dir		default ACL, an entry
 * │   ├── inner	made after it
 * │   └── key	0600 with an entry
 * ├── hard		two names
 * ├── link -> dir
 * ├── fifo
 * └── closed/x	0700
 */
static char *make_tree(void)
{
	char *tree = sbk_test_directory("survey");

	setenv("T", tree, 1);
	assert_int_equal(
		shell("cd \"$T\" && chmod 755 . && mkdir dir closed && "
		      "touch dir/key hard closed/x && ln hard hard2 && "
		      "ln -s dir link && mkfifo fifo && chmod 600 dir/key && "
		      "setfacl -m u:64901:rwx,d:u:64901:rwx dir && "
		      "setfacl -m u:64901:r dir/key && touch dir/inner && "
		      "chmod 700 closed"),
		0);
	return tree;
}

static void compare(const char *tree, size_t objects)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_backend backend;
	struct seen survey = {.objects = 0}, walk = {.objects = 0};

	assert_ok(sbk_os_backend(&backend, &err), &err);
	assert_ok(sbk_backend_survey(&backend, tree, remember, &survey, &err),
		  &err);
	assert_ok(sbk_backend_walk(&backend, tree, remember, &walk, &err),
		  &err);
	assert_string_equal(survey.text.data, walk.text.data);
	assert_int_equal(survey.objects, objects);
	assert_non_null(strstr(survey.text.data, "access u:64901:r--"));
	assert_non_null(strstr(survey.text.data, "default u:64901:rwx"));
	assert_int_equal(survey.links, 1);
	assert_int_equal(walk.skipped, 1);
	assert_int_equal(survey.skipped, 0);
	sbk_buf_release(&survey.text);
	sbk_buf_release(&walk.text);
	sbk_backend_close(&backend);
}

static void test_survey__sees_what_the_walk_sees(void **unused)
{
	char *tree = make_tree();

	(void)unused;
	compare(tree, 9);
	sbk_survey_without_getxattrat(true);
	compare(tree, 9);
	sbk_survey_without_getxattrat(false);
	sbk_test_remove(tree);
}

/* So many that several threads look at them, in more than one run. */
static void test_survey__sees_all_of_a_wide_directory(void **unused)
{
	char *tree = make_tree();

	(void)unused;
	assert_int_equal(
		shell("cd \"$T\" && seq -f wide%g 700 | xargs touch && "
		      "chmod 600 wide7 wide400 && setfacl -m "
		      "u:64902:r wide5 wide300 wide301 wide699"),
		0);
	compare(tree, 709);
	sbk_test_remove(tree);
}

static void test_survey__says_what_a_plain_user_cannot_see(void **unused)
{
	char *tree = make_tree();
	int status;
	pid_t pid;

	(void)unused;
	if (geteuid() != 0)
		sbk_test_skip("becoming another account needs root");
	pid = fork();
	if (pid == 0) {
		struct seen seen = {.objects = 0};
		struct sbk_pool *pool = NULL;

		if (setresgid(64900, 64900, 64900) < 0 ||
		    setresuid(64900, 64900, 64900) < 0 ||
		    sbk_survey(&pool, tree, remember, &seen, NULL) < 0)
			_exit(100);
		/* All but what is in "closed", which counts as one. */
		_exit(seen.unreadable == 1 && seen.objects == 8 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	sbk_test_remove(tree);
}

static int stop_at_dir(void *arg, const struct sbk_visit *visit,
		       struct sbk_error *err)
{
	struct seen *seen = arg;
	size_t size = strlen(visit->path);

	(void)err;
	seen->objects++;
	return size > 4 && strcmp(visit->path + size - 4, "/dir") == 0 ? 1 : 0;
}

static void test_survey__does_not_enter_where_told(void **unused)
{
	char *tree = make_tree();
	struct seen seen = {.objects = 0};
	struct sbk_pool *pool = NULL;
	struct sbk_error err = SBK_ERROR_INIT;

	(void)unused;
	assert_ok(sbk_survey(&pool, tree, stop_at_dir, &seen, &err), &err);
	sbk_pool_free(pool);
	assert_int_equal(seen.objects, 8); /* without dir's two, with link */
	sbk_test_remove(tree);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_survey__sees_what_the_walk_sees),
	cmocka_unit_test(test_survey__sees_all_of_a_wide_directory),
	cmocka_unit_test(test_survey__says_what_a_plain_user_cannot_see),
	cmocka_unit_test(test_survey__does_not_enter_where_told),
};

SBK_TEST_MAIN(tests)
