/*
 * sandbook grant: entries for a sandbox principal on trees of the caller's.
 * Plans, prints the plan, and carries it out under the caller's journal; it
 * does not ask, since `undo` takes all of it back.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/cli.h"
#include "engine/cli_progress.h"
#include "engine/json.h"
#include "engine/ledger.h"
#include "engine/limits.h"
#include "engine/os.h"
#include "engine/os_census.h"
#include "engine/plan_grant.h"
#include "engine/principal_id.h"

#include "engine/banned.h"

#define RUNS "runs" /* see is_for_runs */

struct grant_options {
	const char *to;
	struct sbk_list rw, ro, deny;
	bool dry_run, json, yes;
};

static const struct sbk_option options[] = {
	{.name = "to",
	 .argument = "PRINCIPAL",
	 .help = "an account, group:NAME, number; on Windows a SID or "
		 "'runs'",
	 .offset = offsetof(struct grant_options, to),
	 .type = SBK_OPTION_TEXT},
	{.name = "rw",
	 .argument = "PATH",
	 .help = "grant reading and writing PATH and what is below it",
	 .offset = offsetof(struct grant_options, rw),
	 .type = SBK_OPTION_LIST},
	{.name = "ro",
	 .argument = "PATH",
	 .help = "grant reading PATH and what is below it",
	 .offset = offsetof(struct grant_options, ro),
	 .type = SBK_OPTION_LIST},
	{.name = "deny",
	 .argument = "PATH",
	 .help = "leave out PATH and what is below it",
	 .offset = offsetof(struct grant_options, deny),
	 .type = SBK_OPTION_LIST},
	{.name = "dry-run",
	 .letter = 'n',
	 .help = "print the plan and change nothing",
	 .offset = offsetof(struct grant_options, dry_run),
	 .type = SBK_OPTION_FLAG},
	{.name = "json",
	 .help = "print JSON",
	 .offset = offsetof(struct grant_options, json),
	 .type = SBK_OPTION_FLAG},
	{.name = "yes",
	 .letter = 'y',
	 .help = "for scripts; grant asks nothing anyway",
	 .offset = offsetof(struct grant_options, yes),
	 .type = SBK_OPTION_FLAG},
	{.name = NULL},
};

/* What one command needs from the parsed words to the end. */
struct granting {
	struct sbk_cli *cli;
	bool planned_again; /* another command was faster */
	struct grant_options options;
	struct sbk_person person;
	char principal[SBK_PRINCIPAL_TEXT];
	bool is_nobody; /* no account has it */
	const char **paths;
	size_t path_count;
	struct sbk_grant_request request;
	struct sbk_root_principals own; /* the roots' */
	struct sbk_backend backend;
	struct sbk_grant *grant;
	struct sbk_plan *in_effect;
	struct sbk_plan *plan;
	struct sbk_transaction_report report;
};

static int collect_paths(struct granting *g, int count, char **operands,
			 struct sbk_error *err)
{
	const struct sbk_list *list =
		g->options.rw.count > 0 ? &g->options.rw : &g->options.ro;
	size_t i;

	if (g->options.to == NULL)
		return sbk_error_set(err, SBK_E_INVAL,
				     "say who gets the right with --to");
	if (g->options.rw.count > 0 && g->options.ro.count > 0)
		return sbk_error_set(err, SBK_E_INVAL,
				     "--rw and --ro do not mix; grant one "
				     "after the other");
	if (list->count == 0)
		return sbk_error_set(err, SBK_E_INVAL,
				     "say what is granted with --rw PATH or "
				     "--ro PATH");
	g->paths = calloc(list->count + (size_t)count, sizeof(*g->paths));
	if (g->paths == NULL)
		return sbk_error_no_memory(err);
	for (i = 0; i < list->count; i++)
		g->paths[g->path_count++] = list->items[i];
	for (; count > 0; count--, operands++)
		g->paths[g->path_count++] = *operands;
	return 0;
}

/*
 * What an interrupted command left is settled before the plan is made from
 * what the objects are: recovery takes back what the plan would build on.
 */
static int settle_first(struct sbk_cli *cli, struct granting *g,
			struct sbk_error *err)
{
	size_t settled = 0;
	int rc;

	if (g->options.dry_run)
		return 0;
	rc = cli->ledger.ops->recover(cli->ledger.self, &g->backend,
				      SBK_BOOK_USER, &settled, err);
	if (rc == 0 && settled > 0)
		(void)fprintf(cli->err,
			      "%s: an interrupted command had left %zu %s, "
			      "settled first\n",
			      cli->program, settled,
			      sbk_plural(settled, "change", "changes"));
	return rc;
}

/*
 * Root and the caller have what they would get. A number that nobody has may
 * be another machine's, or a container's; whoever gets it later has the grant.
 */
static int check_principal(struct granting *g, struct sbk_error *err)
{
	char name[SBK_NAME_MAX];
	struct sbk_principal_id id = {.number = UINT32_MAX};
	int rc;

	/* Where people have no numbers, what names them is the text. */
	if (g->person.uid == UINT32_MAX)
		id.is_group = strcmp(g->principal, g->person.id.text) != 0;
	else if (sbk_principal_parse(g->principal, &id, err) < 0)
		return SBK_E_INVAL;
	if (id.is_group)
		return 0;
	if (id.number == 0)
		return sbk_error_set(err, SBK_E_INVAL,
				     "root needs no grant: no entry of an ACL "
				     "holds it back");
	if (id.number == g->person.uid)
		return sbk_error_set(err, SBK_E_INVAL,
				     "'%s' is yourself, who has an owner's "
				     "rights already; name the account that is "
				     "to get the right",
				     g->options.to);
	rc = sbk_os_principal_name(g->principal, name, sizeof(name), err);
	g->is_nobody = rc == 0 && name[0] == '\0';
	return rc;
}

static int add_note(struct granting *g, struct sbk_error *err)
{
	if (!g->is_nobody)
		return 0;
	return sbk_plan_add_note(g->plan, err,
				 "no account here has the number of '%s'; who "
				 "gets it later has the right",
				 g->options.to);
}

/*
 * A run may write where it and its account may, so a writable root's own
 * principal is granted the same; RUNS is that one alone, for runs without an
 * account.
 */
static bool is_for_runs(const struct granting *g)
{
	return sbk_root_principals_used && strcmp(g->options.to, RUNS) == 0;
}

static int list_in_effect(struct sbk_cli *cli, struct granting *g,
			  struct sbk_error *err)
{
	g->in_effect = sbk_plan_new();
	if (g->in_effect == NULL)
		return sbk_error_no_memory(err);
	return sbk_root_principals_granted(&cli->ledger,
					   is_for_runs(g) ? NULL : g->principal,
					   g->in_effect, err);
}

/* What the objects and the journal are now. */
static int plan_now(struct granting *g, struct sbk_error *err)
{
	int rc = list_in_effect(g->cli, g, err);

	if (rc < 0)
		return rc;
	g->request = (struct sbk_grant_request){
		.person = &g->person,
		.principal = is_for_runs(g) ? NULL : g->principal,
		.principal_name = g->options.to,
		.root_principals = g->options.rw.count > 0 ? &g->own : NULL,
		.rights = g->options.rw.count > 0 ? SBK_RIGHTS_WRITE
						  : SBK_RIGHTS_READ,
		.paths = g->paths,
		.path_count = g->path_count,
		.denied = g->options.deny.items,
		.denied_count = g->options.deny.count,
		.in_effect = g->in_effect,
	};
	g->plan = sbk_plan_new();
	if (g->plan == NULL)
		return sbk_error_no_memory(err);
	rc = sbk_grant_new(&g->backend, &g->request, &g->grant, err);
	if (rc == 0)
		rc = sbk_grant_plan(g->grant, g->plan, err);
	return rc < 0 ? rc : add_note(g, err);
}

static void forget_plan(struct granting *g)
{
	sbk_grant_free(g->grant);
	sbk_plan_free(g->plan);
	sbk_plan_free(g->in_effect);
	g->grant = NULL;
	g->plan = NULL;
	g->in_effect = NULL;
}

/* Another command has changed the trees since the plan was made. */
static int plan_again(void *arg, struct sbk_plan **plan, struct sbk_error *err)
{
	struct granting *g = arg;
	int rc;

	forget_plan(g);
	g->planned_again = true;
	rc = plan_now(g, err);
	*plan = g->plan;
	return rc;
}

/* The grant is another one where the plan was made again. */
static int more(void *arg, struct sbk_plan *plan, struct sbk_error *err)
{
	struct granting *g = arg;

	return sbk_grant_more(g->grant, plan, err);
}

static int make_plan(struct granting *g, struct sbk_error *err)
{
	int rc = sbk_os_caller(&g->person, err);

	if (rc == 0 && is_for_runs(g) && g->options.rw.count == 0)
		rc = sbk_error_set(err, SBK_E_INVAL,
				   "runs without an account read whatever you "
				   "may read; --rw is what can be granted");
	else if (rc == 0 && !is_for_runs(g))
		rc = sbk_os_principal(g->options.to, g->principal, err);
	if (rc == 0 && !is_for_runs(g))
		rc = check_principal(g, err);
	if (rc == 0)
		rc = sbk_os_backend(&g->backend, err);
	g->own = (struct sbk_root_principals){.ledger = &g->cli->ledger,
					      .backend = &g->backend};
	if (rc == 0)
		rc = settle_first(g->cli, g, err);
	return rc == 0 ? plan_now(g, err) : rc;
}

/* Nothing of the grant is refused any more; it is planned again after this. */
static int make_room(struct granting *g, struct sbk_error *err)
{
	struct sbk_root_principals room = {.ledger = g->own.ledger,
					   .backend = g->own.backend};
	int rc = sbk_root_principals_make_room(&room, g->paths, g->path_count,
					       err);

	sbk_root_principals_release(&room);
	return rc;
}

static int carry_out(struct sbk_cli *cli, struct granting *g,
		     struct sbk_error *err)
{
	struct sbk_buf title = SBK_BUF_INIT;
	struct sbk_transaction_request request = {
		.book = SBK_BOOK_USER,
		.more = more,
		.more_arg = g,
		.again = plan_again,
		.again_arg = g,
	};
	struct sbk_cli_progress line = {.out = NULL};
	size_t i;
	int rc;

	/* It is filled anew where the plan is made again. */
	request.mark = sbk_root_principals_mark(&g->own);
	sbk_buf_adds(&title, "grant --to ");
	sbk_text_quote(&title, g->options.to);
	sbk_buf_adds(&title, g->options.rw.count > 0 ? " --rw" : " --ro");
	for (i = 0; i < g->path_count; i++) {
		sbk_buf_addc(&title, ' ');
		sbk_text_quote(&title, g->paths[i]);
	}
	for (i = 0; i < g->options.deny.count; i++) {
		sbk_buf_adds(&title, " --deny ");
		sbk_text_quote(&title, g->options.deny.items[i]);
	}
	request.title = sbk_buf_text(&title);
	request.progress = &line.progress;
	rc = sbk_buf_failed(&title, err);
	if (rc == 0 && g->own.needs_room)
		rc = make_room(g, err);
	if (rc == 0)
		rc = sbk_cli_changes_begin(&line, cli, !g->options.json, err);
	if (rc == 0)
		rc = cli->ledger.ops->transact(cli->ledger.self, &g->backend,
					       &request, g->plan, &g->report,
					       err);
	sbk_cli_changes_end(&line);
	sbk_buf_release(&title);
	return rc;
}

/* The object is begun with the plan and ended with what became of it. */
static void print_json_plan(struct granting *g, struct sbk_buf *out)
{
	sbk_json_open(out, '{');
	sbk_json_string(out, "principal", is_for_runs(g) ? RUNS : g->principal);
	sbk_json_bool(out, "dry_run", g->options.dry_run);
	sbk_json_key(out, "plan");
	sbk_plan_print_json(g->plan, out);
}

static void print_json_end(struct granting *g, int rc,
			   const struct sbk_error *err, struct sbk_buf *out)
{
	struct sbk_buf members = SBK_BUF_INIT;

	if (rc < 0) {
		sbk_json_string(&members, "failed", err->message);
	} else if (!g->options.dry_run) {
		sbk_json_integer(&members, "transaction",
				 (int64_t)g->report.transaction);
		sbk_json_integer(&members, "confirmed",
				 (int64_t)g->report.made.confirmed);
		sbk_json_bool(&members, "planned_again", g->planned_again);
	}
	if (members.size > 0)
		sbk_buf_addc(out, ',');
	sbk_buf_adds(out, sbk_buf_text(&members));
	sbk_buf_adds(out, "}\n");
	sbk_buf_release(&members);
}

static void print_end(struct granting *g, struct sbk_buf *out)
{
	if (g->planned_again) {
		sbk_buf_adds(out, "Another command had changed something there "
				  "meanwhile; this is what was done:\n");
		sbk_plan_print(g->plan, out);
	}
	if (g->options.dry_run)
		sbk_buf_adds(out, "Nothing was changed (--dry-run).\n");
	else if (g->report.made.confirmed == 0)
		sbk_buf_adds(out, "Nothing had to be changed.\n");
	else
		sbk_buf_printf(
			out,
			"Granted: %zu %s made and flushed, "
			"transaction %llu of your journal.\n"
			"'sandbook undo --path PATH' takes %s back.\n",
			g->report.made.confirmed,
			sbk_plural(g->report.made.confirmed, "change",
				   "changes"),
			(unsigned long long)g->report.transaction,
			sbk_plural(g->report.made.confirmed, "it", "them"));
}

static int grant(struct sbk_cli *cli, struct granting *g, struct sbk_error *err)
{
	struct sbk_buf out = SBK_BUF_INIT;
	int rc = make_plan(g, err), code;

	if (rc < 0)
		return rc;
	if (g->options.json)
		print_json_plan(g, &out);
	else
		sbk_plan_print(g->plan, &out);
	code = sbk_cli_print(cli, &out);
	sbk_buf_clear(&out);
	if (code != 0)
		goto out; /* nobody saw the plan: nothing is made */
	if (!g->options.dry_run)
		rc = carry_out(cli, g, err);
	if (g->options.json)
		print_json_end(g, rc, err, &out);
	else if (rc == 0)
		print_end(g, &out);
	code = sbk_cli_print(cli, &out);
	sbk_cli_tell_record(cli, SBK_BOOK_USER, &g->report);
out:
	sbk_buf_release(&out);
	return rc < 0 ? rc : code;
}

static void release(struct granting *g)
{
	forget_plan(g);
	sbk_root_principals_release(&g->own);
	sbk_backend_close(&g->backend);
	sbk_list_release(&g->options.rw);
	sbk_list_release(&g->options.ro);
	sbk_list_release(&g->options.deny);
	free(g->paths);
}

static int run_grant(struct sbk_cli *cli, int argc, char **argv)
{
	struct granting g = {.cli = cli};
	struct sbk_error err = SBK_ERROR_INIT;
	int operands, rc;

	rc = sbk_cli_parse(cli, argc, argv, &g.options, &operands, &err);
	if (rc == 0)
		rc = collect_paths(&g, argc - operands, argv + operands, &err);
	if (rc == 0)
		rc = grant(cli, &g, &err);
	if (rc < 0)
		rc = sbk_cli_fail(cli, &err);
	release(&g);
	return rc;
}

const struct sbk_command sbk_command_grant = {
	.name = "grant",
	.usage = "--to PRINCIPAL --rw|--ro PATH [--deny PATH] [PATH...]",
	.summary = "give a sandbox principal a right on trees of yours",
	.help = "Adds an ACL entry for PRINCIPAL to each object of the trees, "
		"after recording it\nin your journal. The plan is printed "
		"first. Sensitive paths are left out,\nprotected names (.git "
		"and the like) and files with hard links elsewhere are\n"
		"granted for reading only. Whatever runs under the account "
		"has the right, not only runs.\n"
		"Files that mostly hold secrets (keys, .env, tokens) are named "
		"with the plan and\ngranted with the rest: --deny leaves one "
		"out.\n\n"
		"Example: let your offline account build in a project, and "
		"take it back\n"
		"  sandbook grant --to sandbook-1000-off --rw ~/project\n"
		"  sandbook undo --path ~/project\n",
	.options = options,
	.run = run_grant,
};
