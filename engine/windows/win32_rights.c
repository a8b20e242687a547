/*
 * Wrappers of the calls for user rights and SIDs. Owns how each says that it
 * failed, and nothing else.
 */
#include "engine/windows/win32_rights.h"

#include <string.h>
#include <wchar.h>

#include "engine/windows/error.h"
#include "engine/windows/wide.h"
#include "engine/windows/win32_accounts.h"

#include "engine/banned.h"

static int lsa_error(struct sbk_error *err, NTSTATUS status, const char *call)
{
	return sbk_error_set_win32(
		err, sbk_win32->rights.LsaNtStatusToWinError(status), "%s",
		call);
}

/* The system's pointer to a SID that it only reads. */
static PSID sid_of(const struct sbk_sid *sid)
{
	return (PSID)(uintptr_t)sid->bytes;
}

static LSA_UNICODE_STRING string_of(const WCHAR *text)
{
	const USHORT size = (USHORT)(wcslen(text) * sizeof(*text));

	return (LSA_UNICODE_STRING){.Length = size,
				    .MaximumLength = size,
				    .Buffer = (PWSTR)(uintptr_t)text};
}

int sbk_win32_sid_resolves(const struct sbk_sid *sid, struct sbk_error *err)
{
	struct sbk_buf name = SBK_BUF_INIT;
	int rc = sbk_win32_name_of(sid, &name, err);

	sbk_buf_release(&name);
	return rc;
}

int sbk_win32_open_policy(ACCESS_MASK access, LSA_HANDLE *out,
			  struct sbk_error *err)
{
	LSA_OBJECT_ATTRIBUTES attributes;
	LSA_HANDLE policy = NULL;
	NTSTATUS status;

	/* "Opening a Policy Object Handle": all of it zero. */
	memset(&attributes, 0, sizeof(attributes));
	status = sbk_win32->rights.LsaOpenPolicy(NULL, &attributes, access,
						 &policy);
	if (status < 0)
		return lsa_error(err, status, "LsaOpenPolicy");
	*out = policy;
	return 0;
}

void sbk_win32_close_policy(LSA_HANDLE *policy)
{
	if (*policy != NULL)
		(void)sbk_win32->rights.LsaClose(*policy); /* as CloseHandle */
	*policy = NULL;
}

static bool same_right(const LSA_UNICODE_STRING *held, const WCHAR *right)
{
	const size_t units = held->Length / sizeof(WCHAR);

	return wcslen(right) == units &&
	       _wcsnicmp(held->Buffer, right, units) == 0;
}

/* What the SID holds, the system's to free; nothing where it holds none. */
static int list_rights(LSA_HANDLE policy, const struct sbk_sid *sid,
		       PLSA_UNICODE_STRING *rights, ULONG *count,
		       struct sbk_error *err)
{
	NTSTATUS status = sbk_win32->rights.LsaEnumerateAccountRights(
		policy, sid_of(sid), rights, count);

	if (status >= 0)
		return 0;
	*rights = NULL;
	*count = 0;
	if (sbk_win32->rights.LsaNtStatusToWinError(status) ==
	    ERROR_FILE_NOT_FOUND)
		return 0;
	return lsa_error(err, status, "LsaEnumerateAccountRights");
}

static void free_rights(PLSA_UNICODE_STRING rights)
{
	if (rights != NULL)
		(void)sbk_win32->rights.LsaFreeMemory(rights); /* as
								CloseHandle */
}

int sbk_win32_has_right(LSA_HANDLE policy, const struct sbk_sid *sid,
			const WCHAR *right, bool *out, struct sbk_error *err)
{
	PLSA_UNICODE_STRING rights = NULL;
	ULONG count = 0, i;
	bool found = false;
	int rc = list_rights(policy, sid, &rights, &count, err);

	for (i = 0; i < count; i++)
		found = found || same_right(&rights[i], right);
	free_rights(rights);
	if (rc == 0)
		*out = found;
	return rc;
}

int sbk_win32_each_right(LSA_HANDLE policy, const struct sbk_sid *sid,
			 sbk_win32_right_fn *visit, void *arg,
			 struct sbk_error *err)
{
	PLSA_UNICODE_STRING rights = NULL;
	struct sbk_buf name = SBK_BUF_INIT;
	ULONG count = 0, i;
	int rc = list_rights(policy, sid, &rights, &count, err);

	for (i = 0; rc == 0 && i < count; i++) {
		sbk_buf_clear(&name);
		sbk_narrow_add(&name, rights[i].Buffer,
			       rights[i].Length / sizeof(WCHAR));
		rc = sbk_buf_failed(&name, err);
		if (rc == 0)
			rc = visit(arg, sbk_buf_text(&name), err);
	}
	sbk_buf_release(&name);
	free_rights(rights);
	return rc;
}

int sbk_win32_add_right(LSA_HANDLE policy, const struct sbk_sid *sid,
			const WCHAR *right, struct sbk_error *err)
{
	LSA_UNICODE_STRING text = string_of(right);
	NTSTATUS status = sbk_win32->rights.LsaAddAccountRights(
		policy, sid_of(sid), &text, 1);

	return status < 0 ? lsa_error(err, status, "LsaAddAccountRights") : 0;
}

int sbk_win32_remove_right(LSA_HANDLE policy, const struct sbk_sid *sid,
			   const WCHAR *right, struct sbk_error *err)
{
	LSA_UNICODE_STRING text = string_of(right);
	NTSTATUS status = sbk_win32->rights.LsaRemoveAccountRights(
		policy, sid_of(sid), FALSE, &text, 1);

	return status < 0 ? lsa_error(err, status, "LsaRemoveAccountRights")
			  : 0;
}
