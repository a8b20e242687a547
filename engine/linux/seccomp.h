/*
 * The system call filter. It is made by libseccomp when the program is built
 * (seccomp_generate.c) and stands in the program as an array, so that a run
 * pays for loading it and not for making it.
 */
#ifndef SBK_LINUX_SECCOMP_H
#define SBK_LINUX_SECCOMP_H

#include <stdbool.h>

#include "engine/error.h"

/* Whether the kernel has filters; costs one call. */
bool sbk_seccomp_available(void);

/*
 * Loads the filter into this process for good. `internet` false: sockets of
 * the internet families cannot be made either, for runs whose network is not
 * carried by a namespace. Needs no_new_privs.
 */
int sbk_seccomp_apply(bool internet, struct sbk_error *err);

/* Tries a call that the filter refuses: it must be refused. */
int sbk_seccomp_check(struct sbk_error *err);

#endif
