/*
 * The audit of a volume whose directories are not as they should be: circles,
 * parents that are not there, parents of another sequence. It ends, tells it,
 * and calls itself incomplete. (What it finds on whole volumes: tests/ntfs.)
 */
#include <stdlib.h>
#include <string.h>

#include "audit/volume.h"
#include "engine/ntfs/stream.h"
#include "engine/ntsec/wire.h"
#include "tests/ntfs/image.h"
#include "tests/support/test.h"

#include "engine/banned.h"

struct world {
	struct image image;
	struct sbk_volume_audit audit;
	struct sbk_error err;
};

static void begin(struct world *world)
{
	*world = (struct world){.err = SBK_ERROR_INIT};
	assert_true(image_load(&world->image, NTFS_DATA "/small512"));
}

static void examine(struct world *world)
{
	static const char *const names[] = {"S-1-5-32-544"};
	const struct sbk_volume_request request = {
		.path = "image", .principals = names, .principal_count = 1};
	struct sbk_ntfs_device device = image_device(&world->image);
	struct sbk_volume_audit *audit = &world->audit;

	*audit = (struct sbk_volume_audit){.path = "image"};
	audit->report = sbk_report_new("scope");
	assert_non_null(audit->report);
	assert_ok(
		sbk_ntfs_volume_open(&device, &audit->tree.volume, &world->err),
		&world->err);
	assert_ok(sbk_ntfs_secure_open(audit->tree.volume, &audit->tree.secure,
				       &world->err),
		  &world->err);
	assert_ok(sbk_volume_examine(audit, &request, &world->err),
		  &world->err);
}

static uint64_t damage(const struct world *world,
		       enum sbk_ntfs_damage_kind kind)
{
	return sbk_ntfs_volume_damage(world->audit.tree.volume)->counts[kind];
}

static void forget(struct world *world)
{
	struct sbk_report *report = world->audit.report;

	sbk_volume_audit_release(&world->audit);
	sbk_report_free(report);
}

static void end(struct world *world)
{
	forget(world);
	image_release(&world->image);
}

static uint32_t find(struct world *world, const char *path)
{
	struct sbk_buf text = SBK_BUF_INIT;
	struct sbk_volume_tree *tree = &world->audit.tree;
	uint32_t i, found = SBK_VOLUME_NONE;

	for (i = 0; i < tree->records; i++) {
		if ((tree->flags[i] & SBK_VOLUME_USED) == 0)
			continue;
		sbk_buf_clear(&text);
		assert_ok(sbk_volume_path(tree, i, &text, &world->err),
			  &world->err);
		if (strcmp(sbk_buf_text(&text), path) == 0)
			found = i;
	}
	sbk_buf_release(&text);
	assert_int_not_equal(found, SBK_VOLUME_NONE);
	return found;
}

/* Writes another parent into the first name of a record. */
static void move(struct world *world, uint32_t record, uint64_t parent)
{
	struct sbk_ntfs_volume *volume = world->audit.tree.volume;
	struct sbk_ntfs_stream table = {.size = 0};
	const struct sbk_ntfs_run *run;
	uint64_t cluster = sbk_ntfs_volume_boot(volume)->cluster_bytes;
	uint64_t at = (uint64_t)record * 1024;
	uint8_t *sector;
	unsigned offset;

	assert_ok(sbk_ntfs_stream_open(volume, 0, SBK_NTFS_DATA, "", &table,
				       &world->err),
		  &world->err);
	run = sbk_ntfs_runs_find(&table.runs, at / cluster);
	assert_non_null(run);
	sector = image_sector(&world->image,
			      run->lcn * cluster + at - run->vcn * cluster);
	sbk_ntfs_stream_release(&table);
	for (offset = get_u16le(sector + 20);
	     get_u32le(sector + offset) != SBK_NTFS_FILE_NAME;
	     offset += get_u32le(sector + offset + 4))
		assert_true(offset < 400);
	put_u64le(sector + offset + get_u16le(sector + offset + 20), parent);
}

static void test_volume__names_objects_by_their_paths(void **state)
{
	struct world world;

	(void)state;
	begin(&world);
	examine(&world);
	assert_int_not_equal(find(&world, "/Users/ann/.ssh/id_rsa"),
			     find(&world, "/Users/ann"));
	assert_int_equal(find(&world, "/"), SBK_NTFS_ROOT);
	assert_int_equal(sbk_ntfs_damage_total(sbk_ntfs_volume_damage(
				 world.audit.tree.volume)),
			 0);
	assert_int_equal(sbk_report_exit(world.audit.report), 1);
	end(&world);
}

static void test_volume__a_directory_inside_itself(void **state)
{
	struct sbk_buf path = SBK_BUF_INIT;
	struct world world;
	uint32_t users, ann;
	uint16_t sequence;

	(void)state;
	begin(&world);
	examine(&world);
	users = find(&world, "/Users");
	ann = find(&world, "/Users/ann");
	sequence = world.audit.tree.sequence[ann];
	move(&world, users, (uint64_t)sequence << 48 | ann);
	forget(&world);
	examine(&world);
	assert_int_equal(damage(&world, SBK_NTFS_BAD_LOOP), 1);
	assert_int_equal(sbk_report_exit(world.audit.report), 2);
	assert_ok(sbk_volume_path(&world.audit.tree, ann, &path, &world.err),
		  &world.err);
	assert_int_equal(strncmp(sbk_buf_text(&path), "<lost>/", 7), 0);
	sbk_buf_release(&path);
	/* In itself, at once. */
	move(&world, users,
	     (uint64_t)world.audit.tree.sequence[users] << 48 | users);
	forget(&world);
	examine(&world);
	assert_int_equal(damage(&world, SBK_NTFS_BAD_LOOP), 1);
	end(&world);
}

static void test_volume__parents_that_are_not_there(void **state)
{
	struct world world;
	uint32_t ann, users;
	uint64_t sequence;

	(void)state;
	begin(&world);
	examine(&world);
	users = find(&world, "/Users");
	ann = find(&world, "/Users/ann");
	sequence = world.audit.tree.sequence[users];
	move(&world, ann, (sequence + 1) << 48 | users);
	forget(&world);
	examine(&world);
	assert_int_equal(damage(&world, SBK_NTFS_BAD_PARENT), 1);
	assert_int_equal(sbk_report_exit(world.audit.report), 2);
	move(&world, ann, UINT64_MAX);
	forget(&world);
	examine(&world);
	assert_int_equal(damage(&world, SBK_NTFS_BAD_PARENT), 1);
	end(&world);
}

static void test_volume__rows_have_a_maximum(void **state)
{
	struct sbk_buf json = SBK_BUF_INIT, csv = SBK_BUF_INIT;
	struct sbk_buf full = SBK_BUF_INIT;
	struct world world;

	(void)state;
	begin(&world);
	examine(&world);
	assert_ok(sbk_volume_print_json(&world.audit, &json, &world.err),
		  &world.err);
	assert_ok(sbk_volume_print_csv(&world.audit, &csv, &world.err),
		  &world.err);
	assert_int_equal(sbk_report_exit(world.audit.report), 1);
	assert_true(world.audit.principals[0].root_count > 1);
	while (full.size < SBK_VOLUME_PRINT_MAX)
		sbk_buf_add(&full, json.data, json.size);
	json.size = full.size;
	assert_ok(sbk_volume_print_csv(&world.audit, &full, &world.err),
		  &world.err);
	/* The first row, and no other. */
	assert_true(full.size > json.size);
	assert_true(full.size - json.size < csv.size);
	assert_int_equal(sbk_report_exit(world.audit.report), 2);
	sbk_buf_release(&json);
	sbk_buf_release(&csv);
	sbk_buf_release(&full);
	end(&world);
}

/* More records than the device has room for are not believed. */
static void test_volume__records_by_the_real_size(void **state)
{
	struct world world;
	uint32_t records;

	(void)state;
	begin(&world);
	world.image.is_dense = true;
	examine(&world);
	records = world.audit.tree.records;
	world.image.size = (uint64_t)(records - 10) * 1024;
	forget(&world);
	examine(&world);
	assert_int_equal(world.audit.tree.records, records - 10);
	assert_true(damage(&world, SBK_NTFS_BAD_CUT) > 0);
	assert_int_equal(sbk_report_exit(world.audit.report), 2);
	end(&world);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_volume__rows_have_a_maximum),
	cmocka_unit_test(test_volume__records_by_the_real_size),
	cmocka_unit_test(test_volume__names_objects_by_their_paths),
	cmocka_unit_test(test_volume__a_directory_inside_itself),
	cmocka_unit_test(test_volume__parents_that_are_not_there),
};

SBK_TEST_MAIN(tests)
