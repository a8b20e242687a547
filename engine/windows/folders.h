/*
 * The folders that the system names, as our paths: by SHGetKnownFolderPath,
 * never by the environment, which a caller writes.
 */
#ifndef SBK_WINDOWS_FOLDERS_H
#define SBK_WINDOWS_FOLDERS_H

#include <stddef.h>

#include "engine/error.h"

/* "C:/Users/ann" of "Profile"; the names are those of the table there.
 * SBK_E_NOTFOUND: no such folder on this machine. */
int sbk_folder_path(const char *name, char *out, size_t size,
		    struct sbk_error *err);

#endif
