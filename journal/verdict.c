/*
 * What the log is worth to somebody else: its keys, its checkpoints, and what
 * was kept of it elsewhere. Owns the answer of `journal verify`.
 *
 * It says no more than was shown. A log whose checkpoints all hold may still
 * be an older copy of itself, or another one altogether: only an anchor or a
 * key that was kept elsewhere tells, and without one the answer says so.
 */
#include "journal/proof.h"
#include "journal/signing.h"
#include "journal/verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/banned.h"

static const struct {
	const char *name;
	enum sbk_exit exit;
} verdicts[] = {
	[SBK_LOG_INTACT] = {"intact", SBK_EXIT_OK},
	[SBK_LOG_ALTERED] = {"altered", SBK_EXIT_JOURNAL},
	[SBK_LOG_TRUNCATED] = {"truncated", SBK_EXIT_TRUNCATED},
	[SBK_LOG_FORKED] = {"forked", SBK_EXIT_FORKED},
	[SBK_LOG_ROLLED_BACK] = {"rolled back", SBK_EXIT_ROLLED_BACK},
	[SBK_LOG_OTHER_LOG] = {"not this log", SBK_EXIT_OTHER_LOG},
};

const char *sbk_log_verdict_name(enum sbk_log_verdict verdict)
{
	return verdicts[verdict].name;
}

enum sbk_exit sbk_log_verdict_exit(enum sbk_log_verdict verdict)
{
	return verdicts[verdict].exit;
}

void sbk_verify_altered(struct sbk_verification *v, uint64_t n)
{
	v->entries_altered = true;
	/* What is found first is the nearest; before a root that fits nothing
	 * was changed. */
	if (v->verdict->altered_at == UINT64_MAX)
		v->verdict->altered_at = n > v->good_head ? n : v->good_head;
}

/* --- while the log is read ----------------------------------------------- */

static int next_head(struct sbk_verification *v)
{
	int rc = sbk_db_step(&v->journal->db, v->heads, v->err);

	v->next_head = rc == 1 ? (uint64_t)sqlite3_column_int64(v->heads, 0)
			       : UINT64_MAX;
	return rc < 0 ? rc : 0;
}

static int read_kept(struct sbk_verification *v, struct sbk_kept *kept,
		     const char *what, const char *text, size_t size)
{
	struct sbk_error why = SBK_ERROR_INIT;
	int rc;

	kept->what = what;
	if (text == NULL)
		return 0;
	rc = sbk_note_parse(text, size, &kept->note, &why);
	if (rc == 0)
		rc = sbk_checkpoint_parse(&kept->note, &kept->head, &why);
	return rc == 0 ? 0
		       : sbk_error_set(v->err, SBK_E_INVAL, "%s: %s", what,
				       why.message);
}

static int read_anchor(struct sbk_verification *v)
{
	const struct sbk_journal_anchor none = {.key = NULL};
	const struct sbk_journal_anchor *a = v->anchor ? v->anchor : &none;
	int rc = read_kept(v, &v->kept[SBK_KEPT_ANCHOR],
			   "the checkpoint that was given", a->note,
			   a->note_size);
	size_t i;

	if (rc == 0)
		rc = read_kept(v, &v->kept[SBK_KEPT_WITNESS],
			       "the checkpoint that the machine's log has seen",
			       a->witness, a->witness_size);
	v->kept_count = SBK_KEPT_OTHERS;
	for (i = 0; rc == 0 && i < a->kept_count && i < SBK_KEPT_NOTES_MAX; i++)
		rc = read_kept(v, &v->kept[v->kept_count++],
			       "a checkpoint that was given", a->kept[i].note,
			       a->kept[i].size);
	return rc;
}

int sbk_verdict_begin(struct sbk_verification *v)
{
	int rc = read_anchor(v);

	v->verdict->altered_at = UINT64_MAX;
	v->verdict->replaced_at = UINT64_MAX;
	if (rc == 0)
		rc = sbk_db_statement(&v->journal->db, SBK_SQL_CHECKPOINTS,
				      &v->heads, v->err);
	return rc == 0 ? next_head(v) : rc;
}

/* The row's text as a note with a checkpoint; false: garbage. */
static bool parse_row(sqlite3_stmt *row, struct sbk_note *note,
		      struct sbk_checkpoint *head)
{
	const char *text = sbk_db_text(row, 1);
	const size_t size = (size_t)sqlite3_column_bytes(row, 1);

	return text != NULL && sbk_note_parse(text, size, note, NULL) == 0 &&
	       sbk_checkpoint_parse(note, head, NULL) == 0 &&
	       head->size == (uint64_t)sqlite3_column_int64(row, 0);
}

static int compare_head(struct sbk_verification *v, const unsigned char *root)
{
	struct sbk_checkpoint head;
	struct sbk_note note;

	/* What is no checkpoint is told when the signatures are looked at. */
	if (parse_row(v->heads, &note, &head)) {
		if (memcmp(head.root, root, sizeof(head.root)) != 0) {
			sbk_verify_find(
				v,
				"entries %llu to %llu are not those that were "
				"signed",
				(unsigned long long)v->good_head,
				(unsigned long long)head.size - 1);
			sbk_verify_altered(v, v->good_head);
		} else {
			v->good_head = head.size;
		}
	}
	return next_head(v);
}

int sbk_verdict_grown(struct sbk_verification *v)
{
	unsigned char root[SBK_TREE_HASH_BYTES];
	bool wanted = v->tree.size == v->next_head;
	size_t i;
	int rc = 0;

	for (i = 0; i < v->kept_count; i++)
		wanted |= v->tree.size == v->kept[i].head.size;
	if (!wanted)
		return 0;
	sbk_tree_root(&v->tree, root);
	for (i = 0; i < v->kept_count; i++)
		if (v->tree.size == v->kept[i].head.size) {
			v->kept[i].compared = true;
			v->kept[i].differs = memcmp(v->kept[i].head.root, root,
						    sizeof(root)) != 0;
		}
	if (v->tree.size == v->next_head)
		rc = compare_head(v, root);
	return rc;
}

int sbk_verdict_skip(struct sbk_verification *v)
{
	int rc = 0;

	while (rc == 0 && v->next_head < v->cut)
		rc = next_head(v);
	return rc;
}

/* --- the keys that the log names ----------------------------------------- */

struct signer {
	struct sbk_note_key key;
	uint64_t since; /* the entry that names it */
	bool replaces;	/* one that was lost: nobody signed that */
};

struct signers {
	struct signer *items;
	size_t count;
	size_t pinned; /* 1 + the index of that which was given; 0: none */
};

/* Whether the key before it signed that this one follows, here. */
static bool is_handed_over(struct sbk_verification *v, const struct signers *s,
			   const struct signer *next, const char *signature)
{
	const struct sbk_note_key *old = &s->items[s->count - 1].key;
	unsigned char root[SBK_TREE_HASH_BYTES];
	struct sbk_buf text = SBK_BUF_INIT;
	bool good = signature != NULL &&
		    strcmp(old->name, next->key.name) == 0 &&
		    sbk_proof_root(v->journal, next->since, root, NULL) == 0;

	if (good) {
		sbk_key_print_handover(&next->key, next->since, root, &text);
		good = text.failure == 0 &&
		       sbk_note_verify_text(text.data, text.size, signature,
					    old) == 1;
	}
	sbk_buf_release(&text);
	return good;
}

static int add_signer(struct sbk_verification *v, struct signers *s,
		      sqlite3_stmt *row)
{
	const char *text = sbk_db_text(row, 1);
	struct signer *items =
		realloc(s->items, (s->count + 1) * sizeof(*items));
	struct signer *item;

	if (items == NULL)
		return sbk_error_no_memory(v->err);
	s->items = items;
	item = &items[s->count];
	item->since = (uint64_t)sqlite3_column_int64(row, 0);
	if (text == NULL ||
	    sbk_note_key_parse(text, strlen(text), &item->key, NULL) < 0) {
		sbk_verify_find(v, "entry %llu names no proper key",
				(unsigned long long)item->since);
		sbk_verify_altered(v, item->since);
		return 0;
	}
	item->replaces = s->count > 0 && sbk_db_text(row, 2) != NULL &&
			 strcmp(sbk_db_text(row, 2), SBK_KEY_REPLACED) == 0 &&
			 strcmp(item->key.name, s->items[0].key.name) == 0;
	if (item->replaces) {
		v->verdict->replaced_at = item->since;
	} else if (s->count > 0 &&
		   !is_handed_over(v, s, item, sbk_db_text(row, 2))) {
		sbk_verify_find(v,
				"entry %llu names another key, and the key "
				"before it did not sign that",
				(unsigned long long)item->since);
		sbk_verify_altered(v, item->since);
	}
	s->count++;
	return 0;
}

/* From the entries, not from what the journal's table makes of them. */
static int read_signers(struct sbk_verification *v, struct signers *s)
{
	sqlite3_stmt *row;
	int rc = sbk_db_statement(&v->rebuilt, SBK_SQL_SIGNERS, &row, v->err);

	if (rc < 0)
		return rc;
	while ((rc = sbk_db_step(&v->rebuilt, row, v->err)) == 1) {
		rc = add_signer(v, s, row);
		if (rc < 0)
			break;
	}
	(void)sqlite3_reset(row); /* the error is in v->err */
	return rc;
}

/* The key in force for a checkpoint of `size` entries. */
static const struct sbk_note_key *key_at(const struct signers *s, uint64_t size)
{
	size_t i = s->count;

	while (i > 0 && s->items[i - 1].since >= size)
		i--;
	return i > 0 ? &s->items[i - 1].key : NULL;
}

/* Whoever kept a key is told where it ends. */
static void check_unbroken(struct sbk_verification *v, const struct signers *s)
{
	size_t i;

	for (i = s->pinned; i < s->count; i++) {
		if (!s->items[i].replaces)
			continue;
		sbk_verify_find(
			v,
			"the key that was given does not vouch for what "
			"is there from entry %llu on: another replaced "
			"it as lost, and nobody signed that",
			(unsigned long long)s->items[i].since);
		v->other_log = true;
		v->verdict->pinned = false;
		return;
	}
}

static int check_pin(struct sbk_verification *v, struct signers *s)
{
	struct sbk_error why = SBK_ERROR_INIT;
	struct sbk_note_key pin;
	size_t i;

	if (v->anchor == NULL || v->anchor->key == NULL)
		return 0;
	if (sbk_note_key_parse(v->anchor->key, strlen(v->anchor->key), &pin,
			       &why) < 0)
		return sbk_error_set(v->err, SBK_E_INVAL, "%s", why.message);
	for (i = 0; i < s->count; i++)
		if (sbk_note_key_equal(&s->items[i].key, &pin))
			s->pinned = i + 1;
	v->verdict->pinned = s->pinned > 0;
	if (s->pinned > 0) {
		check_unbroken(v, s);
		return 0;
	}
	sbk_verify_find(v, "the key that was given is none of this log");
	/* An empty one is nobody's. */
	v->other_log = v->tree.size > 0 && !v->headless;
	return 0;
}

/* --- the checkpoints ----------------------------------------------------- */

static void check_signed(struct sbk_verification *v, const struct signers *s,
			 sqlite3_stmt *row)
{
	const uint64_t size = (uint64_t)sqlite3_column_int64(row, 0);
	const struct sbk_note_key *key = key_at(s, size);
	struct sbk_checkpoint head;
	struct sbk_note note;

	if (!parse_row(row, &note, &head)) {
		sbk_verify_find(v, "the checkpoint of %llu entries is none",
				(unsigned long long)size);
	} else if (key == NULL || strcmp(head.origin, key->name) != 0) {
		sbk_verify_find(v,
				"the checkpoint of %llu entries is of another "
				"log",
				(unsigned long long)size);
	} else if (sbk_note_verify(&note, key) != 1) {
		sbk_verify_find(v,
				"the checkpoint of %llu entries is not signed "
				"by the log's key",
				(unsigned long long)size);
	} else if (size > v->tree.size) {
		sbk_verify_find(v,
				"entries %llu to %llu were signed and are "
				"missing",
				(unsigned long long)v->tree.size,
				(unsigned long long)size - 1);
		v->cut_off = true;
	} else if (size <= v->good_head) {
		v->verdict->signed_size = size;
	}
}

static int check_heads(struct sbk_verification *v, const struct signers *s)
{
	struct sbk_db *db = &v->journal->db;
	sqlite3_stmt *row;
	int rc = sbk_db_statement(db, SBK_SQL_CHECKPOINTS, &row, v->err);

	if (rc < 0)
		return rc;
	while ((rc = sbk_db_step(db, row, v->err)) == 1)
		check_signed(v, s, row);
	(void)sqlite3_reset(row); /* the error is in v->err */
	/* The first key signs in the very commit that names it. */
	if (rc == 0 && s->count > 0 && v->verdict->signed_size == 0 &&
	    !v->cut_off) {
		sbk_verify_find(v, "the log names a key, and no checkpoint of "
				   "its is left");
		sbk_verify_altered(v, 0);
	}
	return rc;
}

/* The end of a transaction and its checkpoint are one commit. */
static int check_ends_are_signed(struct sbk_verification *v,
				 const struct signers *s)
{
	uint64_t ended = 0;
	int rc = sbk_db_number(&v->rebuilt, SBK_SQL_LAST_END, &ended, v->err);

	if (rc == 0 && s->count > 0 && ended > v->verdict->signed_size &&
	    !v->entries_altered && !v->cut_off)
		sbk_verify_find(v,
				"a transaction ended with entry %llu, and no "
				"checkpoint covers it: the key was not there "
				"to sign it, or checkpoints were taken out",
				(unsigned long long)ended - 1);
	return rc;
}

/* Nodes of entries that are not there: what was above a tail cut off. */
static int check_no_later_nodes(struct sbk_verification *v)
{
	struct sbk_db *db = &v->journal->db;
	sqlite3_stmt *row;
	int rc = sbk_db_statement(db, SBK_SQL_LATER_NODES, &row, v->err);

	if (rc < 0)
		return rc;
	(void)sqlite3_bind_int64(row, 1, (sqlite3_int64)v->tree.size);
	rc = sbk_db_step(db, row, v->err);
	if (rc == 1) {
		sbk_verify_find(v,
				"hashes of entries from %llu on are there, "
				"and these are missing",
				(unsigned long long)v->tree.size);
		v->cut_off = true;
	}
	(void)sqlite3_reset(row); /* it was read */
	return rc < 0 ? rc : 0;
}

/* --- what was kept elsewhere --------------------------------------------- */

/* Whether a key of this log signed it. */
static bool is_ours(const struct sbk_kept *kept, const struct signers *s)
{
	size_t i;

	for (i = 0; i < s->count; i++)
		if (strcmp(kept->head.origin, s->items[i].key.name) == 0 &&
		    sbk_note_verify(&kept->note, &s->items[i].key) == 1)
			return true;
	return false;
}

/* Of entries that were dropped: by a proof, where what is stored yields it. */
static bool can_compare(struct sbk_verification *v, struct sbk_kept *kept)
{
	struct sbk_error ignored = SBK_ERROR_INIT; /* then it cannot be told */
	unsigned char root[SBK_TREE_HASH_BYTES];
	struct sbk_checkpoint cut = {.size = v->cut};
	struct sbk_proof proof;

	if (kept->compared || kept->head.size > v->cut)
		return true;
	memcpy(cut.root, v->verdict->dropped_root, sizeof(cut.root));
	if (sbk_proof_of_growth(v->journal, kept->head.size, &cut, &proof,
				&ignored) < 0 ||
	    sbk_proof_root(v->journal, kept->head.size, root, &ignored) < 0)
		return false;
	kept->differs = memcmp(kept->head.root, root, sizeof(root)) != 0;
	return true;
}

static int cannot_tell(struct sbk_verification *v, const struct sbk_kept *kept)
{
	if (kept == &v->kept[SBK_KEPT_WITNESS]) {
		v->verdict->unreached = kept->head.size;
		return 0;
	}
	return sbk_error_set(v->err, SBK_E_NOTFOUND,
			     "%s has %llu entries, which were exported and "
			     "dropped: give their files, --segment FILE",
			     kept->what, (unsigned long long)kept->head.size);
}

struct held_against {
	bool back, forked;
	size_t findings; /* that say no more than that it is older */
};

/* `shown`: how many entries it vouches for. */
static int hold_against(struct sbk_verification *v, const struct signers *s,
			struct sbk_kept *kept, uint64_t *shown,
			struct held_against *out)
{
	const uint64_t size = kept->head.size;

	if (size == 0)
		return 0;
	if (!is_ours(kept, s)) {
		sbk_verify_find(v, "%s is not signed by a key of this log",
				kept->what);
		v->other_log |= v->tree.size > 0 && !v->headless;
	} else if (!can_compare(v, kept)) {
		return cannot_tell(v, kept);
	} else if (size <= v->tree.size && kept->differs) {
		sbk_verify_find(v, "%s has another root for its %llu entries",
				kept->what, (unsigned long long)size);
		out->forked = true;
	} else if (size > v->tree.size) {
		sbk_verify_find(v, "%s has %llu entries, the log %llu",
				kept->what, (unsigned long long)size,
				(unsigned long long)v->tree.size);
		out->back = true;
		out->findings++;
	} else if (size > *shown) {
		*shown = size;
	}
	return 0;
}

static enum sbk_log_verdict conclude(const struct sbk_verification *v,
				     const struct held_against *held)
{
	if (v->other_log)
		return SBK_LOG_OTHER_LOG;
	if (v->entries_altered)
		return SBK_LOG_ALTERED;
	if (v->cut_off)
		return SBK_LOG_TRUNCATED;
	if (held->forked)
		return SBK_LOG_FORKED;
	/* Anything else that was found is told before a mere old age. */
	if (v->verdict->findings > held->findings)
		return SBK_LOG_ALTERED;
	return held->back ? SBK_LOG_ROLLED_BACK : SBK_LOG_INTACT;
}

int sbk_verdict_end(struct sbk_verification *v)
{
	struct signers signers = {.items = NULL};
	struct held_against held = {.back = false};
	size_t i;
	int rc = read_signers(v, &signers);

	if (rc == 0)
		rc = check_pin(v, &signers);
	if (rc == 0)
		rc = check_heads(v, &signers);
	if (rc == 0)
		rc = check_no_later_nodes(v);
	if (rc == 0)
		rc = check_ends_are_signed(v, &signers);
	if (rc == 0) {
		for (i = 0; rc == 0 && i < v->kept_count; i++)
			rc = hold_against(v, &signers, &v->kept[i],
					  i == SBK_KEPT_WITNESS
						  ? &v->verdict->witnessed_size
						  : &v->verdict->anchored_size,
					  &held);
		v->verdict->verdict = conclude(v, &held);
		/* They are as they were signed, so it was something else. */
		if (v->verdict->altered_at < v->verdict->signed_size)
			v->verdict->altered_at = UINT64_MAX;
	}
	if (rc == 0 && signers.count > 0) {
		struct sbk_buf text = SBK_BUF_INIT;

		sbk_note_key_print(&signers.items[signers.count - 1].key,
				   &text);
		(void)snprintf(v->verdict->key, sizeof(v->verdict->key), "%s",
			       sbk_buf_text(&text));
		rc = sbk_buf_failed(&text, v->err);
		sbk_buf_release(&text);
	}
	free(signers.items);
	return rc;
}

void sbk_verdict_release(struct sbk_verification *v)
{
	if (v->heads != NULL)
		(void)sqlite3_reset(v->heads); /* its error was reported */
}
