/*
 * The key of a journal: the file that holds it, and the entries of the log
 * that name it. Owns that a journal has one, and which of the log's keys the
 * file must hold.
 *
 * It refuses a file that others could have read or put there, and never makes
 * a new key in place of one that was lost: whoever pinned the old one must
 * hear of it.
 */
#include "journal/dsse.h"
#include "journal/signing.h"

#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "engine/json_load.h"
#include "engine/os.h"

#include "engine/banned.h"

#define FILE_BYTES_MAX 512

void sbk_key_origin(enum sbk_book book, const char *id,
		    char out[SBK_NOTE_NAME_MAX])
{
	(void)snprintf(out, SBK_NOTE_NAME_MAX, "sandbook/%s/%s",
		       sbk_book_name(book), id);
}

/* A new key in this file, over whatever is there. */
static int write_new(struct sbk_journal *journal, const char *file,
		     const char *name, struct sbk_note_signer *signer,
		     struct sbk_error *err)
{
	struct sbk_buf text = SBK_BUF_INIT;
	int rc = sbk_note_signer_make(name, signer, err);

	if (rc == 0)
		rc = sbk_store_unlink(journal->store, file, err);
	if (rc < 0)
		return rc;
	sbk_note_signer_print(signer, &text);
	rc = sbk_buf_failed(&text, err);
	if (rc == 0)
		rc = sbk_store_write(journal->store, file, sbk_buf_text(&text),
				     text.size, err);
	if (text.data != NULL)
		sodium_memzero(text.data, text.capacity);
	sbk_buf_release(&text);
	return rc;
}

static int print_text(const struct sbk_note_key *key,
		      char text[SBK_NOTE_KEY_TEXT], struct sbk_error *err)
{
	struct sbk_buf out = SBK_BUF_INIT;
	int rc;

	sbk_note_key_print(key, &out);
	rc = sbk_buf_failed(&out, err);
	if (rc == 0)
		(void)snprintf(text, SBK_NOTE_KEY_TEXT, "%s",
			       sbk_buf_text(&out));
	sbk_buf_release(&out);
	return rc;
}

int sbk_key_begin(struct sbk_journal *journal, const char *id,
		  char text[SBK_NOTE_KEY_TEXT], struct sbk_error *err)
{
	struct sbk_note_signer signer;
	char name[SBK_NOTE_NAME_MAX];
	int rc;

	sbk_key_origin(journal->book, id, name);
	rc = write_new(journal, SBK_KEY_FILE, name, &signer, err);
	if (rc == 0)
		rc = print_text(&signer.key, text, err);
	sbk_note_signer_erase(&signer);
	return rc;
}

int sbk_key_named(struct sbk_journal *journal, struct sbk_note_key *out,
		  struct sbk_error *err)
{
	sqlite3_stmt *row;
	int rc = sbk_db_statement(&journal->db, SBK_SQL_NEWEST_SIGNER, &row,
				  err);

	if (rc == 0)
		rc = sbk_db_step(&journal->db, row, err);
	if (rc == 1) {
		const char *text = sbk_db_text(row, 0);

		rc = sbk_note_key_parse(text != NULL ? text : "",
					text != NULL ? strlen(text) : 0, out,
					err);
	} else if (rc == 0) {
		rc = sbk_error_set(err, SBK_E_NOTFOUND,
				   "journal '%s' has no key yet; it gets one "
				   "with its next transaction",
				   journal->db.path);
	}
	(void)sqlite3_reset(row); /* the error is in `err` */
	return rc;
}

static int read_file(struct sbk_journal *journal, const char *file,
		     struct sbk_note_signer *out, struct sbk_error *err)
{
	char text[FILE_BYTES_MAX];
	uint64_t size = 0;
	size_t got = 0;
	int rc = sbk_store_look(journal->store, file, false, &size, err);

	if (rc == 0)
		rc = sbk_store_read(journal->store, file, 0, text, sizeof(text),
				    &got, err);
	if (rc < 0)
		return rc;
	rc = sbk_note_signer_parse(text, got, out, err);
	sodium_memzero(text, sizeof(text));
	if (rc < 0)
		return sbk_error_set(err, SBK_E_CORRUPT,
				     "'%s/%s' is damaged: it holds no key of "
				     "ours",
				     sbk_store_path(journal->store), file);
	return 0;
}

/* A hand-over that was cut short after its commit: the next key waits. */
static bool take_next(struct sbk_journal *journal,
		      const struct sbk_note_key *named,
		      struct sbk_note_signer *out)
{
	if (read_file(journal, SBK_KEY_NEXT_FILE, out, NULL) < 0)
		return false;
	if (!sbk_note_key_equal(&out->key, named)) {
		sbk_note_signer_erase(out);
		return false;
	}
	/* Where that fails, it goes on waiting. */
	if (journal->locked)
		(void)sbk_store_replace(journal->store, SBK_KEY_NEXT_FILE,
					SBK_KEY_FILE, NULL);
	return true;
}

int sbk_key_load(struct sbk_journal *journal, struct sbk_note_signer *out,
		 struct sbk_error *err)
{
	struct sbk_note_key named;
	int rc = sbk_key_named(journal, &named, err);

	if (rc == 0)
		rc = read_file(journal, SBK_KEY_FILE, out, err);
	if (rc < 0)
		return rc;
	if (sbk_note_key_equal(&out->key, &named))
		return 0;
	sbk_note_signer_erase(out);
	if (take_next(journal, &named, out))
		return 0;
	return sbk_error_set(err, SBK_E_CORRUPT,
			     "'%s/" SBK_KEY_FILE "' is not the key that this "
			     "log names; somebody put it there",
			     sbk_store_path(journal->store));
}

/* --- a journal from before there were keys ------------------------------- */

/* The digits that name the journal, from its first entry. */
static int read_id(struct sbk_journal *journal, char id[SBK_JOURNAL_ID_TEXT],
		   struct sbk_error *err)
{
	unsigned char bytes[(SBK_JOURNAL_ID_TEXT - 1) / 2];
	json_error_t why = {.text = ""};
	const char *text = NULL;
	json_t *entry = NULL;
	sqlite3_stmt *row;
	int rc = sbk_db_statement(&journal->db, SBK_SQL_ENTRY, &row, err);

	if (rc < 0)
		return rc;
	(void)sqlite3_bind_int64(row, 1, 0); /* cannot fail */
	rc = sbk_db_step(&journal->db, row, err);
	if (rc == 1 && sbk_db_text(row, 0) != NULL)
		entry = sbk_json_load(sbk_db_text(row, 0),
				      (size_t)sqlite3_column_bytes(row, 0),
				      JSON_REJECT_DUPLICATES, &why);
	if (entry == NULL && json_error_code(&why) == json_error_out_of_memory)
		rc = sbk_error_no_memory(err);
	text = json_string_value(json_object_get(entry, "journal"));
	if (rc >= 0 &&
	    (text == NULL || !sbk_hex_decode(text, bytes, sizeof(bytes))))
		rc = sbk_error_set(err, SBK_E_CORRUPT,
				   "the first entry of journal '%s' names none",
				   journal->db.path);
	else if (rc >= 0 && json_object_get(entry, "key") != NULL)
		/* Its rows were taken out: another key would end the log. */
		rc = sbk_error_set(err, SBK_E_CORRUPT,
				   "the log of journal '%s' names a key, and "
				   "its table does not",
				   journal->db.path);
	else if (rc >= 0)
		(void)snprintf(id, SBK_JOURNAL_ID_TEXT, "%s", text);
	json_decref(entry);
	(void)sqlite3_reset(row); /* the error is in `err` */
	return rc < 0 ? rc : 0;
}

static int append_first(struct sbk_journal *journal, const char *text,
			struct sbk_error *err)
{
	uint64_t entry;
	int rc = sbk_log_begin(journal, SBK_COMMIT_FLUSHED, err);

	if (rc < 0)
		return rc;
	sbk_entry_key(&journal->json, sbk_os_now_ms(), text, NULL);
	rc = sbk_log_append(journal, &entry, err);
	if (rc == 0)
		rc = sbk_view_signer(&journal->db, entry, text, NULL, err);
	return sbk_log_finish_signed(journal, rc, err);
}

void sbk_key_provide(struct sbk_journal *journal)
{
	struct sbk_error why = SBK_ERROR_INIT;
	char id[SBK_JOURNAL_ID_TEXT], text[SBK_NOTE_KEY_TEXT];
	struct sbk_note_key named;
	int rc = sbk_key_named(journal, &named, &why);

	if (rc != SBK_E_NOTFOUND)
		return; /* whatever else is wrong is told when it is used */
	rc = read_id(journal, id, &why);
	if (rc == 0)
		rc = sbk_key_begin(journal, id, text, &why);
	if (rc == 0)
		rc = append_first(journal, text, &why);
	if (rc < 0)
		(void)snprintf(journal->unsigned_why,
			       sizeof(journal->unsigned_why), "%.255s",
			       why.message);
	else
		(void)snprintf(journal->new_key, sizeof(journal->new_key), "%s",
			       text);
}

/* --- a hand-over --------------------------------------------------------- */

void sbk_key_print_handover(const struct sbk_note_key *key, uint64_t n,
			    const unsigned char root[SBK_TREE_HASH_BYTES],
			    struct sbk_buf *out)
{
	/* No checkpoint begins so: its first line is an origin. */
	sbk_buf_printf(out, "sandbook/key-handover/v1\n%s\n%llu\n", key->name,
		       (unsigned long long)n);
	sbk_base64_add(out, root, SBK_TREE_HASH_BYTES);
	sbk_buf_addc(out, '\n');
	sbk_note_key_print(key, out);
	sbk_buf_addc(out, '\n');
}

/* The old key's signature of it, in base64. */
static void sign_handover(const struct sbk_journal *journal,
			  const struct sbk_note_signer *old,
			  const struct sbk_note_key *next, struct sbk_buf *out)
{
	unsigned char signature[SBK_NOTE_SIGNATURE_BYTES];
	unsigned char root[SBK_TREE_HASH_BYTES];
	struct sbk_buf text = SBK_BUF_INIT;

	sbk_tree_root(&journal->tree, root);
	sbk_key_print_handover(next, journal->tree.size, root, &text);
	if (text.failure != 0) {
		out->failure = text.failure;
	} else {
		sbk_note_sign(old, text.data, text.size, signature);
		sbk_base64_add(out, signature, sizeof(signature));
	}
	sbk_buf_release(&text);
}

static int append_next(struct sbk_journal *journal,
		       const struct sbk_note_signer *old,
		       const struct sbk_note_signer *next,
		       struct sbk_error *err)
{
	const struct sbk_note_signer *const both[] = {old, next};
	struct sbk_buf signature = SBK_BUF_INIT;
	char text[SBK_NOTE_KEY_TEXT] = "";
	uint64_t entry;
	int rc = sbk_log_begin(journal, SBK_COMMIT_FLUSHED, err);

	if (rc < 0)
		return rc;
	sign_handover(journal, old, &next->key, &signature);
	rc = sbk_buf_failed(&signature, err);
	if (rc == 0)
		rc = print_text(&next->key, text, err);
	sbk_entry_key(&journal->json, sbk_os_now_ms(), text,
		      sbk_buf_text(&signature));
	if (rc == 0)
		rc = sbk_log_append(journal, &entry, err);
	if (rc == 0)
		rc = sbk_view_signer(&journal->db, entry, text,
				     sbk_buf_text(&signature), err);
	if (rc == 0)
		rc = sbk_checkpoint_add_by(journal, both, 2, err);
	rc = sbk_log_finish(journal, rc, err);
	sbk_buf_release(&signature);
	return rc;
}

int sbk_key_rotate(struct sbk_journal *journal, struct sbk_error *err)
{
	struct sbk_note_signer old, next;
	int rc = sbk_key_load(journal, &old, err);

	if (rc < 0)
		return rc;
	rc = write_new(journal, SBK_KEY_NEXT_FILE, old.key.name, &next, err);
	if (rc == 0)
		rc = append_next(journal, &old, &next, err);
	/* From the commit on the next key is the one; see take_next. */
	if (rc == 0)
		rc = sbk_store_replace(journal->store, SBK_KEY_NEXT_FILE,
				       SBK_KEY_FILE, err);
	sbk_note_signer_erase(&old);
	sbk_note_signer_erase(&next);
	if (rc == 0)
		sbk_publish(journal);
	return rc;
}

/* --- a key that is lost -------------------------------------------------- */

static int append_replacement(struct sbk_journal *journal,
			      const struct sbk_note_signer *next,
			      struct sbk_error *err)
{
	const struct sbk_note_signer *const one[] = {next};
	char text[SBK_NOTE_KEY_TEXT] = "";
	uint64_t entry;
	int rc = print_text(&next->key, text, err);

	if (rc == 0)
		rc = sbk_log_begin(journal, SBK_COMMIT_FLUSHED, err);
	if (rc < 0)
		return rc;
	sbk_entry_key(&journal->json, sbk_os_now_ms(), text, SBK_KEY_REPLACED);
	rc = sbk_log_append(journal, &entry, err);
	if (rc == 0)
		rc = sbk_view_signer(&journal->db, entry, text,
				     SBK_KEY_REPLACED, err);
	if (rc == 0)
		rc = sbk_checkpoint_add_by(journal, one, 1, err);
	return sbk_log_finish(journal, rc, err);
}

/* 0 where it is lost; a key that could not be read this time is not. */
static int expect_lost(struct sbk_journal *journal, struct sbk_error *err)
{
	struct sbk_note_signer signer;
	int rc = sbk_key_load(journal, &signer, err);

	if (rc == SBK_E_NOTFOUND || rc == SBK_E_CORRUPT || rc == SBK_E_DENIED) {
		sbk_error_clear(err);
		return 0;
	}
	if (rc < 0)
		return rc;
	sbk_note_signer_erase(&signer);
	return sbk_error_set(err, SBK_E_EXISTS,
			     "the key of journal '%s' is there: --rotate hands "
			     "over to a new one, which proves more",
			     journal->db.path);
}

int sbk_key_replace(struct sbk_journal *journal, struct sbk_error *err)
{
	struct sbk_note_signer signer;
	struct sbk_note_key named;
	int rc = sbk_key_named(journal, &named, err);

	if (rc == 0)
		rc = expect_lost(journal, err);
	if (rc == 0)
		rc = sbk_journal_check(journal, err);
	/* Written first: killed in between, the journal has lost its key as
	 * before. */
	if (rc == 0)
		rc = write_new(journal, SBK_KEY_FILE, named.name, &signer, err);
	if (rc < 0)
		return rc;
	rc = append_replacement(journal, &signer, err);
	sbk_note_signer_erase(&signer);
	if (rc == 0)
		sbk_publish(journal);
	return rc;
}

/* --- for others ---------------------------------------------------------- */

int sbk_journal_signing_key(struct sbk_journal *journal,
			    char out[SBK_KEY_TEXT_MAX], struct sbk_error *err)
{
	struct sbk_note_signer signer;
	int rc = sbk_key_load(journal, &signer, err);

	if (rc == 0)
		rc = print_text(&signer.key, out, err);
	sbk_note_signer_erase(&signer);
	return rc;
}

int sbk_journal_envelope(struct sbk_journal *journal, const char *type,
			 const struct sbk_buf *body, struct sbk_buf *out,
			 struct sbk_error *err)
{
	struct sbk_note_signer signer;
	const bool can_sign = sbk_key_load(journal, &signer, NULL) == 0;

	sbk_dsse_print(type, body, can_sign ? &signer : NULL, out);
	sbk_note_signer_erase(&signer);
	return sbk_buf_failed(out, err);
}

int sbk_journal_checkpoint(struct sbk_journal *journal, struct sbk_buf *out,
			   struct sbk_error *err)
{
	return sbk_checkpoint_read(journal, 0, out, err);
}
