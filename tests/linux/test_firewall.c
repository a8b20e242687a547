/* The table: as asked, atomic, effective; and what others put into it. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/linux/firewall.h"
#include "engine/network_probe.h"
#include "tests/linux/host_test.h"

#include "engine/banned.h"

#define NONCE "0123456789abcdef0123456789abcdef"
#define CHAIN "offline_" NONCE

static const struct sbk_object table = {SBK_KIND_FIREWALL, SBK_FIREWALL_NAME,
					NULL};

static const struct sbk_account accounts[] = {
	{.name = "sandbook-1000-off",
	 .uid = 551,
	 .person = 1000,
	 .role = SBK_ACCOUNT_OFFLINE},
	{.name = "sandbook-1000-on",
	 .uid = 552,
	 .person = 1000,
	 .role = SBK_ACCOUNT_ONLINE},
	{.name = "sandbook-1001-off",
	 .uid = 553,
	 .person = 1001,
	 .role = SBK_ACCOUNT_OFFLINE},
};

struct world {
	struct sbk_backend backend;
	struct sbk_buf one, two; /* the table for one person, and for two */
};

static struct sbk_state text(const struct sbk_buf *buf)
{
	return (struct sbk_state){sbk_buf_text(buf), buf->size};
}

static void world_init(struct world *w)
{
	struct sbk_error err = SBK_ERROR_INIT;

	memset(w, 0, sizeof(*w));
	assert_ok(sbk_os_backend(&w->backend, &err), &err);
	assert_ok(sbk_firewall_encode(&w->one, NONCE, accounts, 2, &err), &err);
	assert_ok(sbk_firewall_encode(&w->two, NONCE, accounts, 3, &err), &err);
}

static void world_release(struct world *w)
{
	(void)shell("nft delete table inet sandbook 2>/dev/null");
	sbk_buf_release(&w->one);
	sbk_buf_release(&w->two);
	sbk_backend_close(&w->backend);
}

static void assert_table_is(struct world *w, struct sbk_state wanted)
{
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	struct sbk_error err = SBK_ERROR_INIT;

	assert_ok(sbk_backend_observe(&w->backend, &table, &seen, &err), &err);
	assert_int_equal(seen.state.size, wanted.size);
	assert_string_equal(sbk_buf_text(&seen.state), wanted.data);
	sbk_observation_release(&seen);
}

static void replace(struct world *w, struct sbk_state expected,
		    struct sbk_state next)
{
	struct sbk_error err = SBK_ERROR_INIT;

	assert_ok(
		sbk_backend_replace(&w->backend, &table, expected, next, &err),
		&err);
	assert_table_is(w, next);
}

static void test_firewall__is_made_extended_and_removed(void **state)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct world w;

	(void)state;
	require_host();
	world_init(&w);
	assert_table_is(&w, SBK_STATE_ABSENT);
	assert_ok(sbk_firewall_check(text(&w.one), &err), &err);
	assert_table_is(&w, SBK_STATE_ABSENT);
	replace(&w, SBK_STATE_ABSENT, text(&w.one));
	replace(&w, text(&w.one), text(&w.two));
	replace(&w, text(&w.two), text(&w.one));
	replace(&w, text(&w.one), SBK_STATE_ABSENT);
	assert_int_equal(shell("[ -z \"$(nft list ruleset)\" ]"), 0);
	world_release(&w);
}

/* The kernel shows others a transaction that it only checks; an observer must
 * not meet it. */
static void test_firewall__a_check_is_never_seen(void **state)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct world w;
	pid_t pid;
	int i, status;

	(void)state;
	require_host();
	world_init(&w);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		while (sbk_firewall_check(text(&w.one), &err) == 0)
			continue;
		_exit(1);
	}
	for (i = 0; i < 60; i++)
		assert_table_is(&w, SBK_STATE_ABSENT);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status)); /* it never failed */
	world_release(&w);
}

/* A minimal system has no /etc/protocols, and nft then prints numbers. */
static void test_firewall__needs_no_protocol_names(void **state)
{
	struct world w;

	(void)state;
	require_host();
	world_init(&w);
	/* Made without the names and looked at with them, and back. */
	(void)shell("mv -f /etc/protocols /etc/protocols.away 2>/dev/null");
	replace(&w, SBK_STATE_ABSENT, text(&w.one));
	assert_int_equal(shell("echo 'tcp 6 TCP' >/etc/protocols"), 0);
	assert_table_is(&w, text(&w.one));
	assert_int_equal(shell("rm /etc/protocols"), 0);
	(void)shell("mv -f /etc/protocols.away /etc/protocols 2>/dev/null");
	replace(&w, text(&w.one), SBK_STATE_ABSENT);
	world_release(&w);
}

static void test_firewall__the_script_makes_the_same_table(void **state)
{
	struct sbk_buf script = SBK_BUF_INIT;
	struct world w;
	FILE *file;

	(void)state;
	require_host();
	world_init(&w);
	sbk_firewall_script(&script, NONCE, accounts, 3);
	file = fopen("/run/script.nft", "w");
	assert_non_null(file);
	assert_true(fputs(sbk_buf_text(&script), file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(shell("nft -f /run/script.nft"), 0);
	assert_table_is(&w, text(&w.two));
	/* Loading it twice, as a restart would, changes nothing. */
	assert_int_equal(shell("nft -f /run/script.nft"), 0);
	assert_table_is(&w, text(&w.two));
	sbk_buf_release(&script);
	world_release(&w);
}

static void test_firewall__refuses_the_offline_uid_alone(void **state)
{
	const struct sbk_principal one = {.number = 551}, two = {.number = 552};
	struct sbk_network_probe probe;
	struct sbk_error err = SBK_ERROR_INIT;
	struct world w;
	int path;

	(void)state;
	require_host();
	world_init(&w);
	assert_ok(sbk_network_probe(&one, &probe, &err), &err);
	for (path = 0; path < SBK_PROBE_PATH_COUNT; path++)
		assert_int_equal(probe.results[path], SBK_PROBE_THROUGH);
	replace(&w, SBK_STATE_ABSENT, text(&w.one));
	assert_ok(sbk_network_probe(&one, &probe, &err), &err);
	for (path = 0; path < SBK_PROBE_PATH_COUNT; path++)
		assert_int_equal(probe.results[path], SBK_PROBE_REFUSED);
	assert_ok(sbk_network_probe(&two, &probe, &err), &err);
	for (path = 0; path < SBK_PROBE_PATH_COUNT; path++)
		assert_int_equal(probe.results[path], SBK_PROBE_THROUGH);
	/* What a rule that drops in silence looks like. */
	assert_int_equal(shell("nft insert rule inet sandbook " CHAIN
			       " meta skuid 552 meta l4proto udp drop"),
			 0);
	assert_ok(sbk_network_probe(&two, &probe, &err), &err);
	assert_int_not_equal(probe.results[SBK_PROBE_UDP4], SBK_PROBE_THROUGH);
	world_release(&w);
}

static void test_firewall__what_changed_meanwhile_is_a_conflict(void **state)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct world w;

	(void)state;
	require_host();
	world_init(&w);
	replace(&w, SBK_STATE_ABSENT, text(&w.one));
	assert_int_equal(shell("nft flush table inet sandbook"), 0);
	assert_error(sbk_backend_replace(&w.backend, &table, text(&w.one),
					 text(&w.two), &err),
		     SBK_E_CONFLICT, &err);
	world_release(&w);
}

/* What undo would leave of the table after `command`. */
static char *left_after(struct world *w, const char *command)
{
	struct sbk_change change = {.object = table,
				    .before = SBK_STATE_ABSENT,
				    .after = text(&w->one)};
	struct sbk_observation now = SBK_OBSERVATION_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf next = SBK_BUF_INIT;
	char *listed;

	(void)shell("nft delete table inet sandbook 2>/dev/null");
	replace(w, SBK_STATE_ABSENT, text(&w->one));
	assert_int_equal(shell(command), 0);
	assert_ok(sbk_backend_observe(&w->backend, &table, &now, &err), &err);
	assert_ok(sbk_backend_subtract(&w->backend, &change,
				       sbk_observation_state(&now), &next,
				       &err),
		  &err);
	replace(w, sbk_observation_state(&now), text(&next));
	sbk_observation_release(&now);
	sbk_buf_release(&next);
	listed = shell_output("nft list tables; nft list ruleset | "
			      "grep -c skuid.551; nft list ruleset | "
			      "grep -o 'tcp dport 9.*'");
	return listed;
}

static void test_firewall__others_rules_survive_ours(void **state)
{
	static const struct {
		const char *command, *left;
	} cases[] = {
		/* Ours altered or flushed: nothing of anybody's is left. */
		{"nft flush table inet sandbook", "0\n"},
		{"nft insert rule inet sandbook " CHAIN
		 " meta skuid 551 accept comment sandbook-1000-off",
		 "0\n"},
		/* Theirs, in our chain and in one of their own. */
		{"nft add rule inet sandbook " CHAIN " tcp dport 99 accept",
		 "table inet sandbook\n0\ntcp dport 99 accept\n"},
		{"nft 'add chain inet sandbook theirs; add rule inet sandbook "
		 "theirs tcp dport 98 drop'",
		 "table inet sandbook\n0\ntcp dport 98 drop\n"},
	};
	struct world w;
	size_t i;

	(void)state;
	require_host();
	world_init(&w);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *left = left_after(&w, cases[i].command);

		assert_string_equal(left, cases[i].left);
		free(left);
	}
	world_release(&w);
}

static void test_firewall__the_chain_tells_whose_table_it_is(void **state)
{
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	struct world w;

	(void)state;
	require_host();
	world_init(&w);
	assert_true(sbk_firewall_bears(text(&w.one), NONCE));
	assert_false(sbk_firewall_bears(text(&w.one), "other"));
	assert_int_equal(shell("nft add table inet sandbook"), 0);
	assert_ok(sbk_backend_observe(&w.backend, &table, &seen, &err), &err);
	assert_false(sbk_firewall_bears(sbk_observation_state(&seen), NONCE));
	sbk_observation_release(&seen);
	world_release(&w);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_firewall__is_made_extended_and_removed),
	cmocka_unit_test(test_firewall__a_check_is_never_seen),
	cmocka_unit_test(test_firewall__needs_no_protocol_names),
	cmocka_unit_test(test_firewall__the_script_makes_the_same_table),
	cmocka_unit_test(test_firewall__refuses_the_offline_uid_alone),
	cmocka_unit_test(test_firewall__what_changed_meanwhile_is_a_conflict),
	cmocka_unit_test(test_firewall__others_rules_survive_ours),
	cmocka_unit_test(test_firewall__the_chain_tells_whose_table_it_is),
};

SBK_TEST_MAIN(tests)
