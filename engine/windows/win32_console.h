/*
 * The part of the table of win32.h that serves the caller's console.
 */
#ifndef SBK_WINDOWS_WIN32_CONSOLE_H
#define SBK_WINDOWS_WIN32_CONSOLE_H

#include <stdbool.h>

#include <windows.h>

#include "engine/error.h"

struct sbk_win32_console {
	BOOL(WINAPI *SetConsoleMode)(HANDLE console, DWORD mode);
	BOOL(WINAPI *ReadConsoleInputW)
	(HANDLE input, PINPUT_RECORD records, DWORD size, LPDWORD count);
	BOOL(WINAPI *FlushConsoleInputBuffer)(HANDLE input);
	BOOL(WINAPI *WriteConsoleW)
	(HANDLE output, const VOID *units, DWORD size, LPDWORD written,
	 LPVOID reserved);
	BOOL(WINAPI *GetConsoleScreenBufferInfo)
	(HANDLE output, PCONSOLE_SCREEN_BUFFER_INFO out);
	BOOL(WINAPI *SetEvent)(HANDLE event);
	DWORD(WINAPI *WaitForMultipleObjects)
	(DWORD count, const HANDLE *handles, BOOL all, DWORD milliseconds);
};

extern const struct sbk_win32_console sbk_win32_console_system;

/*
 * Whether the handle is a console's: it has a mode ("GetConsoleMode function"),
 * or would have one for who may read it (ERROR_ACCESS_DENIED of a character
 * device, as of one that was opened for writing alone).
 */
bool sbk_win32_is_console(HANDLE handle);
/* The console of this process by name, for reading and writing: "CONIN$" or
 * "CONOUT$" ("CreateFileW function (fileapi.h)", Consoles). */
int sbk_win32_open_console(const WCHAR *name, HANDLE *out,
			   struct sbk_error *err);
/* "GetConsoleMode function", "SetConsoleMode function". */
int sbk_win32_console_mode(HANDLE console, DWORD *out, struct sbk_error *err);
int sbk_win32_set_console_mode(HANDLE console, DWORD mode,
			       struct sbk_error *err);
/* At least one record; waits for it ("ReadConsoleInput function"). One that is
 * cancelled (CancelSynchronousIo) may report success and leave the records as
 * they were (microsoft/terminal issue 12143, of ReadConsole). */
int sbk_win32_read_records(HANDLE input, INPUT_RECORD *records, DWORD size,
			   DWORD *count, struct sbk_error *err);
/* What was typed and not read yet is gone ("FlushConsoleInputBuffer
 * function"). */
int sbk_win32_flush_records(HANDLE input, struct sbk_error *err);
/* All of them ("WriteConsole function", whose buffer is small: 64 KiB). */
int sbk_win32_write_units(HANDLE output, const WCHAR *units, size_t count,
			  struct sbk_error *err);
/* Of the window, not of what can be scrolled back ("GetConsoleScreenBufferInfo
 * function", srWindow). */
int sbk_win32_console_size(HANDLE output, COORD *out, struct sbk_error *err);
/* 1: the first is signalled; 2: the second; 0: neither within that time
 * ("WaitForMultipleObjects function"). */
int sbk_win32_wait_two(HANDLE first, HANDLE second, DWORD milliseconds,
		       struct sbk_error *err);

#endif
