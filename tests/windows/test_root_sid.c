/*
 * Which synthetic SID a root has, gets and loses, over a ledger of the test's
 * that says what is in effect, and the world in memory.
 */
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/ntsec/sid.h"
#include "engine/os.h"
#include "engine/windows/root_sid.h"
#include "engine/windows/synthetic.h"
#include "tests/support/fake.h"

#include "engine/banned.h"

#define ROOTS_MAX 80

/* What the ledger says. */
static struct {
	struct sbk_book_mark mark;
	struct sbk_plan_root roots[ROOTS_MAX];
	char texts[ROOTS_MAX][3][192];
	size_t count;
	size_t taken_back;
	char last[192]; /* whose entries were asked for */
} book;

static struct fake_world *world;
static struct sbk_backend backend;
static struct sbk_ledger ledger;

static int granted(void *self, enum sbk_book which, const char *principal,
		   struct sbk_plan *out, struct sbk_error *err)
{
	size_t i;
	int rc = 0;

	(void)self;
	assert_int_equal(which, SBK_BOOK_USER);
	assert_null(principal);
	for (i = 0; rc == 0 && i < book.count; i++)
		rc = sbk_plan_add_root(out, &book.roots[i], NULL, err);
	return rc;
}

static int mark(void *self, enum sbk_book which, struct sbk_book_mark *out,
		struct sbk_error *err)
{
	(void)self;
	(void)which;
	(void)err;
	*out = book.mark;
	return 0;
}

/* Finds out whose changes are wanted, by changes that name one root each. */
static int take_back(void *self, const struct sbk_backend *host,
		     const struct sbk_take_back_request *request,
		     struct sbk_transaction_report *report,
		     struct sbk_error *err)
{
	size_t i;

	(void)self;
	(void)host;
	(void)err;
	memset(report, 0, sizeof(*report));
	for (i = 0; i < book.count; i++) {
		char ours[256];
		const struct sbk_change change = {.ours = ours};

		(void)snprintf(ours, sizeof(ours),
			       "ace 0x00 0x00 0x001201bf %s\n",
			       book.roots[i].principal);
		if (request->is_wanted(request->arg, &change))
			(void)snprintf(book.last, sizeof(book.last), "%s",
				       book.roots[i].principal);
	}
	book.taken_back++;
	return 0;
}

static const struct sbk_ledger_ops ops = {
	.granted = granted, .mark = mark, .take_back = take_back};

static int setup(void **state)
{
	(void)state;
	memset(&book, 0, sizeof(book));
	memset(book.mark.id, 0xab, sizeof(book.mark.id));
	book.mark.transactions = 3;
	world = fake_world_new();
	backend = fake_backend(world);
	ledger = (struct sbk_ledger){.ops = &ops};
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_world_free(world);
	return 0;
}

/* A directory in the world; its identity. */
static void add_directory(const char *path, char identity[192])
{
	const struct sbk_object object = {.kind = SBK_KIND_ACCESS,
					  .name = path};
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	struct sbk_error err = SBK_ERROR_INIT;

	fake_add(world, path, true);
	assert_ok(sbk_backend_observe(&backend, &object, &seen, &err), &err);
	(void)snprintf(identity, 192, "%s", sbk_buf_text(&seen.identity));
	sbk_observation_release(&seen);
}

static void text_of(uint32_t number, char out[192])
{
	struct sbk_sid sid = sbk_synthetic_make(book.mark.id, number);
	struct sbk_sid_text text;

	(void)snprintf(out, 192, "%s", sbk_sid_format(&sid, &text));
}

static void grant(const char *path, const char *identity, const char *principal)
{
	struct sbk_plan_root *root = &book.roots[book.count];
	char(*texts)[192] = book.texts[book.count++];

	(void)snprintf(texts[0], 192, "%s", path);
	(void)snprintf(texts[1], 192, "%s", identity);
	(void)snprintf(texts[2], 192, "%s", principal);
	*root = (struct sbk_plan_root){
		.path = texts[0], .identity = texts[1], .principal = texts[2]};
}

static void
test_root_sid__a_new_root_gets_a_number_of_the_next_transaction(void **state)
{
	struct sbk_root_principals p = {.ledger = &ledger, .backend = &backend};
	const char *roots[] = {"/a", "/b"};
	char identity[192], expected[192];
	struct sbk_error err = SBK_ERROR_INIT;
	const char *out[2];

	(void)state;
	add_directory("/a", identity);
	add_directory("/b", identity);
	assert_ok(sbk_root_sid_find(&p, roots, 2, out, &err), &err);
	text_of(3 * 16 + 1, expected);
	assert_string_equal(out[0], expected);
	text_of(3 * 16 + 2, expected);
	assert_string_equal(out[1], expected);
	assert_ptr_equal(sbk_root_principals_mark(&p), &p.mark);
	assert_int_equal(p.mark.transactions, 3);
	assert_true(sbk_root_sid_is(out[0]));
	assert_false(sbk_root_sid_is("S-1-5-21-1-2-3-1005"));
	assert_false(sbk_root_sid_is("u:990"));
	sbk_root_principals_release(&p);
}

static void test_root_sid__a_root_keeps_the_one_it_has(void **state)
{
	struct sbk_root_principals p = {.ledger = &ledger, .backend = &backend};
	const char *roots[] = {"/a", "/a/b"};
	char a[192], b[192], sid[192], expected[192];
	struct sbk_error err = SBK_ERROR_INIT;
	const char *out[2];

	(void)state;
	add_directory("/a", a);
	add_directory("/a/b", b);
	text_of(7, sid);
	/* It was renamed since; and what is below it is another root. */
	grant("/was", a, sid);
	grant("/was", a, "S-1-5-21-1-2-3-1005");
	assert_ok(sbk_root_sid_find(&p, roots, 1, out, &err), &err);
	assert_string_equal(out[0], sid);
	assert_null(sbk_root_principals_mark(&p));
	assert_ok(sbk_root_sid_find(&p, roots, 2, out, &err), &err);
	assert_string_equal(out[0], sid);
	text_of(49, expected);
	assert_string_equal(out[1], expected);
	assert_non_null(sbk_root_principals_mark(&p));
	sbk_root_principals_release(&p);
}

static void test_root_sid__another_journals_is_not_taken(void **state)
{
	struct sbk_root_principals p = {.ledger = &ledger, .backend = &backend};
	const char *roots[] = {"/a"};
	char a[192], sid[192], expected[192];
	struct sbk_error err = SBK_ERROR_INIT;
	const char *out[1];

	(void)state;
	add_directory("/a", a);
	text_of(7, sid);
	grant("/a", a, sid);
	book.mark.id[0] ^= 1;
	assert_ok(sbk_root_sid_find(&p, roots, 1, out, &err), &err);
	text_of(49, expected);
	assert_string_equal(out[0], expected);
	sbk_root_principals_release(&p);
}

static void test_root_sid__limits_are_refused(void **state)
{
	struct sbk_root_principals p = {.ledger = &ledger, .backend = &backend};
	const char *roots[17];
	char names[17][8], identity[192];
	struct sbk_error err = SBK_ERROR_INIT;
	const char *out[17];
	size_t i;

	(void)state;
	for (i = 0; i < 17; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "/%zu", i);
		roots[i] = names[i];
		add_directory(roots[i], identity);
	}
	assert_ok(sbk_root_sid_find(&p, roots, 16, out, &err), &err);
	assert_int_equal(sbk_root_sid_find(&p, roots, 17, out, &err),
			 SBK_E_LIMIT);
	book.mark.transactions = (uint64_t)1 << 28;
	sbk_error_clear(&err);
	assert_int_equal(sbk_root_sid_find(&p, roots, 1, out, &err),
			 SBK_E_LIMIT);
	sbk_root_principals_release(&p);
}

/* 64 are in effect, the one at `gone` of a root that is not there any more. */
static void fill(size_t gone)
{
	char path[16], identity[192], sid[192];
	size_t i;

	for (i = 0; i < SBK_SYNTHETIC_LIVE_MAX; i++) {
		(void)snprintf(path, sizeof(path), "/r%zu", i);
		if (i == gone)
			(void)snprintf(identity, sizeof(identity), "id-gone");
		else
			add_directory(path, identity);
		text_of((uint32_t)i + 1, sid);
		grant(path, identity, sid);
	}
}

static void make_room(size_t taken_back)
{
	struct sbk_root_principals p = {.ledger = &ledger, .backend = &backend};
	struct sbk_error err = SBK_ERROR_INIT;
	const char *one[] = {"/"};
	char identity[192], *real = NULL;

	/* What is asked for is a path of the system's. */
	assert_ok(sbk_os_real_path("/", &real, &err), &err);
	if (fake_find(world, SBK_KIND_ACCESS, real) == NULL)
		add_directory(real, identity);
	assert_ok(sbk_root_sid_make_room(&p, one, 1, &err), &err);
	free(real);
	assert_int_equal(book.taken_back, taken_back);
	sbk_root_principals_release(&p);
}

static void test_root_sid__one_too_many_makes_the_oldest_go(void **state)
{
	struct sbk_root_principals p = {.ledger = &ledger, .backend = &backend};
	const char *roots[] = {"/new"};
	char identity[192], sid[192];
	struct sbk_error err = SBK_ERROR_INIT;
	const char *out[1];

	(void)state;
	fill(SIZE_MAX);
	add_directory("/new", identity);
	/* It is planned, nothing goes for that, and it is said what will. */
	assert_ok(sbk_root_sid_find(&p, roots, 1, out, &err), &err);
	assert_true(p.needs_room);
	assert_int_equal(book.taken_back, 0);
	/* The oldest was granted to an account, too: that one stays. */
	grant("/r0", book.roots[0].identity, "S-1-5-21-1-2-3-1005");
	make_room(1);
	text_of(2, sid);
	assert_string_equal(book.last, sid);
	/* With one less there is room, and nothing is taken back. */
	book.count = SBK_SYNTHETIC_LIVE_MAX - 1;
	make_room(1);
	assert_ok(sbk_root_sid_find(&p, roots, 1, out, &err), &err);
	assert_false(p.needs_room);
	sbk_root_principals_release(&p);
}

/* Where none of them may go, the plan is refused, and none goes. */
static void test_root_sid__what_accounts_have_makes_no_room(void **state)
{
	struct sbk_root_principals p = {.ledger = &ledger, .backend = &backend};
	const char *roots[] = {"/new"};
	char identity[192];
	struct sbk_error err = SBK_ERROR_INIT;
	const char *out[1];
	size_t i;

	(void)state;
	for (i = 0; i < SBK_SYNTHETIC_LIVE_MAX; i++) {
		char path[16], sid[192];

		(void)snprintf(path, sizeof(path), "/r%zu", i % 8);
		if (i < 8)
			add_directory(path, identity);
		else
			(void)snprintf(identity, sizeof(identity), "%s",
				       book.roots[i % 8].identity);
		text_of((uint32_t)i + 1, sid);
		grant(path, identity, sid);
	}
	for (i = 0; i < 8; i++)
		grant(book.roots[i].path, book.roots[i].identity,
		      "S-1-5-21-1-2-3-1005");
	add_directory("/new", identity);
	assert_int_equal(sbk_root_sid_find(&p, roots, 1, out, &err),
			 SBK_E_LIMIT);
	assert_int_equal(book.taken_back, 0);
	sbk_root_principals_release(&p);
}

static void test_root_sid__what_is_gone_goes_first(void **state)
{
	char sid[192];

	(void)state;
	fill(40);
	make_room(1);
	text_of(41, sid);
	assert_string_equal(book.last, sid);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static const struct CMUnitTest tests[] = {
	TEST(test_root_sid__a_new_root_gets_a_number_of_the_next_transaction),
	TEST(test_root_sid__a_root_keeps_the_one_it_has),
	TEST(test_root_sid__another_journals_is_not_taken),
	TEST(test_root_sid__limits_are_refused),
	TEST(test_root_sid__one_too_many_makes_the_oldest_go),
	TEST(test_root_sid__what_accounts_have_makes_no_room),
	TEST(test_root_sid__what_is_gone_goes_first),
};

SBK_TEST_MAIN(tests)
