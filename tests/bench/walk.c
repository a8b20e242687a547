/*
 * How long a walk takes that reads the access and the identity of each object:
 * what `audit scope` does before it thinks. Prints the seconds and the count.
 *	bench_walk PATH
 */
#include <stdio.h>
#include <time.h>

#include "engine/backend.h"
#include "engine/os.h"

#include "engine/banned.h"

static int visit(void *arg, const struct sbk_visit *seen, struct sbk_error *err)
{
	size_t *count = arg;

	(void)err;
	*count += seen->kind == SBK_VISIT_OBJECT;
	return 0;
}

int main(int argc, char **argv)
{
	struct sbk_backend backend = {.ops = NULL};
	struct sbk_error err = SBK_ERROR_INIT;
	struct timespec from, to;
	size_t count = 0;
	int rc;

	if (argc != 2) {
		(void)fprintf(stderr, "usage: bench_walk PATH\n");
		return 2;
	}
	(void)clock_gettime(CLOCK_MONOTONIC, &from);
	rc = sbk_os_backend(&backend, &err);
	if (rc == 0)
		rc = sbk_backend_walk(&backend, argv[1], visit, &count, &err);
	(void)clock_gettime(CLOCK_MONOTONIC, &to);
	sbk_backend_close(&backend);
	if (rc < 0) {
		(void)fprintf(stderr, "bench_walk: %s\n", err.message);
		return 1;
	}
	(void)printf("%.3f %zu\n",
		     (double)(to.tv_sec - from.tv_sec) +
			     (double)(to.tv_nsec - from.tv_nsec) / 1e9,
		     count);
	return 0;
}
