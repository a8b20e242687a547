/*
 * Files that a person names on a command line: in any form that Windows takes,
 * relative ones too. Only read, and never what a policy or a journal decides
 * about: that goes by engine/windows/pin.h.
 */
#ifndef SBK_WINDOWS_NAMED_H
#define SBK_WINDOWS_NAMED_H

#include <stdint.h>

#include <windows.h>

#include "engine/buf.h"
#include "engine/error.h"
#include "engine/os.h"

/*
 * Opens the regular file `path` for reading, shared with everybody. A reparse
 * point is not followed at its end: SBK_E_INVAL, as for what is no file.
 * `size` is its length now.
 */
int sbk_named_open(const char *path, HANDLE *out, uint64_t *size,
		   struct sbk_error *err);

/* The same of a path that may lead through what a run has made: links on the
 * way are followed by us, and to no share (SBK_E_UNSUPPORTED). */
int sbk_named_open_known(const char *path, HANDLE *out, uint64_t *size,
			 struct sbk_error *err);

/* Opens whatever is there, a reparse point itself; what is on the way the
 * system follows, or we do (os_link.c). */
int sbk_named_open_any(const char *path, DWORD access, HANDLE *out,
		       struct sbk_error *err);
int sbk_named_open_by_us(const char *path, DWORD access, HANDLE *out,
			 struct sbk_error *err);
/* As our absolute path, without "." and ".." and what Windows drops at the end
 * of names; "C:/a", or what sbk_drive_problem names. Asks no volume. */
int sbk_named_full(const char *path, struct sbk_buf *out,
		   struct sbk_error *err);
/* What sbk_os_look says of an open object. */
int sbk_named_examine(HANDLE file, struct sbk_file *out, struct sbk_error *err);
/* Appends all of an open file; SBK_E_LIMIT above `max`. */
int sbk_named_read(HANDLE file, const char *path, size_t max,
		   struct sbk_buf *out, struct sbk_error *err);

/* Appends at most the first `max` bytes of an open regular file. */
int sbk_named_read_start(HANDLE file, const char *path, size_t max,
			 struct sbk_buf *out, struct sbk_error *err);

/* The path of an open file as we write them ("C:/Users/ann/C.img"). Allocated;
 * the caller frees. */
int sbk_named_path(HANDLE file, char **out, struct sbk_error *err);

#endif
