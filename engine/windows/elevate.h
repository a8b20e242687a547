/*
 * Starting sandbook-setup.exe, which stands beside the running program, as an
 * administrator.
 */
#ifndef SBK_WINDOWS_ELEVATE_H
#define SBK_WINDOWS_ELEVATE_H

#include <windows.h>

#include "engine/error.h"

/* `argv` has the program's name first. The caller closes the process. */
int sbk_elevate_start(const char *name, char *const *argv, HANDLE *process,
		      struct sbk_error *err);
/* Waits for its end, and for good. */
int sbk_elevate_wait(HANDLE process, DWORD *code, struct sbk_error *err);

/*
 * Enables SeBackupPrivilege, for good, where this process holds it: what is
 * opened with backup intent, as each object of a walk, can be read whatever its
 * list says, and nothing more ("Privilege Constants"). For programs that look
 * and change nothing.
 */
void sbk_elevate_see_all(void);

#endif
