/*
 * Sessions that owe a hand-back, and carrying it out. A session of granted
 * roots names them in its first entry and is ended only when its account's
 * files were handed back; one that is running and whose process is gone is
 * the debt. What is found is given back by transactions of kind *undo*: each
 * change for itself, and no undo ever takes it back.
 *
 * Two sessions in one root: a root where another is at work is left to that
 * one. Its lock says so, as long as its command runs. Who begins takes its
 * lock first and then waits for SBK_LOCK_RETURNING; who hands back takes that
 * one first and then looks at the locks.
 */
#include "journal/internal.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "engine/apply.h"
#include "engine/hand_back.h"
#include "engine/json_load.h"
#include "engine/path.h"
#include "engine/path_form.h"

#include "engine/banned.h"

#define LOCK_WAIT_MS 60000
#define DEBTS_MAX 1024 /* sessions of one call; more are left for the next */

/* Roots of one kind of session. */
struct roots {
	const char **items;
	size_t count, capacity;
};

struct debts {
	struct sbk_journal *journal;
	const struct sbk_hand_back_request *request;
	struct sbk_arena arena;
	struct roots owed, busy;
	uint64_t dead[DEBTS_MAX];
	size_t dead_count, count;
};

/* --- reading sessions --------------------------------------------------- */

static int read_entry(struct sbk_journal *journal, uint64_t n, json_t **out,
		      struct sbk_error *err)
{
	json_error_t why;
	sqlite3_stmt *row;
	int rc = sbk_db_statement(&journal->db, SBK_SQL_ENTRY, &row, err);

	if (rc < 0)
		return rc;
	*out = NULL;
	(void)sqlite3_bind_int64(row, 1, (sqlite3_int64)n);
	rc = sbk_db_step(&journal->db, row, err);
	if (rc == 1)
		*out = sbk_json_load((const char *)sqlite3_column_text(row, 0),
				     (size_t)sqlite3_column_bytes(row, 0), 0,
				     &why);
	if (rc == 1 && *out == NULL &&
	    json_error_code(&why) == json_error_out_of_memory)
		rc = sbk_error_no_memory(err);
	(void)sqlite3_reset(row); /* the error is in `err` */
	return rc < 0 ? rc : 0;
}

/* The roots of its first entry; NULL where there are none. */
static json_t *roots_of(json_t *entry)
{
	json_t *roots =
		json_object_get(json_object_get(entry, "begin"), "hand_back");

	return json_array_size(roots) > 0 ? roots : NULL;
}

int sbk_session_hands_back(struct sbk_journal *journal, uint64_t begun,
			   bool *out, struct sbk_error *err)
{
	json_t *entry = NULL;
	int rc = read_entry(journal, begun, &entry, err);

	if (rc == 0)
		*out = roots_of(entry) != NULL;
	json_decref(entry);
	return rc;
}

/* A path as sbk_json_name wrote it; NULL where it is none. */
static const char *read_path(struct debts *debts, json_t *item)
{
	const char *text = json_string_value(json_object_get(item, "path"));
	const char *hex = json_string_value(json_object_get(item, "path_hex"));
	size_t size = hex != NULL ? strlen(hex) / 2 : 0;
	char *path;

	if (text != NULL)
		return sbk_arena_strdup(&debts->arena, text);
	path = size > 0 ? sbk_arena_alloc(&debts->arena, size + 1) : NULL;
	if (path == NULL || !sbk_hex_decode(hex, (unsigned char *)path, size))
		return NULL;
	path[size] = '\0';
	return path;
}

static int add_root(struct debts *debts, struct roots *into, const char *path,
		    struct sbk_error *err)
{
	if (into->count == into->capacity) {
		size_t capacity = into->capacity > 0 ? 2 * into->capacity : 16;
		const char **grown = sbk_arena_alloc(&debts->arena,
						     capacity * sizeof(*grown));

		if (grown == NULL)
			return sbk_error_no_memory(err);
		if (into->count > 0)
			memcpy(grown, into->items,
			       into->count * sizeof(*grown));
		into->items = grown;
		into->capacity = capacity;
	}
	into->items[into->count++] = path;
	return 0;
}

static int add_roots(struct debts *debts, struct roots *into, json_t *roots,
		     struct sbk_error *err)
{
	json_t *item;
	size_t i;
	int rc = 0;

	json_array_foreach(roots, i, item) {
		const char *path = read_path(debts, item);

		if (path == NULL || !sbk_path_is_absolute(path))
			rc = sbk_error_set(err, SBK_E_CORRUPT,
					   "journal '%s': a session makes no "
					   "sense; see 'sandbook journal "
					   "verify'",
					   debts->journal->db.path);
		else
			rc = add_root(debts, into, path, err);
		if (rc < 0)
			break;
	}
	return rc;
}

static int is_held(struct debts *debts, uint64_t byte, bool *out,
		   struct sbk_error *err)
{
	*out = true;
	return sbk_store_lock_held(debts->journal->lock, byte, out, err);
}

/* A number on Linux, a SID's text on Windows; "" where it is neither. */
static struct sbk_owner owner_of(const json_t *account)
{
	const char *text = json_string_value(account);
	struct sbk_owner owner = {.text = ""};
	json_int_t number = json_integer_value(account);

	if (text != NULL && !sbk_owner_parse(text, &owner))
		owner = (struct sbk_owner){.text = ""};
	else if (text == NULL && number > 0 && number < UINT32_MAX)
		owner = sbk_owner_of_number((uint32_t)number);
	return owner;
}

static bool is_one_of(const struct sbk_hand_back_request *request,
		      const struct sbk_owner *account)
{
	size_t i;

	for (i = 0; i < request->account_count; i++)
		if (sbk_owner_equal(&request->accounts[i], account))
			return true;
	return false;
}

/* Whether the request is about sessions of this account. */
static bool is_asked(const struct sbk_hand_back_request *request,
		     const struct sbk_owner *account)
{
	return request->accounts != NULL
		       ? !is_one_of(request, account)
		       : sbk_owner_equal(account, &request->account);
}

/* One session that has not ended. */
static int judge(struct debts *debts, uint64_t id, json_t *entry,
		 struct sbk_error *err)
{
	const struct sbk_owner account = owner_of(
		json_object_get(json_object_get(entry, "begin"), "account"));
	json_t *roots = roots_of(entry);
	bool held = false, ending = false, own = id == debts->request->session;
	int rc;

	if (roots == NULL || !is_asked(debts->request, &account))
		return 0;
	rc = is_held(debts, SBK_LOCK_SESSIONS + id, &held, err);
	if (rc == 0)
		rc = is_held(debts, SBK_LOCK_ENDING + id, &ending, err);
	if (rc < 0)
		return rc;
	/* Another that is ending has a hand-back of its own. */
	if (held && !own)
		return ending ? 0 : add_roots(debts, &debts->busy, roots, err);
	if (!own && debts->dead_count == DEBTS_MAX)
		return 0;
	if (!own)
		debts->dead[debts->dead_count++] = id;
	debts->count++;
	return add_roots(debts, &debts->owed, roots, err);
}

static int find_debts(struct debts *debts, struct sbk_error *err)
{
	struct sbk_db *db = &debts->journal->db;
	sqlite3_stmt *row;
	int rc = sbk_db_statement(db, SBK_SQL_RUNNING, &row, err);

	if (rc < 0)
		return rc;
	while ((rc = sbk_db_step(db, row, err)) == 1) {
		json_t *entry = NULL;

		rc = read_entry(debts->journal,
				(uint64_t)sqlite3_column_int64(row, 1), &entry,
				err);
		if (rc == 0)
			rc = judge(debts,
				   (uint64_t)sqlite3_column_int64(row, 0),
				   entry, err);
		json_decref(entry);
		if (rc < 0)
			break;
	}
	(void)sqlite3_reset(row); /* the error is in `err` */
	return rc < 0 ? rc : 0;
}

/* --- carrying it out ---------------------------------------------------- */

static int carry_out(struct debts *debts, const struct sbk_backend *backend,
		     struct sbk_plan *plan, struct sbk_hand_back_report *report,
		     struct sbk_apply_result *result, struct sbk_error *err)
{
	struct sbk_journal *journal = debts->journal;
	const struct sbk_recorder recorder = sbk_journal_recorder(journal);
	/* No roots: nothing is given up, and recovery has nothing to strip. */
	const struct sbk_journal_begin begin = {.kind = SBK_TRANSACTION_UNDO,
						.title = "hand back"};
	const struct sbk_apply_options options = {
		.kind = SBK_TRANSACTION_UNDO,
		.batch_changes = journal->batch_changes,
	};
	int rc;

	journal->session = debts->request->session;
	sbk_journal_tell(journal, begin.title);
	rc = sbk_transaction_begin(journal, &begin, &report->transaction, err);
	journal->session = 0;
	if (rc < 0)
		return rc;
	rc = sbk_apply(backend, &recorder, plan, &options, result, err);
	if (rc == 0)
		return sbk_journal_end(journal, true, err);
	(void)sbk_journal_end(journal, false, NULL); /* rc is reported */
	return rc;
}

/* One slice; `again` where there may be more. */
static int hand_back_once(struct debts *debts,
			  const struct sbk_backend *backend,
			  struct sbk_hand_back_report *report, bool *again,
			  struct sbk_error *err)
{
	const struct sbk_hand_back_request *request = debts->request;
	const struct sbk_hand_back_where where = {
		.roots = debts->owed.items,
		.root_count = debts->owed.count,
		.busy = debts->busy.items,
		.busy_count = debts->busy.count,
	};
	struct sbk_apply_result result = {0};
	struct sbk_plan *plan = sbk_plan_new();
	int rc;

	*again = false;
	if (plan == NULL)
		return sbk_error_no_memory(err);
	memset(&report->left, 0, sizeof(report->left));
	rc = request->find(request->arg, &where, plan, &report->left, err);
	if (rc == 0 && sbk_plan_count(plan) > 0)
		rc = carry_out(debts, backend, plan, report, &result, err);
	report->given += result.confirmed;
	report->owed = sbk_plan_count(plan) - result.confirmed;
	*again = sbk_plan_count(plan) > 0 && result.confirmed > 0;
	sbk_plan_free(plan);
	return rc;
}

/* Until a survey finds nothing, or nothing goes on. */
static int hand_back_all(struct debts *debts, const struct sbk_backend *backend,
			 struct sbk_hand_back_report *report,
			 struct sbk_error *err)
{
	bool again = true;
	int passes, rc = 0;

	for (passes = 0; rc == 0 && again && passes < SBK_TREE_PASSES_MAX;
	     passes++)
		rc = hand_back_once(debts, backend, report, &again, err);
	if (rc < 0)
		return rc;
	if (report->owed > 0 || again || report->left.more)
		return sbk_error_set(
			err, SBK_E_INCOMPLETE,
			"%zu %s handed back, and not all; "
			"'sandbook hand-back' goes on",
			report->given,
			sbk_plural(report->given, "file was", "files were"));
	return debts->dead_count == 0
		       ? 0
		       : sbk_session_died(debts->journal, debts->dead,
					  debts->dead_count, err);
}

/* Ends the sessions of accounts that the person has not (any more). */
static int forget(struct debts *debts, struct sbk_hand_back_report *report,
		  struct sbk_error *err)
{
	int rc = find_debts(debts, err);

	report->sessions = debts->dead_count;
	if (rc < 0 || debts->dead_count == 0)
		return rc;
	rc = sbk_journal_lock(debts->journal, LOCK_WAIT_MS, err);
	if (rc == 0)
		rc = sbk_journal_check_small(debts->journal, err);
	return rc < 0 ? rc
		      : sbk_session_died(debts->journal, debts->dead,
					 debts->dead_count, err);
}

static int hand_back_locked(struct debts *debts,
			    const struct sbk_backend *backend,
			    struct sbk_hand_back_report *report,
			    struct sbk_error *err)
{
	struct sbk_journal *journal = debts->journal;
	size_t settled = 0;
	int rc = find_debts(debts, err);

	report->sessions = debts->count;
	if (rc < 0 || debts->request->find == NULL || debts->count == 0)
		return rc;
	rc = sbk_journal_lock(journal, LOCK_WAIT_MS, err);
	if (rc == 0)
		rc = sbk_journal_check_small(journal, err);
	if (rc >= 0)
		rc = sbk_journal_recover(journal, backend, &settled, err);
	return rc < 0 ? rc : hand_back_all(debts, backend, report, err);
}

void sbk_journal_settle_debts(struct sbk_journal *journal)
{
	int exit_code;

	if (journal->debts && journal->book == SBK_BOOK_USER)
		(void)sbk_hand_back_start(0, true, &exit_code, NULL);
}

int sbk_journal_hand_back(struct sbk_journal *journal,
			  const struct sbk_backend *backend,
			  const struct sbk_hand_back_request *request,
			  struct sbk_hand_back_report *report,
			  struct sbk_error *err)
{
	struct debts *debts = calloc(1, sizeof(*debts));
	int rc = 0;

	if (debts == NULL)
		return sbk_error_no_memory(err);
	debts->journal = journal;
	debts->request = request;
	if (request->find != NULL || request->accounts != NULL)
		rc = sbk_store_lock_take(journal->lock, SBK_LOCK_RETURNING,
					 LOCK_WAIT_MS, err);
	if (rc == 0)
		rc = request->accounts != NULL
			     ? forget(debts, report, err)
			     : hand_back_locked(debts, backend, report, err);
	sbk_arena_release(&debts->arena);
	free(debts);
	return rc; /* closing the journal gives the locks back */
}
