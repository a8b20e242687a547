/* The trial of setup; see the header. Owns its order: first the control, which
 * says that the other one can be believed. */
#include "engine/windows/setup_probe.h"

#include <string.h>

#include "engine/windows/keyring.h"
#include "engine/windows/trial_run.h"

#include "engine/banned.h"

static const char *const names[SBK_NT_ROLE_COUNT] = {"the offline account",
						     "the online account"};

struct as_role {
	const struct sbk_probe_request *request;
	enum sbk_nt_role role;
};

static int run_role(void *arg, const char *const words[SBK_TRIAL_WORDS],
		    uint32_t *exit_code, struct sbk_error *err)
{
	const struct as_role *as = arg;

	return as->request->run(as->request->arg, as->role, words, exit_code,
				err);
}

static int try_role(const struct sbk_probe_request *request,
		    struct sbk_trial *trial, enum sbk_nt_role role,
		    struct sbk_error *err)
{
	struct as_role as = {request, role};
	unsigned through = 0;
	int rc =
		sbk_trial_try(trial, names[role], run_role, &as, &through, err);

	return rc < 0 ? rc
		      : sbk_trial_judge(names[role], role == SBK_NT_OFFLINE,
					sbk_trial_there(trial), through, err);
}

int sbk_nt_setup_probe(const struct sbk_probe_request *request,
		       struct sbk_error *err)
{
	struct sbk_trial *trial = NULL;
	int rc = sbk_trial_begin(request->first_port, request->last_port,
				 &trial, err);

	if (rc == 0)
		rc = try_role(request, trial, SBK_NT_ONLINE, err);
	if (rc == 0)
		rc = try_role(request, trial, SBK_NT_OFFLINE, err);
	sbk_trial_end(trial);
	return rc;
}

/* --- the accounts that were just made ------------------------------------- */

struct accounts {
	const struct sbk_nt_setup *setup;
	const char *const *sids;
	const char *program;
};

static int run_account(void *arg, enum sbk_nt_role role,
		       const char *const words[SBK_TRIAL_WORDS],
		       uint32_t *exit_code, struct sbk_error *err)
{
	const struct accounts *accounts = arg;
	const struct sbk_keyring *ring =
		sbk_host_keyring(accounts->setup->backend);
	const char *const text = accounts->sids[role];
	char name[SBK_NT_ACCOUNT_NAME_MAX + 1];
	struct sbk_sid sid;
	struct sbk_trial_logon logon = {.wish = {.account = name,
						 .sid = &sid,
						 .program = accounts->program}};
	int rc = sbk_sid_parse(text, strlen(text), &sid, err);

	sbk_nt_setup_name(role, accounts->setup->number, name);
	logon.wish.password =
		ring != NULL ? sbk_keyring_look(ring, name) : NULL;
	if (rc == 0 && logon.wish.password == NULL)
		rc = sbk_error_set(err, SBK_E_NOTFOUND,
				   "nobody has the password of '%s' any more",
				   name);
	return rc < 0 ? rc : sbk_trial_run_as(&logon, words, exit_code, err);
}

int sbk_nt_setup_probe_accounts(void *arg, const struct sbk_nt_setup *setup,
				const char *const sids[SBK_NT_ROLE_COUNT],
				struct sbk_error *err)
{
	char program[SBK_PATH_MAX];
	struct accounts accounts = {setup, sids, arg};
	const struct sbk_probe_request request = {
		.run = run_account,
		.arg = &accounts,
		.first_port = setup->first_port,
		.last_port = setup->last_port};
	int rc = 0;

	if (accounts.program == NULL) {
		rc = sbk_runner_path(program, err);
		accounts.program = program;
	}
	if (rc == 0)
		rc = sbk_nt_setup_probe(&request, err);
	if (rc < 0)
		(void)sbk_error_prefix(err, "trying what the network filters "
					    "hold back");
	return rc;
}
