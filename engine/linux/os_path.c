/*
 * Paths on Linux: what the scope of a run asks about them. Reads only; nothing
 * here changes the host, and nothing follows a link that the caller did not ask
 * to follow.
 */
#include "engine/os.h"

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
#include "engine/linux/fd.h"
#include "engine/linux/kernel.h"
#include "engine/linux/listing.h"
#include "engine/linux/mounts.h"
#include "engine/linux/pin.h"

#include "engine/banned.h"

static enum sbk_file_type type_of(mode_t mode)
{
	if (S_ISREG(mode))
		return SBK_FILE_REGULAR;
	if (S_ISDIR(mode))
		return SBK_FILE_DIRECTORY;
	return S_ISLNK(mode) ? SBK_FILE_LINK : SBK_FILE_OTHER;
}

static void fill(struct sbk_file *out, const struct stat *st)
{
	*out = (struct sbk_file){
		.type = type_of(st->st_mode),
		.owner = st->st_uid,
		.group = st->st_gid,
		.mode = st->st_mode & 07777,
		.links = (uint32_t)st->st_nlink,
		.device = st->st_dev,
		.number = st->st_ino,
		.size = (uint64_t)st->st_size,
	};
}

int sbk_os_look(const char *path, struct sbk_file *out, struct sbk_error *err)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return sbk_error_set_errno(err, errno, "'%s'", path);
	fill(out, &st);
	return 0;
}

int sbk_os_resolve(const char *path, char *real, struct sbk_file *out,
		   struct sbk_error *err)
{
	char link[64], text[SBK_PATH_MAX + 1];
	struct stat st;
	ssize_t size;
	int fd, rc = 0;

	fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return sbk_error_set_errno(err, errno, "'%s'", path);
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	size = readlink(link, text, sizeof(text));
	if (size < 0)
		rc = sbk_error_set_errno(err, errno, "resolving '%s' by '%s'",
					 path, link);
	else if (size >= SBK_PATH_MAX)
		rc = sbk_error_set(err, SBK_E_LIMIT,
				   "'%s' resolves to a path of more than %d "
				   "bytes",
				   path, SBK_PATH_MAX - 1);
	else if (fstat(fd, &st) < 0)
		rc = sbk_error_set_errno(err, errno, "'%s'", path);
	/* A removed object has no path; the kernel shows its old one. */
	else if (st.st_nlink == 0 || text[0] != '/')
		rc = sbk_error_set(err, SBK_E_NOTFOUND, "'%s' is removed",
				   path);
	if (rc == 0) {
		memcpy(real, text, (size_t)size);
		real[size] = '\0';
		fill(out, &st);
	}
	(void)close(fd); /* nothing was written through it */
	return rc;
}

bool sbk_os_is_straight(const char *path)
{
	char real[SBK_PATH_MAX];
	struct sbk_file file;
	int fd = sbk_openat2(AT_FDCWD, path,
			     O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
			     RESOLVE_NO_SYMLINKS);

	if (fd >= 0) {
		(void)close(fd); /* nothing was written through it */
		return true;
	}
	/* Some containers refuse the call as such. */
	return (errno == ENOSYS || errno == EPERM) &&
	       sbk_os_resolve(path, real, &file, NULL) == 0 &&
	       file.type == SBK_FILE_DIRECTORY && strcmp(real, path) == 0;
}

int sbk_os_read_link(const char *path, char *out, size_t out_size,
		     struct sbk_error *err)
{
	ssize_t size = readlink(path, out, out_size);

	if (size < 0)
		return sbk_error_set_errno(err, errno, "reading link '%s'",
					   path);
	if ((size_t)size >= out_size)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "the link '%s' is too long", path);
	out[size] = '\0';
	return 0;
}

/* Every byte of a name tells it from others. */
void sbk_os_spelling(const char *path, char *out)
{
	(void)snprintf(out, SBK_PATH_MAX, "%s", path);
}

int sbk_os_read_known(const char *path, size_t max, struct sbk_buf *out,
		      struct sbk_file *file, struct sbk_error *err)
{
	struct stat st;
	int fd, rc;

	/* Without O_NONBLOCK, opening a planted named pipe would hang us. */
	fd = open(path,
		  O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 && errno == ELOOP)
		return sbk_error_set(err, SBK_E_INVAL,
				     "'%s' is a symbolic link: put the file "
				     "itself there",
				     path);
	if (fd < 0)
		return sbk_error_set_errno(err, errno, "'%s'", path);
	sbk_buf_clear(out);
	if (fstat(fd, &st) < 0)
		rc = sbk_error_set_errno(err, errno, "'%s'", path);
	else if (!S_ISREG(st.st_mode))
		rc = sbk_error_set(err, SBK_E_INVAL,
				   "'%s' is not a regular file", path);
	else
		rc = sbk_fd_read_all(fd, path, max, out, err);
	if (rc == 0)
		fill(file, &st);
	(void)close(fd); /* only read from */
	return rc;
}

/* Opens for reading without following a link anywhere; or -errno. */
static int open_straight(const char *path)
{
	const int flags =
		O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
	int fd = sbk_openat2(AT_FDCWD, path, (uint64_t)flags,
			     RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);

	if (fd >= 0 || (errno != ENOSYS && errno != EPERM))
		return fd < 0 ? -errno : fd;
	return sbk_open_by_steps(path, flags);
}

int sbk_os_read_start(const char *path, size_t max, struct sbk_buf *out,
		      struct sbk_error *err)
{
	struct stat st;
	char part[4096];
	ssize_t size = 1;
	int fd = open_straight(path), rc = 0;

	sbk_buf_clear(out);
	if (fd < 0)
		return sbk_error_set_errno(err, -fd, "'%s'", path);
	if (fstat(fd, &st) < 0)
		rc = sbk_error_set_errno(err, errno, "'%s'", path);
	else if (!S_ISREG(st.st_mode))
		rc = sbk_error_set(err, SBK_E_INVAL,
				   "'%s' is not a regular file", path);
	while (rc == 0 && size > 0 && out->size < max) {
		size_t room = max - out->size;

		size = read(fd, part,
			    room < sizeof(part) ? room : sizeof(part));
		if (size < 0)
			rc = sbk_error_set_errno(err, errno, "reading '%s'",
						 path);
		else
			sbk_buf_add(out, part, (size_t)size);
	}
	(void)close(fd); /* only read from */
	return rc < 0 ? rc : sbk_buf_failed(out, err);
}

static enum sbk_file_type type_of_entry(const struct dirent *entry)
{
	switch (entry->d_type) {
	case DT_REG:
		return SBK_FILE_REGULAR;
	case DT_DIR:
		return SBK_FILE_DIRECTORY;
	case DT_LNK:
		return SBK_FILE_LINK;
	default:
		return SBK_FILE_OTHER;
	}
}

int sbk_os_list(const char *path, size_t max, sbk_os_name_fn *each, void *arg,
		struct sbk_error *err)
{
	struct dirent *entry;
	size_t count = 0;
	DIR *dir = NULL;
	int rc = 0, fd;

	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return sbk_error_set_errno(err, errno, "'%s'", path);
	dir = fdopendir(fd);
	if (dir == NULL) {
		rc = sbk_error_set_errno(err, errno, "'%s'", path);
		(void)close(fd);
		return rc;
	}
	while (rc == 0) {
		errno = 0;
		entry = readdir(dir);
		if (entry == NULL) {
			if (errno != 0)
				rc = sbk_error_set_errno(err, errno, "'%s'",
							 path);
			break;
		}
		if (sbk_is_dots(entry->d_name))
			continue;
		if (++count > max)
			rc = sbk_error_set(err, SBK_E_LIMIT,
					   "'%s' has more than %zu names", path,
					   max);
		else
			rc = each(arg, entry->d_name, type_of_entry(entry),
				  err);
	}
	(void)closedir(dir); /* only read from */
	return rc < 0 ? rc : 0;
}

struct mount_list {
	struct sbk_arena *arena;
	struct sbk_buf items; /* of struct sbk_os_mount */
};

static int add_mount(void *arg, const struct sbk_mount *mount,
		     struct sbk_error *err)
{
	struct mount_list *list = arg;
	struct sbk_os_mount item = {
		.device = mount->device_number,
		.root = sbk_arena_strdup(list->arena, mount->root),
		.point = sbk_arena_strdup(list->arena, mount->point)};

	if (item.root == NULL || item.point == NULL)
		return sbk_error_no_memory(err);
	sbk_buf_add(&list->items, &item, sizeof(item));
	return sbk_buf_failed(&list->items, err);
}

int sbk_os_mounts(struct sbk_arena *arena, struct sbk_os_mount **out,
		  size_t *count, struct sbk_error *err)
{
	struct mount_list list = {.arena = arena, .items = SBK_BUF_INIT};
	int rc = sbk_mounts_each(add_mount, &list, err);
	void *mounts = NULL;

	if (rc == 0) {
		mounts = sbk_arena_copy(arena, sbk_buf_text(&list.items),
					list.items.size);
		if (mounts == NULL)
			rc = sbk_error_no_memory(err);
	}
	if (rc == 0) {
		*out = mounts;
		*count = list.items.size / sizeof(**out);
	}
	sbk_buf_release(&list.items);
	return rc;
}

int sbk_os_program(char *out, struct sbk_error *err)
{
	return sbk_os_read_link("/proc/self/exe", out, SBK_PATH_MAX, err);
}

const char *const *sbk_os_environment(void)
{
	return (const char *const *)environ;
}
