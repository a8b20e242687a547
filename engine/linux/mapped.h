/*
 * The other side of sandbook-mount (mount_helper.h): the front end starts it,
 * the first process of the run sends its trees and hears the answers.
 *
 *	F	sbk_mapped_start(end, &helper, err); sbk_mapped_role(...)
 *	P	sbk_mapped_send(other, tree, err);	for each tree
 *	P	sbk_mapped_receive(other, err);		as often
 *	F	waitpid(helper, &status, 0); sbk_mapped_ended(status, err)
 *
 * Whoever keeps a copy of the helper's end turns its death into a wait.
 */
#ifndef SBK_LINUX_MAPPED_H
#define SBK_LINUX_MAPPED_H

#include <stddef.h>
#include <sys/types.h>

#include "engine/error.h"
#include "engine/linux/account.h"

/* Where the program belongs: beside this one. */
int sbk_mapped_path(char *out, size_t out_size, struct sbk_error *err);

/*
 * Whether the program at `path` is there with its set-id bit, on a mount where
 * that counts. SBK_E_UNSUPPORTED with the reason and what to do.
 */
int sbk_mapped_check(const char *path, struct sbk_error *err);

/*
 * Starts the program that stands beside this one, with `socket` as its
 * descriptor 0; `socket` stays the caller's, and so does reaping `helper`.
 * SBK_E_UNSUPPORTED as above.
 */
int sbk_mapped_start(int socket, pid_t *helper, struct sbk_error *err);
/* The same for a program at `path`. */
int sbk_mapped_start_at(const char *path, int socket, pid_t *helper,
			struct sbk_error *err);

/* Says which account; the first message, once. Does not wait. */
int sbk_mapped_role(int socket, enum sbk_account_role role,
		    struct sbk_error *err);

/* Sends a detached mount, which stays the caller's. */
int sbk_mapped_send(int socket, int tree, struct sbk_error *err);

/*
 * The answer to the oldest tree without one. SBK_E_UNSUPPORTED: this
 * filesystem cannot be mapped; SBK_E_DENIED: not the caller's; SBK_E_IO: the
 * program has ended, and its status says why.
 */
int sbk_mapped_receive(int socket, struct sbk_error *err);

/* 0 where a wait status is that of a good end, else SBK_E_UNSUPPORTED with the
 * reason. */
int sbk_mapped_ended(int status, struct sbk_error *err);

#endif
