/*
 * Memory that runs out: each allocation of each operation fails once. What
 * comes back is SBK_E_NOMEM and nothing that looks like a result; under ASan,
 * nothing is left behind either.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/ntsec/inherit.h"
#include "engine/ntsec/rights.h"
#include "engine/ntsec/sd.h"
#include "engine/ntsec/sddl.h"
#include "tests/support/test.h"

#include "engine/banned.h"

/* The linker sends the library's allocations here (--wrap). */
void *__real_malloc(size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_calloc(size_t count, size_t size);

static long left = -1; /* allocations until one fails; below 0: none does */

void *__wrap_malloc(size_t size)
{
	return left >= 0 && left-- == 0 ? NULL : __real_malloc(size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return left >= 0 && left-- == 0 ? NULL : __real_realloc(old, size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return left >= 0 && left-- == 0 ? NULL : __real_calloc(count, size);
}

struct world {
	struct sbk_buf bytes, other_bytes, mixed_bytes, rich_bytes, entries;
	struct sbk_sd sd, other, mixed, rich;
	struct sbk_ace_key key;
};

typedef int (*operation)(const struct world *world, struct sbk_buf *out);

static int write_in_place(const struct world *world, struct sbk_buf *out)
{
	return sbk_sd_write(&world->sd, out, NULL);
}

static int write_compact(const struct world *world, struct sbk_buf *out)
{
	struct sbk_sd sd = world->sd;

	sd.origin = NULL;
	return sbk_sd_write(&sd, out, NULL);
}

static int add(const struct world *world, struct sbk_buf *out)
{
	return sbk_nt_acl_add(&world->sd.dacl, &world->key, out, NULL);
}

static int take_out(const struct world *world, struct sbk_buf *out)
{
	size_t removed = 77;
	int rc = sbk_nt_acl_remove(&world->sd.dacl, &world->key, 1, out,
				   &removed, NULL);

	assert_int_equal(removed, rc == 0 ? 1 : 77);
	return rc;
}

/* Two lists without an entry in common at either end: with its table. */
static int diff(const struct world *world, struct sbk_buf *out)
{
	sbk_sd_diff(&world->sd, &world->other, NULL, out);
	return sbk_buf_failed(out, NULL);
}

static int write_ace(const struct world *world, struct sbk_buf *out)
{
	const struct sbk_ace_parts parts = {.type = SBK_ACE_ALLOW_CALLBACK,
					    .sid = world->key.sid,
					    .data = (const uint8_t *)"artx",
					    .data_size = 4};

	return sbk_ace_write(out, &parts, NULL);
}

static int write_acl(const struct world *world, struct sbk_buf *out)
{
	return sbk_nt_acl_write(out, 2, &world->entries, 0, NULL);
}

static int describe(const struct world *world, struct sbk_buf *out)
{
	(void)world;
	sbk_rights_describe(out, 0x0100ff, SBK_NT_FILE);
	return sbk_buf_failed(out, NULL);
}

/* Each kind of thing that a text may hold. */
static int parse_sddl(const struct world *world, struct sbk_buf *out)
{
	static const char text[] =
		"O:BAG:SYD:P(A;;FR;;;WD)(OA;;CC;"
		"bf967aba-0de6-11d0-a285-00aa003049e2;;WD)"
		"(XA;;FR;;;WD;(@User.a == {1, \"b\", #0c, SID(BA)} || !(c)))"
		"S:(RA;;;;;WD;(\"a\",TS,0x0,\"b\",\"c\"))"
		"(RA;;;;;WD;(\"d\",TX,0x0,#0102))(RA;;;;;WD;(\"e\",TI,0x0,1))";

	(void)world;
	return sbk_sddl_parse(text, sizeof(text) - 1, NULL, out, NULL);
}

static int format_sddl(const struct world *world, struct sbk_buf *out)
{
	return sbk_sddl_format(&world->rich, SBK_SDDL_ALL, NULL, out, NULL);
}

static int create(const struct world *world, struct sbk_buf *out)
{
	const struct sbk_inherit_request request = {
		.parent = &world->other,
		.creator = &world->sd,
		.is_container = true,
		.flags = SBK_INHERIT_DACL | SBK_INHERIT_SACL,
		.owner = world->key.sid,
		.group = world->key.sid,
		.mapping = sbk_nt_mapping(SBK_NT_FILE),
	};

	return sbk_inherit_create(&request, out, NULL);
}

/* A list that changes, and one that becomes protected. */
static int spread(const struct world *world, struct sbk_buf *out)
{
	const struct sbk_spread_node nodes[] = {
		{.parent = 0, .is_container = true, .sd = &world->other},
		{.parent = 0, .is_container = false, .sd = &world->sd},
		{.parent = 0, .is_container = false, .sd = &world->mixed},
	};
	const struct sbk_spread_request request = {
		.nodes = nodes,
		.count = 3,
		.part = SBK_SD_DACL,
		.root = &world->other.dacl,
		.mapping = sbk_nt_mapping(SBK_NT_FILE),
	};
	struct sbk_spread_result result;
	int rc = sbk_inherit_spread(&request, &result, NULL);

	(void)out;
	if (rc == 0) {
		assert_int_equal(result.count, 2);
		sbk_spread_release(&result);
	}
	return rc;
}

static void parse(const char *text, struct sbk_buf *bytes, struct sbk_sd *sd)
{
	static const struct sbk_sddl_options options;
	struct sbk_error err = SBK_ERROR_INIT;

	assert_ok(sbk_sddl_parse(text, strlen(text), &options, bytes, &err),
		  &err);
	assert_ok(sbk_sd_read((const uint8_t *)bytes->data, bytes->size, sd,
			      &err),
		  &err);
}

static void make(struct world *world)
{
	struct sbk_nt_acl_cursor at = SBK_NT_ACL_BEGIN;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_ace ace;

	*world = (struct world){.key = {.type = SBK_ACE_ALLOW}};
	parse("O:BAD:(A;;FR;;;WD)(A;;FA;;;BA)(A;;FX;;;SY)", &world->bytes,
	      &world->sd);
	parse("O:BAD:(A;OICI;FW;;;WD)(A;;FA;;;BA)(A;;FR;;;SY)"
	      "S:(AU;OICISA;FA;;;WD)",
	      &world->other_bytes, &world->other);
	parse("D:(A;ID;FR;;;WD)(D;;FW;;;BA)", &world->mixed_bytes,
	      &world->mixed);
	assert_ok(parse_sddl(world, &world->rich_bytes), &err);
	assert_ok(sbk_sd_read((const uint8_t *)world->rich_bytes.data,
			      world->rich_bytes.size, &world->rich, &err),
		  &err);
	assert_true(sbk_nt_acl_next(&world->sd.dacl, &at, &ace));
	world->key.mask = ace.mask;
	world->key.sid = ace.sid;
}

static void test_memory__each_allocation_fails_once(void **state)
{
	static const operation operations[] = {
		write_in_place, write_compact, add,	   take_out,
		diff,		write_ace,     write_acl,  describe,
		create,		spread,	       parse_sddl, format_sddl};
	struct world world;
	size_t i;
	long n;

	(void)state;
	make(&world);
	for (i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
		for (n = 0;; n++) {
			struct sbk_buf out = SBK_BUF_INIT;
			bool was_reached;
			int rc;

			left = n;
			rc = operations[i](&world, &out);
			was_reached = left < 0;
			left = -1;
			assert_int_equal(rc, was_reached ? SBK_E_NOMEM : 0);
			sbk_buf_release(&out);
			if (!was_reached) {
				assert_true(n > 0); /* it did allocate */
				break;
			}
		}
	sbk_buf_release(&world.bytes);
	sbk_buf_release(&world.other_bytes);
	sbk_buf_release(&world.mixed_bytes);
	sbk_buf_release(&world.rich_bytes);
}

/* A list from entries that never came to be is no empty list. */
static void test_memory__a_failure_is_handed_on(void **state)
{
	struct sbk_buf entries = {.failure = SBK_E_NOMEM};
	struct sbk_buf out = SBK_BUF_INIT, big = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	assert_error(sbk_nt_acl_write(&out, 2, &entries, 0, &err), SBK_E_NOMEM,
		     &err);
	while (big.size < SBK_NT_ACL_BYTES_MAX - SBK_NT_ACL_HEADER_BYTES)
		sbk_buf_add(&big, "\x77\0\4\0", 4);
	assert_ok(
		sbk_nt_acl_write(&out, 2, &big, (uint16_t)(big.size / 4), &err),
		&err);
	sbk_buf_add(&big, "\x77\0\4\0", 4);
	assert_error(sbk_nt_acl_write(&out, 2, &big, 1, &err), SBK_E_LIMIT,
		     &err);
	assert_int_equal(out.size, SBK_NT_ACL_BYTES_MAX);
	sbk_buf_release(&big);
	sbk_buf_release(&out);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_memory__each_allocation_fails_once),
	cmocka_unit_test(test_memory__a_failure_is_handed_on),
};

SBK_TEST_MAIN(tests)
