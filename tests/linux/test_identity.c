/*
 * Identities on real volumes: the same after a rename and a new mount, another
 * for another object, the same for root and for plain users.
 */
#include "tests/linux/tree.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/linux/identity.h"
#include "engine/linux/pin.h"

static char *identity_at(const char *path)
{
	struct sbk_volumes volumes = SBK_VOLUMES_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_pin pin = SBK_PIN_INIT;
	char identity[SBK_IDENTITY_MAX];

	tree_check(sbk_pin_path(path, &pin, &err) == 0);
	tree_check(sbk_identity_of(&volumes, &pin, NULL, identity, &err) == 0);
	tree_check(sbk_identity_is(&volumes, &pin, identity, &err) == 1);
	sbk_pin_release(&pin);
	sbk_volumes_release(&volumes);
	return strdup(identity);
}

static void test_identity__stays_with_the_object(void **state)
{
	struct tree *tree = *state;
	char *before, *moved, *other, *text;

	tree_run(tree, "echo a >f && mkdir d");
	before = tree_identity(tree, "f");
	tree_run(tree, "mv f d/g && chmod 600 d/g && echo more >>d/g && "
		       "touch -d 2001-01-01 d/g");
	moved = tree_identity(tree, "d/g");
	assert_string_equal(before, moved);
	tree_run(tree, "cp -p d/g f");
	other = tree_identity(tree, "f");
	assert_string_not_equal(before, other);
	text = tree_output(tree, "stat -c %%d f");
	text[strcspn(text, "\n")] = '\0';
	free(text);
	free(before);
	free(moved);
	free(other);
}

struct volume_case {
	const char *make;  /* in the tree's root; makes and mounts on ./m */
	const char *again; /* mounts it anew */
	const char *prefix;
};

static const struct volume_case volumes[] = {
	{"truncate -s 32M i && mkfs.ext4 -q i && mount -o loop i m",
	 "umount m && mount -o loop i m", "fh:"},
	{"truncate -s 320M i && mkfs.xfs -q i && mount -o loop i m",
	 "umount m && mount -o loop i m", "fh:"},
	{"truncate -s 128M i && mkfs.btrfs -q i && mount -o loop i m",
	 "umount m && mount -o loop i m", "fh:"},
	{"mount -t tmpfs none m", "true", "fh:"},
	{"mkdir -p l u w && echo x >l/f && mount -t overlay -o "
	 "lowerdir=l,upperdir=u,workdir=w none m",
	 "umount m && mount -t overlay -o lowerdir=l,upperdir=u,workdir=w "
	 "none m",
	 NULL},
};

static const struct volume_case *the_volume; /* of the child */

static void run_volume(struct tree *tree)
{
	const struct volume_case *c = the_volume;
	char *first, *second;

	tree_own_mounts();
	tree_run(tree, "mkdir -p m && %s", c->make);
	tree_run(tree, "echo x >>m/f");
	first = identity_at(tree_path(tree, "m/f"));
	tree_check(c->prefix == NULL || strncmp(first, c->prefix, 3) == 0);
	tree_run(tree, "%s", c->again);
	tree_run(tree, "chmod 640 m/f && touch m/f");
	second = identity_at(tree_path(tree, "m/f"));
	tree_run(tree, "umount m");
	tree_check(strcmp(first, second) == 0);
}

static void test_identity__survives_a_new_mount(void **state)
{
	struct tree *tree = *state;
	size_t i;

	if (geteuid() != 0)
		sbk_test_skip("needs root to mount volumes");
	for (i = 0; i < sizeof(volumes) / sizeof(volumes[0]); i++) {
		tree_run(tree, "rm -rf *");
		the_volume = &volumes[i];
		tree_child(tree, run_volume);
	}
}

static void run_copy_up(struct tree *tree)
{
	char *file, *directory;

	tree_own_mounts();
	tree_run(tree, "mkdir m l u w && echo x >l/f && mkdir l/d && "
		       "mount -t overlay -o lowerdir=l,upperdir=u,workdir=w "
		       "none m");
	file = identity_at(tree_path(tree, "m/f"));
	directory = identity_at(tree_path(tree, "m/d"));
	tree_run(tree, "setfacl -m u:990:rx m/f m/d && test -e u/f -a -e u/d");
	tree_check(strcmp(file, identity_at(tree_path(tree, "m/f"))) == 0);
	tree_check(strcmp(directory, identity_at(tree_path(tree, "m/d"))) == 0);
}

/* overlayfs copies a file up at the first change of its ACL: still it. */
static void test_identity__survives_copying_up(void **state)
{
	struct tree *tree = *state;

	if (geteuid() != 0)
		sbk_test_skip("needs root to mount volumes");
	tree_child(tree, run_copy_up);
}

static void check_plain_handle(struct tree *tree, const char *name)
{
	struct sbk_volumes known = SBK_VOLUMES_INIT;
	struct sbk_volume *volume = NULL, asked;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_pin pin = SBK_PIN_INIT;
	char made[SBK_IDENTITY_MAX], given[SBK_IDENTITY_MAX];

	tree_check(sbk_pin_path(tree_path(tree, name), &pin, &err) == 0);
	tree_check(sbk_volume_of(&known, &pin, &volume, &err) == 0);
	tree_check(volume->plain_handles);
	asked = *volume;
	asked.plain_handles = false;
	tree_check(sbk_identity_on(volume, &pin, NULL, made, &err) == 0);
	tree_check(sbk_identity_on(&asked, &pin, NULL, given, &err) == 0);
	tree_check(strcmp(made, given) == 0);
	/* What may not be read has no generation to ask for. */
	tree_check(!pin.by_proc);
	pin.by_proc = true;
	tree_check(sbk_identity_on(volume, &pin, NULL, given, &err) == 0);
	tree_check(strcmp(made, given) == 0);
	pin.by_proc = false;
	sbk_pin_release(&pin);
	sbk_volumes_release(&known);
}

static void run_plain_handles(struct tree *tree)
{
	tree_own_mounts();
	tree_run(tree, "mkdir m && truncate -s 32M i && mkfs.ext4 -q i && "
		       "mount -o loop i m && mkdir m/d && echo x >m/f && "
		       "rm m/f && echo x >m/f && ln m/f m/d/g");
	check_plain_handle(tree, "m/f");
	check_plain_handle(tree, "m/d");
	check_plain_handle(tree, "m/d/g");
	check_plain_handle(tree, "m");
	tree_run(tree, "umount m");
}

/* The handle that is made from number and generation is the kernel's own. */
static void test_identity__makes_the_handles_of_ext4(void **state)
{
	struct tree *tree = *state;

	if (geteuid() != 0)
		sbk_test_skip("needs root to mount volumes");
	tree_child(tree, run_plain_handles);
}

static char *as_root; /* of the file below, for the child */

static void run_plain_identity(struct tree *tree)
{
	tree_become_plain();
	tree_check(strcmp(identity_at(tree_path(tree, "f")), as_root) == 0);
}

static void test_identity__is_the_same_for_plain_users(void **state)
{
	struct tree *tree = *state;

	if (geteuid() != 0)
		sbk_test_skip("needs root to become somebody else");
	tree_run(tree, "chmod 755 . && echo x >f && chmod 0 f");
	as_root = tree_identity(tree, "f");
	tree_child(tree, run_plain_identity);
	free(as_root);
}

/* What an older kernel gave in a weaker form is compared in that form. */
static void test_identity__weaker_forms_compare(void **state)
{
	struct tree *tree = *state;
	struct sbk_volumes known = SBK_VOLUMES_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_pin f = SBK_PIN_INIT, g = SBK_PIN_INIT;
	char inode[SBK_IDENTITY_MAX], handle[SBK_IDENTITY_MAX];

	tree_run(tree, "echo x >f && echo y >g");
	assert_ok(sbk_pin_path(tree_path(tree, "f"), &f, &err), &err);
	assert_ok(sbk_pin_path(tree_path(tree, "g"), &g, &err), &err);
	assert_ok(sbk_identity_of(&known, &f, "ino:", inode, &err), &err);
	assert_ok(sbk_identity_of(&known, &f, "fid:", handle, &err), &err);
	assert_int_equal(strncmp(inode, "ino:", 4), 0);
	assert_int_equal(strncmp(handle, "fid:", 4), 0);
	assert_int_equal(sbk_identity_is(&known, &f, inode, &err), 1);
	assert_int_equal(sbk_identity_is(&known, &g, inode, &err), 0);
	assert_int_equal(sbk_identity_is(&known, &f, handle, &err), 1);
	assert_int_equal(sbk_identity_is(&known, &g, handle, &err), 0);
	sbk_pin_release(&f);
	sbk_pin_release(&g);
	sbk_volumes_release(&known);
}

static void test_identity__malformed_handles_are_refused(void **state)
{
	static const char uuid[] = "fh:0123456789abcdef0123456789abcdef:";
	static const char *const rest[] = {
		"",	      "00000001",    "00000001:0",
		"0000001:00", "00000001:zz", "00000001",
	};
	struct sbk_handle handle;
	char text[SBK_IDENTITY_MAX * 2];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rest) / sizeof(rest[0]); i++) {
		(void)snprintf(text, sizeof(text), "%s%s", uuid, rest[i]);
		assert_false(sbk_handle_parse(text, &handle));
	}
	(void)snprintf(text, sizeof(text), "%s00000001:", uuid);
	for (i = 0; i <= SBK_HANDLE_BYTES; i++)
		(void)strcat(text, "00");
	assert_false(sbk_handle_parse(text, &handle));
	text[strlen(text) - 2] = '\0';
	assert_true(sbk_handle_parse(text, &handle));
	assert_int_equal(handle.size, SBK_HANDLE_BYTES);
	assert_false(sbk_handle_parse("ino:5:-", &handle));
}

/* Kernels without openat2 get the same answers. */
static void test_identity__paths_by_steps(void **state)
{
	struct tree *tree = *state;
	int fd;

	tree_run(tree, "mkdir -p a/b && echo x >a/b/f && ln -s a l && "
		       "ln -s f a/b/lf");
	fd = sbk_open_by_steps(tree_path(tree, "a/b/f"),
			       O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	assert_true(fd >= 0);
	(void)close(fd);
	assert_true(sbk_open_by_steps(tree_path(tree, "l/b/f"),
				      O_RDONLY | O_NOFOLLOW) < 0);
	assert_true(sbk_open_by_steps(tree_path(tree, "a/b/lf"),
				      O_RDONLY | O_NOFOLLOW) < 0);
	assert_true(sbk_open_by_steps(tree_path(tree, "a/x/f"),
				      O_RDONLY | O_NOFOLLOW) < 0);
	fd = sbk_open_by_steps("/", O_PATH | O_CLOEXEC);
	assert_true(fd >= 0);
	(void)close(fd);
}

#define TREE_TEST(name) \
	cmocka_unit_test_setup_teardown(name, tree_setup, tree_teardown)

static const struct CMUnitTest tests[] = {
	TREE_TEST(test_identity__stays_with_the_object),
	TREE_TEST(test_identity__survives_a_new_mount),
	TREE_TEST(test_identity__survives_copying_up),
	TREE_TEST(test_identity__makes_the_handles_of_ext4),
	TREE_TEST(test_identity__is_the_same_for_plain_users),
	TREE_TEST(test_identity__weaker_forms_compare),
	TREE_TEST(test_identity__malformed_handles_are_refused),
	TREE_TEST(test_identity__paths_by_steps),
};

SBK_TEST_MAIN(tests)
