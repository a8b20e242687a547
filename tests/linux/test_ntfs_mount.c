/*
 * Which mounts are taken for an NTFS volume that can be written exactly. The
 * kernel's own drivers are not on every machine: they are refused by the name
 * that the list of mounts has for them.
 */
#include "engine/linux/ntfs_mount.h"
#include "tests/support/test.h"

#include <string.h>
#include <unistd.h>

#include "engine/banned.h"

static struct sbk_mount mount_of(const char *type)
{
	return (struct sbk_mount){.id = 1,
				  .root = "/",
				  .point = "/mnt",
				  .type = type,
				  .source = "/dev/sdb2"};
}

static void test_ntfs_mount__decided_by_the_driver(void **state)
{
	static const struct {
		const char *type;
		int rc;
	} cases[] = {
		{"fuseblk", 0},
		{"fuse", 0}, /* an image */
		{"fuse.ntfs-3g", 0},
		{"fuse.lowntfs-3g", 0},
		{"ntfs3", SBK_E_UNSUPPORTED},
		{"ntfs", SBK_E_UNSUPPORTED},
		{"ext4", SBK_E_NOTFOUND},
		{"exfat", SBK_E_NOTFOUND},
		{"fuse.sshfs", SBK_E_NOTFOUND},
		{"ntfs3g", SBK_E_NOTFOUND},
		{"", SBK_E_NOTFOUND},
	};
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_mount mount;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		mount = mount_of(cases[i].type);
		sbk_error_clear(&err);
		assert_int_equal(sbk_ntfs_mount_check(&mount, &err),
				 cases[i].rc);
		if (cases[i].rc == SBK_E_UNSUPPORTED) {
			assert_non_null(strstr(err.message, cases[i].type));
			assert_non_null(strstr(err.message, "ntfs-3g"));
		}
	}
}

static void test_ntfs_mount__source_part_and_server(void **state)
{
	struct sbk_mount mount = mount_of("fuseblk");

	(void)state;
	assert_int_equal(sbk_ntfs_mount_check(&mount, NULL), 0);
	mount.source = "sdb2"; /* leads anywhere */
	assert_int_equal(sbk_ntfs_mount_check(&mount, NULL), SBK_E_NOTFOUND);
	mount = mount_of("fuseblk");
	mount.root = "/Users";
	assert_int_equal(sbk_ntfs_mount_check(&mount, NULL), SBK_E_UNSUPPORTED);
	mount = mount_of("fuse.ntfs-3g");
	mount.server = geteuid() + 1;
	assert_int_equal(sbk_ntfs_mount_check(&mount, NULL), SBK_E_UNSUPPORTED);
	mount.server = geteuid();
	assert_int_equal(sbk_ntfs_mount_check(&mount, NULL), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ntfs_mount__decided_by_the_driver),
		cmocka_unit_test(test_ntfs_mount__source_part_and_server),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
