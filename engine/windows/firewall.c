/*
 * FIREWALL: one rule in the system's firewall, by its name; states as
 * firewall_rules.h has them. A name of ours is that of an Offline account's
 * rule; any other is a rule of another tool, that `remediate` takes away and
 * `undo` puts back.
 *
 * One of ours is made only where local rules are in effect, since one that is
 * stored and overridden by a group policy keeps nobody off the network; one of
 * others comes back as it was, whatever it is worth. Any is taken away only
 * where it is as it was left, and its account is at rest. A rule that reads
 * back otherwise than it was asked for is taken away again. The filters are the
 * boundary (FILTERS), this is a second one.
 *
 * Of others' rules only those are looked at that can be made again: which those
 * are, sbk_firewall_returnable says, and a rehearsal, a rule that is set and
 * read and never added. The rest is SBK_E_UNSUPPORTED.
 */
#include "engine/windows/at_rest.h"
#include "engine/windows/kinds.h"
#include "engine/windows/win32_firewall.h"

#include "engine/banned.h"

struct rule {
	struct sbk_firewall firewall;
	const char *name;
	struct sbk_sid user; /* of others: once its state was read */
	bool is_ours;
};

static int rehearse(const struct sbk_firewall_rule *rule, struct sbk_error *err)
{
	struct sbk_firewall_rule again = {.values = {SBK_BUF_INIT}};
	int rc = sbk_win32_firewall_rehearse(rule, &again, err);

	if (rc == 0)
		rc = sbk_firewall_same(rule, &again, err);
	sbk_firewall_rule_release(&again);
	return rc;
}

/* `must_return`: one of others is looked at only where it can be made again. */
static int look(struct rule *r, bool must_return, struct sbk_buf *out,
		struct sbk_error *err)
{
	struct sbk_firewall_rule rule = {.values = {SBK_BUF_INIT}};
	size_t count = 0;
	int rc = sbk_win32_firewall_find(&r->firewall, r->name, &rule, &count,
					 err);

	sbk_buf_clear(out);
	if (rc == 0 && must_return && !r->is_ours && count > 0) {
		rc = sbk_firewall_returnable(&rule, count, &r->user, err);
		if (rc == 0)
			rc = rehearse(&rule, err);
	}
	if (rc == 0) {
		if (r->is_ours)
			sbk_firewall_encode(out, &rule, count);
		else
			sbk_firewall_encode_read(out, &rule, count);
		rc = sbk_buf_failed(out, err);
	}
	sbk_firewall_rule_release(&rule);
	return rc;
}

static int open_rule(const char *name, struct rule *r, struct sbk_error *err)
{
	enum sbk_firewall_direction direction;

	*r = (struct rule){.firewall = SBK_FIREWALL_INIT, .name = name};
	if (name[0] == '\0')
		return sbk_error_set(err, SBK_E_INVAL,
				     "a firewall rule has a name");
	r->is_ours = sbk_firewall_name_parse(name, &r->user, &direction);
	return sbk_win32_firewall_open(&r->firewall, err);
}

static int observe(struct sbk_host *host, const struct sbk_object *object,
		   struct sbk_observation *out, struct sbk_error *err)
{
	struct rule r;
	int rc = open_rule(object->name, &r, err);

	(void)host;
	if (rc == 0)
		rc = look(&r, true, &out->state, err);
	sbk_win32_firewall_close(&r.firewall);
	return rc;
}

/* What stands there must be `state`, else `code`. */
static int check(struct rule *r, struct sbk_state state, int code,
		 const char *message, struct sbk_error *err)
{
	struct sbk_buf now = SBK_BUF_INIT;
	int rc = look(r, false, &now, err);

	if (rc == 0 &&
	    !sbk_state_equal(state,
			     (struct sbk_state){sbk_buf_text(&now), now.size}))
		rc = sbk_error_set(err, code, "%s", message);
	sbk_buf_release(&now);
	return rc;
}

static int add_ours(struct rule *r, struct sbk_state next,
		    struct sbk_error *err)
{
	struct sbk_firewall_effect effect;
	struct sbk_firewall_rule rule;
	int rc = sbk_firewall_of_state(&rule, r->name, next, err);

	if (rc == 0)
		rc = sbk_win32_firewall_look(&r->firewall, &effect, err);
	if (rc == 0)
		rc = sbk_firewall_effective(&effect, err);
	if (rc == 0)
		rc = sbk_win32_firewall_add(&r->firewall, &rule, false, err);
	sbk_firewall_rule_release(&rule);
	return rc;
}

static int add_other(struct rule *r, struct sbk_state next,
		     struct sbk_error *err)
{
	struct sbk_firewall_rule rule;
	int rc = sbk_firewall_of_read(&rule, r->name, next, &r->user, err);

	if (rc == 0)
		rc = sbk_win32_firewall_add(&r->firewall, &rule, true, err);
	sbk_firewall_rule_release(&rule);
	return rc;
}

static int make(struct rule *r, struct sbk_state next, struct sbk_error *err)
{
	int rc = r->is_ours ? add_ours(r, next, err) : add_other(r, next, err);

	if (rc == 0)
		rc = check(r, next, SBK_E_IO,
			   "the system reported success but it is not what was "
			   "asked for",
			   err);
	/* Another one by now, or none: then there is nothing to take back. */
	if (rc == SBK_E_IO)
		(void)sbk_win32_firewall_remove(&r->firewall, r->name, NULL);
	return rc;
}

/* What is taken away must be what can be made again, whoever asks for it. */
static int check_return(struct rule *r, struct sbk_state state,
			struct sbk_error *err)
{
	struct sbk_firewall_rule rule;
	int rc = sbk_firewall_of_read(&rule, r->name, state, &r->user, err);

	if (rc == 0)
		rc = rehearse(&rule, err);
	sbk_firewall_rule_release(&rule);
	return rc;
}

static int take_away(struct rule *r, struct sbk_state expected,
		     struct sbk_error *err)
{
	int rc = r->is_ours ? 0 : check_return(r, expected, err);

	if (rc == 0)
		rc = sbk_account_at_rest(&r->user, err);
	if (rc == 0)
		rc = sbk_win32_firewall_remove(&r->firewall, r->name, err);
	return rc < 0 ? rc
		      : check(r, SBK_STATE_ABSENT, SBK_E_IO,
			      "the system reported success but it is still "
			      "there",
			      err);
}

static int replace_in(struct rule *r, struct sbk_state expected,
		      struct sbk_state next, struct sbk_error *err)
{
	int rc = check(r, expected, SBK_E_CONFLICT, "it was changed meanwhile",
		       err);

	if (rc < 0 || sbk_state_equal(expected, next))
		return rc;
	if (sbk_state_absent(next))
		return take_away(r, expected, err);
	if (sbk_state_absent(expected))
		return make(r, next, err);
	return sbk_error_set(err, SBK_E_INVAL,
			     "a rule is made or taken away, never changed");
}

static int replace(struct sbk_host *host, const struct sbk_object *object,
		   struct sbk_state expected, struct sbk_state next,
		   struct sbk_error *err)
{
	struct rule r;
	int rc = open_rule(object->name, &r, err);

	(void)host;
	if (rc == 0)
		rc = replace_in(&r, expected, next, err);
	if (rc < 0)
		(void)sbk_error_prefix(err, "firewall rule '%.200s'",
				       object->name);
	sbk_win32_firewall_close(&r.firewall);
	return rc;
}

const struct sbk_host_kind sbk_host_firewall = {
	.observe = observe,
	.replace = replace,
};
