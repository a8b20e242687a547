/*
 * An undo in the making: shared by undo.c, tops.c and recover.c.
 */
#ifndef SBK_JOURNAL_UNDO_H
#define SBK_JOURNAL_UNDO_H

#include "engine/backend.h"
#include "journal/internal.h"

struct sbk_granted_root;

struct sbk_undo {
	struct sbk_journal *journal;
	const struct sbk_backend *backend;
	struct sbk_plan *changes; /* to be undone; the caller's */
	struct sbk_plan *inverse; /* what is going to be done */
	struct sbk_plan *rebased; /* rebase.c: `changes` without what was undone
				     below them; NULL: nothing was */
	/* tops.c */
	struct sbk_plan *search; /* roots below which moved objects are
				    searched */
	struct sbk_plan *tops;	 /* roots of trees that are given up whole */
	struct sbk_granted_root *granted;
	size_t granted_count;
	struct sbk_arena arena;
	size_t tried;	 /* of `inverse`: planned by earlier passes */
	bool incomplete; /* the last pass could not look at all of them */
	/* Of carrying it out. */
	uint64_t transaction;
	bool looked_again;
	struct sbk_apply_result *result;
};

enum sbk_undo_view {
	SBK_UNDO_LOOK,	/* each object is looked at */
	SBK_UNDO_ASSUME /* what was confirmed is as it was left, until
			   `replace` says that it is not */
};

int sbk_undo_init(struct sbk_undo *undo, struct sbk_journal *journal,
		  const struct sbk_backend *backend, struct sbk_plan *changes,
		  struct sbk_error *err);
void sbk_undo_release(struct sbk_undo *undo); /* also after a failed init */
/* Fills `inverse` and settles in `changes` what needs no touch. */
int sbk_undo_plan(struct sbk_undo *undo, enum sbk_undo_view view,
		  struct sbk_error *err);
int sbk_undo_carry_out(struct sbk_undo *undo, const char *title,
		       struct sbk_apply_result *result, struct sbk_error *err);

/* The change of `changes` with this number, or NULL. */
struct sbk_change *sbk_undo_change(struct sbk_undo *undo, uint64_t id);
/* The paths of the roots, as an array; the caller frees it. */
int sbk_undo_search(struct sbk_plan *roots, const char ***out,
		    struct sbk_error *err);

/* --- rebase.c ------------------------------------------------------------ */

/* Rebases `changes` on what is left of the older ones (engine/rebase.h). */
int sbk_undo_rebase(struct sbk_undo *undo, struct sbk_error *err);
void sbk_undo_forget_rebased(struct sbk_undo *undo);

/* --- tops.c -------------------------------------------------------------- */

/* Finds the trees that undoing `changes` gives up. */
int sbk_tops_find(struct sbk_undo *undo, struct sbk_error *err);
void sbk_tops_release(struct sbk_undo *undo);
/* Adds to `plan` what was made later in them and bears entries of ours, but
 * for objects that were tried before; sets `incomplete`. */
int sbk_tops_plan_later(struct sbk_undo *undo, struct sbk_plan *plan,
			struct sbk_error *err);

#endif
