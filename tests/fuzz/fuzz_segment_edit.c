/*
 * Fuzz target: the files of what was dropped, edited, held against the log that
 * they were dropped from. The input is a list of edits of five bytes each: what
 * is done, where (three bytes, a fraction of the text), and a value.
 *
 * `verify --segment` accepts the files that were exported and no others. What
 * it cannot know is that a checkpoint between the first and the last is
 * missing: that alone may differ.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "journal/segment.h"
#include "tests/fuzz/honest.h"
#include "tests/journal/life.h"

#include "engine/banned.h"

#define FILES 2
#define EDIT_BYTES 5

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct fixture *fixture;
static struct sbk_journal *journal;
static struct sbk_buf honest[FILES];

/* --- the log ---------------------------------------------------------------
 */

static void end_fixture(void)
{
	void *state = fixture;
	size_t i;

	sbk_journal_close(journal);
	for (i = 0; i < FILES; i++)
		sbk_buf_release(&honest[i]);
	(void)fixture_teardown(&state); /* a directory of the test's */
}

static void cut(struct sbk_buf *out)
{
	struct sbk_segment_report report;
	uint64_t end = 0;

	must(life_grant(fixture, &fixture->backend) == 0);
	must(life_run(fixture, &fixture->backend) == 0);
	must(life_rotate(fixture, &fixture->backend) == 0);
	must(life_undo(fixture, &fixture->backend) == 0);
	journal = fixture_locked(fixture);
	must(life_export(journal, out, &end, NULL) == 0 && end > 0);
	must(sbk_segment_drop(journal, out, 0, &report, NULL) == 0);
	sbk_journal_close(journal);
}

static void begin(void)
{
	void *state = NULL;
	size_t i;

	if (fixture != NULL)
		return;
	must(fixture_setup(&state) == 0);
	fixture = state;
	life_build(fixture);
	for (i = 0; i < FILES; i++)
		cut(&honest[i]);
	journal = fixture_open(fixture, SBK_JOURNAL_READ);
	must(atexit(end_fixture) == 0);
}

/* --- edits -----------------------------------------------------------------
 */

/* Puts `with` in the place of bytes from `at` to `to`. */
static void splice(struct sbk_buf *text, size_t at, size_t to, const char *with,
		   size_t size)
{
	struct sbk_buf out = SBK_BUF_INIT;

	sbk_buf_add(&out, text->data, at);
	sbk_buf_add(&out, with, size);
	sbk_buf_add(&out, text->data + to, text->size - to);
	must(out.failure == 0);
	sbk_buf_release(text);
	*text = out;
}

/* The line that `at` is in; its end through `to`, with the newline. */
static size_t line_of(const struct sbk_buf *text, size_t at, size_t *to)
{
	const char *end = memchr(text->data + at, '\n', text->size - at);

	*to = end != NULL ? (size_t)(end + 1 - text->data) : text->size;
	while (at > 0 && text->data[at - 1] != '\n')
		at--;
	return at;
}

static void move_line(struct sbk_buf *text, size_t at, size_t to,
		      unsigned char value, bool keep)
{
	struct sbk_buf line = SBK_BUF_INIT;
	size_t end;

	sbk_buf_add(&line, text->data + at, to - at);
	if (!keep)
		splice(text, at, to, "", 0);
	if (text->size > 0) {
		at = line_of(text, text->size * value / 256, &end);
		splice(text, at, at, line.data, line.size);
	}
	sbk_buf_release(&line);
}

static void edit(struct sbk_buf *text, const uint8_t *e)
{
	const uint64_t part = (uint64_t)e[1] << 16 | e[2] << 8 | e[3];
	const size_t at = (size_t)(text->size * part >> 24);
	const char value = (char)e[4];
	size_t begins, to;

	if (text->size == 0)
		return;
	begins = line_of(text, at, &to);
	switch (e[0] / FILES % 8) {
	case 0:
		text->data[at] = (char)(text->data[at] ^ value);
		break;
	case 1:
		splice(text, at, at, &value, 1);
		break;
	case 2:
		splice(text, at, at + 1, "", 0);
		break;
	case 3:
		splice(text, begins, to, "", 0);
		break;
	case 4:
		move_line(text, begins, to, e[4], true);
		break;
	case 5:
		move_line(text, begins, to, e[4], false);
		break;
	case 6:
		splice(text, at, text->size, "", 0);
		break;
	default: /* a digit by the next one */
		if (text->data[at] >= '0' && text->data[at] < '9')
			text->data[at]++;
		break;
	}
}

/* --- what is held --------------------------------------------------------- */

static bool is_checkpoint(const char *line)
{
	static const char begins[] = "{\"checkpoint\":";

	return strncmp(line, begins, sizeof(begins) - 1) == 0;
}

/* Whether it is what was exported, without some of its checkpoints. */
static bool is_honest(const struct sbk_buf *text, const struct sbk_buf *whole)
{
	size_t at = 0, other = 0;

	while (other < whole->size) {
		size_t to;
		const size_t begins = line_of(whole, other, &to);
		const size_t size = to - begins;

		other = to;
		if (text->size - at >= size &&
		    memcmp(text->data + at, whole->data + begins, size) == 0)
			at += size;
		else if (!is_checkpoint(whole->data + begins))
			return false;
	}
	return at == text->size;
}

static bool is_same(const struct sbk_buf *a, const struct sbk_buf *b)
{
	return a->size == b->size && memcmp(a->data, b->data, a->size) == 0;
}

static void hold(const struct sbk_buf *files)
{
	const struct sbk_journal_anchor anchor = {
		.segments = files,
		.segment_count = FILES,
	};
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_journal_verdict verdict;
	int rc = sbk_journal_verify_against(journal, &anchor, &verdict, &err);

	must(rc == 0 || rc == SBK_E_INVAL || rc == SBK_E_PARSE ||
	     rc == SBK_E_CORRUPT);
	must(rc == 0 || err.message[0] != '\0');
	if (rc == 0 && verdict.findings == 0)
		must(is_honest(&files[0], &honest[0]) &&
		     is_honest(&files[1], &honest[1]));
	else
		must(!is_same(&files[0], &honest[0]) ||
		     !is_same(&files[1], &honest[1]));
	sbk_journal_verdict_release(&verdict);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sbk_buf files[FILES] = {SBK_BUF_INIT, SBK_BUF_INIT};
	size_t i;

	begin();
	for (i = 0; i < FILES; i++)
		sbk_buf_add(&files[i], honest[i].data, honest[i].size);
	for (i = 0; i + EDIT_BYTES <= size; i += EDIT_BYTES)
		edit(&files[data[i] % FILES], data + i);
	hold(files);
	for (i = 0; i < FILES; i++)
		sbk_buf_release(&files[i]);
	return 0;
}
