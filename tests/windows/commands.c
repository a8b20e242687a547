/* See the header. */
#include "tests/windows/commands.h"

#include <stdint.h>
#include <stdio.h>

#include "engine/os.h"
#include "tests/support/test.h"

#include "engine/banned.h"

int commands_call(const char *program, const struct sbk_command *const *tables,
		  char *output, size_t size, const char *first, va_list words)
{
	struct sbk_cli cli = {.program = program, .version = "test"};
	char *argv[COMMANDS_WORDS_MAX + 2] = {(char *)(uintptr_t)program};
	FILE *said = fopen("said", "w+b");
	const char *word;
	int argc = 1, code;
	size_t used;

	assert_non_null(said);
	for (word = first; word != NULL; word = va_arg(words, const char *)) {
		assert_true(argc <= COMMANDS_WORDS_MAX);
		argv[argc++] = (char *)(uintptr_t)word;
	}
	cli.out = cli.err = said;
	sbk_journal_ledger(&cli.ledger);
	code = sbk_cli_main(&cli, tables, argc, argv);
	rewind(said);
	used = fread(output, 1, size - 1, said);
	output[used] = '\0';
	assert_int_equal(fclose(said), 0);
	return code;
}

void commands_take_back(const struct sbk_journal_place *place)
{
	const struct sbk_journal_filter filter = {.unsettled = true};
	struct sbk_plan *changes = sbk_plan_new();
	struct sbk_apply_result result = {0};
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_journal *journal;
	struct sbk_backend backend;

	assert_ok(sbk_os_backend(&backend, &err), &err);
	if (sbk_journal_open(place, SBK_JOURNAL_WRITE, &journal, &err) == 0) {
		assert_ok(sbk_journal_lock(journal, 1000, &err), &err);
		assert_ok(sbk_journal_load(journal, &filter, changes, &err),
			  &err);
		if (sbk_plan_count(changes) > 0)
			assert_ok(sbk_journal_undo(journal, &backend, "test",
						   changes, &result, &err),
				  &err);
		assert_int_equal(result.owed, 0);
		sbk_journal_close(journal);
	}
	sbk_backend_close(&backend);
	sbk_plan_free(changes);
}
