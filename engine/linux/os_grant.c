/*
 * Whether a volume keeps ACLs as we need them.
 */
#include "engine/os.h"

#include <errno.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

#include "engine/linux/access.h"
#include "engine/linux/error.h"
#include "engine/linux/pin.h"
#include "engine/linux/served.h"

#include "engine/banned.h"

/* Where another machine or a program may change what it serves, an ACL that is
 * set is not one that we could read back and vouch for. */
static int refuse_served(uint32_t magic, const char *path,
			 struct sbk_error *err)
{
	const char *name;

	if (sbk_served_by_magic(magic, &name) == SBK_SERVED_HERE)
		return 0;
	return sbk_error_set(err, SBK_E_UNSUPPORTED,
			     "'%s' is on %s, where a grant cannot be kept "
			     "exactly; move it to a local disk, or use "
			     "'sandbook run', which needs no grant",
			     path, name);
}

int sbk_os_can_grant(const char *path, struct sbk_error *err)
{
	struct sbk_pin pin = SBK_PIN_INIT;
	struct statfs fs;
	char value[256];
	ssize_t size;
	int rc;

	rc = sbk_pin_path(path, &pin, err);
	if (rc < 0)
		return rc;
	if (fstatfs(pin.fd, &fs) < 0) {
		rc = sbk_error_set_errno(err, errno, "asking about '%s'", path);
		goto out;
	}
	rc = refuse_served((uint32_t)fs.f_type, path, err);
	if (rc == 0 && (fs.f_flags & ST_RDONLY) != 0)
		rc = sbk_error_set(err, SBK_E_DENIED,
				   "'%s' is on a volume that is mounted "
				   "read-only; remount it writable to grant "
				   "anything there",
				   path);
	if (rc < 0)
		goto out;
	size = sbk_pin_getxattr(&pin, "system.posix_acl_access", value,
				sizeof(value));
	if (size == -EOPNOTSUPP)
		rc = sbk_error_set(err, SBK_E_UNSUPPORTED,
				   "'%s' is on a volume without ACLs; move it "
				   "to one that has them (ext4, xfs, btrfs), "
				   "or use 'sandbook run', which needs none",
				   path);
out:
	sbk_pin_release(&pin);
	return rc;
}
