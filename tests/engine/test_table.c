/* The table: maps, sets, owned keys, growth. */
#include "engine/table.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

#include "engine/banned.h"

#define MANY 5000

static void test_table__keeps_each_of_many(void **state)
{
	struct sbk_arena arena = SBK_ARENA_INIT;
	struct sbk_table table = SBK_TABLE_INIT(sizeof(int), &arena);
	char key[32];
	bool fresh;
	int *value, i, round;

	(void)state;
	assert_null(sbk_table_find_text(&table, "0"));
	for (round = 0; round < 2; round++)
		for (i = 0; i < MANY; i++) {
			(void)snprintf(key, sizeof(key), "%d", i);
			value = sbk_table_put_text(&table, key, &fresh);
			assert_non_null(value);
			assert_int_equal(fresh, round == 0);
			assert_int_equal(*value, round == 0 ? 0 : i);
			*value = i;
		}
	assert_int_equal(table.used, MANY);
	for (i = 0; i < MANY; i++) {
		(void)snprintf(key, sizeof(key), "%d", i);
		value = sbk_table_find_text(&table, key);
		assert_non_null(value);
		assert_int_equal(*value, i);
	}
	assert_null(sbk_table_find_text(&table, "-1"));
	assert_null(sbk_table_find_text(&table, ""));
	sbk_table_clear(&table);
	assert_null(sbk_table_find_text(&table, "7"));
	value = sbk_table_put_text(&table, "7", &fresh);
	assert_true(fresh);
	assert_int_equal(*value, 0);
	sbk_table_release(&table);
	sbk_table_release(&table);
	sbk_arena_release(&arena);
}

/* Keys are bytes with a length: nothing in them ends them. */
static void test_table__keys_are_bytes(void **state)
{
	static const char bytes[] = "a\0b\0c";
	struct sbk_table set = SBK_TABLE_INIT(0, NULL);
	size_t size, got;
	bool fresh;

	(void)state;
	for (size = 0; size <= 5; size++) {
		const void *value = sbk_table_put(&set, bytes, size, &fresh);

		assert_true(fresh);
		/* Borrowed: the very same address. */
		assert_ptr_equal(sbk_table_key(value, &got), bytes);
		assert_int_equal(got, size);
	}
	assert_int_equal(set.used, 6);
	assert_non_null(sbk_table_find(&set, "a\0b", 3));
	assert_null(sbk_table_find(&set, "a\0c", 3));
	sbk_table_release(&set);
}

/* One address for equal bytes, whatever becomes of the caller's. */
static void test_table__owned_keys_stay_where_they_are(void **state)
{
	struct sbk_arena arena = SBK_ARENA_INIT;
	struct sbk_table set = SBK_TABLE_INIT(0, &arena);
	char key[32] = "first";
	const void *first, *again;
	size_t size;
	bool fresh;
	int i;

	(void)state;
	first = sbk_table_key(sbk_table_put_text(&set, key, &fresh), &size);
	assert_ptr_not_equal(first, key);
	for (i = 0; i < MANY; i++) {
		(void)snprintf(key, sizeof(key), "%d", i);
		assert_non_null(sbk_table_put_text(&set, key, &fresh));
	}
	again = sbk_table_key(sbk_table_put_text(&set, "first", &fresh), &size);
	assert_false(fresh);
	assert_ptr_equal(first, again);
	assert_string_equal(again, "first");
	sbk_table_release(&set);
	sbk_arena_release(&arena);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table__keeps_each_of_many),
		cmocka_unit_test(test_table__keys_are_bytes),
		cmocka_unit_test(test_table__owned_keys_stay_where_they_are),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
