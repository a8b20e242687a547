/*
 * Checks before the first change of setup. Owns the table of what can be wrong
 * with a machine; changes nothing.
 */
#include "engine/linux/setup_check.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "engine/linux/accountfile.h"
#include "engine/linux/error.h"
#include "engine/linux/kept.h"
#include "engine/linux/leftovers.h"
#include "engine/linux/program.h"
#include "engine/os.h"

#include "engine/banned.h"

#define LOCK_WAIT_MS 5000
#define SPACE_BYTES (1 << 20) /* beside four times the account files */
#define SPACE_FILES 32

static const struct {
	const char *path;
	bool required;
} account_files[] = {
	{"/etc/passwd", true},	{"/etc/group", true},	{"/etc/shadow", true},
	{"/etc/gshadow", true}, {"/etc/subuid", false}, {"/etc/subgid", false},
};

#define ACCOUNT_FILE_COUNT (sizeof(account_files) / sizeof(account_files[0]))

static int check_tools(struct sbk_error *err)
{
	static const struct {
		const char *program, *package;
	} tools[] = {
		{"useradd", "passwd"},	{"userdel", "passwd"},
		{"usermod", "passwd"},	{"groupadd", "passwd"},
		{"groupdel", "passwd"}, {"nft", "nftables"},
	};
	char path[64];
	size_t i;

	for (i = 0; i < sizeof(tools) / sizeof(tools[0]); i++)
		if (sbk_program_find(tools[i].program, path, sizeof(path),
				     err) < 0)
			return sbk_error_set(err, SBK_E_UNSUPPORTED,
					     "the program '%s' is missing; "
					     "install it with 'apt-get install "
					     "%s'",
					     tools[i].program,
					     tools[i].package);
	return 0;
}

/* What the tools would not give back as it was. */
static int check_open_file(int fd, const char *path, struct sbk_error *err)
{
	struct stat st;
	int flags = 0;

	if (fstat(fd, &st) < 0)
		return sbk_error_set_errno(err, errno, "looking at '%s'", path);
	if (!S_ISREG(st.st_mode) || st.st_uid != 0 || (st.st_mode & 022) != 0)
		return sbk_error_set(err, SBK_E_INVAL,
				     "'%s' is not a regular file that only "
				     "root can write; mend that first",
				     path);
	if (st.st_nlink != 1)
		return sbk_error_set(err, SBK_E_INVAL,
				     "'%s' has %lu hard links and the account "
				     "tools would part them; remove the others",
				     path, (unsigned long)st.st_nlink);
	if (fgetxattr(fd, "system.posix_acl_access", NULL, 0) >= 0)
		return sbk_error_set(err, SBK_E_INVAL,
				     "'%s' has an ACL and the account tools "
				     "would drop it; remove it with 'setfacl "
				     "-b %s'",
				     path, path);
	/* Filesystems without these flags have no immutable files either. */
	if (ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0 &&
	    (flags & (FS_IMMUTABLE_FL | FS_APPEND_FL)) != 0)
		return sbk_error_set(err, SBK_E_DENIED,
				     "'%s' is immutable; allow changes with "
				     "'chattr -ia %s'",
				     path, path);
	return 0;
}

static int check_file(const char *path, bool required, struct sbk_error *err)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int os_code = errno, rc;

	if (fd < 0 && os_code == ENOENT && !required)
		return 0;
	if (fd < 0)
		return sbk_error_set_errno(err, os_code, "opening '%s'", path);
	rc = check_open_file(fd, path, err);
	(void)close(fd); /* it was only read */
	return rc;
}

/* A tool would end the last line, and so change a line that is not ours. */
static int check_newline(const char *path, struct sbk_error *err)
{
	struct sbk_buf text = SBK_BUF_INIT;
	int rc = sbk_accountfile_read(path, &text, NULL, NULL, NULL, err);

	if (rc == SBK_E_NOTFOUND) {
		sbk_error_clear(err);
		rc = 0;
	}
	if (rc == 0 && text.size > 0 && text.data[text.size - 1] != '\n')
		rc = sbk_error_set(err, SBK_E_INVAL,
				   "the last line of '%s' has no end; add a "
				   "newline to it",
				   path);
	sbk_buf_release(&text);
	return rc;
}

static int check_account_files(struct sbk_error *err)
{
	const char *const *kept = sbk_kept_files;
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < ACCOUNT_FILE_COUNT; i++) {
		rc = check_file(account_files[i].path,
				account_files[i].required, err);
		if (rc == 0)
			rc = check_newline(account_files[i].path, err);
	}
	for (; rc == 0 && *kept != NULL; kept++)
		rc = check_file(*kept, false, err);
	return rc;
}

/* The lock of lckpwdf(), asked for and not taken. */
static int check_pwd_lock(struct sbk_error *err)
{
	const struct timespec pause = {.tv_nsec = 50000000};
	struct flock lock;
	int fd = open("/etc/.pwd.lock", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	int waited = 0;

	if (fd < 0)
		return 0; /* no tool ever ran here */
	for (;;) {
		lock = (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET};
		if (fcntl(fd, F_GETLK, &lock) < 0 || lock.l_type == F_UNLCK ||
		    waited > LOCK_WAIT_MS)
			break;
		(void)nanosleep(&pause, NULL); /* too short is no harm */
		waited += 50;
	}
	(void)close(fd); /* it was only asked */
	if (waited > LOCK_WAIT_MS)
		return sbk_error_set(err, SBK_E_BUSY,
				     "process %d has locked the account files "
				     "('/etc/.pwd.lock'); try again when it "
				     "has ended",
				     (int)lock.l_pid);
	return 0;
}

static int check_locks(bool removing, struct sbk_error *err)
{
	int rc = check_pwd_lock(err);

	return rc < 0 || removing ? rc : sbk_leftovers_check(err);
}

static int check_space(struct sbk_error *err)
{
	struct statvfs volume;
	unsigned long long need = SPACE_BYTES, room;
	struct stat st;
	size_t i;

	for (i = 0; i < ACCOUNT_FILE_COUNT; i++)
		if (stat(account_files[i].path, &st) == 0)
			need += 4 * (unsigned long long)st.st_size;
	if (statvfs("/etc", &volume) < 0)
		return sbk_error_set_errno(err, errno, "looking at '/etc'");
	if ((volume.f_flag & ST_RDONLY) != 0 || access("/etc", W_OK) < 0)
		return sbk_error_set(err, SBK_E_DENIED,
				     "'/etc' is mounted read-only; make it "
				     "writable ('mount -o remount,rw') first");
	room = (unsigned long long)volume.f_bavail * volume.f_frsize;
	/* Some filesystems count no files: then f_files is 0. */
	if (room < need ||
	    (volume.f_files > 0 && volume.f_favail < SPACE_FILES))
		return sbk_error_set(err, SBK_E_LIMIT,
				     "the volume of '/etc' has %llu KiB free "
				     "and changing accounts needs %llu; make "
				     "room first",
				     room / 1024, need / 1024);
	return 0;
}

/* Where the journal will be: ours, or not there yet. */
static int check_state_directory(struct sbk_error *err)
{
	const char *path = sbk_os_machine_directory();
	struct stat st;

	if (lstat(path, &st) < 0) {
		int os_code = errno;

		return os_code == ENOENT
			       ? 0
			       : sbk_error_set_errno(err, os_code,
						     "looking at '%s'", path);
	}
	if (!S_ISDIR(st.st_mode) || st.st_uid != 0 || (st.st_mode & 022) != 0)
		return sbk_error_set(err, SBK_E_EXISTS,
				     "'%s' is not a directory that only root "
				     "can write; move it away",
				     path);
	return 0;
}

int sbk_setup_check(bool removing, struct sbk_error *err)
{
	int rc = check_tools(err);

	if (rc == 0)
		rc = check_account_files(err);
	if (rc == 0)
		rc = check_space(err);
	if (rc == 0)
		rc = check_locks(removing, err);
	if (rc == 0)
		rc = check_state_directory(err);
	return rc;
}
