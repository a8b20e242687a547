/*
 * An object held by a descriptor: found without following a link, opened
 * without waiting and without waking a device. What is read and written
 * through a pin is one object, whatever happens to its name meanwhile.
 */
#ifndef SBK_LINUX_PIN_H
#define SBK_LINUX_PIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "engine/error.h"

struct sbk_pin {
	int fd;		   /* -1: none */
	bool by_proc;	   /* fd is O_PATH: attributes go through /proc */
	struct statx stat; /* when it was pinned, or last looked at */
};

#define SBK_PIN_INIT     \
	{                \
		.fd = -1 \
	}

/*
 * Pins what stands at `path` (absolute) without following any link in it.
 * The last component may be a link, which is pinned itself. SBK_E_NOTFOUND
 * also where a link stands in the way, since then the path is not the one that
 * was meant; SBK_E_DENIED, SBK_E_LIMIT.
 */
int sbk_pin_path(const char *path, struct sbk_pin *out, struct sbk_error *err);
/*
 * The same for `path` whose type is known already, `mode` being an st_mode:
 * one call less. A wrong type costs time and nothing else.
 */
int sbk_pin_path_as(const char *path, uint32_t mode, struct sbk_pin *out,
		    struct sbk_error *err);
/* The same for a name in the open directory `directory`; `path` is for the
 * message. Returns -errno without a message, since a walk meets many. */
int sbk_pin_child(int directory, const char *name, uint32_t mode,
		  struct sbk_pin *out);
/* The directory that holds `path` (O_PATH), and the last component. */
int sbk_pin_parent(const char *path, int *directory, const char **name,
		   struct sbk_error *err);
/* Looks again; fills pin->stat. */
int sbk_pin_refresh(struct sbk_pin *pin, struct sbk_error *err);
void sbk_pin_release(struct sbk_pin *pin);

uint64_t sbk_pin_device(const struct sbk_pin *pin);

/*
 * A descriptor that is open for reading, for what O_PATH cannot do (ioctl,
 * syncfs): `pin->fd` itself or a fresh one, which `close_it` says. Returns
 * -errno where it cannot be read.
 */
int sbk_pin_readable(const struct sbk_pin *pin, bool *close_it);

/* Extended attributes and mode; like their namesakes, -errno on failure. */
ssize_t sbk_pin_getxattr(const struct sbk_pin *pin, const char *name,
			 void *value, size_t size);
int sbk_pin_setxattr(const struct sbk_pin *pin, const char *name,
		     const void *value, size_t size);
int sbk_pin_removexattr(const struct sbk_pin *pin, const char *name);
ssize_t sbk_pin_listxattr(const struct sbk_pin *pin, char *list, size_t size);
int sbk_pin_chmod(const struct sbk_pin *pin, uint32_t mode);
int sbk_pin_chown(const struct sbk_pin *pin, uint32_t uid, uint32_t gid);

/*
 * Opens `path` without following a link by walking its components: what
 * kernels without openat2 get. Returns a descriptor or -errno. For tests.
 */
int sbk_open_by_steps(const char *path, int flags);

#endif
