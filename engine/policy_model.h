/*
 * Inside of the policy: what its files share. Other layers include policy.h.
 *
 *	policy_json.c     text -> struct sbk_policy_file
 *	policy_json_reader.c  a value by its table, and where it is refused
 *	policy_names.c    what single strings of it may be
 *	policy.c          files, built-in profiles, flags -> struct sbk_settings
 *	policy_layers.c   which files, who may have written them, ceilings
 *	policy_scope.c    settings -> struct sbk_scope
 *	policy_tools.c    what the system and the tools on PATH need
 *	path_resolver.c   many paths in few directories
 *	policy_env.c      the run's environment
 *	scope_set.c       the entries of a scope while it is built
 *	scope_written.c   paths that lead through links of a run's making
 *	scope_guard.c     forbidden places, by resolved identity
 *	scope_links.c     hard links that lead out of a writable root
 *	scope_protect.c   protected names of writable roots
 *	sensitive.c       secret places
 *	git_directory.c   git directories that a root belongs to
 *	git_submodules.c  submodules in a root, there or not
 *	git_index.c       which submodules there are
 */
#ifndef SBK_POLICY_MODEL_H
#define SBK_POLICY_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/buf.h"
#include "engine/error.h"
#include "engine/os.h"
#include "engine/path.h"
#include "engine/policy.h"

/* Strings, growing; items and strings live in an arena. */
struct sbk_names {
	const char **items;
	size_t count, capacity;
};

/* Appends a copy of `text`. SBK_E_LIMIT above `max`. */
int sbk_names_add(struct sbk_names *names, struct sbk_arena *arena,
		  const char *text, size_t max, struct sbk_error *err);
bool sbk_names_have(const struct sbk_names *names, const char *text);

/* Whether `text` matches `pattern`: "*" any bytes but '/', "?" one of them. */
bool sbk_match(const char *pattern, const char *text);
/* A formatted string of the arena; NULL when memory is gone. */
const char *sbk_arena_printf(struct sbk_arena *arena, const char *fmt, ...)
	SBK_PRINTF(2, 3);

/*
 * Resolves paths, remembering which directories are spelled without links,
 * and where the links led that were met. Zeroed at the start, but for the
 * arena.
 */
#define SBK_RESOLVER_DIRECTORIES 32
#define SBK_RESOLVER_PATH_MAX 256
#define SBK_RESOLVER_LISTINGS 6
#define SBK_RESOLVER_NAMES_MAX 1024
#define SBK_RESOLVER_LINKED_MAX 64

struct sbk_listed_name {
	const char *name;
	enum sbk_file_type type;
};

struct sbk_linked_path {
	const char *path, *real;
	enum sbk_file_type type;
};

struct sbk_listing {
	const char *directory;
	size_t size; /* of its text */
	struct sbk_listed_name *names;
	size_t count;
};

struct sbk_resolver {
	struct sbk_arena *arena;
	char directories[SBK_RESOLVER_DIRECTORIES][SBK_RESOLVER_PATH_MAX];
	size_t sizes[SBK_RESOLVER_DIRECTORIES];
	size_t used;
	struct sbk_listing listings[SBK_RESOLVER_LISTINGS];
	size_t listed;
	struct sbk_linked_path linked[SBK_RESOLVER_LINKED_MAX];
	size_t linked_count;
};

/* As sbk_os_resolve, with nothing but the type of what is there. */
int sbk_resolver_resolve(struct sbk_resolver *resolver, const char *path,
			 char *real, enum sbk_file_type *type,
			 struct sbk_error *err);
/* Lists a directory of which many names will be asked. */
int sbk_resolver_list(struct sbk_resolver *resolver, const char *directory,
		      struct sbk_error *err);
/* What was listed there, by name; NULL where it could not be. */
const struct sbk_listing *
sbk_resolver_listing(const struct sbk_resolver *resolver,
		     const char *directory);
/* Whether a listing tells that `path` is not there, and that no link stands
 * on the way to where it ends. */
bool sbk_resolver_misses(const struct sbk_resolver *resolver, const char *path);

/* sbk_sensitive_paths with the directories known so far. */
int sbk_sensitive_find(const struct sbk_person *person,
		       struct sbk_resolver *resolver, struct sbk_arena *arena,
		       const char ***paths, size_t *count,
		       struct sbk_error *err);

enum sbk_limit {
	SBK_LIMIT_TIME,
	SBK_LIMIT_MEMORY,
	SBK_LIMIT_PROCESSES,
	SBK_LIMIT_COUNT
};

/* Names of the keys and of their flags, and the largest value of each. */
struct sbk_limit_info {
	const char *key, *flag;
	uint64_t max;
};
extern const struct sbk_limit_info sbk_limit_infos[SBK_LIMIT_COUNT];

#define SBK_UNSET (-1) /* of the int fields below */

/*
 * What every file may say at its top: it narrows every run, whichever
 * profile. Nothing weaker goes above it.
 */
struct sbk_narrowing {
	struct sbk_names deny, protect;
	int network; /* SBK_UNSET or enum sbk_network */
	int account; /* SBK_UNSET or enum sbk_account_wish */
	int grant;   /* SBK_UNSET or enum sbk_grant_way */
	uint64_t limits[SBK_LIMIT_COUNT]; /* 0: none */
};

struct sbk_profile {
	const char *name;
	struct sbk_names extends, rw, ro, deny, protect, keep, set;
	bool has_extends;
	int network, clear, tools;
	uint64_t limits[SBK_LIMIT_COUNT];
};

enum sbk_layer { SBK_LAYER_MACHINE, SBK_LAYER_USER, SBK_LAYER_PROJECT };

struct sbk_policy_file {
	const char *path; /* as messages name it */
	enum sbk_layer layer;
	bool present;
	const char *default_profile;
	struct sbk_profile *profiles;
	size_t profile_count;
	struct sbk_narrowing narrowing;
	struct sbk_names anchor; /* a command's words; none: no command */
};

/*
 * Reads `size` bytes of JSON. `path` is for messages only. All strings live
 * in `arena`. SBK_E_PARSE with file, line, column and err->offset;
 * SBK_E_LIMIT; SBK_E_UNSUPPORTED for what is known and not built yet.
 */
int sbk_policy_parse(const char *path, enum sbk_layer layer, const char *text,
		     size_t size, struct sbk_arena *arena,
		     struct sbk_policy_file *out, struct sbk_error *err);

/* A path as a policy or a flag names it: NULL, or why it is refused. */
const char *sbk_policy_path_problem(const char *text, enum sbk_layer layer);
bool sbk_policy_has_control(const char *text);

/* Where an entry comes from; a later one of these goes above an earlier. */
enum sbk_origin {
	SBK_ORIGIN_AUTOMATIC, /* system, PATH, git: dropped when in the way */
	SBK_ORIGIN_POLICY,    /* a profile */
	SBK_ORIGIN_FLAG,      /* the command line */
	SBK_ORIGIN_CEILING    /* a file's own deny: nothing goes above it */
};

/* A path as somebody asked for it. */
struct sbk_asked_path {
	const char *text;
	const char *reason; /* "--rw", "profile 'x' of '/f'" */
	enum sbk_access_kind kind;
	enum sbk_origin origin;
	unsigned int depth; /* later profiles of one chain are higher */
};

/* What a run was asked to be, from all files and flags; nothing resolved. */
struct sbk_settings {
	const char *profile;
	struct sbk_asked_path *paths;
	size_t path_count, path_capacity;
	struct sbk_names protect, keep, set, unset;
	struct sbk_names protect_always; /* nothing goes above it */
	bool clear, bare, tools, system, git;
	enum sbk_network network;
	uint64_t limits[SBK_LIMIT_COUNT];
	bool best_effort;
	enum sbk_account_wish account;
	bool withholds;
	enum sbk_grant_way grant;
	bool grant_fixed; /* a file says 'mount' */
	struct sbk_names notes;
};

/*
 * Reads the three files and applies `request`. `root` is the resolved
 * working directory, where the project file stands.
 */
int sbk_settings_make(const struct sbk_policy_request *request,
		      const struct sbk_person *person, const char *root,
		      struct sbk_arena *arena, struct sbk_settings *out,
		      struct sbk_error *err);

/* Finds `name` in the files, strongest first, and in the built-in ones, and
 * writes it with what it extends into `out`. */
int sbk_profile_flatten(const struct sbk_policy_file *files, size_t count,
			const char *name, struct sbk_arena *arena,
			struct sbk_settings *out, struct sbk_error *err);
bool sbk_profile_builtin(const char *name);

int sbk_settings_add_path(struct sbk_settings *settings,
			  struct sbk_arena *arena,
			  const struct sbk_asked_path *path,
			  struct sbk_error *err);

/* The run's environment. */
int sbk_environment_make(const struct sbk_settings *settings,
			 const struct sbk_person *person, const char *directory,
			 const char *const *environment,
			 struct sbk_arena *arena, char ***out,
			 struct sbk_error *err);
/* The value of `name`, or NULL. */
const char *sbk_environment_get(const char *const *environment,
				const char *name);

#endif
