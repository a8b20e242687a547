/*
 * The survey. Where the walk (walk.c) pins every object, because what it
 * visits is going to be changed, the survey only asks: one statx and one or
 * two attribute calls below the open directory, no descriptor for a file and
 * no identity. That makes it four times as fast.
 *
 * The price: mode and ACL are asked for by name, one after the other. Where
 * they contradict each other they are asked for again; where a name is given
 * to another object in between and they happen to agree, the visit mixes two
 * objects. A walk of a tree that is being changed is never of one moment
 * anyway.
 */
#include "engine/linux/survey.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "engine/limits.h"
#include "engine/linux/access_state.h"
#include "engine/linux/error.h"
#include "engine/linux/listing.h"
#include "engine/linux/pin.h"

#include "engine/banned.h"

#ifndef SYS_getxattrat
#define SYS_getxattrat 464 /* Linux 6.13; headers may be older */
#endif

#define XATTR_ACCESS "system.posix_acl_access"
#define XATTR_DEFAULT "system.posix_acl_default"
#define SURVEY_STATX (STATX_BASIC_STATS | STATX_MNT_ID)
#define READ_TRIES_MAX 8

/* The kernel's struct xattr_args. */
struct attribute_args {
	uint64_t value __attribute__((aligned(8)));
	uint32_t size;
	uint32_t flags;
};

struct survey {
	sbk_visit_fn *visit;
	void *arg;
	uint64_t mount_id; /* of the root; 0 where the kernel does not say */
	dev_t device;	   /* of the root */
	char path[SBK_PATH_MAX];
	size_t path_size;
	struct sbk_buf state;	  /* of `access`, as text */
	struct sbk_access access; /* the last object's */
};

static atomic_bool getxattrat_absent;

void sbk_survey_without_getxattrat(bool without)
{
	atomic_store(&getxattrat_absent, without);
}

/* What kernels before getxattrat get: the name below /proc's link to the
 * directory. A final link is not followed. */
static ssize_t read_by_proc(int directory, const char *name,
			    const char *attribute, void *value, size_t size)
{
	char path[320];
	int length = snprintf(path, sizeof(path), "/proc/self/fd/%d/%s",
			      directory, name);
	ssize_t n;

	if (length < 0 || (size_t)length >= sizeof(path))
		return -ENAMETOOLONG;
	n = lgetxattr(path, attribute, value, size);
	return n < 0 ? -errno : n;
}

static ssize_t read_attribute(int directory, const char *name,
			      const char *attribute, void *value, size_t size)
{
	struct attribute_args args = {.value = (uint64_t)(uintptr_t)value,
				      .size = (uint32_t)size};
	long n;

	if (!atomic_load(&getxattrat_absent)) {
		n = syscall(SYS_getxattrat, directory, name,
			    AT_SYMLINK_NOFOLLOW, attribute, &args,
			    sizeof(args));
		if (n >= 0)
			return n;
		if (errno != ENOSYS)
			return -errno;
		atomic_store(&getxattrat_absent, true);
	}
	return read_by_proc(directory, name, attribute, value, size);
}

static int read_acl(int directory, const char *name, const char *attribute,
		    struct sbk_acl *out, struct sbk_error *err)
{
	unsigned char value[SBK_ACL_BYTES_MAX];
	ssize_t size = read_attribute(directory, name, attribute, value,
				      sizeof(value));

	out->count = 0;
	if (size == -ENODATA || size == -EOPNOTSUPP)
		return 0;
	if (size < 0)
		return sbk_error_set_errno(err, (int)-size, "reading '%s'",
					   attribute);
	return sbk_acl_decode(value, (size_t)size, out, err);
}

/*
 * Without AT_STATX_DONT_SYNC, looking at a mount point asks whoever serves what
 * is mounted there, who may be a person's own program and never answer.
 */
static int look(int directory, const char *name, struct statx *st)
{
	return statx(directory, name,
		     AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC,
		     SURVEY_STATX, st) < 0
		       ? -errno
		       : 0;
}

static int read_acls(struct survey *survey, int directory, const char *name,
		     struct sbk_error *err)
{
	struct sbk_access *access = &survey->access;
	int rc = 0;

	access->acl.count = access->dflt.count = 0;
	if (!S_ISLNK(access->mode))
		rc = read_acl(directory, name, XATTR_ACCESS, &access->acl, err);
	if (rc == 0 && S_ISDIR(access->mode))
		rc = read_acl(directory, name, XATTR_DEFAULT, &access->dflt,
			      err);
	return rc;
}

/*
 * Fills survey->access and its text. Returns SBK_E_NOTFOUND where the object
 * is gone by now.
 */
static int read_access(struct survey *survey, int directory, const char *name,
		       struct statx *st, struct sbk_error *err)
{
	struct sbk_access *access = &survey->access;
	bool same = survey->state.size > 0 && access->uid == st->stx_uid &&
		    access->gid == st->stx_gid &&
		    access->mode == st->stx_mode && access->acl.count == 0 &&
		    access->dflt.count == 0;
	int tries, rc;

	for (tries = 0; tries < READ_TRIES_MAX; tries++) {
		access->uid = st->stx_uid;
		access->gid = st->stx_gid;
		access->mode = st->stx_mode;
		rc = read_acls(survey, directory, name, err);
		if (rc < 0)
			return rc;
		if (sbk_access_consistent(access))
			break;
		rc = look(directory, name, st);
		if (rc < 0)
			return sbk_error_set_errno(err, -rc, "looking at it");
		same = false;
	}
	if (tries == READ_TRIES_MAX)
		return sbk_error_set(err, SBK_E_BUSY,
				     "its mode and its ACL contradict each "
				     "other");
	/* Neighbours mostly have the same access: keep its text. */
	if (same && access->acl.count == 0 && access->dflt.count == 0)
		return 0;
	sbk_buf_clear(&survey->state);
	sbk_access_format(access, &survey->state);
	return sbk_buf_failed(&survey->state, err);
}

static int visit_unreadable(struct survey *survey,
			    const struct sbk_error *problem,
			    struct sbk_error *err)
{
	struct sbk_visit visit = {.path = survey->path,
				  .kind = SBK_VISIT_UNREADABLE,
				  .problem = problem};
	int rc = survey->visit(survey->arg, &visit, err);

	return rc < 0 ? rc : 0;
}

static int visit_skipped(struct survey *survey, struct sbk_error *err)
{
	struct sbk_visit visit = {.path = survey->path,
				  .kind = SBK_VISIT_SKIPPED};
	int rc = survey->visit(survey->arg, &visit, err);

	return rc < 0 ? rc : 0;
}

static int visit_object(struct survey *survey, const struct statx *st,
			struct sbk_error *err)
{
	bool is_directory = S_ISDIR(st->stx_mode);
	struct sbk_visit visit = {
		.path = survey->path,
		.access = {.data = sbk_buf_text(&survey->state),
			   .size = survey->state.size},
		.owner = st->stx_uid,
		.links = is_directory ? 1 : st->stx_nlink,
		.is_directory = is_directory,
		.is_link = S_ISLNK(st->stx_mode),
		.kind = SBK_VISIT_OBJECT,
	};

	return survey->visit(survey->arg, &visit, err);
}

static bool same_mount(const struct survey *survey, const struct statx *st)
{
	if (survey->mount_id != 0 && (st->stx_mask & STATX_MNT_ID) != 0)
		return st->stx_mnt_id == survey->mount_id;
	return makedev(st->stx_dev_major, st->stx_dev_minor) == survey->device;
}

static int survey_below(struct survey *survey, int parent, const char *name,
			int depth, struct sbk_error *err);

static int survey_one(struct survey *survey, int directory, const char *name,
		      struct statx *st, int depth, struct sbk_error *err)
{
	struct sbk_error problem = SBK_ERROR_INIT;
	int rc = read_access(survey, directory, name, st, &problem);

	if (rc == SBK_E_NOTFOUND)
		return 0;
	if (rc == SBK_E_NOMEM)
		return sbk_error_set(err, rc, "out of memory");
	if (rc < 0)
		return visit_unreadable(survey, &problem, err);
	rc = visit_object(survey, st, err);
	if (rc != 0 || !S_ISDIR(st->stx_mode))
		return rc < 0 ? rc : 0;
	return survey_below(survey, directory, name, depth, err);
}

static int survey_entry(struct survey *survey, int directory, const char *name,
			int depth, struct sbk_error *err)
{
	struct sbk_error problem = SBK_ERROR_INIT;
	struct statx st;
	int rc = look(directory, name, &st);

	if (rc == -ENOENT)
		return 0;
	if (rc < 0) {
		(void)sbk_error_set_errno(&problem, -rc, "looking at it");
		return visit_unreadable(survey, &problem, err);
	}
	if (!same_mount(survey, &st))
		return visit_skipped(survey, err);
	return survey_one(survey, directory, name, &st, depth, err);
}

/* Appends "/name"; false where the path would be too long. */
static bool enter_name(struct survey *survey, const char *name)
{
	size_t length = strlen(name);
	bool slash = survey->path_size > 1; /* not below "/" itself */

	if (survey->path_size + slash + length >= sizeof(survey->path))
		return false;
	if (slash)
		survey->path[survey->path_size++] = '/';
	memcpy(survey->path + survey->path_size, name, length + 1);
	survey->path_size += length;
	return true;
}

static int survey_entries(struct survey *survey, int directory,
			  const struct sbk_listing *listing, int depth,
			  struct sbk_error *err)
{
	struct sbk_error problem = SBK_ERROR_INIT;
	size_t path_size = survey->path_size, i;
	int rc = 0;

	for (i = 0; rc == 0 && i < listing->count; i++) {
		if (enter_name(survey, listing->entries[i].name)) {
			rc = survey_entry(survey, directory,
					  listing->entries[i].name, depth, err);
			survey->path_size = path_size;
			survey->path[path_size] = '\0';
			continue;
		}
		(void)sbk_error_set(&problem, SBK_E_LIMIT,
				    "a path below is longer than %d bytes",
				    SBK_PATH_MAX - 1);
		rc = visit_unreadable(survey, &problem, err);
	}
	return rc;
}

/* What was looked at as a directory is opened as one, on the same mount. */
static int open_directory(const struct survey *survey, int parent,
			  const char *name, int depth, struct sbk_error *err)
{
	struct statx st;
	int fd, rc;

	if (depth >= SBK_TREE_DEPTH_MAX)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "more than %d directories deep",
				     SBK_TREE_DEPTH_MAX);
	fd = openat(parent, name,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK |
			    O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return sbk_error_set_errno(err, errno, "listing it");
	rc = statx(fd, "", AT_EMPTY_PATH, SURVEY_STATX, &st) < 0 ? errno : 0;
	if (rc == 0 && same_mount(survey, &st))
		return fd;
	(void)close(fd); /* nothing was done with it */
	if (rc != 0)
		return sbk_error_set_errno(err, rc, "looking at it");
	return sbk_error_set(err, SBK_E_BUSY,
			     "another volume was mounted there meanwhile");
}

static int survey_below(struct survey *survey, int parent, const char *name,
			int depth, struct sbk_error *err)
{
	struct sbk_listing listing = SBK_LISTING_INIT;
	struct sbk_error problem = SBK_ERROR_INIT;
	int fd = open_directory(survey, parent, name, depth, &problem);
	int rc = fd < 0 ? fd : sbk_listing_read(&listing, fd, false, &problem);

	if (rc < 0)
		rc = visit_unreadable(survey, &problem, err);
	else
		rc = survey_entries(survey, fd, &listing, depth + 1, err);
	sbk_listing_release(&listing);
	if (fd >= 0)
		(void)close(fd); /* only read */
	return rc;
}

/* The directory that holds the root, and its name there. */
static int open_root(struct survey *survey, int *directory, const char **name,
		     struct statx *st, struct sbk_error *err)
{
	int rc;

	if (strcmp(survey->path, "/") == 0) {
		*name = ".";
		*directory = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
		rc = *directory < 0
			     ? sbk_error_set_errno(err, errno, "opening '/'")
			     : 0;
	} else {
		rc = sbk_pin_parent(survey->path, directory, name, err);
	}
	if (rc < 0)
		return rc;
	rc = look(*directory, *name, st);
	if (rc < 0) {
		(void)close(*directory); /* nothing was done with it */
		return sbk_error_set_errno(err, -rc, "'%s'", survey->path);
	}
	return 0;
}

int sbk_survey(const char *root, sbk_visit_fn *visit, void *arg,
	       struct sbk_error *err)
{
	struct survey survey = {.visit = visit, .arg = arg};
	const char *name;
	struct statx st;
	int directory, rc;

	survey.path_size = strlen(root);
	if (survey.path_size >= sizeof(survey.path))
		return sbk_error_set(err, SBK_E_LIMIT,
				     "a path of %zu bytes is over the limit "
				     "of %d",
				     survey.path_size, SBK_PATH_MAX - 1);
	memcpy(survey.path, root, survey.path_size + 1);
	rc = open_root(&survey, &directory, &name, &st, err);
	if (rc < 0)
		return rc;
	if ((st.stx_mask & STATX_MNT_ID) != 0)
		survey.mount_id = st.stx_mnt_id;
	survey.device = makedev(st.stx_dev_major, st.stx_dev_minor);
	rc = survey_one(&survey, directory, name, &st, 0, err);
	(void)close(directory); /* only read */
	sbk_buf_release(&survey.state);
	return rc;
}
