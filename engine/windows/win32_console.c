/*
 * Wrappers of the calls for the caller's console. Owns how each says that it
 * failed, and nothing else.
 */
#include "engine/windows/win32_console.h"

#include "engine/windows/error.h"
#include "engine/windows/win32.h"

#include "engine/banned.h"

#define WRITE_UNITS 4096

const struct sbk_win32_console sbk_win32_console_system = {
	.SetConsoleMode = SetConsoleMode,
	.ReadConsoleInputW = ReadConsoleInputW,
	.FlushConsoleInputBuffer = FlushConsoleInputBuffer,
	.WriteConsoleW = WriteConsoleW,
	.GetConsoleScreenBufferInfo = GetConsoleScreenBufferInfo,
	.SetEvent = SetEvent,
	.WaitForMultipleObjects = WaitForMultipleObjects,
};

bool sbk_win32_is_console(HANDLE handle)
{
	DWORD mode;

	if (handle == NULL || handle == INVALID_HANDLE_VALUE)
		return false;
	if (sbk_win32->program->GetConsoleMode(handle, &mode))
		return true;
	return sbk_win32->errors.GetLastError() == ERROR_ACCESS_DENIED &&
	       sbk_win32->program->GetFileType(handle) == FILE_TYPE_CHAR;
}

int sbk_win32_open_console(const WCHAR *name, HANDLE *out,
			   struct sbk_error *err)
{
	HANDLE console =
		sbk_win32->files.CreateFileW(name, GENERIC_READ | GENERIC_WRITE,
					     FILE_SHARE_READ | FILE_SHARE_WRITE,
					     NULL, OPEN_EXISTING, 0, NULL);

	if (console == INVALID_HANDLE_VALUE)
		return sbk_win32_last_error(err, "CreateFileW of the console");
	*out = console;
	return 0;
}

int sbk_win32_console_mode(HANDLE console, DWORD *out, struct sbk_error *err)
{
	DWORD mode = 0;

	if (!sbk_win32->program->GetConsoleMode(console, &mode))
		return sbk_win32_last_error(err, "GetConsoleMode");
	*out = mode;
	return 0;
}

int sbk_win32_set_console_mode(HANDLE console, DWORD mode,
			       struct sbk_error *err)
{
	return sbk_win32->console->SetConsoleMode(console, mode)
		       ? 0
		       : sbk_win32_last_error(err, "SetConsoleMode");
}

int sbk_win32_read_records(HANDLE input, INPUT_RECORD *records, DWORD size,
			   DWORD *count, struct sbk_error *err)
{
	DWORD got = 0;

	if (!sbk_win32->console->ReadConsoleInputW(input, records, size, &got))
		return sbk_win32_last_error(err, "ReadConsoleInputW");
	if (got > size)
		return sbk_error_set(err, SBK_E_IO,
				     "ReadConsoleInputW gave %lu of %lu "
				     "records",
				     (unsigned long)got, (unsigned long)size);
	*count = got;
	return 0;
}

int sbk_win32_flush_records(HANDLE input, struct sbk_error *err)
{
	return sbk_win32->console->FlushConsoleInputBuffer(input)
		       ? 0
		       : sbk_win32_last_error(err, "FlushConsoleInputBuffer");
}

int sbk_win32_write_units(HANDLE output, const WCHAR *units, size_t count,
			  struct sbk_error *err)
{
	while (count > 0) {
		const DWORD part =
			count < WRITE_UNITS ? (DWORD)count : (DWORD)WRITE_UNITS;
		DWORD written = 0;

		if (!sbk_win32->console->WriteConsoleW(output, units, part,
						       &written, NULL))
			return sbk_win32_last_error(err, "WriteConsoleW");
		if (written == 0 || written > part)
			return sbk_error_set(err, SBK_E_IO,
					     "WriteConsoleW wrote nothing");
		units += written;
		count -= written;
	}
	return 0;
}

int sbk_win32_console_size(HANDLE output, COORD *out, struct sbk_error *err)
{
	CONSOLE_SCREEN_BUFFER_INFO info;
	const SMALL_RECT *window = &info.srWindow;

	if (!sbk_win32->console->GetConsoleScreenBufferInfo(output, &info))
		return sbk_win32_last_error(err, "GetConsoleScreenBufferInfo");
	*out = (COORD){(SHORT)(window->Right - window->Left + 1),
		       (SHORT)(window->Bottom - window->Top + 1)};
	return 0;
}

int sbk_win32_wait_two(HANDLE first, HANDLE second, DWORD milliseconds,
		       struct sbk_error *err)
{
	const HANDLE handles[] = {first, second};
	const DWORD result = sbk_win32->console->WaitForMultipleObjects(
		2, handles, FALSE, milliseconds);

	if (result == WAIT_FAILED)
		return sbk_win32_last_error(err, "WaitForMultipleObjects");
	return result == WAIT_TIMEOUT ? 0 : result == WAIT_OBJECT_0 ? 1 : 2;
}
