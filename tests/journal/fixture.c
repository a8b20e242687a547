/* See the header. */
#include "tests/journal/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/banned.h"

int fixture_setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	char home[SBK_PATH_MAX];

	if (f == NULL)
		return -1;
	f->directory = sbk_test_directory("journal");
	(void)snprintf(home, sizeof(home), "%s/home", f->directory);
	if (fixture_make_home(home, &f->place.owner) < 0)
		return -1;
	(void)snprintf(f->place.directory, sizeof(f->place.directory),
		       "%.3000s/state/j", home);
	f->place.book = SBK_BOOK_USER;
	f->place.base = strlen(home);
	f->world = fake_world_new();
	f->backend = fake_backend(f->world);
	*state = f;
	return 0;
}

int fixture_teardown(void **state)
{
	struct fixture *f = *state;

	sbk_backend_close(&f->backend);
	fake_world_free(f->world);
	sbk_test_remove(f->directory);
	free(f);
	return 0;
}

struct sbk_journal *fixture_open(struct fixture *f, enum sbk_journal_mode mode)
{
	struct sbk_journal *journal = NULL;

	assert_ok(sbk_journal_open(&f->place, mode, &journal, &f->err),
		  &f->err);
	return journal;
}

struct sbk_journal *fixture_locked(struct fixture *f)
{
	struct sbk_journal *journal = fixture_open(f, SBK_JOURNAL_CREATE);

	assert_ok(sbk_journal_lock(journal, 5000, &f->err), &f->err);
	return journal;
}

void fixture_tree(struct fixture *f, int files)
{
	char path[64];
	int i;

	(void)fake_add(f->world, "/w", true);
	for (i = 0; i < files; i++) {
		(void)snprintf(path, sizeof(path), "/w/f%d", i);
		(void)fake_add(f->world, path, false);
	}
	(void)fake_add(f->world, "/w/d", true);
	(void)fake_add(f->world, "/w/d/file", false);
}

uint64_t fixture_grant_to(struct fixture *f, struct sbk_journal *journal,
			  const char *path, const char *principal)
{
	const struct sbk_transaction_request request = {
		.book = SBK_BOOK_USER,
		.title = "a grant",
	};
	const struct sbk_plan_root root = {
		.path = path,
		.identity =
			fake_find(f->world, SBK_KIND_ACCESS, path)->identity,
		.principal = principal,
		.principal_name = "dev",
		.writable = true,
	};
	struct sbk_transaction_report report;
	struct sbk_plan *plan = sbk_plan_new();

	assert_ok(fake_plan_grant(&f->backend, path, principal, plan, &f->err),
		  &f->err);
	assert_ok(sbk_plan_add_root(plan, &root, NULL, &f->err), &f->err);
	assert_ok(sbk_journal_transact(journal, &f->backend, &request, plan,
				       &report, &f->err),
		  &f->err);
	assert_int_equal(report.made.confirmed, sbk_plan_count(plan));
	sbk_plan_free(plan);
	return report.transaction;
}

uint64_t fixture_grant(struct fixture *f, struct sbk_journal *journal,
		       const char *path)
{
	return fixture_grant_to(f, journal, path, "u:990");
}

struct sbk_plan *fixture_load(struct fixture *f, struct sbk_journal *journal,
			      const struct sbk_journal_filter *filter)
{
	struct sbk_plan *plan = sbk_plan_new();

	assert_ok(sbk_journal_load(journal, filter, plan, &f->err), &f->err);
	return plan;
}

void fixture_undo_all(struct fixture *f, struct sbk_journal *journal,
		      struct sbk_apply_result *result)
{
	const struct sbk_journal_filter filter = {.unsettled = true};
	struct sbk_plan *changes = fixture_load(f, journal, &filter);

	assert_ok(sbk_journal_undo(journal, &f->backend, "undo", changes,
				   result, &f->err),
		  &f->err);
	sbk_plan_free(changes);
}

uint64_t fixture_count(struct fixture *f, struct sbk_journal *journal,
		       enum sbk_status status)
{
	uint64_t counts[SBK_STATUS_COUNT];

	assert_ok(sbk_journal_count(journal, counts, &f->err), &f->err);
	return counts[status];
}

char *fixture_world(struct fixture *f)
{
	struct sbk_buf text = SBK_BUF_INIT;

	fake_print(f->world, &text);
	return sbk_buf_steal(&text);
}

void fixture_assert_sound(struct fixture *f)
{
	struct sbk_journal *journal = fixture_open(f, SBK_JOURNAL_READ);
	struct sbk_journal_verdict verdict;

	assert_ok(sbk_journal_verify(journal, &verdict, &f->err), &f->err);
	assert_ok(sbk_journal_check(journal, &f->err), &f->err);
	if (verdict.findings > 0)
		fail_msg("verify found: %s", sbk_buf_text(&verdict.text));
	sbk_journal_verdict_release(&verdict);
	sbk_journal_close(journal);
}

const char *fixture_path(const struct fixture *f, const char *name)
{
	static char path[SBK_PATH_MAX + 64];

	(void)snprintf(path, sizeof(path), "%s/%s", f->place.directory, name);
	return path;
}

void fixture_sql(const struct fixture *f, const char *sql)
{
	char *why = NULL;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(fixture_path(f, "journal.db"), &db),
			 SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
		fail_msg("%s: %s", sql, why);
	sqlite3_close(db);
}
