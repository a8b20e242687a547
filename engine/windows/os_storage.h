/*
 * What os_storage.c, os_storage_build.c, os_storage_file.c,
 * os_storage_remove.c and os_lock.c share.
 */
#ifndef SBK_WINDOWS_OS_STORAGE_H
#define SBK_WINDOWS_OS_STORAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/limits.h"
#include "engine/os_storage.h"
#include "engine/windows/pin.h"
#include "engine/windows/win32_file.h"

struct sbk_person; /* engine/os.h */

struct sbk_store {
	struct sbk_pin pin;	  /* the directory */
	char given[SBK_PATH_MAX]; /* as the place names it, for messages */
	char path[SBK_PATH_MAX];  /* resolved */
	struct sbk_owner owner;
	bool shared;
};

/* A directory that is being built, and the file that its builder holds; one
 * that is being removed (os_storage_remove.c); how many parents were made. */
#define SBK_STORE_NEW ".sandbook-new"
#define SBK_STORE_BUILDING ".sandbook-lock"
#define SBK_STORE_REMOVED ".sandbook-removed"
#define SBK_STORE_PARTS_MAX 8  /* names after the base */
#define SBK_STORE_NAME_ROOM 64 /* for the name of a file in it */

/* What a directory of the path is opened for. */
#define SBK_STORE_PASS (FILE_READ_ATTRIBUTES | FILE_TRAVERSE)
#define SBK_STORE_LOOK (SBK_STORE_PASS | READ_CONTROL | FILE_LIST_DIRECTORY)
/* To be flushed, too, which takes a right to write. */
#define SBK_STORE_CHANGE (SBK_STORE_LOOK | FILE_ADD_FILE)

/* The path taken apart: the base as the system has it, the names below. */
struct sbk_store_parts {
	const struct sbk_store_place *place;
	char text[SBK_PATH_MAX];
	char base[SBK_PATH_MAX];
	char *names[SBK_STORE_PARTS_MAX];
	size_t count;
};

int sbk_store_parts_split(const struct sbk_store_place *place,
			  struct sbk_store_parts *out, struct sbk_error *err);

/*
 * The directory of the first `depth` names, by handles, through no reparse
 * point; `found` is how many of them there are. Where it is all of them, `out`
 * is open for `access`; else SBK_E_NOTFOUND. SBK_E_DENIED for a link.
 */
int sbk_store_walk(const struct sbk_store_parts *parts, size_t depth,
		   DWORD access, struct sbk_pin *out, size_t *found,
		   struct sbk_error *err);

/* One name in an open directory: what is opened or made. */
int sbk_store_open_name(HANDLE parent, const char *name,
			const struct sbk_win32_making *making, HANDLE *out,
			struct sbk_error *err);
/* Removes the name, a link itself; 0 where there is none. */
int sbk_store_delete_name(HANDLE parent, const char *name, bool directory,
			  struct sbk_error *err);
/* Gives an open file, opened for DELETE, a name in that directory. */
int sbk_store_rename_open(HANDLE file, HANDLE parent, const char *to,
			  bool replace, struct sbk_error *err);
/* Gives what is called `from` another name in the same directory. */
int sbk_store_rename_name(HANDLE parent, const char *from, const char *to,
			  bool directory, bool replace, struct sbk_error *err);
/* False where there is none, or it cannot be asked. */
bool sbk_store_has_name(HANDLE parent, const char *name);

/*
 * Others open what is ours for a moment without leave to rename or remove it
 * (scanners, indexers, SQLite's readers). True: it was waited for, try again.
 */
bool sbk_store_again(int rc, unsigned *tries);

/* Makes the directory durable: its names, and what was done to them. */
int sbk_store_flush(HANDLE directory, const char *path, struct sbk_error *err);

/* The file that only one builder in `at` has; sbk_win32_close ends it. */
int sbk_store_building_lock(HANDLE at, const struct sbk_store_parts *parts,
			    HANDLE *out, struct sbk_error *err);
/* Takes away what a building that was cut short had left: the names of the
 * chain below the first `depth`, deepest first. Needs that lock. */
int sbk_store_building_clear(HANDLE at, const struct sbk_store_parts *parts,
			     size_t depth, struct sbk_error *err);
/* Builds what is missing. 1 where others made something of it meanwhile. */
int sbk_store_build(const struct sbk_store_parts *parts, size_t depth,
		    struct sbk_error *err);

/* Refuses what is not a plain file of the owner's, closed to others (what is
 * published in a shared directory: to their writing). */
int sbk_store_check_file(const struct sbk_store *store, HANDLE file,
			 const char *name, bool published, uint64_t *size,
			 struct sbk_error *err);
/* The descriptor of a file that is made. */
int sbk_store_descriptor(const struct sbk_store *store, bool published,
			 struct sbk_buf *out, struct sbk_error *err);

/*
 * As sbk_store_lock_take, beside others who share it. One that this handle has
 * already stays as it is, shared or not. sbk_store_lock_held does not see it.
 */
int sbk_store_lock_share(struct sbk_store_lock *lock, uint64_t byte,
			 int64_t wait_ms, struct sbk_error *err);

/*
 * Where the local data of a person who is not the caller lies: in the profile
 * that the system names for that SID, at its usual place. SBK_E_NOTFOUND where
 * there surely is no profile; SBK_E_UNSUPPORTED where that cannot be told, or
 * the person's registry, where it is loaded, says another place.
 */
int sbk_os_others_folder(const struct sbk_person *person, char *out,
			 size_t size, struct sbk_error *err);
/* The SID of this process's user, as text. */
int sbk_os_caller_id(struct sbk_owner *out, struct sbk_error *err);

#endif
