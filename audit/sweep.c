/*
 * The sweep: the walk over every place, and the host's own records, matched
 * against principals. It believes nothing but the host, changes nothing, and
 * counts what it could not see.
 *
 * Each distinct access state is asked once how it names each principal. What
 * is hit is looked at a second time, for its identity, which the survey does
 * not give.
 */
#include "audit/sweep.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/memo.h"
#include "audit/places.h"
#include "engine/mentions.h"
#include "engine/ntsec/sid.h"
#include "engine/os_census.h"
#include "engine/principal_id.h"

#include "engine/banned.h"

/* By number, or by SID, one or all of an authority (engine/ntsec/sid.h). */
struct target {
	bool is_sid;
	struct sbk_principal_id id;
	struct sbk_sid_pattern sid;
};

struct sweep {
	const struct sbk_backend *backend;
	const struct sbk_sweep_options *options;
	sbk_sweep_fn *found;
	void *arg;
	struct sbk_report *report;
	struct sbk_coverage *coverage;
	struct sbk_places places;
	struct sbk_memo *memo;	/* of unsigned, one for each principal */
	struct target *targets; /* the principals, in order */
	/* The record that was last reported, and for whom: a line that names
	 * somebody twice is one hit. */
	struct sbk_buf last_object;
	bool *last_reported;
	struct sbk_buf record; /* the text of one that has no path */
};

static int parse_target(const char *text, struct target *out,
			struct sbk_error *err)
{
	out->is_sid = strncmp(text, "S-", 2) == 0;
	return out->is_sid ? sbk_sid_pattern_parse(text, &out->sid, err)
			   : sbk_principal_parse(text, &out->id, err);
}

static int parse_targets(struct sweep *sweep, struct sbk_error *err)
{
	size_t i;
	int rc = 0;

	sweep->targets = calloc(sweep->options->principal_count + 1,
				sizeof(*sweep->targets));
	sweep->last_reported =
		calloc(sweep->options->principal_count + 1, sizeof(bool));
	if (sweep->targets == NULL || sweep->last_reported == NULL)
		return sbk_error_no_memory(err);
	/* What cannot be searched for must not be called absent. */
	for (i = 0; rc == 0 && i < sweep->options->principal_count; i++)
		rc = parse_target(sweep->options->principals[i].principal,
				  &sweep->targets[i], err);
	return rc;
}

/* How the state names each principal; an array with one bit set for each. */
static int judge(struct sweep *sweep, struct sbk_state access, unsigned **out,
		 struct sbk_error *err)
{
	bool fresh;
	unsigned *how = sbk_memo_find(sweep->memo, access, &fresh);
	size_t i;
	int rc = 0;

	if (how == NULL)
		return sbk_error_no_memory(err);
	/* how[0] says whether any of those that follow is not zero. */
	for (i = 0; fresh && rc == 0 && i < sweep->options->principal_count;
	     i++) {
		rc = sbk_backend_naming(sweep->backend, access,
					sweep->options->principals[i].principal,
					&how[i + 1], err);
		how[0] |= how[i + 1];
	}
	*out = how;
	return rc;
}

static int report_object(struct sweep *sweep, struct sbk_sweep_hit *hit,
			 unsigned how, struct sbk_error *err)
{
	int rc = 0;

	if ((how & (SBK_NAMED_ENTRY | SBK_NAMED_INHERIT)) != 0) {
		hit->found = SBK_SWEEP_ENTRY;
		rc = sweep->found(sweep->arg, hit, err);
	}
	if (rc == 0 && (how & (SBK_NAMED_OWNER | SBK_NAMED_GROUP)) != 0) {
		hit->found = SBK_SWEEP_OWNER;
		rc = sweep->found(sweep->arg, hit, err);
	}
	return rc;
}

static int report_hits(struct sweep *sweep, const char *path,
		       const struct sbk_observation *seen,
		       struct sbk_error *err)
{
	struct sbk_sweep_hit hit = {.object = path,
				    .identity = sbk_buf_text(&seen->identity),
				    .access = sbk_observation_state(seen)};
	unsigned *how;
	size_t i;
	int rc = judge(sweep, hit.access, &how, err);

	for (i = 0; rc == 0 && i < sweep->options->principal_count; i++) {
		hit.principal = sweep->options->principals[i].principal;
		rc = report_object(sweep, &hit, how[i + 1], err);
	}
	return rc;
}

static int examine(struct sweep *sweep, const char *path,
		   struct sbk_state access, struct sbk_error *err)
{
	struct sbk_object object = {.kind = SBK_KIND_ACCESS, .name = path};
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	struct sbk_error problem = SBK_ERROR_INIT;
	unsigned *how;
	int rc = judge(sweep, access, &how, err);

	if (rc < 0)
		return sbk_error_prefix(err, "'%s'", path);
	if (how[0] == 0)
		return 0;
	rc = sbk_backend_observe(sweep->backend, &object, &seen, &problem);
	if (rc == 0)
		rc = report_hits(sweep, path, &seen, err);
	else if (rc == SBK_E_NOTFOUND)
		rc = 0; /* gone meanwhile, and its entries with it */
	else
		rc = sbk_report_missed(sweep->report, path, problem.message,
				       err);
	sbk_observation_release(&seen);
	return rc;
}

static bool is_left_out(const struct sweep *sweep, const char *path)
{
	size_t i;

	for (i = 0; i < sweep->options->skip_count; i++)
		if (strcmp(path, sweep->options->skip[i]) == 0)
			return true;
	return false;
}

static int visit_object(void *arg, const struct sbk_visit *visit,
			struct sbk_error *err)
{
	struct sweep *sweep = arg;
	int rc;

	if (is_left_out(sweep, visit->path)) {
		rc = sbk_report_skipped(sweep->report, visit->path,
					"left out as asked", err);
		return rc < 0 ? rc : 1;
	}
	switch (visit->kind) {
	case SBK_VISIT_OBJECT:
		sweep->coverage->examined++;
		return examine(sweep, visit->path, visit->access, err);
	case SBK_VISIT_SKIPPED:
		/* Other volumes have walks of their own. */
		if (sbk_places_is_point(&sweep->places, visit->path))
			return 0;
		return sbk_report_missed(sweep->report, visit->path,
					 "mounted after the sweep began", err);
	case SBK_VISIT_UNREADABLE:
		break;
	}
	return sbk_report_missed(sweep->report, visit->path,
				 visit->problem->message, err);
}

static int walk_place(struct sweep *sweep, const char *place,
		      struct sbk_error *err)
{
	struct sbk_error problem = SBK_ERROR_INIT;
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	struct sbk_object object = {.kind = SBK_KIND_ACCESS, .name = place};
	int rc;

	/* A place that cannot be entered is missed and not the sweep's end. */
	rc = sbk_backend_observe(sweep->backend, &object, &seen, &problem);
	if (rc == SBK_E_NOTFOUND || rc == SBK_E_DENIED)
		rc = sbk_report_missed(sweep->report, place, problem.message,
				       err);
	else
		rc = sbk_backend_survey(sweep->backend, place, visit_object,
					sweep, err);
	sbk_observation_release(&seen);
	return rc;
}

static int walk_places(struct sweep *sweep, struct sbk_error *err)
{
	struct sbk_places_request request = {
		.roots = sweep->options->roots,
		.root_count = sweep->options->root_count,
		.skip = sweep->options->skip,
		.skip_count = sweep->options->skip_count,
	};
	size_t i;
	int rc;

	/* Nobody to look for: no object can name him. */
	if (sweep->options->principal_count == 0)
		return 0;
	rc = sbk_places_find(&request, sweep->report, &sweep->places, err);
	for (i = 0; rc == 0 && i < sweep->places.walk_count; i++)
		rc = walk_place(sweep, sweep->places.walk[i], err);
	return rc;
}

/* Whether a comment of a rule has the name as a word in it. */
static bool has_word(const char *text, const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_-.";
	size_t size = strlen(name);
	const char *at;

	for (at = strstr(text, name); at != NULL; at = strstr(at + 1, name))
		if ((at == text || strchr(letters, at[-1]) == NULL) &&
		    (at[size] == '\0' || strchr(letters, at[size]) == NULL))
			return true;
	return false;
}

static bool names(const struct sweep *sweep, size_t index,
		  const struct sbk_mention *mention)
{
	const struct sbk_principal_id *target = &sweep->targets[index].id;
	char kind = target->is_group ? 'g' : 'u';
	const char *name = sweep->options->principals[index].name;

	struct sbk_sid sid;

	if (sweep->targets[index].is_sid)
		return mention->sid != NULL &&
		       sbk_sid_parse(mention->sid, strlen(mention->sid), &sid,
				     NULL) == 0 &&
		       sbk_sid_pattern_has(&sweep->targets[index].sid, &sid);
	if (mention->count > 0 && mention->kind == kind &&
	    target->number >= mention->first &&
	    target->number - mention->first < mention->count)
		return true;
	if (mention->name == NULL || name == NULL || name[0] == '\0')
		return false;
	/* A comment may name either; a file's field says which it is. */
	if (mention->place == SBK_MENTION_RULE)
		return has_word(mention->name, name);
	return mention->kind == kind && strcmp(mention->name, name) == 0;
}

/* Forgets who was reported where another record begins. */
static int begin_record(struct sweep *sweep, const char *object,
			struct sbk_error *err)
{
	if (strcmp(sbk_buf_text(&sweep->last_object), object) == 0)
		return 0;
	sbk_buf_clear(&sweep->last_object);
	sbk_buf_adds(&sweep->last_object, object);
	memset(sweep->last_reported, 0,
	       sweep->options->principal_count * sizeof(bool));
	return sbk_buf_failed(&sweep->last_object, err);
}

/* What a place is to a hit; `words` is what its object is called, NULL: the
 * object says it itself. Names that are hidden at sign-in and the places of
 * other tools name nobody by a SID. */
static const struct {
	enum sbk_sweep_found found;
	const char *words;
} kinds[] = {
	[SBK_MENTION_ACCOUNT] = {SBK_SWEEP_ACCOUNT, NULL},
	[SBK_MENTION_RULE] = {SBK_SWEEP_RULE, NULL},
	[SBK_MENTION_PROCESS] = {SBK_SWEEP_PROCESS, NULL},
	[SBK_MENTION_FILE] = {SBK_SWEEP_FILE, NULL},
	[SBK_MENTION_MEMBER] = {SBK_SWEEP_RECORD, "membership in"},
	[SBK_MENTION_RIGHT] = {SBK_SWEEP_RECORD, "user right"},
	[SBK_MENTION_PROFILE] = {SBK_SWEEP_RECORD, "profile"},
	[SBK_MENTION_HIDDEN] = {SBK_SWEEP_RECORD, "hidden name"},
	[SBK_MENTION_FILTER] = {SBK_SWEEP_RULE, "network filter"},
	[SBK_MENTION_KEY] = {SBK_SWEEP_RECORD, "key"},
	[SBK_MENTION_PACKAGE] = {SBK_SWEEP_RECORD, "AppContainer"},
};

/* How the mention's object is called; NULL: no memory. */
static const char *name_object(struct sweep *sweep,
			       const struct sbk_mention *mention)
{
	if (kinds[mention->place].words == NULL)
		return mention->object;
	sbk_buf_clear(&sweep->record);
	sbk_buf_printf(&sweep->record, "%s '%s'", kinds[mention->place].words,
		       mention->object);
	return sweep->record.failure == 0 ? sbk_buf_text(&sweep->record) : NULL;
}

static int match_mention(void *arg, const struct sbk_mention *mention,
			 struct sbk_error *err)
{
	struct sweep *sweep = arg;
	struct sbk_sweep_hit hit = {.found = kinds[mention->place].found,
				    .object = name_object(sweep, mention),
				    .access = SBK_STATE_ABSENT};
	size_t i;
	int rc = 0;

	if (hit.object == NULL)
		return sbk_error_no_memory(err);
	/* One with a detail is another tool's. */
	if (mention->place == SBK_MENTION_FILE)
		return mention->detail != NULL
			       ? 0
			       : sweep->found(sweep->arg, &hit, err);
	/* Of the network filters; it names nobody and is ours by its number. */
	if (mention->place == SBK_MENTION_FILTER && mention->sid == NULL &&
	    mention->is_ours)
		return sweep->found(sweep->arg, &hit, err);
	rc = begin_record(sweep, hit.object, err);
	for (i = 0; rc == 0 && i < sweep->options->principal_count; i++) {
		if (sweep->last_reported[i] || !names(sweep, i, mention))
			continue;
		sweep->last_reported[i] = true;
		hit.principal = sweep->options->principals[i].principal;
		rc = sweep->found(sweep->arg, &hit, err);
	}
	return rc;
}

static int miss_place(void *arg, const char *place, const char *why,
		      struct sbk_error *err)
{
	struct sweep *sweep = arg;

	return sbk_report_missed(sweep->report, place, why, err);
}

static int skip_place(void *arg, const char *place, const char *why,
		      struct sbk_error *err)
{
	struct sweep *sweep = arg;

	return sbk_report_skipped(sweep->report, place, why, err);
}

int sbk_sweep(const struct sbk_backend *backend,
	      const struct sbk_sweep_options *options, sbk_sweep_fn *found,
	      void *arg, struct sbk_report *report, struct sbk_error *err)
{
	struct sweep sweep = {.backend = backend,
			      .options = options,
			      .found = found,
			      .arg = arg,
			      .report = report,
			      .coverage = sbk_report_coverage(report)};
	struct sbk_mention_reader reader = {.found = match_mention,
					    .missed = miss_place,
					    .skipped = skip_place,
					    .arg = &sweep,
					    .no_homes = options->no_homes};
	int rc = parse_targets(&sweep, err);

	if (rc < 0)
		goto out;
	sweep.memo =
		sbk_memo_new((options->principal_count + 1) * sizeof(unsigned));
	if (sweep.memo == NULL)
		rc = sbk_error_no_memory(err);
	if (rc == 0 && options->root_count == 0)
		rc = sbk_os_mentions(&reader, err);
	if (rc == 0)
		rc = walk_places(&sweep, err);
out:
	sbk_places_release(&sweep.places);
	sbk_memo_free(sweep.memo);
	sbk_buf_release(&sweep.last_object);
	sbk_buf_release(&sweep.record);
	free(sweep.last_reported);
	free(sweep.targets);
	return rc;
}
