/*
 * Access checks in a line, for tests.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/ntsec/sddl.h"
#include "tests/ntsec/access_try.h"
#include "tests/support/test.h"

static struct sbk_sid sid(const char *text)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_sid out;

	assert_ok(sbk_sid_parse(text, strlen(text), &out, &err), &err);
	return out;
}

static void add(struct sbk_group *groups, struct sbk_sid_set *set,
		const char *text, uint32_t attributes)
{
	assert_true(set->count < TRY_SIDS);
	groups[set->count].sid = sid(text);
	groups[set->count].attributes = attributes;
	set->groups = groups;
	set->count++;
}

void try_token(struct try_token *it, const char *user)
{
	struct sbk_sid who = sid(user);

	memset(it, 0, sizeof(*it));
	it->token = sbk_token_plain(&who);
}

void try_group(struct try_token *it, const char *text, uint32_t attributes)
{
	add(it->groups, &it->token.groups, text, attributes);
}

void try_restrict(struct try_token *it, const char *text)
{
	it->token.is_restricted = true;
	add(it->restricting, &it->token.restricting, text, 0);
}

void try_package(struct try_token *it, const char *text)
{
	it->token.has_package = true;
	it->token.package = sid(text);
}

void try_capability(struct try_token *it, const char *text)
{
	add(it->capabilities, &it->token.capabilities, text, SBK_GROUP_ENABLED);
}

const struct sbk_sd *try_sd(const char *sddl)
{
	static struct sbk_buf bytes[8];
	static struct sbk_sd sds[8];
	static unsigned turn;
	struct sbk_sddl_options options = {0};
	struct sbk_error err = SBK_ERROR_INIT;
	unsigned i = turn++ % 8;

	sbk_buf_clear(&bytes[i]);
	if (sbk_sddl_parse(sddl, strlen(sddl), &options, &bytes[i], &err) < 0)
		fprintf(stderr, "%s\n", sddl);
	assert_ok(err.code, &err);
	assert_ok(sbk_sd_read((const uint8_t *)bytes[i].data, bytes[i].size,
			      &sds[i], &err),
		  &err);
	return &sds[i];
}

struct sbk_access_result try_request(const char *sddl,
				     const struct try_token *it,
				     struct sbk_access_request request)
{
	struct sbk_access_result result;

	sbk_access_check(try_sd(sddl), &it->token, &request, &result);
	return result;
}

struct sbk_access_result
try_access(const char *sddl, const struct try_token *it, uint32_t desired)
{
	struct sbk_access_request request = {.desired = desired,
					     .object = SBK_NT_FILE};

	return try_request(sddl, it, request);
}

void try_assert_answer(const char *sddl, const struct try_token *it,
		       uint32_t desired, enum sbk_access_answer expected,
		       const char *file, int line)
{
	static const char *const names[] = {"denied", "granted", "undecided"};
	struct sbk_access_result result = try_access(sddl, it, desired);

	if (result.answer == expected)
		return;
	fprintf(stderr,
		"%s for 0x%x: %s by %s (entry %d), not %s\n"
		"granted 0x%x undecided 0x%x missing 0x%x\n",
		sddl, desired, names[result.answer],
		sbk_access_cause_text(result.reason.cause),
		result.reason.has_index ? result.reason.index : -1,
		names[expected], result.granted, result.undecided,
		result.missing);
	_fail(file, line);
}
