/* A test that comes to what Windows' side does not have fails by it. */
#include "engine/windows/not_yet.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine/banned.h"

void sbk_not_yet(const char *missing)
{
	(void)fprintf(stderr, "not on Windows yet: %s\n", missing);
	exit(1);
}
