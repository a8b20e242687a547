/*
 * Claims of WINDOWS.md about the platform that are marked [R] and need no
 * account: of files, of jobs and desktops, of two runs beside each other.
 */
#ifndef SBK_ACCEPTANCE_FACTS_H
#define SBK_ACCEPTANCE_FACTS_H

void measure_files(void);
void measure_processes(void);

#endif
