/*
 * The access of an object that is held by a pin: reading it from the system
 * and making it what it should be (WINDOWS.md part 3).
 */
#ifndef SBK_WINDOWS_ACCESS_H
#define SBK_WINDOWS_ACCESS_H

#include "engine/error.h"
#include "engine/windows/access_state.h"
#include "engine/windows/pin.h"

/* Owner, group, DACL and control bits. */
int sbk_nt_access_read(const struct sbk_pin *pin, struct sbk_nt_access *out,
		       struct sbk_error *err);

/*
 * Makes the access `next` of what was just read as `current`, and reads it
 * back. The pin has WRITE_DAC and, where owner or group become others,
 * WRITE_OWNER. SBK_E_IO where the system said yes and did something else; then,
 * and where a later step failed, `current` is put back.
 */
int sbk_nt_access_write(const struct sbk_pin *pin,
			const struct sbk_nt_access *current,
			const struct sbk_nt_access *next,
			struct sbk_error *err);

/* The rights of a pin that can make `next` of `current`. */
DWORD sbk_nt_access_needs(const struct sbk_nt_access *current,
			  const struct sbk_nt_access *next);

#endif
