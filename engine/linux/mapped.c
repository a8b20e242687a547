/*
 * Starting sandbook-mount and talking to it. Decides nothing: what may be
 * mapped is the program's to say, which trees are sent the launch's.
 */
#include "engine/linux/mapped.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/limits.h"
#include "engine/linux/error.h"
#include "engine/linux/mount_helper.h"
#include "engine/os.h"

#include "engine/banned.h"

int sbk_mapped_check(const char *path, struct sbk_error *err)
{
	struct statvfs fs;
	struct stat st;

	if (stat(path, &st) < 0)
		return sbk_error_set(err, SBK_E_UNSUPPORTED,
				     "'%s', which belongs beside this program, "
				     "cannot be found: %s; install it again",
				     path, strerror(errno));
	if (!S_ISREG(st.st_mode) || st.st_uid != 0 ||
	    (st.st_mode & S_ISUID) == 0)
		return sbk_error_set(err, SBK_E_UNSUPPORTED,
				     "'%s' has no set-id bit of root's; run "
				     "'sandbook setup --upgrade'",
				     path);
	if (statvfs(path, &fs) < 0)
		return sbk_error_set_errno(err, errno, "looking at '%s'", path);
	if ((fs.f_flag & ST_NOSUID) != 0)
		return sbk_error_set(err, SBK_E_UNSUPPORTED,
				     "'%s' lies on a mount without set-id bits "
				     "(nosuid); install it elsewhere",
				     path);
	return 0;
}

int sbk_mapped_start_at(const char *path, int socket, pid_t *helper,
			struct sbk_error *err)
{
	char *const argv[] = {(char *)SBK_MOUNT_HELPER, NULL};
	char *const environment[] = {NULL};
	posix_spawn_file_actions_t actions;
	pid_t pid = -1;
	int os_code, rc = sbk_mapped_check(path, err);

	if (rc < 0)
		return rc;
	os_code = posix_spawn_file_actions_init(&actions);
	if (os_code != 0)
		return sbk_error_set_errno(err, os_code, "starting '%s'", path);
	os_code = posix_spawn_file_actions_adddup2(&actions, socket, 0);
	if (os_code == 0)
		os_code = posix_spawn(&pid, path, &actions, NULL, argv,
				      environment);
	(void)posix_spawn_file_actions_destroy(&actions); /* memory alone */
	if (os_code != 0)
		return sbk_error_set(err, SBK_E_UNSUPPORTED,
				     "'%s' cannot be started: %s", path,
				     strerror(os_code));
	*helper = pid;
	return 0;
}

int sbk_mapped_path(char *out, size_t out_size, struct sbk_error *err)
{
	char *slash;
	size_t room;
	int rc = sbk_os_executable(out, out_size, err);

	if (rc < 0)
		return rc;
	slash = strrchr(out, '/');
	room = slash != NULL ? out_size - (size_t)(slash + 1 - out) : 0;
	if (room < sizeof(SBK_MOUNT_HELPER))
		return sbk_error_set(err, SBK_E_LIMIT,
				     "the path of '" SBK_MOUNT_HELPER
				     "' is too long");
	(void)snprintf(slash + 1, room, "%s", SBK_MOUNT_HELPER);
	return 0;
}

int sbk_mapped_start(int socket, pid_t *helper, struct sbk_error *err)
{
	char path[SBK_PATH_MAX];
	int rc = sbk_mapped_path(path, sizeof(path), err);

	return rc < 0 ? rc : sbk_mapped_start_at(path, socket, helper, err);
}

static int say(int socket, const struct msghdr *message, struct sbk_error *err)
{
	ssize_t sent;

	do {
		sent = sendmsg(socket, message, MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	if (sent < 0)
		return sbk_error_set_errno(
			err, errno, "cannot reach '" SBK_MOUNT_HELPER "'");
	return 0;
}

int sbk_mapped_role(int socket, enum sbk_account_role role,
		    struct sbk_error *err)
{
	char byte = role == SBK_ACCOUNT_ONLINE ? SBK_MOUNT_ONLINE
					       : SBK_MOUNT_OFFLINE;
	struct iovec data = {&byte, 1};
	const struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};

	return say(socket, &message, err);
}

int sbk_mapped_send(int socket, int tree, struct sbk_error *err)
{
	struct sbk_mount_message message;
	struct cmsghdr *extra;

	sbk_mount_message_init(&message);
	message.byte = SBK_MOUNT_TREE;
	message.header.msg_controllen = CMSG_LEN(sizeof(tree));
	extra = CMSG_FIRSTHDR(&message.header);
	extra->cmsg_level = SOL_SOCKET;
	extra->cmsg_type = SCM_RIGHTS;
	extra->cmsg_len = CMSG_LEN(sizeof(tree));
	memcpy(CMSG_DATA(extra), &tree, sizeof(tree));
	return say(socket, &message.header, err);
}

int sbk_mapped_receive(int socket, struct sbk_error *err)
{
	int32_t answer = 0;
	ssize_t size;

	/* An end that closes with something unread resets the other one: said
	 * once, before the answers that still wait. */
	do {
		size = recv(socket, &answer, sizeof(answer), 0);
	} while (size < 0 && (errno == EINTR || errno == ECONNRESET));
	if (size != (ssize_t)sizeof(answer))
		return sbk_error_set(err, SBK_E_IO,
				     "'" SBK_MOUNT_HELPER
				     "' ended before it answered");
	if (answer == SBK_MOUNT_NOT_YOURS)
		return sbk_error_set(err, SBK_E_DENIED,
				     "it belongs to another user, whose files "
				     "the account does not get");
	/* The kernel maps no mount through which something is written. */
	if (answer == EBUSY)
		return sbk_error_set(err, SBK_E_UNSUPPORTED,
				     "a file in it is open for writing "
				     "through the view that was made for the "
				     "run; try again");
	if (answer != 0)
		return sbk_error_set(err, SBK_E_UNSUPPORTED,
				     "its filesystem or the kernel cannot map "
				     "ids: %s",
				     strerror(answer));
	return 0;
}

int sbk_mapped_ended(int status, struct sbk_error *err)
{
	static const char *const reasons[] = {
#define REASON(name, text) text,
		SBK_MOUNT_EXIT_MAP(REASON)
#undef REASON
	};
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;

	if (code == SBK_MOUNT_EXIT_DONE)
		return 0;
	if (code > 0 && code < SBK_MOUNT_EXIT_COUNT)
		return sbk_error_set(err, SBK_E_UNSUPPORTED,
				     "'" SBK_MOUNT_HELPER "' ended: %s",
				     reasons[code]);
	if (WIFSIGNALED(status))
		return sbk_error_set(err, SBK_E_UNSUPPORTED,
				     "'" SBK_MOUNT_HELPER "' was ended by "
				     "signal %d",
				     WTERMSIG(status));
	return sbk_error_set(err, SBK_E_UNSUPPORTED,
			     "'" SBK_MOUNT_HELPER "' ended with %d", code);
}
