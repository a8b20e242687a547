/* Forms of paths with a drive, and where links lead. */
#include "tests/support/test.h"

#include <string.h>

#include "engine/windows/drive_path.h"

#include "engine/banned.h"

static void takes(const char *written, const char *ours)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "%s", written);
	sbk_drive_take(text);
	assert_string_equal(text, ours);
}

static void test_drive_path__takes_what_people_type(void **state)
{
	char text[] = "C:/a/b";

	(void)state;
	takes("C:\\ws\\a b", "C:/ws/a b");
	takes("C:/ws", "C:/ws");
	takes("\\\\?\\C:\\ws", "C:/ws");
	takes("\\\\?\\UNC\\server\\share", "//?/UNC/server/share");
	takes("\\\\server\\share", "//server/share");
	takes("..\\x", "../x");
	takes("", "");
	sbk_drive_give(text);
	assert_string_equal(text, "C:\\a\\b");
}

static void test_drive_path__a_root_is_a_drive(void **state)
{
	size_t root = 9;

	(void)state;
	assert_true(sbk_drive_root("C:/", &root));
	assert_int_equal(root, 2);
	assert_true(sbk_drive_root("z:/a", &root));
	assert_false(sbk_drive_root("C:", &root));
	assert_false(sbk_drive_root("C:a", &root));
	assert_false(sbk_drive_root("/a", &root));
	assert_false(sbk_drive_root("1:/a", &root));
	assert_false(sbk_drive_root("", &root));
}

static void test_drive_path__refuses_other_forms(void **state)
{
	static const char *const refused[] = {
		"//server/share",
		"//?/Volume{x}/a",
		"//./NUL",
		"/a",
		"C:",
		"C:a",
		"a:b",
		"C:/a:stream",
		"C:/a/C:/b",
		"//?/UNC/s/x",
	};
	static const char *const taken[] = {"C:/",  "C:/a b/c", "a",
					    "../a", ".",	"~/x"};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (sbk_drive_problem(refused[i]) == NULL)
			fail_msg("'%s' is taken", refused[i]);
	for (i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
		assert_null(sbk_drive_problem(taken[i]));
}

/* --- reparse points ------------------------------------------------------- */

#define MOUNT_POINT 0xA0000003u
#define SYMLINK 0xA000000Cu

static void put16(uint8_t *at, size_t value)
{
	at[0] = (uint8_t)value;
	at[1] = (uint8_t)(value >> 8);
}

/* The bytes of a link with this substitute name behind some print name. */
static size_t make_reparse(uint8_t *data, uint32_t tag, const char *name,
			   uint32_t flags)
{
	const size_t start = tag == SYMLINK ? 20 : 16, before = 4;
	const size_t size = strlen(name);
	size_t i;

	memset(data, 0, 600);
	put16(data, tag & 0xffff);
	put16(data + 2, tag >> 16);
	put16(data + 4, start - 8 + before + 2 * size);
	put16(data + 8, before);
	put16(data + 10, 2 * size);
	put16(data + 14, before);
	if (tag == SYMLINK)
		put16(data + 16, flags);
	for (i = 0; i < size; i++)
		data[start + before + 2 * i] = (uint8_t)name[i];
	return start + before + 2 * size;
}

static int target_of(uint32_t tag, const char *name, uint32_t flags,
		     struct sbk_buf *out, struct sbk_error *err)
{
	uint8_t data[600];
	const size_t size = make_reparse(data, tag, name, flags);

	sbk_buf_clear(out);
	return sbk_reparse_target(data, size, out, err);
}

#define NT    \
	"\\?" \
	"?\\"

static void test_drive_path__reads_where_a_link_leads(void **state)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf out = SBK_BUF_INIT;

	(void)state;
	assert_ok(target_of(MOUNT_POINT, NT "C:\\target\\x", 0, &out, &err),
		  &err);
	assert_string_equal(sbk_buf_text(&out), "C:/target/x");
	assert_ok(target_of(SYMLINK, NT "d:\\y", 0, &out, &err), &err);
	assert_string_equal(sbk_buf_text(&out), "d:/y");
	assert_ok(target_of(SYMLINK, "..\\x", 1, &out, &err), &err);
	assert_string_equal(sbk_buf_text(&out), "../x");
	/* Off the drives of this machine: nobody is led there. */
	assert_error(target_of(MOUNT_POINT, NT "Volume{1-2}\\", 0, &out, &err),
		     SBK_E_UNSUPPORTED, &err);
	assert_error(target_of(SYMLINK, NT "UNC\\evil\\x", 0, &out, &err),
		     SBK_E_UNSUPPORTED, &err);
	assert_error(target_of(SYMLINK, "\\\\evil\\x", 0, &out, &err),
		     SBK_E_UNSUPPORTED, &err);
	/* A cloud's placeholder. */
	assert_error(target_of(0x9000001Au, NT "C:\\x", 0, &out, &err),
		     SBK_E_INVAL, &err);
	sbk_buf_release(&out);
}

/* Whoever writes a volume by other means writes these bytes as he likes. */
static void test_drive_path__malformed_links_are_refused(void **state)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf out = SBK_BUF_INIT;
	uint8_t data[600];
	size_t size = make_reparse(data, MOUNT_POINT, NT "C:\\x", 0), cut;

	(void)state;
	for (cut = 0; cut < size; cut++)
		assert_error(sbk_reparse_target(data, cut, &out, &err),
			     SBK_E_INVAL, &err);
	put16(data + 10, 3); /* half a unit */
	assert_error(sbk_reparse_target(data, size, &out, &err), SBK_E_INVAL,
		     &err);
	put16(data + 10, 0);
	assert_error(sbk_reparse_target(data, size, &out, &err), SBK_E_INVAL,
		     &err);
	put16(data + 8, 0xffff);
	put16(data + 10, 0xfffe);
	assert_error(sbk_reparse_target(data, size, &out, &err), SBK_E_INVAL,
		     &err);
	size = make_reparse(data, MOUNT_POINT, NT "C:\\x", 0);
	data[16 + 4 + 2 * 4] = 0; /* a name with an end in it */
	assert_error(sbk_reparse_target(data, size, &out, &err), SBK_E_INVAL,
		     &err);
	sbk_buf_release(&out);
}

static void leads(const char *link, const char *target, const char *rest,
		  const char *expected)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf out = SBK_BUF_INIT;

	assert_ok(sbk_reparse_apply(link, target, rest, &out, &err), &err);
	assert_string_equal(sbk_buf_text(&out), expected);
	sbk_buf_release(&out);
}

static void test_drive_path__a_link_is_put_in_its_place(void **state)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf out = SBK_BUF_INIT;

	(void)state;
	leads("C:/a/link", "D:/x", "b/c", "D:/x/b/c");
	leads("C:/a/link", "x", "b", "C:/a/x/b");
	leads("C:/a/link", "../x/./y", "", "C:/x/y");
	leads("C:/link", "x", "", "C:/x");
	leads("C:/a/link", "..", "", "C:/");
	leads("C:/a/link", "D:/x/", "b/", "D:/x/b");
	assert_error(sbk_reparse_apply("C:/link", "../x", "", &out, &err),
		     SBK_E_INVAL, &err);
	assert_error(sbk_reparse_apply("C:/link", "/x", "", &out, &err),
		     SBK_E_UNSUPPORTED, &err);
	assert_error(sbk_reparse_apply("C:/link", "a:b", "", &out, &err),
		     SBK_E_UNSUPPORTED, &err);
	sbk_buf_release(&out);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_drive_path__takes_what_people_type),
	cmocka_unit_test(test_drive_path__a_root_is_a_drive),
	cmocka_unit_test(test_drive_path__refuses_other_forms),
	cmocka_unit_test(test_drive_path__reads_where_a_link_leads),
	cmocka_unit_test(test_drive_path__malformed_links_are_refused),
	cmocka_unit_test(test_drive_path__a_link_is_put_in_its_place),
};

SBK_TEST_MAIN(tests)
