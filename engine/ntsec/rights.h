/*
 * Access masks (MS-DTYP 2.4.3), generic mapping, and the names of rights per
 * kind of object. One table serves SDDL letters, people's words and parsing.
 */
#ifndef SBK_NTSEC_RIGHTS_H
#define SBK_NTSEC_RIGHTS_H

#include "engine/buf.h"

#define SBK_RIGHT_DELETE 0x00010000u
#define SBK_RIGHT_READ_CONTROL 0x00020000u
#define SBK_RIGHT_WRITE_DAC 0x00040000u
#define SBK_RIGHT_WRITE_OWNER 0x00080000u
#define SBK_RIGHT_SYNCHRONIZE 0x00100000u
#define SBK_RIGHT_SYSTEM_SECURITY 0x01000000u
#define SBK_RIGHT_MAXIMUM_ALLOWED 0x02000000u
#define SBK_RIGHT_GENERIC_ALL 0x10000000u
#define SBK_RIGHT_GENERIC_EXECUTE 0x20000000u
#define SBK_RIGHT_GENERIC_WRITE 0x40000000u
#define SBK_RIGHT_GENERIC_READ 0x80000000u
#define SBK_RIGHTS_GENERIC 0xF0000000u

#define SBK_FILE_READ_DATA 0x0001u   /* list a directory */
#define SBK_FILE_WRITE_DATA 0x0002u  /* add a file */
#define SBK_FILE_APPEND_DATA 0x0004u /* add a subdirectory */
#define SBK_FILE_READ_EA 0x0008u
#define SBK_FILE_WRITE_EA 0x0010u
#define SBK_FILE_EXECUTE 0x0020u /* traverse a directory */
#define SBK_FILE_DELETE_CHILD 0x0040u
#define SBK_FILE_READ_ATTRIBUTES 0x0080u
#define SBK_FILE_WRITE_ATTRIBUTES 0x0100u
#define SBK_FILE_ALL 0x001F01FFu

enum sbk_nt_object { SBK_NT_FILE, SBK_NT_DIRECTORY, SBK_NT_KEY };

struct sbk_generic_mapping {
	uint32_t read, write, execute, all;
};

/* FILE_GENERIC_* for files and directories, KEY_* for registry keys. */
const struct sbk_generic_mapping *sbk_nt_mapping(enum sbk_nt_object object);
/* Generic bits replaced by what they stand for; the others kept. */
uint32_t sbk_rights_map(uint32_t mask,
			const struct sbk_generic_mapping *mapping);

/*
 * SDDL letters, names ("read_data", "FILE_READ_DATA", "WRITE_DAC"), numbers
 * ("0x1f", "31", "037"), several joined by '|', ',' or spaces; letters may be
 * joined without anything. SBK_E_PARSE with offset.
 */
int sbk_rights_parse(const char *text, size_t size, enum sbk_nt_object object,
		     uint32_t *out, struct sbk_error *err);
/* The names that it knows, the first is 0; NULL after the last. Static. */
#define SBK_RIGHTS_NAMES_MAX 64
const char *sbk_rights_name(size_t index);
/* The mask of two letters of SDDL, in either case: "FA", "CC", ... */
bool sbk_rights_from_letters(const char letters[2], uint32_t *out);
/* The same for a mandatory label: "NW", "NR", "NX". */
bool sbk_rights_from_label_letters(const char letters[2], uint32_t *out);
/*
 * As Windows writes it into SDDL: a name for the whole mask (FA, FR, KR, ...),
 * else letters from the lowest bit up when each bit has them, else "0x" and
 * lower-case digits; nothing for 0. As published of it: 0x1f01ff is "FA",
 * 0x120089 "FR", 0x1200a9 "0x1200a9" (SYNCHRONIZE has no letters), 0x4 "LC",
 * 0xe0010000 "SDGXGWGR".
 */
void sbk_rights_format(struct sbk_buf *out, uint32_t mask);
/* The same for a mandatory label: "NWNR"; bits without letters: hex. */
void sbk_rights_format_label(struct sbk_buf *out, uint32_t mask);
/* For people: "read data, append data, delete"; remaining bits in hex. What a
 * generic right maps to ("file generic read") is told from the generic bit
 * itself ("generic read"). */
void sbk_rights_describe(struct sbk_buf *out, uint32_t mask,
			 enum sbk_nt_object object);

#endif
