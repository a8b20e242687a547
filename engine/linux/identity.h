/*
 * What names a file beyond its path, and the volumes that files live on.
 *
 * An identity is a text in one of three forms:
 *
 *	fh:UUID:TYPE:HANDLE    filesystem UUID and kernel file handle, in
 *	                       hexadecimal; an administrator can open it
 *	fid:TYPE:HANDLE        a handle that only compares (overlayfs), or one
 *	                       of a filesystem without a UUID
 *	ino:NUMBER:BIRTH       inode number and time of birth ("-" where the
 *	                       filesystem keeps none, or forgets it, as
 *	                       overlayfs does when it copies a file up)
 *
 * Device numbers are in none of them: they change between two mounts. The
 * form is the filesystem's and not the caller's: what is asked with and
 * without root gives the same text.
 */
#ifndef SBK_LINUX_IDENTITY_H
#define SBK_LINUX_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/error.h"
#include "engine/limits.h"
#include "engine/linux/pin.h"

#define SBK_HANDLE_BYTES 128 /* the kernel's MAX_HANDLE_SZ */

/* From the strongest to the weakest. */
enum sbk_identity_form {
	SBK_IDENTITY_HANDLE,
	SBK_IDENTITY_COMPARABLE,
	SBK_IDENTITY_INODE
};

/* A volume that this process has met. */
struct sbk_volume {
	uint64_t device; /* of this mount, this boot: never leaves memory */
	enum sbk_identity_form form;
	char uuid[33];	    /* hexadecimal; "" where form is not HANDLE */
	bool plain_handles; /* handles that can be made without asking */
	int sync_fd; /* open on the volume while it is to be flushed, or -1 */
};

struct sbk_volumes {
	struct sbk_volume *items;
	size_t count, capacity;
};

#define SBK_VOLUMES_INIT      \
	{                     \
		.items = NULL \
	}

void sbk_volumes_release(struct sbk_volumes *volumes);

/*
 * The volume of a pinned object, asked of the kernel the first time. Borrowed
 * until the next call. SBK_E_DENIED where neither the object nor the root of
 * its mount may be read, which asking needs.
 */
int sbk_volume_of(struct sbk_volumes *volumes, const struct sbk_pin *pin,
		  struct sbk_volume **out, struct sbk_error *err);

/* The same where the kernel need not be asked, else NULL. Changes nothing, so
 * that threads may call it together while nobody calls the other. */
const struct sbk_volume *sbk_volume_known(const struct sbk_volumes *volumes,
					  const struct sbk_pin *pin);
/* The identity on a known volume. */
int sbk_identity_on(const struct sbk_volume *volume, const struct sbk_pin *pin,
		    const char *like, char out[SBK_IDENTITY_MAX],
		    struct sbk_error *err);

/*
 * The identity of a pinned object: in the form of its filesystem, or in the
 * weaker one of `like` (may be NULL), a text that an older kernel may have
 * given.
 */
int sbk_identity_of(struct sbk_volumes *volumes, const struct sbk_pin *pin,
		    const char *like, char out[SBK_IDENTITY_MAX],
		    struct sbk_error *err);
/* Whether the pinned object is the one that `identity` names: 1, 0, or an
 * error. */
int sbk_identity_is(struct sbk_volumes *volumes, const struct sbk_pin *pin,
		    const char *identity, struct sbk_error *err);

/* A text of the form "fh:" taken apart. */
struct sbk_handle {
	char uuid[33];
	int32_t type;
	uint32_t size;
	unsigned char bytes[SBK_HANDLE_BYTES];
};

/* False where `identity` is of another form, or malformed. */
bool sbk_handle_parse(const char *identity, struct sbk_handle *out);
/*
 * Opens (O_PATH) what the handle names, on the volume that `mount` is open
 * on. A descriptor or -errno: -ESTALE where it is gone, -EPERM for plain
 * users.
 */
int sbk_handle_open(const struct sbk_handle *handle, int mount);

#endif
