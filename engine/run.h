/*
 * A run: one command in the sandbox, from a resolved scope to an exit code.
 * It needs no root and no setup, and changes nothing on the host but by
 * --grant acl.
 *
 *	run.c            guarantees, and what is said about them
 *	run_grant.h      grants that are made before it, and
 *	hand_back.h      what is given back after it
 *	cmd_run.c        the command: scope, session, exit code
 *	linux/launch.h   how a run is built, on Linux
 *
 * A guarantee is what a run promises; a carrier is a mechanism that can keep
 * the promise on this machine. A run refuses when a guarantee has no carrier,
 * never because one of two is missing (DESIGN, promise 4).
 */
#ifndef SBK_RUN_H
#define SBK_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/error.h"
#include "engine/owner.h"
#include "engine/policy.h"

#define SBK_GUARANTEE_MAP(X)                                                 \
	X(WRITES, "writes", "nothing is written outside the writable roots") \
	X(READS, "reads", "nothing is read that is not listed")              \
	X(NETWORK, "network", "no packet leaves but as the policy says")     \
	X(SOCKETS, "local sockets", "no local service outside is reached")   \
	X(PROCESSES, "processes",                                            \
	  "no process outside is seen or signalled, none survives")          \
	X(DEVICES, "devices",                                                \
	  "no device but the harmless ones, no set-id "                      \
	  "file, no kernel keyring")

enum sbk_guarantee {
#define SBK_GUARANTEE_ENUM(name, text, meaning) SBK_GUARANTEE_##name,
	SBK_GUARANTEE_MAP(SBK_GUARANTEE_ENUM)
#undef SBK_GUARANTEE_ENUM
		SBK_GUARANTEE_COUNT
};

const char *sbk_guarantee_name(enum sbk_guarantee guarantee);
const char *sbk_guarantee_meaning(enum sbk_guarantee guarantee);

#define SBK_ACCOUNT_MISSING_MAX sizeof(((struct sbk_error *)NULL)->message)

#define SBK_RUN_WITHHOLDS_MAX 512

struct sbk_ledger;  /* engine/ledger.h */
struct sbk_session; /* the same */

/* What this machine can enforce, as probed (not as documented). */
struct sbk_carriers {
	/* Names of the carriers of each guarantee for the asked network mode,
	 * comma separated; "" where there is none. Static or owned below. */
	char names[SBK_GUARANTEE_COUNT][128];
	/* Why one is missing, with the remedy: "" where nothing is. */
	char missing[SBK_GUARANTEE_COUNT][256];
	/* What of a carried one is not known to hold; "" where all of it is. */
	char reserved[SBK_GUARANTEE_COUNT][256];
	/* What of the asked limits is not kept, and why; "" where all are. */
	char limits_missing[256];
	/* Why the run is not the sandbox account's, where that is worth a
	 * note or was required; "" else. */
	char account_missing[SBK_ACCOUNT_MISSING_MAX];
	/* A directory that is made on the host for this run's temporary files,
	 * and removed after it; NULL: none is. Borrowed. */
	const char *temporary;
	/* Accounts whose passwords are made worthless for this run; comma
	 * separated, "" as a rule. */
	char withholds[SBK_RUN_WITHHOLDS_MAX];
	uint32_t account; /* its number; 0: the run is the caller's own */
	struct sbk_owner account_owner; /* whose its files are; "" without */
	bool firewall;			/* it was seen to refuse the account */
	bool namespaces;		/* user, mount, pid, ipc, net, uts */
	int landlock_abi;		/* 0: none */
	bool seccomp;
};

/* What the memory limit is, for people. */
#define SBK_RUN_MEMORY_MEANING                                           \
	"the memory limit holds for each process, not for the run as a " \
	"whole (no cgroup is made)"

struct sbk_run_start;

struct sbk_run_options {
	struct sbk_run_start *begun; /* sbk_run_launch takes it, or NULL */
	/* For tests: never stronger than the machine. */
	uint64_t test_landlock_abi_plus_one; /* 0: as probed */
	bool test_no_namespaces;
	bool test_any_token; /* of Windows: writes are not carried, then */
	bool no_account;     /* what begins early begins without */
};

/* Probes for real: makes the namespaces, asks Landlock, loads a filter, each
 * in a process that ends. Linked from the system's folder. */
int sbk_carriers_probe(const struct sbk_run_options *options,
		       enum sbk_network network, struct sbk_carriers *out,
		       struct sbk_error *err);

/* How a command ended. */
struct sbk_run_end {
	int exit_code;	/* as a shell gives it: 0..255, 128+n for a signal */
	int signal;	/* the signal that killed it, or 0 */
	int exec_errno; /* why it could not be started, or 0 */
	/* Of Windows: a code that no exit code holds, or 0; and what the
	 * system says by it, with a remedy (static), or NULL. */
	uint32_t code;
	const char *reason;
	bool timed_out;
	uint64_t duration_ms;
};

struct sbk_run_hooks {
	/*
	 * Called as soon as the carriers are known, while the sandbox is still
	 * being built: work done here costs no time of its own. The command
	 * starts only when this has returned 0 and the sandbox stands; < 0
	 * ends the run without starting it. `pid` is the run's first process.
	 */
	int (*ready)(void *arg, const struct sbk_carriers *carriers, int pid,
		     struct sbk_error *err);
	/*
	 * Called when the command has ended and no process that it left is
	 * alive any more, while the system takes the sandbox down: likewise.
	 * Not called where the run fails or is ended by its time limit, nor
	 * for a run on a terminal, whose last output must not wait. May be
	 * NULL.
	 */
	void (*ended)(void *arg, const struct sbk_run_end *end);
	/* Told that it waits, and for what. May be NULL. */
	void (*waiting)(void *arg, const char *what);
	void *arg;
	/* What a scope that withholds passwords changes for its run is recorded
	 * there, and as this session's, which `ready` began. Borrowed. */
	const struct sbk_ledger *ledger;
	const struct sbk_session *session;
};

/*
 * Begins a run whose scope is not known yet: the system makes what every run
 * needs while the caller resolves. NULL where that is of no use or fails; then
 * sbk_run_launch begins by itself. `argv` as for sbk_run_launch.
 */
struct sbk_run_start *sbk_run_begin(const struct sbk_run_options *options,
				    char *const *argv);
/* For one that will not be launched. NULL is fine. */
void sbk_run_abandon(struct sbk_run_start *start);

/*
 * Whether such a run would be refused, before anything is granted for it: what
 * is known without building it. SBK_E_UNSUPPORTED, SBK_E_LIMIT. Linked from
 * the system's folder.
 */
int sbk_run_check(const struct sbk_scope *scope,
		  const struct sbk_run_options *options, struct sbk_error *err);

/*
 * Builds the sandbox for `scope`, starts argv in it, relays terminal and
 * signals, waits, and leaves nothing behind. SBK_E_UNSUPPORTED names each
 * guarantee without a carrier. Linked from the system's folder.
 */
int sbk_run_launch(const struct sbk_scope *scope,
		   const struct sbk_run_options *options, char *const *argv,
		   const struct sbk_run_hooks *hooks, struct sbk_run_end *end,
		   struct sbk_error *err);

/*
 * Removes what the caller's runs left behind that were ended with their front
 * end, and stands where their records do or beside them: before those records
 * are removed, which alone say what it is. What is in use stays, since a run
 * may be at work there. SBK_E_INCOMPLETE where anything else does. Linked from
 * the system's folder.
 */
int sbk_run_remove_leftovers(struct sbk_error *err);

/*
 * A descriptor for status lines, named by a number on the command line (on
 * Windows the number of a handle that was inherited): open, and none of the
 * three that the command gets. No process that we start has it. SBK_E_INVAL.
 */
int sbk_run_status_check(uint64_t fd, struct sbk_error *err);
/* Writes all of `text`. A reader that went away is an error, not a signal. */
int sbk_run_status_write(uint64_t fd, const char *text, size_t size,
			 struct sbk_error *err);

/* Whether anything has that name now; a link counts as itself. */
bool sbk_run_name_exists(const char *path);

/* `"guarantees":{"writes":{"carriers":[...],"missing":...},...}`. */
void sbk_carriers_print_json(const struct sbk_carriers *carriers,
			     struct sbk_buf *out);

extern const struct sbk_command sbk_command_run;
extern const struct sbk_command sbk_command_status;

#endif
