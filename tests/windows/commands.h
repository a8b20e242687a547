/*
 * The program's commands, called in this process, with a journal for real.
 */
#ifndef SBK_TEST_COMMANDS_H
#define SBK_TEST_COMMANDS_H

#include <stdarg.h>
#include <stddef.h>

#include "engine/cli.h"
#include "journal/journal.h"

#define COMMANDS_WORDS_MAX 24

/* One call with these words, up to NULL: its exit code; what it printed, on
 * both streams, to `output`. `program` as it calls itself. */
int commands_call(const char *program, const struct sbk_command *const *tables,
		  char *output, size_t size, const char *first, va_list words);

/* Undoes all that the journal there has in effect; nothing may stay owed. */
void commands_take_back(const struct sbk_journal_place *place);

#endif
