/* What the fixture needs of Linux; see the header. */
#include "tests/journal/fixture.h"

#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/banned.h"

int fixture_make_home(const char *path, struct sbk_owner *owner)
{
	*owner = sbk_owner_of_number((uint32_t)geteuid());
	return mkdir(path, 0700);
}

void fixture_machine(struct fixture *f)
{
	char path[SBK_PATH_MAX];

	f->place.book = SBK_BOOK_MACHINE;
	assert_int_equal(chmod(f->directory, 0755), 0);
	(void)snprintf(path, sizeof(path), "%s/home", f->directory);
	assert_int_equal(chmod(path, 0755), 0);
	(void)snprintf(path, sizeof(path), "%s/home/state", f->directory);
	assert_true(mkdir(path, 0755) == 0 || errno == EEXIST);
	assert_int_equal(chmod(path, 0755), 0);
}

int fixture_become_other(void)
{
	if (setgroups(0, NULL) < 0 || setgid(1234) < 0 || setuid(1234) < 0)
		return -1;
	return setuid(0) < 0 ? 0 : -1;
}

int fixture_child(int (*work)(struct fixture *f, void *arg), struct fixture *f,
		  void *arg)
{
	static const int crashes[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};
	pid_t pid = fork();
	int status;
	size_t i;

	assert_true(pid >= 0);
	if (pid == 0) {
		/* cmocka's handlers would go on with the child as a second
		 * runner, and its crash would look like a plain failure. */
		for (i = 0; i < sizeof(crashes) / sizeof(crashes[0]); i++)
			(void)signal(crashes[i], SIG_DFL);
		_exit(work(f, arg));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int fixture_program(int (*work)(struct fixture *f, void *arg),
		    struct fixture *f, void *arg, size_t size)
{
	(void)size;
	return fixture_child(work, f, arg);
}

static struct rlimit files;

bool fixture_take_files(void)
{
	struct rlimit none;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
	none = files;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	return true;
}

void fixture_give_files(void)
{
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
}
