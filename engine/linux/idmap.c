/*
 * Starting newuidmap and newgidmap side by side and hearing their end. Their
 * complaints come through one pipe, whose end is also the sign that both are
 * gone: one wait, with one time limit, for two processes.
 */
#include "engine/linux/idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "engine/limits.h"
#include "engine/linux/error.h"
#include "engine/linux/program.h"

#include "engine/banned.h"

#define SAID_MAX 256
#define MAP_MAX 512
#define NUMBER_MAX 16
#define FIRST_FD 10

static void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd); /* the other side sees the end */
	*fd = -1;
}

/* Its signals as a program expects them: we have some blocked. */
static int set_signals(posix_spawnattr_t *attributes)
{
	sigset_t none, all;
	int os_code;

	(void)sigemptyset(&none); /* valid arguments */
	(void)sigfillset(&all);
	os_code = posix_spawnattr_setflags(
		attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	if (os_code == 0)
		os_code = posix_spawnattr_setsigmask(attributes, &none);
	if (os_code == 0)
		os_code = posix_spawnattr_setsigdefault(attributes, &all);
	return os_code;
}

static int spawn(const char *path, char *const *argv, int said, pid_t *out)
{
	static char *const environment[] = {(char *)"LC_ALL=C", NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int os_code = posix_spawn_file_actions_init(&actions);

	if (os_code != 0)
		return os_code;
	os_code = posix_spawnattr_init(&attributes);
	if (os_code == 0) {
		os_code = set_signals(&attributes);
		if (os_code == 0)
			os_code = posix_spawn_file_actions_addopen(
				&actions, 0, "/dev/null", O_RDWR, 0);
		if (os_code == 0)
			os_code = posix_spawn_file_actions_adddup2(&actions, 0,
								   1);
		if (os_code == 0)
			os_code = posix_spawn_file_actions_adddup2(&actions,
								   said, 2);
		if (os_code == 0)
			os_code = posix_spawn(out, path, &actions, &attributes,
					      argv, environment);
		(void)posix_spawnattr_destroy(&attributes); /* memory alone */
	}
	(void)posix_spawn_file_actions_destroy(&actions); /* memory alone */
	return os_code;
}

/* `name` PROCESS INSIDE OUTSIDE 1, or PROCESS INSIDE INSIDE 1 OUTSIDE OUTSIDE
 * 1 for both. */
static int start(const char *name, pid_t process, unsigned int inside,
		 unsigned int outside, const struct sbk_idmap *map, pid_t *out,
		 struct sbk_error *err)
{
	char path[SBK_PATH_MAX], numbers[3][NUMBER_MAX], one[] = "1";
	char *single[] = {(char *)name, numbers[0], numbers[1],
			  numbers[2],	one,	    NULL};
	char *twofold[] = {(char *)name, numbers[0], numbers[1],
			   numbers[1],	 one,	     numbers[2],
			   numbers[2],	 one,	     NULL};
	char **argv = map->both ? twofold : single;
	int rc = sbk_program_find(name, path, sizeof(path), err), os_code;

	if (rc < 0)
		return sbk_error_prefix(err, "install the package 'uidmap'");
	(void)snprintf(numbers[0], NUMBER_MAX, "%d", (int)process);
	(void)snprintf(numbers[1], NUMBER_MAX, "%u", inside);
	(void)snprintf(numbers[2], NUMBER_MAX, "%u", outside);
	os_code = spawn(path, argv, map->say, out);
	if (os_code == 0)
		return 0;
	*out = -1;
	return sbk_error_set(err, SBK_E_UNSUPPORTED,
			     "'%s' cannot be started: %s", path,
			     strerror(os_code));
}

int sbk_idmap_prepare(struct sbk_idmap *map, struct sbk_error *err)
{
	int ends[2], os_code;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return sbk_error_set_errno(err, errno, "cannot make a pipe");
	/* Clear of what the first process keeps in its place. */
	map->said = fcntl(ends[0], F_DUPFD_CLOEXEC, FIRST_FD);
	map->say = fcntl(ends[1], F_DUPFD_CLOEXEC, FIRST_FD);
	os_code = errno;
	close_fd(&ends[0]);
	close_fd(&ends[1]);
	if (map->said >= 0 && map->say >= 0)
		return 0;
	sbk_idmap_abandon(map);
	return sbk_error_set_errno(err, os_code, "too many open files");
}

int sbk_idmap_start(const struct sbk_own_account *account, pid_t process,
		    struct sbk_idmap *map, struct sbk_error *err)
{
	int rc = start("newuidmap", process, account->person, account->number,
		       map, &map->user, err);

	if (rc == 0)
		rc = start("newgidmap", process, account->group,
			   account->number, map, &map->group, err);
	close_fd(&map->say); /* theirs from now on */
	return rc;
}

static int64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail */
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Until both have closed it, or the time is up (false). What is more than fits
 * is read and dropped: nobody must wait for us. */
static bool hear(int said, char text[SAID_MAX])
{
	int64_t end = now_ms() + SBK_IDMAP_MS, left;
	struct pollfd polled = {.fd = said, .events = POLLIN};
	char rest[SAID_MAX];
	size_t used = 0;
	ssize_t size;

	while ((left = end - now_ms()) > 0) {
		int ready = poll(&polled, 1, (int)left);

		if (ready < 0 && errno != EINTR)
			break;
		if (ready <= 0)
			continue;
		if (used < SAID_MAX - 1)
			size = read(said, text + used, SAID_MAX - 1 - used);
		else
			size = read(said, rest, sizeof(rest));
		if (size < 0 && errno != EINTR)
			break;
		if (size == 0) {
			text[used] = '\0';
			return true;
		}
		if (size > 0 && used < SAID_MAX - 1)
			used += (size_t)size;
	}
	text[used] = '\0';
	return false;
}

/* Whether it ended well. */
static bool reap(pid_t *pid)
{
	int status = -1;
	pid_t reaped = -1;

	while (*pid > 0 && (reaped = waitpid(*pid, &status, 0)) < 0 &&
	       errno == EINTR)
		continue;
	*pid = -1;
	return reaped > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void sbk_idmap_abandon(struct sbk_idmap *map)
{
	/* The real uid of a set-id program is its caller's, who may do so. */
	if (map->user > 0)
		(void)kill(map->user, SIGKILL);
	if (map->group > 0)
		(void)kill(map->group, SIGKILL);
	(void)reap(&map->user); /* how it ended does not matter */
	(void)reap(&map->group);
	close_fd(&map->said);
	close_fd(&map->say);
}

/* Whether it may do what it is for: its bit, or a capability of its file. */
static bool has_power(const char *name)
{
	char path[SBK_PATH_MAX];
	struct stat st;

	return sbk_program_find(name, path, sizeof(path), NULL) < 0 ||
	       stat(path, &st) < 0 || (st.st_mode & S_ISUID) != 0 ||
	       getxattr(path, "security.capability", NULL, 0) > 0;
}

int sbk_idmap_finish(struct sbk_idmap *map, struct sbk_error *err)
{
	char text[SAID_MAX];
	bool ended = hear(map->said, text), user, group;
	const char *name;

	if (!ended) {
		sbk_idmap_abandon(map);
		return sbk_error_set(err, SBK_E_UNSUPPORTED,
				     "newuidmap and newgidmap did not end "
				     "within %d s",
				     SBK_IDMAP_MS / 1000);
	}
	user = reap(&map->user);
	group = reap(&map->group);
	sbk_idmap_abandon(map); /* the pipe */
	if (user && group)
		return 0;
	text[strcspn(text, "\n")] = '\0';
	name = user ? "newgidmap" : "newuidmap";
	return sbk_error_set(
		err, SBK_E_UNSUPPORTED, "%s failed: %s (%s)", name, text,
		has_power(name) ? "the account's lines in /etc/subuid and "
				  "/etc/subgid: 'sandbook setup --upgrade'"
				: "it has lost its set-id bit: install "
				  "the package 'uidmap' again");
}

/* What one of them must be. */
static void expect_map(char out[MAP_MAX], unsigned int person,
		       unsigned int account, bool both)
{
	if (both)
		(void)snprintf(out, MAP_MAX, "%u %u 1 %u %u 1", person, person,
			       account, account);
	else
		(void)snprintf(out, MAP_MAX, "%u %u 1", person, account);
}

/* The kernel pads its columns. */
static void squeeze(char *text)
{
	const char *from = text;
	char *to = text;

	for (; *from != '\0'; from++) {
		bool blank = *from == ' ' || *from == '\n';

		if (!blank)
			*to++ = *from;
		else if (to > text && to[-1] != ' ')
			*to++ = ' ';
	}
	while (to > text && to[-1] == ' ')
		to--;
	*to = '\0';
}

static int check_map(const char *path, unsigned int person,
		     unsigned int account, bool both, struct sbk_error *err)
{
	char text[MAP_MAX], expected[MAP_MAX];
	ssize_t size;
	int fd = open(path, O_RDONLY | O_CLOEXEC), os_code;

	if (fd < 0)
		return sbk_error_set_errno(err, errno, "cannot open '%s'",
					   path);
	size = read(fd, text, sizeof(text) - 1);
	os_code = errno;
	(void)close(fd); /* only read */
	if (size < 0)
		return sbk_error_set_errno(err, os_code, "cannot read '%s'",
					   path);
	text[size] = '\0';
	squeeze(text);
	expect_map(expected, person, account, both);
	if (strcmp(text, expected) == 0)
		return 0;
	return sbk_error_set(err, SBK_E_UNSUPPORTED,
			     "'%s' was written and is not as it should be",
			     path);
}

static int check(const struct sbk_own_account *account, bool both,
		 struct sbk_error *err)
{
	int rc = check_map("/proc/self/uid_map", account->person,
			   account->number, both, err);

	return rc < 0 ? rc
		      : check_map("/proc/self/gid_map", account->group,
				  account->number, both, err);
}

int sbk_idmap_check(const struct sbk_own_account *account,
		    struct sbk_error *err)
{
	return check(account, false, err);
}

static int await(int said, const struct sbk_own_account *account, bool both,
		 struct sbk_error *err)
{
	/* Nothing is asked for but the end: what they say is others' to read.
	 */
	struct pollfd polled = {.fd = said};
	int64_t end = now_ms() + SBK_IDMAP_MS, left;

	while ((left = end - now_ms()) > 0) {
		int ready = poll(&polled, 1, (int)left);

		if (ready > 0)
			return check(account, both, err);
		if (ready < 0 && errno != EINTR)
			return sbk_error_set_errno(err, errno, "cannot wait");
	}
	return sbk_error_set(err, SBK_E_UNSUPPORTED,
			     "newuidmap and newgidmap did not end");
}

int sbk_idmap_await(int said, const struct sbk_own_account *account,
		    struct sbk_error *err)
{
	return await(said, account, false, err);
}

int sbk_idmap_await_both(int said, const struct sbk_own_account *account,
			 struct sbk_error *err)
{
	return await(said, account, true, err);
}
