/*
 * Profiles on the simulation (sim.h), whose DeleteProfileW follows every link:
 * made and deleted; what the account, others and the system did meanwhile; each
 * call failing, and each being the last.
 */
#include "tests/support/test.h"

#include <string.h>
#include <wchar.h>

#include <windows.h>

#include <lmaccess.h>

#include "engine/os.h"
#include "engine/windows/user_profile.h"
#include "tests/windows/life.h"

#include "engine/banned.h"

#define SID "S-1-5-21-1-2-3-1007"
#define NAME L"SandbookOffline"
#define PLACE "C:/Users/SandbookOffline"
#define OBJECT SID ":" PLACE
#define WANTED "path " PLACE "\nfolder own\n"
#define KEY SIM_PROFILE_LIST L"\\S-1-5-21-1-2-3-1007"
#define WINLOGON L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Winlogon"

static void prepare(struct life *life)
{
	sim_use_registry(life->sim, WINLOGON);
	sim_use_profiles(life->sim);
	sim_make_account(life->sim, NAME, false)->flags |= UF_ACCOUNTDISABLE;
}

static int plan_profile(struct life *life, struct sbk_error *err)
{
	return life_add(life, SBK_KIND_FOLDER, OBJECT, WANTED, err);
}

static struct life *begin(struct sbk_buf *start)
{
	struct life *life = life_begin();
	struct sbk_error err = SBK_ERROR_INIT;

	prepare(life);
	life_print(life, start);
	assert_ok(plan_profile(life, &err), &err);
	return life;
}

static struct life *begin_made(struct sbk_buf *start)
{
	struct life *life = begin(start);
	struct sbk_error err = SBK_ERROR_INIT;

	assert_ok(life_do(life, &err), &err);
	assert_int_not_equal(sim_find(life->sim, PLACE "/NTUSER.DAT"),
			     SIZE_MAX);
	return life;
}

static void end(struct life *life, struct sbk_buf *start)
{
	sbk_buf_release(start);
	life_end(life);
}

static void assert_world(struct life *life, const char *expected)
{
	struct sbk_buf now = SBK_BUF_INIT;

	life_print(life, &now);
	assert_string_equal(sbk_buf_text(&now), expected);
	sbk_buf_release(&now);
}

static const struct sbk_sid *account(struct life *life)
{
	return &sim_account_named(life->sim, NAME)->sid;
}

/* Undone, and nothing is left of it. */
static void assert_goes(struct life *life, const char *start)
{
	struct sbk_error err = SBK_ERROR_INIT;

	assert_ok(life_undo(life, &err), &err);
	assert_world(life, start);
}

/* Undo leaves it, with this status and these words. */
static void assert_stays(struct life *life, enum sbk_status status,
			 const char *words)
{
	const struct sbk_change *made = life->recorded.changes[0];
	const struct sbk_change *undo;
	struct sbk_error err = SBK_ERROR_INIT;
	const char *note = made->note;

	assert_ok(life_undo(life, &err), &err);
	note = made->note;
	if (sbk_plan_count(life->inverse) > 0) {
		undo = sbk_plan_at(life->inverse, 0);
		assert_int_equal(undo->status, status);
		note = undo->note;
	} else {
		assert_int_equal(made->status, status);
	}
	assert_non_null(note);
	if (strstr(note, words) == NULL)
		fail_msg("without '%s': %s", words, note);
	life->recorded.changes[0]->status = SBK_STATUS_CONFIRMED;
}

static void test_user_profile__is_made_and_goes(void **state)
{
	struct sbk_buf start = SBK_BUF_INIT;
	struct life *life = begin_made(&start);
	struct sbk_error err = SBK_ERROR_INIT;
	bool loads = false;

	(void)state;
	assert_ok(sbk_user_profile_loads(account(life), &loads, &err), &err);
	assert_true(loads);
	assert_goes(life, sbk_buf_text(&start));
	assert_ok(sbk_user_profile_loads(account(life), &loads, &err), &err);
	assert_false(loads);
	end(life, &start);
}

/* What the system says yes to and does not do; and what it does besides. */
static void test_user_profile__making_is_read_back(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < 5; i++) {
		struct sbk_buf start = SBK_BUF_INIT;
		struct life *life = begin(&start);
		struct sim_profiles *profiles = &life->sim->profiles;
		struct sbk_error err = SBK_ERROR_INIT;

		profiles->forgets = i == 0;
		profiles->strays = i == 1;
		profiles->halves = i == 2;
		if (i == 3)
			(void)sim_add(life->sim, PLACE, true, NULL);
		if (i == 4)
			sim_account_named(life->sim, NAME)->is_there = false;
		sbk_buf_clear(&start);
		life_print(life, &start);
		assert_int_not_equal(life_do(life, &err), 0);
		assert_world(life, sbk_buf_text(&start));
		end(life, &start);
	}
}

/* The account has every right in its folder. */
static void test_user_profile__follows_no_link(void **state)
{
	struct sbk_buf start = SBK_BUF_INIT;
	struct life *life = begin_made(&start);
	struct sim *sim = life->sim;

	(void)state;
	(void)sim_add(sim, "C:/Users/ann", true, NULL);
	(void)sim_add(sim, "C:/Users/ann/work", false, NULL);
	/* One within it goes itself. */
	(void)sim_add(sim, PLACE "/in", true, NULL);
	sim_make_link(sim, PLACE "/in", "C:/Users/ann");
	life->sim->nodes[sim_find(sim, PLACE "/in")].attributes |=
		FILE_ATTRIBUTE_READONLY;
	/* It itself is left. */
	sim_make_link(sim, PLACE "/AppData", "C:/Users/ann");
	sim_rename(sim, PLACE, "C:/Users/kept");
	(void)sim_add(sim, PLACE, true, NULL);
	sim_make_link(sim, PLACE, "C:/Users/ann");
	assert_stays(life, SBK_STATUS_CONFLICT, "a link stands at");
	assert_int_not_equal(sim_find(sim, "C:/Users/ann/work"), SIZE_MAX);
	/* Taken away by hand, and the folder back. */
	sim_remove(sim, PLACE);
	sim_rename(sim, "C:/Users/kept", PLACE);
	sbk_buf_clear(&start);
	sbk_buf_adds(&start, "");
	{
		struct sbk_error err = SBK_ERROR_INIT;

		assert_ok(life_undo(life, &err), &err);
	}
	assert_int_equal(sim_find(sim, PLACE), SIZE_MAX);
	assert_int_not_equal(sim_find(sim, "C:/Users/ann/work"), SIZE_MAX);
	end(life, &start);
}

/* Who has rights in the folder makes a link of it when it is empty. */
static void test_user_profile__no_link_takes_its_place(void **state)
{
	struct sbk_buf start = SBK_BUF_INIT;
	struct life *life = begin_made(&start);
	struct sim *sim = life->sim;
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	(void)sim_add(sim, "C:/Users/ann", true, NULL);
	(void)sim_add(sim, "C:/Users/ann/work", false, NULL);
	sim->profiles.swapped = "C:/Users/ann";
	assert_ok(life_undo(life, &err), &err);
	assert_int_equal(sim_find(sim, PLACE), SIZE_MAX);
	assert_false(sim_key_is_there(sim, KEY));
	assert_int_not_equal(sim_find(sim, "C:/Users/ann/work"), SIZE_MAX);
	end(life, &start);
}

/* The system may want the folder to be there. */
static void test_user_profile__goes_where_the_system_misses_it(void **state)
{
	struct sbk_buf start = SBK_BUF_INIT;
	struct life *life = begin_made(&start);

	(void)state;
	life->sim->profiles.misses = true;
	assert_goes(life, sbk_buf_text(&start));
	end(life, &start);
}

/* The account shuts administrators out, of the folder itself, too. */
static void test_user_profile__one_that_is_shut_goes(void **state)
{
	struct sbk_buf start = SBK_BUF_INIT;
	struct life *life = begin_made(&start);
	struct sim *sim = life->sim;
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	sim->privileges = 0; /* held, and not enabled */
	sim_set(sim, "C:/Users", "O:SYG:SYD:(A;;FA;;;WD)");
	sim_set(sim, PLACE, "O:SYG:SYD:P(A;;0x80;;;WD)(A;;FA;;;" SID ")");
	assert_ok(life_undo(life, &err), &err);
	assert_int_equal(sim_find(sim, PLACE), SIZE_MAX);
	assert_false(sim_key_is_there(sim, KEY));
	assert_false(sim->processes.is_backup[0]);
	assert_false(sim->processes.is_backup[1]);
	end(life, &start);
}

static void test_user_profile__anothers_folder_stays(void **state)
{
	struct sbk_buf start = SBK_BUF_INIT;
	struct life *life = begin_made(&start);
	struct sim *sim = life->sim;

	(void)state;
	sim_rename(sim, PLACE, "C:/Users/kept");
	(void)sim_add(sim, PLACE, true, NULL);
	(void)sim_add(sim, PLACE "/work", false, NULL);
	assert_stays(life, SBK_STATUS_CONFLICT, "is not the folder");
	assert_int_not_equal(sim_find(sim, PLACE "/work"), SIZE_MAX);
	/* The list names another one. */
	sim_remove(sim, PLACE);
	sim_rename(sim, "C:/Users/kept", PLACE);
	sim_value_text(sim, KEY, L"ProfileImagePath", L"C:\\Users\\ann");
	assert_stays(life, SBK_STATUS_CONFLICT, "C:/Users/ann");
	assert_int_not_equal(sim_find(sim, PLACE "/NTUSER.DAT"), SIZE_MAX);
	end(life, &start);
}

/* Its registry is in use, or the account is. */
static void test_user_profile__one_in_use_is_owed(void **state)
{
	struct sbk_buf start = SBK_BUF_INIT;
	struct life *life = begin_made(&start);

	(void)state;
	sim_load_profile(life->sim, account(life), NAME);
	assert_stays(life, SBK_STATUS_OWED, "is loaded");
	sim_unload_profile(life->sim, account(life));
	sim_account_named(life->sim, NAME)->flags &= ~(DWORD)UF_ACCOUNTDISABLE;
	assert_stays(life, SBK_STATUS_OWED, "is enabled");
	sim_account_named(life->sim, NAME)->flags |= UF_ACCOUNTDISABLE;
	(void)sim_run(life->sim, SID);
	sim_key_remove(life->sim, L"HKU");
	assert_goes(life, sbk_buf_text(&start));
	end(life, &start);
}

/* What somebody deleted, set aside or moved away is no reason to stay. */
static void test_user_profile__what_is_left_of_it_goes(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < 7; i++) {
		struct sbk_buf start = SBK_BUF_INIT;
		struct life *life = begin_made(&start);
		struct sim *sim = life->sim;

		if (i == 0 || i == 1)
			sim_key_remove(sim, KEY);
		if (i == 1 || i == 2)
			sim_remove(sim, PLACE);
		if (i == 3)
			sim_key_rename(sim, KEY, KEY L".bak");
		if (i == 4)
			sim->profiles.keeps_folder = true;
		if (i == 5) {
			sim_key_make(sim, SIM_PROFILE_GUIDS L"\\{1}");
			sim_value_text(sim, SIM_PROFILE_GUIDS L"\\{1}",
				       L"SidString", L"" SID);
			sim->profiles.keeps_guid = true;
		}
		if (i == 6)
			sim_account_named(sim, NAME)->is_there = false;
		{
			struct sbk_error err = SBK_ERROR_INIT;

			assert_ok(life_undo(life, &err), &err);
			/* Left with a list that names the account alone. */
			sim->profiles.keeps_folder = false;
			life->recorded.changes[0]->status =
				SBK_STATUS_CONFIRMED;
			assert_ok(life_undo(life, &err), &err);
		}
		assert_int_equal(sim_find(sim, PLACE), SIZE_MAX);
		assert_false(sim_key_is_there(sim, KEY));
		assert_false(sim_key_is_there(sim, KEY L".bak"));
		assert_false(sim_key_is_there(sim, SIM_PROFILE_GUIDS L"\\{1}"));
		end(life, &start);
	}
}

static void test_user_profile__deleting_is_read_back(void **state)
{
	struct sbk_buf start = SBK_BUF_INIT;
	struct life *life = begin_made(&start);

	(void)state;
	life->sim->profiles.keeps = true;
	assert_stays(life, SBK_STATUS_OWED, "not all of it is gone");
	life->sim->profiles.keeps = false;
	assert_goes(life, sbk_buf_text(&start));
	end(life, &start);
}

/* A logon made one, and no journal knows. */
static void test_user_profile__a_logons_is_found_by_its_account(void **state)
{
	struct life *life = life_begin();
	struct sbk_user_profile_names names;
	struct sbk_error err = SBK_ERROR_INIT;
	bool loads = true;

	(void)state;
	prepare(life);
	assert_ok(sbk_user_profile_find(account(life), &names, &err), &err);
	assert_int_equal(names.count, 0);
	sbk_user_profile_names_release(&names);
	sim_load_profile(life->sim, account(life), NAME);
	assert_ok(sbk_user_profile_find(account(life), &names, &err), &err);
	assert_int_equal(names.count, 1);
	assert_string_equal(sbk_buf_text(&names.items[0]), OBJECT);
	sbk_user_profile_names_release(&names);
	/* Not setup's: no run loads it. */
	assert_ok(sbk_user_profile_loads(account(life), &loads, &err), &err);
	assert_false(loads);
	life_end(life);
}

static void
test_user_profile_sweep__each_call_fails_or_is_the_last(void **state)
{
	(void)state;
	life_prepare = prepare;
	life_sweep(plan_profile, 40);
	life_prepare = NULL;
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_user_profile__is_made_and_goes),
	cmocka_unit_test(test_user_profile__making_is_read_back),
	cmocka_unit_test(test_user_profile__follows_no_link),
	cmocka_unit_test(test_user_profile__no_link_takes_its_place),
	cmocka_unit_test(test_user_profile__goes_where_the_system_misses_it),
	cmocka_unit_test(test_user_profile__one_that_is_shut_goes),
	cmocka_unit_test(test_user_profile__anothers_folder_stays),
	cmocka_unit_test(test_user_profile__one_in_use_is_owed),
	cmocka_unit_test(test_user_profile__what_is_left_of_it_goes),
	cmocka_unit_test(test_user_profile__deleting_is_read_back),
	cmocka_unit_test(test_user_profile__a_logons_is_found_by_its_account),
	cmocka_unit_test(
		test_user_profile_sweep__each_call_fails_or_is_the_last),
};

SBK_TEST_MAIN(tests)
