/* See the header. Owns that what was started is in the job before its first
 * instruction, and ended with it. */
#include "engine/windows/child.h"

#include <string.h>

#include "engine/limits.h"
#include "engine/path_form.h"
#include "engine/windows/command_line.h"
#include "engine/windows/environment.h"
#include "engine/windows/folders.h"
#include "engine/windows/wide.h"
#include "engine/windows/win32.h"
#include "engine/windows/win32_process.h"

#include "engine/banned.h"

#define ENDED 137

/* What the call is given. */
struct texts {
	struct sbk_buf program, line, directory, environment;
	HANDLE given[3]; /* inheritable copies */
};

static void texts_release(struct texts *texts)
{
	size_t i;

	for (i = 0; i < 3; i++)
		sbk_win32_close(&texts->given[i]);
	sbk_buf_release(&texts->program);
	sbk_buf_release(&texts->line);
	sbk_buf_release(&texts->directory);
	sbk_buf_release(&texts->environment);
}

static int write_environment(const char *const *variables, struct texts *out,
			     struct sbk_error *err)
{
	char root[SBK_PATH_MAX];
	const struct sbk_environment_wish wish = {.variables = variables,
						  .system_root = root};
	int rc = sbk_folder_path("Windows", root, sizeof(root), err);

	if (rc < 0)
		return rc;
	sbk_path_give(root);
	return sbk_environment_block(&wish, &out->environment, err);
}

static int write_texts(const struct sbk_child_wish *wish, struct texts *out,
		       struct sbk_error *err)
{
	struct sbk_buf line = SBK_BUF_INIT;
	size_t i;
	int rc = sbk_command_line(wish->argv, &line, err);

	if (rc == 0 &&
	    (sbk_wide_of(&out->line, sbk_buf_text(&line)) == NULL ||
	     sbk_wide_path(&out->program, wish->program) == NULL ||
	     (wish->directory != NULL &&
	      sbk_wide_path(&out->directory, wish->directory) == NULL)))
		rc = sbk_error_set(err, SBK_E_INVAL, "'%.300s' is not UTF-8",
				   wish->program);
	if (rc == 0 && wish->environment != NULL)
		rc = write_environment(wish->environment, out, err);
	for (i = 0; rc == 0 && i < 3; i++)
		if (wish->streams[i] != NULL &&
		    wish->streams[i] != INVALID_HANDLE_VALUE)
			rc = sbk_win32_inheritable(wish->streams[i],
						   &out->given[i], err);
	sbk_buf_release(&line);
	return rc;
}

static int start(struct texts *texts, struct sbk_child *child,
		 struct sbk_error *err)
{
	PROCESS_INFORMATION made;
	struct sbk_win32_start wanted = {
		.program = sbk_wide_text(&texts->program),
		.line = sbk_wide_text(&texts->line),
		.environment = texts->environment.size > 0
				       ? texts->environment.data
				       : NULL,
		.directory = texts->directory.size > 0
				     ? sbk_wide_text(&texts->directory)
				     : NULL,
		.job = child->job,
	};
	bool inside = false;
	int rc;

	memcpy(wanted.streams, texts->given, sizeof(wanted.streams));
	rc = sbk_win32_start(&wanted, &made, err);
	if (rc < 0)
		return rc;
	child->process = made.hProcess;
	rc = sbk_win32_in_job(child->process, child->job, &inside, err);
	if (rc == 0 && !inside)
		rc = sbk_error_set(err, SBK_E_UNSUPPORTED,
				   "the system made the process outside its "
				   "job; it was ended");
	if (rc == 0)
		rc = sbk_win32_resume(made.hThread, err);
	sbk_win32_close(&made.hThread);
	return rc;
}

int sbk_child_start(const struct sbk_child_wish *wish, struct sbk_child *out,
		    struct sbk_error *err)
{
	const struct sbk_job_limits none = {.memory_mib = 0};
	struct sbk_child child = SBK_CHILD_INIT;
	struct texts texts = {.line = SBK_BUF_INIT};
	int rc;

	if (!sbk_command_is_program(wish->program))
		return sbk_error_set(err, SBK_E_INVAL,
				     "'%.300s' is no program (.exe or .com); "
				     "name the one that reads it",
				     wish->program);
	rc = sbk_win32_make_job(&none, &child.job, err);
	/* Whoever started us may have put us into one ("Nested Jobs"). */
	if (rc == 0)
		rc = sbk_win32_drop_ui_limits(child.job, err);
	if (rc == 0)
		rc = write_texts(wish, &texts, err);
	if (rc == 0)
		rc = start(&texts, &child, err);
	texts_release(&texts);
	if (rc < 0)
		sbk_child_release(&child);
	else
		*out = child;
	return rc;
}

int sbk_child_wait(struct sbk_child *child, DWORD milliseconds, DWORD *code,
		   struct sbk_error *err)
{
	int rc = sbk_win32_wait(child->process, milliseconds, err);

	if (rc == 0)
		rc = sbk_error_set(err, SBK_E_BUSY,
				   "it had not ended in %lu ms, and was ended",
				   milliseconds);
	else if (rc > 0)
		rc = sbk_win32_exit_code(child->process, code, err);
	sbk_child_release(child);
	return rc;
}

void sbk_child_release(struct sbk_child *child)
{
	/* What cannot be ended by the calls goes with the job's last handle. */
	if (child->job != NULL)
		(void)sbk_win32_end_job(child->job, ENDED, NULL);
	if (child->process != NULL)
		(void)sbk_win32_end_process(child->process, ENDED, NULL);
	sbk_win32_close(&child->process);
	sbk_win32_close(&child->job);
	*child = (struct sbk_child)SBK_CHILD_INIT;
}
