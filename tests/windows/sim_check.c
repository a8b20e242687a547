/* The simulated machine's policies and token; see the header. */
#include "tests/windows/sim_check.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <lmaccess.h>

#include "tests/windows/sim.h"

#include "engine/banned.h"

#define STATUS_DENIED ((NTSTATUS)0xC0000022)
#define STATUS_NO_MORE ((NTSTATUS)0x8000001A) /* STATUS_NO_MORE_ENTRIES */

static struct sim_check *check(void)
{
	return &sim_now()->check;
}

static BOOL fail_with(DWORD code)
{
	sim_now()->last_error = code;
	return FALSE;
}

static DWORD WINAPI sim_NetUserModalsGet(LPCWSTR server, DWORD level,
					 LPBYTE *out)
{
	USER_MODALS_INFO_0 *info;

	if (server != NULL || level != 0)
		abort();
	if (sim_fails())
		return ERROR_ACCESS_DENIED;
	if (check()->gives_nothing == 1)
		return ERROR_SUCCESS;
	info = calloc(1, sizeof(*info));
	if (info == NULL)
		abort();
	info->usrmod0_min_passwd_len = check()->password_min;
	info->usrmod0_min_passwd_age = check()->password_age_min_s;
	sim_now()->accounts.buffers++;
	*out = (LPBYTE)info;
	return ERROR_SUCCESS;
}

struct holders {
	LSA_ENUMERATION_INFORMATION list[1];
	struct sbk_sid sid;
};

static struct sbk_sid parse(const char *text)
{
	struct sbk_sid sid;

	if (sbk_sid_parse(text, strlen(text), &sid, NULL) < 0)
		abort();
	return sid;
}

static NTSTATUS NTAPI sim_LsaEnumerateAccountsWithUserRight(
	LSA_HANDLE policy, PLSA_UNICODE_STRING right, PVOID *out, PULONG count)
{
	const bool is_denial = wcsncmp(right->Buffer, L"SeDeny", 6) == 0;
	const char *holder = is_denial ? check()->denied : check()->logon;
	struct holders *holders;

	if (policy != sim_now())
		abort();
	if (sim_fails())
		return STATUS_DENIED;
	if (check()->gives_nothing == 2) {
		*count = 1;
		return 0;
	}
	if (holder == NULL)
		return STATUS_NO_MORE;
	holders = calloc(1, sizeof(*holders));
	if (holders == NULL)
		abort();
	holders->sid = parse(holder);
	holders->list[0].Sid = holders->sid.bytes;
	*count = 1;
	*out = holders;
	return 0;
}

static NTSTATUS NTAPI sim_RtlGetVersion(PRTL_OSVERSIONINFOW out)
{
	RTL_OSVERSIONINFOEXW *info = (RTL_OSVERSIONINFOEXW *)(void *)out;

	if (info->dwOSVersionInfoSize != sizeof(*info))
		abort();
	if (sim_fails())
		return STATUS_DENIED;
	info->wProductType = check()->is_domain_controller ? 2 : 1;
	return 0;
}

static DWORD WINAPI sim_GetModuleFileNameW(HMODULE module, LPWSTR out,
					   DWORD size)
{
	if (module != NULL || wcslen(check()->program) >= size)
		abort();
	if (sim_fails()) {
		(void)fail_with(ERROR_ACCESS_DENIED);
		return 0;
	}
	wcscpy(out, check()->program);
	return (DWORD)wcslen(out);
}

const struct sbk_win32_check sim_check_table = {
	.NetUserModalsGet = sim_NetUserModalsGet,
	.LsaEnumerateAccountsWithUserRight =
		sim_LsaEnumerateAccountsWithUserRight,
	.RtlGetVersion = sim_RtlGetVersion,
	.GetModuleFileNameW = sim_GetModuleFileNameW,
};

/* A structure that points into itself, made for the room that it gets. */
struct token_data {
	union {
		TOKEN_ELEVATION elevation;
		TOKEN_USER user;
		struct {
			DWORD count;
			SID_AND_ATTRIBUTES items[8];
		} groups;
	} head;
	struct sbk_sid sids[8];
};

static void add_sid(struct token_data *data, struct sbk_sid sid)
{
	const DWORD at = data->head.groups.count++;

	data->sids[at] = sid;
	data->head.groups.items[at].Sid = data->sids[at].bytes;
}

static void fill(struct token_data *data, TOKEN_INFORMATION_CLASS class)
{
	const struct sim *sim = sim_now();
	size_t i;

	memset(data, 0, sizeof(*data));
	switch (class) {
	case TokenElevation:
		data->head.elevation.TokenIsElevated = sim->elevated;
		return;
	case TokenUser:
		data->sids[0] = sim->user;
		data->head.user.User.Sid = data->sids[0].bytes;
		return;
	case TokenGroups:
		for (i = 0; i < sim->group_count; i++)
			add_sid(data, sim->groups[i].sid);
		return;
	case TokenRestrictedSids:
		if (check()->restricting != NULL)
			add_sid(data, parse(check()->restricting));
		return;
	default:
		abort();
	}
}

BOOL WINAPI sim_GetTokenInformation(HANDLE token, TOKEN_INFORMATION_CLASS class,
				    LPVOID out, DWORD size, PDWORD needed)
{
	if (sim_process_of(token) != SIM_TOKEN)
		abort();
	*needed = sizeof(struct token_data);
	if (sim_fails())
		return fail_with(ERROR_ACCESS_DENIED);
	if (class == TokenElevation && size >= sizeof(TOKEN_ELEVATION)) {
		((TOKEN_ELEVATION *)out)->TokenIsElevated = sim_now()->elevated;
		return TRUE;
	}
	if (size < sizeof(struct token_data))
		return fail_with(ERROR_INSUFFICIENT_BUFFER);
	fill(out, class);
	return TRUE;
}
