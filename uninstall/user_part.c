/*
 * A person's own part of uninstall: everything in the user journal undone, and
 * the journal removed. Runs as that person and never with more rights.
 *
 * It also finishes a removal that was cut short: what such a one leaves is
 * files of the journal without the journal.
 */
#include "uninstall/uninstall.h"

#include <stdio.h>
#include <string.h>

#include "engine/json.h"
#include "engine/os_admin.h"
#include "engine/run.h"
#include "journal/journal.h"
#include "journal/note.h"

#include "engine/banned.h"

#define LOCK_WAIT_MS 10000

static uint64_t owed_of(const uint64_t *counts)
{
	return counts[SBK_STATUS_PREPARED] + counts[SBK_STATUS_CONFIRMED] +
	       counts[SBK_STATUS_OWED];
}

/*
 * What `remediate` took out or away stays so: bringing another tool's entries
 * and accounts back is nothing that removing Sandbook is asked for, and a
 * volume may be away for good. What a crash left half done is undone like all
 * else.
 */
static bool stays(const struct sbk_change *change)
{
	return sbk_journal_is_remediation(SBK_BOOK_USER, change) &&
	       (change->status == SBK_STATUS_CONFIRMED ||
		change->status == SBK_STATUS_CONFLICT);
}

/* What is to be undone; `left` counts the rest, by status. */
static int load_all(struct sbk_journal *journal, struct sbk_plan *changes,
		    uint64_t left[SBK_STATUS_COUNT], struct sbk_error *err)
{
	const struct sbk_journal_filter filter = {.unsettled = true};
	struct sbk_plan *all = sbk_plan_new();
	size_t i;
	int rc;

	if (all == NULL)
		return sbk_error_no_memory(err);
	rc = sbk_journal_load(journal, &filter, all, err);
	for (i = 0; rc == 0 && i < sbk_plan_count(all); i++) {
		if (stays(sbk_plan_at(all, i)))
			left[sbk_plan_at(all, i)->status]++;
		else
			rc = sbk_plan_add(changes, sbk_plan_at(all, i), err);
	}
	sbk_plan_free(all);
	return rc;
}

static int undo_all(struct sbk_journal *journal,
		    const struct sbk_backend *backend,
		    struct sbk_user_part *out, struct sbk_error *err)
{
	struct sbk_apply_result result = {0};
	struct sbk_plan *changes = sbk_plan_new();
	uint64_t counts[SBK_STATUS_COUNT], left[SBK_STATUS_COUNT] = {0};
	int rc;

	if (changes == NULL)
		return sbk_error_no_memory(err);
	rc = load_all(journal, changes, left, err);
	out->changes = rc == 0 ? sbk_plan_count(changes) : 0;
	if (rc == 0 && out->changes > 0)
		rc = sbk_journal_undo(journal, backend, "uninstall", changes,
				      &result, err);
	if (rc == 0)
		rc = sbk_journal_count(journal, counts, err);
	if (rc == 0) {
		out->remediated =
			left[SBK_STATUS_CONFIRMED] + left[SBK_STATUS_CONFLICT];
		out->conflicts =
			counts[SBK_STATUS_CONFLICT] - left[SBK_STATUS_CONFLICT];
		out->owed = owed_of(counts) - left[SBK_STATUS_CONFIRMED];
		out->undone =
			out->changes > out->owed + out->conflicts
				? out->changes - out->owed - out->conflicts
				: 0;
	}
	sbk_plan_free(changes);
	return rc;
}

/* What is owed of trees that were given up; its changes go to `plan`. */
static int look_at_owed(struct sbk_journal *journal,
			const struct sbk_backend *backend,
			struct sbk_plan *plan, struct sbk_owed *owed,
			struct sbk_user_part *out, struct sbk_error *err)
{
	int rc = sbk_journal_plan_owed(journal, backend, NULL, plan, err);

	if (rc == 0)
		rc = sbk_journal_sum_owed(backend, plan, plan, owed, err);
	if (rc == 0)
		out->foreign = owed->foreign < UINT32_MAX
				       ? (uint32_t)owed->foreign
				       : UINT32_MAX;
	return rc;
}

static int count_foreign(struct sbk_journal *journal,
			 const struct sbk_backend *backend,
			 struct sbk_user_part *out, struct sbk_error *err)
{
	struct sbk_plan *plan = sbk_plan_new();
	struct sbk_owed owed;
	int rc;

	if (plan == NULL)
		return sbk_error_no_memory(err);
	rc = look_at_owed(journal, backend, plan, &owed, out, err);
	sbk_plan_free(plan);
	return rc;
}

/* The last that the log says of itself; without one there is less to tell. */
static void tell_checkpoint(struct sbk_journal *journal,
			    struct sbk_user_part *out)
{
	struct sbk_buf note = SBK_BUF_INIT;

	out->first_entry = sbk_journal_first_entry(journal);
	if (sbk_journal_checkpoint(journal, &note, NULL) == 0 &&
	    note.size < sizeof(out->checkpoint))
		(void)snprintf(out->checkpoint, sizeof(out->checkpoint), "%s",
			       sbk_buf_text(&note));
	sbk_buf_release(&note);
}

/* The newest checkpoint is handed to whom the person's policy names; in an
 * errand as by that person's own hand. */
static void anchor(struct sbk_journal *journal, struct sbk_user_part *out)
{
	struct sbk_error why = SBK_ERROR_INIT;

	if (sbk_journal_anchor(journal, &why) < 0)
		(void)snprintf(out->unanchored, sizeof(out->unanchored),
			       "%.255s", why.message);
}

/* What shows others that the log ended here, and was not taken away. */
static int show_end(const struct sbk_journal_place *place,
		    struct sbk_journal *journal,
		    const struct sbk_user_request *request,
		    const struct sbk_user_part *out, struct sbk_error *err)
{
	struct sbk_buf text = SBK_BUF_INIT;
	struct sbk_person owner;
	int rc;

	if (request->end == NULL && request->end_file == NULL)
		return 0;
	rc = out->altered == SBK_USER_ALTERED
		     ? sbk_error_set(err, SBK_E_CORRUPT,
				     "the end of an altered log is not "
				     "signed; leave --certificate out")
		     : sbk_journal_end_print(
			       journal, place, request->seen,
			       request->seen > 0 ? request->seen_key : NULL,
			       &text, err);
	if (rc == 0 && request->end_file != NULL) {
		rc = sbk_os_caller(&owner, err);
		if (rc == 0)
			rc = sbk_os_new_file_make(request->end_file, text.data,
						  text.size, &owner, false,
						  err);
	} else if (request->end_file == NULL) {
		rc = 0; /* root's look says that it is gone, then */
	}
	if (rc == 0 && request->end != NULL)
		sbk_buf_adds(request->end, sbk_buf_text(&text));
	sbk_buf_release(&text);
	return rc;
}

/* `out` says what is owed: else the journal is removed next. */
static int end_log(const struct sbk_journal_place *place,
		   struct sbk_journal *journal,
		   const struct sbk_user_request *request,
		   struct sbk_user_part *out, struct sbk_error *err)
{
	/* Where that fails, runs at its end stay unsigned, as they are. */
	if (out->owed == 0 && sbk_journal_sign(journal, err) < 0)
		sbk_error_clear(err);
	tell_checkpoint(journal, out);
	anchor(journal, out);
	return out->owed == 0 ? show_end(place, journal, request, out, err) : 0;
}

static int carry_out(const struct sbk_journal_place *place,
		     struct sbk_journal *journal,
		     const struct sbk_backend *backend,
		     const struct sbk_user_request *request,
		     struct sbk_user_part *out, struct sbk_error *err)
{
	size_t settled = 0;
	int rc;

	sbk_journal_settle_debts(journal);
	rc = sbk_journal_lock(journal, LOCK_WAIT_MS, err);

	if (rc == 0)
		rc = sbk_journal_recover(journal, backend, &settled, err);
	if (rc == 0)
		rc = undo_all(journal, backend, out, err);
	if (rc == 0)
		rc = end_log(place, journal, request, out, err);
	return rc == 0 && out->owed > 0
		       ? count_foreign(journal, backend, out, err)
		       : rc;
}

/* Trees that an earlier undo could not clear are tried again, and what cannot
 * be changed by the person is announced. */
static int show_owed(struct sbk_journal *journal,
		     const struct sbk_backend *backend,
		     struct sbk_plan *preview, struct sbk_user_part *out,
		     struct sbk_error *err)
{
	struct sbk_plan *plan = sbk_plan_new();
	struct sbk_buf text = SBK_BUF_INIT;
	struct sbk_owed owed;
	size_t i;
	int rc;

	if (plan == NULL)
		return sbk_error_no_memory(err);
	rc = look_at_owed(journal, backend, plan, &owed, out, err);
	for (i = 0; rc == 0 && i < sbk_plan_count(plan); i++)
		rc = sbk_plan_add(preview, sbk_plan_at(plan, i), err);
	for (i = 0; rc == 0 && i < sbk_plan_note_count(plan); i++)
		rc = sbk_plan_add_note(preview, err, "%s",
				       sbk_plan_note_at(plan, i));
	if (rc == 0 && owed.objects > 0) {
		out->owed = owed.trees;
		sbk_owed_print(&owed, &text);
		rc = sbk_buf_failed(&text, err);
		if (rc == 0)
			rc = sbk_plan_add_note(preview, err,
					       "owed of an earlier undo: %s",
					       text.data);
	}
	sbk_buf_release(&text);
	sbk_plan_free(plan);
	return rc;
}

static int show(struct sbk_journal *journal, const struct sbk_backend *backend,
		struct sbk_plan *preview, struct sbk_user_part *out,
		struct sbk_error *err)
{
	struct sbk_plan *changes = sbk_plan_new();
	uint64_t left[SBK_STATUS_COUNT] = {0};
	int rc;

	if (changes == NULL)
		return sbk_error_no_memory(err);
	rc = load_all(journal, changes, left, err);
	out->changes = rc == 0 ? sbk_plan_count(changes) : 0;
	if (rc == 0)
		rc = sbk_journal_plan_undo(journal, backend, changes, preview,
					   err);
	if (rc == 0)
		rc = show_owed(journal, backend, preview, out, err);
	sbk_plan_free(changes);
	return rc;
}

static int remove_journal(const struct sbk_journal_place *place,
			  struct sbk_user_part *out, struct sbk_error *err)
{
	int rc = sbk_run_remove_leftovers(err);

	if (rc == 0)
		rc = sbk_journal_remove(place, err);
	out->removed = rc == 0;
	return rc;
}

/* Whoever goes on with an altered journal is told that it was one. */
static int check_trusted(struct sbk_journal *journal, bool dry,
			 struct sbk_user_part *out, struct sbk_error *err)
{
	struct sbk_journal_verdict verdict = {.text = SBK_BUF_INIT};
	bool rebuilt = false;
	int rc = sbk_journal_verify(journal, &verdict, err);

	out->altered = rc == 0 && verdict.findings > 0;
	/* The log is gone by, where it is as it was written. */
	if (out->altered && verdict.log_sound && !dry)
		rc = sbk_journal_rebuild(journal, &rebuilt, err);
	sbk_journal_verdict_release(&verdict);
	if (rebuilt)
		out->altered = SBK_USER_REBUILT;
	else
		sbk_journal_trust(journal);
	return rc;
}

static int check_record(struct sbk_journal *journal, struct sbk_error *err)
{
	int rc = sbk_journal_check(journal, err);

	if (rc == SBK_E_CORRUPT)
		(void)sbk_error_prefix(err, "nothing was undone, which "
					    "--trust-journal does all the "
					    "same");
	return rc;
}

static int with_journal(const struct sbk_journal_place *place,
			struct sbk_journal *journal,
			const struct sbk_user_request *request,
			struct sbk_user_part *out, struct sbk_error *err)
{
	struct sbk_backend backend = {.ops = NULL};
	struct sbk_plan *preview = request->preview;
	int rc = sbk_os_backend(&backend, err);

	if (rc == 0)
		rc = request->trust_journal
			     ? check_trusted(journal, preview != NULL, out, err)
			     : check_record(journal, err);
	if (rc == 0 && preview != NULL)
		rc = show(journal, &backend, preview, out, err);
	else if (rc == 0)
		rc = carry_out(place, journal, &backend, request, out, err);
	sbk_backend_close(&backend);
	sbk_journal_close(journal);
	if (rc == 0 && preview == NULL && out->owed == 0)
		rc = remove_journal(place, out, err);
	return rc;
}

/* Somebody who cannot reach his own home keeps no journal in it. */
static bool is_homeless(const struct sbk_person *person)
{
	struct sbk_file file;

	return sbk_os_look(person->home, &file, NULL) < 0;
}

/*
 * Whether there is anything where the journal would be. Where `.local` is a
 * link, say, no journal was ever made, and refusing to look is no news.
 */
static bool is_there(const struct sbk_journal_place *place)
{
	struct sbk_file file;

	return sbk_os_look(place->directory, &file, NULL) == 0;
}

int sbk_uninstall_user(const struct sbk_person *person,
		       const struct sbk_user_request *request,
		       struct sbk_user_part *out, struct sbk_error *err)
{
	struct sbk_plan *preview = request->preview;
	const enum sbk_journal_mode mode = preview != NULL ? SBK_JOURNAL_READ
					   : request->trust_journal
						   ? SBK_JOURNAL_TRUST
						   : SBK_JOURNAL_WRITE;
	struct sbk_error local = SBK_ERROR_INIT;
	struct sbk_journal_place place;
	struct sbk_journal *journal = NULL;
	int rc;

	memset(out, 0, sizeof(*out));
	out->format = SBK_USER_PART_FORMAT;
	if (is_homeless(person)) {
		out->homeless = 1;
		return 0;
	}
	rc = sbk_journal_place_user(person, &place, &local);
	if (rc == 0)
		rc = sbk_journal_open(&place, mode, &journal, &local);
	if (rc == 0) {
		out->found = 1;
		rc = with_journal(&place, journal, request, out, &local);
	} else if (rc == SBK_E_NOTFOUND) {
		sbk_error_clear(&local);
		rc = preview == NULL ? sbk_journal_remove(&place, &local) : 0;
	} else if (rc == SBK_E_DENIED && !is_there(&place)) {
		sbk_error_clear(&local);
		rc = 0;
	} else {
		out->found = 1; /* there is something, and it cannot be used */
	}
	out->error = rc;
	(void)snprintf(out->message, sizeof(out->message), "%.255s",
		       local.message);
	if (rc < 0 && err != NULL)
		*err = local;
	return rc;
}

/* The error record replaces control bytes. */
static void clean(char text[256])
{
	struct sbk_error err = SBK_ERROR_INIT;

	text[255] = '\0';
	(void)sbk_error_set(&err, SBK_E_IO, "%s", text);
	(void)snprintf(text, 256, "%.255s", err.message);
}

void sbk_user_part_sanitize(struct sbk_user_part *part)
{
	struct sbk_checkpoint head;
	struct sbk_note note;

	clean(part->message);
	clean(part->unanchored);
	/* Whatever else stands there is no checkpoint, and goes. */
	part->checkpoint[sizeof(part->checkpoint) - 1] = '\0';
	if (sbk_note_parse(part->checkpoint, strlen(part->checkpoint), &note,
			   NULL) < 0 ||
	    sbk_checkpoint_parse(&note, &head, NULL) < 0)
		memset(part->checkpoint, 0, sizeof(part->checkpoint));
	if (part->format != SBK_USER_PART_FORMAT) {
		memset(part, 0, sizeof(*part));
		part->found = 1;
		part->error = SBK_E_PARSE;
		(void)snprintf(part->message, sizeof(part->message),
			       "its answer makes no sense");
	}
	if (part->error > 0 || part->error < -(int32_t)SBK_ERROR_COUNT)
		part->error = SBK_E_PARSE;
	part->found = part->found != 0;
	part->removed = part->removed != 0;
	part->homeless = part->homeless != 0;
	if (part->altered > SBK_USER_REBUILT)
		part->altered = SBK_USER_ALTERED;
}
