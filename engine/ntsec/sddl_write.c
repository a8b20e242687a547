/*
 * The smallest parts of SDDL's text, written as Windows writes them. What may
 * stand in a name as it is, is said here once for both directions.
 */
#include <string.h>

#include "engine/ntsec/condition_token.h"
#include "engine/ntsec/sddl_lex.h"
#include "engine/ntsec/utf.h"
#include "engine/ntsec/wire.h"

#include "engine/banned.h"

const struct sbk_sddl_ace_flag sbk_sddl_ace_flags[] = {
	{"OI", SBK_ACE_OBJECT_INHERIT, SBK_ON_ALL},
	{"CI", SBK_ACE_CONTAINER_INHERIT, SBK_ON_ALL},
	{"NP", SBK_ACE_NO_PROPAGATE, SBK_ON_ALL},
	{"IO", SBK_ACE_INHERIT_ONLY, SBK_ON_ALL},
	{"ID", SBK_ACE_INHERITED, SBK_ON_ALL},
	{"CR", SBK_ACE_CRITICAL, SBK_ON_ALL},
	{"SA", SBK_ACE_AUDIT_SUCCESS, SBK_ON_OTHERS},
	{"TP", SBK_ACE_AUDIT_SUCCESS, SBK_ON_FILTERS},
	{"FA", SBK_ACE_AUDIT_FAILURE, SBK_ON_ALL},
};
const size_t sbk_sddl_ace_flag_count =
	sizeof(sbk_sddl_ace_flags) / sizeof(sbk_sddl_ace_flags[0]);

bool sbk_sddl_applies(const struct sbk_sddl_ace_flag *flag, uint8_t type)
{
	return flag->applies == SBK_ON_ALL ||
	       (flag->applies == SBK_ON_FILTERS) ==
		       (type == SBK_ACE_ACCESS_FILTER);
}

const struct sbk_sddl_list_flag sbk_sddl_list_flags[] = {
	{"P", SBK_SD_DACL_PROTECTED, SBK_SD_SACL_PROTECTED},
	{"AR", SBK_SD_DACL_INHERIT_REQ, SBK_SD_SACL_INHERIT_REQ},
	{"AI", SBK_SD_DACL_INHERITED, SBK_SD_SACL_INHERITED},
};
const size_t sbk_sddl_list_flag_count =
	sizeof(sbk_sddl_list_flags) / sizeof(sbk_sddl_list_flags[0]);

bool sbk_name_holds(enum sbk_lex_name_kind kind, unsigned char c, bool first)
{
	if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	    (c >= 'a' && c <= 'z'))
		return true;
	if (c == '\0')
		return false;
	if (kind == SBK_LEX_LOCAL) /* attr-char1, and '@' inside */
		return strchr(":./_", c) != NULL || (c == '@' && !first);
	return strchr("#$'*+-./:;?@[\\]^_`{}~", c) != NULL; /* attr-char2 */
}

/* Whether a local name would be read as an operator. */
static bool is_operator(const uint8_t *data, size_t size)
{
	char word[32];
	const struct sbk_condition_op *op;
	size_t i;

	if (size / 2 > sizeof(word))
		return false;
	for (i = 0; i < size / 2; i++)
		word[i] = data[2 * i + 1] == 0 ? (char)data[2 * i] : '\0';
	op = sbk_condition_op_named(word, size / 2);
	return op != NULL && strlen(op->text) == size / 2;
}

void sbk_write_name(struct sbk_buf *out, enum sbk_lex_name_kind kind,
		    const uint8_t *data, size_t size)
{
	bool hide = kind == SBK_LEX_LOCAL && is_operator(data, size);
	size_t i;

	for (i = 0; i < size; i += 2) {
		unsigned unit = get_u16le(data + i);

		if (unit < 0x80 && !hide &&
		    sbk_name_holds(kind, (unsigned char)unit, i == 0))
			sbk_buf_addc(out, (char)unit);
		else
			sbk_buf_printf(out, "%%%04x", unit);
		hide = false;
	}
}

bool sbk_write_string(struct sbk_buf *out, const uint8_t *data, size_t size)
{
	uint32_t character;
	size_t i;

	sbk_buf_addc(out, '"');
	for (i = 0; i < size;
	     i += sbk_utf16_next(data + i, size - i, &character)) {
		(void)sbk_utf16_next(data + i, size - i, &character);
		if (character == '"' || character == 0)
			return false;
		sbk_utf8_add(out, character);
	}
	sbk_buf_addc(out, '"');
	return true;
}

void sbk_write_octets(struct sbk_buf *out, const uint8_t *data, size_t size)
{
	sbk_buf_addc(out, '#');
	sbk_buf_add_hex(out, data, size);
}

void sbk_write_sid(struct sbk_buf *out, const struct sbk_sid *sid,
		   const struct sbk_sddl_options *options)
{
	static const struct sbk_sid_domains none = {.machine = NULL};
	struct sbk_sid_text text;
	const char *alias =
		sbk_sid_alias(sid, options != NULL ? &options->domains : &none);

	sbk_buf_adds(out, alias != NULL ? alias : sbk_sid_format(sid, &text));
}

void sbk_write_guid(struct sbk_buf *out, const uint8_t guid[SBK_GUID_BYTES])
{
	sbk_buf_printf(out, "%08x-%04x-%04x-", get_u32le(guid),
		       get_u16le(guid + 4), get_u16le(guid + 6));
	sbk_buf_add_hex(out, guid + 8, 2);
	sbk_buf_addc(out, '-');
	sbk_buf_add_hex(out, guid + 10, 6);
}
