/*
 * Between account.c and account_state.c: states from lines, facts from states.
 */
#ifndef SBK_LINUX_ACCOUNT_STATE_H
#define SBK_LINUX_ACCOUNT_STATE_H

#include "engine/linux/account.h"

/* A state from the lines that were found; NULL for one that is missing. */
void sbk_account_encode_lines(struct sbk_buf *out, const char *name,
			      const struct sbk_slice *passwd,
			      const struct sbk_slice *shadow);
void sbk_group_encode_lines(struct sbk_buf *out, const char *name,
			    const struct sbk_slice *group,
			    const struct sbk_slice *gshadow);

/* The value behind "key " in a state, borrowed from it. */
bool sbk_account_fact(struct sbk_state state, const char *key,
		      struct sbk_slice *out);

/* Copies a nonce's digits; false where they are none. */
bool sbk_nonce_copy(struct sbk_slice digits, char nonce[SBK_NONCE_DIGITS + 1]);

#endif
