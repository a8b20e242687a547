/*
 * Wrappers of the firewall's methods. Owns how each says that it failed, and
 * nothing else.
 */
#include "engine/windows/win32_firewall.h"

#include <stdlib.h>
#include <string.h>

#include "engine/windows/wide.h"
#include "engine/windows/win32.h"

#include "engine/banned.h"

#define RULES_MAX 100000 /* that are looked at for one name */

static const struct sbk_win32_firewall *calls(void)
{
	return sbk_win32->firewall;
}

static int check(HRESULT result, const char *call, struct sbk_error *err)
{
	return result >= 0 ? 0 : sbk_win32_hresult_error(err, result, call);
}

static void release(void **object)
{
	if (*object != NULL)
		calls()->release(*object);
	*object = NULL;
}

int sbk_win32_firewall_open(struct sbk_firewall *out, struct sbk_error *err)
{
	HRESULT result = calls()->com_begin();
	int rc = 0;

	*out = (struct sbk_firewall)SBK_FIREWALL_INIT;
	/* Of another model, but begun: then it is not ours to end. */
	if (result != RPC_E_CHANGED_MODE) {
		rc = check(result, "CoInitializeEx", err);
		out->begun = rc == 0;
	}
	if (rc == 0)
		rc = check(calls()->policy_open(&out->policy),
			   "CoCreateInstance of NetFwPolicy2", err);
	if (rc == 0)
		rc = check(calls()->policy_rules(out->policy, &out->rules),
			   "INetFwPolicy2::get_Rules", err);
	return rc;
}

void sbk_win32_firewall_close(struct sbk_firewall *firewall)
{
	release(&firewall->rules);
	release(&firewall->policy);
	if (firewall->begun)
		calls()->com_end();
	firewall->begun = false;
}

/* --- reading -------------------------------------------------------------- */

static int read_text(void *rule, enum sbk_firewall_property property,
		     struct sbk_buf *out, struct sbk_error *err)
{
	BSTR text = NULL;
	int rc = check(calls()->rule_text(rule, property, &text),
		       "a getter of INetFwRule3", err);

	if (rc == 0 && text != NULL)
		sbk_narrow_add(out, text, wcslen(text));
	calls()->SysFreeString(text);
	return rc < 0 ? rc : sbk_buf_failed(out, err);
}

static int read_number(void *rule, enum sbk_firewall_property property,
		       struct sbk_buf *out, struct sbk_error *err)
{
	LONG number = 0;
	int rc = check(calls()->rule_number(rule, property, &number),
		       "a getter of INetFwRule3", err);

	sbk_buf_printf(out, "%ld", number);
	return rc < 0 ? rc : sbk_buf_failed(out, err);
}

static int read_property(void *rule, enum sbk_firewall_property property,
			 struct sbk_buf *out, struct sbk_error *err)
{
	return sbk_firewall_is_number(property)
		       ? read_number(rule, property, out, err)
		       : read_text(rule, property, out, err);
}

static int read_rule(void *rule, struct sbk_firewall_rule *out,
		     struct sbk_error *err)
{
	int i, rc = 0;

	for (i = 0; rc == 0 && i < SBK_FIREWALL_PROPERTY_COUNT; i++) {
		sbk_buf_clear(&out->values[i]);
		rc = read_property(rule, (enum sbk_firewall_property)i,
				   &out->values[i], err);
	}
	return rc;
}

static int look_at(void *rule, const char *name, struct sbk_firewall_rule *out,
		   size_t *count, struct sbk_error *err)
{
	struct sbk_buf text = SBK_BUF_INIT;
	int rc = read_text(rule, SBK_FIREWALL_NAME, &text, err);

	if (rc == 0 && strcmp(sbk_buf_text(&text), name) == 0 &&
	    (*count)++ == 0)
		rc = read_rule(rule, out, err);
	sbk_buf_release(&text);
	return rc;
}

static int look_at_all(void *list, const char *name,
		       struct sbk_firewall_rule *out, size_t *count,
		       struct sbk_error *err)
{
	HRESULT result;
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < RULES_MAX; i++) {
		void *rule = NULL;

		result = calls()->list_next(list, &rule);
		if (result == S_FALSE)
			return 0;
		rc = check(result, "IEnumVARIANT::Next", err);
		if (rc == 0)
			rc = look_at(rule, name, out, count, err);
		release(&rule);
	}
	return rc < 0 ? rc
		      : sbk_error_set(err, SBK_E_LIMIT,
				      "the firewall has more than %d rules",
				      RULES_MAX);
}

int sbk_win32_firewall_find(const struct sbk_firewall *firewall,
			    const char *name, struct sbk_firewall_rule *out,
			    size_t *count, struct sbk_error *err)
{
	void *list = NULL;
	LONG all = 0;
	int rc = check(calls()->rules_count(firewall->rules, &all),
		       "INetFwRules::get_Count", err);

	*count = 0;
	/* Wine has no list, and no rule ever. */
	if (rc < 0 || all == 0)
		return rc;
	rc = check(calls()->rules_list(firewall->rules, &list),
		   "INetFwRules::get__NewEnum", err);
	if (rc == 0)
		rc = look_at_all(list, name, out, count, err);
	release(&list);
	return rc;
}

/* --- changing ------------------------------------------------------------- */

static int make_text(const struct sbk_buf *value, BSTR *out,
		     struct sbk_error *err)
{
	struct sbk_buf wide = SBK_BUF_INIT;
	const WCHAR *text = sbk_wide_of(&wide, sbk_buf_text(value));

	*out = text == NULL ? NULL
			    : calls()->SysAllocStringLen(
				      text, (UINT)(wide.size / sizeof(*text)));
	sbk_buf_release(&wide);
	return *out == NULL ? sbk_error_no_memory(err) : 0;
}

static int put(void *rule, enum sbk_firewall_property property,
	       const struct sbk_buf *value, struct sbk_error *err)
{
	BSTR text = NULL;
	HRESULT result;
	int rc = 0;

	if (value->size == 0)
		return 0;
	if (sbk_firewall_is_number(property)) {
		result = calls()->rule_put_number(
			rule, property, strtol(sbk_buf_text(value), NULL, 10));
	} else {
		rc = make_text(value, &text, err);
		if (rc < 0)
			return rc;
		result = calls()->rule_put_text(rule, property, text);
		calls()->SysFreeString(text);
	}
	return check(result, "a setter of INetFwRule3", err);
}

/* Sets nothing that is so by itself: an older property may refuse it. */
static int put_other(void *rule, enum sbk_firewall_property property,
		     const struct sbk_buf *value, struct sbk_error *err)
{
	struct sbk_buf now = SBK_BUF_INIT;
	int rc = read_property(rule, property, &now, err);

	if (rc == 0 && !sbk_firewall_value_equal(&now, value))
		rc = put(rule, property, value, err);
	sbk_buf_release(&now);
	return rc;
}

/* The options say what the older property of edges says, too. */
static int put_as_read(void *made, const struct sbk_firewall_rule *rule,
		       struct sbk_error *err)
{
	static const enum sbk_firewall_property first[] = {
		SBK_FIREWALL_PROTOCOL, SBK_FIREWALL_DIRECTION,
		SBK_FIREWALL_EDGE_OPTIONS};
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < sizeof(first) / sizeof(first[0]); i++)
		rc = put_other(made, first[i], &rule->values[first[i]], err);
	for (i = 0; rc == 0 && i < SBK_FIREWALL_PROPERTY_COUNT; i++)
		rc = put_other(made, (enum sbk_firewall_property)i,
			       &rule->values[i], err);
	return rc;
}

static int put_all(void *made, const struct sbk_firewall_rule *rule,
		   struct sbk_error *err)
{
	int i, rc = 0;

	for (i = 0; rc == 0 && i < SBK_FIREWALL_PROPERTY_COUNT; i++)
		rc = put(made, (enum sbk_firewall_property)i, &rule->values[i],
			 err);
	return rc;
}

static int new_rule(void **out, struct sbk_error *err)
{
	return check(calls()->rule_new(out), "CoCreateInstance of NetFwRule",
		     err);
}

int sbk_win32_firewall_add(const struct sbk_firewall *firewall,
			   const struct sbk_firewall_rule *rule, bool as_read,
			   struct sbk_error *err)
{
	void *made = NULL;
	int rc = new_rule(&made, err);

	if (rc == 0)
		rc = as_read ? put_as_read(made, rule, err)
			     : put_all(made, rule, err);
	if (rc == 0)
		rc = check(calls()->rules_add(firewall->rules, made),
			   "INetFwRules::Add", err);
	release(&made);
	return rc;
}

int sbk_win32_firewall_rehearse(const struct sbk_firewall_rule *rule,
				struct sbk_firewall_rule *out,
				struct sbk_error *err)
{
	void *made = NULL;
	int rc = new_rule(&made, err);

	if (rc == 0)
		rc = put_as_read(made, rule, err);
	if (rc == 0)
		rc = read_rule(made, out, err);
	release(&made);
	return rc;
}

int sbk_win32_firewall_remove(const struct sbk_firewall *firewall,
			      const char *name, struct sbk_error *err)
{
	struct sbk_buf value = SBK_BUF_INIT;
	BSTR text = NULL;
	int rc;

	sbk_buf_adds(&value, name);
	rc = make_text(&value, &text, err);
	if (rc == 0)
		rc = check(calls()->rules_remove(firewall->rules, text),
			   "INetFwRules::Remove", err);
	calls()->SysFreeString(text);
	sbk_buf_release(&value);
	return rc;
}

int sbk_win32_firewall_look(const struct sbk_firewall *firewall,
			    struct sbk_firewall_effect *out,
			    struct sbk_error *err)
{
	VARIANT_BOOL enabled = VARIANT_FALSE;
	LONG state = 0, current = 0;
	int i, rc;

	rc = check(calls()->policy_modify_state(firewall->policy, &state),
		   "INetFwPolicy2::get_LocalPolicyModifyState", err);
	if (rc == 0)
		rc = check(calls()->policy_current_profiles(firewall->policy,
							    &current),
			   "INetFwPolicy2::get_CurrentProfileTypes", err);
	out->modify_state = state;
	out->current = current;
	for (i = 0; rc == 0 && i < 3; i++) {
		rc = check(calls()->policy_enabled(firewall->policy, 1l << i,
						   &enabled),
			   "INetFwPolicy2::get_FirewallEnabled", err);
		out->enabled[i] = enabled != VARIANT_FALSE;
	}
	return rc;
}
