/*
 * What an access check says: a few lines for people and the same facts as JSON.
 * Owns the words for answers and the names of causes. The entry that decided is
 * text that somebody wrote, and goes through the escapes for names of the host.
 */
#include "engine/sd_command.h"

#include "engine/json.h"

#include "engine/banned.h"

static const char *answer_text(enum sbk_access_answer answer)
{
	switch (answer) {
	case SBK_ACCESS_GRANTED:
		return "granted";
	case SBK_ACCESS_DENIED:
		return "denied";
	case SBK_ACCESS_UNDECIDED:
		break;
	}
	return "undecided";
}

/*
 * What was asked for and not granted here, and may come from the directory
 * that holds the file (MS-FSA 2.1.5.1.2.1): DELETE by FILE_DELETE_CHILD,
 * FILE_READ_ATTRIBUTES by FILE_LIST_DIRECTORY.
 */
static uint32_t parent_may_give(const struct sbk_access_result *result,
				enum sbk_nt_object object)
{
	if (object == SBK_NT_KEY)
		return 0;
	return (result->missing | result->undecided) &
	       (SBK_RIGHT_DELETE | SBK_FILE_READ_ATTRIBUTES);
}

/* The entry that decided; false where none did. */
static bool deciding_entry(const struct sbk_sd *sd,
			   const struct sbk_access_reason *reason,
			   struct sbk_ace *out)
{
	enum sbk_acl_presence is = reason->in_sacl ? sd->sacl_is : sd->dacl_is;
	const struct sbk_nt_acl *acl = reason->in_sacl ? &sd->sacl : &sd->dacl;
	struct sbk_nt_acl_cursor at = SBK_NT_ACL_BEGIN;
	unsigned index = 0;

	if (!reason->has_index || is != SBK_ACL_PRESENT)
		return false;
	while (sbk_nt_acl_next(acl, &at, out))
		if (index++ == reason->index)
			return true;
	return false;
}

static const char *cause_name(enum sbk_access_cause cause)
{
	static const char *const names[] = {
		[SBK_BY_ACE] = "ace",
		[SBK_BY_NO_ACE] = "no_ace",
		[SBK_BY_NO_DACL] = "no_dacl",
		[SBK_BY_OWNER] = "owner",
		[SBK_BY_PRIVILEGE] = "privilege",
		[SBK_BY_INTEGRITY] = "integrity",
		[SBK_BY_RESTRICTING] = "restricting",
		[SBK_BY_PACKAGE] = "package",
		[SBK_BY_CONDITION] = "condition",
		[SBK_BY_NO_SOURCE] = "no_source",
		[SBK_BY_NO_OWNER] = "no_owner",
		[SBK_BY_NOTHING] = "nothing",
	};

	return names[cause];
}

static void json_mask(struct sbk_buf *out, const char *key, uint32_t mask)
{
	struct sbk_buf text = SBK_BUF_INIT;

	sbk_buf_printf(&text, "0x%x", mask);
	sbk_json_string(out, key, sbk_buf_text(&text));
	sbk_buf_release(&text);
}

void sbk_sd_check_json(const struct sbk_access_result *result,
		       const struct sbk_sd *sd, enum sbk_nt_object object,
		       const struct sbk_sddl_options *options,
		       struct sbk_buf *out)
{
	struct sbk_buf text = SBK_BUF_INIT;
	struct sbk_ace ace;

	sbk_json_open(out, '{');
	sbk_json_string(out, "result", answer_text(result->answer));
	json_mask(out, "granted_mask", result->granted);
	json_mask(out, "missing_mask", result->missing);
	json_mask(out, "undecided_mask", result->undecided);
	json_mask(out, "parent_mask", parent_may_give(result, object));
	sbk_json_open_key(out, "decided_by", '{');
	sbk_json_string(out, "cause", cause_name(result->reason.cause));
	sbk_json_string(out, "text",
			sbk_access_cause_text(result->reason.cause));
	json_mask(out, "mask", result->reason.mask);
	if (deciding_entry(sd, &result->reason, &ace)) {
		sbk_json_string(out, "list",
				result->reason.in_sacl ? "sacl" : "dacl");
		sbk_json_integer(out, "index", result->reason.index);
		sbk_sddl_describe_ace(&ace, options, &text);
		sbk_json_string(out, "ace", sbk_buf_text(&text));
	}
	sbk_json_close(out, '}');
	sbk_json_close(out, '}');
	sbk_buf_addc(out, '\n');
	sbk_buf_release(&text);
}

static void print_mask(struct sbk_buf *out, const char *title, uint32_t mask,
		       enum sbk_nt_object object)
{
	if (mask == 0)
		return;
	sbk_buf_printf(out, "  %-10s ", title);
	sbk_rights_describe(out, mask, object);
	sbk_buf_printf(out, " (0x%x)\n", mask);
}

void sbk_sd_check_text(const struct sbk_access_result *result,
		       const struct sbk_sd *sd, enum sbk_nt_object object,
		       const struct sbk_sddl_options *options,
		       struct sbk_buf *out)
{
	uint32_t by_parent = parent_may_give(result, object);
	struct sbk_buf text = SBK_BUF_INIT;
	struct sbk_ace ace;

	sbk_buf_printf(out, "%s\n", answer_text(result->answer));
	print_mask(out, "granted", result->granted, object);
	print_mask(out, "missing", result->missing, object);
	print_mask(out, "undecided", result->undecided, object);
	sbk_buf_printf(out, "  %-10s %s", "because of",
		       sbk_access_cause_text(result->reason.cause));
	if (deciding_entry(sd, &result->reason, &ace)) {
		sbk_sddl_describe_ace(&ace, options, &text);
		sbk_buf_printf(out, ": %s number %u, ",
			       result->reason.in_sacl ? "SACL" : "DACL",
			       result->reason.index);
		sbk_text_escape(out, sbk_buf_text(&text));
	}
	sbk_buf_addc(out, '\n');
	if (result->undecided != 0 && (!sd->has_owner || !sd->has_group))
		sbk_buf_printf(out,
			       "  the descriptor has no %s; Windows gives "
			       "every object one: add %s and the SID\n",
			       !sd->has_owner ? "owner" : "group",
			       !sd->has_owner ? "O:" : "G:");
	if (by_parent != 0) {
		sbk_buf_adds(out, "  the directory above may still give ");
		sbk_rights_describe(out, by_parent, object);
		sbk_buf_adds(out, ": check it for delete child and list "
				  "directory\n");
	}
	sbk_buf_release(&text);
}
