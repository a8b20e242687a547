/* See the header. The argument why it may be believed stands in FORMAT.md. */
#include "journal/summary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journal/entry_read.h"
#include "journal/proof.h"
#include "journal/segment.h"
#include "journal/signing.h"

#include "engine/banned.h"

void sbk_summary_release(struct sbk_summary *summary)
{
	free(summary->items);
	free(summary->unsettled);
	memset(summary, 0, sizeof(*summary));
}

bool sbk_entry_is(const char *json, size_t size, const char *op)
{
	char head[48];
	const int length = snprintf(head, sizeof(head), "{\"op\":\"%s\"", op);

	return length > 0 && size >= (size_t)length &&
	       memcmp(json, head, (size_t)length) == 0;
}

/* --- what is in effect --------------------------------------------------- */

void sbk_summary_add_run(struct sbk_buf *text, const char *status,
			 uint64_t first, uint64_t last)
{
	if (first != 0)
		sbk_buf_printf(text, "%llu-%llu %s\n",
			       (unsigned long long)first,
			       (unsigned long long)last, status);
}

/* Ranges of changes that follow one another with one status. */
static int add_runs(struct sbk_db *db, sqlite3_stmt *row, struct sbk_buf *text,
		    struct sbk_error *err)
{
	char status[16] = "";
	uint64_t first = 0, last = 0;
	int rc;

	while ((rc = sbk_db_step(db, row, err)) == 1) {
		const uint64_t id = (uint64_t)sqlite3_column_int64(row, 0);
		const char *word = sbk_db_text(row, 1);

		if (word == NULL || id != last + 1 ||
		    strcmp(word, status) != 0) {
			sbk_summary_add_run(text, status, first, last);
			first = id;
			(void)snprintf(status, sizeof(status), "%s",
				       word != NULL ? word : "");
		}
		last = id;
	}
	sbk_summary_add_run(text, status, first, last);
	return rc;
}

int sbk_summary_hash(struct sbk_db *db, uint64_t first, uint64_t last,
		     unsigned char hash[SBK_TREE_HASH_BYTES], bool *any,
		     struct sbk_error *err)
{
	struct sbk_buf text = SBK_BUF_INIT;
	sqlite3_stmt *row;
	int rc = sbk_db_statement(db, SBK_SQL_STATUSES, &row, err);

	if (rc < 0)
		return rc;
	(void)sqlite3_bind_int64(row, 1, (sqlite3_int64)first);
	(void)sqlite3_bind_int64(row, 2, (sqlite3_int64)last);
	rc = add_runs(db, row, &text, err);
	(void)sqlite3_reset(row); /* the error is in `err` */
	if (rc == 0)
		rc = sbk_buf_failed(&text, err);
	if (rc == 0)
		sbk_sha256(sbk_buf_text(&text), text.size, hash);
	*any = text.size > 0;
	sbk_buf_release(&text);
	return rc;
}

/* --- reading one --------------------------------------------------------- */

static int add_item(struct sbk_summary *s, const struct sbk_summary_item *item,
		    struct sbk_error *err)
{
	if (s->count == s->room) {
		const size_t room = s->room * 2 + 16;
		struct sbk_summary_item *items =
			realloc(s->items, room * sizeof(*items));

		if (items == NULL)
			return sbk_error_no_memory(err);
		s->items = items;
		s->room = room;
	}
	s->items[s->count++] = *item;
	return 0;
}

static int add_unsettled(struct sbk_summary *s, uint64_t txn,
			 struct sbk_error *err)
{
	uint64_t *grown = realloc(s->unsettled,
				  (s->unsettled_count + 1) * sizeof(*grown));

	if (grown == NULL)
		return sbk_error_no_memory(err);
	s->unsettled = grown;
	grown[s->unsettled_count++] = txn;
	return 0;
}

/* One of `open`: [transaction, first, last, hash, dug]. */
static bool read_item(const json_t *value, struct sbk_summary_item *out)
{
	const json_int_t txn = json_integer_value(json_array_get(value, 0));
	const json_int_t first = json_integer_value(json_array_get(value, 1));
	const json_int_t last = json_integer_value(json_array_get(value, 2));
	const char *hex = json_string_value(json_array_get(value, 3));

	*out = (struct sbk_summary_item){
		.txn = (uint64_t)txn,
		.first = (uint64_t)first,
		.last = (uint64_t)last,
		.dug = json_is_true(json_array_get(value, 4)),
	};
	return txn > 0 && first > 0 && last >= first && hex != NULL &&
	       sbk_hex_decode(hex, out->hash, sizeof(out->hash));
}

/* 1; 0: an `end` that says nothing, as those of older versions; 2: there were
 * too many to tell. */
static int read_members(struct sbk_entry_reader *r, struct sbk_summary *out)
{
	const json_t *open = json_object_get(r->json, "open"), *value;
	const json_t *unsettled = json_object_get(r->json, "unsettled");
	struct sbk_summary_item item;
	size_t i;
	int rc = 0;

	if (json_is_null(open))
		return 2;
	if (!json_is_array(open) || !json_is_array(unsettled))
		return 0;
	json_array_foreach(open, i, value) {
		if (!read_item(value, &item) ||
		    (i > 0 && item.first <= out->items[i - 1].last))
			return sbk_entry_wrong(r, "open");
		rc = add_item(out, &item, r->err);
		if (rc < 0)
			return rc;
	}
	json_array_foreach(unsettled, i, value) {
		rc = add_unsettled(out, (uint64_t)json_integer_value(value),
				   r->err);
		if (rc < 0)
			return rc;
	}
	out->known = true;
	return 1;
}

int sbk_summary_parse(uint64_t n, const char *json, size_t size,
		      struct sbk_summary *out, struct sbk_error *err)
{
	struct sbk_entry_reader r;
	int rc;

	/* Nothing was ever done, or is in effect of what was dropped. */
	if (sbk_entry_is(json, size, "create") ||
	    sbk_entry_is(json, size, "drop")) {
		out->known = true;
		return 1;
	}
	rc = sbk_entry_open(&r, n, json, size, err);
	if (rc == 0)
		rc = read_members(&r, out);
	sbk_entry_close(&r);
	return rc;
}

/* --- finding it ---------------------------------------------------------- */

/* Operations of a transaction but its end. */
static bool is_within(const char *json, size_t size)
{
	static const char *const ops[] = {"intend", "settle", "begin", "root"};
	size_t i;

	for (i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		if (sbk_entry_is(json, size, ops[i]))
			return true;
	return false;
}

/* Where an entry that a checkpoint covers last says that the end is: 1; 0: it
 * does not. */
static int read_pointer(uint64_t n, const char *json, size_t size,
			uint64_t *out, struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT; /* then it says nothing */
	struct sbk_entry_reader r;
	int rc = sbk_entry_open(&r, n, json, size, &why);

	if (rc == 0 && sbk_entry_has(&r, "after") &&
	    sbk_entry_number(&r, "after", out) == 0 && *out < n)
		rc = 1;
	sbk_entry_close(&r);
	return rc == SBK_E_NOMEM ? sbk_error_no_memory(err) : rc > 0;
}

/* Nothing ended since the log was cut: the entry that says where stands for the
 * end, since a log is cut where nothing is in effect (segment.h). */
static int take_drop(struct sbk_journal *journal, uint64_t *end,
		     struct sbk_error *err)
{
	sqlite3_stmt *row;
	int rc = sbk_db_statement(&journal->db, SBK_SQL_SEGMENT_OF, &row, err);

	if (rc < 0)
		return rc;
	(void)sqlite3_bind_int64(row, 1, (sqlite3_int64)journal->cut);
	rc = sbk_db_step(&journal->db, row, err);
	if (rc == 1)
		*end = (uint64_t)sqlite3_column_int64(row, 0);
	(void)sqlite3_reset(row); /* the error is in `err` */
	return rc < 0 ? rc : *end >= journal->cut;
}

/* The end of the newest transaction before `size`: 1; 0: not to be told. */
static int search_back(struct sbk_log_reader *reader, uint64_t size,
		       uint64_t *end, struct sbk_error *err)
{
	const uint64_t stop = size > SBK_SUMMARY_SEARCH_MAX
				      ? size - SBK_SUMMARY_SEARCH_MAX
				      : 0;
	struct sbk_journal *journal = reader->journal;
	const char *json;
	size_t bytes;
	uint64_t n;

	for (n = size; n > stop; n--) {
		int rc;

		if (n == journal->cut)
			return take_drop(journal, end, err);
		rc = sbk_log_reader_entry(reader, n - 1, &json, &bytes, err);

		if (rc < 0)
			return rc;
		*end = n - 1;
		if (n == 1 || sbk_entry_is(json, bytes, "end"))
			return 1;
		rc = read_pointer(n - 1, json, bytes, end, err);
		if (rc < 0)
			return rc;
		if (rc > 0)
			return *end >= journal->cut
				       ? 1
				       : take_drop(journal, end, err);
		if (is_within(json, bytes))
			return 0;
	}
	return 0;
}

/* Whether transactions left something since: 0: no, 1: yes, or too many. */
static int search_tail(struct sbk_log_reader *reader, uint64_t from,
		       struct sbk_error *err)
{
	const uint64_t size = reader->journal->tree.size;
	const char *json;
	size_t bytes;
	uint64_t n;

	if (size - from > SBK_SUMMARY_SEARCH_MAX)
		return 1;
	for (n = from; n < size; n++) {
		int rc = sbk_log_reader_entry(reader, n, &json, &bytes, err);

		if (rc < 0)
			return rc;
		if (is_within(json, bytes) ||
		    sbk_entry_is(json, bytes, "end") ||
		    sbk_entry_is(json, bytes, "drop"))
			return 1;
	}
	return 0;
}

static int read_checkpoint(struct sbk_journal *journal,
			   struct sbk_checkpoint *out, struct sbk_note *note,
			   struct sbk_buf *text, struct sbk_error *err)
{
	int rc = sbk_checkpoint_read(journal, 0, text, err);

	if (rc == 0)
		rc = sbk_note_parse(text->data, text->size, note, err);
	return rc < 0 ? rc : sbk_checkpoint_parse(note, out, err);
}

/* Whether the key that we hold ourselves signed it: whoever could write the
 * database could name another in it. */
static bool is_ours(struct sbk_journal *journal, const struct sbk_note *note,
		    const struct sbk_checkpoint *head)
{
	struct sbk_error ignored = SBK_ERROR_INIT; /* then nobody did */
	struct sbk_note_signer signer;
	bool good;

	if (sbk_key_load(journal, &signer, &ignored) < 0)
		return false;
	good = strcmp(head->origin, signer.key.name) == 0 &&
	       sbk_note_verify(note, &signer.key) == 1;
	sbk_note_signer_erase(&signer);
	return good;
}

/* The newest signed head: 1, and the log has grown from it; 2: there is none
 * that may be believed. */
static int find_signed(struct sbk_journal *journal, uint64_t *size,
		       struct sbk_error *err)
{
	struct sbk_checkpoint head, now = {.size = journal->tree.size};
	struct sbk_error ignored = SBK_ERROR_INIT; /* told as: none */
	unsigned char root[SBK_TREE_HASH_BYTES];
	struct sbk_buf text = SBK_BUF_INIT;
	struct sbk_proof proof;
	struct sbk_note note;
	int rc = read_checkpoint(journal, &head, &note, &text, &ignored);

	if (rc < 0 || !is_ours(journal, &note, &head)) {
		sbk_buf_release(&text);
		return 2;
	}
	sbk_buf_release(&text);
	*size = head.size;
	sbk_tree_root(&journal->tree, now.root);
	if (head.size > now.size)
		return sbk_error_set(err, SBK_E_CORRUPT,
				     "journal '%.200s' lacks entries that were "
				     "signed; see 'sandbook journal verify'",
				     journal->db.path);
	rc = sbk_proof_of_growth(journal, head.size, &now, &proof, err);
	if (rc == 0)
		rc = sbk_proof_root(journal, head.size, root, err);
	if (rc == 0 && memcmp(root, head.root, sizeof(root)) != 0)
		return sbk_error_set(err, SBK_E_CORRUPT,
				     "journal '%.200s' is not what was signed; "
				     "see 'sandbook journal verify'",
				     journal->db.path);
	return rc < 0 ? rc : 1;
}

static int find_end(struct sbk_journal *journal, struct sbk_log_reader *reader,
		    uint64_t *end, struct sbk_error *err)
{
	uint64_t size = 0;
	int rc = find_signed(journal, &size, err);

	if (rc != 1)
		return rc;
	rc = search_tail(reader, size, err);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	return search_back(reader, size, end, err);
}

/* Whether it is just what is missing that it dropped. */
static bool is_our_drop(const struct sbk_journal *journal, uint64_t n,
			const char *json, size_t size)
{
	struct sbk_error ignored = SBK_ERROR_INIT; /* then it is not */
	struct sbk_segment_base *base = malloc(sizeof(*base));
	const bool same =
		base != NULL &&
		sbk_segment_base_parse(n, json, size, base, &ignored) == 0 &&
		base->entries == journal->cut;

	free(base);
	return same;
}

int sbk_summary_find(struct sbk_journal *journal, struct sbk_log_reader *reader,
		     struct sbk_summary *out, uint64_t *end,
		     struct sbk_error *err)
{
	const char *json;
	size_t size;
	int rc = find_end(journal, reader, end, err);

	if (rc != 1)
		return rc;
	rc = sbk_log_reader_entry(reader, *end, &json, &size, err);
	if (rc == 0 && sbk_entry_is(json, size, "drop") &&
	    !is_our_drop(journal, *end, json, size))
		return 0; /* and whoever asks looks at all of it */
	return rc < 0 ? rc : sbk_summary_parse(*end, json, size, out, err);
}

uint64_t sbk_summary_pointer(struct sbk_journal *journal)
{
	struct sbk_error ignored = SBK_ERROR_INIT; /* it cannot be told */
	struct sbk_log_reader reader;
	uint64_t end = 0;
	int rc;

	sbk_log_reader_init(&reader, journal);
	rc = find_end(journal, &reader, &end, &ignored);
	sbk_log_reader_release(&reader);
	return rc == 1 ? end : UINT64_MAX;
}

/* --- the journal's own --------------------------------------------------- */

/* From the tables, which were found to be what the log says. */
static int build(struct sbk_journal *journal, struct sbk_error *err)
{
	struct sbk_summary *s = &journal->summary;
	sqlite3_stmt *row;
	int rc = sbk_db_statement(&journal->db, SBK_SQL_DONE_TXNS, &row, err);

	while (rc >= 0 && (rc = sbk_db_step(&journal->db, row, err)) == 1) {
		struct sbk_summary_item item = {
			.txn = (uint64_t)sqlite3_column_int64(row, 0),
			.first = (uint64_t)sqlite3_column_int64(row, 1),
			.last = (uint64_t)sqlite3_column_int64(row, 2),
			.dug = true, /* perhaps */
		};
		bool any;

		rc = sbk_summary_hash(&journal->db, item.first, item.last,
				      item.hash, &any, err);
		if (rc == 0 && any)
			rc = add_item(s, &item, err);
	}
	if (rc == 0)
		rc = sbk_db_statement(&journal->db, SBK_SQL_UNSETTLED_TXNS,
				      &row, err);
	while (rc >= 0 && (rc = sbk_db_step(&journal->db, row, err)) == 1)
		rc = add_unsettled(s, (uint64_t)sqlite3_column_int64(row, 0),
				   err);
	s->known = rc == 0;
	return rc;
}

static int load(struct sbk_journal *journal, struct sbk_error *err)
{
	struct sbk_log_reader reader;
	uint64_t end;
	int rc = sbk_log_snapshot(journal, err);

	if (rc < 0)
		return rc;
	sbk_log_reader_init(&reader, journal);
	rc = sbk_summary_find(journal, &reader, &journal->summary, &end, err);
	sbk_log_reader_release(&reader);
	sbk_db_abandon(&journal->db); /* only read */
	return rc;
}

void sbk_summary_load(struct sbk_journal *journal)
{
	struct sbk_error ignored = SBK_ERROR_INIT; /* see the header */
	int rc;

	if (journal->summary.known || journal->trusted)
		return;
	sbk_summary_release(&journal->summary);
	rc = load(journal, &ignored);
	if (rc == 0)
		rc = sbk_journal_check(journal, &ignored) < 0
			     ? -1
			     : build(journal, &ignored);
	if (rc < 0)
		sbk_summary_release(&journal->summary);
}

/* --- writing one --------------------------------------------------------- */

static struct sbk_summary_item *find_item(struct sbk_summary *s, uint64_t id)
{
	size_t low = 0, high = s->count;

	if (s->last != NULL && id >= s->last->first && id <= s->last->last)
		return s->last;
	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		struct sbk_summary_item *item = &s->items[middle];

		if (id >= item->first && id <= item->last) {
			s->last = item;
			return item;
		}
		if (id > item->last)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

int sbk_summary_touch(struct sbk_journal *journal, uint64_t id, bool undone,
		      struct sbk_error *err)
{
	struct sbk_summary *s = &journal->summary;
	unsigned char hash[SBK_TREE_HASH_BYTES];
	struct sbk_summary_item *item;
	bool any;
	int rc;

	if (!s->known || id == 0)
		return 0;
	if (undone && (s->lowest == 0 || id < s->lowest))
		s->lowest = id;
	item = find_item(s, id);
	if (item == NULL || item->touched)
		return 0;
	rc = sbk_summary_hash(&journal->db, item->first, item->last, hash, &any,
			      err);
	if (rc < 0)
		return rc;
	if (memcmp(hash, item->hash, sizeof(hash)) != 0)
		return sbk_error_set(
			err, SBK_E_CORRUPT,
			"journal '%.200s' is not what its log says: other "
			"changes of transaction %llu are in effect (see "
			"'sandbook journal verify')",
			journal->db.path, (unsigned long long)item->txn);
	item->touched = true;
	return 0;
}

/* What is in effect of the transaction that ends. */
static int add_own(struct sbk_journal *journal, uint64_t txn,
		   struct sbk_error *err)
{
	struct sbk_summary *s = &journal->summary;
	struct sbk_summary_item item = {.txn = txn, .touched = true};
	sqlite3_stmt *row;
	int rc = sbk_db_statement(&journal->db, SBK_SQL_DONE_RANGE, &row, err);

	if (rc < 0)
		return rc;
	(void)sqlite3_bind_int64(row, 1, (sqlite3_int64)txn);
	rc = sbk_db_step(&journal->db, row, err);
	if (rc == 1) {
		item.first = (uint64_t)sqlite3_column_int64(row, 0);
		item.last = (uint64_t)sqlite3_column_int64(row, 1);
	}
	(void)sqlite3_reset(row); /* the error is in `err` */
	if (rc <= 0)
		return rc;
	s->last = NULL;
	if (s->count > 0 && s->items[s->count - 1].last >= item.first)
		return 0; /* it ended before, and is in the list */
	return add_item(s, &item, err);
}

/* Looks again at what was touched, and forgets what is not in effect. */
static int renew(struct sbk_journal *journal, struct sbk_error *err)
{
	struct sbk_summary *s = &journal->summary;
	size_t i, used = 0;
	int rc;

	for (i = 0; i < s->count; i++) {
		struct sbk_summary_item *item = &s->items[i];
		bool any = true;

		if (item->touched) {
			rc = sbk_summary_hash(&journal->db, item->first,
					      item->last, item->hash, &any,
					      err);
			if (rc < 0)
				return rc;
		}
		item->touched = false;
		item->dug = item->dug ||
			    (s->lowest != 0 && item->last >= s->lowest);
		if (any)
			s->items[used++] = *item;
	}
	s->count = used;
	s->lowest = 0;
	s->last = NULL;
	return 0;
}

static int note_state(struct sbk_summary *s, uint64_t txn, const char *state,
		      struct sbk_error *err)
{
	size_t i, used = 0;

	for (i = 0; i < s->unsettled_count; i++)
		if (s->unsettled[i] != txn)
			s->unsettled[used++] = s->unsettled[i];
	s->unsettled_count = used;
	return strcmp(state, "failed") == 0 ? add_unsettled(s, txn, err) : 0;
}

static void print(const struct sbk_summary *s, struct sbk_buf *out)
{
	size_t i;

	sbk_json_open_key(out, "open", '[');
	for (i = 0; i < s->count; i++) {
		const struct sbk_summary_item *item = &s->items[i];

		sbk_json_open(out, '[');
		sbk_json_integer(out, NULL, (int64_t)item->txn);
		sbk_json_integer(out, NULL, (int64_t)item->first);
		sbk_json_integer(out, NULL, (int64_t)item->last);
		sbk_json_key(out, NULL);
		sbk_buf_addc(out, '"');
		sbk_buf_add_hex(out, item->hash, sizeof(item->hash));
		sbk_buf_addc(out, '"');
		if (item->dug)
			sbk_json_bool(out, NULL, true);
		sbk_json_close(out, ']');
	}
	sbk_json_close(out, ']');
	sbk_json_open_key(out, "unsettled", '[');
	for (i = 0; i < s->unsettled_count; i++)
		sbk_json_integer(out, NULL, (int64_t)s->unsettled[i]);
	sbk_json_close(out, ']');
}

int sbk_summary_end(struct sbk_journal *journal, uint64_t txn,
		    const char *state, struct sbk_buf *out,
		    struct sbk_error *err)
{
	struct sbk_summary *s = &journal->summary;
	int rc;

	if (!s->known)
		return 0;
	rc = add_own(journal, txn, err);
	if (rc == 0)
		rc = renew(journal, err);
	if (rc == 0)
		rc = note_state(s, txn, state, err);
	if (rc == 0 && s->count <= SBK_SUMMARY_OPEN_MAX)
		print(s, out);
	else if (rc == 0)
		sbk_json_null(out, "open"); /* too many to tell each time */
	return rc;
}
