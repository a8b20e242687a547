/*
 * The view of a run: which files it sees, as a list of operations. Building
 * the list is pure (no system call); mount.c performs it in one loop.
 *
 *	struct sbk_view view;
 *	if (sbk_view_plan(scope, &view, err) < 0)
 *		...
 *	sbk_view_release(&view);
 *
 * Invariants of the list:
 *
 *  1. What is created (directories, files, links) lies in file systems of
 *     our own. A mount point inside a tree of the host must be there already.
 *  2. A parent comes before what is below it.
 *  3. Whatever is more restricted than the writable tree around it is a mount
 *     of its own, and so is each directory between the two: a mount point can
 *     be neither renamed nor removed, so the name stays where it is.
 */
#ifndef SBK_LINUX_VIEW_H
#define SBK_LINUX_VIEW_H

#include "engine/policy.h"

enum sbk_view_kind {
	SBK_VIEW_DIRECTORY, /* a directory of ours */
	SBK_VIEW_LINK,	    /* a symbolic link of ours to `source` */
	SBK_VIEW_BIND,	    /* `source` of the host, shown at `place` */
	SBK_VIEW_PRIVATE,   /* a writable directory that ends with the run */
	SBK_VIEW_EMPTY,	    /* an empty directory or file over `place` */
	SBK_VIEW_PROC,	    /* the process file system of the run */
	SBK_VIEW_DEVPTS,    /* terminals of the run's own */
	SBK_VIEW_ABSENT,    /* `place` must not be there: nothing covers it */
	SBK_VIEW_SEAL	    /* `place`, a mount of ours, becomes read-only */
};

/* What Landlock allows below an operation's place, as a second carrier. */
enum sbk_view_access {
	SBK_VIEW_ACCESS_NONE,	/* nothing more than the place around it */
	SBK_VIEW_ACCESS_LIST,	/* directories may be listed */
	SBK_VIEW_ACCESS_READ,	/* read and execute */
	SBK_VIEW_ACCESS_WRITE,	/* everything but device nodes */
	SBK_VIEW_ACCESS_DEVICE, /* read, write and ioctl what is there */
	SBK_VIEW_ACCESS_PROCESS /* read and write what is there */
};

struct sbk_view_op {
	enum sbk_view_kind kind;
	enum sbk_view_access access;
	const char *place;  /* absolute, in the view */
	const char *source; /* on the host, or a link's text; else NULL */
	/* The host's path below the mount, where the command would have more
	 * rights without it: guard.h watches over it. Else NULL. */
	const char *covers;
	unsigned int mode; /* of what is created */
	bool is_directory;
	bool is_link; /* the source is a symbolic link, shown as one */
	bool read_only;
	bool device;   /* device nodes work here */
	bool create;   /* `place` is ours to make, as a mount point */
	bool same;     /* `place` and `source` must be one object now */
	bool optional; /* a missing source is passed over */
	bool own;      /* the source is the person's: mapped for the account */
	bool granted;  /* the person's, and the account's by ACL entries */
	uint64_t device_id, number; /* `source` must be this object; 0: any */
};

struct sbk_view {
	struct sbk_arena arena;
	struct sbk_view_op *ops; /* in the arena */
	size_t count, capacity;
};

/*
 * The operations for `scope`. SBK_E_LIMIT beyond SBK_RUN_OPS_MAX, SBK_E_NOMEM.
 * Strings of the scope are borrowed. Nothing to release on failure.
 */
int sbk_view_plan(const struct sbk_scope *scope, struct sbk_view *out,
		  struct sbk_error *err);
void sbk_view_release(struct sbk_view *view);

#endif
