/*
 * The plan of setup: who is enrolled already, and so which number, nonces and
 * installation it is made with. The order of the changes is setup_plan.c's.
 * Reads the host through the backend and the account database, changes nothing.
 *
 * The installation is the nonce of the group that all accounts are in: random,
 * in the journal before the group is made, and then on the host, in the
 * comment that only an administrator writes. A second person's setup finds it
 * there.
 */
#include "engine/plan_setup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/os.h"
#include "engine/windows/at_rest.h"
#include "engine/windows/delivery.h"
#include "engine/windows/firewall_rules.h"
#include "engine/windows/principals.h"
#include "engine/windows/setup_plan.h"
#include "engine/windows/setup_probe.h"
#include "engine/windows/user_profile.h"
#include "engine/windows/win32_accounts.h"

#include "engine/banned.h"

#define PEOPLE_MAX SBK_FILTER_USERS_MAX

/* One person to be enrolled, or to get what is missing. */
struct one {
	struct sbk_owner person;
	struct sbk_nt_setup setup;
};

struct planning {
	struct sbk_backend backend; /* borrowed, for the second part */
	bool is_found;		    /* the group */
	char installation[SBK_NT_NONCE_DIGITS + 1];
	char profiles[SBK_PATH_MAX]; /* "C:/Users" */
	struct one *people;
	size_t count;
	struct sbk_setup_delivery *delivery; /* borrowed, or NULL */
	bool renews; /* everybody, and the pipe's owner gets new passwords */
};

static void release(void *arg)
{
	struct planning *p = arg;

	if (p != NULL)
		free(p->people);
	free(p);
}

static struct one *find_one(struct planning *p, const struct sbk_owner *person)
{
	size_t i;

	for (i = 0; i < p->count; i++)
		if (sbk_owner_equal(&p->people[i].person, person))
			return &p->people[i];
	return NULL;
}

static int add_one(struct planning *p, const struct sbk_owner *person,
		   struct one **out, struct sbk_error *err)
{
	struct one *grown;

	if (p->count == PEOPLE_MAX)
		return sbk_error_set(err, SBK_E_LIMIT, "too many are enrolled");
	grown = realloc(p->people, (p->count + 1) * sizeof(*grown));
	if (grown == NULL)
		return sbk_error_no_memory(err);
	p->people = grown;
	*out = &grown[p->count++];
	memset(*out, 0, sizeof(**out));
	(*out)->person = *person;
	return 0;
}

/* What stands: the installation, and whose accounts have which number. */
static int take(void *arg, const struct sbk_principal *principal,
		const char *nonce, struct sbk_error *err)
{
	struct planning *p = arg;
	const unsigned number = sbk_nt_person_number(principal->name);
	struct one *one;
	int rc = 0;

	if (principal->role == SBK_PRINCIPAL_GROUP) {
		if (p->is_found)
			return sbk_error_set(err, SBK_E_CONFLICT,
					     "there are two groups of "
					     "Sandbook's; remove '%s' or the "
					     "other one",
					     principal->name);
		p->is_found = true;
		memcpy(p->installation, nonce, sizeof(p->installation));
		return 0;
	}
	one = find_one(p, &principal->person);
	if (one == NULL)
		rc = add_one(p, &principal->person, &one, err);
	if (rc == 0 && number == 0)
		rc = sbk_error_set(
			err, SBK_E_CONFLICT,
			"'%s' is an account of Sandbook's that was "
			"renamed; give it its name back, or 'sandbook "
			"setup --remove-user %s'",
			principal->name, principal->person.text);
	if (rc == 0)
		one->setup.number = number;
	return rc;
}

static unsigned free_number(const struct planning *p)
{
	unsigned number = 1;
	size_t i;

	for (i = 0; i < p->count; i++) {
		if (p->people[i].setup.number != number)
			continue;
		number++;
		i = (size_t)-1; /* begin anew: they are in no order */
	}
	return number;
}

static int make_nonce(char out[SBK_NT_NONCE_DIGITS + 1], struct sbk_error *err)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t bytes[SBK_NT_NONCE_DIGITS / 2];
	size_t i;
	int rc = sbk_win32_random(NULL, bytes, sizeof(bytes), err);

	if (rc < 0)
		return rc;
	for (i = 0; i < sizeof(bytes); i++) {
		out[2 * i] = digits[bytes[i] >> 4];
		out[2 * i + 1] = digits[bytes[i] & 15];
	}
	out[SBK_NT_NONCE_DIGITS] = '\0';
	return 0;
}

/* All that setup_plan.c asks its caller for. */
static int complete(struct planning *p, struct one *one, struct sbk_error *err)
{
	struct sbk_nt_setup *s = &one->setup;
	int role, rc = 0;

	s->backend = &p->backend;
	s->installation = p->installation;
	s->person = one->person.text;
	if (s->number == 0)
		s->number = free_number(p);
	s->renews = p->renews;
	if (p->delivery != NULL &&
	    (!p->renews || sbk_setup_delivery_is_to(p->delivery, &one->person)))
		sbk_setup_delivery_use(p->delivery, s);
	s->first_port = SBK_NT_PROXY_FIRST_PORT;
	s->last_port = SBK_NT_PROXY_LAST_PORT;
	s->profiles = p->profiles;
	s->probe = sbk_nt_setup_probe_accounts;
	memcpy(s->nonces[0], p->installation, sizeof(s->nonces[0]));
	for (role = 0; rc == 0 && role < SBK_NT_ROLE_COUNT; role++)
		rc = make_nonce(s->nonces[1 + role], err);
	return rc;
}

/* An account of ours enrols nobody, and is nobody who is enrolled. */
static int check_person(const struct sbk_person *person, struct sbk_error *err)
{
	struct sbk_principals list = {.items = NULL};
	size_t i;
	int rc = sbk_principals_find(&list, err);

	for (i = 0; rc == 0 && i < list.count; i++)
		if (sbk_owner_equal(&list.items[i].owner, &person->id))
			rc = sbk_error_set(err, SBK_E_INVAL,
					   "'%s' is a sandbox account itself",
					   person->name);
	sbk_principals_release(&list);
	return rc;
}

static int find_people(struct planning *p, const struct sbk_person *person,
		       struct sbk_error *err)
{
	struct one *one = NULL, kept;
	int rc = sbk_nt_principals_visit(take, p, err);

	if (rc == 0 && !p->is_found)
		rc = make_nonce(p->installation, err);
	if (rc < 0 || person == NULL)
		return rc;
	one = find_one(p, &person->id);
	if (one == NULL)
		rc = add_one(p, &person->id, &one, err);
	if (rc < 0)
		return rc;
	if (one->setup.number == 0)
		one->setup.number = free_number(p);
	/* Of the others no more is wanted. */
	kept = *one;
	p->people[0] = kept;
	p->count = 1;
	return 0;
}

/* The second part, of one person at a time: the filters of the next one are
 * planned when those of this one stand. */
static int more(void *arg, struct sbk_plan *plan, struct sbk_error *err)
{
	struct planning *p = arg;
	const size_t before = sbk_plan_count(plan);
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < p->count && sbk_plan_count(plan) == before;
	     i++)
		rc = sbk_nt_setup_more(&p->people[i].setup, plan, err);
	return rc;
}

/* What the second part brings, and what it cannot. */
static int add_notes(const struct planning *p, struct sbk_plan *plan,
		     struct sbk_error *err)
{
	const size_t count = sbk_plan_count(plan);
	bool delivers = false, waits = false;
	size_t i;
	int rc = 0;

	for (i = 0; i < p->count; i++) {
		const struct sbk_nt_setup *s = &p->people[i].setup;

		delivers |= s->deliver != NULL && (s->incomplete || s->renews);
		waits |= s->deliver == NULL && s->incomplete;
	}
	if (count > 0)
		rc = sbk_plan_add_note(
			plan, err,
			"when the accounts are there: what is missing of "
			"their memberships, the logons that are denied to "
			"them, the network filters");
	if (rc == 0 && delivers)
		rc = sbk_plan_add_note(plan, err,
				       "last, their passwords are handed over "
				       "to the person, they are enabled, and "
				       "the network is tried as each: what the "
				       "filters do not hold back undoes all");
	if (rc == 0 && count > 0 && !delivers && !waits)
		rc = sbk_plan_add_note(
			plan, err,
			"the accounts are enabled and their passwords are not "
			"known here, so the network is not tried by this: the "
			"person's own 'sandbook setup' tries it when this is "
			"done, and each run does");
	if (rc == 0 && waits)
		rc = sbk_plan_add_note(
			plan, err,
			"accounts stay disabled until the person's own "
			"'sandbook setup' takes their passwords");
	return rc;
}

/* Of accounts that are to be made: where the profile of each will be. Nothing
 * else may stand there, which is known before the first change. */
static int announce_profiles(struct planning *p, struct sbk_plan *plan,
			     struct sbk_error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < sbk_plan_count(plan); i++) {
		const struct sbk_object *object = &sbk_plan_at(plan, i)->object;
		char place[SBK_PATH_MAX];

		/* One that stands has its own, and gets a password. */
		if (object->kind != SBK_KIND_ACCOUNT ||
		    !sbk_state_absent(sbk_plan_at(plan, i)->before))
			continue;
		if (snprintf(place, sizeof(place), "%s/%s", p->profiles,
			     object->name) >= (int)sizeof(place))
			rc = sbk_error_set(err, SBK_E_LIMIT,
					   "the folder of all profiles has too "
					   "long a name");
		if (rc == 0)
			rc = sbk_user_profile_check_free(place, err);
		if (rc == 0)
			rc = sbk_plan_add_note(plan, err,
					       "when '%s' is there: its "
					       "profile, '%s'",
					       object->name, place);
	}
	return rc;
}

static int plan_all(struct planning *p, struct sbk_plan *plan,
		    struct sbk_error *err)
{
	size_t i;
	int rc = sbk_user_profiles_folder(p->profiles, err);

	for (i = 0; rc == 0 && i < p->count; i++)
		rc = complete(p, &p->people[i], err);
	for (i = 0; rc == 0 && i < p->count; i++)
		rc = sbk_nt_setup_plan(&p->people[i].setup, plan, err);
	/* Where the accounts stand, what is missing is known at once. */
	if (rc == 0 && sbk_plan_count(plan) == 0)
		rc = more(p, plan, err);
	else if (rc == 0)
		rc = announce_profiles(p, plan, err);
	return rc < 0 ? rc : add_notes(p, plan, err);
}

int sbk_plan_setup(const struct sbk_backend *backend,
		   const struct sbk_person *person,
		   struct sbk_setup_delivery *delivery, struct sbk_plan *plan,
		   struct sbk_error *err)
{
	struct planning *p = calloc(1, sizeof(*p));
	int rc = p == NULL ? sbk_error_no_memory(err) : 0;

	if (rc == 0 && !sbk_os_elevated())
		rc = sbk_error_set(err, SBK_E_DENIED,
				   "setup makes accounts and network filters "
				   "and needs an administrator");
	if (rc == 0 && person != NULL)
		rc = check_person(person, err);
	if (rc == 0) {
		p->backend = *backend;
		p->delivery = delivery;
		p->renews = person == NULL;
		rc = find_people(p, person, err);
	}
	if (rc == 0 && p->count == 0)
		rc = sbk_error_set(err, SBK_E_NOTFOUND,
				   "nobody is enrolled on this machine");
	if (rc == 0)
		rc = plan_all(p, plan, err);
	if (rc < 0) {
		release(p);
		return rc;
	}
	sbk_plan_then(plan, more, p, release);
	return 0;
}

/* --- one person's part ------------------------------------------------ */

/* Whether a name has the account's SID as its first part, or its last. */
static bool names_sid(const char *name, const struct sbk_principal *account)
{
	const size_t size = strlen(account->id), whole = strlen(name);

	if (whole == size)
		return strcmp(name, account->id) == 0;
	if (whole < size + 1)
		return false;
	return (strncmp(name, account->id, size) == 0 && name[size] == ':') ||
	       (strcmp(name + whole - size, account->id) == 0 &&
		name[whole - size - 1] == ':');
}

/* Whether a firewall rule is the account's. */
static bool blocks(const char *name, const struct sbk_principal *account)
{
	enum sbk_firewall_direction direction;
	struct sbk_sid_text text;
	struct sbk_sid user;

	return sbk_firewall_name_parse(name, &user, &direction) &&
	       strcmp(sbk_sid_format(&user, &text), account->id) == 0;
}

/* Whether the filters that the change added are for the account. */
static bool filters_name(const struct sbk_change *change,
			 const struct sbk_principal *account)
{
	struct sbk_filter_set before, after;
	bool had = false, has = false;
	struct sbk_sid sid;
	size_t i;

	if (sbk_sid_parse(account->id, strlen(account->id), &sid, NULL) < 0)
		return false;
	if (sbk_filter_set_parse(&before, change->before, NULL) == 0)
		for (i = 0; i < before.count; i++)
			had |= !before.filters[i].is_other &&
			       sbk_sid_equal(&before.filters[i].user, &sid);
	if (sbk_filter_set_parse(&after, change->after, NULL) == 0)
		for (i = 0; i < after.count; i++)
			has |= !after.filters[i].is_other &&
			       sbk_sid_equal(&after.filters[i].user, &sid);
	sbk_filter_set_release(&before);
	sbk_filter_set_release(&after);
	return has && !had;
}

static bool is_value_of(const char *name, const struct sbk_principal *account)
{
	const char *colon = strrchr(name, ':');

	return colon != NULL && strcmp(colon + 1, account->name) == 0;
}

/* What an earlier removal could not take, of an account that went all the same:
 * nobody has its SID or name any more, so it is nobody else's. */
static bool is_gone(const char *text, size_t size)
{
	enum sbk_account_standing standing = SBK_ACCOUNT_ENABLED;
	struct sbk_sid sid;

	return strncmp(text, "S-1-5-21-", 9) == 0 &&
	       sbk_sid_parse(text, size, &sid, NULL) == 0 &&
	       sbk_account_standing(&sid, &standing, NULL) == 0 &&
	       standing == SBK_ACCOUNT_GONE;
}

static bool adds_filters_of_gone(const struct sbk_change *change)
{
	struct sbk_principal account = {.role = SBK_PRINCIPAL_ACCOUNT};
	struct sbk_filter_set after;
	struct sbk_sid_text text;
	bool found = false;
	size_t i;

	if (sbk_filter_set_parse(&after, change->after, NULL) < 0)
		return false;
	for (i = 0; !found && i < after.count; i++) {
		(void)sbk_sid_format(&after.filters[i].user, &text);
		(void)snprintf(account.id, sizeof(account.id), "%s", text.text);
		found = is_gone(text.text, strlen(text.text)) &&
			filters_name(change, &account);
	}
	sbk_filter_set_release(&after);
	return found;
}

static bool is_left_of_gone(const struct sbk_change *change)
{
	const char *name = change->object.name, *colon = strrchr(name, ':');
	enum sbk_firewall_direction direction;
	struct sbk_sid_text text;
	struct sbk_sid sid;

	if (change->status != SBK_STATUS_OWED)
		return false;
	switch (change->object.kind) {
	case SBK_KIND_LOGON:
	case SBK_KIND_RIGHT:
	case SBK_KIND_FOLDER:
		return is_gone(name, strcspn(name, ":"));
	case SBK_KIND_MEMBER:
		return colon != NULL && is_gone(colon + 1, strlen(colon + 1));
	case SBK_KIND_REGISTRY:
		return colon != NULL &&
		       sbk_win32_sid_of(colon + 1, &sid, NULL) ==
			       SBK_E_NOTFOUND;
	case SBK_KIND_FIREWALL:
		if (!sbk_firewall_name_parse(name, &sid, &direction))
			return false;
		(void)sbk_sid_format(&sid, &text);
		return is_gone(text.text, strlen(text.text));
	case SBK_KIND_FILTERS:
		return adds_filters_of_gone(change);
	default:
		return false;
	}
}

bool sbk_setup_is_of(const struct sbk_change *change,
		     const struct sbk_principals *now,
		     const struct sbk_owner *person)
{
	const char *name = change->object.name;
	size_t i;

	if (change->object.kind == SBK_KIND_ACCOUNT)
		return sbk_nt_state_is_of(sbk_state_absent(change->after)
						  ? change->before
						  : change->after,
					  person);
	for (i = 0; i < now->count; i++) {
		const struct sbk_principal *account = &now->items[i];

		if (!sbk_principal_is_account(account) ||
		    !sbk_owner_equal(&account->person, person))
			continue;
		if (change->object.kind == SBK_KIND_REGISTRY
			    ? is_value_of(name, account)
		    : change->object.kind == SBK_KIND_FILTERS
			    ? filters_name(change, account)
		    : change->object.kind == SBK_KIND_FIREWALL
			    ? blocks(name, account)
			    : names_sid(name, account))
			return true;
	}
	return is_left_of_gone(change);
}

/* Each person's filters are changes of their own, and are undone with them. */
int sbk_plan_without(const struct sbk_backend *backend,
		     const struct sbk_owner *person, struct sbk_plan *plan,
		     struct sbk_error *err)
{
	(void)backend;
	(void)person;
	(void)plan;
	(void)err;
	return 0;
}

/* No service reads files of ours. */
int sbk_setup_reload(struct sbk_error *err)
{
	(void)err;
	return 0;
}

/* The handover was the trial: without the person's proof nothing is enabled. */
int sbk_setup_try_account(enum sbk_principal_role role, struct sbk_error *err)
{
	(void)role;
	return sbk_error_set(err, SBK_E_UNSUPPORTED,
			     "an account is tried by handing its password "
			     "over, and by a run");
}

int sbk_setup_try(struct sbk_error *err)
{
	return sbk_setup_try_account(SBK_PRINCIPAL_OFFLINE, err);
}
