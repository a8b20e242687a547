/*
 * The text of an access state. Formats canonically and refuses to read
 * anything else: what the journal hands back may have been written by anyone.
 */
#include "engine/linux/access_state.h"

#include <string.h>
#include "engine/state_text.h"

#include "engine/banned.h"

static void add_number(struct sbk_buf *out, const char *word, uint32_t value,
		       unsigned base)
{
	char text[16];
	size_t at = sizeof(text);

	text[--at] = '\n';
	do {
		text[--at] = (char)('0' + value % base);
		value /= base;
	} while (value != 0);
	sbk_buf_adds(out, word);
	sbk_buf_add(out, text + at, sizeof(text) - at);
}

static void add_acl(struct sbk_buf *out, const char *word,
		    const struct sbk_acl *acl)
{
	size_t i;

	for (i = 0; i < acl->count; i++) {
		sbk_buf_adds(out, word);
		sbk_acl_entry_format(&acl->entries[i], out);
		sbk_buf_addc(out, '\n');
	}
}

void sbk_access_give(struct sbk_access *access, const uint32_t *uid,
		     const uint32_t *gid)
{
	if (uid != NULL)
		access->uid = *uid;
	if (gid != NULL)
		access->gid = *gid;
	if ((access->mode & SBK_MODE_TYPE) != SBK_MODE_DIRECTORY)
		access->mode &= ~(SBK_MODE_SETUID | SBK_MODE_SETGID);
}

void sbk_access_format(const struct sbk_access *access, struct sbk_buf *out)
{
	add_number(out, "owner ", access->uid, 10);
	add_number(out, "group ", access->gid, 10);
	add_number(out, "mode ", access->mode, 8);
	add_acl(out, "access ", &access->acl);
	add_acl(out, "default ", &access->dflt);
}

static bool take_number(struct sbk_state_text *cursor, const char *word,
			unsigned base, uint32_t *out)
{
	uint64_t value = 0;
	const char *text;
	size_t size, i;

	if (!sbk_state_text_take(cursor, word, &text, &size) || size == 0 ||
	    size > 10 || (size > 1 && text[0] == '0'))
		return false;
	for (i = 0; i < size; i++) {
		unsigned digit = (unsigned)text[i] - '0';

		if (digit >= base)
			return false;
		value = value * base + digit;
	}
	*out = (uint32_t)value;
	return value <= UINT32_MAX;
}

static bool take_acl(struct sbk_state_text *cursor, const char *word,
		     struct sbk_acl *acl)
{
	const char *text;
	size_t size;

	acl->count = 0;
	while (sbk_state_text_take(cursor, word, &text, &size)) {
		if (acl->count == SBK_ACL_ENTRIES_MAX ||
		    !sbk_acl_entry_parse(text, size, &acl->entries[acl->count]))
			return false;
		acl->count++;
	}
	return acl->count == 0 || sbk_acl_valid(acl);
}

bool sbk_access_consistent(const struct sbk_access *access)
{
	return access->acl.count == 0 ||
	       sbk_acl_mode(&access->acl) == (access->mode & SBK_MODE_PERMS);
}

int sbk_access_parse_head(const char *data, size_t size, struct sbk_access *out,
			  size_t *used, struct sbk_error *err)
{
	struct sbk_state_text cursor = {.data = data, .size = size};

	if (!take_number(&cursor, "owner ", 10, &out->uid) ||
	    !take_number(&cursor, "group ", 10, &out->gid) ||
	    !take_number(&cursor, "mode ", 8, &out->mode) ||
	    out->mode > (SBK_MODE_TYPE | SBK_MODE_BITS) ||
	    !take_acl(&cursor, "access ", &out->acl) ||
	    !take_acl(&cursor, "default ", &out->dflt) ||
	    !sbk_access_consistent(out)) {
		(void)sbk_error_set(err, SBK_E_PARSE,
				    "an access state is malformed at byte %zu",
				    cursor.at);
		if (err != NULL)
			err->offset = cursor.at;
		return SBK_E_PARSE;
	}
	*used = cursor.at;
	return 0;
}

int sbk_access_parse(struct sbk_state state, struct sbk_access *out,
		     struct sbk_error *err)
{
	size_t used;
	int rc;

	rc = sbk_access_parse_head(state.data, state.size, out, &used, err);
	if (rc == 0 && used != state.size)
		rc = sbk_error_set(err, SBK_E_PARSE,
				   "an access state has %zu bytes too many",
				   state.size - used);
	return rc;
}

bool sbk_access_equal(const struct sbk_access *a, const struct sbk_access *b)
{
	return a->uid == b->uid && a->gid == b->gid && a->mode == b->mode &&
	       sbk_acl_equal(&a->acl, &b->acl) &&
	       sbk_acl_equal(&a->dflt, &b->dflt);
}
