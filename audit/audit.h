/*
 * Audit: what the host itself says about the principals of a sandbox, never
 * what our own log says. Each report has findings and a coverage; "clean"
 * needs both, no finding and nothing unexamined (DESIGN, promise 5).
 *
 *	scope     what a principal may read and write, rolled up to the roots
 *	drift     the journal's objects against the host, one by one
 *	residue   anything that still names a principal of ours
 *	ssh       ~/.ssh against OpenSSH's own rules
 *	network   the firewall rule exists and is effective, by a live probe
 */
#ifndef SBK_AUDIT_H
#define SBK_AUDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/backend.h"
#include "engine/buf.h"
#include "engine/cli.h"
#include "engine/error.h"

enum sbk_severity {
	SBK_SEVERITY_INFO,    /* worth knowing, no finding */
	SBK_SEVERITY_FINDING, /* makes the report exit 1 */
};

struct sbk_finding {
	enum sbk_severity severity;
	const char *rule;      /* stable name: "scope.unknown-grant" */
	const char *object;    /* path, account, table; NULL: none */
	const char *principal; /* as people write it; NULL: none */
	const char *text;      /* one sentence */
	const char *remedy;    /* one command or sentence; NULL: none. Printed
				  as it stands: names in it are written by
				  sbk_text_quote */
	const char *members;   /* more members of its JSON object, as sbk_json_*
				  writes them, without braces; NULL: none */
	uint64_t objects;      /* how many it stands for */
};

/* What was looked at, and what was not. */
struct sbk_coverage {
	uint64_t examined;
	uint64_t unreadable;
	uint64_t skipped;    /* by rule, or by the caller's choice */
	const char **missed; /* "place: why", the first of them */
	size_t missed_count;
};

struct sbk_report; /* opaque: findings, coverage, arena */

struct sbk_report *sbk_report_new(const char *name); /* NULL: no memory */
void sbk_report_free(struct sbk_report *report);
/* Copies what `finding` points to. */
int sbk_report_add(struct sbk_report *report, const struct sbk_finding *finding,
		   struct sbk_error *err);
/* One more place that could not be examined; remembers the first
 * SBK_REPORT_LINES_MAX of them. */
int sbk_report_missed(struct sbk_report *report, const char *place,
		      const char *why, struct sbk_error *err);
/* One more place that was left out by rule or by the caller's choice: named
 * like a missed one, and does not make the report incomplete. */
int sbk_report_skipped(struct sbk_report *report, const char *place,
		       const char *why, struct sbk_error *err);
/* More members of the report's JSON object, as sbk_json_* writes them, without
 * braces; copied. */
int sbk_report_members(struct sbk_report *report, const char *members,
		       struct sbk_error *err);
struct sbk_coverage *sbk_report_coverage(struct sbk_report *report);
size_t sbk_report_count(const struct sbk_report *report);
const struct sbk_finding *sbk_report_at(const struct sbk_report *report,
					size_t index);
/* 0 clean, 1 findings, 2 incomplete (findings or not). */
int sbk_report_exit(const struct sbk_report *report);
void sbk_report_print(const struct sbk_report *report, struct sbk_buf *out);
/* The last lines of the above: what was examined, and what was not. */
void sbk_report_print_coverage(const struct sbk_report *report,
			       struct sbk_buf *out);
void sbk_report_print_json(const struct sbk_report *report,
			   struct sbk_buf *out);

extern const struct sbk_command sbk_audit_commands[];

#endif
