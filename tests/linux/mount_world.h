/*
 * Two people with accounts, and sandbook-mount with its set-id bit, on a host
 * to break. Processes of theirs report by exit code.
 */
#ifndef SBK_TEST_MOUNT_WORLD_H
#define SBK_TEST_MOUNT_WORLD_H

#include <stdbool.h>
#include <sys/types.h>

#include "engine/linux/mount_helper.h"
#include "tests/linux/host_test.h"

#define ANN 1600
#define BOB 1601
#define TEAM 1700 /* a group of ann's */
#define ANN_OFFLINE 551
#define ANN_ONLINE 552
#define BOB_OFFLINE 553

#define BIN "/run/bin"
#define HELPER BIN "/" SBK_MOUNT_HELPER
#define ANNS "/run/anns"   /* a directory of ann's, 0700, on a tmpfs */
#define BOBS "/run/bobs"   /* of bob's */
#define ROOTS "/run/roots" /* of root's, 0777 */

/* How a helper is started; NULL and 0 are the ordinary way, as ann. */
struct how {
	const char *path;
	char *const *argv, *const *environment;
	uid_t uid;
	gid_t gid;
	bool as_root; /* what starts it changes ids itself */
	/* Called as the caller, right before; false ends it with 99. */
	bool (*prepare)(void);
};

struct helper {
	pid_t pid;
	int socket; /* the other end; -1 once closed */
};

/* For a group's setup. SBK_TEST_MOUNT_PROGRAM names another program to test. */
int mount_world_make(void **state);

#define GROUP_OF(gid, person, role) \
	"sandbook-" #person "-" role ":x:" #gid ":\n"
#define ALL_ACCOUNTS           \
	OURS(551, 1600, "off") \
	OURS(552, 1600, "on")  \
	OURS(553, 1601, "off") OURS(554, 1601, "on")
#define ALL_GROUPS                 \
	GROUP_OF(551, 1600, "off") \
	GROUP_OF(552, 1600, "on")  \
	GROUP_OF(553, 1601, "off") GROUP_OF(554, 1601, "on")
/* Writes /etc/passwd and /etc/group anew: ours and `more` lines. */
void write_accounts(const char *more_passwd, const char *more_group);
#define OURS(uid, person, role)                                       \
	"sandbook-" #person "-" role ":x:" #uid ":550:Sandbook " role \
	"line account of uid " #person " nonce "                      \
	"0123456789abcdef0123456789abcdef:/nonexistent:/sbin/nologin\n"

/* For good, with no group but `gid`; false where it did not work. */
bool become(uid_t uid, gid_t gid);
/* The exit code of `work` in a child process, as `uid`; 128 + signal. */
int as_user(uid_t uid, int (*work)(const void *arg), const void *arg);

struct helper start(const struct how *how);
/* The role's message; then the answer to a tree of ann's: it serves. */
void serve(struct helper *helper, char role);
/* Started and serving ann, offline. */
struct helper serving(void);
/* Sends `size` bytes with `count` descriptors. */
bool send_message(int socket, const char *bytes, size_t size, const int *fds,
		  size_t count);
/* The answer to a tree; 1000 where the helper ended instead. */
int give(struct helper *helper, int tree);
/* Closes the socket and waits: the exit status, or 128 + signal. */
int finish(struct helper *helper);
/* Waits for its end, 128 + signal; 1000 where it lives on for `ms`. */
int ended_within(struct helper *helper, int ms);

/* A detached mount of `path`, made by `uid` in a namespace of its own. */
int tree_of(const char *path, uid_t uid);

/* Whether `account` can make the file, and whose it is on disk then. */
bool makes_file(uid_t account, int tree, const char *name);
bool is_owned(const char *path, uid_t uid, gid_t gid);

/* The text behind "KEY:" in /proc/PID/FILE, or of the line; allocated. */
char *proc_value(pid_t pid, const char *file, const char *key);
void check_value(pid_t pid, const char *file, const char *key,
		 const char *wanted, const char *source, int line);
#define assert_proc(pid, file, key, wanted) \
	check_value(pid, file, key, wanted, __FILE__, __LINE__)
/* What descriptor `fd` of the process leads to, in a static buffer. */
const char *descriptor_of(pid_t pid, int fd);

#endif
