/*
 * Names and paths. Owns which texts are a path of ours; resolves nothing.
 */
#include "engine/windows/wide.h"

#include <string.h>

#include "engine/limits.h"
#include "engine/ntsec/utf.h"

#include "engine/banned.h"

bool sbk_wide_add(struct sbk_buf *out, const char *text, size_t size)
{
	while (size > 0) {
		uint32_t character;
		size_t used = sbk_utf8_next(text, size, &character);

		if (used == 0 || character == 0)
			return false;
		sbk_utf16_add(out, character);
		text += used;
		size -= used;
	}
	return true;
}

const WCHAR *sbk_wide_text(struct sbk_buf *buf)
{
	/* A buffer ends with one zero byte that is not counted; units need
	 * two. */
	sbk_buf_add(buf, "\0", 2);
	if (sbk_buf_failed(buf, NULL) < 0)
		return NULL;
	buf->size -= 2;
	return (const WCHAR *)(const void *)buf->data;
}

const WCHAR *sbk_wide_of(struct sbk_buf *out, const char *text)
{
	return sbk_wide_add(out, text, strlen(text)) ? sbk_wide_text(out)
						     : NULL;
}

const WCHAR *sbk_wide_path(struct sbk_buf *out, const char *path)
{
	const WCHAR *text = sbk_wide_of(out, path);
	size_t i;

	for (i = 0; text != NULL && i < out->size; i += 2)
		if (out->data[i] == '/' && out->data[i + 1] == '\0')
			out->data[i] = '\\';
	return text;
}

void sbk_narrow_add(struct sbk_buf *out, const WCHAR *text, size_t units)
{
	const uint8_t *data = (const uint8_t *)text;
	size_t size = units * sizeof(*text);

	while (size > 0) {
		uint32_t character;
		size_t used = sbk_utf16_next(data, size, &character);

		sbk_utf8_add(out, character);
		data += used;
		size -= used;
	}
}

static int not_a_path(const char *path, struct sbk_error *err)
{
	return sbk_error_set(err, SBK_E_INVAL,
			     "'%.300s' is no path of a local volume; it must "
			     "be like C:/Users/ann/work",
			     path);
}

static bool is_letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* "//?/Volume{GUID}/" */
#define VOLUME_START "//?/Volume{"
#define VOLUME_SIZE (sizeof(VOLUME_START) - 1 + 36 + 2)

static bool is_volume(const char *path)
{
	size_t size = strlen(path);

	return size >= VOLUME_SIZE &&
	       strncmp(path, VOLUME_START, sizeof(VOLUME_START) - 1) == 0 &&
	       path[VOLUME_SIZE - 2] == '}' && path[VOLUME_SIZE - 1] == '/' &&
	       memchr(path + 4, '/', VOLUME_SIZE - 5) == NULL &&
	       memchr(path, '\\', VOLUME_SIZE) == NULL;
}

int sbk_wide_root(const char *path, struct sbk_buf *root, const char **rest,
		  struct sbk_error *err)
{
	size_t at, from = 0, size;

	if (strlen(path) >= SBK_PATH_MAX)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "a path of more than %d bytes",
				     SBK_PATH_MAX);
	if (is_letter(path[0]) && path[1] == ':' && path[2] == '/') {
		size = 3;
	} else if (is_volume(path)) {
		from = 4;
		size = VOLUME_SIZE;
	} else {
		return not_a_path(path, err);
	}
	(void)sbk_wide_add(root, "\\\\?\\", 4);
	for (at = from; at < size; at++) {
		const char *c = path[at] == '/' ? "\\" : &path[at];

		if (!sbk_wide_add(root, c, 1))
			return not_a_path(path, err);
	}
	*rest = path + size;
	return sbk_buf_failed(root, err);
}

static bool is_component(const char *name, size_t size)
{
	size_t i;

	if (size == 0 || (size == 1 && name[0] == '.') ||
	    (size == 2 && name[0] == '.' && name[1] == '.'))
		return false;
	for (i = 0; i < size; i++)
		if ((unsigned char)name[i] < 0x20 || name[i] == '\\' ||
		    name[i] == ':')
			return false;
	return true;
}

int sbk_wide_component(const char **rest, const char **name, size_t *size,
		       struct sbk_error *err)
{
	const char *text = *rest;

	*name = text;
	*size = strcspn(text, "/");
	if (*text == '\0')
		return 0;
	if (!is_component(text, *size))
		return sbk_error_set(err, SBK_E_INVAL,
				     "'%.*s' is no name of a file",
				     (int)(*size > 200 ? 200 : *size), text);
	*rest = text + *size + (text[*size] == '/');
	return 0;
}
