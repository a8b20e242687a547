/*
 * The crash sweep (DESIGN part 11), on the real journal and a world in memory.
 *
 * Method: one command (grant, undo, or recovery after one) runs in a child
 * process that is stopped before its n-th operation, for n = 1, 2, 3, until it
 * completes. Operations are the backend's calls and every write, truncation
 * and sync of SQLite's (support/crash_vfs.h). Then, without faults: recover,
 * undo everything, and the world must be as it was at the start; the journal
 * must verify. Variants:
 *
 *	stop       the process ends before operation n
 *	stop-after it ends right after operation n of the host
 *	power cut  as stop, and all that was not flushed is lost, in both
 *	deny       operation n of the host fails
 *	no memory  allocation n fails (malloc, calloc, realloc of our code)
 *	nested     recovery is stopped, too, at its operation m
 *	in twos    as the others, for the tree alone, in batches of two, which
 *	           a backend with helpers makes while the next is prepared
 *
 * After each stop, before recovery, promise 1 is checked: an object that is
 * not as it was at the start has an intent in the journal.
 *
 * The nested sweep takes every 7th n and 5th m, and those over a drop of the
 * oldest entries every third or seventh n; sanitized, a quarter of all of them.
 * SBK_CAMPAIGN=1 takes all.
 */
#include "tests/journal/life.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "journal/segment.h"
#include "tests/support/crash_vfs.h"
#include "tests/support/fault.h"
#include "tests/support/trace.h"

#include "engine/banned.h"

#define OPERATIONS_MAX 5000

/* Done: the fault was never met. Survived: it was, and did no harm. */
enum { CHILD_DONE = 0, CHILD_FAILED = 1, CHILD_SURVIVED = 2 };

/* --- allocations that fail, by the linker's --wrap ---------------------- */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

static unsigned long allocations, failing_allocation;

static bool allocation_fails(void)
{
	return ++allocations == failing_allocation;
}

void *__wrap_malloc(size_t size)
{
	return allocation_fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return allocation_fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return allocation_fails() ? NULL : __real_realloc(old, size);
}

struct trial {
	life_fn *command;
	struct fault_plan faults;
	unsigned long failing_allocation;
};

static bool fault_was_met(const struct trial *trial)
{
	if (trial->failing_allocation > 0)
		return allocations >= trial->failing_allocation;
	return trial->faults.mode != FAULT_NONE &&
	       fault_plan.counted >= trial->faults.at;
}

static int run_trial(struct fixture *f, void *arg)
{
	const struct trial *trial = arg;
	struct sbk_backend backend = fault_backend(&f->backend);
	struct trace helpers = {.inner = backend};
	int rc;

	if (life_batch_changes > 0)
		backend = trace_helping_backend(&helpers);
	fault_plan = trial->faults;
	allocations = 0;
	failing_allocation = trial->failing_allocation;
	rc = trial->command(f, &backend);
	failing_allocation = 0;
	if (rc < 0 && trial->faults.mode == FAULT_NONE &&
	    trial->failing_allocation == 0)
		print_error("without a fault: %s\n", f->err.message);
	if (rc < 0)
		return CHILD_FAILED;
	return fault_was_met(trial) ? CHILD_SURVIVED : CHILD_DONE;
}

/* --- what must hold afterwards ------------------------------------------ */

struct start {
	char *world;
};

/* Whose journal the sweep is about; of the machine's there is a copy, too. */
static enum sbk_book book = SBK_BOOK_USER;

static int check_intents(struct fixture *f, void *arg)
{
	const struct start *start = arg;

	return life_is_intended(f, start->world) ? CHILD_DONE : CHILD_FAILED;
}

static int settle_all(struct fixture *f, void *arg)
{
	struct trial trial = {.command = life_undo};

	(void)arg;
	return run_trial(f, &trial);
}

/* --- the sweep ---------------------------------------------------------- */

enum variant { STOP, STOP_AFTER, POWER_CUT, DENY, NO_MEMORY };

static const enum fault_mode mode_of[] = {
	[STOP] = FAULT_STOP,	  [STOP_AFTER] = FAULT_STOP_AFTER,
	[POWER_CUT] = FAULT_STOP, [DENY] = FAULT_DENY,
	[NO_MEMORY] = FAULT_NONE,
};

static struct trial trial_of(life_fn *command, enum variant variant,
			     unsigned long n)
{
	struct trial trial = {.command = command,
			      .faults = {.mode = mode_of[variant], .at = n}};

	if (variant == NO_MEMORY)
		trial.failing_allocation = n;
	return trial;
}

static void cut_power(struct fixture *f)
{
	fake_power_cut(f->world);
	crash_vfs_power_cut(f->place.directory);
}

/* A fresh world and journal, granted first where the command undoes. */
static struct fixture *begin(life_fn *command, struct start *start)
{
	struct trial grant = {.command = life_grant};
	struct fixture *f;
	void *state = NULL;

	assert_int_equal(fixture_setup(&state), 0);
	f = state;
	f->place.book = book;
	life_build(f);
	start->world = fixture_world(f);
	if (command != life_grant)
		assert_int_equal(fixture_child(run_trial, f, &grant),
				 CHILD_DONE);
	/* What is in effect cannot be dropped. */
	if (command == life_drop)
		assert_int_equal(fixture_child(settle_all, f, NULL),
				 CHILD_DONE);
	return f;
}

static void end(struct fixture *f, struct start *start)
{
	void *state = f;

	free(start->world);
	assert_int_equal(fixture_teardown(&state), 0);
}

/* The log has all of its entries, or says which it lacks; and what was not
 * dropped can be now. */
static void assert_whole_or_dropped(struct fixture *f)
{
	struct sbk_journal *journal = fixture_open(f, SBK_JOURNAL_READ);
	struct sbk_journal_verdict verdict;
	uint64_t cut = 0;

	assert_ok(sbk_segment_cut(&journal->db, &cut, &f->err), &f->err);
	assert_ok(sbk_journal_verify(journal, &verdict, &f->err), &f->err);
	assert_int_equal(verdict.dropped, cut);
	assert_int_equal(verdict.verdict, SBK_LOG_INTACT);
	sbk_journal_verdict_release(&verdict);
	sbk_journal_close(journal);
	assert_ok(life_drop(f, &f->backend), &f->err);
	fixture_assert_sound(f);
}

/* Whether the command completed without meeting its fault. */
static bool one_stop(life_fn *command, enum variant variant, unsigned long n)
{
	struct trial trial = trial_of(command, variant, n);
	struct start start;
	struct fixture *f = begin(command, &start);
	int code = fixture_child(run_trial, f, &trial);

	if (code > CHILD_SURVIVED && code != FAULT_EXIT) {
		print_error("at %lu: exit code %d\n", n, code);
		fail();
	}
	if (variant == POWER_CUT && code == FAULT_EXIT)
		cut_power(f);
	if (variant != POWER_CUT)
		assert_int_equal(fixture_child(check_intents, f, &start),
				 CHILD_DONE);
	assert_int_equal(fixture_child(settle_all, f, NULL), CHILD_DONE);
	life_assert_world(f, start.world, "after operation", n);
	fixture_assert_sound(f);
	if (command == life_drop)
		assert_whole_or_dropped(f);
	if (book == SBK_BOOK_MACHINE)
		life_assert_published(f);
	end(f, &start);
	return code == CHILD_DONE;
}

static void sweep_by(life_fn *command, enum variant variant, unsigned long step)
{
	unsigned long n = 1;

	while (n < OPERATIONS_MAX && !one_stop(command, variant, n))
		n += step;
	assert_in_range(n, 5, OPERATIONS_MAX - 1);
	print_message("%lu operations\n", n - 1);
}

static bool campaign(void)
{
	const char *set = getenv("SBK_CAMPAIGN");

	return set != NULL && strcmp(set, "1") == 0;
}

/* One in `often`; SBK_CAMPAIGN=1 takes all. */
static void sweep_some(life_fn *command, enum variant variant,
		       unsigned long often)
{
	sweep_by(command, variant, campaign() ? 1 : often * SBK_TEST_SHARE);
}

static void sweep(life_fn *command, enum variant variant)
{
	sweep_some(command, variant, 1);
}

static void test_sweep__drop_stopped(void **state)
{
	(void)state;
	sweep_some(life_drop, STOP, 7);
}

static void test_sweep__drop_power_cut(void **state)
{
	(void)state;
	sweep_some(life_drop, POWER_CUT, 3);
}

static void test_sweep__drop_without_memory(void **state)
{
	(void)state;
	sweep_some(life_drop, NO_MEMORY, 3);
}

static void test_sweep__grant_stopped(void **state)
{
	(void)state;
	sweep(life_grant, STOP);
}

static void test_sweep__grant_stopped_after(void **state)
{
	(void)state;
	sweep(life_grant, STOP_AFTER);
}

static void test_sweep__grant_power_cut(void **state)
{
	(void)state;
	sweep(life_grant, POWER_CUT);
}

static void test_sweep__undo_stopped(void **state)
{
	(void)state;
	sweep(life_undo, STOP);
}

static void test_sweep__undo_power_cut(void **state)
{
	(void)state;
	sweep(life_undo, POWER_CUT);
}

static void test_sweep__grant_denied(void **state)
{
	(void)state;
	sweep(life_grant, DENY);
}

static void test_sweep__undo_denied(void **state)
{
	(void)state;
	sweep(life_undo, DENY);
}

static void test_sweep__grant_without_memory(void **state)
{
	(void)state;
	sweep(life_grant, NO_MEMORY);
}

static void test_sweep__undo_without_memory(void **state)
{
	(void)state;
	sweep(life_undo, NO_MEMORY);
}

static void sweep_machine(life_fn *command, enum variant variant)
{
	book = SBK_BOOK_MACHINE;
	sweep(command, variant);
	book = SBK_BOOK_USER;
}

static void test_sweep__machine_grant_stopped(void **state)
{
	(void)state;
	sweep_machine(life_grant, STOP);
}

static void test_sweep__machine_undo_stopped(void **state)
{
	(void)state;
	sweep_machine(life_undo, STOP);
}

static void sweep_in_twos(life_fn *command, enum variant variant)
{
	life_batch_changes = 2;
	sweep(command, variant);
	life_batch_changes = 0;
}

static void test_sweep__grant_in_twos_stopped(void **state)
{
	(void)state;
	sweep_in_twos(life_grant, STOP);
}

static void test_sweep__grant_in_twos_power_cut(void **state)
{
	(void)state;
	sweep_in_twos(life_grant, POWER_CUT);
}

static void test_sweep__grant_in_twos_denied(void **state)
{
	(void)state;
	sweep_in_twos(life_grant, DENY);
}

static void test_sweep__undo_in_twos_stopped(void **state)
{
	(void)state;
	sweep_in_twos(life_undo, STOP);
}

static void test_sweep__undo_in_twos_power_cut(void **state)
{
	(void)state;
	sweep_in_twos(life_undo, POWER_CUT);
}

static void test_sweep__undo_in_twos_denied(void **state)
{
	(void)state;
	sweep_in_twos(life_undo, DENY);
}

/* Stops a command at n, then recovery at m. Whether recovery completed. */
static bool nested_stop(life_fn *command, unsigned long n, unsigned long m,
			bool *completed)
{
	struct trial outer = trial_of(command, STOP, n);
	struct trial inner = trial_of(life_recover, STOP, m);
	struct start start;
	struct fixture *f = begin(command, &start);
	int code;

	*completed = fixture_child(run_trial, f, &outer) == CHILD_DONE;
	code = fixture_child(run_trial, f, &inner);
	assert_int_equal(fixture_child(settle_all, f, NULL), CHILD_DONE);
	life_assert_world(f, start.world, "after operation", n);
	fixture_assert_sound(f);
	end(f, &start);
	return code != FAULT_EXIT;
}

static void sweep_nested(life_fn *command)
{
	const bool all = campaign();
	bool completed = false;
	unsigned long n, m, stops = 0;

	for (n = 1; !completed; n += all ? 1 : 7 * SBK_TEST_SHARE)
		for (m = 1; !nested_stop(command, n, m, &completed);
		     m += all ? 1 : 5)
			stops++;
	print_message("%lu stops of recovery\n", stops);
}

static void test_sweep__recovery_of_a_grant_stopped(void **state)
{
	(void)state;
	sweep_nested(life_grant);
}

static void test_sweep__recovery_of_an_undo_stopped(void **state)
{
	(void)state;
	sweep_nested(life_undo);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_sweep__drop_stopped),
	cmocka_unit_test(test_sweep__drop_power_cut),
	cmocka_unit_test(test_sweep__drop_without_memory),
	cmocka_unit_test(test_sweep__grant_stopped),
	cmocka_unit_test(test_sweep__grant_stopped_after),
	cmocka_unit_test(test_sweep__grant_power_cut),
	cmocka_unit_test(test_sweep__grant_denied),
	cmocka_unit_test(test_sweep__grant_without_memory),
	cmocka_unit_test(test_sweep__undo_stopped),
	cmocka_unit_test(test_sweep__undo_power_cut),
	cmocka_unit_test(test_sweep__undo_denied),
	cmocka_unit_test(test_sweep__undo_without_memory),
	cmocka_unit_test(test_sweep__machine_grant_stopped),
	cmocka_unit_test(test_sweep__machine_undo_stopped),
	cmocka_unit_test(test_sweep__grant_in_twos_stopped),
	cmocka_unit_test(test_sweep__grant_in_twos_power_cut),
	cmocka_unit_test(test_sweep__grant_in_twos_denied),
	cmocka_unit_test(test_sweep__undo_in_twos_stopped),
	cmocka_unit_test(test_sweep__undo_in_twos_power_cut),
	cmocka_unit_test(test_sweep__undo_in_twos_denied),
	cmocka_unit_test(test_sweep__recovery_of_a_grant_stopped),
	cmocka_unit_test(test_sweep__recovery_of_an_undo_stopped),
};

int main(int argc, char **argv)
{
	/* Journals of this test live in memory: a power cut is played, and
	 * a real disk would only make the sweep slow. */
	if (getenv("TMPDIR") == NULL && access("/dev/shm", W_OK) == 0)
		(void)setenv("TMPDIR", "/dev/shm", 1);
	crash_vfs_register();
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
