/*
 * The set-id bit of sandbook-mount: the one change of setup that gives a
 * program rights, so that it is made only where nobody but root can ever
 * choose what that program is.
 */
#ifndef SBK_LINUX_SETUP_HELPER_H
#define SBK_LINUX_SETUP_HELPER_H

#include <stdbool.h>

#include "engine/backend.h"
#include "engine/limits.h"
#include "engine/plan.h"

/*
 * Adds the change of the program that stands beside this one from mode 0755
 * to 4755; nothing where it is so already. Where that cannot be trusted, a
 * note that names the place: runs then go without the account where they need
 * a mount of it. Undone, the mode is 0755 again.
 */
int sbk_setup_plan_helper(const struct sbk_backend *backend,
			  struct sbk_plan *plan, struct sbk_error *err);
/* The same for a program at `path`, absolute. */
int sbk_setup_plan_helper_at(const struct sbk_backend *backend,
			     const char *path, struct sbk_plan *plan,
			     struct sbk_error *err);

/*
 * Why somebody but root could choose what the program at `path` (absolute) is:
 * for it and each directory above it, the first that is not root's alone;
 * static, and its path in `place`. NULL: nobody can. With `set_id` also why a
 * set-id bit would not be safe there, or do nothing.
 */
const char *sbk_setup_distrust(const char *path, bool set_id,
			       char place[SBK_PATH_MAX]);

#endif
