/* Names and states of profiles, and which of them may be deleted. */
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

#include "engine/ntsec/sddl.h"
#include "engine/windows/user_profile_rules.h"

#include "engine/banned.h"

#define SID "S-1-5-21-1-2-3-1005"
#define PLACE "C:/Users/SandbookOffline"

static struct sbk_state state_of(const char *text)
{
	return (struct sbk_state){text, strlen(text)};
}

static void test_user_profile_rules__a_name_has_whose_and_where(void **state)
{
	static const char *const none[] = {
		"",
		SID,
		PLACE,
		SID ":",
		SID ":C:/",
		SID ":C:/Users",
		SID ":C:/Users/",
		SID ":C:/Users/..",
		SID ":C:/Users//x",
		SID ":C:Users/x/y",
		SID ":c:/Users/x",
		SID ":C:/Users/a\\b",
		SID ":C:/Users/a:b",
		SID ":C:/Users/a\nfolder own",
		SID ":%SystemDrive%/Users/x",
		SID ":/Users/x",
		"S-1:" PLACE,
	};
	struct sbk_buf name = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_sid_text text;
	struct sbk_sid sid;
	const char *path;
	size_t i;

	(void)state;
	sbk_user_profile_name(SID, "C:/Users", "SandbookOffline", &name);
	assert_string_equal(sbk_buf_text(&name), SID ":" PLACE);
	assert_ok(sbk_user_profile_parse_name(sbk_buf_text(&name), &sid, &path,
					      &err),
		  &err);
	assert_string_equal(sbk_sid_format(&sid, &text), SID);
	assert_string_equal(path, PLACE);
	for (i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		if (sbk_user_profile_parse_name(none[i], &sid, &path, NULL) !=
		    SBK_E_INVAL)
			fail_msg("taken: '%s'", none[i]);
	sbk_buf_release(&name);
}

/* What is written is read, and is written again as it was. */
static void test_user_profile_rules__a_state_has_one_form(void **state)
{
	static const char *const states[] = {
		"",
		"path " PLACE "\nfolder own\n",
		"path " PLACE "\n",
		"path \nfolder named\n",
		"aside " PLACE "\nfolder own\n",
		"path C:/Users/TEMP\naside " PLACE "\nfolder own\n",
		"guid {1-2}\n",
		"guid {1-2}\nfolder other\n",
		"folder named\n",
		"folder link\n",
	};
	static const char *const malformed[] = {
		"path " PLACE,
		"path " PLACE "\nfolder none\n",
		"path " PLACE "\nfolder mine\n",
		"folder own\npath " PLACE "\n",
		"path " PLACE "\nfolder own\nfolder own\n",
		"x\n",
		"folder ownownownownownown\n",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		struct sbk_buf again = SBK_BUF_INIT;
		struct sbk_error err = SBK_ERROR_INIT;
		struct sbk_user_profile profile;

		assert_ok(sbk_user_profile_parse(state_of(states[i]), &profile,
						 &err),
			  &err);
		sbk_user_profile_format(&profile, PLACE, &again);
		assert_string_equal(sbk_buf_text(&again), states[i]);
		sbk_buf_release(&again);
	}
	for (i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
		struct sbk_user_profile profile;

		if (sbk_user_profile_parse(state_of(malformed[i]), &profile,
					   NULL) != SBK_E_PARSE)
			fail_msg("taken: '%s'", malformed[i]);
	}
}

/* The system's own spelling of the same place, and a folder of others. */
static void test_user_profile_rules__what_is_the_same_is_one_state(void **state)
{
	struct sbk_user_profile profile = {.has_key = true,
					   .path = "c:/users/sandbookOFFLINE",
					   .folder = SBK_USER_FOLDER_OWN};
	struct sbk_buf text = SBK_BUF_INIT, wanted = SBK_BUF_INIT;

	(void)state;
	sbk_user_profile_want(PLACE, &wanted);
	sbk_user_profile_format(&profile, PLACE, &text);
	assert_string_equal(sbk_buf_text(&text), sbk_buf_text(&wanted));
	assert_true(sbk_user_profile_is_whole(&profile, PLACE));
	profile.has_aside = true;
	assert_false(sbk_user_profile_is_whole(&profile, PLACE));
	sbk_buf_clear(&text);
	profile = (struct sbk_user_profile){.folder = SBK_USER_FOLDER_OTHER};
	sbk_user_profile_format(&profile, PLACE, &text);
	assert_string_equal(sbk_buf_text(&text), "");
	sbk_buf_release(&text);
	sbk_buf_release(&wanted);
}

static void test_user_profile_rules__only_what_is_its_own_goes(void **state)
{
	static const struct {
		const char *state, *word; /* NULL: it goes */
	} cases[] = {
		{"path " PLACE "\nfolder own\n", NULL},
		{"path " PLACE "\nfolder named\n", NULL},
		{"path " PLACE "\n", NULL},
		{"path \n", NULL},
		{"aside " PLACE "\nfolder own\n", NULL},
		{"folder named\n", NULL},
		{"path C:/Users/ann\nfolder own\n", "C:/Users/ann"},
		{"path C:/Users/TEMP\naside " PLACE "\nfolder own\n", "TEMP"},
		{"path " PLACE "\naside C:/x/y\nfolder own\n", "C:/x/y"},
		{"path " PLACE "\nfolder link\n", "a link stands"},
		{"folder link\n", "a link stands"},
		{"path " PLACE "\nfolder other\n", "is not the folder"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sbk_error err = SBK_ERROR_INIT;
		struct sbk_user_profile profile;
		int rc;

		assert_ok(sbk_user_profile_parse(state_of(cases[i].state),
						 &profile, &err),
			  &err);
		rc = sbk_user_profile_check_ours(&profile, PLACE, &err);
		if (cases[i].word == NULL) {
			assert_ok(rc, &err);
			continue;
		}
		assert_error(rc, SBK_E_CONFLICT, &err);
		assert_non_null(strstr(err.message, cases[i].word));
	}
}

/* What a grant gives, and a denial, say of no folder whose it is. */
static void test_user_profile_rules__whose_an_unsealed_folder_is(void **state)
{
	static const struct {
		const char *sddl;
		bool is_its;
	} cases[] = {
		{"O:SYG:SYD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;" SID ")", true},
		{"O:SYG:SYD:(A;OICIID;FA;;;" SID ")", true},
		{"O:" SID "G:SYD:P(A;;FA;;;SY)", true},
		{"O:" SID "G:SYD:NO_ACCESS_CONTROL", true},
		{"O:SYG:SYD:P(A;;0x1000a0;;;" SID ")", false},
		{"O:SYG:SYD:P(A;OICI;0x1301bf;;;" SID ")", false},
		{"O:SYG:SYD:P(D;OICI;FA;;;" SID ")", false},
		{"O:SYG:SYD:P(A;OICI;FA;;;" SID "1)", false},
		{"O:SYG:" SID "D:P(A;;FA;;;WD)", false},
		{"O:SYG:SYD:NO_ACCESS_CONTROL", false},
	};
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_sid sid;
	size_t i;

	(void)state;
	assert_ok(sbk_sid_parse(SID, strlen(SID), &sid, &err), &err);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sbk_nt_access access = SBK_NT_ACCESS_INIT;
		struct sbk_buf bytes = SBK_BUF_INIT;
		bool is_its = !cases[i].is_its;

		assert_ok(sbk_sddl_parse(cases[i].sddl, strlen(cases[i].sddl),
					 NULL, &bytes, &err),
			  &err);
		assert_ok(sbk_nt_access_from_sd(
				  (const uint8_t *)sbk_buf_text(&bytes),
				  bytes.size, true, &access, &err),
			  &err);
		assert_ok(sbk_user_profile_is_its(&access, &sid, &is_its, &err),
			  &err);
		if (is_its != cases[i].is_its)
			fail_msg("'%s'", cases[i].sddl);
		sbk_nt_access_release(&access);
		sbk_buf_release(&bytes);
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_user_profile_rules__a_name_has_whose_and_where),
	cmocka_unit_test(test_user_profile_rules__a_state_has_one_form),
	cmocka_unit_test(
		test_user_profile_rules__what_is_the_same_is_one_state),
	cmocka_unit_test(test_user_profile_rules__only_what_is_its_own_goes),
	cmocka_unit_test(test_user_profile_rules__whose_an_unsealed_folder_is),
};

SBK_TEST_MAIN(tests)
