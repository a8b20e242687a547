/*
 * The named pipe of two programs of ours, before they trust each other: its
 * name, who may open it, and who is at the other end. The runner's and the
 * handover's go through here.
 */
#ifndef SBK_WINDOWS_PIPE_END_H
#define SBK_WINDOWS_PIPE_END_H

#include <windows.h>

#include "engine/buf.h"
#include "engine/error.h"
#include "engine/ntsec/sid.h"

#define SBK_PIPE_NAME_SIZE 42 /* "sandbook-" and 32 random digits */

/*
 * Makes the pipe of a new name, with one instance, for the system, the caller
 * and `other` alone; its list is read back. SBK_E_UNSUPPORTED where the system
 * keeps another.
 */
int sbk_pipe_make(const struct sbk_sid *other, char name[SBK_PIPE_NAME_SIZE],
		  HANDLE *out, struct sbk_error *err);
/* Takes `other` out of the list again, read back: nobody opens it any more. */
int sbk_pipe_shut(HANDLE pipe, struct sbk_error *err);
/* Opens the other end; SBK_E_INVAL for a name of another form. `owner` is whose
 * the pipe is: nobody makes one for another without SeRestorePrivilege. */
int sbk_pipe_join(const char *name, HANDLE *out, struct sbk_sid *owner,
		  struct sbk_error *err);
/* SBK_E_DENIED where the list lets in anybody but the system, the owner and
 * `other`. */
int sbk_pipe_check(HANDLE pipe, const struct sbk_sid *owner,
		   const struct sbk_sid *other, struct sbk_error *err);
/* SBK_E_DENIED where another process than this one, whose handle is held, has
 * opened it. */
int sbk_pipe_check_client(HANDLE pipe, DWORD process, struct sbk_error *err);

/* All `size` bytes within the time; SBK_E_INCOMPLETE where the other end goes
 * away first. */
int sbk_pipe_read_all(HANDLE pipe, void *data, size_t size, DWORD milliseconds,
		      struct sbk_error *err);

/* The calling process's user. */
int sbk_pipe_own_user(struct sbk_sid *out, struct sbk_error *err);

#endif
