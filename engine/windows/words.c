/* The words of a command line; see the header. */
#include "engine/windows/words.h"

#include <stdlib.h>

#include "engine/windows/wide.h"

#include "engine/banned.h"

char **sbk_words_narrow(int argc, wchar_t *const *wide)
{
	char **argv = calloc((size_t)argc + 1, sizeof(*argv));
	int i;

	for (i = 0; argv != NULL && i < argc; i++) {
		struct sbk_buf text = SBK_BUF_INIT;

		sbk_narrow_add(&text, wide[i], wcslen(wide[i]));
		argv[i] = sbk_buf_steal(&text);
		if (argv[i] == NULL)
			return NULL; /* and the program ends */
	}
	return argv;
}
