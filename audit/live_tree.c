/*
 * The objects of a running system as the arrays of volume.h. Owns the way from
 * a walk, which shows paths one after the other, to records with parents, and
 * that each distinct access state is turned into a descriptor once.
 *
 * Record 5, the root of a volume that is read from the outside, is left unused:
 * here there is one for each volume (SBK_VOLUME_TOPMOST).
 */
#include "audit/live.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "engine/limits.h"
#include "engine/ntsec/wire.h"
#include "engine/path.h"
#include "engine/table.h"

#include "engine/banned.h"

#define DIGEST_BYTES 16
#define NAME_BYTES_MAX 0xFFFF

/* A directory of the way to where the walk is. */
struct level {
	size_t path_size; /* of its path, without a '/' at the end */
	uint32_t record;
};

/* A directory above a place: the first `size` bytes of one's path. */
struct above {
	const char *path;
	size_t size;
	uint32_t record;
};

struct loading {
	struct sbk_volume_audit *audit;
	struct sbk_volume_tree *tree;
	size_t capacity;     /* of the arrays by record */
	size_t own_capacity; /* of descriptors */
	size_t own_bytes;
	struct sbk_table own; /* digest of a state to its descriptor's index */
	struct sbk_arena arena;
	struct sbk_buf bytes;
	struct level levels[SBK_TREE_DEPTH_MAX + 2];
	size_t depth;
	struct above *above;
	size_t above_count;
};

/* --- records ---------------------------------------------------------- */

static bool resize(void **array, size_t count, size_t size)
{
	void *grown = realloc(*array, count * size);

	if (grown != NULL)
		*array = grown;
	return grown != NULL;
}

static int make_room(struct loading *loading, struct sbk_error *err)
{
	struct sbk_volume_tree *tree = loading->tree;
	const size_t n = loading->capacity * 2 + 1024;

	if (tree->records < loading->capacity)
		return 0;
	if (n >= SBK_VOLUME_NONE)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "there are more objects than one audit "
				     "takes; name paths");
	if (!resize((void **)&tree->parent, n, sizeof(*tree->parent)) ||
	    !resize((void **)&tree->descriptor, n, sizeof(*tree->descriptor)) ||
	    !resize((void **)&tree->sequence, n, sizeof(*tree->sequence)) ||
	    !resize((void **)&tree->flags, n, sizeof(*tree->flags)) ||
	    !resize((void **)&tree->saved_name, n, sizeof(*tree->saved_name)))
		return sbk_error_no_memory(err);
	loading->capacity = n;
	return 0;
}

/* A name that means something has letters of ASCII alone. */
static int meet_name(struct sbk_volume_tree *tree, uint32_t record,
		     const char *name, size_t size, struct sbk_error *err)
{
	uint8_t units[2 * SBK_VOLUME_FILTER_SIZES];
	size_t i;

	if (size == 0 || size >= SBK_VOLUME_FILTER_SIZES)
		return 0;
	for (i = 0; i < size; i++) {
		if ((unsigned char)name[i] >= 0x80)
			return 0;
		put_u16le(units + 2 * i, (unsigned char)name[i]);
	}
	return sbk_volume_names_meet(tree, record, tree->parent[record],
				     sbk_view_of(units, 2 * size), err);
}

static int add_record(struct loading *loading, uint32_t parent,
		      const char *name, size_t size, uint8_t flags,
		      uint32_t *out, struct sbk_error *err)
{
	struct sbk_volume_tree *tree = loading->tree;
	uint8_t length[2];
	uint32_t record;
	int rc = make_room(loading, err);

	if (rc < 0)
		return rc;
	if (size > NAME_BYTES_MAX ||
	    tree->saved.size > SBK_LIVE_NAMES_MAX - NAME_BYTES_MAX - 2)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "the names of all objects are longer than "
				     "one audit takes; name paths");
	record = tree->records++;
	tree->parent[record] = parent;
	tree->descriptor[record] = SBK_VOLUME_NONE;
	tree->sequence[record] = 0;
	tree->flags[record] = flags;
	put_u16le(length, (uint16_t)size);
	sbk_buf_add(&tree->saved, length, sizeof(length));
	tree->saved_name[record] = (uint32_t)tree->saved.size;
	sbk_buf_add(&tree->saved, name, size);
	rc = sbk_buf_failed(&tree->saved, err);
	if (rc == 0 && (flags & SBK_VOLUME_TOPMOST) == 0)
		rc = meet_name(tree, record, name, size, err);
	*out = record;
	return rc;
}

/* --- descriptors ------------------------------------------------------ */

static int keep_descriptor(struct loading *loading, struct sbk_error *err)
{
	struct sbk_volume_tree *tree = loading->tree;
	struct sbk_volume_own *own;
	const size_t size = loading->bytes.size;

	if (tree->own_count == SBK_LIVE_OWN_MAX ||
	    size > SBK_VOLUME_OWN_BYTES_MAX - loading->own_bytes)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "there are more distinct descriptors than "
				     "one audit takes; name paths");
	if (tree->own_count == loading->own_capacity) {
		loading->own_capacity = loading->own_capacity * 2 + 256;
		if (!resize((void **)&tree->own, loading->own_capacity,
			    sizeof(*tree->own)))
			return sbk_error_no_memory(err);
	}
	own = &tree->own[tree->own_count];
	own->bytes = (const uint8_t *)sbk_arena_copy(&tree->arena,
						     loading->bytes.data, size);
	own->size = size;
	if (own->bytes == NULL)
		return sbk_error_no_memory(err);
	loading->own_bytes += size;
	tree->own_count++;
	return 0;
}

static int find_descriptor(struct loading *loading, struct sbk_state access,
			   uint32_t *out, struct sbk_error *err)
{
	const struct sbk_backend *backend = loading->audit->live->backend;
	uint8_t digest[DIGEST_BYTES];
	uint32_t *index;
	bool fresh;
	int rc = 0;

	(void)crypto_generichash(digest, sizeof(digest),
				 (const uint8_t *)access.data, access.size,
				 NULL, 0); /* cannot fail */
	index = sbk_table_put(&loading->own, digest, sizeof(digest), &fresh);
	if (index == NULL)
		return sbk_error_no_memory(err);
	if (fresh) {
		*index = (uint32_t)loading->tree->own_count;
		sbk_buf_clear(&loading->bytes);
		rc = sbk_backend_to_descriptor(backend, access, &loading->bytes,
					       err);
		if (rc == 0)
			rc = keep_descriptor(loading, err);
	}
	*out = *index;
	return rc;
}

/* --- the walk --------------------------------------------------------- */

/* Of a path, how much of it is the directory's: without the '/' behind. */
static size_t directory_size(const char *path, const char **name)
{
	const char *slash = strrchr(path, '/');

	*name = slash + 1;
	return (size_t)(slash - path);
}

static bool is_left_out(const struct sbk_live *live, const char *path)
{
	size_t i;

	for (i = 0; i < live->skip_count; i++)
		if (sbk_path_within(path, live->skip[i]))
			return true;
	return false;
}

/* The walk goes down first: what holds the object is on the way to it. */
static uint32_t parent_of(struct loading *loading, size_t size)
{
	while (loading->depth > 0 &&
	       loading->levels[loading->depth - 1].path_size > size)
		loading->depth--;
	return loading->depth > 0 ? loading->levels[loading->depth - 1].record
				  : SBK_VOLUME_NONE;
}

static int take_object(struct loading *loading, const struct sbk_visit *visit,
		       struct sbk_error *err)
{
	struct sbk_volume_tree *tree = loading->tree;
	const char *name;
	const size_t above = directory_size(visit->path, &name);
	uint32_t record = SBK_VOLUME_NONE;
	int rc = 0;

	/* The root of a volume is there already. */
	if (*name == '\0')
		record = parent_of(loading, above);
	else
		rc = add_record(loading, parent_of(loading, above), name,
				strlen(name), 0, &record, err);
	if (rc < 0)
		return rc;
	tree->flags[record] |= SBK_VOLUME_USED;
	if (visit->is_directory)
		tree->flags[record] |= SBK_VOLUME_DIRECTORY;
	tree->objects++;
	tree->directories += visit->is_directory;
	sbk_progress_tell(tree->progress, "looking at objects", tree->objects,
			  0);
	if (visit->is_directory && *name != '\0' &&
	    loading->depth <
		    sizeof(loading->levels) / sizeof(loading->levels[0]))
		loading->levels[loading->depth++] =
			(struct level){strlen(visit->path), record};
	return find_descriptor(loading, visit->access,
			       &tree->descriptor[record], err);
}

static int take(void *arg, const struct sbk_visit *visit, struct sbk_error *err)
{
	struct loading *loading = arg;
	struct sbk_report *report = loading->audit->report;
	int rc;

	if (is_left_out(loading->audit->live, visit->path)) {
		rc = sbk_report_skipped(report, visit->path,
					"left out as asked", err);
		return rc < 0 ? rc : 1;
	}
	switch (visit->kind) {
	case SBK_VISIT_OBJECT:
		return take_object(loading, visit, err);
	case SBK_VISIT_SKIPPED:
		return sbk_report_skipped(report, visit->path,
					  "it leads to another place", err);
	case SBK_VISIT_UNREADABLE:
		break;
	}
	return sbk_report_missed(report, visit->path, visit->problem->message,
				 err);
}

/* --- places ----------------------------------------------------------- */

/* How much of a path names its volume: "C:", "//?/Volume{...}"; of another
 * system's, nothing. */
static size_t volume_size(const char *path)
{
	size_t begin = strncmp(path, "//?/", 4) == 0 ? 4 : 0;

	return begin + strcspn(path + begin, "/");
}

/* The directory that `end` bytes of the path name, whose last name begins at
 * `begin`; made where it is not there yet. */
static int one_above(struct loading *loading, const char *path, size_t begin,
		     size_t end, uint32_t parent, uint32_t *out,
		     struct sbk_error *err)
{
	const uint8_t flags =
		SBK_VOLUME_DIRECTORY |
		(parent == SBK_VOLUME_NONE ? SBK_VOLUME_TOPMOST : 0);
	struct above *list;
	size_t i;
	int rc;

	for (i = 0; i < loading->above_count; i++) {
		*out = loading->above[i].record;
		if (loading->above[i].size == end &&
		    memcmp(loading->above[i].path, path, end) == 0)
			return 0;
	}
	list = realloc(loading->above,
		       (loading->above_count + 1) * sizeof(*list));
	if (list == NULL)
		return sbk_error_no_memory(err);
	loading->above = list;
	rc = add_record(loading, parent, path + begin, end - begin, flags, out,
			err);
	if (rc == 0)
		list[loading->above_count++] = (struct above){path, end, *out};
	return rc;
}

/* What holds the place, from its volume down, and stands on the way to it. */
static int find_above(struct loading *loading, const char *place,
		      struct sbk_error *err)
{
	const char *name;
	const size_t size = directory_size(place, &name);
	uint32_t record = SBK_VOLUME_NONE;
	size_t begin = 0, end = volume_size(place);
	int rc;

	for (;;) {
		rc = one_above(loading, place, begin, end, record, &record,
			       err);
		if (rc < 0 || end >= size)
			break;
		begin = end + 1;
		end = begin + strcspn(place + begin, "/");
	}
	loading->levels[0] = (struct level){size, record};
	loading->depth = 1;
	return rc;
}

/* A place that cannot be entered is missed, and not the end of it all. */
static int walk_place(struct loading *loading, const char *place,
		      struct sbk_error *err)
{
	const struct sbk_backend *backend = loading->audit->live->backend;
	const struct sbk_object object = {.kind = SBK_KIND_ACCESS,
					  .name = place};
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	struct sbk_error why = SBK_ERROR_INIT;
	int rc;

	if (strchr(place, '/') == NULL)
		return sbk_error_set(err, SBK_E_INVAL, "'%s' is no full path",
				     place);
	rc = sbk_backend_observe(backend, &object, &seen, &why);
	sbk_observation_release(&seen);
	if (rc == SBK_E_NOMEM)
		return sbk_error_no_memory(err);
	if (rc < 0)
		return sbk_report_missed(loading->audit->report, place,
					 why.message, err);
	rc = find_above(loading, place, err);
	return rc < 0 ? rc
		      : sbk_backend_survey(backend, place, take, loading, err);
}

int sbk_live_tree_load(struct sbk_volume_audit *audit,
		       const char *const *places, size_t count,
		       struct sbk_error *err)
{
	struct sbk_volume_tree *tree = &audit->tree;
	struct loading *loading = calloc(1, sizeof(*loading));
	size_t i;
	int rc = 0;

	if (loading == NULL)
		return sbk_error_no_memory(err);
	*loading =
		(struct loading){.audit = audit,
				 .tree = tree,
				 .own = SBK_TABLE_INIT(sizeof(uint32_t), NULL)};
	loading->own.keys = &loading->arena;
	tree->is_live = true;
	/* The numbers of a volume's own records stay unused. */
	for (i = 0; rc == 0 && i <= SBK_NTFS_ROOT; i++) {
		uint32_t unused;

		rc = add_record(loading, SBK_VOLUME_NONE, "", 0, 0, &unused,
				err);
	}
	for (i = 0; rc == 0 && i < count; i++)
		rc = walk_place(loading, places[i], err);
	sbk_table_release(&loading->own);
	sbk_arena_release(&loading->arena);
	sbk_buf_release(&loading->bytes);
	free(loading->above);
	free(loading);
	return rc < 0 ? rc : sbk_volume_names_confirm(tree, err);
}

int sbk_live_read(struct sbk_volume_audit *audit, uint32_t record,
		  struct sbk_buf *out, struct sbk_error *err)
{
	struct sbk_buf path = SBK_BUF_INIT;
	int rc = sbk_volume_path(&audit->tree, record, &path, err);

	if (rc == 0)
		rc = sbk_os_read_start(sbk_buf_text(&path),
				       SBK_VOLUME_LEDGER_MAX + 1, out, err);
	sbk_buf_release(&path);
	if (rc == 0 && out->size > SBK_VOLUME_LEDGER_MAX)
		rc = sbk_error_set(err, SBK_E_LIMIT,
				   "it is larger than a ledger is read");
	return rc < 0 ? rc : sbk_volume_ledger_count(audit, out->size, err);
}
