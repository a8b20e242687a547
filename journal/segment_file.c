/*
 * A segment's file read back: the text of export.c, which somebody kept and
 * may have changed. It is cut into its parts, and each entry is handed out as
 * it stands; what they are worth, the tree that they come to tells.
 */
#include "journal/segment.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "engine/banned.h"

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
	return json_loadb(text, (size_t)(end - text), JSON_REJECT_DUPLICATES,
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

	sbk_tree_init(&out->before);
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

int sbk_segment_file_parse(const struct sbk_buf *text,
			   struct sbk_segment_file *out, struct sbk_error *err)
{
	const char *next = sbk_buf_text(text);
	json_t *line;
	bool good;

	memset(out, 0, sizeof(*out));
	out->stop = next + text->size;
	line = read_line(next, out->stop, &next);
	good = line != NULL && read_head(line, out);
	json_decref(line);
	if (!good)
		return none("its first line", err);
	if (out->first > 0) {
		line = read_line(next, out->stop, &next);
		good = line != NULL && read_drop(line, out);
		json_decref(line);
		if (!good)
			return none("its second line", err);
	}
	out->entries = next;
	return 0;
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
