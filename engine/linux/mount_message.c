/*
 * What sandbook-mount takes for a message. Pure: asks the kernel nothing, so
 * that it can be fuzzed; the bytes are the caller's, the header the kernel's.
 */
#include "engine/linux/mount_helper.h"

#include <string.h>

#include "engine/banned.h"

void sbk_mount_message_init(struct sbk_mount_message *message)
{
	memset(message, 0, sizeof(*message));
	message->data = (struct iovec){&message->byte, 1};
	message->header = (struct msghdr){
		.msg_iov = &message->data,
		.msg_iovlen = 1,
		.msg_control = message->space,
		.msg_controllen = sizeof(message->space),
	};
}

/* One byte, whole, with all that came along. */
static int is_whole(const struct sbk_mount_message *message, ssize_t size)
{
	return size == 1 &&
	       (message->header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0;
}

int sbk_mount_message_role(const struct sbk_mount_message *message,
			   ssize_t size)
{
	if (!is_whole(message, size) || message->header.msg_controllen != 0)
		return -1;
	if (message->byte != SBK_MOUNT_OFFLINE &&
	    message->byte != SBK_MOUNT_ONLINE)
		return -1;
	return message->byte;
}

int sbk_mount_message_tree(const struct sbk_mount_message *message,
			   ssize_t size)
{
	const struct cmsghdr *extra = CMSG_FIRSTHDR(&message->header);
	int tree;

	if (!is_whole(message, size) || message->byte != SBK_MOUNT_TREE ||
	    extra == NULL)
		return -1;
	/* The space of one descriptor has, by its alignment, room for two. */
	if (extra->cmsg_level != SOL_SOCKET || extra->cmsg_type != SCM_RIGHTS ||
	    extra->cmsg_len != CMSG_LEN(sizeof(int)) ||
	    message->header.msg_controllen < extra->cmsg_len ||
	    message->header.msg_controllen > CMSG_SPACE(sizeof(int)))
		return -1;
	memcpy(&tree, CMSG_DATA(extra), sizeof(tree));
	return tree >= 0 ? tree : -1;
}
