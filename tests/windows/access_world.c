/* See the header. */
#include "tests/windows/access_world.h"

#include <stdlib.h>
#include <string.h>

#include "tests/support/test.h"

#include "engine/os.h"
#include "engine/plan_undo.h"
#include "tests/windows/nt_state.h"

#include "engine/banned.h"

/* --- granting ------------------------------------------------------------ */

static int plan_visit(void *arg, const struct sbk_visit *visit,
		      struct sbk_error *err)
{
	struct granted *g = arg;
	struct sbk_buf next = SBK_BUF_INIT, ours = SBK_BUF_INIT;
	const bool is_root = strcmp(visit->path, "C:/ws") == 0;
	struct sbk_change change = {.object = {.kind = SBK_KIND_ACCESS,
					       .name = visit->path,
					       .identity = visit->identity},
				    .before = visit->access};
	int rc;

	if (visit->kind != SBK_VISIT_OBJECT)
		return 0;
	rc = sbk_backend_add_grant(
		&g->backend, visit->access, visit->is_directory, SIM_ACCOUNT,
		is_root ? SBK_RIGHTS_WRITE
			: SBK_RIGHTS_WRITE | SBK_RIGHTS_BELOW,
		&next, &ours, err);
	if (rc == 0 && ours.size == 0) {
		g->locked++;
		rc = 1;
	} else if (rc == 0) {
		change.after = nt_state_of(&next);
		change.ours = sbk_buf_text(&ours);
		rc = sbk_plan_add(g->plan, &change, err);
	}
	sbk_buf_release(&next);
	sbk_buf_release(&ours);
	return rc;
}

int access_open_backend(struct granted *g, struct sbk_error *err)
{
	sbk_backend_close(&g->backend);
	g->backend = (struct sbk_backend){.ops = NULL};
	return sbk_os_backend(&g->backend, err);
}

int access_apply(struct granted *g, struct sbk_plan *plan,
		 enum sbk_transaction_kind kind, struct sbk_error *err)
{
	struct sbk_apply_options options = {.kind = kind, .batch_changes = 2};
	struct sbk_recorder recorder = recorded_recorder(&g->recorded);
	struct sbk_apply_result result;

	return sbk_apply(&g->backend, &recorder, plan, &options, &result, err);
}

int access_grant(struct granted *g, struct sbk_error *err)
{
	int rc = sbk_backend_walk(&g->backend, "C:/ws", plan_visit, g, err);

	return rc < 0 ? rc : access_apply(g, g->plan, SBK_TRANSACTION_DO, err);
}

static void build(struct sim *sim)
{
	(void)sim_add(sim, "C:/ws", true, WS);
	(void)sim_add(sim, "C:/ws/a", true, NULL);
	(void)sim_add(sim, "C:/ws/a/file", false, NULL);
	(void)sim_add(sim, "C:/ws/b", false, OLD);
	(void)sim_add(sim, "C:/ws/secret", true, SECRET);
	(void)sim_add(sim, "C:/ws/secret/key", false, NULL);
}

struct granted *access_begin(void)
{
	struct granted *g = calloc(1, sizeof(*g));
	struct sbk_error err = SBK_ERROR_INIT;

	assert_non_null(g);
	g->sim = sim_begin();
	build(g->sim);
	sim_print(g->sim, &g->start);
	g->plan = sbk_plan_new();
	assert_ok(access_open_backend(g, &err), &err);
	return g;
}

void access_end(struct granted *g)
{
	sbk_backend_close(&g->backend);
	assert_int_equal(sim_open_handles(g->sim), 0);
	sbk_plan_free(g->plan);
	sbk_plan_free(g->inverse);
	sbk_buf_release(&g->start);
	sim_finish(g->sim);
	free(g);
}

int access_setup(void **state)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct granted *g = access_begin();

	assert_ok(access_grant(g, &err), &err);
	*state = g;
	return 0;
}

int access_teardown(void **state)
{
	access_end(*state);
	return 0;
}

/* --- looking ------------------------------------------------------------- */

void assert_access_world(struct granted *g, const char *expected)
{
	struct sbk_buf now = SBK_BUF_INIT;

	sim_print(g->sim, &now);
	assert_string_equal(sbk_buf_text(&now), expected);
	sbk_buf_release(&now);
}

void assert_access_sddl(struct granted *g, const char *path,
			const char *expected)
{
	struct sbk_object object = {.kind = SBK_KIND_ACCESS, .name = path};
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	struct sbk_buf sddl = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;

	assert_ok(sbk_backend_observe(&g->backend, &object, &seen, &err), &err);
	nt_state_sddl(sbk_observation_state(&seen), &sddl);
	assert_string_equal(sbk_buf_text(&sddl), expected);
	sbk_buf_release(&sddl);
	sbk_observation_release(&seen);
}

static struct sbk_plan *plan_undo(struct granted *g)
{
	struct sbk_plan *inverse = sbk_plan_new();
	struct sbk_error err = SBK_ERROR_INIT;

	assert_ok(sbk_plan_undo(&g->backend, g->recorded.changes,
				g->recorded.count, NULL, 0, inverse, &err),
		  &err);
	return inverse;
}

/* Undoes what was recorded; how many changes that took. */
size_t access_undo(struct granted *g)
{
	const struct recorded kept = g->recorded;
	struct sbk_plan *inverse = plan_undo(g);
	struct sbk_error err = SBK_ERROR_INIT;
	size_t count = sbk_plan_count(inverse), i;

	assert_ok(access_apply(g, inverse, SBK_TRANSACTION_UNDO, &err), &err);
	for (i = 0; i < count; i++)
		assert_int_equal(sbk_plan_at(inverse, i)->status,
				 SBK_STATUS_CONFIRMED);
	g->recorded = kept;
	/* The notes of what was settled are the plan's. */
	sbk_plan_free(g->inverse);
	g->inverse = inverse;
	return count;
}

const struct sbk_change *access_change_of(struct granted *g, const char *path)
{
	size_t i;

	for (i = 0; i < sbk_plan_count(g->plan); i++)
		if (strcmp(sbk_plan_at(g->plan, i)->object.name, path) == 0)
			return sbk_plan_at(g->plan, i);
	fail_msg("no change of '%s'", path);
	return NULL;
}
