/*
 * The local policy of the simulation: rights by SID, as MS-LSAD 3.1.4.5.10 to
 * 12 have them. A right outlives the account: nothing here asks whether there
 * is one, but LookupAccountSidW.
 */
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "tests/windows/sim.h"

#include "engine/banned.h"

#define STATUS_OK ((NTSTATUS)0)
#define STATUS_DENIED ((NTSTATUS)0xC0000022)
#define STATUS_NO_NAME ((NTSTATUS)0xC0000034)
#define STATUS_NO_RIGHT ((NTSTATUS)0xC0000060) /* STATUS_NO_SUCH_PRIVILEGE */

static struct sbk_sid sid_from(PSID sid)
{
	struct sbk_sid out;

	if (sbk_sid_read(sid, SBK_SID_BYTES_MAX, &out, NULL) < 0)
		abort();
	return out;
}

static BOOL WINAPI sim_LookupAccountSidW(LPCWSTR system, PSID sid, LPWSTR name,
					 LPDWORD name_size, LPWSTR domain,
					 LPDWORD domain_size, PSID_NAME_USE use)
{
	struct sim *sim = sim_now();
	const struct sbk_sid wanted = sid_from(sid);
	const struct sim_account *account = sim_account_with(sim, &wanted);
	/* There always, but in no list of the simulation. */
	static const uint32_t subs[] = {32, 544};
	const struct sbk_sid administrators = sbk_sid_make(5, subs, 2);

	(void)domain_size;
	sim->last_error = ERROR_ACCESS_DENIED;
	if (sim_fails())
		return FALSE;
	if (system != NULL)
		abort(); /* never another machine */
	sim->last_error = ERROR_NONE_MAPPED;
	if (account == NULL && !sbk_sid_equal(&wanted, &administrators))
		return FALSE;
	sim->last_error = ERROR_SUCCESS;
	if (account != NULL && wcslen(account->name) >= *name_size)
		abort();
	wcscpy(name, account != NULL ? account->name : L"Administratoren");
	wcscpy(domain, sim_is_builtin(&wanted) ? SIM_BUILTIN : L"SIM");
	*use = account == NULL || account->is_group ? SidTypeAlias
						    : SidTypeUser;
	sim->last_error = 0;
	return TRUE;
}

static NTSTATUS NTAPI sim_LsaOpenPolicy(PLSA_UNICODE_STRING system,
					PLSA_OBJECT_ATTRIBUTES attributes,
					ACCESS_MASK access, PLSA_HANDLE out)
{
	struct sim *sim = sim_now();

	(void)attributes;
	if (system != NULL)
		abort();
	if (sim_fails())
		return STATUS_DENIED;
	if ((access & POLICY_CREATE_ACCOUNT) != 0 && !sim->elevated)
		return STATUS_DENIED;
	sim->policies++;
	*out = sim;
	return STATUS_OK;
}

static NTSTATUS NTAPI sim_LsaClose(LSA_HANDLE handle)
{
	if (handle != sim_now() || sim_now()->policies == 0)
		abort();
	sim_now()->policies--;
	return STATUS_OK;
}

static NTSTATUS NTAPI sim_LsaFreeMemory(PVOID memory)
{
	free(memory);
	return STATUS_OK;
}

static NTSTATUS NTAPI sim_LsaEnumerateAccountRights(LSA_HANDLE policy, PSID sid,
						    PLSA_UNICODE_STRING *rights,
						    PULONG count)
{
	struct sim *sim = policy;
	const struct sbk_sid wanted = sid_from(sid);
	PLSA_UNICODE_STRING out;
	ULONG found = 0;
	size_t i;

	if (sim_fails())
		return STATUS_DENIED;
	out = calloc(16, sizeof(*out));
	if (out == NULL)
		abort();
	for (i = 0; i < 16; i++) {
		struct sim_right *right = &sim->rights[i];

		if (!right->held || !sbk_sid_equal(&right->sid, &wanted))
			continue;
		out[found].Buffer = right->name;
		out[found++].Length =
			(USHORT)(wcslen(right->name) * sizeof(WCHAR));
	}
	if (found == 0) {
		free(out);
		return STATUS_NO_NAME;
	}
	*rights = out;
	*count = found;
	return STATUS_OK;
}

static struct sim_right *find(struct sim *sim, const struct sbk_sid *sid,
			      const LSA_UNICODE_STRING *name)
{
	const size_t units = name->Length / sizeof(WCHAR);
	size_t i;

	for (i = 0; i < 16; i++)
		if (sim->rights[i].held &&
		    sbk_sid_equal(&sim->rights[i].sid, sid) &&
		    wcslen(sim->rights[i].name) == units &&
		    wcsncmp(sim->rights[i].name, name->Buffer, units) == 0)
			return &sim->rights[i];
	return NULL;
}

static bool is_known(const LSA_UNICODE_STRING *name)
{
	return name->Length > 4 && wcsncmp(name->Buffer, L"SeDeny", 6) == 0;
}

static NTSTATUS NTAPI sim_LsaAddAccountRights(LSA_HANDLE policy, PSID sid,
					      PLSA_UNICODE_STRING rights,
					      ULONG count)
{
	struct sim *sim = policy;
	const struct sbk_sid wanted = sid_from(sid);
	size_t i;

	if (sim_fails())
		return STATUS_DENIED;
	if (count != 1 || !is_known(rights))
		return STATUS_NO_RIGHT;
	if (sim->forgets || find(sim, &wanted, rights) != NULL)
		return STATUS_OK;
	for (i = 0; i < 16 && sim->rights[i].held; i++)
		;
	if (i == 16)
		abort();
	sim->rights[i].held = true;
	sim->rights[i].sid = wanted;
	memset(sim->rights[i].name, 0, sizeof(sim->rights[i].name));
	memcpy(sim->rights[i].name, rights->Buffer, rights->Length);
	return STATUS_OK;
}

static NTSTATUS NTAPI sim_LsaRemoveAccountRights(LSA_HANDLE policy, PSID sid,
						 BOOLEAN all,
						 PLSA_UNICODE_STRING rights,
						 ULONG count)
{
	const struct sbk_sid wanted = sid_from(sid);
	struct sim_right *right;

	if (all || count != 1)
		abort(); /* never more than the one */
	if (sim_fails())
		return STATUS_DENIED;
	right = find(policy, &wanted, rights);
	if (right != NULL)
		right->held = false;
	return STATUS_OK;
}

static ULONG NTAPI sim_LsaNtStatusToWinError(NTSTATUS status)
{
	switch ((ULONG)status) {
	case 0xC0000022:
		return ERROR_ACCESS_DENIED;
	case 0xC0000034:
		return ERROR_FILE_NOT_FOUND;
	case 0x8000001A:
		return ERROR_NO_MORE_ITEMS;
	case 0xC0000060:
		return ERROR_NO_SUCH_PRIVILEGE;
	default:
		return ERROR_MR_MID_NOT_FOUND;
	}
}

const struct sbk_win32_rights sim_rights_table = {
	.LookupAccountSidW = sim_LookupAccountSidW,
	.LsaOpenPolicy = sim_LsaOpenPolicy,
	.LsaClose = sim_LsaClose,
	.LsaFreeMemory = sim_LsaFreeMemory,
	.LsaEnumerateAccountRights = sim_LsaEnumerateAccountRights,
	.LsaAddAccountRights = sim_LsaAddAccountRights,
	.LsaRemoveAccountRights = sim_LsaRemoveAccountRights,
	.LsaNtStatusToWinError = sim_LsaNtStatusToWinError,
};

static struct sbk_sid parse(const char *text)
{
	struct sbk_sid sid;

	if (sbk_sid_parse(text, strlen(text), &sid, NULL) < 0)
		abort();
	return sid;
}

void sim_add_account(struct sim *sim, const char *sid)
{
	sim_make_account(sim, L"somebody", false)->sid = parse(sid);
}

void sim_remove_account(struct sim *sim, const char *sid)
{
	const struct sbk_sid gone = parse(sid);
	struct sim_account *account = sim_account_with(sim, &gone);

	if (account != NULL)
		account->is_there = false;
}

size_t sim_rights_held(const struct sim *sim)
{
	size_t i, count = 0;

	for (i = 0; i < 16; i++)
		count += sim->rights[i].held;
	return count;
}

void sim_give_right(struct sim *sim, const char *sid, const WCHAR *name)
{
	struct sbk_sid who = parse(sid);
	LSA_UNICODE_STRING text = {
		.Length = (USHORT)(wcslen(name) * sizeof(*name)),
		.Buffer = (PWSTR)(uintptr_t)name};

	if (sim_LsaAddAccountRights(sim, who.bytes, &text, 1) != STATUS_OK)
		abort();
}
