/*
 * A disk below the process: whatever this process does to files below one
 * directory, by its own calls or by SQLite's, is first only in memory, as a
 * system keeps it, and on the disk from a sync on. It can
 *
 *	- lose power at the k-th sync: of each file's writes since its last
 *	  sync each sector is kept, dropped or garbled, of each directory's
 *	  new names, renamings and removals a beginning stays, and the process
 *	  ends with FAULT_EXIT; a new process finds what was on the disk;
 *	- fail at the n-th call: with an error, or with half of what was asked.
 *
 * Method: the calls of the C library are defined here, so that libraries find
 * these, too, and go on to the kernel by number. The real files hold what the
 * process sees; what the disk holds is kept in memory, and written over them
 * when the power goes.
 *
 * What it takes for granted, as SQLite does: a write harms no byte beside it
 * (powersafe overwrite), a truncation happens or not, and names that one
 * directory got one after the other come to the disk in that order. It does
 * not rely on the order of anything else, nor on a file's sync for its name.
 * Owners and modes are on the disk at once. Shared memory is none of it.
 */
#ifndef SBK_TEST_DISK_H
#define SBK_TEST_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Calls that can fail. */
enum disk_call {
	DISK_OPEN = 1, /* of what is there */
	DISK_READ = 2,
	DISK_WRITE = 4, /* truncations and allocations, too */
	DISK_SYNC = 8,
	DISK_NAME = 16 /* a name is made, moved or removed */
};

enum disk_loss {
	DISK_LOSES_ALL, /* that was not synced */
	DISK_LOSES_SOME /* by the seed: kept, dropped, garbled */
};

struct disk_plan {
	const char *root; /* what lies below is on the disk; NULL: nothing */
	const char *kept; /* a directory beside it, for what was removed */

	unsigned long cut_at; /* the sync that never ends; 0: none */
	enum disk_loss loss;
	size_t sector; /* 0: it never loses power, only fails */
	uint64_t seed;
	void (*at_cut)(void); /* called right before; NULL */

	unsigned long fail_at; /* the call that fails; 0: none */
	unsigned int calls;    /* of these, enum disk_call */
	int error;	       /* 0: half of it is done, and said so */
	bool stay;	       /* and each one after it */

	unsigned long syncs, counted; /* so far; of `calls` */
};

/* The plan of this process, which sets it once, before it opens anything. All
 * that is there then is on the disk. */
extern struct disk_plan disk_plan;

/* The power fails now. */
__attribute__((noreturn)) void disk_cut(void);
/* For what else is lost by the same seed: a number below `below`. */
uint64_t disk_random(uint64_t below);

#endif
