/*
 * What was found on a volume, for programs: by principal as JSON, a row each as
 * CSV. Every name is hostile: JSON escapes it, CSV does so here.
 */
#include "audit/volume.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "engine/json.h"

#include "engine/banned.h"

static const char *origin_name(enum sbk_sid_origin origin)
{
	static const char *const names[] = {
		[SBK_SID_OURS] = "ours",
		[SBK_SID_OTHER_TOOL] = "tool",
		[SBK_SID_ACCOUNT] = "account",
		[SBK_SID_SYSTEM] = "system",
		[SBK_SID_UNRESOLVED] = "unresolved",
	};

	return names[origin];
}

/* --- by principal ----------------------------------------------------- */

/* Whether there is room for another row; else the report says that some are
 * missing, once. */
static int has_room(struct sbk_volume_audit *audit, const struct sbk_buf *out,
		    bool *room, struct sbk_error *err)
{
	*room = out->size < SBK_VOLUME_PRINT_MAX;
	if (*room || audit->is_cut_short)
		return 0;
	audit->is_cut_short = true;
	return sbk_report_missed(audit->report, "rows",
				 "there are more than are printed; name fewer "
				 "principals",
				 err);
}

/* The same hit of a principal that is alike. */
static const struct sbk_volume_hit *
hit_for(const struct sbk_volume_audit *audit,
	const struct sbk_volume_principal *principal,
	const struct sbk_volume_hit *hit)
{
	const struct sbk_volume_principal *first =
		&audit->principals[principal->alike];

	return hit - first->first_hit + principal->first_hit;
}

static void json_rights(struct sbk_buf *out, const char *key, uint32_t mask)
{
	struct sbk_buf text = SBK_BUF_INIT;

	sbk_volume_rights(&text, mask);
	sbk_json_string(out, key, sbk_buf_text(&text));
	sbk_buf_release(&text);
}

static void json_mask(struct sbk_buf *out, const char *key, uint32_t mask)
{
	struct sbk_buf text = SBK_BUF_INIT;

	sbk_buf_printf(&text, "0x%" PRIx32, mask);
	sbk_json_string(out, key, sbk_buf_text(&text));
	sbk_buf_release(&text);
}

static int json_root(struct sbk_volume_audit *audit,
		     const struct sbk_volume_principal *principal,
		     const struct sbk_volume_root *root, struct sbk_buf *out,
		     struct sbk_error *err)
{
	const struct sbk_volume_hit *hit = hit_for(audit, principal, root->hit);
	struct sbk_buf entry = SBK_BUF_INIT, when = SBK_BUF_INIT;
	struct sbk_buf path = SBK_BUF_INIT;
	uint32_t from;
	int rc = sbk_volume_entry(audit, hit, &entry, err);

	sbk_json_open(out, '{');
	sbk_json_name(out, "path", root->path);
	json_rights(out, "rights", hit->granted);
	json_mask(out, "mask", hit->granted);
	json_mask(out, "denied_mask", hit->denied);
	sbk_json_integer(out, "objects", (int64_t)root->objects);
	sbk_json_integer(out, "explicit", (int64_t)root->explicit_objects);
	sbk_json_bool(out, "inherited", !hit->is_explicit && hit->is_inherited);
	sbk_json_bool(out, "owner", hit->owns);
	sbk_json_string(out, "entry", sbk_buf_text(&entry));
	from = sbk_volume_inherited_from(audit, root->record, hit);
	if (rc == 0 && from != SBK_VOLUME_NONE) {
		rc = sbk_volume_path(&audit->tree, from, &path, err);
		sbk_json_name(out, "inherited_from", sbk_buf_text(&path));
	}
	if (sbk_volume_changed(&audit->tree, root->record, &when))
		sbk_json_string(out, "security_changed", sbk_buf_text(&when));
	sbk_json_close(out, '}');
	sbk_buf_release(&entry);
	sbk_buf_release(&when);
	sbk_buf_release(&path);
	return rc;
}

static void json_inclusion(const struct sbk_volume_audit *audit,
			   const struct sbk_volume_inclusion *inclusion,
			   struct sbk_buf *out)
{
	const struct sbk_volume_candidate *place =
		&audit->tree.candidates[inclusion->place];

	sbk_json_open(out, '{');
	sbk_json_name(out, "path", inclusion->path);
	sbk_json_string(out, "what", sbk_volume_names[place->name].what);
	json_rights(out, "rights", inclusion->granted);
	json_mask(out, "mask", inclusion->granted);
	sbk_json_integer(out, "objects", (int64_t)inclusion->objects);
	sbk_json_close(out, '}');
}

static void json_sids(const char *key, const struct sbk_group *list,
		      size_t count, struct sbk_buf *out)
{
	struct sbk_sid_text text;
	size_t i;

	if (count == 0)
		return;
	sbk_json_open_key(out, key, '[');
	for (i = 0; i < count; i++)
		sbk_json_string(out, NULL, sbk_sid_format(&list[i].sid, &text));
	sbk_json_close(out, ']');
}

static int json_principal(struct sbk_volume_audit *audit,
			  const struct sbk_volume_principal *p,
			  struct sbk_buf *out, struct sbk_error *err)
{
	const struct sbk_volume_principal *first = &audit->principals[p->alike];
	struct sbk_sid_text text;
	bool room = true;
	size_t i;
	int rc = 0;

	sbk_json_open(out, '{');
	sbk_json_string(out, "sid", sbk_sid_format(&p->sid, &text));
	json_sids("groups", p->groups, p->group_count, out);
	json_sids("write_restricted_to", p->restricting, p->restricting_count,
		  out);
	if (p->verdict.name != NULL)
		sbk_json_name(out, "name", p->verdict.name);
	sbk_json_string(out, "class", sbk_sid_class_text(p->verdict.class));
	sbk_json_string(out, "origin", origin_name(p->verdict.origin));
	sbk_json_string(out, "tool", p->verdict.tool);
	if (p->evidence != NULL)
		sbk_json_name(out, "evidence", p->evidence);
	sbk_json_bool(out, "deleted", sbk_volume_is_deleted(audit, &p->sid));
	sbk_json_integer(out, "objects", (int64_t)p->objects);
	sbk_json_integer(out, "explicit", (int64_t)p->explicit_objects);
	sbk_json_integer(out, "inherited", (int64_t)p->inherited_objects);
	sbk_json_integer(out, "owned", (int64_t)p->owned_objects);
	sbk_json_open_key(out, "roots", '[');
	for (i = 0; rc == 0 && room && i < first->root_count; i++) {
		rc = json_root(audit, p, &first->roots[i], out, err);
		if (rc == 0)
			rc = has_room(audit, out, &room, err);
	}
	sbk_json_close(out, ']');
	sbk_json_open_key(out, "sensitive", '[');
	for (i = 0; rc == 0 && room && i < first->inclusion_count; i++) {
		json_inclusion(audit, &first->inclusions[i], out);
		rc = has_room(audit, out, &room, err);
	}
	sbk_json_close(out, ']');
	sbk_json_close(out, '}');
	return rc;
}

static void json_serial(const struct sbk_volume_audit *audit,
			struct sbk_buf *out)
{
	struct sbk_buf serial = SBK_BUF_INIT;

	sbk_buf_printf(&serial, "%016" PRIX64,
		       sbk_ntfs_volume_boot(audit->tree.volume)->serial);
	sbk_json_string(out, "serial", sbk_buf_text(&serial));
	sbk_buf_release(&serial);
}

int sbk_volume_print_json(struct sbk_volume_audit *audit, struct sbk_buf *out,
			  struct sbk_error *err)
{
	bool room = true;
	size_t i;
	int rc = 0;

	sbk_json_open_key(out, "volume", '{');
	if (!audit->tree.is_live) {
		sbk_json_name(out, "path", audit->path);
		json_serial(audit, out);
	}
	sbk_json_integer(out, "objects", (int64_t)audit->tree.objects);
	sbk_json_integer(out, "directories", (int64_t)audit->tree.directories);
	sbk_json_integer(out, "descriptors",
			 (int64_t)sbk_volume_distinct(&audit->tree));
	sbk_json_integer(out, "sids", (int64_t)audit->sid_count);
	sbk_json_integer(out, "damage",
			 (int64_t)sbk_ntfs_damage_total(
				 sbk_volume_damage(&audit->tree)));
	sbk_json_close(out, '}');
	sbk_json_open_key(out, "principals", '[');
	for (i = 0; rc == 0 && room && i < audit->principal_count; i++) {
		rc = json_principal(audit, &audit->principals[i], out, err);
		if (rc == 0)
			rc = has_room(audit, out, &room, err);
	}
	sbk_json_close(out, ']');
	return rc < 0 ? rc : sbk_buf_failed(out, err);
}

/* --- CSV -------------------------------------------------------------- */

/* A field, always quoted. What a spreadsheet would take for a formula gets an
 * apostrophe in front; control and bidi characters are escaped. */
static void csv_field(struct sbk_buf *out, const char *text, char end)
{
	struct sbk_buf escaped = SBK_BUF_INIT;
	size_t i;

	sbk_text_escape(&escaped, text != NULL ? text : "");
	sbk_buf_addc(out, '"');
	if (escaped.size > 0 && strchr("=+-@", escaped.data[0]) != NULL)
		sbk_buf_addc(out, '\'');
	for (i = 0; i < escaped.size; i++) {
		if (escaped.data[i] == '"')
			sbk_buf_addc(out, '"');
		sbk_buf_addc(out, escaped.data[i]);
	}
	sbk_buf_addc(out, '"');
	sbk_buf_addc(out, end);
	sbk_buf_release(&escaped);
}

static void csv_principal(struct sbk_buf *out,
			  const struct sbk_volume_principal *p)
{
	struct sbk_sid_text text;
	size_t i;

	/* What SIDs are written with needs no quotes. */
	sbk_buf_adds(out, sbk_sid_format(&p->sid, &text));
	for (i = 0; i < p->group_count; i++)
		sbk_buf_printf(out, "+%s",
			       sbk_sid_format(&p->groups[i].sid, &text));
	for (i = 0; i < p->restricting_count; i++)
		sbk_buf_printf(out, "%c%s", i == 0 ? '/' : '+',
			       sbk_sid_format(&p->restricting[i].sid, &text));
	sbk_buf_addc(out, ',');
	csv_field(out, p->verdict.name, ',');
	csv_field(out, origin_name(p->verdict.origin), ',');
	csv_field(out, p->verdict.tool, ',');
	csv_field(out, p->evidence, ',');
}

static void csv_rights(struct sbk_buf *out, uint32_t mask)
{
	struct sbk_buf text = SBK_BUF_INIT;

	sbk_volume_rights(&text, mask);
	csv_field(out, sbk_buf_text(&text), ',');
	sbk_buf_printf(out, "0x%" PRIx32 ",", mask);
	sbk_buf_release(&text);
}

static int csv_root(struct sbk_volume_audit *audit,
		    const struct sbk_volume_principal *p,
		    const struct sbk_volume_root *root, struct sbk_buf *out,
		    struct sbk_error *err)
{
	const struct sbk_volume_hit *hit = hit_for(audit, p, root->hit);
	struct sbk_buf entry = SBK_BUF_INIT;
	int rc = sbk_volume_entry(audit, hit, &entry, err);

	csv_principal(out, p);
	sbk_buf_adds(out, "root,");
	csv_field(out, root->path, ',');
	csv_rights(out, hit->granted);
	sbk_buf_printf(out, "0x%" PRIx32 ",%" PRIu64 ",%" PRIu64 ",%d,%d,",
		       hit->denied, root->objects, root->explicit_objects,
		       !hit->is_explicit && hit->is_inherited, hit->owns);
	csv_field(out, sbk_buf_text(&entry), ',');
	(void)sbk_volume_changed(&audit->tree, root->record, out);
	sbk_buf_addc(out, '\n');
	sbk_buf_release(&entry);
	return rc;
}

static int csv_all_of(struct sbk_volume_audit *audit,
		      const struct sbk_volume_principal *p, struct sbk_buf *out,
		      struct sbk_error *err)
{
	const struct sbk_volume_principal *first = &audit->principals[p->alike];
	bool room = true;
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && room && i < first->root_count; i++) {
		rc = csv_root(audit, p, &first->roots[i], out, err);
		if (rc == 0)
			rc = has_room(audit, out, &room, err);
	}
	for (i = 0; rc == 0 && room && i < first->inclusion_count; i++) {
		const struct sbk_volume_inclusion *inclusion =
			&first->inclusions[i];
		const struct sbk_volume_candidate *place =
			&audit->tree.candidates[inclusion->place];

		csv_principal(out, p);
		sbk_buf_adds(out, "sensitive,");
		csv_field(out, inclusion->path, ',');
		csv_rights(out, inclusion->granted);
		sbk_buf_printf(out, "0x0,%" PRIu64 ",,,,", inclusion->objects);
		csv_field(out, sbk_volume_names[place->name].what, ',');
		(void)sbk_volume_changed(&audit->tree, place->record, out);
		sbk_buf_addc(out, '\n');
		rc = has_room(audit, out, &room, err);
	}
	return rc;
}

int sbk_volume_print_csv(struct sbk_volume_audit *audit, struct sbk_buf *out,
			 struct sbk_error *err)
{
	bool room = true;
	size_t i;
	int rc = 0;

	sbk_buf_adds(out, "sid,name,origin,tool,evidence,kind,path,rights,mask,"
			  "denied,objects,explicit,inherited,owner,entry,"
			  "security_changed\n");
	for (i = 0; rc == 0 && room && i < audit->principal_count; i++) {
		rc = csv_all_of(audit, &audit->principals[i], out, err);
		if (rc == 0)
			rc = has_room(audit, out, &room, err);
	}
	return rc < 0 ? rc : sbk_buf_failed(out, err);
}
