/*
 * Ending all that runs as an account, on the simulation (sim.h), and what the
 * system itself lists, which Wine has.
 */
#include "tests/support/test.h"

#include <string.h>

#include <windows.h>

#include <lmaccess.h>

#include "engine/os_admin.h"
#include "engine/windows/win32_file.h"
#include "engine/windows/win32_processes.h"
#include "tests/windows/life.h"

#include "engine/banned.h"

#define OTHER "S-1-5-21-1-2-3-1006"

static struct life *begin(size_t count)
{
	struct life *life = life_begin();
	size_t i;

	for (i = 0; i < count; i++)
		(void)sim_run(life->sim, SIM_ACCOUNT);
	(void)sim_run(life->sim, OTHER);
	return life;
}

/* The other's is never touched, no handle is left, no privilege is. */
static void finish(struct life *life, size_t others)
{
	assert_int_equal(sim_running(life->sim, OTHER), others);
	assert_int_equal(sim_open_handles(life->sim), 0);
	assert_false(life->sim->processes.is_debug);
	life_end(life);
}

static void test_processes__all_of_one_user_are_ended(void **state)
{
	struct life *life = begin(3);
	struct sbk_error err = SBK_ERROR_INIT;
	size_t ended = 7;

	(void)state;
	life->sim->processes.spawns = 2;
	assert_ok(sbk_os_end_processes(SIM_ACCOUNT, &ended, &err), &err);
	assert_int_equal(ended, 5);
	assert_int_equal(sim_running(life->sim, SIM_ACCOUNT), 0);
	assert_ok(sbk_os_end_processes(SIM_ACCOUNT, &ended, &err), &err);
	assert_int_equal(ended, 0);
	assert_ok(sbk_os_end_processes("S-1-5-32-545", &ended, &err), &err);
	assert_int_equal(ended, 0);
	assert_error(sbk_os_end_processes("u:990", &ended, &err), SBK_E_INVAL,
		     &err);
	finish(life, 1);
}

/* The number that was listed is another's process by now. */
static void test_processes__a_number_given_anew_is_let_alone(void **state)
{
	struct life *life = begin(1);
	struct sbk_error err = SBK_ERROR_INIT;
	size_t ended;

	(void)state;
	life->sim->processes.reuses = true;
	assert_ok(sbk_os_end_processes(SIM_ACCOUNT, &ended, &err), &err);
	assert_int_equal(ended, 0);
	assert_int_equal(sim_running(life->sim, SIM_USER), 1);
	finish(life, 1);
}

static void test_processes__a_privilege_is_left_as_it_was(void **state)
{
	struct life *life = begin(0);
	struct sbk_error err = SBK_ERROR_INIT;
	bool was = true;

	(void)state;
	assert_ok(sbk_win32_privilege(SE_DEBUG_NAME, true, &was, &err), &err);
	assert_false(was);
	assert_ok(sbk_win32_privilege(SE_DEBUG_NAME, true, &was, &err), &err);
	assert_true(was);
	assert_ok(sbk_win32_privilege(SE_DEBUG_NAME, false, &was, &err), &err);
	assert_true(was);
	assert_ok(sbk_win32_privilege(SE_DEBUG_NAME, false, &was, &err), &err);
	assert_false(was);
	life->sim->elevated = false;
	assert_error(sbk_win32_privilege(SE_DEBUG_NAME, true, &was, &err),
		     SBK_E_DENIED, &err);
	finish(life, 1);
}

static void test_processes__what_will_not_go_is_told(void **state)
{
	int how;

	(void)state;
	for (how = 0; how < 3; how++) {
		struct life *life = begin(1);
		struct sbk_error err = SBK_ERROR_INIT;
		size_t ended;

		life->sim->processes.keeps = how == 0;
		life->sim->processes.spawns = how == 1 ? 1000 : 0;
		life->sim->elevated = how != 2;
		assert_error(sbk_os_end_processes(SIM_ACCOUNT, &ended, &err),
			     SBK_E_BUSY, &err);
		assert_non_null(strstr(err.message, SIM_ACCOUNT));
		assert_int_equal(sim_running(life->sim, SIM_ACCOUNT), 1);
		finish(life, 1);
	}
}

/* An undo disables, then ends; what cannot be ended is owed. */
static void test_processes__end_when_the_logon_is_taken_away(void **state)
{
	struct life *life = begin(0);
	struct sim_account *account = sim_account_named(life->sim, L"somebody");
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	account->flags |= UF_ACCOUNTDISABLE;
	assert_ok(
		life_add(life, SBK_KIND_LOGON, SIM_ACCOUNT, "enabled\n", &err),
		&err);
	assert_ok(life_do(life, &err), &err);
	(void)sim_run(life->sim, SIM_ACCOUNT);
	life->sim->processes.keeps = true;
	assert_ok(life_undo(life, &err), &err);
	assert_int_equal(sbk_plan_at(life->inverse, 0)->status,
			 SBK_STATUS_OWED);
	assert_int_not_equal(account->flags & UF_ACCOUNTDISABLE, 0);
	life->sim->processes.keeps = false;
	account->flags &= ~(DWORD)UF_ACCOUNTDISABLE;
	life->recorded.changes[0]->status = SBK_STATUS_CONFIRMED;
	assert_ok(life_undo(life, &err), &err);
	assert_int_equal(sbk_plan_at(life->inverse, 0)->status,
			 SBK_STATUS_CONFIRMED);
	assert_int_equal(sim_running(life->sim, SIM_ACCOUNT), 0);
	finish(life, 1);
}

static int find_self(void *arg, DWORD id, struct sbk_error *err)
{
	(void)err;
	*(bool *)arg |= id == GetCurrentProcessId();
	return 0;
}

/* On the system itself: we are among our user's, and nobody else's. */
static void test_processes__the_system_lists_us(void **state)
{
	struct sbk_buf bytes = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_sid sid;
	bool found = false;

	(void)state;
	assert_ok(sbk_win32_process_user(&bytes, &err), &err);
	assert_ok(sbk_sid_read((const uint8_t *)bytes.data, bytes.size, &sid,
			       &err),
		  &err);
	assert_ok(sbk_win32_processes_of(&sid, find_self, &found, &err), &err);
	assert_true(found);
	found = false;
	(void)sbk_sid_parse(OTHER, strlen(OTHER), &sid, NULL);
	assert_ok(sbk_win32_processes_of(&sid, find_self, &found, &err), &err);
	assert_false(found);
	sbk_buf_release(&bytes);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_processes__a_privilege_is_left_as_it_was),
	cmocka_unit_test(test_processes__all_of_one_user_are_ended),
	cmocka_unit_test(test_processes__a_number_given_anew_is_let_alone),
	cmocka_unit_test(test_processes__what_will_not_go_is_told),
	cmocka_unit_test(test_processes__end_when_the_logon_is_taken_away),
	cmocka_unit_test(test_processes__the_system_lists_us),
};

SBK_TEST_MAIN(tests)
