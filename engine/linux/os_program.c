/*
 * The running program: where it stands, what stands beside it, and whether
 * somebody can be asked.
 */
#include "engine/os.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "engine/limits.h"
#include "engine/linux/error.h"

#include "engine/banned.h"

int sbk_os_standard_streams(struct sbk_error *err)
{
	int descriptor;

	for (descriptor = STDIN_FILENO; descriptor <= STDERR_FILENO;
	     descriptor++) {
		/* Open the wrong way round, so that its use fails. */
		const int flags =
			descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY;

		if (fcntl(descriptor, F_GETFD) >= 0)
			continue;
		/* The lowest number that is free: this one. */
		if (open("/dev/null", flags) < 0)
			return sbk_error_set_errno(err, errno,
						   "opening '/dev/null'");
	}
	return 0;
}

static bool children_ignored; /* by the caller */

void sbk_os_own_children(void)
{
	struct sigaction before;

	/* A valid signal and action: this cannot fail. */
	if (sigaction(SIGCHLD, &(struct sigaction){.sa_handler = SIG_DFL},
		      &before) == 0 &&
	    before.sa_handler == SIG_IGN)
		children_ignored = true;
}

bool sbk_os_children_ignored(void)
{
	return children_ignored;
}

bool sbk_os_interactive(void)
{
	return isatty(STDIN_FILENO) == 1;
}

bool sbk_os_is_watched(void)
{
	return isatty(STDERR_FILENO) == 1;
}

int sbk_os_executable(char *out, size_t out_size, struct sbk_error *err)
{
	ssize_t size = readlink("/proc/self/exe", out, out_size);

	if (size < 0)
		return sbk_error_set_errno(err, errno,
					   "asking where this program is");
	if ((size_t)size >= out_size)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "the path of this program is too long");
	out[size] = '\0';
	return 0;
}

/* Who is no administrator uses sudo. */
bool sbk_os_can_elevate(void)
{
	return false;
}

int sbk_os_run_elevated(const char *name, char *const *argv, int *code,
			struct sbk_error *err)
{
	(void)argv;
	(void)code;
	return sbk_error_set(err, SBK_E_UNSUPPORTED,
			     "'%s' is started by root: use sudo", name);
}

int sbk_os_become_sibling(const char *name, char *const *argv,
			  struct sbk_error *err)
{
	char path[SBK_PATH_MAX];
	char *slash;
	int rc = sbk_os_executable(path, sizeof(path), err), os_code;

	if (rc < 0)
		return rc;
	slash = strrchr(path, '/');
	if (slash == NULL ||
	    (size_t)(slash - path) + strlen(name) + 2 > sizeof(path))
		return sbk_error_set(err, SBK_E_LIMIT,
				     "the path of '%s' is too long", name);
	(void)snprintf(slash + 1, sizeof(path) - (size_t)(slash - path) - 1,
		       "%s", name);
	(void)execv(path, argv);
	os_code = errno;
	return sbk_error_set(err, SBK_E_IO,
			     "'%s', which belongs beside this program, cannot "
			     "be started: %s; install it again",
			     path, strerror(os_code));
}
