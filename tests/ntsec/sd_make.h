/*
 * Descriptors for tests, made from parts without SDDL.
 */
#ifndef SBK_TEST_SD_MAKE_H
#define SBK_TEST_SD_MAKE_H

#include "engine/buf.h"
#include "engine/ntsec/sd.h"

/* A descriptor and the bytes that it points into. */
struct sd_make {
	struct sbk_buf dacl, sacl; /* entries */
	uint16_t dacl_count, sacl_count;
	bool has_dacl, has_sacl;
	struct sbk_buf dacl_bytes, sacl_bytes;
	struct sbk_sd sd;
};

void sd_make_init(struct sd_make *make, const struct sbk_sid *owner,
		  const struct sbk_sid *group);
void sd_make_release(struct sd_make *make);
/* Forgets the entries; memory is kept. */
void sd_make_clear(struct sd_make *make);
void sd_make_dacl(struct sd_make *make, uint8_t type, uint8_t flags,
		  uint32_t mask, const struct sbk_sid *sid);
void sd_make_dacl_parts(struct sd_make *make,
			const struct sbk_ace_parts *parts);
void sd_make_sacl(struct sd_make *make, uint8_t type, uint8_t flags,
		  uint32_t mask, const struct sbk_sid *sid);
/* Makes `sd` from what was added; its pointers last until the next change. */
const struct sbk_sd *sd_make_done(struct sd_make *make);

#endif
