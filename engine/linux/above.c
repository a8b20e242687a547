/*
 * Remembers one directory by the text of its path. Whoever uses it holds the
 * tree still for as long: a name that is exchanged meanwhile is not seen.
 */
#include "engine/linux/above.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "engine/linux/error.h"
#include "engine/linux/kernel.h"

#include "engine/banned.h"

int sbk_above_open(int root, const char *path)
{
	return sbk_openat2(root, path[1] == '\0' ? "." : path + 1,
			   O_PATH | O_CLOEXEC | O_NOFOLLOW, SBK_NO_LINKS);
}

const char *sbk_above_name(const char *path)
{
	return strrchr(path, '/') + 1;
}

void sbk_above_close(struct sbk_above *above)
{
	if (above->fd >= 0)
		(void)close(above->fd); /* nothing was written through it */
	above->fd = -1;
}

int sbk_above_keep(struct sbk_above *above, int root, const char *path,
		   struct sbk_error *err)
{
	size_t size = (size_t)(strrchr(path, '/') - path);

	if (size >= sizeof(above->path))
		return sbk_error_set(err, SBK_E_LIMIT,
				     "path '%s' is too long for a run", path);
	if (above->fd >= 0 && size == above->size &&
	    memcmp(path, above->path, size) == 0)
		return 1;
	sbk_above_close(above);
	memcpy(above->path, path, size);
	above->path[size] = '\0';
	above->size = size;
	above->fd = sbk_above_open(root, size == 0 ? "/" : above->path);
	if (above->fd < 0)
		return sbk_error_set_errno(
			err, errno, "cannot open the directory above '%s'",
			path);
	return 0;
}
