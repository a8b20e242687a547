/*
 * Names between our UTF-8 and the system's UTF-16, and paths as the backend
 * takes them (WINDOWS.md part 1). The two texts hold any name that NTFS can:
 * a surrogate without its other half is three bytes.
 */
#ifndef SBK_WINDOWS_WIDE_H
#define SBK_WINDOWS_WIDE_H

#include <stdbool.h>
#include <stddef.h>

#include <windows.h>

#include "engine/buf.h"
#include "engine/error.h"

/* Appends the units of `size` bytes; false where they are malformed. */
bool sbk_wide_add(struct sbk_buf *out, const char *text, size_t size);
/* The units, with a zero unit behind them that is not counted. NULL where the
 * buffer failed. */
const WCHAR *sbk_wide_text(struct sbk_buf *buf);
/* Both of a text that ends with a zero byte: NULL where it is malformed or the
 * buffer failed. */
const WCHAR *sbk_wide_of(struct sbk_buf *out, const char *text);
/* "C:/a/b" as programs of the system take it: "C:\a\b". */
const WCHAR *sbk_wide_path(struct sbk_buf *out, const char *path);
/* Appends the UTF-8 of `units` units. */
void sbk_narrow_add(struct sbk_buf *out, const WCHAR *text, size_t units);

/*
 * The root of an absolute path, as CreateFileW takes it ("\\?\C:\",
 * "\\?\Volume{...}\"), and `rest`, what follows it in `path`: components with
 * '/' between them, or "". SBK_E_INVAL for every other form of a path.
 */
int sbk_wide_root(const char *path, struct sbk_buf *root, const char **rest,
		  struct sbk_error *err);
/*
 * The next component of `*rest`, which moves past it; `size` 0 after the last.
 * SBK_E_INVAL for ".", "..", an empty one, and for '\', ':' and control
 * characters, by which other interfaces would mean other objects.
 */
int sbk_wide_component(const char **rest, const char **name, size_t *size,
		       struct sbk_error *err);

#endif
