/*
 * Grants on real files, with setfacl, getfacl and chmod as the other side.
 *
 * The main test has twins: one file is granted, edited by others, and the
 * grant is taken out; the other is only edited. In the end both must look the
 * same to getfacl and stat: only the edits remain.
 */
#include "tests/linux/tree.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct edit_case {
	const char *make; /* with $f, as all commands here */
	enum sbk_rights rights;
	const char *edit;
};

#define FILE_OF(mode) "echo text >$f && chmod " mode " $f"
#define DIR_OF(mode) "mkdir $f && chmod " mode " $f"

static const struct edit_case edits[] = {
	{FILE_OF("644"), SBK_RIGHTS_WRITE, "true"},
	{FILE_OF("644"), SBK_RIGHTS_WRITE, "chmod 600 $f"},
	{FILE_OF("644"), SBK_RIGHTS_WRITE, "chmod 644 $f"},
	{FILE_OF("644"), SBK_RIGHTS_WRITE, "chmod 775 $f"},
	{FILE_OF("600"), SBK_RIGHTS_READ, "chmod 664 $f"},
	{FILE_OF("755"), SBK_RIGHTS_WRITE, "chmod 700 $f"},
	{FILE_OF("644"), SBK_RIGHTS_WRITE, "chmod u+s $f"},
	{FILE_OF("4755"), SBK_RIGHTS_READ, "chmod o-rx $f"},
	{FILE_OF("644"), SBK_RIGHTS_WRITE, "setfacl -m u:7:r $f"},
	{FILE_OF("644"), SBK_RIGHTS_WRITE, "setfacl -m u:7:rwx $f"},
	{FILE_OF("600"), SBK_RIGHTS_READ, "setfacl -m g:7:rw $f"},
	{FILE_OF("644"), SBK_RIGHTS_WRITE,
	 "setfacl -m u:7:rw $f; chmod 600 $f"},
	{FILE_OF("644"), SBK_RIGHTS_WRITE, "setfacl -m o::- $f"},
	{FILE_OF("644"), SBK_RIGHTS_WRITE, "setfacl -b $f"},
	{FILE_OF("644"), SBK_RIGHTS_WRITE, "chown 1234:4321 $f"},
	{FILE_OF("644"), SBK_RIGHTS_WRITE, "echo more >>$f"},
	/* An ACL was there before. */
	{FILE_OF("644") "; setfacl -m u:5:rw $f", SBK_RIGHTS_WRITE, "true"},
	{FILE_OF("644") "; setfacl -m u:5:r $f", SBK_RIGHTS_WRITE,
	 "setfacl -x u:5 $f"},
	{FILE_OF("644") "; setfacl -m u:5:r $f", SBK_RIGHTS_WRITE,
	 "setfacl -m u:6:rwx $f"},
	{FILE_OF("644") "; setfacl -m u:5:r $f", SBK_RIGHTS_READ,
	 "chmod 604 $f"},
	/* A mask that setfacl -x left behind. */
	{FILE_OF("644") "; setfacl -m u:5:r $f; setfacl -x u:5 $f",
	 SBK_RIGHTS_WRITE, "chmod o-r $f"},
	/* Directories. */
	{DIR_OF("755"), SBK_RIGHTS_WRITE, "true"},
	{DIR_OF("2750"), SBK_RIGHTS_WRITE, "chmod o+rx $f"},
	{DIR_OF("1777"), SBK_RIGHTS_READ, "true"},
	{DIR_OF("755"), SBK_RIGHTS_WRITE, "chmod 700 $f"},
	{DIR_OF("755"), SBK_RIGHTS_WRITE, "setfacl -m u:7:rx $f"},
	{DIR_OF("755"), SBK_RIGHTS_WRITE, "setfacl -d -m u:7:rx $f"},
	{DIR_OF("755"), SBK_RIGHTS_WRITE, "setfacl -k $f"},
	{DIR_OF("755"), SBK_RIGHTS_WRITE, "setfacl -b $f"},
	{DIR_OF("755") "; setfacl -d -m u:5:rx $f", SBK_RIGHTS_WRITE, "true"},
	{DIR_OF("755") "; setfacl -d -m u:5:rx $f", SBK_RIGHTS_WRITE,
	 "setfacl -d -m u:6:rwx $f; chmod 750 $f"},
};

static void run_edit(struct tree *tree, const struct edit_case *c)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_change change;
	char *granted, *twin;

	tree_run(tree, "f=granted; %s", c->make);
	tree_run(tree, "f=twin; %s", c->make);
	tree_grant(tree, "granted", "u:990", c->rights, &change);
	tree_run(tree, "f=granted; %s", c->edit);
	tree_run(tree, "f=twin; %s", c->edit);
	assert_ok(tree_undo(tree, "granted", &change, &err), &err);
	granted = tree_oracle(tree, "granted");
	twin = tree_oracle(tree, "twin");
	if (strcmp(granted, twin) != 0)
		fail_msg("%s; %s: without a grant\n%swith one\n%s", c->make,
			 c->edit, twin, granted);
	free(granted);
	free(twin);
	tree_forget(&change);
	tree_run(tree, "rm -rf granted twin");
}

static void test_access__only_the_edits_of_others_remain(void **state)
{
	struct tree *tree = *state;
	size_t i;

	if (geteuid() != 0 || !tree_has_acls(tree))
		sbk_test_skip("needs root and a filesystem with ACLs");
	for (i = 0; i < sizeof(edits) / sizeof(edits[0]); i++)
		run_edit(tree, &edits[i]);
}

static void test_access__an_altered_entry_is_a_conflict(void **state)
{
	struct tree *tree = *state;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_change change;

	if (!tree_has_acls(tree))
		sbk_test_skip("needs a filesystem with ACLs");
	tree_run(tree, "echo text >f");
	tree_grant(tree, "f", "u:990", SBK_RIGHTS_WRITE, &change);
	tree_run(tree, "setfacl -m u:990:r f");
	assert_error(tree_undo(tree, "f", &change, &err), SBK_E_CONFLICT, &err);
	tree_run(tree, "getfacl -n f | grep -q '^user:990:r--$'");
	tree_forget(&change);
}

/* Whether uid 990 can open the path so; by the kernel and nobody else. */
static bool can_open(const char *path, uid_t uid, int flags)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (setgid(uid) < 0 || setuid(uid) < 0)
			_exit(2);
		_exit(open(path, flags) >= 0 ? 0 : 1);
	}
	if (waitpid(pid, &status, 0) < 0 || !WIFEXITED(status) ||
	    WEXITSTATUS(status) > 1)
		fail_msg("the child of can_open broke");
	return WEXITSTATUS(status) == 0;
}

static void test_access__the_kernel_agrees(void **state)
{
	struct tree *tree = *state;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_change change;
	const char *path = tree_path(tree, "f");

	if (geteuid() != 0 || !tree_has_acls(tree))
		sbk_test_skip("needs root and a filesystem with ACLs");
	tree_run(tree, "chmod 711 . && echo text >f && chmod 600 f");
	assert_false(can_open(path, 990, O_RDONLY));
	tree_grant(tree, "f", "u:990", SBK_RIGHTS_READ, &change);
	assert_true(can_open(path, 990, O_RDONLY));
	assert_false(can_open(path, 990, O_RDWR));
	assert_false(can_open(path, 991, O_RDONLY));
	assert_ok(tree_undo(tree, "f", &change, &err), &err);
	assert_false(can_open(path, 990, O_RDONLY));
	tree_forget(&change);
	tree_grant(tree, "f", "g:990", SBK_RIGHTS_WRITE, &change);
	assert_true(can_open(path, 990, O_RDWR));
	assert_false(can_open(path, 991, O_RDONLY));
	assert_ok(tree_undo(tree, "f", &change, &err), &err);
	assert_false(can_open(path, 990, O_RDONLY));
	tree_forget(&change);
}

static void test_access__a_changed_object_is_not_written(void **state)
{
	struct tree *tree = *state;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_change change;
	char *text;

	if (!tree_has_acls(tree))
		sbk_test_skip("needs a filesystem with ACLs");
	tree_run(tree, "echo text >f");
	tree_grant(tree, "f", "u:990", SBK_RIGHTS_READ, &change);
	/* `before` is what was expected once, and is so no more. */
	assert_error(sbk_backend_replace(&tree->backend, &change.object,
					 change.before, change.after, &err),
		     SBK_E_CONFLICT, &err);
	tree_run(tree, "chmod 604 f");
	assert_error(sbk_backend_replace(&tree->backend, &change.object,
					 change.after, change.before, &err),
		     SBK_E_CONFLICT, &err);
	text = tree_output(tree, "getfacl -n f | grep 990");
	assert_string_equal(text, "user:990:r--\t#effective:---\n");
	free(text);
	tree_forget(&change);
}

/* Swaps between observing and replacing: never another object's ACL. */
static void test_access__a_swapped_object_is_not_written(void **state)
{
	static const char *const swaps[] = {
		"mv f moved && ln -s ../other f && touch ../other",
		"mv f moved && cp -p moved f",
		"mv d moved-d && ln -s moved-d d",
		"mv d moved-d && cp -rp moved-d d",
		"mv f moved && mkfifo f && chmod 644 f",
		"mv f moved && mkdir f",
	};
	struct tree *tree = *state;
	size_t i;

	if (!tree_has_acls(tree))
		sbk_test_skip("needs a filesystem with ACLs");
	for (i = 0; i < sizeof(swaps) / sizeof(swaps[0]); i++) {
		struct sbk_error err = SBK_ERROR_INIT;
		struct sbk_change change, inner;
		int rc;

		tree_run(tree, "rm -rf * && mkdir w && cd w && echo x >f && "
			       "mkdir d && echo y >d/g");
		tree_grant(tree, "w/f", "u:990", SBK_RIGHTS_READ, &change);
		tree_grant(tree, "w/d/g", "u:990", SBK_RIGHTS_READ, &inner);
		tree_run(tree, "cd w && %s", swaps[i]);
		rc = sbk_backend_replace(&tree->backend,
					 strstr(swaps[i], "mv d") != NULL
						 ? &inner.object
						 : &change.object,
					 change.after, change.before, &err);
		assert_true(rc == SBK_E_CONFLICT || rc == SBK_E_NOTFOUND);
		tree_forget(&change);
		tree_forget(&inner);
	}
}

static void test_access__hostile_names(void **state)
{
	static const char *const names[] = {
		"a\nb",	 " leading", "trailing ", "\xff\xfe",  "-rf",
		"\\040", "*",	     "\x1b[2J",	  "\"'$(id)`",
	};
	struct tree *tree = *state;
	size_t i;

	if (!tree_has_acls(tree))
		sbk_test_skip("needs a filesystem with ACLs");
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct sbk_error err = SBK_ERROR_INIT;
		struct sbk_change change;
		int fd =
			open(tree_path(tree, names[i]), O_CREAT | O_RDWR, 0644);

		assert_true(fd >= 0);
		(void)close(fd);
		tree_grant(tree, names[i], "u:990", SBK_RIGHTS_WRITE, &change);
		assert_ok(tree_undo(tree, names[i], &change, &err), &err);
		tree_forget(&change);
	}
}

static void test_access__paths_up_to_the_limit(void **state)
{
	struct tree *tree = *state;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_change change;
	char name[4096] = "";
	size_t room = 4000 - strlen(tree->root) - 1;

	if (!tree_has_acls(tree))
		sbk_test_skip("needs a filesystem with ACLs");
	while (strlen(name) + 100 < room) {
		size_t at = strlen(name);

		(void)memset(name + at, 'd', 99);
		name[at + 99] = '\0';
		assert_int_equal(mkdir(tree_path(tree, name), 0755), 0);
		(void)strcat(name, "/");
	}
	(void)strcat(name, "f");
	(void)close(open(tree_path(tree, name), O_CREAT | O_RDWR, 0644));
	tree_grant(tree, name, "u:990", SBK_RIGHTS_WRITE, &change);
	assert_ok(tree_undo(tree, name, &change, &err), &err);
	tree_forget(&change);
}

/* One grant by a plain user; the code of the replacement. */
static int grant_as_plain(struct tree *tree, const char *name)
{
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	struct sbk_object object = {.kind = SBK_KIND_ACCESS,
				    .name = tree_path(tree, name)};
	struct sbk_buf next = SBK_BUF_INIT, ours = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	int rc;

	tree_become_plain();
	tree_check(sbk_backend_observe(&tree->backend, &object, &seen, &err) ==
		   0);
	tree_check(sbk_backend_add_grant(
			   &tree->backend, sbk_observation_state(&seen), false,
			   "u:990", SBK_RIGHTS_READ, &next, &ours, &err) == 0);
	rc = sbk_backend_replace(&tree->backend, &object,
				 sbk_observation_state(&seen),
				 (struct sbk_state){.data = sbk_buf_text(&next),
						    .size = next.size},
				 &err);
	tree_check(sbk_backend_flush(&tree->backend, &err) == 0);
	return rc;
}

static void run_unreadable(struct tree *tree)
{
	tree_check(grant_as_plain(tree, "f") == 0);
}

/* What may not be read by its owner is written through /proc. */
static void test_access__unreadable_files_of_a_plain_user(void **state)
{
	struct tree *tree = *state;

	if (geteuid() != 0 || !tree_has_acls(tree))
		sbk_test_skip("needs root and a filesystem with ACLs");
	tree_run(tree, "chmod 755 . && echo x >f && chown 1500:1500 f && "
		       "chmod 0 f");
	tree_child(tree, run_unreadable);
	tree_run(tree, "getfacl -n f | grep -q '^user:990:r--'");
}

static void run_setgid(struct tree *tree)
{
	tree_check(grant_as_plain(tree, "d") == SBK_E_DENIED);
}

/* chmod by someone who is not in the group would lose the bit for good. */
static void test_access__setgid_is_not_lost(void **state)
{
	struct tree *tree = *state;

	if (geteuid() != 0 || !tree_has_acls(tree))
		sbk_test_skip("needs root and a filesystem with ACLs");
	tree_run(tree, "chmod 755 . && mkdir d && chown 1500:77 d && "
		       "chmod 2755 d");
	tree_child(tree, run_setgid);
	tree_run(tree, "test \"$(stat -c %%a d)\" = 2755");
}

#define TREE_TEST(name) \
	cmocka_unit_test_setup_teardown(name, tree_setup, tree_teardown)

static const struct CMUnitTest tests[] = {
	TREE_TEST(test_access__only_the_edits_of_others_remain),
	TREE_TEST(test_access__an_altered_entry_is_a_conflict),
	TREE_TEST(test_access__the_kernel_agrees),
	TREE_TEST(test_access__a_changed_object_is_not_written),
	TREE_TEST(test_access__a_swapped_object_is_not_written),
	TREE_TEST(test_access__hostile_names),
	TREE_TEST(test_access__paths_up_to_the_limit),
	TREE_TEST(test_access__unreadable_files_of_a_plain_user),
	TREE_TEST(test_access__setgid_is_not_lost),
};

SBK_TEST_MAIN(tests)
