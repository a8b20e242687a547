/* What the firewall rules of ours are; see the header. Pure. */
#include "engine/windows/firewall_rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/ntsec/sd.h"
#include "engine/ntsec/sddl.h"
#include "engine/windows/filter_rules.h"

#include "engine/banned.h"

#define DESCRIPTION "Keeps a sandbox account of Sandbook off the network."
#define PREFIX "Sandbook "
#define PROFILES_ALL 0x7fffffffl /* NET_FW_PROFILE2_ALL */
#define PROFILES_EACH 7l	 /* domain, private, public */
#define PROTOCOL_ANY "256"	 /* NET_FW_IP_PROTOCOL_ANY */
#define GP_OVERRIDE 1		 /* NET_FW_MODIFY_STATE_GP_OVERRIDE */

static const struct {
	const char *name;
	bool is_number;
} properties[SBK_FIREWALL_PROPERTY_COUNT] = {
#define ROW(id, text, number) {.name = (text), .is_number = (number)},
	SBK_FIREWALL_PROPERTIES(ROW)
#undef ROW
};

void sbk_firewall_rule_release(struct sbk_firewall_rule *rule)
{
	size_t i;

	for (i = 0; i < SBK_FIREWALL_PROPERTY_COUNT; i++)
		sbk_buf_release(&rule->values[i]);
}

bool sbk_firewall_is_number(enum sbk_firewall_property property)
{
	return properties[property].is_number;
}

/* --- names ---------------------------------------------------------------- */

static const char *direction_text(enum sbk_firewall_direction direction)
{
	return direction == SBK_FIREWALL_IN ? "in" : "out";
}

void sbk_firewall_name(const struct sbk_sid *user,
		       enum sbk_firewall_direction direction,
		       char out[SBK_FIREWALL_NAME_MAX])
{
	struct sbk_sid_text text;

	(void)snprintf(out, SBK_FIREWALL_NAME_MAX, PREFIX "%s %s",
		       sbk_sid_format(user, &text), direction_text(direction));
}

bool sbk_firewall_name_parse(const char *name, struct sbk_sid *user,
			     enum sbk_firewall_direction *direction)
{
	const size_t start = strlen(PREFIX);
	const char *end = strrchr(name, ' ');
	char again[SBK_FIREWALL_NAME_MAX];

	if (strncmp(name, PREFIX, start) != 0 || end < name + start ||
	    sbk_sid_parse(name + start, (size_t)(end - name) - start, user,
			  NULL) < 0)
		return false;
	*direction =
		strcmp(end, " in") == 0 ? SBK_FIREWALL_IN : SBK_FIREWALL_OUT;
	/* One form and no other. */
	sbk_firewall_name(user, *direction, again);
	return strcmp(again, name) == 0;
}

/* --- values --------------------------------------------------------------- */

/* Local users' lists that let in and shut out the same are the same. */
static void add_users(struct sbk_buf *out, const struct sbk_buf *value)
{
	struct sbk_buf bytes = SBK_BUF_INIT, text = SBK_BUF_INIT;
	struct sbk_sd sd;

	if (value->size > 0 &&
	    sbk_sddl_parse(sbk_buf_text(value), value->size, NULL, &bytes,
			   NULL) == 0 &&
	    sbk_sd_read((const uint8_t *)bytes.data, bytes.size, &sd, NULL) ==
		    0 &&
	    sbk_sddl_format(&sd, SBK_SDDL_DACL, NULL, &text, NULL) == 0)
		sbk_buf_add(out, text.data, text.size);
	else
		sbk_buf_add(out, value->data, value->size);
	sbk_buf_release(&bytes);
	sbk_buf_release(&text);
}

static void add_profiles(struct sbk_buf *out, const struct sbk_buf *value)
{
	const long number = strtol(sbk_buf_text(value), NULL, 10);

	if ((number & PROFILES_EACH) == PROFILES_EACH)
		sbk_buf_adds(out, "all");
	else
		sbk_buf_printf(out, "%ld", number);
}

/* The one form of what means the same. */
static void add_canonical(struct sbk_buf *out,
			  enum sbk_firewall_property property,
			  const struct sbk_buf *value)
{
	switch (property) {
	case SBK_FIREWALL_LOCAL_USERS:
		add_users(out, value);
		return;
	case SBK_FIREWALL_PROFILES:
		add_profiles(out, value);
		return;
	case SBK_FIREWALL_ICMP:
	case SBK_FIREWALL_LOCAL_ADDRESSES:
	case SBK_FIREWALL_LOCAL_PORTS:
	case SBK_FIREWALL_REMOTE_ADDRESSES:
	case SBK_FIREWALL_REMOTE_PORTS:
		if (value->size == 0)
			sbk_buf_addc(out, '*');
		break;
	case SBK_FIREWALL_INTERFACE_TYPES:
		if (value->size == 0)
			sbk_buf_adds(out, "All");
		break;
	default:
		break;
	}
	sbk_buf_add(out, value->data, value->size);
}

static bool is_plain(const struct sbk_buf *value)
{
	const char *text = sbk_buf_text(value);
	size_t i;

	for (i = 0; i < value->size; i++)
		if (text[i] < ' ' || text[i] > '~')
			return false;
	return strncmp(text, "raw ", 4) != 0 &&
	       (value->size == 0 || text[value->size - 1] != ' ');
}

static void add_line(struct sbk_buf *out, enum sbk_firewall_property property,
		     const struct sbk_buf *text)
{
	if (out->failure == 0)
		out->failure = text->failure;
	sbk_buf_adds(out, properties[property].name);
	if (text->size > 0)
		sbk_buf_addc(out, ' ');
	if (is_plain(text)) {
		sbk_buf_add(out, text->data, text->size);
	} else {
		sbk_buf_adds(out, "raw ");
		sbk_buf_add_hex(out, sbk_buf_text(text), text->size);
	}
	sbk_buf_addc(out, '\n');
}

static void add_copies(struct sbk_buf *out, size_t count)
{
	if (count > 1)
		sbk_buf_printf(out, "copies %zu\n", count);
}

void sbk_firewall_encode(struct sbk_buf *out,
			 const struct sbk_firewall_rule *rule, size_t count)
{
	size_t i;

	if (count == 0)
		return;
	add_copies(out, count);
	for (i = 0; i < SBK_FIREWALL_PROPERTY_COUNT; i++) {
		struct sbk_buf text = SBK_BUF_INIT;

		add_canonical(&text, (enum sbk_firewall_property)i,
			      &rule->values[i]);
		add_line(out, (enum sbk_firewall_property)i, &text);
		sbk_buf_release(&text);
	}
}

void sbk_firewall_encode_read(struct sbk_buf *out,
			      const struct sbk_firewall_rule *rule,
			      size_t count)
{
	size_t i;

	if (count == 0)
		return;
	add_copies(out, count);
	for (i = 0; i < SBK_FIREWALL_PROPERTY_COUNT; i++)
		add_line(out, (enum sbk_firewall_property)i, &rule->values[i]);
}

const char *sbk_firewall_property_name(enum sbk_firewall_property property)
{
	return properties[property].name;
}

bool sbk_firewall_value_equal(const struct sbk_buf *one,
			      const struct sbk_buf *two)
{
	return one->size == two->size &&
	       memcmp(sbk_buf_text(one), sbk_buf_text(two), one->size) == 0;
}

/* --- ours ----------------------------------------------------------------- */

int sbk_firewall_make(struct sbk_firewall_rule *out, const char *name,
		      const char *installation, struct sbk_error *err)
{
	enum sbk_firewall_direction direction;
	struct sbk_sid_text text;
	struct sbk_sid user;
	size_t i;
	int rc = 0;

	memset(out, 0, sizeof(*out));
	if (!sbk_firewall_name_parse(name, &user, &direction))
		return sbk_error_set(err, SBK_E_INVAL,
				     "'%.200s' is no firewall rule of ours",
				     name);
	if (strlen(installation) != SBK_INSTALLATION_DIGITS ||
	    strspn(installation, "0123456789abcdef") != SBK_INSTALLATION_DIGITS)
		return sbk_error_set(err, SBK_E_INVAL,
				     "'%.64s' is no id of an installation",
				     installation);
	sbk_buf_adds(&out->values[SBK_FIREWALL_NAME], name);
	sbk_buf_adds(&out->values[SBK_FIREWALL_DESCRIPTION], DESCRIPTION);
	sbk_buf_printf(&out->values[SBK_FIREWALL_GROUPING], PREFIX "%s",
		       installation);
	sbk_buf_printf(&out->values[SBK_FIREWALL_LOCAL_USERS],
		       "O:LSD:(A;;CC;;;%s)", sbk_sid_format(&user, &text));
	sbk_buf_printf(&out->values[SBK_FIREWALL_DIRECTION], "%d",
		       (int)direction);
	sbk_buf_adds(&out->values[SBK_FIREWALL_PROTOCOL], PROTOCOL_ANY);
	sbk_buf_printf(&out->values[SBK_FIREWALL_PROFILES], "%ld",
		       PROFILES_ALL);
	sbk_buf_adds(&out->values[SBK_FIREWALL_ENABLED], "1");
	sbk_buf_adds(&out->values[SBK_FIREWALL_ACTION], "0"); /* block */
	for (i = 0; rc == 0 && i < SBK_FIREWALL_PROPERTY_COUNT; i++)
		rc = sbk_buf_failed(&out->values[i], err);
	return rc;
}

int sbk_firewall_want(struct sbk_buf *out, const char *name,
		      const char *installation, struct sbk_error *err)
{
	static const enum sbk_firewall_property zero[] = {
		SBK_FIREWALL_EDGE, SBK_FIREWALL_EDGE_OPTIONS,
		SBK_FIREWALL_SECURE};
	struct sbk_firewall_rule rule;
	size_t i;
	int rc = sbk_firewall_make(&rule, name, installation, err);

	for (i = 0; i < sizeof(zero) / sizeof(zero[0]); i++)
		sbk_buf_adds(&rule.values[zero[i]], "0");
	if (rc == 0)
		sbk_firewall_encode(out, &rule, 1);
	sbk_firewall_rule_release(&rule);
	return rc < 0 ? rc : sbk_buf_failed(out, err);
}

int sbk_firewall_of_state(struct sbk_firewall_rule *out, const char *name,
			  struct sbk_state state, struct sbk_error *err)
{
	static const char line[] = "\nGrouping " PREFIX;
	char installation[SBK_INSTALLATION_DIGITS + 1] = "";
	struct sbk_buf again = SBK_BUF_INIT, text = SBK_BUF_INIT;
	const char *at;
	int rc;

	memset(out, 0, sizeof(*out));
	sbk_buf_add(&text, state.data, state.size);
	at = strstr(sbk_buf_text(&text), line);
	if (at != NULL)
		(void)snprintf(installation, sizeof(installation), "%s",
			       at + sizeof(line) - 1);
	rc = sbk_firewall_want(&again, name, installation, NULL);
	if (rc == 0 && (again.size != state.size ||
			memcmp(again.data, state.data, state.size) != 0))
		rc = SBK_E_PARSE;
	if (rc == SBK_E_PARSE || rc == SBK_E_INVAL)
		rc = sbk_error_set(err, SBK_E_PARSE,
				   "the state is no rule that is made");
	else if (rc < 0)
		rc = sbk_error_no_memory(err);
	if (rc == 0)
		rc = sbk_firewall_make(out, name, installation, err);
	sbk_buf_release(&again);
	sbk_buf_release(&text);
	return rc;
}

/* --- in effect ------------------------------------------------------------ */

int sbk_firewall_effective(const struct sbk_firewall_effect *effect,
			   struct sbk_error *err)
{
	static const char *const names[] = {"domain", "private", "public"};
	size_t i;

	if (effect->modify_state == GP_OVERRIDE)
		return sbk_error_set(err, SBK_E_UNSUPPORTED,
				     "the firewall's local rules are not in "
				     "effect: a group policy overrides them; "
				     "have 'Apply local firewall rules' set to "
				     "yes in it");
	for (i = 0; i < 3; i++)
		if ((effect->current & (1l << i)) != 0 && !effect->enabled[i])
			return sbk_error_set(
				err, SBK_E_UNSUPPORTED,
				"the firewall is off in the %s profile, which "
				"is in use; turn it on: netsh advfirewall set "
				"%sprofile state on",
				names[i], names[i]);
	return 0;
}
