/*
 * Access control entries (MS-DTYP 2.4.4): one view for every type. An ACE is
 * never owned here: a `struct sbk_ace` points into the bytes of its ACL.
 *
 * The table in ace.c says for each type which parts it has (mask, object
 * GUIDs, SID, trailing data). A type that the table does not have, or has as
 * reserved, keeps its bytes and has no parts: `is_opaque`.
 */
#ifndef SBK_NTSEC_ACE_H
#define SBK_NTSEC_ACE_H

#include "engine/ntsec/sid.h"

enum sbk_ace_type {
	SBK_ACE_ALLOW = 0x00,
	SBK_ACE_DENY = 0x01,
	SBK_ACE_AUDIT = 0x02,
	SBK_ACE_ALARM = 0x03,
	SBK_ACE_ALLOW_COMPOUND = 0x04, /* reserved: always opaque */
	SBK_ACE_ALLOW_OBJECT = 0x05,
	SBK_ACE_DENY_OBJECT = 0x06,
	SBK_ACE_AUDIT_OBJECT = 0x07,
	SBK_ACE_ALARM_OBJECT = 0x08,
	SBK_ACE_ALLOW_CALLBACK = 0x09,
	SBK_ACE_DENY_CALLBACK = 0x0A,
	SBK_ACE_ALLOW_CALLBACK_OBJECT = 0x0B,
	SBK_ACE_DENY_CALLBACK_OBJECT = 0x0C,
	SBK_ACE_AUDIT_CALLBACK = 0x0D,
	SBK_ACE_ALARM_CALLBACK = 0x0E,
	SBK_ACE_AUDIT_CALLBACK_OBJECT = 0x0F,
	SBK_ACE_ALARM_CALLBACK_OBJECT = 0x10,
	SBK_ACE_MANDATORY_LABEL = 0x11,
	SBK_ACE_RESOURCE_ATTRIBUTE = 0x12,
	SBK_ACE_SCOPED_POLICY = 0x13,
	SBK_ACE_PROCESS_TRUST_LABEL = 0x14,
	SBK_ACE_ACCESS_FILTER = 0x15
};

enum sbk_ace_flags {
	SBK_ACE_OBJECT_INHERIT = 0x01,	  /* OI */
	SBK_ACE_CONTAINER_INHERIT = 0x02, /* CI */
	SBK_ACE_NO_PROPAGATE = 0x04,	  /* NP */
	SBK_ACE_INHERIT_ONLY = 0x08,	  /* IO */
	SBK_ACE_INHERITED = 0x10,	  /* ID */
	SBK_ACE_CRITICAL = 0x20,	  /* CR: of an access filter */
	SBK_ACE_AUDIT_SUCCESS = 0x40,	  /* SA; on a filter: TP */
	SBK_ACE_AUDIT_FAILURE = 0x80	  /* FA */
};

#define SBK_ACE_HEADER_BYTES 4
#define SBK_ACE_BYTES_MAX 0xFFFC /* a size is 16 bits and a multiple of 4 */
#define SBK_GUID_BYTES 16

/* What an ACE does, without its details; what a check switches on. */
enum sbk_ace_effect {
	SBK_ACE_ALLOWS,
	SBK_ACE_DENIES,
	SBK_ACE_AUDITS, /* audit and alarm: no effect on access */
	SBK_ACE_LABELS,
	SBK_ACE_DESCRIBES, /* resource attribute, scoped policy, trust label,
			    * access filter */
	SBK_ACE_NO_EFFECT_KNOWN
};

struct sbk_ace {
	const uint8_t *bytes; /* the whole ACE; borrowed */
	uint16_t size;	      /* of it, as its header says */
	uint8_t type, flags;
	bool is_opaque; /* none of what follows */
	/* Of a callback type, or an access filter; `data` is a condition where
	 * sbk_condition_is says so, else whatever an application put there. */
	bool is_conditional;
	enum sbk_ace_effect effect;
	uint32_t mask;
	const uint8_t *object_type;    /* 16 bytes, or NULL */
	const uint8_t *inherited_type; /* 16 bytes, or NULL */
	struct sbk_sid sid;
	const uint8_t *data; /* after the SID: condition, attribute, or what
			      * somebody left there; up to the end */
	size_t data_size;
};

/*
 * Reads the ACE at `data`. SBK_E_PARSE where its size is below 4, not a
 * multiple of 4, or beyond `size`, or where a type of the table does not hold
 * its parts. Object flags other than the two defined ones are kept in the
 * bytes and ignored.
 */
int sbk_ace_read(const uint8_t *data, size_t size, struct sbk_ace *out,
		 struct sbk_error *err);

/*
 * What one adds: the parts of a simple or object ACE, or of a callback one
 * with its data. `sbk_ace_write` gives its bytes.
 */
struct sbk_ace_parts {
	uint8_t type, flags;
	uint32_t mask;
	const uint8_t *object_type, *inherited_type; /* NULL: none */
	struct sbk_sid sid;
	const uint8_t *data;
	size_t data_size; /* zero bytes round it up to a multiple of 4 */
};

struct sbk_buf;
/* SBK_E_INVAL for an opaque type, and for GUIDs in a type without them;
 * SBK_E_LIMIT beyond 0xFFFC. Data may follow any SID. */
int sbk_ace_write(struct sbk_buf *out, const struct sbk_ace_parts *parts,
		  struct sbk_error *err);

/* Whether an ACE of this type is header, mask and SID, and needs no more. */
bool sbk_ace_type_is_plain(uint8_t type);
/* The SDDL letters of a type ("A", "XA", ...), or NULL where it has none. */
const char *sbk_ace_type_letters(uint8_t type);
/* "access allowed", "mandatory label", ...; "unknown" otherwise. Static. */
const char *sbk_ace_type_text(uint8_t type);

#endif
