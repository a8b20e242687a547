/*
 * Paths that begin with a drive ("C:/Users/ann"): engine/path_form.h as Windows
 * has it, and what a reparse point says where it leads. Portable: calls nothing
 * (WINDOWS.md part 1).
 */
#ifndef SBK_WINDOWS_DRIVE_PATH_H
#define SBK_WINDOWS_DRIVE_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/buf.h"
#include "engine/error.h"

/* sbk_path_root, sbk_path_take, sbk_path_form_problem. Taking "\\?\C:\a" gives
 * "C:/a", since the prefix only switches rules off that we do not use. */
bool sbk_drive_root(const char *path, size_t *root);
void sbk_drive_take(char *text);
void sbk_drive_give(char *text);
const char *sbk_drive_problem(const char *text);
void sbk_drive_fold(char *name, size_t size);

/*
 * Where a reparse point leads, from the bytes that FSCTL_GET_REPARSE_POINT
 * gives ("REPARSE_DATA_BUFFER structure (ntifs.h)"), taken: "C:/target", or a
 * relative path. SBK_E_INVAL: no link, but something else that redirects (a
 * cloud's placeholder, a link of another system), or malformed.
 * SBK_E_UNSUPPORTED: it leads to a volume without a drive letter, or to another
 * machine, where nobody is to be led by what a command may have written.
 */
int sbk_reparse_target(const uint8_t *data, size_t size, struct sbk_buf *out,
		       struct sbk_error *err);

/*
 * `link`, an absolute path, leads to `target`; what the whole path is then,
 * with `rest` behind it ("" or "/..."). Components "." and ".." of the target
 * go by the text, as Windows takes them from a link. SBK_E_INVAL above the
 * root.
 */
int sbk_reparse_apply(const char *link, const char *target, const char *rest,
		      struct sbk_buf *out, struct sbk_error *err);

#endif
