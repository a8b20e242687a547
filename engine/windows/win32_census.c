/*
 * Wrappers of the calls that list. Owns how each says that a list is at its
 * end, and which memory is the system's to free. A list that never ends is cut
 * off: SBK_E_LIMIT.
 */
#include "engine/windows/win32_census.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <fwpmu.h>
#include <lmaccess.h>
#include <lmapibuf.h>
#include <lmerr.h>
#include <wtsapi32.h>

#include "engine/windows/error.h"
#include "engine/windows/wide.h"
#include "engine/windows/win32.h"
#include "engine/windows/win32_accounts.h"
#include "engine/windows/win32_filters.h"
#include "engine/windows/win32_processes.h"
#include "engine/windows/win32_registry.h"

#include "engine/banned.h"

#define NAME_UNITS 16384 /* of a value; a key has 255 */
#define LISTED_MAX 100000
#define LISTED_BYTES 65536
#define FILTERS_AT_ONCE 100
#define VOLUME_UNITS 64
#define PATHS_UNITS 4096

const struct sbk_win32_census sbk_win32_census_system = {
	.RegEnumValueW = RegEnumValueW,
	.LsaEnumerateAccountsWithUserRight = LsaEnumerateAccountsWithUserRight,
	.FindFirstVolumeW = FindFirstVolumeW,
	.FindNextVolumeW = FindNextVolumeW,
	.FindVolumeClose = FindVolumeClose,
	.GetVolumePathNamesForVolumeNameW = GetVolumePathNamesForVolumeNameW,
	.GetDriveTypeW = GetDriveTypeW,
	.GetVolumeInformationW = GetVolumeInformationW,
	.SetThreadErrorMode = SetThreadErrorMode,
};

static const struct sbk_win32_census *calls(void)
{
	return sbk_win32->census;
}

static int endless(struct sbk_error *err, const char *call)
{
	return sbk_error_set(err, SBK_E_LIMIT, "%s: more than %d entries", call,
			     LISTED_MAX);
}

/* --- the registry ----------------------------------------------------- */

int sbk_win32_each_key(HKEY key, sbk_win32_key_fn *visit, void *arg,
		       struct sbk_error *err)
{
	struct sbk_buf name = SBK_BUF_INIT, text = SBK_BUF_INIT;
	struct sbk_error why = SBK_ERROR_INIT;
	DWORD index;
	int rc = 0;

	for (index = 0; rc == 0; index++) {
		sbk_buf_clear(&name);
		sbk_buf_clear(&text);
		rc = index == LISTED_MAX
			     ? endless(&why, "RegEnumKeyExW")
			     : sbk_win32_key_at(key, index, &name, &why);
		if (rc < 0)
			break;
		sbk_narrow_add(&text, (const WCHAR *)(const void *)name.data,
			       name.size / sizeof(WCHAR));
		rc = sbk_buf_failed(&text, &why);
		if (rc == 0)
			rc = visit(arg, sbk_buf_text(&text), &why);
	}
	sbk_buf_release(&name);
	sbk_buf_release(&text);
	return rc == SBK_E_NOTFOUND ? 0
	       : rc < 0		    ? sbk_error_set(err, rc, "%s", why.message)
				    : rc;
}

struct value {
	WCHAR name[NAME_UNITS];
	BYTE data[SBK_REGISTRY_BYTES_MAX];
	struct sbk_buf text, bytes;
};

static int one_value(struct value *value, DWORD units, DWORD type, DWORD size,
		     sbk_win32_value_fn *visit, void *arg,
		     struct sbk_error *err)
{
	int rc;

	sbk_buf_clear(&value->text);
	sbk_buf_clear(&value->bytes);
	sbk_narrow_add(&value->text, value->name, units);
	sbk_buf_add(&value->bytes, value->data, size);
	rc = sbk_buf_failed(&value->text, err);
	if (rc == 0)
		rc = sbk_buf_failed(&value->bytes, err);
	return rc < 0 ? rc
		      : visit(arg, sbk_buf_text(&value->text), type,
			      &value->bytes, err);
}

int sbk_win32_each_value(HKEY key, sbk_win32_value_fn *visit, void *arg,
			 struct sbk_error *err)
{
	struct value *value = calloc(1, sizeof(*value));
	DWORD index, type;
	LSTATUS code = ERROR_SUCCESS;
	int rc = 0;

	if (value == NULL)
		return sbk_error_no_memory(err);
	for (index = 0; rc == 0 && index < LISTED_MAX; index++) {
		DWORD units = NAME_UNITS, size = sizeof(value->data);

		code = calls()->RegEnumValueW(key, index, value->name, &units,
					      NULL, &type, value->data, &size);
		if (code != ERROR_SUCCESS)
			break;
		rc = one_value(value, units, type, size, visit, arg, err);
	}
	sbk_buf_release(&value->text);
	sbk_buf_release(&value->bytes);
	free(value);
	if (rc < 0 || code == ERROR_NO_MORE_ITEMS)
		return rc;
	if (code == ERROR_MORE_DATA)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "a value of more than %d bytes",
				     SBK_REGISTRY_BYTES_MAX);
	return code != ERROR_SUCCESS
		       ? sbk_error_set_win32(err, (DWORD)code, "RegEnumValueW")
		       : endless(err, "RegEnumValueW");
}

bool sbk_win32_value_text(DWORD type, const struct sbk_buf *data,
			  struct sbk_buf *out)
{
	const WCHAR *units = (const WCHAR *)(const void *)sbk_buf_text(data);
	const size_t count = data->size / sizeof(*units);
	size_t size = 0;

	if (type != REG_SZ && type != REG_EXPAND_SZ)
		return false;
	while (size < count && units[size] != L'\0')
		size++;
	sbk_narrow_add(out, units, size);
	return true;
}

/* --- rights, members, processes --------------------------------------- */

static int visit_sid(const void *bytes, sbk_win32_sid_fn *visit, void *arg,
		     struct sbk_error *err)
{
	struct sbk_sid sid;

	/* The system made it: as long as it says. */
	if (bytes == NULL ||
	    sbk_sid_read(bytes, SBK_SID_BYTES_MAX, &sid, NULL) < 0)
		return sbk_error_set(err, SBK_E_IO, "the system gave no SID");
	return visit(arg, &sid, err);
}

int sbk_win32_each_holder(LSA_HANDLE policy, const WCHAR *right,
			  sbk_win32_sid_fn *visit, void *arg,
			  struct sbk_error *err)
{
	LSA_UNICODE_STRING text = {
		.Length = (USHORT)(wcslen(right) * sizeof(WCHAR)),
		.MaximumLength = (USHORT)(wcslen(right) * sizeof(WCHAR)),
		.Buffer = (WCHAR *)(uintptr_t)right};
	void *list = NULL;
	const LSA_ENUMERATION_INFORMATION *items;
	ULONG count = 0, i;
	NTSTATUS status = calls()->LsaEnumerateAccountsWithUserRight(
		policy, &text, &list, &count);
	DWORD code;
	int rc = 0;

	if (status < 0) {
		code = sbk_win32->rights.LsaNtStatusToWinError(status);
		return code == ERROR_NO_MORE_ITEMS
			       ? 0
			       : sbk_error_set_win32(
					 err, code,
					 "LsaEnumerateAccountsWithUserRight");
	}
	items = list;
	if (items == NULL && count > 0)
		rc = sbk_error_set(err, SBK_E_IO,
				   "LsaEnumerateAccountsWithUserRight reported "
				   "success and gave nothing");
	for (i = 0; rc == 0 && i < count; i++)
		rc = visit_sid(items[i].Sid, visit, arg, err);
	if (list != NULL)
		(void)sbk_win32->rights.LsaFreeMemory(list); /* as CloseHandle
							      */
	return rc;
}

int sbk_win32_each_member(const char *group, sbk_win32_sid_fn *visit, void *arg,
			  struct sbk_error *err)
{
	const struct sbk_win32_accounts *net = sbk_win32->accounts;
	const LOCALGROUP_MEMBERS_INFO_0 *items;
	struct sbk_buf name = SBK_BUF_INIT;
	DWORD_PTR resume = 0;
	DWORD read, total, i;
	NET_API_STATUS code = NERR_Success;
	int rc = sbk_wide_of(&name, group) == NULL ? sbk_error_no_memory(err)
						   : 0;

	while (rc == 0) {
		LPBYTE bytes = NULL;

		read = total = 0;
		code = net->NetLocalGroupGetMembers(NULL, sbk_wide_text(&name),
						    0, &bytes, LISTED_BYTES,
						    &read, &total, &resume);
		if (code != NERR_Success && code != ERROR_MORE_DATA)
			rc = sbk_error_set_win32(err, code,
						 "NetLocalGroupGetMembers");
		else if ((read > 0 && bytes == NULL) ||
			 (read == 0 && code == ERROR_MORE_DATA))
			/* Who was looked for may be there. */
			rc = sbk_error_set(err, SBK_E_IO,
					   "NetLocalGroupGetMembers reported "
					   "success and gave nothing");
		items = (const LOCALGROUP_MEMBERS_INFO_0 *)(const void *)bytes;
		for (i = 0; rc == 0 && i < read; i++)
			rc = visit_sid(items[i].lgrmi0_sid, visit, arg, err);
		if (bytes != NULL)
			(void)net->NetApiBufferFree(bytes); /* as CloseHandle */
		if (code == NERR_Success)
			break;
	}
	sbk_buf_release(&name);
	return rc;
}

int sbk_win32_each_process(sbk_win32_any_process_fn *visit, void *arg,
			   struct sbk_error *err)
{
	struct sbk_buf name = SBK_BUF_INIT;
	WTS_PROCESS_INFOW *list = NULL;
	struct sbk_sid user;
	DWORD count = 0, i;
	int rc = 0;

	if (!sbk_win32->processes->WTSEnumerateProcessesW(
		    WTS_CURRENT_SERVER_HANDLE, 0, 1, &list, &count))
		return sbk_win32_last_error(err, "WTSEnumerateProcessesW");
	for (i = 0; rc == 0 && i < count; i++) {
		if (list[i].pUserSid == NULL ||
		    sbk_sid_read(list[i].pUserSid, SBK_SID_BYTES_MAX, &user,
				 NULL) < 0)
			continue;
		sbk_buf_clear(&name);
		if (list[i].pProcessName != NULL)
			sbk_narrow_add(&name, list[i].pProcessName,
				       wcslen(list[i].pProcessName));
		rc = sbk_buf_failed(&name, err);
		if (rc == 0)
			rc = visit(arg, sbk_buf_text(&name), list[i].ProcessId,
				   &user, err);
	}
	sbk_buf_release(&name);
	sbk_win32->processes->WTSFreeMemory(list);
	return rc;
}

/* --- filters ---------------------------------------------------------- */

/* As FWPM_CONDITION_ALE_USER_ID of "Filtering condition identifiers". */
static const GUID user_id = {0xaf043a0a,
			     0xb34d,
			     0x4f86,
			     {0x97, 0x9c, 0xc9, 0x03, 0x71, 0xaf, 0x6e, 0x66}};

#define FAMILY 0x5342u

struct filters {
	sbk_win32_filter_fn *visit;
	void *arg;
	struct sbk_buf name, user;
};

/* The descriptor of a condition that is about the user; NULL: it is not. */
static const FWP_BYTE_BLOB *user_of(const FWPM_FILTER_CONDITION0 *condition)
{
	return memcmp(&condition->fieldKey, &user_id, sizeof(user_id)) == 0 &&
			       condition->conditionValue.type ==
				       FWP_SECURITY_DESCRIPTOR_TYPE
		       ? condition->conditionValue.sd
		       : NULL;
}

/* 0x5342 and a number (filter_rules.h). */
static bool is_family(const GUID *key)
{
	return key != NULL && key->Data1 >> 16 == FAMILY;
}

/* What all three have, before it is visited. */
static int begin_one(struct filters *filters, const GUID *key,
		     const wchar_t *name, struct sbk_win32_named_filter *out,
		     struct sbk_error *err)
{
	out->key = (struct sbk_guid){
		.a = key->Data1, .b = key->Data2, .c = key->Data3};
	memcpy(out->key.d, key->Data4, sizeof(out->key.d));
	out->is_first = true;
	out->is_of_ours = out->is_of_ours || is_family(key);
	out->user = &filters->user;
	sbk_buf_clear(&filters->name);
	sbk_buf_clear(&filters->user);
	if (name != NULL)
		sbk_narrow_add(&filters->name, name, wcslen(name));
	out->name = sbk_buf_text(&filters->name);
	return sbk_buf_failed(&filters->name, err);
}

static int one_filter(struct filters *filters, const void *entry,
		      struct sbk_error *err)
{
	const FWPM_FILTER0 *filter = entry;
	struct sbk_win32_named_filter named = {
		.what = SBK_WIN32_FILTER,
		.is_of_ours = is_family(filter->providerKey),
		.flaw = sbk_win32_filter_flaw(filter->flags)};
	UINT32 i;
	int rc = begin_one(filters, &filter->filterKey,
			   filter->displayData.name, &named, err);

	for (i = 0; rc == 0 && i < filter->numFilterConditions; i++) {
		const FWP_BYTE_BLOB *sd = user_of(&filter->filterCondition[i]);

		if (sd == NULL)
			continue;
		sbk_buf_clear(&filters->user);
		sbk_buf_add(&filters->user, sd->data, sd->size);
		rc = sbk_buf_failed(&filters->user, err);
		if (rc == 0)
			rc = filters->visit(filters->arg, &named, err);
		named.is_first = false;
	}
	if (rc == 0 && named.is_first)
		rc = filters->visit(filters->arg, &named, err);
	return rc;
}

static int one_provider(struct filters *filters, const void *entry,
			struct sbk_error *err)
{
	const FWPM_PROVIDER0 *provider = entry;
	struct sbk_win32_named_filter named = {
		.what = SBK_WIN32_PROVIDER,
		.flaw = sbk_win32_provider_flaw(provider->flags)};
	int rc = begin_one(filters, &provider->providerKey,
			   provider->displayData.name, &named, err);

	return rc < 0 ? rc : filters->visit(filters->arg, &named, err);
}

static int one_sublayer(struct filters *filters, const void *entry,
			struct sbk_error *err)
{
	const FWPM_SUBLAYER0 *sublayer = entry;
	struct sbk_win32_named_filter named = {
		.what = SBK_WIN32_SUBLAYER,
		.is_of_ours = is_family(sublayer->providerKey),
		.flaw = sbk_win32_sublayer_flaw(sublayer->flags)};
	int rc = begin_one(filters, &sublayer->subLayerKey,
			   sublayer->displayData.name, &named, err);

	return rc < 0 ? rc : filters->visit(filters->arg, &named, err);
}

/* The calls differ in the types of what they give alone. */
static DWORD begin_list(enum sbk_win32_filter_what what, HANDLE engine,
			HANDLE *list)
{
	const struct sbk_win32_filters *wfp = sbk_win32->filters;

	switch (what) {
	case SBK_WIN32_PROVIDER:
		return wfp->FwpmProviderCreateEnumHandle0(engine, NULL, list);
	case SBK_WIN32_SUBLAYER:
		return wfp->FwpmSubLayerCreateEnumHandle0(engine, NULL, list);
	default:
		return wfp->FwpmFilterCreateEnumHandle0(engine, NULL, list);
	}
}

static DWORD next_of_list(enum sbk_win32_filter_what what, HANDLE engine,
			  HANDLE list, void ***entries, UINT32 *got)
{
	const struct sbk_win32_filters *wfp = sbk_win32->filters;
	FWPM_PROVIDER0 **providers = NULL;
	FWPM_SUBLAYER0 **sublayers = NULL;
	FWPM_FILTER0 **filters = NULL;
	DWORD code;

	switch (what) {
	case SBK_WIN32_PROVIDER:
		code = wfp->FwpmProviderEnum0(engine, list, FILTERS_AT_ONCE,
					      &providers, got);
		*entries = (void **)providers;
		return code;
	case SBK_WIN32_SUBLAYER:
		code = wfp->FwpmSubLayerEnum0(engine, list, FILTERS_AT_ONCE,
					      &sublayers, got);
		*entries = (void **)sublayers;
		return code;
	default:
		code = wfp->FwpmFilterEnum0(engine, list, FILTERS_AT_ONCE,
					    &filters, got);
		*entries = (void **)filters;
		return code;
	}
}

/* As CloseHandle. */
static void end_list(enum sbk_win32_filter_what what, HANDLE engine,
		     HANDLE list)
{
	const struct sbk_win32_filters *wfp = sbk_win32->filters;

	if (what == SBK_WIN32_PROVIDER)
		(void)wfp->FwpmProviderDestroyEnumHandle0(engine, list);
	else if (what == SBK_WIN32_SUBLAYER)
		(void)wfp->FwpmSubLayerDestroyEnumHandle0(engine, list);
	else
		(void)wfp->FwpmFilterDestroyEnumHandle0(engine, list);
}

static const struct {
	const char *begin, *next;
	int (*one)(struct filters *filters, const void *entry,
		   struct sbk_error *err);
} lists[] = {
	[SBK_WIN32_FILTER] = {"FwpmFilterCreateEnumHandle0", "FwpmFilterEnum0",
			      one_filter},
	[SBK_WIN32_PROVIDER] = {"FwpmProviderCreateEnumHandle0",
				"FwpmProviderEnum0", one_provider},
	[SBK_WIN32_SUBLAYER] = {"FwpmSubLayerCreateEnumHandle0",
				"FwpmSubLayerEnum0", one_sublayer},
};

static int go_through(struct filters *filters, enum sbk_win32_filter_what what,
		      HANDLE engine, HANDLE list, struct sbk_error *err)
{
	UINT32 got = FILTERS_AT_ONCE, seen = 0, i;
	DWORD code;
	int rc = 0;

	while (rc == 0 && got == FILTERS_AT_ONCE) {
		void **entries = NULL;

		got = 0;
		code = next_of_list(what, engine, list, &entries, &got);
		if (code != ERROR_SUCCESS)
			rc = sbk_error_set_win32(err, code, "%s",
						 lists[what].next);
		for (i = 0; rc == 0 && entries != NULL && i < got; i++)
			rc = lists[what].one(filters, entries[i], err);
		if (entries != NULL)
			sbk_win32->filters->FwpmFreeMemory0((void **)&entries);
		seen += got;
		if (rc == 0 && seen > LISTED_MAX)
			rc = endless(err, lists[what].next);
	}
	return rc;
}

static int list_all(struct filters *filters, enum sbk_win32_filter_what what,
		    HANDLE engine, struct sbk_error *err)
{
	HANDLE list = NULL;
	const DWORD code = begin_list(what, engine, &list);
	int rc;

	if (code != ERROR_SUCCESS)
		return sbk_error_set_win32(err, code, "%s", lists[what].begin);
	rc = go_through(filters, what, engine, list, err);
	end_list(what, engine, list);
	return rc;
}

int sbk_win32_each_filter(sbk_win32_filter_fn *visit, void *arg,
			  struct sbk_error *err)
{
	struct filters filters = {.visit = visit, .arg = arg};
	HANDLE engine = NULL;
	int rc = sbk_win32_filters_open(&engine, err);

	if (rc < 0)
		return rc;
	rc = list_all(&filters, SBK_WIN32_FILTER, engine, err);
	if (rc == 0)
		rc = list_all(&filters, SBK_WIN32_SUBLAYER, engine, err);
	if (rc == 0)
		rc = list_all(&filters, SBK_WIN32_PROVIDER, engine, err);
	sbk_win32_filters_close(&engine);
	sbk_buf_release(&filters.name);
	sbk_buf_release(&filters.user);
	return rc;
}

/* --- volumes ---------------------------------------------------------- */

static void narrow_path(char *out, size_t size, const WCHAR *text)
{
	struct sbk_buf narrow = SBK_BUF_INIT;
	size_t i;

	sbk_narrow_add(&narrow, text, wcslen(text));
	for (i = 0; i < narrow.size; i++)
		if (narrow.data[i] == '\\')
			narrow.data[i] = '/';
	(void)snprintf(out, size, "%s", sbk_buf_text(&narrow));
	sbk_buf_release(&narrow);
}

/* The letter, where it has one; it may also be in directories. */
static void find_point(const WCHAR *volume, struct sbk_win32_volume *out)
{
	WCHAR paths[PATHS_UNITS];
	const WCHAR *path;
	DWORD needed = 0;

	if (!calls()->GetVolumePathNamesForVolumeNameW(volume, paths,
						       PATHS_UNITS, &needed))
		return; /* it is looked at by its own name */
	for (path = paths; *path != L'\0'; path += wcslen(path) + 1)
		if (wcslen(path) == 3 && path[1] == L':') {
			narrow_path(out->point, sizeof(out->point), path);
			return;
		}
}

static void describe(const WCHAR *volume, struct sbk_win32_volume *out)
{
	WCHAR type[32];
	DWORD flags = 0, code;
	const UINT drive = calls()->GetDriveTypeW(volume);

	*out = (struct sbk_win32_volume){.is_remote = drive == DRIVE_REMOTE,
					 .is_removable =
						 drive == DRIVE_REMOVABLE ||
						 drive == DRIVE_CDROM};
	narrow_path(out->guid, sizeof(out->guid), volume);
	find_point(volume, out);
	if (!calls()->GetVolumeInformationW(volume, NULL, 0, NULL, NULL, &flags,
					    type,
					    sizeof(type) / sizeof(*type))) {
		code = sbk_win32->errors.GetLastError();
		/* An empty drive, or no file system of Windows'. */
		out->is_closed = code != ERROR_NOT_READY &&
				 code != ERROR_NO_MEDIA_IN_DRIVE &&
				 code != ERROR_UNRECOGNIZED_VOLUME;
		return;
	}
	narrow_path(out->type, sizeof(out->type), type);
	out->is_read_only = (flags & FILE_READ_ONLY_VOLUME) != 0;
	out->keeps_acls = (flags & FILE_PERSISTENT_ACLS) != 0;
}

int sbk_win32_each_volume(sbk_win32_volume_fn *visit, void *arg,
			  struct sbk_error *err)
{
	WCHAR name[VOLUME_UNITS];
	struct sbk_win32_volume volume;
	HANDLE list = calls()->FindFirstVolumeW(name, VOLUME_UNITS);
	DWORD code, count, mode = 0;
	int rc = 0;

	if (list == INVALID_HANDLE_VALUE)
		return sbk_win32_last_error(err, "FindFirstVolumeW");
	/* Of an empty drive the system would ask in a window, and wait. The
	 * thread's mode is no child's, unlike the process's. */
	(void)calls()->SetThreadErrorMode(SEM_FAILCRITICALERRORS, &mode);
	for (count = 0; rc == 0; count++) {
		describe(name, &volume);
		rc = visit(arg, &volume, err);
		if (rc == 0 && count == LISTED_MAX)
			rc = endless(err, "FindNextVolumeW");
		if (rc != 0 ||
		    calls()->FindNextVolumeW(list, name, VOLUME_UNITS))
			continue;
		code = sbk_win32->errors.GetLastError();
		if (code != ERROR_NO_MORE_FILES)
			rc = sbk_error_set_win32(err, code, "FindNextVolumeW");
		break;
	}
	(void)calls()->SetThreadErrorMode(mode, NULL);
	(void)calls()->FindVolumeClose(list); /* as CloseHandle */
	return rc;
}
