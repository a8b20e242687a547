/*
 * The trial of the network, with real sockets of the loopback (Wine's are
 * real). The accounts are simulated: whoever is let through sends in this very
 * process, whoever is kept off does not.
 */
#include "tests/support/test.h"

#include <string.h>

#include "engine/windows/setup_probe.h"

#include "engine/banned.h"

/* What the simulated filters do, as bits of enum sbk_probe_path. */
struct world {
	unsigned online, offline; /* what gets through */
	uint32_t exit_code;	  /* 0: as the program gives it */
	bool wrong_token;
	int runs, fails_at;
};

/* Only the paths that are let through have a port. */
static void keep(char *out, size_t size, const char *ports, unsigned through)
{
	unsigned port[SBK_PROBE_PATH_COUNT], i;

	assert_int_equal(sscanf(ports, "%u,%u,%u,%u", &port[0], &port[1],
				&port[2], &port[3]),
			 4);
	for (i = 0; i < SBK_PROBE_PATH_COUNT; i++)
		if ((through & (1u << i)) == 0)
			port[i] = 0;
	(void)snprintf(out, size, "%u,%u,%u,%u", port[0], port[1], port[2],
		       port[3]);
}

static int run(void *arg, enum sbk_nt_role role,
	       const char *const words[SBK_PROBE_WORDS], uint32_t *exit_code,
	       struct sbk_error *err)
{
	struct world *world = arg;
	char ports[64], token[33];
	const char *const sent[SBK_PROBE_WORDS] = {ports, token};
	int rc;

	if (++world->runs == world->fails_at)
		return sbk_error_set(err, SBK_E_DENIED, "no logon");
	(void)snprintf(token, sizeof(token), "%s", words[1]);
	if (world->wrong_token)
		token[0] = token[0] == '0' ? '1' : '0';
	keep(ports, sizeof(ports), words[0],
	     role == SBK_NT_ONLINE ? world->online : world->offline);
	rc = sbk_nt_probe_send(sent, err);
	*exit_code = world->exit_code != 0 ? world->exit_code : (uint32_t)rc;
	return rc < 0 ? rc : 0;
}

static int try_it(struct world *world, struct sbk_error *err)
{
	const struct sbk_probe_request request = {.run = run,
						  .arg = world,
						  .first_port = 47100,
						  .last_port = 47115};

	return sbk_nt_setup_probe(&request, err);
}

static void test_setup_probe__online_through_and_offline_not(void **state)
{
	struct world world = {.online = 15};
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	assert_ok(try_it(&world, &err), &err);
	assert_int_equal(world.runs, 2);
}

static void test_setup_probe__each_path_that_is_open_is_told(void **state)
{
	static const char *const names[] = {"TCP over IPv4", "UDP over IPv4",
					    "TCP over IPv6", "UDP over IPv6"};
	unsigned i;

	(void)state;
	for (i = 0; i < 2; i++) { /* IPv6 may be absent */
		struct world world = {.online = 15, .offline = 1u << i};
		struct sbk_error err = SBK_ERROR_INIT;

		assert_error(try_it(&world, &err), SBK_E_UNSUPPORTED, &err);
		assert_non_null(strstr(err.message, names[i]));
		assert_non_null(strstr(err.message, "offline account"));
	}
}

/* Without its control the trial says nothing. */
static void
test_setup_probe__nothing_is_believed_without_a_control(void **state)
{
	struct world world = {.online = 14};
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	assert_error(try_it(&world, &err), SBK_E_UNSUPPORTED, &err);
	assert_non_null(strstr(err.message, "online account"));
	world = (struct world){.online = 15, .wrong_token = true};
	assert_error(try_it(&world, &err), SBK_E_UNSUPPORTED, &err);
	world = (struct world){.online = 15, .exit_code = 1};
	assert_error(try_it(&world, &err), SBK_E_UNSUPPORTED, &err);
	assert_non_null(strstr(err.message, "did not run to its end"));
	world = (struct world){.online = 15, .fails_at = 2};
	assert_error(try_it(&world, &err), SBK_E_DENIED, &err);
}

static void test_setup_probe__judges_every_path(void **state)
{
	struct sbk_error err = SBK_ERROR_INIT;
	unsigned there, through;

	(void)state;
	for (there = 0; there < 16; there++) {
		for (through = 0; through < 16; through++) {
			const int on = sbk_nt_probe_judge(SBK_NT_ONLINE, there,
							  through, &err);
			const int off = sbk_nt_probe_judge(
				SBK_NT_OFFLINE, there, through, &err);

			assert_int_equal(on == 0,
					 there != 0 && through == there);
			assert_int_equal(off == 0, there != 0 && through == 0);
		}
	}
}

static void test_setup_probe__other_words_are_refused(void **state)
{
	static const char *const bad[] = {"",	     "1,2,3",	    "1,2,3,4,5",
					  "1,2,3,x", "1,2,3,65536", "1,2,3,-1"};
	struct sbk_error err = SBK_ERROR_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *const words[SBK_PROBE_WORDS] = {
			bad[i], "00112233445566778899aabbccddeeff"};

		assert_error(sbk_nt_probe_send(words, &err), SBK_E_INVAL, &err);
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_setup_probe__online_through_and_offline_not),
	cmocka_unit_test(test_setup_probe__each_path_that_is_open_is_told),
	cmocka_unit_test(
		test_setup_probe__nothing_is_believed_without_a_control),
	cmocka_unit_test(test_setup_probe__judges_every_path),
	cmocka_unit_test(test_setup_probe__other_words_are_refused),
};

SBK_TEST_MAIN(tests)
