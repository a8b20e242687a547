/*
 * PROFILE: the one AppArmor profile of ours, "sandbook", as the kernel has it.
 *
 * Where the system keeps programs without a profile from using user
 * namespaces (Ubuntu from 23.10 on), ours need one that allows them. It
 * confines nothing. The profile's text is a FILE of its own, which the
 * system's service loads again after a reboot; this kind is what is loaded.
 *
 * The state is the profile's line in the kernel's list, its newline included:
 *
 *	sandbook (unconfined)
 */
#ifndef SBK_LINUX_PROFILE_H
#define SBK_LINUX_PROFILE_H

#include <stdbool.h>

#include "engine/linux/kinds.h"

#define SBK_PROFILE_NAME "sandbook"
#define SBK_PROFILE_FILE "/etc/apparmor.d/sandbook"
#define SBK_PROFILE_LOADED SBK_PROFILE_NAME " (unconfined)\n"

/* Whether this machine takes user namespaces' powers from programs without a
 * profile. */
bool sbk_profile_needed(void);

/*
 * The text of the profile for the programs in `directory`, below our mark.
 * SBK_E_INVAL where the path has a character that means something in a
 * profile.
 */
int sbk_profile_text(struct sbk_buf *out, const char *directory,
		     struct sbk_error *err);

/* Asks apparmor_parser whether it takes that text. Loads nothing. */
int sbk_profile_check(const struct sbk_buf *text, struct sbk_error *err);

#endif
