/*
 * Security descriptors (MS-DTYP 2.4.6): self-relative bytes to a structure and
 * back.
 *
 * Reading borrows: ACLs point into the bytes given, which must outlive the
 * structure. Writing keeps the layout that was read: while each part keeps its
 * size, every part goes where it was and bytes between parts stay, so that
 * an unchanged descriptor is written byte for byte; where a size changed, or
 * the structure was not read, parts follow the header without gaps in the
 * order that Windows uses: SACL, DACL, owner, group, each at a multiple of 4.
 * Parts may share bytes; where a change of one would change another, the
 * layout is not kept either.
 */
#ifndef SBK_NTSEC_SD_H
#define SBK_NTSEC_SD_H

#include "engine/ntsec/acl.h"

enum sbk_sd_control {
	SBK_SD_OWNER_DEFAULTED = 0x0001,
	SBK_SD_GROUP_DEFAULTED = 0x0002,
	SBK_SD_DACL_PRESENT = 0x0004,
	SBK_SD_DACL_DEFAULTED = 0x0008,
	SBK_SD_SACL_PRESENT = 0x0010,
	SBK_SD_SACL_DEFAULTED = 0x0020,
	SBK_SD_DACL_TRUSTED = 0x0040,	 /* DT */
	SBK_SD_SERVER_SECURITY = 0x0080, /* SS */
	SBK_SD_DACL_INHERIT_REQ = 0x0100,
	SBK_SD_SACL_INHERIT_REQ = 0x0200,
	SBK_SD_DACL_INHERITED = 0x0400, /* SE_DACL_AUTO_INHERITED */
	SBK_SD_SACL_INHERITED = 0x0800,
	SBK_SD_DACL_PROTECTED = 0x1000,
	SBK_SD_SACL_PROTECTED = 0x2000,
	SBK_SD_RM_CONTROL_VALID = 0x4000,
	SBK_SD_SELF_RELATIVE = 0x8000
};

#define SBK_SD_HEADER_BYTES 20
#define SBK_SD_BYTES_MAX                                  \
	(SBK_SD_HEADER_BYTES + 2 * SBK_NT_ACL_BYTES_MAX + \
	 2 * SBK_SID_BYTES_MAX + 4096)

/* Three different things: no list recorded, a NULL list, and a list (which may
 * be empty). Absent and NULL both let everybody in; empty lets nobody. */
enum sbk_acl_presence { SBK_ACL_ABSENT, SBK_ACL_NULL, SBK_ACL_PRESENT };

enum sbk_sd_part { SBK_SD_OWNER, SBK_SD_GROUP, SBK_SD_SACL, SBK_SD_DACL };
#define SBK_SD_PARTS 4

struct sbk_sd {
	uint16_t control;   /* as stored; presence bits agree with what follows
			     * when written */
	uint8_t rm_control; /* Sbz1: meaning by SBK_SD_RM_CONTROL_VALID */
	bool has_owner, has_group;
	struct sbk_sid owner, group;
	enum sbk_acl_presence sacl_is, dacl_is;
	struct sbk_nt_acl sacl, dacl; /* valid where PRESENT */
	/* Where it was read from; NULL where it was not. */
	const uint8_t *origin;
	size_t origin_size;
};

/*
 * SBK_E_PARSE: revision not 1, not self-relative, an offset into the header or
 * beyond the end, or a part that cannot be read; err->offset is the place.
 * SBK_E_LIMIT: more than SBK_SD_BYTES_MAX. A list whose presence bit is not
 * set is ABSENT even where its offset is set (the bytes stay in the layout).
 * Bytes beyond the last part are kept.
 */
int sbk_sd_read(const uint8_t *data, size_t size, struct sbk_sd *out,
		struct sbk_error *err);
/* Appends the self-relative bytes. SBK_E_LIMIT, SBK_E_NOMEM. */
int sbk_sd_write(const struct sbk_sd *sd, struct sbk_buf *out,
		 struct sbk_error *err);

/* Same owner, group, control bits, RM control, and ACL bytes. Layout and slack
 * do not count. */
bool sbk_sd_equal(const struct sbk_sd *a, const struct sbk_sd *b);

struct sbk_sid_domains;
/*
 * The difference for people, a line each: "- O:BA", "+ O:SY", "- D:(A;...)",
 * "  D: moved ...", "+ control: D:P". Nothing where they are equal. Entries are
 * matched by their bytes in order (longest common run of entries), so one
 * added entry is one line.
 *
 * Each line is ended by a zero byte: the strings of conditions are hostile and
 * may hold newlines, but no zero. Whoever prints a line escapes it.
 */
void sbk_sd_diff(const struct sbk_sd *a, const struct sbk_sd *b,
		 const struct sbk_sid_domains *domains, struct sbk_buf *out);

#endif
