/* What nobody grants: forbidden places, sensitive places, other people's. */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/engine/scope_world.h"

#include "engine/banned.h"

static int guard(struct scope_world *w, const char *name, bool writable)
{
	sbk_error_clear(&w->err);
	return sbk_scope_guard(scope_path(w, name), writable, &w->person,
			       &w->err);
}

static void test_scope_guard__forbidden_places(void **state)
{
	static const char *const places[] = {
		"/",	 "/home", "/etc", "/usr",     "/usr/bin",
		"/proc", "/sys",  "/dev", "/dev/shm", "/run",
		"/tmp",	 "/var",  "home", "/var/tmp"};
	struct scope_world *w = *state;
	size_t i;

	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (access(scope_path(w, places[i]), F_OK) < 0)
			continue;
		assert_error(guard(w, places[i], true), SBK_E_INVAL, &w->err);
		assert_message(w, "cannot be made writable");
	}
	assert_ok(guard(w, "home/project", true), &w->err);
	assert_ok(guard(w, "elsewhere", true), &w->err);
}

static void test_scope_guard__reading(void **state)
{
	struct scope_world *w = *state;

	assert_error(guard(w, "/", false), SBK_E_INVAL, &w->err);
	assert_error(guard(w, "home", false), SBK_E_INVAL, &w->err);
	assert_error(guard(w, "/proc/self", false), SBK_E_INVAL, &w->err);
	assert_error(guard(w, "/run", false), SBK_E_INVAL, &w->err);
	assert_ok(guard(w, "/usr", false), &w->err);
	assert_ok(guard(w, "/etc/passwd", false), &w->err);
	assert_ok(guard(w, "elsewhere", false), &w->err);
}

static void test_scope_guard__what_contains_the_home(void **state)
{
	struct scope_world *w = *state;

	assert_error(guard(w, ".", false), SBK_E_INVAL, &w->err);
	assert_message(w, "a whole home directory");
}

static void test_scope_guard__links_are_followed_first(void **state)
{
	struct scope_world *w = *state;

	scope_symlink(w, "/", "home/project/top");
	scope_symlink(w, w->person.home, "home/project/house");
	scope_symlink(w, "project/top", "home/link");
	assert_error(guard(w, "home/project/top", true), SBK_E_INVAL, &w->err);
	assert_error(guard(w, "home/project/house", true), SBK_E_INVAL,
		     &w->err);
	w->request.directory = scope_path(w, "home/link");
	assert_error(scope_resolve(w), SBK_E_INVAL, &w->err);
	assert_message(w, "the whole machine");
}

static void test_scope_guard__start_files(void **state)
{
	struct scope_world *w = *state;

	scope_mkdir(w, "home/.config/autostart");
	scope_mkdir(w, "home/.local/share");
	scope_write(w, "home/.bashrc", "");
	assert_error(guard(w, "home/.bashrc", true), SBK_E_INVAL, &w->err);
	assert_error(guard(w, "home/.config/autostart", true), SBK_E_INVAL,
		     &w->err);
	/* What holds such a place, there or not, could make one. */
	assert_error(guard(w, "home/.config", true), SBK_E_INVAL, &w->err);
	assert_error(guard(w, "home/.local/share", true), SBK_E_INVAL, &w->err);
	assert_ok(guard(w, "home/.bashrc", false), &w->err);
}

static void test_scope_guard__start_file_by_a_link(void **state)
{
	struct scope_world *w = *state;

	scope_write(w, "home/dotfiles/shell/bashrc", "");
	scope_write(w, "home/dotfiles/readme", "");
	scope_symlink(w, "dotfiles/shell/bashrc", "home/.bashrc");
	assert_error(guard(w, "home/dotfiles/shell/bashrc", true), SBK_E_INVAL,
		     &w->err);
	w->request.directory = scope_path(w, "home/dotfiles");
	assert_ok(scope_resolve(w), &w->err);
	assert_kind(w, "home/dotfiles/readme", SBK_ACCESS_RW);
	assert_kind(w, "home/dotfiles/shell/bashrc", SBK_ACCESS_PROTECT);
}

/* What is not there yet, behind a link, could be made by the command. */
static void test_scope_guard__absent_start_file_by_a_link(void **state)
{
	struct scope_world *w = *state;

	scope_write(w, "home/dotfiles/config/nvim/init.lua", "");
	scope_mkdir(w, "home/dotfiles/config/own");
	scope_write(w, "home/dotfiles/readme", "");
	scope_symlink(w, "dotfiles/config", "home/.config");
	scope_mkdir(w, "home/vim");
	scope_symlink(w, "vim/vimrc", "home/.vimrc");
	w->request.directory = scope_path(w, "home/dotfiles");
	assert_ok(scope_resolve(w), &w->err);
	assert_kind(w, "home/dotfiles/readme", SBK_ACCESS_RW);
	assert_kind(w, "home/dotfiles/config/autostart/x", SBK_ACCESS_PROTECT);
	assert_kind(w, "home/dotfiles/config/git/config", SBK_ACCESS_PROTECT);
	w->request.directory = scope_path(w, "home/dotfiles/config/own");
	assert_ok(scope_resolve(w), &w->err);
	assert_kind(w, "home/dotfiles/config/own/x", SBK_ACCESS_RW);
	w->request.directory = w->project;
	assert_error(guard(w, "home/dotfiles/config", true), SBK_E_INVAL,
		     &w->err);
	assert_message(w, "expects a start file in it");
	assert_ok(guard(w, "home/dotfiles/config", false), &w->err);
	assert_error(guard(w, "home/vim", true), SBK_E_INVAL, &w->err);
}

static void test_scope_guard__own_journal_and_policy(void **state)
{
	struct scope_world *w = *state;

	scope_mkdir(w, "home/.config/sandbook");
	scope_mkdir(w, "home/.local/state/sandbook/x");
	assert_error(guard(w, "home/.config/sandbook", true), SBK_E_INVAL,
		     &w->err);
	assert_message(w, "Sandbook's policy");
	assert_error(guard(w, "home/.local/state", true), SBK_E_INVAL, &w->err);
	assert_error(guard(w, "home/.local/state/sandbook/x", false),
		     SBK_E_INVAL, &w->err);
}

/* This program, copied into DIR/bin, with DIR made writable: 0 if it is kept.
 */
static int own_program_steps(const char *directory)
{
	struct scope_world w = {.directory = (char *)directory};
	int rc = 0;

	w.person.uid = geteuid();
	w.person.gid = getegid();
	(void)snprintf(w.person.home, sizeof(w.person.home), "/nonexistent");
	w.request.directory = directory;
	if (scope_resolve(&w) < 0)
		return 1;
	if (scope_decides(&w, "bin/program")->kind != SBK_ACCESS_PROTECT)
		rc = 2;
	else if (scope_decides(&w, "other")->kind != SBK_ACCESS_RW)
		rc = 3;
	sbk_scope_release(&w.scope);
	return rc;
}

static void test_scope_guard__own_program(void **state)
{
	struct scope_world *w = *state;
	const char *copy = scope_path(w, "home/project/bin/program");
	char command[1024];
	int status;
	pid_t pid;

	scope_mkdir(w, "home/project/bin");
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)snprintf(command, sizeof(command),
			       "cp /proc/%d/exe %s && exec %s --own-program %s",
			       (int)getppid(), copy, copy, w->project);
		(void)execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(99);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_scope_guard__sensitive(void **state)
{
	struct scope_world *w = *state;

	scope_write(w, "home/.ssh/id_ed25519", "key");
	scope_write(w, "home/.aws/credentials", "key");
	scope_write(w, "home/.netrc", "key");
	assert_error(guard(w, "home/.ssh", false), SBK_E_INVAL, &w->err);
	assert_message(w, "is a sensitive place and is never granted");
	assert_error(guard(w, "home/.ssh/id_ed25519", false), SBK_E_INVAL,
		     &w->err);
	assert_error(guard(w, "home/.netrc", false), SBK_E_INVAL, &w->err);
	scope_ask(&w->request.ro, "~/.aws");
	assert_error(scope_resolve(w), SBK_E_INVAL, &w->err);
}

static void test_scope_guard__sensitive_is_carved_out(void **state)
{
	struct scope_world *w = *state;

	scope_write(w, "home/.cargo/bin/tool", "");
	scope_write(w, "home/.cargo/credentials.toml", "token");
	scope_ask(&w->request.ro, "~/.cargo");
	assert_ok(scope_resolve(w), &w->err);
	assert_kind(w, "home/.cargo/bin/tool", SBK_ACCESS_RO);
	assert_kind(w, "home/.cargo/credentials.toml", SBK_ACCESS_DENY);
}

static void test_scope_guard__sensitive_behind_a_link(void **state)
{
	struct scope_world *w = *state;

	scope_write(w, "elsewhere/keys/id_rsa", "key");
	scope_symlink(w, scope_path(w, "elsewhere/keys"), "home/.ssh");
	assert_error(guard(w, "elsewhere/keys", false), SBK_E_INVAL, &w->err);
	scope_ask(&w->request.ro, scope_path(w, "elsewhere"));
	assert_ok(scope_resolve(w), &w->err);
	assert_kind(w, "elsewhere/other", SBK_ACCESS_RO);
	assert_kind(w, "elsewhere/keys/id_rsa", SBK_ACCESS_DENY);
}

static void test_scope_guard__what_ssh_refers_to(void **state)
{
	struct scope_world *w = *state;
	char config[4096];

	scope_write(w, "elsewhere/one", "key");
	scope_write(w, "elsewhere/two words", "key");
	scope_write(w, "elsewhere/three", "key");
	scope_write(w, "elsewhere/four", "key");
	scope_write(w, "elsewhere/free", "nothing");
	scope_write(w, "home/keys/five", "key");
	(void)snprintf(config, sizeof(config),
		       "# IdentityFile %s/elsewhere/free\n"
		       "Host x\n  IdentityFile %s/elsewhere/one\r\n"
		       "\tidentityfile=\"%s/elsewhere/two words\"\n"
		       "Include more.d/*.conf missing\nInclude config\n"
		       "CertificateFile %%d/keys/five\nIdentityFile %%h/x",
		       w->directory, w->directory, w->directory);
	scope_write(w, "home/.ssh/config", config);
	(void)snprintf(config, sizeof(config),
		       "UserKnownHostsFile %s/elsewhere/three "
		       "%s/elsewhere/four\n",
		       w->directory, w->directory);
	scope_write(w, "home/.ssh/more.d/a.conf", config);
	scope_write(w, "home/.ssh/more.d/b.txt", "IdentityFile /dev/null");
	assert_error(guard(w, "elsewhere/one", false), SBK_E_INVAL, &w->err);
	assert_error(guard(w, "elsewhere/two words", false), SBK_E_INVAL,
		     &w->err);
	assert_error(guard(w, "elsewhere/three", false), SBK_E_INVAL, &w->err);
	assert_error(guard(w, "elsewhere/four", false), SBK_E_INVAL, &w->err);
	assert_error(guard(w, "home/keys/five", false), SBK_E_INVAL, &w->err);
	assert_ok(guard(w, "elsewhere/free", false), &w->err);
}

static void test_scope_guard__sockets_are_no_files(void **state)
{
	struct scope_world *w = *state;

	assert_int_equal(mkfifo(scope_path(w, "elsewhere/pipe"), 0600), 0);
	assert_error(guard(w, "elsewhere/pipe", false), SBK_E_INVAL, &w->err);
	assert_message(w, "a socket, pipe or device");
}

static void test_scope_guard__other_owners(void **state)
{
	struct scope_world *w = *state;

	if (geteuid() != 0)
		sbk_test_skip("giving files away needs root");
	scope_mkdir(w, "elsewhere/theirs");
	assert_int_equal(chown(scope_path(w, "elsewhere/theirs"), 12345, 12345),
			 0);
	assert_error(guard(w, "elsewhere/theirs", true), SBK_E_INVAL, &w->err);
	assert_message(w, "it belongs to uid 12345, not to 'tester'");
	assert_ok(guard(w, "elsewhere/theirs", false), &w->err);
	w->person.uid = 12345;
	assert_ok(guard(w, "elsewhere/theirs", true), &w->err);
	assert_error(guard(w, "elsewhere", true), SBK_E_INVAL, &w->err);
}

/* Steps in a mount namespace of their own; the number of the wrong one. */
static int mounted_steps(struct scope_world *w)
{
	const char *project = w->project;

	if (mount("/etc", scope_path(w, "elsewhere/etc"), NULL, MS_BIND, NULL) <
		    0 ||
	    mount(w->person.home, scope_path(w, "elsewhere/house"), NULL,
		  MS_BIND, NULL) < 0 ||
	    mount("/etc/ssl", scope_path(w, "elsewhere/part"), NULL, MS_BIND,
		  NULL) < 0)
		return 77;
	if (guard(w, "elsewhere/etc", true) != SBK_E_INVAL ||
	    guard(w, "elsewhere/etc/ssl", true) != SBK_E_INVAL)
		return 1;
	/* A part of /etc, mounted alone: its spot is still in /etc. */
	if (guard(w, "elsewhere/part", true) != SBK_E_INVAL)
		return 2;
	if (guard(w, "elsewhere/house", false) != SBK_E_INVAL ||
	    guard(w, "elsewhere/house/.ssh", false) != SBK_E_INVAL)
		return 3;
	if (guard(w, "elsewhere/house/project", true) < 0)
		return 4;
	/* What is mounted below a root comes with it. */
	if (guard(w, "elsewhere", true) != SBK_E_INVAL ||
	    strstr(w->err.message, "below '") == NULL)
		return 5;
	/* A denied directory is denied wherever it is mounted. */
	if (mount(scope_path(w, "home/project/secret"),
		  scope_path(w, "home/project/copy"), NULL, MS_BIND, NULL) < 0)
		return 77;
	w->request.directory = project;
	scope_ask(&w->request.deny, "secret");
	if (scope_resolve(w) < 0 ||
	    scope_decides(w, "home/project/copy/x")->kind != SBK_ACCESS_DENY)
		return 6;
	return scope_decides(w, "home/project/x")->kind == SBK_ACCESS_RW ? 0
									 : 7;
}

static void test_scope_guard__bind_mounts(void **state)
{
	struct scope_world *w = *state;
	int status;
	pid_t pid;

	if (geteuid() != 0)
		sbk_test_skip("mounting needs root");
	scope_mkdir(w, "elsewhere/etc");
	scope_mkdir(w, "elsewhere/house");
	scope_mkdir(w, "elsewhere/part");
	scope_mkdir(w, "home/project/secret");
	scope_mkdir(w, "home/project/copy");
	scope_write(w, "home/.ssh/id", "key");
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (unshare(CLONE_NEWNS) < 0 ||
		    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
			_exit(77);
		_exit(mounted_steps(w));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		sbk_test_skip("no mount namespace here");
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_scope_guard__account_without_home(void **state)
{
	struct scope_world *w = *state;

	(void)snprintf(w->person.home, sizeof(w->person.home), "/nonexistent");
	assert_ok(guard(w, "home/project", true), &w->err);
	assert_ok(scope_resolve(w), &w->err);
	assert_string_equal(scope_variable(w, "HOME"), "/nonexistent");
}

#define TEST(name)                                                \
	cmocka_unit_test_setup_teardown(test_scope_guard__##name, \
					scope_world_setup,        \
					scope_world_teardown)

static const struct CMUnitTest tests[] = {
	TEST(forbidden_places),
	TEST(reading),
	TEST(what_contains_the_home),
	TEST(links_are_followed_first),
	TEST(start_files),
	TEST(start_file_by_a_link),
	TEST(absent_start_file_by_a_link),
	TEST(own_journal_and_policy),
	TEST(own_program),
	TEST(sensitive),
	TEST(sensitive_is_carved_out),
	TEST(sensitive_behind_a_link),
	TEST(what_ssh_refers_to),
	TEST(sockets_are_no_files),
	TEST(other_owners),
	TEST(bind_mounts),
	TEST(account_without_home),
};

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "--own-program") == 0)
		return own_program_steps(argv[2]);
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
