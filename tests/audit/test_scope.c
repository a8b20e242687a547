/*
 * Scope on real trees with real ACLs. What a principal "may" is compared with
 * what a child that becomes it can open.
 */
#include "audit/scope.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/audit/world.h"

#include "engine/banned.h"

static struct sbk_report *scope_of(const char *tree, const char *principal,
				   bool all)
{
	const char *const names[] = {principal};
	const char *const roots[] = {tree};
	struct sbk_subjects subjects;
	struct sbk_scope_request request = {.subjects = &subjects,
					    .roots = roots,
					    .root_count = 1,
					    .all = all};
	struct sbk_report *report = sbk_report_new("scope");
	struct sbk_backend backend = host_backend();
	struct sbk_error err = SBK_ERROR_INIT;

	assert_ok(sbk_subjects_named(names, 1, &subjects, &err), &err);
	assert_ok(sbk_audit_scope(&backend, &request, report, &err), &err);
	sbk_subjects_release(&subjects);
	sbk_backend_close(&backend);
	return report;
}

static void test_scope__rolls_up_to_where_a_right_begins(void **unused)
{
	char *tree = sbk_test_directory("scope");
	const struct sbk_finding *root;
	struct sbk_report *report;

	(void)unused;
	in_tree(tree, "chmod 755 . && mkdir -p rw/a/b ro none && "
		      "touch rw/1 rw/a/2 rw/a/b/3 ro/4 none/5 && "
		      "setfacl -R -m u:64901:rwX rw && "
		      "setfacl -m u:64901:r rw/a/2 && "
		      "setfacl -R -m u:64901:rX ro && ln -s ../rw none/link");
	report = scope_of(tree, PRINCIPAL, false);
	assert_int_equal(sbk_report_exit(report), 0);
	assert_int_equal(count_of(report, "scope.grant"), 3);
	root = finding_of(report, "scope.grant", tree, "rw");
	assert_non_null(root);
	assert_int_equal(root->objects, 5); /* rw, rw/1, rw/a, rw/a/b, 3 */
	assert_non_null(strstr(root->members, "\"rights\":\"rw\""));
	assert_non_null(strstr(root->members, "\"reachable\":true"));
	root = finding_of(report, "scope.grant", tree, "rw/a/2");
	assert_non_null(root);
	assert_int_equal(root->objects, 1);
	assert_non_null(strstr(root->members, "\"rights\":\"r\""));
	assert_non_null(finding_of(report, "scope.grant", tree, "ro"));
	sbk_report_free(report);
	sbk_test_remove(tree);
}

static void test_scope__names_secret_files(void **unused)
{
	char *tree = sbk_test_directory("scope");
	const struct sbk_finding *found;
	struct sbk_report *report;

	(void)unused;
	in_tree(tree, "chmod 755 . && mkdir -p rw none && "
		      "touch rw/.env rw/id_rsa rw/main.c none/.netrc && "
		      "echo 'PRIVATE KEY' >rw/a.pem && echo x >rw/b.pem && "
		      "touch rw/own.p12 && chown 64901 rw/own.p12 && "
		      "setfacl -R -m u:64901:rX rw && "
		      "setfacl -m u:64901:rw rw/.env");
	report = scope_of(tree, PRINCIPAL, false);
	assert_int_equal(sbk_report_exit(report), 1);
	assert_int_equal(count_of(report, "scope.secret-files"), 1);
	found = finding_of(report, "scope.secret-files", NULL, NULL);
	assert_int_equal(found->objects, 3);
	assert_non_null(strstr(found->text, "/rw/.env' (environment"));
	assert_non_null(strstr(found->text, "/rw/id_rsa' (SSH private key"));
	assert_non_null(strstr(found->text, "read and write"));
	assert_null(strstr(found->text, "b.pem"));
	assert_non_null(strstr(found->members, "\"found\":3"));
	sbk_report_free(report);
	/* Out of reach they are none. */
	in_tree(tree, "setfacl -b rw && chmod 700 rw");
	report = scope_of(tree, PRINCIPAL, false);
	assert_int_equal(count_of(report, "scope.secret-files"), 0);
	sbk_report_free(report);
	sbk_test_remove(tree);
}

static void test_scope__nothing_granted_is_nothing_found(void **unused)
{
	char *tree = sbk_test_directory("scope");
	struct sbk_report *report;

	(void)unused;
	in_tree(tree, "chmod 755 . && mkdir a && touch a/b && "
		      "setfacl -m u:64902:rwx a/b && chmod 644 a/b");
	report = scope_of(tree, PRINCIPAL, false);
	assert_int_equal(sbk_report_exit(report), 0);
	assert_int_equal(count_of(report, "scope.grant"), 0);
	assert_int_equal(sbk_report_coverage(report)->examined, 3);
	sbk_report_free(report);
	/* The same tree with what everybody may do. */
	report = scope_of(tree, PRINCIPAL, true);
	assert_non_null(finding_of(report, "scope.grant", tree, ""));
	sbk_report_free(report);
	sbk_test_remove(tree);
}

static void test_scope__says_what_cannot_be_reached(void **unused)
{
	char *tree = sbk_test_directory("scope"), file[600];
	const struct sbk_finding *root;
	struct sbk_report *report;

	(void)unused;
	in_tree(tree, "chmod 755 . && mkdir -m 700 shut && touch shut/a && "
		      "setfacl -m u:64901:rw shut/a");
	report = scope_of(tree, PRINCIPAL, false);
	root = finding_of(report, "scope.grant", tree, "shut/a");
	assert_non_null(root);
	assert_non_null(strstr(root->members, "\"reachable\":false"));
	assert_non_null(strstr(root->text, "may not search"));
	sbk_report_free(report);
	/* The same when only the file is asked for: its directories count. */
	(void)snprintf(file, sizeof(file), "%s/shut/a", tree);
	report = scope_of(file, PRINCIPAL, false);
	root = finding_of(report, "scope.grant", file, "");
	assert_non_null(root);
	assert_non_null(strstr(root->members, "\"reachable\":false"));
	sbk_report_free(report);
	in_tree(tree, "setfacl -m u:64901:x shut");
	report = scope_of(file, PRINCIPAL, false);
	root = finding_of(report, "scope.grant", file, "");
	assert_non_null(strstr(root->members, "\"reachable\":true"));
	sbk_report_free(report);
	sbk_test_remove(tree);
}

static void test_scope__owners_and_groups_are_named_too(void **unused)
{
	char *tree = sbk_test_directory("scope");
	struct sbk_report *report;

	(void)unused;
	in_tree(tree, "chmod 755 . && touch mine ours && chown 64901 mine && "
		      "chmod 600 mine && setfacl -m g:64911:rw ours");
	report = scope_of(tree, PRINCIPAL, false);
	assert_non_null(finding_of(report, "scope.grant", tree, "mine"));
	assert_null(finding_of(report, "scope.grant", tree, "ours"));
	sbk_report_free(report);
	report = scope_of(tree, GROUP, false);
	assert_non_null(finding_of(report, "scope.grant", tree, "ours"));
	assert_null(finding_of(report, "scope.grant", tree, "mine"));
	sbk_report_free(report);
	sbk_test_remove(tree);
}

struct attempt {
	const char *path;
	int flags;
};

static int try_open(void *arg)
{
	const struct attempt *attempt = arg;

	return open(attempt->path, attempt->flags) >= 0 ? 0 : 1;
}

/* A tree with random modes, owners and ACLs. The shell's own RANDOM starts
 * anew in each subshell; this one is the same each time. */
static void random_tree(const char *tree, unsigned seed)
{
	char command[1024];

	(void)snprintf(
		command, sizeof(command),
		"cd \"$T\" && chmod 755 . && n=%u && "
		"r() { n=$(( (n * 1103515245 + 12345) %% 2147483648 )); "
		"k=$(( (n / 65536) %% $1 )); } && "
		"for i in 1 2 3 4 5 6; do for j in 1 2 3; do "
		"r 4; d=d$k; r 3; d=$d/e$k/f$i; mkdir -p $d; touch $d/$j; "
		"done; done; "
		"for p in $(find . -mindepth 1 | LC_ALL=C sort); do "
		"r 512; chmod $(printf %%03o $k) $p; "
		"r 8; m=$k; r 4; [ $k = 0 ] || setfacl -m u:64901:$m $p; "
		"r 4; [ $k != 1 ] || chown 64901 $p; "
		"r 3; [ $k = 0 ] || [ -f $p ] || setfacl -m u:64901:7 $p; "
		"r 4; [ $k != 0 ] || setfacl -n -m m::0 $p; "
		"done",
		seed);
	assert_int_equal(setenv("T", tree, 1), 0);
	assert_int_equal(shell(command), 0);
}

/* How many objects of the tree a process of the principal can open so. */
static unsigned long count_opened(const char *kinds, int flags)
{
	char *paths = shell_output(kinds), *path, *end;
	unsigned long opened = 0;

	for (path = paths; *path != '\0'; path = end + 1) {
		struct attempt attempt = {.path = path, .flags = flags};

		end = strchr(path, '\n');
		*end = '\0';
		opened += as_number(64901, try_open, &attempt) == 0;
	}
	free(paths);
	return opened;
}

/* Directories cannot be opened for writing: they are asked about. */
static unsigned long count_writable_directories(void)
{
	char *count = shell_output("find \"$T\" -type d | setpriv "
				   "--reuid 64901 --regid 64901 --clear-groups "
				   "sh -c 'while read -r p; do "
				   "test -w \"$p\" && echo \"$p\"; "
				   "done; true' | wc -l");
	unsigned long found = strtoul(count, NULL, 10);

	free(count);
	return found;
}

/* Every object of a random tree: counted as readable or writable exactly when
 * a process of the principal can open it. */
static void test_scope__agrees_with_open_on_random_trees(void **unused)
{
	unsigned long readable = 0, writable = 0, can_read, can_write;
	unsigned seed;

	(void)unused;
	if (geteuid() != 0)
		sbk_test_skip("becoming another account needs root");
	for (seed = 1; seed <= 4; seed++) {
		char *tree = sbk_test_directory("scope");
		struct sbk_report *report;
		char expected[128];

		random_tree(tree, seed);
		report = scope_of(tree, PRINCIPAL, true);
		can_read = count_opened("find \"$T\"", O_RDONLY);
		can_write = count_opened("find \"$T\" -type f", O_WRONLY) +
			    count_writable_directories();
		(void)snprintf(expected, sizeof(expected),
			       "\"readable\":%lu,\"writable\":%lu", can_read,
			       can_write);
		assert_string_equal(
			finding_of(report, "scope.principal", NULL, NULL)
				->members,
			expected);
		readable += can_read;
		writable += can_write;
		sbk_report_free(report);
		sbk_test_remove(tree);
	}
	assert_true(readable > 20);
	assert_true(writable > 20);
}

static int scope_as_stranger(void *arg)
{
	struct sbk_report *report = scope_of(arg, PRINCIPAL, false);

	return sbk_report_exit(report);
}

static void test_scope__an_unreadable_directory_is_not_clean(void **unused)
{
	char *tree = sbk_test_directory("scope");

	(void)unused;
	if (geteuid() != 0)
		sbk_test_skip("becoming another account needs root");
	in_tree(tree, "chmod 755 . && mkdir -m 700 shut && mkdir open");
	assert_int_equal(as_number(STRANGER, scope_as_stranger, tree), 2);
	in_tree(tree, "chmod 755 shut");
	assert_int_equal(as_number(STRANGER, scope_as_stranger, tree), 0);
	sbk_test_remove(tree);
}

static void test_scope__root_is_refused(void **unused)
{
	static const char *const names[] = {"root"};
	struct sbk_subjects subjects;
	struct sbk_error err = SBK_ERROR_INIT;

	(void)unused;
	assert_error(sbk_subjects_named(names, 1, &subjects, &err), SBK_E_INVAL,
		     &err);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_scope__rolls_up_to_where_a_right_begins),
	cmocka_unit_test(test_scope__names_secret_files),
	cmocka_unit_test(test_scope__nothing_granted_is_nothing_found),
	cmocka_unit_test(test_scope__says_what_cannot_be_reached),
	cmocka_unit_test(test_scope__owners_and_groups_are_named_too),
	cmocka_unit_test(test_scope__agrees_with_open_on_random_trees),
	cmocka_unit_test(test_scope__an_unreadable_directory_is_not_clean),
	cmocka_unit_test(test_scope__root_is_refused),
};

SBK_TEST_MAIN(tests)
