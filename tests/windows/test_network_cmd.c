/*
 * audit network by sbk_cli_main on the simulation (setup_world.h), after a
 * setup for real: rules and filters are compared with what was made, and what
 * was not tried is said. What a trial finds is put in its place here: that one
 * is tests/windows/test_trial_run.c's.
 */
#include "tests/support/test.h"

#include <string.h>

#include "audit/audit.h"
#include "engine/network_probe.h"
#include "engine/plan_setup.h"
#include "tests/windows/setup_world.h"

#include "engine/banned.h"

static struct {
	bool is_tried;
	enum sbk_probe_result offline; /* of TCP over IPv4 */
} trial;

int __wrap_sbk_network_probe(const struct sbk_principal *account,
			     struct sbk_network_probe *out,
			     struct sbk_error *err);
int __real_sbk_network_probe(const struct sbk_principal *account,
			     struct sbk_network_probe *out,
			     struct sbk_error *err);

int __wrap_sbk_network_probe(const struct sbk_principal *account,
			     struct sbk_network_probe *out,
			     struct sbk_error *err)
{
	const bool offline = account->role == SBK_PRINCIPAL_OFFLINE;
	int i;

	if (!trial.is_tried)
		return __real_sbk_network_probe(account, out, err);
	for (i = 0; i < SBK_PROBE_PATH_COUNT; i++)
		out->results[i] =
			offline ? SBK_PROBE_REFUSED : SBK_PROBE_THROUGH;
	if (offline)
		out->results[SBK_PROBE_TCP4] = trial.offline;
	return 0;
}

static int run(const char *first, const char *second, const char *name)
{
	static struct sbk_command commands[2];
	static const struct sbk_command *const list[] = {
		commands, sbk_audit_commands, NULL};

	commands[0] = sbk_command_setup;
	return setup_world_run(list, first, second, name,
			       name != NULL ? "--yes" : NULL, NULL);
}

static void expect(int code, const char *part)
{
	if (run("audit", "network", NULL) != code)
		fail_msg("%s", setup_world_output());
	setup_world_assert_printed(part);
}

static void enrol(struct setup_world *w)
{
	setup_world_begin(w);
	memset(&trial, 0, sizeof(trial));
	if (run("setup", "--user", "ann") != 0)
		fail_msg("%s", setup_world_output());
}

/* An administrator has nobody's password: what was not tried is missed. */
static void test_network_cmd__what_was_not_tried_is_said(void **state)
{
	struct setup_world w;

	(void)state;
	enrol(&w);
	expect(2, "not tried: its password is kept for 'ann' alone");
	setup_world_assert_printed("the network filters are exactly what");
	setup_world_assert_printed("the firewall rule is exactly what");
	setup_world_end(&w);
}

static void test_network_cmd__what_came_through_is_told(void **state)
{
	struct setup_world w;

	(void)state;
	enrol(&w);
	trial.is_tried = true;
	trial.offline = SBK_PROBE_REFUSED;
	expect(0, "held back: TCP over IPv4,");
	trial.offline = SBK_PROBE_THROUGH;
	expect(1, "network.offline-open");
	setup_world_assert_printed("through, where it should be held back");
	setup_world_end(&w);
}

static void test_network_cmd__what_others_altered_is_told(void **state)
{
	struct setup_world w;
	UINT8 kept;

	(void)state;
	enrol(&w);
	trial.is_tried = true;
	trial.offline = SBK_PROBE_REFUSED;
	kept = w.sim->filters.now.filters[2].filter.weight.uint8;
	w.sim->filters.now.filters[2].filter.weight.uint8 = 15;
	expect(1, "the network filters are not what setup made");
	w.sim->filters.now.filters[2].filter.weight.uint8 = kept;
	expect(0, "the network filters are exactly what");
	setup_world_end(&w);
}

/* Of two the filters are one object, of which each has a change. */
static void test_network_cmd__who_came_and_went_is_counted(void **state)
{
	struct setup_world w;

	(void)state;
	enrol(&w);
	trial.is_tried = true;
	trial.offline = SBK_PROBE_REFUSED;
	assert_int_equal(run("setup", "--user", "bob"), 0);
	expect(0, "the network filters are exactly what");
	assert_int_equal(run("setup", "--remove-user", "ann"), 0);
	expect(0, "the network filters are exactly what");
	assert_int_equal(run("setup", "--remove-user", "bob"), 0);
	expect(0, "nobody is enrolled");
	setup_world_end(&w);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_setup(test_network_cmd__what_was_not_tried_is_said,
			       setup_world_directory),
	cmocka_unit_test(test_network_cmd__what_came_through_is_told),
	cmocka_unit_test(test_network_cmd__what_others_altered_is_told),
	cmocka_unit_test_teardown(
		test_network_cmd__who_came_and_went_is_counted,
		setup_world_remove),
};

SBK_TEST_MAIN(tests)
