/*
 * The front end of a run under a sandbox account. Owns the steps until the
 * runner is greeted, each of which leads to its end when it fails, and the
 * relay of the caller's streams.
 *
 * Invariant: before the account is out of the pipe's access list and the
 * process at its other end is the one that was made, nothing is said to it.
 */
#include "engine/windows/runner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/limits.h"
#include "engine/windows/end_code.h"
#include "engine/windows/frame_pipe.h"
#include "engine/windows/logon_start.h"
#include "engine/windows/pipe_end.h"
#include "engine/windows/runner_input.h"
#include "engine/windows/station.h"
#include "engine/windows/win32.h"
#include "engine/windows/win32_logon.h"
#include "engine/windows/win32_token.h"

#include "engine/banned.h"

#define CONNECT_MS 30000 /* a first logon makes a profile */
#define GREETING_MS 20000
#define SEND_MS 60000
#define ASK_MS 10000 /* a person waits: for a stop, for a window's size */
#define SLICE_MS 500
#define GRACE_MS 10000 /* beyond the time limit, for the runner to say so */
#define START_MS 60000 /* for the steps of launch.h */

struct sbk_runner {
	struct sbk_frame_pipe frames;
	struct sbk_logon logon;
	HANDLE pipe;
	struct sbk_runner_input input;
	const struct sbk_terminal *terminal; /* in use, or NULL */
	volatile LONG stop_asked;	     /* of this command, or the next */
	sbk_runner_ready_fn *ready;
	void *ready_arg;
	int64_t since; /* when the command began, or was asked for */
	bool stuck;    /* the thread is left in a read for good */
	bool shut_out; /* see sbk_runner_shut_out */
	bool test_any_client;
	DWORD connect_ms, greeting_ms, grace_ms;
	char program[SBK_PATH_MAX];
};

/* --- beginning ------------------------------------------------------------ */

static int start_program(struct sbk_runner *runner,
			 const struct sbk_runner_wish *wish, const char *name,
			 struct sbk_error *err)
{
	char own[16];
	const char *const argv[] = {"sandbook-runner", name, own, NULL};
	const struct sbk_logon_wish logon = {.account = wish->account,
					     .password = wish->password,
					     .program = wish->program,
					     .argv = argv,
					     .profile = wish->profile};
	int rc;

	(void)snprintf(
		own, sizeof(own), "%lu",
		(unsigned long)sbk_win32->program->GetCurrentProcessId());
	rc = sbk_logon_start(&logon, &runner->logon, err);
	if (rc == 0)
		rc = sbk_win32_resume(runner->logon.thread, err);
	return rc;
}

static int say_end(DWORD code, struct sbk_error *err)
{
	const char *reason = sbk_end_code_reason(code);

	if (reason == NULL)
		return sbk_error_set(err, SBK_E_INCOMPLETE,
				     "sandbook-runner ended with code %lu "
				     "before it was connected",
				     (unsigned long)code);
	return sbk_error_set(err, SBK_E_UNSUPPORTED,
			     "the system ended sandbook-runner, as the "
			     "account, with 0x%08lX, %s",
			     (unsigned long)code, reason);
}

/* Waits in slices, so that a runner that ended is not waited for. */
static int wait_for_client(struct sbk_runner *runner, struct sbk_error *err)
{
	const int64_t until = sbk_win32_clock_ms() + runner->connect_ms;
	DWORD code = 0;
	int rc;

	do {
		rc = sbk_win32_connect(runner->pipe, SLICE_MS, err);
		if (rc == SBK_E_BUSY &&
		    sbk_win32_wait(runner->logon.process, 0, NULL) == 1) {
			(void)sbk_win32_exit_code(runner->logon.process, &code,
						  NULL);
			return say_end(code, err);
		}
	} while (rc == SBK_E_BUSY && sbk_win32_clock_ms() < until);
	return rc;
}

static int greet(struct sbk_runner *runner, struct sbk_error *err)
{
	const struct sbk_frame hello = {
		.type = SBK_FRAME_HELLO,
		.process = sbk_win32->program->GetCurrentProcessId()};
	struct sbk_frame theirs;
	int rc = sbk_frame_send(&runner->frames, &hello, runner->greeting_ms,
				err);

	if (rc < 0)
		return rc;
	rc = sbk_frame_receive(&runner->frames, runner->greeting_ms, &theirs,
			       err);
	if (rc == 0)
		return sbk_error_set(err, SBK_E_BUSY,
				     "sandbook-runner does not answer");
	if (rc < 0)
		return rc;
	rc = 0;
	if (!runner->test_any_client &&
	    theirs.process != runner->logon.process_id)
		rc = sbk_error_set(err, SBK_E_PARSE,
				   "sandbook-runner names another process");
	sbk_frame_release(&theirs);
	return rc;
}

static int begin(struct sbk_runner *runner, const struct sbk_runner_wish *wish,
		 struct sbk_error *err)
{
	char name[SBK_PIPE_NAME_SIZE];
	int rc = sbk_pipe_make(wish->sid, name, &runner->pipe, err);

	sbk_frame_pipe_begin(&runner->frames, runner->pipe, SBK_FRAME_FRONT);
	sbk_runner_input_init(&runner->input, &runner->frames);
	if (rc == 0)
		rc = start_program(runner, wish, name, err);
	if (rc == 0)
		rc = wait_for_client(runner, err);
	if (rc == 0 && !wish->test_any_client)
		rc = sbk_pipe_check_client(runner->pipe,
					   runner->logon.process_id, err);
	if (rc == 0)
		rc = sbk_pipe_shut(runner->pipe, err);
	return rc < 0 ? rc : greet(runner, err);
}

int sbk_runner_start(const struct sbk_runner_wish *wish,
		     struct sbk_runner **out, struct sbk_error *err)
{
	struct sbk_runner *runner = calloc(1, sizeof(*runner));
	struct sbk_error why = SBK_ERROR_INIT, left = SBK_ERROR_INIT;
	int rc;

	if (runner == NULL)
		return sbk_error_no_memory(err);
	runner->test_any_client = wish->test_any_client;
	/* One that is too long is refused where it is started. */
	(void)snprintf(runner->program, sizeof(runner->program), "%s",
		       wish->program);
	runner->greeting_ms = wish->test_patience_ms;
	runner->connect_ms = 5 * wish->test_patience_ms;
	runner->grace_ms = 2 * wish->test_patience_ms;
	if (wish->test_patience_ms == 0) {
		runner->connect_ms = CONNECT_MS;
		runner->greeting_ms = GREETING_MS;
		runner->grace_ms = GRACE_MS;
	}
	rc = begin(runner, wish, &why);
	if (rc == 0) {
		*out = runner;
		return 0;
	}
	if (sbk_runner_release(runner, &left) < 0)
		return sbk_error_set(err, SBK_E_INCOMPLETE,
				     "%.200s; and the runner is not ended: "
				     "%.200s",
				     why.message, left.message);
	(void)sbk_error_set(err, rc, "%s", why.message);
	if (err != NULL)
		err->os_code = why.os_code;
	return rc;
}

const char *sbk_runner_program(const struct sbk_runner *runner)
{
	return runner->program;
}

uint64_t sbk_runner_patience_s(const struct sbk_runner *runner)
{
	return (runner->greeting_ms + 999) / 1000;
}

int sbk_runner_release(struct sbk_runner *runner, struct sbk_error *err)
{
	int rc;

	if (runner == NULL)
		return 0;
	sbk_frame_pipe_shut(&runner->frames);
	rc = sbk_logon_release(&runner->logon, err);
	if (runner->stuck) {
		/* It looks into `frames` when it wakes, and goes no further. */
		sbk_win32_close(&runner->pipe);
		return rc;
	}
	sbk_runner_input_release(&runner->input);
	sbk_frame_pipe_end(&runner->frames);
	sbk_win32_close(&runner->pipe);
	free(runner);
	return rc;
}

/*
 * It may hang in a read of the caller's input that the system does not cancel.
 * Then it is left there, and what it would use is never freed: it sends nothing
 * any more, since the pipe is shut, and no other command follows.
 */
static void end_input(struct sbk_runner *runner)
{
	if (sbk_runner_input_end(&runner->input))
		return;
	runner->stuck = true;
	sbk_frame_pipe_shut(&runner->frames);
}

/* --- a command ------------------------------------------------------------ */

void sbk_runner_on_ready(struct sbk_runner *runner, sbk_runner_ready_fn *ready,
			 void *arg)
{
	runner->ready = ready;
	runner->ready_arg = arg;
}

int sbk_runner_logon_sid(const struct sbk_runner *runner, struct sbk_sid *out,
			 struct sbk_error *err)
{
	struct sbk_token_base base;
	HANDLE token = NULL;
	/* Since the greeting its token lets in the caller. */
	int rc = sbk_win32_open_token(runner->logon.process, TOKEN_QUERY,
				      &token, err);

	if (rc == 0)
		rc = sbk_win32_token_base(token, &base, err);
	sbk_win32_close(&token);
	if (rc == 0)
		*out = base.logon;
	return rc;
}

int sbk_runner_shut_station(const struct sbk_runner *runner,
			    const struct sbk_sid *account,
			    struct sbk_error *err)
{
	struct sbk_sid sids[2] = {*account}, own;
	int rc = sbk_pipe_own_user(&own, err);

	if (rc < 0 || sbk_sid_equal(&own, account))
		return rc;
	rc = sbk_runner_logon_sid(runner, &sids[1], err);
	return rc < 0 ? rc : sbk_station_shut(sids, 2, err);
}

DWORD sbk_runner_process(const struct sbk_runner *runner)
{
	return runner->logon.process_id;
}

static int send_start(struct sbk_runner *runner,
		      const struct sbk_launch_wish *wish, struct sbk_error *err)
{
	struct sbk_sid_text texts[SBK_SYNTHETIC_TOKEN_MAX], run;
	const char *roots[SBK_SYNTHETIC_TOKEN_MAX + 1] = {NULL};
	const bool sized = wish->size.X > 0 && wish->size.Y > 0;
	struct sbk_frame frame = {
		.type = SBK_FRAME_START,
		.argv = wish->argv,
		.environment = wish->environment,
		.roots = roots,
		.program = wish->program,
		.directory = wish->directory,
		.temporary = wish->temporary != NULL ? wish->temporary : "",
		.run = sbk_sid_format(wish->run, &run),
		.timeout_s = wish->timeout_s,
		.memory_mib = wish->limits.memory_mib,
		.processes = wish->limits.processes,
		.offline = wish->advise_offline,
		.terminal = wish->terminal,
		.best_effort = wish->best_effort,
		.columns = sized ? (uint32_t)wish->size.X : 80,
		.rows = sized ? (uint32_t)wish->size.Y : 24};
	size_t i;

	if (wish->root_count > SBK_SYNTHETIC_TOKEN_MAX)
		return sbk_error_set(err, SBK_E_LIMIT, "more than %d roots",
				     SBK_SYNTHETIC_TOKEN_MAX);
	for (i = 0; i < wish->root_count; i++)
		roots[i] = sbk_sid_format(&wish->roots[i], &texts[i]);
	return sbk_frame_send(&runner->frames, &frame, SEND_MS, err);
}

static int write_output(const struct sbk_runner *runner,
			const struct sbk_launch_wish *wish,
			const struct sbk_frame *frame, struct sbk_error *err)
{
	const HANDLE to = frame->stream < SBK_FRAME_TERMINAL
				  ? wish->streams[frame->stream]
				  : NULL;

	if (frame->stream == SBK_FRAME_TERMINAL)
		return runner->terminal != NULL
			       ? runner->terminal->write(runner->terminal->self,
							 frame->data,
							 frame->data_size, err)
			       : 0;
	/* A caller that closed it does not want it. */
	if (to == NULL || to == INVALID_HANDLE_VALUE)
		return 0;
	return sbk_win32_write(to, frame->data, frame->data_size, err);
}

static int take_error(struct sbk_runner *runner, const struct sbk_frame *frame,
		      struct sbk_error *err)
{
	const int code = frame->error < 0 ? frame->error : SBK_E_IO;

	runner->shut_out = strcmp(frame->step, SBK_LAUNCH_PROCESS) == 0 &&
			   (frame->os_code == ERROR_ACCESS_DENIED ||
			    frame->os_code == ERROR_DIRECTORY);
	(void)sbk_error_set(err, code, "sandbook-runner (%.40s): %.400s",
			    frame->step, frame->message);
	if (err != NULL)
		err->os_code = frame->os_code;
	return code;
}

/* What fails of these is seen where frames are received. */
static void send_keys(void *arg, const void *data, size_t size)
{
	struct sbk_runner *runner = arg;

	(void)sbk_runner_input_send(&runner->input, SBK_FRAME_TERMINAL, data,
				    size, NULL);
}

static void send_size(void *arg, COORD size)
{
	(void)sbk_runner_resize(arg, size, NULL);
}

/* When the command runs: what is typed before would be for none. */
static int begin_terminal(struct sbk_runner *runner,
			  const struct sbk_launch_wish *wish,
			  struct sbk_error *err)
{
	const struct sbk_terminal_sink sink = {
		.arg = runner, .keys = send_keys, .resize = send_size};
	int rc = wish->relay->begin(wish->relay->self, &sink, err);

	if (rc == 0)
		runner->terminal = wish->relay;
	return rc;
}

static void end_terminal(struct sbk_runner *runner)
{
	sbk_runner_input_over(&runner->input);
	if (runner->terminal != NULL)
		runner->terminal->end(runner->terminal->self);
	runner->terminal = NULL;
}

/* It is there: nothing of it runs before this has said so. */
static int let_begin(struct sbk_runner *runner,
		     const struct sbk_launch_wish *wish, bool limits,
		     struct sbk_error *err)
{
	const struct sbk_frame frame = {.type = SBK_FRAME_BEGIN};
	int rc = 0;

	if (runner->ready != NULL)
		rc = runner->ready(runner->ready_arg, limits, err);
	if (rc == 0)
		rc = sbk_frame_send(&runner->frames, &frame, SEND_MS, err);
	runner->since = sbk_win32_clock_ms();
	if (rc == 0 && wish->relay != NULL)
		rc = begin_terminal(runner, wish, err);
	if (rc == 0 && (wish->terminal & 1u) == 0)
		rc = sbk_runner_input_start(&runner->input, wish->streams[0],
					    err);
	return rc;
}

/* 1: it goes on; 0: `end` is how it ended. */
static int take_frame(struct sbk_runner *runner,
		      const struct sbk_launch_wish *wish,
		      const struct sbk_frame *frame, struct sbk_run_end *end,
		      struct sbk_error *err)
{
	int rc;

	if (frame->type == SBK_FRAME_STARTED ||
	    frame->type == SBK_FRAME_OUTPUT) {
		rc = frame->type == SBK_FRAME_OUTPUT
			     ? write_output(runner, wish, frame, err)
			     : let_begin(runner, wish, frame->limits, err);
		return rc < 0 ? rc : 1;
	}
	if (frame->type == SBK_FRAME_TOOK) {
		rc = sbk_runner_input_took(&runner->input, frame->stream,
					   frame->taken, err);
		return rc < 0 ? rc : 1;
	}
	if (frame->type == SBK_FRAME_ERROR)
		return take_error(runner, frame, err);
	memset(end, 0, sizeof(*end));
	sbk_launch_end_of(frame->code, end);
	end->timed_out = frame->timed_out;
	end->duration_ms = frame->duration_ms;
	return 0;
}

/* By when something has to have come: the start, or the end. */
static int64_t limit_of(struct sbk_runner *runner,
			const struct sbk_launch_wish *wish)
{
	if (sbk_frame_pipe_phase(&runner->frames) == SBK_FRAME_STARTING)
		return runner->since + START_MS;
	if (wish->timeout_s == 0 || wish->timeout_s > INT64_MAX / 4000)
		return INT64_MAX;
	return runner->since + (int64_t)wish->timeout_s * 1000 +
	       runner->grace_ms;
}

static int relay(struct sbk_runner *runner, const struct sbk_launch_wish *wish,
		 struct sbk_run_end *end, struct sbk_error *err)
{
	struct sbk_frame frame;
	int rc = 1;

	runner->since = sbk_win32_clock_ms();
	while (rc == 1) {
		rc = sbk_frame_receive(&runner->frames, SLICE_MS, &frame, err);
		if (rc == 1) {
			rc = take_frame(runner, wish, &frame, end, err);
			sbk_frame_release(&frame);
		} else if (rc == 0) {
			rc = 1;
		}
		/* Whether it keeps silent or never stops sending. */
		if (rc == 1 && sbk_win32_clock_ms() > limit_of(runner, wish))
			rc = sbk_error_set(err, SBK_E_BUSY,
					   "sandbook-runner does not say the "
					   "command's end within its time "
					   "limit; it is ended");
	}
	return rc;
}

static int send_stop(struct sbk_runner *runner, struct sbk_error *err)
{
	const struct sbk_frame frame = {.type = SBK_FRAME_STOP};

	return sbk_frame_send(&runner->frames, &frame, ASK_MS, err);
}

int sbk_runner_run(struct sbk_runner *runner,
		   const struct sbk_launch_wish *wish, struct sbk_run_end *end,
		   struct sbk_error *err)
{
	struct sbk_run_end found = {.exit_code = 0};
	int rc;

	sbk_runner_input_reset(&runner->input);
	rc = send_start(runner, wish, err);
	/* One that was asked for before there was anything to stop; one that is
	 * asked for from here on comes behind the start by itself. */
	if (rc == 0 && InterlockedCompareExchange(&runner->stop_asked, 0, 0))
		rc = send_stop(runner, err);
	if (rc == 0)
		rc = relay(runner, wish, &found, err);
	sbk_runner_on_ready(runner, NULL, NULL);
	end_terminal(runner);
	end_input(runner);
	(void)InterlockedExchange(&runner->stop_asked, 0);
	if (rc == 0)
		*end = found;
	return rc;
}

int sbk_runner_resize(struct sbk_runner *runner, COORD size,
		      struct sbk_error *err)
{
	const struct sbk_frame frame = {.type = SBK_FRAME_SIZE,
					.columns = (uint32_t)size.X,
					.rows = (uint32_t)size.Y};

	return sbk_frame_send(&runner->frames, &frame, ASK_MS, err);
}

bool sbk_runner_shut_out(const struct sbk_runner *runner)
{
	return runner != NULL && runner->shut_out;
}

int sbk_runner_stop(struct sbk_runner *runner, struct sbk_error *err)
{
	(void)InterlockedExchange(&runner->stop_asked, 1);
	return send_stop(runner, err);
}
