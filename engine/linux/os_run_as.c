/*
 * An errand: this program once more, as a person. Owns the one place where
 * root becomes somebody else to look at what is that person's.
 *
 * Invariants:
 *  1. Nothing of the person's is touched before the child is the person for
 *     good: three ids, groups, no capability, and no_new_privs unless it is to
 *     be able to do what the person can.
 *  2. The child that runs as the person is a fresh image: only descriptors
 *     0 to 2 (/dev/null) and 3 (the answer) are open, and its memory holds
 *     nothing that the parent has read.
 *  3. The parent waits for the time limit and a short grace, never longer: a
 *     child that hangs in the kernel (a file system served by the person's
 *     own program) is left behind.
 */
#include "engine/os_admin.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "engine/limits.h"
#include "engine/linux/error.h"
#include "engine/linux/kernel.h"

#include "engine/banned.h"

#define ANSWER_FD 3
#define PROGRAM_FD 4
#define SPARE_FD 16 /* above both, while they are put in place */
#define GRACE_MS 2000
#define GROUPS_MAX 65536 /* the kernel's NGROUPS_MAX */
#define CHILD_FILES 256
#define CHILD_MEMORY ((rlim_t)8 << 30)
#define EXIT_NOT_STARTED 127

struct errand {
	const struct sbk_person *person;
	gid_t *groups;
	int group_count;
	int program; /* O_PATH: this program */
	int answer[2];
	char *argv[SBK_ERRAND_WORDS_MAX + 2];
	char home[SBK_PATH_MAX + 8], user[96], logname[96];
	char *envp[6];
	int64_t timeout_ms;
	pid_t parent;
	bool able;		 /* set-id programs keep their meaning */
	struct sbk_buf *fetched; /* an answer of any length; or NULL */
	size_t most;		 /* bytes of it */
};

/* --- in the child, between fork and exec ------------------------------ */

static int limit(int which, rlim_t value)
{
	const struct rlimit both = {.rlim_cur = value, .rlim_max = value};
	struct rlimit now;

	/* An administrator's own, lower limit stays. */
	if (getrlimit((__rlimit_resource_t)which, &now) == 0 &&
	    now.rlim_max < value)
		return 0;
	return setrlimit((__rlimit_resource_t)which, &both);
}

static int set_limits(const struct errand *errand)
{
	if (limit(RLIMIT_CORE, 0) < 0 ||
	    limit(RLIMIT_NOFILE, CHILD_FILES) < 0 ||
	    limit(RLIMIT_CPU, (rlim_t)(errand->timeout_ms / 1000 + 1)) < 0)
		return -1;
	if (errand->fetched != NULL &&
	    limit(RLIMIT_FSIZE, (rlim_t)errand->most) < 0)
		return -1;
#if !defined(__SANITIZE_ADDRESS__)
	/* Address space means nothing where a sanitizer reserves terabytes. */
	if (limit(RLIMIT_AS, CHILD_MEMORY) < 0)
		return -1;
#endif
	return 0;
}

static void reset_signals(void)
{
	sigset_t none;
	int number;

	for (number = 1; number < NSIG; number++)
		(void)signal(number, SIG_DFL); /* KILL and STOP refuse */
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Only 0 to 2, the answer and the program (closed by exec) stay open. */
static int keep_descriptors(const struct errand *errand)
{
	int answer = fcntl(errand->answer[1], F_DUPFD_CLOEXEC, SPARE_FD);
	int program = fcntl(errand->program, F_DUPFD_CLOEXEC, SPARE_FD);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), i;

	if (answer < 0 || program < 0 || null < 0)
		return -1;
	for (i = 0; i < 3; i++)
		if (dup2(null, i) < 0)
			return -1;
	if (dup2(answer, ANSWER_FD) < 0 ||
	    dup3(program, PROGRAM_FD, O_CLOEXEC) < 0)
		return -1;
	return (int)syscall(SYS_close_range, PROGRAM_FD + 1, ~0U, 0);
}

static int become(const struct errand *errand)
{
	const struct sbk_person *person = errand->person;

	/* A keyring that is inherited stays possessed, whoever one becomes. */
	if (sbk_keyring_leave() < 0)
		return -1;
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) < 0 ||
	    setgroups((size_t)errand->group_count, errand->groups) < 0 ||
	    setresgid(person->gid, person->gid, person->gid) < 0 ||
	    setresuid(person->uid, person->uid, person->uid) < 0)
		return -1;
	if (getuid() != person->uid || geteuid() != person->uid ||
	    getgid() != person->gid || getegid() != person->gid)
		return -1;
	/* Back to root must be impossible, except for root. */
	if (person->uid != 0 && (setuid(0) == 0 || seteuid(0) == 0))
		return -1;
	return errand->able ? 0 : prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

/* A parent that is killed takes the errand with it. After `become`, since a
 * change of ids forgets it. */
static int follow_parent(const struct errand *errand)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return -1;
	return getppid() == errand->parent ? 0 : -1;
}

static void run_child(const struct errand *errand)
{
	reset_signals();
	(void)umask(077);
	if (setsid() >= 0 && chdir("/") == 0 && keep_descriptors(errand) == 0 &&
	    set_limits(errand) == 0 && become(errand) == 0 &&
	    follow_parent(errand) == 0)
		(void)fexecve(PROGRAM_FD, errand->argv, errand->envp);
	_exit(EXIT_NOT_STARTED);
}

/* --- in the parent ---------------------------------------------------- */

static int64_t monotonic_ms(void)
{
	struct timespec now;

	/* Cannot fail: the clock exists and the pointer is good. */
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Waits for the descriptor until `deadline`; false when time is up. */
static bool wait_for(int fd, int64_t deadline)
{
	struct pollfd entry = {.fd = fd, .events = POLLIN};

	for (;;) {
		int64_t left = deadline - monotonic_ms();
		int got;

		if (left <= 0)
			return false;
		got = poll(&entry, 1, left > 60000 ? 60000 : (int)left);
		if (got > 0)
			return true;
		if (got < 0 && errno != EINTR)
			return false;
	}
}

/* Reads what is there; the pipe holds more than an answer. */
static size_t read_answer(int fd, char *answer, size_t size)
{
	size_t used = 0;

	while (used < size) {
		ssize_t got = read(fd, answer + used, size - used);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		used += (size_t)got;
	}
	return used;
}

static void end_child(pid_t pid, int pidfd)
{
	/* What it may have started stands in its own process group. */
	(void)kill(-pid, SIGKILL);
	(void)syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
}

static int too_long(const struct errand *errand, struct sbk_error *err)
{
	return sbk_error_set(err, SBK_E_LIMIT,
			     "what ran as '%s' gave an answer of more than %zu "
			     "bytes",
			     errand->person->name, errand->most);
}

/*
 * What the file holds. It may still be the person's to write, who can trace
 * what runs as himself: so it is read once, and no further than is allowed.
 */
static int read_file(const struct errand *errand, struct sbk_error *err)
{
	struct sbk_buf *out = errand->fetched;
	const size_t before = out->size;
	char block[65536];

	/* A buffer that grows no more would have it read one place for ever. */
	while (out->failure == 0) {
		const size_t at = out->size - before;
		ssize_t got = pread(errand->answer[0], block, sizeof(block),
				    (off_t)at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return sbk_error_set_errno(err, errno,
						   "reading an answer");
		if (got == 0)
			return 0;
		if (at + (size_t)got > errand->most)
			return too_long(errand, err);
		sbk_buf_add(out, block, (size_t)got);
	}
	return sbk_buf_failed(out, err);
}

/* Its writes ended where its limit does. */
static bool is_full(const struct errand *errand)
{
	struct stat st;

	return errand->fetched != NULL && fstat(errand->answer[0], &st) == 0 &&
	       (uint64_t)st.st_size >= errand->most;
}

static int judge(const struct errand *errand, int status, size_t got,
		 size_t size, struct sbk_error *err)
{
	if (is_full(errand) && (!WIFEXITED(status) || WEXITSTATUS(status) != 0))
		return too_long(errand, err);
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_NOT_STARTED)
		return sbk_error_set(err, SBK_E_IO,
				     "this program could not be started as "
				     "'%s'",
				     errand->person->name);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 || got != size)
		return sbk_error_set(err, SBK_E_IO,
				     "what ran as '%s' ended without an "
				     "answer",
				     errand->person->name);
	return 0;
}

static int watch(const struct errand *errand, pid_t pid, void *answer,
		 size_t size, struct sbk_error *err)
{
	int64_t deadline = monotonic_ms() + errand->timeout_ms;
	char *text = calloc(1, size + 1);
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	int rc, status = 0;
	bool ended;

	if (pidfd < 0)
		rc = sbk_error_set_errno(err, errno, "watching a process");
	else if (text == NULL)
		rc = sbk_error_no_memory(err);
	else
		rc = 0;
	ended = rc == 0 && wait_for(pidfd, deadline);
	if (!ended) {
		end_child(pid, pidfd);
		if (rc == 0)
			rc = sbk_error_set(
				err, SBK_E_BUSY,
				"what ran as '%s' did not end "
				"within %lld %s",
				errand->person->name,
				(long long)errand->timeout_ms / 1000,
				sbk_plural((uint64_t)errand->timeout_ms / 1000,
					   "second", "seconds"));
		ended = pidfd >= 0 &&
			wait_for(pidfd, monotonic_ms() + GRACE_MS);
	}
	/* One that hangs in the kernel is left to whoever reaps orphans. */
	if (ended && waitpid(pid, &status, 0) == pid && rc == 0)
		rc = judge(errand, status,
			   read_answer(errand->answer[0], text, size), size,
			   err);
	if (rc == 0 && errand->fetched != NULL)
		rc = read_file(errand, err);
	else if (rc == 0)
		memcpy(answer, text, size);
	if (pidfd >= 0)
		(void)close(pidfd); /* nothing to learn from it */
	free(text);
	return rc;
}

static int find_groups(struct errand *errand, struct sbk_error *err)
{
	int room = 64;

	for (;;) {
		gid_t *more =
			realloc(errand->groups, (size_t)room * sizeof(*more));

		if (more == NULL)
			return sbk_error_no_memory(err);
		errand->groups = more;
		errand->group_count = room;
		if (getgrouplist(errand->person->name, errand->person->gid,
				 errand->groups, &errand->group_count) >= 0)
			return 0;
		if (room >= GROUPS_MAX)
			return sbk_error_set(err, SBK_E_LIMIT,
					     "'%s' is in more than %d groups",
					     errand->person->name, GROUPS_MAX);
		room *= 4;
	}
}

static int fill_words(struct errand *errand, const char *const *argv,
		      struct sbk_error *err)
{
	static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	static char name[] = "sandbook-errand";
	static char locale[] = "LC_ALL=C";
	size_t i;

	errand->argv[0] = name;
	for (i = 0; argv[i] != NULL; i++) {
		if (i == SBK_ERRAND_WORDS_MAX)
			return sbk_error_set(err, SBK_E_LIMIT,
					     "too many words for an errand");
		errand->argv[i + 1] = (char *)(uintptr_t)argv[i];
	}
	(void)snprintf(errand->home, sizeof(errand->home), "HOME=%s",
		       errand->person->home);
	(void)snprintf(errand->user, sizeof(errand->user), "USER=%s",
		       errand->person->name);
	(void)snprintf(errand->logname, sizeof(errand->logname), "LOGNAME=%s",
		       errand->person->name);
	errand->envp[0] = path;
	errand->envp[1] = errand->home;
	errand->envp[2] = errand->user;
	errand->envp[3] = errand->logname;
	errand->envp[4] = locale;
	return 0;
}

static int open_answer(struct errand *errand, struct sbk_error *err)
{
	if (errand->fetched == NULL)
		return pipe2(errand->answer, O_CLOEXEC | O_NONBLOCK) < 0
			       ? sbk_error_set_errno(err, errno,
						     "making a pipe")
			       : 0;
	errand->answer[0] = memfd_create("answer", MFD_CLOEXEC);
	if (errand->answer[0] >= 0)
		errand->answer[1] =
			fcntl(errand->answer[0], F_DUPFD_CLOEXEC, 0);
	if (errand->answer[1] < 0)
		return sbk_error_set_errno(err, errno,
					   "making room for an answer");
	return 0;
}

static int start(struct errand *errand, void *answer, size_t size,
		 struct sbk_error *err)
{
	pid_t pid;
	int rc;

	errand->program = open("/proc/self/exe", O_PATH | O_CLOEXEC);
	if (errand->program < 0)
		return sbk_error_set_errno(err, errno, "opening '%s'",
					   "/proc/self/exe");
	rc = open_answer(errand, err);
	if (rc < 0)
		return rc;
	errand->parent = getpid();
	pid = fork();
	if (pid < 0)
		return sbk_error_set_errno(err, errno, "forking");
	if (pid == 0)
		run_child(errand);
	return watch(errand, pid, answer, size, err);
}

static int run(struct errand *errand, const char *const *argv, void *answer,
	       size_t size, struct sbk_error *err)
{
	int rc, i;

	if (geteuid() != 0)
		return sbk_error_set(err, SBK_E_DENIED,
				     "only root can act as '%s'",
				     errand->person->name);
	rc = find_groups(errand, err);
	if (rc == 0)
		rc = fill_words(errand, argv, err);
	if (rc == 0)
		rc = start(errand, answer, size, err);
	/* os_admin.h gives these two a meaning that nothing here has: without
	 * /proc, say, nobody was asked, and it must not read as "keeps
	 * nothing". */
	if (rc == SBK_E_NOTFOUND || rc == SBK_E_UNSUPPORTED) {
		rc = SBK_E_IO;
		if (err != NULL)
			err->code = rc;
	}
	for (i = 0; i < 2; i++)
		if (errand->answer[i] >= 0)
			(void)close(errand->answer[i]); /* a pipe */
	if (errand->program >= 0)
		(void)close(errand->program); /* O_PATH */
	free(errand->groups);
	return rc;
}

int sbk_os_run_as(const struct sbk_person *person, const char *const *argv,
		  int64_t timeout_ms, void *answer, size_t size,
		  struct sbk_error *err)
{
	struct errand errand = {.person = person,
				.program = -1,
				.answer = {-1, -1},
				.timeout_ms = timeout_ms};

	return run(&errand, argv, answer, size, err);
}

int sbk_os_run_as_able(const struct sbk_person *person, const char *const *argv,
		       int64_t timeout_ms, void *answer, size_t size,
		       struct sbk_error *err)
{
	struct errand errand = {.person = person,
				.program = -1,
				.answer = {-1, -1},
				.timeout_ms = timeout_ms,
				.able = true};

	return run(&errand, argv, answer, size, err);
}

int sbk_os_fetch_as(const struct sbk_person *person, const char *const *argv,
		    int64_t timeout_ms, size_t max, struct sbk_buf *out,
		    struct sbk_error *err)
{
	struct errand errand = {.person = person,
				.program = -1,
				.answer = {-1, -1},
				.timeout_ms = timeout_ms,
				.fetched = out,
				.most = max};

	return run(&errand, argv, NULL, 0, err);
}

int sbk_os_errand_answer(const void *answer, size_t size, struct sbk_error *err)
{
	ssize_t sent = write(ANSWER_FD, answer, size);

	if (sent == (ssize_t)size)
		return 0;
	if (sent < 0)
		return sbk_error_set_errno(err, errno,
					   "giving the answer of an errand");
	return sbk_error_set(err, SBK_E_IO, "the answer was cut off");
}
