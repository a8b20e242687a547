/*
 * sandbook uninstall by its caller: the caller's own part, and on a system that
 * asks for an administrator by itself the way to sandbook-setup, which does the
 * machine's. The order is that of uninstall.h: a person's own part first.
 */
#include "uninstall/cmd_uninstall.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/json.h"
#include "engine/path.h"

#include "engine/banned.h"

static void print_part(const struct sbk_user_part *part, bool json,
		       struct sbk_buf *out)
{
	const unsigned long long changes = part->changes;

	if (json) {
		sbk_json_open(out, '{');
		sbk_json_bool(out, "installed", part->found);
		sbk_json_integer(out, "changes", (int64_t)part->changes);
		sbk_json_integer(out, "undone", (int64_t)part->undone);
		sbk_json_integer(out, "conflicts", (int64_t)part->conflicts);
		sbk_json_integer(out, "owed", (int64_t)part->owed);
		sbk_json_integer(out, "owed_to_root", part->foreign);
		sbk_json_integer(out, "remediated", (int64_t)part->remediated);
		sbk_json_bool(out, "journal_removed", part->removed);
		sbk_json_bool(out, "journal_altered", part->altered != 0);
		sbk_json_close(out, '}');
		sbk_buf_addc(out, '\n');
		return;
	}
	if (!part->found) {
		sbk_buf_adds(out, "nothing of yours is installed\n");
		return;
	}
	sbk_buf_printf(out, "%llu %s, %llu undone", changes,
		       sbk_plural(part->changes, "change", "changes"),
		       (unsigned long long)part->undone);
	if (part->conflicts > 0)
		sbk_buf_printf(out,
			       ", %llu left, since others changed our entry",
			       (unsigned long long)part->conflicts);
	if (part->owed > 0)
		sbk_buf_printf(out,
			       ", %llu owed: mend what 'sandbook journal log' "
			       "says of them and run this again",
			       (unsigned long long)part->owed);
	if (part->foreign > 0)
		sbk_buf_printf(out,
			       "; %lu objects belong to a sandbox account that "
			       "made them, so that only %s can mend them: "
			       "'%ssandbook uninstall'",
			       (unsigned long)part->foreign, sbk_os_admin.who,
			       sbk_os_admin.before);
	if (part->remediated > 0)
		sbk_buf_printf(out,
			       "; %llu objects stay as 'remediate' left them",
			       (unsigned long long)part->remediated);
	sbk_buf_adds(out, part->removed ? "; your journal is removed\n"
					: "; your journal stays\n");
	if (part->altered == SBK_USER_REBUILT)
		sbk_buf_adds(out, "its tables had been altered, and its log "
				  "had not: they were made anew from it\n");
	else if (part->altered)
		sbk_buf_adds(out, "it was not what its log says: what it no "
				  "longer said is not undone, and 'sandbook "
				  "audit scope --principal NAME' finds it\n");
}

static bool machine_is_set_up(void)
{
	struct sbk_journal_place place;
	struct sbk_file file;

	return sbk_journal_place_machine(&place, NULL) == 0 &&
	       sbk_os_look(place.directory, &file, NULL) == 0;
}

/* Whether this command goes on with the machine's records. */
static bool goes_on(const struct sbk_uninstall_options *o)
{
	return !o->user_only && !sbk_os_elevated() && sbk_os_can_elevate() &&
	       machine_is_set_up();
}

static int show_user(struct sbk_cli *cli, const struct sbk_person *person,
		     const struct sbk_uninstall_options *o)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf text = SBK_BUF_INIT;
	struct sbk_plan *preview = sbk_plan_new();
	const struct sbk_user_request request = {
		.preview = preview,
		.trust_journal = o->trust,
	};
	struct sbk_user_part part;
	int rc;

	if (preview == NULL)
		rc = sbk_error_no_memory(&err);
	else
		rc = sbk_uninstall_user(person, &request, &part, &err);
	if (rc == 0 && o->json)
		sbk_plan_print_json(preview, &text);
	else if (rc == 0 && part.found)
		sbk_plan_print(preview, &text);
	else if (rc == 0)
		print_part(&part, false, &text);
	sbk_plan_free(preview);
	if (rc < 0) {
		sbk_buf_release(&text);
		return sbk_cli_fail(cli, &err);
	}
	return sbk_uninstall_tell(cli, &text);
}

/* What the machine's log has seen of the caller's, by its public copy: what the
 * log's end is to be shown to go on from. */
static void look_up_seen(const struct sbk_person *person,
			 struct sbk_user_request *request)
{
	struct sbk_error ignored = SBK_ERROR_INIT; /* then it was not seen */
	struct sbk_journal_place place;
	struct sbk_journal *machine = NULL;
	int rc = sbk_journal_place_machine(&place, &ignored);

	if (rc == 0)
		rc = sbk_journal_open(&place, SBK_JOURNAL_READ, &machine,
				      &ignored);
	if (rc == 0)
		(void)sbk_journal_witness_seen(machine, &person->id,
					       &request->seen,
					       request->seen_key, &ignored);
	sbk_journal_close(machine);
}

/* After it was told. */
static int say_what_is_left(struct sbk_cli *cli,
			    const struct sbk_uninstall_options *o,
			    const struct sbk_user_part *part)
{
	if (part->unanchored[0] != '\0')
		sbk_cli_say(cli,
			    "the log's last checkpoint was not anchored: "
			    "%s",
			    part->unanchored);
	if (!o->json && !sbk_os_elevated() && !goes_on(o) &&
	    machine_is_set_up())
		(void)fprintf(cli->err,
			      "%s: this machine's accounts and rules stay; "
			      "'%ssandbook uninstall' takes them away\n",
			      cli->program, sbk_os_admin.before);
	if (part->owed == 0)
		return SBK_EXIT_OK;
	/* Tried again at the end, and told then. */
	if (goes_on(o))
		return SBK_EXIT_INCOMPLETE;
	(void)fprintf(cli->err,
		      "%s: something is owed; 'sandbook journal log' says what "
		      "and why: mend it and run this again\n",
		      cli->program);
	return SBK_EXIT_INCOMPLETE;
}

/* --- the machine's part, by sandbook-setup ---------------------------- */

/* Files that it makes: what they are called is known before anything is done,
 * and their directories are not held, since it opens them itself. */
struct rest {
	char certificate[SBK_PATH_MAX], log[SBK_PATH_MAX];
};

static int check_file(const struct sbk_new_file *file, char *out,
		      struct sbk_error *err)
{
	int rc = sbk_uninstall_check_stays_machine(file, err);

	if (rc == 0)
		(void)snprintf(out, SBK_PATH_MAX, "%s",
			       sbk_os_new_file_path(file));
	return rc;
}

static int prepare_rest(const struct sbk_uninstall_options *o, struct rest *out,
			struct sbk_error *err)
{
	struct sbk_new_file *certificate = NULL, *log = NULL;
	int rc = sbk_uninstall_choose_certificate(o->certificate, &certificate,
						  err);

	if (rc == 0)
		rc = check_file(certificate, out->certificate, err);
	if (rc == 0 && o->log != NULL)
		rc = sbk_os_new_file_prepare(o->log, &log, err);
	if (rc == 0 && o->log != NULL)
		rc = check_file(log, out->log, err);
	sbk_os_new_file_free(certificate);
	sbk_os_new_file_free(log);
	return rc;
}

struct words {
	struct sbk_arena arena;
	char **items;
	size_t count;
};

/* An option with its value, or (NULL) without; the list has room. */
static void add_words(struct words *words, const char *option,
		      const char *value)
{
	words->items[words->count++] = sbk_arena_strdup(&words->arena, option);
	if (value != NULL)
		words->items[words->count++] =
			sbk_arena_strdup(&words->arena, value);
}

static int make_words(const struct sbk_uninstall_options *o,
		      const struct rest *rest, struct words *out,
		      struct sbk_error *err)
{
	char number[24];
	size_t i;

	out->items = calloc(16 + 2 * (o->skip.count + o->leave.count),
			    sizeof(*out->items));
	if (out->items == NULL)
		return sbk_error_no_memory(err);
	add_words(out, SBK_UNINSTALL_PROGRAM, "uninstall");
	/* It was asked here. */
	add_words(out, "--yes", NULL);
	add_words(out, "--certificate", rest->certificate);
	if (o->log != NULL)
		add_words(out, "--export", rest->log);
	for (i = 0; i < o->skip.count; i++)
		add_words(out, "--skip", o->skip.items[i]);
	for (i = 0; i < o->leave.count; i++)
		add_words(out, "--leave", o->leave.items[i]);
	(void)snprintf(number, sizeof(number), "%llu",
		       (unsigned long long)o->limit);
	if (o->limit > 0)
		add_words(out, "--user-limit", number);
	if (o->trust)
		add_words(out, "--" SBK_TRUST_OPTION, NULL);
	for (i = 0; i < out->count; i++)
		if (out->items[i] == NULL)
			return sbk_error_no_memory(err);
	return 0;
}

/* `code`: how it ended. */
static int run_rest(struct sbk_cli *cli, const struct sbk_uninstall_options *o,
		    const struct rest *rest, int *code, struct sbk_error *err)
{
	struct words words = {.arena = SBK_ARENA_INIT};
	int rc = make_words(o, rest, &words, err);

	if (rc == 0) {
		sbk_cli_say(cli,
			    "now this machine's accounts and rules, as "
			    "an administrator, in a window of its own; what "
			    "was done and what is owed will be in '%s'",
			    rest->certificate);
		rc = sbk_os_run_elevated(SBK_UNINSTALL_PROGRAM, words.items,
					 code, err);
	}
	free(words.items);
	sbk_arena_release(&words.arena);
	if (rc < 0)
		(void)sbk_error_prefix(
			err, "this machine's accounts and rules stay");
	return rc;
}

/* --- the caller's own ---------------------------------------------------- */

/* What is asked, checked and made ready before the first change. */
struct own {
	struct sbk_new_file *end;
	struct rest rest;
	bool goes_on;
};

static int prepare(struct sbk_cli *cli, const struct sbk_uninstall_options *o,
		   const struct sbk_person *person, struct own *own,
		   struct sbk_error *err)
{
	struct sbk_journal_place place;
	int rc = sbk_journal_place_user(person, &place, err);

	own->goes_on = goes_on(o);
	if (rc == 0 && own->goes_on)
		rc = prepare_rest(o, &own->rest, err);
	else if (rc == 0 && o->certificate != NULL)
		rc = sbk_os_new_file_prepare(o->certificate, &own->end, err);
	if (rc == 0)
		rc = sbk_uninstall_check_stays(own->end, &place, err);
	if (rc == 0)
		rc = sbk_cli_ask(cli,
				 own->goes_on
					 ? "Undo every grant of yours and "
					   "remove your journal, then, as an "
					   "administrator, undo everything "
					   "that Sandbook changed on this "
					   "machine, for all users?"
					 : "Undo every grant of yours and "
					   "remove your journal?",
				 o->yes, err);
	return rc == 0 ? sbk_uninstall_announce(cli, o, err) : rc;
}

/* What an account had made of the caller's objects an administrator has mended
 * by now: what was owed of them is tried again, and what is left is told. */
static int go_on_with_own(struct sbk_cli *cli,
			  const struct sbk_uninstall_options *o,
			  const struct sbk_person *person)
{
	struct sbk_user_request request = {.trust_journal = o->trust};
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf text = SBK_BUF_INIT;
	struct sbk_user_part part;
	int rc;

	look_up_seen(person, &request);
	rc = sbk_uninstall_user(person, &request, &part, &err);
	if (rc == 0) {
		print_part(&part, false, &text);
		rc = sbk_buf_failed(&text, &err);
	}
	if (rc == 0)
		(void)fprintf(cli->err, "%s: your own part once more: %s",
			      cli->program, sbk_buf_text(&text));
	sbk_buf_release(&text);
	if (rc < 0)
		return sbk_cli_fail(cli, &err);
	if (part.owed == 0)
		(void)fprintf(
			cli->err,
			"%s: what is left is this machine's record: "
			"'%ssandbook uninstall', once more, finishes it\n",
			cli->program, sbk_os_admin.before);
	else
		(void)fprintf(cli->err,
			      "%s: something of yours is owed still; 'sandbook "
			      "journal log' says what and why: mend it, then "
			      "'%ssandbook uninstall' finishes all\n",
			      cli->program, sbk_os_admin.before);
	return SBK_EXIT_INCOMPLETE;
}

/* The machine's part, and then, where it could not end since something was owed
 * here, the caller's own once more. */
static int go_on(struct sbk_cli *cli, const struct sbk_uninstall_options *o,
		 const struct sbk_person *person, const struct rest *rest,
		 bool owes)
{
	struct sbk_error err = SBK_ERROR_INIT;
	int code = SBK_EXIT_OK, rc = run_rest(cli, o, rest, &code, &err);

	if (rc < 0)
		return sbk_cli_fail(cli, &err);
	return owes && code == SBK_EXIT_INCOMPLETE
		       ? go_on_with_own(cli, o, person)
		       : code;
}

static int carry_out_user(struct sbk_cli *cli,
			  const struct sbk_uninstall_options *o,
			  const struct sbk_person *person)
{
	struct sbk_user_request request = {.trust_journal = o->trust};
	struct sbk_error err = SBK_ERROR_INIT;
	struct own own = {.end = NULL};
	struct sbk_buf text = SBK_BUF_INIT;
	struct sbk_user_part part;
	int code, rc = prepare(cli, o, person, &own, &err);

	if (rc == 0) {
		request.end_file = own.end;
		look_up_seen(person, &request);
		rc = sbk_uninstall_user(person, &request, &part, &err);
	}
	sbk_os_new_file_free(own.end);
	if (rc < 0)
		return sbk_cli_fail(cli, &err);
	print_part(&part, o->json, &text);
	code = sbk_uninstall_tell(cli, &text);
	rc = say_what_is_left(cli, o, &part);
	if (own.goes_on && code == SBK_EXIT_OK)
		return go_on(cli, o, person, &own.rest, part.owed > 0);
	return code == SBK_EXIT_OK ? rc : code;
}

int sbk_uninstall_run_user(struct sbk_cli *cli,
			   const struct sbk_uninstall_options *o)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_person person;
	int code, rc = sbk_os_caller(&person, &err);

	if (rc < 0)
		return sbk_cli_fail(cli, &err);
	if (!o->dry_run)
		return carry_out_user(cli, o, &person);
	code = show_user(cli, &person, o);
	if (code == SBK_EXIT_OK && goes_on(o))
		(void)fprintf(cli->err,
			      "%s: what would become of this machine's "
			      "accounts and rules says '" SBK_UNINSTALL_PROGRAM
			      " uninstall --dry-run' in an administrator's "
			      "console\n",
			      cli->program);
	return code;
}
