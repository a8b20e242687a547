/*
 * measured: what acceptance.json says to engine/ntsec/access_table.c.
 *
 *	measured [--paste] ACCEPTANCE.JSON|ROWS.JSONL
 *
 * Exit code: 0 all was measured, and the table says the same; 1 the table is to
 * change; 2 not all was measured, and what was agrees; 3 the file is not one.
 */
#include <stdio.h>
#include <string.h>

#include "tests/windows/acceptance/measured.h"

#include "engine/banned.h"

#define FILE_MAX (8u << 20)

int main(int argc, char **argv)
{
	static char text[FILE_MAX];
	const bool paste = argc == 3 && strcmp(argv[1], "--paste") == 0;
	struct sbk_error err = SBK_ERROR_INIT;
	static struct measured measured;
	FILE *file;
	size_t size;
	int code;

	if (argc != 2 + paste) {
		(void)fprintf(stderr, "usage: measured [--paste] FILE\n");
		return 3;
	}
	file = fopen(argv[argc - 1], "rb");
	if (file == NULL) {
		(void)fprintf(stderr, "measured: cannot read '%s'\n",
			      argv[argc - 1]);
		return 3;
	}
	size = fread(text, 1, sizeof(text), file);
	code = ferror(file);
	(void)fclose(file);
	if (code != 0 || size == sizeof(text)) {
		(void)fprintf(stderr, "measured: '%s' cannot be read whole\n",
			      argv[argc - 1]);
		return 3;
	}
	if (measured_read(text, size, &measured, &err) < 0) {
		(void)fprintf(stderr, "measured: %s: %s\n", argv[argc - 1],
			      err.message);
		return 3;
	}
	code = measured_compare(&measured, stdout);
	if (paste)
		measured_paste(&measured, stdout);
	return code;
}
