/*
 * Whether a tree can be shown to the sandbox account by a mount that maps the
 * person's ids to it, as far as that can be seen without trying: only
 * sandbook-mount can try (ACCOUNT.md, section 6a).
 */
#ifndef SBK_LINUX_MAPPABLE_H
#define SBK_LINUX_MAPPABLE_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * NULL where nothing speaks against it, else why not, static: "an overlay
 * cannot be mapped". `group` is the caller's: what belongs to another one can
 * be read through such a mount and not `written`.
 */
const char *sbk_unmappable(const char *path, gid_t group, bool written);

#endif
