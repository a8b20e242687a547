/*
 * When the security of objects was changed, as far as the volume's own journal
 * of changes tells (engine/ntfs/usn.h). Owns that a record of it counts for the
 * object that it was written about, and not for another one in its place, and
 * that nothing is decided by it: times are told beside findings.
 */
#include "audit/volume.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "engine/banned.h"

#define TICKS 10000000u		    /* of a second */
#define EPOCH UINT64_C(11644473600) /* seconds from 1601 to 1970 */
#define LAST UINT64_C(253402300799) /* from 1970 to the end of 9999 */

static void take(void *arg, const struct sbk_ntfs_usn *usn)
{
	struct sbk_volume_tree *tree = arg;
	const uint64_t number = SBK_NTFS_REFERENCE_NUMBER(usn->reference);

	if ((usn->reason & SBK_NTFS_USN_SECURITY_CHANGE) != 0 &&
	    number < tree->records &&
	    (tree->flags[number] & SBK_VOLUME_USED) != 0 &&
	    tree->sequence[number] ==
		    SBK_NTFS_REFERENCE_SEQUENCE(usn->reference) &&
	    usn->time > tree->changed[number])
		tree->changed[number] = usn->time;
}

/* The record of the journal; NONE where there is none. */
static uint32_t find_journal(const struct sbk_volume_tree *tree)
{
	size_t i;

	for (i = 0; i < tree->candidate_count; i++)
		if (sbk_volume_names[tree->candidates[i].name].meaning ==
		    SBK_VOLUME_JOURNAL)
			return tree->candidates[i].record;
	return SBK_VOLUME_NONE;
}

int sbk_volume_changes_load(struct sbk_volume_tree *tree, struct sbk_error *err)
{
	const uint32_t record = find_journal(tree);
	struct sbk_error why = SBK_ERROR_INIT;
	int rc;

	if (record == SBK_VOLUME_NONE)
		return 0;
	tree->changed =
		calloc((size_t)tree->records + 1, sizeof(*tree->changed));
	if (tree->changed == NULL)
		return sbk_error_no_memory(err);
	rc = sbk_ntfs_usn_each(tree->volume, record, take, tree, &tree->journal,
			       &why);
	if (rc == SBK_E_NOMEM)
		return sbk_error_no_memory(err);
	if (rc < 0) {
		if (rc != SBK_E_NOTFOUND)
			sbk_ntfs_damage_add(sbk_volume_damage(tree),
					    SBK_NTFS_BAD_USN, 0);
		free(tree->changed);
		tree->changed = NULL;
	}
	return 0;
}

/* --- telling ---------------------------------------------------------- */

/* False for a time that nobody can have meant. */
static bool add_time(struct sbk_buf *out, uint64_t ticks)
{
	uint64_t seconds = ticks / TICKS;
	time_t when;
	struct tm *parts;

	if (seconds < EPOCH || seconds - EPOCH > LAST)
		return false;
	when = (time_t)(seconds - EPOCH);
	parts = gmtime(&when); /* nothing else runs in this process */
	if (parts == NULL)
		return false;
	sbk_buf_printf(out, "%04d-%02d-%02dT%02d:%02d:%02dZ",
		       parts->tm_year + 1900, parts->tm_mon + 1, parts->tm_mday,
		       parts->tm_hour, parts->tm_min, parts->tm_sec);
	return true;
}

bool sbk_volume_changed(const struct sbk_volume_tree *tree, uint32_t record,
			struct sbk_buf *out)
{
	return tree->changed != NULL && record < tree->records &&
	       tree->changed[record] != 0 &&
	       add_time(out, tree->changed[record]);
}

int sbk_volume_changes_report(const struct sbk_volume_tree *tree,
			      const char *path, struct sbk_report *report,
			      struct sbk_error *err)
{
	const struct sbk_ntfs_usn_facts *journal = &tree->journal;
	struct sbk_buf text = SBK_BUF_INIT;
	struct sbk_finding finding = {.severity = SBK_SEVERITY_INFO,
				      .rule = "volume.journal",
				      .object = path};
	int rc;

	if (tree->changed == NULL)
		return 0;
	sbk_buf_printf(&text,
		       "its journal of changes has %" PRIu64
		       " records, %" PRIu64 " about security, from ",
		       journal->records, journal->security);
	if (!add_time(&text, journal->first))
		sbk_buf_adds(&text, "nobody knows when");
	sbk_buf_adds(&text, " to ");
	if (!add_time(&text, journal->last))
		sbk_buf_adds(&text, "nobody knows when");
	if (journal->unknown_records > 0)
		sbk_buf_printf(&text, "; %" PRIu64 " of another version",
			       journal->unknown_records);
	if (journal->skipped > 0)
		sbk_buf_printf(&text, "; %" PRIu64 " older bytes were not read",
			       journal->skipped);
	sbk_buf_adds(&text, "; it does not say who made them");
	finding.text = sbk_buf_text(&text);
	rc = sbk_buf_failed(&text, err);
	if (rc == 0)
		rc = sbk_report_add(report, &finding, err);
	sbk_buf_release(&text);
	return rc;
}
