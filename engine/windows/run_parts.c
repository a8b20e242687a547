/*
 * See the header. The program is looked for by us, with the user's own rights,
 * along the PATH of the run.
 */
#include "engine/windows/run_parts.h"

#include "engine/os.h"
#include "engine/policy_model.h"
#include "engine/windows/folders.h"
#include "engine/windows/program_search.h"
#include "engine/windows/secret.h"
#include "engine/windows/win32.h"

#include "engine/banned.h"

#define NOT_FOUND 127
#define NO_SUCH_FILE 2 /* ENOENT */

static bool is_file(void *arg, const char *path)
{
	char real[SBK_PATH_MAX];
	struct sbk_file file;

	(void)arg;
	return sbk_os_resolve(path, real, &file, NULL) == 0 &&
	       file.type == SBK_FILE_REGULAR;
}

int sbk_run_parts_program(const struct sbk_run_wish *wish,
			  struct sbk_run_parts *parts, struct sbk_error *err)
{
	char system[SBK_PATH_MAX];
	const struct sbk_program_search search = {
		.path = sbk_environment_get(parts->environment, "PATH"),
		.system = system,
		.directory = wish->scope->directory,
		.is_file = is_file};
	int rc = sbk_folder_path("System", system, sizeof(system), err);

	return rc < 0 ? rc
		      : sbk_program_find(&search, wish->argv[0],
					 &parts->program, err);
}

/* Its session is recorded like any other, and nothing was started. */
int sbk_run_parts_none(const struct sbk_run_wish *wish,
		       struct sbk_carriers *carriers, struct sbk_run_end *end,
		       struct sbk_error *err)
{
	carriers->temporary = NULL;
	*end = (struct sbk_run_end){.exit_code = NOT_FOUND,
				    .exec_errno = NO_SUCH_FILE};
	sbk_error_clear(err);
	return wish->hooks->ready(wish->hooks->arg, carriers, 0, err);
}

void sbk_run_parts_fill(const struct sbk_run_wish *wish,
			const struct sbk_run_parts *parts,
			struct sbk_launch_wish *out)
{
	const struct sbk_win32_program *calls = sbk_win32->program;
	const struct sbk_scope *scope = wish->scope;

	out->argv = (const char *const *)wish->argv;
	out->program = sbk_buf_text(&parts->program);
	out->environment = parts->environment;
	out->directory = scope->directory;
	out->roots = parts->roots.items;
	out->root_count = parts->roots.count;
	out->timeout_s = scope->timeout_s;
	out->limits = (struct sbk_job_limits){.memory_mib = scope->memory_mib,
					      .processes = scope->processes};
	out->best_effort = scope->best_effort;
	out->test_any_token = wish->options->test_any_token;
	out->streams[0] = calls->GetStdHandle(STD_INPUT_HANDLE);
	out->streams[1] = calls->GetStdHandle(STD_OUTPUT_HANDLE);
	out->streams[2] = calls->GetStdHandle(STD_ERROR_HANDLE);
}

#define READABLE                                                           \
	"is kept for this user, and a command under the user's own token " \
	"could read it: nothing was started; 'sandbook setup "             \
	"--remove-user' with this user's name takes account and password " \
	"back, and --withhold-passwords makes it worthless for this run"

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
int sbk_run_parts_secrets(struct sbk_error *err)
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

int sbk_run_parts_ended(int rc, const struct sbk_error *why, int ended,
			const struct sbk_error *left, struct sbk_error *err)
{
	if (ended < 0 && rc < 0)
		return sbk_error_set(err, SBK_E_INCOMPLETE,
				     "%.250s; and its cleaning up failed: "
				     "%.200s",
				     why->message, left->message);
	if (ended < 0)
		return sbk_error_set(err, SBK_E_INCOMPLETE, "%s",
				     left->message);
	if (rc < 0) {
		(void)sbk_error_set(err, rc, "%s", why->message);
		if (err != NULL)
			err->os_code = why->os_code;
	}
	return rc;
}

void sbk_run_parts_release(struct sbk_run_parts *parts)
{
	sbk_buf_release(&parts->program);
	sbk_arena_release(&parts->arena);
}
