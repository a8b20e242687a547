/*
 * What the reader sees of a hive, a line each, for a comparison with another
 * reader (tests/ntfs/hives):
 *
 *	hive_list FILE [PATH]
 *
 *	key DEPTH HEX
 *	value HEX TYPE HEX | value HEX TYPE damaged
 *	dirty | cut | damage COUNT | exhausted
 *
 * Names are UTF-8 in hexadecimal. With a PATH, only from that key down.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/ntfs/hive.h"

#include "engine/banned.h"

#define DEPTH_MAX 512 /* of keys; Windows has the same limit */

struct listing {
	FILE *file;
	struct sbk_hive hive;
	unsigned depth;
};

static int read_file(void *arg, uint64_t offset, void *buffer, size_t size,
		     struct sbk_error *err)
{
	struct listing *listing = arg;

	if (fseek(listing->file, (long)offset, SEEK_SET) != 0 ||
	    fread(buffer, 1, size, listing->file) != size)
		return sbk_error_set(err, SBK_E_IO, "it cannot be read");
	return 0;
}

static void print_hex(const void *bytes, size_t size)
{
	struct sbk_buf hex = SBK_BUF_INIT;

	sbk_buf_add_hex(&hex, bytes, size);
	(void)printf(" %s", hex.size > 0 ? hex.data : "-");
	sbk_buf_release(&hex);
}

static int print_value(void *arg, const struct sbk_hive_value *value,
		       struct sbk_error *err)
{
	struct listing *listing = arg;
	struct sbk_buf data = SBK_BUF_INIT;

	(void)err;
	(void)printf("value");
	print_hex(value->name, strlen(value->name));
	(void)printf(" %" PRIu32, value->type);
	if (sbk_hive_value_read(&listing->hive, value, &data, NULL) == 0)
		print_hex(data.data, data.size);
	else
		(void)printf(" damaged");
	(void)printf("\n");
	sbk_buf_release(&data);
	return 0;
}

static int print_key(void *arg, const struct sbk_hive_key *key,
		     struct sbk_error *err)
{
	struct listing *listing = arg;
	int rc;

	(void)printf("key %u", listing->depth);
	print_hex(key->name, strlen(key->name));
	(void)printf("\n");
	rc = sbk_hive_each_value(&listing->hive, key, print_value, listing,
				 err);
	if (rc == 0 && listing->depth < DEPTH_MAX) {
		listing->depth++;
		rc = sbk_hive_each_key(&listing->hive, key, print_key, listing,
				       err);
		listing->depth--;
	}
	return rc;
}

int main(int argc, char **argv)
{
	struct listing listing = {.depth = 0};
	struct sbk_ntfs_device device = {.read = read_file, .arg = &listing};
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_hive_key key;
	int rc;

	listing.file = argc > 1 ? fopen(argv[1], "rb") : NULL;
	if (listing.file == NULL || fseek(listing.file, 0, SEEK_END) != 0)
		return 2;
	device.size = (uint64_t)ftell(listing.file);
	rc = sbk_hive_open(&device, &listing.hive, &err);
	if (rc == 0)
		rc = sbk_hive_find(&listing.hive, NULL, argc > 2 ? argv[2] : "",
				   &key, &err);
	if (rc == 0)
		rc = print_key(&listing, &key, &err);
	(void)fclose(listing.file); /* only read from */
	if (rc < 0) {
		(void)fprintf(stderr, "hive_list: %s\n", err.message);
		return 1;
	}
	if (listing.hive.is_dirty)
		(void)printf("dirty\n");
	if (listing.hive.is_cut)
		(void)printf("cut\n");
	if (listing.hive.damage > 0)
		(void)printf("damage %" PRIu32 "\n", listing.hive.damage);
	if (listing.hive.is_exhausted)
		(void)printf("exhausted\n");
	return 0;
}
