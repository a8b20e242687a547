/*
 * Wrappers of the calls for others' processes. Owns how each says that it
 * failed, and nothing else.
 */
#include "engine/windows/win32_processes.h"

#include "engine/windows/error.h"
#include "engine/windows/win32.h"

#include "engine/banned.h"

const struct sbk_win32_processes sbk_win32_processes_system = {
	.WTSEnumerateProcessesW = WTSEnumerateProcessesW,
	.WTSFreeMemory = WTSFreeMemory,
	.OpenProcess = OpenProcess,
	.LookupPrivilegeValueW = LookupPrivilegeValueW,
	.AdjustTokenPrivileges = AdjustTokenPrivileges,
};

static bool is_of(const WTS_PROCESS_INFOW *info, const struct sbk_sid *user)
{
	const uint8_t *bytes = info->pUserSid;
	struct sbk_sid sid;

	/* The idle process, say, has no user. The bytes are the system's own:
	 * as long as they say. */
	return bytes != NULL &&
	       sbk_sid_read(bytes, SBK_SID_BYTES_MIN + 4 * (size_t)bytes[1],
			    &sid, NULL) == 0 &&
	       sbk_sid_equal(&sid, user);
}

int sbk_win32_processes_of(const struct sbk_sid *user,
			   sbk_win32_process_fn *visit, void *arg,
			   struct sbk_error *err)
{
	PWTS_PROCESS_INFOW list = NULL;
	DWORD count = 0, i;
	int rc = 0;

	if (!sbk_win32->processes->WTSEnumerateProcessesW(
		    WTS_CURRENT_SERVER_HANDLE, 0, 1, &list, &count))
		return sbk_win32_last_error(err, "WTSEnumerateProcessesW");
	for (i = 0; rc == 0 && i < count; i++)
		if (is_of(&list[i], user))
			rc = visit(arg, list[i].ProcessId, err);
	sbk_win32->processes->WTSFreeMemory(list);
	return rc;
}

int sbk_win32_open_process(DWORD id, DWORD access, HANDLE *out,
			   struct sbk_error *err)
{
	HANDLE process = sbk_win32->processes->OpenProcess(access, FALSE, id);
	DWORD code;

	if (process == NULL) {
		code = sbk_win32->errors.GetLastError();
		if (code == ERROR_INVALID_PARAMETER)
			code = ERROR_FILE_NOT_FOUND;
		return sbk_error_set_win32(err, code, "OpenProcess");
	}
	*out = process;
	return 0;
}

static int adjust(HANDLE token, TOKEN_PRIVILEGES *next, bool *was,
		  struct sbk_error *err)
{
	const bool on = next->Privileges[0].Attributes != 0;
	TOKEN_PRIVILEGES before = {.PrivilegeCount = 0};
	DWORD needed = 0, code;

	if (!sbk_win32->processes->AdjustTokenPrivileges(
		    token, FALSE, next, sizeof(before), &before, &needed))
		return sbk_win32_last_error(err, "AdjustTokenPrivileges");
	code = sbk_win32->errors.GetLastError();
	if (code == ERROR_NOT_ALL_ASSIGNED)
		return sbk_error_set_win32(err, ERROR_PRIVILEGE_NOT_HELD,
					   "AdjustTokenPrivileges");
	/* Only what changed is in `before`. */
	if (was != NULL)
		*was = on == (before.PrivilegeCount == 0);
	return 0;
}

int sbk_win32_privilege(const WCHAR *name, bool on, bool *was,
			struct sbk_error *err)
{
	TOKEN_PRIVILEGES next = {.PrivilegeCount = 1};
	HANDLE token = NULL;
	int rc;

	if (!sbk_win32->processes->LookupPrivilegeValueW(
		    NULL, name, &next.Privileges[0].Luid))
		return sbk_win32_last_error(err, "LookupPrivilegeValueW");
	next.Privileges[0].Attributes = on ? SE_PRIVILEGE_ENABLED : 0;
	rc = sbk_win32_open_token(sbk_win32->program->GetCurrentProcess(),
				  TOKEN_ADJUST_PRIVILEGES | TOKEN_QUERY, &token,
				  err);
	if (rc == 0)
		rc = adjust(token, &next, was, err);
	sbk_win32_close(&token);
	return rc;
}
