/*
 * Where our own records are kept: one directory, pinned by a handle and
 * reached without following links, its files and its locks. Chosen at link
 * time, like os.h: engine/linux/os_storage.c, engine/windows/os_storage.c.
 *
 *	rc = sbk_store_open(&place, SBK_STORE_CREATE, &store, err);
 *	rc = sbk_store_lock_open(store, "lock", &lock, err);
 *	rc = sbk_store_lock_take(lock, 0, wait_ms, err);
 *	...
 *	sbk_store_lock_close(lock);
 *	sbk_store_close(store);
 */
#ifndef SBK_OS_STORAGE_H
#define SBK_OS_STORAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/buf.h"
#include "engine/error.h"
#include "engine/owner.h"

struct sbk_store;
struct sbk_store_lock;

struct sbk_store_place {
	const char *directory; /* absolute */
	/* Leading bytes of `directory` that must exist and are resolved as the
	 * system has them (a home, "/var/lib"); what comes after is made where
	 * it is missing, and no link in it is followed. 0: all but the last
	 * part. */
	size_t base;
	struct sbk_owner owner; /* who must own the directory and its files */
	/* Everyone may enter (0755) and read what is published there (0644);
	 * else 0700. All other files are 0600. (On Windows access lists that
	 * say the same: engine/windows/WINDOWS.md, part 9.) */
	bool shared;
};

enum sbk_store_mode {
	SBK_STORE_READ,
	SBK_STORE_WRITE, /* checks that the volume is fit for it, too */
	SBK_STORE_CREATE /* made where it is missing, as `owner` only */
};

/*
 * Missing parents are made together with the directory and appear at once,
 * complete, so that a crash leaves all or nothing; how many were made is
 * remembered in the directory's file "made". SBK_E_NOTFOUND without CREATE;
 * SBK_E_DENIED for a link on the way, a wrong owner or mode, and for writing
 * by anybody but the owner;
 * SBK_E_UNSUPPORTED for a network filesystem (not with READ); what a program
 * serves (FUSE) is taken for local.
 */
int sbk_store_open(const struct sbk_store_place *place,
		   enum sbk_store_mode mode, struct sbk_store **out,
		   struct sbk_error *err);
void sbk_store_close(struct sbk_store *store);

/* The directory's resolved path; borrowed. */
const char *sbk_store_path(const struct sbk_store *store);
/* Whether the caller is the owner, who may read what is not published. */
bool sbk_store_is_ours(const struct sbk_store *store);
/*
 * Closes a shared directory to everybody but its owner; durable when it
 * returns, and takes no room. It stays so until somebody opens it by hand, or
 * begins a journal after that one.
 */
int sbk_store_hide(const struct sbk_store *store, struct sbk_error *err);
/* Gives it the mode that it is made with. */
int sbk_store_show(const struct sbk_store *store, struct sbk_error *err);
/* Whether it is closed, by whomever. */
bool sbk_store_is_hidden(const struct sbk_store *store);
/* How many parent directories were made for it. */
int sbk_store_made(const struct sbk_store *store, size_t *out,
		   struct sbk_error *err);

/*
 * The size of a file. SBK_E_NOTFOUND where there is none, SBK_E_DENIED where
 * it is a link, not a plain file, somebody else's, or open to others: to read
 * even, unless it is `published` in a shared directory.
 */
int sbk_store_look(const struct sbk_store *store, const char *name,
		   bool published, uint64_t *size, struct sbk_error *err);
/* Makes an empty file, never over another one; `published`: 0644. */
int sbk_store_make(const struct sbk_store *store, const char *name,
		   bool published, struct sbk_error *err);
/* Makes a private file of these bytes, never over another one; flushed. */
int sbk_store_write(const struct sbk_store *store, const char *name,
		    const void *data, size_t size, struct sbk_error *err);
/* Reads up to `size` bytes at `offset`; `got` says how many there were. */
int sbk_store_read(const struct sbk_store *store, const char *name,
		   uint64_t offset, void *data, size_t size, size_t *got,
		   struct sbk_error *err);
/* Renames within the directory, over nothing, and makes it durable. */
int sbk_store_rename(const struct sbk_store *store, const char *from,
		     const char *to, struct sbk_error *err);
/*
 * Flushes `from` and renames it within the directory over `to`, durably. Who
 * has the old one open keeps it as it was.
 */
int sbk_store_replace(const struct sbk_store *store, const char *from,
		      const char *to, struct sbk_error *err);
/* A missing file is none to remove: 0. */
int sbk_store_unlink(const struct sbk_store *store, const char *name,
		     struct sbk_error *err);
/* The file that says how many parents were made for the directory. */
#define SBK_STORE_MADE "made"
/* The named files, and last that one: what of a store's removal is the same on
 * every system (storage_unlink.c). */
int sbk_store_unlink_all(const struct sbk_store *store,
			 const char *const *names, struct sbk_error *err);

/*
 * Makes the file exactly `size` bytes of space that the volume has set aside
 * for it, private. SBK_E_LIMIT where the volume is too full, and then the
 * file keeps what it had.
 */
int sbk_store_allocate(const struct sbk_store *store, const char *name,
		       uint64_t size, struct sbk_error *err);

/*
 * Has the volume set room aside for a file's bytes that are mapped at `data`,
 * which begins a page, so that writing them there cannot fail later: on a full
 * volume that would be a signal and no error. SBK_E_LIMIT: there is none. 0
 * also where the system cannot tell (Linux before 5.14).
 */
int sbk_store_provide(void *data, size_t size, struct sbk_error *err);

/*
 * Removes the named files, the directory, and the parents that were made for
 * it as far as they are empty, and what a making that was cut short left.
 * SBK_E_INCOMPLETE when somebody else's files keep the directory. Nothing
 * there is success. The file "made" goes last but for the directory, so that a
 * removal that was cut short can be repeated.
 */
int sbk_store_remove(const struct sbk_store_place *place,
		     const char *const *names, struct sbk_error *err);

/*
 * The one lock file of a person's records, and whose its numbers are: 0 and
 * those from 2048 on the journal's (journal/internal.h), 1 this part's own,
 * those from 1024 on the front ends' of Windows (engine/windows/front.h).
 */
#define SBK_STORE_LOCK_FILE "lock"

/*
 * The lock file, made where it is missing; private always, so that no reader
 * can take a lock that a writer needs. Proves first that locks work here:
 * SBK_E_UNSUPPORTED where they are refused or exclude nobody.
 */
int sbk_store_lock_open(const struct sbk_store *store, const char *name,
			struct sbk_store_lock **out, struct sbk_error *err);
void sbk_store_lock_close(struct sbk_store_lock *lock); /* and releases */

/*
 * Takes the lock number `byte` for this handle, waiting up to `wait_ms`.
 * SBK_E_BUSY (with no message of its own worth showing) after that. The lock
 * ends with the handle and with the process, however that ends.
 */
int sbk_store_lock_take(struct sbk_store_lock *lock, uint64_t byte,
			int64_t wait_ms, struct sbk_error *err);
int sbk_store_lock_release(struct sbk_store_lock *lock, uint64_t byte,
			   struct sbk_error *err);
/* Whether another handle holds it. */
int sbk_store_lock_held(const struct sbk_store_lock *lock, uint64_t byte,
			bool *held, struct sbk_error *err);

/*
 * A short text in the lock file: who holds it, for the message that another
 * process shows. At most SBK_STORE_NOTE_MAX bytes with its end. Only advice:
 * it is not durable, and what is read is cleaned of control bytes by the
 * error record.
 */
#define SBK_STORE_NOTE_MAX 384
int sbk_store_lock_note(struct sbk_store_lock *lock, const char *text,
			struct sbk_error *err);
int sbk_store_lock_read_note(const struct sbk_store_lock *lock,
			     char out[SBK_STORE_NOTE_MAX],
			     struct sbk_error *err);

/* The number of this process, for people. */
uint32_t sbk_os_process(void);

#endif
