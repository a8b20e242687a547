/*
 * A driver that stores what it likes: loaded before the C library, it changes
 * the last byte of the descriptor that is written REWRITE_NTH-th.
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

typedef int setxattr_fn(const char *path, const char *name, const void *value,
			size_t size, int flags);

int setxattr(const char *path, const char *name, const void *value, size_t size,
	     int flags)
{
	static unsigned long calls;
	const char *nth = getenv("REWRITE_NTH");
	char *other = malloc(size + 1);
	setxattr_fn *next;
	int rc;

	*(void **)&next = dlsym(RTLD_NEXT, "setxattr");
	if (next == NULL || other == NULL || size == 0)
		abort();
	memcpy(other, value, size);
	if (nth != NULL && strcmp(name, "system.ntfs_acl") == 0 &&
	    ++calls == strtoul(nth, NULL, 10))
		other[size - 1] ^= 1;
	rc = next(path, name, other, size, flags);
	free(other);
	return rc;
}
