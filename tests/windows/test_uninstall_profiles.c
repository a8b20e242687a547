/*
 * Profiles of the accounts when Sandbook leaves, on the simulated volume
 * (leave_world.h, hybrid_simulate_profiles), whose DeleteProfileW follows every
 * link: everything in a profile's folder is hostile, and so may be what the
 * system's list says of it. Each time: nothing of anybody else's goes, the rest
 * goes all the same, what stays is told, and the next call finishes.
 */
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <windows.h>

#include "tests/windows/leave_world.h"

#include "engine/banned.h"

#define OFFLINE L"SandbookOffline"
#define PLACE "S:/Users/SandbookOffline"
#define OTHER_PLACE "S:/Users/SandbookOffline.HOST"

/* What a system has in S:/Users. */
static void begin_empty(struct setup_world *w)
{
	leave_begin(w);
	hybrid_simulate_profiles(w->sim);
	(void)sim_add(w->sim, "S:/Users/Default", true,
		      "O:SYG:SYD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)"
		      "(A;OICI;0x1200a9;;;BU)");
	(void)sim_add(w->sim, "S:/Users/Default/NTUSER.DAT", false, NULL);
	(void)sim_add(w->sim, "S:/Users/Default/AppData", true, NULL);
	setup_world_mark(w);
}

static void begin(struct setup_world *w)
{
	begin_empty(w);
	leave_enrol(w);
	assert_int_not_equal(sim_find(w->sim, PLACE "/NTUSER.DAT"), SIZE_MAX);
}

static void key_of(struct setup_world *w, const WCHAR *end, WCHAR out[160])
{
	char sid[SBK_SID_TEXT_MAX];

	leave_sid_named(w, OFFLINE, sid);
	(void)swprintf(out, 160, SIM_PROFILE_LIST L"\\%hs%ls", sid, end);
}

/* The world is as it was, and so is each descriptor of it. */
static void end(struct setup_world *w)
{
	assert_false(leave_is_there("Sandbook"));
	assert_int_equal(sim_find(w->sim, PLACE), SIZE_MAX);
	setup_world_assert_start(w, 0);
	setup_world_end(w);
}

/* Incomplete, with these words, and without the accounts. */
static void assert_left(struct setup_world *w, const char *words)
{
	assert_int_equal(leave_uninstall(), SBK_EXIT_INCOMPLETE);
	setup_world_assert_printed(words);
	assert_null(sim_account_named(w->sim, OFFLINE));
	assert_true(leave_is_there("Sandbook"));
}

static void test_uninstall_profiles__default_is_as_it_was(void **state)
{
	struct setup_world w;

	(void)state;
	begin(&w);
	/* Control: that is compared. */
	sim_set(w.sim, "S:/Users/Default/NTUSER.DAT",
		"O:SYG:SYD:P(A;;FA;;;SY)");
	leave_must(leave_uninstall());
	setup_world_assert_host(&w, "Default", true);
	sim_remove(w.sim, "S:/Users/Default/NTUSER.DAT");
	setup_world_mark(&w);
	end(&w);
	begin(&w);
	leave_must(leave_uninstall());
	end(&w);
}

static void test_uninstall_profiles__a_link_in_it_goes_itself(void **state)
{
	struct setup_world w;

	(void)state;
	begin(&w);
	(void)sim_add(w.sim, PLACE "/in", true, NULL);
	sim_make_link(w.sim, PLACE "/in", "S:/Users/ann");
	sim_make_link(w.sim, PLACE "/AppData", "S:/Users/Default");
	leave_must(leave_uninstall());
	assert_int_not_equal(sim_find(w.sim, MADE), SIZE_MAX);
	end(&w);
}

/* In its place, moved aside before; then put back by hand. */
static void test_uninstall_profiles__a_link_in_its_place_stays(void **state)
{
	struct setup_world w;

	(void)state;
	begin(&w);
	sim_rename(w.sim, PLACE, "S:/Users/aside");
	(void)sim_add(w.sim, PLACE, true, NULL);
	sim_make_link(w.sim, PLACE, "S:/Users/ann");
	assert_left(&w, "a link stands at");
	assert_int_not_equal(sim_find(w.sim, MADE), SIZE_MAX);
	sim_remove(w.sim, PLACE);
	sim_rename(w.sim, "S:/Users/aside", PLACE);
	leave_must(leave_uninstall());
	end(&w);
}

/* The list names ann's folder, through which the account may pass. */
static void test_uninstall_profiles__the_list_points_elsewhere(void **state)
{
	struct setup_world w;
	char off[SBK_SID_TEXT_MAX], entry[256], sddl[600];
	WCHAR key[160];
	size_t sealed;

	(void)state;
	for (sealed = 0; sealed < 2; sealed++) {
		begin(&w);
		leave_sid_named(&w, OFFLINE, off);
		(void)snprintf(entry, sizeof(entry), "(A;;0x1000a0;;;%s)", off);
		leave_sddl(&w, NULL, entry, sddl);
		sim_set(w.sim, "S:/Users/ann", sddl);
		key_of(&w, L"", key);
		if (sealed == 0) { /* a logon's, as far as the list says */
			sim_key_remove(w.sim, key);
			sim_key_make(w.sim, key);
		}
		sim_value_text(w.sim, key, L"ProfileImagePath",
			       L"S:\\Users\\ann");
		assert_left(&w, "S:/Users/ann");
		assert_int_not_equal(sim_find(w.sim, MADE), SIZE_MAX);
		assert_int_not_equal(sim_find(w.sim, PLACE "/NTUSER.DAT"),
				     SIZE_MAX);
		/* Mended as it says. Without a seal nothing tells the folder
		 * any more, since the sweep took the account's entry. */
		sim_value_text(w.sim, key, L"ProfileImagePath",
			       L"S:\\Users\\SandbookOffline");
		if (sealed == 0) {
			assert_left(&w, "move it away, then try again");
			sim_remove(w.sim, PLACE);
		}
		leave_must(leave_uninstall());
		end(&w);
	}
}

static void test_uninstall_profiles__anothers_folder_stays(void **state)
{
	struct setup_world w;
	char sddl[600];

	(void)state;
	begin(&w);
	sim_rename(w.sim, PLACE, "S:/Users/aside");
	leave_sddl(&w, NULL, "", sddl);
	(void)sim_add(w.sim, PLACE, true, sddl);
	(void)sim_add(w.sim, PLACE "/work", false, sddl);
	assert_left(&w, "is not the folder that was made");
	assert_int_not_equal(sim_find(w.sim, PLACE "/work"), SIZE_MAX);
	sim_remove(w.sim, PLACE);
	sim_rename(w.sim, "S:/Users/aside", PLACE);
	leave_must(leave_uninstall());
	end(&w);
}

/* What the list says makes no sense, in each way that it can. */
static void test_uninstall_profiles__a_damaged_record_is_told(void **state)
{
	static const WCHAR *const texts[] = {
		L"S:\\",
		L"S:\\Users",
		L"S:\\Users\\..\\Users\\ann",
		L"\\\\host\\share\\ann",
		L"Users\\ann",
		L"%TEMP%\\ann",
		L"S:\\Users\\ann\nfolder own",
		L"S:\\Users\\ann:stream",
		L"S:\\Users\\nobody",
	};
	struct setup_world w;
	WCHAR key[160];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		begin(&w);
		key_of(&w, L"", key);
		sim_value_text(w.sim, key, L"ProfileImagePath", texts[i]);
		assert_left(&w, "profile");
		assert_int_not_equal(sim_find(w.sim, MADE), SIZE_MAX);
		assert_int_not_equal(sim_find(w.sim, PLACE "/NTUSER.DAT"),
				     SIZE_MAX);
		sim_value_text(w.sim, key, L"ProfileImagePath",
			       L"S:\\Users\\SandbookOffline");
		leave_must(leave_uninstall());
		end(&w);
	}
}

/* Not sealed, and the list names what is not there: the list goes, and then the
 * folder, which its own list tells. */
static void test_uninstall_profiles__a_list_of_nothing_goes(void **state)
{
	struct setup_world w;
	WCHAR key[160];

	(void)state;
	begin(&w);
	key_of(&w, L"", key);
	sim_key_remove(w.sim, key);
	sim_key_make(w.sim, key);
	sim_value_text(w.sim, key, L"ProfileImagePath", L"S:\\Users\\nobody");
	leave_must(leave_uninstall());
	end(&w);
}

static void test_uninstall_profiles__one_that_is_missing_is_gone(void **state)
{
	struct setup_world w;
	WCHAR key[160];
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		begin(&w);
		key_of(&w, L"", key);
		if (i != 1)
			sim_remove(w.sim, PLACE);
		if (i != 0)
			sim_key_remove(w.sim, key);
		leave_must(leave_uninstall());
		/* A folder that the list does not know is told by its list. */
		end(&w);
	}
}

static void test_uninstall_profiles__one_in_use_is_owed(void **state)
{
	struct sbk_sid sid;
	struct setup_world w;

	(void)state;
	begin(&w);
	sid = sim_account_named(w.sim, OFFLINE)->sid;
	sim_load_profile(w.sim, &sid, OFFLINE);
	assert_left(&w, "is loaded");
	assert_int_not_equal(sim_find(w.sim, PLACE "/NTUSER.DAT"), SIZE_MAX);
	sim_unload_profile(w.sim, &sid);
	sim_key_remove(w.sim, L"HKU");
	leave_must(leave_uninstall());
	end(&w);
}

/* --- those that a logon made -----------------------------------------------
 */

/* Setup's is gone, and a logon made another, elsewhere; administrators may not
 * even look at it. */
static void log_on(struct setup_world *w)
{
	char off[SBK_SID_TEXT_MAX], sddl[600];
	struct sbk_sid sid;
	WCHAR key[160];

	leave_sid_named(w, OFFLINE, off);
	sid = sim_account_named(w->sim, OFFLINE)->sid;
	key_of(w, L"", key);
	sim_remove(w->sim, PLACE);
	sim_key_remove(w->sim, key);
	w->sim->profiles.strays = true;
	sim_load_profile(w->sim, &sid, OFFLINE);
	w->sim->profiles.strays = false;
	sim_unload_profile(w->sim, &sid);
	sim_key_remove(w->sim, L"HKU");
	sim_rename(w->sim, PLACE ".SIM", OTHER_PLACE);
	sim_value_text(w->sim, key, L"ProfileImagePath",
		       L"S:\\Users\\SandbookOffline.HOST");
	(void)snprintf(sddl, sizeof(sddl),
		       "O:SYG:SYD:P(A;;0x80;;;WD)(A;OICI;FA;;;%s)", off);
	sim_set(w->sim, OTHER_PLACE, sddl);
}

static void test_uninstall_profiles__a_logons_is_shown_and_goes(void **state)
{
	struct setup_world w;

	(void)state;
	begin(&w);
	log_on(&w);
	leave_must(setup_world_run(leave_tables(), "uninstall", "--dry-run",
				   NULL));
	setup_world_assert_printed(OTHER_PLACE);
	setup_world_assert_printed("a logon made it");
	assert_int_not_equal(sim_find(w.sim, OTHER_PLACE), SIZE_MAX);
	leave_must(leave_uninstall());
	setup_world_assert_printed("a profile that no journal knew was");
	end(&w);
}

/* Its account is gone already. */
static void test_uninstall_profiles__a_logons_outlives_its_account(void **state)
{
	struct setup_world w;

	(void)state;
	begin(&w);
	log_on(&w);
	sim_account_named(w.sim, OFFLINE)->is_there = false;
	leave_must(setup_world_run(leave_tables(), "uninstall", "--dry-run",
				   NULL));
	setup_world_assert_printed(OTHER_PLACE);
	leave_must(leave_uninstall());
	end(&w);
}

static int remove_ann(void)
{
	return setup_world_run(leave_tables(), "setup", "--remove-user", "ann",
			       "--yes", NULL);
}

/* --remove-user takes it, too, and no other person's. */
static void test_uninstall_profiles__remove_user_takes_a_logons(void **state)
{
	struct setup_world w;

	(void)state;
	begin(&w);
	leave_must(setup_world_run(leave_tables(), "setup", "--user", "bob",
				   "--yes", NULL));
	log_on(&w);
	leave_must(setup_world_run(leave_tables(), "setup", "--remove-user",
				   "ann", "--dry-run", NULL));
	setup_world_assert_printed(OTHER_PLACE);
	assert_int_not_equal(sim_find(w.sim, OTHER_PLACE), SIZE_MAX);
	leave_must(remove_ann());
	assert_int_equal(sim_find(w.sim, OTHER_PLACE), SIZE_MAX);
	assert_int_not_equal(sim_find(w.sim, "S:/Users/SandbookOffline2"),
			     SIZE_MAX);
	assert_non_null(sim_account_named(w.sim, L"SandbookOffline2"));
	leave_must(leave_uninstall());
	end(&w);
}

/* One in use keeps nothing else, and uninstall finds it by its account. */
static void test_uninstall_profiles__remove_user_goes_past_one(void **state)
{
	struct sbk_sid sid;
	struct setup_world w;

	(void)state;
	begin(&w);
	log_on(&w);
	sid = sim_account_named(w.sim, OFFLINE)->sid;
	sim_load_profile(w.sim, &sid, OFFLINE);
	assert_int_equal(remove_ann(), SBK_EXIT_INCOMPLETE);
	assert_int_not_equal(sim_find(w.sim, OTHER_PLACE), SIZE_MAX);
	assert_null(sim_account_named(w.sim, OFFLINE));
	sim_unload_profile(w.sim, &sid);
	sim_key_remove(w.sim, L"HKU");
	leave_must(leave_uninstall());
	end(&w);
}

#define TEST(name) \
	cmocka_unit_test_setup(test_uninstall_profiles__##name, leave_clear)

static const struct CMUnitTest tests[] = {
	TEST(default_is_as_it_was),
	TEST(a_link_in_it_goes_itself),
	TEST(a_link_in_its_place_stays),
	TEST(the_list_points_elsewhere),
	TEST(anothers_folder_stays),
	TEST(a_damaged_record_is_told),
	TEST(a_list_of_nothing_goes),
	TEST(one_that_is_missing_is_gone),
	TEST(one_in_use_is_owed),
	TEST(a_logons_is_shown_and_goes),
	TEST(a_logons_outlives_its_account),
	TEST(remove_user_takes_a_logons),
	TEST(remove_user_goes_past_one),
};

int main(int argc, char **argv)
{
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, setup_world_directory,
				      setup_world_remove);
}
