/*
 * What is mounted where, as this process sees it (/proc/self/mountinfo).
 */
#ifndef SBK_LINUX_MOUNTS_H
#define SBK_LINUX_MOUNTS_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/error.h"

/* One mount; strings are borrowed during the call. */
struct sbk_mount {
	uint64_t id;	  /* as statx gives it in stx_mnt_id */
	const char *root; /* the directory of the volume that is mounted */
	const char *point;
	const char *type; /* "ext4" */
	const char *source;
	const char *device;	/* "98:0": of this boot */
	uint64_t device_number; /* the same, as stat has it */
	bool read_only;		/* the mount or the volume is */
	bool mapped;		/* it shows other ids than the volume has */
	uint32_t server;	/* FUSE: whose program it is; else 0 */
};

/* 0: go on; 1: stop; < 0: stop with it. */
typedef int sbk_mount_fn(void *arg, const struct sbk_mount *mount,
			 struct sbk_error *err);

/* In the order of mounting. Returns what the last call returned; SBK_E_LIMIT
 * for more than SBK_MOUNTS_MAX. */
int sbk_mounts_each(sbk_mount_fn *visit, void *arg, struct sbk_error *err);

/*
 * Whether a filesystem of this type may keep whoever touches it waiting for
 * another machine, or is served by a program: not opened on our own accord.
 */
bool sbk_mount_is_remote(const char *type);

/* Opens the root of the mount with this id for reading; a descriptor or
 * -errno. Remote ones are -EREMOTE. */
int sbk_mount_open(uint64_t id);

#endif
