/*
 * Drift: each object that a standing change is about is looked at and compared
 * with the state that the journal says it was left in.
 *
 * What is not at its path any more is searched for by its identity, all of a
 * book at once. Kept copies of account files are not compared: every account
 * tool overwrites them, and undo puts them back whatever stands there.
 */
#include "audit/drift.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/os.h"
#include "engine/principals.h"
#include "journal/journal.h"

#include "engine/banned.h"

#define LINES_SHOWN_MAX 4
#define REMEDY_MAX 320

struct drift {
	const struct sbk_backend *backend;
	const struct sbk_record_book *book;
	struct sbk_report *report;
	struct sbk_coverage *coverage;
	struct sbk_buf text;
	const struct sbk_change **lost; /* not at their paths */
	const char **why;		/* of each, what stands there instead */
	size_t lost_count;
};

static int tell(struct drift *d, enum sbk_severity severity, const char *rule,
		const struct sbk_change *change, const char *remedy,
		struct sbk_error *err)
{
	struct sbk_finding finding = {
		.severity = severity,
		.rule = rule,
		.object = change->object.name,
		.text = sbk_buf_text(&d->text),
		.remedy = remedy,
		.objects = 1,
	};
	char members[64];
	int rc = sbk_buf_failed(&d->text, err);

	(void)snprintf(members, sizeof(members), "\"change\":%llu",
		       (unsigned long long)change->id);
	finding.members = members;
	return rc == 0 ? sbk_report_add(d->report, &finding, err) : rc;
}

/* Whether `state` has the line, which is `size` bytes long. */
static bool has_line(struct sbk_state state, const char *line, size_t size)
{
	const char *at = state.data, *end = state.data + state.size;

	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t length = (size_t)((stop != NULL ? stop : end) - at);

		if (length == size && memcmp(at, line, size) == 0)
			return true;
		at += length + 1;
	}
	return false;
}

/* How much of a line is shown: of a group's password, and of what may be a
 * hash, that there is one. */
static int shown_length(const char *line, size_t length)
{
	static const char word[] = "password ";
	const size_t size = sizeof(word) - 1;

	if (length > size + sizeof("locked") - 1 &&
	    memcmp(line, word, size) == 0)
		return (int)size - 1;
	return (int)length;
}

/* Up to LINES_SHOWN_MAX lines that `state` has and `other` has not. */
static void add_lines(struct sbk_buf *out, struct sbk_state state,
		      struct sbk_state other)
{
	const char *at = state.data, *end = state.data + state.size;
	size_t shown = 0;

	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t length = (size_t)((stop != NULL ? stop : end) - at);

		if (!has_line(other, at, length) && shown++ < LINES_SHOWN_MAX)
			sbk_buf_printf(out, "%s'%.*s'", shown > 1 ? ", " : "",
				       shown_length(at, length), at);
		at += length + 1;
	}
	if (shown == 0)
		sbk_buf_adds(out, "nothing");
	else if (shown > LINES_SHOWN_MAX)
		sbk_buf_printf(out, " and %zu more", shown - LINES_SHOWN_MAX);
}

/* Kinds whose state is lines that say what they are. */
static bool has_shown_lines(enum sbk_kind kind)
{
	return kind == SBK_KIND_ACCESS || kind == SBK_KIND_ACCOUNT ||
	       kind == SBK_KIND_GROUP || kind == SBK_KIND_PROFILE ||
	       kind == SBK_KIND_FOLDER || kind == SBK_KIND_FILTERS;
}

static void describe(struct drift *d, const struct sbk_change *change,
		     struct sbk_state now)
{
	static const char *const texts[SBK_KIND_COUNT] = {
		[SBK_KIND_ACCESS] = "",
		[SBK_KIND_FILE] = "its content, owner or mode is not what was "
				  "written",
		[SBK_KIND_DIRECTORY] = "its owner, mode or ACL is not what was "
				       "made",
		[SBK_KIND_LINK] = "it leads elsewhere",
		[SBK_KIND_GROUP] = "its lines in the account files are not "
				   "what was made",
		[SBK_KIND_ACCOUNT] = "its lines in the account files are not "
				     "what was made",
		[SBK_KIND_SUBID] = "its line is not what was added",
		[SBK_KIND_FIREWALL] = "its rules are not what was made",
		[SBK_KIND_FILTERS] = "they are not what was made",
		[SBK_KIND_PROFILE] = "it is not loaded as it was",
		[SBK_KIND_MEMBER] = "it is no member any more",
		[SBK_KIND_LOGON] = "it is not enabled as it was",
		[SBK_KIND_RIGHT] = "it is not held as it was given",
		[SBK_KIND_REGISTRY] = "it is not what was written",
		[SBK_KIND_SECRET] = "it is not the one that was kept",
		[SBK_KIND_FOLDER] = "the profile is not as it was made",
		[SBK_KIND_DESCRIPTOR] = "its descriptor is not what was left",
	};

	sbk_buf_clear(&d->text);
	sbk_buf_printf(&d->text, "altered: %s", texts[change->object.kind]);
	if (!has_shown_lines(change->object.kind))
		return;
	sbk_buf_printf(&d->text, "%srecorded ",
		       *texts[change->object.kind] != '\0' ? ": " : "");
	add_lines(&d->text, change->after, now);
	sbk_buf_adds(&d->text, ", found ");
	add_lines(&d->text, now, change->after);
}

/* One that asks for an administrator, or is called as one. */
static const char *admin_command(const char *command, char remedy[REMEDY_MAX])
{
	(void)snprintf(remedy, REMEDY_MAX, "%ssandbook %s", sbk_os_admin.before,
		       command);
	return remedy;
}

/* For what setup made; NULL: for a person's own grants there is none. */
static const char *remedy_of(const struct drift *d,
			     const struct sbk_change *change,
			     char remedy[REMEDY_MAX])
{
	struct sbk_principal principal;

	if (!d->book->machine)
		return NULL;
	if (change->object.kind == SBK_KIND_ACCESS)
		return admin_command("setup --upgrade", remedy);
	if (sbk_principal_of_change(change, &principal, NULL) < 0)
		return NULL;
	if (principal.person.text[0] == '\0')
		return "set back what differs";
	(void)snprintf(remedy, REMEDY_MAX,
		       "set back what differs; or '%ssandbook setup "
		       "--remove-user %s', and enrol anew",
		       sbk_os_admin.before, principal.person.text);
	return remedy;
}

static int compare(struct drift *d, const struct sbk_change *change,
		   struct sbk_state now, struct sbk_error *err)
{
	char remedy[REMEDY_MAX];

	if (sbk_state_equal(now, change->after))
		return 0;
	describe(d, change, now);
	return tell(d, SBK_SEVERITY_FINDING, "drift.altered", change,
		    remedy_of(d, change, remedy), err);
}

static int tell_missing(struct drift *d, const struct sbk_change *change,
			struct sbk_error *err)
{
	bool is_table = change->object.kind == SBK_KIND_FIREWALL;
	bool is_completed = change->object.kind == SBK_KIND_SUBID ||
			    change->object.kind == SBK_KIND_PROFILE;
	char remedy[REMEDY_MAX];

	sbk_buf_clear(&d->text);
	sbk_buf_printf(&d->text, "missing: the %s that was made is not there%s",
		       is_table ? "firewall table"
				: sbk_kind_name(change->object.kind),
		       is_table ? "; somebody flushed the firewall, and what "
				  "it held back goes out"
				: "");
	return tell(d, SBK_SEVERITY_FINDING, "drift.missing", change,
		    is_table	   ? admin_command("setup", remedy)
		    : is_completed ? admin_command("setup --upgrade", remedy)
				   : NULL,
		    err);
}

/* It is not what stands at its path: to be searched for, where it can be. */
static int lose(struct drift *d, const struct sbk_change *change,
		const char *why, struct sbk_error *err)
{
	if (change->object.identity == NULL ||
	    change->object.kind == SBK_KIND_ACCOUNT ||
	    change->object.kind == SBK_KIND_GROUP ||
	    change->object.kind == SBK_KIND_SECRET)
		return tell_missing(d, change, err);
	d->lost[d->lost_count] = change;
	d->why[d->lost_count++] = why;
	return 0;
}

static bool is_another(const struct sbk_change *change,
		       const struct sbk_observation *seen)
{
	return change->object.identity != NULL && seen->identity.size > 0 &&
	       strcmp(change->object.identity, seen->identity.data) != 0;
}

static int look(struct drift *d, const struct sbk_change *change,
		struct sbk_error *err)
{
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	struct sbk_error problem = SBK_ERROR_INIT;
	struct sbk_state now;
	int rc = sbk_backend_observe(d->backend, &change->object, &seen,
				     &problem);

	if (rc == SBK_E_NOTFOUND) {
		d->coverage->examined++;
		rc = lose(d, change, "nothing stands there", err);
		goto out;
	}
	if (rc < 0) {
		rc = rc == SBK_E_NOMEM
			     ? sbk_error_set(err, rc, "out of memory")
			     : sbk_report_missed(d->report, change->object.name,
						 problem.message, err);
		goto out;
	}
	d->coverage->examined++;
	now = sbk_observation_state(&seen);
	if (sbk_state_absent(now) && !sbk_state_absent(change->after))
		rc = lose(d, change, "nothing stands there", err);
	else if (is_another(change, &seen))
		rc = lose(d, change, "another object stands there", err);
	else
		rc = compare(d, change, now, err);
out:
	sbk_observation_release(&seen);
	return rc;
}

/* What the journal itself says is not settled. */
static int tell_unsettled(struct drift *d, const struct sbk_change *change,
			  struct sbk_error *err)
{
	bool begun = change->status == SBK_STATUS_PREPARED;

	d->coverage->examined++;
	sbk_buf_clear(&d->text);
	sbk_buf_printf(&d->text, "%s (%s)%s%s",
		       begun ? "begun and never finished: a crash left it"
			     : "could not be undone so far",
		       sbk_status_name(change->status),
		       change->note != NULL ? ": " : "",
		       change->note != NULL ? change->note : "");
	return tell(d, SBK_SEVERITY_FINDING,
		    begun ? "drift.unfinished" : "drift.owed", change,
		    begun ? "sandbook status" : NULL, err);
}

/* --- what is not at its path --------------------------------------------- */

static int tell_moved(struct drift *d, const struct sbk_change *change,
		      const char *path, struct sbk_error *err)
{
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	struct sbk_object object = change->object;
	int rc;

	sbk_buf_clear(&d->text);
	sbk_buf_printf(&d->text, "moved: it is at '%s' now", path);
	rc = tell(d, SBK_SEVERITY_INFO, "drift.moved", change, NULL, err);
	object.name = path;
	if (rc == 0)
		rc = sbk_backend_observe(d->backend, &object, &seen, err);
	if (rc == 0)
		rc = compare(d, change, sbk_observation_state(&seen), err);
	sbk_observation_release(&seen);
	return rc;
}

/* Whether the machine's book has a later object of this kind and name. */
static bool is_superseded(const struct drift *d,
			  const struct sbk_change *change)
{
	size_t i;

	for (i = 0; d->book->machine && i < sbk_plan_count(d->book->standing);
	     i++) {
		const struct sbk_change *other =
			sbk_plan_at(d->book->standing, i);

		if (other->id > change->id &&
		    other->object.kind == change->object.kind &&
		    strcmp(other->object.name, change->object.name) == 0 &&
		    sbk_object_compare(&other->object, &change->object) != 0)
			return true;
	}
	return false;
}

static int tell_superseded(struct drift *d, const struct sbk_change *change,
			   struct sbk_error *err)
{
	sbk_buf_clear(&d->text);
	sbk_buf_adds(&d->text, "replaced: a newer one stands there, with a "
			       "change of its own");
	return tell(d, SBK_SEVERITY_INFO, "drift.superseded", change, NULL,
		    err);
}

static int tell_lost(struct drift *d, size_t index,
		     const struct sbk_location *location, struct sbk_error *err)
{
	const struct sbk_change *change = d->lost[index];
	bool replaced = strncmp(d->why[index], "another", 7) == 0;
	char remedy[REMEDY_MAX];

	switch (location->kind) {
	case SBK_LOCATION_FOUND:
		return tell_moved(d, change, location->path, err);
	case SBK_LOCATION_GONE:
		if (replaced && is_superseded(d, change))
			return tell_superseded(d, change, err);
		sbk_buf_clear(&d->text);
		sbk_buf_printf(&d->text,
			       "%s: %s, and the one that was "
			       "changed exists no more",
			       replaced ? "replaced" : "gone", d->why[index]);
		return tell(d, SBK_SEVERITY_FINDING,
			    replaced ? "drift.replaced" : "drift.gone", change,
			    remedy_of(d, change, remedy), err);
	case SBK_LOCATION_UNKNOWN:
		break;
	}
	d->coverage->examined--;
	sbk_buf_clear(&d->text);
	sbk_buf_printf(&d->text,
		       "%s, and where the one that was changed is "
		       "now could not be settled",
		       d->why[index]);
	return sbk_report_missed(d->report, change->object.name,
				 sbk_buf_text(&d->text), err);
}

/* The directories that held them: where a search without privilege looks. */
static int list_roots(struct drift *d, struct sbk_arena *arena,
		      const char **roots, size_t *count, struct sbk_error *err)
{
	size_t i, used = 0;

	for (i = 0; i < d->lost_count; i++) {
		const char *path = d->lost[i]->object.name;
		const char *slash = strrchr(path, '/');
		size_t size = slash == NULL || slash == path
				      ? 1
				      : (size_t)(slash - path);
		const char *root;

		if (used > 0 && strlen(roots[used - 1]) == size &&
		    memcmp(roots[used - 1], path, size) == 0)
			continue;
		root = sbk_arena_copy(arena, path, size);
		if (root == NULL)
			return sbk_error_no_memory(err);
		roots[used++] = root;
	}
	*count = used;
	return 0;
}

static int search(struct drift *d, struct sbk_error *err)
{
	struct sbk_arena arena = SBK_ARENA_INIT;
	size_t count = d->lost_count, root_count = 0, i;
	const char **identities = calloc(count + 1, sizeof(*identities));
	const char **roots = calloc(count + 1, sizeof(*roots));
	struct sbk_location *found = calloc(count + 1, sizeof(*found));
	int rc;

	rc = identities == NULL || roots == NULL || found == NULL
		     ? sbk_error_no_memory(err)
		     : list_roots(d, &arena, roots, &root_count, err);
	for (i = 0; rc == 0 && i < count; i++)
		identities[i] = d->lost[i]->object.identity;
	if (rc == 0)
		rc = sbk_backend_locate(d->backend, identities, count, roots,
					root_count, found, err);
	for (i = 0; rc == 0 && i < count; i++)
		rc = tell_lost(d, i, &found[i], err);
	for (i = 0; found != NULL && i < count; i++)
		free(found[i].path);
	free(found);
	free(roots);
	free(identities);
	sbk_arena_release(&arena);
	return rc;
}

static int check_book(struct drift *d, struct sbk_error *err)
{
	size_t room = sbk_plan_count(d->book->standing) + 1, count = 0, i;
	const struct sbk_change **expected = calloc(room, sizeof(*expected));
	int rc;

	d->lost = calloc(room, sizeof(*d->lost));
	d->why = calloc(room, sizeof(*d->why));
	d->lost_count = 0;
	rc = expected == NULL || d->lost == NULL || d->why == NULL
		     ? sbk_error_no_memory(err)
		     : sbk_journal_expected(d->book->standing, d->book->changes,
					    expected, &count, err);
	for (i = 0; rc == 0 && i < count; i++)
		rc = expected[i]->status == SBK_STATUS_CONFIRMED
			     ? look(d, expected[i], err)
			     : tell_unsettled(d, expected[i], err);
	if (rc == 0 && d->lost_count > 0)
		rc = search(d, err);
	free(expected);
	free(d->lost);
	free(d->why);
	return rc;
}

/*
 * Trees that an undo gave up and could not clear: what was made in them is in
 * no standing change, and drift all the same.
 */
static int check_owed(struct drift *d, struct sbk_error *err)
{
	struct sbk_finding finding = {
		.severity = SBK_SEVERITY_FINDING,
		.rule = "drift.owed",
		.remedy = "sandbook undo --path, which tries it again",
	};
	char remedy[REMEDY_MAX];
	struct sbk_owed owed;
	size_t i;
	int rc = sbk_journal_sum_owed(d->backend, d->book->owed, d->book->owed,
				      &owed, err);

	for (i = 0; rc == 0 && i < sbk_plan_note_count(d->book->owed); i++)
		rc = sbk_report_missed(d->report, owed.tree,
				       sbk_plan_note_at(d->book->owed, i), err);
	if (rc < 0 || owed.objects == 0)
		return rc;
	sbk_buf_clear(&d->text);
	sbk_owed_print(&owed, &d->text);
	finding.object = owed.tree;
	finding.text = sbk_buf_text(&d->text);
	finding.objects = owed.objects;
	if (owed.foreign > 0)
		finding.remedy = admin_command("uninstall", remedy);
	d->coverage->examined += owed.objects;
	return sbk_report_add(d->report, &finding, err);
}

static int tell_book(struct drift *d, struct sbk_error *err)
{
	struct sbk_finding finding = {
		.severity = SBK_SEVERITY_INFO,
		.rule = "drift.journal",
		.object = d->book->title,
	};
	const size_t count = sbk_plan_count(d->book->standing);

	sbk_buf_clear(&d->text);
	sbk_buf_printf(&d->text, "%zu %s of it %s compared%s", count,
		       sbk_plural(count, "change", "changes"),
		       sbk_plural(count, "stands and is", "stand and are"),
		       d->book->machine
			       ? "; kept copies of account files are not"
			       : "");
	finding.text = sbk_buf_text(&d->text);
	return sbk_report_add(d->report, &finding, err);
}

int sbk_audit_drift(const struct sbk_backend *backend,
		    const struct sbk_records *records,
		    struct sbk_report *report, struct sbk_error *err)
{
	struct drift d = {.backend = backend,
			  .report = report,
			  .coverage = sbk_report_coverage(report)};
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < records->count; i++) {
		d.book = &records->books[i];
		rc = tell_book(&d, err);
		if (rc == 0)
			rc = check_book(&d, err);
		if (rc == 0 && d.book->owed != NULL)
			rc = check_owed(&d, err);
	}
	sbk_buf_release(&d.text);
	return rc;
}
