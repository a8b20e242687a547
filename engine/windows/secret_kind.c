/*
 * SECRET: what the calling user keeps of an account, by the account's name; the
 * object of that user's journal (secret.h).
 *
 * To make one takes the password, which only the keyring has: recovery looks,
 * and undo removes. Looking goes by what the file says of itself; whether DPAPI
 * opens it is asked when it is made, and when it is used.
 */
#include <string.h>

#include "engine/windows/host.h"
#include "engine/windows/secret.h"

#include "engine/banned.h"

/* Where there is no directory there is no secret. */
static int look(const char *account, struct sbk_store **store,
		struct sbk_buf *out, struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	int rc = sbk_secret_store(SBK_STORE_READ, store, &why);

	if (rc == SBK_E_NOTFOUND)
		return 0;
	if (rc == 0)
		rc = sbk_secret_look(*store, account, out, &why);
	return rc < 0 ? sbk_error_set(err, rc, "%s", why.message) : 0;
}

static int observe(struct sbk_host *host, const struct sbk_object *object,
		   struct sbk_observation *out, struct sbk_error *err)
{
	struct sbk_store *store = NULL;
	struct sbk_secret_label label;
	struct sbk_sid_text text;
	struct sbk_buf *state = &out->state;
	int rc = look(object->name, &store, state, err);

	(void)host;
	sbk_store_close(store);
	if (rc == 0 && state->size > 0 &&
	    sbk_secret_state_parse(object->name,
				   (struct sbk_state){state->data, state->size},
				   &label, NULL) == 0)
		sbk_buf_adds(&out->identity, sbk_sid_format(&label.sid, &text));
	return rc < 0 ? rc : sbk_buf_failed(&out->identity, err);
}

/* The password in the keyring is the one that the state names, or nothing is
 * made. */
static int make(struct sbk_host *host, const struct sbk_store *store,
		const char *account, struct sbk_state next,
		struct sbk_error *err)
{
	const char *password = sbk_keyring_look(&host->keyring, account);
	struct sbk_buf state = SBK_BUF_INIT;
	struct sbk_secret_label label;
	int rc = sbk_secret_state_parse(account, next, &label, err);

	if (rc == 0 && password == NULL)
		rc = sbk_error_set(err, SBK_E_UNSUPPORTED,
				   "its password is known to nobody any more; "
				   "run 'sandbook setup --upgrade'");
	if (rc == 0)
		rc = sbk_secret_state(&label, password, &state, err);
	if (rc == 0 &&
	    !sbk_state_equal(next, (struct sbk_state){state.data, state.size}))
		rc = sbk_error_set(err, SBK_E_CONFLICT,
				   "it was planned with another password");
	if (rc == 0)
		rc = sbk_secret_keep(store, &label, password, err);
	sbk_buf_release(&state);
	return rc;
}

static int check(const struct sbk_store *store, const char *account,
		 struct sbk_state expected, int code, const char *message,
		 struct sbk_error *err)
{
	struct sbk_buf now = SBK_BUF_INIT;
	int rc = sbk_secret_look(store, account, &now, err);

	if (rc == 0 &&
	    !sbk_state_equal(expected,
			     (struct sbk_state){sbk_buf_text(&now), now.size}))
		rc = sbk_error_set(err, code, "%s", message);
	sbk_buf_release(&now);
	return rc;
}

static int replace(struct sbk_host *host, const struct sbk_object *object,
		   struct sbk_state expected, struct sbk_state next,
		   struct sbk_error *err)
{
	struct sbk_store *store = NULL;
	const char *account = object->name;
	int rc = sbk_secret_store(SBK_STORE_WRITE, &store, err);

	if (rc == 0)
		rc = check(store, account, expected, SBK_E_CONFLICT,
			   "it was changed meanwhile", err);
	if (rc < 0 || sbk_state_equal(expected, next))
		goto out;
	if (!sbk_state_absent(expected) && !sbk_state_absent(next))
		rc = sbk_error_set(err, SBK_E_UNSUPPORTED,
				   "a secret is not changed in place");
	else if (sbk_state_absent(next))
		rc = sbk_secret_remove(store, account, err);
	else
		rc = make(host, store, account, next, err);
	if (rc == 0)
		rc = check(store, account, next, SBK_E_IO,
			   "the system reported success but it is not what was "
			   "asked for",
			   err);
out:
	if (rc < 0)
		(void)sbk_error_prefix(err, "the secret of '%.100s'", account);
	sbk_store_close(store);
	return rc;
}

/* Another secret in its place is as much a way in for the account: it goes
 * while it is of the same account. What is no secret at all is somebody's. */
static int subtract(struct sbk_host *host, const struct sbk_change *change,
		    struct sbk_state current, struct sbk_buf *next,
		    struct sbk_error *err)
{
	struct sbk_secret_label made, now;

	(void)host;
	(void)next; /* absent is the empty state */
	if (sbk_secret_state_parse(change->object.name, change->after, &made,
				   NULL) == 0 &&
	    sbk_secret_state_parse(change->object.name, current, &now, NULL) ==
		    0 &&
	    sbk_sid_equal(&made.sid, &now.sid))
		return 0;
	return sbk_error_set(err, SBK_E_CONFLICT,
			     "the file of the secret of '%.100s' is not one of "
			     "that account; it is left",
			     change->object.name);
}

const struct sbk_host_kind sbk_host_secret = {
	.observe = observe,
	.replace = replace,
	.subtract = subtract,
};
