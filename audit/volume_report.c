/*
 * What was found on a volume, told: findings and coverage for the report, which
 * escapes every name. (By principal, for programs: volume_print.c.)
 */
#include "audit/volume.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "engine/json.h"

#include "engine/banned.h"

#define ROOTS_TOLD 10 /* of one principal, the largest ones */

void sbk_volume_rights(struct sbk_buf *out, uint32_t mask)
{
	static const struct {
		uint32_t bits;
		const char *word;
	} words[] = {
		{SBK_FILE_READ_DATA, "read"},
		{SBK_FILE_WRITE_DATA | SBK_FILE_APPEND_DATA, "write"},
		{SBK_RIGHT_DELETE | SBK_FILE_DELETE_CHILD, "delete"},
		{SBK_RIGHT_WRITE_DAC | SBK_RIGHT_WRITE_OWNER, "take over"},
	};
	size_t i, begin = out->size;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if ((mask & words[i].bits) != 0)
			sbk_buf_printf(out, "%s%s",
				       out->size > begin ? ", " : "",
				       words[i].word);
	if (out->size == begin)
		sbk_buf_adds(out, mask != 0 ? "look at attributes" : "nothing");
}

void sbk_volume_label(struct sbk_buf *out, const struct sbk_sid *sid,
		      const struct sbk_sid_verdict *verdict)
{
	struct sbk_sid_text text;

	if (verdict->class == SBK_SID_ROOT)
		sbk_buf_printf(out, "Sandbook's root %" PRIu32 " (%s)",
			       sbk_sid_rid(sid), sbk_sid_format(sid, &text));
	else if (verdict->name != NULL)
		sbk_buf_printf(out, "%s (%s)", verdict->name,
			       sbk_sid_format(sid, &text));
	else
		sbk_buf_adds(out, sbk_sid_format(sid, &text));
}

/* --- findings --------------------------------------------------------- */

struct telling {
	struct sbk_volume_audit *audit;
	const struct sbk_volume_principal *principal;
	struct sbk_buf label, text;
};

/* What a SID nobody has looks like. */
static const char *look_of(const struct sbk_volume_audit *audit,
			   const struct sbk_volume_principal *principal)
{
	switch (principal->verdict.class) {
	case SBK_SID_MACHINE:
		if (sbk_volume_is_deleted(audit, &principal->sid))
			return "a deleted account or group of this machine";
		if (principal->verdict.name != NULL)
			return "an account or group of this machine";
		return "an account or group of this machine, deleted or not "
		       "known by a profile";
	case SBK_SID_FOREIGN:
		return "of another machine or domain, removed, or invented";
	case SBK_SID_CAPABILITY:
		return "a capability of an AppContainer";
	case SBK_SID_PACKAGE:
		return "an AppContainer";
	default:
		return sbk_sid_class_text(principal->verdict.class);
	}
}

static int add(struct telling *t, struct sbk_finding *finding,
	       struct sbk_error *err)
{
	int rc = sbk_buf_failed(&t->text, err);

	if (rc < 0)
		return rc;
	finding->principal = sbk_buf_text(&t->label);
	finding->text = sbk_buf_text(&t->text);
	rc = sbk_report_add(t->audit->report, finding, err);
	sbk_buf_clear(&t->text);
	return rc;
}

static int tell_principal(struct telling *t, struct sbk_error *err)
{
	const struct sbk_volume_principal *p = t->principal;
	struct sbk_finding finding = {.severity = SBK_SEVERITY_INFO,
				      .rule = "volume.principal"};

	sbk_buf_adds(&t->text,
		     p->group_count > 0 ? "a token; its user is " : "");
	sbk_buf_adds(&t->text, look_of(t->audit, p));
	if (p->verdict.origin == SBK_SID_OTHER_TOOL)
		sbk_buf_printf(&t->text, "; left by %s", p->verdict.tool);
	else if (p->verdict.origin == SBK_SID_OURS)
		sbk_buf_adds(&t->text, "; Sandbook's");
	if (p->evidence != NULL)
		sbk_buf_printf(&t->text, ", by '%s'", p->evidence);
	if (p->objects == 0)
		sbk_buf_adds(&t->text, "; nothing names it");
	else
		sbk_buf_printf(&t->text,
			       "; named by %" PRIu64 " objects, %" PRIu64
			       " by entries of their own, %" PRIu64
			       " by inherited ones; owner of %" PRIu64,
			       p->objects, p->explicit_objects,
			       p->inherited_objects, p->owned_objects);
	return add(t, &finding, err);
}

/* Where an inherited entry comes from. */
static int tell_source(struct telling *t, const struct sbk_volume_root *root,
		       struct sbk_error *err)
{
	const uint32_t from =
		sbk_volume_inherited_from(t->audit, root->record, root->hit);
	struct sbk_buf path = SBK_BUF_INIT;
	int rc;

	if (from == SBK_VOLUME_NONE) {
		sbk_buf_adds(&t->text, ", which no directory above has to "
				       "hand down for it");
		return 0;
	}
	rc = sbk_volume_path(&t->audit->tree, from, &path, err);
	sbk_buf_printf(&t->text, " from '%s'", sbk_buf_text(&path));
	sbk_buf_release(&path);
	return rc;
}

static int tell_root(struct telling *t, const struct sbk_volume_root *root,
		     struct sbk_error *err)
{
	const struct sbk_volume_hit *hit = root->hit;
	struct sbk_buf when = SBK_BUF_INIT;
	struct sbk_finding finding = {.severity = SBK_SEVERITY_FINDING,
				      .object = root->path,
				      .objects = root->objects};
	int rc;

	if (hit->granted != 0) {
		finding.rule = "volume.grant";
		sbk_buf_adds(&t->text, "may ");
		sbk_volume_rights(&t->text, hit->granted);
	} else {
		finding.rule =
			hit->denied != 0 ? "volume.deny" : "volume.entry";
		sbk_buf_adds(&t->text, "is named and may do nothing");
	}
	if (hit->denied != 0) {
		sbk_buf_adds(&t->text, "; denied: ");
		sbk_volume_rights(&t->text, hit->denied);
	}
	if (hit->owns)
		sbk_buf_adds(&t->text, "; owns it");
	if (hit->is_explicit || hit->is_inherited) {
		sbk_buf_printf(&t->text, "; %s ",
			       hit->is_explicit && hit->is_inherited
				       ? "by the entry"
			       : hit->is_explicit ? "by its own entry"
						  : "by the inherited entry");
		rc = sbk_volume_entry(t->audit, hit, &t->text, err);
		if (rc == 0 && !hit->is_explicit)
			rc = tell_source(t, root, err);
		if (rc < 0)
			return rc;
	}
	if (sbk_volume_changed(&t->audit->tree, root->record, &when))
		sbk_buf_printf(&t->text,
			       "; its security was last changed at %s",
			       sbk_buf_text(&when));
	rc = sbk_buf_failed(&when, err);
	sbk_buf_release(&when);
	return rc < 0 ? rc : add(t, &finding, err);
}

static int tell_inclusion(struct telling *t,
			  const struct sbk_volume_inclusion *inclusion,
			  struct sbk_error *err)
{
	const struct sbk_volume_candidate *place =
		&t->audit->tree.candidates[inclusion->place];
	struct sbk_finding finding = {.severity = SBK_SEVERITY_FINDING,
				      .rule = "volume.sensitive",
				      .object = inclusion->path,
				      .objects = inclusion->objects};

	sbk_buf_printf(&t->text, "a sensitive place (%s) is within reach: may ",
		       sbk_volume_names[place->name].what);
	sbk_volume_rights(&t->text, inclusion->granted);
	return add(t, &finding, err);
}

/* Those with the fewest objects, which JSON and CSV name one by one. */
static int tell_rest(struct telling *t, size_t first, struct sbk_error *err)
{
	const struct sbk_volume_principal *p = t->principal;
	struct sbk_finding finding = {.severity = SBK_SEVERITY_FINDING,
				      .rule = "volume.more"};
	size_t i;

	for (i = first; i < p->root_count; i++)
		finding.objects += p->roots[i].objects;
	sbk_buf_printf(&t->text,
		       "it is named in %zu more place%s; --json has all of "
		       "them under its principals, --csv a row for each",
		       p->root_count - first,
		       p->root_count - first == 1 ? "" : "s");
	return add(t, &finding, err);
}

/* The path of a record, kept; or its number, counted as missed, where those
 * that are kept are too much already. */
static int keep_path(struct sbk_volume_audit *audit, uint32_t record,
		     const char **out, struct sbk_error *err)
{
	struct sbk_volume_tree *tree = &audit->tree;
	struct sbk_buf path = SBK_BUF_INIT;
	int rc = 0;

	if (audit->path_bytes < SBK_VOLUME_PATHS_MAX) {
		rc = sbk_volume_path(tree, record, &path, err);
	} else {
		sbk_buf_printf(&path, "<record %" PRIu32 ">", record);
		sbk_ntfs_damage_add(sbk_volume_damage(tree), SBK_NTFS_BAD_LIMIT,
				    record);
	}
	audit->path_bytes += path.size;
	if (rc == 0)
		*out = sbk_arena_strdup(&audit->arena, sbk_buf_text(&path));
	if (rc == 0 && *out == NULL)
		rc = sbk_error_no_memory(err);
	sbk_buf_release(&path);
	return rc;
}

/* The paths of what will be told. */
static int find_paths(struct sbk_volume_audit *audit,
		      struct sbk_volume_principal *principal,
		      struct sbk_error *err)
{
	size_t i, count = principal->root_count + principal->inclusion_count;
	uint32_t record;
	const char **out;
	int rc = 0;

	for (i = 0; rc == 0 && i < count; i++) {
		if (i < principal->root_count) {
			record = principal->roots[i].record;
			out = &principal->roots[i].path;
		} else {
			struct sbk_volume_inclusion *inclusion =
				&principal->inclusions[i -
						       principal->root_count];

			record =
				audit->tree.candidates[inclusion->place].record;
			out = &inclusion->path;
		}
		rc = keep_path(audit, record, out, err);
	}
	return rc;
}

/* Principals that have the same are told together. */
static int tell_group(struct telling *t, size_t index, struct sbk_error *err)
{
	struct sbk_volume_principal *p = &t->audit->principals[index];
	size_t i;
	int rc;

	if (p->alike != index)
		return 0;
	t->principal = p;
	sbk_buf_clear(&t->label);
	sbk_volume_principal_label(t->audit, p, &t->label);
	if (p->alike_count > 1)
		sbk_buf_printf(&t->label, " and %zu more like it",
			       p->alike_count - 1);
	rc = find_paths(t->audit, p, err);
	if (rc == 0)
		rc = tell_principal(t, err);
	for (i = 0; rc == 0 && i < p->inclusion_count; i++)
		rc = tell_inclusion(t, &p->inclusions[i], err);
	for (i = 0; rc == 0 && i < p->root_count && i < ROOTS_TOLD; i++)
		rc = tell_root(t, &p->roots[i], err);
	return rc == 0 && i < p->root_count ? tell_rest(t, i, err) : rc;
}

/* --- coverage --------------------------------------------------------- */

static int tell_damage(struct sbk_volume_audit *audit,
		       enum sbk_ntfs_damage_kind kind, struct sbk_error *err)
{
	const struct sbk_ntfs_damage *damage = sbk_volume_damage(&audit->tree);
	uint64_t count = damage->counts[kind], i;
	struct sbk_buf place = SBK_BUF_INIT;
	struct sbk_finding finding = {
		.severity = SBK_SEVERITY_INFO,
		.rule = "volume.damage",
		.object = audit->path,
		.text = sbk_ntfs_damage_text(kind),
		.objects = count,
	};
	int rc = 0;

	if (count > 0 && !sbk_ntfs_damage_hides(kind))
		return sbk_report_add(audit->report, &finding, err);
	for (i = 0; rc == 0 && i < count && i < SBK_NTFS_DAMAGE_PLACES; i++) {
		sbk_buf_clear(&place);
		sbk_buf_printf(&place, "%s %" PRIu64,
			       sbk_ntfs_damage_place(kind),
			       damage->places[kind][i]);
		rc = sbk_report_missed(audit->report, sbk_buf_text(&place),
				       sbk_ntfs_damage_text(kind), err);
	}
	if (count > i)
		sbk_report_coverage(audit->report)->unreadable += count - i;
	sbk_buf_release(&place);
	return rc;
}

static int tell_live(struct sbk_volume_audit *audit, struct sbk_error *err)
{
	struct sbk_buf text = SBK_BUF_INIT;
	struct sbk_finding finding = {.severity = SBK_SEVERITY_INFO,
				      .rule = "volume"};
	int rc;

	sbk_buf_printf(&text,
		       "this machine: %" PRIu64 " objects, %zu distinct "
		       "descriptors, %zu SIDs",
		       audit->tree.objects, sbk_volume_distinct(&audit->tree),
		       audit->sid_count);
	rc = sbk_buf_failed(&text, err);
	finding.text = sbk_buf_text(&text);
	if (rc == 0)
		rc = sbk_report_add(audit->report, &finding, err);
	sbk_buf_release(&text);
	sbk_report_coverage(audit->report)->examined = audit->tree.objects;
	return rc;
}

static int tell_volume(struct sbk_volume_audit *audit, struct sbk_error *err)
{
	struct sbk_ntfs_volume_facts facts;
	struct sbk_buf text = SBK_BUF_INIT;
	struct sbk_finding finding = {.severity = SBK_SEVERITY_INFO,
				      .rule = "volume",
				      .object = audit->path};
	int rc;

	if (audit->tree.is_live)
		return tell_live(audit, err);
	sbk_ntfs_volume_facts(audit->tree.volume, &facts);
	sbk_buf_printf(&text,
		       "NTFS %u.%u '%s': %" PRIu64 " objects, %zu distinct "
		       "descriptors, %zu SIDs%s",
		       facts.major, facts.minor, facts.label,
		       audit->tree.objects, sbk_volume_distinct(&audit->tree),
		       audit->sid_count,
		       facts.is_dirty ? "; it was not unmounted, and its log "
					"was not read"
				      : "");
	finding.text = sbk_buf_text(&text);
	rc = sbk_report_add(audit->report, &finding, err);
	sbk_buf_release(&text);
	sbk_report_coverage(audit->report)->examined = audit->tree.objects;
	return rc;
}

int sbk_volume_report_damage(struct sbk_volume_audit *audit,
			     struct sbk_error *err)
{
	unsigned kind;
	int rc = 0;

	for (kind = 0; rc == 0 && kind < SBK_NTFS_BAD_COUNT; kind++)
		rc = tell_damage(audit, kind, err);
	return rc;
}

int sbk_volume_report(struct sbk_volume_audit *audit, struct sbk_error *err)
{
	struct telling t = {.audit = audit};
	size_t i;
	int rc = tell_volume(audit, err);

	if (rc == 0 && !audit->tree.is_live)
		rc = sbk_volume_changes_report(&audit->tree, audit->path,
					       audit->report, err);
	for (i = 0; rc == 0 && i < audit->principal_count; i++)
		rc = tell_group(&t, i, err);
	if (rc == 0)
		rc = sbk_volume_report_damage(audit, err);
	sbk_buf_release(&t.label);
	sbk_buf_release(&t.text);
	return rc;
}
