/*
 * What the host has: mounted filesystems, people, groups. The questions of an
 * audit, answered by the system's folder like those of engine/os.h.
 */
#ifndef SBK_OS_CENSUS_H
#define SBK_OS_CENSUS_H

#include "engine/buf.h"
#include "engine/os.h"

/*
 * The mounted filesystems, for a sweep that looks at each volume once. Strings
 * are owned by the list.
 */
struct sbk_filesystem {
	const char *point;  /* where it is */
	const char *root;   /* the directory of the volume that is there */
	const char *type;   /* "ext4" */
	const char *source; /* "/dev/sda1", "server:/export" */
	const char *device; /* equal for mounts of one volume */
	enum sbk_filesystem_kind {
		SBK_FILESYSTEM_LOCAL,
		SBK_FILESYSTEM_REMOTE, /* another machine's, or a program's */
		SBK_FILESYSTEM_PSEUDO  /* the kernel's own: holds no grants */
	} kind;
	bool read_only;
	bool visible; /* not covered by a later mount */
};

struct sbk_filesystems {
	struct sbk_arena arena;
	struct sbk_filesystem *items;
	size_t count;
};

int sbk_os_filesystems(struct sbk_filesystems *out, struct sbk_error *err);
void sbk_os_filesystems_release(struct sbk_filesystems *list);

/* Calls `visit` for each person of the account database, system accounts
 * included. 0 to go on, < 0 to stop with it. */
typedef int sbk_os_person_fn(void *arg, const struct sbk_person *person,
			     struct sbk_error *err);
int sbk_os_people(sbk_os_person_fn *visit, void *arg, struct sbk_error *err);

/*
 * The groups that a principal is in, as "g:990"; none for a group, and none
 * for a number without an account. Strings live in `arena`.
 */
int sbk_os_groups_of(const char *principal, struct sbk_arena *arena,
		     const char ***groups, size_t *count,
		     struct sbk_error *err);

/* The name of "u:990" or "g:990"; "" where the number has none. */
int sbk_os_principal_name(const char *principal, char *out, size_t out_size,
			  struct sbk_error *err);

#endif
