/*
 * From the person to the account: the maps, the way there and none back, and
 * what the firewall is seen to do. Each case is a process of ann's that makes
 * a namespace for a child, and both report by exit code.
 */
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/linux/account_probe.h"
#include "engine/linux/become.h"
#include "engine/linux/idmap.h"
#include "engine/linux/namespace.h"
#include "tests/linux/mount_world.h"

#include "engine/banned.h"

#define WHO ANN_OFFLINE

/* Exit codes of the child. */
enum { NO_MAPS = 20, NO_WAY, A_WAY_BACK, NOT_PROBED, REFUSED, THROUGH };

static const struct sbk_own_account anns = {ANN, ANN, ANN_OFFLINE};

struct play {
	const struct sbk_own_account *account;
	int (*child)(void);
	bool maps; /* are to succeed */
};

static void say(const char *what, const struct sbk_error *err)
{
	fprintf(stderr, "%s: %s\n", what, err->message);
}

/* As ann. */
static int play(const void *arg)
{
	const struct play *play = arg;
	struct sbk_idmap map = SBK_IDMAP_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	int go[2], status, rc;
	char byte;
	pid_t pid;

	if (pipe(go) < 0)
		return 1;
	if (sbk_idmap_prepare(&map, &err) < 0)
		return 1;
	pid = sbk_namespace_fork(true, &err);
	if (pid == 0) {
		(void)close(go[1]);
		(void)close(map.say);
		_exit(read(go[0], &byte, 1) == 1 ? play->child() : 19);
	}
	rc = pid < 0 ? pid : sbk_idmap_start(play->account, pid, &map, &err);
	if (rc == 0)
		rc = sbk_idmap_finish(&map, &err);
	sbk_idmap_abandon(&map);
	if (rc < 0)
		say("maps", &err);
	if (rc == 0 && write(go[1], "g", 1) != 1)
		return 2;
	(void)close(go[1]);
	(void)close(go[0]);
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return 3;
	if (waitpid(-1, NULL, 0) > 0)
		return 4; /* somebody was left */
	if (!play->maps)
		return rc == SBK_E_UNSUPPORTED ? 0 : 5;
	return WEXITSTATUS(status);
}

static int make_world(void **state)
{
	int rc = mount_world_make(state);

	if (getenv("SBK_TEST_HOST") == NULL || rc != 0)
		return rc;
	return shell("printf '1600:551:1\n1600:552:1\n1601:553:1\n' > "
		     "/etc/subuid; cp /etc/subuid /etc/subgid; "
		     "chmod 0644 /etc/subuid /etc/subgid");
}

static int look_at_maps(void)
{
	struct sbk_own_account other = anns;
	struct sbk_error err = SBK_ERROR_INIT;

	if (sbk_idmap_check(&anns, &err) < 0)
		return NO_MAPS;
	other.number++;
	if (sbk_idmap_check(&other, &err) != SBK_E_UNSUPPORTED)
		return NO_MAPS;
	other = anns;
	other.group++;
	return sbk_idmap_check(&other, &err) == SBK_E_UNSUPPORTED ? 0 : NO_MAPS;
}

static void test_account_identity__maps_are_one_line(void **state)
{
	const struct play good = {&anns, look_at_maps, true};

	(void)state;
	require_host();
	assert_int_equal(as_user(ANN, play, &good), 0);
}

/* Somebody else's account, no account, a group that is not the caller's. */
static void test_account_identity__nobody_elses_is_mapped(void **state)
{
	static const struct sbk_own_account others[] = {
		{ANN, ANN, BOB_OFFLINE},
		{ANN, ANN, 0},
		{ANN, ANN, BOB},
	};
	size_t i;

	(void)state;
	require_host();
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		const struct play bad = {&others[i], look_at_maps, false};

		assert_int_equal(as_user(ANN, play, &bad), 0);
	}
}

static void test_account_identity__says_what_failed(void **state)
{
	static const struct sbk_own_account bobs = {ANN, ANN, BOB_OFFLINE};
	struct sbk_idmap map = SBK_IDMAP_INIT;
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	require_host();
	/* No such process. */
	assert_ok(sbk_idmap_prepare(&map, &err), &err);
	assert_ok(sbk_idmap_start(&bobs, 0x3fffff, &map, &err), &err);
	assert_error(sbk_idmap_finish(&map, &err), SBK_E_UNSUPPORTED, &err);
	assert_non_null(strstr(err.message, "newuidmap"));
	assert_non_null(strstr(err.message, "setup --upgrade"));
	assert_int_equal(map.user, -1);
	assert_int_equal(map.said, -1);
}

static int become_it(void)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct stat st;
	int signal = 0, fd;

	if (setgid(ANN) < 0 || sbk_become(&anns, &err) < 0) {
		say("become", &err);
		return NO_WAY;
	}
	if (prctl(PR_GET_PDEATHSIG, &signal) < 0 || signal != SIGKILL)
		return NO_WAY;
	/* Not yet guarded. */
	if (sbk_become_check(&anns, &err) != SBK_E_UNSUPPORTED)
		return NO_WAY;
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ||
	    sbk_become_check(&anns, &err) < 0) {
		say("check", &err);
		return NO_WAY;
	}
	/* Ann's 0700 directory is closed, a public one not; what it makes is
	 * the account's. */
	if (open(ANNS, O_RDONLY | O_DIRECTORY) >= 0)
		return A_WAY_BACK;
	fd = open(ROOTS "/made", O_CREAT | O_WRONLY, 0600);
	if (fd < 0 || fstat(fd, &st) < 0 || st.st_uid != ANN)
		return NO_WAY;
	/* All powers of the namespace, and none leads to another id. */
	if (setresuid(WHO, WHO, WHO) == 0 || setresuid(0, 0, 0) == 0 ||
	    setgroups(1, &(gid_t){TEAM}) == 0)
		return A_WAY_BACK;
	return 0;
}

static void test_account_identity__becomes_the_account_for_good(void **state)
{
	const struct play good = {&anns, become_it, true};

	(void)state;
	require_host();
	assert_int_equal(as_user(ANN, play, &good), 0);
	assert_true(is_owned(ROOTS "/made", ANN_OFFLINE, ANN_OFFLINE));
}

static int probe_it(void)
{
	struct sbk_error err = SBK_ERROR_INIT;
	bool refused = false;

	if (sbk_account_probe(&anns, &refused, &err) < 0) {
		say("probe", &err);
		return NOT_PROBED;
	}
	return refused ? REFUSED : THROUGH;
}

#define RULE(who)                                            \
	"nft add table inet t && nft 'add chain inet t c { " \
	"type filter hook output priority raw; }' && "       \
	"nft 'add rule inet t c " who                        \
	" meta l4proto tcp reject with tcp reset' && "       \
	"nft 'add rule inet t c " who " reject with icmpx admin-prohibited'"

static void test_account_identity__probe_sees_the_rule(void **state)
{
	static const struct {
		const char *rules;
		int seen;
	} cases[] = {
		{"true", THROUGH},
		{RULE("meta skuid 551"), REFUSED},
		/* Half of it. */
		{RULE("meta skuid 551 meta nfproto ipv4"), THROUGH},
		{RULE("meta skuid 551 meta l4proto udp"), THROUGH},
		/* Somebody else's. */
		{RULE("meta skuid 552"), THROUGH},
		/* Everybody: nothing is known of ours. */
		{RULE("meta skuid >= 0"), THROUGH},
	};
	const struct play probe = {&anns, probe_it, true};
	size_t i;

	(void)state;
	require_host();
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(shell(cases[i].rules), 0);
		assert_int_equal(as_user(ANN, play, &probe), cases[i].seen);
		(void)shell("nft delete table inet t 2>/dev/null");
	}
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_account_identity__maps_are_one_line),
		cmocka_unit_test(test_account_identity__nobody_elses_is_mapped),
		cmocka_unit_test(test_account_identity__says_what_failed),
		cmocka_unit_test(
			test_account_identity__becomes_the_account_for_good),
		cmocka_unit_test(test_account_identity__probe_sees_the_rule),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, make_world, NULL);
}
