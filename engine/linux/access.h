/*
 * The access of an object that is held by a pin: reading it from the kernel
 * and making it what it should be.
 */
#ifndef SBK_LINUX_ACCESS_H
#define SBK_LINUX_ACCESS_H

#include "engine/error.h"
#include "engine/linux/access_state.h"
#include "engine/linux/pin.h"

/*
 * Owner, group, mode and ACLs, all of one moment: read again where a change
 * came in between, SBK_E_BUSY where that does not end. Refreshes pin->stat.
 */
int sbk_access_read(struct sbk_pin *pin, struct sbk_access *out,
		    struct sbk_error *err);

/* The same where pin->stat is fresh already, as it is after pinning. */
int sbk_access_read_pinned(struct sbk_pin *pin, struct sbk_access *out,
			   struct sbk_error *err);

/*
 * Makes the access `next`, which was just read as `current`, and reads it
 * back into pin->stat. Checks before the first change what can be known to
 * fail: SBK_E_DENIED for a set-group-id bit that the kernel would take away.
 * SBK_E_IO where the kernel said yes and did something else. Where a later
 * step fails, the earlier ones are taken back.
 */
int sbk_access_write(struct sbk_pin *pin, const struct sbk_access *current,
		     const struct sbk_access *next, struct sbk_error *err);

/*
 * Why the caller cannot change this object's access exactly ("it is marked
 * immutable"), or NULL. Static.
 */
const char *sbk_access_fixed(const struct sbk_pin *pin);

#endif
