/*
 * A scope while it is built: the facts of this machine that decide about a
 * path, and the growing set of entries.
 *
 * Two real paths may name one directory (bind mounts). A *spot* is a path's
 * place in its filesystem: the same spot is the same object. Every comparison
 * that guards something compares spots.
 */
#ifndef SBK_SCOPE_SET_H
#define SBK_SCOPE_SET_H

#include "engine/limits.h"
#include "engine/policy_model.h"
#include "engine/secret_files.h"

struct sbk_spot {
	uint64_t device;
	const char *path; /* in the filesystem */
};

/* What the guards know of this machine and person. */
struct sbk_ground {
	struct sbk_arena *arena; /* borrowed */
	const struct sbk_person *person;
	char home[SBK_PATH_MAX]; /* resolved; "" where there is none */
	struct sbk_os_mount *mounts;
	size_t mount_count;
	bool aliased;		    /* some filesystem is shown at two places */
	struct sbk_spot *forbidden; /* of sbk_forbidden_places, in order */
	/* Where links lead to from forbidden places: kept read-only. */
	struct sbk_names linked_places;
	/* Directories where such a link expects what is not there yet: a name
	 * made in one would be a start file. Kept read-only. */
	struct sbk_names linked_parents;
	struct sbk_resolver *resolver;
	const char **sensitive;
	size_t sensitive_count;
};

enum sbk_relation {
	SBK_APART,
	SBK_SAME,
	SBK_BELOW, /* the first is below the second */
	SBK_ABOVE
};

int sbk_ground_init(struct sbk_ground *ground, struct sbk_arena *arena,
		    const struct sbk_person *person, struct sbk_error *err);
int sbk_ground_spot(const struct sbk_ground *ground, const char *real,
		    struct sbk_spot *out, struct sbk_error *err);
enum sbk_relation sbk_spot_relation(struct sbk_spot a, struct sbk_spot b);
/* A table's path ("~/x") as an absolute path of this person; NULL where the
 * person has no home. */
const char *sbk_ground_expand(const struct sbk_ground *ground,
			      const char *place);

/* An absolute path as sbk_os_spelling has it; `path` itself where that is the
 * same. NULL when memory is gone. */
const char *sbk_ground_spelling(const struct sbk_ground *ground,
				const char *path);

/* As sbk_scope_guard, with the ground made once and the file known. */
int sbk_ground_guard(const struct sbk_ground *ground, const char *real,
		     const struct sbk_file *file, bool writable,
		     struct sbk_error *err);

struct sbk_item {
	const char *path, *target, *reason;
	enum sbk_access_kind kind;
	enum sbk_origin origin;
	unsigned int depth;
	bool is_directory, is_link;
	uint64_t device, number; /* as in sbk_scope_path */
	bool idle; /* changes nothing where it stands; settled anew each time */
};

struct sbk_set {
	struct sbk_ground ground;
	struct sbk_arena *arena; /* borrowed */
	struct sbk_item *items;
	size_t count, capacity;
	size_t objects; /* looked at for hard links */
	struct sbk_names notes, absent;
	struct sbk_names writable; /* what is asked for as writable, real */
	struct sbk_secret_list secrets; /* files that mostly hold them */
	struct sbk_secret_list keys;	/* and are hidden */
	const struct sbk_settings *settings;
	const char *root;	   /* the working directory, resolved */
	struct sbk_file root_file; /* what stood there when it was resolved */
};

/* Whether the system itself makes what stands at `path`, say /proc/self/cwd. */
bool sbk_path_is_systems(const char *path);

int sbk_set_add(struct sbk_set *set, const struct sbk_item *item,
		struct sbk_error *err);
int sbk_set_note(struct sbk_set *set, struct sbk_error *err, const char *fmt,
		 ...) SBK_PRINTF(3, 4);
/*
 * Sorts by path, settles entries with the same path, and drops what changes
 * nothing. SBK_E_INVAL where two entries contradict each other.
 */
int sbk_set_settle(struct sbk_set *set, struct sbk_error *err);
/* The deepest entry at or above `real` (aliases left out), or NULL. The set
 * must be settled. */
const struct sbk_item *sbk_set_above(const struct sbk_set *set,
				     const char *real);
/*
 * Adds `as` at the resolved place of `written` (absolute), with an alias
 * where it was written. SBK_E_NOTFOUND, DENIED, LIMIT. sbk_set_show asks the
 * guards first; sbk_set_place is for the tables that stand above them.
 */
int sbk_set_place(struct sbk_set *set, const char *written,
		  const struct sbk_item *as, struct sbk_error *err);
int sbk_set_show(struct sbk_set *set, const char *written,
		 const struct sbk_item *as, struct sbk_error *err);
/*
 * Refuses (SBK_E_INVAL) a path whose spelling leads through a link inside a
 * writable root, which a run may have made. What nobody `asked` for may stay
 * within that root: it changes nothing there. SBK_E_CONFLICT where `written`
 * leads to `real` no longer.
 */
int sbk_set_check_written(struct sbk_set *set, const char *written,
			  const char *real, bool asked, struct sbk_error *err);
/*
 * For a path that does not resolve: the deepest directory there is on the
 * way, resolved. False where no link is on the way, or it cannot be told.
 */
bool sbk_path_linked_parent(const char *path, char *real);
/* An alias alone: another spelling of `real`, which something else shows. */
int sbk_set_alias(struct sbk_set *set, const char *written, const char *real,
		  struct sbk_error *err);

/* policy_tools.c */
int sbk_tools_add_system(struct sbk_set *set, bool network,
			 struct sbk_error *err);
int sbk_tools_add_git(struct sbk_set *set, struct sbk_error *err);
int sbk_tools_add_path(struct sbk_set *set, const char *path_variable,
		       struct sbk_error *err);
/* Notes about PATH directories that the run may write; the set is settled. */
int sbk_tools_note_writable(struct sbk_set *set, const char *path_variable,
			    struct sbk_error *err);

/* Adds an entry for what stands at `real`, which is resolved but for a final
 * link; nothing where nothing stands. */
int sbk_set_carve(struct sbk_set *set, const char *real,
		  enum sbk_access_kind kind, enum sbk_origin origin,
		  const char *reason, struct sbk_error *err);

/* scope_protect.c: protected names and git directories of writable roots. */
int sbk_scope_protect_roots(struct sbk_set *set, struct sbk_error *err);

/*
 * scope_secrets.c: files that mostly hold secrets, as the walk for hard links
 * meets them in writable trees. The first takes one down; the second hides
 * those that are hidden, also directly in a listed read-only directory, and
 * leaves the set settled.
 */
int sbk_scope_secret_found(struct sbk_set *set, const char *path,
			   const struct sbk_secret_kind *kind,
			   struct sbk_error *err);
int sbk_scope_hide_secrets(struct sbk_set *set, struct sbk_error *err);

/* scope_links.c: the set is settled before and after. */
int sbk_links_protect(struct sbk_set *set, struct sbk_error *err);

#endif
