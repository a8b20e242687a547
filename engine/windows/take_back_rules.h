/*
 * Taking back: the entry by which a person may take what an account makes in a
 * root that the person granted to it (WINDOWS.md part 3, "Taking back").
 * Portable and pure.
 */
#ifndef SBK_WINDOWS_TAKE_BACK_RULES_H
#define SBK_WINDOWS_TAKE_BACK_RULES_H

#include "engine/ntsec/acl.h"
#include "engine/windows/access_state.h"

/* What hand-back opens an object with: to read the list, to write it, and to
 * own it. What else the person wants of it an owner may give to themselves. */
#define SBK_NT_TAKE_BACK \
	(SBK_RIGHT_READ_CONTROL | SBK_RIGHT_WRITE_DAC | SBK_RIGHT_WRITE_OWNER)

/*
 * Whether what others make in this directory, files and directories, is the
 * person's to take already: by what it hands down to the person's own SID, and
 * to Everyone and Authenticated Users, who are in each of the person's tokens.
 * Other groups do not count: whether a token has them enabled is not known here
 * (Administrators, say). Undecided is no.
 */
int sbk_nt_take_back_stands(const struct sbk_nt_access *directory,
			    const struct sbk_sid *person, bool *out,
			    struct sbk_error *err);

/* The person's SID of a principal of SBK_TAKES_BACK (backend.h); false for any
 * other text. */
bool sbk_nt_take_back_parse(const char *principal, struct sbk_sid *person);

/* Whether the entry is one that taking back put there or handed down. */
bool sbk_nt_take_back_is(const struct sbk_ace *ace,
			 const struct sbk_sid *person);

#endif
