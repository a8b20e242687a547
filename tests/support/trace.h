/*
 * A backend around another one that writes each call and its result into a
 * buffer, one line each: for tests of order and count.
 */
#ifndef SBK_TEST_TRACE_H
#define SBK_TEST_TRACE_H

#include "engine/backend.h"

struct trace {
	struct sbk_backend inner;
	struct sbk_buf lines;
};

/* `trace` must outlive the result. */
struct sbk_backend trace_backend(struct trace *trace);

#endif
