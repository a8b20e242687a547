/*
 * DSSE envelopes (secure-systems-lab/dsse, protocol 1.0 and its JSON envelope),
 * signed with the key of a journal: Ed25519 over the pre-authentication
 * encoding of type and body. No checkpoint, cosignature or hand-over begins as
 * that encoding does. Texts in and out; knows no file.
 */
#ifndef SBK_JOURNAL_DSSE_H
#define SBK_JOURNAL_DSSE_H

#include <stddef.h>

#include "engine/buf.h"
#include "engine/error.h"
#include "journal/note.h"

#define SBK_DSSE_SIGNATURES_MAX 16
#define SBK_DSSE_TYPE_MAX 256
#define SBK_DSSE_SIGNATURE_BYTES 64

/* The envelope of `body`, one line; `signer` NULL: without a signature. */
void sbk_dsse_print(const char *type, const struct sbk_buf *body,
		    const struct sbk_note_signer *signer, struct sbk_buf *out);

struct sbk_dsse {
	char type[SBK_DSSE_TYPE_MAX];
	struct sbk_buf body;
	unsigned char signatures[SBK_DSSE_SIGNATURES_MAX]
				[SBK_DSSE_SIGNATURE_BYTES];
	size_t count; /* of those that may be Ed25519's; others are left out */
};

/*
 * SBK_E_PARSE for what is no envelope, with what is wrong in it. Nothing of
 * the body may be believed before sbk_dsse_verify. The caller releases `out`.
 */
int sbk_dsse_parse(const char *text, size_t size, struct sbk_dsse *out,
		   struct sbk_error *err);
/* Whether one of its signatures is the key's. Key ids are not looked at: they
 * are not signed. */
bool sbk_dsse_verify(const struct sbk_dsse *envelope,
		     const struct sbk_note_key *key);
void sbk_dsse_release(struct sbk_dsse *envelope);

#endif
