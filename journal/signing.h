/*
 * What the log signs, and with what: the journal's key (key.c) and its
 * checkpoints (checkpoint.c). The formats stand in FORMAT.md, "Checkpoints".
 */
#ifndef SBK_JOURNAL_SIGNING_H
#define SBK_JOURNAL_SIGNING_H

#include "journal/internal.h"
#include "journal/note.h"

/* --- key.c ---------------------------------------------------------------- */

/* The hexadecimal digits that name a journal, with their end. */
#define SBK_JOURNAL_ID_TEXT 33

/* The log's origin, which is its keys' name: "sandbook/user/<id>". */
void sbk_key_origin(enum sbk_book book, const char *id,
		    char out[SBK_NOTE_NAME_MAX]);
/* Makes the key of a journal in the making and its file; the public key's text
 * through `text`. Needs the lock; a file that is there belongs to none. */
int sbk_key_begin(struct sbk_journal *journal, const char *id,
		  char text[SBK_NOTE_KEY_TEXT], struct sbk_error *err);
/*
 * The journal's private key from its file, compared with the newest that the
 * log names: NOTFOUND, DENIED (a link, another's, open to others), CORRUPT.
 * The caller erases it.
 */
int sbk_key_load(struct sbk_journal *journal, struct sbk_note_signer *out,
		 struct sbk_error *err);
/* The newest key that the log names. NOTFOUND: it names none. */
int sbk_key_named(struct sbk_journal *journal, struct sbk_note_key *out,
		  struct sbk_error *err);
/*
 * Gives a journal from before there were keys one. Needs the lock. No failure
 * of the caller's: why it failed is in journal->unsigned_why.
 */
void sbk_key_provide(struct sbk_journal *journal);

/*
 * Hands the log over to a new key, in one durable commit: an entry that names
 * it, signed by the old one, and a checkpoint signed by both. Needs the lock;
 * fails, and changes nothing, where the old key cannot sign.
 */
int sbk_key_rotate(struct sbk_journal *journal, struct sbk_error *err);
/*
 * A new key in place of one that is lost: an entry that names it, which nobody
 * signed, and a checkpoint by it. Needs the lock, and that the log is what it
 * says; SBK_E_EXISTS where the key is there after all and can hand over.
 */
int sbk_key_replace(struct sbk_journal *journal, struct sbk_error *err);
/* What stands in place of a signature then. */
#define SBK_KEY_REPLACED "replaced"
/* The text that the old key signs: entry `n` of this log, which has `root`
 * until then, names `key`. */
void sbk_key_print_handover(const struct sbk_note_key *key, uint64_t n,
			    const unsigned char root[SBK_TREE_HASH_BYTES],
			    struct sbk_buf *out);

/* --- checkpoint.c --------------------------------------------------------- */

/* Entries after which one is made within a transaction. */
#define SBK_CHECKPOINT_EVERY 4096

/*
 * Signs the tree as it is in the commit in progress, which must be one that is
 * flushed, and adds the checkpoint to it. Fails where the database does; that
 * it could not be signed is in journal->unsigned_why.
 */
int sbk_checkpoint_add(struct sbk_journal *journal, struct sbk_error *err);
/* The same by these, each of which signs; fails where nothing is signed. */
int sbk_checkpoint_add_by(struct sbk_journal *journal,
			  const struct sbk_note_signer *const *signers,
			  size_t count, struct sbk_error *err);
/* Whether a commit that begins now is to be flushed for a checkpoint's sake. */
int sbk_checkpoint_due(struct sbk_journal *journal, bool *due,
		       struct sbk_error *err);
/* The note of the newest checkpoint, or of that of `size` entries, appended to
 * `out`. NOTFOUND. `size` 0: the newest. */
int sbk_checkpoint_read(struct sbk_journal *journal, uint64_t size,
			struct sbk_buf *out, struct sbk_error *err);

#endif
