/*
 * What the journals say, for the reports that compare it with the host. A
 * journal is never believed about the host; it only says what was meant.
 */
#ifndef SBK_RECORDS_H
#define SBK_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/audit.h"
#include "engine/os.h"
#include "engine/plan.h"

/* One journal's changes. */
struct sbk_record_book {
	char title[128]; /* "the machine's journal", "the journal of 'ann'" */
	bool machine;
	uint32_t owner; /* uid of the person; 0 for the machine's */
	/* Every change, in the order of their making; the states of sealed
	 * kinds may be unreadable. */
	struct sbk_plan *changes;
	/* Those that stand: made or begun and not undone, no inverse ones. By
	 * kind, then in the order of their making; no sealed kinds. */
	struct sbk_plan *standing;
	/* What is owed of trees that were given up (sbk_journal_plan_owed);
	 * NULL: it was not asked for. */
	struct sbk_plan *owed;
};

struct sbk_records {
	struct sbk_record_book *books;
	size_t count;
};

struct sbk_records_request {
	bool machine;
	bool user;	    /* the caller's; an administrator: everybody's */
	const char *kind;   /* only changes of this kind; NULL: all */
	bool standing_only; /* leave `changes` empty */
	const struct sbk_backend
		*backend; /* to look at what is owed; or NULL */
};

/*
 * Loads every journal that is asked for and exists. One that cannot be read is
 * noted in `report` as missed; none at all is an empty list.
 */
int sbk_records_load(const struct sbk_records_request *request,
		     struct sbk_report *report, struct sbk_records *out,
		     struct sbk_error *err);
void sbk_records_release(struct sbk_records *records);

#endif
