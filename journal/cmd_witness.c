/*
 * sandbook journal witness: root looks at the logs of everybody who is
 * enrolled, or takes note of what was found. And the errand that is sent to
 * each of them, which no help names.
 */
#include "journal/cmd.h"
#include "journal/witness.h"

#include <stdlib.h>
#include <string.h>

#include "engine/os.h"
#include "engine/os_admin.h"
#include "journal/signing.h"

#include "engine/banned.h"

#define LOCK_WAIT_MS 10000
#define END_BYTES_MAX ((size_t)1 << 20)

struct errand_words {
	uint64_t since;
	const char *key;
};

static const struct sbk_option errand_options[] = {
	{.name = "since",
	 .argument = "N",
	 .offset = offsetof(struct errand_words, since),
	 .type = SBK_OPTION_NUMBER},
	{.name = "key",
	 .argument = "KEY",
	 .offset = offsetof(struct errand_words, key),
	 .type = SBK_OPTION_TEXT},
	{.name = NULL},
};

static int run_errand(struct sbk_cli *cli, int argc, char **argv)
{
	struct sbk_witness_answer *answer = calloc(1, sizeof(*answer));
	struct errand_words words = {.since = 0};
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_journal_place place;
	struct sbk_person person;
	int operands = 0;
	int rc = sbk_cli_parse(cli, argc, argv, &words, &operands, &err);

	if (rc == 0 && answer == NULL)
		rc = sbk_error_no_memory(&err);
	if (rc == 0)
		rc = sbk_os_caller(&person, &err);
	if (rc == 0)
		rc = sbk_journal_place_user(&person, &place, &err);
	if (rc == 0) {
		sbk_witness_answer_make(&place, words.since, words.key, answer);
		rc = sbk_os_errand_answer(answer, sizeof(*answer), &err);
	}
	free(answer);
	return rc < 0 ? SBK_EXIT_FAILED : SBK_EXIT_OK;
}

const struct sbk_command sbk_journal_errands[] = {
	{
		.name = SBK_WITNESS_ERRAND,
		.usage = "",
		.options = errand_options,
		.run = run_errand,
	},
	{.name = NULL},
};

/* --- for verify ---------------------------------------------------------- */

/* About the owner of `place`, or about everybody. */
struct look_up {
	const struct sbk_journal_place *place;
	struct sbk_buf *text;
};

static int tell_state(void *arg, const struct sbk_witness_news *news,
		      struct sbk_error *err)
{
	const struct look_up *l = arg;
	const bool of_all = l->place->book == SBK_BOOK_MACHINE;
	char words[SBK_OWNER_WORDS];

	if (!of_all && (!sbk_owner_equal(&news->person, &l->place->owner) ||
			!news->finding))
		return 0;
	sbk_buf_printf(l->text,
		       news->finding ? "finding of the witness: the log of %s: "
				       "%s, after %s\n"
				     : "witness: the log of %s: %s, %s\n",
		       sbk_owner_words(&news->person, words), news->found,
		       news->text);
	return sbk_buf_failed(l->text, err);
}

/* Whether what was seen is of this log. */
static bool is_of(struct sbk_journal *journal, const struct sbk_witnessed *seen)
{
	struct sbk_note_key key;

	return sbk_key_named(journal, &key, NULL) == 0 &&
	       strcmp(seen->head.origin, key.name) == 0;
}

static int look_up_own(struct sbk_journal *journal,
		       const struct sbk_journal_place *place,
		       struct sbk_buf *note, struct sbk_buf *text)
{
	struct look_up l = {.place = place, .text = text};
	struct sbk_error why = SBK_ERROR_INIT;
	struct sbk_journal_place machine_place;
	struct sbk_journal *machine = NULL;
	struct sbk_witnessed seen;
	uint64_t seconds = 0;
	int rc = sbk_journal_place_machine(&machine_place, &why);

	if (rc == 0)
		rc = sbk_journal_open(&machine_place, SBK_JOURNAL_READ,
				      &machine, &why);
	if (rc == 0)
		rc = sbk_journal_witnessed(machine, tell_state, &l, &why);
	if (rc == 0)
		rc = sbk_journal_witness_note(machine, &place->owner, note,
					      &seconds, &why);
	if (rc == 0)
		rc = sbk_witness_last(machine, &place->owner, &seen, &why);
	if (rc == 0 && seen.ended && !is_of(journal, &seen))
		rc = sbk_error_set(&why, SBK_E_NOTFOUND,
				   "the log that was seen has ended, and this "
				   "is another one");
	if (rc == 0) {
		sbk_buf_adds(text, "the machine's log saw it at ");
		sbk_time_print(text, (int64_t)seconds * 1000);
		sbk_buf_addc(text, '\n');
	} else {
		sbk_buf_clear(note);
		sbk_buf_printf(text, "not witnessed: %s\n", why.message);
	}
	sbk_journal_close(machine);
	return rc == SBK_E_NOMEM ? rc : 0;
}

int sbk_witness_look_up(struct sbk_journal *journal,
			const struct sbk_journal_place *place,
			struct sbk_buf *note, struct sbk_buf *text,
			struct sbk_error *err)
{
	struct look_up l = {.place = place, .text = text};
	struct sbk_error why = SBK_ERROR_INIT;
	int rc;

	if (place->book != SBK_BOOK_MACHINE) {
		rc = look_up_own(journal, place, note, text);
	} else {
		rc = sbk_journal_witnessed(journal, tell_state, &l, &why);
		/* Of a damaged journal `verify` says more. */
		if (rc != SBK_E_NOMEM)
			rc = 0;
	}
	return rc < 0 ? sbk_error_no_memory(err) : sbk_buf_failed(text, err);
}

/* --- the command --------------------------------------------------------- */

struct witness_choice {
	const char *accept, *end;
};

const struct sbk_option sbk_journal_witness_options[] = {
	{.name = "accept",
	 .argument = "USER",
	 .help = "take note of what was found about this person's log",
	 .offset = offsetof(struct witness_choice, accept),
	 .type = SBK_OPTION_TEXT},
	{.name = "end",
	 .argument = "FILE",
	 .help = "with --accept: this shows that the log ended",
	 .offset = offsetof(struct witness_choice, end),
	 .type = SBK_OPTION_TEXT},
	{.name = NULL},
};

struct telling {
	struct sbk_buf out;
	size_t findings;
};

static int tell(void *arg, const struct sbk_witness_news *news,
		struct sbk_error *err)
{
	struct telling *t = arg;

	t->findings += news->finding;
	if (strcmp(news->found, "none") == 0) {
		sbk_buf_printf(&t->out, "%s: %s\n", news->name,
			       news->text[0] != '\0' ? news->text
						     : "there is no log to see "
						       "yet");
		return sbk_buf_failed(&t->out, err);
	}
	sbk_buf_printf(&t->out, "%s: %s: %s\n", news->name, news->found,
		       news->text);
	return sbk_buf_failed(&t->out, err);
}

static int open_machine(struct sbk_journal **out, struct sbk_error *err)
{
	struct sbk_journal_place place;
	int rc = sbk_journal_place_machine(&place, err);

	if (rc == 0 && !sbk_os_elevated())
		rc = sbk_error_set(err, SBK_E_DENIED,
				   "the machine's log is %s's: %s; 'sandbook "
				   "journal verify' says what it has seen of "
				   "yours",
				   sbk_os_admin.who, sbk_os_admin.how);
	if (rc == 0)
		rc = sbk_journal_open(&place, SBK_JOURNAL_WRITE, out, err);
	if (rc == 0)
		rc = sbk_journal_lock(*out, LOCK_WAIT_MS, err);
	return rc;
}

static int accept_end(struct sbk_journal *machine,
		      const struct sbk_owner *person, const char *path,
		      struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	struct sbk_buf text = SBK_BUF_INIT;
	int rc = sbk_os_read_file(path, END_BYTES_MAX, &text, err);

	if (rc == 0) {
		rc = sbk_journal_witness_end(
			machine, person, sbk_buf_text(&text), text.size, &why);
		if (rc == SBK_E_PARSE || rc == SBK_E_LIMIT)
			rc = SBK_E_INVAL; /* what was named, and no policy */
		if (rc < 0)
			(void)sbk_error_set(err, rc, "'%s': %s", path,
					    why.message);
	}
	sbk_buf_release(&text);
	return rc;
}

static int accept(struct sbk_journal *machine,
		  const struct witness_choice *choice, struct sbk_error *err)
{
	struct sbk_person person;
	int rc = sbk_os_person_by_name(choice->accept, &person, err);

	if (rc < 0)
		return rc;
	return choice->end != NULL
		       ? accept_end(machine, &person.id, choice->end, err)
		       : sbk_journal_witness_accept(machine, &person.id, err);
}

int sbk_cmd_journal_witness(struct sbk_cli *cli, int argc, char **argv)
{
	struct witness_choice choice = {.accept = NULL};
	struct telling t = {.out = SBK_BUF_INIT};
	bool looked = false;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_journal *machine = NULL;
	int operands = 0;
	int rc = sbk_cli_parse(cli, argc, argv, &choice, &operands, &err);

	if (rc == 0 && operands < argc)
		rc = sbk_error_set(&err, SBK_E_INVAL,
				   "'%s' is one word too many; see --help",
				   argv[operands]);
	if (rc == 0 && choice.end != NULL && choice.accept == NULL)
		rc = sbk_error_set(&err, SBK_E_INVAL,
				   "say whose log it is the end of: --accept "
				   "USER --end FILE");
	if (rc == 0)
		rc = open_machine(&machine, &err);
	if (rc == 0 && choice.accept != NULL)
		rc = accept(machine, &choice, &err);
	if (rc == 0)
		rc = sbk_journal_witness(machine, true, tell, &t, &err);
	looked = rc == 0;
	rc = rc < 0 ? sbk_cli_fail(cli, &err) : sbk_cli_print(cli, &t.out);
	if (rc == SBK_EXIT_OK && t.findings > 0)
		rc = SBK_EXIT_INCOMPLETE;
	sbk_buf_release(&t.out);
	sbk_journal_close(machine);
	if (looked)
		sbk_cli_tell_anchor(cli, SBK_BOOK_MACHINE);
	return rc;
}
