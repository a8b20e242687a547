/*
 * Locks of our own records: byte ranges of one file (LockFileEx), one byte
 * each. They belong to the handle and end with it, however the process ends;
 * how soon after that, the system does not promise. The file is private, so
 * that who may only read the records cannot stop a writer by holding a lock.
 *
 * Locks are mandatory here: nobody else reads or writes a locked byte. So they
 * lie far behind the note, where the file has no bytes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/windows/os_storage.h"

#include "engine/banned.h"

#define LOCKS_AT (UINT64_C(1) << 40)
#define PROBE_BYTE 1 /* taken for a moment to see whether locks work */
#define NOTE_AT 0
#define PAUSE_MS 10
/* How long another's look at a lock may take, which holds it meanwhile. */
#define LOOK_MS 50
#define HELD_MAX 8 /* locks of one handle */

struct sbk_store_lock {
	HANDLE file;
	uint64_t held[HELD_MAX];
	size_t held_count;
	char path[SBK_PATH_MAX + SBK_STORE_NAME_ROOM];
};

static int no_locks(const char *path, const char *why, struct sbk_error *err)
{
	return sbk_error_set(err, SBK_E_UNSUPPORTED,
			     "the volume of '%s' has no working locks (%s); "
			     "the journal needs them: use a local NTFS volume",
			     path, why);
}

static int open_lock_file(const struct sbk_store *store, const char *name,
			  HANDLE *out, struct sbk_error *err)
{
	struct sbk_buf descriptor = SBK_BUF_INIT;
	const struct sbk_win32_making making = {
		.how = SBK_WIN32_OPEN_NEW,
		.access = READ_CONTROL | FILE_READ_ATTRIBUTES | FILE_READ_DATA |
			  FILE_WRITE_DATA,
		.descriptor = &descriptor};
	unsigned tries = 0;
	int rc = sbk_store_descriptor(store, false, &descriptor, err);

	if (rc == 0) {
		do {
			rc = sbk_store_open_name(store->pin.handle, name,
						 &making, out, err);
		} while (sbk_store_again(rc, &tries));
	}
	sbk_buf_release(&descriptor);
	if (rc == SBK_E_DENIED)
		return sbk_error_set(err, SBK_E_DENIED,
				     "'%s/%s' cannot be written by this user; "
				     "nothing can be recorded there",
				     store->given, name);
	if (rc < 0)
		(void)sbk_error_prefix(err, "cannot open '%s/%s'", store->given,
				       name);
	return rc;
}

static bool is_same_file(HANDLE a, HANDLE b)
{
	FILE_ID_INFO one, two;

	return sbk_win32_file_information(a, FileIdInfo, &one, sizeof(one),
					  NULL) == 0 &&
	       sbk_win32_file_information(b, FileIdInfo, &two, sizeof(two),
					  NULL) == 0 &&
	       memcmp(&one, &two, sizeof(one)) == 0;
}

/*
 * Takes a lock through one handle and looks at it through another: there are
 * file systems that refuse, and some that agree and do nothing.
 */
static int probe(const struct sbk_store *store, const char *name,
		 const struct sbk_store_lock *lock, struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	HANDLE other = NULL;
	int rc = open_lock_file(store, name, &other, err), second = 0;

	if (rc < 0)
		return rc;
	if (!is_same_file(lock->file, other)) {
		/* Another process removed it meanwhile, and made it anew. */
		sbk_win32_close(&other);
		return 0;
	}
	rc = sbk_win32_lock(lock->file, LOCKS_AT + PROBE_BYTE, true, &why);
	if (rc == 0) {
		second = sbk_win32_lock(other, LOCKS_AT + PROBE_BYTE, true,
					&why);
		/* Both end with their handles at the latest. */
		if (second == 0)
			(void)sbk_win32_unlock(other, LOCKS_AT + PROBE_BYTE,
					       NULL);
		(void)sbk_win32_unlock(lock->file, LOCKS_AT + PROBE_BYTE, NULL);
	}
	sbk_win32_close(&other);
	if (rc == SBK_E_BUSY) /* another prober: so they do exclude */
		return 0;
	if (rc < 0)
		return no_locks(lock->path, why.message, err);
	if (second != SBK_E_BUSY)
		return no_locks(lock->path,
				second == 0 ? "two handles got the same one"
					    : why.message,
				err);
	return 0;
}

int sbk_store_lock_open(const struct sbk_store *store, const char *name,
			struct sbk_store_lock **out, struct sbk_error *err)
{
	struct sbk_store_lock *lock = calloc(1, sizeof(*lock));
	uint64_t size;
	int rc;

	if (lock == NULL)
		return sbk_error_no_memory(err);
	(void)snprintf(lock->path, sizeof(lock->path), "%s/%s", store->given,
		       name);
	rc = open_lock_file(store, name, &lock->file, err);
	if (rc == 0)
		rc = sbk_store_check_file(store, lock->file, name, false, &size,
					  err);
	if (rc == 0)
		rc = probe(store, name, lock, err);
	if (rc < 0) {
		sbk_store_lock_close(lock);
		return rc;
	}
	*out = lock;
	return 0;
}

void sbk_store_lock_close(struct sbk_store_lock *lock)
{
	if (lock == NULL)
		return;
	/* Unlocked first: what a closing leaves to the system comes when it
	 * has the time. */
	while (lock->held_count > 0)
		(void)sbk_win32_unlock(
			lock->file, LOCKS_AT + lock->held[--lock->held_count],
			NULL);
	sbk_win32_close(&lock->file);
	free(lock);
}

static size_t find_held(const struct sbk_store_lock *lock, uint64_t byte)
{
	size_t i;

	for (i = 0; i < lock->held_count; i++)
		if (lock->held[i] == byte)
			break;
	return i;
}

/*
 * A lock on a file that was removed while one waited for it excludes nobody:
 * whoever comes next makes a file of his own.
 */
static int check_still_there(struct sbk_store_lock *lock, uint64_t byte,
			     struct sbk_error *err)
{
	FILE_STANDARD_INFO standard;

	if (sbk_win32_file_information(lock->file, FileStandardInfo, &standard,
				       sizeof(standard), NULL) == 0 &&
	    !standard.DeletePending && standard.NumberOfLinks > 0) {
		lock->held[lock->held_count++] = byte;
		return 0;
	}
	(void)sbk_win32_unlock(lock->file, LOCKS_AT + byte, NULL);
	return sbk_error_set(err, SBK_E_CONFLICT,
			     "'%s' was removed meanwhile; try again",
			     lock->path);
}

static int lock_byte(struct sbk_store_lock *lock, uint64_t byte, bool exclusive,
		     int64_t wait_ms, struct sbk_error *err)
{
	const int64_t until =
		sbk_win32_clock_ms() + (wait_ms > LOOK_MS ? wait_ms : LOOK_MS);
	struct sbk_error why = SBK_ERROR_INIT;

	/* It is ours already; the system would say that it is taken. */
	if (find_held(lock, byte) < lock->held_count)
		return 0;
	if (lock->held_count == HELD_MAX)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "more than %d locks of '%s'", HELD_MAX,
				     lock->path);
	for (;;) {
		int rc = sbk_win32_lock(lock->file, LOCKS_AT + byte, exclusive,
					&why);

		if (rc == 0)
			return check_still_there(lock, byte, err);
		if (rc != SBK_E_BUSY)
			return no_locks(lock->path, why.message, err);
		/* The call that waits has no time limit. */
		if (sbk_win32_clock_ms() >= until)
			return sbk_error_set(err, SBK_E_BUSY,
					     "another process holds '%s'",
					     lock->path);
		sbk_win32_sleep(PAUSE_MS);
	}
}

int sbk_store_lock_take(struct sbk_store_lock *lock, uint64_t byte,
			int64_t wait_ms, struct sbk_error *err)
{
	return lock_byte(lock, byte, true, wait_ms, err);
}

int sbk_store_lock_share(struct sbk_store_lock *lock, uint64_t byte,
			 int64_t wait_ms, struct sbk_error *err)
{
	return lock_byte(lock, byte, false, wait_ms, err);
}

int sbk_store_lock_release(struct sbk_store_lock *lock, uint64_t byte,
			   struct sbk_error *err)
{
	const size_t at = find_held(lock, byte);
	int rc;

	if (at == lock->held_count)
		return 0; /* as elsewhere: what is not held is released */
	rc = sbk_win32_unlock(lock->file, LOCKS_AT + byte, err);
	if (rc < 0) {
		(void)sbk_error_prefix(err, "cannot unlock '%s'", lock->path);
		return rc;
	}
	lock->held[at] = lock->held[--lock->held_count];
	return 0;
}

/*
 * The system does not say who holds what: a shared lock that one gets for a
 * moment shows that nobody has it exclusively. Two who look do not disturb
 * each other; who takes it meanwhile waits for LOOK_MS at least.
 */
int sbk_store_lock_held(const struct sbk_store_lock *lock, uint64_t byte,
			bool *held, struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	int rc;

	*held = false;
	if (find_held(lock, byte) < lock->held_count)
		return 0;
	rc = sbk_win32_lock(lock->file, LOCKS_AT + byte, false, &why);
	if (rc == 0)
		return sbk_win32_unlock(lock->file, LOCKS_AT + byte, err);
	if (rc != SBK_E_BUSY)
		return no_locks(lock->path, why.message, err);
	*held = true;
	return 0;
}

int sbk_store_lock_note(struct sbk_store_lock *lock, const char *text,
			struct sbk_error *err)
{
	char note[SBK_STORE_NOTE_MAX] = {0};
	int rc;

	/* Always the same size, so that a full volume has the room already. */
	(void)snprintf(note, sizeof(note), "%s", text);
	rc = sbk_win32_write_at(lock->file, NOTE_AT, note, sizeof(note), err);
	if (rc < 0)
		(void)sbk_error_prefix(err, "cannot write '%s'", lock->path);
	return rc;
}

int sbk_store_lock_read_note(const struct sbk_store_lock *lock,
			     char out[SBK_STORE_NOTE_MAX],
			     struct sbk_error *err)
{
	size_t got = 0;
	int rc = sbk_win32_read(lock->file, NOTE_AT, out,
				SBK_STORE_NOTE_MAX - 1, &got, err);

	if (rc < 0) {
		(void)sbk_error_prefix(err, "cannot read '%s'", lock->path);
		return rc;
	}
	out[got] = '\0';
	return 0;
}
