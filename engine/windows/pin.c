/*
 * Open objects and their volumes. Owns how an object is reached (never through
 * a reparse point), what names it, and what makes a volume durable.
 */
#include "engine/windows/pin.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "engine/windows/wide.h"

#include "engine/banned.h"

void sbk_pin_release(struct sbk_pin *pin)
{
	sbk_win32_close(&pin->handle);
}

#define UNICODE_STRING_BYTES_MAX 65534
#define NO_FILE_IDS "its file system gives no file ids; use an NTFS volume"

/* What the open object is; all that a way through it needs. */
static int look(struct sbk_pin *pin, struct sbk_error *err)
{
	FILE_ATTRIBUTE_TAG_INFO tag;
	int rc = sbk_win32_file_information(pin->handle, FileAttributeTagInfo,
					    &tag, sizeof(tag), err);

	if (rc < 0)
		return rc;
	pin->is_reparse =
		(tag.FileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0;
	pin->is_directory =
		(tag.FileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
	return 0;
}

/* Which one it is. */
static int identify(struct sbk_pin *pin, struct sbk_error *err)
{
	FILE_STANDARD_INFO standard;
	FILE_ID_INFO id;
	int rc = sbk_win32_file_information(pin->handle, FileIdInfo, &id,
					    sizeof(id), err);

	/* What a file system says that does not know the question. */
	if (rc == SBK_E_INVAL)
		rc = sbk_error_set(err, SBK_E_UNSUPPORTED, "%s", NO_FILE_IDS);
	if (rc == 0)
		rc = sbk_win32_file_information(pin->handle, FileStandardInfo,
						&standard, sizeof(standard),
						err);
	if (rc < 0)
		return rc;
	pin->serial = id.VolumeSerialNumber;
	memcpy(pin->id, &id.FileId, sizeof(pin->id));
	pin->links = standard.NumberOfLinks;
	return 0;
}

/*
 * Whether NT reads one name into it. A volume that another system wrote may
 * list names with a backslash or a colon, which would be a way through what
 * may be a link, or a stream.
 */
static bool is_one_name(const WCHAR *name, size_t size)
{
	const size_t units = size / sizeof(*name);
	size_t i;

	for (i = 0; i < units; i++)
		if (name[i] == L'\\' || name[i] == L'/' || name[i] == L':' ||
		    name[i] == 0)
			return false;
	return units > 0 && size <= UNICODE_STRING_BYTES_MAX;
}

static int open_below(const struct sbk_pin *directory, const WCHAR *name,
		      size_t size, DWORD access, struct sbk_pin *out,
		      struct sbk_error *err)
{
	struct sbk_pin pin = SBK_PIN_INIT;
	int rc = 0;

	if (!is_one_name(name, size))
		rc = sbk_error_set(err, SBK_E_INVAL,
				   "its name is none by which Windows could "
				   "open it");
	if (rc == 0)
		rc = sbk_win32_open_below(directory->handle, name, size, access,
					  &pin.handle, err);
	if (rc == 0)
		rc = look(&pin, err);
	pin.drive = directory->drive;
	if (rc < 0)
		sbk_pin_release(&pin);
	else
		*out = pin;
	return rc;
}

int sbk_pin_below(const struct sbk_pin *directory, const WCHAR *name,
		  size_t size, DWORD access, struct sbk_pin *out,
		  struct sbk_error *err)
{
	struct sbk_pin pin = SBK_PIN_INIT;
	int rc = open_below(directory, name, size, access, &pin, err);

	if (rc == 0)
		rc = identify(&pin, err);
	if (rc < 0)
		sbk_pin_release(&pin);
	else
		*out = pin;
	return rc;
}

int sbk_pin_step(struct sbk_pin *pin, const char *name, size_t size,
		 DWORD access, struct sbk_error *err)
{
	struct sbk_buf wide = SBK_BUF_INIT;
	struct sbk_pin next = SBK_PIN_INIT;
	int rc;

	if (!sbk_wide_add(&wide, name, size))
		rc = sbk_error_set(err, SBK_E_INVAL, "its name is no UTF-8");
	else if (sbk_wide_text(&wide) == NULL)
		rc = sbk_buf_failed(&wide, err);
	else
		rc = open_below(pin, sbk_wide_text(&wide), wide.size, access,
				&next, err);
	sbk_buf_release(&wide);
	if (rc == 0) {
		sbk_pin_release(pin);
		*pin = next;
	}
	return rc;
}

int sbk_pin_root(const char *path, DWORD access, struct sbk_pin *out,
		 const char **rest, struct sbk_error *err)
{
	struct sbk_pin pin = SBK_PIN_INIT;
	struct sbk_buf root = SBK_BUF_INIT;
	const char *below = "";
	int rc = sbk_wide_root(path, &root, &below, err);

	if (rc == 0 && sbk_wide_text(&root) == NULL)
		rc = sbk_buf_failed(&root, err);
	if (rc == 0)
		rc = sbk_win32_open(sbk_wide_text(&root),
				    *below == '\0' ? access
						   : FILE_READ_ATTRIBUTES,
				    &pin.handle, err);
	if (rc == 0)
		rc = look(&pin, err);
	if (rc == 0 && path[1] == ':')
		pin.drive = (uint8_t)(path[0] & ~0x20); /* upper case */
	sbk_buf_release(&root);
	if (rc < 0) {
		sbk_pin_release(&pin);
		return rc;
	}
	*out = pin;
	*rest = below;
	return 0;
}

static int walk_path(struct sbk_pin *pin, const char *rest, DWORD access,
		     struct sbk_error *err)
{
	const char *name;
	size_t size;
	int rc;

	for (;;) {
		rc = sbk_wide_component(&rest, &name, &size, err);
		if (rc < 0 || size == 0)
			return rc;
		rc = sbk_pin_step(pin, name, size,
				  *rest == '\0' ? access : FILE_READ_ATTRIBUTES,
				  err);
		if (rc == 0 && pin->is_reparse)
			rc = sbk_error_set(err, SBK_E_INVAL,
					   "'%.*s' is a link or mount point; "
					   "name where it leads",
					   (int)(size > 200 ? 200 : size),
					   name);
		if (rc < 0)
			return rc;
	}
}

int sbk_pin_path(const char *path, DWORD access, struct sbk_pin *out,
		 struct sbk_error *err)
{
	struct sbk_pin pin = SBK_PIN_INIT;
	const char *rest = "";
	int rc = sbk_pin_root(path, access, &pin, &rest, err);

	if (rc == 0)
		rc = walk_path(&pin, rest, access, err);
	if (rc == 0)
		rc = identify(&pin, err);
	if (rc < 0) {
		sbk_pin_release(&pin);
		(void)sbk_error_prefix(err, "'%.200s'", path);
		return rc;
	}
	*out = pin;
	return 0;
}

void sbk_volumes_release(struct sbk_volumes *volumes)
{
	size_t i;

	for (i = 0; i < volumes->count; i++)
		sbk_win32_close(&volumes->items[i].hint);
	volumes->count = 0;
}

#define NO_GUID "its volume has no GUID, so it is no local one"

/* The GUID out of "\\?\Volume{GUID}\rest". */
static int read_guid(const struct sbk_pin *pin, char guid[37],
		     struct sbk_error *err)
{
	static const char start[] = "\\\\?\\Volume{";
	const size_t prefix = sizeof(start) - 1;
	struct sbk_buf wide = SBK_BUF_INIT, text = SBK_BUF_INIT;
	size_t i;
	int rc =
		sbk_win32_final_path(pin->handle, VOLUME_NAME_GUID, &wide, err);

	/* ERROR_PATH_NOT_FOUND, of a network share: the object is there. */
	if (rc == SBK_E_NOTFOUND)
		rc = sbk_error_set(err, SBK_E_UNSUPPORTED, "%s", NO_GUID);
	if (rc == 0) {
		sbk_narrow_add(&text, (const WCHAR *)(const void *)wide.data,
			       wide.size / sizeof(WCHAR));
		rc = sbk_buf_failed(&text, err);
	}
	if (rc == 0 &&
	    (text.size < prefix + 37 || memcmp(text.data, start, prefix) != 0 ||
	     text.data[prefix + 36] != '}'))
		rc = sbk_error_set(err, SBK_E_UNSUPPORTED, "%s", NO_GUID);
	for (i = 0; rc == 0 && i < 36; i++) {
		char c = text.data[prefix + i];

		guid[i] = c >= 'A' && c <= 'F' ? (char)(c - 'A' + 'a') : c;
	}
	guid[36] = '\0';
	sbk_buf_release(&wide);
	sbk_buf_release(&text);
	return rc;
}

static int check_volume(const struct sbk_pin *pin, struct sbk_error *err)
{
	DWORD flags = 0;
	int rc = sbk_win32_volume_flags(pin->handle, &flags, err);

	if (rc < 0 || (flags & FILE_PERSISTENT_ACLS) != 0)
		return rc;
	return sbk_error_set(err, SBK_E_UNSUPPORTED,
			     "its volume keeps no access lists; use an NTFS "
			     "volume");
}

/* By its GUID: the volume itself ("}"), or its root directory ("}\\"). */
static int open_volume(const struct sbk_volume *volume, const char *end,
		       DWORD access, HANDLE *out, struct sbk_error *err)
{
	struct sbk_buf name = SBK_BUF_INIT;
	int rc;

	(void)sbk_wide_add(&name, "\\\\?\\Volume{", 11);
	(void)sbk_wide_add(&name, volume->guid, 36);
	(void)sbk_wide_add(&name, end, strlen(end));
	if (sbk_wide_text(&name) == NULL)
		rc = sbk_buf_failed(&name, err);
	else
		rc = sbk_win32_open(sbk_wide_text(&name), access, out, err);
	sbk_buf_release(&name);
	return rc;
}

/* The root of the drive by whose letter the object is reached. */
static int open_drive(const struct sbk_pin *pin, HANDLE *out,
		      struct sbk_error *err)
{
	static const size_t root_units = 7; /* "\\\\?\\C:\\" */
	struct sbk_buf path = SBK_BUF_INIT;
	int rc = sbk_win32_final_path(pin->handle, VOLUME_NAME_DOS, &path, err);

	if (rc == 0 && path.size >= root_units * sizeof(WCHAR)) {
		path.size = root_units * sizeof(WCHAR);
		if (sbk_wide_text(&path) == NULL)
			rc = sbk_buf_failed(&path, err);
		else
			rc = sbk_win32_open(sbk_wide_text(&path),
					    FILE_READ_ATTRIBUTES, out, err);
	}
	sbk_buf_release(&path);
	return rc;
}

static bool is_on(const struct sbk_volume *volume, HANDLE file)
{
	FILE_ID_INFO id;

	return file != NULL &&
	       sbk_win32_file_information(file, FileIdInfo, &id, sizeof(id),
					  NULL) == 0 &&
	       id.VolumeSerialNumber == volume->serial;
}

/*
 * A root of the volume, by which its files are opened by id. By the drive's
 * letter first: that is how Wine, too, knows it. A volume that is mounted in a
 * directory has none, or another one's.
 */
static int open_hint(struct sbk_volume *volume, const struct sbk_pin *pin,
		     struct sbk_error *err)
{
	int rc;

	(void)open_drive(pin, &volume->hint, NULL);
	if (is_on(volume, volume->hint))
		return 0;
	sbk_win32_close(&volume->hint);
	rc = open_volume(volume, "}\\", FILE_READ_ATTRIBUTES, &volume->hint,
			 err);
	if (rc < 0 || is_on(volume, volume->hint))
		return rc;
	sbk_win32_close(&volume->hint);
	return sbk_error_set(err, SBK_E_UNSUPPORTED,
			     "the root of its volume cannot be opened");
}

static uint32_t drive_bit(const struct sbk_pin *pin)
{
	return pin->drive >= 'A' && pin->drive <= 'Z'
		       ? (uint32_t)1 << (pin->drive - 'A')
		       : 0;
}

/*
 * The volume that was met before. A serial number is the copy's, too, of a
 * volume that was copied: so each letter, and each way without one, is asked
 * for its GUID.
 */
static int find_volume(struct sbk_volumes *volumes, const struct sbk_pin *pin,
		       struct sbk_volume **out, struct sbk_error *err)
{
	char guid[37] = "";
	size_t i;

	*out = NULL;
	for (i = 0; i < volumes->count && *out == NULL; i++) {
		struct sbk_volume *volume = &volumes->items[i];
		int rc = 0;

		if (volume->serial != pin->serial)
			continue;
		if ((volume->drives & drive_bit(pin)) == 0 && guid[0] == '\0')
			rc = read_guid(pin, guid, err);
		if (rc < 0)
			return rc;
		if ((volume->drives & drive_bit(pin)) != 0 ||
		    strcmp(volume->guid, guid) == 0)
			*out = volume;
	}
	if (*out != NULL)
		(*out)->drives |= drive_bit(pin);
	return 0;
}

int sbk_volume_of(struct sbk_volumes *volumes, const struct sbk_pin *pin,
		  struct sbk_volume **out, struct sbk_error *err)
{
	static const uint8_t no_id[SBK_FILE_ID_BYTES];
	struct sbk_volume *volume = NULL;
	int rc = find_volume(volumes, pin, &volume, err);

	if (rc == 0 && volume != NULL)
		*out = volume;
	if (rc < 0 || volume != NULL)
		return rc;
	if (volumes->count == SBK_VOLUMES_MAX)
		return sbk_error_set(err, SBK_E_LIMIT, "more than %d volumes",
				     SBK_VOLUMES_MAX);
	if (memcmp(pin->id, no_id, sizeof(no_id)) == 0)
		return sbk_error_set(err, SBK_E_UNSUPPORTED, "%s", NO_FILE_IDS);
	volume = &volumes->items[volumes->count];
	*volume = (struct sbk_volume){.serial = pin->serial,
				      .drives = drive_bit(pin)};
	rc = check_volume(pin, err);
	if (rc == 0)
		rc = read_guid(pin, volume->guid, err);
	if (rc == 0)
		rc = open_hint(volume, pin, err);
	if (rc < 0)
		return rc;
	volumes->count++;
	*out = volume;
	return 0;
}

void sbk_volume_touch(struct sbk_volume *volume, const struct sbk_pin *pin,
		      bool changed)
{
	volume->touched = true;
	if (pin->is_directory && (changed || !volume->directory_changed)) {
		volume->has_directory = true;
		volume->directory_changed = changed;
		memcpy(volume->directory, pin->id, sizeof(volume->directory));
	}
	if (volume->changed && !changed)
		return;
	volume->changed = changed;
	memcpy(volume->last, pin->id, sizeof(volume->last));
}

/* All of a volume, which takes an administrator. */
static int flush_whole(const struct sbk_volume *volume, struct sbk_error *err)
{
	HANDLE handle = NULL;
	int rc = open_volume(volume, "}", GENERIC_READ | GENERIC_WRITE, &handle,
			     err);

	if (rc == 0)
		rc = sbk_win32_flush(handle, err);
	sbk_win32_close(&handle);
	return rc;
}

static int flush_one(const struct sbk_volume *volume,
		     const uint8_t id[SBK_FILE_ID_BYTES], DWORD access,
		     struct sbk_error *err)
{
	HANDLE handle = NULL;
	int rc = sbk_win32_open_id(volume->hint, id, access | SYNCHRONIZE,
				   &handle, err);

	if (rc == 0)
		rc = sbk_win32_flush(handle, err);
	sbk_win32_close(&handle);
	return rc;
}

/*
 * One object alone: the log in which all earlier ones stand goes with it. The
 * last one; or where that is read-only, or a program that runs, the last
 * directory, of which neither can be.
 */
/* "//?/Volume{GUID}/a" of "//?/Volume{GUID}/a/b", which has this id. */
static int find_holder(const struct sbk_volume *volume,
		       const uint8_t id[SBK_FILE_ID_BYTES], struct sbk_buf *out,
		       struct sbk_error *err)
{
	struct sbk_buf wide = SBK_BUF_INIT;
	HANDLE handle = NULL;
	size_t i;
	int rc = sbk_win32_open_id(volume->hint, id, FILE_READ_ATTRIBUTES,
				   &handle, err);

	if (rc == 0)
		rc = sbk_win32_final_path(handle, VOLUME_NAME_GUID, &wide, err);
	sbk_win32_close(&handle);
	if (rc == 0) {
		sbk_narrow_add(out, (const WCHAR *)(const void *)wide.data,
			       wide.size / sizeof(WCHAR));
		rc = sbk_buf_failed(out, err);
	}
	for (i = 0; rc == 0 && i < out->size; i++)
		if (out->data[i] == '\\')
			out->data[i] = '/';
	while (rc == 0 && out->size > 0 && out->data[out->size - 1] != '/')
		out->data[--out->size] = '\0';
	/* The volume's root keeps its separator. */
	if (rc == 0 && out->size > 1 && out->data[out->size - 2] != '}')
		out->data[--out->size] = '\0';
	sbk_buf_release(&wide);
	return rc;
}

/* The directory that has the last one in it. */
static int flush_holder(const struct sbk_volume *volume, struct sbk_error *err)
{
	struct sbk_buf path = SBK_BUF_INIT;
	struct sbk_pin pin = SBK_PIN_INIT;
	int rc = find_holder(volume, volume->last, &path, err);

	if (rc == 0)
		rc = sbk_pin_path(sbk_buf_text(&path),
				  FILE_ADD_FILE | SYNCHRONIZE, &pin, err);
	if (rc == 0 && pin.serial != volume->serial)
		rc = sbk_error_set(err, SBK_E_CONFLICT,
				   "'%.300s' is another volume's by now",
				   sbk_buf_text(&path));
	if (rc == 0)
		rc = sbk_win32_flush(pin.handle, err);
	sbk_pin_release(&pin);
	sbk_buf_release(&path);
	return rc;
}

/* What cannot be opened for it (read-only, running, or only looked at, since
 * others shut the caller out) has a directory above it. */
static int flush_last(const struct sbk_volume *volume, struct sbk_error *err)
{
	int rc = flush_one(volume, volume->last, FILE_APPEND_DATA, err);

	if (rc == 0)
		return 0;
	if ((!volume->has_directory ||
	     flush_one(volume, volume->directory, FILE_ADD_FILE, NULL) < 0) &&
	    flush_holder(volume, NULL) < 0)
		return rc;
	sbk_error_clear(err);
	return 0;
}

int sbk_volumes_flush(struct sbk_volumes *volumes, struct sbk_error *err)
{
	int first = 0;
	size_t i;

	for (i = 0; i < volumes->count; i++) {
		struct sbk_volume *volume = &volumes->items[i];
		struct sbk_error why = SBK_ERROR_INIT;
		int rc;

		if (!volume->touched)
			continue;
		rc = flush_whole(volume, &why);
		if (rc < 0) /* also where the volume has no such device */
			rc = flush_last(volume, first == 0 ? err : NULL);
		if (rc < 0 && first == 0)
			first = sbk_error_prefix(err, "flushing volume {%s}",
						 volume->guid);
		if (rc == 0)
			volume->touched = volume->changed = false;
	}
	return first;
}

void sbk_identity_format(const struct sbk_volume *volume,
			 const struct sbk_pin *pin, char out[SBK_IDENTITY_MAX])
{
	char id[2 * SBK_FILE_ID_BYTES + 1];
	size_t i;

	for (i = 0; i < SBK_FILE_ID_BYTES; i++)
		(void)snprintf(id + 2 * i, 3, "%02x", pin->id[i]);
	(void)snprintf(out, SBK_IDENTITY_MAX, "ntfs:%s:%016" PRIx64 ":%s",
		       volume->guid, pin->serial, id);
}

/* Where the parts of an identity stand. */
enum { GUID_AT = 5, SERIAL_AT = GUID_AT + 37, ID_AT = SERIAL_AT + 17 };

bool sbk_identity_parse(const char *text, char *guid, uint64_t *serial,
			uint8_t id[SBK_FILE_ID_BYTES])
{
	char digits[17];
	uint8_t bytes[8];
	size_t i;

	if (strlen(text) != ID_AT + 2 * SBK_FILE_ID_BYTES ||
	    strncmp(text, "ntfs:", GUID_AT) != 0 ||
	    text[SERIAL_AT - 1] != ':' || text[ID_AT - 1] != ':')
		return false;
	memcpy(guid, text + GUID_AT, 36);
	guid[36] = '\0';
	memcpy(digits, text + SERIAL_AT, 16);
	digits[16] = '\0';
	if (!sbk_hex_decode(digits, bytes, sizeof(bytes)) ||
	    !sbk_hex_decode(text + ID_AT, id, SBK_FILE_ID_BYTES))
		return false;
	*serial = 0;
	for (i = 0; i < sizeof(bytes); i++)
		*serial = *serial << 8 | bytes[i];
	return true;
}
