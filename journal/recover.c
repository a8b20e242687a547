/*
 * Recovery: settles what transactions left that did not end well. Runs with
 * the lock of the transaction, so that whose transaction is open is gone.
 *
 * Invariant 7: it only settles what it has looked at, and each step leaves a
 * journal that recovery can start from again. The newest transaction comes
 * first, since what it did stands on what came before.
 */
#include "journal/undo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/banned.h"

struct recovery {
	struct sbk_journal *journal;
	const struct sbk_backend *backend;
	size_t settled;
};

/* A transaction that did not end well. */
struct dead {
	uint64_t id;
	enum sbk_transaction_kind kind;
};

static int list_dead(struct sbk_journal *journal, struct dead **out,
		     size_t *count, struct sbk_error *err)
{
	struct dead *list = NULL;
	sqlite3_stmt *row;
	size_t used = 0;
	int rc = sbk_db_statement(&journal->db, SBK_SQL_UNSETTLED_TXNS, &row,
				  err);

	if (rc < 0)
		return rc;
	while ((rc = sbk_db_step(&journal->db, row, err)) == 1) {
		struct dead *grown = realloc(list, (used + 1) * sizeof(*list));
		const char *kind = sbk_db_text(row, 1);

		if (grown == NULL) {
			rc = sbk_error_no_memory(err);
			break;
		}
		list = grown;
		list[used].id = (uint64_t)sqlite3_column_int64(row, 0);
		if (kind == NULL ||
		    sbk_transaction_kind_parse(kind, &list[used].kind) < 0) {
			rc = sbk_error_set(err, SBK_E_CORRUPT,
					   "journal '%s': a transaction makes "
					   "no sense; see 'sandbook journal "
					   "verify'",
					   journal->db.path);
			break;
		}
		used++;
	}
	(void)sqlite3_reset(row); /* the error is in `err` */
	if (rc < 0) {
		free(list);
		return rc;
	}
	*out = list;
	*count = used;
	return 0;
}

/* --- an undo that died -------------------------------------------------- */

/* Whether the object is as the change was to make it. What cannot be seen is
 * not, so that it is looked at again by whoever undoes it next. */
static bool is_made(const struct sbk_backend *backend,
		    const struct sbk_change *change,
		    struct sbk_observation *seen)
{
	struct sbk_error why = SBK_ERROR_INIT;
	const char *identity = change->object.identity;
	int rc;

	/* Undoing the accounts overwrites it once more: only who undoes those
	 * can say that it is as it was. */
	if (change->object.kind == SBK_KIND_KEPT)
		return false;
	rc = sbk_backend_observe(backend, &change->object, seen, &why);

	if (rc == SBK_E_NOTFOUND)
		return sbk_state_absent(change->after);
	if (rc < 0)
		return false;
	if (identity != NULL && seen->identity.size > 0 &&
	    strcmp(identity, sbk_buf_text(&seen->identity)) != 0)
		return false;
	return sbk_state_equal(sbk_observation_state(seen), change->after);
}

static void settle_inverse(const struct sbk_backend *backend,
			   struct sbk_change *change,
			   struct sbk_observation *seen)
{
	if (is_made(backend, change, seen)) {
		change->status = SBK_STATUS_CONFIRMED;
		change->note = NULL;
		return;
	}
	/* What it was to undo is still in effect, or its tree is walked. */
	change->status = SBK_STATUS_UNDONE;
	change->note = "an interrupted undo had not come to it";
}

/* Looks at what the dead undo had prepared, within a transaction of its own. */
static int settle_prepared(struct recovery *r, struct sbk_plan *prepared,
			   struct sbk_error *err)
{
	const struct sbk_recorder recorder = sbk_journal_recorder(r->journal);
	const size_t count = sbk_plan_count(prepared);
	struct sbk_change **list = malloc((count + 1) * sizeof(*list));
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	size_t i;
	int rc;

	if (list == NULL)
		return sbk_error_no_memory(err);
	for (i = 0; i < count; i++) {
		list[i] = sbk_plan_at(prepared, i);
		settle_inverse(r->backend, list[i], &seen);
	}
	rc = sbk_backend_flush(r->backend, err);
	if (rc == 0)
		rc = sbk_recorder_settle(&recorder, list, count, err);
	if (rc == 0)
		r->settled += count;
	sbk_observation_release(&seen);
	free(list);
	return rc;
}

/* The trees that the dead undo gave up are given up again. */
static int load_tops(struct sbk_undo *undo, uint64_t transaction,
		     struct sbk_error *err)
{
	struct sbk_db *db = &undo->journal->db;
	sqlite3_stmt *row;
	int rc = sbk_db_statement(db, SBK_SQL_ROOTS_OF, &row, err);

	if (rc < 0)
		return rc;
	(void)sqlite3_bind_int64(row, 1, (sqlite3_int64)transaction);
	while ((rc = sbk_db_step(db, row, err)) == 1) {
		const struct sbk_plan_root top = {
			.path = sbk_db_text(row, 0),
			.identity = sbk_db_text(row, 1),
			.principal = sbk_db_text(row, 2),
		};

		if (top.path == NULL || top.principal == NULL)
			continue; /* the schema forbids it */
		rc = sbk_plan_add_root(undo->tops, &top, NULL, err);
		if (rc < 0)
			break;
	}
	(void)sqlite3_reset(row); /* the error is in `err` */
	return rc;
}

/* Walks them; `*again` where they could not be examined and stay owed. */
static int walk_tops(struct recovery *r, const struct dead *dead,
		     const char *title, bool *again, struct sbk_error *err)
{
	struct sbk_plan *nothing = sbk_plan_new();
	struct sbk_apply_result result = {0};
	struct sbk_undo undo = {.journal = NULL};
	int rc;

	if (nothing == NULL)
		return sbk_error_no_memory(err);
	rc = sbk_undo_init(&undo, r->journal, r->backend, nothing, err);
	if (rc == 0)
		rc = load_tops(&undo, dead->id, err);
	if (rc == 0)
		rc = sbk_tops_plan_later(&undo, undo.inverse, err);
	if (rc < 0)
		goto out;
	*again = undo.incomplete;
	if (sbk_plan_count(undo.inverse) == 0)
		goto out;
	/* The new transaction takes the tops over, owed or not. */
	*again = false;
	rc = sbk_undo_carry_out(&undo, title, &result, err);
	if (rc == 0)
		r->settled += result.confirmed;
out:
	sbk_undo_release(&undo);
	sbk_plan_free(nothing);
	return rc;
}

static int settle_in_transaction(struct recovery *r, struct sbk_plan *prepared,
				 const char *title, struct sbk_error *err)
{
	uint64_t id;
	int rc = sbk_journal_begin(r->journal, SBK_TRANSACTION_UNDO, title, &id,
				   err);

	if (rc < 0)
		return rc;
	rc = settle_prepared(r, prepared, err);
	if (rc == 0)
		return sbk_journal_end(r->journal, true, err);
	(void)sbk_journal_end(r->journal, false, NULL); /* rc is reported */
	return rc;
}

static int recover_undo(struct recovery *r, const struct dead *dead,
			const char *title, bool *again, struct sbk_error *err)
{
	struct sbk_plan *prepared = sbk_plan_new();
	int rc;

	if (prepared == NULL)
		return sbk_error_no_memory(err);
	rc = sbk_load_prepared(r->journal, dead->id, prepared, err);
	if (rc == 0 && sbk_plan_count(prepared) > 0)
		rc = settle_in_transaction(r, prepared, title, err);
	if (rc == 0)
		rc = walk_tops(r, dead, title, again, err);
	sbk_plan_free(prepared);
	return rc;
}

/* --- an ordinary transaction that died, or failed ----------------------- */

static int recover_do(struct recovery *r, const struct dead *dead,
		      const char *title, struct sbk_error *err)
{
	const struct sbk_journal_filter filter = {
		.transaction = dead->id,
		.unsettled = true,
	};
	struct sbk_apply_result result = {0};
	struct sbk_plan *changes = sbk_plan_new();
	int rc;

	if (changes == NULL)
		return sbk_error_no_memory(err);
	rc = sbk_journal_load(r->journal, &filter, changes, err);
	if (rc == 0 && sbk_plan_count(changes) > 0)
		rc = sbk_journal_undo(r->journal, r->backend, title, changes,
				      &result, err);
	if (rc == 0)
		r->settled += sbk_plan_count(changes);
	sbk_plan_free(changes);
	return rc;
}

static int recover_one(struct recovery *r, const struct dead *dead,
		       struct sbk_error *err)
{
	bool again = false;
	char title[64];
	int rc;

	(void)snprintf(title, sizeof(title), "recover transaction %llu",
		       (unsigned long long)dead->id);
	sbk_journal_tell(r->journal, title);
	if (dead->kind == SBK_TRANSACTION_UNDO)
		rc = recover_undo(r, dead, title, &again, err);
	else
		rc = recover_do(r, dead, title, err);
	if (rc == 0 && !again)
		rc = sbk_transaction_settled(r->journal, dead->id, err);
	return rc;
}

int sbk_journal_recover(struct sbk_journal *journal,
			const struct sbk_backend *backend, size_t *settled,
			struct sbk_error *err)
{
	struct recovery r = {.journal = journal, .backend = backend};
	struct dead *list = NULL;
	size_t count = 0, i;
	int rc;

	if (!journal->locked || journal->transaction != 0)
		return sbk_error_set(err, SBK_E_INVAL,
				     "journal '%s': recovery needs the lock, "
				     "and no transaction of its own",
				     journal->db.path);
	rc = list_dead(journal, &list, &count, err);
	/* What is settled now is settled by what the record says. */
	if (rc == 0 && count > 0)
		rc = sbk_journal_check(journal, err);
	for (i = 0; rc == 0 && i < count; i++)
		rc = recover_one(&r, &list[i], err);
	free(list);
	sbk_publish(journal);
	*settled = r.settled;
	return rc;
}
