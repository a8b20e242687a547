/*
 * Errands: this test's own program, run again as somebody else. What it finds
 * out about itself there comes back as the answer.
 */
#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "engine/os_admin.h"
#include "tests/support/test.h"

extern char **environ;

struct answer {
	uid_t uid[3];
	gid_t gid[3];
	int group_count, foreign_group;
	int descriptors, terminal;
	int no_new_privs, dumpable_core;
	int became_root;
	int variables;
	int read_shadow;
	unsigned long long capabilities;
	char home[64], directory[64];
	pid_t session, process;
};

/* --- the errand's side ------------------------------------------------ */

static int count_descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	int count = 0;

	while (directory != NULL && readdir(directory) != NULL)
		count++;
	if (directory != NULL)
		closedir(directory);
	return count - 3; /* ".", ".." and its own */
}

static unsigned long long read_capabilities(void)
{
	static const char *const names[] = {
		"CapPrm:", "CapEff:", "CapAmb:", "CapInh:"};
	FILE *file = fopen("/proc/self/status", "r");
	unsigned long long all = 0, set;
	char line[256];
	size_t i;

	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			if (strncmp(line, names[i], 7) == 0 &&
			    sscanf(line + 7, "%llx", &set) == 1)
				all |= set;
	if (file != NULL)
		fclose(file);
	return all;
}

static int errand_look(void)
{
	struct answer answer = {.group_count = getgroups(0, NULL)};
	struct rlimit core;
	gid_t groups[64];
	int i;

	getresuid(&answer.uid[0], &answer.uid[1], &answer.uid[2]);
	getresgid(&answer.gid[0], &answer.gid[1], &answer.gid[2]);
	answer.group_count = getgroups(64, groups);
	for (i = 0; i < answer.group_count; i++)
		answer.foreign_group |= groups[i] == 0;
	answer.descriptors = count_descriptors();
	answer.terminal = isatty(0) || isatty(1) || isatty(2);
	answer.no_new_privs = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
	getrlimit(RLIMIT_CORE, &core);
	answer.dumpable_core = core.rlim_cur != 0;
	answer.capabilities = read_capabilities();
	answer.read_shadow = open("/etc/shadow", O_RDONLY) >= 0;
	answer.became_root =
		setuid(0) == 0 || seteuid(0) == 0 || setgroups(0, NULL) == 0;
	for (i = 0; environ[i] != NULL; i++)
		answer.variables |= strncmp(environ[i], "SBK_SECRET", 10) == 0;
	snprintf(answer.home, sizeof(answer.home), "%s", getenv("HOME"));
	if (getcwd(answer.directory, sizeof(answer.directory)) == NULL)
		answer.directory[0] = '\0';
	answer.session = getsid(0);
	answer.process = getpid();
	return sbk_os_errand_answer(&answer, sizeof(answer), NULL) < 0;
}

/* Leaves a process behind that holds the pipe of the answer open. */
static int errand_orphan(void)
{
	if (fork() == 0) {
		pause();
		_exit(0);
	}
	return errand_look();
}

/* Many pieces; or one that is more than anybody takes. */
static int errand_much(bool too_much)
{
	static char piece[100000];
	int i, rc = 0;

	for (i = 0; rc == 0 && i < (too_much ? 100 : 3); i++) {
		memset(piece, 'a' + i, sizeof(piece));
		rc = sbk_os_errand_answer(piece, sizeof(piece), NULL);
	}
	return rc < 0;
}

static int errand(const char *name)
{
	char half = 1;

	if (strncmp(name, "much", 4) == 0)
		return errand_much(strcmp(name, "much-more") == 0);

	if (strcmp(name, "look") == 0)
		return errand_look();
	if (strcmp(name, "orphan") == 0)
		return errand_orphan();
	if (strcmp(name, "hang") == 0)
		for (;;)
			pause();
	if (strcmp(name, "half") == 0)
		return sbk_os_errand_answer(&half, 1, NULL) < 0;
	if (strcmp(name, "crash") == 0)
		abort();
	return 1;
}

/* --- the test's side -------------------------------------------------- */

static struct sbk_person nobody(void)
{
	struct sbk_person person = {.uid = 65534,
				    .gid = 65534,
				    .name = "nobody",
				    .home = "/nonexistent"};

	return person;
}

#define require_root()                               \
	do {                                         \
		if (geteuid() != 0)                  \
			sbk_test_skip("needs root"); \
	} while (0)

static void test_os_run_as__becomes_the_person_and_nothing_else(void **state)
{
	const char *const words[] = {"--errand", "look", NULL};
	struct sbk_person person = nobody();
	struct sbk_error err = SBK_ERROR_INIT;
	struct answer answer;
	int open_here, i;

	(void)state;
	require_root();
	/* What must not get through: a descriptor, a variable, a group. */
	open_here = open("/etc/shadow", O_RDONLY);
	assert_true(open_here >= 0);
	assert_int_equal(setenv("SBK_SECRET", "x", 1), 0);
	assert_ok(sbk_os_run_as(&person, words, 20000, &answer, sizeof(answer),
				&err),
		  &err);
	close(open_here);
	for (i = 0; i < 3; i++) {
		assert_int_equal(answer.uid[i], 65534);
		assert_int_equal(answer.gid[i], 65534);
	}
	assert_false(answer.foreign_group);
	assert_int_equal(answer.descriptors, 4); /* 0, 1, 2 and the answer */
	assert_false(answer.terminal);
	assert_int_equal(answer.no_new_privs, 1);
	assert_false(answer.dumpable_core);
	assert_true(answer.capabilities == 0);
	assert_false(answer.became_root);
	assert_false(answer.read_shadow);
	assert_false(answer.variables);
	assert_string_equal(answer.home, "/nonexistent");
	assert_string_equal(answer.directory, "/");
	assert_int_equal(answer.session, answer.process);
}

/* The control: as root the same errand may do what is denied above. */
static void test_os_run_as__root_stays_root(void **state)
{
	const char *const words[] = {"--errand", "look", NULL};
	struct sbk_person root = {.name = "root", .home = "/root"};
	struct sbk_error err = SBK_ERROR_INIT;
	struct answer answer;

	(void)state;
	require_root();
	assert_ok(sbk_os_run_as(&root, words, 20000, &answer, sizeof(answer),
				&err),
		  &err);
	assert_int_equal(answer.uid[0], 0);
	assert_true(answer.read_shadow);
	assert_true(answer.became_root);
	assert_int_equal(answer.no_new_privs, 1);
	assert_int_equal(answer.descriptors, 4);
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void test_os_run_as__ends_who_takes_too_long(void **state)
{
	const char *const words[] = {"--errand", "hang", NULL};
	struct sbk_person person = nobody();
	struct sbk_error err = SBK_ERROR_INIT;
	struct answer answer;
	int64_t begun = now_ms();

	(void)state;
	require_root();
	assert_error(sbk_os_run_as(&person, words, 300, &answer, sizeof(answer),
				   &err),
		     SBK_E_BUSY, &err);
	assert_true(now_ms() - begun < 2000);
	assert_non_null(strstr(err.message, "nobody"));
}

static void test_os_run_as__does_not_wait_for_what_it_left(void **state)
{
	const char *const words[] = {"--errand", "orphan", NULL};
	struct sbk_person person = nobody();
	struct sbk_error err = SBK_ERROR_INIT;
	struct answer answer;
	int64_t begun = now_ms();

	(void)state;
	require_root();
	assert_ok(sbk_os_run_as(&person, words, 20000, &answer, sizeof(answer),
				&err),
		  &err);
	assert_true(now_ms() - begun < 10000);
	/* And it is not left for ever. */
	kill(-answer.process, SIGKILL);
}

static void test_os_run_as__believes_no_half_answer(void **state)
{
	static const char *const bad[] = {"half", "crash", "unknown"};
	struct sbk_person person = nobody();
	size_t i;

	(void)state;
	require_root();
	for (i = 0; i < 3; i++) {
		const char *const words[] = {"--errand", bad[i], NULL};
		struct sbk_error err = SBK_ERROR_INIT;
		struct answer answer = {.process = 12345};

		assert_error(sbk_os_run_as(&person, words, 20000, &answer,
					   sizeof(answer), &err),
			     SBK_E_IO, &err);
		assert_int_equal(answer.process, 12345);
	}
}

static void test_os_run_as__fetches_a_long_answer(void **state)
{
	struct sbk_person person = nobody();
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf out = SBK_BUF_INIT;
	const char *words[] = {"--errand", "much", NULL};

	(void)state;
	require_root();
	sbk_buf_adds(&out, "before");
	assert_ok(sbk_os_fetch_as(&person, words, 20000, 300000, &out, &err),
		  &err);
	assert_int_equal(out.size, 300006);
	assert_memory_equal(out.data, "beforeaaa", 9);
	assert_int_equal(out.data[300005], 'c');
	/* A byte less is too little, and so is any limit for the other. */
	sbk_buf_clear(&out);
	assert_error(sbk_os_fetch_as(&person, words, 20000, 299999, &out, &err),
		     SBK_E_LIMIT, &err);
	words[1] = "much-more";
	sbk_buf_clear(&out);
	assert_error(sbk_os_fetch_as(&person, words, 20000, 300000, &out, &err),
		     SBK_E_LIMIT, &err);
	/* Nor is one asked for ever that there is no room for. */
	words[1] = "much";
	out.failure = SBK_E_LIMIT;
	assert_error(sbk_os_fetch_as(&person, words, 20000, 300000, &out, &err),
		     SBK_E_LIMIT, &err);
	sbk_buf_clear(&out);
	words[1] = "crash";
	assert_error(sbk_os_fetch_as(&person, words, 20000, 300000, &out, &err),
		     SBK_E_IO, &err);
	words[1] = "hang";
	assert_error(sbk_os_fetch_as(&person, words, 300, 300000, &out, &err),
		     SBK_E_BUSY, &err);
	sbk_buf_release(&out);
}

/* Codes of other systems' answers, "keeps nothing", are no failure's. */
static int run_without_proc(void)
{
	const char *const words[] = {"--errand", "look", NULL};
	struct sbk_person person = nobody();
	struct sbk_error err = SBK_ERROR_INIT;
	struct answer answer;
	int rc;

	if (unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return 2;
	if (sbk_os_run_as(&person, words, 20000, &answer, sizeof(answer),
			  &err) < 0)
		return 3;
	if (mount("none", "/proc", "tmpfs", 0, NULL) < 0)
		return 4;
	rc = sbk_os_run_as(&person, words, 20000, &answer, sizeof(answer),
			   &err);
	return rc == SBK_E_IO && err.code == SBK_E_IO ? 0 : 5;
}

static void test_os_run_as__failing_is_no_answer(void **state)
{
	int status = 0;
	pid_t pid;

	(void)state;
	require_root();
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(run_without_proc());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_os_run_as__becomes_the_person_and_nothing_else),
		cmocka_unit_test(test_os_run_as__root_stays_root),
		cmocka_unit_test(test_os_run_as__ends_who_takes_too_long),
		cmocka_unit_test(
			test_os_run_as__does_not_wait_for_what_it_left),
		cmocka_unit_test(test_os_run_as__believes_no_half_answer),
		cmocka_unit_test(test_os_run_as__fetches_a_long_answer),
		cmocka_unit_test(test_os_run_as__failing_is_no_answer),
	};

	if (argc == 3 && strcmp(argv[1], "--errand") == 0)
		return errand(argv[2]);
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
