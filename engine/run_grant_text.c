/* What is said of the grants of a run, before they are made. */
#include "engine/run_grant.h"

#include "engine/json.h"

#include "engine/banned.h"

const char *sbk_run_grant_root(const struct sbk_run_grant *grant, size_t index)
{
	return index < grant->written_count ? grant->written[index] : NULL;
}

size_t sbk_run_grant_changes(const struct sbk_run_grant *grant)
{
	size_t i, changes = 0;

	for (i = 0; i < SBK_RUN_GRANT_PARTS; i++)
		if (grant->parts[i].plan != NULL)
			changes += sbk_plan_count(grant->parts[i].plan);
	return changes;
}

bool sbk_run_grant_note(const struct sbk_run_grant *grant, size_t index,
			const char **out)
{
	size_t i;

	for (i = 0; i < SBK_RUN_GRANT_PARTS; i++) {
		const struct sbk_plan *plan = grant->parts[i].plan;
		size_t count = plan != NULL ? sbk_plan_note_count(plan) : 0;

		if (index < count) {
			*out = sbk_plan_note_at(plan, index);
			return true;
		}
		index -= count;
	}
	return false;
}

void sbk_run_grant_print(const struct sbk_run_grant *grant, struct sbk_buf *out)
{
	size_t i;

	for (i = 0; i < SBK_RUN_GRANT_PARTS; i++)
		if (grant->parts[i].plan != NULL &&
		    sbk_plan_count(grant->parts[i].plan) > 0)
			sbk_plan_print(grant->parts[i].plan, out);
}

void sbk_run_grant_print_json(const struct sbk_run_grant *grant,
			      struct sbk_buf *out)
{
	bool first = true;
	size_t i;

	sbk_json_open_key(out, "grants", '[');
	for (i = 0; i < SBK_RUN_GRANT_PARTS; i++) {
		if (grant->parts[i].plan == NULL)
			continue;
		if (!first)
			sbk_buf_addc(out, ',');
		sbk_plan_print_json(grant->parts[i].plan, out);
		first = false;
	}
	sbk_json_close(out, ']');
}
