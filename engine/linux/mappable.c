/*
 * What keeps a tree from being mapped: its filesystem, by a table, the mount
 * that shows it, the kernel, its group. And who the account of a run is, for
 * the portable half, which plans grants for it. Asks and changes nothing.
 *
 * What is not in the table may well be mapped; sandbook-mount says so.
 */
#include "engine/linux/mappable.h"

#include <errno.h>
#include <linux/magic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "engine/linux/account_run.h"
#include "engine/linux/kernel.h"
#include "engine/linux/mounts.h"
#include "engine/linux/served.h"
#include "engine/principal_id.h"
#include "engine/run_grant.h"

#include "engine/banned.h"

#define NEVER UINT32_MAX
#define VERSION(major, minor) ((uint32_t)(major) << 16 | (uint32_t)(minor))

/* By FS_ALLOW_IDMAP in the kernel's sources: since when. */
static const struct {
	uint32_t magic, since;
	const char *why;
} table[] = {
	{0x794c7630, NEVER, "an overlay cannot be mapped"},
	{0xf15f, NEVER, "ecryptfs cannot be mapped"},
	{0x858458f6, NEVER, "ramfs cannot be mapped"},
	{0x9123683e, VERSION(5, 15), "btrfs can be mapped from Linux 5.15 on"},
	{0x01021994, VERSION(6, 3), "tmpfs can be mapped from Linux 6.3 on"},
	{0xf2f52010, VERSION(5, 18), "f2fs can be mapped from Linux 5.18 on"},
};

static uint32_t kernel_version(void)
{
	struct utsname name;
	unsigned int major, minor;

	if (uname(&name) < 0 ||
	    sscanf(name.release, "%u.%u", &major, &minor) != 2)
		return 0;
	return VERSION(major, minor);
}

static const char *judge_filesystem(uint32_t magic)
{
	const char *name;
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].magic == magic &&
		    (table[i].since == NEVER ||
		     kernel_version() < table[i].since))
			return table[i].why;
	if (sbk_served_by_magic(magic, &name) != SBK_SERVED_HERE)
		return "what a program or another machine serves cannot be "
		       "mapped";
	return NULL;
}

struct looking {
	uint64_t id;
	bool mapped;
};

static int look_at_mount(void *arg, const struct sbk_mount *mount,
			 struct sbk_error *err)
{
	struct looking *looking = arg;

	(void)err;
	if (mount->id != looking->id)
		return 0;
	looking->mapped = mount->mapped;
	return 1;
}

static bool is_mapped(const struct statx *st)
{
	struct looking looking = {.id = st->stx_mnt_id};

	if ((st->stx_mask & STATX_MNT_ID) == 0)
		return false;
	(void)sbk_mounts_each(look_at_mount, &looking, NULL);
	return looking.mapped;
}

const char *sbk_unmappable(const char *path, gid_t group, bool written)
{
	struct mount_attr nothing = {.attr_set = 0};
	const char *why;
	struct statfs fs;
	struct statx st;

	/* It is refused for its descriptor where it is known. */
	if (sbk_mount_setattr(-1, "", AT_EMPTY_PATH, &nothing) < 0 &&
	    errno == ENOSYS)
		return "mounts can be mapped from Linux 5.12 on";
	if (statfs(path, &fs) < 0 ||
	    statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT,
		  STATX_BASIC_STATS | STATX_MNT_ID, &st) < 0)
		return NULL; /* what is gone is told by who takes it */
	why = judge_filesystem((uint32_t)fs.f_type);
	if (why == NULL && written && st.stx_gid != group)
		why = "its group is not your first one, and what is another's "
		      "cannot be written through a map";
	if (why == NULL && is_mapped(&st))
		why = "it is on a mount that is mapped already";
	return why;
}

const char *sbk_run_unmappable(const char *path, bool written)
{
	return sbk_unmappable(path, getgid(), written);
}

int sbk_run_account(const struct sbk_scope *scope, char principal[],
		    struct sbk_error *err)
{
	struct sbk_account_run run = SBK_ACCOUNT_RUN_INIT;
	char missing[SBK_ACCOUNT_MISSING_MAX];

	sbk_account_choose(&run, scope->account, scope->network, missing);
	if (!run.wanted)
		return sbk_error_set(err, SBK_E_NOTFOUND, "%s", missing);
	sbk_principal_format(
		(struct sbk_principal_id){.number = run.own.number}, principal);
	return 0;
}
