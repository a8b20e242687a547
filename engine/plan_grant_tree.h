/*
 * What the parts of the grant planner share: plan_grant.c (the request, its
 * roots, the passes), plan_grant_tree.c (the objects of a tree),
 * plan_grant_state.c (what a grant makes of a state) and plan_grant_above.c
 * (the directories above it).
 */
#ifndef SBK_PLAN_GRANT_TREE_H
#define SBK_PLAN_GRANT_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/limits.h"
#include "engine/plan_grant.h"
#include "engine/table.h"

#define SBK_GRANT_MEMO_SLOTS 64 /* a power of two */
#define SBK_GRANT_NAMES_MAX 128 /* protected names of a root */

/* Beside the rights of an object and SBK_RIGHTS_BELOW, where entries are
 * inherited: writing is denied to it, or it inherits such a denial. */
#define SBK_GRANT_DENIED 0x20
#define SBK_GRANT_SHIELDED 0x40
#define SBK_GRANT_RIGHT(rights) ((rights)&0xf)

/* The result of one add_grant, since a tree holds few distinct states. */
struct sbk_grant_memo {
	struct sbk_buf current, next, ours;
	unsigned rights;
	const char *own; /* of the root that it is in, or NULL; borrowed */
	bool takes_back;
	bool is_directory;
	bool named; /* the principal was named before */
	/* It inherits nothing from its root, nor does what is below it: its
	 * list is protected from that, or there is none. */
	bool sheltered;
	int rc;
	struct sbk_error problem;
};

/* A file with several names. */
struct sbk_grant_linked {
	struct sbk_object object;
	struct sbk_state access;
	struct sbk_plan_root *root;
	const char *own;
	bool takes_back;
	unsigned rights;
	uint32_t links, seen;
};

struct sbk_grant {
	const struct sbk_backend *backend;
	const struct sbk_grant_request *request;
	struct sbk_arena arena;
	char **roots;	  /* resolved, sorted: the outer before the inner */
	const char **own; /* of each root: its own principal, or NULL */
	/* Of each root: the person gets entries to take back what is made in
	 * it. */
	bool *takes_back;
	size_t root_count;
	const char **sensitive; /* and denied, which come first */
	size_t sensitive_count, denied_count;
	const char **inside; /* the sensitive paths in the present root */
	size_t inside_count;
	struct sbk_table planned; /* identities */
	struct sbk_table
		directories; /* identities; int64_t modified_ns, or 0 */
	struct sbk_table linked_index; /* identities; size_t into `linked` */
	struct sbk_grant_linked *linked;
	size_t linked_count, linked_capacity;
	struct sbk_buf stripped;
	const char **groups; /* of the principal, once asked for */
	size_t group_count;
	bool root_moved; /* of a grant in effect: it may be anywhere */
	struct sbk_grant_memo memo[SBK_GRANT_MEMO_SLOTS];

	/* Of the walk that is under way. */
	struct sbk_plan *plan;
	struct sbk_plan_root *root;
	const char *root_own; /* its own principal, or NULL */
	bool root_takes_back;
	/* Where entries are inherited: the objects with the protected names of
	 * this root, as the system finds them, and their paths once met. */
	struct sbk_names_in_root {
		char identities[SBK_GRANT_NAMES_MAX][SBK_IDENTITY_MAX];
		const char *paths[SBK_GRANT_NAMES_MAX];
		size_t count;
		bool failed; /* memory is gone */
	} named;
	bool later; /* a pass of sbk_grant_more */
	int64_t now_ns;
	size_t masked, refused; /* left out, for a note */
	size_t kept;		/* left out, but granted before */
	size_t sheltered;	/* nothing is inherited there */
	const char *masked_path, *refused_path, *kept_path, *sheltered_path;
	bool below_is_sheltered; /* of the directory just visited */
	bool protected_seen;
};

/* Whether `path` is one of `sensitive` or below it; `itself` says which. */
bool sbk_grant_is_sensitive(const char *path, const char *const *sensitive,
			    size_t count, bool *itself);

/*
 * add_grant for the request's principal and the root's own, remembered, since a
 * tree holds few distinct states. `rights` are enum sbk_rights and the bits
 * above. Its error is in the memo. Borrowed until the next call.
 */
const struct sbk_grant_memo *sbk_grant_state(struct sbk_grant *grant,
					     struct sbk_state current,
					     bool is_directory,
					     unsigned rights);
/* Whether the state names one of the principals. */
int sbk_grant_strip(struct sbk_grant *grant, struct sbk_state access,
		    bool *named, struct sbk_error *err);
/* Whether it is an object that has a protected name of the root, however its
 * directory spells it (`itself`), or below one. Needs find_names. */
bool sbk_grant_is_named(struct sbk_grant *grant, const struct sbk_visit *visit,
			bool *itself);
/* Looks up the protected names of the root; of one that is written, where
 * entries are inherited. */
int sbk_grant_find_names(struct sbk_grant *grant, const char *root,
			 struct sbk_error *err);
/* Whether people have numbers here, by which an object's owner is known. */
bool sbk_grant_has_numbers(const struct sbk_grant *grant);
/* Adds to the plan and to the identities that are planned. */
int sbk_grant_add_change(struct sbk_grant *grant,
			 const struct sbk_change *change,
			 struct sbk_error *err);

/* Walks one root: plans what is granted there. */
int sbk_grant_walk_root(struct sbk_grant *grant, struct sbk_plan_root *root,
			struct sbk_error *err);
/* Plans the files with several names, once all roots were walked. */
int sbk_grant_decide_linked(struct sbk_grant *grant, struct sbk_error *err);
/* Plans the right to pass through the directories above a root. */
int sbk_grant_plan_above(struct sbk_grant *grant, const char *root,
			 struct sbk_error *err);

#endif
