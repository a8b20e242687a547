/* A disk that loses power, or fails; see the header. */
#undef _FORTIFY_SOURCE /* these are the functions themselves */
#include "tests/support/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/fault.h"

#include "engine/banned.h"

#define DIRECTORIES_MAX 64
#define ENTRIES_MAX 4096

struct disk_plan disk_plan;

/* Calls to the kernel, past the definitions below. */
#define REAL(name, ...) syscall(SYS_##name, __VA_ARGS__)

#define GIVE_UP() give_up(__LINE__)
__attribute__((noreturn)) static void give_up(int line)
{
	(void)fprintf(stderr, "disk.c:%d: %s\n", line, strerror(errno));
	abort();
}

/* --- what is on the disk ------------------------------------------------ */

/* A write or, without data, a new size, since the file's last sync. */
struct pending {
	struct pending *next;
	uint64_t at;
	size_t size;
	unsigned char *data;
};

struct disk_file {
	struct disk_file *next;
	dev_t dev;
	ino_t ino;
	int fd; /* of ours, never closed: that would end SQLite's locks */
	unsigned char *data;
	size_t size;
	struct pending *first, **last;
};

enum entry_kind { ENTRY_MADE, ENTRY_REMOVED, ENTRY_MOVED };

/* A change of one directory. */
struct entry {
	enum entry_kind kind;
	size_t directory;
	char name[256], to[256];
	char kept[64]; /* what was removed or replaced, by another name; "" */
	bool is_directory, durable;
	mode_t mode;
	dev_t dev; /* of a directory that was removed */
	ino_t ino;
};

static struct disk_file *files;
static struct entry entries[ENTRIES_MAX];
static size_t entry_count;
static struct {
	int fd;
	dev_t dev;
	ino_t ino;
	bool losing; /* while the power goes */
	bool gone;   /* for good */
} directories[DIRECTORIES_MAX];
static size_t directory_count;

static void *grown(void *old, size_t size)
{
	void *grown_to = realloc(old, size + 1);

	if (grown_to == NULL)
		GIVE_UP();
	return grown_to;
}

static bool is_below(const char *path)
{
	size_t size;

	if (disk_plan.root == NULL)
		return false;
	size = strlen(disk_plan.root);
	return strncmp(path, disk_plan.root, size) == 0 &&
	       (path[size] == '/' || path[size] == '\0');
}

static bool path_of(int fd, char path[PATH_MAX])
{
	char link[64];
	long size;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	size = REAL(readlink, link, path, PATH_MAX - 1);
	path[size > 0 ? size : 0] = '\0';
	return size > 0;
}

static bool is_ours(int fd)
{
	char path[PATH_MAX];
	const int os_code = errno;
	bool ours =
		disk_plan.root != NULL && path_of(fd, path) && is_below(path);

	errno = os_code;
	return ours;
}

static bool is_name_ours(int at, const char *name)
{
	return disk_plan.root != NULL &&
	       (name[0] == '/' || at == AT_FDCWD ? is_below(name)
						 : is_ours(at));
}

static struct disk_file *find_file(int fd)
{
	struct disk_file *file;
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return NULL;
	for (file = files; file != NULL; file = file->next)
		if (file->dev == st.st_dev && file->ino == st.st_ino)
			return file;
	return NULL;
}

/* From here on it is known what the disk holds of it. */
static void know_file(int fd)
{
	struct disk_file *file;
	struct stat st;
	char link[64];

	if (disk_plan.sector == 0 || find_file(fd) != NULL ||
	    fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return;
	file = grown(NULL, sizeof(*file));
	memset(file, 0, sizeof(*file));
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	file->fd = (int)REAL(openat, AT_FDCWD, link, O_RDWR | O_CLOEXEC, 0);
	file->dev = st.st_dev;
	file->ino = st.st_ino;
	file->size = (size_t)st.st_size;
	file->data = grown(NULL, file->size);
	file->last = &file->first;
	if (file->fd < 0 || REAL(pread64, file->fd, file->data, file->size,
				 0L) != (long)file->size)
		GIVE_UP();
	file->next = files;
	files = file;
}

static void note_write(int fd, const void *data, size_t size, uint64_t at)
{
	struct disk_file *file = find_file(fd);
	struct pending *pending;

	if (file == NULL)
		return;
	pending = grown(NULL, sizeof(*pending));
	*pending = (struct pending){.at = at, .size = size};
	if (data != NULL) {
		pending->data = grown(NULL, size);
		memcpy(pending->data, data, size);
	}
	*file->last = pending;
	file->last = &pending->next;
}

/* --- names -------------------------------------------------------------- */

static size_t know_directory(int at, const char *name, const char **last)
{
	const char *slash = strrchr(name, '/');
	char path[PATH_MAX];
	struct stat st;
	size_t i;
	int fd;

	*last = slash != NULL ? slash + 1 : name;
	(void)snprintf(path, sizeof(path), "%.*s",
		       slash != NULL ? (int)(slash - name) : 1,
		       slash != NULL ? name : ".");
	fd = (int)REAL(openat, at, path, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	if (fd < 0 || fstat(fd, &st) < 0)
		return DIRECTORIES_MAX;
	for (i = 0; i < directory_count; i++)
		if (directories[i].dev == st.st_dev &&
		    directories[i].ino == st.st_ino) {
			(void)REAL(close, fd);
			return i;
		}
	if (directory_count == DIRECTORIES_MAX)
		GIVE_UP();
	directories[i].fd = fd;
	directories[i].dev = st.st_dev;
	directories[i].ino = st.st_ino;
	directory_count++;
	return i;
}

/* The entry is on the list when its call has succeeded: see keep_entry. */
static struct entry *new_entry(enum entry_kind kind, int at, const char *name)
{
	struct entry *entry;
	const char *last;

	if (entry_count == ENTRIES_MAX)
		GIVE_UP();
	entry = &entries[entry_count];
	memset(entry, 0, sizeof(*entry));
	entry->kind = kind;
	entry->directory = know_directory(at, name, &last);
	(void)snprintf(entry->name, sizeof(entry->name), "%s", last);
	return entry;
}

/* What a name stands for is kept under another, for when it comes back. */
static void save(struct entry *entry, const char *name)
{
	static size_t number;
	struct stat st;
	char path[PATH_MAX];

	if (entry->directory == DIRECTORIES_MAX ||
	    fstatat(directories[entry->directory].fd, name, &st,
		    AT_SYMLINK_NOFOLLOW) < 0)
		return;
	entry->is_directory = S_ISDIR(st.st_mode);
	entry->mode = st.st_mode & 07777;
	entry->dev = st.st_dev;
	entry->ino = st.st_ino;
	if (entry->is_directory)
		return;
	(void)snprintf(entry->kept, sizeof(entry->kept), "%ld.%zu",
		       (long)getpid(), number++);
	(void)snprintf(path, sizeof(path), "%s/%s", disk_plan.kept,
		       entry->kept);
	if (disk_plan.sector > 0 &&
	    REAL(linkat, directories[entry->directory].fd, name, AT_FDCWD, path,
		 0) < 0)
		GIVE_UP();
}

static long keep_entry(long result)
{
	if (result >= 0 && disk_plan.sector > 0)
		entry_count++;
	return result;
}

/* --- the power goes ----------------------------------------------------- */

uint64_t disk_random(uint64_t below)
{
	/* Xorshift; a seed of 0 would stay 0. */
	static uint64_t x;

	if (x == 0)
		x = disk_plan.seed * 0x9e3779b97f4a7c15U + 1;
	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x % below;
}

static bool is_lost(void)
{
	return disk_plan.loss == DISK_LOSES_ALL || disk_random(2) == 0;
}

static void resize(struct disk_file *file, size_t size)
{
	if (size <= file->size) {
		file->size = size;
		return;
	}
	file->data = grown(file->data, size);
	memset(file->data + file->size, 0, size - file->size);
	file->size = size;
}

static void write_some(struct disk_file *file, const struct pending *pending)
{
	size_t done = 0;

	while (done < pending->size) {
		const uint64_t at = pending->at + done;
		size_t size = disk_plan.sector - at % disk_plan.sector, i;
		const bool lost = is_lost();
		const bool garbled = lost &&
				     disk_plan.loss == DISK_LOSES_SOME &&
				     disk_random(2) == 0;

		if (size > pending->size - done)
			size = pending->size - done;
		if ((!lost || garbled) && at + size > file->size)
			resize(file, (size_t)at + size);
		for (i = 0; i < size && (!lost || garbled); i++)
			file->data[at + i] =
				garbled ? (unsigned char)disk_random(256)
					: pending->data[done + i];
		done += size;
	}
}

static void lose_data(struct disk_file *file)
{
	const struct pending *pending;

	for (pending = file->first; pending != NULL; pending = pending->next)
		if (pending->data != NULL)
			write_some(file, pending);
		else if (!is_lost())
			resize(file, (size_t)pending->at);
	if (REAL(ftruncate, file->fd, (long)file->size) < 0 ||
	    REAL(pwrite64, file->fd, file->data, file->size, 0L) !=
		    (long)file->size)
		GIVE_UP();
}

/* A directory that never came to be, with what was made in it. */
static void remove_all(int at, const char *name)
{
	char path[PATH_MAX];
	int fd = (int)REAL(openat, at, name,
			   O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
	pid_t pid;

	if (fd < 0 || !path_of(fd, path))
		return; /* it went with something else */
	pid = fork();
	if (pid == 0) {
		(void)execl("/bin/rm", "rm", "-rf", path, (char *)NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, NULL, 0) != pid)
		GIVE_UP();
}

static void bring_back(const struct entry *entry, const char *name)
{
	const int at = directories[entry->directory].fd;
	char path[PATH_MAX];

	size_t i;

	if (entry->is_directory) {
		if (REAL(mkdirat, at, name, entry->mode) < 0)
			GIVE_UP();
		/* What else comes back into it does so by this descriptor. */
		for (i = 0; i < directory_count; i++)
			if (directories[i].dev == entry->dev &&
			    directories[i].ino == entry->ino)
				directories[i].fd =
					(int)REAL(openat, at, name,
						  O_PATH | O_DIRECTORY, 0);
	} else if (entry->kept[0] != '\0') {
		(void)snprintf(path, sizeof(path), "%s/%s", disk_plan.kept,
			       entry->kept);
		if (REAL(linkat, AT_FDCWD, path, at, name, 0) < 0)
			GIVE_UP();
	}
}

static void lose_entry(const struct entry *entry)
{
	const int at = directories[entry->directory].fd;

	if (entry->kind == ENTRY_MADE && entry->is_directory) {
		remove_all(at, entry->name);
	} else if (entry->kind == ENTRY_MADE) {
		(void)REAL(unlinkat, at, entry->name, 0);
	} else if (entry->kind == ENTRY_MOVED) {
		if (REAL(renameat2, at, entry->to, at, entry->name, 0) < 0)
			GIVE_UP();
		bring_back(entry, entry->to);
	} else {
		bring_back(entry, entry->name);
	}
}

/* What was done in it before does not matter any more. */
static void bury(const struct entry *entry)
{
	size_t i;

	for (i = 0; i < directory_count; i++)
		if (directories[i].dev == entry->dev &&
		    directories[i].ino == entry->ino)
			directories[i].gone = true;
}

/* What a directory lost, it lost with all that came after. */
static bool is_losing(size_t i)
{
	if (!directories[i].losing)
		directories[i].losing = is_lost();
	return directories[i].losing;
}

void disk_cut(void)
{
	static bool lost[ENTRIES_MAX];
	struct disk_file *file;
	size_t i;

	if (disk_plan.at_cut != NULL)
		disk_plan.at_cut();
	for (file = files; file != NULL; file = file->next)
		lose_data(file);
	for (i = 0; i < entry_count; i++)
		lost[i] =
			!entries[i].durable && is_losing(entries[i].directory);
	/* What holds a directory is removed after it, and takes it along, be
	 * its own removal lost or not. */
	for (i = entry_count; i-- > 0;)
		if ((!lost[i] || directories[entries[i].directory].gone) &&
		    entries[i].kind == ENTRY_REMOVED && entries[i].is_directory)
			bury(&entries[i]);
	for (i = entry_count; i-- > 0;)
		if (lost[i] && !directories[entries[i].directory].gone)
			lose_entry(&entries[i]);
	_exit(FAULT_EXIT);
}

static void reach_disk(int fd)
{
	struct disk_file *file = find_file(fd);
	struct stat st;
	size_t i;

	if (fstat(fd, &st) < 0)
		GIVE_UP();
	if (file != NULL) {
		while (file->first != NULL) {
			struct pending *pending = file->first;

			file->first = pending->next;
			free(pending->data);
			free(pending);
		}
		file->last = &file->first;
		file->size = (size_t)st.st_size;
		file->data = grown(file->data, file->size);
		if (REAL(pread64, file->fd, file->data, file->size, 0L) !=
		    (long)file->size)
			GIVE_UP();
	}
	for (i = 0; i < entry_count; i++)
		if (directories[entries[i].directory].dev == st.st_dev &&
		    directories[entries[i].directory].ino == st.st_ino)
			entries[i].durable = true;
}

/* --- the calls ---------------------------------------------------------- */

/* Whether this call is the one to fail. */
static bool fails(enum disk_call call)
{
	if ((disk_plan.calls & call) == 0)
		return false;
	disk_plan.counted++;
	if (disk_plan.fail_at == 0 || disk_plan.counted < disk_plan.fail_at ||
	    (disk_plan.counted > disk_plan.fail_at && !disk_plan.stay))
		return false;
	errno = disk_plan.error;
	return true;
}

/* How much of `size` bytes is done; 0: it fails with an error. */
static size_t part_of(enum disk_call call, size_t size)
{
	if (!fails(call))
		return size;
	if (disk_plan.error != 0)
		return 0;
	return size > 1 ? size / 2 : size;
}

/* Names as the linker has them: these are not to be what the headers say. */
#define CALL(type, name, ...)                         \
	type disk_##name(__VA_ARGS__) __asm__(#name); \
	type disk_##name(__VA_ARGS__)

static int opened(int at, const char *name, int flags, mode_t mode)
{
	struct entry *entry = NULL;
	struct stat st;
	bool there;
	int fd;

	if (!is_name_ours(at, name))
		return (int)REAL(openat, at, name, flags, mode);
	there = REAL(newfstatat, at, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
	if ((flags & O_PATH) == 0 &&
	    fails((flags & O_CREAT) != 0 && !there ? DISK_NAME : DISK_OPEN) &&
	    disk_plan.error != 0)
		return -1;
	if ((flags & O_CREAT) != 0 && !there)
		entry = new_entry(ENTRY_MADE, at, name);
	if (there && (flags & O_TRUNC) != 0) {
		fd = (int)REAL(openat, at, name, O_RDWR | O_CLOEXEC, 0);
		know_file(fd);
		note_write(fd, NULL, 0, 0);
	}
	fd = (int)REAL(openat, at, name, flags, mode);
	if (entry != NULL)
		(void)keep_entry(fd);
	if (fd >= 0 && (flags & O_ACCMODE) != O_RDONLY)
		know_file(fd);
	return fd;
}

static mode_t mode_in(int flags, va_list args)
{
	return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(args, mode_t) : 0;
}

#define OPEN(name)                                          \
	CALL(int, name, const char *path, int flags, ...)   \
	{                                                   \
		va_list args;                               \
		mode_t mode;                                \
                                                            \
		va_start(args, flags);                      \
		mode = mode_in(flags, args);                \
		va_end(args);                               \
		return opened(AT_FDCWD, path, flags, mode); \
	}
#define OPENAT(name)                                              \
	CALL(int, name, int at, const char *path, int flags, ...) \
	{                                                         \
		va_list args;                                     \
		mode_t mode;                                      \
                                                                  \
		va_start(args, flags);                            \
		mode = mode_in(flags, args);                      \
		va_end(args);                                     \
		return opened(at, path, flags, mode);             \
	}
OPEN(open)
OPEN(open64)
OPEN(__open_2)
OPENAT(openat)
OPENAT(openat64)
OPENAT(__openat_2)

static ssize_t read_at(int fd, void *data, size_t size, off_t at, bool here)
{
	if (is_ours(fd)) {
		size = part_of(DISK_READ, size);
		if (size == 0)
			return -1;
	}
	return here ? REAL(read, fd, data, size)
		    : REAL(pread64, fd, data, size, at);
}

CALL(ssize_t, read, int fd, void *data, size_t size)
{
	return read_at(fd, data, size, 0, true);
}

CALL(ssize_t, __read_chk, int fd, void *data, size_t size, size_t room)
{
	(void)room;
	return read_at(fd, data, size, 0, true);
}

CALL(ssize_t, pread, int fd, void *data, size_t size, off_t at)
{
	return read_at(fd, data, size, at, false);
}

CALL(ssize_t, pread64, int fd, void *data, size_t size, off_t at)
{
	return read_at(fd, data, size, at, false);
}

CALL(ssize_t, __pread_chk, int fd, void *data, size_t size, off_t at,
     size_t room)
{
	(void)room;
	return read_at(fd, data, size, at, false);
}

CALL(ssize_t, __pread64_chk, int fd, void *data, size_t size, off_t at,
     size_t room)
{
	(void)room;
	return read_at(fd, data, size, at, false);
}

static ssize_t write_at(int fd, const void *data, size_t size, off_t at)
{
	ssize_t done;

	if (is_ours(fd)) {
		size = part_of(DISK_WRITE, size);
		if (size == 0)
			return -1;
	}
	done = REAL(pwrite64, fd, data, size, at);
	if (done > 0 && is_ours(fd))
		note_write(fd, data, (size_t)done, (uint64_t)at);
	return done;
}

CALL(ssize_t, pwrite, int fd, const void *data, size_t size, off_t at)
{
	return write_at(fd, data, size, at);
}

CALL(ssize_t, pwrite64, int fd, const void *data, size_t size, off_t at)
{
	return write_at(fd, data, size, at);
}

CALL(ssize_t, write, int fd, const void *data, size_t size)
{
	ssize_t done;
	off_t at;

	if (!is_ours(fd))
		return REAL(write, fd, data, size);
	at = (off_t)REAL(lseek, fd, 0L, SEEK_CUR);
	done = write_at(fd, data, size, at);
	if (done > 0)
		(void)REAL(lseek, fd, at + done, SEEK_SET);
	return done;
}

static int resized(int fd, off_t size)
{
	if (is_ours(fd) && fails(DISK_WRITE) && disk_plan.error != 0)
		return -1;
	if (REAL(ftruncate, fd, size) < 0)
		return -1;
	if (is_ours(fd))
		note_write(fd, NULL, 0, (uint64_t)size);
	return 0;
}

CALL(int, ftruncate, int fd, off_t size)
{
	return resized(fd, size);
}

CALL(int, ftruncate64, int fd, off_t size)
{
	return resized(fd, size);
}

/* Gives an error number, and only grows. */
static int allocated(int fd, off_t at, off_t size)
{
	struct stat st;

	if (is_ours(fd) && fails(DISK_WRITE) && disk_plan.error != 0)
		return disk_plan.error;
	if (fstat(fd, &st) < 0 || REAL(fallocate, fd, 0, at, size) < 0)
		return errno;
	if (is_ours(fd) && at + size > st.st_size)
		note_write(fd, NULL, 0, (uint64_t)(at + size));
	return 0;
}

CALL(int, posix_fallocate, int fd, off_t at, off_t size)
{
	return allocated(fd, at, size);
}

CALL(int, posix_fallocate64, int fd, off_t at, off_t size)
{
	return allocated(fd, at, size);
}

static int synced(int fd)
{
	if (!is_ours(fd))
		return (int)REAL(fsync, fd);
	if (fails(DISK_SYNC) && disk_plan.error != 0)
		return -1;
	if (++disk_plan.syncs == disk_plan.cut_at)
		disk_cut();
	reach_disk(fd);
	return 0;
}

CALL(int, fsync, int fd)
{
	return synced(fd);
}

CALL(int, fdatasync, int fd)
{
	return synced(fd);
}

static int made(int at, const char *name, mode_t mode)
{
	struct entry *entry;

	if (!is_name_ours(at, name))
		return (int)REAL(mkdirat, at, name, mode);
	if (fails(DISK_NAME) && disk_plan.error != 0)
		return -1;
	entry = new_entry(ENTRY_MADE, at, name);
	entry->is_directory = true;
	return (int)keep_entry(REAL(mkdirat, at, name, mode));
}

CALL(int, mkdir, const char *name, mode_t mode)
{
	return made(AT_FDCWD, name, mode);
}

CALL(int, mkdirat, int at, const char *name, mode_t mode)
{
	return made(at, name, mode);
}

static int removed(int at, const char *name, int flags)
{
	struct entry *entry;
	long result;

	if (!is_name_ours(at, name))
		return (int)REAL(unlinkat, at, name, flags);
	if (fails(DISK_NAME) && disk_plan.error != 0)
		return -1;
	entry = new_entry(ENTRY_REMOVED, at, name);
	save(entry, entry->name);
	result = REAL(unlinkat, at, name, flags);
	return (int)keep_entry(result);
}

CALL(int, unlink, const char *name)
{
	return removed(AT_FDCWD, name, 0);
}

CALL(int, rmdir, const char *name)
{
	return removed(AT_FDCWD, name, AT_REMOVEDIR);
}

CALL(int, unlinkat, int at, const char *name, int flags)
{
	return removed(at, name, flags);
}

/* Within one directory, as all of ours are. */
static int moved(int at, const char *from, int to_at, const char *to,
		 unsigned int flags)
{
	struct entry *entry;
	const char *last;

	if (!is_name_ours(at, from))
		return (int)REAL(renameat2, at, from, to_at, to, flags);
	if (fails(DISK_NAME) && disk_plan.error != 0)
		return -1;
	entry = new_entry(ENTRY_MOVED, at, from);
	if (know_directory(to_at, to, &last) != entry->directory)
		GIVE_UP();
	(void)snprintf(entry->to, sizeof(entry->to), "%s", last);
	if ((flags & RENAME_NOREPLACE) == 0)
		save(entry, entry->to);
	return (int)keep_entry(REAL(renameat2, at, from, to_at, to, flags));
}

CALL(int, rename, const char *from, const char *to)
{
	return moved(AT_FDCWD, from, AT_FDCWD, to, 0);
}

CALL(int, renameat, int at, const char *from, int to_at, const char *to)
{
	return moved(at, from, to_at, to, 0);
}

CALL(int, renameat2, int at, const char *from, int to_at, const char *to,
     unsigned int flags)
{
	return moved(at, from, to_at, to, flags);
}
