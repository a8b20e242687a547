/*
 * The end of a journal: it goes last of all, when nothing that it records is
 * in effect any more, but for what `remediate` took away: that is to stay so
 * (uninstall/user_part.c).
 *
 * Invariants:
 *  1. The database is renamed first. Before that the journal is whole, after it
 *     there is none: what lies there says so by that name, and is remains.
 *  2. A removal that was cut short can be repeated: the renamed database, and
 *     what is needed to know how much to take back, go last.
 */
#include "journal/internal.h"

#include <string.h>

#include "engine/banned.h"

#define DATABASE(name) name "-shm", name "-wal", name

/* What both kinds have beside the database. */
#define OTHER_FILES                                                     \
	SBK_KEY_FILE, SBK_KEY_NEXT_FILE, SBK_RESERVE_FILE,              \
		SBK_SEALED_FILE "-journal", SBK_SEALED_FILE,            \
		SBK_SEALED_FILE ".new-journal", SBK_SEALED_FILE ".new", \
		SBK_JOURNAL_NEW_FILE "-journal",                        \
		DATABASE(SBK_JOURNAL_NEW_FILE)

static const char *const user_files[] = {
	OTHER_FILES,
	DATABASE(SBK_JOURNAL_FILE),
	SBK_REMOVED_FILE,
	SBK_LOCK_FILE,
	NULL,
};

static const char *const machine_files[] = {
	SBK_COPY_FILE "-journal",
	SBK_COPY_FILE,
	SBK_JOURNAL_FILE,
	OTHER_FILES,
	DATABASE(SBK_LIVE_FILE),
	SBK_REMOVED_FILE,
	SBK_LOCK_FILE,
	NULL,
};

static const char *const *files_of(enum sbk_book book)
{
	return book == SBK_BOOK_MACHINE ? machine_files : user_files;
}

bool sbk_is_removed(const struct sbk_store *store)
{
	uint64_t size;

	return sbk_store_look(store, SBK_REMOVED_FILE, false, &size, NULL) == 0;
}

int sbk_clear_removed(struct sbk_journal *journal, struct sbk_error *err)
{
	const char *const *name = files_of(journal->book);
	int rc = 0;

	if (!sbk_is_removed(journal->store))
		return 0;
	for (; rc == 0 && strcmp(*name, SBK_LOCK_FILE) != 0; name++)
		rc = sbk_store_unlink(journal->store, *name, err);
	return rc < 0 ? rc : sbk_store_show(journal->store, err);
}

bool sbk_journal_is_remediation(enum sbk_book book,
				const struct sbk_change *change)
{
	switch (change->object.kind) {
	case SBK_KIND_DESCRIPTOR:
		return true;
	case SBK_KIND_FIREWALL:
	case SBK_KIND_LOGON:
	case SBK_KIND_MEMBER:
	case SBK_KIND_REGISTRY:
	case SBK_KIND_RIGHT:
		return book == SBK_BOOK_USER;
	default:
		return false;
	}
}

/* Of those that are confirmed, what `remediate` took away. */
static int count_taken_out(struct sbk_journal *journal, uint64_t *out,
			   struct sbk_error *err)
{
	const struct sbk_journal_filter filter = {.unsettled = true};
	struct sbk_plan *changes = sbk_plan_new();
	size_t i;
	int rc;

	if (changes == NULL)
		return sbk_error_no_memory(err);
	rc = sbk_journal_load(journal, &filter, changes, err);
	*out = 0;
	for (i = 0; rc == 0 && i < sbk_plan_count(changes); i++)
		*out += sbk_plan_at(changes, i)->status ==
				SBK_STATUS_CONFIRMED &&
			sbk_journal_is_remediation(journal->book,
						   sbk_plan_at(changes, i));
	sbk_plan_free(changes);
	return rc;
}

static int check_settled(struct sbk_journal *journal, struct sbk_error *err)
{
	uint64_t counts[SBK_STATUS_COUNT], open, taken_out;
	int rc = sbk_journal_count(journal, counts, err);

	if (rc == 0)
		rc = count_taken_out(journal, &taken_out, err);
	if (rc < 0)
		return rc;
	open = counts[SBK_STATUS_PREPARED] + counts[SBK_STATUS_CONFIRMED] +
	       counts[SBK_STATUS_OWED] - taken_out;
	if (open > 0)
		return sbk_error_set(
			err, SBK_E_INCOMPLETE,
			"the journal in '%s' stays: %llu %s still in "
			"effect or owed",
			sbk_store_path(journal->store),
			(unsigned long long)open,
			sbk_plural(open, "change is", "changes are"));
	return 0;
}

/* Opens it, locks it, looks into it and empties the write-ahead log. */
static int retire(const struct sbk_journal_place *place,
		  struct sbk_journal **out, struct sbk_error *err)
{
	/* Whether it is what its log says was asked by who undid by it. */
	int rc = sbk_journal_open(place, SBK_JOURNAL_TRUST, out, err);

	if (rc == SBK_E_NOTFOUND) {
		sbk_error_clear(err);
		return 0; /* a removal that was cut short had come so far */
	}
	if (rc == 0)
		rc = sbk_journal_lock(*out, 0, err);
	if (rc == 0)
		rc = check_settled(*out, err);
	if (rc == 0)
		rc = sbk_db_exec(&(*out)->db, "PRAGMA wal_checkpoint(TRUNCATE)",
				 err);
	return rc;
}

int sbk_journal_remove(const struct sbk_journal_place *place,
		       struct sbk_error *err)
{
	static const char *const no_files[] = {NULL};
	const struct sbk_store_place store_place =
		sbk_journal_store_place(place);
	struct sbk_journal *journal = NULL;
	bool emptied = false;
	int rc = retire(place, &journal, err);

	/* The lock is held until the last file is gone, so that whoever waits
	 * for it finds that out and records nothing here. */
	if (rc == 0 && journal != NULL) {
		sbk_db_close(&journal->db);
		rc = sbk_store_rename(journal->store, journal->file,
				      SBK_REMOVED_FILE, err);
	}
	if (rc == 0) {
		rc = sbk_store_remove(&store_place, files_of(place->book), err);
		emptied = rc == SBK_E_INCOMPLETE && journal != NULL;
	}
	sbk_journal_close(journal);
	/* Where a removed file keeps its name as long as somebody has it open,
	 * as we had the lock file, the directory is empty only now. */
	if (emptied)
		rc = sbk_store_remove(&store_place, no_files, err);
	return rc;
}
