/*
 * One table of ACE types, and the reading and writing of an ACE by it. What
 * the table does not have stays bytes: nothing here guesses at a layout.
 *
 * An ACE is header, mask, for object types flags and up to two GUIDs, SID, and
 * data up to the size in its header (MS-DTYP 2.4.4.2 to 2.4.4.16).
 */
#include <string.h>

#include "engine/buf.h"
#include "engine/ntsec/ace.h"
#include "engine/ntsec/wire.h"

#include "engine/banned.h"

enum parts {
	SID = 1,      /* mask and SID; without it a type is opaque */
	GUIDS = 2,    /* object flags and GUIDs in between */
	CALLBACK = 4, /* application data behind the SID: a condition */
	ATTRIBUTE = 8 /* a resource attribute behind the SID */
};

enum object_flags { HAS_OBJECT_TYPE = 1, HAS_INHERITED_TYPE = 2 };

struct row {
	const char *letters; /* of SDDL, or NULL */
	const char *text;
	enum sbk_ace_effect effect;
	unsigned parts;
};

/* MS-DTYP 2.4.4.1; the letters: "ACE Strings" of the Windows documentation
 * and sddl.h. */
static const struct row rows[] = {
	[SBK_ACE_ALLOW] = {"A", "access allowed", SBK_ACE_ALLOWS, SID},
	[SBK_ACE_DENY] = {"D", "access denied", SBK_ACE_DENIES, SID},
	[SBK_ACE_AUDIT] = {"AU", "audit", SBK_ACE_AUDITS, SID},
	[SBK_ACE_ALARM] = {"AL", "alarm", SBK_ACE_AUDITS, SID},
	[SBK_ACE_ALLOW_COMPOUND] = {NULL, "compound access allowed",
				    SBK_ACE_NO_EFFECT_KNOWN, 0},
	[SBK_ACE_ALLOW_OBJECT] = {"OA", "object access allowed", SBK_ACE_ALLOWS,
				  SID | GUIDS},
	[SBK_ACE_DENY_OBJECT] = {"OD", "object access denied", SBK_ACE_DENIES,
				 SID | GUIDS},
	[SBK_ACE_AUDIT_OBJECT] = {"OU", "object audit", SBK_ACE_AUDITS,
				  SID | GUIDS},
	[SBK_ACE_ALARM_OBJECT] = {"OL", "object alarm", SBK_ACE_AUDITS,
				  SID | GUIDS},
	[SBK_ACE_ALLOW_CALLBACK] = {"XA", "conditional access allowed",
				    SBK_ACE_ALLOWS, SID | CALLBACK},
	[SBK_ACE_DENY_CALLBACK] = {"XD", "conditional access denied",
				   SBK_ACE_DENIES, SID | CALLBACK},
	[SBK_ACE_ALLOW_CALLBACK_OBJECT] = {"ZA",
					   "conditional object access allowed",
					   SBK_ACE_ALLOWS,
					   SID | GUIDS | CALLBACK},
	[SBK_ACE_DENY_CALLBACK_OBJECT] = {NULL,
					  "conditional object access denied",
					  SBK_ACE_DENIES,
					  SID | GUIDS | CALLBACK},
	[SBK_ACE_AUDIT_CALLBACK] = {"XU", "conditional audit", SBK_ACE_AUDITS,
				    SID | CALLBACK},
	[SBK_ACE_ALARM_CALLBACK] = {NULL, "conditional alarm", SBK_ACE_AUDITS,
				    SID | CALLBACK},
	[SBK_ACE_AUDIT_CALLBACK_OBJECT] = {NULL, "conditional object audit",
					   SBK_ACE_AUDITS,
					   SID | GUIDS | CALLBACK},
	[SBK_ACE_ALARM_CALLBACK_OBJECT] = {NULL, "conditional object alarm",
					   SBK_ACE_AUDITS,
					   SID | GUIDS | CALLBACK},
	[SBK_ACE_MANDATORY_LABEL] = {"ML", "mandatory label", SBK_ACE_LABELS,
				     SID},
	[SBK_ACE_RESOURCE_ATTRIBUTE] = {"RA", "resource attribute",
					SBK_ACE_DESCRIBES, SID | ATTRIBUTE},
	[SBK_ACE_SCOPED_POLICY] = {"SP", "scoped policy", SBK_ACE_DESCRIBES,
				   SID},
	[SBK_ACE_PROCESS_TRUST_LABEL] = {"TL", "process trust label",
					 SBK_ACE_DESCRIBES, SID},
	[SBK_ACE_ACCESS_FILTER] = {"FL", "access filter", SBK_ACE_DESCRIBES,
				   SID | CALLBACK},
};

static const struct row unknown = {NULL, "unknown", SBK_ACE_NO_EFFECT_KNOWN, 0};

static const struct row *row_of(uint8_t type)
{
	return type < sizeof(rows) / sizeof(rows[0]) ? &rows[type] : &unknown;
}

static int wrong(size_t offset, struct sbk_error *err, const char *why)
{
	int rc = sbk_error_set(err, SBK_E_PARSE, "not an ACE: %s", why);

	if (err != NULL)
		err->offset = offset;
	return rc;
}

/* Object flags and the GUIDs that they announce. */
static int read_guids(struct sbk_ace *ace, size_t *at, struct sbk_error *err)
{
	uint32_t flags;

	if (ace->size - *at < 4)
		return wrong(*at, err, "no room for its object flags");
	flags = get_u32le(ace->bytes + *at);
	*at += 4;
	if (flags & HAS_OBJECT_TYPE) {
		if (ace->size - *at < SBK_GUID_BYTES)
			return wrong(*at, err, "no room for its object type");
		ace->object_type = ace->bytes + *at;
		*at += SBK_GUID_BYTES;
	}
	if (flags & HAS_INHERITED_TYPE) {
		if (ace->size - *at < SBK_GUID_BYTES)
			return wrong(*at, err,
				     "no room for its inherited object type");
		ace->inherited_type = ace->bytes + *at;
		*at += SBK_GUID_BYTES;
	}
	return 0;
}

static int read_parts(struct sbk_ace *ace, const struct row *row,
		      struct sbk_error *err)
{
	size_t at = SBK_ACE_HEADER_BYTES + 4;
	int rc;

	if (ace->size < at)
		return wrong(SBK_ACE_HEADER_BYTES, err, "no room for its mask");
	ace->mask = get_u32le(ace->bytes + SBK_ACE_HEADER_BYTES);
	if (row->parts & GUIDS) {
		rc = read_guids(ace, &at, err);
		if (rc < 0)
			return rc;
	}
	rc = sbk_sid_read(ace->bytes + at, ace->size - at, &ace->sid, err);
	if (rc < 0) {
		if (err != NULL)
			err->offset += at;
		return rc;
	}
	at += sbk_sid_size(&ace->sid);
	ace->data = ace->bytes + at;
	ace->data_size = ace->size - at;
	ace->is_conditional = (row->parts & CALLBACK) != 0;
	return 0;
}

int sbk_ace_read(const uint8_t *data, size_t size, struct sbk_ace *out,
		 struct sbk_error *err)
{
	const struct row *row;
	struct sbk_ace ace;
	int rc = 0;

	if (size < SBK_ACE_HEADER_BYTES)
		return wrong(0, err, "its header is cut off");
	ace.size = get_u16le(data + 2);
	if (ace.size < SBK_ACE_HEADER_BYTES || ace.size % 4 != 0)
		return wrong(2, err, "its size is no multiple of 4 from 4 up");
	if (ace.size > size)
		return wrong(2, err, "it is larger than what is there");
	row = row_of(data[0]);
	ace.bytes = data;
	ace.type = data[0];
	ace.flags = data[1];
	ace.is_opaque = row->parts == 0;
	ace.is_conditional = false;
	ace.effect = row->effect;
	ace.mask = 0;
	ace.object_type = ace.inherited_type = ace.data = NULL;
	ace.data_size = 0;
	if (ace.is_opaque)
		memset(&ace.sid, 0, sizeof(ace.sid));
	else
		rc = read_parts(&ace, row, err);
	if (rc == 0)
		*out = ace;
	return rc;
}

bool sbk_ace_type_is_plain(uint8_t type)
{
	return row_of(type)->parts == SID;
}

static size_t written_size(const struct sbk_ace_parts *parts, bool has_guids)
{
	size_t size = SBK_ACE_HEADER_BYTES + 4 + sbk_sid_size(&parts->sid);

	if (has_guids)
		size += 4;
	if (parts->object_type != NULL)
		size += SBK_GUID_BYTES;
	if (parts->inherited_type != NULL)
		size += SBK_GUID_BYTES;
	if (parts->data_size > SBK_ACE_BYTES_MAX - size)
		return SIZE_MAX;
	return (size + parts->data_size + 3) / 4 * 4;
}

static void add_u32le(struct sbk_buf *out, uint32_t value)
{
	uint8_t bytes[4];

	put_u32le(bytes, value);
	sbk_buf_add(out, bytes, sizeof(bytes));
}

static void write_guids(struct sbk_buf *out, const struct sbk_ace_parts *parts)
{
	uint32_t flags = 0;

	if (parts->object_type != NULL)
		flags |= HAS_OBJECT_TYPE;
	if (parts->inherited_type != NULL)
		flags |= HAS_INHERITED_TYPE;
	add_u32le(out, flags);
	if (parts->object_type != NULL)
		sbk_buf_add(out, parts->object_type, SBK_GUID_BYTES);
	if (parts->inherited_type != NULL)
		sbk_buf_add(out, parts->inherited_type, SBK_GUID_BYTES);
}

int sbk_ace_write(struct sbk_buf *out, const struct sbk_ace_parts *parts,
		  struct sbk_error *err)
{
	static const uint8_t zeros[3] = {0};
	const struct row *row = row_of(parts->type);
	bool has_guids = (row->parts & GUIDS) != 0;
	uint8_t header[SBK_ACE_HEADER_BYTES] = {parts->type, parts->flags};
	size_t size;

	if (row->parts == 0)
		return sbk_error_set(err, SBK_E_INVAL,
				     "entries of type 0x%02x have no parts "
				     "that are known",
				     parts->type);
	if (!has_guids &&
	    (parts->object_type != NULL || parts->inherited_type != NULL))
		return sbk_error_set(err, SBK_E_INVAL,
				     "an entry of type 0x%02x (%s) has no "
				     "object types",
				     parts->type, row->text);
	size = written_size(parts, has_guids);
	if (size > SBK_ACE_BYTES_MAX)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "an entry would be larger than %d bytes",
				     SBK_ACE_BYTES_MAX);
	put_u16le(header + 2, (uint16_t)size);
	sbk_buf_add(out, header, sizeof(header));
	add_u32le(out, parts->mask);
	if (has_guids)
		write_guids(out, parts);
	sbk_buf_add(out, parts->sid.bytes, sbk_sid_size(&parts->sid));
	sbk_buf_add(out, parts->data, parts->data_size);
	sbk_buf_add(out, zeros, (4 - parts->data_size % 4) % 4);
	return sbk_buf_failed(out, err);
}

const char *sbk_ace_type_letters(uint8_t type)
{
	return row_of(type)->letters;
}

const char *sbk_ace_type_text(uint8_t type)
{
	return row_of(type)->text;
}
