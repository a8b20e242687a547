/* The certificate and the verdict, from a report made by hand. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/test.h"
#include "uninstall/uninstall.h"

static struct sbk_uninstall_report *make_report(void)
{
	struct sbk_uninstall_report *report = sbk_uninstall_report_new();
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_change change = {
		.object = {.kind = SBK_KIND_ACCOUNT, .name = "sandbook-1-off"},
		.after = {"x", 1},
		.id = 1,
		.status = SBK_STATUS_UNDONE,
	};

	assert_non_null(report);
	report->installed = true;
	report->journal_size = 7;
	snprintf(report->journal_root, sizeof(report->journal_root), "%064d",
		 7);
	assert_ok(sbk_plan_add(report->record, &change, &err), &err);
	/* A name that no JSON text can hold. */
	change.object.kind = SBK_KIND_ACCESS;
	change.object.name = "/home/\xff\"\n";
	change.id = 2;
	change.note = "line\nbreak";
	assert_ok(sbk_plan_add(report->record, &change, &err), &err);
	/* Two inverses of the first: the last one counts. */
	change.note = NULL;
	change.object.name = "sandbook-1-off";
	change.undoes = 1;
	change.id = 3;
	change.status = SBK_STATUS_OWED;
	assert_ok(sbk_plan_add(report->record, &change, &err), &err);
	change.id = 5;
	change.status = SBK_STATUS_CONFIRMED;
	assert_ok(sbk_plan_add(report->record, &change, &err), &err);
	return report;
}

static json_t *print(const struct sbk_uninstall_report *report)
{
	struct sbk_buf out = SBK_BUF_INIT;
	json_t *root;

	sbk_certificate_print(report, &out);
	root = json_loads(sbk_buf_text(&out), JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(root);
	sbk_buf_release(&out);
	return root;
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "(none)";
}

static void test_certificate__is_a_statement_about_the_journal(void **state)
{
	struct sbk_uninstall_report *report = make_report();
	json_t *root = print(report), *subject, *predicate;

	(void)state;
	assert_string_equal(text_of(root, "_type"),
			    "https://in-toto.io/Statement/v1");
	subject = json_array_get(json_object_get(root, "subject"), 0);
	assert_string_equal(
		text_of(json_object_get(subject, "digest"), "rfc6962-sha256"),
		report->journal_root);
	predicate = json_object_get(root, "predicate");
	assert_string_equal(text_of(predicate, "verdict"), "clean");
	json_decref(root);
	sbk_uninstall_report_free(report);
}

static void test_certificate__names_each_change_and_its_undo(void **state)
{
	struct sbk_uninstall_report *report = make_report();
	json_t *root = print(report);
	json_t *changes =
		json_object_get(json_object_get(root, "predicate"), "changes");
	json_t *first = json_array_get(changes, 0);
	json_t *second = json_array_get(changes, 1);

	(void)state;
	assert_int_equal(json_array_size(changes), 2); /* inverses are inside */
	assert_string_equal(text_of(first, "status"), "undone");
	assert_int_equal(json_integer_value(json_object_get(
				 json_object_get(first, "undo"), "change")),
			 5);
	assert_string_equal(text_of(json_object_get(first, "undo"), "status"),
			    "confirmed");
	assert_string_equal(text_of(second, "name_hex"), "2f686f6d652fff220a");
	assert_null(json_object_get(second, "undo"));
	json_decref(root);
	sbk_uninstall_report_free(report);
}

static void test_certificate__verdict_is_the_worst_exception(void **state)
{
	struct sbk_uninstall_report *report = make_report();
	struct sbk_error err = SBK_ERROR_INIT;
	json_t *root;

	(void)state;
	assert_int_equal(sbk_uninstall_verdict(report), SBK_VERDICT_CLEAN);
	assert_ok(sbk_uninstall_except(report, false, &err, "%s", "left"),
		  &err);
	assert_int_equal(sbk_uninstall_verdict(report), SBK_VERDICT_CLEAN_BUT);
	assert_ok(sbk_uninstall_except(report, true, &err, "%s", "owed"), &err);
	assert_ok(sbk_uninstall_except(report, false, &err, "%s", "left"),
		  &err);
	assert_int_equal(sbk_uninstall_verdict(report), SBK_VERDICT_INCOMPLETE);
	root = print(report);
	assert_string_equal(
		text_of(json_object_get(root, "predicate"), "verdict"),
		"incomplete");
	assert_int_equal(
		json_array_size(json_object_get(
			json_object_get(root, "predicate"), "exceptions")),
		3);
	json_decref(root);
	sbk_uninstall_report_free(report);
}

/* What no sweep can tell is no exception, and stands with the coverage. */
static void test_certificate__says_what_is_not_covered(void **state)
{
	struct sbk_uninstall_report *report = make_report();
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf out = SBK_BUF_INIT;
	json_t *root, *coverage;

	(void)state;
	report->sweep = sbk_report_new("final sweep");
	assert_non_null(report->sweep);
	assert_ok(sbk_plan_add_note(report->limits, &err, "others' numbers"),
		  &err);
	assert_int_equal(sbk_uninstall_verdict(report), SBK_VERDICT_CLEAN);
	root = print(report);
	coverage = json_object_get(
		json_object_get(json_object_get(root, "predicate"), "sweep"),
		"coverage");
	assert_string_equal(
		json_string_value(json_array_get(
			json_object_get(coverage, "not_covered"), 0)),
		"others' numbers");
	assert_int_equal(
		json_array_size(json_object_get(coverage, "searched_for")),
		report->principal_count);
	sbk_uninstall_print(report, &out);
	assert_non_null(strstr(sbk_buf_text(&out), "others' numbers"));
	sbk_buf_release(&out);
	json_decref(root);
	sbk_uninstall_report_free(report);
}

static void test_certificate__answer_of_a_person_is_made_safe(void **state)
{
	struct sbk_user_part part;

	(void)state;
	/* Bytes that a hostile person chose. */
	memset(&part, 0x1b, sizeof(part));
	part.format = SBK_USER_PART_FORMAT;
	sbk_user_part_sanitize(&part);
	assert_int_equal(strlen(part.message), sizeof(part.message) - 1);
	assert_null(strchr(part.message, 0x1b));
	assert_int_equal(part.error, SBK_E_PARSE);
	assert_int_equal(part.found, 1);
	memset(&part, 0xff, sizeof(part));
	sbk_user_part_sanitize(&part);
	assert_int_equal(part.error, SBK_E_PARSE);
	assert_true(part.changes == 0 && part.owed == 0);
	/* The control: an honest one passes as it is. */
	memset(&part, 0, sizeof(part));
	part.format = SBK_USER_PART_FORMAT;
	part.found = 1;
	part.owed = 3;
	snprintf(part.message, sizeof(part.message), "%s", "a word");
	sbk_user_part_sanitize(&part);
	assert_int_equal(part.error, 0);
	assert_true(part.owed == 3);
	assert_string_equal(part.message, "a word");
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_certificate__is_a_statement_about_the_journal),
	cmocka_unit_test(test_certificate__names_each_change_and_its_undo),
	cmocka_unit_test(test_certificate__verdict_is_the_worst_exception),
	cmocka_unit_test(test_certificate__says_what_is_not_covered),
	cmocka_unit_test(test_certificate__answer_of_a_person_is_made_safe),
};

SBK_TEST_MAIN(tests)
