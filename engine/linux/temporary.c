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
#include "engine/linux/listing.h"

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

/* 0 or -errno. */
static int remove_entry(int parent, const char *name, dev_t device, int depth)
{
	struct stat st;
	int fd, rc;

	if (unlinkat(parent, name, 0) == 0)
		return 0;
	fd = openat(parent, name,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	rc = fstat(fd, &st) < 0 ? -errno : 0;
	/* A mount is not ours to empty. */
	if (rc == 0 && st.st_dev != device)
		rc = -EXDEV;
	if (rc < 0) {
		(void)close(fd); /* only read */
		return rc;
	}
	rc = remove_content(fd, device, depth + 1);
	if (rc < 0)
		return rc;
	return unlinkat(parent, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}

/* Takes the descriptor. Goes on after a failure; 0 or the first's -errno. */
static int remove_content(int fd, dev_t device, int depth)
{
	struct dirent *entry;
	DIR *dir = NULL;
	int rc = -ELOOP;

	if (depth < SBK_TREE_DEPTH_MAX) {
		dir = fdopendir(fd);
		rc = dir == NULL ? -errno : 0;
	}
	if (dir == NULL) {
		(void)close(fd); /* only read */
		return rc;
	}
	/* A directory that its owner may not write is made so. */
	(void)fchmod(fd, 0700);
	while ((errno = 0, entry = readdir(dir)) != NULL) {
		int removed;

		if (sbk_is_dots(entry->d_name))
			continue;
		removed =
			remove_entry(dirfd(dir), entry->d_name, device, depth);
		rc = rc < 0 ? rc : removed;
	}
	if (rc == 0)
		rc = -errno;
	(void)closedir(dir); /* only read */
	return rc;
}

/* 0 or -errno. */
static int remove_tree(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	int rc;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0) {
		rc = -errno;
		(void)close(fd); /* only read */
		return rc;
	}
	rc = remove_content(fd, st.st_dev, 0);
	if (rc < 0)
		return rc;
	return rmdir(path) < 0 ? -errno : 0;
}

int sbk_temporary_remove(char *path, struct sbk_error *err)
{
	int rc;

	if (path == NULL)
		return 0;
	rc = remove_tree(path);
	if (rc < 0)
		rc = sbk_error_set_errno(err, -rc,
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
