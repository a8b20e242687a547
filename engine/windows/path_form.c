/*
 * Paths on Windows begin with a drive (drive_path.h has the rules).
 */
#include "engine/path_form.h"

#include "engine/windows/drive_path.h"

#include "engine/banned.h"

bool sbk_path_root(const char *path, size_t *root)
{
	return sbk_drive_root(path, root);
}

bool sbk_path_is_absolute(const char *path)
{
	size_t root;

	return sbk_drive_root(path, &root);
}

void sbk_path_take(char *text)
{
	sbk_drive_take(text);
}

void sbk_path_give(char *text)
{
	sbk_drive_give(text);
}

const char *sbk_path_form_problem(const char *text)
{
	return sbk_drive_problem(text);
}

void sbk_variable_fold(char *name, size_t size)
{
	sbk_drive_fold(name, size);
}
