/* See the header. */
#include "tests/windows/life.h"

#include <stdlib.h>
#include <string.h>

#include "tests/support/test.h"

#include "engine/os.h"
#include "engine/plan_undo.h"

#include "engine/banned.h"

#define CALLS_MAX 3000

void (*life_prepare)(struct life *life);

struct life *life_begin(void)
{
	struct life *life = calloc(1, sizeof(*life));
	struct sbk_error err = SBK_ERROR_INIT;

	assert_non_null(life);
	life->sim = sim_begin();
	sim_elevate(life->sim);
	sim_add_account(life->sim, SIM_ACCOUNT);
	life->plan = sbk_plan_new();
	assert_ok(sbk_os_backend(&life->backend, &err), &err);
	return life;
}

void life_end(struct life *life)
{
	sbk_backend_close(&life->backend);
	assert_int_equal(life->sim->policies, 0);
	assert_int_equal(life->sim->accounts.buffers, 0);
	assert_int_equal(life->sim->filters.buffers, 0);
	assert_int_equal(life->sim->filters.engines, 0);
	assert_int_equal(life->sim->registry.open, 0);
	assert_int_equal(life->sim->processes.lists, 0);
	assert_int_equal(life->sim->firewall.objects, 0);
	assert_int_equal(life->sim->firewall.threads, 0);
	sbk_plan_free(life->plan);
	sbk_plan_free(life->inverse);
	sim_finish(life->sim);
	free(life);
}

int life_add(struct life *life, enum sbk_kind kind, const char *name,
	     const char *after, struct sbk_error *err)
{
	const struct sbk_change change = {
		.object = {.kind = kind, .name = name},
		.after = {.data = after, .size = strlen(after)}};

	return sbk_plan_add(life->plan, &change, err);
}

static int apply(struct life *life, struct sbk_plan *plan,
		 enum sbk_transaction_kind kind, struct sbk_error *err)
{
	struct sbk_apply_options options = {.kind = kind,
					    .more_arg = life->more_arg};
	struct sbk_recorder recorder = recorded_recorder(&life->recorded);
	struct sbk_apply_result result;

	if (kind == SBK_TRANSACTION_DO)
		options.more = life->more;
	return sbk_apply(&life->backend, &recorder, plan, &options, &result,
			 err);
}

int life_do(struct life *life, struct sbk_error *err)
{
	return apply(life, life->plan, SBK_TRANSACTION_DO, err);
}

int life_undo(struct life *life, struct sbk_error *err)
{
	const struct recorded kept = life->recorded;
	struct sbk_plan *inverse = sbk_plan_new();
	int rc = sbk_plan_undo(&life->backend, kept.changes, kept.count, NULL,
			       0, inverse, err);

	if (rc == 0)
		rc = apply(life, inverse, SBK_TRANSACTION_UNDO, err);
	life->recorded = kept;
	/* The notes of what was settled are the plan's. */
	sbk_plan_free(life->inverse);
	life->inverse = inverse;
	return rc;
}

void life_print(struct life *life, struct sbk_buf *out)
{
	sim_print_accounts(life->sim, out);
	sim_print_filters(life->sim, out);
	sim_print_rules(life->sim, out);
	sim_print_registry(life->sim, out);
	sim_print_profiles(life->sim, out);
	sbk_buf_printf(out, "%zu rights\n", sim_rights_held(life->sim));
}

/* Promise 1: what is not as at the start was intended. */
static void assert_intended(struct life *life, const char *start)
{
	struct sbk_buf now = SBK_BUF_INIT;

	life_print(life, &now);
	if (life->recorded.count == 0)
		assert_string_equal(sbk_buf_text(&now), start);
	sbk_buf_release(&now);
}

/* Undone in a new process, it is as at the start. */
static void assert_undone(struct life *life, const char *start, unsigned long n)
{
	struct sbk_buf now = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	size_t i;

	for (i = 0; i < life->recorded.count; i++)
		life->recorded.changes[i]->status = SBK_STATUS_CONFIRMED;
	assert_ok(life_undo(life, &err), &err);
	for (i = 0; i < sbk_plan_count(life->inverse); i++)
		if (sbk_plan_at(life->inverse, i)->status !=
		    SBK_STATUS_CONFIRMED)
			fail_msg("at %lu: '%s' is left: %s", n,
				 sbk_plan_at(life->inverse, i)->object.name,
				 sbk_plan_at(life->inverse, i)->note);
	life_print(life, &now);
	assert_string_equal(sbk_buf_text(&now), start);
	sbk_buf_release(&now);
}

/* Whether all ended without meeting call n. */
static bool one_fault(life_plan_fn *plan, bool undoing, enum fault_mode mode,
		      unsigned long n)
{
	struct life *life = life_begin();
	struct sbk_buf start = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	struct recorded kept;
	volatile bool met;

	if (life_prepare != NULL)
		life_prepare(life);
	life_print(life, &start);
	assert_ok(plan(life, &err), &err);
	if (undoing)
		assert_ok(life_do(life, &err), &err);
	kept = life->recorded;
	fault_plan = (struct fault_plan){.mode = mode, .at = n};
	if (setjmp(life->sim->end) == 0)
		(void)(undoing ? life_undo(life, &err) : life_do(life, &err));
	met = fault_plan.counted >= n;
	fault_plan = (struct fault_plan){.mode = FAULT_NONE};
	if (met && mode == FAULT_STOP) {
		/* A new process: what the old one had in memory is lost. */
		sim_process_ends(life->sim);
		assert_ok(sbk_os_backend(&life->backend, &err), &err);
		if (undoing)
			life->recorded = kept;
	}
	assert_intended(life, sbk_buf_text(&start));
	assert_undone(life, sbk_buf_text(&start), n);
	sbk_buf_release(&start);
	life_end(life);
	return !met;
}

void life_sweep(life_plan_fn *plan, unsigned long calls_min)
{
	life_sweep_some(plan, calls_min, 1);
}

void life_sweep_some(life_plan_fn *plan, unsigned long calls_min,
		     unsigned long step)
{
	static const enum fault_mode modes[] = {FAULT_STOP, FAULT_DENY};
	unsigned long n;
	size_t i;
	int undoing;

	step = sbk_test_step(step);
	for (i = 0; i < 2; i++) {
		for (undoing = 0; undoing < 2; undoing++) {
			/* Other calls in each of the four. */
			n = sbk_test_first(1 +
					   (2 * i + (size_t)undoing) % step);
			for (; !one_fault(plan, undoing, modes[i], n);
			     n += step)
				assert_true(n < CALLS_MAX);
			assert_true(n > calls_min);
		}
	}
}
