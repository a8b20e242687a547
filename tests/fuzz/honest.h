/*
 * An honest log for fuzz targets: its roots, its proofs and keys, made from the
 * definitions of RFC 6962 and without a database. The same in each run, keys
 * included: what a fuzzer found can be replayed.
 */
#ifndef SBK_TESTS_HONEST_H
#define SBK_TESTS_HONEST_H

#include "journal/note.h"
#include "journal/proof.h"

#define HONEST_ENTRIES_MAX 255

void must(bool holds);

/* Signer `i` of a log; the same for the same order of calls. */
void honest_signer(const char *name, struct sbk_note_signer *out);

void honest_leaf(uint64_t n, unsigned char out[SBK_TREE_HASH_BYTES]);
void honest_root(uint64_t size, unsigned char out[SBK_TREE_HASH_BYTES]);
/* n < size; a <= b; up to HONEST_ENTRIES_MAX. */
void honest_entry(uint64_t n, uint64_t size, struct sbk_proof *out);
void honest_growth(uint64_t a, uint64_t b, struct sbk_proof *out);

#endif
