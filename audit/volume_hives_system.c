/*
 * SYSTEM of a volume: firewall rules that name an account.
 */
#include "audit/volume_hives.h"

#include <stdio.h>
#include <string.h>

#include "engine/rule_text.h"

#include "engine/banned.h"

#define RULES                                                  \
	"Services\\SharedAccess\\Parameters\\FirewallPolicy\\" \
	"FirewallRules"

static int learn_rule(struct sbk_volume_hive *reading, const char *rule,
		      const char *value, struct sbk_error *err)
{
	struct sbk_buf name = SBK_BUF_INIT, detail = SBK_BUF_INIT;
	struct sbk_sid_owner owner = {.origin = SBK_SID_OTHER_TOOL,
				      .tool = "codex"};
	struct sbk_sid last = {.bytes = {0}};
	size_t at = 0;
	int rc = 0;

	sbk_rule_text_name(rule, value, &name);
	sbk_rule_text_describe(rule, &detail);
	while (rc == 0 && name.failure == 0 && detail.failure == 0 &&
	       sbk_sid_find(rule, strlen(rule), &at, &owner.sid)) {
		if (!sbk_volume_is_account_sid(&owner.sid) ||
		    sbk_sid_equal(&owner.sid, &last))
			continue;
		last = owner.sid;
		rc = sbk_volume_fact_add(reading, &owner.sid, SBK_VOLUME_RULE,
					 sbk_buf_text(&name),
					 sbk_buf_text(&detail), err);
		if (rc == 0 && sbk_volume_is_codex(sbk_buf_text(&name)))
			rc = sbk_volume_known_add(reading->audit, &owner,
						  reading->path, err);
	}
	if (rc == 0)
		rc = sbk_buf_failed(&name, err);
	if (rc == 0)
		rc = sbk_buf_failed(&detail, err);
	sbk_buf_release(&name);
	sbk_buf_release(&detail);
	return rc;
}

static int take_rule(void *arg, const struct sbk_hive_value *value,
		     struct sbk_error *err)
{
	struct sbk_volume_hive *reading = arg;
	struct sbk_buf text = SBK_BUF_INIT;
	int rc = sbk_hive_value_text(&reading->hive, value, &text, NULL);

	if (rc == SBK_E_NOMEM)
		rc = sbk_error_no_memory(err);
	else if (rc < 0)
		rc = 0; /* damage is counted */
	else
		rc = learn_rule(reading, sbk_buf_text(&text), value->name, err);
	sbk_buf_release(&text);
	return rc;
}

int sbk_volume_hive_system(struct sbk_volume_hive *reading,
			   struct sbk_error *err)
{
	struct sbk_hive_value value;
	struct sbk_hive_key key;
	uint32_t current;
	char path[256];
	int rc = sbk_hive_find(&reading->hive, NULL, "Select", &key, err);

	if (rc == 0)
		rc = sbk_hive_value_find(&reading->hive, &key, "Current",
					 &value, err);
	if (rc == 0)
		rc = sbk_hive_value_number(&reading->hive, &value, &current,
					   err);
	if (rc < 0)
		return rc;
	(void)snprintf(path, sizeof(path), "ControlSet%03lu\\" RULES,
		       (unsigned long)current);
	rc = sbk_hive_find(&reading->hive, NULL, path, &key, err);
	if (rc == 0)
		rc = sbk_hive_each_value(&reading->hive, &key, take_rule,
					 reading, err);
	return sbk_volume_hive_absent(rc, err);
}
