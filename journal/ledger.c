/*
 * The journal behind the engine's commands (engine/ledger.h): each of its
 * functions, from finding and opening the caller's journal to closing it. What
 * a transaction is stands in transact.c.
 */
#include "journal/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/os.h"
#include "engine/path.h"

#include "engine/banned.h"

/* Whose journals these are: main's are the caller's, tests have their own. */
static int place_of(enum sbk_book book, struct sbk_journal_place *out,
		    struct sbk_error *err)
{
	struct sbk_person caller;
	int rc;

	if (book == SBK_BOOK_MACHINE)
		return sbk_journal_place_machine(out, err);
	rc = sbk_os_caller(&caller, err);
	return rc < 0 ? rc : sbk_journal_place_user(&caller, out, err);
}

/*
 * An uninstall that was cut short has begun to record users' paths, and closed
 * the machine's directory for that. Nothing new is built on such a record.
 */
static int check_open_to_all(const struct sbk_journal *journal,
			     struct sbk_error *err)
{
	if (journal->book != SBK_BOOK_MACHINE ||
	    !sbk_store_is_hidden(journal->store))
		return 0;
	return sbk_error_set(err, SBK_E_INCOMPLETE,
			     "'%s' is closed to others, as by an uninstall "
			     "that was cut short: finish it with 'sandbook "
			     "uninstall', or chmod 0755 it if that was you",
			     sbk_store_path(journal->store));
}

static int ledger_transact(void *self, const struct sbk_backend *backend,
			   const struct sbk_transaction_request *request,
			   struct sbk_plan *plan,
			   struct sbk_transaction_report *report,
			   struct sbk_error *err)
{
	struct sbk_journal *journal = NULL;
	struct sbk_journal_place place;
	int rc = place_of(request->book, &place, err);

	(void)self;
	memset(report, 0, sizeof(*report));
	/* Nothing to do is no reason to begin a journal. */
	if (rc == 0 && request->mark != NULL && request->mark->is_new)
		place.id = request->mark->id;
	if (rc == 0)
		rc = sbk_journal_open(&place,
				      sbk_plan_count(plan) > 0
					      ? SBK_JOURNAL_CREATE
					      : SBK_JOURNAL_WRITE,
				      &journal, err);
	if (rc == SBK_E_NOTFOUND && sbk_plan_count(plan) == 0) {
		sbk_error_clear(err);
		return 0;
	}
	if (rc == 0)
		rc = check_open_to_all(journal, err);
	if (rc == 0)
		rc = sbk_journal_transact(journal, backend, request, plan,
					  report, err);
	sbk_journal_close(journal);
	return rc;
}

static int open_book(enum sbk_book book, enum sbk_journal_mode mode,
		     struct sbk_journal **out, struct sbk_error *err)
{
	struct sbk_journal_place place;
	int rc = place_of(book, &place, err);

	return rc < 0 ? rc : sbk_journal_open(&place, mode, out, err);
}

/* With the lock, and without what a crash left. */
static int open_locked(enum sbk_book book, const struct sbk_backend *backend,
		       struct sbk_journal **out, size_t *settled,
		       struct sbk_error *err)
{
	int rc = open_book(book, SBK_JOURNAL_WRITE, out, err);

	if (rc == 0)
		rc = check_open_to_all(*out, err);
	if (rc == 0)
		rc = sbk_journal_lock(*out, SBK_JOURNAL_LOCK_WAIT_MS, err);
	if (rc == 0)
		rc = sbk_journal_recover(*out, backend, settled, err);
	return rc;
}

static int ledger_recover(void *self, const struct sbk_backend *backend,
			  enum sbk_book book, size_t *settled,
			  struct sbk_error *err)
{
	struct sbk_journal *journal = NULL;
	int rc;

	(void)self;
	*settled = 0;
	rc = open_locked(book, backend, &journal, settled, err);
	if (rc == SBK_E_NOTFOUND) {
		sbk_error_clear(err);
		return 0;
	}
	sbk_journal_close(journal);
	return rc;
}

/* --- taking back a part ------------------------------------------------- */

static bool is_kept(const struct sbk_change *change)
{
	return change->object.kind == SBK_KIND_KEPT;
}

/* The number of the first that is no kept file; 0 where there is none. */
static uint64_t first_change(struct sbk_plan *plan)
{
	size_t i;

	for (i = 0; i < sbk_plan_count(plan); i++)
		if (!is_kept(sbk_plan_at(plan, i)))
			return sbk_plan_at(plan, i)->id;
	return 0;
}

static bool is_last_of_name(struct sbk_plan *plan, size_t index)
{
	const char *name = sbk_plan_at(plan, index)->object.name;
	size_t i;

	for (i = index + 1; i < sbk_plan_count(plan); i++)
		if (is_kept(sbk_plan_at(plan, i)) &&
		    strcmp(sbk_plan_at(plan, i)->object.name, name) == 0)
			return false;
	return true;
}

/*
 * Kept files of what was taken back earlier stay in effect and are left out.
 * Where nothing else is left, a removal was cut short before it came to them:
 * the last of each file is looked at.
 */
static int select_wanted(struct sbk_plan *chosen, struct sbk_plan *out,
			 struct sbk_error *err)
{
	const uint64_t first = first_change(chosen);
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < sbk_plan_count(chosen); i++) {
		const struct sbk_change *change = sbk_plan_at(chosen, i);

		if (first != 0 ? change->id >= first
			       : is_last_of_name(chosen, i))
			rc = sbk_plan_add(out, change, err);
	}
	return rc;
}

static int load_wanted(struct sbk_journal *journal,
		       const struct sbk_take_back_request *request,
		       struct sbk_plan *out, struct sbk_error *err)
{
	const struct sbk_journal_filter filter = {.unsettled = true};
	struct sbk_plan *all = sbk_plan_new(), *chosen = sbk_plan_new();
	size_t i;
	int rc = 0;

	if (all == NULL || chosen == NULL)
		rc = sbk_error_no_memory(err);
	if (rc == 0)
		rc = sbk_journal_load(journal, &filter, all, err);
	for (i = 0; rc == 0 && i < sbk_plan_count(all); i++)
		if (request->is_wanted(request->arg, sbk_plan_at(all, i)))
			rc = sbk_plan_add(chosen, sbk_plan_at(all, i), err);
	if (rc == 0)
		rc = select_wanted(chosen, out, err);
	sbk_plan_free(all);
	sbk_plan_free(chosen);
	return rc;
}

/* What is to go with `taken`; into `out`. */
static int load_more(const struct sbk_take_back_request *request,
		     struct sbk_plan *taken, struct sbk_plan *out,
		     struct sbk_error *err)
{
	return request->plan_more == NULL
		       ? 0
		       : request->plan_more(request->arg, taken, out, err);
}

static int
take_more(struct sbk_journal *journal, const struct sbk_backend *backend,
	  const struct sbk_take_back_request *request, struct sbk_plan *taken,
	  struct sbk_transaction_report *report, struct sbk_error *err)
{
	struct sbk_plan *more = sbk_plan_new();
	int rc = more == NULL ? sbk_error_no_memory(err)
			      : load_more(request, taken, more, err);

	if (rc == 0)
		rc = sbk_journal_remove_for_good(journal, backend,
						 request->title, more,
						 &report->made, err);
	sbk_plan_free(more);
	return rc;
}

static int take_back(struct sbk_journal *journal,
		     const struct sbk_backend *backend,
		     const struct sbk_take_back_request *request,
		     struct sbk_transaction_report *report,
		     struct sbk_error *err)
{
	struct sbk_plan *wanted = sbk_plan_new();
	int rc = wanted == NULL ? sbk_error_no_memory(err)
				: load_wanted(journal, request, wanted, err);

	if (rc == 0 && sbk_plan_count(wanted) > 0) {
		sbk_journal_tell(journal, request->title);
		rc = sbk_journal_take_back(journal, backend, request->title,
					   wanted, &report->transaction,
					   &report->undone, err);
	}
	if (rc == 0)
		rc = take_more(journal, backend, request, wanted, report, err);
	sbk_plan_free(wanted);
	return rc;
}

static int ledger_take_back(void *self, const struct sbk_backend *backend,
			    const struct sbk_take_back_request *request,
			    struct sbk_transaction_report *report,
			    struct sbk_error *err)
{
	struct sbk_journal *journal = NULL;
	int rc;

	(void)self;
	memset(report, 0, sizeof(*report));
	rc = open_locked(request->book, backend, &journal, &report->recovered,
			 err);
	if (rc == SBK_E_NOTFOUND) {
		sbk_error_clear(err);
		return 0;
	}
	if (rc == 0)
		rc = take_back(journal, backend, request, report, err);
	if (journal != NULL)
		sbk_journal_report(journal, report);
	sbk_journal_close(journal);
	return rc;
}

static int ledger_plan_take_back(void *self, const struct sbk_backend *backend,
				 const struct sbk_take_back_request *request,
				 struct sbk_plan *out, struct sbk_error *err)
{
	struct sbk_plan *wanted = sbk_plan_new();
	struct sbk_journal *journal = NULL;
	int rc;

	(void)self;
	if (wanted == NULL)
		return sbk_error_no_memory(err);
	rc = open_book(request->book, SBK_JOURNAL_READ, &journal, err);
	if (rc == SBK_E_NOTFOUND) {
		sbk_error_clear(err);
		sbk_plan_free(wanted);
		return 0;
	}
	if (rc == 0)
		rc = load_wanted(journal, request, wanted, err);
	if (rc == 0 && sbk_plan_count(wanted) > 0)
		rc = sbk_journal_plan_take_back(journal, backend, wanted, out,
						err);
	if (rc == 0)
		rc = load_more(request, wanted, out, err);
	sbk_journal_close(journal);
	sbk_plan_free(wanted);
	return rc;
}

static int ledger_owed(void *self, enum sbk_book book, uint64_t *count,
		       struct sbk_error *err)
{
	uint64_t counts[SBK_STATUS_COUNT];
	struct sbk_journal *journal = NULL;
	int rc;

	(void)self;
	rc = open_book(book, SBK_JOURNAL_READ, &journal, err);
	if (rc == 0)
		rc = sbk_journal_check_small(journal, err);
	if (rc >= 0)
		rc = sbk_journal_count(journal, counts, err);
	sbk_journal_close(journal);
	if (rc == 0)
		*count = counts[SBK_STATUS_OWED];
	return rc;
}

static int load_kind(struct sbk_journal *journal, enum sbk_kind kind,
		     bool unsettled, struct sbk_plan *out,
		     struct sbk_error *err)
{
	const struct sbk_journal_filter filter = {.kind = sbk_kind_name(kind),
						  .unsettled = unsettled};

	return out == NULL ? sbk_error_no_memory(err)
			   : sbk_journal_load(journal, &filter, out, err);
}

static int add_expected(struct sbk_journal *journal, enum sbk_kind kind,
			struct sbk_plan *out, struct sbk_error *err)
{
	struct sbk_plan *standing = sbk_plan_new(), *all = sbk_plan_new();
	const struct sbk_change **last = NULL;
	size_t i, count = 0;
	int rc = load_kind(journal, kind, true, standing, err);

	if (rc == 0)
		rc = load_kind(journal, kind, false, all, err);
	if (rc == 0) {
		last = calloc(sbk_plan_count(standing) + 1, sizeof(*last));
		rc = last == NULL ? sbk_error_no_memory(err)
				  : sbk_journal_expected(standing, all, last,
							 &count, err);
	}
	for (i = 0; rc == 0 && i < count; i++)
		rc = sbk_plan_add(out, last[i], err);
	free(last);
	sbk_plan_free(standing);
	sbk_plan_free(all);
	return rc;
}

static int ledger_expected(void *self, enum sbk_book book, enum sbk_kind kind,
			   struct sbk_plan *out, struct sbk_error *err)
{
	struct sbk_journal *journal = NULL;
	int rc = open_book(book, SBK_JOURNAL_READ, &journal, err);

	(void)self;
	if (rc == SBK_E_NOTFOUND) {
		sbk_error_clear(err);
		return 0;
	}
	if (rc == 0)
		rc = add_expected(journal, kind, out, err);
	sbk_journal_close(journal);
	return rc;
}

static int ledger_signed_to(void *self, enum sbk_book book, uint64_t *entries,
			    uint64_t *covered, struct sbk_error *err)
{
	struct sbk_journal *journal = NULL;
	uint64_t newest = 0, last = 0;
	int rc = open_book(book, SBK_JOURNAL_READ, &journal, err);

	(void)self;
	if (rc == 0)
		rc = sbk_db_number(&journal->db, SBK_SQL_NEWEST_CHECKPOINT_SIZE,
				   &newest, err);
	if (rc == 0)
		rc = sbk_db_number(&journal->db, SBK_SQL_LAST_ENTRY, &last,
				   err);
	if (rc == 0) { /* they are counted from 0; the first begins the log */
		*entries = last + 1;
		*covered = newest;
	}
	sbk_journal_close(journal);
	return rc;
}

/* Whether any of these changes at or below `path` is in effect. */
static int any_in_effect(struct sbk_db *db, const char *path, int64_t first,
			 int64_t last, struct sbk_error *err)
{
	sqlite3_stmt *row;
	int rc = sbk_db_statement(db, SBK_SQL_IN_EFFECT, &row, err);

	if (rc < 0)
		return rc;
	(void)sqlite3_bind_int64(row, 1, first);
	(void)sqlite3_bind_int64(row, 2, last);
	while ((rc = sbk_db_step(db, row, err)) == 1) {
		const char *name = sbk_db_text(row, 1);

		if (name != NULL && sbk_path_within(name, path))
			break;
	}
	(void)sqlite3_reset(row); /* the error is in `err` */
	return rc;
}

/* Adds the root of this row where it is the principal's and in effect. */
static int add_in_effect(struct sbk_db *db, sqlite3_stmt *row,
			 const char *principal, struct sbk_plan *out,
			 struct sbk_error *err)
{
	const struct sbk_plan_root root = {.path = sbk_db_text(row, 0),
					   .identity = sbk_db_text(row, 1),
					   .principal = sbk_db_text(row, 2)};
	int rc;

	if (root.path == NULL || root.principal == NULL ||
	    (principal != NULL && strcmp(root.principal, principal) != 0))
		return 0;
	rc = any_in_effect(db, root.path, sqlite3_column_int64(row, 3),
			   sqlite3_column_int64(row, 4), err);
	return rc <= 0 ? rc : sbk_plan_add_root(out, &root, NULL, err);
}

static int add_granted(struct sbk_db *db, const char *principal,
		       struct sbk_plan *out, struct sbk_error *err)
{
	sqlite3_stmt *row;
	int rc = sbk_db_statement(db, SBK_SQL_GRANTED_ROOTS, &row, err);

	if (rc < 0)
		return rc;
	while ((rc = sbk_db_step(db, row, err)) == 1) {
		rc = add_in_effect(db, row, principal, out, err);
		if (rc < 0)
			break;
	}
	(void)sqlite3_reset(row); /* the error is in `err` */
	return rc;
}

static int ledger_granted(void *self, enum sbk_book book, const char *principal,
			  struct sbk_plan *out, struct sbk_error *err)
{
	struct sbk_journal *journal = NULL;
	int rc;

	(void)self;
	rc = open_book(book, SBK_JOURNAL_READ, &journal, err);
	if (rc == SBK_E_NOTFOUND) {
		sbk_error_clear(err);
		return 0;
	}
	if (rc == 0)
		rc = add_granted(&journal->db, principal, out, err);
	sbk_journal_close(journal);
	return rc;
}

static int ledger_mark(void *self, enum sbk_book book,
		       struct sbk_book_mark *out, struct sbk_error *err)
{
	struct sbk_journal *journal = NULL;
	int rc = open_book(book, SBK_JOURNAL_READ, &journal, err);

	(void)self;
	if (rc == SBK_E_NOTFOUND) {
		sbk_error_clear(err);
		return sbk_journal_mark_new(out, err);
	}
	if (rc == 0)
		rc = sbk_journal_mark(journal, out, err);
	sbk_journal_close(journal);
	return rc;
}

static int ledger_witness(void *self, sbk_witness_fn *tell, void *arg,
			  struct sbk_error *err)
{
	struct sbk_journal *journal = NULL;
	int rc = open_book(SBK_BOOK_MACHINE, SBK_JOURNAL_WRITE, &journal, err);

	(void)self;
	if (rc == SBK_E_NOTFOUND) {
		sbk_error_clear(err);
		return 0;
	}
	if (rc == 0)
		rc = check_open_to_all(journal, err);
	if (rc == 0)
		rc = sbk_journal_lock(journal, SBK_JOURNAL_LOCK_WAIT_MS, err);
	if (rc == 0)
		rc = sbk_journal_witness(journal, true, tell, arg, err);
	sbk_journal_close(journal);
	return rc;
}

static int ledger_anchor(void *self, enum sbk_book book, struct sbk_error *err)
{
	struct sbk_journal *journal = NULL;
	int rc = open_book(book, SBK_JOURNAL_READ, &journal, err);

	(void)self;
	if (rc == 0)
		rc = sbk_journal_anchor(journal, err);
	sbk_journal_close(journal);
	return rc;
}

/* --- sessions ----------------------------------------------------------- */

static int ledger_session_begin(void *self, struct sbk_session *session,
				struct sbk_error *err)
{
	struct sbk_journal *journal = NULL;
	struct sbk_journal_place place;
	int rc = session->person != NULL
			 ? sbk_journal_place_user(session->person, &place, err)
			 : place_of(SBK_BOOK_USER, &place, err);

	(void)self;
	if (rc == 0)
		rc = sbk_journal_open(&place, SBK_JOURNAL_CREATE, &journal,
				      err);
	if (rc == 0)
		rc = sbk_session_begin(journal, session->begin_members,
				       &session->id, err);
	if (rc < 0) {
		sbk_journal_close(journal);
		return sbk_error_prefix(err, "the session cannot be recorded "
					     "(--best-effort runs without)");
	}
	session->token = journal;
	memcpy(session->new_key, journal->new_key, sizeof(session->new_key));
	session->debts = journal->debts;
	/* A hand-back that is under way would take this one's files, too; one
	 * that begins later sees that it is at work. */
	if (session->hands_back &&
	    sbk_store_lock_take(journal->lock, SBK_LOCK_RETURNING,
				SBK_JOURNAL_LOCK_WAIT_MS, NULL) == 0)
		return sbk_store_lock_release(journal->lock, SBK_LOCK_RETURNING,
					      err);
	return 0;
}

static int ledger_session_ending(void *self, struct sbk_session *session,
				 struct sbk_error *err)
{
	struct sbk_journal *journal = session->token;

	(void)self;
	return journal == NULL
		       ? 0
		       : sbk_store_lock_take(journal->lock,
					     SBK_LOCK_ENDING + session->id, 0,
					     err);
}

static int ledger_hand_back(void *self, const struct sbk_backend *backend,
			    const struct sbk_hand_back_request *request,
			    struct sbk_hand_back_report *report,
			    struct sbk_error *err)
{
	struct sbk_journal *journal = NULL;
	int rc;

	(void)self;
	memset(report, 0, sizeof(*report));
	rc = open_book(SBK_BOOK_USER, SBK_JOURNAL_WRITE, &journal, err);
	if (rc == SBK_E_NOTFOUND) {
		sbk_error_clear(err);
		return 0;
	}
	if (rc == 0)
		rc = sbk_journal_hand_back(journal, backend, request, report,
					   err);
	sbk_journal_close(journal);
	return rc;
}

static int ledger_session_end(void *self, struct sbk_session *session,
			      struct sbk_error *err)
{
	struct sbk_journal *journal = session->token;
	int rc;

	(void)self;
	if (journal == NULL)
		return 0;
	rc = sbk_session_end(journal, session->id, session->end_members, err);
	sbk_journal_close(journal);
	session->token = NULL;
	return rc;
}

void sbk_journal_ledger(struct sbk_ledger *out)
{
	static const struct sbk_ledger_ops ops = {
		.transact = ledger_transact,
		.session_begin = ledger_session_begin,
		.session_end = ledger_session_end,
		.session_ending = ledger_session_ending,
		.hand_back = ledger_hand_back,
		.recover = ledger_recover,
		.take_back = ledger_take_back,
		.plan_take_back = ledger_plan_take_back,
		.granted = ledger_granted,
		.mark = ledger_mark,
		.owed = ledger_owed,
		.expected = ledger_expected,
		.signed_to = ledger_signed_to,
		.witness = ledger_witness,
		.anchor = ledger_anchor,
	};

	*out = (struct sbk_ledger){.ops = &ops};
}
