/*
 * What the files of engine/ntfs share about an open volume.
 */
#ifndef SBK_NTFS_INTERNAL_H
#define SBK_NTFS_INTERNAL_H

#include "engine/ntfs/record.h"
#include "engine/ntfs/stream.h"
#include "engine/ntfs/volume.h"

struct sbk_ntfs_volume {
	struct sbk_ntfs_device device;
	struct sbk_ntfs_boot boot;
	struct sbk_ntfs_damage damage;
	struct sbk_ntfs_stream mft;
	uint64_t records;
	uint8_t *bitmap; /* a bit a record; NULL: not readable */
	uint64_t bitmap_bytes;
	/* One record each: a base, and what extends it. */
	uint8_t *base, *extension;
	/* A bit a record: extends one that a scan has met. NULL: no scan. */
	uint8_t *claimed;
	/*
	 * Work that attribute lists may still cause, in records. Lists are
	 * chosen by whoever wrote the volume, and many may name the same large
	 * one: without a maximum a small image would keep us for days.
	 */
	uint64_t budget;
};

#define SBK_NTFS_BUDGET_LEAST 65536
/* As before each pass over the records: a few for each of them. */
void sbk_ntfs_budget_renew(struct sbk_ntfs_volume *volume);

/* Reads bytes of the device; what lies beyond it is BAD_CUT, what cannot be
 * read BAD_READ. SBK_E_IO. */
int sbk_ntfs_read_at(struct sbk_ntfs_volume *volume, uint64_t offset,
		     void *buffer, size_t size, struct sbk_error *err);
/* Whether the image has no bytes of these records: they are blank. */
bool sbk_ntfs_records_are_hole(const struct sbk_ntfs_volume *volume,
			       uint64_t first, uint64_t count);
/*
 * Leaves out the records behind the last one of which a sparse image has any
 * bytes; those that are marked in use are damage. SBK_E_UNSUPPORTED where the
 * table is so large, and so much of it holes, that no volume was like it.
 */
int sbk_ntfs_records_trim(struct sbk_ntfs_volume *volume,
			  struct sbk_error *err);

/*
 * Reads a record into `buffer` and fixes it up; those of the system from their
 * copy where they are not good. Counts what it finds as damage, unless the
 * record is free or blank.
 */
enum sbk_ntfs_record_state sbk_ntfs_record_load(struct sbk_ntfs_volume *volume,
						uint64_t number,
						uint8_t *buffer,
						struct sbk_ntfs_record *out);
/* Counts what is wrong with a record that was read. */
void sbk_ntfs_record_blame(struct sbk_ntfs_volume *volume, uint64_t number,
			   enum sbk_ntfs_record_state state);
bool sbk_ntfs_bit(const uint8_t *bits, uint64_t bytes, uint64_t number);

/*
 * Calls `visit` for each attribute of an object: those of its record, or, where
 * it has an attribute list, those that the list names, in its order, from
 * whatever record they are in. The attribute is borrowed. `visit` returns < 0
 * to stop with that. *damaged is set where something of it was missing or
 * malformed, which is counted, too.
 */
typedef int sbk_ntfs_attribute_fn(void *arg,
				  const struct sbk_ntfs_attribute *attribute,
				  struct sbk_error *err);
int sbk_ntfs_attributes(struct sbk_ntfs_volume *volume, uint64_t number,
			const struct sbk_ntfs_record *record,
			sbk_ntfs_attribute_fn *visit, void *arg, bool *damaged,
			struct sbk_error *err);

/* An entry of $SII: where in $SDS a descriptor is. */
struct sbk_ntfs_secure_entry {
	uint32_t id, hash;
	uint64_t offset;
	uint32_t size; /* with its header */
	bool is_good;  /* overlaps no other, and lies where one can be */
};

struct sbk_ntfs_secure_list {
	struct sbk_ntfs_secure_entry *items;
	size_t count, capacity;
};

/*
 * Reads the blocks of the index $SII that are in use, in their order and not
 * by its tree, so that no chain of hostile blocks leads anywhere. False where
 * anything of it was malformed; what was read by then is in the list.
 */
bool sbk_ntfs_secure_index_read(struct sbk_ntfs_volume *volume,
				struct sbk_ntfs_secure_list *out);
/* SBK_E_NOMEM, SBK_E_LIMIT. */
int sbk_ntfs_secure_list_add(struct sbk_ntfs_secure_list *list,
			     const struct sbk_ntfs_secure_entry *entry);

#endif
