/*
 * What every run is given, whoever it runs as: its variables, its program, its
 * roots, the caller's streams.
 */
#ifndef SBK_WINDOWS_RUN_PARTS_H
#define SBK_WINDOWS_RUN_PARTS_H

#include "engine/windows/front.h"
#include "engine/windows/launch.h"
#include "engine/windows/run_sids.h"

/* What sbk_run_launch was given. */
struct sbk_run_wish {
	const struct sbk_scope *scope;
	const struct sbk_run_options *options;
	const struct sbk_run_hooks *hooks;
	char *const *argv;
	struct sbk_front *front; /* NULL: this user has no records */
	struct sbk_front_wait wait;
};

struct sbk_run_parts {
	struct sbk_arena arena;
	struct sbk_buf program;
	const char **environment;
	struct sbk_run_sids roots; /* which a token of the run holds */
};

#define SBK_RUN_PARTS_INIT                                        \
	{                                                         \
		.arena = SBK_ARENA_INIT, .program = SBK_BUF_INIT, \
	}

/*
 * The program that the run's own PATH leads to. SBK_E_NOTFOUND: none; then
 * sbk_run_parts_none records a run of which nothing was started.
 */
int sbk_run_parts_program(const struct sbk_run_wish *wish,
			  struct sbk_run_parts *parts, struct sbk_error *err);
int sbk_run_parts_none(const struct sbk_run_wish *wish,
		       struct sbk_carriers *carriers, struct sbk_run_end *end,
		       struct sbk_error *err);
/* Fills in of `out` what the scope, the parts and the caller's streams say. */
void sbk_run_parts_fill(const struct sbk_run_wish *wish,
			const struct sbk_run_parts *parts,
			struct sbk_launch_wish *out);
/*
 * Whether a command may have the user's own token: SBK_E_UNSUPPORTED where the
 * password of an account is kept for this user, or it cannot be told.
 */
int sbk_run_parts_secrets(struct sbk_error *err);
/*
 * What a run that began ends with: `rc` and `why`, and where its cleaning up
 * failed, too (`ended` < 0, `left`), SBK_E_INCOMPLETE that says both, since
 * something of it may be alive.
 */
int sbk_run_parts_ended(int rc, const struct sbk_error *why, int ended,
			const struct sbk_error *left, struct sbk_error *err);
void sbk_run_parts_release(struct sbk_run_parts *parts);

#endif
