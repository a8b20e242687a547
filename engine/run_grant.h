/*
 * The grants of a run (--grant acl): to the sandbox account, where a root
 * cannot be shown to it by a mount (linux/ACCOUNT.md, section 6a); and where
 * each root has a principal of its own (root_principal.h), to that one, with
 * and without an account. They are planned like those of `sandbook grant` and
 * made before the run begins; what stands already is not looked at again.
 *
 *	struct sbk_run_grant grant = SBK_RUN_GRANT_INIT;
 *	rc = sbk_run_roots_find(&ledger, &scope, err);
 *	rc = sbk_run_grant_plan(&grant, &ledger, &scope, err);
 *	sbk_run_grant_print(&grant, &out);
 *	rc = sbk_run_grant_make(&grant, &ledger, err);
 *	sbk_run_grant_release(&grant);
 *
 *	run_grant_paths.c  which paths
 *	run_grant.c        the plans, and making them
 *	run_grant_text.c   what is said of them
 */
#ifndef SBK_RUN_GRANT_H
#define SBK_RUN_GRANT_H

#include "engine/ledger.h"
#include "engine/limits.h"
#include "engine/plan_grant.h"
#include "engine/policy.h"
#include "engine/principal_id.h"

/* One right: what is to be written, or what is to be read. */
struct sbk_run_grant_part {
	struct sbk_grant_request request;
	struct sbk_grant *grant;
	struct sbk_plan *plan; /* NULL: nothing is asked for */
	const char **paths;
	const char *const *wanted; /* of scope->granted; some stand already */
	size_t wanted_count;
};

enum sbk_run_grant_kind {
	SBK_RUN_GRANT_WRITTEN,
	SBK_RUN_GRANT_READ,
	/* To be read since it was found on PATH: what of it cannot be granted
	 * is left out, with a note. */
	SBK_RUN_GRANT_FOUND,
	SBK_RUN_GRANT_PARTS
};

struct sbk_run_grant {
	struct sbk_backend backend;
	const struct sbk_ledger *ledger; /* borrowed, as is */
	struct sbk_scope *scope;
	struct sbk_plan *in_effect;
	struct sbk_run_grant_part parts[SBK_RUN_GRANT_PARTS];
	struct sbk_run_grant_part *making; /* the one under way */
	struct sbk_root_principals own;	   /* the roots' */
	const char **denied;		   /* and behind them, what is shut */
	size_t denied_count, shut_count;
	bool has_account;
	char principal[SBK_PRINCIPAL_TEXT]; /* the account; "": none */
	char name[SBK_NAME_MAX];
	const char *const *written; /* of scope->granted */
	size_t written_count;
	const char **groups; /* the account's, asked once */
	size_t group_count;
	bool groups_known;
	const struct sbk_progress *progress; /* of making; borrowed, or NULL */
};

#define SBK_RUN_GRANT_INIT                \
	{                                 \
		.backend = {.ops = NULL}, \
	}

/*
 * Finds what of `scope` the account cannot get by mounts, and which writable
 * roots lack a principal of their own (scope->roots was filled), and plans what
 * is missing there. Fills scope->granted and what a root's `planned` is; where
 * the planner refuses, scope->grant_refused, and the run has to do without the
 * account, and without writing in such a root. Nothing where the scope does not
 * ask for it, or where roots have none and the person has no account. Reads the
 * caller's journal. Only SBK_E_NOMEM and what the journal says are errors.
 */
int sbk_run_grant_plan(struct sbk_run_grant *grant,
		       const struct sbk_ledger *ledger, struct sbk_scope *scope,
		       struct sbk_error *err);

/* Makes it, through the journal. A step that fails is undone. Where another
 * command was faster, it is planned again. */
int sbk_run_grant_make(struct sbk_run_grant *grant,
		       const struct sbk_ledger *ledger, struct sbk_error *err);

/* How many changes are planned. */
size_t sbk_run_grant_changes(const struct sbk_run_grant *grant);

/* The index-th of the roots that are written by ACL entries, or NULL. */
const char *sbk_run_grant_root(const struct sbk_run_grant *grant, size_t index);

/* The index-th line that a person should know before it is made; false where
 * there are no more. Borrowed. */
bool sbk_run_grant_note(const struct sbk_run_grant *grant, size_t index,
			const char **out);

/* What is going to be changed: nothing where nothing is. */
void sbk_run_grant_print(const struct sbk_run_grant *grant,
			 struct sbk_buf *out);
/* The same as a member "grants" of an open object: an array of plans. */
void sbk_run_grant_print_json(const struct sbk_run_grant *grant,
			      struct sbk_buf *out);

void sbk_run_grant_release(struct sbk_run_grant *grant);

/*
 * The account of such a run, "u:990" into SBK_PRINCIPAL_TEXT bytes.
 * SBK_E_NOTFOUND where it cannot be had. Linked from the system's folder, as
 * is the next one.
 */
int sbk_run_account(const struct sbk_scope *scope, char principal[],
		    struct sbk_error *err);
/* Why no mount can show `path` to the account, or NULL. Static. */
const char *sbk_run_unmappable(const char *path, bool written);

#endif
