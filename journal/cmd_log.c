/*
 * sandbook journal key, checkpoint, proof, consistency: what the log is signed
 * with, what it signed last, and what that proves. But for --rotate they only
 * read, so that they work beside a transaction, and on the copy of the
 * machine's journal that everyone may read.
 */
#include "journal/cmd.h"
#include "journal/proof.h"
#include "journal/segment.h"
#include "journal/signing.h"

#include <stdlib.h>
#include <string.h>

#include "engine/os.h"
#include "engine/os_admin.h"

#include "engine/banned.h"

struct log_choice {
	struct sbk_choice choice;
	const char *to;
	struct sbk_list segments; /* of what was dropped */
	bool rotate, replace;
};

#define MACHINE_OPTION                                          \
	{                                                       \
		.name = "machine",                              \
		.help = "the machine's journal, not your own",  \
		.offset = offsetof(struct log_choice, choice) + \
			  offsetof(struct sbk_choice, machine), \
		.type = SBK_OPTION_FLAG                         \
	}

const struct sbk_option sbk_journal_key_options[] = {
	{.name = "rotate",
	 .help = "hand the log over to a new key, which the old one signs",
	 .offset = offsetof(struct log_choice, rotate),
	 .type = SBK_OPTION_FLAG},
	{.name = "replace",
	 .help = "begin a new key where the old one is lost",
	 .offset = offsetof(struct log_choice, replace),
	 .type = SBK_OPTION_FLAG},
	MACHINE_OPTION,
	{.name = NULL},
};

const struct sbk_option sbk_journal_checkpoint_options[] = {
	{.name = "to",
	 .argument = "FILE|-|syslog",
	 .help = "to this new file, standard output, or the system log",
	 .offset = offsetof(struct log_choice, to),
	 .type = SBK_OPTION_TEXT},
	MACHINE_OPTION,
	{.name = NULL},
};

const struct sbk_option sbk_journal_proof_options[] = {
	{.name = "to",
	 .argument = "FILE",
	 .help = "write it to this new file; - is standard output",
	 .offset = offsetof(struct log_choice, to),
	 .type = SBK_OPTION_TEXT},
	{.name = "segment",
	 .argument = "FILE",
	 .help = "entries that were dropped, from the oldest on (repeatable)",
	 .offset = offsetof(struct log_choice, segments),
	 .type = SBK_OPTION_LIST},
	MACHINE_OPTION,
	{.name = NULL},
};

static int parse_number(const char *text, uint64_t *out, struct sbk_error *err)
{
	const size_t digits = strspn(text, "0123456789");

	if (digits == 0 || digits > 18 || text[digits] != '\0')
		return sbk_error_set(err, SBK_E_INVAL,
				     "'%s' is no number of entries", text);
	*out = strtoull(text, NULL, 10);
	return 0;
}

/* Parses, with `count` numbers as operands, and opens what was chosen. */
static int open_chosen(struct sbk_cli *cli, int argc, char **argv,
		       struct log_choice *choice, uint64_t *numbers, int count,
		       struct sbk_journal **out, struct sbk_error *err)
{
	struct sbk_journal_place place;
	int operands = 0, i;
	int rc = sbk_cli_parse(cli, argc, argv, choice, &operands, err);

	if (rc == 0 && argc - operands > count)
		rc = sbk_error_set(err, SBK_E_INVAL,
				   "'%s' is one word too many; see --help",
				   argv[operands + count]);
	if (rc == 0 && argc - operands < count)
		rc = sbk_error_set(err, SBK_E_INVAL, "say %s; see --help",
				   count == 1 ? "which entry"
					      : "two numbers of entries");
	for (i = 0; rc == 0 && i < count; i++)
		rc = parse_number(argv[operands + i], &numbers[i], err);
	if (rc == 0)
		rc = sbk_choice_place(&choice->choice, &place, err);
	if (rc == 0)
		rc = sbk_journal_open(&place,
				      choice->rotate || choice->replace
					      ? SBK_JOURNAL_WRITE
					      : SBK_JOURNAL_READ,
				      out, err);
	return rc;
}

static int finish(struct sbk_cli *cli, int rc, struct sbk_buf *out,
		  struct sbk_journal *journal, const struct sbk_error *err)
{
	rc = rc < 0 ? sbk_cli_fail(cli, err) : sbk_cli_print(cli, out);
	sbk_buf_release(out);
	sbk_journal_close(journal);
	return rc;
}

int sbk_cmd_journal_key(struct sbk_cli *cli, int argc, char **argv)
{
	struct log_choice choice = {.to = NULL};
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_journal *journal = NULL;
	struct sbk_buf out = SBK_BUF_INIT;
	struct sbk_note_key key;
	int rc = open_chosen(cli, argc, argv, &choice, NULL, 0, &journal, &err);

	if (rc == 0 && choice.rotate && choice.replace)
		rc = sbk_error_set(&err, SBK_E_INVAL,
				   "--rotate or --replace, not both");
	if (rc == 0 && (choice.rotate || choice.replace))
		rc = sbk_journal_lock(journal, SBK_JOURNAL_LOCK_WAIT_MS, &err);
	if (rc == 0 && choice.rotate)
		rc = sbk_key_rotate(journal, &err);
	else if (rc == 0 && choice.replace)
		rc = sbk_key_replace(journal, &err);
	if (rc == 0)
		rc = sbk_key_named(journal, &key, &err);
	if (rc == 0 && (choice.rotate || choice.replace))
		sbk_cli_tell_anchor(cli, journal->book);
	if (rc == 0) {
		sbk_buf_printf(&out, "origin %s\nkey    ", key.name);
		sbk_note_key_print(&key, &out);
		sbk_buf_addc(&out, '\n');
		rc = sbk_buf_failed(&out, &err);
	}
	return finish(cli, rc, &out, journal, &err);
}

/* To a new file: an anchor is never written over by another one. */
static int write_file(const char *path, struct sbk_buf *note,
		      struct sbk_error *err)
{
	struct sbk_new_file *file = NULL;
	struct sbk_person person;
	int rc = sbk_os_invoking_person(&person, err);

	if (rc == 0)
		rc = sbk_os_new_file_prepare(path, &file, err);
	if (rc == 0)
		rc = sbk_os_new_file_make(file, note->data, note->size, &person,
					  false, err);
	sbk_os_new_file_free(file);
	sbk_buf_clear(note);
	return rc;
}

/* Where --to says, or to standard output. */
static int deliver(struct sbk_cli *cli, int rc, const struct log_choice *choice,
		   struct sbk_buf *out, struct sbk_journal *journal,
		   struct sbk_error *err)
{
	if (rc == 0 && choice->to != NULL && strcmp(choice->to, "-") != 0)
		rc = write_file(choice->to, out, err);
	return finish(cli, rc, out, journal, err);
}

/* As one line, which base64 -d makes the checkpoint again. */
static int write_line(struct sbk_buf *note, struct sbk_error *err)
{
	struct sbk_buf line = SBK_BUF_INIT;
	int rc;

	sbk_buf_adds(&line, "checkpoint ");
	sbk_base64_add(&line, note->data, note->size);
	rc = sbk_buf_failed(&line, err);
	if (rc == 0)
		rc = sbk_os_log_line(sbk_buf_text(&line), err);
	sbk_buf_release(&line);
	sbk_buf_clear(note);
	return rc;
}

int sbk_cmd_journal_checkpoint(struct sbk_cli *cli, int argc, char **argv)
{
	struct log_choice choice = {.to = NULL};
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_journal *journal = NULL;
	struct sbk_buf out = SBK_BUF_INIT;
	int rc = open_chosen(cli, argc, argv, &choice, NULL, 0, &journal, &err);

	if (rc == 0)
		rc = sbk_checkpoint_read(journal, 0, &out, &err);
	if (rc == 0 && choice.to != NULL && strcmp(choice.to, "syslog") == 0) {
		rc = write_line(&out, &err);
		return finish(cli, rc, &out, journal, &err);
	}
	return deliver(cli, rc, &choice, &out, journal, &err);
}

/* --- proofs -------------------------------------------------------------- */

/* Of `size` entries, or the newest: its note and what it says. */
static int read_checkpoint(struct sbk_journal *journal, uint64_t size,
			   struct sbk_buf *bytes,
			   struct sbk_checkpoint *checkpoint,
			   struct sbk_error *err)
{
	struct sbk_note note;
	int rc = sbk_checkpoint_read(journal, size, bytes, err);

	if (rc < 0)
		return rc;
	rc = sbk_note_parse(sbk_buf_text(bytes), bytes->size, &note, err);
	if (rc == 0)
		rc = sbk_checkpoint_parse(&note, checkpoint, err);
	return rc < 0 ? sbk_error_set(err, SBK_E_CORRUPT,
				      "a checkpoint of journal '%s' is none; "
				      "see 'sandbook journal verify'",
				      journal->db.path)
		      : 0;
}

/* The hashes, an empty line, the checkpoint: how both kinds end. */
static void print_proof(const struct sbk_proof *proof,
			const struct sbk_buf *note, struct sbk_buf *out)
{
	size_t i;

	for (i = 0; i < proof->count; i++) {
		sbk_base64_add(out, proof->hashes[i], SBK_TREE_HASH_BYTES);
		sbk_buf_addc(out, '\n');
	}
	sbk_buf_addc(out, '\n');
	sbk_buf_add(out, note->data, note->size);
}

static int prove_entry(struct sbk_journal *journal, uint64_t n,
		       struct sbk_buf *out, struct sbk_error *err)
{
	struct sbk_checkpoint newest = {.size = 0};
	struct sbk_buf note = SBK_BUF_INIT;
	struct sbk_proof proof;
	int rc = read_checkpoint(journal, 0, &note, &newest, err);

	if (rc == 0 && n >= newest.size)
		rc = sbk_error_set(err, SBK_E_NOTFOUND,
				   "the newest checkpoint covers %llu entries, "
				   "from 0 on: entry %llu is not covered yet, "
				   "or there is none",
				   (unsigned long long)newest.size,
				   (unsigned long long)n);
	if (rc == 0)
		rc = sbk_proof_of_entry(journal, n, &newest, &proof, err);
	if (rc == 0) {
		sbk_buf_printf(out, "c2sp.org/tlog-proof@v1\nindex %llu\n",
			       (unsigned long long)n);
		print_proof(&proof, &note, out);
		rc = sbk_buf_failed(out, err);
	}
	sbk_buf_release(&note);
	return rc;
}

static int prove_growth(struct sbk_journal *journal, uint64_t a, uint64_t b,
			struct sbk_buf *out, struct sbk_error *err)
{
	struct sbk_checkpoint larger = {.size = 0};
	struct sbk_buf note = SBK_BUF_INIT;
	struct sbk_proof proof;
	int rc;

	if (a > b || b == 0)
		return sbk_error_set(err, SBK_E_INVAL,
				     "first the smaller number of entries, "
				     "then the larger");
	rc = read_checkpoint(journal, b, &note, &larger, err);
	if (rc == 0)
		rc = sbk_proof_of_growth(journal, a, &larger, &proof, err);
	if (rc == 0) {
		sbk_buf_printf(out, "old %llu\n", (unsigned long long)a);
		print_proof(&proof, &note, out);
		rc = sbk_buf_failed(out, err);
	}
	sbk_buf_release(&note);
	return rc;
}

/* Runs `count` 1: a proof of an entry, 2: of growth. */
static int prove(struct sbk_cli *cli, int argc, char **argv, int count)
{
	struct log_choice choice = {.to = NULL};
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_journal *journal = NULL;
	struct sbk_buf out = SBK_BUF_INIT;
	struct sbk_segments *segments = calloc(1, sizeof(*segments));
	struct sbk_segment_leaves leaves = {.count = 0};
	uint64_t numbers[2] = {0, 0};
	int rc = open_chosen(cli, argc, argv, &choice, numbers, count, &journal,
			     &err);

	if (rc == 0 && segments == NULL)
		rc = sbk_error_no_memory(&err);
	if (rc == 0)
		rc = sbk_segments_read(&choice.segments, segments, &err);
	if (rc == 0)
		rc = sbk_segments_leaves(segments, &leaves, &err);
	if (rc == 0)
		journal->leaves = &leaves;
	/* One snapshot, while others go on writing. */
	if (rc == 0)
		rc = sbk_db_exec(&journal->db, "BEGIN", &err);
	if (rc == 0) {
		rc = count == 1 ? prove_entry(journal, numbers[0], &out, &err)
				: prove_growth(journal, numbers[0], numbers[1],
					       &out, &err);
		sbk_db_abandon(&journal->db); /* only read */
		journal->leaves = NULL;
	}
	sbk_segment_leaves_release(&leaves);
	if (segments != NULL)
		sbk_segments_release(segments);
	free(segments);
	sbk_list_release(&choice.segments);
	return deliver(cli, rc, &choice, &out, journal, &err);
}

int sbk_cmd_journal_proof(struct sbk_cli *cli, int argc, char **argv)
{
	return prove(cli, argc, argv, 1);
}

int sbk_cmd_journal_consistency(struct sbk_cli *cli, int argc, char **argv)
{
	return prove(cli, argc, argv, 2);
}
