/*
 * sandbook status: what this machine can guarantee, proved by trying it, what
 * of Sandbook is installed, and what the journals say is owed. Changes
 * nothing. What cannot be looked at is said with the reason, and is no
 * failure of the command.
 */
#include "engine/status.h"

#include <stdlib.h>

#include "engine/json.h"
#include "engine/os.h"

#include "engine/banned.h"

/* One journal, as far as it can be read. */
struct book_status {
	const char *name;
	bool present;
	uint64_t owed;		/* of a readable one */
	struct sbk_error error; /* .code SBK_OK: readable */
};

struct status {
	struct sbk_carriers carriers;
	enum sbk_network network;
	bool installed; /* the machine's directory is there */
	struct sbk_principals principals;
	struct sbk_error principals_error;
	struct sbk_status_report system;
	struct book_status books[2];
};

struct status_arguments {
	struct sbk_run_options options;
	bool json, net, loopback;
};

static const struct sbk_option options[] = {
	{.name = "net",
	 .help = "for runs with the machine's network",
	 .offset = offsetof(struct status_arguments, net),
	 .type = SBK_OPTION_FLAG},
	{.name = "loopback",
	 .help = "for runs with a loopback of their own",
	 .offset = offsetof(struct status_arguments, loopback),
	 .type = SBK_OPTION_FLAG},
	{.name = "json",
	 .help = "print JSON",
	 .offset = offsetof(struct status_arguments, json),
	 .type = SBK_OPTION_FLAG},
	{.name = "test-no-namespaces",
	 /* For tests: as if the system had no namespaces. */
	 .offset = offsetof(struct status_arguments, options) +
		   offsetof(struct sbk_run_options, test_no_namespaces),
	 .type = SBK_OPTION_FLAG},
	{.name = NULL},
};

static void look_at_book(struct sbk_cli *cli, enum sbk_book book,
			 const char *name, struct book_status *out)
{
	const struct sbk_ledger *ledger = &cli->ledger;
	int rc;

	sbk_error_clear(&out->error);
	out->name = name;
	rc = ledger->ops->owed(ledger->self, book, &out->owed, &out->error);
	out->present = rc != SBK_E_NOTFOUND;
	if (!out->present)
		sbk_error_clear(&out->error);
}

static int look(struct sbk_cli *cli, struct status *status,
		struct sbk_error *err)
{
	const char *machine = sbk_os_machine_directory();
	const struct sbk_status_asked asked = {.ledger = &cli->ledger,
					       .network = status->network,
					       .principals =
						       &status->principals,
					       .carriers = &status->carriers};

	status->installed = machine != NULL && sbk_run_name_exists(machine);
	sbk_error_clear(&status->principals_error);
	/* Its error is kept, and printed. */
	(void)sbk_principals_find(&status->principals,
				  &status->principals_error);
	look_at_book(cli, SBK_BOOK_MACHINE, "machine", &status->books[0]);
	look_at_book(cli, SBK_BOOK_USER, "user", &status->books[1]);
	status->system.accounts = calloc(status->principals.count + 1,
					 sizeof(*status->system.accounts));
	return status->system.accounts == NULL
		       ? sbk_error_no_memory(err)
		       : sbk_status_system(&asked, &status->system, err);
}

static void release_said(struct sbk_status_said *said)
{
	sbk_buf_release(&said->text);
	sbk_buf_release(&said->members);
}

static void release(struct status *status)
{
	size_t i;

	for (i = 0; i < SBK_STATUS_PLACES; i++)
		release_said(&status->system.places[i]);
	for (i = 0;
	     status->system.accounts != NULL && i < status->principals.count;
	     i++)
		release_said(&status->system.accounts[i]);
	free(status->system.accounts);
	sbk_principals_release(&status->principals);
}

/* --- for people ----------------------------------------------------------- */

static void add_text(const struct sbk_status_said *said, struct sbk_buf *out)
{
	sbk_buf_add(out, sbk_buf_text(&said->text), said->text.size);
}

static void print_guarantees(const struct status *status, struct sbk_buf *out)
{
	const struct sbk_carriers *carriers = &status->carriers;
	int i;

	sbk_buf_printf(out,
		       "What a run guarantees on this machine (network: "
		       "%s), %s:\n\n",
		       sbk_network_name(status->network), status->system.known);
	for (i = 0; i < SBK_GUARANTEE_COUNT; i++) {
		enum sbk_guarantee guarantee = (enum sbk_guarantee)i;
		bool carried = carriers->names[i][0] != '\0';

		sbk_buf_printf(out, "  %-14s %s\n  %-14s %s%s\n",
			       sbk_guarantee_name(guarantee),
			       sbk_guarantee_meaning(guarantee), "",
			       carried ? "by " : "NOTHING CARRIES IT: ",
			       carried ? carriers->names[i]
				       : carriers->missing[i]);
	}
	add_text(&status->system.places[SBK_STATUS_OF_RUNS], out);
}

static void print_installed(const struct status *status, struct sbk_buf *out)
{
	size_t i;

	if (status->principals_error.code != SBK_OK)
		sbk_buf_printf(out, "Accounts: cannot be looked at: %s\n",
			       status->principals_error.message);
	else if (status->principals.count == 0)
		sbk_buf_printf(out,
			       "Accounts: none ('sandbook setup' makes them; "
			       "%s)\n",
			       sbk_os_admin.is_sudo
				       ? "runs do not need them"
				       : "without them a run needs "
					 "--best-effort");
	else
		sbk_buf_adds(out, "Accounts:\n");
	for (i = 0; i < status->principals.count; i++) {
		const struct sbk_principal *item = &status->principals.items[i];
		char person[SBK_OWNER_WORDS];

		sbk_buf_printf(out, "  %-24s %s, %s", item->name, item->id,
			       sbk_principal_role_name(item->role));
		if (item->role != SBK_PRINCIPAL_GROUP)
			sbk_buf_printf(out, " of %s",
				       sbk_owner_words(&item->person, person));
		sbk_buf_addc(out, '\n');
		add_text(&status->system.accounts[i], out);
	}
	add_text(&status->system.places[SBK_STATUS_OF_WALLS], out);
}

static void print_book(const struct book_status *book, struct sbk_buf *out)
{
	sbk_buf_printf(out, "Journal (%s): ", book->name);
	if (!book->present)
		sbk_buf_adds(out, "none");
	else if (book->error.code == SBK_E_CORRUPT)
		sbk_buf_printf(out, "DAMAGED: %s", book->error.message);
	else if (book->error.code != SBK_OK)
		sbk_buf_printf(out, "CANNOT BE READ: %s", book->error.message);
	else if (book->owed > 0)
		sbk_buf_printf(out,
			       "readable, %llu owed (could not be undone yet; "
			       "see 'sandbook journal log')",
			       (unsigned long long)book->owed);
	else
		sbk_buf_adds(out, "readable, nothing owed");
	sbk_buf_addc(out, '\n');
}

static void print_text(const struct status *status, struct sbk_buf *out)
{
	print_guarantees(status, out);
	print_installed(status, out);
	print_book(&status->books[0], out);
	add_text(&status->system.places[SBK_STATUS_OF_MACHINE_BOOK], out);
	print_book(&status->books[1], out);
	add_text(&status->system.places[SBK_STATUS_OF_USER_BOOK], out);
}

/* --- for programs --------------------------------------------------------- */

/* Into the object that is open. */
static void add_members(const struct sbk_status_said *said, struct sbk_buf *out)
{
	if (said->members.size == 0)
		return;
	if (out->size > 0 && out->data[out->size - 1] != '{')
		sbk_buf_addc(out, ',');
	sbk_buf_add(out, said->members.data, said->members.size);
}

static void print_json_book(const struct book_status *book,
			    const struct sbk_status_said *more,
			    struct sbk_buf *out)
{
	sbk_json_open_key(out, book->name, '{');
	sbk_json_bool(out, "present", book->present);
	sbk_json_bool(out, "readable",
		      book->present && book->error.code == SBK_OK);
	if (book->error.code != SBK_OK)
		sbk_json_string(out, "diagnosis", book->error.message);
	else if (book->present)
		sbk_json_integer(out, "owed", (int64_t)book->owed);
	add_members(more, out);
	sbk_json_close(out, '}');
}

static void print_json_accounts(const struct status *status,
				struct sbk_buf *out)
{
	size_t i;

	sbk_json_open_key(out, "accounts", '[');
	for (i = 0; i < status->principals.count; i++) {
		const struct sbk_principal *item = &status->principals.items[i];

		sbk_json_open(out, '{');
		sbk_json_string(out, "id", item->id);
		sbk_json_string(out, "name", item->name);
		sbk_json_string(out, "role",
				sbk_principal_role_name(item->role));
		if (item->role != SBK_PRINCIPAL_GROUP)
			sbk_json_owner(out, "person", &item->person);
		add_members(&status->system.accounts[i], out);
		sbk_json_close(out, '}');
	}
	sbk_json_close(out, ']');
	if (status->principals_error.code != SBK_OK)
		sbk_json_string(out, "accounts_unknown",
				status->principals_error.message);
}

static void print_json(const struct status *status, struct sbk_buf *out)
{
	const struct sbk_status_said *places = status->system.places;

	sbk_json_open(out, '{');
	sbk_json_string(out, "network", sbk_network_name(status->network));
	sbk_carriers_print_json(&status->carriers, out);
	add_members(&places[SBK_STATUS_OF_RUNS], out);
	sbk_json_bool(out, "installed", status->installed);
	print_json_accounts(status, out);
	add_members(&places[SBK_STATUS_OF_WALLS], out);
	sbk_json_open_key(out, "journals", '{');
	print_json_book(&status->books[0], &places[SBK_STATUS_OF_MACHINE_BOOK],
			out);
	print_json_book(&status->books[1], &places[SBK_STATUS_OF_USER_BOOK],
			out);
	sbk_json_close(out, '}');
	sbk_json_close(out, '}');
	sbk_buf_addc(out, '\n');
}

static int run_status(struct sbk_cli *cli, int argc, char **argv)
{
	struct status_arguments arguments = {.json = false};
	struct status status = {.network = SBK_NETWORK_OFF};
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf out = SBK_BUF_INIT;
	int operands, rc;

	rc = sbk_cli_parse(cli, argc, argv, &arguments, &operands, &err);
	if (rc == 0 && operands < argc)
		rc = sbk_error_set(&err, SBK_E_INVAL,
				   "'%s' is one word too many", argv[operands]);
	if (arguments.loopback)
		status.network = SBK_NETWORK_LOOPBACK;
	if (arguments.net)
		status.network = SBK_NETWORK_ON;
	if (rc == 0)
		rc = sbk_carriers_probe(&arguments.options, status.network,
					&status.carriers, &err);
	if (rc == 0)
		rc = look(cli, &status, &err);
	if (rc == 0 && arguments.json)
		print_json(&status, &out);
	else if (rc == 0)
		print_text(&status, &out);
	rc = rc < 0 ? sbk_cli_fail(cli, &err) : sbk_cli_print(cli, &out);
	release(&status);
	sbk_buf_release(&out);
	return rc;
}

const struct sbk_command sbk_command_status = {
	.name = "status",
	.usage = "[options]",
	.summary = "what is installed, and what runs guarantee here",
	.help = "Tries each mechanism in a process of its own and prints "
		"which guarantees of\na run have a carrier on this machine, "
		"on Windows also in which modes a run can\nbegin; then the "
		"accounts that are installed and how what the firewall has for "
		"them\nstands, and whether the journals can be read and what "
		"they still owe.\n\n"
		"Example:\n"
		"  sandbook status --net\n",
	.options = options,
	.run = run_status,
};
