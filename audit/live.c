/*
 * audit on a running system, step by step: which places, the tree of what is
 * there, and then the questions of volume.h.
 */
#include "audit/live.h"

#include <string.h>

#include "engine/banned.h"

static int examine(const struct sbk_live_request *request,
		   struct sbk_volume_audit *audit, struct sbk_error *err)
{
	const struct sbk_volume_request asked = {
		.principals = request->principals,
		.principal_count = request->principal_count,
		.strangers = request->about == SBK_LIVE_RESIDUE,
	};

	return sbk_volume_examine_tree(audit, &asked, err);
}

/* Keys alone: nobody is asked for, and every volume would be too much. */
static int examine_keys(struct sbk_volume_audit *audit, struct sbk_error *err)
{
	int rc = sbk_volume_sids_find(audit, err);

	if (rc == 0)
		rc = sbk_volume_known_find(audit, err);
	if (rc == 0)
		rc = sbk_volume_ssh(audit, err);
	sbk_report_coverage(audit->report)->examined = audit->tree.objects;
	return rc;
}

int sbk_live_audit(const struct sbk_live_request *request,
		   struct sbk_live *live, struct sbk_report *report,
		   struct sbk_volume_audit *out, struct sbk_error *err)
{
	const struct sbk_places_request where = {
		.roots = request->roots,
		.root_count = request->root_count,
		.skip = request->skip,
		.skip_count = request->skip_count,
	};
	struct sbk_places places = {.walk = NULL};
	int rc;

	*live = (struct sbk_live){.backend = request->backend,
				  .skip = request->skip,
				  .skip_count = request->skip_count};
	*out = (struct sbk_volume_audit){
		.report = report, .path = "this machine", .live = live};
	out->tree.progress = request->progress;
	rc = sbk_places_find(&where, report, &places, err);
	if (rc == 0)
		rc = sbk_live_tree_load(out, places.walk, places.walk_count,
					err);
	sbk_places_release(&places);
	if (rc < 0)
		return rc;
	return request->about == SBK_LIVE_SSH ? examine_keys(out, err)
					      : examine(request, out, err);
}
