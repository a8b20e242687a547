/*
 * Paths on Linux begin with a slash, and every other byte of them is a name's.
 */
#include "engine/path_form.h"

#include "engine/banned.h"

bool sbk_path_root(const char *path, size_t *root)
{
	*root = 0;
	return path[0] == '/';
}

bool sbk_path_is_absolute(const char *path)
{
	return path[0] == '/';
}

void sbk_path_take(char *text)
{
	(void)text;
}

void sbk_path_give(char *text)
{
	(void)text;
}

const char *sbk_path_form_problem(const char *text)
{
	(void)text;
	return NULL;
}

void sbk_variable_fold(char *name, size_t size)
{
	(void)name;
	(void)size;
}
