/*
 * Fuzz target: the saved state of a volume, all but its sum, which is made here
 * (it keeps accidents out, and nobody who can count). What is believed is
 * walked: every path ends, every name and descriptor lies within the file.
 */
#include <sodium.h>
#include <stdlib.h>

#include "audit/volume.h"

#include "engine/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SUM_BYTES 32
#define RECORDS_MAX 4096 /* more say nothing new, and take long */

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void walk(struct sbk_volume_tree *tree)
{
	struct sbk_buf out = SBK_BUF_INIT;
	uint32_t i, at, depth;
	size_t d;

	for (i = 0; i < tree->records && i < RECORDS_MAX; i++) {
		sbk_buf_clear(&out);
		if ((tree->flags[i] & SBK_VOLUME_USED) != 0)
			must(sbk_volume_path(tree, i, &out, NULL) == 0);
		for (at = i, depth = 0; at != SBK_VOLUME_NONE; depth++) {
			must(at < tree->records && depth <= tree->records);
			at = tree->parent[at];
		}
		must(tree->descriptor[i] == SBK_VOLUME_NONE ||
		     tree->descriptor[i] < sbk_volume_distinct(tree));
	}
	for (d = 0; d < sbk_volume_distinct(tree); d++) {
		sbk_buf_clear(&out);
		must(sbk_volume_descriptor(tree, d, &out, NULL) == 0);
	}
	sbk_buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sbk_volume_audit audit = {.path = "saved"};
	struct sbk_volume_baseline_facts facts;
	uint8_t sum[SUM_BYTES];

	(void)crypto_generichash(sum, sizeof(sum), data, size, NULL,
				 0); /* cannot fail */
	sbk_buf_add(&audit.tree.saved, data, size);
	sbk_buf_add(&audit.tree.saved, sum, sizeof(sum));
	if (sbk_volume_baseline_parse(&audit, &facts, NULL) == 0)
		walk(&audit.tree);
	sbk_volume_audit_release(&audit);
	return 0;
}
