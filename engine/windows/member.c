/*
 * MEMBER: an account in a local group, "GROUP-SID:MEMBER-SID". Its state is
 * "member", or absent, also where the group is gone.
 *
 * Both are named by SIDs, so that a group or an account that was made anew
 * under an old name is not taken for the old one.
 */
#include <string.h>

#include "engine/windows/kinds.h"
#include "engine/windows/win32_accounts.h"
#include "engine/windows/yes_no.h"

#include "engine/banned.h"

struct membership {
	struct sbk_sid group, member;
	struct sbk_buf group_name;
};

static int open_membership(struct membership *m, const char *name,
			   struct sbk_error *err)
{
	const char *colon = strchr(name, ':');

	*m = (struct membership){.group_name = SBK_BUF_INIT};
	if (colon != NULL &&
	    sbk_sid_parse(name, (size_t)(colon - name), &m->group, NULL) == 0 &&
	    sbk_sid_parse(colon + 1, strlen(colon + 1), &m->member, NULL) == 0)
		return 0;
	return sbk_error_set(err, SBK_E_INVAL,
			     "'%.200s' is no membership: it must be two SIDs "
			     "with a colon between them",
			     name);
}

static int look(void *self, bool *is, struct sbk_error *err)
{
	struct membership *m = self;
	struct sbk_error why = SBK_ERROR_INIT;
	int rc = sbk_win32_name_of(&m->group, &m->group_name, &why);

	*is = false;
	if (rc == 0)
		rc = sbk_win32_is_member(sbk_buf_text(&m->group_name),
					 &m->member, is, &why);
	if (rc == SBK_E_NOTFOUND)
		return 0;
	return rc < 0 ? sbk_error_set(err, rc, "%s", why.message) : 0;
}

static int set(void *self, bool on, struct sbk_error *err)
{
	struct membership *m = self;
	int rc = sbk_win32_name_of(&m->group, &m->group_name, err);

	if (rc < 0)
		return rc;
	return on ? sbk_win32_add_member(sbk_buf_text(&m->group_name),
					 &m->member, err)
		  : sbk_win32_delete_member(sbk_buf_text(&m->group_name),
					    &m->member, err);
}

static const struct sbk_yes_no kind = {
	.state = "member\n", .noun = "membership", .look = look, .set = set};

static int observe(struct sbk_host *host, const struct sbk_object *object,
		   struct sbk_observation *out, struct sbk_error *err)
{
	struct membership m;
	int rc = open_membership(&m, object->name, err);

	(void)host;
	if (rc == 0)
		rc = sbk_yes_no_observe(&kind, &m, out, err);
	sbk_buf_release(&m.group_name);
	return rc;
}

static int replace(struct sbk_host *host, const struct sbk_object *object,
		   struct sbk_state expected, struct sbk_state next,
		   struct sbk_error *err)
{
	struct membership m;
	int rc = open_membership(&m, object->name, err);

	(void)host;
	if (rc == 0)
		rc = sbk_yes_no_replace(&kind, &m, object->name, expected, next,
					err);
	sbk_buf_release(&m.group_name);
	return rc;
}

const struct sbk_host_kind sbk_host_member = {
	.observe = observe,
	.replace = replace,
};
