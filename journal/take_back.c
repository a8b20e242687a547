/*
 * Taking a part back of what transactions made (one person's of setup), while
 * the rest of them stays.
 *
 * The kept files among it (engine/linux/kept.c) are where this differs from an
 * undo: the tools that undo the part overwrite them, and so will those that
 * undo the rest one day.
 */
#include "journal/undo.h"

#include <string.h>

#include "engine/banned.h"

/*
 * A kept file goes forward: what stays of its transaction will be undone by
 * tools that overwrite it once more, and until then its change is in effect.
 */
static void keep_on(struct sbk_plan *inverse)
{
	size_t i;

	for (i = 0; i < sbk_plan_count(inverse); i++) {
		struct sbk_change *change = sbk_plan_at(inverse, i);

		if (change->object.kind != SBK_KIND_KEPT)
			continue;
		change->undoes = 0;
		change->inverts = NULL;
		change->reason = "the account tools overwrite it; it is put "
				 "back";
	}
}

/* Nothing but kept files that are as they shall be. */
static bool is_nothing(struct sbk_plan *inverse)
{
	size_t i;

	for (i = 0; i < sbk_plan_count(inverse); i++) {
		const struct sbk_change *change = sbk_plan_at(inverse, i);

		if (change->object.kind != SBK_KIND_KEPT ||
		    !sbk_state_equal(change->before, change->after))
			return false;
	}
	return true;
}

/* Whether each of these is a kept file. */
static bool is_all_kept(struct sbk_plan *changes)
{
	size_t i;

	for (i = 0; i < sbk_plan_count(changes); i++)
		if (sbk_plan_at(changes, i)->object.kind != SBK_KIND_KEPT)
			return false;
	return true;
}

int sbk_journal_take_back(struct sbk_journal *journal,
			  const struct sbk_backend *backend, const char *title,
			  struct sbk_plan *changes, uint64_t *transaction,
			  struct sbk_apply_result *result,
			  struct sbk_error *err)
{
	struct sbk_undo undo;
	int rc;

	memset(result, 0, sizeof(*result));
	rc = sbk_undo_init(&undo, journal, backend, changes, err);
	if (rc == 0)
		rc = sbk_undo_plan(&undo, SBK_UNDO_ASSUME, err);
	/* What is settled without an inverse change is recorded, too. */
	if (rc == 0 && !(is_all_kept(changes) && is_nothing(undo.inverse))) {
		keep_on(undo.inverse);
		rc = sbk_undo_carry_out(&undo, title, result, err);
	}
	*transaction = undo.transaction;
	sbk_undo_release(&undo);
	return rc;
}

int sbk_journal_remove_for_good(struct sbk_journal *journal,
				const struct sbk_backend *backend,
				const char *title, struct sbk_plan *plan,
				struct sbk_apply_result *result,
				struct sbk_error *err)
{
	const struct sbk_apply_options options = {.kind = SBK_TRANSACTION_UNDO};
	const struct sbk_recorder recorder = sbk_journal_recorder(journal);
	uint64_t id;
	int rc;

	memset(result, 0, sizeof(*result));
	if (sbk_plan_count(plan) == 0)
		return 0;
	rc = sbk_journal_begin(journal, SBK_TRANSACTION_UNDO, title, &id, err);
	if (rc < 0)
		return rc;
	rc = sbk_apply(backend, &recorder, plan, &options, result, err);
	if (rc < 0) {
		/* rc is reported; recovery ends what has no end. */
		(void)sbk_journal_end(journal, false, NULL);
		return rc;
	}
	return sbk_journal_end(journal, true, err);
}

int sbk_journal_plan_take_back(struct sbk_journal *journal,
			       const struct sbk_backend *backend,
			       struct sbk_plan *changes, struct sbk_plan *out,
			       struct sbk_error *err)
{
	struct sbk_plan *inverse = sbk_plan_new();
	size_t i;
	int rc = inverse == NULL ? sbk_error_no_memory(err)
				 : sbk_journal_plan_undo(journal, backend,
							 changes, inverse, err);

	if (rc == 0 && !is_nothing(inverse)) {
		keep_on(inverse);
		for (i = 0; rc == 0 && i < sbk_plan_count(inverse); i++)
			rc = sbk_plan_add(out, sbk_plan_at(inverse, i), err);
	}
	sbk_plan_free(inverse);
	return rc;
}
