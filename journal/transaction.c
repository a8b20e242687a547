/*
 * A transaction of changes, as `apply` records it: begin, batches of intents,
 * batches of what became of them, end (FORMAT.md, the life of a change).
 *
 * Invariants kept here: 1 (an intent is durable before `prepare` returns), 3
 * (only what the caller says is settled), 5 (nothing without the lock), 8 (the
 * end is durable), 11 (room for the undo is set aside before the intent).
 *
 * The one hot path of the journal: hundreds of thousands of changes. Equal
 * states have equal addresses (object.h), so each is hashed once a batch.
 */
#include "journal/signing.h"
#include "journal/summary.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "engine/os.h"

#include "engine/banned.h"

#define CACHE_SLOTS 1024 /* a power of two */

static const char *const kind_names[] = {
	[SBK_TRANSACTION_DO] = "do",
	[SBK_TRANSACTION_UNDO] = "undo",
};

const char *sbk_transaction_kind_name(enum sbk_transaction_kind kind)
{
	return kind_names[kind];
}

int sbk_transaction_kind_parse(const char *name, enum sbk_transaction_kind *out)
{
	if (strcmp(name, kind_names[SBK_TRANSACTION_DO]) == 0)
		*out = SBK_TRANSACTION_DO;
	else if (strcmp(name, kind_names[SBK_TRANSACTION_UNDO]) == 0)
		*out = SBK_TRANSACTION_UNDO;
	else
		return SBK_E_NOTFOUND;
	return 0;
}

static int need_lock(const struct sbk_journal *journal, struct sbk_error *err)
{
	if (journal->locked)
		return 0;
	return sbk_error_set(err, SBK_E_INVAL,
			     "journal '%s': the transaction lock is not held",
			     journal->db.path);
}

static int need_transaction(const struct sbk_journal *journal,
			    struct sbk_error *err)
{
	if (journal->transaction != 0)
		return 0;
	return sbk_error_set(err, SBK_E_INVAL,
			     "journal '%s': no transaction is open",
			     journal->db.path);
}

/* --- begin and end ------------------------------------------------------ */

static int write_begin(struct sbk_journal *journal,
		       const struct sbk_journal_begin *begin, uint64_t id,
		       struct sbk_error *err)
{
	const int64_t now = sbk_os_now_ms();
	uint64_t entry;
	int rc;

	sbk_entry_begin(&journal->json, id, begin->kind, now, begin->title,
			journal->session);
	rc = sbk_log_append(journal, &entry, err);
	if (rc < 0)
		return rc;
	return sbk_view_begin(&journal->db, id, entry,
			      sbk_transaction_kind_name(begin->kind),
			      begin->title, journal->session, now, err);
}

static int write_roots(struct sbk_journal *journal, struct sbk_plan *roots,
		       uint64_t id, struct sbk_error *err)
{
	size_t count = roots != NULL ? sbk_plan_root_count(roots) : 0, i;
	int rc = 0;

	for (i = 0; rc == 0 && i < count; i++) {
		const struct sbk_plan_root *root = sbk_plan_root_at(roots, i);
		uint64_t entry;

		sbk_entry_root(&journal->json, id, root);
		rc = sbk_log_append(journal, &entry, err);
		if (rc == 0)
			rc = sbk_view_root(&journal->db, id, entry, root, err);
	}
	return rc;
}

int sbk_transaction_begin(struct sbk_journal *journal,
			  const struct sbk_journal_begin *begin, uint64_t *id,
			  struct sbk_error *err)
{
	uint64_t next;
	int rc = need_lock(journal, err);

	if (rc < 0)
		return rc;
	if (journal->transaction != 0)
		return sbk_error_set(err, SBK_E_INVAL,
				     "journal '%s': transaction %llu is open",
				     journal->db.path,
				     (unsigned long long)journal->transaction);
	sbk_summary_load(journal);
	rc = begin->kind == SBK_TRANSACTION_UNDO
		     ? sbk_reserve_release(journal, err)
		     : sbk_reserve_begin(journal, err);
	/* Not flushed: the first prepare flushes what stands before it, and a
	 * transaction without one has nothing to lose. */
	if (rc == 0)
		rc = sbk_log_begin(journal, SBK_COMMIT_ATOMIC, err);
	if (rc < 0)
		return rc;
	rc = sbk_db_number(&journal->db, SBK_SQL_NEXT_TXN, &next, err);
	if (rc == 0)
		rc = write_begin(journal, begin, next, err);
	if (rc == 0)
		rc = write_roots(journal, begin->roots, next, err);
	rc = sbk_log_finish(journal, rc, err);
	if (rc < 0)
		return rc;
	journal->transaction = next;
	journal->kind = begin->kind;
	*id = next;
	return 0;
}

int sbk_journal_begin(struct sbk_journal *journal,
		      enum sbk_transaction_kind kind, const char *title,
		      uint64_t *id, struct sbk_error *err)
{
	const struct sbk_journal_begin begin = {.kind = kind, .title = title};

	return sbk_transaction_begin(journal, &begin, id, err);
}

static int write_end(struct sbk_journal *journal, uint64_t id,
		     const char *state, struct sbk_error *err)
{
	struct sbk_buf summary = SBK_BUF_INIT;
	uint64_t entry;
	int rc = sbk_log_begin(journal, SBK_COMMIT_FLUSHED, err);

	if (rc < 0)
		return rc;
	rc = sbk_summary_end(journal, id, state, &summary, err);
	if (rc == 0)
		rc = sbk_buf_failed(&summary, err);
	sbk_entry_end(&journal->json, id, sbk_os_now_ms(), state, &summary);
	sbk_buf_release(&summary);
	if (rc == 0)
		rc = sbk_log_append(journal, &entry, err);
	if (rc == 0)
		rc = sbk_view_end(&journal->db, id, entry, state, err);
	rc = sbk_log_finish_signed(journal, rc, err);
	if (rc < 0) /* what it says is not what was written */
		sbk_summary_release(&journal->summary);
	return rc;
}

int sbk_journal_end(struct sbk_journal *journal, bool done,
		    struct sbk_error *err)
{
	int rc = need_transaction(journal, err);

	if (rc < 0)
		return rc;
	rc = write_end(journal, journal->transaction, done ? "done" : "failed",
		       err);
	/* Ended for us in any case: without the entry it is a transaction
	 * that never ended well, which is what recovery is for. */
	journal->transaction = 0;
	if (journal->kind == SBK_TRANSACTION_UNDO)
		sbk_reserve_refill(journal);
	sbk_publish(journal);
	return rc;
}

int sbk_transaction_settled(struct sbk_journal *journal, uint64_t id,
			    struct sbk_error *err)
{
	int rc = need_lock(journal, err);

	/* An undo that ended set aside whatever room there was, and where there
	 * was nothing to undo nobody gave it back. */
	if (rc == 0)
		rc = sbk_reserve_release(journal, err);
	if (rc < 0)
		return rc;
	rc = write_end(journal, id, "settled", err);
	sbk_reserve_refill(journal);
	return rc;
}

/* --- prepare ------------------------------------------------------------ */

/* States of this batch that are in the database already, by address. */
struct state_cache {
	struct state_slot {
		const char *data;
		size_t size;
		bool sealed;
		struct sbk_state_ref ref;
	} slots[CACHE_SLOTS];
};

static struct state_slot *cache_slot(struct state_cache *cache,
				     const char *data)
{
	const uintptr_t address = (uintptr_t)data;

	return &cache->slots[(address >> 4 ^ address >> 16) &
			     (CACHE_SLOTS - 1)];
}

static int store_state(struct sbk_journal *journal, struct sbk_state state,
		       bool sealed, struct sbk_state_ref *out,
		       struct sbk_error *err)
{
	unsigned char hash[SBK_STATE_HASH_BYTES];

	if (sealed)
		sbk_sealed_hash(&journal->sealed, state.data, state.size, hash);
	else
		sbk_sha256(state.data, state.size, hash);
	(void)sodium_bin2hex(out->hex, sizeof(out->hex), hash, sizeof(hash));
	return sbk_view_state(&journal->db, hash, sealed ? NULL : state.data,
			      state.size, &out->id, err);
}

static int refer_to(struct sbk_journal *journal, struct state_cache *cache,
		    struct sbk_state state, bool sealed,
		    struct sbk_state_ref *out, struct sbk_error *err)
{
	struct state_slot *slot;
	int rc;

	if (sbk_state_absent(state)) {
		*out = (struct sbk_state_ref){.id = 0};
		return 0;
	}
	slot = cache_slot(cache, state.data);
	if (slot->data != state.data || slot->size != state.size ||
	    slot->sealed != sealed) {
		slot->data = NULL; /* in case of failure */
		rc = store_state(journal, state, sealed, &slot->ref, err);
		if (rc < 0)
			return rc;
		slot->data = state.data;
		slot->size = state.size;
		slot->sealed = sealed;
	}
	*out = slot->ref;
	return 0;
}

static bool same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* What the inverse need not tell again, asked of the record. */
static int compare_recorded(struct sbk_journal *journal,
			    const struct sbk_change *change, uint64_t before,
			    uint64_t after, struct sbk_shared *out,
			    struct sbk_error *err)
{
	sqlite3_stmt *row;
	int rc = sbk_db_statement(&journal->db, SBK_SQL_FIND_CHANGE, &row, err);

	if (rc < 0)
		return rc;
	(void)sqlite3_bind_int64(row, 1, (sqlite3_int64)change->undoes);
	rc = sbk_db_step(&journal->db, row, err);
	if (rc == 1) {
		out->object =
			same_text(sbk_db_text(row, 0),
				  sbk_kind_name(change->object.kind)) &&
			same_text(sbk_db_text(row, 1), change->object.name) &&
			same_text(sbk_db_text(row, 2), change->object.identity);
		out->states = (uint64_t)sqlite3_column_int64(row, 3) == after &&
			      (uint64_t)sqlite3_column_int64(row, 4) == before;
	}
	(void)sqlite3_reset(row); /* the error is in `err` */
	if (rc == 0)
		return sbk_error_set(err, SBK_E_INVAL,
				     "there is no change %llu to undo",
				     (unsigned long long)change->undoes);
	return rc < 0 ? rc : 0;
}

/*
 * The same where the change that is undone was loaded from this record, which
 * nobody changed since: the lock is ours. Asking for each of 200,000 is a
 * fifth of an undo's time in the database.
 */
static int compare_undone(struct sbk_journal *journal,
			  const struct sbk_change *change, uint64_t before,
			  uint64_t after, struct sbk_shared *out,
			  struct sbk_error *err)
{
	const struct sbk_change *undone = change->inverts;

	*out = (struct sbk_shared){.object = false};
	if (change->undoes == 0)
		return 0;
	/* A sealed state is another one in the record than in memory. */
	if (undone == NULL || undone->undoes != 0 ||
	    sbk_kind_sealed(undone->object.kind))
		return compare_recorded(journal, change, before, after, out,
					err);
	assert(undone->id == change->undoes);
	out->object =
		undone->object.kind == change->object.kind &&
		same_text(undone->object.name, change->object.name) &&
		same_text(undone->object.identity, change->object.identity);
	out->states = sbk_state_equal(undone->before, change->after) &&
		      sbk_state_equal(undone->after, change->before);
	return 0;
}

static int add_row(struct sbk_journal *journal, const struct sbk_change *change,
		   uint64_t id, uint64_t entry, uint64_t before, uint64_t after,
		   const struct sbk_shared *shared, struct sbk_error *err)
{
	struct sbk_view_change row = {
		.id = id,
		.entry = entry,
		.txn = journal->transaction,
		.undoes = change->undoes,
		.before = before,
		.after = after,
		.ours = change->ours,
		.reason = change->reason,
	};

	if (!shared->object) {
		row.kind = sbk_kind_name(change->object.kind);
		row.name = change->object.name;
		row.identity = change->object.identity;
	}
	return sbk_view_intend(&journal->db, &row, err);
}

static int prepare_one(struct sbk_journal *journal, struct state_cache *cache,
		       const struct sbk_change *change, uint64_t id,
		       struct sbk_error *err)
{
	const bool sealed = sbk_kind_sealed(change->object.kind);
	struct sbk_state_ref before, after;
	struct sbk_shared shared;
	uint64_t entry;
	int rc;

	rc = sbk_summary_touch(journal, change->undoes, true, err);
	if (rc == 0)
		rc = refer_to(journal, cache, change->before, sealed, &before,
			      err);
	if (rc == 0)
		rc = refer_to(journal, cache, change->after, sealed, &after,
			      err);
	if (rc == 0)
		rc = compare_undone(journal, change, before.id, after.id,
				    &shared, err);
	if (rc < 0)
		return rc;
	sbk_entry_intend(&journal->json, id, journal->transaction, change,
			 &before, &after, &shared);
	rc = sbk_log_append(journal, &entry, err);
	if (rc < 0)
		return rc;
	return add_row(journal, change, id, entry, before.id, after.id, &shared,
		       err);
}

static int prepare_all(struct sbk_journal *journal, struct state_cache *cache,
		       struct sbk_change *const *changes, size_t count,
		       uint64_t *first, struct sbk_error *err)
{
	size_t i;
	int rc = sbk_db_number(&journal->db, SBK_SQL_NEXT_CHANGE, first, err);

	for (i = 0; rc == 0 && i < count; i++)
		rc = prepare_one(journal, cache, changes[i], *first + i, err);
	if (rc == 0)
		rc = sbk_view_extend(&journal->db, journal->transaction, *first,
				     *first + count - 1, err);
	return rc;
}

static int prepare_batch(void *self, struct sbk_change *const *changes,
			 size_t count, struct sbk_error *err)
{
	struct sbk_journal *journal = self;
	struct state_cache *cache = NULL;
	uint64_t first = 0;
	size_t i;
	int rc = need_transaction(journal, err);

	if (rc < 0 || count == 0)
		return rc;
	if (journal->kind == SBK_TRANSACTION_DO)
		rc = sbk_reserve_grow(journal, count, err);
	if (rc == 0)
		rc = sbk_sealed_store(journal, changes, count, err);
	if (rc < 0)
		return rc;
	cache = calloc(1, sizeof(*cache));
	if (cache == NULL)
		return sbk_error_no_memory(err);
	rc = sbk_log_begin(journal, SBK_COMMIT_FLUSHED, err);
	if (rc < 0)
		goto out;
	rc = prepare_all(journal, cache, changes, count, &first, err);
	rc = sbk_log_finish(journal, rc, err);
	if (rc < 0)
		goto out;
	for (i = 0; i < count; i++) {
		changes[i]->id = first + i;
		changes[i]->status = SBK_STATUS_PREPARED;
	}
out:
	free(cache);
	return rc;
}

/* --- settle ------------------------------------------------------------- */

static int compare_settled(const void *a, const void *b)
{
	const struct sbk_change *x = *(struct sbk_change *const *)a;
	const struct sbk_change *y = *(struct sbk_change *const *)b;

	if (x->status != y->status)
		return x->status < y->status ? -1 : 1;
	return x->id < y->id ? -1 : x->id > y->id;
}

/* Those that have become something, sorted by it; the caller frees. */
static int sort_settled(struct sbk_change *const *changes, size_t count,
			struct sbk_change ***out, size_t *out_count,
			struct sbk_error *err)
{
	struct sbk_change **sorted = malloc((count + 1) * sizeof(*sorted));
	size_t i, used = 0;

	if (sorted == NULL)
		return sbk_error_no_memory(err);
	for (i = 0; i < count; i++) {
		assert(changes[i]->id != 0);
		if (changes[i]->status > SBK_STATUS_PREPARED)
			sorted[used++] = changes[i];
	}
	for (i = 1; i < used; i++)
		if (compare_settled(&sorted[i - 1], &sorted[i]) > 0)
			break;
	if (i < used) /* as a rule they come in order */
		qsort(sorted, used, sizeof(struct sbk_change *),
		      compare_settled);
	*out = sorted;
	*out_count = used;
	return 0;
}

/* A range of changes with one status. */
struct range {
	uint64_t first, last;
	const char *status;
	bool inverse; /* some of them undo others, */
	bool kept;    /* and some of those others are kept files */
	/* All undo others, which are a range backwards: from here to here. */
	bool mirrored;
	uint64_t undone_first, undone_last;
};

static void take_range(struct sbk_change *const *changes, size_t count,
		       size_t *next, struct range *out)
{
	const enum sbk_status status = changes[*next]->status;

	out->status = sbk_status_name(status);
	out->inverse = out->kept = false;
	out->first = changes[*next]->id;
	out->mirrored = changes[*next]->undoes != 0;
	out->undone_last = changes[*next]->undoes;
	do {
		const uint64_t undoes = changes[*next]->undoes;

		out->last = changes[*next]->id;
		out->mirrored =
			out->mirrored &&
			undoes == out->undone_last - (out->last - out->first);
		out->undone_first = undoes;
		if (changes[*next]->undoes != 0) {
			out->inverse = true;
			out->kept = out->kept || changes[*next]->object.kind ==
							 SBK_KIND_KEPT;
		}
		(*next)++;
	} while (*next < count && changes[*next]->status == status &&
		 changes[*next]->id == out->last + 1);
}

/* replay.c does the same in the same order with what the entry says; it does
 * not know which changes are inverse, and asks for all. */
static int settle_rows(struct sbk_db *db, struct sbk_change *const *changes,
		       size_t count, struct sbk_error *err)
{
	struct range range;
	size_t i = 0;
	int rc = 0;

	while (rc == 0 && i < count) {
		take_range(changes, count, &i, &range);
		rc = sbk_view_settle(db, range.status, range.first, range.last,
				     err);
		if (rc == 0 && range.mirrored)
			rc = sbk_view_follow_range(db, range.status,
						   range.undone_first,
						   range.undone_last, err);
		else if (rc == 0 && range.inverse)
			rc = sbk_view_follow(db, range.status, range.first,
					     range.last, err);
	}
	for (i = 0; rc == 0 && i < count &&
		    changes[i]->status == SBK_STATUS_CONFIRMED;) {
		take_range(changes, count, &i, &range);
		if (range.kept)
			rc = sbk_view_keep(db, range.first, range.last, err);
	}
	for (i = 0; rc == 0 && i < count; i++)
		if (changes[i]->note != NULL)
			rc = sbk_view_note(db, changes[i]->id, changes[i]->note,
					   err);
	return rc;
}

/* Before their rows change. */
static int touch_all(struct sbk_journal *journal,
		     struct sbk_change *const *changes, size_t count,
		     struct sbk_error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < count; i++) {
		rc = sbk_summary_touch(journal, changes[i]->id,
				       changes[i]->status == SBK_STATUS_UNDONE,
				       err);
		if (rc == 0)
			rc = sbk_summary_touch(journal, changes[i]->undoes,
					       true, err);
	}
	return rc;
}

static int settle_batch(void *self, struct sbk_change *const *changes,
			size_t count, struct sbk_error *err)
{
	struct sbk_journal *journal = self;
	struct sbk_change **sorted = NULL;
	uint64_t entry;
	int rc = need_transaction(journal, err);

	if (rc == 0)
		rc = sort_settled(changes, count, &sorted, &count, err);
	if (rc < 0 || count == 0)
		goto out;
	/* Not flushed: the next prepare or the end does it, and what a power
	 * cut takes is found again by looking. */
	rc = sbk_log_begin(journal, SBK_COMMIT_ATOMIC, err);
	if (rc < 0)
		goto out;
	sbk_entry_settle(&journal->json, journal->transaction, sbk_os_now_ms(),
			 sorted, count);
	rc = touch_all(journal, sorted, count, err);
	if (rc == 0)
		rc = sbk_log_append(journal, &entry, err);
	if (rc == 0)
		rc = settle_rows(&journal->db, sorted, count, err);
	rc = sbk_log_finish(journal, rc, err);
out:
	free(sorted);
	return rc;
}

struct sbk_recorder sbk_journal_recorder(struct sbk_journal *journal)
{
	static const struct sbk_recorder_ops ops = {
		.prepare = prepare_batch,
		.settle = settle_batch,
	};

	return (struct sbk_recorder){.ops = &ops, .self = journal};
}
