/*
 * Wrappers of the calls for how the machine is set up. Owns how each says that
 * it failed, and nothing else.
 */
#include "engine/windows/win32_check.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <lmaccess.h>

#include "engine/limits.h"
#include "engine/windows/error.h"
#include "engine/windows/win32_accounts.h"

#include "engine/banned.h"

NTSTATUS NTAPI RtlGetVersion(PRTL_OSVERSIONINFOW out); /* wdm.h */

const struct sbk_win32_check sbk_win32_check_system = {
	.NetUserModalsGet = NetUserModalsGet,
	.LsaEnumerateAccountsWithUserRight = LsaEnumerateAccountsWithUserRight,
	.RtlGetVersion = RtlGetVersion,
	.GetModuleFileNameW = GetModuleFileNameW,
};

int sbk_win32_password_policy(struct sbk_win32_password_policy *out,
			      struct sbk_error *err)
{
	const USER_MODALS_INFO_0 *info;
	LPBYTE data = NULL;
	DWORD code = sbk_win32->check->NetUserModalsGet(NULL, 0, &data);

	if (code != ERROR_SUCCESS)
		return sbk_error_set_win32(err, code, "NetUserModalsGet");
	if (data == NULL)
		return sbk_error_set(err, SBK_E_IO,
				     "NetUserModalsGet reported success and "
				     "gave nothing");
	info = (const USER_MODALS_INFO_0 *)(const void *)data;
	out->min_length = info->usrmod0_min_passwd_len;
	out->min_age_s = info->usrmod0_min_passwd_age;
	(void)sbk_win32->accounts->NetApiBufferFree(data); /* as free() */
	return 0;
}

/* The system's own SID: as long as it says. */
static int add_sid(struct sbk_sid_list *list, PSID sid, struct sbk_error *err)
{
	const uint8_t *bytes = sid;
	struct sbk_sid copy;
	int rc;

	if (bytes == NULL)
		return sbk_error_set(err, SBK_E_IO, "a list without a SID");
	rc = sbk_sid_read(bytes, SBK_SID_BYTES_MIN + 4 * (size_t)bytes[1],
			  &copy, err);
	return rc < 0 ? rc : sbk_sid_list_add(list, &copy, err);
}

int sbk_win32_holders(LSA_HANDLE policy, const WCHAR *right,
		      struct sbk_sid_list *out, struct sbk_error *err)
{
	const USHORT size = (USHORT)(wcslen(right) * sizeof(*right));
	LSA_UNICODE_STRING name = {.Length = size,
				   .MaximumLength = size,
				   .Buffer = (PWSTR)(uintptr_t)right};
	const LSA_ENUMERATION_INFORMATION *list;
	PVOID data = NULL;
	ULONG count = 0, i, code;
	NTSTATUS status;
	int rc = 0;

	status = sbk_win32->check->LsaEnumerateAccountsWithUserRight(
		policy, &name, &data, &count);
	if (status < 0) {
		code = sbk_win32->rights.LsaNtStatusToWinError(status);
		return code == ERROR_NO_MORE_ITEMS
			       ? 0
			       : sbk_error_set_win32(
					 err, code,
					 "LsaEnumerateAccountsWithUserRight");
	}
	list = data;
	if (list == NULL && count > 0)
		rc = sbk_error_set(err, SBK_E_IO,
				   "LsaEnumerateAccountsWithUserRight reported "
				   "success and gave nothing");
	for (i = 0; rc == 0 && i < count; i++)
		rc = add_sid(out, list[i].Sid, err);
	if (data != NULL)
		(void)sbk_win32->rights.LsaFreeMemory(data); /* as free() */
	return rc;
}

int sbk_win32_is_domain_controller(bool *out, struct sbk_error *err)
{
	RTL_OSVERSIONINFOEXW info;
	NTSTATUS status;

	memset(&info, 0, sizeof(info));
	info.dwOSVersionInfoSize = sizeof(info);
	status = sbk_win32->check->RtlGetVersion(
		(PRTL_OSVERSIONINFOW)(void *)&info);
	if (status < 0)
		return sbk_win32_nt_error(err, status, "RtlGetVersion");
	*out = info.wProductType == VER_NT_DOMAIN_CONTROLLER;
	return 0;
}

int sbk_win32_own_file(struct sbk_buf *out, struct sbk_error *err)
{
	WCHAR *text = calloc(SBK_PATH_MAX, sizeof(*text));
	DWORD units, code;
	int rc = 0;

	if (text == NULL)
		return sbk_error_no_memory(err);
	units = sbk_win32->check->GetModuleFileNameW(NULL, text, SBK_PATH_MAX);
	code = sbk_win32->errors.GetLastError();
	if (units == 0)
		rc = sbk_error_set_win32(err, code, "GetModuleFileNameW");
	else if (units >= SBK_PATH_MAX) /* cut off */
		rc = sbk_error_set(err, SBK_E_LIMIT,
				   "the program's path has more than %d units",
				   SBK_PATH_MAX - 1);
	else
		sbk_buf_add(out, text, units * sizeof(*text));
	free(text);
	return rc < 0 ? rc : sbk_buf_failed(out, err);
}

static int add_groups(HANDLE token, TOKEN_INFORMATION_CLASS class,
		      struct sbk_sid_list *out, struct sbk_error *err)
{
	const TOKEN_GROUPS *groups;
	void *data = NULL;
	DWORD i;
	int rc = sbk_win32_token_information(token, class, &data, err);

	groups = data;
	for (i = 0; rc == 0 && i < groups->GroupCount; i++)
		rc = add_sid(out, groups->Groups[i].Sid, err);
	free(data);
	return rc;
}

int sbk_win32_token_sids(HANDLE token, struct sbk_sid_list *sids,
			 struct sbk_sid_list *restricting,
			 struct sbk_error *err)
{
	void *user = NULL;
	int rc = sbk_win32_token_information(token, TokenUser, &user, err);

	if (rc == 0)
		rc = add_sid(sids, ((const TOKEN_USER *)user)->User.Sid, err);
	if (rc == 0)
		rc = add_groups(token, TokenGroups, sids, err);
	if (rc == 0)
		rc = add_groups(token, TokenRestrictedSids, restricting, err);
	free(user);
	return rc;
}

int sbk_win32_token_elevated(HANDLE token, bool *out, struct sbk_error *err)
{
	void *data = NULL;
	int rc = sbk_win32_token_information(token, TokenElevation, &data, err);

	if (rc == 0)
		*out = ((const TOKEN_ELEVATION *)data)->TokenIsElevated != 0;
	free(data);
	return rc;
}
