/*
 * sandbook status: what this machine can guarantee, proved by trying it, what
 * of Sandbook is installed, and what the journals say is owed. Changes
 * nothing. What cannot be looked at is said with the reason, and is no
 * failure of the command.
 */
#include "engine/json.h"
#include "engine/os.h"
#include "engine/principals.h"
#include "engine/run.h"

#include "engine/banned.h"

/* One journal, as far as it can be read. */
struct book_status {
	const char *name;
	bool present;
	uint64_t owed;		/* of a readable one */
	struct sbk_error error; /* .code SBK_OK: readable */
};

enum table_status { TABLE_PRESENT, TABLE_ABSENT, TABLE_UNKNOWN };

struct status {
	struct sbk_carriers carriers;
	enum sbk_network network;
	bool installed; /* the machine's directory is there */
	struct sbk_principals principals;
	struct sbk_error principals_error;
	enum table_status table;
	struct sbk_error table_error;
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

/* The rules themselves; whether they work is for `audit network`. */
static void look_at_table(struct status *status)
{
	const struct sbk_object table = {.kind = SBK_KIND_FIREWALL,
					 .name = sbk_principals_table()};
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	struct sbk_backend backend = {.ops = NULL};
	int rc;

	sbk_error_clear(&status->table_error);
	rc = sbk_os_backend(&backend, &status->table_error);
	if (rc == 0)
		rc = sbk_backend_observe(&backend, &table, &seen,
					 &status->table_error);
	if (rc < 0)
		status->table = TABLE_UNKNOWN;
	else
		status->table =
			seen.state.size == 0 ? TABLE_ABSENT : TABLE_PRESENT;
	sbk_observation_release(&seen);
	sbk_backend_close(&backend);
}

static void look(struct sbk_cli *cli, struct status *status)
{
	status->installed = sbk_run_name_exists(sbk_os_machine_directory());
	sbk_error_clear(&status->principals_error);
	/* Its error is kept, and printed. */
	(void)sbk_principals_find(&status->principals,
				  &status->principals_error);
	look_at_table(status);
	look_at_book(cli, SBK_BOOK_MACHINE, "machine", &status->books[0]);
	look_at_book(cli, SBK_BOOK_USER, "user", &status->books[1]);
}

static void print_guarantees(const struct status *status, struct sbk_buf *out)
{
	const struct sbk_carriers *carriers = &status->carriers;
	int i;

	sbk_buf_printf(out,
		       "What a run guarantees on this machine (network: "
		       "%s), as just tried:\n\n",
		       sbk_network_name(status->network));
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
	sbk_buf_printf(out, "\nLandlock ABI %d%s\n", carriers->landlock_abi,
		       carriers->landlock_abi == 0 ? " (not available)" : "");
	sbk_buf_adds(out, "Limits: " SBK_RUN_MEMORY_MEANING "\n");
}

static void print_table(const struct status *status, struct sbk_buf *out)
{
	static const char *const words[] = {
		[TABLE_PRESENT] = "is loaded",
		[TABLE_ABSENT] = "is not loaded",
		[TABLE_UNKNOWN] = "cannot be looked at: ",
	};

	sbk_buf_printf(out, "Firewall: the table '%s' %s%s\n",
		       sbk_principals_table(), words[status->table],
		       status->table == TABLE_UNKNOWN
			       ? status->table_error.message
			       : "");
}

static void print_installed(const struct status *status, struct sbk_buf *out)
{
	size_t i;

	if (status->principals_error.code != SBK_OK)
		sbk_buf_printf(out, "Accounts: cannot be looked at: %s\n",
			       status->principals_error.message);
	else if (status->principals.count == 0)
		sbk_buf_adds(out, "Accounts: none ('sandbook setup' makes "
				  "them; runs do not need them)\n");
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
	}
	if (status->principals.count > 0 || status->table == TABLE_PRESENT)
		print_table(status, out);
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
	print_book(&status->books[1], out);
}

static void print_json_book(const struct book_status *book, struct sbk_buf *out)
{
	sbk_json_open_key(out, book->name, '{');
	sbk_json_bool(out, "present", book->present);
	sbk_json_bool(out, "readable",
		      book->present && book->error.code == SBK_OK);
	if (book->error.code != SBK_OK)
		sbk_json_string(out, "diagnosis", book->error.message);
	else if (book->present)
		sbk_json_integer(out, "owed", (int64_t)book->owed);
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
		sbk_json_close(out, '}');
	}
	sbk_json_close(out, ']');
	if (status->principals_error.code != SBK_OK)
		sbk_json_string(out, "accounts_unknown",
				status->principals_error.message);
}

static void print_json(const struct status *status, struct sbk_buf *out)
{
	const struct sbk_carriers *carriers = &status->carriers;

	sbk_json_open(out, '{');
	sbk_json_string(out, "network", sbk_network_name(status->network));
	sbk_carriers_print_json(carriers, out);
	sbk_json_bool(out, "namespaces", carriers->namespaces);
	sbk_json_integer(out, "landlock_abi", carriers->landlock_abi);
	sbk_json_bool(out, "seccomp", carriers->seccomp);
	sbk_json_string(out, "memory_limit", "per process");
	sbk_json_bool(out, "installed", status->installed);
	print_json_accounts(status, out);
	if (status->table == TABLE_UNKNOWN)
		sbk_json_string(out, "firewall_table_unknown",
				status->table_error.message);
	else
		sbk_json_bool(out, "firewall_table",
			      status->table == TABLE_PRESENT);
	sbk_json_open_key(out, "journals", '{');
	print_json_book(&status->books[0], out);
	print_json_book(&status->books[1], out);
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
	if (rc < 0)
		return sbk_cli_fail(cli, &err);
	look(cli, &status);
	if (arguments.json)
		print_json(&status, &out);
	else
		print_text(&status, &out);
	rc = sbk_cli_print(cli, &out);
	sbk_principals_release(&status.principals);
	sbk_buf_release(&out);
	return rc;
}

const struct sbk_command sbk_command_status = {
	.name = "status",
	.usage = "[options]",
	.summary = "what is installed, and what runs guarantee here",
	.help = "Tries each mechanism in a process of its own and prints "
		"which guarantees of\na run have a carrier on this machine; "
		"then the accounts and the firewall table\nthat are "
		"installed, and whether the journals can be read and what they "
		"still owe.\n\n"
		"Example:\n"
		"  sandbook status --net\n",
	.options = options,
	.run = run_status,
};
