/*
 * What is wrong with a volume: counted by kind, with the first places of each.
 * Nothing that a volume holds is fatal once it is open, and nothing is passed
 * over: whoever reports on a volume reports this, too, and calls it incomplete
 * where sbk_ntfs_damage_hides.
 */
#ifndef SBK_NTFS_DAMAGE_H
#define SBK_NTFS_DAMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(name, what a place is, whether something may be hidden by it, text) */
#define SBK_NTFS_DAMAGE_MAP(X)                                                 \
	X(BOOT, BYTE, false, "the boot sector is not valid; its copy is used") \
	X(CUT, BYTE, true, "the device ends before the volume does")           \
	X(READ, BYTE, true, "the device could not be read")                    \
	X(MFT_MIRROR, RECORD, false,                                           \
	  "a record of the system is damaged; its copy is used")               \
	X(BITMAP, RECORD, true, "the map of records in use cannot be read")    \
	X(MAGIC, RECORD, true, "a record in use does not begin as one")        \
	X(TORN, RECORD, true, "a record was written in part")                  \
	X(RECORD, RECORD, true, "a record is malformed")                       \
	X(UNMARKED, RECORD, false, "a record is in use, its map says not")     \
	X(ATTRIBUTE, RECORD, true, "an attribute is malformed")                \
	X(RUNS, RECORD, true, "a list of clusters is malformed")               \
	X(LIST, RECORD, true, "an attribute list is malformed")                \
	X(EXTENSION, RECORD, true,                                             \
	  "a part of a record is missing or another's")                        \
	X(STRAY, RECORD, true, "a part of a record belongs to no record")      \
	X(NAME, RECORD, true, "a name is malformed")                           \
	X(NO_NAME, RECORD, true, "an object has no name")                      \
	X(PARENT, RECORD, true, "an object's directory does not exist")        \
	X(LOOP, RECORD, true, "a directory is inside itself")                  \
	X(NO_DESCRIPTOR, RECORD, true, "an object has no descriptor")          \
	X(SECURITY_ID, RECORD, true, "an object's descriptor does not exist")  \
	X(DESCRIPTOR, ID, true, "a descriptor is malformed")                   \
	X(SDS, ID, true, "a stored descriptor is damaged in both copies")      \
	X(SDS_COPY, ID, false, "a stored descriptor is damaged in one copy")   \
	X(SII, BYTE, false,                                                    \
	  "the index of descriptors is damaged; the descriptors are searched") \
	X(USN, STREAM, false,                                                  \
	  "the journal of changes is damaged; when something was changed may " \
	  "not be told")                                                       \
	X(LIMIT, RECORD, true, "a fixed maximum was reached")

enum sbk_ntfs_damage_kind {
#define SBK_NTFS_DAMAGE_KIND(name, place, hides, text) SBK_NTFS_BAD_##name,
	SBK_NTFS_DAMAGE_MAP(SBK_NTFS_DAMAGE_KIND)
#undef SBK_NTFS_DAMAGE_KIND
		SBK_NTFS_BAD_COUNT
};

#define SBK_NTFS_DAMAGE_PLACES 8 /* kept of each kind */

struct sbk_ntfs_damage {
	uint64_t counts[SBK_NTFS_BAD_COUNT];
	/* Byte of the volume, number of a record, or security id. */
	uint64_t places[SBK_NTFS_BAD_COUNT][SBK_NTFS_DAMAGE_PLACES];
};

void sbk_ntfs_damage_add(struct sbk_ntfs_damage *damage,
			 enum sbk_ntfs_damage_kind kind, uint64_t place);
uint64_t sbk_ntfs_damage_total(const struct sbk_ntfs_damage *damage);
/* Whether anything may be hidden by what is damaged in this way. */
bool sbk_ntfs_damage_hides(enum sbk_ntfs_damage_kind kind);
const char *sbk_ntfs_damage_text(enum sbk_ntfs_damage_kind kind); /* static */
/* "record", "byte", "security id", "byte of its stream". Static. */
const char *sbk_ntfs_damage_place(enum sbk_ntfs_damage_kind kind);

#endif
