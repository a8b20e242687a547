/*
 * Wrappers of the calls for tokens. Owns how each says that it failed and how
 * its structures become values of ours; what they mean is token_rules.c's.
 */
#include "engine/windows/win32_token.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "engine/windows/error.h"
#include "engine/windows/win32.h"

#include "engine/banned.h"

/* Of any list of a token: 1024 SIDs of 68 bytes each and their pointers. */
#define INFORMATION_MAX (256U << 10)
/* winnt.h names only the text; ntifs.h has SE_CHANGE_NOTIFY_PRIVILEGE. */
#define CHANGE_NOTIFY 23

const struct sbk_win32_token sbk_win32_token_system = {
	.CreateRestrictedToken = CreateRestrictedToken,
	.SetTokenInformation = SetTokenInformation,
	.IsTokenRestricted = IsTokenRestricted,
};

int sbk_win32_open_token(HANDLE process, DWORD access, HANDLE *out,
			 struct sbk_error *err)
{
	HANDLE token = NULL;

	if (!sbk_win32->program->OpenProcessToken(process, access, &token))
		return sbk_win32_last_error(err, "OpenProcessToken");
	*out = token;
	return 0;
}

int sbk_win32_token_information(HANDLE token, TOKEN_INFORMATION_CLASS class,
				void **out, struct sbk_error *err)
{
	DWORD size = 0, code;
	void *data;

	/* Without room it says how much it needs. */
	if (!sbk_win32->program->GetTokenInformation(token, class, NULL, 0,
						     &size)) {
		code = sbk_win32->errors.GetLastError();
		if (code != ERROR_INSUFFICIENT_BUFFER)
			return sbk_error_set_win32(err, code,
						   "GetTokenInformation");
	}
	if (size > INFORMATION_MAX)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "GetTokenInformation wants %lu bytes",
				     (unsigned long)size);
	/* Never less than any structure's head, which is looked at. */
	data = calloc(1, (size_t)size + 64);
	if (data == NULL)
		return sbk_error_no_memory(err);
	if (!sbk_win32->program->GetTokenInformation(token, class, data,
						     size + 64, &size)) {
		code = sbk_win32->errors.GetLastError();
		free(data);
		return sbk_error_set_win32(err, code, "GetTokenInformation");
	}
	*out = data;
	return 0;
}

static int read_sid(PSID sid, struct sbk_sid *out, struct sbk_error *err)
{
	const uint8_t *bytes = sid;

	if (bytes == NULL)
		return sbk_error_set(err, SBK_E_IO, "a token without a SID");
	/* The system's own: as long as it says. */
	return sbk_sid_read(bytes, SBK_SID_BYTES_MIN + 4 * (size_t)bytes[1],
			    out, err);
}

/* Of a token without one no page says whether the list is empty or not
 * found. */
static int logon_of(HANDLE token, void **out, struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	int rc = sbk_win32_token_information(token, TokenLogonSid, out, &why);

	if (rc < 0 && why.os_code != ERROR_NOT_FOUND) {
		if (err != NULL)
			*err = why;
		return rc;
	}
	if (rc == 0 && ((const TOKEN_GROUPS *)*out)->GroupCount > 0)
		return 0;
	return sbk_error_set(err, SBK_E_UNSUPPORTED,
			     "your logon has no SID: a service or a scheduled "
			     "task cannot start a run");
}

int sbk_win32_token_base(HANDLE token, struct sbk_token_base *out,
			 struct sbk_error *err)
{
	struct sbk_token_base base = {.under_account = false};
	void *user = NULL, *logon = NULL;
	int rc = sbk_win32_token_information(token, TokenUser, &user, err);

	if (rc == 0)
		rc = read_sid(((const TOKEN_USER *)user)->User.Sid, &base.user,
			      err);
	if (rc == 0)
		rc = logon_of(token, &logon, err);
	if (rc == 0)
		rc = read_sid(((const TOKEN_GROUPS *)logon)->Groups[0].Sid,
			      &base.logon, err);
	if (rc == 0)
		*out = base;
	free(user);
	free(logon);
	return rc;
}

/* The kernel takes the SIDs where they lie, and no structure that is not
 * aligned as its 32-bit parts are (ProbeForRead). */
_Static_assert(_Alignof(struct sbk_token_plan) % sizeof(DWORD) == 0 &&
		       offsetof(struct sbk_token_plan, restricting) %
				       sizeof(DWORD) ==
			       0 &&
		       sizeof(struct sbk_sid) % sizeof(DWORD) == 0,
	       "SIDs of a plan are aligned");

int sbk_win32_restrict(HANDLE token, const struct sbk_token_plan *plan,
		       HANDLE *out, struct sbk_error *err)
{
	SID_AND_ATTRIBUTES sids[SBK_RESTRICTING_MAX];
	HANDLE restricted = NULL;
	size_t i;

	memset(sids, 0, sizeof(sids));
	for (i = 0; i < plan->count; i++)
		sids[i].Sid = (PSID)(uintptr_t)plan->restricting[i].bytes;
	if (!sbk_win32->token->CreateRestrictedToken(
		    token, DISABLE_MAX_PRIVILEGE | LUA_TOKEN | WRITE_RESTRICTED,
		    0, NULL, 0, NULL, (DWORD)plan->count, sids, &restricted))
		return sbk_win32_last_error(err, "CreateRestrictedToken");
	*out = restricted;
	return 0;
}

int sbk_win32_default_dacl(HANDLE token, const struct sbk_buf *acl,
			   struct sbk_error *err)
{
	TOKEN_DEFAULT_DACL wanted = {(PACL)(void *)acl->data};
	const TOKEN_DEFAULT_DACL *set;
	void *found = NULL;
	int rc = 0;

	if (!sbk_win32->token->SetTokenInformation(token, TokenDefaultDacl,
						   &wanted, sizeof(wanted)))
		return sbk_win32_last_error(err, "SetTokenInformation");
	rc = sbk_win32_token_information(token, TokenDefaultDacl, &found, err);
	set = found;
	if (rc == 0 && (set->DefaultDacl == NULL ||
			set->DefaultDacl->AclSize != acl->size ||
			memcmp(set->DefaultDacl, acl->data, acl->size) != 0))
		rc = sbk_error_set(err, SBK_E_UNSUPPORTED,
				   "SetTokenInformation reported success, and "
				   "the default DACL is another");
	free(found);
	return rc;
}

static int look_restricting(HANDLE token, struct sbk_token_seen *out,
			    struct sbk_error *err)
{
	void *data = NULL;
	const TOKEN_GROUPS *groups;
	size_t i;
	int rc = sbk_win32_token_information(token, TokenRestrictedSids, &data,
					     err);

	groups = data;
	out->count = rc == 0 ? groups->GroupCount : 0;
	for (i = 0; rc == 0 && i < out->count && i < SBK_RESTRICTING_MAX; i++)
		rc = read_sid(groups->Groups[i].Sid, &out->restricting[i], err);
	free(data);
	return rc;
}

static int look_privileges(HANDLE token, struct sbk_token_seen *out,
			   struct sbk_error *err)
{
	void *data = NULL;
	const TOKEN_PRIVILEGES *held;
	DWORD i;
	int rc =
		sbk_win32_token_information(token, TokenPrivileges, &data, err);

	held = data;
	for (i = 0; rc == 0 && i < held->PrivilegeCount; i++)
		out->privileges +=
			held->Privileges[i].Luid.LowPart != CHANGE_NOTIFY ||
			held->Privileges[i].Luid.HighPart != 0;
	free(data);
	return rc;
}

static int look_groups(HANDLE token, struct sbk_token_seen *out,
		       struct sbk_error *err)
{
	static const uint32_t administrators[] = {32, 544};
	const struct sbk_sid wanted = sbk_sid_make(5, administrators, 2);
	struct sbk_sid sid;
	void *data = NULL;
	const TOKEN_GROUPS *groups;
	DWORD i;
	int rc = sbk_win32_token_information(token, TokenGroups, &data, err);

	groups = data;
	for (i = 0; rc == 0 && i < groups->GroupCount; i++) {
		const DWORD has = groups->Groups[i].Attributes;

		rc = read_sid(groups->Groups[i].Sid, &sid, err);
		if (rc == 0 && sbk_sid_equal(&sid, &wanted) &&
		    (has & SE_GROUP_ENABLED) != 0 &&
		    (has & SE_GROUP_USE_FOR_DENY_ONLY) == 0)
			out->has_administrators = true;
	}
	free(data);
	return rc;
}

static int look_user(HANDLE token, struct sbk_token_seen *out,
		     struct sbk_error *err)
{
	void *data = NULL;
	int rc = sbk_win32_token_information(token, TokenUser, &data, err);

	if (rc == 0)
		rc = read_sid(((const TOKEN_USER *)data)->User.Sid, &out->user,
			      err);
	free(data);
	return rc;
}

int sbk_win32_token_look(HANDLE token, struct sbk_token_seen *out,
			 struct sbk_error *err)
{
	struct sbk_token_seen seen;
	int rc = 0;

	memset(&seen, 0, sizeof(seen));
	seen.is_restricted = sbk_win32->token->IsTokenRestricted(token);
	/* Where there is no list, asking for it fails on some systems. */
	if (seen.is_restricted)
		rc = look_restricting(token, &seen, err);
	if (rc == 0)
		rc = look_privileges(token, &seen, err);
	if (rc == 0)
		rc = look_groups(token, &seen, err);
	if (rc == 0)
		rc = look_user(token, &seen, err);
	if (rc == 0)
		*out = seen;
	return rc;
}
