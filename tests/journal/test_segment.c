/*
 * Entries that are exported and dropped: what may go and what must stay, that
 * the rest is the same log as before for whoever kept something of it, and that
 * nobody without the key can pass off as dropped what he deleted.
 */
#include "tests/journal/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "journal/proof.h"
#include "journal/segment.h"
#include "journal/signing.h"
#include "journal/summary.h"
#include "tests/journal/life.h"

#include "engine/banned.h"

#define FIXTURE_TEST(name) \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

static void read_note(struct fixture *f, struct sbk_buf *out)
{
	struct sbk_journal *journal = fixture_open(f, SBK_JOURNAL_READ);

	assert_ok(sbk_checkpoint_read(journal, 0, out, &f->err), &f->err);
	sbk_journal_close(journal);
}

/* Granted and undone, over several blocks of the tree; a run, and a new key. */
static void make_history(struct fixture *f, int files)
{
	struct sbk_apply_result result;
	struct sbk_journal *journal;

	fixture_tree(f, files);
	journal = fixture_locked(f);
	(void)fixture_grant(f, journal, "/w");
	sbk_journal_close(journal);
	assert_ok(life_run(f, &f->backend), &f->err);
	assert_ok(life_rotate(f, &f->backend), &f->err);
	journal = fixture_locked(f);
	fixture_undo_all(f, journal, &result);
	sbk_journal_close(journal);
}

/* What can be dropped, as a file. */
static uint64_t export_all(struct fixture *f, struct sbk_buf *out)
{
	struct sbk_journal *journal = fixture_open(f, SBK_JOURNAL_READ);
	uint64_t end = 0;

	assert_ok(life_export(journal, out, &end, &f->err), &f->err);
	sbk_journal_close(journal);
	return end;
}

static int drop(struct fixture *f, const struct sbk_buf *text,
		uint64_t witnessed, struct sbk_segment_report *report)
{
	struct sbk_journal *journal = fixture_locked(f);
	int rc = sbk_segment_drop(journal, text, witnessed, report, &f->err);

	sbk_journal_close(journal);
	return rc;
}

static uint64_t export_and_drop(struct fixture *f, struct sbk_buf *out)
{
	struct sbk_segment_report report;
	uint64_t end = export_all(f, out);

	assert_true(end > 0);
	assert_ok(drop(f, out, 0, &report), &f->err);
	assert_int_equal(report.end, end);
	assert_false(report.before);
	assert_string_equal(report.room, "");
	return end;
}

static enum sbk_log_verdict ask(struct fixture *f, const struct sbk_buf *note,
				const struct sbk_buf *segments, size_t count,
				struct sbk_journal_verdict *out)
{
	struct sbk_journal *journal = fixture_open(f, SBK_JOURNAL_READ);
	const struct sbk_journal_anchor anchor = {
		.note = note != NULL ? sbk_buf_text(note) : NULL,
		.note_size = note != NULL ? note->size : 0,
		.segments = segments,
		.segment_count = count,
	};

	assert_ok(sbk_journal_verify_against(journal, &anchor, out, &f->err),
		  &f->err);
	sbk_journal_close(journal);
	return out->verdict;
}

static void test_segment__the_rest_is_the_same_log(void **state)
{
	struct fixture *f = *state;
	struct sbk_buf text = SBK_BUF_INIT, note = SBK_BUF_INIT;
	struct sbk_journal_verdict verdict;
	struct sbk_apply_result result;
	struct sbk_journal *journal;
	uint64_t end, txn;

	make_history(f, 200);
	read_note(f, &note);
	end = export_and_drop(f, &text);
	fixture_assert_sound(f);
	/* What was kept before still anchors it, now and later. */
	assert_int_equal(ask(f, &note, NULL, 0, &verdict), SBK_LOG_INTACT);
	assert_int_equal(verdict.dropped, end);
	assert_int_equal(verdict.read_from, end);
	assert_int_equal(verdict.anchored_size, end);
	assert_int_equal(verdict.states, 0);
	sbk_journal_verdict_release(&verdict);
	/* Numbers go on, and what is new is undone as ever. */
	journal = fixture_locked(f);
	txn = fixture_grant(f, journal, "/w");
	assert_int_equal(txn, 3);
	fixture_undo_all(f, journal, &result);
	assert_int_equal(result.conflicts + result.owed, 0);
	sbk_journal_close(journal);
	assert_int_equal(ask(f, &note, NULL, 0, &verdict), SBK_LOG_INTACT);
	sbk_journal_verdict_release(&verdict);
	fixture_assert_sound(f);
	sbk_buf_release(&text);
	sbk_buf_release(&note);
}

/* A grant of one file, its undo and runs, and each time the log is cut: at
 * every place in a block, twice in one, and beyond it. */
static void test_segment__many_cuts(void **state)
{
	struct fixture *f = *state;
	struct sbk_buf texts[24], note = SBK_BUF_INIT;
	struct sbk_journal_verdict verdict;
	struct sbk_apply_result result;
	struct sbk_journal *journal;
	bool residues[64] = {false};
	size_t i, seen = 0;

	fixture_tree(f, 3);
	memset(texts, 0, sizeof(texts));
	for (i = 0; i < 24; i++) {
		size_t runs;
		uint64_t end;

		journal = fixture_locked(f);
		for (runs = 0; runs < i % 5; runs++)
			assert_ok(life_run(f, &f->backend), &f->err);
		(void)fixture_grant(f, journal, i % 7 == 0 ? "/w" : "/w/f1");
		fixture_undo_all(f, journal, &result);
		sbk_journal_close(journal);
		if (i == 3)
			read_note(f, &note);
		end = export_and_drop(f, &texts[i]);
		seen += !residues[end % 64];
		residues[end % 64] = true;
		fixture_assert_sound(f);
	}
	assert_in_range(seen, 10, 64);
	/* All of them are the whole log, and an old anchor is of it. */
	assert_int_equal(ask(f, &note, texts, 24, &verdict), SBK_LOG_INTACT);
	assert_int_equal(verdict.read_from, 0);
	assert_true(verdict.anchored_size > 0);
	assert_true(verdict.anchored_size < verdict.dropped);
	sbk_journal_verdict_release(&verdict);
	for (i = 0; i < 24; i++)
		sbk_buf_release(&texts[i]);
	sbk_buf_release(&note);
}

static void assert_needed(struct fixture *f, const char *why)
{
	struct sbk_journal *journal = fixture_open(f, SBK_JOURNAL_READ);
	char text[SBK_SEGMENT_WHY_MAX];
	uint64_t end = 0;
	int rc;

	assert_ok(sbk_log_snapshot(journal, &f->err), &f->err);
	rc = sbk_segment_end(journal, UINT64_MAX, &end, text, &f->err);
	sbk_journal_close(journal);
	/* The first entry alone, which its checkpoint covers, could go. */
	assert_int_equal(rc, 1);
	assert_int_equal(end, 1);
	if (strstr(text, why) == NULL)
		fail_msg("'%s' and not '%s'", text, why);
}

static void test_segment__what_is_needed_stays(void **state)
{
	struct fixture *f = *state;
	struct sbk_apply_result result;
	struct sbk_buf text = SBK_BUF_INIT;
	struct sbk_journal *journal;
	uint64_t session = 0, before;

	fixture_tree(f, 5);
	/* In effect, and so is what was granted later and undone before it. */
	journal = fixture_locked(f);
	(void)fixture_grant(f, journal, "/w/d");
	(void)fixture_grant_to(f, journal, "/w/f1", "u:991");
	sbk_journal_close(journal);
	assert_needed(f, "entry 1 and what follows stay: transaction 1 "
			 "'a grant' has, or had then, changes in effect");
	journal = fixture_locked(f);
	fixture_undo_all(f, journal, &result);
	sbk_journal_close(journal);
	/* A run that is under way; one that ended later. */
	journal = fixture_open(f, SBK_JOURNAL_WRITE);
	assert_ok(sbk_session_begin(journal, "", &session, &f->err), &f->err);
	assert_ok(life_rotate(f, &f->backend), &f->err);
	before = export_all(f, &text);
	assert_true(before > 1);
	assert_ok(sbk_session_end(journal, session, "", &f->err), &f->err);
	sbk_journal_close(journal);
	sbk_buf_clear(&text);
	assert_true(export_all(f, &text) > before);
	/* It began before where the log is cut, and ended after it. */
	sbk_buf_clear(&text);
	(void)export_and_drop(f, &text);
	fixture_assert_sound(f);
	sbk_buf_release(&text);
}

static void refuse(struct fixture *f, const struct sbk_buf *text, int code,
		   const char *why)
{
	struct sbk_segment_report report;

	assert_error(drop(f, text, 0, &report), code, &f->err);
	if (strstr(f->err.message, why) == NULL)
		fail_msg("'%s' and not '%s'", f->err.message, why);
	fixture_assert_sound(f);
}

static void test_segment__no_other_file_will_do(void **state)
{
	struct fixture *f = *state;
	struct sbk_buf text = SBK_BUF_INIT, none = SBK_BUF_INIT;
	struct sbk_segment_report report;
	size_t i, size;

	make_history(f, 20);
	(void)export_all(f, &text);
	size = text.size;
	for (i = 0; i < size; i += size / 40 + 1) {
		text.data[i] ^= 1;
		assert_true(drop(f, &text, 0, &report) < 0);
		text.data[i] ^= 1;
	}
	text.size = size - 1;
	refuse(f, &text, SBK_E_CONFLICT, "is not what journal");
	text.size = size / 2;
	assert_true(drop(f, &text, 0, &report) < 0);
	text.size = size;
	sbk_buf_adds(&none, "x");
	refuse(f, &none, SBK_E_PARSE, "is no segment of a log");
	/* What root's log has seen of it must not become unprovable. */
	assert_error(drop(f, &text, 3, &report), SBK_E_CONFLICT, &f->err);
	assert_non_null(strstr(f->err.message, "sandbook journal witness"));
	/* Without the key nothing could say that it was dropped. */
	assert_int_equal(unlink(fixture_path(f, "key")), 0);
	refuse(f, &text, SBK_E_NOTFOUND, "cannot be signed");
	sbk_buf_release(&text);
	sbk_buf_release(&none);
}

static void test_segment__the_same_again_gives_room_back(void **state)
{
	struct fixture *f = *state;
	struct sbk_buf text = SBK_BUF_INIT;
	struct sbk_segment_report report;

	make_history(f, 480);
	(void)export_all(f, &text);
	assert_ok(drop(f, &text, 0, &report), &f->err);
	assert_in_range(report.bytes_after, 1, report.bytes_before / 2);
	assert_ok(drop(f, &text, 0, &report), &f->err);
	assert_true(report.before);
	fixture_assert_sound(f);
	sbk_buf_release(&text);
}

/* Who reads meanwhile goes on with what he began with, and is waited for no
 * longer than for any other lock. */
static void test_segment__while_somebody_reads(void **state)
{
	struct fixture *f = *state;
	struct sbk_buf text = SBK_BUF_INIT;
	struct sbk_segment_report report;
	struct sbk_journal *reader;
	uint64_t cut = 1, before;

	make_history(f, 200);
	(void)export_all(f, &text);
	reader = fixture_open(f, SBK_JOURNAL_READ);
	assert_ok(sbk_log_snapshot(reader, &f->err), &f->err);
	assert_ok(drop(f, &text, 0, &report), &f->err);
	assert_string_not_equal(report.room, "");
	before = report.bytes_before;
	assert_ok(sbk_segment_cut(&reader->db, &cut, &f->err), &f->err);
	assert_int_equal(cut, 0);
	sbk_journal_close(reader);
	assert_ok(drop(f, &text, 0, &report), &f->err);
	assert_true(report.before);
	assert_string_equal(report.room, "");
	assert_in_range(report.bytes_after, 1, before);
	fixture_assert_sound(f);
	sbk_buf_release(&text);
}

/* --- proofs --------------------------------------------------------------- */

static int prove_all(struct fixture *f, const struct sbk_segment_leaves *leaves,
		     uint64_t from, uint64_t to)
{
	struct sbk_journal *journal = fixture_open(f, SBK_JOURNAL_READ);
	struct sbk_buf bytes = SBK_BUF_INIT;
	struct sbk_checkpoint head;
	struct sbk_proof proof;
	struct sbk_note note;
	uint64_t n;
	int rc = 0;

	journal->leaves = leaves;
	assert_ok(sbk_checkpoint_read(journal, 0, &bytes, &f->err), &f->err);
	assert_ok(sbk_note_parse(bytes.data, bytes.size, &note, &f->err),
		  &f->err);
	assert_ok(sbk_checkpoint_parse(&note, &head, &f->err), &f->err);
	for (n = from; rc == 0 && n < to && n < head.size; n++) {
		rc = sbk_proof_of_entry(journal, n, &head, &proof, &f->err);
		if (rc == 0)
			rc = sbk_proof_of_growth(journal, n + 1, &head, &proof,
						 &f->err);
	}
	sbk_buf_release(&bytes);
	sbk_journal_close(journal);
	return rc;
}

static void test_segment__proofs(void **state)
{
	struct fixture *f = *state;
	struct sbk_segment_leaves leaves = {.count = 0};
	struct sbk_segment_file file;
	struct sbk_buf text = SBK_BUF_INIT;
	struct sbk_journal *journal;
	uint64_t end;

	make_history(f, 100);
	end = export_and_drop(f, &text);
	assert_true(end % 64 != 0);
	journal = fixture_locked(f);
	(void)fixture_grant(f, journal, "/w");
	sbk_journal_close(journal);
	/* Of what is there; of what is not, by name, and with its file. */
	assert_ok(prove_all(f, NULL, end, UINT64_MAX), &f->err);
	assert_error(prove_all(f, NULL, end - 2, end), SBK_E_NOTFOUND, &f->err);
	assert_non_null(strstr(f->err.message, "--segment FILE"));
	assert_ok(sbk_segment_file_parse(&text, &file, &f->err), &f->err);
	assert_ok(sbk_segment_leaves_add(&leaves, &file, &f->err), &f->err);
	assert_ok(prove_all(f, &leaves, 0, UINT64_MAX), &f->err);
	/* What is in the file counts for nothing where it is another's. */
	leaves.hashes[5][0] ^= 1;
	assert_error(prove_all(f, &leaves, 4, 5), SBK_E_CORRUPT, &f->err);
	sbk_segment_file_release(&file);
	sbk_segment_leaves_release(&leaves);
	sbk_buf_release(&text);
}

static void test_segment__what_was_kept_of_what_is_gone(void **state)
{
	struct fixture *f = *state;
	struct sbk_buf text = SBK_BUF_INIT, note = SBK_BUF_INIT;
	struct sbk_journal_anchor anchor = {.key = NULL};
	struct sbk_journal_verdict verdict;
	struct sbk_journal *journal;
	size_t i;

	sbk_journal_close(fixture_locked(f));
	read_note(f, &note);
	make_history(f, 30);
	(void)export_and_drop(f, &text);
	/* It cannot be told without the file, which is no answer. */
	journal = fixture_open(f, SBK_JOURNAL_READ);
	anchor.note = sbk_buf_text(&note);
	anchor.note_size = note.size;
	assert_error(
		sbk_journal_verify_against(journal, &anchor, &verdict, &f->err),
		SBK_E_NOTFOUND, &f->err);
	assert_non_null(strstr(f->err.message, "--segment FILE"));
	sbk_journal_verdict_release(&verdict);
	/* Another file is refused, wherever it was changed. */
	anchor.segments = &text;
	anchor.segment_count = 1;
	for (i = 0; i < 12; i++) {
		char *at = text.data + text.size / 40 * i;

		*at ^= 1;
		assert_true(sbk_journal_verify_against(journal, &anchor,
						       &verdict, &f->err) < 0);
		sbk_journal_verdict_release(&verdict);
		*at ^= 1;
	}
	sbk_journal_close(journal);
	assert_int_equal(ask(f, &note, &text, 1, &verdict), SBK_LOG_INTACT);
	assert_int_equal(verdict.anchored_size, 1);
	sbk_journal_verdict_release(&verdict);
	sbk_buf_release(&text);
	sbk_buf_release(&note);
}

/* --- attacks -------------------------------------------------------------- */

static void assert_altered(struct fixture *f, const char *what)
{
	struct sbk_journal *journal = fixture_open(f, SBK_JOURNAL_READ);
	struct sbk_journal_verdict verdict;

	assert_ok(sbk_journal_verify(journal, &verdict, &f->err), &f->err);
	if (verdict.verdict != SBK_LOG_ALTERED &&
	    verdict.verdict != SBK_LOG_TRUNCATED)
		fail_msg("%s: %s", what, sbk_log_verdict_name(verdict.verdict));
	/* Who acts on the journal finds it, too. */
	assert_error(sbk_journal_check(journal, &f->err), SBK_E_CORRUPT,
		     &f->err);
	sbk_journal_verdict_release(&verdict);
	sbk_journal_close(journal);
}

static void save(struct fixture *f)
{
	char sql[2 * SBK_PATH_MAX];

	(void)snprintf(sql, sizeof(sql), "VACUUM INTO '%s/saved'",
		       f->directory);
	fixture_sql(f, sql);
}

static void restore(struct fixture *f)
{
	char path[2 * SBK_PATH_MAX], command[4 * SBK_PATH_MAX];

	(void)unlink(fixture_path(f, "journal.db-wal"));
	(void)unlink(fixture_path(f, "journal.db-shm"));
	(void)snprintf(path, sizeof(path), "%s/saved", f->directory);
	(void)snprintf(
		command, sizeof(command),
		"ATTACH '%s' AS saved; BEGIN; "
		"DELETE FROM entry; DELETE FROM node; DELETE FROM head; "
		"DELETE FROM segment; DELETE FROM checkpoint; "
		"DELETE FROM change; DELETE FROM txn; DELETE FROM state; "
		"DELETE FROM root; DELETE FROM session; "
		"DELETE FROM signer; "
		"INSERT INTO entry SELECT * FROM saved.entry; "
		"INSERT INTO node SELECT * FROM saved.node; "
		"INSERT INTO head SELECT * FROM saved.head; "
		"INSERT INTO segment SELECT * FROM saved.segment; "
		"INSERT INTO checkpoint SELECT * FROM saved.checkpoint; "
		"INSERT INTO change SELECT * FROM saved.change; "
		"INSERT INTO txn SELECT * FROM saved.txn; "
		"INSERT INTO state SELECT * FROM saved.state; "
		"INSERT INTO root SELECT * FROM saved.root; "
		"INSERT INTO session SELECT * FROM saved.session; "
		"INSERT INTO signer SELECT * FROM saved.signer; COMMIT",
		path);
	fixture_sql(f, command);
}

static void test_segment__what_was_deleted_was_not_dropped(void **state)
{
	static const char *const cases[] = {
		"DELETE FROM entry WHERE n < (SELECT min(n) + 5 FROM entry)",
		"DELETE FROM segment",
		"UPDATE segment SET entries = entries + 1",
		"UPDATE segment SET root = x'00'",
		"UPDATE segment SET txns = 0, changes = 0",
		"UPDATE segment SET entry = entry + 1",
		"UPDATE entry SET json = replace(json, '\"changes\":', "
		"'\"changes\":1') WHERE json LIKE '%\"op\":\"drop\"%'",
		"DELETE FROM node WHERE level < 6",
		"UPDATE node SET hash = x'00' WHERE level < 6",
		"UPDATE node SET hash = zeroblob(32) WHERE level = 6 AND n = 0",
		/* The commit in which it was dropped lacks its checkpoint. */
		"DELETE FROM checkpoint WHERE size = (SELECT entry + 1 FROM "
		"segment)",
		"UPDATE checkpoint SET note = (SELECT note FROM checkpoint "
		"LIMIT 1) WHERE size = (SELECT entry + 1 FROM segment)",
		"UPDATE signer SET vkey = 'x'",
		"DELETE FROM signer WHERE entry = 0",
	};
	struct fixture *f = *state;
	struct sbk_buf text = SBK_BUF_INIT;
	struct sbk_journal *journal;
	size_t i;

	make_history(f, 100);
	(void)export_and_drop(f, &text);
	journal = fixture_locked(f);
	(void)fixture_grant(f, journal, "/w/d");
	sbk_journal_close(journal);
	save(f);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fixture_sql(f, cases[i]);
		assert_altered(f, cases[i]);
		restore(f);
		fixture_assert_sound(f);
	}
	sbk_buf_release(&text);
}

/* An enemy who knows the format does all that a drop does, but for the
 * signature: the key he cannot read. */
static void test_segment__a_forged_drop(void **state)
{
	struct fixture *f = *state;
	struct sbk_buf text = SBK_BUF_INIT, old = SBK_BUF_INIT;
	struct sbk_buf sql = SBK_BUF_INIT;
	struct sbk_segment_report report;
	struct sbk_note_signer forger;
	struct sbk_journal *journal;
	struct sbk_note_key key;

	make_history(f, 100);
	(void)export_all(f, &text);
	journal = fixture_locked(f);
	/* Grown by a run, which is not signed: so may what he adds be. */
	assert_ok(sbk_key_named(journal, &key, &f->err), &f->err);
	assert_ok(sbk_segment_drop(journal, &text, 0, &report, &f->err),
		  &f->err);
	sbk_journal_close(journal);
	read_note(f, &old);
	save(f);
	fixture_sql(f, "DELETE FROM checkpoint WHERE size > "
		       "(SELECT entries FROM segment)");
	assert_altered(f, "unsigned");
	restore(f);
	/* Signed by a key of the same name, which no entry names. */
	assert_ok(sbk_note_signer_make(key.name, &forger, &f->err), &f->err);
	old.size = (size_t)(strstr(old.data, "\n\n") + 1 - old.data);
	sbk_note_add_signature(&old, old.size, &forger);
	sbk_buf_printf(&sql,
		       "UPDATE checkpoint SET note = '%s' WHERE size = "
		       "(SELECT entry + 1 FROM segment)",
		       sbk_buf_text(&old));
	fixture_sql(f, sbk_buf_text(&sql));
	assert_altered(f, "another's signature");
	sbk_note_signer_erase(&forger);
	sbk_buf_release(&text);
	sbk_buf_release(&old);
	sbk_buf_release(&sql);
}

/* --- everything else that reads it ---------------------------------------- */

/* An undo that is held to what the log signed of it alone. */
static void test_segment__a_scoped_undo(void **state)
{
	struct fixture *f = *state;
	const struct sbk_journal_filter all = {.unsettled = true};
	struct sbk_plan *plan = sbk_plan_new();
	struct sbk_buf text = SBK_BUF_INIT;
	struct sbk_journal *journal;

	make_history(f, 40);
	(void)export_and_drop(f, &text);
	/* Nothing ended since: what was dropped answers. */
	journal = fixture_locked(f);
	journal->scope_least = 1;
	assert_int_equal(sbk_scope_load(journal, &all, plan, &f->err), 0);
	assert_int_equal(sbk_plan_count(plan), 0);
	assert_true(sbk_summary_pointer(journal) != UINT64_MAX);
	(void)fixture_grant(f, journal, "/w/d");
	assert_int_equal(sbk_scope_load(journal, &all, plan, &f->err), 0);
	assert_true(sbk_plan_count(plan) > 0);
	sbk_journal_close(journal);
	sbk_plan_free(plan);
	sbk_buf_release(&text);
}

static int gather(void *arg, const struct sbk_buf *chunk, struct sbk_error *err)
{
	struct sbk_buf *out = arg;

	sbk_buf_add(out, chunk->data, chunk->size);
	return sbk_buf_failed(out, err);
}

static void test_segment__handed_over_to_root(void **state)
{
	struct fixture *f = *state;
	struct sbk_journal *journal, *copy = NULL;
	struct sbk_buf text = SBK_BUF_INIT;
	uint64_t confirmed;
	char *at;

	make_history(f, 40);
	(void)export_and_drop(f, &text);
	journal = fixture_locked(f);
	(void)fixture_grant(f, journal, "/w/d");
	confirmed = fixture_count(f, journal, SBK_STATUS_CONFIRMED);
	assert_true(confirmed > 0);
	sbk_buf_clear(&text);
	assert_ok(sbk_journal_export(journal, gather, &text, &f->err), &f->err);
	sbk_journal_close(journal);
	assert_ok(sbk_journal_import(sbk_buf_text(&text), text.size, "x", 1000,
				     &copy, &f->err),
		  &f->err);
	assert_int_equal(fixture_count(f, copy, SBK_STATUS_CONFIRMED),
			 confirmed);
	sbk_journal_close(copy);
	/* Without what stands for the rest it is nothing. */
	copy = NULL;
	at = strstr(text.data, "{\"drop\":");
	assert_non_null(at);
	at[2] = 'x';
	assert_true(sbk_journal_import(sbk_buf_text(&text), text.size, "x",
				       1000, &copy, &f->err) < 0);
	sbk_buf_release(&text);
}

static void test_segment__tables_made_anew(void **state)
{
	struct fixture *f = *state;
	struct sbk_buf text = SBK_BUF_INIT;
	struct sbk_journal *journal;
	bool rebuilt = false;

	make_history(f, 40);
	(void)export_and_drop(f, &text);
	journal = fixture_locked(f);
	(void)fixture_grant(f, journal, "/w/d");
	sbk_journal_close(journal);
	fixture_sql(f, "UPDATE txn SET title = 'x'; "
		       "DELETE FROM signer WHERE entry = 0");
	journal = fixture_open(f, SBK_JOURNAL_TRUST);
	assert_ok(sbk_journal_rebuild(journal, &rebuilt, &f->err), &f->err);
	assert_true(rebuilt);
	sbk_journal_close(journal);
	fixture_assert_sound(f);
	sbk_buf_release(&text);
}

static const struct CMUnitTest tests[] = {
	FIXTURE_TEST(test_segment__the_rest_is_the_same_log),
	FIXTURE_TEST(test_segment__many_cuts),
	FIXTURE_TEST(test_segment__what_is_needed_stays),
	FIXTURE_TEST(test_segment__no_other_file_will_do),
	FIXTURE_TEST(test_segment__the_same_again_gives_room_back),
	FIXTURE_TEST(test_segment__while_somebody_reads),
	FIXTURE_TEST(test_segment__proofs),
	FIXTURE_TEST(test_segment__what_was_kept_of_what_is_gone),
	FIXTURE_TEST(test_segment__what_was_deleted_was_not_dropped),
	FIXTURE_TEST(test_segment__a_forged_drop),
	FIXTURE_TEST(test_segment__a_scoped_undo),
	FIXTURE_TEST(test_segment__handed_over_to_root),
	FIXTURE_TEST(test_segment__tables_made_anew),
};

SBK_TEST_MAIN(tests)
