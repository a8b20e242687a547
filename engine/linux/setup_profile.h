/*
 * The AppArmor profile in the plan of setup: its file and its loading.
 */
#ifndef SBK_LINUX_SETUP_PROFILE_H
#define SBK_LINUX_SETUP_PROFILE_H

#include "engine/backend.h"
#include "engine/plan.h"

/*
 * Where this machine keeps programs without a profile from user namespaces:
 * adds the file and its loading, where they are not there. A note, and nothing
 * added, where the parser is missing or does not take it, or where somebody
 * but root could put other programs in our place. Elsewhere nothing at all.
 * SBK_E_EXISTS where the file is somebody else's.
 */
int sbk_setup_plan_profile(const struct sbk_backend *backend,
			   struct sbk_plan *plan, struct sbk_error *err);
/* The same for the programs in `directory`. */
int sbk_setup_plan_profile_at(const struct sbk_backend *backend,
			      const char *directory, struct sbk_plan *plan,
			      struct sbk_error *err);

#endif
