/* A run's record as the token that it had. */
#include "tests/support/test.h"

#include "audit/cmd.h"

#include "engine/banned.h"

#define ANN "S-1-5-21-1-2-3-1001"
#define OFFLINE "S-1-5-21-1-2-3-1005"
#define GROUPS "+S-1-1-0+S-1-5-11+S-1-5-32-545/S-1-1-0"

static void test_session_token__of_entries(void **state)
{
	static const struct {
		const char *begin, *token;
	} cases[] = {
		{"{}", ANN GROUPS},
		{"{\"account\":\"" OFFLINE "\"}", OFFLINE GROUPS},
		/* On Linux it is a number, and no token's. */
		{"{\"account\":1600}", ANN GROUPS},
		{"{\"roots\":[{\"path\":\"C:/a\",\"principal\":\"S-1-9-1\"},"
		 "{\"path\":\"C:/b\",\"missing\":\"gone\"},"
		 "{\"path\":\"C:/c\",\"principal\":\"S-1-9-2\"}],"
		 "\"account\":\"" OFFLINE "\"}",
		 OFFLINE GROUPS "+S-1-9-1+S-1-9-2"},
	};
	const struct sbk_owner caller = {ANN};
	struct sbk_buf entry = SBK_BUF_INIT, token = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		sbk_buf_clear(&entry);
		sbk_buf_clear(&token);
		sbk_buf_printf(&entry, "{\"op\":\"session\",\"begin\":%s}",
			       cases[i].begin);
		assert_ok(sbk_audit_token_of_session(&entry, &caller, &token,
						     &err),
			  &err);
		assert_string_equal(sbk_buf_text(&token), cases[i].token);
	}
	sbk_buf_clear(&entry);
	sbk_buf_adds(&entry, "{\"op\":\"intend\"}");
	assert_error(sbk_audit_token_of_session(&entry, &caller, &token, &err),
		     SBK_E_CORRUPT, &err);
	sbk_buf_release(&entry);
	sbk_buf_release(&token);
}

static void test_session_token__what_is_no_number(void **state)
{
	static const char *const words[] = {"session:",	  "session:0",
					    "session:-1", "session:1x",
					    "session: 1", "session:+1"};
	struct sbk_buf token = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		assert_error(sbk_audit_session_token(words[i], &token, &err),
			     SBK_E_INVAL, &err);
	assert_int_equal(token.size, 0);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_session_token__of_entries),
	cmocka_unit_test(test_session_token__what_is_no_number),
};

SBK_TEST_MAIN(tests)
