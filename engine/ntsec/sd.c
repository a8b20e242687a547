/*
 * Self-relative descriptors: reading into borrowed parts, writing with the
 * layout that was read, equality. Judges nothing: an order that is not
 * canonical, a NULL list, parts that share bytes and bytes between parts are
 * read and written as they are.
 *
 * Invariant: what sbk_sd_read accepted, sbk_sd_write gives back byte for byte.
 */
#include <string.h>

#include "engine/ntsec/sd.h"
#include "engine/ntsec/wire.h"

#include "engine/banned.h"

#define REVISION 1
#define RM_CONTROL_AT 1
#define CONTROL_AT 2
#define OFFSETS_AT 4 /* owner, group, SACL, DACL: as enum sbk_sd_part */

/* A part as bytes; none where data is NULL. */
struct part {
	const uint8_t *data;
	size_t size;
};

static int wrong(size_t offset, struct sbk_error *err, const char *why)
{
	int rc = sbk_error_set(err, SBK_E_PARSE,
			       "not a self-relative security descriptor: %s",
			       why);

	if (err != NULL)
		err->offset = offset;
	return rc;
}

static const char *part_text(enum sbk_sd_part part)
{
	static const char *const texts[SBK_SD_PARTS] = {
		[SBK_SD_OWNER] = "owner",
		[SBK_SD_GROUP] = "group",
		[SBK_SD_SACL] = "SACL",
		[SBK_SD_DACL] = "DACL"};

	return texts[part];
}

static uint32_t offset_of(const uint8_t *data, enum sbk_sd_part part)
{
	return get_u32le(data + OFFSETS_AT + 4 * (size_t)part);
}

static int check_header(const uint8_t *data, size_t size, struct sbk_error *err)
{
	uint32_t offset;
	unsigned i;

	if (size < SBK_SD_HEADER_BYTES)
		return wrong(size, err, "its header is cut off");
	if (size > SBK_SD_BYTES_MAX)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "a security descriptor of more than %d "
				     "bytes",
				     SBK_SD_BYTES_MAX);
	if (data[0] != REVISION)
		return wrong(0, err, "its revision is not 1");
	if (!(get_u16le(data + CONTROL_AT) & SBK_SD_SELF_RELATIVE))
		return wrong(CONTROL_AT, err, "it says that it is not");
	for (i = 0; i < SBK_SD_PARTS; i++) {
		offset = offset_of(data, (enum sbk_sd_part)i);
		if (offset != 0 &&
		    (offset < SBK_SD_HEADER_BYTES || offset >= size))
			return wrong(OFFSETS_AT + 4 * (size_t)i, err,
				     "an offset points outside");
	}
	return 0;
}

/* Makes an error that is relative to a part one of the whole. */
static int in_part(int rc, enum sbk_sd_part part, uint32_t offset,
		   struct sbk_error *err)
{
	if (rc < 0 && err != NULL) {
		err->offset += offset;
		(void)sbk_error_prefix(err, "%s", part_text(part));
	}
	return rc;
}

static int read_sid(const uint8_t *data, size_t size, enum sbk_sd_part part,
		    bool *has, struct sbk_sid *out, struct sbk_error *err)
{
	uint32_t offset = offset_of(data, part);

	*has = offset != 0;
	if (offset == 0)
		return 0;
	return in_part(sbk_sid_read(data + offset, size - offset, out, err),
		       part, offset, err);
}

static int read_acl(const uint8_t *data, size_t size, enum sbk_sd_part part,
		    uint16_t present, enum sbk_acl_presence *is,
		    struct sbk_nt_acl *out, struct sbk_error *err)
{
	uint32_t offset = offset_of(data, part);

	*is = SBK_ACL_ABSENT;
	if (!(get_u16le(data + CONTROL_AT) & present))
		return 0;
	*is = SBK_ACL_NULL;
	if (offset == 0)
		return 0;
	*is = SBK_ACL_PRESENT;
	return in_part(sbk_nt_acl_read(data + offset, size - offset, out, err),
		       part, offset, err);
}

int sbk_sd_read(const uint8_t *data, size_t size, struct sbk_sd *out,
		struct sbk_error *err)
{
	struct sbk_sd sd = {.origin = data, .origin_size = size};
	int rc = check_header(data, size, err);

	if (rc < 0)
		return rc;
	sd.control = get_u16le(data + CONTROL_AT);
	sd.rm_control = data[RM_CONTROL_AT];
	rc = read_sid(data, size, SBK_SD_OWNER, &sd.has_owner, &sd.owner, err);
	if (rc == 0)
		rc = read_sid(data, size, SBK_SD_GROUP, &sd.has_group,
			      &sd.group, err);
	if (rc == 0)
		rc = read_acl(data, size, SBK_SD_SACL, SBK_SD_SACL_PRESENT,
			      &sd.sacl_is, &sd.sacl, err);
	if (rc == 0)
		rc = read_acl(data, size, SBK_SD_DACL, SBK_SD_DACL_PRESENT,
			      &sd.dacl_is, &sd.dacl, err);
	if (rc == 0)
		*out = sd;
	return rc;
}

static struct part part_of(const struct sbk_sd *sd, enum sbk_sd_part part)
{
	struct part none = {.data = NULL};

	switch (part) {
	case SBK_SD_OWNER:
		if (sd->has_owner)
			return (struct part){sd->owner.bytes,
					     sbk_sid_size(&sd->owner)};
		break;
	case SBK_SD_GROUP:
		if (sd->has_group)
			return (struct part){sd->group.bytes,
					     sbk_sid_size(&sd->group)};
		break;
	case SBK_SD_SACL:
		if (sd->sacl_is == SBK_ACL_PRESENT)
			return (struct part){sd->sacl.bytes, sd->sacl.size};
		break;
	case SBK_SD_DACL:
		if (sd->dacl_is == SBK_ACL_PRESENT)
			return (struct part){sd->dacl.bytes, sd->dacl.size};
		break;
	}
	return none;
}

/* The control bits as they are stored: presence is what the parts say. */
static uint16_t control_of(const struct sbk_sd *sd)
{
	unsigned control = sd->control | SBK_SD_SELF_RELATIVE;

	control &= ~(unsigned)(SBK_SD_DACL_PRESENT | SBK_SD_SACL_PRESENT);
	if (sd->dacl_is != SBK_ACL_ABSENT)
		control |= SBK_SD_DACL_PRESENT;
	if (sd->sacl_is != SBK_ACL_ABSENT)
		control |= SBK_SD_SACL_PRESENT;
	return (uint16_t)control;
}

static void put_header(uint8_t *header, const struct sbk_sd *sd)
{
	header[0] = REVISION;
	header[RM_CONTROL_AT] = sd->rm_control;
	put_u16le(header + CONTROL_AT, control_of(sd));
}

/* Same presence and the same sizes as in what was read. */
static bool fits_layout(const struct sbk_sd *sd)
{
	struct sbk_sd was;
	struct part now, then;
	unsigned i;

	if (sd->origin == NULL ||
	    sbk_sd_read(sd->origin, sd->origin_size, &was, NULL) < 0)
		return false;
	if (sd->sacl_is != was.sacl_is || sd->dacl_is != was.dacl_is)
		return false;
	for (i = 0; i < SBK_SD_PARTS; i++) {
		now = part_of(sd, (enum sbk_sd_part)i);
		then = part_of(&was, (enum sbk_sd_part)i);
		if ((now.data == NULL) != (then.data == NULL) ||
		    now.size != then.size)
			return false;
	}
	return true;
}

/*
 * Puts each part where it was. False where parts share bytes and no longer
 * agree on them: then nothing at `out` is of use.
 */
static bool put_parts(const struct sbk_sd *sd, uint8_t *out)
{
	struct part part;
	uint32_t offset;
	unsigned i;

	put_header(out, sd);
	for (i = 0; i < SBK_SD_PARTS; i++) {
		part = part_of(sd, (enum sbk_sd_part)i);
		offset = offset_of(out, (enum sbk_sd_part)i);
		if (part.data != NULL)
			memcpy(out + offset, part.data, part.size);
	}
	for (i = 0; i < SBK_SD_PARTS; i++) {
		part = part_of(sd, (enum sbk_sd_part)i);
		offset = offset_of(out, (enum sbk_sd_part)i);
		if (part.data != NULL &&
		    memcmp(out + offset, part.data, part.size) != 0)
			return false;
	}
	return true;
}

/* True where the layout could be kept; else `out` is as before. */
static bool write_in_place(const struct sbk_sd *sd, struct sbk_buf *out)
{
	size_t start = out->size;

	if (!fits_layout(sd))
		return false;
	sbk_buf_add(out, sd->origin, sd->origin_size);
	if (sbk_buf_failed(out, NULL) < 0 ||
	    put_parts(sd, (uint8_t *)out->data + start))
		return true;
	out->size = start;
	out->data[start] = '\0';
	return false;
}

static void write_compact(const struct sbk_sd *sd, struct sbk_buf *out)
{
	static const enum sbk_sd_part order[SBK_SD_PARTS] = {
		SBK_SD_SACL, SBK_SD_DACL, SBK_SD_OWNER, SBK_SD_GROUP};
	static const uint8_t zeros[3] = {0};
	uint8_t header[SBK_SD_HEADER_BYTES] = {0};
	size_t at = sizeof(header);
	struct part part;
	unsigned i;

	put_header(header, sd);
	for (i = 0; i < SBK_SD_PARTS; i++) {
		part = part_of(sd, order[i]);
		if (part.data == NULL)
			continue;
		put_u32le(header + OFFSETS_AT + 4 * (size_t)order[i],
			  (uint32_t)at);
		at += (part.size + 3) / 4 * 4;
	}
	sbk_buf_add(out, header, sizeof(header));
	for (i = 0; i < SBK_SD_PARTS; i++) {
		part = part_of(sd, order[i]);
		sbk_buf_add(out, part.data, part.size);
		sbk_buf_add(out, zeros, (4 - part.size % 4) % 4);
	}
}

int sbk_sd_write(const struct sbk_sd *sd, struct sbk_buf *out,
		 struct sbk_error *err)
{
	if (!write_in_place(sd, out))
		write_compact(sd, out);
	return sbk_buf_failed(out, err);
}

/* AclSize and what lies behind the last entry do not count. */
static bool acl_equal(const struct sbk_nt_acl *a, const struct sbk_nt_acl *b)
{
	return a->used == b->used && memcmp(a->bytes, b->bytes, 2) == 0 &&
	       memcmp(a->bytes + 4, b->bytes + 4, (size_t)a->used - 4) == 0;
}

bool sbk_sd_equal(const struct sbk_sd *a, const struct sbk_sd *b)
{
	if (control_of(a) != control_of(b) || a->rm_control != b->rm_control ||
	    a->has_owner != b->has_owner || a->has_group != b->has_group ||
	    a->sacl_is != b->sacl_is || a->dacl_is != b->dacl_is)
		return false;
	if (a->has_owner && !sbk_sid_equal(&a->owner, &b->owner))
		return false;
	if (a->has_group && !sbk_sid_equal(&a->group, &b->group))
		return false;
	if (a->sacl_is == SBK_ACL_PRESENT && !acl_equal(&a->sacl, &b->sacl))
		return false;
	return a->dacl_is != SBK_ACL_PRESENT || acl_equal(&a->dacl, &b->dacl);
}
