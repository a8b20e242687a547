/*
 * A user who is enrolled and runs commands by the program: a journal, secrets
 * under DPAPI, a runner, a pipe and commands for real under Wine. Simulated are
 * what Wine lacks: the accounts (sim.h), and the logon, by a process of the
 * same user; so the account's SID is that user's own here.
 */
#ifndef SBK_TEST_RUN_WORLD_H
#define SBK_TEST_RUN_WORLD_H

#include "engine/windows/win32.h"
#include "engine/windows/win32_file.h"
#include "engine/windows/win32_logon.h"
#include "engine/windows/win32_process.h"
#include "engine/windows/win32_program.h"
#include "journal/journal.h"
#include "tests/windows/sim.h"

#define OUTPUT_MAX 65536
#define STARTED_MAX 4

/* The first words of a run with the network. */
#define ONLINE "run", "--net", "-C", "ws"

struct CMUnitTest;

struct run_world {
	char output[OUTPUT_MAX];  /* of the program */
	char written[OUTPUT_MAX]; /* of the command */
	char programs[MAX_PATH], directory[512], data_directory[600];
	char *made;
	struct sbk_journal_place place;
	struct sim *sim;
	struct sbk_sid own;
	/* What is called from now on; a test's to alter. */
	struct sbk_win32 table;
	struct sbk_win32_logon logon;
	struct sbk_win32_file file;
	struct sbk_win32_program program;
	struct sbk_win32_process process;
	HANDLE started[STARTED_MAX], output_file;
	size_t started_count; /* logons */
	DWORD refuse_with;    /* what a logon meets, or 0 */
	unsigned ends_until_refused;
	bool has_no_data, directory_goes, volume_goes, no_place_is_made;
	/* The console's handler, and a Ctrl-C a second after it is there, or at
	 * once. */
	PHANDLER_ROUTINE handler;
	bool press, press_at_once;
	HANDLE pressing;
};

extern struct run_world world;

/* Around each test. The directory has "data" and "ws". */
int run_world_setup(void **state);
/* Whatever happened: nothing of the account's is alive, nothing kept. */
int run_world_teardown(void **state);
/* This user is enrolled, with both accounts. */
void run_world_enrol(void);
/* One call of the program, up to NULL: its exit code. */
int run_world_call(const char *first, ...);
/* The program said it. */
void run_world_said(const char *part);
void run_world_code(int code, int wanted);
int run_world_main(int argc, char **argv, const struct CMUnitTest *tests,
		   size_t count);

#endif
