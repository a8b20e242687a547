/*
 * Small volumes in memory: unpacking, reading, and sectors to break.
 */
#include "tests/ntfs/image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/ntsec/wire.h"

#include "engine/banned.h"

#define HEADER 8
#define ENTRY (4 + IMAGE_SECTOR)
#define SIZE_MAX_BYTES ((uint64_t)1 << 40)

static size_t find(const struct image *image, uint64_t number)
{
	size_t low = 0, high = image->count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (image->sectors[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

uint8_t *image_sector(struct image *image, uint64_t offset)
{
	uint64_t number = offset / IMAGE_SECTOR;
	size_t at = find(image, number);
	struct image_sector *sectors;

	if (at < image->count && image->sectors[at].number == number)
		return image->sectors[at].bytes;
	sectors =
		realloc(image->sectors, (image->count + 1) * sizeof(*sectors));
	if (sectors == NULL)
		return NULL;
	image->sectors = sectors;
	memmove(sectors + at + 1, sectors + at,
		(image->count - at) * sizeof(*sectors));
	sectors[at].number = number;
	sectors[at].bytes = calloc(1, IMAGE_SECTOR);
	image->count++;
	return sectors[at].bytes;
}

bool image_unpack(struct image *image, const uint8_t *data, size_t size)
{
	uint8_t *bytes;
	size_t at;

	*image = (struct image){.size = 0};
	if (size < HEADER)
		return false;
	image->size = get_u64le(data) % SIZE_MAX_BYTES;
	for (at = HEADER; size - at >= ENTRY; at += ENTRY) {
		bytes = image_sector(image, (uint64_t)get_u32le(data + at) *
						    IMAGE_SECTOR);
		if (bytes == NULL)
			return false;
		memcpy(bytes, data + at + 4, IMAGE_SECTOR);
	}
	return true;
}

bool image_load(struct image *image, const char *path)
{
	FILE *file = fopen(path, "rb");
	size_t capacity = 4 << 20, size = 0;
	uint8_t *data = malloc(capacity);
	bool good = false;

	if (file != NULL && data != NULL) {
		size = fread(data, 1, capacity, file);
		good = size < capacity && image_unpack(image, data, size);
	}
	if (file != NULL)
		(void)fclose(file);
	free(data);
	return good;
}

void image_release(struct image *image)
{
	size_t i;

	for (i = 0; i < image->count; i++)
		free(image->sectors[i].bytes);
	free(image->sectors);
	*image = (struct image){.size = 0};
}

static int read_image(void *arg, uint64_t offset, void *buffer, size_t size,
		      struct sbk_error *err)
{
	struct image *image = arg;
	uint8_t *to = buffer;
	uint64_t from = offset - offset % IMAGE_SECTOR;
	size_t at, i;

	image->reads++;
	if (image->unreadable != 0 && offset <= image->unreadable &&
	    image->unreadable < offset + size)
		return sbk_error_set(err, SBK_E_IO, "a bad sector");
	memset(to, 0, size);
	for (at = find(image, from / IMAGE_SECTOR); at < image->count; at++) {
		uint64_t begin = image->sectors[at].number * IMAGE_SECTOR;

		if (begin >= offset + size)
			break;
		for (i = 0; i < IMAGE_SECTOR; i++)
			if (begin + i >= offset && begin + i < offset + size)
				to[begin + i - offset] =
					image->sectors[at].bytes[i];
	}
	return 0;
}

/* Sectors that are not there are holes. */
static bool find_data(void *arg, uint64_t from, uint64_t to, uint64_t *begin,
		      uint64_t *end)
{
	const struct image *image = arg;
	size_t low = 0, high = image->count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if ((image->sectors[middle].number + 1) * IMAGE_SECTOR <= from)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == image->count ||
	    image->sectors[low].number * IMAGE_SECTOR >= to)
		return false;
	*begin = image->sectors[low].number * IMAGE_SECTOR;
	if (*begin < from)
		*begin = from;
	*end = (image->sectors[low].number + 1) * IMAGE_SECTOR;
	if (*end > to)
		*end = to;
	return true;
}

struct sbk_ntfs_device image_device(struct image *image)
{
	struct sbk_ntfs_device device = {
		.read = read_image,
		.arg = image,
		.size = image->size,
		.find_data = image->is_dense ? NULL : find_data};

	return device;
}
