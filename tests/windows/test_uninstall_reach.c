/*
 * What uninstall looks for and how far it reaches, on the simulation of
 * leave_world.h: the SIDs that roots and runs have of their own, known by their
 * authorities alone; and what its owner hides from administrators, by two
 * privileges that are enabled for the sweep and for nothing else.
 */
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "engine/windows/win32_accounts.h"
#include "tests/windows/leave_world.h"

#include "engine/banned.h"

#define ROOT_SID "S-1-0x0053424B0001-1-2-3-4-17"
#define RUN_SID "S-1-0x0053424B0002-5-6-7-8"
#define NOT_OURS "S-1-0x0053424B0003-5-6-7-8"

static const char *read_certificate(void)
{
	static char text[1 << 20];
	FILE *file = fopen(CERTIFICATE, "rb");
	size_t size;

	assert_non_null(file);
	size = fread(text, 1, sizeof(text) - 1, file);
	text[size] = '\0';
	assert_int_equal(fclose(file), 0);
	return text;
}

/* The statement, out of its envelope (Base64). */
static const char *statement(void)
{
	static char out[1 << 20];
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmno"
				     "pqrstuvwxyz0123456789+/";
	const char *at = strstr(read_certificate(), "\"payload\"");
	unsigned long bits = 0;
	size_t used = 0, count = 0;

	assert_non_null(at);
	at = strchr(strchr(at, ':'), '"');
	for (at++; *at != '"' && *at != '='; at++) {
		const char *digit = strchr(digits, *at);

		assert_non_null(digit);
		bits = bits << 6 | (unsigned long)(digit - digits);
		if (++count % 4 == 1)
			continue;
		out[used++] =
			(char)(bits >> (6 - 2 * ((count - 1) % 4)) & 0xff);
	}
	out[used] = '\0';
	return out;
}

static void assert_said(const char *part)
{
	if (strstr(statement(), part) == NULL)
		fail_msg("without '%s': %s", part, statement());
}

/* Another tool's SID of a like authority is another tool's. */
static void test_uninstall_reach__roots_and_runs_own_sids_go(void **state)
{
	struct setup_world w;
	char sddl[600];

	(void)state;
	leave_begin(&w);
	leave_sddl(&w, NULL, "(A;;FR;;;" NOT_OURS ")", sddl);
	(void)sim_add(w.sim, "S:/Users/ann/root", true, sddl);
	(void)sim_add(w.sim, "S:/Users/ann/root/git", true, sddl);
	(void)sim_add(w.sim, "S:/Users/ann/left", true, sddl);
	setup_world_mark(&w);
	leave_must(setup_world_run(leave_tables(), "setup", "--user", "ann",
				   "--yes", NULL));
	/* What a lost journal granted: to a root, its denial, what is below
	 * it; and what a run left that was cut short. */
	leave_sddl(&w, NULL,
		   "(A;;0x1201bf;;;" ROOT_SID ")(A;OICIIO;0x1301bf;;;" ROOT_SID
		   ")(A;;FR;;;" NOT_OURS ")",
		   sddl);
	sim_set(w.sim, "S:/Users/ann/root", sddl);
	leave_sddl(&w, NULL,
		   "(D;OICI;0xd0156;;;" ROOT_SID ")(A;;FR;;;" NOT_OURS ")",
		   sddl);
	sim_set(w.sim, "S:/Users/ann/root/git", sddl);
	leave_sddl(&w, NULL,
		   "(A;;FR;;;" NOT_OURS ")(A;OICI;0x1201bf;;;" RUN_SID ")",
		   sddl);
	sim_set(w.sim, "S:/Users/ann/left", sddl);
	leave_must(setup_world_run(leave_tables(), "uninstall", "--dry-run",
				   NULL));
	setup_world_assert_printed("3 objects have entries");
	leave_must(leave_uninstall());
	setup_world_assert_printed("were taken out of 3 objects");
	setup_world_assert_start(&w, 0);
	assert_said("\"S-1-0x0053424B0001-*\"");
	assert_said("\"S-1-0x0053424B0002-*\"");
	assert_said("every SID of the two authorities");
	/* Recorded like any other. */
	assert_said("\"name\":\"S:/Users/ann/root/git\"");
	setup_world_end(&w);
}

/* --- privileges ----------------------------------------------------------- */

static struct sbk_win32_accounts accounts;
static struct sbk_win32_rights rights;
static const struct sbk_win32 *below;
static unsigned seen_off, seen_on;

static bool is_enabled(void)
{
	const struct sim *sim = sim_now();

	return sim->processes.is_backup[0] || sim->processes.is_backup[1];
}

static NET_API_STATUS WINAPI seen_NetUserDel(LPCWSTR server, LPCWSTR name)
{
	assert_false(is_enabled());
	seen_off++;
	return below->accounts->NetUserDel(server, name);
}

static NET_API_STATUS WINAPI seen_NetUserSetInfo(LPCWSTR server, LPCWSTR name,
						 DWORD level, LPBYTE info,
						 LPDWORD bad_field)
{
	assert_false(is_enabled());
	seen_off++;
	return below->accounts->NetUserSetInfo(server, name, level, info,
					       bad_field);
}

static NTSTATUS NTAPI seen_LsaRemoveAccountRights(LSA_HANDLE policy, PSID sid,
						  BOOLEAN all,
						  PLSA_UNICODE_STRING names,
						  ULONG count)
{
	assert_false(is_enabled());
	seen_off++;
	return below->rights.LsaRemoveAccountRights(policy, sid, all, names,
						    count);
}

static NTSTATUS NTAPI seen_NtSetSecurityObject(HANDLE handle,
					       SECURITY_INFORMATION what,
					       PSECURITY_DESCRIPTOR descriptor)
{
	const uintptr_t value = (uintptr_t)handle;

	/* On the simulated volume, that is: the record closes its directory. */
	seen_on += is_enabled() && value >= 0x1000 &&
		   value < 0x1000 + 4 * SIM_HANDLES_MAX;
	return below->files.NtSetSecurityObject(handle, what, descriptor);
}

/* Who is shut out gets there for the sweep, and for nothing else. */
static void
test_uninstall_reach__privileges_are_for_the_sweep_alone(void **state)
{
	struct sbk_win32 table;
	struct setup_world w;

	(void)state;
	leave_begin(&w);
	leave_enrol(&w);
	seen_off = seen_on = 0;
	below = sbk_win32;
	table = *sbk_win32;
	accounts = *table.accounts;
	accounts.NetUserDel = seen_NetUserDel;
	accounts.NetUserSetInfo = seen_NetUserSetInfo;
	table.accounts = &accounts;
	rights = table.rights;
	rights.LsaRemoveAccountRights = seen_LsaRemoveAccountRights;
	table.rights = rights;
	table.files.NtSetSecurityObject = seen_NtSetSecurityObject;
	sbk_win32 = &table;
	leave_must(setup_world_run(leave_tables(), "uninstall", "--dry-run",
				   NULL));
	assert_false(is_enabled());
	setup_world_assert_printed("2 objects have entries");
	leave_must(leave_uninstall());
	sbk_win32 = below;
	assert_false(is_enabled());
	/* Two accounts, and four rights of each. */
	assert_true(seen_off >= 10);
	assert_int_equal(seen_on, 2);
	setup_world_assert_start(&w, 0);
	setup_world_end(&w);
}

/* An administrator who was not given them: what was missed is named, and the
 * record stays for when they are there. */
static void test_uninstall_reach__what_it_cannot_reach_is_named(void **state)
{
	struct setup_world w;

	(void)state;
	leave_begin(&w);
	leave_enrol(&w);
	w.sim->processes.withholds = true;
	assert_int_equal(leave_uninstall(), SBK_EXIT_INCOMPLETE);
	setup_world_assert_printed("could not examine everything");
	setup_world_assert_printed("S:/Users/ann");
	assert_true(leave_is_there("Sandbook"));
	assert_said("\"complete\":false");
	/* Nothing else was waited for. */
	assert_null(sim_account_named(w.sim, L"SandbookOffline"));
	w.sim->processes.withholds = false;
	leave_must(leave_uninstall());
	assert_false(leave_is_there("Sandbook"));
	assert_said("\"complete\":true");
	setup_world_assert_start(&w, 0);
	setup_world_end(&w);
}

#define TEST(name) \
	cmocka_unit_test_setup(test_uninstall_reach__##name, leave_clear)

static const struct CMUnitTest tests[] = {
	TEST(roots_and_runs_own_sids_go),
	TEST(privileges_are_for_the_sweep_alone),
	TEST(what_it_cannot_reach_is_named),
};

int main(int argc, char **argv)
{
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, setup_world_directory,
				      setup_world_remove);
}
