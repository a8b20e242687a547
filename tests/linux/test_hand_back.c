/*
 * What an access state becomes when its object is handed back.
 */
#include <string.h>

#include "engine/hand_back.h"
#include "engine/linux/mappable.h"
#include "tests/support/test.h"

#include "engine/banned.h"

#define ACL                                        \
	"access u::rw-\naccess u:1900000001:rw-\n" \
	"access g::r--\naccess m::rw-\naccess o::r--\n"
/* Of a third account, as a namespace of two lines shows it. */
#define THIRD                                      \
	"access u::rw-\naccess u:4294967295:r--\n" \
	"access u:1900000001:rw-\n"                \
	"access g::r--\naccess m::rw-\naccess o::r--\n"

static const struct sbk_hand_back_account account = {
	.owner = {.text = "1900000001"}};
static const struct sbk_hand_back who = {.person = {.uid = 1600, .gid = 1700},
					 .account = &account};

static const struct {
	const char *before, *after; /* NULL: refused */
} states[] = {
	/* The account's. */
	{"owner 1900000001\ngroup 1900000001\nmode 100664\n",
	 "owner 1600\ngroup 1700\nmode 100664\n"},
	{"owner 1900000001\ngroup 1900000001\nmode 100664\n" ACL,
	 "owner 1600\ngroup 1700\nmode 100664\n" ACL},
	{"owner 1900000001\ngroup 1900000001\nmode 100664\n" THIRD,
	 "owner 1600\ngroup 1700\nmode 100664\n" THIRD},
	/* One of the two. */
	{"owner 1900000001\ngroup 1700\nmode 100600\n",
	 "owner 1600\ngroup 1700\nmode 100600\n"},
	{"owner 1600\ngroup 1900000001\nmode 100600\n",
	 "owner 1600\ngroup 1700\nmode 100600\n"},
	/* Set-id bits go, but for what a directory hands on. */
	{"owner 1900000001\ngroup 1900000001\nmode 106755\n",
	 "owner 1600\ngroup 1700\nmode 100755\n"},
	{"owner 1600\ngroup 1900000001\nmode 102755\n",
	 "owner 1600\ngroup 1700\nmode 100755\n"},
	{"owner 1900000001\ngroup 1900000001\nmode 42755\n",
	 "owner 1600\ngroup 1700\nmode 42755\n"},
	{"owner 1900000001\ngroup 1900000001\nmode 120777\n",
	 "owner 1600\ngroup 1700\nmode 120777\n"},
	/* Nothing of the account's. */
	{"owner 1600\ngroup 1700\nmode 104755\n",
	 "owner 1600\ngroup 1700\nmode 104755\n"},
	{"owner 0\ngroup 0\nmode 104755\n", "owner 0\ngroup 0\nmode 104755\n"},
	{"owner 1900000002\ngroup 1900000002\nmode 100644\n",
	 "owner 1900000002\ngroup 1900000002\nmode 100644\n"},
	/* A third one has a part in it. */
	{"owner 1900000001\ngroup 65534\nmode 100664\n", NULL},
	{"owner 65534\ngroup 1900000001\nmode 100664\n", NULL},
	{"owner 1900000001\ngroup 0\nmode 100664\n", NULL},
};

static void test_hand_back__states(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		const struct sbk_hand_back_object object = {
			.path = "/home/u/p/made",
			.current = {.data = states[i].before,
				    .size = strlen(states[i].before)}};
		struct sbk_buf next = SBK_BUF_INIT;
		struct sbk_error err = SBK_ERROR_INIT;
		int rc = sbk_hand_back_state(&who, &object, &next, &err);

		if (states[i].after == NULL)
			assert_int_equal(rc, SBK_E_DENIED);
		else
			assert_ok(rc, &err);
		if (states[i].after != NULL)
			assert_string_equal(sbk_buf_text(&next),
					    states[i].after);
		sbk_buf_release(&next);
	}
}

static void test_hand_back__refuses_what_is_no_state(void **state)
{
	const struct sbk_hand_back_object nonsense = {
		.path = "/home/u/p/made",
		.current = {.data = "owner x\n", .size = 8}};
	struct sbk_buf next = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	assert_int_equal(sbk_hand_back_state(&who, &nonsense, &next, &err),
			 SBK_E_PARSE);
	sbk_buf_release(&next);
}

static void test_hand_back__another_group_is_not_mapped(void **state)
{
	(void)state;
	assert_null(sbk_unmappable("/nonexistent", 0, true));
	assert_non_null(sbk_unmappable("/usr", 4242, true));
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_hand_back__states),
	cmocka_unit_test(test_hand_back__refuses_what_is_no_state),
	cmocka_unit_test(test_hand_back__another_group_is_not_mapped),
};

SBK_TEST_MAIN(tests)
