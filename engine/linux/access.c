/*
 * The access of one pinned object: reading it, writing it step by step, and
 * reading back what was written.
 *
 * An ACL that says no more than the mode is written instead of removing one:
 * the kernel then drops the attribute and sets the mode in one step, so that
 * no moment shows a mask as the group's bits.
 */
#include "engine/linux/access.h"

#include <errno.h>
#include <unistd.h>

#include "engine/linux/error.h"

#include "engine/banned.h"

#define XATTR_ACCESS "system.posix_acl_access"
#define XATTR_DEFAULT "system.posix_acl_default"
#define READ_TRIES_MAX 8
#define USUAL_BYTES SBK_ACL_BYTES(15)

/* An ACL, with count 0 where there is none or the filesystem has none. */
static int read_acl(const struct sbk_pin *pin, const char *name,
		    struct sbk_acl *out, struct sbk_error *err)
{
	unsigned char value[SBK_ACL_BYTES_MAX];
	ssize_t size;

	/* The kernel clears as many bytes as we offer it, for each file. */
	size = sbk_pin_getxattr(pin, name, value, USUAL_BYTES);
	if (size == -ERANGE)
		size = sbk_pin_getxattr(pin, name, value, sizeof(value));
	out->count = 0;
	if (size == -ENODATA || size == -EOPNOTSUPP)
		return 0;
	if (size == -ERANGE)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "an ACL of more than %d entries",
				     SBK_ACL_ENTRIES_MAX);
	if (size < 0)
		return sbk_error_set_errno(err, (int)-size, "reading '%s'",
					   name);
	return sbk_acl_decode(value, (size_t)size, out, err);
}

static void take_stat(const struct sbk_pin *pin, struct sbk_access *out)
{
	out->uid = pin->stat.stx_uid;
	out->gid = pin->stat.stx_gid;
	out->mode = pin->stat.stx_mode;
}

static int read_acls(const struct sbk_pin *pin, struct sbk_access *out,
		     struct sbk_error *err)
{
	int rc;

	take_stat(pin, out);
	out->dflt.count = 0;
	rc = read_acl(pin, XATTR_ACCESS, &out->acl, err);
	if (rc == 0 && S_ISDIR(out->mode))
		rc = read_acl(pin, XATTR_DEFAULT, &out->dflt, err);
	return rc;
}

int sbk_access_read_pinned(struct sbk_pin *pin, struct sbk_access *out,
			   struct sbk_error *err)
{
	int tries, rc;

	for (tries = 0; tries < READ_TRIES_MAX; tries++) {
		if (tries > 0) {
			rc = sbk_pin_refresh(pin, err);
			if (rc < 0)
				return rc;
		}
		rc = read_acls(pin, out, err);
		if (rc < 0 || sbk_access_consistent(out))
			return rc;
	}
	return sbk_error_set(err, SBK_E_BUSY,
			     "its mode and its ACL contradict each other");
}

int sbk_access_read(struct sbk_pin *pin, struct sbk_access *out,
		    struct sbk_error *err)
{
	int rc = sbk_pin_refresh(pin, err);

	return rc < 0 ? rc : sbk_access_read_pinned(pin, out, err);
}

static bool caller_in_group(uint32_t gid)
{
	gid_t groups[1024];
	int i, count;

	if (getegid() == gid)
		return true;
	count = getgroups((int)(sizeof(groups) / sizeof(groups[0])), groups);
	for (i = 0; i < count; i++)
		if (groups[i] == gid)
			return true;
	return false;
}

/*
 * The kernel takes a set-group-id bit away when someone who is not in the
 * group changes mode or ACL, and then nobody but root could put it back.
 */
static bool would_lose_setgid(uint32_t mode, uint32_t gid)
{
	return (mode & SBK_MODE_SETGID) != 0 && geteuid() != 0 &&
	       !caller_in_group(gid);
}

const char *sbk_access_fixed(const struct sbk_pin *pin)
{
	uint64_t set = pin->stat.stx_attributes;

	if ((set & STATX_ATTR_IMMUTABLE) != 0)
		return "it is marked immutable";
	if ((set & STATX_ATTR_APPEND) != 0)
		return "it is marked append-only";
	if (would_lose_setgid(pin->stat.stx_mode, pin->stat.stx_gid))
		return "its set-group-id bit would be lost, since you are not "
		       "in its group";
	return NULL;
}

static int check_setgid(const struct sbk_access *next, struct sbk_error *err)
{
	if (!would_lose_setgid(next->mode, next->gid))
		return 0;
	return sbk_error_set(err, SBK_E_DENIED,
			     "its set-group-id bit would be lost, since you "
			     "are not in group %u",
			     next->gid);
}

static int write_acl(const struct sbk_pin *pin, const char *name,
		     const struct sbk_acl *acl, struct sbk_error *err)
{
	unsigned char value[SBK_ACL_BYTES_MAX];
	size_t size = sbk_acl_encode(acl, value);
	int rc = sbk_pin_setxattr(pin, name, value, size);

	return rc < 0 ? sbk_error_set_errno(err, -rc, "writing '%s'", name) : 0;
}

static int remove_acl(const struct sbk_pin *pin, const char *name,
		      struct sbk_error *err)
{
	int rc = sbk_pin_removexattr(pin, name);

	return rc < 0 && rc != -ENODATA
		       ? sbk_error_set_errno(err, -rc, "removing '%s'", name)
		       : 0;
}

static int write_access_acl(const struct sbk_pin *pin,
			    const struct sbk_access *current,
			    const struct sbk_access *next,
			    struct sbk_error *err)
{
	struct sbk_acl plain;

	if (sbk_acl_equal(&current->acl, &next->acl))
		return 0;
	if (next->acl.count != 0)
		return write_acl(pin, XATTR_ACCESS, &next->acl, err);
	sbk_acl_from_mode(&plain, next->mode);
	return write_acl(pin, XATTR_ACCESS, &plain, err);
}

static int write_default_acl(const struct sbk_pin *pin,
			     const struct sbk_access *current,
			     const struct sbk_access *next,
			     struct sbk_error *err)
{
	if (sbk_acl_equal(&current->dflt, &next->dflt))
		return 0;
	if (next->dflt.count != 0)
		return write_acl(pin, XATTR_DEFAULT, &next->dflt, err);
	return remove_acl(pin, XATTR_DEFAULT, err);
}

static int write_mode(struct sbk_pin *pin, const struct sbk_access *next,
		      struct sbk_error *err)
{
	int rc = sbk_pin_refresh(pin, err);

	if (rc < 0 || pin->stat.stx_mode == next->mode)
		return rc;
	rc = sbk_pin_chmod(pin, next->mode);
	if (rc < 0)
		return sbk_error_set_errno(err, -rc, "setting the mode");
	return sbk_pin_refresh(pin, err);
}

/* A program that ran as its old owner must not run as the new one, not for a
 * moment: the kernel clears these bits with the owner, and we before it. */
static int clear_set_id(struct sbk_pin *pin, const struct sbk_access *current,
			struct sbk_error *err)
{
	const uint32_t set_id = S_ISUID | S_ISGID;
	int rc;

	if (S_ISDIR(current->mode) || (current->mode & set_id) == 0)
		return 0;
	rc = sbk_pin_chmod(pin, current->mode & ~set_id);
	return rc < 0 ? sbk_error_set_errno(err, -rc, "clearing set-id bits")
		      : 0;
}

/* Owner first: giving a file away clears set-id bits, which follow. */
static int write_steps(struct sbk_pin *pin, const struct sbk_access *current,
		       const struct sbk_access *next, struct sbk_error *err)
{
	int rc = 0;

	if (current->uid != next->uid || current->gid != next->gid) {
		rc = clear_set_id(pin, current, err);
		if (rc < 0)
			return rc;
		rc = sbk_pin_chown(pin, next->uid, next->gid);
		if (rc < 0)
			return sbk_error_set_errno(err, -rc,
						   "giving it to %u:%u",
						   next->uid, next->gid);
	}
	rc = write_access_acl(pin, current, next, err);
	if (rc == 0)
		rc = write_default_acl(pin, current, next, err);
	return rc == 0 ? write_mode(pin, next, err) : rc;
}

/* What stands there now must be `next`; sees to a filesystem that keeps an
 * ACL which says no more than the mode. */
static int read_back(struct sbk_pin *pin, const struct sbk_access *next,
		     struct sbk_error *err)
{
	struct sbk_access now;
	int rc = sbk_access_read_pinned(pin, &now, err);

	if (rc == 0 && now.acl.count != 0 && next->acl.count == 0) {
		rc = remove_acl(pin, XATTR_ACCESS, err);
		if (rc == 0)
			rc = write_mode(pin, next, err);
		if (rc == 0)
			rc = sbk_access_read_pinned(pin, &now, err);
	}
	if (rc < 0 || sbk_access_equal(&now, next))
		return rc;
	return sbk_error_set(err, SBK_E_IO,
			     "the system reported success but its access is "
			     "not what was written");
}

int sbk_access_write(struct sbk_pin *pin, const struct sbk_access *current,
		     const struct sbk_access *next, struct sbk_error *err)
{
	struct sbk_access now;
	int rc;

	if ((current->mode & SBK_MODE_TYPE) != (next->mode & SBK_MODE_TYPE))
		return sbk_error_set(err, SBK_E_INVAL,
				     "a state of another type of object");
	rc = check_setgid(next, err);
	if (rc < 0)
		return rc;
	rc = write_steps(pin, current, next, err);
	if (rc == 0)
		rc = read_back(pin, next, err);
	/* A half-written object would be nobody's state: neither before nor
	 * after. The first error is the one that counts. */
	if (rc < 0 && sbk_access_read(pin, &now, NULL) == 0 &&
	    !sbk_access_equal(&now, current) &&
	    (write_steps(pin, &now, current, NULL) < 0 ||
	     read_back(pin, current, NULL) < 0))
		(void)sbk_error_prefix(err, "left half changed");
	return rc;
}
