/*
 * Replays files through a fuzz target, so that a corpus runs as an ordinary
 * test: each file whole, and cut short at every eighth byte.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/banned.h"

#define INPUT_MAX (1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay(const char *path)
{
	uint8_t *data = malloc(INPUT_MAX), *cut;
	FILE *file = fopen(path, "rb");
	size_t size, n;

	if (data == NULL || file == NULL) {
		(void)fprintf(stderr, "%s: cannot be read\n", path);
		free(data);
		return 1;
	}
	size = fread(data, 1, INPUT_MAX, file);
	(void)fclose(file); /* only read from */
	(void)LLVMFuzzerTestOneInput(data, size);
	for (n = 0; n < size && n < 4096; n += 8) {
		/* A block of its own size, so that a sanitizer sees its end. */
		cut = malloc(n > 0 ? n : 1);
		if (cut == NULL)
			break;
		for (size_t i = 0; i < n; i++)
			cut[i] = data[i];
		(void)LLVMFuzzerTestOneInput(cut, n);
		free(cut);
	}
	free(data);
	return 0;
}

int main(int argc, char **argv)
{
	int i, failed = 0;

	for (i = 1; i < argc; i++)
		failed |= replay(argv[i]);
	(void)printf("%d files replayed\n", argc - 1);
	return failed != 0 || argc < 2;
}
