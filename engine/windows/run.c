/*
 * A run without an account: the user's own token, write-restricted (WINDOWS.md
 * part 6). Owns the order from a resolved scope to the steps of launch.c, and
 * what is put around the command: its program, its temporary directory, its
 * PATH. Refuses what this mode cannot keep (run_rules.c), and to run anything
 * for a user who keeps the password of an account.
 */
#include "engine/run.h"

#include <stdio.h>
#include <string.h>

#include "engine/os.h"
#include "engine/path.h"
#include "engine/places.h"
#include "engine/policy_model.h"
#include "engine/windows/folders.h"
#include "engine/windows/launch.h"
#include "engine/windows/program_search.h"
#include "engine/windows/run_rules.h"
#include "engine/windows/run_sids.h"
#include "engine/windows/secret.h"
#include "engine/windows/temporary.h"
#include "engine/windows/win32.h"

#include "engine/banned.h"

/* Where programs stand that refuse in place of ssh and its like. */
#define REFUSING "refuse"
#define NOT_FOUND 127
#define NO_SUCH_FILE 2 /* ENOENT */

struct run {
	const struct sbk_scope *scope;
	const struct sbk_run_options *options;
	const struct sbk_run_hooks *hooks;
	char *const *argv;
	struct sbk_arena arena;
	struct sbk_carriers carriers;
	struct sbk_temporary temporary;
	struct sbk_buf program;
	const char **environment;
	struct sbk_run_sids roots;
	struct sbk_launch_wish wish;
	struct sbk_launch launch;
};

int sbk_carriers_probe(const struct sbk_run_options *options,
		       enum sbk_network network, struct sbk_carriers *out,
		       struct sbk_error *err)
{
	(void)options;
	(void)err;
	*out = (struct sbk_carriers){.account = 0};
	sbk_run_rules_carriers(network, out);
	return 0;
}

/* Nothing of a run can be made before its roots are known. */
struct sbk_run_start *sbk_run_begin(const struct sbk_run_options *options,
				    char *const *argv)
{
	(void)options;
	(void)argv;
	return NULL;
}

void sbk_run_abandon(struct sbk_run_start *start)
{
	(void)start;
}

bool sbk_run_name_exists(const char *path)
{
	struct sbk_file file;

	return sbk_os_look(path, &file, NULL) == 0;
}

/* --- the environment ------------------------------------------------------ */

/* The directory of refusing programs beside ours, as PATH has it; NULL where
 * there is none. */
static int find_refusing(struct run *run, const char **out,
			 struct sbk_error *err)
{
	char program[SBK_PATH_MAX], real[SBK_PATH_MAX];
	struct sbk_file file;
	const char *path;
	int rc = sbk_os_program(program, err);

	*out = NULL;
	if (rc < 0)
		return rc;
	*strrchr(program, '/') = '\0';
	path = sbk_path_join(&run->arena, program, REFUSING);
	if (path == NULL)
		return sbk_error_no_memory(err);
	if (sbk_os_resolve(path, real, &file, NULL) == 0 &&
	    file.type == SBK_FILE_DIRECTORY)
		*out = path;
	return 0;
}

/* PATH with that directory first. */
static int advise(struct run *run, struct sbk_error *err)
{
	const char *const *from = (const char *const *)run->scope->environment;
	const char *refusing;
	size_t i;
	int rc = find_refusing(run, &refusing, err);

	if (rc < 0 || refusing == NULL)
		return rc;
	for (i = 0; run->environment[i] != NULL; i++)
		if (strncmp(run->environment[i], "PATH=", 5) == 0)
			run->environment[i] = sbk_arena_printf(
				&run->arena, "PATH=%s;%s", refusing,
				sbk_environment_get(from, "PATH"));
	for (i = 0; from[i] != NULL; i++)
		if (run->environment[i] == NULL)
			return sbk_error_no_memory(err);
	return 0;
}

static int make_environment(struct run *run, struct sbk_error *err)
{
	char **from = run->scope->environment;
	size_t count = 0, i;

	while (from[count] != NULL)
		count++;
	run->environment = sbk_arena_alloc(
		&run->arena, (count + 1) * sizeof(*run->environment));
	if (run->environment == NULL)
		return sbk_error_no_memory(err);
	for (i = 0; i <= count; i++)
		run->environment[i] = from[i];
	run->wish.environment = run->environment;
	run->wish.advise_offline = run->scope->network != SBK_NETWORK_ON;
	return run->wish.advise_offline ? advise(run, err) : 0;
}

/* --- the program ---------------------------------------------------------- */

static bool is_file(void *arg, const char *path)
{
	char real[SBK_PATH_MAX];
	struct sbk_file file;

	(void)arg;
	return sbk_os_resolve(path, real, &file, NULL) == 0 &&
	       file.type == SBK_FILE_REGULAR;
}

static int find_program(struct run *run, struct sbk_error *err)
{
	char system[SBK_PATH_MAX];
	const struct sbk_program_search search = {
		.path = sbk_environment_get(run->environment, "PATH"),
		.system = system,
		.directory = run->scope->directory,
		.is_file = is_file};
	int rc = sbk_folder_path("System", system, sizeof(system), err);

	if (rc == 0)
		rc = sbk_program_find(&search, run->argv[0], &run->program,
				      err);
	run->wish.program = sbk_buf_text(&run->program);
	return rc;
}

/* --- building ------------------------------------------------------------- */

static int prepare(struct run *run, struct sbk_error *err)
{
	const struct sbk_scope *scope = run->scope;
	const struct sbk_win32_program *calls = sbk_win32->program;
	struct sbk_launch_wish *wish = &run->wish;
	int rc = sbk_temporary_name(&run->temporary, err);

	if (rc == 0)
		rc = sbk_run_sids_collect(scope, &run->roots, err);
	if (rc < 0)
		return rc;
	wish->roots = run->roots.items;
	wish->root_count = run->roots.count;
	wish->argv = (const char *const *)run->argv;
	wish->directory = scope->directory;
	wish->temporary = run->temporary.path;
	wish->timeout_s = scope->timeout_s;
	wish->limits = (struct sbk_job_limits){.memory_mib = scope->memory_mib,
					       .processes = scope->processes};
	wish->best_effort = scope->best_effort;
	wish->test_any_token = run->options->test_any_token;
	wish->streams[0] = calls->GetStdHandle(STD_INPUT_HANDLE);
	wish->streams[1] = calls->GetStdHandle(STD_OUTPUT_HANDLE);
	wish->streams[2] = calls->GetStdHandle(STD_ERROR_HANDLE);
	run->carriers.temporary = run->temporary.path;
	return 0;
}

/* What was seen of the token says whether writes are carried. */
static int judge(struct run *run, struct sbk_error *err)
{
	struct sbk_carriers *carriers = &run->carriers;
	struct sbk_error why = SBK_ERROR_INIT;

	(void)snprintf(carriers->limits_missing,
		       sizeof(carriers->limits_missing), "%s",
		       run->launch.limits_missing);
	if (sbk_token_check(&run->launch.plan, &run->launch.seen, &why) == 0)
		return 0;
	carriers->names[SBK_GUARANTEE_WRITES][0] = '\0';
	(void)snprintf(carriers->missing[SBK_GUARANTEE_WRITES],
		       sizeof(carriers->missing[0]), "by --test-any-token: %s",
		       why.message);
	return sbk_run_rules_check(run->scope, carriers, err);
}

static int carry_out(struct run *run, struct sbk_run_end *end,
		     struct sbk_error *err)
{
	int rc = judge(run, err);

	if (rc == 0)
		rc = run->hooks->ready(run->hooks->arg, &run->carriers,
				       (int)run->launch.process_id, err);
	if (rc == 0)
		rc = sbk_temporary_make(&run->temporary,
					sbk_launch_run_sid(&run->launch), err);
	if (rc == 0)
		rc = sbk_launch_begin(&run->launch, err);
	return rc < 0 ? rc : sbk_launch_wait(&run->launch, end, err);
}

/* Ends what is alive and takes the temporary files away. What fails here is
 * reported where nothing failed before it. */
static int clean_up(struct run *run, int rc, struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	int ended = sbk_launch_release(&run->launch, &why);

	if (ended == 0)
		ended = sbk_temporary_remove(&run->temporary, &why);
	if (rc == 0 && ended < 0)
		return sbk_error_set(err, SBK_E_INCOMPLETE, "%s", why.message);
	return rc;
}

/* Its session is recorded like any other, and nothing was started. */
static int not_there(struct run *run, struct sbk_run_end *end,
		     struct sbk_error *err)
{
	run->carriers.temporary = NULL;
	*end = (struct sbk_run_end){.exit_code = NOT_FOUND,
				    .exec_errno = NO_SUCH_FILE};
	sbk_error_clear(err);
	return run->hooks->ready(run->hooks->arg, &run->carriers, 0, err);
}

/* --- whom it would betray ------------------------------------------------- */

#define READABLE                                                           \
	"is kept for this user, and a command under the user's own token " \
	"could read it: nothing was started; an administrator takes the "  \
	"account back ('sandbook setup --remove-user'), then 'sandbook "   \
	"undo' of 'setup: passwords' removes it"

static int refuse_kept(void *arg, const char *account, struct sbk_error *err)
{
	(void)arg;
	return sbk_error_set(err, SBK_E_UNSUPPORTED,
			     "the password of the account '%s' " READABLE,
			     account);
}

/*
 * Whoever has the user's token, however restricted, reads the user's secrets
 * and asks DPAPI (WINDOWS.md part 6, "Credentials"). Where it cannot be asked
 * whether there are any, there may be one.
 */
static int refuse_secrets(struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	struct sbk_store *store = NULL;
	size_t count;
	int rc = sbk_secret_store(SBK_STORE_READ, &store, &why);

	/* No directory, no secret. */
	if (rc == SBK_E_NOTFOUND)
		return 0;
	if (rc == 0)
		rc = sbk_secret_list(store, refuse_kept, NULL, &count, &why);
	sbk_store_close(store);
	if (rc == SBK_E_UNSUPPORTED)
		return sbk_error_set(err, rc, "%s", why.message);
	if (rc < 0)
		return sbk_error_set(err, SBK_E_UNSUPPORTED,
				     "whether a command under the user's own "
				     "token could read an account's password "
				     "cannot be told, so none is started: %s",
				     why.message);
	return 0;
}

static int run_all(struct run *run, struct sbk_run_end *end,
		   struct sbk_error *err)
{
	size_t removed, left;
	int rc = refuse_secrets(err);

	if (rc == 0)
		rc = sbk_run_rules_check(run->scope, &run->carriers, err);
	if (rc < 0)
		return rc;
	sbk_temporary_sweep(&removed, &left);
	rc = make_environment(run, err);
	if (rc < 0)
		return rc;
	rc = find_program(run, err);
	if (rc == SBK_E_NOTFOUND)
		return not_there(run, end, err);
	if (rc == 0)
		rc = prepare(run, err);
	if (rc == 0)
		rc = sbk_launch_build(&run->wish, &run->launch, err);
	return rc < 0 ? rc : clean_up(run, carry_out(run, end, err), err);
}

int sbk_run_launch(const struct sbk_scope *scope,
		   const struct sbk_run_options *options, char *const *argv,
		   const struct sbk_run_hooks *hooks, struct sbk_run_end *end,
		   struct sbk_error *err)
{
	struct run run = {.scope = scope,
			  .options = options,
			  .hooks = hooks,
			  .argv = argv,
			  .arena = SBK_ARENA_INIT,
			  .temporary = SBK_TEMPORARY_INIT,
			  .program = SBK_BUF_INIT,
			  .launch = SBK_LAUNCH_INIT};
	int rc =
		sbk_carriers_probe(options, scope->network, &run.carriers, err);

	if (rc == 0)
		rc = run_all(&run, end, err);
	sbk_buf_release(&run.program);
	sbk_arena_release(&run.arena);
	return rc;
}

/* --- status lines --------------------------------------------------------- */

static HANDLE handle_of(uint64_t number)
{
	return (HANDLE)(uintptr_t)number;
}

int sbk_run_status_check(uint64_t fd, struct sbk_error *err)
{
	static const DWORD streams[] = {STD_INPUT_HANDLE, STD_OUTPUT_HANDLE,
					STD_ERROR_HANDLE};
	const struct sbk_win32_program *calls = sbk_win32->program;
	size_t i;

	for (i = 0; i < 3; i++)
		if (calls->GetStdHandle(streams[i]) == handle_of(fd))
			return sbk_error_set(err, SBK_E_INVAL,
					     "--status-fd %llu is one of the "
					     "command's own streams",
					     (unsigned long long)fd);
	if (fd > UINT32_MAX ||
	    calls->GetFileType(handle_of(fd)) == FILE_TYPE_UNKNOWN)
		return sbk_error_set(err, SBK_E_INVAL,
				     "--status-fd takes the number of a handle "
				     "that this program inherited, of a file "
				     "or pipe, and %llu is none",
				     (unsigned long long)fd);
	return 0;
}

int sbk_run_status_write(uint64_t fd, const char *text, size_t size,
			 struct sbk_error *err)
{
	return sbk_win32_write(handle_of(fd), text, size, err);
}
