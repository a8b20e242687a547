/*
 * The access list of an object of ours (a process, a thread, a token), set by
 * its handle and read back.
 */
#ifndef SBK_WINDOWS_OWN_LIST_H
#define SBK_WINDOWS_OWN_LIST_H

#include <windows.h>

#include "engine/buf.h"
#include "engine/error.h"

/*
 * Makes the DACL of `guard` (a descriptor, with the masks that the object's
 * generic mapping gives: so it reads back as it was given) the object's,
 * unless it is that already. The handle has READ_CONTROL and WRITE_DAC.
 * `whose` is how the error begins. SBK_E_UNSUPPORTED where it is another when
 * it is read back.
 */
int sbk_own_list_set(HANDLE object, const struct sbk_buf *guard,
		     const char *whose, struct sbk_error *err);

#endif
