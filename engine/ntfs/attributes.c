/*
 * The attributes of an object, wherever they are. Owns attribute lists: they
 * are chosen by whoever wrote the volume, so each has a maximum, all of a
 * volume together have one (volume->budget), and an extension counts only where
 * it says itself that it belongs to this record.
 */
#include "engine/ntfs/internal.h"
#include "engine/ntfs/object.h"

#include "engine/banned.h"

#define ENTRY_BYTES 26
#define BUDGET_BYTES 1024 /* of a list that is read: one record's worth */

struct listed {
	struct sbk_ntfs_volume *volume;
	uint64_t number;
	const struct sbk_ntfs_record *base;
	struct sbk_ntfs_record extension;
	uint64_t extension_ref; /* what is loaded; 0: nothing */
	bool extension_is_good;
	bool *damaged;
};

static void blame(struct listed *listed, enum sbk_ntfs_damage_kind kind)
{
	sbk_ntfs_damage_add(&listed->volume->damage, kind, listed->number);
	*listed->damaged = true;
}

/* Takes from the budget; false where it is used up. */
static bool spend(struct listed *listed, uint64_t records)
{
	uint64_t *budget = &listed->volume->budget;

	if (*budget < records) {
		*budget = 0;
		blame(listed, SBK_NTFS_BAD_LIMIT);
		return false;
	}
	*budget -= records;
	return true;
}

static void claim(struct sbk_ntfs_volume *volume, uint64_t number)
{
	if (volume->claimed != NULL && number < volume->records)
		volume->claimed[number / 8] |= (uint8_t)(1u << number % 8);
}

/* The record that a list's entry refers to; NULL where it is not this
 * object's. */
static const struct sbk_ntfs_record *find_record(struct listed *listed,
						 uint64_t ref)
{
	struct sbk_ntfs_volume *volume = listed->volume;
	uint64_t number = SBK_NTFS_REFERENCE_NUMBER(ref);
	struct sbk_ntfs_record *found = &listed->extension;

	if (number == listed->number)
		return listed->base;
	if (listed->extension_ref == ref)
		return listed->extension_is_good ? found : NULL;
	if (!spend(listed, 1))
		return NULL;
	listed->extension_ref = ref;
	listed->extension_is_good =
		sbk_ntfs_record_load(volume, number, volume->extension,
				     found) == SBK_NTFS_RECORD_GOOD &&
		found->sequence == SBK_NTFS_REFERENCE_SEQUENCE(ref) &&
		SBK_NTFS_REFERENCE_NUMBER(found->base) == listed->number &&
		SBK_NTFS_REFERENCE_SEQUENCE(found->base) ==
			listed->base->sequence;
	if (!listed->extension_is_good) {
		blame(listed, SBK_NTFS_BAD_EXTENSION);
		return NULL;
	}
	claim(volume, number);
	return found;
}

struct entry {
	uint32_t type;
	uint16_t size, instance;
	uint64_t first_vcn, ref;
};

static bool read_entry(struct sbk_view *list, uint64_t at, struct entry *out)
{
	out->type = sbk_view_u32(list, at);
	out->size = sbk_view_u16(list, at + 4);
	out->first_vcn = sbk_view_u64(list, at + 8);
	out->ref = sbk_view_u64(list, at + 16);
	out->instance = sbk_view_u16(list, at + 24);
	return !list->overrun && out->size >= ENTRY_BYTES &&
	       out->size % 8 == 0 && sbk_view_has(list, at, out->size);
}

/* 1 and the attribute that the entry names; 0: it is not there. */
static int find_attribute(const struct sbk_ntfs_record *record,
			  const struct entry *entry,
			  struct sbk_ntfs_attribute *out)
{
	struct sbk_ntfs_cursor at = sbk_ntfs_record_begin(record);

	while (sbk_ntfs_record_next(&at, out) > 0)
		if (out->type == entry->type &&
		    out->instance == entry->instance &&
		    (out->is_resident || out->first_vcn == entry->first_vcn))
			return 1;
	return 0;
}

static int visit_list(struct listed *listed, struct sbk_view list,
		      sbk_ntfs_attribute_fn *visit, void *arg,
		      struct sbk_error *err)
{
	struct sbk_ntfs_attribute attribute;
	const struct sbk_ntfs_record *record;
	struct entry entry;
	uint64_t at;
	int rc = 0;

	for (at = 0; rc == 0 && at < list.size; at += entry.size) {
		if (!read_entry(&list, at, &entry)) {
			blame(listed, SBK_NTFS_BAD_LIST);
			return 0;
		}
		record = find_record(listed, entry.ref);
		if (record == NULL)
			continue;
		if (find_attribute(record, &entry, &attribute) == 0)
			blame(listed, SBK_NTFS_BAD_LIST);
		else if (attribute.type != SBK_NTFS_ATTRIBUTE_LIST)
			rc = visit(arg, &attribute, err);
	}
	return rc;
}

/* The bytes of a list, which may lie in clusters of their own. */
static int read_list(struct listed *listed,
		     const struct sbk_ntfs_attribute *attribute,
		     struct sbk_buf *out, struct sbk_error *err)
{
	struct sbk_ntfs_stream stream = {.owner = listed->number,
					 .size = attribute->size,
					 .initialized = attribute->initialized};
	int rc;

	if (attribute->size > SBK_NTFS_LIST_BYTES_MAX ||
	    !spend(listed, attribute->size / BUDGET_BYTES))
		return SBK_E_LIMIT;
	if (attribute->is_resident) {
		sbk_buf_add(out, attribute->value.data, attribute->value.size);
		return sbk_buf_failed(out, err);
	}
	rc = sbk_ntfs_runs_add(&stream.runs, attribute->value,
			       attribute->first_vcn,
			       listed->volume->boot.clusters, err);
	if (rc == 0)
		rc = sbk_ntfs_stream_read_all(listed->volume, &stream,
					      SBK_NTFS_LIST_BYTES_MAX, out,
					      err);
	sbk_ntfs_stream_release(&stream);
	return rc;
}

static int visit_listed(struct listed *listed,
			const struct sbk_ntfs_attribute *attribute,
			sbk_ntfs_attribute_fn *visit, void *arg,
			struct sbk_error *err)
{
	struct sbk_buf list = SBK_BUF_INIT;
	int rc = read_list(listed, attribute, &list, err);

	if (rc == 0) {
		rc = visit_list(listed, sbk_view_of(list.data, list.size),
				visit, arg, err);
	} else if (rc != SBK_E_NOMEM) {
		sbk_error_clear(err);
		blame(listed, SBK_NTFS_BAD_LIST);
		rc = 0;
	}
	sbk_buf_release(&list);
	return rc;
}

int sbk_ntfs_attributes(struct sbk_ntfs_volume *volume, uint64_t number,
			const struct sbk_ntfs_record *record,
			sbk_ntfs_attribute_fn *visit, void *arg, bool *damaged,
			struct sbk_error *err)
{
	struct listed listed = {.volume = volume,
				.number = number,
				.base = record,
				.damaged = damaged};
	struct sbk_ntfs_cursor at = sbk_ntfs_record_begin(record);
	struct sbk_ntfs_attribute attribute;
	uint32_t type = 0;
	int rc, more;

	/* A list stands before all but the first type: types only rise. */
	while ((more = sbk_ntfs_record_next(&at, &attribute)) > 0 &&
	       attribute.type < SBK_NTFS_ATTRIBUTE_LIST)
		;
	if (more > 0 && attribute.type == SBK_NTFS_ATTRIBUTE_LIST)
		return visit_listed(&listed, &attribute, visit, arg, err);
	at = sbk_ntfs_record_begin(record);
	while ((more = sbk_ntfs_record_next(&at, &attribute)) > 0) {
		if (attribute.type < type)
			blame(&listed, SBK_NTFS_BAD_ATTRIBUTE);
		type = attribute.type;
		rc = visit(arg, &attribute, err);
		if (rc < 0)
			return rc;
	}
	if (more < 0)
		blame(&listed, SBK_NTFS_BAD_ATTRIBUTE);
	return 0;
}
