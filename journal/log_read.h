/*
 * Single entries of a large log, each as the tree has it: what is handed out
 * was hashed up to the root, by the stored nodes, in O(log n).
 *
 *	sbk_log_reader_init(&reader, journal);
 *	rc = sbk_log_reader_entry(&reader, n, &json, &size, err);
 *	sbk_log_reader_release(&reader);
 *
 * Needs a snapshot (sbk_log_snapshot) or a commit in progress, whose tree in
 * memory it believes.
 */
#ifndef SBK_JOURNAL_LOG_READ_H
#define SBK_JOURNAL_LOG_READ_H

#include "engine/table.h"
#include "journal/internal.h"

/* Entries under one stored node, which are hashed together. */
#define SBK_LOG_BLOCK ((uint64_t)1 << SBK_TREE_STORED_EVERY)

struct sbk_log_reader {
	struct sbk_journal *journal;
	struct sbk_table known; /* groups of nodes that lead to the root */
	struct sbk_arena arena;
	struct sbk_buf block; /* the texts of the last block that was read */
	uint64_t first, count;
	size_t ends[1 << SBK_TREE_STORED_EVERY]; /* where each text ends */
	struct sbk_error *err;
};

void sbk_log_reader_init(struct sbk_log_reader *reader,
			 struct sbk_journal *journal);
void sbk_log_reader_release(struct sbk_log_reader *reader);
/* The text, borrowed until the next call. CORRUPT where it is missing or not
 * what was hashed; NOTFOUND where it was dropped. */
int sbk_log_reader_entry(struct sbk_log_reader *reader, uint64_t n,
			 const char **json, size_t *size,
			 struct sbk_error *err);

#endif
