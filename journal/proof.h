/*
 * Proofs of the tree (RFC 6962, sections 2.1.1 and 2.1.2): that an entry is in
 * it, and that a larger one is a smaller one continued. Made from the stored
 * nodes and at most 64 entries at either end, so that none reads all of a log.
 */
#ifndef SBK_JOURNAL_PROOF_H
#define SBK_JOURNAL_PROOF_H

#include "journal/internal.h"
#include "journal/note.h"

/* More than a tree of 2^SBK_TREE_LEVELS entries needs. */
#define SBK_PROOF_HASHES_MAX 63

struct sbk_proof {
	unsigned char hashes[SBK_PROOF_HASHES_MAX][SBK_TREE_HASH_BYTES];
	size_t count;
};

/*
 * Of entries that were dropped what is stored still stands for, or what
 * journal->leaves has; else NOTFOUND, and how to mend it.
 *
 * In the caller's snapshot. `size`, `b` and the root are a checkpoint's; what
 * is made was checked against them: SBK_E_CORRUPT where the journal does not
 * yield it. n < size; a <= b.
 */
int sbk_proof_of_entry(struct sbk_journal *journal, uint64_t n,
		       const struct sbk_checkpoint *checkpoint,
		       struct sbk_proof *out, struct sbk_error *err);
int sbk_proof_of_growth(struct sbk_journal *journal, uint64_t a,
			const struct sbk_checkpoint *b, struct sbk_proof *out,
			struct sbk_error *err);

/* The root of the first `size` entries, from the stored nodes. */
int sbk_proof_root(struct sbk_journal *journal, uint64_t size,
		   unsigned char root[SBK_TREE_HASH_BYTES],
		   struct sbk_error *err);

/* Whether the proof shows what it is for. */
bool sbk_proof_entry_holds(const struct sbk_proof *proof, uint64_t n,
			   const unsigned char leaf[SBK_TREE_HASH_BYTES],
			   uint64_t size,
			   const unsigned char root[SBK_TREE_HASH_BYTES]);
bool sbk_proof_growth_holds(const struct sbk_proof *proof, uint64_t a,
			    const unsigned char root_a[SBK_TREE_HASH_BYTES],
			    uint64_t b,
			    const unsigned char root_b[SBK_TREE_HASH_BYTES]);

#endif
