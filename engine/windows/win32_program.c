/*
 * Wrappers of the calls that serve the program itself. Owns how each says that
 * it failed, and nothing else.
 */
#include "engine/windows/win32_program.h"

#include <stdlib.h>

#include "engine/limits.h"
#include "engine/windows/error.h"
#include "engine/windows/win32.h"

#include "engine/banned.h"

const struct sbk_win32_program sbk_win32_program_system = {
	.GetFileType = GetFileType,
	.ReadFile = ReadFile,
	.GetFullPathNameW = GetFullPathNameW,
	.GetStdHandle = GetStdHandle,
	.GetModuleFileNameW = GetModuleFileNameW,
	.GetEnvironmentStringsW = GetEnvironmentStringsW,
	.FreeEnvironmentStringsW = FreeEnvironmentStringsW,
	.GetConsoleMode = GetConsoleMode,
	.SetConsoleCtrlHandler = SetConsoleCtrlHandler,
	.GetSystemTimeAsFileTime = GetSystemTimeAsFileTime,
	.GetCurrentProcessId = GetCurrentProcessId,
	.GetCurrentProcess = GetCurrentProcess,
	.GetCurrentThread = GetCurrentThread,
	.OpenProcessToken = OpenProcessToken,
	.GetTokenInformation = GetTokenInformation,
};

bool sbk_win32_is_disk(HANDLE file)
{
	return sbk_win32->program->GetFileType(file) == FILE_TYPE_DISK;
}

int sbk_win32_read(HANDLE file, uint64_t offset, void *buffer, size_t size,
		   size_t *got, struct sbk_error *err)
{
	const DWORD part = size > (1U << 30) ? 1U << 30 : (DWORD)size;
	OVERLAPPED where = {.Offset = (DWORD)offset,
			    .OffsetHigh = (DWORD)(offset >> 32)};
	DWORD code, count = 0;

	if (!sbk_win32->program->ReadFile(file, buffer, part, &count, &where)) {
		code = sbk_win32->errors.GetLastError();
		if (code != ERROR_HANDLE_EOF)
			return sbk_error_set_win32(err, code, "ReadFile");
		count = 0;
	}
	*got = count;
	return 0;
}

int sbk_win32_full_path(const WCHAR *name, struct sbk_buf *out,
			struct sbk_error *err)
{
	const DWORD max = SBK_PATH_MAX;
	WCHAR *text = calloc(max, sizeof(*text));
	DWORD code, units;
	int rc = 0;

	if (text == NULL)
		return sbk_error_no_memory(err);
	units = sbk_win32->program->GetFullPathNameW(name, max, text, NULL);
	code = sbk_win32->errors.GetLastError();
	/* With too little room it says how much it needs, and writes nothing.
	 */
	if (units == 0)
		rc = sbk_error_set_win32(err, code, "GetFullPathName");
	else if (units >= max)
		rc = sbk_error_set(err, SBK_E_LIMIT,
				   "a path of more than %d units",
				   SBK_PATH_MAX - 1);
	else
		sbk_buf_add(out, text, units * sizeof(*text));
	free(text);
	return rc < 0 ? rc : sbk_buf_failed(out, err);
}

int sbk_win32_module_path(struct sbk_buf *out, struct sbk_error *err)
{
	const DWORD max = SBK_PATH_MAX;
	WCHAR *text = calloc(max, sizeof(*text));
	DWORD code, units;
	int rc = 0;

	if (text == NULL)
		return sbk_error_no_memory(err);
	units = sbk_win32->program->GetModuleFileNameW(NULL, text, max);
	code = sbk_win32->errors.GetLastError();
	if (units == 0)
		rc = sbk_error_set_win32(err, code, "GetModuleFileName");
	else if (units >= max)
		rc = sbk_error_set(err, SBK_E_LIMIT,
				   "a path of more than %d units",
				   SBK_PATH_MAX - 1);
	else
		sbk_buf_add(out, text, units * sizeof(*text));
	free(text);
	return rc < 0 ? rc : sbk_buf_failed(out, err);
}

bool sbk_win32_is_console_input(void)
{
	const HANDLE input = sbk_win32->program->GetStdHandle(STD_INPUT_HANDLE);
	DWORD mode;

	return input != NULL && input != INVALID_HANDLE_VALUE &&
	       sbk_win32->program->GetConsoleMode(input, &mode);
}

uint64_t sbk_win32_time(void)
{
	FILETIME now;

	sbk_win32->program->GetSystemTimeAsFileTime(&now);
	return (uint64_t)now.dwHighDateTime << 32 | now.dwLowDateTime;
}

bool sbk_win32_is_elevated(void)
{
	TOKEN_ELEVATION elevation = {.TokenIsElevated = 0};
	DWORD needed;
	HANDLE token = NULL;
	bool elevated;

	if (!sbk_win32->program->OpenProcessToken(
		    sbk_win32->program->GetCurrentProcess(), TOKEN_QUERY,
		    &token))
		return false;
	elevated = sbk_win32->program->GetTokenInformation(
			   token, TokenElevation, &elevation, sizeof(elevation),
			   &needed) &&
		   elevation.TokenIsElevated != 0;
	sbk_win32_close(&token);
	return elevated;
}
