/*
 * What the reader sees of an image, a line each, for a comparison with what the
 * system's driver sees (ntfs_volumes.py):
 *
 *	ntfs_list IMAGE [SKIP]
 *
 *	volume CLUSTER RECORD INDEX CLUSTERS LABEL
 *	object NUMBER DIRECTORY LINKS ATTRIBUTES REPARSE
 *	name PARENT NAMESPACE HEX
 *	stream HEX SIZE FLAGS
 *	descriptor HEX | descriptor none | descriptor damaged
 *	damage COUNT PLACE TEXT
 *	records N distinct N
 *
 * Names are UTF-8 in hexadecimal. The volume begins SKIP bytes into the image.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/ntfs/secure.h"

#include "engine/banned.h"

struct image {
	int fd;
	uint64_t skip;
};

struct listing {
	struct sbk_ntfs_volume *volume;
	struct sbk_ntfs_secure *secure;
};

static int read_image(void *arg, uint64_t offset, void *buffer, size_t size,
		      struct sbk_error *err)
{
	const struct image *image = arg;
	ssize_t got =
		pread(image->fd, buffer, size, (off_t)(offset + image->skip));

	if (got < 0 || (size_t)got != size)
		return sbk_error_set(err, SBK_E_IO, "the image cannot be read");
	return 0;
}

static void print_text(struct sbk_view units)
{
	struct sbk_buf text = SBK_BUF_INIT, hex = SBK_BUF_INIT;

	sbk_ntfs_text_add(&text, units);
	sbk_buf_add_hex(&hex, text.data, text.size);
	(void)printf(" %s", hex.size > 0 ? hex.data : "-");
	sbk_buf_release(&hex);
	sbk_buf_release(&text);
}

static void print_descriptor(const struct listing *listing,
			     const struct sbk_ntfs_object *object)
{
	struct sbk_buf bytes = SBK_BUF_INIT, hex = SBK_BUF_INIT;
	int rc = sbk_ntfs_object_descriptor(listing->volume, listing->secure,
					    object, &bytes, NULL);

	sbk_buf_add_hex(&hex, bytes.data, bytes.size);
	(void)printf("descriptor %s\n", rc == 0 ? sbk_buf_text(&hex)
					: rc == SBK_E_NOTFOUND ? "none"
							       : "damaged");
	sbk_buf_release(&hex);
	sbk_buf_release(&bytes);
}

static int print_object(void *arg, const struct sbk_ntfs_object *object,
			struct sbk_error *err)
{
	size_t i;

	(void)err;
	(void)printf("object %" PRIu64 " %d %u %x %x\n", object->number,
		     object->is_directory, object->links, object->attributes,
		     object->reparse_tag);
	for (i = 0; i < object->name_count; i++) {
		const struct sbk_ntfs_name *name = &object->names[i];

		(void)printf("name %" PRIu64 " %u",
			     (uint64_t)SBK_NTFS_REFERENCE_NUMBER(name->parent),
			     name->namespace);
		print_text(sbk_ntfs_object_text(object, name->at, name->units));
		(void)printf("\n");
	}
	for (i = 0; i < object->stream_count; i++) {
		const struct sbk_ntfs_stream_facts *stream =
			&object->streams[i];

		(void)printf("stream");
		print_text(sbk_ntfs_object_text(object, stream->name_at,
						stream->name_units));
		(void)printf(" %" PRIu64 " %x\n", stream->size, stream->flags);
	}
	print_descriptor(arg, object);
	return 0;
}

static void print_damage(struct sbk_ntfs_volume *volume)
{
	const struct sbk_ntfs_damage *damage = sbk_ntfs_volume_damage(volume);
	unsigned i;

	for (i = 0; i < SBK_NTFS_BAD_COUNT; i++)
		if (damage->counts[i] > 0)
			(void)printf(
				"damage %" PRIu64 " %s %" PRIu64 " %s\n",
				damage->counts[i], sbk_ntfs_damage_place(i),
				damage->places[i][0], sbk_ntfs_damage_text(i));
}

static int list(const struct sbk_ntfs_device *device, struct sbk_error *err)
{
	struct listing listing = {.volume = NULL};
	struct sbk_ntfs_volume_facts facts;
	const struct sbk_ntfs_boot *boot;
	int rc = sbk_ntfs_volume_open(device, &listing.volume, err);

	if (rc < 0)
		return rc;
	boot = sbk_ntfs_volume_boot(listing.volume);
	sbk_ntfs_volume_facts(listing.volume, &facts);
	(void)printf("volume %u %u %u %" PRIu64 " %s\n", boot->cluster_bytes,
		     boot->record_bytes, boot->index_bytes, boot->clusters,
		     facts.label);
	rc = sbk_ntfs_secure_open(listing.volume, &listing.secure, err);
	if (rc == 0)
		rc = sbk_ntfs_scan(listing.volume, print_object, &listing, err);
	print_damage(listing.volume);
	if (rc == 0)
		(void)printf("records %" PRIu64 " distinct %zu\n",
			     sbk_ntfs_volume_records(listing.volume),
			     sbk_ntfs_secure_count(listing.secure));
	sbk_ntfs_secure_close(listing.secure);
	sbk_ntfs_volume_close(listing.volume);
	return rc;
}

int main(int argc, char **argv)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct image image;
	struct sbk_ntfs_device device = {.read = read_image, .arg = &image};
	struct stat st;
	int rc;

	if (argc < 2)
		return 2;
	image.fd = open(argv[1], O_RDONLY | O_CLOEXEC);
	image.skip = argc > 2 ? strtoull(argv[2], NULL, 0) : 0;
	if (image.fd < 0 || fstat(image.fd, &st) < 0 ||
	    (uint64_t)st.st_size < image.skip) {
		perror(argv[1]);
		return 2;
	}
	device.size = (uint64_t)st.st_size - image.skip;
	rc = list(&device, &err);
	if (rc < 0)
		(void)fprintf(stderr, "ntfs_list: %s\n", err.message);
	(void)close(image.fd);
	return rc < 0;
}
