/*
 * What the journal's suites call of POSIX, for mingw, which has most of it:
 * included by the build before each of them (portable.cmake). Files hold bytes,
 * and a handle of a test's own is nobody else's.
 */
#ifndef SBK_TEST_WINDOWS_POSIX_H
#define SBK_TEST_WINDOWS_POSIX_H

#include <direct.h>
#include <fcntl.h>
#include <io.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define O_CLOEXEC (O_NOINHERIT | O_BINARY)
#define mkdir(path, mode) _mkdir(path)

/* In support/posix.c. */
int sbk_posix_link(const char *from, const char *to);
/* As POSIX has it: over what is there. */
int sbk_posix_rename(const char *from, const char *to);
/* An access list: of the user alone, or one that lets everybody read. */
int sbk_posix_chmod(const char *path, unsigned mode);
#define link sbk_posix_link
#define rename sbk_posix_rename
#define chmod sbk_posix_chmod

#endif
