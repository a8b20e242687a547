/*
 * What the machine's log makes of an answer about a person's: of honest ones,
 * and of ones in which any byte may be an enemy's.
 */
#include "tests/journal/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journal/signing.h"
#include "journal/witness.h"

#include "engine/banned.h"

static const struct sbk_owner ann = {"1600"}, bob = {"1601"};

#define FIXTURE_TEST(name) \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
#define FLIPS 6000

/* Makes an answer for who saw this, and says what it is worth. */
static enum sbk_witness_result look(struct fixture *f,
				    const struct sbk_witnessed *seen,
				    struct sbk_witness_opinion *opinion)
{
	struct sbk_witness_answer *answer = calloc(1, sizeof(*answer));

	assert_non_null(answer);
	sbk_witness_answer_make(&f->place, seen->head.size,
				seen->any ? seen->key : NULL, answer);
	assert_ok(sbk_witness_judge(seen, answer, opinion, &f->err), &f->err);
	free(answer);
	return opinion->result;
}

/* What was seen becomes what the next look is held against. */
static void take(struct sbk_witnessed *seen,
		 const struct sbk_witness_opinion *opinion)
{
	struct sbk_buf key = SBK_BUF_INIT;

	sbk_note_key_print(&opinion->key, &key);
	seen->any = true;
	seen->head = opinion->head;
	(void)snprintf(seen->key, sizeof(seen->key), "%s", sbk_buf_text(&key));
	sbk_buf_release(&key);
}

static void assert_look(struct fixture *f, struct sbk_witnessed *seen,
			enum sbk_witness_result wanted)
{
	struct sbk_witness_opinion opinion;

	assert_int_equal(look(f, seen, &opinion), wanted);
	if (wanted == SBK_WITNESS_SEEN)
		take(seen, &opinion);
	sbk_witness_opinion_release(&opinion);
}

/* By two entries for each transaction, and their checkpoints. */
static void grow(struct fixture *f, int transactions)
{
	struct sbk_journal *journal = fixture_open(f, SBK_JOURNAL_CREATE);
	uint64_t id;

	assert_ok(sbk_journal_lock(journal, 0, &f->err), &f->err);
	while (transactions-- > 0) {
		assert_ok(sbk_journal_begin(journal, SBK_TRANSACTION_DO, "grow",
					    &id, &f->err),
			  &f->err);
		assert_ok(sbk_journal_end(journal, true, &f->err), &f->err);
	}
	sbk_journal_close(journal);
}

static void rotate(struct fixture *f)
{
	struct sbk_journal *journal = fixture_locked(f);

	assert_ok(sbk_key_rotate(journal, &f->err), &f->err);
	sbk_journal_close(journal);
}

static void test_witness__sees_a_log_that_grows(void **state)
{
	struct fixture *f = *state;
	struct sbk_witnessed seen = {.any = false};

	assert_look(f, &seen, SBK_WITNESS_NONE);
	grow(f, 3);
	assert_look(f, &seen, SBK_WITNESS_SEEN);
	assert_look(f, &seen, SBK_WITNESS_SAME);
	grow(f, 60);
	assert_look(f, &seen, SBK_WITNESS_SEEN);
	rotate(f);
	rotate(f);
	assert_look(f, &seen, SBK_WITNESS_SEEN);
}

static void test_witness__follows_no_key_that_was_not_handed_over(void **state)
{
	struct fixture *f = *state;
	struct sbk_witnessed seen = {.any = false};

	grow(f, 3);
	assert_look(f, &seen, SBK_WITNESS_SEEN);
	rotate(f);
	grow(f, 1); /* the hand-over itself both sign */
	/* The control: with the hand-over it is followed. */
	{
		struct sbk_witnessed copy = seen;

		assert_look(f, &copy, SBK_WITNESS_SEEN);
	}
	fixture_sql(f, "UPDATE signer SET signature = NULL WHERE entry > 0");
	assert_look(f, &seen, SBK_WITNESS_NEW_KEY);
	fixture_sql(f, "DELETE FROM signer WHERE entry > 0");
	assert_look(f, &seen, SBK_WITNESS_NEW_KEY);
}

static void test_witness__tells_a_shorter_log_and_another(void **state)
{
	struct fixture *f = *state;
	struct sbk_witnessed seen = {.any = false}, longer;

	grow(f, 3);
	assert_look(f, &seen, SBK_WITNESS_SEEN);
	longer = seen;
	longer.head.size += 5;
	assert_look(f, &longer, SBK_WITNESS_SHRANK);
	grow(f, 5);
	longer = seen;
	longer.head.root[7] ^= 1;
	assert_look(f, &longer, SBK_WITNESS_FORKED);
	longer = seen;
	longer.head.origin[20] = longer.head.origin[20] == 'a' ? 'b' : 'a';
	assert_look(f, &longer, SBK_WITNESS_OTHER);
	assert_look(f, &seen, SBK_WITNESS_SEEN);
}

/* A changed byte never makes another checkpoint be taken for the log's. */
static void test_witness__believes_no_byte_of_an_answer(void **state)
{
	struct fixture *f = *state;
	struct sbk_witnessed seen = {.any = false};
	struct sbk_witness_answer *good = calloc(1, sizeof(*good));
	struct sbk_witness_answer *bad = calloc(1, sizeof(*bad));
	struct sbk_witness_opinion truth, opinion;
	size_t i, refused = 0;

	assert_non_null(good);
	assert_non_null(bad);
	grow(f, 3);
	assert_look(f, &seen, SBK_WITNESS_SEEN);
	rotate(f);
	grow(f, 70);
	sbk_witness_answer_make(&f->place, seen.head.size, seen.key, good);
	assert_ok(sbk_witness_judge(&seen, good, &truth, &f->err), &f->err);
	assert_int_equal(truth.result, SBK_WITNESS_SEEN);
	for (i = 0; i < FLIPS; i++) {
		/* The first part densely, the tables after it in steps. */
		const size_t at = i < 1200 ? i : i * 7919 % sizeof(*bad);

		*bad = *good;
		((unsigned char *)bad)[at] ^= (unsigned char)(1U << i % 8);
		assert_ok(sbk_witness_judge(&seen, bad, &opinion, &f->err),
			  &f->err);
		if (opinion.result == SBK_WITNESS_SEEN) {
			assert_int_equal(opinion.head.size, truth.head.size);
			assert_memory_equal(opinion.head.root, truth.head.root,
					    sizeof(truth.head.root));
			assert_int_equal(opinion.note.size, truth.note.size);
			assert_true(
				sbk_note_key_equal(&opinion.key, &truth.key));
		} else {
			refused++;
		}
		sbk_witness_opinion_release(&opinion);
	}
	assert_true(refused > 200);
	memset(bad, 0xff, sizeof(*bad));
	assert_ok(sbk_witness_judge(&seen, bad, &opinion, &f->err), &f->err);
	assert_int_equal(opinion.result, SBK_WITNESS_UNREAD);
	sbk_witness_opinion_release(&opinion);
	sbk_witness_opinion_release(&truth);
	free(good);
	free(bad);
}

/* The entries, their rows, and what `verify` says of them. */
static void assert_records(struct fixture *f, const struct sbk_owner *who)
{
	struct sbk_witnessed seen = {.any = false}, last;
	struct sbk_witness_opinion opinion;
	struct sbk_journal *journal;
	struct sbk_buf note = SBK_BUF_INIT;
	uint64_t seconds = 0;

	grow(f, 3);
	assert_int_equal(look(f, &seen, &opinion), SBK_WITNESS_SEEN);
	journal = fixture_locked(f); /* witnesses itself here */
	assert_ok(sbk_witness_last(journal, who, &last, &f->err), &f->err);
	assert_false(last.any);
	assert_ok(sbk_witness_record(journal, who, &opinion, &f->err), &f->err);
	assert_ok(sbk_witness_last(journal, who, &last, &f->err), &f->err);
	assert_true(last.any);
	assert_int_equal(last.head.size, opinion.head.size);
	assert_ok(sbk_journal_witness_note(journal, who, &note, &seconds,
					   &f->err),
		  &f->err);
	assert_true(seconds > 0);
	assert_int_equal(
		sbk_journal_witness_note(journal, &bob, &note, &seconds, NULL),
		SBK_E_NOTFOUND);
	assert_int_equal(sbk_journal_witness_accept(journal, who, NULL),
			 SBK_E_NOTFOUND);
	opinion.result = SBK_WITNESS_GONE;
	assert_ok(sbk_witness_record(journal, who, &opinion, &f->err), &f->err);
	/* It replaces nothing of what was seen, until root says so. */
	assert_ok(sbk_witness_last(journal, who, &last, &f->err), &f->err);
	assert_true(last.any);
	assert_ok(sbk_journal_witness_accept(journal, who, &f->err), &f->err);
	assert_ok(sbk_witness_last(journal, who, &last, &f->err), &f->err);
	assert_false(last.any);
	sbk_journal_close(journal);
	sbk_witness_opinion_release(&opinion);
	sbk_buf_release(&note);
	fixture_assert_sound(f);
	fixture_sql(f, "UPDATE witness SET found = 'seen' WHERE "
		       "found = 'gone'");
	journal = fixture_open(f, SBK_JOURNAL_READ);
	assert_int_equal(sbk_journal_check(journal, NULL), SBK_E_CORRUPT);
	sbk_journal_close(journal);
}

static void test_witness__records_what_is_news(void **state)
{
	assert_records(*state, &ann);
}

static void test_witness__records_a_person_with_a_sid(void **state)
{
	static const struct sbk_owner sid = {"S-1-5-21-1-2-3-1001"};

	assert_records(*state, &sid);
}

static void record(struct fixture *f, struct sbk_journal *journal,
		   enum sbk_witness_result result)
{
	const struct sbk_witness_opinion opinion = {.result = result};

	assert_ok(sbk_witness_record(journal, &ann, &opinion, &f->err),
		  &f->err);
}

static bool has_ended(struct fixture *f, struct sbk_journal *journal)
{
	struct sbk_witnessed last;

	assert_ok(sbk_witness_last(journal, &ann, &last, &f->err), &f->err);
	assert_true(last.any);
	return last.ended;
}

static int note_word(void *arg, const struct sbk_witness_news *news,
		     struct sbk_error *err)
{
	(void)err;
	(void)snprintf(arg, 32, "%s", news->found);
	return 0;
}

static void assert_word(struct fixture *f, struct sbk_journal *journal,
			const char *wanted)
{
	char word[32] = "";

	assert_ok(sbk_journal_witnessed(journal, note_word, word, &f->err),
		  &f->err);
	assert_string_equal(word, wanted);
}

/* One look that got no answer does not make a log that ended one that is
 * missing; and the finding is none any more when there is an answer. */
static void test_witness__an_end_outlasts_a_look_that_failed(void **state)
{
	struct fixture *f = *state;
	struct sbk_witnessed seen = {.any = false};
	struct sbk_witness_opinion opinion;
	struct sbk_journal *journal;

	grow(f, 3);
	assert_int_equal(look(f, &seen, &opinion), SBK_WITNESS_SEEN);
	journal = fixture_locked(f); /* witnesses itself here */
	assert_ok(sbk_witness_record(journal, &ann, &opinion, &f->err),
		  &f->err);
	assert_false(has_ended(f, journal));
	assert_ok(sbk_witness_record_end(journal, &ann, &f->err), &f->err);
	assert_true(has_ended(f, journal));
	record(f, journal, SBK_WITNESS_UNREAD);
	assert_word(f, journal, "not read");
	assert_true(has_ended(f, journal));
	record(f, journal, SBK_WITNESS_NONE);
	assert_word(f, journal, "ended");
	record(f, journal, SBK_WITNESS_NONE); /* no news */
	assert_true(has_ended(f, journal));
	/* What is seen after it has not ended. */
	assert_ok(sbk_witness_record(journal, &ann, &opinion, &f->err),
		  &f->err);
	assert_false(has_ended(f, journal));
	record(f, journal, SBK_WITNESS_UNREAD);
	record(f, journal, SBK_WITNESS_NONE);
	assert_word(f, journal, "not read");
	sbk_journal_close(journal);
	sbk_witness_opinion_release(&opinion);
	fixture_assert_sound(f);
}

static const struct CMUnitTest tests[] = {
	FIXTURE_TEST(test_witness__an_end_outlasts_a_look_that_failed),
	FIXTURE_TEST(test_witness__sees_a_log_that_grows),
	FIXTURE_TEST(test_witness__follows_no_key_that_was_not_handed_over),
	FIXTURE_TEST(test_witness__tells_a_shorter_log_and_another),
	FIXTURE_TEST(test_witness__believes_no_byte_of_an_answer),
	FIXTURE_TEST(test_witness__records_what_is_news),
	FIXTURE_TEST(test_witness__records_a_person_with_a_sid),
};

SBK_TEST_MAIN(tests)
