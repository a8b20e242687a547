/*
 * Emptying a directory that hostile programs wrote: every name is opened
 * relative to the handle of its directory, a reparse point goes itself, and of
 * a file with other names elsewhere nothing but this name goes.
 */
#ifndef SBK_WINDOWS_EMPTY_H
#define SBK_WINDOWS_EMPTY_H

#include "engine/error.h"
#include "engine/windows/pin.h"

/* What the pin of a directory needs, to be emptied and then removed. */
#define SBK_EMPTY_DIRECTORY \
	(DELETE | FILE_LIST_DIRECTORY | FILE_TRAVERSE | FILE_READ_ATTRIBUTES)

/* Removes what is in the open directory, at most SBK_TREE_DEPTH_MAX deep. All
 * that can be removed is; the first failure is reported. */
int sbk_empty_directory(const struct sbk_pin *directory, struct sbk_error *err);

#endif
