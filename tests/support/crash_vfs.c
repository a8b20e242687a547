/* Stops and power cuts below SQLite; see the header. */
#include "tests/support/crash_vfs.h"

#include <dirent.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/fault.h"

#include "engine/banned.h"

struct crash_file {
	sqlite3_file base;
	const char *name; /* SQLite keeps it as long as the file is open */
	sqlite3_file *real;
};

static sqlite3_vfs *real_vfs;

static sqlite3_file *real_of(sqlite3_file *file)
{
	return ((struct crash_file *)file)->real;
}

static int copy_file(const char *from, const char *to)
{
	char block[65536];
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ssize_t got = -1;

	while (in >= 0 && out >= 0 &&
	       (got = read(in, block, sizeof(block))) > 0)
		if (write(out, block, (size_t)got) != got)
			abort();
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	return got == 0 ? 0 : -1;
}

static int crash_close(sqlite3_file *file)
{
	struct crash_file *crash = (struct crash_file *)file;
	int rc = crash->real->pMethods->xClose(crash->real);

	sqlite3_free(crash->real);
	return rc;
}

static int crash_read(sqlite3_file *f, void *buf, int n, sqlite3_int64 at)
{
	return real_of(f)->pMethods->xRead(real_of(f), buf, n, at);
}

static int crash_write(sqlite3_file *f, const void *buf, int n,
		       sqlite3_int64 at)
{
	fault_point();
	return real_of(f)->pMethods->xWrite(real_of(f), buf, n, at);
}

static int crash_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	fault_point();
	return real_of(f)->pMethods->xTruncate(real_of(f), size);
}

static int crash_sync(sqlite3_file *f, int flags)
{
	struct crash_file *crash = (struct crash_file *)f;
	char synced[1024];
	int rc;

	fault_point();
	rc = crash->real->pMethods->xSync(crash->real, flags);
	if (rc == SQLITE_OK && crash->name != NULL) {
		(void)snprintf(synced, sizeof(synced), "%s.synced",
			       crash->name);
		if (copy_file(crash->name, synced) < 0)
			abort();
	}
	return rc;
}

static int crash_size(sqlite3_file *f, sqlite3_int64 *size)
{
	return real_of(f)->pMethods->xFileSize(real_of(f), size);
}

static int crash_lock(sqlite3_file *f, int level)
{
	return real_of(f)->pMethods->xLock(real_of(f), level);
}

static int crash_unlock(sqlite3_file *f, int level)
{
	return real_of(f)->pMethods->xUnlock(real_of(f), level);
}

static int crash_reserved(sqlite3_file *f, int *out)
{
	return real_of(f)->pMethods->xCheckReservedLock(real_of(f), out);
}

static int crash_control(sqlite3_file *f, int op, void *arg)
{
	return real_of(f)->pMethods->xFileControl(real_of(f), op, arg);
}

static int crash_sector(sqlite3_file *f)
{
	return real_of(f)->pMethods->xSectorSize(real_of(f));
}

/* No promise of the real device holds after our power cut. */
static int crash_device(sqlite3_file *f)
{
	(void)f;
	return 0;
}

static int crash_shm_map(sqlite3_file *f, int region, int size, int extend,
			 void volatile **out)
{
	return real_of(f)->pMethods->xShmMap(real_of(f), region, size, extend,
					     out);
}

static int crash_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
	return real_of(f)->pMethods->xShmLock(real_of(f), offset, n, flags);
}

static void crash_shm_barrier(sqlite3_file *f)
{
	real_of(f)->pMethods->xShmBarrier(real_of(f));
}

static int crash_shm_unmap(sqlite3_file *f, int remove)
{
	return real_of(f)->pMethods->xShmUnmap(real_of(f), remove);
}

static const sqlite3_io_methods crash_methods = {
	.iVersion = 2,
	.xClose = crash_close,
	.xRead = crash_read,
	.xWrite = crash_write,
	.xTruncate = crash_truncate,
	.xSync = crash_sync,
	.xFileSize = crash_size,
	.xLock = crash_lock,
	.xUnlock = crash_unlock,
	.xCheckReservedLock = crash_reserved,
	.xFileControl = crash_control,
	.xSectorSize = crash_sector,
	.xDeviceCharacteristics = crash_device,
	.xShmMap = crash_shm_map,
	.xShmLock = crash_shm_lock,
	.xShmBarrier = crash_shm_barrier,
	.xShmUnmap = crash_shm_unmap,
};

static int crash_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file,
		      int flags, int *out_flags)
{
	struct crash_file *crash = (struct crash_file *)file;
	int rc;

	(void)vfs;
	memset(crash, 0, sizeof(*crash));
	crash->real = sqlite3_malloc(real_vfs->szOsFile);
	if (crash->real == NULL)
		return SQLITE_NOMEM;
	memset(crash->real, 0, (size_t)real_vfs->szOsFile);
	rc = real_vfs->xOpen(real_vfs, name, crash->real, flags, out_flags);
	if (rc != SQLITE_OK) {
		sqlite3_free(crash->real);
		return rc;
	}
	crash->name = name;
	crash->base.pMethods = &crash_methods;
	return SQLITE_OK;
}

void crash_vfs_register(void)
{
	static sqlite3_vfs vfs;

	if (real_vfs != NULL)
		return;
	real_vfs = sqlite3_vfs_find(NULL);
	if (real_vfs == NULL)
		abort();
	vfs = *real_vfs;
	vfs.zName = "crash";
	vfs.szOsFile = sizeof(struct crash_file);
	vfs.xOpen = crash_open;
	if (sqlite3_vfs_register(&vfs, 1) != SQLITE_OK)
		abort();
}

static void put_back(const char *directory, const char *name)
{
	char path[1024], synced[1100];

	(void)snprintf(path, sizeof(path), "%s/%s", directory, name);
	(void)snprintf(synced, sizeof(synced), "%s.synced", path);
	if (access(synced, F_OK) != 0)
		/* It was written and synced under the name it was made as. */
		(void)snprintf(synced, sizeof(synced), "%s.new.synced", path);
	if (access(synced, F_OK) == 0) {
		/* Content only, so that owner and mode stay. */
		if (copy_file(synced, path) < 0)
			abort();
	} else if (truncate(path, 0) != 0) {
		abort();
	}
}

static int ends_with(const char *name, const char *end)
{
	size_t size = strlen(name), end_size = strlen(end);

	return size >= end_size && strcmp(name + size - end_size, end) == 0;
}

void crash_vfs_power_cut(const char *directory)
{
	DIR *dir = opendir(directory);
	struct dirent *entry;
	char path[1024];

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		if (ends_with(entry->d_name, ".db") ||
		    ends_with(entry->d_name, ".db-wal"))
			put_back(directory, entry->d_name);
		if (!ends_with(entry->d_name, ".db-shm"))
			continue;
		/* Shared memory does not outlive the machine's power. */
		(void)snprintf(path, sizeof(path), "%s/%s", directory,
			       entry->d_name);
		if (truncate(path, 0) != 0)
			abort();
	}
	if (dir != NULL)
		closedir(dir);
}
