/*
 * What the host has of what setup makes, and what is missing: the group of
 * all, by the nonce in its password field; accounts, by their description and
 * the group; private groups, by name, number and nonce; lines of subordinate
 * ids. Changes nothing.
 *
 * What stands under a name of ours and is not ours is refused, never adopted.
 */
#include "engine/linux/setup_plan.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "engine/linux/setup_check.h"

#include "engine/banned.h"

static void make_nonce(char nonce[SBK_NONCE_DIGITS + 1])
{
	unsigned char bytes[SBK_NONCE_DIGITS / 2];

	randombytes_buf(bytes, sizeof(bytes));
	(void)sodium_bin2hex(nonce, SBK_NONCE_DIGITS + 1, bytes, sizeof(bytes));
}

/* --- who is enrolled -------------------------------------------------- */

static int refuse_group(const char *name, struct sbk_error *err)
{
	return sbk_error_set(err, SBK_E_EXISTS,
			     "the group '%s' exists and is not Sandbook's; "
			     "rename it ('groupmod -n') or remove it "
			     "('groupdel') first",
			     name);
}

static int find_group(struct sbk_setup *s, struct sbk_error *err)
{
	struct sbk_object object = {.kind = SBK_KIND_GROUP,
				    .name = SBK_GROUP_NAME};
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	struct sbk_state state;
	int rc = sbk_backend_observe(s->backend, &object, &seen, err);

	if (rc < 0)
		goto out;
	state = sbk_observation_state(&seen);
	if (sbk_state_absent(state)) {
		rc = sbk_setup_check_group_name(SBK_GROUP_NAME, err);
		make_nonce(s->nonce);
		goto out;
	}
	s->group_exists = true;
	if (!sbk_group_nonce(state, s->nonce) || !sbk_group_gid(state, &s->gid))
		rc = refuse_group(SBK_GROUP_NAME, err);
out:
	sbk_observation_release(&seen);
	return rc;
}

static int add_account(struct sbk_setup *s, const struct sbk_account *account,
		       struct sbk_error *err)
{
	struct sbk_account *accounts =
		realloc(s->accounts, (s->count + 1) * sizeof(*accounts));

	if (accounts == NULL)
		return sbk_error_no_memory(err);
	s->accounts = accounts;
	s->accounts[s->count++] = *account;
	return 0;
}

static int by_person_and_role(const void *a, const void *b)
{
	const struct sbk_account *left = a, *right = b;

	if (left->person != right->person)
		return left->person < right->person ? -1 : 1;
	return (int)left->role - (int)right->role;
}

static void sort_accounts(struct sbk_setup *s)
{
	if (s->count > 0)
		qsort(s->accounts, s->count, sizeof(*s->accounts),
		      by_person_and_role);
}

int sbk_setup_find_enrolled(struct sbk_setup *s, struct sbk_error *err)
{
	struct sbk_buf passwd = SBK_BUF_INIT;
	struct sbk_slice rest, line;
	struct sbk_account account;
	int rc = find_group(s, err);

	if (rc < 0 || !s->group_exists)
		return rc;
	rc = sbk_accountfile_read("/etc/passwd", &passwd, NULL, NULL, NULL,
				  err);
	rest = (struct sbk_slice){sbk_buf_text(&passwd), passwd.size};
	while (rc == 0 && sbk_accountfile_next(&rest, &line))
		if (sbk_account_parse(line, &account) && account.gid == s->gid)
			rc = add_account(s, &account, err);
	sbk_buf_release(&passwd);
	sort_accounts(s);
	return rc;
}

/* --- accounts that are missing ---------------------------------------- */

/* Neither in the account files, not even half, nor in the database. */
static int check_name_free(struct sbk_setup *s, const char *name,
			   struct sbk_error *err)
{
	struct sbk_object object = {.kind = SBK_KIND_ACCOUNT, .name = name};
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	int rc = sbk_setup_check_user_name(name, err);

	if (rc == 0)
		rc = sbk_backend_observe(s->backend, &object, &seen, err);
	if (rc == 0 && !sbk_state_absent(sbk_observation_state(&seen)))
		rc = sbk_error_set(err, SBK_E_EXISTS,
				   "'/etc/shadow' has an entry '%s' that is "
				   "not Sandbook's; remove it with 'pwck'",
				   name);
	sbk_observation_release(&seen);
	return rc;
}

static const struct sbk_account *find_account(const struct sbk_setup *s,
					      const char *name)
{
	size_t i;

	for (i = 0; i < s->count; i++)
		if (strcmp(s->accounts[i].name, name) == 0)
			return &s->accounts[i];
	return NULL;
}

/* The part of one person and role: the account, or that it is to be made. */
static int add_part(struct sbk_setup *s, unsigned int person,
		    enum sbk_account_role role, struct sbk_error *err)
{
	struct sbk_setup_part *parts =
		realloc(s->parts, (s->part_count + 1) * sizeof(*parts));
	struct sbk_setup_part *part;
	const struct sbk_account *known;

	if (parts == NULL)
		return sbk_error_no_memory(err);
	s->parts = parts;
	part = &parts[s->part_count++];
	memset(part, 0, sizeof(*part));
	part->account.person = person;
	part->account.role = role;
	sbk_account_set_name(&part->account);
	known = find_account(s, part->account.name);
	if (known != NULL) {
		part->account = *known;
		return 0;
	}
	part->add_account = true;
	make_nonce(part->account.nonce);
	return check_name_free(s, part->account.name, err);
}

static int add_person(struct sbk_setup *s, unsigned int person,
		      struct sbk_error *err)
{
	int rc = add_part(s, person, SBK_ACCOUNT_OFFLINE, err);

	return rc < 0 ? rc : add_part(s, person, SBK_ACCOUNT_ONLINE, err);
}

/* Whose parts it is about. */
static int add_people(struct sbk_setup *s, struct sbk_error *err)
{
	size_t i;
	int rc = 0;

	if (s->person != NULL)
		return add_person(s, s->person->uid, err);
	for (i = 0; rc == 0 && i < s->count; i++)
		if (i == 0 ||
		    s->accounts[i].person != s->accounts[i - 1].person)
			rc = add_person(s, s->accounts[i].person, err);
	return rc;
}

/* Numbers for what is new; after that `accounts` are all there will be. */
static int give_numbers(struct sbk_setup *s, struct sbk_error *err)
{
	unsigned int *numbers = calloc(s->part_count + 1, sizeof(*numbers));
	size_t need = 0, next = 0, i;
	int rc = numbers == NULL ? sbk_error_no_memory(err) : 0;

	for (i = 0; i < s->part_count; i++)
		need += s->parts[i].add_account;
	if (rc == 0 && !s->group_exists)
		rc = sbk_setup_pick_number(&s->gid, err);
	if (rc == 0)
		rc = sbk_setup_pick_numbers(numbers, need, err);
	for (i = 0; rc == 0 && i < s->part_count; i++) {
		struct sbk_setup_part *part = &s->parts[i];

		if (!part->add_account)
			continue;
		part->account.uid = numbers[next++];
		part->account.gid = s->gid;
		rc = add_account(s, &part->account, err);
	}
	sort_accounts(s);
	free(numbers);
	return rc;
}

/* --- private groups --------------------------------------------------- */

/* A new account's number is free as a gid, too; an older one's may have been
 * given away since. */
static int check_group_free(const struct sbk_setup_part *part,
			    struct sbk_error *err)
{
	const struct sbk_account *account = &part->account;
	int rc = sbk_setup_check_group_name(account->name, err);

	if (rc == 0 && !part->add_account)
		rc = sbk_setup_check_group_number(account->uid, err);
	return rc;
}

static int find_private_group(struct sbk_setup *s, struct sbk_setup_part *part,
			      struct sbk_error *err)
{
	struct sbk_object object = {.kind = SBK_KIND_GROUP,
				    .name = part->account.name};
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	struct sbk_state state;
	unsigned int gid;
	int rc = sbk_backend_observe(s->backend, &object, &seen, err);

	if (rc < 0)
		goto out;
	state = sbk_observation_state(&seen);
	part->add_group = sbk_state_absent(state);
	if (part->add_group) {
		make_nonce(part->group_nonce);
		rc = check_group_free(part, err);
	} else if (!sbk_group_nonce(state, part->group_nonce) ||
		   !sbk_group_gid(state, &gid) || gid != part->account.uid) {
		rc = refuse_group(part->account.name, err);
	}
out:
	sbk_observation_release(&seen);
	return rc;
}

/* --- subordinate ids -------------------------------------------------- */

static int is_absent(struct sbk_setup *s, const char *name, bool *absent,
		     struct sbk_error *err)
{
	struct sbk_object object = {.kind = SBK_KIND_SUBID, .name = name};
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	int rc = sbk_backend_observe(s->backend, &object, &seen, err);

	if (rc == 0)
		*absent = sbk_state_absent(sbk_observation_state(&seen));
	sbk_observation_release(&seen);
	return rc;
}

static int find_line(struct sbk_setup *s, struct sbk_setup_part *part,
		     size_t file, struct sbk_error *err)
{
	const struct sbk_subid subid = {.file = sbk_subid_files[file],
					.person = part->account.person,
					.number = part->account.uid};
	const char *name = s->person != NULL ? s->person->name : "";
	char object[SBK_SUBID_NAME_MAX];
	int rc;

	sbk_subid_name(object, &subid);
	rc = is_absent(s, object, &part->add_line[file], err);
	if (rc == 0 && part->add_line[file])
		rc = sbk_subid_check_unshared(&subid, name, err);
	if (rc == 0 && part->add_line[file])
		rc = is_absent(s, subid.file, &s->add_file[file], err);
	return rc;
}

/*
 * An account of an earlier version has a number below others' ranges. As a
 * subordinate id it would come first, and move each id of the person's
 * containers; what they stored would belong to others.
 */
static int note_low_number(struct sbk_setup *s,
			   const struct sbk_setup_part *part,
			   struct sbk_error *err)
{
	if (part->account.role == SBK_ACCOUNT_ONLINE)
		return 0; /* said of the other one */
	return sbk_plan_add_note(
		s->plan, err,
		"the accounts of uid %u have the numbers of an earlier "
		"version, with which runs cannot use them; for new ones: "
		"'sandbook undo' of that person's grants, 'sandbook setup "
		"--remove-user %u', and enrol anew",
		part->account.person, part->account.person);
}

/* Root needs no subordinate ids, and runs of root's go without an account. */
static int find_lines(struct sbk_setup *s, struct sbk_setup_part *part,
		      struct sbk_error *err)
{
	size_t file;
	int rc = 0;

	if (part->account.person == 0)
		return 0;
	if (part->account.uid < SBK_ACCOUNT_NUMBER_MIN)
		return note_low_number(s, part, err);
	rc = sbk_setup_check_digits(part->account.person, err);
	for (file = 0; rc == 0 && file < SBK_SUBID_FILES; file++)
		rc = find_line(s, part, file, err);
	return rc;
}

int sbk_setup_find_missing(struct sbk_setup *s, struct sbk_error *err)
{
	size_t i;
	int rc = add_people(s, err);

	if (rc == 0)
		rc = give_numbers(s, err);
	for (i = 0; rc == 0 && i < s->part_count; i++) {
		rc = find_private_group(s, &s->parts[i], err);
		if (rc == 0)
			rc = find_lines(s, &s->parts[i], err);
	}
	return rc;
}
