/* New files of a caller's, the end of processes, how old things are. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "engine/limits.h"
#include "engine/linux/processes.h"
#include "engine/os_admin.h"
#include "tests/support/test.h"

static struct sbk_person me(void)
{
	struct sbk_person person = {.uid = geteuid() == 0 ? 2001 : geteuid(),
				    .gid = geteuid() == 0 ? 2002 : getegid(),
				    .name = "me",
				    .home = "/"};

	return person;
}

/* Prepares and makes; the code of what failed. */
static int new_file(const char *path, const char *text, bool confidential,
		    struct sbk_error *err)
{
	struct sbk_person person = me();
	struct sbk_new_file *file = NULL;
	int rc = sbk_os_new_file_prepare(path, &file, err);

	if (rc == 0)
		rc = sbk_os_new_file_make(file, text, strlen(text), &person,
					  confidential, err);
	sbk_os_new_file_free(file);
	return rc;
}

static void test_os_admin__new_file_is_never_over_another(void **state)
{
	char *root = sbk_test_directory("os_admin"), path[4096], other[4096];
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_new_file *file = NULL;
	struct sbk_person person = me();
	struct sbk_buf text = SBK_BUF_INIT;
	struct stat st;

	(void)state;
	assert_int_equal(chown(root, person.uid, person.gid), 0);
	snprintf(path, sizeof(path), "%s/new", root);
	assert_ok(new_file(path, "text", false, &err), &err);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_int_equal(st.st_uid, person.uid);
	assert_int_equal(st.st_gid, person.gid);
	assert_error(new_file(path, "evil", false, &err), SBK_E_EXISTS, &err);
	/* What came in between preparing and making stays, too. */
	snprintf(other, sizeof(other), "%s/late", root);
	assert_ok(sbk_os_new_file_prepare(other, &file, &err), &err);
	assert_int_equal(rename(path, other), 0);
	assert_error(
		sbk_os_new_file_make(file, "evil", 4, &person, false, &err),
		SBK_E_EXISTS, &err);
	sbk_os_new_file_free(file);
	assert_ok(sbk_os_read_file(other, 100, &text, &err), &err);
	assert_string_equal(sbk_buf_text(&text), "text");
	/* A link that points nowhere is something, too. */
	snprintf(other, sizeof(other), "%s/link", root);
	snprintf(path, sizeof(path), "%s/target", root);
	assert_int_equal(symlink(path, other), 0);
	assert_error(new_file(other, "evil", false, &err), SBK_E_EXISTS, &err);
	assert_int_equal(access(path, F_OK), -1);
	snprintf(path, sizeof(path), "%s/private", root);
	assert_ok(new_file(path, "text", true, &err), &err);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	sbk_buf_release(&text);
	sbk_test_remove(root);
}

static void test_os_admin__new_file_goes_where_it_was_prepared(void **state)
{
	char *root = sbk_test_directory("os_admin"), path[4096], moved[4096];
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_new_file *file = NULL;
	struct sbk_person person = me();

	(void)state;
	snprintf(path, sizeof(path), "%s/dir", root);
	snprintf(moved, sizeof(moved), "%s/moved", root);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/dir/./new", root);
	assert_ok(sbk_os_new_file_prepare(path, &file, &err), &err);
	snprintf(path, sizeof(path), "%s/dir/new", root);
	assert_string_equal(sbk_os_new_file_path(file), path);
	/* Another directory takes the name meanwhile. */
	snprintf(path, sizeof(path), "%s/dir", root);
	assert_int_equal(rename(path, moved), 0);
	assert_int_equal(symlink("/etc", path), 0);
	assert_ok(sbk_os_new_file_make(file, "x", 1, &person, false, &err),
		  &err);
	snprintf(moved, sizeof(moved), "%s/moved/new", root);
	assert_int_equal(access(moved, F_OK), 0);
	sbk_os_new_file_free(file);
	sbk_test_remove(root);
}

static void test_os_admin__new_file_is_checked_first(void **state)
{
	char *root = sbk_test_directory("os_admin"), path[4096];
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	snprintf(path, sizeof(path), "%s/none/new", root);
	assert_error(new_file(path, "x", false, &err), SBK_E_NOTFOUND, &err);
	assert_error(new_file(root, "x", false, &err), SBK_E_EXISTS, &err);
	snprintf(path, sizeof(path), "%s/", root);
	assert_error(new_file(path, "x", false, &err), SBK_E_INVAL, &err);
	sbk_test_remove(root);
}

/* A text that is not understood ends nobody, and says so. */
static void test_os_admin__end_processes_of_a_principal_only(void **state)
{
	static const char *const bad[] = {"u:64977x", "u:", "64977",
					  "u:4294967295", "u:4294967296"};
	struct sbk_error err = SBK_ERROR_INIT;
	size_t ended, i;
	int status;
	pid_t pid;

	(void)state;
	if (geteuid() != 0)
		sbk_test_skip("needs root, to be somebody else");
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (setresgid(64977, 64977, 64977) < 0 ||
		    setresuid(64977, 64977, 64977) < 0)
			_exit(1);
		for (;;)
			(void)pause();
	}
	do {
		assert_ok(sbk_processes_count(64977, &ended, &err), &err);
		assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
	} while (ended == 0);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_error(sbk_os_end_processes(bad[i], &ended, &err),
			     SBK_E_INVAL, &err);
	assert_ok(sbk_os_end_processes("g:64977", &ended, &err), &err);
	assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
	assert_ok(sbk_os_end_processes("u:64977", &ended, &err), &err);
	assert_int_equal(ended, 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void test_os_admin__older_by_the_last_change(void **state)
{
	const struct timespec pause = {.tv_nsec = 30000000};
	const struct timespec past[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
	char *root = sbk_test_directory("os_admin"), a[4096], b[4096],
	     than[4096];

	(void)state;
	snprintf(a, sizeof(a), "%s/a", root);
	snprintf(b, sizeof(b), "%s/b", root);
	snprintf(than, sizeof(than), "%s/than", root);
	close(open(a, O_CREAT | O_WRONLY, 0600));
	nanosleep(&pause, NULL);
	assert_int_equal(mkdir(than, 0700), 0);
	nanosleep(&pause, NULL);
	close(open(b, O_CREAT | O_WRONLY, 0600));
	assert_true(sbk_os_older(a, than));
	assert_false(sbk_os_older(b, than));
	/* A time that somebody sets says nothing. */
	assert_int_equal(utimensat(AT_FDCWD, b, past, 0), 0);
	assert_false(sbk_os_older(b, than));
	/* Given to somebody since: not older any more. */
	assert_int_equal(chmod(a, 0640), 0);
	assert_false(sbk_os_older(a, than));
	assert_false(sbk_os_older("/nonexistent", than));
	sbk_test_remove(root);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_os_admin__new_file_is_never_over_another),
	cmocka_unit_test(test_os_admin__new_file_goes_where_it_was_prepared),
	cmocka_unit_test(test_os_admin__new_file_is_checked_first),
	cmocka_unit_test(test_os_admin__end_processes_of_a_principal_only),
	cmocka_unit_test(test_os_admin__older_by_the_last_change),
};

SBK_TEST_MAIN(tests)
