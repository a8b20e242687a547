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

/* Of MS-GPFAS 2.2.2.19 and later systems, what INetFwRule3 gives and takes. */
static bool is_of_interface(const char *part)
{
	static const char *const names[] = {
		"Action",    "Active", "App",	   "AppPkgId",	"Defer",
		"Desc",	     "Dir",    "Edge",	   "EmbedCtxt", "ICMP4",
		"ICMP6",     "IFType", "LA4",	   "LA6",	"LPort",
		"LPort2_10", "LUAuth", "LUOwn",	   "Name",	"Profile",
		"Protocol",  "RA4",    "RA6",	   "RMAuth",	"RPort",
		"RPort2_10", "RUAuth", "Security", "Svc"};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcspn(part, "=") == strlen(names[i]) &&
		    strncmp(part, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

bool sbk_rule_text_is_plain(const char *rule)
{
	struct sbk_buf name = SBK_BUF_INIT;
	bool is_plain =
		sbk_rule_text_part(rule, "Name", &name) && name.size > 0;
	const char *at = strchr(rule, '|'); /* behind the version */

	sbk_buf_release(&name);
	if (*rule != 'v' || at == NULL || strchr(rule, '%') != NULL ||
	    strstr(rule, "=@") != NULL)
		return false;
	for (at++; is_plain && *at != '\0'; at++) {
		is_plain = is_of_interface(at);
		at += strcspn(at, "|");
		if (*at == '\0')
			return false;
	}
	return is_plain;
}
