/* See the header. */
#include "engine/windows/runner_input.h"

#include <string.h>

#include "engine/windows/win32.h"
#include "engine/windows/win32_logon.h"

#include "engine/banned.h"

#define SEND_MS 60000 /* the runner always receives */
#define THREAD_MS 2000
#define INPUT_BYTES (SBK_FRAME_DATA_MAX / 2)

void sbk_runner_input_init(struct sbk_runner_input *input,
			   struct sbk_frame_pipe *frames)
{
	memset(input, 0, sizeof(*input));
	input->frames = frames;
	InitializeCriticalSection(&input->lock);
	InitializeConditionVariable(&input->room);
}

void sbk_runner_input_release(struct sbk_runner_input *input)
{
	sbk_win32_close(&input->thread);
	DeleteCriticalSection(&input->lock);
}

void sbk_runner_input_reset(struct sbk_runner_input *input)
{
	EnterCriticalSection(&input->lock);
	input->away[0] = input->away[1] = 0;
	input->over = false;
	LeaveCriticalSection(&input->lock);
}

/* Room for so much, which is then taken; false where it is over. */
static bool wait_for_room(struct sbk_runner_input *input, uint32_t stream,
			  size_t size)
{
	size_t *away = &input->away[stream != 0];
	bool ok;

	EnterCriticalSection(&input->lock);
	while (!input->over && *away + size > SBK_FRAME_WINDOW)
		(void)SleepConditionVariableCS(&input->room, &input->lock,
					       INFINITE);
	ok = !input->over;
	*away += ok ? size : 0;
	LeaveCriticalSection(&input->lock);
	return ok;
}

int sbk_runner_input_send(struct sbk_runner_input *input, uint32_t stream,
			  const void *data, size_t size, struct sbk_error *err)
{
	struct sbk_frame frame = {.type = SBK_FRAME_INPUT, .stream = stream};
	const uint8_t *at = data;
	int rc = 0;

	while (rc == 0 && size > 0) {
		frame.data = at;
		frame.data_size = size < INPUT_BYTES ? size : INPUT_BYTES;
		if (!wait_for_room(input, stream, frame.data_size))
			return sbk_error_set(err, SBK_E_INCOMPLETE,
					     "the command has ended");
		rc = sbk_frame_send(input->frames, &frame, SEND_MS, err);
		at += frame.data_size;
		size -= frame.data_size;
	}
	return rc;
}

int sbk_runner_input_took(struct sbk_runner_input *input, uint32_t stream,
			  size_t size, struct sbk_error *err)
{
	size_t *away = &input->away[stream != 0];
	bool ok;

	EnterCriticalSection(&input->lock);
	ok = (stream == 0 || stream == SBK_FRAME_TERMINAL) && size <= *away;
	*away -= ok ? size : 0;
	LeaveCriticalSection(&input->lock);
	WakeAllConditionVariable(&input->room);
	return ok ? 0
		  : sbk_error_set(err, SBK_E_PARSE,
				  "sandbook-runner took more input than it was "
				  "sent");
}

/* One read of whatever it is: a console, a file, a pipe. 0 at its end. */
static size_t read_input(HANDLE from, uint8_t *out, size_t size)
{
	DWORD got = 0;

	if (!sbk_win32->program->ReadFile(from, out, (DWORD)size, &got, NULL))
		return 0;
	return got;
}

static DWORD WINAPI carry_input(void *arg)
{
	const struct sbk_frame end = {.type = SBK_FRAME_CLOSE};
	struct sbk_runner_input *input = arg;
	uint8_t part[INPUT_BYTES];
	size_t got;
	int rc = 0;

	/* What fails here is seen where frames are received. */
	while (rc == 0 &&
	       (got = read_input(input->source, part, sizeof(part))) > 0)
		rc = sbk_runner_input_send(input, 0, part, got, NULL);
	if (rc == 0)
		(void)sbk_frame_send(input->frames, &end, SEND_MS, NULL);
	return 0;
}

int sbk_runner_input_start(struct sbk_runner_input *input, HANDLE source,
			   struct sbk_error *err)
{
	const struct sbk_frame none = {.type = SBK_FRAME_CLOSE};

	if (source == NULL || source == INVALID_HANDLE_VALUE)
		return sbk_frame_send(input->frames, &none, SEND_MS, err);
	input->source = source;
	return sbk_win32_make_thread(carry_input, input, NULL, &input->thread,
				     err);
}

void sbk_runner_input_over(struct sbk_runner_input *input)
{
	EnterCriticalSection(&input->lock);
	input->over = true;
	LeaveCriticalSection(&input->lock);
	WakeAllConditionVariable(&input->room);
}

bool sbk_runner_input_end(struct sbk_runner_input *input)
{
	sbk_runner_input_over(input);
	if (input->thread == NULL)
		return true;
	if (sbk_win32_end_thread(input->thread, THREAD_MS, NULL) != 1)
		return false;
	sbk_win32_close(&input->thread);
	return true;
}
