/*
 * The policy as a model: lists of names, the built-in profiles, and how a
 * profile and what it extends become one set of settings. Reads no file and
 * resolves no path.
 */
#include "engine/policy_model.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "engine/limits.h"
#include "engine/places.h"

#include "engine/banned.h"

const struct sbk_limit_info sbk_limit_infos[SBK_LIMIT_COUNT] = {
	[SBK_LIMIT_TIME] = {"time_s", "--timeout", 31536000},
	[SBK_LIMIT_MEMORY] = {"memory_mib", "--memory", 1 << 30},
	[SBK_LIMIT_PROCESSES] = {"processes", "--max-procs", 1 << 22},
};

const char *sbk_network_name(enum sbk_network network)
{
	switch (network) {
	case SBK_NETWORK_OFF:
		return "off";
	case SBK_NETWORK_LOOPBACK:
		return "loopback";
	case SBK_NETWORK_ON:
		return "on";
	}
	return "unknown";
}

int sbk_names_add(struct sbk_names *names, struct sbk_arena *arena,
		  const char *text, size_t max, struct sbk_error *err)
{
	const char *copy;

	if (names->count >= max)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "more than %zu entries, at '%s'", max,
				     text);
	if (names->count == names->capacity) {
		size_t capacity = names->capacity > 0 ? names->capacity * 2 : 8;
		const char **items =
			sbk_arena_alloc(arena, (capacity + 1) * sizeof(*items));

		if (items == NULL)
			return sbk_error_no_memory(err);
		if (names->count > 0)
			memcpy(items, names->items,
			       names->count * sizeof(*items));
		names->items = items;
		names->capacity = capacity;
	}
	copy = sbk_arena_strdup(arena, text);
	if (copy == NULL)
		return sbk_error_no_memory(err);
	names->items[names->count++] = copy;
	return 0;
}

bool sbk_names_have(const struct sbk_names *names, const char *text)
{
	size_t i;

	for (i = 0; i < names->count; i++)
		if (strcmp(names->items[i], text) == 0)
			return true;
	return false;
}

/* Goes back to the last '*' only, so the time is |pattern| * |text|. */
bool sbk_match(const char *pattern, const char *text)
{
	const char *star = NULL, *retry = NULL;

	while (*text != '\0') {
		if (*pattern == '*') {
			star = pattern++;
			retry = text;
		} else if (*pattern == *text ||
			   (*pattern == '?' && *text != '/')) {
			pattern++;
			text++;
		} else if (star != NULL && *retry != '/') {
			pattern = star + 1;
			text = ++retry;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

void sbk_policy_request_release(struct sbk_policy_request *request)
{
	sbk_list_release(&request->rw);
	sbk_list_release(&request->ro);
	sbk_list_release(&request->deny);
	sbk_list_release(&request->protect);
	sbk_list_release(&request->keep_env);
	sbk_list_release(&request->set_env);
	sbk_list_release(&request->unset_env);
}

/* Most texts fit into `quick`, and are formatted once. */
const char *sbk_arena_printf(struct sbk_arena *arena, const char *fmt, ...)
{
	va_list args;
	char quick[256], *text;
	int size;

	va_start(args, fmt);
	size = vsnprintf(quick, sizeof(quick), fmt, args);
	va_end(args);
	if (size < 0)
		return NULL;
	if ((size_t)size < sizeof(quick))
		return sbk_arena_copy(arena, quick, (size_t)size);
	text = sbk_arena_alloc(arena, (size_t)size + 1);
	if (text == NULL)
		return NULL;
	va_start(args, fmt);
	(void)vsnprintf(text, (size_t)size + 1, fmt, args);
	va_end(args);
	return text;
}

/*
 * The built-in profiles. `minimal` is what any program needs to start in the
 * working directory; `default` is what a person at work expects to find;
 * the others add what one toolchain keeps in the home and reads offline.
 * Package caches are shown read-only: a build uses them and cannot poison
 * them. Settings files of package managers are left out, since they are where
 * tokens stand.
 */
struct builtin {
	const char *name, *extends;
	const char *rw[2], *ro[6], *keep[6];
	bool system, git, tools;
};

static const struct builtin builtins[] = {
	{.name = "minimal", .rw = {"."}, .system = true},
	{.name = "default", .extends = "minimal", .git = true, .tools = true},
	{.name = "node",
	 .extends = "default",
	 .ro = {"~/.npm/_cacache", "~/.cache/yarn", "~/.yarn/berry/cache",
		"~/.cache/node-gyp", "~/.cache/node/corepack"},
	 .keep = {"NODE_ENV", "NODE_OPTIONS", "NPM_CONFIG_OFFLINE",
		  "npm_config_offline"}},
	{.name = "python",
	 .extends = "default",
	 .ro = {"~/.cache/pip", "~/.local/lib", "~/.cache/uv/wheels-v*"},
	 .keep = {"PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "PIP_NO_INDEX",
		  "PIP_FIND_LINKS", "UV_OFFLINE"}},
	{.name = "rust",
	 .extends = "default",
	 .ro = {"~/.cargo/registry", "~/.cargo/git", "~/.rustup"},
	 .keep = {"CARGO_NET_OFFLINE", "CARGO_BUILD_JOBS", "RUST_BACKTRACE",
		  "RUST_LOG"}},
	{.name = "go",
	 .extends = "default",
	 .ro = {"~/go/pkg/mod", "~/sdk"},
	 .keep = {"GOMODCACHE", "GOPROXY", "GOTOOLCHAIN", "CGO_ENABLED", "GOOS",
		  "GOARCH"}},
};

#define BUILTIN_COUNT (sizeof(builtins) / sizeof(builtins[0]))

static const struct builtin *find_builtin(const char *name)
{
	size_t i;

	for (i = 0; i < BUILTIN_COUNT; i++)
		if (strcmp(builtins[i].name, name) == 0)
			return &builtins[i];
	return NULL;
}

bool sbk_profile_builtin(const char *name)
{
	return find_builtin(name) != NULL;
}

int sbk_settings_add_path(struct sbk_settings *settings,
			  struct sbk_arena *arena,
			  const struct sbk_asked_path *path,
			  struct sbk_error *err)
{
	struct sbk_asked_path *paths;
	size_t capacity;

	if (settings->path_count >= SBK_SCOPE_PATHS_MAX)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "more than %d paths are asked for",
				     SBK_SCOPE_PATHS_MAX);
	if (settings->path_count == settings->path_capacity) {
		capacity = settings->path_capacity > 0
				   ? settings->path_capacity * 2
				   : 32;
		paths = sbk_arena_alloc(arena, capacity * sizeof(*paths));
		if (paths == NULL)
			return sbk_error_no_memory(err);
		if (settings->path_count > 0)
			memcpy(paths, settings->paths,
			       settings->path_count * sizeof(*paths));
		settings->paths = paths;
		settings->path_capacity = capacity;
	}
	settings->paths[settings->path_count++] = *path;
	return 0;
}

/* The chain of profiles while it is followed. */
struct flattening {
	const struct sbk_policy_file *files;
	size_t file_count;
	struct sbk_arena *arena;
	struct sbk_settings *out;
	const char *chain[SBK_POLICY_EXTENDS_MAX];
	size_t chain_size;
	unsigned int depth; /* rises with each profile merged */
};

static int flatten(struct flattening *f, const char *name,
		   const char *wanted_by, struct sbk_error *err);

static int add_texts(struct flattening *f, const char *const *texts,
		     size_t count, enum sbk_access_kind kind,
		     const char *reason, enum sbk_origin origin,
		     struct sbk_error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < count && texts[i] != NULL && rc == 0; i++) {
		struct sbk_asked_path path = {
			.text = texts[i],
			.reason = reason,
			.kind = kind,
			.origin = origin,
			.depth = f->depth,
		};

		rc = sbk_settings_add_path(f->out, f->arena, &path, err);
	}
	return rc;
}

static int add_names(struct flattening *f, struct sbk_names *to,
		     const char *const *texts, size_t count,
		     struct sbk_error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < count && texts[i] != NULL && rc == 0; i++)
		if (!sbk_names_have(to, texts[i]))
			rc = sbk_names_add(to, f->arena, texts[i],
					   SBK_POLICY_PATHS_MAX, err);
	return rc;
}

/* What `default` shows of the home is a convenience and may be absent; the
 * working directory is what a person means. */
static int merge_builtin(struct flattening *f, const struct builtin *profile,
			 struct sbk_error *err)
{
	const char *reason =
		sbk_arena_printf(f->arena, "profile '%s'", profile->name);
	int rc;

	if (reason == NULL)
		return sbk_error_no_memory(err);
	f->depth++;
	f->out->system = f->out->system || profile->system;
	f->out->git = f->out->git || profile->git;
	f->out->tools = f->out->tools || profile->tools;
	rc = add_texts(f, profile->rw, 2, SBK_ACCESS_RW, reason,
		       SBK_ORIGIN_POLICY, err);
	if (rc == 0)
		rc = add_texts(f, profile->ro, 6, SBK_ACCESS_RO, reason,
			       SBK_ORIGIN_AUTOMATIC, err);
	if (rc == 0)
		rc = add_names(f, &f->out->keep, profile->keep, 6, err);
	return rc;
}

static int merge_lists(struct flattening *f, const struct sbk_profile *profile,
		       const char *reason, struct sbk_error *err)
{
	int rc;

	rc = add_texts(f, profile->rw.items, profile->rw.count, SBK_ACCESS_RW,
		       reason, SBK_ORIGIN_POLICY, err);
	if (rc == 0)
		rc = add_texts(f, profile->ro.items, profile->ro.count,
			       SBK_ACCESS_RO, reason, SBK_ORIGIN_POLICY, err);
	if (rc == 0)
		rc = add_texts(f, profile->deny.items, profile->deny.count,
			       SBK_ACCESS_DENY, reason, SBK_ORIGIN_POLICY, err);
	if (rc == 0)
		rc = add_names(f, &f->out->protect, profile->protect.items,
			       profile->protect.count, err);
	if (rc == 0)
		rc = add_names(f, &f->out->keep, profile->keep.items,
			       profile->keep.count, err);
	if (rc == 0)
		rc = add_names(f, &f->out->set, profile->set.items,
			       profile->set.count, err);
	return rc;
}

static int merge_profile(struct flattening *f,
			 const struct sbk_policy_file *file,
			 const struct sbk_profile *profile,
			 struct sbk_error *err)
{
	const char *reason = sbk_arena_printf(f->arena, "profile '%s' of '%s'",
					      profile->name, file->path);
	size_t i;

	if (reason == NULL)
		return sbk_error_no_memory(err);
	f->depth++;
	if (profile->network != SBK_UNSET)
		f->out->network = (enum sbk_network)profile->network;
	if (profile->clear != SBK_UNSET)
		f->out->clear = profile->clear != 0;
	if (profile->tools != SBK_UNSET)
		f->out->tools = profile->tools != 0;
	for (i = 0; i < SBK_LIMIT_COUNT; i++)
		if (profile->limits[i] != 0)
			f->out->limits[i] = profile->limits[i];
	return merge_lists(f, profile, reason, err);
}

static const struct sbk_profile *find_profile(const struct flattening *f,
					      const char *name,
					      const struct sbk_policy_file **in)
{
	size_t i, k;

	for (i = 0; i < f->file_count; i++) {
		for (k = 0; k < f->files[i].profile_count; k++) {
			if (strcmp(f->files[i].profiles[k].name, name) != 0)
				continue;
			*in = &f->files[i];
			return &f->files[i].profiles[k];
		}
	}
	return NULL;
}

static int no_such_profile(const struct flattening *f, const char *name,
			   const char *wanted_by, struct sbk_error *err)
{
	const char *words[SBK_POLICY_PROFILES_MAX * 2 + BUILTIN_COUNT + 1];
	const char *nearest;
	size_t count = 0, i, k;

	for (i = 0; i < BUILTIN_COUNT; i++)
		words[count++] = builtins[i].name;
	for (i = 0; i < f->file_count; i++)
		for (k = 0; k < f->files[i].profile_count &&
			    count < SBK_POLICY_PROFILES_MAX * 2;
		     k++)
			words[count++] = f->files[i].profiles[k].name;
	words[count] = NULL;
	nearest = sbk_nearest_word(name, words);
	return sbk_error_set(
		err, SBK_E_NOTFOUND, "no profile '%s', which %s names%s%s%s",
		name, wanted_by, nearest != NULL ? "; did you mean '" : "",
		nearest != NULL ? nearest : "", nearest != NULL ? "'?" : "");
}

static int flatten_extends(struct flattening *f,
			   const struct sbk_policy_file *file,
			   const struct sbk_profile *profile,
			   struct sbk_error *err)
{
	const char *by = sbk_arena_printf(f->arena, "profile '%s' of '%s'",
					  profile->name, file->path);
	size_t i;
	int rc = 0;

	if (by == NULL)
		return sbk_error_no_memory(err);
	if (!profile->has_extends)
		return flatten(f, "default", by, err);
	for (i = 0; i < profile->extends.count && rc == 0; i++)
		rc = flatten(f, profile->extends.items[i], by, err);
	return rc;
}

static int enter_chain(struct flattening *f, const char *name,
		       struct sbk_error *err)
{
	size_t i;

	for (i = 0; i < f->chain_size; i++)
		if (strcmp(f->chain[i], name) == 0)
			return sbk_error_set(err, SBK_E_INVAL,
					     "profile '%s' extends itself "
					     "through '%s': break the circle",
					     name, f->chain[f->chain_size - 1]);
	if (f->chain_size == SBK_POLICY_EXTENDS_MAX)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "profile '%s' stands on more than %d "
				     "others",
				     f->chain[0], SBK_POLICY_EXTENDS_MAX);
	f->chain[f->chain_size++] = name;
	return 0;
}

/* Bases first, so that what extends goes above what it extends. */
static int flatten(struct flattening *f, const char *name,
		   const char *wanted_by, struct sbk_error *err)
{
	const struct builtin *builtin = find_builtin(name);
	const struct sbk_policy_file *file = NULL;
	const struct sbk_profile *profile = NULL;
	int rc;

	if (builtin == NULL) {
		profile = find_profile(f, name, &file);
		if (profile == NULL)
			return no_such_profile(f, name, wanted_by, err);
	}
	rc = enter_chain(f, name, err);
	if (rc < 0)
		return rc;
	/* Two bases with a base in common merge it twice: with the limit on
	 * the chain alone that could double at each step. */
	if (f->depth > SBK_POLICY_PROFILES_MAX)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "profile '%s' stands on more than %d "
				     "others",
				     f->chain[0], SBK_POLICY_PROFILES_MAX);
	if (builtin != NULL && builtin->extends != NULL)
		rc = flatten(f, builtin->extends, name, err);
	else if (profile != NULL)
		rc = flatten_extends(f, file, profile, err);
	if (rc == 0)
		rc = builtin != NULL ? merge_builtin(f, builtin, err)
				     : merge_profile(f, file, profile, err);
	f->chain_size--;
	return rc;
}

int sbk_profile_flatten(const struct sbk_policy_file *files, size_t count,
			const char *name, struct sbk_arena *arena,
			struct sbk_settings *out, struct sbk_error *err)
{
	struct flattening f = {
		.files = files,
		.file_count = count,
		.arena = arena,
		.out = out,
	};

	out->clear = true;
	out->network = SBK_NETWORK_OFF;
	out->profile = name;
	return flatten(&f, name, "this run", err);
}
