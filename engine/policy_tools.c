/*
 * What a run needs to find programs: the system's own places, git's settings,
 * and the trees of the tools that stand on PATH. Everything added here is
 * found by itself and therefore gives way to whatever a person asked for.
 *
 * PATH may name any directory, so a directory of unknown layout is shown only
 * where its name says that it holds programs; and a path that a project wrote
 * (a virtual environment's base) is believed only where it is a known tool's.
 */
#include "engine/scope_set.h"

#include <stdio.h>
#include <string.h>

#include "engine/path_form.h"
#include "engine/places.h"

#include "engine/banned.h"

/* What is not there is not missed, nor what this person may not enter. */
static int place_if_there(struct sbk_set *set, const char *path,
			  const char *reason, struct sbk_error *err)
{
	struct sbk_item item = {.reason = reason, .kind = SBK_ACCESS_RO};
	int rc = sbk_set_place(set, path, &item, err);

	if (rc != SBK_E_NOTFOUND && rc != SBK_E_DENIED)
		return rc;
	sbk_error_clear(err);
	return 0;
}

/* A name of the one directory whose names go by patterns. */
static int place_matching(void *arg, const char *name, enum sbk_file_type type,
			  struct sbk_error *err)
{
	struct sbk_set *set = arg;
	const char *const *pattern = sbk_system_patterns;
	const char *path;

	(void)type;
	while (*pattern != NULL && !sbk_match(*pattern, name))
		pattern++;
	if (*pattern == NULL)
		return 0;
	path = sbk_arena_printf(set->arena, "%s/%s", sbk_system_patterned,
				name);
	if (path == NULL)
		return sbk_error_no_memory(err);
	return place_if_there(set, path, "system", err);
}

static int place_patterns(struct sbk_set *set, struct sbk_error *err)
{
	const struct sbk_listing *listing =
		sbk_system_patterned == NULL
			? NULL
			: sbk_resolver_listing(set->ground.resolver,
					       sbk_system_patterned);
	size_t i;
	int rc = 0;

	if (sbk_system_patterned == NULL)
		return 0;
	for (i = 0; listing != NULL && i < listing->count && rc == 0; i++)
		rc = place_matching(set, listing->names[i].name,
				    listing->names[i].type, err);
	if (listing == NULL)
		rc = sbk_os_list(sbk_system_patterned, SBK_DIRECTORY_NAMES_MAX,
				 place_matching, set, err);
	if (rc != SBK_E_NOTFOUND && rc != SBK_E_DENIED)
		return rc;
	sbk_error_clear(err);
	return 0;
}

int sbk_tools_add_system(struct sbk_set *set, bool network,
			 struct sbk_error *err)
{
	const struct sbk_readable *place = sbk_system_readable;
	int rc = 0;

	for (; place->path != NULL && rc == 0; place++) {
		const char *path = sbk_ground_expand(&set->ground, place->path);

		if (path != NULL && (network || !place->network_only))
			rc = place_if_there(set, path, place->reason, err);
	}
	return rc < 0 ? rc : place_patterns(set, err);
}

int sbk_tools_add_git(struct sbk_set *set, struct sbk_error *err)
{
	const struct sbk_readable *place = sbk_git_readable;
	int rc = 0;

	for (; place->path != NULL && rc == 0; place++) {
		const char *path = sbk_ground_expand(&set->ground, place->path);
		struct sbk_item item = {.reason = place->reason,
					.kind = SBK_ACCESS_RO};

		if (path == NULL)
			continue;
		rc = sbk_set_show(set, path, &item, err);
		/* Missing, or kept somewhere that is not shown: git works
		 * without it. */
		if (rc == SBK_E_NOTFOUND || rc == SBK_E_DENIED ||
		    rc == SBK_E_INVAL) {
			sbk_error_clear(err);
			rc = 0;
		}
	}
	return rc;
}

/* Whether `directory` is the place, which may begin with "~". */
static bool matches(const struct sbk_ground *ground, const char *place,
		    const char *directory)
{
	size_t size = strlen(ground->home);
	const char *path;

	if (place[0] == '<') {
		path = sbk_ground_expand(ground, place);
		return path != NULL && sbk_match(path, directory);
	}
	if (place[0] != '~')
		return sbk_match(place, directory);
	return size > 0 && strncmp(directory, ground->home, size) == 0 &&
	       sbk_match(place + 1, directory + size);
}

/* The layout of the tool whose programs stand in `directory`, or NULL. */
static const struct sbk_tool_layout *
find_layout(const struct sbk_ground *ground, const char *directory)
{
	const struct sbk_tool_layout *layout = sbk_tool_layouts;

	for (; layout->bin != NULL; layout++)
		if (matches(ground, layout->bin, directory))
			return layout;
	return NULL;
}

static bool is_interpreter(const struct sbk_ground *ground,
			   const char *directory)
{
	const char *const *place = sbk_interpreter_directories;

	for (; *place != NULL; place++)
		if (matches(ground, *place, directory))
			return true;
	return false;
}

static const char *tool_path(const struct sbk_ground *ground, const char *show,
			     const char *directory)
{
	size_t size = strlen(directory);

	if (show[0] != '^')
		return sbk_ground_expand(ground, show);
	for (; *show == '^' && size > 1; show++)
		while (size > 1 && directory[--size] != '/')
			continue;
	return sbk_arena_copy(ground->arena, directory, size);
}

/* A refusal is a note, since nobody asked. */
static int note_refusal(struct sbk_set *set, int rc,
			const struct sbk_error *problem, struct sbk_error *err)
{
	if (rc == SBK_E_NOTFOUND || rc == SBK_E_DENIED)
		return 0;
	if (rc == SBK_E_INVAL || rc == SBK_E_LIMIT)
		return sbk_set_note(set, err,
				    "a directory of PATH is not shown: %s",
				    problem->message);
	return rc < 0 ? sbk_error_set(err, rc, "%s", problem->message) : 0;
}

/* Shown if the guards let it. */
static int show_found(struct sbk_set *set, const char *path, const char *reason,
		      struct sbk_error *err)
{
	struct sbk_item item = {.reason = reason, .kind = SBK_ACCESS_RO};
	struct sbk_error problem = SBK_ERROR_INIT;
	int rc = sbk_set_show(set, path, &item, &problem);

	return note_refusal(set, rc, &problem, err);
}

static int show_layout(struct sbk_set *set,
		       const struct sbk_tool_layout *layout,
		       const char *directory, struct sbk_error *err)
{
	const char *reason =
		sbk_arena_printf(set->arena, "PATH: %s", layout->tool);
	size_t i;
	int rc;

	if (reason == NULL)
		return sbk_error_no_memory(err);
	rc = show_found(set, directory, reason, err);
	for (i = 0; i < 4 && layout->show[i] != NULL && rc == 0; i++) {
		const char *path =
			tool_path(&set->ground, layout->show[i], directory);

		if (path != NULL)
			rc = show_found(set, path, reason, err);
	}
	return rc;
}

/* "home = /usr/bin" of a pyvenv.cfg; the text is cut up. */
static const char *venv_base(char *text)
{
	char *line = text, *end, *value;

	for (; line != NULL; line = end) {
		end = strchr(line, '\n');
		if (end != NULL)
			*end++ = '\0';
		if (strncmp(line, "home", 4) != 0)
			continue;
		value = line + 4 + strspn(line + 4, " \t");
		if (*value != '=')
			continue;
		value += 1 + strspn(value + 1, " \t");
		value[strcspn(value, "\r")] = '\0';
		sbk_path_take(value);
		return sbk_path_is_absolute(value) ? value : NULL;
	}
	return NULL;
}

/*
 * A Python virtual environment points to the interpreter that it was made
 * from. The project may have written that line: it may only name one version
 * of an interpreter, and nothing but that version is shown for it.
 */
static int show_venv_base(struct sbk_set *set, const char *environment,
			  bool *is_venv, struct sbk_error *err)
{
	const char *path =
		sbk_arena_printf(set->arena, "%s/pyvenv.cfg", environment);
	struct sbk_buf text = SBK_BUF_INIT;
	char real[SBK_PATH_MAX];
	const char *base;
	struct sbk_file file;
	int rc = 0;

	*is_venv = false;
	if (path == NULL)
		return sbk_error_no_memory(err);
	if (sbk_os_read_known(path, SBK_GIT_FILE_BYTES_MAX, &text, &file,
			      NULL) < 0)
		goto out;
	*is_venv = true;
	base = text.data != NULL ? venv_base(text.data) : NULL;
	if (base != NULL && sbk_os_resolve(base, real, &file, NULL) == 0 &&
	    is_interpreter(&set->ground, real)) {
		*strrchr(real, '/') = '\0';
		rc = show_found(set, real, "the project's Python", err);
	}
out:
	sbk_buf_release(&text);
	return rc;
}

static bool is_system(const struct sbk_ground *ground, const char *real)
{
	const char *const *place = sbk_system_programs;

	for (; *place != NULL; place++) {
		const char *path = sbk_ground_expand(ground, *place);

		if (path != NULL && sbk_path_within(real, path))
			return true;
	}
	return false;
}

static bool named_for_programs(const char *real)
{
	static const char *const names[] = {"bin",	"sbin",	   "shims",
					    "scripts",	"libexec", ".bin",
					    "wrappers", NULL};
	char name[16], wanted[16];
	size_t i;

	/* One that is cut off is none of them. */
	(void)snprintf(name, sizeof(name), "%s", strrchr(real, '/') + 1);
	sbk_variable_fold(name, strlen(name));
	for (i = 0; names[i] != NULL; i++) {
		(void)snprintf(wanted, sizeof(wanted), "%s", names[i]);
		sbk_variable_fold(wanted, strlen(wanted));
		if (strcmp(wanted, name) == 0)
			return true;
	}
	return false;
}

static int show_unknown(struct sbk_set *set, const char *written,
			const char *real, struct sbk_error *err)
{
	const char *slash = strrchr(real, '/');
	const char *above =
		sbk_arena_copy(set->arena, real, (size_t)(slash - real));
	bool is_venv = false;
	int rc;

	if (above == NULL)
		return sbk_error_no_memory(err);
	rc = show_venv_base(set, above, &is_venv, err);
	if (rc < 0)
		return rc;
	if (is_venv)
		return show_found(set, above, "PATH: a Python environment",
				  err);
	if (named_for_programs(real))
		return show_found(set, written, "PATH", err);
	if (sbk_path_within(real, set->root))
		return 0;
	return sbk_set_note(set, err,
			    "'%s' is on PATH and not shown, since its name "
			    "does not say that it holds nothing but programs: "
			    "--ro '%s' shows it",
			    written, written);
}

static int add_directory(struct sbk_set *set, const char *written,
			 struct sbk_error *err)
{
	const struct sbk_tool_layout *layout;
	struct sbk_error problem = SBK_ERROR_INIT;
	char real[SBK_PATH_MAX];
	enum sbk_file_type type;
	int rc;

	if (!sbk_path_is_absolute(written) ||
	    sbk_resolver_resolve(set->ground.resolver, written, real, &type,
				 NULL) < 0 ||
	    type != SBK_FILE_DIRECTORY || is_system(&set->ground, real))
		return 0;
	/* What lies around it is looked at, and shown, by its real place: so
	 * first, whether that is where a run made a link lead. */
	rc = sbk_set_check_written(set, written, real, false, &problem);
	if (rc < 0)
		return note_refusal(set, rc, &problem, err);
	layout = find_layout(&set->ground, real);
	if (layout == NULL)
		return show_unknown(set, written, real, err);
	rc = show_layout(set, layout, real, err);
	/* As it is written too: programs are found under that name. */
	if (rc == 0 && strcmp(written, real) != 0)
		rc = show_found(set, written, "PATH", err);
	return rc;
}

/* The usual names of an environment that belongs to the project. */
static int add_project_environments(struct sbk_set *set, struct sbk_error *err)
{
	static const char *const names[] = {".venv", "venv", NULL};
	bool is_venv;
	size_t i;
	int rc = 0;

	for (i = 0; names[i] != NULL && rc == 0; i++) {
		const char *path = sbk_arena_printf(set->arena, "%s/%s",
						    set->root, names[i]);

		if (path == NULL)
			return sbk_error_no_memory(err);
		rc = show_venv_base(set, path, &is_venv, err);
	}
	return rc;
}

typedef int directory_fn(struct sbk_set *set, const char *written,
			 struct sbk_error *err);

static int for_each_directory(struct sbk_set *set, const char *path_variable,
			      directory_fn *each, struct sbk_error *err)
{
	const char separators[] = {sbk_path_separator, '\0'};
	const char *next = path_variable;
	size_t count = 0;
	int rc = 0;

	while (next != NULL && *next != '\0' && rc == 0) {
		size_t size = strcspn(next, separators);
		char *directory = sbk_arena_copy(set->arena, next, size);

		if (directory == NULL)
			return sbk_error_no_memory(err);
		sbk_path_take(directory);
		if (++count > SBK_PATH_DIRECTORIES_MAX)
			return sbk_set_note(set, err,
					    "only the first %d directories "
					    "of PATH were looked at",
					    SBK_PATH_DIRECTORIES_MAX);
		rc = each(set, directory, err);
		next += size;
		next += *next != '\0' ? 1 : 0;
	}
	return rc;
}

int sbk_tools_add_path(struct sbk_set *set, const char *path_variable,
		       struct sbk_error *err)
{
	int rc = add_project_environments(set, err);

	return rc < 0 ? rc
		      : for_each_directory(set, path_variable, add_directory,
					   err);
}

/* What a run leaves there starts outside, under a name that people type. */
static int note_if_writable(struct sbk_set *set, const char *written,
			    struct sbk_error *err)
{
	const struct sbk_item *above;
	char real[SBK_PATH_MAX];
	enum sbk_file_type type;

	if (!sbk_path_is_absolute(written) ||
	    sbk_resolver_resolve(set->ground.resolver, written, real, &type,
				 NULL) < 0 ||
	    type != SBK_FILE_DIRECTORY)
		return 0;
	above = sbk_set_above(set, real);
	if (above == NULL || above->kind != SBK_ACCESS_RW)
		return 0;
	return sbk_set_note(set, err,
			    "'%s' is on PATH and the run may write it: what it "
			    "leaves there may start outside; --ro '%s' "
			    "prevents that",
			    written, written);
}

int sbk_tools_note_writable(struct sbk_set *set, const char *path_variable,
			    struct sbk_error *err)
{
	return for_each_directory(set, path_variable, note_if_writable, err);
}
