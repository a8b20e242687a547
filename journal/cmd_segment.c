/*
 * sandbook journal export, drop, and --segment of the commands that read: the
 * log as text, its oldest entries as a file, and what is done with that.
 */
#include "journal/cmd.h"
#include "journal/segment.h"
#include "journal/witness.h"

#include <stdlib.h>
#include <string.h>

#include "engine/os.h"
#include "engine/os_admin.h"

#include "engine/banned.h"

#define LOCK_WAIT_MS 10000

const struct sbk_option sbk_journal_export_options[] = {
	{.name = "to",
	 .argument = "FILE",
	 .help = "the oldest entries, as a segment, to this new file",
	 .offset = offsetof(struct sbk_choice, to),
	 .type = SBK_OPTION_TEXT},
	{.name = "through",
	 .argument = "N",
	 .help = "with --to: none after entry N",
	 .offset = offsetof(struct sbk_choice, through),
	 .type = SBK_OPTION_NUMBER},
	SBK_CHOICE_MACHINE_OPTION,
	SBK_CHOICE_JSON_OPTION,
	{.name = SBK_FETCH_OPTION,
	 .offset = offsetof(struct sbk_choice, errand),
	 .type = SBK_OPTION_FLAG},
	{.name = NULL},
};

/* --- files ---------------------------------------------------------------- */

int sbk_segments_read(const struct sbk_list *paths, struct sbk_segments *out,
		      struct sbk_error *err)
{
	size_t i;
	int rc = 0;

	memset(out, 0, sizeof(*out));
	if (paths->count > SBK_SEGMENTS_MAX)
		return sbk_error_set(err, SBK_E_INVAL,
				     "--segment is given more than %d times",
				     SBK_SEGMENTS_MAX);
	for (i = 0; rc == 0 && i < paths->count; i++) {
		rc = sbk_os_read_file(paths->items[i], SBK_SEGMENT_BYTES_MAX,
				      &out->texts[i], err);
		out->count = i + 1;
	}
	return rc;
}

int sbk_segments_leaves(const struct sbk_segments *segments,
			struct sbk_segment_leaves *out, struct sbk_error *err)
{
	struct sbk_segment_file file;
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < segments->count; i++) {
		rc = sbk_segment_file_parse(&segments->texts[i], &file, err);
		if (rc == 0)
			rc = sbk_segment_leaves_add(out, &file, err);
		sbk_segment_file_release(&file);
	}
	return rc;
}

void sbk_segments_release(struct sbk_segments *segments)
{
	size_t i;

	for (i = 0; i < segments->count; i++)
		sbk_buf_release(&segments->texts[i]);
}

/* --- export --to ---------------------------------------------------------- */

static int gather(void *arg, const struct sbk_buf *chunk, struct sbk_error *err)
{
	struct sbk_buf *out = arg;

	if (chunk->size > SBK_SEGMENT_BYTES_MAX - out->size)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "the segment would have more than %zu "
				     "bytes: say --through a smaller number",
				     SBK_SEGMENT_BYTES_MAX);
	sbk_buf_add(out, chunk->data, chunk->size);
	return sbk_buf_failed(out, err);
}

static int none_ends(const struct sbk_journal *journal, const char *why,
		     struct sbk_error *err)
{
	return sbk_error_set(err, SBK_E_NOTFOUND,
			     "nothing of journal '%.200s' can be dropped%s%s",
			     journal->db.path,
			     why[0] != '\0' ? ": "
					    : ": no checkpoint covers entries "
					      "that could",
			     why);
}

static void print_segment(const struct sbk_journal *journal, uint64_t end,
			  const char *path, const char *why,
			  struct sbk_buf *out)
{
	sbk_buf_printf(out, "entries %llu to %llu are in '",
		       (unsigned long long)journal->cut,
		       (unsigned long long)end - 1);
	sbk_text_escape(out, path);
	sbk_buf_adds(out, "'; to drop them from the journal:\n"
			  "  sandbook journal drop --exported ");
	sbk_text_quote(out, path);
	sbk_buf_addc(out, '\n');
	if (why[0] != '\0') {
		sbk_text_escape(out, why);
		sbk_buf_addc(out, '\n');
	}
}

/* Durable and complete the moment it is there, and never over another one. */
static int write_file(struct sbk_new_file *file, const struct sbk_buf *text,
		      struct sbk_error *err)
{
	struct sbk_person person;
	int rc = sbk_os_invoking_person(&person, err);

	return rc < 0 ? rc
		      : sbk_os_new_file_make(file, sbk_buf_text(text),
					     text->size, &person, true, err);
}

int sbk_segment_export(struct sbk_journal *journal, const char *path,
		       uint64_t most, struct sbk_buf *out,
		       struct sbk_error *err)
{
	char why[SBK_SEGMENT_WHY_MAX];
	struct sbk_new_file *file = NULL;
	struct sbk_buf text = SBK_BUF_INIT;
	uint64_t end = 0;
	int rc = sbk_journal_check(journal, err);

	if (rc == 0)
		rc = sbk_os_new_file_prepare(path, &file, err);
	if (rc == 0)
		rc = sbk_log_snapshot(journal, err);
	if (rc == 0) {
		rc = sbk_segment_end(journal, most, &end, why, err);
		if (rc == 0)
			rc = none_ends(journal, why, err);
		else if (rc == 1)
			rc = sbk_segment_print(journal, end, gather, &text,
					       err);
		sbk_db_abandon(&journal->db); /* only read */
	}
	if (rc == 0)
		rc = write_file(file, &text, err);
	if (rc == 0)
		print_segment(journal, end, sbk_os_new_file_path(file), why,
			      out);
	sbk_os_new_file_free(file);
	sbk_buf_release(&text);
	return rc;
}

/* --- export ------------------------------------------------------------- */

static int export_print(void *arg, const struct sbk_buf *chunk,
			struct sbk_error *err)
{
	struct sbk_cli *cli = arg;

	if (fwrite(sbk_buf_text(chunk), 1, chunk->size, cli->out) !=
		    chunk->size ||
	    fflush(cli->out) != 0)
		return sbk_error_set(err, SBK_E_IO,
				     "standard output cannot be written");
	return 0;
}

/* Of an altered journal, too: it is what shows the alteration to others. */
static int export_evidence(struct sbk_cli *cli, struct sbk_journal *journal,
			   struct sbk_error *err)
{
	int rc, altered = sbk_journal_check_small(journal, err);

	if (altered < 0 && altered != SBK_E_CORRUPT)
		return altered;
	if (altered < 0)
		sbk_journal_trust(journal);
	rc = sbk_journal_export(journal, export_print, cli,
				altered < 0 ? NULL : err);
	return altered < 0 ? altered : rc;
}

/* One of the two forms. */
static int check_form(const struct sbk_choice *choice, struct sbk_error *err)
{
	if (choice->json && choice->to != NULL)
		return sbk_error_set(err, SBK_E_INVAL,
				     "--json prints all of it, --to writes the "
				     "oldest entries: one of them");
	if (!choice->json && choice->to == NULL)
		return sbk_error_set(err, SBK_E_INVAL,
				     "say what: --json, or --to FILE");
	if (choice->to == NULL && choice->through != UINT64_MAX)
		return sbk_error_set(err, SBK_E_INVAL,
				     "--through belongs to --to");
	return 0;
}

static int export_segment(struct sbk_cli *cli, struct sbk_journal *journal,
			  const struct sbk_choice *choice,
			  struct sbk_error *err)
{
	struct sbk_buf out = SBK_BUF_INIT;
	const uint64_t most = choice->through == UINT64_MAX
				      ? UINT64_MAX
				      : choice->through + 1;
	int rc = sbk_segment_export(journal, choice->to, most, &out, err);

	/* What could not be printed is reported by the exit code. */
	if (rc == 0 && sbk_cli_print(cli, &out) != SBK_EXIT_OK)
		rc = sbk_error_set(err, SBK_E_IO,
				   "standard output cannot be written");
	sbk_buf_release(&out);
	return rc;
}

int sbk_cmd_journal_export(struct sbk_cli *cli, int argc, char **argv)
{
	struct sbk_choice choice = {.through = UINT64_MAX};
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_journal *journal = NULL;
	struct sbk_journal_place place;
	int operands = 0;
	int rc = sbk_cli_parse(cli, argc, argv, &choice, &operands, &err);

	if (rc == 0 && choice.errand)
		return sbk_cmd_journal_errand();
	if (rc == 0)
		rc = check_form(&choice, &err);
	if (rc == 0)
		rc = sbk_choice_place(&choice, &place, &err);
	if (rc == 0)
		rc = sbk_journal_open(&place, SBK_JOURNAL_READ, &journal, &err);
	if (rc == 0)
		rc = operands < argc
			     ? sbk_error_set(&err, SBK_E_INVAL,
					     "'%s' is one word too many; see "
					     "--help",
					     argv[operands])
			     : 0;
	if (rc == 0 && choice.to != NULL)
		rc = export_segment(cli, journal, &choice, &err);
	else if (rc == 0)
		rc = export_evidence(cli, journal, &err);
	sbk_journal_close(journal);
	return rc < 0 ? sbk_cli_fail(cli, &err) : SBK_EXIT_OK;
}

/* --- drop ----------------------------------------------------------------- */

struct drop_choice {
	const char *exported;
};

const struct sbk_option sbk_journal_drop_options[] = {
	{.name = "exported",
	 .argument = "FILE",
	 .help = "what 'journal export --to' wrote, and is kept elsewhere",
	 .offset = offsetof(struct drop_choice, exported),
	 .type = SBK_OPTION_TEXT},
	{.name = NULL},
};

/* How many entries the machine's log has seen; 0: none that can be told. */
static int read_witnessed(const struct sbk_journal_place *place,
			  struct sbk_journal *journal, uint64_t *out,
			  struct sbk_error *err)
{
	struct sbk_buf bytes = SBK_BUF_INIT, ignored = SBK_BUF_INIT;
	struct sbk_checkpoint head;
	struct sbk_note note;
	int rc = sbk_witness_look_up(journal, place, &bytes, &ignored, err);

	*out = 0;
	if (rc == 0 && bytes.size > 0) {
		rc = sbk_note_parse(bytes.data, bytes.size, &note, err);
		if (rc == 0)
			rc = sbk_checkpoint_parse(&note, &head, err);
		if (rc == 0)
			*out = head.size;
	}
	sbk_buf_release(&bytes);
	sbk_buf_release(&ignored);
	return rc;
}

static void print_report(const struct sbk_segment_report *report,
			 struct sbk_buf *out)
{
	sbk_buf_printf(out, "entries %llu to %llu %s dropped\n",
		       (unsigned long long)report->first,
		       (unsigned long long)report->end - 1,
		       report->before ? "were already" : "are");
	sbk_buf_printf(out, "the journal's file: %llu bytes, before %llu\n",
		       (unsigned long long)report->bytes_after,
		       (unsigned long long)report->bytes_before);
	if (report->room[0] != '\0')
		sbk_buf_printf(out,
			       "it did not get smaller: %s; the same command "
			       "tries that again\n",
			       report->room);
}

static int drop(const struct drop_choice *choice, struct sbk_journal **out,
		struct sbk_segment_report *report, struct sbk_error *err)
{
	const struct sbk_choice own = {.machine = false};
	struct sbk_buf text = SBK_BUF_INIT;
	struct sbk_journal_place place;
	uint64_t witnessed = 0;
	int rc = sbk_choice_place(&own, &place, err);

	if (rc == 0)
		rc = sbk_os_read_file(choice->exported, SBK_SEGMENT_BYTES_MAX,
				      &text, err);
	if (rc == 0)
		rc = sbk_journal_open(&place, SBK_JOURNAL_WRITE, out, err);
	if (rc == 0)
		rc = sbk_journal_lock(*out, LOCK_WAIT_MS, err);
	if (rc == 0)
		rc = read_witnessed(&place, *out, &witnessed, err);
	if (rc == 0)
		rc = sbk_segment_drop(*out, &text, witnessed, report, err);
	sbk_buf_release(&text);
	return rc;
}

int sbk_cmd_journal_drop(struct sbk_cli *cli, int argc, char **argv)
{
	struct drop_choice choice = {.exported = NULL};
	struct sbk_segment_report report;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_journal *journal = NULL;
	struct sbk_buf out = SBK_BUF_INIT;
	int operands = 0;
	int rc = sbk_cli_parse(cli, argc, argv, &choice, &operands, &err);

	if (rc == 0 && operands < argc)
		rc = sbk_error_set(&err, SBK_E_INVAL,
				   "'%s' is one word too many; see --help",
				   argv[operands]);
	if (rc == 0 && choice.exported == NULL)
		rc = sbk_error_set(&err, SBK_E_INVAL,
				   "name the file of what is dropped: "
				   "--exported FILE ('journal export --to' "
				   "writes it)");
	if (rc == 0)
		rc = drop(&choice, &journal, &report, &err);
	if (rc == 0) {
		print_report(&report, &out);
		if (!report.before)
			sbk_cli_tell_anchor(cli, SBK_BOOK_USER);
	}
	rc = rc < 0 ? sbk_cli_fail(cli, &err) : sbk_cli_print(cli, &out);
	sbk_buf_release(&out);
	sbk_journal_close(journal);
	return rc;
}
