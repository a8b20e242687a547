/*
 * Frames (frame.h) over a named pipe: one side of the conversation, its phase,
 * and that frames of several threads do not mix. One thread receives; any may
 * send.
 */
#ifndef SBK_WINDOWS_FRAME_PIPE_H
#define SBK_WINDOWS_FRAME_PIPE_H

#include <stdbool.h>

#include <windows.h>

#include "engine/windows/frame.h"

struct sbk_frame_pipe {
	HANDLE pipe; /* the caller's; overlapped */
	enum sbk_frame_side own;
	enum sbk_frame_phase phase; /* under `lock` */
	bool shut;		    /* likewise */
	struct sbk_buf received;
	CRITICAL_SECTION lock, writing;
};

void sbk_frame_pipe_begin(struct sbk_frame_pipe *frames, HANDLE pipe,
			  enum sbk_frame_side own);
void sbk_frame_pipe_end(struct sbk_frame_pipe *frames);
/* Nothing is sent any more; whoever is sending stops. */
void sbk_frame_pipe_shut(struct sbk_frame_pipe *frames);
/* Once more, where it is shut: for who waits for a sender's end, which may have
 * been about to send. */
void sbk_frame_pipe_cancel(struct sbk_frame_pipe *frames);
enum sbk_frame_phase sbk_frame_pipe_phase(struct sbk_frame_pipe *frames);

/* SBK_E_PARSE where it is not due; SBK_E_BUSY where the other side does not
 * read in that time: the connection is of no more use. */
int sbk_frame_send(struct sbk_frame_pipe *frames, const struct sbk_frame *frame,
		   DWORD milliseconds, struct sbk_error *err);
/*
 * 1 and the next frame, which the caller releases; 0 where none came whole in
 * that time. SBK_E_INCOMPLETE: the other side is gone; SBK_E_PARSE and others:
 * what came was not due, or no frame.
 */
int sbk_frame_receive(struct sbk_frame_pipe *frames, DWORD milliseconds,
		      struct sbk_frame *out, struct sbk_error *err);

#endif
