/*
 * Attacks on files: writing, replacing, second links, set-id bits.
 */
#include "tests/e2e/attack/attack.h"

#include <linux/io_uring.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "engine/banned.h"

/* Files */

int attack_write(int count, char **words)
{
	int fd = open(words[0], O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	(void)count;
	return fd < 0 ? errno : from(write(fd, "attacked", 8));
}

/* Opens for writing and writes nothing: for what must stay unharmed. */
static int do_open_write(int count, char **words)
{
	(void)count;
	return from(open(words[0], O_WRONLY | O_CLOEXEC));
}

static int do_read(int count, char **words)
{
	int fd = open(words[0], O_RDONLY | O_CLOEXEC);
	char byte;
	ssize_t got;

	(void)count;
	if (fd < 0)
		return errno;
	got = read(fd, &byte, 1);
	if (got < 0)
		return errno;
	return got == 1 ? 0 : -1; /* empty: what was denied is not there */
}

static int do_truncate(int count, char **words)
{
	(void)count;
	return from(truncate(words[0], 0));
}

static int do_unlink(int count, char **words)
{
	(void)count;
	return from(unlink(words[0]));
}

static int do_rmdir(int count, char **words)
{
	(void)count;
	return from(rmdir(words[0]));
}

static int do_mkdir(int count, char **words)
{
	(void)count;
	return from(mkdir(words[0], 0755));
}

static int do_rename(int count, char **words)
{
	(void)count;
	return from(rename(words[0], words[1]));
}

static int do_exchange(int count, char **words)
{
	(void)count;
	return from(renameat2(AT_FDCWD, words[0], AT_FDCWD, words[1],
			      RENAME_EXCHANGE));
}

static int do_symlink(int count, char **words)
{
	(void)count;
	return from(symlink(words[0], words[1]));
}

/* A link made now, then written through. */
static int do_link_write(int count, char **words)
{
	if (link(words[0], words[1]) < 0)
		return errno;
	return attack_write(count, words + 1);
}

static int do_link_read(int count, char **words)
{
	if (link(words[0], words[1]) < 0)
		return errno;
	return do_read(count, words + 1);
}

static int do_chmod(int count, char **words)
{
	(void)count;
	return from(chmod(words[0], 0640));
}

static int do_chown(int count, char **words)
{
	(void)count;
	return from(lchown(words[0], geteuid(), getegid()));
}

static int do_utime(int count, char **words)
{
	(void)count;
	return from(utimensat(AT_FDCWD, words[0], NULL, 0));
}

static int do_setxattr(int count, char **words)
{
	(void)count;
	return from(setxattr(words[0], "user.attack", "x", 1, 0));
}

static int do_write_fd(int count, char **words)
{
	(void)count;
	return from(write((int)number(words[0]), "attacked", 8));
}

static int do_openat_fd(int count, char **words)
{
	(void)count;
	return from(openat((int)number(words[0]), words[1],
			   O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
}

/* Set-id bits: done when the file carries one. */

static int carries_setid(const char *path, long rc)
{
	struct stat st;

	if (rc < 0)
		return errno;
	if (stat(path, &st) < 0)
		return errno;
	return (st.st_mode & (S_ISUID | S_ISGID)) != 0 ? 0 : -1;
}

static int do_setid_chmod(int count, char **words)
{
	(void)count;
	return carries_setid(words[0], chmod(words[0], 04755));
}

static int do_setid_chmod_high(int count, char **words)
{
	(void)count;
	return carries_setid(words[0], syscall(SYS_fchmodat, AT_FDCWD, words[0],
					       HIGH_BITS | 04755, 0));
}

static int do_setgid_chmod(int count, char **words)
{
	(void)count;
	return carries_setid(words[0], chmod(words[0], 02755));
}

static int do_setid_fchmod(int count, char **words)
{
	(void)count;
	return carries_setid(words[0], fchmod(open(words[0], O_RDWR), 04755));
}

static int do_setid_fchmodat2(int count, char **words)
{
	(void)count;
	return carries_setid(words[0],
			     syscall(452, AT_FDCWD, words[0], 04755, 0));
}

static int do_setid_open(int count, char **words)
{
	(void)count;
	return carries_setid(words[0],
			     open(words[0], O_CREAT | O_WRONLY, 04755));
}

static int do_setid_creat(int count, char **words)
{
	(void)count;
	return carries_setid(words[0], syscall(SYS_openat, AT_FDCWD, words[0],
					       O_CREAT | O_WRONLY | O_TRUNC,
					       HIGH_BITS | 04755));
}

static int do_setid_tmpfile(int count, char **words)
{
	char link_path[64];
	int fd = open(words[0], O_TMPFILE | O_WRONLY, 04755);

	(void)count;
	if (fd < 0)
		return errno;
	(void)snprintf(link_path, sizeof(link_path), "/proc/self/fd/%d", fd);
	return carries_setid(link_path, fd);
}

static int do_setid_mknod(int count, char **words)
{
	(void)count;
	return carries_setid(words[0], mknod(words[0], S_IFREG | 04755, 0));
}

static int do_setid_openat2(int count, char **words)
{
	struct open_how how = {.flags = O_CREAT | O_WRONLY, .mode = 04755};

	(void)count;
	return carries_setid(words[0], syscall(SYS_openat2, AT_FDCWD, words[0],
					       &how, sizeof(how)));
}

/* IORING_OP_OPENAT carries a mode that no filter sees. */
static int do_setid_io_uring(int count, char **words)
{
	struct io_uring_params params;
	int ring;

	(void)count;
	(void)words;
	memset(&params, 0, sizeof(params));
	ring = (int)syscall(SYS_io_uring_setup, 4, &params);
	return from(ring);
}

const struct attack attack_files[] = {
	{"write", attack_write, 1},
	{"open-write", do_open_write, 1},
	{"read", do_read, 1},
	{"truncate", do_truncate, 1},
	{"unlink", do_unlink, 1},
	{"rmdir", do_rmdir, 1},
	{"mkdir", do_mkdir, 1},
	{"rename", do_rename, 2},
	{"exchange", do_exchange, 2},
	{"symlink", do_symlink, 2},
	{"link-write", do_link_write, 2},
	{"link-read", do_link_read, 2},
	{"chmod", do_chmod, 1},
	{"chown", do_chown, 1},
	{"utime", do_utime, 1},
	{"setxattr", do_setxattr, 1},
	{"write-fd", do_write_fd, 1},
	{"openat-fd", do_openat_fd, 2},
	{"setid-chmod", do_setid_chmod, 1},
	{"setid-chmod-high", do_setid_chmod_high, 1},
	{"setgid-chmod", do_setgid_chmod, 1},
	{"setid-fchmod", do_setid_fchmod, 1},
	{"setid-fchmodat2", do_setid_fchmodat2, 1},
	{"setid-open", do_setid_open, 1},
	{"setid-creat", do_setid_creat, 1},
	{"setid-tmpfile", do_setid_tmpfile, 1},
	{"setid-mknod", do_setid_mknod, 1},
	{"setid-openat2", do_setid_openat2, 1},
	{"setid-io-uring", do_setid_io_uring, 0},
	{NULL, NULL, 0},
};
