/*
 * A list of arguments as the one text that Windows gives to a program, which
 * takes it apart again by the rules of CommandLineToArgvW ("CommandLineToArgvW
 * function (shellapi.h)", "Parsing C command-line arguments"). Portable.
 */
#ifndef SBK_WINDOWS_COMMAND_LINE_H
#define SBK_WINDOWS_COMMAND_LINE_H

#include <stdbool.h>

#include "engine/buf.h"

#define SBK_COMMAND_LINE_UNITS_MAX 32767 /* UTF-16, with the end */

/*
 * Appends the text, UTF-8. SBK_E_INVAL: a program's name with a quote, which no
 * rule escapes, or malformed UTF-8. SBK_E_LIMIT: longer than the system takes.
 */
int sbk_command_line(const char *const *argv, struct sbk_buf *out,
		     struct sbk_error *err);

/*
 * Whether the system starts this file itself: its name ends in ".exe" or
 * ".com". For anything else it would start cmd.exe, which reads the line by
 * other rules.
 */
bool sbk_command_is_program(const char *path);

#endif
