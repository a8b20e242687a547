/*
 * The certificate's statement: in-toto's, v1, which goes into an envelope that
 * the machine journal's key signs (journal/dsse.h). Its subject is the machine
 * journal, named by the root of its Merkle tree, so that the exported log and
 * the certificate vouch for each other.
 *
 * The signature says who wrote it, not that it is true: root, who holds the
 * key, can write any. What people's parts did is their own word and stands
 * apart, with what the machine's log had seen of their logs.
 */
#include "uninstall/uninstall.h"

#include <string.h>
#include <time.h>

#include "engine/json.h"
#include "engine/root_principal.h"
#include "uninstall/internal.h"

#include "engine/banned.h"

static void print_time(struct sbk_buf *out, const char *key, int64_t time_ms)
{
	time_t seconds = (time_t)(time_ms / 1000);
	/* One thread writes certificates; gmtime_r is not every system's. */
	const struct tm *utc = gmtime(&seconds);
	char text[32] = "";

	if (utc != NULL)
		(void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", utc);
	sbk_json_string(out, key, text);
}

static void print_subject(const struct sbk_uninstall_report *report,
			  struct sbk_buf *out)
{
	sbk_json_open_key(out, "subject", '[');
	sbk_json_open(out, '{');
	sbk_json_string(out, "name", "sandbook machine journal");
	sbk_json_open_key(out, "digest", '{');
	/* The root of the tree of RFC 6962, no hash of a file. */
	sbk_json_string(out, "rfc6962-sha256", report->journal_root);
	sbk_json_close(out, '}');
	sbk_json_close(out, '}');
	sbk_json_close(out, ']');
}

static void print_principals(const struct sbk_uninstall_report *report,
			     struct sbk_buf *out)
{
	size_t i;

	sbk_json_open_key(out, "principals", '[');
	for (i = 0; i < report->principal_count; i++) {
		const struct sbk_uninstall_principal *item =
			&report->principals[i];

		sbk_json_open(out, '{');
		sbk_json_string(out, "role",
				sbk_principal_role_name(item->principal.role));
		sbk_json_string(out, "id", item->principal.id);
		sbk_json_name(out, "name", item->principal.name);
		if (item->principal.role != SBK_PRINCIPAL_GROUP)
			sbk_json_owner(out, "person", &item->principal.person);
		sbk_json_integer(out, "processes_ended",
				 (int64_t)item->processes);
		sbk_json_bool(out, "number_taken_by_other", item->foreign);
		sbk_json_close(out, '}');
	}
	sbk_json_close(out, ']');
}

/* The last inverse of each change, by its place in the record. */
struct inverses {
	struct sbk_plan *record;
	size_t *last; /* 1 + index, or 0 */
};

/* Changes come in the order of their numbers. */
static size_t find_change(struct sbk_plan *record, uint64_t id)
{
	size_t low = 0, high = sbk_plan_count(record);

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (sbk_plan_at(record, middle)->id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void find_inverses(struct inverses *inverses)
{
	struct sbk_plan *record = inverses->record;
	size_t i;

	for (i = 0; i < sbk_plan_count(record); i++) {
		const uint64_t undoes = sbk_plan_at(record, i)->undoes;
		size_t place;

		if (undoes == 0)
			continue;
		place = find_change(record, undoes);
		if (place < sbk_plan_count(record))
			inverses->last[place] = i + 1;
	}
}

static void print_change(const struct inverses *inverses, size_t index,
			 struct sbk_buf *out)
{
	const struct sbk_change *change = sbk_plan_at(inverses->record, index);
	const size_t last = inverses->last[index];

	sbk_json_open(out, '{');
	sbk_json_integer(out, "change", (int64_t)change->id);
	sbk_json_string(out, "kind", sbk_kind_name(change->object.kind));
	sbk_json_name(out, "name", change->object.name);
	if (change->object.identity != NULL)
		sbk_json_string(out, "identity", change->object.identity);
	if (change->reason != NULL)
		sbk_json_string(out, "reason", change->reason);
	sbk_json_string(out, "status", sbk_status_name(change->status));
	if (last > 0) {
		const struct sbk_change *inverse =
			sbk_plan_at(inverses->record, last - 1);

		sbk_json_open_key(out, "undo", '{');
		sbk_json_integer(out, "change", (int64_t)inverse->id);
		sbk_json_string(out, "status",
				sbk_status_name(inverse->status));
		sbk_json_close(out, '}');
	}
	if (change->note != NULL)
		sbk_json_string(out, "note", change->note);
	sbk_json_close(out, '}');
}

void sbk_certificate_print_changes(struct sbk_plan *record, struct sbk_buf *out)
{
	struct sbk_arena arena = SBK_ARENA_INIT;
	const size_t count = sbk_plan_count(record);
	struct inverses inverses = {
		.record = record,
		.last = sbk_arena_alloc(&arena,
					(count + 1) * sizeof(*inverses.last)),
	};
	size_t i;

	if (inverses.last == NULL) {
		out->failure = SBK_E_NOMEM;
		return;
	}
	find_inverses(&inverses);
	sbk_json_open_key(out, "changes", '[');
	for (i = 0; i < count; i++)
		if (sbk_plan_at(record, i)->undoes == 0)
			print_change(&inverses, i, out);
	sbk_json_close(out, ']');
	sbk_arena_release(&arena);
}

static void print_person(const struct sbk_uninstall_person *one,
			 struct sbk_buf *out)
{
	const struct sbk_user_part *part = &one->part;

	sbk_json_open(out, '{');
	sbk_json_name(out, "name", one->person.name);
	sbk_json_owner(out, "uid", &one->person.id);
	sbk_json_bool(out, "left_by_choice", one->left);
	sbk_json_integer(out, "changes", (int64_t)part->changes);
	sbk_json_integer(out, "undone", (int64_t)part->undone);
	sbk_json_integer(out, "conflicts", (int64_t)part->conflicts);
	sbk_json_integer(out, "owed", (int64_t)part->owed);
	sbk_json_integer(out, "remediated", (int64_t)part->remediated);
	sbk_json_bool(out, "journal_removed", part->removed);
	sbk_json_bool(out, "journal_altered", part->altered != 0);
	if (part->error != 0)
		sbk_json_string(out, "problem", part->message);
	if (part->unanchored[0] != '\0')
		sbk_json_string(out, "not_anchored", part->unanchored);
	if (part->checkpoint[0] != '\0')
		sbk_json_string(out, "last_checkpoint", part->checkpoint);
	/* What was before it was exported and dropped: not in the record. */
	if (part->found && part->error == 0)
		sbk_json_integer(out, "log_begins_at",
				 (int64_t)part->first_entry);
	sbk_json_close(out, '}');
}

/* What people's parts did is their word, and is called so. */
static void print_people(const struct sbk_uninstall_report *report,
			 struct sbk_buf *out)
{
	size_t i;

	sbk_json_open_key(out, "people_reported", '[');
	for (i = 0; i < report->person_count; i++)
		print_person(&report->people[i], out);
	sbk_json_close(out, ']');
}

/* What does not hang on anybody's word: seen by the machine's log, before. */
static void print_witnessed(const struct sbk_uninstall_report *report,
			    struct sbk_buf *out)
{
	size_t i;

	sbk_json_open_key(out, "people_witnessed", '[');
	for (i = 0; i < report->witnessed_count; i++) {
		const struct sbk_uninstall_witnessed *one =
			&report->witnessed[i];

		sbk_json_open(out, '{');
		sbk_json_owner(out, "uid", &one->id);
		sbk_json_string(out, "found", one->found);
		if (one->note.size > 0)
			sbk_json_string(out, "checkpoint",
					sbk_buf_text(&one->note));
		sbk_json_close(out, '}');
	}
	sbk_json_close(out, ']');
}

static void print_finding(const struct sbk_finding *finding,
			  struct sbk_buf *out)
{
	sbk_json_open(out, '{');
	sbk_json_string(out, "rule", finding->rule);
	if (finding->object != NULL)
		sbk_json_name(out, "object", finding->object);
	if (finding->principal != NULL)
		sbk_json_string(out, "principal", finding->principal);
	sbk_json_close(out, '}');
}

static void print_sweep(const struct sbk_uninstall_report *report,
			struct sbk_buf *out)
{
	const struct sbk_coverage *coverage;
	size_t i;

	if (report->sweep == NULL) {
		sbk_json_null(out, "sweep");
		return;
	}
	coverage = sbk_report_coverage(report->sweep);
	sbk_json_open_key(out, "sweep", '{');
	sbk_json_bool(out, "complete", sbk_report_exit(report->sweep) != 2);
	sbk_json_open_key(out, "coverage", '{');
	sbk_json_integer(out, "examined", (int64_t)coverage->examined);
	sbk_json_integer(out, "unreadable", (int64_t)coverage->unreadable);
	sbk_json_integer(out, "skipped", (int64_t)coverage->skipped);
	sbk_json_open_key(out, "missed", '[');
	for (i = 0; i < coverage->missed_count; i++)
		sbk_json_string(out, NULL, coverage->missed[i]);
	sbk_json_close(out, ']');
	sbk_json_open_key(out, "searched_for", '[');
	for (i = 0; sbk_root_principal_families[i] != NULL; i++)
		sbk_json_string(out, NULL, sbk_root_principal_families[i]);
	for (i = 0; i < report->principal_count; i++)
		if (!report->principals[i].foreign)
			sbk_json_string(out, NULL,
					report->principals[i].principal.id);
	sbk_json_close(out, ']');
	sbk_json_open_key(out, "not_covered", '[');
	for (i = 0; i < sbk_plan_note_count(report->limits); i++)
		sbk_json_string(out, NULL, sbk_plan_note_at(report->limits, i));
	sbk_json_close(out, ']');
	sbk_json_close(out, '}');
	sbk_json_open_key(out, "findings", '[');
	for (i = 0; i < sbk_report_count(report->sweep); i++)
		print_finding(sbk_report_at(report->sweep, i), out);
	sbk_json_close(out, ']');
	sbk_json_close(out, '}');
}

static void print_predicate(const struct sbk_uninstall_report *report,
			    struct sbk_buf *out)
{
	size_t i;

	sbk_json_string(out, "verdict",
			sbk_verdict_text(sbk_uninstall_verdict(report)));
	sbk_json_open_key(out, "exceptions", '[');
	for (i = 0; i < sbk_plan_note_count(report->exceptions); i++)
		sbk_json_string(out, NULL,
				sbk_plan_note_at(report->exceptions, i));
	sbk_json_close(out, ']');
	print_time(out, "begun", report->begun_ms);
	print_time(out, "ended", report->ended_ms);
	sbk_json_open_key(out, "journal", '{');
	sbk_json_integer(out, "size", (int64_t)report->journal_size);
	sbk_json_string(out, "root", report->journal_root);
	if (report->checkpoint.size > 0)
		sbk_json_string(out, "last_checkpoint",
				sbk_buf_text(&report->checkpoint));
	sbk_json_string(out, "key",
			report->key[0] != '\0' ? report->key : NULL);
	/* Written while it still exists: the exit code says how that went. */
	sbk_json_string(out, "removal",
			sbk_uninstall_verdict(report) == SBK_VERDICT_INCOMPLETE
				? "it stays, since something is owed"
				: "it is removed next, and exit code 0 says "
				  "that it was");
	sbk_json_close(out, '}');
	print_principals(report, out);
	sbk_certificate_print_changes(report->record, out);
	print_people(report, out);
	print_witnessed(report, out);
	sbk_json_open_key(out, "residue_restored", '{');
	sbk_json_integer(out, "entries_taken_out", (int64_t)report->stripped);
	sbk_json_integer(out, "owners_given_back", (int64_t)report->given);
	sbk_json_integer(out, "given_to_nobody", (int64_t)report->refused);
	sbk_json_integer(out, "older_than_ours", (int64_t)report->older);
	sbk_json_close(out, '}');
	print_sweep(report, out);
}

void sbk_certificate_print(const struct sbk_uninstall_report *report,
			   struct sbk_buf *out)
{
	sbk_json_open(out, '{');
	sbk_json_string(out, "_type", SBK_CERTIFICATE_TYPE);
	print_subject(report, out);
	sbk_json_string(out, "predicateType", SBK_CERTIFICATE_PREDICATE);
	sbk_json_open_key(out, "predicate", '{');
	print_predicate(report, out);
	sbk_json_close(out, '}');
	sbk_json_close(out, '}');
	sbk_buf_addc(out, '\n');
}
