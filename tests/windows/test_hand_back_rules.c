/* What handing back makes of what an account's program made of a list. */
#include "tests/support/test.h"

#include <string.h>

#include "engine/windows/hand_back_rules.h"
#include "tests/windows/nt_state.h"

#include "engine/banned.h"

#define ANN "S-1-5-21-1-2-3-1001"
#define ACCOUNT "S-1-5-21-1-2-3-1005"
#define RUN "S-1-0x0053424B0002-1-2-3-4"
#define ROOT "S-1-0x0053424B0001-1-2-3-4-7"
#define GRANT "(A;OICIIO;0x1301bf;;;" ACCOUNT ")"
/* A granted root of hers, and what a file and a directory inherit there. */
#define ABOVE "O:" ANN BELOW_ANN
#define BELOW_ANN                                   \
	"G:BUD:AI(A;;0x1201bf;;;" ACCOUNT ")" GRANT \
	"(A;OICIID;FA;;;SY)(A;OICIIOID;GA;;;CO)(A;OICIID;FA;;;" ANN ")"
#define FILE_BELOW                                                       \
	"(A;ID;0x1301bf;;;" ACCOUNT ")(A;ID;FA;;;SY)(A;ID;FA;;;" ANN ")" \
	"(A;ID;FA;;;" ANN ")"
#define HERS "O:" ANN "G:BUD:"
#define ITS "O:" ACCOUNT "G:BUD:"

static void hand_back(const char *above, const char *before, bool is_directory,
		      struct sbk_buf *after)
{
	struct sbk_buf parent = SBK_BUF_INIT, now = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;

	nt_state_add(&parent, above, true);
	nt_state_add(&now, before, is_directory);
	assert_ok(sbk_nt_hand_back(ANN, ACCOUNT, nt_state_of(&parent),
				   nt_state_of(&now), after, &err),
		  &err);
	sbk_buf_release(&parent);
	sbk_buf_release(&now);
}

static void assert_file(const char *above, const char *before,
			const char *after)
{
	struct sbk_buf state = SBK_BUF_INIT, sddl = SBK_BUF_INIT;

	hand_back(above, before, false, &state);
	nt_state_sddl(nt_state_of(&state), &sddl);
	assert_string_equal(sbk_buf_text(&sddl), after);
	sbk_buf_release(&state);
	sbk_buf_release(&sddl);
}

static void test_hand_back_rules__a_file_as_if_she_had_made_it(void **state)
{
	(void)state;
	/* As it was made there: CREATOR OWNER was the account. */
	assert_file(ABOVE,
		    ITS "AI(A;ID;0x1301bf;;;" ACCOUNT
			")(A;ID;FA;;;SY)(A;ID;FA;;;" ACCOUNT ")(A;ID;FA;;;" ANN
			")",
		    HERS "AI" FILE_BELOW);
	/* Moved in from the run's private directory. */
	assert_file(ABOVE, ITS "AI(A;ID;FA;;;SY)(A;ID;0x1301bf;;;" RUN ")",
		    HERS "AI" FILE_BELOW);
	/* With an empty list, a NULL one, and none. */
	assert_file(ABOVE, ITS, HERS "AI" FILE_BELOW);
	assert_file(ABOVE, ITS "NO_ACCESS_CONTROL", HERS "AI" FILE_BELOW);
	assert_file(ABOVE, "O:" ACCOUNT "G:BU", HERS "AI" FILE_BELOW);
}

static void test_hand_back_rules__explicit_entries(void **state)
{
	(void)state;
	/* What nobody grants is hers; what a grant may have made stays, and so
	 * does everybody else's. */
	assert_file(ABOVE,
		    ITS "AI(D;;WD;;;" ACCOUNT ")(A;;FA;;;" ACCOUNT
			")(A;;0x1301bf;;;" ACCOUNT ")(A;;FR;;;WD)",
		    HERS "AI(D;;WD;;;" ACCOUNT ")(A;;FA;;;" ANN
			 ")(A;;0x1301bf;;;" ACCOUNT ")(A;;FR;;;WD)" FILE_BELOW);
	/* She is denied nothing; others may be. */
	assert_file(ABOVE, ITS "AI(D;;FA;;;" ANN ")(D;;FA;;;BG)",
		    HERS "AI(D;;FA;;;BG)" FILE_BELOW);
	assert_file(ABOVE, ITS "AI(A;;FA;;;" RUN ")(A;;FA;;;" ROOT ")",
		    HERS "AI(A;;FA;;;" ROOT ")" FILE_BELOW);
}

/* A key that its program protects stays protected. */
static void test_hand_back_rules__a_protected_list(void **state)
{
	(void)state;
	assert_file(ABOVE, ITS "PAI(A;;FA;;;SY)(A;;FA;;;" ACCOUNT ")",
		    HERS "PAI(A;;FA;;;SY)(A;;FA;;;" ANN ")");
	assert_file(ABOVE, ITS "PAI(D;;FA;;;" ANN ")", HERS "PAI");
}

/* A directory that knows nothing of automatic inheritance. */
static void test_hand_back_rules__an_old_directory(void **state)
{
	(void)state;
	assert_file(HERS "(A;OICI;FA;;;" ANN ")(A;OICI;FR;;;WD)",
		    ITS "(A;;FA;;;" ANN ")(A;;FR;;;WD)",
		    HERS "(A;;FA;;;" ANN ")(A;;FR;;;WD)");
	assert_file(HERS "NO_ACCESS_CONTROL", ITS "NO_ACCESS_CONTROL",
		    HERS "NO_ACCESS_CONTROL");
}

static void test_hand_back_rules__what_is_not_the_accounts(void **state)
{
	(void)state;
	assert_file(ABOVE, HERS "(D;;FA;;;" ANN ")", HERS "(D;;FA;;;" ANN ")");
	assert_file(ABOVE, "O:BAG:" ACCOUNT "D:(A;;FA;;;" ACCOUNT ")",
		    "O:BAG:" ACCOUNT "D:(A;;FA;;;" ACCOUNT ")");
	/* Its group is nothing that anybody has by it. */
	assert_file(ABOVE, "O:" ACCOUNT "G:" ACCOUNT "D:P",
		    "O:" ANN "G:" ANN "D:P");
}

static void test_hand_back_rules__a_directory_that_stays(void **state)
{
	struct sbk_buf parent = SBK_BUF_INIT, now = SBK_BUF_INIT;
	struct sbk_buf next = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	nt_state_add(&parent, "O:" ACCOUNT BELOW_ANN, true);
	nt_state_add(&now, ITS "AI(A;;FA;;;" ANN ")", false);
	assert_error(sbk_nt_hand_back(ANN, ACCOUNT, nt_state_of(&parent),
				      nt_state_of(&now), &next, &err),
		     SBK_E_DENIED, &err);
	assert_int_equal(next.size, 0);
	sbk_buf_release(&parent);
	sbk_buf_release(&now);
	sbk_buf_release(&next);
}

/* Once more changes nothing, in a directory too. */
static void test_hand_back_rules__is_done_once(void **state)
{
	static const char *const before[] = {
		ITS "AI(A;;FA;;;" ACCOUNT ")", ITS "NO_ACCESS_CONTROL",
		ITS "PAI(D;;FA;;;" ANN ")(A;;GA;;;" ACCOUNT ")"};
	struct sbk_buf parent = SBK_BUF_INIT;
	size_t i;

	(void)state;
	nt_state_add(&parent, "O:BA" BELOW_ANN, true);
	for (i = 0; i < sizeof(before) / sizeof(before[0]); i++) {
		struct sbk_buf once = SBK_BUF_INIT, twice = SBK_BUF_INIT;
		struct sbk_error err = SBK_ERROR_INIT;

		hand_back("O:BA" BELOW_ANN, before[i], true, &once);
		/* As if the owner alone had been set back. */
		assert_ok(sbk_nt_hand_back(ANN, ANN, nt_state_of(&parent),
					   nt_state_of(&once), &twice, &err),
			  &err);
		assert_string_equal(sbk_buf_text(&twice), sbk_buf_text(&once));
		sbk_buf_release(&once);
		sbk_buf_release(&twice);
	}
	sbk_buf_release(&parent);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_hand_back_rules__a_file_as_if_she_had_made_it),
	cmocka_unit_test(test_hand_back_rules__explicit_entries),
	cmocka_unit_test(test_hand_back_rules__a_protected_list),
	cmocka_unit_test(test_hand_back_rules__an_old_directory),
	cmocka_unit_test(test_hand_back_rules__what_is_not_the_accounts),
	cmocka_unit_test(test_hand_back_rules__a_directory_that_stays),
	cmocka_unit_test(test_hand_back_rules__is_done_once),
};

SBK_TEST_MAIN(tests)
