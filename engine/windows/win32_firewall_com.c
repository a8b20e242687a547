/*
 * The firewall's objects as functions: one method each, called through its
 * interface. Owns which method serves which property, and nothing else.
 */
#define COBJMACROS
#include "engine/windows/win32_firewall.h"

/* Defines the GUIDs here: no library of mingw's has the firewall's. */
#include <initguid.h>
#include <netfw.h>

#include "engine/banned.h"

static HRESULT com_begin(void)
{
	return CoInitializeEx(NULL, COINIT_MULTITHREADED);
}

static void com_end(void)
{
	CoUninitialize();
}

static HRESULT policy_open(void **out)
{
	return CoCreateInstance(&CLSID_NetFwPolicy2, NULL, CLSCTX_INPROC_SERVER,
				&IID_INetFwPolicy2, out);
}

static void release(void *object)
{
	IUnknown *unknown = object;

	IUnknown_Release(unknown);
}

static HRESULT policy_modify_state(void *policy, LONG *out)
{
	NET_FW_MODIFY_STATE state = NET_FW_MODIFY_STATE_OK;
	HRESULT result = INetFwPolicy2_get_LocalPolicyModifyState(
		(INetFwPolicy2 *)policy, &state);

	*out = (LONG)state;
	return result;
}

static HRESULT policy_current_profiles(void *policy, LONG *out)
{
	return INetFwPolicy2_get_CurrentProfileTypes((INetFwPolicy2 *)policy,
						     out);
}

static HRESULT policy_enabled(void *policy, LONG profile, VARIANT_BOOL *out)
{
	return INetFwPolicy2_get_FirewallEnabled(
		(INetFwPolicy2 *)policy, (NET_FW_PROFILE_TYPE2)profile, out);
}

static HRESULT policy_rules(void *policy, void **out)
{
	INetFwRules *rules = NULL;
	HRESULT result =
		INetFwPolicy2_get_Rules((INetFwPolicy2 *)policy, &rules);

	*out = rules;
	return result;
}

static HRESULT rules_count(void *rules, LONG *out)
{
	return INetFwRules_get_Count((INetFwRules *)rules, out);
}

static HRESULT rules_list(void *rules, void **out)
{
	IUnknown *list = NULL;
	HRESULT result = INetFwRules_get__NewEnum((INetFwRules *)rules, &list);

	if (result < 0)
		return result;
	result = IUnknown_QueryInterface(list, &IID_IEnumVARIANT, out);
	IUnknown_Release(list);
	return result;
}

static HRESULT list_next(void *list, void **rule)
{
	VARIANT item;
	ULONG got = 0;
	HRESULT result;

	VariantInit(&item);
	result = IEnumVARIANT_Next((IEnumVARIANT *)list, 1, &item, &got);
	if (result != S_OK)
		return result;
	/* No page says as which kind of interface the list gives a rule. */
	result = VariantChangeType(&item, &item, 0, VT_DISPATCH);
	if (result >= 0)
		result = IDispatch_QueryInterface(V_DISPATCH(&item),
						  &IID_INetFwRule3, rule);
	(void)VariantClear(&item); /* gives back what Next gave */
	return result;
}

static HRESULT rules_add(void *rules, void *rule)
{
	INetFwRule *plain = NULL;
	HRESULT result = INetFwRule3_QueryInterface(
		(INetFwRule3 *)rule, &IID_INetFwRule, (void **)&plain);

	if (result < 0)
		return result;
	result = INetFwRules_Add((INetFwRules *)rules, plain);
	INetFwRule_Release(plain);
	return result;
}

static HRESULT rules_remove(void *rules, BSTR name)
{
	return INetFwRules_Remove((INetFwRules *)rules, name);
}

static HRESULT rule_new(void **out)
{
	return CoCreateInstance(&CLSID_NetFwRule, NULL, CLSCTX_INPROC_SERVER,
				&IID_INetFwRule3, out);
}

/* A list of names, of which ours has none: whether there is one. */
static HRESULT interfaces_text(INetFwRule3 *rule, BSTR *out)
{
	VARIANT value;
	HRESULT result;

	VariantInit(&value);
	result = INetFwRule3_get_Interfaces(rule, &value);
	if (result >= 0 && V_VT(&value) != VT_EMPTY && V_VT(&value) != VT_NULL)
		*out = SysAllocString(L"some");
	(void)VariantClear(&value); /* of what the getter gave */
	return result;
}

static HRESULT rule_text(void *object, enum sbk_firewall_property property,
			 BSTR *out)
{
	INetFwRule3 *rule = object;

	switch (property) {
	case SBK_FIREWALL_APPLICATION:
		return INetFwRule3_get_ApplicationName(rule, out);
	case SBK_FIREWALL_DESCRIPTION:
		return INetFwRule3_get_Description(rule, out);
	case SBK_FIREWALL_GROUPING:
		return INetFwRule3_get_Grouping(rule, out);
	case SBK_FIREWALL_ICMP:
		return INetFwRule3_get_IcmpTypesAndCodes(rule, out);
	case SBK_FIREWALL_INTERFACE_TYPES:
		return INetFwRule3_get_InterfaceTypes(rule, out);
	case SBK_FIREWALL_INTERFACES:
		return interfaces_text(rule, out);
	case SBK_FIREWALL_LOCAL_ADDRESSES:
		return INetFwRule3_get_LocalAddresses(rule, out);
	case SBK_FIREWALL_PACKAGE:
		return INetFwRule3_get_LocalAppPackageId(rule, out);
	case SBK_FIREWALL_LOCAL_PORTS:
		return INetFwRule3_get_LocalPorts(rule, out);
	case SBK_FIREWALL_LOCAL_USERS:
		return INetFwRule3_get_LocalUserAuthorizedList(rule, out);
	case SBK_FIREWALL_OWNER:
		return INetFwRule3_get_LocalUserOwner(rule, out);
	case SBK_FIREWALL_NAME:
		return INetFwRule3_get_Name(rule, out);
	case SBK_FIREWALL_REMOTE_ADDRESSES:
		return INetFwRule3_get_RemoteAddresses(rule, out);
	case SBK_FIREWALL_REMOTE_MACHINES:
		return INetFwRule3_get_RemoteMachineAuthorizedList(rule, out);
	case SBK_FIREWALL_REMOTE_PORTS:
		return INetFwRule3_get_RemotePorts(rule, out);
	case SBK_FIREWALL_REMOTE_USERS:
		return INetFwRule3_get_RemoteUserAuthorizedList(rule, out);
	case SBK_FIREWALL_SERVICE:
		return INetFwRule3_get_ServiceName(rule, out);
	default:
		return E_INVALIDARG;
	}
}

static HRESULT truth(HRESULT result, VARIANT_BOOL value, LONG *out)
{
	*out = value != VARIANT_FALSE;
	return result;
}

static HRESULT rule_number(void *object, enum sbk_firewall_property property,
			   LONG *out)
{
	INetFwRule3 *rule = object;
	VARIANT_BOOL flag = VARIANT_FALSE;
	NET_FW_ACTION action = NET_FW_ACTION_MAX;
	NET_FW_RULE_DIRECTION direction = NET_FW_RULE_DIR_MAX;
	HRESULT result;

	switch (property) {
	case SBK_FIREWALL_ACTION:
		result = INetFwRule3_get_Action(rule, &action);
		*out = (LONG)action;
		return result;
	case SBK_FIREWALL_DIRECTION:
		result = INetFwRule3_get_Direction(rule, &direction);
		*out = (LONG)direction;
		return result;
	case SBK_FIREWALL_EDGE:
		result = INetFwRule3_get_EdgeTraversal(rule, &flag);
		return truth(result, flag, out);
	case SBK_FIREWALL_EDGE_OPTIONS:
		return INetFwRule3_get_EdgeTraversalOptions(rule, out);
	case SBK_FIREWALL_ENABLED:
		result = INetFwRule3_get_Enabled(rule, &flag);
		return truth(result, flag, out);
	case SBK_FIREWALL_PROFILES:
		return INetFwRule3_get_Profiles(rule, out);
	case SBK_FIREWALL_PROTOCOL:
		return INetFwRule3_get_Protocol(rule, out);
	case SBK_FIREWALL_SECURE:
		return INetFwRule3_get_SecureFlags(rule, out);
	default:
		return E_INVALIDARG;
	}
}

/* Interfaces are never set: of those only is read whether there is one. */
static HRESULT rule_put_text(void *object, enum sbk_firewall_property property,
			     BSTR value)
{
	INetFwRule3 *rule = object;

	switch (property) {
	case SBK_FIREWALL_APPLICATION:
		return INetFwRule3_put_ApplicationName(rule, value);
	case SBK_FIREWALL_DESCRIPTION:
		return INetFwRule3_put_Description(rule, value);
	case SBK_FIREWALL_GROUPING:
		return INetFwRule3_put_Grouping(rule, value);
	case SBK_FIREWALL_ICMP:
		return INetFwRule3_put_IcmpTypesAndCodes(rule, value);
	case SBK_FIREWALL_INTERFACE_TYPES:
		return INetFwRule3_put_InterfaceTypes(rule, value);
	case SBK_FIREWALL_LOCAL_ADDRESSES:
		return INetFwRule3_put_LocalAddresses(rule, value);
	case SBK_FIREWALL_PACKAGE:
		return INetFwRule3_put_LocalAppPackageId(rule, value);
	case SBK_FIREWALL_LOCAL_PORTS:
		return INetFwRule3_put_LocalPorts(rule, value);
	case SBK_FIREWALL_LOCAL_USERS:
		return INetFwRule3_put_LocalUserAuthorizedList(rule, value);
	case SBK_FIREWALL_OWNER:
		return INetFwRule3_put_LocalUserOwner(rule, value);
	case SBK_FIREWALL_NAME:
		return INetFwRule3_put_Name(rule, value);
	case SBK_FIREWALL_REMOTE_ADDRESSES:
		return INetFwRule3_put_RemoteAddresses(rule, value);
	case SBK_FIREWALL_REMOTE_MACHINES:
		return INetFwRule3_put_RemoteMachineAuthorizedList(rule, value);
	case SBK_FIREWALL_REMOTE_PORTS:
		return INetFwRule3_put_RemotePorts(rule, value);
	case SBK_FIREWALL_REMOTE_USERS:
		return INetFwRule3_put_RemoteUserAuthorizedList(rule, value);
	case SBK_FIREWALL_SERVICE:
		return INetFwRule3_put_ServiceName(rule, value);
	default:
		return E_INVALIDARG;
	}
}

static HRESULT rule_put_number(void *object,
			       enum sbk_firewall_property property, LONG value)
{
	INetFwRule3 *rule = object;

	switch (property) {
	case SBK_FIREWALL_ACTION:
		return INetFwRule3_put_Action(rule, (NET_FW_ACTION)value);
	case SBK_FIREWALL_DIRECTION:
		return INetFwRule3_put_Direction(rule,
						 (NET_FW_RULE_DIRECTION)value);
	case SBK_FIREWALL_EDGE:
		return INetFwRule3_put_EdgeTraversal(
			rule, value != 0 ? VARIANT_TRUE : VARIANT_FALSE);
	case SBK_FIREWALL_EDGE_OPTIONS:
		return INetFwRule3_put_EdgeTraversalOptions(rule, value);
	case SBK_FIREWALL_ENABLED:
		return INetFwRule3_put_Enabled(
			rule, value != 0 ? VARIANT_TRUE : VARIANT_FALSE);
	case SBK_FIREWALL_PROFILES:
		return INetFwRule3_put_Profiles(rule, value);
	case SBK_FIREWALL_PROTOCOL:
		return INetFwRule3_put_Protocol(rule, value);
	case SBK_FIREWALL_SECURE:
		return INetFwRule3_put_SecureFlags(rule, value);
	default:
		return E_INVALIDARG;
	}
}

const struct sbk_win32_firewall sbk_win32_firewall_system = {
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
	.SysAllocStringLen = SysAllocStringLen,
	.SysFreeString = SysFreeString,
};
