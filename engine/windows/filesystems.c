/*
 * The volumes of this machine. One with a letter is looked at below that, any
 * other below its own name; one that is mounted in a directory is reached by
 * neither, and its mount point is no place of a walk. What keeps no access
 * lists has nothing to look at; what may keep some and is locked is a place
 * that the walk then misses, and says why.
 */
#include "engine/os_census.h"

#include <stdlib.h>
#include <string.h>

#include "engine/windows/win32_census.h"

#include "engine/banned.h"

#define VOLUMES_MAX 1024

static enum sbk_filesystem_kind kind_of(const struct sbk_win32_volume *volume)
{
	if (volume->is_remote)
		return SBK_FILESYSTEM_REMOTE;
	return volume->keeps_acls || volume->is_closed ? SBK_FILESYSTEM_LOCAL
						       : SBK_FILESYSTEM_PSEUDO;
}

static int take(void *arg, const struct sbk_win32_volume *volume,
		struct sbk_error *err)
{
	struct sbk_filesystems *list = arg;
	struct sbk_filesystem *items, *out;

	if (list->count == VOLUMES_MAX)
		return sbk_error_set(err, SBK_E_LIMIT, "more than %d volumes",
				     VOLUMES_MAX);
	items = realloc(list->items, (list->count + 1) * sizeof(*items));
	if (items == NULL)
		return sbk_error_no_memory(err);
	list->items = items;
	out = &items[list->count];
	*out = (struct sbk_filesystem){
		.point = sbk_arena_strdup(&list->arena, volume->point[0] != '\0'
								? volume->point
								: volume->guid),
		.root = "/",
		.type = sbk_arena_strdup(&list->arena, volume->type),
		.source = sbk_arena_strdup(&list->arena, volume->guid),
		.kind = kind_of(volume),
		.read_only = volume->is_read_only,
		.visible = true};
	out->device = out->source;
	if (out->point == NULL || out->type == NULL || out->source == NULL)
		return sbk_error_no_memory(err);
	list->count++;
	return 0;
}

int sbk_os_filesystems(struct sbk_filesystems *out, struct sbk_error *err)
{
	struct sbk_filesystems list = {.arena = SBK_ARENA_INIT};
	int rc = sbk_win32_each_volume(take, &list, err);

	if (rc < 0)
		sbk_os_filesystems_release(&list);
	else
		*out = list;
	return rc;
}

void sbk_os_filesystems_release(struct sbk_filesystems *list)
{
	sbk_arena_release(&list->arena);
	free(list->items);
	*list = (struct sbk_filesystems){.items = NULL};
}
