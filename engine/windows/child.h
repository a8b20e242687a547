/*
 * A program that we start with our own token, wait for and never leave behind:
 * it is in a job of ours, which ends with us. Not for what is to be confined:
 * that is launch.h's.
 */
#ifndef SBK_WINDOWS_CHILD_H
#define SBK_WINDOWS_CHILD_H

#include <windows.h>

#include "engine/buf.h"
#include "engine/error.h"

struct sbk_child_wish {
	const char *program;	 /* "C:/dir/name.exe" */
	const char *const *argv; /* NULL-ended */
	const char *directory;	 /* or NULL: ours */
	/* "NAME=value", NULL-ended, and SystemRoot is added; NULL: ours. */
	const char *const *environment;
	HANDLE streams[3]; /* need not be inheritable; NULL: none */
};

struct sbk_child {
	HANDLE process, job;
};

#define SBK_CHILD_INIT          \
	{                       \
		.process = NULL \
	}

/* It runs. SBK_E_INVAL where the path is no program (.exe, .com). */
int sbk_child_start(const struct sbk_child_wish *wish, struct sbk_child *out,
		    struct sbk_error *err);
/* Its exit code, and nothing of it runs any more. SBK_E_BUSY: it had not ended
 * in so many milliseconds (or INFINITE), and was ended. */
int sbk_child_wait(struct sbk_child *child, DWORD milliseconds, DWORD *code,
		   struct sbk_error *err);
/* Ends what still runs. */
void sbk_child_release(struct sbk_child *child);

#endif
