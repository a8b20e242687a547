/*
 * What the kernel would let somebody do, from an access state alone. Pure: no
 * call to the system.
 */
#ifndef SBK_LINUX_POSIX_ACCESS_CHECK_H
#define SBK_LINUX_POSIX_ACCESS_CHECK_H

#include "engine/backend.h"

/*
 * See `evaluate` in backend.h. Read, write and execute are each answered as
 * the kernel answers a request for that one alone. SBK_E_PARSE for a state
 * that is none, SBK_E_INVAL for a principal that is none.
 */
int sbk_access_evaluate(struct sbk_state access, const struct sbk_subject *who,
			unsigned *rights, bool *named, struct sbk_buf *entry,
			struct sbk_error *err);

/* See `naming` in backend.h. */
int sbk_access_naming(struct sbk_state access, const char *principal,
		      unsigned *how, struct sbk_error *err);

#endif
