/*
 * The bytes of one attribute of an object: a file's data, a stream, a table of
 * the system.
 */
#ifndef SBK_NTFS_STREAM_H
#define SBK_NTFS_STREAM_H

#include "engine/buf.h"
#include "engine/ntfs/record.h"
#include "engine/ntfs/runs.h"
#include "engine/ntfs/volume.h"

/* Zeroed it is empty. */
struct sbk_ntfs_stream {
	uint64_t owner; /* number of its object, for the record of damage */
	bool is_resident;
	struct sbk_buf value; /* resident */
	struct sbk_ntfs_runs runs;
	uint16_t flags;
	uint64_t size, initialized;
};

/*
 * `name` is ASCII, "" for the one without a name. SBK_E_NOTFOUND: the object or
 * the attribute is not there; SBK_E_PARSE: its runs are malformed.
 */
int sbk_ntfs_stream_open(struct sbk_ntfs_volume *volume, uint64_t number,
			 enum sbk_ntfs_type type, const char *name,
			 struct sbk_ntfs_stream *out, struct sbk_error *err);
void sbk_ntfs_stream_release(struct sbk_ntfs_stream *stream);

/*
 * Exactly `size` bytes from `offset`; SBK_E_INVAL beyond the end of the stream.
 * SBK_E_UNSUPPORTED: compressed or encrypted. SBK_E_IO, SBK_E_PARSE: the device
 * could not be read there, or the runs do not reach so far.
 */
int sbk_ntfs_stream_read(struct sbk_ntfs_volume *volume,
			 const struct sbk_ntfs_stream *stream, uint64_t offset,
			 void *buffer, size_t size, struct sbk_error *err);
/* The whole stream; SBK_E_LIMIT where it is longer than `max`. */
int sbk_ntfs_stream_read_all(struct sbk_ntfs_volume *volume,
			     const struct sbk_ntfs_stream *stream, size_t max,
			     struct sbk_buf *out, struct sbk_error *err);

#endif
