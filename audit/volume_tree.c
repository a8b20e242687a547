/*
 * The objects of a volume in a few arrays by record number. Owns parents (the
 * directory of an object's first name that is no short one), the descriptor of
 * each object, and paths.
 *
 * Once loaded, parents form trees: a reference with another sequence number
 * than its directory's, and one link of each circle, are taken out and counted
 * as damage, so that whoever walks up arrives.
 */
#include "audit/volume.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "engine/ntsec/wire.h"
#include "engine/table.h"

#include "engine/banned.h"

struct loading {
	struct sbk_volume_tree *tree;
	struct sbk_table own; /* of descriptors: bytes to index */
	struct sbk_buf bytes;
	size_t kept;		   /* bytes of all of them */
	uint16_t *parent_sequence; /* [record] */
};

struct sbk_ntfs_damage *sbk_volume_damage(struct sbk_volume_tree *tree)
{
	return tree->volume != NULL ? sbk_ntfs_volume_damage(tree->volume)
				    : &tree->damage;
}

/* Descriptors of $Secure: a saved state has all as its own. */
static size_t stored_count(const struct sbk_volume_tree *tree)
{
	return tree->secure != NULL ? sbk_ntfs_secure_count(tree->secure) : 0;
}

size_t sbk_volume_distinct(const struct sbk_volume_tree *tree)
{
	return stored_count(tree) + tree->own_count;
}

int sbk_volume_descriptor(struct sbk_volume_tree *tree, size_t index,
			  struct sbk_buf *out, struct sbk_error *err)
{
	size_t stored = stored_count(tree);
	const struct sbk_volume_own *own;

	if (index < stored)
		return sbk_ntfs_secure_read(tree->secure, index, out, err);
	own = &tree->own[index - stored];
	sbk_buf_add(out, own->bytes, own->size);
	return sbk_buf_failed(out, err);
}

static void blame(struct sbk_volume_tree *tree, enum sbk_ntfs_damage_kind kind,
		  uint64_t record)
{
	sbk_ntfs_damage_add(sbk_volume_damage(tree), kind, record);
}

/* --- descriptors of their own ----------------------------------------- */

static int keep_own(struct loading *loading, uint32_t *index,
		    struct sbk_error *err)
{
	struct sbk_volume_tree *tree = loading->tree;
	struct sbk_volume_own *own = &tree->own[tree->own_count];
	uint32_t *value;
	bool fresh;

	value = sbk_table_find(&loading->own, loading->bytes.data,
			       loading->bytes.size);
	if (value == NULL &&
	    (tree->own_count == SBK_VOLUME_OWN_MAX ||
	     loading->bytes.size > SBK_VOLUME_OWN_BYTES_MAX - loading->kept))
		return SBK_E_LIMIT;
	if (value == NULL) {
		own->bytes = (const uint8_t *)sbk_arena_copy(
			&tree->arena, loading->bytes.data, loading->bytes.size);
		own->size = loading->bytes.size;
		loading->kept += own->size;
		if (own->bytes == NULL)
			return sbk_error_no_memory(err);
		value = sbk_table_put(&loading->own, own->bytes, own->size,
				      &fresh);
		if (value == NULL)
			return sbk_error_no_memory(err);
		*value = (uint32_t)tree->own_count++;
	}
	*index = *value + (uint32_t)sbk_ntfs_secure_count(tree->secure);
	return 0;
}

static int find_descriptor(struct loading *loading,
			   const struct sbk_ntfs_object *object,
			   uint32_t *index, struct sbk_error *err)
{
	struct sbk_volume_tree *tree = loading->tree;
	size_t found;
	int rc;

	*index = SBK_VOLUME_NONE;
	if (object->security_id != 0) {
		found = sbk_ntfs_secure_find(tree->secure, object->security_id);
		if (found == SIZE_MAX)
			blame(tree, SBK_NTFS_BAD_SECURITY_ID, object->number);
		else
			*index = (uint32_t)found;
		return 0;
	}
	sbk_buf_clear(&loading->bytes);
	rc = sbk_ntfs_object_descriptor(tree->volume, tree->secure, object,
					&loading->bytes, NULL);
	if (rc == 0)
		rc = keep_own(loading, index, err);
	if (rc == SBK_E_NOMEM)
		return rc;
	/* The first records may have none (FORMAT.md). */
	if (rc == SBK_E_LIMIT)
		blame(tree, SBK_NTFS_BAD_LIMIT, object->number);
	else if (rc < 0 && object->number >= SBK_NTFS_FIRST_USER)
		blame(tree, SBK_NTFS_BAD_NO_DESCRIPTOR, object->number);
	return 0;
}

/* --- scanning --------------------------------------------------------- */

/* A name is its directory and its units. */
static uint64_t hash_name(const struct sbk_volume_tree *tree,
			  const struct sbk_ntfs_object *object,
			  const struct sbk_ntfs_name *name)
{
	uint8_t bytes[8 + 2 * SBK_NTFS_NAME_UNITS], out[8];
	struct sbk_view units =
		sbk_ntfs_object_text(object, name->at, name->units);

	put_u64le(bytes, name->parent);
	memcpy(bytes + 8, units.data, units.size);
	(void)crypto_shorthash(out, bytes, 8 + units.size,
			       tree->name_key); /* cannot fail */
	return get_u64le(out);
}

static int take_names(struct loading *loading,
		      const struct sbk_ntfs_object *object,
		      struct sbk_error *err)
{
	struct sbk_volume_tree *tree = loading->tree;
	uint32_t number = (uint32_t)object->number, parent;
	int rc = 0;
	size_t i;

	for (i = 0; rc == 0 && i < object->name_count; i++) {
		const struct sbk_ntfs_name *name = &object->names[i];
		uint64_t above = SBK_NTFS_REFERENCE_NUMBER(name->parent);

		if (name->namespace == SBK_NTFS_NAME_SHORT)
			continue;
		if (tree->name_key != NULL)
			tree->names[number] += hash_name(tree, object, name);
		parent = above < tree->records ? (uint32_t)above
					       : SBK_VOLUME_NONE;
		if (tree->parent[number] == SBK_VOLUME_NONE) {
			tree->parent[number] = parent;
			loading->parent_sequence[number] =
				SBK_NTFS_REFERENCE_SEQUENCE(name->parent);
		}
		rc = sbk_volume_names_meet(
			tree, number, parent,
			sbk_ntfs_object_text(object, name->at, name->units),
			err);
	}
	return rc;
}

static int take(void *arg, const struct sbk_ntfs_object *object,
		struct sbk_error *err)
{
	struct loading *loading = arg;
	struct sbk_volume_tree *tree = loading->tree;
	uint32_t number = (uint32_t)object->number;
	uint8_t flags = SBK_VOLUME_USED;
	int rc;

	sbk_progress_tell(tree->progress, "reading records", number,
			  tree->records);
	if (object->is_directory)
		flags |= SBK_VOLUME_DIRECTORY;
	if (number < SBK_NTFS_FIRST_USER && number != SBK_NTFS_ROOT)
		flags |= SBK_VOLUME_SYSTEM;
	tree->flags[number] = flags;
	tree->sequence[number] = object->sequence;
	tree->objects++;
	tree->directories += object->is_directory;
	rc = find_descriptor(loading, object, &tree->descriptor[number], err);
	return rc < 0 ? rc : take_names(loading, object, err);
}

/* Each parent is a directory in use, of the sequence that was named. */
static void check_parents(struct loading *loading)
{
	struct sbk_volume_tree *tree = loading->tree;
	uint32_t i, parent;

	tree->parent[SBK_NTFS_ROOT] = SBK_VOLUME_NONE;
	for (i = 0; i < tree->records; i++) {
		parent = tree->parent[i];
		if ((tree->flags[i] & SBK_VOLUME_USED) == 0 ||
		    (tree->flags[i] & SBK_VOLUME_SYSTEM) != 0 ||
		    i == SBK_NTFS_ROOT)
			continue;
		if (parent != SBK_VOLUME_NONE &&
		    (tree->flags[parent] & SBK_VOLUME_DIRECTORY) != 0 &&
		    tree->sequence[parent] == loading->parent_sequence[i])
			continue;
		tree->parent[i] = SBK_VOLUME_NONE;
		blame(tree, SBK_NTFS_BAD_PARENT, i);
	}
}

/* `seen` holds by which walk a record was met: a walk that meets itself goes
 * round. */
int sbk_volume_tree_straighten(struct sbk_volume_tree *tree, size_t *broken,
			       struct sbk_error *err)
{
	uint32_t *seen = calloc(tree->records, sizeof(*seen));
	uint32_t i, at, last;

	*broken = 0;
	if (seen == NULL)
		return sbk_error_no_memory(err);
	for (i = 0; i < tree->records; i++) {
		last = i;
		for (at = i; at != SBK_VOLUME_NONE && seen[at] == 0;
		     at = tree->parent[at]) {
			seen[at] = i + 1;
			last = at;
		}
		if (at != SBK_VOLUME_NONE && seen[at] == i + 1 &&
		    tree->parent[last] == at) {
			tree->parent[last] = SBK_VOLUME_NONE;
			(*broken)++;
			blame(tree, SBK_NTFS_BAD_LOOP, last);
		}
	}
	free(seen);
	return 0;
}

/* What is below a directory of the filesystem's own is its own, too. */
static void mark_system(struct sbk_volume_tree *tree)
{
	uint32_t i, parent;

	for (i = SBK_NTFS_FIRST_USER; i < tree->records; i++) {
		parent = tree->parent[i];
		if (parent != SBK_VOLUME_NONE && parent < i &&
		    (tree->flags[parent] & SBK_VOLUME_SYSTEM) != 0)
			tree->flags[i] |= SBK_VOLUME_SYSTEM;
	}
}

int sbk_volume_tree_load(struct sbk_volume_tree *tree, struct sbk_error *err)
{
	struct loading loading = {
		.tree = tree, .own = SBK_TABLE_INIT(sizeof(uint32_t), NULL)};
	size_t n = (size_t)sbk_ntfs_volume_records(tree->volume), i, broken;
	int rc = 0;

	tree->records = (uint32_t)n;
	tree->parent = malloc(n * sizeof(*tree->parent));
	tree->descriptor = malloc(n * sizeof(*tree->descriptor));
	tree->sequence = calloc(n, sizeof(*tree->sequence));
	tree->flags = calloc(n, sizeof(*tree->flags));
	if (tree->name_key != NULL)
		tree->names = calloc(n, sizeof(*tree->names));
	tree->own = calloc(SBK_VOLUME_OWN_MAX + 1, sizeof(*tree->own));
	loading.parent_sequence = calloc(n, sizeof(uint16_t));
	if (tree->parent == NULL || tree->descriptor == NULL ||
	    tree->sequence == NULL || tree->flags == NULL ||
	    tree->own == NULL || loading.parent_sequence == NULL ||
	    (tree->name_key != NULL && tree->names == NULL))
		rc = sbk_error_no_memory(err);
	for (i = 0; rc == 0 && i < n; i++)
		tree->parent[i] = tree->descriptor[i] = SBK_VOLUME_NONE;
	if (rc == 0)
		rc = sbk_ntfs_scan(tree->volume, take, &loading, err);
	if (rc == 0 && n <= SBK_NTFS_ROOT)
		rc = sbk_error_set(err, SBK_E_PARSE,
				   "the volume ends before its root");
	if (rc == 0) {
		check_parents(&loading);
		rc = sbk_volume_tree_straighten(tree, &broken, err);
		mark_system(tree);
	}
	free(loading.parent_sequence);
	sbk_table_release(&loading.own);
	sbk_buf_release(&loading.bytes);
	return rc < 0 ? rc : sbk_volume_names_confirm(tree, err);
}

void sbk_volume_tree_release(struct sbk_volume_tree *tree)
{
	free(tree->parent);
	free(tree->descriptor);
	free(tree->sequence);
	free(tree->flags);
	free(tree->names);
	free(tree->changed);
	free(tree->own);
	free(tree->candidates);
	free(tree->saved_name);
	sbk_buf_release(&tree->saved);
	sbk_arena_release(&tree->arena);
	sbk_ntfs_secure_close(tree->secure);
	sbk_ntfs_volume_close(tree->volume);
}

/* --- paths ------------------------------------------------------------ */

/* The name by which `record` is in its parent; else its first one. */
static const struct sbk_ntfs_name *
choose_name(const struct sbk_ntfs_object *object, uint32_t parent)
{
	const struct sbk_ntfs_name *first = NULL;
	size_t i;

	for (i = 0; i < object->name_count; i++) {
		const struct sbk_ntfs_name *name = &object->names[i];

		if (name->namespace == SBK_NTFS_NAME_SHORT)
			continue;
		if (SBK_NTFS_REFERENCE_NUMBER(name->parent) == parent)
			return name;
		if (first == NULL)
			first = name;
	}
	return first;
}

static int saved_name(const struct sbk_volume_tree *tree, uint32_t record,
		      struct sbk_buf *out, struct sbk_error *err)
{
	const uint8_t *at =
		(const uint8_t *)tree->saved.data + tree->saved_name[record];

	if (tree->saved_name[record] == 0)
		sbk_buf_printf(out, "<record %u>", (unsigned)record);
	else
		sbk_buf_add(out, at, get_u16le(at - 2));
	return sbk_buf_failed(out, err);
}

static int stored_name(struct sbk_volume_tree *tree, uint32_t record,
		       struct sbk_buf *out, struct sbk_error *err)
{
	struct sbk_ntfs_object object = {.number = 0};
	struct sbk_ntfs_damage *damage = sbk_volume_damage(tree);
	const struct sbk_ntfs_damage before = *damage;
	const struct sbk_ntfs_name *name = NULL;
	struct sbk_buf text = SBK_BUF_INIT;
	size_t i;
	int rc = sbk_ntfs_object_load(tree->volume, record, &object, NULL);

	*damage = before; /* the scan has counted it */
	if (rc == 0)
		name = choose_name(&object, tree->parent[record]);
	if (name == NULL)
		sbk_buf_printf(out, "<record %u>", (unsigned)record);
	else
		sbk_ntfs_text_add(&text, sbk_ntfs_object_text(&object, name->at,
							      name->units));
	for (i = 0; i < text.size; i++)
		if (text.data[i] == '/' || text.data[i] == '\0')
			sbk_buf_adds(out, "\xEF\xBF\xBD");
		else
			sbk_buf_addc(out, text.data[i]);
	sbk_buf_release(&text);
	sbk_ntfs_object_release(&object);
	if (rc == SBK_E_NOMEM)
		return sbk_error_no_memory(err);
	return sbk_buf_failed(out, err);
}

int sbk_volume_name(struct sbk_volume_tree *tree, uint32_t record,
		    struct sbk_buf *out, struct sbk_error *err)
{
	return tree->volume != NULL ? stored_name(tree, record, out, err)
				    : saved_name(tree, record, out, err);
}

/* It begins with the name of the volume, "C:", which alone is "C:/". */
static int live_path(struct sbk_volume_tree *tree, uint32_t record,
		     struct sbk_buf *out, struct sbk_error *err)
{
	uint32_t above[SBK_VOLUME_DEPTH_MAX];
	const uint32_t first = record;
	size_t depth = 0;
	int rc = 0;

	for (; record != SBK_VOLUME_NONE && depth < SBK_VOLUME_DEPTH_MAX;
	     record = tree->parent[record])
		above[depth++] = record;
	while (rc == 0 && depth > 0) {
		rc = sbk_volume_name(tree, above[--depth], out, err);
		if (depth > 0 || (tree->flags[first] & SBK_VOLUME_TOPMOST) != 0)
			sbk_buf_addc(out, '/');
	}
	return rc < 0 ? rc : sbk_buf_failed(out, err);
}

int sbk_volume_path(struct sbk_volume_tree *tree, uint32_t record,
		    struct sbk_buf *out, struct sbk_error *err)
{
	uint32_t above[SBK_VOLUME_DEPTH_MAX];
	size_t depth = 0, begin = out->size;
	int rc = 0;

	if (tree->is_live)
		return live_path(tree, record, out, err);
	if (record == SBK_NTFS_ROOT) {
		sbk_buf_addc(out, '/');
		return sbk_buf_failed(out, err);
	}
	for (; record != SBK_VOLUME_NONE && record != SBK_NTFS_ROOT &&
	       depth < SBK_VOLUME_DEPTH_MAX;
	     record = tree->parent[record])
		above[depth++] = record;
	if (record != SBK_NTFS_ROOT)
		sbk_buf_adds(out, "<lost>");
	while (rc == 0 && depth > 0 &&
	       out->size - begin < SBK_VOLUME_PATH_MAX) {
		sbk_buf_addc(out, '/');
		rc = sbk_volume_name(tree, above[--depth], out, err);
	}
	if (depth > 0)
		sbk_buf_adds(out, "/...");
	return rc < 0 ? rc : sbk_buf_failed(out, err);
}
