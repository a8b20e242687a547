/*
 * The two halves of tests/bench/volume that want a program:
 *
 *	bench_volume fill DIRECTORY OBJECTS   makes a tree on a mounted volume:
 *		200 files in a directory, a descriptor of its own for each
 *		directory (of 500 different ones) and the same for its files
 *	bench_volume walk DIRECTORY           reads each descriptor through the
 *		mount, as an audit without a reader of its own would
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "engine/ntsec/sddl.h"

#include "engine/banned.h"

#define FILES 200
#define DISTINCT 500

static unsigned long seen;

static int look(const char *path, const struct stat *st, int type,
		struct FTW *ftw)
{
	static char bytes[65536];

	(void)st;
	(void)type;
	(void)ftw;
	seen += lgetxattr(path, "system.ntfs_acl", bytes, sizeof(bytes)) > 0;
	return 0;
}

static int walk(const char *directory)
{
	if (nftw(directory, look, 64, FTW_PHYS) < 0)
		return 1;
	(void)printf("%lu descriptors read\n", seen);
	return 0;
}

static void describe(struct sbk_buf *out, unsigned n)
{
	char text[256];
	int size = snprintf(text, sizeof(text),
			    "O:BAG:SYD:AI(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)"
			    "(A;OICIID;0x1301bf;;;S-1-5-21-1-2-3-%u)"
			    "(A;OICIID;0x1200a9;;;S-1-5-21-9-9-9-1005)",
			    1000 + n % DISTINCT);

	sbk_buf_clear(out);
	if (sbk_sddl_parse(text, (size_t)size, NULL, out, NULL) < 0)
		abort(); /* it is ours */
}

static int put(const char *path, bool is_directory, const struct sbk_buf *sd)
{
	int fd;

	if (is_directory) {
		if (mkdir(path, 0755) < 0)
			return -1;
	} else {
		fd = open(path, O_CREAT | O_EXCL | O_WRONLY, 0644);
		if (fd < 0)
			return -1;
		(void)close(fd); /* nothing was written */
	}
	return setxattr(path, "system.ntfs_acl", sd->data, sd->size, 0);
}

static int fill(const char *root, unsigned long objects)
{
	struct sbk_buf sd = SBK_BUF_INIT;
	char path[4096];
	unsigned long made, n = 0;
	unsigned i;
	int rc = 0;

	for (made = 0; rc == 0 && made < objects; n++) {
		describe(&sd, (unsigned)n);
		if (n % 50 == 0) {
			(void)snprintf(path, sizeof(path), "%s/%lu", root,
				       n / 50);
			rc = put(path, true, &sd);
			made++;
		}
		(void)snprintf(path, sizeof(path), "%s/%lu/%lu", root, n / 50,
			       n);
		if (rc == 0)
			rc = put(path, true, &sd);
		made++;
		for (i = 0; rc == 0 && i < FILES && made < objects; i++) {
			(void)snprintf(path, sizeof(path), "%s/%lu/%lu/file%u",
				       root, n / 50, n, i);
			rc = put(path, false, &sd);
			made++;
		}
	}
	if (rc < 0)
		(void)fprintf(stderr, "%s: %s\n", path, strerror(errno));
	sbk_buf_release(&sd);
	return rc < 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "walk") == 0)
		return walk(argv[2]);
	if (argc == 4 && strcmp(argv[1], "fill") == 0)
		return fill(argv[2], strtoul(argv[3], NULL, 0));
	return 2;
}
