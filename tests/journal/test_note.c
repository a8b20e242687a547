/*
 * Signed notes: what is written is read, and nothing else is. The bytes
 * themselves are checked by a program of others' making (tlog_check.py).
 */
#include "tests/support/test.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "journal/note.h"

#include "engine/banned.h"

#define ROOT "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define ORIGIN "sandbook/user/00112233445566778899aabbccddeeff"

static struct sbk_note_signer make(const char *name)
{
	struct sbk_note_signer signer;
	struct sbk_error err = SBK_ERROR_INIT;

	assert_true(sodium_init() >= 0);
	assert_ok(sbk_note_signer_make(name, &signer, &err), &err);
	return signer;
}

static struct sbk_buf signed_checkpoint(const struct sbk_note_signer *signer)
{
	struct sbk_checkpoint checkpoint = {.origin = ORIGIN, .size = 70000};
	struct sbk_buf note = SBK_BUF_INIT;

	memset(checkpoint.root, 7, sizeof(checkpoint.root));
	sbk_checkpoint_print(&checkpoint, &note);
	sbk_note_add_signature(&note, note.size, signer);
	return note;
}

static void test_note__keys_are_read_as_written(void **state)
{
	struct sbk_note_signer signer = make(ORIGIN), again;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf text = SBK_BUF_INIT;
	struct sbk_note_key key;
	size_t i;

	(void)state;
	sbk_note_key_print(&signer.key, &text);
	assert_ok(sbk_note_key_parse(text.data, text.size, &key, &err), &err);
	assert_true(sbk_note_key_equal(&key, &signer.key));
	assert_memory_equal(key.id, signer.key.id, sizeof(key.id));
	/* Each byte counts: name, id, key. */
	for (i = 0; i < text.size; i++) {
		text.data[i] ^= 1;
		assert_error(
			sbk_note_key_parse(text.data, text.size, &key, &err),
			SBK_E_PARSE, &err);
		text.data[i] ^= 1;
	}
	for (i = 0; i < text.size; i++)
		assert_error(sbk_note_key_parse(text.data, i, &key, &err),
			     SBK_E_PARSE, &err);
	sbk_buf_clear(&text);
	sbk_note_signer_print(&signer, &text);
	assert_ok(sbk_note_signer_parse(text.data, text.size, &again, &err),
		  &err);
	assert_memory_equal(&again, &signer, sizeof(again));
	/* All but the newline at its end. */
	for (i = 0; i + 1 < text.size; i++) {
		text.data[i] ^= 1;
		assert_error(sbk_note_signer_parse(text.data, text.size, &again,
						   &err),
			     SBK_E_PARSE, &err);
		text.data[i] ^= 1;
	}
	sbk_buf_release(&text);
}

static void test_note__names_that_no_note_may_bear(void **state)
{
	static const char *const names[] = {"",	    "a b",  "a+b",
					    "a\nb", "\x7f", "\xc3\xa9"};
	struct sbk_note_signer signer;
	struct sbk_error err = SBK_ERROR_INIT;
	char name[SBK_NOTE_NAME_MAX + 1];
	size_t i;

	(void)state;
	assert_true(sodium_init() >= 0);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_error(sbk_note_signer_make(names[i], &signer, &err),
			     SBK_E_INVAL, &err);
	memset(name, 'x', sizeof(name));
	name[SBK_NOTE_NAME_MAX] = '\0';
	assert_error(sbk_note_signer_make(name, &signer, &err), SBK_E_INVAL,
		     &err);
	name[SBK_NOTE_NAME_MAX - 1] = '\0';
	assert_ok(sbk_note_signer_make(name, &signer, &err), &err);
}

/* What comes of the bytes: read, of this log, and signed. */
static bool accepted(const struct sbk_buf *bytes,
		     const struct sbk_note_key *key)
{
	struct sbk_checkpoint checkpoint;
	struct sbk_note note;

	return sbk_note_parse(bytes->data, bytes->size, &note, NULL) == 0 &&
	       sbk_note_verify(&note, key) == 1 &&
	       sbk_checkpoint_parse(&note, &checkpoint, NULL) == 0 &&
	       checkpoint.size == 70000;
}

static void test_note__every_bit_counts(void **state)
{
	struct sbk_note_signer signer = make(ORIGIN);
	struct sbk_buf note = signed_checkpoint(&signer);
	size_t i, size;
	int bit;

	(void)state;
	assert_true(accepted(&note, &signer.key));
	for (i = 0; i < note.size; i++)
		for (bit = 0; bit < 8; bit++) {
			note.data[i] = (char)(note.data[i] ^ 1 << bit);
			assert_false(accepted(&note, &signer.key));
			note.data[i] = (char)(note.data[i] ^ 1 << bit);
		}
	size = note.size;
	for (note.size = 0; note.size < size; note.size++)
		assert_false(accepted(&note, &signer.key));
	assert_true(accepted(&note, &signer.key));
	sbk_buf_release(&note);
}

static void test_note__signatures_of_others(void **state)
{
	struct sbk_note_signer signer = make(ORIGIN), same = make(ORIGIN);
	struct sbk_note_signer other = make("elsewhere/log");
	struct sbk_buf note = signed_checkpoint(&signer);
	struct sbk_note parsed;
	struct sbk_error err = SBK_ERROR_INIT;
	const size_t text = (size_t)(strstr(note.data, "\n\n") - note.data) + 1;
	char *line;

	(void)state;
	assert_ok(sbk_note_parse(note.data, note.size, &parsed, &err), &err);
	assert_int_equal(sbk_note_verify(&parsed, &signer.key), 1);
	/* Another key of that name, and another name, are unknown here. */
	assert_int_equal(sbk_note_verify(&parsed, &same.key), 0);
	assert_int_equal(sbk_note_verify(&parsed, &other.key), 0);
	/* More signatures, as at a hand-over and by witnesses. */
	sbk_note_add_signature(&note, text, &same);
	sbk_note_add_signature(&note, text, &other);
	assert_ok(sbk_note_parse(note.data, note.size, &parsed, &err), &err);
	assert_int_equal(sbk_note_verify(&parsed, &signer.key), 1);
	assert_int_equal(sbk_note_verify(&parsed, &same.key), 1);
	assert_int_equal(sbk_note_verify(&parsed, &other.key), 1);
	/* A false one of a known key spoils the note for who knows it. */
	line = strstr(strstr(note.data, "elsewhere"), " ") + 10;
	*line = *line == 'A' ? 'B' : 'A';
	assert_ok(sbk_note_parse(note.data, note.size, &parsed, &err), &err);
	assert_int_equal(sbk_note_verify(&parsed, &other.key), SBK_E_CORRUPT);
	assert_int_equal(sbk_note_verify(&parsed, &signer.key), 1);
	sbk_buf_release(&note);
}

static void test_note__texts_that_are_no_checkpoint(void **state)
{
	static const char *const texts[] = {
		"o\n1\n",
		"o\n01\n" ROOT "\n",
		"o\n\n" ROOT "\n",
		"\n1\n" ROOT "\n",
		"o\n+1\n" ROOT "\n",
		"o\n-1\n" ROOT "\n",
		"o\n1 \n" ROOT "\n",
		"o\n1\n" ROOT "\nx\n",
		"o\n1\n" ROOT ROOT "\n",
		"o\n0x1\n" ROOT "\n",
		"o\n9999999999999999999\n" ROOT "\n",
		"o\n1\n" ROOT "\n", /* the last is one */
	};
	const size_t count = sizeof(texts) / sizeof(texts[0]);
	struct sbk_note_signer signer = make("o");
	struct sbk_checkpoint checkpoint;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_note note;
	size_t i;

	(void)state;
	for (i = 0; i < count; i++) {
		struct sbk_buf bytes = SBK_BUF_INIT;

		sbk_buf_adds(&bytes, texts[i]);
		sbk_note_add_signature(&bytes, bytes.size, &signer);
		assert_ok(sbk_note_parse(bytes.data, bytes.size, &note, &err),
			  &err);
		if (i + 1 == count)
			assert_ok(
				sbk_checkpoint_parse(&note, &checkpoint, &err),
				&err);
		else
			assert_error(
				sbk_checkpoint_parse(&note, &checkpoint, &err),
				SBK_E_PARSE, &err);
		sbk_buf_release(&bytes);
	}
}

/* By the example of c2sp.org/tlog-cosignature's form: time and text are signed,
 * under an id of their own. */
static void test_note__cosignatures(void **state)
{
	static const char text[] =
		"sandbook/user/0\n7\n"
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
		"\n";
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_note_signer witness, other;
	struct sbk_buf bytes = SBK_BUF_INIT;
	struct sbk_note note;
	uint64_t seconds = 0;
	size_t i;

	(void)state;
	assert_ok(sbk_note_signer_make("w", &witness, &err), &err);
	assert_ok(sbk_note_signer_make("w", &other, &err), &err);
	sbk_buf_adds(&bytes, text);
	sbk_note_add_cosignature(&bytes, sizeof(text) - 1, &witness,
				 0x0102030405060708);
	assert_ok(sbk_note_parse(bytes.data, bytes.size, &note, &err), &err);
	assert_int_equal(
		sbk_note_verify_cosignature(&note, &witness.key, &seconds), 1);
	assert_true(seconds == 0x0102030405060708);
	/* It is no signature of the log's, nor anybody else's. */
	assert_int_equal(sbk_note_verify(&note, &witness.key), 0);
	assert_int_equal(
		sbk_note_verify_cosignature(&note, &other.key, &seconds), 0);
	for (i = 0; i < 8 * bytes.size; i++) {
		bytes.data[i / 8] ^= (char)(1 << i % 8);
		if (sbk_note_parse(bytes.data, bytes.size, &note, NULL) == 0)
			assert_int_not_equal(
				sbk_note_verify_cosignature(&note, &witness.key,
							    &seconds),
				1);
		bytes.data[i / 8] ^= (char)(1 << i % 8);
	}
	sbk_buf_release(&bytes);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_note__keys_are_read_as_written),
	cmocka_unit_test(test_note__cosignatures),
	cmocka_unit_test(test_note__names_that_no_note_may_bear),
	cmocka_unit_test(test_note__every_bit_counts),
	cmocka_unit_test(test_note__signatures_of_others),
	cmocka_unit_test(test_note__texts_that_are_no_checkpoint),
};

SBK_TEST_MAIN(tests)
