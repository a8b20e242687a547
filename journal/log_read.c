/*
 * See the header. Entries stand in blocks of 64 under a stored node, these in
 * groups of 64 under the next one, and so on; the last group of each level is
 * not complete, and what it lacks is an edge of the tree in memory. A block is
 * hashed when it is read, a group once for all.
 */
#include "journal/log_read.h"
#include "journal/segment.h"

#include <string.h>

#include "engine/banned.h"

void sbk_log_reader_release(struct sbk_log_reader *reader)
{
	sbk_table_release(&reader->known);
	sbk_arena_release(&reader->arena);
	sbk_buf_release(&reader->block);
}

static int was_dropped(struct sbk_log_reader *r, uint64_t n)
{
	return sbk_error_set(r->err, SBK_E_NOTFOUND,
			     "entry %llu of journal '%.200s' was exported and "
			     "dropped, as those up to %llu",
			     (unsigned long long)n, r->journal->db.path,
			     (unsigned long long)r->journal->cut - 1);
}

static int not_hashed(struct sbk_log_reader *r, uint64_t n)
{
	return sbk_error_set(r->err, SBK_E_CORRUPT,
			     "journal '%.200s' is not what its log says: entry "
			     "%llu, or one beside it, is not what was hashed "
			     "(see 'sandbook journal verify')",
			     r->journal->db.path, (unsigned long long)n);
}

/* Whether `part`, which begins at a multiple of its level, is an edge of the
 * tree: what this level's incomplete group has come to. */
static bool is_edge(const struct sbk_tree *tree, const struct sbk_tree *part,
		    int level)
{
	int l;

	for (l = level; l < level + SBK_TREE_STORED_EVERY; l++) {
		if ((part->size >> l & 1) != (tree->size >> l & 1))
			return false;
		if ((part->size >> l & 1) != 0 &&
		    memcmp(part->peak[l], tree->peak[l], SBK_TREE_HASH_BYTES) !=
			    0)
			return false;
	}
	return true;
}

/* --- nodes --------------------------------------------------------------- */

struct group_key {
	uint64_t level, n;
};

/* The nodes of a group that leads to the root. */
struct group {
	uint64_t count;
	unsigned char nodes[SBK_LOG_BLOCK][SBK_TREE_HASH_BYTES];
};

static bool has_node(const struct group *group, uint64_t n,
		     const unsigned char *hash)
{
	const uint64_t at = n % SBK_LOG_BLOCK;

	return at < group->count &&
	       memcmp(group->nodes[at], hash, SBK_TREE_HASH_BYTES) == 0;
}

/* The stored nodes, and what they come to. */
static int read_group(struct sbk_log_reader *r, const struct group_key *key,
		      struct group *out, struct sbk_tree *tree)
{
	struct sbk_db *db = &r->journal->db;
	const uint64_t first = key->n * SBK_LOG_BLOCK;
	sqlite3_stmt *row;
	int rc = sbk_db_statement(db, SBK_SQL_NODES, &row, r->err);

	sbk_tree_init(tree);
	out->count = 0;
	if (rc < 0)
		return rc;
	(void)sqlite3_bind_int(row, 1, (int)key->level); /* cannot fail */
	(void)sqlite3_bind_int64(row, 2, (sqlite3_int64)first);
	while (out->count < SBK_LOG_BLOCK &&
	       (rc = sbk_db_step(db, row, r->err)) == 1) {
		if ((uint64_t)sqlite3_column_int64(row, 0) !=
			    first + out->count ||
		    sqlite3_column_bytes(row, 1) != SBK_TREE_HASH_BYTES)
			break; /* and the group will not fit */
		memcpy(out->nodes[out->count], sqlite3_column_blob(row, 1),
		       SBK_TREE_HASH_BYTES);
		if (!sbk_tree_graft(tree, (int)key->level,
				    out->nodes[out->count]))
			break;
		out->count++;
	}
	(void)sqlite3_reset(row); /* the error is in r->err */
	return rc < 0 ? rc : 0;
}

/* Whether node `n` of `level` leads to the root. A node that the tree cannot
 * have ends it: so it goes no higher than the tree, whatever is stored. */
static int check_node(struct sbk_log_reader *r, int level, uint64_t n,
		      const unsigned char *hash)
{
	const struct group_key key = {.level = (uint64_t)level,
				      .n = n / SBK_LOG_BLOCK};
	const int above = level + SBK_TREE_STORED_EVERY;
	struct group *known = sbk_table_find(&r->known, &key, sizeof(key));
	struct sbk_tree tree;
	struct group group;
	bool fresh;
	int rc;

	if (n >= r->journal->tree.size >> level)
		return not_hashed(r, n << level);
	if (known != NULL)
		return has_node(known, n, hash) ? 0 : not_hashed(r, n << level);
	rc = read_group(r, &key, &group, &tree);
	if (rc < 0)
		return rc;
	if (!has_node(&group, n, hash))
		return not_hashed(r, n << level);
	if (group.count == SBK_LOG_BLOCK)
		rc = check_node(r, above, key.n, tree.peak[above]);
	else if (!is_edge(&r->journal->tree, &tree, level))
		rc = not_hashed(r, n << level);
	if (rc < 0)
		return rc;
	known = sbk_table_put(&r->known, &key, sizeof(key), &fresh);
	if (known == NULL)
		return sbk_error_no_memory(r->err);
	*known = group;
	return 0;
}

/* --- entries ------------------------------------------------------------- */

static int read_texts(struct sbk_log_reader *r, struct sbk_tree *out)
{
	struct sbk_db *db = &r->journal->db;
	sqlite3_stmt *row;
	int rc = sbk_db_statement(db, SBK_SQL_ENTRIES, &row, r->err);

	if (rc < 0)
		return rc;
	(void)sqlite3_bind_int64(row, 1, (sqlite3_int64)r->first);
	while (out->size < SBK_LOG_BLOCK &&
	       (rc = sbk_db_step(db, row, r->err)) == 1) {
		const char *json = sbk_db_text(row, 1);
		const size_t size = (size_t)sqlite3_column_bytes(row, 1);

		if ((uint64_t)sqlite3_column_int64(row, 0) !=
			    r->first + r->count ||
		    json == NULL)
			break; /* and the block will not fit */
		(void)sbk_tree_append(out, json, size, NULL, NULL);
		sbk_buf_add(&r->block, json, size);
		r->ends[r->count++] = r->block.size;
	}
	(void)sqlite3_reset(row); /* the error is in r->err */
	return rc < 0 ? rc : sbk_buf_failed(&r->block, r->err);
}

/* What stands for the entries of the block that were dropped. */
static int read_dropped(struct sbk_log_reader *r, struct sbk_tree *out)
{
	struct sbk_tree all = {.size = r->first};
	int level, rc;

	if (r->journal->cut <= r->first)
		return 0;
	rc = sbk_segment_graft(r->journal, &all, r->err);
	for (level = SBK_TREE_STORED_EVERY - 1; rc == 0 && level >= 0; level--)
		if ((all.size >> level & 1) != 0)
			(void)sbk_tree_graft(out, level, all.peak[level]);
	r->first = r->journal->cut;
	return rc;
}

static int read_block(struct sbk_log_reader *r, uint64_t first)
{
	struct sbk_tree part;
	int rc;

	sbk_tree_init(&part);
	sbk_buf_clear(&r->block);
	r->first = first;
	r->count = 0;
	rc = read_dropped(r, &part);
	if (rc == 0)
		rc = read_texts(r, &part);
	if (rc < 0)
		return rc;
	if (part.size == SBK_LOG_BLOCK)
		return check_node(r, SBK_TREE_STORED_EVERY,
				  first >> SBK_TREE_STORED_EVERY,
				  part.peak[SBK_TREE_STORED_EVERY]);
	return first + part.size == r->journal->tree.size &&
			       is_edge(&r->journal->tree, &part, 0)
		       ? 0
		       : not_hashed(r, first);
}

void sbk_log_reader_init(struct sbk_log_reader *reader,
			 struct sbk_journal *journal)
{
	memset(reader, 0, sizeof(*reader));
	reader->journal = journal;
	reader->known = (struct sbk_table)SBK_TABLE_INIT(sizeof(struct group),
							 &reader->arena);
}

int sbk_log_reader_entry(struct sbk_log_reader *r, uint64_t n,
			 const char **json, size_t *size, struct sbk_error *err)
{
	int rc = 0;

	r->err = err;
	if (n >= r->journal->tree.size)
		return not_hashed(r, n);
	if (n < r->journal->cut)
		return was_dropped(r, n);
	if (n < r->first || n >= r->first + r->count)
		rc = read_block(r, n / SBK_LOG_BLOCK * SBK_LOG_BLOCK);
	if (rc < 0) {
		r->count = 0; /* nothing of it is handed out */
		return rc;
	}
	n -= r->first;
	*json = sbk_buf_text(&r->block) + (n > 0 ? r->ends[n - 1] : 0);
	*size = r->ends[n] - (n > 0 ? r->ends[n - 1] : 0);
	return 0;
}
