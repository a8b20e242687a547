/* The one loop that changes the host, on a world in memory. */
#include "tests/support/test.h"

#include <string.h>

#include "engine/apply.h"
#include "tests/support/fake.h"
#include "tests/support/fault.h"
#include "tests/support/recorder.h"
#include "tests/support/trace.h"

#include "engine/banned.h"

/*
 *	/ws
 *	/ws/a
 *	/ws/a/file
 *	/ws/b
 */
static struct fake_world *small_world(void)
{
	struct fake_world *world = fake_world_new();

	fake_add(world, "/ws", true);
	fake_add(world, "/ws/a", true);
	fake_add(world, "/ws/a/file", false);
	fake_add(world, "/ws/b", false);
	return world;
}

static void test_apply__prepares_replaces_flushes_settles(void **state)
{
	struct fake_world *world = small_world();
	struct trace trace = {.inner = fake_backend(world)};
	struct sbk_backend backend = trace_backend(&trace);
	struct recorded recorded = {.count = 0};
	struct sbk_recorder recorder = recorded_recorder(&recorded);
	struct sbk_apply_options options = {.batch_changes = 3};
	struct sbk_apply_result result;
	struct sbk_plan *plan = sbk_plan_new();
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	assert_ok(fake_plan_grant(&backend, "/ws", "u:990", plan, &err), &err);
	sbk_buf_clear(&trace.lines);
	assert_ok(sbk_apply(&backend, &recorder, plan, &options, &result, &err),
		  &err);
	assert_null(recorded.sequence_error);
	assert_int_equal(recorded.prepares, 2);
	assert_int_equal(recorded.settles, 2);
	assert_int_equal(result.confirmed, 4);
	assert_string_equal(sbk_buf_text(&trace.lines),
			    "replace /ws 0\nreplace /ws/a 0\n"
			    "replace /ws/a/file 0\nflush 0\n"
			    "replace /ws/b 0\nflush 0\n");
	assert_non_null(
		strstr(fake_find(world, SBK_KIND_ACCESS, "/ws/b")->state,
		       "allow u:990:rw"));
	sbk_plan_free(plan);
	sbk_backend_close(&backend);
	fake_world_free(world);
}

static bool is_over(void *arg)
{
	size_t *looks = arg;

	return ++*looks == 1;
}

static void tell(void *arg, const char *what, uint64_t done, uint64_t total)
{
	(void)arg;
	(void)what;
	assert_true(done <= total);
}

/* Who has had enough is heard between two batches: what is confirmed by then
 * and what is prepared are for the caller to take back. */
static void test_apply__stops_between_batches(void **state)
{
	struct fake_world *world = small_world();
	struct sbk_backend backend = fake_backend(world);
	struct recorded recorded = {.count = 0};
	struct sbk_recorder recorder = recorded_recorder(&recorded);
	size_t looks = 0;
	const struct sbk_progress progress = {
		.tell = tell, .arg = &looks, .is_over = is_over};
	struct sbk_apply_options options = {.batch_changes = 2,
					    .progress = &progress};
	struct sbk_apply_result result;
	struct sbk_plan *plan = sbk_plan_new();
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	assert_ok(fake_plan_grant(&backend, "/ws", "u:990", plan, &err), &err);
	assert_error(
		sbk_apply(&backend, &recorder, plan, &options, &result, &err),
		SBK_E_INTERRUPTED, &err);
	assert_int_equal(looks, 1);
	assert_int_equal(result.confirmed, 2);
	assert_int_equal(recorded.prepares, 2);
	assert_int_equal(recorded.settles, 1);
	/* An undo goes on. */
	looks = 0;
	options.kind = SBK_TRANSACTION_UNDO;
	sbk_plan_free(plan);
	plan = sbk_plan_new();
	memset(&recorded, 0, sizeof(recorded));
	assert_ok(fake_plan_grant(&backend, "/ws", "u:991", plan, &err), &err);
	assert_ok(sbk_apply(&backend, &recorder, plan, &options, &result, &err),
		  &err);
	assert_int_equal(result.confirmed, 4);
	sbk_plan_free(plan);
	sbk_backend_close(&backend);
	fake_world_free(world);
}

/* A recorder that writes into the trace, around the one in memory. */
struct traced_recorder {
	struct sbk_recorder inner;
	struct trace *trace;
	unsigned refuse_at; /* the prepare that fails; 0: none */
	unsigned prepares;
};

static void trace_names(struct trace *trace, const char *word,
			struct sbk_change *const *changes, size_t count)
{
	size_t i;

	sbk_buf_adds(&trace->lines, word);
	for (i = 0; i < count; i++)
		sbk_buf_printf(&trace->lines, " %s", changes[i]->object.name);
	sbk_buf_addc(&trace->lines, '\n');
}

static int traced_prepare(void *self, struct sbk_change *const *changes,
			  size_t count, struct sbk_error *err)
{
	struct traced_recorder *traced = self;

	if (++traced->prepares == traced->refuse_at) {
		sbk_buf_adds(&traced->trace->lines, "refused\n");
		return sbk_error_set(err, SBK_E_LIMIT, "no room");
	}
	trace_names(traced->trace, "prepare", changes, count);
	return sbk_recorder_prepare(&traced->inner, changes, count, err);
}

static int traced_settle(void *self, struct sbk_change *const *changes,
			 size_t count, struct sbk_error *err)
{
	struct traced_recorder *traced = self;

	trace_names(traced->trace,
		    changes[0]->status == SBK_STATUS_UNDONE ? "never"
							    : "settle",
		    changes, count);
	return sbk_recorder_settle(&traced->inner, changes, count, err);
}

static const struct sbk_recorder_ops traced_ops = {.prepare = traced_prepare,
						   .settle = traced_settle};

/* Grants the small world in batches of one; the trace of it. */
static void apply_in_ones(struct traced_recorder *traced, struct trace *trace,
			  const struct sbk_backend *backend,
			  struct sbk_apply_result *result, int expected)
{
	struct recorded recorded = {.count = 0};
	struct sbk_recorder recorder = {.ops = &traced_ops, .self = traced};
	struct sbk_apply_options options = {.batch_changes = 1};
	struct sbk_plan *plan = sbk_plan_new();
	struct sbk_error err = SBK_ERROR_INIT;

	traced->inner = recorded_recorder(&recorded);
	traced->trace = trace;
	assert_ok(fake_plan_grant(backend, "/ws/a", "u:990", plan, &err), &err);
	sbk_buf_clear(&trace->lines);
	assert_int_equal(
		sbk_apply(backend, &recorder, plan, &options, result, &err),
		expected);
	assert_null(recorded.sequence_error);
	sbk_plan_free(plan);
}

static void test_apply__prepares_one_batch_ahead(void **state)
{
	struct fake_world *world = small_world();
	struct trace trace = {.inner = fake_backend(world)};
	struct sbk_backend backend = trace_helping_backend(&trace);
	struct traced_recorder traced = {.refuse_at = 0};
	struct sbk_apply_result result;

	(void)state;
	apply_in_ones(&traced, &trace, &backend, &result, 0);
	assert_int_equal(result.confirmed, 2);
	/* No object is touched but after its own prepare, none is settled but
	 * after a flush that came after it was made. */
	assert_string_equal(sbk_buf_text(&trace.lines),
			    "prepare /ws/a\n"
			    "begin 1\nprepare /ws/a/file\n"
			    "replace /ws/a 0\nend\n"
			    "flush 0\nbegin 1\nsettle /ws/a\n"
			    "replace /ws/a/file 0\nend\n"
			    "flush 0\nsettle /ws/a/file\n");
	sbk_backend_close(&backend);
	fake_world_free(world);
}

static void test_apply__what_was_prepared_ahead_of_a_failure(void **state)
{
	struct fake_world *world = small_world();
	struct sbk_backend inner = fake_backend(world);
	struct trace trace = {.inner = fault_backend(&inner)};
	struct sbk_backend backend = trace_helping_backend(&trace);
	struct traced_recorder traced = {.refuse_at = 0};
	struct sbk_apply_result result;
	struct sbk_buf before = SBK_BUF_INIT, after = SBK_BUF_INIT;
	struct sbk_buf expected = SBK_BUF_INIT;

	(void)state;
	fake_print(world, &before);
	/* Planning is the first operation, the first replacement the second. */
	fault_plan = (struct fault_plan){.mode = FAULT_DENY, .at = 2};
	apply_in_ones(&traced, &trace, &backend, &result, SBK_E_DENIED);
	fault_plan = (struct fault_plan){.mode = FAULT_NONE};
	sbk_buf_printf(&expected,
		       "prepare /ws/a\nbegin 1\nprepare /ws/a/file\n"
		       "replace /ws/a %d\nend\nnever /ws/a/file\n",
		       SBK_E_DENIED);
	assert_string_equal(sbk_buf_text(&trace.lines),
			    sbk_buf_text(&expected));
	fake_print(world, &after);
	assert_string_equal(sbk_buf_text(&before), sbk_buf_text(&after));
	sbk_buf_release(&before);
	sbk_buf_release(&after);
	sbk_buf_release(&expected);
	sbk_backend_close(&backend);
	fake_world_free(world);
}

static void test_apply__what_is_being_made_when_prepare_is_refused(void **state)
{
	struct fake_world *world = small_world();
	struct trace trace = {.inner = fake_backend(world)};
	struct sbk_backend backend = trace_helping_backend(&trace);
	struct traced_recorder traced = {.refuse_at = 2};
	struct sbk_apply_result result;

	(void)state;
	apply_in_ones(&traced, &trace, &backend, &result, SBK_E_LIMIT);
	assert_int_equal(result.confirmed, 1);
	assert_string_equal(sbk_buf_text(&trace.lines),
			    "prepare /ws/a\n"
			    "begin 1\nrefused\n"
			    "replace /ws/a 0\nend\n"
			    "flush 0\nsettle /ws/a\n");
	sbk_backend_close(&backend);
	fake_world_free(world);
}

static void test_apply__stops_at_the_first_failure(void **state)
{
	struct fake_world *world = small_world();
	struct sbk_backend inner = fake_backend(world);
	struct sbk_backend backend = fault_backend(&inner);
	struct recorded recorded = {.count = 0};
	struct sbk_recorder recorder = recorded_recorder(&recorded);
	struct sbk_apply_options options = {.kind = SBK_TRANSACTION_DO};
	struct sbk_apply_result result;
	struct sbk_plan *plan = sbk_plan_new();
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	assert_ok(fake_plan_grant(&inner, "/ws", "u:990", plan, &err), &err);
	fault_plan = (struct fault_plan){.mode = FAULT_DENY, .at = 3};
	assert_error(
		sbk_apply(&backend, &recorder, plan, &options, &result, &err),
		SBK_E_DENIED, &err);
	fault_plan = (struct fault_plan){.mode = FAULT_NONE};
	assert_int_equal(recorded.prepares, 1);
	assert_int_equal(sbk_plan_at(plan, 1)->status, SBK_STATUS_CONFIRMED);
	/* Denied is no promise that nothing was touched; not reached is. */
	assert_int_equal(sbk_plan_at(plan, 2)->status, SBK_STATUS_PREPARED);
	assert_int_equal(sbk_plan_at(plan, 3)->status, SBK_STATUS_UNDONE);
	assert_non_null(strstr(err.message, "/ws/a/file"));
	sbk_plan_free(plan);
	fake_world_free(world);
}

static void test_apply__undo_goes_on_after_a_failure(void **state)
{
	struct fake_world *world = small_world();
	struct sbk_backend inner = fake_backend(world);
	struct sbk_backend backend = fault_backend(&inner);
	struct recorded recorded = {.count = 0};
	struct sbk_recorder recorder = recorded_recorder(&recorded);
	struct sbk_apply_options options = {.kind = SBK_TRANSACTION_UNDO};
	struct sbk_apply_result result;
	struct sbk_plan *plan = sbk_plan_new();
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	assert_ok(fake_plan_grant(&inner, "/ws", "u:990", plan, &err), &err);
	/* One object is no longer as the plan saw it. */
	fake_find(world, SBK_KIND_ACCESS, "/ws/b")->state[0] = 'M';
	fault_plan = (struct fault_plan){.mode = FAULT_DENY, .at = 2};
	assert_ok(sbk_apply(&backend, &recorder, plan, &options, &result, &err),
		  &err);
	fault_plan = (struct fault_plan){.mode = FAULT_NONE};
	assert_int_equal(result.confirmed, 2);
	assert_int_equal(result.owed, 2);
	assert_int_equal(sbk_plan_at(plan, 1)->status, SBK_STATUS_OWED);
	assert_int_equal(sbk_plan_at(plan, 3)->status, SBK_STATUS_OWED);
	assert_string_equal(sbk_plan_at(plan, 1)->note, "made to fail");
	sbk_plan_free(plan);
	fake_world_free(world);
}

/* Somebody made the same directory between plan and apply: it is his. */
static void test_apply__what_was_refused_untouched_was_never_made(void **state)
{
	struct fake_world *world = fake_world_new();
	struct sbk_backend backend = fake_backend(world);
	struct recorded recorded = {.count = 0};
	struct sbk_recorder recorder = recorded_recorder(&recorded);
	struct sbk_apply_options options = {.kind = SBK_TRANSACTION_DO};
	struct sbk_apply_result result;
	struct sbk_change change = {
		.object = {.kind = SBK_KIND_DIRECTORY, .name = "/etc/ours"},
		.after = {.data = "mode 755\n", .size = 9},
	};
	struct sbk_plan *plan = sbk_plan_new();
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	assert_ok(sbk_plan_add(plan, &change, &err), &err);
	fake_add_named(world, SBK_KIND_DIRECTORY, "/etc/ours", "mode 755\n");
	assert_error(
		sbk_apply(&backend, &recorder, plan, &options, &result, &err),
		SBK_E_CONFLICT, &err);
	assert_int_equal(sbk_plan_at(plan, 0)->status, SBK_STATUS_UNDONE);
	sbk_plan_free(plan);
	fake_world_free(world);
}

static void test_apply__kept_files_are_owed_with_their_account(void **state)
{
	struct fake_world *world = fake_world_new();
	struct sbk_backend backend = fake_backend(world);
	struct recorded recorded = {.count = 0};
	struct sbk_recorder recorder = recorded_recorder(&recorded);
	struct sbk_apply_options options = {.kind = SBK_TRANSACTION_UNDO};
	struct sbk_apply_result result;
	struct sbk_state old = {.data = "old\n", .size = 4};
	struct sbk_change changes[] = {
		{.object = {.kind = SBK_KIND_ACCOUNT, .name = "someone"},
		 .before = {.data = "uid 990\n", .size = 8},
		 .undoes = 1},
		{.object = {.kind = SBK_KIND_KEPT, .name = "/etc/passwd-"},
		 .before = old,
		 .after = old,
		 .undoes = 2},
	};
	struct sbk_plan *plan = sbk_plan_new();
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	assert_ok(sbk_plan_add(plan, &changes[0], &err), &err);
	assert_ok(sbk_plan_add(plan, &changes[1], &err), &err);
	/* The account is no longer as it was seen, so it stays. */
	fake_add_named(world, SBK_KIND_ACCOUNT, "someone", "uid 991\n");
	assert_ok(sbk_apply(&backend, &recorder, plan, &options, &result, &err),
		  &err);
	assert_int_equal(sbk_plan_at(plan, 0)->status, SBK_STATUS_OWED);
	assert_int_equal(sbk_plan_at(plan, 1)->status, SBK_STATUS_OWED);
	sbk_plan_free(plan);
	fake_world_free(world);
}

struct newcomer {
	struct fake_world *world;
	struct sbk_backend *backend;
	int left; /* how often another file comes in */
};

static int look_again(void *arg, struct sbk_plan *plan, struct sbk_error *err)
{
	struct newcomer *newcomer = arg;
	char path[32];

	if (newcomer->left > 0) {
		(void)snprintf(path, sizeof(path), "/ws/new%d",
			       newcomer->left--);
		/* Moved in from elsewhere, so that it inherits nothing. */
		fake_add(newcomer->world, path + 3, false);
		fake_rename(newcomer->world, path + 3, path);
	}
	return fake_plan_grant(newcomer->backend, "/ws", "u:990", plan, err);
}

static void test_apply__makes_passes_until_nothing_comes_in(void **state)
{
	struct fake_world *world = small_world();
	struct sbk_backend backend = fake_backend(world);
	struct newcomer newcomer = {world, &backend, 3};
	struct recorded recorded = {.count = 0};
	struct sbk_recorder recorder = recorded_recorder(&recorded);
	struct sbk_apply_options options = {.more = look_again,
					    .more_arg = &newcomer};
	struct sbk_apply_result result;
	struct sbk_plan *plan = sbk_plan_new();
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	assert_ok(fake_plan_grant(&backend, "/ws", "u:990", plan, &err), &err);
	assert_ok(sbk_apply(&backend, &recorder, plan, &options, &result, &err),
		  &err);
	assert_int_equal(result.confirmed, 7);
	assert_int_equal(recorded.prepares, 4);
	sbk_plan_free(plan);
	fake_world_free(world);
}

static void test_apply__gives_up_on_a_tree_that_never_stops(void **state)
{
	struct fake_world *world = small_world();
	struct sbk_backend backend = fake_backend(world);
	struct newcomer newcomer = {world, &backend, 1000};
	struct recorded recorded = {.count = 0};
	struct sbk_recorder recorder = recorded_recorder(&recorded);
	struct sbk_apply_options options = {.more = look_again,
					    .more_arg = &newcomer};
	struct sbk_apply_result result;
	struct sbk_plan *plan = sbk_plan_new();
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	assert_ok(fake_plan_grant(&backend, "/ws", "u:990", plan, &err), &err);
	assert_error(
		sbk_apply(&backend, &recorder, plan, &options, &result, &err),
		SBK_E_BUSY, &err);
	sbk_plan_free(plan);
	fake_world_free(world);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_apply__stops_between_batches),
	cmocka_unit_test(test_apply__prepares_replaces_flushes_settles),
	cmocka_unit_test(test_apply__prepares_one_batch_ahead),
	cmocka_unit_test(test_apply__what_was_prepared_ahead_of_a_failure),
	cmocka_unit_test(
		test_apply__what_is_being_made_when_prepare_is_refused),
	cmocka_unit_test(test_apply__stops_at_the_first_failure),
	cmocka_unit_test(test_apply__undo_goes_on_after_a_failure),
	cmocka_unit_test(test_apply__what_was_refused_untouched_was_never_made),
	cmocka_unit_test(test_apply__kept_files_are_owed_with_their_account),
	cmocka_unit_test(test_apply__makes_passes_until_nothing_comes_in),
	cmocka_unit_test(test_apply__gives_up_on_a_tree_that_never_stops),
};

SBK_TEST_MAIN(tests)
