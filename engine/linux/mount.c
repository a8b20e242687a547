/*
 * The loop that builds a view from its sources. Works on descriptors
 * throughout, and never on a path of the host:
 *
 *  - A mount point inside a tree of the host is opened through the view and
 *    compared with the source by device and inode before anything is mounted
 *    on it, so that a name swapped in between stops the run.
 *  - Nothing is created outside our own file system: the parent of whatever
 *    is made is checked for it.
 */
#include "engine/linux/mount.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/linux/above.h"
#include "engine/linux/error.h"
#include "engine/linux/kernel.h"

#include "engine/banned.h"

#define CLONE_ONE (OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC)
#define HARDENED (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)

struct sbk_builder {
	int area; /* our file system; its root is outside the view */
	int root; /* the view's root, a directory of `area` */
	struct sbk_above parent;     /* of the view, where the last was made */
	struct sbk_sources *sources; /* while the view is built */
	dev_t device;		     /* of our file system */
	unsigned int serial;
	bool has_process; /* the view asked for what stands already */
};

static void close_fd(int fd)
{
	/* Nothing was written through it that a failure could lose. */
	if (fd >= 0)
		(void)close(fd);
}

static int fail(struct sbk_error *err, int os_code, const char *what,
		const char *path)
{
	return sbk_error_set_errno(err, os_code, "cannot %s '%s'", what, path);
}

static int set_attributes(int dirfd, const char *path, unsigned int flags,
			  uint64_t set)
{
	struct mount_attr attributes = {.attr_set = set};

	return sbk_mount_setattr(dirfd, path, flags | AT_SYMLINK_NOFOLLOW,
				 &attributes);
}

static int open_place(const struct sbk_builder *b, const char *place)
{
	return sbk_above_open(b->root, place);
}

/* The directory that holds `place`, which must be of our own file system. */
static int open_parent(struct sbk_builder *b, const char *place,
		       struct sbk_error *err)
{
	int known = sbk_above_keep(&b->parent, b->root, place, err);
	struct stat st;

	if (known != 0)
		return known;
	if (fstat(b->parent.fd, &st) < 0)
		return fail(err, errno, "examine the directory above", place);
	if (st.st_dev == b->device)
		return 0;
	sbk_above_close(&b->parent);
	return sbk_error_set(err, SBK_E_CONFLICT,
			     "'%s' would have to be created on the host, "
			     "which a run never does",
			     place);
}

/* A directory, or an empty file, of ours. There already is as good. */
static int make_node(struct sbk_builder *b, const struct sbk_view_op *op,
		     bool is_directory, struct sbk_error *err)
{
	const char *name = sbk_above_name(op->place);
	int rc;

	if (open_parent(b, op->place, err) < 0)
		return err->code;
	if (is_directory)
		rc = mkdirat(b->parent.fd, name,
			     op->mode != 0 ? op->mode : 0755);
	else
		rc = mknodat(b->parent.fd, name, S_IFREG | 0444, 0);
	if (rc < 0 && errno != EEXIST)
		return fail(err, errno, "make a mount point for", op->place);
	return 0;
}

/* The mount point inside a tree of the host: found, compared, never made. */
static int attach_found(struct sbk_builder *b, const struct sbk_view_op *op,
			int tree, const struct sbk_source *source,
			struct sbk_error *err)
{
	struct stat st;
	int place = open_place(b, op->place), rc = 0;

	if (place < 0)
		return fail(err, errno, "find the mount point", op->place);
	if (source != NULL && op->same) {
		if (fstat(place, &st) < 0)
			rc = fail(err, errno, "examine", op->place);
		else if (st.st_dev != source->device ||
			 st.st_ino != source->number)
			rc = sbk_error_set(err, SBK_E_CONFLICT,
					   "'%s' was replaced while the run "
					   "was prepared; run again",
					   op->place);
	}
	if (rc == 0 &&
	    sbk_move_mount(tree, place, "", MOVE_MOUNT_T_EMPTY_PATH) < 0)
		rc = fail(err, errno, "mount", op->place);
	close_fd(place);
	return rc;
}

/* Attaches the detached mount `tree` at the operation's place. */
static int attach(struct sbk_builder *b, const struct sbk_view_op *op, int tree,
		  const struct sbk_source *source, struct sbk_error *err)
{
	if (!op->create)
		return attach_found(b, op, tree, source, err);
	if (make_node(b, op, op->is_directory, err) < 0)
		return err->code;
	if (sbk_move_mount(tree, b->parent.fd, sbk_above_name(op->place), 0) <
	    0)
		return fail(err, errno, "mount", op->place);
	return 0;
}

static int do_bind(struct sbk_builder *b, const struct sbk_view_op *op,
		   size_t index, struct sbk_error *err)
{
	const struct sbk_source *source = sbk_sources_of(b->sources, index);
	int rc;

	if (source == NULL)
		return 0; /* missing, and optional */
	rc = attach(b, op, source->tree, source, err);
	sbk_sources_close(b->sources, index);
	return rc;
}

/* Mounts the directory or file `name` of our area at the place. */
static int show_area(struct sbk_builder *b, const struct sbk_view_op *op,
		     const char *name, uint64_t set, struct sbk_error *err)
{
	int tree, rc;

	tree = sbk_open_tree(b->area, name, CLONE_ONE);
	if (tree < 0)
		return fail(err, errno, "make a private mount for", op->place);
	if (set != 0 && set_attributes(tree, "", AT_EMPTY_PATH, set) < 0)
		rc = fail(err, errno, "restrict", op->place);
	else
		rc = attach(b, op, tree, NULL, err);
	close_fd(tree);
	return rc;
}

static int do_directory_of_area(struct sbk_builder *b,
				const struct sbk_view_op *op, mode_t mode,
				struct sbk_error *err)
{
	char name[16];

	(void)snprintf(name, sizeof(name), "%u", b->serial++);
	if (mkdirat(b->area, name, mode) < 0)
		return fail(err, errno, "make a private directory for",
			    op->place);
	return show_area(b, op, name, 0, err);
}

static int do_private(struct sbk_builder *b, const struct sbk_view_op *op,
		      struct sbk_error *err)
{
	return do_directory_of_area(b, op, op->mode, err);
}

/* A directory stays writable until it is sealed: it may hold mount points. */
static int do_empty(struct sbk_builder *b, const struct sbk_view_op *op,
		    struct sbk_error *err)
{
	if (op->is_directory)
		return do_directory_of_area(b, op, 0555, err);
	return show_area(b, op, "empty", MOUNT_ATTR_RDONLY, err);
}

static int do_directory(struct sbk_builder *b, const struct sbk_view_op *op,
			struct sbk_error *err)
{
	return make_node(b, op, true, err);
}

static int do_link(struct sbk_builder *b, const struct sbk_view_op *op,
		   struct sbk_error *err)
{
	if (open_parent(b, op->place, err) < 0)
		return err->code;
	if (symlinkat(op->source, b->parent.fd, sbk_above_name(op->place)) < 0)
		return fail(err, errno, "make the link", op->place);
	return 0;
}

static int do_absent(struct sbk_builder *b, const struct sbk_view_op *op,
		     struct sbk_error *err)
{
	int place = open_place(b, op->place);

	if (place < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	/* What cannot be looked at is not known to be absent. */
	if (place < 0 && errno != ELOOP)
		return fail(err, errno, "see that there is nothing at",
			    op->place);
	close_fd(place);
	return sbk_error_set(err, SBK_E_CONFLICT,
			     "'%s' appeared while the run was prepared, and "
			     "would not be protected; run again",
			     op->place);
}

static int do_seal(struct sbk_builder *b, const struct sbk_view_op *op,
		   struct sbk_error *err)
{
	int place = op->place[1] == '\0' ? b->root : open_place(b, op->place);
	int rc = 0;

	if (place < 0)
		return fail(err, errno, "find", op->place);
	if (set_attributes(place, "", AT_EMPTY_PATH, MOUNT_ATTR_RDONLY) < 0)
		rc = fail(err, errno, "make read-only", op->place);
	if (place != b->root)
		close_fd(place);
	return rc;
}

/* A new instance of a file system type, attached at the place. */
static int mount_new(struct sbk_builder *b, const struct sbk_view_op *op,
		     const char *type, const char *const (*options)[2],
		     unsigned int attributes, struct sbk_error *err)
{
	int fs = sbk_fsopen(type), tree = -1, rc = 0;

	if (fs < 0)
		return fail(err, errno, "make a file system for", op->place);
	for (; options != NULL && (*options)[0] != NULL; options++)
		if (sbk_fsconfig(fs, FSCONFIG_SET_STRING, (*options)[0],
				 (*options)[1]) < 0) {
			rc = fail(err, errno, "set up", op->place);
			goto out;
		}
	if (sbk_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL) < 0) {
		rc = fail(err, errno, "make a file system for", op->place);
		goto out;
	}
	tree = sbk_fsmount(fs, attributes);
	if (tree < 0)
		rc = fail(err, errno, "make a file system for", op->place);
	else
		rc = attach(b, op, tree, NULL, err);
out:
	close_fd(tree);
	close_fd(fs);
	return rc;
}

static int do_devpts(struct sbk_builder *b, const struct sbk_view_op *op,
		     struct sbk_error *err)
{
	static const char *const options[][2] = {
		{"ptmxmode", "0666"}, {"mode", "0620"}, {NULL, NULL}};

	return mount_new(b, op, "devpts", options,
			 MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, err);
}

/*
 * Names of /proc that every user may read and nobody may write. What is not
 * listed is examined.
 */
static const char *const harmless_names[] = {
	"buddyinfo", "cgroups",	    "cmdline",	  "config.gz",	"consoles",
	"cpuinfo",   "crypto",	    "devices",	  "diskstats",	"execdomains",
	"fb",	     "filesystems", "interrupts", "loadavg",	"locks",
	"meminfo",   "misc",	    "modules",	  "partitions", "schedstat",
	"softirqs",  "stat",	    "swaps",	  "uptime",	"version",
	"vmstat",    "zoneinfo",
};

static bool is_harmless(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(harmless_names) / sizeof(harmless_names[0]); i++)
		if (strcmp(harmless_names[i], name) == 0)
			return true;
	return false;
}

/* Mounts `tree` read-only over a name of /proc, and closes it. */
static int cover_process_name(int proc, const char *name, int tree,
			      struct sbk_error *err)
{
	int rc = 0;

	if (tree < 0)
		return fail(err, errno, "take a view of /proc entry", name);
	if (set_attributes(tree, "", AT_EMPTY_PATH,
			   HARDENED | MOUNT_ATTR_RDONLY) < 0 ||
	    sbk_move_mount(tree, proc, name, 0) < 0)
		rc = fail(err, errno, "protect /proc entry", name);
	close_fd(tree);
	return rc;
}

/*
 * One name of /proc that belongs to no process: what can be written becomes
 * read-only, what only root may read becomes empty. As root the command has
 * the host's uid 0, by which the kernel decides about these files, whatever
 * the user namespace.
 */
static int harden_process_name(struct sbk_builder *b, int proc,
			       const struct dirent *entry,
			       struct sbk_error *err)
{
	const char *name = entry->d_name;
	struct stat st;

	if (entry->d_type == DT_DIR)
		return cover_process_name(
			proc, name, sbk_open_tree(proc, name, CLONE_ONE), err);
	if (fstatat(proc, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(err, errno, "examine /proc entry", name);
	if ((st.st_mode & 0004) == 0)
		return cover_process_name(
			proc, name, sbk_open_tree(b->area, "empty", CLONE_ONE),
			err);
	if ((st.st_mode & 0222) == 0)
		return 0;
	return cover_process_name(proc, name,
				  sbk_open_tree(proc, name, CLONE_ONE), err);
}

static int harden_process(struct sbk_builder *b, DIR *dir,
			  struct sbk_error *err)
{
	struct dirent *entry;
	int rc = 0;

	while (rc == 0 && (errno = 0, entry = readdir(dir)) != NULL) {
		char first = entry->d_name[0];

		if (first == '.' || (first >= '0' && first <= '9') ||
		    entry->d_type == DT_LNK || is_harmless(entry->d_name))
			continue;
		rc = harden_process_name(b, dirfd(dir), entry, err);
	}
	if (rc == 0 && errno != 0)
		rc = fail(err, errno, "list", "/proc");
	return rc;
}

/* Another user than root may write nothing there by mode alone; what remains
 * is the list of the keys that the caller could see. */
static int protect_process(struct sbk_builder *b, const char *place,
			   struct sbk_error *err)
{
	DIR *dir = NULL;
	int fd, rc;

	fd = sbk_openat2(b->root, place + 1,
			 O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW,
			 SBK_NO_LINKS);
	if (fd >= 0)
		dir = fdopendir(fd);
	if (dir == NULL) {
		rc = fail(err, errno, "list", place);
		close_fd(fd);
		return rc;
	}
	rc = geteuid() == 0 ? harden_process(b, dir, err) : 0;
	if (rc == 0 && faccessat(fd, "keys", F_OK, 0) == 0)
		rc = cover_process_name(
			fd, "keys", sbk_open_tree(b->area, "empty", CLONE_ONE),
			err);
	(void)closedir(dir); /* only read */
	return rc;
}

static int mount_process(struct sbk_builder *b, struct sbk_error *err)
{
	static const struct sbk_view_op op = {.kind = SBK_VIEW_PROC,
					      .place = SBK_PROCESS_PLACE,
					      .create = true,
					      .is_directory = true};

	if (mount_new(b, &op, "proc", NULL, HARDENED | MOUNT_ATTR_NOEXEC, err) <
	    0)
		return sbk_error_prefix(err, "/proc of the run (in a container "
					     "it must not be masked)");
	return protect_process(b, op.place, err);
}

/* It stands already. */
static int do_proc(struct sbk_builder *b, const struct sbk_view_op *op,
		   struct sbk_error *err)
{
	if (strcmp(op->place, SBK_PROCESS_PLACE) != 0)
		return sbk_error_set(err, SBK_E_UNSUPPORTED,
				     "'%s' cannot be the run's "
				     "'" SBK_PROCESS_PLACE "'",
				     op->place);
	b->has_process = true;
	return 0;
}

static int (*const performers[])(struct sbk_builder *,
				 const struct sbk_view_op *,
				 struct sbk_error *) = {
	[SBK_VIEW_DIRECTORY] = do_directory, [SBK_VIEW_LINK] = do_link,
	[SBK_VIEW_PRIVATE] = do_private,     [SBK_VIEW_EMPTY] = do_empty,
	[SBK_VIEW_PROC] = do_proc,	     [SBK_VIEW_DEVPTS] = do_devpts,
	[SBK_VIEW_ABSENT] = do_absent,	     [SBK_VIEW_SEAL] = do_seal,
};

/*
 * Our file system covers a directory that every host has, and the view's root
 * covers that; what is covered is not needed, and all of it but the view goes
 * away with the old root. It must not cover the old root itself: it would be
 * what enter_root() takes away, and the old root would stay on top of ours.
 */
static int make_area(struct sbk_builder *b, struct sbk_error *err)
{
	const char *cover = "/proc";
	int fs, file, rc = 0;
	struct stat st;

	fs = sbk_fsopen("tmpfs");
	if (fs < 0 ||
	    sbk_fsconfig(fs, FSCONFIG_SET_STRING, "mode", "0755") < 0 ||
	    sbk_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL) < 0)
		rc = fail(err, errno, "make a private file system over", cover);
	if (rc == 0) {
		b->area = sbk_fsmount(fs, HARDENED);
		if (b->area < 0 ||
		    sbk_move_mount(b->area, AT_FDCWD, cover, 0) < 0)
			rc = fail(err, errno, "mount over", cover);
	}
	close_fd(fs);
	if (rc < 0)
		return rc;
	file = openat(b->area, "empty", O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC,
		      0444);
	if (file < 0 || fstat(file, &st) < 0 ||
	    mkdirat(b->area, "root", 0755) < 0)
		rc = fail(err, errno, "fill", "the private file system");
	close_fd(file);
	if (rc < 0)
		return rc;
	b->device = st.st_dev;
	b->root = sbk_open_tree(b->area, "root", CLONE_ONE);
	if (b->root < 0 ||
	    sbk_move_mount(b->root, b->area, "", MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return fail(err, errno, "mount", "the view's root");
	return 0;
}

static int enter_root(const struct sbk_builder *b, struct sbk_error *err)
{
	if (fchdir(b->root) < 0)
		return fail(err, errno, "enter", "the view's root");
	/* Old and new root at one place: no directory is needed for the old. */
	if (sbk_pivot_root(".", ".") < 0)
		return fail(err, errno, "change to", "the view's root");
	if (sbk_umount2(".", SBK_MNT_DETACH) < 0)
		return fail(err, errno, "leave", "the host's root");
	if (chdir("/") < 0)
		return fail(err, errno, "enter", "/");
	return 0;
}

/* Keeps nothing but the area, which is returned. */
static int builder_free(struct sbk_builder *b)
{
	int area = b->area;

	close_fd(b->root);
	sbk_above_close(&b->parent);
	free(b);
	return area;
}

int sbk_builder_new(struct sbk_builder **out, struct sbk_error *err)
{
	struct sbk_builder *b = calloc(1, sizeof(*b));
	mode_t mask = umask(0);
	int rc;

	if (b == NULL) {
		(void)umask(mask);
		return sbk_error_set(err, SBK_E_NOMEM,
				     "no memory to build the view");
	}
	b->area = b->root = b->parent.fd = -1;
	rc = make_area(b, err);
	if (rc == 0)
		rc = mount_process(b, err);
	(void)umask(mask);
	if (rc < 0)
		close_fd(builder_free(b));
	else
		*out = b;
	return rc;
}

static int place(struct sbk_builder *b, const struct sbk_view *view,
		 size_t index, struct sbk_error *err)
{
	const struct sbk_view_op *op = &view->ops[index];

	if (op->kind == SBK_VIEW_BIND)
		return do_bind(b, op, index, err);
	return performers[op->kind](b, op, err);
}

int sbk_view_mount(struct sbk_builder *b, const struct sbk_view *view,
		   struct sbk_sources *sources, int *area,
		   struct sbk_error *err)
{
	mode_t mask = umask(0);
	size_t i;
	int rc = 0;

	b->sources = sources;
	for (i = 0; i < view->count && rc == 0; i++)
		rc = place(b, view, i, err);
	if (rc == 0 && !b->has_process)
		rc = sbk_error_set(err, SBK_E_UNSUPPORTED,
				   "a run without '" SBK_PROCESS_PLACE
				   "' cannot be built");
	if (rc == 0)
		rc = enter_root(b, err);
	(void)umask(mask);
	if (rc < 0)
		close_fd(builder_free(b));
	else
		*area = builder_free(b);
	return rc;
}
