/*
 * Objects: what a record and its extensions say together, and the scan over
 * all records. Owns the meaning of standard information, names, streams and
 * reparse points; judges no descriptor and puts no path together.
 */
#include "engine/ntfs/object.h"

#include <stdlib.h>
#include <string.h>

#include "engine/ntfs/internal.h"
#include "engine/ntsec/utf.h"

#include "engine/banned.h"

#define CHUNK_BYTES (1u << 20) /* of the table, read at once */

#define INFORMATION_BYTES_OLD 36 /* as far as we need of it before NTFS 3.0 */
#define NAME_BYTES 66		 /* of a name attribute before its units */

void sbk_ntfs_object_release(struct sbk_ntfs_object *object)
{
	free(object->names);
	free(object->streams);
	sbk_buf_release(&object->text);
	*object = (struct sbk_ntfs_object){.number = 0};
}

struct sbk_view sbk_ntfs_object_text(const struct sbk_ntfs_object *object,
				     uint32_t at, uint8_t units)
{
	return sbk_view_of(object->text.data + at, (size_t)units * 2);
}

void sbk_ntfs_text_add(struct sbk_buf *out, struct sbk_view utf16)
{
	size_t at = 0, size = utf16.size & ~(size_t)1;
	uint32_t character;

	while (at < size) {
		at += sbk_utf16_next(utf16.data + at, size - at, &character);
		sbk_utf8_add(out, character);
	}
}

/* --- filling one ------------------------------------------------------ */

struct filling {
	struct sbk_ntfs_volume *volume;
	struct sbk_ntfs_object *object;
};

static void blame(struct filling *filling, enum sbk_ntfs_damage_kind kind)
{
	sbk_ntfs_damage_add(&filling->volume->damage, kind,
			    filling->object->number);
	filling->object->is_damaged = true;
}

/* Room for one more in `*items` of `item` bytes each. */
static int grow(void **items, size_t *capacity, size_t count, size_t item,
		struct sbk_error *err)
{
	size_t more = *capacity > 0 ? *capacity * 2 : 8;
	void *grown;

	if (count < *capacity)
		return 0;
	grown = realloc(*items, more * item);
	if (grown == NULL)
		return sbk_error_no_memory(err);
	*items = grown;
	*capacity = more;
	return 0;
}

static uint32_t keep_text(struct sbk_ntfs_object *object, struct sbk_view units)
{
	uint32_t at = (uint32_t)object->text.size;

	sbk_buf_add(&object->text, units.data, units.size);
	return at;
}

static int take_information(struct filling *filling, struct sbk_view value)
{
	struct sbk_ntfs_object *object = filling->object;

	if (object->has_information || value.size < INFORMATION_BYTES_OLD) {
		blame(filling, SBK_NTFS_BAD_ATTRIBUTE);
		return 0;
	}
	object->has_information = true;
	object->attributes = sbk_view_u32(&value, 32);
	object->security_id = sbk_view_u32(&value, 52);
	return 0;
}

/* What no system lets into a name. */
static bool has_separator(struct sbk_view units)
{
	size_t i;
	uint16_t unit;

	for (i = 0; i < units.size; i += 2) {
		unit = sbk_view_u16(&units, i);
		if (unit == 0 || unit == '/')
			return true;
	}
	return false;
}

static int take_name(struct filling *filling, struct sbk_view value,
		     struct sbk_error *err)
{
	struct sbk_ntfs_object *object = filling->object;
	struct sbk_ntfs_name name = {
		.parent = sbk_view_u64(&value, 0),
		.units = sbk_view_u8(&value, 64),
		.namespace = sbk_view_u8(&value, 65),
	};
	struct sbk_view units =
		sbk_view_part(&value, NAME_BYTES, (uint64_t)name.units * 2);
	int rc;

	if (value.overrun || name.units == 0 ||
	    name.namespace > SBK_NTFS_NAME_BOTH) {
		blame(filling, SBK_NTFS_BAD_NAME);
		return 0;
	}
	if (has_separator(units))
		blame(filling, SBK_NTFS_BAD_NAME);
	if (object->name_count >= SBK_NTFS_NAMES_MAX) {
		blame(filling, SBK_NTFS_BAD_LIMIT);
		return 0;
	}
	rc = grow((void **)&object->names, &object->name_capacity,
		  object->name_count, sizeof(name), err);
	if (rc < 0)
		return rc;
	name.at = keep_text(object, units);
	object->names[object->name_count++] = name;
	return 0;
}

static int take_stream(struct filling *filling,
		       const struct sbk_ntfs_attribute *attribute,
		       struct sbk_error *err)
{
	struct sbk_ntfs_object *object = filling->object;
	struct sbk_ntfs_stream_facts stream = {
		.name_units = (uint8_t)(attribute->name.size / 2),
		.flags = attribute->flags,
		.is_resident = attribute->is_resident,
		.size = attribute->size,
		.allocated = attribute->allocated,
	};
	int rc;

	if (!attribute->is_resident && attribute->first_vcn != 0)
		return 0; /* a later piece: sizes stand in the first */
	if (object->stream_count >= SBK_NTFS_STREAMS_MAX) {
		blame(filling, SBK_NTFS_BAD_LIMIT);
		return 0;
	}
	rc = grow((void **)&object->streams, &object->stream_capacity,
		  object->stream_count, sizeof(stream), err);
	if (rc < 0)
		return rc;
	stream.name_at = keep_text(object, attribute->name);
	object->streams[object->stream_count++] = stream;
	return 0;
}

/* The tag stands first, where it is resident or not. */
static int take_reparse_point(struct filling *filling,
			      const struct sbk_ntfs_attribute *attribute)
{
	struct sbk_ntfs_volume *volume = filling->volume;
	struct sbk_ntfs_stream stream = {.owner = filling->object->number,
					 .size = attribute->size,
					 .initialized = attribute->initialized};
	struct sbk_view value = attribute->value;
	uint8_t bytes[4] = {0};

	if (!attribute->is_resident) {
		value = sbk_view_of(bytes, 0);
		if (sbk_ntfs_runs_add(&stream.runs, attribute->value,
				      attribute->first_vcn,
				      volume->boot.clusters, NULL) == 0 &&
		    sbk_ntfs_stream_read(volume, &stream, 0, bytes,
					 sizeof(bytes), NULL) == 0)
			value = sbk_view_of(bytes, sizeof(bytes));
		sbk_ntfs_stream_release(&stream);
	}
	filling->object->reparse_tag = sbk_view_u32(&value, 0);
	if (value.overrun)
		blame(filling, SBK_NTFS_BAD_ATTRIBUTE);
	return 0;
}

static int take(void *arg, const struct sbk_ntfs_attribute *attribute,
		struct sbk_error *err)
{
	struct filling *filling = arg;

	switch (attribute->type) {
	case SBK_NTFS_STANDARD_INFORMATION:
	case SBK_NTFS_FILE_NAME:
		if (!attribute->is_resident)
			blame(filling, SBK_NTFS_BAD_ATTRIBUTE);
		else if (attribute->type == SBK_NTFS_FILE_NAME)
			return take_name(filling, attribute->value, err);
		else
			return take_information(filling, attribute->value);
		return 0;
	case SBK_NTFS_SECURITY_DESCRIPTOR:
		filling->object->has_descriptor = true;
		return 0;
	case SBK_NTFS_DATA:
		return take_stream(filling, attribute, err);
	case SBK_NTFS_REPARSE_POINT:
		return take_reparse_point(filling, attribute);
	default:
		return 0;
	}
}

static int fill(struct sbk_ntfs_volume *volume, uint64_t number,
		const struct sbk_ntfs_record *record,
		struct sbk_ntfs_object *object, struct sbk_error *err)
{
	struct filling filling = {.volume = volume, .object = object};
	bool damaged = false;
	int rc;

	object->number = number;
	object->sequence = record->sequence;
	object->is_directory = record->is_directory;
	object->links = record->links;
	object->is_damaged = object->has_information = false;
	object->has_descriptor = false;
	object->attributes = object->security_id = object->reparse_tag = 0;
	object->name_count = object->stream_count = 0;
	sbk_buf_clear(&object->text);
	rc = sbk_ntfs_attributes(volume, number, record, take, &filling,
				 &damaged, err);
	if (rc == 0)
		rc = sbk_buf_failed(&object->text, err);
	if (damaged)
		object->is_damaged = true;
	if (rc == 0 && object->name_count == 0 && number >= SBK_NTFS_FIRST_USER)
		blame(&filling, SBK_NTFS_BAD_NO_NAME);
	return rc;
}

int sbk_ntfs_object_load(struct sbk_ntfs_volume *volume, uint64_t number,
			 struct sbk_ntfs_object *out, struct sbk_error *err)
{
	struct sbk_ntfs_record record;

	if (number >= volume->records ||
	    sbk_ntfs_record_load(volume, number, volume->base, &record) !=
		    SBK_NTFS_RECORD_GOOD ||
	    record.base != 0)
		return sbk_error_set(err, SBK_E_NOTFOUND,
				     "record %llu holds no object",
				     (unsigned long long)number);
	return fill(volume, number, &record, out, err);
}

/* --- all of them ------------------------------------------------------ */

struct scan {
	struct sbk_ntfs_volume *volume;
	sbk_ntfs_object_fn *visit;
	void *arg;
	struct sbk_ntfs_object object;
	uint8_t *extensions; /* a bit a record: extends another */
};

static int scan_record(struct scan *scan, uint64_t number, uint8_t *data,
		       struct sbk_error *err)
{
	struct sbk_ntfs_volume *volume = scan->volume;
	struct sbk_ntfs_record record;
	enum sbk_ntfs_record_state state =
		sbk_ntfs_record_read(data, volume->boot.record_bytes, &record);
	int rc;

	if (state != SBK_NTFS_RECORD_GOOD && state != SBK_NTFS_RECORD_FREE &&
	    number < SBK_NTFS_FIRST_USER)
		state = sbk_ntfs_record_load(volume, number, data, &record);
	else
		sbk_ntfs_record_blame(volume, number, state);
	if (state != SBK_NTFS_RECORD_GOOD)
		return 0;
	if (record.base != 0) {
		scan->extensions[number / 8] |= (uint8_t)(1u << number % 8);
		return 0;
	}
	rc = fill(volume, number, &record, &scan->object, err);
	return rc < 0 ? rc : scan->visit(scan->arg, &scan->object, err);
}

/* Records from `first` on; one by one where they cannot be read together. */
static int scan_chunk(struct scan *scan, uint64_t first, uint64_t count,
		      uint8_t *chunk, struct sbk_error *err)
{
	struct sbk_ntfs_volume *volume = scan->volume;
	const uint32_t size = volume->boot.record_bytes;
	struct sbk_ntfs_damage before = volume->damage;
	bool whole;
	uint64_t i;
	int rc = 0;

	whole = sbk_ntfs_stream_read(volume, &volume->mft, first * size, chunk,
				     count * size, NULL) == 0;
	if (!whole)
		volume->damage = before; /* each is counted below */
	for (i = 0; rc == 0 && i < count; i++)
		if (whole || sbk_ntfs_stream_read(
				     volume, &volume->mft, (first + i) * size,
				     chunk + i * size, size, NULL) == 0)
			rc = scan_record(scan, first + i, chunk + i * size,
					 err);
	return rc;
}

/* Records that are zeros and need not be read for that. */
static void skip_chunk(struct sbk_ntfs_volume *volume, uint64_t first,
		       uint64_t count)
{
	uint64_t i;

	for (i = first; i < first + count; i++)
		sbk_ntfs_record_blame(volume, i, SBK_NTFS_RECORD_BLANK);
}

/* Parts that no object has. */
static void find_strays(struct scan *scan)
{
	struct sbk_ntfs_volume *volume = scan->volume;
	uint64_t bytes = (volume->records + 7) / 8, i;
	unsigned bit, stray;

	for (i = 0; i < bytes; i++) {
		stray = scan->extensions[i] & ~(unsigned)volume->claimed[i];
		for (bit = 0; stray != 0 && bit < 8; bit++)
			if ((stray >> bit & 1) != 0)
				sbk_ntfs_damage_add(&volume->damage,
						    SBK_NTFS_BAD_STRAY,
						    i * 8 + bit);
	}
}

int sbk_ntfs_scan(struct sbk_ntfs_volume *volume, sbk_ntfs_object_fn *visit,
		  void *arg, struct sbk_error *err)
{
	struct scan scan = {.volume = volume, .visit = visit, .arg = arg};
	uint64_t bits = (volume->records + 7) / 8, first, count;
	uint64_t step = CHUNK_BYTES / volume->boot.record_bytes;
	uint8_t *chunk = malloc(CHUNK_BYTES);
	int rc = 0;

	sbk_ntfs_budget_renew(volume);
	scan.extensions = calloc(1, bits);
	volume->claimed = calloc(1, bits);
	if (chunk == NULL || scan.extensions == NULL || volume->claimed == NULL)
		rc = sbk_error_no_memory(err);
	for (first = 0; rc == 0 && first < volume->records; first += count) {
		count = volume->records - first;
		if (count > step)
			count = step;
		if (first >= SBK_NTFS_FIRST_USER &&
		    sbk_ntfs_records_are_hole(volume, first, count))
			skip_chunk(volume, first, count);
		else
			rc = scan_chunk(&scan, first, count, chunk, err);
	}
	if (rc == 0)
		find_strays(&scan);
	sbk_ntfs_object_release(&scan.object);
	free(chunk);
	free(scan.extensions);
	free(volume->claimed);
	volume->claimed = NULL;
	return rc;
}
