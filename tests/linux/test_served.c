/* Whose a filesystem is, by number and by name alike. */
#include "engine/linux/served.h"
#include "tests/support/test.h"

#include <linux/magic.h>
#include <sys/vfs.h>

#include "engine/banned.h"

static void test_served__by_number_and_by_name(void **state)
{
	static const struct {
		uint32_t magic;
		const char *type;
		enum sbk_served served;
	} cases[] = {
		{NFS_SUPER_MAGIC, "nfs4", SBK_SERVED_BY_MACHINE},
		{CIFS_SUPER_MAGIC, "cifs", SBK_SERVED_BY_MACHINE},
		{SMB2_SUPER_MAGIC, "smb3", SBK_SERVED_BY_MACHINE},
		{V9FS_MAGIC, "9p", SBK_SERVED_BY_MACHINE},
		{CEPH_SUPER_MAGIC, "ceph", SBK_SERVED_BY_MACHINE},
		{AFS_FS_MAGIC, "afs", SBK_SERVED_BY_MACHINE},
		{AFS_SUPER_MAGIC, "afs", SBK_SERVED_BY_MACHINE},
		{CODA_SUPER_MAGIC, "coda", SBK_SERVED_BY_MACHINE},
		{OCFS2_SUPER_MAGIC, "ocfs2", SBK_SERVED_BY_MACHINE},
		{FUSE_SUPER_MAGIC, "fuse.sshfs", SBK_SERVED_BY_PROGRAM},
		{AUTOFS_SUPER_MAGIC, "autofs", SBK_SERVED_BY_PROGRAM},
		{EXT4_SUPER_MAGIC, "ext4", SBK_SERVED_HERE},
		{TMPFS_MAGIC, "tmpfs", SBK_SERVED_HERE},
		{OVERLAYFS_SUPER_MAGIC, "overlay", SBK_SERVED_HERE},
		{0x65735543, "fusectl", SBK_SERVED_HERE},
	};
	const char *name;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		name = NULL;
		assert_int_equal(sbk_served_by_magic(cases[i].magic, &name),
				 cases[i].served);
		assert_int_equal(name != NULL,
				 cases[i].served != SBK_SERVED_HERE);
		assert_int_equal(sbk_served_by_type(cases[i].type),
				 cases[i].served);
	}
}

static void test_served__proc_is_of_this_machine(void **state)
{
	struct statfs fs;
	const char *name;

	(void)state;
	assert_int_equal(statfs("/proc", &fs), 0);
	assert_int_equal(sbk_served_by_magic((uint32_t)fs.f_type, &name),
			 SBK_SERVED_HERE);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_served__by_number_and_by_name),
		cmocka_unit_test(test_served__proc_is_of_this_machine),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
