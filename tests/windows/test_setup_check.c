/*
 * What must hold before setup, on the simulation (sim.h): a machine that is
 * fit, and each thing that is not, with what the refusal says; no look that
 * fails is taken for a yes.
 */
#include "tests/support/test.h"

#include <string.h>

#include "engine/windows/setup_check.h"
#include "tests/windows/life.h"

#include "engine/banned.h"

#define FOLDER "C:/Program Files/Sandbook"
#define FILE_NAME FOLDER "/sandbook-setup.exe"
#define RUNNER_NAME FOLDER "/sandbook-runner.exe"
#define INSTALLER \
	"S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"
/* As Windows has them. */
#define ROOT_LIST                                              \
	"O:" INSTALLER "D:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)" \
	"(A;OICI;0x1200a9;;;BU)(A;OICIIO;SDGXGWGR;;;AU)(A;;LC;;;AU)"
#define PROGRAMS_LIST                                              \
	"O:" INSTALLER "D:PAI(A;;0x1301bf;;;SY)(A;OICIIO;GA;;;SY)" \
	"(A;;0x1301bf;;;BA)(A;OICIIO;GA;;;BA)(A;;0x1200a9;;;BU)"   \
	"(A;OICIIO;GXGR;;;BU)(A;OICIIO;GA;;;CO)(A;CI;GA;;;" INSTALLER ")"
#define OURS_LIST "O:BAD:(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1200a9;;;BU)"

/* Every check is met. */
static struct life *begin(void)
{
	struct life *life = life_begin();

	sim_set(life->sim, "C:/", ROOT_LIST);
	(void)sim_add(life->sim, "C:/Program Files", true, PROGRAMS_LIST);
	(void)sim_add(life->sim, FOLDER, true, OURS_LIST);
	(void)sim_add(life->sim, FILE_NAME, false, OURS_LIST);
	(void)sim_add(life->sim, RUNNER_NAME, false, OURS_LIST);
	life->sim->firewall.profiles = 4;
	life->sim->check.logon = "S-1-5-32-545";
	life->sim->check.password_min = 14;
	life->sim->check.program =
		L"C:\\Program Files\\Sandbook\\sandbook-setup.exe";
	return life;
}

static void finish(struct life *life)
{
	assert_int_equal(sim_open_handles(life->sim), 0);
	life_end(life);
}

/* Which it was says the same to whoever sees the exit code alone. */
static enum sbk_setup_refusal refusal;

static void assert_refused(struct life *life, int code, const char *text)
{
	struct sbk_error err = SBK_ERROR_INIT;
	int error = 0;

	assert_error(sbk_nt_setup_check(&refusal, &err), code, &err);
	assert_non_null(sbk_setup_refusal_text(
		(uint32_t)sbk_setup_refusal_exit(refusal), &error));
	if (refusal != SBK_SETUP_LOOK && refusal != SBK_SETUP_PLACE)
		assert_int_equal(error, code);
	if (strstr(err.message, text) == NULL)
		fail_msg("'%s' does not say '%s'", err.message, text);
	finish(life);
}

static void test_setup_check__a_machine_that_is_fit(void **state)
{
	static const char *const holders[] = {"S-1-1-0", "S-1-5-11"};
	struct life *life = begin();
	struct sbk_error err = SBK_ERROR_INIT;
	size_t i;

	(void)state;
	assert_ok(sbk_nt_setup_check(&refusal, &err), &err);
	for (i = 0; i < 2; i++) {
		life->sim->check.logon = holders[i];
		life->sim->check.denied = "S-1-5-32-546"; /* Guests */
		life->sim->check.password_min = 40;
		assert_ok(sbk_nt_setup_check(&refusal, &err), &err);
	}
	finish(life);
}

static void test_setup_check__who_calls(void **state)
{
	struct life *life = begin();
	struct sim_account *group;

	(void)state;
	life->sim->elevated = false;
	assert_refused(life, SBK_E_DENIED, "elevated");
	life = begin();
	life->sim->check.restricting = "S-1-1-0";
	assert_refused(life, SBK_E_DENIED, "restricted token");
	life = begin();
	group = sim_make_account(life->sim, L"Sandbook", true);
	life->sim->groups[life->sim->group_count++].sid = group->sid;
	assert_refused(life, SBK_E_DENIED, "as a sandbox account");
}

static void test_setup_check__how_the_machine_is(void **state)
{
	struct life *life = begin();

	(void)state;
	life->sim->check.is_domain_controller = true;
	assert_refused(life, SBK_E_UNSUPPORTED, "domain controller");
	life = begin();
	life->sim->check.password_min = 41;
	assert_refused(life, SBK_E_UNSUPPORTED, "Minimum password length");
	life = begin();
	life->sim->check.gives_nothing = 1;
	assert_refused(life, SBK_E_IO, "NetUserModalsGet reported success");
	life = begin();
	life->sim->check.gives_nothing = 2;
	assert_refused(life, SBK_E_IO, "WithUserRight reported success");
	life = begin();
	life->sim->check.logon = "S-1-5-32-544";
	assert_refused(life, SBK_E_UNSUPPORTED, "SeInteractiveLogonRight");
	life = begin();
	life->sim->check.logon = NULL;
	assert_refused(life, SBK_E_UNSUPPORTED, "SeInteractiveLogonRight");
	life = begin();
	life->sim->check.denied = "S-1-5-113"; /* local accounts */
	assert_refused(life, SBK_E_UNSUPPORTED, "S-1-5-113");
	life = begin();
	life->sim->firewall.modify_state = 1;
	assert_refused(life, SBK_E_UNSUPPORTED, "group policy overrides");
	life = begin();
	life->sim->firewall.off[2] = true;
	assert_refused(life, SBK_E_UNSUPPORTED, "public profile");
}

static void test_setup_check__where_the_program_lies(void **state)
{
	static const struct {
		const char *path, *sddl, *text;
	} cases[] = {
		{FILE_NAME, OURS_LIST "(A;;0x1301bf;;;BU)", FILE_NAME},
		{RUNNER_NAME, OURS_LIST "(A;;0x1301bf;;;BU)", RUNNER_NAME},
		{FOLDER, OURS_LIST "(A;;LC;;;AU)", "S-1-5-11"},
		{FOLDER, OURS_LIST "(A;OIIO;FA;;;BU)", "S-1-5-32-545"},
		{FOLDER, "O:" SIM_USER "D:(A;;FA;;;BA)", "belongs to"},
		{FOLDER, "O:BAD:NO_ACCESS_CONTROL", "no access list"},
		{"C:/Program Files", PROGRAMS_LIST "(A;;DT;;;BU)",
		 "C:/Program Files'"},
		{"C:/Program Files", PROGRAMS_LIST "(A;;SD;;;WD)", "S-1-1-0"},
		{"C:/", ROOT_LIST "(A;;WD;;;AU)", "'C:/'"},
		{"C:/",
		 "O:" SIM_USER "D:(A;;FA;;;SY)(A;;FA;;;BA)"
		 "(A;;0x1200a9;;;BU)",
		 "belongs to"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct life *life = begin();

		sim_set(life->sim, cases[i].path, cases[i].sddl);
		assert_refused(life, SBK_E_DENIED, cases[i].text);
	}
}

/* What cannot be asked is no yes. */
static void test_setup_check__every_look_that_fails_refuses(void **state)
{
	struct life *life = begin();
	struct sbk_error err = SBK_ERROR_INIT;
	unsigned long n, counted, passed = 0;

	(void)state;
	fault_plan = (struct fault_plan){.mode = FAULT_NONE};
	assert_ok(sbk_nt_setup_check(&refusal, &err), &err);
	counted = fault_plan.counted;
	for (n = 1; n <= counted; n++) {
		fault_plan = (struct fault_plan){.mode = FAULT_DENY, .at = n};
		passed += sbk_nt_setup_check(&refusal, &err) == 0;
		fault_plan = (struct fault_plan){.mode = FAULT_NONE};
		assert_int_equal(sim_open_handles(life->sim), 0);
	}
	assert_true(counted > 30);
	/* A volume's root is opened by its drive, else by its GUID. */
	assert_true(passed <= 3);
	finish(life);
}

/* Every code has a sentence of its own, and no other code has one. */
static void test_setup_check__each_exit_code_is_one_sentence(void **state)
{
	int which, other, error;

	(void)state;
	for (which = 0; which < SBK_SETUP_REFUSAL_COUNT; which++) {
		const char *text = sbk_setup_refusal_text(230u + which, &error);

		assert_int_equal(
			sbk_setup_refusal_exit((enum sbk_setup_refusal)which),
			230 + which);
		assert_non_null(text);
		assert_true(error == SBK_E_DENIED ||
			    error == SBK_E_UNSUPPORTED);
		for (other = 0; other < which; other++)
			assert_string_not_equal(
				text,
				sbk_setup_refusal_text(230u + other, &error));
	}
	assert_null(
		sbk_setup_refusal_text(230u + SBK_SETUP_REFUSAL_COUNT, &error));
	assert_null(sbk_setup_refusal_text(229, &error));
	assert_null(sbk_setup_refusal_text(0, &error));
	assert_null(sbk_setup_refusal_text(UINT32_MAX, &error));
	/* One that is no refusal is no error of the front end's. */
	assert_non_null(sbk_setup_refusal_text(205, &error));
	assert_int_equal(error, 0);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_setup_check__each_exit_code_is_one_sentence),
	cmocka_unit_test(test_setup_check__a_machine_that_is_fit),
	cmocka_unit_test(test_setup_check__who_calls),
	cmocka_unit_test(test_setup_check__how_the_machine_is),
	cmocka_unit_test(test_setup_check__where_the_program_lies),
	cmocka_unit_test(test_setup_check__every_look_that_fails_refuses),
};

SBK_TEST_MAIN(tests)
