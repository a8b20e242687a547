/* What is on a disk that loses power; see the header. */
#include "tests/support/disk_state.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/fault.h"

#include "engine/banned.h"

#define DIRECTORIES_MAX 64
#define ENTRIES_MAX 4096

struct disk_plan disk_plan;

void disk_give_up(const char *file, int line)
{
	(void)fprintf(stderr, "%s:%d: %s\n", file, line, strerror(errno));
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

static struct disk_file *files;
static struct disk_entry entries[ENTRIES_MAX];
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
		DISK_GIVE_UP();
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
	size = DISK_REAL(readlink, link, path, PATH_MAX - 1);
	path[size > 0 ? size : 0] = '\0';
	return size > 0;
}

bool disk_has(int fd)
{
	char path[PATH_MAX];
	const int os_code = errno;
	bool ours =
		disk_plan.root != NULL && path_of(fd, path) && is_below(path);

	errno = os_code;
	return ours;
}

bool disk_has_name(int at, const char *name)
{
	return disk_plan.root != NULL &&
	       (name[0] == '/' || at == AT_FDCWD ? is_below(name)
						 : disk_has(at));
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
void disk_know_file(int fd)
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
	file->fd =
		(int)DISK_REAL(openat, AT_FDCWD, link, O_RDWR | O_CLOEXEC, 0);
	file->dev = st.st_dev;
	file->ino = st.st_ino;
	file->size = (size_t)st.st_size;
	file->data = grown(NULL, file->size);
	file->last = &file->first;
	if (file->fd < 0 || DISK_REAL(pread64, file->fd, file->data, file->size,
				      0L) != (long)file->size)
		DISK_GIVE_UP();
	file->next = files;
	files = file;
}

void disk_note_write(int fd, const void *data, size_t size, uint64_t at)
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

size_t disk_know_directory(int at, const char *name, const char **last)
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
	fd = (int)DISK_REAL(openat, at, path, O_PATH | O_DIRECTORY | O_CLOEXEC,
			    0);
	if (fd < 0 || fstat(fd, &st) < 0)
		return DIRECTORIES_MAX;
	for (i = 0; i < directory_count; i++)
		if (directories[i].dev == st.st_dev &&
		    directories[i].ino == st.st_ino) {
			(void)DISK_REAL(close, fd);
			return i;
		}
	if (directory_count == DIRECTORIES_MAX)
		DISK_GIVE_UP();
	directories[i].fd = fd;
	directories[i].dev = st.st_dev;
	directories[i].ino = st.st_ino;
	directory_count++;
	return i;
}

/* The entry is on the list when its call has succeeded: see keep_entry. */
struct disk_entry *disk_new_entry(enum disk_entry_kind kind, int at,
				  const char *name)
{
	struct disk_entry *entry;
	const char *last;

	if (entry_count == ENTRIES_MAX)
		DISK_GIVE_UP();
	entry = &entries[entry_count];
	memset(entry, 0, sizeof(*entry));
	entry->kind = kind;
	entry->directory = disk_know_directory(at, name, &last);
	(void)snprintf(entry->name, sizeof(entry->name), "%s", last);
	return entry;
}

/* What a name stands for is kept under another, for when it comes back. */
void disk_save(struct disk_entry *entry, const char *name)
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
	    DISK_REAL(linkat, directories[entry->directory].fd, name, AT_FDCWD,
		      path, 0) < 0)
		DISK_GIVE_UP();
}

long disk_keep_entry(long result)
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
	if (DISK_REAL(ftruncate, file->fd, (long)file->size) < 0 ||
	    DISK_REAL(pwrite64, file->fd, file->data, file->size, 0L) !=
		    (long)file->size)
		DISK_GIVE_UP();
}

/* A directory that never came to be, with what was made in it. */
static void remove_all(int at, const char *name)
{
	char path[PATH_MAX];
	int fd = (int)DISK_REAL(openat, at, name,
				O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
				0);
	pid_t pid;

	if (fd < 0 || !path_of(fd, path))
		return; /* it went with something else */
	pid = fork();
	if (pid == 0) {
		(void)execl("/bin/rm", "rm", "-rf", path, (char *)NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, NULL, 0) != pid)
		DISK_GIVE_UP();
}

static void bring_back(const struct disk_entry *entry, const char *name)
{
	const int at = directories[entry->directory].fd;
	char path[PATH_MAX];

	size_t i;

	if (entry->is_directory) {
		if (DISK_REAL(mkdirat, at, name, entry->mode) < 0)
			DISK_GIVE_UP();
		/* What else comes back into it does so by this descriptor. */
		for (i = 0; i < directory_count; i++)
			if (directories[i].dev == entry->dev &&
			    directories[i].ino == entry->ino)
				directories[i].fd =
					(int)DISK_REAL(openat, at, name,
						       O_PATH | O_DIRECTORY, 0);
	} else if (entry->kept[0] != '\0') {
		(void)snprintf(path, sizeof(path), "%s/%s", disk_plan.kept,
			       entry->kept);
		if (DISK_REAL(linkat, AT_FDCWD, path, at, name, 0) < 0)
			DISK_GIVE_UP();
	}
}

static void lose_entry(const struct disk_entry *entry)
{
	const int at = directories[entry->directory].fd;

	if (entry->kind == DISK_MADE && entry->is_directory) {
		remove_all(at, entry->name);
	} else if (entry->kind == DISK_MADE) {
		(void)DISK_REAL(unlinkat, at, entry->name, 0);
	} else if (entry->kind == DISK_MOVED) {
		if (DISK_REAL(renameat2, at, entry->to, at, entry->name, 0) < 0)
			DISK_GIVE_UP();
		bring_back(entry, entry->to);
	} else {
		bring_back(entry, entry->name);
	}
}

/* What was done in it before does not matter any more. */
static void bury(const struct disk_entry *entry)
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
		    entries[i].kind == DISK_REMOVED && entries[i].is_directory)
			bury(&entries[i]);
	for (i = entry_count; i-- > 0;)
		if (lost[i] && !directories[entries[i].directory].gone)
			lose_entry(&entries[i]);
	_exit(FAULT_EXIT);
}

void disk_reach(int fd)
{
	struct disk_file *file = find_file(fd);
	struct stat st;
	size_t i;

	if (fstat(fd, &st) < 0)
		DISK_GIVE_UP();
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
		if (DISK_REAL(pread64, file->fd, file->data, file->size, 0L) !=
		    (long)file->size)
			DISK_GIVE_UP();
	}
	for (i = 0; i < entry_count; i++)
		if (directories[entries[i].directory].dev == st.st_dev &&
		    directories[entries[i].directory].ino == st.st_ino)
			entries[i].durable = true;
}
