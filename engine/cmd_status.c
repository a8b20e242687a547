/*
 * sandbook status: what this machine can guarantee, proved by trying it, and
 * what of Sandbook is installed. Changes nothing.
 */
#include "engine/json.h"
#include "engine/os.h"
#include "engine/run.h"

#include "engine/banned.h"

struct status_arguments {
	struct sbk_run_options options;
	bool json, net, loopback;
};

static const struct sbk_option options[] = {
	{.name = "json",
	 .help = "print JSON",
	 .offset = offsetof(struct status_arguments, json),
	 .type = SBK_OPTION_FLAG},
	{.name = "net",
	 .help = "for runs with the machine's network",
	 .offset = offsetof(struct status_arguments, net),
	 .type = SBK_OPTION_FLAG},
	{.name = "loopback",
	 .help = "for runs with a loopback of their own",
	 .offset = offsetof(struct status_arguments, loopback),
	 .type = SBK_OPTION_FLAG},
	{.name = "test-no-namespaces",
	 .help = "for tests: as if the system had no namespaces",
	 .offset = offsetof(struct status_arguments, options) +
		   offsetof(struct sbk_run_options, test_no_namespaces),
	 .type = SBK_OPTION_FLAG},
	{.name = NULL},
};

static void print_text(const struct sbk_carriers *carriers,
		       enum sbk_network network, bool installed,
		       struct sbk_buf *out)
{
	int i;

	sbk_buf_printf(out,
		       "What a run guarantees on this machine (network: "
		       "%s), as just tried:\n\n",
		       sbk_network_name(network));
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
	if (installed)
		sbk_buf_printf(out,
			       "Accounts and rules: '%s' holds the "
			       "machine's journal\n",
			       sbk_os_machine_directory());
	else
		sbk_buf_adds(out, "Accounts and rules: not set up ('sandbook "
				  "setup'); runs do not need them\n");
}

static void print_json(const struct sbk_carriers *carriers,
		       enum sbk_network network, bool installed,
		       struct sbk_buf *out)
{
	sbk_json_open(out, '{');
	sbk_json_string(out, "network", sbk_network_name(network));
	sbk_carriers_print_json(carriers, out);
	sbk_json_bool(out, "namespaces", carriers->namespaces);
	sbk_json_integer(out, "landlock_abi", carriers->landlock_abi);
	sbk_json_bool(out, "seccomp", carriers->seccomp);
	sbk_json_bool(out, "installed", installed);
	sbk_json_close(out, '}');
	sbk_buf_addc(out, '\n');
}

static int run_status(struct sbk_cli *cli, int argc, char **argv)
{
	struct status_arguments arguments = {.json = false};
	enum sbk_network network = SBK_NETWORK_OFF;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf out = SBK_BUF_INIT;
	struct sbk_carriers carriers;
	int operands, rc;
	bool installed;

	rc = sbk_cli_parse(cli, argc, argv, &arguments, &operands, &err);
	if (rc == 0 && operands < argc)
		rc = sbk_error_set(&err, SBK_E_INVAL,
				   "'%s' is one word too many", argv[operands]);
	if (arguments.loopback)
		network = SBK_NETWORK_LOOPBACK;
	if (arguments.net)
		network = SBK_NETWORK_ON;
	if (rc == 0)
		rc = sbk_carriers_probe(&arguments.options, network, &carriers,
					&err);
	if (rc < 0)
		return sbk_cli_fail(cli, &err);
	installed = sbk_run_name_exists(sbk_os_machine_directory());
	if (arguments.json)
		print_json(&carriers, network, installed, &out);
	else
		print_text(&carriers, network, installed, &out);
	rc = sbk_cli_print(cli, &out);
	sbk_buf_release(&out);
	return rc;
}

const struct sbk_command sbk_command_status = {
	.name = "status",
	.usage = "[options]",
	.summary = "what is installed, and what runs guarantee here",
	.help = "Tries each mechanism in a process of its own and prints "
		"which guarantees of a run\nhave a carrier on this machine.\n\n"
		"Example:\n"
		"  sandbook status --json",
	.options = options,
	.run = run_status,
};
