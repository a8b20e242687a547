/* A text is read whole or not at all, whichever allocation fails. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "engine/json_load.h"
#include "tests/support/test.h"

#include "engine/banned.h"

#define BLOCKS_MAX 64

static unsigned long counted, failing;
static void *blocks[BLOCKS_MAX]; /* of the reading that is to fail */

static void *failing_malloc(size_t size)
{
	void *block = ++counted == failing ? NULL : malloc(size);

	if (failing != 0 && counted < BLOCKS_MAX)
		blocks[counted] = block;
	return block;
}

static void failing_free(void *block)
{
	size_t i;

	for (i = 0; block != NULL && i < BLOCKS_MAX; i++)
		if (blocks[i] == block)
			blocks[i] = NULL;
	free(block);
}

/* What a reading that failed left, as its header says. */
static void free_the_rest(bool failed)
{
	size_t i;

	for (i = 0; i < BLOCKS_MAX; i++) {
		if (failed)
			free(blocks[i]);
		blocks[i] = NULL;
	}
}

static json_t *read_failing(const char *text, unsigned long n,
			    json_error_t *why)
{
	json_t *out;

	counted = 0;
	failing = n;
	out = sbk_json_load(text, strlen(text), JSON_REJECT_DUPLICATES, why);
	failing = 0;
	assert_true(counted < BLOCKS_MAX);
	free_the_rest(out == NULL);
	return out;
}

/* Strings, keys and numbers whose buffers have to grow, at each character
 * that it can happen at: the last one, the closing quote, is the worst. */
static void test_json_load__whole_or_not_at_all(void **state)
{
	static const char digits[] = "123456789012345678901234567890";
	unsigned long n = 1, refused = 0;
	int size;

	(void)state;
	for (size = 1; size < 140; size++) {
		char text[600];
		json_t *whole, *got;
		json_error_t why;

		(void)snprintf(text, sizeof(text),
			       "{\"%0*d\":[\"%0*d\\u00fc\xc3\xbc\",1.%.*s]}",
			       size, 1, size, 2, size % 30, digits);
		if (size % 30 == 0)
			continue;
		whole = read_failing(text, 0, &why);
		assert_non_null(whole);
		for (n = 1; (got = read_failing(text, n, &why)) == NULL ||
			    counted >= n;
		     n++) {
			if (got == NULL)
				assert_int_equal(json_error_code(&why),
						 json_error_out_of_memory);
			else
				assert_true(json_equal(got, whole));
			refused += got == NULL;
			json_decref(got);
		}
		assert_true(json_equal(got, whole));
		json_decref(got);
		json_decref(whole);
	}
	assert_true(refused > 1000);
}

/* It is no lack of memory. */
static void test_json_load__what_is_malformed(void **state)
{
	json_error_t why;

	(void)state;
	assert_null(sbk_json_load("{\"a\":", 5, 0, &why));
	assert_int_not_equal(json_error_code(&why), json_error_out_of_memory);
	assert_null(sbk_json_load("{\"a\":", 5, 0, NULL));
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_json_load__whole_or_not_at_all),
	cmocka_unit_test(test_json_load__what_is_malformed),
};

int main(int argc, char **argv)
{
	json_set_alloc_funcs(failing_malloc, failing_free);
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
