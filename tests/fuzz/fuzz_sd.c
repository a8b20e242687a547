/*
 * Fuzz target: the bytes of a descriptor. What is refused has a reason and a
 * place; what is read is written back byte for byte, means the same without its
 * layout, and survives an entry added and taken out again. A difference is told
 * where there is one.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/ntsec/rights.h"
#include "engine/ntsec/sd.h"
#include "engine/ntsec/sddl.h"

#include "engine/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static bool same(const struct sbk_buf *buf, const uint8_t *data, size_t size)
{
	return buf->size == size &&
	       (size == 0 || memcmp(buf->data, data, size) == 0);
}

/* A copy of its own size, so that a sanitizer sees its end. */
static uint8_t *copy_of(const struct sbk_buf *buf)
{
	uint8_t *copy = malloc(buf->size > 0 ? buf->size : 1);

	if (copy == NULL)
		exit(0); /* no memory: nothing to learn */
	if (buf->size > 0)
		memcpy(copy, buf->data, buf->size);
	return copy;
}

static void tell_sid(const struct sbk_sid *sid)
{
	static const struct sbk_sid_directory nobody;
	struct sbk_sid_verdict verdict = sbk_sid_judge(sid, &nobody);
	struct sbk_sid_text text;
	struct sbk_sid again;

	must(sbk_sid_class_text(verdict.class) != NULL);
	(void)sbk_sid_alias(sid, NULL);
	(void)sbk_sid_format(sid, &text);
	must(sbk_sid_parse(text.text, strlen(text.text), &again, NULL) == 0);
	must(sbk_sid_equal(sid, &again));
}

static void tell_ace(const struct sbk_ace *ace)
{
	static const struct sbk_sddl_options options;
	struct sbk_buf out = SBK_BUF_INIT;

	sbk_sddl_describe_ace(ace, &options, &out);
	must(out.failure != 0 || out.size > 0);
	sbk_buf_clear(&out);
	sbk_rights_describe(&out, ace->mask, SBK_NT_DIRECTORY);
	must(out.failure != 0 || out.size > 0);
	sbk_buf_release(&out);
	if (!ace->is_opaque)
		tell_sid(&ace->sid);
}

/* Writes an entry from the parts that were read: its own bytes again, where
 * its object flags say no more than what we know of. */
static void rewrite_ace(const struct sbk_ace *ace)
{
	struct sbk_ace_parts parts = {.type = ace->type,
				      .flags = ace->flags,
				      .mask = ace->mask,
				      .object_type = ace->object_type,
				      .inherited_type = ace->inherited_type,
				      .sid = ace->sid,
				      .data = ace->data,
				      .data_size = ace->data_size};
	struct sbk_buf out = SBK_BUF_INIT;
	int rc = sbk_ace_write(&out, &parts, NULL);

	must(ace->is_opaque ? rc == SBK_E_INVAL : rc == 0);
	must(ace->is_opaque || out.size == ace->size);
	if (!ace->is_opaque && ace->type < SBK_ACE_ALLOW_OBJECT)
		must(same(&out, ace->bytes, ace->size));
	sbk_buf_release(&out);
}

/* Added, and removed again. */
static void edit(const struct sbk_nt_acl *acl, const struct sbk_ace_key *key)
{
	struct sbk_buf added = SBK_BUF_INIT, removed = SBK_BUF_INIT;
	struct sbk_nt_acl longer;
	size_t count;
	uint8_t *copy;
	int rc = sbk_nt_acl_add(acl, key, &added, NULL);

	if (!sbk_ace_type_is_plain(key->type) ||
	    acl->size > SBK_NT_ACL_BYTES_MAX - SBK_SID_BYTES_MAX - 8) {
		must(rc == 0 || added.size == 0);
		sbk_buf_release(&added);
		return;
	}
	must(rc == 0);
	copy = copy_of(&added);
	must(sbk_nt_acl_read(copy, added.size, &longer, NULL) == 0);
	must(longer.count == acl->count + 1);
	must(sbk_nt_acl_count(&longer, key) == sbk_nt_acl_count(acl, key) + 1);
	if (sbk_nt_acl_examine_order(acl).is_canonical)
		must(sbk_nt_acl_examine_order(&longer).is_canonical);
	must(sbk_nt_acl_remove(&longer, key, 1, &removed, &count, NULL) == 0);
	must(count == 1);
	must(same(&removed, acl->bytes, acl->size));
	free(copy);
	sbk_buf_release(&removed);
	sbk_buf_release(&added);
}

static void look_at_acl(const struct sbk_nt_acl *acl)
{
	struct sbk_nt_acl_cursor at = SBK_NT_ACL_BEGIN;
	struct sbk_ace_key key = {.mask = 1};
	struct sbk_ace ace;
	unsigned n = 0;

	while (sbk_nt_acl_next(acl, &at, &ace)) {
		n++;
		if (n > 64)
			continue; /* long lists say nothing new */
		tell_ace(&ace);
		rewrite_ace(&ace);
		if (ace.is_opaque)
			continue;
		key.type = ace.type;
		key.flags = ace.flags;
		key.mask = ace.mask;
		key.sid = ace.sid;
		edit(acl, &key);
	}
	must(n == acl->count);
	key.type = SBK_ACE_DENY;
	key.flags = 0;
	key.sid = sbk_sid_make(1, &(uint32_t){0}, 1);
	edit(acl, &key);
}

/* Lines where the two differ, each ended; none where they do not. */
static void tell_difference(const struct sbk_sd *a, const struct sbk_sd *b)
{
	struct sbk_buf lines = SBK_BUF_INIT;

	sbk_sd_diff(a, b, NULL, &lines);
	must(lines.failure != 0 || (lines.size == 0) == sbk_sd_equal(a, b));
	must(lines.size == 0 || lines.data[lines.size - 1] == '\0');
	sbk_buf_release(&lines);
}

static void write_back(const struct sbk_sd *sd, const uint8_t *data,
		       size_t size)
{
	struct sbk_buf out = SBK_BUF_INIT;
	struct sbk_sd compact = *sd, again;
	uint8_t *copy;

	must(sbk_sd_write(sd, &out, NULL) == 0);
	must(same(&out, data, size));
	sbk_buf_clear(&out);
	compact.origin = NULL;
	must(sbk_sd_write(&compact, &out, NULL) == 0);
	copy = copy_of(&out);
	must(sbk_sd_read(copy, out.size, &again, NULL) == 0);
	must(sbk_sd_equal(sd, &again));
	tell_difference(sd, &again);
	again.dacl_is = SBK_ACL_NULL;
	tell_difference(sd, &again);
	free(copy);
	sbk_buf_release(&out);
}

/* Its lists, and its owner and group, the other way around. */
static void swap_parts(const struct sbk_sd *sd)
{
	struct sbk_sd other = *sd;

	other.dacl = sd->sacl;
	other.dacl_is = sd->sacl_is;
	other.sacl = sd->dacl;
	other.sacl_is = sd->dacl_is;
	tell_difference(sd, &other);
	other.owner = sd->group;
	other.has_owner = sd->has_group;
	other.group = sd->owner;
	other.has_group = sd->has_owner;
	other.control ^= SBK_SD_SACL_PROTECTED | SBK_SD_RM_CONTROL_VALID;
	other.rm_control ^= 1;
	tell_difference(&other, sd);
}

/* A part changed in place: the new one arrives, the others stay. */
static void change_owner(struct sbk_sd sd)
{
	struct sbk_buf out = SBK_BUF_INIT;
	struct sbk_sd again;
	uint8_t *copy;

	if (!sd.has_owner)
		return;
	sd.owner.bytes[7] ^= 1;
	sd.control ^= SBK_SD_DACL_PROTECTED;
	must(sbk_sd_write(&sd, &out, NULL) == 0);
	copy = copy_of(&out);
	must(sbk_sd_read(copy, out.size, &again, NULL) == 0);
	must(sbk_sd_equal(&sd, &again));
	free(copy);
	sbk_buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_sd sd;

	if (sbk_sd_read(data, size, &sd, &err) < 0) {
		must(err.message[0] != '\0');
		must(err.code == SBK_E_LIMIT ||
		     (err.code == SBK_E_PARSE && err.offset <= size));
		return 0;
	}
	write_back(&sd, data, size);
	change_owner(sd);
	swap_parts(&sd);
	if (sd.has_owner)
		tell_sid(&sd.owner);
	if (sd.dacl_is == SBK_ACL_PRESENT)
		look_at_acl(&sd.dacl);
	if (sd.sacl_is == SBK_ACL_PRESENT)
		look_at_acl(&sd.sacl);
	return 0;
}
