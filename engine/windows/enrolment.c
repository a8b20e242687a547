/*
 * What others put around our accounts and their group, from the account
 * database and the local policy: who else is in the group, what groups and
 * rights an account was given besides, who passes for one of ours, whose person
 * is gone. Names and SIDs only; changes nothing.
 *
 * Direct members are looked at: a local group cannot be in another
 * ("NetLocalGroupAddMembers function (lmaccess.h)"), and what an account has as
 * everybody has it (Authenticated Users) is the scope's to say (audit/scope.h).
 */
#include "engine/enrolment.h"

#include <stdio.h>
#include <string.h>

#include "engine/os.h"
#include "engine/windows/principal_rules.h"
#include "engine/windows/setup_plan.h"
#include "engine/windows/win32_accounts.h"
#include "engine/windows/win32_census.h"
#include "engine/windows/win32_rights.h"

#include "engine/banned.h"

#define TEXT_MAX 768
#define USERS "S-1-5-32-545"

struct check {
	const struct sbk_enrolment_reader *reader;
	struct sbk_principals ours;
	char users[SBK_NAME_MAX]; /* how this system calls them */
	bool groups;		  /* the list that is looked at is of these */
	const char *group;	  /* whose members are */
	const struct sbk_principal *principal; /* whose rights are */
	LSA_HANDLE policy;
	bool stopped; /* by the reader */
};

static int tell(struct check *c, enum sbk_enrolment_flaw_kind kind,
		const struct sbk_principal *principal, const char *object,
		const char *text, const char *remedy, struct sbk_error *err)
{
	const struct sbk_enrolment_flaw flaw = {
		.kind = kind,
		.principal = principal,
		.object = object,
		.text = text,
		.remedy = remedy,
	};

	int rc = c->reader->found(c->reader->arg, &flaw, err);

	c->stopped = c->stopped || rc < 0;
	return rc;
}

/* A look that failed with `rc`: that something was not seen is told, and the
 * rest is looked at. */
static int miss(struct check *c, const char *place, int rc,
		const struct sbk_error *why, struct sbk_error *err)
{
	if (c->stopped || rc == SBK_E_NOMEM)
		return sbk_error_set(err, rc, "%s", why->message);
	rc = c->reader->missed(c->reader->arg, place, why->message, err);
	c->stopped = rc < 0;
	return rc;
}

static const struct sbk_principal *find_id(const struct check *c,
					   const char *id)
{
	size_t i;

	for (i = 0; i < c->ours.count; i++)
		if (strcmp(c->ours.items[i].id, id) == 0)
			return &c->ours.items[i];
	return NULL;
}

/* A word of PowerShell's, in which nothing but the quote means something
 * ("about_Quoting_Rules"). */
static void add_word(struct sbk_buf *out, const char *text)
{
	sbk_buf_addc(out, '\'');
	for (; *text != '\0'; text++) {
		if (*text == '\'')
			sbk_buf_addc(out, '\'');
		sbk_buf_addc(out, *text);
	}
	sbk_buf_addc(out, '\'');
}

/* --- members of groups ------------------------------------------------ */

/* "Remove-LocalGroupMember" takes a SID, also one that nobody has. */
static int tell_member(struct check *c, enum sbk_enrolment_flaw_kind kind,
		       const struct sbk_principal *principal,
		       const char *member, const char *text,
		       struct sbk_error *err)
{
	struct sbk_buf remedy = SBK_BUF_INIT;
	int rc;

	sbk_buf_adds(&remedy,
		     "in an elevated PowerShell: Remove-LocalGroupMember "
		     "-Group ");
	add_word(&remedy, c->group);
	sbk_buf_printf(&remedy, " -Member %s", member);
	rc = sbk_buf_failed(&remedy, err);
	if (rc == 0)
		rc = tell(c, kind, principal, c->group, text,
			  sbk_buf_text(&remedy), err);
	sbk_buf_release(&remedy);
	return rc;
}

static int tell_stranger(struct check *c, const struct sbk_sid *sid,
			 const char *id, struct sbk_error *err)
{
	struct sbk_buf name = SBK_BUF_INIT;
	char text[TEXT_MAX];
	int rc;

	/* One whose account is gone has no name, and is a member all the same.
	 */
	if (sbk_win32_name_of(sid, &name, NULL) < 0)
		sbk_buf_clear(&name);
	(void)snprintf(text, sizeof(text),
		       "'%.256s' is a member of the group '%.128s', and has "
		       "what is granted to it",
		       name.size > 0 ? sbk_buf_text(&name) : id, c->group);
	rc = tell_member(c, SBK_ENROLMENT_MEMBER, &c->ours.items[0], id, text,
			 err);
	sbk_buf_release(&name);
	return rc;
}

static int look_at_member(void *arg, const struct sbk_sid *sid,
			  struct sbk_error *err)
{
	struct check *c = arg;
	const struct sbk_principal *ours;
	struct sbk_sid_text id;
	char text[TEXT_MAX];

	(void)sbk_sid_format(sid, &id);
	ours = find_id(c, id.text);
	if (c->ours.items[0].role == SBK_PRINCIPAL_GROUP &&
	    strcmp(c->group, c->ours.items[0].name) == 0)
		return ours != NULL && sbk_principal_is_account(ours)
			       ? 0
			       : tell_stranger(c, sid, id.text, err);
	if (ours == NULL || strcmp(c->group, c->users) == 0)
		return 0;
	(void)snprintf(text, sizeof(text),
		       "'%.128s' is a member of the group '%.256s', in which "
		       "setup did not put it, and its commands have what that "
		       "group has",
		       ours->name, c->group);
	return tell_member(c, SBK_ENROLMENT_GROUP, ours, id.text, text, err);
}

static int look_at_members(struct check *c, const char *group,
			   struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	char place[TEXT_MAX];
	int rc;

	c->group = group;
	rc = sbk_win32_each_member(group, look_at_member, c, &why);
	if (rc == 0 || rc == SBK_E_NOTFOUND) /* it went meanwhile */
		return 0;
	(void)snprintf(place, sizeof(place), "members of the group '%.256s'",
		       group);
	return miss(c, place, rc, &why, err);
}

/* --- comments --------------------------------------------------------- */

/* Whom of ours a comment speaks of, or the first one. */
static const struct sbk_principal *find_claimed(const struct check *c,
						const struct sbk_principal *who)
{
	const struct sbk_principal *found =
		sbk_principals_get(&c->ours, who->role, &who->person);

	return found != NULL ? found : &c->ours.items[0];
}

static int tell_copy(struct check *c, const struct sbk_principal *principal,
		     const char *name, struct sbk_error *err)
{
	struct sbk_buf remedy = SBK_BUF_INIT;
	char text[TEXT_MAX];
	int rc;

	(void)snprintf(
		text, sizeof(text),
		"the comment of '%.256s' says that it is Sandbook's, and "
		"it is not: the comment names another SID, or none",
		name);
	sbk_buf_printf(&remedy, "in an elevated PowerShell: %s -Name ",
		       c->groups ? "Set-LocalGroup" : "Set-LocalUser");
	add_word(&remedy, name);
	sbk_buf_adds(&remedy, " -Description '-'");
	rc = sbk_buf_failed(&remedy, err);
	if (rc == 0)
		rc = tell(c, SBK_ENROLMENT_COPY, principal, name, text,
			  sbk_buf_text(&remedy), err);
	sbk_buf_release(&remedy);
	return rc;
}

/* Of a list of accounts or groups. */
static int look_at_one(void *arg, const char *name, const char *comment,
		       struct sbk_error *err)
{
	struct check *c = arg;
	struct sbk_principal claimed;
	size_t i;
	int rc = c->groups ? look_at_members(c, name, err) : 0;

	if (rc < 0 || !sbk_nt_principal_claims(comment, &claimed))
		return rc;
	for (i = 0; i < c->ours.count; i++)
		if (strcmp(c->ours.items[i].name, name) == 0)
			return 0;
	return tell_copy(c, find_claimed(c, &claimed), name, err);
}

/* Two that both bear their own SID: only an administrator can make the other
 * one, and which of them a run would take is nobody's choice. */
static int look_for_second(struct check *c, struct sbk_error *err)
{
	char text[TEXT_MAX];
	size_t i, j;
	int rc = 0;

	for (i = 1; rc == 0 && i < c->ours.count; i++)
		for (j = 0; rc == 0 && j < i; j++) {
			const struct sbk_principal *one = &c->ours.items[j];
			const struct sbk_principal *other = &c->ours.items[i];

			if (one->role != other->role ||
			    !sbk_owner_equal(&one->person, &other->person))
				continue;
			(void)snprintf(text, sizeof(text),
				       "'%.128s' and '%.128s' are both an %s "
				       "of Sandbook's for the same person",
				       one->name, other->name,
				       sbk_nt_role_words(one->role));
			rc = tell(c, SBK_ENROLMENT_COPY, other, other->name,
				  text,
				  "remove the one that setup did not make: "
				  "'sandbook journal log' has the other",
				  err);
		}
	return rc;
}

/* --- rights ----------------------------------------------------------- */

static int look_at_right(void *arg, const char *name, struct sbk_error *err)
{
	struct check *c = arg;
	char text[TEXT_MAX], remedy[TEXT_MAX];

	if (sbk_principal_is_account(c->principal) && sbk_nt_setup_gives(name))
		return 0;
	(void)snprintf(
		text, sizeof(text),
		"'%.128s' holds the user right '%.128s', which setup did "
		"not give it",
		c->principal->name, name);
	(void)snprintf(remedy, sizeof(remedy),
		       "take it from '%.128s' (secpol.msc, Local Policies, "
		       "User Rights Assignment)",
		       c->principal->name);
	return tell(c, SBK_ENROLMENT_RIGHT, c->principal, c->principal->name,
		    text, remedy, err);
}

static int look_at_rights_of(struct check *c,
			     const struct sbk_principal *principal,
			     struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	char place[TEXT_MAX];
	struct sbk_sid sid;
	int rc = sbk_sid_parse(principal->id, strlen(principal->id), &sid, err);

	if (rc < 0)
		return rc;
	c->principal = principal;
	rc = sbk_win32_each_right(c->policy, &sid, look_at_right, c, &why);
	if (rc == 0)
		return 0;
	(void)snprintf(place, sizeof(place), "user rights of '%.128s'",
		       principal->name);
	return miss(c, place, rc, &why, err);
}

static int look_at_rights(struct check *c, struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	size_t i;
	int rc = sbk_win32_open_policy(POLICY_LOOKUP_NAMES, &c->policy, &why);

	if (rc < 0)
		return miss(c, "the user rights", rc, &why, err);
	for (i = 0; rc == 0 && i < c->ours.count; i++)
		rc = look_at_rights_of(c, &c->ours.items[i], err);
	sbk_win32_close_policy(&c->policy);
	return rc;
}

/* --- the people ------------------------------------------------------- */

/* An account of this machine, as ours are: all but the last number is one. */
static bool is_local(const struct sbk_principal *principal)
{
	const char *last = strrchr(principal->id, '-');
	const size_t size = (size_t)(last - principal->id) + 1;

	return strncmp(principal->person.text, principal->id, size) == 0 &&
	       strchr(principal->person.text + size, '-') == NULL;
}

static int look_for_person(struct check *c, const struct sbk_principal *ours,
			   struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	char text[TEXT_MAX], remedy[TEXT_MAX];
	struct sbk_person known;
	int rc = sbk_os_person_by_id(&ours->person, &known, &why);

	if (rc == 0)
		return 0;
	/* A domain that does not answer says the same of all its people
	 * ("LookupAccountSidW function (winbase.h)"). */
	if (rc != SBK_E_NOTFOUND || !is_local(ours))
		return miss(c, ours->name, rc, &why, err);
	(void)snprintf(text, sizeof(text),
		       "its person, %.190s, is no account of this machine any "
		       "more, and nobody else can use it",
		       ours->person.text);
	(void)snprintf(remedy, sizeof(remedy),
		       "sandbook setup --remove-user %.190s",
		       ours->person.text);
	return tell(c, SBK_ENROLMENT_PERSON, ours, ours->name, text, remedy,
		    err);
}

static int look_for_people(struct check *c, struct sbk_error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < c->ours.count; i++)
		if (c->ours.items[i].role == SBK_PRINCIPAL_OFFLINE)
			rc = look_for_person(c, &c->ours.items[i], err);
	return rc;
}

/* --- the whole -------------------------------------------------------- */

static int find_users(struct check *c, struct sbk_error *err)
{
	struct sbk_buf name = SBK_BUF_INIT;
	struct sbk_sid sid;
	int rc = sbk_sid_parse(USERS, strlen(USERS), &sid, err);

	if (rc == 0)
		rc = sbk_win32_name_of(&sid, &name, err);
	if (rc == 0)
		(void)snprintf(c->users, sizeof(c->users), "%s",
			       sbk_buf_text(&name));
	sbk_buf_release(&name);
	return rc;
}

static int look_at_lists(struct check *c, struct sbk_error *err)
{
	static const char *const places[] = {"the list of accounts",
					     "the list of groups"};
	int list, rc = find_users(c, err);

	for (list = 1; rc == 0 && list >= 0; list--) {
		struct sbk_error why = SBK_ERROR_INIT;

		c->groups = list == 1;
		rc = sbk_win32_account_list(c->groups, look_at_one, c, &why);
		if (rc < 0)
			rc = miss(c, places[list], rc, &why, err);
	}
	return rc;
}

int sbk_enrolment_check(const struct sbk_enrolment_reader *reader,
			size_t *count, struct sbk_error *err)
{
	struct check c = {.reader = reader};
	int rc = sbk_principals_find(&c.ours, err);

	*count = c.ours.count;
	if (rc == 0 && c.ours.count > 0)
		rc = look_at_lists(&c, err);
	if (rc == 0 && c.ours.count > 0)
		rc = look_for_second(&c, err);
	if (rc == 0 && c.ours.count > 0)
		rc = look_at_rights(&c, err);
	if (rc == 0)
		rc = look_for_people(&c, err);
	sbk_principals_release(&c.ours);
	return rc;
}

int sbk_enrolment_program(char *out, size_t out_size, struct sbk_error *err)
{
	(void)out;
	(void)out_size;
	return sbk_error_set(err, SBK_E_NOTFOUND,
			     "no program has a set-id bit on Windows");
}

bool sbk_enrolment_has_bit(struct sbk_state access)
{
	(void)access;
	return false;
}
