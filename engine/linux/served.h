/*
 * Who serves a filesystem: this kernel alone, a program of this machine, or
 * another machine. The one table of the filesystems that are not local.
 */
#ifndef SBK_LINUX_SERVED_H
#define SBK_LINUX_SERVED_H

#include <stdint.h>

enum sbk_served {
	SBK_SERVED_HERE,
	SBK_SERVED_BY_PROGRAM, /* it may answer late, and anything */
	SBK_SERVED_BY_MACHINE  /* others write there, past our locks */
};

/* By what statfs says in f_type; `name` is for people, where it is not here. */
enum sbk_served sbk_served_by_magic(uint32_t magic, const char **name);

/* By the type that mountinfo names: "ext4", "fuse.sshfs". */
enum sbk_served sbk_served_by_type(const char *type);

#endif
