/*
 * The descriptors of a volume, each stored once: $Secure's stream $SDS, found
 * by its index $SII. The index says which are in force; an entry of the stream
 * that it does not have belongs to nobody. Where the index cannot be read,
 * the stream is searched instead.
 */
#ifndef SBK_NTFS_SECURE_H
#define SBK_NTFS_SECURE_H

#include "engine/ntfs/object.h"

#define SBK_NTFS_DESCRIPTORS_MAX (16u << 20) /* distinct ones of a volume */
#define SBK_NTFS_DESCRIPTOR_BYTES_MAX (256u << 10)

struct sbk_ntfs_secure; /* opaque */

/* A volume without $Secure (NTFS before 3.0) has none: the list is empty. */
int sbk_ntfs_secure_open(struct sbk_ntfs_volume *volume,
			 struct sbk_ntfs_secure **out, struct sbk_error *err);
void sbk_ntfs_secure_close(struct sbk_ntfs_secure *secure);
size_t sbk_ntfs_secure_count(const struct sbk_ntfs_secure *secure);
/* Ids in rising order; `index` is below the count. */
uint32_t sbk_ntfs_secure_id(const struct sbk_ntfs_secure *secure, size_t index);
/* Where this id is in that order; SIZE_MAX: nowhere. */
size_t sbk_ntfs_secure_find(const struct sbk_ntfs_secure *secure, uint32_t id);

/*
 * The bytes of one descriptor, from whichever copy is whole (hash, id, place
 * and length agree). They are not judged further: sbk_sd_read does that.
 * SBK_E_NOTFOUND, SBK_E_PARSE: neither copy is whole (counted as damage).
 */
int sbk_ntfs_secure_read(struct sbk_ntfs_secure *secure, size_t index,
			 struct sbk_buf *out, struct sbk_error *err);
/* The hash by which entries are stored. */
uint32_t sbk_ntfs_secure_hash(const uint8_t *data, size_t size);

/*
 * The descriptor that an object has: by its id, else its own attribute.
 * SBK_E_NOTFOUND: none. SBK_E_PARSE: it cannot be read.
 */
int sbk_ntfs_object_descriptor(struct sbk_ntfs_volume *volume,
			       struct sbk_ntfs_secure *secure,
			       const struct sbk_ntfs_object *object,
			       struct sbk_buf *out, struct sbk_error *err);

#endif
