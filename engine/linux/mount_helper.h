/*
 * The protocol of sandbook-mount, the one set-id program (ACCOUNT.md, section
 * 5), over a SOCK_SEQPACKET pair whose one end is the program's descriptor 0.
 *
 * The first message is one byte: which account. Each further one is one byte
 * and one descriptor: a detached mount (open_tree with OPEN_TREE_CLONE, made
 * in the namespace where it will be attached). For each, in order, the program
 * answers with an int32_t: 0, an errno, or SBK_MOUNT_NOT_YOURS; from then on
 * the mount shows what is the caller's as the account's, and set-id bits and
 * devices count for nothing in it. Whatever else is sent ends the program, and
 * so does the end of the socket.
 */
#ifndef SBK_LINUX_MOUNT_HELPER_H
#define SBK_LINUX_MOUNT_HELPER_H

#include <sys/socket.h>
#include <sys/types.h>

#define SBK_MOUNT_HELPER "sandbook-mount"
#define SBK_MOUNT_OFFLINE 'f'
#define SBK_MOUNT_ONLINE 'n'
#define SBK_MOUNT_TREE 'm'
#define SBK_MOUNT_NOT_YOURS (-1) /* not a directory or file of the caller's */
#define SBK_MOUNT_SECONDS 10	 /* until it is ready for trees */
#define SBK_MOUNT_SERVING_SECONDS 120 /* of the rest of its life */

/* Its exit status: where its life ended, in the order of its steps. */
#define SBK_MOUNT_EXIT_MAP(X)                                               \
	X(DONE, "it came to its end")                                       \
	X(ARGUMENTS, "it was given arguments")                              \
	X(SOCKET, "its descriptor 0 is no socket of the launch")            \
	X(DESCRIPTORS, "descriptors could not be closed")                   \
	X(SIGNALS, "signals could not be reset")                            \
	X(LIMITS, "a resource limit is too low (see 'ulimit -a')")          \
	X(HIDDEN, "it could not be hidden from its caller")                 \
	X(NOT_ROOT, "it does not run as root: it has lost its set-id bit, " \
		    "or this is a container's namespace")                   \
	X(POWERS, "its capabilities could not be reduced")                  \
	X(ROLE, "the first message was not one of ours")                    \
	X(ACCOUNT, "the caller has no such sandbox account")                \
	X(NAMESPACE, "no user namespace could be made")                     \
	X(CALLER, "it could not become its caller")                         \
	X(FILTER, "the system call filter could not be loaded")             \
	X(MESSAGE, "a message was not one of ours")                         \
	X(ANSWER, "an answer could not be sent")

enum sbk_mount_exit {
#define SBK_MOUNT_EXIT_ENUM(name, text) SBK_MOUNT_EXIT_##name,
	SBK_MOUNT_EXIT_MAP(SBK_MOUNT_EXIT_ENUM)
#undef SBK_MOUNT_EXIT_ENUM
		SBK_MOUNT_EXIT_COUNT
};

/* One message as recvmsg left it; `size` is what it returned. */
struct sbk_mount_message {
	char byte;
	char space[CMSG_SPACE(sizeof(int))]
		__attribute__((aligned(__alignof__(struct cmsghdr))));
	struct iovec data;
	struct msghdr header;
};

/* Points the header at the space for one byte and one descriptor. */
void sbk_mount_message_init(struct sbk_mount_message *message);

/*
 * What a received message is: its byte alone, or its byte with exactly one
 * descriptor, and nothing else, nothing cut off. -1 where it is not.
 */
int sbk_mount_message_role(const struct sbk_mount_message *message,
			   ssize_t size);
int sbk_mount_message_tree(const struct sbk_mount_message *message,
			   ssize_t size);

#endif
