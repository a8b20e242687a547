/*
 * What stands in a segment's file behind its entries: the states that they
 * name, and what was signed of them. Owns that the file is, byte for byte, what
 * the journal exported, as far as the log can tell.
 *
 * The entries are known by then to be those that were dropped. So which states
 * follow, and in which order, is known; their bytes are those that they are
 * named by. What is sealed stays a hash: that one is, its kind says, and no
 * line of the file.
 *
 * A checkpoint has the root of the entries that it covers, and every signature
 * on it is by a key that the log named by then, one by that in force. That one
 * was taken out is not seen, but for the first and the last: entries do not
 * say where they were signed.
 */
#include "journal/verify_rest.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "engine/json.h"
#include "engine/json_load.h"
#include "journal/entry_read.h"
#include "journal/note.h"

#include "engine/banned.h"

struct named {
	unsigned char hash[SBK_STATE_HASH_BYTES];
	bool sealed;
};

int sbk_rest_wrong(struct sbk_verification *v, const char *what)
{
	return sbk_error_set(v->err, SBK_E_INVAL,
			     "the segments that were given are not what was "
			     "dropped: %s",
			     what);
}

/* --- the states that entries name ----------------------------------------- */

static int add_state(struct sbk_rest *r, const unsigned char *hash, bool sealed)
{
	struct named item = {.sealed = sealed};
	bool fresh;

	if (sbk_table_put(&r->known, hash, SBK_STATE_HASH_BYTES, &fresh) ==
	    NULL)
		return sbk_error_no_memory(r->v->err);
	if (!fresh)
		return 0;
	memcpy(item.hash, hash, sizeof(item.hash));
	sbk_buf_add(&r->states, &item, sizeof(item));
	return sbk_buf_failed(&r->states, r->v->err);
}

/* Whether states of this change are sealed: where it names no kind, as those
 * of the one that it undoes. */
static bool is_sealed(const struct sbk_rest *r, const struct sbk_intend *said)
{
	enum sbk_kind kind;

	if (said->kind != NULL)
		return sbk_kind_parse(said->kind, &kind) == 0 &&
		       sbk_kind_sealed(kind);
	return said->undoes > r->base &&
	       said->undoes - r->base <= r->sealed.size &&
	       r->sealed.data[said->undoes - r->base - 1] != 0;
}

static int take_intend(struct sbk_rest *r, const struct sbk_intend *said)
{
	const bool sealed = is_sealed(r, said);
	int rc = 0;

	if (said->change != r->base + r->sealed.size + 1)
		return sbk_rest_wrong(r->v, "the numbers of their changes");
	sbk_buf_addc(&r->sealed, sealed);
	rc = sbk_buf_failed(&r->sealed, r->v->err);
	if (rc == 0 && said->has_states && !said->before_absent)
		rc = add_state(r, said->before, sealed);
	if (rc == 0 && said->has_states && !said->after_absent)
		rc = add_state(r, said->after, sealed);
	return rc;
}

int sbk_rest_intend(struct sbk_rest *r, uint64_t n, const char *json,
		    size_t size)
{
	struct sbk_entry_reader in;
	struct sbk_intend said;
	int rc = sbk_entry_open(&in, n, json, size, r->v->err);

	if (rc == 0)
		rc = sbk_entry_read_intend(&in, &said);
	if (rc == 0)
		rc = take_intend(r, &said);
	sbk_entry_close(&in);
	return rc;
}

uint64_t sbk_rest_changes(const struct sbk_rest *r)
{
	return r->base + r->sealed.size;
}

/* --- lines ---------------------------------------------------------------- */

/* Cuts off what the line must go on with; false where it does not. */
static bool take(const char **text, const char *stop, const char *with)
{
	const size_t size = strlen(with);

	if ((size_t)(stop - *text) < size || memcmp(*text, with, size) != 0)
		return false;
	*text += size;
	return true;
}

/* The digits up to `stop` are the bytes that the hash is of. */
static int take_bytes(struct sbk_rest *r, const char *text, const char *stop,
		      const unsigned char *hash, bool *good)
{
	unsigned char own[SBK_STATE_HASH_BYTES];
	const size_t size = (size_t)(stop - text) / 2;
	size_t used = 0;

	sbk_buf_clear(&r->bytes);
	sbk_buf_add(&r->bytes, text, size); /* room for the bytes */
	if (sbk_buf_failed(&r->bytes, r->v->err) < 0)
		return SBK_E_NOMEM;
	*good = (size_t)(stop - text) == 2 * size;
	for (; *good && text + used < stop; used++)
		*good = text[used] < 'A' || text[used] > 'F';
	if (*good && size > 0)
		*good = sodium_hex2bin((unsigned char *)r->bytes.data, size,
				       text, 2 * size, NULL, &used,
				       NULL) == 0 &&
			used == size;
	sbk_sha256(sbk_buf_text(&r->bytes), size, own);
	*good = *good && memcmp(own, hash, sizeof(own)) == 0;
	return 0;
}

static int take_state(struct sbk_rest *r, const struct named *item,
		      const char *text, const char *stop, bool *good)
{
	char hex[2 * SBK_STATE_HASH_BYTES + 1];

	(void)sodium_bin2hex(hex, sizeof(hex), item->hash, sizeof(item->hash));
	*good = take(&text, stop, "{\"state\":\"") && take(&text, stop, hex);
	if (*good && item->sealed) {
		*good = take(&text, stop, "\",\"sealed\":true}") &&
			text == stop;
		return 0;
	}
	*good = *good && take(&text, stop, "\",\"bytes_hex\":\"") &&
		stop - text >= 2 && memcmp(stop - 2, "\"}", 2) == 0;
	return *good ? take_bytes(r, text, stop - 2, item->hash, good) : 0;
}

static const char *end_of(const struct sbk_rest *r, const char *text)
{
	return memchr(text, '\n', (size_t)(r->file->stop - text));
}

static int take_states(struct sbk_rest *r)
{
	const size_t count = r->states.size / sizeof(struct named);
	const char *text = r->text;
	bool good = true;
	size_t i;
	int rc = 0;

	for (i = 0; i < count && rc == 0 && good; i++) {
		const char *end = end_of(r, text);
		struct named item;

		if (end == NULL)
			break;
		memcpy(&item, r->states.data + i * sizeof(item), sizeof(item));
		rc = take_state(r, &item, text, end, &good);
		text = end + 1;
	}
	if (rc == 0 && (i < count || !good || text != r->notes))
		rc = sbk_rest_wrong(r->v, "the states");
	return rc;
}

/* --- checkpoints ---------------------------------------------------------- */

/* The line that comes as a checkpoint; size 0 where there are no more. */
static int next_note(struct sbk_rest *r)
{
	const char *end = end_of(r, r->next), *text;
	struct sbk_buf line = SBK_BUF_INIT;
	json_error_t why;
	json_t *json;
	bool good;

	r->head.size = 0;
	json_decref(r->json);
	r->json = NULL;
	if (r->next == r->file->stop)
		return 0;
	if (end == NULL)
		return sbk_rest_wrong(r->v, "the last line has no end");
	json = sbk_json_load(r->next, (size_t)(end - r->next),
			     JSON_REJECT_DUPLICATES, &why);
	if (json == NULL && json_error_code(&why) == json_error_out_of_memory)
		return sbk_error_no_memory(r->v->err);
	text = json_string_value(json_object_get(json, "checkpoint"));
	if (text != NULL)
		sbk_checkpoint_line_print(text, &line);
	good = text != NULL && line.failure == 0 &&
	       line.size == (size_t)(end + 1 - r->next) &&
	       memcmp(line.data, r->next, line.size) == 0 &&
	       sbk_note_parse(text, strlen(text), &r->note, NULL) == 0 &&
	       sbk_checkpoint_parse(&r->note, &r->head, NULL) == 0 &&
	       r->head.size >= r->least;
	r->least = r->head.size + 1;
	sbk_buf_release(&line);
	r->json = json; /* the note is its */
	r->next = end + 1;
	return good ? 0 : sbk_rest_wrong(r->v, "a checkpoint");
}

/* The keys that the log named so far; the last one signs. */
static int read_keys(struct sbk_rest *r)
{
	struct sbk_db *db = &r->v->rebuilt;
	sqlite3_stmt *row;
	int rc = sbk_db_statement(db, SBK_SQL_SIGNERS, &row, r->v->err);

	if (rc < 0)
		return rc;
	r->key_count = 0;
	while ((rc = sbk_db_step(db, row, r->v->err)) == 1) {
		const char *text = sbk_db_text(row, 1);

		if (text == NULL || r->key_count == SBK_SEGMENT_KEYS_MAX ||
		    sbk_note_key_parse(text, strlen(text),
				       &r->keys[r->key_count], NULL) < 0)
			break;
		r->key_count++;
	}
	(void)sqlite3_reset(row); /* the error is in r->v->err */
	return rc < 0 ? rc : 0;
}

/* Each line of signatures is one key's, and each key's its own. */
static bool is_signed(const struct sbk_rest *r)
{
	const char *line = r->note.signatures;
	size_t left = r->note.signatures_size, i;
	uint64_t used = 0;

	while (left > 0) {
		const char *end = memchr(line, '\n', left);
		const size_t size = (size_t)(end + 1 - line);
		struct sbk_note one = r->note;

		one.signatures = line;
		one.signatures_size = size;
		for (i = 0; i < r->key_count; i++)
			if ((used >> i & 1) == 0 &&
			    sbk_note_verify(&one, &r->keys[i]) == 1)
				break;
		if (i == r->key_count)
			return false;
		used |= (uint64_t)1 << i;
		left -= size;
		line += size;
	}
	return r->key_count > 0 && (used >> (r->key_count - 1) & 1) != 0;
}

static int check_note(struct sbk_rest *r)
{
	unsigned char root[SBK_TREE_HASH_BYTES];
	int rc = read_keys(r);

	if (rc < 0)
		return rc;
	sbk_tree_root(&r->v->tree, root);
	if (memcmp(root, r->head.root, sizeof(root)) != 0 ||
	    r->key_count == 0 ||
	    strcmp(r->head.origin, r->keys[r->key_count - 1].name) != 0 ||
	    !is_signed(r))
		return sbk_rest_wrong(r->v, "a checkpoint");
	r->last = r->head.size;
	return next_note(r);
}

int sbk_rest_grown(struct sbk_rest *r)
{
	if (r->head.size != r->v->tree.size)
		return 0;
	return check_note(r);
}

/* --- one file ------------------------------------------------------------- */

int sbk_rest_begin(struct sbk_rest *r, const struct sbk_segment_file *file)
{
	int rc;

	r->file = file;
	r->text = r->notes = file->rest;
	sbk_table_clear(&r->known);
	sbk_buf_clear(&r->states);
	while (r->notes != file->stop) {
		const char *end = end_of(r, r->notes), *at = r->notes;

		if (end == NULL || !take(&at, end, "{\"state\":"))
			break;
		r->notes = end + 1;
	}
	r->next = r->notes;
	r->least = file->first > 0 ? file->first : 1;
	r->last = 0;
	rc = next_note(r);
	/* What was dropped before ended at one, and so does this. */
	if (rc == 0 && file->first > 0 && r->head.size != file->first)
		rc = sbk_rest_wrong(r->v, "their first checkpoint is missing");
	return rc == 0 && file->first > 0 ? check_note(r) : rc;
}

int sbk_rest_end(struct sbk_rest *r)
{
	int rc = take_states(r);

	if (rc == 0 && (r->last != r->file->end || r->head.size != 0))
		rc = sbk_rest_wrong(r->v, "their last checkpoint");
	return rc;
}

void sbk_rest_init(struct sbk_rest *r, struct sbk_verification *v)
{
	memset(r, 0, sizeof(*r));
	r->v = v;
	r->known = (struct sbk_table)SBK_TABLE_INIT(0, &r->arena);
}

void sbk_rest_release(struct sbk_rest *r)
{
	json_decref(r->json);
	sbk_table_release(&r->known);
	sbk_arena_release(&r->arena);
	sbk_buf_release(&r->states);
	sbk_buf_release(&r->sealed);
	sbk_buf_release(&r->bytes);
}
