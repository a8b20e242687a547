/*
 * What a grant makes of an access state on Windows, and what is left when it
 * is taken out again. Portable and pure: states in, states out, as the slots of
 * the same names in engine/backend.h say; the table of entries is WINDOWS.md
 * part 3.
 *
 * A principal is a SID's text.
 */
#ifndef SBK_WINDOWS_ACCESS_RULES_H
#define SBK_WINDOWS_ACCESS_RULES_H

#include "engine/backend.h"
#include "engine/ntsec/sid.h"

/* The one text of a SID: SBK_E_INVAL for a second form of it. */
int sbk_nt_principal_parse(const char *text, struct sbk_sid *out,
			   struct sbk_error *err);

/*
 * An object that is the root of a grant gets explicit entries; with
 * SBK_RIGHTS_BELOW it gets what it inherits from those of the root, and of
 * nothing else. Nothing changes where the entries are there, where the DACL is
 * NULL or absent (everybody has each right already), and below a protected
 * DACL. SBK_E_UNSUPPORTED for SBK_RIGHTS_PROTECT where there is no DACL to
 * hold the denial.
 */
int sbk_nt_access_add_grant(struct sbk_state current, bool is_directory,
			    const char *principal, enum sbk_rights rights,
			    struct sbk_buf *next, struct sbk_buf *ours,
			    struct sbk_error *err);

/* See `subtract` in backend.h; the rules stand at the top of the .c. */
int sbk_nt_access_subtract(const struct sbk_change *change,
			   struct sbk_state current, struct sbk_buf *next,
			   struct sbk_error *err);

/* See `strip` in backend.h; principals are patterns (ntsec/sid.h). */
int sbk_nt_access_strip(struct sbk_state current, const char *const *principals,
			size_t count, struct sbk_buf *next,
			struct sbk_error *err);

#endif
