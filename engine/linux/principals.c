/*
 * Our principals on this host, from /etc/passwd and /etc/group alone. Changes
 * nothing, needs no right.
 */
#include "engine/principals.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/linux/account_state.h"

#include "engine/banned.h"

static void from_group(struct sbk_principal *out, unsigned int gid)
{
	memset(out, 0, sizeof(*out));
	out->role = SBK_PRINCIPAL_GROUP;
	out->number = gid;
	sbk_principal_format((struct sbk_principal_id){true, gid}, out->id);
	(void)snprintf(out->name, sizeof(out->name), "%s", SBK_GROUP_NAME);
}

static void from_account(struct sbk_principal *out,
			 const struct sbk_account *account)
{
	memset(out, 0, sizeof(*out));
	out->role = account->role == SBK_ACCOUNT_OFFLINE ? SBK_PRINCIPAL_OFFLINE
							 : SBK_PRINCIPAL_ONLINE;
	out->number = account->uid;
	out->owner = sbk_owner_of_number(account->uid);
	out->person = sbk_owner_of_number(account->person);
	sbk_principal_format((struct sbk_principal_id){false, account->uid},
			     out->id);
	(void)snprintf(out->name, sizeof(out->name), "%s", account->name);
}

/* The private group of an account. */
static void from_private(struct sbk_principal *out,
			 const struct sbk_account *account, unsigned int gid)
{
	memset(out, 0, sizeof(*out));
	out->role = account->role == SBK_ACCOUNT_OFFLINE
			    ? SBK_PRINCIPAL_OFFLINE_GROUP
			    : SBK_PRINCIPAL_ONLINE_GROUP;
	out->number = gid;
	out->person = sbk_owner_of_number(account->person);
	sbk_principal_format((struct sbk_principal_id){true, gid}, out->id);
	(void)snprintf(out->name, sizeof(out->name), "%s", account->name);
}

static int append(struct sbk_principals *list,
		  const struct sbk_principal *principal, struct sbk_error *err)
{
	struct sbk_principal *items =
		realloc(list->items, (list->count + 1) * sizeof(*items));

	if (items == NULL)
		return sbk_error_no_memory(err);
	list->items = items;
	list->items[list->count++] = *principal;
	return 0;
}

static int by_role_and_name(const void *a, const void *b)
{
	const struct sbk_principal *left = a, *right = b;

	int order;

	if ((left->role == SBK_PRINCIPAL_GROUP) !=
	    (right->role == SBK_PRINCIPAL_GROUP))
		return left->role == SBK_PRINCIPAL_GROUP ? -1 : 1;
	order = strcmp(left->name, right->name);
	return order != 0 ? order : (int)left->role - (int)right->role;
}

/* An account, and its group where that has its number: one of the name alone
 * is not ours. */
static int add_account(struct sbk_principals *list,
		       const struct sbk_account *account,
		       const struct sbk_buf *group, struct sbk_error *err)
{
	struct sbk_principal principal;
	struct sbk_slice line;
	unsigned int gid;
	int rc;

	from_account(&principal, account);
	rc = append(list, &principal, err);
	if (rc < 0 || !sbk_accountfile_find(group, account->name, &line) ||
	    !sbk_slice_number(sbk_accountfile_field(line, 2), &gid) ||
	    gid != account->uid)
		return rc;
	from_private(&principal, account, gid);
	return append(list, &principal, err);
}

static int find_accounts(struct sbk_principals *list,
			 const struct sbk_buf *group, unsigned int gid,
			 struct sbk_error *err)
{
	struct sbk_buf passwd = SBK_BUF_INIT;
	struct sbk_slice rest, line;
	struct sbk_account account;
	int rc;

	rc = sbk_accountfile_read("/etc/passwd", &passwd, NULL, NULL, NULL,
				  err);
	rest = (struct sbk_slice){sbk_buf_text(&passwd), passwd.size};
	while (rc == 0 && sbk_accountfile_next(&rest, &line))
		if (sbk_account_parse(line, &account) && account.gid == gid)
			rc = add_account(list, &account, group, err);
	sbk_buf_release(&passwd);
	return rc;
}

int sbk_principals_find(struct sbk_principals *out, struct sbk_error *err)
{
	struct sbk_principals list = {.items = NULL};
	struct sbk_principal principal;
	struct sbk_buf group = SBK_BUF_INIT;
	struct sbk_slice line;
	unsigned int gid;
	int rc;

	rc = sbk_accountfile_read("/etc/group", &group, NULL, NULL, NULL, err);
	if (rc == 0 && sbk_accountfile_find(&group, SBK_GROUP_NAME, &line) &&
	    sbk_slice_number(sbk_accountfile_field(line, 2), &gid)) {
		rc = find_accounts(&list, &group, gid, err);
		from_group(&principal, gid);
		/* A group of that name without accounts may be anybody's. */
		if (rc == 0 && list.count > 0)
			rc = append(&list, &principal, err);
	}
	sbk_buf_release(&group);
	if (rc < 0) {
		free(list.items);
		return rc;
	}
	if (list.count > 0)
		qsort(list.items, list.count, sizeof(*list.items),
		      by_role_and_name);
	*out = list;
	return 0;
}

void sbk_principals_release(struct sbk_principals *principals)
{
	free(principals->items);
	*principals = (struct sbk_principals){.items = NULL};
}

/* The state that a change gave the object, or took from it. */
static struct sbk_state state_of(const struct sbk_change *change)
{
	return sbk_state_absent(change->after) ? change->before : change->after;
}

/* The group of all, or a private one. */
static bool group_of_state(struct sbk_state state, struct sbk_principal *out)
{
	struct sbk_account account;
	struct sbk_slice name;
	unsigned int gid;

	if (!sbk_account_fact(state, "group", &name) ||
	    !sbk_group_gid(state, &gid))
		return false;
	if (sbk_slice_is(name, SBK_GROUP_NAME))
		from_group(out, gid);
	else if (sbk_account_parse_name(name, &account))
		from_private(out, &account, gid);
	else
		return false;
	return true;
}

int sbk_principal_of_change(const struct sbk_change *change,
			    struct sbk_principal *out, struct sbk_error *err)
{
	struct sbk_state state = state_of(change);
	struct sbk_account account = {.person = 0};
	struct sbk_slice name, uid, gecos;
	struct sbk_buf line = SBK_BUF_INIT;
	bool found = false;

	if (change->object.kind == SBK_KIND_GROUP && group_of_state(state, out))
		return 0;
	if (change->object.kind == SBK_KIND_ACCOUNT &&
	    sbk_account_fact(state, "account", &name) &&
	    sbk_account_fact(state, "uid", &uid) &&
	    sbk_account_fact(state, "gecos", &gecos)) {
		/* As its line in /etc/passwd, which is what can be parsed. */
		sbk_buf_printf(&line, "%.*s:x:%.*s:0:%.*s:" SBK_ACCOUNT_HOME,
			       (int)name.size, name.data, (int)uid.size,
			       uid.data, (int)gecos.size, gecos.data);
		found = sbk_account_parse(
			(struct sbk_slice){sbk_buf_text(&line), line.size},
			&account);
		sbk_buf_release(&line);
	}
	if (!found)
		return sbk_error_set(err, SBK_E_NOTFOUND,
				     "'%s' is no account or group of ours",
				     change->object.name);
	from_account(out, &account);
	return 0;
}
