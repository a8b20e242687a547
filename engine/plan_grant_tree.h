/*
 * What the parts of the grant planner share: plan_grant.c (the request, its
 * roots, the passes), plan_grant_tree.c (the objects of a tree) and
 * plan_grant_above.c (the directories above it).
 */
#ifndef SBK_PLAN_GRANT_TREE_H
#define SBK_PLAN_GRANT_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/plan_grant.h"
#include "engine/table.h"

#define SBK_GRANT_MEMO_SLOTS 64 /* a power of two */

/* The result of one add_grant, since a tree holds few distinct states. */
struct sbk_grant_memo {
	struct sbk_buf current, next, ours;
	enum sbk_rights rights;
	bool is_directory;
	bool named; /* the principal was named before */
	int rc;
	struct sbk_error problem;
};

/* A file with several names. */
struct sbk_grant_linked {
	struct sbk_object object;
	struct sbk_state access;
	struct sbk_plan_root *root;
	enum sbk_rights rights;
	uint32_t links, seen;
};

struct sbk_grant {
	const struct sbk_backend *backend;
	const struct sbk_grant_request *request;
	struct sbk_arena arena;
	char **roots; /* resolved, sorted: the outer before the inner */
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
	bool root_moved; /* of a grant in effect: it may be anywhere */
	struct sbk_grant_memo memo[SBK_GRANT_MEMO_SLOTS];

	/* Of the walk that is under way. */
	struct sbk_plan *plan;
	struct sbk_plan_root *root;
	bool later; /* a pass of sbk_grant_more */
	int64_t now_ns;
	size_t masked, refused; /* left out, for a note */
	size_t kept;		/* left out, but granted before */
	const char *masked_path, *refused_path, *kept_path;
	bool protected_seen;
};

/* Whether `path` is one of `sensitive` or below it; `itself` says which. */
bool sbk_grant_is_sensitive(const char *path, const char *const *sensitive,
			    size_t count, bool *itself);

/*
 * add_grant for the request's principal, remembered, since a tree holds few
 * distinct states. Its error is in the memo. Borrowed until the next call.
 */
const struct sbk_grant_memo *sbk_grant_state(struct sbk_grant *grant,
					     struct sbk_state current,
					     bool is_directory,
					     enum sbk_rights rights);
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
