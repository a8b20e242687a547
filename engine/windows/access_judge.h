/*
 * What an access state lets somebody do, and how it names a principal, as the
 * slots of engine/backend.h say. Portable and pure; the judging is ntsec's.
 */
#ifndef SBK_WINDOWS_ACCESS_JUDGE_H
#define SBK_WINDOWS_ACCESS_JUDGE_H

#include "engine/backend.h"

/* See `evaluate` in backend.h. Groups are SIDs, too; those that every local
 * account has when it logs on are added. What cannot be decided counts as
 * allowed: who asks wants to know what is not contained. */
int sbk_nt_access_evaluate(struct sbk_state access,
			   const struct sbk_subject *who, unsigned *rights,
			   bool *named, struct sbk_buf *entry,
			   struct sbk_error *err);

/* See `naming` in backend.h; `principal` is a pattern (ntsec/sid.h). */
int sbk_nt_access_naming(struct sbk_state access, const char *principal,
			 unsigned *how, struct sbk_error *err);

#endif
