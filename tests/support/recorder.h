/*
 * A recorder in memory: the journal of tests that need none. It checks the
 * calling sequence of engine/recorder.h and remembers each change.
 */
#ifndef SBK_TEST_RECORDER_H
#define SBK_TEST_RECORDER_H

#include "engine/recorder.h"

#define RECORDED_MAX 2048

struct recorded {
	struct sbk_change *changes[RECORDED_MAX]; /* of the plan, borrowed */
	size_t count;
	size_t prepares, settles;
	const char *sequence_error; /* what broke the sequence, or NULL */
};

struct sbk_recorder recorded_recorder(struct recorded *recorded);

#endif
