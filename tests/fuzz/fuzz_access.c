/*
 * Fuzz target: the access check of any descriptor, conditions and all. The
 * first bytes choose token and request, the rest is the descriptor. Whatever it
 * says must be consistent, and a restriction must not add a right.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/ntsec/access.h"
#include "engine/ntsec/wire.h"

#include "engine/banned.h"

#define HEAD_BYTES 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* Everyone, Administrators, a user; what corpora speak of. */
static const struct sbk_group groups[] = {
	{{{1, 1, 0, 0, 0, 0, 0, 1}}, SBK_GROUP_ENABLED},
	{{{1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2}}, SBK_GROUP_DENY_ONLY},
	{{{1, 1, 0, 0, 0, 0, 0, 5, 18}}, SBK_GROUP_ENABLED},
};

static struct sbk_token token_of(uint8_t a, uint8_t b)
{
	struct sbk_token token = sbk_token_plain(&groups[2].sid);

	token.groups.groups = groups;
	token.groups.count = 3;
	token.privileges = a & 31u;
	token.integrity = (uint32_t)(b & 7) << 12;
	token.no_write_up = (b & 8) != 0;
	return token;
}

static void look(const struct sbk_sd *sd, const struct sbk_token *token,
		 const struct sbk_access_request *request,
		 struct sbk_access_result *out)
{
	sbk_access_check(sd, token, request, out);
	must((out->granted & out->undecided) == 0);
	must((out->granted & out->missing) == 0);
	must((out->undecided & out->missing) == 0);
	must(sbk_access_cause_text(out->reason.cause) != NULL);
	if (out->answer == SBK_ACCESS_DENIED)
		must(out->missing != 0 ||
		     (request->desired & SBK_RIGHT_MAXIMUM_ALLOWED));
	else
		must(out->missing == 0);
	if (out->reason.has_index)
		must(out->reason.mask != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sbk_access_request request = {0};
	struct sbk_access_result free, restricted, package;
	struct sbk_token token;
	struct sbk_sd sd;

	if (size < HEAD_BYTES ||
	    sbk_sd_read(data + HEAD_BYTES, size - HEAD_BYTES, &sd, NULL) < 0)
		return 0;
	request.desired = get_u32le(data);
	request.object = data[4] % 3 == 0   ? SBK_NT_FILE
			 : data[4] % 3 == 1 ? SBK_NT_DIRECTORY
					    : SBK_NT_KEY;
	request.backup_intent = (data[4] & 64) != 0;
	token = token_of(data[5], data[6]);
	look(&sd, &token, &request, &free);
	token.restricting.groups = groups;
	token.restricting.count = 1 + data[7] % 2;
	token.is_restricted = true;
	token.write_restricted = (data[7] & 4) != 0;
	look(&sd, &token, &request, &restricted);
	must(((restricted.granted | restricted.undecided) &
	      ~(free.granted | free.undecided)) == 0);
	token.is_restricted = token.write_restricted = false;
	token.integrity = SBK_INTEGRITY_SYSTEM;
	look(&sd, &token, &request, &free);
	token.has_package = true;
	token.package = groups[0].sid;
	token.less_privileged = (data[7] & 8) != 0;
	look(&sd, &token, &request, &package);
	must(((package.granted | package.undecided) &
	      ~(free.granted | free.undecided)) == 0);
	return 0;
}
