/*
 * Fuzz target: a person's answer to the witness (journal/witness_judge.c).
 *
 * The first three bytes say how many entries of an honest log were seen, how
 * many there are now, and how often its key was handed over; the answer that
 * its owner would give is made of them and signed. Each four bytes after them
 * change one byte of it: three for where in the struct, as 64-bit machines lay
 * it out, and one to be added to what is there.
 *
 * Without a change the answer is believed. With whatever changes no other
 * checkpoint is: what is SEEN or SAME is the log's own. And what is said of it
 * can be printed.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/json.h"
#include "journal/signing.h"
#include "journal/witness.h"
#include "tests/fuzz/honest.h"

#include "engine/banned.h"

#define NAME "sandbook/user/0123456789abcdef0123456789abcdef"
#define KEYS 4
#define CHANGE_BYTES 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct sbk_note_signer *signer_of(unsigned int i)
{
	static struct sbk_note_signer signers[KEYS];
	static bool made;
	unsigned int n;

	for (n = 0; !made && n < KEYS; n++)
		honest_signer(NAME, &signers[n]);
	made = true;
	return &signers[i];
}

static void print_key(const struct sbk_note_signer *signer, char *out,
		      size_t size)
{
	struct sbk_buf text = SBK_BUF_INIT;

	sbk_note_key_print(&signer->key, &text);
	must(text.failure == 0 && text.size < size);
	(void)snprintf(out, size, "%s", sbk_buf_text(&text));
	sbk_buf_release(&text);
}

static void head_of(uint64_t entries, struct sbk_checkpoint *out)
{
	*out = (struct sbk_checkpoint){.size = entries, .origin = NAME};
	honest_root(entries, out->root);
}

/* Entry 1 + i names key 1 + i. */
static void hand_over(struct sbk_witness_answer *a, unsigned int i)
{
	struct sbk_witness_handover *item = &a->handovers[i];
	unsigned char signature[SBK_NOTE_SIGNATURE_BYTES];
	struct sbk_buf text = SBK_BUF_INIT, base64 = SBK_BUF_INIT;

	item->entry = 1 + i;
	honest_root(item->entry, item->root);
	print_key(signer_of(i + 1), item->key, sizeof(item->key));
	sbk_key_print_handover(&signer_of(i + 1)->key, item->entry, item->root,
			       &text);
	sbk_note_sign(signer_of(i), text.data, text.size, signature);
	sbk_base64_add(&base64, signature, sizeof(signature));
	must(base64.failure == 0 && base64.size < sizeof(item->signature));
	(void)snprintf(item->signature, sizeof(item->signature), "%s",
		       sbk_buf_text(&base64));
	sbk_buf_release(&text);
	sbk_buf_release(&base64);
	a->handover_count++;
}

static void answer_honestly(struct sbk_witness_answer *a, uint64_t seen,
			    const struct sbk_checkpoint *now,
			    unsigned int handovers)
{
	struct sbk_proof proof = {.count = 0};
	struct sbk_buf note = SBK_BUF_INIT;
	unsigned int i;

	a->format = SBK_WITNESS_FORMAT;
	a->found = 1;
	for (i = 0; i < handovers; i++)
		hand_over(a, i);
	print_key(signer_of(handovers), a->key, sizeof(a->key));
	sbk_checkpoint_print(now, &note);
	sbk_note_add_signature(&note, note.size, signer_of(handovers));
	must(note.failure == 0 && note.size <= sizeof(a->note));
	memcpy(a->note, note.data, note.size);
	a->note_size = (uint32_t)note.size;
	sbk_buf_release(&note);
	if (seen > 0 && seen <= now->size)
		honest_growth(seen, now->size, &proof);
	memcpy(a->proof, proof.hashes, sizeof(a->proof));
	a->proof_count = (uint32_t)proof.count;
}

/* Whether anything is other than it was. */
static bool change(struct sbk_witness_answer *a, const uint8_t *data,
		   size_t size)
{
	struct sbk_witness_answer *before = malloc(sizeof(*before));
	unsigned char *bytes = (unsigned char *)a;
	bool changed;

	must(before != NULL);
	memcpy(before, a, sizeof(*before));
	for (; size >= CHANGE_BYTES; size -= CHANGE_BYTES) {
		const size_t at = ((size_t)data[0] << 16 |
				   (size_t)data[1] << 8 | data[2]) %
				  sizeof(*a);

		bytes[at] = (unsigned char)(bytes[at] + data[3]);
		data += CHANGE_BYTES;
	}
	changed = memcmp(before, a, sizeof(*before)) != 0;
	free(before);
	return changed;
}

/* Escaping it again doubles its backslashes and does nothing else. */
static void assert_printable(const struct sbk_buf *text)
{
	struct sbk_buf again = SBK_BUF_INIT;
	size_t i, doubled = 0;

	for (i = 0; i < text->size; i++)
		doubled += text->data[i] == '\\';
	sbk_text_escape(&again, sbk_buf_text(text));
	must(again.failure == 0 && again.size == text->size + doubled);
	sbk_buf_release(&again);
}

static void assert_believed(const struct sbk_witness_opinion *opinion,
			    const struct sbk_checkpoint *now)
{
	struct sbk_checkpoint kept;
	struct sbk_note note;

	must(opinion->head.size == now->size &&
	     strcmp(opinion->head.origin, now->origin) == 0 &&
	     memcmp(opinion->head.root, now->root, sizeof(now->root)) == 0);
	must(sbk_note_parse(sbk_buf_text(&opinion->note), opinion->note.size,
			    &note, NULL) == 0 &&
	     sbk_checkpoint_parse(&note, &kept, NULL) == 0 &&
	     sbk_note_verify(&note, &opinion->key) == 1);
	must(kept.size == now->size &&
	     memcmp(kept.root, now->root, sizeof(now->root)) == 0);
}

static void judge(const struct sbk_witnessed *seen,
		  const struct sbk_checkpoint *now,
		  const struct sbk_witness_answer *answer, bool changed)
{
	struct sbk_witness_opinion opinion;
	bool believed;

	must(sbk_witness_judge(seen, answer, &opinion, NULL) == 0);
	believed = opinion.result == SBK_WITNESS_SEEN ||
		   opinion.result == SBK_WITNESS_SAME;
	if (!changed)
		must(believed == (seen->head.size <= now->size));
	if (believed)
		assert_believed(&opinion, now);
	assert_printable(&opinion.text);
	sbk_witness_opinion_release(&opinion);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sbk_witness_answer *answer;
	struct sbk_witnessed seen = {.any = false};
	struct sbk_checkpoint now;
	unsigned int handovers;
	bool changed;

	if (size < 3 || data[1] == 0)
		return 0;
	head_of(data[1], &now);
	handovers = data[2] % KEYS;
	/* One that the log is long enough for. */
	if (handovers >= now.size)
		handovers = (unsigned int)now.size - 1;
	if (data[0] > 0) {
		seen.any = true;
		head_of(data[0], &seen.head);
		print_key(signer_of(0), seen.key, sizeof(seen.key));
	}
	answer = calloc(1, sizeof(*answer));
	must(answer != NULL);
	answer_honestly(answer, data[0], &now, handovers);
	changed = change(answer, data + 3, size - 3);
	judge(&seen, &now, answer, changed);
	free(answer);
	return 0;
}
