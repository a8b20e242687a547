/*
 * Room for undoing (FORMAT.md, *Room*): a file that holds space which the
 * volume has set aside, given back when an undo begins. A full volume must
 * never block an undo, and filling volumes is what a hostile command can do.
 */
#include "journal/summary.h"

#include <string.h>

#include "engine/banned.h"

#define RESERVE_BASE ((uint64_t)4 << 20) /* small commits, shared memory */
/* Entry and row of the inverse, perhaps of one that was never made, too. */
#define RESERVE_PER_CHANGE 640
#define RESERVE_LOG_PER_CHANGE                     \
	1024 /* pages of both, and of the row that \
		is settled, in the write-ahead log */
#define RESERVE_LOG_MAX ((uint64_t)24 << 20) /* it is emptied before that */
#define RESERVE_STEP ((uint64_t)1 << 20)
#define RESERVE_LOAN ((uint64_t)256 << 10) /* SQLite's shared memory file */
#define RESERVE_LEAST ((uint64_t)32 << 10) /* that is worth setting aside */

/* Whether all of the transaction's changes are in effect and confirmed. */
static bool is_whole(const struct sbk_summary_item *item)
{
	unsigned char hash[SBK_TREE_HASH_BYTES];
	struct sbk_buf text = SBK_BUF_INIT;

	sbk_summary_add_run(&text, sbk_status_name(SBK_STATUS_CONFIRMED),
			    item->first, item->last);
	sbk_sha256(sbk_buf_text(&text), text.size, hash);
	sbk_buf_release(&text);
	return !item->touched && memcmp(hash, item->hash, sizeof(hash)) == 0;
}

static int count_item(struct sbk_journal *journal,
		      const struct sbk_summary_item *item, uint64_t *sum,
		      struct sbk_error *err)
{
	sqlite3_stmt *row;
	int rc;

	if (is_whole(item)) {
		*sum += item->last - item->first + 1;
		return 0;
	}
	rc = sbk_db_statement(&journal->db, SBK_SQL_OPEN_COUNT_OF, &row, err);
	if (rc < 0)
		return rc;
	(void)sqlite3_bind_int64(row, 1, (sqlite3_int64)item->first);
	(void)sqlite3_bind_int64(row, 2, (sqlite3_int64)item->last);
	rc = sbk_db_step(&journal->db, row, err);
	if (rc == 1)
		*sum += (uint64_t)sqlite3_column_int64(row, 0);
	(void)sqlite3_reset(row); /* the error is in `err` */
	return rc < 0 ? rc : 0;
}

/*
 * Changes that are in effect, or may be. As the log says it where that is
 * known: counting the rows takes a second in a journal of years, and each
 * transaction asks.
 */
static int count_changes(struct sbk_journal *journal, uint64_t *out,
			 struct sbk_error *err)
{
	const struct sbk_summary *s = &journal->summary;
	size_t i;
	int rc = 0;

	if (!s->known || s->unsettled_count > 0)
		return sbk_db_number(&journal->db, SBK_SQL_OPEN_COUNT, out,
				     err);
	*out = 0;
	for (i = 0; rc == 0 && i < s->count; i++)
		rc = count_item(journal, &s->items[i], out, err);
	return rc;
}

/* And trees that are owed. */
static int count_open(struct sbk_journal *journal, uint64_t *out,
		      struct sbk_error *err)
{
	uint64_t changes = 0, tops = 0;
	int rc = count_changes(journal, &changes, err);

	if (rc == 0)
		rc = sbk_db_number(&journal->db, SBK_SQL_OWED_TOPS, &tops, err);
	if (rc == 0)
		*out = changes + tops;
	return rc;
}

static uint64_t room_for(uint64_t changes)
{
	uint64_t log = changes * RESERVE_LOG_PER_CHANGE, bytes;

	if (log > RESERVE_LOG_MAX)
		log = RESERVE_LOG_MAX;
	bytes = RESERVE_BASE + changes * RESERVE_PER_CHANGE + log;
	return (bytes + RESERVE_STEP - 1) / RESERVE_STEP * RESERVE_STEP;
}

/* What is set aside now, looked up once. */
static int know(struct sbk_journal *journal, struct sbk_error *err)
{
	uint64_t open = 0;
	int rc;

	if (journal->reserve_known)
		return 0;
	journal->reserved = 0;
	rc = sbk_store_look(journal->store, SBK_RESERVE_FILE, false,
			    &journal->reserved, err);
	if (rc == SBK_E_NOTFOUND)
		rc = 0;
	if (rc == 0)
		rc = count_open(journal, &open, err);
	if (rc < 0)
		return rc;
	journal->in_effect = open;
	journal->reserve_known = true;
	return 0;
}

static int want(struct sbk_journal *journal, uint64_t wanted,
		struct sbk_error *err)
{
	int rc;

	if (wanted <= journal->reserved)
		return 0;
	rc = sbk_store_allocate(journal->store, SBK_RESERVE_FILE, wanted, err);
	if (rc < 0)
		return sbk_error_prefix(err, "the changes could not be undone "
					     "later");
	journal->reserved = wanted;
	return 0;
}

int sbk_reserve_begin(struct sbk_journal *journal, struct sbk_error *err)
{
	int rc = know(journal, err);

	return rc < 0 ? rc : want(journal, RESERVE_STEP, err);
}

int sbk_reserve_grow(struct sbk_journal *journal, uint64_t more,
		     struct sbk_error *err)
{
	int rc = know(journal, err);

	if (rc == 0)
		rc = want(journal, room_for(journal->in_effect + more), err);
	if (rc == 0)
		journal->in_effect += more;
	return rc;
}

/* Gives `take` bytes of it back to the volume; `size` is what it was. */
static int shrink(struct sbk_journal *journal, uint64_t take, uint64_t *size,
		  struct sbk_error *err)
{
	int rc = sbk_store_look(journal->store, SBK_RESERVE_FILE, false, size,
				err);

	journal->reserve_known = false;
	if (rc == SBK_E_NOTFOUND) {
		*size = 0;
		return 0;
	}
	if (rc < 0 || *size == 0)
		return rc;
	return sbk_store_allocate(journal->store, SBK_RESERVE_FILE,
				  *size > take ? *size - take : 0, err);
}

int sbk_reserve_release(struct sbk_journal *journal, struct sbk_error *err)
{
	uint64_t size;

	return shrink(journal, UINT64_MAX, &size, err);
}

int sbk_reserve_lend(struct sbk_journal *journal, struct sbk_error *err)
{
	uint64_t size = 0;
	int rc = shrink(journal, RESERVE_LOAN, &size, err);

	if (rc == 0 && size == 0)
		rc = sbk_error_set(err, SBK_E_LIMIT,
				   "nothing is set aside in '%s'",
				   sbk_store_path(journal->store));
	return rc;
}

void sbk_reserve_refill(struct sbk_journal *journal)
{
	uint64_t open = 0, wanted, gain, size = 0;

	/*
	 * Nothing depends on it yet: without room the next `prepare` is
	 * refused, and that is where the error belongs. Till then as much as
	 * there is will have to do, and none of that is left to others: a
	 * little is used up each time.
	 */
	journal->reserve_known = false;
	if (count_open(journal, &open, NULL) < 0)
		return;
	(void)sbk_store_look(journal->store, SBK_RESERVE_FILE, false, &size,
			     NULL);
	/* With nothing in effect it is still to be opened, and removed. */
	wanted = open > 0 ? room_for(open) : RESERVE_STEP;
	if (size >= wanted) {
		(void)sbk_store_allocate(journal->store, SBK_RESERVE_FILE,
					 wanted, NULL); /* it only shrinks */
		return;
	}
	for (gain = wanted - size; gain >= RESERVE_LEAST; gain /= 2)
		if (size + gain <= wanted &&
		    sbk_store_allocate(journal->store, SBK_RESERVE_FILE,
				       size + gain, NULL) == 0)
			size += gain;
}
