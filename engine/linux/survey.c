/*
 * The survey. Where the walk (walk.c) pins every object, because what it
 * visits is going to be changed, the survey only asks: one statx and one or
 * two attribute calls below the open directory, no descriptor for a file and
 * no identity. That makes it four times as fast. The order of looking and
 * visiting is the same, the tour's (tour.h).
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
#include <stdlib.h>
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
#include "engine/linux/tour.h"

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

/* What was seen at one name. */
struct sight {
	enum sight_kind {
		SIGHT_OBJECT,
		SIGHT_SKIPPED,
		SIGHT_UNREADABLE,
		SIGHT_GONE
	} kind;
	struct statx st;
	struct sbk_buf state;
	/* The last state was without any ACL and of these. */
	bool plain;
	uint32_t uid, gid, mode;
	struct sbk_error problem;
};

struct survey {
	struct sbk_tour tour;
	uint64_t mount_id;    /* of the root; 0 where the kernel does not say */
	dev_t device;	      /* of the root */
	struct sight *sights; /* SBK_TOUR_WINDOW of them */
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

static int read_acls(struct sbk_access *access, int directory, const char *name,
		     struct sbk_error *err)
{
	int rc = 0;

	access->acl.count = access->dflt.count = 0;
	if (!S_ISLNK(access->mode))
		rc = read_acl(directory, name, XATTR_ACCESS, &access->acl, err);
	if (rc == 0 && S_ISDIR(access->mode))
		rc = read_acl(directory, name, XATTR_DEFAULT, &access->dflt,
			      err);
	return rc;
}

/* Owner, group, mode and ACLs, all of one moment as far as one can see. */
static int read_access(struct sight *sight, int directory, const char *name,
		       struct sbk_access *out)
{
	int tries, rc;

	for (tries = 0; tries < READ_TRIES_MAX; tries++) {
		out->uid = sight->st.stx_uid;
		out->gid = sight->st.stx_gid;
		out->mode = sight->st.stx_mode;
		rc = read_acls(out, directory, name, &sight->problem);
		if (rc < 0 || sbk_access_consistent(out))
			return rc;
		rc = look(directory, name, &sight->st);
		if (rc < 0)
			return sbk_error_set_errno(&sight->problem, -rc,
						   "looking at it");
	}
	return sbk_error_set(&sight->problem, SBK_E_BUSY,
			     "its mode and its ACL contradict each other");
}

/* Fills sight->state. Neighbours mostly have the same: its text is kept. */
static int read_state(struct sight *sight, int directory, const char *name)
{
	struct sbk_access access;
	bool plain;
	int rc = read_access(sight, directory, name, &access);

	if (rc < 0)
		return rc;
	plain = access.acl.count == 0 && access.dflt.count == 0;
	if (plain && sight->plain && sight->uid == access.uid &&
	    sight->gid == access.gid && sight->mode == access.mode)
		return 0;
	sight->plain = plain;
	sight->uid = access.uid;
	sight->gid = access.gid;
	sight->mode = access.mode;
	sbk_buf_clear(&sight->state);
	sbk_access_format(&access, &sight->state);
	return sbk_buf_failed(&sight->state, &sight->problem);
}

static bool same_mount(const struct survey *survey, const struct statx *st)
{
	if (survey->mount_id != 0 && (st->stx_mask & STATX_MNT_ID) != 0)
		return st->stx_mnt_id == survey->mount_id;
	return makedev(st->stx_dev_major, st->stx_dev_minor) == survey->device;
}

/* Looks at one name, in whichever thread. */
static void look_at(const struct survey *survey, int directory,
		    const char *name, struct sight *sight)
{
	int rc = look(directory, name, &sight->st);

	sbk_error_clear(&sight->problem);
	if (rc == 0 && !same_mount(survey, &sight->st)) {
		sight->kind = SIGHT_SKIPPED;
		return;
	}
	rc = rc < 0 ? sbk_error_set_errno(&sight->problem, -rc, "looking at it")
		    : read_state(sight, directory, name);
	sight->kind = rc == 0		     ? SIGHT_OBJECT
		      : rc == SBK_E_NOTFOUND ? SIGHT_GONE
					     : SIGHT_UNREADABLE;
}

static void look_at_indexed(void *arg, size_t index)
{
	const struct sbk_tour_window *window = arg;
	const struct survey *survey = window->self;

	look_at(survey, window->directory, window->entries[index].name,
		&survey->sights[index]);
}

static int visit_object(struct survey *survey, const struct sight *sight,
			struct sbk_error *err)
{
	const struct statx *st = &sight->st;
	bool is_directory = S_ISDIR(st->stx_mode);
	struct sbk_visit visit = {
		.path = survey->tour.path,
		.access = {.data = sbk_buf_text(&sight->state),
			   .size = sight->state.size},
		.owner = st->stx_uid,
		.links = is_directory ? 1 : st->stx_nlink,
		.is_directory = is_directory,
		.is_link = S_ISLNK(st->stx_mode),
		.kind = SBK_VISIT_OBJECT,
	};

	return survey->tour.visit(survey->tour.arg, &visit, err);
}

/* Hands a sight to the visitor; the visitor's verdict. */
static int visit_sight(struct survey *survey, const struct sight *sight,
		       struct sbk_error *err)
{
	switch (sight->kind) {
	case SIGHT_GONE:
		return 0;
	case SIGHT_SKIPPED:
		return sbk_tour_skipped(&survey->tour, err);
	case SIGHT_UNREADABLE:
		if (sight->problem.code == SBK_E_NOMEM)
			return sbk_error_no_memory(err);
		return sbk_tour_unreadable(&survey->tour, &sight->problem, err);
	default:
		return visit_object(survey, sight, err);
	}
}

static int survey_below(struct survey *survey, int parent, const char *name,
			int depth, struct sbk_error *err);

/* One name by the caller's thread: a directory, or what the others left. */
static int survey_entry(void *self, int directory,
			const struct sbk_listing_entry *entry, int depth,
			struct sbk_error *err)
{
	struct survey *survey = self;
	struct sight sight = {.state = SBK_BUF_INIT};
	int rc;

	look_at(survey, directory, entry->name, &sight);
	rc = visit_sight(survey, &sight, err);
	sbk_buf_release(&sight.state);
	if (rc != 0 || sight.kind != SIGHT_OBJECT ||
	    !S_ISDIR(sight.st.stx_mode))
		return rc < 0 ? rc : 0;
	return survey_below(survey, directory, entry->name, depth, err);
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
		rc = sbk_tour_unreadable(&survey->tour, &problem, err);
	else
		rc = sbk_tour_directory(&survey->tour, fd, &listing, depth + 1,
					err);
	sbk_listing_release(&listing);
	if (fd >= 0)
		(void)close(fd); /* only read */
	return rc;
}

/* The directory that holds the root, and its name there. */
static int open_root(struct survey *survey, int *directory, const char **name,
		     struct sbk_error *err)
{
	struct statx st;
	int rc;

	if (strcmp(survey->tour.path, "/") == 0) {
		*name = ".";
		*directory = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
		rc = *directory < 0
			     ? sbk_error_set_errno(err, errno, "opening '/'")
			     : 0;
	} else {
		rc = sbk_pin_parent(survey->tour.path, directory, name, err);
	}
	if (rc < 0)
		return rc;
	rc = look(*directory, *name, &st);
	if (rc < 0) {
		(void)close(*directory); /* nothing was done with it */
		return sbk_error_set_errno(err, -rc, "'%s'", survey->tour.path);
	}
	if ((st.stx_mask & STATX_MNT_ID) != 0)
		survey->mount_id = st.stx_mnt_id;
	survey->device = makedev(st.stx_dev_major, st.stx_dev_minor);
	return 0;
}

static int survey_root(struct survey *survey, struct sbk_error *err)
{
	struct sbk_listing_entry root = {.name = NULL};
	int directory, rc;

	rc = open_root(survey, &directory, &root.name, err);
	if (rc < 0)
		return rc;
	rc = survey_entry(survey, directory, &root, 0, err);
	(void)close(directory); /* only read */
	return rc;
}

static bool is_left(const void *self, size_t index)
{
	const struct survey *survey = self;
	const struct sight *sight = &survey->sights[index];

	return sight->kind == SIGHT_OBJECT && S_ISDIR(sight->st.stx_mode);
}

static int visit_index(void *self, size_t index, struct sbk_error *err)
{
	struct survey *survey = self;

	return visit_sight(survey, &survey->sights[index], err);
}

int sbk_survey(struct sbk_pool **pool, const char *root, sbk_visit_fn *visit,
	       void *arg, struct sbk_error *err)
{
	static const struct sbk_tour_ops ops = {.look = look_at_indexed,
						.is_left = is_left,
						.visit_sight = visit_index,
						.enter = survey_entry};
	struct survey survey = {
		.tour = {.ops = &ops,
			 .self = &survey,
			 .pool = pool,
			 .visit = visit,
			 .arg = arg},
	};
	size_t i;
	int rc = sbk_tour_root(&survey.tour, root, err);

	if (rc < 0)
		return rc;
	survey.sights = calloc(SBK_TOUR_WINDOW, sizeof(*survey.sights));
	if (survey.sights == NULL)
		return sbk_error_no_memory(err);
	rc = survey_root(&survey, err);
	for (i = 0; i < SBK_TOUR_WINDOW; i++)
		sbk_buf_release(&survey.sights[i].state);
	free(survey.sights);
	return rc;
}
