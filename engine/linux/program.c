/*
 * Helper programs. Owns how one is found, started, fed, read and waited for;
 * knows none of them.
 *
 * Invariants: no name is looked up outside the four root-owned directories;
 * nothing of our environment, signal dispositions or descriptors reaches the
 * program but the three standard ones and `hold_fd`; it runs in a session of
 * its own, so that Ctrl-C on our terminal does not cut it off halfway.
 */
#include "engine/linux/program.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "engine/limits.h"
#include "engine/linux/clock.h"
#include "engine/linux/error.h"

#include "engine/banned.h"

#define TIMEOUT_MS 60000
#define LOCK_TIMEOUT_MS 60000
/*
 * Every account tool makes and locks this file, it is root's alone, and
 * flock() does not meet the fcntl() lock that they take on it.
 */
#define LOCK_FILE "/etc/.pwd.lock"

static const char *const directories[] = {"/usr/sbin", "/usr/bin", "/sbin",
					  "/bin"};

void sbk_program_result_release(struct sbk_program_result *result)
{
	sbk_buf_release(&result->out);
	sbk_buf_release(&result->err);
}

/* Root's, and nobody else may replace or rewrite it. */
static bool is_trusted(const char *path, mode_t type)
{
	struct stat st;

	return stat(path, &st) == 0 && (st.st_mode & S_IFMT) == type &&
	       st.st_uid == 0 && (st.st_mode & 022) == 0 &&
	       (st.st_mode & 0111) != 0;
}

int sbk_program_find(const char *name, char *path, size_t path_size,
		     struct sbk_error *err)
{
	size_t i;

	for (i = 0; i < sizeof(directories) / sizeof(directories[0]); i++) {
		int n = snprintf(path, path_size, "%s/%s", directories[i],
				 name);

		if (n > 0 && (size_t)n < path_size &&
		    is_trusted(directories[i], S_IFDIR) &&
		    is_trusted(path, S_IFREG))
			return 0;
	}
	return sbk_error_set(err, SBK_E_UNSUPPORTED,
			     "the program '%s' is not in /usr/sbin, /usr/bin, "
			     "/sbin or /bin",
			     name);
}

/* In the child, until it is the program. Never returns. */
static void become(const struct sbk_program *program, const char *path,
		   int input, int output, int errors)
{
	char home[PATH_MAX + 8];
	char *const environment[] = {
		(char *)(uintptr_t) "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
		(char *)(uintptr_t) "LC_ALL=C",
		program->home != NULL ? home : NULL, NULL};
	sigset_t none;
	int hold = program->hold_fd > 0 ? program->hold_fd : -1, number;

	if (program->home != NULL)
		(void)snprintf(home, sizeof(home), "HOME=%s", program->home);
	for (number = 1; number < NSIG; number++)
		(void)signal(number, SIG_DFL); /* KILL and STOP refuse */
	(void)sigemptyset(&none);
	if (sigprocmask(SIG_SETMASK, &none, NULL) < 0 || setsid() < 0 ||
	    chdir("/") < 0 || dup2(input, 0) < 0 || dup2(output, 1) < 0 ||
	    dup2(errors, 2) < 0)
		_exit(126);
	(void)umask(022);
	/* All else is close-on-exec or closed here; `hold` must stay. */
	if (hold >= 3) {
		if (dup2(hold, 3) < 0)
			_exit(126);
		if (hold == 3 && fcntl(3, F_SETFD, 0) < 0)
			_exit(126);
	}
	if (syscall(SYS_close_range, hold >= 3 ? 4u : 3u, ~0u, 0) < 0)
		_exit(126);
	(void)execve(path, (char *const *)(uintptr_t)program->argv,
		     environment);
	_exit(127);
}

/* A running program: our ends of its pipes; -1 once closed. */
struct running {
	pid_t pid;
	int pidfd;
	int input, output, errors;
	size_t written;
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd); /* nothing of ours is lost with a pipe */
	*fd = -1;
}

static int start(const struct sbk_program *program, struct running *r,
		 struct sbk_error *err)
{
	char path[PATH_MAX];
	int in[2] = {-1, -1}, out[2] = {-1, -1}, errors[2] = {-1, -1};
	int rc, os_code;

	if (program->path != NULL) {
		(void)snprintf(path, sizeof(path), "%s", program->path);
		rc = 0;
	} else {
		rc = sbk_program_find(program->argv[0], path, sizeof(path),
				      err);
	}
	if (rc < 0)
		return rc;
	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0 ||
	    pipe2(errors, O_CLOEXEC) < 0 || (r->pid = fork()) < 0) {
		os_code = errno;
		rc = sbk_error_set_errno(err, os_code, "starting '%s'", path);
		goto out;
	}
	if (r->pid == 0)
		become(program, path, in[0], out[1], errors[1]);
	r->pidfd = (int)syscall(SYS_pidfd_open, r->pid, 0);
	r->input = in[1];
	r->output = out[0];
	r->errors = errors[0];
	in[1] = out[0] = errors[0] = -1;
	rc = 0;
out:
	close_fd(&in[0]);
	close_fd(&in[1]);
	close_fd(&out[0]);
	close_fd(&out[1]);
	close_fd(&errors[0]);
	close_fd(&errors[1]);
	return rc;
}

/* Writes what the pipe takes; closes it at the end or when nobody reads. */
static void feed(struct running *r, const struct sbk_program *program)
{
	ssize_t n = 0;

	if (r->written < program->input_size)
		n = write(r->input, program->input + r->written,
			  program->input_size - r->written);
	if (n > 0)
		r->written += (size_t)n;
	if (r->written == program->input_size || (n < 0 && errno != EAGAIN))
		close_fd(&r->input);
}

static void drain(int *fd, struct sbk_buf *into)
{
	char chunk[8192];
	ssize_t n;

	while (*fd >= 0) {
		n = read(*fd, chunk, sizeof(chunk));
		if (n > 0 && into->size + (size_t)n <= SBK_OUTPUT_BYTES_MAX)
			sbk_buf_add(into, chunk, (size_t)n);
		else if (n > 0)
			into->failure = SBK_E_LIMIT;
		else if (n < 0 && errno == EAGAIN)
			return;
		else
			close_fd(fd);
	}
}

/*
 * Until the program has ended. Its pipes may stay open longer (a daemon that
 * it started), so its end counts and not theirs.
 */
static int attend(const struct sbk_program *program, struct running *r,
		  struct sbk_program_result *result, int64_t deadline)
{
	for (;;) {
		struct pollfd polled[] = {
			{.fd = r->pidfd, .events = POLLIN},
			{.fd = r->input, .events = POLLOUT},
			{.fd = r->output, .events = POLLIN},
			{.fd = r->errors, .events = POLLIN},
		};
		int64_t left = deadline - sbk_clock_ms();

		if (left <= 0)
			return SBK_E_BUSY;
		if (poll(polled, 4, (int)left) < 0 && errno != EINTR)
			return SBK_E_IO;
		if (polled[1].revents != 0)
			feed(r, program);
		drain(&r->output, &result->out);
		drain(&r->errors, &result->err);
		if (polled[0].revents != 0)
			return 0;
	}
}

static int set_nonblocking(const struct running *r)
{
	const int fds[] = {r->input, r->output, r->errors};
	size_t i;

	for (i = 0; i < 3; i++)
		if (fcntl(fds[i], F_SETFL, O_NONBLOCK) < 0)
			return SBK_E_IO;
	return r->pidfd < 0 ? SBK_E_UNSUPPORTED : 0;
}

static int reap(pid_t pid, int *exit_code)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return SBK_E_IO;
	*exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status)
					 : WEXITSTATUS(status);
	return 0;
}

int sbk_program_run(const struct sbk_program *program,
		    struct sbk_program_result *result, struct sbk_error *err)
{
	struct running r = {
		.pidfd = -1, .input = -1, .output = -1, .errors = -1};
	struct sigaction ignore = {.sa_handler = SIG_IGN}, old;
	int timeout =
		program->timeout_ms > 0 ? program->timeout_ms : TIMEOUT_MS;
	int rc, ended;

	sbk_buf_clear(&result->out);
	sbk_buf_clear(&result->err);
	result->exit_code = 0;
	/* A program that does not read its input must not end us. */
	if (sigaction(SIGPIPE, &ignore, &old) < 0)
		return sbk_error_set_errno(err, errno, "ignoring SIGPIPE");
	rc = start(program, &r, err);
	if (rc < 0)
		goto out;
	rc = set_nonblocking(&r);
	if (rc == 0)
		rc = attend(program, &r, result, sbk_clock_ms() + timeout);
	if (rc < 0)
		(void)kill(r.pid, SIGKILL); /* it may just have ended */
	ended = reap(r.pid, &result->exit_code);
	if (rc == SBK_E_BUSY)
		(void)sbk_error_set(err, rc,
				    "'%s' did not end within %d seconds and "
				    "was killed",
				    program->argv[0], timeout / 1000);
	else if (rc < 0 || ended < 0)
		rc = sbk_error_set(err, rc < 0 ? rc : ended,
				   "'%s' could not be attended to",
				   program->argv[0]);
	else if (sbk_buf_failed(&result->out, err) < 0 ||
		 sbk_buf_failed(&result->err, err) < 0)
		rc = sbk_error_prefix(err, "output of '%s'", program->argv[0]);
out:
	close_fd(&r.pidfd);
	close_fd(&r.input);
	close_fd(&r.output);
	close_fd(&r.errors);
	(void)sigaction(SIGPIPE, &old, NULL); /* it was valid before */
	return rc;
}

int sbk_program_failed(const struct sbk_program *program,
		       const struct sbk_program_result *result, int code,
		       struct sbk_error *err)
{
	const char *text = sbk_buf_text(&result->err);

	return sbk_error_set(err, code, "'%s' ended with exit code %d%s%.*s",
			     program->argv[0], result->exit_code,
			     *text != '\0' ? ": " : "",
			     (int)strcspn(text, "\n"), text);
}

int sbk_program_do(const struct sbk_program *program, int *exit_code,
		   struct sbk_error *err)
{
	struct sbk_program_result result = SBK_PROGRAM_RESULT_INIT;
	int rc = sbk_program_run(program, &result, err);

	if (rc == 0 && result.exit_code != 0)
		rc = sbk_program_failed(program, &result, SBK_E_IO, err);
	if (exit_code != NULL)
		*exit_code = result.exit_code;
	sbk_program_result_release(&result);
	return rc;
}

static int wait_for_lock(int fd, struct sbk_error *err)
{
	const struct timespec pause = {.tv_nsec = 20000000};
	int64_t deadline = sbk_clock_ms() + LOCK_TIMEOUT_MS;

	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		int os_code = errno;

		if (os_code != EWOULDBLOCK && os_code != EINTR)
			return sbk_error_set_errno(err, os_code,
						   "locking '" LOCK_FILE "'");
		if (sbk_clock_ms() > deadline)
			return sbk_error_set(
				err, SBK_E_BUSY,
				"an account or firewall tool started by "
				"Sandbook still holds '" LOCK_FILE "' after %d "
				"seconds; try again when it has ended",
				LOCK_TIMEOUT_MS / 1000);
		(void)nanosleep(&pause, NULL); /* too short is no harm */
	}
	return 0;
}

int sbk_program_lock(int create, int *fd, struct sbk_error *err)
{
	int opened, os_code, rc;

	*fd = -1;
	opened =
		open(LOCK_FILE,
		     O_RDONLY | O_CLOEXEC | O_NOFOLLOW | (create ? O_CREAT : 0),
		     0600);
	os_code = errno;
	if (opened < 0 && !create)
		return 0; /* no tool ran, or not ours to look at */
	if (opened < 0)
		return sbk_error_set_errno(err, os_code,
					   "opening '" LOCK_FILE "'");
	rc = wait_for_lock(opened, err);
	if (rc < 0) {
		(void)close(opened); /* nothing was written */
		return rc;
	}
	*fd = opened;
	return 0;
}

void sbk_program_unlock(int fd)
{
	if (fd < 0)
		return;
	/* Explicitly: a daemon that a tool started may hold a copy of it. */
	(void)flock(fd, LOCK_UN); /* of a lock that we hold */
	(void)close(fd);	  /* nothing was written */
}
