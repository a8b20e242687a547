/*
 * What a text of a policy may be: pure checks of single strings, which the
 * reader of the file turns into messages with line and column.
 */
#include "engine/policy_model.h"

#include <string.h>

#include "engine/limits.h"
#include "engine/path_form.h"

#include "engine/banned.h"

static bool has_dots(const char *text)
{
	while (*text != '\0') {
		size_t size = strcspn(text, "/");

		if (size == 2 && memcmp(text, "..", 2) == 0)
			return true;
		text += size;
		text += *text == '/' ? 1 : 0;
	}
	return false;
}

bool sbk_policy_has_control(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return true;
	return false;
}

const char *sbk_policy_path_problem(const char *text, enum sbk_layer layer)
{
	if (text[0] == '\0')
		return "is empty; '.' is the working directory";
	if (strlen(text) >= SBK_PATH_MAX)
		return "is longer than 4095 bytes";
	if (sbk_policy_has_control(text))
		return "has a control character";
	if (text[0] == '$')
		return "begins with a variable, and none is replaced here; "
		       "'~/' is the home";
	if (strpbrk(text, "*?") != NULL)
		return "is a pattern, and paths are taken as they are; name "
		       "the directory";
	if (text[0] == '~' && text[1] != '\0' && text[1] != '/')
		return "names another user's home; write it out";
	if (has_dots(text))
		return "has '..'; write the path that is meant";
	if (layer == SBK_LAYER_PROJECT &&
	    (text[0] == '/' || text[0] == '~' || sbk_path_is_absolute(text)))
		return "leads out of the project, which its own file may not; "
		       "begin with a name in the project";
	return NULL;
}
