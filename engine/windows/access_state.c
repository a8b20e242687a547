/*
 * The text of an access state, and the way between it and the bytes of a
 * descriptor. What is read must be exactly what would be written: what the
 * journal hands back may have been written by anyone.
 */
#include "engine/windows/access_state.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/ntsec/wire.h"
#include "engine/state_text.h"

#include "engine/banned.h"

void sbk_nt_access_release(struct sbk_nt_access *access)
{
	sbk_buf_release(&access->dacl);
}

int sbk_nt_access_from_sd(const uint8_t *data, size_t size, bool is_directory,
			  struct sbk_nt_access *out, struct sbk_error *err)
{
	struct sbk_sd sd;
	int rc = sbk_sd_read(data, size, &sd, err);

	if (rc < 0)
		return rc;
	out->is_directory = is_directory;
	out->has_owner = sd.has_owner;
	out->has_group = sd.has_group;
	out->owner = sd.owner;
	out->group = sd.group;
	out->control = sd.control & SBK_NT_ACCESS_CONTROL;
	out->dacl_is = sd.dacl_is;
	sbk_buf_clear(&out->dacl);
	if (sd.dacl_is == SBK_ACL_PRESENT)
		sbk_buf_add(&out->dacl, sd.dacl.bytes, sd.dacl.size);
	return sbk_buf_failed(&out->dacl, err);
}

int sbk_nt_access_dacl(const struct sbk_nt_access *access,
		       struct sbk_nt_acl *out, struct sbk_error *err)
{
	return sbk_nt_acl_read((const uint8_t *)access->dacl.data,
			       access->dacl.size, out, err);
}

int sbk_nt_access_view(const struct sbk_nt_access *access, struct sbk_sd *out,
		       struct sbk_error *err)
{
	int rc = 0;

	memset(out, 0, sizeof(*out));
	out->control = access->control | SBK_SD_SELF_RELATIVE;
	if ((access->control & SBK_SD_DACL_INHERITED) != 0)
		out->control |= SBK_SD_DACL_INHERIT_REQ;
	out->has_owner = access->has_owner;
	out->has_group = access->has_group;
	out->owner = access->owner;
	out->group = access->group;
	out->sacl_is = SBK_ACL_ABSENT;
	out->dacl_is = access->dacl_is;
	if (access->dacl_is == SBK_ACL_PRESENT)
		rc = sbk_nt_access_dacl(access, &out->dacl, err);
	return rc;
}

int sbk_nt_access_to_sd(const struct sbk_nt_access *access, struct sbk_buf *out,
			struct sbk_error *err)
{
	struct sbk_sd sd;
	int rc = sbk_nt_access_view(access, &sd, err);

	return rc < 0 ? rc : sbk_sd_write(&sd, out, err);
}

bool sbk_nt_access_equal(const struct sbk_nt_access *a,
			 const struct sbk_nt_access *b)
{
	return a->is_directory == b->is_directory &&
	       a->has_owner == b->has_owner && a->has_group == b->has_group &&
	       (!a->has_owner || sbk_sid_equal(&a->owner, &b->owner)) &&
	       (!a->has_group || sbk_sid_equal(&a->group, &b->group)) &&
	       a->control == b->control && a->dacl_is == b->dacl_is &&
	       (a->dacl_is != SBK_ACL_PRESENT ||
		(a->dacl.size == b->dacl.size &&
		 memcmp(a->dacl.data, b->dacl.data, a->dacl.size) == 0));
}

void sbk_nt_ace_format(const struct sbk_ace_key *key, struct sbk_buf *out)
{
	struct sbk_sid_text text;

	sbk_buf_printf(out, "ace 0x%02x 0x%02x 0x%08" PRIx32 " %s\n", key->type,
		       key->flags, key->mask, sbk_sid_format(&key->sid, &text));
}

static void format_ace(const struct sbk_ace *ace, struct sbk_buf *out)
{
	const struct sbk_ace_key key = {.type = ace->type,
					.flags = ace->flags,
					.mask = ace->mask,
					.sid = ace->sid};

	if (sbk_ace_type_is_plain(ace->type) && sbk_ace_is(ace, &key)) {
		sbk_nt_ace_format(&key, out);
		return;
	}
	sbk_buf_adds(out, "raw ");
	sbk_buf_add_hex(out, ace->bytes, ace->size);
	sbk_buf_addc(out, '\n');
}

/* The bytes of a list's header that no reader looks at. */
#define ACL_SBZ1 1
#define ACL_SBZ2 6

static int format_dacl(const struct sbk_nt_access *access, struct sbk_buf *out,
		       struct sbk_error *err)
{
	struct sbk_nt_acl_cursor at = SBK_NT_ACL_BEGIN;
	struct sbk_nt_acl acl;
	struct sbk_ace ace;
	int rc = sbk_nt_access_dacl(access, &acl, err);

	if (rc < 0)
		return rc;
	sbk_buf_printf(out, "dacl %u 0x%02x 0x%04x\n", acl.revision,
		       acl.bytes[ACL_SBZ1], get_u16le(acl.bytes + ACL_SBZ2));
	while (sbk_nt_acl_next(&acl, &at, &ace))
		format_ace(&ace, out);
	if (acl.used < acl.size) {
		sbk_buf_adds(out, "slack ");
		sbk_buf_add_hex(out, acl.bytes + acl.used, acl.size - acl.used);
		sbk_buf_addc(out, '\n');
	}
	return 0;
}

static void format_sid(struct sbk_buf *out, const char *word, bool has,
		       const struct sbk_sid *sid)
{
	struct sbk_sid_text text;

	sbk_buf_printf(out, "%s %s\n", word,
		       has ? sbk_sid_format(sid, &text) : "none");
}

int sbk_nt_access_format(const struct sbk_nt_access *access,
			 struct sbk_buf *out, struct sbk_error *err)
{
	int rc = 0;

	sbk_buf_adds(out,
		     access->is_directory ? "type directory\n" : "type file\n");
	format_sid(out, "owner", access->has_owner, &access->owner);
	format_sid(out, "group", access->has_group, &access->group);
	sbk_buf_printf(out, "control 0x%04x\n", access->control);
	if (access->dacl_is == SBK_ACL_PRESENT)
		rc = format_dacl(access, out, err);
	else
		sbk_buf_adds(out, access->dacl_is == SBK_ACL_NULL
					  ? "dacl null\n"
					  : "dacl absent\n");
	return rc < 0 ? rc : sbk_buf_failed(out, err);
}

static bool line_is(const char *text, size_t size, const char *expected)
{
	return size == strlen(expected) && memcmp(text, expected, size) == 0;
}

/* "0x" and exactly `digits` hexadecimal ones. */
static bool parse_hex(const char *text, size_t digits, uint32_t *out)
{
	uint8_t bytes[4];
	uint32_t value = 0;
	char copy[9];
	size_t i;

	if (text[0] != '0' || text[1] != 'x')
		return false;
	memcpy(copy, text + 2, digits);
	copy[digits] = '\0';
	if (!sbk_hex_decode(copy, bytes, digits / 2))
		return false;
	for (i = 0; i < digits / 2; i++)
		value = value << 8 | bytes[i];
	*out = value;
	return true;
}

/* "0x00 0x10 0x001f01ff S-1-...": three numbers at fixed places. */
#define ACE_TEXT_SID 21

bool sbk_nt_ace_parse(const char *text, size_t size, struct sbk_ace_key *out)
{
	uint32_t type, flags, mask;

	if (size <= ACE_TEXT_SID || text[4] != ' ' || text[9] != ' ' ||
	    text[20] != ' ' || !parse_hex(text, 2, &type) ||
	    !parse_hex(text + 5, 2, &flags) ||
	    !parse_hex(text + 10, 8, &mask) ||
	    sbk_sid_parse(text + ACE_TEXT_SID, size - ACE_TEXT_SID, &out->sid,
			  NULL) < 0)
		return false;
	out->type = (uint8_t)type;
	out->flags = (uint8_t)flags;
	out->mask = mask;
	return sbk_ace_type_is_plain(out->type);
}

static bool take_sid(struct sbk_state_text *cursor, const char *word, bool *has,
		     struct sbk_sid *out)
{
	const char *text;
	size_t size;

	if (!sbk_state_text_take(cursor, word, &text, &size))
		return false;
	*has = !line_is(text, size, "none");
	return !*has || sbk_sid_parse(text, size, out, NULL) == 0;
}

/* Appends the bytes that `size` hexadecimal digits mean. */
static bool add_hex(struct sbk_buf *out, const char *text, size_t size)
{
	char digits[3] = "";
	uint8_t byte;
	size_t i;

	if (size == 0 || size % 2 != 0 || size / 2 > SBK_NT_ACL_BYTES_MAX)
		return false;
	for (i = 0; i < size; i += 2) {
		memcpy(digits, text + i, 2);
		if (!sbk_hex_decode(digits, &byte, 1))
			return false;
		sbk_buf_add(out, &byte, 1);
	}
	return true;
}

static bool take_entries(struct sbk_state_text *cursor, struct sbk_buf *acl,
			 uint16_t *count)
{
	const char *text;
	size_t size;

	*count = 0;
	while (*count < UINT16_MAX && acl->size <= SBK_NT_ACL_BYTES_MAX) {
		struct sbk_ace_parts parts = {.type = 0};
		struct sbk_ace_key key;

		if (sbk_state_text_take(cursor, "ace ", &text, &size)) {
			if (!sbk_nt_ace_parse(text, size, &key))
				return false;
			parts.type = key.type;
			parts.flags = key.flags;
			parts.mask = key.mask;
			parts.sid = key.sid;
			if (sbk_ace_write(acl, &parts, NULL) < 0)
				return false;
		} else if (!sbk_state_text_take(cursor, "raw ", &text, &size)) {
			return true;
		} else if (!add_hex(acl, text, size)) {
			return false;
		}
		(*count)++;
	}
	return false;
}

/* "2 0x00 0x0000" */
static bool parse_acl_header(const char *text, size_t size, uint8_t *header)
{
	uint32_t sbz1, sbz2;

	if (size != 13 || text[0] < '2' || text[0] > '4' || text[1] != ' ' ||
	    text[6] != ' ' || !parse_hex(text + 2, 2, &sbz1) ||
	    !parse_hex(text + 7, 4, &sbz2))
		return false;
	header[0] = (uint8_t)(text[0] - '0');
	header[ACL_SBZ1] = (uint8_t)sbz1;
	put_u16le(header + ACL_SBZ2, (uint16_t)sbz2);
	return true;
}

static bool take_dacl(struct sbk_state_text *cursor, struct sbk_nt_access *out)
{
	uint8_t header[SBK_NT_ACL_HEADER_BYTES] = {0};
	struct sbk_nt_acl acl;
	const char *text;
	uint16_t count;
	size_t size;

	sbk_buf_clear(&out->dacl);
	if (!sbk_state_text_take(cursor, "dacl ", &text, &size))
		return false;
	out->dacl_is =
		line_is(text, size, "null") ? SBK_ACL_NULL : SBK_ACL_ABSENT;
	if (out->dacl_is == SBK_ACL_NULL || line_is(text, size, "absent"))
		return true;
	out->dacl_is = SBK_ACL_PRESENT;
	if (!parse_acl_header(text, size, header))
		return false;
	sbk_buf_add(&out->dacl, header, sizeof(header));
	if (!take_entries(cursor, &out->dacl, &count) ||
	    (sbk_state_text_take(cursor, "slack ", &text, &size) &&
	     !add_hex(&out->dacl, text, size)) ||
	    out->dacl.size > SBK_NT_ACL_BYTES_MAX ||
	    sbk_buf_failed(&out->dacl, NULL) < 0)
		return false;
	put_u16le((uint8_t *)out->dacl.data + 2, (uint16_t)out->dacl.size);
	put_u16le((uint8_t *)out->dacl.data + 4, count);
	return sbk_nt_access_dacl(out, &acl, NULL) == 0;
}

static bool parse_lines(struct sbk_state_text *cursor,
			struct sbk_nt_access *out)
{
	const char *text;
	uint32_t control;
	size_t size;

	if (!sbk_state_text_take(cursor, "type ", &text, &size))
		return false;
	out->is_directory = line_is(text, size, "directory");
	if (!take_sid(cursor, "owner ", &out->has_owner, &out->owner) ||
	    !take_sid(cursor, "group ", &out->has_group, &out->group) ||
	    !sbk_state_text_take(cursor, "control ", &text, &size) ||
	    size != 6 || !parse_hex(text, 4, &control) ||
	    (control & ~(uint32_t)SBK_NT_ACCESS_CONTROL) != 0)
		return false;
	out->control = (uint16_t)control;
	return take_dacl(cursor, out) && cursor->at == cursor->size;
}

int sbk_nt_access_parse(struct sbk_state state, struct sbk_nt_access *out,
			struct sbk_error *err)
{
	struct sbk_state_text cursor = {.data = state.data, .size = state.size};
	struct sbk_buf again = SBK_BUF_INIT;
	int rc = SBK_E_PARSE;

	/* One form of each state: what would be written must be what was
	 * read. That settles spaces, case, zeros and `raw` at once. */
	if (parse_lines(&cursor, out) &&
	    sbk_nt_access_format(out, &again, NULL) == 0 &&
	    again.size == state.size &&
	    memcmp(again.data, state.data, state.size) == 0)
		rc = 0;
	sbk_buf_release(&again);
	if (rc == 0)
		return 0;
	rc = sbk_error_set(err, SBK_E_PARSE,
			   "an access state is malformed at or before byte %zu",
			   cursor.at);
	if (err != NULL)
		err->offset = cursor.at;
	return rc;
}

int sbk_nt_access_bytes(struct sbk_state state, struct sbk_buf *out,
			struct sbk_error *err)
{
	struct sbk_nt_access access = SBK_NT_ACCESS_INIT;
	int rc = sbk_nt_access_parse(state, &access, err);

	if (rc == 0)
		rc = sbk_nt_access_to_sd(&access, out, err);
	sbk_nt_access_release(&access);
	return rc;
}

int sbk_nt_access_of_bytes(const struct sbk_buf *bytes, bool is_directory,
			   struct sbk_buf *next, struct sbk_error *err)
{
	struct sbk_nt_access access = SBK_NT_ACCESS_INIT;
	int rc = sbk_nt_access_from_sd((const uint8_t *)bytes->data,
				       bytes->size, is_directory, &access, err);

	if (rc == 0)
		rc = sbk_nt_access_format(&access, next, err);
	sbk_nt_access_release(&access);
	return rc;
}
