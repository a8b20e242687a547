/* What the two processes of a run tell each other arrives. */
#include <string.h>
#include <unistd.h>

#include "engine/linux/channel.h"
#include "tests/support/test.h"

#include "engine/banned.h"

static void test_channel__last_words_of_one_that_did_not_listen(void **state)
{
	struct sbk_message message = {.type = SBK_MESSAGE_CLOSED};
	struct sbk_error err = SBK_ERROR_INIT;
	int ends[2];

	(void)state;
	assert_ok(sbk_channel_pair(ends, &err), &err);
	assert_ok(sbk_channel_say(ends[0], SBK_MESSAGE_GO, 0, &err), &err);
	assert_ok(sbk_channel_say(ends[1], SBK_MESSAGE_ENDED, 7, &err), &err);
	assert_int_equal(close(ends[1]), 0);
	assert_ok(sbk_channel_receive(ends[0], &message, &err), &err);
	assert_int_equal(message.type, SBK_MESSAGE_ENDED);
	assert_int_equal(message.value, 7);
	assert_ok(sbk_channel_receive(ends[0], &message, &err), &err);
	assert_int_equal(message.type, SBK_MESSAGE_CLOSED);
	assert_int_equal(close(ends[0]), 0);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_channel__last_words_of_one_that_did_not_listen),
};

SBK_TEST_MAIN(tests)
