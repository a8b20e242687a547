/*
 * The part of the table of win32.h for the firewall, and its wrappers. Its
 * objects are COM's; the table has one function for each method that is called,
 * with the object as `void *`, so that a simulation needs no COM
 * (win32_firewall_com.c has the system's own).
 */
#ifndef SBK_WINDOWS_WIN32_FIREWALL_H
#define SBK_WINDOWS_WIN32_FIREWALL_H

#include <stdbool.h>

#include <windows.h>

#include <oleauto.h>

#include "engine/windows/firewall_rules.h"

/* Each returns its method's HRESULT; S_FALSE of `list_next` is the end. */
struct sbk_win32_firewall {
	/* CoInitializeEx, CoUninitialize, CoCreateInstance of NetFwPolicy2. */
	HRESULT (*com_begin)(void);
	void (*com_end)(void);
	HRESULT (*policy_open)(void **out);
	void (*release)(void *object);
	HRESULT (*policy_modify_state)(void *policy, LONG *out);
	HRESULT (*policy_current_profiles)(void *policy, LONG *out);
	HRESULT(*policy_enabled)
	(void *policy, LONG profile, VARIANT_BOOL *out);
	HRESULT (*policy_rules)(void *policy, void **out);
	HRESULT (*rules_count)(void *rules, LONG *out);
	HRESULT (*rules_list)(void *rules, void **out);
	HRESULT (*list_next)(void *list, void **rule);
	HRESULT (*rules_add)(void *rules, void *rule);
	HRESULT (*rules_remove)(void *rules, BSTR name);
	HRESULT (*rule_new)(void **out);
	HRESULT(*rule_text)
	(void *rule, enum sbk_firewall_property property, BSTR *out);
	HRESULT(*rule_number)
	(void *rule, enum sbk_firewall_property property, LONG *out);
	HRESULT(*rule_put_text)
	(void *rule, enum sbk_firewall_property property, BSTR value);
	HRESULT(*rule_put_number)
	(void *rule, enum sbk_firewall_property property, LONG value);
	BSTR(WINAPI *SysAllocStringLen)(const OLECHAR *text, UINT units);
	void(WINAPI *SysFreeString)(BSTR text);
};

extern const struct sbk_win32_firewall sbk_win32_firewall_system;

/* The open firewall. */
struct sbk_firewall {
	bool begun;
	void *policy, *rules;
};

#define SBK_FIREWALL_INIT      \
	{                      \
		.begun = false \
	}

/*
 * "CoInitializeEx function (combaseapi.h)" for this thread, "CoCreateInstance
 * function (combaseapi.h)" of CLSID_NetFwPolicy2, "INetFwPolicy2::get_Rules
 * method". sbk_win32_firewall_close always.
 */
int sbk_win32_firewall_open(struct sbk_firewall *out, struct sbk_error *err);
void sbk_win32_firewall_close(struct sbk_firewall *firewall);

/*
 * How many rules have this name, and every property of the first one:
 * "INetFwRules::get__NewEnum method", "IEnumVARIANT::Next method (oaidl.h)",
 * the getters of INetFwRule, INetFwRule2 and INetFwRule3. Not by
 * INetFwRules::Item, which gives one of several of a name. The caller releases
 * the rule always.
 */
int sbk_win32_firewall_find(const struct sbk_firewall *firewall,
			    const char *name, struct sbk_firewall_rule *out,
			    size_t *count, struct sbk_error *err);
/*
 * "CoCreateInstance" of CLSID_NetFwRule, the setters, "INetFwRules::Add
 * method". Set is what the rule has; where it is one `as_read`, what a new rule
 * has otherwise, the protocol first, without which ports are refused
 * ("INetFwRule::put_Protocol method").
 */
int sbk_win32_firewall_add(const struct sbk_firewall *firewall,
			   const struct sbk_firewall_rule *rule, bool as_read,
			   struct sbk_error *err);
/* What one that was read would be if it were made again, by a rule that is set
 * and read and never added. The caller releases `out` always. */
int sbk_win32_firewall_rehearse(const struct sbk_firewall_rule *rule,
				struct sbk_firewall_rule *out,
				struct sbk_error *err);
/* "INetFwRules::Remove method": by name, so the caller has looked. */
int sbk_win32_firewall_remove(const struct sbk_firewall *firewall,
			      const char *name, struct sbk_error *err);
/* "INetFwPolicy2::get_LocalPolicyModifyState", "get_CurrentProfileTypes",
 * "get_FirewallEnabled method". */
int sbk_win32_firewall_look(const struct sbk_firewall *firewall,
			    struct sbk_firewall_effect *out,
			    struct sbk_error *err);

#endif
