/*
 * Paths on Windows, as people name them: read and resolved, never changed.
 * What decides about permissions goes by handles (pin.c) and never by these.
 */
#include "engine/os.h"

#include <stdlib.h>
#include <string.h>

#include "engine/limits.h"
#include "engine/windows/drive_path.h"
#include "engine/windows/named.h"
#include "engine/windows/pin.h"
#include "engine/windows/wide.h"
#include "engine/windows/win32.h"

#include "engine/banned.h"

#define LONG_PREFIX L"\\\\?\\"
#define PREFIX_UNITS 4
#define UNC_PREFIX L"\\\\?\\UNC\\"
#define UNC_UNITS 8

/* What CreateFileW takes without a limit of 260: the full path behind "\\?\",
 * but for devices and shares, which have prefixes of their own. */
static int full_name(const char *path, struct sbk_buf *out,
		     struct sbk_error *err)
{
	struct sbk_buf given = SBK_BUF_INIT, full = SBK_BUF_INIT;
	const WCHAR *name = NULL;
	int rc = 0;

	if (path[0] == '\0')
		return sbk_error_set(err, SBK_E_NOTFOUND,
				     "'' is no name of a file");
	if (strlen(path) >= SBK_PATH_MAX ||
	    !sbk_wide_add(&given, path, strlen(path)))
		rc = sbk_error_set(err, SBK_E_INVAL,
				   "'%.60s' is too long for a path, or not "
				   "UTF-8",
				   path);
	if (rc == 0) {
		name = sbk_wide_text(&given);
		rc = sbk_buf_failed(&given, err);
	}
	if (rc == 0)
		rc = sbk_win32_full_path(name, &full, err);
	if (rc == 0 && (full.size < 2 * sizeof(WCHAR) ||
			memcmp(full.data, L"\\\\", 2 * sizeof(WCHAR)) != 0))
		sbk_buf_add(out, LONG_PREFIX, PREFIX_UNITS * sizeof(WCHAR));
	if (rc == 0) {
		sbk_buf_add(out, full.data, full.size);
		(void)sbk_wide_text(out); /* terminates it; checked below */
		rc = sbk_buf_failed(out, err);
	}
	sbk_buf_release(&given);
	sbk_buf_release(&full);
	return rc;
}

int sbk_named_full(const char *path, struct sbk_buf *out, struct sbk_error *err)
{
	struct sbk_buf wide = SBK_BUF_INIT;
	int rc = full_name(path, &wide, err);
	char *text;

	if (rc == 0)
		sbk_narrow_add(out, (const WCHAR *)(const void *)wide.data,
			       wide.size / sizeof(WCHAR));
	sbk_buf_release(&wide);
	if (rc == 0)
		rc = sbk_buf_failed(out, err);
	if (rc < 0)
		return rc;
	text = out->data;
	sbk_drive_take(text);
	out->size = strlen(text);
	return 0;
}

int sbk_named_open_any(const char *path, DWORD access, HANDLE *out,
		       struct sbk_error *err)
{
	struct sbk_buf name = SBK_BUF_INIT;
	int rc = full_name(path, &name, err);

	if (rc == 0) {
		rc = sbk_win32_open((const WCHAR *)(const void *)name.data,
				    access, out, err);
		if (rc < 0)
			(void)sbk_error_prefix(err, "opening '%.300s'", path);
	}
	sbk_buf_release(&name);
	return rc;
}

/* A regular file, and its size. */
static int measure(HANDLE file, const char *path, uint64_t *size,
		   struct sbk_error *err)
{
	FILE_ATTRIBUTE_TAG_INFO tag;
	FILE_STANDARD_INFO standard;
	int rc;

	if (!sbk_win32_is_disk(file))
		return sbk_error_set(err, SBK_E_INVAL,
				     "'%.300s' is no regular file", path);
	rc = sbk_win32_file_information(file, FileAttributeTagInfo, &tag,
					sizeof(tag), err);
	if (rc == 0)
		rc = sbk_win32_file_information(file, FileStandardInfo,
						&standard, sizeof(standard),
						err);
	if (rc < 0) {
		(void)sbk_error_prefix(err, "looking at '%.300s'", path);
		return rc;
	}
	if (tag.FileAttributes & FILE_ATTRIBUTE_REPARSE_POINT)
		return sbk_error_set(err, SBK_E_INVAL,
				     "'%.300s' is a link: name the file itself",
				     path);
	if (standard.Directory)
		return sbk_error_set(err, SBK_E_INVAL,
				     "'%.300s' is no regular file", path);
	*size = (uint64_t)standard.EndOfFile.QuadPart;
	return 0;
}

static int open_regular(const char *path, bool by_us, HANDLE *out,
			uint64_t *size, struct sbk_error *err)
{
	HANDLE file = NULL;
	int rc = by_us ? sbk_named_open_by_us(path, GENERIC_READ, &file, err)
		       : sbk_named_open_any(path, GENERIC_READ, &file, err);

	if (rc == 0)
		rc = measure(file, path, size, err);
	if (rc == 0)
		*out = file;
	else
		sbk_win32_close(&file);
	return rc;
}

int sbk_named_open(const char *path, HANDLE *out, uint64_t *size,
		   struct sbk_error *err)
{
	return open_regular(path, false, out, size, err);
}

int sbk_named_open_known(const char *path, HANDLE *out, uint64_t *size,
			 struct sbk_error *err)
{
	return open_regular(path, true, out, size, err);
}

int sbk_named_path(HANDLE file, char **out, struct sbk_error *err)
{
	struct sbk_buf wide = SBK_BUF_INIT, text = SBK_BUF_INIT;
	size_t skip = PREFIX_UNITS, i;
	int rc = sbk_win32_final_path(file, VOLUME_NAME_DOS, &wide, err);

	if (rc == 0) {
		const WCHAR *name = (const WCHAR *)(const void *)wide.data;
		const size_t units = wide.size / sizeof(*name);

		if (units < skip ||
		    memcmp(name, LONG_PREFIX, skip * sizeof(*name)) != 0)
			skip = 0;
		/* "\\\\?\\UNC\\server\\share" is "\\\\server\\share". */
		if (units >= UNC_UNITS &&
		    memcmp(name, UNC_PREFIX, UNC_UNITS * sizeof(*name)) == 0) {
			sbk_buf_addc(&text, '/');
			skip = UNC_UNITS - 1;
		}
		sbk_narrow_add(&text, name + skip, units - skip);
		rc = sbk_buf_failed(&text, err);
	}
	if (rc == 0) {
		for (i = 0; i < text.size; i++)
			if (text.data[i] == '\\')
				text.data[i] = '/';
		*out = sbk_buf_steal(&text);
	}
	sbk_buf_release(&wide);
	sbk_buf_release(&text);
	return rc;
}

int sbk_os_real_path(const char *path, char **out, struct sbk_error *err)
{
	HANDLE file = NULL;
	int rc = sbk_named_open_any(path, FILE_READ_ATTRIBUTES, &file, err);

	if (rc == 0)
		rc = sbk_named_path(file, out, err);
	sbk_win32_close(&file);
	return rc;
}

/* The first bytes of an open file, at most `max` of them. */
static int read_bytes(HANDLE file, size_t max, struct sbk_buf *out,
		      struct sbk_error *err)
{
	char part[16384];
	uint64_t offset = 0;
	size_t got = 1;
	int rc = 0;

	while (rc == 0 && got > 0 && offset < max) {
		const size_t left = max - (size_t)offset;

		rc = sbk_win32_read(file, offset, part,
				    left < sizeof(part) ? left : sizeof(part),
				    &got, err);
		if (rc == 0)
			sbk_buf_add(out, part, got);
		offset += got;
	}
	return rc < 0 ? rc : sbk_buf_failed(out, err);
}

int sbk_named_read(HANDLE file, const char *path, size_t max,
		   struct sbk_buf *out, struct sbk_error *err)
{
	const size_t before = out->size;
	/* One byte more than may be there says that there is more. */
	int rc = read_bytes(file, max + 1, out, err);

	if (rc == 0 && out->size - before > max)
		rc = sbk_error_set(err, SBK_E_LIMIT,
				   "'%.300s' has more than %zu bytes", path,
				   max);
	return rc;
}

int sbk_os_read_file(const char *path, size_t max, struct sbk_buf *out,
		     struct sbk_error *err)
{
	uint64_t size;
	HANDLE file = NULL;
	int rc = sbk_named_open(path, &file, &size, err);

	if (rc == 0)
		rc = sbk_named_read(file, path, max, out, err);
	sbk_win32_close(&file);
	return rc;
}

int sbk_named_read_start(HANDLE file, const char *path, size_t max,
			 struct sbk_buf *out, struct sbk_error *err)
{
	uint64_t size;
	int rc = measure(file, path, &size, err);

	return rc < 0 ? rc : read_bytes(file, max, out, err);
}
