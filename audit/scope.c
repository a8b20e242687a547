/*
 * The survey of a scope audit. Every object's access state is judged once for
 * each subject (memo.c); what is left to do per object is to compare its right
 * with that of the directory above it.
 *
 * Invariants: a level is a directory on the way to the present object, and
 * levels stand in the order of their depth. A root counts the objects that
 * have its right without a break from it down.
 *
 * Reachability: a right on an object is worth something only to who may
 * search every directory above it, by whatever entry. The directories above a
 * place are looked at before the place is.
 */
#include "audit/scope.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/memo.h"
#include "audit/places.h"
#include "engine/limits.h"

#include "engine/banned.h"

#define ENTRY_TEXT_MAX 64
#define LEVELS_MAX (SBK_PATH_MAX / 2 + 1) /* a path has no more parts */
#define RIGHTS_KEY (SBK_MAY_READ | SBK_MAY_WRITE | SBK_MAY_EXECUTE)
#define KEY_KNOWN 0x100u
#define KEY_BLOCKED 0x200u

/* What a state means for one subject. */
struct verdict {
	unsigned rights;  /* all that the system would let it do */
	unsigned counted; /* those that the audit is about */
	char entry[ENTRY_TEXT_MAX];
};

/* A subject at a level. */
struct cell {
	unsigned key;	/* its right at this directory; 0: none */
	unsigned known; /* rights that a journal knows from here down */
	size_t root;	/* of the result, plus 1; 0: none */
	size_t blocked; /* bytes of the path of the directory that stops it */
};

struct level {
	size_t path_size;
	size_t sensitive; /* of the result, plus 1; 0: none */
	struct cell *cells;
};

struct scope {
	const struct sbk_backend *backend;
	const struct sbk_scope_request *request;
	struct sbk_report *report;
	struct sbk_coverage *coverage;
	struct sbk_places places;
	struct sbk_memo
		*memo; /* of bool any, then a verdict for each subject */
	struct sbk_records records;
	struct sbk_scope_known *known;
	bool caller_known; /* to the account database */
	uint32_t caller;
	struct sbk_scope_result result;
	struct sbk_buf entry;
	struct level levels[LEVELS_MAX];
	size_t level_count;
	size_t level_cells; /* levels that have their cells */
};

static unsigned counted_rights(const struct scope *s, unsigned rights,
			       bool named)
{
	return named || s->request->all ? rights : 0;
}

static int judge_one(struct scope *s, size_t subject, struct sbk_state access,
		     struct verdict *verdict, struct sbk_error *err)
{
	bool named = false;
	int rc = sbk_backend_evaluate(s->backend, access,
				      &s->request->subjects->items[subject].who,
				      &verdict->rights, &named, &s->entry, err);

	if (rc < 0)
		return rc;
	verdict->counted = counted_rights(s, verdict->rights, named);
	(void)snprintf(verdict->entry, sizeof(verdict->entry), "%s",
		       sbk_buf_text(&s->entry));
	return 0;
}

/* The verdicts on a state. */
static int judge(struct scope *s, struct sbk_state access,
		 const struct verdict **out, struct sbk_error *err)
{
	bool fresh;
	struct verdict *verdicts = sbk_memo_find(s->memo, access, &fresh);
	size_t i;
	int rc = 0;

	if (verdicts == NULL)
		return sbk_error_no_memory(err);
	for (i = 0; fresh && rc == 0 && i < s->request->subjects->count; i++)
		rc = judge_one(s, i, access, &verdicts[i], err);
	*out = verdicts;
	return rc;
}

/* Leaves the levels that are not above `path`, which is `size` long. */
static void leave_levels(struct scope *s, const char *path, size_t size)
{
	while (s->level_count > 0) {
		size_t above = s->levels[s->level_count - 1].path_size;

		if (above < size && (path[above] == '/' || above == 1))
			return;
		s->level_count--;
	}
}

static int enter_level(struct scope *s, size_t path_size, struct level **out,
		       struct sbk_error *err)
{
	size_t subjects = s->request->subjects->count;
	struct level *level;

	assert(s->level_count < LEVELS_MAX);
	level = &s->levels[s->level_count];
	if (s->level_count == s->level_cells) {
		level->cells =
			sbk_arena_alloc(&s->result.arena,
					(subjects + 1) * sizeof(*level->cells));
		if (level->cells == NULL)
			return sbk_error_no_memory(err);
		s->level_cells++;
	}
	s->level_count++;
	level->path_size = path_size;
	level->sensitive = 0;
	*out = level;
	return 0;
}

struct knowing {
	struct scope *s;
	size_t subject;
	unsigned known;
};

static int add_known(void *arg, struct sbk_state after, struct sbk_error *err)
{
	struct knowing *knowing = arg;
	const struct verdict *verdicts;
	int rc = judge(knowing->s, after, &verdicts, err);

	/* A person's journal holds what that person wrote there: no state is
	 * no grant, and keeps nobody from hearing of the machine. */
	if (rc == SBK_E_PARSE) {
		sbk_error_clear(err);
		return 0;
	}
	if (rc == 0)
		knowing->known |= verdicts[knowing->subject].counted;
	return rc;
}

/* What the journals know of a subject's rights at `path`. */
static int look_up_known(struct scope *s, size_t subject, const char *path,
			 uint32_t owner, unsigned *known, struct sbk_error *err)
{
	struct knowing knowing = {.s = s, .subject = subject};
	int rc = sbk_scope_known_each(s->known, path, owner, add_known,
				      &knowing, err);

	*known |= knowing.known;
	return rc;
}

/*
 * The same by what the object is: one that was granted may have another name
 * by now, or a second one. The survey gives no identity, so that this costs a
 * look; it is for objects where an unknown right would begin.
 */
static int look_up_object(struct scope *s, size_t subject,
			  const struct sbk_visit *visit, unsigned *known,
			  struct sbk_error *err)
{
	const struct sbk_object object = {.kind = SBK_KIND_ACCESS,
					  .name = visit->path};
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	struct knowing knowing = {.s = s, .subject = subject};
	int rc = sbk_backend_observe(s->backend, &object, &seen, err);

	if (rc == 0 && seen.identity.size > 0)
		rc = sbk_scope_known_each_of(s->known, seen.identity.data,
					     visit->owner, add_known, &knowing,
					     err);
	/* Gone meanwhile, or out of reach: then only its name is known. */
	if (rc == SBK_E_NOTFOUND || rc == SBK_E_DENIED) {
		sbk_error_clear(err);
		rc = 0;
	}
	*known |= knowing.known;
	sbk_observation_release(&seen);
	return rc;
}

/* The right by which objects are rolled up. Passing through is one of its own
 * only where there is nothing else, and executing a file is none. */
static unsigned class_of(unsigned counted, bool is_directory)
{
	unsigned rights = counted & (SBK_MAY_READ | SBK_MAY_WRITE);

	if (rights == 0 && is_directory)
		rights = counted & SBK_MAY_EXECUTE;
	return rights;
}

static int grow_roots(struct sbk_scope_result *result, struct sbk_error *err)
{
	size_t capacity = result->root_capacity * 2 + 64;
	struct sbk_scope_root *roots;

	if (result->root_count >= SBK_REPORT_FINDINGS_MAX)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "more than %d places where a right "
				     "begins; name fewer places or principals",
				     SBK_REPORT_FINDINGS_MAX);
	if (result->root_count < result->root_capacity)
		return 0;
	roots = realloc(result->roots, capacity * sizeof(*roots));
	if (roots == NULL)
		return sbk_error_no_memory(err);
	result->roots = roots;
	result->root_capacity = capacity;
	return 0;
}

/* Whether that uid is a sandbox account's. */
static bool is_ours(const struct scope *s, uint32_t owner)
{
	const struct sbk_subjects *subjects = s->request->subjects;
	size_t i;

	for (i = 0; i < subjects->count; i++)
		if (subjects->items[i].ours &&
		    sbk_scope_is_own(&subjects->items[i], owner))
			return true;
	return false;
}

static int begin_root(struct scope *s, const struct sbk_visit *visit,
		      size_t subject, const char *entry, struct cell *cell,
		      struct sbk_error *err)
{
	struct sbk_scope_result *result = &s->result;
	struct sbk_scope_root root = {
		.subject = subject,
		.path = sbk_arena_strdup(&result->arena, visit->path),
		.entry = sbk_arena_strdup(&result->arena, entry),
		.rights = cell->key & RIGHTS_KEY,
		.known = (cell->key & KEY_KNOWN) != 0,
		/* Whose object it is may have granted it, in his journal; but
		 * accounts of ours keep none. */
		.doubtful = !sbk_os_elevated() &&
			    (!s->caller_known || visit->owner != s->caller) &&
			    !is_ours(s, visit->owner),
		.is_directory = visit->is_directory,
	};
	int rc = grow_roots(result, err);

	if (rc < 0)
		return rc;
	if (cell->blocked > 0)
		root.blocked = sbk_arena_copy(&result->arena, visit->path,
					      cell->blocked);
	if (root.path == NULL || root.entry == NULL ||
	    (cell->blocked > 0 && root.blocked == NULL))
		return sbk_error_no_memory(err);
	result->roots[result->root_count++] = root;
	cell->root = result->root_count;
	return 0;
}

static void count_sensitive(struct scope *s, size_t subject, size_t sensitive,
			    unsigned rights)
{
	struct sbk_scope_inclusion *inclusion =
		&s->result.included[subject * s->result.sensitive_count +
				    sensitive];

	inclusion->objects++;
	inclusion->rights |= rights;
}

/*
 * A file outside the sensitive places that mostly holds a secret. Only what
 * is within reach is looked into, and not what is the subject's own.
 */
static int count_secret(struct scope *s, size_t subject,
			const struct sbk_visit *visit, unsigned rights,
			struct sbk_error *err)
{
	struct sbk_scope_secrets *secrets = &s->result.secrets[subject];
	const struct sbk_secret_file file = {
		.path = visit->path,
		.kind = sbk_secret_by_path(visit->path),
	};

	if (file.kind == NULL || visit->is_directory ||
	    sbk_scope_is_own(&s->request->subjects->items[subject],
			     visit->owner) ||
	    !sbk_secret_confirmed(file.kind, visit->path))
		return 0;
	secrets->rights |= rights;
	return sbk_secret_list_add(&secrets->files, &s->result.arena, &file,
				   err);
}

/* One subject at one object: its right, and the root that it belongs to. */
static int place_cell(struct scope *s, const struct sbk_visit *visit,
		      size_t subject, const struct verdict *verdict,
		      const struct cell *above, size_t sensitive,
		      struct cell *cell, struct sbk_error *err)
{
	unsigned rights = class_of(verdict->counted, visit->is_directory);
	int rc;

	cell->known = above != NULL ? above->known : 0;
	cell->blocked = above != NULL ? above->blocked : 0;
	cell->key = rights;
	cell->root = 0;
	if (rights == 0)
		return 0;
	rc = look_up_known(s, subject, visit->path, visit->owner, &cell->known,
			   err);
	if (rc == 0 && (rights & ~cell->known) != 0 &&
	    !sbk_scope_known_none(s->known) &&
	    (visit->links > 1 || above == NULL ||
	     (above->key & ~KEY_BLOCKED) != rights))
		rc = look_up_object(s, subject, visit, &cell->known, err);
	if (rc < 0)
		return rc;
	cell->key |= (rights & ~cell->known) == 0 ? KEY_KNOWN : 0;
	cell->key |= cell->blocked > 0 ? KEY_BLOCKED : 0;
	if (above != NULL && above->key == cell->key)
		cell->root = above->root;
	if (cell->root == 0)
		rc = begin_root(s, visit, subject, verdict->entry, cell, err);
	if (rc < 0)
		return rc;
	s->result.roots[cell->root - 1].objects++;
	if (cell->blocked > 0)
		return 0;
	if (sensitive == 0)
		return count_secret(s, subject, visit, rights, err);
	count_sensitive(s, subject, sensitive - 1, rights);
	return 0;
}

/* The sensitive place that the object is or is in, plus 1. */
static size_t find_sensitive(const struct scope *s, const char *path,
			     const struct level *above)
{
	const struct sbk_scope_sensitive key = {.path = path};
	const struct sbk_scope_sensitive *found;

	if (above != NULL && above->sensitive > 0)
		return above->sensitive;
	found = bsearch(&key, s->result.sensitive, s->result.sensitive_count,
			sizeof(key), sbk_scope_sensitive_compare);
	return found != NULL ? (size_t)(found - s->result.sensitive) + 1 : 0;
}

static int examine(struct scope *s, const struct sbk_visit *visit,
		   struct sbk_error *err)
{
	size_t path_size = strlen(visit->path), i, sensitive;
	const struct verdict *verdicts;
	struct verdict verdict;
	const struct level *above;
	struct level *level = NULL;
	struct cell scratch;
	int rc;

	leave_levels(s, visit->path, path_size);
	above = s->level_count > 0 ? &s->levels[s->level_count - 1] : NULL;
	sensitive = find_sensitive(s, visit->path, above);
	if (visit->is_directory) {
		rc = enter_level(s, path_size, &level, err);
		if (rc < 0)
			return rc;
		level->sensitive = sensitive;
	}
	for (i = 0; i < s->request->subjects->count; i++) {
		struct cell *cell = level != NULL ? &level->cells[i] : &scratch;

		/* A copy, asked for each time: looking into the journals
		 * judges other states and may move the memo. */
		rc = judge(s, visit->access, &verdicts, err);
		if (rc < 0)
			return rc;
		verdict = verdicts[i];
		rc = place_cell(s, visit, i, &verdict,
				above != NULL ? &above->cells[i] : NULL,
				sensitive, cell, err);
		if (rc < 0)
			return rc;
		if (visit->is_directory && cell->blocked == 0 &&
		    (verdict.rights & SBK_MAY_EXECUTE) == 0)
			cell->blocked = path_size;
	}
	return 0;
}

static bool is_left_out(const struct scope *s, const char *path)
{
	size_t i;

	for (i = 0; i < s->request->skip_count; i++)
		if (strcmp(path, s->request->skip[i]) == 0)
			return true;
	return false;
}

static int visit_object(void *arg, const struct sbk_visit *visit,
			struct sbk_error *err)
{
	struct scope *s = arg;
	int rc;

	if (s->request->skip_count > 0 && is_left_out(s, visit->path)) {
		rc = sbk_report_skipped(s->report, visit->path,
					"left out as asked", err);
		return rc < 0 ? rc : 1;
	}
	if (visit->kind == SBK_VISIT_UNREADABLE)
		return sbk_report_missed(s->report, visit->path,
					 visit->problem->message, err);
	if (visit->kind == SBK_VISIT_SKIPPED)
		return sbk_places_is_point(&s->places, visit->path)
			       ? 0
			       : sbk_report_missed(s->report, visit->path,
						   "mounted after the audit "
						   "began",
						   err);
	s->coverage->examined++;
	/* A link grants nothing; what it leads to is judged where it is. */
	return visit->is_link ? 0 : examine(s, visit, err);
}

/*
 * A directory above a place: only whether it may be searched, and what the
 * journals know, matters.
 */
static int look_above(struct scope *s, const char *path, struct sbk_error *err)
{
	struct sbk_object object = {.kind = SBK_KIND_ACCESS, .name = path};
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	const struct verdict *verdicts;
	const struct level *above;
	struct sbk_file file;
	struct level *level;
	size_t i;
	int rc;

	leave_levels(s, path, strlen(path));
	above = s->level_count > 0 ? &s->levels[s->level_count - 1] : NULL;
	rc = sbk_os_look(path, &file, err);
	if (rc == 0)
		rc = sbk_backend_observe(s->backend, &object, &seen, err);
	if (rc == 0)
		rc = enter_level(s, strlen(path), &level, err);
	if (rc == 0)
		level->sensitive = find_sensitive(s, path, above);
	for (i = 0; rc == 0 && i < s->request->subjects->count; i++) {
		struct cell *cell = &level->cells[i];

		*cell = (struct cell){.key = 0};
		if (above != NULL) {
			cell->known = above->cells[i].known;
			cell->blocked = above->cells[i].blocked;
		}
		rc = look_up_known(s, i, path, file.owner, &cell->known, err);
		if (rc == 0)
			rc = judge(s, sbk_observation_state(&seen), &verdicts,
				   err);
		if (rc == 0 && cell->blocked == 0 &&
		    (verdicts[i].rights & SBK_MAY_EXECUTE) == 0)
			cell->blocked = strlen(path);
	}
	sbk_observation_release(&seen);
	return rc;
}

/* Every directory above the place, from the top. */
static int look_at_ancestors(struct scope *s, const char *place,
			     struct sbk_error *err)
{
	char path[SBK_PATH_MAX];
	size_t size = strlen(place), i;
	int rc = 0;

	s->level_count = 0;
	if (size >= sizeof(path))
		return sbk_error_set(err, SBK_E_LIMIT,
				     "a path of %zu bytes is over the limit "
				     "of %d",
				     size, SBK_PATH_MAX - 1);
	for (i = 0; rc == 0 && i + 1 < size; i++) {
		if (place[i] != '/')
			continue;
		memcpy(path, place, i);
		path[i] = '\0';
		rc = look_above(s, i == 0 ? "/" : path, err);
	}
	return rc;
}

static int survey_place(struct scope *s, const char *place,
			struct sbk_error *err)
{
	struct sbk_error problem = SBK_ERROR_INIT;
	int rc = look_at_ancestors(s, place, &problem);

	/* What is above cannot be read: then neither can what is below. */
	if (rc == SBK_E_NOTFOUND || rc == SBK_E_DENIED)
		return sbk_report_missed(s->report, place, problem.message,
					 err);
	if (rc < 0)
		return sbk_error_set(err, rc, "%s", problem.message);
	return sbk_backend_survey(s->backend, place, visit_object, s, err);
}

/* --- the whole ------------------------------------------------------------ */

static int prepare(struct scope *s, struct sbk_error *err)
{
	const struct sbk_records_request journals = {
		.machine = true,
		.user = true,
		.kind = sbk_kind_name(SBK_KIND_ACCESS),
		.standing_only = true,
	};
	const struct sbk_places_request places = {
		.roots = s->request->roots,
		.root_count = s->request->root_count,
		.skip = s->request->skip,
		.skip_count = s->request->skip_count,
	};
	struct sbk_person caller;
	int rc;

	s->memo = sbk_memo_new((s->request->subjects->count + 1) *
			       sizeof(struct verdict));
	if (s->memo == NULL)
		return sbk_error_no_memory(err);
	rc = sbk_records_load(&journals, s->report, &s->records, err);
	if (rc == 0)
		rc = sbk_scope_known_new(&s->records, &s->known, err);
	if (rc == 0)
		rc = sbk_scope_sensitive_find(&s->result,
					      s->request->subjects->count, err);
	if (rc == 0)
		rc = sbk_places_find(&places, s->report, &s->places, err);
	s->result.have_journal = s->records.count > 0;
	s->caller_known = sbk_os_caller(&caller, NULL) == 0;
	s->caller = s->caller_known ? caller.uid : 0;
	return rc;
}

static void release(struct scope *s)
{
	sbk_places_release(&s->places);
	sbk_scope_known_free(s->known);
	sbk_records_release(&s->records);
	sbk_memo_free(s->memo);
	sbk_buf_release(&s->entry);
	free(s->result.roots);
	free(s->result.sensitive);
	free(s->result.included);
	free(s->result.secrets);
	sbk_arena_release(&s->result.arena);
	free(s);
}

int sbk_audit_scope(const struct sbk_backend *backend,
		    const struct sbk_scope_request *request,
		    struct sbk_report *report, struct sbk_error *err)
{
	struct scope *s = calloc(1, sizeof(*s));
	size_t i;
	int rc = 0;

	if (s == NULL)
		return sbk_error_no_memory(err);
	s->backend = backend;
	s->request = request;
	s->report = report;
	s->coverage = sbk_report_coverage(report);
	if (request->subjects->count > 0)
		rc = prepare(s, err);
	for (i = 0; rc == 0 && i < s->places.walk_count; i++)
		rc = survey_place(s, s->places.walk[i], err);
	if (rc == 0)
		rc = sbk_scope_report(request, &s->result, report, err);
	release(s);
	return rc;
}
