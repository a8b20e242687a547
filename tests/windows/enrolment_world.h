/*
 * Enrolment with both its processes, as two threads: the person's `setup`, and
 * the elevated one that it starts, over the system's own pipe, with DPAPI and
 * both journals for real, on the simulation of the account database (hybrid.h).
 * The trials of the network are other tests'.
 */
#ifndef SBK_TEST_ENROLMENT_WORLD_H
#define SBK_TEST_ENROLMENT_WORLD_H

#include <stdbool.h>

#include "engine/windows/delivery.h"
#include "engine/windows/win32_elevation.h"
#include "tests/windows/hybrid.h"

#define ENROLMENT_SAID_MAX 32768

/* Of the world that is there. */
extern struct enrolment {
	char person[512]; /* where the person's own files are */
	/* What the last call of each of the two said. */
	char said[ENROLMENT_SAID_MAX], setup_said[ENROLMENT_SAID_MAX];
	struct sbk_win32_elevation elevation;
	DWORD setup_code; /* what the elevated one ends with */
	/* Of a write to the pipe: the n-th one fails, or is said to be done. */
	unsigned long writes, lost;
	bool lost_in_silence;
	/* What the trial of accounts that stood says; how many there were. */
	int try_result;
	unsigned tries;
} enrolment;

/* Before the first world of a test, and after the last: of cmocka's form. */
int enrolment_directory(void **state);
int enrolment_remove(void **state);

/* The caller is "ann", beside whom there is "bob"; nobody is enrolled. */
struct sim *enrolment_begin(void);
/* Gone by the commands alone; then nothing is kept any more. */
void enrolment_end(struct sim *sim);

/* What a person types; the exit code. */
int enrolment_setup(enum sbk_setup_way way, const char *first,
		    const char *second);
int enrolment_enrol(void);
/* An administrator's own call. */
int enrolment_administer(const char *first, const char *second);
/* A call of a program of ours; what it printed is in `output`, and `text`. */
void enrolment_run(const char *program, int argc, char **argv, int *code,
		   const char *output, char *text);
/* ShellExecuteExW: setup's process, a thread. */
BOOL WINAPI enrolment_start(SHELLEXECUTEINFOW *info);

/* Both sides agree; whether the person is enrolled. `at` is for the message. */
bool enrolment_agree(struct sim *sim, unsigned long at);
bool enrolment_is_enabled(struct sim *sim, const WCHAR *name);
void enrolment_assert_said(const char *text, const char *part);
/* Its end: a failure's message has little room. */
const char *enrolment_tail(const char *text);

#endif
