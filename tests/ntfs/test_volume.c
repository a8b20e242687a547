/*
 * The reader on small volumes (tests/data/ntfs, made by mkntfs and ntfs-3g)
 * that are broken in one place each: what can be read is read, and what cannot
 * is counted as the damage that it is. Never in silence, never fatal.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/ntfs/secure.h"
#include "engine/ntfs/stream.h"
#include "engine/ntsec/wire.h"
#include "tests/ntfs/image.h"
#include "tests/support/test.h"

#include "engine/banned.h"

/* What is seen of a volume, in short. */
struct seen {
	struct sbk_ntfs_volume *volume;
	struct sbk_ntfs_secure *secure;
	uint64_t objects, names, streams, descriptors;
	uint32_t sum; /* of names and descriptors */
	struct sbk_ntfs_damage damage;
};

static uint32_t add_up(uint32_t sum, const void *data, size_t size)
{
	const uint8_t *bytes = data;

	while (size-- > 0)
		sum = sum * 31 + *bytes++;
	return sum;
}

static int see(void *arg, const struct sbk_ntfs_object *object,
	       struct sbk_error *err)
{
	struct seen *seen = arg;
	struct sbk_buf bytes = SBK_BUF_INIT;

	(void)err;
	seen->objects++;
	seen->names += object->name_count;
	seen->streams += object->stream_count;
	seen->sum = add_up(seen->sum, object->text.data, object->text.size);
	if (sbk_ntfs_object_descriptor(seen->volume, seen->secure, object,
				       &bytes, NULL) == 0) {
		seen->descriptors++;
		seen->sum = add_up(seen->sum, bytes.data, bytes.size);
	}
	sbk_buf_release(&bytes);
	return 0;
}

/* The code of opening it, or of the scan. */
static int look(struct image *image, struct seen *out)
{
	struct sbk_ntfs_device device = image_device(image);
	struct sbk_error err = SBK_ERROR_INIT;
	int rc;

	*out = (struct seen){.objects = 0};
	rc = sbk_ntfs_volume_open(&device, &out->volume, &err);
	if (rc < 0) {
		assert_true(err.message[0] != '\0');
		return rc;
	}
	rc = sbk_ntfs_secure_open(out->volume, &out->secure, &err);
	if (rc == 0)
		rc = sbk_ntfs_scan(out->volume, see, out, &err);
	out->damage = *sbk_ntfs_volume_damage(out->volume);
	sbk_ntfs_secure_close(out->secure);
	sbk_ntfs_volume_close(out->volume);
	return rc;
}

static void load(struct image *image, const char *name)
{
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s/%s", NTFS_DATA, name);
	assert_true(image_load(image, path));
}

/* Where a record of the small volume is: read through the table itself. */
static uint64_t place_of(struct image *image, enum sbk_ntfs_type type,
			 uint64_t number, const char *name, uint64_t offset)
{
	struct sbk_ntfs_device device = image_device(image);
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_ntfs_stream stream = {.size = 0};
	struct sbk_ntfs_volume *volume;
	const struct sbk_ntfs_run *run;
	uint64_t cluster, place;

	assert_ok(sbk_ntfs_volume_open(&device, &volume, &err), &err);
	cluster = sbk_ntfs_volume_boot(volume)->cluster_bytes;
	assert_ok(
		sbk_ntfs_stream_open(volume, number, type, name, &stream, &err),
		&err);
	run = sbk_ntfs_runs_find(&stream.runs, offset / cluster);
	assert_non_null(run);
	place = run->lcn * cluster + (offset - run->vcn * cluster);
	sbk_ntfs_stream_release(&stream);
	sbk_ntfs_volume_close(volume);
	return place;
}

static uint64_t record_at(struct image *image, uint64_t number)
{
	return place_of(image, SBK_NTFS_DATA, SBK_NTFS_MFT, "", number * 1024);
}

static void zero(struct image *image, uint64_t offset, size_t size)
{
	for (; size > 0; size -= IMAGE_SECTOR, offset += IMAGE_SECTOR)
		memset(image_sector(image, offset), 0, IMAGE_SECTOR);
}

/* The same is seen as without the damage, and it is counted. */
static void survives(struct image *image, const struct seen *whole,
		     enum sbk_ntfs_damage_kind kind)
{
	struct seen seen;

	assert_int_equal(look(image, &seen), 0);
	assert_true(seen.damage.counts[kind] > 0);
	assert_int_equal(seen.objects, whole->objects);
	assert_int_equal(seen.names, whole->names);
	assert_int_equal(seen.sum, whole->sum);
}

/* Something is lost, and that is counted. */
static void loses(struct image *image, const struct seen *whole,
		  enum sbk_ntfs_damage_kind kind)
{
	struct seen seen;

	assert_int_equal(look(image, &seen), 0);
	assert_true(seen.damage.counts[kind] > 0);
	assert_true(sbk_ntfs_damage_hides(kind));
	assert_int_not_equal(seen.sum, whole->sum);
}

static void test_volume__reads_whole_volumes(void **state)
{
	struct image image;
	struct seen seen;

	(void)state;
	load(&image, "small512");
	assert_int_equal(look(&image, &seen), 0);
	assert_int_equal(sbk_ntfs_damage_total(&seen.damage), 0);
	assert_true(seen.objects > 30);
	assert_true(seen.streams > 30);
	/* ntfs-3g takes the one of the table itself away to make room. */
	assert_int_equal(seen.descriptors, seen.objects - 1);
	image_release(&image);
}

static void test_volume__copies_stand_in(void **state)
{
	struct image image;
	struct seen whole;
	uint64_t sds;

	(void)state;
	load(&image, "small512");
	assert_int_equal(look(&image, &whole), 0);
	zero(&image, record_at(&image, 0), 1024);
	survives(&image, &whole, SBK_NTFS_BAD_MFT_MIRROR);
	image_release(&image);

	load(&image, "small512");
	zero(&image, 0, IMAGE_SECTOR);
	survives(&image, &whole, SBK_NTFS_BAD_BOOT);
	image_release(&image);

	load(&image, "small512");
	sds = place_of(&image, SBK_NTFS_DATA, SBK_NTFS_SECURE, "$SDS", 0);
	image_sector(&image, sds)[40] ^= 1;
	survives(&image, &whole, SBK_NTFS_BAD_SDS_COPY);
	/* Now the second copy, too. */
	sds = place_of(&image, SBK_NTFS_DATA, SBK_NTFS_SECURE, "$SDS",
		       256 << 10);
	image_sector(&image, sds)[40] ^= 1;
	loses(&image, &whole, SBK_NTFS_BAD_SDS);
	image_release(&image);
}

static void test_volume__searches_without_index(void **state)
{
	struct image image;
	struct seen whole;
	uint64_t at;

	(void)state;
	load(&image, "small512");
	assert_int_equal(look(&image, &whole), 0);
	at = place_of(&image, SBK_NTFS_INDEX_ALLOCATION, SBK_NTFS_SECURE,
		      "$SII", 0);
	zero(&image, at, IMAGE_SECTOR);
	survives(&image, &whole, SBK_NTFS_BAD_SII);
	image_release(&image);
}

/* The attribute of a record that is not resident, of this type and name. */
static uint8_t *attribute_at(struct image *image, uint64_t number,
			     uint32_t type, const char *name)
{
	uint64_t record = record_at(image, number), at = 0x38;
	uint8_t *bytes;

	for (;; at += get_u32le(bytes + 4)) {
		assert_true(at < 1024);
		bytes = image_sector(image, record + at) +
			(record + at) % IMAGE_SECTOR;
		if (get_u32le(bytes) == type && bytes[8] == 1 &&
		    bytes[64] == (uint8_t)name[0] &&
		    bytes[66] == (uint8_t)name[1] &&
		    bytes[68] == (uint8_t)name[2] &&
		    bytes[70] == (uint8_t)name[3])
			return bytes;
	}
}

/* Blocks of an index that lie in no cluster: not looked at one by one. */
static void test_volume__index_is_no_larger_than_its_clusters(void **state)
{
	struct image image;
	struct seen whole;
	uint8_t *bytes;

	(void)state;
	load(&image, "small512");
	assert_int_equal(look(&image, &whole), 0);
	bytes = attribute_at(&image, SBK_NTFS_SECURE, SBK_NTFS_INDEX_ALLOCATION,
			     "$SII");
	put_u64le(bytes + 48, (uint64_t)1 << 50);
	survives(&image, &whole, SBK_NTFS_BAD_SII);
	image_release(&image);
}

static void test_volume__lost_records_are_counted(void **state)
{
	struct image image;
	struct seen whole;

	(void)state;
	load(&image, "small512");
	assert_int_equal(look(&image, &whole), 0);
	zero(&image, record_at(&image, 70), 1024);
	loses(&image, &whole, SBK_NTFS_BAD_MAGIC);
	image_release(&image);

	load(&image, "small512");
	image_sector(&image, record_at(&image, 70))[510] ^= 1;
	loses(&image, &whole, SBK_NTFS_BAD_TORN);
	image_release(&image);

	load(&image, "small512"); /* more bytes used than it has */
	put_u32le(image_sector(&image, record_at(&image, 70)) + 24, 5000);
	loses(&image, &whole, SBK_NTFS_BAD_RECORD);
	image_release(&image);

	load(&image, "small512"); /* an attribute without a length */
	put_u32le(image_sector(&image, record_at(&image, 70)) + 60, 0);
	loses(&image, &whole, SBK_NTFS_BAD_ATTRIBUTE);
	image_release(&image);

	load(&image, "small512"); /* its map says that all are free */
	zero(&image, place_of(&image, SBK_NTFS_BITMAP, SBK_NTFS_MFT, "", 0),
	     512);
	survives(&image, &whole, SBK_NTFS_BAD_UNMARKED);
	image_release(&image);

	load(&image, "small512");
	image.unreadable = record_at(&image, 70) + 3;
	loses(&image, &whole, SBK_NTFS_BAD_READ);
	image_release(&image);
}

/* Each extension of a record taken away, one at a time. */
static void test_volume__lost_extensions_are_counted(void **state)
{
	struct image image;
	struct seen whole, seen;
	unsigned number, extensions = 0, lost = 0;
	uint8_t *sector;

	(void)state;
	load(&image, "small512");
	assert_int_equal(look(&image, &whole), 0);
	for (number = 24; number < 90; number++) {
		sector = image_sector(&image, record_at(&image, number));
		if (memcmp(sector, "FILE", 4) != 0 ||
		    get_u64le(sector + 32) == 0 || (sector[22] & 1) == 0)
			continue;
		extensions++;
		sector[16] ^= 1; /* another sequence number */
		assert_int_equal(look(&image, &seen), 0);
		assert_true(seen.damage.counts[SBK_NTFS_BAD_EXTENSION] > 0);
		assert_true(seen.damage.counts[SBK_NTFS_BAD_STRAY] > 0);
		/* Some hold names, others where data are. */
		lost += seen.sum != whole.sum;
		sector[16] ^= 1;
	}
	assert_true(extensions >= 3 && lost >= 2);
	assert_int_equal(look(&image, &seen), 0);
	assert_int_equal(seen.sum, whole.sum);
	image_release(&image);
}

static void test_volume__cut_short_at_any_place(void **state)
{
	struct image image;
	struct seen whole, seen;
	uint64_t size;
	unsigned opened = 0, i;

	(void)state;
	load(&image, "small512");
	assert_int_equal(look(&image, &whole), 0);
	size = image.size;
	for (i = 0; i < 400; i++) {
		image.size = size / 400 * i;
		if (look(&image, &seen) < 0)
			continue;
		opened++;
		assert_true(seen.damage.counts[SBK_NTFS_BAD_CUT] > 0);
	}
	assert_true(opened > 100);
	image_release(&image);
}

/* Every byte of the boot sector's measures, with every value. */
static void test_volume__boot_sectors_of_all_kinds(void **state)
{
	static const unsigned fields[] = {11, 12, 13, 40, 44, 47, 48,
					  51, 55, 56, 63, 64, 68};
	struct image image;
	struct seen seen;
	uint8_t *boot, *copy, old;
	unsigned i, value;

	(void)state;
	load(&image, "small512");
	boot = image_sector(&image, 0);
	copy = image_sector(&image, image.size - 512);
	memset(copy, 0, 512);
	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		old = boot[fields[i]];
		for (value = 0; value < 256; value++) {
			boot[fields[i]] = (uint8_t)value;
			(void)look(&image, &seen); /* it comes back */
		}
		boot[fields[i]] = old;
	}
	memcpy(boot + 3, "-FVE-FS-", 8);
	assert_int_equal(look(&image, &seen), SBK_E_UNSUPPORTED);
	image_release(&image);
}

/* Bits turned over at random in what the table and $Secure hold. */
static void test_volume__random_damage_ends_in_a_report(void **state)
{
	struct image image;
	struct seen seen;
	uint32_t random = 1;
	unsigned i;
	size_t at;
	uint8_t *byte, old;

	(void)state;
	load(&image, "small512");
	for (i = 0; i < 4000; i++) {
		random = random * 1664525 + 1013904223;
		at = (random >> 8) % image.count;
		random = random * 1664525 + 1013904223;
		byte = &image.sectors[at].bytes[(random >> 8) % 510];
		old = *byte;
		*byte ^= (uint8_t)(1u << (random >> 20) % 8);
		(void)look(&image, &seen);
		assert_true(image.reads < 20000);
		image.reads = 0;
		*byte = old;
	}
	image_release(&image);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_volume__reads_whole_volumes),
	cmocka_unit_test(test_volume__copies_stand_in),
	cmocka_unit_test(test_volume__searches_without_index),
	cmocka_unit_test(test_volume__index_is_no_larger_than_its_clusters),
	cmocka_unit_test(test_volume__lost_records_are_counted),
	cmocka_unit_test(test_volume__lost_extensions_are_counted),
	cmocka_unit_test(test_volume__cut_short_at_any_place),
	cmocka_unit_test(test_volume__boot_sectors_of_all_kinds),
	cmocka_unit_test(test_volume__random_damage_ends_in_a_report),
};

SBK_TEST_MAIN(tests)
