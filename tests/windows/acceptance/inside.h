/*
 * What this program does once more, in a process of its own: under a restricted
 * token, or in a run. Each says by its exit code what the system said.
 */
#ifndef SBK_ACCEPTANCE_INSIDE_H
#define SBK_ACCEPTANCE_INSIDE_H

#include <stdbool.h>
#include <windows.h>

/* Before the code of an act that was called by "marked": that it ran at all. */
#define MARK "acted: "

/* Whether `name` is one of them; then `*code` is the exit code. */
bool inside(const WCHAR *name, int argc, WCHAR **argv, DWORD *code);

#endif
