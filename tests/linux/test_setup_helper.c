/*
 * The set-id bit of sandbook-mount: where it is given, where it is refused and
 * what is said, how it is taken back.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/linux/setup_helper.h"
#include "tests/linux/host_test.h"

#include "engine/banned.h"

#define DIRECTORY "/run/usr/bin"
#define PROGRAM DIRECTORY "/sandbook-mount"

static void fresh(void)
{
	assert_int_equal(shell("umount -q " DIRECTORY
			       " 2>/dev/null; rm -rf /run/usr && install -d "
			       "-m 0755 /run/usr " DIRECTORY
			       " && install -m 0755 "
			       "/bin/true " PROGRAM),
			 0);
}

static unsigned int mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return st.st_mode & 07777;
}

static struct sbk_plan *plan_at(struct sbk_backend *backend, const char *path)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_plan *plan = sbk_plan_new();

	assert_non_null(plan);
	assert_ok(sbk_setup_plan_helper_at(backend, path, plan, &err), &err);
	return plan;
}

static void test_setup_helper__gives_and_takes_the_bit(void **state)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_backend backend;
	struct sbk_plan *plan, *again;

	(void)state;
	require_host();
	fresh();
	assert_ok(sbk_os_backend(&backend, &err), &err);
	plan = plan_at(&backend, PROGRAM);
	assert_int_equal(sbk_plan_count(plan), 1);
	assert_int_equal(sbk_plan_note_count(plan), 0);
	/* Planning touches nothing. */
	assert_int_equal(mode_of(PROGRAM), 0755);
	assert_ok(host_apply(&backend, plan, &err), &err);
	assert_int_equal(mode_of(PROGRAM), 04755);
	/* Once more: nothing to do, and nothing to say. */
	again = plan_at(&backend, PROGRAM);
	assert_int_equal(sbk_plan_count(again), 0);
	assert_int_equal(sbk_plan_note_count(again), 0);
	sbk_plan_free(again);
	assert_int_equal(host_undo(&backend, &plan, 1), 0);
	assert_int_equal(mode_of(PROGRAM), 0755);
	sbk_plan_free(plan);
	sbk_backend_close(&backend);
}

/* Before the change, after it: what a crash leaves is undone either way. */
static void test_setup_helper__is_undone_after_a_crash(void **state)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_backend backend;
	struct sbk_plan *plan;
	int made;

	(void)state;
	require_host();
	assert_ok(sbk_os_backend(&backend, &err), &err);
	for (made = 0; made < 2; made++) {
		fresh();
		plan = plan_at(&backend, PROGRAM);
		if (made)
			assert_ok(host_apply(&backend, plan, &err), &err);
		host_forget_results(plan);
		assert_int_equal(host_undo(&backend, &plan, 1), 0);
		assert_int_equal(mode_of(PROGRAM), 0755);
		sbk_plan_free(plan);
	}
	sbk_backend_close(&backend);
}

static void test_setup_helper__names_what_cannot_be_trusted(void **state)
{
	static const struct {
		const char *make, *place, *why;
	} cases[] = {
		{"chmod g+w /run/usr", "'/run/usr' ", "written by others"},
		{"chmod 1777 /run/usr", "'/run/usr' ", "written by others"},
		{"setfacl -m u:1600:rwx " DIRECTORY, "'" DIRECTORY "' ",
		 "written by others"},
		{"chown 1600 " DIRECTORY, "'" DIRECTORY "' ", "belong to root"},
		{"chown 1600 " PROGRAM, "'" PROGRAM "' ", "belong to root"},
		{"chmod o+w " PROGRAM, "'" PROGRAM "' ", "written by others"},
		{"setfacl -m u:1600:rwx " PROGRAM, "'" PROGRAM "' ",
		 "written by others"},
		{"chmod 0700 " PROGRAM, "'" PROGRAM "' ", "mode 0755"},
		{"chmod 6755 " PROGRAM, "'" PROGRAM "' ", "mode 0755"},
		{"ln " PROGRAM " /run/usr/second", "'" PROGRAM "' ",
		 "second name"},
		{"rm " PROGRAM, "'" PROGRAM "' ", "looked at"},
		{"mv " PROGRAM " /run/usr/x && ln -s ../x " PROGRAM,
		 "'" PROGRAM "' ", "regular file"},
		{"mv " DIRECTORY " /run/usr/real && ln -s real " DIRECTORY,
		 "'" DIRECTORY "' ", "not a directory"},
		{"mount --bind " DIRECTORY " " DIRECTORY " && mount -o "
		 "remount,bind,nosuid " DIRECTORY,
		 "'" PROGRAM "' ", "nosuid"},
	};
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_backend backend;
	size_t i;

	(void)state;
	require_host();
	assert_ok(sbk_os_backend(&backend, &err), &err);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sbk_plan *plan;
		const char *note;

		fresh();
		assert_int_equal(shell(cases[i].make), 0);
		plan = plan_at(&backend, PROGRAM);
		if (sbk_plan_count(plan) != 0 || sbk_plan_note_count(plan) != 1)
			print_error("after: %s\n", cases[i].make);
		assert_int_equal(sbk_plan_count(plan), 0);
		assert_int_equal(sbk_plan_note_count(plan), 1);
		note = sbk_plan_note_at(plan, 0);
		if (strstr(note, cases[i].place) == NULL ||
		    strstr(note, cases[i].why) == NULL)
			print_error("after: %s\n%s\n", cases[i].make, note);
		assert_non_null(strstr(note, cases[i].place));
		assert_non_null(strstr(note, cases[i].why));
		sbk_plan_free(plan);
	}
	fresh();
	sbk_backend_close(&backend);
}

/* A newer version was installed meanwhile: its file is not the one that we
 * changed, and has no bit to take. */
static void test_setup_helper__leaves_a_newer_program_alone(void **state)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_backend backend;
	struct sbk_plan *plan;

	(void)state;
	require_host();
	fresh();
	assert_ok(sbk_os_backend(&backend, &err), &err);
	plan = plan_at(&backend, PROGRAM);
	assert_ok(host_apply(&backend, plan, &err), &err);
	assert_int_equal(shell("install -m 0755 /bin/false " PROGRAM ".new && "
			       "mv " PROGRAM ".new " PROGRAM),
			 0);
	(void)host_undo(&backend, &plan, 1);
	assert_int_equal(mode_of(PROGRAM), 0755);
	assert_int_equal(shell("cmp -s " PROGRAM " /bin/false"), 0);
	sbk_plan_free(plan);
	/* And gets its own from the next setup. */
	plan = plan_at(&backend, PROGRAM);
	assert_int_equal(sbk_plan_count(plan), 1);
	sbk_plan_free(plan);
	sbk_backend_close(&backend);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_setup_helper__gives_and_takes_the_bit),
		cmocka_unit_test(test_setup_helper__is_undone_after_a_crash),
		cmocka_unit_test(
			test_setup_helper__names_what_cannot_be_trusted),
		cmocka_unit_test(
			test_setup_helper__leaves_a_newer_program_alone),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
