/*
 * Proofs of a real journal's tree: each holds, and none holds for anything
 * else. The texts of the commands are checked by tlog_check.py.
 */
#include "tests/journal/fixture.h"

#include <stdio.h>
#include <string.h>

#include "journal/proof.h"

#include "engine/banned.h"

#define FIXTURE_TEST(name) \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

/* A journal of a few hundred entries: nodes of level 6 are stored. */
static struct sbk_journal *make_history(struct fixture *f)
{
	struct sbk_journal *journal;

	fixture_tree(f, 300);
	journal = fixture_locked(f);
	(void)fixture_grant(f, journal, "/w");
	return journal;
}

static struct sbk_checkpoint head(struct fixture *f,
				  struct sbk_journal *journal, uint64_t size)
{
	struct sbk_checkpoint out = {.size = size};

	assert_ok(sbk_proof_root(journal, size, out.root, &f->err), &f->err);
	return out;
}

static void leaf_of(struct sbk_journal *journal, uint64_t n, unsigned char *out)
{
	sqlite3_stmt *row;

	assert_int_equal(
		sbk_db_statement(&journal->db, SBK_SQL_ENTRY, &row, NULL), 0);
	sqlite3_bind_int64(row, 1, (sqlite3_int64)n);
	assert_int_equal(sqlite3_step(row), SQLITE_ROW);
	sbk_tree_leaf(sqlite3_column_text(row, 0),
		      (size_t)sqlite3_column_bytes(row, 0), out);
	sqlite3_reset(row);
}

static void test_proof__roots_are_those_of_the_tree(void **state)
{
	struct fixture *f = *state;
	struct sbk_journal *journal = make_history(f);
	unsigned char root[SBK_TREE_HASH_BYTES];
	struct sbk_tree tree;
	uint64_t n;

	sbk_tree_init(&tree);
	for (n = 0; n <= journal->tree.size; n++) {
		unsigned char leaf[SBK_TREE_HASH_BYTES];

		sbk_tree_root(&tree, root);
		assert_memory_equal(head(f, journal, n).root, root,
				    sizeof(root));
		if (n == journal->tree.size)
			break;
		leaf_of(journal, n, leaf);
		assert_true(sbk_tree_graft(&tree, 0, leaf));
	}
	sbk_journal_close(journal);
}

static void test_proof__of_every_entry(void **state)
{
	struct fixture *f = *state;
	struct sbk_journal *journal = make_history(f);
	const uint64_t sizes[] = {1,   2,   63,	 64,  65,  127,
				  128, 200, 256, 257, 300, journal->tree.size};
	struct sbk_proof proof;
	size_t i, j;
	uint64_t n;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		const struct sbk_checkpoint at = head(f, journal, sizes[i]);

		for (n = 0; n < sizes[i]; n++) {
			unsigned char leaf[SBK_TREE_HASH_BYTES];

			assert_ok(sbk_proof_of_entry(journal, n, &at, &proof,
						     &f->err),
				  &f->err);
			leaf_of(journal, n, leaf);
			assert_true(sbk_proof_entry_holds(&proof, n, leaf,
							  at.size, at.root));
			/* Another place, size, entry; a changed, missing or
			 * added hash. */
			assert_false(sbk_proof_entry_holds(&proof, n + 1, leaf,
							   at.size, at.root));
			assert_false(sbk_proof_entry_holds(
				&proof, at.size, leaf, at.size, at.root));
			leaf[7] ^= 1;
			assert_false(sbk_proof_entry_holds(&proof, n, leaf,
							   at.size, at.root));
			leaf[7] ^= 1;
			for (j = 0; j < proof.count; j++) {
				proof.hashes[j][31] ^= 1;
				assert_false(sbk_proof_entry_holds(
					&proof, n, leaf, at.size, at.root));
				proof.hashes[j][31] ^= 1;
			}
			proof.count++;
			assert_false(sbk_proof_entry_holds(&proof, n, leaf,
							   at.size, at.root));
			proof.count -= 2;
			if (at.size > 1)
				assert_false(sbk_proof_entry_holds(
					&proof, n, leaf, at.size, at.root));
		}
	}
	sbk_journal_close(journal);
}

static void test_proof__of_growth(void **state)
{
	struct fixture *f = *state;
	struct sbk_journal *journal = make_history(f);
	const uint64_t sizes[] = {
		1, 2, 3, 64, 65, 128, 129, 200, 256, 300, journal->tree.size};
	struct sbk_proof proof;
	size_t i, j;
	uint64_t a;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		const struct sbk_checkpoint b = head(f, journal, sizes[i]);

		for (a = 0; a <= b.size; a++) {
			struct sbk_checkpoint old = head(f, journal, a);

			assert_ok(sbk_proof_of_growth(journal, a, &b, &proof,
						      &f->err),
				  &f->err);
			assert_true(sbk_proof_growth_holds(&proof, a, old.root,
							   b.size, b.root));
			if (a == 0)
				continue;
			old.root[0] ^= 1;
			assert_false(sbk_proof_growth_holds(&proof, a, old.root,
							    b.size, b.root));
			old.root[0] ^= 1;
			for (j = 0; j < proof.count; j++) {
				proof.hashes[j][0] ^= 1;
				assert_false(sbk_proof_growth_holds(
					&proof, a, old.root, b.size, b.root));
				proof.hashes[j][0] ^= 1;
			}
			proof.count++;
			assert_false(sbk_proof_growth_holds(&proof, a, old.root,
							    b.size, b.root));
		}
	}
	sbk_journal_close(journal);
}

/* What a changed journal would prove is not handed out. */
static void test_proof__none_of_what_was_altered(void **state)
{
	struct fixture *f = *state;
	struct sbk_journal *journal = make_history(f);
	const struct sbk_checkpoint at = head(f, journal, journal->tree.size);
	struct sbk_proof proof;

	assert_ok(sbk_proof_of_entry(journal, 20, &at, &proof, &f->err),
		  &f->err);
	fixture_sql(f, "UPDATE entry SET json = json || ' ' WHERE n = 20");
	assert_error(sbk_proof_of_entry(journal, 20, &at, &proof, &f->err),
		     SBK_E_CORRUPT, &f->err);
	assert_error(sbk_proof_of_growth(journal, 21, &at, &proof, &f->err),
		     SBK_E_CORRUPT, &f->err);
	/* Far from it, it is its block's stored node that counts. */
	assert_ok(sbk_proof_of_entry(journal, 100, &at, &proof, &f->err),
		  &f->err);
	fixture_sql(f, "UPDATE node SET hash = zeroblob(32) WHERE n = 0");
	assert_error(sbk_proof_of_entry(journal, 100, &at, &proof, &f->err),
		     SBK_E_CORRUPT, &f->err);
	fixture_sql(f, "DELETE FROM node WHERE n = 0");
	assert_error(sbk_proof_of_entry(journal, 100, &at, &proof, &f->err),
		     SBK_E_CORRUPT, &f->err);
	fixture_sql(f, "DELETE FROM entry WHERE n = 70");
	assert_error(sbk_proof_of_entry(journal, 71, &at, &proof, &f->err),
		     SBK_E_CORRUPT, &f->err);
	sbk_journal_close(journal);
}

static const struct CMUnitTest tests[] = {
	FIXTURE_TEST(test_proof__roots_are_those_of_the_tree),
	FIXTURE_TEST(test_proof__of_every_entry),
	FIXTURE_TEST(test_proof__of_growth),
	FIXTURE_TEST(test_proof__none_of_what_was_altered),
};

SBK_TEST_MAIN(tests)
