/* See the header. A frame's turn is taken and the frame written under one lock,
 * so that the other side sees them in the order of the phases; the phase has a
 * lock of its own, so that receiving never waits for a write. */
#include "engine/windows/frame_pipe.h"

#include <string.h>

#include "engine/windows/win32.h"

#include "engine/banned.h"

#define PART_BYTES (64 << 10)

void sbk_frame_pipe_begin(struct sbk_frame_pipe *frames, HANDLE pipe,
			  enum sbk_frame_side own)
{
	memset(frames, 0, sizeof(*frames));
	frames->pipe = pipe;
	frames->own = own;
	frames->phase = SBK_FRAME_GREETING;
	/* These two never fail since Windows Vista. */
	InitializeCriticalSection(&frames->lock);
	InitializeCriticalSection(&frames->writing);
}

void sbk_frame_pipe_end(struct sbk_frame_pipe *frames)
{
	sbk_buf_release(&frames->received);
	DeleteCriticalSection(&frames->lock);
	DeleteCriticalSection(&frames->writing);
}

void sbk_frame_pipe_shut(struct sbk_frame_pipe *frames)
{
	EnterCriticalSection(&frames->lock);
	frames->shut = true;
	LeaveCriticalSection(&frames->lock);
	sbk_frame_pipe_cancel(frames);
}

void sbk_frame_pipe_cancel(struct sbk_frame_pipe *frames)
{
	bool shut;

	EnterCriticalSection(&frames->lock);
	shut = frames->shut;
	LeaveCriticalSection(&frames->lock);
	/* That nothing is under way is as good. */
	if (shut && frames->pipe != NULL)
		(void)sbk_win32->pipe->CancelIoEx(frames->pipe, NULL);
}

enum sbk_frame_phase sbk_frame_pipe_phase(struct sbk_frame_pipe *frames)
{
	enum sbk_frame_phase phase;

	EnterCriticalSection(&frames->lock);
	phase = frames->phase;
	LeaveCriticalSection(&frames->lock);
	return phase;
}

static int take_turn(struct sbk_frame_pipe *frames, enum sbk_frame_side sender,
		     enum sbk_frame_type type, struct sbk_error *err)
{
	int rc;

	EnterCriticalSection(&frames->lock);
	rc = frames->shut ? sbk_error_set(err, SBK_E_INCOMPLETE,
					  "the pipe is being closed")
			  : sbk_frame_due(sender, type, &frames->phase, err);
	LeaveCriticalSection(&frames->lock);
	return rc;
}

int sbk_frame_send(struct sbk_frame_pipe *frames, const struct sbk_frame *frame,
		   DWORD milliseconds, struct sbk_error *err)
{
	struct sbk_buf bytes = SBK_BUF_INIT;
	int rc = sbk_frame_write(frame, &bytes, err);

	EnterCriticalSection(&frames->writing);
	if (rc == 0)
		rc = take_turn(frames, frames->own, frame->type, err);
	if (rc == 0)
		rc = sbk_win32_write_within(frames->pipe, bytes.data,
					    bytes.size, milliseconds, err);
	LeaveCriticalSection(&frames->writing);
	sbk_buf_release(&bytes);
	return rc;
}

/* More bytes, by `until`; 0 where none came. */
static int receive_part(struct sbk_frame_pipe *frames, int64_t until,
			struct sbk_error *err)
{
	const int64_t left = until - sbk_win32_clock_ms();
	char part[PART_BYTES];
	size_t got = 0;
	int rc = sbk_win32_read_within(frames->pipe, part, sizeof(part),
				       left > 0 ? (DWORD)left : 0, &got, err);

	if (rc == SBK_E_BUSY)
		return 0;
	if (rc == 0 && got == 0)
		rc = sbk_error_set(err, SBK_E_INCOMPLETE,
				   "the other end of the pipe went away");
	if (rc < 0)
		return rc;
	sbk_buf_add(&frames->received, part, got);
	return 1;
}

int sbk_frame_receive(struct sbk_frame_pipe *frames, DWORD milliseconds,
		      struct sbk_frame *out, struct sbk_error *err)
{
	const enum sbk_frame_side other = frames->own == SBK_FRAME_FRONT
						  ? SBK_FRAME_RUNNER
						  : SBK_FRAME_FRONT;
	const int64_t until = sbk_win32_clock_ms() + milliseconds;
	int rc, more = 1;

	for (;;) {
		rc = sbk_frame_read(&frames->received, out, err);
		if (rc != 0)
			break;
		more = receive_part(frames, until, err);
		if (more <= 0)
			return more;
	}
	if (rc == 1 && take_turn(frames, other, out->type, err) < 0) {
		sbk_frame_release(out);
		rc = SBK_E_PARSE;
	}
	return rc;
}
