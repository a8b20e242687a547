/*
 * Primitives of the system: time, rights and streams of this process. People
 * are not here yet: struct sbk_person has numbers, and Windows has SIDs.
 */
#include "engine/os.h"

#include <fcntl.h>
#include <io.h>
#include <stdio.h>

#include "engine/os_storage.h"
#include "engine/windows/win32.h"

#include "engine/banned.h"

/* From 1601 to 1970, in the system's units of 100 ns. */
#define EPOCH UINT64_C(116444736000000000)

int64_t sbk_os_now_ms(void)
{
	return (int64_t)((sbk_win32_time() - EPOCH) / 10000);
}

bool sbk_os_elevated(void)
{
	return sbk_win32_is_elevated();
}

/*
 * What is printed is bytes, the same on every system, and so is what is read:
 * no line ends of the C library's own. A stream that the caller closed needs
 * nothing in its place: our files are handles, which have no small numbers.
 */
int sbk_os_standard_streams(struct sbk_error *err)
{
	(void)err;
	/* -1 where the stream is closed, and then nothing is printed. */
	(void)_setmode(_fileno(stdin), _O_BINARY);
	(void)_setmode(_fileno(stdout), _O_BINARY);
	(void)_setmode(_fileno(stderr), _O_BINARY);
	return 0;
}

/* A process is waited for by its handle, whatever others do. */
void sbk_os_own_children(void)
{
}

bool sbk_os_children_ignored(void)
{
	return false;
}

bool sbk_os_interactive(void)
{
	return sbk_win32_is_console_input();
}

bool sbk_os_is_watched(void)
{
	return _isatty(_fileno(stderr)) != 0;
}

uint32_t sbk_os_process(void)
{
	return sbk_win32->program->GetCurrentProcessId();
}
