/*
 * A listener of the person's, and a sender twice: as the person, which must
 * arrive, or nothing is known of our rule, and as the account, which must be
 * refused at once and not arrive.
 *
 * The kernel's rule goes by the file-system uid that opened the socket, so
 * setfsuid() is all that is needed. There is no way back from it where the
 * person is in no map: a child that shares our memory does it, and ends.
 * Anybody may send to the listener: what counts is the sender's own port.
 */
#include "engine/linux/account_probe.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/linux/error.h"

#include "engine/banned.h"

#define ARRIVE_MS 1000 /* on loopback, until it has arrived */
#define STRANGERS_MAX 16
#define PATHS 4

union address {
	struct sockaddr any;
	struct sockaddr_in ip4;
	struct sockaddr_in6 ip6;
};

struct path {
	int family, type;
	int listener; /* -1: the host has no such loopback */
	union address address;
	socklen_t size;
};

static void set_loopback(struct path *path)
{
	memset(&path->address, 0, sizeof(path->address));
	path->address.any.sa_family = (sa_family_t)path->family;
	if (path->family == AF_INET) {
		path->address.ip4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		path->size = sizeof(path->address.ip4);
	} else {
		path->address.ip6.sin6_addr = in6addr_loopback;
		path->size = sizeof(path->address.ip6);
	}
}

static in_port_t port_of(const union address *address)
{
	return address->any.sa_family == AF_INET ? address->ip4.sin_port
						 : address->ip6.sin6_port;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		(void)close(fd); /* nothing was written that could be lost */
}

static int new_socket(const struct path *path)
{
	return socket(path->family, path->type | SOCK_CLOEXEC | SOCK_NONBLOCK,
		      0);
}

static int open_listener(struct path *path, struct sbk_error *err)
{
	int os_code;

	set_loopback(path);
	path->listener = new_socket(path);
	if (path->listener >= 0 &&
	    bind(path->listener, &path->address.any, path->size) == 0 &&
	    (path->type != SOCK_STREAM || listen(path->listener, 4) == 0) &&
	    getsockname(path->listener, &path->address.any, &path->size) == 0)
		return 0;
	os_code = errno;
	close_fd(path->listener);
	path->listener = -1;
	if (os_code == EAFNOSUPPORT || os_code == EADDRNOTAVAIL)
		return 0;
	return sbk_error_set_errno(err, os_code,
				   "cannot listen on the loopback interface");
}

enum outcome { TAKEN, REFUSED, UNKNOWN };

static enum outcome send_datagram(int fd)
{
	if (send(fd, "?", 1, MSG_NOSIGNAL) == 1)
		return TAKEN;
	return errno == EPERM || errno == EACCES ? REFUSED : UNKNOWN;
}

static enum outcome await_connection(int fd)
{
	struct pollfd polled = {.fd = fd, .events = POLLOUT};
	socklen_t size = sizeof(int);
	int why = 0;

	if (poll(&polled, 1, ARRIVE_MS) != 1 ||
	    getsockopt(fd, SOL_SOCKET, SO_ERROR, &why, &size) < 0)
		return UNKNOWN;
	return why == 0 ? TAKEN : REFUSED;
}

/* What the kernel said at once, and the port that it was sent from. */
static enum outcome send_one(const struct path *path, in_port_t *from)
{
	socklen_t size = sizeof(union address);
	enum outcome outcome = UNKNOWN;
	int fd = new_socket(path);
	union address own;

	if (fd < 0)
		return UNKNOWN;
	if (connect(fd, &path->address.any, path->size) == 0 ||
	    errno == EINPROGRESS)
		outcome = path->type == SOCK_DGRAM ? send_datagram(fd)
						   : await_connection(fd);
	else if (path->type == SOCK_STREAM)
		outcome = REFUSED;
	if (getsockname(fd, &own.any, &size) == 0)
		*from = port_of(&own);
	close_fd(fd);
	return outcome;
}

/* Whether something came from this port; what others sent is passed over. */
static bool has_arrived(const struct path *path, in_port_t from, int wait_ms)
{
	struct pollfd polled = {.fd = path->listener, .events = POLLIN};
	int i;

	for (i = 0; i < STRANGERS_MAX; i++) {
		socklen_t size = sizeof(union address);
		union address peer;
		char byte;
		int fd;

		if (poll(&polled, 1, wait_ms) != 1)
			return false;
		memset(&peer, 0, sizeof(peer));
		if (path->type == SOCK_DGRAM) {
			if (recvfrom(path->listener, &byte, 1, 0, &peer.any,
				     &size) < 0)
				continue;
		} else {
			fd = accept4(path->listener, &peer.any, &size,
				     SOCK_CLOEXEC);
			if (fd < 0)
				continue;
			close_fd(fd);
		}
		if (port_of(&peer) == from)
			return true;
	}
	return false;
}

/* What the child leaves in our memory, of which the compiler knows nothing:
 * without volatile it drops what is written before _exit(). */
struct attempt {
	volatile bool refused;
	volatile in_port_t from;
};

static void try_as_account(uid_t account, const struct path *paths,
			   struct attempt *attempts)
{
	size_t i;

	(void)setfsuid(account); /* tells nothing: asked again */
	if ((uid_t)setfsuid((uid_t)-1) != account)
		_exit(1);
	for (i = 0; i < PATHS; i++) {
		in_port_t from = 0;

		if (paths[i].listener < 0)
			continue;
		attempts[i].refused = send_one(&paths[i], &from) == REFUSED;
		attempts[i].from = from;
	}
	_exit(0);
}

static int send_as_account(const struct sbk_own_account *account,
			   const struct path *paths, struct attempt *attempts,
			   struct sbk_error *err)
{
	int status;
	pid_t pid = vfork();

	if (pid == 0)
		try_as_account(account->person, paths, attempts);
	if (pid < 0)
		return sbk_error_set_errno(err, errno,
					   "cannot start a process");
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return sbk_error_set_errno(err, errno, "cannot wait");
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return sbk_error_set(err, SBK_E_UNSUPPORTED,
				     "cannot become the sandbox account to try "
				     "what the firewall does to it");
	return 0;
}

/* Whether each path lets the person through; false where there is none. */
static bool person_gets_through(const struct path *paths)
{
	size_t i, count = 0;

	for (i = 0; i < PATHS; i++) {
		in_port_t from = 0;

		if (paths[i].listener < 0)
			continue;
		if (send_one(&paths[i], &from) != TAKEN ||
		    !has_arrived(&paths[i], from, ARRIVE_MS))
			return false;
		count++;
	}
	return count > 0;
}

static int probe(const struct sbk_own_account *account,
		 const struct path *paths, bool *refused, struct sbk_error *err)
{
	struct attempt attempts[PATHS] = {{.refused = false}};
	bool all = true;
	size_t i;
	int rc;

	*refused = false;
	if (!person_gets_through(paths))
		return 0;
	rc = send_as_account(account, paths, attempts, err);
	if (rc < 0)
		return rc;
	for (i = 0; i < PATHS; i++)
		if (paths[i].listener >= 0)
			all = all && attempts[i].refused &&
			      !has_arrived(&paths[i], attempts[i].from, 0);
	*refused = all;
	return 0;
}

int sbk_account_probe(const struct sbk_own_account *account, bool *refused,
		      struct sbk_error *err)
{
	struct path paths[PATHS] = {
		{AF_INET, SOCK_DGRAM, .listener = -1},
		{AF_INET, SOCK_STREAM, .listener = -1},
		{AF_INET6, SOCK_DGRAM, .listener = -1},
		{AF_INET6, SOCK_STREAM, .listener = -1},
	};
	size_t i;
	int rc = 0;

	for (i = 0; i < PATHS && rc == 0; i++)
		rc = open_listener(&paths[i], err);
	if (rc == 0)
		rc = probe(account, paths, refused, err);
	for (i = 0; i < PATHS; i++)
		close_fd(paths[i].listener);
	return rc;
}
