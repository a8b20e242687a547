/* What account files and rulesets mention. */
#include "engine/linux/mentions.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/buf.h"
#include "tests/support/test.h"

#include "engine/banned.h"

static int note(void *arg, const struct sbk_mention *mention,
		struct sbk_error *err)
{
	struct sbk_buf *text = arg;

	sbk_buf_printf(text, "%s|%c|", mention->object, mention->kind);
	if (mention->name != NULL)
		sbk_buf_adds(text, mention->name);
	else
		sbk_buf_printf(text, "%u+%u", mention->first, mention->count);
	sbk_buf_addc(text, '\n');
	return sbk_buf_failed(text, err);
}

static int note_missed(void *arg, const char *place, const char *why,
		       struct sbk_error *err)
{
	(void)why;
	sbk_buf_printf(arg, "missed %s\n", place);
	return sbk_buf_failed(arg, err);
}

static int note_skipped(void *arg, const char *place, const char *why,
			struct sbk_error *err)
{
	(void)why;
	sbk_buf_printf(arg, "skipped %s\n", place);
	return sbk_buf_failed(arg, err);
}

static char *mentions_in(const char *path, const char *content)
{
	struct sbk_buf text = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	const struct sbk_mention_reader reader = {.found = note,
						  .missed = note_missed,
						  .skipped = note_skipped,
						  .arg = &text};

	sbk_buf_adds(&text, "");
	if (path != NULL)
		assert_ok(sbk_mentions_in_accountfile(path, content,
						      strlen(content), &reader,
						      &err),
			  &err);
	else
		assert_ok(sbk_mentions_in_ruleset(content, strlen(content),
						  &reader, &err),
			  &err);
	return sbk_buf_steal(&text);
}

#define assert_mentions(path, content, expected)         \
	do {                                             \
		char *text = mentions_in(path, content); \
		assert_string_equal(text, expected);     \
		free(text);                              \
	} while (0)

static void test_mentions__reads_every_account_file(void **unused)
{
	(void)unused;
	assert_mentions("/etc/passwd", "root:x:0:1:r:/root:/bin/sh\n\nbad\n",
			"/etc/passwd line 1|u|root\n"
			"/etc/passwd line 1|u|0+1\n"
			"/etc/passwd line 1|g|1+1\n"
			"/etc/passwd line 3|u|bad\n");
	assert_mentions("/etc/group-", "g:x:7:a,b\n",
			"/etc/group- line 1|g|g\n"
			"/etc/group- line 1|g|7+1\n"
			"/etc/group- line 1|u|a\n"
			"/etc/group- line 1|u|b\n");
	assert_mentions("/etc/shadow", "ann:*:1::::::\n",
			"/etc/shadow line 1|u|ann\n");
	assert_mentions("/etc/gshadow", "g:!:adm:mem\n",
			"/etc/gshadow line 1|g|g\n"
			"/etc/gshadow line 1|u|adm\n"
			"/etc/gshadow line 1|u|mem\n");
	assert_mentions("/etc/subuid", "ann:551:1\n1000:100000:65536\n",
			"/etc/subuid line 1|u|ann\n"
			"/etc/subuid line 1|u|551+1\n"
			"/etc/subuid line 2|u|1000+1\n"
			"/etc/subuid line 2|u|100000+65536\n");
	assert_mentions("/etc/subgid-", "ann:551:2",
			"/etc/subgid- line 1|u|ann\n"
			"/etc/subgid- line 1|g|551+2\n");
}

static void test_mentions__refuses_other_files(void **unused)
{
	const struct sbk_mention_reader reader = {.found = note};
	struct sbk_error err = SBK_ERROR_INIT;

	(void)unused;
	assert_error(sbk_mentions_in_accountfile("/etc/passwdx", "", 0, &reader,
						 &err),
		     SBK_E_INVAL, &err);
}

static void test_mentions__finds_owners_of_sockets_in_rules(void **unused)
{
	(void)unused;
	assert_mentions(
		NULL,
		"{\"nftables\":[{\"metainfo\":{}},"
		"{\"table\":{\"family\":\"inet\",\"name\":\"t\"}},"
		"{\"rule\":{\"family\":\"inet\",\"table\":\"t\",\"chain\":"
		"\"c\","
		"\"comment\":\"for ann\",\"expr\":["
		"{\"match\":{\"op\":\"==\",\"left\":{\"meta\":{\"key\":"
		"\"skuid\"}},\"right\":551}},"
		"{\"match\":{\"op\":\"in\",\"left\":{\"meta\":{\"key\":"
		"\"skgid\"}},\"right\":{\"set\":[5,{\"range\":[7,9]}]}}},"
		"{\"match\":{\"op\":\"==\",\"left\":{\"meta\":{\"key\":"
		"\"l4proto\"}},\"right\":6}}]}},"
		"{\"set\":{\"family\":\"inet\",\"table\":\"t\",\"name\":\"s\","
		"\"type\":\"uid\",\"elem\":[8,{\"elem\":{\"val\":10}}]}}]}",
		"firewall table inet t chain c|u|for ann\n"
		"firewall table inet t chain c|u|551+1\n"
		"firewall table inet t chain c|g|5+1\n"
		"firewall table inet t chain c|g|7+3\n"
		"firewall table inet t set s|u|8+1\n"
		"firewall table inet t set s|u|10+1\n");
}

static void test_mentions__a_ruleset_that_is_none_is_missed(void **unused)
{
	(void)unused;
	assert_mentions(NULL, "{}", "missed the firewall\n");
	assert_mentions(NULL, "no json", "missed the firewall\n");
	assert_mentions(NULL, "{\"nftables\":[]}", "");
	assert_mentions(NULL,
			"{\"nftables\":[{\"rule\":{\"family\":\"ip\","
			"\"table\":\"filter\",\"chain\":\"x\",\"expr\":["
			"{\"xt\":{\"type\":\"match\"}}]}}]}",
			"skipped the firewall\n");
}

struct own {
	bool found;
};

static int find_own(void *arg, const struct sbk_mention *mention,
		    struct sbk_error *err)
{
	struct own *own = arg;
	char object[64];

	(void)err;
	(void)snprintf(object, sizeof(object), "process %d (", (int)getpid());
	if (strncmp(mention->object, object, strlen(object)) == 0 &&
	    mention->kind == 'u' && mention->first == geteuid())
		own->found = true;
	return 0;
}

static void test_mentions__sees_this_process(void **unused)
{
	struct own own = {.found = false};
	const struct sbk_mention_reader reader = {.found = find_own,
						  .arg = &own};
	struct sbk_error err = SBK_ERROR_INIT;

	(void)unused;
	assert_ok(sbk_mentions_in_processes(&reader, &err), &err);
	assert_true(own.found);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_mentions__reads_every_account_file),
	cmocka_unit_test(test_mentions__refuses_other_files),
	cmocka_unit_test(test_mentions__finds_owners_of_sockets_in_rules),
	cmocka_unit_test(test_mentions__a_ruleset_that_is_none_is_missed),
	cmocka_unit_test(test_mentions__sees_this_process),
};

SBK_TEST_MAIN(tests)
