/*
 * Our principals on this host, from the account database alone: by the comments
 * that setup wrote and sealed. Changes nothing, and asks only what everybody
 * may ask: lists of names with comments, and the SID of a name.
 */
#include "engine/windows/principals.h"

#include <stdlib.h>
#include <string.h>

#include <windows.h>

#include "engine/windows/win32_accounts.h"

#include "engine/banned.h"

struct finding {
	bool is_group;
	struct sbk_principals list;
	sbk_nt_principal_fn *visit;
	void *arg;
};

/* Of a list: what looks like ours is asked for its SID. */
static int look(void *arg, const char *name, const char *comment,
		struct sbk_error *err)
{
	struct finding *f = arg;
	char nonce[SBK_NT_NONCE_DIGITS + 1];
	struct sbk_error why = SBK_ERROR_INIT;
	struct sbk_principal principal;
	struct sbk_sid sid;
	int rc;

	if (strncmp(comment, "Sandbook ", 9) != 0)
		return 0;
	rc = sbk_win32_sid_of(name, &sid, &why);
	if (rc == SBK_E_NOTFOUND)
		return 0; /* it went meanwhile */
	if (rc < 0)
		return sbk_error_set(err, rc, "%s", why.message);
	if (!sbk_nt_principal_read(name, comment, &sid, f->is_group, &principal,
				   nonce))
		return 0;
	return f->visit(f->arg, &principal, nonce, err);
}

int sbk_nt_principals_visit(sbk_nt_principal_fn *visit, void *arg,
			    struct sbk_error *err)
{
	struct finding f = {.is_group = true, .visit = visit, .arg = arg};
	struct sbk_error why = SBK_ERROR_INIT;
	int rc = sbk_win32_account_list(true, look, &f, err);

	if (rc < 0)
		return rc;
	f.is_group = false;
	rc = sbk_win32_account_list(false, look, &f, &why);
	/* Wine has no such list, and no account of ours: setup's first step is
	 * refused there. Windows always has it. */
	if (rc < 0 && why.os_code == ERROR_INVALID_LEVEL)
		return 0;
	return rc < 0 ? sbk_error_set(err, rc, "%s", why.message) : 0;
}

static int append(void *arg, const struct sbk_principal *principal,
		  const char *nonce, struct sbk_error *err)
{
	struct sbk_principals *list = arg;
	struct sbk_principal *items =
		realloc(list->items, (list->count + 1) * sizeof(*items));

	(void)nonce;
	if (items == NULL)
		return sbk_error_no_memory(err);
	list->items = items;
	list->items[list->count++] = *principal;
	return 0;
}

static int by_role_and_name(const void *a, const void *b)
{
	const struct sbk_principal *left = a, *right = b;

	if ((left->role == SBK_PRINCIPAL_GROUP) !=
	    (right->role == SBK_PRINCIPAL_GROUP))
		return left->role == SBK_PRINCIPAL_GROUP ? -1 : 1;
	return strcmp(left->name, right->name);
}

int sbk_principals_find(struct sbk_principals *out, struct sbk_error *err)
{
	struct sbk_principals list = {.items = NULL};
	int rc = sbk_nt_principals_visit(append, &list, err);

	if (rc < 0) {
		sbk_principals_release(&list);
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

int sbk_principal_of_change(const struct sbk_change *change,
			    struct sbk_principal *out, struct sbk_error *err)
{
	if (sbk_nt_principal_of_change(change->object.kind, change->object.name,
				       out))
		return 0;
	return sbk_error_set(err, SBK_E_NOTFOUND,
			     "'%.300s' names no account of ours by its SID",
			     change->object.name);
}
