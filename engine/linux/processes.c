/*
 * The processes of a uid. Reads /proc; the kernel does the ending: kill(-1) by
 * a process that has become the uid reaches all of its processes in one go,
 * so that a program which forks faster than we read /proc does not escape.
 */
#include "engine/linux/processes.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "engine/linux/error.h"

#include "engine/banned.h"

#define ROUNDS 200 /* of 50 ms */

/* Whether the process has the uid; one that has ended has not. */
static bool process_has(int proc, const char *pid, unsigned int uid)
{
	char path[64], text[4096];
	unsigned int ids[4];
	const char *line;
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof(path), "%.20s/status", pid);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	(void)close(fd); /* it was only read */
	if (n <= 0)
		return false;
	text[n] = '\0';
	if (strstr(text, "\nState:\tZ") != NULL)
		return false;
	line = strstr(text, "\nUid:");
	return line != NULL &&
	       sscanf(line, "\nUid: %u %u %u %u", &ids[0], &ids[1], &ids[2],
		      &ids[3]) == 4 &&
	       (ids[0] == uid || ids[1] == uid || ids[2] == uid ||
		ids[3] == uid);
}

int sbk_processes_count(unsigned int uid, size_t *count, struct sbk_error *err)
{
	DIR *directory = opendir("/proc");
	struct dirent *entry;
	size_t found = 0;
	int os_code;

	if (directory == NULL)
		return sbk_error_set_errno(err, errno, "opening '/proc'");
	while ((errno = 0, entry = readdir(directory)) != NULL)
		if (isdigit((unsigned char)entry->d_name[0]) &&
		    process_has(dirfd(directory), entry->d_name, uid))
			found++;
	os_code = errno;
	(void)closedir(directory); /* it was only read */
	if (os_code != 0)
		return sbk_error_set_errno(err, os_code, "reading '/proc'");
	*count = found;
	return 0;
}

/* The child's whole life. As root, kill(-1) would end the machine. */
static void kill_all_as(unsigned int uid)
{
	if (uid == 0 || setgroups(0, NULL) < 0 ||
	    setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0 ||
	    getuid() != uid || geteuid() != uid || setuid(0) == 0)
		_exit(1);
	(void)kill(-1, SIGKILL); /* ESRCH: there are none left */
	_exit(0);
}

int sbk_processes_end(unsigned int uid, struct sbk_error *err)
{
	const struct timespec pause = {.tv_nsec = 50000000};
	size_t left = 0;
	int round, rc;

	if (uid == 0)
		return sbk_error_set(err, SBK_E_INVAL,
				     "root's processes are not ended");
	for (round = 0; round < ROUNDS; round++) {
		pid_t pid;

		rc = sbk_processes_count(uid, &left, err);
		if (rc < 0 || left == 0)
			return rc;
		pid = fork();
		if (pid < 0)
			return sbk_error_set_errno(err, errno, "forking");
		if (pid == 0)
			kill_all_as(uid);
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			continue;
		(void)nanosleep(&pause, NULL); /* too short is no harm */
	}
	return sbk_error_set(err, SBK_E_BUSY,
			     "%zu processes of uid %u will not end; end them, "
			     "or what starts them, and try again",
			     left, uid);
}
