/*
 * Paths by their bytes alone. Asks no system, follows nothing.
 */
#include "engine/path.h"

#include <string.h>

#include "engine/banned.h"

static bool is_slashes(const char *text)
{
	while (*text == '/')
		text++;
	return *text == '\0';
}

/* Asked some thousand times for each run, of short texts. */
bool sbk_path_within(const char *path, const char *above)
{
	size_t size = 0;

	while (above[size] != '\0' && path[size] == above[size])
		size++;
	if (size == 0 || !is_slashes(above + size))
		return false;
	return path[size] == '\0' || path[size] == '/' ||
	       above[size - 1] == '/';
}

const char *sbk_path_below(const char *path, const char *above)
{
	size_t size = strlen(above);

	while (size > 0 && above[size - 1] == '/')
		size--;
	return is_slashes(path + size) ? "" : path + size;
}

char *sbk_path_join(struct sbk_arena *arena, const char *above,
		    const char *rest)
{
	size_t above_size = strlen(above), rest_size;
	char *path;

	while (above_size > 0 && above[above_size - 1] == '/')
		above_size--;
	while (*rest == '/')
		rest++;
	rest_size = strlen(rest);
	path = sbk_arena_alloc(arena, above_size + rest_size + 2);
	if (path == NULL)
		return NULL;
	memcpy(path, above, above_size);
	if (rest_size > 0 || above_size == 0)
		path[above_size++] = '/';
	memcpy(path + above_size, rest, rest_size + 1);
	return path;
}

char *sbk_path_rebase(struct sbk_arena *arena, const char *path,
		      const char *from, const char *to)
{
	return sbk_path_join(arena, to, sbk_path_below(path, from));
}

int sbk_path_compare(const char *a, const char *b)
{
	while (*a != '\0' && *a == *b) {
		a++;
		b++;
	}
	if (*a == '/' && *b != '\0' && *b != '/')
		return -1;
	if (*b == '/' && *a != '\0' && *a != '/')
		return 1;
	return (unsigned char)*a - (unsigned char)*b;
}
