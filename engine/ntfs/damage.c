/*
 * The kinds of damage and their texts: one table, in damage.h.
 */
#include "engine/ntfs/damage.h"

#include "engine/banned.h"

enum place { BYTE, RECORD, ID, STREAM };

static const struct kind {
	enum place place;
	bool hides;
	const char *text;
} kinds[] = {
#define KIND(name, place, hides, text) {place, hides, text},
	SBK_NTFS_DAMAGE_MAP(KIND)
#undef KIND
};

void sbk_ntfs_damage_add(struct sbk_ntfs_damage *damage,
			 enum sbk_ntfs_damage_kind kind, uint64_t place)
{
	if (damage->counts[kind] < SBK_NTFS_DAMAGE_PLACES)
		damage->places[kind][damage->counts[kind]] = place;
	damage->counts[kind]++;
}

uint64_t sbk_ntfs_damage_total(const struct sbk_ntfs_damage *damage)
{
	uint64_t total = 0;
	size_t i;

	for (i = 0; i < SBK_NTFS_BAD_COUNT; i++)
		total += damage->counts[i];
	return total;
}

bool sbk_ntfs_damage_hides(enum sbk_ntfs_damage_kind kind)
{
	return kinds[kind].hides;
}

const char *sbk_ntfs_damage_text(enum sbk_ntfs_damage_kind kind)
{
	return kinds[kind].text;
}

const char *sbk_ntfs_damage_place(enum sbk_ntfs_damage_kind kind)
{
	static const char *const places[] = {"byte", "record", "security id",
					     "byte of its stream"};

	return places[kinds[kind].place];
}
