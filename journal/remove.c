/*
 * The end of a journal: it goes last of all, when nothing that it records is
 * in effect any more. A removal that was cut short can be repeated: what is
 * needed to know how much to take back goes last.
 */
#include "journal/internal.h"

#include "engine/banned.h"

/* In this order: without its log the rest says nothing, and while `lock` is
 * there nobody begins a new journal beside remains. */
static const char *const file_names[] = {
	SBK_RESERVE_FILE,
	SBK_SEALED_FILE "-journal",
	SBK_SEALED_FILE,
	SBK_SEALED_FILE ".new-journal",
	SBK_SEALED_FILE ".new",
	SBK_JOURNAL_NEW_FILE "-journal",
	SBK_JOURNAL_NEW_FILE "-wal",
	SBK_JOURNAL_NEW_FILE "-shm",
	SBK_JOURNAL_NEW_FILE,
	SBK_JOURNAL_FILE "-shm",
	SBK_JOURNAL_FILE "-wal",
	SBK_JOURNAL_FILE,
	SBK_LOCK_FILE,
	NULL,
};

static int check_settled(struct sbk_journal *journal, struct sbk_error *err)
{
	uint64_t counts[SBK_STATUS_COUNT], open;
	int rc = sbk_journal_count(journal, counts, err);

	if (rc < 0)
		return rc;
	open = counts[SBK_STATUS_PREPARED] + counts[SBK_STATUS_CONFIRMED] +
	       counts[SBK_STATUS_OWED];
	if (open > 0)
		return sbk_error_set(err, SBK_E_INCOMPLETE,
				     "the journal in '%s' stays: %llu changes "
				     "are still in effect or owed",
				     sbk_store_path(journal->store),
				     (unsigned long long)open);
	return 0;
}

/* Looks into it, empties the write-ahead log, and closes it. */
static int retire(const struct sbk_journal_place *place, struct sbk_error *err)
{
	struct sbk_journal *journal = NULL;
	int rc = sbk_journal_open(place, SBK_JOURNAL_WRITE, &journal, err);

	if (rc == SBK_E_NOTFOUND)
		return 0; /* a removal that was cut short had come so far */
	if (rc == 0)
		rc = sbk_journal_lock(journal, 0, err);
	if (rc == 0)
		rc = check_settled(journal, err);
	if (rc == 0)
		rc = sbk_db_exec(&journal->db,
				 "PRAGMA wal_checkpoint(TRUNCATE)", err);
	sbk_journal_close(journal);
	return rc;
}

int sbk_journal_remove(const struct sbk_journal_place *place,
		       struct sbk_error *err)
{
	const struct sbk_store_place store_place =
		sbk_journal_store_place(place);
	int rc = retire(place, err);

	return rc < 0 ? rc : sbk_store_remove(&store_place, file_names, err);
}
