/*
 * Messages over a SOCK_SEQPACKET pair: each arrives whole or not at all. Both
 * ends are ours, so a message of another size is a bug and not input.
 */
#include "engine/linux/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/linux/error.h"

#include "engine/banned.h"

#define FIRST_FD                                                    \
	10 /* clear of 0, 1 and 2, which the caller may have closed \
	    */

union ancillary {
	struct cmsghdr header;
	char space[CMSG_SPACE(sizeof(int))];
};

int sbk_channel_pair(int ends[2], struct sbk_error *err)
{
	int made[2], moved[2], os_code;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, made) < 0)
		return sbk_error_set_errno(err, errno,
					   "cannot make a pair of sockets");
	moved[0] = fcntl(made[0], F_DUPFD_CLOEXEC, FIRST_FD);
	moved[1] = fcntl(made[1], F_DUPFD_CLOEXEC, FIRST_FD);
	os_code = errno;
	(void)close(made[0]); /* the copies are what is used */
	(void)close(made[1]);
	if (moved[0] >= 0 && moved[1] >= 0) {
		memcpy(ends, moved, sizeof(moved));
		return 0;
	}
	if (moved[0] >= 0)
		(void)close(moved[0]); /* nothing was said yet */
	return sbk_error_set_errno(err, os_code, "too many open files");
}

int sbk_channel_send(int end, const struct sbk_message *message,
		     struct sbk_error *err)
{
	struct iovec data = {.iov_base = (void *)message,
			     .iov_len = sizeof(*message)};
	struct msghdr header = {.msg_iov = &data, .msg_iovlen = 1};
	union ancillary extra;
	ssize_t sent;

	if (message->fd >= 0) {
		memset(&extra, 0, sizeof(extra));
		header.msg_control = &extra;
		header.msg_controllen = sizeof(extra);
		extra.header.cmsg_level = SOL_SOCKET;
		extra.header.cmsg_type = SCM_RIGHTS;
		extra.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&extra.header), &message->fd, sizeof(int));
	}
	do {
		sent = sendmsg(end, &header, MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	if (sent < 0)
		return sbk_error_set_errno(err, errno,
					   "cannot reach the run's other "
					   "process");
	return 0;
}

int sbk_channel_receive(int end, struct sbk_message *message,
			struct sbk_error *err)
{
	struct iovec data = {.iov_base = message, .iov_len = sizeof(*message)};
	union ancillary extra;
	struct msghdr header = {.msg_iov = &data,
				.msg_iovlen = 1,
				.msg_control = &extra,
				.msg_controllen = sizeof(extra)};
	struct cmsghdr *found;
	ssize_t received;

	/* An end that closes before it read all resets the other one: said
	 * once, before the messages that it sent and that still wait. */
	do {
		received = recvmsg(end, &header, MSG_CMSG_CLOEXEC);
	} while (received < 0 && (errno == EINTR || errno == ECONNRESET));
	if (received < 0)
		return sbk_error_set_errno(err, errno,
					   "cannot hear the run's other "
					   "process");
	if (received != (ssize_t)sizeof(*message)) {
		memset(message, 0, sizeof(*message));
		message->type = SBK_MESSAGE_CLOSED;
		message->fd = -1;
		return 0;
	}
	message->fd = -1;
	found = CMSG_FIRSTHDR(&header);
	if (found != NULL && found->cmsg_type == SCM_RIGHTS)
		memcpy(&message->fd, CMSG_DATA(found), sizeof(int));
	return 0;
}

int sbk_channel_say(int end, enum sbk_message_type type, int value,
		    struct sbk_error *err)
{
	struct sbk_message message = {.type = type, .value = value, .fd = -1};

	return sbk_channel_send(end, &message, err);
}
