/*
 * POSIX ACLs as values. Owns the layout of the kernel's attribute and the
 * text of an entry; refuses bytes that do not fit exactly rather than guess.
 *
 * The layout (little endian): a version of four bytes, which is 2, then for
 * each entry a tag and permissions of two bytes each and an id of four, which
 * is 0xffffffff where no one is named.
 */
#include "engine/linux/posix_acl.h"

#include <string.h>

#include "engine/banned.h"

#define ACL_VERSION 2u
#define ID_NONE 0xffffffffu

static uint16_t get_u16(const unsigned char *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t get_u32(const unsigned char *p)
{
	return (uint32_t)get_u16(p) | (uint32_t)get_u16(p + 2) << 16;
}

static void put_u16(unsigned char *p, uint32_t value)
{
	p[0] = (unsigned char)value;
	p[1] = (unsigned char)(value >> 8);
}

static void put_u32(unsigned char *p, uint32_t value)
{
	put_u16(p, value);
	put_u16(p + 2, value >> 16);
}

static bool tag_is_named(unsigned tag)
{
	return tag == SBK_ACL_USER || tag == SBK_ACL_GROUP;
}

static bool tag_is_known(unsigned tag)
{
	return tag != 0 && tag <= SBK_ACL_OTHER && (tag & (tag - 1)) == 0;
}

int sbk_acl_decode(const void *data, size_t size, struct sbk_acl *out,
		   struct sbk_error *err)
{
	const unsigned char *p = data;
	size_t i, count;

	if (size < 4 || (size - 4) % 8 != 0)
		return sbk_error_set(err, SBK_E_PARSE,
				     "an ACL of %zu bytes is none", size);
	if (get_u32(p) != ACL_VERSION)
		return sbk_error_set(err, SBK_E_UNSUPPORTED,
				     "ACL version %u is not known",
				     (unsigned)get_u32(p));
	count = (size - 4) / 8;
	if (count > SBK_ACL_ENTRIES_MAX)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "an ACL of %zu entries is over the limit "
				     "of %d",
				     count, SBK_ACL_ENTRIES_MAX);
	for (i = 0, p += 4; i < count; i++, p += 8) {
		unsigned tag = get_u16(p), perms = get_u16(p + 2);

		if (!tag_is_known(tag) || perms > 7)
			return sbk_error_set(err, SBK_E_PARSE,
					     "ACL entry %zu is malformed", i);
		out->entries[i].tag = (uint8_t)tag;
		out->entries[i].perms = (uint8_t)perms;
		out->entries[i].id = tag_is_named(tag) ? get_u32(p + 4) : 0;
	}
	out->count = count;
	return 0;
}

size_t sbk_acl_encode(const struct sbk_acl *acl,
		      unsigned char out[SBK_ACL_BYTES_MAX])
{
	unsigned char *p = out;
	size_t i;

	put_u32(p, ACL_VERSION);
	for (i = 0, p += 4; i < acl->count; i++, p += 8) {
		const struct sbk_acl_entry *entry = &acl->entries[i];

		put_u16(p, entry->tag);
		put_u16(p + 2, entry->perms);
		put_u32(p + 4, tag_is_named(entry->tag) ? entry->id : ID_NONE);
	}
	return SBK_ACL_BYTES(acl->count);
}

static char tag_letter(uint8_t tag)
{
	switch (tag) {
	case SBK_ACL_USER_OBJ:
	case SBK_ACL_USER:
		return 'u';
	case SBK_ACL_GROUP_OBJ:
	case SBK_ACL_GROUP:
		return 'g';
	case SBK_ACL_MASK:
		return 'm';
	default:
		return 'o';
	}
}

/* By hand, because a scan formats hundreds of thousands of them. */
void sbk_acl_entry_format(const struct sbk_acl_entry *entry,
			  struct sbk_buf *out)
{
	char text[24];
	size_t at = sizeof(text);
	uint32_t id = entry->id;

	text[--at] = entry->perms & SBK_ACL_EXECUTE ? 'x' : '-';
	text[--at] = entry->perms & SBK_ACL_WRITE ? 'w' : '-';
	text[--at] = entry->perms & SBK_ACL_READ ? 'r' : '-';
	text[--at] = ':';
	if (tag_is_named(entry->tag)) {
		do {
			text[--at] = (char)('0' + id % 10);
			id /= 10;
		} while (id != 0);
	}
	text[--at] = ':';
	text[--at] = tag_letter(entry->tag);
	sbk_buf_add(out, text + at, sizeof(text) - at);
}

static bool parse_perms(const char *text, uint8_t *out)
{
	static const char letters[] = "rwx";
	uint8_t perms = 0;
	int i;

	for (i = 0; i < 3; i++) {
		perms = (uint8_t)(perms << 1);
		if (text[i] == letters[i])
			perms |= 1;
		else if (text[i] != '-')
			return false;
	}
	*out = perms;
	return true;
}

/*
 * A decimal id without leading zeros. The number that means "none" is what a
 * user namespace shows of an id that it does not map: it can be read, and
 * compared, and the kernel takes no ACL that has it.
 */
static bool parse_id(const char *text, size_t size, uint32_t *out)
{
	uint64_t value = 0;
	size_t i;

	if (size == 0 || size > 10 || (size > 1 && text[0] == '0'))
		return false;
	for (i = 0; i < size; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		value = value * 10 + (uint64_t)(text[i] - '0');
	}
	*out = (uint32_t)value;
	return value <= ID_NONE;
}

static uint8_t tag_of_letter(char letter, bool named)
{
	switch (letter) {
	case 'u':
		return named ? SBK_ACL_USER : SBK_ACL_USER_OBJ;
	case 'g':
		return named ? SBK_ACL_GROUP : SBK_ACL_GROUP_OBJ;
	case 'm':
		return named ? 0 : SBK_ACL_MASK;
	case 'o':
		return named ? 0 : SBK_ACL_OTHER;
	default:
		return 0;
	}
}

bool sbk_acl_entry_parse(const char *text, size_t size,
			 struct sbk_acl_entry *out)
{
	struct sbk_acl_entry entry = {0};
	bool named = size > 6;

	/* The shortest is "u::rwx"; an id stands between the colons. */
	if (size < 6 || text[1] != ':' || text[size - 4] != ':')
		return false;
	entry.tag = tag_of_letter(text[0], named);
	if (entry.tag == 0 || !parse_perms(text + size - 3, &entry.perms))
		return false;
	if (named && !parse_id(text + 2, size - 6, &entry.id))
		return false;
	*out = entry;
	return true;
}

bool sbk_acl_valid(const struct sbk_acl *acl)
{
	unsigned seen = 0;
	size_t i;

	for (i = 0; i < acl->count; i++) {
		unsigned tag = acl->entries[i].tag;

		/* Tags grow; only those that name someone may come again. */
		if (seen >= tag << 1)
			return false;
		if ((seen & tag) != 0 && !tag_is_named(tag))
			return false;
		seen |= tag;
	}
	if ((seen & SBK_ACL_USER_OBJ) == 0 || (seen & SBK_ACL_GROUP_OBJ) == 0 ||
	    (seen & SBK_ACL_OTHER) == 0)
		return false;
	return (seen & (SBK_ACL_USER | SBK_ACL_GROUP)) == 0 ||
	       (seen & SBK_ACL_MASK) != 0;
}

const struct sbk_acl_entry *sbk_acl_find_const(const struct sbk_acl *acl,
					       uint8_t tag, uint32_t id)
{
	size_t i;

	for (i = 0; i < acl->count; i++)
		if (acl->entries[i].tag == tag && acl->entries[i].id == id)
			return &acl->entries[i];
	return NULL;
}

struct sbk_acl_entry *sbk_acl_find(struct sbk_acl *acl, uint8_t tag,
				   uint32_t id)
{
	const struct sbk_acl_entry *found = sbk_acl_find_const(acl, tag, id);

	return found == NULL ? NULL : &acl->entries[found - acl->entries];
}

bool sbk_acl_insert(struct sbk_acl *acl, struct sbk_acl_entry entry)
{
	size_t i = acl->count;

	if (acl->count == SBK_ACL_ENTRIES_MAX)
		return false;
	while (i > 0 && acl->entries[i - 1].tag > entry.tag) {
		acl->entries[i] = acl->entries[i - 1];
		i--;
	}
	acl->entries[i] = entry;
	acl->count++;
	return true;
}

void sbk_acl_remove(struct sbk_acl *acl, struct sbk_acl_entry *entry)
{
	struct sbk_acl_entry *end = acl->entries + acl->count;

	memmove(entry, entry + 1, (size_t)(end - entry - 1) * sizeof(*entry));
	acl->count--;
}

void sbk_acl_from_mode(struct sbk_acl *acl, uint32_t mode)
{
	static const uint8_t tags[] = {SBK_ACL_USER_OBJ, SBK_ACL_GROUP_OBJ,
				       SBK_ACL_OTHER};
	size_t i;

	for (i = 0; i < 3; i++) {
		acl->entries[i].tag = tags[i];
		acl->entries[i].id = 0;
		acl->entries[i].perms = (uint8_t)(mode >> (6 - 3 * i) & 7);
	}
	acl->count = 3;
}

uint32_t sbk_acl_mode(const struct sbk_acl *acl)
{
	const struct sbk_acl_entry *mask =
		sbk_acl_find_const(acl, SBK_ACL_MASK, 0);
	uint32_t mode = 0;
	size_t i;

	for (i = 0; i < acl->count; i++) {
		uint32_t perms = acl->entries[i].perms;

		if (acl->entries[i].tag == SBK_ACL_USER_OBJ)
			mode |= perms << 6;
		else if (acl->entries[i].tag == SBK_ACL_GROUP_OBJ)
			mode |= (mask != NULL ? mask->perms : perms) << 3;
		else if (acl->entries[i].tag == SBK_ACL_OTHER)
			mode |= perms;
	}
	return mode;
}

bool sbk_acl_has_named(const struct sbk_acl *acl)
{
	size_t i;

	for (i = 0; i < acl->count; i++)
		if (tag_is_named(acl->entries[i].tag))
			return true;
	return false;
}

uint8_t sbk_acl_group_class(const struct sbk_acl *acl)
{
	uint8_t perms = 0;
	size_t i;

	for (i = 0; i < acl->count; i++)
		if (tag_is_named(acl->entries[i].tag) ||
		    acl->entries[i].tag == SBK_ACL_GROUP_OBJ)
			perms |= acl->entries[i].perms;
	return perms;
}

bool sbk_acl_equal(const struct sbk_acl *a, const struct sbk_acl *b)
{
	size_t i;

	if (a->count != b->count)
		return false;
	for (i = 0; i < a->count; i++)
		if (a->entries[i].tag != b->entries[i].tag ||
		    a->entries[i].id != b->entries[i].id ||
		    a->entries[i].perms != b->entries[i].perms)
			return false;
	return true;
}

void sbk_acl_copy(struct sbk_acl *to, const struct sbk_acl *from)
{
	/* The unused rest of eight kilobytes is not worth moving. */
	memcpy(to->entries, from->entries,
	       from->count * sizeof(from->entries[0]));
	to->count = from->count;
}
