/*
 * Security identifiers (MS-DTYP 2.4.2), as plain values in their binary form:
 * what stands in a descriptor is what a `struct sbk_sid` holds, so reading,
 * writing and comparing need no conversion. Bytes after the last
 * subauthority are always zero.
 *
 *	struct sbk_sid sid;
 *	struct sbk_sid_text text;
 *	if (sbk_sid_parse("S-1-5-32-544", 12, &sid, &err) < 0) ...
 *	printf("%s\n", sbk_sid_format(&sid, &text));
 *
 * Nothing here allocates.
 */
#ifndef SBK_NTSEC_SID_H
#define SBK_NTSEC_SID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/error.h"

#define SBK_SID_SUBS_MAX 15
#define SBK_SID_BYTES_MIN 8 /* of a SID without subauthorities */
#define SBK_SID_BYTES_MAX (SBK_SID_BYTES_MIN + 4 * SBK_SID_SUBS_MAX)
#define SBK_SID_TEXT_MAX 192 /* bytes of the longest text, with its end */

struct sbk_sid {
	uint8_t bytes[SBK_SID_BYTES_MAX];
};

struct sbk_sid_text {
	char text[SBK_SID_TEXT_MAX];
};

/*
 * Reads a binary SID at the beginning of `data`. SBK_E_PARSE where it does not
 * fit into `size`, its revision is not 1, or it has more than 15
 * subauthorities. Its length is sbk_sid_size() of what was read.
 */
int sbk_sid_read(const uint8_t *data, size_t size, struct sbk_sid *out,
		 struct sbk_error *err);
size_t sbk_sid_size(const struct sbk_sid *sid); /* bytes, binary */

/* The parts. `sub` beyond the last is 0. */
unsigned sbk_sid_sub_count(const struct sbk_sid *sid);
uint64_t sbk_sid_authority(const struct sbk_sid *sid); /* 48 bits */
uint32_t sbk_sid_sub(const struct sbk_sid *sid, unsigned index);
/* The last subauthority: within a machine or domain, the relative id. */
uint32_t sbk_sid_rid(const struct sbk_sid *sid);

/* From parts; `count` is at most SBK_SID_SUBS_MAX, `authority` 48 bits. */
struct sbk_sid sbk_sid_make(uint64_t authority, const uint32_t *subs,
			    unsigned count);
/* Appends a subauthority; false where there is no room for it. */
bool sbk_sid_append(struct sbk_sid *sid, uint32_t sub);
/* Takes the last one off; false where there is none. */
bool sbk_sid_parent(struct sbk_sid *sid);

bool sbk_sid_equal(const struct sbk_sid *a, const struct sbk_sid *b);
/* Orders by authority, then subauthorities, then count. For sorting. */
int sbk_sid_compare(const struct sbk_sid *a, const struct sbk_sid *b);
/* Whether `sid` is `prefix` followed by at least one more subauthority. */
bool sbk_sid_is_below(const struct sbk_sid *sid, const struct sbk_sid *prefix);

/*
 * The text form "S-1-..." (MS-DTYP 2.4.2.1): the authority in decimal or, from
 * 2^32 up, as "0x" and 12 digits; subauthorities in decimal. Parsing accepts
 * either form of the authority, hexadecimal subauthorities as Windows does,
 * and the letter in either case; it takes the whole of `size` bytes, and
 * err->offset is the first byte that is wrong.
 */
int sbk_sid_parse(const char *text, size_t size, struct sbk_sid *out,
		  struct sbk_error *err);
/* The next text of a SID in any text, from `*at` on, and where it ends. */
bool sbk_sid_find(const char *text, size_t size, size_t *at,
		  struct sbk_sid *out);
const char *sbk_sid_format(const struct sbk_sid *sid, struct sbk_sid_text *out);

/*
 * Whom a search is for: one SID by its one text, or by "S-1-0x0053424B0001-*"
 * each that has this authority and at least one subauthority. SBK_E_INVAL for
 * all else, a second form of a SID, too.
 */
struct sbk_sid_pattern {
	struct sbk_sid sid;
	bool is_family; /* of `sid` the authority alone counts */
};
int sbk_sid_pattern_parse(const char *text, struct sbk_sid_pattern *out,
			  struct sbk_error *err);
bool sbk_sid_pattern_has(const struct sbk_sid_pattern *pattern,
			 const struct sbk_sid *sid);

#endif
