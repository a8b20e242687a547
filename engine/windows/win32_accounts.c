/*
 * Wrappers of the calls for local accounts and groups. Owns how each says that
 * it failed and which buffers are the system's to free, and nothing else.
 */
#include "engine/windows/win32_accounts.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <lmaccess.h>
#include <lmapibuf.h>
#include <lmerr.h>

#include <bcrypt.h>

#include "engine/windows/error.h"
#include "engine/windows/password.h"
#include "engine/windows/wide.h"
#include "engine/windows/win32.h"
#include "engine/windows/win32_census.h"

#include "engine/banned.h"

#define NAME_UNITS 512
#define SID_BYTES 256
#define LISTED_BYTES 65536 /* that one call for a list shall give */

const struct sbk_win32_accounts sbk_win32_accounts_system = {
	.NetUserGetInfo = NetUserGetInfo,
	.NetUserAdd = NetUserAdd,
	.NetUserDel = NetUserDel,
	.NetUserSetInfo = NetUserSetInfo,
	.NetUserEnum = NetUserEnum,
	.NetLocalGroupGetInfo = NetLocalGroupGetInfo,
	.NetLocalGroupAdd = NetLocalGroupAdd,
	.NetLocalGroupDel = NetLocalGroupDel,
	.NetLocalGroupSetInfo = NetLocalGroupSetInfo,
	.NetLocalGroupEnum = NetLocalGroupEnum,
	.NetLocalGroupGetMembers = NetLocalGroupGetMembers,
	.NetLocalGroupAddMembers = NetLocalGroupAddMembers,
	.NetLocalGroupDelMembers = NetLocalGroupDelMembers,
	.NetApiBufferFree = NetApiBufferFree,
	.LookupAccountNameW = LookupAccountNameW,
	.GetComputerNameW = GetComputerNameW,
	.BCryptGenRandom = BCryptGenRandom,
};

static const struct sbk_win32_accounts *calls(void)
{
	return sbk_win32->accounts;
}

static int net_error(struct sbk_error *err, NET_API_STATUS code,
		     const char *call)
{
	return code == NERR_Success
		       ? 0
		       : sbk_error_set_win32(err, code, "%s", call);
}

/* Success without what was asked for. */
static int gave_nothing(struct sbk_error *err, const char *call)
{
	return sbk_error_set(err, SBK_E_IO,
			     "%s reported success and gave nothing", call);
}

/*
 * How a call went that gives a part of a list. One that says that there is
 * more and gives none has not shown all: what was looked for may be there.
 */
static int list_error(struct sbk_error *err, NET_API_STATUS code,
		      const void *bytes, DWORD read, const char *call)
{
	if (code != NERR_Success && code != ERROR_MORE_DATA)
		return net_error(err, code, call);
	if ((read > 0 && bytes == NULL) ||
	    (read == 0 && code == ERROR_MORE_DATA))
		return gave_nothing(err, call);
	return 0;
}

static void free_net(void *buffer)
{
	if (buffer != NULL)
		(void)calls()->NetApiBufferFree(buffer); /* as CloseHandle */
}

/* A text of ours as the system takes it; NULL where memory is gone. */
static WCHAR *widen(const char *text, struct sbk_buf *buf)
{
	return (WCHAR *)(uintptr_t)sbk_wide_of(buf, text);
}

static void narrow(struct sbk_buf *out, const WCHAR *text)
{
	if (text != NULL)
		sbk_narrow_add(out, text, wcslen(text));
}

void sbk_win32_account_release(struct sbk_win32_account *account)
{
	sbk_buf_release(&account->name);
	sbk_buf_release(&account->comment);
}

/* --- looking -------------------------------------------------------------- */

static int read_sid(const void *bytes, const char *call, struct sbk_sid *out,
		    struct sbk_error *err)
{
	const int rc = bytes == NULL ? SBK_E_IO
				     : sbk_sid_read(bytes, SBK_SID_BYTES_MAX,
						    out, NULL);

	return rc < 0 ? sbk_error_set(err, SBK_E_IO, "%s gave no SID", call)
		      : 0;
}

static int find_user(const WCHAR *name, struct sbk_win32_account *out,
		     struct sbk_error *err)
{
	LPBYTE bytes = NULL;
	const USER_INFO_4 *info;
	NET_API_STATUS code = calls()->NetUserGetInfo(NULL, name, 4, &bytes);
	int rc;

	if (code != NERR_Success)
		return net_error(err, code, "NetUserGetInfo");
	if (bytes == NULL)
		return gave_nothing(err, "NetUserGetInfo");
	info = (const USER_INFO_4 *)(const void *)bytes;
	rc = read_sid(info->usri4_user_sid, "NetUserGetInfo", &out->sid, err);
	if (rc == 0) {
		narrow(&out->name, info->usri4_name);
		narrow(&out->comment, info->usri4_comment);
		out->flags = info->usri4_flags;
		out->password_age_s = info->usri4_password_age;
	}
	free_net(bytes);
	return rc;
}

static int find_group(const WCHAR *name, struct sbk_win32_account *out,
		      struct sbk_error *err)
{
	LPBYTE bytes = NULL;
	const LOCALGROUP_INFO_1 *info;
	NET_API_STATUS code =
		calls()->NetLocalGroupGetInfo(NULL, name, 1, &bytes);

	if (code != NERR_Success)
		return net_error(err, code, "NetLocalGroupGetInfo");
	if (bytes == NULL)
		return gave_nothing(err, "NetLocalGroupGetInfo");
	info = (const LOCALGROUP_INFO_1 *)(const void *)bytes;
	narrow(&out->name, info->lgrpi1_name);
	narrow(&out->comment, info->lgrpi1_comment);
	out->flags = 0;
	out->password_age_s = 0;
	free_net(bytes);
	if (sbk_buf_failed(&out->name, err) < 0)
		return SBK_E_NOMEM;
	return sbk_win32_sid_of(sbk_buf_text(&out->name), &out->sid, err);
}

int sbk_win32_account_find(const char *name, bool is_group,
			   struct sbk_win32_account *out, struct sbk_error *err)
{
	struct sbk_buf buf = SBK_BUF_INIT;
	const WCHAR *wide = widen(name, &buf);
	int rc;

	sbk_buf_clear(&out->name);
	sbk_buf_clear(&out->comment);
	if (wide == NULL)
		rc = sbk_error_no_memory(err);
	else if (is_group)
		rc = find_group(wide, out, err);
	else
		rc = find_user(wide, out, err);
	if (rc == 0)
		rc = sbk_buf_failed(&out->name, err);
	if (rc == 0)
		rc = sbk_buf_failed(&out->comment, err);
	sbk_buf_release(&buf);
	return rc;
}

/* Calls `visit` for what one call of a list gave. */
static int visit_list(bool is_group, const void *bytes, DWORD count,
		      sbk_win32_account_fn *visit, void *arg,
		      struct sbk_error *err)
{
	const LOCALGROUP_INFO_1 *groups = bytes;
	const USER_INFO_10 *users = bytes;
	struct sbk_buf name = SBK_BUF_INIT, comment = SBK_BUF_INIT;
	DWORD i;
	int rc = 0;

	for (i = 0; rc == 0 && i < count; i++) {
		sbk_buf_clear(&name);
		sbk_buf_clear(&comment);
		narrow(&name,
		       is_group ? groups[i].lgrpi1_name : users[i].usri10_name);
		narrow(&comment, is_group ? groups[i].lgrpi1_comment
					  : users[i].usri10_comment);
		rc = sbk_buf_failed(&name, err);
		if (rc == 0)
			rc = sbk_buf_failed(&comment, err);
		if (rc == 0)
			rc = visit(arg, sbk_buf_text(&name),
				   sbk_buf_text(&comment), err);
	}
	sbk_buf_release(&name);
	sbk_buf_release(&comment);
	return rc;
}

int sbk_win32_account_list(bool is_group, sbk_win32_account_fn *visit,
			   void *arg, struct sbk_error *err)
{
	DWORD read, total, resume = 0;
	DWORD_PTR group_resume = 0;
	NET_API_STATUS code;
	int rc;

	do {
		LPBYTE bytes = NULL;

		read = total = 0;
		if (is_group)
			code = calls()->NetLocalGroupEnum(
				NULL, 1, &bytes, LISTED_BYTES, &read, &total,
				&group_resume);
		else
			code = calls()->NetUserEnum(
				NULL, 10, FILTER_NORMAL_ACCOUNT, &bytes,
				LISTED_BYTES, &read, &total, &resume);
		rc = list_error(err, code, bytes, read,
				is_group ? "NetLocalGroupEnum" : "NetUserEnum");
		if (rc == 0)
			rc = visit_list(is_group, bytes, read, visit, arg, err);
		free_net(bytes);
	} while (rc == 0 && code == ERROR_MORE_DATA);
	return rc;
}

/* "COMPUTER\name" */
static int local_name(const char *name, struct sbk_buf *out,
		      struct sbk_error *err)
{
	WCHAR computer[NAME_UNITS];
	DWORD units = NAME_UNITS;

	if (!calls()->GetComputerNameW(computer, &units))
		return sbk_win32_last_error(err, "GetComputerNameW");
	sbk_buf_add(out, computer, units * sizeof(*computer));
	sbk_buf_add(out, L"\\", sizeof(WCHAR));
	return widen(name, out) != NULL ? 0 : sbk_error_no_memory(err);
}

/* Of a name or a SID that is there and is no account or group. */
static bool is_nobody(SID_NAME_USE use)
{
	return use == SidTypeDomain || use == SidTypeDeletedAccount ||
	       use == SidTypeInvalid || use == SidTypeUnknown;
}

/* The SID of a full name. */
static int look_up(struct sbk_buf *full, struct sbk_sid *out,
		   struct sbk_error *err)
{
	_Alignas(DWORD) uint8_t sid[SID_BYTES] = {0};
	WCHAR domain[NAME_UNITS];
	DWORD sid_size = sizeof(sid), domain_size = NAME_UNITS;
	SID_NAME_USE use = SidTypeUnknown;

	if (!calls()->LookupAccountNameW(NULL, sbk_wide_text(full), sid,
					 &sid_size, domain, &domain_size, &use))
		return sbk_win32_last_error(err, "LookupAccountNameW");
	if (is_nobody(use))
		return sbk_error_set_win32(err, ERROR_NONE_MAPPED,
					   "LookupAccountNameW");
	return read_sid(sid, "LookupAccountNameW", out, err);
}

/* Of an account: its name, and its domain's. */
struct full_name {
	WCHAR name[NAME_UNITS], domain[NAME_UNITS];
};

static int look_up_sid(const struct sbk_sid *sid, struct full_name *out,
		       struct sbk_error *err)
{
	DWORD name_size = NAME_UNITS, domain_size = NAME_UNITS;
	SID_NAME_USE use = SidTypeUnknown;

	if (!sbk_win32->rights.LookupAccountSidW(
		    NULL, (PSID)(uintptr_t)sid->bytes, out->name, &name_size,
		    out->domain, &domain_size, &use))
		return sbk_win32_last_error(err, "LookupAccountSidW");
	return is_nobody(use) ? sbk_error_set_win32(err, ERROR_NONE_MAPPED,
						    "LookupAccountSidW")
			      : 0;
}

/* "BUILTIN\name": the domain of Windows' own groups, in its language. */
static int builtin_name(const char *name, struct sbk_buf *out,
			struct sbk_error *err)
{
	static const uint32_t administrators[] = {32, 544};
	const struct sbk_sid sid = sbk_sid_make(5, administrators, 2);
	struct full_name found;
	int rc = look_up_sid(&sid, &found, err);

	if (rc < 0)
		return rc;
	sbk_buf_clear(out);
	sbk_buf_add(out, found.domain,
		    wcslen(found.domain) * sizeof(*found.domain));
	sbk_buf_add(out, L"\\", sizeof(WCHAR));
	return widen(name, out) != NULL ? 0 : sbk_error_no_memory(err);
}

int sbk_win32_sid_of(const char *name, struct sbk_sid *out,
		     struct sbk_error *err)
{
	struct sbk_buf full = SBK_BUF_INIT;
	int rc = local_name(name, &full, err);

	if (rc == 0)
		rc = look_up(&full, out, err);
	if (rc == SBK_E_NOTFOUND) {
		rc = builtin_name(name, &full, err);
		if (rc == 0)
			rc = look_up(&full, out, err);
		if (rc == 0)
			sbk_error_clear(err);
	}
	sbk_buf_release(&full);
	return rc;
}

int sbk_win32_sid_of_anybody(const char *name, struct sbk_sid *out,
			     struct sbk_error *err)
{
	struct sbk_buf full = SBK_BUF_INIT;
	int rc = 0;

	if (strpbrk(name, "\\@") == NULL)
		return sbk_win32_sid_of(name, out, err);
	if (widen(name, &full) == NULL)
		rc = sbk_error_set(err, SBK_E_INVAL,
				   "'%.200s' is no name of an account", name);
	if (rc == 0)
		rc = look_up(&full, out, err);
	sbk_buf_release(&full);
	return rc;
}

int sbk_win32_name_of(const struct sbk_sid *sid, struct sbk_buf *out,
		      struct sbk_error *err)
{
	struct full_name found;
	int rc = look_up_sid(sid, &found, err);

	if (rc < 0)
		return rc;
	sbk_buf_clear(out);
	narrow(out, found.name);
	return sbk_buf_failed(out, err);
}

/* --- changing ------------------------------------------------------------- */

int sbk_win32_add_user(const char *name, const char *password,
		       const char *comment, uint32_t flags,
		       struct sbk_error *err)
{
	struct sbk_buf wide_name = SBK_BUF_INIT, wide_comment = SBK_BUF_INIT;
	WCHAR secret[SBK_PASSWORD_CHARACTERS + 1] = {0};
	USER_INFO_1 info = {.usri1_priv = USER_PRIV_USER, .usri1_flags = flags};
	DWORD bad_field = 0;
	size_t i;
	int rc;

	info.usri1_name = widen(name, &wide_name);
	info.usri1_comment = widen(comment, &wide_comment);
	for (i = 0; i < SBK_PASSWORD_CHARACTERS && password[i] != '\0'; i++)
		secret[i] = (WCHAR)(unsigned char)password[i];
	info.usri1_password = secret;
	if (info.usri1_name == NULL || info.usri1_comment == NULL)
		rc = sbk_error_no_memory(err);
	else
		rc = net_error(
			err,
			calls()->NetUserAdd(NULL, 1, (LPBYTE)&info, &bad_field),
			"NetUserAdd");
	sbk_password_wipe(secret, sizeof(secret));
	sbk_buf_release(&wide_name);
	sbk_buf_release(&wide_comment);
	return rc;
}

int sbk_win32_add_group(const char *name, const char *comment,
			struct sbk_error *err)
{
	struct sbk_buf wide_name = SBK_BUF_INIT, wide_comment = SBK_BUF_INIT;
	LOCALGROUP_INFO_1 info = {.lgrpi1_name = widen(name, &wide_name),
				  .lgrpi1_comment =
					  widen(comment, &wide_comment)};
	DWORD bad_field = 0;
	int rc;

	if (info.lgrpi1_name == NULL || info.lgrpi1_comment == NULL)
		rc = sbk_error_no_memory(err);
	else
		rc = net_error(err,
			       calls()->NetLocalGroupAdd(NULL, 1, (LPBYTE)&info,
							 &bad_field),
			       "NetLocalGroupAdd");
	sbk_buf_release(&wide_name);
	sbk_buf_release(&wide_comment);
	return rc;
}

int sbk_win32_account_delete(const char *name, bool is_group,
			     struct sbk_error *err)
{
	struct sbk_buf buf = SBK_BUF_INIT;
	const WCHAR *wide = widen(name, &buf);
	int rc;

	if (wide == NULL)
		rc = sbk_error_no_memory(err);
	else if (is_group)
		rc = net_error(err, calls()->NetLocalGroupDel(NULL, wide),
			       "NetLocalGroupDel");
	else
		rc = net_error(err, calls()->NetUserDel(NULL, wide),
			       "NetUserDel");
	sbk_buf_release(&buf);
	return rc;
}

int sbk_win32_set_comment(const char *name, bool is_group, const char *comment,
			  struct sbk_error *err)
{
	struct sbk_buf wide_name = SBK_BUF_INIT, wide_comment = SBK_BUF_INIT;
	const WCHAR *wide = widen(name, &wide_name);
	LOCALGROUP_INFO_1002 group = {.lgrpi1002_comment =
					      widen(comment, &wide_comment)};
	USER_INFO_1007 user = {.usri1007_comment = group.lgrpi1002_comment};
	DWORD bad_field = 0;
	int rc;

	if (wide == NULL || group.lgrpi1002_comment == NULL)
		rc = sbk_error_no_memory(err);
	else if (is_group)
		rc = net_error(err,
			       calls()->NetLocalGroupSetInfo(NULL, wide, 1002,
							     (LPBYTE)&group,
							     &bad_field),
			       "NetLocalGroupSetInfo");
	else
		rc = net_error(err,
			       calls()->NetUserSetInfo(NULL, wide, 1007,
						       (LPBYTE)&user,
						       &bad_field),
			       "NetUserSetInfo");
	sbk_buf_release(&wide_name);
	sbk_buf_release(&wide_comment);
	return rc;
}

int sbk_win32_set_flags(const char *name, uint32_t flags, struct sbk_error *err)
{
	struct sbk_buf buf = SBK_BUF_INIT;
	const WCHAR *wide = widen(name, &buf);
	USER_INFO_1008 info = {.usri1008_flags = flags};
	DWORD bad_field = 0;
	int rc = wide == NULL
			 ? sbk_error_no_memory(err)
			 : net_error(err,
				     calls()->NetUserSetInfo(NULL, wide, 1008,
							     (LPBYTE)&info,
							     &bad_field),
				     "NetUserSetInfo");

	sbk_buf_release(&buf);
	return rc;
}

/* --- members -------------------------------------------------------------- */

struct search {
	const struct sbk_sid *wanted;
	bool found;
};

static int compare(void *arg, const struct sbk_sid *sid, struct sbk_error *err)
{
	struct search *search = arg;

	(void)err;
	search->found |= sbk_sid_equal(sid, search->wanted);
	return 0;
}

int sbk_win32_is_member(const char *group, const struct sbk_sid *member,
			bool *out, struct sbk_error *err)
{
	struct search search = {.wanted = member};
	int rc = sbk_win32_each_member(group, compare, &search, err);

	if (rc == 0)
		*out = search.found;
	return rc;
}

static int change_member(const char *group, const struct sbk_sid *member,
			 bool add, struct sbk_error *err)
{
	struct sbk_buf buf = SBK_BUF_INIT;
	const WCHAR *wide = widen(group, &buf);
	LOCALGROUP_MEMBERS_INFO_0 info = {
		.lgrmi0_sid = (PSID)(uintptr_t)member->bytes};
	int rc;

	if (wide == NULL)
		rc = sbk_error_no_memory(err);
	else if (add)
		rc = net_error(err,
			       calls()->NetLocalGroupAddMembers(
				       NULL, wide, 0, (LPBYTE)&info, 1),
			       "NetLocalGroupAddMembers");
	else
		rc = net_error(err,
			       calls()->NetLocalGroupDelMembers(
				       NULL, wide, 0, (LPBYTE)&info, 1),
			       "NetLocalGroupDelMembers");
	sbk_buf_release(&buf);
	return rc;
}

int sbk_win32_add_member(const char *group, const struct sbk_sid *member,
			 struct sbk_error *err)
{
	return change_member(group, member, true, err);
}

int sbk_win32_delete_member(const char *group, const struct sbk_sid *member,
			    struct sbk_error *err)
{
	return change_member(group, member, false, err);
}

int sbk_win32_random(void *arg, uint8_t *out, size_t size,
		     struct sbk_error *err)
{
	const NTSTATUS status = calls()->BCryptGenRandom(
		NULL, out, (ULONG)size, BCRYPT_USE_SYSTEM_PREFERRED_RNG);

	(void)arg;
	return status < 0 ? sbk_error_set_win32(
				    err,
				    sbk_win32->errors.RtlNtStatusToDosError(
					    status),
				    "BCryptGenRandom")
			  : 0;
}
