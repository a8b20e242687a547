/*
 * The last step of sandbook-setup.exe's command: the network is tried as the
 * accounts that were just enabled. The accounts, rights, registry and filters
 * are simulated (setup_world.h), and the person at the other end of the pipe,
 * who takes the passwords (tests/windows/test_handover.c has that pipe). The
 * trial is the real one, by processes of trial_world.h; the journal is real.
 */
#include "tests/support/test.h"

#include <string.h>

#include <windows.h>

#include <lmaccess.h>

#include "engine/os.h"
#include "engine/plan_setup.h"
#include "engine/windows/delivery.h"
#include "engine/windows/pipe_end.h"
#include "engine/windows/setup_probe.h"
#include "tests/windows/setup_world.h"
#include "tests/windows/sim_token.h"
#include "tests/windows/trial_world.h"

#include "engine/banned.h"

static const struct sbk_command *const *tables(void)
{
	static struct sbk_command commands[2];
	static const struct sbk_command *const list[] = {commands, NULL};

	commands[0] = sbk_command_setup;
	return list;
}

static struct {
	struct trial_world *world; /* NULL: none; the system's own logon */
	unsigned delivered;
	char why[512]; /* what the person was told at the end */
} person;

int __wrap_sbk_setup_delivery_join(const char *name,
				   struct sbk_setup_delivery **out,
				   struct sbk_person *who,
				   struct sbk_error *err);
void __wrap_sbk_setup_delivery_end(struct sbk_setup_delivery *delivery,
				   const char *why);
void __wrap_sbk_setup_delivery_use(struct sbk_setup_delivery *delivery,
				   struct sbk_nt_setup *setup);
int __wrap_sbk_nt_setup_probe_accounts(
	void *arg, const struct sbk_nt_setup *setup,
	const char *const sids[SBK_NT_ROLE_COUNT], struct sbk_error *err);
int __real_sbk_nt_setup_probe_accounts(
	void *arg, const struct sbk_nt_setup *setup,
	const char *const sids[SBK_NT_ROLE_COUNT], struct sbk_error *err);

int __wrap_sbk_setup_delivery_join(const char *name,
				   struct sbk_setup_delivery **out,
				   struct sbk_person *who,
				   struct sbk_error *err)
{
	*out = (struct sbk_setup_delivery *)&person;
	return sbk_os_person_by_name(name, who, err);
}

void __wrap_sbk_setup_delivery_end(struct sbk_setup_delivery *delivery,
				   const char *why)
{
	if (delivery != NULL)
		(void)snprintf(person.why, sizeof(person.why), "%s",
			       why != NULL ? why : "");
}

static int deliver(void *arg, const struct sbk_nt_setup *setup,
		   const char *const sids[SBK_NT_ROLE_COUNT],
		   struct sbk_error *err)
{
	(void)arg;
	(void)setup;
	(void)sids;
	(void)err;
	person.delivered++;
	return 0;
}

void __wrap_sbk_setup_delivery_use(struct sbk_setup_delivery *delivery,
				   struct sbk_nt_setup *setup)
{
	(void)delivery;
	setup->deliver = deliver;
}

/* The simulated logon is of ourselves, so are the accounts. */
int __wrap_sbk_nt_setup_probe_accounts(
	void *arg, const struct sbk_nt_setup *setup,
	const char *const sids[SBK_NT_ROLE_COUNT], struct sbk_error *err)
{
	const struct sbk_win32 *const simulated = sbk_win32;
	const char *own[SBK_NT_ROLE_COUNT];
	struct sbk_sid_text text;
	struct sbk_sid sid;
	int rc;

	assert_null(arg); /* the runner beside this program */
	assert_string_not_equal(sids[0], sids[1]);
	sbk_win32 = person.world != NULL ? trial_table() : &sbk_win32_system;
	rc = sbk_pipe_own_user(&sid, err);
	own[0] = own[1] = sbk_sid_format(&sid, &text);
	if (rc == 0)
		rc = __real_sbk_nt_setup_probe_accounts(
			person.world != NULL ? person.world->program : NULL,
			setup, own, err);
	sbk_win32 = simulated;
	return rc;
}

static void try_person(const char *offline, int code, const char *part)
{
	struct setup_world w;

	memset(&person, 0, sizeof(person));
	if (offline != NULL) {
		person.world = trial_begin();
		person.world->offline = offline;
	}
	setup_world_begin(&w);
	assert_int_equal(setup_world_run(tables(), "setup", "--handover", "ann",
					 "--yes", NULL),
			 code);
	assert_int_equal(person.delivered, 1);
	if (code == 0) {
		assert_string_equal(person.why, "");
		assert_int_equal(
			sim_account_named(w.sim, L"SandbookOffline")->flags &
				UF_ACCOUNTDISABLE,
			0);
	} else {
		print_message("%s\n", person.why);
		setup_world_assert_printed(part);
		assert_non_null(strstr(person.why, part));
		setup_world_assert_start(&w, 0);
	}
	setup_world_end(&w);
	if (offline != NULL)
		trial_end(person.world);
}

static void test_setup_network__the_network_is_tried_at_the_end(void **state)
{
	(void)state;
	try_person(TRIAL_OFFLINE, 0, "");
	try_person("49", SBK_EXIT_UNSUPPORTED,
		   "as the offline account, TCP over IPv4 got through");
}

/* As far as it goes under Wine: with the system's own logon it cannot be tried,
 * and so there is no setup. */
static void test_setup_network__what_cannot_be_tried_is_undone(void **state)
{
	(void)state;
	if (!sim_is_wine())
		return;
	try_person(NULL, SBK_EXIT_FAILED,
		   "trying what the network filters hold back: "
		   "CreateProcessWithLogonW as 'SandbookOnline'");
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_setup(
		test_setup_network__the_network_is_tried_at_the_end,
		setup_world_directory),
	cmocka_unit_test_teardown(
		test_setup_network__what_cannot_be_tried_is_undone,
		setup_world_remove),
};

SBK_TEST_MAIN(tests)
