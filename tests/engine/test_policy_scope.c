/* Scopes as people ask for them: roots, nesting, aliases, layers, tools. */
#include <fcntl.h>
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

static void test_policy_scope__default_is_the_working_directory(void **state)
{
	struct scope_world *w = *state;
	const struct sbk_scope_path *usr;

	scope_write(w, "home/project/main.c", "int main;");
	scope_write(w, "home/diary", "dear diary");
	assert_ok(scope_resolve(w), &w->err);
	assert_kind(w, "home/project/main.c", SBK_ACCESS_RW);
	assert_null(scope_decides(w, "home/diary"));
	assert_null(scope_decides(w, "elsewhere"));
	usr = scope_decides(w, "/usr/bin/env");
	assert_non_null(usr);
	assert_int_equal(usr->kind, SBK_ACCESS_RO);
	assert_null(scope_decides(w, "/etc/shadow"));
	assert_non_null(scope_decides(w, "/etc/passwd"));
	assert_int_equal(w->scope.network, SBK_NETWORK_OFF);
	assert_string_equal(w->scope.directory, w->project);
	assert_string_equal(w->scope.profile, "default");
}

static void test_policy_scope__name_service_only_with_network(void **state)
{
	struct scope_world *w = *state;

	assert_ok(scope_resolve(w), &w->err);
	assert_null(scope_decides(w, "/etc/resolv.conf"));
	if (access("/etc/resolv.conf", R_OK) < 0)
		sbk_test_skip("no /etc/resolv.conf here");
	w->request.net = true;
	assert_ok(scope_resolve(w), &w->err);
	assert_non_null(scope_entry_at(w, "/etc/resolv.conf"));
}

static void test_policy_scope__protected_names(void **state)
{
	struct scope_world *w = *state;

	scope_mkdir(w, "home/project/.codex");
	scope_mkdir(w, "home/project/deep/.codex");
	scope_write(w, "home/project/Makefile", "all:");
	scope_ask(&w->request.protect, "Makefile");
	scope_ask(&w->request.protect, "Gone");
	assert_ok(scope_resolve(w), &w->err);
	assert_kind(w, "home/project/.codex/x", SBK_ACCESS_PROTECT);
	assert_kind(w, "home/project/Makefile", SBK_ACCESS_PROTECT);
	assert_kind(w, "home/project/deep/.codex", SBK_ACCESS_RW);
	assert_true(scope_is_absent(w, "home/project/.git"));
	assert_true(scope_is_absent(w, "home/project/Gone"));
	assert_false(scope_is_absent(w, "home/project/.codex"));
}

static void test_policy_scope__protected_link_is_held(void **state)
{
	struct scope_world *w = *state;
	const struct sbk_scope_path *entry;

	scope_mkdir(w, "elsewhere/agents");
	scope_symlink(w, "../../elsewhere/agents", "home/project/.agents");
	assert_ok(scope_resolve(w), &w->err);
	entry = scope_entry(w, "home/project/.agents");
	assert_non_null(entry);
	assert_int_equal(entry->kind, SBK_ACCESS_PROTECT);
	assert_true(entry->is_link);
	assert_null(scope_decides(w, "elsewhere/agents"));
}

static void test_policy_scope__deny_in_allow_in_deny(void **state)
{
	struct scope_world *w = *state;

	scope_mkdir(w, "home/project/private/shared/kept");
	scope_mkdir(w, "home/project/ro/rw");
	scope_ask(&w->request.deny, "private");
	scope_ask(&w->request.ro, "private/shared");
	scope_ask(&w->request.ro, "ro");
	scope_ask(&w->request.rw, "ro/rw");
	assert_ok(scope_resolve(w), &w->err);
	assert_kind(w, "home/project/private", SBK_ACCESS_DENY);
	assert_kind(w, "home/project/private/other", SBK_ACCESS_DENY);
	assert_kind(w, "home/project/private/shared/kept", SBK_ACCESS_RO);
	assert_kind(w, "home/project/ro/x", SBK_ACCESS_RO);
	assert_kind(w, "home/project/ro/rw/x", SBK_ACCESS_RW);
	assert_kind(w, "home/project/x", SBK_ACCESS_RW);
}

static void test_policy_scope__parents_come_first(void **state)
{
	struct scope_world *w = *state;
	size_t i, k;

	scope_mkdir(w, "home/project/a/b");
	scope_mkdir(w, "home/project/a-b");
	scope_ask(&w->request.ro, "a-b");
	scope_ask(&w->request.ro, "a/b");
	scope_ask(&w->request.deny, "a");
	assert_ok(scope_resolve(w), &w->err);
	assert_kind(w, "home/project/a", SBK_ACCESS_DENY);
	assert_kind(w, "home/project/a/b", SBK_ACCESS_RO);
	assert_kind(w, "home/project/a-b", SBK_ACCESS_RO);
	for (i = 0; i < w->scope.path_count; i++) {
		size_t size = strlen(w->scope.paths[i].path);

		for (k = 0; k < i; k++)
			assert_false(strncmp(w->scope.paths[k].path,
					     w->scope.paths[i].path,
					     size) == 0 &&
				     w->scope.paths[k].path[size] == '/');
	}
}

static void test_policy_scope__contradictions_are_refused(void **state)
{
	struct scope_world *w = *state;

	scope_mkdir(w, "home/project/x");
	scope_symlink(w, "x", "home/project/y");
	scope_ask(&w->request.rw, "x");
	assert_ok(scope_resolve(w), &w->err);
	/* By what it is, not by how it is spelled. */
	scope_ask(&w->request.deny, "y");
	assert_error(scope_resolve(w), SBK_E_INVAL, &w->err);
	assert_message(w, "home/project/x' is writable by --rw and denied by "
			  "--deny");
	w->request.deny.count = 0;
	scope_ask(&w->request.ro, "./x/");
	assert_error(scope_resolve(w), SBK_E_INVAL, &w->err);
	assert_message(w, "take one of them out");
}

static void test_policy_scope__flag_goes_above_profile(void **state)
{
	struct scope_world *w = *state;

	scope_ask(&w->request.ro, ".");
	assert_ok(scope_resolve(w), &w->err);
	assert_kind(w, "home/project/x", SBK_ACCESS_RO);
	assert_false(scope_is_absent(w, "home/project/.git"));
}

static void test_policy_scope__alias_where_it_is_written(void **state)
{
	struct scope_world *w = *state;
	const struct sbk_scope_path *entry;

	scope_mkdir(w, "elsewhere/data");
	scope_symlink(w, "../elsewhere/data", "home/data");
	scope_ask(&w->request.ro, "~/data");
	assert_ok(scope_resolve(w), &w->err);
	assert_kind(w, "elsewhere/data/x", SBK_ACCESS_RO);
	entry = scope_entry(w, "home/data");
	assert_non_null(entry);
	assert_string_equal(entry->target, scope_path(w, "elsewhere/data"));
	assert_int_equal(entry->kind, SBK_ACCESS_RO);
	/* A link in a tree that is shown is there already. */
	scope_mkdir(w, "elsewhere/tree");
	scope_symlink(w, "../data", "elsewhere/tree/link");
	w->request.ro.count = 0;
	scope_ask(&w->request.ro, scope_path(w, "elsewhere/tree"));
	scope_ask(&w->request.ro, scope_path(w, "elsewhere/tree/link"));
	assert_ok(scope_resolve(w), &w->err);
	assert_null(scope_entry(w, "elsewhere/tree/link"));
	assert_kind(w, "elsewhere/data/x", SBK_ACCESS_RO);
}

/* What was looked at is what must be mounted; see also test_view. */
static void test_policy_scope__identity(void **state)
{
	struct scope_world *w = *state;
	const struct sbk_scope_path *entry;
	struct stat st;

	scope_mkdir(w, "home/project/.claude");
	scope_mkdir(w, "home/other");
	scope_ask(&w->request.rw, "~/other");
	assert_ok(scope_resolve(w), &w->err);
	assert_int_equal(stat(w->project, &st), 0);
	entry = scope_entry(w, "home/project");
	assert_int_equal(entry->device, st.st_dev);
	assert_int_equal(entry->number, st.st_ino);
	assert_int_equal(stat(scope_path(w, "home/other"), &st), 0);
	assert_int_equal(scope_entry(w, "home/other")->number, st.st_ino);
	assert_false(scope_entry(w, "home/project/.claude")->optional);
	assert_true(scope_entry_at(w, "/usr")->optional);
}

/* What a run may have swapped for a link is not what is asked for. */
static void test_policy_scope__link_of_a_runs_making(void **state)
{
	static const char *const targets[] = {
		"../../elsewhere/data", "../other", "way", ".claude", "inner",
	};
	struct scope_world *w = *state;
	size_t i;

	scope_mkdir(w, "elsewhere/data");
	scope_mkdir(w, "home/other");
	scope_mkdir(w, "home/project/.claude");
	scope_mkdir(w, "home/project/inner");
	scope_symlink(w, "../other", "home/project/way");
	for (i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		scope_symlink(w, targets[i], "home/project/out");
		scope_ask(&w->request.rw, "out");
		assert_error(scope_resolve(w), SBK_E_INVAL, &w->err);
		assert_message(w, "leads through the link '");
		assert_message(w, "home/project/out' to '");
		assert_message(w, "itself if it is meant");
		w->request.rw.count = 0;
		scope_ask(&w->request.ro, "./x/../out/.");
		scope_mkdir(w, "home/project/x");
		assert_error(scope_resolve(w), SBK_E_INVAL, &w->err);
		w->request.ro.count = 0;
		assert_int_equal(unlink(scope_path(w, "home/project/out")), 0);
	}
	/* The target itself may be named. */
	scope_ask(&w->request.rw, scope_path(w, "home/other"));
	assert_ok(scope_resolve(w), &w->err);
	assert_kind(w, "home/other/x", SBK_ACCESS_RW);
	assert_kind(w, "home/project/.claude/x", SBK_ACCESS_PROTECT);
}

static void test_policy_scope__link_of_a_runs_making_elsewhere(void **state)
{
	struct scope_world *w = *state;
	char text[4096];

	scope_mkdir(w, "home/other/deep");
	scope_mkdir(w, "home/secret/bin");
	scope_symlink(w, "../secret", "home/other/link");
	scope_symlink(w, "../other", "home/project/link");
	/* As the working directory, below another root of the same run. */
	w->request.directory = scope_path(w, "home/other/link");
	assert_ok(scope_resolve(w), &w->err);
	scope_ask(&w->request.rw, scope_path(w, "home/other"));
	assert_error(scope_resolve(w), SBK_E_INVAL, &w->err);
	assert_message(w, "-C: ");
	assert_int_equal(chdir(scope_path(w, "home/other")), 0);
	w->request.directory = "link";
	assert_error(scope_resolve(w), SBK_E_INVAL, &w->err);
	assert_message(w, "-C: ");
	assert_int_equal(chdir("/"), 0);
	w->request.rw.count = 0;
	/* In a profile. */
	w->request.directory = w->project;
	scope_write(w, "home/.config/sandbook/policy.json",
		    "{\"version\":1,\"default_profile\":\"x\",\"profiles\":"
		    "{\"x\":{\"rw\":[\"link\"]}}}");
	assert_error(scope_resolve(w), SBK_E_PARSE, &w->err);
	assert_message(w, "policy.json'");
	assert_message(w, "home/other' itself");
	w->request.profile = "default";
	/* On PATH, which nobody asked about: left out, and said. */
	scope_symlink(w, "../secret/bin", "home/project/bin");
	(void)snprintf(text, sizeof(text), "PATH=%s/bin:/usr/bin", w->project);
	w->environment[0] = text;
	assert_ok(scope_resolve(w), &w->err);
	assert_null(scope_decides(w, "home/secret/bin"));
	assert_true(scope_has_note(w, "a directory of PATH is not shown"));
	/* A dot file kept in a root. */
	scope_write(w, "home/secret/note", "x");
	scope_symlink(w, "project/gitconfig", "home/.gitconfig");
	scope_symlink(w, "../secret/note", "home/project/gitconfig");
	assert_ok(scope_resolve(w), &w->err);
	assert_null(scope_decides(w, "home/secret/note"));
}

static void test_policy_scope__root_by_a_link(void **state)
{
	struct scope_world *w = *state;
	const struct sbk_scope_path *entry;
	char text[4096];

	scope_symlink(w, "project", "home/by-flag");
	scope_symlink(w, "home/project", "by-shell");
	w->request.directory = scope_path(w, "home/by-flag");
	(void)snprintf(text, sizeof(text), "PWD=%s/by-shell", w->directory);
	w->environment[1] = text;
	assert_ok(scope_resolve(w), &w->err);
	assert_string_equal(w->scope.directory, w->project);
	entry = scope_entry(w, "home/by-flag");
	assert_non_null(entry);
	assert_string_equal(entry->target, w->project);
	assert_int_equal(entry->kind, SBK_ACCESS_RW);
	assert_non_null(scope_entry(w, "by-shell"));
	assert_string_equal(scope_variable(w, "PWD"), w->project);
	/* No link can be made in /proc. */
	assert_int_equal(chdir(w->project), 0);
	w->request.directory = "/proc/self/cwd";
	w->environment[1] = "PWD=/proc/self/cwd/.";
	assert_ok(scope_resolve(w), &w->err);
	assert_string_equal(w->scope.directory, w->project);
	assert_null(scope_entry_at(w, "/proc/self/cwd"));
	assert_int_equal(chdir("/"), 0);
	w->request.directory = w->project;
	/* What the environment says is not believed. */
	w->environment[1] = "PWD=/etc";
	assert_ok(scope_resolve(w), &w->err);
	assert_null(scope_entry_at(w, "/etc"));
}

static void test_policy_scope__system_links_are_aliases(void **state)
{
	struct scope_world *w = *state;
	const struct sbk_scope_path *entry;
	struct stat st;

	if (lstat("/bin", &st) < 0 || !S_ISLNK(st.st_mode))
		sbk_test_skip("/bin is no link here");
	assert_ok(scope_resolve(w), &w->err);
	entry = scope_entry_at(w, "/bin");
	assert_non_null(entry);
	assert_string_equal(entry->target, "/usr/bin");
}

static void test_policy_scope__missing_paths(void **state)
{
	struct scope_world *w = *state;

	scope_ask(&w->request.rw, "nothing/here");
	assert_error(scope_resolve(w), SBK_E_NOTFOUND, &w->err);
	assert_message(w, "--rw 'nothing/here': nothing is there");
	w->request.rw.count = 0;
	scope_ask(&w->request.deny, "secrest");
	assert_ok(scope_resolve(w), &w->err);
	assert_true(scope_has_note(w, "nothing to deny"));
}

static void test_policy_scope__bad_working_directories(void **state)
{
	struct scope_world *w = *state;
	char *long_path = malloc(5000);

	assert_non_null(long_path);
	memset(long_path, 'a', 4999);
	long_path[4999] = '\0';
	w->request.directory = long_path;
	assert_error(scope_resolve(w), SBK_E_INVAL, &w->err);
	assert_message(w, "longer than 4095 bytes");
	free(long_path);
	w->request.directory = scope_path(w, "home/nowhere");
	assert_error(scope_resolve(w), SBK_E_NOTFOUND, &w->err);
	assert_message(w, "make it, or name another one with -C");
	scope_write(w, "home/file", "x");
	w->request.directory = scope_path(w, "home/file");
	assert_error(scope_resolve(w), SBK_E_INVAL, &w->err);
	assert_message(w, "is not a directory");
	scope_mkdir(w, "home/with\nnewline");
	w->request.directory = scope_path(w, "home/with\nnewline");
	assert_error(scope_resolve(w), SBK_E_INVAL, &w->err);
	assert_message(w, "control character");
	assert_null(strchr(w->err.message, '\n'));
	w->request.directory = "";
	assert_error(scope_resolve(w), SBK_E_INVAL, &w->err);
}

static void test_policy_scope__working_directory_must_be_shown(void **state)
{
	struct scope_world *w = *state;

	scope_write(w, "home/.config/sandbook/policy.json",
		    "{\"version\":1,\"profiles\":{\"away\":{\"extends\":[],"
		    "\"ro\":[\"/usr\"]}}}");
	w->request.profile = "away";
	assert_error(scope_resolve(w), SBK_E_INVAL, &w->err);
	assert_message(w, "is not shown to the run");
	scope_ask(&w->request.ro, ".");
	assert_ok(scope_resolve(w), &w->err);
	assert_kind(w, "home/project", SBK_ACCESS_RO);
	assert_null(scope_decides(w, "/etc/passwd"));
}

static void test_policy_scope__user_policy(void **state)
{
	struct scope_world *w = *state;

	scope_mkdir(w, "home/reference");
	scope_mkdir(w, "home/project/secrets");
	scope_write(w, "home/.config/sandbook/policy.json",
		    "{\"version\":1,\"default_profile\":\"work\","
		    "\"profiles\":{\"work\":{\"ro\":[\"~/reference\","
		    "\"~/gone\"],\"deny\":[\"secrets\"],\"network\":"
		    "\"loopback\",\"limits\":{\"time_s\":60}}}}");
	assert_ok(scope_resolve(w), &w->err);
	assert_string_equal(w->scope.profile, "work");
	assert_kind(w, "home/reference", SBK_ACCESS_RO);
	assert_kind(w, "home/project/secrets", SBK_ACCESS_DENY);
	assert_int_equal(w->scope.network, SBK_NETWORK_LOOPBACK);
	assert_int_equal(w->scope.timeout_s, 60);
	assert_true(scope_has_note(w, "~/gone"));
	w->request.timeout_s = 5;
	w->request.no_net = true;
	assert_ok(scope_resolve(w), &w->err);
	assert_int_equal(w->scope.timeout_s, 5);
	assert_int_equal(w->scope.network, SBK_NETWORK_OFF);
}

static void test_policy_scope__user_policy_must_be_the_users(void **state)
{
	struct scope_world *w = *state;
	const char *name = "home/.config/sandbook/policy.json";

	scope_write(w, name, "{\"version\":1}");
	assert_ok(scope_resolve(w), &w->err);
	assert_int_equal(chmod(scope_path(w, name), 0666), 0);
	assert_error(scope_resolve(w), SBK_E_DENIED, &w->err);
	assert_message(w, "is not believed");
	assert_int_equal(unlink(scope_path(w, name)), 0);
	scope_write(w, "elsewhere/policy.json", "{\"version\":1}");
	scope_symlink(w, scope_path(w, "elsewhere/policy.json"), name);
	assert_error(scope_resolve(w), SBK_E_INVAL, &w->err);
	assert_message(w, "is a symbolic link");
}

static void test_policy_scope__config_flag(void **state)
{
	struct scope_world *w = *state;

	scope_write(w, "home/.config/sandbook/policy.json",
		    "{\"version\":1,\"network\":\"off\"}");
	scope_write(w, "elsewhere/other.json",
		    "{\"version\":1,\"profiles\":{\"other\":{}}}");
	w->request.config = scope_path(w, "elsewhere/other.json");
	w->request.profile = "other";
	w->request.net = true;
	assert_ok(scope_resolve(w), &w->err);
	w->request.config = "/nonexistent/policy.json";
	assert_error(scope_resolve(w), SBK_E_NOTFOUND, &w->err);
}

static void test_policy_scope__project_only_narrows(void **state)
{
	struct scope_world *w = *state;

	scope_mkdir(w, "home/project/vendor");
	scope_write(w, "home/project/build.sh", "true");
	scope_write(w, "home/project/.sandbook.json",
		    "{\"version\":1,\"deny\":[\"vendor\"],\"protect\":"
		    "[\"build.sh\"],\"limits\":{\"time_s\":10}}");
	assert_ok(scope_resolve(w), &w->err);
	assert_kind(w, "home/project/vendor", SBK_ACCESS_DENY);
	assert_kind(w, "home/project/build.sh", SBK_ACCESS_PROTECT);
	assert_kind(w, "home/project/.sandbook.json", SBK_ACCESS_PROTECT);
	assert_int_equal(w->scope.timeout_s, 10);
	w->request.timeout_s = 20;
	assert_error(scope_resolve(w), SBK_E_INVAL, &w->err);
	assert_message(w, ".sandbook.json' allows at most 10");
	w->request.timeout_s = 0;
	/* What it denies nobody below grants, and it grants nothing. */
	scope_ask(&w->request.rw, "vendor");
	assert_error(scope_resolve(w), SBK_E_INVAL, &w->err);
	w->request.rw.count = 0;
	scope_ask(&w->request.rw, "build.sh");
	assert_error(scope_resolve(w), SBK_E_INVAL, &w->err);
	assert_message(w, "is writable by --rw and protected by");
	w->request.rw.count = 0;
	scope_write(w, "home/project/.sandbook.json",
		    "{\"version\":1,\n \"rw\":[\"~\"]}");
	assert_error(scope_resolve(w), SBK_E_PARSE, &w->err);
	assert_message(w, "line 2, column 2: 'rw' is not for a project's "
			  "file");
}

static void test_policy_scope__project_file_is_hostile(void **state)
{
	struct scope_world *w = *state;

	scope_symlink(w, "/etc/passwd", "home/project/.sandbook.json");
	assert_error(scope_resolve(w), SBK_E_INVAL, &w->err);
	assert_message(w, "is a symbolic link");
	assert_int_equal(unlink(scope_path(w, "home/project/.sandbook.json")),
			 0);
	/* Opening a pipe to read would wait for a writer for ever. */
	assert_int_equal(
		mkfifo(scope_path(w, "home/project/.sandbook.json"), 0644), 0);
	assert_error(scope_resolve(w), SBK_E_INVAL, &w->err);
	assert_message(w, "is not a regular file");
}

static void test_policy_scope__project_lowers_the_network(void **state)
{
	struct scope_world *w = *state;

	scope_write(w, "home/.config/sandbook/policy.json",
		    "{\"version\":1,\"default_profile\":\"online\","
		    "\"profiles\":{\"online\":{\"network\":\"on\"}}}");
	assert_ok(scope_resolve(w), &w->err);
	assert_int_equal(w->scope.network, SBK_NETWORK_ON);
	scope_write(w, "home/project/.sandbook.json",
		    "{\"version\":1,\"network\":\"loopback\"}");
	assert_ok(scope_resolve(w), &w->err);
	assert_int_equal(w->scope.network, SBK_NETWORK_LOOPBACK);
	assert_true(scope_has_note(w, "the network is 'loopback'"));
	w->request.net = true;
	assert_error(scope_resolve(w), SBK_E_INVAL, &w->err);
	assert_message(w, "on the command line");
}

static void test_policy_scope__tools_on_path(void **state)
{
	struct scope_world *w = *state;
	char text[4096];

	scope_write(w, "home/.nvm/versions/node/v20/bin/node", "");
	scope_write(w, "home/.nvm/alias/default", "");
	scope_write(w, "home/.cargo/bin/cargo", "");
	scope_write(w, "home/.cargo/credentials.toml", "token");
	scope_mkdir(w, "home/.rustup/toolchains");
	scope_write(w, "home/scripts-and-secrets/x", "");
	scope_write(w, "home/bin/mine", "");
	(void)snprintf(text, sizeof(text),
		       "PATH=%s/home/.nvm/versions/node/v20/bin:%s/home/"
		       ".cargo/bin:%s/home/scripts-and-secrets:%s/home/bin:%s/"
		       "home:.::relative:/usr/bin",
		       w->directory, w->directory, w->directory, w->directory,
		       w->directory);
	w->environment[0] = text;
	assert_ok(scope_resolve(w), &w->err);
	assert_kind(w, "home/.nvm/versions/node/v20/lib", SBK_ACCESS_RO);
	assert_null(scope_decides(w, "home/.nvm/alias"));
	assert_kind(w, "home/.cargo/bin/cargo", SBK_ACCESS_RO);
	assert_null(scope_decides(w, "home/.cargo/credentials.toml"));
	assert_kind(w, "home/.rustup/toolchains", SBK_ACCESS_RO);
	assert_kind(w, "home/bin", SBK_ACCESS_RO);
	assert_null(scope_decides(w, "home/scripts-and-secrets"));
	assert_true(scope_has_note(w, "scripts-and-secrets"));
	assert_null(scope_decides(w, "home/x"));
	w->request.profile = "minimal";
	assert_ok(scope_resolve(w), &w->err);
	assert_null(scope_decides(w, "home/bin"));
}

static void test_policy_scope__writable_program_directory(void **state)
{
	struct scope_world *w = *state;
	char text[4096];

	scope_write(w, "home/project/.venv/bin/python", "");
	(void)snprintf(text, sizeof(text), "PATH=%s/.venv/bin:/usr/bin",
		       w->project);
	w->environment[0] = text;
	assert_ok(scope_resolve(w), &w->err);
	assert_kind(w, "home/project/.venv/bin", SBK_ACCESS_RW);
	assert_true(scope_has_note(w, "is on PATH and the run may write it"));
	scope_ask(&w->request.ro, ".venv/bin");
	assert_ok(scope_resolve(w), &w->err);
	assert_kind(w, "home/project/.venv/bin", SBK_ACCESS_RO);
	assert_false(scope_has_note(w, "is on PATH"));
}

static void test_policy_scope__venv_base_is_not_believed(void **state)
{
	struct scope_world *w = *state;
	char text[4096];

	scope_write(w, "home/secret/bin/key", "x");
	(void)snprintf(text, sizeof(text), "home = %s/home/secret/bin\n",
		       w->directory);
	scope_write(w, "home/project/.venv/pyvenv.cfg", text);
	assert_ok(scope_resolve(w), &w->err);
	assert_null(scope_decides(w, "home/secret/bin"));
	scope_write(w, "home/.pyenv/versions/3.12/bin/python3", "");
	(void)snprintf(text, sizeof(text),
		       "home = %s/home/.pyenv/versions/3.12/bin\n",
		       w->directory);
	scope_write(w, "home/project/.venv/pyvenv.cfg", text);
	assert_ok(scope_resolve(w), &w->err);
	assert_kind(w, "home/.pyenv/versions/3.12/lib", SBK_ACCESS_RO);
	assert_null(scope_decides(w, "home/.pyenv/versions/3.11"));
	/* A tool's tree is more than an interpreter. */
	scope_write(w, "home/.rye/shims/python", "");
	scope_write(w, "home/.rye/credentials", "token");
	scope_write(w, "home/.local/share/uv/credentials/x", "token");
	scope_mkdir(w, "home/.local/bin");
	(void)snprintf(text, sizeof(text), "home = %s/home/.rye/shims\n",
		       w->directory);
	scope_write(w, "home/project/.venv/pyvenv.cfg", text);
	(void)snprintf(text, sizeof(text), "home = %s/home/.local/bin\n",
		       w->directory);
	scope_write(w, "home/project/venv/pyvenv.cfg", text);
	assert_ok(scope_resolve(w), &w->err);
	assert_null(scope_decides(w, "home/.rye/credentials"));
	assert_null(scope_decides(w, "home/.rye/shims"));
	assert_null(scope_decides(w, "home/.local/share/uv"));
	/* On PATH they are shown, and the credentials are not. */
	(void)snprintf(text, sizeof(text),
		       "PATH=%s/home/.rye/shims:%s/home/.local/bin",
		       w->directory, w->directory);
	w->environment[0] = text;
	assert_ok(scope_resolve(w), &w->err);
	assert_kind(w, "home/.rye/shims/python", SBK_ACCESS_RO);
	assert_kind(w, "home/.rye/credentials", SBK_ACCESS_DENY);
	assert_kind(w, "home/.local/share/uv/credentials/x", SBK_ACCESS_DENY);
}

/* Where a run made its directory of PATH a link, what lies around the link's
 * target says nothing of what may be shown. */
static void test_policy_scope__venv_by_a_link_of_a_runs_making(void **state)
{
	struct scope_world *w = *state;
	char text[4096];

	scope_write(w, "home/other/pyvenv.cfg", "home = /usr/bin\n");
	scope_write(w, "home/other/lib/key", "x");
	scope_mkdir(w, "home/project/.venv");
	scope_symlink(w, "../../other/lib", "home/project/.venv/bin");
	(void)snprintf(text, sizeof(text), "PATH=%s/.venv/bin:/usr/bin",
		       w->project);
	w->environment[0] = text;
	assert_ok(scope_resolve(w), &w->err);
	assert_null(scope_decides(w, "home/other/lib/key"));
	assert_null(scope_decides(w, "home/other/main.c"));
	assert_true(scope_has_note(w, "a directory of PATH is not shown"));
	/* Nor does a known tool's place. */
	scope_write(w, "home/.cargo/bin/cargo", "");
	assert_int_equal(unlink(scope_path(w, "home/project/.venv/bin")), 0);
	scope_symlink(w, "../../.cargo/bin", "home/project/.venv/bin");
	assert_ok(scope_resolve(w), &w->err);
	assert_null(scope_decides(w, "home/.cargo/bin/cargo"));
	/* One's own link, outside of what runs write, says it. */
	scope_symlink(w, "other/lib", "home/by-hand");
	(void)snprintf(text, sizeof(text), "PATH=%s/home/by-hand:/usr/bin",
		       w->directory);
	w->environment[0] = text;
	assert_ok(scope_resolve(w), &w->err);
	assert_kind(w, "home/other/lib/key", SBK_ACCESS_RO);
}

static void test_policy_scope__toolchain_profiles(void **state)
{
	struct scope_world *w = *state;

	scope_mkdir(w, "home/.cargo/registry");
	scope_mkdir(w, "home/.npm/_cacache");
	w->request.profile = "rust";
	assert_ok(scope_resolve(w), &w->err);
	assert_kind(w, "home/.cargo/registry/x", SBK_ACCESS_RO);
	assert_null(scope_decides(w, "home/.npm/_cacache"));
	w->request.profile = "node";
	assert_ok(scope_resolve(w), &w->err);
	assert_kind(w, "home/.npm/_cacache", SBK_ACCESS_RO);
	w->request.profile = "nod";
	assert_error(scope_resolve(w), SBK_E_NOTFOUND, &w->err);
	assert_message(w, "did you mean 'node'?");
}

static void test_policy_scope__git_settings(void **state)
{
	struct scope_world *w = *state;

	scope_write(w, "home/.gitconfig", "[user]");
	scope_write(w, "home/.config/git/ignore", "*.o");
	scope_write(w, "home/.config/git/credentials", "https://u:p@h");
	assert_ok(scope_resolve(w), &w->err);
	assert_kind(w, "home/.gitconfig", SBK_ACCESS_RO);
	assert_kind(w, "home/.config/git/ignore", SBK_ACCESS_RO);
	assert_null(scope_decides(w, "home/.config/git/credentials"));
}

static void test_policy_scope__environment(void **state)
{
	struct scope_world *w = *state;

	w->environment[1] = "GITHUB_TOKEN=t";
	w->environment[2] = "LC_TIME=C";
	w->environment[3] = "SSH_AUTH_SOCK=/tmp/agent";
	w->environment[4] = "RANDOM_THING=1";
	w->environment[5] = "BASH_FUNC_x%%=() { :; }";
	w->environment[6] = "HOME=/somewhere/else";
	w->environment[7] = "db_password=p";
	assert_ok(scope_resolve(w), &w->err);
	assert_null(scope_variable(w, "GITHUB_TOKEN"));
	assert_string_equal(scope_variable(w, "LC_TIME"), "C");
	assert_null(scope_variable(w, "SSH_AUTH_SOCK"));
	assert_null(scope_variable(w, "RANDOM_THING"));
	assert_null(scope_variable(w, "BASH_FUNC_x%%"));
	assert_string_equal(scope_variable(w, "HOME"), w->person.home);
	assert_string_equal(scope_variable(w, "TMPDIR"), "/tmp");
	assert_string_equal(scope_variable(w, "SANDBOOK"), "1");
	assert_string_equal(scope_variable(w, "SANDBOOK_NETWORK"), "off");
	assert_string_equal(scope_variable(w, "PWD"), w->project);
	scope_ask(&w->request.keep_env, "RANDOM_*");
	scope_ask(&w->request.keep_env, "GITHUB_TOKEN");
	scope_ask(&w->request.keep_env, "SSH_*");
	scope_ask(&w->request.set_env, "SANDBOOK=0");
	scope_ask(&w->request.set_env, "A=b=c");
	scope_ask(&w->request.unset_env, "LC_TIME");
	assert_ok(scope_resolve(w), &w->err);
	assert_string_equal(scope_variable(w, "RANDOM_THING"), "1");
	assert_string_equal(scope_variable(w, "GITHUB_TOKEN"), "t");
	assert_null(scope_variable(w, "SSH_AUTH_SOCK"));
	assert_string_equal(scope_variable(w, "SANDBOOK"), "1");
	assert_string_equal(scope_variable(w, "A"), "b=c");
	assert_null(scope_variable(w, "LC_TIME"));
}

static void test_policy_scope__environment_not_cleared(void **state)
{
	struct scope_world *w = *state;

	scope_write(w, "home/.config/sandbook/policy.json",
		    "{\"version\":1,\"default_profile\":\"all\",\"profiles\":"
		    "{\"all\":{\"environment\":{\"clear\":false,\"set\":"
		    "{\"MODE\":\"x\"}}}}}");
	w->environment[1] = "RANDOM_THING=1";
	w->environment[2] = "MY_API_KEY=k";
	w->environment[3] = "db_password=p";
	assert_ok(scope_resolve(w), &w->err);
	assert_string_equal(scope_variable(w, "RANDOM_THING"), "1");
	assert_null(scope_variable(w, "MY_API_KEY"));
	assert_null(scope_variable(w, "db_password"));
	assert_string_equal(scope_variable(w, "MODE"), "x");
	w->request.clear_env = true;
	assert_ok(scope_resolve(w), &w->err);
	assert_null(scope_variable(w, "RANDOM_THING"));
	assert_non_null(scope_variable(w, "PATH"));
}

static void test_policy_scope__bad_flags(void **state)
{
	struct scope_world *w = *state;

	w->request.net = true;
	w->request.no_net = true;
	assert_error(scope_resolve(w), SBK_E_INVAL, &w->err);
	assert_message(w, "exclude each other");
	w->request.net = false;
	scope_ask(&w->request.set_env, "NOVALUE");
	assert_error(scope_resolve(w), SBK_E_INVAL, &w->err);
	assert_message(w, "--env takes NAME=VALUE");
	w->request.set_env.count = 0;
	scope_ask(&w->request.protect, "a/b");
	assert_error(scope_resolve(w), SBK_E_INVAL, &w->err);
	w->request.protect.count = 0;
	w->request.processes = 1u << 30;
	assert_error(scope_resolve(w), SBK_E_INVAL, &w->err);
	assert_message(w, "--max-procs");
	w->request.processes = 0;
	assert_ok(scope_resolve(w), &w->err);
	assert_error(sbk_policy_refuse_domain(NULL, "example.org", &w->err),
		     SBK_E_UNSUPPORTED, &w->err);
}

static void test_policy_scope__print(void **state)
{
	struct scope_world *w = *state;
	struct sbk_buf out = SBK_BUF_INIT;

	scope_mkdir(w, "home/project/tricky\x1b[31m");
	scope_ask(&w->request.deny, "tricky\x1b[31m");
	assert_error(scope_resolve(w), SBK_E_INVAL, &w->err);
	w->request.deny.count = 0;
	scope_mkdir(w, "home/project/secrets");
	scope_ask(&w->request.deny, "secrets");
	w->request.memory_mib = 512;
	assert_ok(scope_resolve(w), &w->err);
	sbk_scope_print(&w->scope, NULL, &out);
	assert_ok(sbk_buf_failed(&out, &w->err), &w->err);
	assert_non_null(strstr(out.data, "May write and read:\n  /"));
	assert_non_null(strstr(out.data, "/home/project/secrets/   --deny"));
	assert_non_null(strstr(out.data, "Network off"));
	assert_non_null(strstr(out.data, "Looked at 2 objects"));
	assert_non_null(strstr(out.data, "Limits: 512 MiB of memory\n"));
	sbk_buf_clear(&out);
	sbk_buf_adds(&out, "{");
	sbk_scope_print_json(&w->scope, &out);
	sbk_buf_adds(&out, "}");
	assert_non_null(strstr(out.data, "\"access\":\"deny\""));
	sbk_buf_release(&out);
}

/* The machine's file, in a mount namespace whose /etc is a copy of its own. */
#define CHILD_SKIP 77

static int write_id_map(const char *path, unsigned int id)
{
	char text[64];
	int fd = open(path, O_WRONLY | O_CLOEXEC), size, rc;

	if (fd < 0)
		return -1;
	size = snprintf(text, sizeof(text), "0 %u 1\n", id);
	rc = write(fd, text, (size_t)size) == size ? 0 : -1;
	(void)close(fd); /* the write told */
	return rc;
}

/* /etc becomes an empty file system of this process, /etc/passwd kept. */
static int enter_own_etc(void)
{
	unsigned int uid = getuid(), gid = getgid();
	int fd;

	if (uid != 0) {
		if (unshare(CLONE_NEWUSER) < 0)
			return -1;
		fd = open("/proc/self/setgroups", O_WRONLY | O_CLOEXEC);
		if (fd < 0 || write(fd, "deny", 4) != 4)
			return -1;
		(void)close(fd); /* the write told */
		if (write_id_map("/proc/self/uid_map", uid) < 0 ||
		    write_id_map("/proc/self/gid_map", gid) < 0)
			return -1;
	}
	if (unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", "/etc", "tmpfs", 0, NULL) < 0)
		return -1;
	return mkdir("/etc/sandbook", 0755);
}

static void put_machine_policy(const char *text, unsigned int mode)
{
	FILE *file = fopen("/etc/sandbook/policy.json", "w");

	if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0 ||
	    chmod("/etc/sandbook/policy.json", mode) < 0)
		_exit(99);
}

static const char machine_text[] =
	"{\"version\":1,\"network\":\"off\",\"limits\":{\"time_s\":100},"
	"\"deny\":[\"~/project/locked\"],\"protect\":[\"release\"],"
	"\"profiles\":{\"corp\":{\"limits\":{\"time_s\":50}}}}";

/* Returns the number of the step that went wrong, or 0. */
static int machine_steps(struct scope_world *w)
{
	struct sbk_policy_request fresh = w->request;

	w->person.uid = 0; /* as this process is mapped */
	put_machine_policy(machine_text, 0644);
	if (scope_resolve(w) < 0 || w->scope.timeout_s != 100 ||
	    scope_decides(w, "home/project/locked/x")->kind != SBK_ACCESS_DENY)
		return 1;
	if (scope_decides(w, "home/project/release")->kind !=
	    SBK_ACCESS_PROTECT)
		return 2;
	w->request.net = true;
	if (scope_resolve(w) != SBK_E_INVAL ||
	    strstr(w->err.message, "/etc/sandbook/policy.json") == NULL)
		return 3;
	w->request = fresh;
	w->request.timeout_s = 101;
	if (scope_resolve(w) != SBK_E_INVAL)
		return 4;
	w->request = fresh;
	w->request.profile = "corp";
	if (scope_resolve(w) < 0 || w->scope.timeout_s != 50)
		return 5;
	w->request = fresh;
	scope_ask(&w->request.rw, "locked/inner");
	if (scope_resolve(w) != SBK_E_INVAL ||
	    strstr(w->err.message, "locked' above it is denied") == NULL)
		return 6;
	w->request.rw.count = 0;
	put_machine_policy(machine_text, 0666);
	if (scope_resolve(w) != SBK_E_DENIED ||
	    strstr(w->err.message, "is not believed") == NULL)
		return 7;
	put_machine_policy("{\"version\":1,", 0644);
	return scope_resolve(w) == SBK_E_PARSE ? 0 : 8;
}

static void test_policy_scope__machine_policy(void **state)
{
	struct scope_world *w = *state;
	int status;
	pid_t pid;

	scope_mkdir(w, "home/project/locked/inner");
	scope_write(w, "home/project/release", "x");
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(enter_own_etc() < 0 ? CHILD_SKIP : machine_steps(w));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == CHILD_SKIP)
		sbk_test_skip("no mount namespace here");
	assert_int_equal(WEXITSTATUS(status), 0);
}

#define TEST(name)                                                 \
	cmocka_unit_test_setup_teardown(test_policy_scope__##name, \
					scope_world_setup,         \
					scope_world_teardown)

static const struct CMUnitTest tests[] = {
	TEST(default_is_the_working_directory),
	TEST(name_service_only_with_network),
	TEST(protected_names),
	TEST(protected_link_is_held),
	TEST(deny_in_allow_in_deny),
	TEST(parents_come_first),
	TEST(contradictions_are_refused),
	TEST(flag_goes_above_profile),
	TEST(alias_where_it_is_written),
	TEST(identity),
	TEST(link_of_a_runs_making),
	TEST(link_of_a_runs_making_elsewhere),
	TEST(root_by_a_link),
	TEST(system_links_are_aliases),
	TEST(missing_paths),
	TEST(bad_working_directories),
	TEST(working_directory_must_be_shown),
	TEST(user_policy),
	TEST(user_policy_must_be_the_users),
	TEST(config_flag),
	TEST(project_only_narrows),
	TEST(project_file_is_hostile),
	TEST(project_lowers_the_network),
	TEST(tools_on_path),
	TEST(writable_program_directory),
	TEST(venv_base_is_not_believed),
	TEST(venv_by_a_link_of_a_runs_making),
	TEST(toolchain_profiles),
	TEST(git_settings),
	TEST(environment),
	TEST(environment_not_cleared),
	TEST(bad_flags),
	TEST(print),
	TEST(machine_policy),
};

SBK_TEST_MAIN(tests)
