/*
 * What jobs, desktops and tokens do, where WINDOWS.md says [R], and what two
 * runs of one user can do to each other: no account is needed for it.
 */
#include "tests/windows/acceptance/facts.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>
#include <windows.h>

#include <sddl.h>

#include "tests/windows/acceptance/rights.h"
#include "tests/windows/acceptance/rows.h"
#include "tests/windows/acceptance/tokens.h"

#include "engine/banned.h"

/* --- jobs ----------------------------------------------------------------- */

/* The exit code of an act in a job with these limits. */
static DWORD in_job(JOBOBJECT_EXTENDED_LIMIT_INFORMATION *limits,
		    const WCHAR *arguments)
{
	HANDLE job = CreateJobObjectW(NULL, NULL);
	struct process process;
	DWORD code;

	must(job != NULL && SetInformationJobObject(
				    job, JobObjectExtendedLimitInformation,
				    limits, sizeof(*limits)),
	     "SetInformationJobObject");
	code = start_self(NULL, NULL, true, &process, arguments);
	if (code == 0) {
		must(AssignProcessToJobObject(job, process.process),
		     "AssignProcessToJobObject");
		(void)ResumeThread(process.thread);
		if (WaitForSingleObject(process.process, 30000) !=
			    WAIT_OBJECT_0 ||
		    !GetExitCodeProcess(process.process, &code))
			code = ERROR_TIMEOUT;
		kill_process(&process);
	}
	(void)CloseHandle(job);
	return code;
}

static void limit(const char *name,
		  JOBOBJECT_EXTENDED_LIMIT_INFORMATION *limits,
		  const WCHAR *arguments)
{
	JOBOBJECT_EXTENDED_LIMIT_INFORMATION none;
	DWORD with, without;

	memset(&none, 0, sizeof(none));
	with = in_job(limits, arguments);
	without = in_job(&none, arguments);
	row(name, "not 0 with the limit, 0 without",
	    without != 0 ? NOT_MEASURED
	    : with != 0	 ? PASSED
			 : FAILED,
	    "%lu with, %lu without", with, without);
}

static void jobs(void)
{
	JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits;

	memset(&limits, 0, sizeof(limits));
	limits.BasicLimitInformation.LimitFlags =
		JOB_OBJECT_LIMIT_PROCESS_MEMORY;
	limits.ProcessMemoryLimit = (SIZE_T)64 << 20;
	limit("job/memory of a process", &limits, L"allocate 256");
	limits.BasicLimitInformation.LimitFlags =
		JOB_OBJECT_LIMIT_ACTIVE_PROCESS;
	limits.BasicLimitInformation.ActiveProcessLimit = 1;
	limit("job/number of processes", &limits, L"another");
	memset(&limits, 0, sizeof(limits));
	/* By "Nested Jobs" it is not: then the run's has none where we are in
	 * one ourselves. */
	row("job/one with limits of windows, nested in another", "open",
	    MEASURED, "in a job %lu, in one without limits of windows %lu",
	    in_job(&limits, L"nest 255"), in_job(&limits, L"nest 0"));
}

/* --- what a start needs --------------------------------------------------- */

/* A restricted version of one's own token, by a process that holds no privilege
 * but one: whether CreateProcessAsUser asks for SeIncreaseQuotaPrivilege. */
static void quota(void)
{
	HANDLE bare = restricted_token(DISABLE_MAX_PRIVILEGE | LUA_TOKEN, 0);
	struct process process;
	char text[100];
	DWORD code = start_self(bare, NULL, false, &process, L"restart");

	(void)CloseHandle(bare);
	if (code != 0)
		row("start/without SeIncreaseQuotaPrivilege", "a process",
		    SKIPPED, "not started: error %lu", code);
	else
		row("start/without SeIncreaseQuotaPrivilege",
		    "0: not needed; 1314: needed", MEASURED, "%lu",
		    end_of(&process, text, sizeof(text)));
}

static void desktop(void)
{
	PSECURITY_DESCRIPTOR sd = descriptor(
		L"D:P(A;;GA;;;SY)(A;;GA;;;%ls)(A;;GA;;;%ls)(A;;RC;;;OW)",
		user_sid(), RUN_SID);
	SECURITY_ATTRIBUTES security = {sizeof(security), sd, FALSE};
	SECURITY_INFORMATION what = DACL_SECURITY_INFORMATION;
	BYTE room[2048];
	WCHAR *text = NULL;
	DWORD size = 0;
	HDESK made =
		CreateDesktopW(L"sandbook-acceptance", NULL, NULL, 0,
			       DESKTOP_CREATEWINDOW | READ_CONTROL, &security);

	(void)LocalFree(sd);
	if (made == NULL) {
		row("desktop/its list", "a desktop", SKIPPED,
		    "CreateDesktop: error %lu", GetLastError());
		return;
	}
	if (GetUserObjectSecurity(made, &what, room, sizeof(room), &size))
		(void)ConvertSecurityDescriptorToStringSecurityDescriptorW(
			room, SDDL_REVISION_1, what, &text, NULL);
	row("desktop/its list", "that which it was made with", MEASURED, "%ls",
	    text == NULL ? L"cannot be read" : text);
	(void)LocalFree(text);
	(void)CloseDesktop(made);
}

static void restricted(void)
{
	HANDLE token = restricted_token(AS_SANDBOOK, BY_ALL_OF_A_RUN);

	row("token/IsTokenRestricted of a write-restricted one", "true",
	    !rows_restricted()	       ? NOT_RESTRICTED
	    : IsTokenRestricted(token) ? PASSED
				       : FAILED,
	    "%s", IsTokenRestricted(token) ? "true" : "false");
	(void)CloseHandle(token);
}

static void lookup(void)
{
	ULONGLONG begun = GetTickCount64();
	WCHAR name[100], domain[100];
	DWORD names = 100, domains = 100, code = 0;
	SID_NAME_USE use;
	PSID sid = NULL;

	must(ConvertStringSidToSidW(L"S-1-0x53424B0001-1-2-3-4-5", &sid),
	     "ConvertStringSidToSid");
	if (!LookupAccountSidW(NULL, sid, name, &names, domain, &domains, &use))
		code = GetLastError();
	(void)LocalFree(sid);
	begun = GetTickCount64() - begun;
	row("sid/lookup of a synthetic one", "1332, at once",
	    code == ERROR_NONE_MAPPED && begun < 1000 ? PASSED : FAILED,
	    "%lu after %llu ms", code, begun);
}

/* --- two runs of one user ------------------------------------------------- */

static const struct right_name reached[] = {
	{PROCESS_TERMINATE, "PROCESS_TERMINATE"},
	{PROCESS_CREATE_THREAD, "PROCESS_CREATE_THREAD"},
	{PROCESS_VM_OPERATION, "PROCESS_VM_OPERATION"},
	{PROCESS_VM_READ, "PROCESS_VM_READ"},
	{PROCESS_VM_WRITE, "PROCESS_VM_WRITE"},
	{PROCESS_DUP_HANDLE, "PROCESS_DUP_HANDLE"},
	{PROCESS_CREATE_PROCESS, "PROCESS_CREATE_PROCESS"},
	{PROCESS_SET_QUOTA, "PROCESS_SET_QUOTA"},
	{PROCESS_SET_INFORMATION, "PROCESS_SET_INFORMATION"},
	{PROCESS_SUSPEND_RESUME, "PROCESS_SUSPEND_RESUME"},
	{WRITE_DAC, "WRITE_DAC"},
	{WRITE_OWNER, "WRITE_OWNER"},
	{DELETE, "DELETE"},
};

static DWORD reach(HANDLE actor, DWORD id, DWORD right)
{
	HANDLE process;
	DWORD code;

	must(SetThreadToken(NULL, actor), "SetThreadToken");
	process = OpenProcess(right, FALSE, id);
	code = process != NULL ? 0 : GetLastError();
	must(SetThreadToken(NULL, NULL), "SetThreadToken");
	if (process != NULL)
		(void)CloseHandle(process);
	return code;
}

/* Is a right that ends or reads a process a denial? Not settled: measured. */
static bool settled(DWORD right)
{
	return right != PROCESS_TERMINATE && right != PROCESS_VM_READ &&
	       right != WRITE_DAC && right != WRITE_OWNER && right != DELETE;
}

/* A process of the run with the default list of its token, reached by that run
 * itself, by another run with the same logon, and by its user. */
static void neighbours(void)
{
	HANDLE own = restricted_token(AS_SANDBOOK, BY_ALL_OF_A_RUN);
	HANDLE other = restricted_token(AS_SANDBOOK, BY_ALL_OF_ANOTHER);
	HANDLE as_own = to_act_as(own), as_other = to_act_as(other);
	struct process process;
	DWORD code = start_self(own, NULL, true, &process, L"idle");
	char name[100];
	size_t i;

	for (i = 0; code == 0 && i < sizeof(reached) / sizeof(reached[0]);
	     i++) {
		const DWORD right = reached[i].right;
		const DWORD control = reach(as_own, process.id, right);
		const DWORD seen = reach(as_other, process.id, right);

		(void)snprintf(name, sizeof(name), "neighbour/%s",
			       reached[i].name);
		if (settled(right))
			row_denial(name, true, control, seen);
		else
			row(name, "open",
			    rows_restricted() ? MEASURED : NOT_RESTRICTED,
			    "another run %lu, the run itself %lu", seen,
			    control);
	}
	if (code == 0)
		kill_process(&process);
	else
		row("neighbour", "a process", SKIPPED, "not started: error %lu",
		    code);
	(void)CloseHandle(as_own);
	(void)CloseHandle(as_other);
	(void)CloseHandle(own);
	(void)CloseHandle(other);
}

void measure_processes(void)
{
	jobs();
	quota();
	desktop();
	restricted();
	lookup();
	neighbours();
}
