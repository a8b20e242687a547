/* Reading the text of a firewall rule of Windows; whoever wrote it. */
#include "engine/rule_text.h"

#include <string.h>

#include "engine/banned.h"

bool sbk_rule_text_part(const char *rule, const char *name, struct sbk_buf *out)
{
	size_t size = strlen(name);
	const char *at = rule;

	for (; at != NULL; at = strchr(at, '|')) {
		at += *at == '|';
		if (strncmp(at, name, size) == 0 && at[size] == '=') {
			sbk_buf_add(out, at + size + 1,
				    strcspn(at + size + 1, "|"));
			return true;
		}
	}
	return false;
}

void sbk_rule_text_name(const char *rule, const char *value,
			struct sbk_buf *out)
{
	if (!sbk_rule_text_part(rule, "Name", out) || out->size == 0 ||
	    out->data[0] == '@') {
		sbk_buf_clear(out);
		sbk_buf_adds(out, value);
	}
}

void sbk_rule_text_describe(const char *rule, struct sbk_buf *out)
{
	static const char *const parts[] = {"Action", "Dir", "Active"};
	struct sbk_buf value = SBK_BUF_INIT;
	size_t i;

	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		sbk_buf_clear(&value);
		if (sbk_rule_text_part(rule, parts[i], &value))
			sbk_buf_printf(out, "%s%s %s",
				       out->size > 0 ? ", " : "", parts[i],
				       sbk_buf_text(&value));
	}
	sbk_buf_release(&value);
}
