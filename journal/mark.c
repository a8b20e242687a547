/*
 * What tells a journal, and a moment of it, from others: for who numbers things
 * by it and must never use a number twice (Windows' synthetic SIDs).
 *
 * The id stands in the name of the key that the log names, which outlives the
 * entries that a segment took away; the count of transactions goes on behind
 * those, too. A transaction without a durable beginning changed nothing, so a
 * number that was counted from it was used by nobody.
 */
#include "journal/signing.h"

#include <sodium.h>
#include <string.h>

#include "engine/banned.h"

static int read_id(struct sbk_journal *journal,
		   unsigned char id[SBK_BOOK_ID_BYTES], struct sbk_error *err)
{
	struct sbk_note_key key;
	const char *text;
	int rc = sbk_key_named(journal, &key, err);

	if (rc < 0)
		return rc;
	text = strrchr(key.name, '/');
	if (text == NULL || !sbk_hex_decode(text + 1, id, SBK_BOOK_ID_BYTES))
		return sbk_error_set(err, SBK_E_CORRUPT,
				     "the key of journal '%s' names no journal",
				     journal->db.path);
	return 0;
}

static int look_unsettled(struct sbk_journal *journal, bool *out,
			  struct sbk_error *err)
{
	sqlite3_stmt *row;
	int rc = sbk_db_statement(&journal->db, SBK_SQL_UNSETTLED_TXNS, &row,
				  err);

	if (rc == 0)
		rc = sbk_db_step(&journal->db, row, err);
	if (rc < 0)
		return rc;
	*out = rc == 1;
	(void)sqlite3_reset(row); /* what failed is told by the step */
	return 0;
}

int sbk_journal_mark(struct sbk_journal *journal, struct sbk_book_mark *out,
		     struct sbk_error *err)
{
	struct sbk_book_mark mark = {.is_new = false};
	uint64_t next;
	int rc = sbk_db_number(&journal->db, SBK_SQL_NEXT_TXN, &next, err);

	if (rc == 0)
		rc = read_id(journal, mark.id, err);
	if (rc == 0)
		rc = look_unsettled(journal, &mark.unsettled, err);
	if (rc < 0)
		return rc;
	mark.transactions = next - 1;
	*out = mark;
	return 0;
}

int sbk_journal_mark_new(struct sbk_book_mark *out, struct sbk_error *err)
{
	if (sodium_init() < 0)
		return sbk_error_set(err, SBK_E_UNSUPPORTED,
				     "libsodium cannot get random numbers");
	*out = (struct sbk_book_mark){.is_new = true};
	randombytes_buf(out->id, sizeof(out->id));
	return 0;
}

int sbk_journal_check_mark(struct sbk_journal *journal,
			   const struct sbk_book_mark *mark, bool *same,
			   struct sbk_error *err)
{
	struct sbk_book_mark now;
	int rc = mark == NULL ? 0 : sbk_journal_mark(journal, &now, err);

	if (rc < 0)
		return rc;
	*same = mark == NULL || (now.transactions == mark->transactions &&
				 memcmp(now.id, mark->id, sizeof(now.id)) == 0);
	return 0;
}
