/*
 * The part of the table of win32.h that serves the program itself: its streams,
 * its clock, its rights, and files that people name on the command line.
 */
#ifndef SBK_WINDOWS_WIN32_PROGRAM_H
#define SBK_WINDOWS_WIN32_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>

#include <windows.h>

#include "engine/buf.h"
#include "engine/error.h"

struct sbk_win32_program {
	DWORD(WINAPI *GetFileType)(HANDLE file);
	BOOL(WINAPI *ReadFile)
	(HANDLE file, LPVOID buffer, DWORD size, LPDWORD got,
	 LPOVERLAPPED where);
	DWORD(WINAPI *GetFullPathNameW)
	(LPCWSTR name, DWORD size, LPWSTR out, LPWSTR *file_part);
	HANDLE(WINAPI *GetStdHandle)(DWORD which);
	DWORD(WINAPI *GetModuleFileNameW)
	(HMODULE module, LPWSTR out, DWORD size);
	LPWCH(WINAPI *GetEnvironmentStringsW)(void);
	BOOL(WINAPI *FreeEnvironmentStringsW)(LPWCH block);
	BOOL(WINAPI *GetConsoleMode)(HANDLE console, LPDWORD mode);
	BOOL(WINAPI *SetConsoleCtrlHandler)
	(PHANDLER_ROUTINE handler, BOOL add);
	void(WINAPI *GetSystemTimeAsFileTime)(LPFILETIME out);
	DWORD(WINAPI *GetCurrentProcessId)(void);
	HANDLE(WINAPI *GetCurrentProcess)(void);
	HANDLE(WINAPI *GetCurrentThread)(void);
	BOOL(WINAPI *OpenProcessToken)
	(HANDLE process, DWORD access, PHANDLE token);
	BOOL(WINAPI *GetTokenInformation)
	(HANDLE token, TOKEN_INFORMATION_CLASS class, LPVOID out, DWORD size,
	 PDWORD needed);
};

/* The system's own, for sbk_win32_system. */
extern const struct sbk_win32_program sbk_win32_program_system;

/* "GetFileType function (fileapi.h)": whether the handle is of a file, and not
 * of a pipe, a console or a device with a stream of its own. */
bool sbk_win32_is_disk(HANDLE file);
/*
 * ReadFile ("ReadFile function (fileapi.h)") at an offset, which a synchronous
 * handle takes from OVERLAPPED. 0 bytes at the end of the file
 * (ERROR_HANDLE_EOF).
 */
int sbk_win32_read(HANDLE file, uint64_t offset, void *buffer, size_t size,
		   size_t *got, struct sbk_error *err);
/* "GetFullPathNameW function (fileapi.h)": units, appended, not terminated. */
int sbk_win32_full_path(const WCHAR *name, struct sbk_buf *out,
			struct sbk_error *err);
/* The path of this program: "GetModuleFileNameW function (libloaderapi.h)",
 * which cuts off what does not fit. Units, appended, not terminated. */
int sbk_win32_module_path(struct sbk_buf *out, struct sbk_error *err);
/* Whether standard input is a console ("GetStdHandle function", "GetConsoleMode
 * function"): it has a mode then, and nothing else has. */
bool sbk_win32_is_console_input(void);
/* 100 ns since 1601: "GetSystemTimeAsFileTime function (sysinfoapi.h)". */
uint64_t sbk_win32_time(void);
/* TokenElevation of this process: "GetTokenInformation function
 * (securitybaseapi.h)". False where it cannot be asked. */
bool sbk_win32_is_elevated(void);

#endif
