/*
 * Kills one process, chosen at random, of a command and all that it starts, at
 * a random moment; again and again; and sees that all the others end by
 * themselves.
 *
 *	hunt HITS SPAN_US SEED UID COMMAND...
 *
 * COMMAND runs as UID. A process is the command's if it descends from it, or
 * bears one of the ids that it may map (the environment's ACCOUNTS, numbers
 * with blanks between them), set-id programs included. With PREY in the
 * environment only programs named there are killed. Prints how often each
 * was hit; exits 1 with the names of what was left after five seconds.
 */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "engine/banned.h"

#define FOUND_MAX 256
#define KINDS_MAX 64
#define IDS_MAX 8
/* Until all have ended by themselves. A run waits 5 s for some of its helpers,
 * and a removal finishes its work. */
#define PATIENCE_MS 60000

struct process {
	pid_t pid, parent;
	unsigned int real, effective;
	char state, name[32];
};

static struct {
	char name[64];
	unsigned long hits;
} kinds[KINDS_MAX];
static unsigned int ids[IDS_MAX];
static size_t id_count;
static pid_t self;
static int hits;

static bool read_process(const char *number, struct process *out)
{
	char path[64], line[256];
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%s/status", number);
	file = fopen(path, "re");
	if (file == NULL)
		return false;
	memset(out, 0, sizeof(*out));
	out->pid = (pid_t)strtol(number, NULL, 10);
	while (fgets(line, sizeof(line), file) != NULL) {
		(void)sscanf(line, "Name:\t%31s", out->name);
		(void)sscanf(line, "State:\t%c", &out->state);
		(void)sscanf(line, "PPid:\t%d", &out->parent);
		(void)sscanf(line, "Uid:\t%u\t%u", &out->real, &out->effective);
	}
	(void)fclose(file);
	return true;
}

static bool is_ours(const struct process *process, const struct process *all,
		    size_t count)
{
	pid_t parent = process->parent;
	size_t i;
	int depth;

	if (process->pid == self || process->state == 'Z')
		return false;
	for (i = 0; i < id_count; i++)
		if (process->real == ids[i] || process->effective == ids[i])
			return true;
	for (depth = 0; depth < 16 && parent > 1; depth++) {
		if (parent == self)
			return true;
		for (i = 0; i < count && all[i].pid != parent; i++)
			;
		parent = i < count ? all[i].parent : 0;
	}
	return false;
}

/* The command's processes, zombies left out. */
static size_t look(struct process *out)
{
	static struct process all[FOUND_MAX * 4];
	size_t count = 0, found = 0, i;
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	while (proc != NULL && (entry = readdir(proc)) != NULL)
		if (isdigit((unsigned char)entry->d_name[0]) &&
		    count < FOUND_MAX * 4 &&
		    read_process(entry->d_name, &all[count]))
			count++;
	if (proc != NULL)
		(void)closedir(proc);
	for (i = 0; i < count && found < FOUND_MAX; i++)
		if (is_ours(&all[i], all, count))
			out[found++] = all[i];
	return found;
}

static void count_hit(const struct process *process, pid_t front)
{
	char name[64];
	size_t i;

	(void)snprintf(name, sizeof(name), "%s%s", process->name,
		       process->pid == front	  ? " (front end)"
		       : process->parent == front ? " (its child)"
						  : " (below)");
	for (i = 0; i < KINDS_MAX - 1 && kinds[i].name[0] != '\0'; i++)
		if (strcmp(kinds[i].name, name) == 0)
			break;
	memcpy(kinds[i].name, name, sizeof(name));
	kinds[i].hits++;
}

static void pause_us(long us)
{
	const struct timespec time = {.tv_sec = us / 1000000,
				      .tv_nsec = us % 1000000 * 1000};

	(void)nanosleep(&time, NULL);
}

static pid_t start(unsigned int uid, char **command)
{
	pid_t pid = fork();
	int null;

	if (pid != 0)
		return pid;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 ||
	    dup2(null, 2) < 0)
		_exit(97);
	if (uid != 0 &&
	    (setgroups(0, NULL) < 0 || setresgid(uid, uid, uid) < 0 ||
	     setresuid(uid, uid, uid) < 0))
		_exit(99);
	(void)execvp(command[0], command);
	_exit(98);
}

/* Those of PREY, where it is said; the rest is left out. */
static size_t choose(struct process *found, size_t count)
{
	const char *prey = getenv("PREY");
	size_t kept = 0, i;

	for (i = 0; i < count; i++)
		if (prey == NULL || strstr(prey, found[i].name) != NULL)
			found[kept++] = found[i];
	return kept;
}

/* Whoever lost its parent comes to us, and is buried here. */
static void bury(void)
{
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

static int tell_left(const struct process *left, size_t count, int round)
{
	size_t i;

	for (i = 0; i < count; i++)
		fprintf(stderr, "round %d left '%s', process %d of %u, %c\n",
			round, left[i].name, left[i].pid, left[i].real,
			left[i].state);
	return 1;
}

static int hunt_once(unsigned int uid, long span_us, int round, char **command)
{
	static struct process found[FOUND_MAX];
	pid_t front = start(uid, command);
	size_t count;
	int waited;

	if (front < 0)
		return 1;
	pause_us(random() % span_us);
	count = choose(found, look(found));
	if (count > 0) {
		const struct process *one = &found[(size_t)random() % count];

		if (kill(one->pid, SIGKILL) == 0) {
			count_hit(one, front);
			hits++;
		}
	}
	for (waited = 0; waited < PATIENCE_MS; waited += 5) {
		bury();
		count = look(found);
		if (count == 0)
			return 0;
		pause_us(5000);
	}
	return tell_left(found, count, round);
}

int main(int argc, char **argv)
{
	const char *accounts = getenv("ACCOUNTS");
	unsigned int uid;
	char *end;
	int round, rounds, rc = 0;
	size_t i;

	if (argc < 6)
		return 2;
	self = getpid();
	rounds = (int)strtol(argv[1], NULL, 10);
	srandom((unsigned int)strtoul(argv[3], NULL, 10));
	uid = (unsigned int)strtoul(argv[4], NULL, 10);
	if (uid != 0)
		ids[id_count++] = uid;
	while (accounts != NULL && id_count < IDS_MAX) {
		unsigned long one = strtoul(accounts, &end, 10);

		if (end == accounts)
			break;
		ids[id_count++] = (unsigned int)one;
		accounts = end;
	}
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		return 2;
	/* A moment may be after the end. */
	for (round = 0; rc == 0 && hits < rounds && round < 4 * rounds; round++)
		rc = hunt_once(uid, strtol(argv[2], NULL, 10), round, argv + 5);
	for (i = 0; i < KINDS_MAX && kinds[i].name[0] != '\0'; i++)
		printf("%lu %s\n", kinds[i].hits, kinds[i].name);
	return rc;
}
