/*
 * The front end's loop: one poll over the channel, our own signals and the
 * terminal. It changes nothing but the caller's terminal, which it gives back
 * on every way out, and does not return before every process of the run is
 * gone.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <fcntl.h>
#include <unistd.h>

#include "engine/linux/channel.h"
#include "engine/linux/error.h"
#include "engine/linux/launch.h"
#include "engine/linux/relay.h"

#include "engine/banned.h"

/* How often a front end in the background looks whether it still is. */
#define BACKGROUND_MS 500

static const int taken_signals[] = {
	SIGINT,	 SIGTERM, SIGHUP,   SIGQUIT, SIGUSR1, SIGUSR2,
	SIGTSTP, SIGCONT, SIGWINCH, SIGALRM, SIGPIPE, SIGTTOU,
};

struct supervisor {
	struct sbk_launch *launch;
	struct sbk_relay *relay; /* NULL: no terminal */
	struct sbk_run_end *end;
	pid_t init;
	int signals; /* signalfd */
	bool started, ended, closed;
	struct sbk_error failure; /* why the run was ended from inside */
	uint64_t began_ms;
	uint64_t deadline_ms; /* 0: none */
};

static uint64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail */
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void taken_set(sigset_t *set)
{
	size_t i;

	(void)sigemptyset(set); /* these cannot fail on valid signals */
	for (i = 0; i < sizeof(taken_signals) / sizeof(taken_signals[0]); i++)
		(void)sigaddset(set, taken_signals[i]);
}

void sbk_supervise_block(sigset_t *before)
{
	sigset_t set;

	taken_set(&set);
	(void)sigprocmask(SIG_BLOCK, &set, before); /* valid arguments */
}

void sbk_supervise_unblock(const sigset_t *before)
{
	(void)sigprocmask(SIG_SETMASK, before, NULL); /* valid arguments */
}

/* What the run's end of the channel no longer hears, nobody needs to hear. */
static void tell(struct supervisor *s, enum sbk_message_type type, int value)
{
	(void)sbk_channel_say(s->launch->channel, type, value, NULL);
}

/*
 * The command was stopped at a terminal: so are we, and the terminal is the
 * caller's until somebody continues us. Only this process is stopped, not the
 * caller's process group: the command must not be able to stop its caller.
 */
static void stop_with_it(struct supervisor *s)
{
	sigset_t stop;

	if (s->relay == NULL || !s->relay->raw)
		return;
	sbk_relay_leave(s->relay);
	(void)raise(SIGTSTP); /* a valid signal */
	(void)sigemptyset(&stop);
	(void)sigaddset(&stop, SIGTSTP);
	/* Delivered here: the default action stops this process until CONT. */
	(void)sigprocmask(SIG_UNBLOCK, &stop, NULL);
	(void)sigprocmask(SIG_BLOCK, &stop, NULL);
	sbk_relay_enter(s->relay);
	tell(s, SBK_MESSAGE_CONTINUE, 0);
}

static void on_signal(struct supervisor *s, int signal_number)
{
	switch (signal_number) {
	case SIGWINCH:
		if (s->relay != NULL)
			sbk_relay_resize(s->relay);
		return;
	case SIGCONT:
		if (s->relay != NULL) {
			sbk_relay_enter(s->relay);
			sbk_relay_resize(s->relay);
		}
		return;
	case SIGPIPE:
	case SIGTTOU:
		return;
	default:
		tell(s, SBK_MESSAGE_SIGNAL, signal_number);
	}
}

/* As a shell says it. */
static void name_exec_failure(struct sbk_run_end *end)
{
	if (end->exec_errno != 0)
		end->exit_code =
			end->exec_errno == ENOENT || end->exec_errno == ENOTDIR
				? 127
				: 126;
}

/* The first process has seen the last of the others: what is left to do is
 * the kernel's. */
static void on_ended(struct supervisor *s, int status)
{
	const struct sbk_run_hooks *hooks = s->launch->hooks;

	s->ended = true;
	if (WIFSIGNALED(status)) {
		s->end->signal = WTERMSIG(status);
		s->end->exit_code = 128 + s->end->signal;
	} else {
		s->end->exit_code = WEXITSTATUS(status);
	}
	name_exec_failure(s->end);
	s->end->duration_ms = now_ms() - s->began_ms;
	if (s->relay == NULL && !s->end->timed_out && hooks != NULL &&
	    hooks->ended != NULL)
		hooks->ended(hooks->arg, s->end);
}

static void on_message(struct supervisor *s, const struct sbk_message *message)
{
	switch (message->type) {
	case SBK_MESSAGE_READY: /* it goes on by itself */
		return;
	case SBK_MESSAGE_STARTED:
		s->started = true;
		s->began_ms = now_ms();
		s->end->exec_errno = message->value;
		return;
	case SBK_MESSAGE_STOPPED:
		stop_with_it(s);
		return;
	case SBK_MESSAGE_ENDED:
		on_ended(s, message->value);
		return;
	case SBK_MESSAGE_FAILED:
		s->failure = message->error;
		s->closed = true;
		return;
	default:
		s->closed = true;
	}
}

/* -1 for ever, else until the deadline or the next look at the terminal. */
static int wait_ms(const struct supervisor *s)
{
	int wait = -1;

	if (s->deadline_ms != 0) {
		uint64_t now = now_ms();

		wait = now >= s->deadline_ms ? 0 : 1 << 30;
		if (s->deadline_ms > now && s->deadline_ms - now < 1 << 30)
			wait = (int)(s->deadline_ms - now);
	}
	if (s->relay != NULL && !s->relay->raw &&
	    (wait < 0 || wait > BACKGROUND_MS))
		wait = BACKGROUND_MS;
	return wait;
}

static int step(struct supervisor *s, struct sbk_error *err)
{
	struct pollfd fds[5];
	struct sbk_message message;
	struct signalfd_siginfo info;
	size_t count = 2;

	fds[0] = (struct pollfd){.fd = s->closed ? -1 : s->launch->channel,
				 .events = POLLIN};
	fds[1] = (struct pollfd){.fd = s->signals, .events = POLLIN};
	if (s->relay != NULL)
		count += sbk_relay_poll(s->relay, fds + 2);
	if (poll(fds, (nfds_t)count, wait_ms(s)) < 0 && errno != EINTR)
		return sbk_error_set_errno(err, errno,
					   "cannot wait for the "
					   "run");
	if (fds[1].revents != 0 &&
	    read(s->signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
		on_signal(s, (int)info.ssi_signo);
	if (fds[0].revents != 0) {
		if (sbk_channel_receive(s->launch->channel, &message, err) < 0)
			return err->code;
		on_message(s, &message);
	}
	if (s->relay != NULL) {
		sbk_relay_move(s->relay, fds + 2, count - 2);
		sbk_relay_enter(s->relay);
	}
	return 0;
}

static int loop(struct supervisor *s, struct sbk_error *err)
{
	while (!s->closed ||
	       (s->relay != NULL && !sbk_relay_drained(s->relay))) {
		if (s->deadline_ms != 0 && now_ms() >= s->deadline_ms &&
		    !s->closed && !s->ended) {
			s->end->timed_out = true;
			s->deadline_ms = 0;
			(void)kill(s->init, SIGKILL); /* gone is as good */
		}
		if (step(s, err) < 0)
			return err->code;
	}
	return 0;
}

/* Waits until the first process, and with it all others, is gone. */
static int reap(struct supervisor *s, int failed, struct sbk_error *err)
{
	int status = 0;

	if (failed < 0)
		(void)kill(s->init, SIGKILL); /* gone is as good */
	while (waitpid(s->init, &status, 0) < 0)
		if (errno != EINTR)
			return sbk_error_set_errno(err, errno,
						   "cannot wait for the run");
	if (failed < 0 || s->ended || s->end->timed_out)
		return failed;
	/* We were stopped beyond the limit, and the first process kept it. */
	if (s->deadline_ms != 0 && now_ms() >= s->deadline_ms) {
		s->end->timed_out = true;
		return 0;
	}
	/* Killed from outside: by an administrator, or for want of memory. */
	s->end->signal = WIFSIGNALED(status) ? WTERMSIG(status) : SIGKILL;
	s->end->exit_code = 128 + s->end->signal;
	return 0;
}

static int start_relay(struct supervisor *s, int master, struct sbk_error *err)
{
	if (fcntl(master, F_SETFL, O_RDWR | O_NONBLOCK) < 0)
		return sbk_error_set_errno(err, errno,
					   "cannot set up the terminal");
	s->relay = malloc(sizeof(*s->relay));
	if (s->relay == NULL)
		return sbk_error_set(err, SBK_E_NOMEM,
				     "no memory for the terminal");
	sbk_relay_start(s->relay, s->launch->terminal_in,
			s->launch->terminal_out, master, &s->launch->termios);
	return 0;
}

/*
 * Whoever does not hear GO has ended, and what he said before tells why. The
 * caller's error stays where he said nothing.
 */
static int say_go(struct sbk_launch *launch, struct sbk_error *err)
{
	struct sbk_message message;
	int rc = sbk_channel_say(launch->channel, SBK_MESSAGE_GO, 0, err);

	while (rc < 0 &&
	       sbk_channel_receive(launch->channel, &message, NULL) == 0 &&
	       message.type != SBK_MESSAGE_CLOSED) {
		if (message.type != SBK_MESSAGE_FAILED)
			continue;
		*err = message.error;
		return err->code;
	}
	return rc;
}

int sbk_supervise(struct sbk_launch *launch, pid_t init, int master,
		  struct sbk_run_end *end, struct sbk_error *err)
{
	struct supervisor s = {
		.launch = launch, .end = end, .init = init, .signals = -1};
	sigset_t set;
	int rc;

	s.began_ms = now_ms();
	if (launch->scope->timeout_s > 0)
		s.deadline_ms = s.began_ms + launch->scope->timeout_s * 1000;
	taken_set(&set);
	s.signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	rc = s.signals < 0
		     ? sbk_error_set_errno(err, errno, "cannot take signals")
		     : 0;
	if (rc == 0 && master >= 0)
		rc = start_relay(&s, master, err);
	if (rc == 0)
		rc = say_go(launch, err);
	if (rc == 0)
		rc = loop(&s, err);
	if (rc == 0 && s.failure.code != SBK_OK) {
		*err = s.failure;
		rc = err->code;
	}
	if (rc == 0 && !s.started && !end->timed_out)
		rc = sbk_error_set(err, SBK_E_IO,
				   "the run ended before it began");
	rc = reap(&s, rc, err);
	if (s.relay != NULL) {
		sbk_relay_leave(s.relay);
		sbk_relay_close(s.relay);
	} else if (master >= 0) {
		(void)close(master); /* nothing was relayed */
	}
	free(s.relay);
	if (s.signals >= 0)
		(void)close(s.signals); /* only ever read */
	name_exec_failure(end);
	if (!s.ended)
		end->duration_ms = now_ms() - s.began_ms;
	return rc;
}
