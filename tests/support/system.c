/* What the tests need of Linux; see test.h, shared.h. */
#include "tests/support/test.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/support/shared.h"

#include "engine/banned.h"

char *sbk_test_directory(const char *name)
{
	const char *parent = getenv("TMPDIR");
	char *path = malloc(512);

	if (path == NULL)
		abort();
	(void)snprintf(path, 512, "%s/sbk-%s-XXXXXX",
		       parent != NULL ? parent : "/tmp", name);
	if (mkdtemp(path) == NULL) {
		print_error("mkdtemp %s failed\n", path);
		abort();
	}
	return path;
}

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	/* What cannot be removed shows as the directory that stays. */
	(void)remove(path);
	return 0;
}

void sbk_test_remove(char *directory)
{
	const char *keep = getenv("SBK_KEEP_TMP");

	if (directory == NULL)
		return;
	if (keep == NULL || strcmp(keep, "1") != 0)
		(void)nftw(directory, remove_one, 64, FTW_DEPTH | FTW_PHYS);
	free(directory);
}

void *sbk_test_shared(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		abort();
	return memory;
}

void sbk_test_unshare(void *memory, size_t size)
{
	(void)munmap(memory, size);
}
