/*
 * The first process inside a run (PID 1 of its namespace). Builds the view,
 * gives up every power, checks that it is gone, starts the command, reaps
 * whatever ends, reports, and takes everything with it when it exits.
 *
 * Invariants:
 *  - It holds no descriptor of the caller's but 0, 1, 2 and the channel.
 *  - The command starts only after everything stands and GO was received,
 *    which says that its session is recorded.
 *  - It ends when the front end does: by the parent-death signal, and by the
 *    end of the channel, whichever the kernel delivers.
 *  - While the command runs, every cover of the view is in place (guard.h);
 *    when one is not, the run ends.
 *  - It is not dumpable: its memory is a copy of the front end's, and the
 *    command may not read it, trace it, or use its descriptors.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "engine/linux/account_probe.h"
#include "engine/linux/become.h"
#include "engine/linux/channel.h"
#include "engine/linux/error.h"
#include "engine/linux/guard.h"
#include "engine/linux/kernel.h"
#include "engine/linux/landlock.h"
#include "engine/linux/launch.h"
#include "engine/linux/mount.h"
#include "engine/linux/namespace.h"
#include "engine/linux/parcel.h"
#include "engine/linux/seccomp.h"
#include "engine/os.h"

#include "engine/banned.h"

#define KEYCTL_JOIN_SESSION_KEYRING 1
#define FIRST_FD 3
#define LATE_MS 200 /* how long the front end may be late with the limit */

extern char **environ;

struct init {
	struct sbk_launch *launch;
	struct sbk_builder *builder; /* NULL without namespaces */
	struct sbk_scope scope;	     /* where it came by parcel */
	int channel;
	int mounts;	   /* to sandbook-mount, or -1 */
	int maps;	   /* whose end says that they are written */
	int master, slave; /* of the run's own terminal, or -1 */
	int signals;
	pid_t command;
	int status; /* the command's, once it has ended */
	bool ended;
	struct timespec began;
	struct sbk_guard guard;
};

static void close_fd(int fd)
{
	if (fd >= 0)
		(void)close(fd); /* nothing was written that could be lost */
}

/* The caller's other descriptors end here; the channel moves below them. */
static int keep_only_channel(struct init *init, struct sbk_error *err)
{
	const struct sbk_account_run *account = &init->launch->account;
	const int kept[] = {init->launch->channel, account->mounts,
			    account->map.said};
	int count = account->wanted ? 3 : 1, i;

	for (i = 0; i < count; i++)
		/* All are above these (channel.h, idmap.c). */
		if (dup2(kept[i], FIRST_FD + i) < 0 ||
		    fcntl(FIRST_FD + i, F_SETFD, FD_CLOEXEC) < 0)
			return sbk_error_set_errno(err, errno,
						   "cannot keep the channel");
	if (sbk_close_range((unsigned int)(FIRST_FD + count), ~0U, 0) < 0)
		return sbk_error_set_errno(err, errno,
					   "cannot close descriptors");
	init->channel = FIRST_FD;
	init->mounts = account->wanted ? FIRST_FD + 1 : -1;
	init->maps = account->wanted ? FIRST_FD + 2 : -1;
	return 0;
}

/* A terminal of the run's own, with the caller's settings and size. */
static int open_terminal(struct init *init, struct sbk_error *err)
{
	const struct sbk_launch *launch = init->launch;
	int unlock = 0;

	if (!sbk_launch_has_terminal(launch))
		return 0;
	init->master = open("/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (init->master < 0 && errno == ENOENT)
		init->master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (init->master < 0 || ioctl(init->master, TIOCSPTLCK, &unlock) < 0)
		return sbk_error_set_errno(err, errno,
					   "cannot make a terminal");
	init->slave =
		ioctl(init->master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (init->slave < 0)
		return sbk_error_set_errno(err, errno,
					   "cannot open the run's terminal");
	if (tcsetattr(init->slave, TCSANOW, &launch->termios) < 0 ||
	    ioctl(init->slave, TIOCSWINSZ, &launch->window) < 0)
		return sbk_error_set_errno(err, errno,
					   "cannot set up the run's terminal");
	return 0;
}

/* A session of our own ends the hold of the caller's terminal. As parent of
 * the command in the same session, we keep its group from being an orphan
 * whose stop signals the kernel would drop. */
static int own_session(const struct init *init, struct sbk_error *err)
{
	if (setsid() < 0)
		return sbk_error_set_errno(err, errno, "cannot make a session");
	if (init->slave >= 0 && ioctl(init->slave, TIOCSCTTY, 0) < 0)
		return sbk_error_set_errno(err, errno,
					   "cannot take the run's terminal");
	return 0;
}

/* Reads back what was asked of the kernel, before foreign code runs. */
static int check_view(int area, int landlock_abi, struct sbk_error *err)
{
	struct stat here, above;
	struct statvfs root;
	int fd;

	if (statvfs("/", &root) < 0 || stat("/", &here) < 0 ||
	    stat("/..", &above) < 0)
		return sbk_error_set_errno(err, errno, "cannot examine '/'");
	if (here.st_dev != above.st_dev || here.st_ino != above.st_ino)
		return sbk_error_set(err, SBK_E_UNSUPPORTED,
				     "the host's root was left and is still "
				     "there");
	if ((root.f_flag & ST_RDONLY) == 0 || mkdir("/.sandbook", 0700) == 0)
		return sbk_error_set(err, SBK_E_UNSUPPORTED,
				     "the view was made read-only and can be "
				     "written");
	if (getpid() != 1)
		return sbk_error_set(err, SBK_E_UNSUPPORTED,
				     "the process namespace was made and is "
				     "not there");
	/* No rule covers it and no mount hides it: Landlock alone refuses. */
	fd = openat(area, "empty", O_RDONLY | O_CLOEXEC);
	close_fd(fd);
	if (landlock_abi >= SBK_LANDLOCK_ABI_MIN && fd >= 0)
		return sbk_error_set(err, SBK_E_UNSUPPORTED,
				     "Landlock was switched on and refuses "
				     "nothing");
	return 0;
}

static int limit(int resource, uint64_t value)
{
	struct rlimit now, wanted = {.rlim_cur = value, .rlim_max = value};

	/* Never wider than what the caller had. */
	if (getrlimit(resource, &now) == 0 && now.rlim_max < value)
		wanted.rlim_cur = wanted.rlim_max = now.rlim_max;
	return setrlimit(resource, &wanted);
}

static int restrict_self(const struct init *init, int area,
			 struct sbk_error *err)
{
	const struct sbk_launch *launch = init->launch;
	const struct sbk_carriers *c = &launch->carriers;
	enum sbk_network network = launch->scope->network;
	int abi = c->landlock_abi;

	if (sbk_privileges_drop(c->namespaces, err) < 0)
		return err->code;
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return sbk_error_set_errno(err, errno,
					   "cannot guard the first process");
	if (sbk_landlock_apply(&launch->view, abi, c->namespaces,
			       network != SBK_NETWORK_OFF, launch->temporary,
			       err) < 0)
		return err->code;
	if (c->seccomp &&
	    sbk_seccomp_apply(c->namespaces || network == SBK_NETWORK_ON, err) <
		    0)
		return err->code;
	if (c->namespaces && check_view(area, abi, err) < 0)
		return err->code;
	if (c->seccomp && sbk_seccomp_check(err) < 0)
		return err->code;
	if (sbk_privileges_check(err) < 0)
		return err->code;
	return launch->account.wanted
		       ? sbk_become_check(&launch->account.own, err)
		       : 0;
}

/* We are here before the scope was known, and wait for it. */
static int await_scope(struct init *init, struct sbk_error *err)
{
	struct sbk_launch *launch = init->launch;

	if (sbk_parcel_receive(init->channel, &init->scope, &launch->view,
			       err) < 0)
		return err->code;
	launch->scope = &init->scope;
	launch->environment = init->scope.environment;
	return init->scope.network == SBK_NETWORK_LOOPBACK
		       ? sbk_namespace_loopback(err)
		       : 0;
}

static int leave_cores_and_keys(struct sbk_error *err)
{
	/* 1 and not 0: where the kernel gives cores to a program, that is how
	 * it is told not to start it. The filter keeps it so. */
	if (limit(RLIMIT_CORE, 1) < 0)
		return sbk_error_set_errno(err, errno,
					   "cannot switch off core files");
	/* A keyring of our own: nothing of the caller's is possessed. */
	if (sbk_keyring_leave() < 0)
		return sbk_error_set_errno(err, errno,
					   "cannot leave the caller's keyring");
	return 0;
}

/* The maps are others' to write; while we are in the host's network, we look
 * what its firewall does to the account. */
static int await_maps(struct init *init, enum sbk_network network,
		      bool *refused, struct sbk_error *err)
{
	const struct sbk_own_account *own = &init->launch->account.own;
	int rc = sbk_idmap_await(init->maps, own, err);

	close_fd(init->maps);
	if (rc < 0)
		return rc;
	return network == SBK_NETWORK_ON ? 0
					 : sbk_account_probe(own, refused, err);
}

/* All that a run of any scope needs. */
static int settle(struct init *init, struct sbk_error *err)
{
	const struct sbk_launch *launch = init->launch;
	enum sbk_network network = launch->scope != NULL
					   ? launch->scope->network
					   : SBK_NETWORK_OFF;

	bool account = launch->account.wanted, refused = false;

	if (launch->carriers.namespaces &&
	    ((account ? await_maps(init, network, &refused, err)
		      : sbk_namespace_map(launch->uid, launch->gid, err)) < 0 ||
	     sbk_namespace_settle(network, err) < 0))
		return err->code;
	if (sbk_channel_say(init->channel, SBK_MESSAGE_SETTLED, refused, err) <
	    0)
		return err->code;
	if (leave_cores_and_keys(err) < 0)
		return err->code;
	/* A file system of ours must be the account's from its beginning. */
	if (launch->carriers.namespaces && !account &&
	    sbk_builder_new(&init->builder, err) < 0)
		return err->code;
	return launch->scope == NULL ? await_scope(init, err) : 0;
}

/* Between taking and placing, with an account: from here on it is another's,
 * and there is no way back. */
static int change_hands(struct init *init, const struct sbk_sources *sources,
			struct sbk_error *err)
{
	const struct sbk_launch *launch = init->launch;
	struct pollfd channel = {.fd = init->channel, .events = POLLIN};

	if (sbk_account_map(init->mounts, &launch->view, sources, err) < 0 ||
	    sbk_become(&launch->account.own, err) < 0 ||
	    sbk_account_has(&launch->view, sources, launch->account.own.person,
			    err) < 0)
		return err->code;
	/* Between the change and our being tied to it again, it may have gone.
	 */
	if (poll(&channel, 1, 0) < 0 || (channel.revents & POLLHUP) != 0)
		return sbk_error_set(err, SBK_E_IO, "the front end has gone");
	if (sbk_keyring_leave() < 0)
		return sbk_error_set_errno(err, errno,
					   "cannot leave the caller's keyring");
	if (sbk_builder_new(&init->builder, err) < 0)
		return err->code;
	return sbk_channel_say(init->channel, SBK_MESSAGE_TAKEN, 0, err);
}

/* Everything that is the host's is taken first, and placed then. */
static int build_view(struct init *init, int *area, struct sbk_error *err)
{
	const struct sbk_view *view = &init->launch->view;
	struct sbk_sources *sources = NULL;
	int rc;

	if (sbk_sources_take(view, &sources, err) < 0)
		return err->code;
	rc = sbk_guard_begin(&init->guard, view, sources, err);
	if (rc == 0)
		rc = init->launch->account.wanted
			     ? change_hands(init, sources, err)
			     : 0;
	if (rc == 0)
		rc = sbk_view_mount(init->builder, view, sources, area, err);
	sbk_sources_free(sources);
	return rc;
}

static int build(struct init *init, struct sbk_error *err)
{
	struct sbk_launch *launch = init->launch;
	int area = -1, rc;

	if (settle(init, err) < 0)
		return err->code;
	if (launch->carriers.namespaces && build_view(init, &area, err) < 0)
		return err->code;
	rc = sbk_guard_arm(&init->guard, err);
	if (rc == 0)
		rc = open_terminal(init, err);
	if (rc == 0)
		rc = own_session(init, err);
	if (rc == 0)
		rc = restrict_self(init, area, err);
	close_fd(area);
	if (rc == 0 && launch->argv != NULL &&
	    chdir(launch->scope->directory) < 0)
		rc = sbk_error_set_errno(err, errno,
					 "cannot enter the working directory "
					 "'%s'",
					 launch->scope->directory);
	return rc;
}

/*
 * In the child, which shares our memory until exec: system calls only, and
 * the one variable that tells why exec failed.
 */
static void become_command(const struct init *init, volatile int *failure)
{
	const struct sbk_launch *launch = init->launch;
	const struct sbk_scope *scope = launch->scope;
	int i;

	if (setpgid(0, 0) < 0 ||
	    (init->slave >= 0 && tcsetpgrp(init->slave, getpid()) < 0))
		goto failed;
	for (i = 0; i < 3; i++)
		if (launch->terminal[i] && dup2(init->slave, i) < 0)
			goto failed;
	if (sbk_close_range(3, ~0U, SBK_CLOSE_RANGE_CLOEXEC) < 0)
		goto failed;
	if (scope->memory_mib > 0 &&
	    limit(RLIMIT_DATA, scope->memory_mib << 20) < 0)
		goto failed;
	/* The first process is one of this user's in the namespace, too. */
	if (scope->processes > 0 &&
	    limit(RLIMIT_NPROC, scope->processes + 1) < 0)
		goto failed;
	if (sigprocmask(SIG_SETMASK, &launch->signals, NULL) < 0 ||
	    (sbk_os_children_ignored() && signal(SIGCHLD, SIG_IGN) == SIG_ERR))
		goto failed;
	execvp(launch->argv[0], launch->argv);
failed:
	*failure = errno;
	_exit(127);
}

static int start_command(struct init *init, struct sbk_error *err)
{
	volatile int failure = 0;
	sigset_t children;
	pid_t pid;

	(void)sigemptyset(&children); /* valid arguments throughout */
	(void)sigaddset(&children, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &children, NULL);
	init->signals = signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
	if (init->signals < 0)
		return sbk_error_set_errno(err, errno, "cannot take signals");
	/* execvp searches the PATH of the environment in force. */
	environ = init->launch->environment;
	/* vfork: no copy of our memory is made for the moment before exec. */
	pid = vfork();
	if (pid == 0)
		become_command(init, &failure);
	if (pid < 0)
		return sbk_error_set_errno(err, errno,
					   "cannot start a process");
	init->command = pid;
	close_fd(init->slave);
	close_fd(init->master);
	init->slave = init->master = -1;
	return sbk_channel_say(init->channel, SBK_MESSAGE_STARTED, failure,
			       err);
}

/* Keys typed at a terminal go to a whole group; so do these. */
static void forward(const struct init *init, int number)
{
	bool group = number == SIGINT || number == SIGQUIT ||
		     number == SIGHUP || number == SIGTSTP;

	/* A command that has just ended takes no signal. */
	(void)kill(group ? -init->command : init->command, number);
}

/* Whether the command has ended. */
static bool reap(struct init *init, struct sbk_error *err)
{
	pid_t pid;
	int status;

	while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0) {
		if (pid != init->command)
			continue;
		if (WIFSTOPPED(status)) {
			(void)sbk_channel_say(init->channel,
					      SBK_MESSAGE_STOPPED,
					      WSTOPSIG(status), err);
			continue;
		}
		init->status = status;
		init->ended = true;
		return true;
	}
	return false;
}

/* Milliseconds until the time limit, -1 without one. */
static int until_limit(const struct init *init)
{
	uint64_t limit_s = init->launch->scope->timeout_s;
	struct timespec now;
	int64_t left;

	if (limit_s == 0)
		return -1;
	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail */
	left = (int64_t)limit_s * 1000 + LATE_MS -
	       ((int64_t)(now.tv_sec - init->began.tv_sec) * 1000 +
		(now.tv_nsec - init->began.tv_nsec) / 1000000);
	if (left < 0)
		return 0;
	return left > 1 << 30 ? 1 << 30 : (int)left;
}

static int keep_covered(struct init *init, struct sbk_error *err)
{
	if (sbk_guard_check(&init->guard, err) == 0)
		return 0;
	/* At once: all that the run consists of but ourselves. Covers exist
	 * only where check_view() saw that we are the first process. */
	if (getpid() == 1)
		(void)kill(-1, SIGKILL);
	return err->code;
}

static int attend(struct init *init, struct sbk_error *err)
{
	struct signalfd_siginfo info;
	struct sbk_message message;
	struct pollfd fds[4] = {
		{.fd = init->channel, .events = POLLIN},
		{.fd = init->signals, .events = POLLIN},
		{.fd = init->guard.mounts, .events = POLLPRI},
		{.fd = init->guard.names, .events = POLLIN},
	};

	for (;;) {
		int wait = until_limit(init);
		int look = sbk_guard_wait_ms(&init->guard);

		if (reap(init, err) || wait == 0)
			return 0;
		fds[3].fd = init->guard.names; /* it comes later */
		if (look >= 0 && (wait < 0 || wait > look))
			wait = look;
		if (poll(fds, 4, wait) < 0 && errno != EINTR)
			return sbk_error_set_errno(err, errno, "cannot wait");
		if ((sbk_guard_wait_ms(&init->guard) == 0 ||
		     fds[2].revents != 0 || fds[3].revents != 0) &&
		    keep_covered(init, err) < 0)
			return err->code;
		/* The number does not matter: reap() asks for all. */
		(void)!read(init->signals, &info, sizeof(info));
		if (fds[0].revents == 0)
			continue;
		if (sbk_channel_receive(init->channel, &message, err) < 0)
			return err->code;
		if (message.type == SBK_MESSAGE_CLOSED)
			return 0;
		if (message.type == SBK_MESSAGE_SIGNAL)
			forward(init, message.value);
		else if (message.type == SBK_MESSAGE_CONTINUE)
			(void)kill(-init->command, SIGCONT); /* may be gone */
	}
}

/* Without a process namespace: whoever descends from us, until none is left. */
static void kill_descendants(void)
{
	char text[4096];
	pid_t pid;

	for (;;) {
		FILE *children = fopen("/proc/thread-self/children", "re");
		size_t size = 0;
		char *at = text, *end;

		if (children != NULL) {
			size = fread(text, 1, sizeof(text) - 1, children);
			(void)fclose(children); /* only read */
		}
		text[size] = '\0';
		for (pid = (pid_t)strtol(at, &end, 10); end != at;
		     pid = (pid_t)strtol(at = end, &end, 10))
			(void)kill(pid, SIGKILL); /* gone is as good */
		if (waitpid(-1, NULL, 0) < 0 && errno == ECHILD)
			return;
	}
}

/*
 * The command has ended, and what it left ends with it. Nothing inside can
 * write any more when this is reported.
 */
static void end_others(const struct init *init, struct sbk_error *err)
{
	if (getpid() == 1) {
		(void)kill(-1, SIGKILL); /* none is as good */
		while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
			continue;
	}
	/* If nobody hears it, the front end is gone, and so are we. */
	(void)sbk_channel_say(init->channel, SBK_MESSAGE_ENDED, init->status,
			      err);
}

static int serve(struct init *init, struct sbk_error *err)
{
	struct sbk_message message = {.type = SBK_MESSAGE_READY, .fd = -1};
	int rc;

	message.fd = init->master;
	if (sbk_channel_send(init->channel, &message, err) < 0 ||
	    sbk_channel_receive(init->channel, &message, err) < 0)
		return err->code;
	if (message.type != SBK_MESSAGE_GO)
		return 0;
	(void)clock_gettime(CLOCK_MONOTONIC, &init->began); /* cannot fail */
	if (start_command(init, err) < 0)
		return err->code;
	rc = attend(init, err);
	if (!init->launch->carriers.namespaces)
		kill_descendants();
	if (rc == 0 && init->ended)
		end_others(init, err);
	return rc;
}

int sbk_init_main(struct sbk_launch *launch)
{
	struct init init = {
		.launch = launch,
		.mounts = -1,
		.maps = -1,
		.master = -1,
		.slave = -1,
		.signals = -1,
		.guard = SBK_GUARD_INIT,
	};
	struct sbk_message message = {.type = SBK_MESSAGE_FAILED, .fd = -1};
	struct sbk_error *err = &message.error;
	int rc;

	sbk_error_clear(err);
	init.channel = launch->channel;
	/* Without a process namespace we must outlive the front end for as
	 * long as it takes to end the others. */
	if (launch->carriers.namespaces)
		rc = prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	else
		rc = prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	if (rc < 0)
		rc = sbk_error_set_errno(err, errno,
					 "cannot tie the run to its caller");
	if (rc == 0)
		rc = keep_only_channel(&init, err);
	if (rc == 0)
		rc = build(&init, err);
	if (rc == 0)
		rc = serve(&init, err);
	if (rc < 0)
		/* If nobody hears it, the front end is gone. */
		(void)sbk_channel_send(init.channel, &message, NULL);
	sbk_guard_release(&init.guard);
	return rc < 0;
}
