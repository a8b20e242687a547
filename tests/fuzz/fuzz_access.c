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

/* S-1-15-2-1-2-3-4-5-6-7, and capabilities: one enabled, one not. */
static const struct sbk_sid package = {
	{1, 8, 0, 0, 0, 0, 0, 15, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0,
	 3, 0, 0, 0, 4, 0, 0, 0,  5, 0, 0, 0, 6, 0, 0, 0, 7, 0, 0, 0}};
static const struct sbk_group capabilities[] = {
	{{{1, 2, 0, 0, 0, 0, 0, 15, 3, 0, 0, 0, 1}}, SBK_GROUP_ENABLED},
	{{{1, 2, 0, 0, 0, 0, 0, 15, 3, 0, 0, 0, 2}}, 0},
};

static struct sbk_token token_of(uint8_t a, uint8_t b)
{
	struct sbk_token token = sbk_token_plain(&groups[2].sid);

	if ((b & 32) == 0) { /* else there is no list at all */
		token.groups.groups = groups;
		token.groups.count = 3;
	}
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

/* Whether `less` cannot have anything that `more` has not. */
static bool is_within(const struct sbk_access_result *less,
		      const struct sbk_access_result *more)
{
	return ((less->granted | less->undecided) &
		~(more->granted | more->undecided)) == 0;
}

static void restrict_token(struct sbk_token *token, uint8_t how)
{
	token->restricting.groups = groups;
	token->restricting.count = 1 + how % 2;
	token->is_restricted = true;
	token->write_restricted = (how & 4) != 0;
}

static void contain_token(struct sbk_token *token, uint8_t how)
{
	token->has_package = true;
	token->package = (how & 16) != 0 ? package : groups[0].sid;
	token->less_privileged = (how & 8) != 0;
	token->capabilities.groups = capabilities;
	token->capabilities.count = 2;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sbk_access_request request = {0};
	struct sbk_access_result free, restricted, contained, both;
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
	restrict_token(&token, data[7]);
	look(&sd, &token, &request, &restricted);
	must(is_within(&restricted, &free));
	/* Labels treat AppContainers otherwise: nothing to compare with. */
	contain_token(&token, data[7]);
	look(&sd, &token, &request, &both);
	token.integrity = SBK_INTEGRITY_SYSTEM;
	look(&sd, &token, &request, &both);
	token.is_restricted = token.write_restricted = false;
	look(&sd, &token, &request, &contained);
	must(is_within(&both, &contained));
	token.has_package = false;
	look(&sd, &token, &request, &free);
	must(is_within(&contained, &free));
	return 0;
}
