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

/* act_session.c: what it is told of its session, token and job; the window
 * station NAME with RIGHT; the screen's desktop; the clipboard, "put" or
 * "read"; windows with a title; a parameter of the session's; a right on the
 * thread ID RIGHT. */
DWORD act_where(int argc, WCHAR **argv);
DWORD act_station(int argc, WCHAR **argv);
DWORD act_desktop(int argc, WCHAR **argv);
DWORD act_clipboard(int argc, WCHAR **argv);
DWORD act_windows(int argc, WCHAR **argv);
DWORD act_parameter(int argc, WCHAR **argv);
DWORD act_thread(int argc, WCHAR **argv);

/* act_more.c. */
DWORD act_through(int argc, WCHAR **argv);
DWORD act_symlink(int argc, WCHAR **argv);
DWORD act_race(int argc, WCHAR **argv);
DWORD act_slow(int argc, WCHAR **argv);
DWORD act_leave(int argc, WCHAR **argv);
DWORD act_deep(int argc, WCHAR **argv);
DWORD act_dacl(int argc, WCHAR **argv);
/* A file in the folder that the system calls one's profile; a text under DPAPI
 * and back. */
DWORD act_profile(int argc, WCHAR **argv);
DWORD act_dpapi(int argc, WCHAR **argv);

/* act_census.c. */
DWORD act_census(int argc, WCHAR **argv);

#endif
