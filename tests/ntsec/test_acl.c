/* Lists: reading, exact edits that undo each other, canonical order. */
#include <string.h>

#include "engine/ntsec/acl.h"
#include "engine/ntsec/wire.h"
#include "tests/ntsec/random_sd.h"
#include "tests/support/test.h"

#include "engine/banned.h"

#define SEEDS 20000

static struct sbk_sid sid_of(uint32_t sub)
{
	return sbk_sid_make(5, &sub, 1);
}

/*
 * A list in a notation of ours, an entry per word: A or D (allow, deny), U
 * (audit) or ? (a type that nobody knows), then i where it is inherited, then
 * the last subauthority of its SID.
 */
static void build(struct sbk_buf *out, const char *text)
{
	struct sbk_buf entries = SBK_BUF_INIT;
	static const uint8_t unknown[4] = {0x77, 0, 4, 0};
	uint16_t count = 0;

	for (; *text != '\0'; text++) {
		struct sbk_ace_parts parts = {.mask = 1};

		if (*text == ' ')
			continue;
		parts.type = *text == 'A'   ? SBK_ACE_ALLOW
			     : *text == 'D' ? SBK_ACE_DENY
					    : SBK_ACE_AUDIT;
		count++;
		if (*text == '?') {
			sbk_buf_add(&entries, unknown, 4);
			continue;
		}
		if (text[1] == 'i') {
			parts.flags = SBK_ACE_INHERITED;
			text++;
		}
		parts.sid = sid_of((uint32_t)(*++text - '0'));
		assert_int_equal(sbk_ace_write(&entries, &parts, NULL), 0);
	}
	sbk_buf_clear(out);
	assert_int_equal(sbk_nt_acl_write(out, 2, &entries, count, NULL), 0);
	sbk_buf_release(&entries);
}

static struct sbk_ace_key key_of(const char *text)
{
	struct sbk_ace_key key = {.mask = 1};

	key.type = *text == 'A' ? SBK_ACE_ALLOW : SBK_ACE_DENY;
	if (*text == 'U')
		key.type = SBK_ACE_AUDIT;
	if (*++text == 'i') {
		key.flags = SBK_ACE_INHERITED;
		text++;
	}
	key.sid = sid_of((uint32_t)(*text - '0'));
	return key;
}

static struct sbk_nt_acl view(const struct sbk_buf *bytes)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_nt_acl acl;

	assert_ok(sbk_nt_acl_read((const uint8_t *)bytes->data, bytes->size,
				  &acl, &err),
		  &err);
	return acl;
}

static void assert_same(const struct sbk_buf *a, const struct sbk_buf *b)
{
	assert_int_equal(a->size, b->size);
	assert_memory_equal(a->data, b->data, a->size);
}

static void test_acl__bytes_of_a_list(void **state)
{
	static const uint8_t bytes[] = {
		0x04, 0x00, 0x28, 0x00, /* revision 4, 40 bytes */
		0x02, 0x00, 0x00, 0x00, /* 2 entries */
		/* 8: deny, inherited, 20 bytes, 0x1f01ff, S-1-1-0 */
		0x01, 0x10, 0x14, 0x00, 0xff, 0x01, 0x1f, 0x00, 0x01, 0x01,
		0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00,
		/* 28: type 0x42, 8 bytes */
		0x42, 0x00, 0x08, 0x00, 0xde, 0xad, 0xbe, 0xef,
		/* 36: slack */
		0x5a, 0x5a, 0x5a, 0x5a, 0xff};
	struct sbk_nt_acl_cursor at = SBK_NT_ACL_BEGIN;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_nt_acl acl;
	struct sbk_ace ace;

	(void)state;
	assert_ok(sbk_nt_acl_read(bytes, sizeof(bytes), &acl, &err), &err);
	assert_int_equal(acl.revision, 4);
	assert_int_equal(acl.size, 40);
	assert_int_equal(acl.count, 2);
	assert_int_equal(acl.used, 36);
	assert_true(sbk_nt_acl_next(&acl, &at, &ace));
	assert_int_equal(ace.type, SBK_ACE_DENY);
	assert_int_equal(at.index, 1);
	assert_true(sbk_nt_acl_next(&acl, &at, &ace));
	assert_true(ace.is_opaque);
	assert_int_equal(ace.type, 0x42);
	assert_int_equal(ace.size, 8);
	assert_false(sbk_nt_acl_next(&acl, &at, &ace));
	assert_false(sbk_nt_acl_next(&acl, &at, &ace));
}

static void test_acl__what_is_wrong_is_pointed_at(void **state)
{
	static const struct {
		uint8_t bytes[32];
		size_t size, offset;
	} cases[] = {
		{{2, 0, 8, 0, 0, 0, 0}, 7, 0},
		{{1, 0, 8, 0, 0, 0, 0, 0}, 8, 0},
		{{5, 0, 8, 0, 0, 0, 0, 0}, 8, 0},
		{{2, 0, 7, 0, 0, 0, 0, 0}, 8, 2},
		{{2, 0, 12, 0, 0, 0, 0, 0}, 8, 2},
		{{2, 0, 8, 0, 1, 0, 0, 0}, 8, 8},	       /* no entry */
		{{2, 0, 8, 0, 1, 0, 0, 0, 9, 0, 4, 0}, 12, 8}, /* outside */
		{{2, 0, 16, 0, 2, 0, 0, 0, 0x77, 0, 4, 0, 0x77, 0, 8, 0},
		 16,
		 14},
		{{2, 0, 12, 0, 1, 0, 0, 0, 0x77, 0, 0, 0}, 12, 10},
		{{2, 0, 8, 0, 0xff, 0xff, 0, 0}, 8, 8},
	};
	struct sbk_nt_acl acl;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sbk_error err = SBK_ERROR_INIT;

		assert_error(sbk_nt_acl_read(cases[i].bytes, cases[i].size,
					     &acl, &err),
			     SBK_E_PARSE, &err);
		assert_int_equal(err.offset, cases[i].offset);
	}
}

/* Revisions and sizes that Windows reads and never writes. */
static void test_acl__odd_and_readable(void **state)
{
	static const uint8_t three[] = {3, 0, 8, 0, 0, 0, 0, 0};
	static const uint8_t uneven[] = {2, 0, 11, 0, 0, 0, 0, 0, 1, 2, 3};
	struct sbk_nt_acl acl;

	(void)state;
	assert_int_equal(sbk_nt_acl_read(three, 8, &acl, NULL), 0);
	assert_int_equal(sbk_nt_acl_read(uneven, 11, &acl, NULL), 0);
	assert_int_equal(acl.used, 8);
	assert_int_equal(acl.size, 11);
}

static void test_acl__added_where_it_belongs(void **state)
{
	static const struct {
		const char *before, *key, *after;
	} cases[] = {
		{"", "A1", "A1"},
		{"", "Ai1", "Ai1"},
		{"A2", "A1", "A2 A1"},
		{"A2", "D1", "D1 A2"},
		{"D2 A2", "D1", "D2 D1 A2"},
		{"D2 A2 Ai3", "A1", "D2 A2 A1 Ai3"},
		{"D2 A2 Ai3", "D1", "D2 D1 A2 Ai3"},
		{"Di3", "D1", "D1 Di3"},
		{"Di3", "A1", "A1 Di3"},
		{"D2 Di3 Ai3", "Ai1", "D2 Di3 Ai3 Ai1"},
		{"D2 Di3 Ai3", "Di1", "D2 Di3 Ai3 Di1"},
		{"A1 A2", "A1", "A1 A2 A1"},
		/* What is not canonical keeps its order. */
		{"A2 D3", "D1", "D1 A2 D3"},
		{"Ai2 A3", "A1", "A1 Ai2 A3"},
		{"Ai2 A3 D4", "D1", "D1 Ai2 A3 D4"},
		/* What has no effect on access bars nobody's way. */
		{"? U2 A2", "D1", "? U2 D1 A2"},
		{"? U2 Ui3", "U1", "? U2 U1 Ui3"},
	};
	struct sbk_buf before = SBK_BUF_INIT, after = SBK_BUF_INIT;
	struct sbk_buf out = SBK_BUF_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sbk_ace_key key = key_of(cases[i].key);
		struct sbk_error err = SBK_ERROR_INIT;
		struct sbk_nt_acl acl;

		build(&before, cases[i].before);
		build(&after, cases[i].after);
		acl = view(&before);
		sbk_buf_clear(&out);
		assert_ok(sbk_nt_acl_add(&acl, &key, &out, &err), &err);
		if (out.size != after.size ||
		    memcmp(out.data, after.data, out.size) != 0)
			print_error("'%s' + %s\n", cases[i].before,
				    cases[i].key);
		assert_same(&out, &after);
	}
	sbk_buf_release(&before);
	sbk_buf_release(&after);
	sbk_buf_release(&out);
}

static void test_acl__removed_by_count(void **state)
{
	static const struct {
		const char *before, *key;
		size_t count, removed;
		const char *after;
	} cases[] = {
		{"A1 A2 A1 A3 A1", "A1", 1, 1, "A1 A2 A1 A3"},
		{"A1 A2 A1 A3 A1", "A1", 2, 2, "A1 A2 A3"},
		{"A1 A2 A1 A3 A1", "A1", 9, 3, "A2 A3"},
		{"A1 A2 A1 A3 A1", "A1", 0, 0, "A1 A2 A1 A3 A1"},
		{"A1", "A2", 1, 0, "A1"},
		{"A1", "D1", 1, 0, "A1"},
		{"Ai1", "A1", 1, 0, "Ai1"},
		/* Ours stands before the barrier, others' behind it. */
		{"D1 A2 D1", "D1", 1, 1, "A2 D1"},
		{"D1 D1 A2 D1 D1", "D1", 3, 3, "A2 D1"},
		{"A1 Ai2 A1", "A1", 1, 1, "Ai2 A1"},
		{"Ai1 A2 Ai1", "Ai1", 1, 1, "Ai1 A2"},
		{"? D1 ?", "D1", 1, 1, "? ?"},
	};
	struct sbk_buf before = SBK_BUF_INIT, after = SBK_BUF_INIT;
	struct sbk_buf out = SBK_BUF_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sbk_ace_key key = key_of(cases[i].key);
		struct sbk_error err = SBK_ERROR_INIT;
		struct sbk_nt_acl acl;
		size_t removed;

		build(&before, cases[i].before);
		build(&after, cases[i].after);
		acl = view(&before);
		sbk_buf_clear(&out);
		assert_ok(sbk_nt_acl_remove(&acl, &key, cases[i].count, &out,
					    &removed, &err),
			  &err);
		assert_int_equal(removed, cases[i].removed);
		assert_same(&out, &after);
	}
	sbk_buf_release(&before);
	sbk_buf_release(&after);
	sbk_buf_release(&out);
}

/* An entry equals a key only as a whole, and only without anything more. */
static void test_acl__equal_means_exactly(void **state)
{
	struct sbk_ace_key key = key_of("A1");
	struct sbk_ace_parts parts = {
		.type = key.type, .mask = key.mask, .sid = key.sid};
	struct sbk_buf bytes = SBK_BUF_INIT;
	struct sbk_ace ace;
	unsigned i;

	(void)state;
	for (i = 0; i < 6; i++) {
		struct sbk_ace_parts other = parts;

		if (i == 1)
			other.type = SBK_ACE_DENY;
		if (i == 2)
			other.flags = SBK_ACE_INHERITED;
		if (i == 3)
			other.mask = 3;
		if (i == 4)
			other.sid = sid_of(2);
		if (i == 5) {
			other.data = (const uint8_t *)"data";
			other.data_size = 4;
		}
		sbk_buf_clear(&bytes);
		assert_int_equal(sbk_ace_write(&bytes, &other, NULL), 0);
		assert_int_equal(sbk_ace_read((const uint8_t *)bytes.data,
					      bytes.size, &ace, NULL),
				 0);
		assert_int_equal(sbk_ace_is(&ace, &key), i == 0);
	}
	sbk_buf_release(&bytes);
}

static void test_acl__null_becomes_a_list(void **state)
{
	static const uint8_t empty[] = {2, 0, 8, 0, 0, 0, 0, 0};
	struct sbk_ace_key key = key_of("A1");
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf out = SBK_BUF_INIT, again = SBK_BUF_INIT;
	struct sbk_nt_acl acl;
	size_t removed;

	(void)state;
	assert_ok(sbk_nt_acl_add(NULL, &key, &out, &err), &err);
	acl = view(&out);
	assert_int_equal(sbk_nt_acl_count(&acl, &key), 1);
	assert_ok(sbk_nt_acl_remove(&acl, &key, 1, &again, &removed, &err),
		  &err);
	assert_int_equal(again.size, sizeof(empty));
	assert_memory_equal(again.data, empty, sizeof(empty));
	sbk_buf_release(&again);
	sbk_buf_release(&out);
}

static void test_acl__what_is_not_added(void **state)
{
	static const uint8_t types[] = {0x04, 0x05, 0x09, 0x0b,
					0x12, 0x15, 0x16, 0xff};
	struct sbk_ace_key key = key_of("A1");
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf out = SBK_BUF_INIT, big = SBK_BUF_INIT;
	struct sbk_nt_acl acl;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(types); i++) {
		key.type = types[i];
		assert_error(sbk_nt_acl_add(NULL, &key, &out, &err),
			     SBK_E_INVAL, &err);
	}
	/* 3276 entries of 20 bytes leave room for 12 more bytes. */
	key = key_of("A1");
	sbk_buf_adds(&big, "");
	for (i = 0; i < 3276; i++) {
		struct sbk_ace_parts parts = {.mask = (uint32_t)i,
					      .sid = key.sid};

		assert_ok(sbk_ace_write(&big, &parts, &err), &err);
	}
	assert_ok(sbk_nt_acl_write(&out, 2, &big, 3276, &err), &err);
	acl = view(&out);
	sbk_buf_clear(&big);
	assert_error(sbk_nt_acl_add(&acl, &key, &big, &err), SBK_E_LIMIT, &err);
	assert_int_equal(big.size, 0);
	sbk_buf_release(&big);
	sbk_buf_release(&out);
}

/* A key that may equal entries of the list: random, or taken from it. */
static struct sbk_ace_key random_key(struct random *r,
				     const struct sbk_nt_acl *acl)
{
	struct sbk_nt_acl_cursor at = SBK_NT_ACL_BEGIN;
	struct sbk_buf bytes = SBK_BUF_INIT;
	struct sbk_ace_key key = {.type = SBK_ACE_ALLOW};
	uint32_t skip = random_below(r, acl->count + 1u);
	struct sbk_ace ace;

	while (sbk_nt_acl_next(acl, &at, &ace))
		if (sbk_ace_type_is_plain(ace.type) && skip-- == 0) {
			key.type = ace.type;
			key.flags = ace.flags;
			key.mask = ace.mask;
			key.sid = ace.sid;
			return key;
		}
	random_sid(r, &bytes);
	assert_int_equal(sbk_sid_read((const uint8_t *)bytes.data, bytes.size,
				      &key.sid, NULL),
			 0);
	key.type = (uint8_t)random_below(r, 3);
	key.flags = (uint8_t)random_u32(r);
	sbk_buf_release(&bytes);
	return key;
}

/* Adds `n` times, then removes n: the bytes from before. */
static void check_inverse(struct random *r, const struct sbk_buf *bytes)
{
	unsigned i, n = 1 + random_below(r, 3);
	struct sbk_buf now = SBK_BUF_INIT, next = SBK_BUF_INIT;
	struct sbk_nt_acl acl = view(bytes);
	struct sbk_ace_key key = random_key(r, &acl);
	size_t had = sbk_nt_acl_count(&acl, &key), removed;

	sbk_buf_add(&now, bytes->data, bytes->size);
	for (i = 0; i < n; i++) {
		acl = view(&now);
		sbk_buf_clear(&next);
		assert_int_equal(sbk_nt_acl_add(&acl, &key, &next, NULL), 0);
		sbk_buf_clear(&now);
		sbk_buf_add(&now, next.data, next.size);
	}
	acl = view(&now);
	assert_int_equal(sbk_nt_acl_count(&acl, &key), had + n);
	sbk_buf_clear(&next);
	assert_int_equal(
		sbk_nt_acl_remove(&acl, &key, n, &next, &removed, NULL), 0);
	assert_int_equal(removed, n);
	assert_same(&next, bytes);
	sbk_buf_release(&next);
	sbk_buf_release(&now);
}

static void test_acl__removal_undoes_addition(void **state)
{
	struct sbk_buf bytes = SBK_BUF_INIT;
	unsigned seed;

	(void)state;
	for (seed = 0; seed < SEEDS; seed++) {
		struct random r = {.state = seed};

		sbk_buf_clear(&bytes);
		random_acl(&r, RANDOM_EVERYTHING, 20, &bytes);
		check_inverse(&r, &bytes);
	}
	sbk_buf_release(&bytes);
}

/* Two grants, taken back in either order: the bytes from before. */
static void test_acl__two_grants_in_any_order(void **state)
{
	struct sbk_buf steps[5] = {SBK_BUF_INIT, SBK_BUF_INIT, SBK_BUF_INIT,
				   SBK_BUF_INIT, SBK_BUF_INIT};
	unsigned seed, i;

	(void)state;
	for (seed = 0; seed < SEEDS; seed++) {
		struct random r = {.state = ~(uint64_t)seed};
		struct sbk_ace_key a, b;
		struct sbk_nt_acl acl;
		size_t removed;

		for (i = 0; i < 5; i++)
			sbk_buf_clear(&steps[i]);
		random_acl(&r, RANDOM_EVERYTHING, 20, &steps[0]);
		acl = view(&steps[0]);
		a = random_key(&r, &acl);
		b = random_key(&r, &acl);
		assert_int_equal(sbk_nt_acl_add(&acl, &a, &steps[1], NULL), 0);
		acl = view(&steps[1]);
		assert_int_equal(sbk_nt_acl_add(&acl, &b, &steps[2], NULL), 0);
		acl = view(&steps[2]);
		assert_int_equal(sbk_nt_acl_remove(&acl, seed % 2 ? &a : &b, 1,
						   &steps[3], &removed, NULL),
				 0);
		acl = view(&steps[3]);
		assert_int_equal(sbk_nt_acl_remove(&acl, seed % 2 ? &b : &a, 1,
						   &steps[4], &removed, NULL),
				 0);
		assert_same(&steps[4], &steps[0]);
	}
	for (i = 0; i < 5; i++)
		sbk_buf_release(&steps[i]);
}

/* "Order of ACEs in a DACL". */
static void test_acl__canonical_order(void **state)
{
	static const struct {
		const char *acl;
		bool is_canonical;
		unsigned index, before;
	} cases[] = {
		{"", true, 0, 0},
		{"A1", true, 0, 0},
		{"D1 D2 A1 A2 Di1 Ai1 Di2 Ai2", true, 0, 0},
		{"Ai1 Di1", true, 0, 0},
		{"D1 Ai1", true, 0, 0},
		{"? D1 ? A1 ? Ai1 ?", true, 0, 0},
		{"A1 U1 A2", true, 0, 0},
		{"A1 D1", false, 1, 0},
		{"D1 A1 A2 D2", false, 3, 1},
		{"D1 Ai1 A1", false, 2, 1},
		{"Ai1 D1", false, 1, 0},
		{"A1 Ai1 D1", false, 2, 0},
		{"Ai1 A1 D1", false, 1, 0},
		{"? A1 ? ? D1 A2", false, 4, 1},
	};
	struct sbk_buf bytes = SBK_BUF_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sbk_nt_acl_order order;
		struct sbk_nt_acl acl;

		build(&bytes, cases[i].acl);
		acl = view(&bytes);
		order = sbk_nt_acl_examine_order(&acl);
		if (order.is_canonical != cases[i].is_canonical)
			print_error("%s\n", cases[i].acl);
		assert_int_equal(order.is_canonical, cases[i].is_canonical);
		assert_int_equal(order.why == NULL, cases[i].is_canonical);
		assert_int_equal(order.index, cases[i].index);
		assert_int_equal(order.before, cases[i].before);
	}
	sbk_buf_release(&bytes);
}

/* What is canonical stays so, whatever is added. */
static void test_acl__addition_keeps_canonical_order(void **state)
{
	struct sbk_buf bytes = SBK_BUF_INIT, next = SBK_BUF_INIT;
	unsigned seed, canonical = 0;

	(void)state;
	for (seed = 0; seed < SEEDS; seed++) {
		struct random r = {.state = seed};
		struct sbk_ace_key key;
		struct sbk_nt_acl acl;

		sbk_buf_clear(&bytes);
		random_acl(&r, RANDOM_EVERYTHING, 4, &bytes);
		acl = view(&bytes);
		if (!sbk_nt_acl_examine_order(&acl).is_canonical)
			continue;
		canonical++;
		key = random_key(&r, &acl);
		sbk_buf_clear(&next);
		assert_int_equal(sbk_nt_acl_add(&acl, &key, &next, NULL), 0);
		acl = view(&next);
		assert_true(sbk_nt_acl_examine_order(&acl).is_canonical);
	}
	assert_true(canonical > SEEDS / 4);
	sbk_buf_release(&next);
	sbk_buf_release(&bytes);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_acl__bytes_of_a_list),
	cmocka_unit_test(test_acl__what_is_wrong_is_pointed_at),
	cmocka_unit_test(test_acl__odd_and_readable),
	cmocka_unit_test(test_acl__added_where_it_belongs),
	cmocka_unit_test(test_acl__removed_by_count),
	cmocka_unit_test(test_acl__equal_means_exactly),
	cmocka_unit_test(test_acl__null_becomes_a_list),
	cmocka_unit_test(test_acl__what_is_not_added),
	cmocka_unit_test(test_acl__removal_undoes_addition),
	cmocka_unit_test(test_acl__two_grants_in_any_order),
	cmocka_unit_test(test_acl__canonical_order),
	cmocka_unit_test(test_acl__addition_keeps_canonical_order),
};

SBK_TEST_MAIN(tests)
