/*
 * The states and checkpoints of a segment's file, for the verifier
 * (verify_segment.c): file by file, in their order.
 *
 *	sbk_rest_init(&rest, v);
 *	for each file: sbk_rest_begin; for each entry sbk_rest_intend where it
 *	is one, and sbk_rest_grown once the tree has it; sbk_rest_end
 *	sbk_rest_release(&rest);
 *
 * Each returns SBK_E_INVAL where the file is not what was exported.
 */
#ifndef SBK_JOURNAL_VERIFY_REST_H
#define SBK_JOURNAL_VERIFY_REST_H

#include <jansson.h>

#include "engine/table.h"
#include "journal/segment.h"
#include "journal/verify.h"

struct sbk_rest {
	struct sbk_verification *v;
	const struct sbk_segment_file *file;
	const char *text, *notes; /* where states and checkpoints begin */
	const char *next;	  /* the checkpoint's line after `head` */
	json_t *json;		  /* the line of `head` */
	struct sbk_note note;
	struct sbk_checkpoint head; /* that comes; size 0: no more */
	uint64_t least;		    /* entries that it has */
	uint64_t last;		    /* and the last one that held */
	struct sbk_note_key keys[SBK_SEGMENT_KEYS_MAX];
	size_t key_count;
	/* What entries of the file name, in the order of their first naming. */
	struct sbk_table known;
	struct sbk_arena arena;
	struct sbk_buf states;
	/* Of every change since the first file's first: a byte, whether its
	 * states are sealed. */
	uint64_t base;
	struct sbk_buf sealed;
	struct sbk_buf bytes; /* of a state */
};

void sbk_rest_init(struct sbk_rest *r, struct sbk_verification *v);
void sbk_rest_release(struct sbk_rest *r);

int sbk_rest_begin(struct sbk_rest *r, const struct sbk_segment_file *file);
int sbk_rest_intend(struct sbk_rest *r, uint64_t n, const char *json,
		    size_t size);
int sbk_rest_grown(struct sbk_rest *r);
int sbk_rest_end(struct sbk_rest *r);
/* The last number of a change. */
uint64_t sbk_rest_changes(const struct sbk_rest *r);

/* "the segments that were given are not what was dropped: `what`" */
int sbk_rest_wrong(struct sbk_verification *v, const char *what);

#endif
