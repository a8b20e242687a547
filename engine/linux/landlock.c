/*
 * Landlock rules from a view. A rule gives rights below a directory and
 * nothing can take them away further down, so protected and denied names
 * inside a writable root rest on mounts alone; everything else has both.
 */
#include "engine/linux/landlock.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/linux/error.h"
#include "engine/linux/kernel.h"

#include "engine/banned.h"

#define FILE_RIGHTS                                       \
	(SBK_LANDLOCK_EXECUTE | SBK_LANDLOCK_WRITE_FILE | \
	 SBK_LANDLOCK_READ_FILE | SBK_LANDLOCK_TRUNCATE | \
	 SBK_LANDLOCK_IOCTL_DEV)
#define READ_RIGHTS \
	(SBK_LANDLOCK_EXECUTE | SBK_LANDLOCK_READ_FILE | SBK_LANDLOCK_READ_DIR)
#define WRITE_RIGHTS                                                           \
	(READ_RIGHTS | SBK_LANDLOCK_WRITE_FILE | SBK_LANDLOCK_REMOVE_DIR |     \
	 SBK_LANDLOCK_REMOVE_FILE | SBK_LANDLOCK_MAKE_DIR |                    \
	 SBK_LANDLOCK_MAKE_REG | SBK_LANDLOCK_MAKE_SOCK |                      \
	 SBK_LANDLOCK_MAKE_FIFO | SBK_LANDLOCK_MAKE_SYM | SBK_LANDLOCK_REFER | \
	 SBK_LANDLOCK_TRUNCATE)

static const uint64_t access_rights[] = {
	[SBK_VIEW_ACCESS_NONE] = 0,
	[SBK_VIEW_ACCESS_LIST] = SBK_LANDLOCK_READ_DIR,
	[SBK_VIEW_ACCESS_READ] = READ_RIGHTS,
	[SBK_VIEW_ACCESS_WRITE] = WRITE_RIGHTS,
	[SBK_VIEW_ACCESS_DEVICE] =
		SBK_LANDLOCK_READ_FILE | SBK_LANDLOCK_WRITE_FILE |
		SBK_LANDLOCK_READ_DIR | SBK_LANDLOCK_TRUNCATE |
		SBK_LANDLOCK_IOCTL_DEV,
	[SBK_VIEW_ACCESS_PROCESS] =
		SBK_LANDLOCK_READ_FILE | SBK_LANDLOCK_READ_DIR |
		SBK_LANDLOCK_WRITE_FILE | SBK_LANDLOCK_TRUNCATE,
};

/* Every right that the ABI knows. */
static uint64_t handled_fs(int abi)
{
	uint64_t rights = (SBK_LANDLOCK_REFER << 1) - 1;

	if (abi >= 3)
		rights |= SBK_LANDLOCK_TRUNCATE;
	if (abi >= 5)
		rights |= SBK_LANDLOCK_IOCTL_DEV;
	return rights;
}

int sbk_landlock_abi(void)
{
	int abi = sbk_landlock_create(NULL, 0, SBK_LANDLOCK_VERSION);

	return abi > 0 ? abi : 0;
}

static int create(int abi, bool tcp, struct sbk_error *err)
{
	struct sbk_landlock_attr attr = {.handled_fs = handled_fs(abi)};
	size_t size = sizeof(attr.handled_fs);
	int fd;

	if (abi >= 4) {
		size += sizeof(attr.handled_net);
		if (!tcp)
			attr.handled_net = SBK_LANDLOCK_BIND_TCP |
					   SBK_LANDLOCK_CONNECT_TCP;
	}
	if (abi >= SBK_LANDLOCK_ABI_SCOPES) {
		size += sizeof(attr.scoped);
		attr.scoped =
			SBK_LANDLOCK_SCOPE_ABSTRACT | SBK_LANDLOCK_SCOPE_SIGNAL;
	}
	fd = sbk_landlock_create(&attr, size, 0);
	if (fd < 0)
		return sbk_error_set_errno(err, errno,
					   "cannot make a Landlock ruleset");
	return fd;
}

static int add_path(int ruleset, int abi, const char *path, uint64_t rights,
		    bool optional, struct sbk_error *err)
{
	struct sbk_landlock_path rule = {.allowed = rights & handled_fs(abi)};
	struct stat st;
	int rc = 0;

	rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (rule.parent_fd < 0 && errno == ENOENT && optional)
		return 0;
	if (rule.parent_fd < 0)
		return sbk_error_set_errno(
			err, errno, "cannot open '%s' for Landlock", path);
	if (fstat(rule.parent_fd, &st) < 0)
		rc = sbk_error_set_errno(err, errno, "cannot examine '%s'",
					 path);
	if (rc == 0 && !S_ISDIR(st.st_mode))
		rule.allowed &= FILE_RIGHTS;
	if (rc == 0 && sbk_landlock_add_path(ruleset, &rule) < 0)
		rc = sbk_error_set_errno(err, errno,
					 "cannot add '%s' to Landlock", path);
	(void)close(rule.parent_fd); /* the ruleset holds its own reference */
	return rc;
}

static int add_view(int ruleset, int abi, const struct sbk_view *view,
		    bool in_view, struct sbk_error *err)
{
	size_t i;

	for (i = 0; i < view->count; i++) {
		const struct sbk_view_op *op = &view->ops[i];
		const char *path = in_view ? op->place : op->source;
		bool shown = op->kind == SBK_VIEW_BIND;

		if (op->access == SBK_VIEW_ACCESS_NONE || (!in_view && !shown))
			continue;
		if (add_path(ruleset, abi, path, access_rights[op->access],
			     op->optional, err) < 0)
			return err->code;
	}
	return 0;
}

int sbk_landlock_apply(const struct sbk_view *view, int abi, bool in_view,
		       bool tcp, const char *extra_writable,
		       struct sbk_error *err)
{
	int ruleset, rc;

	if (abi < SBK_LANDLOCK_ABI_MIN)
		return 0;
	ruleset = create(abi, tcp, err);
	if (ruleset < 0)
		return ruleset;
	rc = add_view(ruleset, abi, view, in_view, err);
	if (rc == 0 && extra_writable != NULL)
		rc = add_path(ruleset, abi, extra_writable, WRITE_RIGHTS, false,
			      err);
	if (rc == 0 && !in_view)
		rc = add_path(ruleset, abi, "/proc",
			      access_rights[SBK_VIEW_ACCESS_PROCESS], true,
			      err);
	if (rc == 0 && sbk_landlock_restrict(ruleset) < 0)
		rc = sbk_error_set_errno(err, errno,
					 "cannot restrict by Landlock");
	(void)close(ruleset); /* in force, or not needed */
	return rc;
}
