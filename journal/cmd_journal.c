/*
 * sandbook journal: log, show, verify, export. Reads only, so that it needs
 * no lock and works beside a transaction.
 */
#include "journal/cmd.h"
#include "journal/note.h"

#include <stdlib.h>
#include <string.h>

#include "engine/os.h"

#include "engine/banned.h"

static const struct sbk_option log_options[] = {
	{.name = "session",
	 .argument = "N",
	 .help = "only this run and what was changed for it",
	 .offset = offsetof(struct sbk_choice, session),
	 .type = SBK_OPTION_NUMBER},
	{.name = "transaction",
	 .argument = "N",
	 .help = "only this transaction",
	 .offset = offsetof(struct sbk_choice, transaction),
	 .type = SBK_OPTION_NUMBER},
	{.name = "object",
	 .argument = "PATH",
	 .help = "only changes of this path and below",
	 .offset = offsetof(struct sbk_choice, path),
	 .type = SBK_OPTION_TEXT},
	{.name = "kind",
	 .argument = "KIND",
	 .help = "only this kind: access, account, firewall ...",
	 .offset = offsetof(struct sbk_choice, kind),
	 .type = SBK_OPTION_TEXT},
	{.name = "since",
	 .argument = "TIME",
	 .help = "from then on: 2026-11-21T10:15 (UTC), or 2h (ago)",
	 .offset = offsetof(struct sbk_choice, since),
	 .type = SBK_OPTION_TEXT},
	{.name = "until",
	 .argument = "TIME",
	 .help = "up to then",
	 .offset = offsetof(struct sbk_choice, until),
	 .type = SBK_OPTION_TEXT},
	SBK_CHOICE_MACHINE_OPTION,
	SBK_CHOICE_JSON_OPTION,
	{.name = NULL},
};

static const struct sbk_option show_options[] = {
	{.name = "session",
	 .argument = "N",
	 .help = "a run in full, instead of a change",
	 .offset = offsetof(struct sbk_choice, session),
	 .type = SBK_OPTION_NUMBER},
	SBK_CHOICE_MACHINE_OPTION,
	SBK_CHOICE_JSON_OPTION,
	{.name = NULL},
};

static const struct sbk_option plain_options[] = {
	SBK_CHOICE_MACHINE_OPTION,
	SBK_CHOICE_JSON_OPTION,
	{.name = NULL},
};

static const struct sbk_option verify_options[] = {
	{.name = "key",
	 .argument = "KEY",
	 .help = "a public key of the log that you kept elsewhere",
	 .offset = offsetof(struct sbk_choice, key),
	 .type = SBK_OPTION_TEXT},
	{.name = "checkpoint",
	 .argument = "FILE",
	 .help = "a checkpoint of it that you kept elsewhere (repeatable)",
	 .offset = offsetof(struct sbk_choice, checkpoints),
	 .type = SBK_OPTION_LIST},
	{.name = "segment",
	 .argument = "FILE",
	 .help = "entries that were dropped, from the oldest on (repeatable)",
	 .offset = offsetof(struct sbk_choice, segments),
	 .type = SBK_OPTION_LIST},
	SBK_CHOICE_MACHINE_OPTION,
	SBK_CHOICE_JSON_OPTION,
	{.name = NULL},
};

/* Parses and opens. 0, or < 0 with `err` set. */
static int open_chosen(struct sbk_cli *cli, int argc, char **argv,
		       struct sbk_choice *choice, int *operands,
		       struct sbk_journal **out, struct sbk_error *err)
{
	struct sbk_journal_place place;
	int rc = sbk_cli_parse(cli, argc, argv, choice, operands, err);

	if (rc == 0)
		rc = sbk_choice_place(choice, &place, err);
	if (rc == 0)
		rc = sbk_journal_open(&place, SBK_JOURNAL_READ, out, err);
	return rc;
}

static int no_operands(int operands, int argc, char **argv,
		       struct sbk_error *err)
{
	if (operands >= argc)
		return 0;
	return sbk_error_set(err, SBK_E_INVAL,
			     "'%s' is one word too many; see --help",
			     argv[operands]);
}

/* Prints, or says what is wrong; the exit code. */
static int finish(struct sbk_cli *cli, int rc, const struct sbk_buf *out,
		  const struct sbk_error *err)
{
	return rc < 0 ? sbk_cli_fail(cli, err) : sbk_cli_print(cli, out);
}

/* What was printed is said not to be the record where it is not: so does the
 * exit code. `journal` may be NULL. */
static int warn(struct sbk_cli *cli, struct sbk_journal *journal, int code)
{
	struct sbk_error err = SBK_ERROR_INIT;

	if (code != SBK_EXIT_OK || journal == NULL ||
	    sbk_journal_check_small(journal, &err) >= 0)
		return code;
	return sbk_cli_fail(cli, &err);
}

/* No number was given that would have to be there. */
static bool is_any(const struct sbk_choice *choice)
{
	return choice->session == 0 && choice->transaction == 0;
}

static int run_log(struct sbk_cli *cli, int argc, char **argv)
{
	struct sbk_choice choice = {.session = 0};
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_journal *journal = NULL;
	struct sbk_journal_filter filter;
	struct sbk_buf out = SBK_BUF_INIT;
	char *resolved = NULL;
	struct sbk_journal_place place;
	int operands = 0;
	int rc = sbk_cli_parse(cli, argc, argv, &choice, &operands, &err);

	/* What was asked for is checked also where there is no journal. */
	if (rc == 0)
		rc = no_operands(operands, argc, argv, &err);
	if (rc == 0)
		rc = sbk_choice_filter(&choice, &filter, &resolved, &err);
	if (rc == 0)
		rc = sbk_choice_place(&choice, &place, &err);
	if (rc < 0)
		goto out;
	rc = sbk_journal_open(&place, SBK_JOURNAL_READ, &journal, &err);
	if (rc == 0)
		rc = sbk_choice_check(&choice, journal, &err);
	if (rc == SBK_E_NOTFOUND && journal == NULL && is_any(&choice)) {
		/* Nothing was ever recorded, and that is an answer. */
		sbk_buf_adds(&out, choice.json ? "[]\n"
					       : "nothing is recorded yet\n");
		rc = 0;
		goto out;
	}
	if (rc == 0)
		rc = sbk_log_print(journal, &filter, choice.json, &out, &err);
out:
	rc = warn(cli, journal, finish(cli, rc, &out, &err));
	free(resolved);
	sbk_buf_release(&out);
	sbk_journal_close(journal);
	return rc;
}

static int parse_number(const char *text, uint64_t *out, struct sbk_error *err)
{
	char *end;

	*out = strtoull(text, &end, 10);
	if (end == text || *end != '\0' || text[0] == '-')
		return sbk_error_set(err, SBK_E_INVAL,
				     "'%s' is no number of a change", text);
	return 0;
}

/* The number of a change. */
static int show_operand(int argc, char **argv, struct sbk_choice *choice,
			struct sbk_error *err)
{
	int rc;

	if (argc == 0)
		return sbk_error_set(err, SBK_E_INVAL,
				     "name the number of a change, as 'journal "
				     "log' prints it, or --session N");
	rc = parse_number(argv[0], &choice->change, err);
	return rc == 0 ? no_operands(1, argc, argv, err) : rc;
}

static int run_show(struct sbk_cli *cli, int argc, char **argv)
{
	struct sbk_choice choice = {.session = 0};
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_journal *journal = NULL;
	struct sbk_journal_place place;
	struct sbk_buf out = SBK_BUF_INIT;
	int operands = 0;
	int rc = sbk_cli_parse(cli, argc, argv, &choice, &operands, &err);

	if (rc == 0 && (choice.session == 0 || operands < argc))
		rc = show_operand(argc - operands, argv + operands, &choice,
				  &err);
	if (rc == 0 && choice.session != 0 && choice.change != 0)
		rc = sbk_error_set(&err, SBK_E_INVAL,
				   "one at a time: the number of a change, or "
				   "--session N");
	if (rc == 0)
		rc = sbk_choice_place(&choice, &place, &err);
	if (rc == 0)
		rc = sbk_journal_open(&place, SBK_JOURNAL_READ, &journal, &err);
	if (rc == 0 && choice.session != 0)
		rc = sbk_session_show(journal, choice.session, choice.json,
				      &out, &err);
	else if (rc == 0)
		rc = sbk_show_print(journal, choice.change, choice.json, &out,
				    &err);
	rc = warn(cli, journal, finish(cli, rc, &out, &err));
	sbk_buf_release(&out);
	sbk_journal_close(journal);
	return rc;
}

static void print_signed(const struct sbk_journal_verdict *verdict,
			 struct sbk_buf *out)
{
	const uint64_t rest = verdict->entries - verdict->signed_size;

	if (verdict->key[0] == '\0') {
		sbk_buf_adds(out, "not signed: its next transaction does\n");
		return;
	}
	sbk_buf_printf(out, "signed by %s%s: %llu entries", verdict->key,
		       verdict->pinned ? " (led to by the key given)" : "",
		       (unsigned long long)verdict->signed_size);
	if (verdict->entries > verdict->signed_size)
		sbk_buf_printf(out, ", and %llu since are not yet",
			       (unsigned long long)rest);
	sbk_buf_addc(out, '\n');
	if (verdict->replaced_at != UINT64_MAX)
		sbk_buf_printf(out,
			       "the key before it was lost and replaced by "
			       "entry %llu: that the entries before are those "
			       "which that key signed, an older checkpoint "
			       "shows\n",
			       (unsigned long long)verdict->replaced_at);
}

/* The answer, and what it does not say. */
static void print_answer(const struct sbk_journal_verdict *verdict,
			 struct sbk_buf *out)
{
	sbk_buf_adds(out, sbk_log_verdict_name(verdict->verdict));
	if (verdict->verdict == SBK_LOG_ALTERED &&
	    verdict->altered_at != UINT64_MAX)
		sbk_buf_printf(out, " at entry %llu or after it",
			       (unsigned long long)verdict->altered_at);
	else if (verdict->verdict == SBK_LOG_ALTERED)
		sbk_buf_adds(out, ", but not its signed entries");
	if (verdict->verdict == SBK_LOG_INTACT && verdict->anchored_size > 0)
		sbk_buf_printf(out,
			       "; anchored: the first %llu entries are those "
			       "of the checkpoint given",
			       (unsigned long long)verdict->anchored_size);
	else if (verdict->verdict == SBK_LOG_INTACT)
		sbk_buf_adds(out, "; not anchored: an older copy of the whole "
				  "would look the same");
	if (verdict->verdict == SBK_LOG_INTACT && verdict->witnessed_size > 0)
		sbk_buf_printf(out,
			       "; witnessed by the machine's log: the first "
			       "%llu entries",
			       (unsigned long long)verdict->witnessed_size);
	if (verdict->verdict == SBK_LOG_INTACT && !verdict->pinned)
		sbk_buf_adds(out, "; without --key, so would a log of another "
				  "key");
	sbk_buf_addc(out, '\n');
}

/* From where it starts. */
static void print_start(const struct sbk_journal_verdict *verdict,
			struct sbk_buf *out)
{
	if (verdict->dropped == 0)
		return;
	sbk_buf_printf(out,
		       "entries 0 to %llu were exported and dropped; root ",
		       (unsigned long long)verdict->dropped - 1);
	sbk_buf_add_hex(out, verdict->dropped_root,
			sizeof(verdict->dropped_root));
	if (verdict->read_from > 0)
		sbk_buf_printf(out,
			       "\nit starts from entry %llu: those before it "
			       "are what was signed, and were not read again "
			       "(--segment FILE)",
			       (unsigned long long)verdict->read_from);
	else
		sbk_buf_adds(out, "\nthey were read from the segments given");
	sbk_buf_addc(out, '\n');
	if (verdict->unreached > 0)
		sbk_buf_printf(
			out,
			"the machine's log has seen %llu of them; "
			"whether they were these, --segment FILE tells\n",
			(unsigned long long)verdict->unreached);
}

static void print_verdict(const struct sbk_journal *journal,
			  const struct sbk_journal_verdict *verdict,
			  const struct sbk_buf *witness, bool json,
			  struct sbk_buf *out)
{
	if (!json) {
		sbk_buf_adds(out, sbk_buf_text(&verdict->text));
		sbk_buf_printf(out, "%s: %llu %s, %llu %s", journal->db.path,
			       (unsigned long long)verdict->entries,
			       sbk_plural(verdict->entries, "entry", "entries"),
			       (unsigned long long)verdict->states,
			       sbk_plural(verdict->states, "state", "states"));
		if (verdict->sealed_unread > 0)
			sbk_buf_printf(
				out, " (%llu sealed, not read)",
				(unsigned long long)verdict->sealed_unread);
		sbk_buf_printf(
			out, ", %zu %s\nroot ", verdict->findings,
			sbk_plural(verdict->findings, "finding", "findings"));
		sbk_buf_add_hex(out, verdict->root, sizeof(verdict->root));
		sbk_buf_addc(out, '\n');
		print_start(verdict, out);
		print_signed(verdict, out);
		sbk_buf_adds(out, sbk_buf_text(witness));
		print_answer(verdict, out);
		return;
	}
	sbk_json_open(out, '{');
	sbk_json_string(out, "journal", journal->db.path);
	sbk_json_integer(out, "entries", (int64_t)verdict->entries);
	sbk_json_key(out, "root");
	sbk_buf_addc(out, '"');
	sbk_buf_add_hex(out, verdict->root, sizeof(verdict->root));
	sbk_buf_addc(out, '"');
	if (verdict->dropped > 0) {
		sbk_json_integer(out, "dropped", (int64_t)verdict->dropped);
		sbk_json_integer(out, "read_from", (int64_t)verdict->read_from);
	}
	sbk_json_integer(out, "states", (int64_t)verdict->states);
	sbk_json_integer(out, "sealed_unread", (int64_t)verdict->sealed_unread);
	sbk_json_integer(out, "findings", (int64_t)verdict->findings);
	sbk_json_string(out, "verdict", sbk_log_verdict_name(verdict->verdict));
	if (verdict->altered_at != UINT64_MAX)
		sbk_json_integer(out, "altered_at",
				 (int64_t)verdict->altered_at);
	sbk_json_string(out, "key",
			verdict->key[0] != '\0' ? verdict->key : NULL);
	sbk_json_bool(out, "pinned", verdict->pinned);
	if (verdict->replaced_at != UINT64_MAX)
		sbk_json_integer(out, "key_replaced_at",
				 (int64_t)verdict->replaced_at);
	sbk_json_integer(out, "signed", (int64_t)verdict->signed_size);
	sbk_json_integer(out, "anchored", (int64_t)verdict->anchored_size);
	sbk_json_integer(out, "witnessed", (int64_t)verdict->witnessed_size);
	sbk_json_string(out, "witness", sbk_buf_text(witness));
	sbk_json_string(out, "text", sbk_buf_text(&verdict->text));
	sbk_json_close(out, '}');
	sbk_buf_addc(out, '\n');
}

/* What `verify` holds the journal against. */
struct kept_texts {
	struct sbk_buf notes[SBK_KEPT_NOTES_MAX], seen;
	struct sbk_segments segments;
	struct sbk_journal_kept kept[SBK_KEPT_NOTES_MAX];
	struct sbk_journal_anchor anchor;
};

static int read_kept(const struct sbk_list *paths, struct kept_texts *k,
		     struct sbk_error *err)
{
	size_t i;
	int rc = 0;

	if (paths->count > SBK_KEPT_NOTES_MAX)
		return sbk_error_set(err, SBK_E_INVAL,
				     "--checkpoint is given more than %d times",
				     SBK_KEPT_NOTES_MAX);
	for (i = 0; rc == 0 && i < paths->count; i++) {
		rc = sbk_os_read_file(paths->items[i], SBK_NOTE_BYTES_MAX,
				      &k->notes[i], err);
		k->kept[i].note = sbk_buf_text(&k->notes[i]);
		k->kept[i].size = k->notes[i].size;
	}
	k->anchor.kept = k->kept;
	k->anchor.kept_count = paths->count;
	return rc;
}

/* `text`: lines about what the machine's log has seen. */
static int verify(struct sbk_journal *journal, const struct sbk_choice *choice,
		  struct sbk_journal_verdict *verdict, struct sbk_buf *text,
		  struct sbk_error *err)
{
	struct kept_texts k = {.anchor = {.key = choice->key}};
	struct sbk_journal_place place;
	size_t i;
	int rc = sbk_choice_place(choice, &place, err);

	if (rc == 0)
		rc = sbk_witness_look_up(journal, &place, &k.seen, text, err);
	if (rc == 0 && k.seen.size > 0) {
		k.anchor.witness = sbk_buf_text(&k.seen);
		k.anchor.witness_size = k.seen.size;
	}
	if (rc == 0)
		rc = read_kept(&choice->checkpoints, &k, err);
	if (rc == 0)
		rc = sbk_segments_read(&choice->segments, &k.segments, err);
	k.anchor.segments = k.segments.texts;
	k.anchor.segment_count = k.segments.count;
	if (rc == 0)
		rc = sbk_journal_verify_against(journal, &k.anchor, verdict,
						err);
	for (i = 0; i < SBK_KEPT_NOTES_MAX; i++)
		sbk_buf_release(&k.notes[i]);
	sbk_segments_release(&k.segments);
	sbk_buf_release(&k.seen);
	return rc;
}

static int run_verify(struct sbk_cli *cli, int argc, char **argv)
{
	struct sbk_choice choice = {.session = 0};
	struct sbk_journal_verdict verdict = {.findings = 0};
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_journal *journal = NULL;
	struct sbk_buf out = SBK_BUF_INIT, witness = SBK_BUF_INIT;
	bool missing;
	int operands = 0;
	int rc = open_chosen(cli, argc, argv, &choice, &operands, &journal,
			     &err);

	if (rc == 0)
		rc = no_operands(operands, argc, argv, &err);
	/* A journal that is not there was not verified. */
	missing = rc == SBK_E_NOTFOUND;
	if (rc == 0)
		rc = verify(journal, &choice, &verdict, &witness, &err);
	if (rc == 0)
		print_verdict(journal, &verdict, &witness, choice.json, &out);
	rc = finish(cli, rc, &out, &err);
	if (missing)
		rc = SBK_EXIT_JOURNAL;
	else if (rc == SBK_EXIT_OK)
		rc = (int)sbk_log_verdict_exit(verdict.verdict);
	sbk_journal_verdict_release(&verdict);
	sbk_list_release(&choice.checkpoints);
	sbk_list_release(&choice.segments);
	sbk_buf_release(&out);
	sbk_buf_release(&witness);
	sbk_journal_close(journal);
	return rc;
}

/* ------------------------------------------------------------------------ */

static int run_journal(struct sbk_cli *cli, int argc, char **argv)
{
	struct sbk_choice choice = {.session = 0};
	struct sbk_error err = SBK_ERROR_INIT;
	int operands;
	int rc = sbk_cli_parse(cli, argc, argv, &choice, &operands, &err);

	if (rc == 0)
		rc = sbk_error_set(&err, SBK_E_INVAL,
				   "say what: journal log, show, verify, "
				   "export, drop, key, checkpoint, proof, "
				   "consistency or witness; see --help");
	return sbk_cli_fail(cli, &err);
}

static const struct sbk_command subcommands[] = {
	{
		.name = "log",
		.usage = "[options]",
		.summary = "what was changed, when, and what became of it",
		.help = "Transactions with their changes, and runs, in the "
			"order in which they began.\n\n"
			"Example: what was changed there in the last two days\n"
			"  sandbook journal log --object ~/project --since "
			"2d\n",
		.options = log_options,
		.run = run_log,
	},
	{
		.name = "show",
		.usage = "[options] N | --session N",
		.summary = "one change with its states, or one run",
		.help = "N is the number that 'journal log' prints.\n\n"
			"Example:\n"
			"  sandbook journal show 12\n"
			"  sandbook journal show --session 3\n",
		.options = show_options,
		.run = run_show,
	},
	{
		.name = "verify",
		.usage = "[options]",
		.summary = "whether the journal is what its log says",
		.help = "Computes the Merkle tree from the entries, builds "
			"the tables anew from the\nlog and compares them row "
			"by row, hashes every state, and looks at every\n"
			"signature. The answer is the last line, and the exit "
			"code: intact (0), altered\n(204), truncated (210); "
			"and with what you kept elsewhere forked (211), "
			"rolled back\n(212), not this log (213).\n\n"
			"Example: against a key and a checkpoint that are kept "
			"elsewhere\n"
			"  sandbook journal verify --key \"$(cat my.key)\" \\\n"
			"      --checkpoint /media/usb/journal.checkpoint\n",
		.options = verify_options,
		.run = run_verify,
	},
	{
		.name = "export",
		.usage = "--json | --to FILE [options]",
		.summary = "the whole log, or its oldest entries as a file",
		.help = "First a line with size and root of the tree, then "
			"each entry exactly as it was\nhashed, then the states "
			"that the entries name by their hashes, then the "
			"checkpoints.\nWith --to only the oldest entries, up "
			"to where nothing was in effect: a segment,\nwhich "
			"'journal drop' can drop then.\n\n"
			"Example:\n"
			"  sandbook journal export --json > journal.jsonl\n",
		.options = sbk_journal_export_options,
		.run = sbk_cmd_journal_export,
	},
	{
		.name = "drop",
		.usage = "--exported FILE",
		.summary = "drop entries that were exported, and shrink",
		.help = "FILE must be exactly what 'journal export --to' "
			"writes. That the entries were\ndropped is an entry "
			"of its own, signed, in the same commit; the rest "
			"goes on as the\nsame log, with its numbers, root and "
			"checkpoints. Keep FILE: 'journal verify\n--segment "
			"FILE' reads the whole log again, and proofs about "
			"what was dropped need it.\n\n"
			"Example:\n"
			"  sandbook journal export --to /media/usb/1.segment\n"
			"  sandbook journal drop --exported "
			"/media/usb/1.segment\n",
		.options = sbk_journal_drop_options,
		.run = sbk_cmd_journal_drop,
	},
	{
		.name = "key",
		.usage = "[options]",
		.summary = "whose signatures the log bears: its origin and "
			   "public key",
		.help = "Keep both elsewhere: who has them can tell this log "
			"from any other, and a\ncheckpoint of it from a "
			"forged one. After --rotate the old key still leads "
			"to the\nnew one, since it signed it.\n\n"
			"Example:\n"
			"  sandbook journal key > my-journal.key\n",
		.options = sbk_journal_key_options,
		.run = sbk_cmd_journal_key,
	},
	{
		.name = "checkpoint",
		.usage = "[options]",
		.summary = "the newest signed head of the log",
		.help = "A signed note (c2sp.org/tlog-checkpoint): origin, "
			"number of entries, root of the\nMerkle tree, "
			"signature. One is made at the end of each "
			"transaction, and covers all\nthat was recorded "
			"until then. Kept where the journal's owner cannot "
			"write, it shows\nlater that the log was not "
			"shortened or rewritten since.\n\n"
			"Example:\n"
			"  sandbook journal checkpoint --to "
			"/media/usb/journal.checkpoint\n",
		.options = sbk_journal_checkpoint_options,
		.run = sbk_cmd_journal_checkpoint,
	},
	{
		.name = "proof",
		.usage = "[options] N",
		.summary = "that entry N, from 0, is in the log",
		.help = "A proof (c2sp.org/tlog-proof) against the newest "
			"checkpoint. Who has the entry's\ntext, this and the "
			"public key needs neither the journal nor Sandbook to "
			"check it.\n\n"
			"Example:\n"
			"  sandbook journal proof 7 --to 7.tlog-proof\n",
		.options = sbk_journal_proof_options,
		.run = sbk_cmd_journal_proof,
	},
	{
		.name = "consistency",
		.usage = "[options] A B",
		.summary = "that the log of B entries is that of A continued",
		.help = "The proof that a witness asks for "
			"(c2sp.org/tlog-witness, add-checkpoint): of any\n"
			"number of entries A to a checkpoint, which has B. "
			"Whoever kept a checkpoint of A\nentries learns from "
			"it that nothing of them was changed since.\n\n"
			"Example:\n"
			"  sandbook journal consistency 7 31\n",
		.options = sbk_journal_proof_options,
		.run = sbk_cmd_journal_consistency,
	},
	{
		.name = "witness",
		.usage = "[options]",
		.summary = "look at everybody's log for the machine's (root)",
		.help = "Asks each person who is enrolled, as that person, for "
			"the newest checkpoint and a\nproof that it continues "
			"the one seen last, and keeps it in the machine's log, "
			"cosigned.\nSetup and uninstall do the same, and "
			"'audit "
			"drift' of root's looks. Found may be: it\nshrank, "
			"forked, has a new key that the old one did not hand "
			"over to, is gone, is\nanother log, or was not read. "
			"The exit code is 207 then. What was seen before "
			"stays\n"
			"what the next look is held against, until --accept "
			"says that you know why: a user's\nown uninstall, or a "
			"lost key.\n\n"
			"Example:\n"
			"  sudo sandbook journal witness\n"
			"  sudo sandbook journal witness --accept ann\n",
		.options = sbk_journal_witness_options,
		.run = sbk_cmd_journal_witness,
	},
	{.name = NULL},
};

const struct sbk_command sbk_journal_commands[] = {
	{
		.name = "journal",
		.usage = "log|show|verify|export|key|... [options]",
		.summary = "read the record of what was changed",
		.help = "Without --machine it is your own journal.\n\n"
			"Example:\n"
			"  sandbook journal log\n",
		.options = plain_options,
		.run = run_journal,
		.subcommands = subcommands,
	},
	{
		.name = "undo",
		.usage = "--path PATH | --change N | --transaction N | "
			 "--session N [options]",
		.summary = "take changes back",
		.help = "Each object gets its old state back exactly; where "
			"others changed it since,\nonly our entries are taken "
			"out. What cannot be undone now is owed: it stays in\n"
			"the journal and is tried again by the next undo; the "
			"exit code is 207.\nA journal that somebody edited is "
			"not acted on, exit code 204: 'journal verify'\nshows "
			"what is wrong in it, --trust-journal goes on.\n\n"
			"Example: see what would be done, then do it\n"
			"  sandbook undo --path ~/project --dry-run\n"
			"  sandbook undo --path ~/project\n",
		.options = sbk_undo_options,
		.run = sbk_cmd_undo,
	},
	{.name = NULL},
};
