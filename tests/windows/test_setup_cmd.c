/*
 * The commands of sandbook-setup.exe by sbk_cli_main, with a journal for real,
 * on the simulation of accounts, rights, registry and filters (hybrid.h): what
 * setup makes is taken back, whichever call failed, and the host is as before.
 */
#include "tests/support/test.h"

#include <direct.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "engine/cli.h"
#include "engine/os.h"
#include "engine/plan_setup.h"
#include "engine/principals.h"
#include "journal/journal.h"
#include "tests/support/fault.h"
#include "tests/windows/hybrid.h"

#include "engine/banned.h"

#define OUTPUT_MAX 65536
#define WORDS_MAX 12
#define CALLS_MAX 2000

static char output[OUTPUT_MAX];
static char directory[512];
static char *made; /* the same, to be removed */

struct world {
	struct sim *sim;
	struct sbk_buf start;
};

static void print_host(struct sim *sim, struct sbk_buf *out)
{
	sbk_buf_clear(out);
	sim_print_accounts(sim, out);
	sim_print_filters(sim, out);
	sim_print_registry(sim, out);
	sim_print_rules(sim, out);
	sbk_buf_printf(out, "%zu rights\n", sim_rights_held(sim));
}

static void begin(struct world *w)
{
	memset(w, 0, sizeof(*w));
	w->sim = hybrid_begin(directory);
	(void)sim_make_account(w->sim, L"ann", false);
	(void)sim_make_account(w->sim, L"bob", false);
	print_host(w->sim, &w->start);
}

static void assert_as_at_start(struct world *w, unsigned long n)
{
	struct sbk_buf now = SBK_BUF_INIT;

	print_host(w->sim, &now);
	if (strcmp(sbk_buf_text(&now), sbk_buf_text(&w->start)) != 0)
		fail_msg("at %lu:\n%s\ninstead of\n%s\n%s", n,
			 sbk_buf_text(&now), sbk_buf_text(&w->start), output);
	sbk_buf_release(&now);
}

/* What uninstall does with the machine's record, without its sweeps. */
static void take_back_all(struct world *w)
{
	const struct sbk_journal_filter filter = {.unsettled = true};
	struct sbk_plan *changes = sbk_plan_new();
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_apply_result result = {0};
	struct sbk_journal_place place;
	struct sbk_journal *journal;
	struct sbk_backend backend;

	assert_ok(sbk_journal_place_machine(&place, &err), &err);
	assert_ok(sbk_os_backend(&backend, &err), &err);
	if (sbk_journal_open(&place, SBK_JOURNAL_WRITE, &journal, &err) == 0) {
		assert_ok(sbk_journal_lock(journal, 1000, &err), &err);
		assert_ok(sbk_journal_load(journal, &filter, changes, &err),
			  &err);
		if (sbk_plan_count(changes) > 0)
			assert_ok(sbk_journal_undo(journal, &backend,
						   "uninstall", changes,
						   &result, &err),
				  &err);
		assert_int_equal(result.owed, 0);
		sbk_journal_close(journal);
	}
	sbk_backend_close(&backend);
	sbk_plan_free(changes);
	assert_as_at_start(w, 0);
	assert_ok(sbk_journal_remove(&place, &err), &err);
}

static void end(struct world *w)
{
	take_back_all(w);
	assert_int_equal(w->sim->policies, 0);
	assert_int_equal(w->sim->accounts.buffers, 0);
	assert_int_equal(w->sim->filters.buffers, 0);
	assert_int_equal(w->sim->filters.engines, 0);
	assert_int_equal(w->sim->registry.open, 0);
	assert_int_equal(w->sim->firewall.objects, 0);
	assert_int_equal(w->sim->firewall.threads, 0);
	sbk_buf_release(&w->start);
	hybrid_finish(w->sim);
}

/* One call of the program: its exit code, and what it printed. */
static int run(const char *first, ...)
{
	const struct sbk_command commands[] = {sbk_command_setup,
					       {.name = NULL}};
	const struct sbk_command *const tables[] = {commands, NULL};
	struct sbk_cli cli = {.program = "sandbook-setup", .version = "test"};
	static char program[] = "sandbook-setup";
	char *argv[WORDS_MAX + 2] = {program};
	FILE *file = fopen("output", "w+b");
	const char *word;
	int argc = 1, code;
	size_t used;
	va_list words;

	assert_non_null(file);
	va_start(words, first);
	for (word = first; word != NULL && argc <= WORDS_MAX;
	     word = va_arg(words, const char *))
		argv[argc++] = (char *)(uintptr_t)word;
	va_end(words);
	cli.out = cli.err = file;
	sbk_journal_ledger(&cli.ledger);
	code = sbk_cli_main(&cli, tables, argc, argv);
	rewind(file);
	used = fread(output, 1, sizeof(output) - 1, file);
	output[used] = '\0';
	assert_int_equal(fclose(file), 0);
	return code;
}

static void assert_printed(const char *part)
{
	if (strstr(output, part) == NULL)
		fail_msg("without '%s': %s", part, output);
}

static void assert_host(struct world *w, const char *part, bool is_there)
{
	struct sbk_buf now = SBK_BUF_INIT;

	print_host(w->sim, &now);
	if ((strstr(sbk_buf_text(&now), part) != NULL) != is_there)
		fail_msg("'%s' is %s: %s", part,
			 is_there ? "not there" : "there", sbk_buf_text(&now));
	sbk_buf_release(&now);
}

static void test_setup_cmd__enrols_people_and_lets_them_go(void **state)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_principals found;
	struct world w;

	(void)state;
	begin(&w);
	if (run("setup", "--user", "ann", "--dry-run", NULL) != 0)
		fail_msg("%s", output);
	assert_printed("SandbookOffline");
	assert_as_at_start(&w, 0);
	if (run("setup", "--user", "ann", "--yes", NULL) != 0)
		fail_msg("%s", output);
	assert_host(&w, "SandbookOnline", true);
	assert_ok(sbk_principals_find(&found, &err), &err);
	assert_int_equal(found.count, 3);
	assert_int_equal(found.items[0].role, SBK_PRINCIPAL_GROUP);
	sbk_principals_release(&found);
	assert_int_equal(run("setup", "--user", "ann", "--yes", NULL), 0);
	assert_printed("Nothing to change");
	if (run("setup", "--user", "bob", "--yes", NULL) != 0)
		fail_msg("%s", output);
	assert_host(&w, "SandbookOffline2", true);
	assert_int_equal(run("setup", "--user", "carl", "--yes", NULL),
			 SBK_EXIT_USAGE);
	if (run("setup", "--remove-user", "ann", "--yes", NULL) != 0)
		fail_msg("%s", output);
	assert_host(&w, "SandbookOffline2", true);
	assert_host(&w, "SandbookOffline'", false);
	if (run("setup", "--remove-user", "bob", "--yes", NULL) != 0)
		fail_msg("%s", output);
	assert_host(&w, "SandbookOffline", false);
	assert_ok(sbk_principals_find(&found, &err), &err);
	assert_int_equal(found.count, 1); /* the group, uninstall's to take */
	sbk_principals_release(&found);
	end(&w);
}

/* Whether call n was met. */
static bool one_fault(unsigned long n)
{
	struct world w;
	bool met;
	int code;

	begin(&w);
	fault_plan = (struct fault_plan){.mode = FAULT_DENY, .at = n};
	code = run("setup", "--user", "ann", "--yes", NULL);
	met = fault_plan.counted >= n;
	fault_plan = (struct fault_plan){.mode = FAULT_NONE};
	if (met && code != 0)
		assert_as_at_start(&w, n);
	else if (code != 0)
		fail_msg("at %lu: %s", n, output);
	end(&w);
	return met;
}

/* Each call of the system is denied once: all of it, or nothing. */
static void test_setup_cmd__a_call_that_fails_undoes_all(void **state)
{
	const unsigned long step = getenv("SBK_CAMPAIGN") != NULL ? 1 : 47;
	unsigned long n = 1;

	(void)state;
	while (one_fault(n))
		n += step;
	assert_true(n > 100 && n < CALLS_MAX);
}

/* What the system says yes to and does not do is noticed. */
static void test_setup_cmd__a_system_that_forgets_is_refused(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	w.sim->accounts.forgets = true;
	assert_int_not_equal(run("setup", "--user", "ann", "--yes", NULL), 0);
	assert_printed("group 'Sandbook'");
	w.sim->accounts.forgets = false;
	assert_as_at_start(&w, 0);
	end(&w);
}

static int make_directory(void **state)
{
	struct sbk_error err = SBK_ERROR_INIT;
	char *real = NULL;

	(void)state;
	made = sbk_test_directory("setup_cmd");
	assert_ok(sbk_os_real_path(made, &real, &err), &err);
	(void)snprintf(directory, sizeof(directory), "%s", real);
	assert_int_equal(_chdir(directory), 0);
	free(real);
	return 0;
}

static int remove_directory(void **state)
{
	(void)state;
	assert_int_equal(_chdir("\\"), 0);
	sbk_test_remove(made);
	return 0;
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_setup(test_setup_cmd__enrols_people_and_lets_them_go,
			       make_directory),
	cmocka_unit_test(test_setup_cmd__a_call_that_fails_undoes_all),
	cmocka_unit_test_teardown(
		test_setup_cmd__a_system_that_forgets_is_refused,
		remove_directory),
};

SBK_TEST_MAIN(tests)
