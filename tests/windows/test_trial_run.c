/*
 * The trial of the network through the runner, as setup and runs have it made:
 * processes, pipe, job and sockets are real under Wine, the logon and what the
 * filters do are simulated (trial_world.h).
 */
#include "tests/support/test.h"

#include <string.h>

/* Before all that has windows.h. */
#include "engine/windows/win32_socket.h"

#include "engine/os.h"
#include "engine/windows/keyring.h"
#include "engine/windows/pipe_end.h"
#include "engine/windows/run_probe.h"
#include "engine/windows/secret.h"
#include "engine/windows/setup_probe.h"
#include "engine/windows/synthetic.h"
#include "engine/windows/trial_run.h"
#include "engine/windows/win32.h"
#include "tests/windows/sim_token.h"
#include "tests/windows/trial_world.h"

#include "engine/banned.h"

#define INSTALLATION "0123456789abcdef0123456789abcdef"

static struct trial_world *world;
static struct sbk_backend backend;
static struct sbk_sid own;
static struct sbk_sid_text own_text;

static int begin(void **state)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_keyring *ring;

	(void)state;
	world = trial_begin();
	assert_ok(sbk_os_backend(&backend, &err), &err);
	ring = sbk_host_keyring(&backend);
	assert_ok(
		sbk_keyring_put(ring, "SandbookOffline", TRIAL_PASSWORD, &err),
		&err);
	assert_ok(sbk_keyring_put(ring, "SandbookOnline", TRIAL_PASSWORD, &err),
		  &err);
	/* The simulated logon is of ourselves. */
	assert_ok(sbk_pipe_own_user(&own, &err), &err);
	(void)sbk_sid_format(&own, &own_text);
	return 0;
}

static int end(void **state)
{
	(void)state;
	sbk_backend_close(&backend);
	trial_end(world);
	return 0;
}

/* The last step of setup, by the runner of the test. */
static int try_setup(struct sbk_error *err)
{
	const char *const sids[SBK_NT_ROLE_COUNT] = {own_text.text,
						     own_text.text};
	const struct sbk_nt_setup setup = {.backend = &backend,
					   .installation = INSTALLATION,
					   .number = 1,
					   .first_port =
						   SBK_NT_PROXY_FIRST_PORT,
					   .last_port = SBK_NT_PROXY_LAST_PORT};

	return sbk_nt_setup_probe_accounts(world->program, &setup, sids, err);
}

static void test_trial_run__setup_tries_both_accounts(void **state)
{
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	assert_ok(try_setup(&err), &err);
	assert_int_equal(world->logons, 2);
}

static void expect(const char *online, const char *offline, int code,
		   const char *part)
{
	struct sbk_error err = SBK_ERROR_INIT;

	world->online = online;
	world->offline = offline;
	assert_error(try_setup(&err), code, &err);
	print_message("%s\n", err.message);
	if (strstr(err.message, part) == NULL)
		fail_msg("without '%s': %s", part, err.message);
}

static void test_trial_run__setup_refuses_what_is_not_right(void **state)
{
	(void)state;
	expect(TRIAL_ONLINE, "49", SBK_E_UNSUPPORTED,
	       "as the offline account, TCP over IPv4 got through");
	expect("62", TRIAL_OFFLINE, SBK_E_UNSUPPORTED,
	       "as the online account, TCP over IPv4 did not get through");
}

static void test_trial_run__a_sender_that_hangs_is_ended(void **state)
{
	const char *const words[SBK_TRIAL_WORDS] = {"1,2,3,4,5,6", "x"};
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_trial_logon logon = {.wish = {.account = "SandbookOffline",
						 .password = TRIAL_PASSWORD,
						 .sid = &own,
						 .program = world->program,
						 .test_patience_ms = 1000}};
	uint32_t code = 0;

	(void)state;
	world->offline = "hang";
	assert_ok(sbk_trial_run_as(&logon, words, &code, &err), &err);
	assert_int_not_equal(code, SBK_TRIAL_TRIED);
}

static void test_trial_run__an_account_that_cannot_log_on_is_told(void **state)
{
	(void)state;
	world->refuse_with = 1385;
	expect(TRIAL_ONLINE, TRIAL_OFFLINE, SBK_E_DENIED, "Deny log on");
	sbk_keyring_release(sbk_host_keyring(&backend));
	expect(TRIAL_ONLINE, TRIAL_OFFLINE, SBK_E_NOTFOUND, "password");
}

/* --- this user's windows -------------------------------------------------- */

/* When the account is taken out of their lists: whether another front end
 * could log on meanwhile, and how it goes. */
static struct sbk_front *rival;
static unsigned shut;
static int shut_result, rival_result;

int __wrap_sbk_runner_shut_station(const struct sbk_runner *runner,
				   const struct sbk_sid *account,
				   struct sbk_error *err);

int __wrap_sbk_runner_shut_station(const struct sbk_runner *runner,
				   const struct sbk_sid *account,
				   struct sbk_error *err)
{
	(void)runner;
	shut += sbk_sid_equal(account, &own) ? 1 : 0;
	if (rival != NULL)
		rival_result =
			sbk_front_take(rival, SBK_FRONT_LOGON, NULL, NULL);
	return shut_result < 0
		       ? sbk_error_set(err, shut_result, "it is kept open")
		       : 0;
}

/* A trial's logon is out of them before its sender starts, and no other logon
 * comes in between. */
static void test_trial_run__the_users_windows_are_shut_first(void **state)
{
	const char *const words[SBK_TRIAL_WORDS] = {"1,2,3,4,5,6", "x"};
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_trial_logon logon = {.wish = {.account = "SandbookOffline",
						 .password = TRIAL_PASSWORD,
						 .sid = &own,
						 .program = world->program}};
	uint32_t code = 77;

	(void)state;
	shut = 0;
	assert_ok(sbk_front_open(true, &logon.front, &err), &err);
	assert_ok(sbk_front_open(true, &rival, &err), &err);
	assert_ok(sbk_trial_run_as(&logon, words, &code, &err), &err);
	assert_int_equal(shut, 1);
	assert_int_equal(rival_result, SBK_E_BUSY);
	assert_int_not_equal(code, 77);
	code = 77;
	shut_result = SBK_E_UNSUPPORTED;
	assert_error(sbk_trial_run_as(&logon, words, &code, &err),
		     SBK_E_UNSUPPORTED, &err);
	assert_non_null(strstr(err.message, "clipboard and windows: it is "
					    "kept open"));
	assert_int_equal(code, 77);
	shut_result = 0;
	/* Nobody has it any more. */
	assert_ok(sbk_front_take(rival, SBK_FRONT_LOGON, NULL, &err), &err);
	sbk_front_close(rival);
	sbk_front_close(logon.front);
	rival = NULL;
}

/* --- before a run --------------------------------------------------------- */

static void begin_runner(struct sbk_runner **out)
{
	const struct sbk_runner_wish wish = {.account = "SandbookOffline",
					     .password = TRIAL_PASSWORD,
					     .sid = &own,
					     .program = world->program};
	struct sbk_error err = SBK_ERROR_INIT;

	assert_ok(sbk_runner_start(&wish, out, &err), &err);
}

static void test_trial_run__a_run_is_tried_first(void **state)
{
	const char *const argv[] = {"runner_tested", NULL};
	static const char *const none[] = {NULL};
	static const uint8_t id[SBK_SYNTHETIC_ID_BYTES] = {7};
	const struct sbk_sid run = sbk_synthetic_make_run(id);
	const struct sbk_launch_wish wish = {.program = world->program,
					     .argv = argv,
					     .directory = "C:/",
					     .run = &run,
					     .environment = none,
					     .best_effort = true};
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_runner *runner = NULL;
	struct sbk_run_end done;

	(void)state;
	begin_runner(&runner);
	assert_ok(sbk_run_probe(runner, &err), &err);
	/* And the command comes in the same logon. */
	assert_ok(sbk_runner_run(runner, &wish, &done, &err), &err);
	assert_int_equal(done.exit_code, 9);
	assert_int_equal(world->logons, 1);
	assert_ok(sbk_runner_release(runner, &err), &err);
}

/* However it is not the one that it should be, in one logon. */
static void test_trial_run__a_run_that_leaks_is_refused(void **state)
{
	static const struct {
		const char *how, *part;
	} cases[] = {
		{"50", "UDP over IPv4 got through"},
		{"0", "TCP over IPv4 to a proxy's port did not get through"},
		{"silent", "says nothing"},
		{"another's token", "says nothing"},
		{"exit", "did not run to its end (exit code 1)"},
		{"crash", "did not run to its end (exit code 139)"},
	};
	struct sbk_runner *runner = NULL;
	struct sbk_error err = SBK_ERROR_INIT;
	size_t i;

	(void)state;
	begin_runner(&runner);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		trial_behave(cases[i].how);
		assert_error(sbk_run_probe(runner, &err), SBK_E_UNSUPPORTED,
			     &err);
		if (strstr(err.message, cases[i].part) == NULL)
			fail_msg("%s: %s", cases[i].how, err.message);
	}
	trial_behave(TRIAL_OFFLINE);
	assert_ok(sbk_run_probe(runner, &err), &err);
	assert_ok(sbk_runner_release(runner, &err), &err);
}

/* Somebody listens wherever the proxy might: who is closed off could then send
 * nothing at all, and nobody would know. */
static void test_trial_run__a_run_without_its_control_is_refused(void **state)
{
	enum { PORTS = SBK_NT_PROXY_LAST_PORT - SBK_NT_PROXY_FIRST_PORT + 1 };
	const struct sbk_socket_kind kinds[2] = {{false, false}, {true, false}};
	struct sbk_runner *runner = NULL;
	struct sbk_error err = SBK_ERROR_INIT;
	SOCKET taken[2 * PORTS];
	size_t i;
	int rc;

	(void)state;
	assert_ok(sbk_win32_sockets_begin(&err), &err);
	for (i = 0; i < 2 * PORTS; i++) {
		uint16_t port = (uint16_t)(SBK_NT_PROXY_FIRST_PORT + i / 2);

		taken[i] = INVALID_SOCKET;
		rc = sbk_win32_socket_listen(&kinds[i % 2], &taken[i], &port,
					     &err);
		assert_true(rc == 0 || rc == SBK_E_NOTFOUND ||
			    rc == SBK_E_BUSY);
	}
	begin_runner(&runner);
	trial_behave("silent");
	assert_error(sbk_run_probe(runner, &err), SBK_E_UNSUPPORTED, &err);
	assert_non_null(strstr(err.message, "in use"));
	for (i = 0; i < 2 * PORTS; i++)
		sbk_win32_close_socket(&taken[i]);
	sbk_win32_sockets_end();
	/* The control: with one of them, it is the sender's silence. */
	assert_error(sbk_run_probe(runner, &err), SBK_E_UNSUPPORTED, &err);
	assert_non_null(strstr(err.message, "says nothing"));
	assert_ok(sbk_runner_release(runner, &err), &err);
}

/* --- for a report --------------------------------------------------------- */

int __wrap_sbk_runner_path(char out[SBK_PATH_MAX], struct sbk_error *err);
int __real_sbk_runner_path(char out[SBK_PATH_MAX], struct sbk_error *err);

/* Beside this test lies the one that takes no switches of tests. */
int __wrap_sbk_runner_path(char out[SBK_PATH_MAX], struct sbk_error *err)
{
	(void)err;
	(void)snprintf(out, SBK_PATH_MAX, "%s", world->program);
	return 0;
}

static void keep_secret(const char *name)
{
	struct sbk_secret_label label;
	struct sbk_store *store = NULL;
	struct sbk_error err = SBK_ERROR_INIT;

	assert_ok(sbk_secret_label(&label, name, &own, INSTALLATION, &err),
		  &err);
	assert_ok(sbk_secret_store(SBK_STORE_CREATE, &store, &err), &err);
	assert_ok(sbk_secret_keep(store, &label, TRIAL_PASSWORD, &err), &err);
	sbk_store_close(store);
}

static struct sbk_principal account_of(enum sbk_principal_role role,
				       const char *name)
{
	struct sbk_principal account = {.role = role};

	(void)snprintf(account.name, sizeof(account.name), "%s", name);
	(void)snprintf(account.id, sizeof(account.id), "%s", own_text.text);
	(void)snprintf(account.person.text, sizeof(account.person.text), "%s",
		       own_text.text);
	return account;
}

static void test_trial_run__a_report_has_what_came_through(void **state)
{
	const struct sbk_principal online =
		account_of(SBK_PRINCIPAL_ONLINE, "SandbookOnline");
	const struct sbk_principal offline =
		account_of(SBK_PRINCIPAL_OFFLINE, "SandbookOffline");
	struct sbk_network_probe probe;
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	keep_secret("SandbookOnline");
	keep_secret("SandbookOffline");
	assert_ok(sbk_network_probe(&online, &probe, &err), &err);
	assert_int_equal(probe.results[SBK_PROBE_TCP4], SBK_PROBE_THROUGH);
	assert_int_equal(probe.results[SBK_PROBE_UDP4], SBK_PROBE_THROUGH);
	assert_ok(sbk_network_probe(&offline, &probe, &err), &err);
	assert_int_equal(probe.results[SBK_PROBE_TCP4], SBK_PROBE_REFUSED);
	assert_int_equal(probe.results[SBK_PROBE_UDP4], SBK_PROBE_REFUSED);
	world->offline = "50";
	assert_ok(sbk_network_probe(&offline, &probe, &err), &err);
	assert_int_equal(probe.results[SBK_PROBE_TCP4], SBK_PROBE_REFUSED);
	assert_int_equal(probe.results[SBK_PROBE_UDP4], SBK_PROBE_THROUGH);
}

/* Who has no password tries nothing, and says so. */
static void test_trial_run__a_report_says_what_was_not_tried(void **state)
{
	struct sbk_principal offline =
		account_of(SBK_PRINCIPAL_OFFLINE, "SandbookOffline");
	struct sbk_network_probe probe;
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	assert_error(sbk_network_probe(&offline, &probe, &err), SBK_E_NOTFOUND,
		     &err);
	print_message("%s\n", err.message);
	assert_non_null(strstr(err.message, "not tried"));
	keep_secret("SandbookOffline");
	(void)snprintf(offline.id, sizeof(offline.id), "S-1-5-21-1-2-3-1005");
	assert_error(sbk_network_probe(&offline, &probe, &err), SBK_E_CONFLICT,
		     &err);
	assert_non_null(strstr(err.message, "of another account"));
	(void)snprintf(offline.person.text, sizeof(offline.person.text),
		       "S-1-5-21-1-2-3-1001");
	assert_error(sbk_network_probe(&offline, &probe, &err), SBK_E_NOTFOUND,
		     &err);
	assert_non_null(strstr(err.message, "'S-1-5-21-1-2-3-1001' alone"));
	assert_int_equal(world->logons, 0);
}

/* --- the system's own ----------------------------------------------------- */

/* The real runner, whose command's token Wine restricts in nothing. */
static void test_trial_run__a_token_as_wines_is_refused(void **state)
{
	char program[SBK_PATH_MAX];
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	if (!sim_is_wine())
		return;
	assert_ok(__real_sbk_runner_path(program, &err), &err);
	(void)snprintf(world->program, sizeof(world->program), "%s", program);
	assert_true(try_setup(&err) < 0);
	print_message("%s\n", err.message);
}

/* Wine's own logon: that it could not be tried is no success. */
static void test_trial_run__a_system_without_logons_is_told(void **state)
{
	const struct sbk_win32 *simulated = sbk_win32;
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	if (!sim_is_wine())
		return;
	sbk_win32 = &sbk_win32_system;
	assert_true(try_setup(&err) < 0);
	sbk_win32 = simulated;
	print_message("%s\n", err.message);
	assert_non_null(strstr(err.message, "trying what the network filters"));
}

#define WORLD_TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

static const struct CMUnitTest tests[] = {
	WORLD_TEST(test_trial_run__setup_tries_both_accounts),
	WORLD_TEST(test_trial_run__setup_refuses_what_is_not_right),
	WORLD_TEST(test_trial_run__a_sender_that_hangs_is_ended),
	WORLD_TEST(test_trial_run__an_account_that_cannot_log_on_is_told),
	WORLD_TEST(test_trial_run__the_users_windows_are_shut_first),
	WORLD_TEST(test_trial_run__a_run_is_tried_first),
	WORLD_TEST(test_trial_run__a_run_that_leaks_is_refused),
	WORLD_TEST(test_trial_run__a_run_without_its_control_is_refused),
	WORLD_TEST(test_trial_run__a_report_has_what_came_through),
	WORLD_TEST(test_trial_run__a_report_says_what_was_not_tried),
	WORLD_TEST(test_trial_run__a_token_as_wines_is_refused),
	WORLD_TEST(test_trial_run__a_system_without_logons_is_told),
};

SBK_TEST_MAIN(tests)
