/*
 * Paths by their bytes. Owns which forms of a path are taken at all: a drive's.
 * Shares, devices and volumes without a letter are refused here, before anybody
 * opens them: a name of another machine is a message to that machine.
 */
#include "engine/windows/drive_path.h"

#include <string.h>

#include "engine/limits.h"
#include "engine/ntsec/utf.h"

#include "engine/banned.h"

#define TAG_MOUNT_POINT 0xA0000003u
#define TAG_SYMLINK 0xA000000Cu
#define SYMLINK_RELATIVE 1u
/* Where NT has its drives; in two parts, or it were a trigraph. */
#define NT_PREFIX \
	"/?"      \
	"?/"

static bool is_letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

bool sbk_drive_root(const char *path, size_t *root)
{
	*root = 2;
	return is_letter(path[0]) && path[1] == ':' && path[2] == '/';
}

void sbk_drive_take(char *text)
{
	const size_t prefix = 4;
	size_t i;

	for (i = 0; text[i] != '\0'; i++)
		if (text[i] == '\\')
			text[i] = '/';
	if (strncmp(text, "//?/", prefix) == 0 && is_letter(text[prefix]) &&
	    text[prefix + 1] == ':')
		memmove(text, text + prefix, i - prefix + 1);
}

void sbk_drive_give(char *text)
{
	for (; *text != '\0'; text++)
		if (*text == '/')
			*text = '\\';
}

const char *sbk_drive_problem(const char *text)
{
	size_t root;

	if (text[0] == '/' && text[1] == '/')
		return "names a share, a device or a volume without a letter; "
		       "only drives of this machine are taken";
	if (text[0] == '/')
		return "names no drive; begin with one, as 'C:/'";
	if (is_letter(text[0]) && text[1] == ':' && text[2] != '/')
		return "names a drive and no place on it; write 'C:/' and the "
		       "whole path";
	if (strchr(text + (sbk_drive_root(text, &root) ? root : 0), ':') !=
	    NULL)
		return "has a ':' (a stream of a file, or a second drive)";
	return NULL;
}

void sbk_drive_fold(char *name, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++)
		if (name[i] >= 'a' && name[i] <= 'z')
			name[i] = (char)(name[i] - 'a' + 'A');
}

/* --- reparse points ------------------------------------------------------- */

static unsigned u16_at(const uint8_t *data, size_t at)
{
	return (unsigned)data[at] | (unsigned)data[at + 1] << 8;
}

static uint32_t u32_at(const uint8_t *data, size_t at)
{
	return u16_at(data, at) | (uint32_t)u16_at(data, at + 2) << 16;
}

/* The substitute name: at `names`, as the four lengths before it say. */
static int read_name(const uint8_t *data, size_t size, size_t names,
		     struct sbk_buf *out, struct sbk_error *err)
{
	const size_t offset = u16_at(data, 8), length = u16_at(data, 10);
	const uint8_t *at = data + names + offset;
	size_t left = length;

	if (names + offset + length > size || length % 2 != 0 || length == 0)
		return sbk_error_set(err, SBK_E_INVAL,
				     "a link whose text is malformed");
	while (left > 0) {
		uint32_t character;
		const size_t used = sbk_utf16_next(at, left, &character);

		if (character == 0)
			return sbk_error_set(err, SBK_E_INVAL,
					     "a link whose text is malformed");
		sbk_utf8_add(out, character);
		at += used;
		left -= used;
	}
	return sbk_buf_failed(out, err);
}

/* NT's name of "C:\a", taken: "C:/a". */
static int take_absolute(const char *text, struct sbk_buf *out,
			 struct sbk_error *err)
{
	size_t root;

	if (strncmp(text, NT_PREFIX, 4) == 0)
		text += 4;
	if (!sbk_drive_root(text, &root))
		return sbk_error_set(err, SBK_E_UNSUPPORTED,
				     "a link to '%.200s', which is on no drive "
				     "of this machine",
				     text);
	sbk_buf_adds(out, text);
	return sbk_buf_failed(out, err);
}

int sbk_reparse_target(const uint8_t *data, size_t size, struct sbk_buf *out,
		       struct sbk_error *err)
{
	struct sbk_buf text = SBK_BUF_INIT;
	uint32_t tag;
	bool relative = false;
	int rc;

	if (size < 20)
		return sbk_error_set(err, SBK_E_INVAL,
				     "a link whose text is malformed");
	tag = u32_at(data, 0);
	if (tag != TAG_MOUNT_POINT && tag != TAG_SYMLINK)
		return sbk_error_set(err, SBK_E_INVAL,
				     "no link, but a reparse point with the "
				     "tag 0x%08lx (a cloud's placeholder, or "
				     "another system's)",
				     (unsigned long)tag);
	if (tag == TAG_SYMLINK)
		relative = (u32_at(data, 16) & SYMLINK_RELATIVE) != 0;
	rc = read_name(data, size, tag == TAG_SYMLINK ? 20 : 16, &text, err);
	if (rc == 0) {
		char *taken = text.data;
		size_t i;

		for (i = 0; i < text.size; i++)
			if (taken[i] == '\\')
				taken[i] = '/';
		if (relative)
			sbk_buf_add(out, taken, text.size);
		else
			rc = take_absolute(sbk_buf_text(&text), out, err);
	}
	sbk_buf_release(&text);
	return rc < 0 ? rc : sbk_buf_failed(out, err);
}

/* Appends the components of `text` to `out`, which keeps its first `root`. */
static int add_components(struct sbk_buf *out, size_t root, const char *text,
			  struct sbk_error *err)
{
	while (*text != '\0') {
		const size_t size = strcspn(text, "/");

		if (size == 2 && memcmp(text, "..", 2) == 0) {
			if (out->size == root)
				return sbk_error_set(err, SBK_E_INVAL,
						     "a link that leads above "
						     "its drive");
			while (out->data[--out->size] != '/')
				continue;
			out->data[out->size] = '\0';
		} else if (size > 0 && !(size == 1 && *text == '.')) {
			sbk_buf_addc(out, '/');
			sbk_buf_add(out, text, size);
		}
		text += size;
		text += *text == '/' ? 1 : 0;
	}
	return sbk_buf_failed(out, err);
}

int sbk_reparse_apply(const char *link, const char *target, const char *rest,
		      struct sbk_buf *out, struct sbk_error *err)
{
	size_t root, above = strlen(link);
	int rc;

	sbk_buf_clear(out);
	if (sbk_drive_root(target, &root)) {
		sbk_buf_add(out, target, root);
		rc = add_components(out, root, target + root, err);
	} else {
		const char *problem = sbk_drive_problem(target);

		if (problem != NULL)
			return sbk_error_set(err, SBK_E_UNSUPPORTED,
					     "a link to '%.200s', which %s",
					     target, problem);
		if (!sbk_drive_root(link, &root))
			return sbk_error_set(err, SBK_E_INVAL,
					     "'%.200s' is no absolute path",
					     link);
		while (above > root && link[above - 1] != '/')
			above--;
		sbk_buf_add(out, link, above > root ? above - 1 : root);
		rc = add_components(out, root, target, err);
	}
	if (rc == 0)
		rc = add_components(out, root, rest, err);
	if (rc == 0 && out->size == root)
		sbk_buf_addc(out, '/');
	if (rc == 0 && out->size >= SBK_PATH_MAX)
		rc = sbk_error_set(err, SBK_E_LIMIT,
				   "a link to a path of more than %d bytes",
				   SBK_PATH_MAX - 1);
	return rc < 0 ? rc : sbk_buf_failed(out, err);
}
