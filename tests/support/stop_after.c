/*
 * stop_after [OPTION...] N PROGRAM [ARGUMENT...]
 *
 * Runs PROGRAM, counts its changes to the host, and ends it right before the
 * N-th as kill -9 would: the process and all that it started, no cleanup. N = 0
 * only counts. With N one more than PROGRAM makes it ends by itself.
 *
 *	--count FILE     writes how many changes were counted
 *	--merge          writes into one file, one after the other with no other
 *	                 change between them, count once
 *	--program NAME   counts only what processes of this name do
 *	--orphan MS      ends PROGRAM alone; what it started goes on, and the
 *	                 process whose change it was does so after MS
 *	                 milliseconds. FILE of --count is there from the end on
 *	--errno NAME     does not end it: change N fails with this error (EIO,
 *	                 ENOSPC, EDQUOT, EACCES, EROFS); flushes count, too
 *	--stay           ... and so does each one after it
 *	--meanwhile CMD  does not end it: right before change N a shell runs CMD
 *
 * A change is a system call that makes, renames, removes, cuts or writes a
 * file, sets an owner, a mode, an extended attribute or a time, talks to the
 * firewall or signals a process. Which calls is asked of the kernel by a
 * seccomp filter, so that all others run at full speed; the tracer then leaves
 * out what goes to pipes, terminals, /proc and the standard descriptors.
 * SQLite's shared memory is written without a call; it needs none to be right.
 *
 * Exits as PROGRAM does (128+n where a signal ended it); 137 where it was ended
 * here; 77 with a reason where this machine cannot do it.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/magic.h>
#include <seccomp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/user.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "engine/banned.h"

#define SKIP_EXIT 77
#define TRACEES_MAX 256

/* What must be looked at before a call counts. */
enum look {
	LOOK_NOT,    /* it always counts */
	LOOK_WRITE,  /* argument 0 is a descriptor: a file, and not /proc */
	LOOK_FLUSH,  /* as that, where errors are played */
	LOOK_SOCKET, /* only nft's: the firewall hears of it through a socket */
	LOOK_SIGNAL, /* argument 1 is a signal: 0 only asks */
	LOOK_OPEN    /* argument 1 or 2 are the flags: see load_filter */
};

static const struct watched {
	const char *name;
	enum look look;
} watched[] = {
	{"write", LOOK_WRITE},
	{"writev", LOOK_WRITE},
	{"pwrite64", LOOK_WRITE},
	{"pwritev", LOOK_WRITE},
	{"pwritev2", LOOK_WRITE},
	{"sendfile", LOOK_WRITE},
	{"copy_file_range", LOOK_NOT},
	{"ftruncate", LOOK_WRITE},
	{"truncate", LOOK_NOT},
	{"fallocate", LOOK_WRITE},
	{"creat", LOOK_NOT},
	{"open", LOOK_OPEN},
	{"openat", LOOK_OPEN},
	{"mkdir", LOOK_NOT},
	{"mkdirat", LOOK_NOT},
	{"mknod", LOOK_NOT},
	{"mknodat", LOOK_NOT},
	{"link", LOOK_NOT},
	{"linkat", LOOK_NOT},
	{"symlink", LOOK_NOT},
	{"symlinkat", LOOK_NOT},
	{"rename", LOOK_NOT},
	{"renameat", LOOK_NOT},
	{"renameat2", LOOK_NOT},
	{"unlink", LOOK_NOT},
	{"unlinkat", LOOK_NOT},
	{"rmdir", LOOK_NOT},
	{"chmod", LOOK_NOT},
	{"fchmod", LOOK_NOT},
	{"fchmodat", LOOK_NOT},
	{"fchmodat2", LOOK_NOT},
	{"chown", LOOK_NOT},
	{"lchown", LOOK_NOT},
	{"fchown", LOOK_NOT},
	{"fchownat", LOOK_NOT},
	{"setxattr", LOOK_NOT},
	{"lsetxattr", LOOK_NOT},
	{"fsetxattr", LOOK_NOT},
	{"removexattr", LOOK_NOT},
	{"lremovexattr", LOOK_NOT},
	{"fremovexattr", LOOK_NOT},
	{"setxattrat", LOOK_NOT},
	{"removexattrat", LOOK_NOT},
	{"utimensat", LOOK_NOT},
	{"fsync", LOOK_FLUSH},
	{"fdatasync", LOOK_FLUSH},
	{"syncfs", LOOK_FLUSH},
	{"sendto", LOOK_SOCKET},
	{"sendmsg", LOOK_SOCKET},
	{"kill", LOOK_SIGNAL},
	{"pidfd_send_signal", LOOK_SIGNAL},
};

#define WATCHED (sizeof(watched) / sizeof(watched[0]))

struct options {
	unsigned long at;
	const char *count_file, *meanwhile, *program;
	int error; /* 0: the program is ended */
	long orphan_ms;
	bool stay, merge;
};

static struct options options;
static int numbers[WATCHED];
static unsigned long counted;
static pid_t tracees[TRACEES_MAX];
static size_t tracee_count;
static pid_t leader;

__attribute__((noreturn, format(printf, 2, 3))) static void
give_up(int code, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	(void)fputs("stop_after: ", stderr);
	(void)vfprintf(stderr, fmt, args);
	(void)fputc('\n', stderr);
	va_end(args);
	exit(code);
}

/* --- the program -------------------------------------------------------- */

static int add_open(scmp_filter_ctx filter, int number, unsigned int argument)
{
	static const int flags[] = {O_CREAT, O_TRUNC};
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < sizeof(flags) / sizeof(flags[0]); i++)
		rc = seccomp_rule_add(filter, SCMP_ACT_TRACE(0), number, 1,
				      SCMP_CMP(argument, SCMP_CMP_MASKED_EQ,
					       (scmp_datum_t)flags[i],
					       (scmp_datum_t)flags[i]));
	return rc;
}

/* Without no_new_privs, which would change how programs behave. */
static void load_filter(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	size_t i;
	int rc = filter != NULL
			 ? seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0)
			 : -ENOMEM;

	for (i = 0; rc == 0 && i < WATCHED; i++) {
		if (numbers[i] < 0)
			continue; /* not of this machine */
		if (watched[i].look == LOOK_OPEN)
			rc = add_open(filter, numbers[i],
				      strcmp(watched[i].name, "open") == 0 ? 1
									   : 2);
		else
			rc = seccomp_rule_add(filter, SCMP_ACT_TRACE(0),
					      numbers[i], 0);
	}
	if (rc == 0)
		rc = seccomp_load(filter);
	if (rc < 0)
		give_up(SKIP_EXIT, "no filter can be loaded (%s); root can",
			strerror(-rc));
	seccomp_release(filter);
}

__attribute__((noreturn)) static void become(int go, char **words)
{
	char byte;

	if (read(go, &byte, 1) != 1)
		_exit(SKIP_EXIT); /* the tracer said why */
	(void)close(go);	  /* was read only */
	load_filter();
	(void)execvp(words[0], words);
	give_up(127, "'%s' cannot be started: %s", words[0], strerror(errno));
}

/* The program, traced, about to begin. */
static pid_t start(char **words)
{
	const long wanted = PTRACE_O_EXITKILL | PTRACE_O_TRACESECCOMP |
			    PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
			    PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC;
	int go[2];
	pid_t pid;

	if (pipe2(go, O_CLOEXEC) < 0)
		give_up(1, "no pipe: %s", strerror(errno));
	pid = fork();
	if (pid < 0)
		give_up(1, "no process: %s", strerror(errno));
	if (pid == 0)
		become(go[0], words);
	if (ptrace(PTRACE_SEIZE, pid, NULL, wanted) < 0)
		give_up(SKIP_EXIT, "processes cannot be traced here: %s",
			strerror(errno));
	if (write(go[1], "", 1) != 1)
		give_up(1, "the program cannot be started");
	(void)close(go[0]);
	(void)close(go[1]);
	return pid;
}

/* --- what counts -------------------------------------------------------- */

static bool is_file(pid_t pid, uint64_t fd, struct stat *st)
{
	struct statfs fs;
	char path[64];

	if (fd <= STDERR_FILENO)
		return false;
	(void)snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pid, (int)fd);
	if (stat(path, st) < 0 ||
	    !(S_ISREG(st->st_mode) || S_ISDIR(st->st_mode)))
		return false;
	return statfs(path, &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC;
}

/* Whether the process runs the program of that name; names are cut off. */
static bool runs(pid_t pid, const char *program)
{
	char path[64], name[16] = "";
	FILE *file;
	bool found;

	(void)snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	file = fopen(path, "r");
	found = file != NULL && fgets(name, sizeof(name), file) != NULL &&
		strncmp(name, program, strlen(program)) == 0;
	if (file != NULL)
		(void)fclose(file); /* was read only */
	return found;
}

/* Whether the last change was a write into this file, too. */
static bool goes_on_writing(enum look look, const struct stat *st)
{
	static struct stat last;
	bool same;

	if (look != LOOK_WRITE) {
		last.st_ino = 0;
		return false;
	}
	same = last.st_ino == st->st_ino && last.st_dev == st->st_dev;
	last = *st;
	return same && options.merge;
}

static enum look look_of(uint64_t number)
{
	size_t i;

	for (i = 0; i < WATCHED; i++)
		if (numbers[i] >= 0 && (uint64_t)numbers[i] == number)
			return watched[i].look;
	return LOOK_NOT;
}

static bool counts(pid_t pid, const struct __ptrace_syscall_info *call)
{
	const enum look look = look_of(call->seccomp.nr);
	struct stat st = {0};

	if (look == LOOK_FLUSH && options.error == 0)
		return false;
	if (options.program != NULL && !runs(pid, options.program))
		return false;
	if ((look == LOOK_WRITE || look == LOOK_FLUSH) &&
	    !is_file(pid, call->seccomp.args[0], &st))
		return false;
	if (look == LOOK_SOCKET && !runs(pid, "nft"))
		return false;
	if (look == LOOK_SIGNAL && call->seccomp.args[1] == 0)
		return false;
	return !goes_on_writing(look, &st);
}

/* --- what is done about it ---------------------------------------------- */

static void refuse(pid_t pid)
{
#if defined(__x86_64__)
	struct user_regs_struct registers;

	if (ptrace(PTRACE_GETREGS, pid, NULL, &registers) < 0)
		return; /* it is gone already */
	registers.orig_rax = (unsigned long long)-1;
	registers.rax = (unsigned long long)-options.error;
	(void)ptrace(PTRACE_SETREGS, pid, NULL, &registers);
#else
	(void)pid;
	give_up(SKIP_EXIT, "how a call is refused on this processor is not "
			   "known here");
#endif
}

/* One that was begun just now is not known yet: it shows by its first stop. */
static void end_all(void)
{
	int status;
	size_t i;
	pid_t pid;

	for (i = 0; i < tracee_count; i++)
		(void)kill(tracees[i], SIGKILL); /* or it is gone already */
	while ((pid = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR)
		if (pid > 0 && WIFSTOPPED(status))
			(void)kill(pid, SIGKILL); /* as above */
}

static void run_shell(void)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		(void)execl("/bin/sh", "sh", "-c", options.meanwhile,
			    (char *)NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
		give_up(1, "'%s' failed", options.meanwhile);
}

static void write_count(void)
{
	FILE *file;

	if (options.count_file == NULL)
		return;
	file = fopen(options.count_file, "w");
	if (file == NULL || fprintf(file, "%lu\n", counted) < 0 ||
	    fclose(file) != 0)
		give_up(1, "'%s' cannot be written", options.count_file);
}

static void orphan(void)
{
	const struct timespec pause = {
		.tv_sec = options.orphan_ms / 1000,
		.tv_nsec = options.orphan_ms % 1000 * 1000000,
	};

	(void)kill(leader, SIGKILL); /* or it is gone already */
	write_count();
	(void)nanosleep(&pause, NULL); /* cut short: goes on sooner */
}

/* Before a call that was asked for. */
static void meet(pid_t pid)
{
	struct __ptrace_syscall_info call;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(call), &call) < 0 ||
	    call.op != PTRACE_SYSCALL_INFO_SECCOMP || !counts(pid, &call))
		return;
	counted++;
	if (options.at == 0 || counted < options.at ||
	    (counted > options.at && !options.stay))
		return;
	if (options.error != 0) {
		refuse(pid);
	} else if (options.orphan_ms > 0) {
		orphan();
	} else if (options.meanwhile != NULL) {
		run_shell();
	} else {
		end_all();
		write_count();
		exit(128 + SIGKILL);
	}
}

static void remember(pid_t pid)
{
	size_t i;

	for (i = 0; i < tracee_count; i++)
		if (tracees[i] == pid)
			return;
	if (tracee_count == TRACEES_MAX)
		give_up(1, "too many processes");
	tracees[tracee_count++] = pid;
}

static void forget(pid_t pid)
{
	size_t i;

	for (i = 0; i < tracee_count; i++)
		if (tracees[i] == pid)
			tracees[i] = tracees[--tracee_count];
}

static void go_on(pid_t pid, int status)
{
	const int event = status >> 16;
	int sign = event == 0 ? WSTOPSIG(status) : 0;

	remember(pid);
	if (event == PTRACE_EVENT_SECCOMP)
		meet(pid);
	/* Ended between the stop and here: waitpid will tell. */
	(void)ptrace(PTRACE_CONT, pid, NULL, sign);
}

/* Until none is left. How the first one ended, as a shell says it. */
static int trace(pid_t first)
{
	int status, code = 1;
	pid_t pid;

	leader = first;
	remember(first);
	while ((pid = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR) {
		if (pid < 0)
			continue;
		if (WIFSTOPPED(status)) {
			go_on(pid, status);
			continue;
		}
		forget(pid);
		if (pid == first)
			code = WIFEXITED(status) ? WEXITSTATUS(status)
						 : 128 + WTERMSIG(status);
	}
	return code;
}

/* --- words -------------------------------------------------------------- */

static int error_of(const char *name)
{
	static const struct {
		const char *name;
		int number;
	} errors[] = {
		{"EIO", EIO},	    {"ENOSPC", ENOSPC}, {"EDQUOT", EDQUOT},
		{"EACCES", EACCES}, {"EROFS", EROFS},
	};
	size_t i;

	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (strcmp(errors[i].name, name) == 0)
			return errors[i].number;
	give_up(2, "'%s' is no error that is played here", name);
}

static void parse(int argc, char **argv)
{
	static const struct option words[] = {
		{"count", required_argument, NULL, 'c'},
		{"errno", required_argument, NULL, 'e'},
		{"stay", no_argument, NULL, 's'},
		{"merge", no_argument, NULL, 'g'},
		{"program", required_argument, NULL, 'p'},
		{"orphan", required_argument, NULL, 'o'},
		{"meanwhile", required_argument, NULL, 'm'},
		{NULL, 0, NULL, 0},
	};
	int word;

	while ((word = getopt_long(argc, argv, "+", words, NULL)) != -1) {
		if (word == 'c')
			options.count_file = optarg;
		else if (word == 'e')
			options.error = error_of(optarg);
		else if (word == 's')
			options.stay = true;
		else if (word == 'g')
			options.merge = true;
		else if (word == 'o')
			options.orphan_ms = strtol(optarg, NULL, 10);
		else if (word == 'p')
			options.program = optarg;
		else if (word == 'm')
			options.meanwhile = optarg;
		else
			exit(2); /* getopt said why */
	}
	if (argc - optind < 2)
		give_up(2, "say N and a program");
	options.at = strtoul(argv[optind], NULL, 10);
}

int main(int argc, char **argv)
{
	size_t i;
	int code;

	parse(argc, argv);
	for (i = 0; i < WATCHED; i++)
		numbers[i] = seccomp_syscall_resolve_name(watched[i].name);
	code = trace(start(argv + optind + 1));
	if (options.orphan_ms == 0 || counted < options.at)
		write_count();
	return code;
}
