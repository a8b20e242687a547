/* Runs in the log: begun, ended, found dead. */
#include "tests/journal/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/banned.h"

#define FIXTURE_TEST(name) \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

static char *session_state(struct sbk_journal *journal, uint64_t id)
{
	char sql[80], *text = NULL;
	sqlite3_stmt *row;

	(void)snprintf(sql, sizeof(sql),
		       "SELECT state FROM session WHERE id = %d", (int)id);
	assert_int_equal(
		sqlite3_prepare_v2(journal->db.handle, sql, -1, &row, NULL),
		SQLITE_OK);
	if (sqlite3_step(row) == SQLITE_ROW)
		text = strdup((const char *)sqlite3_column_text(row, 0));
	sqlite3_finalize(row);
	return text;
}

static void assert_session(struct fixture *f, uint64_t id, const char *wanted)
{
	struct sbk_journal *journal = fixture_open(f, SBK_JOURNAL_READ);
	char *state = session_state(journal, id);

	assert_string_equal(state, wanted);
	free(state);
	sbk_journal_close(journal);
}

static int begin_session_and_die(struct fixture *f, void *arg)
{
	struct sbk_journal *journal = NULL;

	(void)arg;
	if (sbk_journal_open(&f->place, SBK_JOURNAL_CREATE, &journal, NULL) < 0)
		return 1;
	return sbk_session_begin(journal, "\"command\":[\"true\"]",
				 &(uint64_t){0}, NULL) < 0
		       ? 2
		       : 0;
}

static void test_session__ends_or_is_found_dead(void **state)
{
	struct fixture *f = *state;
	struct sbk_journal *journal, *other;
	uint64_t first, second;

	assert_int_equal(fixture_program(begin_session_and_die, f, NULL, 0), 0);
	assert_session(f, 1, "running");
	journal = fixture_open(f, SBK_JOURNAL_WRITE); /* notices */
	assert_session(f, 1, "died");
	assert_ok(sbk_session_begin(journal, "\"a\":1", &first, &f->err),
		  &f->err);
	/* One that lives is not taken for dead. */
	other = fixture_open(f, SBK_JOURNAL_WRITE);
	assert_session(f, first, "running");
	assert_ok(sbk_session_begin(other, "", &second, &f->err), &f->err);
	assert_int_equal(second, first + 1);
	assert_ok(sbk_session_end(journal, first, "\"exit\":0", &f->err),
		  &f->err);
	assert_session(f, first, "ended");
	assert_session(f, second, "running");
	sbk_journal_close(journal);
	sbk_journal_close(other);
	sbk_journal_close(fixture_open(f, SBK_JOURNAL_WRITE));
	assert_session(f, second, "died");
	fixture_assert_sound(f);
}

static void test_session__what_is_no_json_is_refused(void **state)
{
	struct fixture *f = *state;
	struct sbk_journal *journal = fixture_open(f, SBK_JOURNAL_CREATE);
	uint64_t id;

	assert_error(sbk_session_begin(journal, "\"a\":1},{", &id, &f->err),
		     SBK_E_INVAL, &f->err);
	assert_ok(sbk_session_begin(journal, "\"a\":1", &id, &f->err), &f->err);
	assert_int_equal(id, 1);
	sbk_journal_close(journal);
}

static void test_session__is_read_as_it_began(void **state)
{
	struct fixture *f = *state;
	struct sbk_journal *journal = fixture_open(f, SBK_JOURNAL_CREATE);
	struct sbk_buf entry = SBK_BUF_INIT;
	uint64_t id, other;

	assert_ok(sbk_session_begin(journal, "\"a\":1", &id, &f->err), &f->err);
	assert_ok(sbk_session_begin(journal, "\"b\":2", &other, &f->err),
		  &f->err);
	assert_ok(sbk_session_end(journal, id, "\"exit\":0", &f->err), &f->err);
	assert_ok(sbk_journal_session(journal, id, &entry, &f->err), &f->err);
	assert_non_null(strstr(sbk_buf_text(&entry), "\"begin\":{\"a\":1}"));
	sbk_buf_clear(&entry);
	assert_ok(sbk_journal_session(journal, other, &entry, &f->err),
		  &f->err);
	assert_non_null(strstr(sbk_buf_text(&entry), "\"begin\":{\"b\":2}"));
	sbk_buf_clear(&entry);
	assert_error(sbk_journal_session(journal, other + 1, &entry, &f->err),
		     SBK_E_NOTFOUND, &f->err);
	assert_int_equal(entry.size, 0);
	sbk_buf_release(&entry);
	sbk_journal_close(journal);
}

static const struct CMUnitTest tests[] = {
	FIXTURE_TEST(test_session__is_read_as_it_began),
	FIXTURE_TEST(test_session__ends_or_is_found_dead),
	FIXTURE_TEST(test_session__what_is_no_json_is_refused),
};

SBK_TEST_MAIN(tests)
