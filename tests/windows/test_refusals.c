/*
 * Accounts, groups and network filters on the system itself, as Wine has them:
 * it says yes and keeps nothing that could be found again. We must notice, take
 * back what is there, and say what was found. On Windows this would change the
 * machine: there it is the acceptance suite's, and nothing is tried.
 */
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "engine/os.h"
#include "engine/windows/setup_check.h"
#include "engine/windows/user_profile.h"
#include "engine/windows/win32.h"
#include "engine/windows/win32_accounts.h"
#include "engine/windows/win32_filters.h"
#include "engine/windows/win32_firewall.h"

#include "engine/banned.h"

#define NONCE "0123456789abcdef0123456789abcdef"

#define FILTERS_NAME "53420000-0123-4567-89ab-cdef01234567"
#define ACCOUNT_STATE                                                       \
	"flags 0x00010201\ncomment Sandbook test SandbookWine nonce " NONCE \
	"\nsid own\n"

static NET_API_STATUS WINAPI no_accounts(LPCWSTR server, DWORD level,
					 DWORD filter, LPBYTE *out, DWORD max,
					 LPDWORD read, LPDWORD total,
					 LPDWORD resume)
{
	(void)server;
	(void)level;
	(void)filter;
	(void)out;
	(void)max;
	(void)total;
	(void)resume;
	*read = 0;
	return 0;
}

static bool is_wine(void)
{
	return GetProcAddress(GetModuleHandleW(L"ntdll.dll"),
			      "wine_get_version") != NULL;
}

/* What was refused, for whoever reads the test's output. */
static void assert_refused(enum sbk_kind kind, const char *name,
			   const char *after)
{
	const struct sbk_object object = {.kind = kind, .name = name};
	struct sbk_backend backend;
	struct sbk_error err = SBK_ERROR_INIT;
	int rc;

	assert_ok(sbk_os_backend(&backend, &err), &err);
	rc = sbk_backend_replace(&backend, &object, SBK_STATE_ABSENT,
				 (struct sbk_state){after, strlen(after)},
				 &err);
	print_message("%s\n", err.message);
	assert_int_not_equal(rc, 0);
	assert_int_not_equal(rc, SBK_E_CONFLICT);
	sbk_backend_close(&backend);
}

static void test_refusals__an_account_that_is_none_is_told(void **state)
{
	struct sbk_win32_account seen = SBK_WIN32_ACCOUNT_INIT;
	struct sbk_win32_accounts accounts = sbk_win32_accounts_system;
	struct sbk_win32 table = sbk_win32_system;

	(void)state;
	if (!is_wine())
		return;
	/* It cannot list accounts with their comments. */
	assert_refused(SBK_KIND_ACCOUNT, "SandbookWine", ACCOUNT_STATE);
	/* Past that, it adds one that has no SID. */
	accounts.NetUserEnum = no_accounts;
	table.accounts = &accounts;
	sbk_win32 = &table;
	assert_refused(SBK_KIND_ACCOUNT, "SandbookWine", ACCOUNT_STATE);
	sbk_win32 = &sbk_win32_system;
	/* Taken back: not there in any way that Wine knows. */
	assert_int_equal(
		sbk_win32_account_find("SandbookWine", false, &seen, NULL),
		SBK_E_NOTFOUND);
	sbk_win32_account_release(&seen);
}

static void test_refusals__a_group_that_is_none_is_told(void **state)
{
	(void)state;
	if (!is_wine())
		return;
	assert_refused(SBK_KIND_GROUP, "SandbookWine",
		       "comment Sandbook test SandbookWine nonce " NONCE
		       "\nsid own\n");
}

static void test_refusals__a_member_that_is_none_is_told(void **state)
{
	(void)state;
	if (!is_wine())
		return;
	assert_refused(SBK_KIND_MEMBER, "S-1-5-32-545:S-1-5-21-1-2-3-1005",
		       "member\n");
}

static void test_refusals__a_logon_of_nobody_is_refused(void **state)
{
	(void)state;
	if (!is_wine())
		return;
	assert_refused(SBK_KIND_LOGON, "S-1-5-21-1-2-3-1005", "enabled\n");
}

/* Its userenv has no such function; past that, nothing is there. */
static HRESULT WINAPI no_profile(LPCWSTR sid, LPCWSTR name, LPWSTR path,
				 DWORD size)
{
	(void)sid;
	(void)name;
	(void)size;
	(void)wcscpy(path, L"C:\\users\\SandbookWine");
	return S_OK;
}

static void test_refusals__a_profile_that_is_none_is_told(void **state)
{
	static const char place[] = "C:/users/SandbookWine";
	struct sbk_win32_profile profile = sbk_win32_profile_system;
	struct sbk_win32 table = sbk_win32_system;
	struct sbk_buf wanted = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	char name[128];

	(void)state;
	if (!is_wine())
		return;
	sbk_user_profile_want(place, &wanted);
	/* Of an account that is none. */
	(void)snprintf(name, sizeof(name), "S-1-5-21-1-2-3-1005:%s", place);
	assert_refused(SBK_KIND_FOLDER, name, sbk_buf_text(&wanted));
	/* Of one that Wine resolves. */
	(void)snprintf(name, sizeof(name), "S-1-5-32-544:%s", place);
	assert_refused(SBK_KIND_FOLDER, name, sbk_buf_text(&wanted));
	profile.CreateProfile = no_profile;
	table.profile = &profile;
	sbk_win32 = &table;
	assert_refused(SBK_KIND_FOLDER, name, sbk_buf_text(&wanted));
	sbk_win32 = &sbk_win32_system;
	assert_ok(sbk_user_profile_check_free(place, &err), &err);
	sbk_buf_release(&wanted);
}

/* Wine says of itself that it has no engine for them. */
static void test_refusals__filters_without_an_engine_are_refused(void **state)
{
	struct sbk_buf wanted = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_sid sid;

	(void)state;
	if (!is_wine())
		return;
	assert_ok(sbk_sid_parse("S-1-5-21-1-2-3-1005", 19, &sid, &err), &err);
	assert_ok(sbk_filters_want(&wanted, NONCE, &sid, 1, 1, 2, &err), &err);
	assert_refused(SBK_KIND_FILTERS, FILTERS_NAME, sbk_buf_text(&wanted));
	sbk_buf_release(&wanted);
}

static HRESULT in_effect(void *policy, LONG *out)
{
	(void)policy;
	*out = 0;
	return S_OK;
}

static HRESULT is_enabled(void *policy, LONG profile, VARIANT_BOOL *out)
{
	(void)policy;
	(void)profile;
	*out = VARIANT_TRUE;
	return S_OK;
}

/* Wine's firewall does not say whether it is in effect; past that, its
 * rules have no INetFwRule3. */
static void test_refusals__a_firewall_rule_that_is_none_is_told(void **state)
{
	static const char name[] = "Sandbook S-1-5-21-1-2-3-1005 out";
	struct sbk_win32_firewall firewall = sbk_win32_firewall_system;
	struct sbk_win32 table = sbk_win32_system;
	struct sbk_buf wanted = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	if (!is_wine())
		return;
	assert_ok(sbk_firewall_want(&wanted, name, NONCE, &err), &err);
	assert_refused(SBK_KIND_FIREWALL, name, sbk_buf_text(&wanted));
	firewall.policy_modify_state = in_effect;
	firewall.policy_current_profiles = in_effect;
	firewall.policy_enabled = is_enabled;
	table.firewall = &firewall;
	sbk_win32 = &table;
	assert_refused(SBK_KIND_FIREWALL, name, sbk_buf_text(&wanted));
	sbk_win32 = &sbk_win32_system;
	sbk_buf_release(&wanted);
}

/* Before anything is changed. */
static void test_refusals__setup_is_refused_before_it_begins(void **state)
{
	struct sbk_error err = SBK_ERROR_INIT;
	enum sbk_setup_refusal refusal;

	(void)state;
	if (!is_wine())
		return;
	assert_int_not_equal(sbk_nt_setup_check(&refusal, &err), 0);
	print_message("%s\n", err.message);
}

/* The one that is real under Wine, too. */
static void test_refusals__the_generator_gives_bytes(void **state)
{
	uint8_t first[40] = {0}, second[40] = {0};
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	assert_ok(sbk_win32_random(NULL, first, sizeof(first), &err), &err);
	assert_ok(sbk_win32_random(NULL, second, sizeof(second), &err), &err);
	assert_memory_not_equal(first, second, sizeof(first));
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_refusals__an_account_that_is_none_is_told),
	cmocka_unit_test(test_refusals__a_group_that_is_none_is_told),
	cmocka_unit_test(test_refusals__a_member_that_is_none_is_told),
	cmocka_unit_test(test_refusals__a_logon_of_nobody_is_refused),
	cmocka_unit_test(test_refusals__a_profile_that_is_none_is_told),
	cmocka_unit_test(test_refusals__filters_without_an_engine_are_refused),
	cmocka_unit_test(test_refusals__a_firewall_rule_that_is_none_is_told),
	cmocka_unit_test(test_refusals__setup_is_refused_before_it_begins),
	cmocka_unit_test(test_refusals__the_generator_gives_bytes),
};

SBK_TEST_MAIN(tests)
