/*
 * Undoing, as one transaction of inverse changes: what sbk_plan_undo decides
 * about each change, and what was made later in the trees that are given up
 * (tops.c finds them).
 *
 * The tops are recorded as the roots of the undo's own transaction, and are
 * walked after the inverse changes: a directory hands nothing on any more
 * then, so that a pass that finds nothing is the end of it. Until there was
 * such a pass the transaction has not ended well, and recovery, at the next
 * start, walks the tops again (recover.c). That is how they are owed.
 *
 * What the journal has as confirmed is not looked at before it is undone:
 * nearly always it is as it was left, and `replace` compares it anyway. Where
 * it is not, the inverse change is settled as never made, and the object is
 * looked at and decided about in a further batch of the same transaction.
 */
#include "journal/undo.h"

#include <stdlib.h>
#include <string.h>

#include "engine/os.h"
#include "engine/plan_undo.h"

#include "engine/banned.h"

/* Kinds whose `replace` compares all that planning would look at: of an ACL the
 * bytes, of a descriptor the object and the bytes. */
static bool may_be_assumed(const struct sbk_change *change)
{
	return change->status == SBK_STATUS_CONFIRMED &&
	       (change->object.kind == SBK_KIND_ACCESS ||
		change->object.kind == SBK_KIND_DESCRIPTOR);
}

/*
 * The plan's changes as the array of pointers that others take. What an
 * earlier undo made of them is forgotten: the plan decides anew, and those
 * for which it makes an inverse change keep this status.
 */
static int list_changes(struct sbk_plan *plan, enum sbk_undo_view view,
			struct sbk_change ***out, struct sbk_error *err)
{
	const size_t count = sbk_plan_count(plan);
	struct sbk_change **list = malloc((count + 1) * sizeof(*list));
	size_t i;

	if (list == NULL)
		return sbk_error_no_memory(err);
	for (i = 0; i < count; i++) {
		list[i] = sbk_plan_at(plan, i);
		list[i]->assumed =
			view == SBK_UNDO_ASSUME && may_be_assumed(list[i]);
		list[i]->status = SBK_STATUS_PREPARED;
		list[i]->note = NULL;
	}
	*out = list;
	return 0;
}

/* They were loaded in the order of their numbers. */
struct sbk_change *sbk_undo_change(struct sbk_undo *undo, uint64_t id)
{
	size_t low = 0, high = sbk_plan_count(undo->changes);

	/* Mostly they are a transaction's without a gap. */
	if (high > 0 && id >= sbk_plan_at(undo->changes, 0)->id) {
		const uint64_t guess = id - sbk_plan_at(undo->changes, 0)->id;

		if (guess < high &&
		    sbk_plan_at(undo->changes, (size_t)guess)->id == id)
			return sbk_plan_at(undo->changes, (size_t)guess);
	}
	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		struct sbk_change *change = sbk_plan_at(undo->changes, middle);

		if (change->id == id)
			return change;
		if (change->id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

int sbk_undo_search(struct sbk_plan *roots, const char ***out,
		    struct sbk_error *err)
{
	const size_t count = sbk_plan_root_count(roots);
	const char **list = malloc((count + 1) * sizeof(*list));
	size_t i;

	if (list == NULL)
		return sbk_error_no_memory(err);
	for (i = 0; i < count; i++)
		list[i] = sbk_plan_root_at(roots, i)->path;
	*out = list;
	return 0;
}

int sbk_undo_init(struct sbk_undo *undo, struct sbk_journal *journal,
		  const struct sbk_backend *backend, struct sbk_plan *changes,
		  struct sbk_error *err)
{
	int rc;

	memset(undo, 0, sizeof(*undo));
	undo->journal = journal;
	undo->backend = backend;
	undo->changes = changes;
	undo->inverse = sbk_plan_new();
	if (undo->inverse == NULL)
		return sbk_error_no_memory(err);
	rc = sbk_undo_rebase(undo, err);
	return rc < 0 ? rc : sbk_tops_find(undo, err);
}

void sbk_undo_release(struct sbk_undo *undo)
{
	sbk_tops_release(undo);
	sbk_undo_forget_rebased(undo);
	sbk_plan_free(undo->inverse);
	memset(undo, 0, sizeof(*undo));
}

/* --- the plan ----------------------------------------------------------- */

static int plan_list(struct sbk_undo *undo, struct sbk_change *const *list,
		     size_t count, struct sbk_error *err)
{
	const char **paths = NULL;
	int rc = sbk_undo_search(undo->search, &paths, err);

	if (rc == 0)
		rc = sbk_plan_undo(undo->backend, list, count, paths,
				   sbk_plan_root_count(undo->search),
				   undo->inverse, err);
	free(paths);
	return rc;
}

int sbk_undo_plan(struct sbk_undo *undo, enum sbk_undo_view view,
		  struct sbk_error *err)
{
	struct sbk_change **list = NULL;
	int rc = list_changes(undo->changes, view, &list, err);

	if (rc == 0)
		rc = plan_list(undo, list, sbk_plan_count(undo->changes), err);
	free(list);
	return rc;
}

/* --- carrying it out ---------------------------------------------------- */

/* Records what the plan settled of these without touching the host; the list
 * is reordered. */
static int settle_decided(struct sbk_undo *undo, struct sbk_change **list,
			  size_t count, struct sbk_error *err)
{
	const struct sbk_recorder recorder =
		sbk_journal_recorder(undo->journal);
	size_t i, used = 0;
	int rc;

	for (i = 0; i < count; i++) {
		const enum sbk_status status = list[i]->status;

		if (status > SBK_STATUS_CONFIRMED)
			list[used++] = list[i];
		if (status == SBK_STATUS_CONFLICT)
			undo->result->conflicts++;
		if (status == SBK_STATUS_OWED)
			undo->result->owed++;
	}
	/* Undone is only what a power cut cannot bring back. */
	rc = used > 0 ? sbk_backend_flush(undo->backend, err) : 0;
	return rc < 0 || used == 0
		       ? rc
		       : sbk_recorder_settle(&recorder, list, used, err);
}

static int settle_planned(struct sbk_undo *undo, struct sbk_error *err)
{
	const size_t count = sbk_plan_count(undo->changes);
	struct sbk_change **list = malloc((count + 1) * sizeof(*list));
	size_t i;
	int rc;

	if (list == NULL)
		return sbk_error_no_memory(err);
	for (i = 0; i < count; i++)
		list[i] = sbk_plan_at(undo->changes, i);
	rc = settle_decided(undo, list, count, err);
	free(list);
	return rc;
}

/* Whether an object was not as it was assumed. */
static bool is_wrong(const struct sbk_change *inverse)
{
	return inverse->assumed && inverse->status == SBK_STATUS_UNDONE;
}

/* Whether it put a file back that is kept until the rest is undone. */
static bool is_kept(const struct sbk_change *inverse)
{
	return inverse->object.kind == SBK_KIND_KEPT && inverse->undoes != 0 &&
	       inverse->status == SBK_STATUS_CONFIRMED;
}

/* The changes whose inverses these are, oldest first. */
static size_t list_undone(struct sbk_undo *undo,
			  bool (*wanted)(const struct sbk_change *inverse),
			  struct sbk_change **out)
{
	size_t i, count = 0;

	/* The inverse changes are in the opposite order. */
	for (i = sbk_plan_count(undo->inverse); i > 0; i--) {
		const struct sbk_change *inverse =
			sbk_plan_at(undo->inverse, i - 1);
		struct sbk_change *change;

		if (!wanted(inverse))
			continue;
		change = sbk_undo_change(undo, inverse->undoes);
		change->assumed = false;
		change->status = SBK_STATUS_PREPARED;
		out[count++] = change;
	}
	return count;
}

/*
 * Looks at what was not as assumed, and plans or settles it anew; once. What is
 * kept until the rest is undone was put back too early then, and is so again.
 */
static int look_again(struct sbk_undo *undo, struct sbk_error *err)
{
	struct sbk_change **list;
	size_t count;
	int rc = 0;

	if (undo->looked_again)
		return 0;
	undo->looked_again = true;
	list = malloc((sbk_plan_count(undo->changes) + 1) * sizeof(*list));
	if (list == NULL)
		return sbk_error_no_memory(err);
	count = list_undone(undo, is_wrong, list);
	if (count > 0) {
		count += list_undone(undo, is_kept, list + count);
		rc = plan_list(undo, list, count, err);
	}
	if (rc == 0)
		rc = settle_decided(undo, list, count, err);
	free(list);
	return rc;
}

/* Whether each object that was made later is rid of our entries. */
static bool all_stripped(struct sbk_undo *undo)
{
	size_t i;

	for (i = 0; i < sbk_plan_count(undo->inverse); i++) {
		const struct sbk_change *change = sbk_plan_at(undo->inverse, i);

		if (change->undoes == 0 &&
		    change->status != SBK_STATUS_CONFIRMED)
			return false;
	}
	return true;
}

/* The trees come last: see the top. */
static int more(void *arg, struct sbk_plan *plan, struct sbk_error *err)
{
	struct sbk_undo *undo = arg;
	const size_t count = sbk_plan_count(plan);
	int rc = look_again(undo, err);

	if (rc < 0 || sbk_plan_count(plan) > count)
		return rc;
	return sbk_tops_plan_later(undo, plan, err);
}

int sbk_undo_carry_out(struct sbk_undo *undo, const char *title,
		       struct sbk_apply_result *result, struct sbk_error *err)
{
	const struct sbk_journal_begin begin = {
		.kind = SBK_TRANSACTION_UNDO,
		.title = title,
		.roots = undo->tops,
	};
	const struct sbk_apply_options options = {
		.kind = SBK_TRANSACTION_UNDO,
		.more = more,
		.more_arg = undo,
		.batch_changes = undo->journal->batch_changes,
	};
	const struct sbk_recorder recorder =
		sbk_journal_recorder(undo->journal);
	struct sbk_apply_result applied = {0};
	struct sbk_error ignored = SBK_ERROR_INIT;
	int rc;

	memset(result, 0, sizeof(*result));
	rc = sbk_transaction_begin(undo->journal, &begin, &undo->transaction,
				   err);
	if (rc < 0)
		return rc;
	undo->result = result;
	rc = settle_planned(undo, err);
	if (rc == 0)
		rc = sbk_apply(undo->backend, &recorder, undo->inverse,
			       &options, &applied, err);
	result->confirmed += applied.confirmed;
	result->conflicts += applied.conflicts;
	result->owed += applied.owed;
	if (rc == 0) {
		if (undo->incomplete)
			result->owed++;
		return sbk_journal_end(undo->journal,
				       !undo->incomplete && all_stripped(undo),
				       err);
	}
	/* The first failure is the one to report; without this entry the
	 * transaction is one that never ended, which recovery settles, too. */
	(void)sbk_journal_end(undo->journal, false, &ignored);
	return rc;
}

int sbk_journal_undo(struct sbk_journal *journal,
		     const struct sbk_backend *backend, const char *title,
		     struct sbk_plan *changes, struct sbk_apply_result *result,
		     struct sbk_error *err)
{
	struct sbk_undo undo;
	int rc;

	memset(result, 0, sizeof(*result));
	rc = sbk_undo_init(&undo, journal, backend, changes, err);
	if (rc == 0)
		rc = sbk_undo_plan(&undo, SBK_UNDO_ASSUME, err);
	if (rc == 0)
		rc = sbk_undo_carry_out(&undo, title, result, err);
	sbk_undo_release(&undo);
	return rc;
}

/* What is going to be owed is said before. */
static int note_foreign(struct sbk_undo *undo, struct sbk_plan *out,
			struct sbk_error *err)
{
	struct sbk_owed owed;
	struct sbk_buf text = SBK_BUF_INIT;
	int rc = sbk_journal_sum_owed(undo->backend, undo->tops, undo->inverse,
				      &owed, err);

	if (rc < 0 || owed.foreign == 0 || sbk_os_elevated())
		return rc;
	sbk_owed_print(&owed, &text);
	rc = sbk_buf_failed(&text, err);
	if (rc == 0)
		rc = sbk_plan_add_note(out, err, "will be owed: %s", text.data);
	sbk_buf_release(&text);
	return rc;
}

int sbk_journal_plan_undo(struct sbk_journal *journal,
			  const struct sbk_backend *backend,
			  struct sbk_plan *changes, struct sbk_plan *out,
			  struct sbk_error *err)
{
	struct sbk_undo undo;
	size_t i;
	int rc = sbk_undo_init(&undo, journal, backend, changes, err);

	if (rc == 0)
		rc = sbk_undo_plan(&undo, SBK_UNDO_LOOK, err);
	if (rc == 0)
		rc = sbk_tops_plan_later(&undo, undo.inverse, err);
	for (i = 0; rc == 0 && i < sbk_plan_count(undo.inverse); i++)
		rc = sbk_plan_add(out, sbk_plan_at(undo.inverse, i), err);
	for (i = 0; rc == 0 && i < sbk_plan_note_count(undo.inverse); i++)
		rc = sbk_plan_add_note(out, err, "%s",
				       sbk_plan_note_at(undo.inverse, i));
	if (rc == 0)
		rc = note_foreign(&undo, out, err);
	for (i = 0; rc == 0 && i < sbk_plan_count(changes); i++) {
		struct sbk_change *change = sbk_plan_at(changes, i);

		/* Notes that belong to undo.inverse, which goes now. */
		if (change->note != NULL) {
			change->note = sbk_plan_strdup(changes, change->note);
			if (change->note == NULL)
				rc = sbk_error_no_memory(err);
		}
	}
	sbk_undo_release(&undo);
	return rc;
}
