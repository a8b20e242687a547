/*
 * What a grant makes of an access state, and what is left when it is taken
 * out again. Pure: states in, states out, as the slots of the same names in
 * engine/backend.h say.
 */
#ifndef SBK_LINUX_ACCESS_RULES_H
#define SBK_LINUX_ACCESS_RULES_H

#include "engine/backend.h"
#include "engine/linux/access_state.h"

/*
 * The principal ("u:990", "g:990") gets an entry of its own in the access ACL
 * and, on a directory, in the default ACL: r, w where asked for, and x on
 * directories and on files that anyone may execute. An entry that is there
 * already gets what it lacks.
 *
 * SBK_E_UNSUPPORTED for objects that are neither file nor directory.
 * SBK_E_CONFLICT where the grant would need a wider mask and the mask now
 * hides rights of others: a grant to one never gives to another.
 */
int sbk_access_add_grant(struct sbk_state current, const char *principal,
			 enum sbk_rights rights, struct sbk_buf *next,
			 struct sbk_buf *ours, struct sbk_error *err);

/* See `subtract` in backend.h; the rules stand at the top of the .c. */
int sbk_access_subtract(const struct sbk_change *change,
			struct sbk_state current, struct sbk_buf *next,
			struct sbk_error *err);

/* See `strip` in backend.h. */
int sbk_access_strip(struct sbk_state current, const char *const *principals,
		     size_t count, struct sbk_buf *next, struct sbk_error *err);

#endif
