/*
 * What a system says of itself in `sandbook status`, beside what the command
 * prints of every system: the guarantees, the accounts, the journals.
 *
 *	cmd_status.c       the command: what both have, and the order
 *	linux/status.c     Landlock, the one firewall table
 *	windows/status.c   modes of a run, passwords, rules and filters,
 *	                   checkpoints
 *	status_rules.c     how those are worded
 *
 * It only looks. What could not be looked at is said with the reason, and is no
 * failure.
 */
#ifndef SBK_STATUS_H
#define SBK_STATUS_H

#include "engine/buf.h"
#include "engine/ledger.h"
#include "engine/principals.h"
#include "engine/run.h"

/* The same for people and for programs: whole lines, and members of the JSON
 * object that the place is (sbk_json_*). */
struct sbk_status_said {
	struct sbk_buf text, members;
};

/* Where it is said, in the order of the text. */
enum sbk_status_place {
	SBK_STATUS_OF_RUNS,	    /* behind the guarantees */
	SBK_STATUS_OF_WALLS,	    /* behind the accounts: what holds them */
	SBK_STATUS_OF_MACHINE_BOOK, /* behind the line of that journal */
	SBK_STATUS_OF_USER_BOOK,
	SBK_STATUS_PLACES
};

struct sbk_status_report {
	/* How the guarantees are known: "as just tried". Static. */
	const char *known;
	struct sbk_status_said places[SBK_STATUS_PLACES];
	/* Of each principal; lines below its own. */
	struct sbk_status_said *accounts;
};

/* Borrowed during the call. */
struct sbk_status_asked {
	const struct sbk_ledger *ledger;
	enum sbk_network network;
	const struct sbk_principals *principals;
	/* As sbk_carriers_probe said; where what is found says that one does
	 * not hold, it is taken out here. */
	struct sbk_carriers *carriers;
};

/* Linked from the system's folder. SBK_E_NOMEM, and nothing else: what fails is
 * said. */
int sbk_status_system(const struct sbk_status_asked *asked,
		      struct sbk_status_report *out, struct sbk_error *err);

#endif
