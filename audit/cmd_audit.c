/*
 * sandbook audit: the command lines of the six reports. Each parses its
 * options, has the report made, prints it, and answers 0 clean, 1 findings,
 * 2 incomplete.
 */
#include "audit/cmd.h"

#include <stdlib.h>

#include "audit/drift.h"
#include "audit/enrolment.h"
#include "audit/network.h"
#include "audit/residue.h"
#include "audit/scope.h"
#include "audit/ssh.h"
#include "audit/witnessed.h"
#include "engine/cli_progress.h"
#include "engine/os.h"
#include "engine/os_admin.h"

#include "engine/banned.h"

static void release_paths(struct paths *paths)
{
	size_t i;

	for (i = 0; i < paths->count; i++)
		free(paths->items[i]);
	free(paths->items);
}

static int resolve_paths(const char *const *names, size_t count,
			 struct paths *out, struct sbk_error *err)
{
	int rc = 0;

	out->items = calloc(count + 1, sizeof(*out->items));
	if (out->items == NULL)
		return sbk_error_no_memory(err);
	for (out->count = 0; rc == 0 && out->count < count;) {
		rc = sbk_os_real_path(names[out->count],
				      &out->items[out->count], err);
		if (rc == 0)
			out->count++;
	}
	return rc;
}

static int begin(struct audit *audit, int argc, char **argv, bool takes_paths)
{
	struct sbk_error *err = &audit->err;
	int operands, rc;

	rc = sbk_cli_parse(audit->cli, argc, argv, &audit->options, &operands,
			   err);
	if (rc == 0 && operands < argc && !takes_paths)
		rc = sbk_error_set(err, SBK_E_INVAL,
				   "'%s' is one word too many; see 'sandbook "
				   "audit %s --help'",
				   argv[operands], audit->cli->command->name);
	if (rc == 0)
		rc = resolve_paths((const char *const *)argv + operands,
				   (size_t)(argc - operands), &audit->roots,
				   err);
	if (rc == 0)
		rc = resolve_paths(audit->options.skip.items,
				   audit->options.skip.count, &audit->skip,
				   err);
	if (rc == 0)
		rc = sbk_os_backend(&audit->backend, err);
	if (rc == 0) {
		audit->report = sbk_report_new(audit->cli->command->name);
		if (audit->report == NULL)
			rc = sbk_error_no_memory(err);
	}
	/* What a run shows of the machine is not the machine. */
	if (rc == 0 && getenv("SANDBOOK") != NULL)
		rc = sbk_report_missed(audit->report,
				       "what is outside of this run",
				       "a run of Sandbook shows its own view "
				       "alone; ask outside of it",
				       err);
	return rc;
}

static int print(struct audit *audit)
{
	struct sbk_buf out = SBK_BUF_INIT;
	int code;

	/* The rows are out; what was not examined is told besides. */
	if (audit->options.csv) {
		sbk_report_print_coverage(audit->report, &out);
		(void)fputs(sbk_buf_text(&out), audit->cli->err); /* the exit
						code says it, too */
		sbk_buf_release(&out);
		return sbk_report_exit(audit->report);
	}
	if (audit->options.json)
		sbk_report_print_json(audit->report, &out);
	else
		sbk_report_print(audit->report, &out);
	code = sbk_buf_failed(&out, &audit->err) < 0
		       ? sbk_cli_fail(audit->cli, &audit->err)
		       : sbk_cli_print(audit->cli, &out);
	sbk_buf_release(&out);
	return code != 0 ? code : sbk_report_exit(audit->report);
}

static int finish(struct audit *audit, int rc)
{
	int code =
		rc < 0 ? sbk_cli_fail(audit->cli, &audit->err) : print(audit);

	sbk_report_free(audit->report);
	sbk_backend_close(&audit->backend);
	release_paths(&audit->roots);
	release_paths(&audit->skip);
	sbk_list_release(&audit->options.principals);
	sbk_list_release(&audit->options.skip);
	return code;
}

/* --- the six -------------------------------------------------------------- */

static int make_scope(struct audit *audit)
{
	struct sbk_subjects subjects = {.arena = SBK_ARENA_INIT};
	const struct sbk_list *names = &audit->options.principals;
	const struct sbk_scope_request request = {
		.subjects = &subjects,
		.roots = (const char *const *)audit->roots.items,
		.root_count = audit->roots.count,
		.skip = (const char *const *)audit->skip.items,
		.skip_count = audit->skip.count,
		.all = audit->options.all,
	};
	int rc = names->count > 0
			 ? sbk_subjects_named(names->items, names->count,
					      &subjects, &audit->err)
			 : sbk_subjects_ours(&subjects, &audit->err);

	if (rc == 0)
		rc = sbk_audit_scope(&audit->backend, &request, audit->report,
				     &audit->err);
	if (rc == 0 && names->count == 0)
		rc = sbk_audit_enrolment(true, audit->report, &audit->err);
	sbk_subjects_release(&subjects);
	return rc;
}

/* What only one of the scopes understands. */
static int check_scope(struct audit *audit)
{
	const struct audit_options *options = &audit->options;
	const char *wrong = NULL;

	if (options->csv && options->json)
		return sbk_error_set(&audit->err, SBK_E_INVAL,
				     "--json and --csv exclude each other");
	if (options->volume == NULL &&
	    sbk_backend_has_descriptors(&audit->backend))
		return options->all
			       ? sbk_error_set(&audit->err, SBK_E_INVAL,
					       "--all is not known here; name "
					       "a token, 'ACCOUNT+Users+"
					       "Everyone', with --principal")
			       : 0;
	if (options->volume == NULL)
		return options->csv ? sbk_error_set(&audit->err, SBK_E_INVAL,
						    "--csv goes with --volume")
				    : 0;
	if (options->all)
		wrong = "--all";
	else if (options->skip.count > 0)
		wrong = "--skip";
	else if (audit->roots.count > 0)
		wrong = "a path";
	if (wrong != NULL)
		return sbk_error_set(&audit->err, SBK_E_INVAL,
				     "%s does not go with --volume, which is "
				     "always examined as a whole",
				     wrong);
	return 0;
}

static int make_volume(struct audit *audit)
{
	struct sbk_cli_progress line;
	const struct sbk_volume_request request = {
		.path = audit->options.volume,
		.principals = audit->options.principals.items,
		.principal_count = audit->options.principals.count,
		.progress = &line.progress,
	};
	struct sbk_volume_audit volume;
	int rc;

	sbk_audit_begin_progress(audit, &line);
	rc = sbk_volume_audit(&request, audit->report, &volume, &audit->err);
	sbk_cli_progress_end(&line);
	if (rc == 0)
		rc = sbk_audit_print_rows(audit, &volume);
	sbk_volume_audit_release(&volume);
	return rc;
}

static int run_scope(struct sbk_cli *cli, int argc, char **argv)
{
	struct audit audit = {.cli = cli, .err = SBK_ERROR_INIT};
	int rc = begin(&audit, argc, argv, true);

	if (rc == 0)
		rc = check_scope(&audit);
	if (rc == 0 && audit.options.volume != NULL)
		rc = make_volume(&audit);
	else if (rc == 0 && sbk_backend_has_descriptors(&audit.backend))
		rc = sbk_audit_live_scope(&audit);
	else if (rc == 0)
		rc = make_scope(&audit);
	return finish(&audit, rc);
}

static int make_drift(struct audit *audit)
{
	/* An administrator's audit is about all journals that he can read. */
	const struct sbk_records_request request = {
		.machine = audit->options.machine || sbk_os_elevated(),
		.user = !audit->options.machine || sbk_os_elevated(),
		.backend = &audit->backend,
	};
	struct sbk_records records = {.books = NULL};
	int rc = sbk_records_load(&request, audit->report, &records,
				  &audit->err);

	if (rc == 0)
		rc = sbk_audit_drift(&audit->backend, &records, audit->report,
				     &audit->err);
	if (rc == 0 && request.machine)
		rc = sbk_audit_enrolment(false, audit->report, &audit->err);
	if (rc == 0 && request.machine)
		rc = sbk_audit_logons(&audit->backend, &records, audit->report,
				      &audit->err);
	if (rc == 0 && request.machine)
		rc = sbk_audit_set_id(&audit->backend, &records, audit->report,
				      &audit->err);
	if (rc == 0 && sbk_os_elevated())
		rc = sbk_audit_witnessed(audit->report, &audit->err);
	sbk_records_release(&records);
	return rc;
}

static int run_drift(struct sbk_cli *cli, int argc, char **argv)
{
	struct audit audit = {.cli = cli, .err = SBK_ERROR_INIT};
	int rc = begin(&audit, argc, argv, false);

	return finish(&audit, rc == 0 ? make_drift(&audit) : rc);
}

static int make_residue(struct audit *audit)
{
	const struct sbk_residue_request request = {
		.certificate = audit->options.certificate,
		.roots = (const char *const *)audit->roots.items,
		.root_count = audit->roots.count,
		.skip = (const char *const *)audit->skip.items,
		.skip_count = audit->skip.count,
	};

	return sbk_audit_residue(&audit->backend, &request, audit->report,
				 &audit->err);
}

static int run_residue(struct sbk_cli *cli, int argc, char **argv)
{
	struct audit audit = {.cli = cli, .err = SBK_ERROR_INIT};
	int rc = begin(&audit, argc, argv, true);

	if (rc == 0)
		rc = sbk_backend_has_descriptors(&audit.backend)
			     ? sbk_audit_live_residue(&audit)
			     : make_residue(&audit);
	return finish(&audit, rc);
}

static int make_ssh(struct audit *audit)
{
	struct sbk_person person;
	int rc = audit->options.user != NULL
			 ? sbk_os_person_by_name(audit->options.user, &person,
						 &audit->err)
			 : sbk_os_invoking_person(&person, &audit->err);

	if (rc == 0 && sbk_backend_has_descriptors(&audit->backend))
		return sbk_audit_live_ssh(audit, &person);
	return rc < 0 ? rc
		      : sbk_audit_ssh(&audit->backend, &person, audit->report,
				      &audit->err);
}

static int run_ssh(struct sbk_cli *cli, int argc, char **argv)
{
	struct audit audit = {.cli = cli, .err = SBK_ERROR_INIT};
	int rc = begin(&audit, argc, argv, false);

	return finish(&audit, rc == 0 ? make_ssh(&audit) : rc);
}

static int run_network(struct sbk_cli *cli, int argc, char **argv)
{
	struct audit audit = {.cli = cli, .err = SBK_ERROR_INIT};
	int rc = begin(&audit, argc, argv, false);

	if (rc == 0)
		rc = sbk_audit_network(&audit.backend, audit.report,
				       &audit.err);
	return finish(&audit, rc);
}

/* A file for the state of a volume, never over another one. */
static int save_state(struct audit *audit)
{
	struct sbk_buf bytes = SBK_BUF_INIT;
	struct sbk_cli_progress line;
	struct sbk_new_file *file = NULL;
	struct sbk_person person;
	int rc = sbk_os_invoking_person(&person, &audit->err);

	sbk_audit_begin_progress(audit, &line);
	if (rc == 0)
		rc = sbk_os_new_file_prepare(audit->options.save, &file,
					     &audit->err);
	if (rc == 0)
		rc = sbk_volume_baseline_make(audit->roots.items[0],
					      &line.progress, audit->report,
					      &bytes, &audit->err);
	sbk_cli_progress_end(&line);
	if (rc == 0) /* names of everybody's files are in it */
		rc = sbk_os_new_file_make(file, bytes.data, bytes.size, &person,
					  true, &audit->err);
	sbk_os_new_file_free(file);
	sbk_buf_release(&bytes);
	return rc;
}

static int run_compare(struct sbk_cli *cli, int argc, char **argv)
{
	struct audit audit = {.cli = cli, .err = SBK_ERROR_INIT};
	struct sbk_cli_progress line;
	int rc = begin(&audit, argc, argv, true);

	if (rc == 0 && audit.options.save != NULL) {
		if (audit.roots.count == 1)
			rc = save_state(&audit);
		else
			rc = sbk_error_set(&audit.err, SBK_E_INVAL,
					   "name one volume to save");
		return finish(&audit, rc);
	}
	if (rc == 0 && audit.roots.count != 2)
		rc = sbk_error_set(&audit.err, SBK_E_INVAL,
				   "name two volumes: the state before, and "
				   "the state after");
	sbk_audit_begin_progress(&audit, &line);
	if (rc == 0)
		rc = sbk_volume_compare(audit.roots.items[0],
					audit.roots.items[1], &line.progress,
					audit.report, &audit.err);
	sbk_cli_progress_end(&line);
	return finish(&audit, rc);
}

/* Without a subcommand there is only help. */
static int run_none(struct sbk_cli *cli, int argc, char **argv)
{
	struct sbk_error err = SBK_ERROR_INIT;
	int operands;

	if (sbk_cli_parse(cli, argc, argv, NULL, &operands, &err) == 0)
		(void)sbk_error_set(&err, SBK_E_INVAL,
				    "say which report: scope, drift, residue, "
				    "ssh, network or compare");
	return sbk_cli_fail(cli, &err);
}

/* --- tables --------------------------------------------------------------- */

#define OPTION_JSON                                             \
	{                                                       \
		.name = "json", .help = "print JSON",           \
		.offset = offsetof(struct audit_options, json), \
		.type = SBK_OPTION_FLAG,                        \
	}
#define OPTION_SKIP                                                       \
	{                                                                 \
		.name = "skip", .argument = "PATH",                       \
		.help = "leave this mount or directory out (repeatable)", \
		.offset = offsetof(struct audit_options, skip),           \
		.type = SBK_OPTION_LIST,                                  \
	}
#define EXIT_CODES "Exit: 0 clean, 1 findings, 2 incomplete (not clean).\n\n"

static const struct sbk_option scope_options[] = {
	{.name = "principal",
	 .argument = "NAME",
	 .help = "account, number or group:NAME (default: Sandbook's own)",
	 .offset = offsetof(struct audit_options, principals),
	 .type = SBK_OPTION_LIST},
	{.name = "volume",
	 .argument = "PATH",
	 .help = "a Windows volume: its image, device, or mount point",
	 .offset = offsetof(struct audit_options, volume),
	 .type = SBK_OPTION_TEXT},
	{.name = "csv",
	 .help = "print rows (with --volume)",
	 .offset = offsetof(struct audit_options, csv),
	 .type = SBK_OPTION_FLAG},
	{.name = "all",
	 .help = "also what everybody may do",
	 .offset = offsetof(struct audit_options, all),
	 .type = SBK_OPTION_FLAG},
	OPTION_SKIP,
	OPTION_JSON,
	{.name = NULL},
};

static const struct sbk_option drift_options[] = {
	{.name = "machine",
	 .help = "the machine's journal instead of yours",
	 .offset = offsetof(struct audit_options, machine),
	 .type = SBK_OPTION_FLAG},
	OPTION_JSON,
	{.name = NULL},
};

static const struct sbk_option residue_options[] = {
	{.name = "certificate",
	 .argument = "FILE",
	 .help = "an uninstall's certificate: look for what it names",
	 .offset = offsetof(struct audit_options, certificate),
	 .type = SBK_OPTION_TEXT},
	OPTION_SKIP,
	OPTION_JSON,
	{.name = NULL},
};

static const struct sbk_option ssh_options[] = {
	{.name = "user",
	 .argument = "NAME",
	 .help = "whose ~/.ssh (default: yours)",
	 .offset = offsetof(struct audit_options, user),
	 .type = SBK_OPTION_TEXT},
	OPTION_JSON,
	{.name = NULL},
};

static const struct sbk_option network_options[] = {
	OPTION_JSON,
	{.name = NULL},
};

static const struct sbk_option compare_options[] = {
	{.name = "save",
	 .argument = "FILE",
	 .help = "keep the state of one volume in a new file instead",
	 .offset = offsetof(struct audit_options, save),
	 .type = SBK_OPTION_TEXT},
	OPTION_JSON,
	{.name = NULL},
};

static const struct sbk_command subcommands[] = {
	{.name = "scope",
	 .usage = "[options] [PATH...]",
	 .summary = "what a principal may read and write",
	 .help = "Looks at every object (below PATH, or on all local volumes) "
		 "and says where a\nprincipal's right begins, how many objects "
		 "it covers, whether they can be\nreached, which sensitive "
		 "places and files with secrets are\namong them, which "
		 "grants no journal knows, and who else may become an "
		 "account\nof Sandbook. The host is asked, not the "
		 "journal.\n\n"
		 "With --volume, a Windows volume is read from the outside and "
		 "never written; each\ndistinct descriptor is judged once. A "
		 "principal is a SID, a name, or tool:codex;\nA+B is one "
		 "token, "
		 "of a user and groups, A+B/R+S one that is write-restricted\n"
		 "to R and S. Without one, the SIDs that nobody on the volume "
		 "has, those of other tools,\nand where Everyone may write, as "
		 "each run may there. On Windows session:N is the token\nof a "
		 "run of yours.\n\n" EXIT_CODES "Examples:\n"
		 "  sudo sandbook audit scope\n"
		 "  sandbook audit scope --volume C.img --principal "
		 "tool:codex\n"
		 "  sandbook audit scope --principal www-data ~/project\n",
	 .options = scope_options,
	 .run = run_scope},
	{.name = "drift",
	 .usage = "[options]",
	 .summary = "what differs from what the journal says was left",
	 .help = "Compares each object that a standing change is about with "
		 "the state in which\nit was left: missing, altered, replaced, "
		 "gone. What is owed of an undo is drift,\ntoo. Yours by "
		 "default, the machine's with --machine, all as root. "
		 "The\nmachine's part says, too, what others put around the "
		 "accounts: lines of\nsubordinate ids, members, numbers, a "
		 "set-id bit that no record knows.\n\n" EXIT_CODES "Example:\n"
		 "  sudo sandbook audit drift --json\n",
	 .options = drift_options,
	 .run = run_drift},
	{.name = "residue",
	 .usage = "[options] [PATH...]",
	 .summary = "anything that still names a principal of Sandbook",
	 .help = "Searches access entries, owners, the account files and their "
		 "copies, the\nfirewall, processes and files of Sandbook for "
		 "the names and numbers of every\nprincipal that the host, the "
		 "machine's journal or a certificate knows.\n\n" EXIT_CODES
		 "Example: is anything left after an uninstall?\n"
		 "  sudo sandbook audit residue --certificate cert.json\n",
	 .options = residue_options,
	 .run = run_residue},
	{.name = "ssh",
	 .usage = "[options]",
	 .summary = "~/.ssh against OpenSSH's own rules",
	 .help = "Checks owners and modes of private keys, configuration and "
		 "authorized_keys, and\nof the directories above, as ssh and "
		 "sshd do, and names the ACL entry behind a\nmode that they "
		 "refuse.\n\n" EXIT_CODES "Example:\n"
		 "  sandbook audit ssh\n",
	 .options = ssh_options,
	 .run = run_ssh},
	{.name = "network",
	 .usage = "[options]",
	 .summary = "whether the firewall rule is there and does its work",
	 .help = "Compares the firewall table with what setup made, and sends "
		 "packets to a\nlistener of its own under each account: those "
		 "of an offline account must be\nrefused at once, those of an "
		 "online one must get through. Needs root; on\nWindows it "
		 "tries the caller's own accounts, with any "
		 "rights.\n\n" EXIT_CODES "Example:\n"
		 "  sudo sandbook audit network\n",
	 .options = network_options,
	 .run = run_network},
	{.name = "compare",
	 .usage = "[options] BEFORE AFTER | --save FILE VOLUME",
	 .summary = "what differs between two states of a Windows volume",
	 .help = "Two images (or devices, or mount points) of one NTFS volume: "
		 "every descriptor,\nowner and name that differs, every object "
		 "that came or went, rolled up to where\nthat begins. Whether "
		 "an uninstall was clean, whatever product it is "
		 "of.\n\n" EXIT_CODES "Example:\n"
		 "  sandbook audit compare before.img after.img\n",
	 .options = compare_options,
	 .run = run_compare},
	{.name = NULL},
};

const struct sbk_command sbk_audit_commands[] = {
	{.name = "audit",
	 .usage = "scope|drift|residue|ssh|network|compare [options]",
	 .summary = "what the machine itself says",
	 .help = "Every report has findings and a coverage. Clean needs both: "
		 "no finding, and\nnothing that could not be "
		 "examined.\n\n" EXIT_CODES "Example:\n"
		 "  sudo sandbook audit scope --json\n",
	 .run = run_none,
	 .subcommands = subcommands},
	{.name = NULL},
};
