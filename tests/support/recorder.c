/* The recorder in memory; see the header. */
#include "tests/support/recorder.h"

#include <stdlib.h>

#include "engine/banned.h"

static int prepare(void *self, struct sbk_change *const *changes, size_t count,
		   struct sbk_error *err)
{
	struct recorded *recorded = self;
	size_t i;

	(void)err;
	if (recorded->prepares > recorded->settles + 1)
		recorded->sequence_error = "prepared two batches ahead";
	recorded->prepares++;
	for (i = 0; i < count; i++) {
		if (changes[i]->status != SBK_STATUS_PLANNED ||
		    recorded->count == RECORDED_MAX)
			abort();
		recorded->changes[recorded->count++] = changes[i];
		changes[i]->id = recorded->count;
		changes[i]->status = SBK_STATUS_PREPARED;
	}
	return 0;
}

static int settle(void *self, struct sbk_change *const *changes, size_t count,
		  struct sbk_error *err)
{
	struct recorded *recorded = self;
	size_t i;

	(void)err;
	recorded->settles++;
	for (i = 0; i < count; i++)
		if (changes[i]->status == SBK_STATUS_PLANNED ||
		    changes[i]->status == SBK_STATUS_PREPARED)
			recorded->sequence_error = "settled without a result";
	return 0;
}

static const struct sbk_recorder_ops recorded_ops = {.prepare = prepare,
						     .settle = settle};

struct sbk_recorder recorded_recorder(struct recorded *recorded)
{
	return (struct sbk_recorder){.ops = &recorded_ops, .self = recorded};
}
