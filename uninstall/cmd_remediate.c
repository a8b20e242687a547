/*
 * sandbook remediate: from the words to what became of it. The work on the
 * volume is remediate.c's, the transaction is the journal's.
 */
#include "uninstall/remediate.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/cli_progress.h"
#include "engine/json.h"
#include "engine/os.h"
#include "uninstall/internal.h"

#include "engine/banned.h"

#define LEFT_PRINTED 10 /* objects */

struct remediate_options {
	const char *volume;
	struct sbk_list principals;
	bool dry_run, yes, json;
};

/* Paths of the command line, resolved. */
struct remediate_roots {
	char **items;
	size_t count;
};

static const struct sbk_option options[] = {
	{"volume", "MOUNT",
	 "where ntfs-3g has mounted the Windows volume (on Linux)",
	 offsetof(struct remediate_options, volume), 0, SBK_OPTION_TEXT, NULL},
	{"principal", "WHO",
	 "a SID, a name, tool:codex, tool:srt, tool:mxc (repeatable)",
	 offsetof(struct remediate_options, principals), 0, SBK_OPTION_LIST,
	 NULL},
	{"dry-run", NULL, "print what would be done; touch nothing",
	 offsetof(struct remediate_options, dry_run), 'n', SBK_OPTION_FLAG,
	 NULL},
	{"yes", NULL, "do not ask", offsetof(struct remediate_options, yes),
	 'y', SBK_OPTION_FLAG, NULL},
	{"json", NULL, "print JSON", offsetof(struct remediate_options, json),
	 0, SBK_OPTION_FLAG, NULL},
	{.name = NULL},
};

struct remediate {
	struct sbk_cli *cli;
	struct remediate_options options;
	struct sbk_backend backend;
	struct remediate_roots roots;
	struct sbk_remediation work;
	struct sbk_plan *plan;
	bool planned_again; /* another command was faster */
	struct sbk_transaction_report report;
};

/* The running system where rights are NT descriptors, else a volume. */
static bool is_live(const struct remediate *m)
{
	return sbk_backend_has_descriptors(&m->backend);
}

static int check_options(const struct remediate *m, int argc, char **argv,
			 struct sbk_error *err)
{
	const struct remediate_options *o = &m->options;

	if (argc > 0 && !is_live(m))
		return sbk_error_set(err, SBK_E_INVAL,
				     "'%s' is one word too many; see --help",
				     argv[0]);
	if (o->volume == NULL && !is_live(m))
		return sbk_error_set(err, SBK_E_INVAL,
				     "say which volume with --volume MOUNT");
	if (o->volume != NULL && is_live(m))
		return sbk_error_set(err, SBK_E_INVAL,
				     "--volume is for a volume that another "
				     "system has mounted; here name paths, or "
				     "none for all of this machine");
	if (o->principals.count == 0)
		return sbk_error_set(
			err, SBK_E_INVAL,
			"say whose entries go with --principal; 'sandbook "
			"audit scope%s' tells who is there",
			is_live(m) ? "" : " --volume");
	return 0;
}

static int resolve_roots(struct remediate *m, int argc, char **argv,
			 struct sbk_error *err)
{
	struct remediate_roots *roots = &m->roots;
	int rc = 0;

	roots->items = calloc((size_t)argc + 1, sizeof(*roots->items));
	if (roots->items == NULL)
		return sbk_error_no_memory(err);
	while (rc == 0 && roots->count < (size_t)argc) {
		rc = sbk_os_real_path(argv[roots->count],
				      &roots->items[roots->count], err);
		if (rc == 0)
			roots->count++;
	}
	return rc;
}

/* What an interrupted command left, before anything is planned on it. */
static int settle_first(struct remediate *m, struct sbk_error *err)
{
	const struct sbk_ledger *ledger = &m->cli->ledger;
	size_t settled = 0;
	int rc = ledger->ops->recover(ledger->self, &m->backend, SBK_BOOK_USER,
				      &settled, err);

	if (rc == 0 && settled > 0)
		(void)fprintf(m->cli->err,
			      "%s: an interrupted command had left %zu %s, "
			      "settled first\n",
			      m->cli->program, settled,
			      sbk_plural(settled, "change", "changes"));
	return rc;
}

static bool is_owed_here(void *arg, const struct sbk_change *change)
{
	const struct remediate *m = arg;
	struct sbk_volume_identity identity;

	if (change->object.kind != SBK_KIND_DESCRIPTOR ||
	    change->status != SBK_STATUS_OWED)
		return false;
	if (m->work.is_live)
		return true;
	return change->object.identity != NULL &&
	       sbk_volume_identity_parse(change->object.identity, &identity) &&
	       identity.serial == m->work.volume.serial;
}

/*
 * An interrupted command's changes whose volume was away when they were
 * settled are owed their undo. It is here now: they are undone, so that what is
 * planned is the whole of it, in one transaction.
 */
static int settle_owed(struct remediate *m, struct sbk_error *err)
{
	const struct sbk_ledger *ledger = &m->cli->ledger;
	const struct sbk_take_back_request request = {
		.book = SBK_BOOK_USER,
		.title = "remediate: what an interrupted one owes",
		.is_wanted = is_owed_here,
		.arg = m,
	};
	struct sbk_transaction_report report;

	return ledger->ops->take_back(ledger->self, &m->backend, &request,
				      &report, err);
}

/* One look at the volume, which may take a while. */
static int look(struct remediate *m, struct sbk_plan *plan,
		struct sbk_error *err)
{
	struct sbk_cli_progress line;
	int rc;

	sbk_cli_progress_begin(&line, m->cli, !m->options.json);
	m->work.progress = &line.progress;
	rc = sbk_remediation_plan(&m->work, plan, err);
	m->work.progress = NULL;
	sbk_cli_progress_end(&line);
	return rc;
}

static int plan_now(struct remediate *m, struct sbk_error *err)
{
	int rc;

	m->plan = sbk_plan_new();
	if (m->plan == NULL)
		return sbk_error_no_memory(err);
	rc = look(m, m->plan, err);
	return rc < 0 ? rc : sbk_remediation_notes(&m->work, m->plan, err);
}

static int plan_again(void *arg, struct sbk_plan **plan, struct sbk_error *err)
{
	struct remediate *m = arg;
	int rc;

	sbk_plan_free(m->plan);
	m->plan = NULL;
	m->planned_again = true;
	rc = plan_now(m, err);
	*plan = m->plan;
	return rc;
}

/* What came in meanwhile; and, when it finds nothing, the proof. */
static int look_again(void *arg, struct sbk_plan *plan, struct sbk_error *err)
{
	struct remediate *m = arg;

	return look(m, plan, err);
}

static int init_work(struct remediate *m, struct sbk_error *err)
{
	const struct remediate_options *o = &m->options;
	const struct sbk_list *who = &o->principals;

	if (!is_live(m))
		return sbk_remediation_init(&m->work, &m->backend, o->volume,
					    who->items, who->count, err);
	return sbk_remediation_init_live(
		&m->work, &m->backend, (const char *const *)m->roots.items,
		m->roots.count, who->items, who->count, err);
}

static int make_plan(struct remediate *m, struct sbk_error *err)
{
	const struct remediate_options *o = &m->options;
	int rc = o->dry_run ? 0 : settle_first(m, err);

	if (rc == 0)
		rc = init_work(m, err);
	if (rc == 0 && m->work.volume.read_only && !o->dry_run)
		rc = sbk_error_set(err, SBK_E_UNSUPPORTED,
				   "the volume at '%s' is mounted read-only; "
				   "mount it for writing, or look with "
				   "--dry-run",
				   m->work.volume.point);
	if (rc == 0 && !o->dry_run)
		rc = settle_owed(m, err);
	return rc == 0 ? plan_now(m, err) : rc;
}

static int carry_out(struct remediate *m, struct sbk_error *err)
{
	const struct sbk_ledger *ledger = &m->cli->ledger;
	struct sbk_buf title = SBK_BUF_INIT;
	struct sbk_transaction_request request = {
		.book = SBK_BOOK_USER,
		.more = look_again,
		.more_arg = m,
		.again = plan_again,
		.again_arg = m,
	};
	size_t i;
	int rc;

	sbk_buf_adds(&title, "remediate");
	if (!m->work.is_live) {
		sbk_buf_adds(&title, " --volume ");
		sbk_text_quote(&title, m->work.volume.point);
	}
	for (i = 0; i < m->options.principals.count; i++) {
		sbk_buf_adds(&title, " --principal ");
		sbk_text_quote(&title, m->options.principals.items[i]);
	}
	request.title = sbk_buf_text(&title);
	rc = sbk_buf_failed(&title, err);
	if (rc == 0)
		rc = ledger->ops->transact(ledger->self, &m->backend, &request,
					   m->plan, &m->report, err);
	sbk_buf_release(&title);
	return rc;
}

/* --- what is told --------------------------------------------------------- */

static bool is_incomplete(const struct remediate *m)
{
	return m->work.seen.left > 0 || m->work.seen.missed > 0;
}

static void json_begin(struct remediate *m, struct sbk_buf *out)
{
	const struct sbk_remediation *work = &m->work;
	struct sbk_sid_text text;
	size_t i;

	sbk_json_open(out, '{');
	if (!work->is_live)
		sbk_json_name(out, "volume", work->volume.point);
	sbk_json_bool(out, "dry_run", m->options.dry_run);
	sbk_json_open_key(out, "principals", '[');
	for (i = 0; i < work->count; i++) {
		sbk_json_open(out, '{');
		sbk_json_string(
			out, "sid",
			sbk_sid_format(&work->principals[i].sid, &text));
		sbk_json_name(out, "label", work->principals[i].label);
		if (work->principals[i].evidence != NULL)
			sbk_json_name(out, "evidence",
				      work->principals[i].evidence);
		sbk_json_close(out, '}');
	}
	sbk_json_close(out, ']');
	sbk_json_integer(out, "objects", (int64_t)work->seen.objects);
	sbk_json_integer(out, "entries", (int64_t)work->seen.entries);
	sbk_json_integer(out, "inherited", (int64_t)work->seen.inherited);
	sbk_json_integer(out, "denies", (int64_t)work->seen.denies);
	sbk_json_integer(out, "owners", (int64_t)work->seen.owners);
	sbk_json_key(out, "plan");
	sbk_plan_print_json(m->plan, out);
}

/* All of them, as far as they are kept: "left" is how many there are. */
static void json_left(const struct sbk_remediation *work, struct sbk_buf *out)
{
	size_t i;

	sbk_json_open_key(out, "left_objects", '[');
	for (i = 0; i < work->left_count; i++) {
		sbk_json_open(out, '{');
		sbk_json_name(out, "path", work->left[i].path);
		sbk_json_name(out, "why", work->left[i].why);
		sbk_json_close(out, '}');
	}
	sbk_json_close(out, ']');
}

/* The rest of the object that was begun with the plan. */
static void json_end(struct remediate *m, int rc, const struct sbk_error *err,
		     struct sbk_buf *out)
{
	const struct sbk_remediation_seen *seen = &m->work.seen;
	struct sbk_buf members = SBK_BUF_INIT;

	sbk_json_integer(&members, "examined", (int64_t)seen->examined);
	sbk_json_integer(&members, "left", (int64_t)seen->left);
	json_left(&m->work, &members);
	sbk_json_integer(&members, "unreadable", (int64_t)seen->missed);
	if (rc < 0) {
		sbk_json_string(&members, "failed", err->message);
	} else if (!m->options.dry_run) {
		sbk_json_integer(&members, "transaction",
				 (int64_t)m->report.transaction);
		sbk_json_integer(&members, "confirmed",
				 (int64_t)m->report.made.confirmed);
		sbk_json_bool(&members, "planned_again", m->planned_again);
		sbk_json_bool(&members, "clean", !is_incomplete(m));
	}
	sbk_buf_addc(out, ',');
	sbk_buf_adds(out, sbk_buf_text(&members));
	sbk_buf_adds(out, "}\n");
	sbk_buf_release(&members);
}

static void print_left(const struct sbk_remediation *work, struct sbk_buf *out)
{
	size_t i;

	if (work->seen.left > 0)
		sbk_buf_printf(
			out, "Left: %" PRIu64 " %s\n", work->seen.left,
			sbk_plural(work->seen.left, "object", "objects"));
	for (i = 0; i < work->left_count && i < LEFT_PRINTED; i++) {
		sbk_buf_adds(out, "  ");
		sbk_text_escape(out, work->left[i].path);
		sbk_buf_adds(out, ": ");
		sbk_text_escape(out, work->left[i].why);
		sbk_buf_addc(out, '\n');
	}
	if (work->seen.left > i)
		sbk_buf_printf(out,
			       "  and %" PRIu64 " more; --json has %s%zu\n",
			       work->seen.left - i,
			       work->seen.left > work->left_count ? "the first "
								  : "all ",
			       work->left_count);
}

static void print_end(struct remediate *m, struct sbk_buf *out)
{
	const struct sbk_remediation_seen *seen = &m->work.seen;
	const size_t made = m->report.made.confirmed;

	if (m->options.dry_run) {
		sbk_buf_adds(out, "Nothing was changed (--dry-run).\n");
		return;
	}
	if (m->planned_again)
		sbk_buf_adds(out, "Another command had changed something "
				  "meanwhile, so the plan was made again.\n");
	if (made == 0)
		sbk_buf_adds(out, "Nothing had to be changed.\n");
	else
		sbk_buf_printf(
			out,
			"Taken out: %zu %s made, read back and flushed, "
			"transaction %llu of your journal.\n"
			"'sandbook undo --transaction %llu' puts %s back, "
			"byte for byte.\n",
			made, sbk_plural(made, "change", "changes"),
			(unsigned long long)m->report.transaction,
			(unsigned long long)m->report.transaction,
			sbk_plural(made, "it", "them"));
	if (!is_incomplete(m))
		sbk_buf_printf(
			out,
			"Looked at again: no DACL of %" PRIu64
			" objects has an entry for them, and they own none.\n",
			seen->examined);
	print_left(&m->work, out);
	if (seen->missed > 0) {
		sbk_buf_printf(out,
			       "Not examined: %" PRIu64 " %s, the first "
			       "is ",
			       seen->missed,
			       sbk_plural(seen->missed, "place", "places"));
		sbk_text_escape(out, seen->first_missed);
		sbk_buf_addc(out, '\n');
	}
}

static int show_plan(struct remediate *m)
{
	struct sbk_buf out = SBK_BUF_INIT;
	int code;

	if (m->options.json)
		json_begin(m, &out);
	else
		sbk_plan_print(m->plan, &out);
	code = sbk_cli_print(m->cli, &out);
	sbk_buf_release(&out);
	return code;
}

static int show_end(struct remediate *m, int rc, const struct sbk_error *err)
{
	struct sbk_buf out = SBK_BUF_INIT;
	int code;

	if (m->options.json)
		json_end(m, rc, err, &out);
	else if (rc == 0)
		print_end(m, &out);
	code = sbk_cli_print(m->cli, &out);
	sbk_buf_release(&out);
	return code;
}

static int remediate(struct remediate *m, struct sbk_error *err)
{
	int rc = make_plan(m, err), code;

	if (rc < 0)
		return rc;
	code = show_plan(m);
	if (code != SBK_EXIT_OK)
		return code; /* nobody saw the plan: nothing is made */
	if (!m->options.dry_run) {
		if (sbk_plan_count(m->plan) > 0)
			rc = sbk_cli_ask(m->cli, "Take these out?",
					 m->options.yes, err);
		if (rc == 0)
			rc = carry_out(m, err);
	}
	code = show_end(m, rc, err);
	sbk_cli_tell_record(m->cli, SBK_BOOK_USER, &m->report);
	if (rc < 0)
		return rc;
	if (code == SBK_EXIT_OK && is_incomplete(m) && !m->options.dry_run)
		code = SBK_EXIT_INCOMPLETE;
	return code;
}

static int run(struct sbk_cli *cli, int argc, char **argv)
{
	struct remediate m = {.cli = cli};
	struct sbk_error err = SBK_ERROR_INIT;
	int operands = 0;
	int rc = sbk_cli_parse(cli, argc, argv, &m.options, &operands, &err);

	if (rc == 0)
		rc = sbk_os_backend(&m.backend, &err);
	if (rc == 0)
		rc = check_options(&m, argc - operands, argv + operands, &err);
	if (rc == 0)
		rc = resolve_roots(&m, argc - operands, argv + operands, &err);
	if (rc < 0)
		rc = sbk_cli_fail(cli, &err);
	else if (!is_live(&m) && !sbk_uninstall_is_setup(cli) &&
		 sbk_os_elevated())
		rc = sbk_uninstall_become_setup(cli, argc, argv);
	else if ((rc = remediate(&m, &err)) < 0)
		rc = sbk_cli_fail(cli, &err);
	sbk_plan_free(m.plan);
	sbk_remediation_release(&m.work);
	sbk_backend_close(&m.backend);
	sbk_list_release(&m.options.principals);
	while (m.roots.count > 0)
		free(m.roots.items[--m.roots.count]);
	free(m.roots.items);
	return rc;
}

const struct sbk_command sbk_remediate_commands[] = {
	{
		.name = "remediate",
		.usage = "[--volume MOUNT] --principal WHO [options] [PATH...]",
		.summary = "take what a sandbox left out of a Windows volume",
		.help = "Takes each entry that names WHO, explicit or "
			"inherited, allow or deny, out of the\ndescriptors of "
			"a mounted Windows volume, and gives what WHO owns to "
			"the owner of the\ndirectory that holds it. Nothing "
			"else is touched. The plan is printed first; every\n"
			"change is recorded in your journal before it is made, "
			"read back and flushed, and\nthe volume is looked at "
			"again until nothing is left. WHO is chosen as by\n"
			"'audit scope --volume'.\n\n"
			"The volume has to be mounted by ntfs-3g, whole:\n"
			"  ntfs-3g -o permissions,streams_interface=windows "
			"/dev/sdb2 /mnt\n"
			"On Windows it is of the running system: below PATH, "
			"or of all local volumes, and\nthen of its accounts, "
			"which are disabled, user rights, groups and lists, "
			"too. What\ncannot be put back by undo is left, and "
			"told.\n\n"
			"An object that others changed since is not put back "
			"by undo, but reported.\n\n"
			"Exit codes: 0 nothing is left, or --dry-run; 207 "
			"something could not be read or\nchanged and may name "
			"WHO still; 202 the volume cannot be written exactly "
			"as it\nis mounted.\n\n"
			"Example:\n"
			"  sudo sandbook remediate --volume /mnt --principal "
			"tool:codex --dry-run\n"
			"  sudo sandbook remediate --volume /mnt --principal "
			"tool:codex\n"
			"  sudo sandbook undo --transaction 1\n",
		.options = options,
		.run = run,
	},
	{.name = NULL},
};
