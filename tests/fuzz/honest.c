#include "tests/fuzz/honest.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "engine/banned.h"

void must(bool holds)
{
	if (!holds)
		abort();
}

/* --- keys: libsodium's random numbers are a counter ---------------------- */

static const char *counter_name(void)
{
	return "counter";
}

static uint32_t counter_next(void)
{
	static uint32_t counter;

	return ++counter;
}

static void counter_fill(void *out, const size_t size)
{
	const unsigned char value = (unsigned char)counter_next();

	memset(out, value, size);
}

void honest_signer(const char *name, struct sbk_note_signer *out)
{
	static struct randombytes_implementation counter = {
		.implementation_name = counter_name,
		.random = counter_next,
		.buf = counter_fill,
	};

	must(randombytes_set_implementation(&counter) == 0);
	must(sbk_note_signer_make(name, out, NULL) == 0);
}

/* --- the tree ------------------------------------------------------------ */

void honest_leaf(uint64_t n, unsigned char out[SBK_TREE_HASH_BYTES])
{
	const unsigned char data = (unsigned char)n;

	sbk_tree_leaf(&data, sizeof(data), out);
}

static uint64_t split_of(uint64_t count)
{
	uint64_t k = 1;

	while (k * 2 < count)
		k *= 2;
	return k;
}

static void hash_range(uint64_t start, uint64_t count, unsigned char *out)
{
	unsigned char right[SBK_TREE_HASH_BYTES];
	uint64_t k;

	if (count == 1) {
		honest_leaf(start, out);
		return;
	}
	k = split_of(count);
	hash_range(start, k, out);
	hash_range(start + k, count - k, right);
	sbk_tree_node(out, right, out);
}

void honest_root(uint64_t size, unsigned char out[SBK_TREE_HASH_BYTES])
{
	must(size > 0 && size <= HONEST_ENTRIES_MAX);
	hash_range(0, size, out);
}

static void add(struct sbk_proof *out, uint64_t start, uint64_t count)
{
	must(out->count < SBK_PROOF_HASHES_MAX);
	hash_range(start, count, out->hashes[out->count++]);
}

/* PATH of section 2.1.1, from the root down and turned round at the end. */
void honest_entry(uint64_t n, uint64_t size, struct sbk_proof *out)
{
	uint64_t start = 0, count = size, k;
	struct sbk_proof down = {.count = 0};
	size_t i;

	while (count > 1) {
		k = split_of(count);
		if (n - start < k) {
			add(&down, start + k, count - k);
			count = k;
		} else {
			add(&down, start, k);
			start += k;
			count -= k;
		}
	}
	out->count = down.count;
	for (i = 0; i < down.count; i++)
		memcpy(out->hashes[i], down.hashes[down.count - 1 - i],
		       sizeof(out->hashes[i]));
}

/* SUBPROOF of section 2.1.2, likewise. */
void honest_growth(uint64_t a, uint64_t b, struct sbk_proof *out)
{
	uint64_t start = 0, count = b, k;
	struct sbk_proof down = {.count = 0};
	size_t i;

	while (a - start != count) {
		k = split_of(count);
		if (a - start <= k) {
			add(&down, start + k, count - k);
			count = k;
		} else {
			add(&down, start, k);
			start += k;
			count -= k;
		}
	}
	if (start > 0)
		add(&down, start, count);
	out->count = down.count;
	for (i = 0; i < down.count; i++)
		memcpy(out->hashes[i], down.hashes[down.count - 1 - i],
		       sizeof(out->hashes[i]));
}
