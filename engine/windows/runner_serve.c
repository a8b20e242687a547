/*
 * The runner. Owns the order of its beginning (who made the pipe, then its own
 * protection, then the greeting) and the threads that carry a command's
 * streams. Six of them at most, beside the one that receives: one for each
 * stream that the command reads or writes, its terminal's among them, and one
 * that waits for its end. The one that receives waits for none of them while a
 * command runs, so `stop` and `size` always come through.
 *
 * Each thread gets the descriptor that keeps the account out: with the default
 * one, a command of the account could take a thread for its token.
 */
#include "engine/windows/runner_serve.h"

#include <stdio.h>
#include <string.h>

#include "engine/ntsec/sddl.h"
#include "engine/windows/frame_pipe.h"
#include "engine/windows/inlet.h"
#include "engine/windows/launch.h"
#include "engine/windows/own_list.h"
#include "engine/windows/pipe_end.h"
#include "engine/windows/station.h"
#include "engine/windows/win32.h"
#include "engine/windows/win32_logon.h"
#include "engine/windows/win32_token.h"

#include "engine/banned.h"

#define GREETING_MS 20000
#define SLICE_MS 500
#define SEND_MS 60000 /* a front end that does not read that long is gone */

struct runner;

/* One stream that the command writes, and the thread that carries it. */
struct outlet {
	struct runner *runner;
	uint32_t stream;
	HANDLE from, thread;
};

/* A command that runs, and what carries it. By number of the stream there are
 * outlets 1 to 3, inlets 0 and 3. */
struct command {
	struct sbk_launch_wish wish;
	struct sbk_launch launch;
	struct sbk_sid roots[SBK_SYNTHETIC_TOKEN_MAX], run;
	HANDLE input; /* our end, until its inlet has it */
	struct sbk_inlet inlets[2];
	struct outlet outlets[SBK_FRAME_TERMINAL + 1];
	HANDLE waiter; /* a thread */
	bool is_there;
};

struct runner {
	const struct sbk_runner_serve *wish;
	struct sbk_frame_pipe frames;
	HANDLE pipe, token; /* its own, opened before it was shut */
	struct sbk_sid own, caller;
	struct sbk_buf guard; /* of threads */
	struct sbk_station station;
	struct sbk_error no_station; /* why there is none */
	struct sbk_frame start;
	struct command command;
};

/* --- its own protection --------------------------------------------------- */

/* For the system and the caller alone; `more` is another entry, or "". */
static int make_guard(const struct sbk_sid *caller, const char *mask,
		      const char *more, struct sbk_buf *out,
		      struct sbk_error *err)
{
	struct sbk_buf text = SBK_BUF_INIT;
	struct sbk_sid_text sid;
	int rc;

	sbk_buf_printf(&text, "D:P(A;;%s;;;SY)(A;;%s;;;%s)%s(A;;RC;;;OW)", mask,
		       mask, sbk_sid_format(caller, &sid), more);
	rc = sbk_buf_failed(&text, err);
	if (rc == 0)
		rc = sbk_sddl_parse(sbk_buf_text(&text), text.size, NULL, out,
				    err);
	sbk_buf_release(&text);
	return rc;
}

/*
 * "OpenProcessToken": what is asked for is compared with the token's own list,
 * whoever's process it is. So the rights that a launch needs are held from
 * before; and what the system's own code asks in this process (TOKEN_QUERY and
 * READ_CONTROL) this logon has: its commands may look, too, and no more.
 */
static int protect_token(struct runner *runner, struct sbk_error *err)
{
	struct sbk_buf guard = SBK_BUF_INIT;
	struct sbk_token_base base;
	struct sbk_sid_text logon;
	char look[SBK_SID_TEXT_MAX + 32];
	int rc = sbk_win32_open_token(sbk_win32->program->GetCurrentProcess(),
				      SBK_LAUNCH_TOKEN_ACCESS, &runner->token,
				      err);

	if (rc == 0)
		rc = sbk_win32_token_base(runner->token, &base, err);
	if (rc < 0)
		return rc;
	(void)snprintf(look, sizeof(look), "(A;;0x20008;;;%s)",
		       sbk_sid_format(&base.logon, &logon));
	rc = make_guard(&runner->caller, "0xf01ff", look, &guard, err);
	if (rc == 0)
		rc = sbk_own_list_set(runner->token, &guard,
				      "the runner's own token", err);
	sbk_buf_release(&guard);
	return rc;
}

/* Before anything else of the account's runs: handles opened earlier keep
 * their rights. */
static int protect(struct runner *runner, struct sbk_error *err)
{
	const struct sbk_win32_program *calls = sbk_win32->program;
	int rc = make_guard(&runner->caller, "0x1fffff", "", &runner->guard,
			    err);

	if (rc == 0)
		rc = protect_token(runner, err);
	if (rc == 0)
		rc = sbk_own_list_set(calls->GetCurrentThread(), &runner->guard,
				      "the runner's own thread", err);
	if (rc == 0)
		rc = sbk_own_list_set(calls->GetCurrentProcess(),
				      &runner->guard,
				      "the runner's own process", err);
	return rc;
}

/* --- the greeting --------------------------------------------------------- */

/* The pipe is the one of who started us: of that process, closed to others. */
static int join(struct runner *runner, struct sbk_error *err)
{
	const struct sbk_runner_serve *wish = runner->wish;
	ULONG server = 0;
	int rc = sbk_pipe_own_user(&runner->own, err);

	if (rc == 0)
		rc = sbk_pipe_join(wish->pipe, &runner->pipe, &runner->caller,
				   err);
	if (rc == 0)
		rc = sbk_win32_pipe_server(runner->pipe, &server, err);
	if (rc == 0 && server != wish->server)
		rc = sbk_error_set(err, SBK_E_DENIED,
				   "the pipe is of process %lu, not of %lu",
				   (unsigned long)server,
				   (unsigned long)wish->server);
	if (rc == 0 && !wish->test_same_user &&
	    sbk_sid_equal(&runner->own, &runner->caller))
		rc = sbk_error_set(err, SBK_E_DENIED,
				   "the pipe belongs to the sandbox's own "
				   "account");
	/* As it was made, or shut since: in this order, for it is shut only
	 * once, and at any time. */
	if (rc == 0 && sbk_pipe_check(runner->pipe, &runner->caller,
				      &runner->own, NULL) < 0)
		rc = sbk_pipe_check(runner->pipe, &runner->caller, NULL, err);
	return rc;
}

static int greet(struct runner *runner, struct sbk_error *err)
{
	const struct sbk_frame hello = {
		.type = SBK_FRAME_HELLO,
		.process = sbk_win32->program->GetCurrentProcessId()};
	struct sbk_frame theirs;
	int rc = sbk_frame_receive(&runner->frames, GREETING_MS, &theirs, err);

	if (rc == 0)
		rc = sbk_error_set(err, SBK_E_BUSY, "nobody greets the runner");
	if (rc < 0)
		return rc;
	/* Nothing else is due: the table says so. */
	sbk_frame_release(&theirs);
	return sbk_frame_send(&runner->frames, &hello, GREETING_MS, err);
}

/* --- a command's streams -------------------------------------------------- */

/* To its end, also where nobody hears it any more: a console that is closed
 * waits for that. The receiving thread sees the end of the pipe. */
static DWORD WINAPI carry_output(void *arg)
{
	struct outlet *outlet = arg;
	uint8_t part[SBK_FRAME_DATA_MAX / 2];
	struct sbk_frame frame = {.type = SBK_FRAME_OUTPUT,
				  .stream = outlet->stream,
				  .data = part};
	size_t got = 1;
	int rc = 0;

	while (sbk_win32_read_pipe(outlet->from, part, sizeof(part), &got,
				   NULL) == 0 &&
	       got > 0) {
		frame.data_size = got;
		/* However long the front end's own reader takes. */
		if (rc == 0)
			rc = sbk_frame_send(&outlet->runner->frames, &frame,
					    INFINITE, NULL);
	}
	return 0;
}

static void say_took(void *arg, uint32_t stream, size_t size)
{
	struct runner *runner = arg;
	const struct sbk_frame frame = {.type = SBK_FRAME_TOOK,
					.stream = stream,
					.taken = (uint32_t)size};

	(void)sbk_frame_send(&runner->frames, &frame, INFINITE, NULL);
}

/* What it may be sending is cancelled again and again where the pipe is shut:
 * it may have been about to begin with it. */
static void join_thread(struct runner *runner, HANDLE *thread)
{
	while (*thread != NULL && sbk_win32_wait(*thread, SLICE_MS, NULL) == 0)
		sbk_frame_pipe_cancel(&runner->frames);
	sbk_win32_close(thread);
}

static void join_outlets(struct runner *runner)
{
	size_t i;

	for (i = 1; i <= SBK_FRAME_TERMINAL; i++)
		join_thread(runner, &runner->command.outlets[i].thread);
}

/* The end of the command; everything that it wrote is said before. */
static DWORD WINAPI wait_for_end(void *arg)
{
	struct runner *runner = arg;
	struct command *command = &runner->command;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_run_end end = {.exit_code = 0};
	struct sbk_frame frame = {.type = SBK_FRAME_EXIT};
	DWORD code = 0;
	int rc = sbk_launch_wait(&command->launch, &end, &err);

	if (rc == 0 && !end.timed_out)
		rc = sbk_win32_exit_code(command->launch.process, &code, &err);
	/* Its output ends with it, and is being read. */
	sbk_launch_close_console(&command->launch);
	join_outlets(runner);
	sbk_inlet_stop(&command->inlets[0]);
	sbk_inlet_stop(&command->inlets[1]);
	frame.code = code;
	frame.timed_out = end.timed_out;
	frame.duration_ms = end.duration_ms;
	if (rc < 0)
		frame = (struct sbk_frame){.type = SBK_FRAME_ERROR,
					   .step = "wait",
					   .message = err.message,
					   .error = err.code,
					   .os_code = err.os_code};
	/* Where nobody hears it any more, the receiving thread knows. */
	(void)sbk_frame_send(&runner->frames, &frame, SEND_MS, NULL);
	return 0;
}

/* Its streams, ours and the command's, but those of its terminal. */
static int make_streams(struct command *command, HANDLE given[3],
			struct sbk_error *err)
{
	struct outlet *outlets = command->outlets;
	int rc = 0;
	size_t i;

	if ((command->wish.terminal & 1u) == 0)
		rc = sbk_win32_make_pipe(&given[0], &command->input, err);
	for (i = 1; rc == 0 && i < 3; i++)
		if ((command->wish.terminal & 1u << i) == 0)
			rc = sbk_win32_make_pipe(&outlets[i].from, &given[i],
						 err);
	return rc;
}

static int start_inlet(struct runner *runner, size_t i, uint32_t stream,
		       HANDLE *to, struct sbk_error *err)
{
	struct sbk_inlet *inlet = &runner->command.inlets[i];
	const HANDLE taken = *to;

	*to = NULL;
	inlet->stream = stream;
	inlet->took = say_took;
	inlet->arg = runner;
	return taken != NULL
		       ? sbk_inlet_begin(inlet, taken, &runner->guard, err)
		       : 0;
}

static int start_outlet(struct runner *runner, uint32_t stream,
			struct sbk_error *err)
{
	struct outlet *outlet = &runner->command.outlets[stream];

	outlet->runner = runner;
	outlet->stream = stream;
	return outlet->from != NULL
		       ? sbk_win32_make_thread(carry_output, outlet,
					       &runner->guard, &outlet->thread,
					       err)
		       : 0;
}

static int start_threads(struct runner *runner, struct sbk_error *err)
{
	struct command *command = &runner->command;
	uint32_t stream;
	int rc = start_inlet(runner, 0, 0, &command->input, err);

	/* A terminal's pipes are the launch's. */
	if (rc == 0)
		rc = start_inlet(runner, 1, SBK_FRAME_TERMINAL,
				 &command->launch.terminal_in, err);
	for (stream = 1; rc == 0 && stream <= SBK_FRAME_TERMINAL; stream++)
		rc = start_outlet(runner, stream, err);
	if (rc == 0)
		rc = sbk_win32_make_thread(wait_for_end, runner, &runner->guard,
					   &command->waiter, err);
	return rc;
}

/* --- a command ------------------------------------------------------------ */

/* The streams that no thread reads. */
static void close_unread(struct command *command)
{
	size_t i;

	for (i = 1; i <= SBK_FRAME_TERMINAL; i++)
		if (command->outlets[i].thread == NULL)
			sbk_win32_close(&command->outlets[i].from);
}

/* Ends what is alive of it, and its threads. */
static int end_command(struct runner *runner, struct sbk_error *err)
{
	struct command *command = &runner->command;
	int rc = 0;

	if (command->launch.job != NULL)
		(void)sbk_win32_end_job(command->launch.job, SBK_LAUNCH_ENDED,
					NULL); /* the release says it */
	join_thread(runner, &command->waiter);
	/* Where it never came to that thread: nobody reads what it draws. */
	close_unread(command);
	sbk_launch_close_console(&command->launch);
	join_outlets(runner);
	close_unread(command);
	sbk_inlet_end(&command->inlets[0]);
	sbk_inlet_end(&command->inlets[1]);
	sbk_win32_close(&command->input);
	if (command->is_there)
		rc = sbk_launch_release(&command->launch, err);
	sbk_frame_release(&runner->start);
	memset(command, 0, sizeof(*command));
	return rc;
}

static int read_sids(struct command *command, const struct sbk_frame *start,
		     struct sbk_error *err)
{
	size_t count = 0;
	int rc = 0;

	while (rc == 0 && start->roots[count] != NULL) {
		if (count == SBK_SYNTHETIC_TOKEN_MAX)
			return sbk_error_set(err, SBK_E_LIMIT,
					     "more than %d roots",
					     SBK_SYNTHETIC_TOKEN_MAX);
		rc = sbk_sid_parse(start->roots[count],
				   strlen(start->roots[count]),
				   &command->roots[count], err);
		count += rc == 0;
	}
	if (rc == 0)
		rc = sbk_sid_parse(start->run, strlen(start->run),
				   &command->run, err);
	command->wish.run = &command->run;
	command->wish.roots = command->roots;
	command->wish.root_count = count;
	return rc;
}

static int fill_wish(struct runner *runner, struct sbk_error *err)
{
	struct command *command = &runner->command;
	const struct sbk_frame *start = &runner->start;
	struct sbk_launch_wish *wish = &command->wish;

	*wish = (struct sbk_launch_wish){
		.program = start->program,
		.argv = start->argv,
		.directory = start->directory,
		.environment = start->environment,
		.temporary =
			*start->temporary != '\0' ? start->temporary : NULL,
		.timeout_s = start->timeout_s,
		.limits = {.memory_mib = start->memory_mib,
			   .processes = start->processes},
		.advise_offline = start->offline,
		.best_effort = start->best_effort,
		.own_station = runner->station.station != NULL,
		.own_token = runner->token,
		.person = &runner->caller,
		.terminal = start->terminal,
		.size = {(SHORT)start->columns, (SHORT)start->rows},
		.test_any_token = runner->wish->test_any_token};
	return read_sids(command, start, err);
}

static int build(struct runner *runner, struct sbk_error *err)
{
	struct command *command = &runner->command;
	HANDLE given[3] = {NULL, NULL, NULL};
	size_t i;
	int rc = fill_wish(runner, err);

	/* In the user's own, a run could reach the user's clipboard. */
	if (rc == 0 && !command->wish.own_station && !command->wish.best_effort)
		rc = sbk_error_set(err, SBK_E_UNSUPPORTED,
				   "the run has no window station of its own: "
				   "%s; or --best-effort",
				   runner->no_station.message);
	if (rc == 0)
		rc = make_streams(command, given, err);
	memcpy(command->wish.streams, given, sizeof(given));
	if (rc == 0)
		rc = sbk_launch_build(&command->wish, &command->launch, err);
	command->is_there = rc == 0;
	for (i = 0; i < 3; i++)
		sbk_win32_close(&given[i]);
	if (rc == 0) {
		command->outlets[SBK_FRAME_TERMINAL].from =
			command->launch.terminal_out;
		command->launch.terminal_out = NULL;
	}
	return rc;
}

/* Says that it is there, suspended; or why not. The connection stays. */
static int make_command(struct runner *runner, struct sbk_error *err)
{
	const struct sbk_launch *launch = &runner->command.launch;
	struct sbk_error why = SBK_ERROR_INIT, left = SBK_ERROR_INIT;
	struct sbk_frame frame = {.type = SBK_FRAME_STARTED};
	int rc = build(runner, &why);
	const char *failed = launch->failed;

	if (rc == 0) {
		frame.process = launch->process_id;
		frame.limits = launch->limits_missing[0] == '\0';
		return sbk_frame_send(&runner->frames, &frame, SEND_MS, err);
	}
	if (end_command(runner, &left) < 0)
		return sbk_error_set(err, SBK_E_BUSY, "%s", left.message);
	frame = (struct sbk_frame){.type = SBK_FRAME_ERROR,
				   .step = failed != NULL ? failed : "start",
				   .message = why.message,
				   .error = why.code,
				   .os_code = why.os_code};
	return sbk_frame_send(&runner->frames, &frame, SEND_MS, err);
}

static int begin_command(struct runner *runner, struct sbk_error *err)
{
	int rc = sbk_launch_begin(&runner->command.launch, err);

	return rc < 0 ? rc : start_threads(runner, err);
}

/* --- frames --------------------------------------------------------------- */

static int take_input(struct command *command, const struct sbk_frame *frame,
		      struct sbk_error *err)
{
	if (frame->stream != 0 && frame->stream != SBK_FRAME_TERMINAL)
		return sbk_error_set(err, SBK_E_PARSE,
				     "no such input on the runner's pipe");
	return sbk_inlet_put(&command->inlets[frame->stream != 0], frame->data,
			     frame->data_size, err);
}

static int take_frame(struct runner *runner, struct sbk_frame *frame,
		      struct sbk_error *err)
{
	struct command *command = &runner->command;
	int rc = 0;

	switch (frame->type) {
	case SBK_FRAME_START:
		/* The one before has said its end. */
		rc = end_command(runner, err);
		runner->start = *frame;
		frame->arena = (struct sbk_arena)SBK_ARENA_INIT;
		return rc < 0 ? rc : make_command(runner, err);
	case SBK_FRAME_BEGIN:
		return begin_command(runner, err);
	case SBK_FRAME_INPUT:
		return take_input(command, frame, err);
	case SBK_FRAME_CLOSE:
		sbk_inlet_close(&command->inlets[0]);
		return 0;
	case SBK_FRAME_SIZE:
		sbk_launch_resize(
			&command->launch,
			(COORD){(SHORT)frame->columns, (SHORT)frame->rows});
		return 0;
	case SBK_FRAME_STOP:
		return command->launch.job != NULL
			       ? sbk_win32_end_job(command->launch.job,
						   SBK_LAUNCH_ENDED, err)
			       : 0;
	default:
		return sbk_error_set(err, SBK_E_PARSE, "no frame for a runner");
	}
}

static int serve(struct runner *runner, struct sbk_error *err)
{
	const DWORD idle_ms = runner->wish->idle_ms;
	int64_t since = sbk_win32_clock_ms();
	struct sbk_frame frame;
	int rc = 0;

	while (rc == 0) {
		rc = sbk_frame_receive(&runner->frames, SLICE_MS, &frame, err);
		if (rc == 1) {
			rc = take_frame(runner, &frame, err);
			sbk_frame_release(&frame);
		} else if (rc == 0 && idle_ms > 0 &&
			   sbk_frame_pipe_phase(&runner->frames) ==
				   SBK_FRAME_IDLE &&
			   sbk_win32_clock_ms() - since >= idle_ms) {
			return 0;
		}
		if (sbk_frame_pipe_phase(&runner->frames) != SBK_FRAME_IDLE)
			since = sbk_win32_clock_ms();
	}
	/* The front end is gone: that is how it ends. */
	return rc == SBK_E_INCOMPLETE ? 0 : rc;
}

int sbk_runner_serve(const struct sbk_runner_serve *wish, struct sbk_error *err)
{
	struct runner runner = {.wish = wish, .station = SBK_STATION_INIT};
	struct sbk_error left = SBK_ERROR_INIT;
	int rc = join(&runner, err);

	if (rc == 0)
		rc = protect(&runner, err);
	/* Without one, only runs by best effort are taken. */
	if (rc == 0)
		(void)sbk_station_move(wish->test_same_user, &runner.station,
				       &runner.no_station);
	sbk_frame_pipe_begin(&runner.frames, runner.pipe, SBK_FRAME_RUNNER);
	if (rc == 0)
		rc = greet(&runner, err);
	if (rc == 0)
		rc = serve(&runner, err);
	/* First: a thread that sends is not to wait for a reader. */
	sbk_frame_pipe_shut(&runner.frames);
	if (end_command(&runner, &left) < 0 && rc == 0)
		rc = sbk_error_set(err, left.code, "%s", left.message);
	sbk_frame_pipe_end(&runner.frames);
	sbk_win32_close(&runner.pipe);
	sbk_win32_close(&runner.token);
	sbk_station_end(&runner.station);
	sbk_buf_release(&runner.guard);
	return rc;
}
