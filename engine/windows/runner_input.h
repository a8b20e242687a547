/*
 * The front end's half of a run's input: what the command reads, and what is
 * typed in its terminal, never more on its way than the runner has room for
 * (frame.h), so that no other frame waits behind it.
 */
#ifndef SBK_WINDOWS_RUNNER_INPUT_H
#define SBK_WINDOWS_RUNNER_INPUT_H

#include <stdbool.h>

#include <windows.h>

#include "engine/windows/frame_pipe.h"

struct sbk_runner_input {
	struct sbk_frame_pipe *frames;
	CRITICAL_SECTION lock;
	CONDITION_VARIABLE room;
	size_t away[2]; /* bytes on their way: of stream 0, of the terminal */
	bool over;
	HANDLE source, thread;
};

void sbk_runner_input_init(struct sbk_runner_input *input,
			   struct sbk_frame_pipe *frames);
void sbk_runner_input_release(struct sbk_runner_input *input);

/* A command begins: nothing is on its way. */
void sbk_runner_input_reset(struct sbk_runner_input *input);
/* Carries what is read of `source` in a thread of its own; nothing, and the
 * input's end at once, where there is none. */
int sbk_runner_input_start(struct sbk_runner_input *input, HANDLE source,
			   struct sbk_error *err);
/* Waits for room. SBK_E_INCOMPLETE: it is over. */
int sbk_runner_input_send(struct sbk_runner_input *input, uint32_t stream,
			  const void *data, size_t size, struct sbk_error *err);
/* What the runner said; SBK_E_PARSE where it is more than was sent. */
int sbk_runner_input_took(struct sbk_runner_input *input, uint32_t stream,
			  size_t size, struct sbk_error *err);
/* Whoever waits for room is sent away, and nothing is sent any more. */
void sbk_runner_input_over(struct sbk_runner_input *input);
/*
 * And the thread has ended; false where it is left in a read of the caller's
 * input that the system does not cancel. Then none of this is ever released.
 */
bool sbk_runner_input_end(struct sbk_runner_input *input);

#endif
