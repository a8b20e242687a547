/*
 * Access on Windows, on the simulation (sim.h): every row of DESIGN part 5,
 * what is kept exactly, what is refused, and the sweep over every call.
 *
 *	C:/ws              D:AI, explicit entries of its owner
 *	C:/ws/a            inherits
 *	C:/ws/a/file       inherits
 *	C:/ws/b            a file, its list older than automatic inheritance
 *	C:/ws/secret       its list is protected: no grant reaches it
 *	C:/ws/secret/key
 */
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

#include "engine/apply.h"
#include "engine/os.h"
#include "engine/plan_undo.h"
#include "tests/support/fault.h"
#include "tests/support/recorder.h"
#include "tests/windows/nt_state.h"
#include "tests/windows/sim.h"

#include "engine/banned.h"

#define WS                                                       \
	"O:" SIM_USER "G:" SIM_USER "D:AI(A;OICI;FA;;;" SIM_USER \
	")(A;OICIID;FA;;;SY)(A;OICIID;FA;;;BA)"
#define OLD "O:" SIM_USER "G:" SIM_USER "D:(A;;FR;;;WD)(A;;FA;;;" SIM_USER ")"
#define SECRET "O:" SIM_USER "G:" SIM_USER "D:PAI(A;OICI;FA;;;" SIM_USER ")"

struct granted {
	struct sim *sim;
	struct sbk_backend backend;
	struct sbk_plan *plan, *inverse;
	struct recorded recorded;
	struct sbk_buf start;
	size_t locked; /* objects that are protected from the grant */
};

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

static int open_backend(struct granted *g, struct sbk_error *err)
{
	sbk_backend_close(&g->backend);
	g->backend = (struct sbk_backend){.ops = NULL};
	return sbk_os_backend(&g->backend, err);
}

static int apply(struct granted *g, struct sbk_plan *plan,
		 enum sbk_transaction_kind kind, struct sbk_error *err)
{
	struct sbk_apply_options options = {.kind = kind, .batch_changes = 2};
	struct sbk_recorder recorder = recorded_recorder(&g->recorded);
	struct sbk_apply_result result;

	return sbk_apply(&g->backend, &recorder, plan, &options, &result, err);
}

static int grant(struct granted *g, struct sbk_error *err)
{
	int rc = sbk_backend_walk(&g->backend, "C:/ws", plan_visit, g, err);

	return rc < 0 ? rc : apply(g, g->plan, SBK_TRANSACTION_DO, err);
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

static struct granted *begin(void)
{
	struct granted *g = calloc(1, sizeof(*g));
	struct sbk_error err = SBK_ERROR_INIT;

	assert_non_null(g);
	g->sim = sim_begin();
	build(g->sim);
	sim_print(g->sim, &g->start);
	g->plan = sbk_plan_new();
	assert_ok(open_backend(g, &err), &err);
	return g;
}

static void end(struct granted *g)
{
	sbk_backend_close(&g->backend);
	assert_int_equal(sim_open_handles(g->sim), 0);
	sbk_plan_free(g->plan);
	sbk_plan_free(g->inverse);
	sbk_buf_release(&g->start);
	sim_finish(g->sim);
	free(g);
}

static int setup(void **state)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct granted *g = begin();

	assert_ok(grant(g, &err), &err);
	*state = g;
	return 0;
}

static int teardown(void **state)
{
	end(*state);
	return 0;
}

/* --- looking ------------------------------------------------------------- */

static void assert_world(struct granted *g, const char *expected)
{
	struct sbk_buf now = SBK_BUF_INIT;

	sim_print(g->sim, &now);
	assert_string_equal(sbk_buf_text(&now), expected);
	sbk_buf_release(&now);
}

static void assert_sddl(struct granted *g, const char *path,
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
static size_t undo(struct granted *g)
{
	const struct recorded kept = g->recorded;
	struct sbk_plan *inverse = plan_undo(g);
	struct sbk_error err = SBK_ERROR_INIT;
	size_t count = sbk_plan_count(inverse), i;

	assert_ok(apply(g, inverse, SBK_TRANSACTION_UNDO, &err), &err);
	for (i = 0; i < count; i++)
		assert_int_equal(sbk_plan_at(inverse, i)->status,
				 SBK_STATUS_CONFIRMED);
	g->recorded = kept;
	/* The notes of what was settled are the plan's. */
	sbk_plan_free(g->inverse);
	g->inverse = inverse;
	return count;
}

static const struct sbk_change *change_of(struct granted *g, const char *path)
{
	size_t i;

	for (i = 0; i < sbk_plan_count(g->plan); i++)
		if (strcmp(sbk_plan_at(g->plan, i)->object.name, path) == 0)
			return sbk_plan_at(g->plan, i);
	fail_msg("no change of '%s'", path);
	return NULL;
}

/* --- grants, and what is exact ------------------------------------------- */

#define FULL "(A;;FA;;;" SIM_USER ")"
#define ROOT_OURS \
	"(A;;0x1201bf;;;" SIM_ACCOUNT ")(A;OICIIO;0x1301bf;;;" SIM_ACCOUNT ")"

static void test_access__a_grant_is_what_the_tree_would_inherit(void **state)
{
	struct granted *g = *state;

	assert_int_equal(sbk_plan_count(g->plan), 4);
	assert_int_equal(g->locked, 1);
	assert_sddl(g, "C:/ws",
		    "O:" SIM_USER "G:" SIM_USER "D:AI(A;OICI;FA;;;" SIM_USER
		    ")" ROOT_OURS "(A;OICIID;FA;;;SY)(A;OICIID;FA;;;BA)");
	assert_sddl(g, "C:/ws/a/file",
		    "O:" SIM_USER "G:" SIM_USER "D:AI(A;ID;FA;;;" SIM_USER
		    ")(A;ID;FA;;;SY)(A;ID;FA;;;BA)(A;ID;0x1301bf;;;" SIM_ACCOUNT
		    ")");
	/* From before automatic inheritance: it does not get the mark. */
	assert_sddl(g, "C:/ws/b",
		    "O:" SIM_USER "G:" SIM_USER "D:(A;;FR;;;WD)" FULL
		    "(A;ID;0x1301bf;;;" SIM_ACCOUNT ")");
	assert_sddl(g, "C:/ws/secret", SECRET);
}

static void test_access__undo_returns_every_byte(void **state)
{
	struct granted *g = *state;

	assert_int_equal(undo(g), 4);
	assert_world(g, sbk_buf_text(&g->start));
	/* Durably: what a power cut leaves is the same. */
	sim_power_cut(g->sim);
	assert_world(g, sbk_buf_text(&g->start));
	/* Once more finds nothing to do. */
	assert_int_equal(undo(g), 0);
}

/* --- DESIGN part 5, row by row ------------------------------------------- */

static void test_access__other_entries_are_kept(void **state)
{
	struct granted *g = *state;

	sim_set(g->sim, "C:/ws/b",
		"O:" SIM_USER "G:" SIM_USER "D:(A;;FR;;;AU)" FULL
		"(A;ID;0x1301bf;;;" SIM_ACCOUNT ")");
	assert_int_equal(undo(g), 4);
	assert_sddl(g, "C:/ws/b",
		    "O:" SIM_USER "G:" SIM_USER "D:(A;;FR;;;AU)" FULL);
	assert_sddl(g, "C:/ws", WS);
}

static void test_access__an_altered_entry_of_ours_is_left(void **state)
{
	static const char altered[] = "O:" SIM_USER "G:" SIM_USER "D:" FULL
				      "(A;;FR;;;" SIM_ACCOUNT ")";
	struct granted *g = *state;

	sim_set(g->sim, "C:/ws/b", altered);
	assert_int_equal(undo(g), 3);
	assert_sddl(g, "C:/ws/b", altered);
	assert_int_equal(change_of(g, "C:/ws/b")->status, SBK_STATUS_CONFLICT);
}

static void test_access__a_renamed_tree_is_followed_by_its_ids(void **state)
{
	struct granted *g = *state;

	sim_rename(g->sim, "C:/ws/a", "C:/elsewhere");
	/* A decoy at the old names must not be touched. */
	(void)sim_add(g->sim, "C:/ws/a", true, WS);
	(void)sim_add(g->sim, "C:/ws/a/file", false, OLD);
	assert_int_equal(undo(g), 4);
	assert_sddl(g, "C:/ws/a", WS);
	assert_sddl(g, "C:/ws/a/file", OLD);
	sim_remove(g->sim, "C:/ws/a");
	sim_rename(g->sim, "C:/elsewhere", "C:/ws/a");
	assert_world(g, sbk_buf_text(&g->start));
}

static void test_access__what_is_gone_is_noted(void **state)
{
	struct granted *g = *state;

	sim_remove(g->sim, "C:/ws/a/file");
	assert_int_equal(undo(g), 3);
	assert_string_equal(change_of(g, "C:/ws/a/file")->note, "gone");
	assert_int_equal(change_of(g, "C:/ws/a/file")->status,
			 SBK_STATUS_UNDONE);
}

static void test_access__what_may_not_be_read_is_owed(void **state)
{
	struct granted *g = *state;

	sim_set(g->sim, "C:/ws/b", "O:BAG:BAD:P(A;;FA;;;BA)");
	assert_int_equal(undo(g), 3);
	assert_int_equal(change_of(g, "C:/ws/b")->status, SBK_STATUS_OWED);
	assert_sddl(g, "C:/ws", WS);
}

static void test_access__later_objects_are_stripped(void **state)
{
	struct granted *g = *state;
	struct sbk_object object = {.kind = SBK_KIND_ACCESS, .name = "C:/ws"};
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	struct sbk_plan_root root = {.path = "C:/ws", .principal = SIM_ACCOUNT};
	struct sbk_plan *later = sbk_plan_new();
	struct sbk_error err = SBK_ERROR_INIT;

	(void)sim_add(g->sim, "C:/ws/new", false, NULL);
	assert_ok(sbk_backend_observe(&g->backend, &object, &seen, &err), &err);
	root.identity = sbk_buf_text(&seen.identity);
	(void)undo(g);
	assert_sddl(g, "C:/ws/new",
		    "O:" SIM_USER "G:" SIM_USER "D:AI(A;ID;FA;;;" SIM_USER
		    ")(A;ID;0x1301bf;;;" SIM_ACCOUNT
		    ")(A;ID;FA;;;SY)(A;ID;FA;;;BA)");
	assert_int_equal(
		sbk_plan_undo_later(&g->backend, &root, NULL, 0, later, &err),
		0);
	assert_int_equal(sbk_plan_count(later), 1);
	assert_ok(apply(g, later, SBK_TRANSACTION_UNDO, &err), &err);
	assert_sddl(g, "C:/ws/new",
		    "O:" SIM_USER "G:" SIM_USER "D:AI(A;ID;FA;;;" SIM_USER
		    ")(A;ID;FA;;;SY)(A;ID;FA;;;BA)");
	sbk_plan_free(later);
	sbk_observation_release(&seen);
}

/* --- refusals ------------------------------------------------------------ */

static int replace(struct granted *g, const char *path, const char *before,
		   const char *after, bool is_directory, struct sbk_error *err)
{
	struct sbk_object object = {.kind = SBK_KIND_ACCESS, .name = path};
	struct sbk_buf from = SBK_BUF_INIT, to = SBK_BUF_INIT;
	int rc;

	nt_state_add(&from, before, is_directory);
	nt_state_add(&to, after, is_directory);
	rc = sbk_backend_replace(&g->backend, &object, nt_state_of(&from),
				 nt_state_of(&to), err);
	sbk_buf_release(&from);
	sbk_buf_release(&to);
	return rc;
}

static void test_access__a_changed_object_is_a_conflict(void **state)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct granted *g = *state;

	assert_int_equal(undo(g), 4);
	assert_error(replace(g, "C:/ws/b", SECRET, OLD, false, &err),
		     SBK_E_CONFLICT, &err);
	assert_ok(replace(g, "C:/ws/b", OLD, SECRET, false, &err), &err);
	assert_sddl(g, "C:/ws/b", SECRET);
}

/* A plain user gives no file away; who may restore does, and takes it back. */
static void test_access__another_owner_needs_the_privilege(void **state)
{
	static const char given[] = "O:" SIM_ACCOUNT "G:" SIM_USER "D:" FULL;
	static const char own[] = "O:" SIM_USER "G:" SIM_USER "D:" FULL;
	struct sbk_error err = SBK_ERROR_INIT;
	struct granted *g = *state;

	sim_set(g->sim, "C:/ws/b", own);
	assert_error(replace(g, "C:/ws/b", own, given, false, &err),
		     SBK_E_DENIED, &err);
	assert_sddl(g, "C:/ws/b", own);
	sim_elevate(g->sim);
	assert_ok(replace(g, "C:/ws/b", own, given, false, &err), &err);
	assert_sddl(g, "C:/ws/b", given);
	assert_ok(replace(g, "C:/ws/b", given, own, false, &err), &err);
	assert_sddl(g, "C:/ws/b", own);
}

static void test_access__no_reparse_point_is_followed(void **state)
{
	struct sbk_object object = {.kind = SBK_KIND_ACCESS,
				    .name = "C:/ws/a/file"};
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	struct granted *g = *state;
	size_t a = sim_find(g->sim, "C:/ws/a");

	assert_ok(sbk_backend_observe(&g->backend, &object, &seen, &err), &err);
	g->sim->nodes[a].attributes |= FILE_ATTRIBUTE_REPARSE_POINT;
	assert_error(sbk_backend_observe(&g->backend, &object, &seen, &err),
		     SBK_E_INVAL, &err);
	object.name = "C:/ws/a";
	assert_error(sbk_backend_observe(&g->backend, &object, &seen, &err),
		     SBK_E_INVAL, &err);
	assert_non_null(strstr(err.message, "link or mount point"));
	g->sim->nodes[a].attributes &= ~(DWORD)FILE_ATTRIBUTE_REPARSE_POINT;
	sbk_observation_release(&seen);
}

static void test_access__other_forms_of_a_path_are_refused(void **state)
{
	static const char *const wrong[] = {"",
					    "C:",
					    "/ws",
					    "ws",
					    "C:ws",
					    "//server/share/ws",
					    "//./C:/",
					    "C:/ws/../ws/b",
					    "C:/ws/./b",
					    "C:/ws//b",
					    "C:/ws/b:s",
					    "C:\\ws\\b",
					    "C:/ws\\b",
					    "//?/C:/ws",
					    "//?/Volume{1}/ws",
					    "C:/ws/\x01"};
	struct sbk_object object = {.kind = SBK_KIND_ACCESS};
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	struct granted *g = *state;
	size_t i;

	object.name = "//?/Volume{" SIM_VOLUME "}/ws/b";
	assert_ok(sbk_backend_observe(&g->backend, &object, &seen, &err), &err);
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		object.name = wrong[i];
		assert_error(
			sbk_backend_observe(&g->backend, &object, &seen, &err),
			SBK_E_INVAL, &err);
	}
	object.name = "C:/ws/none";
	assert_error(sbk_backend_observe(&g->backend, &object, &seen, &err),
		     SBK_E_NOTFOUND, &err);
	sbk_observation_release(&seen);
}

/* Success that stored nothing, as Wine answers. */
static void test_access__a_system_that_forgets_is_caught(void **state)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct granted *g = begin();

	(void)state;
	g->sim->forgets = true;
	assert_error(grant(g, &err), SBK_E_IO, &err);
	assert_non_null(strstr(err.message, "reported success"));
	assert_int_equal(undo(g), 0);
	assert_world(g, sbk_buf_text(&g->start));
	end(g);
}

/* --- every call fails, and every call is the last ------------------------ */

#define CALLS_MAX 2000

/* Promise 1: what is not as at the start was intended. */
static void assert_intended(struct granted *g, unsigned long n)
{
	size_t i;

	for (i = 0; i < sbk_plan_count(g->plan); i++) {
		const struct sbk_change *change = sbk_plan_at(g->plan, i);
		struct sbk_object object = change->object;
		struct sbk_observation seen = SBK_OBSERVATION_INIT;
		struct sbk_error err = SBK_ERROR_INIT;

		assert_ok(
			sbk_backend_observe(&g->backend, &object, &seen, &err),
			&err);
		if (!sbk_state_equal(sbk_observation_state(&seen),
				     change->before) &&
		    change->status == SBK_STATUS_PLANNED)
			fail_msg("at %lu: '%s' changed without an intent", n,
				 object.name);
		sbk_observation_release(&seen);
	}
}

/* What the sweep does with the host; < 0 where a call failed. */
typedef int command_fn(struct granted *g, struct sbk_error *err);

static int undo_command(struct granted *g, struct sbk_error *err)
{
	struct sbk_plan *inverse = sbk_plan_new();
	struct recorded kept = g->recorded;
	int rc = sbk_plan_undo(&g->backend, kept.changes, kept.count, NULL, 0,
			       inverse, err);

	if (rc == 0)
		rc = apply(g, inverse, SBK_TRANSACTION_UNDO, err);
	g->recorded = kept;
	sbk_plan_free(inverse);
	return rc;
}

/* Whether the command ended without meeting call n. */
static bool one_fault(command_fn *command, enum fault_mode mode,
		      unsigned long n, bool power_cut)
{
	struct granted *g = begin();
	struct sbk_error err = SBK_ERROR_INIT;
	volatile bool met;
	struct recorded kept;
	size_t i;

	if (command != grant)
		assert_ok(grant(g, &err), &err);
	kept = g->recorded;
	fault_plan = (struct fault_plan){.mode = mode, .at = n};
	if (setjmp(g->sim->end) == 0)
		(void)command(g, &err);
	met = fault_plan.counted >= n;
	fault_plan = (struct fault_plan){.mode = FAULT_NONE};
	if (mode == FAULT_STOP && met) {
		/* A new process: what the old one had in memory is lost. */
		g->backend = (struct sbk_backend){.ops = NULL};
		sim_process_ends(g->sim);
		if (command != grant)
			g->recorded = kept;
		if (power_cut)
			sim_power_cut(g->sim);
	}
	assert_ok(open_backend(g, &err), &err);
	if (command == grant)
		assert_intended(g, n);
	for (i = 0; i < g->recorded.count; i++)
		g->recorded.changes[i]->status = SBK_STATUS_CONFIRMED;
	(void)undo(g);
	assert_world(g, sbk_buf_text(&g->start));
	end(g);
	return !met;
}

static void sweep(command_fn *command, enum fault_mode mode, bool power_cut)
{
	unsigned long n = 1;

	while (!one_fault(command, mode, n, power_cut)) {
		n++;
		assert_true(n < CALLS_MAX);
	}
	assert_true(n > 50); /* it was swept, and not over nothing */
}

static void test_access_sweep__grant_ends_at_every_call(void **state)
{
	(void)state;
	sweep(grant, FAULT_STOP, false);
	sweep(grant, FAULT_STOP, true);
}

static void test_access_sweep__undo_ends_at_every_call(void **state)
{
	(void)state;
	sweep(undo_command, FAULT_STOP, false);
	sweep(undo_command, FAULT_STOP, true);
}

static void test_access_sweep__every_call_fails_once(void **state)
{
	(void)state;
	sweep(grant, FAULT_DENY, false);
	sweep(undo_command, FAULT_DENY, false);
}

#define GRANTED(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

static const struct CMUnitTest tests[] = {
	GRANTED(test_access__a_grant_is_what_the_tree_would_inherit),
	GRANTED(test_access__undo_returns_every_byte),
	GRANTED(test_access__other_entries_are_kept),
	GRANTED(test_access__an_altered_entry_of_ours_is_left),
	GRANTED(test_access__a_renamed_tree_is_followed_by_its_ids),
	GRANTED(test_access__what_is_gone_is_noted),
	GRANTED(test_access__what_may_not_be_read_is_owed),
	GRANTED(test_access__later_objects_are_stripped),
	GRANTED(test_access__a_changed_object_is_a_conflict),
	GRANTED(test_access__another_owner_needs_the_privilege),
	GRANTED(test_access__no_reparse_point_is_followed),
	GRANTED(test_access__other_forms_of_a_path_are_refused),
	cmocka_unit_test(test_access__a_system_that_forgets_is_caught),
	cmocka_unit_test(test_access_sweep__grant_ends_at_every_call),
	cmocka_unit_test(test_access_sweep__undo_ends_at_every_call),
	cmocka_unit_test(test_access_sweep__every_call_fails_once),
};

SBK_TEST_MAIN(tests)
