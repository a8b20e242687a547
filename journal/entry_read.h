/*
 * Reading the texts of entries: what entry.c writes, field by field. They are
 * data that somebody may have written, so every field is checked for its type.
 *
 *	struct sbk_entry_reader r;
 *	rc = sbk_entry_open(&r, n, json, size, err);
 *	if (rc == 0)
 *		rc = sbk_entry_text(&r, "path", &path);
 *	sbk_entry_close(&r);
 *
 * What it hands out lives until then.
 */
#ifndef SBK_JOURNAL_ENTRY_READ_H
#define SBK_JOURNAL_ENTRY_READ_H

#include <jansson.h>

#include "journal/internal.h"

struct sbk_entry_reader {
	uint64_t n;		 /* of the entry */
	json_t *json;		 /* the entry */
	struct sbk_buf texts[5]; /* names that were written in hexadecimal */
	size_t text_count;
	struct sbk_error *err;
};

/* CORRUPT for what is no JSON, NOMEM. */
int sbk_entry_open(struct sbk_entry_reader *r, uint64_t n, const char *json,
		   size_t size, struct sbk_error *err);
void sbk_entry_close(struct sbk_entry_reader *r); /* also after a failure */

/* CORRUPT, and the key is named. */
int sbk_entry_wrong(struct sbk_entry_reader *r, const char *key);
bool sbk_entry_has(const struct sbk_entry_reader *r, const char *key);
int sbk_entry_number(struct sbk_entry_reader *r, const char *key,
		     uint64_t *out);
/* A number, or a SID as a text. */
int sbk_entry_owner(struct sbk_entry_reader *r, const char *key,
		    struct sbk_owner *out);
int sbk_entry_time(struct sbk_entry_reader *r, int64_t *out);
/* A text, or a name that is not UTF-8; NULL where `object` has none. */
int sbk_entry_optional(struct sbk_entry_reader *r, const json_t *object,
		       const char *key, const char **out);
int sbk_entry_text(struct sbk_entry_reader *r, const char *key,
		   const char **out);
/* `*absent`, or the hash. */
int sbk_entry_state(struct sbk_entry_reader *r, const char *key, bool *absent,
		    unsigned char hash[SBK_STATE_HASH_BYTES]);
/* [first, last], each from 1 on. */
int sbk_entry_range(struct sbk_entry_reader *r, const json_t *range,
		    uint64_t *first, uint64_t *last);

/* What an `intend` says. */
struct sbk_intend {
	uint64_t change, txn, undoes;
	const char *kind; /* NULL: the object is that of `undoes` */
	const char *name, *identity, *ours, *reason;
	bool has_states; /* else they are those of `undoes`, exchanged */
	bool before_absent, after_absent;
	unsigned char before[SBK_STATE_HASH_BYTES], after[SBK_STATE_HASH_BYTES];
};

int sbk_entry_read_intend(struct sbk_entry_reader *r, struct sbk_intend *out);

#endif
