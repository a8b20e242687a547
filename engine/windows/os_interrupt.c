/* What asks the program to end, remembered (engine/os.h): by the handler that
 * runs have, too (interrupt.h). */
#include "engine/os.h"

#include "engine/windows/interrupt.h"
#include "engine/windows/win32.h"

#include "engine/banned.h"

static volatile LONG came;

static void remember(void *arg)
{
	(void)arg;
	(void)InterlockedExchange(&came, 1);
}

int sbk_os_interrupts_begin(struct sbk_error *err)
{
	(void)InterlockedExchange(&came, 0);
	return sbk_interrupt_begin(remember, NULL, err);
}

bool sbk_os_interrupted(void)
{
	return InterlockedCompareExchange(&came, 0, 0) != 0;
}

void sbk_os_interrupts_end(void)
{
	sbk_interrupt_detach(NULL);
	sbk_interrupt_end();
}
