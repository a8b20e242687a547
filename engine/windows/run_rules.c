/*
 * What each mode keeps, and says so. Without an account a write-restricted
 * token keeps writes in the roots, a job ends what the run leaves, and that is
 * all. With one, the account's rights keep the rest: what this machine lets
 * every user read, reach or use is no boundary, and the run says that, too.
 */
#include "engine/windows/run_rules.h"

#include <stdio.h>
#include <string.h>

#include "engine/buf.h"
#include "engine/ntsec/access_table.h"
#include "engine/ntsec/rights.h"
#include "engine/windows/run_sids.h"

#include "engine/banned.h"

#define UNELEVATED "without an account, the run is the user: "

static const struct {
	const char *names, *missing;
} rules[SBK_GUARANTEE_COUNT] = {
	[SBK_GUARANTEE_WRITES] = {"write-restricted token", ""},
	[SBK_GUARANTEE_READS] = {"",
				 UNELEVATED "it reads what the user may read"},
	[SBK_GUARANTEE_NETWORK] = {"", UNELEVATED
				   "variables advise programs to stay off the "
				   "network, and nothing holds them to it"},
	[SBK_GUARANTEE_SOCKETS] = {"", UNELEVATED
				   "it reaches the services that the user "
				   "reaches"},
	[SBK_GUARANTEE_PROCESSES] = {"", UNELEVATED
				     "the job ends what it leaves, but it may "
				     "read and end the user's other processes"},
	[SBK_GUARANTEE_DEVICES] = {"", UNELEVATED
				   "it uses what devices the user may use"},
};

/* What takes nothing written to be lost: `first`, whether its second check is
 * known not to be asked for it. */
static void list_rights(bool first, struct sbk_buf *out)
{
	static const struct {
		uint32_t rights;
		const char *name;
	} kinds[] = {
		{SBK_RIGHT_DELETE | SBK_FILE_DELETE_CHILD, "deletion"},
		{SBK_RIGHT_WRITE_DAC, "changes of access lists"},
		{SBK_RIGHT_WRITE_OWNER, "changes of owners"},
	};
	const struct sbk_access_known known =
		sbk_access_known(SBK_NT_FILE, true);
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const uint32_t rights = kinds[i].rights;

		if (first ? (rights & known.first) == 0
			  : (rights & known.first) != 0 ||
				    (rights & ~known.second) == 0)
			continue;
		sbk_buf_adds(out, out->size > 0 ? ", " : "");
		sbk_buf_adds(out, kinds[i].name);
	}
}

/* By the table of what a write-restricted token is asked twice: rights that
 * write nothing, and lose what was written. And what no table changes. */
static void reserve_writes(const char *whose, struct sbk_carriers *out)
{
	struct sbk_buf not_held = SBK_BUF_INIT, open = SBK_BUF_INIT;
	struct sbk_buf text = SBK_BUF_INIT;

	list_rights(true, &not_held);
	list_rights(false, &open);
	if (not_held.size > 0)
		sbk_buf_printf(&text,
			       "it is not kept from %s outside the roots, "
			       "where %s may; ",
			       sbk_buf_text(&not_held), whose);
	if (open.size > 0)
		sbk_buf_printf(&text,
			       "whether it is kept from %s outside the roots, "
			       "where %s may, awaits a measurement on "
			       "Windows; ",
			       sbk_buf_text(&open), whose);
	sbk_buf_adds(&text, "what Everyone may write it writes ('sandbook "
			    "audit scope')");
	(void)snprintf(out->reserved[SBK_GUARANTEE_WRITES],
		       sizeof(out->reserved[0]), "%s", sbk_buf_text(&text));
	sbk_buf_release(&not_held);
	sbk_buf_release(&open);
	sbk_buf_release(&text);
}

void sbk_run_rules_carriers(enum sbk_network network, struct sbk_carriers *out)
{
	int i;

	for (i = 0; i < SBK_GUARANTEE_COUNT; i++) {
		(void)snprintf(out->names[i], sizeof(out->names[i]), "%s",
			       rules[i].names);
		(void)snprintf(out->missing[i], sizeof(out->missing[i]), "%s",
			       rules[i].missing);
	}
	reserve_writes("the user", out);
	if (network != SBK_NETWORK_ON)
		return;
	(void)snprintf(out->names[SBK_GUARANTEE_NETWORK], sizeof(out->names[0]),
		       "not asked for");
	out->missing[SBK_GUARANTEE_NETWORK][0] = '\0';
}

static const char *const account_carriers[SBK_GUARANTEE_COUNT] = {
	[SBK_GUARANTEE_WRITES] = "write-restricted token, account",
	[SBK_GUARANTEE_READS] = "account",
	[SBK_GUARANTEE_NETWORK] = "network filters",
	[SBK_GUARANTEE_SOCKETS] = "account",
	[SBK_GUARANTEE_PROCESSES] = "job, account, own logon",
	[SBK_GUARANTEE_DEVICES] = "account, no privileges",
};

void sbk_run_rules_account(enum sbk_network network, uint32_t account,
			   bool kept_off, const char *why,
			   struct sbk_carriers *out)
{
	const enum sbk_guarantee net = SBK_GUARANTEE_NETWORK;
	int i;

	memset(out->missing, 0, sizeof(out->missing));
	memset(out->reserved, 0, sizeof(out->reserved));
	reserve_writes("the account", out);
	for (i = 0; i < SBK_GUARANTEE_COUNT; i++)
		(void)snprintf(out->names[i], sizeof(out->names[i]), "%s",
			       account_carriers[i]);
	out->account = account;
	out->firewall = network != SBK_NETWORK_ON && kept_off;
	if (network == SBK_NETWORK_ON)
		(void)snprintf(out->names[net], sizeof(out->names[net]),
			       "not asked for");
	else if (!kept_off) {
		out->names[net][0] = '\0';
		(void)snprintf(out->missing[net], sizeof(out->missing[net]),
			       "%s", why);
	}
}

/* What a run without an account does not keep. */
static int refuse_denied(const struct sbk_scope *scope, struct sbk_error *err)
{
	size_t i;

	for (i = 0; i < scope->path_count; i++)
		if (scope->paths[i].kind == SBK_ACCESS_DENY)
			return sbk_error_set(
				err, SBK_E_UNSUPPORTED,
				"'%.200s' is denied, and a run without an "
				"account reads what the user reads: set up the "
				"accounts ('sandbook setup')",
				scope->paths[i].path);
	return 0;
}

/* The first guarantee that nothing carries. */
static int require_all(const struct sbk_scope *scope,
		       const struct sbk_carriers *carriers, const char *remedy,
		       struct sbk_error *err)
{
	int i;

	for (i = 0; !scope->best_effort && i < SBK_GUARANTEE_COUNT; i++)
		if (carriers->names[i][0] == '\0')
			return sbk_error_set(
				err, SBK_E_UNSUPPORTED,
				"'%s' cannot be guaranteed: %s; %s"
				"--best-effort goes on without",
				sbk_guarantee_name((enum sbk_guarantee)i),
				carriers->missing[i], remedy);
	return 0;
}

int sbk_run_rules_check_account(const struct sbk_scope *scope,
				const struct sbk_carriers *carriers,
				struct sbk_error *err)
{
	int rc = sbk_run_sids_check(scope, err);

	if (rc == 0 && scope->account == SBK_ACCOUNT_WISH_REQUIRE &&
	    scope->network != SBK_NETWORK_ON && !carriers->firewall)
		rc = sbk_error_set(err, SBK_E_UNSUPPORTED,
				   "the sandbox account is required, and "
				   "nothing keeps it off the network: %s",
				   carriers->missing[SBK_GUARANTEE_NETWORK]);
	return rc < 0 ? rc : require_all(scope, carriers, "", err);
}

int sbk_run_rules_check(const struct sbk_scope *scope,
			const struct sbk_carriers *carriers,
			struct sbk_error *err)
{
	int rc;

	if (scope->account == SBK_ACCOUNT_WISH_REQUIRE)
		return sbk_error_set(
			err, SBK_E_UNSUPPORTED,
			"the sandbox account is required, and there is none: "
			"%s",
			carriers->account_missing[0] != '\0'
				? carriers->account_missing
				: "'sandbook setup' makes it");
	rc = refuse_denied(scope, err);
	if (rc == 0)
		rc = sbk_run_sids_check(scope, err);
	return rc < 0 ? rc
		      : require_all(scope, carriers,
				    "'sandbook setup' makes accounts that "
				    "can, or ",
				    err);
}
