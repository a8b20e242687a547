/*
 * Whether a volume keeps ACLs as we need them.
 */
#include "engine/os.h"

#include <errno.h>
#include <linux/magic.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

#include "engine/linux/access.h"
#include "engine/linux/error.h"
#include "engine/linux/pin.h"

#include "engine/banned.h"

/* Filesystems whose files another machine or a program may change or serve:
 * an ACL set there is not one that we could read back and vouch for. */
static const struct {
	long type;
	const char *name;
} remote_types[] = {
	{0x6969, "NFS"},
	{0x517b, "SMB"},
	{(long)0xff534d42, "CIFS"},
	{(long)0xfe534d42, "SMB"},
	{0x01021997, "9P"},
	{0x00c36400, "Ceph"},
	{0x5346414f, "AFS"},
	{0x73757245, "Coda"},
	{0x65735546, "FUSE"},
	{0x0187, "an automounter"},
	{0x0bd00bd0, "Lustre"},
	{0x7461636f, "OCFS2"},
	{0x01161970, "GFS2"},
};

static int refuse_remote(long type, const char *path, struct sbk_error *err)
{
	size_t i, count = sizeof(remote_types) / sizeof(remote_types[0]);

	for (i = 0; i < count; i++)
		if (remote_types[i].type == type)
			return sbk_error_set(
				err, SBK_E_UNSUPPORTED,
				"'%s' is on %s, where a grant cannot be kept "
				"exactly; move it to a local disk, or use "
				"'sandbook run', which needs no grant",
				path, remote_types[i].name);
	return 0;
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
	rc = refuse_remote((long)fs.f_type, path, err);
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
