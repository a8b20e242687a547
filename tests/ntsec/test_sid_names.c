/* Names, letters, classes and owners of SIDs. */
#include <string.h>

#include "engine/ntsec/sid_names.h"
#include "tests/support/test.h"

#include "engine/banned.h"

static struct sbk_sid parsed(const char *text)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_sid sid;

	assert_ok(sbk_sid_parse(text, strlen(text), &sid, &err), &err);
	return sid;
}

struct world {
	struct sbk_sid machine, domain, root;
	struct sbk_sid_domains domains;
};

static struct world *world(void)
{
	static struct world w;

	w.machine = parsed("S-1-5-21-1-2-3");
	w.domain = parsed("S-1-5-21-4-5-6");
	w.root = parsed("S-1-5-21-7-8-9");
	w.domains.machine = &w.machine;
	w.domains.domain = &w.domain;
	w.domains.root_domain = &w.root;
	return &w;
}

/* "SID Strings" and MS-DTYP 2.5.1.1: all pairs of letters. */
static const struct {
	char letters[3];
	const char *sid;
} aliases[] = {
	{"AA", "S-1-5-32-579"},
	{"AC", "S-1-15-2-1"},
	{"AN", "S-1-5-7"},
	{"AO", "S-1-5-32-548"},
	{"AP", "S-1-5-21-4-5-6-525"},
	{"AS", "S-1-18-1"},
	{"AU", "S-1-5-11"},
	{"BA", "S-1-5-32-544"},
	{"BG", "S-1-5-32-546"},
	{"BO", "S-1-5-32-551"},
	{"BU", "S-1-5-32-545"},
	{"CA", "S-1-5-21-4-5-6-517"},
	{"CD", "S-1-5-32-574"},
	{"CG", "S-1-3-1"},
	{"CN", "S-1-5-21-4-5-6-522"},
	{"CO", "S-1-3-0"},
	{"CY", "S-1-5-32-569"},
	{"DA", "S-1-5-21-4-5-6-512"},
	{"DC", "S-1-5-21-4-5-6-515"},
	{"DD", "S-1-5-21-4-5-6-516"},
	{"DG", "S-1-5-21-4-5-6-514"},
	{"DU", "S-1-5-21-4-5-6-513"},
	{"EA", "S-1-5-21-7-8-9-519"},
	{"ED", "S-1-5-9"},
	{"EK", "S-1-5-21-7-8-9-527"},
	{"ER", "S-1-5-32-573"},
	{"ES", "S-1-5-32-576"},
	{"HA", "S-1-5-32-578"},
	{"HI", "S-1-16-12288"},
	{"HO", "S-1-5-32-584"},
	{"IS", "S-1-5-32-568"},
	{"IU", "S-1-5-4"},
	{"KA", "S-1-5-21-4-5-6-526"},
	{"LA", "S-1-5-21-1-2-3-500"},
	{"LG", "S-1-5-21-1-2-3-501"},
	{"LS", "S-1-5-19"},
	{"LU", "S-1-5-32-559"},
	{"LW", "S-1-16-4096"},
	{"ME", "S-1-16-8192"},
	{"MP", "S-1-16-8448"},
	{"MS", "S-1-5-32-577"},
	{"MU", "S-1-5-32-558"},
	{"NO", "S-1-5-32-556"},
	{"NS", "S-1-5-20"},
	{"NU", "S-1-5-2"},
	{"OW", "S-1-3-4"},
	{"PA", "S-1-5-21-4-5-6-520"},
	{"PO", "S-1-5-32-550"},
	{"PS", "S-1-5-10"},
	{"PU", "S-1-5-32-547"},
	{"RA", "S-1-5-32-575"},
	{"RC", "S-1-5-12"},
	{"RD", "S-1-5-32-555"},
	{"RE", "S-1-5-32-552"},
	{"RM", "S-1-5-32-580"},
	{"RO", "S-1-5-21-7-8-9-498"},
	{"RS", "S-1-5-21-4-5-6-553"},
	{"RU", "S-1-5-32-554"},
	{"SA", "S-1-5-21-7-8-9-518"},
	{"SH", "S-1-5-32-585"},
	{"SI", "S-1-16-16384"},
	{"SO", "S-1-5-32-549"},
	{"SS", "S-1-18-2"},
	{"SU", "S-1-5-6"},
	{"SY", "S-1-5-18"},
	{"UD", "S-1-5-84-0-0-0-0-0"},
	{"WD", "S-1-1-0"},
	{"WR", "S-1-5-33"},
};

static void test_sid_names__letters_and_back(void **state)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_sid_text text;
	struct sbk_sid sid;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++) {
		const char *letters = aliases[i].letters;
		const char small[2] = {(char)(letters[0] | 0x20),
				       (char)(letters[1] | 0x20)};

		assert_ok(sbk_sid_from_alias(letters, &world()->domains, &sid,
					     &err),
			  &err);
		assert_string_equal(sbk_sid_format(&sid, &text),
				    aliases[i].sid);
		assert_string_equal(sbk_sid_alias(&sid, &world()->domains),
				    letters);
		assert_non_null(sbk_sid_name(&sid, &world()->domains));
		assert_ok(sbk_sid_from_alias(small, &world()->domains, &sid,
					     &err),
			  &err);
		assert_string_equal(sbk_sid_format(&sid, &text),
				    aliases[i].sid);
	}
}

/* Every pair that is not in the list is refused. */
static void test_sid_names__no_other_letters(void **state)
{
	struct sbk_sid sid;
	char letters[3] = {0};
	size_t found = 0;
	int a, b;

	(void)state;
	for (a = 0; a < 256; a++)
		for (b = 0; b < 256; b++) {
			letters[0] = (char)a;
			letters[1] = (char)b;
			if (sbk_sid_from_alias(letters, &world()->domains, &sid,
					       NULL) == 0)
				found++;
		}
	assert_int_equal(found, 4 * sizeof(aliases) / sizeof(aliases[0]));
}

static void test_sid_names__letters_that_need_a_domain(void **state)
{
	struct sbk_sid_domains machine_only = {.machine = &world()->machine};
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_sid sid, other;

	(void)state;
	assert_error(sbk_sid_from_alias("DA", NULL, &sid, &err),
		     SBK_E_UNSUPPORTED, &err);
	assert_error(sbk_sid_from_alias("DA", &machine_only, &sid, &err),
		     SBK_E_UNSUPPORTED, &err);
	assert_error(sbk_sid_from_alias("EA", &machine_only, &sid, &err),
		     SBK_E_UNSUPPORTED, &err);
	assert_ok(sbk_sid_from_alias("LA", &machine_only, &sid, &err), &err);
	assert_null(sbk_sid_alias(&sid, NULL));
	assert_string_equal(sbk_sid_alias(&sid, &machine_only), "LA");
	/* A "machine" that leaves no room for an account. */
	sid = parsed("S-1-5-1-2-3-4-5-6-7-8-9-10-11-12-13-14-15");
	machine_only.machine = &sid;
	assert_error(sbk_sid_from_alias("LA", &machine_only, &other, &err),
		     SBK_E_INVAL, &err);
	machine_only.machine = &world()->machine;
	/* One level further down, or another machine's: not the letters. */
	sid = parsed("S-1-5-21-1-2-3-500-500");
	assert_null(sbk_sid_alias(&sid, &machine_only));
	sid = parsed("S-1-5-21-1-2-4-500");
	assert_null(sbk_sid_alias(&sid, &machine_only));
}

/* A domain controller: its machine and its domain are one SID. */
static void test_sid_names__machine_that_is_the_domain(void **state)
{
	struct sbk_sid_domains both = {.machine = &world()->machine,
				       .domain = &world()->machine,
				       .root_domain = &world()->machine};
	struct sbk_sid sid = parsed("S-1-5-21-1-2-3-500");

	(void)state;
	assert_string_equal(sbk_sid_alias(&sid, &both), "LA");
	sid = parsed("S-1-5-21-1-2-3-512");
	assert_string_equal(sbk_sid_alias(&sid, &both), "DA");
	sid = parsed("S-1-5-21-1-2-3-519");
	assert_string_equal(sbk_sid_alias(&sid, &both), "EA");
}

static void test_sid_names__classes(void **state)
{
	static const struct {
		const char *sid;
		enum sbk_sid_class class;
	} cases[] = {
		{"S-1-1-0", SBK_SID_WELL_KNOWN},
		{"S-1-5-18", SBK_SID_WELL_KNOWN},
		{"S-1-5-32-544", SBK_SID_WELL_KNOWN},
		{"S-1-5-32-999", SBK_SID_UNKNOWN},
		{"S-1-5-21-1-2-3", SBK_SID_MACHINE},
		{"S-1-5-21-1-2-3-1001", SBK_SID_MACHINE},
		{"S-1-5-21-4-5-6-1001", SBK_SID_DOMAIN},
		{"S-1-5-21-7-8-9-519", SBK_SID_DOMAIN},
		{"S-1-5-21-11-12-13-1001", SBK_SID_FOREIGN},
		{"S-1-5-21-1", SBK_SID_FOREIGN},
		{"S-1-5-5-0-123456", SBK_SID_LOGON},
		{"S-1-5-5-0", SBK_SID_UNKNOWN},
		{"S-1-5-80-0", SBK_SID_WELL_KNOWN},
		{"S-1-5-80-956008885-3418522649-1831038044-1853292631-"
		 "2271478464",
		 SBK_SID_SERVICE},
		{"S-1-5-80-1-2-3-4-5", SBK_SID_SERVICE},
		{"S-1-5-82-1-2-3-4-5", SBK_SID_VIRTUAL},
		{"S-1-5-83-0", SBK_SID_WELL_KNOWN},
		{"S-1-5-83-1-2-3-4-5", SBK_SID_VIRTUAL},
		{"S-1-5-90-0-1", SBK_SID_VIRTUAL},
		{"S-1-5-96-0-1", SBK_SID_VIRTUAL},
		{"S-1-5-88-1-1000", SBK_SID_UNIX},
		{"S-1-22-1-1000", SBK_SID_UNIX},
		{"S-1-0x0053424B0001-1-2-3-4-7", SBK_SID_ROOT},
		{"S-1-0x0053424B0001-1-2-3-4", SBK_SID_UNKNOWN},
		{"S-1-0x0053424B0002-1-2-3-4", SBK_SID_RUN},
		{"S-1-0x0053424B0003-1-2-3-4", SBK_SID_UNKNOWN},
		{"S-1-15-2-1", SBK_SID_WELL_KNOWN},
		{"S-1-15-2-1-2-3-4-5-6-7", SBK_SID_PACKAGE},
		{"S-1-15-3-1", SBK_SID_CAPABILITY},
		{"S-1-15-3-1024-1-2-3-4-5-6-7-8", SBK_SID_CAPABILITY},
		{"S-1-16-8192", SBK_SID_INTEGRITY},
		{"S-1-16-12345", SBK_SID_INTEGRITY},
		{"S-1-18-1", SBK_SID_CLAIMS},
		{"S-1-19-512-4096", SBK_SID_TRUST},
		{"S-1-4-7", SBK_SID_UNKNOWN},
		{"S-1-0x123456789abc-1-2", SBK_SID_UNKNOWN},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sbk_sid sid = parsed(cases[i].sid);
		enum sbk_sid_class class =
			sbk_sid_classify(&sid, &world()->domains);

		if (class != cases[i].class)
			print_error("%s\n", cases[i].sid);
		assert_string_equal(sbk_sid_class_text(class),
				    sbk_sid_class_text(cases[i].class));
	}
	struct sbk_sid user = parsed("S-1-5-21-1-2-3-1001");
	assert_int_equal(sbk_sid_classify(&user, NULL), SBK_SID_FOREIGN);
}

static const struct {
	const char *sid;
	enum sbk_sid_origin origin;
	const char *name, *tool;
} owners[] = {
	{"S-1-5-21-1-2-3-1001", SBK_SID_ACCOUNT, "kim", NULL},
	{"S-1-5-21-1-2-3-1002", SBK_SID_OURS, "sandbook-kim-off", NULL},
	{"S-1-5-21-1-2-3-1003", SBK_SID_ACCOUNT, "PC\\CodexSandboxOffline",
	 NULL},
	{"S-1-5-21-1-2-3-1004", SBK_SID_ACCOUNT, "codexsandboxUsers", NULL},
	{"S-1-5-21-1-2-3-1005", SBK_SID_ACCOUNT, "NotCodexSandbox", NULL},
	{"S-1-5-21-1-2-3-1007", SBK_SID_ACCOUNT, NULL, NULL},
	{"S-1-5-21-1-2-3-1008", SBK_SID_ACCOUNT, "PC\\SRT-sandbox", NULL},
	{"S-1-5-21-1-2-3-1009", SBK_SID_ACCOUNT, "srt-sandbox2", NULL},
	{"S-1-5-21-77-88-99-1", SBK_SID_OTHER_TOOL, NULL, "codex"},
};

static void test_sid_names__whose_it_is(void **state)
{
	static const struct {
		const char *sid;
		enum sbk_sid_origin origin;
		const char *name, *tool;
	} cases[] = {
		{"S-1-5-21-1-2-3-1001", SBK_SID_ACCOUNT, "kim", NULL},
		{"S-1-5-21-1-2-3-1002", SBK_SID_OURS, "sandbook-kim-off", NULL},
		{"S-1-5-21-1-2-3-1003", SBK_SID_OTHER_TOOL,
		 "PC\\CodexSandboxOffline", "codex"},
		{"S-1-5-21-1-2-3-1004", SBK_SID_OTHER_TOOL, "codexsandboxUsers",
		 "codex"},
		{"S-1-5-21-1-2-3-1005", SBK_SID_ACCOUNT, "NotCodexSandbox",
		 NULL},
		{"S-1-5-21-77-88-99-1", SBK_SID_OTHER_TOOL, NULL, "codex"},
		{"S-1-5-21-77-88-99-2", SBK_SID_UNRESOLVED, NULL, NULL},
		{"S-1-5-21-1-2-3-1006", SBK_SID_UNRESOLVED, NULL, NULL},
		{"S-1-5-21-1-2-3-1007", SBK_SID_ACCOUNT, NULL, NULL},
		{"S-1-5-21-1-2-3-500", SBK_SID_SYSTEM, "Administrator", NULL},
		{"S-1-5-18", SBK_SID_SYSTEM, "NT AUTHORITY\\SYSTEM", NULL},
		{"S-1-5-5-0-9", SBK_SID_SYSTEM, NULL, NULL},
		{"S-1-5-80-1-2-3-4-5", SBK_SID_SYSTEM, NULL, NULL},
		{"S-1-16-4096", SBK_SID_SYSTEM,
		 "Mandatory Label\\Low Mandatory Level", NULL},
		{"S-1-15-2-1", SBK_SID_SYSTEM,
		 "APPLICATION PACKAGE AUTHORITY\\ALL APPLICATION PACKAGES",
		 NULL},
		{"S-1-15-2-9-9-9", SBK_SID_UNRESOLVED, NULL, NULL},
		{"S-1-15-3-1024-9", SBK_SID_UNRESOLVED, NULL, NULL},
		{"S-1-15-3-1", SBK_SID_SYSTEM, "capability internetClient",
		 NULL},
		{"S-1-99-1", SBK_SID_UNRESOLVED, NULL, NULL},
		{"S-1-5-21-1-2-3-1008", SBK_SID_OTHER_TOOL, "PC\\SRT-sandbox",
		 "srt"},
		{"S-1-5-21-1-2-3-1009", SBK_SID_ACCOUNT, "srt-sandbox2", NULL},
		{"S-1-0x0053424B0001-1-2-3-4-7", SBK_SID_OURS, NULL, NULL},
		{"S-1-0x0053424B0002-1-2-3-4", SBK_SID_OURS, NULL, NULL},
	};
	struct sbk_sid_owner list[sizeof(owners) / sizeof(owners[0])];
	struct sbk_sid_directory directory = {.domains = world()->domains,
					      .owners = list,
					      .count = sizeof(owners) /
						       sizeof(owners[0])};
	size_t i;

	(void)state;
	for (i = 0; i < directory.count; i++)
		list[i] = (struct sbk_sid_owner){.sid = parsed(owners[i].sid),
						 .origin = owners[i].origin,
						 .name = owners[i].name,
						 .tool = owners[i].tool};
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sbk_sid sid = parsed(cases[i].sid);
		struct sbk_sid_verdict v = sbk_sid_judge(&sid, &directory);

		if (v.origin != cases[i].origin)
			print_error("%s\n", cases[i].sid);
		assert_int_equal(v.origin, cases[i].origin);
		assert_int_equal(v.name == NULL, cases[i].name == NULL);
		if (v.name != NULL)
			assert_string_equal(v.name, cases[i].name);
		assert_int_equal(v.tool == NULL, cases[i].tool == NULL);
		if (v.tool != NULL)
			assert_string_equal(v.tool, cases[i].tool);
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_sid_names__letters_and_back),
	cmocka_unit_test(test_sid_names__no_other_letters),
	cmocka_unit_test(test_sid_names__letters_that_need_a_domain),
	cmocka_unit_test(test_sid_names__machine_that_is_the_domain),
	cmocka_unit_test(test_sid_names__classes),
	cmocka_unit_test(test_sid_names__whose_it_is),
};

SBK_TEST_MAIN(tests)
