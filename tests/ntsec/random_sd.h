/*
 * Random descriptors as bytes, the same for the same seed. Written without the
 * library that they test: only little-endian numbers are shared.
 */
#ifndef SBK_TEST_RANDOM_SD_H
#define SBK_TEST_RANDOM_SD_H

#include <stdbool.h>

#include "engine/buf.h"

struct random {
	uint64_t state;
};

uint32_t random_u32(struct random *r);
uint32_t random_below(struct random *r, uint32_t limit);
/* True `part` times out of `of`. */
bool random_is(struct random *r, uint32_t part, uint32_t of);

enum random_features {
	RANDOM_DATA = 1,	     /* bytes behind the SID of any ACE */
	RANDOM_CALLBACK_OBJECTS = 2, /* types 0x0b, 0x0c, 0x0f, 0x10 */
	RANDOM_OPAQUE = 4,	     /* opaque types, with any bytes */
	RANDOM_SLACK = 8,	     /* bytes behind the last ACE of an ACL */
	RANDOM_LAYOUT = 16, /* parts in any order, gaps, shared, at the end */
	RANDOM_UNALIGNED = 32, /* with RANDOM_LAYOUT: at any offset */
	RANDOM_RESERVED = 64,  /* reserved bytes, offsets of absent lists */
	RANDOM_EVERYTHING = 127
};

void random_sid(struct random *r, struct sbk_buf *out);
void random_ace(struct random *r, unsigned features, struct sbk_buf *out);
/* Up to `aces_max` entries. */
void random_acl(struct random *r, unsigned features, unsigned aces_max,
		struct sbk_buf *out);
void random_sd(struct random *r, unsigned features, unsigned aces_max,
	       struct sbk_buf *out);

#endif
