/*
 * Files that mostly hold secrets (secret_files.h) in what a run sees. SSH
 * private keys are denied, unless the person lists that very file; the others
 * are shown and named, for `plan` and for the run's record.
 *
 * Writable trees are walked for hard links anyway, and these files are met on
 * that walk. Read-only trees are not walked: there a key is found only directly
 * in the directory that was listed.
 */
#include "engine/scope_set.h"

#include <string.h>

#include "engine/banned.h"

/* What the person lists for exactly this file, also where it adds nothing. */
static const struct sbk_item *listed(const struct sbk_set *set,
				     const char *path)
{
	size_t i;

	for (i = 0; i < set->count; i++)
		if (strcmp(set->items[i].path, path) == 0 &&
		    strcmp(set->items[i].target, path) == 0)
			return &set->items[i];
	return NULL;
}

int sbk_scope_secret_found(struct sbk_set *set, const char *path,
			   const struct sbk_secret_kind *kind,
			   struct sbk_error *err)
{
	const struct sbk_item *item = listed(set, path);
	const struct sbk_secret_file file = {.path = path, .kind = kind};

	if (item != NULL && item->kind == SBK_ACCESS_DENY)
		return 0;
	if (!kind->hidden || item != NULL)
		return sbk_secret_confirmed(kind, path)
			       ? sbk_secret_list_add(&set->secrets, set->arena,
						     &file, err)
			       : 0;
	return sbk_secret_list_add(&set->keys, set->arena, &file, err);
}

/* Keys directly in a directory that is listed for reading. */
static int look_into(struct sbk_set *set, const char *directory,
		     struct sbk_error *err)
{
	const struct sbk_secret_kind *kind;
	struct sbk_file file;
	int rc = 0;

	for (kind = sbk_secret_kinds; kind->name != NULL && rc == 0; kind++) {
		const char *path;

		if (!kind->hidden)
			continue;
		path = sbk_path_join(set->arena, directory, kind->name);
		if (path == NULL)
			return sbk_error_no_memory(err);
		if (sbk_os_look(path, &file, NULL) == 0 &&
		    file.type == SBK_FILE_REGULAR)
			rc = sbk_scope_secret_found(set, path, kind, err);
	}
	return rc;
}

static int look_into_listed(struct sbk_set *set, struct sbk_error *err)
{
	size_t i, count = set->count;
	int rc = 0;

	for (i = 0; i < count && rc == 0; i++) {
		const struct sbk_item *item = &set->items[i];

		if (!item->idle && item->is_directory &&
		    item->kind == SBK_ACCESS_RO &&
		    item->origin != SBK_ORIGIN_AUTOMATIC &&
		    strcmp(item->path, item->target) == 0)
			rc = look_into(set, item->path, err);
	}
	return rc;
}

static int too_many(struct sbk_set *set, struct sbk_error *err)
{
	const size_t more = set->keys.total - set->keys.count;

	if (!set->settings->best_effort)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "more than %d SSH private keys are to be "
				     "hidden from the run, one is '%s': name "
				     "the directories that hold them with "
				     "--deny, or accept it with --best-effort",
				     SBK_SECRETS_LISTED_MAX,
				     set->keys.items[0].path);
	return sbk_set_note(set, err,
			    "not guaranteed: %zu more SSH private keys are "
			    "shown to the run",
			    more);
}

static int note_hidden(struct sbk_set *set, struct sbk_error *err)
{
	const char *first = set->keys.items[0].path;

	if (set->keys.count == 1)
		return sbk_set_note(set, err,
				    "'%s' (SSH private key) is hidden from the "
				    "run; --ro with this path shows it",
				    first);
	return sbk_set_note(set, err,
			    "%zu SSH private keys are hidden from the run, "
			    "among them '%s'; --ro with a key's path shows it",
			    set->keys.count, first);
}

static int hide(struct sbk_set *set, const struct sbk_secret_file *file,
		struct sbk_error *err)
{
	const struct sbk_item item = {
		.path = file->path,
		.target = file->path,
		.kind = SBK_ACCESS_DENY,
		.reason = file->kind->what,
	};

	return sbk_set_add(set, &item, err);
}

int sbk_scope_hide_secrets(struct sbk_set *set, struct sbk_error *err)
{
	size_t i;
	int rc = look_into_listed(set, err);

	sbk_secret_list_sort(&set->keys);
	if (rc == 0 && set->keys.count > 0)
		rc = note_hidden(set, err);
	if (rc == 0 && set->keys.total > set->keys.count)
		rc = too_many(set, err);
	for (i = 0; i < set->keys.count && rc == 0; i++)
		rc = hide(set, &set->keys.items[i], err);
	if (rc == 0 && set->keys.count > 0)
		rc = sbk_set_settle(set, err);
	sbk_secret_list_sort(&set->secrets);
	return rc;
}
