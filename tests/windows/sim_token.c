/* See the header. */
#include "tests/windows/sim_token.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/ntsec/access.h"
#include "engine/ntsec/sddl.h"
#include "engine/windows/win32.h"

#include "engine/banned.h"

#define SIDS_MAX 32
#define STARTED_MAX 8

static struct {
	enum sim_token_lie lie;
	unsigned calls, fail_at;
	DWORD flags;
	struct sbk_sid sids[SIDS_MAX];
	size_t count;
	HANDLE started[STARTED_MAX]; /* copies of ours */
	size_t started_count;
	bool nested;
	DWORD no_logon;
	JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits;
	JOBOBJECT_BASIC_UI_RESTRICTIONS ui;
} sim;

bool sim_is_wine(void)
{
	return GetProcAddress(GetModuleHandleW(L"ntdll.dll"),
			      "wine_get_version") != NULL;
}

/* Counts; whether this one fails. */
static bool fails(void)
{
	if (++sim.calls != sim.fail_at)
		return false;
	SetLastError(ERROR_ACCESS_DENIED);
	return true;
}

/* --- tokens --------------------------------------------------------------- */

static BOOL WINAPI restrict_token(HANDLE token, DWORD flags, DWORD disable,
				  PSID_AND_ATTRIBUTES disabled, DWORD deleted,
				  PLUID_AND_ATTRIBUTES privileges, DWORD count,
				  PSID_AND_ATTRIBUTES sids, PHANDLE out)
{
	DWORD i;

	if (fails())
		return FALSE;
	sim.flags = flags;
	sim.count = count;
	for (i = 0; i < count; i++) {
		/* "The Attributes members must be zero." */
		if (count > SIDS_MAX || sids[i].Attributes != 0 ||
		    sbk_sid_read(sids[i].Sid, SBK_SID_BYTES_MAX, &sim.sids[i],
				 NULL) < 0)
			abort();
	}
	return CreateRestrictedToken(token, flags, disable, disabled, deleted,
				     privileges, count, sids, out);
}

static BOOL WINAPI set_token(HANDLE token, TOKEN_INFORMATION_CLASS class,
			     LPVOID data, DWORD size)
{
	if (fails())
		return FALSE;
	if (sim.lie == SIM_TOKEN_DEFAULT_DACL)
		return TRUE;
	return SetTokenInformation(token, class, data, size);
}

static BOOL WINAPI is_restricted(HANDLE token)
{
	(void)token;
	return !fails() && sim.lie != SIM_TOKEN_UNRESTRICTED;
}

static BOOL WINAPI open_token(HANDLE process, DWORD access, PHANDLE token)
{
	return !fails() && OpenProcessToken(process, access, token);
}

/* The structure with the SIDs behind it, as the system gives it. */
static BOOL give_sids(LPVOID out, DWORD size, PDWORD needed)
{
	size_t count = sim.count - (sim.lie == SIM_TOKEN_ONE_SID_LESS) +
		       (sim.lie == SIM_TOKEN_ONE_SID_MORE);
	TOKEN_GROUPS *groups = out;
	struct sbk_sid *sids;
	size_t head = sizeof(DWORD) * 2 + count * sizeof(SID_AND_ATTRIBUTES), i;

	*needed = (DWORD)(head + count * sizeof(*sids));
	if (size < *needed) {
		SetLastError(ERROR_INSUFFICIENT_BUFFER);
		return FALSE;
	}
	sids = (struct sbk_sid *)(void *)((char *)out + head);
	groups->GroupCount = (DWORD)count;
	for (i = 0; i < count; i++) {
		sids[i] = sim.sids[i < sim.count ? i : 0];
		groups->Groups[i].Sid = &sids[i];
		groups->Groups[i].Attributes = 7;
	}
	return TRUE;
}

/* DISABLE_MAX_PRIVILEGE leaves SeChangeNotifyPrivilege, and LUA_TOKEN makes
 * Administrators good for denials only. */
static void filter(TOKEN_INFORMATION_CLASS class, LPVOID out)
{
	TOKEN_PRIVILEGES *privileges = out;
	TOKEN_GROUPS *groups = out;
	DWORD i;

	if (class == TokenPrivileges && sim.lie != SIM_TOKEN_PRIVILEGED) {
		privileges->PrivilegeCount = 1;
		privileges->Privileges[0].Luid = (LUID){23, 0};
	}
	for (i = 0; class == TokenGroups && i < groups->GroupCount; i++)
		if (sim.lie != SIM_TOKEN_ADMINISTRATOR &&
		    IsWellKnownSid(groups->Groups[i].Sid,
				   WinBuiltinAdministratorsSid))
			groups->Groups[i].Attributes =
				SE_GROUP_USE_FOR_DENY_ONLY;
}

static BOOL WINAPI token_information(HANDLE token,
				     TOKEN_INFORMATION_CLASS class, LPVOID out,
				     DWORD size, PDWORD needed)
{
	BOOL ok;

	if (fails())
		return FALSE;
	if (class == TokenRestrictedSids)
		return give_sids(out, size, needed);
	if (class == TokenLogonSid && sim.no_logon != 0) {
		SetLastError(sim.no_logon);
		return FALSE;
	}
	ok = GetTokenInformation(token, class, out, size, needed);
	if (ok)
		filter(class, out);
	return ok;
}

/* --- processes and jobs --------------------------------------------------- */

static BOOL WINAPI create_process(HANDLE token, LPCWSTR program, LPWSTR line,
				  LPSECURITY_ATTRIBUTES process,
				  LPSECURITY_ATTRIBUTES thread, BOOL inherit,
				  DWORD flags, LPVOID environment,
				  LPCWSTR directory, LPSTARTUPINFOW startup,
				  LPPROCESS_INFORMATION out)
{
	const HANDLE self = GetCurrentProcess();

	if ((flags & CREATE_SUSPENDED) == 0)
		abort(); /* it would run before it was looked at */
	if (sim.nested && sim.ui.UIRestrictionsClass != 0) {
		SetLastError(ERROR_ACCESS_DENIED);
		return FALSE;
	}
	if (fails() || !CreateProcessAsUserW(
			       token, program, line, process, thread, inherit,
			       flags, environment, directory, startup, out))
		return FALSE;
	if (sim.started_count == STARTED_MAX ||
	    !DuplicateHandle(self, out->hProcess, self,
			     &sim.started[sim.started_count], SYNCHRONIZE,
			     FALSE, 0))
		abort();
	sim.started_count++;
	return TRUE;
}

static BOOL WINAPI in_job(HANDLE process, HANDLE job, PBOOL out)
{
	if (fails() || !IsProcessInJob(process, job, out))
		return FALSE;
	if (sim.lie == SIM_TOKEN_OUTSIDE_JOB)
		*out = FALSE;
	if (sim.nested && job == NULL)
		*out = TRUE;
	return TRUE;
}

static BOOL WINAPI init_list(LPPROC_THREAD_ATTRIBUTE_LIST list, DWORD count,
			     DWORD flags, PSIZE_T size)
{
	return !fails() &&
	       InitializeProcThreadAttributeList(list, count, flags, size);
}

static BOOL WINAPI update_list(LPPROC_THREAD_ATTRIBUTE_LIST list, DWORD flags,
			       DWORD_PTR key, PVOID value, SIZE_T size,
			       PVOID before, PSIZE_T returned)
{
	return !fails() && UpdateProcThreadAttribute(list, flags, key, value,
						     size, before, returned);
}

static DWORD WINAPI resume(HANDLE thread)
{
	return fails() ? (DWORD)-1 : ResumeThread(thread);
}

static BOOL WINAPI terminate(HANDLE process, UINT code)
{
	return !fails() && TerminateProcess(process, code);
}

static DWORD WINAPI wait_for(HANDLE object, DWORD milliseconds)
{
	return fails() ? WAIT_FAILED
		       : WaitForSingleObject(object, milliseconds);
}

static BOOL WINAPI exit_code(HANDLE process, LPDWORD code)
{
	return !fails() && GetExitCodeProcess(process, code);
}

static HANDLE WINAPI create_job(LPSECURITY_ATTRIBUTES security, LPCWSTR name)
{
	return fails() ? NULL : CreateJobObjectW(security, name);
}

static BOOL WINAPI set_job(HANDLE job, JOBOBJECTINFOCLASS class, LPVOID data,
			   DWORD size)
{
	if (fails())
		return FALSE;
	if (class == JobObjectBasicUIRestrictions && size == sizeof(sim.ui))
		memcpy(&sim.ui, data, size);
	if (class == JobObjectExtendedLimitInformation &&
	    size == sizeof(sim.limits))
		memcpy(&sim.limits, data, size);
	return SetInformationJobObject(job, class, data, size);
}

static BOOL WINAPI query_job(HANDLE job, JOBOBJECTINFOCLASS class, LPVOID data,
			     DWORD size, LPDWORD returned)
{
	if (fails())
		return FALSE;
	if (sim.nested && class == JobObjectBasicUIRestrictions)
		memcpy(data, &sim.ui, sizeof(sim.ui));
	else if (sim.nested && class == JobObjectExtendedLimitInformation)
		memcpy(data, &sim.limits, sizeof(sim.limits));
	else
		return QueryInformationJobObject(job, class, data, size,
						 returned);
	return TRUE;
}

static BOOL WINAPI end_job(HANDLE job, UINT code)
{
	return !fails() && TerminateJobObject(job, code);
}

static HDESK WINAPI create_desktop(LPCWSTR name, LPCWSTR device,
				   LPDEVMODEW mode, DWORD flags,
				   ACCESS_MASK access,
				   LPSECURITY_ATTRIBUTES security)
{
	return fails() ? NULL
		       : CreateDesktopW(name, device, mode, flags, access,
					security);
}

static BOOL WINAPI duplicate(HANDLE from, HANDLE handle, HANDLE to,
			     LPHANDLE out, DWORD access, BOOL inherit,
			     DWORD options)
{
	return !fails() &&
	       DuplicateHandle(from, handle, to, out, access, inherit, options);
}

/* --- the table ------------------------------------------------------------ */

static struct sbk_win32 table;
static struct sbk_win32_program programs;
static struct sbk_win32_process processes;
static const struct sbk_win32_token tokens = {
	.CreateRestrictedToken = restrict_token,
	.SetTokenInformation = set_token,
	.IsTokenRestricted = is_restricted,
};

void sim_token_begin(void)
{
	memset(&sim, 0, sizeof(sim));
	table = sbk_win32_system;
	programs = sbk_win32_program_system;
	programs.OpenProcessToken = open_token;
	programs.GetTokenInformation = token_information;
	processes = sbk_win32_process_system;
	processes.CreateProcessAsUserW = create_process;
	processes.IsProcessInJob = in_job;
	processes.InitializeProcThreadAttributeList = init_list;
	processes.UpdateProcThreadAttribute = update_list;
	processes.ResumeThread = resume;
	processes.TerminateProcess = terminate;
	processes.WaitForSingleObject = wait_for;
	processes.GetExitCodeProcess = exit_code;
	processes.CreateJobObjectW = create_job;
	processes.SetInformationJobObject = set_job;
	processes.QueryInformationJobObject = query_job;
	processes.TerminateJobObject = end_job;
	processes.CreateDesktopW = create_desktop;
	processes.DuplicateHandle = duplicate;
	table.program = &programs;
	table.process = &processes;
	table.token = &tokens;
	sbk_win32 = &table;
}

void sim_token_end(void)
{
	size_t i;

	for (i = 0; i < sim.started_count; i++)
		(void)CloseHandle(sim.started[i]);
	sim.started_count = 0;
	sbk_win32 = &sbk_win32_system;
}

void sim_token_lie(enum sim_token_lie lie)
{
	sim.lie = lie;
}

void sim_token_nest(void)
{
	sim.nested = true;
}

void sim_token_no_logon(unsigned code)
{
	sim.no_logon = code;
}

void sim_token_fail(unsigned n)
{
	sim.calls = 0;
	sim.fail_at = n;
}

unsigned sim_token_calls(void)
{
	return sim.calls;
}

/* What was told to end may take a moment. */
unsigned sim_token_alive(void)
{
	unsigned alive = 0;
	size_t i;

	for (i = 0; i < sim.started_count; i++)
		alive += WaitForSingleObject(sim.started[i], 5000) !=
			 WAIT_OBJECT_0;
	return alive;
}

bool sim_token_fails(void)
{
	return fails();
}

static bool may(const uint8_t *bytes, size_t size, const struct sbk_sid *user,
		bool restricted, uint32_t rights)
{
	struct sbk_token token = sbk_token_plain(user);
	struct sbk_access_request request = {.desired = rights,
					     .object = SBK_NT_FILE};
	struct sbk_group restricting[SIDS_MAX];
	struct sbk_access_result result;
	struct sbk_sd sd;
	size_t i;

	if (sbk_sd_read(bytes, size, &sd, NULL) < 0)
		abort();
	for (i = 0; i < sim.count; i++)
		restricting[i].sid = sim.sids[i];
	if (restricted) {
		token.restricting =
			(struct sbk_sid_set){restricting, sim.count};
		token.is_restricted = sim.count > 0;
		token.write_restricted =
			(sim.flags & 0x8 /* WRITE_RESTRICTED */) != 0;
	}
	sbk_access_check(&sd, &token, &request, &result);
	return result.answer == SBK_ACCESS_GRANTED;
}

bool sim_token_may_open(const void *descriptor, size_t size, bool restricted,
			uint32_t rights)
{
	struct sbk_sd sd;

	/* What the test made is its user's. */
	if (sbk_sd_read(descriptor, size, &sd, NULL) < 0 || !sd.has_owner)
		abort();
	return may(descriptor, size, &sd.owner, restricted, rights);
}

bool sim_token_may(const char *entries, uint32_t rights)
{
	static const uint32_t parts[] = {21, 1, 2, 3, 1001};
	const struct sbk_sid user = sbk_sid_make(5, parts, 5);
	struct sbk_buf bytes = SBK_BUF_INIT;
	struct sbk_sid_text text;
	char sddl[600];
	bool result;

	(void)sbk_sid_format(&user, &text);
	(void)snprintf(sddl, sizeof(sddl), "O:%sG:%sD:(A;;FA;;;%s)%s",
		       text.text, text.text, text.text, entries);
	if (sbk_sddl_parse(sddl, strlen(sddl), NULL, &bytes, NULL) < 0)
		abort();
	result = may((const uint8_t *)bytes.data, bytes.size, &user, true,
		     rights);
	sbk_buf_release(&bytes);
	return result;
}
