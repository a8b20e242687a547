/*
 * The one translation of errno into our codes.
 */
#ifndef SBK_LINUX_ERROR_H
#define SBK_LINUX_ERROR_H

#include "engine/error.h"

/*
 * Records "<message>: <strerror>" with the code of `os_code`, which the caller
 * took from errno in the very next statement. Returns the code.
 */
int sbk_error_set_errno(struct sbk_error *err, int os_code, const char *fmt,
			...) SBK_PRINTF(3, 4);

#endif
