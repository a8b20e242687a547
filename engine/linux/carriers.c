/*
 * Which mechanism carries which guarantee. Only what carries a guarantee alone
 * counts: Landlock without mounts leaves chmod, chown and setxattr outside
 * open, so it is a second carrier of writes and never the only one.
 */
#include <stdio.h>
#include <string.h>

#include "engine/linux/landlock.h"
#include "engine/linux/launch.h"

#include "engine/banned.h"

#define NAME_BYTES sizeof(((struct sbk_carriers *)NULL)->names[0])
#define MISSING_BYTES sizeof(((struct sbk_carriers *)NULL)->missing[0])

static void carry(struct sbk_carriers *c, enum sbk_guarantee guarantee,
		  const char *name)
{
	char *names = c->names[guarantee];
	size_t used = strlen(names);

	(void)snprintf(names + used, NAME_BYTES - used, "%s%s",
		       used > 0 ? ", " : "", name);
}

static void miss(struct sbk_carriers *c, enum sbk_guarantee guarantee,
		 const char *why)
{
	(void)snprintf(c->missing[guarantee], MISSING_BYTES, "%s", why);
}

static void describe_files(struct sbk_carriers *c, const char *why)
{
	bool landlock = c->landlock_abi >= SBK_LANDLOCK_ABI_MIN;

	if (c->namespaces) {
		carry(c, SBK_GUARANTEE_WRITES, "mounts");
		carry(c, SBK_GUARANTEE_READS, "mounts");
	}
	if (landlock && c->namespaces)
		carry(c, SBK_GUARANTEE_WRITES, "landlock");
	if (landlock)
		carry(c, SBK_GUARANTEE_READS, "landlock");
	if (!c->namespaces)
		miss(c, SBK_GUARANTEE_WRITES, why);
	if (!c->namespaces && !landlock)
		miss(c, SBK_GUARANTEE_READS, why);
}

static void describe_network(struct sbk_carriers *c, enum sbk_network network,
			     const char *why)
{
	if (network == SBK_NETWORK_ON) {
		carry(c, SBK_GUARANTEE_NETWORK, "not restricted");
		return;
	}
	if (c->namespaces)
		carry(c, SBK_GUARANTEE_NETWORK, "network namespace");
	else if (network == SBK_NETWORK_OFF && c->seccomp)
		carry(c, SBK_GUARANTEE_NETWORK, "seccomp");
	else
		miss(c, SBK_GUARANTEE_NETWORK, why);
}

static void describe_sockets(struct sbk_carriers *c, enum sbk_network network,
			     const char *why)
{
	bool scopes = c->landlock_abi >= SBK_LANDLOCK_ABI_SCOPES;

	if (!c->namespaces) {
		miss(c, SBK_GUARANTEE_SOCKETS, why);
		return;
	}
	if (network == SBK_NETWORK_ON && !scopes) {
		miss(c, SBK_GUARANTEE_SOCKETS,
		     "with the host's network, abstract sockets need Landlock "
		     "ABI 6 (Linux 6.12); use --no-net or --loopback");
		return;
	}
	carry(c, SBK_GUARANTEE_SOCKETS, "mounts, ipc namespace");
	if (network != SBK_NETWORK_ON)
		carry(c, SBK_GUARANTEE_SOCKETS, "network namespace");
	if (scopes)
		carry(c, SBK_GUARANTEE_SOCKETS, "landlock");
}

/* Never alone: a world-readable file is the account's to read, too. */
static void describe_account(struct sbk_carriers *c, enum sbk_network network)
{
	if (c->account == 0)
		return;
	carry(c, SBK_GUARANTEE_WRITES, "account");
	carry(c, SBK_GUARANTEE_READS, "account");
	carry(c, SBK_GUARANTEE_PROCESSES, "account");
	if (network != SBK_NETWORK_ON && c->firewall)
		carry(c, SBK_GUARANTEE_NETWORK, "firewall");
}

void sbk_carriers_describe(struct sbk_carriers *c, enum sbk_network network,
			   const char *why)
{
	memset(c->names, 0, sizeof(c->names));
	memset(c->missing, 0, sizeof(c->missing));
	if (why == NULL || why[0] == '\0')
		why = "namespaces are switched off";
	describe_files(c, why);
	describe_network(c, network, why);
	describe_sockets(c, network, why);
	if (c->namespaces)
		carry(c, SBK_GUARANTEE_PROCESSES, "process namespace");
	else
		miss(c, SBK_GUARANTEE_PROCESSES, why);
	if (c->namespaces && c->landlock_abi >= SBK_LANDLOCK_ABI_SCOPES)
		carry(c, SBK_GUARANTEE_PROCESSES, "landlock");
	describe_account(c, network);
	if (c->seccomp)
		carry(c, SBK_GUARANTEE_DEVICES, "seccomp, no capabilities");
	else
		miss(c, SBK_GUARANTEE_DEVICES,
		     "the kernel has no system call filter "
		     "(CONFIG_SECCOMP_FILTER)");
	if (c->seccomp && c->namespaces)
		carry(c, SBK_GUARANTEE_DEVICES, "mounts");
}

int sbk_carriers_require(const struct sbk_carriers *carriers,
			 struct sbk_error *err)
{
	char names[160] = "";
	const char *why = "";
	int i, count = 0;

	for (i = 0; i < SBK_GUARANTEE_COUNT; i++) {
		size_t used = strlen(names);

		if (carriers->names[i][0] != '\0')
			continue;
		if (count++ == 0)
			why = carriers->missing[i];
		(void)snprintf(names + used, sizeof(names) - used, "%s'%s'",
			       used > 0 ? ", " : "",
			       sbk_guarantee_name((enum sbk_guarantee)i));
	}
	if (count == 0)
		return 0;
	return sbk_error_set(err, SBK_E_UNSUPPORTED,
			     "nothing here can carry %s %s: %s; --best-effort "
			     "runs without",
			     count == 1 ? "the guarantee" : "the guarantees",
			     names, why);
}
