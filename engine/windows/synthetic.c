/* Making and knowing synthetic SIDs: the one place that has their form. */
#include "engine/windows/synthetic.h"

#include "engine/ntsec/wire.h"

#include "engine/banned.h"

#define ID_WORDS (SBK_SYNTHETIC_ID_BYTES / 4)

struct sbk_sid sbk_synthetic_make(const uint8_t id[SBK_SYNTHETIC_ID_BYTES],
				  uint32_t number)
{
	uint32_t subs[ID_WORDS + 1];
	unsigned i;

	for (i = 0; i < ID_WORDS; i++)
		subs[i] = get_u32le(id + (size_t)4 * i);
	subs[ID_WORDS] = number;
	return sbk_sid_make(SBK_SYNTHETIC_AUTHORITY, subs, ID_WORDS + 1);
}

bool sbk_synthetic_parse(const struct sbk_sid *sid,
			 uint8_t id[SBK_SYNTHETIC_ID_BYTES], uint32_t *number)
{
	unsigned i;

	if (sbk_sid_authority(sid) != SBK_SYNTHETIC_AUTHORITY ||
	    sbk_sid_sub_count(sid) != ID_WORDS + 1 || sbk_sid_rid(sid) == 0)
		return false;
	for (i = 0; id != NULL && i < ID_WORDS; i++)
		put_u32le(id + (size_t)4 * i, sbk_sid_sub(sid, i));
	if (number != NULL)
		*number = sbk_sid_rid(sid);
	return true;
}
