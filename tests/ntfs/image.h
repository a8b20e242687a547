/*
 * A small volume in memory, for unit tests and fuzzing: the sectors of an image
 * that are not zeros, as tests/ntfs/pack writes them (the size of the image,
 * 64 bits, then 32 bits of a sector's number and its 512 bytes, again and
 * again). What is missing reads as zeros.
 */
#ifndef SBK_TESTS_NTFS_IMAGE_H
#define SBK_TESTS_NTFS_IMAGE_H

#include "engine/ntfs/volume.h"

#define IMAGE_SECTOR 512

struct image {
	uint64_t size;
	struct image_sector {
		uint64_t number;
		uint8_t *bytes; /* of IMAGE_SECTOR */
	} * sectors;		/* by number */
	size_t count;
	uint64_t unreadable; /* a byte that cannot be read; 0: none */
	uint64_t reads;
	bool is_dense; /* the device does not say where it has holes */
};

/* False where the bytes are no such list, or memory is gone. */
bool image_unpack(struct image *image, const uint8_t *data, size_t size);
bool image_load(struct image *image, const char *path);
void image_release(struct image *image);
struct sbk_ntfs_device image_device(struct image *image);
/* The sector with this byte, made where it was zeros; NULL: no memory. */
uint8_t *image_sector(struct image *image, uint64_t offset);

#endif
