/*
 * The security descriptor definition language (MS-DTYP 2.5.1; "Security
 * Descriptor String Format" and its sub-pages; conditional ACEs: 2.5.1.1 and
 * 2.4.4.17; resource attributes: 2.4.10).
 *
 * Parsing gives self-relative bytes, in the layout in which Windows'
 * ConvertStringSecurityDescriptorToSecurityDescriptor gives them. Formatting
 * chooses what Windows would print. What is malformed is one message, and the
 * offset of the first byte that is wrong.
 */
#ifndef SBK_NTSEC_SDDL_H
#define SBK_NTSEC_SDDL_H

#include "engine/ntsec/sd.h"
#include "engine/ntsec/sid_names.h"

#define SBK_SDDL_BYTES_MAX (4u << 20)
#define SBK_SDDL_CONDITION_DEPTH_MAX 128 /* brackets within brackets */

struct sbk_sddl_options {
	struct sbk_sid_domains domains;
};

/*
 * `text` is UTF-8 (names in conditions become UTF-16; a surrogate without its
 * other half may stand as three bytes). `options` may be NULL: no domain is
 * known. SBK_E_PARSE, SBK_E_UNSUPPORTED for letters that need a domain, and
 * SBK_E_LIMIT, each with err->offset: the first byte that is wrong.
 */
int sbk_sddl_parse(const char *text, size_t size,
		   const struct sbk_sddl_options *options, struct sbk_buf *out,
		   struct sbk_error *err);

enum sbk_sddl_parts {
	SBK_SDDL_OWNER = 1,
	SBK_SDDL_GROUP = 2,
	SBK_SDDL_DACL = 4,
	SBK_SDDL_SACL = 8,
	SBK_SDDL_ALL = 15
};

/*
 * Appends the text of the parts. SDDL has no form for an opaque ACE, for bytes
 * behind the SID of a plain one, for a callback entry without a condition or
 * with a malformed one, and for a few conditions and attributes (a quote or NUL
 * inside a string): SBK_E_UNSUPPORTED names the entry, nothing is appended.
 * Whatever is given for the DACL and SACL of a readable descriptor parses again
 * to the same entries, except that an OA entry without GUIDs becomes a plain
 * one, small integers of a condition become 64-bit ones, and an attribute gets
 * Windows' layout; and that entries in the wrong list, policies and attributes
 * of an unusual SID are refused. The slack of an ACL, its revision and the
 * layout are not part of the text.
 *
 * Strings in conditions and attributes are what somebody wrote: the text may
 * hold control characters, which whoever prints it on a terminal replaces.
 */
int sbk_sddl_format(const struct sbk_sd *sd, unsigned parts,
		    const struct sbk_sddl_options *options, struct sbk_buf *out,
		    struct sbk_error *err);
/*
 * One ACE, as in "(A;OICI;FA;;;BA)". What SDDL has no form for is written for
 * people and does not parse: an opaque one as "(0x17;ID;<hex>)", a type without
 * letters as a number ("(0xc;;FA;;;BA)"), and data that cannot be written as
 * "0x<hex>" in its place.
 */
void sbk_sddl_describe_ace(const struct sbk_ace *ace,
			   const struct sbk_sddl_options *options,
			   struct sbk_buf *out);

#endif
