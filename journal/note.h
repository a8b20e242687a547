/*
 * Signed notes, the checkpoints written as such and their cosignatures, in the
 * formats that c2sp.org/signed-note, c2sp.org/tlog-checkpoint and
 * c2sp.org/tlog-cosignature (its Ed25519 type) define; Ed25519 is libsodium's.
 * Texts in and out; knows no file and no database.
 *
 *	sbk_checkpoint_print(&checkpoint, &note);
 *	sbk_note_add_signature(&note, note.size, &signer);
 *	...
 *	rc = sbk_note_parse(bytes, size, &parsed, err);
 *	signed_by = sbk_note_verify(&parsed, &key) == 1;
 */
#ifndef SBK_JOURNAL_NOTE_H
#define SBK_JOURNAL_NOTE_H

#include <stddef.h>
#include <stdint.h>

#include "engine/buf.h"
#include "engine/error.h"
#include "engine/ledger.h"
#include "journal/tree.h"

#define SBK_NOTE_NAME_MAX 128 /* bytes of a key's name, with its end */
/* Of a whole note; its signatures are bounded by it. */
#define SBK_NOTE_BYTES_MAX ((size_t)64 << 10)
#define SBK_NOTE_ID_BYTES 4
#define SBK_NOTE_PUBLIC_BYTES 32
#define SBK_NOTE_SECRET_BYTES 64 /* libsodium's: seed and public key */
/* Of a signature as a note has it: the key's id, then Ed25519's. */
#define SBK_NOTE_SIGNATURE_BYTES (SBK_NOTE_ID_BYTES + 64)
/* Of a public key's text "name+id+base64", with its end. */
#define SBK_NOTE_KEY_TEXT SBK_KEY_TEXT_MAX

struct sbk_note_key {
	char name[SBK_NOTE_NAME_MAX];
	unsigned char id[SBK_NOTE_ID_BYTES];
	unsigned char public_key[SBK_NOTE_PUBLIC_BYTES];
};

struct sbk_note_signer {
	struct sbk_note_key key;
	unsigned char secret[SBK_NOTE_SECRET_BYTES];
};

/* A new key pair. The caller erases it with sbk_note_signer_erase. INVAL for
 * a name that no note may bear. */
int sbk_note_signer_make(const char *name, struct sbk_note_signer *out,
			 struct sbk_error *err);
/*
 * The private key as one line, as Go's note package has it:
 * "PRIVATE+KEY+name+id+base64". SBK_E_PARSE for anything else, also where the
 * id is not that of name and key.
 */
int sbk_note_signer_parse(const char *text, size_t size,
			  struct sbk_note_signer *out, struct sbk_error *err);
void sbk_note_signer_print(const struct sbk_note_signer *signer,
			   struct sbk_buf *out);
void sbk_note_signer_erase(struct sbk_note_signer *signer);

/* The public key: "name+id+base64". SBK_E_PARSE. */
int sbk_note_key_parse(const char *text, size_t size, struct sbk_note_key *out,
		       struct sbk_error *err);
void sbk_note_key_print(const struct sbk_note_key *key, struct sbk_buf *out);
bool sbk_note_key_equal(const struct sbk_note_key *a,
			const struct sbk_note_key *b);

/* Signs `size` bytes of text, which end in a newline. */
void sbk_note_sign(const struct sbk_note_signer *signer, const char *text,
		   size_t size,
		   unsigned char signature[SBK_NOTE_SIGNATURE_BYTES]);
/* Signs the first `text_size` bytes of `note`, its text, and appends the
 * signature's line; before the first one the empty line. */
void sbk_note_add_signature(struct sbk_buf *note, size_t text_size,
			    const struct sbk_note_signer *signer);

/* The two parts of a note; borrowed from what was parsed. */
struct sbk_note {
	const char *text; /* with its last newline */
	size_t text_size;
	const char *signatures; /* lines */
	size_t signatures_size;
};

/* SBK_E_PARSE for what is no signed note; no signature is verified. */
int sbk_note_parse(const char *bytes, size_t size, struct sbk_note *out,
		   struct sbk_error *err);
/* 1: signed by `key`; 0: has no signature of its; SBK_E_CORRUPT: has one that
 * is false. */
int sbk_note_verify(const struct sbk_note *note,
		    const struct sbk_note_key *key);
/* The same of one signature in base64, of any text: 1 or SBK_E_CORRUPT. */
int sbk_note_verify_text(const char *text, size_t size, const char *base64,
			 const struct sbk_note_key *key);

/*
 * What a witness adds to a checkpoint: that this is, at `seconds`, the largest
 * consistent tree of the log that it has seen. The key is that which signs
 * checkpoints of the witness's own log, under another id: no checkpoint begins
 * as the text of a cosignature does.
 */
void sbk_note_add_cosignature(struct sbk_buf *note, size_t text_size,
			      const struct sbk_note_signer *signer,
			      uint64_t seconds);
/* As sbk_note_verify, of a cosignature; its time through `seconds`. */
int sbk_note_verify_cosignature(const struct sbk_note *note,
				const struct sbk_note_key *key,
				uint64_t *seconds);

struct sbk_checkpoint {
	char origin[SBK_NOTE_NAME_MAX];
	uint64_t size;
	unsigned char root[SBK_TREE_HASH_BYTES];
};

/* The three lines that are signed. */
void sbk_checkpoint_print(const struct sbk_checkpoint *checkpoint,
			  struct sbk_buf *out);
/* SBK_E_PARSE for any other text; lines after the third are refused, since
 * none of ours has any. */
int sbk_checkpoint_parse(const struct sbk_note *note,
			 struct sbk_checkpoint *out, struct sbk_error *err);

/* `size` bytes in base64, with padding. */
void sbk_base64_add(struct sbk_buf *out, const void *data, size_t size);
/* Reads exactly `size` bytes; false for any other text. */
bool sbk_base64_decode(const char *text, size_t text_size, void *out,
		       size_t size);

#endif
