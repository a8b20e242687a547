/* The world of the attacks; see the header. Failures end the test program. */
#include "tests/e2e/attack/world.h"

#include <fcntl.h>
#include <linux/keyctl.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/test.h"

#include "engine/banned.h"

char world_word[8] = "mine";

#define MUST(condition)                                 \
	do {                                            \
		if (!(condition)) {                     \
			perror("world.c: " #condition); \
			abort();                        \
		}                                       \
	} while (0)

static const char *at(const struct world *world, const char *name)
{
	static char path[512];

	(void)snprintf(path, sizeof(path), "%s/%s", world->base, name);
	return path;
}

static void make_file(const struct world *world, const char *name,
		      const char *text)
{
	int fd = open(at(world, name), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC,
		      0644);

	MUST(fd >= 0);
	MUST(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	MUST(fchown(fd, world->uid, world->uid) == 0);
	MUST(close(fd) == 0);
}

static void make_directory(const struct world *world, const char *name)
{
	MUST(mkdir(at(world, name), 0755) == 0);
	MUST(chown(at(world, name), world->uid, world->uid) == 0);
}

static void copy_program(const struct world *world, const char *from,
			 const char *name, mode_t mode)
{
	char buffer[65536];
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(at(world, name), O_CREAT | O_WRONLY | O_CLOEXEC, 0755);
	ssize_t got;

	MUST(in >= 0 && out >= 0);
	while ((got = read(in, buffer, sizeof(buffer))) > 0)
		MUST(write(out, buffer, (size_t)got) == got);
	MUST(got == 0 && fchmod(out, mode) == 0);
	(void)close(in);
	MUST(close(out) == 0);
}

static const char *const directories[] = {
	"outside",
	"home",
	"home/.ssh",
	"home/.local",
	"home/.local/state",
	"home/.local/state/sandbook",
	"home/.config",
	"home/.config/sandbook",
	"ws",
	"ws/.git",
	"ws/.git2",
	"ws/nested",
	"ws/nested/repo",
	"ws/nested/repo/.git",
	"ws/denied",
	"ws/plain",
	"ws/plain/deep",
};

static const char *const files[] = {
	"outside/victim",
	"outside/secret",
	"outside/linked",
	"home/.ssh/id",
	"home/.local/state/sandbook/journal.db",
	"home/.config/sandbook/policy.json",
	"ws/.git/config",
	"ws/.git2/config",
	"ws/nested/repo/.git/config",
	"ws/denied/secret",
	"ws/denied.txt",
	"ws/file",
	"ws/victim",
	"ws/plain/file",
	"ws/plain/other",
};

static void make_files(struct world *world, const char *program)
{
	char target[512];
	size_t i;

	MUST(chmod(world->base, 0755) == 0);
	MUST(mkdir(at(world, "bin"), 0755) == 0);
	copy_program(world, program, "bin/attack", 0755);
	copy_program(world, program, "bin/root-shell", 04755);
	for (i = 0; i < sizeof(directories) / sizeof(directories[0]); i++)
		make_directory(world, directories[i]);
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		make_file(world, files[i], "as it was");
	(void)snprintf(target, sizeof(target), "%s",
		       at(world, "outside/linked"));
	MUST(link(target, at(world, "ws/hard")) == 0);
	MUST(symlink("../outside", at(world, "ws/way-out")) == 0);
	MUST(symlink("plain", at(world, "ws/way-in")) == 0);
	MUST(chown(world->base, world->uid, world->uid) == 0);
}

static int listen_on(int family, int type, const struct sockaddr *address,
		     socklen_t size, int *port)
{
	struct sockaddr_in6 bound;
	socklen_t bound_size = sizeof(bound);
	int fd = socket(family, type | SOCK_CLOEXEC, 0);

	MUST(fd >= 0 && bind(fd, address, size) == 0);
	if (type == SOCK_STREAM)
		MUST(listen(fd, 64) == 0);
	if (port != NULL) {
		MUST(getsockname(fd, (struct sockaddr *)&bound, &bound_size) ==
		     0);
		/* The port stands at one place in both families. */
		*port = ntohs(bound.sin6_port);
	}
	return fd;
}

static void answer(int fd)
{
	struct sockaddr_in6 from;
	socklen_t size = sizeof(from);
	char byte = 'a';
	int type, peer;
	socklen_t type_size = sizeof(type);

	MUST(getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_size) == 0);
	if (type == SOCK_DGRAM) {
		if (recvfrom(fd, &byte, 1, 0, (struct sockaddr *)&from,
			     &size) == 1)
			(void)sendto(fd, &byte, 1, 0, (struct sockaddr *)&from,
				     size);
		return;
	}
	peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	if (peer >= 0) {
		(void)!write(peer, &byte, 1);
		(void)close(peer);
	}
}

static void serve(int *sockets, size_t count)
{
	struct pollfd fds[8];
	size_t i;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)signal(SIGPIPE, SIG_IGN);
	for (;;) {
		for (i = 0; i < count; i++)
			fds[i] = (struct pollfd){.fd = sockets[i],
						 .events = POLLIN};
		if (poll(fds, count, -1) < 0)
			_exit(1);
		for (i = 0; i < count; i++)
			if (fds[i].revents != 0)
				answer(sockets[i]);
	}
}

static void make_services(struct world *world)
{
	struct sockaddr_in four = {.sin_family = AF_INET,
				   .sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct sockaddr_in6 six = {.sin6_family = AF_INET6,
				   .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	struct sockaddr_un path = {.sun_family = AF_UNIX};
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	int sockets[5];
	size_t i;

	MUST(strlen(at(world, "outside/socket")) < sizeof(path.sun_path));
	memcpy(path.sun_path, at(world, "outside/socket"),
	       strlen(at(world, "outside/socket")));
	/* X11 listens under such a name, besides its path. */
	(void)snprintf(world->abstract, sizeof(world->abstract),
		       "/tmp/.X11-unix/X%d", getpid());
	memcpy(name.sun_path + 1, world->abstract, strlen(world->abstract));
	sockets[0] = listen_on(AF_UNIX, SOCK_STREAM, (struct sockaddr *)&path,
			       sizeof(path), NULL);
	MUST(chmod(path.sun_path, 0777) == 0);
	sockets[1] =
		listen_on(AF_UNIX, SOCK_STREAM, (struct sockaddr *)&name,
			  (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
				      1 + strlen(world->abstract)),
			  NULL);
	sockets[2] = listen_on(AF_INET, SOCK_STREAM, (struct sockaddr *)&four,
			       sizeof(four), &world->tcp);
	sockets[3] = listen_on(AF_INET6, SOCK_STREAM, (struct sockaddr *)&six,
			       sizeof(six), &world->tcp6);
	sockets[4] = listen_on(AF_INET, SOCK_DGRAM, (struct sockaddr *)&four,
			       sizeof(four), &world->udp);
	world->services = fork();
	MUST(world->services >= 0);
	if (world->services == 0)
		serve(sockets, 5);
	for (i = 0; i < 5; i++)
		(void)close(sockets[i]);
}

static void become(uid_t uid)
{
	if (geteuid() == 0 && uid != 0)
		MUST(setresgid(uid, uid, uid) == 0 &&
		     setresuid(uid, uid, uid) == 0);
}

static void make_victim(struct world *world)
{
	int ready[2];
	char byte;

	MUST(pipe2(ready, O_CLOEXEC) == 0);
	world->victim = fork();
	MUST(world->victim >= 0);
	if (world->victim == 0) {
		become(world->uid);
		/* The change of ids took both away. */
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)prctl(PR_SET_DUMPABLE, 1);
		(void)signal(SIGUSR1, SIG_IGN);
		(void)!write(ready[1], "r", 1);
		for (;;)
			pause();
	}
	MUST(read(ready[0], &byte, 1) == 1);
	(void)close(ready[0]);
	(void)close(ready[1]);
}

/* In a child of the attacker's uid: its user keyring is meant. */
static void with_key(const struct world *world, int add)
{
	pid_t pid = fork();
	int status;
	long key;

	MUST(pid >= 0);
	if (pid == 0) {
		become(world->uid);
		if (add) {
			key = syscall(SYS_add_key, "user", world->key, "x", 1,
				      KEY_SPEC_USER_KEYRING);
			_exit(key < 0 || syscall(SYS_keyctl, KEYCTL_SETPERM,
						 key, 0x3f3f0000) < 0);
		}
		key = syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_USER_KEYRING,
			      "user", world->key, 0);
		_exit(key < 0 || syscall(SYS_keyctl, KEYCTL_UNLINK, key,
					 KEY_SPEC_USER_KEYRING) < 0);
	}
	MUST(waitpid(pid, &status, 0) == pid && status == 0);
}

static void make_kernel_objects(struct world *world)
{
	int fd;
	mqd_t queue;

	world->shm_key = 0x5b000000 + getpid();
	world->shm_id = shmget(world->shm_key, 4096, IPC_CREAT | 0666);
	MUST(world->shm_id >= 0);
	(void)snprintf(world->queue, sizeof(world->queue), "/sbk-%d", getpid());
	queue = mq_open(world->queue, O_CREAT | O_RDWR, 0666, NULL);
	MUST(queue >= 0 && mq_close(queue) == 0);
	(void)snprintf(world->dev_shm, sizeof(world->dev_shm),
		       "/dev/shm/sbk-%d", getpid());
	fd = open(world->dev_shm, O_CREAT | O_RDWR | O_CLOEXEC, 0666);
	MUST(fd >= 0 && write(fd, "x", 1) == 1 && fchmod(fd, 0666) == 0);
	MUST(close(fd) == 0);
	(void)snprintf(world->key, sizeof(world->key), "sbk-%d", getpid());
	with_key(world, 1);
}

void world_make(struct world *world, uid_t uid, const char *attack_program)
{
	char *base;

	memset(world, 0, sizeof(*world));
	world->uid = uid;
	base = sbk_test_directory("attack");
	(void)snprintf(world->base, sizeof(world->base), "%s", base);
	free(base);
	make_files(world, attack_program);
	make_services(world);
	make_victim(world);
	make_kernel_objects(world);
}

static const char *const untouched[] = {
	"outside/victim",
	"outside/secret",
	"outside/linked",
	"home/.ssh/id",
	"home/.local/state/sandbook/journal.db",
	"home/.config/sandbook/policy.json",
	"ws/.git/config",
	"ws/nested/repo/.git/config",
	"ws/denied/secret",
	"ws/denied.txt",
};

void world_assert_unharmed(const struct world *world)
{
	char text[32], word[sizeof(world_word)] = "";
	struct stat st;
	size_t i;
	int fd;

	for (i = 0; i < sizeof(untouched) / sizeof(untouched[0]); i++) {
		memset(text, 0, sizeof(text));
		fd = open(at(world, untouched[i]), O_RDONLY | O_CLOEXEC);
		if (fd < 0 || fstat(fd, &st) < 0 ||
		    read(fd, text, sizeof(text) - 1) < 0)
			fail_msg("'%s' is gone", untouched[i]);
		(void)close(fd);
		if (strcmp(text, "as it was") != 0 ||
		    (st.st_mode & 07777) != 0644 || st.st_uid != world->uid)
			fail_msg("'%s' was changed", untouched[i]);
	}
	assert_int_equal(kill(world->victim, 0), 0);
	(void)snprintf(text, sizeof(text), "/proc/%d/mem", world->victim);
	fd = open(text, O_RDONLY | O_CLOEXEC);
	assert_int_equal(pread(fd, word, sizeof(word), (off_t)world_word),
			 sizeof(word));
	assert_string_equal(word, world_word);
	(void)close(fd);
}

void world_remove(struct world *world)
{
	(void)kill(world->services, SIGKILL);
	(void)kill(world->victim, SIGKILL);
	(void)waitpid(world->services, NULL, 0);
	(void)waitpid(world->victim, NULL, 0);
	(void)shmctl(world->shm_id, IPC_RMID, NULL);
	(void)mq_unlink(world->queue);
	(void)unlink(world->dev_shm);
	with_key(world, 0);
	sbk_test_remove(strdup(world->base));
}

static void expand_one(const struct world *world, char name, char *out,
		       size_t size)
{
	switch (name) {
	case 'B':
		(void)snprintf(out, size, "%s", world->base);
		break;
	case 'O':
		(void)snprintf(out, size, "%s/outside", world->base);
		break;
	case 'W':
		(void)snprintf(out, size, "%s/ws", world->base);
		break;
	case 'H':
		(void)snprintf(out, size, "%s/home", world->base);
		break;
	case 'P':
		(void)snprintf(out, size, "%d", world->victim);
		break;
	case 'M':
		(void)snprintf(out, size, "%p", (void *)world_word);
		break;
	case 'A':
		(void)snprintf(out, size, "%s", world->abstract);
		break;
	case 'T':
		(void)snprintf(out, size, "127.0.0.1 %d", world->tcp);
		break;
	case 'S':
		(void)snprintf(out, size, "::1 %d", world->tcp6);
		break;
	case 'U':
		(void)snprintf(out, size, "127.0.0.1 %d", world->udp);
		break;
	case 'I':
		(void)snprintf(out, size, "%d", world->shm_key);
		break;
	case 'Q':
		(void)snprintf(out, size, "%s", world->queue);
		break;
	case 'D':
		(void)snprintf(out, size, "%s", world->dev_shm);
		break;
	case 'K':
		(void)snprintf(out, size, "%s", world->key);
		break;
	default:
		abort();
	}
}

void world_expand(const struct world *world, const char *text, char *out,
		  size_t out_size)
{
	size_t used = 0;

	while (*text != '\0' && used + 1 < out_size) {
		if (*text != '$') {
			out[used++] = *text++;
			continue;
		}
		expand_one(world, text[1], out + used, out_size - used);
		used += strlen(out + used);
		text += 2;
	}
	out[used] = '\0';
}
