/* The world of the scope tests; see the header. */
#include "tests/engine/scope_world.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/banned.h"

static void make_parents(const char *path)
{
	char text[4096];
	char *slash;

	(void)snprintf(text, sizeof(text), "%s", path);
	for (slash = strchr(text + 1, '/'); slash != NULL;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(text, 0755) < 0 && errno != EEXIST)
			fail_msg("mkdir %s: %s", text, strerror(errno));
		*slash = '/';
	}
}

const char *scope_path(const struct scope_world *w, const char *name)
{
	static char text[8][4096];
	static int next;
	char *out = text[next++ % 8];

	if (name[0] == '/')
		(void)snprintf(out, sizeof(text[0]), "%s", name);
	else
		(void)snprintf(out, sizeof(text[0]), "%s/%s", w->directory,
			       name);
	return out;
}

void scope_mkdir(const struct scope_world *w, const char *name)
{
	const char *path = scope_path(w, name);

	make_parents(path);
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		fail_msg("mkdir %s: %s", path, strerror(errno));
}

void scope_write(const struct scope_world *w, const char *name,
		 const char *text)
{
	const char *path = scope_path(w, name);
	FILE *file;

	make_parents(path);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

void scope_symlink(const struct scope_world *w, const char *target,
		   const char *name)
{
	const char *path = scope_path(w, name);

	make_parents(path);
	assert_int_equal(symlink(target, path), 0);
}

void scope_link(const struct scope_world *w, const char *name,
		const char *other)
{
	const char *path = scope_path(w, other);

	make_parents(path);
	assert_int_equal(link(scope_path(w, name), path), 0);
}

int scope_world_setup(void **state)
{
	struct scope_world *w = calloc(1, sizeof(*w));
	char real[4096];

	assert_non_null(w);
	w->directory = sbk_test_directory("scope");
	assert_non_null(realpath(w->directory, real));
	/* The directory was made there, so its name has room for 512 bytes. */
	assert_true(strlen(real) < 512);
	memcpy(w->directory, real, strlen(real) + 1);
	scope_mkdir(w, "home/project");
	scope_mkdir(w, "elsewhere");
	(void)snprintf(w->project, sizeof(w->project), "%s/home/project",
		       w->directory);
	w->person.uid = geteuid();
	w->person.gid = getegid();
	(void)snprintf(w->person.name, sizeof(w->person.name), "tester");
	(void)snprintf(w->person.home, sizeof(w->person.home), "%s/home",
		       w->directory);
	w->request.directory = w->project;
	w->environment[0] = "PATH=/usr/bin:/bin";
	*state = w;
	return 0;
}

int scope_world_teardown(void **state)
{
	struct scope_world *w = *state;
	struct sbk_policy_request *r = &w->request;
	struct sbk_list *lists[] = {&r->rw,	  &r->ro,	&r->deny,
				    &r->protect,  &r->keep_env, &r->set_env,
				    &r->unset_env};
	size_t i;

	sbk_scope_release(&w->scope);
	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		free(lists[i]->items);
	sbk_test_remove(w->directory);
	free(w);
	return 0;
}

void scope_ask(struct sbk_list *list, const char *text)
{
	const char **items =
		realloc(list->items, (list->count + 1) * sizeof(*items));

	assert_non_null(items);
	list->items = items;
	list->items[list->count++] = text;
}

int scope_resolve(struct scope_world *w)
{
	sbk_scope_release(&w->scope);
	sbk_error_clear(&w->err);
	return sbk_scope_resolve(&w->request, &w->person, w->environment,
				 &w->scope, &w->err);
}

const struct sbk_scope_path *scope_entry_at(const struct scope_world *w,
					    const char *path)
{
	size_t i;

	for (i = 0; i < w->scope.path_count; i++)
		if (strcmp(w->scope.paths[i].path, path) == 0)
			return &w->scope.paths[i];
	return NULL;
}

const struct sbk_scope_path *scope_entry(const struct scope_world *w,
					 const char *name)
{
	return scope_entry_at(w, scope_path(w, name));
}

const struct sbk_scope_path *scope_decides(const struct scope_world *w,
					   const char *name)
{
	const char *path = scope_path(w, name);
	const struct sbk_scope_path *deepest = NULL;
	size_t i;

	for (i = 0; i < w->scope.path_count; i++) {
		const struct sbk_scope_path *entry = &w->scope.paths[i];
		size_t size = strlen(entry->path);

		if (strncmp(path, entry->path, size) == 0 &&
		    (path[size] == '\0' || path[size] == '/') &&
		    strcmp(entry->path, entry->target) == 0 &&
		    (deepest == NULL || size > strlen(deepest->path)))
			deepest = entry;
	}
	return deepest;
}

bool scope_has_note(const struct scope_world *w, const char *words)
{
	size_t i;

	for (i = 0; i < w->scope.note_count; i++)
		if (strstr(w->scope.notes[i], words) != NULL)
			return true;
	return false;
}

bool scope_is_absent(const struct scope_world *w, const char *name)
{
	size_t i;

	for (i = 0; i < w->scope.absent_count; i++)
		if (strcmp(w->scope.absent_protected[i], scope_path(w, name)) ==
		    0)
			return true;
	return false;
}

const char *scope_variable(const struct scope_world *w, const char *name)
{
	size_t size = strlen(name), i;

	for (i = 0; w->scope.environment[i] != NULL; i++)
		if (strncmp(w->scope.environment[i], name, size) == 0 &&
		    w->scope.environment[i][size] == '=')
			return w->scope.environment[i] + size + 1;
	return NULL;
}
