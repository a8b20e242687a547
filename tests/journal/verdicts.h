/*
 * What attacks on the log are held to: a history, what an auditor kept of it,
 * and the answers of `journal verify` without it and with it. And what an
 * attacker can do who knows the format.
 */
#ifndef SBK_TEST_VERDICTS_H
#define SBK_TEST_VERDICTS_H

#include "tests/journal/fixture.h"

#include "journal/signing.h"

/* SQL: the same log with another title of what was done. */
#define VERDICT_REWRITE                                                 \
	"UPDATE entry SET json = replace(json, 'a grant', 'nothing'); " \
	"UPDATE txn SET title = replace(title, 'a grant', 'nothing')"

/* What somebody kept elsewhere, of the time before the last transaction. */
struct kept {
	char key[SBK_KEY_TEXT_MAX];
	struct sbk_buf note;
};

/* As it is now. */
void verdict_keep(struct fixture *f, struct kept *kept);
/* `key` and `note` may be NULL; the caller releases `out`. */
enum sbk_log_verdict verdict_ask(struct fixture *f, const char *key,
				 const struct sbk_buf *note,
				 struct sbk_journal_verdict *out);
/* Without anything, with the key, with the checkpoint. */
void verdict_assert(struct fixture *f, const struct kept *kept,
		    enum sbk_log_verdict alone, enum sbk_log_verdict with_key,
		    enum sbk_log_verdict with_note, const char *what);

/* The database beside its place, and back from there. */
void verdict_save(struct fixture *f, const char *name);
void verdict_restore(struct fixture *f, const char *name);

/* A grant; kept elsewhere; an undo. Over 64 entries before and after. */
void verdict_history(struct fixture *f, struct kept *kept);

/* Computes head and nodes anew, as who knows the format can. */
void verdict_rehash(struct fixture *f);
/* Each checkpoint, of what the log is now. */
void verdict_sign_again(struct fixture *f,
			const struct sbk_note_signer *signer);

/* A transaction of this title, without a change. */
void verdict_note_session(struct fixture *f, const char *title);

#endif
