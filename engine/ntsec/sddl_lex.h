/*
 * What the grammars of descriptors, conditions and attributes share: a cursor
 * over the text, its smallest parts, and how they are written. Internal to the
 * SDDL files.
 *
 * Every function that reads leaves the cursor behind what it read, or fails
 * with the offset of the first byte that is wrong.
 */
#ifndef SBK_NTSEC_SDDL_LEX_H
#define SBK_NTSEC_SDDL_LEX_H

#include "engine/buf.h"
#include "engine/ntsec/sddl.h"

#define SBK_SDDL_NULL_LIST "NO_ACCESS_CONTROL"

/* Letters of the flags of an entry, in the order in which they are written. */
enum sbk_sddl_applies { SBK_ON_ALL, SBK_ON_FILTERS, SBK_ON_OTHERS };
struct sbk_sddl_ace_flag {
	char letters[3];
	uint8_t bit;
	uint8_t applies; /* 0x40 means something else on an access filter */
};
extern const struct sbk_sddl_ace_flag sbk_sddl_ace_flags[];
extern const size_t sbk_sddl_ace_flag_count;
bool sbk_sddl_applies(const struct sbk_sddl_ace_flag *flag, uint8_t type);

/* Letters of the flags of a list: its bits for a DACL and for a SACL. */
struct sbk_sddl_list_flag {
	const char *letters;
	uint16_t dacl, sacl;
};
extern const struct sbk_sddl_list_flag sbk_sddl_list_flags[];
extern const size_t sbk_sddl_list_flag_count;

struct sbk_lex {
	const char *text;
	size_t size, at;
	const struct sbk_sddl_options *options; /* may be NULL */
	struct sbk_error *err;
};

/* Records the message and the offset; returns `code`. */
int sbk_lex_fail(const struct sbk_lex *lex, size_t offset, int code,
		 const char *fmt, ...) SBK_PRINTF(4, 5);

/* The byte at the cursor, or at `ahead` bytes behind it; 0 beyond the end. */
char sbk_lex_peek(const struct sbk_lex *lex);
char sbk_lex_ahead(const struct sbk_lex *lex, size_t ahead);
/* Blanks, tabs, line ends (wspace of 2.5.1.1). */
void sbk_lex_space(struct sbk_lex *lex);
bool sbk_lex_take(struct sbk_lex *lex, char c);
int sbk_lex_expect(struct sbk_lex *lex, char c);
/* Whether the word stands here, in either case. Does not move. */
bool sbk_lex_sees(const struct sbk_lex *lex, const char *word);
/* A digit's value up to 15, or -1. */
int sbk_lex_hex_digit(char c);

struct sbk_lex_number {
	uint64_t magnitude;
	uint8_t sign, base; /* enum sbk_condition_sign, _base */
};

/* ["+"/"-"] decimal, "0x" hexadecimal, or octal behind a further 0. */
int sbk_lex_number(struct sbk_lex *lex, struct sbk_lex_number *out);
/* Whether it fits into 64 bits with its sign; *out is two's complement. A
 * hexadecimal or octal number without sign may use all bits. */
bool sbk_lex_signed(const struct sbk_lex_number *number, int64_t *out);

/* Two letters, or "S-1-..." up to a byte that belongs to no number. */
int sbk_lex_sid(struct sbk_lex *lex, struct sbk_sid *out);
int sbk_lex_guid(struct sbk_lex *lex, uint8_t out[SBK_GUID_BYTES]);
/* What stands between quotes; appends UTF-16. */
int sbk_lex_string(struct sbk_lex *lex, struct sbk_buf *out);
/* "#" and digits, "#" for 0 among them; a missing first digit is a 0. */
int sbk_lex_octets(struct sbk_lex *lex, struct sbk_buf *out);

/* Which bytes stand in a name as they are; all others as %XXXX. */
enum sbk_lex_name_kind {
	SBK_LEX_LOCAL,	 /* attr-name1 */
	SBK_LEX_PREFIXED /* attr-name2, and names of resource attributes */
};

bool sbk_name_holds(enum sbk_lex_name_kind kind, unsigned char c, bool first);
int sbk_lex_name(struct sbk_lex *lex, enum sbk_lex_name_kind kind,
		 struct sbk_buf *out);

/* Writing: UTF-16 little-endian of `size` bytes, an even number. */
void sbk_write_name(struct sbk_buf *out, enum sbk_lex_name_kind kind,
		    const uint8_t *data, size_t size);
/* With its quotes. False where it has no text: a quote or NUL inside. */
bool sbk_write_string(struct sbk_buf *out, const uint8_t *data, size_t size);
void sbk_write_octets(struct sbk_buf *out, const uint8_t *data, size_t size);
void sbk_write_sid(struct sbk_buf *out, const struct sbk_sid *sid,
		   const struct sbk_sddl_options *options);
void sbk_write_guid(struct sbk_buf *out, const uint8_t guid[SBK_GUID_BYTES]);

#endif
