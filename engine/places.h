/*
 * The places of a system that policy must know by name: what a run reads to
 * work at all, what nobody grants, what is sensitive, and how tools lay out
 * their files. Tables only, one file per system (engine/linux/places.c).
 *
 * A path begins with its root ('/', "C:/"), with "~/" (the person's home), or
 * with a folder that the system names ("<Windows>", sbk_places_folder). In
 * patterns, "*" and "?" match as in a shell, within one component.
 * Every table ends with an entry whose path is NULL.
 */
#ifndef SBK_PLACES_H
#define SBK_PLACES_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/buf.h"
#include "engine/error.h"

/*
 * The path of the folder with this name of `size` bytes ("Windows"), absolute,
 * into `out` of SBK_PATH_MAX bytes; false where this system has none.
 */
bool sbk_places_folder(const char *name, size_t size, char *out);

/*
 * A place of a table as an absolute path: a text of the table, `home`, or the
 * arena's. *out is NULL where this person (`home` is "") or this machine has no
 * such place. SBK_E_NOMEM. (engine/places.c)
 */
int sbk_places_expand(const char *place, const char *home,
		      struct sbk_arena *arena, const char **out,
		      struct sbk_error *err);

/* What a built-in profile shows read-only where it exists. */
struct sbk_readable {
	const char *path;
	const char *reason;
	bool network_only; /* of no use, and not shown, without the network */
};

extern const struct sbk_readable sbk_system_readable[];
/* Names of one directory, by patterns of their last component; NULL: none. */
extern const char *const sbk_system_patterned;
extern const char *const sbk_system_patterns[];
extern const struct sbk_readable sbk_git_readable[];

/*
 * What is never a root. EXACT refuses the directory itself, TREE also what is
 * below it; both refuse what contains it. WRITE refuses only writing.
 */
enum sbk_forbid {
	SBK_FORBID_EXACT,
	SBK_FORBID_TREE,
	SBK_FORBID_WRITE_EXACT,
	SBK_FORBID_WRITE_TREE
};

struct sbk_forbidden {
	const char *path;
	enum sbk_forbid how;
	const char *what; /* "system programs": completes "holds ..." */
};

extern const struct sbk_forbidden sbk_forbidden_places[];

/* Files and folders whose content is secret (DESIGN part 7). */
extern const char *const sbk_sensitive_places[];

/*
 * How a tool that stands on PATH lays out its files: for a PATH directory
 * that matches `bin`, `show` is shown as well. NULL: nothing but `bin`. "^"
 * counts directories up from the PATH directory ("^" its parent, "^^" ...).
 */
struct sbk_tool_layout {
	const char *bin;
	const char *show[4];
	const char *tool;
};

extern const struct sbk_tool_layout sbk_tool_layouts[];

/*
 * Where interpreters stand, one version to a directory: the only places that
 * a project's own word (pyvenv.cfg) may have shown, and only the directory
 * above `bin`. Patterns.
 */
extern const char *const sbk_interpreter_directories[];

/* Directories whose programs every run sees: nothing to add for PATH. */
extern const char *const sbk_system_programs[];

/* Variables that the built-in profiles keep, and those that no run gets
 * unless they are kept by their full name. Patterns. */
extern const char *const sbk_environment_kept[];
extern const char *const sbk_environment_secret[];

/* What of a variable's name besides letters, digits and '_' is passed on. */
extern const char *const sbk_environment_characters;

/* Variables that say where programs are, set over those that are kept. */
struct sbk_own_variable {
	const char *name;
	enum sbk_own_value {
		SBK_OWN_TEXT,
		SBK_OWN_HOME,
		SBK_OWN_USER,
		SBK_OWN_DIRECTORY
	} value;
	const char *text;
};
extern const struct sbk_own_variable sbk_environment_own[];

/* PATH where the caller has none, and what separates its directories. */
extern const char *const sbk_default_path;
extern const char sbk_path_separator;

/* Whether a run sees a view of its own, in which other spellings of a path need
 * links. */
extern const bool sbk_places_view;

/* The directory that holds the homes of people. */
extern const char *const sbk_homes_directory;

/* Files of a git directory that decide which programs git starts. */
extern const char *const sbk_git_commanding[];

/* Names that are protected in every writable root, besides the project's
 * policy: git's, and where coding agents keep what they execute. */
extern const char *const sbk_protected_names[];

extern const char *const sbk_machine_policy_path;
extern const char *const sbk_user_policy_path;
extern const char *const sbk_project_policy_name; /* in the root */

#endif
