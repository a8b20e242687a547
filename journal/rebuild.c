/*
 * Tables that were altered, made anew from a log that was not: what
 * --trust-journal does where it can, instead of going by what somebody wrote
 * there. Only who has been told comes here.
 *
 * It refuses where the log itself, or a state, is not what was hashed: nothing
 * says then what the tables should be.
 */
#include "journal/segment.h"

#include <stdlib.h>

#include "engine/banned.h"

/* The views without rows but those that stand for what was dropped. */
static int seed(struct sbk_journal *journal, uint64_t cut,
		struct sbk_error *err)
{
	struct sbk_segment_base *base;
	uint64_t entry;
	int rc;

	if (cut == 0)
		return sbk_view_clear(&journal->db, err);
	base = malloc(sizeof(*base));
	if (base == NULL)
		return sbk_error_no_memory(err);
	rc = sbk_segment_base_read(journal, cut, base, &entry, err);
	if (rc == 0)
		rc = sbk_view_clear(&journal->db, err);
	if (rc == 0)
		rc = sbk_segment_seed(&journal->db, base, err);
	free(base);
	return rc;
}

int sbk_rebuild_views(struct sbk_journal *journal, uint64_t cut,
		      struct sbk_error *err)
{
	struct sbk_db *db = &journal->db;
	sqlite3_stmt *row;
	int rc = seed(journal, cut, err);

	if (rc == 0)
		rc = sbk_db_statement(db, SBK_SQL_ENTRIES, &row, err);
	if (rc < 0)
		return rc;
	(void)sqlite3_bind_int64(row, 1, (sqlite3_int64)cut); /* cannot fail */
	while ((rc = sbk_db_step(db, row, err)) == 1) {
		const char *json = sbk_db_text(row, 1);

		rc = sbk_replay(db, (uint64_t)sqlite3_column_int64(row, 0),
				json != NULL ? json : "",
				(size_t)sqlite3_column_bytes(row, 1),
				SBK_REPLAY_ALL, err);
		if (rc < 0)
			break;
	}
	(void)sqlite3_reset(row); /* the error is in `err` */
	return rc;
}

/* The states are as they were, which was verified. */
static int make_anew(struct sbk_journal *journal, struct sbk_error *err)
{
	int rc = sbk_log_begin(journal, SBK_COMMIT_FLUSHED, err);

	if (rc < 0)
		return rc;
	rc = sbk_rebuild_views(journal, journal->cut, err);
	return sbk_log_finish(journal, rc, err);
}

int sbk_journal_rebuild(struct sbk_journal *journal, bool *rebuilt,
			struct sbk_error *err)
{
	struct sbk_journal_verdict verdict = {.text = SBK_BUF_INIT};
	bool may;
	int rc = sbk_journal_lock(journal, SBK_JOURNAL_LOCK_WAIT_MS, err);

	*rebuilt = false;
	if (rc < 0)
		return rc;
	rc = sbk_journal_verify(journal, &verdict, err);
	may = rc == 0 && verdict.findings > 0 && verdict.log_sound;
	sbk_journal_verdict_release(&verdict);
	if (rc < 0 || !may)
		return rc;
	rc = make_anew(journal, err);
	if (rc < 0)
		return rc;
	/* What was altered is gone: nothing is to be trusted any more. */
	journal->trusted = false;
	rc = sbk_log_load(journal, err);
	if (rc == 0)
		rc = sbk_journal_check(journal, err);
	*rebuilt = rc == 0;
	return rc;
}
