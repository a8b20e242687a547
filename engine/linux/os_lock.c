/*
 * Locks of our own records: open-file-description locks, one byte each.
 *
 * They belong to the handle (not to the process, as classic record locks do,
 * which any close() of the same file drops) and end with it, however the
 * process ends. The file is private, so that who may only read the records
 * cannot stop a writer by holding a lock.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "engine/linux/clock.h"
#include "engine/linux/error.h"
#include "engine/linux/os_storage.h"

#include "engine/banned.h"

#define PROBE_BYTE 1 /* taken for a moment to see whether locks work */
#define NOTE_OFFSET                                           \
	0 /* locks and content of a file know nothing of each \
	     other */
#define PAUSE_MS 10

struct sbk_store_lock {
	int fd;
	char path[SBK_PATH_MAX + 64]; /* and a name */
};

static int set_lock(int fd, short type, uint64_t byte)
{
	struct flock request = {
		.l_type = type,
		.l_whence = SEEK_SET,
		.l_start = (off_t)byte,
		.l_len = 1,
	};

	return fcntl(fd, F_OFD_SETLK, &request) < 0 ? errno : 0;
}

static int get_lock(int fd, uint64_t byte, bool *held)
{
	struct flock request = {
		.l_type = F_WRLCK,
		.l_whence = SEEK_SET,
		.l_start = (off_t)byte,
		.l_len = 1,
	};

	if (fcntl(fd, F_OFD_GETLK, &request) < 0)
		return errno;
	*held = request.l_type != F_UNLCK;
	return 0;
}

static bool is_taken(int os_code)
{
	return os_code == EAGAIN || os_code == EACCES;
}

static int no_locks(const char *path, int os_code, struct sbk_error *err)
{
	return sbk_error_set(err, SBK_E_UNSUPPORTED,
			     "the filesystem of '%s' has no working locks "
			     "(%s); the journal needs them: mount a local "
			     "filesystem there",
			     path,
			     os_code != 0 ? strerror(os_code)
					  : "two handles got the same one");
}

/*
 * Takes a lock through one handle and looks at it through another: there are
 * filesystems that refuse, and some that agree and do nothing.
 */
static int probe(const struct sbk_store_lock *lock, struct sbk_error *err)
{
	char link[64];
	bool held = false;
	int other, os_code;

	/* Not by its name, which may be another file's by now. */
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", lock->fd);
	other = open(link, O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (other < 0)
		return sbk_error_set_errno(err, errno, "cannot open '%s'",
					   lock->path);
	os_code = set_lock(lock->fd, F_WRLCK, PROBE_BYTE);
	if (is_taken(os_code)) { /* another prober: so they do exclude */
		(void)close(other);
		return 0;
	}
	if (os_code == 0)
		os_code = get_lock(other, PROBE_BYTE, &held);
	(void)set_lock(lock->fd, F_UNLCK, PROBE_BYTE); /* harmless if held */
	(void)close(other);
	if (os_code != 0 || !held)
		return no_locks(lock->path, os_code, err);
	return 0;
}

static int open_lock_file(const struct sbk_store *store, const char *name,
			  const char *path, struct sbk_error *err)
{
	int fd = openat(store->fd, name,
			O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
			0600);
	int os_code = errno;

	if (fd >= 0)
		return fd;
	if (os_code == EROFS)
		return sbk_error_set(err, SBK_E_DENIED,
				     "'%s' is on a filesystem that is mounted "
				     "read-only; nothing can be recorded there",
				     path);
	if (os_code == EACCES || os_code == EPERM)
		return sbk_error_set(err, SBK_E_DENIED,
				     "'%s' cannot be written by this user; "
				     "nothing can be recorded there",
				     path);
	return sbk_error_set_errno(err, os_code, "cannot open '%s'", path);
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
	lock->fd = open_lock_file(store, name, lock->path, err);
	rc = lock->fd < 0 ? lock->fd : 0;
	if (rc == 0)
		rc = sbk_store_check_file(store, lock->fd, name, false, &size,
					  err);
	if (rc == 0)
		rc = probe(lock, err);
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
	if (lock->fd >= 0)
		(void)close(lock->fd); /* releases; the note is only advice */
	free(lock);
}

/*
 * A lock on a file that was removed while one waited for it excludes nobody:
 * whoever comes next makes a file of his own.
 */
static int check_still_there(struct sbk_store_lock *lock, uint64_t byte,
			     struct sbk_error *err)
{
	struct stat st;

	if (fstat(lock->fd, &st) == 0 && st.st_nlink > 0)
		return 0;
	(void)set_lock(lock->fd, F_UNLCK, byte); /* it holds nothing */
	return sbk_error_set(err, SBK_E_CONFLICT,
			     "'%s' was removed meanwhile; try again",
			     lock->path);
}

int sbk_store_lock_take(struct sbk_store_lock *lock, uint64_t byte,
			int64_t wait_ms, struct sbk_error *err)
{
	const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000 * 1000};
	const int64_t until = sbk_clock_ms() + wait_ms;

	for (;;) {
		int os_code = set_lock(lock->fd, F_WRLCK, byte);

		if (os_code == 0)
			return check_still_there(lock, byte, err);
		if (!is_taken(os_code))
			return no_locks(lock->path, os_code, err);
		/* No call waits for such a lock with a time limit. */
		if (sbk_clock_ms() >= until)
			return sbk_error_set(err, SBK_E_BUSY,
					     "another process holds '%s'",
					     lock->path);
		(void)nanosleep(&pause, NULL); /* cut short: looks sooner */
	}
}

int sbk_store_lock_release(struct sbk_store_lock *lock, uint64_t byte,
			   struct sbk_error *err)
{
	int os_code = set_lock(lock->fd, F_UNLCK, byte);

	if (os_code != 0)
		return sbk_error_set_errno(err, os_code, "cannot unlock '%s'",
					   lock->path);
	return 0;
}

int sbk_store_lock_held(const struct sbk_store_lock *lock, uint64_t byte,
			bool *held, struct sbk_error *err)
{
	int os_code = get_lock(lock->fd, byte, held);

	if (os_code != 0)
		return no_locks(lock->path, os_code, err);
	return 0;
}

int sbk_store_lock_note(struct sbk_store_lock *lock, const char *text,
			struct sbk_error *err)
{
	char note[SBK_STORE_NOTE_MAX] = {0};
	ssize_t n;

	/* Always the same size, so that a full volume has the room already. */
	(void)snprintf(note, sizeof(note), "%s", text);
	n = pwrite(lock->fd, note, sizeof(note), NOTE_OFFSET);
	if (n != (ssize_t)sizeof(note))
		return sbk_error_set_errno(err, n < 0 ? errno : ENOSPC,
					   "cannot write '%s'", lock->path);
	return 0;
}

int sbk_store_lock_read_note(const struct sbk_store_lock *lock,
			     char out[SBK_STORE_NOTE_MAX],
			     struct sbk_error *err)
{
	ssize_t n = pread(lock->fd, out, SBK_STORE_NOTE_MAX - 1, NOTE_OFFSET);

	if (n < 0)
		return sbk_error_set_errno(err, errno, "cannot read '%s'",
					   lock->path);
	out[n] = '\0';
	return 0;
}
