/*
 * Which program a run starts, by the name that a person gave: in the
 * directories of the run's PATH, never in the current one, and never through a
 * file that the system would give to an interpreter. Portable: what is there is
 * asked of the caller.
 */
#ifndef SBK_WINDOWS_PROGRAM_SEARCH_H
#define SBK_WINDOWS_PROGRAM_SEARCH_H

#include <stdbool.h>

#include "engine/buf.h"
#include "engine/error.h"

struct sbk_program_search {
	const char *path;      /* directories, ';' between them; or NULL */
	const char *system;    /* "C:/Windows/System32", looked into last */
	const char *directory; /* where relative names with a slash begin */
	/* Whether a regular file is there. */
	bool (*is_file)(void *arg, const char *path);
	void *arg;
};

/*
 * The program's path into `out`: "C:/dir/name.exe". A name without ".exe" or
 * ".com" is tried with ".com", then ".exe". Entries of PATH that are relative,
 * or on no drive, are left out. SBK_E_NOTFOUND; SBK_E_INVAL where there is only
 * a batch file, with how to start that.
 */
int sbk_program_find(const struct sbk_program_search *search, const char *name,
		     struct sbk_buf *out, struct sbk_error *err);

#endif
