/*
 * Watches over the covers of a run: mounts that keep from the command what
 * the tree around them would give it (denied files, protected names, and the
 * directories that hold those names in place).
 *
 * A mount point can be neither renamed nor removed inside the run's mount
 * namespace. Outside it is an ordinary name, and renaming something over it
 * takes the mount off (Linux 3.18 and later); renaming it away takes the
 * mount along, and the name is free. Editors do both when they save.
 *
 *	begin	before the view is mounted, with its sources taken
 *	arm	once it is mounted
 *	check	whenever one of the two descriptors is readable, or
 *		wait_ms has passed
 *	release
 */
#ifndef SBK_LINUX_GUARD_H
#define SBK_LINUX_GUARD_H

#include "engine/linux/sources.h"
#include "engine/linux/view.h"

/* Renames are watched from then on: taking the watches away costs the kernel
 * milliseconds, which a short command should not pay. */
#define SBK_GUARD_FIRST_MS 20
/* How often a guard looks that cannot be told of every rename. */
#define SBK_GUARD_BLIND_MS 100

struct sbk_guarded {
	const struct sbk_view_op *op;
	uint64_t mount; /* the kernel's id of the cover; 0: was never made */
	int object;	/* what is covered, to watch it; -1: cannot be */
};

struct sbk_guard {
	struct sbk_guarded *covers; /* NULL: nothing to watch */
	size_t count;
	int mounts; /* poll for POLLPRI: a mount came or went; or -1 */
	int names;  /* poll for POLLIN: a covered object was renamed; or -1 */
	bool watching;	 /* renames are told: all, unless ... */
	bool blind;	 /* ... some are not */
	uint64_t due_ms; /* of the next look by the clock; 0: not yet set */
};

#define SBK_GUARD_INIT                    \
	{                                 \
		.mounts = -1, .names = -1 \
	}

/* Strings of the view are borrowed until release. SBK_E_NOMEM. */
int sbk_guard_begin(struct sbk_guard *guard, const struct sbk_view *view,
		    const struct sbk_sources *sources, struct sbk_error *err);

/* SBK_E_UNSUPPORTED when a cover is gone already. */
int sbk_guard_arm(struct sbk_guard *guard, struct sbk_error *err);

/* 0 while every cover is where it was put, else SBK_E_UNSUPPORTED with the
 * path and the guarantee that is lost. */
int sbk_guard_check(struct sbk_guard *guard, struct sbk_error *err);

/* How long it may go without a check; 0: it is due; -1: until it is told. */
int sbk_guard_wait_ms(struct sbk_guard *guard);

void sbk_guard_release(struct sbk_guard *guard);

#endif
