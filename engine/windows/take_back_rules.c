/*
 * What taking back is made of. Owns the question whether an entry is needed at
 * all: asked of ntsec, of a file and of a directory that somebody else makes.
 */
#include "engine/windows/take_back_rules.h"

#include <string.h>

#include "engine/backend.h"
#include "engine/ntsec/access.h"
#include "engine/ntsec/inherit.h"
#include "engine/windows/access_rules.h"

#include "engine/banned.h"

/* Nobody, in whose place somebody else makes it: owns, and is nobody's token.
 */
#define SOMEBODY "S-1-0-0"

static int make_token(const struct sbk_sid *person, struct sbk_group groups[2],
		      struct sbk_token *out, struct sbk_error *err)
{
	static const char *const always[] = {"S-1-1-0", "S-1-5-11"};
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < 2; i++) {
		groups[i].attributes = SBK_GROUP_MANDATORY | SBK_GROUP_ENABLED;
		rc = sbk_nt_principal_parse(always[i], &groups[i].sid, err);
	}
	*out = sbk_token_plain(person);
	out->groups = (struct sbk_sid_set){.groups = groups, .count = 2};
	return rc;
}

/* What a new object of somebody's may be to the person. */
static int judge_child(const struct sbk_sd *parent, bool is_directory,
		       const struct sbk_token *token, bool *out,
		       struct sbk_error *err)
{
	const enum sbk_nt_object object =
		is_directory ? SBK_NT_DIRECTORY : SBK_NT_FILE;
	const struct sbk_access_request asked = {.desired = SBK_NT_TAKE_BACK,
						 .object = object};
	struct sbk_inherit_request request = {.parent = parent,
					      .is_container = is_directory,
					      .flags = SBK_INHERIT_DACL,
					      .mapping =
						      sbk_nt_mapping(object)};
	struct sbk_access_result result;
	struct sbk_buf bytes = SBK_BUF_INIT;
	struct sbk_sd child;
	int rc = sbk_nt_principal_parse(SOMEBODY, &request.owner, err);

	request.group = request.owner;
	if (rc == 0)
		rc = sbk_inherit_create(&request, &bytes, err);
	if (rc == 0)
		rc = sbk_sd_read((const uint8_t *)bytes.data, bytes.size,
				 &child, err);
	*out = false;
	/* Nothing inherited: the list is then the maker's own. */
	if (rc == 0 && child.dacl_is == SBK_ACL_PRESENT) {
		sbk_access_check(&child, token, &asked, &result);
		*out = result.answer == SBK_ACCESS_GRANTED;
	}
	sbk_buf_release(&bytes);
	return rc;
}

int sbk_nt_take_back_stands(const struct sbk_nt_access *directory,
			    const struct sbk_sid *person, bool *out,
			    struct sbk_error *err)
{
	struct sbk_group groups[2];
	struct sbk_token token;
	struct sbk_sd parent;
	int rc = make_token(person, groups, &token, err);

	*out = false;
	if (rc == 0)
		rc = sbk_nt_access_view(directory, &parent, err);
	if (rc == 0)
		rc = judge_child(&parent, false, &token, out, err);
	if (rc == 0 && *out)
		rc = judge_child(&parent, true, &token, out, err);
	return rc;
}

bool sbk_nt_take_back_parse(const char *principal, struct sbk_sid *person)
{
	static const char prefix[] = SBK_TAKES_BACK;

	return strncmp(principal, prefix, sizeof(prefix) - 1) == 0 &&
	       sbk_nt_principal_parse(principal + sizeof(prefix) - 1, person,
				      NULL) == 0;
}

bool sbk_nt_take_back_is(const struct sbk_ace *ace,
			 const struct sbk_sid *person)
{
	return !ace->is_opaque && ace->type == SBK_ACE_ALLOW &&
	       ace->mask == SBK_NT_TAKE_BACK &&
	       sbk_sid_equal(&ace->sid, person);
}
