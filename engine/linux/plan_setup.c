/*
 * The plan of setup. Reads the host through the backend and the account files,
 * changes nothing.
 *
 * Order of the changes, which undo runs backwards (DESIGN part 5):
 *
 *	script, unit, drop-ins,   what restores the table after a reboot, and
 *	links                     after others flushed it
 *	groups, accounts          made with numbers and nonces chosen here
 *	subordinate ids           the files where missing, a line per account
 *	kept copies               see engine/linux/kept.c
 *	firewall table            the rules of every enrolled user, as one state
 *	set-id bit                of sandbook-mount (setup_helper.c)
 *	AppArmor profile          where the system asks for one
 *
 * Who is enrolled already, and what of it is missing, is read from the host
 * (setup_find.c). So a second setup plans nothing, and one on an installation
 * of an earlier version plans what that did not make yet.
 */
#include "engine/plan_setup.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "engine/linux/firewall.h"
#include "engine/linux/program.h"
#include "engine/linux/setup_check.h"
#include "engine/linux/setup_helper.h"
#include "engine/linux/setup_plan.h"
#include "engine/linux/setup_profile.h"
#include "engine/linux/setup_unit.h"
#include "engine/principals.h"

#include "engine/banned.h"

static int check_person(const struct sbk_person *person, struct sbk_error *err)
{
	struct sbk_slice name = {person->name, strlen(person->name)};

	if (sbk_account_name_is_ours(name))
		return sbk_error_set(err, SBK_E_INVAL,
				     "'%s' is an account of Sandbook; enrol "
				     "the person who uses it (--user NAME)",
				     person->name);
	return 0;
}

/* Without them nobody's runs get at an account; all else works. */
static int note_helpers(struct sbk_setup *s, struct sbk_error *err)
{
	char path[64];

	if (s->part_count == 0 ||
	    (sbk_program_find("newuidmap", path, sizeof(path), NULL) == 0 &&
	     sbk_program_find("newgidmap", path, sizeof(path), NULL) == 0))
		return 0;
	return sbk_plan_add_note(s->plan, err,
				 "the programs 'newuidmap' and 'newgidmap' are "
				 "missing, without which no run can use the "
				 "accounts: apt-get install uidmap");
}

static int plan_firewall(struct sbk_setup *s, struct sbk_error *err)
{
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	struct sbk_buf wanted = SBK_BUF_INIT;
	struct sbk_change change = {
		.object = {.kind = SBK_KIND_FIREWALL,
			   .name = SBK_FIREWALL_NAME},
		.reason = "no packet of an offline account leaves",
	};
	int rc = sbk_backend_observe(s->backend, &change.object, &seen, err);

	if (rc == 0)
		rc = sbk_firewall_encode(&wanted, s->nonce, s->accounts,
					 s->count, err);
	if (rc < 0)
		goto out;
	change.before = sbk_observation_state(&seen);
	change.after = (struct sbk_state){sbk_buf_text(&wanted), wanted.size};
	if (!sbk_state_absent(change.before) &&
	    !sbk_firewall_bears(change.before, s->nonce)) {
		rc = sbk_error_set(err, SBK_E_EXISTS,
				   "the firewall table 'inet sandbook' exists "
				   "and is not Sandbook's; remove it with 'nft "
				   "delete table inet sandbook' first");
		goto out;
	}
	if (sbk_state_equal(change.before, change.after))
		goto out;
	rc = sbk_firewall_check(change.after, err);
	if (rc < 0) {
		rc = sbk_error_prefix(err, "the firewall does not take our "
					   "rules");
		goto out;
	}
	rc = sbk_plan_add(s->plan, &change, err);
out:
	sbk_buf_release(&wanted);
	sbk_observation_release(&seen);
	return rc;
}

/* The steps that both plans end with: unit, accounts, table. */
static int plan_all(struct sbk_setup *s, struct sbk_error *err)
{
	int rc = sbk_setup_plan_unit(s->backend, s->plan, s->nonce, s->accounts,
				     s->count, err);

	if (rc == 0)
		rc = sbk_setup_plan_accounts(s, err);
	return rc < 0 ? rc : plan_firewall(s, err);
}

static int begin(const struct sbk_person *person, bool removing,
		 struct sbk_error *err)
{
	int rc;

	if (!sbk_os_elevated())
		return sbk_error_set(err, SBK_E_DENIED,
				     "setup makes accounts and firewall rules "
				     "and needs root; run it with sudo");
	if (sodium_init() < 0)
		return sbk_error_set(err, SBK_E_IO,
				     "the system gives no random numbers");
	rc = person != NULL ? check_person(person, err) : 0;
	return rc < 0 ? rc : sbk_setup_check(removing, err);
}

static void release(struct sbk_setup *s)
{
	free(s->accounts);
	free(s->parts);
}

int sbk_setup_delivery_join(const char *name, struct sbk_setup_delivery **out,
			    struct sbk_person *person, struct sbk_error *err)
{
	(void)name;
	(void)out;
	(void)person;
	return sbk_error_set(err, SBK_E_UNSUPPORTED,
			     "accounts have no passwords here");
}

void sbk_setup_delivery_end(struct sbk_setup_delivery *delivery,
			    const char *why)
{
	(void)delivery;
	(void)why;
}

int sbk_setup_become(struct sbk_cli *cli, enum sbk_setup_way way,
		     char *const *argv, struct sbk_error *err)
{
	(void)cli;
	(void)way;
	return sbk_os_become_sibling(SBK_SETUP_PROGRAM, argv, err);
}

int sbk_plan_setup(const struct sbk_backend *backend,
		   const struct sbk_person *person,
		   struct sbk_setup_delivery *delivery, struct sbk_plan *plan,
		   struct sbk_error *err)
{
	struct sbk_setup s = {
		.backend = backend, .person = person, .plan = plan};
	int rc = begin(person, false, err);

	(void)delivery; /* there are no passwords */
	if (rc == 0)
		rc = sbk_setup_find_enrolled(&s, err);
	if (rc == 0 && person == NULL && s.count == 0)
		rc = sbk_error_set(err, SBK_E_NOTFOUND,
				   "nobody is enrolled on this machine; run "
				   "'sandbook setup --user NAME'");
	if (rc == 0)
		rc = sbk_setup_find_missing(&s, err);
	if (rc == 0)
		rc = note_helpers(&s, err);
	if (rc == 0)
		rc = plan_all(&s, err);
	if (rc == 0)
		rc = sbk_setup_plan_helper(backend, plan, err);
	if (rc == 0)
		rc = sbk_setup_plan_profile(backend, plan, err);
	release(&s);
	return rc;
}

/* A home is made by nobody but setup. */
int sbk_plan_made_by_system(const struct sbk_backend *backend,
			    const char *principal, struct sbk_plan *recorded,
			    struct sbk_plan *plan, struct sbk_error *err)
{
	(void)recorded;
	(void)backend;
	(void)principal;
	(void)plan;
	(void)err;
	return 0;
}

int sbk_plan_without(const struct sbk_backend *backend,
		     const struct sbk_owner *person, struct sbk_plan *plan,
		     struct sbk_error *err)
{
	struct sbk_setup s = {.backend = backend, .plan = plan};
	uint32_t uid = UINT32_MAX;
	size_t i, kept = 0;
	int rc = begin(NULL, true, err);

	(void)sbk_owner_number(person, &uid); /* else nobody's */
	if (rc == 0)
		rc = sbk_setup_find_enrolled(&s, err);
	for (i = 0; i < s.count; i++)
		if (s.accounts[i].person != uid)
			s.accounts[kept++] = s.accounts[i];
	s.count = kept;
	if (rc == 0 && s.group_exists)
		rc = plan_all(&s, err);
	release(&s);
	return rc;
}

/* Whether the entries of a kept copy (setup_accounts.c) are the person's. */
static bool is_kept_for(const char *ours, uint32_t person)
{
	struct sbk_slice rest, entry, value;
	struct sbk_account account;
	unsigned int number;

	if (ours == NULL)
		return false;
	rest = (struct sbk_slice){ours, strlen(ours)};
	while (sbk_accountfile_next(&rest, &entry)) {
		if (entry.size <= 5)
			continue;
		value = (struct sbk_slice){entry.data + 5, entry.size - 5};
		if (memcmp(entry.data, "name ", 5) == 0 &&
		    sbk_account_parse_name(value, &account) &&
		    account.person == person)
			return true;
		if (memcmp(entry.data, "line ", 5) == 0 &&
		    sbk_slice_number(sbk_accountfile_field(value, 0),
				     &number) &&
		    number == person)
			return true;
	}
	return false;
}

bool sbk_setup_is_of(const struct sbk_change *change,
		     const struct sbk_principals *now,
		     const struct sbk_owner *person)
{
	struct sbk_principal principal;
	struct sbk_subid subid;
	uint32_t uid;

	(void)now; /* each names its person */
	if (!sbk_owner_number(person, &uid))
		return false;
	if (change->object.kind == SBK_KIND_KEPT)
		return is_kept_for(change->ours, uid);
	if (change->object.kind == SBK_KIND_FILE)
		return sbk_setup_unit_is_of(change->object.name, uid);
	if (change->object.kind == SBK_KIND_SUBID)
		return sbk_subid_parse(change->object.name, &subid) &&
		       subid.person == uid;
	return sbk_principal_of_change(change, &principal, NULL) == 0 &&
	       principal.role != SBK_PRINCIPAL_GROUP &&
	       sbk_owner_equal(&principal.person, person);
}
