/*
 * How `apply` tells the journal what it is about to do and what became of it.
 * The journal implements it (journal/transaction.c); tests have one in memory.
 *
 * Calling sequence, per transaction:
 *	begin, { prepare, settle }..., end
 * `prepare` returns only when the intents are durable; `apply` touches an
 * object only after that. One batch may be prepared before the one ahead of it
 * is settled. Both are called by the caller's thread.
 */
#ifndef SBK_RECORDER_H
#define SBK_RECORDER_H

#include <stddef.h>

#include "engine/error.h"
#include "engine/plan.h"

enum sbk_transaction_kind {
	SBK_TRANSACTION_DO,  /* all or nothing: a failed step undoes it */
	SBK_TRANSACTION_UNDO /* inverse changes, each for itself */
};

struct sbk_recorder_ops {
	/*
	 * Records the intents of a batch, durably, and gives each change its
	 * id and status PREPARED. SBK_E_LIMIT when the volume would not leave
	 * room for their undo.
	 */
	int (*prepare)(void *self, struct sbk_change *const *changes,
		       size_t count, struct sbk_error *err);
	/*
	 * Records what became of changes, as their `status` and `note` say.
	 * Where a change inverts another, the other one follows: confirmed
	 * makes it undone, conflict and owed make it the same. Changes may
	 * also be earlier ones, loaded from the journal and settled without
	 * touching the host.
	 */
	int (*settle)(void *self, struct sbk_change *const *changes,
		      size_t count, struct sbk_error *err);
};

struct sbk_recorder {
	const struct sbk_recorder_ops *ops;
	void *self;
};

int sbk_recorder_prepare(const struct sbk_recorder *recorder,
			 struct sbk_change *const *changes, size_t count,
			 struct sbk_error *err);
int sbk_recorder_settle(const struct sbk_recorder *recorder,
			struct sbk_change *const *changes, size_t count,
			struct sbk_error *err);

#endif
