/* The frames of the runner's pipe, and what is due when. */
#include "tests/support/test.h"

#include <string.h>

#include "engine/ntsec/access_table.h"
#include "engine/windows/frame.h"
#include "engine/windows/run_rules.h"

#include "engine/banned.h"

static struct sbk_frame start_frame(void)
{
	static const char *argv[] = {"C:/a b.exe", "\xc3\xa9\"\\", NULL};
	static const char *environment[] = {"PATH=C:\\", NULL};
	static const char *roots[] = {"S-1-0x0053424B0001-1-2-3-4-1", NULL};

	return (struct sbk_frame){.type = SBK_FRAME_START,
				  .argv = argv,
				  .environment = environment,
				  .roots = roots,
				  .program = "C:/a b.exe",
				  .directory = "C:/ws",
				  .temporary = "",
				  .run = "S-1-0x0053424B0002-1-2-3-4",
				  .timeout_s = 60,
				  .offline = true,
				  .columns = 80,
				  .rows = 24};
}

static void test_frame__is_read_as_it_was_written(void **state)
{
	const struct sbk_frame start = start_frame();
	const struct sbk_frame output = {.type = SBK_FRAME_OUTPUT,
					 .stream = 2,
					 .data = (const uint8_t *)"\0\xff\n",
					 .data_size = 3};
	struct sbk_buf bytes = SBK_BUF_INIT, again = SBK_BUF_INIT;
	struct sbk_frame one, two;
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	assert_ok(sbk_frame_write(&start, &bytes, &err), &err);
	assert_ok(sbk_frame_write(&output, &bytes, &err), &err);
	assert_int_equal(sbk_frame_read(&bytes, &one, &err), 1);
	assert_int_equal(sbk_frame_read(&bytes, &two, &err), 1);
	assert_int_equal(sbk_frame_read(&bytes, &two, &err), 0);
	assert_int_equal(one.type, SBK_FRAME_START);
	assert_string_equal(one.argv[1], "\xc3\xa9\"\\");
	assert_null(one.argv[2]);
	assert_string_equal(one.directory, "C:/ws");
	assert_true(one.offline && one.terminal == 0);
	assert_int_equal(one.timeout_s, 60);
	assert_int_equal(two.stream, 2);
	assert_int_equal(two.data_size, 3);
	assert_memory_equal(two.data, "\0\xff\n", 3);
	assert_ok(sbk_frame_write(&one, &again, &err), &err);
	assert_ok(sbk_frame_write(&start, &bytes, &err), &err);
	assert_int_equal(again.size, bytes.size);
	assert_memory_equal(again.data, bytes.data, bytes.size);
	sbk_frame_release(&one);
	sbk_frame_release(&two);
	sbk_buf_release(&bytes);
	sbk_buf_release(&again);
}

/* Byte by byte it is the same frame. */
static void test_frame__comes_in_pieces(void **state)
{
	const struct sbk_frame start = start_frame();
	struct sbk_buf bytes = SBK_BUF_INIT, received = SBK_BUF_INIT;
	struct sbk_frame frame;
	struct sbk_error err = SBK_ERROR_INIT;
	size_t i;

	(void)state;
	assert_ok(sbk_frame_write(&start, &bytes, &err), &err);
	for (i = 0; i + 1 < bytes.size; i++) {
		sbk_buf_addc(&received, bytes.data[i]);
		assert_int_equal(sbk_frame_read(&received, &frame, &err), 0);
	}
	sbk_buf_addc(&received, bytes.data[i]);
	assert_int_equal(sbk_frame_read(&received, &frame, &err), 1);
	assert_int_equal(received.size, 0);
	sbk_frame_release(&frame);
	sbk_buf_release(&bytes);
	sbk_buf_release(&received);
}

static int read_text(const char *json, struct sbk_error *err)
{
	struct sbk_buf bytes = SBK_BUF_INIT;
	const size_t size = strlen(json);
	const char length[] = {(char)(size & 0xff), (char)(size >> 8), 0, 0};
	struct sbk_frame frame;
	int rc;

	sbk_buf_add(&bytes, length, 4);
	sbk_buf_adds(&bytes, json);
	rc = sbk_frame_read(&bytes, &frame, err);
	if (rc == 1)
		sbk_frame_release(&frame);
	sbk_buf_release(&bytes);
	return rc;
}

static void test_frame__refuses_each_other_text(void **state)
{
	static const char *const wrong[] = {
		"x",
		"[]",
		"{\"v\":1}",
		"{\"v\":1,\"type\":\"stop\",\"more\":1}",
		"{\"v\":1,\"type\":\"stop\",\"type\":\"stop\"}",
		"{\"v\":1,\"type\":\"Stop\"}",
		"{\"v\":1,\"type\":\"hello\"}",
		"{\"v\":1,\"type\":\"hello\",\"process\":0}",
		"{\"v\":1,\"type\":\"hello\",\"process\":1.0}",
		"{\"v\":1,\"type\":\"size\",\"columns\":80,\"rows\":32768}",
		"{\"v\":1,\"type\":\"size\",\"columns\":-1,\"rows\":3}",
		"{\"v\":1,\"type\":\"input\",\"data\":\"QQ==\"}",
		"{\"v\":1,\"type\":\"input\",\"stream\":4,\"data\":\"QQ==\"}",
		"{\"v\":1,\"type\":\"input\",\"stream\":0,\"data\":\"\"}",
		"{\"v\":1,\"type\":\"took\",\"stream\":0,\"size\":0}",
		"{\"v\":1,\"type\":\"took\",\"stream\":0,\"size\":131073}",
		"{\"v\":1,\"type\":\"input\",\"stream\":0,\"data\":\"QQ\"}",
		"{\"v\":1,\"type\":\"input\",\"stream\":0,\"data\":\"Q Q=\"}",
		"{\"v\":1,\"type\":\"output\",\"stream\":0,\"data\":\"QQ==\"}",
		"{\"v\":1,\"type\":\"error\",\"step\":\"a\",\"message\":\"b\","
		"\"os_code\":0,\"error\":0}",
	};
	struct sbk_error err = SBK_ERROR_INIT;
	size_t i;

	(void)state;
	assert_int_equal(read_text("{\"v\":1,\"type\":\"stop\"}", &err), 1);
	assert_int_equal(read_text("{\"v\":1,\"type\":\"input\",\"stream\":3,"
				   "\"data\":\"QQ==\"}",
				   &err),
			 1);
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_error(read_text(wrong[i], &err), SBK_E_PARSE, &err);
	assert_error(read_text("{\"v\":2,\"type\":\"stop\"}", &err),
		     SBK_E_UNSUPPORTED, &err);
	assert_error(read_text("{\"v\":\"1\",\"type\":\"stop\"}", &err),
		     SBK_E_UNSUPPORTED, &err);
}

static void test_frame__has_a_largest_size(void **state)
{
	struct sbk_buf bytes = SBK_BUF_INIT;
	struct sbk_frame frame;
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	/* Refused by its length, before a byte of it is waited for. */
	sbk_buf_add(&bytes, "\x01\x00\x10\x00", 4);
	assert_error(sbk_frame_read(&bytes, &frame, &err), SBK_E_LIMIT, &err);
	sbk_buf_clear(&bytes);
	sbk_buf_add(&bytes, "\0\0\0\0", 4);
	assert_error(sbk_frame_read(&bytes, &frame, &err), SBK_E_LIMIT, &err);
	frame = start_frame();
	frame.directory = "\xff";
	assert_error(sbk_frame_write(&frame, &bytes, &err), SBK_E_INVAL, &err);
	sbk_buf_release(&bytes);
}

/* Of all sequences, only those of the table in the header. */
static void test_frame__each_is_due_in_its_phases_only(void **state)
{
	static const char expected[SBK_FRAME_RUNNING + 1][2]
				  [SBK_FRAME_TYPES + 1] = {
					  {"x...........", "............"},
					  {"............", "x..........."},
					  {".xxxxx......", "............"},
					  {"..xxxx......", "......x....x"},
					  {"..xxxx.x....", "............"},
					  {"..xxxx......", "........xxxx"}};
	struct sbk_error err = SBK_ERROR_INIT;
	int phase, side, type;

	(void)state;
	for (phase = 0; phase <= SBK_FRAME_RUNNING; phase++)
		for (side = 0; side < 2; side++)
			for (type = 0; type < SBK_FRAME_TYPES; type++) {
				enum sbk_frame_phase now =
					(enum sbk_frame_phase)phase;
				const int rc = sbk_frame_due(
					(enum sbk_frame_side)side,
					(enum sbk_frame_type)type, &now, &err);

				assert_int_equal(rc == 0,
						 expected[phase][side][type] ==
							 'x');
			}
}

/* --- what an unelevated run says of itself -------------------------------- */

/* As long as the table of rights is open there, and whole. */
static void assert_reserved(const struct sbk_carriers *carriers,
			    const char *whose)
{
	const char *text = carriers->reserved[SBK_GUARANTEE_WRITES];
	const struct sbk_access_known known =
		sbk_access_known(SBK_NT_FILE, true);
	const uint32_t rights = SBK_RIGHT_DELETE | SBK_FILE_DELETE_CHILD |
				SBK_RIGHT_WRITE_DAC | SBK_RIGHT_WRITE_OWNER;
	const bool open = (rights & ~known.second & ~known.first) != 0;
	int i;

	assert_int_equal(
		strstr(text, "awaits a measurement on Windows") != NULL, open);
	assert_int_equal(strstr(text, whose) != NULL, open);
	assert_int_equal(strstr(text, "deletion") != NULL,
			 (SBK_RIGHT_DELETE & ~known.second) != 0);
	assert_int_equal(strstr(text, "changes of access lists") != NULL,
			 (SBK_RIGHT_WRITE_DAC & ~known.second) != 0);
	/* The last of it: nothing was cut off. */
	assert_non_null(strstr(text, "Everyone may write it writes ('sandbook "
				     "audit scope')"));
	for (i = 0; i < SBK_GUARANTEE_COUNT; i++)
		assert_int_equal(carriers->reserved[i][0] != '\0',
				 i == SBK_GUARANTEE_WRITES);
}

static void test_run_rules__says_what_it_does_not_keep(void **state)
{
	struct sbk_carriers carriers;
	struct sbk_scope scope;
	struct sbk_error err = SBK_ERROR_INIT;
	int i;

	(void)state;
	memset(&carriers, 0, sizeof(carriers));
	memset(&scope, 0, sizeof(scope));
	sbk_run_rules_carriers(SBK_NETWORK_OFF, &carriers);
	for (i = 0; i < SBK_GUARANTEE_COUNT; i++)
		assert_true((carriers.names[i][0] == '\0') !=
			    (carriers.missing[i][0] == '\0'));
	assert_reserved(&carriers, "the user");
	assert_string_equal(carriers.names[SBK_GUARANTEE_WRITES],
			    "write-restricted token");
	assert_error(sbk_run_rules_check(&scope, &carriers, &err),
		     SBK_E_UNSUPPORTED, &err);
	assert_non_null(strstr(err.message, "'reads'"));
	scope.best_effort = true;
	assert_ok(sbk_run_rules_check(&scope, &carriers, &err), &err);
	scope.account = SBK_ACCOUNT_WISH_REQUIRE;
	assert_error(sbk_run_rules_check(&scope, &carriers, &err),
		     SBK_E_UNSUPPORTED, &err);
}

static void test_run_rules__an_account_carries_what_was_seen(void **state)
{
	struct sbk_carriers carriers;
	struct sbk_scope scope;
	struct sbk_error err = SBK_ERROR_INIT;
	int i;

	(void)state;
	memset(&carriers, 0, sizeof(carriers));
	memset(&scope, 0, sizeof(scope));
	sbk_run_rules_account(SBK_NETWORK_OFF, 1005, true, "", &carriers);
	for (i = 0; i < SBK_GUARANTEE_COUNT; i++)
		assert_true(carriers.names[i][0] != '\0');
	assert_reserved(&carriers, "the account");
	assert_int_equal(carriers.account, 1005);
	assert_ok(sbk_run_rules_check_account(&scope, &carriers, &err), &err);
	sbk_run_rules_account(SBK_NETWORK_OFF, 1005, false, "it got through",
			      &carriers);
	assert_false(carriers.firewall);
	assert_error(sbk_run_rules_check_account(&scope, &carriers, &err),
		     SBK_E_UNSUPPORTED, &err);
	assert_non_null(strstr(err.message, "it got through"));
	scope.best_effort = true;
	assert_ok(sbk_run_rules_check_account(&scope, &carriers, &err), &err);
	/* Asked for by name, the account is one that is kept off. */
	scope.account = SBK_ACCOUNT_WISH_REQUIRE;
	assert_error(sbk_run_rules_check_account(&scope, &carriers, &err),
		     SBK_E_UNSUPPORTED, &err);
	sbk_run_rules_account(SBK_NETWORK_ON, 1006, false, "", &carriers);
	assert_string_equal(carriers.names[SBK_GUARANTEE_NETWORK],
			    "not asked for");
	scope.network = SBK_NETWORK_ON;
	assert_ok(sbk_run_rules_check_account(&scope, &carriers, &err), &err);
}

static void test_run_rules__a_denied_path_is_refused(void **state)
{
	struct sbk_scope_path paths[] = {
		{.path = "C:/ws", .target = "C:/ws", .kind = SBK_ACCESS_RW},
		{.path = "C:/ws/x", .target = "C:/ws/x"}};
	struct sbk_carriers carriers;
	struct sbk_scope scope;
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	memset(&carriers, 0, sizeof(carriers));
	memset(&scope, 0, sizeof(scope));
	scope.paths = paths;
	scope.path_count = 2;
	scope.best_effort = true;
	sbk_run_rules_carriers(SBK_NETWORK_ON, &carriers);
	assert_string_equal(carriers.missing[SBK_GUARANTEE_NETWORK], "");
	paths[1].kind = SBK_ACCESS_PROTECT;
	assert_ok(sbk_run_rules_check(&scope, &carriers, &err), &err);
	paths[1].kind = SBK_ACCESS_DENY;
	assert_error(sbk_run_rules_check(&scope, &carriers, &err),
		     SBK_E_UNSUPPORTED, &err);
	assert_non_null(strstr(err.message, "C:/ws/x"));
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_frame__is_read_as_it_was_written),
	cmocka_unit_test(test_frame__comes_in_pieces),
	cmocka_unit_test(test_frame__refuses_each_other_text),
	cmocka_unit_test(test_frame__has_a_largest_size),
	cmocka_unit_test(test_frame__each_is_due_in_its_phases_only),
	cmocka_unit_test(test_run_rules__says_what_it_does_not_keep),
	cmocka_unit_test(test_run_rules__an_account_carries_what_was_seen),
	cmocka_unit_test(test_run_rules__a_denied_path_is_refused),
};

SBK_TEST_MAIN(tests)
