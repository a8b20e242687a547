/*
 * Opening a volume: its measures, and the table of records, which is itself a
 * file of that table. Owns reading from the device and of single records, and
 * what counts as damage there. Never writes.
 *
 * The table is found in steps: its first record lies where the boot sector
 * says; that record has the first runs of the table; other records with further
 * runs lie in what is mapped by then. A record beyond it is damage, so that no
 * step waits for a later one.
 */
#include "engine/ntfs/volume.h"

#include <stdlib.h>
#include <string.h>

#include "engine/ntfs/internal.h"
#include "engine/ntfs/object.h"

#include "engine/banned.h"

#define MIRRORED 4 /* records of which the system keeps a copy */

int sbk_ntfs_read_at(struct sbk_ntfs_volume *volume, uint64_t offset,
		     void *buffer, size_t size, struct sbk_error *err)
{
	const struct sbk_ntfs_device *device = &volume->device;
	int rc;

	if (offset > device->size || size > device->size - offset) {
		sbk_ntfs_damage_add(&volume->damage, SBK_NTFS_BAD_CUT, offset);
		return sbk_error_set(
			err, SBK_E_IO,
			"byte %llu is beyond the end of the device",
			(unsigned long long)offset);
	}
	rc = device->read(device->arg, offset, buffer, size, err);
	if (rc < 0)
		sbk_ntfs_damage_add(&volume->damage, SBK_NTFS_BAD_READ, offset);
	return rc;
}

bool sbk_ntfs_bit(const uint8_t *bits, uint64_t bytes, uint64_t number)
{
	return number / 8 < bytes &&
	       (bits[number / 8] >> (number % 8) & 1) != 0;
}

/* A record that nobody knows to be free may be in use. */
static bool may_be_in_use(const struct sbk_ntfs_volume *volume, uint64_t number)
{
	return volume->bitmap == NULL || number / 8 >= volume->bitmap_bytes ||
	       sbk_ntfs_bit(volume->bitmap, volume->bitmap_bytes, number);
}

void sbk_ntfs_record_blame(struct sbk_ntfs_volume *volume, uint64_t number,
			   enum sbk_ntfs_record_state state)
{
	struct sbk_ntfs_damage *damage = &volume->damage;

	switch (state) {
	case SBK_NTFS_RECORD_GOOD:
		if (volume->bitmap != NULL && !may_be_in_use(volume, number))
			sbk_ntfs_damage_add(damage, SBK_NTFS_BAD_UNMARKED,
					    number);
		break;
	case SBK_NTFS_RECORD_FREE:
		break;
	case SBK_NTFS_RECORD_BLANK:
	case SBK_NTFS_RECORD_NO_MAGIC:
		/* The first ones are marked before anything is in them, and
		 * without the map zeros say that nothing was written. */
		if (number >= SBK_NTFS_FIRST_USER &&
		    may_be_in_use(volume, number) &&
		    (state != SBK_NTFS_RECORD_BLANK || volume->bitmap != NULL))
			sbk_ntfs_damage_add(damage, SBK_NTFS_BAD_MAGIC, number);
		break;
	case SBK_NTFS_RECORD_TORN:
		if (may_be_in_use(volume, number))
			sbk_ntfs_damage_add(damage, SBK_NTFS_BAD_TORN, number);
		break;
	case SBK_NTFS_RECORD_MALFORMED:
		if (may_be_in_use(volume, number))
			sbk_ntfs_damage_add(damage, SBK_NTFS_BAD_RECORD,
					    number);
		break;
	}
}

static bool is_readable(enum sbk_ntfs_record_state state)
{
	return state == SBK_NTFS_RECORD_GOOD || state == SBK_NTFS_RECORD_FREE;
}

/* The copy of one of the first records; false where that is not good either. */
static bool load_mirror(struct sbk_ntfs_volume *volume, uint64_t number,
			uint8_t *buffer, struct sbk_ntfs_record *out)
{
	const struct sbk_ntfs_boot *boot = &volume->boot;
	uint64_t offset = boot->mirror * boot->cluster_bytes +
			  number * boot->record_bytes;

	if (boot->mirror >= boot->clusters ||
	    sbk_ntfs_read_at(volume, offset, buffer, boot->record_bytes, NULL) <
		    0 ||
	    sbk_ntfs_record_read(buffer, boot->record_bytes, out) !=
		    SBK_NTFS_RECORD_GOOD)
		return false;
	sbk_ntfs_damage_add(&volume->damage, SBK_NTFS_BAD_MFT_MIRROR, number);
	return true;
}

enum sbk_ntfs_record_state sbk_ntfs_record_load(struct sbk_ntfs_volume *volume,
						uint64_t number,
						uint8_t *buffer,
						struct sbk_ntfs_record *out)
{
	const uint32_t size = volume->boot.record_bytes;
	enum sbk_ntfs_record_state state = SBK_NTFS_RECORD_NO_MAGIC;
	bool is_read;

	/* Compared first: a reference may be any number. */
	is_read = number <= volume->mft.size / size &&
		  sbk_ntfs_stream_read(volume, &volume->mft, number * size,
				       buffer, size, NULL) == 0;
	if (is_read)
		state = sbk_ntfs_record_read(buffer, size, out);
	if (!is_readable(state) && number < MIRRORED &&
	    load_mirror(volume, number, buffer, out))
		return SBK_NTFS_RECORD_GOOD;
	if (is_read)
		sbk_ntfs_record_blame(volume, number, state);
	return state;
}

void sbk_ntfs_budget_renew(struct sbk_ntfs_volume *volume)
{
	volume->budget = SBK_NTFS_BUDGET_LEAST + volume->records * 8;
}

/* --- opening ---------------------------------------------------------- */

/* The copy lies in the last sector, whose size is not known yet. */
static bool read_boot_copy(struct sbk_ntfs_volume *volume)
{
	uint8_t sector[SBK_NTFS_BOOT_BYTES];
	uint64_t size = volume->device.size, bytes;

	for (bytes = SBK_NTFS_BOOT_BYTES; bytes <= SBK_NTFS_SECTOR_MAX;
	     bytes *= 2)
		if (size >= 2 * bytes &&
		    sbk_ntfs_read_at(volume, (size / bytes - 1) * bytes, sector,
				     sizeof(sector), NULL) == 0 &&
		    sbk_ntfs_boot_read(sbk_view_of(sector, sizeof(sector)),
				       &volume->boot, NULL) == 0)
			return true;
	return false;
}

static int read_boot(struct sbk_ntfs_volume *volume, struct sbk_error *err)
{
	uint8_t sector[SBK_NTFS_BOOT_BYTES];
	int rc;

	if (volume->device.size < sizeof(sector))
		return sbk_error_set(err, SBK_E_PARSE,
				     "it is shorter than a boot sector");
	rc = sbk_ntfs_read_at(volume, 0, sector, sizeof(sector), err);
	if (rc == 0)
		rc = sbk_ntfs_boot_read(sbk_view_of(sector, sizeof(sector)),
					&volume->boot, err);
	if (rc < 0 && read_boot_copy(volume)) {
		sbk_error_clear(err);
		sbk_ntfs_damage_add(&volume->damage, SBK_NTFS_BAD_BOOT, 0);
		rc = 0;
	}
	if (rc == 0 && volume->device.size < volume->boot.bytes)
		sbk_ntfs_damage_add(&volume->damage, SBK_NTFS_BAD_CUT,
				    volume->device.size);
	return rc;
}

/* Records up to the first hole of the table, and what its runs reach; no more
 * than the device has room for, whatever the boot sector says of its size. */
static uint64_t count_records(const struct sbk_ntfs_volume *volume)
{
	const uint64_t room = volume->device.size / volume->boot.record_bytes;
	const struct sbk_ntfs_stream *mft = &volume->mft;
	uint64_t clusters = 0, bytes;
	size_t i;

	for (i = 0;
	     i < mft->runs.count && mft->runs.items[i].lcn != SBK_NTFS_HOLE;
	     i++)
		clusters += mft->runs.items[i].count;
	bytes = clusters * volume->boot.cluster_bytes;
	if (bytes > mft->size)
		bytes = mft->size;
	bytes /= volume->boot.record_bytes;
	return bytes < room ? bytes : room;
}

static int open_table(struct sbk_ntfs_volume *volume, struct sbk_error *err)
{
	const struct sbk_ntfs_boot *boot = &volume->boot;
	struct sbk_ntfs_stream *mft = &volume->mft;
	struct sbk_ntfs_run *first = malloc(sizeof(*first));
	int rc;

	if (first == NULL)
		return sbk_error_no_memory(err);
	*first = (struct sbk_ntfs_run){.lcn = boot->mft,
				       .count = boot->clusters - boot->mft};
	mft->runs = (struct sbk_ntfs_runs){.items = first,
					   .count = 1,
					   .capacity = 1,
					   .clusters = first->count};
	mft->size = mft->initialized = boot->record_bytes;
	rc = sbk_ntfs_stream_open(volume, SBK_NTFS_MFT, SBK_NTFS_DATA, "", mft,
				  err);
	if (rc < 0)
		return rc == SBK_E_NOMEM
			       ? rc
			       : sbk_error_set(
					 err, SBK_E_PARSE,
					 "its table of records cannot be "
					 "found: neither the first record "
					 "nor its copy is whole");
	volume->records = count_records(volume);
	if (volume->records < mft->size / boot->record_bytes)
		sbk_ntfs_damage_add(&volume->damage, SBK_NTFS_BAD_RUNS,
				    SBK_NTFS_MFT);
	if (mft->is_resident || volume->records == 0)
		return sbk_error_set(err, SBK_E_PARSE,
				     "its table of records is empty");
	if (volume->records > SBK_NTFS_RECORDS_MAX)
		return sbk_error_set(err, SBK_E_UNSUPPORTED,
				     "it has more than %llu records",
				     (unsigned long long)SBK_NTFS_RECORDS_MAX);
	return 0;
}

static int open_bitmap(struct sbk_ntfs_volume *volume, struct sbk_error *err)
{
	struct sbk_ntfs_stream stream = {.owner = SBK_NTFS_MFT};
	uint64_t bytes = (volume->records + 7) / 8;
	int rc;

	rc = sbk_ntfs_stream_open(volume, SBK_NTFS_MFT, SBK_NTFS_BITMAP, "",
				  &stream, NULL);
	if (rc == 0 && stream.size < bytes)
		rc = SBK_E_PARSE;
	if (rc == 0) {
		volume->bitmap = malloc(bytes);
		if (volume->bitmap == NULL)
			rc = SBK_E_NOMEM;
	}
	if (rc == 0)
		rc = sbk_ntfs_stream_read(volume, &stream, 0, volume->bitmap,
					  bytes, NULL);
	sbk_ntfs_stream_release(&stream);
	if (rc == SBK_E_NOMEM)
		return sbk_error_no_memory(err);
	volume->bitmap_bytes = bytes;
	if (rc < 0) {
		free(volume->bitmap);
		volume->bitmap = NULL;
		sbk_ntfs_damage_add(&volume->damage, SBK_NTFS_BAD_BITMAP,
				    SBK_NTFS_MFT);
	}
	return 0;
}

int sbk_ntfs_volume_open(const struct sbk_ntfs_device *device,
			 struct sbk_ntfs_volume **out, struct sbk_error *err)
{
	struct sbk_ntfs_volume *volume = calloc(1, sizeof(*volume));
	int rc;

	if (volume == NULL)
		return sbk_error_no_memory(err);
	volume->device = *device;
	volume->budget = SBK_NTFS_BUDGET_LEAST;
	rc = read_boot(volume, err);
	if (rc == 0) {
		volume->base = malloc(volume->boot.record_bytes);
		volume->extension = malloc(volume->boot.record_bytes);
		if (volume->base == NULL || volume->extension == NULL)
			rc = sbk_error_no_memory(err);
	}
	if (rc == 0)
		rc = open_table(volume, err);
	if (rc == 0)
		rc = open_bitmap(volume, err);
	if (rc == 0)
		rc = sbk_ntfs_records_trim(volume, err);
	if (rc < 0) {
		sbk_ntfs_volume_close(volume);
		return rc;
	}
	sbk_ntfs_budget_renew(volume);
	*out = volume;
	return 0;
}

void sbk_ntfs_volume_close(struct sbk_ntfs_volume *volume)
{
	if (volume == NULL)
		return;
	sbk_ntfs_stream_release(&volume->mft);
	free(volume->bitmap);
	free(volume->base);
	free(volume->extension);
	free(volume);
}

const struct sbk_ntfs_boot *
sbk_ntfs_volume_boot(const struct sbk_ntfs_volume *volume)
{
	return &volume->boot;
}

uint64_t sbk_ntfs_volume_records(const struct sbk_ntfs_volume *volume)
{
	return volume->records;
}

struct sbk_ntfs_damage *sbk_ntfs_volume_damage(struct sbk_ntfs_volume *volume)
{
	return &volume->damage;
}

/* --- $Volume ---------------------------------------------------------- */

static int read_fact(void *arg, const struct sbk_ntfs_attribute *attribute,
		     struct sbk_error *err)
{
	struct sbk_ntfs_volume_facts *facts = arg;
	struct sbk_view value = attribute->value;
	struct sbk_buf text = SBK_BUF_INIT;

	(void)err;
	if (!attribute->is_resident)
		return 0;
	if (attribute->type == SBK_NTFS_VOLUME_INFORMATION) {
		facts->major = sbk_view_u8(&value, 8);
		facts->minor = sbk_view_u8(&value, 9);
		facts->is_dirty = (sbk_view_u16(&value, 10) & 1) != 0;
	} else if (attribute->type == SBK_NTFS_VOLUME_NAME) {
		sbk_ntfs_text_add(&text, value);
		if (text.failure == 0 && text.size < sizeof(facts->label))
			memcpy(facts->label, sbk_buf_text(&text),
			       text.size + 1);
		sbk_buf_release(&text);
	}
	return 0;
}

void sbk_ntfs_volume_facts(struct sbk_ntfs_volume *volume,
			   struct sbk_ntfs_volume_facts *out)
{
	struct sbk_ntfs_record record;
	bool damaged = false;

	*out = (struct sbk_ntfs_volume_facts){.major = 0};
	if (sbk_ntfs_record_load(volume, SBK_NTFS_VOLUME_RECORD, volume->base,
				 &record) == SBK_NTFS_RECORD_GOOD)
		(void)sbk_ntfs_attributes(volume, SBK_NTFS_VOLUME_RECORD,
					  &record, read_fact, out, &damaged,
					  NULL); /* what was read counts */
}
