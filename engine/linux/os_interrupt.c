/*
 * What asks the program to end, remembered (engine/os.h). Owns three signals
 * between begin and end, and puts back what was there.
 */
#include "engine/os.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>

#include "engine/linux/error.h"

#include "engine/banned.h"

static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
#define SIGNALS (sizeof(signals) / sizeof(signals[0]))

static struct sigaction before[SIGNALS];
static size_t taken; /* of them, from the first */
static volatile sig_atomic_t came;

static void remember(int number)
{
	(void)number;
	came = 1;
}

/* One that is ignored (nohup) stays so. Calls that wait go on. */
static int take(size_t i, struct sbk_error *err)
{
	const struct sigaction mine = {.sa_handler = remember,
				       .sa_flags = SA_RESTART | SA_RESETHAND};

	if (sigaction(signals[i], NULL, &before[i]) < 0)
		return sbk_error_set_errno(err, errno, "sigaction");
	if (before[i].sa_handler == SIG_IGN)
		return 0;
	return sigaction(signals[i], &mine, NULL) < 0
		       ? sbk_error_set_errno(err, errno, "sigaction")
		       : 0;
}

int sbk_os_interrupts_begin(struct sbk_error *err)
{
	int rc = 0;

	came = 0;
	for (taken = 0; rc == 0 && taken < SIGNALS; taken += rc == 0)
		rc = take(taken, err);
	if (rc < 0)
		sbk_os_interrupts_end();
	return rc;
}

bool sbk_os_interrupted(void)
{
	return came != 0;
}

void sbk_os_interrupts_end(void)
{
	/* It gave this very disposition. */
	while (taken > 0) {
		taken--;
		(void)sigaction(signals[taken], &before[taken], NULL);
	}
}
