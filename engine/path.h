/*
 * Absolute paths as texts. These comparisons decide about permissions, so they
 * stand here once: "/" is a directory like any other, slashes at the end of a
 * path say nothing, and "/ab" is not below "/a". The texts are compared as
 * they are; who must not be misled by links or ".." resolves them first.
 */
#ifndef SBK_PATH_H
#define SBK_PATH_H

#include <stdbool.h>

#include "engine/buf.h"

/* Whether `path` is `above` or stands below it. Nothing is below "". */
bool sbk_path_within(const char *path, const char *above);

/* What `path` has below `above`, within which it is: "" or "/...". A part of
 * `path`, or a constant. */
const char *sbk_path_below(const char *path, const char *above);

/* `above` with `rest` below it, which may begin with a slash, and be empty.
 * NULL when memory is gone. */
char *sbk_path_join(struct sbk_arena *arena, const char *above,
		    const char *rest);

/* `path`, which is within `from`, where it is when `from` is at `to`. NULL
 * when memory is gone. */
char *sbk_path_rebase(struct sbk_arena *arena, const char *path,
		      const char *from, const char *to);

/* Byte order in which '/' comes first: a directory, all that is below it, and
 * then its neighbours. */
int sbk_path_compare(const char *a, const char *b);

#endif
