/*
 * Descriptors from SDDL text (MS-DTYP 2.5.1.1; "Security Descriptor String
 * Format", "ACE Strings", "SID Strings").
 *
 * More tolerant than the grammar only where Windows is: sections in any order,
 * letters of entries in either case, blanks before a field and around entries.
 * Less tolerant than Windows where that changes a meaning in silence: a mask
 * that does not fit into 32 bits is refused and not cut off, and so is an
 * object on a type that has none.
 */
#include <string.h>

#include "engine/ntsec/condition.h"
#include "engine/ntsec/rights.h"
#include "engine/ntsec/sddl_lex.h"

#include "engine/banned.h"

/* What an entry of a type has, besides mask and SID. */
enum type_traits {
	IN_SACL = 1,
	HAS_OBJECT = 2,
	HAS_CONDITION = 4,
	HAS_CLAIM = 8,
	IS_LABEL = 16
};

static const struct type {
	uint8_t code, traits;
} types[] = {
	{SBK_ACE_ALLOW, 0},
	{SBK_ACE_DENY, 0},
	{SBK_ACE_AUDIT, IN_SACL},
	{SBK_ACE_ALARM, IN_SACL},
	{SBK_ACE_ALLOW_OBJECT, HAS_OBJECT},
	{SBK_ACE_DENY_OBJECT, HAS_OBJECT},
	{SBK_ACE_AUDIT_OBJECT, IN_SACL | HAS_OBJECT},
	{SBK_ACE_ALARM_OBJECT, IN_SACL | HAS_OBJECT},
	{SBK_ACE_ALLOW_CALLBACK, HAS_CONDITION},
	{SBK_ACE_DENY_CALLBACK, HAS_CONDITION},
	{SBK_ACE_AUDIT_CALLBACK, IN_SACL | HAS_CONDITION},
	{SBK_ACE_ALLOW_CALLBACK_OBJECT, HAS_OBJECT | HAS_CONDITION},
	{SBK_ACE_MANDATORY_LABEL, IN_SACL | IS_LABEL},
	{SBK_ACE_RESOURCE_ATTRIBUTE, IN_SACL | HAS_CLAIM},
	{SBK_ACE_SCOPED_POLICY, IN_SACL},
	{SBK_ACE_PROCESS_TRUST_LABEL, IN_SACL},
	{SBK_ACE_ACCESS_FILTER, IN_SACL | HAS_CONDITION},
};

struct list {
	bool is_sacl;
	uint8_t revision;
	uint16_t count;
	struct sbk_buf entries, bytes;
};

/* Up to the next ';': the letters of a type. */
static int parse_type(struct sbk_lex *lex, bool in_sacl,
		      const struct type **out)
{
	size_t i, size;

	sbk_lex_space(lex);
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		const char *letters = sbk_ace_type_letters(types[i].code);

		size = strlen(letters);
		if (!sbk_lex_sees(lex, letters) ||
		    sbk_lex_ahead(lex, size) != ';')
			continue;
		if (((types[i].traits & IN_SACL) != 0) != in_sacl)
			return sbk_lex_fail(lex, lex->at, SBK_E_PARSE,
					    "an entry of type '%s' belongs "
					    "into the %s",
					    letters, in_sacl ? "DACL" : "SACL");
		lex->at += size;
		*out = &types[i];
		return sbk_lex_expect(lex, ';');
	}
	return sbk_lex_fail(lex, lex->at, SBK_E_PARSE,
			    "the type of an entry is expected here, as in "
			    "'(A;'");
}

static int parse_flags(struct sbk_lex *lex, uint8_t type, uint8_t *out)
{
	size_t i;

	sbk_lex_space(lex);
	for (*out = 0; !sbk_lex_take(lex, ';'); lex->at += 2) {
		for (i = 0; i < sbk_sddl_ace_flag_count; i++)
			if (sbk_sddl_applies(&sbk_sddl_ace_flags[i], type) &&
			    sbk_lex_sees(lex, sbk_sddl_ace_flags[i].letters))
				break;
		if (i == sbk_sddl_ace_flag_count)
			return sbk_lex_fail(lex, lex->at, SBK_E_PARSE,
					    "a flag of an entry or ';' is "
					    "expected here");
		*out |= sbk_sddl_ace_flags[i].bit;
	}
	return 0;
}

static int parse_mask_number(struct sbk_lex *lex, uint32_t *out)
{
	struct sbk_lex_number number;
	size_t start = lex->at;
	int rc = sbk_lex_number(lex, &number);

	if (rc < 0)
		return rc;
	if (number.magnitude > UINT32_MAX)
		return sbk_lex_fail(lex, start, SBK_E_PARSE,
				    "rights have 32 bits");
	*out = (uint32_t)number.magnitude;
	return sbk_lex_expect(lex, ';');
}

static int parse_rights(struct sbk_lex *lex, const struct type *type,
			uint32_t *out)
{
	char letters[2];
	uint32_t mask;

	sbk_lex_space(lex);
	*out = 0;
	if (sbk_lex_peek(lex) >= '0' && sbk_lex_peek(lex) <= '9')
		return parse_mask_number(lex, out);
	for (; !sbk_lex_take(lex, ';'); lex->at += 2) {
		letters[0] = sbk_lex_peek(lex);
		letters[1] = sbk_lex_ahead(lex, 1);
		if (!((type->traits & IS_LABEL) != 0 &&
		      sbk_rights_from_label_letters(letters, &mask)) &&
		    !sbk_rights_from_letters(letters, &mask))
			return sbk_lex_fail(lex, lex->at, SBK_E_PARSE,
					    "the letters of a right or ';' "
					    "are expected here");
		*out |= mask;
	}
	return 0;
}

static int parse_object(struct sbk_lex *lex, const struct type *type,
			uint8_t guid[SBK_GUID_BYTES], const uint8_t **out)
{
	int rc;

	sbk_lex_space(lex);
	*out = NULL;
	if (sbk_lex_take(lex, ';'))
		return 0;
	if ((type->traits & HAS_OBJECT) == 0)
		return sbk_lex_fail(lex, lex->at, SBK_E_PARSE,
				    "an entry of type '%s' has no object",
				    sbk_ace_type_letters(type->code));
	rc = sbk_lex_guid(lex, guid);
	*out = guid;
	return rc < 0 ? rc : sbk_lex_expect(lex, ';');
}

/* Windows takes blanks behind letters, but not behind a number. */
static int parse_sid(struct sbk_lex *lex, const struct type *type,
		     struct sbk_sid *out)
{
	size_t start;
	bool is_number;
	int rc;

	sbk_lex_space(lex);
	start = lex->at;
	is_number = sbk_lex_ahead(lex, 1) == '-';
	rc = sbk_lex_sid(lex, out);
	if (rc < 0)
		return rc;
	if (type->code == SBK_ACE_SCOPED_POLICY && sbk_sid_authority(out) != 17)
		return sbk_lex_fail(lex, start, SBK_E_PARSE,
				    "a policy is named by 'S-1-17-...'");
	if (type->code == SBK_ACE_RESOURCE_ATTRIBUTE &&
	    (sbk_sid_authority(out) != 1 || sbk_sid_sub_count(out) != 1 ||
	     sbk_sid_rid(out) != 0))
		return sbk_lex_fail(lex, start, SBK_E_PARSE,
				    "a resource attribute stands for "
				    "everyone, 'WD'");
	if (!is_number)
		sbk_lex_space(lex);
	return 0;
}

static int parse_data(struct sbk_lex *lex, const struct type *type,
		      struct sbk_buf *out)
{
	int rc;

	if ((type->traits & (HAS_CONDITION | HAS_CLAIM)) == 0)
		return 0;
	rc = sbk_lex_expect(lex, ';');
	sbk_lex_space(lex);
	if (rc == 0)
		rc = ((type->traits & HAS_CLAIM) != 0 ? sbk_claim_parse
						      : sbk_condition_parse)(
			lex->text, lex->size, &lex->at, lex->options, out,
			lex->err);
	sbk_lex_space(lex);
	return rc;
}

static int parse_fields(struct sbk_lex *lex, struct list *list,
			struct sbk_ace_parts *ace,
			uint8_t guids[2][SBK_GUID_BYTES], struct sbk_buf *data)
{
	const struct type *type = NULL;
	int rc = parse_type(lex, list->is_sacl, &type);

	if (rc < 0)
		return rc;
	ace->type = type->code;
	rc = parse_flags(lex, ace->type, &ace->flags);
	if (rc == 0)
		rc = parse_rights(lex, type, &ace->mask);
	if (rc == 0)
		rc = parse_object(lex, type, guids[0], &ace->object_type);
	if (rc == 0)
		rc = parse_object(lex, type, guids[1], &ace->inherited_type);
	if (rc == 0)
		rc = parse_sid(lex, type, &ace->sid);
	if (rc == 0)
		rc = parse_data(lex, type, data);
	/* "ACE Strings": without an object, Windows makes it a plain one. */
	if (ace->type == SBK_ACE_ALLOW_OBJECT && ace->object_type == NULL &&
	    ace->inherited_type == NULL)
		ace->type = SBK_ACE_ALLOW;
	else if ((type->traits & HAS_OBJECT) != 0)
		list->revision = SBK_NT_ACL_REVISION_DS;
	return rc;
}

static int add_entry(struct sbk_lex *lex, size_t start,
		     const struct sbk_ace_parts *ace, struct list *list)
{
	struct sbk_error err = SBK_ERROR_INIT;
	int rc = sbk_ace_write(&list->entries, ace, &err);

	if (rc == 0)
		rc = sbk_buf_failed(&list->entries, &err);
	if (rc == 0 &&
	    list->entries.size > SBK_NT_ACL_BYTES_MAX - SBK_NT_ACL_HEADER_BYTES)
		rc = sbk_error_set(&err, SBK_E_LIMIT,
				   "the list does not fit into 64 KiB");
	if (rc < 0)
		return sbk_lex_fail(lex, start, rc, "%s", err.message);
	list->count++;
	return 0;
}

static int parse_entry(struct sbk_lex *lex, struct list *list)
{
	struct sbk_ace_parts ace = {.type = 0};
	uint8_t guids[2][SBK_GUID_BYTES];
	struct sbk_buf data = SBK_BUF_INIT;
	size_t start = lex->at;
	int rc = sbk_lex_expect(lex, '(');

	if (rc == 0)
		rc = parse_fields(lex, list, &ace, guids, &data);
	if (rc == 0)
		rc = sbk_lex_expect(lex, ')');
	if (rc == 0)
		rc = sbk_buf_failed(&data, lex->err);
	if (rc == 0) {
		ace.data = (const uint8_t *)data.data;
		ace.data_size = data.size;
		rc = add_entry(lex, start, &ace, list);
	}
	sbk_buf_release(&data);
	return rc;
}

/* The flags of a list; *is tells of a NULL one. */
static int parse_list_flags(struct sbk_lex *lex, const struct list *list,
			    struct sbk_sd *sd, enum sbk_acl_presence *is)
{
	const struct sbk_sddl_list_flag *flag;
	size_t i;

	for (*is = SBK_ACL_PRESENT;;) {
		sbk_lex_space(lex);
		if (sbk_lex_sees(lex, SBK_SDDL_NULL_LIST)) {
			lex->at += strlen(SBK_SDDL_NULL_LIST);
			*is = SBK_ACL_NULL;
			continue;
		}
		for (i = 0; i < sbk_sddl_list_flag_count; i++)
			if (sbk_lex_sees(lex, sbk_sddl_list_flags[i].letters))
				break;
		if (i == sbk_sddl_list_flag_count)
			return 0;
		flag = &sbk_sddl_list_flags[i];
		sd->control |= list->is_sacl ? flag->sacl : flag->dacl;
		lex->at += strlen(flag->letters);
	}
}

static int parse_entries(struct sbk_lex *lex, struct list *list,
			 enum sbk_acl_presence is)
{
	size_t start = lex->at;
	struct sbk_error err = SBK_ERROR_INIT;
	int rc = 0;

	while (rc == 0 && sbk_lex_peek(lex) == '(') {
		if (is == SBK_ACL_NULL)
			return sbk_lex_fail(lex, lex->at, SBK_E_PARSE,
					    SBK_SDDL_NULL_LIST
					    " has no entries");
		rc = parse_entry(lex, list);
		sbk_lex_space(lex);
	}
	if (rc < 0)
		return rc;
	rc = sbk_nt_acl_write(&list->bytes, list->revision, &list->entries,
			      list->count, &err);
	return rc < 0 ? sbk_lex_fail(lex, start, rc, "%s", err.message) : 0;
}

static int parse_list(struct sbk_lex *lex, struct list *list, struct sbk_sd *sd)
{
	enum sbk_acl_presence *is = list->is_sacl ? &sd->sacl_is : &sd->dacl_is;
	struct sbk_nt_acl *acl = list->is_sacl ? &sd->sacl : &sd->dacl;
	int rc = parse_list_flags(lex, list, sd, is);

	sd->control |=
		list->is_sacl ? SBK_SD_SACL_PRESENT : SBK_SD_DACL_PRESENT;
	if (rc == 0)
		rc = parse_entries(lex, list, *is);
	if (rc < 0 || *is == SBK_ACL_NULL)
		return rc;
	return sbk_nt_acl_read((const uint8_t *)list->bytes.data,
			       list->bytes.size, acl, lex->err);
}

/*
 * A SID up to the letter and colon of the next section: "O:S-1-2-0x20D:" must
 * not take the 'D' for a digit.
 */
static int parse_sid_section(struct sbk_lex *lex, struct sbk_sid *out)
{
	const char *colon =
		memchr(lex->text + lex->at, ':', lex->size - lex->at);
	struct sbk_lex part = *lex;
	int rc;

	if (colon != NULL && colon > lex->text + lex->at)
		part.size = (size_t)(colon - lex->text) - 1;
	sbk_lex_space(&part);
	rc = sbk_lex_sid(&part, out);
	if (rc < 0)
		return rc;
	sbk_lex_space(&part);
	lex->at = part.at;
	return part.at == part.size
		       ? 0
		       : sbk_lex_fail(lex, part.at, SBK_E_PARSE,
				      "a section, as in 'D:', is expected "
				      "here");
}

struct parts {
	struct sbk_sd sd;
	struct list dacl, sacl;
};

static int repeated(const struct sbk_lex *lex, size_t start)
{
	return sbk_lex_fail(lex, start, SBK_E_PARSE,
			    "there is a section '%c:' before",
			    lex->text[start]);
}

static int parse_section(struct sbk_lex *lex, struct parts *parts)
{
	struct sbk_sd *sd = &parts->sd;
	size_t start = lex->at;
	char letter = sbk_lex_peek(lex);
	int rc;

	if (letter == '\0' || strchr("OGDS", letter) == NULL)
		return sbk_lex_fail(lex, start, SBK_E_PARSE,
				    "'O:', 'G:', 'D:' or 'S:' is expected "
				    "here");
	lex->at++;
	rc = sbk_lex_expect(lex, ':');
	if (rc < 0)
		return rc;
	switch (letter) {
	case 'O':
		if (sd->has_owner)
			return repeated(lex, start);
		sd->has_owner = true;
		return parse_sid_section(lex, &sd->owner);
	case 'G':
		if (sd->has_group)
			return repeated(lex, start);
		sd->has_group = true;
		return parse_sid_section(lex, &sd->group);
	case 'D':
		if (sd->dacl_is != SBK_ACL_ABSENT)
			return repeated(lex, start);
		return parse_list(lex, &parts->dacl, sd);
	default:
		if (sd->sacl_is != SBK_ACL_ABSENT)
			return repeated(lex, start);
		return parse_list(lex, &parts->sacl, sd);
	}
}

static void init_list(struct list *list, bool is_sacl)
{
	*list = (struct list){.is_sacl = is_sacl,
			      .revision = SBK_NT_ACL_REVISION,
			      .entries = SBK_BUF_INIT,
			      .bytes = SBK_BUF_INIT};
}

int sbk_sddl_parse(const char *text, size_t size,
		   const struct sbk_sddl_options *options, struct sbk_buf *out,
		   struct sbk_error *err)
{
	struct sbk_lex lex = {text, size, 0, options, err};
	struct parts parts = {.sd = {.control = SBK_SD_SELF_RELATIVE}};
	int rc = 0;

	if (size > SBK_SDDL_BYTES_MAX)
		return sbk_lex_fail(&lex, SBK_SDDL_BYTES_MAX, SBK_E_LIMIT,
				    "longer than %u bytes", SBK_SDDL_BYTES_MAX);
	init_list(&parts.dacl, false);
	init_list(&parts.sacl, true);
	for (sbk_lex_space(&lex); rc == 0 && lex.at < size; sbk_lex_space(&lex))
		rc = parse_section(&lex, &parts);
	if (rc == 0)
		rc = sbk_sd_write(&parts.sd, out, err);
	sbk_buf_release(&parts.dacl.entries);
	sbk_buf_release(&parts.dacl.bytes);
	sbk_buf_release(&parts.sacl.entries);
	sbk_buf_release(&parts.sacl.bytes);
	return rc;
}
