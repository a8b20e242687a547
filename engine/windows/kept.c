/* See the header. Owns the judgement, and that nothing is removed but by the
 * record of its keeping. */
#include "engine/windows/kept.h"

#include <stdio.h>
#include <string.h>

#include "engine/windows/at_rest.h"
#include "engine/windows/secret.h"

#include "engine/banned.h"

#define TITLE "setup: passwords of accounts that are gone"

bool sbk_kept_has(const struct sbk_kept_names *names, const char *account)
{
	size_t i;

	for (i = 0; i < names->count; i++)
		if (strcmp(names->accounts[i], account) == 0)
			return true;
	return false;
}

bool sbk_kept_add(struct sbk_kept_names *names, const char *account)
{
	if (names->count == SBK_KEPT_MAX)
		return false;
	(void)snprintf(names->accounts[names->count++],
		       sizeof(names->accounts[0]), "%s", account);
	return true;
}

/* --- by the record -------------------------------------------------------- */

/* A change of an account in a user's journal is a withholding's, and changed
 * nothing that could be put back. */
static bool is_named(void *arg, const struct sbk_change *change)
{
	return (change->object.kind == SBK_KIND_SECRET ||
		(change->object.kind == SBK_KIND_ACCOUNT &&
		 sbk_state_equal(change->before, change->after))) &&
	       sbk_kept_has(arg, change->object.name);
}

static int take_back(const struct sbk_ledger *ledger,
		     const struct sbk_backend *backend, const char *title,
		     struct sbk_kept_names *names, struct sbk_error *err)
{
	const struct sbk_take_back_request request = {.book = SBK_BOOK_USER,
						      .title = title,
						      .is_wanted = is_named,
						      .arg = names};
	struct sbk_transaction_report report;

	return ledger->ops->take_back(ledger->self, backend, &request, &report,
				      err);
}

/* Whether something is there under the name, ours or not. */
static int look(const struct sbk_store *store, const char *account,
		struct sbk_buf *state, struct sbk_error *err)
{
	sbk_buf_clear(state);
	return sbk_secret_look(store, account, state, err);
}

static int check_gone(const struct sbk_store *store, const char *account,
		      struct sbk_error *err)
{
	struct sbk_buf state = SBK_BUF_INIT;
	int rc = look(store, account, &state, err);

	if (rc == 0 && state.size > 0)
		rc = sbk_error_set(err, SBK_E_EXISTS,
				   "'%s/secret-%s' is there and no record of "
				   "this user's journal takes it away; remove "
				   "it, then try again",
				   sbk_store_path(store), account);
	sbk_buf_release(&state);
	return rc;
}

static int check_all_gone(const struct sbk_kept_names *names,
			  struct sbk_error *err)
{
	struct sbk_store *store = NULL;
	int rc = sbk_secret_store(SBK_STORE_READ, &store, err);
	size_t i;

	for (i = 0; rc == 0 && i < names->count; i++)
		rc = check_gone(store, names->accounts[i], err);
	sbk_store_close(store);
	return rc;
}

/* --- all that is kept ----------------------------------------------------- */

static int add_name(void *arg, const char *account, struct sbk_error *err)
{
	return sbk_kept_add(arg, account)
		       ? 0
		       : sbk_error_set(err, SBK_E_LIMIT,
				       "more than %d passwords are kept",
				       SBK_KEPT_MAX);
}

int sbk_kept_list(struct sbk_kept_names *out, struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	struct sbk_store *store = NULL;
	size_t count;
	int rc = sbk_secret_store(SBK_STORE_READ, &store, &why);

	out->count = 0;
	/* No directory, no secret. */
	if (rc == SBK_E_NOTFOUND)
		return 0;
	if (rc == 0)
		rc = sbk_secret_list(store, add_name, out, &count, &why);
	sbk_store_close(store);
	return rc < 0 ? sbk_error_set(err, rc, "%s", why.message) : 0;
}

int sbk_kept_text(char *out, size_t size, struct sbk_error *err)
{
	struct sbk_kept_names kept;
	size_t i, used = 0;
	int rc = sbk_kept_list(&kept, err);

	out[0] = '\0';
	for (i = 0; rc == 0 && i < kept.count && used < size; i++)
		used += (size_t)snprintf(out + used, size - used, "%s%s",
					 i > 0 ? "," : "", kept.accounts[i]);
	return rc;
}

/* --- what is kept, and of what -------------------------------------------- */

struct settling {
	struct sbk_cli *cli;
	const struct sbk_store *store;
	const struct sbk_kept_names *delivered;
	struct sbk_kept_names gone;
};

/* 1 where it shall go, and a line says why. */
static int judge(struct settling *s, const char *account, struct sbk_buf *state,
		 struct sbk_error *err)
{
	enum sbk_account_standing standing = SBK_ACCOUNT_GONE;
	struct sbk_secret_label label;
	const struct sbk_state text = {sbk_buf_text(state), state->size};
	int rc;

	/* Another's file, or one that does not say of what it is. */
	if (sbk_secret_state_parse(account, text, &label, NULL) < 0)
		return 0;
	rc = sbk_account_standing(&label.sid, &standing, err);
	if (rc < 0)
		return rc;
	if (standing == SBK_ACCOUNT_GONE)
		sbk_cli_say(s->cli,
			    "the kept password of '%s' is of an account "
			    "that is gone; it is taken back",
			    account);
	else if (standing == SBK_ACCOUNT_DISABLED && s->delivered != NULL &&
		 sbk_kept_has(s->delivered, account))
		sbk_cli_say(s->cli,
			    "'%s' was not enabled, so its password is "
			    "taken back",
			    account);
	else
		return 0;
	return 1;
}

static int visit(void *arg, const char *account, struct sbk_error *err)
{
	struct settling *s = arg;
	struct sbk_buf state = SBK_BUF_INIT;
	int rc = look(s->store, account, &state, err);

	if (rc == 0)
		rc = judge(s, account, &state, err);
	sbk_buf_release(&state);
	/* More than fit are the next setup's. */
	if (rc == 1 && !sbk_kept_add(&s->gone, account))
		rc = 0;
	return rc < 0 ? rc : 0;
}

static int settle(struct settling *s, const struct sbk_backend *backend,
		  struct sbk_error *err)
{
	struct sbk_store *store = NULL;
	size_t count, i;
	int rc = sbk_secret_store(SBK_STORE_READ, &store, err);

	/* No directory, no secret. */
	if (rc == SBK_E_NOTFOUND) {
		sbk_error_clear(err);
		return 0;
	}
	s->store = store;
	if (rc == 0)
		rc = sbk_secret_list(store, visit, s, &count, err);
	if (rc == 0 && s->gone.count > 0)
		rc = take_back(&s->cli->ledger, backend, TITLE, &s->gone, err);
	for (i = 0; rc == 0 && i < s->gone.count; i++)
		rc = check_gone(store, s->gone.accounts[i], err);
	sbk_store_close(store);
	return rc;
}

void sbk_kept_settle(struct sbk_cli *cli, const struct sbk_backend *backend,
		     const struct sbk_kept_names *delivered)
{
	struct settling s = {.cli = cli, .delivered = delivered};
	struct sbk_error err = SBK_ERROR_INIT;

	if (settle(&s, backend, &err) < 0)
		sbk_cli_say(cli,
			    "whether a password of an account that is "
			    "gone is still kept was not settled, the next "
			    "'sandbook setup' tries again: %s",
			    err.message);
}

int sbk_kept_take_back(const struct sbk_ledger *ledger,
		       const struct sbk_backend *backend, const char *title,
		       struct sbk_kept_names *names, struct sbk_error *err)
{
	int rc = take_back(ledger, backend, title, names, err);

	return rc < 0 ? rc : check_all_gone(names, err);
}

int sbk_kept_replace(struct sbk_cli *cli, const struct sbk_backend *backend,
		     const struct sbk_kept_names *names, struct sbk_error *err)
{
	struct sbk_kept_names kept = {.count = 0};
	struct sbk_store *store = NULL;
	struct sbk_buf state = SBK_BUF_INIT;
	size_t i;
	int rc = sbk_secret_store(SBK_STORE_READ, &store, err);

	if (rc == SBK_E_NOTFOUND) {
		sbk_error_clear(err);
		return 0;
	}
	for (i = 0; rc == 0 && i < names->count; i++) {
		rc = look(store, names->accounts[i], &state, err);
		if (rc == 0 && state.size > 0)
			(void)sbk_kept_add(&kept, names->accounts[i]);
	}
	sbk_store_close(store);
	sbk_buf_release(&state);
	if (rc < 0 || kept.count == 0)
		return rc;
	return sbk_kept_take_back(&cli->ledger, backend,
				  "setup: passwords that are replaced", &kept,
				  err);
}
