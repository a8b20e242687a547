/*
 * Files of a directory for our own records: looked at, made, read, set aside,
 * renamed, removed. Owns what makes such a file trustworthy
 * (sbk_store_check_file); follows no reparse point, goes by names relative to
 * the directory's handle alone. Each is made with its access list, protected,
 * so that it is never anybody else's, not for a moment.
 */
#include "engine/windows/os_storage.h"

#include <stdio.h>
#include <string.h>

#include "engine/windows/storage_rules.h"

#include "engine/banned.h"

#define ZEROS 65536

int sbk_store_descriptor(const struct sbk_store *store, bool published,
			 struct sbk_buf *out, struct sbk_error *err)
{
	const struct sbk_storage_rule rule = {
		.owner = &store->owner, .readable = published && store->shared};

	return sbk_storage_descriptor(&rule, out, err);
}

static int check_access(const struct sbk_store *store, HANDLE file,
			const char *path, bool published, struct sbk_error *err)
{
	const struct sbk_storage_rule rule = {
		.owner = &store->owner, .readable = published && store->shared};
	struct sbk_buf descriptor = SBK_BUF_INIT;
	int rc = sbk_win32_query_security(file, &descriptor, err);

	if (rc == 0)
		rc = sbk_storage_check(&rule, &descriptor, path, err);
	sbk_buf_release(&descriptor);
	return rc;
}

int sbk_store_check_file(const struct sbk_store *store, HANDLE file,
			 const char *name, bool published, uint64_t *size,
			 struct sbk_error *err)
{
	char path[SBK_PATH_MAX + SBK_STORE_NAME_ROOM];
	FILE_ATTRIBUTE_TAG_INFO tag;
	FILE_STANDARD_INFO standard;
	int rc;

	(void)snprintf(path, sizeof(path), "%s/%s", store->given, name);
	rc = sbk_win32_file_information(file, FileAttributeTagInfo, &tag,
					sizeof(tag), err);
	if (rc == 0)
		rc = sbk_win32_file_information(file, FileStandardInfo,
						&standard, sizeof(standard),
						err);
	if (rc < 0)
		return rc;
	if (tag.FileAttributes & FILE_ATTRIBUTE_REPARSE_POINT)
		return sbk_error_set(err, SBK_E_DENIED,
				     "'%s' is a link; somebody put it there in "
				     "place of ours",
				     path);
	if (standard.Directory)
		return sbk_error_set(err, SBK_E_DENIED,
				     "'%s' is no plain file; somebody put it "
				     "there in place of ours",
				     path);
	rc = check_access(store, file, path, published, err);
	if (rc == 0)
		*size = (uint64_t)standard.EndOfFile.QuadPart;
	return rc;
}

static int open_file(const struct sbk_store *store, const char *name,
		     DWORD access, HANDLE *out, struct sbk_error *err)
{
	const struct sbk_win32_making making = {.how = SBK_WIN32_OPEN,
						.access = access};
	unsigned tries = 0;
	int rc;

	do {
		rc = sbk_store_open_name(store->pin.handle, name, &making, out,
					 err);
	} while (sbk_store_again(rc, &tries));
	if (rc < 0)
		(void)sbk_error_prefix(err, "cannot open '%s/%s'", store->given,
				       name);
	return rc;
}

int sbk_store_look(const struct sbk_store *store, const char *name,
		   bool published, uint64_t *size, struct sbk_error *err)
{
	struct sbk_win32_making making = {.how = SBK_WIN32_OPEN,
					  .access = READ_CONTROL |
						    FILE_READ_ATTRIBUTES};
	HANDLE file = NULL;
	int rc = sbk_store_open_name(store->pin.handle, name, &making, &file,
				     err);

	/* A directory in its place is an answer, too. */
	if (rc == SBK_E_DENIED) {
		making.directory = true;
		rc = sbk_store_open_name(store->pin.handle, name, &making,
					 &file, err);
	}
	if (rc == SBK_E_BUSY) /* being removed: no name any more */
		rc = sbk_error_set(err, SBK_E_NOTFOUND, "it was removed");
	if (rc < 0) {
		(void)sbk_error_prefix(err, "cannot open '%s/%s'", store->given,
				       name);
		return rc;
	}
	rc = sbk_store_check_file(store, file, name, published, size, err);
	sbk_win32_close(&file);
	return rc;
}

/* A new file, private or published. */
static int make_file(const struct sbk_store *store, const char *name,
		     bool published, HANDLE *out, struct sbk_error *err)
{
	struct sbk_buf descriptor = SBK_BUF_INIT;
	const struct sbk_win32_making making = {.how = SBK_WIN32_NEW,
						.access = FILE_READ_ATTRIBUTES |
							  FILE_WRITE_DATA,
						.descriptor = &descriptor};
	unsigned tries = 0;
	int rc = sbk_store_descriptor(store, published, &descriptor, err);

	if (rc == 0) {
		do {
			rc = sbk_store_open_name(store->pin.handle, name,
						 &making, out, err);
		} while (sbk_store_again(rc, &tries));
	}
	if (rc < 0)
		(void)sbk_error_prefix(err, "cannot make '%s/%s'", store->given,
				       name);
	sbk_buf_release(&descriptor);
	return rc;
}

int sbk_store_make(const struct sbk_store *store, const char *name,
		   bool published, struct sbk_error *err)
{
	HANDLE file = NULL;
	int rc = make_file(store, name, published, &file, err);

	sbk_win32_close(&file);
	return rc;
}

int sbk_store_write(const struct sbk_store *store, const char *name,
		    const void *data, size_t size, struct sbk_error *err)
{
	HANDLE file = NULL;
	int rc = make_file(store, name, false, &file, err);

	if (rc < 0)
		return rc;
	rc = sbk_win32_write_at(file, 0, data, size, err);
	if (rc == 0)
		rc = sbk_win32_flush(file, err);
	sbk_win32_close(&file);
	/* Its name, too: whoever relies on it finds it after a power cut. */
	if (rc == 0)
		rc = sbk_win32_flush(store->pin.handle, err);
	if (rc < 0) {
		(void)sbk_error_prefix(err, "cannot write '%s/%s'",
				       store->given, name);
		/* A part of it is none; the error is reported. */
		(void)sbk_store_delete_name(store->pin.handle, name, false,
					    NULL);
	}
	return rc;
}

int sbk_store_read(const struct sbk_store *store, const char *name,
		   uint64_t offset, void *data, size_t size, size_t *got,
		   struct sbk_error *err)
{
	HANDLE file = NULL;
	size_t used = 0, part = 1;
	int rc = open_file(store, name, FILE_READ_DATA, &file, err);

	if (rc < 0)
		return rc;
	while (rc == 0 && part > 0 && used < size) {
		rc = sbk_win32_read(file, offset + used, (char *)data + used,
				    size - used, &part, err);
		used += rc == 0 ? part : 0;
	}
	if (rc < 0)
		(void)sbk_error_prefix(err, "cannot read '%s/%s'", store->given,
				       name);
	sbk_win32_close(&file);
	*got = used;
	return rc;
}

static int rename_file(const struct sbk_store *store, const char *from,
		       const char *to, bool replace, struct sbk_error *err)
{
	int rc = sbk_store_rename_name(store->pin.handle, from, to, false,
				       replace, err);

	if (rc < 0) {
		(void)sbk_error_prefix(err, "cannot rename '%s/%s' to '%s'",
				       store->given, from, to);
		return rc;
	}
	return sbk_store_flush(store->pin.handle, store->given, err);
}

int sbk_store_rename(const struct sbk_store *store, const char *from,
		     const char *to, struct sbk_error *err)
{
	return rename_file(store, from, to, false, err);
}

int sbk_store_replace(const struct sbk_store *store, const char *from,
		      const char *to, struct sbk_error *err)
{
	HANDLE file = NULL;
	int rc = open_file(store, from, FILE_WRITE_DATA, &file, err);

	if (rc < 0)
		return rc;
	rc = sbk_win32_flush(file, err);
	sbk_win32_close(&file);
	if (rc < 0) {
		(void)sbk_error_prefix(err, "cannot flush '%s/%s'",
				       store->given, from);
		return rc;
	}
	return rename_file(store, from, to, true, err);
}

int sbk_store_unlink(const struct sbk_store *store, const char *name,
		     struct sbk_error *err)
{
	int rc = sbk_store_delete_name(store->pin.handle, name, false, err);

	if (rc < 0)
		(void)sbk_error_prefix(err, "cannot remove '%s/%s'",
				       store->given, name);
	return rc;
}

/*
 * Clusters are set aside for what a file has, unless it is sparse; where the
 * volume did not (it compresses, or Wine kept a hole), writing does.
 */
static int fill(HANDLE file, uint64_t from, uint64_t size,
		struct sbk_error *err)
{
	static const char zeros[ZEROS];
	FILE_STANDARD_INFO standard;
	int rc = sbk_win32_file_information(file, FileStandardInfo, &standard,
					    sizeof(standard), err);

	if (rc < 0 || (uint64_t)standard.AllocationSize.QuadPart >= size)
		return rc;
	while (rc == 0 && from < size) {
		const uint64_t part = size - from < ZEROS ? size - from : ZEROS;

		rc = sbk_win32_write_at(file, from, zeros, (size_t)part, err);
		from += part;
	}
	return rc;
}

/* Grows or shrinks; on failure what was there before stays. */
static int allocate(const struct sbk_store *store, HANDLE file,
		    const char *name, uint64_t old, uint64_t size,
		    struct sbk_error *err)
{
	int rc = sbk_win32_set_size(file, size, err);

	if (rc == 0 && size > old)
		rc = fill(file, old, size, err);
	if (rc == 0)
		rc = sbk_win32_flush(file, err);
	if (rc == 0)
		return 0;
	/* A half grown file would be counted as a whole one. */
	(void)sbk_win32_set_size(file, old, NULL); /* the first is reported */
	if (rc == SBK_E_LIMIT)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "the volume of '%s' has no room for %llu "
				     "bytes; free some space and try again",
				     store->given, (unsigned long long)size);
	(void)sbk_error_prefix(err, "cannot set aside '%s/%s'", store->given,
			       name);
	return rc;
}

int sbk_store_allocate(const struct sbk_store *store, const char *name,
		       uint64_t size, struct sbk_error *err)
{
	struct sbk_buf descriptor = SBK_BUF_INIT;
	const struct sbk_win32_making making = {
		.how = SBK_WIN32_OPEN_NEW,
		.access = READ_CONTROL | FILE_READ_ATTRIBUTES | FILE_WRITE_DATA,
		.descriptor = &descriptor};
	HANDLE file = NULL;
	uint64_t old = 0;
	int rc = sbk_store_descriptor(store, false, &descriptor, err);

	if (rc == 0)
		rc = sbk_store_open_name(store->pin.handle, name, &making,
					 &file, err);
	if (rc < 0)
		(void)sbk_error_prefix(err, "cannot open '%s/%s'", store->given,
				       name);
	if (rc == 0)
		rc = sbk_store_check_file(store, file, name, false, &old, err);
	if (rc == 0 && old != size)
		rc = allocate(store, file, name, old, size, err);
	sbk_win32_close(&file);
	sbk_buf_release(&descriptor);
	return rc;
}

/*
 * SQLite makes its shared memory file longer by setting its end, and NTFS has
 * set clusters aside when that returns: no write to the mapping can fail for
 * want of room.
 */
int sbk_store_provide(void *data, size_t size, struct sbk_error *err)
{
	(void)data;
	(void)size;
	(void)err;
	return 0;
}
