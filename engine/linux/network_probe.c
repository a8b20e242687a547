/*
 * The probe of what the firewall does to a uid. Owns two sockets per family
 * and the child that tries them; decides nothing.
 *
 * Whether something arrived is seen at the listener, not at the sender: a rule
 * that drops in silence, and a sender that lies, are both caught by it.
 */
#include "engine/network_probe.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/linux/error.h"

#include "engine/banned.h"

#define WAIT_MS 500 /* for what was sent without an error to arrive */
#define CONNECT_MS 2000

static const struct {
	const char *name;
	int family, type;
} paths[SBK_PROBE_PATH_COUNT] = {
	[SBK_PROBE_TCP4] = {"TCP over IPv4", AF_INET, SOCK_STREAM},
	[SBK_PROBE_UDP4] = {"UDP over IPv4", AF_INET, SOCK_DGRAM},
	[SBK_PROBE_TCP6] = {"TCP over IPv6", AF_INET6, SOCK_STREAM},
	[SBK_PROBE_UDP6] = {"UDP over IPv6", AF_INET6, SOCK_DGRAM},
};

const char *sbk_probe_path_name(enum sbk_probe_path path)
{
	return paths[path].name;
}

const char *sbk_probe_result_name(enum sbk_probe_result result)
{
	static const char *const names[] = {"through", "refused", "lost",
					    "absent"};

	return names[result];
}

union address {
	struct sockaddr any;
	struct sockaddr_in ip4;
	struct sockaddr_in6 ip6;
};

static socklen_t loopback(int family, union address *address)
{
	memset(address, 0, sizeof(*address));
	address->any.sa_family = (sa_family_t)family;
	if (family == AF_INET) {
		address->ip4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		return sizeof(address->ip4);
	}
	address->ip6.sin6_addr = in6addr_loopback;
	return sizeof(address->ip6);
}

/*
 * A socket that waits on the family's loopback, and its address; *out is -1
 * where the host has no such loopback.
 */
static int open_listener(enum sbk_probe_path path, union address *address,
			 int *out, struct sbk_error *err)
{
	socklen_t size = loopback(paths[path].family, address);
	int fd, os_code;

	fd = socket(paths[path].family,
		    paths[path].type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && bind(fd, &address->any, size) == 0 &&
	    (paths[path].type != SOCK_STREAM || listen(fd, 4) == 0) &&
	    getsockname(fd, &address->any, &size) == 0) {
		*out = fd;
		return 0;
	}
	os_code = errno;
	if (fd >= 0)
		(void)close(fd); /* nothing was sent */
	*out = -1;
	if (os_code == EAFNOSUPPORT || os_code == EADDRNOTAVAIL)
		return 0;
	return sbk_error_set_errno(err, os_code, "listening for %s",
				   paths[path].name);
}

/* In the child: 0 sent, 1 refused, 2 it could not be tried. */
static int send_one(enum sbk_probe_path path, const union address *address)
{
	socklen_t size = paths[path].family == AF_INET ? sizeof(address->ip4)
						       : sizeof(address->ip6);
	struct pollfd polled = {.events = POLLOUT};
	int fd = socket(paths[path].family,
			paths[path].type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int why = 0;
	socklen_t why_size = sizeof(why);

	if (fd < 0)
		return 2;
	if (connect(fd, &address->any, size) < 0 && errno != EINPROGRESS)
		return 1;
	if (paths[path].type == SOCK_DGRAM)
		return send(fd, "?", 1, MSG_NOSIGNAL) == 1 ? 0 : 1;
	polled.fd = fd;
	if (poll(&polled, 1, CONNECT_MS) != 1)
		return 0; /* neither through nor refused */
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &why, &why_size) < 0)
		return 2;
	return why == 0 ? 0 : 1;
}

/* The child's whole life: it becomes the uid, with no way back. */
static void try_as(uint32_t uid, enum sbk_probe_path path,
		   const union address *address)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    setgroups(0, NULL) < 0 || setresgid(uid, uid, uid) < 0 ||
	    setresuid(uid, uid, uid) < 0 || getuid() != uid || geteuid() != uid)
		_exit(2);
	_exit(send_one(path, address));
}

static int send_as(uint32_t uid, enum sbk_probe_path path,
		   const union address *address, bool *refused,
		   struct sbk_error *err)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return sbk_error_set_errno(err, errno, "forking");
	if (pid == 0)
		try_as(uid, path, address);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return sbk_error_set_errno(err, errno, "waiting");
	if (!WIFEXITED(status) || WEXITSTATUS(status) > 1)
		return sbk_error_set(err, SBK_E_IO,
				     "no process could become uid %u to try %s",
				     uid, paths[path].name);
	*refused = WEXITSTATUS(status) == 1;
	return 0;
}

static bool has_arrived(int listener, bool refused)
{
	struct pollfd polled = {.fd = listener, .events = POLLIN};

	return poll(&polled, 1, refused ? 0 : WAIT_MS) == 1;
}

static int probe_path(uint32_t uid, enum sbk_probe_path path,
		      enum sbk_probe_result *out, struct sbk_error *err)
{
	union address address;
	bool refused = false;
	int listener, rc;

	rc = open_listener(path, &address, &listener, err);
	if (rc < 0)
		return rc;
	if (listener < 0) {
		*out = SBK_PROBE_ABSENT;
		return 0;
	}
	rc = send_as(uid, path, &address, &refused, err);
	if (rc == 0 && has_arrived(listener, refused))
		*out = SBK_PROBE_THROUGH;
	else if (rc == 0)
		*out = refused ? SBK_PROBE_REFUSED : SBK_PROBE_LOST;
	(void)close(listener); /* it was only listened to */
	return rc;
}

int sbk_network_probe_able(struct sbk_error *err)
{
	if (geteuid() == 0)
		return 0;
	return sbk_error_set(err, SBK_E_DENIED,
			     "reading it and becoming an account needs root; "
			     "run 'sudo sandbook audit network'");
}

int sbk_network_probe(const struct sbk_principal *account,
		      struct sbk_network_probe *out, struct sbk_error *err)
{
	struct sbk_network_probe results;
	int path, rc = sbk_network_probe_able(err);

	for (path = 0; rc == 0 && path < SBK_PROBE_PATH_COUNT; path++)
		rc = probe_path(account->number, (enum sbk_probe_path)path,
				&results.results[path], err);
	if (rc == 0)
		*out = results;
	return rc;
}

const struct sbk_network_words *sbk_network_words(void)
{
	static const struct sbk_network_words words = {
		.firewall = {.gone = "the firewall table is gone, so the "
				     "offline accounts reach whatever others "
				     "reach",
			     .altered = "the firewall table is not what setup "
					"made; see 'nft list table inet "
					"sandbook'",
			     .exact = "the firewall table is exactly what "
				      "setup made"},
		.unknown = "there are sandbox accounts, and the machine's "
			   "journal knows no firewall table",
		.held = "refused at once:",
		.leaks = ", where it should be refused at once",
		.mend = "sudo sandbook setup",
		.see_blocks = "see 'nft list ruleset' for what stops it"};

	return &words;
}
