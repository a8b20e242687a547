/* See the header. */
#include "tests/journal/life.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "journal/segment.h"
#include "journal/signing.h"

#include "engine/banned.h"

size_t life_batch_changes;

void life_build(struct fixture *f)
{
	fixture_tree(f, 2);
	(void)fake_add(f->world, "/elsewhere", true);
	fake_add_named(f->world, SBK_KIND_KEPT, "/etc/passwd-", "old\n");
}

static int add_machine_changes(struct sbk_plan *plan, struct sbk_error *err)
{
	static const struct sbk_change changes[] = {
		{.object = {.kind = SBK_KIND_ACCOUNT, .name = "sandbook-1-off"},
		 .after = {.data = "uid 990\n", .size = 8}},
		{.object = {.kind = SBK_KIND_KEPT, .name = "/etc/passwd-"},
		 .before = {.data = "old\n", .size = 4},
		 .after = {.data = "old\n", .size = 4},
		 .ours = "name sandbook-1-off"},
		{.object = {.kind = SBK_KIND_FIREWALL, .name = "inet sandbook"},
		 .after = {.data = "table\n", .size = 6}},
	};
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < sizeof(changes) / sizeof(changes[0]); i++)
		rc = sbk_plan_add(plan, &changes[i], err);
	return rc;
}

/* Opened and locked; NULL where a fault is in the way. */
static struct sbk_journal *open_locked(struct fixture *f)
{
	struct sbk_journal *journal = NULL;

	if (sbk_journal_open(&f->place, SBK_JOURNAL_CREATE, &journal, &f->err) <
	    0)
		return NULL;
	journal->batch_changes = life_batch_changes;
	if (sbk_journal_lock(journal, 5000, &f->err) == 0)
		return journal;
	sbk_journal_close(journal);
	return NULL;
}

int life_grant(struct fixture *f, const struct sbk_backend *backend)
{
	struct sbk_transaction_request request = {.book = SBK_BOOK_USER,
						  .title = "grant"};
	struct sbk_transaction_report report;
	struct sbk_journal *journal = NULL;
	struct sbk_plan *plan = sbk_plan_new();
	int rc = plan != NULL ? 0 : sbk_error_no_memory(&f->err);

	if (rc == 0)
		rc = fake_plan_grant(&f->backend, "/w", "u:990", plan, &f->err);
	/* An account and the file kept with it are of one batch. */
	if (rc == 0 && life_batch_changes == 0)
		rc = add_machine_changes(plan, &f->err);
	if (rc == 0)
		rc = sbk_journal_open(&f->place, SBK_JOURNAL_CREATE, &journal,
				      &f->err);
	if (rc == 0) {
		journal->batch_changes = life_batch_changes;
		rc = sbk_journal_transact(journal, backend, &request, plan,
					  &report, &f->err);
	}
	sbk_journal_close(journal);
	sbk_plan_free(plan);
	return rc;
}

int life_undo(struct fixture *f, const struct sbk_backend *backend)
{
	const struct sbk_journal_filter all = {.unsettled = true};
	struct sbk_apply_result result = {.confirmed = 0};
	struct sbk_journal *journal = open_locked(f);
	struct sbk_plan *plan = sbk_plan_new();
	size_t settled = 0;
	int rc = 0;

	if (plan == NULL)
		rc = sbk_error_no_memory(&f->err);
	else if (journal == NULL)
		rc = SBK_E_IO;
	if (rc == 0)
		rc = sbk_journal_recover(journal, backend, &settled, &f->err);
	if (rc == 0)
		rc = sbk_journal_load(journal, &all, plan, &f->err);
	if (rc == 0)
		rc = sbk_journal_undo(journal, backend, "undo", plan, &result,
				      &f->err);
	if (rc == 0 && (result.owed > 0 || result.conflicts > 0))
		rc = SBK_E_INCOMPLETE;
	sbk_plan_free(plan);
	sbk_journal_close(journal);
	return rc;
}

int life_recover(struct fixture *f, const struct sbk_backend *backend)
{
	struct sbk_journal *journal = open_locked(f);
	size_t settled = 0;
	int rc = journal != NULL ? sbk_journal_recover(journal, backend,
						       &settled, &f->err)
				 : SBK_E_IO;

	sbk_journal_close(journal);
	return rc;
}

int life_rotate(struct fixture *f, const struct sbk_backend *backend)
{
	struct sbk_journal *journal = open_locked(f);
	int rc = journal != NULL ? sbk_key_rotate(journal, &f->err) : SBK_E_IO;

	(void)backend;
	sbk_journal_close(journal);
	return rc;
}

static int gather(void *arg, const struct sbk_buf *chunk, struct sbk_error *err)
{
	struct sbk_buf *out = arg;

	sbk_buf_add(out, chunk->data, chunk->size);
	return sbk_buf_failed(out, err);
}

int life_export(struct sbk_journal *journal, struct sbk_buf *out, uint64_t *end,
		struct sbk_error *err)
{
	char why[SBK_SEGMENT_WHY_MAX];
	int rc = sbk_log_snapshot(journal, err);

	*end = 0;
	if (rc < 0)
		return rc;
	rc = sbk_segment_end(journal, UINT64_MAX, end, why, err);
	if (rc == 1)
		rc = sbk_segment_print(journal, *end, gather, out, err);
	sbk_db_abandon(&journal->db);
	return rc;
}

int life_drop(struct fixture *f, const struct sbk_backend *backend)
{
	struct sbk_journal *journal = open_locked(f);
	struct sbk_segment_report report;
	struct sbk_buf text = SBK_BUF_INIT;
	uint64_t end = 0;
	int rc = journal == NULL ? SBK_E_IO
				 : life_export(journal, &text, &end, &f->err);

	(void)backend;
	if (rc == 0 && end > 0)
		rc = sbk_segment_drop(journal, &text, 0, &report, &f->err);
	sbk_buf_release(&text);
	sbk_journal_close(journal);
	return rc;
}

int life_run(struct fixture *f, const struct sbk_backend *backend)
{
	struct sbk_journal *journal = NULL;
	uint64_t session = 0;
	int rc = sbk_journal_open(&f->place, SBK_JOURNAL_CREATE, &journal,
				  &f->err);

	(void)backend;
	if (rc == 0)
		rc = sbk_session_begin(journal, "\"command\":[\"true\"]",
				       &session, &f->err);
	if (rc == 0)
		rc = sbk_session_end(journal, session, "\"exit\":0", &f->err);
	sbk_journal_close(journal);
	return rc;
}

int life_remove(struct fixture *f, const struct sbk_backend *backend)
{
	int rc = life_undo(f, backend);

	return rc < 0 ? rc : sbk_journal_remove(&f->place, &f->err);
}

/* --- what must hold ----------------------------------------------------- */

/* All changes that the filter wants; the caller frees. */
static struct sbk_plan *load(struct fixture *f,
			     const struct sbk_journal_filter *filter)
{
	struct sbk_plan *plan = sbk_plan_new();
	struct sbk_journal *journal = NULL;
	int rc = sbk_journal_open(&f->place, SBK_JOURNAL_WRITE, &journal,
				  &f->err);

	if (rc == 0)
		rc = sbk_journal_load(journal, filter, plan, &f->err);
	if (rc < 0 && rc != SBK_E_NOTFOUND)
		print_error("looking for changes: %s\n", f->err.message);
	sbk_journal_close(journal);
	return plan;
}

static const struct sbk_change *last_change(struct sbk_plan *plan,
					    const struct fake_object *object)
{
	size_t i;

	for (i = sbk_plan_count(plan); i-- > 0;)
		if (sbk_plan_at(plan, i)->object.kind == object->kind &&
		    strcmp(sbk_plan_at(plan, i)->object.name, object->name) ==
			    0)
			return sbk_plan_at(plan, i);
	return NULL;
}

static bool is_as_at_start(const struct fake_object *object, const char *start)
{
	char line[800];

	(void)snprintf(line, sizeof(line), "%s %s %s\n%s", object->identity,
		       sbk_kind_name(object->kind), object->name,
		       object->state);
	return object->state[0] == '\0' || strstr(start, line) != NULL;
}

bool life_is_intended(struct fixture *f, const char *start)
{
	const struct sbk_journal_filter all = {.transaction = 0};
	struct sbk_plan *plan = load(f, &all);
	bool intended = true;
	size_t i;

	for (i = 0; intended && i < f->world->count; i++) {
		const struct fake_object *object = &f->world->objects[i];

		intended = is_as_at_start(object, start) ||
			   last_change(plan, object) != NULL;
		if (!intended)
			print_error("changed without an intent: %s: %s\n",
				    object->name, object->state);
	}
	sbk_plan_free(plan);
	return intended;
}

static bool is_told(const struct fake_object *object,
		    const struct sbk_change *change, const char *start)
{
	/* What it is depends on what else is undone: see FORMAT.md. */
	if (object->kind == SBK_KIND_KEPT)
		return true;
	if (change == NULL)
		return is_as_at_start(object, start);
	return change->status == SBK_STATUS_CONFIRMED &&
	       change->after.size == strlen(object->state) &&
	       memcmp(change->after.data, object->state, change->after.size) ==
		       0;
}

bool life_is_known(struct fixture *f, const char *start)
{
	const struct sbk_journal_filter in_effect = {.unsettled = true};
	struct sbk_plan *plan = load(f, &in_effect);
	bool known = true;
	size_t i;

	for (i = 0; known && i < f->world->count; i++) {
		const struct fake_object *object = &f->world->objects[i];

		known = is_told(object, last_change(plan, object), start);
		if (!known)
			print_error("it is not known what '%s' is: %s\n",
				    object->name, object->state);
	}
	sbk_plan_free(plan);
	return known;
}

#define DIFFERENCES(a, b, table)                            \
	"(SELECT count(*) FROM (SELECT * FROM " a "." table \
	" EXCEPT SELECT * FROM " b "." table "))"

void life_assert_published(struct fixture *f)
{
	static const char compare[] = "SELECT " DIFFERENCES("main", "copy", "entry") " + " DIFFERENCES(
		"copy", "main",
		"entry") " + " DIFFERENCES("main", "copy",
					   "head") " + " DIFFERENCES("main",
								     "copy",
								     "change");
	sqlite3_stmt *row = NULL;
	sqlite3 *db = NULL;
	char *attach;

	assert_int_equal(sqlite3_open(fixture_path(f, "live.db"), &db),
			 SQLITE_OK);
	attach = sqlite3_mprintf("ATTACH %Q AS copy",
				 fixture_path(f, "journal.db"));
	assert_int_equal(sqlite3_exec(db, attach, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, compare, -1, &row, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_step(row), SQLITE_ROW);
	assert_int_equal(sqlite3_column_int(row, 0), 0);
	sqlite3_finalize(row);
	sqlite3_free(attach);
	sqlite3_close(db);
	assert_int_equal(access(fixture_path(f, "journal.db.copy"), F_OK), -1);
}

void life_assert_world(struct fixture *f, const char *start, const char *when,
		       unsigned long n)
{
	char *now = fixture_world(f);

	if (strcmp(now, start) != 0) {
		print_error("%s %lu the world is\n%s\nand was\n%s", when, n,
			    now, start);
		fail();
	}
	free(now);
}
