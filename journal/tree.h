/*
 * An RFC 6962 Merkle tree, grown at its end: only the roots of the complete
 * subtrees on its right edge are kept, so that appending takes constant time
 * on average and no memory.
 *
 *	sbk_tree_init(&tree);
 *	sbk_tree_append(&tree, json, size);
 *	sbk_tree_root(&tree, root);
 */
#ifndef SBK_JOURNAL_TREE_H
#define SBK_JOURNAL_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SBK_TREE_HASH_BYTES 32
#define SBK_TREE_LEVELS 48 /* 2^48 entries are out of reach */
/*
 * Levels 6, 12, 18 ... are stored: each opening hashes the entries above the
 * last stored node anew, and 32 of them on average cost it 0.05 ms.
 */
#define SBK_TREE_STORED_EVERY 6

struct sbk_tree {
	uint64_t size; /* leaves */
	/* peak[l] is the root of a complete subtree of 2^l leaves, valid where
	 * bit l of `size` is set. */
	unsigned char peak[SBK_TREE_LEVELS][SBK_TREE_HASH_BYTES];
};

/* The journal's only SHA-256 but that of key ids (note.c). */
void sbk_sha256(const void *data, size_t size,
		unsigned char out[SBK_TREE_HASH_BYTES]);

void sbk_tree_init(struct sbk_tree *tree);

/* SHA-256(0x00 || data). */
void sbk_tree_leaf(const void *data, size_t size,
		   unsigned char out[SBK_TREE_HASH_BYTES]);

/* SHA-256(0x01 || left || right); `out` may be one of them. */
void sbk_tree_node(const unsigned char left[SBK_TREE_HASH_BYTES],
		   const unsigned char right[SBK_TREE_HASH_BYTES],
		   unsigned char out[SBK_TREE_HASH_BYTES]);

/* Called with each subtree that is complete now and stands on a level that
 * is stored; `n` counts the subtrees of that level from 0. */
typedef int sbk_tree_complete_fn(void *arg, int level, uint64_t n,
				 const unsigned char *hash);

/* 0, or what `complete` returned (the tree has grown all the same). `complete`
 * may be NULL. */
int sbk_tree_append(struct sbk_tree *tree, const void *data, size_t size,
		    sbk_tree_complete_fn *complete, void *arg);

/*
 * Adds a whole subtree of 2^level leaves to a tree that is complete up to
 * that level: how a tree is loaded from its stored nodes. False when it is
 * not, or when the tree would have more levels than there can be.
 */
bool sbk_tree_graft(struct sbk_tree *tree, int level,
		    const unsigned char *hash);

void sbk_tree_root(const struct sbk_tree *tree,
		   unsigned char out[SBK_TREE_HASH_BYTES]);

#endif
