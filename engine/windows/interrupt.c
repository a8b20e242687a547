/*
 * See the header. The handler is the process's, so is what it needs: one run is
 * at work at a time. Holds: when detach has returned, no thread is in `stop`.
 */
#include "engine/windows/interrupt.h"

#include <windows.h>

#include "engine/windows/console.h"
#include "engine/windows/launch.h"
#include "engine/windows/win32.h"

#include "engine/banned.h"

#define PATIENT 2 /* events that are answered by stopping the command */
/* "HandlerRoutine callback function": the system waits five seconds. */
#define CLOSE_MS 4500
#define SIGNAL 2

static CRITICAL_SECTION lock;
static bool is_there;
static sbk_interrupt_fn *stop_now; /* under `lock` */
static void *stop_arg;
static HANDLE over; /* an event: all is cleaned up */
static volatile LONG events;

static BOOL WINAPI on_event(DWORD event)
{
	const LONG number = InterlockedIncrement(&events);
	const bool asks = event == CTRL_C_EVENT || event == CTRL_BREAK_EVENT;

	/* Not while `stop` hangs: then the process ends, and its job's handle
	 * with it. */
	if ((asks && number > PATIENT) || !TryEnterCriticalSection(&lock)) {
		sbk_console_give_back();
		return FALSE;
	}
	if (stop_now != NULL)
		stop_now(stop_arg);
	LeaveCriticalSection(&lock);
	/* After this the process ends, whatever is answered. */
	if (!asks) {
		(void)sbk_win32_wait(over, CLOSE_MS, NULL);
		sbk_console_give_back();
	}
	return TRUE;
}

int sbk_interrupt_begin(sbk_interrupt_fn *stop, void *arg,
			struct sbk_error *err)
{
	if (over == NULL)
		over = sbk_win32->pipe->CreateEventW(NULL, TRUE, FALSE, NULL);
	if (over == NULL)
		return sbk_win32_last_error(err, "CreateEventW");
	if (!is_there)
		InitializeCriticalSection(&lock);
	is_there = true;
	(void)ResetEvent(over); /* of our own, which is open */
	(void)InterlockedExchange(&events, 0);
	stop_now = stop;
	stop_arg = arg;
	if (!sbk_win32->program->SetConsoleCtrlHandler(on_event, TRUE))
		return sbk_win32_last_error(err, "SetConsoleCtrlHandler");
	return 0;
}

void sbk_interrupt_detach(struct sbk_run_end *end)
{
	if (!is_there)
		return;
	EnterCriticalSection(&lock);
	stop_now = NULL;
	LeaveCriticalSection(&lock);
	if (end != NULL && InterlockedCompareExchange(&events, 0, 0) > 0 &&
	    end->exit_code == SBK_LAUNCH_ENDED) {
		end->exit_code = 128 + SIGNAL;
		end->signal = SIGNAL;
	}
}

void sbk_interrupt_end(void)
{
	if (!is_there)
		return;
	/* The lock stays: the system may be in the handler still. */
	(void)sbk_win32->program->SetConsoleCtrlHandler(on_event, FALSE);
	if (over != NULL)
		(void)SetEvent(over); /* of our own, which is open */
}
