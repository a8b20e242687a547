/*
 * A command that somebody's policy names, and the system's log. Owns that the
 * first is started as it is written, by nobody's shell, and ends in time.
 */
#include "engine/os.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include "engine/linux/error.h"
#include "engine/linux/program.h"

#include "engine/banned.h"

#define LOG_SOCKET "/dev/log"

static bool is_roots(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && st.st_uid == 0 &&
	       (st.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/* The program and each directory on the way to it: whoever can write in one
 * could exchange what is below it between our look and its start. */
static int check_way(const char *real, struct sbk_error *err)
{
	char part[PATH_MAX];
	const char *slash = real;
	bool good = is_roots("/") && is_roots(real);

	while (good && (slash = strchr(slash + 1, '/')) != NULL) {
		(void)snprintf(part, sizeof(part), "%.*s", (int)(slash - real),
			       real);
		good = is_roots(part);
	}
	return good ? 0
		    : sbk_error_set(err, SBK_E_DENIED,
				    "'%s' and the directories that it is in "
				    "must belong to root and be writable by "
				    "root alone",
				    real);
}

/* Where it is, without links, to `real`. */
static int check_program(const char *path, bool root_only, char *real,
			 struct sbk_error *err)
{
	struct stat st;

	if (path[0] != '/')
		return sbk_error_set(err, SBK_E_INVAL,
				     "'%s' is no absolute path", path);
	if (realpath(path, real) == NULL || stat(real, &st) < 0)
		return sbk_error_set_errno(err, errno, "looking at '%s'", path);
	if (!S_ISREG(st.st_mode))
		return sbk_error_set(err, SBK_E_DENIED,
				     "'%s' is no regular file", path);
	return root_only ? check_way(real, err) : 0;
}

int sbk_os_run_command(const char *const *argv, const char *home,
		       const struct sbk_buf *input, int timeout_ms,
		       bool root_only, struct sbk_error *err)
{
	char real[PATH_MAX];
	const struct sbk_program program = {
		.argv = argv,
		.path = real,
		.home = home,
		.input = input->data,
		.input_size = input->size,
		.timeout_ms = timeout_ms,
	};
	int rc = check_program(argv[0], root_only, real, err);

	return rc < 0 ? rc : sbk_program_do(&program, NULL, err);
}

/* syslog(3) does not say whether anybody heard it. */
static int check_listener(struct sbk_error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), rc = 0;

	if (fd < 0)
		return sbk_error_set_errno(err, errno, "making a socket");
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s",
		       LOG_SOCKET);
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		rc = sbk_error_set(err, SBK_E_UNSUPPORTED,
				   "nobody listens at '" LOG_SOCKET "' for the "
				   "system's log");
	(void)close(fd); /* it was only tried */
	return rc;
}

int sbk_os_log_line(const char *line, struct sbk_error *err)
{
	int rc = check_listener(err);

	if (rc < 0)
		return rc;
	openlog("sandbook", LOG_PID, LOG_AUTHPRIV);
	syslog(LOG_NOTICE, "%s", line);
	closelog();
	return 0;
}
