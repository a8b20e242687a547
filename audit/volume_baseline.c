/*
 * A volume's state in a file: what a comparison needs of it, without a copy of
 * the volume. Numbers are little-endian:
 *
 *	0   8   "SBVOL\r\n\x1a"
 *	8   4   version: 1
 *	12  4   1: something of the volume could not be read; else 0
 *	16  8   serial number
 *	24  16  key of the hashes of names (SipHash-2-4)
 *	40  8   objects
 *	48  4   records
 *	52  4   descriptors
 *	56      records, 20 bytes each:
 *		0   2   flags: in use 1, directory 2, the filesystem's own 4
 *		2   2   sequence number
 *		4   4   record of its directory; 0xFFFFFFFF: none
 *		8   4   its descriptor, from 0; 0xFFFFFFFF: none
 *		12  8   sum of the hashes of its names
 *	        descriptors: size (4 bytes), self-relative bytes
 *	        names of the records in use: size (2 bytes), UTF-8
 *	end -32 BLAKE2b-256 of all that stands before
 *
 * The sum at the end is against accidents, not against people: whoever can
 * write the file decides what a comparison finds. What is read is believed only
 * where it is whole: each number is checked before use, parents are made trees.
 */
#include "audit/volume.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "engine/ntfs/view.h"
#include "engine/ntsec/wire.h"
#include "engine/os.h"
#include "engine/os_device.h"

#include "engine/banned.h"

#define MAGIC "SBVOL\r\n\x1a"
#define MAGIC_BYTES 8
#define VERSION 1
#define HEADER_BYTES 56
#define RECORD_BYTES 20
#define SUM_BYTES 32
#define NAME_BYTES_MAX 65535
#define FLAGS (SBK_VOLUME_USED | SBK_VOLUME_DIRECTORY | SBK_VOLUME_SYSTEM)

/* --- writing ---------------------------------------------------------- */

static void add_header(const struct sbk_volume_tree *tree, struct sbk_buf *out)
{
	uint8_t header[HEADER_BYTES] = {0};
	const struct sbk_ntfs_damage *damage =
		sbk_ntfs_volume_damage(tree->volume);
	bool hides = false;
	unsigned kind;

	for (kind = 0; kind < SBK_NTFS_BAD_COUNT; kind++)
		hides = hides || (damage->counts[kind] > 0 &&
				  sbk_ntfs_damage_hides(kind));
	memcpy(header, MAGIC, MAGIC_BYTES);
	put_u32le(header + 8, VERSION);
	put_u32le(header + 12, hides);
	put_u64le(header + 16, sbk_ntfs_volume_boot(tree->volume)->serial);
	memcpy(header + 24, tree->name_key, crypto_shorthash_KEYBYTES);
	put_u64le(header + 40, tree->objects);
	put_u32le(header + 48, tree->records);
	put_u32le(header + 52, (uint32_t)sbk_volume_distinct(tree));
	sbk_buf_add(out, header, sizeof(header));
}

static void add_records(const struct sbk_volume_tree *tree, struct sbk_buf *out)
{
	uint8_t record[RECORD_BYTES];
	uint32_t i;

	for (i = 0; i < tree->records; i++) {
		put_u16le(record, tree->flags[i] & FLAGS);
		put_u16le(record + 2, tree->sequence[i]);
		put_u32le(record + 4, tree->parent[i]);
		put_u32le(record + 8, tree->descriptor[i]);
		put_u64le(record + 12, tree->names[i]);
		sbk_buf_add(out, record, sizeof(record));
	}
}

/* One that is damaged becomes empty, which is read as damaged again. */
static int add_descriptors(struct sbk_volume_tree *tree, struct sbk_buf *out,
			   struct sbk_error *err)
{
	struct sbk_buf bytes = SBK_BUF_INIT;
	uint8_t size[4];
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < sbk_volume_distinct(tree); i++) {
		sbk_buf_clear(&bytes);
		rc = sbk_volume_descriptor(tree, i, &bytes, NULL);
		if (rc == SBK_E_NOMEM)
			rc = sbk_error_no_memory(err);
		else if (rc < 0)
			sbk_buf_clear(&bytes);
		if (rc != SBK_E_NOMEM)
			rc = 0;
		put_u32le(size, (uint32_t)bytes.size);
		sbk_buf_add(out, size, sizeof(size));
		sbk_buf_add(out, bytes.data, bytes.size);
	}
	sbk_buf_release(&bytes);
	return rc;
}

static int add_names(struct sbk_volume_tree *tree, struct sbk_buf *out,
		     struct sbk_error *err)
{
	struct sbk_buf name = SBK_BUF_INIT;
	uint8_t size[2];
	uint32_t i;
	int rc = 0;

	for (i = 0; rc == 0 && out->failure == 0 && i < tree->records; i++) {
		if ((tree->flags[i] & SBK_VOLUME_USED) == 0)
			continue;
		sbk_buf_clear(&name);
		rc = sbk_volume_name(tree, i, &name, err);
		/* Of 255 units; so it fits. */
		put_u16le(size, (uint16_t)name.size);
		sbk_buf_add(out, size, sizeof(size));
		sbk_buf_add(out, name.data, name.size);
	}
	sbk_buf_release(&name);
	return rc;
}

static int write_all(struct sbk_volume_tree *tree, struct sbk_buf *out,
		     struct sbk_error *err)
{
	uint8_t sum[SUM_BYTES];
	int rc;

	add_header(tree, out);
	add_records(tree, out);
	rc = add_descriptors(tree, out, err);
	if (rc == 0)
		rc = add_names(tree, out, err);
	if (rc == 0 && out->failure == SBK_E_LIMIT)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "the volume has more objects than a saved "
				     "state may have; keep an image of it");
	if (rc == 0)
		rc = sbk_buf_failed(out, err);
	if (rc < 0)
		return rc;
	(void)crypto_generichash(sum, sizeof(sum), (const uint8_t *)out->data,
				 out->size, NULL, 0); /* cannot fail */
	sbk_buf_add(out, sum, sizeof(sum));
	return sbk_buf_failed(out, err);
}

int sbk_volume_baseline_make(const char *path,
			     const struct sbk_progress *progress,
			     struct sbk_report *report, struct sbk_buf *out,
			     struct sbk_error *err)
{
	struct sbk_volume_audit audit = {.report = report, .path = path};
	uint8_t key[crypto_shorthash_KEYBYTES];
	int rc;

	crypto_shorthash_keygen(key);
	audit.tree.name_key = key;
	audit.tree.progress = progress;
	rc = sbk_volume_open(&audit, err);
	if (rc == 0)
		rc = sbk_volume_tree_load(&audit.tree, err);
	if (rc == 0)
		rc = write_all(&audit.tree, out, err);
	if (rc == 0)
		rc = sbk_volume_report_damage(&audit, err);
	if (rc == 0)
		sbk_report_coverage(report)->examined = audit.tree.objects;
	sbk_volume_audit_release(&audit);
	return rc;
}

/* --- reading ---------------------------------------------------------- */

bool sbk_volume_baseline_is(const char *path)
{
	struct sbk_buf begin = SBK_BUF_INIT;
	bool is = sbk_os_read_start(path, MAGIC_BYTES, &begin, NULL) == 0 &&
		  begin.size == MAGIC_BYTES &&
		  memcmp(begin.data, MAGIC, MAGIC_BYTES) == 0;

	sbk_buf_release(&begin);
	return is;
}

static int malformed(const struct sbk_volume_audit *audit,
		     struct sbk_error *err)
{
	return sbk_error_set(err, SBK_E_INVAL,
			     "the saved state '%s' is damaged", audit->path);
}

static bool has_sum(const struct sbk_buf *bytes)
{
	uint8_t sum[SUM_BYTES];

	if (bytes->size < HEADER_BYTES + SUM_BYTES)
		return false;
	(void)crypto_generichash(sum, sizeof(sum), (const uint8_t *)bytes->data,
				 bytes->size - SUM_BYTES, NULL,
				 0); /* cannot fail */
	return memcmp(sum, bytes->data + bytes->size - SUM_BYTES,
		      sizeof(sum)) == 0;
}

static int make_room(struct sbk_volume_tree *tree, uint32_t descriptors,
		     struct sbk_error *err)
{
	size_t n = tree->records;

	tree->parent = calloc(n, sizeof(*tree->parent));
	tree->descriptor = calloc(n, sizeof(*tree->descriptor));
	tree->sequence = calloc(n, sizeof(*tree->sequence));
	tree->flags = calloc(n, sizeof(*tree->flags));
	tree->names = calloc(n, sizeof(*tree->names));
	tree->saved_name = calloc(n, sizeof(*tree->saved_name));
	tree->own = calloc((size_t)descriptors + 1, sizeof(*tree->own));
	if (tree->parent == NULL || tree->descriptor == NULL ||
	    tree->sequence == NULL || tree->flags == NULL ||
	    tree->names == NULL || tree->saved_name == NULL ||
	    tree->own == NULL)
		return sbk_error_no_memory(err);
	return 0;
}

/* False where a number leads nowhere. */
static bool read_records(struct sbk_volume_tree *tree, struct sbk_view *view,
			 uint32_t descriptors)
{
	uint64_t at = HEADER_BYTES;
	uint32_t i;

	for (i = 0; i < tree->records; i++, at += RECORD_BYTES) {
		uint16_t flags = sbk_view_u16(view, at);

		if ((flags & ~FLAGS) != 0)
			return false;
		tree->flags[i] = (uint8_t)flags;
		tree->sequence[i] = sbk_view_u16(view, at + 2);
		tree->parent[i] = sbk_view_u32(view, at + 4);
		tree->descriptor[i] = sbk_view_u32(view, at + 8);
		tree->names[i] = sbk_view_u64(view, at + 12);
		if ((tree->parent[i] != SBK_VOLUME_NONE &&
		     tree->parent[i] >= tree->records) ||
		    (tree->descriptor[i] != SBK_VOLUME_NONE &&
		     tree->descriptor[i] >= descriptors))
			return false;
	}
	return !view->overrun;
}

static bool read_descriptors(struct sbk_volume_tree *tree,
			     struct sbk_view *view, uint32_t count,
			     uint64_t *at)
{
	struct sbk_view part;

	for (; tree->own_count < count && !view->overrun; tree->own_count++) {
		part = sbk_view_part(view, *at + 4, sbk_view_u32(view, *at));
		tree->own[tree->own_count] =
			(struct sbk_volume_own){part.data, part.size};
		*at += 4 + part.size;
	}
	return !view->overrun;
}

static bool read_names(struct sbk_volume_tree *tree, struct sbk_view *view,
		       uint64_t at)
{
	struct sbk_view name;
	uint32_t i;

	for (i = 0; i < tree->records; i++) {
		if ((tree->flags[i] & SBK_VOLUME_USED) == 0)
			continue;
		name = sbk_view_part(view, at + 2, sbk_view_u16(view, at));
		if (view->overrun || memchr(name.data, '/', name.size) ||
		    memchr(name.data, '\0', name.size))
			return false;
		tree->saved_name[i] = (uint32_t)at + 2;
		at += 2 + name.size;
	}
	return at == view->size;
}

static int read_all(struct sbk_volume_audit *audit, struct sbk_view view,
		    struct sbk_volume_baseline_facts *out,
		    struct sbk_error *err)
{
	struct sbk_volume_tree *tree = &audit->tree;
	uint32_t descriptors = sbk_view_u32(&view, 52);
	size_t broken;
	uint64_t at;
	int rc;

	if (sbk_view_u32(&view, 8) != VERSION)
		return sbk_error_set(err, SBK_E_UNSUPPORTED,
				     "the saved state '%s' is of another "
				     "version of Sandbook",
				     audit->path);
	out->is_incomplete = sbk_view_u32(&view, 12) != 0;
	out->serial = sbk_view_u64(&view, 16);
	memcpy(out->key, view.data + 24, sizeof(out->key));
	tree->objects = sbk_view_u64(&view, 40);
	tree->records = sbk_view_u32(&view, 48);
	at = HEADER_BYTES + (uint64_t)tree->records * RECORD_BYTES;
	/* Nothing is allocated for what cannot be there. */
	if (tree->records <= SBK_NTFS_ROOT || at > view.size ||
	    descriptors > (view.size - at) / 4)
		return malformed(audit, err);
	rc = make_room(tree, descriptors, err);
	if (rc < 0)
		return rc;
	if (!read_records(tree, &view, descriptors) ||
	    !read_descriptors(tree, &view, descriptors, &at) ||
	    !read_names(tree, &view, at))
		return malformed(audit, err);
	rc = sbk_volume_tree_straighten(tree, &broken, err);
	return rc == 0 && broken > 0 ? malformed(audit, err) : rc;
}

int sbk_volume_baseline_parse(struct sbk_volume_audit *audit,
			      struct sbk_volume_baseline_facts *out,
			      struct sbk_error *err)
{
	const struct sbk_buf *bytes = &audit->tree.saved;

	if (!has_sum(bytes) || memcmp(bytes->data, MAGIC, MAGIC_BYTES) != 0)
		return malformed(audit, err);
	return read_all(audit,
			sbk_view_of(bytes->data, bytes->size - SUM_BYTES), out,
			err);
}

int sbk_volume_baseline_load(struct sbk_volume_audit *audit,
			     struct sbk_volume_baseline_facts *out,
			     struct sbk_error *err)
{
	int rc = sbk_os_read_file(audit->path, SBK_VOLUME_BASELINE_MAX,
				  &audit->tree.saved, err);

	return rc < 0 ? rc : sbk_volume_baseline_parse(audit, out, err);
}
