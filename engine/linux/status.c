/*
 * What Linux says of itself in `sandbook status`: its mechanisms, and whether
 * the one firewall table of ours is loaded. Whether it works is for `audit
 * network`.
 */
#include "engine/status.h"

#include "engine/json.h"
#include "engine/linux/firewall.h"
#include "engine/os.h"

#include "engine/banned.h"

static void say_mechanisms(const struct sbk_carriers *carriers,
			   struct sbk_status_said *out)
{
	sbk_buf_printf(&out->text, "\nLandlock ABI %d%s\n",
		       carriers->landlock_abi,
		       carriers->landlock_abi == 0 ? " (not available)" : "");
	sbk_buf_adds(&out->text, "Limits: " SBK_RUN_MEMORY_MEANING "\n");
	sbk_json_bool(&out->members, "namespaces", carriers->namespaces);
	sbk_json_integer(&out->members, "landlock_abi", carriers->landlock_abi);
	sbk_json_bool(&out->members, "seccomp", carriers->seccomp);
	sbk_json_string(&out->members, "memory_limit", "per process");
}

/* The rules themselves, 1 where there are any. */
static int look_at_table(struct sbk_error *err)
{
	const struct sbk_object table = {.kind = SBK_KIND_FIREWALL,
					 .name = SBK_FIREWALL_NAME};
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	struct sbk_backend backend = {.ops = NULL};
	int rc = sbk_os_backend(&backend, err);

	if (rc == 0)
		rc = sbk_backend_observe(&backend, &table, &seen, err);
	if (rc == 0)
		rc = seen.state.size > 0;
	sbk_observation_release(&seen);
	sbk_backend_close(&backend);
	return rc;
}

static void say_table(bool has_accounts, struct sbk_status_said *out)
{
	struct sbk_error why = SBK_ERROR_INIT;
	const int there = look_at_table(&why);

	if (there < 0)
		sbk_json_string(&out->members, "firewall_table_unknown",
				why.message);
	else
		sbk_json_bool(&out->members, "firewall_table", there == 1);
	if (there != 1 && !has_accounts)
		return;
	sbk_buf_adds(&out->text, "Firewall: the table '" SBK_FIREWALL_NAME "'");
	if (there < 0)
		sbk_buf_printf(&out->text, " cannot be looked at: %s\n",
			       why.message);
	else
		sbk_buf_adds(&out->text,
			     there == 1 ? " is loaded\n" : " is not loaded\n");
}

int sbk_status_system(const struct sbk_status_asked *asked,
		      struct sbk_status_report *out, struct sbk_error *err)
{
	(void)err;
	out->known = "as just tried";
	say_mechanisms(asked->carriers, &out->places[SBK_STATUS_OF_RUNS]);
	say_table(asked->principals->count > 0,
		  &out->places[SBK_STATUS_OF_WALLS]);
	return 0;
}
