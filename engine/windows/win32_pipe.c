/*
 * Wrappers of the calls for pipes. Owns how each says that it failed, and that
 * an overlapped operation has ended, whichever way, before its memory goes.
 */
#include "engine/windows/win32_pipe.h"

#include <stdbool.h>
#include <string.h>

#include "engine/windows/error.h"
#include "engine/windows/win32.h"
#include "engine/windows/win32_process.h"

#include "engine/banned.h"

#define PIPE_BYTES (64U << 10)
/* All of GENERIC_READ and GENERIC_WRITE but FILE_CREATE_PIPE_INSTANCE, which is
 * FILE_APPEND_DATA ("Named Pipe Security and Access Rights"). */
#define PIPE_CLIENT_ACCESS \
	(FILE_GENERIC_READ | (FILE_GENERIC_WRITE & ~FILE_APPEND_DATA))

const struct sbk_win32_pipe sbk_win32_pipe_system = {
	.CreatePipe = CreatePipe,
	.CreateNamedPipeW = CreateNamedPipeW,
	.ConnectNamedPipe = ConnectNamedPipe,
	.GetNamedPipeClientProcessId = GetNamedPipeClientProcessId,
	.GetNamedPipeServerProcessId = GetNamedPipeServerProcessId,
	.WriteFile = WriteFile,
	.CreateEventW = CreateEventW,
	.GetOverlappedResult = GetOverlappedResult,
	.CancelIoEx = CancelIoEx,
};

int sbk_win32_make_pipe(HANDLE *read, HANDLE *write, struct sbk_error *err)
{
	HANDLE out = NULL, in = NULL;

	if (!sbk_win32->pipe->CreatePipe(&out, &in, NULL, PIPE_BYTES))
		return sbk_win32_last_error(err, "CreatePipe");
	*read = out;
	*write = in;
	return 0;
}

static DWORD part_of(size_t size)
{
	return size > PIPE_BYTES ? PIPE_BYTES : (DWORD)size;
}

int sbk_win32_write(HANDLE file, const void *data, size_t size,
		    struct sbk_error *err)
{
	const uint8_t *at = data;

	while (size > 0) {
		DWORD written = 0;

		if (!sbk_win32->pipe->WriteFile(file, at, part_of(size),
						&written, NULL))
			return sbk_win32_last_error(err, "WriteFile");
		if (written == 0)
			return sbk_error_set(err, SBK_E_IO,
					     "WriteFile wrote nothing");
		at += written;
		size -= written;
	}
	return 0;
}

int sbk_win32_read_pipe(HANDLE file, void *buffer, size_t size, size_t *got,
			struct sbk_error *err)
{
	DWORD count = 0, code;

	/* Nothing is what a writer wrote who wrote nothing: not the end. */
	while (count == 0 && size > 0) {
		if (sbk_win32->program->ReadFile(file, buffer, part_of(size),
						 &count, NULL))
			continue;
		code = sbk_win32->errors.GetLastError();
		if (code != ERROR_BROKEN_PIPE)
			return sbk_error_set_win32(err, code, "ReadFile");
		count = 0;
		break;
	}
	*got = count;
	return 0;
}

int sbk_win32_make_named_pipe(const WCHAR *name,
			      const struct sbk_buf *descriptor, HANDLE *out,
			      struct sbk_error *err)
{
	SECURITY_ATTRIBUTES security = {.nLength = sizeof(security),
					.lpSecurityDescriptor =
						descriptor->data};
	HANDLE pipe = sbk_win32->pipe->CreateNamedPipeW(
		name,
		PIPE_ACCESS_DUPLEX | FILE_FLAG_FIRST_PIPE_INSTANCE |
			FILE_FLAG_OVERLAPPED | WRITE_DAC,
		PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_WAIT |
			PIPE_REJECT_REMOTE_CLIENTS,
		1, PIPE_BYTES, PIPE_BYTES, 0, &security);

	if (pipe == INVALID_HANDLE_VALUE)
		return sbk_win32_last_error(err, "CreateNamedPipeW");
	*out = pipe;
	return 0;
}

int sbk_win32_open_named_pipe(const WCHAR *name, HANDLE *out,
			      struct sbk_error *err)
{
	HANDLE pipe = sbk_win32->files.CreateFileW(
		name, PIPE_CLIENT_ACCESS, 0, NULL, OPEN_EXISTING,
		FILE_FLAG_OVERLAPPED | SECURITY_SQOS_PRESENT |
			SECURITY_IDENTIFICATION,
		NULL);

	if (pipe == INVALID_HANDLE_VALUE)
		return sbk_win32_last_error(err, "CreateFileW of the pipe");
	*out = pipe;
	return 0;
}

int sbk_win32_pipe_client(HANDLE pipe, ULONG *process, struct sbk_error *err)
{
	ULONG found = 0;

	if (!sbk_win32->pipe->GetNamedPipeClientProcessId(pipe, &found))
		return sbk_win32_last_error(err, "GetNamedPipeClientProcessId");
	*process = found;
	return 0;
}

int sbk_win32_pipe_server(HANDLE pipe, ULONG *process, struct sbk_error *err)
{
	ULONG found = 0;

	if (!sbk_win32->pipe->GetNamedPipeServerProcessId(pipe, &found))
		return sbk_win32_last_error(err, "GetNamedPipeServerProcessId");
	*process = found;
	return 0;
}

/* --- within a time ------------------------------------------------------- */

static int begin(OVERLAPPED *operation, struct sbk_error *err)
{
	memset(operation, 0, sizeof(*operation));
	operation->hEvent =
		sbk_win32->pipe->CreateEventW(NULL, TRUE, FALSE, NULL);
	return operation->hEvent != NULL
		       ? 0
		       : sbk_win32_last_error(err, "CreateEventW");
}

/*
 * How an operation went that was begun, `pending` or done at once. The system
 * holds its memory until GetOverlappedResult has answered: one that was given
 * up is waited for, too, and may have been done all the same.
 */
static int settle(HANDLE pipe, OVERLAPPED *operation, bool pending,
		  DWORD milliseconds, const char *call, DWORD *count,
		  struct sbk_error *err)
{
	bool late = false;
	DWORD code;

	if (pending &&
	    sbk_win32->process->WaitForSingleObject(
		    operation->hEvent, milliseconds) != WAIT_OBJECT_0) {
		late = true;
		/* That there is nothing to cancel any more is as good. */
		(void)sbk_win32->pipe->CancelIoEx(pipe, operation);
	}
	if (sbk_win32->pipe->GetOverlappedResult(pipe, operation, count, TRUE))
		return 0;
	code = sbk_win32->errors.GetLastError();
	if (late && code == ERROR_OPERATION_ABORTED)
		return sbk_error_set(err, SBK_E_BUSY,
				     "%s: nothing came in time", call);
	return sbk_error_set_win32(err, code, "%s", call);
}

int sbk_win32_connect(HANDLE pipe, DWORD milliseconds, struct sbk_error *err)
{
	OVERLAPPED operation;
	DWORD code = ERROR_SUCCESS, count = 0;
	int rc = begin(&operation, err);

	if (rc < 0)
		return rc;
	if (!sbk_win32->pipe->ConnectNamedPipe(pipe, &operation))
		code = sbk_win32->errors.GetLastError();
	if (code == ERROR_IO_PENDING)
		rc = settle(pipe, &operation, true, milliseconds,
			    "ConnectNamedPipe", &count, err);
	else if (code != ERROR_SUCCESS && code != ERROR_PIPE_CONNECTED)
		rc = sbk_error_set_win32(err, code, "ConnectNamedPipe");
	sbk_win32_close(&operation.hEvent);
	return rc;
}

int sbk_win32_read_within(HANDLE pipe, void *buffer, size_t size,
			  DWORD milliseconds, size_t *got,
			  struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	OVERLAPPED operation;
	DWORD code = ERROR_SUCCESS, count = 0;
	int rc = begin(&operation, err);

	if (rc < 0)
		return rc;
	if (!sbk_win32->program->ReadFile(pipe, buffer, part_of(size), NULL,
					  &operation))
		code = sbk_win32->errors.GetLastError();
	if (code == ERROR_SUCCESS || code == ERROR_IO_PENDING)
		rc = settle(pipe, &operation, code == ERROR_IO_PENDING,
			    milliseconds, "ReadFile", &count, &why);
	else
		rc = sbk_error_set_win32(&why, code, "ReadFile");
	sbk_win32_close(&operation.hEvent);
	/* No program of ours writes nothing, which is not the end either. */
	if (rc == 0 && count == 0)
		return sbk_error_set(err, SBK_E_IO,
				     "ReadFile: an empty write was read");
	if (rc < 0 && (why.os_code == ERROR_BROKEN_PIPE ||
		       why.os_code == ERROR_PIPE_NOT_CONNECTED)) {
		rc = 0;
		count = 0;
	}
	if (rc < 0)
		return sbk_error_set(err, rc, "%s", why.message);
	*got = count;
	return 0;
}

int sbk_win32_write_within(HANDLE pipe, const void *data, size_t size,
			   DWORD milliseconds, struct sbk_error *err)
{
	const uint8_t *at = data;
	OVERLAPPED operation;
	int rc = 0;

	while (rc == 0 && size > 0) {
		DWORD code = ERROR_SUCCESS, count = 0;

		rc = begin(&operation, err);
		if (rc < 0)
			return rc;
		if (!sbk_win32->pipe->WriteFile(pipe, at, part_of(size), NULL,
						&operation))
			code = sbk_win32->errors.GetLastError();
		if (code == ERROR_SUCCESS || code == ERROR_IO_PENDING)
			rc = settle(pipe, &operation, code == ERROR_IO_PENDING,
				    milliseconds, "WriteFile", &count, err);
		else
			rc = sbk_error_set_win32(err, code, "WriteFile");
		sbk_win32_close(&operation.hEvent);
		if (rc == 0 && count == 0)
			rc = sbk_error_set(err, SBK_E_IO,
					   "WriteFile wrote nothing");
		at += count;
		size -= count;
	}
	return rc;
}
