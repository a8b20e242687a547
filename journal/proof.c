/*
 * Proofs: made by the recursive definitions of RFC 6962, checked by the
 * algorithms of RFC 9162, sections 2.1.3.2 and 2.1.4.2, so that neither can
 * hide a mistake of the other. Nothing is handed out unchecked: a stored node
 * is only as good as who could write it.
 */
#include "journal/proof.h"
#include "journal/segment.h"

#include <string.h>

#include "engine/banned.h"

struct prover {
	struct sbk_journal *journal;
	struct sbk_proof *proof;
	uint64_t cut; /* entries before it were dropped */
	struct sbk_error *err;
};

/* --- hashes of ranges ---------------------------------------------------- */

static int lacks(struct prover *p, const char *what, uint64_t n)
{
	return sbk_error_set(p->err, SBK_E_CORRUPT,
			     "journal '%s' lacks %s %llu; see 'sandbook "
			     "journal verify'",
			     p->journal->db.path, what, (unsigned long long)n);
}

/* An entry that was dropped, from the segments that somebody kept. */
static int hash_dropped(struct prover *p, uint64_t n, unsigned char *out)
{
	const struct sbk_segment_leaves *leaves = p->journal->leaves;

	if (leaves != NULL && n >= leaves->first &&
	    n - leaves->first < leaves->count) {
		memcpy(out, leaves->hashes[n - leaves->first],
		       SBK_TREE_HASH_BYTES);
		return 0;
	}
	return sbk_error_set(p->err, SBK_E_NOTFOUND,
			     "the proof needs entry %llu, and entries 0 to "
			     "%llu of journal '%.200s' were exported and "
			     "dropped: give their file, --segment FILE",
			     (unsigned long long)n,
			     (unsigned long long)p->cut - 1,
			     p->journal->db.path);
}

static int hash_entry(struct prover *p, uint64_t n, unsigned char *out)
{
	struct sbk_db *db = &p->journal->db;
	sqlite3_stmt *row;
	int rc;

	if (n < p->cut)
		return hash_dropped(p, n, out);
	rc = sbk_db_statement(db, SBK_SQL_ENTRY, &row, p->err);
	if (rc < 0)
		return rc;
	(void)sqlite3_bind_int64(row, 1, (sqlite3_int64)n); /* cannot fail */
	rc = sbk_db_step(db, row, p->err);
	if (rc == 1) {
		const void *json = sqlite3_column_text(row, 0);

		sbk_tree_leaf(json != NULL ? json : "",
			      (size_t)sqlite3_column_bytes(row, 0), out);
	}
	(void)sqlite3_reset(row); /* the error is in p->err */
	return rc == 0 ? lacks(p, "entry", n) : rc < 0 ? rc : 0;
}

/* 1, or 0 where there is none. */
static int find_node(struct prover *p, int level, uint64_t n,
		     unsigned char *out)
{
	struct sbk_db *db = &p->journal->db;
	sqlite3_stmt *row;
	int rc = sbk_db_statement(db, SBK_SQL_NODE, &row, p->err);

	if (rc < 0)
		return rc;
	(void)sqlite3_bind_int(row, 1, level); /* cannot fail */
	(void)sqlite3_bind_int64(row, 2, (sqlite3_int64)n);
	rc = sbk_db_step(db, row, p->err);
	if (rc == 1 && sqlite3_column_bytes(row, 0) == SBK_TREE_HASH_BYTES)
		memcpy(out, sqlite3_column_blob(row, 0), SBK_TREE_HASH_BYTES);
	else if (rc == 1)
		rc = 0;
	(void)sqlite3_reset(row); /* the error is in p->err */
	return rc;
}

static int read_node(struct prover *p, int level, uint64_t n,
		     unsigned char *out)
{
	int rc = find_node(p, level, n, out);

	return rc == 0	? lacks(p, "a node above entry", n << level)
	       : rc < 0 ? rc
			: 0;
}

/* The largest power of two below `count`, which is at least 2. */
static uint64_t split_of(uint64_t count)
{
	uint64_t k = 1;

	while (k * 2 < count)
		k *= 2;
	return k;
}

/* The level of a subtree with `count` leaves; -1: it is not complete. */
static int level_of(uint64_t count)
{
	int level = 0;

	while ((uint64_t)1 << level < count)
		level++;
	return (uint64_t)1 << level == count ? level : -1;
}

/* `start` is a multiple of the power of two at or above `count`, as it is with
 * every range that the definitions split off. */
static int hash_range(struct prover *p, uint64_t start, uint64_t count,
		      unsigned char *out)
{
	unsigned char left[SBK_TREE_HASH_BYTES], right[SBK_TREE_HASH_BYTES];
	const int level = level_of(count);
	uint64_t k;
	int rc;

	if (level > 0 && level % SBK_TREE_STORED_EVERY == 0)
		return read_node(p, level, start >> level, out);
	/* What stands for the dropped part of a block. */
	if (level >= 0 && level < SBK_TREE_STORED_EVERY &&
	    start + count <= p->cut) {
		rc = find_node(p, level, start >> level, out);
		if (rc != 0)
			return rc < 0 ? rc : 0;
	}
	if (count == 1)
		return hash_entry(p, start, out);
	k = split_of(count);
	rc = hash_range(p, start, k, left);
	if (rc == 0)
		rc = hash_range(p, start + k, count - k, right);
	if (rc == 0)
		sbk_tree_node(left, right, out);
	return rc;
}

int sbk_proof_root(struct sbk_journal *journal, uint64_t size,
		   unsigned char root[SBK_TREE_HASH_BYTES],
		   struct sbk_error *err)
{
	struct prover p = {.journal = journal, .err = err};
	struct sbk_tree empty;
	int rc;

	if (size > 0) {
		rc = sbk_segment_cut(&journal->db, &p.cut, err);
		if (rc == 0 && size < p.cut)
			rc = sbk_segment_root(journal, size, root, err);
		if (rc != 0)
			return rc < 0 ? rc : 0;
		return hash_range(&p, 0, size, root);
	}
	sbk_tree_init(&empty);
	sbk_tree_root(&empty, root);
	return 0;
}

/* --- making -------------------------------------------------------------- */

static int add_range(struct prover *p, uint64_t start, uint64_t count)
{
	if (p->proof->count == SBK_PROOF_HASHES_MAX)
		return sbk_error_set(p->err, SBK_E_LIMIT,
				     "the proof would be too long");
	return hash_range(p, start, count, p->proof->hashes[p->proof->count++]);
}

/* PATH of section 2.1.1: of entry `n` within the range. */
static int add_path(struct prover *p, uint64_t n, uint64_t start,
		    uint64_t count)
{
	uint64_t k;
	int rc;

	if (count == 1)
		return 0;
	k = split_of(count);
	if (n < k) {
		rc = add_path(p, n, start, k);
		return rc < 0 ? rc : add_range(p, start + k, count - k);
	}
	rc = add_path(p, n - k, start + k, count - k);
	return rc < 0 ? rc : add_range(p, start, k);
}

/* SUBPROOF of section 2.1.2; `whole`: the verifier knows the old root. */
static int add_growth(struct prover *p, uint64_t old, uint64_t start,
		      uint64_t count, bool whole)
{
	uint64_t k;
	int rc;

	if (old == count)
		return whole ? 0 : add_range(p, start, count);
	k = split_of(count);
	if (old <= k) {
		rc = add_growth(p, old, start, k, whole);
		return rc < 0 ? rc : add_range(p, start + k, count - k);
	}
	rc = add_growth(p, old - k, start + k, count - k, false);
	return rc < 0 ? rc : add_range(p, start, k);
}

static int not_yielded(const struct sbk_journal *journal, struct sbk_error *err)
{
	return sbk_error_set(err, SBK_E_CORRUPT,
			     "journal '%s' does not yield the root that its "
			     "checkpoint has; see 'sandbook journal verify'",
			     journal->db.path);
}

int sbk_proof_of_entry(struct sbk_journal *journal, uint64_t n,
		       const struct sbk_checkpoint *checkpoint,
		       struct sbk_proof *out, struct sbk_error *err)
{
	struct prover p = {.journal = journal, .proof = out, .err = err};
	unsigned char leaf[SBK_TREE_HASH_BYTES];
	int rc = sbk_segment_cut(&journal->db, &p.cut, err);

	if (rc == 0)
		rc = hash_entry(&p, n, leaf);
	out->count = 0;
	if (rc == 0)
		rc = add_path(&p, n, 0, checkpoint->size);
	if (rc == 0 && !sbk_proof_entry_holds(out, n, leaf, checkpoint->size,
					      checkpoint->root))
		rc = not_yielded(journal, err);
	return rc;
}

int sbk_proof_of_growth(struct sbk_journal *journal, uint64_t a,
			const struct sbk_checkpoint *b, struct sbk_proof *out,
			struct sbk_error *err)
{
	struct prover p = {.journal = journal, .proof = out, .err = err};
	unsigned char root[SBK_TREE_HASH_BYTES];
	int rc = sbk_proof_root(journal, a, root, err);

	out->count = 0;
	if (rc == 0)
		rc = sbk_segment_cut(&journal->db, &p.cut, err);
	if (rc == 0 && a > 0)
		rc = add_growth(&p, a, 0, b->size, true);
	if (rc == 0 && !sbk_proof_growth_holds(out, a, root, b->size, b->root))
		rc = not_yielded(journal, err);
	return rc;
}

/* --- checking ------------------------------------------------------------ */

static bool same(const unsigned char *a, const unsigned char *b)
{
	return memcmp(a, b, SBK_TREE_HASH_BYTES) == 0;
}

/* RFC 9162, section 2.1.3.2. */
bool sbk_proof_entry_holds(const struct sbk_proof *proof, uint64_t n,
			   const unsigned char leaf[SBK_TREE_HASH_BYTES],
			   uint64_t size,
			   const unsigned char root[SBK_TREE_HASH_BYTES])
{
	unsigned char hash[SBK_TREE_HASH_BYTES];
	uint64_t at = n, last = size - 1;
	size_t i;

	if (n >= size)
		return false;
	memcpy(hash, leaf, sizeof(hash));
	for (i = 0; i < proof->count; i++) {
		if (last == 0)
			return false;
		if ((at & 1) != 0 || at == last) {
			sbk_tree_node(proof->hashes[i], hash, hash);
			while ((at & 1) == 0 && at != 0) {
				at >>= 1;
				last >>= 1;
			}
		} else {
			sbk_tree_node(hash, proof->hashes[i], hash);
		}
		at >>= 1;
		last >>= 1;
	}
	return last == 0 && same(hash, root);
}

/* RFC 9162, section 2.1.4.2, from the hash that both trees have on. */
static bool fold_growth(const struct sbk_proof *proof, size_t first,
			const unsigned char *start, uint64_t at, uint64_t last,
			const unsigned char *root_a,
			const unsigned char *root_b)
{
	unsigned char old[SBK_TREE_HASH_BYTES], new[SBK_TREE_HASH_BYTES];
	size_t i;

	memcpy(old, start, sizeof(old));
	memcpy(new, start, sizeof(new));
	for (i = first; i < proof->count; i++) {
		if (last == 0)
			return false;
		if ((at & 1) != 0 || at == last) {
			sbk_tree_node(proof->hashes[i], old, old);
			sbk_tree_node(proof->hashes[i], new, new);
			while ((at & 1) == 0 && at != 0) {
				at >>= 1;
				last >>= 1;
			}
		} else {
			sbk_tree_node(new, proof->hashes[i], new);
		}
		at >>= 1;
		last >>= 1;
	}
	return last == 0 && same(old, root_a) && same(new, root_b);
}

bool sbk_proof_growth_holds(const struct sbk_proof *proof, uint64_t a,
			    const unsigned char root_a[SBK_TREE_HASH_BYTES],
			    uint64_t b,
			    const unsigned char root_b[SBK_TREE_HASH_BYTES])
{
	uint64_t at = a - 1, last = b - 1;

	if (a > b)
		return false;
	if (a == 0 || a == b) /* nothing to prove, or the same */
		return proof->count == 0 && (a == 0 || same(root_a, root_b));
	while ((at & 1) != 0) {
		at >>= 1;
		last >>= 1;
	}
	/* Where the old tree is complete, it is the hash to start with. */
	if ((a & (a - 1)) == 0)
		return fold_growth(proof, 0, root_a, at, last, root_a, root_b);
	return proof->count > 0 && fold_growth(proof, 1, proof->hashes[0], at,
					       last, root_a, root_b);
}
