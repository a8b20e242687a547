/*
 * What an administrator's commands ask of the system, on the simulation
 * (sim.h). Giving back what an account owns: to whom, and where to nobody,
 * since everybody may write there; each directory that vouches for what is in
 * it has its control beside it. And whether somebody keeps records: what cannot
 * be looked at is no "no".
 */
#include "tests/support/test.h"

#include "engine/os.h"
#include "engine/os_admin.h"
#include "engine/windows/access_state.h"
#include "tests/support/fault.h"
#include "tests/windows/nt_state.h"
#include "tests/windows/sim.h"

#include "engine/banned.h"

#define BOB "S-1-5-21-1-2-3-1042"
#define BOBS_KEY               \
	SIM_PROFILE_LIST L"\\" \
			 L"" BOB
#define ANN "S-1-5-21-1-2-3-1003"
#define HOSTILE "O:" SIM_ACCOUNT "G:" SIM_ACCOUNT "D:(A;;FA;;;" SIM_ACCOUNT ")"
#define SYSTEMS "O:SYG:SYD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)"

/* A directory of `drive`, what its list says, and who gets what is in it;
 * NULL: nobody. */
static const struct {
	const char *path, *sddl, *owner;
} places[] = {
	{"C:/closed", SYSTEMS "(A;OICI;0x1200a9;;;BU)", "S-1-5-18"},
	{"C:/hers", "O:" ANN "G:" ANN "D:P(A;OICI;FA;;;" ANN ")", ANN},
	/* As C:/ProgramData: Users may make files in it. */
	{"C:/users", SYSTEMS "(A;CI;0x1200a9;;;BU)(A;CI;0x2;;;BU)", NULL},
	{"C:/folders", SYSTEMS "(A;CI;0x4;;;BU)", NULL},
	{"C:/everyone", SYSTEMS "(A;;0x2;;;WD)", NULL},
	{"C:/people", SYSTEMS "(A;;0x2;;;AU)", NULL},
};

static int give(const char *path, struct sbk_nt_access *out,
		struct sbk_error *err)
{
	static const char *const ours[] = {SIM_ACCOUNT};
	const struct sbk_object object = {.kind = SBK_KIND_ACCESS,
					  .name = path};
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	struct sbk_buf next = SBK_BUF_INIT;
	struct sbk_backend backend;
	int rc = sbk_os_backend(&backend, err);

	if (rc < 0)
		return rc;
	rc = sbk_backend_observe(&backend, &object, &seen, err);
	if (rc == 0)
		rc = sbk_os_give_back(path, sbk_observation_state(&seen), ours,
				      1, &next, err);
	if (rc == 0)
		rc = sbk_nt_access_parse(nt_state_of(&next), out, err);
	sbk_observation_release(&seen);
	sbk_buf_release(&next);
	sbk_backend_close(&backend);
	return rc;
}

static void check_place(struct sim *sim, size_t i, const char *below)
{
	struct sbk_nt_access now = SBK_NT_ACCESS_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_sid_text text;
	char path[128];
	int rc;

	(void)snprintf(path, sizeof(path), "%s%s", places[i].path, below);
	(void)sim_add(sim, path, false, HOSTILE);
	rc = give(path, &now, &err);
	if (places[i].owner == NULL) {
		assert_error(rc, SBK_E_CONFLICT, &err);
	} else {
		assert_ok(rc, &err);
		assert_string_equal(sbk_sid_format(&now.owner, &text),
				    places[i].owner);
	}
	sbk_nt_access_release(&now);
}

static void test_os_admin__where_everybody_writes_to_nobody(void **state)
{
	struct sim *sim = sim_begin();
	size_t i;

	(void)state;
	sim_elevate(sim);
	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		char directory[128];

		(void)sim_add(sim, places[i].path, true, places[i].sddl);
		check_place(sim, i, "/made");
		/* In a directory of the account's own, too. */
		(void)snprintf(directory, sizeof(directory), "%s/ssh",
			       places[i].path);
		(void)sim_add(sim, directory, true, HOSTILE);
		check_place(sim, i, "/ssh/made");
	}
	assert_int_equal(sim_open_handles(sim), 0);
	sim_finish(sim);
}

static int ask_bob(void)
{
	static const struct sbk_person bob = {.id = {BOB}, .name = "bob"};
	const char *const words[] = {"uninstall", NULL};
	char answer[4];

	return sbk_os_run_as(&bob, words, 1000, answer, sizeof(answer), NULL);
}

/* Of the caller's token nothing is asked but whose it is. */
static BOOL WINAPI tell_user(HANDLE token, TOKEN_INFORMATION_CLASS class,
			     LPVOID out, DWORD size, PDWORD needed)
{
	TOKEN_USER *user = out;

	(void)token;
	(void)needed;
	assert_true(class == TokenUser && size > sizeof(*user));
	user->User.Sid = sim_now()->user.bytes;
	return TRUE;
}

static void use_caller(void)
{
	static struct sbk_win32_program program;
	static struct sbk_win32 table;

	program = *sbk_win32->program;
	program.GetTokenInformation = tell_user;
	table = *sbk_win32;
	table.program = &program;
	sbk_win32 = &table;
}

static void test_os_admin__what_is_not_seen_may_be_records(void **state)
{
	struct sim *sim = sim_begin();
	unsigned long n;

	(void)state;
	sim_elevate(sim);
	sim_use_registry(sim, SIM_PROFILE_LIST);
	sim_use_profiles(sim);
	use_caller();
	assert_int_equal(ask_bob(), SBK_E_NOTFOUND);
	sim_key_make(sim, BOBS_KEY);
	sim_value_text(sim, BOBS_KEY, L"ProfileImagePath", L"C:\\Users\\bob");
	assert_int_equal(ask_bob(), SBK_E_NOTFOUND);
	(void)sim_add(sim, "C:/Users/bob", true, NULL);
	(void)sim_add(sim, "C:/Users/bob/AppData", true, NULL);
	(void)sim_add(sim, "C:/Users/bob/AppData/Local", true, NULL);
	assert_int_equal(ask_bob(), SBK_E_NOTFOUND);
	(void)sim_add(sim, "C:/Users/bob/AppData/Local/Sandbook", true, NULL);
	assert_int_equal(ask_bob(), SBK_E_UNSUPPORTED);
	for (n = 1; n == 1 || fault_plan.counted >= n - 1; n++) {
		fault_plan = (struct fault_plan){.mode = FAULT_DENY, .at = n};
		assert_int_not_equal(ask_bob(), SBK_E_NOTFOUND);
	}
	fault_plan = (struct fault_plan){.mode = FAULT_NONE};
	assert_true(n > 5);
	sim_value_text(sim, BOBS_KEY, L"ProfileImagePath",
		       L"%SystemDrive%\\Users\\bob");
	assert_int_equal(ask_bob(), SBK_E_UNSUPPORTED);
	sim_finish(sim);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_os_admin__what_is_not_seen_may_be_records),
	cmocka_unit_test(test_os_admin__where_everybody_writes_to_nobody),
};

SBK_TEST_MAIN(tests)
