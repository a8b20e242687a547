/*
 * A home and a project of its own for each scope test:
 *
 *	DIR/home/		the person's home
 *	DIR/home/project/	the working directory
 *	DIR/elsewhere/
 */
#ifndef SBK_TEST_SCOPE_WORLD_H
#define SBK_TEST_SCOPE_WORLD_H

#include "tests/support/test.h"

#include "engine/policy.h"

struct scope_world {
	char *directory;
	char project[256];
	struct sbk_person person;
	struct sbk_policy_request request;
	struct sbk_scope scope;
	struct sbk_error err;
	const char *environment[16];
};

int scope_world_setup(void **state);
int scope_world_teardown(void **state);

/* Paths below DIR; a parent directory is made where it is missing. */
const char *scope_path(const struct scope_world *w, const char *name);
void scope_mkdir(const struct scope_world *w, const char *name);
void scope_write(const struct scope_world *w, const char *name,
		 const char *text);
void scope_symlink(const struct scope_world *w, const char *target,
		   const char *name);
void scope_link(const struct scope_world *w, const char *name,
		const char *other);

/* Appends a path of DIR to one of the request's lists. */
void scope_ask(struct sbk_list *list, const char *text);
int scope_resolve(struct scope_world *w);

/* The entry proper for a path of DIR, or NULL. */
const struct sbk_scope_path *scope_entry(const struct scope_world *w,
					 const char *name);
const struct sbk_scope_path *scope_entry_at(const struct scope_world *w,
					    const char *path);
/* What decides about a path of DIR: the deepest entry above it, or NULL. */
const struct sbk_scope_path *scope_decides(const struct scope_world *w,
					   const char *name);
bool scope_has_note(const struct scope_world *w, const char *words);
bool scope_is_absent(const struct scope_world *w, const char *name);
const char *scope_variable(const struct scope_world *w, const char *name);

#define assert_kind(w, name, wanted)                                         \
	do {                                                                 \
		const struct sbk_scope_path *sbk_p = scope_decides(w, name); \
		if (sbk_p == NULL)                                           \
			fail_msg("'%s' is not shown", name);                 \
		if (sbk_p->kind != (wanted))                                 \
			fail_msg("'%s' is %d by '%s' (%s), wanted %d", name, \
				 sbk_p->kind, sbk_p->path, sbk_p->reason,    \
				 (wanted));                                  \
	} while (0)

#define assert_message(w, words)                                \
	do {                                                    \
		if (strstr((w)->err.message, (words)) == NULL)  \
			fail_msg("message \"%s\" lacks \"%s\"", \
				 (w)->err.message, (words));    \
	} while (0)

#endif
