/*
 * Descriptors: bytes to structure and back, byte for byte, in any layout;
 * NULL, absent and empty; what is refused, and where.
 */
#include <string.h>

#include "engine/ntsec/sd.h"
#include "engine/ntsec/wire.h"
#include "tests/ntsec/random_sd.h"
#include "tests/support/test.h"

#include "engine/banned.h"

/* O:BAG:SYD:PAI(A;OICI;FA;;;BA)(D;;0x2;;;WD), in the order of Windows. */
static const uint8_t usual[] = {
	0x01,			/* revision */
	0x00,			/* Sbz1 */
	0x04, 0x94,		/* control: SR, PD, DI, DP */
	0x48, 0x00, 0x00, 0x00, /* owner at 72 */
	0x58, 0x00, 0x00, 0x00, /* group at 88 */
	0x00, 0x00, 0x00, 0x00, /* no SACL */
	0x14, 0x00, 0x00, 0x00, /* DACL at 20 */
	/* 20: the DACL */
	0x02, 0x00, 0x34, 0x00, /* revision 2, 52 bytes */
	0x02, 0x00, 0x00, 0x00, /* two entries */
	/* 28: allow, OI|CI, 24 bytes, 0x1f01ff, S-1-5-32-544 */
	0x00, 0x03, 0x18, 0x00, 0xff, 0x01, 0x1f, 0x00, 0x01, 0x02, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x05, 0x20, 0x00, 0x00, 0x00, 0x20, 0x02, 0x00, 0x00,
	/* 52: deny, 20 bytes, 0x2, S-1-1-0 */
	0x01, 0x00, 0x14, 0x00, 0x02, 0x00, 0x00, 0x00, 0x01, 0x01, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00,
	/* 72: the owner, S-1-5-32-544 */
	0x01, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x05, 0x20, 0x00, 0x00, 0x00,
	0x20, 0x02, 0x00, 0x00,
	/* 88: the group, S-1-5-18 */
	0x01, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x05, 0x12, 0x00, 0x00, 0x00};

static void assert_same_bytes(const uint8_t *data, size_t size)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf out = SBK_BUF_INIT;
	struct sbk_sd sd;

	assert_ok(sbk_sd_read(data, size, &sd, &err), &err);
	assert_ok(sbk_sd_write(&sd, &out, &err), &err);
	assert_int_equal(out.size, size);
	assert_memory_equal(out.data, data, size);
	sbk_buf_release(&out);
}

static void test_sd__parts_of_a_usual_one(void **state)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_sid_text text;
	struct sbk_nt_acl_cursor at = SBK_NT_ACL_BEGIN;
	struct sbk_ace ace;
	struct sbk_sd sd;

	(void)state;
	assert_ok(sbk_sd_read(usual, sizeof(usual), &sd, &err), &err);
	assert_int_equal(sd.control,
			 SBK_SD_SELF_RELATIVE | SBK_SD_DACL_PROTECTED |
				 SBK_SD_DACL_INHERITED | SBK_SD_DACL_PRESENT);
	assert_true(sd.has_owner && sd.has_group);
	assert_string_equal(sbk_sid_format(&sd.owner, &text), "S-1-5-32-544");
	assert_string_equal(sbk_sid_format(&sd.group, &text), "S-1-5-18");
	assert_int_equal(sd.sacl_is, SBK_ACL_ABSENT);
	assert_int_equal(sd.dacl_is, SBK_ACL_PRESENT);
	assert_int_equal(sd.dacl.count, 2);
	assert_true(sbk_nt_acl_next(&sd.dacl, &at, &ace));
	assert_int_equal(ace.type, SBK_ACE_ALLOW);
	assert_int_equal(ace.flags, 3);
	assert_int_equal(ace.mask, 0x1f01ff);
	assert_true(sbk_sid_equal(&ace.sid, &sd.owner));
	assert_true(sbk_nt_acl_next(&sd.dacl, &at, &ace));
	assert_int_equal(ace.type, SBK_ACE_DENY);
	assert_string_equal(sbk_sid_format(&ace.sid, &text), "S-1-1-0");
	assert_false(sbk_nt_acl_next(&sd.dacl, &at, &ace));
	assert_same_bytes(usual, sizeof(usual));
}

/* A header with the given control bits and offsets, and bytes behind it. */
static void build(struct sbk_buf *out, uint16_t control,
		  const uint32_t offsets[4], const char *hex)
{
	uint8_t header[SBK_SD_HEADER_BYTES] = {1}, byte;
	unsigned i;

	put_u16le(header + 2, control);
	for (i = 0; i < 4; i++)
		put_u32le(header + 4 + 4 * (size_t)i, offsets[i]);
	sbk_buf_clear(out);
	sbk_buf_add(out, header, sizeof(header));
	for (; *hex != '\0'; hex += 2) {
		const char digits[3] = {hex[0], hex[1], '\0'};

		assert_true(sbk_hex_decode(digits, &byte, 1));
		sbk_buf_add(out, &byte, 1);
	}
}

#define EVERYONE "010100000000000100000000" /* S-1-1-0 */
#define EMPTY_ACL "0200080000000000"
#define ONE_DENY                               \
	"02001c0001000000" /* (D;;0x2;;;WD) */ \
	"0100140002000000" EVERYONE
#define ONE_AUDIT                                 \
	"02001c0001000000" /* (AU;SA;0x2;;;WD) */ \
	"0240140002000000" EVERYONE

static struct sbk_sd view(const struct sbk_buf *bytes)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_sd sd;

	assert_ok(sbk_sd_read((const uint8_t *)bytes->data, bytes->size, &sd,
			      &err),
		  &err);
	return sd;
}

/* Three different things, and a fourth: an offset that nobody announced. */
static void test_sd__null_absent_and_empty(void **state)
{
	static const struct {
		uint16_t control;
		uint32_t offsets[4];
		enum sbk_acl_presence dacl, sacl;
	} cases[] = {
		{0x8000, {0, 0, 0, 0}, SBK_ACL_ABSENT, SBK_ACL_ABSENT},
		{0x8004, {0, 0, 0, 0}, SBK_ACL_NULL, SBK_ACL_ABSENT},
		{0x8004, {0, 0, 0, 20}, SBK_ACL_PRESENT, SBK_ACL_ABSENT},
		{0x8000, {0, 0, 0, 20}, SBK_ACL_ABSENT, SBK_ACL_ABSENT},
		{0x8010, {0, 0, 0, 0}, SBK_ACL_ABSENT, SBK_ACL_NULL},
		{0x8010, {0, 0, 20, 20}, SBK_ACL_ABSENT, SBK_ACL_PRESENT},
		{0x8014, {0, 0, 20, 20}, SBK_ACL_PRESENT, SBK_ACL_PRESENT},
	};
	struct sbk_buf bytes[sizeof(cases) / sizeof(cases[0])];
	struct sbk_sd a, b;
	size_t i, j;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bytes[i] = (struct sbk_buf)SBK_BUF_INIT;
		build(&bytes[i], cases[i].control, cases[i].offsets, EMPTY_ACL);
		a = view(&bytes[i]);
		assert_int_equal(a.dacl_is, cases[i].dacl);
		assert_int_equal(a.sacl_is, cases[i].sacl);
		if (a.dacl_is == SBK_ACL_PRESENT)
			assert_int_equal(a.dacl.count, 0);
		assert_same_bytes((const uint8_t *)bytes[i].data,
				  bytes[i].size);
		for (j = 0; j <= i; j++) {
			b = view(&bytes[j]);
			assert_int_equal(sbk_sd_equal(&a, &b),
					 cases[i].dacl == cases[j].dacl &&
						 cases[i].sacl ==
							 cases[j].sacl);
		}
	}
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		sbk_buf_release(&bytes[i]);
}

/* The same parts in every layout: equal, and each kept byte for byte. */
static const struct {
	uint32_t offsets[4];
	const char *hex;
} layouts[] = {
	/* Windows: SACL, DACL, owner, group */
	{{76, 88, 20, 48}, ONE_AUDIT ONE_DENY EVERYONE EVERYONE},
	/* Samba: owner, group, SACL, DACL */
	{{20, 32, 44, 72}, EVERYONE EVERYONE ONE_AUDIT ONE_DENY},
	/* owner and group are one */
	{{20, 20, 32, 60}, EVERYONE ONE_AUDIT ONE_DENY},
	/* the owner lies within the DACL's entry */
	{{64, 64, 20, 48}, ONE_AUDIT ONE_DENY},
	/* gaps, and bytes behind the end */
	{{24, 40, 56, 88},
	 "deadbeef" EVERYONE "deadbeef" EVERYONE "deadbeef" ONE_AUDIT
	 "deadbeef" ONE_DENY "deadbeefde"},
	/* at odd offsets */
	{{21, 33, 45, 73}, "00" EVERYONE EVERYONE ONE_AUDIT ONE_DENY},
	/* slack in the lists */
	{{20, 32, 44, 76},
	 EVERYONE EVERYONE "0200200001000000"
			   "0240140002000000" EVERYONE "5a5a5a5a"
			   "02001d0001000000"
			   "0100140002000000" EVERYONE "5a"},
};

#define LAYOUTS (sizeof(layouts) / sizeof(layouts[0]))

static void test_sd__every_layout_is_kept(void **state)
{
	struct sbk_buf first = SBK_BUF_INIT, bytes = SBK_BUF_INIT;
	struct sbk_sd a, b;
	size_t i;

	(void)state;
	build(&first, 0x8014, layouts[0].offsets, layouts[0].hex);
	a = view(&first);
	for (i = 0; i < LAYOUTS; i++) {
		build(&bytes, 0x8014, layouts[i].offsets, layouts[i].hex);
		b = view(&bytes);
		assert_true(sbk_sd_equal(&a, &b));
		assert_same_bytes((const uint8_t *)bytes.data, bytes.size);
	}
	sbk_buf_release(&bytes);
	sbk_buf_release(&first);
}

/*
 * A part replaced by one of the same size: in its place, everything else as it
 * was, unless another part has a share in those bytes.
 */
static void test_sd__change_of_the_same_size(void **state)
{
	struct sbk_buf bytes = SBK_BUF_INIT, out = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_sid other;
	struct sbk_sd sd, now;
	size_t i;

	(void)state;
	assert_ok(sbk_sid_parse("S-1-5-18", 8, &other, &err), &err);
	for (i = 0; i < LAYOUTS; i++) {
		bool is_shared = i == 2 || i == 3;

		build(&bytes, 0x8014, layouts[i].offsets, layouts[i].hex);
		sd = view(&bytes);
		sd.owner = other;
		sd.control |= SBK_SD_DACL_PROTECTED;
		sbk_buf_clear(&out);
		assert_ok(sbk_sd_write(&sd, &out, &err), &err);
		now = view(&out);
		assert_true(sbk_sd_equal(&sd, &now));
		if (is_shared)
			continue;
		put_u16le((uint8_t *)bytes.data + 2, 0x9014);
		for (size_t n = 0; n < 12; n++)
			bytes.data[layouts[i].offsets[0] + n] =
				(char)other.bytes[n];
		assert_int_equal(out.size, bytes.size);
		assert_memory_equal(out.data, bytes.data, out.size);
	}
	sbk_buf_release(&out);
	sbk_buf_release(&bytes);
}

/* Another size, or another presence: compact, in the order of Windows. */
static void test_sd__change_of_size(void **state)
{
	static const uint32_t compact[4] = {56, 72, 20, 48};
	struct sbk_buf bytes = SBK_BUF_INIT, out = SBK_BUF_INIT;
	struct sbk_buf want = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	static const uint8_t empty[] = {2, 0, 8, 0, 0, 0, 0, 0};
	struct sbk_sd sd;

	(void)state;
	build(&bytes, 0x8014, layouts[4].offsets, layouts[4].hex);
	build(&want, 0x8014, compact,
	      ONE_AUDIT EMPTY_ACL "01020000000000052000000020020000" EVERYONE);
	sd = view(&bytes);
	assert_ok(sbk_nt_acl_read(empty, 8, &sd.dacl, &err), &err);
	assert_ok(sbk_sid_parse("S-1-5-32-544", 12, &sd.owner, &err), &err);
	assert_ok(sbk_sd_write(&sd, &out, &err), &err);
	assert_int_equal(out.size, want.size);
	assert_memory_equal(out.data, want.data, want.size);

	/* A list taken away leaves neither its bytes nor its offset. */
	sd.dacl_is = SBK_ACL_ABSENT;
	sd.sacl_is = SBK_ACL_NULL;
	sd.has_owner = false;
	sbk_buf_clear(&out);
	assert_ok(sbk_sd_write(&sd, &out, &err), &err);
	build(&want, 0x8010, (const uint32_t[]){0, 20, 0, 0}, EVERYONE);
	assert_int_equal(out.size, want.size);
	assert_memory_equal(out.data, want.data, want.size);
	sbk_buf_release(&want);
	sbk_buf_release(&out);
	sbk_buf_release(&bytes);
}

/* NULL in the place of a list that was absent, with an offset left behind. */
static void test_sd__change_of_presence(void **state)
{
	static const struct {
		uint32_t offsets[4];
		bool is_dacl;
	} cases[] = {{{0, 0, 20, 0}, false}, {{0, 0, 0, 20}, true}};
	struct sbk_buf bytes = SBK_BUF_INIT, out = SBK_BUF_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct sbk_sd sd, now;

		build(&bytes, 0x8000, cases[i].offsets, EMPTY_ACL);
		sd = view(&bytes);
		*(cases[i].is_dacl ? &sd.dacl_is : &sd.sacl_is) = SBK_ACL_NULL;
		sbk_buf_clear(&out);
		assert_int_equal(sbk_sd_write(&sd, &out, NULL), 0);
		now = view(&out);
		assert_true(sbk_sd_equal(&sd, &now));
		assert_int_equal(now.dacl_is, cases[i].is_dacl
						      ? SBK_ACL_NULL
						      : SBK_ACL_ABSENT);
	}
	sbk_buf_release(&out);
	sbk_buf_release(&bytes);
}

/* Lists of any size: the next part still begins at a multiple of 4. */
static void test_sd__compact_parts_are_aligned(void **state)
{
	static const uint8_t uneven[] = {2, 0, 9, 0, 0, 0, 0, 0, 0x5a};
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf out = SBK_BUF_INIT, want = SBK_BUF_INIT;
	struct sbk_sd sd = {.dacl_is = SBK_ACL_PRESENT, .has_owner = true};

	(void)state;
	assert_ok(sbk_nt_acl_read(uneven, 9, &sd.dacl, &err), &err);
	assert_ok(sbk_sid_parse("S-1-1-0", 7, &sd.owner, &err), &err);
	assert_ok(sbk_sd_write(&sd, &out, &err), &err);
	build(&want, 0x8004, (const uint32_t[]){32, 0, 0, 20},
	      "02000900000000005a000000" EVERYONE);
	assert_int_equal(out.size, want.size);
	assert_memory_equal(out.data, want.data, want.size);
	sbk_buf_release(&want);
	sbk_buf_release(&out);
}

static void test_sd__appended_not_overwritten(void **state)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf out = SBK_BUF_INIT, want = SBK_BUF_INIT;
	struct sbk_sid other;
	struct sbk_sd sd;

	(void)state;
	/* A layout that cannot be kept is tried first, and taken back. */
	build(&want, 0x8014, layouts[2].offsets, layouts[2].hex);
	sd = view(&want);
	assert_ok(sbk_sid_parse("S-1-5-18", 8, &other, &err), &err);
	sd.owner = other;
	sbk_buf_adds(&out, "before");
	assert_ok(sbk_sd_write(&sd, &out, &err), &err);
	assert_memory_equal(out.data, "before", 6);
	assert_int_equal(out.size, 6 + 20 + 28 + 28 + 12 + 12);
	assert_int_equal(out.data[6], 1);
	sbk_buf_release(&want);
	sbk_buf_release(&out);
}

static void test_sd__what_is_wrong_is_pointed_at(void **state)
{
	static const struct {
		uint16_t control;
		uint32_t offsets[4];
		const char *hex;
		size_t offset;
	} cases[] = {
		{0x0004, {0, 0, 0, 0}, "", 2},	     /* not self-relative */
		{0x8000, {4, 0, 0, 0}, EVERYONE, 4}, /* into the header */
		{0x8000, {0, 19, 0, 0}, EVERYONE, 8},
		{0x8000, {20, 0, 0, 0}, "", 4}, /* at the end */
		{0x8000, {0, 0, 0xffffffff, 0}, EVERYONE, 12},
		{0x8000, {0, 0, 0, 32}, EVERYONE, 16}, /* also if absent */
		{0x8000, {24, 0, 0, 0}, EVERYONE, 24}, /* no SID there */
		{0x8000, {20, 0, 0, 0}, "0101000000000001", 28},
		{0x8004, {0, 0, 0, 20}, EVERYONE, 20}, /* no list there */
		{0x8004, {0, 0, 0, 20}, "0200140001000000" EVERYONE, 30},
		{0x8010,
		 {0, 0, 24, 0},
		 "deadbeef"
		 "0200090000000000",
		 26},
	};
	struct sbk_buf bytes = SBK_BUF_INIT;
	struct sbk_sd sd;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sbk_error err = SBK_ERROR_INIT;

		build(&bytes, cases[i].control, cases[i].offsets, cases[i].hex);
		assert_error(sbk_sd_read((const uint8_t *)bytes.data,
					 bytes.size, &sd, &err),
			     SBK_E_PARSE, &err);
		if (err.offset != cases[i].offset)
			print_error("case %lu: %s\n", (unsigned long)i,
				    err.message);
		assert_int_equal(err.offset, cases[i].offset);
	}
	sbk_buf_release(&bytes);
}

static void test_sd__cut_off_anywhere(void **state)
{
	struct sbk_sd sd;
	size_t cut;
	uint8_t other[sizeof(usual)];

	(void)state;
	for (cut = 0; cut < sizeof(usual); cut++)
		assert_int_equal(sbk_sd_read(usual, cut, &sd, NULL),
				 SBK_E_PARSE);
	memcpy(other, usual, sizeof(usual));
	other[0] = 2;
	assert_int_equal(sbk_sd_read(other, sizeof(other), &sd, NULL),
			 SBK_E_PARSE);
}

static void test_sd__size_has_a_maximum(void **state)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf bytes = SBK_BUF_INIT;
	struct sbk_sd sd;

	(void)state;
	build(&bytes, 0x8000, (const uint32_t[]){0, 0, 0, 0}, "");
	while (bytes.size < SBK_SD_BYTES_MAX)
		sbk_buf_addc(&bytes, 'x');
	assert_same_bytes((const uint8_t *)bytes.data, bytes.size);
	sbk_buf_addc(&bytes, 'x');
	assert_error(
		sbk_sd_read((const uint8_t *)bytes.data, bytes.size, &sd, &err),
		SBK_E_LIMIT, &err);
	sbk_buf_release(&bytes);
}

/* What we make of a random one without its origin reads the same. */
static void test_sd__random_ones_are_kept(void **state)
{
	struct sbk_buf bytes = SBK_BUF_INIT, out = SBK_BUF_INIT;
	unsigned seed;

	(void)state;
	for (seed = 0; seed < 30000; seed++) {
		struct random r = {.state = seed};
		struct sbk_sd sd, compact;

		sbk_buf_clear(&bytes);
		sbk_buf_clear(&out);
		random_sd(&r, RANDOM_EVERYTHING, 12, &bytes);
		assert_same_bytes((const uint8_t *)bytes.data, bytes.size);
		sd = view(&bytes);
		sd.origin = NULL;
		assert_int_equal(sbk_sd_write(&sd, &out, NULL), 0);
		compact = view(&out);
		assert_true(sbk_sd_equal(&sd, &compact));
		assert_same_bytes((const uint8_t *)out.data, out.size);
	}
	sbk_buf_release(&out);
	sbk_buf_release(&bytes);
}

/*
 * A byte changed anywhere: refused, or kept as it is; and equal to the first
 * one only where what changed is no part of the meaning.
 */
static void test_sd__one_byte_changed(void **state)
{
	uint8_t other[sizeof(usual)];
	struct sbk_sd first, sd;
	size_t at, refused = 0;
	unsigned bit;

	(void)state;
	assert_int_equal(sbk_sd_read(usual, sizeof(usual), &first, NULL), 0);
	for (at = 0; at < sizeof(usual); at++)
		for (bit = 0; bit < 8; bit++) {
			memcpy(other, usual, sizeof(usual));
			other[at] ^= (uint8_t)(1u << bit);
			if (sbk_sd_read(other, sizeof(other), &sd, NULL) < 0) {
				refused++;
				continue;
			}
			assert_same_bytes(other, sizeof(other));
			/* The offset of a list that is not there, and the size
			 * of one (the owner behind it becomes slack). */
			if (sbk_sd_equal(&first, &sd))
				assert_true(at == 12 || at == 22);
		}
	assert_true(refused > 200);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_sd__parts_of_a_usual_one),
	cmocka_unit_test(test_sd__null_absent_and_empty),
	cmocka_unit_test(test_sd__every_layout_is_kept),
	cmocka_unit_test(test_sd__change_of_the_same_size),
	cmocka_unit_test(test_sd__change_of_size),
	cmocka_unit_test(test_sd__change_of_presence),
	cmocka_unit_test(test_sd__compact_parts_are_aligned),
	cmocka_unit_test(test_sd__appended_not_overwritten),
	cmocka_unit_test(test_sd__what_is_wrong_is_pointed_at),
	cmocka_unit_test(test_sd__cut_off_anywhere),
	cmocka_unit_test(test_sd__size_has_a_maximum),
	cmocka_unit_test(test_sd__random_ones_are_kept),
	cmocka_unit_test(test_sd__one_byte_changed),
};

SBK_TEST_MAIN(tests)
