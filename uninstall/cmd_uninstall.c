/*
 * sandbook uninstall, sandbook-setup uninstall: the command line of the two
 * parts, and of the errand that root's part sends to each person.
 */
#include "uninstall/uninstall.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/json.h"
#include "engine/limits.h"
#include "engine/os_admin.h"
#include "engine/path.h"
#include "journal/journal.h"
#include "uninstall/internal.h"

#include "engine/banned.h"

#define SETUP_PROGRAM "sandbook-setup"
#define CERTIFICATE_NAME "sandbook-uninstall"
#define CERTIFICATE_NUMBER_MAX 99
#define PERSON_SECONDS 120
#define PERSON_SECONDS_MAX 86400

struct options {
	bool dry_run, yes, json, user_only, trust, errand;
	const char *certificate, *log, *seen_key;
	uint64_t limit, seen;
	struct sbk_list skip, leave;
};

static const struct sbk_option options[] = {
	{"dry-run", NULL, "print what would be undone; touch nothing",
	 offsetof(struct options, dry_run), 'n', SBK_OPTION_FLAG, NULL},
	{"yes", NULL, "do not ask", offsetof(struct options, yes), 'y',
	 SBK_OPTION_FLAG, NULL},
	{"json", NULL, "print JSON", offsetof(struct options, json), 0,
	 SBK_OPTION_FLAG, NULL},
	{"user-only", NULL, "only the caller's own grants and journal",
	 offsetof(struct options, user_only), 0, SBK_OPTION_FLAG, NULL},
	{"certificate", "FILE", "where the certificate goes",
	 offsetof(struct options, certificate), 0, SBK_OPTION_TEXT, NULL},
	{"export", "FILE", "where the journal's log goes before it is removed",
	 offsetof(struct options, log), 0, SBK_OPTION_TEXT, NULL},
	{"skip", "PATH", "a path that the sweep leaves out (repeatable)",
	 offsetof(struct options, skip), 0, SBK_OPTION_LIST, NULL},
	{"leave", "USER", "a user whose journal is left alone (repeatable)",
	 offsetof(struct options, leave), 0, SBK_OPTION_LIST, NULL},
	{"user-limit", "SECONDS", "time for each user's part (120)",
	 offsetof(struct options, limit), 0, SBK_OPTION_NUMBER, NULL},
	{SBK_TRUST_OPTION, NULL,
	 "go on although a journal is not what its log says",
	 offsetof(struct options, trust), 0, SBK_OPTION_FLAG, NULL},
	{SBK_SEEN_OPTION, "N", NULL, offsetof(struct options, seen), 0,
	 SBK_OPTION_NUMBER, NULL},
	{SBK_SEEN_KEY_OPTION, "KEY", NULL, offsetof(struct options, seen_key),
	 0, SBK_OPTION_TEXT, NULL},
	{SBK_ERRAND_OPTION, NULL, NULL, offsetof(struct options, errand), 0,
	 SBK_OPTION_FLAG, NULL},
	{.name = NULL},
};

static int print(struct sbk_cli *cli, struct sbk_buf *text)
{
	int code = sbk_cli_print(cli, text);

	sbk_buf_release(text);
	return code;
}

/* A result that cannot be told is found out before anything is done. */
static int announce(struct sbk_cli *cli, const struct options *o,
		    struct sbk_error *err)
{
	/* Space before a JSON text is none of it. */
	const char *text = o->json	? "\n"
			   : o->dry_run ? "What uninstall would do:\n"
					: "Undoing what Sandbook changed:\n";

	return sbk_cli_announce(cli, text, err);
}

/* --- a person's part ----------------------------------------------------- */

static void print_part(const struct sbk_user_part *part, bool json,
		       struct sbk_buf *out)
{
	const unsigned long long changes = part->changes;

	if (json) {
		sbk_json_open(out, '{');
		sbk_json_bool(out, "installed", part->found);
		sbk_json_integer(out, "changes", (int64_t)part->changes);
		sbk_json_integer(out, "undone", (int64_t)part->undone);
		sbk_json_integer(out, "conflicts", (int64_t)part->conflicts);
		sbk_json_integer(out, "owed", (int64_t)part->owed);
		sbk_json_integer(out, "owed_to_root", part->foreign);
		sbk_json_integer(out, "remediated", (int64_t)part->remediated);
		sbk_json_bool(out, "journal_removed", part->removed);
		sbk_json_bool(out, "journal_altered", part->altered != 0);
		sbk_json_close(out, '}');
		sbk_buf_addc(out, '\n');
		return;
	}
	if (!part->found) {
		sbk_buf_adds(out, "nothing of yours is installed\n");
		return;
	}
	sbk_buf_printf(out, "%llu %s, %llu undone", changes,
		       sbk_plural(part->changes, "change", "changes"),
		       (unsigned long long)part->undone);
	if (part->conflicts > 0)
		sbk_buf_printf(out,
			       ", %llu left, since others changed our entry",
			       (unsigned long long)part->conflicts);
	if (part->owed > 0)
		sbk_buf_printf(out,
			       ", %llu owed: mend what 'sandbook journal log' "
			       "says of them and run this again",
			       (unsigned long long)part->owed);
	if (part->foreign > 0)
		sbk_buf_printf(out,
			       "; %lu objects belong to a sandbox account that "
			       "made them, so that only root can mend them: "
			       "'sudo sandbook uninstall'",
			       (unsigned long)part->foreign);
	if (part->remediated > 0)
		sbk_buf_printf(out,
			       "; %llu objects of Windows volumes stay as "
			       "'remediate' left them",
			       (unsigned long long)part->remediated);
	sbk_buf_adds(out, part->removed ? "; your journal is removed\n"
					: "; your journal stays\n");
	if (part->altered == SBK_USER_REBUILT)
		sbk_buf_adds(out, "its tables had been altered, and its log "
				  "had not: they were made anew from it\n");
	else if (part->altered)
		sbk_buf_adds(out, "it was not what its log says: what it no "
				  "longer said is not undone, and 'sandbook "
				  "audit scope --principal NAME' finds it\n");
}

static bool machine_is_set_up(void)
{
	struct sbk_journal_place place;
	struct sbk_file file;

	return sbk_journal_place_machine(&place, NULL) == 0 &&
	       sbk_os_look(place.directory, &file, NULL) == 0;
}

static int show_user(struct sbk_cli *cli, const struct sbk_person *person,
		     const struct options *o)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf text = SBK_BUF_INIT;
	struct sbk_plan *preview = sbk_plan_new();
	const struct sbk_user_request request = {
		.preview = preview,
		.trust_journal = o->trust,
	};
	struct sbk_user_part part;
	int rc;

	if (preview == NULL)
		rc = sbk_error_no_memory(&err);
	else
		rc = sbk_uninstall_user(person, &request, &part, &err);
	if (rc == 0 && o->json)
		sbk_plan_print_json(preview, &text);
	else if (rc == 0 && part.found)
		sbk_plan_print(preview, &text);
	else if (rc == 0)
		print_part(&part, false, &text);
	sbk_plan_free(preview);
	if (rc < 0) {
		sbk_buf_release(&text);
		return sbk_cli_fail(cli, &err);
	}
	return print(cli, &text);
}

/* What the machine's log has seen of the caller's, by its public copy: what the
 * log's end is to be shown to go on from. */
static void look_up_seen(const struct sbk_person *person,
			 struct sbk_user_request *request)
{
	struct sbk_error ignored = SBK_ERROR_INIT; /* then it was not seen */
	struct sbk_journal_place place;
	struct sbk_journal *machine = NULL;
	int rc = sbk_journal_place_machine(&place, &ignored);

	if (rc == 0)
		rc = sbk_journal_open(&place, SBK_JOURNAL_READ, &machine,
				      &ignored);
	if (rc == 0)
		(void)sbk_journal_witness_seen(machine, &person->id,
					       &request->seen,
					       request->seen_key, &ignored);
	sbk_journal_close(machine);
}

/* After it was told. */
static int say_what_is_left(struct sbk_cli *cli, const struct options *o,
			    const struct sbk_user_part *part)
{
	if (part->unanchored[0] != '\0')
		(void)fprintf(cli->err,
			      "%s: the log's last checkpoint was not anchored: "
			      "%s\n",
			      cli->program, part->unanchored);
	if (!o->json && !sbk_os_elevated() && machine_is_set_up())
		(void)fprintf(cli->err,
			      "%s: this machine's accounts and rules stay; "
			      "'sudo sandbook uninstall' takes them away\n",
			      cli->program);
	if (part->owed == 0)
		return SBK_EXIT_OK;
	(void)fprintf(cli->err,
		      "%s: something is owed; 'sandbook journal log' says what "
		      "and why: mend it and run this again\n",
		      cli->program);
	return SBK_EXIT_INCOMPLETE;
}

static int carry_out_user(struct sbk_cli *cli, const struct options *o,
			  const struct sbk_person *person)
{
	struct sbk_user_request request = {.trust_journal = o->trust};
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_new_file *end = NULL;
	struct sbk_buf text = SBK_BUF_INIT;
	struct sbk_journal_place place;
	struct sbk_user_part part;
	int code, rc = 0;

	if (o->certificate != NULL)
		rc = sbk_os_new_file_prepare(o->certificate, &end, &err);
	if (rc == 0)
		rc = sbk_journal_place_user(person, &place, &err);
	if (rc == 0)
		rc = sbk_uninstall_check_stays(end, &place, &err);
	if (rc == 0)
		rc = sbk_cli_ask(cli,
				 "Undo every grant of yours and remove your "
				 "journal?",
				 o->yes, &err);
	if (rc == 0)
		rc = announce(cli, o, &err);
	if (rc == 0) {
		request.end_file = end;
		look_up_seen(person, &request);
		rc = sbk_uninstall_user(person, &request, &part, &err);
	}
	sbk_os_new_file_free(end);
	if (rc < 0)
		return sbk_cli_fail(cli, &err);
	print_part(&part, o->json, &text);
	code = print(cli, &text);
	rc = say_what_is_left(cli, o, &part);
	return code == SBK_EXIT_OK ? rc : code;
}

static int run_user(struct sbk_cli *cli, const struct options *o)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_person person;
	int rc = sbk_os_caller(&person, &err);

	if (rc < 0)
		return sbk_cli_fail(cli, &err);
	return o->dry_run ? show_user(cli, &person, o)
			  : carry_out_user(cli, o, &person);
}

static int answer_errand(const struct options *o, const struct sbk_plan *ready,
			 struct sbk_user_request *request,
			 struct sbk_user_answer *answer)
{
	struct sbk_user_part *part = &answer->part;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf end = SBK_BUF_INIT;
	struct sbk_person person;
	int rc = sbk_os_caller(&person, &err);

	part->format = SBK_USER_PART_FORMAT;
	if (rc == 0 && o->dry_run && ready == NULL)
		rc = sbk_error_no_memory(&err);
	if (rc == 0) {
		request->end = &end;
		/* Its error is in the answer. */
		(void)sbk_uninstall_user(&person, request, part, NULL);
	} else {
		part->found = 1;
		part->error = rc;
		memcpy(part->message, err.message, sizeof(part->message) - 1);
	}
	if (end.failure == 0 && end.size < sizeof(answer->end))
		memcpy(answer->end, sbk_buf_text(&end), end.size);
	sbk_buf_release(&end);
	return sbk_os_errand_answer(answer, sizeof(*answer), NULL);
}

/* What root's part asked this process, as the person that it is. */
static int run_errand(const struct options *o)
{
	struct sbk_user_answer *answer = calloc(1, sizeof(*answer));
	struct sbk_plan *preview = o->dry_run ? sbk_plan_new() : NULL;
	struct sbk_user_request request = {
		.preview = preview,
		.trust_journal = o->trust,
	};
	int rc = SBK_E_NOMEM;

	if (o->seen_key != NULL &&
	    strlen(o->seen_key) < sizeof(request.seen_key)) {
		request.seen = o->seen;
		(void)snprintf(request.seen_key, sizeof(request.seen_key), "%s",
			       o->seen_key);
	}
	if (answer != NULL)
		rc = answer_errand(o, preview, &request, answer);
	sbk_plan_free(preview);
	free(answer);
	return rc < 0 ? SBK_EXIT_FAILED : SBK_EXIT_OK;
}

/* --- root's part --------------------------------------------------------- */

/* The default name, or the first one with a number that is free. */
static int choose_certificate(const char *wanted, struct sbk_new_file **out,
			      struct sbk_error *err)
{
	char name[64];
	int number, rc;

	if (wanted != NULL)
		return sbk_os_new_file_prepare(wanted, out, err);
	rc = sbk_os_new_file_prepare(CERTIFICATE_NAME ".json", out, err);
	for (number = 2; rc == SBK_E_EXISTS && number <= CERTIFICATE_NUMBER_MAX;
	     number++) {
		(void)snprintf(name, sizeof(name), CERTIFICATE_NAME "-%d.json",
			       number);
		sbk_error_clear(err);
		rc = sbk_os_new_file_prepare(name, out, err);
	}
	return rc;
}

static int check_options(const struct options *o, struct sbk_error *err)
{
	struct sbk_person person;
	size_t i;
	int rc = 0;

	if (!sbk_os_elevated())
		return sbk_error_set(err, SBK_E_DENIED,
				     "the accounts and rules of this machine "
				     "are root's: use sudo, or --user-only for "
				     "your own grants");
	if (o->limit > PERSON_SECONDS_MAX)
		return sbk_error_set(err, SBK_E_INVAL,
				     "--user-limit is at most %d seconds",
				     PERSON_SECONDS_MAX);
	for (i = 0; rc == 0 && i < o->leave.count; i++)
		rc = sbk_os_person_by_name(o->leave.items[i], &person, err);
	return rc;
}

static void print_report(const struct sbk_uninstall_report *report,
			 const struct options *o, const char *certificate,
			 struct sbk_buf *out)
{
	if (o->json) {
		sbk_certificate_print(report, out);
		return;
	}
	if (!report->installed && report->principal_count == 0 &&
	    report->person_count == 0) {
		sbk_buf_adds(out, "nothing is installed\n");
		return;
	}
	if (o->dry_run)
		sbk_plan_print(report->record, out);
	sbk_uninstall_print(report, out);
	if (report->installed && !o->dry_run) {
		sbk_buf_adds(out, "certificate: ");
		sbk_text_escape(out, certificate);
		sbk_buf_adds(out,
			     report->names_paths
				     ? " (names paths of users: its owner's "
				       "alone to read)\n"
				     : "\n");
	}
}

static int finish(struct sbk_cli *cli, const struct options *o, int rc,
		  const struct sbk_uninstall_report *report,
		  const char *certificate, const struct sbk_error *err)
{
	struct sbk_buf text = SBK_BUF_INIT;
	int code;

	if (rc < 0)
		return sbk_cli_fail(cli, err);
	print_report(report, o, certificate, &text);
	code = print(cli, &text);
	if (code == SBK_EXIT_OK && !o->dry_run &&
	    sbk_uninstall_verdict(report) == SBK_VERDICT_INCOMPLETE) {
		(void)fprintf(cli->err,
			      "%s: something is owed; mend it and run this "
			      "again\n",
			      cli->program);
		code = SBK_EXIT_INCOMPLETE;
	}
	return code;
}

static int run_machine(struct sbk_cli *cli, const struct options *o)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_new_file *certificate = NULL, *log = NULL;
	struct sbk_uninstall_request request = {
		.dry_run = o->dry_run,
		.trust_journal = o->trust,
		.person_ms =
			(int64_t)(o->limit > 0 ? o->limit : PERSON_SECONDS) *
			1000,
		.skip = o->skip,
		.leave = o->leave,
	};
	struct sbk_uninstall_report *report = NULL;
	int rc = check_options(o, &err), code;

	if (rc == 0 && !o->dry_run)
		rc = choose_certificate(o->certificate, &certificate, &err);
	if (rc == 0 && !o->dry_run && o->log != NULL)
		rc = sbk_os_new_file_prepare(o->log, &log, &err);
	if (rc == 0 && !o->dry_run)
		rc = sbk_uninstall_check_stays_machine(certificate, &err);
	if (rc == 0 && !o->dry_run)
		rc = sbk_uninstall_check_stays_machine(log, &err);
	request.certificate = certificate;
	request.log = log;
	if (rc == 0 && !o->dry_run)
		rc = sbk_cli_ask(cli,
				 "Undo everything that Sandbook changed on "
				 "this machine, for all users?",
				 o->yes, &err);
	if (rc == 0)
		rc = announce(cli, o, &err);
	if (rc == 0) {
		report = sbk_uninstall_report_new();
		rc = report != NULL
			     ? sbk_uninstall_machine(&request, report, &err)
			     : sbk_error_no_memory(&err);
	}
	code = finish(cli, o, rc, report,
		      certificate != NULL ? sbk_os_new_file_path(certificate)
					  : "",
		      &err);
	sbk_uninstall_report_free(report);
	sbk_os_new_file_free(certificate);
	sbk_os_new_file_free(log);
	return code;
}

bool sbk_uninstall_is_setup(const struct sbk_cli *cli)
{
	return strcmp(cli->program, SETUP_PROGRAM) == 0;
}

int sbk_uninstall_become_setup(struct sbk_cli *cli, int argc, char **argv)
{
	static char program[] = SETUP_PROGRAM;
	struct sbk_error err = SBK_ERROR_INIT;
	char **words = calloc((size_t)argc + 2, sizeof(*words));
	int i;

	if (words == NULL) {
		(void)sbk_error_no_memory(&err);
		return sbk_cli_fail(cli, &err);
	}
	words[0] = program;
	for (i = 0; i < argc; i++)
		words[i + 1] = argv[i];
	/* Returns when it failed. */
	(void)sbk_os_become_sibling(SETUP_PROGRAM, words, &err);
	free(words);
	return sbk_cli_fail(cli, &err);
}

static int run(struct sbk_cli *cli, int argc, char **argv)
{
	struct options o = {.dry_run = false};
	struct sbk_error err = SBK_ERROR_INIT;
	const bool is_setup = sbk_uninstall_is_setup(cli);
	int operands = 0, code;
	int rc = sbk_cli_parse(cli, argc, argv, &o, &operands, &err);

	if (rc == 0 && operands < argc)
		rc = sbk_error_set(&err, SBK_E_INVAL,
				   "uninstall takes no '%s'; see --help",
				   argv[operands]);
	if (rc < 0)
		code = sbk_cli_fail(cli, &err);
	else if (o.errand)
		code = run_errand(&o);
	else if (o.user_only || (!is_setup && !sbk_os_elevated()))
		code = run_user(cli, &o);
	else if (is_setup)
		code = run_machine(cli, &o);
	else
		code = sbk_uninstall_become_setup(cli, argc, argv);
	sbk_list_release(&o.skip);
	sbk_list_release(&o.leave);
	return code;
}

const struct sbk_command sbk_uninstall_commands[] = {
	{
		.name = "uninstall",
		.usage = "[options]",
		.summary = "undo everything and remove Sandbook's records",
		.help = "As a plain user: undoes every grant of yours and "
			"removes your journal; --certificate FILE\nkeeps what "
			"shows that your log ended there (root: 'journal "
			"witness --accept USER\n--end FILE').\n"
			"As root: does so for every user, as that user, then "
			"takes away what names the\n"
			"sandbox accounts anywhere on this machine, the "
			"firewall rules, the accounts and the\n"
			"group, sweeps the machine, writes a certificate "
			"(./sandbook-uninstall.json) and\n"
			"removes the machine's journal last. Interrupted, it "
			"is finished by running it again.\n\n"
			"The certificate can be read by all, but where it "
			"names paths of users (of files that\nan account made, "
			"say) by its owner alone: who called sudo, in a "
			"directory of his own,\nelse root. It and the log of "
			"--export go into no directory of a journal.\n\n"
			"Exit codes: 0 nothing is left; 207 something is owed "
			"and the journal stays;\n204 a journal is not what its "
			"log says: see 'sandbook journal verify'. With\n"
			"--trust-journal it is undone by all the same, the "
			"certificate says so, and the\nsweep tells what is "
			"left on the machine.\n\n"
			"Example:\n"
			"  sudo sandbook uninstall --dry-run\n"
			"  sudo sandbook uninstall --certificate "
			"/root/removed.json\n",
		.options = options,
		.run = run,
	},
	{.name = NULL},
};
