/*
 * The two questions on which the design of a run hangs: whether the pipes open
 * that programs make for their children, and whether a filter by user meets a
 * write-restricted token. Neither needs an account.
 */
#ifndef SBK_ACCEPTANCE_QUESTIONS_H
#define SBK_ACCEPTANCE_QUESTIONS_H

void measure_pipes(void);
/* Needs an administrator: it puts a filter there that goes with it. */
void measure_filter(void);

#endif
