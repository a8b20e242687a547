/*
 * What holds an offline account's packets back, by trying: a process of the
 * account sends to a listener of our own on the loopback. No packet goes to a
 * network.
 *
 * Linked from the system's folder.
 */
#ifndef SBK_NETWORK_PROBE_H
#define SBK_NETWORK_PROBE_H

#include "engine/error.h"
#include "engine/principals.h"

enum sbk_probe_path {
	SBK_PROBE_TCP4,
	SBK_PROBE_UDP4,
	SBK_PROBE_TCP6,
	SBK_PROBE_UDP6,
	SBK_PROBE_PATH_COUNT
};

/* "TCP over IPv4" */
const char *sbk_probe_path_name(enum sbk_probe_path path);

enum sbk_probe_result {
	SBK_PROBE_THROUGH, /* it arrived */
	SBK_PROBE_REFUSED, /* nothing arrived; on Linux refused at once, too */
	SBK_PROBE_LOST,	   /* sent without an error, and nothing arrived */
	SBK_PROBE_ABSENT   /* this host has no loopback of that family */
};

const char *sbk_probe_result_name(enum sbk_probe_result result);

struct sbk_network_probe {
	enum sbk_probe_result results[SBK_PROBE_PATH_COUNT];
};

/*
 * 0 and a result for each path of this account of ours. An error where it
 * cannot be tried: SBK_E_DENIED where only root can become the account (Linux),
 * SBK_E_NOTFOUND where only the account's person has its password (Windows),
 * SBK_E_UNSUPPORTED where a control says that a trial would say nothing.
 */
int sbk_network_probe(const struct sbk_principal *account,
		      struct sbk_network_probe *out, struct sbk_error *err);
/* SBK_E_DENIED where the caller can neither look nor try, with the remedy. */
int sbk_network_probe_able(struct sbk_error *err);

/* How a report speaks of one kind of object that holds packets back. */
struct sbk_network_object {
	const char *gone, *altered, *exact;
};

struct sbk_network_words {
	struct sbk_network_object firewall; /* SBK_KIND_FIREWALL */
	struct sbk_network_object filters;  /* SBK_KIND_FILTERS, if any */
	const char *unknown;	/* there are accounts, and no record of these */
	const char *held;	/* of each path that the probe found closed */
	const char *leaks;	/* behind a result that is not that */
	const char *mend;	/* the command that makes them anew */
	const char *see_blocks; /* how to find what else blocks */
};

const struct sbk_network_words *sbk_network_words(void);

#endif
