/*
 * Firewall rules of others: which of them can be made again exactly, and the
 * way back from a state; see firewall_rules.h. Pure.
 *
 * Refused are rules that allow, or are about more than one account: they are
 * made again on the word of a journal that its own user can write.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/windows/firewall_rules.h"

#include "engine/banned.h"

#define ACTION_BLOCK "0" /* NET_FW_ACTION_BLOCK */

static int refuse(const char *why, struct sbk_error *err)
{
	return sbk_error_set(err, SBK_E_UNSUPPORTED, "it stays: %s", why);
}

/* The one SID of a text; false where it has none, or two. */
static bool only_sid(const struct sbk_buf *text, struct sbk_sid *out)
{
	struct sbk_sid other;
	size_t at = 0;

	if (!sbk_sid_find(sbk_buf_text(text), text->size, &at, out))
		return false;
	while (sbk_sid_find(sbk_buf_text(text), text->size, &at, &other))
		if (!sbk_sid_equal(out, &other))
			return false;
	return true;
}

/* A zero byte ends what a setter takes. */
static bool has_zero(const struct sbk_firewall_rule *rule)
{
	size_t i;

	for (i = 0; i < SBK_FIREWALL_PROPERTY_COUNT; i++)
		if (strlen(sbk_buf_text(&rule->values[i])) !=
		    rule->values[i].size)
			return true;
	return false;
}

int sbk_firewall_returnable(const struct sbk_firewall_rule *rule, size_t count,
			    struct sbk_sid *user, struct sbk_error *err)
{
	if (count > 1)
		return refuse("more than one rule has this name", err);
	if (strcmp(sbk_buf_text(&rule->values[SBK_FIREWALL_ACTION]),
		   ACTION_BLOCK) != 0)
		return refuse("it does not block, and no undo lets anything in",
			      err);
	if (!only_sid(&rule->values[SBK_FIREWALL_LOCAL_USERS], user))
		return refuse("it is not about one account alone", err);
	if (rule->values[SBK_FIREWALL_INTERFACES].size > 0)
		return refuse("it is for certain network interfaces, which "
			      "could not be put back",
			      err);
	if (has_zero(rule))
		return refuse("a text in it has a zero character", err);
	return 0;
}

int sbk_firewall_same(const struct sbk_firewall_rule *rule,
		      const struct sbk_firewall_rule *again,
		      struct sbk_error *err)
{
	size_t i = 0;

	while (i < SBK_FIREWALL_PROPERTY_COUNT &&
	       sbk_firewall_value_equal(&rule->values[i], &again->values[i]))
		i++;
	if (i == SBK_FIREWALL_PROPERTY_COUNT)
		return 0;
	return sbk_error_set(
		err, SBK_E_UNSUPPORTED,
		"it stays: made again its %s would be another",
		sbk_firewall_property_name((enum sbk_firewall_property)i));
}

/* --- the way back --------------------------------------------------------- */

static bool add_raw(struct sbk_buf *out, const char *text, size_t size)
{
	char digits[3] = "", byte;
	size_t i;

	for (i = 0; i + 1 < size; i += 2) {
		memcpy(digits, text + i, 2);
		if (!sbk_hex_decode(digits, &byte, 1))
			return false;
		sbk_buf_add(out, &byte, 1);
	}
	return i == size;
}

/* One line, "Name value"; `at` goes behind it. */
static bool take_line(const char **at, enum sbk_firewall_property property,
		      struct sbk_buf *out)
{
	static const char raw[] = "raw ";
	const char *name = sbk_firewall_property_name(property);
	const size_t size = strlen(name);
	const char *end = strchr(*at, '\n'), *value = *at + size;

	if (end == NULL || strncmp(*at, name, size) != 0 || value > end)
		return false;
	*at = end + 1;
	value += *value == ' ';
	if (strncmp(value, raw, sizeof(raw) - 1) == 0)
		return add_raw(out, value + sizeof(raw) - 1,
			       (size_t)(end - value) - (sizeof(raw) - 1));
	sbk_buf_add(out, value, (size_t)(end - value));
	return true;
}

static bool is_decimal(const struct sbk_buf *value)
{
	char again[32];

	(void)snprintf(again, sizeof(again), "%ld",
		       strtol(sbk_buf_text(value), NULL, 10));
	return strcmp(again, sbk_buf_text(value)) == 0;
}

static bool parse(struct sbk_firewall_rule *out, const char *text)
{
	const char *at = text;
	size_t i;

	for (i = 0; i < SBK_FIREWALL_PROPERTY_COUNT; i++) {
		const enum sbk_firewall_property property =
			(enum sbk_firewall_property)i;

		if (!take_line(&at, property, &out->values[i]) ||
		    (sbk_firewall_is_number(property) &&
		     !is_decimal(&out->values[i])))
			return false;
	}
	return *at == '\0';
}

/* Whether it is, byte for byte, the state that the rule has. */
static int check_form(const struct sbk_firewall_rule *rule, const char *name,
		      struct sbk_state state, struct sbk_error *err)
{
	struct sbk_buf again = SBK_BUF_INIT;
	int rc;

	sbk_firewall_encode_read(&again, rule, 1);
	rc = sbk_buf_failed(&again, err);
	if (rc == 0 &&
	    (!sbk_state_equal(state, (struct sbk_state){sbk_buf_text(&again),
							again.size}) ||
	     strcmp(sbk_buf_text(&rule->values[SBK_FIREWALL_NAME]), name) != 0))
		rc = sbk_error_set(err, SBK_E_PARSE,
				   "the state is no rule that is made");
	sbk_buf_release(&again);
	return rc;
}

int sbk_firewall_of_read(struct sbk_firewall_rule *out, const char *name,
			 struct sbk_state state, struct sbk_sid *user,
			 struct sbk_error *err)
{
	struct sbk_buf text = SBK_BUF_INIT;
	int rc;

	memset(out, 0, sizeof(*out));
	sbk_buf_add(&text, state.data, state.size);
	rc = sbk_buf_failed(&text, err);
	if (rc == 0 && !parse(out, sbk_buf_text(&text)))
		rc = sbk_error_set(err, SBK_E_PARSE,
				   "the state is no rule that is made");
	if (rc == 0)
		rc = check_form(out, name, state, err);
	if (rc == 0)
		rc = sbk_firewall_returnable(out, 1, user, err);
	sbk_buf_release(&text);
	return rc;
}
