/*
 * The clock that nobody sets: for deadlines and durations.
 */
#ifndef SBK_LINUX_CLOCK_H
#define SBK_LINUX_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline int64_t sbk_clock_ms(void)
{
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail on Linux */
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

#endif
