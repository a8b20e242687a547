/*
 * What the parts of the one verifier share. It reads the log once, in the
 * order of its entries, and holds in memory what later entries need:
 *
 *	verify.c	 the log: entries, tree, head; whole runs
 *	verify_changes.c table change against the entries, row by row
 *	verify_settle.c	 what later entries made of a change
 *	verify_states.c	 the states that the log names, and table state
 *	verify_tables.c	 the small tables, built anew by replay.c
 *	verify_summary.c what the log says is in effect
 *	verify_segment.c entries that were exported and dropped
 *	verify_rest.c	 what stands behind them in their files
 *	verdict.c	 the log against what was signed of it
 *
 * Memory: 20 bytes a change, 150 a state, 100 a note, 50 a session, each with
 * its maximum in engine/limits.h; nothing for an entry.
 */
#ifndef SBK_JOURNAL_VERIFY_H
#define SBK_JOURNAL_VERIFY_H

#include "engine/buf.h"
#include "engine/table.h"
#include "journal/internal.h"
#include "journal/note.h"

/* What later entries need to know of a change, and make of it. */
struct sbk_verify_change {
	uint32_t txn, undoes;
	uint32_t before, after; /* numbers of states; 0: absent */
	uint8_t status;		/* enum sbk_status, as the log has it so far */
	uint8_t row_status;	/* as its row has it, or one of these: */
	bool kept : 1;		/* of the kind that undo puts back last */
	bool apart : 1;		/* of a kind that keeps nothing of those owed */
	bool noted : 1;		/* there is, or was, something in `notes` */
};

#define SBK_VERIFY_ROW_MISSING 0xfe
#define SBK_VERIFY_ROW_STRANGE 0xff /* no status at all */

struct sbk_verify_changes {
	struct sbk_verify_change *items; /* see sbk_verify_change */
	size_t room;
	uint64_t base;		/* the last number of what was dropped, */
	uint64_t count;		/* and of all so far */
	struct sbk_table notes; /* of those that have one, by number */
	struct sbk_arena arena;
	sqlite3_stmt *row; /* of table change, one ahead of the log */
	bool has_row;
	/* Changes that entries in a row intended for one transaction. */
	uint64_t run_txn, run_first;
	struct sbk_buf json;
};

/* Change `id`, which the log has: base < id <= count. */
static inline struct sbk_verify_change *
sbk_verify_change(const struct sbk_verify_changes *c, uint64_t id)
{
	return &c->items[id - c->base - 1];
}

/* A state that the log names. */
struct sbk_verify_state {
	unsigned char hash[SBK_STATE_HASH_BYTES];
	char hex[2 * SBK_STATE_HASH_BYTES + 1];
};

struct sbk_verify_states {
	struct sbk_verify_state **items; /* in the order of their first naming
					  */
	size_t count, room;
	struct sbk_table numbers; /* by hash */
	struct sbk_arena arena;
};

enum { SBK_KEPT_ANCHOR, SBK_KEPT_WITNESS, SBK_KEPT_OTHERS };

struct sbk_verification {
	struct sbk_journal *journal;
	struct sbk_db rebuilt; /* the small tables, from the entries */
	uint64_t rebuilt_rows;
	struct sbk_tree tree;
	struct sbk_verify_changes changes;
	struct sbk_verify_states states;
	struct sbk_journal_verdict *verdict;
	size_t table_findings; /* of the findings, those of views alone */
	uint64_t last_end;     /* the entry, while no transaction began since */
	struct sbk_buf last_end_json;
	bool log_only;	 /* sbk_verify_log: changes and states are left out */
	bool first_only; /* sbk_journal_check: the first finding is enough */
	bool replay_stopped; /* an entry made no sense; views are not compared
			      */
	struct sbk_error *err;

	/* verdict.c: what was signed, and what is known elsewhere. */
	const struct sbk_journal_anchor *anchor; /* or NULL */
	struct sbk_kept {
		const char *what; /* for messages */
		struct sbk_note note;
		struct sbk_checkpoint head; /* size 0: there is none */
		bool differs;		    /* another root for its size */
		bool compared;		    /* that was looked at */
	} kept[2 + SBK_KEPT_NOTES_MAX];	    /* anchor, witness, the others */
	size_t kept_count;
	sqlite3_stmt *heads; /* table checkpoint, one ahead */
	uint64_t next_head;  /* its size; UINT64_MAX: no more */
	uint64_t good_head;  /* the last whose root is that of the log */
	bool entries_altered, cut_off, other_log;
	bool headless; /* what names its first key is missing */

	/* verify_segment.c */
	uint64_t cut;	     /* entries that were dropped */
	uint64_t drop_entry; /* which one says so, */
	unsigned char drop_root[SBK_TREE_HASH_BYTES]; /* and the root with it */
};

/* Tells and counts a finding. */
void sbk_verify_find(struct sbk_verification *v, const char *fmt, ...)
	SBK_PRINTF(2, 3);
/* The same, of a row of a table that the log makes anew. */
void sbk_verify_find_row(struct sbk_verification *v, const char *fmt, ...)
	SBK_PRINTF(2, 3);
/* Entry `n` is, or begins, what is not as it was hashed. */
void sbk_verify_altered(struct sbk_verification *v, uint64_t n);
/* Entry `n` cannot be understood (`why`: a text, or NULL): a finding, and the
 * tables are not followed any further. */
void sbk_verify_strange(struct sbk_verification *v, uint64_t n,
			const char *why);
/* Whether nothing more is to be looked for. */
bool sbk_verify_over(const struct sbk_verification *v);
/*
 * The log alone: its hashes, tree, head, keys and checkpoints, whatever the
 * views of it hold. What others can do with the entries and FORMAT.md, and what
 * tests/bench sets beside hashing the bytes.
 */
int sbk_verify_log(struct sbk_journal *journal,
		   struct sbk_journal_verdict *verdict, struct sbk_error *err);
/* SBK_E_LIMIT: the log has more of these than can be followed. */
int sbk_verify_too_many(struct sbk_verification *v, const char *what,
			uint64_t most);

/* --- verify_changes.c ----------------------------------------------------- */

int sbk_verify_changes_begin(struct sbk_verification *v);
int sbk_verify_intend(struct sbk_verification *v, uint64_t n, const char *json,
		      size_t size);
/* A row of table change without status and note, as SBK_SQL_CHANGES has it;
 * false where SQL and C could see different things in it. Borrowed. */
bool sbk_verify_read_row(sqlite3_stmt *row, struct sbk_view_change *out);
/* Before each entry that is no `intend`. */
int sbk_verify_end_run(struct sbk_verification *v);
/* After the last: rows that are left, and what became of each change. */
int sbk_verify_changes_end(struct sbk_verification *v);
void sbk_verify_changes_release(struct sbk_verification *v);

/* --- verify_settle.c ------------------------------------------------------ */

/* A change's note, as the log (`said`) and as its row has it: SHA-256. */
struct sbk_verify_note {
	bool has_said, has_row;
	unsigned char said[SBK_TREE_HASH_BYTES], row[SBK_TREE_HASH_BYTES];
};

/* That of change `id`, made where there is none; NULL: `*rc` says why. */
struct sbk_verify_note *sbk_verify_note(struct sbk_verification *v, uint64_t id,
					int *rc);
int sbk_verify_settle(struct sbk_verification *v, uint64_t n, const char *json,
		      size_t size);

/* --- verify_states.c ------------------------------------------------------ */

/* The state's number; it gets one where the log names it for the first time. */
int sbk_verify_state(struct sbk_verification *v,
		     const unsigned char hash[SBK_STATE_HASH_BYTES],
		     uint64_t *id);
/* States that a row names and no entry has so far: numbered at once, or not
 * at all. */
struct sbk_verify_naming {
	unsigned char hashes[2][SBK_STATE_HASH_BYTES];
	size_t count;
};
/* State `id` as an entry names it; false where it cannot be the next one. */
bool sbk_verify_refer(struct sbk_verification *v, uint64_t id,
		      struct sbk_state_ref *out,
		      struct sbk_verify_naming *naming);
int sbk_verify_named(struct sbk_verification *v,
		     const struct sbk_verify_naming *naming);
/* Table state, and the bytes of each. */
int sbk_verify_states(struct sbk_verification *v);
void sbk_verify_states_release(struct sbk_verification *v);

/* --- verify_tables.c ------------------------------------------------------ */

int sbk_verify_tables_begin(struct sbk_verification *v);
int sbk_verify_replay(struct sbk_verification *v, uint64_t n, const char *json,
		      size_t size);
int sbk_verify_tables(struct sbk_verification *v);

/* --- verify_summary.c ----------------------------------------------------- */

int sbk_verify_last_end(struct sbk_verification *v, uint64_t n,
			const char *json, size_t size);
int sbk_verify_summary(struct sbk_verification *v);

/* --- verify.c, for verify_segment.c --------------------------------------- */

/* The tree with one entry more, against what is stored and signed of it. */
int sbk_verify_grow(struct sbk_verification *v, const char *json, size_t size);

/* --- verify_segment.c ----------------------------------------------------- */

/* Before the first entry that is there: what stands for those before it. */
int sbk_verify_cut(struct sbk_verification *v);
/* After the last. */
int sbk_verify_cut_end(struct sbk_verification *v);

/* --- verdict.c ------------------------------------------------------------ */

/* Before the first entry. SBK_E_INVAL for an anchor that is none. */
int sbk_verdict_begin(struct sbk_verification *v);
/* The tree has grown by an entry. */
int sbk_verdict_grown(struct sbk_verification *v);
/* Checkpoints of what was dropped are with that. */
int sbk_verdict_skip(struct sbk_verification *v);
/* After the last entry: signatures, keys, and the answer. */
int sbk_verdict_end(struct sbk_verification *v);
void sbk_verdict_release(struct sbk_verification *v);

#endif
