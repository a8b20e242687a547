/*
 * Lists of clusters, as FORMAT.md has them.
 */
#include "engine/ntfs/runs.h"
#include "tests/support/test.h"

#include "engine/banned.h"

#define VOLUME 0x10000

static int add(struct sbk_ntfs_runs *runs, uint64_t first, size_t size,
	       const uint8_t *pairs, struct sbk_error *err)
{
	return sbk_ntfs_runs_add(runs, sbk_view_of(pairs, size), first, VOLUME,
				 err);
}

#define ADD(runs, first, ...)                                        \
	add((runs), (first), sizeof((const uint8_t[]){__VA_ARGS__}), \
	    (const uint8_t[]){__VA_ARGS__}, &err)

static void test_runs__are_put_together(void **state)
{
	struct sbk_ntfs_runs runs = {.count = 0};
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	/* 0x18 at 0x5634; 0x10 lower at 0x5624; a hole of 5 */
	assert_ok(ADD(&runs, 0, 0x21, 0x18, 0x34, 0x56, 0x11, 0x10, 0xF0, 0x01,
		      0x05, 0x00),
		  &err);
	assert_int_equal(runs.count, 3);
	assert_int_equal(runs.clusters, 0x18 + 0x10 + 5);
	assert_int_equal(runs.held, 0x18 + 0x10);
	assert_int_equal(runs.items[1].lcn, 0x5624);
	assert_true(runs.items[2].lcn == SBK_NTFS_HOLE);
	/* The next piece, from another record: places begin anew. */
	assert_ok(ADD(&runs, 0x18 + 0x10 + 5, 0x21, 0x01, 0x00, 0x10, 0x00),
		  &err);
	assert_int_equal(sbk_ntfs_runs_find(&runs, 0x2D)->lcn, 0x1000);
	assert_int_equal(sbk_ntfs_runs_find(&runs, 0x18)->lcn, 0x5624);
	assert_int_equal(sbk_ntfs_runs_find(&runs, 0x17)->lcn, 0x5634);
	assert_null(sbk_ntfs_runs_find(&runs, 0x2E));
	/* A piece that is not the next one. */
	assert_error(ADD(&runs, 0x10, 0x21, 0x01, 0x00, 0x10, 0x00),
		     SBK_E_PARSE, &err);
	sbk_ntfs_runs_release(&runs);
}

static void test_runs__refuse_what_cannot_be(void **state)
{
	struct sbk_ntfs_runs runs = {.count = 0};
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	assert_error(ADD(&runs, 0, 0x11, 0x01, 0xFF, 0x00), SBK_E_PARSE, &err);
	assert_error(ADD(&runs, 0, 0x31, 0x01, 0x00, 0x00, 0x01, 0x00),
		     SBK_E_PARSE, &err); /* behind the volume */
	assert_error(ADD(&runs, 0, 0x22, 0x00, 0x01, 0x01, 0xFF, 0x00),
		     SBK_E_PARSE, &err); /* reaches out of it */
	assert_error(ADD(&runs, 0, 0x11, 0x00, 0x05, 0x00), SBK_E_PARSE, &err);
	assert_error(ADD(&runs, 0, 0x11, 0x80, 0x05, 0x00), SBK_E_PARSE, &err);
	assert_error(ADD(&runs, 0, 0x10, 0x05, 0x00), SBK_E_PARSE, &err);
	assert_error(ADD(&runs, 0, 0x19, 0x01, 0x05, 0x00), SBK_E_PARSE, &err);
	assert_error(ADD(&runs, 0, 0x21, 0x01, 0x05), SBK_E_PARSE, &err);
	assert_error(ADD(&runs, 0, 0x08, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
			 0xFF, 0x7F, 0x00),
		     SBK_E_PARSE, &err);
	assert_int_equal(runs.count, 0);
	assert_int_equal(runs.clusters, 0);
	sbk_ntfs_runs_release(&runs);
}

/* A list that names the same clusters again and again ends where it holds more
 * than the volume has. */
static void test_runs__end_where_the_volume_does(void **state)
{
	static uint8_t pairs[1024];
	struct sbk_ntfs_runs runs = {.count = 0};
	struct sbk_error err = SBK_ERROR_INIT;
	size_t at;

	(void)state;
	for (at = 0; at + 4 < sizeof(pairs); at += 4) {
		pairs[at] = 0x12;
		pairs[at + 1] = 0x00;
		pairs[at + 2] = 0x40; /* a quarter of the volume, at 0 */
		pairs[at + 3] = 0x00;
	}
	assert_error(add(&runs, 0, sizeof(pairs), pairs, &err), SBK_E_PARSE,
		     &err);
	assert_int_equal(runs.count, 0);
	sbk_ntfs_runs_release(&runs);
}

/* Holes cost nothing, and their bytes must still be numbers: at the largest
 * cluster, 2 to the 43 of them would be 2 to the 64 bytes, which is none, and
 * a reader that advances by none never ends. */
static void test_runs__holes_have_an_end(void **state)
{
	struct sbk_ntfs_runs runs = {.count = 0};
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	assert_error(ADD(&runs, 0, 0x06, 0, 0, 0, 0, 0, 0x08, 0x00),
		     SBK_E_PARSE, &err);
	assert_ok(ADD(&runs, 0, 0x06, 0, 0, 0, 0, 0, 0x04, 0x00), &err);
	assert_true(runs.clusters == (uint64_t)1 << 42);
	assert_error(ADD(&runs, (uint64_t)1 << 42, 0x01, 0x01, 0x00),
		     SBK_E_PARSE, &err);
	sbk_ntfs_runs_release(&runs);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_runs__are_put_together),
	cmocka_unit_test(test_runs__refuse_what_cannot_be),
	cmocka_unit_test(test_runs__end_where_the_volume_does),
	cmocka_unit_test(test_runs__holes_have_an_end),
};

SBK_TEST_MAIN(tests)
