/*
 * Claims of WINDOWS.md about the platform that are marked [R] and need no
 * account: of files, of jobs and desktops, of two runs beside each other.
 */
#ifndef SBK_ACCEPTANCE_FACTS_H
#define SBK_ACCEPTANCE_FACTS_H

#include <windows.h>

void measure_files(void);
void measure_processes(void);
/* What may be asked of accounts and processes, and of filters (questions.c;
 * `by` is who asks). */
void measure_accounts(void);
void measure_filter_read(const char *by);
/* What CreateProfile and DeleteProfileW do, of an account that may go; for an
 * administrator. */
void measure_profile(const WCHAR *account);

#endif
