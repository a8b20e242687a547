/*
 * Inside of the disk (disk.h): what disk_calls.c, where the calls of the C
 * library are, tells disk.c, which knows what has come to the disk.
 */
#ifndef SBK_TEST_DISK_STATE_H
#define SBK_TEST_DISK_STATE_H

#include "tests/support/disk.h"

#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

/* Calls to the kernel, past the definitions below. */
#define DISK_REAL(name, ...) syscall(SYS_##name, __VA_ARGS__)

/* The disk itself is at its end. */
#define DISK_GIVE_UP() disk_give_up(__FILE__, __LINE__)
__attribute__((noreturn)) void disk_give_up(const char *file, int line);

enum disk_entry_kind { DISK_MADE, DISK_REMOVED, DISK_MOVED };

/* A change of one directory. */
struct disk_entry {
	enum disk_entry_kind kind;
	size_t directory;
	char name[256], to[256];
	char kept[64]; /* what was removed or replaced, by another name; "" */
	bool is_directory, durable;
	mode_t mode;
	dev_t dev; /* of a directory that was removed */
	ino_t ino;
};

/* Whether it lies below the plan's root; of a name, in the directory `at`. */
bool disk_has(int fd);
bool disk_has_name(int at, const char *name);

/* What the disk holds of an open file is remembered from now on. */
void disk_know_file(int fd);
/* A write or, without data, a new size, of which the disk knows nothing yet. */
void disk_note_write(int fd, const void *data, size_t size, uint64_t at);
/* What an open file or directory has been told is on the disk. */
void disk_reach(int fd);

/* The number of a directory; `last` is the name in it. */
size_t disk_know_directory(int at, const char *name, const char **last);
/*
 * A change of a name that is about to be made: what it takes away is saved
 * first, and it counts if its call's `result`, which is handed on, is none of a
 * failure.
 */
struct disk_entry *disk_new_entry(enum disk_entry_kind kind, int at,
				  const char *name);
void disk_save(struct disk_entry *entry, const char *name);
long disk_keep_entry(long result);

#endif
