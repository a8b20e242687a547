/*
 * The part of the table of win32.h that serves pipes: unnamed ones for streams,
 * and the one of the runner, whose reads and writes have time limits.
 */
#ifndef SBK_WINDOWS_WIN32_PIPE_H
#define SBK_WINDOWS_WIN32_PIPE_H

#include <windows.h>

#include "engine/buf.h"
#include "engine/error.h"

struct sbk_win32_pipe {
	BOOL(WINAPI *CreatePipe)
	(PHANDLE read, PHANDLE write, LPSECURITY_ATTRIBUTES security,
	 DWORD size);
	HANDLE(WINAPI *CreateNamedPipeW)
	(LPCWSTR name, DWORD open, DWORD mode, DWORD instances, DWORD out_size,
	 DWORD in_size, DWORD timeout, LPSECURITY_ATTRIBUTES security);
	BOOL(WINAPI *ConnectNamedPipe)(HANDLE pipe, LPOVERLAPPED overlapped);
	BOOL(WINAPI *GetNamedPipeClientProcessId)
	(HANDLE pipe, PULONG process);
	BOOL(WINAPI *GetNamedPipeServerProcessId)
	(HANDLE pipe, PULONG process);
	BOOL(WINAPI *WriteFile)
	(HANDLE file, LPCVOID data, DWORD size, LPDWORD written,
	 LPOVERLAPPED where);
	HANDLE(WINAPI *CreateEventW)
	(LPSECURITY_ATTRIBUTES security, BOOL manual, BOOL set, LPCWSTR name);
	BOOL(WINAPI *GetOverlappedResult)
	(HANDLE file, LPOVERLAPPED overlapped, LPDWORD size, BOOL wait);
	BOOL(WINAPI *CancelIoEx)(HANDLE file, LPOVERLAPPED overlapped);
};

extern const struct sbk_win32_pipe sbk_win32_pipe_system;

/* "CreatePipe function (namedpipeapi.h)"; neither end is inherited. */
int sbk_win32_make_pipe(HANDLE *read, HANDLE *write, struct sbk_error *err);
/* All of `size`; "WriteFile function (fileapi.h)", of a synchronous handle. */
int sbk_win32_write(HANDLE file, const void *data, size_t size,
		    struct sbk_error *err);
/* "ReadFile function (fileapi.h)" of an unnamed pipe: 0 bytes where its other
 * end is closed (ERROR_BROKEN_PIPE), and nowhere else: that page says that a
 * write of no bytes is read as success with none. */
int sbk_win32_read_pipe(HANDLE file, void *buffer, size_t size, size_t *got,
			struct sbk_error *err);

/*
 * "CreateNamedPipeW function (winbase.h)": the first and only instance of this
 * name, of this machine's clients alone, with a descriptor; for overlapped use,
 * WRITE_DAC and READ_CONTROL.
 */
int sbk_win32_make_named_pipe(const WCHAR *name,
			      const struct sbk_buf *descriptor, HANDLE *out,
			      struct sbk_error *err);
/* The client's end: "CreateFileW", which lets the server see who we are and not
 * act as us (SECURITY_IDENTIFICATION). For overlapped use. */
int sbk_win32_open_named_pipe(const WCHAR *name, HANDLE *out,
			      struct sbk_error *err);
/*
 * Waits for the client ("ConnectNamedPipe function (namedpipeapi.h)"; that it
 * was there already is ERROR_PIPE_CONNECTED). SBK_E_BUSY: not in that time.
 */
int sbk_win32_connect(HANDLE pipe, DWORD milliseconds, struct sbk_error *err);
/* "GetNamedPipeClientProcessId function", "GetNamedPipeServerProcessId
 * function (winbase.h)". */
int sbk_win32_pipe_client(HANDLE pipe, ULONG *process, struct sbk_error *err);
int sbk_win32_pipe_server(HANDLE pipe, ULONG *process, struct sbk_error *err);

/*
 * Of an overlapped handle, within a time: SBK_E_BUSY after it, when nothing of
 * the operation goes on. Reading gives 0 bytes at the end; a write of no
 * bytes by the other side is SBK_E_IO. One reader and one writer may be at
 * work at a time.
 */
int sbk_win32_read_within(HANDLE pipe, void *buffer, size_t size,
			  DWORD milliseconds, size_t *got,
			  struct sbk_error *err);
int sbk_win32_write_within(HANDLE pipe, const void *data, size_t size,
			   DWORD milliseconds, struct sbk_error *err);

#endif
