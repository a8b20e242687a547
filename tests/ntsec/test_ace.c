/* ACEs: every type from bytes and back, and bytes that are none. */
#include <string.h>

#include "engine/buf.h"
#include "engine/ntsec/ace.h"
#include "engine/ntsec/wire.h"
#include "tests/support/test.h"

#include "engine/banned.h"

static const uint8_t everyone[] = {1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0};
static const uint8_t guid_a[16] = {0xa0, 1, 2,	3,  4,	5,  6,	7,
				   8,	 9, 10, 11, 12, 13, 14, 15};
static const uint8_t guid_b[16] = {0xb0, 1, 2,	3,  4,	5,  6,	7,
				   8,	 9, 10, 11, 12, 13, 14, 15};

/* What MS-DTYP 2.4.4 says of each type, written down a second time. */
static const struct {
	uint8_t type;
	const char *letters;
	enum sbk_ace_effect effect;
	bool is_opaque, has_guids, is_conditional, is_plain;
} types[] = {
	{0x00, "A", SBK_ACE_ALLOWS, false, false, false, true},
	{0x01, "D", SBK_ACE_DENIES, false, false, false, true},
	{0x02, "AU", SBK_ACE_AUDITS, false, false, false, true},
	{0x03, "AL", SBK_ACE_AUDITS, false, false, false, true},
	{0x04, NULL, SBK_ACE_NO_EFFECT_KNOWN, true, false, false, false},
	{0x05, "OA", SBK_ACE_ALLOWS, false, true, false, false},
	{0x06, "OD", SBK_ACE_DENIES, false, true, false, false},
	{0x07, "OU", SBK_ACE_AUDITS, false, true, false, false},
	{0x08, "OL", SBK_ACE_AUDITS, false, true, false, false},
	{0x09, "XA", SBK_ACE_ALLOWS, false, false, true, false},
	{0x0a, "XD", SBK_ACE_DENIES, false, false, true, false},
	{0x0b, "ZA", SBK_ACE_ALLOWS, false, true, true, false},
	{0x0c, NULL, SBK_ACE_DENIES, false, true, true, false},
	{0x0d, "XU", SBK_ACE_AUDITS, false, false, true, false},
	{0x0e, NULL, SBK_ACE_AUDITS, false, false, true, false},
	{0x0f, NULL, SBK_ACE_AUDITS, false, true, true, false},
	{0x10, NULL, SBK_ACE_AUDITS, false, true, true, false},
	{0x11, "ML", SBK_ACE_LABELS, false, false, false, true},
	{0x12, "RA", SBK_ACE_DESCRIBES, false, false, false, false},
	{0x13, "SP", SBK_ACE_DESCRIBES, false, false, false, true},
	{0x14, "TL", SBK_ACE_DESCRIBES, false, false, false, true},
	{0x15, "FL", SBK_ACE_DESCRIBES, false, false, true, false},
	{0x16, NULL, SBK_ACE_NO_EFFECT_KNOWN, true, false, false, false},
	{0x80, NULL, SBK_ACE_NO_EFFECT_KNOWN, true, false, false, false},
	{0xff, NULL, SBK_ACE_NO_EFFECT_KNOWN, true, false, false, false},
};

/* The bytes of an ACE, put together without the library. */
static void build(struct sbk_buf *out, uint8_t type, bool has_guids,
		  uint32_t object_flags, const char *data)
{
	uint8_t head[12] = {type, 0x13, 0, 0, 0xbf, 0x01, 0x13, 0x00};

	sbk_buf_clear(out);
	put_u32le(head + 8, object_flags);
	sbk_buf_add(out, head, has_guids ? 12 : 8);
	if (has_guids && (object_flags & 1))
		sbk_buf_add(out, guid_a, 16);
	if (has_guids && (object_flags & 2))
		sbk_buf_add(out, guid_b, 16);
	sbk_buf_add(out, everyone, sizeof(everyone));
	sbk_buf_adds(out, data);
	put_u16le((uint8_t *)out->data + 2, (uint16_t)out->size);
}

static void assert_written_back(const struct sbk_ace *ace)
{
	struct sbk_ace_parts parts = {.type = ace->type,
				      .flags = ace->flags,
				      .mask = ace->mask,
				      .object_type = ace->object_type,
				      .inherited_type = ace->inherited_type,
				      .sid = ace->sid,
				      .data = ace->data,
				      .data_size = ace->data_size};
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf out = SBK_BUF_INIT;

	assert_ok(sbk_ace_write(&out, &parts, &err), &err);
	assert_int_equal(out.size, ace->size);
	assert_memory_equal(out.data, ace->bytes, ace->size);
	sbk_buf_release(&out);
}

static void test_ace__every_type(void **state)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf bytes = SBK_BUF_INIT;
	struct sbk_sid_text text;
	struct sbk_ace ace;
	uint32_t flags;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		for (flags = 0; flags < 4; flags++) {
			build(&bytes, types[i].type, types[i].has_guids, flags,
			      "artx");
			assert_ok(sbk_ace_read((const uint8_t *)bytes.data,
					       bytes.size, &ace, &err),
				  &err);
			assert_int_equal(ace.type, types[i].type);
			assert_int_equal(ace.flags, 0x13);
			assert_int_equal(ace.size, bytes.size);
			assert_ptr_equal(ace.bytes, bytes.data);
			assert_int_equal(ace.effect, types[i].effect);
			assert_int_equal(ace.is_opaque, types[i].is_opaque);
			assert_int_equal(ace.is_conditional,
					 types[i].is_conditional);
			if (ace.is_opaque)
				continue;
			assert_int_equal(ace.mask, 0x1301bf);
			assert_string_equal(sbk_sid_format(&ace.sid, &text),
					    "S-1-1-0");
			assert_int_equal(ace.data_size, 4);
			assert_memory_equal(ace.data, "artx", 4);
			assert_int_equal(ace.object_type != NULL,
					 types[i].has_guids && (flags & 1));
			assert_int_equal(ace.inherited_type != NULL,
					 types[i].has_guids && (flags & 2));
			if (ace.object_type != NULL)
				assert_memory_equal(ace.object_type, guid_a,
						    16);
			if (ace.inherited_type != NULL)
				assert_memory_equal(ace.inherited_type, guid_b,
						    16);
			assert_written_back(&ace);
		}
	sbk_buf_release(&bytes);
}

static void test_ace__letters_and_kinds(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		const char *letters = sbk_ace_type_letters(types[i].type);

		assert_int_equal(letters == NULL, types[i].letters == NULL);
		if (letters != NULL)
			assert_string_equal(letters, types[i].letters);
		assert_non_null(sbk_ace_type_text(types[i].type));
		assert_int_equal(sbk_ace_type_is_plain(types[i].type),
				 types[i].is_plain);
	}
	assert_string_equal(sbk_ace_type_text(0x16), "unknown");
}

/* Each prefix of each type is refused, or is another, shorter ACE. */
static void test_ace__cut_off_anywhere(void **state)
{
	struct sbk_buf bytes = SBK_BUF_INIT;
	struct sbk_ace ace;
	size_t i, cut;

	(void)state;
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		build(&bytes, types[i].type, types[i].has_guids, 3, "");
		for (cut = 0; cut < bytes.size; cut++) {
			struct sbk_error err = SBK_ERROR_INIT;

			/* The bytes end before its size says. */
			assert_error(sbk_ace_read((const uint8_t *)bytes.data,
						  cut, &ace, &err),
				     SBK_E_PARSE, &err);
			assert_true(err.offset <= bytes.size);
		}
		for (cut = 4; cut < bytes.size; cut += 4) {
			int rc;

			/* Its size ends before its parts do. */
			put_u16le((uint8_t *)bytes.data + 2, (uint16_t)cut);
			rc = sbk_ace_read((const uint8_t *)bytes.data,
					  bytes.size, &ace, NULL);
			assert_int_equal(rc,
					 types[i].is_opaque ? 0 : SBK_E_PARSE);
		}
	}
	sbk_buf_release(&bytes);
}

static void test_ace__what_is_wrong_is_pointed_at(void **state)
{
	static const struct {
		uint8_t bytes[48];
		size_t size, offset;
	} cases[] = {
		{{0}, 0, 0},
		{{0, 0, 20}, 3, 0},
		{{0, 0, 3, 0}, 4, 2},
		{{0, 0, 0, 0}, 4, 2},
		{{0x55, 0, 6, 0}, 8, 2}, /* no multiple of 4 */
		{{0, 0, 24, 0}, 20, 2},	 /* beyond the end */
		{{0, 0, 4, 0}, 4, 4},	 /* no mask */
		{{5, 0, 8, 0}, 8, 8},	 /* no object flags */
		{{5, 0, 12, 0, 0, 0, 0, 0, 1}, 12, 12},
		{{5, 0, 12, 0, 0, 0, 0, 0, 2}, 12, 12},
		{{5, 0, 28, 0, 0, 0, 0, 0, 1}, 28, 28}, /* room, and no SID */
		{{5, 0, 28, 0, 0, 0, 0, 0, 2}, 28, 28},
		{{0, 0, 16, 0, 1, 0, 0, 0, 2, 1}, 16, 8},  /* SID revision */
		{{0, 0, 16, 0, 1, 0, 0, 0, 1, 16}, 16, 9}, /* 16 parts */
		{{0, 0, 16, 0, 1, 0, 0, 0, 1, 1}, 16, 16}, /* cut off */
	};
	struct sbk_ace ace;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sbk_error err = SBK_ERROR_INIT;

		assert_error(
			sbk_ace_read(cases[i].bytes, cases[i].size, &ace, &err),
			SBK_E_PARSE, &err);
		assert_int_equal(err.offset, cases[i].offset);
	}
}

static void test_ace__written_data_is_padded(void **state)
{
	struct sbk_ace_parts parts = {.type = SBK_ACE_ALLOW_CALLBACK,
				      .data = (const uint8_t *)"artxy",
				      .data_size = 5};
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf out = SBK_BUF_INIT;
	struct sbk_ace ace;

	(void)state;
	assert_ok(sbk_sid_read(everyone, sizeof(everyone), &parts.sid, &err),
		  &err);
	assert_ok(sbk_ace_write(&out, &parts, &err), &err);
	assert_int_equal(out.size, 28);
	assert_ok(sbk_ace_read((const uint8_t *)out.data, out.size, &ace, &err),
		  &err);
	assert_int_equal(ace.data_size, 8);
	assert_memory_equal(ace.data, "artxy\0\0\0", 8);
	sbk_buf_release(&out);
}

static void test_ace__what_is_not_written(void **state)
{
	struct sbk_ace_parts parts = {.type = SBK_ACE_ALLOW_COMPOUND};
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf out = SBK_BUF_INIT, big = SBK_BUF_INIT;

	(void)state;
	assert_ok(sbk_sid_read(everyone, sizeof(everyone), &parts.sid, &err),
		  &err);
	assert_error(sbk_ace_write(&out, &parts, &err), SBK_E_INVAL, &err);
	parts.type = 0x16;
	assert_error(sbk_ace_write(&out, &parts, &err), SBK_E_INVAL, &err);
	parts.type = SBK_ACE_ALLOW;
	parts.object_type = guid_a;
	assert_error(sbk_ace_write(&out, &parts, &err), SBK_E_INVAL, &err);
	parts.type = SBK_ACE_ALLOW_OBJECT;
	assert_ok(sbk_ace_write(&out, &parts, &err), &err);
	/* 0xfffc is the largest: 40 bytes are not data. */
	while (big.size < 0xfffc - 40)
		sbk_buf_addc(&big, 'x');
	parts.data = (const uint8_t *)big.data;
	parts.data_size = big.size;
	sbk_buf_clear(&out);
	assert_ok(sbk_ace_write(&out, &parts, &err), &err);
	assert_int_equal(out.size, 0xfffc);
	parts.data_size++;
	assert_error(sbk_ace_write(&out, &parts, &err), SBK_E_LIMIT, &err);
	parts.data_size = SIZE_MAX;
	assert_error(sbk_ace_write(&out, &parts, &err), SBK_E_LIMIT, &err);
	assert_int_equal(out.size, 0xfffc);
	sbk_buf_release(&big);
	sbk_buf_release(&out);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_ace__every_type),
	cmocka_unit_test(test_ace__letters_and_kinds),
	cmocka_unit_test(test_ace__cut_off_anywhere),
	cmocka_unit_test(test_ace__what_is_wrong_is_pointed_at),
	cmocka_unit_test(test_ace__written_data_is_padded),
	cmocka_unit_test(test_ace__what_is_not_written),
};

SBK_TEST_MAIN(tests)
