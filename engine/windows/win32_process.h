/*
 * The part of the table of win32.h that serves processes: jobs, desktops, what
 * a new process gets, waiting.
 */
#ifndef SBK_WINDOWS_WIN32_PROCESS_H
#define SBK_WINDOWS_WIN32_PROCESS_H

#include <stdbool.h>

#include <windows.h>

#include "engine/buf.h"
#include "engine/error.h"

struct sbk_win32_process {
	BOOL(WINAPI *CreateProcessAsUserW)
	(HANDLE token, LPCWSTR program, LPWSTR line,
	 LPSECURITY_ATTRIBUTES process, LPSECURITY_ATTRIBUTES thread,
	 BOOL inherit, DWORD flags, LPVOID environment, LPCWSTR directory,
	 LPSTARTUPINFOW startup, LPPROCESS_INFORMATION out);
	BOOL(WINAPI *CreateProcessW)
	(LPCWSTR program, LPWSTR line, LPSECURITY_ATTRIBUTES process,
	 LPSECURITY_ATTRIBUTES thread, BOOL inherit, DWORD flags,
	 LPVOID environment, LPCWSTR directory, LPSTARTUPINFOW startup,
	 LPPROCESS_INFORMATION out);
	BOOL(WINAPI *InitializeProcThreadAttributeList)
	(LPPROC_THREAD_ATTRIBUTE_LIST list, DWORD count, DWORD flags,
	 PSIZE_T size);
	BOOL(WINAPI *UpdateProcThreadAttribute)
	(LPPROC_THREAD_ATTRIBUTE_LIST list, DWORD flags, DWORD_PTR attribute,
	 PVOID value, SIZE_T size, PVOID previous, PSIZE_T returned);
	void(WINAPI *DeleteProcThreadAttributeList)(
		LPPROC_THREAD_ATTRIBUTE_LIST list);
	DWORD(WINAPI *ResumeThread)(HANDLE thread);
	BOOL(WINAPI *TerminateProcess)(HANDLE process, UINT code);
	DWORD(WINAPI *WaitForSingleObject)(HANDLE object, DWORD milliseconds);
	BOOL(WINAPI *GetExitCodeProcess)(HANDLE process, LPDWORD code);
	HANDLE(WINAPI *CreateJobObjectW)
	(LPSECURITY_ATTRIBUTES security, LPCWSTR name);
	BOOL(WINAPI *SetInformationJobObject)
	(HANDLE job, JOBOBJECTINFOCLASS class, LPVOID data, DWORD size);
	BOOL(WINAPI *QueryInformationJobObject)
	(HANDLE job, JOBOBJECTINFOCLASS class, LPVOID data, DWORD size,
	 LPDWORD returned);
	BOOL(WINAPI *TerminateJobObject)(HANDLE job, UINT code);
	BOOL(WINAPI *IsProcessInJob)(HANDLE process, HANDLE job, PBOOL result);
	HDESK(WINAPI *CreateDesktopW)
	(LPCWSTR name, LPCWSTR device, LPDEVMODEW mode, DWORD flags,
	 ACCESS_MASK access, LPSECURITY_ATTRIBUTES security);
	BOOL(WINAPI *CloseDesktop)(HDESK desktop);
	BOOL(WINAPI *DuplicateHandle)
	(HANDLE from, HANDLE handle, HANDLE to, LPHANDLE out, DWORD access,
	 BOOL inherit, DWORD options);
	HRESULT(WINAPI *CreatePseudoConsole)
	(COORD size, HANDLE input, HANDLE output, DWORD flags, HPCON *out);
	HRESULT(WINAPI *ResizePseudoConsole)(HPCON console, COORD size);
	void(WINAPI *ClosePseudoConsole)(HPCON console);
	ULONGLONG(WINAPI *GetTickCount64)(void);
};

extern const struct sbk_win32_process sbk_win32_process_system;

/* Limits of a job; 0: none. */
struct sbk_job_limits {
	uint64_t memory_mib; /* of each process */
	uint64_t processes;  /* at a time */
};

/*
 * A job without a name, which ends with its last handle, and out of which no
 * process gets ("CreateJobObjectW", "JOBOBJECT_EXTENDED_LIMIT_INFORMATION",
 * "JOBOBJECT_BASIC_UI_RESTRICTIONS"). The handle is not inheritable.
 */
int sbk_win32_make_job(const struct sbk_job_limits *limits, HANDLE *out,
		       struct sbk_error *err);
/* Whether what was set is what the system has; SBK_E_UNSUPPORTED if not
 * ("QueryInformationJobObject function (jobapi2.h)"). */
int sbk_win32_check_job(HANDLE job, const struct sbk_job_limits *limits,
			struct sbk_error *err);
/* Without limits of its windows, before a process is in it: "Nested Jobs" says
 * that a job which has some is in no hierarchy. */
int sbk_win32_drop_ui_limits(HANDLE job, struct sbk_error *err);
/* "TerminateJobObject function (jobapi2.h)". */
int sbk_win32_end_job(HANDLE job, UINT code, struct sbk_error *err);
/* Processes of the job that are alive
 * ("JOBOBJECT_BASIC_ACCOUNTING_INFORMATION structure (winnt.h)"). */
int sbk_win32_job_processes(HANDLE job, DWORD *out, struct sbk_error *err);
/* Both: that call returns before the processes are gone. SBK_E_BUSY where some
 * are still there after ten seconds. */
int sbk_win32_empty_job(HANDLE job, UINT code, struct sbk_error *err);

/* "CreateDesktopW function (winuser.h)" on the caller's window station. */
int sbk_win32_make_desktop(const WCHAR *name, const struct sbk_buf *descriptor,
			   HDESK *out, struct sbk_error *err);
void sbk_win32_close_desktop(HDESK *desktop);

/* A handle of ours that children inherit: "DuplicateHandle function
 * (handleapi.h)". */
int sbk_win32_inheritable(HANDLE handle, HANDLE *out, struct sbk_error *err);
/* Likewise, but children do not. */
int sbk_win32_second_handle(HANDLE handle, HANDLE *out, struct sbk_error *err);

/* "CreatePseudoConsole function" (HRESULT): the ends stay the caller's. Its
 * first output asks where the cursor is; a program of it may hang until the
 * input answers. */
int sbk_win32_make_console(COORD size, HANDLE input, HANDLE output, HPCON *out,
			   struct sbk_error *err);
void sbk_win32_close_console(HPCON *console);

/* What a new process gets. */
struct sbk_win32_start {
	HANDLE token;	      /* NULL: our own, by CreateProcessW */
	const WCHAR *program; /* full path */
	const WCHAR *line;
	const void *environment;	  /* a block of units; NULL: ours */
	const WCHAR *directory;		  /* or NULL */
	const WCHAR *desktop;		  /* or NULL: ours */
	const struct sbk_buf *descriptor; /* of process and thread, or NULL */
	HANDLE job;			  /* or NULL */
	HPCON console;			  /* or NULL */
	HANDLE streams[3];		  /* inheritable; NULL: the console's */
};

/*
 * "CreateProcessAsUserW function (processthreadsapi.h)": suspended, in the job
 * from its beginning (PROC_THREAD_ATTRIBUTE_JOB_LIST), with these handles and
 * no others (PROC_THREAD_ATTRIBUTE_HANDLE_LIST, "UpdateProcThreadAttribute
 * function (processthreadsapi.h)").
 */
int sbk_win32_start(const struct sbk_win32_start *start,
		    PROCESS_INFORMATION *out, struct sbk_error *err);
/* "IsProcessInJob function (jobapi.h)"; a `job` of NULL: in any. */
int sbk_win32_in_job(HANDLE process, HANDLE job, bool *out,
		     struct sbk_error *err);
/* "ResumeThread function (processthreadsapi.h)": -1 is its failure. */
int sbk_win32_resume(HANDLE thread, struct sbk_error *err);
/* "TerminateProcess function (processthreadsapi.h)", and waits for its end,
 * also where the call is refused, as of one that is ending. */
int sbk_win32_end_process(HANDLE process, UINT code, struct sbk_error *err);
/* 1 where it ended within so many milliseconds (or INFINITE), 0 where not:
 * "WaitForSingleObject function (synchapi.h)". */
int sbk_win32_wait(HANDLE object, DWORD milliseconds, struct sbk_error *err);
/* Of a process that has ended: "GetExitCodeProcess function". */
int sbk_win32_exit_code(HANDLE process, DWORD *out, struct sbk_error *err);

#endif
