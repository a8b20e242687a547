/*
 * A log handed over as text: what is loaded of it is what the journal has, and
 * no text that is not whole and right becomes a journal.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/journal/fixture.h"

#include "engine/banned.h"

static int gather(void *arg, const struct sbk_buf *chunk, struct sbk_error *err)
{
	struct sbk_buf *out = arg;

	sbk_buf_add(out, chunk->data, chunk->size);
	return sbk_buf_failed(out, err);
}

/* A journal with grants, an undo and a session, as text. */
static void make_text(struct fixture *f, struct sbk_buf *out)
{
	struct sbk_journal *journal;
	struct sbk_apply_result result;

	fixture_tree(f, 5);
	journal = fixture_locked(f);
	(void)fixture_grant(f, journal, "/w");
	fixture_undo_all(f, journal, &result);
	(void)fixture_grant(f, journal, "/w/d");
	assert_ok(sbk_journal_export(journal, gather, out, &f->err), &f->err);
	sbk_journal_close(journal);
}

static int import(const char *text, size_t size, struct sbk_journal **out)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf copy = SBK_BUF_INIT;
	int rc;

	/* In a place of its own size, for the sanitizers. */
	sbk_buf_add(&copy, text, size);
	rc = sbk_journal_import(sbk_buf_text(&copy), size, "the journal of x",
				1000, out, &err);
	sbk_buf_release(&copy);
	if (rc < 0)
		assert_string_not_equal(err.message, "");
	return rc;
}

static void refuse(const char *text, size_t size)
{
	struct sbk_journal *journal = NULL;
	int rc = import(text, size, &journal);

	if (rc == 0)
		fail_msg("taken: %.*s", (int)(size < 300 ? size : 300), text);
	assert_null(journal);
}

static char *changes_of(struct fixture *f, struct sbk_journal *journal,
			bool unsettled)
{
	const struct sbk_journal_filter filter = {.unsettled = unsettled};
	struct sbk_plan *plan = fixture_load(f, journal, &filter);
	struct sbk_buf text = SBK_BUF_INIT;

	assert_true(sbk_plan_count(plan) > 0);
	sbk_plan_print_json(plan, &text);
	sbk_plan_free(plan);
	return text.data;
}

static void test_import__is_what_was_handed_over(void **state)
{
	struct fixture *f = *state;
	struct sbk_buf text = SBK_BUF_INIT;
	struct sbk_journal *theirs, *ours = NULL;
	uint64_t a[SBK_STATUS_COUNT], b[SBK_STATUS_COUNT];
	int unsettled;

	make_text(f, &text);
	theirs = fixture_open(f, SBK_JOURNAL_READ);
	assert_int_equal(import(text.data, text.size, &ours), 0);
	for (unsettled = 0; unsettled < 2; unsettled++) {
		char *one = changes_of(f, theirs, unsettled);
		char *two = changes_of(f, ours, unsettled);

		assert_string_equal(one, two);
		free(one);
		free(two);
	}
	assert_ok(sbk_journal_count(theirs, a, &f->err), &f->err);
	assert_ok(sbk_journal_count(ours, b, &f->err), &f->err);
	assert_memory_equal(a, b, sizeof(a));
	/* What was signed came along, and is passed over. */
	assert_non_null(strstr(text.data, "\n{\"checkpoint\":"));
	sbk_journal_close(ours);
	sbk_journal_close(theirs);
	sbk_buf_release(&text);
}

static void test_import__takes_nothing_that_is_cut_off(void **state)
{
	struct fixture *f = *state;
	struct sbk_buf text = SBK_BUF_INIT;
	const char *states;
	size_t size;

	make_text(f, &text);
	states = strstr(text.data, "{\"state\":");
	assert_non_null(states);
	/* States are asked for when they are loaded; an entry that is missing
	 * changes what was said. */
	for (size = 0; size < (size_t)(states - text.data); size += 101)
		refuse(text.data, size);
	sbk_buf_release(&text);
}

static void test_import__takes_no_state_that_is_another(void **state)
{
	struct fixture *f = *state;
	struct sbk_buf text = SBK_BUF_INIT;
	char *bytes;

	make_text(f, &text);
	bytes = strstr(text.data, "\"bytes_hex\":\"");
	assert_non_null(bytes);
	bytes += strlen("\"bytes_hex\":\"");
	*bytes = *bytes == '0' ? '1' : '0';
	refuse(text.data, text.size);
	sbk_buf_release(&text);
}

static void test_import__takes_no_nonsense(void **state)
{
	static const char head[] =
		"{\"export\":\"sandbook journal\",\"format\":2,"
		"\"book\":\"user\",\"size\":1,\"root\":\"00\"}\n";
	static const char *const lines[] = {
		"",
		"\n",
		"{}\n",
		"[]\n",
		"{\"op\":\"create\"}\n",
		"{\"op\":\"nothing\"}\n",
		"{\"op\":\"intend\",\"change\":1,\"txn\":1}\n",
		"{\"op\":\"begin\",\"txn\":-1}\n",
		"{\"op\":\"end\",\"txn\":9e99,\"state\":\"done\"}\n",
		"{\"state\":\"\"}\n",
		"{\"state\":\"zz\",\"bytes_hex\":\"0\"}\n",
		"{\"export\":\"again\",\"size\":1}\n",
		"{\"op\":\"session_end\",\"session\":1}\n",
	};
	char text[1024];
	size_t i;

	(void)state;
	refuse("", 0);
	refuse("{\"export\":1}\n", 13);
	refuse("{\"op\":\"create\"}\n", 16);
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		(void)snprintf(text, sizeof(text), "%s%s", head, lines[i]);
		refuse(text, strlen(text));
	}
}

/* Behind a log that is whole, so that each is refused for itself. */
static void test_import__takes_no_nonsense_behind_it(void **state)
{
	static const char whole[] =
		"{\"export\":\"sandbook journal\",\"format\":2,"
		"\"book\":\"user\",\"size\":1,\"root\":\"00\"}\n"
		"{\"op\":\"create\",\"format\":1}\n"
		"{\"checkpoint\":\"x\"}\n";
	static const char *const lines[] = {
		"\n",
		"{}\n",
		"{\"op\":\"create\",\"format\":1}\n",
		"{\"export\":\"again\",\"size\":1}\n",
		"{\"state\":\"\"}\n",
		"{\"state\":\"zz\",\"bytes_hex\":\"0\"}\n",
		"{\"checkpoint\":1}\n",
		"{\"checkpoint\":\"x\",\"checkpoint\":\"y\"}\n",
		"{\"checkpoint\":\n",
	};
	static const char early[] =
		"{\"export\":\"sandbook journal\",\"size\":1}\n"
		"{\"checkpoint\":\"x\"}\n"
		"{\"op\":\"create\",\"format\":1}\n";
	struct sbk_journal *journal = NULL;
	char text[1024];
	size_t i;

	(void)state;
	assert_int_equal(import(whole, strlen(whole), &journal), 0);
	sbk_journal_close(journal);
	refuse(early, strlen(early));
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		(void)snprintf(text, sizeof(text), "%s%s", whole, lines[i]);
		refuse(text, strlen(text));
	}
}

/* Every line twice, and one line more than the head says. */
static void test_import__takes_no_more_than_there_is(void **state)
{
	struct fixture *f = *state;
	struct sbk_buf text = SBK_BUF_INIT, more = SBK_BUF_INIT;
	const char *second, *third;

	make_text(f, &text);
	second = strchr(text.data, '\n') + 1;
	third = strchr(second, '\n') + 1;
	sbk_buf_add(&more, text.data, (size_t)(third - text.data));
	sbk_buf_add(&more, second, text.size - (size_t)(second - text.data));
	refuse(more.data, more.size);
	sbk_buf_release(&more);
	sbk_buf_release(&text);
}

/* A log that says of a change that its states are sealed has none of them. */
static void test_import__has_no_sealed_states(void **state)
{
	static const char text[] =
		"{\"export\":\"sandbook journal\",\"format\":2,"
		"\"book\":\"user\",\"size\":3,\"root\":\"00\"}\n"
		"{\"op\":\"create\",\"format\":1}\n"
		"{\"op\":\"begin\",\"txn\":1,\"kind\":\"do\",\"title\":\"x\","
		"\"time_ms\":1}\n"
		"{\"op\":\"intend\",\"change\":1,\"txn\":1,\"kind\":\"kept\","
		"\"name\":\"/etc/shadow\",\"before\":\"00112233445566778899aa"
		"bbccddeeff00112233445566778899aabbccddeeff\",\"after\":null}"
		"\n";
	const struct sbk_journal_filter filter = {.unsettled = true};
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_journal *journal = NULL;
	struct sbk_plan *plan = sbk_plan_new();

	(void)state;
	assert_int_equal(import(text, strlen(text), &journal), 0);
	assert_error(sbk_journal_load(journal, &filter, plan, &err),
		     SBK_E_DENIED, &err);
	sbk_plan_free(plan);
	sbk_journal_close(journal);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_import__is_what_was_handed_over, fixture_setup,
			fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_import__takes_nothing_that_is_cut_off,
			fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_import__takes_no_state_that_is_another,
			fixture_setup, fixture_teardown),
		cmocka_unit_test(test_import__takes_no_nonsense),
		cmocka_unit_test(test_import__takes_no_nonsense_behind_it),
		cmocka_unit_test_setup_teardown(
			test_import__takes_no_more_than_there_is, fixture_setup,
			fixture_teardown),
		cmocka_unit_test(test_import__has_no_sealed_states),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
