/*
 * The commands that read a journal, by sandbook.exe, on the journal of this
 * user in the place that the system names. Its log is of a world in memory: no
 * command for Windows writes one yet.
 */
#include <direct.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "engine/os.h"
#include "tests/journal/fixture.h"

#include "engine/banned.h"

#define OUTPUT_MAX 65536

static char output[OUTPUT_MAX];

/* What the program prints, both streams; its exit code. */
static int run(const char *words)
{
	char program[MAX_PATH], line[2 * MAX_PATH];
	size_t used;
	FILE *pipe;

	/* It stands beside this one. */
	assert_true(GetModuleFileNameA(NULL, program, sizeof(program)) > 0);
	*strrchr(program, '\\') = '\0';
	(void)snprintf(line, sizeof(line), "%s\\sandbook.exe %s 2>&1", program,
		       words);
	(void)fflush(NULL);
	pipe = _popen(line, "rb");
	assert_non_null(pipe);
	used = fread(output, 1, sizeof(output) - 1, pipe);
	output[used] = '\0';
	return _pclose(pipe);
}

static void expect(const char *words, int code, const char *part)
{
	const int found = run(words);

	if (found != code || strstr(output, part) == NULL)
		fail_msg("%s: exit code %d, not %d, or without '%s': %s", words,
			 found, code, part, output);
}

/* How many entries a checkpoint covers: its second line. */
static unsigned long size_in(const char *name)
{
	FILE *file = fopen(name, "rb");
	char line[256];
	unsigned long size;

	assert_non_null(file);
	assert_non_null(fgets(line, sizeof(line), file));
	assert_non_null(fgets(line, sizeof(line), file));
	size = strtoul(line, NULL, 10);
	assert_int_equal(fclose(file), 0);
	assert_true(size > 0);
	return size;
}

static int setup(void **state)
{
	struct fixture *f;
	struct sbk_person caller;
	struct sbk_error err = SBK_ERROR_INIT;

	if (fixture_setup(state) < 0)
		return -1;
	f = *state;
	assert_ok(sbk_os_caller(&caller, &err), &err);
	assert_ok(sbk_journal_place_user(&caller, &f->place, &err), &err);
	return _chdir(f->directory);
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	struct sbk_apply_result result;
	struct sbk_journal *journal = fixture_locked(f);

	fixture_undo_all(f, journal, &result);
	sbk_journal_close(journal);
	assert_ok(sbk_journal_remove(&f->place, &f->err), &f->err);
	assert_int_equal(GetFileAttributesA(f->place.directory),
			 INVALID_FILE_ATTRIBUTES);
	assert_int_equal(_chdir("\\"), 0);
	return fixture_teardown(state);
}

static void test_journal_cmd__reads_what_was_recorded(void **state)
{
	struct fixture *f = *state;
	struct sbk_journal *journal;
	char words[80];

	expect("journal verify", SBK_EXIT_JOURNAL, "there is no journal in");
	fixture_tree(f, 3);
	journal = fixture_locked(f);
	(void)fixture_grant(f, journal, "/w");
	sbk_journal_close(journal);

	expect("journal verify", 0, "intact");
	expect("journal log", 0, "/w/f1");
	expect("journal log --json", 0, "\"/w/f1\"");
	expect("journal key", 0, "sandbook/user/");
	expect("journal checkpoint --to c.note", 0, "");
	expect("journal export --to e.json", 0, "");
	expect("journal export --to e.json", SBK_EXIT_EXISTS, "exists already");
	expect("journal proof 1", 0, "");
	/* Wine's caller is elevated, and so does not open a user's journal. */
	expect("audit drift", 2, "Windows starts nothing as '");
	/* Nobody is enrolled, and no run owes anything. */
	expect("hand-back", 0, "0 objects were handed back, for 0 runs");
	/* Held against what was kept of it. */
	expect("journal verify --checkpoint c.note", 0, "intact");
	expect("journal verify --checkpoint e.json", SBK_EXIT_USAGE,
	       "no signed note");
	journal = fixture_locked(f);
	(void)fixture_grant(f, journal, "/w/d");
	sbk_journal_close(journal);
	expect("journal verify --checkpoint c.note", 0, "intact");
	expect("journal checkpoint --to d.note", 0, "");
	(void)snprintf(words, sizeof(words), "journal consistency %lu %lu",
		       size_in("c.note"), size_in("d.note"));
	expect(words, 0, "");

	/* And an edit is found. */
	fixture_sql(f, "UPDATE txn SET title = 'x' WHERE id = 1");
	expect("journal verify", SBK_EXIT_JOURNAL, "txn");
	fixture_sql(f, "UPDATE txn SET title = 'a grant' WHERE id = 1");
	expect("journal verify", 0, "intact");
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_setup_teardown(
		test_journal_cmd__reads_what_was_recorded, setup, teardown),
};

SBK_TEST_MAIN(tests)
