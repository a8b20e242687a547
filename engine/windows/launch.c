/*
 * The steps of a run, from a wish to a suspended process. Owns their order, and
 * that nothing stays when one fails. Refuses what was said to be done and was
 * not seen done.
 *
 * Invariant: the process has not run an instruction of its program before
 * check_token and check_job were content with it.
 */
#include "engine/windows/launch.h"

#include <stdio.h>
#include <string.h>

/* Defines the folder's GUID here, which no library of mingw's has. */
#include <initguid.h>
#include <knownfolders.h>
#include <sodium.h>

#include "engine/windows/command_line.h"
#include "engine/windows/environment.h"
#include "engine/windows/own_list.h"
#include "engine/windows/wide.h"
#include "engine/windows/win32.h"
#include "engine/windows/win32_pipe.h"
#include "engine/windows/win32_station.h"
#include "engine/windows/win32_token.h"

#include "engine/banned.h"

static int decide(struct sbk_launch *launch, HANDLE own, struct sbk_error *err)
{
	const struct sbk_launch_wish *wish = launch->wish;
	uint8_t random[SBK_SYNTHETIC_ID_BYTES];
	struct sbk_token_base base;
	struct sbk_sid run;
	int rc = sbk_win32_token_base(own, &base, err);

	if (wish->run != NULL) {
		run = *wish->run;
	} else {
		randombytes_buf(random, sizeof(random));
		run = sbk_synthetic_make_run(random);
	}
	if (rc == 0 && wish->person != NULL) {
		base.person = *wish->person;
		base.under_account = true;
	}
	return rc < 0 ? rc
		      : sbk_token_plan(&base, &run, wish->roots,
				       wish->root_count, &launch->plan, err);
}

static int make_token(struct sbk_launch *launch, struct sbk_error *err)
{
	HANDLE opened = NULL, own = launch->wish->own_token;
	int rc = 0;

	if (own == NULL) {
		rc = sbk_win32_open_token(
			sbk_win32->program->GetCurrentProcess(),
			SBK_LAUNCH_TOKEN_ACCESS, &opened, err);
		own = opened;
	}
	if (rc == 0)
		rc = decide(launch, own, err);
	if (rc == 0)
		rc = sbk_win32_restrict(own, &launch->plan, &launch->token,
					err);
	if (rc == 0)
		rc = sbk_win32_default_dacl(launch->token,
					    &launch->plan.default_dacl, err);
	if (rc == 0)
		rc = sbk_own_list_set(launch->token, &launch->plan.token_guard,
				      "the restricted token", err);
	sbk_win32_close(&opened);
	return rc;
}

static int make_job(struct sbk_launch *launch, struct sbk_error *err)
{
	const struct sbk_job_limits *limits = &launch->wish->limits;
	struct sbk_error why = SBK_ERROR_INIT;

	if (sbk_win32_make_job(limits, &launch->job, err) < 0)
		return SBK_E_UNSUPPORTED;
	if (sbk_win32_check_job(launch->job, limits, &why) == 0)
		return launch->wish->own_station
			       ? sbk_win32_drop_ui_limits(launch->job, err)
			       : 0;
	(void)snprintf(launch->limits_missing, sizeof(launch->limits_missing),
		       "%.250s", why.message);
	if (!launch->wish->best_effort)
		return sbk_error_set(err, SBK_E_UNSUPPORTED,
				     "%s; or --best-effort", why.message);
	return launch->wish->own_station
		       ? sbk_win32_drop_ui_limits(launch->job, err)
		       : 0;
}

/* "station\\desktop": one without a station may be another's of that name. */
static int name_station(struct sbk_launch *launch, struct sbk_error *err)
{
	struct sbk_buf name = SBK_BUF_INIT;
	HWINSTA station = NULL;
	int rc = sbk_win32_own_station(&station, err);

	if (rc == 0)
		rc = sbk_win32_station_name(station, &name, err);
	if (rc == 0) {
		sbk_buf_add(&name, L"\\", sizeof(WCHAR));
		/* With its end. */
		sbk_buf_add(&name, launch->desktop_name.data,
			    launch->desktop_name.size);
		rc = sbk_buf_failed(&name, err);
	}
	if (rc == 0) {
		sbk_buf_release(&launch->desktop_name);
		launch->desktop_name = name;
		return 0;
	}
	sbk_buf_release(&name);
	return rc;
}

static int make_desktop(struct sbk_launch *launch, struct sbk_error *err)
{
	uint8_t random[16];
	struct sbk_buf name = SBK_BUF_INIT;
	int rc;

	randombytes_buf(random, sizeof(random));
	sbk_buf_adds(&name, "sandbook-");
	sbk_buf_add_hex(&name, random, sizeof(random));
	rc = sbk_wide_of(&launch->desktop_name, sbk_buf_text(&name)) != NULL
		     ? sbk_buf_failed(&name, err)
		     : sbk_error_no_memory(err);
	sbk_buf_release(&name);
	if (rc < 0)
		return rc;
	/* The run's own: it is to draw there, and others are not. */
	rc = sbk_win32_make_desktop(sbk_wide_text(&launch->desktop_name),
				    &launch->plan.run_guard, &launch->desktop,
				    err);
	return rc == 0 && launch->wish->own_station ? name_station(launch, err)
						    : rc;
}

static int make_console(struct sbk_launch *launch, struct sbk_error *err)
{
	HANDLE in = NULL, out = NULL;
	int rc = sbk_win32_make_pipe(&in, &launch->terminal_in, err);

	if (rc == 0)
		rc = sbk_win32_make_pipe(&launch->terminal_out, &out, err);
	if (rc == 0)
		rc = sbk_win32_second_handle(launch->terminal_in,
					     &launch->answer, err);
	if (rc == 0)
		rc = sbk_win32_make_console(launch->wish->size, in, out,
					    &launch->console, err);
	/* The console has copies of its own. */
	sbk_win32_close(&in);
	sbk_win32_close(&out);
	return rc;
}

/* One handle that is given for two streams is one copy. */
static int copy_stream(struct sbk_launch *launch, size_t i,
		       struct sbk_error *err)
{
	const HANDLE *streams = launch->wish->streams;
	size_t j;

	for (j = 0; j < i; j++)
		if (streams[j] == streams[i] && launch->given[j] != NULL) {
			launch->given[i] = launch->given[j];
			return 0;
		}
	return sbk_win32_inheritable(streams[i], &launch->given[i], err);
}

static int make_streams(struct sbk_launch *launch, struct sbk_error *err)
{
	const HANDLE *streams = launch->wish->streams;
	int rc = 0;
	size_t i;

	if (launch->wish->terminal != 0)
		rc = make_console(launch, err);
	for (i = 0; rc == 0 && i < 3; i++)
		if ((launch->wish->terminal & 1u << i) == 0 &&
		    streams[i] != NULL && streams[i] != INVALID_HANDLE_VALUE)
			rc = copy_stream(launch, i, err);
	return rc;
}

static void close_streams(struct sbk_launch *launch)
{
	size_t i, j;

	for (i = 0; i < 3; i++) {
		for (j = i + 1; j < 3; j++)
			if (launch->given[j] == launch->given[i])
				launch->given[j] = NULL;
		sbk_win32_close(&launch->given[i]);
	}
}

/* "C:\Windows", wherever it is on this machine. */
static int find_system(struct sbk_buf *out, struct sbk_error *err)
{
	struct sbk_buf wide = SBK_BUF_INIT;
	int rc = sbk_win32_known_folder(&FOLDERID_Windows, &wide, err);

	if (rc == 0) {
		sbk_narrow_add(out, (const WCHAR *)(const void *)wide.data,
			       wide.size / sizeof(WCHAR));
		rc = sbk_buf_failed(out, err);
	}
	sbk_buf_release(&wide);
	return rc;
}

static int write_texts(struct sbk_launch *launch, struct sbk_error *err)
{
	const struct sbk_launch_wish *wish = launch->wish;
	struct sbk_environment_wish environment = {
		.variables = wish->environment,
		.temporary = wish->temporary,
		.advise_offline = wish->advise_offline};
	struct sbk_buf line = SBK_BUF_INIT, root = SBK_BUF_INIT;
	int rc = sbk_command_line(wish->argv, &line, err);

	if (rc == 0 &&
	    (sbk_wide_of(&launch->line, sbk_buf_text(&line)) == NULL ||
	     sbk_wide_path(&launch->program, wish->program) == NULL ||
	     sbk_wide_path(&launch->directory, wish->directory) == NULL))
		rc = sbk_error_set(err, SBK_E_INVAL,
				   "'%.200s' or '%.200s' is not UTF-8",
				   wish->program, wish->directory);
	if (rc == 0)
		rc = find_system(&root, err);
	environment.system_root = sbk_buf_text(&root);
	if (rc == 0)
		rc = sbk_environment_block(&environment, &launch->environment,
					   err);
	sbk_buf_release(&line);
	sbk_buf_release(&root);
	return rc;
}

/*
 * Whoever started us may have put us into a job: a terminal, a service, the
 * secondary logon. Ours is then nested in it, and "Nested Jobs" says that a job
 * with limits of its windows is not. Without them the run can reach the
 * clipboard and the atoms of the window station.
 */
static int start_nested(struct sbk_launch *launch,
			const struct sbk_win32_start *start,
			PROCESS_INFORMATION *out, struct sbk_error *err)
{
	static const char missing[] =
		"we are in a job ourselves, so the run's has no limits of its "
		"windows (clipboard, atoms)";
	int rc;

	if (!launch->wish->best_effort)
		return sbk_error_set(err, SBK_E_UNSUPPORTED,
				     "%s: start it from a program that is in "
				     "none, or with --best-effort",
				     missing);
	rc = sbk_win32_drop_ui_limits(launch->job, err);
	if (rc == 0)
		rc = sbk_win32_start(start, out, err);
	if (rc == 0)
		(void)snprintf(launch->limits_missing,
			       sizeof(launch->limits_missing), "%s", missing);
	return rc;
}

static int start_in_job(struct sbk_launch *launch,
			const struct sbk_win32_start *start,
			PROCESS_INFORMATION *out, struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	bool nested = false;
	int rc = sbk_win32_start(start, out, &why);

	if (rc == 0)
		return 0;
	/* Which code it is that says so no page tells. */
	if (sbk_win32_in_job(sbk_win32->program->GetCurrentProcess(), NULL,
			     &nested, NULL) == 0 &&
	    nested && !launch->wish->own_station &&
	    (why.os_code == ERROR_ACCESS_DENIED ||
	     why.os_code == ERROR_NOT_SUPPORTED ||
	     why.os_code == ERROR_INVALID_PARAMETER))
		return start_nested(launch, start, out, err);
	if (err != NULL)
		*err = why;
	return rc;
}

static int make_process(struct sbk_launch *launch, struct sbk_error *err)
{
	PROCESS_INFORMATION made;
	struct sbk_win32_start start = {
		.token = launch->token,
		.desktop = sbk_wide_text(&launch->desktop_name),
		.descriptor = &launch->plan.guard,
		.job = launch->job,
		.console = launch->console};
	int rc;

	if (!sbk_command_is_program(launch->wish->program))
		return sbk_error_set(err, SBK_E_INVAL,
				     "'%.300s' is no program (.exe or .com); "
				     "start the one that reads it, as "
				     "'cmd /c'",
				     launch->wish->program);
	rc = write_texts(launch, err);
	if (rc < 0)
		return rc;
	start.program = sbk_wide_text(&launch->program);
	start.line = sbk_wide_text(&launch->line);
	start.directory = sbk_wide_text(&launch->directory);
	start.environment = launch->environment.data;
	memcpy(start.streams, launch->given, sizeof(start.streams));
	rc = start_in_job(launch, &start, &made, err);
	if (rc < 0)
		return rc;
	launch->process = made.hProcess;
	launch->thread = made.hThread;
	launch->process_id = made.dwProcessId;
	/* The child has its own; ours would keep a pipe open. */
	close_streams(launch);
	return 0;
}

static int check_job(struct sbk_launch *launch, struct sbk_error *err)
{
	bool inside = false;
	int rc = sbk_win32_in_job(launch->process, launch->job, &inside, err);

	if (rc == 0 && !inside)
		rc = sbk_error_set(err, SBK_E_UNSUPPORTED,
				   "the system made the process outside its "
				   "job; it was ended");
	return rc;
}

/*
 * The process may have a copy of the token, whose list the system made by
 * somebody's default. One that another run could open with TOKEN_DUPLICATE
 * would lend it this run's SIDs.
 */
static int check_token(struct sbk_launch *launch, struct sbk_error *err)
{
	HANDLE token = NULL;
	int rc = sbk_win32_open_token(launch->process,
				      TOKEN_QUERY | READ_CONTROL | WRITE_DAC,
				      &token, err);

	if (rc == 0)
		rc = sbk_own_list_set(token, &launch->plan.token_guard,
				      "the command's token", err);
	if (rc == 0)
		rc = sbk_own_list_set(launch->process, &launch->plan.guard,
				      "the command's process", err);
	if (rc == 0)
		rc = sbk_own_list_set(launch->thread, &launch->plan.guard,
				      "the command's thread", err);
	if (rc == 0)
		rc = sbk_win32_token_look(token, &launch->seen, err);
	sbk_win32_close(&token);
	if (rc < 0 || launch->wish->test_any_token)
		return rc;
	return sbk_token_check(&launch->plan, &launch->seen, err);
}

static const struct {
	const char *name;
	int (*make)(struct sbk_launch *launch, struct sbk_error *err);
} steps[] = {
	{"token", make_token},
	{"job", make_job},
	{"desktop", make_desktop},
	{"streams", make_streams},
	{SBK_LAUNCH_PROCESS, make_process},
	{"job's members", check_job},
	{"token's look", check_token},
};

int sbk_launch_build(const struct sbk_launch_wish *wish, struct sbk_launch *out,
		     struct sbk_error *err)
{
	struct sbk_launch launch = SBK_LAUNCH_INIT;
	struct sbk_error why = SBK_ERROR_INIT, left = SBK_ERROR_INIT;
	int rc = 0;
	size_t i;

	launch.wish = wish;
	for (i = 0; rc == 0 && i < sizeof(steps) / sizeof(steps[0]); i++)
		rc = steps[i].make(&launch, &why);
	if (rc == 0) {
		*out = launch;
		return 0;
	}
	rc = why.code;
	out->failed = steps[i - 1].name;
	if (sbk_launch_release(&launch, &left) < 0)
		return sbk_error_set(err, SBK_E_INCOMPLETE,
				     "step '%s' of the run: %.200s; and what "
				     "was begun is not ended: %.200s",
				     steps[i - 1].name, why.message,
				     left.message);
	(void)sbk_error_set(err, rc, "step '%s' of the run: %s",
			    steps[i - 1].name, why.message);
	if (err != NULL)
		err->os_code = why.os_code;
	return rc;
}

const struct sbk_sid *sbk_launch_run_sid(const struct sbk_launch *launch)
{
	const struct sbk_token_plan *plan = &launch->plan;
	size_t i = 0;

	while (!sbk_synthetic_is_run(&plan->restricting[i]))
		i++;
	return &plan->restricting[i];
}

int sbk_launch_begin(struct sbk_launch *launch, struct sbk_error *err)
{
	int rc;

	launch->begun = sbk_win32->process->GetTickCount64();
	rc = sbk_win32_resume(launch->thread, err);
	/* What the page of ResumeThread says of a thread that has ended is
	 * nothing: it was stopped before it began. */
	if (rc < 0 && sbk_win32_wait(launch->process, 0, NULL) == 1)
		rc = 0;
	sbk_win32_close(&launch->thread);
	return rc;
}

/* No page says that these two may meet, and a closed console's handle is memory
 * that was freed. */
void sbk_launch_resize(struct sbk_launch *launch, COORD size)
{
	AcquireSRWLockExclusive(&launch->console_lock);
	/* A size that is not taken stays the old one: no harm. */
	if (launch->console != NULL)
		(void)sbk_win32->process->ResizePseudoConsole(launch->console,
							      size);
	ReleaseSRWLockExclusive(&launch->console_lock);
}

/*
 * Closing waits for its output to be read: so it is not done under the lock.
 *
 * Before Windows 11 24H2 it also waits for the answer to where the cursor is,
 * and goes on waiting where its input has ended (microsoft/terminal issues 1810
 * and 11213). A terminal that is gone, or was never there, gives none, so that
 * one is given here. To one that had its answer, it is a key that nobody reads:
 * the command has ended.
 */
void sbk_launch_close_console(struct sbk_launch *launch)
{
	static const char answer[] = "\x1b[1;1R";
	HPCON console;

	AcquireSRWLockExclusive(&launch->console_lock);
	console = launch->console;
	launch->console = NULL;
	ReleaseSRWLockExclusive(&launch->console_lock);
	if (console != NULL)
		(void)sbk_win32_write(launch->answer, answer,
				      sizeof(answer) - 1, NULL);
	sbk_win32_close_console(&console);
}

int sbk_launch_release(struct sbk_launch *launch, struct sbk_error *err)
{
	struct sbk_error lost = SBK_ERROR_INIT;
	int rc = 0;

	if (launch->process != NULL)
		rc = sbk_win32_end_process(launch->process, SBK_LAUNCH_ENDED,
					   &lost);
	/* Closing the last handle of the job ends what is in it. */
	if (launch->job != NULL &&
	    sbk_win32_empty_job(launch->job, SBK_LAUNCH_ENDED,
				rc == 0 ? &lost : NULL) < 0 &&
	    rc == 0)
		rc = lost.code;
	close_streams(launch);
	sbk_win32_close(&launch->terminal_in);
	/* Before the console: it waits for what it wrote to be read. */
	sbk_win32_close(&launch->terminal_out);
	sbk_launch_close_console(launch);
	sbk_win32_close(&launch->answer);
	sbk_win32_close(&launch->thread);
	sbk_win32_close(&launch->process);
	sbk_win32_close(&launch->job);
	sbk_win32_close(&launch->token);
	sbk_win32_close_desktop(&launch->desktop);
	sbk_token_plan_release(&launch->plan);
	sbk_buf_release(&launch->desktop_name);
	sbk_buf_release(&launch->line);
	sbk_buf_release(&launch->program);
	sbk_buf_release(&launch->directory);
	sbk_buf_release(&launch->environment);
	return rc < 0 ? sbk_error_set(err, rc, "%s", lost.message) : 0;
}
