/*
 * Input on its way to a command: a bounded queue, and a thread that writes it
 * into a pipe of the command's. So whoever receives the input never waits for
 * the command to read it.
 */
#ifndef SBK_WINDOWS_INLET_H
#define SBK_WINDOWS_INLET_H

#include <stdbool.h>

#include <windows.h>

#include "engine/buf.h"
#include "engine/error.h"

/* So many bytes are out of the queue: written, or given up where nobody reads
 * any more. Called by the inlet's thread, and no more once its end began. */
typedef void sbk_inlet_took_fn(void *arg, uint32_t stream, size_t size);

struct sbk_inlet {
	uint32_t stream; /* for `took` */
	sbk_inlet_took_fn *took;
	void *arg;
	HANDLE to, thread;
	CRITICAL_SECTION lock;
	CONDITION_VARIABLE change;
	struct sbk_buf queue;
	size_t waiting; /* bytes: in the queue, and being written */
	bool closed, over, is_there;
};

/* Takes `to`, which is closed when all is written. `guard`: of the thread. The
 * inlet stays where it is. */
int sbk_inlet_begin(struct sbk_inlet *inlet, HANDLE to,
		    const struct sbk_buf *guard, struct sbk_error *err);
/* SBK_E_PARSE: more than SBK_FRAME_WINDOW bytes wait. One that is not there
 * takes everything. */
int sbk_inlet_put(struct sbk_inlet *inlet, const void *data, size_t size,
		  struct sbk_error *err);
/* No more comes. */
void sbk_inlet_close(struct sbk_inlet *inlet);
/* Nothing more is written, and what is put is forgotten: from any thread. Waits
 * for a `took` that is being said. */
void sbk_inlet_stop(struct sbk_inlet *inlet);
/* That, and it is not there any more: when no other thread puts anything. */
void sbk_inlet_end(struct sbk_inlet *inlet);

#endif
