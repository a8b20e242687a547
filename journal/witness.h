/*
 * Witnessing: the machine's log keeps, for the log of each enrolled person, the
 * newest checkpoint that it saw, after a proof that it continues the one seen
 * before (c2sp.org/tlog-witness; the cosignature is c2sp.org/tlog-cosignature).
 *
 * Three parts: the answer is made as the person, by an errand
 * (witness_answer.c); it is judged without any file or database
 * (witness_judge.c), since each of its bytes is the person's; and what was
 * found becomes an entry of the machine's log (witness.c). ending.c: of a log
 * that its owner removed, the last answer.
 */
#ifndef SBK_JOURNAL_WITNESS_H
#define SBK_JOURNAL_WITNESS_H

#include "journal/internal.h"
#include "journal/note.h"
#include "journal/proof.h"

#define SBK_WITNESS_FORMAT 1
#define SBK_WITNESS_NOTE_MAX 2048
#define SBK_WITNESS_HANDOVERS_MAX 64
#define SBK_WITNESS_SIGNATURE_TEXT 128

/* One key of a log that the one before it signed (FORMAT.md, Checkpoints). */
struct sbk_witness_handover {
	uint64_t entry;				 /* that names it */
	unsigned char root[SBK_TREE_HASH_BYTES]; /* of the entries before */
	char key[SBK_KEY_TEXT_MAX];
	char signature[SBK_WITNESS_SIGNATURE_TEXT]; /* base64 */
};

/* Of fixed size, since it is what an errand answers with. Hostile. */
struct sbk_witness_answer {
	uint32_t format;
	int32_t error;	/* 0, or SBK_E_*: the log cannot be read */
	uint32_t found; /* there is a journal */
	uint32_t note_size;
	uint32_t handover_count;
	uint32_t proof_count;
	char key[SBK_KEY_TEXT_MAX];	 /* that signed the note */
	char note[SBK_WITNESS_NOTE_MAX]; /* the newest checkpoint */
	struct sbk_witness_handover handovers[SBK_WITNESS_HANDOVERS_MAX];
	unsigned char proof[SBK_PROOF_HASHES_MAX][SBK_TREE_HASH_BYTES];
	char message[256]; /* of the error */
};

/* What was seen last of a person's log. */
struct sbk_witnessed {
	bool any;
	bool ended; /* with that, as its owner showed */
	char key[SBK_KEY_TEXT_MAX];
	struct sbk_checkpoint head; /* size 0 without `any` */
};

/* The order is that of the names in witness_judge.c. */
enum sbk_witness_result {
	SBK_WITNESS_NONE,    /* no log, and none was ever seen */
	SBK_WITNESS_SAME,    /* as it was seen last */
	SBK_WITNESS_SEEN,    /* it begins, or continues what was seen */
	SBK_WITNESS_SHRANK,  /* it has fewer entries than were seen */
	SBK_WITNESS_FORKED,  /* it does not continue what was seen */
	SBK_WITNESS_NEW_KEY, /* signed by a key without a hand-over to it */
	SBK_WITNESS_OTHER,   /* another log stands in its place */
	SBK_WITNESS_GONE,    /* it was seen, and is not there any more */
	SBK_WITNESS_UNREAD   /* it could not be read, or made no sense */
};
/* As the log has it: "seen", "shrank" ...; a finding is from SHRANK on. */
const char *sbk_witness_result_name(enum sbk_witness_result result);
bool sbk_witness_is_finding(const char *found);

/* --- witness_answer.c: as the person ------------------------------------- */

/* What the person's log answers to who saw `since` entries of it, signed by
 * `key` (0 and NULL: nothing yet). Never fails: why not is in the answer. */
void sbk_witness_answer_make(const struct sbk_journal_place *place,
			     uint64_t since, const char *key,
			     struct sbk_witness_answer *out);

/* --- witness_judge.c: believes nothing ------------------------------------ */

/* What the judge concluded. */
struct sbk_witness_opinion {
	enum sbk_witness_result result;
	struct sbk_checkpoint head; /* that it claims; size 0: none */
	struct sbk_note_key key;    /* with SEEN: whose it is now */
	struct sbk_buf note;	    /* with SEEN: text and its signature */
	struct sbk_buf text;	    /* a sentence for people, safe to print */
};

/* 0, or SBK_E_NOMEM. The caller releases `out` in any case. */
int sbk_witness_judge(const struct sbk_witnessed *seen,
		      const struct sbk_witness_answer *answer,
		      struct sbk_witness_opinion *out, struct sbk_error *err);
void sbk_witness_opinion_release(struct sbk_witness_opinion *opinion);

/* --- witness.c: the machine's log ---------------------------------------- */

/* What the machine's log saw last of the person's; `any` false: nothing. */
int sbk_witness_last(struct sbk_journal *machine,
		     const struct sbk_owner *person, struct sbk_witnessed *out,
		     struct sbk_error *err);
/*
 * Records an opinion that is news, with its cosignature, as one flushed and
 * signed commit. Needs the machine's lock.
 */
int sbk_witness_record(struct sbk_journal *machine,
		       const struct sbk_owner *person,
		       const struct sbk_witness_opinion *opinion,
		       struct sbk_error *err);
/* That it ended with what was seen last. */
int sbk_witness_record_end(struct sbk_journal *machine,
			   const struct sbk_owner *person,
			   struct sbk_error *err);
#define SBK_WITNESS_ENDED "ended" /* as the log has it */

#endif
