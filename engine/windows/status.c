/*
 * What Windows says of itself in `sandbook status` (engine/status.h): looks,
 * and has status_rules.c word it. Nothing is logged on and no packet sent: what
 * the filters do is tried before each offline run, and by `audit network`.
 *
 * Owns that each look that fails is told and hinders no other.
 */
#include "engine/status.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/os.h"
#include "engine/windows/account_find.h"
#include "engine/windows/account_state.h"
#include "engine/windows/at_rest.h"
#include "engine/windows/filter_rules.h"
#include "engine/windows/mentions.h"
#include "engine/windows/run_parts.h"
#include "engine/windows/status_rules.h"
#include "engine/windows/win32_accounts.h"
#include "engine/windows/win32_census.h"

#include "engine/banned.h"

#define DETAIL_MAX (2 * SBK_NT_STATUS_WHY_MAX)

struct looking {
	const struct sbk_status_asked *asked;
	struct sbk_status_report *report;
	struct sbk_backend backend;
	struct sbk_person caller;
	bool knows_caller;
	/* Of the machine's journal: rules, filters and logons in effect, each
	 * with its last change; or why they are not known. */
	struct sbk_plan *walls, *logons;
	struct sbk_error records;
	struct sbk_nt_wall *found; /* of `walls`, each */
	struct sbk_buf whys;	   /* of those that could not be looked at */
	size_t our_filters;	   /* of what was found, with what holds them */
	/* What keeps offline accounts back, as it stands; absent where none
	 * does, or it is not known (`filters_seen`). */
	struct sbk_buf filters;
	bool filters_seen;
};

/* --- what is recorded ----------------------------------------------------- */

static int load_kind(struct looking *l, enum sbk_kind kind,
		     struct sbk_plan *out)
{
	const struct sbk_ledger *ledger = l->asked->ledger;

	return ledger->ops->expected(ledger->self, SBK_BOOK_MACHINE, kind, out,
				     &l->records);
}

static int load_records(struct looking *l, struct sbk_error *err)
{
	int rc;

	l->walls = sbk_plan_new();
	l->logons = sbk_plan_new();
	if (l->walls == NULL || l->logons == NULL)
		return sbk_error_no_memory(err);
	rc = load_kind(l, SBK_KIND_FIREWALL, l->walls);
	if (rc == 0)
		rc = load_kind(l, SBK_KIND_FILTERS, l->walls);
	if (rc == 0)
		rc = load_kind(l, SBK_KIND_LOGON, l->logons);
	return rc == SBK_E_NOMEM ? sbk_error_no_memory(err) : 0;
}

static enum sbk_nt_answer is_recorded(const struct looking *l, const char *sid)
{
	size_t i;

	if (l->records.code != SBK_OK)
		return SBK_NT_UNKNOWN;
	for (i = 0; i < sbk_plan_count(l->logons); i++)
		if (strcmp(sbk_plan_at(l->logons, i)->object.name, sid) == 0)
			return sbk_state_absent(
				       sbk_plan_at(l->logons, i)->after)
				       ? SBK_NT_NO
				       : SBK_NT_YES;
	return SBK_NT_NO;
}

/* --- what stands there ---------------------------------------------------- */

/* Filters, provider and sublayer of a set. */
static size_t count_ours(struct sbk_state state)
{
	struct sbk_filter_set set;
	size_t count = 0;

	if (sbk_filter_set_parse(&set, state, NULL) == 0)
		count = set.count + set.has_provider + set.has_sublayer;
	sbk_filter_set_release(&set);
	return count;
}

static void keep_filters(struct looking *l, struct sbk_state now)
{
	l->filters_seen = true;
	l->our_filters += count_ours(now);
	sbk_buf_clear(&l->filters);
	sbk_buf_add(&l->filters, now.data, now.size);
}

/* `why` is an offset in l->whys until all are there. */
static void look_at_wall(struct looking *l, const struct sbk_change *made,
			 struct sbk_nt_wall *out, size_t *why)
{
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	struct sbk_error problem = SBK_ERROR_INIT;

	out->object = made->object;
	if (sbk_backend_observe(&l->backend, &made->object, &seen, &problem) <
	    0) {
		out->state = SBK_NT_WALL_UNKNOWN;
		*why = l->whys.size;
		sbk_buf_adds(&l->whys, problem.message);
		sbk_buf_addc(&l->whys, '\0');
	} else {
		out->state = sbk_nt_status_compare(
			made->after, sbk_observation_state(&seen));
		if (made->object.kind == SBK_KIND_FILTERS)
			keep_filters(l, sbk_observation_state(&seen));
	}
	sbk_observation_release(&seen);
}

static int look_at_walls(struct looking *l, struct sbk_error *err)
{
	const size_t count = sbk_plan_count(l->walls);
	size_t *whys = calloc(count + 1, sizeof(*whys));
	size_t i;
	int rc = 0;

	l->found = calloc(count + 1, sizeof(*l->found));
	if (l->found == NULL || whys == NULL)
		rc = sbk_error_no_memory(err);
	for (i = 0; rc == 0 && i < count; i++)
		look_at_wall(l, sbk_plan_at(l->walls, i), &l->found[i],
			     &whys[i]);
	if (rc == 0)
		rc = sbk_buf_failed(&l->whys, err);
	if (rc == 0)
		rc = sbk_buf_failed(&l->filters, err);
	for (i = 0; rc == 0 && i < count; i++)
		if (l->found[i].state == SBK_NT_WALL_UNKNOWN)
			l->found[i].why = l->whys.data + whys[i];
	free(whys);
	return rc;
}

struct counting {
	size_t count;
	struct sbk_buf last;  /* the rule that was met last */
	struct sbk_error why; /* of a place that was missed */
};

static int count_filter(void *arg, const struct sbk_win32_named_filter *filter,
			struct sbk_error *err)
{
	struct counting *counting = arg;

	(void)err;
	counting->count += filter->is_first && filter->is_of_ours;
	return 0;
}

/* One that names two accounts is met twice, one behind the other. */
static int count_rule(void *arg, const struct sbk_mention *mention,
		      struct sbk_error *err)
{
	struct counting *counting = arg;

	if (mention->place != SBK_MENTION_RULE || !mention->is_ours ||
	    strcmp(sbk_buf_text(&counting->last), mention->object) == 0)
		return 0;
	counting->count++;
	sbk_buf_clear(&counting->last);
	sbk_buf_adds(&counting->last, mention->object);
	return sbk_buf_failed(&counting->last, err);
}

static int miss_rules(void *arg, const char *place, const char *why,
		      struct sbk_error *err)
{
	struct counting *counting = arg;

	(void)place;
	(void)err;
	(void)sbk_error_set(&counting->why, SBK_E_IO, "%s", why);
	return 0;
}

static int say_walls(struct looking *l, struct sbk_error *err)
{
	struct counting rules = {.last = SBK_BUF_INIT}, filters = rules;
	const struct sbk_mention_reader reader = {.found = count_rule,
						  .missed = miss_rules,
						  .skipped = miss_rules,
						  .arg = &rules};
	const struct sbk_principals *accounts = l->asked->principals;
	struct sbk_nt_walls walls = {.items = l->found,
				     .count = sbk_plan_count(l->walls)};
	size_t i, recorded = 0;
	int rc = sbk_mentions_in_rules(&reader, err);

	if (rc == 0 && sbk_win32_each_filter(count_filter, &filters,
					     &filters.why) == SBK_E_NOMEM)
		rc = sbk_error_no_memory(err);
	for (i = 0; i < walls.count; i++)
		recorded += l->found[i].object.kind == SBK_KIND_FIREWALL;
	for (i = 0; i < accounts->count; i++)
		walls.accounts += sbk_principal_is_account(&accounts->items[i]);
	walls.records_why =
		l->records.code != SBK_OK ? l->records.message : NULL;
	walls.rules_why = rules.why.code != SBK_OK ? rules.why.message : NULL;
	walls.filters_why =
		filters.why.code != SBK_OK ? filters.why.message : NULL;
	if (rules.count > recorded)
		walls.more_rules = rules.count - recorded;
	if (filters.count > l->our_filters)
		walls.more_filters = filters.count - l->our_filters;
	sbk_nt_status_walls(&walls, &l->report->places[SBK_STATUS_OF_WALLS]);
	sbk_buf_release(&rules.last);
	return rc;
}

/* --- accounts ------------------------------------------------------------- */

static void look_at_flags(const struct looking *l,
			  const struct sbk_principal *principal,
			  struct sbk_nt_account_facts *out)
{
	struct sbk_win32_account account = SBK_WIN32_ACCOUNT_INIT;
	struct sbk_error why = SBK_ERROR_INIT;
	struct sbk_sid_text sid;
	int rc = sbk_win32_account_find(principal->name, false, &account, &why);

	if (rc == 0 &&
	    strcmp(sbk_sid_format(&account.sid, &sid), principal->id) != 0)
		rc = sbk_error_set(&why, SBK_E_CONFLICT,
				   "its name is another account's by now");
	out->is_known = rc == 0;
	out->flags = account.flags;
	out->is_recorded = is_recorded(l, principal->id);
	if (rc < 0)
		(void)snprintf(out->flags_why, sizeof(out->flags_why), "%s",
			       why.message);
	sbk_win32_account_release(&account);
}

static void look_at_password(const struct looking *l,
			     const struct sbk_principal *principal,
			     struct sbk_nt_account_facts *out)
{
	struct sbk_secret secret = SBK_SECRET_INIT;
	struct sbk_error why = SBK_ERROR_INIT;
	int rc;

	if (!l->knows_caller ||
	    !sbk_owner_equal(&l->caller.id, &principal->person)) {
		out->password = SBK_NT_PASSWORD_OTHERS;
		return;
	}
	rc = sbk_own_account_open(principal, &secret, &why);
	sbk_secret_release(&secret);
	switch (rc) {
	case 0:
		out->password = SBK_NT_PASSWORD_OPENS;
		return;
	case SBK_E_NOTFOUND:
		out->password = SBK_NT_PASSWORD_NONE;
		break;
	case SBK_E_CORRUPT:
	case SBK_E_CONFLICT:
		out->password = SBK_NT_PASSWORD_LOST;
		break;
	default:
		out->password = SBK_NT_PASSWORD_UNKNOWN;
	}
	(void)snprintf(out->password_why, sizeof(out->password_why), "%s",
		       why.message);
}

static void look_at_person(const struct sbk_principal *principal,
			   struct sbk_nt_account_facts *out)
{
	struct sbk_person person;
	int rc = sbk_os_person_by_id(&principal->person, &person, NULL);

	out->person_gone = rc == SBK_E_NOTFOUND;
	if (rc == 0)
		(void)snprintf(out->person, sizeof(out->person), "%s",
			       person.name);
}

static void say_accounts(struct looking *l)
{
	const struct sbk_principals *list = l->asked->principals;
	size_t i;

	for (i = 0; i < list->count; i++) {
		struct sbk_nt_account_facts facts = {.flags = 0};

		if (!sbk_principal_is_account(&list->items[i]))
			continue;
		look_at_person(&list->items[i], &facts);
		look_at_flags(l, &list->items[i], &facts);
		look_at_password(l, &list->items[i], &facts);
		sbk_nt_status_account(&facts, &l->report->accounts[i]);
	}
}

/* --- modes ---------------------------------------------------------------- */

static bool is_held(const struct looking *l, const struct sbk_sid *sid)
{
	return sbk_nt_status_holds(
		(struct sbk_state){l->filters.data, l->filters.size}, sid);
}

#define LET_GO                                                       \
	"the network filters that stand there do not hold it back: " \
	"'sandbook setup --upgrade' makes them anew"

/* Whether a run can be this account's, whose password opened. */
static bool judge_account(const struct looking *l, enum sbk_network network,
			  const struct sbk_own_account *account,
			  char out[DETAIL_MAX])
{
	enum sbk_account_standing standing = SBK_ACCOUNT_GONE;
	struct sbk_error why = SBK_ERROR_INIT;
	const char *name = account->principal.name;
	const int rc = sbk_account_standing(&account->secret.label.sid,
					    &standing, &why);

	if (rc == 0 && standing != SBK_ACCOUNT_ENABLED) {
		(void)snprintf(out, DETAIL_MAX,
			       "'%s' is disabled: this user's own 'sandbook "
			       "setup' enables it",
			       name);
		return false;
	}
	if (network == SBK_NETWORK_OFF && l->filters_seen &&
	    !is_held(l, &account->secret.label.sid)) {
		(void)snprintf(out, DETAIL_MAX, "as '%s': " LET_GO, name);
		return false;
	}
	(void)snprintf(out, DETAIL_MAX, "as '%s'%s%s%s", name,
		       network == SBK_NETWORK_OFF
			       ? ", whose network is tried before each run"
			       : "",
		       rc < 0 ? "; whether it is enabled is not known: " : "",
		       rc < 0 ? why.message : "");
	return true;
}

#define NOT_ENROLLED "this user has none ('sandbook setup' makes it)"

static void look_at_account(const struct looking *l, enum sbk_network network,
			    struct sbk_nt_mode *mode, char detail[DETAIL_MAX])
{
	struct sbk_own_account account;
	char missing[SBK_ACCOUNT_MISSING_MAX];

	sbk_own_account_choose(SBK_ACCOUNT_WISH_AUTO, network, &account,
			       missing);
	if (account.wanted)
		mode->can_begin = judge_account(l, network, &account, detail);
	else
		(void)snprintf(detail, DETAIL_MAX, "%s",
			       missing[0] != '\0' ? missing : NOT_ENROLLED);
	sbk_own_account_end(&account);
	mode->detail = detail;
}

/* The probe tried the token where there is no account. */
static void look_at_user(const struct looking *l, struct sbk_nt_mode *mode,
			 char detail[DETAIL_MAX])
{
	const struct sbk_carriers *carriers = l->asked->carriers;
	const bool writes = carriers->names[SBK_GUARANTEE_WRITES][0] != '\0';
	struct sbk_error why = SBK_ERROR_INIT;

	mode->detail = detail;
	mode->can_begin = sbk_run_parts_secrets(&why) == 0 && writes;
	(void)snprintf(detail, DETAIL_MAX, "%s",
		       why.code != SBK_OK ? why.message
		       : !writes ? carriers->missing[SBK_GUARANTEE_WRITES]
				 : "with --best-effort; the user's own token, "
				   "write-restricted as just tried, and "
				   "neither reads nor network are held");
}

static void say_modes(struct looking *l)
{
	char details[3][DETAIL_MAX];
	struct sbk_nt_mode modes[3] = {{.name = "offline account"},
				       {.name = "online account"},
				       {.name = "no account"}};

	look_at_account(l, SBK_NETWORK_OFF, &modes[0], details[0]);
	look_at_account(l, SBK_NETWORK_ON, &modes[1], details[1]);
	look_at_user(l, &modes[2], details[2]);
	sbk_nt_status_modes(modes, 3, &l->report->places[SBK_STATUS_OF_RUNS]);
}

/* What was found of the filters, of the account of the asked network. */
static void correct_carriers(struct looking *l)
{
	const enum sbk_guarantee net = SBK_GUARANTEE_NETWORK;
	struct sbk_carriers *carriers = l->asked->carriers;
	struct sbk_sid sid;
	const char *text = carriers->account_owner.text;

	l->report->known = carriers->account == 0
				   ? "as just tried"
				   : "whose network each run tries first";
	if (carriers->account == 0 || !carriers->firewall || !l->filters_seen ||
	    sbk_sid_parse(text, strlen(text), &sid, NULL) < 0 ||
	    is_held(l, &sid))
		return;
	carriers->firewall = false;
	carriers->names[net][0] = '\0';
	(void)snprintf(carriers->missing[net], sizeof(carriers->missing[net]),
		       LET_GO);
}

/* --- journals ------------------------------------------------------------- */

static void say_signatures(const struct looking *l, enum sbk_book book,
			   const struct sbk_person *person,
			   enum sbk_status_place place)
{
	const struct sbk_ledger *ledger = l->asked->ledger;
	struct sbk_nt_signatures said = {.anchor = NULL};
	struct sbk_arena arena = SBK_ARENA_INIT;
	struct sbk_error why = SBK_ERROR_INIT;
	const char *const *words = NULL;

	/* That it cannot be read, or is not there, its own line says. */
	if (ledger->ops->signed_to(ledger->self, book, &said.entries,
				   &said.covered, NULL) < 0)
		return;
	if (sbk_policy_anchor(person, &arena, &words, &why) < 0)
		said.anchor_why = why.message;
	else if (words != NULL)
		said.anchor = words[0];
	sbk_nt_status_signatures(&said, &l->report->places[place]);
	sbk_arena_release(&arena);
}

/* -------------------------------------------------------------------------- */

static int look(struct looking *l, struct sbk_error *err)
{
	int rc = load_records(l, err);

	if (rc == 0)
		rc = look_at_walls(l, err);
	if (rc < 0)
		return rc;
	correct_carriers(l);
	say_modes(l);
	say_accounts(l);
	say_signatures(l, SBK_BOOK_MACHINE, NULL, SBK_STATUS_OF_MACHINE_BOOK);
	if (l->knows_caller)
		say_signatures(l, SBK_BOOK_USER, &l->caller,
			       SBK_STATUS_OF_USER_BOOK);
	return say_walls(l, err);
}

int sbk_status_system(const struct sbk_status_asked *asked,
		      struct sbk_status_report *out, struct sbk_error *err)
{
	struct looking l = {
		.asked = asked, .report = out, .records = SBK_ERROR_INIT};
	int rc = sbk_os_backend(&l.backend, err);

	l.knows_caller = sbk_os_caller(&l.caller, NULL) == 0;
	if (rc == 0)
		rc = look(&l, err);
	sbk_backend_close(&l.backend);
	sbk_plan_free(l.walls);
	sbk_plan_free(l.logons);
	free(l.found);
	sbk_buf_release(&l.whys);
	sbk_buf_release(&l.filters);
	return rc;
}
