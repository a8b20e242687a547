/*
 * The file of a segment, which its reader kept who knows where: `journal drop`,
 * `verify --segment` and proofs read it.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "journal/segment.h"

#include "engine/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int count(void *arg, uint64_t n, const char *json, size_t size)
{
	static struct sbk_segment_base base;
	size_t *entries = arg;

	/* What an entry that drops others says, wherever it stands. */
	(void)sbk_segment_base_parse(n, json, size, &base, NULL);
	(*entries)++;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sbk_segment_leaves leaves = {.count = 0};
	static struct sbk_segment_base base;
	struct sbk_segment_file file;
	struct sbk_buf text = SBK_BUF_INIT;
	size_t entries = 0;

	sbk_buf_add(&text, data, size);
	if (text.failure == 0 &&
	    sbk_segment_file_parse(&text, &file, NULL) == 0) {
		/* As many as its head says, or it is none. */
		if (sbk_segment_file_each(&file, count, &entries, NULL) == 0 &&
		    entries != file.end - file.first)
			abort();
		(void)sbk_segment_leaves_add(&leaves, &file, NULL);
		(void)sbk_segment_base_parse(file.drop_entry,
					     sbk_buf_text(&file.drop),
					     file.drop.size, &base, NULL);
		sbk_segment_leaves_release(&leaves);
		sbk_segment_file_release(&file);
	} else if (text.failure == 0) {
		sbk_segment_file_release(&file);
	}
	sbk_buf_release(&text);
	return 0;
}
