/*
 * sandbook hand-back: gives the person what the account made in the granted
 * roots of runs. Each run does that by itself when it ends, by starting this;
 * by hand it is for what a killed run left.
 */
#include "engine/hand_back.h"

#include "engine/json.h"

#include "engine/banned.h"

struct hand_back_options {
	uint64_t session;
	bool quiet;
};

/* What one call says, which is handed on through a pipe. */
struct total {
	size_t given, left, sessions;
	size_t forgotten; /* sessions of an account that is gone */
};

/* In the process with the power over both. */
struct work {
	struct sbk_cli *cli;
	const struct hand_back_options *options;
	const struct sbk_hand_back_account *account;
};

static const struct sbk_option options[] = {
	{.name = "session",
	 .argument = "N",
	 .help = "also for this run, which is ending (a run says so itself)",
	 .offset = offsetof(struct hand_back_options, session),
	 .type = SBK_OPTION_NUMBER},
	{.name = "quiet",
	 .letter = 'q',
	 .help = "no notes on stderr; failures are still said",
	 .offset = offsetof(struct hand_back_options, quiet),
	 .type = SBK_OPTION_FLAG},
	{.name = NULL},
};

static void say_left(const struct work *work,
		     const struct sbk_hand_back_left *left)
{
	if (left->count > 0)
		sbk_cli_say(
			work->cli,
			"warning: %zu %s the account's, among them '%s': "
			"%s",
			left->count,
			sbk_plural(left->count, "object stays", "objects stay"),
			left->first, left->why);
}

static int hand_back(void *arg, void *answer, struct sbk_error *err)
{
	const struct work *work = arg;
	const struct sbk_ledger *ledger = &work->cli->ledger;
	struct sbk_hand_back_report report;
	struct sbk_backend backend = {.ops = NULL};
	struct sbk_hand_back who = {.backend = &backend,
				    .account = work->account};
	const struct sbk_hand_back_request request = {
		.session = work->options->session,
		.account = work->account->owner,
		.find = sbk_hand_back_find,
		.arg = &who,
	};
	struct total *total = answer;
	int rc = sbk_os_caller(&who.person, err);

	if (rc == 0)
		rc = sbk_os_backend(&backend, err);
	if (rc == 0) {
		rc = ledger->ops->hand_back(ledger->self, &backend, &request,
					    &report, err);
		say_left(work, &report.left);
		*total = (struct total){.given = report.given,
					.left = report.left.count,
					.sessions = report.sessions};
	}
	sbk_backend_close(&backend);
	return rc;
}

/* One account: a namespace is made only where a session owes something. */
static int hand_back_of(struct sbk_cli *cli, const struct hand_back_options *o,
			const struct sbk_hand_back_account *account,
			struct total *sum, struct sbk_error *err)
{
	const struct sbk_hand_back_request count = {.session = o->session,
						    .account = account->owner};
	struct work work = {.cli = cli, .options = o, .account = account};
	struct sbk_hand_back_report report;
	struct total total = {.given = 0};
	int rc = cli->ledger.ops->hand_back(cli->ledger.self, NULL, &count,
					    &report, err);

	if (rc < 0 || report.sessions == 0)
		return rc;
	rc = sbk_hand_back_within(&account->owner, hand_back, &work, &total,
				  sizeof(total), err);
	sum->given += total.given;
	sum->left += total.left;
	sum->sessions += report.sessions;
	return rc;
}

/* Ends the dead sessions of accounts that the person has not any more. */
static int forget(struct sbk_cli *cli,
		  const struct sbk_hand_back_account *accounts, size_t count,
		  size_t *forgotten, struct sbk_error *err)
{
	struct sbk_owner owners[2];
	const struct sbk_hand_back_request request = {.accounts = owners,
						      .account_count = count};
	struct sbk_hand_back_report report;
	size_t i;
	int rc;

	for (i = 0; i < count; i++)
		owners[i] = accounts[i].owner;
	rc = cli->ledger.ops->hand_back(cli->ledger.self, NULL, &request,
					&report, err);

	*forgotten = report.sessions;
	return rc;
}

static int hand_back_all(struct sbk_cli *cli, const struct hand_back_options *o,
			 struct total *sum, struct sbk_error *err)
{
	struct sbk_hand_back_account accounts[2];
	size_t count, i;
	int rc = sbk_hand_back_accounts(accounts, &count, err);

	/* Only by hand: where a home is shared with another system, that one's
	 * account database does not know the account either. */
	if (rc == 0 && o->session == 0 && !o->quiet)
		rc = forget(cli, accounts, count, &sum->forgotten, err);
	for (i = 0; rc == 0 && i < count; i++)
		rc = hand_back_of(cli, o, &accounts[i], sum, err);
	return rc;
}

static int run_hand_back(struct sbk_cli *cli, int argc, char **argv)
{
	struct hand_back_options into = {.session = 0};
	struct total sum = {.given = 0};
	struct sbk_error err = SBK_ERROR_INIT;
	int operands;
	int rc = sbk_cli_parse(cli, argc, argv, &into, &operands, &err);

	if (rc == 0 && operands < argc)
		rc = sbk_error_set(&err, SBK_E_INVAL,
				   "'%s' is one word too many; see --help",
				   argv[operands]);
	if (rc == 0)
		rc = hand_back_all(cli, &into, &sum, &err);
	if (rc < 0)
		return sbk_cli_fail(cli, &err);
	if (!into.quiet && into.session == 0)
		fprintf(cli->out, "%zu %s handed back, for %zu %s.\n",
			sum.given,
			sbk_plural(sum.given, "object was", "objects were"),
			sum.sessions,
			sbk_plural(sum.sessions, "run that died",
				   "runs that died"));
	if (sum.forgotten > 0)
		fprintf(cli->out,
			"%zu %s by an account that you do not have any more; "
			"what it left is for root to give "
			"('sandbook audit residue').\n",
			sum.forgotten,
			sbk_plural(sum.forgotten, "run that died was",
				   "runs that died were"));
	/* A run has heard of what is left for good, and has ended well. */
	return sum.left > 0 && into.session == 0 ? SBK_EXIT_INCOMPLETE
						 : SBK_EXIT_OK;
}

const struct sbk_command sbk_command_hand_back = {
	.name = "hand-back",
	.usage = "[options]",
	.summary = "take what a killed run left to its account",
	.help = "Gives you the files that your sandbox account made in the "
		"roots of runs with\n--grant acl. Each such run does that when "
		"it ends; this is for one that was\nkilled. What is given is "
		"recorded in your journal before. A file with a name\n"
		"outside those roots stays the account's and is named (exit "
		"code 207).\n\n"
		"Example: after a crash\n"
		"  sandbook hand-back\n",
	.options = options,
	.run = run_hand_back,
};
