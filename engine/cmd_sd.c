/*
 * sandbook sd: explains, checks and compares security descriptors of Windows,
 * on any system. Reads what is named, prints, and changes nothing. Whatever is
 * wrong with an input is the command line's fault (200), and an SDDL string or
 * a list of rights gets a caret below the byte that is wrong.
 */
#include "engine/sd_command.h"

#include <stdio.h>
#include <string.h>

#include "engine/json.h"
#include "engine/limits.h"
#include "engine/os.h"

#include "engine/banned.h"

/* Answers of `check` and `diff`: as audit has them, and diff(1). */
enum answer_exit { ANSWER_YES = 0, ANSWER_NO = 1, ANSWER_UNDECIDED = 2 };

struct sd_options {
	const char *object, *machine, *domain, *token;
	bool json, backup;
};

/* What the options mean; `sddl` points into the same struct. */
struct context {
	struct sd_options given;
	enum sbk_nt_object object;
	struct sbk_sid machine, domain;
	struct sbk_sddl_options sddl;
};

#define COMMON_OPTIONS                                              \
	{.name = "domain",                                          \
	 .argument = "SID",                                         \
	 .help = "of the domain: what DA, DU, ... stand for",       \
	 .offset = offsetof(struct sd_options, domain),             \
	 .type = SBK_OPTION_TEXT},                                  \
		{.name = "json",                                    \
		 .help = "print JSON",                              \
		 .offset = offsetof(struct sd_options, json),       \
		 .type = SBK_OPTION_FLAG},                          \
	{                                                           \
		.name = "machine", .argument = "SID",               \
		.help = "of the machine: what LA and LG stand for", \
		.offset = offsetof(struct sd_options, machine),     \
		.type = SBK_OPTION_TEXT                             \
	}

#define OBJECT_OPTION                                          \
	{                                                      \
		.name = "object", .argument = "KIND",          \
		.help = "file (default), directory or key",    \
		.offset = offsetof(struct sd_options, object), \
		.type = SBK_OPTION_TEXT                        \
	}

static const struct sbk_option explain_options[] = {
	COMMON_OPTIONS, OBJECT_OPTION, {.name = NULL}};
static const struct sbk_option diff_options[] = {COMMON_OPTIONS,
						 {.name = NULL}};
static const struct sbk_option check_options[] = {
	{.name = "backup-intent",
	 .help = "opened for backup or restore: those privileges count",
	 .offset = offsetof(struct sd_options, backup),
	 .type = SBK_OPTION_FLAG},
	COMMON_OPTIONS,
	OBJECT_OPTION,
	{.name = "token",
	 .argument = "FILE",
	 .help = "who asks, as JSON; '-' is standard input",
	 .offset = offsetof(struct sd_options, token),
	 .type = SBK_OPTION_TEXT},
	{.name = NULL}};

static int read_object(const char *name, enum sbk_nt_object *out,
		       struct sbk_error *err)
{
	static const char *const names[] = {
		[SBK_NT_FILE] = "file",
		[SBK_NT_DIRECTORY] = "directory",
		[SBK_NT_KEY] = "key",
	};
	unsigned i;

	*out = SBK_NT_FILE;
	if (name == NULL)
		return 0;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], name) == 0) {
			*out = (enum sbk_nt_object)i;
			return 0;
		}
	return sbk_error_set(err, SBK_E_INVAL,
			     "--object '%s': it is file, directory or key",
			     name);
}

static int read_domain(const char *option, const char *text,
		       struct sbk_sid *sid, const struct sbk_sid **out,
		       struct sbk_error *err)
{
	int rc;

	if (text == NULL)
		return 0;
	rc = sbk_sid_parse(text, strlen(text), sid, err);
	if (rc < 0)
		return sbk_error_prefix(err, "--%s '%s'", option, text);
	if (sbk_sid_authority(sid) != 5 || sbk_sid_sub_count(sid) != 4 ||
	    sbk_sid_sub(sid, 0) != 21)
		return sbk_error_set(err, SBK_E_INVAL,
				     "--%s '%s' has not the form "
				     "S-1-5-21-X-Y-Z",
				     option, text);
	*out = sid;
	return 0;
}

/* Options and operands; the count of operands is exactly `wanted`. */
static int read_command_line(struct sbk_cli *cli, int argc, char **argv,
			     int wanted, struct context *context,
			     char ***operands, struct sbk_error *err)
{
	struct sd_options *given = &context->given;
	int first;
	int rc = sbk_cli_parse(cli, argc, argv, given, &first, err);

	if (rc == 0 && argc - first < wanted)
		rc = sbk_error_set(err, SBK_E_INVAL, "usage: %s sd %s %s",
				   cli->program, cli->command->name,
				   cli->command->usage);
	if (rc == 0 && argc - first > wanted)
		rc = sbk_error_set(err, SBK_E_INVAL,
				   "'%s' is one word too many; a descriptor is "
				   "one word, quoted",
				   argv[first + wanted]);
	if (rc == 0)
		rc = read_object(given->object, &context->object, err);
	if (rc == 0)
		rc = read_domain("machine", given->machine, &context->machine,
				 &context->sddl.domains.machine, err);
	if (rc == 0)
		rc = read_domain("domain", given->domain, &context->domain,
				 &context->sddl.domains.domain, err);
	*operands = argv + first;
	return rc;
}

/*
 * Says what is wrong, with a caret below `text` where that is where. An input
 * that cannot be read is no damaged policy, nor a missing carrier: 200.
 */
static int refuse(struct sbk_cli *cli, struct sbk_error *err, const char *text,
		  size_t size)
{
	struct sbk_buf caret = SBK_BUF_INIT;
	int rc;

	if (err->code == SBK_E_PARSE || err->code == SBK_E_UNSUPPORTED)
		err->code = SBK_E_INVAL;
	rc = sbk_cli_fail(cli, err);
	if (text != NULL && err->offset != SIZE_MAX) {
		sbk_sd_caret(&caret, text, size, err->offset);
		(void)fputs(sbk_buf_text(&caret), cli->err);
		sbk_buf_release(&caret);
	}
	return rc;
}

static int refuse_input(struct sbk_cli *cli, struct sbk_error *err,
			const struct sbk_sd_input *input)
{
	if (!input->is_sddl)
		return refuse(cli, err, NULL, 0);
	return refuse(cli, err, sbk_buf_text(&input->text), input->text.size);
}

static int run_explain(struct sbk_cli *cli, int argc, char **argv)
{
	struct context context = {.object = SBK_NT_FILE};
	struct sbk_sd_input input = SBK_SD_INPUT_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf out = SBK_BUF_INIT;
	char **operands;
	int rc;

	rc = read_command_line(cli, argc, argv, 1, &context, &operands, &err);
	if (rc == 0)
		rc = sbk_sd_input_read(&input, operands[0], &context.sddl,
				       &err);
	if (rc < 0) {
		rc = refuse_input(cli, &err, &input);
		goto out;
	}
	if (context.given.json) {
		sbk_json_open(&out, '{');
		sbk_sd_explain_json(&input.sd, context.object, &context.sddl,
				    &out);
		sbk_json_close(&out, '}');
		sbk_buf_addc(&out, '\n');
	} else {
		sbk_sd_explain(&input.sd, context.object, &context.sddl, &out);
	}
	rc = sbk_cli_print(cli, &out);
out:
	sbk_sd_input_release(&input);
	sbk_buf_release(&out);
	return rc;
}

/* The differences, each ended by a zero, for people or as a list. */
static void print_diff(const struct sbk_buf *lines, bool json,
		       struct sbk_buf *out)
{
	size_t at = 0;

	if (json) {
		sbk_json_open(out, '{');
		sbk_json_bool(out, "equal", lines->size == 0);
		sbk_json_open_key(out, "differences", '[');
	}
	while (at < lines->size) {
		const char *line = lines->data + at;

		if (json) {
			sbk_json_string(out, NULL, line);
		} else {
			sbk_text_escape(out, line);
			sbk_buf_addc(out, '\n');
		}
		at += strlen(line) + 1;
	}
	if (json) {
		sbk_json_close(out, ']');
		sbk_json_close(out, '}');
		sbk_buf_addc(out, '\n');
	}
}

static int run_diff(struct sbk_cli *cli, int argc, char **argv)
{
	struct context context = {.object = SBK_NT_FILE};
	struct sbk_sd_input a = SBK_SD_INPUT_INIT, b = SBK_SD_INPUT_INIT;
	struct sbk_buf lines = SBK_BUF_INIT, out = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	const struct sbk_sd_input *at = &a;
	char **operands;
	int rc;

	rc = read_command_line(cli, argc, argv, 2, &context, &operands, &err);
	if (rc == 0 && strcmp(operands[0], "-") == 0 &&
	    strcmp(operands[1], "-") == 0)
		rc = sbk_error_set(&err, SBK_E_INVAL,
				   "only one of two descriptors can be "
				   "standard input");
	if (rc == 0)
		rc = sbk_sd_input_read(&a, operands[0], &context.sddl, &err);
	if (rc == 0) {
		at = &b;
		rc = sbk_sd_input_read(&b, operands[1], &context.sddl, &err);
	}
	if (rc < 0) {
		rc = refuse_input(cli, &err, at);
		goto out;
	}
	sbk_sd_diff(&a.sd, &b.sd, &context.sddl.domains, &lines);
	rc = sbk_buf_failed(&lines, &err);
	if (rc < 0) {
		rc = sbk_cli_fail(cli, &err);
		goto out;
	}
	print_diff(&lines, context.given.json, &out);
	rc = sbk_cli_print(cli, &out);
	if (rc == SBK_EXIT_OK && lines.size > 0)
		rc = ANSWER_NO;
out:
	sbk_sd_input_release(&a);
	sbk_sd_input_release(&b);
	sbk_buf_release(&lines);
	sbk_buf_release(&out);
	return rc;
}

static int answer_code(enum sbk_access_answer answer)
{
	switch (answer) {
	case SBK_ACCESS_GRANTED:
		return ANSWER_YES;
	case SBK_ACCESS_DENIED:
		return ANSWER_NO;
	case SBK_ACCESS_UNDECIDED:
		break;
	}
	return ANSWER_UNDECIDED;
}

static int read_token(const char *name, const struct sbk_sid_domains *domains,
		      struct sbk_sd_token *token, struct sbk_error *err)
{
	struct sbk_buf text = SBK_BUF_INIT;
	char block[4096];
	size_t got = sizeof(block);
	int rc = 0;

	if (strcmp(name, "-") != 0)
		rc = sbk_os_read_file(name, SBK_POLICY_BYTES_MAX, &text, err);
	while (strcmp(name, "-") == 0 && got == sizeof(block) &&
	       text.size <= SBK_POLICY_BYTES_MAX) {
		got = fread(block, 1, sizeof(block), stdin);
		sbk_buf_add(&text, block, got);
	}
	if (rc == 0)
		rc = sbk_buf_failed(&text, err);
	if (rc == 0 && text.size > SBK_POLICY_BYTES_MAX)
		rc = sbk_error_set(err, SBK_E_LIMIT,
				   "a token is at most %d bytes",
				   SBK_POLICY_BYTES_MAX);
	if (rc == 0)
		rc = sbk_sd_token_read(token, name, sbk_buf_text(&text),
				       text.size, domains, err);
	sbk_buf_release(&text);
	return rc;
}

static int read_check(struct context *context, char **operands,
		      struct sbk_sd_input *input, struct sbk_sd_token *token,
		      struct sbk_error *err)
{
	const char *from = context->given.token;
	int rc;

	if (from == NULL)
		return sbk_error_set(err, SBK_E_INVAL,
				     "--token is missing: a JSON file that "
				     "says who asks; see --help");
	if (strcmp(from, "-") == 0 && strcmp(operands[0], "-") == 0)
		return sbk_error_set(err, SBK_E_INVAL,
				     "token and descriptor cannot both be "
				     "standard input");
	rc = read_token(from, &context->sddl.domains, token, err);
	/* Line and column are said; the offset is not the descriptor's. */
	if (rc < 0)
		err->offset = SIZE_MAX;
	return rc < 0 ? rc
		      : sbk_sd_input_read(input, operands[0], &context->sddl,
					  err);
}

/* The nearest name, where one was meant: the error is at its beginning. */
static void suggest_right(const char *text, struct sbk_error *err)
{
	const char *names[SBK_RIGHTS_NAMES_MAX + 1];
	char word[64], old[sizeof(err->message)];
	const char *nearest;
	size_t size, count = 0;

	while (count < SBK_RIGHTS_NAMES_MAX &&
	       (names[count] = sbk_rights_name(count)) != NULL)
		count++;
	names[count] = NULL;
	if (err->offset >= strlen(text))
		return;
	size = strcspn(text + err->offset, "|, ");
	if (size < 4 || size >= sizeof(word))
		return; /* letters, or nothing that is one of ours */
	(void)snprintf(word, sizeof(word), "%.*s", (int)size,
		       text + err->offset);
	nearest = sbk_nearest_word(word, names);
	if (nearest == NULL)
		return;
	memcpy(old, err->message, sizeof(old));
	(void)snprintf(err->message, sizeof(err->message),
		       "%.300s; did you mean '%s'?", old, nearest);
}

static int run_check(struct sbk_cli *cli, int argc, char **argv)
{
	struct context context = {.object = SBK_NT_FILE};
	struct sbk_sd_input input = SBK_SD_INPUT_INIT;
	struct sbk_sd_token token = {.groups = NULL};
	struct sbk_access_request request = {.desired = 0};
	struct sbk_access_result result;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf out = SBK_BUF_INIT;
	char **operands;
	int rc;

	rc = read_command_line(cli, argc, argv, 2, &context, &operands, &err);
	if (rc == 0)
		rc = read_check(&context, operands, &input, &token, &err);
	if (rc < 0) {
		rc = refuse_input(cli, &err, &input);
		goto out;
	}
	request.object = context.object;
	request.backup_intent = context.given.backup;
	if (sbk_rights_parse(operands[1], strlen(operands[1]), context.object,
			     &request.desired, &err) < 0) {
		suggest_right(operands[1], &err);
		rc = refuse(cli, &err, operands[1], strlen(operands[1]));
		goto out;
	}
	sbk_access_check(&input.sd, &token.token, &request, &result);
	if (context.given.json)
		sbk_sd_check_json(&result, &input.sd, context.object,
				  &context.sddl, &out);
	else
		sbk_sd_check_text(&result, &input.sd, context.object,
				  &context.sddl, &out);
	rc = sbk_cli_print(cli, &out);
	if (rc == SBK_EXIT_OK)
		rc = answer_code(result.answer);
out:
	sbk_sd_token_release(&token);
	sbk_sd_input_release(&input);
	sbk_buf_release(&out);
	return rc;
}

static int run_sd(struct sbk_cli *cli, int argc, char **argv)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sd_options given = {.json = false};
	int operands;
	int rc = sbk_cli_parse(cli, argc, argv, &given, &operands, &err);

	if (rc == 0)
		(void)sbk_error_set(&err, SBK_E_INVAL,
				    "say what: sd explain, check or diff; see "
				    "--help");
	return sbk_cli_fail(cli, &err);
}

static const struct sbk_option no_options[] = {{.name = NULL}};

static const struct sbk_command subcommands[] = {
	{
		.name = "explain",
		.usage = "[options] FILE|SDDL|-",
		.summary = "what a descriptor says, in words",
		.help = "The owner, the group, and each entry: its type, whom "
			"it is for, which rights,\nand what inherits it.\n\n"
			"Example:\n"
			"  sandbook sd explain 'O:BAD:PAI(A;OICI;FA;;;BA)"
			"(A;;FR;;;WD)'\n",
		.options = explain_options,
		.run = run_explain,
	},
	{
		.name = "check",
		.usage = "[options] --token FILE DESCRIPTOR RIGHTS",
		.summary = "whether a token gets the rights, and why",
		.help = "RIGHTS are letters of SDDL, names or a number: FR, "
			"\"read_data|delete\", 0x2.\nThe exit code is 0 for "
			"granted, 1 for denied, 2 for undecided: a condition\n"
			"cannot be evaluated, or no public source tells what "
			"Windows does.\n\n"
			"Example: may Everyone's read be used to write?\n"
			"  echo '{\"user\": \"S-1-5-21-1-2-3-1000\", "
			"\"groups\": [\"WD\"]}' |\n"
			"    sandbook sd check --token - "
			"'O:BAG:BAD:(A;;FR;;;WD)' "
			"FW\n",
		.options = check_options,
		.run = run_check,
	},
	{
		.name = "diff",
		.usage = "[options] A B",
		.summary = "what differs between two descriptors",
		.help = "A line for each difference; nothing where they are "
			"equal. The exit code is 0\nfor equal, 1 for "
			"different.\n\n"
			"Example:\n"
			"  sandbook sd diff 'D:(A;;FR;;;WD)' "
			"'D:(A;;FR;;;WD)(A;;FA;;;BA)'\n",
		.options = diff_options,
		.run = run_diff,
	},
	{.name = NULL},
};

const struct sbk_command sbk_command_sd = {
	.name = "sd",
	.usage = "explain|check|diff [options]",
	.summary = "Windows security descriptors, read and judged",
	.help = "A descriptor is SDDL, or a file that holds SDDL, "
		"self-relative "
		"bytes or hexadecimal,\nor '-', which is standard input. "
		"Nothing is changed.\n\n"
		"Example:\n"
		"  sandbook sd explain 'D:PAI(A;OICI;FA;;;BA)'\n",
	.options = no_options,
	.run = run_sd,
	.subcommands = subcommands,
};
