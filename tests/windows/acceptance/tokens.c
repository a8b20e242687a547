/*
 * Tokens, as tokens.h tells. Owns nothing that outlives the program.
 */
#include "tests/windows/acceptance/tokens.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

#include <sddl.h>

#include "tests/windows/acceptance/rows.h"

#include "engine/banned.h"

#define SIDS 5 /* that enum restricting names */
#define END_MS 180000

_Noreturn void die(const char *call)
{
	(void)fprintf(stderr, "acceptance: %s: error %lu\n", call,
		      GetLastError());
	exit(3);
}

void must(BOOL holds, const char *call)
{
	if (!holds)
		die(call);
}

static HANDLE own_token(void)
{
	static HANDLE token;

	/* All that CreateProcessAsUser, CreateRestrictedToken and
	 * AdjustTokenPrivileges ask for. */
	if (token == NULL)
		must(OpenProcessToken(GetCurrentProcess(),
				      TOKEN_DUPLICATE | TOKEN_QUERY |
					      TOKEN_ASSIGN_PRIMARY |
					      TOKEN_ADJUST_DEFAULT |
					      TOKEN_ADJUST_PRIVILEGES,
				      &token),
		     "OpenProcessToken");
	return token;
}

static void *information(TOKEN_INFORMATION_CLASS what)
{
	DWORD size = 0;
	void *data;

	(void)GetTokenInformation(own_token(), what, NULL, 0, &size);
	data = calloc(1, size + 64);
	if (data == NULL || size == 0 ||
	    !GetTokenInformation(own_token(), what, data, size, &size)) {
		free(data);
		return NULL;
	}
	return data;
}

const WCHAR *user_sid(void)
{
	static WCHAR *text;
	TOKEN_USER *user;

	if (text == NULL) {
		user = information(TokenUser);
		must(user != NULL, "GetTokenInformation");
		must(ConvertSidToStringSidW(user->User.Sid, &text),
		     "ConvertSidToStringSid");
		free(user);
	}
	return text;
}

const WCHAR *logon_sid(void)
{
	static WCHAR *text;
	TOKEN_GROUPS *groups;

	if (text == NULL) {
		groups = information(TokenLogonSid);
		if (groups != NULL && groups->GroupCount > 0)
			must(ConvertSidToStringSidW(groups->Groups[0].Sid,
						    &text),
			     "ConvertSidToStringSid");
		free(groups);
	}
	return text;
}

PSECURITY_DESCRIPTOR descriptor(const WCHAR *format, ...)
{
	PSECURITY_DESCRIPTOR sd;
	WCHAR sddl[1024];
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vswprintf(sddl, 1024, format, arguments);
	va_end(arguments);
	must(length > 0, "a descriptor's text");
	if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(
		    sddl, SDDL_REVISION_1, &sd, NULL))
		return NULL;
	return sd;
}

bool enable_privilege(const WCHAR *name)
{
	TOKEN_PRIVILEGES wanted = {.PrivilegeCount = 1};

	wanted.Privileges[0].Attributes = SE_PRIVILEGE_ENABLED;
	return LookupPrivilegeValueW(NULL, name, &wanted.Privileges[0].Luid) &&
	       AdjustTokenPrivileges(own_token(), FALSE, &wanted, 0, NULL,
				     NULL) &&
	       /* It succeeds for a privilege that is not held, too. */
	       GetLastError() == ERROR_SUCCESS;
}

/* What an own object of the run's is to have (token_rules.c). */
static void set_default_dacl(HANDLE token, const WCHAR *run)
{
	PSECURITY_DESCRIPTOR sd = descriptor(
		L"D:(A;;GA;;;SY)(A;;GA;;;%ls)(A;;GA;;;%ls)(A;;RC;;;OW)",
		user_sid(), run);
	TOKEN_DEFAULT_DACL dacl;
	BOOL present, defaulted;

	must(sd != NULL && GetSecurityDescriptorDacl(
				   sd, &present, &dacl.DefaultDacl, &defaulted),
	     "GetSecurityDescriptorDacl");
	must(SetTokenInformation(token, TokenDefaultDacl, &dacl, sizeof(dacl)),
	     "SetTokenInformation");
	(void)LocalFree(sd);
}

static bool is_restricted_by(HANDLE token, DWORD count)
{
	BYTE room[4096] = {0};
	DWORD size;

	/* Not IsTokenRestricted: whether it means the write-restricted, too, no
	 * page says; it is a row of its own. */
	return GetTokenInformation(token, TokenRestrictedSids, room,
				   sizeof(room), &size) &&
	       ((TOKEN_GROUPS *)(void *)room)->GroupCount == count;
}

HANDLE restricted_token(DWORD flags, unsigned restricting)
{
	const WCHAR *texts[SIDS] = {RUN_SID, logon_sid(), EVERYONE_SID,
				    user_sid(), OTHER_RUN_SID};
	SID_AND_ATTRIBUTES sids[SIDS] = {0};
	HANDLE token = NULL;
	DWORD count = 0, i;

	for (i = 0; i < SIDS; i++)
		if ((restricting & (1U << i)) != 0 && texts[i] != NULL)
			must(ConvertStringSidToSidW(texts[i],
						    &sids[count++].Sid),
			     "ConvertStringSidToSid");
	must(CreateRestrictedToken(own_token(), flags, 0, NULL, 0, NULL, count,
				   sids, &token),
	     "CreateRestrictedToken");
	for (i = 0; i < count; i++)
		(void)LocalFree(sids[i].Sid);
	rows_tokens_are_restricted(is_restricted_by(token, count));
	set_default_dacl(token, (restricting & BY_OTHER_RUN) != 0
					? OTHER_RUN_SID
					: RUN_SID);
	return token;
}

HANDLE token_of_level(DWORD rid)
{
	SID level = {
		.Revision = SID_REVISION,
		.SubAuthorityCount = 1,
		.IdentifierAuthority = {SECURITY_MANDATORY_LABEL_AUTHORITY},
		.SubAuthority = {rid}};
	TOKEN_MANDATORY_LABEL label = {{&level, SE_GROUP_INTEGRITY}};
	HANDLE token = NULL;

	if (!DuplicateTokenEx(
		    own_token(),
		    TOKEN_IMPERSONATE | TOKEN_QUERY | TOKEN_ADJUST_DEFAULT,
		    NULL, SecurityImpersonation, TokenImpersonation, &token))
		return NULL;
	if (SetTokenInformation(token, TokenIntegrityLevel, &label,
				sizeof(label) + GetLengthSid(&level)))
		return token;
	(void)CloseHandle(token);
	return NULL;
}

/* NtCreateLowBoxToken, which has no page: as CreateProcess makes one for
 * SECURITY_CAPABILITIES, and without the profile that this asks for. */
HANDLE package_token(HANDLE base, const WCHAR *package)
{
	typedef LONG(NTAPI * call)(HANDLE *, HANDLE, ACCESS_MASK, void *, PSID,
				   ULONG, SID_AND_ATTRIBUTES *, ULONG,
				   HANDLE *);
	const FARPROC found = GetProcAddress(GetModuleHandleW(L"ntdll.dll"),
					     "NtCreateLowBoxToken");
	HANDLE primary = NULL, token = NULL;
	PSID sid = NULL;
	LONG status;
	call make;

	memcpy(&make, &found, sizeof(make));
	if (make == NULL || !ConvertStringSidToSidW(package, &sid))
		return NULL;
	status = make(&primary, base != NULL ? base : own_token(),
		      TOKEN_DUPLICATE | TOKEN_QUERY, NULL, sid, 0, NULL, 0,
		      NULL);
	(void)LocalFree(sid);
	if (status < 0)
		return NULL;
	if (!DuplicateTokenEx(primary, TOKEN_IMPERSONATE | TOKEN_QUERY, NULL,
			      SecurityImpersonation, TokenImpersonation,
			      &token))
		token = NULL;
	(void)CloseHandle(primary);
	return token;
}

HANDLE to_act_as(HANDLE token)
{
	HANDLE copy = NULL;

	must(DuplicateTokenEx(token, TOKEN_QUERY | TOKEN_IMPERSONATE, NULL,
			      SecurityImpersonation, TokenImpersonation, &copy),
	     "DuplicateTokenEx");
	return copy;
}

static BOOL create(HANDLE token, SECURITY_ATTRIBUTES *security, WCHAR *line,
		   DWORD flags, STARTUPINFOW *startup,
		   PROCESS_INFORMATION *made)
{
	WCHAR program[600];

	must(GetModuleFileNameW(NULL, program, 600) > 0, "GetModuleFileName");
	if (token == NULL)
		return CreateProcessW(program, line, security, security, TRUE,
				      flags, NULL, NULL, startup, made);
	return CreateProcessAsUserW(token, program, line, security, security,
				    TRUE, flags, NULL, NULL, startup, made);
}

/* A pipe whose other end a child inherits. */
static HANDLE make_output(struct process *out, STARTUPINFOW *startup)
{
	HANDLE write = NULL;

	must(CreatePipe(&out->output, &write, NULL, 0), "CreatePipe");
	must(SetHandleInformation(write, HANDLE_FLAG_INHERIT,
				  HANDLE_FLAG_INHERIT),
	     "SetHandleInformation");
	startup->dwFlags = STARTF_USESTDHANDLES;
	startup->hStdOutput = startup->hStdError = write;
	return write;
}

static void take(struct process *out, const PROCESS_INFORMATION *made)
{
	out->process = made->hProcess;
	out->thread = made->hThread;
	out->id = made->dwProcessId;
}

DWORD start_line(const WCHAR *line, struct process *out)
{
	STARTUPINFOW startup = {.cb = sizeof(startup)};
	PROCESS_INFORMATION made = {0};
	HANDLE write = make_output(out, &startup);
	WCHAR *copy = _wcsdup(line);
	DWORD code = 0;

	/* The system may write into it. */
	must(copy != NULL, "a command line");
	if (!CreateProcessW(NULL, copy, NULL, NULL, TRUE, CREATE_NO_WINDOW,
			    NULL, NULL, &startup, &made))
		code = GetLastError();
	free(copy);
	(void)CloseHandle(write);
	if (code != 0)
		(void)CloseHandle(out->output);
	take(out, &made);
	return code;
}

DWORD start_self(HANDLE token, PSECURITY_DESCRIPTOR sd, bool suspended,
		 struct process *out, const WCHAR *arguments)
{
	SECURITY_ATTRIBUTES security = {sizeof(security), sd, FALSE};
	STARTUPINFOW startup = {.cb = sizeof(startup)};
	PROCESS_INFORMATION made = {0};
	HANDLE write = NULL;
	WCHAR line[1024];
	DWORD code = 0;

	out->output = NULL;
	(void)swprintf(line, 1024, L"acceptance %ls", arguments);
	if (!suspended)
		write = make_output(out, &startup);
	if (!create(token, sd == NULL ? NULL : &security, line,
		    suspended ? CREATE_SUSPENDED : 0, &startup, &made))
		code = GetLastError();
	if (write != NULL)
		(void)CloseHandle(write);
	if (code != 0 && out->output != NULL)
		(void)CloseHandle(out->output);
	take(out, &made);
	return code;
}

/* Whatever is there now; false when nothing is, or ever will be. */
static bool read_some(HANDLE output, char *text, size_t size, size_t *used)
{
	static char rest[4096];
	DWORD there = 0, got = 0;
	const size_t room = size - 1 - *used;

	if (!PeekNamedPipe(output, NULL, 0, NULL, &there, NULL) || there == 0)
		return false;
	/* What does not fit is read all the same: who writes must not wait. */
	if (room == 0)
		return ReadFile(output, rest, sizeof(rest), &got, NULL) &&
		       got > 0;
	if (!ReadFile(output, text + *used, (DWORD)room, &got, NULL))
		return false;
	*used += got;
	return got > 0;
}

DWORD end_of(struct process *process, char *text, size_t size)
{
	const ULONGLONG until = GetTickCount64() + END_MS;
	DWORD code = 0;
	size_t used = 0;
	bool ended = false;

	/* Not until the pipe ends: what it started may have it open, too. */
	while (!ended && GetTickCount64() < until) {
		ended = WaitForSingleObject(process->process, 0) ==
			WAIT_OBJECT_0;
		while (read_some(process->output, text, size, &used))
			;
		if (!ended)
			Sleep(10);
	}
	text[used] = '\0';
	if (!ended) {
		(void)TerminateProcess(process->process, WAIT_TIMEOUT);
		(void)WaitForSingleObject(process->process, 10000);
	}
	must(GetExitCodeProcess(process->process, &code), "GetExitCodeProcess");
	(void)CloseHandle(process->output);
	(void)CloseHandle(process->process);
	(void)CloseHandle(process->thread);
	return code;
}

void kill_process(struct process *process)
{
	(void)TerminateProcess(process->process, 1);
	(void)WaitForSingleObject(process->process, 10000);
	(void)CloseHandle(process->process);
	(void)CloseHandle(process->thread);
}
