/*
 * Fuzz target: the whole scope audit of a small volume, as the list of its
 * sectors (tests/ntfs/image.h). It ends in a report, whatever the volume holds,
 * and the report is no smaller than what was asked.
 */
#include <stdlib.h>

#include "audit/volume.h"
#include "tests/ntfs/image.h"

#include "engine/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define RECORDS_MAX 4096 /* more say nothing new, and take long */

static void examine(struct sbk_volume_audit *audit)
{
	static const char *const names[] = {"S-1-5-32-544", "Everyone",
					    "tool:codex"};
	const struct sbk_volume_request all = {.path = "image"};
	const struct sbk_volume_request named = {
		.path = "image", .principals = names, .principal_count = 3};
	struct sbk_buf out = SBK_BUF_INIT;

	if (sbk_volume_examine(
		    audit,
		    sbk_ntfs_volume_boot(audit->tree.volume)->serial & 1
			    ? &all
			    : &named,
		    NULL) == 0) {
		sbk_report_print(audit->report, &out);
		sbk_report_print_json(audit->report, &out);
		(void)sbk_volume_print_json(audit, &out, NULL);
		(void)sbk_volume_print_csv(audit, &out, NULL);
		if (out.failure == 0 && out.size == 0)
			abort();
	}
	sbk_buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sbk_volume_audit audit = {.path = "image"};
	struct sbk_ntfs_device device;
	struct image image;

	if (!image_unpack(&image, data, size)) {
		image_release(&image);
		return 0;
	}
	device = image_device(&image);
	audit.report = sbk_report_new("scope");
	if (audit.report != NULL &&
	    sbk_ntfs_volume_open(&device, &audit.tree.volume, NULL) == 0 &&
	    sbk_ntfs_volume_records(audit.tree.volume) <= RECORDS_MAX &&
	    sbk_ntfs_secure_open(audit.tree.volume, &audit.tree.secure, NULL) ==
		    0)
		examine(&audit);
	sbk_volume_audit_release(&audit);
	sbk_report_free(audit.report);
	image_release(&image);
	return 0;
}
