/*
 * FIREWALL: one rule of an Offline account in the system's firewall, by its
 * name; states as firewall_rules.h has them.
 *
 * Made only where local rules are in effect, since one that is stored and
 * overridden by a group policy keeps nobody off the network; and taken away
 * only where it is as we made it, and its account is at rest. A rule that reads
 * back otherwise than it was asked for is taken away again. The filters are the
 * boundary (FILTERS), this is a second one.
 */
#include "engine/windows/at_rest.h"
#include "engine/windows/kinds.h"
#include "engine/windows/win32_firewall.h"

#include "engine/banned.h"

static int look(const struct sbk_firewall *firewall, const char *name,
		struct sbk_buf *out, struct sbk_error *err)
{
	struct sbk_firewall_rule rule = {.values = {SBK_BUF_INIT}};
	size_t count = 0;
	int rc = sbk_win32_firewall_find(firewall, name, &rule, &count, err);

	sbk_buf_clear(out);
	if (rc == 0) {
		sbk_firewall_encode(out, &rule, count);
		rc = sbk_buf_failed(out, err);
	}
	sbk_firewall_rule_release(&rule);
	return rc;
}

static int open_rule(const char *name, struct sbk_sid *user,
		     struct sbk_firewall *firewall, struct sbk_error *err)
{
	enum sbk_firewall_direction direction;

	*firewall = (struct sbk_firewall)SBK_FIREWALL_INIT;
	if (!sbk_firewall_name_parse(name, user, &direction))
		return sbk_error_set(err, SBK_E_INVAL,
				     "'%.200s' is no firewall rule of ours",
				     name);
	return sbk_win32_firewall_open(firewall, err);
}

static int observe(struct sbk_host *host, const struct sbk_object *object,
		   struct sbk_observation *out, struct sbk_error *err)
{
	struct sbk_firewall firewall;
	struct sbk_sid user;
	int rc = open_rule(object->name, &user, &firewall, err);

	(void)host;
	if (rc == 0)
		rc = look(&firewall, object->name, &out->state, err);
	sbk_win32_firewall_close(&firewall);
	return rc;
}

/* What stands there must be `state`, else `code`. */
static int check(const struct sbk_firewall *firewall, const char *name,
		 struct sbk_state state, int code, const char *message,
		 struct sbk_error *err)
{
	struct sbk_buf now = SBK_BUF_INIT;
	int rc = look(firewall, name, &now, err);

	if (rc == 0 &&
	    !sbk_state_equal(state,
			     (struct sbk_state){sbk_buf_text(&now), now.size}))
		rc = sbk_error_set(err, code, "%s", message);
	sbk_buf_release(&now);
	return rc;
}

static int make(const struct sbk_firewall *firewall, const char *name,
		struct sbk_state next, struct sbk_error *err)
{
	struct sbk_firewall_effect effect;
	struct sbk_firewall_rule rule;
	int rc = sbk_firewall_of_state(&rule, name, next, err);

	if (rc == 0)
		rc = sbk_win32_firewall_look(firewall, &effect, err);
	if (rc == 0)
		rc = sbk_firewall_effective(&effect, err);
	if (rc == 0)
		rc = sbk_win32_firewall_add(firewall, &rule, err);
	sbk_firewall_rule_release(&rule);
	if (rc == 0)
		rc = check(firewall, name, next, SBK_E_IO,
			   "the system reported success but it is not what was "
			   "asked for",
			   err);
	/* Another one by now, or none: then there is nothing to take back. */
	if (rc == SBK_E_IO)
		(void)sbk_win32_firewall_remove(firewall, name, NULL);
	return rc;
}

static int take_away(const struct sbk_firewall *firewall, const char *name,
		     const struct sbk_sid *user, struct sbk_error *err)
{
	int rc = sbk_account_at_rest(user, err);

	if (rc == 0)
		rc = sbk_win32_firewall_remove(firewall, name, err);
	return rc < 0 ? rc
		      : check(firewall, name, SBK_STATE_ABSENT, SBK_E_IO,
			      "the system reported success but it is still "
			      "there",
			      err);
}

static int replace_in(const struct sbk_firewall *firewall, const char *name,
		      const struct sbk_sid *user, struct sbk_state expected,
		      struct sbk_state next, struct sbk_error *err)
{
	int rc = check(firewall, name, expected, SBK_E_CONFLICT,
		       "it was changed meanwhile", err);

	if (rc < 0 || sbk_state_equal(expected, next))
		return rc;
	if (sbk_state_absent(next))
		return take_away(firewall, name, user, err);
	if (sbk_state_absent(expected))
		return make(firewall, name, next, err);
	return sbk_error_set(err, SBK_E_INVAL,
			     "a rule is made or taken away, never changed");
}

static int replace(struct sbk_host *host, const struct sbk_object *object,
		   struct sbk_state expected, struct sbk_state next,
		   struct sbk_error *err)
{
	struct sbk_firewall firewall;
	struct sbk_sid user;
	int rc = open_rule(object->name, &user, &firewall, err);

	(void)host;
	if (rc == 0)
		rc = replace_in(&firewall, object->name, &user, expected, next,
				err);
	if (rc < 0)
		(void)sbk_error_prefix(err, "firewall rule '%.200s'",
				       object->name);
	sbk_win32_firewall_close(&firewall);
	return rc;
}

const struct sbk_host_kind sbk_host_firewall = {
	.observe = observe,
	.replace = replace,
};
