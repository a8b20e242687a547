/* Masks: letters as Windows prints them, words for people, generic mapping. */
#include <string.h>

#include "engine/ntsec/rights.h"
#include "tests/support/test.h"

#include "engine/banned.h"

/*
 * Published as what Windows prints: the descriptor of C:\ ("0x1200a9", "LC",
 * "SDGXGWGR"), of services ("CCLCSWRPWPDTLOCRRC", and with all rights
 * "CCDCLCSWRPWPDTLOCRSDRCWDWO"), of files and keys (FA, FR, KA, KR);
 * "NWNRNX" of a label.
 */
static void test_rights__as_windows_prints(void **state)
{
	static const struct {
		uint32_t mask;
		const char *text;
	} cases[] = {
		{0x001f01ff, "FA"},
		{0x00120089, "FR"},
		{0x00120116, "FW"},
		{0x001200a0, "FX"},
		{0x000f003f, "KA"},
		{0x00020019, "KR"},
		{0x00020006, "KW"},
		{0x001200a9, "0x1200a9"},
		{0x001301bf, "0x1301bf"},
		{0x001201bf, "0x1201bf"},
		{0x00100000, "0x100000"},
		{0x00000200, "0x200"},
		{0x01000000, "0x1000000"},
		{0x12000000, "0x12000000"},
		{0x00000004, "LC"},
		{0x00000001, "CC"},
		{0xe0010000, "SDGXGWGR"},
		{0x10000000, "GA"},
		{0xf0000000, "GAGXGWGR"},
		{0x000201fd, "CCLCSWRPWPDTLOCRRC"},
		{0x000f01ff, "CCDCLCSWRPWPDTLOCRSDRCWDWO"},
		{0x00000000, ""},
	};
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf out = SBK_BUF_INIT;
	uint32_t mask;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		sbk_buf_clear(&out);
		sbk_rights_format(&out, cases[i].mask);
		assert_string_equal(sbk_buf_text(&out), cases[i].text);
		if (out.size == 0)
			continue;
		assert_ok(sbk_rights_parse(out.data, out.size, SBK_NT_FILE,
					   &mask, &err),
			  &err);
		assert_int_equal(mask, cases[i].mask);
	}
	sbk_buf_release(&out);
}

static void test_rights__of_a_label(void **state)
{
	static const struct {
		uint32_t mask;
		const char *text;
	} cases[] = {{1, "NW"},	 {2, "NR"},  {4, "NX"}, {7, "NWNRNX"},
		     {8, "0x8"}, {9, "0x9"}, {0, ""},	{0x1f01ff, "0x1f01ff"}};
	struct sbk_buf out = SBK_BUF_INIT;
	uint32_t mask = 0;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		sbk_buf_clear(&out);
		sbk_rights_format_label(&out, cases[i].mask);
		assert_string_equal(sbk_buf_text(&out), cases[i].text);
	}
	assert_true(sbk_rights_from_label_letters("nx", &mask));
	assert_int_equal(mask, 4);
	assert_false(sbk_rights_from_label_letters("FA", &mask));
	assert_false(sbk_rights_from_letters("NW", &mask));
	sbk_buf_release(&out);
}

static void test_rights__letters_are_distinct(void **state)
{
	uint32_t mask;
	size_t found = 0;
	int a, b;

	(void)state;
	for (a = 'A'; a <= 'Z'; a++)
		for (b = 'A'; b <= 'Z'; b++) {
			const char letters[2] = {(char)a, (char)b};

			found += sbk_rights_from_letters(letters, &mask);
		}
	assert_int_equal(found, 25);
	assert_true(sbk_rights_from_letters("kx", &mask));
	assert_int_equal(mask, 0x20019);
}

static void test_rights__parse(void **state)
{
	static const struct {
		const char *text;
		enum sbk_nt_object object;
		uint32_t mask;
	} cases[] = {
		{"read_data", SBK_NT_FILE, 0x1},
		{"FILE_READ_DATA", SBK_NT_FILE, 0x1},
		{"File_List_Directory", SBK_NT_DIRECTORY, 0x1},
		{"list_directory", SBK_NT_FILE, 0x1},
		{"WRITE_DAC", SBK_NT_KEY, 0x40000},
		{"delete|write_data", SBK_NT_FILE, 0x10002},
		{"delete, write_data  append_data", SBK_NT_FILE, 0x10006},
		{"FA", SBK_NT_KEY, 0x1f01ff},
		{"CCDC", SBK_NT_FILE, 3},
		{"ccDc|0x10", SBK_NT_FILE, 0x13},
		{"31", SBK_NT_FILE, 31},
		{"9", SBK_NT_FILE, 9},
		{"037", SBK_NT_FILE, 31},
		{"0x1F", SBK_NT_FILE, 31},
		{"0", SBK_NT_FILE, 0},
		{"0xffffffff", SBK_NT_FILE, 0xffffffff},
		{"4294967295", SBK_NT_FILE, 0xffffffff},
		{"037777777777", SBK_NT_FILE, 0xffffffff},
		{"FILE_ALL_ACCESS", SBK_NT_FILE, 0x1f01ff},
		{"FILE_GENERIC_READ", SBK_NT_FILE, 0x120089},
		{"GENERIC_READ", SBK_NT_FILE, 0x80000000},
		{"KEY_READ", SBK_NT_KEY, 0x20019},
		{"KEY_ALL_ACCESS", SBK_NT_KEY, 0xf003f},
		{"set_value", SBK_NT_KEY, 2},
		{"maximum_allowed", SBK_NT_FILE, 0x2000000},
		{"modify", SBK_NT_DIRECTORY, 0x1301bf},
		{"execute", SBK_NT_FILE, 0x20},
		{"traverse", SBK_NT_DIRECTORY, 0x20},
	};
	uint32_t mask;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sbk_error err = SBK_ERROR_INIT;

		assert_ok(sbk_rights_parse(cases[i].text, strlen(cases[i].text),
					   cases[i].object, &mask, &err),
			  &err);
		if (mask != cases[i].mask)
			print_error("%s\n", cases[i].text);
		assert_int_equal(mask, cases[i].mask);
	}
}

static void test_rights__what_is_wrong_is_pointed_at(void **state)
{
	static const struct {
		const char *text;
		enum sbk_nt_object object;
		size_t offset;
	} cases[] = {
		{"", SBK_NT_FILE, 0},
		{" | ", SBK_NT_FILE, 3},
		{"delete|zz", SBK_NT_FILE, 7},
		{"CCQQ", SBK_NT_FILE, 2},
		{"CCD", SBK_NT_FILE, 2},
		{"0x", SBK_NT_FILE, 2},
		{"0x1g", SBK_NT_FILE, 3},
		{"08", SBK_NT_FILE, 1},
		{"12a", SBK_NT_FILE, 2},
		{"delete 4294967296", SBK_NT_FILE, 7},
		{"0x100000000", SBK_NT_FILE, 0},
		{"read_data", SBK_NT_KEY, 0},
		{"set_value", SBK_NT_FILE, 0},
		{"FILE_DELETE", SBK_NT_FILE, 0},
		{"KEY_READ", SBK_NT_FILE, 0},
		{"file", SBK_NT_FILE, 0},
		{"file_", SBK_NT_FILE, 0},
		{"read_dat", SBK_NT_FILE, 0},
		{"read_data_", SBK_NT_FILE, 0},
		{"NW", SBK_NT_FILE, 0},
	};
	uint32_t mask = 77;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sbk_error err = SBK_ERROR_INIT;

		assert_error(sbk_rights_parse(cases[i].text,
					      strlen(cases[i].text),
					      cases[i].object, &mask, &err),
			     SBK_E_PARSE, &err);
		if (err.offset != cases[i].offset)
			print_error("%s\n", cases[i].text);
		assert_int_equal(err.offset, cases[i].offset);
	}
	assert_int_equal(mask, 77);
}

static void test_rights__for_people(void **state)
{
	static const struct {
		uint32_t mask;
		enum sbk_nt_object object;
		const char *text;
	} cases[] = {
		{0x1f01ff, SBK_NT_FILE, "full control"},
		{0x1301bf, SBK_NT_DIRECTORY, "modify"},
		{0x1200a9, SBK_NT_FILE, "read and execute"},
		{0x10005, SBK_NT_FILE, "read data, append data, delete"},
		{0x7, SBK_NT_DIRECTORY,
		 "list directory, add file, add subdirectory"},
		{0x20019, SBK_NT_KEY, "read"},
		{0x3, SBK_NT_KEY, "query value, set value"},
		{0xffffffff, SBK_NT_FILE,
		 "read data, write data, append data, read ea, write ea, "
		 "execute, delete child, read attributes, write attributes, "
		 "delete, read control, write dac, write owner, synchronize, "
		 "access system security, maximum allowed, generic all, "
		 "generic execute, generic write, generic read, 0xce0fe00"},
		{0x1ff, SBK_NT_DIRECTORY,
		 "list directory, add file, add subdirectory, read ea, "
		 "write ea, traverse, delete child, read attributes, "
		 "write attributes"},
		{0x13f, SBK_NT_KEY,
		 "query value, set value, create sub key, "
		 "enumerate sub keys, notify, create link, 0x100"},
		{0x201, SBK_NT_FILE, "read data, 0x200"},
		{0x200, SBK_NT_FILE, "0x200"},
		{0x80000000, SBK_NT_FILE, "generic read"},
		{0, SBK_NT_FILE, "nothing"},
	};
	struct sbk_buf out = SBK_BUF_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		sbk_buf_clear(&out);
		sbk_rights_describe(&out, cases[i].mask, cases[i].object);
		assert_string_equal(sbk_buf_text(&out), cases[i].text);
	}
	sbk_buf_release(&out);
}

static void test_rights__generic_bits_are_mapped(void **state)
{
	const struct sbk_generic_mapping *file = sbk_nt_mapping(SBK_NT_FILE);
	const struct sbk_generic_mapping *key = sbk_nt_mapping(SBK_NT_KEY);

	(void)state;
	assert_int_equal(sbk_rights_map(SBK_RIGHT_GENERIC_ALL, file), 0x1f01ff);
	assert_int_equal(
		sbk_rights_map(SBK_RIGHT_GENERIC_READ | SBK_RIGHT_GENERIC_WRITE,
			       file),
		0x12019f);
	assert_int_equal(sbk_rights_map(SBK_RIGHT_GENERIC_EXECUTE | 2, file),
			 0x1200a2);
	assert_int_equal(sbk_rights_map(SBK_RIGHT_GENERIC_ALL, key), 0xf003f);
	assert_int_equal(sbk_rights_map(SBK_RIGHT_GENERIC_EXECUTE, key),
			 0x20019);
	assert_int_equal(sbk_rights_map(0x0fffffff, file), 0x0fffffff);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_rights__as_windows_prints),
	cmocka_unit_test(test_rights__of_a_label),
	cmocka_unit_test(test_rights__letters_are_distinct),
	cmocka_unit_test(test_rights__parse),
	cmocka_unit_test(test_rights__what_is_wrong_is_pointed_at),
	cmocka_unit_test(test_rights__for_people),
	cmocka_unit_test(test_rights__generic_bits_are_mapped),
};

SBK_TEST_MAIN(tests)
