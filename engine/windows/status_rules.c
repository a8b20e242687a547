/* See the header. Owns that what was not seen is never worded as if it was. */
#include "engine/windows/status_rules.h"

#include "engine/json.h"
#include "engine/windows/account_state.h"
#include "engine/windows/filter_rules.h"

#include "engine/banned.h"

/* Of "USER_INFO_1 structure", beside account_state.h's. */
#define LOCKED_OUT 0x00000010u
#define NEVER_EXPIRES 0x00010000u
#define HAS_EXPIRED 0x00800000u

/* Below the name of an account, as cmd_status.c indents it. */
#define BELOW "                           "

/* --- modes ---------------------------------------------------------------- */

void sbk_nt_status_modes(const struct sbk_nt_mode *modes, size_t count,
			 struct sbk_status_said *out)
{
	size_t i;

	sbk_buf_adds(&out->text, "\nModes of a run of yours:\n");
	sbk_json_open_key(&out->members, "modes", '[');
	for (i = 0; i < count; i++) {
		sbk_buf_printf(&out->text, "  %-17s %s %s\n", modes[i].name,
			       modes[i].can_begin ? "can begin:"
						  : "CANNOT BEGIN:",
			       modes[i].detail);
		sbk_json_open(&out->members, '{');
		sbk_json_string(&out->members, "name", modes[i].name);
		sbk_json_bool(&out->members, "can_begin", modes[i].can_begin);
		sbk_json_string(&out->members, "detail", modes[i].detail);
		sbk_json_close(&out->members, '}');
	}
	sbk_json_close(&out->members, ']');
	sbk_buf_adds(&out->text, "Limits: the memory limit holds for each "
				 "process, not for the run as a whole\n");
	sbk_json_string(&out->members, "memory_limit", "per process");
}

/* --- accounts ------------------------------------------------------------- */

static const char *logon_words(bool enabled, enum sbk_nt_answer is_recorded)
{
	if (enabled && is_recorded == SBK_NT_NO)
		return "ENABLED, and no record says that setup did it";
	if (enabled)
		return "enabled";
	if (is_recorded == SBK_NT_YES)
		return "DISABLED, and setup had enabled it";
	return "disabled (its person's own 'sandbook setup' enables it)";
}

static void say_flags(const struct sbk_nt_account_facts *facts,
		      struct sbk_status_said *out)
{
	const bool enabled = (facts->flags & SBK_NT_ACCOUNT_DISABLED) == 0;
	const bool expires = (facts->flags & NEVER_EXPIRES) == 0;
	const bool expired = (facts->flags & HAS_EXPIRED) != 0;
	const bool locked = (facts->flags & LOCKED_OUT) != 0;

	sbk_buf_printf(&out->text, BELOW "%s; %s%s\n",
		       logon_words(enabled, facts->is_recorded),
		       expired	 ? "its password HAS EXPIRED"
		       : expires ? "its password EXPIRES"
				 : "its password never expires",
		       locked ? "; LOCKED OUT" : "");
	sbk_json_bool(&out->members, "enabled", enabled);
	if (facts->is_recorded != SBK_NT_UNKNOWN)
		sbk_json_bool(&out->members, "enabled_by_record",
			      facts->is_recorded == SBK_NT_YES);
	sbk_json_bool(&out->members, "password_expires", expires);
	sbk_json_bool(&out->members, "password_expired", expired);
	sbk_json_bool(&out->members, "locked_out", locked);
}

void sbk_nt_status_account(const struct sbk_nt_account_facts *facts,
			   struct sbk_status_said *out)
{
	static const struct {
		const char *name, *words;
	} passwords[] = {
		[SBK_NT_PASSWORD_OPENS] = {"opens",
					   "the password that is kept opens"},
		[SBK_NT_PASSWORD_LOST] = {"lost",
					  "THE PASSWORD THAT IS KEPT IS OF NO "
					  "USE: "},
		[SBK_NT_PASSWORD_NONE] = {"none", "NO PASSWORD IS KEPT: "},
		[SBK_NT_PASSWORD_OTHERS] = {"kept for its person",
					    "its password is its person's "
					    "alone to look at"},
		[SBK_NT_PASSWORD_UNKNOWN] = {"unknown",
					     "its password cannot be looked "
					     "at: "},
	};

	if (facts->person[0] != '\0') {
		sbk_buf_adds(&out->text, BELOW "for '");
		sbk_text_escape(&out->text, facts->person);
		sbk_buf_adds(&out->text, "'\n");
		sbk_json_name(&out->members, "person_name", facts->person);
	} else if (facts->person_gone) {
		sbk_buf_adds(&out->text,
			     BELOW "for SOMEBODY WHOSE ACCOUNT IS GONE\n");
		sbk_json_bool(&out->members, "person_gone", true);
	}
	if (facts->is_known) {
		say_flags(facts, out);
	} else {
		sbk_buf_printf(&out->text, BELOW "cannot be looked at: %s\n",
			       facts->flags_why);
		sbk_json_string(&out->members, "enabled_unknown",
				facts->flags_why);
	}
	sbk_buf_printf(&out->text, BELOW "%s%s\n",
		       passwords[facts->password].words, facts->password_why);
	sbk_json_string(&out->members, "password",
			passwords[facts->password].name);
	if (facts->password_why[0] != '\0')
		sbk_json_string(&out->members, "password_why",
				facts->password_why);
}

/* --- what holds them ------------------------------------------------------ */

enum sbk_nt_wall_state sbk_nt_status_compare(struct sbk_state made,
					     struct sbk_state now)
{
	if (sbk_state_equal(made, now))
		return SBK_NT_WALL_EXACT;
	return sbk_state_absent(now) ? SBK_NT_WALL_GONE : SBK_NT_WALL_ALTERED;
}

static const struct {
	const char *name, *words;
} wall_states[] = {
	[SBK_NT_WALL_EXACT] = {"as made", "as setup made it"},
	[SBK_NT_WALL_ALTERED] = {"altered",
				 "ALTERED ('sandbook audit drift' says how)"},
	[SBK_NT_WALL_GONE] = {"gone", "GONE"},
	[SBK_NT_WALL_UNKNOWN] = {"unknown", "cannot be looked at: "},
};

static void say_wall(const struct sbk_nt_wall *wall,
		     struct sbk_status_said *out)
{
	const bool is_rule = wall->object.kind == SBK_KIND_FIREWALL;
	const char *why = wall->state == SBK_NT_WALL_UNKNOWN ? wall->why : "";

	sbk_buf_adds(&out->text,
		     is_rule ? "Firewall rule '" : "Network filters '");
	sbk_text_escape(&out->text, wall->object.name);
	sbk_buf_printf(&out->text, "': %s%s\n", wall_states[wall->state].words,
		       why);
	sbk_json_open(&out->members, '{');
	sbk_json_string(&out->members, "kind", is_rule ? "rule" : "filters");
	sbk_json_name(&out->members, "name", wall->object.name);
	sbk_json_string(&out->members, "state", wall_states[wall->state].name);
	if (why[0] != '\0')
		sbk_json_string(&out->members, "reason", why);
	sbk_json_close(&out->members, '}');
}

/* `key` of the count, `unknown` of the reason that there is none. */
static void say_more(const char *things, const char *key, const char *unknown,
		     size_t more, const char *why, struct sbk_status_said *out)
{
	if (why != NULL) {
		sbk_buf_printf(&out->text,
			       "Others that bear Sandbook's mark among the %s "
			       "cannot be looked for: %s\n",
			       things, why);
		sbk_json_string(&out->members, unknown, why);
		return;
	}
	if (more > 0)
		sbk_buf_printf(&out->text,
			       "%zu of the %s %s Sandbook's mark and %s on no "
			       "record: 'sandbook audit residue'\n",
			       more, things, sbk_plural(more, "bears", "bear"),
			       sbk_plural(more, "is", "are"));
	sbk_json_integer(&out->members, key, (int64_t)more);
}

static void say_records(const struct sbk_nt_walls *walls,
			struct sbk_status_said *out)
{
	size_t filters = 0, i;

	for (i = 0; i < walls->count; i++)
		filters += walls->items[i].object.kind == SBK_KIND_FILTERS;
	if (walls->records_why != NULL) {
		sbk_buf_printf(&out->text,
			       "What setup made of rules and filters cannot be "
			       "looked up: %s\n",
			       walls->records_why);
		sbk_json_string(&out->members, "firewall_unknown",
				walls->records_why);
	} else if (filters == 0 && walls->accounts > 0) {
		sbk_buf_adds(&out->text,
			     "Network filters: NONE ON RECORD, and there are "
			     "accounts\n");
	}
}

void sbk_nt_status_walls(const struct sbk_nt_walls *walls,
			 struct sbk_status_said *out)
{
	size_t i;

	sbk_json_open_key(&out->members, "firewall", '[');
	for (i = 0; i < walls->count; i++)
		say_wall(&walls->items[i], out);
	sbk_json_close(&out->members, ']');
	say_records(walls, out);
	say_more("firewall rules", "rules_unrecorded",
		 "rules_unrecorded_unknown", walls->more_rules,
		 walls->rules_why, out);
	say_more("network filters", "filters_unrecorded",
		 "filters_unrecorded_unknown", walls->more_filters,
		 walls->filters_why, out);
}

bool sbk_nt_status_holds(struct sbk_state filters, const struct sbk_sid *user)
{
	struct sbk_filter_set set;
	const bool holds = sbk_filter_set_parse(&set, filters, NULL) == 0 &&
			   sbk_filter_set_holds(&set, user);

	sbk_filter_set_release(&set);
	return holds;
}

/* --- journals ------------------------------------------------------------- */

void sbk_nt_status_signatures(const struct sbk_nt_signatures *signatures,
			      struct sbk_status_said *out)
{
	if (signatures->covered == 0)
		sbk_buf_printf(&out->text,
			       "  no checkpoint of its %llu entries",
			       (unsigned long long)signatures->entries);
	else
		sbk_buf_printf(&out->text,
			       "  its newest checkpoint signs %llu of %llu "
			       "entries",
			       (unsigned long long)signatures->covered,
			       (unsigned long long)signatures->entries);
	if (signatures->anchor_why != NULL) {
		sbk_buf_printf(&out->text,
			       "; whether one is told of it is not known: %s",
			       signatures->anchor_why);
	} else if (signatures->anchor != NULL) {
		sbk_buf_adds(&out->text, "; told of each is ");
		sbk_text_escape(&out->text, signatures->anchor);
	} else {
		sbk_buf_adds(&out->text, "; nobody is told of it (\"anchor\")");
	}
	sbk_buf_addc(&out->text, '\n');
	sbk_json_integer(&out->members, "entries",
			 (int64_t)signatures->entries);
	sbk_json_integer(&out->members, "signed", (int64_t)signatures->covered);
	if (signatures->anchor_why != NULL)
		sbk_json_string(&out->members, "anchor_unknown",
				signatures->anchor_why);
	else if (signatures->anchor != NULL)
		sbk_json_name(&out->members, "anchor", signatures->anchor);
	else
		sbk_json_null(&out->members, "anchor");
}
