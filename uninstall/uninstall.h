/*
 * Uninstall: undo everything, prove it by a sweep of the host, leave a
 * certificate, and remove the record last.
 *
 *	sandbook uninstall              a plain user: the user's own part
 *	sandbook-setup uninstall        root: everything, in this order
 *
 *	 1  machine journal     lock, recover                  machine_part.c
 *	 2  principals          from journal and host          principals.c
 *	    their people's logs seen once more                 machine_part.c
 *	 3  their logons        disabled, where they have any, machine_part.c
 *	    and processes       ended
 *	    and profiles        deleted, where they have any   profiles.c
 *	 4  each person's part  as that person, in a program   people.c
 *	                        of its own, within a time      user_part.c
 *	 5  residue             entries and owners that name   residue.c
 *	                        a principal, from a sweep
 *	 6  people once more    who still owed something: what
 *	                        only root could take away is gone now
 *	 7  machine changes     undone in reverse              machine_part.c
 *	 8  final sweep         reads only                     residue.c
 *	 9  certificate         signed by the machine's key,   certificate.c
 *	                        durable
 *	10  machine journal     removed, unless something is owed
 *
 * Each step may be repeated, so that a run that was killed anywhere is
 * finished by the next one: 1, 4 and 7 stand on the journals' own recovery, 5
 * and 8 look at the host alone, and nothing that tells a later run what there
 * is to do (principals above all) goes before step 10.
 *
 * What is trusted, and what was done about the rest:
 *
 *  - A person's journal, home and processes are hostile to root. Root does not
 *    even look whether a journal is there. What looks is this program, started
 *    anew as that person; a fork would carry root's memory over, which has seen
 *    /etc/shadow. Its answer is a few numbers, printed and never acted on. When
 *    time is up it is killed, or left behind where it hangs in the kernel, and
 *    the others go on.
 *  - The machine journal is root's own and believed, but numbers outlive
 *    accounts: a uid that the journal remembers and that somebody else has
 *    today is left alone and reported. Numbers below SBK_PRINCIPAL_MIN never
 *    count.
 *  - Giving a file that an account made to the owner of its directory is a
 *    gift of hostile content. It is given only where the way down belongs to
 *    root, to the new owner or to the account, and never in a directory that
 *    everyone may write in, where programs of root or of a person trust files
 *    by their owner (/tmp/krb5cc_0, /tmp/tmux-1000): engine/os_admin.h.
 *  - Step 5 records paths of users in the machine journal, so that its copy
 *    for readers is removed first and none is published any more. Who held
 *    that copy open goes on reading what it was before.
 *  - Step 5 restores what no journal remembers. Entries are taken out and
 *    owners are given back, but a mask that somebody widened stays: the verdict
 *    is then "clean but", with the count. Its changes are recorded in a
 *    transaction of kind UNDO, or the next one would undo them.
 *  - A person who owes (a volume that is away, a home that hangs) keeps both
 *    journals: only the machine's knows which numbers to look for when the
 *    volume is back. `--leave NAME` is the administrator's way past one who
 *    would keep it for ever; the certificate says so.
 *  - The sweep looks for the numbers of step 2, and on Windows for all SIDs of
 *    roots and runs, which their authorities tell (engine/root_principal.h).
 *    What a person granted to others only that person's journal knows: where it
 *    is lost, such an entry is one like any other of its owner's. The coverage
 *    says so, and whose journal was not found, which is no exception: it may
 *    never have been.
 *  - A filesystem that cannot be examined makes the sweep incomplete, and not
 *    complete means not clean. `--skip PATH` leaves it out by choice.
 *  - The certificate appears complete or not at all, and is written while the
 *    journal still exists. That the journal went afterwards only the exit code
 *    can say, and does. A certificate that names paths of users is its owner's
 *    alone: who reads it later is
 *    root, or who called sudo in a directory of his own. So is the exported
 *    log.
 *  - A number may have been a forgotten account's before setup chose it. What
 *    was last changed before the machine's directory was made is left as it is,
 *    and the verdict is "clean but".
 *
 * Known limits: files of the number that came later and not from the account
 * (out of a container's image, say) look like the account's; who may write in a
 * directory by its group or by an ACL is trusted by its owner.
 */
#ifndef SBK_UNINSTALL_H
#define SBK_UNINSTALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/audit.h"
#include "engine/buf.h"
#include "engine/cli.h"
#include "engine/error.h"
#include "engine/os.h"
#include "engine/plan.h"
#include "engine/principals.h"

#define SBK_PRINCIPAL_MIN 100 /* no principal of ours has a lower number */
#define SBK_CERTIFICATE_TYPE "https://in-toto.io/Statement/v1"
#define SBK_CERTIFICATE_PREDICATE "urn:sandbook:uninstall:v2"
#define SBK_CERTIFICATE_PAYLOAD "application/vnd.in-toto+json"
#define SBK_CERTIFICATE_BYTES_MAX ((size_t)128 << 20) /* of its envelope */

/* --- one person's part (user_part.c) ------------------------------------- */

#define SBK_USER_PART_FORMAT 5
#define SBK_USER_CHECKPOINT_MAX 1024

/*
 * What became of a person's journal. Of fixed size, since it is what an errand
 * answers with; then it is worth as much as that person's word.
 */
struct sbk_user_part {
	uint32_t format;
	int32_t error;	   /* 0, or SBK_E_*: it could not be done */
	uint32_t found;	   /* there was a journal */
	uint32_t removed;  /* and it is gone now */
	uint32_t homeless; /* the home does not exist */
	/* Objects that are owed and belong to a sandbox account: root's. */
	uint32_t foreign;
	uint32_t altered;  /* the journal was not what its log says: */
#define SBK_USER_ALTERED 1 /* and was gone by as it was */
#define SBK_USER_REBUILT 2 /* and was made anew from that */
	uint64_t changes;  /* that were in effect */
	uint64_t undone, conflicts, owed;
	uint64_t first_entry; /* of the log; those before it were dropped */
	uint64_t remediated;  /* objects that stay as `remediate` left them */
	char message[256];    /* of the error */
	/* Why the person's policy's command did not get the last checkpoint;
	 * "": it did, or none is named. */
	char unanchored[256];
	/* The log's last checkpoint, before it was removed; "": none. */
	char checkpoint[SBK_USER_CHECKPOINT_MAX];
};

struct sbk_new_file; /* engine/os_admin.h */

struct sbk_user_request {
	struct sbk_plan *preview; /* --dry-run; NULL: it is done */
	bool trust_journal;	  /* also one that is not what its log says */
	/* What the machine's log saw last of this one: entries, and by which
	 * key; 0: nothing. */
	uint64_t seen;
	char seen_key[SBK_KEY_TEXT_MAX];
	struct sbk_buf *end; /* what shows the log's end, where the journal is
				removed; NULL: nobody wants it */
	const struct sbk_new_file *end_file; /* and where that goes, before; or
						NULL */
};

#define SBK_USER_END_MAX ((size_t)48 << 10)

/* What an errand answers with. */
struct sbk_user_answer {
	struct sbk_user_part part;
	char end[SBK_USER_END_MAX]; /* a text, or "" */
};

/*
 * Recovers and undoes everything in the journal of `person`, who is the caller,
 * and removes it when nothing is owed. With `preview` only adds what would be
 * done to it. < 0: `out` says as much as is known; SBK_E_CORRUPT: the journal
 * is not what its log says, and nothing was undone.
 */
int sbk_uninstall_user(const struct sbk_person *person,
		       const struct sbk_user_request *request,
		       struct sbk_user_part *out, struct sbk_error *err);

/* Makes an answer that was received safe to print: terminated, one line. */
void sbk_user_part_sanitize(struct sbk_user_part *part);

/* --- everything (machine_part.c) ----------------------------------------- */

struct sbk_uninstall_request {
	bool dry_run;
	bool trust_journal;    /* everybody's and the machine's, whatever
				  sbk_journal_check finds */
	int64_t person_ms;     /* time for each person's part */
	struct sbk_list skip;  /* paths that no sweep looks at */
	struct sbk_list leave; /* people whose part is left alone */
	/* Where they go; NULL: none (--dry-run, or not asked for). */
	const struct sbk_new_file *certificate, *log;
};

struct sbk_uninstall_principal {
	struct sbk_principal principal;
	size_t processes; /* that were ended */
	bool foreign;	  /* somebody else has the number today */
	bool enrolled;	  /* the host knows it as ours */
};

struct sbk_uninstall_person {
	struct sbk_person person;
	struct sbk_user_part part;
	bool left; /* by the administrator's choice */
};

/* What the machine's log saw of a person's, last of all. */
struct sbk_uninstall_witnessed {
	struct sbk_owner id;
	char found[32];	     /* journal.h: struct sbk_witness_news */
	struct sbk_buf note; /* the newest checkpoint seen, cosigned; or "" */
};

enum sbk_verdict {
	SBK_VERDICT_CLEAN,
	SBK_VERDICT_CLEAN_BUT, /* nothing is owed; exceptions say what else */
	SBK_VERDICT_INCOMPLETE
};

struct sbk_uninstall_report {
	int64_t begun_ms, ended_ms;
	bool installed; /* there was a machine journal */
	bool removed;	/* it is gone */
	bool dry_run;	/* nothing was touched */
	struct sbk_uninstall_principal *principals;
	size_t principal_count;
	struct sbk_uninstall_person *people; /* with a journal, or a problem */
	size_t person_count;
	struct sbk_uninstall_witnessed *witnessed;
	size_t witnessed_count;
	/* Step 5. */
	uint64_t stripped, given, refused;
	uint64_t older;	  /* places that had the number before us */
	bool names_paths; /* the record holds paths of users */
	/* The machine journal. */
	struct sbk_plan *record; /* all its changes; with --dry-run what would
				    be done */
	uint64_t counts[SBK_STATUS_COUNT];
	uint64_t journal_size;
	char journal_root[65];	     /* hexadecimal */
	char key[SBK_KEY_TEXT_MAX];  /* that signs the certificate, or "" */
	struct sbk_buf checkpoint;   /* the machine's last one */
	struct sbk_report *sweep;    /* the final one; NULL: there was none */
	struct sbk_plan *limits;     /* its notes: what no sweep can tell */
	struct sbk_plan *exceptions; /* its notes: why not simply "clean" */
	size_t owed;		     /* of them: something is owed */
	/* Of these: a person's part that waits for that person alone, and the
	 * last of these people. */
	size_t waiting;
	const char *waits_for;
};

/* NULL: no memory. */
struct sbk_uninstall_report *sbk_uninstall_report_new(void);
void sbk_uninstall_report_free(struct sbk_uninstall_report *report);

/* Adds an exception; `owed`: it makes the verdict "incomplete". */
int sbk_uninstall_except(struct sbk_uninstall_report *report, bool owed,
			 struct sbk_error *err, const char *fmt, ...)
	SBK_PRINTF(4, 5);
/* What a change is, and its note. */
int sbk_uninstall_except_change(struct sbk_uninstall_report *report,
				const struct sbk_change *change, bool owed,
				struct sbk_error *err);
enum sbk_verdict
sbk_uninstall_verdict(const struct sbk_uninstall_report *report);
const char *sbk_verdict_text(enum sbk_verdict verdict);

/*
 * Root's part, all steps. What is owed is in the report and no error; an error
 * means that a step could not be carried out, and that the next run begins
 * where this one ended.
 */
int sbk_uninstall_machine(const struct sbk_uninstall_request *request,
			  struct sbk_uninstall_report *report,
			  struct sbk_error *err);

/* For people, and the certificate's statement (certificate.c). */
void sbk_uninstall_print(const struct sbk_uninstall_report *report,
			 struct sbk_buf *out);
void sbk_certificate_print(const struct sbk_uninstall_report *report,
			   struct sbk_buf *out);

/* --- reading one again (certificate_read.c) ------------------------------ */

/* What a certificate says, after its signature was verified. */
struct sbk_certificate {
	char verdict[16];	       /* "clean", "clean but", "incomplete" */
	char origin[SBK_KEY_TEXT_MAX]; /* of the machine's log */
	char root[65];
	uint64_t size, changes, people, exceptions;
	char begun[32], ended[32];
	bool swept, swept_all; /* there was a final sweep; it saw everything */
	bool of_log;	       /* held against a log that was given */
};

/*
 * SBK_E_INVAL: `key` is none. SBK_E_PARSE: it is no certificate of ours in an
 * envelope. SBK_E_CORRUPT: the key did not sign it. Nothing that stands in the
 * text is believed before its signature held.
 *
 * With `log` (or NULL), the exported log: SBK_E_CORRUPT also where that is
 * another one, or the certificate's changes are not those that it has.
 */
int sbk_certificate_read(const char *text, size_t size, const char *key,
			 const struct sbk_buf *log, struct sbk_certificate *out,
			 struct sbk_error *err);

extern const struct sbk_command sbk_certificate_commands[]; /* in `sandbook` */

/* In `sandbook`, and in `sandbook-setup`. */
extern const struct sbk_command sbk_uninstall_commands[];

#endif
