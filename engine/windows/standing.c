/* See the header. Changes nothing: what stood before a look stands after it. */
#include "engine/windows/standing.h"

#include <string.h>

#include "engine/os.h"
#include "engine/principals.h"
#include "engine/windows/at_rest.h"
#include "engine/windows/network_try.h"
#include "engine/windows/secret.h"

#include "engine/banned.h"

#define ROLES 2

static const enum sbk_principal_role roles[ROLES] = {SBK_PRINCIPAL_OFFLINE,
						     SBK_PRINCIPAL_ONLINE};

/* Those of the caller's that are enabled, at most `ROLES`. */
static int find_enabled(struct sbk_principal out[ROLES], size_t *count,
			struct sbk_error *err)
{
	struct sbk_principals list = {.items = NULL};
	struct sbk_person caller;
	size_t i;
	int rc = sbk_os_caller(&caller, err);

	*count = 0;
	if (rc == 0)
		rc = sbk_principals_find(&list, err);
	for (i = 0; rc == 0 && i < ROLES; i++) {
		enum sbk_account_standing standing = SBK_ACCOUNT_GONE;
		const struct sbk_principal *found =
			sbk_principals_get(&list, roles[i], &caller.id);
		struct sbk_sid sid;

		if (found == NULL)
			continue;
		rc = sbk_sid_parse(found->id, strlen(found->id), &sid, err);
		if (rc == 0)
			rc = sbk_account_standing(&sid, &standing, err);
		if (rc == 0 && standing == SBK_ACCOUNT_ENABLED)
			out[(*count)++] = *found;
	}
	sbk_principals_release(&list);
	return rc;
}

bool sbk_standing_enabled(void)
{
	struct sbk_principal found[ROLES];
	size_t count;

	return find_enabled(found, &count, NULL) == 0 && count == ROLES;
}

/* As a run would find it, but for the account's own SID, which it compares. */
static int open_password(const struct sbk_principal *account,
			 struct sbk_error *err)
{
	struct sbk_secret secret = SBK_SECRET_INIT;
	struct sbk_store *store = NULL;
	struct sbk_sid_text sid;
	int rc = sbk_secret_store(SBK_STORE_READ, &store, err);

	if (rc == 0)
		rc = sbk_secret_open(store, account->name, &secret, err);
	if (rc == 0 &&
	    strcmp(sbk_sid_format(&secret.label.sid, &sid), account->id) != 0)
		rc = SBK_E_NOTFOUND;
	sbk_secret_release(&secret);
	sbk_store_close(store);
	return rc;
}

/* True: a run can log on as it, as far as can be told without doing so. */
static bool has_password(struct sbk_cli *cli,
			 const struct sbk_principal *account)
{
	struct sbk_error why = SBK_ERROR_INIT;
	int rc = open_password(account, &why);

	if (rc == 0)
		return true;
	if (rc == SBK_E_NOTFOUND)
		(void)fprintf(cli->err,
			      "%s: no password of '%s' is kept here any more: "
			      "it was lost, or a run with --withhold-passwords "
			      "made it worthless; 'sandbook setup --upgrade' "
			      "sets a new one\n",
			      cli->program, account->name);
	else
		(void)fprintf(cli->err, "%s: %s\n", cli->program, why.message);
	return false;
}

static void try_network(struct sbk_cli *cli,
			const struct sbk_principal *account, DWORD *code)
{
	struct sbk_error why = SBK_ERROR_INIT;
	int rc = sbk_network_try(account, &why);

	if (rc == 0) {
		(void)fprintf(cli->out,
			      account->role == SBK_PRINCIPAL_OFFLINE
				      ? "Tried as '%s': nothing gets out but "
					"to a proxy's ports.\n"
				      : "Tried as '%s': its password opens it, "
					"and it has the network.\n",
			      account->name);
		return;
	}
	(void)fprintf(cli->err,
		      "%s: what the network filters hold back was tried as "
		      "'%s', and this is not as it should be: %s\n",
		      cli->program, account->name, why.message);
	*code = SBK_EXIT_UNSUPPORTED;
}

void sbk_standing_check(struct sbk_cli *cli, bool tries, DWORD *code)
{
	struct sbk_error why = SBK_ERROR_INIT;
	struct sbk_principal found[ROLES];
	size_t count, i;
	int rc = find_enabled(found, &count, &why);

	if (rc < 0) {
		(void)fprintf(cli->err,
			      "%s: whether this user's accounts can be used "
			      "cannot be told: %s\n",
			      cli->program, why.message);
		*code = SBK_EXIT_INCOMPLETE;
		return;
	}
	for (i = 0; i < count; i++) {
		if (!has_password(cli, &found[i]))
			*code = SBK_EXIT_INCOMPLETE;
		else if (tries)
			try_network(cli, &found[i], code);
	}
}
