/*
 * Wrappers of the calls for processes, jobs and desktops. Owns how each says
 * that it failed, which limits a job of ours has, and the attribute list of a
 * new process; decides nothing else.
 */
#include "engine/windows/win32_process.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "engine/windows/error.h"
#include "engine/windows/win32.h"

#include "engine/banned.h"

/* winbase.h of mingw-w64 10 has neither. */
#define JOB_LIST ((DWORD_PTR)0x0002000D)
#define PSEUDOCONSOLE ((DWORD_PTR)0x00020016)

/* Its PSEUDOCONSOLE_INHERIT_CURSOR: else the first thing that it draws is an
 * empty screen. It asks for the cursor, and the terminal answers. */
#define INHERIT_CURSOR 1u

#define UI_LIMITS                                                          \
	(JOB_OBJECT_UILIMIT_DESKTOP | JOB_OBJECT_UILIMIT_DISPLAYSETTINGS | \
	 JOB_OBJECT_UILIMIT_EXITWINDOWS | JOB_OBJECT_UILIMIT_GLOBALATOMS | \
	 JOB_OBJECT_UILIMIT_HANDLES | JOB_OBJECT_UILIMIT_READCLIPBOARD |   \
	 JOB_OBJECT_UILIMIT_SYSTEMPARAMETERS |                             \
	 JOB_OBJECT_UILIMIT_WRITECLIPBOARD)

#define END_WAIT_MS 10000
#define LEFT_TRIES 1000
#define LEFT_WAIT_MS 10
#define REFUSED_WAIT_MS 1000 /* of one that is ending by itself */

const struct sbk_win32_process sbk_win32_process_system = {
	.CreateProcessAsUserW = CreateProcessAsUserW,
	.CreateProcessW = CreateProcessW,
	.InitializeProcThreadAttributeList = InitializeProcThreadAttributeList,
	.UpdateProcThreadAttribute = UpdateProcThreadAttribute,
	.DeleteProcThreadAttributeList = DeleteProcThreadAttributeList,
	.ResumeThread = ResumeThread,
	.TerminateProcess = TerminateProcess,
	.WaitForSingleObject = WaitForSingleObject,
	.GetExitCodeProcess = GetExitCodeProcess,
	.CreateJobObjectW = CreateJobObjectW,
	.SetInformationJobObject = SetInformationJobObject,
	.QueryInformationJobObject = QueryInformationJobObject,
	.TerminateJobObject = TerminateJobObject,
	.IsProcessInJob = IsProcessInJob,
	.CreateDesktopW = CreateDesktopW,
	.CloseDesktop = CloseDesktop,
	.DuplicateHandle = DuplicateHandle,
	.CreatePseudoConsole = CreatePseudoConsole,
	.ResizePseudoConsole = ResizePseudoConsole,
	.ClosePseudoConsole = ClosePseudoConsole,
	.GetTickCount64 = GetTickCount64,
};

/* --- jobs ---------------------------------------------------------------- */

static void fill_limits(const struct sbk_job_limits *limits,
			JOBOBJECT_EXTENDED_LIMIT_INFORMATION *out)
{
	JOBOBJECT_BASIC_LIMIT_INFORMATION *basic = &out->BasicLimitInformation;

	memset(out, 0, sizeof(*out));
	basic->LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE |
			    JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION;
	if (limits->memory_mib > 0) {
		basic->LimitFlags |= JOB_OBJECT_LIMIT_PROCESS_MEMORY;
		out->ProcessMemoryLimit = (SIZE_T)limits->memory_mib << 20;
	}
	if (limits->processes > 0) {
		basic->LimitFlags |= JOB_OBJECT_LIMIT_ACTIVE_PROCESS;
		basic->ActiveProcessLimit = (DWORD)limits->processes;
	}
}

static int set_limits(HANDLE job, const struct sbk_job_limits *limits,
		      struct sbk_error *err)
{
	JOBOBJECT_BASIC_UI_RESTRICTIONS ui = {UI_LIMITS};
	JOBOBJECT_EXTENDED_LIMIT_INFORMATION wanted;

	fill_limits(limits, &wanted);
	if (!sbk_win32->process->SetInformationJobObject(
		    job, JobObjectExtendedLimitInformation, &wanted,
		    sizeof(wanted)) ||
	    !sbk_win32->process->SetInformationJobObject(
		    job, JobObjectBasicUIRestrictions, &ui, sizeof(ui)))
		return sbk_win32_last_error(err, "SetInformationJobObject");
	return 0;
}

int sbk_win32_drop_ui_limits(HANDLE job, struct sbk_error *err)
{
	JOBOBJECT_BASIC_UI_RESTRICTIONS none = {0};

	return sbk_win32->process->SetInformationJobObject(
		       job, JobObjectBasicUIRestrictions, &none, sizeof(none))
		       ? 0
		       : sbk_win32_last_error(err, "SetInformationJobObject");
}

int sbk_win32_make_job(const struct sbk_job_limits *limits, HANDLE *out,
		       struct sbk_error *err)
{
	HANDLE job;
	int rc;

	if (limits->memory_mib > (SIZE_T)-1 >> 20 ||
	    limits->processes > MAXDWORD)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "a limit that no job can have");
	job = sbk_win32->process->CreateJobObjectW(NULL, NULL);
	if (job == NULL)
		return sbk_win32_last_error(err, "CreateJobObjectW");
	rc = set_limits(job, limits, err);
	if (rc == 0)
		*out = job;
	else
		sbk_win32_close(&job);
	return rc;
}

int sbk_win32_check_job(HANDLE job, const struct sbk_job_limits *limits,
			struct sbk_error *err)
{
	JOBOBJECT_EXTENDED_LIMIT_INFORMATION wanted, has;
	JOBOBJECT_BASIC_UI_RESTRICTIONS ui = {0};

	fill_limits(limits, &wanted);
	memset(&has, 0, sizeof(has));
	if (!sbk_win32->process->QueryInformationJobObject(
		    job, JobObjectExtendedLimitInformation, &has, sizeof(has),
		    NULL) ||
	    !sbk_win32->process->QueryInformationJobObject(
		    job, JobObjectBasicUIRestrictions, &ui, sizeof(ui), NULL))
		return sbk_win32_last_error(err, "QueryInformationJobObject");
	if (has.BasicLimitInformation.LimitFlags ==
		    wanted.BasicLimitInformation.LimitFlags &&
	    has.ProcessMemoryLimit == wanted.ProcessMemoryLimit &&
	    (limits->processes == 0 ||
	     has.BasicLimitInformation.ActiveProcessLimit ==
		     wanted.BasicLimitInformation.ActiveProcessLimit) &&
	    ui.UIRestrictionsClass == UI_LIMITS)
		return 0;
	return sbk_error_set(err, SBK_E_UNSUPPORTED,
			     "SetInformationJobObject reported success, and "
			     "the job has other limits");
}

int sbk_win32_end_job(HANDLE job, UINT code, struct sbk_error *err)
{
	return sbk_win32->process->TerminateJobObject(job, code)
		       ? 0
		       : sbk_win32_last_error(err, "TerminateJobObject");
}

int sbk_win32_job_processes(HANDLE job, DWORD *out, struct sbk_error *err)
{
	JOBOBJECT_BASIC_ACCOUNTING_INFORMATION has;

	memset(&has, 0, sizeof(has));
	if (!sbk_win32->process->QueryInformationJobObject(
		    job, JobObjectBasicAccountingInformation, &has, sizeof(has),
		    NULL))
		return sbk_win32_last_error(err, "QueryInformationJobObject");
	*out = has.ActiveProcesses;
	return 0;
}

int sbk_win32_empty_job(HANDLE job, UINT code, struct sbk_error *err)
{
	DWORD left = 1;
	int tries, rc = sbk_win32_end_job(job, code, err);

	for (tries = 0; rc == 0 && tries < LEFT_TRIES; tries++) {
		rc = sbk_win32_job_processes(job, &left, err);
		if (rc < 0 || left == 0)
			return rc;
		/* A job is signalled by time limits only, which ours has not:
		 * this is a pause. */
		(void)sbk_win32->process->WaitForSingleObject(job,
							      LEFT_WAIT_MS);
	}
	return rc < 0 ? rc
		      : sbk_error_set(err, SBK_E_BUSY,
				      "%lu processes of the run are still "
				      "there",
				      (unsigned long)left);
}

/* --- desktops, consoles, handles ----------------------------------------- */

int sbk_win32_make_desktop(const WCHAR *name, const struct sbk_buf *descriptor,
			   HDESK *out, struct sbk_error *err)
{
	SECURITY_ATTRIBUTES security = {.nLength = sizeof(security),
					.lpSecurityDescriptor =
						descriptor->data};
	HDESK desktop = sbk_win32->process->CreateDesktopW(
		name, NULL, NULL, 0, GENERIC_ALL, &security);

	if (desktop == NULL)
		return sbk_win32_last_error(err, "CreateDesktopW");
	*out = desktop;
	return 0;
}

void sbk_win32_close_desktop(HDESK *desktop)
{
	if (*desktop != NULL)
		(void)sbk_win32->process->CloseDesktop(*desktop); /* as files */
	*desktop = NULL;
}

static int duplicate(HANDLE handle, BOOL inherited, HANDLE *out,
		     struct sbk_error *err)
{
	const HANDLE self = sbk_win32->program->GetCurrentProcess();
	HANDLE copy = NULL;

	if (!sbk_win32->process->DuplicateHandle(self, handle, self, &copy, 0,
						 inherited,
						 DUPLICATE_SAME_ACCESS))
		return sbk_win32_last_error(err, "DuplicateHandle");
	*out = copy;
	return 0;
}

int sbk_win32_inheritable(HANDLE handle, HANDLE *out, struct sbk_error *err)
{
	return duplicate(handle, TRUE, out, err);
}

int sbk_win32_second_handle(HANDLE handle, HANDLE *out, struct sbk_error *err)
{
	return duplicate(handle, FALSE, out, err);
}

int sbk_win32_make_console(COORD size, HANDLE input, HANDLE output, HPCON *out,
			   struct sbk_error *err)
{
	HPCON console = NULL;
	const HRESULT result = sbk_win32->process->CreatePseudoConsole(
		size, input, output, INHERIT_CURSOR, &console);

	if (FAILED(result))
		return sbk_win32_hresult_error(err, result,
					       "CreatePseudoConsole");
	*out = console;
	return 0;
}

void sbk_win32_close_console(HPCON *console)
{
	if (*console != NULL)
		sbk_win32->process->ClosePseudoConsole(*console);
	*console = NULL;
}

/* --- starting ------------------------------------------------------------ */

#define ATTRIBUTES_MAX 3

/* The values stay where they are until the list is deleted. */
struct attributes {
	LPPROC_THREAD_ATTRIBUTE_LIST list;
	HANDLE handles[3], job;
	size_t handle_count;
};

static int make_list(struct attributes *attributes, struct sbk_error *err)
{
	LPPROC_THREAD_ATTRIBUTE_LIST list;
	SIZE_T size = 0;

	/* Without a list it fails, and says how much one needs. */
	(void)sbk_win32->process->InitializeProcThreadAttributeList(
		NULL, ATTRIBUTES_MAX, 0, &size);
	list = calloc(1, size > 0 ? size : 1);
	if (list == NULL)
		return sbk_error_no_memory(err);
	if (!sbk_win32->process->InitializeProcThreadAttributeList(
		    list, ATTRIBUTES_MAX, 0, &size)) {
		const DWORD code = sbk_win32->errors.GetLastError();

		free(list);
		return sbk_error_set_win32(err, code,
					   "InitializeProcThreadAttributeList");
	}
	attributes->list = list;
	return 0;
}

static int put(struct attributes *attributes, DWORD_PTR key, void *value,
	       size_t size, struct sbk_error *err)
{
	return sbk_win32->process->UpdateProcThreadAttribute(
		       attributes->list, 0, key, value, size, NULL, NULL)
		       ? 0
		       : sbk_win32_last_error(err, "UpdateProcThreadAttribute");
}

/* Each handle once: a list with one twice is refused. */
static void add_handle(struct attributes *attributes, HANDLE handle)
{
	size_t i;

	for (i = 0; i < attributes->handle_count; i++)
		if (attributes->handles[i] == handle)
			return;
	if (handle != NULL)
		attributes->handles[attributes->handle_count++] = handle;
}

static int fill_list(const struct sbk_win32_start *start,
		     struct attributes *attributes, struct sbk_error *err)
{
	int rc = 0;
	size_t i;

	attributes->job = start->job;
	if (start->job != NULL)
		rc = put(attributes, JOB_LIST, &attributes->job,
			 sizeof(attributes->job), err);
	if (rc == 0 && start->console != NULL)
		rc = put(attributes, PSEUDOCONSOLE, start->console,
			 sizeof(start->console), err);
	for (i = 0; i < 3; i++)
		add_handle(attributes, start->streams[i]);
	if (rc == 0 && attributes->handle_count > 0)
		rc = put(attributes, PROC_THREAD_ATTRIBUTE_HANDLE_LIST,
			 attributes->handles,
			 attributes->handle_count * sizeof(HANDLE), err);
	return rc;
}

static void free_list(struct attributes *attributes)
{
	if (attributes->list != NULL)
		sbk_win32->process->DeleteProcThreadAttributeList(
			attributes->list);
	free(attributes->list);
	attributes->list = NULL;
}

static int create(const struct sbk_win32_start *start,
		  const struct attributes *attributes, WCHAR *line,
		  PROCESS_INFORMATION *out, struct sbk_error *err)
{
	SECURITY_ATTRIBUTES security = {
		.nLength = sizeof(security),
		.lpSecurityDescriptor = start->descriptor != NULL
						? start->descriptor->data
						: NULL};
	STARTUPINFOEXW startup = {
		.StartupInfo = {.cb = sizeof(startup),
				.lpDesktop = (LPWSTR)(uintptr_t)start->desktop,
				/* With none of them, ours are not copied; a
				 * console's program gets those of its console
				 * ("GetStdHandle function"). */
				.dwFlags = STARTF_USESTDHANDLES},
		.lpAttributeList = attributes->list};
	const DWORD flags = CREATE_SUSPENDED | CREATE_UNICODE_ENVIRONMENT |
			    EXTENDED_STARTUPINFO_PRESENT |
			    (start->console == NULL ? CREATE_NO_WINDOW : 0);
	const BOOL inherit = attributes->handle_count > 0;
	void *environment = (void *)(uintptr_t)start->environment;
	PROCESS_INFORMATION made;
	BOOL ok;

	memset(&made, 0, sizeof(made));
	startup.StartupInfo.hStdInput = start->streams[0];
	startup.StartupInfo.hStdOutput = start->streams[1];
	startup.StartupInfo.hStdError = start->streams[2];
	ok = start->token != NULL
		     ? sbk_win32->process->CreateProcessAsUserW(
			       start->token, start->program, line, &security,
			       &security, inherit, flags, environment,
			       start->directory, &startup.StartupInfo, &made)
		     : sbk_win32->process->CreateProcessW(
			       start->program, line, &security, &security,
			       inherit, flags, environment, start->directory,
			       &startup.StartupInfo, &made);
	if (!ok)
		return sbk_win32_last_error(
			err, start->token != NULL ? "CreateProcessAsUserW"
						  : "CreateProcessW");
	*out = made;
	return 0;
}

int sbk_win32_start(const struct sbk_win32_start *start,
		    PROCESS_INFORMATION *out, struct sbk_error *err)
{
	struct attributes attributes = {.list = NULL};
	/* The system may write into the line. */
	WCHAR *line = _wcsdup(start->line);
	int rc = line != NULL ? make_list(&attributes, err)
			      : sbk_error_no_memory(err);

	if (rc == 0)
		rc = fill_list(start, &attributes, err);
	if (rc == 0)
		rc = create(start, &attributes, line, out, err);
	free_list(&attributes);
	free(line);
	return rc;
}

int sbk_win32_in_job(HANDLE process, HANDLE job, bool *out,
		     struct sbk_error *err)
{
	BOOL inside = FALSE;

	if (!sbk_win32->process->IsProcessInJob(process, job, &inside))
		return sbk_win32_last_error(err, "IsProcessInJob");
	*out = inside;
	return 0;
}

int sbk_win32_resume(HANDLE thread, struct sbk_error *err)
{
	return sbk_win32->process->ResumeThread(thread) != (DWORD)-1
		       ? 0
		       : sbk_win32_last_error(err, "ResumeThread");
}

int sbk_win32_end_process(HANDLE process, UINT code, struct sbk_error *err)
{
	int rc = 0;

	if (!sbk_win32->process->TerminateProcess(process, code))
		rc = sbk_win32_last_error(err, "TerminateProcess");
	/* One that has ended is refused, too, and so is one that is ending:
	 * what counts is the wait. */
	if (rc < 0)
		return sbk_win32->process->WaitForSingleObject(
			       process, REFUSED_WAIT_MS) == WAIT_OBJECT_0
			       ? 0
			       : rc;
	rc = sbk_win32_wait(process, END_WAIT_MS, err);
	if (rc == 0)
		rc = sbk_error_set(err, SBK_E_BUSY,
				   "a process that was ended is still there");
	return rc < 0 ? rc : 0;
}

int sbk_win32_wait(HANDLE object, DWORD milliseconds, struct sbk_error *err)
{
	const DWORD result =
		sbk_win32->process->WaitForSingleObject(object, milliseconds);

	if (result == WAIT_FAILED)
		return sbk_win32_last_error(err, "WaitForSingleObject");
	return result == WAIT_OBJECT_0;
}

int sbk_win32_exit_code(HANDLE process, DWORD *out, struct sbk_error *err)
{
	DWORD code = 0;

	if (!sbk_win32->process->GetExitCodeProcess(process, &code))
		return sbk_win32_last_error(err, "GetExitCodeProcess");
	*out = code;
	return 0;
}
