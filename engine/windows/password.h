/*
 * Passwords of accounts of ours: out of random bytes, never out of anything
 * else. Portable, and tested on any system.
 */
#ifndef SBK_WINDOWS_PASSWORD_H
#define SBK_WINDOWS_PASSWORD_H

#include <stddef.h>
#include <stdint.h>

#include "engine/error.h"

#define SBK_PASSWORD_CHARACTERS 40

/* Fills `out` from the system's generator. */
typedef int sbk_random_fn(void *arg, uint8_t *out, size_t size,
			  struct sbk_error *err);

/*
 * 40 characters, each with equal chance out of 64 (so 240 bits), with lower and
 * upper case letters, digits and marks among them, as a policy for complexity
 * asks: what lacks one is drawn again as a whole. SBK_E_IO where the generator
 * gives nothing usable. The caller wipes it (sbk_password_wipe); what was drawn
 * on the way is wiped here.
 */
int sbk_password_make(sbk_random_fn *random, void *arg,
		      char out[SBK_PASSWORD_CHARACTERS + 1],
		      struct sbk_error *err);
/* Overwrites, in a way that no compiler leaves out. */
void sbk_password_wipe(void *secret, size_t size);

#endif
