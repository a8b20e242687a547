/*
 * What a person's log says to the machine's, run as that person and with no
 * more rights. Only reads; what it answers is worth the person's word, and is
 * made of what can be checked without it.
 */
#include "journal/witness.h"

#include <stdio.h>
#include <string.h>

#include "journal/signing.h"

#include "engine/banned.h"

struct answering {
	struct sbk_journal *journal;
	struct sbk_witness_answer *out;
	struct sbk_error *err;
};

static int give_note(struct answering *a, struct sbk_checkpoint *head)
{
	struct sbk_buf bytes = SBK_BUF_INIT;
	struct sbk_note note;
	int rc = sbk_checkpoint_read(a->journal, 0, &bytes, a->err);

	if (rc == 0)
		rc = sbk_note_parse(sbk_buf_text(&bytes), bytes.size, &note,
				    a->err);
	if (rc == 0)
		rc = sbk_checkpoint_parse(&note, head, a->err);
	if (rc == 0 && bytes.size >= sizeof(a->out->note))
		rc = sbk_error_set(a->err, SBK_E_LIMIT,
				   "its newest checkpoint is too large");
	if (rc == 0) {
		memcpy(a->out->note, bytes.data, bytes.size);
		a->out->note_size = (uint32_t)bytes.size;
	}
	sbk_buf_release(&bytes);
	return rc;
}

static int give_growth(struct answering *a, uint64_t since,
		       const struct sbk_checkpoint *head)
{
	struct sbk_proof proof = {.count = 0};
	int rc;

	if (since == 0 || since > head->size)
		return 0; /* there is nothing to be proved, or it cannot be */
	rc = sbk_proof_of_growth(a->journal, since, head, &proof, a->err);
	if (rc < 0)
		return rc;
	memcpy(a->out->proof, proof.hashes,
	       proof.count * sizeof(proof.hashes[0]));
	a->out->proof_count = (uint32_t)proof.count;
	return 0;
}

static int give_handover(struct answering *a, sqlite3_stmt *row)
{
	struct sbk_witness_handover *item =
		&a->out->handovers[a->out->handover_count];
	const char *signature = sbk_db_text(row, 2);

	item->entry = (uint64_t)sqlite3_column_int64(row, 0);
	(void)snprintf(item->key, sizeof(item->key), "%s", sbk_db_text(row, 1));
	(void)snprintf(item->signature, sizeof(item->signature), "%s",
		       signature != NULL ? signature : "");
	a->out->handover_count++;
	return sbk_proof_root(a->journal, item->entry, item->root, a->err);
}

/* The keys that follow the one that was seen, up to `size` entries. */
static int give_handovers(struct answering *a, const char *seen, uint64_t size)
{
	bool after = false;
	sqlite3_stmt *row;
	int rc = sbk_db_statement(&a->journal->db, SBK_SQL_SIGNERS, &row,
				  a->err);

	if (rc < 0)
		return rc;
	while ((rc = sbk_db_step(&a->journal->db, row, a->err)) == 1) {
		const char *key = sbk_db_text(row, 1);

		if (key == NULL ||
		    (uint64_t)sqlite3_column_int64(row, 0) >= size)
			break;
		(void)snprintf(a->out->key, sizeof(a->out->key), "%s", key);
		if (after && a->out->handover_count < SBK_WITNESS_HANDOVERS_MAX)
			rc = give_handover(a, row);
		if (rc < 0)
			break;
		after = after || (seen != NULL && strcmp(seen, key) == 0);
	}
	(void)sqlite3_reset(row); /* the error is in a->err */
	return rc < 0 ? rc : 0;
}

static int give_all(struct answering *a, uint64_t since, const char *key)
{
	struct sbk_checkpoint head = {.size = 0};
	int rc = sbk_db_exec(&a->journal->db, "BEGIN", a->err);

	if (rc < 0)
		return rc;
	rc = give_note(a, &head);
	if (rc == 0)
		rc = give_growth(a, since, &head);
	if (rc == 0)
		rc = give_handovers(a, key, head.size);
	sbk_db_abandon(&a->journal->db); /* only read */
	return rc;
}

void sbk_witness_answer_make(const struct sbk_journal_place *place,
			     uint64_t since, const char *key,
			     struct sbk_witness_answer *out)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct answering a = {.out = out, .err = &err};
	int rc;

	memset(out, 0, sizeof(*out));
	out->format = SBK_WITNESS_FORMAT;
	rc = sbk_journal_open(place, SBK_JOURNAL_READ, &a.journal, &err);
	if (rc == SBK_E_NOTFOUND)
		return;
	out->found = 1;
	if (rc == 0)
		rc = give_all(&a, since, key);
	sbk_journal_close(a.journal);
	out->error = rc;
	(void)snprintf(out->message, sizeof(out->message), "%.255s",
		       err.message);
}
