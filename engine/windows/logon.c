/*
 * LOGON: whether an account can log on, by its SID. Its state is "enabled", or
 * absent: disabled, or no such account.
 *
 * An object of its own, since an account is made disabled and enabled as the
 * last step of setup, when everything that holds it back stands; so undo, which
 * goes backwards, disables it first, and then ends what runs as it. Refuses to
 * touch an account whose SID is another, whatever its name.
 */
#include <string.h>

#include "engine/windows/account_state.h"
#include "engine/windows/at_rest.h"
#include "engine/windows/kinds.h"
#include "engine/windows/win32_accounts.h"
#include "engine/windows/yes_no.h"

#include "engine/banned.h"

struct logon {
	struct sbk_sid sid;
	struct sbk_win32_account account;
};

static int open_logon(struct logon *logon, const char *name,
		      struct sbk_error *err)
{
	*logon = (struct logon){.account = SBK_WIN32_ACCOUNT_INIT};
	if (sbk_sid_parse(name, strlen(name), &logon->sid, NULL) == 0)
		return 0;
	return sbk_error_set(err, SBK_E_INVAL, "'%.200s' is no SID", name);
}

/* Fills `account`; SBK_E_NOTFOUND where none has the SID. */
static int find(struct logon *logon, struct sbk_error *err)
{
	struct sbk_buf name = SBK_BUF_INIT;
	int rc = sbk_win32_name_of(&logon->sid, &name, err);

	if (rc == 0)
		rc = sbk_win32_account_find(sbk_buf_text(&name), false,
					    &logon->account, err);
	sbk_buf_release(&name);
	if (rc == 0 && !sbk_sid_equal(&logon->sid, &logon->account.sid))
		rc = sbk_error_set(err, SBK_E_NOTFOUND,
				   "the account of that name has another SID");
	return rc;
}

static int look(void *self, bool *is, struct sbk_error *err)
{
	struct logon *logon = self;
	struct sbk_error why = SBK_ERROR_INIT;
	int rc = find(logon, &why);

	*is = rc == 0 && (logon->account.flags & SBK_NT_ACCOUNT_DISABLED) == 0;
	if (rc == SBK_E_NOTFOUND)
		return 0;
	return rc < 0 ? sbk_error_set(err, rc, "%s", why.message) : 0;
}

static int set(void *self, bool on, struct sbk_error *err)
{
	struct logon *logon = self;
	int rc = find(logon, err);
	uint32_t flags = logon->account.flags & ~SBK_NT_ACCOUNT_DISABLED;

	if (!on)
		flags |= SBK_NT_ACCOUNT_DISABLED;
	return rc < 0 ? rc
		      : sbk_win32_set_flags(sbk_buf_text(&logon->account.name),
					    flags, err);
}

int sbk_account_standing(const struct sbk_sid *account,
			 enum sbk_account_standing *out, struct sbk_error *err)
{
	struct logon logon = {.sid = *account,
			      .account = SBK_WIN32_ACCOUNT_INIT};
	struct sbk_error why = SBK_ERROR_INIT;
	int rc = find(&logon, &why);

	if (rc == 0)
		*out = (logon.account.flags & SBK_NT_ACCOUNT_DISABLED) != 0
			       ? SBK_ACCOUNT_DISABLED
			       : SBK_ACCOUNT_ENABLED;
	else if (rc == SBK_E_NOTFOUND)
		*out = SBK_ACCOUNT_GONE;
	sbk_win32_account_release(&logon.account);
	return rc < 0 && rc != SBK_E_NOTFOUND
		       ? sbk_error_set(err, rc, "%s", why.message)
		       : 0;
}

int sbk_account_at_rest(const struct sbk_sid *account, struct sbk_error *err)
{
	struct logon logon = {.sid = *account,
			      .account = SBK_WIN32_ACCOUNT_INIT};
	struct sbk_sid_text text;
	bool enabled = false;
	size_t ended;
	int rc = look(&logon, &enabled, err);

	sbk_win32_account_release(&logon.account);
	if (rc == 0 && enabled)
		rc = sbk_error_set(err, SBK_E_BUSY,
				   "account '%s' is enabled, so what contains "
				   "it stays; disable it first",
				   sbk_sid_format(account, &text));
	return rc < 0 ? rc : sbk_processes_end(account, &ended, err);
}

static const struct sbk_yes_no kind = {.state = "enabled\n",
				       .noun = "logon of account",
				       .look = look,
				       .set = set};

static int observe(struct sbk_host *host, const struct sbk_object *object,
		   struct sbk_observation *out, struct sbk_error *err)
{
	struct logon logon;
	int rc = open_logon(&logon, object->name, err);

	(void)host;
	if (rc == 0)
		rc = sbk_yes_no_observe(&kind, &logon, out, err);
	sbk_win32_account_release(&logon.account);
	return rc;
}

static int replace(struct sbk_host *host, const struct sbk_object *object,
		   struct sbk_state expected, struct sbk_state next,
		   struct sbk_error *err)
{
	struct logon logon;
	size_t ended;
	int rc = open_logon(&logon, object->name, err);

	(void)host;
	if (rc == 0)
		rc = sbk_yes_no_replace(&kind, &logon, object->name, expected,
					next, err);
	/* It is read back as disabled: nothing new can log on. */
	if (rc == 0 && sbk_state_absent(next))
		rc = sbk_processes_end(&logon.sid, &ended, err);
	sbk_win32_account_release(&logon.account);
	return rc;
}

const struct sbk_host_kind sbk_host_logon = {
	.observe = observe,
	.replace = replace,
};
