/*
 * From a command that runs to its end: the time limit, its code, and what it
 * left in the job.
 */
#include "engine/windows/launch.h"

#include <string.h>

#include "engine/windows/end_code.h"
#include "engine/windows/win32.h"

#include "engine/banned.h"

/* The longest that one wait takes: 0xFFFFFFFF would be for ever. */
#define WAIT_MAX_MS 0x7FFFFFFFu

/* Codes of the system that other systems have signals for. */
static const struct {
	DWORD code;
	int signal;
} signals[] = {
	{0xC0000005, 11}, /* STATUS_ACCESS_VIOLATION */
	{0xC00000FD, 11}, /* STATUS_STACK_OVERFLOW */
	{0xC000001D, 4},  /* STATUS_ILLEGAL_INSTRUCTION */
	{0xC0000094, 8},  /* STATUS_INTEGER_DIVIDE_BY_ZERO */
	{0xC000013A, 2},  /* STATUS_CONTROL_C_EXIT */
	{0xC0000409, 6},  /* STATUS_STACK_BUFFER_OVERRUN: abort(), too */
};

void sbk_launch_end_of(DWORD code, struct sbk_run_end *end)
{
	size_t i;

	end->signal = 0;
	end->code = code > 255 ? code : 0;
	end->reason = sbk_end_code_reason(code);
	if (code <= 255) {
		end->exit_code = (int)code;
		return;
	}
	/* Whatever else it is, it is not success, nor any code's lower byte. */
	end->exit_code = 255;
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (signals[i].code == code) {
			end->signal = signals[i].signal;
			end->exit_code = 128 + signals[i].signal;
		}
}

static ULONGLONG now(void)
{
	return sbk_win32->process->GetTickCount64();
}

/* 1: it ended; 0: its time did. */
static int wait_for(struct sbk_launch *launch, struct sbk_error *err)
{
	const uint64_t limit = launch->wish->timeout_s;
	ULONGLONG passed;
	DWORD part;
	int rc = 0;

	if (limit == 0)
		return sbk_win32_wait(launch->process, INFINITE, err);
	while (rc == 0) {
		passed = now() - launch->begun;
		if (passed / 1000 >= limit)
			return 0;
		part = limit > WAIT_MAX_MS / 1000
			       ? WAIT_MAX_MS
			       : (DWORD)(limit * 1000 - passed);
		rc = sbk_win32_wait(launch->process, part, err);
	}
	return rc;
}

int sbk_launch_wait(struct sbk_launch *launch, struct sbk_run_end *end,
		    struct sbk_error *err)
{
	struct sbk_run_end result;
	DWORD code = 0;
	int rc = wait_for(launch, err);

	if (rc < 0)
		return rc;
	memset(&result, 0, sizeof(result));
	result.timed_out = rc == 0;
	rc = result.timed_out
		     ? 0
		     : sbk_win32_exit_code(launch->process, &code, err);
	if (rc == 0)
		rc = sbk_win32_empty_job(launch->job, SBK_LAUNCH_ENDED, err);
	if (rc < 0)
		return rc;
	sbk_launch_end_of(code, &result);
	result.duration_ms = now() - launch->begun;
	*end = result;
	return 0;
}
