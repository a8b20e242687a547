/*
 * A log whose oldest entries were exported and dropped: that an entry of it
 * says so, that this entry was signed, and that what stands for the others has
 * the root that it names. Where their files are given, all of them are read
 * again, and what the entry says of them is compared with what they say.
 *
 * Whoever deletes the beginning of a log cannot call it dropped: for that an
 * entry is needed which a checkpoint covers, and only the log's key signs
 * those.
 */
#include "journal/segment.h"
#include "journal/signing.h"
#include "journal/summary.h"
#include "journal/verify_rest.h"

#include <stdlib.h>
#include <string.h>

#include "engine/banned.h"

struct reading {
	struct sbk_verification *v;
	struct sbk_tree tree; /* of the first look at the files */
	/* Roots before the entries that name keys. */
	struct sbk_segment_key keys[SBK_SEGMENT_KEYS_MAX];
	size_t key_count;
	struct sbk_buf last_end;
	uint64_t last_end_entry;
	struct sbk_segment_base *older, *said, *found;
	struct sbk_segment_file files[SBK_SEGMENTS_MAX];
	size_t count;
	struct sbk_rest rest; /* states and checkpoints of the one at hand */
};

/* --- the files, before they are believed --------------------------------- */

static int add_leaf(void *arg, uint64_t n, const char *json, size_t size)
{
	struct sbk_tree *tree = arg;

	(void)n;
	return sbk_tree_append(tree, json, size, NULL, NULL);
}

static bool same_root(const struct sbk_tree *tree, const unsigned char *root)
{
	unsigned char own[SBK_TREE_HASH_BYTES];

	sbk_tree_root(tree, own);
	return memcmp(own, root, sizeof(own)) == 0;
}

static int parse_files(struct reading *r)
{
	const struct sbk_journal_anchor *a = r->v->anchor;
	size_t i;
	int rc = 0;

	if (a->segment_count > SBK_SEGMENTS_MAX)
		return sbk_error_set(r->v->err, SBK_E_LIMIT,
				     "more than %d segments", SBK_SEGMENTS_MAX);
	for (i = 0; rc == 0 && i < a->segment_count; i++) {
		rc = sbk_segment_file_parse(&a->segments[i], &r->files[i],
					    r->v->err);
		r->count = i + 1; /* to be released in any case */
		if (rc == 0 && i == 0)
			r->tree = r->files[0].before;
		if (rc == 0 && r->files[i].first != r->tree.size)
			return sbk_rest_wrong(r->v,
					      "they do not follow one "
					      "another; give them from the "
					      "oldest on");
		if (rc == 0)
			rc = sbk_segment_file_each(&r->files[i], add_leaf,
						   &r->tree, r->v->err);
		if (rc == 0 && (!same_root(&r->tree, r->files[i].root) ||
				r->files[i].book != r->v->journal->book))
			return sbk_rest_wrong(r->v, "the first line of one");
	}
	if (rc == 0 &&
	    (r->tree.size != r->v->cut || !same_root(&r->tree, r->said->root)))
		return sbk_rest_wrong(r->v, "they come to another root");
	return rc;
}

/* Whether the file says so of what is before it; `base` is filled. */
static int read_drop(struct reading *r, const struct sbk_segment_file *file,
		     struct sbk_segment_base *base)
{
	int rc = sbk_segment_base_parse(file->drop_entry,
					sbk_buf_text(&file->drop),
					file->drop.size, base, r->v->err);

	if (rc == SBK_E_NOMEM)
		return rc;
	if (rc < 0 || base->entries != file->first ||
	    !same_root(&file->before, base->root))
		return sbk_rest_wrong(r->v, "what one of them goes on from");
	return 0;
}

/* What the oldest file goes on from. */
static int take_older(struct reading *r)
{
	struct sbk_segment_base *base = malloc(sizeof(*base));
	size_t i;
	int rc = 0;

	if (base == NULL)
		return sbk_error_no_memory(r->v->err);
	for (i = r->count; rc == 0 && i > 0; i--)
		if (r->files[i - 1].first > 0)
			rc = read_drop(r, &r->files[i - 1], base);
	if (rc < 0 || r->files[0].first == 0) {
		free(base);
		return rc;
	}
	r->older = base;
	return sbk_segment_seed(&r->v->rebuilt, base, r->v->err);
}

/* An entry of the log where a file says that it is what dropped the others. */
static int check_drop(struct reading *r, uint64_t n, const char *json,
		      size_t size)
{
	size_t i;

	for (i = 0; i < r->count; i++) {
		const struct sbk_segment_file *file = &r->files[i];

		if (file->first > 0 && file->drop_entry == n &&
		    (file->drop.size != size ||
		     memcmp(sbk_buf_text(&file->drop), json, size) != 0))
			return sbk_rest_wrong(r->v,
					      "what one of them goes on from");
	}
	return 0;
}

/* The same of those that are not in the files themselves. */
static int check_later_drops(struct reading *r)
{
	struct sbk_db *db = &r->v->journal->db;
	sqlite3_stmt *row;
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < r->count; i++) {
		const struct sbk_segment_file *file = &r->files[i];

		if (file->first == 0 || file->drop_entry < r->v->cut)
			continue;
		rc = sbk_db_statement(db, SBK_SQL_ENTRY, &row, r->v->err);
		if (rc < 0)
			return rc;
		(void)sqlite3_bind_int64(row, 1,
					 (sqlite3_int64)file->drop_entry);
		rc = sbk_db_step(db, row, r->v->err);
		if (rc == 1)
			rc = check_drop(
				r, file->drop_entry,
				(const char *)sqlite3_column_text(row, 0),
				(size_t)sqlite3_column_bytes(row, 0));
		else if (rc == 0)
			rc = check_drop(r, file->drop_entry, "", 0);
		(void)sqlite3_reset(row); /* the error is in r->v->err */
	}
	return rc;
}

/* --- what they say ------------------------------------------------------- */

static int note_key(struct reading *r, uint64_t n)
{
	struct sbk_segment_key *key;

	if (r->key_count == SBK_SEGMENT_KEYS_MAX)
		return sbk_verify_too_many(r->v, "keys", SBK_SEGMENT_KEYS_MAX);
	key = &r->keys[r->key_count++];
	key->entry = n;
	sbk_tree_root(&r->v->tree, key->root);
	return 0;
}

static int note_end(struct reading *r, uint64_t n, const char *json,
		    size_t size)
{
	sbk_buf_clear(&r->last_end);
	sbk_buf_add(&r->last_end, json, size);
	r->last_end_entry = n;
	return sbk_buf_failed(&r->last_end, r->v->err);
}

static int follow(struct reading *r, uint64_t n, const char *json, size_t size)
{
	int rc = 0;

	if (sbk_entry_is(json, size, "intend"))
		return sbk_rest_intend(&r->rest, n, json, size);
	if (sbk_entry_is(json, size, "settle"))
		return 0;
	if (sbk_entry_is(json, size, "create") ||
	    sbk_entry_is(json, size, "key"))
		rc = note_key(r, n);
	else if (sbk_entry_is(json, size, "end"))
		rc = note_end(r, n, json, size);
	return rc < 0 ? rc : sbk_verify_replay(r->v, n, json, size);
}

static int read_entry(void *arg, uint64_t n, const char *json, size_t size)
{
	struct reading *r = arg;
	int rc = check_drop(r, n, json, size);

	if (rc == 0 && !r->v->replay_stopped)
		rc = follow(r, n, json, size);
	if (rc == 0)
		rc = sbk_verify_grow(r->v, json, size);
	return rc < 0 || r->v->replay_stopped ? rc : sbk_rest_grown(&r->rest);
}

static int root_of(void *arg, uint64_t entry,
		   unsigned char root[SBK_TREE_HASH_BYTES],
		   struct sbk_error *err)
{
	const struct reading *r = arg;
	size_t i;

	if (entry == r->v->cut) {
		memcpy(root, r->said->root, SBK_TREE_HASH_BYTES);
		return 0;
	}
	for (i = 0; i < r->key_count; i++) {
		if (r->keys[i].entry != entry)
			continue;
		memcpy(root, r->keys[i].root, SBK_TREE_HASH_BYTES);
		return 0;
	}
	return sbk_error_set(err, SBK_E_CORRUPT, "a key from nowhere");
}

static int compare_bases(struct reading *r)
{
	struct sbk_buf said = SBK_BUF_INIT, found = SBK_BUF_INIT;
	struct sbk_verification *v = r->v;
	int rc = sbk_segment_base_make(&v->rebuilt, v->cut, r->older, root_of,
				       r, r->found, v->err);

	if (rc < 0)
		return rc;
	if (sbk_rest_changes(&r->rest) > r->found->changes)
		r->found->changes = sbk_rest_changes(&r->rest);
	sbk_segment_base_print(r->said, &said);
	sbk_segment_base_print(r->found, &found);
	if (strcmp(sbk_buf_text(&said), sbk_buf_text(&found)) != 0)
		sbk_verify_find(v,
				"entry %llu does not say what the entries were "
				"that it dropped",
				(unsigned long long)v->drop_entry);
	sbk_buf_release(&said);
	sbk_buf_release(&found);
	return 0;
}

/* Nothing may have been in effect where the log was cut. */
static int check_nothing_open(struct reading *r)
{
	struct sbk_summary last = {.known = false};
	struct sbk_error why = SBK_ERROR_INIT;
	int rc;

	if (r->last_end.size == 0)
		return 0;
	rc = sbk_summary_parse(r->last_end_entry, sbk_buf_text(&r->last_end),
			       r->last_end.size, &last, &why);
	if (rc != 1 || last.count > 0 || last.unsettled_count > 0)
		sbk_verify_find(r->v,
				"entry %llu dropped others while something of "
				"them was in effect",
				(unsigned long long)r->v->drop_entry);
	sbk_summary_release(&last);
	return rc == SBK_E_NOMEM ? sbk_error_no_memory(r->v->err) : 0;
}

static int read_file(struct reading *r, const struct sbk_segment_file *file)
{
	const bool stopped = r->v->replay_stopped;
	int rc = stopped ? 0 : sbk_rest_begin(&r->rest, file);

	if (rc == 0)
		rc = sbk_segment_file_each(file, read_entry, r, r->v->err);
	return rc < 0 || r->v->replay_stopped ? rc : sbk_rest_end(&r->rest);
}

static int read_all(struct reading *r)
{
	struct sbk_verification *v = r->v;
	size_t i;
	int rc = parse_files(r);

	if (rc == 0)
		rc = take_older(r);
	if (r->older != NULL)
		r->rest.base = r->older->changes;
	v->tree = r->files[0].before;
	v->verdict->read_from = r->files[0].first;
	for (i = 0; rc == 0 && i < r->count; i++)
		rc = read_file(r, &r->files[i]);
	if (rc == 0)
		rc = check_later_drops(r);
	if (rc == 0 && !v->replay_stopped)
		rc = compare_bases(r);
	if (rc == 0 && !v->replay_stopped)
		rc = check_nothing_open(r);
	return rc < 0 ? rc : sbk_view_clear(&v->rebuilt, v->err);
}

static int read_segments(struct sbk_verification *v,
			 struct sbk_segment_base *said)
{
	struct reading *r = calloc(1, sizeof(*r));
	size_t i;
	int rc;

	if (r == NULL)
		return sbk_error_no_memory(v->err);
	r->v = v;
	r->said = said;
	r->found = malloc(sizeof(*r->found));
	sbk_rest_init(&r->rest, v);
	rc = r->found != NULL ? read_all(r) : sbk_error_no_memory(v->err);
	for (i = 0; i < r->count; i++)
		sbk_segment_file_release(&r->files[i]);
	sbk_buf_release(&r->last_end);
	sbk_rest_release(&r->rest);
	free(r->older);
	free(r->found);
	free(r);
	return rc;
}

/* --- the cut ------------------------------------------------------------- */

/* As if nothing said so: the entries are missing. */
static int not_dropped(struct sbk_verification *v, const char *why)
{
	sbk_verify_find(v, "%s", why);
	sbk_verify_altered(v, 0);
	v->cut = 0;
	return 0;
}

static bool has_files(const struct sbk_verification *v)
{
	return v->anchor != NULL && v->anchor->segment_count > 0;
}

static int begin(struct sbk_verification *v, struct sbk_segment_base *base)
{
	struct sbk_error why = SBK_ERROR_INIT;
	struct sbk_tree tree;
	int rc = sbk_segment_base_read(v->journal, v->cut, base, &v->drop_entry,
				       &why);

	if (rc == 0)
		rc = sbk_segment_tree(v->journal, v->cut, &tree, &why);
	if (rc == 0 && !same_root(&tree, base->root))
		rc = sbk_error_set(
			&why, SBK_E_CORRUPT,
			"the hashes of the entries that were dropped "
			"do not come to the root that entry %llu "
			"names",
			(unsigned long long)v->drop_entry);
	if (rc == SBK_E_NOTFOUND || rc == SBK_E_CORRUPT)
		return not_dropped(v, why.message);
	if (rc < 0)
		return sbk_error_set(v->err, rc, "%s", why.message);
	v->verdict->dropped = v->cut;
	v->verdict->read_from = v->cut;
	memcpy(v->verdict->dropped_root, base->root, SBK_TREE_HASH_BYTES);
	if (!v->first_only)
		rc = sbk_verdict_skip(v);
	if (rc == 0 && has_files(v))
		rc = read_segments(v, base);
	else
		v->tree = tree;
	v->changes.count = v->changes.base = base->changes;
	if (rc == 0)
		rc = sbk_segment_seed(&v->rebuilt, base, v->err);
	return rc == 0 && !v->first_only ? sbk_verdict_grown(v) : rc;
}

int sbk_verify_cut(struct sbk_verification *v)
{
	struct sbk_segment_base *base;
	int rc = sbk_segment_cut(&v->journal->db, &v->cut, v->err);

	if (rc == 0 && v->cut == 0 && has_files(v))
		return sbk_rest_wrong(v, "nothing was dropped");
	if (rc < 0 || v->cut == 0)
		return rc;
	base = malloc(sizeof(*base));
	if (base == NULL)
		return sbk_error_no_memory(v->err);
	rc = begin(v, base);
	free(base);
	return rc;
}

/* The key that signs at this entry, as the log has it. */
static int read_key(struct sbk_verification *v, struct sbk_note_key *out)
{
	sqlite3_stmt *row;
	int rc = sbk_db_statement(&v->rebuilt, SBK_SQL_SIGNERS, &row, v->err);
	bool found = false;

	if (rc < 0)
		return rc;
	while ((rc = sbk_db_step(&v->rebuilt, row, v->err)) == 1 &&
	       (uint64_t)sqlite3_column_int64(row, 0) <= v->drop_entry) {
		const char *text = sbk_db_text(row, 1);

		found = text != NULL &&
			sbk_note_key_parse(text, strlen(text), out, NULL) == 0;
	}
	(void)sqlite3_reset(row); /* the error is in v->err */
	return rc < 0 ? rc : found;
}

/* The entry and the checkpoint that covers it last are one commit. */
static int is_signed(struct sbk_verification *v, bool *out)
{
	struct sbk_error why = SBK_ERROR_INIT; /* then it is not */
	struct sbk_buf text = SBK_BUF_INIT;
	struct sbk_checkpoint head;
	struct sbk_note_key key;
	struct sbk_note note;
	int rc = read_key(v, &key);

	*out = rc == 1 &&
	       sbk_checkpoint_read(v->journal, v->drop_entry + 1, &text,
				   &why) == 0 &&
	       sbk_note_parse(text.data, text.size, &note, &why) == 0 &&
	       sbk_checkpoint_parse(&note, &head, &why) == 0 &&
	       head.size == v->drop_entry + 1 &&
	       strcmp(head.origin, key.name) == 0 &&
	       memcmp(head.root, v->drop_root, sizeof(head.root)) == 0 &&
	       sbk_note_verify(&note, &key) == 1;
	sbk_buf_release(&text);
	return rc < 0 ? rc : 0;
}

int sbk_verify_cut_end(struct sbk_verification *v)
{
	uint64_t said = 0;
	bool good = true;
	int rc = sbk_db_number(&v->rebuilt, SBK_SQL_DROPPED, &said, v->err);

	if (rc == 0 && v->cut > 0)
		rc = is_signed(v, &good);
	if (rc < 0)
		return rc;
	if (!good) {
		sbk_verify_find(v,
				"entry %llu says that entries 0 to %llu were "
				"exported and dropped, and no key of the log "
				"signed that: they are missing",
				(unsigned long long)v->drop_entry,
				(unsigned long long)v->cut - 1);
		sbk_verify_altered(v, 0);
	}
	if (said > v->cut)
		sbk_verify_find(v,
				"entries that the log says were dropped, up to "
				"%llu, are there",
				(unsigned long long)said - 1);
	return 0;
}
