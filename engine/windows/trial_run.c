/* See the header. Owns that a sender that hangs is ended. */
#include "engine/windows/trial_run.h"

#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "engine/os.h"
#include "engine/windows/synthetic.h"

#include "engine/banned.h"

int sbk_runner_path(char out[SBK_PATH_MAX], struct sbk_error *err)
{
	char program[SBK_PATH_MAX];
	char *slash;
	int rc = sbk_os_executable(program, sizeof(program), err);

	if (rc < 0)
		return rc;
	slash = strrchr(program, '/');
	if (slash == NULL ||
	    (size_t)(slash - program) + sizeof("/" SBK_RUNNER_NAME) >
		    SBK_PATH_MAX)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "the path of this program is too long, or "
				     "none: '%.200s'",
				     program);
	*slash = '\0';
	(void)snprintf(out, SBK_PATH_MAX, "%s/" SBK_RUNNER_NAME, program);
	return 0;
}

int sbk_trial_run_in(void *arg, const char *const words[SBK_TRIAL_WORDS],
		     uint32_t *exit_code, struct sbk_error *err)
{
	static const char *const none[] = {NULL};
	uint8_t random[SBK_SYNTHETIC_ID_BYTES];
	struct sbk_runner *runner = arg;
	const char *const program = sbk_runner_program(runner);
	const char *const argv[] = {"sandbook-runner", SBK_TRIAL_WORD, words[0],
				    words[1], NULL};
	char directory[SBK_PATH_MAX];
	struct sbk_sid run;
	/* Limits of memory and windows say nothing of the network. What a
	 * filter blocks fails at once: one that takes longer is no trial. */
	const struct sbk_launch_wish wish = {
		.program = program,
		.argv = argv,
		.directory = directory,
		.environment = none,
		.run = &run,
		.timeout_s = sbk_runner_patience_s(runner),
		.best_effort = true};
	struct sbk_run_end end;
	char *slash;
	int rc;

	randombytes_buf(random, sizeof(random));
	run = sbk_synthetic_make_run(random);
	(void)snprintf(directory, sizeof(directory), "%s", program);
	slash = strrchr(directory, '/');
	slash[slash == strchr(directory, '/')] = '\0';
	rc = sbk_runner_run(runner, &wish, &end, err);
	if (rc == 0)
		*exit_code = (uint32_t)end.exit_code;
	return rc;
}

int sbk_trial_run_as(void *arg, const char *const words[SBK_TRIAL_WORDS],
		     uint32_t *exit_code, struct sbk_error *err)
{
	static const struct sbk_front_wait in_silence = {.tell = NULL};
	const struct sbk_trial_logon *logon = arg;
	struct sbk_runner *runner = NULL;
	struct sbk_error left = SBK_ERROR_INIT, open = SBK_ERROR_INIT;
	int rc = sbk_runner_log_on(logon->front, &in_silence, &logon->wish,
				   &runner, &open, err);

	if (rc == 0 && open.code < 0)
		rc = sbk_error_set(err, open.code,
				   "the sender could reach this user's "
				   "clipboard and windows: %.400s",
				   open.message);
	if (rc == 0)
		rc = sbk_trial_run_in(runner, words, exit_code, err);
	if (sbk_runner_release(runner, &left) < 0 && rc == 0)
		rc = sbk_error_set(err, left.code, "%s", left.message);
	return rc;
}
