/*
 * sandbook uninstall, sandbook-setup uninstall: the command line of the two
 * parts, and of the errand that root's part sends to each person.
 */
#include "uninstall/cmd_uninstall.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/json.h"
#include "engine/limits.h"

#include "engine/banned.h"

#define CERTIFICATE_NAME "sandbook-uninstall"
#define CERTIFICATE_NUMBER_MAX 99
#define PERSON_SECONDS 120
#define PERSON_SECONDS_MAX 86400

static const struct sbk_option options[] = {
	{"dry-run", NULL, "print what would be undone; touch nothing",
	 offsetof(struct sbk_uninstall_options, dry_run), 'n', SBK_OPTION_FLAG,
	 NULL},
	{"yes", NULL, "do not ask", offsetof(struct sbk_uninstall_options, yes),
	 'y', SBK_OPTION_FLAG, NULL},
	{"json", NULL, "print JSON",
	 offsetof(struct sbk_uninstall_options, json), 0, SBK_OPTION_FLAG,
	 NULL},
	{"user-only", NULL, "only the caller's own grants and journal",
	 offsetof(struct sbk_uninstall_options, user_only), 0, SBK_OPTION_FLAG,
	 NULL},
	{"certificate", "FILE", "where the certificate goes",
	 offsetof(struct sbk_uninstall_options, certificate), 0,
	 SBK_OPTION_TEXT, NULL},
	{"export", "FILE", "where the journal's log goes before it is removed",
	 offsetof(struct sbk_uninstall_options, log), 0, SBK_OPTION_TEXT, NULL},
	{"skip", "PATH", "a path that the sweep leaves out (repeatable)",
	 offsetof(struct sbk_uninstall_options, skip), 0, SBK_OPTION_LIST,
	 NULL},
	{"leave", "USER", "a user whose journal is left alone (repeatable)",
	 offsetof(struct sbk_uninstall_options, leave), 0, SBK_OPTION_LIST,
	 NULL},
	{"user-limit", "SECONDS", "time for each user's part (120)",
	 offsetof(struct sbk_uninstall_options, limit), 0, SBK_OPTION_NUMBER,
	 NULL},
	{SBK_TRUST_OPTION, NULL,
	 "go on although a journal is not what its log says",
	 offsetof(struct sbk_uninstall_options, trust), 0, SBK_OPTION_FLAG,
	 NULL},
	{SBK_SEEN_OPTION, "N", NULL,
	 offsetof(struct sbk_uninstall_options, seen), 0, SBK_OPTION_NUMBER,
	 NULL},
	{SBK_SEEN_KEY_OPTION, "KEY", NULL,
	 offsetof(struct sbk_uninstall_options, seen_key), 0, SBK_OPTION_TEXT,
	 NULL},
	{SBK_ERRAND_OPTION, NULL, NULL,
	 offsetof(struct sbk_uninstall_options, errand), 0, SBK_OPTION_FLAG,
	 NULL},
	{.name = NULL},
};

int sbk_uninstall_tell(struct sbk_cli *cli, struct sbk_buf *text)
{
	int code = sbk_cli_print(cli, text);

	sbk_buf_release(text);
	return code;
}

int sbk_uninstall_announce(struct sbk_cli *cli,
			   const struct sbk_uninstall_options *o,
			   struct sbk_error *err)
{
	/* Space before a JSON text is none of it. */
	const char *text = o->json	? "\n"
			   : o->dry_run ? "What uninstall would do:\n"
					: "Undoing what Sandbook changed:\n";

	return sbk_cli_announce(cli, text, err);
}

/* --- an errand, as the person that this process is ----------------------- */

static int answer_errand(const struct sbk_uninstall_options *o,
			 const struct sbk_plan *ready,
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
static int run_errand(const struct sbk_uninstall_options *o)
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

int sbk_uninstall_choose_certificate(const char *wanted,
				     struct sbk_new_file **out,
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

static int check_options(const struct sbk_uninstall_options *o,
			 struct sbk_error *err)
{
	struct sbk_person person;
	size_t i;
	int rc = 0;

	if (!sbk_os_elevated())
		return sbk_error_set(err, SBK_E_DENIED,
				     "the accounts and rules of this machine "
				     "are %s, or --user-only for your own "
				     "grants",
				     sbk_os_can_elevate()
					     ? "an administrator's: use "
					       "'sandbook uninstall', which "
					       "asks for one"
					     : "root's: use sudo");
	if (o->limit > PERSON_SECONDS_MAX)
		return sbk_error_set(err, SBK_E_INVAL,
				     "--user-limit is at most %d seconds",
				     PERSON_SECONDS_MAX);
	for (i = 0; rc == 0 && i < o->leave.count; i++)
		rc = sbk_os_person_by_name(o->leave.items[i], &person, err);
	return rc;
}

static void print_report(const struct sbk_uninstall_report *report,
			 const struct sbk_uninstall_options *o,
			 const char *certificate, struct sbk_buf *out)
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

/* Where one command remains it is that. */
static void say_owed(struct sbk_cli *cli,
		     const struct sbk_uninstall_report *report)
{
	struct sbk_buf name = SBK_BUF_INIT;

	if (report->owed == 1 && report->waiting == 1) {
		sbk_text_escape(&name, report->waits_for);
		(void)fprintf(cli->err,
			      "%s: all else is done; 'sandbook uninstall' by "
			      "'%s' finishes it\n",
			      cli->program, sbk_buf_text(&name));
	} else {
		(void)fprintf(cli->err,
			      "%s: something is owed; mend it and run this "
			      "again\n",
			      cli->program);
	}
	sbk_buf_release(&name);
}

static int finish(struct sbk_cli *cli, const struct sbk_uninstall_options *o,
		  int rc, const struct sbk_uninstall_report *report,
		  const char *certificate, const struct sbk_error *err)
{
	struct sbk_buf text = SBK_BUF_INIT;
	int code;

	if (rc < 0)
		return sbk_cli_fail(cli, err);
	print_report(report, o, certificate, &text);
	code = sbk_uninstall_tell(cli, &text);
	if (code == SBK_EXIT_OK && !o->dry_run &&
	    sbk_uninstall_verdict(report) == SBK_VERDICT_INCOMPLETE) {
		say_owed(cli, report);
		code = SBK_EXIT_INCOMPLETE;
	}
	return code;
}

static int run_machine(struct sbk_cli *cli,
		       const struct sbk_uninstall_options *o)
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
		rc = sbk_uninstall_choose_certificate(o->certificate,
						      &certificate, &err);
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
		rc = sbk_uninstall_announce(cli, o, &err);
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

/* --- the command --------------------------------------------------------- */

bool sbk_uninstall_is_setup(const struct sbk_cli *cli)
{
	return strcmp(cli->program, SBK_UNINSTALL_PROGRAM) == 0;
}

int sbk_uninstall_become_setup(struct sbk_cli *cli, int argc, char **argv)
{
	static char program[] = SBK_UNINSTALL_PROGRAM;
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
	(void)sbk_os_become_sibling(SBK_UNINSTALL_PROGRAM, words, &err);
	free(words);
	return sbk_cli_fail(cli, &err);
}

static int run(struct sbk_cli *cli, int argc, char **argv)
{
	struct sbk_uninstall_options o = {.dry_run = false};
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
		code = sbk_uninstall_run_user(cli, &o);
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
			"witness --accept USER\n--end FILE'). On Windows it "
			"then asks for an administrator, and goes on with "
			"the\nrest, whose certificate FILE is then "
			"(--user-only: it does not). What it names as\nleft "
			"after that, the same command once more finishes. "
			"What 'remediate' took out of\nother tools' grants "
			"stays out: 'sandbook undo' before, if it is to come "
			"back.\n"
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
