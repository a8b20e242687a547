/* Bytes, texts and order of POSIX ACLs. */
#include "tests/support/test.h"

#include <string.h>

#include "engine/linux/posix_acl.h"

/* u::rw- u:990:rw- g::r-- m::rw- o::r--, as the kernel hands it out. */
static const unsigned char usual[] = {
	2,    0, 0, 0,			    /* version */
	0x01, 0, 6, 0, 255,  255, 255, 255, /* u::rw- */
	0x02, 0, 6, 0, 0xde, 3,	  0,   0,   /* u:990:rw- */
	0x04, 0, 4, 0, 255,  255, 255, 255, /* g::r-- */
	0x10, 0, 6, 0, 255,  255, 255, 255, /* m::rw- */
	0x20, 0, 4, 0, 255,  255, 255, 255, /* o::r-- */
};

static void parse_all(struct sbk_acl *acl, const char *const *texts)
{
	acl->count = 0;
	for (; *texts != NULL; texts++)
		assert_true(sbk_acl_entry_parse(*texts, strlen(*texts),
						&acl->entries[acl->count++]));
}

static void test_posix_acl__bytes_round_trip(void **state)
{
	unsigned char bytes[SBK_ACL_BYTES_MAX];
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_acl acl;

	(void)state;
	assert_ok(sbk_acl_decode(usual, sizeof(usual), &acl, &err), &err);
	assert_int_equal(acl.count, 5);
	assert_true(sbk_acl_valid(&acl));
	assert_int_equal(sbk_acl_encode(&acl, bytes), sizeof(usual));
	assert_memory_equal(bytes, usual, sizeof(usual));
}

static void test_posix_acl__order_and_duplicates_are_kept(void **state)
{
	/* The kernel takes ids in any order, and twice. */
	static const char *const texts[] = {"u::rwx",  "u:7:r--", "u:3:rw-",
					    "u:7:--x", "g::---",  "m::rwx",
					    "o::---",  NULL};
	unsigned char bytes[SBK_ACL_BYTES_MAX];
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_acl acl, again;
	size_t size;

	(void)state;
	parse_all(&acl, texts);
	assert_true(sbk_acl_valid(&acl));
	size = sbk_acl_encode(&acl, bytes);
	assert_ok(sbk_acl_decode(bytes, size, &again, &err), &err);
	assert_true(sbk_acl_equal(&acl, &again));
}

static void test_posix_acl__malformed_bytes_are_refused(void **state)
{
	unsigned char bytes[sizeof(usual)];
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_acl acl;
	size_t size;

	(void)state;
	for (size = 0; size < sizeof(usual); size++)
		if ((size < 4) || (size - 4) % 8 != 0)
			assert_error(sbk_acl_decode(usual, size, &acl, &err),
				     SBK_E_PARSE, &err);
	memcpy(bytes, usual, sizeof(bytes));
	bytes[0] = 3;
	assert_error(sbk_acl_decode(bytes, sizeof(bytes), &acl, &err),
		     SBK_E_UNSUPPORTED, &err);
	memcpy(bytes, usual, sizeof(bytes));
	bytes[4] = 3; /* two tags at once */
	assert_error(sbk_acl_decode(bytes, sizeof(bytes), &acl, &err),
		     SBK_E_PARSE, &err);
	memcpy(bytes, usual, sizeof(bytes));
	bytes[6] = 8; /* a permission that there is not */
	assert_error(sbk_acl_decode(bytes, sizeof(bytes), &acl, &err),
		     SBK_E_PARSE, &err);
}

static void test_posix_acl__too_many_entries_are_refused(void **state)
{
	static unsigned char bytes[SBK_ACL_BYTES(SBK_ACL_ENTRIES_MAX + 1)];
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_acl acl;
	size_t i;

	(void)state;
	bytes[0] = 2;
	for (i = 4; i < sizeof(bytes); i += 8)
		bytes[i] = 2;
	assert_error(sbk_acl_decode(bytes, sizeof(bytes), &acl, &err),
		     SBK_E_LIMIT, &err);
	assert_ok(sbk_acl_decode(bytes, sizeof(bytes) - 8, &acl, &err), &err);
	assert_false(sbk_acl_insert(&acl, acl.entries[0]));
}

static void test_posix_acl__entry_text_round_trips(void **state)
{
	static const char *const texts[] = {
		"u::rwx", "u::---",   "u:0:r--", "u:4294967294:--x",
		"g::rw-", "g:10:-w-", "m::r-x",	 "o::---",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct sbk_buf out = SBK_BUF_INIT;
		struct sbk_acl_entry entry;

		assert_true(sbk_acl_entry_parse(texts[i], strlen(texts[i]),
						&entry));
		sbk_acl_entry_format(&entry, &out);
		assert_string_equal(sbk_buf_text(&out), texts[i]);
		sbk_buf_release(&out);
	}
}

static void test_posix_acl__bad_entry_text_is_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"u",
		"u:rwx",
		"x::rwx",
		"u::rwX",
		"u::xwr",
		"u:01:rwx",
		"u:-1:rwx",
		"u:a:rwx",
		"u::rwxr",
		"u:1 :rwx",
		"m:1:rwx",
		"o:1:rwx",
		"u:4294967296:rwx",
		"u:99999999999:rwx",
		"u:1:rwx\n",
		"u:1:1:rwx",
	};
	struct sbk_acl_entry entry;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_false(sbk_acl_entry_parse(texts[i], strlen(texts[i]),
						 &entry));
}

static void test_posix_acl__validity_is_the_kernels(void **state)
{
	static const char *const bad[][8] = {
		{"u::rwx", "g::r-x", NULL},			 /* no other */
		{"u::rwx", "u:5:r--", "g::r--", "o::---", NULL}, /* no mask */
		{"g::r--", "u::rwx", "o::---", NULL},		 /* order */
		{"u::rwx", "u::rwx", "g::r--", "o::---", NULL},	 /* twice */
		{"u::rwx", "g::r--", "u:5:r--", "m::r--", "o::---", NULL},
		{"u::rwx", "g::r--", "m::r--", "m::r--", "o::---", NULL},
	};
	static const char *const good[][8] = {
		{"u::rwx", "g::r--", "o::---", NULL},
		{"u::rwx", "g::r--", "m::rwx", "o::---", NULL},
		{"u::rwx", "u:5:r--", "g::r--", "g:5:r--", "m::---", "o::---",
		 NULL},
	};
	struct sbk_acl acl;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		parse_all(&acl, bad[i]);
		assert_false(sbk_acl_valid(&acl));
	}
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		parse_all(&acl, good[i]);
		assert_true(sbk_acl_valid(&acl));
	}
}

static void test_posix_acl__mode_and_mask(void **state)
{
	static const char *const masked[] = {"u::rw-", "u:5:rwx", "g::r-x",
					     "m::-w-", "o::--x",  NULL};
	struct sbk_acl acl;
	uint32_t mode;

	(void)state;
	for (mode = 0; mode <= 0777; mode++) {
		sbk_acl_from_mode(&acl, 0100000 | mode);
		assert_true(sbk_acl_valid(&acl));
		assert_int_equal(sbk_acl_mode(&acl), mode);
	}
	parse_all(&acl, masked);
	assert_int_equal(sbk_acl_mode(&acl), 0621);
	assert_int_equal(sbk_acl_group_class(&acl), 7);
	assert_true(sbk_acl_has_named(&acl));
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_posix_acl__bytes_round_trip),
	cmocka_unit_test(test_posix_acl__order_and_duplicates_are_kept),
	cmocka_unit_test(test_posix_acl__malformed_bytes_are_refused),
	cmocka_unit_test(test_posix_acl__too_many_entries_are_refused),
	cmocka_unit_test(test_posix_acl__entry_text_round_trips),
	cmocka_unit_test(test_posix_acl__bad_entry_text_is_refused),
	cmocka_unit_test(test_posix_acl__validity_is_the_kernels),
	cmocka_unit_test(test_posix_acl__mode_and_mask),
};

SBK_TEST_MAIN(tests)
