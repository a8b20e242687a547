/*
 * What the attacks have in common. Each file of attacks exports one table,
 * which ends with a row without a name.
 */
#ifndef SBK_TESTS_ATTACK_H
#define SBK_TESTS_ATTACK_H

#include <errno.h>
#include <stdlib.h>

#define HIGH_BITS 0x500000000UL /* what a filter sees and the kernel drops */

/* 0: done; else an errno, or -1 where there is none. */
typedef int attack_fn(int count, char **words);

struct attack {
	const char *name;
	attack_fn *run;
	int words;
};

extern const struct attack attack_files[], attack_powers[], attack_reach[];

attack_fn attack_write; /* words[0] is opened for writing, and written */

static inline int from(long rc)
{
	return rc < 0 ? errno : 0;
}

static inline long number(const char *text)
{
	return strtol(text, NULL, 0);
}

#endif
