/*
 * Runs a helper program of the system: found in root-owned directories alone,
 * with a fixed environment, its input and output held in memory, within a
 * time and a size, never through a shell.
 *
 *	const char *argv[] = {"nft", "-j", "list", "tables", NULL};
 *	struct sbk_program_result result = SBK_PROGRAM_RESULT_INIT;
 *	rc = sbk_program_run(&(struct sbk_program){.argv = argv}, &result, err);
 *	...
 *	sbk_program_result_release(&result);
 *
 * A program that changes the host outlives us when we are killed, so that it
 * is never cut off halfway; who looks at the host afterwards must wait for it.
 * That is what the tool lock is for: it is held by whoever runs such a program
 * and, through an inherited descriptor, by the program itself.
 */
#ifndef SBK_LINUX_PROGRAM_H
#define SBK_LINUX_PROGRAM_H

#include <stddef.h>

#include "engine/buf.h"
#include "engine/error.h"

struct sbk_program {
	const char *const *argv; /* argv[0] without a slash; NULL-ended */
	const char *path;  /* where it is, whoever's; NULL: found by argv[0] */
	const char *home;  /* HOME of its environment; NULL: it has none */
	const char *input; /* its standard input; NULL: empty */
	size_t input_size;
	int timeout_ms; /* 0: 60 seconds; then it is killed: SBK_E_BUSY */
	int hold_fd;	/* stays open in the program; 0: none */
};

struct sbk_program_result {
	int exit_code; /* 128+n where signal n ended it */
	struct sbk_buf out, err;
};

#define SBK_PROGRAM_RESULT_INIT                          \
	{                                                \
		.out = SBK_BUF_INIT, .err = SBK_BUF_INIT \
	}

void sbk_program_result_release(struct sbk_program_result *result);

/*
 * The absolute path of a program: the first of /usr/sbin, /usr/bin, /sbin and
 * /bin that has it, root's and writable by nobody else. SBK_E_UNSUPPORTED where
 * none has it.
 */
int sbk_program_find(const char *name, char *path, size_t path_size,
		     struct sbk_error *err);

/*
 * 0 when it ran to its end, whatever its exit code. `result` is replaced.
 * SBK_E_UNSUPPORTED, SBK_E_BUSY (time), SBK_E_LIMIT (output), SBK_E_IO.
 */
int sbk_program_run(const struct sbk_program *program,
		    struct sbk_program_result *result, struct sbk_error *err);

/*
 * Records a failure of a program that ended with a code other than 0, with
 * the first line that it wrote on its standard error. Returns `code`.
 */
int sbk_program_failed(const struct sbk_program *program,
		       const struct sbk_program_result *result, int code,
		       struct sbk_error *err);

/*
 * Runs a program whose output nobody needs, to its end, which must be that of
 * success: SBK_E_IO as above where it is not. `exit_code`, where that is no
 * NULL, is what it ended with, or 0 where it did not run.
 */
int sbk_program_do(const struct sbk_program *program, int *exit_code,
		   struct sbk_error *err);

/*
 * Takes the tool lock, waiting for a program that a killed process of ours
 * left behind. *fd is for hold_fd, and -1 where there is nothing to wait for
 * (not root, or no lock file yet and not `create`). SBK_E_BUSY.
 */
int sbk_program_lock(int create, int *fd, struct sbk_error *err);
void sbk_program_unlock(int fd);

#endif
