/*
 * The bytes of one attribute: its runs put together from every record that has
 * a piece of them, and reading through them. Owns what zeros stand for: holes,
 * and what was never written.
 */
#include "engine/ntfs/stream.h"

#include <string.h>

#include "engine/ntfs/internal.h"

#include "engine/banned.h"

void sbk_ntfs_stream_release(struct sbk_ntfs_stream *stream)
{
	sbk_ntfs_runs_release(&stream->runs);
	sbk_buf_release(&stream->value);
}

struct opening {
	struct sbk_ntfs_volume *volume;
	struct sbk_ntfs_stream *stream;
	enum sbk_ntfs_type type;
	const char *name;
	bool is_found, is_malformed;
};

static int take_resident(struct sbk_ntfs_stream *stream,
			 const struct sbk_ntfs_attribute *attribute,
			 struct sbk_error *err)
{
	stream->is_resident = true;
	sbk_buf_add(&stream->value, attribute->value.data,
		    attribute->value.size);
	return sbk_buf_failed(&stream->value, err);
}

/* The piece that comes next; others are met again and again where a list names
 * them twice, and are malformed then. */
static int take_piece(void *arg, const struct sbk_ntfs_attribute *attribute,
		      struct sbk_error *err)
{
	struct opening *opening = arg;
	struct sbk_ntfs_stream *stream = opening->stream;
	int rc;

	if (attribute->type != opening->type ||
	    !sbk_ntfs_name_is(attribute->name, opening->name))
		return 0;
	if (!opening->is_found &&
	    (attribute->is_resident || attribute->first_vcn == 0)) {
		opening->is_found = true;
		/* The table of records itself begins with a run that was only
		 * assumed (volume.c), and finds its other pieces through the
		 * first ones. */
		stream->runs.count = 0;
		stream->runs.clusters = stream->runs.held = 0;
		stream->flags = attribute->flags;
		stream->size = attribute->size;
		stream->initialized = attribute->initialized;
		if (attribute->is_resident)
			return take_resident(stream, attribute, err);
	} else if (attribute->is_resident || stream->is_resident) {
		opening->is_malformed = true;
		return 0;
	}
	rc = sbk_ntfs_runs_add(&stream->runs, attribute->value,
			       attribute->first_vcn,
			       opening->volume->boot.clusters, err);
	if (rc == SBK_E_PARSE || rc == SBK_E_LIMIT) {
		sbk_ntfs_damage_add(&opening->volume->damage, SBK_NTFS_BAD_RUNS,
				    stream->owner);
		opening->is_malformed = true;
		sbk_error_clear(err);
		rc = 0;
	}
	return rc;
}

int sbk_ntfs_stream_open(struct sbk_ntfs_volume *volume, uint64_t number,
			 enum sbk_ntfs_type type, const char *name,
			 struct sbk_ntfs_stream *out, struct sbk_error *err)
{
	struct opening opening = {
		.volume = volume, .stream = out, .type = type, .name = name};
	struct sbk_ntfs_record record;
	bool damaged = false;
	int rc;

	out->owner = number;
	if (sbk_ntfs_record_load(volume, number, volume->base, &record) !=
	    SBK_NTFS_RECORD_GOOD)
		return sbk_error_set(err, SBK_E_NOTFOUND,
				     "record %llu cannot be read",
				     (unsigned long long)number);
	rc = sbk_ntfs_attributes(volume, number, &record, take_piece, &opening,
				 &damaged, err);
	if (rc == 0 && !opening.is_found)
		rc = sbk_error_set(err, SBK_E_NOTFOUND,
				   "record %llu has no attribute 0x%x '%s'",
				   (unsigned long long)number, (unsigned)type,
				   name);
	if (rc == 0 && opening.is_malformed && out->runs.count == 0)
		rc = sbk_error_set(err, SBK_E_PARSE,
				   "the clusters of record %llu are not known",
				   (unsigned long long)number);
	if (rc < 0) {
		sbk_ntfs_stream_release(out);
		*out = (struct sbk_ntfs_stream){.owner = number};
	}
	return rc;
}

/* Reads within one run; `*size` becomes what was read. */
static int read_run(struct sbk_ntfs_volume *volume,
		    const struct sbk_ntfs_stream *stream, uint64_t offset,
		    uint8_t *buffer, size_t *size, struct sbk_error *err)
{
	const uint32_t cluster = volume->boot.cluster_bytes;
	const struct sbk_ntfs_run *run =
		sbk_ntfs_runs_find(&stream->runs, offset / cluster);
	uint64_t within, left;

	if (run == NULL)
		return sbk_error_set(err, SBK_E_PARSE,
				     "the clusters of record %llu end early",
				     (unsigned long long)stream->owner);
	within = offset - run->vcn * cluster;
	left = run->count * cluster - within;
	if (*size > left)
		*size = (size_t)left;
	if (run->lcn != SBK_NTFS_HOLE)
		return sbk_ntfs_read_at(volume, run->lcn * cluster + within,
					buffer, *size, err);
	memset(buffer, 0, *size);
	return 0;
}

int sbk_ntfs_stream_read(struct sbk_ntfs_volume *volume,
			 const struct sbk_ntfs_stream *stream, uint64_t offset,
			 void *buffer, size_t size, struct sbk_error *err)
{
	uint8_t *to = buffer;
	size_t part;
	int rc = 0;

	if (offset > stream->size || size > stream->size - offset)
		return sbk_error_set(err, SBK_E_INVAL,
				     "a read beyond the end of a stream");
	if (stream->is_resident) {
		if (size > 0)
			memcpy(to, stream->value.data + offset, size);
		return 0;
	}
	if ((stream->flags & (SBK_NTFS_COMPRESSED | SBK_NTFS_ENCRYPTED)) != 0)
		return sbk_error_set(err, SBK_E_UNSUPPORTED,
				     "the data of record %llu are compressed "
				     "or encrypted",
				     (unsigned long long)stream->owner);
	for (; rc == 0 && size > 0; size -= part) {
		part = size;
		if (offset >= stream->initialized) {
			memset(to, 0, size);
			return 0;
		}
		if (part > stream->initialized - offset)
			part = (size_t)(stream->initialized - offset);
		rc = read_run(volume, stream, offset, to, &part, err);
		offset += part;
		to += part;
	}
	return rc;
}

int sbk_ntfs_stream_read_all(struct sbk_ntfs_volume *volume,
			     const struct sbk_ntfs_stream *stream, size_t max,
			     struct sbk_buf *out, struct sbk_error *err)
{
	char part[4096];
	uint64_t offset = 0;
	size_t size;
	int rc = 0;

	if (stream->size > max)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "record %llu holds more than %zu bytes",
				     (unsigned long long)stream->owner, max);
	for (; rc == 0 && offset < stream->size; offset += size) {
		size = sizeof(part);
		if (size > stream->size - offset)
			size = (size_t)(stream->size - offset);
		rc = sbk_ntfs_stream_read(volume, stream, offset, part, size,
					  err);
		if (rc == 0)
			sbk_buf_add(out, part, size);
	}
	return rc < 0 ? rc : sbk_buf_failed(out, err);
}
