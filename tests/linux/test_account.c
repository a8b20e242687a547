/* Accounts and the group, made and taken away by the real tools. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "engine/linux/account.h"
#include "engine/linux/processes.h"
#include "engine/linux/program.h"
#include "tests/linux/host_test.h"

#include "engine/banned.h"

#define NONCE "0123456789abcdef0123456789abcdef"
#define ACCOUNT "sandbook-1000-off"

/* The group and one account, with numbers that a fresh host leaves free. */
struct world {
	struct sbk_backend backend;
	struct sbk_object group, account;
	struct sbk_buf group_state, account_state;
};

static void world_init(struct world *w)
{
	struct sbk_account account = {.name = ACCOUNT,
				      .nonce = NONCE,
				      .uid = 551,
				      .gid = 550,
				      .person = 1000,
				      .role = SBK_ACCOUNT_OFFLINE};
	struct sbk_error err = SBK_ERROR_INIT;

	memset(w, 0, sizeof(*w));
	assert_ok(sbk_os_backend(&w->backend, &err), &err);
	w->group = (struct sbk_object){SBK_KIND_GROUP, "sandbook", "gid:550"};
	w->account = (struct sbk_object){SBK_KIND_ACCOUNT, ACCOUNT, "uid:551"};
	sbk_group_encode(&w->group_state, "sandbook", 550, NONCE);
	sbk_account_encode(&w->account_state, &account, "/usr/sbin/nologin");
}

static void world_release(struct world *w)
{
	sbk_buf_release(&w->group_state);
	sbk_buf_release(&w->account_state);
	sbk_backend_close(&w->backend);
}

static struct sbk_state text(const struct sbk_buf *buf)
{
	return (struct sbk_state){sbk_buf_text(buf), buf->size};
}

static void make_both(struct world *w)
{
	struct sbk_error err = SBK_ERROR_INIT;

	assert_ok(sbk_backend_replace(&w->backend, &w->group, SBK_STATE_ABSENT,
				      text(&w->group_state), &err),
		  &err);
	assert_ok(sbk_backend_replace(&w->backend, &w->account,
				      SBK_STATE_ABSENT, text(&w->account_state),
				      &err),
		  &err);
}

/* Removes what stands there now; SBK_STATE_ABSENT must come of it. */
static void remove_as_observed(struct world *w, const struct sbk_object *object)
{
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	struct sbk_error err = SBK_ERROR_INIT;

	assert_ok(sbk_backend_observe(&w->backend, object, &seen, &err), &err);
	assert_ok(sbk_backend_replace(&w->backend, object,
				      sbk_observation_state(&seen),
				      SBK_STATE_ABSENT, &err),
		  &err);
	assert_ok(sbk_backend_observe(&w->backend, object, &seen, &err), &err);
	assert_true(sbk_state_absent(sbk_observation_state(&seen)));
	sbk_observation_release(&seen);
}

static void assert_live_files_name_us_not(void)
{
	assert_int_not_equal(shell("grep -q ^sandbook /etc/passwd /etc/group "
				   "/etc/shadow /etc/gshadow"),
			     0);
}

static void test_account__is_made_as_asked_and_removed(void **state)
{
	struct world w;
	char *line;

	(void)state;
	require_host();
	world_init(&w);
	make_both(&w);
	line = shell_output("getent passwd " ACCOUNT);
	assert_string_equal(line, ACCOUNT
			    ":x:551:550:Sandbook offline account of uid 1000 "
			    "nonce " NONCE ":/nonexistent:/usr/sbin/nologin\n");
	free(line);
	line = shell_output("grep ^" ACCOUNT ": /etc/shadow | cut -d: -f2,4-; "
			    "grep ^sandbook: /etc/gshadow; id -nG " ACCOUNT);
	assert_string_equal(line, "!::::::\nsandbook:!" NONCE "::\nsandbook\n");
	free(line);
	assert_int_not_equal(shell("test -e /nonexistent"), 0);
	remove_as_observed(&w, &w.account);
	remove_as_observed(&w, &w.group);
	assert_live_files_name_us_not();
	world_release(&w);
}

static void test_account__what_changed_meanwhile_is_a_conflict(void **state)
{
	struct world w;
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	require_host();
	world_init(&w);
	make_both(&w);
	assert_error(sbk_backend_replace(&w.backend, &w.account,
					 SBK_STATE_ABSENT,
					 text(&w.account_state), &err),
		     SBK_E_CONFLICT, &err);
	assert_int_equal(shell("usermod -s /bin/sh " ACCOUNT), 0);
	assert_error(sbk_backend_replace(&w.backend, &w.account,
					 text(&w.account_state),
					 SBK_STATE_ABSENT, &err),
		     SBK_E_CONFLICT, &err);
	assert_int_equal(shell("getent passwd " ACCOUNT " >/dev/null"), 0);
	remove_as_observed(&w, &w.account);
	remove_as_observed(&w, &w.group);
	world_release(&w);
}

/* A crash between a tool's two files leaves an entry in one of them. */
static void test_account__a_half_made_one_is_seen_and_removed(void **state)
{
	static const char *const halves[] = {
		"sed -i /^sandbook/d /etc/shadow",
		"sed -i /^sandbook/d /etc/passwd",
		"sed -i /^sandbook/d /etc/gshadow",
		"sed -i /^sandbook:/d /etc/group",
	};
	struct world w;
	size_t i;

	(void)state;
	require_host();
	for (i = 0; i < sizeof(halves) / sizeof(halves[0]); i++) {
		world_init(&w);
		make_both(&w);
		assert_int_equal(shell(halves[i]), 0);
		remove_as_observed(&w, &w.account);
		remove_as_observed(&w, &w.group);
		assert_live_files_name_us_not();
		world_release(&w);
	}
}

/* How plan_undo would take the object out: 0 when it would. */
static int subtract(struct world *w, const struct sbk_object *object,
		    const struct sbk_buf *after, struct sbk_error *err)
{
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	struct sbk_change change = {.object = *object,
				    .before = SBK_STATE_ABSENT,
				    .after = text(after)};
	struct sbk_buf next = SBK_BUF_INIT;
	int rc;

	assert_ok(sbk_backend_observe(&w->backend, object, &seen, err), err);
	rc = sbk_backend_subtract(&w->backend, &change,
				  sbk_observation_state(&seen), &next, err);
	assert_true(rc < 0 || next.size == 0);
	sbk_observation_release(&seen);
	sbk_buf_release(&next);
	return rc;
}

static void test_account__number_and_nonce_decide_whose_it_is(void **state)
{
	struct world w;
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	require_host();
	world_init(&w);
	make_both(&w);
	/* Opened by somebody: ours still, so it would go. */
	assert_int_equal(shell("usermod -s /bin/sh -p x " ACCOUNT
			       " && chfn -r 7 " ACCOUNT),
			 0);
	assert_ok(subtract(&w, &w.account, &w.account_state, &err), &err);
	/* Joined by a person: still ours. */
	assert_int_equal(
		shell("useradd -r human && usermod -aG sandbook human"), 0);
	assert_ok(subtract(&w, &w.group, &w.group_state, &err), &err);
	assert_int_equal(shell("usermod -c somebody " ACCOUNT), 0);
	assert_error(subtract(&w, &w.account, &w.account_state, &err),
		     SBK_E_CONFLICT, &err);
	assert_int_equal(shell("userdel " ACCOUNT " && useradd -r -u 600 -g "
			       "sandbook " ACCOUNT),
			 0);
	assert_error(subtract(&w, &w.account, &w.account_state, &err),
		     SBK_E_CONFLICT, &err);
	assert_int_equal(shell("userdel " ACCOUNT " && groupdel sandbook && "
			       "groupadd -r -g 550 sandbook"),
			 0);
	assert_error(subtract(&w, &w.group, &w.group_state, &err),
		     SBK_E_CONFLICT, &err);
	assert_int_equal(shell("groupdel sandbook; userdel human"), 0);
	world_release(&w);
}

static void assert_located(struct world *w, const char *identity,
			   const char *name)
{
	struct sbk_location found = {.path = NULL};
	struct sbk_error err = SBK_ERROR_INIT;

	assert_ok(sbk_backend_locate(&w->backend, &identity, 1, NULL, 0, &found,
				     &err),
		  &err);
	if (name == NULL) {
		assert_int_equal(found.kind, SBK_LOCATION_GONE);
		assert_null(found.path);
		return;
	}
	assert_int_equal(found.kind, SBK_LOCATION_FOUND);
	assert_string_equal(found.path, name);
	free(found.path);
}

static void test_account__is_found_under_another_name(void **state)
{
	struct world w;

	(void)state;
	require_host();
	world_init(&w);
	make_both(&w);
	assert_int_equal(shell("usermod -l renamed " ACCOUNT
			       " && groupmod -n others sandbook"),
			 0);
	assert_located(&w, "uid:551", "renamed");
	assert_located(&w, "gid:550", "others");
	assert_int_equal(shell("userdel renamed && groupdel others"), 0);
	/* The number alone does not make somebody else's ours. */
	assert_int_equal(shell("useradd -r -u 551 -g 0 stranger"), 0);
	assert_located(&w, "uid:551", NULL);
	assert_int_equal(shell("userdel stranger"), 0);
	world_release(&w);
}

static void test_account__its_processes_end_with_it(void **state)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct world w;
	size_t count = 0;
	int tries;

	(void)state;
	require_host();
	world_init(&w);
	make_both(&w);
	/* One that sleeps, one that keeps starting others. */
	assert_int_equal(
		shell("setpriv --reuid 551 --regid 550 --clear-groups "
		      "sh -c 'sleep 300 & (while :; do sleep 0.01; done) & "
		      "exit 0'"),
		0);
	for (tries = 0; count < 2 && tries < 100; tries++) {
		assert_ok(sbk_processes_count(551, &count, &err), &err);
		(void)usleep(10000);
	}
	assert_true(count >= 2);
	remove_as_observed(&w, &w.account);
	assert_ok(sbk_processes_count(551, &count, &err), &err);
	assert_int_equal(count, 0);
	remove_as_observed(&w, &w.group);
	world_release(&w);
}

static void test_account__a_process_nobody_buried_is_no_hindrance(void **state)
{
	struct world w;
	int status;
	pid_t pid;

	(void)state;
	require_host();
	world_init(&w);
	make_both(&w);
	pid = fork();
	if (pid == 0)
		_exit(setuid(551) == 0 ? 0 : 1);
	while (shell("grep -q 'State:.Z' /proc/*/status") != 0)
		(void)usleep(10000);
	remove_as_observed(&w, &w.account);
	remove_as_observed(&w, &w.group);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	world_release(&w);
}

static void test_account__a_tool_left_running_is_waited_for(void **state)
{
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	const struct timespec pause = {.tv_nsec = 400000000};
	struct world w;
	pid_t pid;
	int fd, status;

	(void)state;
	require_host();
	world_init(&w);
	assert_ok(sbk_program_lock(1, &fd, &err), &err);
	pid = fork(); /* as a tool whose parent was killed */
	if (pid == 0) {
		(void)nanosleep(&pause, NULL);
		_exit(shell("groupadd -r -g 550 sandbook"));
	}
	assert_int_equal(close(fd), 0); /* the child has it still */
	assert_ok(sbk_backend_observe(&w.backend, &w.group, &seen, &err), &err);
	assert_false(sbk_state_absent(sbk_observation_state(&seen)));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(shell("groupdel sandbook"), 0);
	sbk_observation_release(&seen);
	world_release(&w);
}

static void test_account__descriptions_are_told_from_others(void **state)
{
	static const struct {
		const char *line;
		bool ours;
	} lines[] = {
		{ACCOUNT
		 ":x:551:550:Sandbook offline account of uid 1000 nonce " NONCE
		 ":/nonexistent:/usr/sbin/nologin",
		 true},
		{ACCOUNT
		 ":x:551:550:Sandbook offline account of uid 1000 nonce " NONCE
		 ",7,,:/nonexistent:/bin/sh",
		 true},
		{ACCOUNT
		 ":x:551:550:Sandbook online account of uid 1000 nonce " NONCE
		 ":/nonexistent:/usr/sbin/nologin",
		 false},
		{ACCOUNT
		 ":x:551:550:Sandbook offline account of uid 1001 nonce " NONCE
		 ":/nonexistent:/usr/sbin/nologin",
		 false},
		{ACCOUNT
		 ":x:551:550:Sandbook offline account of uid 1000 nonce xyz"
		 ":/nonexistent:/usr/sbin/nologin",
		 false},
		{ACCOUNT
		 ":x:551:550:Sandbook offline account of uid 1000 nonce " NONCE
		 ":/home/x:/usr/sbin/nologin",
		 false},
		{"sandbook-01000-off:x:551:550:Sandbook offline account of uid "
		 "1000 "
		 "nonce " NONCE ":/nonexistent:/usr/sbin/nologin",
		 false},
		{"sandbook-1000-off", false},
		{"", false},
	};
	struct sbk_account account;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct sbk_slice line = {lines[i].line, strlen(lines[i].line)};

		assert_int_equal(sbk_account_parse(line, &account),
				 lines[i].ours);
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_account__is_made_as_asked_and_removed),
	cmocka_unit_test(test_account__what_changed_meanwhile_is_a_conflict),
	cmocka_unit_test(test_account__a_half_made_one_is_seen_and_removed),
	cmocka_unit_test(test_account__number_and_nonce_decide_whose_it_is),
	cmocka_unit_test(test_account__is_found_under_another_name),
	cmocka_unit_test(test_account__its_processes_end_with_it),
	cmocka_unit_test(test_account__a_process_nobody_buried_is_no_hindrance),
	cmocka_unit_test(test_account__a_tool_left_running_is_waited_for),
	cmocka_unit_test(test_account__descriptions_are_told_from_others),
};

SBK_TEST_MAIN(tests)
