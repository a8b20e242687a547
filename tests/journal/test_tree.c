/*
 * The Merkle tree against roots computed by tests/journal/rfc6962.py, an
 * implementation straight from the recursive definition of RFC 6962.
 */
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

#include "engine/buf.h"
#include "journal/tree.h"

#include "engine/banned.h"

static const struct {
	int leaves; /* "entry 0", "entry 1" ... */
	const char *root;
} vectors[] = {
	{0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
	{1, "773885a613489e24ce2cf76199d6a423f042e4bbf12d7eecee912ef276c65701"},
	{2, "5a47662fd8a317d96049a3f9f47c55dc67ca66051baa3683dbb19b2fe09a07b0"},
	{3, "94fbd0dd836f50301692e6d0eade728ee19ec52bfff1606ed807c8575d5aaa19"},
	{7, "98c97f0ba3175cd08b031dd084b9dc4e649b64d1a28e6ea694646503173ab587"},
	{8, "b69732ce5c914162ca9accfaf4e95d3f9874d68805437088aaff184a4db96773"},
	{255,
	 "cf66793e6329dff242eb3cee0a6f36ad3e3a196dcc573a1ec775e102be863f1c"},
	{256,
	 "da6596d95369f5fef322ab8e4e0da3b0b50236aa9c8a3b1d246f7411c9e2e32e"},
	{257,
	 "5c1fdfe835358022f2392de478dbe053fc130cfe1d3a082879a90cf6bf14bf7e"},
	{513,
	 "78d674cc3de6985c25d64763bb968acf022d827ebc1158584a6629baebc4c31c"},
	{1000,
	 "346c6b9cb89c4b76fac9dcb20cda86e3a01c0a57417c139028eacd4538fde95b"},
	{70000,
	 "a3920fba7f239a071a9bd10721f1341addefbaededb41c7e24437a9d16bdf00a"},
};

/* The nodes that appending reported, as the journal would store them. */
struct stored {
	struct {
		int level;
		uint64_t n;
		unsigned char hash[SBK_TREE_HASH_BYTES];
	} nodes[2048];
	size_t count;
};

static int keep(void *arg, int level, uint64_t n, const unsigned char *hash)
{
	struct stored *stored = arg;

	assert_true(stored->count < 2048);
	stored->nodes[stored->count].level = level;
	stored->nodes[stored->count].n = n;
	memcpy(stored->nodes[stored->count].hash, hash, SBK_TREE_HASH_BYTES);
	stored->count++;
	return 0;
}

static void append(struct sbk_tree *tree, int i, struct stored *stored)
{
	char text[32];
	int size = snprintf(text, sizeof(text), "entry %d", i);

	assert_int_equal(sbk_tree_append(tree, text, (size_t)size,
					 stored != NULL ? keep : NULL, stored),
			 0);
}

static void assert_root(const struct sbk_tree *tree, const char *hex)
{
	unsigned char root[SBK_TREE_HASH_BYTES], wanted[SBK_TREE_HASH_BYTES];

	assert_true(sbk_hex_decode(hex, wanted, sizeof(wanted)));
	sbk_tree_root(tree, root);
	assert_memory_equal(root, wanted, sizeof(root));
}

static void test_tree__roots_are_those_of_rfc_6962(void **state)
{
	struct sbk_tree tree;
	size_t v = 0;
	int i;

	(void)state;
	sbk_tree_init(&tree);
	for (i = 0; v < sizeof(vectors) / sizeof(vectors[0]); i++) {
		if (vectors[v].leaves == i)
			assert_root(&tree, vectors[v++].root);
		append(&tree, i, NULL);
	}
}

static void test_tree__loads_from_stored_nodes(void **state)
{
	static struct stored stored;
	struct sbk_tree tree, loaded;
	unsigned char a[SBK_TREE_HASH_BYTES], b[SBK_TREE_HASH_BYTES];
	int i, level;
	size_t n;

	(void)state;
	sbk_tree_init(&tree);
	for (i = 0; i < 70000; i++)
		append(&tree, i, &stored);
	sbk_tree_init(&loaded);
	for (level = 42; level > 0; level -= SBK_TREE_STORED_EVERY)
		for (n = 0; n < stored.count; n++)
			if (stored.nodes[n].level == level &&
			    stored.nodes[n].n == loaded.size >> level)
				assert_true(sbk_tree_graft(
					&loaded, level, stored.nodes[n].hash));
	assert_int_equal(loaded.size, 70000 / 64 * 64);
	for (i = (int)loaded.size; i < 70000; i++)
		append(&loaded, i, NULL);
	sbk_tree_root(&tree, a);
	sbk_tree_root(&loaded, b);
	assert_memory_equal(a, b, sizeof(a));
	/* Of 2^6, of 2^12, and none of 2^18. */
	assert_int_equal(stored.count, 70000 / 64 + 70000 / 4096);
}

static void test_tree__refuses_a_subtree_out_of_place(void **state)
{
	unsigned char hash[SBK_TREE_HASH_BYTES] = {0};
	struct sbk_tree tree;

	(void)state;
	sbk_tree_init(&tree);
	append(&tree, 0, NULL);
	assert_false(sbk_tree_graft(&tree, 6, hash));
	assert_true(sbk_tree_graft(&tree, 0, hash));
}

/* As many nodes as somebody may have put into a database. */
static void test_tree__grows_no_higher_than_its_levels(void **state)
{
	const unsigned char hash[SBK_TREE_HASH_BYTES] = {0};
	struct sbk_tree tree;
	int i;

	(void)state;
	sbk_tree_init(&tree);
	for (i = 0; i < 63; i++)
		assert_true(sbk_tree_graft(&tree, SBK_TREE_LEVELS - 6, hash));
	assert_false(sbk_tree_graft(&tree, SBK_TREE_LEVELS - 6, hash));
	assert_int_equal(tree.size, (uint64_t)63 << (SBK_TREE_LEVELS - 6));
}

static int refuse(void *arg, int level, uint64_t n, const unsigned char *hash)
{
	(void)arg;
	(void)level;
	(void)n;
	(void)hash;
	return SBK_E_IO;
}

static void test_tree__passes_a_failure_on(void **state)
{
	struct sbk_tree tree;
	int i;

	(void)state;
	sbk_tree_init(&tree);
	for (i = 0; i < 63; i++)
		assert_int_equal(sbk_tree_append(&tree, "x", 1, refuse, NULL),
				 0);
	assert_int_equal(sbk_tree_append(&tree, "x", 1, refuse, NULL),
			 SBK_E_IO);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_tree__roots_are_those_of_rfc_6962),
	cmocka_unit_test(test_tree__loads_from_stored_nodes),
	cmocka_unit_test(test_tree__refuses_a_subtree_out_of_place),
	cmocka_unit_test(test_tree__grows_no_higher_than_its_levels),
	cmocka_unit_test(test_tree__passes_a_failure_on),
};

SBK_TEST_MAIN(tests)
