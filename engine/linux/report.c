/*
 * What the command needs of the system around a run: the descriptor of the
 * status lines, and whether a name exists.
 */
#include "engine/run.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "engine/linux/error.h"

#include "engine/banned.h"

int sbk_run_status_check(uint64_t fd, struct sbk_error *err)
{
	int mode;

	if (fd <= STDERR_FILENO || fd > INT_MAX)
		return sbk_error_set(err, SBK_E_INVAL,
				     "--status-fd takes a descriptor from 3 "
				     "up: the command has the others");
	mode = fcntl((int)fd, F_GETFL);
	if (mode < 0 || (mode & O_ACCMODE) == O_RDONLY)
		return sbk_error_set(err, SBK_E_INVAL,
				     "--status-fd %d is not open for writing; "
				     "in a shell: %d>FILE",
				     (int)fd, (int)fd);
	if (fcntl((int)fd, F_SETFD, FD_CLOEXEC) < 0)
		return sbk_error_set_errno(
			err, errno, "cannot keep --status-fd %d", (int)fd);
	return 0;
}

/* write() without the signal that a closed pipe would send us. */
static ssize_t write_quietly(int fd, const char *text, size_t size)
{
	struct timespec now = {.tv_sec = 0};
	sigset_t set, before;
	ssize_t put;
	int os_code;

	(void)sigemptyset(&set); /* valid arguments throughout */
	(void)sigaddset(&set, SIGPIPE);
	(void)sigprocmask(SIG_BLOCK, &set, &before);
	put = write(fd, text, size);
	os_code = errno;
	if (put < 0 && os_code == EPIPE)
		(void)sigtimedwait(&set, NULL, &now); /* taken off again */
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	errno = os_code;
	return put;
}

int sbk_run_status_write(uint64_t fd, const char *text, size_t size,
			 struct sbk_error *err)
{
	struct pollfd ready = {.fd = (int)fd, .events = POLLOUT};

	while (size > 0) {
		ssize_t put = write_quietly((int)fd, text, size);

		if (put > 0) {
			text += put;
			size -= (size_t)put;
		} else if (put < 0 && errno == EAGAIN) {
			/* The caller's descriptor may be non-blocking. */
			(void)poll(&ready, 1, -1);
		} else if (put < 0 && errno != EINTR) {
			return sbk_error_set_errno(err, errno,
						   "cannot write to "
						   "--status-fd %d",
						   (int)fd);
		}
	}
	return 0;
}

bool sbk_run_name_exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}
