/*
 * The n-th call fails, for every n of a command: an allocation of ours, of
 * SQLite's or of jansson's; opening, reading, writing, syncing, naming a file
 * of the journal, with an error or half done; once, or from then on. The
 * command fails with a message, or does without; nothing is left that a process
 * without faults cannot settle: the invariants of tests/README.md.
 *
 * A command that says that it went well has done what it says; one that fails
 * for a fault that was over at once has undone what it did, or says that the
 * next start will.
 *
 * Everyday three n of each command and fault, spread over all (sanitized: one);
 * SBK_CAMPAIGN=1 takes every n, and of SQLite's allocations every 37th.
 */
#include "tests/journal/life.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "journal/signing.h"
#include "journal/summary.h"
#include "tests/support/disk.h"
#include "tests/support/fault.h"

#include "engine/banned.h"

/* Of each command and fault. */
#define EVERYDAY (SBK_TEST_SHARE > 1 ? 1 : 3)
#define SQLITE_STEP 37 /* it allocates some thousand times a command */

/* --- allocations -------------------------------------------------------- */

enum memory { MEMORY_NONE, MEMORY_OURS, MEMORY_SQLITE, MEMORY_JANSSON };

static struct {
	enum memory whose;
	unsigned long at, counted;
	bool stay;
} memory;

static bool allocation_fails(enum memory whose)
{
	if (memory.whose != whose)
		return false;
	memory.counted++;
	return memory.at > 0 && (memory.counted == memory.at ||
				 (memory.stay && memory.counted > memory.at));
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

void *__wrap_malloc(size_t size)
{
	return allocation_fails(MEMORY_OURS) ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return allocation_fails(MEMORY_OURS) ? NULL
					     : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return allocation_fails(MEMORY_OURS) ? NULL : __real_realloc(old, size);
}

static void *json_malloc(size_t size)
{
	return allocation_fails(MEMORY_JANSSON) ? NULL : __real_malloc(size);
}

static sqlite3_mem_methods sqlite_memory;

static void *sqlite_malloc(int size)
{
	return allocation_fails(MEMORY_SQLITE) ? NULL
					       : sqlite_memory.xMalloc(size);
}

static void *sqlite_realloc(void *old, int size)
{
	return allocation_fails(MEMORY_SQLITE)
		       ? NULL
		       : sqlite_memory.xRealloc(old, size);
}

static int take_over_allocations(void)
{
	sqlite3_mem_methods ours;

	json_set_alloc_funcs(json_malloc, free);
	if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &sqlite_memory) !=
	    SQLITE_OK)
		return -1;
	ours = sqlite_memory;
	ours.xMalloc = sqlite_malloc;
	ours.xRealloc = sqlite_realloc;
	return sqlite3_config(SQLITE_CONFIG_MALLOC, &ours) == SQLITE_OK ? 0
									: -1;
}

/* --- the clock ---------------------------------------------------------- */

static int64_t clock_step; /* seconds that each look at it takes off */

int __real_clock_gettime(clockid_t clock, struct timespec *out);
int __wrap_clock_gettime(clockid_t clock, struct timespec *out);

int __wrap_clock_gettime(clockid_t clock, struct timespec *out)
{
	static int64_t taken;
	int rc = __real_clock_gettime(clock, out);

	if (rc == 0 && clock == CLOCK_REALTIME) {
		taken += clock_step;
		out->tv_sec -= taken;
	}
	return rc;
}

/* --- faults ------------------------------------------------------------- */

struct fault {
	const char *name;
	enum memory memory;
	unsigned int calls;
	int error;
	bool stay;
};

static const struct fault faults[] = {
	{"no memory", MEMORY_OURS, 0, 0, false},
	{"no memory any more", MEMORY_OURS, 0, 0, true},
	{"no memory for SQLite", MEMORY_SQLITE, 0, 0, false},
	{"no memory any more for SQLite", MEMORY_SQLITE, 0, 0, true},
	{"no memory for jansson", MEMORY_JANSSON, 0, 0, false},
	{"no memory any more for jansson", MEMORY_JANSSON, 0, 0, true},
	{"EIO, opening", MEMORY_NONE, DISK_OPEN, EIO, false},
	{"EACCES, opening", MEMORY_NONE, DISK_OPEN | DISK_NAME, EACCES, true},
	{"EMFILE, opening", MEMORY_NONE, DISK_OPEN | DISK_NAME, EMFILE, false},
	{"EIO, reading", MEMORY_NONE, DISK_READ, EIO, false},
	{"EIO, reading any more", MEMORY_NONE, DISK_READ, EIO, true},
	{"half, reading", MEMORY_NONE, DISK_READ, 0, false},
	{"EIO, writing", MEMORY_NONE, DISK_WRITE, EIO, false},
	{"EIO, writing any more", MEMORY_NONE,
	 DISK_WRITE | DISK_SYNC | DISK_NAME, EIO, true},
	{"half, writing", MEMORY_NONE, DISK_WRITE, 0, false},
	{"half, writing any more", MEMORY_NONE, DISK_WRITE, 0, true},
	{"ENOSPC, writing", MEMORY_NONE, DISK_WRITE | DISK_NAME, ENOSPC, false},
	{"ENOSPC, writing any more", MEMORY_NONE, DISK_WRITE | DISK_NAME,
	 ENOSPC, true},
	{"EDQUOT, writing", MEMORY_NONE, DISK_WRITE | DISK_NAME, EDQUOT, false},
	{"EDQUOT, writing any more", MEMORY_NONE, DISK_WRITE | DISK_NAME,
	 EDQUOT, true},
	{"EROFS, writing any more", MEMORY_NONE,
	 DISK_WRITE | DISK_NAME | DISK_SYNC, EROFS, true},
	{"EIO, syncing", MEMORY_NONE, DISK_SYNC, EIO, false},
	{"EIO, naming", MEMORY_NONE, DISK_NAME, EIO, false},
};

/* --- one trial ---------------------------------------------------------- */

enum { WENT_WELL, FAILED, INCOMPLETE, SAID_NOTHING };

struct trial {
	const struct fault *fault;
	life_fn *command;
	enum sbk_book book;
	unsigned long at;
	char root[4096], kept[4096];
	char *world;
};

/* Shared with the children: how far they counted, and what they said. */
static struct told {
	unsigned long counted;
	char message[512];
} * told;

static int run_with_fault(struct fixture *f, void *arg)
{
	const struct trial *trial = arg;
	const struct fault *fault = trial->fault;
	int rc;

	disk_plan = (struct disk_plan){
		.root = trial->root,
		.kept = trial->kept,
		.fail_at = trial->at,
		.calls = fault->calls,
		.error = fault->error,
		.stay = fault->stay,
	};
	sbk_error_clear(&f->err);
	memory.counted = 0;
	memory.at = trial->at;
	memory.stay = fault->stay;
	memory.whose = fault->memory;
	rc = trial->command(f, &f->backend);
	memory.whose = MEMORY_NONE;
	told->counted = fault->calls != 0 ? disk_plan.counted : memory.counted;
	disk_plan.root = NULL;
	(void)snprintf(told->message, sizeof(told->message), "%s",
		       f->err.message);
	if (rc == 0)
		return WENT_WELL;
	if (rc == SBK_E_INCOMPLETE)
		return INCOMPLETE;
	return f->err.message[0] != '\0' ? FAILED : SAID_NOTHING;
}

static int run_plain(struct fixture *f, void *arg)
{
	life_fn *const *command = arg;
	int rc = (*command)(f, &f->backend);

	if (rc < 0)
		print_error("without a fault: %s\n", f->err.message);
	return rc < 0 ? FAILED : WENT_WELL;
}

static void run_well(struct fixture *f, life_fn *command)
{
	life_fn *arg = command;

	assert_int_equal(fixture_child(run_plain, f, &arg), WENT_WELL);
}

static int run_stopped(struct fixture *f, void *arg)
{
	struct sbk_backend backend = fault_backend(&f->backend);

	(void)arg;
	fault_plan = (struct fault_plan){.mode = FAULT_STOP, .at = 4};
	return life_grant(f, &backend);
}

static int check_intended(struct fixture *f, void *arg)
{
	return life_is_intended(f, ((struct trial *)arg)->world) ? 0 : 1;
}

static int check_known(struct fixture *f, void *arg)
{
	return life_is_known(f, ((struct trial *)arg)->world) ? 0 : 1;
}

/* --- what must hold ----------------------------------------------------- */

/*
 * The flush of a transaction's end failed, as all did from then on: the end may
 * be in the log all the same, which nobody could look up, and which was said.
 * Then all of it stands: check_known found the journal to agree.
 */
static bool may_stand(const struct trial *trial,
		      const struct fake_object *granted)
{
	return trial->fault->stay && (trial->fault->calls & DISK_SYNC) != 0 &&
	       strstr(granted->state, "u:990") != NULL &&
	       strstr(told->message, "or finds it recorded as done") != NULL;
}

static void assert_told(struct fixture *f, const struct trial *trial, int code)
{
	const struct fake_object *granted =
		fake_find(f->world, SBK_KIND_ACCESS, "/w/f0");

	if (code == WENT_WELL && trial->command == life_grant)
		assert_non_null(strstr(granted->state, "u:990"));
	if (code == WENT_WELL && trial->command == life_undo)
		life_assert_world(f, trial->world, "undone, at", trial->at);
	/* By itself, or by the recovery just now. */
	if (code == FAILED && trial->command == life_grant &&
	    !may_stand(trial, granted))
		life_assert_world(f, trial->world, "failed, at", trial->at);
}

static void assert_mended(struct fixture *f, struct trial *trial, int code)
{
	assert_int_equal(fixture_child(check_intended, f, trial), 0);
	run_well(f, life_recover);
	assert_int_equal(fixture_child(check_known, f, trial), 0);
	assert_told(f, trial, code);
	run_well(f, life_undo);
	life_assert_world(f, trial->world, "after a fault at", trial->at);
	fixture_assert_sound(f);
	if (f->place.book == SBK_BOOK_MACHINE)
		life_assert_published(f);
	run_well(f, life_remove);
	assert_int_equal(rmdir(trial->root), 0);
	assert_int_equal(mkdir(trial->root, 0700), 0);
}

/* --- the sweep ---------------------------------------------------------- */

/* For after a failed assertion, when the stack is gone. */
static struct {
	const struct fault *fault; /* NULL: none is under way */
	unsigned long at;
} current;

/* How to come back to one that failed. */
static int say(void **state)
{
	(void)state;
	if (current.fault != NULL)
		print_error("it was SBK_FAULT='%lu %s' (said: %s)\n",
			    current.at, current.fault->name, told->message);
	current.fault = NULL;
	return 0;
}

static int one_fault(struct trial *trial)
{
	struct fixture *f;
	void *state = NULL;
	int code;

	current.fault = trial->fault;
	current.at = trial->at;
	assert_int_equal(fixture_setup(&state), 0);
	f = state;
	f->place.book = trial->book;
	life_build(f);
	trial->world = fixture_world(f);
	(void)snprintf(trial->root, sizeof(trial->root), "%s/home",
		       f->directory);
	(void)snprintf(trial->kept, sizeof(trial->kept), "%s/kept",
		       f->directory);
	assert_int_equal(mkdir(trial->kept, 0700), 0);
	if (trial->command == life_recover)
		assert_int_equal(fixture_child(run_stopped, f, NULL),
				 FAULT_EXIT);
	else if (trial->command != life_grant && trial->command != life_run)
		run_well(f, life_grant);
	code = fixture_child(run_with_fault, f, trial);
	assert_in_range(code, WENT_WELL, INCOMPLETE);
	assert_mended(f, trial, code);
	free(trial->world);
	assert_int_equal(fixture_teardown(&state), 0);
	current.fault = NULL;
	return code;
}

static bool campaign(void)
{
	const char *set = getenv("SBK_CAMPAIGN");

	return set != NULL && strcmp(set, "1") == 0;
}

/* Which n are taken. A journal's beginning is short, and each sync counts. */
static unsigned long step_of(const struct trial *trial, unsigned long count)
{
	const bool beginning =
		trial->command == life_run && trial->fault->calls == DISK_SYNC;

	if (campaign() && trial->fault->memory == MEMORY_SQLITE)
		return SQLITE_STEP;
	return campaign() || beginning ? 1 : count / EVERYDAY + 1;
}

/* One that failed, again: "SBK_FAULT=71 no memory for jansson". */
static bool repeat(life_fn *command, enum sbk_book book)
{
	const char *wanted = getenv("SBK_FAULT");
	struct trial trial = {.command = command, .book = book};
	char *name = NULL;
	size_t i;

	if (wanted == NULL)
		return false;
	trial.at = strtoul(wanted, &name, 10);
	for (i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		if (name[0] == ' ' && strcmp(faults[i].name, name + 1) == 0)
			trial.fault = &faults[i];
	assert_non_null(trial.fault);
	(void)one_fault(&trial);
	return true;
}

static void sweep(life_fn *command, enum sbk_book book)
{
	unsigned long trials = 0, failed = 0, calls = 0;
	size_t i;

	if (repeat(command, book))
		return;
	for (i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		struct trial trial = {
			.fault = &faults[i],
			.command = command,
			.book = book,
		};
		unsigned long count, step;

		assert_int_equal(one_fault(&trial), WENT_WELL);
		count = told->counted;
		calls += count;
		step = step_of(&trial, count);
		for (trial.at = 1 + i % step; trial.at <= count;
		     trial.at += step) {
			if (one_fault(&trial) != WENT_WELL)
				failed++;
			trials++;
		}
	}
	print_message("%lu calls, %lu of them failed, and so did %lu "
		      "commands\n",
		      calls, trials, failed);
	assert_true(failed > 0 && failed <= trials);
}

static void test_faults__grant(void **state)
{
	(void)state;
	sweep(life_grant, SBK_BOOK_USER);
}

static void test_faults__grant_of_the_machine(void **state)
{
	(void)state;
	sweep(life_grant, SBK_BOOK_MACHINE);
}

static void test_faults__undo(void **state)
{
	(void)state;
	sweep(life_undo, SBK_BOOK_USER);
}

static void test_faults__undo_of_the_machine(void **state)
{
	(void)state;
	sweep(life_undo, SBK_BOOK_MACHINE);
}

static void test_faults__recovery(void **state)
{
	(void)state;
	sweep(life_recover, SBK_BOOK_USER);
}

static void test_faults__key_handed_over(void **state)
{
	(void)state;
	sweep(life_rotate, SBK_BOOK_USER);
}

/* No statement can be had: there is none to be reset. */
static void test_faults__no_statement(void **state)
{
	struct trial trial = {.fault = &faults[3], .command = life_rotate};

	(void)state;
	assert_int_equal(faults[3].memory, MEMORY_SQLITE);
	/* Around where the key is looked for. */
	for (trial.at = 695; trial.at < 725; trial.at++)
		(void)one_fault(&trial);
}

static void test_faults__run(void **state)
{
	(void)state;
	sweep(life_run, SBK_BOOK_USER);
}

static void test_faults__removal(void **state)
{
	(void)state;
	sweep(life_remove, SBK_BOOK_USER);
}

/* Finds what is in effect; without memory for jansson's n-th allocation. */
static int find_summary(struct fixture *f, unsigned long at)
{
	struct sbk_journal *journal = fixture_open(f, SBK_JOURNAL_READ);
	struct sbk_summary summary = {.known = false};
	struct sbk_log_reader reader;
	uint64_t end;
	int rc;

	assert_ok(sbk_log_snapshot(journal, &f->err), &f->err);
	sbk_log_reader_init(&reader, journal);
	memory.counted = 0;
	memory.at = at;
	memory.stay = false;
	memory.whose = MEMORY_JANSSON;
	rc = sbk_summary_find(journal, &reader, &summary, &end, &f->err);
	memory.whose = MEMORY_NONE;
	sbk_log_reader_release(&reader);
	sbk_summary_release(&summary);
	sbk_journal_close(journal);
	return rc;
}

/* So many that a run's entry is the last that was signed: it says where the
 * end of the last transaction is. */
static void make_sessions(struct fixture *f)
{
	struct sbk_journal *journal = fixture_open(f, SBK_JOURNAL_WRITE);
	uint64_t session;
	size_t i;

	for (i = 0; i < SBK_CHECKPOINT_EVERY / 2 + 2; i++) {
		assert_ok(sbk_session_begin(journal, "", &session, &f->err),
			  &f->err);
		assert_ok(sbk_session_end(journal, session, "", &f->err),
			  &f->err);
	}
	sbk_journal_close(journal);
}

/* In a child: what jansson had of a text is lost with a jump (json_load.h). */
static int find_without_memory(struct fixture *f, void *arg)
{
	const unsigned long *at = arg;

	return find_summary(f, *at) == SBK_E_NOMEM ? FAILED : WENT_WELL;
}

/* It is never said that there is none for want of memory. */
static void test_faults__no_memory_for_what_is_in_effect(void **state)
{
	unsigned long at, all;
	struct fixture *f;

	assert_int_equal(fixture_setup(state), 0);
	f = *state;
	life_build(f);
	assert_int_equal(life_grant(f, &f->backend), 0);
	make_sessions(f);
	assert_int_equal(find_summary(f, 0), 1);
	all = memory.counted;
	assert_true(all > 0);
	for (at = 1; at <= all; at++)
		assert_int_equal(fixture_child(find_without_memory, f, &at),
				 FAILED);
	assert_int_equal(fixture_teardown(state), 0);
}

/* Each look at the clock is an hour before the last one. */
static int run_backwards(struct fixture *f, void *arg)
{
	(void)arg;
	clock_step = 3600;
	if (life_grant(f, &f->backend) < 0 || life_run(f, &f->backend) < 0 ||
	    life_rotate(f, &f->backend) < 0)
		print_error("%s\n", f->err.message);
	else
		return WENT_WELL;
	return FAILED;
}

static void test_faults__clock_goes_backwards(void **state)
{
	struct fixture *f;
	char *world;

	assert_int_equal(fixture_setup(state), 0);
	f = *state;
	life_build(f);
	world = fixture_world(f);
	assert_int_equal(fixture_child(run_backwards, f, NULL), WENT_WELL);
	fixture_assert_sound(f);
	clock_step = 3600;
	assert_int_equal(life_undo(f, &f->backend), 0);
	clock_step = 0;
	life_assert_world(f, world, "with the clock going backwards", 0);
	fixture_assert_sound(f);
	free(world);
	assert_int_equal(fixture_teardown(state), 0);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_teardown(test_faults__grant, say),
	cmocka_unit_test_teardown(test_faults__grant_of_the_machine, say),
	cmocka_unit_test_teardown(test_faults__undo, say),
	cmocka_unit_test_teardown(test_faults__undo_of_the_machine, say),
	cmocka_unit_test_teardown(test_faults__recovery, say),
	cmocka_unit_test_teardown(test_faults__key_handed_over, say),
	cmocka_unit_test_teardown(test_faults__no_statement, say),
	cmocka_unit_test_teardown(test_faults__run, say),
	cmocka_unit_test_teardown(test_faults__removal, say),
	cmocka_unit_test(test_faults__no_memory_for_what_is_in_effect),
	cmocka_unit_test(test_faults__clock_goes_backwards),
};

int main(int argc, char **argv)
{
	/* The faults are played: a real disk would only be slow. */
	if (getenv("TMPDIR") == NULL && access("/dev/shm", W_OK) == 0)
		(void)setenv("TMPDIR", "/dev/shm", 1);
	told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (told == MAP_FAILED || take_over_allocations() < 0)
		return 1;
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
