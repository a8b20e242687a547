/*
 * A journal in a temporary directory and a world in memory to change.
 */
#ifndef SBK_TEST_JOURNAL_FIXTURE_H
#define SBK_TEST_JOURNAL_FIXTURE_H

#include "tests/support/test.h"

#include "engine/apply.h"
#include "journal/internal.h"
#include "tests/support/fake.h"

struct fixture {
	char *directory; /* the journal is in "<directory>/home/state/j" */
	struct sbk_journal_place place;
	struct fake_world *world;
	struct sbk_backend backend;
	struct sbk_error err;
};

/* Group setup and teardown for cmocka_unit_test_setup_teardown. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

/* Opens, or fails the test. */
struct sbk_journal *fixture_open(struct fixture *f, enum sbk_journal_mode mode);
/* With the lock. */
struct sbk_journal *fixture_locked(struct fixture *f);

/* "/w" with `files` files in it, and "/w/d" with one. */
void fixture_tree(struct fixture *f, int files);
/* A transaction that grants `path` to "u:990"; its number. */
uint64_t fixture_grant(struct fixture *f, struct sbk_journal *journal,
		       const char *path);
uint64_t fixture_grant_to(struct fixture *f, struct sbk_journal *journal,
			  const char *path, const char *principal);
/* Loads by filter; the caller frees. */
struct sbk_plan *fixture_load(struct fixture *f, struct sbk_journal *journal,
			      const struct sbk_journal_filter *filter);
void fixture_undo_all(struct fixture *f, struct sbk_journal *journal,
		      struct sbk_apply_result *result);
/* How many changes have the status. */
uint64_t fixture_count(struct fixture *f, struct sbk_journal *journal,
		       enum sbk_status status);
/* The world as text; the caller frees. */
char *fixture_world(struct fixture *f);
/* Verifies and fails the test when something is found. */
void fixture_assert_sound(struct fixture *f);
/* A file of the journal; the path is valid until the next call. */
const char *fixture_path(const struct fixture *f, const char *name);
/* Runs SQL on the database, without any of our checks. */
void fixture_sql(const struct fixture *f, const char *sql);

/* Makes a directory, private where the system can say so, and tells who we are:
 * tests/journal/fixture_system.c, tests/windows/support/fixture.c. */
int fixture_make_home(const char *path, struct sbk_owner *owner);

/* From here on this process can open no file, until they are given back. False:
 * the system has no such limit. */
bool fixture_take_files(void);
void fixture_give_files(void);

/*
 * Runs `work` in another process that has the journal's place, the world, and
 * a copy of the `size` bytes at `arg`; its exit code. A fork, or on Windows
 * this program once more: so `arg` points nowhere but to what is static and
 * const.
 */
int fixture_program(int (*work)(struct fixture *f, void *arg),
		    struct fixture *f, void *arg, size_t size);

/* The rest needs a fork, or more than one user: not on Windows. */

/* The journal is the machine's from here on, and every user reaches it as he
 * reaches /var/lib. */
void fixture_machine(struct fixture *f);
/* In a child: another user from here on, without any right of root's. */
int fixture_become_other(void);
/* Runs `work` in a child; its exit code, or 128 + the signal. */
int fixture_child(int (*work)(struct fixture *f, void *arg), struct fixture *f,
		  void *arg);

#endif
