/*
 * Segments: a log's oldest entries, exported to a file and dropped from the
 * journal (FORMAT.md, "Segments"). What is left goes on as the same log: the
 * same numbers, tree, root and checkpoints.
 *
 *	segment.c	 the cut: where one may be, what is kept of what goes
 *	segment_file.c	 the file, as text
 *	drop.c		 the one commit that drops
 *	verify_segment.c the verifier's part
 *
 * Words: the *cut* is the number of entries that were dropped, so also the
 * number of the first that is there; 0 where all are. The *base* is what the
 * rest needs to know of them: the entry `drop` has it, signed.
 */
#ifndef SBK_JOURNAL_SEGMENT_H
#define SBK_JOURNAL_SEGMENT_H

#include "journal/internal.h"
#include "journal/note.h"
#include "journal/tree.h"

/* --- the base ------------------------------------------------------------ */

/* A key that an entry before the cut names. */
struct sbk_segment_key {
	uint64_t entry;
	char key[SBK_KEY_TEXT_MAX];
	char signature[SBK_SEGMENT_SIGNATURE_TEXT]; /* "": the first key */
	unsigned char root[SBK_TREE_HASH_BYTES];    /* of what is before it */
};

/* A session that began before the cut and ended after it. */
struct sbk_segment_run {
	uint64_t id, begun;
	int64_t begin_ms;
};

struct sbk_segment_base {
	uint64_t entries; /* the cut */
	unsigned char root[SBK_TREE_HASH_BYTES];
	/* The last numbers that were given before it. */
	uint64_t transactions, changes, sessions;
	struct sbk_segment_run runs[SBK_SEGMENT_RUNS_MAX];
	size_t run_count;
	struct sbk_segment_key keys[SBK_SEGMENT_KEYS_MAX];
	size_t key_count;
};

/* The root of the tree of the first `entry` entries. */
typedef int sbk_segment_root_fn(void *arg, uint64_t entry,
				unsigned char root[SBK_TREE_HASH_BYTES],
				struct sbk_error *err);

/*
 * From the views in `db`, as of the first `cut` entries, of which `older` (or
 * NULL) was dropped before. LIMIT.
 */
int sbk_segment_base_make(struct sbk_db *db, uint64_t cut,
			  const struct sbk_segment_base *older,
			  sbk_segment_root_fn *root_of, void *arg,
			  struct sbk_segment_base *out, struct sbk_error *err);
/* The members of an entry `drop`, and back: CORRUPT. */
void sbk_segment_base_print(const struct sbk_segment_base *base,
			    struct sbk_buf *out);
int sbk_segment_base_parse(uint64_t n, const char *json, size_t size,
			   struct sbk_segment_base *out, struct sbk_error *err);
/* What the entry says that the cut is from; its number through `entry`.
 * NOTFOUND where none says so. */
int sbk_segment_base_read(struct sbk_journal *journal, uint64_t cut,
			  struct sbk_segment_base *out, uint64_t *entry,
			  struct sbk_error *err);
/* The rows that stand for it in views without others. */
int sbk_segment_seed(struct sbk_db *db, const struct sbk_segment_base *base,
		     struct sbk_error *err);

/* --- the cut ------------------------------------------------------------- */

/* 0 where nothing was dropped, or nothing is there. */
int sbk_segment_cut(struct sbk_db *db, uint64_t *cut, struct sbk_error *err);
/* The tree of the first `cut` entries, from what is stored of it: CORRUPT. */
int sbk_segment_tree(struct sbk_journal *journal, uint64_t cut,
		     struct sbk_tree *out, struct sbk_error *err);
/* The subtrees that stand for what was dropped of the block that `tree` has
 * come to the beginning of. 0 also where there are none. */
int sbk_segment_graft(struct sbk_journal *journal, struct sbk_tree *tree,
		      struct sbk_error *err);
/* The root of the entries before one that names a key, if the base has it: 1.
 */
int sbk_segment_root(struct sbk_journal *journal, uint64_t size,
		     unsigned char root[SBK_TREE_HASH_BYTES],
		     struct sbk_error *err);
/* " (entries 0 to 6 were exported and dropped)", or nothing: after a message
 * that something is not there. */
void sbk_segment_tell(struct sbk_journal *journal, struct sbk_buf *out);

/*
 * The largest cut of at most `most` entries: a checkpoint was signed there,
 * nothing was in effect, no transaction is divided by it, and no session that
 * is running now began before it. 1, or 0 where there is none; `why` says what
 * keeps it from being larger, or is "". In a snapshot.
 */
int sbk_segment_end(struct sbk_journal *journal, uint64_t most, uint64_t *out,
		    char why[SBK_SEGMENT_WHY_MAX], struct sbk_error *err);

/* --- the file ------------------------------------------------------------ */

/* Entries from the cut to `end`, as sbk_journal_export has them. In a snapshot.
 */
int sbk_segment_print(struct sbk_journal *journal, uint64_t end,
		      sbk_journal_sink_fn *sink, void *arg,
		      struct sbk_error *err);

/* One that was read; borrowed from its text. */
struct sbk_segment_file {
	enum sbk_book book;
	uint64_t first, end;
	unsigned char root[SBK_TREE_HASH_BYTES]; /* that it says it has */
	struct sbk_tree before; /* of the first `first` entries */
	/* The entry that dropped those; empty where `first` is 0. */
	struct sbk_buf drop;
	uint64_t drop_entry;
	const char *entries; /* lines */
	const char *rest;    /* states and checkpoints, lines too */
	const char *stop;
};

/* Its first line, and its second where `before` is not empty. */
struct sbk_segment_head {
	uint64_t format, end;
	enum sbk_book book;
	unsigned char root[SBK_TREE_HASH_BYTES];
	const struct sbk_tree *before;
};
void sbk_segment_head_print(const struct sbk_segment_head *head,
			    struct sbk_buf *out);
void sbk_segment_drop_print(uint64_t entry, const char *text,
			    struct sbk_buf *out);
/* A signed note as a line. */
void sbk_checkpoint_line_print(const char *note, struct sbk_buf *out);

/* PARSE for what is no export. The text must end in a NUL byte. */
int sbk_segment_file_parse(const struct sbk_buf *text,
			   struct sbk_segment_file *out, struct sbk_error *err);
void sbk_segment_file_release(struct sbk_segment_file *file);
/* Each entry, in order; what the function returns but 0 ends it. PARSE where
 * there are not as many as the head says. */
typedef int sbk_segment_entry_fn(void *arg, uint64_t n, const char *json,
				 size_t size);
int sbk_segment_file_each(const struct sbk_segment_file *file,
			  sbk_segment_entry_fn *fn, void *arg,
			  struct sbk_error *err);

/* The hashes of entries that were dropped, for proofs. */
struct sbk_segment_leaves {
	uint64_t first, count;
	unsigned char (*hashes)[SBK_TREE_HASH_BYTES];
};

int sbk_segment_leaves_add(struct sbk_segment_leaves *leaves,
			   const struct sbk_segment_file *file,
			   struct sbk_error *err);
void sbk_segment_leaves_release(struct sbk_segment_leaves *leaves);

/* --- dropping ------------------------------------------------------------ */

struct sbk_segment_report {
	uint64_t first, end; /* what was dropped, now or before */
	bool before;	     /* it had been dropped already */
	uint64_t bytes_before, bytes_after; /* of the database */
	char room[SBK_SEGMENT_WHY_MAX];	    /* why its room did not come back */
};

/*
 * Drops what `text` holds, if that is exactly what this log would export. One
 * durable commit: the entry that says so, its checkpoint, and what it says;
 * then the database gives its room back. Needs the lock. `witnessed`: how many
 * entries the machine's log has seen; 0: it has seen none.
 *
 * Refused, and nothing was changed: the journal has a finding, no key signs,
 * something is still needed, another file.
 */
int sbk_segment_drop(struct sbk_journal *journal, const struct sbk_buf *text,
		     uint64_t witnessed, struct sbk_segment_report *report,
		     struct sbk_error *err);

#endif
