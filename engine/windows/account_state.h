/*
 * Accounts and groups of ours on Windows as texts: names, comments, states.
 * Portable, and tested on any system.
 *
 * A comment says whose the account is and bears the nonce of the intent to make
 * it. Once the account is there its own SID is added, which seals the comment:
 * no other account can have that SID, so one whose comment names another's is a
 * copy that somebody made, and not ours to take away.
 *
 *	Sandbook offline account SandbookOffline of S-1-5-21-1-2-3-1001 nonce
 *	0123456789abcdef0123456789abcdef sid S-1-5-21-1-2-3-1005
 *
 * The state, which is the same for a group but for `flags`:
 *
 *	flags 0x00010201
 *	comment Sandbook offline account ... nonce 0123...
 *	sid own
 *
 * `flags` leaves out what others than its owner change in passing: whether it
 * is locked out, its password expired, and whether it is enabled, which is an
 * object of its own (LOGON). `sid` is own, none (a crash came in between) or
 * other. A comment that no state can hold is "raw " and its hexadecimal.
 * "renamed NAME" comes first where the name is another by now.
 */
#ifndef SBK_WINDOWS_ACCOUNT_STATE_H
#define SBK_WINDOWS_ACCOUNT_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/buf.h"
#include "engine/ntsec/sid.h"
#include "engine/object.h"

#define SBK_NT_NONCE_DIGITS 32
#define SBK_NT_ACCOUNT_NAME_MAX 20 /* units; "NetUserAdd function" */
#define SBK_NT_GROUP_NAME_MAX 256  /* "NetLocalGroupAdd function" */
#define SBK_NT_COMMENT_MAX 256	   /* units: MAXCOMMENTSZ of lmcons.h */

/* UF_SCRIPT, UF_NORMAL_ACCOUNT and UF_DONT_EXPIRE_PASSWD of "USER_INFO_1
 * structure": what an account of ours is made with, disabled besides. */
#define SBK_NT_ACCOUNT_FLAGS 0x00010201u
#define SBK_NT_ACCOUNT_DISABLED 0x00000002u /* UF_ACCOUNTDISABLE */

/* An account, or a group (no flags), as the system describes it. */
struct sbk_nt_account {
	const char *name;
	const char *comment;
	uint32_t flags;
	struct sbk_sid sid;
};

/* SBK_E_INVAL where the system takes no such name ("NetUserAdd function",
 * "NetLocalGroupAddMembers function"), or where it has another byte than
 * printable ASCII. */
int sbk_nt_name_check(const char *name, bool is_group, struct sbk_error *err);

/* The comment of an account that is made for `person`, or of the group (no
 * person), without a seal. */
void sbk_nt_comment_make(struct sbk_buf *out, const char *role,
			 const char *name, const char *person,
			 const char nonce[SBK_NT_NONCE_DIGITS + 1]);
/* The same with the seal. */
void sbk_nt_comment_seal(struct sbk_buf *out, const char *comment,
			 const struct sbk_sid *sid);
/* Whether it is sealed for this SID, and was made for an object of this name:
 * how one that was renamed is found. */
bool sbk_nt_comment_is_of(const char *comment, const char *name,
			  const struct sbk_sid *sid);

/* The state that a plan asks for: with this comment, not sealed yet. */
void sbk_nt_account_want(struct sbk_buf *out, bool is_group,
			 const char *comment);
/* The state of what the system describes; `name` is the object's. */
void sbk_nt_account_encode(struct sbk_buf *out, bool is_group, const char *name,
			   const struct sbk_nt_account *account);
/* The flags and the comment, allocated, that a state asks for. SBK_E_PARSE
 * where no plan of ours asks for it. */
int sbk_nt_account_parse(struct sbk_state state, bool is_group, uint32_t *flags,
			 char **comment, struct sbk_error *err);
/* Whether what stands there now is what we made to be `made`, whatever else
 * others changed: nonce and seal say so. */
bool sbk_nt_account_is_ours(struct sbk_state made, struct sbk_state now);

#endif
