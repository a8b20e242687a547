/*
 * What Windows' side does not have yet. The build defines each missing function
 * (not_yet.cmake) as a call of this one: the command ends there, having changed
 * nothing, since nothing of what it would change is built either.
 */
#ifndef SBK_WINDOWS_NOT_YET_H
#define SBK_WINDOWS_NOT_YET_H

/* Says that the command is not on Windows yet, naming what is missing, and
 * exits with SBK_EXIT_UNSUPPORTED. */
_Noreturn void sbk_not_yet(const char *missing);

#endif
