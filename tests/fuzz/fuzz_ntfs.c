/*
 * Fuzz target: a whole small volume, as the list of its sectors
 * (tests/ntfs/image.h). Whatever it holds, everything is asked for; it ends,
 * and the work is bounded.
 */
#include <stdlib.h>

#include "engine/ntfs/secure.h"
#include "engine/ntfs/stream.h"
#include "tests/ntfs/image.h"

#include "engine/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define RECORDS_MAX 4096 /* more say nothing new, and take long */

struct asking {
	struct sbk_ntfs_volume *volume;
	struct sbk_ntfs_secure *secure;
};

static void must(bool holds)
{
	if (!holds)
		abort();
}

static int ask(void *arg, const struct sbk_ntfs_object *object,
	       struct sbk_error *err)
{
	struct asking *asking = arg;
	struct sbk_buf bytes = SBK_BUF_INIT;
	size_t i;

	(void)err;
	for (i = 0; i < object->name_count; i++)
		sbk_ntfs_text_add(&bytes, sbk_ntfs_object_text(
						  object, object->names[i].at,
						  object->names[i].units));
	for (i = 0; i < object->stream_count; i++)
		sbk_ntfs_text_add(
			&bytes,
			sbk_ntfs_object_text(object, object->streams[i].name_at,
					     object->streams[i].name_units));
	sbk_buf_clear(&bytes);
	(void)sbk_ntfs_object_descriptor(asking->volume, asking->secure, object,
					 &bytes, NULL);
	sbk_buf_release(&bytes);
	return 0;
}

/* The first bytes and the last of a file's data. */
static void read_data(struct sbk_ntfs_volume *volume, uint64_t number)
{
	struct sbk_ntfs_stream stream = {.size = 0};
	uint8_t bytes[600];

	if (sbk_ntfs_stream_open(volume, number, SBK_NTFS_DATA, "", &stream,
				 NULL) == 0) {
		if (stream.size >= sizeof(bytes)) {
			(void)sbk_ntfs_stream_read(volume, &stream, 0, bytes,
						   sizeof(bytes), NULL);
			(void)sbk_ntfs_stream_read(volume, &stream,
						   stream.size - sizeof(bytes),
						   bytes, sizeof(bytes), NULL);
		}
		must(sbk_ntfs_stream_read(volume, &stream, stream.size, bytes,
					  1, NULL) == SBK_E_INVAL);
	}
	sbk_ntfs_stream_release(&stream);
}

static void ask_all(struct asking *asking)
{
	struct sbk_ntfs_object object = {.number = 0};
	struct sbk_ntfs_volume_facts facts;
	uint64_t number;
	size_t i;

	sbk_ntfs_volume_facts(asking->volume, &facts);
	if (sbk_ntfs_secure_open(asking->volume, &asking->secure, NULL) < 0)
		return;
	for (i = 1; i < sbk_ntfs_secure_count(asking->secure); i++)
		must(sbk_ntfs_secure_id(asking->secure, i - 1) <
		     sbk_ntfs_secure_id(asking->secure, i));
	(void)sbk_ntfs_scan(asking->volume, ask, asking, NULL);
	for (number = 0; number < sbk_ntfs_volume_records(asking->volume);
	     number += 7) {
		(void)sbk_ntfs_object_load(asking->volume, number, &object,
					   NULL);
		read_data(asking->volume, number);
	}
	sbk_ntfs_object_release(&object);
	sbk_ntfs_secure_close(asking->secure);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct asking asking = {.volume = NULL};
	struct sbk_ntfs_device device;
	struct image image;

	if (!image_unpack(&image, data, size)) {
		image_release(&image);
		return 0;
	}
	device = image_device(&image);
	if (sbk_ntfs_volume_open(&device, &asking.volume, NULL) == 0) {
		if (sbk_ntfs_volume_records(asking.volume) <= RECORDS_MAX)
			ask_all(&asking);
		sbk_ntfs_volume_close(asking.volume);
	}
	image_release(&image);
	return 0;
}
