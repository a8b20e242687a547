/*
 * Wrappers of the calls by which sandbook-setup.exe is started, and of the
 * system's log.
 */
#include "engine/windows/win32_elevation.h"

#include "engine/windows/error.h"
#include "engine/windows/win32.h"

#include "engine/banned.h"

const struct sbk_win32_elevation sbk_win32_elevation_system = {
	.CoInitializeEx = CoInitializeEx,
	.CoUninitialize = CoUninitialize,
	.ShellExecuteExW = ShellExecuteExW,
	.SetDefaultDllDirectories = SetDefaultDllDirectories,
	.RegisterEventSourceW = RegisterEventSourceW,
	.ReportEventW = ReportEventW,
	.DeregisterEventSource = DeregisterEventSource,
};

static int start_elevated(const WCHAR *program, const WCHAR *parameters,
			  HANDLE *process, struct sbk_error *err)
{
	SHELLEXECUTEINFOW info = {
		.cbSize = sizeof(info),
		/* Waits until it is started: we may end soon after. */
		.fMask = SEE_MASK_NOCLOSEPROCESS | SEE_MASK_NOASYNC |
			 SEE_MASK_FLAG_NO_UI,
		.lpVerb = L"runas",
		.lpFile = program,
		.lpParameters = parameters,
		.nShow = SW_SHOWNORMAL,
	};

	if (!sbk_win32->elevation->ShellExecuteExW(&info)) {
		const DWORD code = sbk_win32->errors.GetLastError();

		return code == ERROR_CANCELLED
			       ? sbk_error_set(err, SBK_E_DENIED,
					       "the question for an "
					       "administrator's consent was "
					       "answered with no")
			       : sbk_error_set_win32(err, code,
						     "ShellExecuteExW");
	}
	if (info.hProcess == NULL)
		return sbk_error_set(err, SBK_E_IO,
				     "ShellExecuteExW reported success and "
				     "gave no process");
	*process = info.hProcess;
	return 0;
}

int sbk_win32_start_elevated(const WCHAR *program, const WCHAR *parameters,
			     HANDLE *process, struct sbk_error *err)
{
	const struct sbk_win32_elevation *calls = sbk_win32->elevation;
	const HRESULT begun = calls->CoInitializeEx(
		NULL, COINIT_APARTMENTTHREADED | COINIT_DISABLE_OLE1DDE);
	int rc;

	/* Of another model, but begun: then it is not ours to end. */
	if (begun < 0 && begun != RPC_E_CHANGED_MODE)
		return sbk_win32_hresult_error(err, begun, "CoInitializeEx");
	rc = start_elevated(program, parameters, process, err);
	if (begun >= 0)
		calls->CoUninitialize();
	return rc;
}

int sbk_win32_search_system_alone(struct sbk_error *err)
{
	if (sbk_win32->elevation->SetDefaultDllDirectories(
		    LOAD_LIBRARY_SEARCH_SYSTEM32))
		return 0;
	return sbk_win32_last_error(err, "SetDefaultDllDirectories");
}

int sbk_win32_report(const WCHAR *source, const WCHAR *line,
		     struct sbk_error *err)
{
	HANDLE log = sbk_win32->elevation->RegisterEventSourceW(NULL, source);
	LPCWSTR strings[1] = {line};
	int rc = 0;

	if (log == NULL)
		return sbk_win32_last_error(err, "RegisterEventSourceW");
	if (!sbk_win32->elevation->ReportEventW(log, EVENTLOG_INFORMATION_TYPE,
						0, 1, NULL, 1, 0, strings,
						NULL))
		rc = sbk_win32_last_error(err, "ReportEventW");
	(void)sbk_win32->elevation->DeregisterEventSource(
		log); /* as
			 CloseHandle */
	return rc;
}
