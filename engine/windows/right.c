/*
 * RIGHT: a user right of an account, "SID:SeDenyNetworkLogonRight". Its state
 * is "held", or absent.
 *
 * Refuses to add one to a SID that no account has: LSA would make an object for
 * it that outlives everything. Taking away never needs the account, so what a
 * removed account left behind goes, too. What LSA wrote is durable when it
 * returns (WINDOWS.md part 4).
 */
#include <string.h>

#include "engine/windows/kinds.h"
#include "engine/windows/wide.h"
#include "engine/windows/win32_rights.h"
#include "engine/windows/yes_no.h"

#include "engine/banned.h"

#define RIGHT_BYTES_MAX 64

struct right {
	struct sbk_sid sid;
	struct sbk_buf name; /* UTF-16 */
	LSA_HANDLE policy;
};

static void right_release(struct right *right)
{
	sbk_win32_close_policy(&right->policy);
	sbk_buf_release(&right->name);
}

static bool is_right_name(const char *text)
{
	size_t i;

	if (strncmp(text, "Se", 2) != 0 || strlen(text) > RIGHT_BYTES_MAX)
		return false;
	for (i = 0; text[i] != '\0'; i++)
		if (!((text[i] >= 'A' && text[i] <= 'Z') ||
		      (text[i] >= 'a' && text[i] <= 'z')))
			return false;
	return true;
}

static int right_open(struct right *right, const char *name, ACCESS_MASK access,
		      struct sbk_error *err)
{
	const char *colon = strchr(name, ':');

	*right = (struct right){.name = SBK_BUF_INIT};
	if (colon == NULL || !is_right_name(colon + 1) ||
	    sbk_sid_parse(name, (size_t)(colon - name), &right->sid, NULL) < 0)
		return sbk_error_set(err, SBK_E_INVAL,
				     "'%.200s' is no user right of an account",
				     name);
	if (!sbk_wide_add(&right->name, colon + 1, strlen(colon + 1)) ||
	    sbk_wide_text(&right->name) == NULL)
		return sbk_error_no_memory(err);
	return sbk_win32_open_policy(access, &right->policy, err);
}

static int look(void *self, bool *is, struct sbk_error *err)
{
	struct right *right = self;

	return sbk_win32_has_right(right->policy, &right->sid,
				   sbk_wide_text(&right->name), is, err);
}

static int set(void *self, bool on, struct sbk_error *err)
{
	struct right *right = self;
	const WCHAR *name = sbk_wide_text(&right->name);
	int rc;

	if (!on)
		return sbk_win32_remove_right(right->policy, &right->sid, name,
					      err);
	rc = sbk_win32_sid_resolves(&right->sid, err);
	return rc < 0 ? rc
		      : sbk_win32_add_right(right->policy, &right->sid, name,
					    err);
}

static const struct sbk_yes_no kind = {
	.state = "held\n", .noun = "user right", .look = look, .set = set};

static int observe(struct sbk_host *host, const struct sbk_object *object,
		   struct sbk_observation *out, struct sbk_error *err)
{
	struct right right;
	int rc = right_open(&right, object->name, POLICY_LOOKUP_NAMES, err);

	(void)host;
	if (rc == 0)
		rc = sbk_yes_no_observe(&kind, &right, out, err);
	right_release(&right);
	return rc;
}

static int replace(struct sbk_host *host, const struct sbk_object *object,
		   struct sbk_state expected, struct sbk_state next,
		   struct sbk_error *err)
{
	struct right right;
	int rc = right_open(&right, object->name,
			    POLICY_LOOKUP_NAMES | POLICY_CREATE_ACCOUNT, err);

	(void)host;
	if (rc == 0)
		rc = sbk_yes_no_replace(&kind, &right, object->name, expected,
					next, err);
	right_release(&right);
	return rc;
}

const struct sbk_host_kind sbk_host_right = {
	.observe = observe,
	.replace = replace,
};
