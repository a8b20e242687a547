/*
 * A plan: the ordered list of changes that `apply` will make, and what a
 * person is told about it. Building one touches nothing.
 *
 *	struct sbk_plan *plan = sbk_plan_new();
 *	rc = sbk_plan_add(plan, &change, err);
 *	sbk_plan_print(plan, &buf);
 *	rc = sbk_apply(backend, recorder, plan, &options, &result, err);
 *	sbk_plan_free(plan);
 *
 * A plan owns every string and state that its changes point to.
 */
#ifndef SBK_PLAN_H
#define SBK_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/error.h"
#include "engine/object.h"
#include "engine/secret_files.h"

/*
 * The life of a change (DESIGN part 4). The journal stores these names.
 *
 * A change of an ordinary transaction goes planned, prepared, confirmed and,
 * when it is undone one day, undone, conflict or owed. An inverse change (one
 * with `undoes`) goes planned, prepared, confirmed, or, when the undo could
 * not make it, undone, conflict or owed.
 */
#define SBK_STATUS_MAP(X)                                                      \
	X(PLANNED, "planned")                                                  \
	X(PREPARED, "prepared")	  /* the intent is durable */                  \
	X(CONFIRMED, "confirmed") /* made, read back, flushed */               \
	X(UNDONE, "undone")	  /* not in effect any more, or never was */   \
	X(CONFLICT, "conflict") /* others changed our entry: left, reported */ \
	X(OWED, "owed")		/* could not be undone yet; retried */

enum sbk_status {
#define SBK_STATUS_ENUM(name, text) SBK_STATUS_##name,
	SBK_STATUS_MAP(SBK_STATUS_ENUM)
#undef SBK_STATUS_ENUM
		SBK_STATUS_COUNT
};

const char *sbk_status_name(enum sbk_status status);
int sbk_status_parse(const char *name, enum sbk_status *out);

struct sbk_change {
	struct sbk_object object;
	struct sbk_state before, after;
	const char *ours;   /* the entries that are ours, in the encoding of
			       the kind (backend.h); NULL: the whole object */
	const char *reason; /* for people; may be NULL */
	const char *note;   /* what a person should know of its status */
	uint64_t id;	    /* number in the journal, 0 until prepared */
	uint64_t undoes;    /* the change that this one inverts, or 0 */
	/* That change as it was loaded from the journal, borrowed until the
	 * plan is carried out; NULL where it is not at hand. */
	const struct sbk_change *inverts;
	/* This change as it would have been made without what was undone since
	 * (rebase.h); NULL where nothing below it was. Borrowed. */
	const struct sbk_change *rebased;
	/*
	 * Nobody looked at the object: the states are what the journal says.
	 * `replace` finds out; a change that it could not make for that reason
	 * is settled as undone, and who planned it looks and plans again.
	 */
	bool assumed;
	enum sbk_status status;
};

/*
 * A tree that the plan grants to a principal: for the roll-up that people
 * read, and for the later passes over what came in meanwhile.
 */
struct sbk_plan_root {
	const char *path;
	const char *identity;
	const char *principal;	    /* "u:990", "g:990" or a SID */
	const char *principal_name; /* as people write it */
	bool writable;
	size_t objects;	       /* seen below, the root included */
	size_t already;	       /* granted before, so no change */
	size_t linked_outside; /* hard links elsewhere: no write entry */
	size_t skipped;	       /* symbolic links, devices, other mounts */
	size_t carved_out;     /* sensitive or protected, left alone */
};

struct sbk_plan;

struct sbk_plan *sbk_plan_new(void); /* NULL: no memory */
void sbk_plan_free(struct sbk_plan *plan);

/*
 * What is planned when the changes so far are made, since only then it is known
 * (the number that the system gives to an account, say): of the form of
 * sbk_apply_more_fn. `release` frees `arg` with the plan; the later of two
 * calls counts. sbk_plan_more is what a transaction's `more` can be: the plan's
 * own, or nothing; `arg` is ignored.
 */
typedef int sbk_plan_more_fn(void *arg, struct sbk_plan *plan,
			     struct sbk_error *err);
void sbk_plan_then(struct sbk_plan *plan, sbk_plan_more_fn *more, void *arg,
		   void (*release)(void *arg));
int sbk_plan_more(void *arg, struct sbk_plan *plan, struct sbk_error *err);

/* Copies `change` and what it points to; SBK_E_LIMIT above
 * SBK_PLAN_CHANGES_MAX. */
int sbk_plan_add(struct sbk_plan *plan, const struct sbk_change *change,
		 struct sbk_error *err);
/* Copies `root`; the copy, borrowed and writable, through `out` if wanted. */
int sbk_plan_add_root(struct sbk_plan *plan, const struct sbk_plan_root *root,
		      struct sbk_plan_root **out, struct sbk_error *err);
/* A line about what the plan does not do, or what it costs. */
int sbk_plan_add_note(struct sbk_plan *plan, struct sbk_error *err,
		      const char *fmt, ...) SBK_PRINTF(3, 4);

/* A file within what is granted that mostly holds a secret. */
int sbk_plan_add_secret(struct sbk_plan *plan,
			const struct sbk_secret_file *file,
			struct sbk_error *err);
const struct sbk_secret_list *sbk_plan_secrets(const struct sbk_plan *plan);

/* What the change leads to becomes another state, which is copied. */
int sbk_plan_set_after(struct sbk_plan *plan, size_t index,
		       struct sbk_state after, struct sbk_error *err);

size_t sbk_plan_count(const struct sbk_plan *plan);
/* Borrowed, writable: `apply` fills id and status. */
struct sbk_change *sbk_plan_at(struct sbk_plan *plan, size_t index);
size_t sbk_plan_root_count(const struct sbk_plan *plan);
struct sbk_plan_root *sbk_plan_root_at(struct sbk_plan *plan, size_t index);
size_t sbk_plan_note_count(const struct sbk_plan *plan);
const char *sbk_plan_note_at(const struct sbk_plan *plan, size_t index);
/* A copy of `text` that lives as long as the plan; NULL: no memory. */
const char *sbk_plan_strdup(struct sbk_plan *plan, const char *text);

/*
 * The plan for people and for machines. Text rolls a granted tree up to one
 * line and prints at most SBK_REPORT_LINES_MAX single changes, of ACLs at most
 * SBK_ACCESS_LINES_MAX; JSON holds every change:
 * {"changes":[...],"roots":[...],"notes":[...]}, of grants also "secrets".
 */
void sbk_plan_print(struct sbk_plan *plan, struct sbk_buf *out);
void sbk_plan_print_json(struct sbk_plan *plan, struct sbk_buf *out);

#endif
