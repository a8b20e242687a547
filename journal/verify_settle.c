/*
 * What later entries made of a change: as views.c has it for the tables, here
 * for what the verifier holds in memory.
 */
#include "journal/entry_read.h"
#include "journal/verify.h"

#include <string.h>

#include "engine/banned.h"

/* --- notes --------------------------------------------------------------- */

struct sbk_verify_note *sbk_verify_note(struct sbk_verification *v, uint64_t id,
					int *rc)
{
	struct sbk_verify_changes *c = &v->changes;
	struct sbk_verify_note *note;
	bool fresh;

	if (c->notes.used >= SBK_VERIFY_NOTES_MAX) {
		*rc = sbk_verify_too_many(v, "notes", SBK_VERIFY_NOTES_MAX);
		return NULL;
	}
	note = sbk_table_put(&c->notes, &id, sizeof(id), &fresh);
	if (note == NULL)
		*rc = sbk_error_no_memory(v->err);
	else
		sbk_verify_change(c, id)->noted = true;
	return note;
}

static int set_note(struct sbk_verification *v, uint64_t id, const char *text)
{
	int rc = 0;
	struct sbk_verify_note *note = sbk_verify_note(v, id, &rc);

	if (note == NULL)
		return rc;
	note->has_said = true;
	sbk_sha256(text, strlen(text), note->said);
	return 0;
}

/* --- ranges -------------------------------------------------------------- */

static int settle_one(struct sbk_verification *v, uint64_t id,
		      enum sbk_status status)
{
	struct sbk_verify_change *change = sbk_verify_change(&v->changes, id);
	struct sbk_verify_note *note;
	int rc = 0;

	change->status = (uint8_t)status;
	if (!change->noted)
		return 0;
	note = sbk_verify_note(v, id, &rc);
	if (note == NULL)
		return rc;
	note->has_said = false;
	return 0;
}

/* What an inverse change's status makes of the change that it inverts; false:
 * nothing, for it was never made. */
static bool follow(enum sbk_status status, enum sbk_status *out)
{
	*out = status == SBK_STATUS_CONFIRMED ? SBK_STATUS_UNDONE : status;
	return status != SBK_STATUS_UNDONE;
}

static int settle_range(struct sbk_verification *v, enum sbk_status status,
			uint64_t first, uint64_t last)
{
	enum sbk_status followed;
	uint64_t id;
	int rc = 0;

	for (id = first; rc == 0 && id <= last; id++)
		rc = settle_one(v, id, status);
	if (!follow(status, &followed))
		return rc;
	for (id = first; rc == 0 && id <= last; id++)
		if (sbk_verify_change(&v->changes, id)->undoes != 0)
			rc = settle_one(
				v, sbk_verify_change(&v->changes, id)->undoes,
				followed);
	return rc;
}

/* --- what is kept until the rest is undone ------------------------------- */

/* Whether a change is in effect, no inverse, whose undoing would overwrite what
 * is kept. */
static bool in_effect(const struct sbk_verify_change *change)
{
	return change->undoes == 0 && !change->kept && !change->apart &&
	       change->status != SBK_STATUS_UNDONE;
}

static bool others_in_effect(const struct sbk_verify_changes *c, uint64_t id)
{
	const uint32_t txn = sbk_verify_change(c, id)->txn;
	uint64_t at;

	for (at = id; at > c->base && sbk_verify_change(c, at)->txn == txn;
	     at--)
		if (in_effect(sbk_verify_change(c, at)))
			return true;
	for (at = id + 1;
	     at <= c->count && sbk_verify_change(c, at)->txn == txn; at++)
		if (in_effect(sbk_verify_change(c, at)))
			return true;
	return false;
}

/* As sbk_view_keep has it. */
static int keep_range(struct sbk_verification *v, uint64_t first, uint64_t last)
{
	const struct sbk_verify_changes *c = &v->changes;
	uint64_t id;
	int rc = 0;

	for (id = first; rc == 0 && id <= last; id++) {
		const uint64_t undone = sbk_verify_change(c, id)->undoes;

		if (undone == 0 || !sbk_verify_change(c, undone)->kept ||
		    !others_in_effect(c, undone))
			continue;
		sbk_verify_change(c, undone)->status = SBK_STATUS_OWED;
		rc = set_note(v, undone, SBK_NOTE_KEPT);
	}
	return rc;
}

/* --- the entry ----------------------------------------------------------- */

/* Each range of the entry that has this status. */
static int for_ranges(struct sbk_verification *v, struct sbk_entry_reader *r,
		      enum sbk_status status, bool keeping)
{
	const json_t *ranges =
		json_object_get(r->json, sbk_status_name(status));
	const json_t *range;
	uint64_t first = 0, last = 0;
	size_t i;
	int rc = 0;

	json_array_foreach(ranges, i, range) {
		rc = sbk_entry_range(r, range, &first, &last);
		if (rc == 0 &&
		    (first <= v->changes.base || last > v->changes.count))
			rc = sbk_entry_wrong(r, "range");
		if (rc == 0)
			rc = keeping ? keep_range(v, first, last)
				     : settle_range(v, status, first, last);
		if (rc < 0)
			break;
	}
	return rc;
}

static int note_one(struct sbk_verification *v, struct sbk_entry_reader *r,
		    const json_t *item)
{
	const json_int_t id =
		json_integer_value(json_object_get(item, "change"));
	const struct sbk_verify_change *change;
	const char *note = NULL;
	int rc;

	r->text_count = 0;
	rc = sbk_entry_optional(r, item, "note", &note);
	if (rc == 0 && (id < 1 || (uint64_t)id <= v->changes.base ||
			(uint64_t)id > v->changes.count || note == NULL))
		rc = sbk_entry_wrong(r, "notes");
	if (rc == 0)
		rc = set_note(v, (uint64_t)id, note);
	if (rc < 0)
		return rc;
	change = sbk_verify_change(&v->changes, (uint64_t)id);
	return change->undoes != 0 && change->status != SBK_STATUS_UNDONE
		       ? set_note(v, change->undoes, note)
		       : 0;
}

static int settle(struct sbk_verification *v, struct sbk_entry_reader *r)
{
	/* In the order in which the entry has them. */
	static const enum sbk_status statuses[] = {
		SBK_STATUS_CONFIRMED,
		SBK_STATUS_UNDONE,
		SBK_STATUS_CONFLICT,
		SBK_STATUS_OWED,
	};
	const json_t *item;
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < sizeof(statuses) / sizeof(statuses[0]); i++)
		rc = for_ranges(v, r, statuses[i], false);
	if (rc == 0)
		rc = for_ranges(v, r, SBK_STATUS_CONFIRMED, true);
	if (rc < 0)
		return rc;
	json_array_foreach(json_object_get(r->json, "notes"), i, item) {
		rc = note_one(v, r, item);
		if (rc < 0)
			break;
	}
	return rc;
}

int sbk_verify_settle(struct sbk_verification *v, uint64_t n, const char *json,
		      size_t size)
{
	struct sbk_error why = SBK_ERROR_INIT;
	struct sbk_entry_reader r;
	int rc = sbk_entry_open(&r, n, json, size, &why);

	if (rc == 0)
		rc = settle(v, &r);
	sbk_entry_close(&r);
	if (rc == SBK_E_CORRUPT) {
		sbk_verify_strange(v, n, why.message);
		return 0;
	}
	return rc == SBK_E_NOMEM ? sbk_error_no_memory(v->err) : rc;
}
