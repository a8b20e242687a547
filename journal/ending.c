/*
 * The end of a person's log: what its owner keeps, or hands to root, when the
 * journal is removed, and what root makes of it (FORMAT.md, "The end of a
 * log"). It is an answer as the witness gets it, in an envelope that the log's
 * key signed, and each byte of it is judged as such an answer is.
 *
 * It says that whoever held the key ended the log there. It does not say what
 * was in the entries, and it brings none back.
 */
#include "journal/witness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/json.h"
#include "engine/json_load.h"
#include "journal/dsse.h"
#include "journal/signing.h"

#include "engine/banned.h"

#define PAYLOAD "application/vnd.sandbook.log-end+json"

int sbk_journal_sign(struct sbk_journal *journal, struct sbk_error *err)
{
	uint64_t newest = 0;
	int rc = sbk_log_begin(journal, SBK_COMMIT_FLUSHED, err);

	if (rc < 0)
		return rc;
	rc = sbk_db_number(&journal->db, SBK_SQL_NEWEST_CHECKPOINT_SIZE,
			   &newest, err);
	if (rc == 0 && newest < journal->tree.size)
		rc = sbk_checkpoint_add(journal, err);
	return sbk_log_finish(journal, rc, err);
}

/* --- written by the person ------------------------------------------------ */

static void print_hash(struct sbk_buf *out, const char *key,
		       const unsigned char hash[SBK_TREE_HASH_BYTES])
{
	struct sbk_buf hex = SBK_BUF_INIT;

	sbk_buf_add_hex(&hex, hash, SBK_TREE_HASH_BYTES);
	sbk_json_string(out, key, sbk_buf_text(&hex));
	if (hex.failure != 0)
		out->failure = hex.failure;
	sbk_buf_release(&hex);
}

static void print(const struct sbk_witness_answer *a, struct sbk_buf *out)
{
	uint32_t i;

	sbk_json_open(out, '{');
	sbk_json_string(out, "ended", "sandbook log");
	sbk_json_integer(out, "time_ms", sbk_os_now_ms());
	sbk_json_string(out, "key", a->key);
	sbk_json_string(out, "checkpoint", a->note);
	sbk_json_open_key(out, "proof", '[');
	for (i = 0; i < a->proof_count; i++)
		print_hash(out, NULL, a->proof[i]);
	sbk_json_close(out, ']');
	sbk_json_open_key(out, "handovers", '[');
	for (i = 0; i < a->handover_count; i++) {
		sbk_json_open(out, '{');
		sbk_json_integer(out, "entry", (int64_t)a->handovers[i].entry);
		print_hash(out, "before", a->handovers[i].root);
		sbk_json_string(out, "key", a->handovers[i].key);
		sbk_json_string(out, "signature", a->handovers[i].signature);
		sbk_json_close(out, '}');
	}
	sbk_json_close(out, ']');
	sbk_json_close(out, '}');
}

static int print_signed(const struct sbk_journal_place *place, uint64_t since,
			const char *key, const struct sbk_note_signer *signer,
			struct sbk_buf *out, struct sbk_error *err)
{
	struct sbk_witness_answer *answer = calloc(1, sizeof(*answer));
	struct sbk_buf body = SBK_BUF_INIT;
	int rc;

	if (answer == NULL)
		return sbk_error_no_memory(err);
	sbk_witness_answer_make(place, since, key, answer);
	rc = answer->error;
	if (rc < 0) {
		(void)sbk_error_set(err, rc, "%s", answer->message);
	} else {
		print(answer, &body);
		rc = sbk_buf_failed(&body, err);
	}
	if (rc == 0) {
		sbk_dsse_print(PAYLOAD, &body, signer, out);
		rc = sbk_buf_failed(out, err);
	}
	sbk_buf_release(&body);
	free(answer);
	return rc;
}

/* Without a signature it would show nothing, and its owner would learn that
 * when the journal is gone. */
int sbk_journal_end_print(struct sbk_journal *journal,
			  const struct sbk_journal_place *place, uint64_t since,
			  const char *key, struct sbk_buf *out,
			  struct sbk_error *err)
{
	struct sbk_note_signer signer;
	int rc = sbk_key_load(journal, &signer, err);

	if (rc < 0) {
		(void)sbk_error_prefix(err, "nothing can show that the log "
					    "ended, which its key signs (leave "
					    "--certificate out)");
		return rc;
	}
	rc = print_signed(place, since, key, &signer, out, err);
	sbk_note_signer_erase(&signer);
	return rc;
}

/* --- read by root --------------------------------------------------------- */

static bool copy(const json_t *from, const char *key, char *out, size_t size)
{
	const char *text = json_string_value(json_object_get(from, key));

	if (text == NULL || strlen(text) >= size)
		return false;
	(void)snprintf(out, size, "%s", text);
	return true;
}

static bool read_hash(const json_t *from, unsigned char *out)
{
	const char *hex = json_string_value(from);

	return hex != NULL && sbk_hex_decode(hex, out, SBK_TREE_HASH_BYTES);
}

static bool read_handover(const json_t *from, struct sbk_witness_handover *out)
{
	const json_t *entry = json_object_get(from, "entry");

	if (!json_is_integer(entry) || json_integer_value(entry) < 0)
		return false;
	out->entry = (uint64_t)json_integer_value(entry);
	return read_hash(json_object_get(from, "before"), out->root) &&
	       copy(from, "key", out->key, sizeof(out->key)) &&
	       copy(from, "signature", out->signature, sizeof(out->signature));
}

static bool read_body(const json_t *body, struct sbk_witness_answer *out)
{
	const json_t *proof = json_object_get(body, "proof");
	const json_t *handovers = json_object_get(body, "handovers");
	const json_t *item;
	size_t i;

	out->format = SBK_WITNESS_FORMAT;
	out->found = 1;
	if (!json_is_string(json_object_get(body, "ended")) ||
	    !copy(body, "key", out->key, sizeof(out->key)) ||
	    !copy(body, "checkpoint", out->note, sizeof(out->note)) ||
	    json_array_size(proof) > SBK_PROOF_HASHES_MAX ||
	    json_array_size(handovers) > SBK_WITNESS_HANDOVERS_MAX)
		return false;
	out->note_size = (uint32_t)strlen(out->note);
	json_array_foreach(proof, i, item)
		if (!read_hash(item, out->proof[out->proof_count++]))
			return false;
	json_array_foreach(handovers, i, item)
		if (!read_handover(item,
				   &out->handovers[out->handover_count++]))
			return false;
	return true;
}

static int read_end(const struct sbk_dsse *envelope,
		    struct sbk_witness_answer *out, struct sbk_error *err)
{
	json_error_t why;
	json_t *body = NULL;
	bool good;

	if (strcmp(envelope->type, PAYLOAD) == 0) {
		body = sbk_json_load(sbk_buf_text(&envelope->body),
				     envelope->body.size,
				     JSON_REJECT_DUPLICATES, &why);
		if (body == NULL &&
		    json_error_code(&why) == json_error_out_of_memory)
			return sbk_error_no_memory(err);
	}
	good = body != NULL && read_body(body, out);
	json_decref(body);
	return good ? 0
		    : sbk_error_set(err, SBK_E_PARSE,
				    "it is no end of a log (see 'sandbook "
				    "uninstall --certificate')");
}

static int judge(struct sbk_journal *machine, const struct sbk_owner *person,
		 const struct sbk_dsse *envelope,
		 const struct sbk_witness_answer *answer, struct sbk_error *err)
{
	struct sbk_witness_opinion opinion = {.note = SBK_BUF_INIT};
	char words[SBK_OWNER_WORDS];
	struct sbk_witnessed seen;
	int rc = sbk_witness_last(machine, person, &seen, err);

	if (rc == 0 && !seen.any)
		return sbk_error_set(err, SBK_E_NOTFOUND,
				     "no log of %s was ever seen",
				     sbk_owner_words(person, words));
	if (rc == 0)
		rc = sbk_witness_judge(&seen, answer, &opinion, err);
	if (rc == 0 && opinion.result != SBK_WITNESS_SEEN &&
	    opinion.result != SBK_WITNESS_SAME)
		rc = sbk_error_set(err, SBK_E_CORRUPT,
				   "it is not the end of what was seen: %s",
				   sbk_buf_text(&opinion.text));
	else if (rc == 0 && !sbk_dsse_verify(envelope, &opinion.key))
		rc = sbk_error_set(err, SBK_E_CORRUPT,
				   "the log's key did not sign that this is "
				   "its end");
	if (rc == 0)
		rc = sbk_witness_record(machine, person, &opinion, err);
	if (rc == 0)
		rc = sbk_witness_record_end(machine, person, err);
	sbk_witness_opinion_release(&opinion);
	return rc;
}

int sbk_journal_witness_end(struct sbk_journal *machine,
			    const struct sbk_owner *person, const char *text,
			    size_t size, struct sbk_error *err)
{
	struct sbk_witness_answer *answer = calloc(1, sizeof(*answer));
	struct sbk_dsse envelope;
	int rc;

	if (answer == NULL)
		return sbk_error_no_memory(err);
	rc = sbk_dsse_parse(text, size, &envelope, err);
	if (rc == 0)
		rc = read_end(&envelope, answer, err);
	if (rc == 0)
		rc = judge(machine, person, &envelope, answer, err);
	sbk_dsse_release(&envelope);
	free(answer);
	return rc;
}
