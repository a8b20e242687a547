/* Which mounts are walked, from lists made by hand. */
#include "audit/places.h"

#include <stdlib.h>
#include <string.h>

#include "tests/support/test.h"

#include "engine/banned.h"

#define LOCAL SBK_FILESYSTEM_LOCAL
#define REMOTE SBK_FILESYSTEM_REMOTE
#define PSEUDO SBK_FILESYSTEM_PSEUDO

struct mount {
	const char *device, *root, *point;
	enum sbk_filesystem_kind kind;
	bool hidden;
};

/* The places of a list of mounts, space separated, as one text. */
static char *places_of(const struct mount *mounts, size_t count,
		       const struct sbk_places_request *request,
		       struct sbk_report *report)
{
	struct sbk_filesystems list = {.arena = SBK_ARENA_INIT};
	struct sbk_buf text = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_places places;
	size_t i;

	list.items = calloc(count, sizeof(*list.items));
	list.count = count;
	for (i = 0; i < count; i++)
		list.items[i] = (struct sbk_filesystem){
			.device = mounts[i].device,
			.root = mounts[i].root,
			.point = mounts[i].point,
			.type = "test",
			.source = "test",
			.kind = mounts[i].kind,
			.visible = !mounts[i].hidden,
		};
	assert_ok(sbk_places_choose(request, &list, report, &places, &err),
		  &err);
	sbk_buf_adds(&text, "");
	for (i = 0; i < places.walk_count; i++)
		sbk_buf_printf(&text, "%s%s", i > 0 ? " " : "", places.walk[i]);
	sbk_places_release(&places);
	return sbk_buf_steal(&text);
}

#define assert_places(mounts, request, exit, expected)                       \
	do {                                                                 \
		struct sbk_report *report = sbk_report_new("test");          \
		char *text = places_of(mounts,                               \
				       sizeof(mounts) / sizeof((mounts)[0]), \
				       request, report);                     \
		assert_string_equal(text, expected);                         \
		assert_int_equal(sbk_report_exit(report), exit);             \
		free(text);                                                  \
		sbk_report_free(report);                                     \
	} while (0)

static const struct sbk_places_request everything = {.roots = NULL};

static void test_places__each_volume_is_walked_once(void **unused)
{
	const struct mount mounts[] = {
		{"8:1", "/", "/", LOCAL, false},
		{"0:5", "/", "/proc", PSEUDO, false},
		{"8:2", "/", "/home", LOCAL, false},
		{"8:2", "/ann", "/srv/ann", LOCAL, false},
		{"8:1", "/", "/mnt/again", LOCAL, false},
	};

	(void)unused;
	assert_places(mounts, &everything, 0, "/ /home");
}

static void
test_places__a_bind_mount_is_walked_where_it_is_covered(void **unused)
{
	/* /data of 8:1 is covered by 8:2, so only /keep shows it. */
	const struct mount mounts[] = {
		{"8:1", "/", "/", LOCAL, false},
		{"8:2", "/", "/data", LOCAL, false},
		{"8:1", "/data", "/keep", LOCAL, false},
	};

	(void)unused;
	assert_places(mounts, &everything, 0, "/ /data /keep");
}

static void test_places__subvolumes_are_each_walked(void **unused)
{
	const struct mount mounts[] = {
		{"0:30", "/@", "/", LOCAL, false},
		{"0:30", "/@home", "/home", LOCAL, false},
	};

	(void)unused;
	assert_places(mounts, &everything, 0, "/ /home");
}

static void test_places__a_hidden_mount_is_no_place(void **unused)
{
	const struct mount mounts[] = {
		{"8:1", "/", "/", LOCAL, false},
		{"8:3", "/", "/mnt", LOCAL, true},
		{"8:4", "/", "/mnt", LOCAL, false},
	};

	(void)unused;
	assert_places(mounts, &everything, 0, "/ /mnt");
}

static void test_places__remote_ones_are_missed_unless_left_out(void **unused)
{
	const struct mount mounts[] = {
		{"8:1", "/", "/", LOCAL, false},
		{"0:40", "/", "/net/share", REMOTE, false},
	};
	const char *const skip[] = {"/net"};
	const struct sbk_places_request without = {.skip = skip,
						   .skip_count = 1};

	(void)unused;
	assert_places(mounts, &everything, 2, "/");
	assert_places(mounts, &without, 0, "/");
}

static void test_places__a_left_out_mount_hides_nothing_else(void **unused)
{
	const struct mount mounts[] = {
		{"8:1", "/", "/", LOCAL, false},
		{"8:2", "/", "/a", LOCAL, false},
		{"8:2", "/", "/b", LOCAL, false},
	};
	const char *const skip[] = {"/a"};
	const struct sbk_places_request without = {.skip = skip,
						   .skip_count = 1};

	(void)unused;
	assert_places(mounts, &everything, 0, "/ /a");
	assert_places(mounts, &without, 0, "/ /b");
}

static void test_places__named_roots_bring_the_mounts_below_them(void **unused)
{
	const struct mount mounts[] = {
		{"8:1", "/", "/", LOCAL, false},
		{"8:2", "/", "/home", LOCAL, false},
		{"8:3", "/", "/home/ann/disk", LOCAL, false},
		{"8:4", "/", "/var", LOCAL, false},
	};
	const char *const roots[] = {"/home/ann", "/home/ann/sub"};
	const struct sbk_places_request named = {.roots = roots,
						 .root_count = 2};

	(void)unused;
	assert_places(mounts, &named, 0, "/home/ann /home/ann/disk");
}

static void test_places__a_remote_root_is_walked_when_named(void **unused)
{
	const struct mount mounts[] = {
		{"8:1", "/", "/", LOCAL, false},
		{"0:40", "/", "/net", REMOTE, false},
	};
	const char *const roots[] = {"/net/dir"};
	const struct sbk_places_request named = {.roots = roots,
						 .root_count = 1};

	(void)unused;
	assert_places(mounts, &named, 0, "/net/dir");
}

static void test_places__this_machine_has_its_root(void **unused)
{
	struct sbk_report *report = sbk_report_new("test");
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_places places;

	(void)unused;
	assert_ok(sbk_places_find(&everything, report, &places, &err), &err);
	assert_true(places.walk_count > 0);
	assert_string_equal(places.walk[0], "/");
	assert_true(sbk_places_is_point(&places, "/proc"));
	assert_false(sbk_places_is_point(&places, "/proc/self"));
	sbk_places_release(&places);
	sbk_report_free(report);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_places__each_volume_is_walked_once),
	cmocka_unit_test(
		test_places__a_bind_mount_is_walked_where_it_is_covered),
	cmocka_unit_test(test_places__subvolumes_are_each_walked),
	cmocka_unit_test(test_places__a_hidden_mount_is_no_place),
	cmocka_unit_test(test_places__remote_ones_are_missed_unless_left_out),
	cmocka_unit_test(test_places__a_left_out_mount_hides_nothing_else),
	cmocka_unit_test(test_places__named_roots_bring_the_mounts_below_them),
	cmocka_unit_test(test_places__a_remote_root_is_walked_when_named),
	cmocka_unit_test(test_places__this_machine_has_its_root),
};

SBK_TEST_MAIN(tests)
