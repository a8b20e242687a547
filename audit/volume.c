/*
 * audit scope --volume, step by step: the device, the objects, the SIDs, who
 * they belong to, what they may do, and where.
 */
#include "audit/volume.h"

#include <stdlib.h>
#include <string.h>

#include "engine/os_device.h"

#include "engine/banned.h"

static int open_volume(struct sbk_volume_audit *audit,
		       struct sbk_device *device, struct sbk_error *err)
{
	const struct sbk_ntfs_device bytes = {
		.read = sbk_os_device_read,
		.arg = device,
		.size = sbk_os_device_size(device),
		.find_data = sbk_os_device_find_data};
	struct sbk_error why = SBK_ERROR_INIT;
	int rc = sbk_ntfs_volume_open(&bytes, &audit->tree.volume, &why);

	if (rc == 0)
		rc = sbk_ntfs_secure_open(audit->tree.volume,
					  &audit->tree.secure, &why);
	if (rc < 0) /* what is no volume is a wrong argument */
		return sbk_error_set(err, rc == SBK_E_PARSE ? SBK_E_INVAL : rc,
				     "'%s': %s", audit->path, why.message);
	return 0;
}

static int note_mount(struct sbk_volume_audit *audit, struct sbk_error *err)
{
	const char *point = sbk_os_device_mounted(audit->device);
	struct sbk_finding finding = {
		.severity = SBK_SEVERITY_INFO,
		.rule = "volume.mounted",
		.object = point,
		.text = "the volume is mounted for writing; what was not "
			"written to the device yet is not seen",
	};

	return point == NULL ? 0 : sbk_report_add(audit->report, &finding, err);
}

int sbk_volume_open(struct sbk_volume_audit *audit, struct sbk_error *err)
{
	int rc = sbk_os_device_open(audit->path, &audit->device, err);

	if (rc == 0)
		rc = open_volume(audit, audit->device, err);
	return rc < 0 ? rc : note_mount(audit, err);
}

int sbk_volume_examine(struct sbk_volume_audit *audit,
		       const struct sbk_volume_request *request,
		       struct sbk_error *err)
{
	int rc = sbk_volume_tree_load(&audit->tree, err);

	if (rc == 0)
		rc = sbk_volume_changes_load(&audit->tree, err);
	return rc < 0 ? rc : sbk_volume_examine_tree(audit, request, err);
}

int sbk_volume_examine_tree(struct sbk_volume_audit *audit,
			    const struct sbk_volume_request *request,
			    struct sbk_error *err)
{
	int rc = sbk_volume_sids_find(audit, err);

	if (rc == 0)
		rc = sbk_volume_known_find(audit, err);
	if (rc == 0)
		rc = sbk_volume_principals_choose(audit, request, err);
	if (rc == 0)
		rc = sbk_volume_judge(audit, err);
	if (rc == 0)
		rc = sbk_volume_rollup(audit, err);
	if (rc == 0)
		rc = sbk_volume_report(audit, err);
	/* Not where somebody else was asked for. */
	if (rc == 0 && !audit->named && !request->strangers)
		rc = sbk_volume_everyone(audit, err);
	if (rc == 0)
		rc = sbk_volume_hives_report(audit, err);
	return rc < 0 ? rc : sbk_volume_ssh(audit, err);
}

int sbk_volume_audit(const struct sbk_volume_request *request,
		     struct sbk_report *report, struct sbk_volume_audit *out,
		     struct sbk_error *err)
{
	int rc;

	*out = (struct sbk_volume_audit){.report = report,
					 .path = request->path};
	out->tree.progress = request->progress;
	rc = sbk_volume_open(out, err);
	return rc < 0 ? rc : sbk_volume_examine(out, request, err);
}

void sbk_volume_audit_release(struct sbk_volume_audit *audit)
{
	size_t i;

	for (i = 0; i < audit->principal_count; i++) {
		free(audit->principals[i].roots);
		free(audit->principals[i].inclusions);
	}
	free(audit->principals);
	free(audit->members);
	free(audit->hits);
	free(audit->sids);
	free((void *)audit->directory.owners);
	free(audit->evidence);
	free(audit->facts);
	sbk_volume_tree_release(&audit->tree);
	sbk_os_device_close(audit->device);
	sbk_arena_release(&audit->arena);
}
