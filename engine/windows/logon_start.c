/* See the header. Owns that nothing of the account's stays when a step fails,
 * and that it runs in our job before its first instruction. */
#include "engine/windows/logon_start.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>

#include "engine/limits.h"
#include "engine/windows/command_line.h"
#include "engine/windows/launch.h"
#include "engine/windows/wide.h"
#include "engine/windows/win32.h"
#include "engine/windows/win32_logon.h"

#include "engine/banned.h"

/* The texts that the call is given. */
struct texts {
	struct sbk_buf program, line, directory;
};

static int write_texts(const struct sbk_logon_wish *wish, struct texts *out,
		       struct sbk_error *err)
{
	char directory[SBK_PATH_MAX];
	struct sbk_buf line = SBK_BUF_INIT;
	const WCHAR *wide;
	char *slash;
	int rc = sbk_command_line(wish->argv, &line, err);

	/* Its own directory: the caller's may be closed to the account. */
	(void)snprintf(directory, sizeof(directory), "%s", wish->program);
	slash = strrchr(directory, '/');
	if (rc == 0 &&
	    (slash == NULL || strlen(wish->program) >= sizeof(directory)))
		rc = sbk_error_set(err, SBK_E_INVAL,
				   "'%.200s' is no full path of a program",
				   wish->program);
	if (rc == 0)
		slash[slash == strchr(directory, '/')] = '\0';
	if (rc == 0) {
		wide = sbk_wide_of(&out->line, sbk_buf_text(&line));
		if (wide == NULL ||
		    sbk_wide_path(&out->program, wish->program) == NULL ||
		    sbk_wide_path(&out->directory, directory) == NULL)
			rc = sbk_error_set(err, SBK_E_INVAL,
					   "'%.200s' is not UTF-8",
					   wish->program);
		else if (wcslen(wide) >= SBK_LOGON_LINE_MAX)
			rc = sbk_error_set(
				err, SBK_E_LIMIT,
				"the command line of '%.200s' is too "
				"long for another account",
				wish->program);
	}
	sbk_buf_release(&line);
	return rc;
}

static int start(const struct sbk_logon_wish *wish, struct sbk_logon *out,
		 struct sbk_error *err)
{
	struct texts texts = {.line = SBK_BUF_INIT};
	PROCESS_INFORMATION made;
	int rc = write_texts(wish, &texts, err);

	if (rc == 0) {
		const struct sbk_win32_logon_start wanted = {
			.account = wish->account,
			.password = wish->password,
			.program = sbk_wide_text(&texts.program),
			.line = sbk_wide_text(&texts.line),
			.directory = sbk_wide_text(&texts.directory),
			.profile = wish->profile};

		rc = sbk_win32_start_logon(&wanted, &made, err);
	}
	if (rc == 0) {
		out->process = made.hProcess;
		out->thread = made.hThread;
		out->process_id = made.dwProcessId;
	}
	sbk_buf_release(&texts.program);
	sbk_buf_release(&texts.line);
	sbk_buf_release(&texts.directory);
	return rc;
}

/* What runs as another account is ended with us: the job's handle is ours. */
static int join_job(struct sbk_logon *logon, struct sbk_error *err)
{
	bool inside = false;
	int rc = sbk_win32_put_in_job(logon->job, logon->process, err);

	if (rc == 0)
		rc = sbk_win32_in_job(logon->process, logon->job, &inside, err);
	if (rc == 0 && !inside)
		rc = sbk_error_set(err, SBK_E_UNSUPPORTED,
				   "AssignProcessToJobObject reported success, "
				   "and the process is not in the job");
	return rc;
}

int sbk_logon_start(const struct sbk_logon_wish *wish, struct sbk_logon *out,
		    struct sbk_error *err)
{
	const struct sbk_job_limits none = {.memory_mib = 0};
	struct sbk_logon logon = SBK_LOGON_INIT;
	struct sbk_error left = SBK_ERROR_INIT;
	int rc = sbk_win32_make_job(&none, &logon.job, err);

	/* The service that makes the process puts it into a job of its own, and
	 * a job with limits of its windows is nested in none ("Nested Jobs");
	 * nor could the command's be in this one. */
	if (rc == 0)
		rc = sbk_win32_drop_ui_limits(logon.job, err);
	if (rc == 0)
		rc = start(wish, &logon, err);
	if (rc == 0)
		rc = join_job(&logon, err);
	if (rc == 0)
		*out = logon;
	else if (sbk_logon_release(&logon, &left) < 0)
		rc = sbk_error_set(
			err, SBK_E_INCOMPLETE,
			"'%.200s' was begun and is not ended: %.200s",
			wish->program, left.message);
	return rc;
}

int sbk_logon_release(struct sbk_logon *logon, struct sbk_error *err)
{
	int rc = 0, job = 0;

	/* Closing its last handle ends what is in it, too. */
	if (logon->process != NULL) {
		job = sbk_win32_empty_job(logon->job, SBK_LAUNCH_ENDED, err);
		rc = sbk_win32_end_process(logon->process, SBK_LAUNCH_ENDED,
					   job == 0 ? err : NULL);
	}
	sbk_win32_close(&logon->thread);
	sbk_win32_close(&logon->process);
	sbk_win32_close(&logon->job);
	return rc < 0 ? rc : job;
}
