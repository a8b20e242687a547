/* Files, directories and links that we create and take away. */
#include "tests/linux/tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/linux/file.h"

static struct sbk_state state_of(const struct sbk_buf *buf)
{
	return (struct sbk_state){.data = sbk_buf_text(buf), .size = buf->size};
}

static int change(struct tree *tree, enum sbk_kind kind, const char *name,
		  const char *identity, struct sbk_state expected,
		  struct sbk_state next, struct sbk_error *err)
{
	struct sbk_object object = {.kind = kind,
				    .name = tree_path(tree, name),
				    .identity = identity};

	return sbk_backend_replace(&tree->backend, &object, expected, next,
				   err);
}

static struct sbk_state look(struct tree *tree, enum sbk_kind kind,
			     const char *name)
{
	struct sbk_object object = {.kind = kind,
				    .name = tree_path(tree, name)};
	struct sbk_error err = SBK_ERROR_INIT;

	assert_ok(
		sbk_backend_observe(&tree->backend, &object, &tree->seen, &err),
		&err);
	return sbk_observation_state(&tree->seen);
}

/* Made, observed as what was asked for, taken away without a trace. */
static void round_trip(struct tree *tree, enum sbk_kind kind,
		       const struct sbk_buf *wanted)
{
	struct sbk_error err = SBK_ERROR_INIT;
	char identity[512], *list;

	assert_true(sbk_state_absent(look(tree, kind, "x")));
	assert_ok(change(tree, kind, "x", NULL, SBK_STATE_ABSENT,
			 state_of(wanted), &err),
		  &err);
	assert_true(sbk_state_equal(look(tree, kind, "x"), state_of(wanted)));
	(void)snprintf(identity, sizeof(identity), "%s",
		       sbk_buf_text(&tree->seen.identity));
	assert_ok(sbk_backend_flush(&tree->backend, &err), &err);
	/* A second one is refused. */
	assert_error(change(tree, kind, "x", NULL, SBK_STATE_ABSENT,
			    state_of(wanted), &err),
		     SBK_E_CONFLICT, &err);
	assert_ok(change(tree, kind, "x", identity, state_of(wanted),
			 SBK_STATE_ABSENT, &err),
		  &err);
	assert_true(sbk_state_absent(look(tree, kind, "x")));
	list = tree_output(tree, "ls -A");
	assert_string_equal(list, "");
	free(list);
}

static void test_file__round_trip(void **state)
{
	static const unsigned modes[] = {0600, 0644, 0755, 02755, 04711, 0};
	static const char content[] = "a\0b\n\nmode 0\n";
	struct tree *tree = *state;
	size_t i;

	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		struct sbk_buf wanted = SBK_BUF_INIT;

		sbk_file_state(&wanted, geteuid(), getegid(), modes[i], content,
			       sizeof(content));
		round_trip(tree, SBK_KIND_FILE, &wanted);
		sbk_buf_release(&wanted);
	}
}

static void test_file__empty_and_owned_by_others(void **state)
{
	struct tree *tree = *state;
	struct sbk_buf wanted = SBK_BUF_INIT;

	if (geteuid() != 0)
		sbk_test_skip("needs root to give files away");
	sbk_file_state(&wanted, 1234, 4321, 04750, "", 0);
	round_trip(tree, SBK_KIND_FILE, &wanted);
	sbk_buf_clear(&wanted);
	sbk_directory_state(&wanted, 1234, 4321, 02750);
	round_trip(tree, SBK_KIND_DIRECTORY, &wanted);
	sbk_buf_release(&wanted);
}

static void test_file__directories_and_links(void **state)
{
	static const unsigned modes[] = {0700, 0755, 01777, 02770};
	static const char *const targets[] = {"nowhere", "/etc/passwd", "a\nb",
					      "\xff", "../x y"};
	struct tree *tree = *state;
	struct sbk_buf wanted = SBK_BUF_INIT;
	mode_t mask = umask(0077); /* must not matter */
	size_t i;

	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		sbk_directory_state(&wanted, geteuid(), getegid(), modes[i]);
		round_trip(tree, SBK_KIND_DIRECTORY, &wanted);
		sbk_buf_clear(&wanted);
	}
	for (i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		sbk_link_state(&wanted, targets[i]);
		round_trip(tree, SBK_KIND_LINK, &wanted);
		sbk_buf_clear(&wanted);
	}
	(void)umask(mask);
	sbk_buf_release(&wanted);
}

/* Wherever the descriptors run out, nothing of it stays. */
static void test_file__a_failure_leaves_nothing(void **state)
{
	struct tree *tree = *state;
	struct sbk_buf wanted = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	struct rlimit before, low;
	size_t failures = 0;
	int rc = -1, lowest = dup(0);

	assert_true(lowest >= 0);
	(void)close(lowest);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	sbk_directory_state(&wanted, geteuid(), getegid(), 0755);
	low = before;
	for (low.rlim_cur = (rlim_t)lowest; rc < 0; low.rlim_cur++) {
		assert_true(failures < 20);
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
		rc = change(tree, SBK_KIND_DIRECTORY, "x", NULL,
			    SBK_STATE_ABSENT, state_of(&wanted), &err);
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
		if (rc == 0)
			break;
		failures++;
		assert_int_equal(access(tree_path(tree, "x"), F_OK), -1);
	}
	assert_true(failures >= 2);
	assert_int_equal(access(tree_path(tree, "x"), F_OK), 0);
	sbk_buf_release(&wanted);
}

/* A default ACL of the directory does not get into what we make. */
static void test_file__a_default_acl_is_not_inherited(void **state)
{
	struct tree *tree = *state;
	struct sbk_buf wanted = SBK_BUF_INIT;

	if (!tree_has_acls(tree))
		sbk_test_skip("needs a filesystem with ACLs");
	tree_run(tree, "setfacl -d -m u:7:rwx,o::rwx .");
	sbk_file_state(&wanted, geteuid(), getegid(), 0600, "x", 1);
	round_trip(tree, SBK_KIND_FILE, &wanted);
	sbk_buf_clear(&wanted);
	sbk_directory_state(&wanted, geteuid(), getegid(), 0700);
	round_trip(tree, SBK_KIND_DIRECTORY, &wanted);
	sbk_buf_release(&wanted);
}

static void test_file__what_others_changed_stays(void **state)
{
	static const char *const edits[] = {
		"echo more >>x",       "chmod 600 x",
		"mv x y && cp -p y x", "rm x && ln -s /etc/passwd x",
		"rm x && mkdir x",     "setfattr -n user.note -v hello x",
		"rm x && mkfifo x",
	};
	struct tree *tree = *state;
	struct sbk_buf wanted = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	size_t i;

	sbk_file_state(&wanted, geteuid(), getegid(), 0644, "text\n", 5);
	for (i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
		char identity[512];

		tree_run(tree, "rm -rf x y");
		assert_ok(change(tree, SBK_KIND_FILE, "x", NULL,
				 SBK_STATE_ABSENT, state_of(&wanted), &err),
			  &err);
		(void)look(tree, SBK_KIND_FILE, "x");
		(void)snprintf(identity, sizeof(identity), "%s",
			       sbk_buf_text(&tree->seen.identity));
		tree_run(tree, "%s", edits[i]);
		assert_error(change(tree, SBK_KIND_FILE, "x", identity,
				    state_of(&wanted), SBK_STATE_ABSENT, &err),
			     SBK_E_CONFLICT, &err);
		tree_run(tree, "test -L x || test -e x");
	}
	sbk_buf_release(&wanted);
}

static void test_file__a_full_directory_stays(void **state)
{
	struct tree *tree = *state;
	struct sbk_buf wanted = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;

	sbk_directory_state(&wanted, geteuid(), getegid(), 0755);
	assert_ok(change(tree, SBK_KIND_DIRECTORY, "x", NULL, SBK_STATE_ABSENT,
			 state_of(&wanted), &err),
		  &err);
	tree_run(tree, "touch x/theirs");
	assert_error(change(tree, SBK_KIND_DIRECTORY, "x", NULL,
			    state_of(&wanted), SBK_STATE_ABSENT, &err),
		     SBK_E_CONFLICT, &err);
	tree_run(tree, "rm x/theirs");
	assert_ok(change(tree, SBK_KIND_DIRECTORY, "x", NULL, state_of(&wanted),
			 SBK_STATE_ABSENT, &err),
		  &err);
	sbk_buf_release(&wanted);
}

static void test_file__links_in_the_way_are_not_followed(void **state)
{
	struct tree *tree = *state;
	struct sbk_buf wanted = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;

	tree_run(tree, "mkdir real && ln -s real link && ln -s real/new x");
	sbk_file_state(&wanted, geteuid(), getegid(), 0644, "text", 4);
	assert_error(change(tree, SBK_KIND_FILE, "link/f", NULL,
			    SBK_STATE_ABSENT, state_of(&wanted), &err),
		     SBK_E_NOTFOUND, &err);
	assert_error(change(tree, SBK_KIND_FILE, "x", NULL, SBK_STATE_ABSENT,
			    state_of(&wanted), &err),
		     SBK_E_CONFLICT, &err);
	tree_run(tree, "test -z \"$(ls real)\"");
	assert_ok(change(tree, SBK_KIND_FILE, "real/f", NULL, SBK_STATE_ABSENT,
			 state_of(&wanted), &err),
		  &err);
	sbk_buf_release(&wanted);
}

static void run_full_disk(struct tree *tree)
{
	struct sbk_buf wanted = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	static char content[1 << 20];

	tree_own_mounts();
	tree_run(tree, "mkdir m && mount -t tmpfs -o size=64k none m");
	sbk_file_state(&wanted, 0, 0, 0644, content, sizeof(content));
	tree_check(change(tree, SBK_KIND_FILE, "m/f", NULL, SBK_STATE_ABSENT,
			  state_of(&wanted), &err) == SBK_E_IO);
	/* Nothing is left of it, and the room is there again. */
	tree_run(tree,
		 "test -z \"$(ls -A m)\" && head -c 60000 /dev/zero >m/g");
}

static void test_file__a_full_disk_leaves_nothing(void **state)
{
	if (geteuid() != 0)
		sbk_test_skip("needs root to mount");
	tree_child(*state, run_full_disk);
}

static void test_file__access_alone_can_change(void **state)
{
	struct tree *tree = *state;
	struct sbk_buf first = SBK_BUF_INIT, second = SBK_BUF_INIT;
	struct sbk_buf other = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;

	sbk_file_state(&first, geteuid(), getegid(), 0644, "text", 4);
	sbk_file_state(&second, geteuid(), getegid(), 0600, "text", 4);
	sbk_file_state(&other, geteuid(), getegid(), 0600, "TEXT", 4);
	assert_ok(change(tree, SBK_KIND_FILE, "x", NULL, SBK_STATE_ABSENT,
			 state_of(&first), &err),
		  &err);
	assert_ok(change(tree, SBK_KIND_FILE, "x", NULL, state_of(&first),
			 state_of(&second), &err),
		  &err);
	assert_error(change(tree, SBK_KIND_FILE, "x", NULL, state_of(&second),
			    state_of(&other), &err),
		     SBK_E_UNSUPPORTED, &err);
	tree_run(tree, "test \"$(cat x)\" = text");
	sbk_buf_release(&first);
	sbk_buf_release(&second);
	sbk_buf_release(&other);
}

#define TREE_TEST(name) \
	cmocka_unit_test_setup_teardown(name, tree_setup, tree_teardown)

static const struct CMUnitTest tests[] = {
	TREE_TEST(test_file__round_trip),
	TREE_TEST(test_file__empty_and_owned_by_others),
	TREE_TEST(test_file__directories_and_links),
	TREE_TEST(test_file__a_failure_leaves_nothing),
	TREE_TEST(test_file__a_default_acl_is_not_inherited),
	TREE_TEST(test_file__what_others_changed_stays),
	TREE_TEST(test_file__a_full_directory_stays),
	TREE_TEST(test_file__links_in_the_way_are_not_followed),
	TREE_TEST(test_file__a_full_disk_leaves_nothing),
	TREE_TEST(test_file__access_alone_can_change),
};

SBK_TEST_MAIN(tests)
