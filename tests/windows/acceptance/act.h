/* What inside.c calls by name; each takes its words and returns the system's
 * code, 0 if it was done. */
#ifndef SBK_ACCEPTANCE_ACT_H
#define SBK_ACCEPTANCE_ACT_H

#include <windows.h>

DWORD act_write(int argc, WCHAR **argv);
DWORD act_append(int argc, WCHAR **argv);
DWORD act_read(int argc, WCHAR **argv);
DWORD act_make_directory(int argc, WCHAR **argv);
DWORD act_rename(int argc, WCHAR **argv);
DWORD act_delete(int argc, WCHAR **argv);
DWORD act_link(int argc, WCHAR **argv);
DWORD act_attributes(int argc, WCHAR **argv);
DWORD act_temporary(int argc, WCHAR **argv);
DWORD act_junction(int argc, WCHAR **argv);
DWORD act_registry(int argc, WCHAR **argv);

/* A right on a process: PID RIGHT. */
DWORD act_reach(int argc, WCHAR **argv);
/* The first pipe whose name begins so, opened to read and write. */
DWORD act_pipe(int argc, WCHAR **argv);
/* TCP to ADDRESS PORT. */
DWORD act_tcp(int argc, WCHAR **argv);
/* A name, by the system's resolver. */
DWORD act_dns(int argc, WCHAR **argv);
/* A program, by a command line, and its exit code. */
DWORD act_program(int argc, WCHAR **argv);
/* A sandbox that holds nothing, called as the real one: what the suite says of
 * it, it must call failed. */
DWORD act_run(int argc, WCHAR **argv);
/* Says its process and its parent's, and waits so many milliseconds. */
DWORD act_wait(int argc, WCHAR **argv);

#endif
