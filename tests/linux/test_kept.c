/* The account tools' copies: each case of the table at the head of kept.c. */
#include <shadow.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/linux/host_test.h"

#include "engine/banned.h"

#define COPY "/etc/group-"
#define OURS "name sandbook\nname sandbook-1000-off\n"

struct world {
	struct sbk_backend backend;
	struct sbk_observation saved;
};

static const struct sbk_object copy_object = {SBK_KIND_KEPT, COPY, NULL};

static void observe(struct world *w, struct sbk_observation *out)
{
	struct sbk_error err = SBK_ERROR_INIT;

	assert_ok(sbk_backend_observe(&w->backend, &copy_object, out, &err),
		  &err);
}

static void world_init(struct world *w)
{
	struct sbk_error err = SBK_ERROR_INIT;

	memset(w, 0, sizeof(*w));
	assert_ok(sbk_os_backend(&w->backend, &err), &err);
	assert_int_equal(
		shell("printf 'root:x:0:\\nbob:x:1:\\n' >/etc/group; "
		      "printf 'root:x:0:\\n' >/etc/group-; chmod 644 "
		      "/etc/group /etc/group-; rm -f /etc/group-.sandbook"),
		0);
	observe(w, &w->saved);
}

static void world_release(struct world *w)
{
	sbk_observation_release(&w->saved);
	sbk_backend_close(&w->backend);
}

/* What undo would write, given what stands there: header, then content. */
static char *next_of(struct world *w)
{
	struct sbk_change change = {.object = copy_object,
				    .before = sbk_observation_state(&w->saved),
				    .after = sbk_observation_state(&w->saved),
				    .ours = OURS};
	struct sbk_observation now = SBK_OBSERVATION_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf next = SBK_BUF_INIT;

	observe(w, &now);
	assert_ok(sbk_backend_subtract(&w->backend, &change,
				       sbk_observation_state(&now), &next,
				       &err),
		  &err);
	sbk_observation_release(&now);
	sbk_buf_adds(&next, "");
	return sbk_buf_steal(&next);
}

#define SAVED "mode 0644 owner 0:0\nroot:x:0:\n"

static void assert_next(struct world *w, const char *command, const char *next)
{
	char *got;

	assert_int_equal(shell(command), 0);
	got = next_of(w);
	assert_string_equal(got != NULL ? got : "", next);
	free(got);
}

static void test_kept__untouched_stays_as_saved(void **state)
{
	struct world w;

	(void)state;
	require_host();
	world_init(&w);
	assert_next(&w, "true", SAVED);
	world_release(&w);
}

static void test_kept__our_own_tools_copy_gives_way(void **state)
{
	struct world w;

	(void)state;
	require_host();
	world_init(&w);
	/* groupadd had copied and not yet changed; it had done both;
	 * groupdel had done both. */
	assert_next(&w, "cp /etc/group /etc/group-", SAVED);
	assert_next(&w, "echo sandbook:x:550: >>/etc/group", SAVED);
	assert_next(&w,
		    "cp /etc/group /etc/group-; sed -i /^sandbook/d "
		    "/etc/group",
		    SAVED);
	world_release(&w);
}

static void test_kept__a_copy_cut_short_gives_way(void **state)
{
	struct world w;

	(void)state;
	require_host();
	world_init(&w);
	assert_next(&w, ": >/etc/group-", SAVED);
	assert_next(&w, "printf 'root:x:0:\\nbo' >/etc/group-", SAVED);
	world_release(&w);
}

static void test_kept__another_tools_copy_loses_only_our_lines(void **state)
{
	struct world w;

	(void)state;
	require_host();
	world_init(&w);
	/* Ours was there, then somebody added eve: the copy is a beginning of
	 * the live file, and whole. */
	assert_next(&w,
		    "echo sandbook:x:550: >>/etc/group; cp /etc/group "
		    "/etc/group-; echo eve:x:2: >>/etc/group",
		    "mode 0644 owner 0:0\nroot:x:0:\nbob:x:1:\n");
	/* Names that only begin like ours are not ours. */
	assert_next(&w,
		    "printf 'sandbook:x:5:\\nsandbooks:x:6:\\n"
		    "sandbook-1000-off:x:7:\\nsandbook-1000-on:x:8:\\n' "
		    ">/etc/group-",
		    "mode 0644 owner 0:0\nsandbooks:x:6:\n"
		    "sandbook-1000-on:x:8:\n");
	assert_next(&w,
		    "chmod 600 /etc/group-; printf 'x:x:1:\\n' "
		    ">/etc/group-",
		    "mode 0600 owner 0:0\nx:x:1:\n");
	assert_next(&w, "rm /etc/group-", "");
	world_release(&w);
}

static void test_kept__is_put_back_whatever_stands_there(void **state)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_state saved;
	struct world w;

	(void)state;
	require_host();
	world_init(&w);
	saved = sbk_observation_state(&w.saved);
	/* Another content, owner and mode, and what a crash of ours left. */
	assert_int_equal(shell("echo x >/etc/group-; chown 1:1 /etc/group-; "
			       "chmod 600 /etc/group-; echo y "
			       ">/etc/group-.sandbook"),
			 0);
	assert_ok(sbk_backend_replace(&w.backend, &copy_object,
				      SBK_STATE_ABSENT, saved, &err),
		  &err);
	assert_int_equal(shell("[ \"$(stat -c %a:%u:%g /etc/group-)\" = "
			       "644:0:0 ] && [ \"$(cat /etc/group-)\" = "
			       "root:x:0: ] && [ ! -e /etc/group-.sandbook ]"),
			 0);
	/* Absent, and back again. */
	assert_ok(sbk_backend_replace(&w.backend, &copy_object, saved,
				      SBK_STATE_ABSENT, &err),
		  &err);
	assert_int_equal(shell("test -e /etc/group-"), 1);
	assert_ok(sbk_backend_replace(&w.backend, &copy_object, saved, saved,
				      &err),
		  &err);
	assert_int_equal(shell("test -e /etc/group-"), 0);
	world_release(&w);
}

/* What a power cut leaves of a tool; its number may be another's by now. */
static void test_kept__what_a_cut_off_tool_left_goes(void **state)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_state saved;
	struct world w;

	(void)state;
	require_host();
	world_init(&w);
	saved = sbk_observation_state(&w.saved);
	assert_int_equal(shell("cd /etc; touch .pwd.lock; echo x >group+; "
			       "printf 1 >passwd.lock; ln passwd.lock "
			       "passwd.1; echo x >group.old; echo x "
			       ">groups.1"),
			 0);
	assert_ok(sbk_backend_replace(&w.backend, &copy_object, saved, saved,
				      &err),
		  &err);
	assert_int_equal(shell("cd /etc; [ ! -e group+ ] && [ ! -e passwd.lock "
			       "] && [ ! -e passwd.1 ] && [ -e group.old ] && "
			       "[ -e groups.1 ] && rm group.old groups.1"),
			 0);
	world_release(&w);
}

static void test_kept__a_tool_at_work_is_waited_for(void **state)
{
	struct sbk_error err = SBK_ERROR_INIT;
	const struct timespec pause = {.tv_nsec = 300000000};
	struct sbk_state saved;
	struct world w;
	int ready[2], status;
	char byte;
	pid_t pid;

	(void)state;
	require_host();
	world_init(&w);
	saved = sbk_observation_state(&w.saved);
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		if (lckpwdf() < 0 || write(ready[1], "x", 1) != 1)
			_exit(1);
		(void)nanosleep(&pause, NULL);
		_exit(shell("touch /run/tool-done"));
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_ok(sbk_backend_replace(&w.backend, &copy_object, saved, saved,
				      &err),
		  &err);
	assert_int_equal(shell("rm /run/tool-done"), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	(void)close(ready[0]);
	(void)close(ready[1]);
	world_release(&w);
}

static void test_kept__other_files_and_links_are_refused(void **state)
{
	static const struct sbk_object other = {SBK_KIND_KEPT, "/etc/passwd",
						NULL};
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	struct world w;

	(void)state;
	require_host();
	world_init(&w);
	assert_error(sbk_backend_observe(&w.backend, &other, &seen, &err),
		     SBK_E_INVAL, &err);
	assert_error(sbk_backend_replace(&w.backend, &other, SBK_STATE_ABSENT,
					 SBK_STATE_ABSENT, &err),
		     SBK_E_INVAL, &err);
	assert_int_equal(shell("ln -sf /etc/shadow /etc/group-"), 0);
	assert_error(sbk_backend_observe(&w.backend, &copy_object, &seen, &err),
		     SBK_E_INVAL, &err);
	assert_int_equal(shell("rm /etc/group-"), 0);
	sbk_observation_release(&seen);
	world_release(&w);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_kept__untouched_stays_as_saved),
	cmocka_unit_test(test_kept__our_own_tools_copy_gives_way),
	cmocka_unit_test(test_kept__a_copy_cut_short_gives_way),
	cmocka_unit_test(test_kept__another_tools_copy_loses_only_our_lines),
	cmocka_unit_test(test_kept__is_put_back_whatever_stands_there),
	cmocka_unit_test(test_kept__what_a_cut_off_tool_left_goes),
	cmocka_unit_test(test_kept__a_tool_at_work_is_waited_for),
	cmocka_unit_test(test_kept__other_files_and_links_are_refused),
};

SBK_TEST_MAIN(tests)
