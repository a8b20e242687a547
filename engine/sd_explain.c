/*
 * A descriptor in words: a table for people and the same facts as JSON. Owns
 * the words for control bits and inheritance; names of SIDs, types and rights
 * are ntsec's. Nothing printed here comes from the descriptor as it stands:
 * text within it (conditions, attributes) goes through the escapes for names
 * of the host.
 */
#include "engine/sd_command.h"

#include <string.h>

#include "engine/json.h"
#include "engine/ntsec/condition.h"

#include "engine/banned.h"

static const struct word {
	unsigned bit;
	const char *words, *key;
} control_words[] = {
	{SBK_SD_OWNER_DEFAULTED, "owner by default", "owner_defaulted"},
	{SBK_SD_GROUP_DEFAULTED, "group by default", "group_defaulted"},
	{SBK_SD_DACL_PRESENT, NULL, "dacl_present"},
	{SBK_SD_DACL_DEFAULTED, "DACL by default", "dacl_defaulted"},
	{SBK_SD_SACL_PRESENT, NULL, "sacl_present"},
	{SBK_SD_SACL_DEFAULTED, "SACL by default", "sacl_defaulted"},
	{SBK_SD_DACL_TRUSTED, "DACL trusted", "dacl_trusted"},
	{SBK_SD_SERVER_SECURITY, "server security", "server_security"},
	{SBK_SD_DACL_INHERIT_REQ, "DACL inheritance required",
	 "dacl_auto_inherit_req"},
	{SBK_SD_SACL_INHERIT_REQ, "SACL inheritance required",
	 "sacl_auto_inherit_req"},
	{SBK_SD_DACL_INHERITED, "DACL inherited automatically",
	 "dacl_auto_inherited"},
	{SBK_SD_SACL_INHERITED, "SACL inherited automatically",
	 "sacl_auto_inherited"},
	{SBK_SD_DACL_PROTECTED, "DACL protected from inheritance",
	 "dacl_protected"},
	{SBK_SD_SACL_PROTECTED, "SACL protected from inheritance",
	 "sacl_protected"},
	{SBK_SD_RM_CONTROL_VALID, "resource manager control valid",
	 "rm_control_valid"},
	{SBK_SD_SELF_RELATIVE, NULL, "self_relative"},
};

#define WORDS (sizeof(control_words) / sizeof(control_words[0]))

static const struct word flag_words[] = {
	{SBK_ACE_OBJECT_INHERIT, NULL, "object_inherit"},
	{SBK_ACE_CONTAINER_INHERIT, NULL, "container_inherit"},
	{SBK_ACE_NO_PROPAGATE, NULL, "no_propagate"},
	{SBK_ACE_INHERIT_ONLY, NULL, "inherit_only"},
	{SBK_ACE_INHERITED, NULL, "inherited"},
	{SBK_ACE_CRITICAL, NULL, "critical"},
	{SBK_ACE_AUDIT_SUCCESS, NULL, "audit_success"},
	{SBK_ACE_AUDIT_FAILURE, NULL, "audit_failure"},
};

#define FLAGS (sizeof(flag_words) / sizeof(flag_words[0]))

struct table {
	struct sbk_buf *out;
	enum sbk_nt_object object;
	const struct sbk_sddl_options *options;
	size_t type_width; /* of the list at hand */
};

/* "BUILTIN\Users (S-1-5-32-545)", or the SID and its class. */
static void add_who(struct sbk_buf *out, const struct sbk_sid *sid,
		    const struct sbk_sddl_options *options)
{
	const char *name = sbk_sid_name(sid, &options->domains);
	struct sbk_sid_text text;

	if (name != NULL)
		sbk_buf_printf(out, "%s (%s)", name,
			       sbk_sid_format(sid, &text));
	else
		sbk_buf_printf(out, "%s (%s)", sbk_sid_format(sid, &text),
			       sbk_sid_class_text(sbk_sid_classify(
				       sid, &options->domains)));
}

/* Where an entry counts: here, and what inherits it. */
static void add_inheritance(struct sbk_buf *out, uint8_t flags)
{
	static const char *const below[] = {"", "objects", "containers",
					    "containers and objects"};
	bool here = (flags & SBK_ACE_INHERIT_ONLY) == 0;
	unsigned kinds =
		flags & (SBK_ACE_OBJECT_INHERIT | SBK_ACE_CONTAINER_INHERIT);

	if (kinds == 0)
		sbk_buf_adds(out, here ? "this object only" : "nothing");
	else
		sbk_buf_printf(out, "%s%s %s", here ? "this object, and " : "",
			       below[kinds],
			       (flags & SBK_ACE_NO_PROPAGATE) != 0
				       ? "directly below"
				       : "below");
	if ((flags & SBK_ACE_INHERITED) != 0)
		sbk_buf_adds(out, "; inherited");
}

static void add_outcomes(struct sbk_buf *out, const struct sbk_ace *ace)
{
	bool success = (ace->flags & SBK_ACE_AUDIT_SUCCESS) != 0;
	bool failure = (ace->flags & SBK_ACE_AUDIT_FAILURE) != 0;

	if (ace->effect == SBK_ACE_AUDITS)
		sbk_buf_adds(out, success && failure ? ", success and failure"
				  : success	     ? ", success"
				  : failure	     ? ", failure"
						     : ", never");
}

/* What follows the SID, as SDDL has it; nothing where it does not parse. */
static void add_data(struct sbk_buf *out, const struct sbk_ace *ace,
		     const struct sbk_sddl_options *options)
{
	if (ace->is_conditional && sbk_condition_is(ace->data, ace->data_size))
		(void)sbk_condition_format(ace->data, ace->data_size, options,
					   out, NULL);
	else if (ace->type == SBK_ACE_RESOURCE_ATTRIBUTE)
		(void)sbk_claim_format(ace->data, ace->data_size, options, out,
				       NULL);
}

static void add_rights(struct sbk_buf *out, const struct sbk_ace *ace,
		       enum sbk_nt_object object)
{
	size_t before = out->size;

	if (ace->effect == SBK_ACE_LABELS) {
		static const char *const words[] = {"no write up", "no read up",
						    "no execute up"};
		unsigned i;

		for (i = 0; i < 3; i++)
			if ((ace->mask & 1u << i) != 0)
				sbk_buf_printf(out, "%s%s",
					       out->size > before ? ", " : "",
					       words[i]);
	} else {
		sbk_rights_describe(out, ace->mask, object);
	}
	if (out->size == before)
		sbk_buf_adds(out, "no rights");
}

/* "DACL, by presence", and its entries' widths. */
static void measure(struct table *table, const struct sbk_nt_acl *acl)
{
	struct sbk_nt_acl_cursor at = SBK_NT_ACL_BEGIN;
	struct sbk_ace ace;

	table->type_width = 0;
	while (sbk_nt_acl_next(acl, &at, &ace)) {
		size_t size = strlen(sbk_ace_type_text(ace.type));

		if (ace.effect == SBK_ACE_AUDITS)
			size += strlen(", success and failure");
		if (size > table->type_width)
			table->type_width = size;
	}
}

static void indent(struct table *table)
{
	sbk_buf_printf(table->out, "%*s", (int)table->type_width + 8, "");
}

static void pad_type(struct table *table, const struct sbk_ace *ace)
{
	size_t from = table->out->size;

	sbk_buf_adds(table->out, sbk_ace_type_text(ace->type));
	add_outcomes(table->out, ace);
	while (table->out->size - from < table->type_width + 2 &&
	       table->out->failure == 0)
		sbk_buf_addc(table->out, ' ');
}

static void add_guid(struct sbk_buf *out, const uint8_t *guid)
{
	static const uint8_t order[] = {3, 2, 1,  0,  5,  4,  7,  6,
					8, 9, 10, 11, 12, 13, 14, 15};
	size_t i;

	for (i = 0; i < sizeof(order); i++)
		sbk_buf_printf(out, "%s%02x",
			       i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
			       guid[order[i]]);
}

static void explain_types(struct table *table, const struct sbk_ace *ace)
{
	if (ace->object_type != NULL) {
		indent(table);
		sbk_buf_adds(table->out, "for ");
		add_guid(table->out, ace->object_type);
		sbk_buf_addc(table->out, '\n');
	}
	if (ace->inherited_type != NULL) {
		indent(table);
		sbk_buf_adds(table->out, "inherited by objects of type ");
		add_guid(table->out, ace->inherited_type);
		sbk_buf_addc(table->out, '\n');
	}
}

static void explain_ace(struct table *table, unsigned index,
			const struct sbk_ace *ace)
{
	struct sbk_buf data = SBK_BUF_INIT;

	sbk_buf_printf(table->out, "%4u  ", index);
	pad_type(table, ace);
	if (ace->is_opaque) {
		sbk_buf_printf(table->out, "type 0x%02x, %u bytes\n", ace->type,
			       ace->size);
	} else {
		add_who(table->out, &ace->sid, table->options);
		sbk_buf_addc(table->out, '\n');
		indent(table);
		add_rights(table->out, ace, table->object);
		sbk_buf_addc(table->out, '\n');
		explain_types(table, ace);
	}
	indent(table);
	add_inheritance(table->out, ace->flags);
	sbk_buf_addc(table->out, '\n');
	add_data(&data, ace, table->options);
	if (data.size > 0) {
		indent(table);
		sbk_buf_adds(table->out, ace->is_conditional ? "if " : "");
		sbk_text_escape(table->out, sbk_buf_text(&data));
		sbk_buf_addc(table->out, '\n');
	}
	sbk_buf_release(&data);
}

static void explain_order(struct sbk_buf *out, const struct sbk_nt_acl *acl)
{
	struct sbk_nt_acl_order order = sbk_nt_acl_examine_order(acl);

	if (acl->count < 2)
		return;
	if (order.is_canonical)
		sbk_buf_adds(out, ", in canonical order");
	else
		sbk_buf_printf(out,
			       ", not in canonical order: entry %u should "
			       "stand before entry %u (%s)",
			       order.index, order.before, order.why);
}

static void explain_list(struct table *table, const char *name,
			 enum sbk_acl_presence presence,
			 const struct sbk_nt_acl *acl, bool is_dacl)
{
	struct sbk_nt_acl_cursor at = SBK_NT_ACL_BEGIN;
	struct sbk_ace ace;
	unsigned index = 0;

	sbk_buf_printf(table->out, "\n%s: ", name);
	if (presence != SBK_ACL_PRESENT) {
		sbk_buf_printf(table->out, "%s%s\n",
			       presence == SBK_ACL_NULL ? "NULL" : "absent",
			       is_dacl ? "; it gives everybody but "
					 "AppContainers full access"
				       : "");
		return;
	}
	sbk_buf_printf(table->out, "%u %s", acl->count,
		       acl->count == 1 ? "entry" : "entries");
	if (is_dacl && acl->count == 0)
		sbk_buf_adds(table->out, "; it gives nobody access, but the "
					 "owner may read and change it");
	if (is_dacl)
		explain_order(table->out, acl);
	sbk_buf_addc(table->out, '\n');
	measure(table, acl);
	while (sbk_nt_acl_next(acl, &at, &ace))
		explain_ace(table, index++, &ace);
}

static void explain_sid(struct sbk_buf *out, const char *title, bool is_there,
			const struct sbk_sid *sid,
			const struct sbk_sddl_options *options)
{
	sbk_buf_printf(out, "%-9s", title);
	if (is_there)
		add_who(out, sid, options);
	else
		sbk_buf_adds(out, "none");
	sbk_buf_addc(out, '\n');
}

void sbk_sd_explain(const struct sbk_sd *sd, enum sbk_nt_object object,
		    const struct sbk_sddl_options *options, struct sbk_buf *out)
{
	struct table table = {.out = out, .object = object, .options = options};
	size_t i, before;

	explain_sid(out, "Owner", sd->has_owner, &sd->owner, options);
	explain_sid(out, "Group", sd->has_group, &sd->group, options);
	sbk_buf_printf(out, "%-9s", "Control");
	before = out->size;
	for (i = 0; i < WORDS; i++)
		if ((sd->control & control_words[i].bit) != 0 &&
		    control_words[i].words != NULL)
			sbk_buf_printf(out, "%s%s",
				       out->size > before ? ", " : "",
				       control_words[i].words);
	sbk_buf_printf(out, "%s(0x%04x)\n", out->size > before ? " " : "",
		       sd->control);
	explain_list(&table, "DACL", sd->dacl_is, &sd->dacl, true);
	explain_list(&table, "SACL", sd->sacl_is, &sd->sacl, false);
}

static void json_words(struct sbk_buf *out, const char *key,
		       const struct word *words, size_t count, unsigned bits)
{
	size_t i;

	sbk_json_open_key(out, key, '[');
	for (i = 0; i < count; i++)
		if ((bits & words[i].bit) != 0)
			sbk_json_string(out, NULL, words[i].key);
	sbk_json_close(out, ']');
}

/* The fields of a SID, in the object that is open. */
static void json_sid_fields(struct sbk_buf *out, const struct sbk_sid *sid,
			    const struct sbk_sddl_options *options)
{
	struct sbk_sid_text text;

	sbk_json_string(out, "sid", sbk_sid_format(sid, &text));
	sbk_json_string(out, "name", sbk_sid_name(sid, &options->domains));
	sbk_json_string(
		out, "class",
		sbk_sid_class_text(sbk_sid_classify(sid, &options->domains)));
}

static void json_sid(struct sbk_buf *out, const char *key, bool is_there,
		     const struct sbk_sid *sid,
		     const struct sbk_sddl_options *options)
{
	if (!is_there) {
		sbk_json_null(out, key);
		return;
	}
	sbk_json_open_key(out, key, '{');
	json_sid_fields(out, sid, options);
	sbk_json_close(out, '}');
}

/* What `add` appends, as a string. */
static void json_text(struct sbk_buf *out, const char *key,
		      const struct sbk_buf *text)
{
	sbk_json_string(out, key, sbk_buf_text(text));
}

static void json_guid(struct sbk_buf *out, const char *key, const uint8_t *guid)
{
	struct sbk_buf text = SBK_BUF_INIT;

	if (guid == NULL) {
		sbk_json_null(out, key);
		return;
	}
	add_guid(&text, guid);
	json_text(out, key, &text);
	sbk_buf_release(&text);
}

static void json_meaning(struct sbk_buf *out, const struct sbk_ace *ace,
			 enum sbk_nt_object object,
			 const struct sbk_sddl_options *options)
{
	struct sbk_buf text = SBK_BUF_INIT;

	json_sid_fields(out, &ace->sid, options);
	sbk_buf_printf(&text, "0x%x", ace->mask);
	json_text(out, "mask", &text);
	sbk_buf_clear(&text);
	add_rights(&text, ace, object);
	json_text(out, "rights", &text);
	json_guid(out, "object_type", ace->object_type);
	json_guid(out, "inherited_object_type", ace->inherited_type);
	sbk_buf_clear(&text);
	add_data(&text, ace, options);
	if (text.size > 0)
		json_text(out, ace->is_conditional ? "condition" : "attribute",
			  &text);
	sbk_buf_release(&text);
}

static void json_ace(struct sbk_buf *out, unsigned index,
		     const struct sbk_ace *ace, enum sbk_nt_object object,
		     const struct sbk_sddl_options *options)
{
	struct sbk_buf text = SBK_BUF_INIT;

	sbk_json_open(out, '{');
	sbk_json_integer(out, "index", index);
	sbk_json_integer(out, "type_code", ace->type);
	sbk_json_string(out, "type", sbk_ace_type_text(ace->type));
	json_words(out, "flags", flag_words, FLAGS, ace->flags);
	add_inheritance(&text, ace->flags);
	json_text(out, "applies_to", &text);
	if (!ace->is_opaque)
		json_meaning(out, ace, object, options);
	sbk_buf_clear(&text);
	sbk_sddl_describe_ace(ace, options, &text);
	json_text(out, "sddl", &text);
	sbk_json_close(out, '}');
	sbk_buf_release(&text);
}

static void json_list(struct sbk_buf *out, const char *key,
		      enum sbk_acl_presence presence,
		      const struct sbk_nt_acl *acl, enum sbk_nt_object object,
		      const struct sbk_sddl_options *options)
{
	struct sbk_nt_acl_cursor at = SBK_NT_ACL_BEGIN;
	struct sbk_nt_acl_order order;
	struct sbk_ace ace;
	unsigned index = 0;

	sbk_json_open_key(out, key, '{');
	sbk_json_string(out, "presence",
			presence == SBK_ACL_PRESENT ? "present"
			: presence == SBK_ACL_NULL  ? "null"
						    : "absent");
	if (presence == SBK_ACL_PRESENT) {
		order = sbk_nt_acl_examine_order(acl);
		sbk_json_integer(out, "revision", acl->revision);
		sbk_json_bool(out, "canonical", order.is_canonical);
		if (!order.is_canonical) {
			sbk_json_integer(out, "out_of_place", order.index);
			sbk_json_integer(out, "belongs_before", order.before);
			sbk_json_string(out, "why", order.why);
		}
		sbk_json_open_key(out, "entries", '[');
		while (sbk_nt_acl_next(acl, &at, &ace))
			json_ace(out, index++, &ace, object, options);
		sbk_json_close(out, ']');
	}
	sbk_json_close(out, '}');
}

void sbk_sd_explain_json(const struct sbk_sd *sd, enum sbk_nt_object object,
			 const struct sbk_sddl_options *options,
			 struct sbk_buf *out)
{
	struct sbk_buf sddl = SBK_BUF_INIT;

	json_sid(out, "owner", sd->has_owner, &sd->owner, options);
	json_sid(out, "group", sd->has_group, &sd->group, options);
	json_words(out, "control", control_words, WORDS, sd->control);
	json_list(out, "dacl", sd->dacl_is, &sd->dacl, object, options);
	json_list(out, "sacl", sd->sacl_is, &sd->sacl, object, options);
	/* An entry without a form in SDDL leaves the whole without one. */
	if (sbk_sddl_format(sd, SBK_SDDL_ALL, options, &sddl, NULL) == 0)
		json_text(out, "sddl", &sddl);
	else
		sbk_json_null(out, "sddl");
	sbk_buf_release(&sddl);
}
