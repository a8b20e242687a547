/*
 * Setup's side of the handover, and the person's. Owns the order: nothing is
 * enabled before the person's process has kept every password, in the person's
 * journal, and shown that it opens; and what was kept is taken back where setup
 * did not come to its end.
 */
#include "engine/windows/delivery.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "engine/os.h"
#include "engine/windows/elevate.h"
#include "engine/windows/handover.h"
#include "engine/windows/keyring.h"
#include "engine/windows/win32.h"

#include "engine/banned.h"

#define JOIN_MS 60000	/* until setup has joined, consent was given before */
#define MAKE_MS 1800000 /* until it has made the accounts: it asks somebody */
#define KEEP_MS 120000	/* until the person's process has kept them */
#define END_MS 120000	/* until they are enabled */
#define WORDS_MAX 64

/* --- setup's side ----------------------------------------------------- */

struct sbk_setup_delivery {
	struct sbk_handover *handover;
};

int sbk_setup_delivery_join(const char *name, struct sbk_setup_delivery **out,
			    struct sbk_person *person, struct sbk_error *err)
{
	struct sbk_setup_delivery *d = calloc(1, sizeof(*d));
	struct sbk_sid_text text;
	struct sbk_owner id;
	struct sbk_sid sid;
	int rc;

	if (d == NULL)
		return sbk_error_no_memory(err);
	rc = sbk_handover_join(name, &d->handover, &sid, err);
	if (rc < 0) {
		free(d);
		return rc;
	}
	*out = d;
	(void)snprintf(id.text, sizeof(id.text), "%s",
		       sbk_sid_format(&sid, &text));
	return sbk_os_person_by_id(&id, person, err);
}

void sbk_setup_delivery_end(struct sbk_setup_delivery *d, const char *why)
{
	if (d == NULL)
		return;
	/* Who does not hear it takes the end of the pipe for a failure. */
	(void)sbk_handover_end(d->handover, why, NULL);
	sbk_handover_close(d->handover);
	free(d);
}

static int fill(const struct sbk_nt_setup *setup, enum sbk_nt_role role,
		const char *sid, struct sbk_handover_secret *out,
		struct sbk_error *err)
{
	struct sbk_keyring *ring = sbk_host_keyring(setup->backend);
	char name[SBK_NT_ACCOUNT_NAME_MAX + 1];
	const char *password;
	struct sbk_sid parsed;
	int rc = sbk_sid_parse(sid, strlen(sid), &parsed, err);

	sbk_nt_setup_name(role, setup->number, name);
	if (rc == 0)
		rc = sbk_secret_label(&out->label, name, &parsed,
				      setup->installation, err);
	password = ring != NULL ? sbk_keyring_look(ring, name) : NULL;
	if (rc == 0 && password == NULL)
		rc = sbk_error_set(err, SBK_E_CONFLICT,
				   "'%s' was made earlier and nobody has its "
				   "password: 'sandbook setup --remove-user' "
				   "of that person, then enrol anew",
				   name);
	if (rc == 0)
		(void)snprintf(out->password, sizeof(out->password), "%s",
			       password);
	return rc;
}

static int deliver(void *arg, const struct sbk_nt_setup *setup,
		   const char *const sids[SBK_NT_ROLE_COUNT],
		   struct sbk_error *err)
{
	const struct sbk_setup_delivery *d = arg;
	struct sbk_handover_secrets *secrets = sodium_malloc(sizeof(*secrets));
	int role, rc = 0;

	if (secrets == NULL)
		return sbk_error_no_memory(err);
	memset(secrets, 0, sizeof(*secrets));
	for (role = 0; rc == 0 && role < SBK_NT_ROLE_COUNT; role++) {
		rc = fill(setup, (enum sbk_nt_role)role, sids[role],
			  &secrets->items[role], err);
		secrets->count++;
	}
	if (rc == 0)
		rc = sbk_handover_give(d->handover, secrets, KEEP_MS, err);
	sodium_free(secrets); /* and wiped */
	if (rc < 0)
		(void)sbk_error_prefix(err, "handing the passwords over");
	return rc;
}

void sbk_setup_delivery_use(struct sbk_setup_delivery *delivery,
			    struct sbk_nt_setup *setup)
{
	setup->deliver = deliver;
	setup->deliver_arg = delivery;
}

/* --- the person's side ------------------------------------------------ */

/* A change for each password, from nothing. */
static int plan_secrets(const struct sbk_handover_secrets *secrets,
			struct sbk_keyring *ring, struct sbk_plan *plan,
			struct sbk_error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < secrets->count; i++) {
		const struct sbk_handover_secret *one = &secrets->items[i];
		struct sbk_buf state = SBK_BUF_INIT;
		struct sbk_change change = {
			.object = {.kind = SBK_KIND_SECRET,
				   .name = one->label.account},
			.reason = "runs log on with it"};

		rc = sbk_keyring_put(ring, one->label.account, one->password,
				     err);
		if (rc == 0)
			rc = sbk_secret_state(&one->label, one->password,
					      &state, err);
		if (rc == 0)
			rc = sbk_buf_failed(&state, err);
		change.after =
			(struct sbk_state){sbk_buf_text(&state), state.size};
		if (rc == 0)
			rc = sbk_plan_add(plan, &change, err);
		sbk_buf_release(&state);
	}
	return rc;
}

static int keep(struct sbk_cli *cli, const struct sbk_backend *backend,
		const struct sbk_handover_secrets *secrets,
		struct sbk_error *err)
{
	const struct sbk_transaction_request request = {
		.book = SBK_BOOK_USER, .title = "setup: passwords"};
	struct sbk_transaction_report report;
	struct sbk_plan *plan = sbk_plan_new();
	int rc = plan == NULL ? sbk_error_no_memory(err) : 0;

	memset(&report, 0, sizeof(report));
	if (rc == 0)
		rc = plan_secrets(secrets, sbk_host_keyring(backend), plan,
				  err);
	if (rc == 0)
		rc = cli->ledger.ops->transact(cli->ledger.self, backend,
					       &request, plan, &report, err);
	sbk_plan_free(plan);
	return rc;
}

/* Whose passwords came: what came is wiped when it is proved. */
struct names {
	size_t count;
	char accounts[SBK_HANDOVER_MAX][SBK_NT_ACCOUNT_NAME_MAX + 1];
};

static void note_names(const struct sbk_handover_secrets *secrets,
		       struct names *out)
{
	for (out->count = 0; out->count < secrets->count; out->count++)
		(void)snprintf(out->accounts[out->count],
			       sizeof(out->accounts[0]), "%s",
			       secrets->items[out->count].label.account);
}

static bool is_kept(void *arg, const struct sbk_change *change)
{
	const struct names *names = arg;
	size_t i;

	for (i = 0; i < names->count; i++)
		if (change->object.kind == SBK_KIND_SECRET &&
		    strcmp(change->object.name, names->accounts[i]) == 0)
			return true;
	return false;
}

/* Setup did not come to its end, and its accounts are gone. */
static void take_back(struct sbk_cli *cli, const struct sbk_backend *backend,
		      struct names *names)
{
	const struct sbk_take_back_request request = {
		.book = SBK_BOOK_USER,
		.title = "setup: passwords of accounts that are gone",
		.is_wanted = is_kept,
		.arg = names};
	struct sbk_transaction_report report;
	struct sbk_error err = SBK_ERROR_INIT;

	if (cli->ledger.ops->take_back(cli->ledger.self, backend, &request,
				       &report, &err) < 0)
		(void)fprintf(cli->err,
			      "%s: passwords of accounts that are gone are "
			      "still kept: %s\n",
			      cli->program, err.message);
}

static int prove(struct sbk_handover *handover, struct sbk_error *err)
{
	struct sbk_store *store = NULL;
	int rc = sbk_secret_store(SBK_STORE_READ, &store, err);

	if (rc == 0)
		rc = sbk_handover_prove(handover, store, err);
	sbk_store_close(store);
	return rc;
}

/* What comes through the pipe. Where setup has nothing to deliver, or fails, it
 * says so itself, and its exit code does. */
static void attend(struct sbk_cli *cli, struct sbk_handover *handover,
		   HANDLE process)
{
	const struct sbk_handover_secrets *secrets = NULL;
	struct sbk_backend backend = {.ops = NULL};
	struct sbk_error err = SBK_ERROR_INIT;
	struct names names = {.count = 0};
	int rc = sbk_handover_accept(handover, process, JOIN_MS, &err);

	/* Not of setup's doing: somebody else was there. */
	if (rc == SBK_E_DENIED)
		(void)fprintf(cli->err, "%s: %s\n", cli->program, err.message);
	if (rc == 0)
		rc = sbk_handover_receive(handover, MAKE_MS, &secrets, &err);
	if (rc < 0)
		return;
	note_names(secrets, &names);
	rc = sbk_os_backend(&backend, &err);
	if (rc == 0)
		rc = keep(cli, &backend, secrets, &err);
	if (rc == 0)
		rc = prove(handover, &err);
	if (rc < 0) {
		(void)fprintf(cli->err, "%s: %s\n", cli->program, err.message);
		sbk_handover_refuse(handover, err.message);
	} else {
		rc = sbk_handover_ended(handover, END_MS, &err);
		if (rc < 0)
			(void)fprintf(cli->err,
				      "%s: setup did not confirm its end, so "
				      "the passwords are taken back: %s\n",
				      cli->program, err.message);
	}
	if (rc < 0 && backend.ops != NULL)
		take_back(cli, &backend, &names);
	sbk_backend_close(&backend);
}

static int copy_words(char *const *argv, char *words[WORDS_MAX],
		      struct sbk_error *err)
{
	static char option[] = "--" SBK_SETUP_HANDOVER;
	size_t i;

	for (i = 0; argv[i] != NULL; i++) {
		if (i + 3 >= WORDS_MAX)
			return sbk_error_set(err, SBK_E_LIMIT,
					     "too many arguments");
		words[i] = argv[i];
	}
	words[i] = option;
	return (int)i + 1;
}

int sbk_setup_become(struct sbk_cli *cli, bool enrols, char *const *argv,
		     struct sbk_error *err)
{
	char name[SBK_HANDOVER_NAME_SIZE];
	char *words[WORDS_MAX] = {NULL};
	struct sbk_handover *handover = NULL;
	HANDLE process = NULL;
	DWORD code = 0;
	int rc;

	if (!enrols)
		return sbk_os_become_sibling(SBK_SETUP_PROGRAM, argv, err);
	rc = copy_words(argv, words, err);
	if (rc < 0)
		return rc;
	words[rc] = name;
	rc = sbk_handover_offer(&handover, name, err);
	if (rc == 0)
		rc = sbk_elevate_start(SBK_SETUP_PROGRAM, words, &process, err);
	if (rc == 0) {
		attend(cli, handover, process);
		rc = sbk_elevate_wait(process, &code, err);
	}
	sbk_handover_close(handover);
	sbk_win32_close(&process);
	if (rc < 0)
		return rc;
	if (code != 0)
		(void)fprintf(cli->err,
			      "%s: sandbook-setup ended with exit code %lu; it "
			      "says why in its own window, or started from an "
			      "administrator's\n",
			      cli->program, (unsigned long)code);
	(void)fflush(NULL);
	exit((int)code);
}
