/*
 * The hand-back: what the sandbox account made in the granted roots of runs
 * becomes the person's (linux/ACCOUNT.md, section 6a; windows/WINDOWS.md, part
 * 6, "Hand-back"). Who acts is a process of the person's that has power over
 * the account's files, and no other.
 *
 *	hand_back.c           what is to change hands: a survey, a plan
 *	cmd_hand_back.c       the command, and the run's way to it
 *	../journal/hand_back.c  which sessions owe it; carrying it out
 *	linux/hand_back.c     the process with the power; windows/hand_back.c
 */
#ifndef SBK_HAND_BACK_H
#define SBK_HAND_BACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/backend.h"
#include "engine/cli.h"
#include "engine/ledger.h"
#include "engine/os.h"
#include "engine/plan.h"
#include "engine/principal_id.h"

/* One of the caller's accounts. */
struct sbk_hand_back_account {
	struct sbk_owner owner;
	/* As states name it, and the group that is its own. */
	char user[SBK_PRINCIPAL_TEXT], group[SBK_PRINCIPAL_TEXT];
};

struct sbk_hand_back {
	const struct sbk_backend *backend;
	struct sbk_person person;		     /* whose it becomes */
	const struct sbk_hand_back_account *account; /* whose it is */
};

/*
 * Adds to `plan` one change for each object below `where->roots` that the
 * account owns, at most SBK_HAND_BACK_MAX; none at or below `where->busy`.
 * What is left for good is counted in `left`, and the first of it named:
 * files with names elsewhere, files of a third group, what cannot be looked
 * at. An sbk_hand_back_find_fn; `arg` is the struct above.
 */
int sbk_hand_back_find(void *arg, const struct sbk_hand_back_where *where,
		       struct sbk_plan *plan, struct sbk_hand_back_left *left,
		       struct sbk_error *err);

/* An object that is handed back. */
struct sbk_hand_back_object {
	const char *path;
	struct sbk_state current;
	/* How the directory that it is in will be; absent where objects do not
	 * take after it (sbk_backend_inherits). */
	struct sbk_state above;
};

/*
 * What its ACCESS state becomes: set-id bits of files gone, and what it
 * inherits as if the person had made it there. `next` equals `current` where
 * the account neither owns it nor is its group; SBK_E_DENIED where it cannot
 * change hands, since a third one has a part in it or the person no right to
 * take it. Changes nothing. Linked from the system's folder, as is what
 * follows.
 */
int sbk_hand_back_state(const struct sbk_hand_back *who,
			const struct sbk_hand_back_object *object,
			struct sbk_buf *next, struct sbk_error *err);

/* The caller's accounts, at most two. */
int sbk_hand_back_accounts(struct sbk_hand_back_account out[2], size_t *count,
			   struct sbk_error *err);

/*
 * Calls `work` in a child of the caller's own that has power over the files
 * of both, and waits for it; on Windows, where the person has what power there
 * is, in the caller. `answer` is what `work` left there. Its failure
 * is the caller's; SBK_E_UNSUPPORTED where such a process cannot be had. The
 * caller must be one thread and hold no journal open.
 */
int sbk_hand_back_within(const struct sbk_owner *account,
			 int (*work)(void *arg, void *answer,
				     struct sbk_error *err),
			 void *arg, void *answer, size_t size,
			 struct sbk_error *err);

/*
 * This program once more, for the session that is ending, and waits. Its words
 * go to standard error. The exit code of `sandbook hand-back`. Nothing is
 * started for a caller without an account.
 */
int sbk_hand_back_start(uint64_t session, bool quiet, int *exit_code,
			struct sbk_error *err);

extern const struct sbk_command sbk_command_hand_back;

#endif
