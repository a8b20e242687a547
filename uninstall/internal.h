/*
 * What the steps of root's part share; uninstall.h has the order.
 */
#ifndef SBK_UNINSTALL_INTERNAL_H
#define SBK_UNINSTALL_INTERNAL_H

#include <jansson.h>

#include "engine/backend.h"
#include "journal/journal.h"
#include "uninstall/uninstall.h"

struct sbk_uninstall_work {
	const struct sbk_uninstall_request *request;
	struct sbk_uninstall_report *report;
	struct sbk_backend backend;
	struct sbk_journal_place place;
	struct sbk_journal *journal; /* NULL: there is none */
	size_t machine_changes;	     /* in effect when it began */
};

/* The words of an errand's command line, understood by cmd_uninstall.c. */
#define SBK_ERRAND_OPTION "errand"
#define SBK_SEEN_OPTION "seen"
#define SBK_SEEN_KEY_OPTION "seen-key"
#define SBK_TRUST_OPTION "trust-journal"

/* --- principals.c -------------------------------------------------------- */

/* Step 2: fills report->principals. */
int sbk_uninstall_find_principals(struct sbk_uninstall_work *work,
				  struct sbk_error *err);
/* Those to look for, as "u:990": not the foreign ones; on Windows also all
 * synthetic SIDs, by their authorities (engine/root_principal.h). The caller
 * frees the list; its texts are the report's, or constants. */
int sbk_uninstall_list_principals(const struct sbk_uninstall_report *report,
				  const char ***out, size_t *count,
				  struct sbk_error *err);

/* --- people.c ------------------------------------------------------------ */

/* Step 4: everybody, the enrolled first. */
int sbk_uninstall_visit_people(struct sbk_uninstall_work *work,
			       struct sbk_error *err);
/* Step 6: who owed something; then says who still does. */
int sbk_uninstall_revisit_people(struct sbk_uninstall_work *work,
				 struct sbk_error *err);

/* --- profiles.c ---------------------------------------------------------- */

/* Between steps 3 and 4: the accounts' profiles, recorded or not. */
int sbk_uninstall_take_profiles(struct sbk_uninstall_work *work,
				struct sbk_error *err);
/* With --dry-run: those that no journal knows, to the record's changes, where
 * show_machine adds the others. */
int sbk_uninstall_show_profiles(struct sbk_uninstall_work *work,
				struct sbk_error *err);

/* --- residue.c ----------------------------------------------------------- */

/* Step 5; with --dry-run only counts. */
int sbk_uninstall_restore_residue(struct sbk_uninstall_work *work,
				  struct sbk_error *err);
/* Step 8: fills report->sweep. */
int sbk_uninstall_final_sweep(struct sbk_uninstall_work *work,
			      struct sbk_error *err);

/* --- cmd_uninstall.c ----------------------------------------------------- */

/* `sandbook` itself is never the elevated half: starts that with the same
 * words. Returns the exit code of a failure only. */
int sbk_uninstall_become_setup(struct sbk_cli *cli, int argc, char **argv);
bool sbk_uninstall_is_setup(const struct sbk_cli *cli);

/* --- stays.c -------------------------------------------------------------- */

/* SBK_E_INVAL where `file` would be removed with that journal's directory. NULL
 * is no file. */
int sbk_uninstall_check_stays(const struct sbk_new_file *file,
			      const struct sbk_journal_place *place,
			      struct sbk_error *err);
/* The same for the machine's, for that of whoever calls (through their links),
 * and for everybody else's. */
int sbk_uninstall_check_stays_machine(const struct sbk_new_file *file,
				      struct sbk_error *err);

/* --- certificate.c, for certificate_log.c --------------------------------- */

/* The member "changes": what the record has of each change and its undo. */
void sbk_certificate_print_changes(struct sbk_plan *record,
				   struct sbk_buf *out);

/* --- certificate_log.c, for certificate_read.c ---------------------------- */

/*
 * Whether the predicate's changes, and what it says was witnessed, are those of
 * `log`, the text of an export, which is that of `certificate`. SBK_E_CORRUPT,
 * SBK_E_PARSE.
 */
int sbk_certificate_check_log(const struct sbk_certificate *certificate,
			      const json_t *predicate,
			      const struct sbk_buf *log, struct sbk_error *err);

#endif
