/*
 * FIREWALL: the one nftables table of ours, "inet sandbook", through `nft`.
 *
 *	table inet sandbook {
 *		chain offline_<nonce> {
 *			type filter hook output priority raw; policy accept;
 *			meta skuid 550 meta l4proto tcp reject with tcp reset
 *			meta skuid 550 reject with icmpx admin-prohibited
 *		}
 *	}
 *
 * Each enrolled user's offline account has the two rules, with its name as
 * their comment: no packet of its leaves, over no protocol, to no destination,
 * loopback included, so that a probe can prove it without a network. The
 * reset makes a TCP connection fail at once; without it an IPv6 one waits a
 * second. The chain's name bears the nonce of the group, since nft's JSON
 * holds comments of rules alone.
 */
#ifndef SBK_LINUX_FIREWALL_H
#define SBK_LINUX_FIREWALL_H

#include "engine/linux/account.h"
#include "engine/linux/kinds.h"

#define SBK_FIREWALL_NAME "inet sandbook"

/*
 * The table's state for these offline accounts, exactly as it is read back.
 * Accounts in the order of their persons' numbers; others than offline ones
 * are passed over.
 */
int sbk_firewall_encode(struct sbk_buf *out, const char *nonce,
			const struct sbk_account *accounts, size_t count,
			struct sbk_error *err);

/* The same as a text for `nft -f`, which replaces the table as a whole. */
void sbk_firewall_script(struct sbk_buf *out, const char *nonce,
			 const struct sbk_account *accounts, size_t count);

/* One offline account's rules, as commands that follow that text (made with or
 * without other accounts). */
void sbk_firewall_rules(struct sbk_buf *out, const char *nonce,
			const struct sbk_account *account);

/* Whether the state has the chain that bears this nonce. */
bool sbk_firewall_bears(struct sbk_state state, const char *nonce);

/* Asks nft and the kernel whether they would take it. Changes nothing. */
int sbk_firewall_check(struct sbk_state next, struct sbk_error *err);

#endif
