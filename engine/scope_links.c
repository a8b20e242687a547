/*
 * Hard links. A file in a writable root may have a second name outside: then
 * writing it inside writes it outside, and no mount and no Landlock rule on
 * the root sees that. Nor does carving out a secret place help if the secret
 * has another name in a directory that is shown.
 *
 * No link can be made across mounts during a run, so what counts is what is
 * there before it. The writable roots are therefore walked before each run:
 *
 *	a file all of whose names are in writable places	stays writable
 *	any other with more than one name			read-only
 *	one that is also a denied or sensitive file		denied
 *
 * Many such files (package stores link whole trees) roll up to their
 * directories, deepest first, until the list is short enough to be mounted.
 * Only where even that ends at a root itself is the run refused.
 *
 * Protected and denied subtrees are not entered: nothing in them is written.
 * Read-only trees that somebody named are walked too, but only if a denied
 * file with a second name exists at all; the system's places and the trees of
 * tools are not, since no other program makes links there.
 *
 * The same walk meets the files that scope_secrets.c is about. Those that it
 * hides are denied files like others when second names are looked for.
 */
#include "engine/scope_set.h"

#include <stdlib.h>
#include <string.h>

#include "engine/banned.h"

struct linked {
	const char *path;
	uint64_t device, number;
	uint32_t links;
	uint32_t seen;	   /* names found in writable places */
	size_t root_depth; /* components of the root that it is in */
	bool writable;	   /* this name is in one */
	bool secret;	   /* a name of a denied file */
};

static size_t components(const char *path)
{
	size_t count = 0;

	for (; *path != '\0'; path++)
		count += *path == '/' ? 1 : 0;
	return count;
}

struct search {
	struct sbk_set *set;
	struct linked *files; /* malloc'd: there may be very many */
	size_t count, capacity;
	const struct sbk_item *root; /* being walked */
	size_t root_depth;
	struct sbk_names closed; /* directories that could not be entered */
	size_t objects;
	/* Denied files that have a second name. */
	struct linked *denied;
	size_t denied_count, denied_capacity;
};

static int append(struct linked **list, size_t *count, size_t *capacity,
		  const struct linked *entry, struct sbk_error *err)
{
	if (*count == *capacity) {
		size_t more = *capacity > 0 ? *capacity * 2 : 64;
		struct linked *grown = realloc(*list, more * sizeof(*grown));

		if (grown == NULL)
			return sbk_error_no_memory(err);
		*list = grown;
		*capacity = more;
	}
	(*list)[(*count)++] = *entry;
	return 0;
}

/* The entry that holds for exactly `path`, aliases left out. */
static const struct sbk_item *entry_at(const struct sbk_set *set,
				       const char *path)
{
	size_t i;

	for (i = 0; i < set->count; i++) {
		const struct sbk_item *item = &set->items[i];

		if (!item->idle && strcmp(item->path, path) == 0 &&
		    strcmp(item->target, path) == 0)
			return item;
	}
	return NULL;
}

/* Entries below a root are walked on their own, or not at all. */
static bool enter(void *arg, const char *directory)
{
	const struct search *search = arg;

	return entry_at(search->set, directory) == NULL;
}

static int found(void *arg, const char *path, const struct sbk_file *file,
		 struct sbk_error *err)
{
	struct search *search = arg;
	struct linked entry = {
		.device = file->device,
		.number = file->number,
		.links = file->links,
		.root_depth = search->root_depth,
		.writable = search->root->kind == SBK_ACCESS_RW,
	};

	if (entry_at(search->set, path) != NULL)
		return 0;
	entry.path = sbk_arena_strdup(search->set->arena, path);
	if (entry.path == NULL)
		return sbk_error_no_memory(err);
	return append(&search->files, &search->count, &search->capacity, &entry,
		      err);
}

/* What cannot be looked into might be made to: its owner may chmod it. */
static int closed(void *arg, const char *directory, struct sbk_error *err)
{
	struct search *search = arg;

	if (search->root->kind != SBK_ACCESS_RW ||
	    sbk_names_have(&search->closed, directory))
		return 0;
	if (strcmp(directory, search->root->path) == 0)
		return sbk_error_set(err, SBK_E_DENIED,
				     "'%s' cannot be looked into before it is "
				     "made writable: chmod u+rx '%s'",
				     directory, directory);
	if (search->closed.count == SBK_SCOPE_LINKED_MAX)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "more than %d directories of '%s' cannot "
				     "be looked into (one is '%s'): chmod -R "
				     "u+rwX, or remove them",
				     SBK_SCOPE_LINKED_MAX, search->root->path,
				     directory);
	return sbk_names_add(&search->closed, search->set->arena, directory,
			     SBK_SCOPE_LINKED_MAX, err);
}

static int found_secret(void *arg, const char *path,
			const struct sbk_secret_kind *kind,
			struct sbk_error *err)
{
	struct search *search = arg;

	return sbk_scope_secret_found(search->set, path, kind, err);
}

static int walk_root(struct search *search, const struct sbk_item *item,
		     struct sbk_error *err)
{
	struct sbk_os_link_walk walk = {
		.enter = enter,
		.found = found,
		.closed = closed,
		/* Read-only trees are walked for second names, sometimes. */
		.secret = item->kind == SBK_ACCESS_RW ? found_secret : NULL,
		.arg = search,
		.max = SBK_SCOPE_OBJECTS_MAX - search->objects,
	};
	int rc;

	search->root = item;
	search->root_depth = components(item->path);
	rc = sbk_os_walk_links(item->path, &walk, err);
	search->objects += walk.objects;
	return rc;
}

static int compare_identity(const void *left, const void *right)
{
	const struct linked *a = left, *b = right;

	if (a->device != b->device)
		return a->device < b->device ? -1 : 1;
	return a->number < b->number ? -1 : a->number > b->number;
}

/* One order, whatever the walk's was. */
static int compare_files(const void *left, const void *right)
{
	const struct linked *a = left, *b = right;
	int order = compare_identity(left, right);

	return order != 0 ? order : strcmp(a->path, b->path);
}

/* Counts the names of each file that are in writable places. */
static void count_names(struct search *search)
{
	size_t i, k, end;

	if (search->count > 0)
		qsort(search->files, search->count, sizeof(*search->files),
		      compare_files);
	for (i = 0; i < search->count; i = end) {
		uint32_t seen = 0;

		for (end = i; end < search->count &&
			      compare_identity(&search->files[i],
					       &search->files[end]) == 0;
		     end++)
			seen += search->files[end].writable ? 1 : 0;
		for (k = i; k < end; k++)
			search->files[k].seen = seen;
	}
}

static int note_denied_file(void *arg, const char *path,
			    const struct sbk_file *file, struct sbk_error *err)
{
	struct search *search = arg;
	struct linked entry = {
		.device = file->device,
		.number = file->number,
		.links = file->links,
	};

	(void)path; /* which file it is, is enough */
	return append(&search->denied, &search->denied_count,
		      &search->denied_capacity, &entry, err);
}

static bool enter_any(void *arg, const char *directory)
{
	(void)arg;
	(void)directory;
	return true;
}

/* A secret that cannot be looked into here cannot be read by the run. */
static int closed_secret(void *arg, const char *directory,
			 struct sbk_error *err)
{
	(void)arg;
	(void)directory;
	(void)err;
	return 0;
}

/*
 * Files of a denied place that have a second name somewhere. Large places
 * (browser profiles) are looked at up to a bound; that they are denied does
 * not depend on it.
 */
static int search_denied(struct search *search, const char *path,
			 struct sbk_error *err)
{
	struct sbk_os_link_walk walk = {
		.enter = enter_any,
		.found = note_denied_file,
		.closed = closed_secret,
		.arg = search,
		.max = SBK_SCOPE_SECRETS_MAX,
	};
	struct sbk_file file;
	int rc;

	if (sbk_os_look(path, &file, NULL) < 0)
		return 0;
	if (file.type == SBK_FILE_REGULAR)
		return file.links > 1
			       ? note_denied_file(search, path, &file, err)
			       : 0;
	if (file.type != SBK_FILE_DIRECTORY)
		return 0;
	rc = sbk_os_walk_links(path, &walk, err);
	if (rc == SBK_E_LIMIT) {
		sbk_error_clear(err);
		return sbk_set_note(search->set, err,
				    "'%s' is large: only its first %d objects "
				    "were looked at for second names",
				    path, SBK_SCOPE_SECRETS_MAX);
	}
	if (rc == SBK_E_DENIED || rc == SBK_E_NOTFOUND) {
		sbk_error_clear(err);
		rc = 0;
	}
	return rc;
}

static int find_denied(struct search *search, struct sbk_error *err)
{
	const struct sbk_ground *ground = &search->set->ground;
	size_t i;
	int rc = 0;

	for (i = 0; i < ground->sensitive_count && rc == 0; i++)
		rc = search_denied(search, ground->sensitive[i], err);
	for (i = 0; i < search->set->count && rc == 0; i++)
		if (search->set->items[i].kind == SBK_ACCESS_DENY)
			rc = search_denied(search, search->set->items[i].path,
					   err);
	if (search->denied_count > 0)
		qsort(search->denied, search->denied_count,
		      sizeof(*search->denied), compare_identity);
	return rc;
}

static void mark_secrets(struct search *search)
{
	size_t i;

	for (i = 0; i < search->count; i++)
		search->files[i].secret =
			search->denied_count > 0 &&
			bsearch(&search->files[i], search->denied,
				search->denied_count, sizeof(*search->denied),
				compare_identity) != NULL;
}

static bool is_tree(const struct sbk_item *item, bool writable)
{
	if (item->idle || !item->is_directory ||
	    strcmp(item->path, item->target) != 0)
		return false;
	if (writable)
		return item->kind == SBK_ACCESS_RW;
	return item->kind == SBK_ACCESS_RO &&
	       item->origin != SBK_ORIGIN_AUTOMATIC;
}

static int walk_trees(struct search *search, bool writable,
		      struct sbk_error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < search->set->count && rc == 0; i++)
		if (is_tree(&search->set->items[i], writable))
			rc = walk_root(search, &search->set->items[i], err);
	return rc;
}

static int add_entry(struct search *search, const char *path,
		     enum sbk_access_kind kind, bool is_directory,
		     const char *reason, struct sbk_error *err)
{
	struct sbk_item item = {
		.path = path,
		.target = path,
		.kind = kind,
		.is_directory = is_directory,
		.reason = reason,
	};

	return sbk_set_add(search->set, &item, err);
}

/* What is made read-only: files at first, then more and more directories. */
struct rolled {
	const char *path;
	size_t files; /* that this entry stands for */
	size_t depth; /* components of the path */
	size_t root_depth;
};

static int compare_rolled(const void *left, const void *right)
{
	const struct rolled *a = left, *b = right;

	return strcmp(a->path, b->path);
}

static size_t unite(struct rolled *list, size_t count)
{
	size_t i, used = 0;

	qsort(list, count, sizeof(*list), compare_rolled);
	for (i = 0; i < count; i++) {
		if (used > 0 && strcmp(list[used - 1].path, list[i].path) == 0)
			list[used - 1].files += list[i].files;
		else
			list[used++] = list[i];
	}
	return used;
}

/* Replaces each deepest entry by its directory. False: a root is reached. */
static bool roll_up(struct sbk_arena *arena, struct rolled *list, size_t *count,
		    struct sbk_error *err)
{
	size_t deepest = 0, i;

	for (i = 0; i < *count; i++)
		deepest = list[i].depth > deepest ? list[i].depth : deepest;
	for (i = 0; i < *count; i++) {
		const char *slash = strrchr(list[i].path, '/');

		if (list[i].depth < deepest)
			continue;
		if (list[i].depth <= list[i].root_depth + 1) {
			(void)sbk_error_set(err, SBK_E_INVAL,
					    "more than %d files of '%.*s' have "
					    "names outside the writable roots",
					    SBK_SCOPE_LINKED_MAX,
					    (int)(slash - list[i].path),
					    list[i].path);
			return false;
		}
		list[i].path = sbk_arena_copy(arena, list[i].path,
					      (size_t)(slash - list[i].path));
		list[i].depth--;
		if (list[i].path == NULL) {
			(void)sbk_error_no_memory(err);
			return false;
		}
	}
	*count = unite(list, *count);
	return true;
}

static const char *rolled_reason(struct sbk_arena *arena,
				 const struct rolled *entry, bool is_file)
{
	if (is_file)
		return "has a hard link outside";
	return sbk_arena_printf(
		arena, "holds %zu files with hard links outside", entry->files);
}

static int add_rolled(struct search *search, const struct rolled *list,
		      size_t count, struct sbk_error *err)
{
	struct sbk_arena *arena = search->set->arena;
	struct sbk_file file;
	size_t i;
	int rc = 0;

	for (i = 0; i < count && rc == 0; i++) {
		const char *reason;

		if (sbk_os_look(list[i].path, &file, NULL) < 0)
			continue;
		reason = rolled_reason(arena, &list[i],
				       file.type != SBK_FILE_DIRECTORY);
		if (reason == NULL)
			return sbk_error_no_memory(err);
		rc = add_entry(search, list[i].path, SBK_ACCESS_PROTECT,
			       file.type == SBK_FILE_DIRECTORY, reason, err);
	}
	return rc;
}

static bool leads_out(const struct linked *file)
{
	return file->writable && !file->secret && file->seen < file->links;
}

static size_t collect_leading_out(const struct search *search,
				  struct rolled *list)
{
	size_t i, count = 0;

	for (i = 0; i < search->count; i++) {
		const struct linked *file = &search->files[i];

		if (!leads_out(file))
			continue;
		list[count++] = (struct rolled){
			.path = file->path,
			.files = 1,
			.depth = components(file->path),
			.root_depth = file->root_depth,
		};
	}
	return unite(list, count);
}

static int note_protected(struct search *search, size_t files, size_t entries,
			  struct sbk_error *err)
{
	return sbk_set_note(search->set, err,
			    "%zu file%s with hard links outside the writable "
			    "roots %s read-only (%zu entr%s): writing one "
			    "would write its other name too",
			    files, files == 1 ? "" : "s",
			    files == 1 ? "is" : "are", entries,
			    entries == 1 ? "y" : "ies");
}

/* Without a way to keep the promise the run is refused, unless the person
 * said that less is enough. */
static int give_up(struct search *search, struct sbk_error *err)
{
	char text[300];

	(void)sbk_error_prefix(err, "writes");
	memcpy(text, err->message, sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	if (!search->set->settings->best_effort)
		return sbk_error_set(err, SBK_E_INVAL,
				     "%s: name the directories that are "
				     "really written with --rw, copy the tree "
				     "without links (cp -a --no-preserve="
				     "links), or accept it with --best-effort",
				     text);
	sbk_error_clear(err);
	return sbk_set_note(search->set, err, "not guaranteed: %s", text);
}

static int protect_leading_out(struct search *search, struct sbk_error *err)
{
	struct rolled *list;
	size_t count, files, i;
	int rc = 0;

	for (i = 0, files = 0; i < search->count; i++)
		files += leads_out(&search->files[i]) ? 1 : 0;
	if (files == 0)
		return 0;
	list = calloc(files, sizeof(*list));
	if (list == NULL)
		return sbk_error_no_memory(err);
	count = collect_leading_out(search, list);
	while (count > SBK_SCOPE_LINKED_MAX && rc == 0)
		if (!roll_up(search->set->arena, list, &count, err))
			rc = err->code;
	if (rc == 0)
		rc = add_rolled(search, list, count, err);
	if (rc == 0)
		rc = note_protected(search, files, count, err);
	else if (rc == SBK_E_INVAL)
		rc = give_up(search, err);
	free(list);
	return rc;
}

static int deny_secrets(struct search *search, struct sbk_error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < search->count && rc == 0; i++) {
		if (!search->files[i].secret)
			continue;
		rc = add_entry(search, search->files[i].path, SBK_ACCESS_DENY,
			       false, "a hard link of a denied file", err);
		if (rc == 0)
			rc = sbk_set_note(search->set, err,
					  "'%s' is another name of a denied "
					  "file, and denied too",
					  search->files[i].path);
	}
	return rc;
}

static int protect_closed(struct search *search, struct sbk_error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < search->closed.count && rc == 0; i++)
		rc = add_entry(search, search->closed.items[i],
			       SBK_ACCESS_PROTECT, true,
			       "could not be looked into for hard links", err);
	return rc;
}

/* A single writable file with a second name cannot keep the promise. */
static int check_single_files(const struct sbk_set *set, struct sbk_error *err)
{
	struct sbk_file file;
	size_t i;

	for (i = 0; i < set->count; i++) {
		const struct sbk_item *item = &set->items[i];

		if (item->idle || item->kind != SBK_ACCESS_RW ||
		    item->is_directory || set->settings->best_effort ||
		    sbk_os_look(item->path, &file, NULL) < 0 || file.links < 2)
			continue;
		return sbk_error_set(err, SBK_E_INVAL,
				     "'%s' has %u names (hard links), and "
				     "writing it would write them all: copy it "
				     "first, or make its directory writable",
				     item->path, file.links);
	}
	return 0;
}

static int look_too_long(struct search *search, int rc, struct sbk_error *err)
{
	if (rc != SBK_E_LIMIT || search->objects <= SBK_SCOPE_OBJECTS_MAX)
		return rc;
	if (!search->set->settings->best_effort)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "the writable roots hold more than %d "
				     "objects, too many to look at for hard "
				     "links: name the part that is written "
				     "with --rw and the rest with --ro, or "
				     "accept it with --best-effort",
				     SBK_SCOPE_OBJECTS_MAX);
	sbk_error_clear(err);
	return sbk_set_note(search->set, err,
			    "not guaranteed: the writable roots hold more "
			    "than %d objects, and only so many were looked at "
			    "for hard links",
			    SBK_SCOPE_OBJECTS_MAX);
}

/*
 * Looking through the sensitive places costs more than most runs, and is of
 * use only where something that is shown could be a second name of theirs.
 */
static int look_for_secrets(struct search *search, struct sbk_error *err)
{
	bool needed = false;
	size_t i;
	int rc = 0;

	for (i = 0; i < search->count; i++)
		needed = needed || leads_out(&search->files[i]);
	for (i = 0; i < search->set->count; i++)
		needed = needed || is_tree(&search->set->items[i], false);
	if (needed)
		rc = find_denied(search, err);
	if (rc == 0 && search->denied_count > 0) {
		rc = walk_trees(search, false, err);
		count_names(search);
		mark_secrets(search);
	}
	return rc;
}

/* A key that is hidden by now is no name in a writable place, as a file is not
 * that was denied before the walk. */
static void forget_hidden(struct search *search)
{
	size_t i, used = 0;

	if (search->set->keys.count == 0)
		return;
	for (i = 0; i < search->count; i++)
		if (!sbk_secret_list_have(&search->set->keys,
					  search->files[i].path))
			search->files[used++] = search->files[i];
	search->count = used;
}

int sbk_links_protect(struct sbk_set *set, struct sbk_error *err)
{
	struct search search = {.set = set};
	int rc = check_single_files(set, err);

	if (rc == 0)
		rc = walk_trees(&search, true, err);
	rc = look_too_long(&search, rc, err);
	set->objects = search.objects;
	if (rc == 0)
		rc = sbk_scope_hide_secrets(set, err);
	if (rc == 0) {
		forget_hidden(&search);
		count_names(&search);
		rc = look_for_secrets(&search, err);
	}
	if (rc == 0)
		rc = deny_secrets(&search, err);
	if (rc == 0)
		rc = protect_closed(&search, err);
	if (rc == 0)
		rc = protect_leading_out(&search, err);
	if (rc == 0)
		rc = sbk_set_settle(set, err);
	free(search.files);
	free(search.denied);
	return rc;
}
