/* See the header. */
#include "tests/windows/setup_world.h"

#include <direct.h>
#include <process.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "engine/os.h"
#include "engine/plan_setup.h"
#include "journal/journal.h"
#include "tests/support/fault.h"
#include "tests/support/test.h"
#include "tests/windows/commands.h"

#include "engine/banned.h"

#define OUTPUT_MAX 65536
#define WORLD "world" /* a file: what a stopped process left in memory */
#define STOP "stopped"
#define ENDED 3 /* exit code of one that came to its end */

static char output[OUTPUT_MAX]; /* of the last call */
static char directory[512];
static char *made; /* the same, to be removed */

static void print_host(struct sim *sim, struct sbk_buf *out)
{
	sbk_buf_clear(out);
	sim_print_accounts(sim, out);
	sim_print_filters(sim, out);
	sim_print_registry(sim, out);
	sim_print_rules(sim, out);
	sbk_buf_printf(out, "%zu rights\n", sim_rights_held(sim));
	sim_print(sim, out);
}

const char *setup_world_program = SBK_SETUP_PROGRAM;

void setup_world_mark(struct setup_world *w)
{
	print_host(w->sim, &w->start);
}

void setup_world_use(const char *path)
{
	(void)snprintf(directory, sizeof(directory), "%s", path);
	assert_int_equal(_chdir(directory), 0);
}

const char *setup_world_path(void)
{
	return directory;
}

void setup_world_begin(struct setup_world *w)
{
	memset(w, 0, sizeof(*w));
	w->sim = hybrid_begin(directory);
	(void)sim_make_account(w->sim, L"ann", false);
	(void)sim_make_account(w->sim, L"bob", false);
	print_host(w->sim, &w->start);
}

void setup_world_assert_start(struct setup_world *w, unsigned long n)
{
	struct sbk_buf now = SBK_BUF_INIT;

	print_host(w->sim, &now);
	if (strcmp(sbk_buf_text(&now), sbk_buf_text(&w->start)) != 0)
		fail_msg("at %lu:\n%s\ninstead of\n%s\n%s", n,
			 sbk_buf_text(&now), sbk_buf_text(&w->start), output);
	sbk_buf_release(&now);
}

void setup_world_end(struct setup_world *w)
{
	hybrid_take_back();
	setup_world_assert_start(w, 0);
	hybrid_forget_machine();
	assert_int_equal(w->sim->policies, 0);
	assert_int_equal(w->sim->accounts.buffers, 0);
	assert_int_equal(w->sim->filters.buffers, 0);
	assert_int_equal(w->sim->filters.engines, 0);
	assert_int_equal(w->sim->registry.open, 0);
	assert_int_equal(w->sim->firewall.objects, 0);
	assert_int_equal(w->sim->firewall.threads, 0);
	sbk_buf_release(&w->start);
	hybrid_finish(w->sim);
}

int setup_world_run(const struct sbk_command *const *tables, const char *first,
		    ...)
{
	va_list words;
	int code;

	va_start(words, first);
	code = commands_call(setup_world_program, tables, output,
			     sizeof(output), first, words);
	va_end(words);
	return code;
}

void setup_world_assert_printed(const char *part)
{
	if (strstr(output, part) == NULL)
		fail_msg("without '%s': %s", part, output);
}

void setup_world_assert_host(struct setup_world *w, const char *part,
			     bool is_there)
{
	struct sbk_buf now = SBK_BUF_INIT;

	print_host(w->sim, &now);
	if ((strstr(sbk_buf_text(&now), part) != NULL) != is_there)
		fail_msg("'%s' is %s: %s", part,
			 is_there ? "not there" : "there", sbk_buf_text(&now));
	sbk_buf_release(&now);
}

int setup_world_directory(void **state)
{
	struct sbk_error err = SBK_ERROR_INIT;
	char *real = NULL;

	(void)state;
	made = sbk_test_directory("setup");
	assert_ok(sbk_os_real_path(made, &real, &err), &err);
	setup_world_use(real);
	assert_int_equal(_mkdir("local"), 0);
	free(real);
	return 0;
}

int setup_world_remove(void **state)
{
	(void)state;
	assert_int_equal(_chdir("\\"), 0);
	sbk_test_remove(made);
	return 0;
}

const char *setup_world_output(void)
{
	return output;
}

void setup_world_be_stopped(int argc, char **argv,
			    void (*work)(struct setup_world *w))
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct setup_world w;
	char *here = NULL;

	if (argc != 3 || strcmp(argv[1], STOP) != 0)
		return;
	assert_ok(sbk_os_real_path(".", &here, &err), &err);
	setup_world_use(here);
	free(here);
	setup_world_begin(&w);
	if (setjmp(w.sim->end) == 0) {
		fault_plan = (struct fault_plan){
			.mode = FAULT_STOP, .at = strtoul(argv[2], NULL, 10)};
		work(&w);
		fault_plan = (struct fault_plan){.mode = FAULT_NONE};
		setup_world_end(&w); /* the files are the test's */
		(void)TerminateProcess(GetCurrentProcess(), ENDED);
	}
	hybrid_save(w.sim, WORLD);
	(void)TerminateProcess(GetCurrentProcess(), FAULT_EXIT);
}

bool setup_world_stop(struct setup_world *w, unsigned long n)
{
	char number[24], program[MAX_PATH];
	int code;

	assert_true(GetModuleFileNameA(NULL, program, sizeof(program)) > 0);
	(void)snprintf(number, sizeof(number), "%lu", n);
	(void)fflush(NULL);
	code = (int)_spawnl(_P_WAIT, program, "test", STOP, number, NULL);
	if (code == ENDED)
		return false;
	assert_int_equal(code, FAULT_EXIT);
	setup_world_begin(w);
	hybrid_load(w->sim, WORLD);
	(void)remove(WORLD);
	return true;
}
