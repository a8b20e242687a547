/*
 * The environment of a command as the one block that CreateProcess takes
 * ("Changing Environment Variables"), and what advises programs to stay off the
 * network where nothing can keep them off. Portable.
 */
#ifndef SBK_WINDOWS_ENVIRONMENT_H
#define SBK_WINDOWS_ENVIRONMENT_H

#include <stdbool.h>

#include "engine/buf.h"

#define SBK_ENVIRONMENT_VALUE_MAX 32766 /* UTF-16 units */

struct sbk_environment_wish {
	const char *const *variables; /* "NAME=value", UTF-8, NULL-ended */
	const char *system_root; /* where the variables have none, or NULL */
	const char *temporary;	 /* TEMP and TMP, over theirs, or NULL */
	bool advise_offline;
};

/*
 * Appends the block: UTF-16, little-endian, sorted by name in upper case, with
 * its end. SBK_E_INVAL: a name that is empty, not ASCII, or there twice in
 * whatever case; a value that is not UTF-8. SBK_E_LIMIT.
 */
int sbk_environment_block(const struct sbk_environment_wish *wish,
			  struct sbk_buf *out, struct sbk_error *err);

#endif
