/*
 * What os_storage.c, os_storage_build.c, os_storage_file.c, os_storage_remove.c
 * and os_lock.c share.
 */
#ifndef SBK_LINUX_OS_STORAGE_H
#define SBK_LINUX_OS_STORAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/limits.h"
#include "engine/os_storage.h"

struct sbk_store {
	int fd;			  /* the directory */
	char given[SBK_PATH_MAX]; /* as the place names it, for messages */
	char path[SBK_PATH_MAX];  /* resolved */
	uint32_t owner;
	bool shared;
};

/* A directory that is being built, and what its builder holds a lock on; one
 * that is being removed (os_storage_remove.c); how many parents were made. */
#define SBK_STORE_NEW ".sandbook-new"
#define SBK_STORE_BUILDING ".sandbook-lock"
#define SBK_STORE_REMOVED ".sandbook-removed"
#define SBK_STORE_PARTS_MAX 8  /* names after the base */
#define SBK_STORE_NAME_ROOM 64 /* for the name of a file in it */

/* The path taken apart: the base, and each name below it. */
struct sbk_store_parts {
	char text[SBK_PATH_MAX];
	char base[SBK_PATH_MAX];
	char *names[SBK_STORE_PARTS_MAX];
	size_t count;
};

/* The number that the place's owner is; UINT32_MAX, nobody's, for no number. */
uint32_t sbk_store_owner(const struct sbk_store_place *place);

int sbk_store_parts_split(const struct sbk_store_place *place,
			  struct sbk_store_parts *out, struct sbk_error *err);

/* The base's descriptor, the caller's; perhaps only to pass through. */
int sbk_store_base(const struct sbk_store_parts *parts, struct sbk_error *err);

/*
 * Steps down as far as the names exist. The descriptor of the last one that
 * does, and in `depth` how many names that is. A wrong kind is an error.
 */
int sbk_store_walk(int base, const struct sbk_store_parts *parts,
		   const struct sbk_store_place *place, size_t *depth,
		   struct sbk_error *err);

/* The directory of the first `depth` names: its descriptor, the caller's;
 * SBK_E_NOTFOUND, without a message, where there is none. */
int sbk_store_open_at(const struct sbk_store_parts *parts, size_t depth,
		      const struct sbk_store_place *place,
		      struct sbk_error *err);

/* The permission bits of the directory itself. */
unsigned int sbk_store_mode(bool shared);

/* --- os_storage_build.c ------------------------------------------------- */

/*
 * The lock of who builds in `at`: on a private directory of its own, since
 * everyone who can open a directory can lock it. Waits for others; the
 * descriptor goes to sbk_store_building_unlock. SBK_E_NOTFOUND where `at`
 * was removed.
 */
int sbk_store_building_lock(int at, const struct sbk_store_place *place,
			    struct sbk_error *err);
void sbk_store_building_unlock(int at, int lock);

/* Takes away what a building that was cut short had left: the names of the
 * chain, deepest first. Everything else makes it fail. Needs that lock. */
int sbk_store_building_clear(int at, char *const *names, size_t count,
			     struct sbk_error *err);

/*
 * Builds what is missing below the first `depth` names, and takes over the
 * parents of a removal that has not ended. 1 where others made something of
 * it meanwhile: look again.
 */
int sbk_store_build(const struct sbk_store_parts *parts, size_t depth,
		    const struct sbk_store_place *place, struct sbk_error *err);

/* Whether `at` has an entry of that name, of whatever kind. */
bool sbk_store_has_entry(int at, const char *name);

/* Takes the mark of a removal out of `at`, if one is there. Needs the lock. */
int sbk_store_unmark(int at, const struct sbk_store_place *place,
		     struct sbk_error *err);

/* --- os_storage_file.c -------------------------------------------------- */

/* Refuses what is not a plain file of the owner's, closed to others (what is
 * published in a shared directory: to their writing). */
int sbk_store_check_file(const struct sbk_store *store, int fd,
			 const char *name, bool published, uint64_t *size,
			 struct sbk_error *err);

#endif
