/*
 * Access on Windows, on the simulation (sim.h): every row of DESIGN part 5,
 * what is kept exactly, and what is refused.
 */
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

#include "engine/plan_undo.h"
#include "tests/windows/access_world.h"
#include "tests/windows/nt_state.h"

#include "engine/banned.h"

/* --- grants, and what is exact ------------------------------------------- */

#define FULL "(A;;FA;;;" SIM_USER ")"
#define ROOT_OURS \
	"(A;;0x1201bf;;;" SIM_ACCOUNT ")(A;OICIIO;0x1301bf;;;" SIM_ACCOUNT ")"

static void test_access__a_grant_is_what_the_tree_would_inherit(void **state)
{
	struct granted *g = *state;

	assert_int_equal(sbk_plan_count(g->plan), 4);
	assert_int_equal(g->locked, 1);
	assert_access_sddl(g, "C:/ws",
			   "O:" SIM_USER "G:" SIM_USER
			   "D:AI(A;OICI;FA;;;" SIM_USER ")" ROOT_OURS
			   "(A;OICIID;FA;;;SY)(A;OICIID;FA;;;BA)");
	assert_access_sddl(
		g, "C:/ws/a/file",
		"O:" SIM_USER "G:" SIM_USER "D:AI(A;ID;FA;;;" SIM_USER
		")(A;ID;FA;;;SY)(A;ID;FA;;;BA)(A;ID;0x1301bf;;;" SIM_ACCOUNT
		")");
	/* What was confirmed is there after a power cut. */
	sim_power_cut(g->sim);
	/* From before automatic inheritance: it does not get the mark. */
	assert_access_sddl(g, "C:/ws/b",
			   "O:" SIM_USER "G:" SIM_USER "D:(A;;FR;;;WD)" FULL
			   "(A;ID;0x1301bf;;;" SIM_ACCOUNT ")");
	assert_access_sddl(g, "C:/ws/secret", SECRET);
}

static void test_access__undo_returns_every_byte(void **state)
{
	struct granted *g = *state;

	assert_int_equal(access_undo(g), 4);
	assert_access_world(g, sbk_buf_text(&g->start));
	/* Durably: what a power cut leaves is the same. */
	sim_power_cut(g->sim);
	assert_access_world(g, sbk_buf_text(&g->start));
	/* Once more finds nothing to do. */
	assert_int_equal(access_undo(g), 0);
}

/* --- DESIGN part 5, row by row ------------------------------------------- */

static void test_access__other_entries_are_kept(void **state)
{
	struct granted *g = *state;

	sim_set(g->sim, "C:/ws/b",
		"O:" SIM_USER "G:" SIM_USER "D:(A;;FR;;;AU)" FULL
		"(A;ID;0x1301bf;;;" SIM_ACCOUNT ")");
	assert_int_equal(access_undo(g), 4);
	assert_access_sddl(g, "C:/ws/b",
			   "O:" SIM_USER "G:" SIM_USER "D:(A;;FR;;;AU)" FULL);
	assert_access_sddl(g, "C:/ws", WS);
}

static void test_access__an_altered_entry_of_ours_is_left(void **state)
{
	static const char altered[] = "O:" SIM_USER "G:" SIM_USER "D:" FULL
				      "(A;;FR;;;" SIM_ACCOUNT ")";
	struct granted *g = *state;

	sim_set(g->sim, "C:/ws/b", altered);
	assert_int_equal(access_undo(g), 3);
	assert_access_sddl(g, "C:/ws/b", altered);
	assert_int_equal(access_change_of(g, "C:/ws/b")->status,
			 SBK_STATUS_CONFLICT);
}

static void test_access__a_renamed_tree_is_followed_by_its_ids(void **state)
{
	struct granted *g = *state;

	sim_rename(g->sim, "C:/ws/a", "C:/elsewhere");
	/* A decoy at the old names must not be touched. */
	(void)sim_add(g->sim, "C:/ws/a", true, WS);
	(void)sim_add(g->sim, "C:/ws/a/file", false, OLD);
	assert_int_equal(access_undo(g), 4);
	assert_access_sddl(g, "C:/ws/a", WS);
	assert_access_sddl(g, "C:/ws/a/file", OLD);
	sim_remove(g->sim, "C:/ws/a");
	sim_rename(g->sim, "C:/elsewhere", "C:/ws/a");
	assert_access_world(g, sbk_buf_text(&g->start));
}

static void test_access__what_is_gone_is_noted(void **state)
{
	struct granted *g = *state;

	sim_remove(g->sim, "C:/ws/a/file");
	assert_int_equal(access_undo(g), 3);
	assert_string_equal(access_change_of(g, "C:/ws/a/file")->note, "gone");
	assert_int_equal(access_change_of(g, "C:/ws/a/file")->status,
			 SBK_STATUS_UNDONE);
}

static void test_access__what_may_not_be_read_is_owed(void **state)
{
	struct granted *g = *state;

	sim_set(g->sim, "C:/ws/b", "O:BAG:BAD:P(A;;FA;;;BA)");
	assert_int_equal(access_undo(g), 3);
	assert_int_equal(access_change_of(g, "C:/ws/b")->status,
			 SBK_STATUS_OWED);
	assert_access_sddl(g, "C:/ws", WS);
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
	(void)access_undo(g);
	assert_access_sddl(g, "C:/ws/new",
			   "O:" SIM_USER "G:" SIM_USER
			   "D:AI(A;ID;FA;;;" SIM_USER
			   ")(A;ID;0x1301bf;;;" SIM_ACCOUNT
			   ")(A;ID;FA;;;SY)(A;ID;FA;;;BA)");
	assert_int_equal(
		sbk_plan_undo_later(&g->backend, &root, NULL, 0, later, &err),
		0);
	assert_int_equal(sbk_plan_count(later), 1);
	assert_ok(access_apply(g, later, SBK_TRANSACTION_UNDO, &err), &err);
	assert_access_sddl(g, "C:/ws/new",
			   "O:" SIM_USER "G:" SIM_USER
			   "D:AI(A;ID;FA;;;" SIM_USER
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

	assert_int_equal(access_undo(g), 4);
	assert_error(replace(g, "C:/ws/b", SECRET, OLD, false, &err),
		     SBK_E_CONFLICT, &err);
	assert_ok(replace(g, "C:/ws/b", OLD, SECRET, false, &err), &err);
	assert_access_sddl(g, "C:/ws/b", SECRET);
}

static void test_access__another_object_is_a_conflict(void **state)
{
	struct granted *g = *state;
	const struct sbk_change *change = access_change_of(g, "C:/ws/a/file");
	struct sbk_error err = SBK_ERROR_INIT;

	assert_ok(sbk_backend_replace(&g->backend, &change->object,
				      change->after, change->before, &err),
		  &err);
	/* The same access, and the same name. */
	sim_rename(g->sim, "C:/ws/a/file", "C:/ws/a/old");
	(void)sim_add(g->sim, "C:/ws/a/file", false,
		      "O:" SIM_USER "G:" SIM_USER "D:AI(A;ID;FA;;;" SIM_USER
		      ")(A;ID;FA;;;SY)(A;ID;FA;;;BA)");
	assert_error(sbk_backend_replace(&g->backend, &change->object,
					 change->before, change->after, &err),
		     SBK_E_CONFLICT, &err);
	assert_non_null(strstr(err.message, "another object"));
}

/* Stored otherwise than given: neither before nor after, so it is put back. */
static void test_access__what_the_system_alters_is_put_back(void **state)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct granted *g = *state;

	assert_int_equal(access_undo(g), 4);
	g->sim->alters = 1;
	assert_error(replace(g, "C:/ws/b", OLD, SECRET, false, &err), SBK_E_IO,
		     &err);
	assert_access_world(g, sbk_buf_text(&g->start));
	g->sim->alters = 2;
	assert_error(replace(g, "C:/ws/b", OLD, SECRET, false, &err), SBK_E_IO,
		     &err);
	assert_non_null(strstr(err.message, "left half changed"));
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
	assert_access_sddl(g, "C:/ws/b", own);
	sim_elevate(g->sim);
	assert_ok(replace(g, "C:/ws/b", own, given, false, &err), &err);
	assert_access_sddl(g, "C:/ws/b", given);
	assert_ok(replace(g, "C:/ws/b", given, own, false, &err), &err);
	assert_access_sddl(g, "C:/ws/b", own);
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

struct met {
	size_t objects, links, skipped, several, unreadable;
	char text[600]; /* the order */
};

static int meet(void *arg, const struct sbk_visit *visit, struct sbk_error *err)
{
	struct met *met = arg;

	(void)err;
	met->objects += visit->kind == SBK_VISIT_OBJECT;
	met->skipped += visit->kind == SBK_VISIT_SKIPPED;
	met->unreadable += visit->kind == SBK_VISIT_UNREADABLE;
	met->links += visit->is_link;
	met->several += visit->links > 1;
	(void)snprintf(met->text + strlen(met->text),
		       sizeof(met->text) - strlen(met->text), "%s\n",
		       visit->path);
	return 0;
}

/* Parents first, in the order of names; nothing behind a reparse point. */
static void test_access__a_walk_and_a_survey(void **state)
{
	struct granted *g = *state;
	struct met walked = {.objects = 0}, surveyed = {.objects = 0};
	struct sbk_error err = SBK_ERROR_INIT;

	g->sim->nodes[sim_find(g->sim, "C:/ws/a")].attributes |=
		FILE_ATTRIBUTE_REPARSE_POINT;
	g->sim->nodes[sim_find(g->sim, "C:/ws/b")].links = 2;
	assert_ok(sbk_backend_walk(&g->backend, "C:/ws", meet, &walked, &err),
		  &err);
	assert_string_equal(walked.text, "C:/ws\nC:/ws/a\nC:/ws/b\n"
					 "C:/ws/secret\nC:/ws/secret/key\n");
	assert_int_equal(walked.objects, 4);
	assert_int_equal(walked.skipped, 1);
	assert_int_equal(walked.several, 1);
	assert_ok(
		sbk_backend_survey(&g->backend, "C:/ws", meet, &surveyed, &err),
		&err);
	assert_string_equal(surveyed.text, walked.text);
	assert_int_equal(surveyed.objects, 5);
	assert_int_equal(surveyed.links, 1);
}

/* Another system wrote them: NT would read a way into the one, and a stream
 * into the other. */
static void test_access__names_of_another_system_are_told(void **state)
{
	struct granted *g = *state;
	struct met met = {.objects = 0};
	struct sbk_error err = SBK_ERROR_INIT;

	(void)sim_add(g->sim, "C:/ws/a\\file", false, NULL);
	(void)sim_add(g->sim, "C:/ws/b:s", false, NULL);
	assert_ok(sbk_backend_walk(&g->backend, "C:/ws", meet, &met, &err),
		  &err);
	assert_int_equal(met.unreadable, 2);
	assert_int_equal(met.objects, 6); /* the others */
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
	struct granted *g = access_begin();

	(void)state;
	g->sim->forgets = true;
	assert_error(access_grant(g, &err), SBK_E_IO, &err);
	assert_non_null(strstr(err.message, "reported success"));
	assert_int_equal(access_undo(g), 0);
	assert_access_world(g, sbk_buf_text(&g->start));
	access_end(g);
}

#define GRANTED(test) \
	cmocka_unit_test_setup_teardown(test, access_setup, access_teardown)

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
	GRANTED(test_access__another_object_is_a_conflict),
	GRANTED(test_access__what_the_system_alters_is_put_back),
	GRANTED(test_access__another_owner_needs_the_privilege),
	GRANTED(test_access__no_reparse_point_is_followed),
	GRANTED(test_access__a_walk_and_a_survey),
	GRANTED(test_access__names_of_another_system_are_told),
	GRANTED(test_access__other_forms_of_a_path_are_refused),
	cmocka_unit_test(test_access__a_system_that_forgets_is_caught),
};

SBK_TEST_MAIN(tests)
