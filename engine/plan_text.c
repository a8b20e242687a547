/*
 * Plans for people and for machines. Decides only what is worth a line: a
 * granted tree is one, whatever it holds; other changes are one each, up to
 * SBK_REPORT_LINES_MAX. Single changes of ACLs come in thousands and look
 * alike, so a few of them stand for all.
 */
#include "engine/plan.h"

#include <string.h>

#include "engine/backend.h"
#include "engine/json.h"
#include "engine/limits.h"
#include "engine/path.h"

#include "engine/banned.h"

static void print_root(const struct sbk_plan_root *root, struct sbk_buf *out)
{
	size_t changed = root->objects > root->already
				 ? root->objects - root->already
				 : 0;

	if (root->principal != NULL &&
	    strncmp(root->principal, SBK_TAKES_BACK,
		    sizeof(SBK_TAKES_BACK) - 1) == 0) {
		sbk_buf_adds(out, "  grant   what is made there is yours to "
				  "take back: ");
		sbk_text_escape(out, root->path);
		sbk_buf_addc(out, '\n');
		return;
	}
	sbk_buf_printf(out, "  grant   %s to %s: ",
		       root->writable ? "read and write" : "read",
		       root->principal_name);
	sbk_text_escape(out, root->path);
	sbk_buf_printf(out, "\n          %zu %s, %zu to change", root->objects,
		       sbk_plural(root->objects, "object", "objects"), changed);
	if (root->linked_outside > 0)
		sbk_buf_printf(out,
			       "; %zu hard-linked elsewhere: no write entry",
			       root->linked_outside);
	if (root->carved_out > 0)
		sbk_buf_printf(out,
			       "; %zu left out or read-only (sensitive, "
			       "denied or protected)",
			       root->carved_out);
	if (root->skipped > 0)
		sbk_buf_printf(out,
			       "; %zu links, devices or other mounts "
			       "skipped",
			       root->skipped);
	sbk_buf_addc(out, '\n');
}

static void print_secrets(const struct sbk_secret_list *secrets,
			  struct sbk_buf *out)
{
	if (secrets->total == 0)
		return;
	sbk_buf_printf(out, "  secrets %zu file%s in it mostly hold%s them: ",
		       secrets->total, secrets->total == 1 ? "" : "s",
		       secrets->total == 1 ? "s" : "");
	sbk_secret_list_print(secrets, out);
	sbk_buf_adds(out, "\n          --deny PATH leaves one out\n");
}

static bool is_rolled_up(struct sbk_plan *plan, const struct sbk_change *change)
{
	size_t i;

	if (change->object.kind != SBK_KIND_ACCESS)
		return false;
	for (i = 0; i < sbk_plan_root_count(plan); i++)
		if (sbk_path_within(change->object.name,
				    sbk_plan_root_at(plan, i)->path))
			return true;
	return false;
}

static const char *verb_of(const struct sbk_change *change)
{
	if (sbk_state_absent(change->before))
		return "create";
	if (sbk_state_absent(change->after))
		return "remove";
	return "change";
}

static void print_change(const struct sbk_change *change, struct sbk_buf *out)
{
	if (change->object.kind == SBK_KIND_KEPT)
		sbk_buf_adds(out, "  keep    ");
	else
		sbk_buf_printf(out, "  %-7s %s ", verb_of(change),
			       sbk_kind_name(change->object.kind));
	sbk_text_escape(out, change->object.name);
	if (change->reason != NULL) {
		sbk_buf_adds(out, ": ");
		sbk_text_escape(out, change->reason);
	}
	sbk_buf_addc(out, '\n');
}

/* Whether this one has a line; counts those that had one. */
static bool has_line(const struct sbk_change *change, size_t *lines,
		     size_t *access_lines)
{
	if (*lines >= SBK_REPORT_LINES_MAX)
		return false;
	if ((change->object.kind == SBK_KIND_ACCESS ||
	     change->object.kind == SBK_KIND_DESCRIPTOR) &&
	    (*access_lines)++ >= SBK_ACCESS_LINES_MAX)
		return false;
	(*lines)++;
	return true;
}

void sbk_plan_print(struct sbk_plan *plan, struct sbk_buf *out)
{
	size_t i, lines = 0, access_lines = 0, left = 0;

	for (i = 0; i < sbk_plan_root_count(plan); i++)
		print_root(sbk_plan_root_at(plan, i), out);
	print_secrets(sbk_plan_secrets(plan), out);
	for (i = 0; i < sbk_plan_count(plan); i++) {
		const struct sbk_change *change = sbk_plan_at(plan, i);

		if (is_rolled_up(plan, change))
			continue;
		if (has_line(change, &lines, &access_lines))
			print_change(change, out);
		else
			left++;
	}
	if (left > 0)
		sbk_buf_printf(out, "  and %zu more (--json lists all)\n",
			       left);
	for (i = 0; i < sbk_plan_note_count(plan); i++) {
		sbk_buf_adds(out, "  note    ");
		sbk_text_escape(out, sbk_plan_note_at(plan, i));
		sbk_buf_addc(out, '\n');
	}
	sbk_buf_printf(out, "  in all  %zu change%s to this machine\n",
		       sbk_plan_count(plan),
		       sbk_plan_count(plan) == 1 ? "" : "s");
}

/* Bytes, which are no text. */
static void json_bytes(struct sbk_buf *out, const char *key,
		       struct sbk_state state)
{
	sbk_json_key(out, key);
	sbk_buf_addc(out, '"');
	sbk_buf_add_hex(out, state.data, state.size);
	sbk_buf_addc(out, '"');
}

static void json_state(struct sbk_buf *out, const char *key, enum sbk_kind kind,
		       struct sbk_state state)
{
	if (sbk_state_absent(state))
		sbk_json_null(out, key);
	else if (sbk_kind_sealed(kind))
		sbk_json_string(out, key, "(sealed)");
	else if (kind == SBK_KIND_DESCRIPTOR)
		json_bytes(out, key, state);
	else
		sbk_json_string(out, key, state.data);
}

static void json_change(const struct sbk_change *change, struct sbk_buf *out)
{
	sbk_json_open(out, '{');
	sbk_json_string(out, "kind", sbk_kind_name(change->object.kind));
	sbk_json_name(out, "name", change->object.name);
	sbk_json_string(out, "identity", change->object.identity);
	json_state(out, "before", change->object.kind, change->before);
	json_state(out, "after", change->object.kind, change->after);
	sbk_json_string(out, "ours", change->ours);
	sbk_json_string(out, "reason", change->reason);
	if (change->undoes != 0)
		sbk_json_integer(out, "undoes", (int64_t)change->undoes);
	sbk_json_close(out, '}');
}

static void json_root(const struct sbk_plan_root *root, struct sbk_buf *out)
{
	sbk_json_open(out, '{');
	sbk_json_name(out, "path", root->path);
	sbk_json_string(out, "principal", root->principal);
	sbk_json_string(out, "principal_name", root->principal_name);
	sbk_json_bool(out, "writable", root->writable);
	sbk_json_integer(out, "objects", (int64_t)root->objects);
	sbk_json_integer(out, "already", (int64_t)root->already);
	sbk_json_integer(out, "linked_outside", (int64_t)root->linked_outside);
	sbk_json_integer(out, "skipped", (int64_t)root->skipped);
	sbk_json_integer(out, "carved_out", (int64_t)root->carved_out);
	sbk_json_close(out, '}');
}

void sbk_plan_print_json(struct sbk_plan *plan, struct sbk_buf *out)
{
	size_t i;

	sbk_json_open(out, '{');
	sbk_json_open_key(out, "roots", '[');
	for (i = 0; i < sbk_plan_root_count(plan); i++)
		json_root(sbk_plan_root_at(plan, i), out);
	sbk_json_close(out, ']');
	sbk_json_open_key(out, "changes", '[');
	for (i = 0; i < sbk_plan_count(plan); i++)
		json_change(sbk_plan_at(plan, i), out);
	sbk_json_close(out, ']');
	if (sbk_plan_root_count(plan) > 0)
		sbk_secret_list_print_json(sbk_plan_secrets(plan), "secrets",
					   out);
	sbk_json_open_key(out, "notes", '[');
	for (i = 0; i < sbk_plan_note_count(plan); i++)
		sbk_json_string(out, NULL, sbk_plan_note_at(plan, i));
	sbk_json_close(out, ']');
	sbk_json_close(out, '}');
}
