/*
 * sandbook verify-certificate: whether the certificate of an uninstall was
 * signed by a key that was kept, and what it says. Needs nothing of the machine
 * that it is about.
 */
#include "uninstall/uninstall.h"

#include <string.h>

#include "engine/json.h"
#include "engine/os.h"

#include "engine/banned.h"

struct certificate_options {
	const char *key, *log;
	bool json;
};

static const struct sbk_option options[] = {
	{.name = "key",
	 .argument = "KEY",
	 .help = "the public key of the machine's journal",
	 .offset = offsetof(struct certificate_options, key),
	 .type = SBK_OPTION_TEXT},
	{.name = "log",
	 .argument = "FILE",
	 .help = "hold its changes against the log that was exported",
	 .offset = offsetof(struct certificate_options, log),
	 .type = SBK_OPTION_TEXT},
	{.name = "json",
	 .help = "print JSON",
	 .offset = offsetof(struct certificate_options, json),
	 .type = SBK_OPTION_FLAG},
	{.name = NULL},
};

static void print_json(const struct sbk_certificate *c, struct sbk_buf *out)
{
	sbk_json_open(out, '{');
	sbk_json_string(out, "origin", c->origin);
	sbk_json_string(out, "verdict", c->verdict);
	sbk_json_string(out, "begun", c->begun);
	sbk_json_string(out, "ended", c->ended);
	sbk_json_integer(out, "entries", (int64_t)c->size);
	sbk_json_string(out, "root", c->root);
	sbk_json_integer(out, "changes", (int64_t)c->changes);
	sbk_json_integer(out, "people", (int64_t)c->people);
	sbk_json_integer(out, "exceptions", (int64_t)c->exceptions);
	sbk_json_bool(out, "swept", c->swept);
	sbk_json_bool(out, "sweep_complete", c->swept_all);
	sbk_json_bool(out, "held_against_log", c->of_log);
	sbk_json_close(out, '}');
	sbk_buf_addc(out, '\n');
}

/* Everything in it may have been written by whoever holds the key. */
static void print_text(const struct sbk_certificate *c, struct sbk_buf *out)
{
	sbk_buf_adds(out, "signed by the key given, of ");
	sbk_text_escape(out, c->origin);
	sbk_buf_adds(out, "\nuninstall from ");
	sbk_text_escape(out, c->begun);
	sbk_buf_adds(out, " to ");
	sbk_text_escape(out, c->ended);
	sbk_buf_printf(out, ": %llu %s, log of %llu entries with root ",
		       (unsigned long long)c->changes,
		       sbk_plural(c->changes, "change", "changes"),
		       (unsigned long long)c->size);
	sbk_text_escape(out, c->root);
	if (c->of_log)
		sbk_buf_adds(out,
			     "\nthese changes, and the checkpoints that it "
			     "says were witnessed, are those of the log "
			     "given");
	sbk_buf_printf(out,
		       "\nfinal sweep: %s; %llu %s\n"
		       "not vouched for: the parts of %llu %s, which are "
		       "their own word\n%s\n",
		       !c->swept      ? "none"
		       : c->swept_all ? "complete"
				      : "not complete",
		       (unsigned long long)c->exceptions,
		       sbk_plural(c->exceptions, "exception", "exceptions"),
		       (unsigned long long)c->people,
		       sbk_plural(c->people, "person", "people"), c->verdict);
}

/* `log`: NULL, or where the log is. */
static int read_file(const char *path, const char *key, const char *log,
		     struct sbk_certificate *out, struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	struct sbk_buf text = SBK_BUF_INIT, entries = SBK_BUF_INIT;
	int rc = sbk_os_read_file(path, SBK_CERTIFICATE_BYTES_MAX, &text, err);

	if (rc == 0 && log != NULL)
		rc = sbk_os_read_file(log, SBK_CERTIFICATE_BYTES_MAX, &entries,
				      err);
	if (rc == 0) {
		rc = sbk_certificate_read(sbk_buf_text(&text), text.size, key,
					  log != NULL ? &entries : NULL, out,
					  &why);
		/* What was named on the command line, and no policy. */
		if (rc == SBK_E_PARSE || rc == SBK_E_LIMIT)
			rc = SBK_E_INVAL;
		if (rc < 0)
			rc = sbk_error_set(err, rc, "'%s': %s", path,
					   why.message);
	}
	sbk_buf_release(&text);
	sbk_buf_release(&entries);
	return rc;
}

static int check_words(int operands, int argc, char **argv,
		       const struct certificate_options *o,
		       struct sbk_error *err)
{
	if (operands >= argc || o->key == NULL)
		return sbk_error_set(err, SBK_E_INVAL,
				     "name the certificate's file, and with "
				     "--key the public key that you kept; "
				     "without one nothing is proved");
	if (operands + 1 < argc)
		return sbk_error_set(err, SBK_E_INVAL,
				     "'%s' is one word too many; see --help",
				     argv[operands + 1]);
	return 0;
}

static int run(struct sbk_cli *cli, int argc, char **argv)
{
	struct certificate_options o = {.key = NULL};
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf out = SBK_BUF_INIT;
	struct sbk_certificate c;
	int operands = 0, code;
	int rc = sbk_cli_parse(cli, argc, argv, &o, &operands, &err);

	if (rc == 0)
		rc = check_words(operands, argc, argv, &o, &err);
	if (rc == 0)
		rc = read_file(argv[operands], o.key, o.log, &c, &err);
	if (rc < 0)
		return sbk_cli_fail(cli, &err);
	if (o.json)
		print_json(&c, &out);
	else
		print_text(&c, &out);
	code = sbk_cli_print(cli, &out);
	sbk_buf_release(&out);
	if (code == SBK_EXIT_OK &&
	    strcmp(c.verdict, sbk_verdict_text(SBK_VERDICT_INCOMPLETE)) == 0)
		code = SBK_EXIT_INCOMPLETE;
	return code;
}

const struct sbk_command sbk_certificate_commands[] = {
	{
		.name = "verify-certificate",
		.usage = "FILE --key KEY [--log FILE] [--json]",
		.summary = "whether the certificate of an uninstall is genuine",
		.help = "The certificate is a DSSE envelope around an in-toto "
			"statement, signed with the\nkey of the machine's "
			"journal, which setup prints ('sandbook journal key\n"
			"--machine'). The signature shows that whoever held "
			"the key wrote it, and that it was\nnot changed since; "
			"what users' parts did is their own word, and stands "
			"apart in it.\nWith --log, the file that 'uninstall "
			"--export' wrote, each change and its undo in\nit are "
			"held against that log.\n\n"
			"Exit codes: 0 the key signed it; 207 so it did, and "
			"something is owed; 204 the key\ndid not sign it, or "
			"it "
			"was changed; 200 it is no certificate.\n\n"
			"Example:\n"
			"  sandbook verify-certificate removed.json "
			"--key \"$KEY\"\n",
		.options = options,
		.run = run,
	},
	{.name = NULL},
};
