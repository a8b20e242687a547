/*
 * Attacks on what is outside: sockets, networks, shared memory, keyrings,
 * the terminal, system calls of other architectures.
 */
#include "tests/e2e/attack/attack.h"

#include <arpa/inet.h>
#include <linux/keyctl.h>
#include <mqueue.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "engine/banned.h"

/* Sockets */

static int connect_unix(const struct sockaddr_un *address, socklen_t size)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return errno;
	return from(connect(fd, (const struct sockaddr *)address, size));
}

static int do_unix(int count, char **words)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	(void)count;
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s",
		       words[0]);
	return connect_unix(&address, sizeof(address));
}

static int do_abstract(int count, char **words)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	(void)count;
	(void)snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "%s",
		       words[0]);
	return connect_unix(&address,
			    (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
					1 + strlen(words[0])));
}

/* Done when the service outside answers with a byte. */
static int ask(int family, int type, const char *host, const char *port)
{
	struct timeval wait = {.tv_sec = 1};
	struct sockaddr_in6 six = {.sin6_family = AF_INET6};
	struct sockaddr_in four = {.sin_family = AF_INET};
	const struct sockaddr *to = (const struct sockaddr *)&four;
	socklen_t size = sizeof(four);
	char byte = 'q';
	int fd = socket(family, type | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return errno;
	four.sin_port = six.sin6_port = htons((uint16_t)number(port));
	if (family == AF_INET6) {
		to = (const struct sockaddr *)&six;
		size = sizeof(six);
		(void)inet_pton(family, host, &six.sin6_addr);
	} else {
		(void)inet_pton(family, host, &four.sin_addr);
	}
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	if (connect(fd, to, size) < 0 || send(fd, &byte, 1, 0) < 0 ||
	    recv(fd, &byte, 1, 0) < 0)
		return errno;
	return 0;
}

static int do_tcp(int count, char **words)
{
	(void)count;
	return ask(AF_INET, SOCK_STREAM, words[0], words[1]);
}

static int do_udp(int count, char **words)
{
	(void)count;
	return ask(AF_INET, SOCK_DGRAM, words[0], words[1]);
}

static int do_tcp6(int count, char **words)
{
	(void)count;
	return ask(AF_INET6, SOCK_STREAM, words[0], words[1]);
}

static int do_socket(int count, char **words)
{
	(void)count;
	return from(syscall(SYS_socket, number(words[0]), number(words[1]),
			    number(words[2])));
}

static int do_socket_high(int count, char **words)
{
	(void)count;
	return from(syscall(SYS_socket,
			    HIGH_BITS | (unsigned long)number(words[0]),
			    HIGH_BITS | (unsigned long)number(words[1]),
			    HIGH_BITS | (unsigned long)number(words[2])));
}

/* Shared objects of the kernel */

static int do_shm(int count, char **words)
{
	(void)count;
	return from(shmget((key_t)number(words[0]), 0, 0));
}

static int do_mqueue(int count, char **words)
{
	(void)count;
	return from((long)mq_open(words[0], O_RDONLY));
}

static int do_keyring(int count, char **words)
{
	(void)count;
	return from(syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_USER_KEYRING,
			    "user", words[0], 0));
}

static int do_add_key(int count, char **words)
{
	(void)count;
	return from(syscall(SYS_add_key, "user", words[0], "x", 1,
			    KEY_SPEC_PROCESS_KEYRING));
}

/* Terminals */

static int do_tiocsti(int count, char **words)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave;
	char byte = 'x';

	(void)count;
	(void)words;
	if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0)
		return errno;
	(void)setsid();
	slave = open(ptsname(master), O_RDWR);
	if (slave < 0)
		return errno;
	return from(syscall(SYS_ioctl, slave, HIGH_BITS | TIOCSTI, &byte));
}

/* A call by another architecture's numbers; the filter ends the process. */
static int do_int80(int count, char **words)
{
	(void)count;
	(void)words;
#if defined(__x86_64__)
	long rc;

	__asm__ volatile("int $0x80" : "=a"(rc) : "a"(20L) : "memory");
	return rc > 0 ? 0 : -1;
#else
	return -1;
#endif
}

static int do_x32(int count, char **words)
{
	(void)count;
	(void)words;
	return from(syscall(0x40000000L | SYS_getpid));
}

const struct attack attack_reach[] = {
	{"unix", do_unix, 1},
	{"abstract", do_abstract, 1},
	{"tcp", do_tcp, 2},
	{"tcp6", do_tcp6, 2},
	{"udp", do_udp, 2},
	{"socket", do_socket, 3},
	{"socket-high", do_socket_high, 3},
	{"shm", do_shm, 1},
	{"mqueue", do_mqueue, 1},
	{"keyring", do_keyring, 1},
	{"add-key", do_add_key, 1},
	{"tiocsti", do_tiocsti, 0},
	{"int80", do_int80, 0},
	{"x32", do_x32, 0},
	{NULL, NULL, 0},
};
