/*
 * A world in memory behind engine/backend.h: a tree of files and directories
 * with access entries, and named objects (accounts, groups, tables, kept
 * files). It lets apply, undo and recovery run without a host.
 *
 * The world lives in shared memory, so that a child process that is stopped
 * in the middle leaves it exactly as far as it had come. Each object holds
 * two states: what is there, and what would be there after a power cut
 * (`flush` makes them equal).
 *
 * Making or removing an account overwrites every kept file, as useradd does.
 *
 * Its access states are lines of their own, sorted: "allow u:990:rw" is an
 * entry, "inherit u:990:rw" is handed to what is made below. It is a
 * simulation: it proves the order of steps, not any system's ACL rules.
 */
#ifndef SBK_TEST_FAKE_H
#define SBK_TEST_FAKE_H

#include "engine/backend.h"

#define FAKE_OBJECTS_MAX 512
#define FAKE_STATE_MAX 512

struct fake_object {
	enum sbk_kind kind; /* ACCESS: a node of the tree */
	char name[160];
	char identity[24]; /* "" for named objects */
	bool is_directory;
	bool unreadable;	      /* observe and replace are denied */
	char state[FAKE_STATE_MAX];   /* "": absent */
	char durable[FAKE_STATE_MAX]; /* after a power cut */
};

struct fake_world {
	size_t count;
	unsigned int next_identity;
	struct fake_object objects[FAKE_OBJECTS_MAX];
};

/* A world in shared memory; aborts the test when there is none. */
struct fake_world *fake_world_new(void);
void fake_world_free(struct fake_world *world);

/* A node of the tree; the state is its parent's inheritable entries, or
 * "mode 644" and the like. Returns it. */
struct fake_object *fake_add(struct fake_world *world, const char *path,
			     bool is_directory);
/* A named object that exists already. */
struct fake_object *fake_add_named(struct fake_world *world, enum sbk_kind kind,
				   const char *name, const char *state);
/* The object, or NULL. */
struct fake_object *fake_find(struct fake_world *world, enum sbk_kind kind,
			      const char *name);
void fake_remove(struct fake_world *world, const char *path);
/* Moves a node and what is below it. */
void fake_rename(struct fake_world *world, const char *from, const char *to);
/* What was not flushed is lost. */
void fake_power_cut(struct fake_world *world);
/* Every name, identity and state as one text, to compare worlds. */
void fake_print(const struct fake_world *world, struct sbk_buf *out);

/* A backend on the world; closing it leaves the world. */
struct sbk_backend fake_backend(struct fake_world *world);

/*
 * A plan that grants `principal` reading and writing below `path`.
 */
int fake_plan_grant(const struct sbk_backend *backend, const char *path,
		    const char *principal, struct sbk_plan *plan,
		    struct sbk_error *err);

#endif
