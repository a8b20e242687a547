/*
 * Which SIDs of roots a run holds, and which not and why, over a ledger of the
 * test's that says what was granted, and access lists in memory.
 */
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/windows/run_rules.h"
#include "engine/windows/run_sids.h"
#include "tests/support/fake.h"
#include "tests/windows/nt_state.h"

#include "engine/banned.h"

#define USER "S-1-5-21-1-2-3-1001"
#define OWN "O:" USER "G:" USER "D:P(A;OICI;FA;;;" USER ")"
#define ONE "S-1-0x0053424B0001-1-0-0-0-1"
#define TWO "S-1-0x0053424B0001-1-0-0-0-2"
#define WRITES "(A;;0x1201bf;;;" ONE ")(A;OICIIO;0x1301bf;;;" ONE ")"
#define INHERITED "(A;ID;0x1301bf;;;" ONE ")"
#define DENIED "(D;OICI;0xd0156;;;" ONE ")"
#define ROOTS_MAX 4

/* What the ledger says. */
static struct {
	struct sbk_plan_root roots[ROOTS_MAX];
	char identities[ROOTS_MAX][64];
	size_t count;
	int fails;
} book;

static struct fake_world *world;
static struct sbk_backend backend;
static struct sbk_scope scope;
static struct sbk_scope_path paths[SBK_SYNTHETIC_TOKEN_MAX + 1];

static int granted(void *self, enum sbk_book which, const char *principal,
		   struct sbk_plan *out, struct sbk_error *err)
{
	size_t i;
	int rc = 0;

	(void)self;
	(void)principal;
	assert_int_equal(which, SBK_BOOK_USER);
	if (book.fails < 0)
		return sbk_error_set(err, book.fails, "it is broken");
	for (i = 0; rc == 0 && i < book.count; i++)
		rc = sbk_plan_add_root(out, &book.roots[i], NULL, err);
	return rc;
}

/* The id of the SIDs above. */
static int mark(void *self, enum sbk_book which, struct sbk_book_mark *out,
		struct sbk_error *err)
{
	struct sbk_sid sid;

	(void)self;
	(void)which;
	*out = (struct sbk_book_mark){.transactions = 9};
	assert_ok(sbk_sid_parse(ONE, strlen(ONE), &sid, err), err);
	assert_true(sbk_synthetic_parse(&sid, out->id, NULL));
	return 0;
}

static const struct sbk_ledger_ops ops = {.granted = granted, .mark = mark};
static const struct sbk_ledger ledger = {.ops = &ops};

static void set_list(const char *path, const char *sddl, bool is_directory)
{
	struct fake_object *object = fake_find(world, SBK_KIND_ACCESS, path);
	struct sbk_buf text = SBK_BUF_INIT;

	if (object == NULL)
		object = fake_add(world, path, is_directory);
	nt_state_add(&text, sddl, is_directory);
	assert_true(text.size < sizeof(object->state));
	(void)snprintf(object->state, sizeof(object->state), "%s",
		       sbk_buf_text(&text));
	sbk_buf_release(&text);
}

static void add_path(const char *path, enum sbk_access_kind kind)
{
	paths[scope.path_count++] = (struct sbk_scope_path){
		.path = path, .target = path, .kind = kind};
}

/* The book says that what stands at `path` now was granted to the SID. */
static void grant(const char *path, const char *sid)
{
	struct sbk_plan_root *root = &book.roots[book.count];
	const struct fake_object *object =
		fake_find(world, SBK_KIND_ACCESS, path);

	(void)snprintf(book.identities[book.count], 64, "%s", object->identity);
	*root = (struct sbk_plan_root){.path = path,
				       .identity = book.identities[book.count],
				       .principal = sid};
	book.count++;
}

static int setup(void **state)
{
	(void)state;
	memset(&book, 0, sizeof(book));
	scope = (struct sbk_scope){.arena = SBK_ARENA_INIT, .paths = paths};
	world = fake_world_new();
	backend = fake_backend(world);
	set_list("/ws", OWN WRITES, true);
	set_list("/ws/.git", OWN DENIED INHERITED, true);
	set_list("/other", OWN, true);
	add_path("/other", SBK_ACCESS_RO);
	add_path("/ws", SBK_ACCESS_RW);
	add_path("/ws/.git", SBK_ACCESS_PROTECT);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	sbk_arena_release(&scope.arena);
	fake_world_free(world);
	return 0;
}

static void find(void)
{
	struct sbk_error err = SBK_ERROR_INIT;

	assert_ok(sbk_run_sids_find(&ledger, &backend, &scope, &err), &err);
}

static void assert_missing(size_t index, const char *word)
{
	const struct sbk_run_root *root = &scope.roots[index];

	assert_null(root->principal);
	assert_non_null(root->missing);
	if (strstr(root->missing, word) == NULL)
		fail_msg("'%s' does not say '%s'", root->missing, word);
}

static void test_run_sids__a_granted_root_gives_its_own(void **state)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_run_sids sids;
	struct sbk_sid_text text;

	(void)state;
	find();
	assert_int_equal(scope.root_count, 1);
	assert_missing(0, "--grant acl");
	assert_ok(sbk_run_sids_collect(&scope, &sids, &err), &err);
	assert_int_equal(sids.count, 0);
	grant("/ws", ONE);
	find();
	assert_string_equal(scope.roots[0].principal, ONE);
	assert_ok(sbk_run_sids_collect(&scope, &sids, &err), &err);
	assert_int_equal(sids.count, 1);
	assert_string_equal(sbk_sid_format(&sids.items[0], &text), ONE);
}

static void test_run_sids__two_roots_give_two(void **state)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_run_sids sids;

	(void)state;
	set_list("/more", OWN "(A;;0x1201bf;;;" TWO ")", true);
	add_path("/more", SBK_ACCESS_RW);
	grant("/ws", ONE);
	grant("/more", TWO);
	find();
	assert_int_equal(scope.root_count, 2);
	assert_string_equal(scope.roots[1].principal, TWO);
	assert_ok(sbk_run_sids_collect(&scope, &sids, &err), &err);
	assert_int_equal(sids.count, 2);
	/* The same object by another name: one SID, once. */
	scope.roots[1].principal = ONE;
	assert_ok(sbk_run_sids_collect(&scope, &sids, &err), &err);
	assert_int_equal(sids.count, 1);
}

/* What a SID opens is the whole of what it was granted for. */
static void test_run_sids__another_roots_grant_gives_nothing(void **state)
{
	(void)state;
	set_list("/ws/sub", OWN INHERITED, true);
	grant("/ws", ONE);
	paths[1] = (struct sbk_scope_path){
		.path = "/ws/sub", .target = "/ws/sub", .kind = SBK_ACCESS_RW};
	find();
	assert_missing(0, "not granted");
	/* The control: as a root of its own. */
	grant("/ws/sub", ONE);
	find();
	assert_string_equal(scope.roots[0].principal, ONE);
}

static void test_run_sids__it_is_the_object_that_was_granted(void **state)
{
	(void)state;
	grant("/ws", ONE);
	fake_rename(world, "/ws", "/was");
	set_list("/ws", OWN WRITES, true); /* another one */
	find();
	assert_missing(0, "not granted");
	/* The one that was granted has its SID under the new name. */
	paths[1] = (struct sbk_scope_path){
		.path = "/was", .target = "/was", .kind = SBK_ACCESS_RW};
	find();
	assert_string_equal(scope.roots[0].principal, ONE);
}

static void test_run_sids__what_is_shut_stays_shut(void **state)
{
	(void)state;
	grant("/ws", ONE);
	/* Made after the grant: it inherited what its directory has. */
	set_list("/ws/.git", OWN INHERITED, true);
	find();
	assert_missing(0, "'/ws/.git'");
	/* Each right that changes it is one too many. */
	set_list("/ws/.git", OWN "(A;;0x10000;;;" ONE ")", true);
	find();
	assert_missing(0, "'/ws/.git'");
	/* What Everyone may do a run may do with any root or none. */
	set_list("/ws/.git", OWN "(A;;FA;;;WD)" DENIED, true);
	find();
	assert_string_equal(scope.roots[0].principal, ONE);
	/* What is gone is nothing to open. */
	fake_remove(world, "/ws/.git");
	find();
	assert_string_equal(scope.roots[0].principal, ONE);
}

static void test_run_sids__what_cannot_be_told_gives_nothing(void **state)
{
	(void)state;
	grant("/ws", ONE);
	fake_find(world, SBK_KIND_ACCESS, "/ws/.git")->unreadable = true;
	find();
	assert_missing(0, "cannot be looked at");
	fake_find(world, SBK_KIND_ACCESS, "/ws/.git")->unreadable = false;
	fake_find(world, SBK_KIND_ACCESS, "/ws")->unreadable = true;
	find();
	assert_missing(0, "cannot be looked at");
	fake_find(world, SBK_KIND_ACCESS, "/ws")->unreadable = false;
	book.fails = SBK_E_CORRUPT;
	find();
	assert_missing(0, "it is broken");
	book.fails = 0;
	find();
	assert_string_equal(scope.roots[0].principal, ONE);
}

static void test_run_sids__entries_that_are_gone_are_told(void **state)
{
	(void)state;
	grant("/ws", ONE);
	set_list("/ws", OWN, true);
	find();
	assert_missing(0, "not there any more");
}

static void test_run_sids__a_token_holds_so_many(void **state)
{
	static char names[SBK_SYNTHETIC_TOKEN_MAX + 1][8];
	const struct sbk_carriers carriers = {.account = 0};
	struct sbk_error err = SBK_ERROR_INIT;
	size_t i;

	(void)state;
	scope.path_count = 0;
	for (i = 0; i < SBK_SYNTHETIC_TOKEN_MAX; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "/r%zu", i);
		add_path(names[i], SBK_ACCESS_RW);
	}
	assert_ok(sbk_run_sids_check(&scope, &err), &err);
	add_path("/one", SBK_ACCESS_RW);
	assert_error(sbk_run_sids_check(&scope, &err), SBK_E_LIMIT, &err);
	/* Which is asked with what else a run is refused for. */
	sbk_error_clear(&err);
	scope.best_effort = true;
	assert_error(sbk_run_rules_check(&scope, &carriers, &err), SBK_E_LIMIT,
		     &err);
	/* An alias is no root. */
	paths[SBK_SYNTHETIC_TOKEN_MAX].target = "/r0";
	sbk_error_clear(&err);
	assert_ok(sbk_run_sids_check(&scope, &err), &err);
}

static void test_run_sids__no_other_sid_is_taken(void **state)
{
	struct sbk_run_root root = {.path = "/ws", .principal = USER};
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_run_sids sids;

	(void)state;
	scope.roots = &root;
	scope.root_count = 1;
	assert_error(sbk_run_sids_collect(&scope, &sids, &err), SBK_E_INVAL,
		     &err);
	/* Of the book's grants, too: to an account is not to runs. */
	scope.root_count = 0;
	grant("/ws", USER);
	find();
	assert_missing(0, "not granted");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static const struct CMUnitTest tests[] = {
	TEST(test_run_sids__a_granted_root_gives_its_own),
	TEST(test_run_sids__two_roots_give_two),
	TEST(test_run_sids__another_roots_grant_gives_nothing),
	TEST(test_run_sids__it_is_the_object_that_was_granted),
	TEST(test_run_sids__what_is_shut_stays_shut),
	TEST(test_run_sids__what_cannot_be_told_gives_nothing),
	TEST(test_run_sids__entries_that_are_gone_are_told),
	TEST(test_run_sids__a_token_holds_so_many),
	TEST(test_run_sids__no_other_sid_is_taken),
};

SBK_TEST_MAIN(tests)
