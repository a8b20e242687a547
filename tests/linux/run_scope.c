/* Scopes for tests; see the header. A failure here ends the test program. */
#include "tests/linux/run_scope.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/banned.h"

static const char *const system_paths[] = {
	"/usr",
	"/bin",
	"/sbin",
	"/lib",
	"/lib32",
	"/lib64",
	"/etc/passwd",
	"/etc/group",
	"/etc/nsswitch.conf",
	"/etc/ld.so.cache",
	"/etc/ld.so.conf",
	"/etc/ld.so.conf.d",
	"/etc/alternatives",
	"/etc/hosts",
	"/etc/resolv.conf",
	"/etc/localtime",
	"/etc/ssl",
	"/etc/profile",
	"/etc/bash.bashrc",
	"/etc/inputrc",
	"/etc/gitconfig",
	"/etc/python3.11",
};

static char *test_environment[] = {
	(char *)"PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
	(char *)"TMPDIR=/tmp", (char *)"LANG=C.UTF-8", (char *)"TERM=xterm",
	NULL};

static void must(const void *pointer)
{
	if (pointer == NULL)
		abort();
}

void test_scope_add(struct sbk_scope *scope, enum sbk_access_kind kind,
		    const char *path)
{
	struct sbk_scope_path *added;
	char *real = realpath(path, NULL);
	struct stat st;

	must(real);
	if (stat(real, &st) < 0)
		abort();
	scope->paths = realloc(scope->paths,
			       (scope->path_count + 1) * sizeof(*scope->paths));
	must(scope->paths);
	added = &scope->paths[scope->path_count++];
	memset(added, 0, sizeof(*added));
	added->path = sbk_arena_strdup(&scope->arena, path);
	added->target = sbk_arena_strdup(&scope->arena, real);
	must(added->path);
	must(added->target);
	added->reason = "test";
	added->kind = kind;
	added->is_directory = S_ISDIR(st.st_mode);
	free(real);
}

void test_scope_init(struct sbk_scope *scope, const char *home)
{
	char **environment;
	char text[4200];
	size_t i;

	memset(scope, 0, sizeof(*scope));
	scope->profile = "test";
	scope->directory = "/";
	scope->person.uid = geteuid();
	scope->person.gid = getegid();
	(void)snprintf(scope->person.home, sizeof(scope->person.home), "%s",
		       home);
	environment = sbk_arena_alloc(&scope->arena, 8 * sizeof(char *));
	must(environment);
	for (i = 0; test_environment[i] != NULL; i++)
		environment[i] = test_environment[i];
	(void)snprintf(text, sizeof(text), "HOME=%s", home);
	environment[i] = sbk_arena_strdup(&scope->arena, text);
	must(environment[i]);
	scope->environment = environment;
	for (i = 0; i < sizeof(system_paths) / sizeof(system_paths[0]); i++)
		if (access(system_paths[i], F_OK) == 0)
			test_scope_add(scope, SBK_ACCESS_RO, system_paths[i]);
}

void test_scope_release(struct sbk_scope *scope)
{
	free(scope->paths);
	sbk_arena_release(&scope->arena);
	memset(scope, 0, sizeof(*scope));
}
