/*
 * A segment's file read back: the text of export.c, which somebody kept and
 * may have changed. It is cut into its parts, and each entry is handed out as
 * it stands; what they are worth, the tree that they come to tells.
 */
#include "journal/segment.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "engine/json.h"
#include "engine/json_load.h"

#include "engine/banned.h"

#define FIRST_FORMAT 4 /* of the journal, that had segments */

/* --- its lines ------------------------------------------------------------ */

static void add_hash(struct sbk_buf *out, const char *key,
		     const unsigned char hash[SBK_TREE_HASH_BYTES])
{
	sbk_json_key(out, key);
	sbk_buf_addc(out, '"');
	sbk_buf_add_hex(out, hash, SBK_TREE_HASH_BYTES);
	sbk_buf_addc(out, '"');
}

void sbk_segment_head_print(const struct sbk_segment_head *head,
			    struct sbk_buf *out)
{
	const struct sbk_tree *before = head->before;
	int level;

	sbk_json_open(out, '{');
	sbk_json_string(out, "export", "sandbook journal");
	sbk_json_integer(out, "format", (int64_t)head->format);
	sbk_json_string(out, "book", sbk_book_name(head->book));
	sbk_json_integer(out, "size", (int64_t)head->end);
	add_hash(out, "root", head->root);
	if (before->size > 0) {
		sbk_json_integer(out, "first", (int64_t)before->size);
		sbk_json_open_key(out, "before", '[');
		for (level = SBK_TREE_LEVELS - 1; level >= 0; level--)
			if ((before->size >> level & 1) != 0)
				add_hash(out, NULL, before->peak[level]);
		sbk_json_close(out, ']');
	}
	sbk_buf_adds(out, "}\n");
}

void sbk_segment_drop_print(uint64_t entry, const char *text,
			    struct sbk_buf *out)
{
	sbk_json_open(out, '{');
	sbk_json_integer(out, "drop", (int64_t)entry);
	sbk_json_string(out, "text", text);
	sbk_buf_adds(out, "}\n");
}

void sbk_checkpoint_line_print(const char *note, struct sbk_buf *out)
{
	sbk_json_open(out, '{');
	sbk_json_name(out, "checkpoint", note);
	sbk_buf_adds(out, "}\n");
}

/* --- read back ------------------------------------------------------------ */

static int none(const char *what, struct sbk_error *err)
{
	return sbk_error_set(err, SBK_E_PARSE,
			     "the file is no segment of a log: %s (see "
			     "'sandbook journal export --to')",
			     what);
}

/* One line as JSON; the caller releases it. */
static json_t *read_line(const char *text, const char *stop, const char **next)
{
	const char *end = memchr(text, '\n', (size_t)(stop - text));
	json_error_t why;

	if (end == NULL)
		return NULL;
	*next = end + 1;
	return sbk_json_load(text, (size_t)(end - text), JSON_REJECT_DUPLICATES,
			     &why);
}

/* The subtrees that make up the first entries, the largest first. */
static bool read_before(const json_t *list, uint64_t first,
			struct sbk_tree *out)
{
	unsigned char hash[SBK_TREE_HASH_BYTES];
	size_t used = 0;
	int level;

	for (level = SBK_TREE_LEVELS - 1; level >= 0; level--) {
		const char *hex;

		if ((first >> level & 1) == 0)
			continue;
		hex = json_string_value(json_array_get(list, used++));
		if (hex == NULL || !sbk_hex_decode(hex, hash, sizeof(hash)) ||
		    !sbk_tree_graft(out, level, hash))
			return false;
	}
	return json_array_size(list) == used;
}

static bool read_head(const json_t *line, struct sbk_segment_file *out)
{
	const json_t *size = json_object_get(line, "size");
	const json_t *first = json_object_get(line, "first");
	const char *hex = json_string_value(json_object_get(line, "root"));
	const char *what = json_string_value(json_object_get(line, "export"));
	const char *book = json_string_value(json_object_get(line, "book"));

	sbk_tree_init(&out->before);
	out->book = book != NULL && strcmp(book,
					   sbk_book_name(SBK_BOOK_MACHINE)) == 0
			    ? SBK_BOOK_MACHINE
			    : SBK_BOOK_USER;
	if (what == NULL || strcmp(what, "sandbook journal") != 0 ||
	    !json_is_integer(size) || hex == NULL ||
	    !sbk_hex_decode(hex, out->root, sizeof(out->root)))
		return false;
	out->end = (uint64_t)json_integer_value(size);
	if (first != NULL)
		out->first = (uint64_t)json_integer_value(first);
	if (out->end >> SBK_TREE_LEVELS != 0 || out->first >= out->end)
		return false;
	return out->first == 0 || read_before(json_object_get(line, "before"),
					      out->first, &out->before);
}

/* A line is as it is written, or it is none: who reads a file byte by byte and
 * who parses it see the same. */
static bool is_line(struct sbk_buf *wanted, const char *text, const char *next)
{
	const bool same = wanted->failure == 0 &&
			  wanted->size == (size_t)(next - text) &&
			  memcmp(wanted->data, text, wanted->size) == 0;

	sbk_buf_release(wanted);
	return same;
}

static bool is_head(const json_t *line, const struct sbk_segment_file *file,
		    const char *text, const char *next)
{
	const json_t *format = json_object_get(line, "format");
	struct sbk_segment_head head = {
		.format = (uint64_t)json_integer_value(format),
		.end = file->end,
		.book = file->book,
		.before = &file->before,
	};
	struct sbk_buf wanted = SBK_BUF_INIT;

	if (head.format < FIRST_FORMAT || head.format > SBK_SCHEMA_VERSION)
		return false;
	memcpy(head.root, file->root, sizeof(head.root));
	sbk_segment_head_print(&head, &wanted);
	return is_line(&wanted, text, next);
}

static bool read_drop(const json_t *line, struct sbk_segment_file *out)
{
	const json_t *entry = json_object_get(line, "drop");
	const char *text = json_string_value(json_object_get(line, "text"));

	if (!json_is_integer(entry) || text == NULL)
		return false;
	out->drop_entry = (uint64_t)json_integer_value(entry);
	sbk_buf_adds(&out->drop, text);
	return out->drop.failure == 0;
}

static bool is_drop(const struct sbk_segment_file *file, const char *text,
		    const char *next)
{
	struct sbk_buf wanted = SBK_BUF_INIT;

	sbk_segment_drop_print(file->drop_entry, sbk_buf_text(&file->drop),
			       &wanted);
	return is_line(&wanted, text, next);
}

/* Where the line after the last entry begins; NULL: there are too few. */
static const char *find_rest(const struct sbk_segment_file *file)
{
	const char *text = file->entries;
	uint64_t n;

	for (n = file->first; text != NULL && n < file->end; n++) {
		text = memchr(text, '\n', (size_t)(file->stop - text));
		text = text != NULL ? text + 1 : NULL;
	}
	return text;
}

int sbk_segment_file_parse(const struct sbk_buf *text,
			   struct sbk_segment_file *out, struct sbk_error *err)
{
	const char *at = sbk_buf_text(text), *next = at;
	json_t *line;
	bool good;

	memset(out, 0, sizeof(*out));
	out->stop = at + text->size;
	line = read_line(at, out->stop, &next);
	good = line != NULL && read_head(line, out) &&
	       is_head(line, out, at, next);
	json_decref(line);
	if (!good)
		return none("its first line", err);
	if (out->first > 0) {
		at = next;
		line = read_line(at, out->stop, &next);
		good = line != NULL && read_drop(line, out) &&
		       is_drop(out, at, next);
		json_decref(line);
		if (!good)
			return none("its second line", err);
	}
	out->entries = next;
	out->rest = find_rest(out);
	return out->rest != NULL ? 0 : none("entries are missing", err);
}

void sbk_segment_file_release(struct sbk_segment_file *file)
{
	sbk_buf_release(&file->drop);
}

int sbk_segment_file_each(const struct sbk_segment_file *file,
			  sbk_segment_entry_fn *fn, void *arg,
			  struct sbk_error *err)
{
	const char *text = file->entries;
	uint64_t n;

	for (n = file->first; n < file->end; n++) {
		const char *end =
			memchr(text, '\n', (size_t)(file->stop - text));
		int rc;

		if (end == NULL)
			return none("entries are missing", err);
		rc = fn(arg, n, text, (size_t)(end - text));
		if (rc != 0)
			return rc;
		text = end + 1;
	}
	return 0;
}

static int grow(void *arg, uint64_t n, const char *json, size_t size)
{
	(void)n;
	return sbk_tree_append(arg, json, size, NULL, NULL);
}

int sbk_journal_text_root(const struct sbk_buf *text, uint64_t *entries,
			  unsigned char root[SBK_TREE_HASH_BYTES],
			  struct sbk_error *err)
{
	struct sbk_segment_file file;
	int rc = sbk_segment_file_parse(text, &file, err);

	if (rc == 0) {
		struct sbk_tree tree = file.before;

		rc = sbk_segment_file_each(&file, grow, &tree, err);
		sbk_tree_root(&tree, root);
		*entries = tree.size;
	}
	sbk_segment_file_release(&file);
	return rc;
}

/* --- for proofs ---------------------------------------------------------- */

static int add_leaf(void *arg, uint64_t n, const char *json, size_t size)
{
	struct sbk_segment_leaves *leaves = arg;

	sbk_tree_leaf(json, size, leaves->hashes[n - leaves->first]);
	leaves->count++;
	return 0;
}

int sbk_segment_leaves_add(struct sbk_segment_leaves *leaves,
			   const struct sbk_segment_file *file,
			   struct sbk_error *err)
{
	const uint64_t count = file->end - file->first;
	unsigned char(*hashes)[SBK_TREE_HASH_BYTES];

	if (leaves->count == 0)
		leaves->first = file->first;
	if (file->first != leaves->first + leaves->count)
		return sbk_error_set(
			err, SBK_E_INVAL,
			"the segments do not follow one another: "
			"entry %llu is in none of them; give them "
			"from the oldest on",
			(unsigned long long)(leaves->first + leaves->count));
	/* Each entry has a line. */
	if (count > (uint64_t)(file->stop - file->entries))
		return none("entries are missing", err);
	hashes = realloc(leaves->hashes,
			 (size_t)(leaves->count + count) * SBK_TREE_HASH_BYTES);
	if (hashes == NULL)
		return sbk_error_no_memory(err);
	leaves->hashes = hashes;
	return sbk_segment_file_each(file, add_leaf, leaves, err);
}

void sbk_segment_leaves_release(struct sbk_segment_leaves *leaves)
{
	free(leaves->hashes);
	memset(leaves, 0, sizeof(*leaves));
}
