/*
 * Wrappers of the calls for network filters, and the one place that knows how
 * a filter of ours looks to the system. Owns that and how each call says that
 * it failed, and nothing else.
 */
#include "engine/windows/win32_filters.h"

#include <string.h>

#include "engine/ntsec/sd.h"
#include "engine/ntsec/sddl.h"
#include "engine/windows/error.h"
#include "engine/windows/win32.h"

#include "engine/banned.h"

/* fwpmu.h and fwptypes.h of the SDK; mingw's headers lack them. */
#define PERSISTENT 0x1u		/* FWPM_PROVIDER, SUBLAYER, FILTER_FLAG */
#define PROVIDER_DISABLED 0x10u /* FWPM_PROVIDER_FLAG_DISABLED */
#define FILTER_DISABLED 0x20u	/* FWPM_FILTER_FLAG_DISABLED */
#define INDEXED 0x40u	      /* FWPM_FILTER_FLAG_INDEXED: the system sets it */
#define AUTHN_WINNT 10	      /* RPC_C_AUTHN_WINNT */
#define CONDITIONS_MAX 4      /* conditions of a filter that permits */
#define LISTED_AT_ONCE 64     /* filters of one call */
#define LISTED_MAX (1u << 20) /* filters that are looked at in all */
#define TCP 6
#define DISPLAY_NAME L"Sandbook"

static const GUID layers[SBK_FILTER_LAYER_COUNT] = {
	/* FWPM_LAYER_ALE_AUTH_CONNECT_V4, _V6 */
	{0xc38d57d1,
	 0x05a7,
	 0x4c33,
	 {0x90, 0x4f, 0x7f, 0xbc, 0xee, 0xe6, 0x0e, 0x82}},
	{0x4a72393b,
	 0x319f,
	 0x44bc,
	 {0x84, 0xc3, 0xba, 0x54, 0xdc, 0xb3, 0xb6, 0xb4}},
	/* FWPM_LAYER_ALE_AUTH_RECV_ACCEPT_V4, _V6 */
	{0xe1cd9fe7,
	 0xf4b5,
	 0x4273,
	 {0x96, 0xc0, 0x59, 0x2e, 0x48, 0x7b, 0x86, 0x50}},
	{0xa3b42c97,
	 0x9f04,
	 0x4672,
	 {0xb8, 0x7e, 0xce, 0xe9, 0xc4, 0x83, 0x25, 0x7f}},
	/* FWPM_LAYER_ALE_AUTH_LISTEN_V4, _V6 */
	{0x88bb5dad,
	 0x76d7,
	 0x4227,
	 {0x9c, 0x71, 0xdf, 0x0a, 0x3e, 0xd7, 0xbe, 0x7e}},
	{0x7ac9de24,
	 0x17dd,
	 0x4814,
	 {0xb4, 0xbd, 0xa9, 0xfb, 0xc9, 0x5a, 0x32, 0x1b}},
};

/* FWPM_CONDITION_ALE_USER_ID, _FLAGS, _IP_PROTOCOL, _IP_REMOTE_PORT */
static const GUID user_field = {
	0xaf043a0a,
	0xb34d,
	0x4f86,
	{0x97, 0x9c, 0xc9, 0x03, 0x71, 0xaf, 0x6e, 0x66}};
static const GUID flags_field = {
	0x632ce23b,
	0x5167,
	0x435c,
	{0x86, 0xd7, 0xe9, 0x03, 0x68, 0x4a, 0xa8, 0x0c}};
static const GUID protocol_field = {
	0x3971ef2b,
	0x623e,
	0x4f9a,
	{0x8c, 0xb1, 0x6e, 0x79, 0xb8, 0x06, 0xb9, 0xa7}};
static const GUID port_field = {
	0xc35a604d,
	0xd22b,
	0x4e1a,
	{0x91, 0xb4, 0x68, 0xf6, 0x74, 0xee, 0x67, 0x4b}};

const struct sbk_win32_filters sbk_win32_filters_system = {
	.FwpmEngineOpen0 = FwpmEngineOpen0,
	.FwpmEngineClose0 = FwpmEngineClose0,
	.FwpmFreeMemory0 = FwpmFreeMemory0,
	.FwpmTransactionBegin0 = FwpmTransactionBegin0,
	.FwpmTransactionCommit0 = FwpmTransactionCommit0,
	.FwpmProviderAdd0 = FwpmProviderAdd0,
	.FwpmProviderDeleteByKey0 = FwpmProviderDeleteByKey0,
	.FwpmProviderGetByKey0 = FwpmProviderGetByKey0,
	.FwpmSubLayerAdd0 = FwpmSubLayerAdd0,
	.FwpmSubLayerDeleteByKey0 = FwpmSubLayerDeleteByKey0,
	.FwpmSubLayerGetByKey0 = FwpmSubLayerGetByKey0,
	.FwpmFilterAdd0 = FwpmFilterAdd0,
	.FwpmFilterDeleteByKey0 = FwpmFilterDeleteByKey0,
	.FwpmFilterCreateEnumHandle0 = FwpmFilterCreateEnumHandle0,
	.FwpmFilterEnum0 = FwpmFilterEnum0,
	.FwpmFilterDestroyEnumHandle0 = FwpmFilterDestroyEnumHandle0,
	.FwpmProviderCreateEnumHandle0 = FwpmProviderCreateEnumHandle0,
	.FwpmProviderEnum0 = FwpmProviderEnum0,
	.FwpmProviderDestroyEnumHandle0 = FwpmProviderDestroyEnumHandle0,
	.FwpmSubLayerCreateEnumHandle0 = FwpmSubLayerCreateEnumHandle0,
	.FwpmSubLayerEnum0 = FwpmSubLayerEnum0,
	.FwpmSubLayerDestroyEnumHandle0 = FwpmSubLayerDestroyEnumHandle0,
};

static const struct sbk_win32_filters *calls(void)
{
	return sbk_win32->filters;
}

static int wfp_error(struct sbk_error *err, DWORD code, const char *call)
{
	return code == ERROR_SUCCESS
		       ? 0
		       : sbk_error_set_win32(err, code, "%s", call);
}

static GUID guid_of(const struct sbk_guid *guid)
{
	GUID out = {.Data1 = guid->a, .Data2 = guid->b, .Data3 = guid->c};

	memcpy(out.Data4, guid->d, sizeof(out.Data4));
	return out;
}

static struct sbk_guid ours_of(const GUID *guid)
{
	struct sbk_guid out = {
		.a = guid->Data1, .b = guid->Data2, .c = guid->Data3};

	memcpy(out.d, guid->Data4, sizeof(out.d));
	return out;
}

static bool same_guid(const GUID *a, const GUID *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* The calls take texts that they only read as if they wrote them. */
static FWPM_DISPLAY_DATA0 display(void)
{
	return (FWPM_DISPLAY_DATA0){.name = (wchar_t *)(uintptr_t)DISPLAY_NAME};
}

int sbk_win32_filters_open(HANDLE *engine, struct sbk_error *err)
{
	HANDLE opened = NULL;
	DWORD code = calls()->FwpmEngineOpen0(NULL, AUTHN_WINNT, NULL, NULL,
					      &opened);

	if (code == ERROR_SUCCESS)
		*engine = opened;
	return wfp_error(err, code, "FwpmEngineOpen0");
}

void sbk_win32_filters_close(HANDLE *engine)
{
	if (*engine != NULL)
		(void)calls()->FwpmEngineClose0(*engine); /* as CloseHandle */
	*engine = NULL;
}

int sbk_win32_filters_begin(HANDLE engine, struct sbk_error *err)
{
	return wfp_error(err, calls()->FwpmTransactionBegin0(engine, 0),
			 "FwpmTransactionBegin0");
}

int sbk_win32_filters_commit(HANDLE engine, struct sbk_error *err)
{
	return wfp_error(err, calls()->FwpmTransactionCommit0(engine),
			 "FwpmTransactionCommit0");
}

/* What the three deletions share; each takes the engine and a key. */
static int delete_by_key(DWORD(WINAPI *call)(HANDLE engine, const GUID *key),
			 const char *name, HANDLE engine,
			 const struct sbk_guid *key, struct sbk_error *err)
{
	const GUID guid = guid_of(key);

	return wfp_error(err, call(engine, &guid), name);
}

int sbk_win32_provider_delete(HANDLE engine, const struct sbk_guid *key,
			      struct sbk_error *err)
{
	return delete_by_key(calls()->FwpmProviderDeleteByKey0,
			     "FwpmProviderDeleteByKey0", engine, key, err);
}

int sbk_win32_sublayer_delete(HANDLE engine, const struct sbk_guid *key,
			      struct sbk_error *err)
{
	return delete_by_key(calls()->FwpmSubLayerDeleteByKey0,
			     "FwpmSubLayerDeleteByKey0", engine, key, err);
}

int sbk_win32_filter_delete(HANDLE engine, const struct sbk_guid *key,
			    struct sbk_error *err)
{
	return delete_by_key(calls()->FwpmFilterDeleteByKey0,
			     "FwpmFilterDeleteByKey0", engine, key, err);
}

int sbk_win32_provider_add(HANDLE engine, const struct sbk_guid *key,
			   struct sbk_error *err)
{
	const FWPM_PROVIDER0 provider = {.providerKey = guid_of(key),
					 .displayData = display(),
					 .flags = PERSISTENT};

	return wfp_error(err,
			 calls()->FwpmProviderAdd0(engine, &provider, NULL),
			 "FwpmProviderAdd0");
}

int sbk_win32_sublayer_add(HANDLE engine, const struct sbk_filter_set *set,
			   struct sbk_error *err)
{
	GUID provider = guid_of(&set->provider);
	FWPM_SUBLAYER0 sublayer;

	/* Its flags are 32 bits in the documentation and 16 in mingw's header:
	 * the upper ones, there a gap, are the system's to read. */
	memset(&sublayer, 0, sizeof(sublayer));
	sublayer.subLayerKey = guid_of(&set->sublayer);
	sublayer.displayData = display();
	sublayer.flags = PERSISTENT;
	sublayer.providerKey = &provider;
	sublayer.weight = set->weight;
	return wfp_error(err,
			 calls()->FwpmSubLayerAdd0(engine, &sublayer, NULL),
			 "FwpmSubLayerAdd0");
}

/* --- a filter as the system has it ---------------------------------------- */

/* Whom it meets: FWP_ACTRL_MATCH_FILTER, the bit 1, in a descriptor. */
static int user_descriptor(const struct sbk_sid *user, struct sbk_buf *out,
			   struct sbk_error *err)
{
	struct sbk_buf sddl = SBK_BUF_INIT;
	struct sbk_sid_text text;
	int rc;

	sbk_buf_printf(&sddl, "O:SYG:SYD:(A;;0x1;;;%s)",
		       sbk_sid_format(user, &text));
	rc = sbk_buf_failed(&sddl, err);
	if (rc == 0)
		rc = sbk_sddl_parse(sbk_buf_text(&sddl), sddl.size, NULL, out,
				    err);
	sbk_buf_release(&sddl);
	return rc;
}

static FWPM_FILTER_CONDITION0 number_condition(const GUID *field,
					       FWP_MATCH_TYPE match,
					       FWP_DATA_TYPE type, UINT32 value)
{
	FWPM_FILTER_CONDITION0 out = {.fieldKey = *field, .matchType = match};

	out.conditionValue.type = type;
	if (type == FWP_UINT8)
		out.conditionValue.uint8 = (UINT8)value;
	else
		out.conditionValue.uint32 = value;
	return out;
}

int sbk_win32_filter_add(HANDLE engine, const struct sbk_filter_set *set,
			 const struct sbk_filter *filter, struct sbk_error *err)
{
	FWPM_FILTER_CONDITION0 conditions[CONDITIONS_MAX] = {
		{.fieldKey = user_field, .matchType = FWP_MATCH_EQUAL}};
	GUID provider = guid_of(&set->provider);
	FWPM_FILTER0 request = {.filterKey = guid_of(&filter->key),
				.displayData = display(),
				.flags = PERSISTENT,
				.providerKey = &provider,
				.layerKey = layers[filter->layer],
				.subLayerKey = guid_of(&set->sublayer),
				.numFilterConditions = 1,
				.filterCondition = conditions};
	struct sbk_buf sd = SBK_BUF_INIT;
	FWP_BYTE_BLOB blob;
	FWP_RANGE0 range;
	int rc = user_descriptor(&filter->user, &sd, err);

	blob.size = (UINT32)sd.size;
	blob.data = (UINT8 *)sd.data;
	conditions[0].conditionValue.type = FWP_SECURITY_DESCRIPTOR_TYPE;
	conditions[0].conditionValue.sd = &blob;
	request.weight.type = FWP_UINT8;
	request.weight.uint8 = filter->weight;
	request.action.type =
		filter->permit ? FWP_ACTION_PERMIT : FWP_ACTION_BLOCK;
	if (filter->permit) {
		memset(&range, 0, sizeof(range));
		range.valueLow.type = range.valueHigh.type = FWP_UINT16;
		range.valueLow.uint16 = filter->first_port;
		range.valueHigh.uint16 = filter->last_port;
		conditions[1] = number_condition(
			&flags_field, FWP_MATCH_FLAGS_ALL_SET, FWP_UINT32,
			FWP_CONDITION_FLAG_IS_LOOPBACK);
		conditions[2] = number_condition(
			&protocol_field, FWP_MATCH_EQUAL, FWP_UINT8, TCP);
		conditions[3] = (FWPM_FILTER_CONDITION0){
			.fieldKey = port_field, .matchType = FWP_MATCH_RANGE};
		conditions[3].conditionValue.type = FWP_RANGE_TYPE;
		conditions[3].conditionValue.rangeValue = &range;
		request.numFilterConditions = CONDITIONS_MAX;
	}
	if (rc == 0)
		rc = wfp_error(
			err,
			calls()->FwpmFilterAdd0(engine, &request, NULL, NULL),
			"FwpmFilterAdd0");
	sbk_buf_release(&sd);
	return rc;
}

/* The one SID that the descriptor of a condition lets through. */
static bool read_user(const FWPM_FILTER_CONDITION0 *c, struct sbk_sid *out)
{
	const FWP_BYTE_BLOB *blob = c->conditionValue.sd;
	struct sbk_ace ace;
	struct sbk_nt_acl_cursor at = SBK_NT_ACL_BEGIN;
	struct sbk_sd sd;

	if (!same_guid(&c->fieldKey, &user_field) ||
	    c->matchType != FWP_MATCH_EQUAL ||
	    c->conditionValue.type != FWP_SECURITY_DESCRIPTOR_TYPE ||
	    blob == NULL ||
	    sbk_sd_read(blob->data, blob->size, &sd, NULL) < 0 ||
	    sd.dacl_is != SBK_ACL_PRESENT ||
	    !sbk_nt_acl_next(&sd.dacl, &at, &ace) ||
	    ace.type != SBK_ACE_ALLOW || ace.flags != 0 || ace.mask != 1)
		return false;
	*out = ace.sid;
	return !sbk_nt_acl_next(&sd.dacl, &at, &ace);
}

static bool is_number(const FWPM_FILTER_CONDITION0 *c, const GUID *field,
		      FWP_MATCH_TYPE match, FWP_DATA_TYPE type, UINT32 value)
{
	const FWP_CONDITION_VALUE0 *v = &c->conditionValue;

	return same_guid(&c->fieldKey, field) && c->matchType == match &&
	       v->type == type &&
	       (type == FWP_UINT8 ? v->uint8 : v->uint32) == value;
}

static bool read_ports(const FWPM_FILTER_CONDITION0 *c, struct sbk_filter *out)
{
	const FWP_RANGE0 *range = c->conditionValue.rangeValue;

	if (!same_guid(&c->fieldKey, &port_field) ||
	    c->matchType != FWP_MATCH_RANGE ||
	    c->conditionValue.type != FWP_RANGE_TYPE || range == NULL ||
	    range->valueLow.type != FWP_UINT16 ||
	    range->valueHigh.type != FWP_UINT16)
		return false;
	out->first_port = range->valueLow.uint16;
	out->last_port = range->valueHigh.uint16;
	return true;
}

/* The condition on this field; an empty one where there is none. Whatever
 * order the system keeps them in. */
static const FWPM_FILTER_CONDITION0 *condition(const FWPM_FILTER0 *f,
					       const GUID *field)
{
	static const FWPM_FILTER_CONDITION0 none;
	UINT32 i;

	for (i = 0; i < f->numFilterConditions; i++)
		if (same_guid(&f->filterCondition[i].fieldKey, field))
			return &f->filterCondition[i];
	return &none;
}

static enum sbk_filter_flaw flaw_of(UINT32 flags, UINT32 disabled)
{
	if ((flags & disabled) != 0)
		return SBK_FILTER_DISABLED;
	return (flags & PERSISTENT) == 0 ? SBK_FILTER_TRANSIENT
					 : SBK_FILTER_NO_FLAW;
}

enum sbk_filter_flaw sbk_win32_filter_flaw(UINT32 flags)
{
	return flaw_of(flags, FILTER_DISABLED);
}

enum sbk_filter_flaw sbk_win32_provider_flaw(UINT32 flags)
{
	return flaw_of(flags, PROVIDER_DISABLED);
}

enum sbk_filter_flaw sbk_win32_sublayer_flaw(UINT32 flags)
{
	return flaw_of(flags, 0);
}

/* Whether each property is one that sbk_win32_filter_add gives. */
static bool read_filter(const FWPM_FILTER0 *f, const GUID *provider,
			const GUID *sublayer, struct sbk_filter *out)
{
	int layer = 0;

	while (layer < SBK_FILTER_LAYER_COUNT &&
	       !same_guid(&layers[layer], &f->layerKey))
		layer++;
	out->layer = (enum sbk_filter_layer)layer;
	out->permit = f->action.type == FWP_ACTION_PERMIT;
	out->weight = f->weight.uint8;
	if (layer == SBK_FILTER_LAYER_COUNT || f->providerKey == NULL ||
	    !same_guid(f->providerKey, provider) ||
	    !same_guid(&f->subLayerKey, sublayer) ||
	    (f->flags & ~INDEXED) != PERSISTENT ||
	    f->weight.type != FWP_UINT8 ||
	    (!out->permit && f->action.type != FWP_ACTION_BLOCK) ||
	    f->numFilterConditions != (out->permit ? CONDITIONS_MAX : 1u) ||
	    !read_user(condition(f, &user_field), &out->user))
		return false;
	return !out->permit ||
	       (is_number(condition(f, &flags_field), &flags_field,
			  FWP_MATCH_FLAGS_ALL_SET, FWP_UINT32,
			  FWP_CONDITION_FLAG_IS_LOOPBACK) &&
		is_number(condition(f, &protocol_field), &protocol_field,
			  FWP_MATCH_EQUAL, FWP_UINT8, TCP) &&
		read_ports(condition(f, &port_field), out));
}

/* --- reading -------------------------------------------------------------- */

static int read_provider(HANDLE engine, struct sbk_filter_set *out,
			 struct sbk_error *err)
{
	const GUID key = guid_of(&out->provider);
	FWPM_PROVIDER0 *provider = NULL;
	DWORD code = calls()->FwpmProviderGetByKey0(engine, &key, &provider);

	if (code == (DWORD)FWP_E_PROVIDER_NOT_FOUND)
		return 0;
	if (code != ERROR_SUCCESS)
		return wfp_error(err, code, "FwpmProviderGetByKey0");
	if (provider == NULL)
		return sbk_error_set(err, SBK_E_IO,
				     "FwpmProviderGetByKey0 reported success "
				     "and gave nothing");
	out->has_provider = true;
	out->provider_flaw = sbk_win32_provider_flaw(provider->flags);
	calls()->FwpmFreeMemory0((void **)&provider);
	return 0;
}

static int read_sublayer(HANDLE engine, struct sbk_filter_set *out,
			 struct sbk_error *err)
{
	const GUID key = guid_of(&out->sublayer);
	FWPM_SUBLAYER0 *sublayer = NULL;
	DWORD code = calls()->FwpmSubLayerGetByKey0(engine, &key, &sublayer);

	if (code == (DWORD)FWP_E_SUBLAYER_NOT_FOUND)
		return 0;
	if (code != ERROR_SUCCESS)
		return wfp_error(err, code, "FwpmSubLayerGetByKey0");
	if (sublayer == NULL)
		return sbk_error_set(err, SBK_E_IO,
				     "FwpmSubLayerGetByKey0 reported success "
				     "and gave nothing");
	out->has_sublayer = true;
	out->sublayer_flaw = sbk_win32_sublayer_flaw(sublayer->flags);
	out->weight = sublayer->weight;
	calls()->FwpmFreeMemory0((void **)&sublayer);
	return 0;
}

static int take_filter(struct sbk_filter_set *out, const FWPM_FILTER0 *f,
		       struct sbk_error *err)
{
	const GUID provider = guid_of(&out->provider);
	const GUID sublayer = guid_of(&out->sublayer);
	struct sbk_filter filter = {.key = ours_of(&f->filterKey)};

	if (!sbk_guid_is_kin(&filter.key, &out->provider) &&
	    (f->providerKey == NULL || !same_guid(f->providerKey, &provider)))
		return 0;
	if (!read_filter(f, &provider, &sublayer, &filter)) {
		filter.is_other = true;
		filter.flaw = sbk_win32_filter_flaw(f->flags);
	}
	return sbk_filter_set_add(out, &filter, err);
}

static int read_filters(HANDLE engine, HANDLE list, struct sbk_filter_set *out,
			struct sbk_error *err)
{
	UINT32 got = LISTED_AT_ONCE, seen = 0, i;
	int rc = 0;

	while (rc == 0 && got == LISTED_AT_ONCE) {
		FWPM_FILTER0 **entries = NULL;

		got = 0;
		rc = wfp_error(err,
			       calls()->FwpmFilterEnum0(engine, list,
							LISTED_AT_ONCE,
							&entries, &got),
			       "FwpmFilterEnum0");
		for (i = 0; rc == 0 && entries != NULL && i < got; i++)
			rc = take_filter(out, entries[i], err);
		if (entries != NULL)
			calls()->FwpmFreeMemory0((void **)&entries);
		seen += got;
		if (seen > LISTED_MAX)
			return sbk_error_set(err, SBK_E_LIMIT,
					     "more than %u filters",
					     LISTED_MAX);
	}
	return rc;
}

int sbk_win32_filters_read(HANDLE engine, const struct sbk_guid *provider,
			   struct sbk_filter_set *out, struct sbk_error *err)
{
	HANDLE list = NULL;
	int rc;

	*out = (struct sbk_filter_set){.provider = *provider,
				       .sublayer = *provider};
	out->sublayer.a++; /* the numbers of filter_rules.h */
	rc = read_sublayer(engine, out, err);
	if (rc == 0)
		rc = read_provider(engine, out, err);
	if (rc == 0)
		rc = wfp_error(err,
			       calls()->FwpmFilterCreateEnumHandle0(
				       engine, NULL, &list),
			       "FwpmFilterCreateEnumHandle0");
	if (rc < 0)
		return rc;
	rc = read_filters(engine, list, out, err);
	(void)calls()->FwpmFilterDestroyEnumHandle0(engine, list); /* as
								CloseHandle */
	return rc;
}
