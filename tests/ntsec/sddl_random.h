/* Random descriptors, the same ones for the same seed on each machine. */
#ifndef SBK_TESTS_NTSEC_SDDL_RANDOM_H
#define SBK_TESTS_NTSEC_SDDL_RANDOM_H

#include "engine/ntsec/sd.h"

/*
 * Appends a descriptor as sbk_sddl_parse could have made it: plain and object
 * entries in a DACL, audit entries in a SACL, any of the four parts missing,
 * NULL lists, well-known, domain and foreign SIDs. Advances the seed.
 */
void sddl_random_descriptor(uint64_t *seed, const struct sbk_sid *domain,
			    struct sbk_buf *out);

#endif
