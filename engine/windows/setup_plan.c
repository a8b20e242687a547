/* The order of setup on Windows; see the header. */
#include "engine/windows/setup_plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/windows/firewall_rules.h"
#include "engine/windows/user_profile_rules.h"

#include "engine/banned.h"

#define USERS_GROUP "S-1-5-32-545"
#define WINLOGON                                                      \
	"HKLM/SOFTWARE/Microsoft/Windows NT/CurrentVersion/Winlogon/" \
	"SpecialAccounts"
#define USER_LIST WINLOGON "/UserList"
#define HIDDEN "type 4\ndata 00000000\n" /* REG_DWORD 0: not shown */
#define NAME_BYTES 320

static const char *const role_names[SBK_NT_ROLE_COUNT] = {"Offline", "Online"};
static const char *const role_texts[SBK_NT_ROLE_COUNT] = {"offline account",
							  "online account"};

/* All but to log on with name and password on this machine. */
static const char *const denied[] = {
	"SeDenyNetworkLogonRight", "SeDenyRemoteInteractiveLogonRight",
	"SeDenyBatchLogonRight", "SeDenyServiceLogonRight"};

bool sbk_nt_setup_gives(const char *right)
{
	size_t i;

	for (i = 0; i < sizeof(denied) / sizeof(denied[0]); i++)
		if (strcmp(denied[i], right) == 0)
			return true;
	return false;
}

void sbk_nt_setup_name(enum sbk_nt_role role, unsigned number,
		       char out[SBK_NT_ACCOUNT_NAME_MAX + 1])
{
	if (number <= 1)
		(void)snprintf(out, SBK_NT_ACCOUNT_NAME_MAX + 1, "Sandbook%s",
			       role_names[role]);
	else
		(void)snprintf(out, SBK_NT_ACCOUNT_NAME_MAX + 1, "Sandbook%s%u",
			       role_names[role], number % 10000);
}

static int add(struct sbk_plan *plan, enum sbk_kind kind, const char *name,
	       struct sbk_state before, struct sbk_state after,
	       const char *reason, struct sbk_error *err)
{
	const struct sbk_change change = {
		.object = {.kind = kind, .name = name},
		.before = before,
		.after = after,
		.reason = reason};

	return sbk_plan_add(plan, &change, err);
}

/* Adds the change from *absent* to `after`, unless it stands already. */
static int add_missing(struct sbk_nt_setup *s, struct sbk_plan *plan,
		       enum sbk_kind kind, const char *name, const char *after,
		       const char *reason, struct sbk_error *err)
{
	const struct sbk_object object = {.kind = kind, .name = name};
	const struct sbk_state wanted = {after, strlen(after)};
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	int rc = sbk_backend_observe(s->backend, &object, &seen, err);

	if (rc == 0 && seen.state.size == 0)
		rc = add(plan, kind, name, SBK_STATE_ABSENT, wanted, reason,
			 err);
	else if (rc == 0 &&
		 !sbk_state_equal(sbk_observation_state(&seen), wanted))
		rc = sbk_error_set(err, SBK_E_EXISTS,
				   "%s '%.300s' is there and is not as setup "
				   "makes it; remove it first",
				   sbk_kind_name(kind), name);
	sbk_observation_release(&seen);
	return rc;
}

/* --- part 1 --------------------------------------------------------------- */

/* Whether an existing one was made by setup, for the same: all of its comment
 * but the nonce is equal, and the seal is its own. */
static bool is_made_before(struct sbk_state wanted, struct sbk_state now)
{
	const char *nonce = strstr(wanted.data, " nonce ");
	const size_t same = (size_t)(nonce - wanted.data) + 7;
	const size_t rest = same + SBK_NT_NONCE_DIGITS;

	return now.size == wanted.size &&
	       memcmp(now.data, wanted.data, same) == 0 &&
	       memcmp(now.data + rest, wanted.data + rest,
		      wanted.size - rest) == 0;
}

static int plan_account(struct sbk_nt_setup *s, struct sbk_plan *plan,
			enum sbk_kind kind, const char *name,
			const char *comment, const char *reason,
			struct sbk_error *err)
{
	const bool is_group = kind == SBK_KIND_GROUP;
	const struct sbk_object object = {.kind = kind, .name = name};
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	struct sbk_buf state = SBK_BUF_INIT;
	struct sbk_state wanted;
	int rc = sbk_nt_name_check(name, is_group, err);

	sbk_nt_account_want(&state, is_group, comment);
	if (rc == 0)
		rc = sbk_buf_failed(&state, err);
	wanted = (struct sbk_state){sbk_buf_text(&state), state.size};
	if (rc == 0)
		rc = sbk_backend_observe(s->backend, &object, &seen, err);
	if (rc == 0 && seen.state.size == 0)
		rc = add(plan, kind, name, SBK_STATE_ABSENT, wanted, reason,
			 err);
	else if (rc == 0 &&
		 !is_made_before(wanted, sbk_observation_state(&seen)))
		rc = sbk_error_set(err, SBK_E_EXISTS,
				   "the name '%s' is taken by %s that is not "
				   "Sandbook's for this person; rename or "
				   "remove it first",
				   name, is_group ? "a group" : "an account");
	sbk_observation_release(&seen);
	sbk_buf_release(&state);
	return rc;
}

static int plan_group(struct sbk_nt_setup *s, struct sbk_plan *plan,
		      struct sbk_error *err)
{
	struct sbk_buf comment = SBK_BUF_INIT;
	int rc;

	sbk_nt_comment_make(&comment, "group", SBK_NT_GROUP_NAME, NULL,
			    s->nonces[0]);
	rc = sbk_buf_failed(&comment, err);
	if (rc == 0)
		rc = plan_account(s, plan, SBK_KIND_GROUP, SBK_NT_GROUP_NAME,
				  sbk_buf_text(&comment),
				  "the group of all sandbox accounts; no "
				  "person joins",
				  err);
	sbk_buf_release(&comment);
	return rc;
}

static int plan_role(struct sbk_nt_setup *s, struct sbk_plan *plan,
		     enum sbk_nt_role role, struct sbk_error *err)
{
	char name[SBK_NT_ACCOUNT_NAME_MAX + 1];
	struct sbk_buf comment = SBK_BUF_INIT;
	int rc;

	sbk_nt_setup_name(role, s->number, name);
	sbk_nt_comment_make(&comment, role_texts[role], name, s->person,
			    s->nonces[1 + role]);
	rc = sbk_buf_failed(&comment, err);
	if (rc == 0)
		rc = plan_account(s, plan, SBK_KIND_ACCOUNT, name,
				  sbk_buf_text(&comment),
				  "what runs are made as; disabled until all "
				  "else stands",
				  err);
	sbk_buf_release(&comment);
	return rc;
}

static int plan_hidden(struct sbk_nt_setup *s, struct sbk_plan *plan,
		       enum sbk_nt_role role, struct sbk_error *err)
{
	char name[SBK_NT_ACCOUNT_NAME_MAX + 1], value[NAME_BYTES];

	sbk_nt_setup_name(role, s->number, name);
	(void)snprintf(value, sizeof(value), USER_LIST ":%s", name);
	return add_missing(s, plan, SBK_KIND_REGISTRY, value, HIDDEN,
			   "the logon screen does not show it", err);
}

/* A key is there for whatever is in it, so `key` is all that it can be. */
static int plan_keys(struct sbk_nt_setup *s, struct sbk_plan *plan,
		     struct sbk_error *err)
{
	static const char *const keys[] = {WINLOGON, USER_LIST};
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < 2; i++)
		rc = add_missing(s, plan, SBK_KIND_REGISTRY, keys[i], "key\n",
				 "where accounts are hidden from the logon "
				 "screen",
				 err);
	return rc;
}

/* Of an account of ours: what stands there, and whether it logs on. */
static int look_at_role(struct sbk_nt_setup *s, enum sbk_nt_role role,
			char name[SBK_NT_ACCOUNT_NAME_MAX + 1],
			struct sbk_observation *seen, bool *enabled,
			struct sbk_error *err)
{
	const struct sbk_object account = {.kind = SBK_KIND_ACCOUNT,
					   .name = name};
	struct sbk_observation logon = SBK_OBSERVATION_INIT;
	struct sbk_object object = {.kind = SBK_KIND_LOGON};
	int rc;

	*enabled = false;
	sbk_nt_setup_name(role, s->number, name);
	rc = sbk_backend_observe(s->backend, &account, seen, err);
	if (rc == 0 && seen->state.size > 0) {
		object.name = sbk_buf_text(&seen->identity);
		rc = sbk_backend_observe(s->backend, &object, &logon, err);
		*enabled = rc == 0 && logon.state.size > 0;
	}
	sbk_observation_release(&logon);
	return rc;
}

/* Passwords are handed over together: where one account is made or enabled, the
 * other one, if it stands, gets a new one, too. */
static int plan_renewals(struct sbk_nt_setup *s, struct sbk_plan *plan,
			 struct sbk_error *err)
{
	struct sbk_observation seen[SBK_NT_ROLE_COUNT] = {SBK_OBSERVATION_INIT,
							  SBK_OBSERVATION_INIT};
	char names[SBK_NT_ROLE_COUNT][SBK_NT_ACCOUNT_NAME_MAX + 1];
	bool enabled;
	int role, rc = 0;

	s->incomplete = false;
	for (role = 0; rc == 0 && role < SBK_NT_ROLE_COUNT; role++) {
		rc = look_at_role(s, (enum sbk_nt_role)role, names[role],
				  &seen[role], &enabled, err);
		s->incomplete |= !enabled;
	}
	for (role = 0; rc == 0 && role < SBK_NT_ROLE_COUNT; role++) {
		const struct sbk_state now = sbk_observation_state(&seen[role]);

		s->stood[role] = s->deliver != NULL && now.size > 0 &&
				 (s->renews || s->incomplete);
		if (s->stood[role])
			rc = add(plan, SBK_KIND_ACCOUNT, names[role], now, now,
				 "its password is set anew, which cannot be "
				 "undone: nobody knows the old one",
				 err);
	}
	for (role = 0; role < SBK_NT_ROLE_COUNT; role++)
		sbk_observation_release(&seen[role]);
	return rc;
}

int sbk_nt_setup_plan(struct sbk_nt_setup *s, struct sbk_plan *plan,
		      struct sbk_error *err)
{
	int role, rc = 0;

	s->added = 0;
	if (s->number == 0 || s->number > 9999)
		rc = sbk_error_set(err, SBK_E_INVAL,
				   "%u is no number of an enrolled person",
				   s->number);
	if (rc == 0)
		rc = plan_group(s, plan, err);
	for (role = 0; rc == 0 && role < SBK_NT_ROLE_COUNT; role++)
		rc = plan_role(s, plan, (enum sbk_nt_role)role, err);
	if (rc == 0)
		rc = plan_renewals(s, plan, err);
	if (rc == 0)
		rc = plan_keys(s, plan, err);
	for (role = 0; rc == 0 && role < SBK_NT_ROLE_COUNT; role++)
		rc = plan_hidden(s, plan, (enum sbk_nt_role)role, err);
	return rc;
}

/* --- part 2 --------------------------------------------------------------- */

struct made {
	struct sbk_sid_text group, accounts[SBK_NT_ROLE_COUNT];
};

static int sid_of(struct sbk_nt_setup *s, enum sbk_kind kind, const char *name,
		  struct sbk_sid_text *out, struct sbk_error *err)
{
	const struct sbk_object object = {.kind = kind, .name = name};
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	struct sbk_sid sid;
	int rc = sbk_backend_observe(s->backend, &object, &seen, err);

	if (rc == 0 && sbk_sid_parse(sbk_buf_text(&seen.identity),
				     seen.identity.size, &sid, NULL) < 0)
		rc = sbk_error_set(err, SBK_E_IO,
				   "%s '%s' was made and is not there",
				   sbk_kind_name(kind), name);
	if (rc == 0)
		(void)sbk_sid_format(&sid, out);
	sbk_observation_release(&seen);
	return rc;
}

static int find_made(struct sbk_nt_setup *s, struct made *out,
		     struct sbk_error *err)
{
	char name[SBK_NT_ACCOUNT_NAME_MAX + 1];
	int role, rc = sid_of(s, SBK_KIND_GROUP, SBK_NT_GROUP_NAME, &out->group,
			      err);

	for (role = 0; rc == 0 && role < SBK_NT_ROLE_COUNT; role++) {
		sbk_nt_setup_name((enum sbk_nt_role)role, s->number, name);
		rc = sid_of(s, SBK_KIND_ACCOUNT, name, &out->accounts[role],
			    err);
	}
	return rc;
}

static int plan_pair(struct sbk_nt_setup *s, struct sbk_plan *plan,
		     enum sbk_kind kind, const char *first, const char *second,
		     const char *after, const char *reason,
		     struct sbk_error *err)
{
	char name[NAME_BYTES * 2];

	(void)snprintf(name, sizeof(name), "%s:%s", first, second);
	return add_missing(s, plan, kind, name, after, reason, err);
}

/* Made here, and not by the first logon, of which no journal would know. */
static int plan_profile(struct sbk_nt_setup *s, struct sbk_plan *plan,
			const struct made *made, int role,
			struct sbk_error *err)
{
	char account[SBK_NT_ACCOUNT_NAME_MAX + 1];
	struct sbk_buf name = SBK_BUF_INIT, wanted = SBK_BUF_INIT;
	const char *place;
	struct sbk_sid sid;
	int rc;

	sbk_nt_setup_name((enum sbk_nt_role)role, s->number, account);
	sbk_user_profile_name(made->accounts[role].text, s->profiles, account,
			      &name);
	rc = sbk_buf_failed(&name, err);
	if (rc == 0)
		rc = sbk_user_profile_parse_name(sbk_buf_text(&name), &sid,
						 &place, err);
	if (rc == 0) {
		sbk_user_profile_want(place, &wanted);
		rc = sbk_buf_failed(&wanted, err);
	}
	if (rc == 0)
		rc = add_missing(s, plan, SBK_KIND_FOLDER, sbk_buf_text(&name),
				 sbk_buf_text(&wanted),
				 "its profile, which its first logon would "
				 "make otherwise",
				 err);
	sbk_buf_release(&name);
	sbk_buf_release(&wanted);
	return rc;
}

static int plan_members(struct sbk_nt_setup *s, struct sbk_plan *plan,
			const struct made *made, int role,
			struct sbk_error *err)
{
	const char *const sid = made->accounts[role].text;
	int rc = plan_pair(s, plan, SBK_KIND_MEMBER, made->group.text, sid,
			   "member\n", "one of the sandbox accounts", err);

	return rc < 0 ? rc
		      : plan_pair(s, plan, SBK_KIND_MEMBER, USERS_GROUP, sid,
				  "member\n", "may log on, as users may", err);
}

static int plan_rights(struct sbk_nt_setup *s, struct sbk_plan *plan,
		       const struct made *made, int role, struct sbk_error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < sizeof(denied) / sizeof(denied[0]); i++)
		rc = plan_pair(s, plan, SBK_KIND_RIGHT,
			       made->accounts[role].text, denied[i], "held\n",
			       "no logon from elsewhere, by a task or a "
			       "service",
			       err);
	return rc;
}

/* The users whom the present filters keep off the network, and one more. */
static int collect_users(struct sbk_state now, const char *offline,
			 struct sbk_sid *users, size_t *count,
			 struct sbk_error *err)
{
	struct sbk_filter_set set;
	size_t i, j;
	int rc = sbk_filter_set_parse(&set, now, err);

	if (rc == 0 && !sbk_filter_set_is_whole(&set))
		rc = sbk_error_set(err, SBK_E_CONFLICT,
				   "others altered network filters of "
				   "Sandbook; see 'sandbook audit drift'");
	for (i = 0; rc == 0 && i < set.count; i++) {
		for (j = 0; j < *count &&
			    !sbk_sid_equal(&users[j], &set.filters[i].user);
		     j++)
			;
		if (j == *count && j < SBK_FILTER_USERS_MAX)
			users[(*count)++] = set.filters[i].user;
	}
	sbk_filter_set_release(&set);
	if (rc == 0 && *count == SBK_FILTER_USERS_MAX)
		rc = sbk_error_set(err, SBK_E_LIMIT, "too many are enrolled");
	if (rc < 0)
		return rc;
	(void)sbk_sid_parse(offline, strlen(offline), &users[*count], NULL);
	for (j = 0; !sbk_sid_equal(&users[j], &users[*count]); j++)
		;
	*count += j == *count;
	return 0;
}

static int plan_filters(struct sbk_nt_setup *s, struct sbk_plan *plan,
			const struct made *made, struct sbk_error *err)
{
	struct sbk_sid *users =
		calloc(SBK_FILTER_USERS_MAX + 1, sizeof(*users));
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	struct sbk_buf wanted = SBK_BUF_INIT;
	char name[SBK_GUID_TEXT];
	const struct sbk_object object = {.kind = SBK_KIND_FILTERS,
					  .name = name};
	struct sbk_state now, next;
	size_t count = 0;
	int rc = users == NULL ? sbk_error_no_memory(err)
			       : sbk_filters_name(s->installation, name, err);

	if (rc == 0)
		rc = sbk_backend_observe(s->backend, &object, &seen, err);
	now = sbk_observation_state(&seen);
	if (rc == 0)
		rc = collect_users(now, made->accounts[SBK_NT_OFFLINE].text,
				   users, &count, err);
	if (rc == 0)
		rc = sbk_filters_want(&wanted, s->installation, users, count,
				      s->first_port, s->last_port, err);
	next = (struct sbk_state){sbk_buf_text(&wanted), wanted.size};
	if (rc == 0 && !sbk_state_equal(now, next))
		rc = add(plan, SBK_KIND_FILTERS, name, now, next,
			 "no packet of an offline account leaves", err);
	sbk_observation_release(&seen);
	sbk_buf_release(&wanted);
	free(users);
	return rc;
}

/* What blocks them in the system's own firewall, too. */
static int plan_rules(struct sbk_nt_setup *s, struct sbk_plan *plan,
		      const struct made *made, struct sbk_error *err)
{
	static const enum sbk_firewall_direction ways[] = {SBK_FIREWALL_OUT,
							   SBK_FIREWALL_IN};
	const char *const sid = made->accounts[SBK_NT_OFFLINE].text;
	char name[SBK_FIREWALL_NAME_MAX];
	struct sbk_sid user;
	size_t i;
	int rc = sbk_sid_parse(sid, strlen(sid), &user, err);

	for (i = 0; rc == 0 && i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct sbk_buf wanted = SBK_BUF_INIT;

		sbk_firewall_name(&user, ways[i], name);
		rc = sbk_firewall_want(&wanted, name, s->installation, err);
		if (rc == 0)
			rc = add_missing(s, plan, SBK_KIND_FIREWALL, name,
					 sbk_buf_text(&wanted),
					 "a second barrier beside the filters",
					 err);
		sbk_buf_release(&wanted);
	}
	return rc;
}

/* What holds the accounts back. */
static int plan_bounds(struct sbk_nt_setup *s, struct sbk_plan *plan,
		       const struct made *made, struct sbk_error *err)
{
	int role, rc = 0;

	for (role = 0; rc == 0 && role < SBK_NT_ROLE_COUNT; role++)
		rc = plan_profile(s, plan, made, role, err);
	for (role = 0; rc == 0 && role < SBK_NT_ROLE_COUNT; role++)
		rc = plan_members(s, plan, made, role, err);
	for (role = 0; rc == 0 && role < SBK_NT_ROLE_COUNT; role++)
		rc = plan_rights(s, plan, made, role, err);
	if (rc == 0)
		rc = plan_rules(s, plan, made, err);
	return rc < 0 ? rc : plan_filters(s, plan, made, err);
}

static bool is_renewed(const struct sbk_nt_setup *s)
{
	int role;

	for (role = 0; role < SBK_NT_ROLE_COUNT; role++)
		if (s->stood[role])
			return true;
	return false;
}

/* Enabled, when whose they are can log on as them. */
static int plan_logons(struct sbk_nt_setup *s, struct sbk_plan *plan,
		       const struct made *made, struct sbk_error *err)
{
	const char *sids[SBK_NT_ROLE_COUNT];
	const size_t before = sbk_plan_count(plan);
	int role, rc = 0;

	if (s->deliver == NULL)
		return 0;
	for (role = 0; rc == 0 && role < SBK_NT_ROLE_COUNT; role++) {
		sids[role] = made->accounts[role].text;
		rc = add_missing(s, plan, SBK_KIND_LOGON, sids[role],
				 "enabled\n",
				 "everything that holds it back stands", err);
	}
	return rc < 0 || (sbk_plan_count(plan) == before && !is_renewed(s))
		       ? rc
		       : s->deliver(s->deliver_arg, s, sids, err);
}

static int try_network(struct sbk_nt_setup *s, const struct made *made,
		       struct sbk_error *err)
{
	const char *sids[SBK_NT_ROLE_COUNT];
	int role;

	for (role = 0; role < SBK_NT_ROLE_COUNT; role++)
		sids[role] = made->accounts[role].text;
	return s->probe == NULL ? 0 : s->probe(s->probe_arg, s, sids, err);
}

/* What each pass adds is made before the next one comes. */
int sbk_nt_setup_more(void *arg, struct sbk_plan *plan, struct sbk_error *err)
{
	enum { BOUNDS, LOGONS, TRIAL, DONE };
	struct sbk_nt_setup *s = arg;
	const size_t before = sbk_plan_count(plan);
	struct made made;
	int rc;

	if (s->added == DONE)
		return 0;
	rc = find_made(s, &made, err);
	if (rc == 0 && s->added == TRIAL) {
		s->added = DONE;
		return try_network(s, &made, err);
	}
	if (rc == 0 && s->added == BOUNDS) {
		rc = plan_bounds(s, plan, &made, err);
		s->added = LOGONS;
	}
	if (rc < 0 || sbk_plan_count(plan) > before)
		return rc;
	rc = plan_logons(s, plan, &made, err);
	s->added = sbk_plan_count(plan) > before ? TRIAL : DONE;
	return rc;
}
