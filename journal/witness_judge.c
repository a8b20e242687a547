/*
 * What an answer about a person's log is worth, held against what was seen of
 * it before. Pure: no file, no database, no clock.
 *
 * Every byte of the answer may have been written by an enemy. Numbers are
 * bounded before they are used, texts are ended before they are read, and
 * nothing of it goes on but what was parsed and printed anew: of the note the
 * three lines of a checkpoint and one signature that was verified.
 */
#include "journal/witness.h"

#include <stdio.h>
#include <string.h>

#include "engine/json.h"
#include "journal/signing.h"

#include "engine/banned.h"

static const char *const names[] = {
	[SBK_WITNESS_NONE] = "none",	   [SBK_WITNESS_SAME] = "same",
	[SBK_WITNESS_SEEN] = "seen",	   [SBK_WITNESS_SHRANK] = "shrank",
	[SBK_WITNESS_FORKED] = "forked",   [SBK_WITNESS_NEW_KEY] = "new key",
	[SBK_WITNESS_OTHER] = "other log", [SBK_WITNESS_GONE] = "gone",
	[SBK_WITNESS_UNREAD] = "not read",
};

const char *sbk_witness_result_name(enum sbk_witness_result result)
{
	return names[result];
}

bool sbk_witness_is_finding(const char *found)
{
	size_t i;

	for (i = SBK_WITNESS_SHRANK; i <= SBK_WITNESS_UNREAD; i++)
		if (strcmp(found, names[i]) == 0)
			return true;
	return false;
}

struct judging {
	const struct sbk_witnessed *seen;
	const struct sbk_witness_answer *answer;
	struct sbk_note note; /* borrowed from the answer */
	struct sbk_witness_opinion *out;
};

static bool is_ended(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL;
}

static enum sbk_witness_result unread(struct judging *j, const char *why)
{
	sbk_buf_adds(&j->out->text, "it could not be read: ");
	sbk_text_escape(&j->out->text, why);
	return SBK_WITNESS_UNREAD;
}

/* --- is it an answer? ---------------------------------------------------- */

static bool is_sane(const struct sbk_witness_answer *a)
{
	size_t i;

	if (a->format != SBK_WITNESS_FORMAT || a->note_size > sizeof(a->note) ||
	    a->handover_count > SBK_WITNESS_HANDOVERS_MAX ||
	    a->proof_count > SBK_PROOF_HASHES_MAX ||
	    !is_ended(a->key, sizeof(a->key)) ||
	    !is_ended(a->message, sizeof(a->message)))
		return false;
	for (i = 0; i < a->handover_count; i++)
		if (!is_ended(a->handovers[i].key,
			      sizeof(a->handovers[i].key)) ||
		    !is_ended(a->handovers[i].signature,
			      sizeof(a->handovers[i].signature)))
			return false;
	return true;
}

/* "sandbook/user/<32 hexadecimal digits>" */
static bool is_origin(const char *origin)
{
	static const char prefix[] = "sandbook/user/";
	const size_t size = sizeof(prefix) - 1;

	return strncmp(origin, prefix, size) == 0 &&
	       strspn(origin + size, "0123456789abcdef") == 32 &&
	       origin[size + 32] == '\0';
}

static bool parse_note(struct judging *j)
{
	return sbk_note_parse(j->answer->note, j->answer->note_size, &j->note,
			      NULL) == 0 &&
	       sbk_checkpoint_parse(&j->note, &j->out->head, NULL) == 0 &&
	       is_origin(j->out->head.origin) && j->out->head.size > 0;
}

/* --- whose signature is it? ---------------------------------------------- */

static bool parse_key(const char *text, const char *origin,
		      struct sbk_note_key *out)
{
	return sbk_note_key_parse(text, strlen(text), out, NULL) == 0 &&
	       strcmp(out->name, origin) == 0;
}

/* Follows the hand-overs from the key that was seen. */
static bool follow_keys(struct judging *j, struct sbk_note_key *key)
{
	const struct sbk_witness_answer *a = j->answer;
	uint64_t entry = 0;
	size_t i;

	for (i = 0; i < a->handover_count; i++) {
		const struct sbk_witness_handover *item = &a->handovers[i];
		struct sbk_buf text = SBK_BUF_INIT;
		struct sbk_note_key next;
		bool good = parse_key(item->key, key->name, &next) &&
			    item->entry > entry &&
			    item->entry < j->out->head.size;

		if (good) {
			sbk_key_print_handover(&next, item->entry, item->root,
					       &text);
			good = text.failure == 0 &&
			       sbk_note_verify_text(text.data, text.size,
						    item->signature, key) == 1;
		}
		sbk_buf_release(&text);
		if (!good)
			return false;
		entry = item->entry;
		*key = next;
	}
	return true;
}

/* The first key is taken at its word, as by whoever sees a log first. */
static bool is_signed(struct judging *j)
{
	struct sbk_note_key *key = &j->out->key;
	const char *text = j->seen->any ? j->seen->key : j->answer->key;

	return parse_key(text, j->out->head.origin, key) &&
	       (!j->seen->any || follow_keys(j, key)) &&
	       sbk_note_verify(&j->note, key) == 1;
}

/* --- does it continue? --------------------------------------------------- */

static bool continues(const struct judging *j)
{
	const struct sbk_checkpoint *old = &j->seen->head, *now = &j->out->head;
	struct sbk_proof proof = {.count = j->answer->proof_count};

	if (old->size == now->size)
		return memcmp(old->root, now->root, sizeof(now->root)) == 0;
	memcpy(proof.hashes, j->answer->proof,
	       proof.count * sizeof(proof.hashes[0]));
	return sbk_proof_growth_holds(&proof, old->size, old->root, now->size,
				      now->root);
}

/* Only what was understood: no line of the person's that says other things. */
static int keep_note(struct judging *j, struct sbk_error *err)
{
	const char *line = j->note.signatures;
	struct sbk_buf *out = &j->out->note;
	size_t left = j->note.signatures_size;

	sbk_checkpoint_print(&j->out->head, out);
	sbk_buf_addc(out, '\n');
	while (left > 0) {
		const char *end = memchr(line, '\n', left);
		const size_t size = (size_t)(end + 1 - line);
		const struct sbk_note one = {
			.text = j->note.text,
			.text_size = j->note.text_size,
			.signatures = line,
			.signatures_size = size,
		};

		if (sbk_note_verify(&one, &j->out->key) == 1) {
			sbk_buf_add(out, line, size);
			break; /* a second one says nothing more */
		}
		left -= size;
		line = end + 1;
	}
	return sbk_buf_failed(out, err);
}

static enum sbk_witness_result compare(struct judging *j)
{
	const struct sbk_checkpoint *old = &j->seen->head, *now = &j->out->head;
	struct sbk_buf *text = &j->out->text;

	if (j->seen->any && strcmp(old->origin, now->origin) != 0) {
		sbk_buf_printf(
			text,
			"another log, '%s', stands in the place of '%s', "
			"of which %llu entries were seen",
			now->origin, old->origin,
			(unsigned long long)old->size);
		return SBK_WITNESS_OTHER;
	}
	if (j->seen->any && now->size < old->size) {
		sbk_buf_printf(text,
			       "it has %llu entries, and %llu were seen: its "
			       "end was cut off, or an older copy was put back",
			       (unsigned long long)now->size,
			       (unsigned long long)old->size);
		return SBK_WITNESS_SHRANK;
	}
	if (!is_signed(j)) {
		sbk_buf_adds(text, j->seen->any
					   ? "its newest checkpoint is signed "
					     "by no key that the one seen "
					     "before handed over to"
					   : "its newest checkpoint is not "
					     "signed by the key that it names");
		return SBK_WITNESS_NEW_KEY;
	}
	if (j->seen->any && !continues(j)) {
		sbk_buf_printf(text,
			       "its %llu entries do not continue the %llu that "
			       "were seen",
			       (unsigned long long)now->size,
			       (unsigned long long)old->size);
		return SBK_WITNESS_FORKED;
	}
	sbk_buf_printf(text, "%llu entries", (unsigned long long)now->size);
	return j->seen->any && now->size == old->size ? SBK_WITNESS_SAME
						      : SBK_WITNESS_SEEN;
}

/* No log, where none is missed. */
static enum sbk_witness_result none(struct judging *j)
{
	if (j->seen->ended)
		sbk_buf_printf(&j->out->text,
			       "its log ended with %llu entries, and there is "
			       "no other yet",
			       (unsigned long long)j->seen->head.size);
	return SBK_WITNESS_NONE;
}

static enum sbk_witness_result judge(struct judging *j)
{
	static const struct sbk_witnessed nothing = {.any = false};
	const struct sbk_witness_answer *a = j->answer;
	const bool missed = j->seen->any && !j->seen->ended;

	if (!is_sane(a))
		return unread(j, "the answer makes no sense");
	if (!a->found && !missed)
		return none(j);
	if (!a->found) {
		sbk_buf_printf(&j->out->text,
			       "'%s', of which %llu entries were seen, is not "
			       "there any more",
			       j->seen->head.origin,
			       (unsigned long long)j->seen->head.size);
		return SBK_WITNESS_GONE;
	}
	/* One that never signed anything gets its key with its next
	 * transaction. */
	if (a->error == SBK_E_NOTFOUND && !missed)
		return none(j);
	if (a->error != 0)
		return unread(j, a->message);
	if (!parse_note(j)) {
		j->out->head.size = 0;
		return unread(j, "its newest checkpoint is none");
	}
	/* After one that ended another may begin; the same one goes on, or it
	 * is none of its own. */
	if (j->seen->ended &&
	    strcmp(j->seen->head.origin, j->out->head.origin) != 0)
		j->seen = &nothing;
	return compare(j);
}

int sbk_witness_judge(const struct sbk_witnessed *seen,
		      const struct sbk_witness_answer *answer,
		      struct sbk_witness_opinion *out, struct sbk_error *err)
{
	struct judging j = {.seen = seen, .answer = answer, .out = out};
	int rc = 0;

	*out = (struct sbk_witness_opinion){.note = SBK_BUF_INIT,
					    .text = SBK_BUF_INIT};
	out->result = judge(&j);
	if (out->result == SBK_WITNESS_SEEN || out->result == SBK_WITNESS_SAME)
		rc = keep_note(&j, err);
	return rc < 0 ? rc : sbk_buf_failed(&out->text, err);
}

void sbk_witness_opinion_release(struct sbk_witness_opinion *opinion)
{
	sbk_buf_release(&opinion->note);
	sbk_buf_release(&opinion->text);
}
