/*
 * The AppArmor profile: when it is planned, in which order it comes and goes,
 * what is said where it cannot be. This kernel may have no AppArmor, so its
 * part is played by files in place of /proc/sys/kernel and the list of
 * profiles; the text is read by the real apparmor_parser, but for two lines
 * that its version may not know.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/linux/profile.h"
#include "engine/linux/setup_profile.h"
#include "tests/linux/host_test.h"
#include "tests/support/fault.h"

#include "engine/banned.h"

#define DIRECTORY "/run/usr/bin"
#define LIST "/sys/kernel/security/apparmor/profiles"
#define RESTRICTED "apparmor_restrict_unprivileged_userns"

#define must(command) assert_int_equal(shell(command), 0)

static const char parser[] =
	"#!/bin/sh\n"
	"list=" LIST "\n"
	"for last; do :; done\n"
	"case $last in /*) text=$(cat \"$last\") || exit 1 ;; *) text=$(cat) "
	";; esac\n"
	"[ ! -e /run/refuse ] || { echo 'parser error: refused' >&2; exit 1; "
	"}\n"
	"text=$(printf '%s\\n' \"$text\" | grep -vx -e 'abi <abi/4.0>,' -e ' "
	" userns,')\n"
	"name=$(printf '%s\\n' \"$text\" | /run/parser -q -K -N 2>/dev/null) "
	"|| exit 1\n"
	"case \" $* \" in\n"
	"*' -Q '*) printf '%s\\n' \"$text\" | /run/parser -q -Q -K ;;\n"
	"*' -r '*) sed -i \"/^$name (/d\" $list\n"
	"	[ -e /run/lie ] || echo \"$name (unconfined)\" >>$list ;;\n"
	"*' -R '*) grep -q \"^$name (\" $list || exit 254\n"
	"	[ -e " SBK_PROFILE_FILE " ] || echo late >/run/late\n"
	"	sed -i \"/^$name (/d\" $list ;;\n"
	"esac\n";

/* A machine that restricts, with our programs in DIRECTORY. */
static void begin(void)
{
	FILE *file;

	must("rm -rf /run/usr && install -d -m 0755 /run/usr " DIRECTORY
	     " && for p in sandbook sandbook-mount sandbook-setup; do install "
	     "-m 0755 /bin/true " DIRECTORY "/$p; done");
	must("cp -r /proc/sys/kernel /run/kernel 2>/dev/null; echo 1 "
	     ">/run/kernel/" RESTRICTED " && mount --bind /run/kernel "
	     "/proc/sys/kernel");
	must("mount -t tmpfs -o mode=0755 security /sys/kernel/security && "
	     "mkdir /sys/kernel/security/apparmor && printf 'a (enforce)\\n"
	     "sandbook-not (complain)\\n' >" LIST " && cp " LIST " /run/list");
	file = fopen("/run/stand-in", "w");
	assert_non_null(file);
	assert_true(fputs(parser, file) >= 0);
	assert_int_equal(fclose(file), 0);
	must("chmod 0755 /run/stand-in && cp /sbin/apparmor_parser /run/parser "
	     "&& mount --bind /run/stand-in /sbin/apparmor_parser");
	must("cp -a /etc/apparmor.d /run/apparmor.d");
}

static void end(void)
{
	must("cmp " LIST " /run/list && diff -r /etc/apparmor.d "
	     "/run/apparmor.d && [ ! -e /run/late ]");
	must("umount /sbin/apparmor_parser /sys/kernel/security "
	     "/proc/sys/kernel && rm -rf /run/apparmor.d /run/kernel "
	     "/run/refuse /run/lie");
}

static struct sbk_plan *plan_in(struct sbk_backend *backend,
				const char *directory)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_plan *plan = sbk_plan_new();

	assert_non_null(plan);
	assert_ok(sbk_setup_plan_profile_at(backend, directory, plan, &err),
		  &err);
	return plan;
}

static void test_profile__comes_and_goes(void **state)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_backend backend;
	struct sbk_plan *plans[2], *again;

	(void)state;
	require_host();
	begin();
	assert_ok(sbk_os_backend(&backend, &err), &err);
	plans[0] = plan_in(&backend, DIRECTORY);
	assert_int_equal(sbk_plan_note_count(plans[0]), 0);
	assert_int_equal(sbk_plan_count(plans[0]), 2);
	assert_int_equal(sbk_plan_at(plans[0], 0)->object.kind, SBK_KIND_FILE);
	assert_int_equal(sbk_plan_at(plans[0], 1)->object.kind,
			 SBK_KIND_PROFILE);
	must("cmp " LIST " /run/list && [ ! -e " SBK_PROFILE_FILE " ]");
	assert_ok(host_apply(&backend, plans[0], &err), &err);
	must("[ \"$(tail -1 " LIST ")\" = 'sandbook (unconfined)' ] && [ $(wc "
	     "-l <" LIST ") = 3 ] && grep -qx '  userns,' " SBK_PROFILE_FILE);
	again = plan_in(&backend, DIRECTORY);
	assert_int_equal(sbk_plan_count(again), 0);
	sbk_plan_free(again);
	/* Taken out by hand: the next setup loads it again. */
	must("sed -i '/^sandbook /d' " LIST);
	plans[1] = plan_in(&backend, DIRECTORY);
	assert_int_equal(sbk_plan_count(plans[1]), 1);
	assert_ok(host_apply(&backend, plans[1], &err), &err);
	must("grep -q '^sandbook (' " LIST);
	/* Out of the kernel first, then the file. */
	assert_int_equal(host_undo(&backend, plans, 2), 0);
	end();
	sbk_plan_free(plans[0]);
	sbk_plan_free(plans[1]);
	sbk_backend_close(&backend);
}

static void test_profile__is_made_only_where_it_is_needed(void **state)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_backend backend;
	struct sbk_plan *plan;

	(void)state;
	require_host();
	begin();
	assert_ok(sbk_os_backend(&backend, &err), &err);
	must("echo 0 >/run/kernel/" RESTRICTED);
	plan = plan_in(&backend, DIRECTORY);
	assert_int_equal(sbk_plan_count(plan) + sbk_plan_note_count(plan), 0);
	sbk_plan_free(plan);
	must("rm /run/kernel/" RESTRICTED);
	plan = plan_in(&backend, DIRECTORY);
	assert_int_equal(sbk_plan_count(plan) + sbk_plan_note_count(plan), 0);
	sbk_plan_free(plan);
	/* The control. */
	must("echo 1 >/run/kernel/" RESTRICTED);
	plan = plan_in(&backend, DIRECTORY);
	assert_int_equal(sbk_plan_count(plan), 2);
	sbk_plan_free(plan);
	end();
	sbk_backend_close(&backend);
}

static void test_profile__what_cannot_be_is_said(void **state)
{
	static const struct {
		const char *make, *unmake, *note;
	} cases[] = {
		{"chmod g+w " DIRECTORY, "chmod g-w " DIRECTORY,
		 "can be written by others than root"},
		{"chown 1000 " DIRECTORY "/sandbook",
		 "chown 0 " DIRECTORY "/sandbook", "does not belong to root"},
		{"mv " DIRECTORY "/sandbook-setup /run/away",
		 "mv /run/away " DIRECTORY "/sandbook-setup",
		 "cannot be looked at"},
		{"touch /run/refuse", "rm /run/refuse", "refused"},
		{"touch /run/empty && mount --bind /run/empty "
		 "/sbin/apparmor_parser",
		 "umount /sbin/apparmor_parser", "apt-get install apparmor"},
	};
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_backend backend;
	struct sbk_plan *plan;
	size_t i;

	(void)state;
	require_host();
	begin();
	assert_ok(sbk_os_backend(&backend, &err), &err);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		must(cases[i].make);
		plan = plan_in(&backend, DIRECTORY);
		assert_int_equal(sbk_plan_count(plan), 0);
		assert_int_equal(sbk_plan_note_count(plan), 1);
		if (strstr(sbk_plan_note_at(plan, 0), cases[i].note) == NULL)
			fail_msg("case %zu: %s", i, sbk_plan_note_at(plan, 0));
		sbk_plan_free(plan);
		must(cases[i].unmake);
	}
	must("mkdir -p '/run/usr/a b' && cp " DIRECTORY "/* '/run/usr/a b'");
	plan = plan_in(&backend, "/run/usr/a b");
	assert_non_null(strstr(sbk_plan_note_at(plan, 0), "a character that"));
	sbk_plan_free(plan);
	plan = plan_in(&backend, DIRECTORY);
	assert_int_equal(sbk_plan_count(plan), 2);
	sbk_plan_free(plan);
	/* The file is somebody else's. */
	must("echo 'profile sandbook {}' >" SBK_PROFILE_FILE);
	plan = sbk_plan_new();
	assert_error(sbk_setup_plan_profile_at(&backend, DIRECTORY, plan, &err),
		     SBK_E_EXISTS, &err);
	must("rm " SBK_PROFILE_FILE);
	sbk_plan_free(plan);
	end();
	sbk_backend_close(&backend);
}

/* A parser that says yes and loads nothing is caught, and all is undone. */
static void test_profile__a_yes_that_does_nothing_is_caught(void **state)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_backend backend;
	struct sbk_plan *plan;

	(void)state;
	require_host();
	begin();
	assert_ok(sbk_os_backend(&backend, &err), &err);
	must("touch /run/lie");
	plan = plan_in(&backend, DIRECTORY);
	assert_error(host_apply(&backend, plan, &err), SBK_E_IO, &err);
	assert_non_null(strstr(err.message, "apparmor_parser"));
	host_forget_results(plan);
	assert_int_equal(host_undo(&backend, &plan, 1), 0);
	end();
	sbk_plan_free(plan);
	sbk_backend_close(&backend);
}

static int apply_in_child(struct sbk_backend *backend, struct sbk_plan *plan)
{
	struct sbk_error err = SBK_ERROR_INIT;
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct sbk_backend fault = fault_backend(backend);

		_exit(host_apply(&fault, plan, &err) == 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WEXITSTATUS(status);
}

static void test_profile__stopped_anywhere_it_is_undone(void **state)
{
	static const enum fault_mode modes[] = {FAULT_STOP, FAULT_STOP_AFTER,
						FAULT_DENY};
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_backend backend;
	size_t mode, reached = 0;

	(void)state;
	require_host();
	begin();
	assert_ok(sbk_os_backend(&backend, &err), &err);
	for (mode = 0; mode < 3; mode++) {
		unsigned long at;
		int ended = 1;

		for (at = 1; ended != 0; at++, reached++) {
			struct sbk_plan *plan = plan_in(&backend, DIRECTORY);

			fault_plan.mode = modes[mode];
			fault_plan.at = at;
			fault_plan.counted = 0;
			ended = apply_in_child(&backend, plan);
			fault_plan.mode = FAULT_NONE;
			host_forget_results(plan);
			assert_int_equal(host_undo(&backend, &plan, 1), 0);
			must("cmp " LIST " /run/list && [ ! -e "
			     "" SBK_PROFILE_FILE " ]");
			sbk_plan_free(plan);
		}
	}
	assert_true(reached > 6);
	end();
	sbk_backend_close(&backend);
}

/* The parser reads what we write; the control is a text that it does not. */
static void test_profile__the_parser_takes_the_text(void **state)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf text = SBK_BUF_INIT;

	(void)state;
	require_host();
	begin();
	assert_ok(sbk_profile_text(&text, "/usr/local/bin", &err), &err);
	assert_ok(sbk_profile_check(&text, &err), &err);
	sbk_buf_adds(&text, "profile\n");
	assert_error(sbk_profile_check(&text, &err), SBK_E_IO, &err);
	assert_error(sbk_profile_text(&text, "/usr/{a,b}", &err), SBK_E_INVAL,
		     &err);
	assert_error(sbk_profile_text(&text, "relative", &err), SBK_E_INVAL,
		     &err);
	sbk_buf_release(&text);
	end();
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_profile__comes_and_goes),
	cmocka_unit_test(test_profile__is_made_only_where_it_is_needed),
	cmocka_unit_test(test_profile__what_cannot_be_is_said),
	cmocka_unit_test(test_profile__a_yes_that_does_nothing_is_caught),
	cmocka_unit_test(test_profile__stopped_anywhere_it_is_undone),
	cmocka_unit_test(test_profile__the_parser_takes_the_text),
};

SBK_TEST_MAIN(tests)
