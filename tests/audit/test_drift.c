/*
 * Drift on a world in memory: what is expected of an object with several
 * changes, and what each difference is called.
 */
#include "audit/drift.h"

#include <string.h>

#include "tests/audit/world.h"
#include "tests/support/fake.h"

#include "engine/banned.h"

struct drift_world {
	struct fake_world *world;
	struct sbk_backend backend;
	struct sbk_record_book book;
	struct sbk_records records;
	struct sbk_report *report;
};

static struct sbk_state state_of(const char *text)
{
	return (struct sbk_state){.data = text, .size = strlen(text)};
}

static void init(struct drift_world *w)
{
	memset(w, 0, sizeof(*w));
	w->world = fake_world_new();
	w->backend = fake_backend(w->world);
	w->book.changes = sbk_plan_new();
	w->book.standing = sbk_plan_new();
	(void)snprintf(w->book.title, sizeof(w->book.title), "a journal");
	w->records = (struct sbk_records){.books = &w->book, .count = 1};
	w->report = sbk_report_new("drift");
}

static void release(struct drift_world *w)
{
	sbk_plan_free(w->book.changes);
	sbk_plan_free(w->book.standing);
	sbk_report_free(w->report);
	sbk_backend_close(&w->backend);
	fake_world_free(w->world);
}

/* A change in the journal; one that stands is in both lists. */
static void record(struct drift_world *w, uint64_t id, const char *path,
		   const char *identity, const char *after,
		   enum sbk_status status, bool standing, uint64_t undoes)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_change change = {
		.object = {.kind = SBK_KIND_ACCESS,
			   .name = path,
			   .identity = identity},
		.before = state_of("mode 644\n"),
		.after = state_of(after),
		.id = id,
		.undoes = undoes,
		.status = status,
		.note = status == SBK_STATUS_OWED ? "why it is owed" : NULL,
	};

	assert_ok(sbk_plan_add(w->book.changes, &change, &err), &err);
	if (standing)
		assert_ok(sbk_plan_add(w->book.standing, &change, &err), &err);
}

static void check(struct drift_world *w, int code)
{
	struct sbk_error err = SBK_ERROR_INIT;

	assert_ok(sbk_audit_drift(&w->backend, &w->records, w->report, &err),
		  &err);
	assert_int_equal(sbk_report_exit(w->report), code);
}

static void set_state(struct fake_object *object, const char *text)
{
	(void)snprintf(object->state, sizeof(object->state), "%s", text);
}

#define GRANTED "allow u:990:rw\nmode 644\n"
#define TWICE "allow u:991:r\nallow u:990:rw\nmode 644\n"

static void test_drift__as_it_was_left_is_clean(void **unused)
{
	struct drift_world w;
	struct fake_object *a;

	(void)unused;
	init(&w);
	a = fake_add(w.world, "/a", false);
	set_state(a, GRANTED);
	record(&w, 1, "/a", a->identity, GRANTED, SBK_STATUS_CONFIRMED, true,
	       0);
	check(&w, 0);
	assert_int_equal(sbk_report_coverage(w.report)->examined, 1);
	release(&w);
}

static void test_drift__the_last_change_decides(void **unused)
{
	struct drift_world w;
	struct fake_object *a;

	(void)unused;
	/* Two grants, of which the first was undone in between. */
	init(&w);
	a = fake_add(w.world, "/a", false);
	set_state(a, "allow u:991:r\nmode 644\n");
	record(&w, 1, "/a", a->identity, GRANTED, SBK_STATUS_UNDONE, false, 0);
	record(&w, 2, "/a", a->identity, TWICE, SBK_STATUS_CONFIRMED, true, 0);
	record(&w, 3, "/a", a->identity, "allow u:991:r\nmode 644\n",
	       SBK_STATUS_CONFIRMED, false, 1);
	check(&w, 0);
	release(&w);
	/* Everything undone: what becomes of it is not ours any more. */
	init(&w);
	a = fake_add(w.world, "/a", false);
	set_state(a, "mode 600\n");
	record(&w, 1, "/a", a->identity, GRANTED, SBK_STATUS_UNDONE, false, 0);
	record(&w, 2, "/a", a->identity, "mode 644\n", SBK_STATUS_CONFIRMED,
	       false, 1);
	check(&w, 0);
	assert_int_equal(sbk_report_coverage(w.report)->examined, 0);
	release(&w);
}

static void test_drift__names_each_difference(void **unused)
{
	struct drift_world w;
	const struct sbk_finding *finding;
	struct fake_object *object;

	(void)unused;
	init(&w);
	object = fake_add(w.world, "/altered", false);
	record(&w, 1, "/altered", object->identity, GRANTED,
	       SBK_STATUS_CONFIRMED, true, 0);
	record(&w, 2, "/gone", "fake:900", GRANTED, SBK_STATUS_CONFIRMED, true,
	       0);
	(void)fake_add(w.world, "/replaced", false);
	record(&w, 3, "/replaced", "fake:901", GRANTED, SBK_STATUS_CONFIRMED,
	       true, 0);
	object = fake_add(w.world, "/new-name", false);
	set_state(object, GRANTED);
	record(&w, 4, "/old-name", object->identity, GRANTED,
	       SBK_STATUS_CONFIRMED, true, 0);
	record(&w, 5, "/begun", "fake:902", GRANTED, SBK_STATUS_PREPARED, true,
	       0);
	record(&w, 6, "/owed", "fake:903", GRANTED, SBK_STATUS_OWED, true, 0);
	check(&w, 1);
	finding = finding_of(w.report, "drift.altered", "/altered", "");
	assert_non_null(finding);
	assert_string_equal(finding->text,
			    "altered: recorded 'allow u:990:rw', found "
			    "nothing");
	assert_non_null(finding_of(w.report, "drift.gone", "/gone", ""));
	assert_non_null(
		finding_of(w.report, "drift.replaced", "/replaced", ""));
	finding = finding_of(w.report, "drift.moved", "/old-name", "");
	assert_non_null(finding);
	assert_non_null(strstr(finding->text, "/new-name"));
	assert_int_equal(finding->severity, SBK_SEVERITY_INFO);
	assert_non_null(finding_of(w.report, "drift.unfinished", "/begun", ""));
	finding = finding_of(w.report, "drift.owed", "/owed", "");
	assert_non_null(finding);
	assert_non_null(strstr(finding->text, "why it is owed"));
	assert_int_equal(count_of(w.report, "drift.altered"), 1);
	release(&w);
}

static void test_drift__what_cannot_be_read_is_not_clean(void **unused)
{
	struct drift_world w;
	struct fake_object *a;

	(void)unused;
	init(&w);
	a = fake_add(w.world, "/a", false);
	set_state(a, GRANTED);
	a->unreadable = true;
	record(&w, 1, "/a", a->identity, GRANTED, SBK_STATUS_CONFIRMED, true,
	       0);
	check(&w, 2);
	release(&w);
}

/* A tree that an undo gave up: nothing of it is in a standing change. */
static void test_drift__what_is_owed_of_a_tree(void **unused)
{
	struct drift_world w;
	const struct sbk_plan_root tree = {
		.path = "/t", .identity = "t", .principal = "u:990"};
	const struct sbk_change later = {
		.object = {.kind = SBK_KIND_ACCESS,
			   .name = "/t/made",
			   .identity = "m"},
		.before = state_of("mode 644\nallow u:990 rw\n"),
		.after = state_of("mode 644\n"),
	};
	const struct sbk_finding *found;
	struct sbk_error err = SBK_ERROR_INIT;

	(void)unused;
	init(&w);
	w.book.owed = sbk_plan_new();
	assert_ok(sbk_plan_add_root(w.book.owed, &tree, NULL, &err), &err);
	check(&w, 0); /* cleared meanwhile */
	assert_ok(sbk_plan_add(w.book.owed, &later, &err), &err);
	check(&w, 1);
	assert_int_equal(count_of(w.report, "drift.owed"), 1);
	found = finding_of(w.report, "drift.owed", "/t", "");
	assert_non_null(found);
	assert_int_equal(found->objects, 1);
	assert_non_null(strstr(found->text, "1 object made in '/t' after"));
	assert_null(strstr(found->text, "root"));
	/* What could not be looked at is not clean. */
	assert_ok(sbk_plan_add_note(w.book.owed, &err, "not examined: /t/x"),
		  &err);
	check(&w, 2);
	sbk_plan_free(w.book.owed);
	release(&w);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_drift__as_it_was_left_is_clean),
	cmocka_unit_test(test_drift__the_last_change_decides),
	cmocka_unit_test(test_drift__names_each_difference),
	cmocka_unit_test(test_drift__what_cannot_be_read_is_not_clean),
	cmocka_unit_test(test_drift__what_is_owed_of_a_tree),
};

SBK_TEST_MAIN(tests)
