/*
 * What whoever runs this may ask of accounts, rights, processes and filters,
 * where WINDOWS.md says [R]: once as a plain user, once as an administrator.
 */
#include "tests/windows/acceptance/facts.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>

#include <lm.h>
#include <ntsecapi.h>
#include <sddl.h>
#include <wtsapi32.h>

#include "tests/windows/acceptance/rows.h"

#include "engine/banned.h"

static bool is_elevated(void)
{
	TOKEN_ELEVATION elevation = {0};
	HANDLE token;
	DWORD size;

	if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token))
		return false;
	if (!GetTokenInformation(token, TokenElevation, &elevation,
				 sizeof(elevation), &size))
		elevation.TokenIsElevated = 0;
	(void)CloseHandle(token);
	return elevation.TokenIsElevated != 0;
}

static const char *by(void)
{
	return is_elevated() ? "an administrator" : "a plain user";
}

static void say(const char *what, const char *expected, DWORD code,
		const char *more)
{
	char name[120];

	(void)snprintf(name, sizeof(name), "account/%s, by %s", what, by());
	row(name, expected, MEASURED, "%lu%s", code, more);
}

/* --- names ---------------------------------------------------------------- */

static bool name_of(const WCHAR *text, WCHAR *name, WCHAR *domain)
{
	DWORD names = 200, domains = 200;
	SID_NAME_USE use;
	PSID sid = NULL;
	bool found;

	if (!ConvertStringSidToSidW(text, &sid))
		return false;
	found = LookupAccountSidW(NULL, sid, name, &names, domain, &domains,
				  &use);
	(void)LocalFree(sid);
	return found;
}

static DWORD look_up(const WCHAR *domain, const WCHAR *name)
{
	BYTE sid[SECURITY_MAX_SID_SIZE];
	DWORD size = sizeof(sid), units = 200;
	WCHAR full[450], found[200];
	SID_NAME_USE use;

	(void)swprintf(full, 450, L"%ls\\%ls", domain, name);
	return LookupAccountNameW(NULL, full, sid, &size, found, &units, &use)
		       ? 0
		       : GetLastError();
}

/* Windows' own groups are BUILTIN's, and not by the machine's name. */
static void built_in(void)
{
	WCHAR name[200], domain[200], machine[64];
	DWORD units = 64, of_machine, of_built_in;

	if (!name_of(L"S-1-5-32-545", name, domain) ||
	    !GetComputerNameW(machine, &units)) {
		row("account/MACHINE\\Users", "names", SKIPPED, "none");
		return;
	}
	of_machine = look_up(machine, name);
	of_built_in = look_up(domain, name);
	row("account/MACHINE\\Users is not found, BUILTIN\\Users is",
	    "1332 and 0",
	    of_machine == ERROR_NONE_MAPPED && of_built_in == 0 ? PASSED
								: FAILED,
	    "%lu and %lu (%ls)", of_machine, of_built_in, domain);
}

/* --- what may be asked ---------------------------------------------------- */

static void user_of_another(void)
{
	WCHAR name[200] = L"";
	USER_INFO_4 *info = NULL;
	DWORD entries = 0, all = 0, code;
	USER_INFO_0 *users = NULL;

	code = NetUserEnum(NULL, 0, FILTER_NORMAL_ACCOUNT, (BYTE **)&users,
			   MAX_PREFERRED_LENGTH, &entries, &all, NULL);
	say("NetUserEnum", "0", code, "");
	if (code == 0 && entries > 0)
		(void)swprintf(name, 200, L"%ls", users[0].usri0_name);
	(void)NetApiBufferFree(users);
	if (name[0] == L'\0')
		return;
	code = NetUserGetInfo(NULL, name, 4, (BYTE **)&info);
	say("NetUserGetInfo of level 4", "0: everybody may ask", code,
	    info != NULL && info->usri4_user_sid != NULL ? ", with a SID" : "");
	(void)NetApiBufferFree(info);
}

static void rights_of_a_group(void)
{
	LSA_OBJECT_ATTRIBUTES attributes = {0};
	LSA_UNICODE_STRING *rights = NULL;
	LSA_HANDLE policy;
	PSID sid = NULL;
	ULONG count = 0;
	NTSTATUS status;
	char more[40];

	if (!ConvertStringSidToSidW(L"S-1-5-32-545", &sid))
		return;
	status = LsaOpenPolicy(NULL, &attributes, POLICY_LOOKUP_NAMES, &policy);
	if (status == 0) {
		status =
			LsaEnumerateAccountRights(policy, sid, &rights, &count);
		(void)LsaFreeMemory(rights);
		(void)LsaClose(policy);
	}
	(void)snprintf(more, sizeof(more), ", %lu rights", count);
	say("LsaEnumerateAccountRights", "0: rights may be read",
	    LsaNtStatusToWinError(status), more);
	(void)LocalFree(sid);
}

/* Number 0 is the idle process, which has none. */
static void processes(void)
{
	WTS_PROCESS_INFOW *all = NULL;
	DWORD count = 0, without = 0, code = 0, i;
	char more[80];

	if (!WTSEnumerateProcessesW(WTS_CURRENT_SERVER_HANDLE, 0, 1, &all,
				    &count))
		code = GetLastError();
	for (i = 0; code == 0 && i < count; i++)
		without += all[i].pUserSid == NULL && all[i].ProcessId != 0;
	(void)snprintf(more, sizeof(more), ", %lu of %lu without a SID",
		       without, count);
	say("WTSEnumerateProcessesW", "of an administrator: 0, all with a SID",
	    code, more);
	WTSFreeMemory(all);
}

void measure_accounts(void)
{
	built_in();
	user_of_another();
	rights_of_a_group();
	processes();
	measure_filter_read(by());
}
