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
	/* What trace_helping_backend was given to make and has not made. */
	struct sbk_change *const *changes;
	struct sbk_error *outcomes;
	size_t count;
	bool stop;
};

/* `trace` must outlive the result. */
struct sbk_backend trace_backend(struct trace *trace);
/*
 * The same with `replace_begin` and `replace_end`: helpers that are as slow as
 * they may be, and do everything at the end.
 */
struct sbk_backend trace_helping_backend(struct trace *trace);

#endif
