/* See the header. Invariant: `waiting` is what was put and not yet taken, and
 * at most the window. */
#include "engine/windows/inlet.h"

#include "engine/windows/frame.h"
#include "engine/windows/win32.h"
#include "engine/windows/win32_logon.h"

#include "engine/banned.h"

#define PART_BYTES (16 << 10)
#define TRY_MS 1000

/* The whole queue; nothing at the end. */
static void take(struct sbk_inlet *inlet, struct sbk_buf *out)
{
	EnterCriticalSection(&inlet->lock);
	while (inlet->queue.size == 0 && !inlet->closed && !inlet->over)
		(void)SleepConditionVariableCS(&inlet->change, &inlet->lock,
					       INFINITE);
	if (!inlet->over) {
		*out = inlet->queue;
		inlet->queue = (struct sbk_buf)SBK_BUF_INIT;
	}
	LeaveCriticalSection(&inlet->lock);
}

static bool said(struct sbk_inlet *inlet, size_t size)
{
	bool over;

	EnterCriticalSection(&inlet->lock);
	inlet->waiting -= size;
	over = inlet->over;
	LeaveCriticalSection(&inlet->lock);
	if (!over)
		inlet->took(inlet->arg, inlet->stream, size);
	return !over;
}

static DWORD WINAPI write_all(void *arg)
{
	struct sbk_inlet *inlet = arg;
	struct sbk_buf data = SBK_BUF_INIT;
	bool more = true;

	do {
		size_t done = 0;

		sbk_buf_release(&data);
		take(inlet, &data);
		while (more && done < data.size) {
			const size_t left = data.size - done;
			const size_t part =
				left < PART_BYTES ? left : PART_BYTES;

			/* A command that reads no more ends, or does not
			 * care. */
			if (inlet->to != NULL &&
			    sbk_win32_write(inlet->to, data.data + done, part,
					    NULL) < 0)
				sbk_win32_close(&inlet->to);
			more = said(inlet, part);
			done += part;
		}
	} while (more && data.size > 0);
	sbk_buf_release(&data);
	sbk_win32_close(&inlet->to);
	return 0;
}

int sbk_inlet_begin(struct sbk_inlet *inlet, HANDLE to,
		    const struct sbk_buf *guard, struct sbk_error *err)
{
	int rc;

	InitializeCriticalSection(&inlet->lock);
	InitializeConditionVariable(&inlet->change);
	inlet->queue = (struct sbk_buf)SBK_BUF_INIT;
	inlet->waiting = 0;
	inlet->closed = inlet->over = false;
	inlet->to = to;
	inlet->is_there = true;
	rc = sbk_win32_make_thread(write_all, inlet, guard, &inlet->thread,
				   err);
	if (rc < 0)
		sbk_inlet_end(inlet);
	return rc;
}

int sbk_inlet_put(struct sbk_inlet *inlet, const void *data, size_t size,
		  struct sbk_error *err)
{
	int rc = 0;

	if (!inlet->is_there)
		return 0;
	EnterCriticalSection(&inlet->lock);
	if (!inlet->over && size > SBK_FRAME_WINDOW - inlet->waiting)
		rc = sbk_error_set(err, SBK_E_PARSE,
				   "more input came on the runner's pipe than "
				   "was due");
	if (rc == 0 && !inlet->over) {
		sbk_buf_add(&inlet->queue, data, size);
		rc = sbk_buf_failed(&inlet->queue, err);
		inlet->waiting += rc == 0 ? size : 0;
	}
	LeaveCriticalSection(&inlet->lock);
	WakeConditionVariable(&inlet->change);
	return rc;
}

void sbk_inlet_close(struct sbk_inlet *inlet)
{
	if (!inlet->is_there)
		return;
	EnterCriticalSection(&inlet->lock);
	inlet->closed = true;
	LeaveCriticalSection(&inlet->lock);
	WakeConditionVariable(&inlet->change);
}

void sbk_inlet_stop(struct sbk_inlet *inlet)
{
	if (!inlet->is_there)
		return;
	EnterCriticalSection(&inlet->lock);
	inlet->over = true;
	LeaveCriticalSection(&inlet->lock);
	WakeConditionVariable(&inlet->change);
	/* A write that nobody reads is cancelled. */
	while (inlet->thread != NULL &&
	       sbk_win32_end_thread(inlet->thread, TRY_MS, NULL) == 0)
		;
	sbk_win32_close(&inlet->thread);
	sbk_win32_close(&inlet->to);
}

void sbk_inlet_end(struct sbk_inlet *inlet)
{
	if (!inlet->is_there)
		return;
	sbk_inlet_stop(inlet);
	sbk_buf_release(&inlet->queue);
	DeleteCriticalSection(&inlet->lock);
	inlet->is_there = false;
}
