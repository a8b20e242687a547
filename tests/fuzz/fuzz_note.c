/*
 * Fuzz target: what a log is shown by. The first byte says what the rest is:
 *
 *	N  a signed note, perhaps a checkpoint
 *	K  a public key, or the line of a private one
 *	E  a proof of an entry: two bytes for which and of how many, then
 *changes G  one that a log has grown: two bytes for from and to, then changes
 *
 * What is read prints as what it was read from; an honest proof holds and no
 * changed one does. A change is two bytes: where, and what is added.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/honest.h"

#include "engine/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The key of no note that a fuzzer could come upon. */
static const struct sbk_note_key *some_key(void)
{
	static struct sbk_note_signer signer;
	static bool made;

	if (!made)
		honest_signer("sandbook/user/0123456789abcdef0123456789abcdef",
			      &signer);
	made = true;
	return &signer.key;
}

static void assert_same(const struct sbk_buf *printed, const char *text,
			size_t size)
{
	must(printed->failure == 0 && printed->size == size &&
	     memcmp(printed->data, text, size) == 0);
}

static void read_note(const char *text, size_t size)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_checkpoint checkpoint;
	struct sbk_buf printed = SBK_BUF_INIT;
	struct sbk_note note;
	uint64_t seconds = 0;

	if (sbk_note_parse(text, size, &note, &err) < 0) {
		must(err.message[0] != '\0');
		return;
	}
	must(note.text == text && note.text_size > 0 &&
	     note.text[note.text_size - 1] == '\n');
	must(note.signatures > text &&
	     note.signatures + note.signatures_size == text + size);
	must(sbk_note_verify(&note, some_key()) != 1);
	must(sbk_note_verify_cosignature(&note, some_key(), &seconds) != 1);
	if (sbk_checkpoint_parse(&note, &checkpoint, &err) < 0) {
		must(err.message[0] != '\0');
		return;
	}
	sbk_checkpoint_print(&checkpoint, &printed);
	assert_same(&printed, note.text, note.text_size);
	sbk_buf_release(&printed);
}

static void read_key(const char *text, size_t size)
{
	struct sbk_buf printed = SBK_BUF_INIT;
	struct sbk_note_signer signer;
	struct sbk_note_key key;

	if (sbk_note_key_parse(text, size, &key, NULL) == 0) {
		sbk_note_key_print(&key, &printed);
		assert_same(&printed, text, size);
		must(sbk_note_key_equal(&key, &key));
	}
	sbk_buf_release(&printed);
	if (sbk_note_signer_parse(text, size, &signer, NULL) == 0) {
		sbk_note_signer_print(&signer, &printed);
		/* With or without the end of its line. */
		must(printed.size >= size &&
		     memcmp(printed.data, text, size) == 0);
		sbk_note_signer_erase(&signer);
	}
	sbk_buf_release(&printed);
}

struct shown {
	struct sbk_proof proof;
	unsigned char from[SBK_TREE_HASH_BYTES]; /* a leaf, or the old root */
	unsigned char to[SBK_TREE_HASH_BYTES];
};

static void change_hash(unsigned char *hash, const uint8_t *change)
{
	unsigned char *byte = &hash[change[0] % SBK_TREE_HASH_BYTES];

	*byte = (unsigned char)(*byte + change[1]);
}

/* Whether anything is other than it was. */
static bool change(struct shown *s, const uint8_t *data, size_t size)
{
	const struct shown before = *s;
	const size_t hashes = s->proof.count + 2;
	size_t at;

	for (; size >= 2; size -= 2, data += 2) {
		at = data[0] / SBK_TREE_HASH_BYTES % hashes;
		if (at == 0)
			change_hash(s->from, data);
		else if (at == 1)
			change_hash(s->to, data);
		else
			change_hash(s->proof.hashes[at - 2], data);
	}
	if (size == 1 && s->proof.count > 0)
		s->proof.count--;
	return memcmp(&before, s, sizeof(before)) != 0;
}

static void read_entry_proof(const uint8_t *data, size_t size)
{
	struct shown s = {.proof = {.count = 0}};
	uint64_t n, of;

	if (size < 2 || data[1] == 0)
		return;
	of = data[1];
	n = data[0] % of;
	honest_entry(n, of, &s.proof);
	honest_leaf(n, s.from);
	honest_root(of, s.to);
	if (change(&s, data + 2, size - 2))
		must(!sbk_proof_entry_holds(&s.proof, n, s.from, of, s.to));
	else
		must(sbk_proof_entry_holds(&s.proof, n, s.from, of, s.to));
	/* Numbers of an enemy's, to their ends. */
	(void)sbk_proof_entry_holds(&s.proof, UINT64_MAX - n, s.from,
				    UINT64_MAX, s.to);
	must(!sbk_proof_entry_holds(&s.proof, of, s.from, of, s.to));
	must(!sbk_proof_entry_holds(&s.proof, 0, s.from, 0, s.to));
}

static void read_growth_proof(const uint8_t *data, size_t size)
{
	struct shown s = {.proof = {.count = 0}};
	uint64_t a, b;

	if (size < 2 || data[1] == 0)
		return;
	b = data[1];
	a = 1 + data[0] % b;
	honest_growth(a, b, &s.proof);
	honest_root(a, s.from);
	honest_root(b, s.to);
	if (change(&s, data + 2, size - 2) &&
	    (a < b || memcmp(s.from, s.to, sizeof(s.to)) != 0))
		must(!sbk_proof_growth_holds(&s.proof, a, s.from, b, s.to));
	else
		must(sbk_proof_growth_holds(&s.proof, a, s.from, b, s.to));
	(void)sbk_proof_growth_holds(&s.proof, UINT64_MAX - a, s.from,
				     UINT64_MAX, s.to);
	must(!sbk_proof_growth_holds(&s.proof, b + 1, s.from, b, s.to));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	if (data[0] == 'N')
		read_note((const char *)data + 1, size - 1);
	else if (data[0] == 'K')
		read_key((const char *)data + 1, size - 1);
	else if (data[0] == 'E')
		read_entry_proof(data + 1, size - 1);
	else if (data[0] == 'G')
		read_growth_proof(data + 1, size - 1);
	return 0;
}
