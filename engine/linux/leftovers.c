/*
 * Leftovers of account tools. Owns which names they have, and the lock under
 * which they are known to be left over.
 *
 * Setup refuses to begin where there are some (sbk_leftovers_check): they
 * would not be ours, and the tools overwrite them. So those that are found
 * later were left by a tool of ours, or by one that ran since.
 */
#include "engine/linux/leftovers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "engine/linux/error.h"

#include "engine/banned.h"

#define WAIT_MS 15000 /* as long as lckpwdf waits */
#define PAUSE_MS 20

static const char *const files[] = {"passwd",  "group",	 "shadow",
				    "gshadow", "subuid", "subgid"};

static bool is_number(const char *text)
{
	return *text != '\0' && strspn(text, "0123456789") == strlen(text);
}

/* By name alone: what stands in /etc under these names is the tools'. */
static bool is_leftover(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		size_t size = strlen(files[i]);

		if (strncmp(name, files[i], size) != 0)
			continue;
		if (strcmp(name + size, "+") == 0 ||
		    strcmp(name + size, ".lock") == 0 ||
		    strcmp(name + size, ".sandbook") == 0 ||
		    strcmp(name + size, "-.sandbook") == 0 ||
		    (name[size] == '.' && is_number(name + size + 1)))
			return true;
	}
	return false;
}

typedef int leftover_fn(int etc, const char *name, struct sbk_error *err);

static int each(leftover_fn *call, struct sbk_error *err)
{
	DIR *etc = opendir("/etc");
	struct dirent *entry;
	int rc = 0;

	if (etc == NULL)
		return sbk_error_set_errno(err, errno, "opening '/etc'");
	while (rc == 0 && (entry = readdir(etc)) != NULL)
		if (is_leftover(entry->d_name))
			rc = call(dirfd(etc), entry->d_name, err);
	(void)closedir(etc); /* it was only read */
	return rc;
}

static int remove_one(int etc, const char *name, struct sbk_error *err)
{
	if (unlinkat(etc, name, 0) == 0 || errno == ENOENT)
		return 0;
	return sbk_error_set_errno(err, errno, "removing '/etc/%s'", name);
}

/*
 * An open-file-description lock: it meets the tools' own, and is not lost, as
 * theirs would be, when this process closes the file elsewhere.
 */
static int wait_for_tools(int fd, struct sbk_error *err)
{
	const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int waited;

	for (waited = 0; waited < WAIT_MS; waited += PAUSE_MS) {
		int os_code;

		if (fcntl(fd, F_OFD_SETLK, &lock) == 0)
			return 0;
		os_code = errno;
		if (os_code != EAGAIN && os_code != EACCES && os_code != EINTR)
			return sbk_error_set_errno(err, os_code,
						   "locking '/etc/.pwd.lock'");
		(void)nanosleep(&pause, NULL); /* too short is no harm */
	}
	return sbk_error_set(err, SBK_E_BUSY,
			     "another program is changing accounts "
			     "('/etc/.pwd.lock' is locked); try again when it "
			     "has ended");
}

int sbk_leftovers_lock(int *out, struct sbk_error *err)
{
	int fd = open("/etc/.pwd.lock", O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	int os_code = errno, rc;

	*out = -1;
	if (fd < 0 && (os_code == ENOENT || os_code == EROFS))
		return 0;
	if (fd < 0)
		return sbk_error_set_errno(err, os_code,
					   "opening '/etc/.pwd.lock'");
	rc = wait_for_tools(fd, err);
	if (rc < 0)
		(void)close(fd); /* nothing was written */
	else
		*out = fd;
	return rc;
}

int sbk_leftovers_clear(struct sbk_error *err)
{
	int fd, rc = sbk_leftovers_lock(&fd, err);

	if (rc < 0 || fd < 0)
		return rc;
	rc = each(remove_one, err);
	(void)close(fd); /* ends the lock; nothing was written */
	return rc;
}

/* Who made "passwd.lock", from its content; 0 where it does not say. */
static pid_t holder_of(int etc, const char *name)
{
	char text[32] = "";
	int fd = openat(etc, name,
			O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return 0;
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	(void)close(fd); /* it was only read */
	return (pid_t)strtol(text, NULL, 10);
}

static int refuse_one(int etc, const char *name, struct sbk_error *err)
{
	pid_t holder = holder_of(etc, name);

	if (strchr(name, '.') != NULL && holder > 0 && kill(holder, 0) == 0)
		return sbk_error_set(err, SBK_E_BUSY,
				     "'/etc/%s' says that process %d is "
				     "changing accounts; try again when it has "
				     "ended, or remove the file",
				     name, (int)holder);
	return sbk_error_set(err, SBK_E_BUSY,
			     "'/etc/%s' was left by an account tool that was "
			     "cut off; look at it and remove it",
			     name);
}

int sbk_leftovers_check(struct sbk_error *err)
{
	return each(refuse_one, err);
}
