/*
 * Descriptors as SDDL text: what Windows'
 * ConvertSecurityDescriptorToStringSecurityDescriptor prints. Nothing is left
 * out in silence: an entry that SDDL cannot say is an error, and only
 * sbk_sddl_describe_ace, which is for people, has a form for it.
 */
#include "engine/ntsec/condition.h"
#include "engine/ntsec/rights.h"
#include "engine/ntsec/sddl_lex.h"

#include "engine/banned.h"

static void write_flags(struct sbk_buf *out, const struct sbk_ace *ace)
{
	size_t i;

	for (i = 0; i < sbk_sddl_ace_flag_count; i++)
		if ((ace->flags & sbk_sddl_ace_flags[i].bit) != 0 &&
		    sbk_sddl_applies(&sbk_sddl_ace_flags[i], ace->type))
			sbk_buf_adds(out, sbk_sddl_ace_flags[i].letters);
}

static void write_type_and_flags(struct sbk_buf *out, const struct sbk_ace *ace)
{
	const char *letters = sbk_ace_type_letters(ace->type);

	sbk_buf_addc(out, '(');
	if (letters != NULL && !ace->is_opaque)
		sbk_buf_adds(out, letters);
	else
		sbk_buf_printf(out, "0x%x", ace->type);
	sbk_buf_addc(out, ';');
	write_flags(out, ace);
	sbk_buf_addc(out, ';');
}

static void write_parts(struct sbk_buf *out, const struct sbk_ace *ace,
			const struct sbk_sddl_options *options)
{
	if (ace->type == SBK_ACE_MANDATORY_LABEL)
		sbk_rights_format_label(out, ace->mask);
	else
		sbk_rights_format(out, ace->mask);
	sbk_buf_addc(out, ';');
	if (ace->object_type != NULL)
		sbk_write_guid(out, ace->object_type);
	sbk_buf_addc(out, ';');
	if (ace->inherited_type != NULL)
		sbk_write_guid(out, ace->inherited_type);
	sbk_buf_addc(out, ';');
	sbk_write_sid(out, &ace->sid, options);
}

/* What stands behind the SID; an error where it has no text. */
static int write_data(struct sbk_buf *out, const struct sbk_ace *ace,
		      const struct sbk_sddl_options *options,
		      struct sbk_error *err)
{
	if (ace->type == SBK_ACE_RESOURCE_ATTRIBUTE) {
		sbk_buf_addc(out, ';');
		return sbk_claim_format(ace->data, ace->data_size, options, out,
					err);
	}
	if (ace->is_conditional) {
		sbk_buf_addc(out, ';');
		return sbk_condition_format(ace->data, ace->data_size, options,
					    out, err);
	}
	if (ace->data_size == 0)
		return 0;
	return sbk_error_set(err, SBK_E_UNSUPPORTED,
			     "SDDL has no form for %zu bytes behind the SID",
			     ace->data_size);
}

static int format_ace(const struct sbk_ace *ace,
		      const struct sbk_sddl_options *options,
		      struct sbk_buf *out, struct sbk_error *err)
{
	int rc;

	if (ace->is_opaque || sbk_ace_type_letters(ace->type) == NULL)
		return sbk_error_set(err, SBK_E_UNSUPPORTED,
				     "SDDL has no form for an entry of type "
				     "0x%x",
				     ace->type);
	write_type_and_flags(out, ace);
	write_parts(out, ace, options);
	rc = write_data(out, ace, options, err);
	if (rc == SBK_E_PARSE)
		rc = SBK_E_UNSUPPORTED; /* the entry is readable, its data not
					 */
	sbk_buf_addc(out, ')');
	return rc;
}

void sbk_sddl_describe_ace(const struct sbk_ace *ace,
			   const struct sbk_sddl_options *options,
			   struct sbk_buf *out)
{
	struct sbk_buf data = SBK_BUF_INIT;

	write_type_and_flags(out, ace);
	if (ace->is_opaque) {
		sbk_buf_add_hex(out, ace->bytes + SBK_ACE_HEADER_BYTES,
				(size_t)ace->size - SBK_ACE_HEADER_BYTES);
	} else {
		write_parts(out, ace, options);
		if (write_data(&data, ace, options, NULL) == 0) {
			sbk_buf_add(out, sbk_buf_text(&data), data.size);
		} else if (ace->data_size > 0) {
			sbk_buf_adds(out, ";0x");
			sbk_buf_add_hex(out, ace->data, ace->data_size);
		}
	}
	sbk_buf_addc(out, ')');
	sbk_buf_release(&data);
}

struct list {
	char letter;
	const char *name;
	enum sbk_acl_presence is;
	const struct sbk_nt_acl *acl;
	bool is_sacl;
};

static void write_list_flags(struct sbk_buf *out, const struct list *list,
			     uint16_t control)
{
	const struct sbk_sddl_list_flag *flag = sbk_sddl_list_flags;
	size_t i;

	for (i = 0; i < sbk_sddl_list_flag_count; i++, flag++)
		if ((control & (list->is_sacl ? flag->sacl : flag->dacl)) != 0)
			sbk_buf_adds(out, flag->letters);
}

static int format_list(const struct list *list, uint16_t control,
		       const struct sbk_sddl_options *options,
		       struct sbk_buf *out, struct sbk_error *err)
{
	struct sbk_nt_acl_cursor at = SBK_NT_ACL_BEGIN;
	struct sbk_ace ace;
	int rc;

	if (list->is == SBK_ACL_ABSENT)
		return 0;
	sbk_buf_addc(out, list->letter);
	sbk_buf_addc(out, ':');
	write_list_flags(out, list, control);
	if (list->is == SBK_ACL_NULL) {
		sbk_buf_adds(out, SBK_SDDL_NULL_LIST);
		return 0;
	}
	while (sbk_nt_acl_next(list->acl, &at, &ace)) {
		rc = format_ace(&ace, options, out, err);
		if (rc < 0) {
			(void)sbk_error_prefix(err, "entry %u of the %s",
					       at.index, list->name);
			return rc;
		}
	}
	return 0;
}

static void write_sid_part(struct sbk_buf *out, const char *letter,
			   const struct sbk_sid *sid,
			   const struct sbk_sddl_options *options)
{
	sbk_buf_adds(out, letter);
	sbk_write_sid(out, sid, options);
}

int sbk_sddl_format(const struct sbk_sd *sd, unsigned parts,
		    const struct sbk_sddl_options *options, struct sbk_buf *out,
		    struct sbk_error *err)
{
	const struct list dacl = {'D', "DACL", sd->dacl_is, &sd->dacl, false};
	const struct list sacl = {'S', "SACL", sd->sacl_is, &sd->sacl, true};
	struct sbk_buf text = SBK_BUF_INIT;
	int rc = 0;

	if ((parts & SBK_SDDL_OWNER) != 0 && sd->has_owner)
		write_sid_part(&text, "O:", &sd->owner, options);
	if ((parts & SBK_SDDL_GROUP) != 0 && sd->has_group)
		write_sid_part(&text, "G:", &sd->group, options);
	if ((parts & SBK_SDDL_DACL) != 0)
		rc = format_list(&dacl, sd->control, options, &text, err);
	if (rc == 0 && (parts & SBK_SDDL_SACL) != 0)
		rc = format_list(&sacl, sd->control, options, &text, err);
	if (rc == 0)
		rc = sbk_buf_failed(&text, err);
	if (rc == 0)
		sbk_buf_add(out, sbk_buf_text(&text), text.size);
	if (rc == 0)
		rc = sbk_buf_failed(out, err);
	sbk_buf_release(&text);
	return rc;
}
