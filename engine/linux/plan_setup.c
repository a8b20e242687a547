/*
 * The plan of setup. Reads the host through the backend and the account files,
 * changes nothing.
 *
 * Order of the changes, which undo runs backwards (DESIGN part 5):
 *
 *	unit file and its links   what restores the table after a reboot
 *	group, accounts           made with numbers and nonces chosen here
 *	kept copies               see engine/linux/kept.c
 *	firewall table            the rules of every enrolled user, as one state
 *
 * Who is enrolled already is read from the host: the group by the nonce in its
 * password field, an account by its description and the group.
 */
#include "engine/plan_setup.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/linux/account.h"
#include "engine/linux/firewall.h"
#include "engine/linux/kept.h"
#include "engine/linux/setup_check.h"
#include "engine/linux/setup_helper.h"
#include "engine/linux/setup_unit.h"

#include "engine/banned.h"

struct setup {
	const struct sbk_backend *backend;
	const struct sbk_person *person;
	struct sbk_plan *plan;
	char nonce[SBK_NONCE_DIGITS + 1]; /* of the group */
	unsigned int gid;
	bool group_exists;
	struct sbk_account *accounts; /* of all enrolled, by person and role */
	size_t count;
	struct sbk_account added[2]; /* those of the person that are new */
	size_t added_count;
	char shell[64];
};

static void make_nonce(char nonce[SBK_NONCE_DIGITS + 1])
{
	unsigned char bytes[SBK_NONCE_DIGITS / 2];

	randombytes_buf(bytes, sizeof(bytes));
	(void)sodium_bin2hex(nonce, SBK_NONCE_DIGITS + 1, bytes, sizeof(bytes));
}

static int check_person(const struct setup *s, struct sbk_error *err)
{
	struct sbk_slice name = {s->person->name, strlen(s->person->name)};

	if (sbk_account_name_is_ours(name))
		return sbk_error_set(err, SBK_E_INVAL,
				     "'%s' is an account of Sandbook; enrol "
				     "the person who uses it (--user NAME)",
				     s->person->name);
	return 0;
}

static int find_group(struct setup *s, struct sbk_error *err)
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
		rc = sbk_error_set(err, SBK_E_EXISTS,
				   "the group '" SBK_GROUP_NAME "' exists and "
				   "is not Sandbook's; rename it ('groupmod "
				   "-n') or remove it ('groupdel') first");
out:
	sbk_observation_release(&seen);
	return rc;
}

static int add_account(struct setup *s, const struct sbk_account *account,
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

static int find_accounts(struct setup *s, struct sbk_error *err)
{
	struct sbk_buf passwd = SBK_BUF_INIT;
	struct sbk_slice rest, line;
	struct sbk_account account;
	int rc;

	if (!s->group_exists)
		return 0;
	rc = sbk_accountfile_read("/etc/passwd", &passwd, NULL, NULL, NULL,
				  err);
	rest = (struct sbk_slice){sbk_buf_text(&passwd), passwd.size};
	while (rc == 0 && sbk_accountfile_next(&rest, &line))
		if (sbk_account_parse(line, &account) && account.gid == s->gid)
			rc = add_account(s, &account, err);
	sbk_buf_release(&passwd);
	return rc;
}

static bool is_enrolled(const struct setup *s, const char *name)
{
	size_t i;

	for (i = 0; i < s->count; i++)
		if (strcmp(s->accounts[i].name, name) == 0)
			return true;
	return false;
}

/* Neither in the account files, not even half, nor in the database. */
static int check_name_free(struct setup *s, const char *name,
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

/* The person's accounts that are missing; their numbers come later. */
static int find_missing(struct setup *s, struct sbk_error *err)
{
	int role, rc = 0;

	for (role = SBK_ACCOUNT_OFFLINE; rc == 0 && role <= SBK_ACCOUNT_ONLINE;
	     role++) {
		struct sbk_account *account = &s->added[s->added_count];

		account->person = s->person->uid;
		account->role = (enum sbk_account_role)role;
		sbk_account_set_name(account);
		if (is_enrolled(s, account->name))
			continue;
		rc = check_name_free(s, account->name, err);
		make_nonce(account->nonce);
		s->added_count++;
	}
	return rc;
}

static int by_person_and_role(const void *a, const void *b)
{
	const struct sbk_account *left = a, *right = b;

	if (left->person != right->person)
		return left->person < right->person ? -1 : 1;
	return (int)left->role - (int)right->role;
}

/* Numbers for what is new; after that `accounts` are all there will be. */
static int give_numbers(struct setup *s, struct sbk_error *err)
{
	unsigned int numbers[3];
	size_t need = s->added_count + !s->group_exists, next = 0, i;
	int rc;

	rc = need > 0 ? sbk_setup_pick_numbers(numbers, need, err) : 0;
	if (rc == 0 && !s->group_exists)
		s->gid = numbers[next++];
	for (i = 0; rc == 0 && i < s->added_count; i++) {
		s->added[i].uid = numbers[next++];
		s->added[i].gid = s->gid;
		rc = add_account(s, &s->added[i], err);
	}
	if (rc == 0)
		qsort(s->accounts, s->count, sizeof(*s->accounts),
		      by_person_and_role);
	return rc;
}

static int plan_group(struct setup *s, struct sbk_error *err)
{
	struct sbk_buf state = SBK_BUF_INIT;
	char identity[32];
	struct sbk_change change = {
		.object = {.kind = SBK_KIND_GROUP,
			   .name = SBK_GROUP_NAME,
			   .identity = identity},
		.before = SBK_STATE_ABSENT,
		.reason = "the group of all sandbox accounts; no person joins",
	};
	int rc;

	if (s->group_exists)
		return 0;
	(void)snprintf(identity, sizeof(identity), "gid:%u", s->gid);
	sbk_group_encode(&state, s->gid, s->nonce);
	rc = sbk_buf_failed(&state, err);
	change.after = (struct sbk_state){sbk_buf_text(&state), state.size};
	if (rc == 0)
		rc = sbk_plan_add(s->plan, &change, err);
	sbk_buf_release(&state);
	return rc;
}

static int plan_account(struct setup *s, const struct sbk_account *account,
			struct sbk_error *err)
{
	struct sbk_buf state = SBK_BUF_INIT;
	char identity[32], reason[256];
	struct sbk_change change = {
		.object = {.kind = SBK_KIND_ACCOUNT,
			   .name = account->name,
			   .identity = identity},
		.before = SBK_STATE_ABSENT,
		.reason = reason,
	};
	int rc;

	(void)snprintf(identity, sizeof(identity), "uid:%u", account->uid);
	(void)snprintf(reason, sizeof(reason), "%s sandbox account of '%s'",
		       sbk_account_role_name(account->role), s->person->name);
	sbk_account_encode(&state, account, s->shell);
	rc = sbk_buf_failed(&state, err);
	change.after = (struct sbk_state){sbk_buf_text(&state), state.size};
	if (rc == 0)
		rc = sbk_plan_add(s->plan, &change, err);
	sbk_buf_release(&state);
	return rc;
}

/* What each copy is now is what it shall be: see kept.c. */
static int plan_kept_file(struct setup *s, const char *path, const char *ours,
			  struct sbk_error *err)
{
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	struct sbk_change change = {
		.object = {.kind = SBK_KIND_KEPT, .name = path},
		.ours = ours,
		.reason = "the account tools overwrite it; it is put back",
	};
	bool is_lock_file = path[strlen(path) - 1] != '-';
	int rc = sbk_backend_observe(s->backend, &change.object, &seen, err);

	change.before = change.after = sbk_observation_state(&seen);
	/* A lock file that stands is left alone. */
	if (rc == 0 && !(is_lock_file && !sbk_state_absent(change.before)))
		rc = sbk_plan_add(s->plan, &change, err);
	sbk_observation_release(&seen);
	return rc;
}

static int plan_kept(struct setup *s, struct sbk_error *err)
{
	struct sbk_buf ours = SBK_BUF_INIT;
	const char *const *path = sbk_kept_files;
	size_t i;
	int rc;

	if (!s->group_exists)
		sbk_buf_adds(&ours, "name " SBK_GROUP_NAME "\n");
	for (i = 0; i < s->added_count; i++)
		sbk_buf_printf(&ours, "name %s\n", s->added[i].name);
	rc = sbk_buf_failed(&ours, err);
	for (; rc == 0 && ours.size > 0 && *path != NULL; path++)
		rc = plan_kept_file(s, *path, sbk_buf_text(&ours), err);
	sbk_buf_release(&ours);
	return rc;
}

static int plan_accounts(struct setup *s, struct sbk_error *err)
{
	size_t i;
	int rc = plan_group(s, err);

	for (i = 0; rc == 0 && i < s->added_count; i++)
		rc = plan_account(s, &s->added[i], err);
	if (rc == 0)
		rc = plan_kept(s, err);
	return rc;
}

static int plan_firewall(struct setup *s, struct sbk_error *err)
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

static int plan_unit(struct setup *s, struct sbk_error *err)
{
	struct sbk_buf script = SBK_BUF_INIT;
	int rc;

	sbk_firewall_script(&script, s->nonce, s->accounts, s->count);
	rc = sbk_buf_failed(&script, err);
	if (rc == 0)
		rc = sbk_setup_plan_unit(s->backend, s->plan,
					 sbk_buf_text(&script), err);
	sbk_buf_release(&script);
	return rc;
}

static void choose_shell(struct setup *s)
{
	(void)snprintf(s->shell, sizeof(s->shell), "%s",
		       access("/usr/sbin/nologin", X_OK) == 0
			       ? "/usr/sbin/nologin"
			       : "/bin/false");
}

int sbk_plan_setup(const struct sbk_backend *backend,
		   const struct sbk_person *person, struct sbk_plan *plan,
		   struct sbk_error *err)
{
	static int (*const steps[])(struct setup *, struct sbk_error *) = {
		find_group, find_accounts, find_missing,  give_numbers,
		plan_unit,  plan_accounts, plan_firewall,
	};
	struct setup s = {.backend = backend, .person = person, .plan = plan};
	size_t i;
	int rc;

	if (!sbk_os_elevated())
		return sbk_error_set(err, SBK_E_DENIED,
				     "setup makes accounts and firewall rules "
				     "and needs root; run it with sudo");
	if (sodium_init() < 0)
		return sbk_error_set(err, SBK_E_IO,
				     "the system gives no random numbers");
	choose_shell(&s);
	rc = check_person(&s, err);
	if (rc == 0)
		rc = sbk_setup_check(err);
	for (i = 0; rc == 0 && i < sizeof(steps) / sizeof(steps[0]); i++)
		rc = steps[i](&s, err);
	if (rc == 0)
		rc = sbk_setup_plan_helper(backend, plan, err);
	free(s.accounts);
	return rc;
}
