/*
 * The pipe between the front end and sandbook-runner: what one side sends, read
 * by the other. Hostile both ways.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/windows/frame.h"

#include "engine/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was read is written, and read again, as the same text. */
static void again(const struct sbk_frame *frame)
{
	struct sbk_buf first = SBK_BUF_INIT, second = SBK_BUF_INIT;
	struct sbk_buf kept = SBK_BUF_INIT;
	struct sbk_frame copy;

	if (sbk_frame_write(frame, &first, NULL) < 0)
		goto out; /* escapes made it too long */
	sbk_buf_add(&kept, first.data, first.size);
	if (sbk_frame_read(&first, &copy, NULL) != 1 || first.size != 0)
		abort();
	if (sbk_frame_write(&copy, &second, NULL) < 0 ||
	    second.size != kept.size ||
	    memcmp(second.data, kept.data, kept.size) != 0)
		abort();
	sbk_frame_release(&copy);
out:
	sbk_buf_release(&first);
	sbk_buf_release(&second);
	sbk_buf_release(&kept);
}

/* The first byte: who sends. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum sbk_frame_phase phase = SBK_FRAME_GREETING;
	struct sbk_buf received = SBK_BUF_INIT;
	struct sbk_frame frame;
	int frames = 0;

	if (size == 0)
		return 0;
	sbk_buf_add(&received, data + 1, size - 1);
	while (frames++ < 64 && sbk_frame_read(&received, &frame, NULL) == 1) {
		if (frame.type >= SBK_FRAME_TYPES ||
		    frame.data_size > SBK_FRAME_DATA_MAX)
			abort();
		(void)sbk_frame_due((enum sbk_frame_side)(data[0] & 1),
				    frame.type, &phase, NULL);
		if ((data[0] & 2) != 0)
			phase = (enum sbk_frame_phase)(frames %
						       (SBK_FRAME_RUNNING + 1));
		again(&frame);
		sbk_frame_release(&frame);
	}
	sbk_buf_release(&received);
	return 0;
}
