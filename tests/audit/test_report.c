/* Findings, coverage, exit codes, and what hostile names become. */
#include "audit/audit.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "engine/limits.h"
#include "tests/linux/host_test.h"
#include "tests/support/test.h"

#include "engine/banned.h"

static const struct sbk_finding finding = {
	.severity = SBK_SEVERITY_FINDING,
	.rule = "test.rule",
	.object = "/tmp/a\nb\x1b[31m\xe2\x80\xae",
	.principal = "ann (u:1)",
	.text = "something is wrong",
	.remedy = "mend it",
	.objects = 3,
};

static void test_report__is_clean_only_when_complete(void **unused)
{
	struct sbk_report *report = sbk_report_new("test");
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_finding info = finding;

	(void)unused;
	assert_int_equal(sbk_report_exit(report), 0);
	info.severity = SBK_SEVERITY_INFO;
	assert_ok(sbk_report_add(report, &info, &err), &err);
	assert_ok(sbk_report_skipped(report, "/x", "asked", &err), &err);
	assert_int_equal(sbk_report_exit(report), 0);
	assert_ok(sbk_report_add(report, &finding, &err), &err);
	assert_int_equal(sbk_report_exit(report), 1);
	assert_ok(sbk_report_missed(report, "/x", "denied", &err), &err);
	assert_int_equal(sbk_report_exit(report), 2);
	assert_int_equal(sbk_report_coverage(report)->unreadable, 1);
	assert_int_equal(sbk_report_coverage(report)->skipped, 1);
	sbk_report_free(report);
}

static void test_report__incomplete_without_findings_is_2(void **unused)
{
	struct sbk_report *report = sbk_report_new("test");
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf out = SBK_BUF_INIT;

	(void)unused;
	assert_ok(sbk_report_missed(report, "/secret", "denied", &err), &err);
	assert_int_equal(sbk_report_exit(report), 2);
	sbk_report_print(report, &out);
	assert_non_null(strstr(out.data, "not examined: /secret: denied"));
	assert_null(strstr(out.data, "clean\n"
				     "x"));
	assert_non_null(strstr(out.data, "incomplete, which is not clean"));
	sbk_buf_release(&out);
	sbk_report_free(report);
}

static void test_report__text_has_no_control_bytes_of_names(void **unused)
{
	struct sbk_report *report = sbk_report_new("test");
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf out = SBK_BUF_INIT;

	(void)unused;
	assert_ok(sbk_report_add(report, &finding, &err), &err);
	assert_ok(sbk_report_missed(report, "/m\x1b]0;x\a", "why\n", &err),
		  &err);
	sbk_report_print(report, &out);
	assert_null(strchr(out.data, '\x1b'));
	assert_null(strchr(out.data, '\a'));
	assert_null(strstr(out.data, "\xe2\x80\xae"));
	assert_non_null(strstr(out.data, "/tmp/a\\x0ab"));
	assert_non_null(strstr(out.data, "3 objects"));
	sbk_buf_release(&out);
	sbk_report_free(report);
}

static void test_report__json_keeps_names_and_all_findings(void **unused)
{
	struct sbk_report *report = sbk_report_new("test");
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf out = SBK_BUF_INIT;
	struct sbk_finding raw = finding;
	json_t *root, *first;
	int i;

	(void)unused;
	raw.members = "\"rights\":\"rw\"";
	for (i = 0; i < SBK_REPORT_LINES_MAX + 5; i++)
		assert_ok(sbk_report_add(report, &raw, &err), &err);
	raw.object = "/bytes/\xff";
	assert_ok(sbk_report_add(report, &raw, &err), &err);
	sbk_report_print_json(report, &out);
	root = json_loadb(out.data, out.size, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(root);
	assert_int_equal(json_array_size(json_object_get(root, "findings")),
			 SBK_REPORT_LINES_MAX + 6);
	first = json_array_get(json_object_get(root, "findings"), 0);
	assert_string_equal(json_string_value(json_object_get(first, "object")),
			    finding.object);
	assert_string_equal(json_string_value(json_object_get(first, "rights")),
			    "rw");
	assert_non_null(strstr(out.data, "\"object_hex\":\"2f6279"));
	assert_int_equal(json_integer_value(json_object_get(root, "exit")), 1);
	json_decref(root);
	sbk_buf_clear(&out);
	sbk_report_print(report, &out);
	assert_non_null(strstr(out.data, "and 6 more"));
	sbk_buf_release(&out);
	sbk_report_free(report);
}

/* What a shell makes of the quoted name is the name. */
static void test_report__quoted_names_survive_a_shell(void **unused)
{
	static const char *const names[] = {
		"/plain/name-1.txt", "/with space", "/quote'd",	 "/dollar$(id)",
		"/back\\slash",	     "/new\nline",  "/tab\t'\\", "/\xff\xfe",
		"/bidi\xe2\x80\xae", "/;rm -rf *",  "",
	};
	size_t i;

	(void)unused;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct sbk_buf command = SBK_BUF_INIT, inner = SBK_BUF_INIT;
		char *back;

		sbk_buf_adds(&inner, "printf %s ");
		sbk_text_quote(&inner, names[i]);
		sbk_buf_adds(&inner, "; printf .");
		setenv("SBK_TEST_COMMAND", inner.data, 1);
		sbk_buf_adds(&command, "bash -c \"$SBK_TEST_COMMAND\"");
		back = shell_output(command.data);
		assert_int_equal(strlen(back), strlen(names[i]) + 1);
		assert_memory_equal(back, names[i], strlen(names[i]));
		assert_int_equal(inner.data[strspn(inner.data,
						   " !\"#$%&'()*+,-./0123456789"
						   ":;<=>?@ABCDEFGHIJKLMNOPQRST"
						   "UVWXYZ[\\]^_`abcdefghijklmn"
						   "opqrstuvwxyz{|}~")],
				 '\0');
		free(back);
		sbk_buf_release(&command);
		sbk_buf_release(&inner);
	}
}

static void test_report__a_few_missed_places_stand_for_all(void **state)
{
	struct sbk_report *report = sbk_report_new("scope");
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf out = SBK_BUF_INIT;
	char place[32];
	int i;

	(void)state;
	for (i = 0; i < 12; i++) {
		(void)snprintf(place, sizeof(place), "/place-%d.", i);
		assert_ok(sbk_report_missed(report, place, "denied", &err),
			  &err);
	}
	sbk_report_print(report, &out);
	assert_non_null(strstr(sbk_buf_text(&out), "/place-9."));
	assert_null(strstr(sbk_buf_text(&out), "/place-10."));
	assert_non_null(strstr(sbk_buf_text(&out), "and more (--json"));
	assert_non_null(strstr(sbk_buf_text(&out), "12 could not be examined"));
	sbk_buf_clear(&out);
	sbk_report_print_json(report, &out);
	assert_non_null(strstr(sbk_buf_text(&out), "/place-11."));
	sbk_buf_release(&out);
	sbk_report_free(report);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_report__is_clean_only_when_complete),
	cmocka_unit_test(test_report__incomplete_without_findings_is_2),
	cmocka_unit_test(test_report__text_has_no_control_bytes_of_names),
	cmocka_unit_test(test_report__json_keeps_names_and_all_findings),
	cmocka_unit_test(test_report__quoted_names_survive_a_shell),
	cmocka_unit_test(test_report__a_few_missed_places_stand_for_all),
};

SBK_TEST_MAIN(tests)
