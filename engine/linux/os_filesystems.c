/*
 * The list of mounts behind sbk_os_filesystems: which are of this machine,
 * which are another's, which are the kernel's own and hold nothing that anybody
 * could be granted. Opens nothing, and touches no mount point that may wait
 * for another machine.
 */
#include "engine/os_census.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/linux/mounts.h"

#include "engine/banned.h"

/* Filesystems whose objects are made by the kernel, not kept, and take no
 * entry. Devices (devtmpfs) and memory (tmpfs) are not among them: both have
 * owners and ACLs that somebody may have set. */
static bool is_pseudo(const char *type)
{
	static const char *const types[] = {
		"autofs",    "bdev",	"binder",   "binfmt_misc", "bpf",
		"cgroup",    "cgroup2", "configfs", "cpuset",	   "debugfs",
		"devpts",    "dmaview", "efivarfs", "functionfs",  "fusectl",
		"hugetlbfs", "mqueue",	"nsfs",	    "nfsd",	   "pipefs",
		"proc",	     "pstore",	"resctrl",  "rpc_pipefs",  "securityfs",
		"selinuxfs", "smackfs", "sockfs",   "sysfs",	   "tracefs",
		"xenfs",     "usbfs",	"usbdevfs",
	};
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(type, types[i]) == 0)
			return true;
	return false;
}

/* Whether what stands at the mount point is this mount. */
static bool is_visible(const struct sbk_mount *mount)
{
	struct statx st;

	return statx(AT_FDCWD, mount->point,
		     AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC,
		     STATX_MNT_ID, &st) == 0 &&
	       ((st.stx_mask & STATX_MNT_ID) == 0 ||
		st.stx_mnt_id == mount->id);
}

struct listing {
	struct sbk_filesystems *out;
	size_t capacity;
};

static int grow(struct listing *listing, struct sbk_error *err)
{
	size_t capacity = listing->capacity > 0 ? listing->capacity * 2 : 32;
	struct sbk_filesystem *items;

	if (listing->out->count < listing->capacity)
		return 0;
	items = realloc(listing->out->items, capacity * sizeof(*items));
	if (items == NULL)
		return sbk_error_no_memory(err);
	listing->out->items = items;
	listing->capacity = capacity;
	return 0;
}

static enum sbk_filesystem_kind kind_of(const char *type)
{
	if (is_pseudo(type))
		return SBK_FILESYSTEM_PSEUDO;
	return sbk_mount_is_remote(type) ? SBK_FILESYSTEM_REMOTE
					 : SBK_FILESYSTEM_LOCAL;
}

static int add_mount(void *arg, const struct sbk_mount *mount,
		     struct sbk_error *err)
{
	struct listing *listing = arg;
	struct sbk_arena *arena = &listing->out->arena;
	struct sbk_filesystem copy = {
		.point = sbk_arena_strdup(arena, mount->point),
		.root = sbk_arena_strdup(arena, mount->root),
		.type = sbk_arena_strdup(arena, mount->type),
		.source = sbk_arena_strdup(arena, mount->source),
		.device = sbk_arena_strdup(arena, mount->device),
		.kind = kind_of(mount->type),
		.read_only = mount->read_only,
		.visible = true,
	};
	int rc = grow(listing, err);

	if (rc < 0)
		return rc;
	if (copy.point == NULL || copy.root == NULL || copy.type == NULL ||
	    copy.source == NULL || copy.device == NULL)
		return sbk_error_no_memory(err);
	if (copy.kind == SBK_FILESYSTEM_LOCAL)
		copy.visible = is_visible(mount);
	listing->out->items[listing->out->count++] = copy;
	return 0;
}

int sbk_os_filesystems(struct sbk_filesystems *out, struct sbk_error *err)
{
	struct sbk_filesystems list = {.arena = SBK_ARENA_INIT};
	struct listing listing = {.out = &list};
	int rc = sbk_mounts_each(add_mount, &listing, err);

	if (rc < 0) {
		sbk_os_filesystems_release(&list);
		return rc;
	}
	*out = list;
	return 0;
}

void sbk_os_filesystems_release(struct sbk_filesystems *list)
{
	sbk_arena_release(&list->arena);
	free(list->items);
	*list = (struct sbk_filesystems){.items = NULL};
}
