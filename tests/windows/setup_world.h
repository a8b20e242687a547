/*
 * Commands by sbk_cli_main, with a journal for real, on the simulation of
 * accounts, rights, registry and filters (hybrid.h), in a directory of the
 * test's own.
 */
#ifndef SBK_TEST_SETUP_WORLD_H
#define SBK_TEST_SETUP_WORLD_H

#include <stdbool.h>

#include "engine/cli.h"
#include "tests/windows/hybrid.h"

struct setup_world {
	struct sim *sim;
	struct sbk_buf start; /* how the host was */
};

/* Before the first world of a test, and after the last: of cmocka's form. */
int setup_world_directory(void **state);
int setup_world_remove(void **state);

/* An administrator calls; there are people called ann and bob. */
void setup_world_begin(struct setup_world *w);
/* Undoes what the machine's journal has: the host is as at the start, and no
 * handle or buffer of the system's is left. */
void setup_world_end(struct setup_world *w);

/* The host as it is now is how it was at the start. */
void setup_world_mark(struct setup_world *w);
/* In a directory that is there: another process's, say. */
void setup_world_use(const char *directory);
const char *setup_world_path(void);

/* Which program is called: sandbook-setup at first. */
extern const char *setup_world_program;
/* One call of it, its words ended by NULL: the exit code. */
int setup_world_run(const struct sbk_command *const *tables, const char *first,
		    ...);
/* What the last call printed: all of it, and that this is part of it. */
const char *setup_world_output(void);
void setup_world_assert_printed(const char *part);

/* `n` is for the message. */
void setup_world_assert_start(struct setup_world *w, unsigned long n);
void setup_world_assert_host(struct setup_world *w, const char *part,
			     bool is_there);

/*
 * What is done in a process that ends before its n-th call of the simulation,
 * which is the program of the test once more: its main calls be_stopped first,
 * which ends such a process and in any other does nothing. Whether call n was
 * met; then `w` is a world as that process left it.
 */
void setup_world_be_stopped(int argc, char **argv,
			    void (*work)(struct setup_world *w));
bool setup_world_stop(struct setup_world *w, unsigned long n);

#endif
