/* Making and knowing synthetic SIDs: the one place that has their form. */
#include "engine/windows/synthetic.h"

#include "engine/ntsec/wire.h"

#include "engine/banned.h"

#define ID_WORDS (SBK_SYNTHETIC_ID_BYTES / 4)

static void read_words(const uint8_t id[SBK_SYNTHETIC_ID_BYTES],
		       uint32_t words[ID_WORDS])
{
	unsigned i;

	for (i = 0; i < ID_WORDS; i++)
		words[i] = get_u32le(id + (size_t)4 * i);
}

struct sbk_sid sbk_synthetic_make(const uint8_t id[SBK_SYNTHETIC_ID_BYTES],
				  uint32_t number)
{
	uint32_t subs[ID_WORDS + 1];

	read_words(id, subs);
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

struct sbk_sid
sbk_synthetic_make_run(const uint8_t random[SBK_SYNTHETIC_ID_BYTES])
{
	uint32_t subs[ID_WORDS];

	read_words(random, subs);
	return sbk_sid_make(SBK_RUN_AUTHORITY, subs, ID_WORDS);
}

bool sbk_synthetic_is_run(const struct sbk_sid *sid)
{
	return sbk_sid_authority(sid) == SBK_RUN_AUTHORITY &&
	       sbk_sid_sub_count(sid) == ID_WORDS;
}
