/*
 * The private temporary directory. What is in it is hostile: it is removed by
 * descriptors, no link is followed, no mount is crossed, and depth is bounded.
 */
#include "engine/linux/temporary.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/limits.h"
#include "engine/linux/error.h"

#include "engine/banned.h"

int sbk_temporary_make(char **path, struct sbk_error *err)
{
	char *made = strdup("/tmp/sandbook-XXXXXX");

	if (made == NULL)
		return sbk_error_set(err, SBK_E_NOMEM,
				     "no memory for the temporary directory");
	if (mkdtemp(made) == NULL) {
		int os_code = errno;

		free(made);
		return sbk_error_set_errno(err, os_code,
					   "cannot make a temporary directory "
					   "in '/tmp'");
	}
	*path = made;
	return 0;
}

static int remove_content(int fd, dev_t device, int depth);

static int remove_entry(int parent, const char *name, dev_t device, int depth)
{
	struct stat st;
	int fd;

	if (unlinkat(parent, name, 0) == 0)
		return 0;
	fd = openat(parent, name,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) < 0 || st.st_dev != device) {
		(void)close(fd); /* a mount is not ours to empty */
		return -1;
	}
	/* Takes the descriptor. */
	if (remove_content(fd, device, depth + 1) < 0)
		return -1;
	return unlinkat(parent, name, AT_REMOVEDIR);
}

static int remove_content(int fd, dev_t device, int depth)
{
	DIR *dir = depth < SBK_TREE_DEPTH_MAX ? fdopendir(fd) : NULL;
	struct dirent *entry;
	int rc = 0;

	if (dir == NULL) {
		(void)close(fd); /* only read */
		return -1;
	}
	/* A directory that its owner may not write is made so. */
	(void)fchmod(fd, 0700);
	while ((entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0 &&
		    remove_entry(dirfd(dir), entry->d_name, device, depth) < 0)
			rc = -1;
	(void)closedir(dir); /* only read */
	return rc;
}

int sbk_temporary_remove(char *path, struct sbk_error *err)
{
	struct stat st;
	int fd, rc = 0;

	if (path == NULL)
		return 0;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0 ||
	    remove_content(fd, st.st_dev, 0) < 0 || rmdir(path) < 0)
		rc = sbk_error_set_errno(err, errno,
					 "cannot remove '%s'; remove it by "
					 "hand",
					 path);
	free(path);
	return rc;
}

char **sbk_temporary_environment(char *const *environment, const char *path)
{
	static const char name[] = "TMPDIR=";
	size_t count = 0, kept = 1, i;
	size_t size = sizeof(name) + strlen(path);
	char **list, *entry;

	while (environment != NULL && environment[count] != NULL)
		count++;
	list = calloc(count + 2, sizeof(*list));
	entry = malloc(size);
	if (list == NULL || entry == NULL) {
		free(list);
		free(entry);
		return NULL;
	}
	(void)snprintf(entry, size, "%s%s", name, path);
	list[0] = entry;
	for (i = 0; i < count; i++)
		if (strncmp(environment[i], name, sizeof(name) - 1) != 0)
			list[kept++] = environment[i];
	return list;
}
