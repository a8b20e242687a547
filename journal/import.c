/*
 * A log that somebody hands over as text, made into a journal in memory: the
 * text of export.c, line by line. What SQLite wrote for another person is never
 * given to SQLite here; the tables are our own, filled by replay.c, which
 * takes every field for something that an enemy may have written.
 *
 * It refuses what has no end: lines are as many as the text has bytes for, and
 * the time for all that is asked of the journal is set when it is read.
 */
#include "journal/segment.h"

#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/json_load.h"
#include "engine/os.h"

#include "engine/banned.h"

#define STEPS_BETWEEN_LOOKS 10000 /* of SQLite's machine, at the clock */
#define LINES_BETWEEN_LOOKS 1000
#define IMPORT_MS 30000

struct import {
	struct sbk_journal *journal;
	const char *title;
	uint64_t lines, entries, wanted;
	bool cut;	      /* what stands for the first entries comes next */
	struct sbk_buf bytes; /* of a state */
};

static int is_over(void *arg)
{
	const struct sbk_journal *journal = arg;

	return sbk_os_now_ms() > journal->until_ms;
}

static int wrong(const struct import *in, struct sbk_error *err)
{
	return sbk_error_set(err, SBK_E_CORRUPT,
			     "%s: line %llu of what was handed over makes no "
			     "sense",
			     in->title, (unsigned long long)in->lines);
}

/* {"export":"sandbook journal","format":2,...,"size":5,"root":"..."} */
static int read_head(struct import *in, const json_t *line,
		     struct sbk_error *err)
{
	const json_t *size = json_object_get(line, "size");
	const json_t *first = json_object_get(line, "first");

	if (in->lines != 1 || !json_is_integer(size) ||
	    json_integer_value(size) < 1)
		return wrong(in, err);
	in->wanted = (uint64_t)json_integer_value(size);
	if (first == NULL)
		return 0;
	if (!json_is_integer(first) || json_integer_value(first) < 1)
		return wrong(in, err);
	in->entries = (uint64_t)json_integer_value(first);
	in->cut = true;
	return 0;
}

/* {"drop":9,"text":"{\"op\":\"drop\",...}"}: how the first were dropped. */
static int read_drop(struct import *in, const json_t *line,
		     struct sbk_error *err)
{
	const json_t *entry = json_object_get(line, "drop");
	const char *text = json_string_value(json_object_get(line, "text"));
	struct sbk_segment_base *base;
	int rc;

	if (!in->cut || !json_is_integer(entry) || text == NULL)
		return wrong(in, err);
	base = malloc(sizeof(*base));
	if (base == NULL)
		return sbk_error_no_memory(err);
	rc = sbk_segment_base_parse((uint64_t)json_integer_value(entry), text,
				    strlen(text), base, err);
	if (rc == 0 && base->entries != in->entries)
		rc = wrong(in, err);
	if (rc == 0)
		rc = sbk_segment_seed(&in->journal->db, base, err);
	in->cut = false;
	free(base);
	return rc;
}

static int fill_state(struct import *in, const unsigned char *hash,
		      struct sbk_error *err)
{
	sqlite3_stmt *row;
	int rc = sbk_db_statement(&in->journal->db, SBK_SQL_FILL_STATE, &row,
				  err);

	if (rc < 0)
		return rc;
	(void)sqlite3_bind_blob(row, 1, hash, SBK_STATE_HASH_BYTES,
				SQLITE_STATIC);
	(void)sqlite3_bind_blob64(row, 2, sbk_buf_text(&in->bytes),
				  in->bytes.size, SQLITE_STATIC);
	return sbk_db_run(&in->journal->db, row, err);
}

/* {"state":"<hash>","bytes_hex":"..."}, or sealed, which stays so. */
static int read_state(struct import *in, const json_t *line,
		      struct sbk_error *err)
{
	const char *name = json_string_value(json_object_get(line, "state"));
	const char *hex = json_string_value(json_object_get(line, "bytes_hex"));
	unsigned char hash[SBK_STATE_HASH_BYTES], real[sizeof(hash)];
	size_t size;

	if (name == NULL || !sbk_hex_decode(name, hash, sizeof(hash)))
		return wrong(in, err);
	if (hex == NULL)
		return 0;
	size = strlen(hex) / 2;
	if (size > SBK_STATE_BYTES_MAX)
		return wrong(in, err);
	sbk_buf_clear(&in->bytes);
	sbk_buf_add(&in->bytes, hex, size); /* room for the bytes */
	if (sbk_buf_failed(&in->bytes, err) < 0)
		return SBK_E_NOMEM;
	if (size > 0 && !sbk_hex_decode(hex, in->bytes.data, size))
		return wrong(in, err);
	(void)crypto_hash_sha256(
		real, (const unsigned char *)sbk_buf_text(&in->bytes),
		size); /* cannot fail */
	return memcmp(real, hash, sizeof(hash)) == 0 ? fill_state(in, hash, err)
						     : wrong(in, err);
}

/* {"checkpoint":"..."}: what was signed is not believed here. The witness has
 * an errand of its own for it (witness_answer.c). */
static int pass_checkpoint(struct import *in, const json_t *line,
			   struct sbk_error *err)
{
	return in->entries == in->wanted && json_is_string(json_object_get(
						    line, "checkpoint"))
		       ? 0
		       : wrong(in, err);
}

static int read_entry(struct import *in, const char *text, size_t size,
		      struct sbk_error *err)
{
	if (in->wanted == 0 || in->cut || in->entries >= in->wanted)
		return wrong(in, err);
	return sbk_replay(&in->journal->db, in->entries++, text, size,
			  SBK_REPLAY_ALL, err);
}

/* All other lines are entries. */
static const struct {
	const char *begin;
	int (*read)(struct import *in, const json_t *line,
		    struct sbk_error *err);
} lines_around[] = {
	{"{\"export\":", read_head},
	{"{\"drop\":", read_drop},
	{"{\"state\":", read_state},
	{"{\"checkpoint\":", pass_checkpoint},
};

static int read_line(struct import *in, const char *text, size_t size,
		     struct sbk_error *err)
{
	json_error_t why;
	json_t *line;
	size_t i;
	int rc;

	in->lines++;
	for (i = 0; i < sizeof(lines_around) / sizeof(lines_around[0]); i++)
		if (strncmp(text, lines_around[i].begin,
			    strlen(lines_around[i].begin)) == 0)
			break;
	if (i == sizeof(lines_around) / sizeof(lines_around[0]))
		return read_entry(in, text, size, err);
	line = sbk_json_load(text, size, JSON_REJECT_DUPLICATES, &why);
	if (line == NULL)
		return wrong(in, err);
	rc = lines_around[i].read(in, line, err);
	json_decref(line);
	return rc;
}

static int read_lines(struct import *in, const char *text, size_t size,
		      struct sbk_error *err)
{
	const char *end = text + size, *stop;
	int rc = 0;

	/* The text ends with a NUL byte behind `end`, as every buffer does. */
	for (; rc == 0 && text < end; text = stop + 1) {
		stop = memchr(text, '\n', (size_t)(end - text));
		if (stop == NULL)
			return sbk_error_set(err, SBK_E_CORRUPT,
					     "%s was handed over in part",
					     in->title);
		rc = read_line(in, text, (size_t)(stop - text), err);
		if (rc == 0 && in->lines % LINES_BETWEEN_LOOKS == 0 &&
		    is_over(in->journal))
			rc = sbk_error_set(err, SBK_E_LIMIT,
					   "%s is too long to be read by "
					   "anybody else",
					   in->title);
	}
	if (rc == 0 && (in->wanted == 0 || in->entries != in->wanted))
		rc = sbk_error_set(err, SBK_E_CORRUPT,
				   "%s was handed over in part", in->title);
	return rc;
}

static int make_journal(struct sbk_journal *journal, const char *title,
			struct sbk_error *err)
{
	struct sbk_db *db = &journal->db;
	int rc = sbk_db_open(db, ":memory:", SBK_DB_MEMORY, err);

	if (rc < 0)
		return rc;
	(void)snprintf(db->path, sizeof(db->path), "%s", title);
	rc = sbk_schema_make(db, sbk_journal_schema, err);
	if (rc == 0)
		rc = sbk_db_exec(db, "BEGIN", err);
	sqlite3_progress_handler(db->handle, STEPS_BETWEEN_LOOKS, is_over,
				 journal);
	return rc;
}

int sbk_journal_import(const char *text, size_t size, const char *title,
		       uint32_t owner, struct sbk_journal **out,
		       struct sbk_error *err)
{
	struct import in = {.title = title, .bytes = SBK_BUF_INIT};
	int rc;

	if (sodium_init() < 0)
		return sbk_error_set(err, SBK_E_UNSUPPORTED,
				     "libsodium cannot get random numbers");
	in.journal = calloc(1, sizeof(*in.journal));
	if (in.journal == NULL)
		return sbk_error_no_memory(err);
	in.journal->book = SBK_BOOK_USER;
	in.journal->foreign = true;
	in.journal->owner = owner;
	in.journal->trusted = true; /* its owner said what he had to say */
	in.journal->until_ms = sbk_os_now_ms() + IMPORT_MS;
	rc = make_journal(in.journal, title, err);
	if (rc == 0)
		rc = read_lines(&in, text, size, err);
	if (rc == 0)
		rc = sbk_db_exec(&in.journal->db, "COMMIT", err);
	sbk_buf_release(&in.bytes);
	if (rc < 0) {
		sbk_journal_close(in.journal);
		return rc;
	}
	*out = in.journal;
	return 0;
}
