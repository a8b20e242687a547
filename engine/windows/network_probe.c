/*
 * What the filters do to an account, for a report. Only who has its password
 * can try: a person the own accounts, with any rights; an administrator nobody
 * else's. Owns that no result is told that a control does not carry.
 */
#include "engine/network_probe.h"

#include <stdio.h>
#include <string.h>

#include "engine/os.h"
#include "engine/windows/network_trial.h"
#include "engine/windows/network_try.h"
#include "engine/windows/secret.h"
#include "engine/windows/setup_plan.h"
#include "engine/windows/trial_run.h"

#include "engine/banned.h"

#define CALLER "the person"

const char *sbk_probe_result_name(enum sbk_probe_result result)
{
	static const char *const names[] = {"through", "held back", "lost",
					    "absent"};

	return names[result];
}

const struct sbk_network_words *sbk_network_words(void)
{
	static const struct sbk_network_words words = {
		.firewall = {.gone = "the firewall rule is gone; the network "
				     "filters alone hold the offline account "
				     "back",
			     .altered = "the firewall rule is not what setup "
					"made",
			     .exact = "the firewall rule is exactly what setup "
				      "made"},
		.filters = {.gone = "the network filters are gone, so the "
				    "offline accounts reach whatever others "
				    "reach",
			    .altered = "the network filters are not what setup "
				       "made; see 'netsh wfp show filters'",
			    .exact = "the network filters are exactly what "
				     "setup made"},
		.unknown = "there are sandbox accounts, and the machine's "
			   "journal knows no network filters",
		.held = "held back:",
		.leaks = ", where it should be held back",
		.mend = "sandbook setup --upgrade",
		.see_blocks = "see 'netsh wfp show filters' for what stops it"};

	return &words;
}

/* What everybody may see is told to everybody. */
int sbk_network_probe_able(struct sbk_error *err)
{
	(void)err;
	return 0;
}

static int check_whose(const struct sbk_principal *account,
		       struct sbk_error *err)
{
	struct sbk_person caller, person;
	int rc = sbk_os_caller(&caller, err);

	if (rc < 0 || sbk_owner_equal(&caller.id, &account->person))
		return rc;
	if (sbk_os_person_by_id(&account->person, &person, NULL) < 0)
		(void)snprintf(person.name, sizeof(person.name), "%s",
			       account->person.text);
	return sbk_error_set(err, SBK_E_NOTFOUND,
			     "not tried: its password is kept for '%s' alone, "
			     "whose own 'sandbook audit network' tries it",
			     person.name);
}

/* Without records there is no password either, and open_secret says which. */
static int open_front(const struct sbk_principal *account,
		      struct sbk_front **out, struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	int rc = sbk_front_open(false, out, &why);

	if (rc == SBK_E_NOTFOUND)
		return sbk_error_set(err, rc,
				     "not tried: no password of '%s' is kept "
				     "here; 'sandbook setup --upgrade' sets a "
				     "new one",
				     account->name);
	return rc < 0 ? sbk_error_set(err, rc, "not tried: %s", why.message)
		      : 0;
}

static int open_secret(const struct sbk_principal *account,
		       struct sbk_secret *out, struct sbk_error *err)
{
	struct sbk_store *store = NULL;
	struct sbk_error why = SBK_ERROR_INIT;
	struct sbk_sid_text sid;
	int rc = sbk_secret_store(SBK_STORE_READ, &store, &why);

	if (rc == 0)
		rc = sbk_secret_open(store, account->name, out, &why);
	sbk_store_close(store);
	/* Of another installation's account of that name. */
	if (rc == 0 &&
	    strcmp(sbk_sid_format(&out->label.sid, &sid), account->id) != 0)
		rc = sbk_error_set(&why, SBK_E_CONFLICT,
				   "the password that is kept is of another "
				   "account");
	return rc < 0 ? sbk_error_set(err, rc, "not tried: %s", why.message)
		      : 0;
}

static int try_control(struct sbk_trial *trial, struct sbk_error *err)
{
	unsigned through = 0;
	int rc = sbk_trial_try(trial, CALLER, sbk_trial_send_here, NULL,
			       &through, err);

	return rc < 0 ? rc
		      : sbk_trial_judge(CALLER, false, sbk_trial_there(trial),
					through, err);
}

static int try_account(struct sbk_trial *trial,
		       const struct sbk_principal *account,
		       const struct sbk_secret *secret, struct sbk_front *front,
		       unsigned *through, struct sbk_error *err)
{
	const bool offline = account->role == SBK_PRINCIPAL_OFFLINE;
	char program[SBK_PATH_MAX];
	struct sbk_trial_logon logon = {.wish = {.account = account->name,
						 .password = secret->password,
						 .sid = &secret->label.sid,
						 .program = program},
					.front = front};
	int rc = sbk_runner_path(program, err);

	if (rc == 0)
		rc = sbk_trial_try(trial, account->name, sbk_trial_run_as,
				   &logon, through, err);
	/* Nothing arrived, not even what no filter stops: that says nothing.
	 * What leaks is a result. */
	if (rc == 0 && offline && (*through & SBK_TRIAL_CLOSED) == 0)
		rc = sbk_trial_judge(account->name, true,
				     sbk_trial_there(trial), *through, err);
	return rc;
}

static void tell(unsigned there, unsigned through,
		 struct sbk_network_probe *out)
{
	int path;

	for (path = 0; path < SBK_PROBE_PATH_COUNT; path++) {
		const unsigned bit = 1u << path;

		out->results[path] = (there & bit) == 0	    ? SBK_PROBE_ABSENT
				     : (through & bit) != 0 ? SBK_PROBE_THROUGH
							    : SBK_PROBE_REFUSED;
	}
}

/* `there` and `through` are paths of network_trial.h. */
static int try_all(const struct sbk_principal *account, unsigned *there,
		   unsigned *through, struct sbk_error *err)
{
	static const struct sbk_front_wait in_silence = {.tell = NULL};
	struct sbk_secret secret = SBK_SECRET_INIT;
	struct sbk_trial *trial = NULL;
	struct sbk_front *front = NULL;
	int rc = check_whose(account, err);

	if (rc == 0)
		rc = open_front(account, &front, err);
	if (rc == 0)
		rc = sbk_front_share(front, SBK_FRONT_ACCOUNT, &in_silence,
				     err);
	if (rc == 0)
		rc = open_secret(account, &secret, err);
	if (rc == 0)
		rc = sbk_trial_begin(SBK_NT_PROXY_FIRST_PORT,
				     SBK_NT_PROXY_LAST_PORT, &trial, err);
	if (rc == 0)
		rc = try_control(trial, err);
	if (rc == 0)
		rc = try_account(trial, account, &secret, front, through, err);
	if (rc == 0)
		*there = sbk_trial_there(trial);
	sbk_trial_end(trial);
	sbk_secret_release(&secret);
	sbk_front_close(front);
	return rc;
}

int sbk_network_probe(const struct sbk_principal *account,
		      struct sbk_network_probe *out, struct sbk_error *err)
{
	unsigned there = 0, through = 0;
	int rc = try_all(account, &there, &through, err);

	if (rc == 0)
		tell(there, through, out);
	return rc;
}

int sbk_network_try(const struct sbk_principal *account, struct sbk_error *err)
{
	const bool offline = account->role == SBK_PRINCIPAL_OFFLINE;
	unsigned there = 0, through = 0;
	int rc = try_all(account, &there, &through, err);

	return rc < 0 ? rc
		      : sbk_trial_judge(account->name, offline, there, through,
					err);
}
