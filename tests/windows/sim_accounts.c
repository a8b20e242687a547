/* The simulated account database; see the header. */
#include "tests/windows/sim_accounts.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <lmaccess.h>
#include <lmerr.h>

#include "tests/windows/sim.h"

#include "engine/banned.h"

#define COMPUTER L"SIM"

static struct sim_accounts *accounts(void)
{
	return &sim_now()->accounts;
}

struct sim_account *sim_account_named(struct sim *sim, const WCHAR *name)
{
	struct sim_account *account = sim->accounts.all;

	for (; account < sim->accounts.all + SIM_ACCOUNTS_MAX; account++)
		if (account->is_there && _wcsicmp(account->name, name) == 0)
			return account;
	return NULL;
}

struct sim_account *sim_account_with(struct sim *sim, const struct sbk_sid *sid)
{
	struct sim_account *account = sim->accounts.all;

	for (; account < sim->accounts.all + SIM_ACCOUNTS_MAX; account++)
		if (account->is_there && sbk_sid_equal(&account->sid, sid))
			return account;
	return NULL;
}

static void copy_text(WCHAR *out, size_t size, const WCHAR *text)
{
	if (text == NULL)
		text = L"";
	if (wcslen(text) >= size)
		abort();
	wcscpy(out, text);
}

struct sim_account *sim_make_account(struct sim *sim, const WCHAR *name,
				     bool is_group)
{
	const uint32_t subs[] = {21, 1, 2, 3, sim->accounts.next_rid++};
	struct sim_account *account = sim->accounts.all;

	while (account->is_there)
		if (++account == sim->accounts.all + SIM_ACCOUNTS_MAX)
			abort();
	*account = (struct sim_account){
		.is_there = true,
		.is_group = is_group,
		.flags = is_group ? 0 : UF_SCRIPT | UF_NORMAL_ACCOUNT,
		.sid = sbk_sid_make(5, subs, 5)};
	copy_text(account->name, 64, name);
	return account;
}

void sim_accounts_begin(struct sim_accounts *a)
{
	static const uint32_t users[] = {32, 545};

	a->next_rid = 1006; /* behind SIM_ACCOUNT */
	a->all[0] = (struct sim_account){.is_there = true,
					 .is_group = true,
					 .name = L"Users",
					 .sid = sbk_sid_make(5, users, 2)};
}

/* --- looking -------------------------------------------------------------- */

/* One buffer of the system's: a structure, then what it points to. */
static void *new_buffer(size_t size)
{
	void *out = calloc(1, size);

	if (out == NULL)
		abort();
	accounts()->buffers++;
	return out;
}

static NET_API_STATUS WINAPI sim_NetApiBufferFree(LPVOID buffer)
{
	if (accounts()->buffers-- == 0)
		abort();
	free(buffer);
	return NERR_Success;
}

static struct sim_account *find(const WCHAR *name, bool is_group)
{
	struct sim_account *account = sim_account_named(sim_now(), name);

	return account != NULL && account->is_group == is_group ? account
								: NULL;
}

static NET_API_STATUS WINAPI sim_NetUserGetInfo(LPCWSTR server, LPCWSTR name,
						DWORD level, LPBYTE *out)
{
	struct sim_account *account = find(name, false);
	struct {
		USER_INFO_4 info;
		struct sim_account copy;
	} * buffer;

	if (server != NULL || level != 4)
		abort();
	if (sim_fails())
		return ERROR_ACCESS_DENIED;
	if (account == NULL)
		return NERR_UserNotFound;
	buffer = new_buffer(sizeof(*buffer));
	buffer->copy = *account;
	buffer->info.usri4_name = buffer->copy.name;
	buffer->info.usri4_comment = buffer->copy.comment;
	buffer->info.usri4_flags = account->flags;
	buffer->info.usri4_password_age = account->password_age_s;
	buffer->info.usri4_user_sid = buffer->copy.sid.bytes;
	*out = (LPBYTE)buffer;
	return NERR_Success;
}

static NET_API_STATUS WINAPI sim_NetLocalGroupGetInfo(LPCWSTR server,
						      LPCWSTR name, DWORD level,
						      LPBYTE *out)
{
	struct sim_account *account = find(name, true);
	struct {
		LOCALGROUP_INFO_1 info;
		struct sim_account copy;
	} * buffer;

	if (server != NULL || level != 1)
		abort();
	if (sim_fails())
		return ERROR_ACCESS_DENIED;
	if (account == NULL)
		return NERR_GroupNotFound;
	buffer = new_buffer(sizeof(*buffer));
	buffer->copy = *account;
	buffer->info.lgrpi1_name = buffer->copy.name;
	buffer->info.lgrpi1_comment = buffer->copy.comment;
	*out = (LPBYTE)buffer;
	return NERR_Success;
}

/* The next one of a list from `*at` on, or NULL. */
static struct sim_account *next(size_t *at, bool is_group)
{
	while (*at < SIM_ACCOUNTS_MAX) {
		struct sim_account *account = &accounts()->all[(*at)++];

		if (account->is_there && account->is_group == is_group)
			return account;
	}
	return NULL;
}

/* One entry for each call, so that the caller has to go on. */
static NET_API_STATUS list(bool is_group, size_t *at, LPBYTE *out, LPDWORD read)
{
	struct sim_account *account = next(at, is_group);
	struct {
		union {
			USER_INFO_10 user;
			LOCALGROUP_INFO_1 group;
		} info;
		struct sim_account copy;
	} * buffer;

	*read = 0;
	if (sim_fails())
		return ERROR_ACCESS_DENIED;
	if (account == NULL)
		return accounts()->stops_short ? ERROR_MORE_DATA : NERR_Success;
	buffer = new_buffer(sizeof(*buffer));
	buffer->copy = *account;
	if (is_group) {
		buffer->info.group.lgrpi1_name = buffer->copy.name;
		buffer->info.group.lgrpi1_comment = buffer->copy.comment;
	} else {
		buffer->info.user.usri10_name = buffer->copy.name;
		buffer->info.user.usri10_comment = buffer->copy.comment;
	}
	*out = (LPBYTE)buffer;
	*read = 1;
	return ERROR_MORE_DATA;
}

static NET_API_STATUS WINAPI sim_NetUserEnum(LPCWSTR server, DWORD level,
					     DWORD filter, LPBYTE *out,
					     DWORD max, LPDWORD read,
					     LPDWORD total, LPDWORD resume)
{
	size_t at = *resume;
	NET_API_STATUS code;

	(void)max;
	(void)total;
	if (server != NULL || level != 10 || filter != FILTER_NORMAL_ACCOUNT)
		abort();
	code = list(false, &at, out, read);
	*resume = (DWORD)at;
	return code;
}

static NET_API_STATUS WINAPI sim_NetLocalGroupEnum(LPCWSTR server, DWORD level,
						   LPBYTE *out, DWORD max,
						   LPDWORD read, LPDWORD total,
						   PDWORD_PTR resume)
{
	size_t at = *resume;
	NET_API_STATUS code;

	(void)max;
	(void)total;
	if (server != NULL || level != 1)
		abort();
	code = list(true, &at, out, read);
	*resume = at;
	return code;
}

static BOOL WINAPI sim_GetComputerNameW(LPWSTR out, LPDWORD size)
{
	wcscpy(out, COMPUTER);
	*size = (DWORD)wcslen(COMPUTER);
	return TRUE;
}

bool sim_is_builtin(const struct sbk_sid *sid)
{
	return sbk_sid_sub_count(sid) == 2 && sbk_sid_sub(sid, 0) == 32;
}

static BOOL WINAPI sim_LookupAccountNameW(LPCWSTR system, LPCWSTR name,
					  PSID sid, LPDWORD sid_size,
					  LPWSTR domain, LPDWORD domain_size,
					  PSID_NAME_USE use)
{
	struct sim *sim = sim_now();
	struct sim_account *account;
	static const uint8_t domain_sid[] = {1,	 4, 0, 0, 0, 0, 0, 5,
					     21, 0, 0, 0, 1, 0, 0, 0,
					     2,	 0, 0, 0, 3, 0, 0, 0};
	const WCHAR *isolated = wcschr(name, L'\\');
	const bool is_builtin =
		wcsncmp(name, SIM_BUILTIN L"\\", wcslen(SIM_BUILTIN) + 1) == 0;

	(void)sid_size;
	(void)domain_size;
	if (system != NULL ||
	    (isolated != NULL && !is_builtin &&
	     wcsncmp(name, COMPUTER L"\\", wcslen(COMPUTER) + 1) != 0))
		abort(); /* never a domain */
	/* A person may be named without it. */
	isolated = isolated != NULL ? isolated + 1 : name;
	sim->last_error = ERROR_ACCESS_DENIED;
	if (sim_fails())
		return FALSE;
	sim->last_error = ERROR_NONE_MAPPED;
	account = sim_account_named(sim, isolated);
	if (!is_builtin && _wcsicmp(isolated, COMPUTER) == 0) {
		sim->last_error = 0;
		memcpy(sid, domain_sid, sizeof(domain_sid));
		domain[0] = L'\0';
		*use = SidTypeDomain;
		return TRUE;
	}
	if (account == NULL || is_builtin != sim_is_builtin(&account->sid))
		return FALSE;
	sim->last_error = ERROR_SUCCESS;
	memcpy(sid, account->sid.bytes, sbk_sid_size(&account->sid));
	domain[0] = L'\0';
	*use = account->is_group ? SidTypeAlias : SidTypeUser;
	return TRUE;
}

/* --- changing ------------------------------------------------------------- */

/* What every change meets first. */
static NET_API_STATUS may_change(LPCWSTR server)
{
	if (server != NULL)
		abort();
	return sim_fails() || !sim_now()->elevated ? ERROR_ACCESS_DENIED
						   : NERR_Success;
}

static NET_API_STATUS add(const WCHAR *name, bool is_group,
			  const WCHAR *comment, struct sim_account **out)
{
	struct sim_account *account = sim_account_named(sim_now(), name);

	if (account != NULL)
		return account->is_group ? NERR_GroupExists : NERR_UserExists;
	if (accounts()->forgets)
		return NERR_Success;
	*out = sim_make_account(sim_now(), name, is_group);
	if (!accounts()->loses_comments)
		copy_text((*out)->comment, 300, comment);
	return NERR_Success;
}

static NET_API_STATUS WINAPI sim_NetUserAdd(LPCWSTR server, DWORD level,
					    LPBYTE bytes, LPDWORD bad_field)
{
	const USER_INFO_1 *info = (const USER_INFO_1 *)(const void *)bytes;
	struct sim_account *account = NULL;
	NET_API_STATUS code = may_change(server);

	(void)bad_field;
	if (level != 1)
		abort();
	if (code != NERR_Success)
		return code;
	if (wcslen(info->usri1_password) < 14)
		return NERR_PasswordTooShort;
	code = add(info->usri1_name, false, info->usri1_comment, &account);
	if (account != NULL) {
		account->flags = info->usri1_flags | UF_NORMAL_ACCOUNT;
		copy_text(account->password, 64, info->usri1_password);
	}
	return code;
}

static NET_API_STATUS WINAPI sim_NetLocalGroupAdd(LPCWSTR server, DWORD level,
						  LPBYTE bytes,
						  LPDWORD bad_field)
{
	const LOCALGROUP_INFO_1 *info =
		(const LOCALGROUP_INFO_1 *)(const void *)bytes;
	struct sim_account *account = NULL;
	NET_API_STATUS code = may_change(server);

	(void)bad_field;
	if (level != 1)
		abort();
	return code != NERR_Success ? code
				    : add(info->lgrpi1_name, true,
					  info->lgrpi1_comment, &account);
}

static NET_API_STATUS delete (LPCWSTR server, LPCWSTR name, bool is_group)
{
	struct sim_account *account = find(name, is_group);
	NET_API_STATUS code = may_change(server);

	if (code != NERR_Success)
		return code;
	if (account == NULL)
		return is_group ? NERR_GroupNotFound : NERR_UserNotFound;
	account->is_there = false;
	return NERR_Success;
}

static NET_API_STATUS WINAPI sim_NetUserDel(LPCWSTR server, LPCWSTR name)
{
	return delete (server, name, false);
}

static NET_API_STATUS WINAPI sim_NetLocalGroupDel(LPCWSTR server, LPCWSTR name)
{
	return delete (server, name, true);
}

static NET_API_STATUS WINAPI sim_NetUserSetInfo(LPCWSTR server, LPCWSTR name,
						DWORD level, LPBYTE bytes,
						LPDWORD bad_field)
{
	struct sim_account *account = find(name, false);
	NET_API_STATUS code = may_change(server);

	(void)bad_field;
	if (code != NERR_Success)
		return code;
	if (account == NULL)
		return NERR_UserNotFound;
	if (level == 1007)
		copy_text(account->comment, 300,
			  ((USER_INFO_1007 *)(void *)bytes)->usri1007_comment);
	else if (level == 1003)
		copy_text(account->password, 64,
			  ((USER_INFO_1003 *)(void *)bytes)->usri1003_password);
	else if (level != 1008)
		abort();
	else if (!accounts()->keeps_flags)
		account->flags =
			((USER_INFO_1008 *)(void *)bytes)->usri1008_flags;
	return NERR_Success;
}

static NET_API_STATUS WINAPI sim_NetLocalGroupSetInfo(LPCWSTR server,
						      LPCWSTR name, DWORD level,
						      LPBYTE bytes,
						      LPDWORD bad_field)
{
	struct sim_account *account = find(name, true);
	NET_API_STATUS code = may_change(server);

	(void)bad_field;
	if (level != 1002)
		abort();
	if (code != NERR_Success)
		return code;
	if (account == NULL)
		return NERR_GroupNotFound;
	copy_text(account->comment, 300,
		  ((LOCALGROUP_INFO_1002 *)(void *)bytes)->lgrpi1002_comment);
	return NERR_Success;
}

/* --- members -------------------------------------------------------------- */

static NET_API_STATUS WINAPI sim_NetLocalGroupGetMembers(
	LPCWSTR server, LPCWSTR group, DWORD level, LPBYTE *out, DWORD max,
	LPDWORD read, LPDWORD total, PDWORD_PTR resume)
{
	struct sim_account *account = find(group, true);
	struct {
		LOCALGROUP_MEMBERS_INFO_0 info;
		struct sbk_sid sid;
	} * buffer;

	(void)max;
	(void)total;
	*read = 0;
	if (server != NULL || level != 0)
		abort();
	if (sim_fails())
		return ERROR_ACCESS_DENIED;
	if (account == NULL)
		return NERR_GroupNotFound;
	if (*resume >= account->member_count)
		return accounts()->stops_short ? ERROR_MORE_DATA : NERR_Success;
	buffer = new_buffer(sizeof(*buffer));
	buffer->sid = account->members[(*resume)++];
	buffer->info.lgrmi0_sid = buffer->sid.bytes;
	*out = (LPBYTE)buffer;
	*read = 1;
	return ERROR_MORE_DATA;
}

/* Where the SID is among the members; their count where it is not. */
static size_t member_at(const struct sim_account *group,
			const struct sbk_sid *sid)
{
	size_t i = 0;

	while (i < group->member_count &&
	       !sbk_sid_equal(&group->members[i], sid))
		i++;
	return i;
}

static NET_API_STATUS change_member(LPCWSTR server, LPCWSTR name, DWORD level,
				    const void *members, DWORD count,
				    bool add_it)
{
	const LOCALGROUP_MEMBERS_INFO_0 *info = members;
	struct sim_account *group = find(name, true);
	NET_API_STATUS code = may_change(server);
	struct sbk_sid sid;
	size_t at;

	if (level != 0 || count != 1 ||
	    sbk_sid_read(info->lgrmi0_sid, SBK_SID_BYTES_MAX, &sid, NULL) < 0)
		abort();
	if (code != NERR_Success)
		return code;
	if (group == NULL)
		return NERR_GroupNotFound;
	at = member_at(group, &sid);
	if (add_it && sim_account_with(sim_now(), &sid) == NULL)
		return ERROR_NO_SUCH_MEMBER;
	if (add_it && at < group->member_count)
		return ERROR_MEMBER_IN_ALIAS;
	if (!add_it && at == group->member_count)
		return ERROR_MEMBER_NOT_IN_ALIAS;
	if (add_it && group->member_count == SIM_MEMBERS_MAX)
		abort();
	if (accounts()->forgets)
		return NERR_Success;
	if (add_it)
		group->members[group->member_count++] = sid;
	else
		group->members[at] = group->members[--group->member_count];
	return NERR_Success;
}

static NET_API_STATUS WINAPI sim_NetLocalGroupAddMembers(
	LPCWSTR server, LPCWSTR group, DWORD level, LPBYTE members, DWORD count)
{
	return change_member(server, group, level, members, count, true);
}

static NET_API_STATUS WINAPI sim_NetLocalGroupDelMembers(
	LPCWSTR server, LPCWSTR group, DWORD level, LPBYTE members, DWORD count)
{
	return change_member(server, group, level, members, count, false);
}

/* Not random: what it gives tells of nothing, but differs. */
static LONG WINAPI sim_BCryptGenRandom(PVOID algorithm, PUCHAR out, ULONG size,
				       ULONG flags)
{
	static unsigned state = 1;
	ULONG i;

	if (algorithm != NULL || flags != 2)
		abort();
	if (sim_fails())
		return (LONG)0xC0000022;
	for (i = 0; i < size; i++) {
		state = state * 1103515245u + 12345u;
		out[i] = (UCHAR)(state >> 16);
	}
	return 0;
}

const struct sbk_win32_accounts sim_accounts_table = {
	.NetUserGetInfo = sim_NetUserGetInfo,
	.NetUserAdd = sim_NetUserAdd,
	.NetUserDel = sim_NetUserDel,
	.NetUserSetInfo = sim_NetUserSetInfo,
	.NetUserEnum = sim_NetUserEnum,
	.NetLocalGroupGetInfo = sim_NetLocalGroupGetInfo,
	.NetLocalGroupAdd = sim_NetLocalGroupAdd,
	.NetLocalGroupDel = sim_NetLocalGroupDel,
	.NetLocalGroupSetInfo = sim_NetLocalGroupSetInfo,
	.NetLocalGroupEnum = sim_NetLocalGroupEnum,
	.NetLocalGroupGetMembers = sim_NetLocalGroupGetMembers,
	.NetLocalGroupAddMembers = sim_NetLocalGroupAddMembers,
	.NetLocalGroupDelMembers = sim_NetLocalGroupDelMembers,
	.NetApiBufferFree = sim_NetApiBufferFree,
	.LookupAccountNameW = sim_LookupAccountNameW,
	.GetComputerNameW = sim_GetComputerNameW,
	.BCryptGenRandom = sim_BCryptGenRandom,
};

void sim_print_accounts(struct sim *sim, struct sbk_buf *out)
{
	struct sbk_sid_text text;
	size_t i, j;

	for (i = 0; i < SIM_ACCOUNTS_MAX; i++) {
		const struct sim_account *account = &sim->accounts.all[i];

		if (!account->is_there)
			continue;
		sbk_buf_printf(out, "%s %ls %s 0x%lx '%ls'",
			       account->is_group ? "group" : "account",
			       account->name,
			       sbk_sid_format(&account->sid, &text),
			       (unsigned long)account->flags, account->comment);
		for (j = 0; j < account->member_count; j++)
			sbk_buf_printf(
				out, " %s",
				sbk_sid_format(&account->members[j], &text));
		sbk_buf_addc(out, '\n');
	}
}
