/* Grants on access states: what is added, what is left when it goes. Pure. */
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

#include "engine/linux/access_rules.h"
#include "engine/linux/access_state.h"

/*
 * States in short: "100644 u::rw- g::r-- o::r-- | u::rwx ..." is the mode, the
 * access ACL and, after a bar, the default ACL. Owner and group are 1000.
 */
static struct sbk_state spell(const char *text, char out[4096])
{
	char copy[1024], *word, *rest = NULL;
	const char *kind = "access";
	size_t at;

	(void)snprintf(copy, sizeof(copy), "%s", text);
	word = strtok_r(copy, " ", &rest);
	at = (size_t)snprintf(out, 4096, "owner 1000\ngroup 1000\nmode %s\n",
			      word);
	while ((word = strtok_r(NULL, " ", &rest)) != NULL) {
		if (strcmp(word, "|") == 0)
			kind = "default";
		else
			at += (size_t)snprintf(out + at, 4096 - at, "%s %s\n",
					       kind, word);
	}
	return (struct sbk_state){.data = out, .size = at};
}

static void check(const char *what, const struct sbk_buf *found,
		  const char *wanted)
{
	char text[4096];
	struct sbk_state state = spell(wanted, text);

	if (found->size != state.size ||
	    memcmp(found->data, state.data, state.size) != 0)
		fail_msg("%s: wanted\n%sfound\n%s", what, state.data,
			 sbk_buf_text(found));
}

struct grant_case {
	const char *before;
	enum sbk_rights rights;
	const char *after;
	const char *ours;
};

/* For u:990. */
static const struct grant_case grants[] = {
	{"100644", SBK_RIGHTS_WRITE,
	 "100664 u::rw- u:990:rw- g::r-- m::rw- o::r--", "access u:990:rw-\n"},
	{"100600", SBK_RIGHTS_READ,
	 "100640 u::rw- u:990:r-- g::--- m::r-- o::---", "access u:990:r--\n"},
	{"100755", SBK_RIGHTS_READ,
	 "100755 u::rwx u:990:r-x g::r-x m::r-x o::r-x", "access u:990:r-x\n"},
	{"104710", SBK_RIGHTS_READ,
	 "104750 u::rwx u:990:r-x g::--x m::r-x o::---", "access u:990:r-x\n"},
	{"40700", SBK_RIGHTS_WRITE,
	 "40770 u::rwx u:990:rwx g::--- m::rwx o::--- | "
	 "u::rwx u:990:rwx g::--- m::rwx o::---",
	 "access u:990:rwx\ndefault u:990:rwx\n"},
	/* A default ACL that was there keeps its own entries. */
	{"40755 | u::rwx u:7:r-x g::--- m::r-x o::---", SBK_RIGHTS_READ,
	 "40755 u::rwx u:990:r-x g::r-x m::r-x o::r-x | "
	 "u::rwx u:7:r-x u:990:r-x g::--- m::r-x o::---",
	 "access u:990:r-x\ndefault u:990:r-x\n"},
	/* The same entry, or a wider one: nothing is ours. */
	{"100664 u::rw- u:990:rw- g::r-- m::rw- o::r--", SBK_RIGHTS_WRITE,
	 "100664 u::rw- u:990:rw- g::r-- m::rw- o::r--", ""},
	{"100674 u::rw- u:990:rwx g::r-- m::rwx o::r--", SBK_RIGHTS_READ,
	 "100674 u::rw- u:990:rwx g::r-- m::rwx o::r--", ""},
	/* One with less gets what it lacks; that is ours. */
	{"100644 u::rw- u:990:r-- g::r-- m::r-- o::r--", SBK_RIGHTS_WRITE,
	 "100664 u::rw- u:990:rw- g::r-- m::rw- o::r--", "access u:990:-w-\n"},
	/* A mask that hides our own entry only is opened, and that is ours. */
	{"100604 u::rw- u:990:rw- g::--- m::--- o::r--", SBK_RIGHTS_WRITE,
	 "100664 u::rw- u:990:rw- g::--- m::rw- o::r--", "access m::rw-\n"},
	/* A mask that is wider than the union is left as wide. */
	{"100674 u::rw- u:7:r-- g::r-- m::rwx o::r--", SBK_RIGHTS_READ,
	 "100674 u::rw- u:7:r-- u:990:r-- g::r-- m::rwx o::r--",
	 "access u:990:r--\n"},
	/* Passing through. */
	{"40700", SBK_RIGHTS_SEARCH,
	 "40710 u::rwx u:990:--x g::--- m::--x o::---", "access u:990:--x\n"},
	{"40711", SBK_RIGHTS_SEARCH, "40711", ""},
	{"40750 u::rwx u:990:r-- g::r-x m::r-x o::---", SBK_RIGHTS_SEARCH,
	 "40750 u::rwx u:990:r-x g::r-x m::r-x o::---", "access u:990:--x\n"},
};

static void test_access_rules__add_grant(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(grants) / sizeof(grants[0]); i++) {
		const struct grant_case *c = &grants[i];
		struct sbk_buf next = SBK_BUF_INIT, ours = SBK_BUF_INIT;
		struct sbk_error err = SBK_ERROR_INIT;
		char text[4096];

		assert_ok(sbk_access_add_grant(spell(c->before, text), "u:990",
					       c->rights, &next, &ours, &err),
			  &err);
		check(c->before, &next, c->after);
		assert_string_equal(sbk_buf_text(&ours), c->ours);
		sbk_buf_release(&next);
		sbk_buf_release(&ours);
	}
}

static void test_access_rules__a_grant_never_gives_to_others(void **state)
{
	/* chmod 600 hid u:7 and the group: a wider mask would show them. */
	static const char *const hidden[] = {
		"100600 u::rw- u:7:rw- g::--- m::--- o::---",
		"100600 u::rw- u:7:--- g::r-- m::--- o::---",
		"100640 u::rw- u:7:rw- g::r-- m::r-- o::---",
	};
	struct sbk_buf next = SBK_BUF_INIT, ours = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	char text[4096];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		assert_error(sbk_access_add_grant(spell(hidden[i], text),
						  "u:990", SBK_RIGHTS_WRITE,
						  &next, &ours, &err),
			     SBK_E_CONFLICT, &err);
	/* The control: reading needs no wider mask in the last one. */
	assert_ok(sbk_access_add_grant(spell(hidden[2], text), "u:990",
				       SBK_RIGHTS_READ, &next, &ours, &err),
		  &err);
	sbk_buf_release(&next);
	sbk_buf_release(&ours);
}

static void test_access_rules__only_files_and_directories(void **state)
{
	static const char *const others[] = {"10644", "20644", "60644",
					     "140644", "120777"};
	struct sbk_buf next = SBK_BUF_INIT, ours = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	char text[4096];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_error(sbk_access_add_grant(spell(others[i], text),
						  "u:990", SBK_RIGHTS_READ,
						  &next, &ours, &err),
			     SBK_E_UNSUPPORTED, &err);
	assert_error(sbk_access_add_grant(spell("100644", text), "x:990",
					  SBK_RIGHTS_READ, &next, &ours, &err),
		     SBK_E_INVAL, &err);
}

struct subtract_case {
	const char *before;
	enum sbk_rights rights;
	const char *edited; /* what others made of the state after */
	const char *left;   /* NULL: a conflict */
};

static const struct subtract_case subtractions[] = {
	/* Others and owner changed, the group class did not. */
	{"100644", SBK_RIGHTS_WRITE,
	 "100660 u::rw- u:990:rw- g::r-- m::rw- o::---", "100640"},
	/* chmod 600, 644, 775 on the granted file. */
	{"100644", SBK_RIGHTS_WRITE,
	 "100600 u::rw- u:990:rw- g::r-- m::--- o::---", "100600"},
	{"100600", SBK_RIGHTS_WRITE,
	 "100644 u::rw- u:990:rw- g::--- m::r-- o::r--", "100644"},
	{"100644", SBK_RIGHTS_WRITE,
	 "100775 u::rwx u:990:rw- g::r-- m::rwx o::r-x", "100775"},
	/* setfacl -m u:7:r--, which calculates the mask again. */
	{"100644", SBK_RIGHTS_WRITE,
	 "100664 u::rw- u:7:r-- u:990:rw- g::r-- m::rw- o::r--",
	 "100644 u::rw- u:7:r-- g::r-- m::r-- o::r--"},
	{"100600", SBK_RIGHTS_READ,
	 "100670 u::rw- u:7:rwx u:990:r-- g::--- m::rwx o::---",
	 "100670 u::rw- u:7:rwx g::--- m::rwx o::---"},
	/* ... and a mask that somebody set after it. */
	{"100644", SBK_RIGHTS_WRITE,
	 "100604 u::rw- u:7:r-- u:990:rw- g::r-- m::--- o::r--",
	 "100604 u::rw- u:7:r-- g::r-- m::--- o::r--"},
	/* setfacl -x u:990: ours is gone, the mask calculated again. */
	{"100644", SBK_RIGHTS_WRITE, "100644 u::rw- g::r-- m::r-- o::r--",
	 "100644"},
	/* setfacl -b. */
	{"100644", SBK_RIGHTS_WRITE, "100644", "100644"},
	/* Ours was altered. */
	{"100644", SBK_RIGHTS_WRITE,
	 "100644 u::rw- u:990:r-- g::r-- m::r-- o::r--", NULL},
	/* An entry that had less gets back what it had. */
	{"100644 u::rw- u:990:r-- g::r-- m::r-- o::r--", SBK_RIGHTS_WRITE,
	 "100666 u::rw- u:990:rw- g::r-- m::rw- o::rw-",
	 "100646 u::rw- u:990:r-- g::r-- m::r-- o::rw-"},
	/* A mask that stood alone before stands alone again. */
	{"100644 u::rw- g::r-- m::r-- o::r--", SBK_RIGHTS_WRITE,
	 "100660 u::rw- u:990:rw- g::r-- m::rw- o::---",
	 "100640 u::rw- g::r-- m::r-- o::---"},
	/* A default ACL that the grant began goes whole. */
	{"40755", SBK_RIGHTS_WRITE,
	 "40770 u::rwx u:990:rwx g::r-x m::rwx o::--- | "
	 "u::rwx u:990:rwx g::r-x m::rwx o::r-x",
	 "40750"},
	/* ... but not what others put into it. */
	{"40755", SBK_RIGHTS_WRITE,
	 "40775 u::rwx u:990:rwx g::r-x m::rwx o::r-x | "
	 "u::rwx u:7:r-- u:990:rwx g::r-x m::rwx o::r-x",
	 "40755 | u::rwx u:7:r-- g::r-x m::r-x o::r-x"},
	{"40755", SBK_RIGHTS_WRITE,
	 "40775 u::rwx u:990:rwx g::r-x m::rwx o::r-x | "
	 "u::rwx u:990:rwx g::r-x m::rwx o::---",
	 "40755 | u::rwx g::r-x o::---"},
	/* setfacl -k took the default ACL away, the access entry stays. */
	{"40755", SBK_RIGHTS_WRITE,
	 "40775 u::rwx u:990:rwx g::r-x m::rwx o::r-x", "40755"},
	/* A default ACL of before comes back as it was. */
	{"40755 | u::rwx u:7:r-x g::--- m::r-x o::---", SBK_RIGHTS_WRITE,
	 "40774 u::rwx u:990:rwx g::r-x m::rwx o::r-- | "
	 "u::rwx u:7:r-x u:990:rwx g::--- m::rwx o::---",
	 "40754 | u::rwx u:7:r-x g::--- m::r-x o::---"},
};

static void run_subtraction(const struct subtract_case *c)
{
	char before[4096], edited[4096];
	struct sbk_buf after = SBK_BUF_INIT, ours = SBK_BUF_INIT;
	struct sbk_buf next = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_change change = {.before = spell(c->before, before)};
	int rc;

	assert_ok(sbk_access_add_grant(change.before, "u:990", c->rights,
				       &after, &ours, &err),
		  &err);
	change.after = (struct sbk_state){.data = sbk_buf_text(&after),
					  .size = after.size};
	change.ours = sbk_buf_text(&ours);
	rc = sbk_access_subtract(&change, spell(c->edited, edited), &next,
				 &err);
	if (c->left == NULL) {
		assert_error(rc, SBK_E_CONFLICT, &err);
	} else {
		assert_ok(rc, &err);
		check(c->edited, &next, c->left);
	}
	sbk_buf_release(&after);
	sbk_buf_release(&ours);
	sbk_buf_release(&next);
}

static void test_access_rules__only_the_edits_of_others_remain(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(subtractions) / sizeof(subtractions[0]); i++)
		run_subtraction(&subtractions[i]);
}

/* Every mode, every right: subtracting from the state after gives before. */
static void test_access_rules__subtract_undoes_add(void **state)
{
	char before[4096], text[64];
	unsigned mode, type, rights;

	(void)state;
	for (type = 0; type < 2; type++)
		for (mode = 0; mode <= 0777; mode++)
			for (rights = 0; rights < 3; rights++) {
				struct subtract_case c = {.rights = rights};
				struct sbk_buf after = SBK_BUF_INIT;
				struct sbk_buf ours = SBK_BUF_INIT;
				struct sbk_buf next = SBK_BUF_INIT;
				struct sbk_error err = SBK_ERROR_INIT;
				struct sbk_change change = {.ours = ""};

				(void)snprintf(text, sizeof(text),
					       type == 0 ? "100%03o" : "40%03o",
					       mode);
				change.before = spell(text, before);
				assert_ok(sbk_access_add_grant(change.before,
							       "g:990",
							       c.rights, &after,
							       &ours, &err),
					  &err);
				change.after = (struct sbk_state){
					.data = sbk_buf_text(&after),
					.size = after.size};
				change.ours = sbk_buf_text(&ours);
				assert_ok(sbk_access_subtract(&change,
							      change.after,
							      &next, &err),
					  &err);
				check(text, &next, text);
				sbk_buf_release(&after);
				sbk_buf_release(&ours);
				sbk_buf_release(&next);
			}
}

struct strip_case {
	const char *state, *left;
};

/* Of u:990 and g:991. */
static const struct strip_case strips[] = {
	{"100644", "100644"},
	{"100644 u::rw- u:7:r-- g::r-- m::r-- o::r--",
	 "100644 u::rw- u:7:r-- g::r-- m::r-- o::r--"},
	/* A file made in a granted directory: 0666, less nothing. */
	{"100664 u::rw- u:990:rwx g::r-x m::rw- o::r--", "100644"},
	{"100660 u::rw- u:990:rwx g::r-x g:991:rwx m::rw- o::---", "100640"},
	/* A directory made in one: the default ACL goes with the entry. */
	{"40775 u::rwx u:990:rwx g::r-x m::rwx o::r-x | "
	 "u::rwx u:990:rwx g::r-x m::rwx o::r-x",
	 "40755"},
	{"40775 u::rwx u:7:rwx u:990:rwx g::r-x m::rwx o::r-x | "
	 "u::rwx u:7:rwx u:990:rwx g::r-x m::rwx o::r-x",
	 "40775 u::rwx u:7:rwx g::r-x m::rwx o::r-x | "
	 "u::rwx u:7:rwx g::r-x m::rwx o::r-x"},
	/* chmod 600 on it. */
	{"100600 u::rw- u:990:rwx g::r-x m::--- o::---", "100600"},
	/* A FIFO inherits, too. */
	{"10664 u::rw- u:990:rwx g::r-x m::rw- o::r--", "10644"},
};

static void test_access_rules__strip(void **state)
{
	static const char *const principals[] = {"u:990", "g:991"};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(strips) / sizeof(strips[0]); i++) {
		struct sbk_buf next = SBK_BUF_INIT;
		struct sbk_error err = SBK_ERROR_INIT;
		char text[4096];

		assert_ok(sbk_access_strip(spell(strips[i].state, text),
					   principals, 2, &next, &err),
			  &err);
		check(strips[i].state, &next, strips[i].left);
		sbk_buf_release(&next);
	}
}

static void test_access_rules__malformed_states_are_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"owner 1000\n",
		"owner 1000\ngroup 1000\n",
		"owner 1000\ngroup 1000\nmode 100644",
		"owner 01\ngroup 1000\nmode 100644\n",
		"owner 4294967296\ngroup 1000\nmode 100644\n",
		"owner 1000\ngroup 1000\nmode 100648\n",
		"owner 1000\ngroup 1000\nmode 1000000\n",
		"group 1000\nowner 1000\nmode 100644\n",
		"owner 1000\ngroup 1000\nmode 100644\naccess u::rw-\n",
		/* The mode says r for the group, the mask says nothing. */
		"owner 1000\ngroup 1000\nmode 100644\naccess u::rw-\n"
		"access u:5:r--\naccess g::r--\naccess m::---\naccess o::r--\n",
		"owner 1000\ngroup 1000\nmode 100644\nsomething\n",
	};
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_access access;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_error(
			sbk_access_parse(
				(struct sbk_state){texts[i], strlen(texts[i])},
				&access, &err),
			SBK_E_PARSE, &err);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_access_rules__add_grant),
	cmocka_unit_test(test_access_rules__a_grant_never_gives_to_others),
	cmocka_unit_test(test_access_rules__only_files_and_directories),
	cmocka_unit_test(test_access_rules__only_the_edits_of_others_remain),
	cmocka_unit_test(test_access_rules__subtract_undoes_add),
	cmocka_unit_test(test_access_rules__strip),
	cmocka_unit_test(test_access_rules__malformed_states_are_refused),
};

SBK_TEST_MAIN(tests)
