/*
 * From settings to a scope: every path resolved, guarded, and settled with
 * the others. Reads the host and changes nothing.
 *
 *	1. the working directory, by which relative paths are meant
 *	2. the settings (files, profile, flags)
 *	3. what is asked for, guarded; what the system and tools need
 *	4. settled: who stands above whom
 *	5. taken out of what is writable: protected names, git directories,
 *	   sensitive places, SSH keys, files with names elsewhere
 *	6. settled again, and copied out
 */
#include "engine/scope_set.h"

#include <string.h>

#include "engine/path_form.h"
#include "engine/places.h"

#include "engine/banned.h"

static int check_text(const char *text, const char *what, struct sbk_error *err)
{
	const char *c;

	if (text[0] == '\0')
		return sbk_error_set(err, SBK_E_INVAL,
				     "%s is given an empty path", what);
	if (strlen(text) >= SBK_PATH_MAX)
		return sbk_error_set(err, SBK_E_INVAL,
				     "%s '%.60s...' is longer than %d bytes: "
				     "go there and use '.'",
				     what, text, SBK_PATH_MAX - 1);
	for (c = text; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return sbk_error_set(err, SBK_E_INVAL,
					     "%s '%s' has a control character "
					     "at byte %zu: rename it first",
					     what, text, (size_t)(c - text));
	return 0;
}

/* The directory that relative paths start from, resolved. */
static int find_root(const struct sbk_policy_request *request, char *real,
		     struct sbk_file *found, struct sbk_error *err)
{
	const char *written =
		request->directory != NULL ? request->directory : ".";
	const char *what =
		request->directory != NULL ? "-C" : "the working directory";
	struct sbk_file file;
	int rc = check_text(written, what, err);

	if (rc < 0)
		return rc;
	rc = sbk_os_resolve(written, real, &file, err);
	if (rc == SBK_E_NOTFOUND)
		return sbk_error_set(err, SBK_E_NOTFOUND,
				     "there is no directory '%s': make it, or "
				     "name another one with -C",
				     written);
	if (rc < 0)
		return sbk_error_prefix(err, "%s", what);
	if (file.type != SBK_FILE_DIRECTORY)
		return sbk_error_set(err, SBK_E_INVAL,
				     "'%s' is not a directory: name the "
				     "directory that holds it with -C, and the "
				     "file with --rw or --ro",
				     written);
	*found = file;
	return check_text(real, what, err);
}

/* As an absolute path: "~" is the home, and the rest starts in the root. NULL
 * when memory is gone. */
static const char *absolute(const struct sbk_set *set, const char *written)
{
	const char *home = set->ground.person->home;
	char *text = sbk_arena_strdup(set->arena, written);

	if (text == NULL)
		return NULL;
	sbk_path_take(text);
	if (sbk_path_form_problem(text) != NULL || sbk_path_is_absolute(text))
		return text;
	if (text[0] == '~' && (text[1] == '\0' || text[1] == '/'))
		return sbk_arena_printf(set->arena, "%s%s", home, text + 1);
	return sbk_arena_printf(set->arena, "%s/%s", set->root, text);
}

static const char *flag_of(enum sbk_access_kind kind)
{
	switch (kind) {
	case SBK_ACCESS_RW:
		return "--rw";
	case SBK_ACCESS_DENY:
		return "--deny";
	default:
		return "--ro";
	}
}

/* A flag's missing path is a mistake; a profile serves many machines. */
static int path_is_missing(struct sbk_set *set,
			   const struct sbk_asked_path *asked,
			   struct sbk_error *err)
{
	/* Who writes "*.env" means to be protected, and would not be. Files
	 * with a pattern are refused when they are read. */
	if (asked->kind == SBK_ACCESS_DENY &&
	    asked->origin == SBK_ORIGIN_FLAG &&
	    strpbrk(asked->text, "*?[") != NULL)
		return sbk_error_set(err, SBK_E_INVAL,
				     "--deny '%s': nothing is there, and "
				     "patterns are not supported: name each "
				     "path",
				     asked->text);
	if (asked->kind == SBK_ACCESS_DENY)
		return asked->origin == SBK_ORIGIN_CEILING
			       ? 0
			       : sbk_set_note(set, err,
					      "'%s' is denied by %s and does "
					      "not exist: nothing to deny",
					      asked->text, asked->reason);
	if (asked->origin == SBK_ORIGIN_FLAG)
		return sbk_error_set(err, SBK_E_NOTFOUND,
				     "%s '%s': nothing is there; make it "
				     "first, or take it out",
				     flag_of(asked->kind), asked->text);
	return sbk_set_note(set, err,
			    "'%s' (%s) does not exist and is left "
			    "out",
			    asked->text, asked->reason);
}

/* Whether a file asked for it, and not a profile that is built in. */
static bool is_from_file(const struct sbk_asked_path *asked)
{
	return asked->origin == SBK_ORIGIN_CEILING ||
	       (asked->origin == SBK_ORIGIN_POLICY &&
		strstr(asked->reason, " of '") != NULL);
}

/* What a file asks for and cannot have is that file's fault. */
static int blame_file(const struct sbk_asked_path *asked, struct sbk_error *err)
{
	(void)sbk_error_prefix(err, "%s", asked->reason);
	if (err != NULL)
		err->code = SBK_E_PARSE;
	return SBK_E_PARSE;
}

static int resolve_asked(struct sbk_set *set,
			 const struct sbk_asked_path *asked,
			 struct sbk_error *err)
{
	const char *path = absolute(set, asked->text);
	struct sbk_item item = {
		.reason = asked->reason,
		.kind = asked->kind,
		.origin = asked->origin,
		.depth = asked->depth,
	};
	int rc;

	if (path == NULL)
		return sbk_error_no_memory(err);
	rc = check_text(path, asked->reason, err);
	if (rc == 0 && sbk_path_form_problem(path) != NULL)
		rc = sbk_error_set(err, SBK_E_INVAL, "%s '%s' %s",
				   asked->reason, asked->text,
				   sbk_path_form_problem(path));
	if (rc < 0)
		return rc;
	if (asked->kind == SBK_ACCESS_DENY)
		rc = sbk_set_place(set, path, &item, err);
	else
		rc = sbk_set_show(set, path, &item, err);
	if (asked->origin == SBK_ORIGIN_AUTOMATIC &&
	    (rc == SBK_E_NOTFOUND || rc == SBK_E_DENIED || rc == SBK_E_INVAL)) {
		sbk_error_clear(err);
		return 0;
	}
	if (rc == SBK_E_NOTFOUND)
		return path_is_missing(set, asked, err);
	if (rc == SBK_E_INVAL && is_from_file(asked))
		return blame_file(asked, err);
	return rc;
}

static int join(const struct sbk_set *set, const char *above, const char *rest,
		const char **out, struct sbk_error *err)
{
	*out = sbk_path_join(set->arena, above, rest);
	return *out != NULL ? 0 : sbk_error_no_memory(err);
}

/* What this scope makes writable, known before the first path is believed. */
static int find_writable(struct sbk_set *set, struct sbk_error *err)
{
	const struct sbk_settings *settings = set->settings;
	char real[SBK_PATH_MAX];
	enum sbk_file_type type;
	size_t i;
	int rc = 0;

	for (i = 0; i < settings->path_count && rc == 0; i++) {
		const char *path;

		if (settings->paths[i].kind != SBK_ACCESS_RW)
			continue;
		path = absolute(set, settings->paths[i].text);
		if (path == NULL)
			return sbk_error_no_memory(err);
		if (sbk_resolver_resolve(set->ground.resolver, path, real,
					 &type, NULL) == 0)
			rc = sbk_names_add(&set->writable, set->arena, real,
					   SBK_SCOPE_PATHS_MAX, err);
	}
	return rc;
}

/*
 * The working directory is the caller's own spelling, but not where it leads
 * through a link inside another root of the same run.
 */
static int check_directory(struct sbk_set *set, const char *directory,
			   struct sbk_error *err)
{
	const char *written;
	char here[SBK_PATH_MAX], *taken;
	struct sbk_file file;
	int rc = 0;

	if (directory == NULL)
		return 0;
	taken = sbk_arena_strdup(set->arena, directory);
	if (taken == NULL)
		return sbk_error_no_memory(err);
	sbk_path_take(taken);
	written = taken;
	if (!sbk_path_is_absolute(taken)) {
		rc = sbk_os_resolve(".", here, &file, err);
		if (rc == 0)
			rc = join(set, here, taken, &written, err);
	}
	if (rc == 0)
		rc = sbk_set_check_written(set, written, set->root, true, err);
	return rc < 0 ? sbk_error_prefix(err, "-C") : 0;
}

static int resolve_all(struct sbk_set *set, struct sbk_error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < set->settings->path_count && rc == 0; i++)
		rc = resolve_asked(set, &set->settings->paths[i], err);
	return rc;
}

static int add_found(struct sbk_set *set, const char *path_variable,
		     struct sbk_error *err)
{
	const struct sbk_settings *settings = set->settings;
	int rc = 0;

	if (settings->system)
		rc = sbk_tools_add_system(
			set, settings->network == SBK_NETWORK_ON, err);
	if (rc == 0 && settings->git)
		rc = sbk_tools_add_git(set, err);
	if (rc == 0 && settings->tools)
		rc = sbk_tools_add_path(set, path_variable, err);
	return rc;
}

/*
 * The other names of the working directory: as -C gives it, and as the shell
 * that started us calls it. Programs were told them.
 */
static int add_root_spellings(struct sbk_set *set, const char *directory,
			      const char *pwd, struct sbk_error *err)
{
	char real[SBK_PATH_MAX];
	enum sbk_file_type type;
	int rc = 0;

	if (directory != NULL)
		rc = sbk_set_alias(set, directory, set->root, err);
	if (rc == 0 && pwd != NULL && sbk_path_is_absolute(pwd) &&
	    sbk_resolver_resolve(set->ground.resolver, pwd, real, &type,
				 NULL) == 0 &&
	    strcmp(real, set->root) == 0)
		rc = sbk_set_alias(set, pwd, set->root, err);
	return rc;
}

/*
 * The settings were read from the directory that was resolved first: an entry
 * for it is for that one, whatever stands there by now.
 */
static void keep_root_identity(struct sbk_set *set)
{
	size_t i;

	for (i = 0; i < set->count; i++)
		if (strcmp(set->items[i].path, set->root) == 0 &&
		    set->items[i].number != 0) {
			set->items[i].device = set->root_file.device;
			set->items[i].number = set->root_file.number;
		}
}

/* The working directory must be something the command can stand in. */
static int check_root(const struct sbk_set *set, struct sbk_error *err)
{
	const struct sbk_item *above = sbk_set_above(set, set->root);

	if (above == NULL || above->kind == SBK_ACCESS_DENY)
		return sbk_error_set(err, SBK_E_INVAL,
				     "the working directory '%s' is not shown "
				     "to the run: --ro '%s', --rw '%s', or "
				     "another -C",
				     set->root, set->root, set->root);
	return 0;
}

/* As what something is taken out, and why. */
struct carving {
	enum sbk_access_kind kind;
	const char *reason;
};

/*
 * Takes the object at `inner` out of `place`, if it is seen through it: below
 * it, or all of it where a mount shows nothing but a part of `inner`.
 */
static int carve_through(struct sbk_set *set, const char *place,
			 struct sbk_spot spot, bool is_mount,
			 struct sbk_spot inner, const struct carving *as,
			 struct sbk_error *err)
{
	enum sbk_relation relation = sbk_spot_relation(spot, inner);
	const char *at = place, *rest;
	int rc = 0;

	if (relation == SBK_ABOVE) {
		rest = sbk_path_below(inner.path, spot.path);
		rc = join(set, place, rest, &at, err);
	} else if (!is_mount || relation == SBK_APART) {
		return 0;
	}
	if (rc < 0)
		return rc;
	return sbk_set_carve(set, at, as->kind, SBK_ORIGIN_AUTOMATIC,
			     as->reason, err);
}

/* Takes the object out of one entry and of what is mounted below it. */
static int carve_entry(struct sbk_set *set, const struct sbk_item *item,
		       struct sbk_spot spot, struct sbk_spot inner,
		       const struct carving *as, struct sbk_error *err)
{
	const struct sbk_ground *ground = &set->ground;
	size_t i;
	int rc = carve_through(set, item->path, spot, false, inner, as, err);

	for (i = 0; ground->aliased && i < ground->mount_count && rc == 0;
	     i++) {
		const struct sbk_os_mount *mount = &ground->mounts[i];
		struct sbk_spot shown = {mount->device, mount->root};

		if (strcmp(mount->point, item->path) != 0 &&
		    sbk_path_within(mount->point, item->path))
			rc = carve_through(set, mount->point, shown, true,
					   inner, as, err);
	}
	return rc;
}

static bool may_carve(const struct sbk_item *item, const struct carving *as)
{
	if (item->idle || strcmp(item->path, item->target) != 0 ||
	    item->kind == SBK_ACCESS_DENY || !item->is_directory)
		return false;
	return as->kind == SBK_ACCESS_DENY || item->kind == SBK_ACCESS_RW;
}

/* Takes `paths` out of each entry that shows one of them. */
static int carve_out(struct sbk_set *set, const char *const *paths,
		     size_t path_count, const struct carving *as,
		     struct sbk_error *err)
{
	struct sbk_spot *inner =
		sbk_arena_alloc(set->arena, (path_count + 1) * sizeof(*inner));
	size_t i, k, count = set->count;
	int rc = 0;

	if (inner == NULL)
		return sbk_error_no_memory(err);
	for (k = 0; k < path_count && rc == 0; k++)
		rc = sbk_ground_spot(&set->ground, paths[k], &inner[k], err);
	for (i = 0; i < count && rc == 0; i++) {
		struct sbk_item item = set->items[i];
		struct sbk_spot spot;

		if (!may_carve(&item, as))
			continue;
		rc = sbk_ground_spot(&set->ground, item.path, &spot, err);
		for (k = 0; k < path_count && rc == 0; k++)
			rc = carve_entry(set, &item, spot, inner[k], as, err);
	}
	return rc;
}

/* Explicit denies, wherever else the same directory is mounted. */
static int carve_denied(struct sbk_set *set, struct sbk_error *err)
{
	size_t i, count = set->count;
	int rc = 0;

	if (!set->ground.aliased)
		return 0;
	for (i = 0; i < count && rc == 0; i++) {
		struct sbk_item item = set->items[i];

		struct carving as = {SBK_ACCESS_DENY, item.reason};

		if (item.kind == SBK_ACCESS_DENY &&
		    item.origin != SBK_ORIGIN_AUTOMATIC)
			rc = carve_out(set, &item.path, 1, &as, err);
	}
	return rc;
}

/* The program that starts runs is not for a run to write. */
static int protect_program(struct sbk_set *set, struct sbk_error *err)
{
	static const struct carving as = {SBK_ACCESS_PROTECT,
					  "Sandbook's own program"};
	char program[SBK_PATH_MAX], *slash;
	const char *directory = program;
	int rc = sbk_os_program(program, err);

	if (rc < 0)
		return rc;
	slash = strrchr(program, '/');
	if (slash == NULL || slash == program)
		return 0;
	*slash = '\0';
	return carve_out(set, &directory, 1, &as, err);
}

static int take_out(struct sbk_set *set, struct sbk_error *err)
{
	static const struct carving start_file = {
		SBK_ACCESS_PROTECT, "a link makes it a start file"};
	static const struct carving secret = {SBK_ACCESS_DENY,
					      "sensitive place"};
	const struct sbk_ground *ground = &set->ground;
	int rc;

	rc = sbk_scope_protect_roots(set, err);
	if (rc == 0)
		rc = protect_program(set, err);
	if (rc == 0)
		rc = carve_out(set, ground->linked_places.items,
			       ground->linked_places.count, &start_file, err);
	if (rc == 0)
		rc = carve_out(set, ground->linked_parents.items,
			       ground->linked_parents.count, &start_file, err);
	if (rc == 0)
		rc = carve_out(set, ground->sensitive, ground->sensitive_count,
			       &secret, err);
	if (rc == 0)
		rc = carve_denied(set, err);
	if (rc == 0)
		rc = sbk_set_settle(set, err);
	if (rc == 0)
		rc = sbk_links_protect(set, err);
	return rc;
}

static int copy_paths(const struct sbk_set *set, struct sbk_scope *out,
		      struct sbk_error *err)
{
	size_t i;

	out->paths = sbk_arena_alloc(&out->arena,
				     (set->count + 1) * sizeof(*out->paths));
	if (out->paths == NULL)
		return sbk_error_no_memory(err);
	for (i = 0; i < set->count; i++) {
		const struct sbk_item *item = &set->items[i];

		if (item->idle)
			continue;
		out->paths[out->path_count++] = (struct sbk_scope_path){
			.path = item->path,
			.target = item->target,
			.reason = item->reason,
			.kind = item->kind,
			.is_directory = item->is_directory,
			.is_link = item->is_link,
			/* What was seen and is to be kept must be there. */
			.optional = item->origin == SBK_ORIGIN_AUTOMATIC &&
				    item->kind != SBK_ACCESS_PROTECT,
			.device = item->device,
			.number = item->number,
		};
	}
	return 0;
}

static int copy_out(const struct sbk_set *set, struct sbk_scope *out,
		    struct sbk_error *err)
{
	const struct sbk_settings *settings = set->settings;
	int rc = copy_paths(set, out, err);

	out->absent_protected = set->absent.items;
	out->absent_count = set->absent.count;
	out->notes = set->notes.items;
	out->note_count = set->notes.count;
	out->profile = settings->profile;
	out->network = settings->network;
	out->timeout_s = settings->limits[SBK_LIMIT_TIME];
	out->memory_mib = settings->limits[SBK_LIMIT_MEMORY];
	out->processes = settings->limits[SBK_LIMIT_PROCESSES];
	out->objects = set->objects;
	out->secrets = set->secrets;
	out->hidden = set->keys;
	out->best_effort = settings->best_effort;
	out->account = settings->account;
	out->withholds = settings->withholds;
	out->grant = settings->grant;
	return rc;
}

static int copy_notes(struct sbk_set *set, struct sbk_error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < set->settings->notes.count && rc == 0; i++)
		rc = sbk_set_note(set, err, "%s",
				  set->settings->notes.items[i]);
	return rc;
}

static int build(struct sbk_set *set, const char *directory,
		 const char *const *environment, struct sbk_error *err)
{
	const char *path_variable = sbk_environment_get(environment, "PATH");
	int rc = copy_notes(set, err);

	if (rc == 0)
		rc = find_writable(set, err);
	if (rc == 0)
		rc = resolve_all(set, err);
	if (rc == 0)
		rc = check_directory(set, directory, err);
	if (rc == 0)
		rc = add_root_spellings(set, directory,
					sbk_environment_get(environment, "PWD"),
					err);
	if (rc == 0)
		rc = add_found(set, path_variable, err);
	if (rc == 0)
		rc = sbk_set_settle(set, err);
	keep_root_identity(set);
	if (rc == 0)
		rc = check_root(set, err);
	if (rc == 0)
		rc = take_out(set, err);
	if (rc == 0)
		rc = sbk_tools_note_writable(set, path_variable, err);
	return rc;
}

int sbk_scope_resolve(const struct sbk_policy_request *request,
		      const struct sbk_person *person,
		      const char *const *environment, struct sbk_scope *out,
		      struct sbk_error *err)
{
	struct sbk_scope scope = {.arena = SBK_ARENA_INIT};
	struct sbk_settings settings;
	struct sbk_set set = {.arena = &scope.arena, .settings = &settings};
	char root[SBK_PATH_MAX];
	int rc = find_root(request, root, &set.root_file, err);

	if (rc < 0)
		return rc;
	scope.person = *person;
	scope.directory = sbk_arena_strdup(&scope.arena, root);
	set.root = scope.directory;
	if (set.root == NULL)
		rc = sbk_error_no_memory(err);
	if (rc == 0)
		rc = sbk_settings_make(request, person, root, &scope.arena,
				       &settings, err);
	if (rc == 0)
		rc = sbk_ground_init(&set.ground, &scope.arena, person, err);
	if (rc == 0)
		rc = build(&set, request->directory, environment, err);
	if (rc == 0)
		rc = copy_out(&set, &scope, err);
	if (rc == 0)
		rc = sbk_environment_make(&settings, person, root, environment,
					  &scope.arena, &scope.environment,
					  err);
	if (rc < 0) {
		sbk_arena_release(&scope.arena);
		return rc;
	}
	*out = scope;
	return 0;
}

int sbk_scope_add_note(struct sbk_scope *scope, const char *note,
		       struct sbk_error *err)
{
	const char **notes = sbk_arena_alloc(
		&scope->arena, (scope->note_count + 1) * sizeof(*notes));

	if (notes == NULL)
		return sbk_error_no_memory(err);
	if (scope->note_count > 0)
		memcpy(notes, scope->notes, scope->note_count * sizeof(*notes));
	notes[scope->note_count++] = note;
	scope->notes = notes;
	return 0;
}

void sbk_scope_release(struct sbk_scope *scope)
{
	sbk_arena_release(&scope->arena);
	*scope = (struct sbk_scope){.arena = SBK_ARENA_INIT};
}
