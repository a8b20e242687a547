/*
 * sandbook journal key, checkpoint: what the log is signed with, and what it
 * signed last. They only read, so that they work beside a transaction, and on
 * the copy of the machine's journal that everyone may read.
 */
#include "journal/cmd.h"
#include "journal/signing.h"

#include <string.h>

#include "engine/os.h"
#include "engine/os_admin.h"

#include "engine/banned.h"

struct log_choice {
	struct sbk_choice choice;
	const char *to;
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
	MACHINE_OPTION,
	{.name = NULL},
};

const struct sbk_option sbk_journal_checkpoint_options[] = {
	{.name = "to",
	 .argument = "FILE",
	 .help = "write it to this new file; - is standard output",
	 .offset = offsetof(struct log_choice, to),
	 .type = SBK_OPTION_TEXT},
	MACHINE_OPTION,
	{.name = NULL},
};

/* Parses, and opens what was chosen for reading. */
static int open_chosen(struct sbk_cli *cli, int argc, char **argv,
		       struct log_choice *choice, struct sbk_journal **out,
		       struct sbk_error *err)
{
	struct sbk_journal_place place;
	int operands = 0;
	int rc = sbk_cli_parse(cli, argc, argv, choice, &operands, err);

	if (rc == 0 && operands < argc)
		rc = sbk_error_set(err, SBK_E_INVAL,
				   "'%s' is one word too many; see --help",
				   argv[operands]);
	if (rc == 0)
		rc = sbk_choice_place(&choice->choice, &place, err);
	if (rc == 0)
		rc = sbk_journal_open(&place, SBK_JOURNAL_READ, out, err);
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
	int rc = open_chosen(cli, argc, argv, &choice, &journal, &err);

	if (rc == 0)
		rc = sbk_key_named(journal, &key, &err);
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

int sbk_cmd_journal_checkpoint(struct sbk_cli *cli, int argc, char **argv)
{
	struct log_choice choice = {.to = NULL};
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_journal *journal = NULL;
	struct sbk_buf out = SBK_BUF_INIT;
	int rc = open_chosen(cli, argc, argv, &choice, &journal, &err);

	if (rc == 0)
		rc = sbk_checkpoint_read(journal, 0, &out, &err);
	if (rc == 0 && choice.to != NULL && strcmp(choice.to, "-") != 0)
		rc = write_file(choice.to, &out, &err);
	return finish(cli, rc, &out, journal, &err);
}
