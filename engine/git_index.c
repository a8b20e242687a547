/*
 * Reading a git index: nothing but the paths of submodules. The bytes may be
 * anybody's; each length is checked against what is there, and each entry
 * against what git writes, so that a hash of the wrong size is noticed.
 *
 * The format (git's gitformat-index): a header of 12 bytes; entries of 40
 * bytes of file data, the hash, 16 bits of flags (the name's length in 12 of
 * them), 16 more from version 3 where a flag says so, and the name. Versions
 * 2 and 3 pad an entry to a multiple of 8; version 4 shortens a name by what
 * it shares with the one before. Then extensions, then the hash of it all.
 */
#include "engine/git_index.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "engine/limits.h"

#include "engine/banned.h"

#define HEADER_SIZE 12
#define FILE_DATA_SIZE 40
#define MODE_AT 24 /* within the file data */
#define MODE_SUBMODULE 0160000
#define MODE_TYPE 0170000
#define NAME_LENGTH 0xfff
#define FLAG_EXTENDED 0x4000

struct reader {
	const unsigned char *data;
	size_t size, at;
	uint32_t version, count;
	size_t hash;
	char name[SBK_PATH_MAX];
	size_t name_size;
	size_t submodules; /* met so far */
};

static uint32_t number(const unsigned char *at, int bytes)
{
	uint32_t value = 0;

	while (bytes-- > 0)
		value = value << 8 | *at++;
	return value;
}

static size_t left(const struct reader *r)
{
	return r->size - r->at;
}

/* How many bytes of the last name the next one does not share. */
static bool read_cut(struct reader *r, size_t *cut)
{
	size_t value;

	if (left(r) == 0)
		return false;
	value = r->data[r->at] & 127;
	while ((r->data[r->at++] & 128) != 0) {
		if (left(r) == 0 || value > SBK_PATH_MAX)
			return false;
		value = ((value + 1) << 7) | (r->data[r->at] & 127);
	}
	*cut = value;
	return value <= r->name_size;
}

/* The name, up to its zero byte. */
static bool read_name(struct reader *r, uint32_t flags)
{
	const unsigned char *end;
	size_t size, kept = 0, cut;

	if (r->version == 4) {
		if (!read_cut(r, &cut))
			return false;
		kept = r->name_size - cut;
	}
	end = memchr(r->data + r->at, '\0', left(r));
	if (end == NULL)
		return false;
	size = (size_t)(end - (r->data + r->at));
	if (kept + size >= sizeof(r->name))
		return false;
	memcpy(r->name + kept, r->data + r->at, size + 1);
	r->name_size = kept + size;
	r->at += size + 1;
	return r->name_size < NAME_LENGTH
		       ? r->name_size == (flags & NAME_LENGTH)
		       : (flags & NAME_LENGTH) == NAME_LENGTH;
}

static bool is_mode(uint32_t mode)
{
	switch (mode & MODE_TYPE) {
	case 0040000: /* a directory of a sparse index */
	case 0100000:
	case 0120000:
	case MODE_SUBMODULE:
		return true;
	default:
		return false;
	}
}

static bool read_entry(struct reader *r, uint32_t *mode)
{
	size_t start = r->at, fixed = FILE_DATA_SIZE + r->hash + 2, size;
	uint32_t flags;

	if (left(r) < fixed + 2)
		return false;
	*mode = number(r->data + start + MODE_AT, 4);
	flags = number(r->data + start + fixed - 2, 2);
	r->at += fixed;
	if ((flags & FLAG_EXTENDED) != 0) {
		if (r->version < 3)
			return false;
		r->at += 2;
	}
	if (!is_mode(*mode) || !read_name(r, flags))
		return false;
	if (r->version == 4)
		return true;
	/* One to eight zero bytes end an entry; one is the name's own. */
	size = r->at - start;
	size = (size + 7) / 8 * 8;
	if (size > r->size - start)
		return false;
	r->at = start + size;
	return true;
}

/* Whether the rest is extensions and the hash of it all; finds "link". */
static bool read_extensions(struct reader *r, char *base)
{
	while (left(r) >= r->hash + 8) {
		const unsigned char *at = r->data + r->at;
		size_t size = number(at + 4, 4), i;

		if (size > left(r) - 8 - r->hash)
			return false;
		if (memcmp(at, "link", 4) == 0 && size >= r->hash &&
		    base != NULL) {
			memcpy(base, "sharedindex.", 13);
			for (i = 0; i < r->hash; i++)
				(void)snprintf(base + 12 + 2 * i, 3, "%02x",
					       at[8 + i]);
		}
		r->at += 8 + size;
	}
	return left(r) == r->hash;
}

static int not_an_index(struct sbk_error *err)
{
	return sbk_error_set(err, SBK_E_PARSE, "is no git index known here");
}

static int read_all(struct reader *r, sbk_git_submodule_fn *each, void *arg,
		    char *base, struct sbk_error *err)
{
	uint32_t mode, i;
	int rc = 0;

	r->at = HEADER_SIZE;
	r->name_size = r->submodules = 0;
	for (i = 0; i < r->count && rc == 0; i++) {
		if (!read_entry(r, &mode))
			return not_an_index(err);
		if ((mode & MODE_TYPE) != MODE_SUBMODULE)
			continue;
		r->submodules++;
		if (each != NULL)
			rc = each(arg, r->name, err);
	}
	if (rc == 0 && !read_extensions(r, base))
		return not_an_index(err);
	return rc;
}

int sbk_git_index_read(const void *data, size_t size,
		       sbk_git_submodule_fn *each, void *arg, char *base,
		       struct sbk_error *err)
{
	struct reader r = {.data = data, .size = size};

	if (base != NULL)
		base[0] = '\0';
	if (size < HEADER_SIZE || memcmp(data, "DIRC", 4) != 0)
		return not_an_index(err);
	r.version = number(r.data + 4, 4);
	r.count = number(r.data + 8, 4);
	if (r.version < 2 || r.version > 4)
		return not_an_index(err);
	/* The hash's size stands in a config; the bytes tell it as well. Most
	 * indexes, and all large ones, need no second reading. */
	r.hash = 20;
	if (read_all(&r, NULL, NULL, base, err) < 0) {
		sbk_error_clear(err);
		if (base != NULL)
			base[0] = '\0';
		r.hash = 32;
	} else if (r.submodules == 0) {
		return 0;
	}
	return read_all(&r, each, arg, base, err);
}
