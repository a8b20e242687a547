/*
 * What git is told by its environment in a run under an account.
 */
#ifndef SBK_GIT_ENVIRONMENT_H
#define SBK_GIT_ENVIRONMENT_H

#include "engine/buf.h"
#include "engine/error.h"

/*
 * To the account the person's files are somebody else's, and git refuses a
 * repository of somebody else's ("dubious ownership"). So one more entry of
 * those that git reads from its environment, safe.directory=*, which counts
 * there as on its command line (git-config: GIT_CONFIG_COUNT; "protected
 * configuration"). `variables` ("NAME=value", NULL-ended) with it, in the
 * arena; the same list where it has it already. A count that is no number, or
 * too large to be one, is the caller's own affair: none of it counts.
 */
int sbk_git_environment(const char *const *variables, struct sbk_arena *arena,
			const char ***out, struct sbk_error *err);

#endif
