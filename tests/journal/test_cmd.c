/*
 * The commands `journal` and `undo`, on real files and under the caller's own
 * home: run by tests/support/host, whose home directories are overlays.
 */
#include "tests/support/test.h"

#include <fcntl.h>
#include <jansson.h>
#include <pwd.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/cli.h"
#include "engine/os.h"
#include "engine/plan_grant.h"
#include "engine/policy.h"
#include "engine/run.h"
#include "journal/journal.h"
#include "journal/tree.h"

#include "engine/banned.h"

/* What a command printed. */
struct answer {
	char *out, *err;
	int code;
};

static char *slurp(FILE *file)
{
	struct sbk_buf text = SBK_BUF_INIT;
	char block[4096];
	size_t n;

	rewind(file);
	while ((n = fread(block, 1, sizeof(block), file)) > 0)
		sbk_buf_add(&text, block, n);
	fclose(file);
	return sbk_buf_steal(&text);
}

static void release(struct answer *answer)
{
	free(answer->out);
	free(answer->err);
}

/* Words are separated by single spaces. */
static struct answer command(const char *line)
{
	const struct sbk_command engine_commands[] = {
		sbk_command_plan,
		sbk_command_grant,
		sbk_command_run,
		{.name = NULL},
	};
	const struct sbk_command *const tables[] = {engine_commands,
						    sbk_journal_commands, NULL};
	struct sbk_cli cli = {
		.out = tmpfile(), .err = tmpfile(), .program = "sandbook"};
	struct answer answer;
	char *copy = strdup(line), *save = NULL, *word;
	char *argv[24];
	int argc = 0;

	for (word = strtok_r(copy, " ", &save); word != NULL && argc < 23;
	     word = strtok_r(NULL, " ", &save))
		argv[argc++] = word;
	argv[argc] = NULL;
	sbk_journal_ledger(&cli.ledger);
	answer.code = sbk_cli_main(&cli, tables, argc, argv);
	answer.out = slurp(cli.out);
	answer.err = slurp(cli.err);
	free(copy);
	return answer;
}

static struct answer succeed(const char *line)
{
	struct answer answer = command(line);

	if (answer.code != 0)
		fail_msg("'%s' ended with %d: %s", line, answer.code,
			 answer.err);
	return answer;
}

static void assert_has(const char *text, const char *words)
{
	if (strstr(text, words) == NULL)
		fail_msg("'%s' lacks '%s'", text, words);
}

static void assert_lacks(const char *text, const char *words)
{
	if (strstr(text, words) != NULL)
		fail_msg("'%s' has '%s'", text, words);
}

static void assert_fails(const char *line, int code, const char *words)
{
	struct answer answer = command(line);

	if (answer.code != code)
		fail_msg("'%s' ended with %d: %s", line, answer.code,
			 answer.err);
	assert_has(answer.err, words);
	release(&answer);
}

/* A home with a tree in it: "w/a", "w/d/b", and a strange name. */
static char home[256];

static void path_of(char *out, const char *name)
{
	(void)snprintf(out, 512, "%s/%s", home, name);
}

static void touch(const char *name)
{
	char path[512];

	path_of(path, name);
	close(open(path, O_CREAT | O_WRONLY, 0644));
}

static int setup(void **state)
{
	const struct passwd *entry = getpwuid(geteuid());
	char path[512];

	(void)state;
	/* Questions are answered by the end of the input: no. */
	if (freopen("/dev/null", "r", stdin) == NULL)
		return -1;
	if (entry == NULL || getenv("SBK_TEST_HOST") == NULL)
		return 0; /* each test says so */
	(void)snprintf(home, sizeof(home), "%s", entry->pw_dir);
	path_of(path, "w");
	(void)mkdir(path, 0755);
	path_of(path, "w/d");
	(void)mkdir(path, 0755);
	touch("w/a");
	touch("w/d/b");
	touch("w/new\nline");
	return 0;
}

static void need_host(void)
{
	if (home[0] == '\0')
		sbk_test_skip("not in tests/support/host: would write into "
			      "your home");
}

static void grant(const char *name)
{
	struct answer answer;
	char line[512];

	(void)snprintf(line, sizeof(line),
		       "sandbook grant --to 4321 --rw %s/%s --yes", home, name);
	answer = succeed(line);
	release(&answer);
}

/* --- tests, in this order ----------------------------------------------- */

static void test_cmd__without_a_journal(void **state)
{
	struct answer answer;

	(void)state;
	need_host();
	answer = succeed("sandbook journal log");
	assert_string_equal(answer.out, "nothing is recorded yet\n");
	release(&answer);
	answer = succeed("sandbook journal log --json");
	assert_string_equal(answer.out, "[]\n");
	release(&answer);
	answer = succeed("sandbook undo --path /");
	assert_has(answer.out, "undone: 0; no such change is in effect");
	release(&answer);
	assert_fails("sandbook journal verify", SBK_EXIT_JOURNAL,
		     "there is no journal in");
}

static void test_cmd__log_filters_and_escapes(void **state)
{
	struct answer answer;
	char line[600];
	json_t *log;

	(void)state;
	need_host();
	grant("w");
	answer = succeed("sandbook journal log");
	assert_has(answer.out, "transaction 1, do, done: grant --to 4321");
	assert_has(answer.out, "confirmed  change access");
	assert_has(answer.out, "/w/new\\x0aline\n");
	release(&answer);
	(void)snprintf(line, sizeof(line),
		       "sandbook journal log --object %s/w/d", home);
	answer = succeed(line);
	assert_has(answer.out, "/w/d/b");
	assert_lacks(answer.out, "/w/a");
	release(&answer);
	answer = succeed("sandbook journal log --kind account");
	assert_string_equal(answer.out, "");
	release(&answer);
	answer = succeed("sandbook journal log --until 2001-02-03");
	assert_string_equal(answer.out, "");
	release(&answer);
	answer = succeed("sandbook journal log --since 1h --json");
	log = json_loads(answer.out, 0, NULL);
	assert_int_equal(json_array_size(log), 1);
	assert_true(json_array_size(json_object_get(json_array_get(log, 0),
						    "changes")) >= 5);
	json_decref(log);
	release(&answer);
	assert_fails("sandbook journal log --kind acces", SBK_EXIT_USAGE,
		     "did you mean 'access'");
	assert_fails("sandbook journal log --since tomorrow", SBK_EXIT_USAGE,
		     "is no time");
	assert_fails("sandbook journal lig", SBK_EXIT_USAGE, "'journal log'");
	assert_fails("sandbook journal", SBK_EXIT_USAGE, "say what");
}

static void test_cmd__show(void **state)
{
	struct answer answer;
	json_t *change;

	(void)state;
	need_host();
	answer = succeed("sandbook journal show 2");
	assert_has(answer.out, "change 2 of transaction 1");
	assert_has(answer.out, "before:\n    owner 0\n");
	assert_has(answer.out, "    access u:4321:rw");
	release(&answer);
	answer = succeed("sandbook journal show 2 --json");
	change = json_loads(answer.out, 0, NULL);
	assert_int_equal(
		json_integer_value(json_object_get(change, "transaction")), 1);
	assert_has(json_string_value(json_object_get(change, "after")),
		   "u:4321:rw");
	json_decref(change);
	release(&answer);
	assert_fails("sandbook journal show 999", SBK_EXIT_USAGE,
		     "no change 999");
	assert_fails("sandbook journal show x", SBK_EXIT_USAGE, "no number");
	assert_fails("sandbook journal show", SBK_EXIT_USAGE,
		     "name the number");
}

/* Whoever has the export alone computes the same root. */
static void test_cmd__export_can_be_checked(void **state)
{
	struct answer answer;
	struct sbk_tree tree;
	unsigned char root[SBK_TREE_HASH_BYTES];
	char hex[2 * SBK_TREE_HASH_BYTES + 1];
	const char *line, *end;
	json_t *head;

	(void)state;
	need_host();
	answer = succeed("sandbook journal export --json");
	head = json_loads(answer.out, JSON_DISABLE_EOF_CHECK, NULL);
	sbk_tree_init(&tree);
	line = strchr(answer.out, '\n') + 1;
	while (strncmp(line, "{\"op\":", 6) == 0) {
		end = strchr(line, '\n');
		sbk_tree_append(&tree, line, (size_t)(end - line), NULL, NULL);
		line = end + 1;
	}
	assert_int_equal(tree.size,
			 json_integer_value(json_object_get(head, "size")));
	sbk_tree_root(&tree, root);
	sodium_bin2hex(hex, sizeof(hex), root, sizeof(root));
	assert_string_equal(hex,
			    json_string_value(json_object_get(head, "root")));
	assert_has(line, "{\"state\":\"");
	json_decref(head);
	release(&answer);
	answer = succeed("sandbook journal verify");
	assert_has(answer.out, hex);
	assert_has(answer.out, "0 findings");
	release(&answer);
}

static void test_cmd__undo(void **state)
{
	struct answer answer;
	char line[600];

	(void)state;
	need_host();
	assert_fails("sandbook undo", SBK_EXIT_USAGE, "say what to undo");
	(void)snprintf(line, sizeof(line),
		       "sandbook undo --path %s/w/d --dry-run", home);
	answer = succeed(line);
	assert_has(answer.out, "/w/d/b: undo");
	assert_has(answer.out, "in all  2 changes");
	release(&answer);
	/* It was dry: the same again. */
	(void)snprintf(line, sizeof(line),
		       "sandbook undo --path %s/w/d --yes --json", home);
	answer = succeed(line);
	assert_has(answer.out, "{\"undone\":2,\"conflicts\":0,\"owed\":0,");
	release(&answer);
	answer = succeed("sandbook journal log --transaction 1");
	assert_has(answer.out, "undone ");
	assert_has(answer.out, "confirmed ");
	release(&answer);
	/* The rest, with the way to it, and nothing is left. */
	(void)snprintf(line, sizeof(line), "sandbook undo --path %s/w --yes",
		       home);
	answer = succeed(line);
	release(&answer);
	answer = succeed("sandbook journal log --transaction 1");
	assert_lacks(answer.out, "confirmed ");
	release(&answer);
	answer = succeed("sandbook undo --transaction 1 --yes");
	assert_has(answer.out, "undone: 0; no such change is in effect");
	release(&answer);
	answer = succeed("sandbook journal verify");
	release(&answer);
}

/* The way to two trees goes with the second of them. */
static void test_cmd__undo_keeps_a_way_that_is_needed(void **state)
{
	struct answer answer;
	char path[512], line[600];

	(void)state;
	need_host();
	path_of(path, "v");
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(chmod(home, 0700), 0);
	grant("w");
	grant("v");
	(void)snprintf(line, sizeof(line), "sandbook undo --path %s/w --yes",
		       home);
	answer = succeed(line);
	(void)snprintf(line, sizeof(line), "access %s: undo", home);
	assert_lacks(answer.out, line);
	release(&answer);
	(void)snprintf(line, sizeof(line), "sandbook undo --path %s/v --yes",
		       home);
	answer = succeed(line);
	(void)snprintf(line, sizeof(line), "access %s: undo", home);
	assert_has(answer.out, line);
	release(&answer);
}

static void test_cmd__a_declined_undo_does_nothing(void **state)
{
	struct answer answer;
	char line[600];

	(void)state;
	need_host();
	grant("w");
	(void)snprintf(line, sizeof(line), "sandbook undo --path %s/w", home);
	answer = command(line);
	assert_int_equal(answer.code, SBK_EXIT_USAGE);
	assert_has(answer.err, "say --yes");
	release(&answer);
	(void)snprintf(line, sizeof(line), "sandbook undo --path %s/w --yes",
		       home);
	answer = succeed(line);
	assert_lacks(answer.out, "undone: 0");
	release(&answer);
}

/* A large grant and a long command are a few lines each. */
static void test_cmd__log_is_short_and_show_is_not(void **state)
{
	struct answer answer;
	char line[900], name[64], path[512], word[201];
	int i;

	(void)state;
	need_host();
	path_of(path, "many");
	assert_int_equal(mkdir(path, 0755), 0);
	for (i = 0; i < 14; i++) {
		(void)snprintf(name, sizeof(name), "many/file%d", i);
		touch(name);
	}
	grant("many");
	(void)snprintf(line, sizeof(line), "sandbook journal log --object %s",
		       path);
	answer = succeed(line);
	assert_has(answer.out, "and 5 more (show them: journal log "
			       "--transaction ");
	release(&answer);
	memset(word, 'x', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	(void)snprintf(line, sizeof(line), "sandbook run -q -C %s -- true %s",
		       path, word);
	answer = succeed(line);
	release(&answer);
	answer = succeed("sandbook journal log");
	assert_has(answer.out, "ended: true xxx");
	assert_has(answer.out, "xxx... (exit 0)\n");
	assert_lacks(answer.out, word);
	release(&answer);
	answer = succeed("sandbook journal show --session 1");
	assert_has(answer.out, word);
	assert_has(answer.out, "  network     off\n");
	assert_has(answer.out, "  guarantee   writes: ");
	assert_has(answer.out, "  exit        0\n");
	release(&answer);
	assert_fails("sandbook journal show --session 99", SBK_EXIT_USAGE,
		     "no session 99");
	assert_fails("sandbook journal show --session 1 2", SBK_EXIT_USAGE,
		     "one at a time");
}

static void test_cmd__a_damaged_journal_stops_only_what_needs_it(void **state)
{
	struct answer answer;
	char path[512], line[600];

	(void)state;
	need_host();
	path_of(path, ".local/state/sandbook/journal.db");
	assert_int_equal(truncate(path, 0), 0);
	assert_fails("sandbook journal log", SBK_EXIT_JOURNAL, "is empty");
	assert_fails("sandbook undo --transaction 1 --yes", SBK_EXIT_JOURNAL,
		     "is empty");
	(void)snprintf(line, sizeof(line),
		       "sandbook grant --to 4321 --rw %s/w --yes", home);
	assert_fails(line, SBK_EXIT_JOURNAL, "is empty");
	(void)snprintf(line, sizeof(line), "sandbook run -C %s/w -- true",
		       home);
	assert_fails(line, SBK_EXIT_JOURNAL, "cannot be recorded");
	(void)snprintf(line, sizeof(line), "sandbook plan -C %s/w", home);
	answer = succeed(line);
	release(&answer);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_setup(test_cmd__without_a_journal, setup),
	cmocka_unit_test(test_cmd__log_filters_and_escapes),
	cmocka_unit_test(test_cmd__show),
	cmocka_unit_test(test_cmd__export_can_be_checked),
	cmocka_unit_test(test_cmd__undo),
	cmocka_unit_test(test_cmd__undo_keeps_a_way_that_is_needed),
	cmocka_unit_test(test_cmd__a_declined_undo_does_nothing),
	cmocka_unit_test(test_cmd__log_is_short_and_show_is_not),
	cmocka_unit_test(test_cmd__a_damaged_journal_stops_only_what_needs_it),
};

SBK_TEST_MAIN(tests)
