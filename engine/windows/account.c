/*
 * ACCOUNT and GROUP: local ones that we make, by name; states as
 * account_state.h has them.
 *
 * An account is made disabled, with a password that the keyring has for whoever
 * hands it over, and its comment is sealed with its SID once that is known.
 * What is taken away has the comment of ours and its own SID in the seal, or
 * none: a name alone takes nothing away. One that was renamed is found by its
 * comment.
 *
 * The Net functions that delete go by name: between our last look and the call
 * an administrator could give the name to another account. There is no
 * documented call that deletes by SID.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/windows/account_state.h"
#include "engine/windows/host.h"
#include "engine/windows/password.h"
#include "engine/windows/win32_accounts.h"

#include "engine/banned.h"

/* An object, and what stands there. */
struct place {
	const char *name;
	bool is_group;
	bool exists;
	struct sbk_win32_account account;
};

static struct place place_of(const struct sbk_object *object)
{
	return (struct place){.name = object->name,
			      .is_group = object->kind == SBK_KIND_GROUP,
			      .account = SBK_WIN32_ACCOUNT_INIT};
}

/* --- looking -------------------------------------------------------------- */

/* Of a list: 1 where it is the place's own, under another name. */
static int match(void *arg, const char *name, const char *comment,
		 struct sbk_error *err)
{
	struct place *place = arg;
	int rc;

	if (strstr(comment, place->name) == NULL)
		return 0;
	rc = sbk_win32_account_find(name, place->is_group, &place->account,
				    err);
	if (rc == SBK_E_NOTFOUND)
		return 0; /* it went meanwhile */
	if (rc < 0)
		return rc;
	return sbk_nt_comment_is_of(sbk_buf_text(&place->account.comment),
				    place->name, &place->account.sid)
		       ? 1
		       : 0;
}

static int look(struct place *place, struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	int rc = sbk_win32_account_find(place->name, place->is_group,
					&place->account, &why);

	place->exists = rc == 0;
	if (rc == SBK_E_NOTFOUND) {
		rc = sbk_win32_account_list(place->is_group, match, place,
					    &why);
		place->exists = rc == 1;
	}
	return rc < 0 ? sbk_error_set(err, rc, "%s", why.message) : 0;
}

static void encode(const struct place *place, struct sbk_buf *out)
{
	const struct sbk_nt_account account = {
		.name = sbk_buf_text(&place->account.name),
		.comment = sbk_buf_text(&place->account.comment),
		.flags = place->account.flags,
		.sid = place->account.sid};

	if (place->exists)
		sbk_nt_account_encode(out, place->is_group, place->name,
				      &account);
}

static int observe(struct sbk_host *host, const struct sbk_object *object,
		   struct sbk_observation *out, struct sbk_error *err)
{
	struct place place = place_of(object);
	struct sbk_sid_text text;
	int rc = look(&place, err);

	(void)host;
	if (rc == 0) {
		encode(&place, &out->state);
		if (place.exists)
			sbk_buf_adds(&out->identity,
				     sbk_sid_format(&place.account.sid, &text));
	}
	sbk_win32_account_release(&place.account);
	if (rc == 0)
		rc = sbk_buf_failed(&out->identity, err);
	return rc < 0 ? rc : sbk_buf_failed(&out->state, err);
}

/* Looks again: what stands there must be `state`; `code` where it is not. */
static int check(struct place *place, struct sbk_state state, int code,
		 const char *message, struct sbk_error *err)
{
	struct sbk_buf now = SBK_BUF_INIT;
	int rc = look(place, err);

	if (rc == 0) {
		encode(place, &now);
		rc = sbk_buf_failed(&now, err);
	}
	if (rc == 0 &&
	    !sbk_state_equal(state,
			     (struct sbk_state){sbk_buf_text(&now), now.size}))
		rc = sbk_error_set(err, code, "%s", message);
	sbk_buf_release(&now);
	return rc;
}

/* --- changing ------------------------------------------------------------- */

/* With a password that the keyring alone has. */
static int add_user(struct sbk_keyring *ring, const struct place *place,
		    const char *comment, uint32_t flags, struct sbk_error *err)
{
	int rc = sbk_keyring_make(ring, place->name, sbk_win32_random, err);

	if (rc < 0)
		return rc;
	rc = sbk_win32_add_user(place->name,
				sbk_keyring_look(ring, place->name), comment,
				flags | SBK_NT_ACCOUNT_DISABLED, err);
	if (rc < 0)
		sbk_keyring_drop(ring, place->name);
	return rc;
}

/* The comment gets the SID, if what stands there is what was just made. */
static int seal(struct place *place, const char *comment, struct sbk_error *err)
{
	struct sbk_buf sealed = SBK_BUF_INIT;
	int rc = look(place, err);

	if (rc == 0 && !place->exists)
		rc = sbk_error_set(err, SBK_E_IO,
				   "the system reported success but it is not "
				   "there");
	if (rc == 0 &&
	    strcmp(sbk_buf_text(&place->account.comment), comment) != 0)
		rc = sbk_error_set(err, SBK_E_IO,
				   "the system reported success but did not "
				   "keep its comment");
	if (rc == 0) {
		sbk_nt_comment_seal(&sealed, comment, &place->account.sid);
		rc = sbk_buf_failed(&sealed, err);
	}
	if (rc == 0)
		rc = sbk_win32_set_comment(place->name, place->is_group,
					   sbk_buf_text(&sealed), err);
	sbk_buf_release(&sealed);
	return rc;
}

/*
 * It was made a moment ago, under a name that was free, and is not what was
 * asked for. Gone again, unless somebody else's comment is on it by now.
 */
static void take_back(struct place *place, const char *comment,
		      struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	int rc = look(place, &why);

	if (rc == 0 && place->exists && place->account.comment.size > 0 &&
	    strncmp(sbk_buf_text(&place->account.comment), comment,
		    strlen(comment)) != 0)
		return;
	if (rc == 0 && !place->exists)
		return;
	rc = sbk_win32_account_delete(place->name, place->is_group, &why);
	if (rc < 0 && rc != SBK_E_NOTFOUND)
		(void)sbk_error_prefix(err, "it could not be taken back (%s)",
				       why.message);
}

static int create(struct sbk_host *host, struct place *place,
		  struct sbk_state next, struct sbk_error *err)
{
	char *comment = NULL;
	uint32_t flags = 0;
	int rc = sbk_nt_name_check(place->name, place->is_group, err);

	if (rc == 0)
		rc = sbk_nt_account_parse(next, place->is_group, &flags,
					  &comment, err);
	if (rc == 0)
		rc = place->is_group
			     ? sbk_win32_add_group(place->name, comment, err)
			     : add_user(&host->keyring, place, comment, flags,
					err);
	if (rc < 0)
		goto out;
	rc = seal(place, comment, err);
	if (rc == 0)
		rc = check(place, next, SBK_E_IO,
			   "the system reported success but it is not what was "
			   "asked for",
			   err);
	if (rc < 0) {
		take_back(place, comment, err);
		sbk_keyring_drop(&host->keyring, place->name);
	}
out:
	free(comment);
	return rc;
}

static int take_away(struct place *place, struct sbk_error *err)
{
	struct sbk_buf name = SBK_BUF_INIT;
	int rc;

	sbk_buf_adds(&name, sbk_buf_text(&place->account.name));
	rc = sbk_buf_failed(&name, err);
	if (rc == 0)
		rc = sbk_win32_account_delete(sbk_buf_text(&name),
					      place->is_group, err);
	sbk_buf_release(&name);
	if (rc == 0)
		rc = check(place, SBK_STATE_ABSENT, SBK_E_IO,
			   "the system reported success but it is still there",
			   err);
	return rc;
}

static int replace(struct sbk_host *host, const struct sbk_object *object,
		   struct sbk_state expected, struct sbk_state next,
		   struct sbk_error *err)
{
	struct place place = place_of(object);
	int rc = check(&place, expected, SBK_E_CONFLICT,
		       "it was changed meanwhile", err);

	if (rc == 0 && !sbk_state_equal(expected, next)) {
		if (sbk_state_absent(next)) {
			rc = take_away(&place, err);
			if (!place.is_group)
				sbk_keyring_drop(&host->keyring, object->name);
		} else if (!place.exists)
			rc = create(host, &place, next, err);
		else
			rc = sbk_error_set(err, SBK_E_UNSUPPORTED,
					   "what exists is not changed in "
					   "place");
	}
	if (rc < 0)
		(void)sbk_error_prefix(err, "%s '%.200s'",
				       place.is_group ? "group" : "account",
				       object->name);
	sbk_win32_account_release(&place.account);
	return rc;
}

/* Others changed it: it goes all the same while its comment is ours. Leaving it
 * would leave an identity behind that somebody opened. */
static int subtract(struct sbk_host *host, const struct sbk_change *change,
		    struct sbk_state current, struct sbk_buf *next,
		    struct sbk_error *err)
{
	(void)host;
	(void)next; /* absent is the empty state */
	if (sbk_nt_account_is_ours(change->after, current))
		return 0;
	return sbk_error_set(err, SBK_E_CONFLICT,
			     "'%s' is not as Sandbook made it: its comment or "
			     "its SID is another; it is left, remove it where "
			     "it should go",
			     change->object.name);
}

const struct sbk_host_kind sbk_host_account = {
	.observe = observe,
	.replace = replace,
	.subtract = subtract,
};
