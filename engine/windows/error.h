/*
 * The one translation of Windows' error codes into ours.
 */
#ifndef SBK_WINDOWS_ERROR_H
#define SBK_WINDOWS_ERROR_H

#include <stdint.h>

#include "engine/error.h"

/*
 * Records "<message>: <what the code means> (error 5)" with our code of
 * `os_code`: what GetLastError gave in the very next statement, or what a call
 * returned that returns its error. Returns our code.
 */
int sbk_error_set_win32(struct sbk_error *err, uint32_t os_code,
			const char *fmt, ...) SBK_PRINTF(3, 4);

#endif
