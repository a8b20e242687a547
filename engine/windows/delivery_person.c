/*
 * The person's side of the handover: starts sandbook-setup, keeps the passwords
 * that come, and shows that they open. Owns what is left of them afterwards:
 * where setup has ended, however it did and whatever was heard of it, what is
 * kept is what the machine has an enabled account for (kept.h).
 */
#include "engine/windows/delivery.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "engine/os.h"
#include "engine/windows/elevate.h"
#include "engine/windows/front.h"
#include "engine/windows/handover.h"
#include "engine/windows/kept.h"
#include "engine/windows/keyring.h"
#include "engine/windows/setup_refusal.h"
#include "engine/windows/standing.h"
#include "engine/windows/win32.h"

#include "engine/banned.h"

#define JOIN_MS 60000	/* until setup has joined, consent was given before */
#define MAKE_MS 1800000 /* until it has made the accounts: it asks somebody */
#define END_MS 120000	/* until it says how it went */
#define WORDS_MAX 64

/* --- keeping -------------------------------------------------------------- */

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

static int prove(struct sbk_handover *handover, struct sbk_error *err)
{
	struct sbk_store *store = NULL;
	int rc = sbk_secret_store(SBK_STORE_READ, &store, err);

	if (rc == 0)
		rc = sbk_handover_prove(handover, store, err);
	sbk_store_close(store);
	return rc;
}

/* --- attending ------------------------------------------------------------ */

/* One call: setup as it runs, and what came of it. */
struct attending {
	struct sbk_cli *cli;
	struct sbk_backend backend;
	struct sbk_handover *handover;
	/* What came is wiped when it is proved: whose passwords it was. */
	struct sbk_kept_names delivered;
	/* From when passwords come until setup has ended: no command with the
	 * user's own token begins, and no other logon puts back what that of
	 * setup's trial put into this user's window station. */
	struct sbk_front *front;
};

static void tell_waiting(void *arg, const char *what)
{
	const struct attending *a = arg;

	(void)fprintf(a->cli->err, "%s: waits for %s\n", a->cli->program, what);
}

/* Nothing was changed by then that a refusal would have to put back. */
static int close_front(struct attending *a, struct sbk_error *err)
{
	const struct sbk_front_wait wait = {tell_waiting, a};
	int rc = sbk_front_open(true, &a->front, err);

	if (rc == 0)
		rc = sbk_front_take(a->front, SBK_FRONT_OWN_TOKEN, NULL, err);
	return rc < 0 ? rc
		      : sbk_front_take(a->front, SBK_FRONT_LOGON, &wait, err);
}

/* What was kept under these names, as far as it opens: its accounts have it
 * until setup sets the new ones, which it does last. */
static int open_old(const struct sbk_kept_names *names,
		    struct sbk_handover_secrets *out, struct sbk_error *err)
{
	struct sbk_store *store = NULL;
	size_t i;
	int rc = sbk_secret_store(SBK_STORE_READ, &store, err);

	for (i = 0; rc == 0 && i < names->count &&
		    out->count < sizeof(out->items) / sizeof(out->items[0]);
	     i++) {
		struct sbk_handover_secret *one = &out->items[out->count];
		struct sbk_secret secret = SBK_SECRET_INIT;

		/* One that is lost, or does not open, is no loss. */
		if (sbk_secret_open(store, names->accounts[i], &secret, NULL) <
		    0)
			continue;
		one->label = secret.label;
		(void)snprintf(one->password, sizeof(one->password), "%s",
			       secret.password);
		out->count++;
		sbk_secret_release(&secret);
	}
	sbk_store_close(store);
	return rc;
}

/* The new ones did not come to their use: the old ones are the accounts'. */
static void put_back(struct attending *a,
		     const struct sbk_handover_secrets *old)
{
	struct sbk_error err = SBK_ERROR_INIT;
	int rc = old->count == 0 ? 0
				 : sbk_kept_replace(a->cli, &a->backend,
						    &a->delivered, &err);

	if (rc == 0 && old->count > 0)
		rc = keep(a->cli, &a->backend, old, &err);
	if (rc < 0)
		(void)fprintf(
			a->cli->err,
			"%s: the passwords that were kept before are not "
			"kept again (%s); 'sandbook setup --upgrade' sets "
			"new ones\n",
			a->cli->program, err.message);
}

static int exchange(struct attending *a,
		    const struct sbk_handover_secrets *secrets,
		    struct sbk_handover_secrets *old, struct sbk_error *err)
{
	int rc = open_old(&a->delivered, old, err);

	if (rc < 0)
		return rc;
	rc = sbk_kept_replace(a->cli, &a->backend, &a->delivered, err);
	if (rc == 0)
		rc = keep(a->cli, &a->backend, secrets, err);
	if (rc == 0)
		rc = prove(a->handover, err);
	if (rc < 0)
		put_back(a, old);
	return rc;
}

static int keep_and_prove(struct attending *a,
			  const struct sbk_handover_secrets *secrets,
			  struct sbk_error *err)
{
	struct sbk_handover_secrets *old = sodium_malloc(sizeof(*old));
	size_t i;
	int rc = old == NULL ? sbk_error_no_memory(err) : close_front(a, err);

	if (rc < 0)
		goto out;
	memset(old, 0, sizeof(*old));
	for (i = 0; i < secrets->count; i++)
		(void)sbk_kept_add(&a->delivered,
				   secrets->items[i].label.account);
	/* What is still there is of accounts that are gone, or is lost, or is
	 * what they have. */
	sbk_kept_settle(a->cli, &a->backend, NULL);
	rc = exchange(a, secrets, old, err);
out:
	sodium_free(old); /* and wiped */
	return rc;
}

/* What comes through the pipe. */
static void attend(struct attending *a, HANDLE process)
{
	const struct sbk_handover_secrets *secrets = NULL;
	struct sbk_error err = SBK_ERROR_INIT;
	int rc = sbk_handover_accept(a->handover, process, JOIN_MS, &err);

	/* Not of setup's doing: somebody else was there. */
	if (rc == SBK_E_DENIED)
		sbk_cli_say(a->cli, "%s", err.message);
	if (rc < 0) {
		/* Whoever waits for an answer there hears that none comes. */
		sbk_handover_close(a->handover);
		a->handover = NULL;
		return;
	}
	rc = sbk_handover_receive(a->handover, MAKE_MS, &secrets, &err);
	if (rc < 0 || secrets == NULL)
		return;
	rc = keep_and_prove(a, secrets, &err);
	if (rc < 0) {
		sbk_cli_say(a->cli, "%s", err.message);
		sbk_handover_refuse(a->handover, err.message);
		return;
	}
	/* Words: what counts is looked at when the process has ended. */
	(void)sbk_handover_ended(a->handover, END_MS, NULL);
}

/* The person's own words, and the pipe's name. */
static int copy_words(char *const *argv, char *name, char *words[WORDS_MAX],
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
	if (name != NULL) {
		words[i] = option;
		words[i + 1] = name;
	}
	return 0;
}

/*
 * Its window is gone with it, as a rule. Why it would not begin comes as a
 * number, since there is no pipe yet: 0, or the error that says it.
 */
static int tell_end(struct attending *a, DWORD code, struct sbk_error *err)
{
	const char *why =
		a->handover != NULL ? sbk_handover_why(a->handover) : NULL;
	const char *text;
	int error;

	if (code == 0)
		return 0;
	text = sbk_setup_refusal_text(code, &error);
	if (error < 0)
		return sbk_error_set(err, error,
				     SBK_SETUP_PROGRAM ".exe did nothing: %s",
				     text);
	if (why == NULL)
		why = text;
	sbk_cli_say(a->cli, "sandbook-setup ended with exit code %lu%s%s",
		    (unsigned long)code, why != NULL ? ": " : "",
		    why != NULL ? why
				: "; it says why in its own window, or started "
				  "from an administrator's; what was done is "
				  "in 'sandbook journal log --machine'");
	return 0;
}

static int run_setup(struct attending *a, bool enrols, char *const *argv,
		     DWORD *code, struct sbk_error *err)
{
	char name[SBK_HANDOVER_NAME_SIZE];
	char *words[WORDS_MAX] = {NULL};
	HANDLE process = NULL;
	int rc = copy_words(argv, enrols ? name : NULL, words, err);

	if (rc == 0 && enrols)
		rc = sbk_handover_offer(&a->handover, name, err);
	if (rc == 0)
		rc = sbk_elevate_start(SBK_SETUP_PROGRAM, words, &process, err);
	if (rc == 0) {
		if (enrols)
			attend(a, process);
		rc = sbk_elevate_wait(process, code, err);
	}
	sbk_win32_close(&process);
	return rc;
}

/* Asked before anybody is asked for consent. */
static int refuse_beside_a_run(struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	struct sbk_front *front = NULL;
	int rc = sbk_front_open(false, &front, &why);

	if (rc == SBK_E_NOTFOUND)
		return 0; /* no records, no run */
	if (rc == 0)
		rc = sbk_front_take(front, SBK_FRONT_OWN_TOKEN, NULL, &why);
	sbk_front_close(front);
	return rc < 0 ? sbk_error_set(err, rc, "%s", why.message) : 0;
}

int sbk_setup_attend(struct sbk_cli *cli, enum sbk_setup_way way,
		     char *const *argv, DWORD *code, struct sbk_error *err)
{
	const bool enrols = way == SBK_SETUP_ENROLS;
	/* Setup itself tries what it enables. */
	const bool stood = enrols && sbk_standing_enabled();
	struct attending a = {.cli = cli};
	int rc = enrols ? refuse_beside_a_run(err) : 0;

	if (rc == 0)
		rc = sbk_os_backend(&a.backend, err);
	if (rc == 0)
		rc = run_setup(&a, enrols, argv, code, err);
	/* Setup has ended: what it did is what the machine has now. */
	if (rc == 0 && way != SBK_SETUP_LOOKS)
		sbk_kept_settle(cli, &a.backend, &a.delivered);
	sbk_front_close(a.front);
	if (rc == 0)
		rc = tell_end(&a, *code, err);
	if (rc == 0 && *code == 0 && way != SBK_SETUP_CHANGES)
		sbk_standing_check(cli, stood, code);
	sbk_handover_close(a.handover);
	sbk_backend_close(&a.backend);
	return rc;
}

int sbk_setup_become(struct sbk_cli *cli, enum sbk_setup_way way,
		     char *const *argv, struct sbk_error *err)
{
	DWORD code = 0;
	int rc = sbk_setup_attend(cli, way, argv, &code, err);

	if (rc < 0)
		return rc;
	(void)fflush(NULL);
	exit((int)code);
}
