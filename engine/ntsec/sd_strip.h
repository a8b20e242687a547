/*
 * Taking somebody out of a descriptor: each entry of its DACL that names one of
 * given SIDs, explicit or inherited, allow or deny, and the owner where it is
 * one of them. Everything else stays as it stands: the order of the other
 * entries, control bits, slack, group and SACL.
 */
#ifndef SBK_NTSEC_SD_STRIP_H
#define SBK_NTSEC_SD_STRIP_H

#include "engine/ntsec/sd.h"

struct sbk_sd_strip {
	const struct sbk_sid *sids; /* sorted by sbk_sid_compare */
	size_t count;
	/* Who owns it where one of them did; NULL: the owner stays. */
	const struct sbk_sid *heir;
};

/* How a descriptor names them. */
struct sbk_sd_named {
	size_t entries, inherited, denies; /* the latter two are among them */
	bool owner, group;
	/* In an entry that is somebody else's, or of an unknown kind: a
	 * condition, say. It stays. */
	bool mentioned;
	bool nobody_left; /* the DACL has no other entry: nobody has access */
};

bool sbk_sd_strip_names(const struct sbk_sd_strip *strip,
			const struct sbk_sid *sid);
void sbk_sd_strip_look(const struct sbk_sd *sd,
		       const struct sbk_sd_strip *strip,
		       struct sbk_sd_named *out);
/*
 * Appends the self-relative bytes without them: those that `sd` was read from
 * where nothing names them. A list that loses its last entry is an empty one,
 * never absent, which would let everybody in. SBK_E_LIMIT, SBK_E_NOMEM.
 */
int sbk_sd_strip_write(const struct sbk_sd *sd,
		       const struct sbk_sd_strip *strip, struct sbk_buf *out,
		       struct sbk_error *err);

#endif
