/*
 * What is wrong with a journal's files, in words. Looks before SQLite does,
 * because SQLite takes an empty file for a new database and calls everything
 * else "malformed". Reads only; mends nothing.
 */
#include "journal/internal.h"

#include <stdio.h>
#include <string.h>

#include "engine/banned.h"

#define HEADER_BYTES 100
#define NUL_SCAN_MAX ((uint64_t)16 << 20)
#define SECTOR_BYTES 512
#define LOG_HEADER_BYTES (32 + 24) /* SQLite's file format, section 4.1 */

#define AFTERWARDS                                                     \
	"restore it from a backup; to go on without what it records, " \
	"move the directory away"

/* Or may be: in a user's directory nothing is. */
static bool is_published(const char *name)
{
	return strcmp(name, SBK_JOURNAL_FILE) == 0;
}

static bool only_nul(const unsigned char *data, size_t size)
{
	return size > 0 && data[0] == 0 &&
	       memcmp(data, data + 1, size - 1) == 0;
}

/* How many bytes from the start are NUL, as far as it looks. */
static uint64_t count_nul(const struct sbk_store *store, const char *name)
{
	unsigned char block[4096];
	uint64_t offset = 0;
	size_t got = 0;

	while (offset < NUL_SCAN_MAX) {
		/* An error ends the count, which is only for a message. */
		if (sbk_store_read(store, name, offset, block, sizeof(block),
				   &got, NULL) < 0 ||
		    got == 0 || !only_nul(block, got))
			break;
		offset += got;
	}
	return offset;
}

static int diagnose_header(const struct sbk_store *store, const char *name,
			   uint64_t size, struct sbk_error *err)
{
	unsigned char header[HEADER_BYTES];
	size_t got = 0;
	int rc = sbk_store_read(store, name, 0, header, sizeof(header), &got,
				err);

	if (rc < 0)
		return rc;
	if (only_nul(header, got))
		return sbk_error_set(
			err, SBK_E_CORRUPT,
			"'%s/%s' begins with %llu NUL bytes of %llu, as some "
			"filesystems leave a file after a power failure; "
			"its content is lost: " AFTERWARDS,
			sbk_store_path(store), name,
			(unsigned long long)count_nul(store, name),
			(unsigned long long)size);
	if (memcmp(header, "SQLite format 3", got < 16 ? got : 16) != 0)
		return sbk_error_set(
			err, SBK_E_CORRUPT,
			"'%s/%s' is no SQLite database, so "
			"something else was written over it: " AFTERWARDS,
			sbk_store_path(store), name);
	if (got < sizeof(header))
		return sbk_error_set(
			err, SBK_E_CORRUPT,
			"'%s/%s' is cut off after %llu bytes: " AFTERWARDS,
			sbk_store_path(store), name, (unsigned long long)size);
	return 0;
}

/*
 * A power failure while pages are copied out of the write-ahead log may garble
 * the first of them, which the log still has: SQLite reads it there. What is
 * no database has another size, as a rule, or SQLite finds it to be none.
 */
static bool may_be_in_log(const struct sbk_store *store, const char *name,
			  uint64_t size)
{
	char log[64];
	uint64_t log_size = 0;

	(void)snprintf(log, sizeof(log), "%s-wal", name);
	return size % SECTOR_BYTES == 0 &&
	       sbk_store_look(store, log, false, &log_size, NULL) == 0 &&
	       log_size > LOG_HEADER_BYTES + SECTOR_BYTES;
}

int sbk_diagnose_file(const struct sbk_store *store, const char *name,
		      struct sbk_error *err)
{
	uint64_t size = 0;
	int rc = sbk_store_look(store, name, is_published(name), &size, err);

	if (rc < 0)
		return rc;
	if (size == 0)
		return sbk_error_set(err, SBK_E_CORRUPT,
				     "'%s/%s' is empty, which a journal never "
				     "is: " AFTERWARDS,
				     sbk_store_path(store), name);
	rc = diagnose_header(store, name, size, err);
	if (rc != SBK_E_CORRUPT || !may_be_in_log(store, name, size))
		return rc;
	sbk_error_clear(err);
	return 0;
}

static uint32_t get_u32be(const unsigned char *data)
{
	return (uint32_t)data[0] << 24 | (uint32_t)data[1] << 16 |
	       (uint32_t)data[2] << 8 | data[3];
}

void sbk_diagnose_damage(const struct sbk_store *store, const char *name,
			 struct sbk_error *err)
{
	unsigned char header[HEADER_BYTES];
	uint64_t size = 0, page, wanted;
	size_t got = 0;

	/* Without a better message, SQLite's own stays. */
	if (sbk_store_look(store, name, is_published(name), &size, NULL) < 0 ||
	    sbk_store_read(store, name, 0, header, sizeof(header), &got, NULL) <
		    0 ||
	    got < sizeof(header))
		return;
	if (diagnose_header(store, name, size, err) < 0)
		return;
	/* Offsets of SQLite's file format, section 1.3. */
	page = (uint64_t)header[16] << 8 | header[17];
	page = page == 1 ? 65536 : page;
	wanted = page * get_u32be(header + 28);
	if (size < wanted)
		(void)sbk_error_set(err, SBK_E_CORRUPT,
				    "'%s/%s' is cut off: %llu of %llu bytes "
				    "are there; " AFTERWARDS,
				    sbk_store_path(store), name,
				    (unsigned long long)size,
				    (unsigned long long)wanted);
}

int sbk_diagnose_missing(const struct sbk_store *store, const char *name,
			 struct sbk_error *err)
{
	/* A copy of the machine's journal shows it, too; in a user's directory
	 * that is the name of the missing one itself. */
	static const char *const remains[] = {
		SBK_JOURNAL_FILE "-wal", SBK_JOURNAL_FILE "-shm",
		SBK_LIVE_FILE "-wal",	 SBK_LIVE_FILE "-shm",
		SBK_JOURNAL_FILE,	 SBK_RESERVE_FILE,
		SBK_SEALED_FILE,
	};
	uint64_t size;
	size_t i;

	if (sbk_is_removed(store))
		return 0; /* it was meant to go, and the rest follows */
	for (i = 0; i < sizeof(remains) / sizeof(remains[0]); i++)
		if (sbk_store_look(store, remains[i], is_published(remains[i]),
				   &size, NULL) != SBK_E_NOTFOUND)
			return sbk_error_set(
				err, SBK_E_CORRUPT,
				"'%s/%s' is missing, but it was there, since "
				"'%s' is: " AFTERWARDS,
				sbk_store_path(store), name, remains[i]);
	return 0;
}
