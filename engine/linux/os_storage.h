/*
 * What os_storage.c, os_storage_file.c and os_lock.c share.
 */
#ifndef SBK_LINUX_OS_STORAGE_H
#define SBK_LINUX_OS_STORAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/limits.h"
#include "engine/os_storage.h"

struct sbk_store {
	int fd;			  /* the directory */
	char given[SBK_PATH_MAX]; /* as the place names it, for messages */
	char path[SBK_PATH_MAX];  /* resolved */
	uint32_t owner;
	bool shared;
};

/* Refuses what is not a plain file of the owner's, closed to others (what is
 * published in a shared directory: to their writing). */
int sbk_store_check_file(const struct sbk_store *store, int fd,
			 const char *name, bool published, uint64_t *size,
			 struct sbk_error *err);

#endif
