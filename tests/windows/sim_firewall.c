/* The simulated firewall; see the header. */
#include "tests/windows/sim_firewall.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "tests/windows/sim.h"

#include "engine/banned.h"

static struct sim_firewall *firewall(void)
{
	return &sim_now()->firewall;
}

static HRESULT answer(void)
{
	return sim_fails() ? E_ACCESSDENIED : S_OK;
}

static HRESULT com_begin(void)
{
	HRESULT result = answer();

	firewall()->threads += result == S_OK;
	return result;
}

static void com_end(void)
{
	if (firewall()->threads-- == 0)
		abort();
}

/* Each object is counted; which one it is does not matter. */
static HRESULT give(void *object, void **out)
{
	HRESULT result = answer();

	if (firewall()->threads == 0)
		abort();
	if (result != S_OK)
		return result;
	firewall()->objects++;
	*out = object;
	return S_OK;
}

static void release(void *object)
{
	if (object == NULL || firewall()->objects-- == 0)
		abort();
}

static HRESULT policy_open(void **out)
{
	return give(firewall(), out);
}

static HRESULT policy_rules(void *policy, void **out)
{
	return give(policy, out);
}

static HRESULT policy_modify_state(void *policy, LONG *out)
{
	(void)policy;
	*out = firewall()->modify_state;
	return answer();
}

static HRESULT policy_current_profiles(void *policy, LONG *out)
{
	(void)policy;
	*out = firewall()->profiles;
	return answer();
}

static HRESULT policy_enabled(void *policy, LONG profile, VARIANT_BOOL *out)
{
	(void)policy;
	*out = firewall()->off[profile / 2] ? VARIANT_FALSE : VARIANT_TRUE;
	return answer();
}

static HRESULT rules_count(void *rules, LONG *out)
{
	(void)rules;
	*out = (LONG)sim_rule_count(sim_now());
	return answer();
}

static HRESULT rules_list(void *rules, void **out)
{
	firewall()->listed = 0;
	return give(rules, out);
}

static HRESULT list_next(void *list, void **rule)
{
	struct sim_firewall *f = firewall();

	(void)list;
	while (f->listed < SIM_RULES_MAX && !f->rules[f->listed].is_there)
		f->listed++;
	if (f->listed == SIM_RULES_MAX)
		return answer() == S_OK ? S_FALSE : E_ACCESSDENIED;
	return give(&f->rules[f->listed++], rule);
}

/* "Default: ..." of each property's page. */
static void set_defaults(struct sim_rule *rule)
{
	memset(rule, 0, sizeof(*rule));
	wcscpy(rule->texts[SBK_FIREWALL_LOCAL_ADDRESSES], L"*");
	wcscpy(rule->texts[SBK_FIREWALL_REMOTE_ADDRESSES], L"*");
	wcscpy(rule->texts[SBK_FIREWALL_INTERFACE_TYPES], L"All");
	rule->numbers[SBK_FIREWALL_PROTOCOL] = 256;
	rule->numbers[SBK_FIREWALL_DIRECTION] = 1;
	rule->numbers[SBK_FIREWALL_ACTION] = 1;
	rule->numbers[SBK_FIREWALL_PROFILES] = 0x7fffffff;
}

static HRESULT rule_new(void **out)
{
	set_defaults(&firewall()->made);
	return give(&firewall()->made, out);
}

static struct sim_rule *free_rule(struct sim_firewall *f)
{
	size_t i = 0;

	while (f->rules[i].is_there)
		if (++i == SIM_RULES_MAX)
			abort();
	return &f->rules[i];
}

static HRESULT rules_add(void *rules, void *rule)
{
	struct sim_rule *added;

	(void)rules;
	if (sim_fails() || !sim_is_elevated())
		return E_ACCESSDENIED;
	if (firewall()->forgets)
		return S_OK;
	added = free_rule(firewall());
	memcpy(added, rule, sizeof(*added));
	added->is_there = true;
	if (firewall()->loses_users)
		added->texts[SBK_FIREWALL_LOCAL_USERS][0] = L'\0';
	return S_OK;
}

static HRESULT rules_remove(void *rules, BSTR name)
{
	struct sim_rule *rule = sim_find_rule(sim_now(), name);

	(void)rules;
	if (sim_fails() || !sim_is_elevated())
		return E_ACCESSDENIED;
	if (rule == NULL)
		return HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND);
	if (!firewall()->forgets)
		rule->is_there = false;
	return S_OK;
}

static HRESULT rule_text(void *object, enum sbk_firewall_property property,
			 BSTR *out)
{
	const struct sim_rule *rule = object;

	if (sbk_firewall_is_number(property))
		abort();
	if (sim_fails())
		return E_ACCESSDENIED;
	/* Nothing is NULL. */
	if (rule->texts[property][0] != L'\0')
		*out = SysAllocString(rule->texts[property]);
	return S_OK;
}

static HRESULT rule_number(void *object, enum sbk_firewall_property property,
			   LONG *out)
{
	const struct sim_rule *rule = object;

	if (!sbk_firewall_is_number(property))
		abort();
	*out = rule->numbers[property];
	return answer();
}

static HRESULT rule_put_text(void *object, enum sbk_firewall_property property,
			     BSTR value)
{
	struct sim_rule *rule = object;

	if (sbk_firewall_is_number(property) || wcslen(value) >= SIM_VALUE_MAX)
		abort();
	if ((property == SBK_FIREWALL_LOCAL_PORTS ||
	     property == SBK_FIREWALL_REMOTE_PORTS) &&
	    rule->numbers[SBK_FIREWALL_PROTOCOL] == 256)
		return E_INVALIDARG;
	wcscpy(rule->texts[property], value);
	return answer();
}

static HRESULT rule_put_number(void *object,
			       enum sbk_firewall_property property, LONG value)
{
	struct sim_rule *rule = object;

	if (!sbk_firewall_is_number(property))
		abort();
	rule->numbers[property] = value;
	return answer();
}

static BSTR WINAPI alloc_text(const OLECHAR *text, UINT units)
{
	return SysAllocStringLen(text, units);
}

static void WINAPI free_text(BSTR text)
{
	SysFreeString(text);
}

const struct sbk_win32_firewall sim_firewall_table = {
	.com_begin = com_begin,
	.com_end = com_end,
	.policy_open = policy_open,
	.release = release,
	.policy_modify_state = policy_modify_state,
	.policy_current_profiles = policy_current_profiles,
	.policy_enabled = policy_enabled,
	.policy_rules = policy_rules,
	.rules_count = rules_count,
	.rules_list = rules_list,
	.list_next = list_next,
	.rules_add = rules_add,
	.rules_remove = rules_remove,
	.rule_new = rule_new,
	.rule_text = rule_text,
	.rule_number = rule_number,
	.rule_put_text = rule_put_text,
	.rule_put_number = rule_put_number,
	.SysAllocStringLen = alloc_text,
	.SysFreeString = free_text,
};

struct sim_rule *sim_add_rule(struct sim *sim, const WCHAR *name)
{
	struct sim_rule *rule = free_rule(&sim->firewall);

	set_defaults(rule);
	rule->is_there = true;
	wcscpy(rule->texts[SBK_FIREWALL_NAME], name);
	return rule;
}

struct sim_rule *sim_find_rule(struct sim *sim, const WCHAR *name)
{
	size_t i;

	for (i = 0; i < SIM_RULES_MAX; i++) {
		struct sim_rule *rule = &sim->firewall.rules[i];

		if (rule->is_there &&
		    wcscmp(rule->texts[SBK_FIREWALL_NAME], name) == 0)
			return rule;
	}
	return NULL;
}

size_t sim_rule_count(const struct sim *sim)
{
	size_t i, count = 0;

	for (i = 0; i < SIM_RULES_MAX; i++)
		count += sim->firewall.rules[i].is_there;
	return count;
}

static void print_rule(const struct sim_rule *rule, struct sbk_buf *out)
{
	size_t i;

	sbk_buf_printf(out, "rule %ls:", rule->texts[SBK_FIREWALL_NAME]);
	for (i = 0; i < SBK_FIREWALL_PROPERTY_COUNT; i++)
		sbk_buf_printf(out, " %ld '%ls'", (long)rule->numbers[i],
			       rule->texts[i]);
	sbk_buf_addc(out, '\n');
}

void sim_print_rules(const struct sim *sim, struct sbk_buf *out)
{
	size_t i;

	for (i = 0; i < SIM_RULES_MAX; i++)
		if (sim->firewall.rules[i].is_there)
			print_rule(&sim->firewall.rules[i], out);
}
