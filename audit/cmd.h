/*
 * What the commands of audit share: cmd_audit.c, and cmd_live.c for systems
 * whose rights are NT descriptors.
 */
#ifndef SBK_AUDIT_CMD_H
#define SBK_AUDIT_CMD_H

#include "audit/audit.h"
#include "audit/volume.h"
#include "engine/cli_progress.h"
#include "engine/os.h"

/* Options of all six; each command has those that mean something to it. */
struct audit_options {
	struct sbk_list principals, skip;
	const char *certificate, *user, *volume, *save;
	bool all, machine, json, csv;
};

/* Paths of the command line, resolved. */
struct paths {
	char **items;
	size_t count;
};

/* What every report needs: options, operands, the host, the report. */
struct audit {
	struct sbk_cli *cli;
	struct audit_options options;
	struct paths roots, skip;
	struct sbk_backend backend;
	struct sbk_report *report;
	struct sbk_error err;
};

/* For a person alone: a program gets what it asked for, and nothing else. */
void sbk_audit_begin_progress(const struct audit *audit,
			      struct sbk_cli_progress *line);
/* The rows, or the members of the JSON, of what was examined. */
int sbk_audit_print_rows(struct audit *audit, struct sbk_volume_audit *volume);

/* The reports of a live system (live.h), into audit->report. */
int sbk_audit_live_scope(struct audit *audit);
int sbk_audit_live_residue(struct audit *audit);
/* The person's keys, and those of the machine's server. */
int sbk_audit_live_ssh(struct audit *audit, const struct sbk_person *person);

#define SBK_SESSION_WORD "session:"

/*
 * The token of a run of the caller's, "session:12", as a principal that
 * sbk_volume_principals_choose reads: who it was, with the groups that each
 * user of a machine is in, write-restricted to the SIDs of the roots that it
 * held, and Everyone. SBK_E_INVAL for other text, SBK_E_NOTFOUND.
 */
int sbk_audit_session_token(const char *text, struct sbk_buf *out,
			    struct sbk_error *err);
/* The same of an entry of the log with which a run of the caller's began;
 * SBK_E_CORRUPT for one that makes no sense. */
int sbk_audit_token_of_session(const struct sbk_buf *entry,
			       const struct sbk_owner *caller,
			       struct sbk_buf *out, struct sbk_error *err);

#endif
