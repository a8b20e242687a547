/*
 * Places of the tables as paths: "~" is a home, "<Windows>" a folder that the
 * system names.
 */
#include "engine/places.h"

#include <string.h>

#include "engine/limits.h"
#include "engine/path.h"

#include "engine/banned.h"

int sbk_places_expand(const char *place, const char *home,
		      struct sbk_arena *arena, const char **out,
		      struct sbk_error *err)
{
	const size_t size = place[0] == '<' ? strcspn(place, ">") : 0;
	char folder[SBK_PATH_MAX];
	const char *path = place;

	*out = NULL;
	if (size > 0 && !sbk_places_folder(place + 1, size - 1, folder))
		return 0;
	if (place[0] == '~' && home[0] == '\0')
		return 0;
	if (size > 0)
		path = sbk_path_join(arena, folder, place + size + 1);
	if (place[0] == '~')
		path = place[1] == '\0' ? home
					: sbk_path_join(arena, home, place + 1);
	if (path == NULL)
		return sbk_error_no_memory(err);
	*out = path;
	return 0;
}
