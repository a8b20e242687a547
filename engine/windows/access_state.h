/*
 * The state of an object's access on Windows: owner, group, DACL and the
 * control bits that go with them, as WINDOWS.md part 3 has them. Its canonical
 * text is what SBK_KIND_ACCESS keeps. Portable and pure: no call to the
 * system, so that Linux tests it too.
 *
 *	struct sbk_nt_access access = SBK_NT_ACCESS_INIT;
 *	rc = sbk_nt_access_parse(state, &access, err);
 *	...
 *	sbk_nt_access_release(&access);
 */
#ifndef SBK_WINDOWS_ACCESS_STATE_H
#define SBK_WINDOWS_ACCESS_STATE_H

#include "engine/buf.h"
#include "engine/ntsec/sd.h"
#include "engine/object.h"

/* The control bits that are part of the state; those of the SACL, and what
 * only describes the bytes, are not. */
#define SBK_NT_ACCESS_CONTROL                              \
	(SBK_SD_OWNER_DEFAULTED | SBK_SD_GROUP_DEFAULTED | \
	 SBK_SD_DACL_DEFAULTED | SBK_SD_DACL_INHERITED |   \
	 SBK_SD_DACL_PROTECTED)

struct sbk_nt_access {
	bool is_directory;
	bool has_owner, has_group;
	struct sbk_sid owner, group;
	uint16_t control; /* of SBK_NT_ACCESS_CONTROL */
	enum sbk_acl_presence dacl_is;
	struct sbk_buf dacl; /* its bytes where PRESENT, as large as AclSize */
};

#define SBK_NT_ACCESS_INIT           \
	{                            \
		.dacl = SBK_BUF_INIT \
	}

void sbk_nt_access_release(struct sbk_nt_access *access);

/* From the self-relative bytes that the system gave. SBK_E_PARSE, NOMEM. */
int sbk_nt_access_from_sd(const uint8_t *data, size_t size, bool is_directory,
			  struct sbk_nt_access *out, struct sbk_error *err);
/*
 * Appends the self-relative descriptor that makes the system keep exactly this
 * state: SE_DACL_AUTO_INHERIT_REQ stands beside SE_DACL_AUTO_INHERITED, without
 * which the system drops the latter (MS-DTYP 2.4.6, DC and DI).
 */
int sbk_nt_access_to_sd(const struct sbk_nt_access *access, struct sbk_buf *out,
			struct sbk_error *err);
/* The view that sbk_nt_access_to_sd writes; borrows the DACL. */
int sbk_nt_access_view(const struct sbk_nt_access *access, struct sbk_sd *out,
		       struct sbk_error *err);
/* The DACL as a view, where it is PRESENT. */
int sbk_nt_access_dacl(const struct sbk_nt_access *access,
		       struct sbk_nt_acl *out, struct sbk_error *err);

/* Appends the canonical text. */
int sbk_nt_access_format(const struct sbk_nt_access *access,
			 struct sbk_buf *out, struct sbk_error *err);
/* Takes the canonical text and nothing else: SBK_E_PARSE. */
int sbk_nt_access_parse(struct sbk_state state, struct sbk_nt_access *out,
			struct sbk_error *err);

/* `to_descriptor` and `from_descriptor` of backend.h. */
int sbk_nt_access_bytes(struct sbk_state state, struct sbk_buf *out,
			struct sbk_error *err);
int sbk_nt_access_of_bytes(const struct sbk_buf *bytes, bool is_directory,
			   struct sbk_buf *next, struct sbk_error *err);

bool sbk_nt_access_equal(const struct sbk_nt_access *a,
			 const struct sbk_nt_access *b);

/* One entry as a line, "ace 0x00 0x10 0x001f01ff S-1-5-32-544\n": in states,
 * and as what is ours of one. */
void sbk_nt_ace_format(const struct sbk_ace_key *key, struct sbk_buf *out);
/* `text` is what stands between "ace " and the newline. */
bool sbk_nt_ace_parse(const char *text, size_t size, struct sbk_ace_key *out);

#endif
