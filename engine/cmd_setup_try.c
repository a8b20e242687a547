/*
 * After setup: whether the people can use their accounts, each tried by an
 * errand as that person. Owns the answer's form; what is tried is the system's
 * (sbk_setup_try). What an errand answers is worth as much as the person's
 * word, so it is only printed, escaped.
 */
#include "engine/cmd_setup.h"

#include <stdio.h>
#include <string.h>

#include "engine/json.h"
#include "engine/os_admin.h"
#include "engine/principals.h"

#include "engine/banned.h"

#define TRIAL_MS 15000

struct answer {
	int code; /* 0, or an SBK_E_* */
	char message[sizeof(((struct sbk_error *)NULL)->message)];
};

int sbk_setup_run_errand(void)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct answer answer = {.code = sbk_setup_try(&err)};

	memcpy(answer.message, err.message, sizeof(answer.message));
	return sbk_os_errand_answer(&answer, sizeof(answer), NULL) < 0
		       ? SBK_EXIT_FAILED
		       : SBK_EXIT_OK;
}

static void tell(const struct sbk_setup_call *call,
		 const struct sbk_person *person, const char *why)
{
	sbk_cli_say(call->cli,
		    "note: runs of '%s' cannot use the accounts yet: %s; try "
		    "'sandbook setup' again after that",
		    person->name, why);
}

static void try_person(const struct sbk_setup_call *call,
		       const struct sbk_person *person)
{
	static const char *const words[] = {"setup", "--" SBK_SETUP_ERRAND,
					    NULL};
	struct sbk_error err = SBK_ERROR_INIT;
	struct answer answer = {.code = 0};
	int rc;

	if (person->uid == 0)
		return; /* root's runs use none */
	rc = sbk_os_run_as_able(person, words, TRIAL_MS, &answer,
				sizeof(answer), &err);
	/* Where nothing is started as somebody, the person has shown it while
	 * the accounts were made. */
	if (rc == SBK_E_UNSUPPORTED || rc == SBK_E_NOTFOUND)
		return;
	if (rc < 0) {
		tell(call, person, err.message);
		return;
	}
	answer.message[sizeof(answer.message) - 1] = '\0';
	if (answer.code != 0)
		tell(call, person, answer.message);
}

/* Everybody who is enrolled and still has an account of his own. */
static void try_everybody(const struct sbk_setup_call *call)
{
	struct sbk_principals list = {.items = NULL};
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_person person;
	size_t i;

	if (sbk_principals_find(&list, &err) < 0) {
		sbk_cli_say(call->cli, "note: the accounts were not tried: %s",
			    err.message);
		return;
	}
	for (i = 0; i < list.count; i++)
		if (list.items[i].role == SBK_PRINCIPAL_OFFLINE &&
		    sbk_os_person_by_id(&list.items[i].person, &person, NULL) ==
			    0)
			try_person(call, &person);
	sbk_principals_release(&list);
}

void sbk_setup_try_people(const struct sbk_setup_call *call)
{
	if (call->options.upgrade)
		try_everybody(call);
	else
		try_person(call, &call->person);
}
