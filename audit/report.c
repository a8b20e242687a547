/*
 * Reports: findings, coverage, and how both are told to people and machines.
 *
 * Owns the rule that clean needs two things, no finding and nothing that could
 * not be examined, and the escaping of names on their way out: findings hold
 * names byte for byte. Text prints the first SBK_REPORT_LINES_MAX findings and
 * says how many there are; JSON holds all.
 */
#include "audit/audit.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "engine/json.h"
#include "engine/limits.h"

#include "engine/banned.h"

struct sbk_report {
	struct sbk_arena arena;
	const char *name;
	struct sbk_finding *findings;
	size_t count, capacity;
	size_t finding_count; /* those that are more than worth knowing */
	const char *members;  /* of JSON; NULL: none */
	struct sbk_coverage coverage;
	const char *missed[SBK_REPORT_LINES_MAX];
};

struct sbk_report *sbk_report_new(const char *name)
{
	struct sbk_report *report = calloc(1, sizeof(*report));

	if (report == NULL)
		return NULL;
	report->coverage.missed = report->missed;
	report->name = sbk_arena_strdup(&report->arena, name);
	if (report->name == NULL) {
		sbk_report_free(report);
		return NULL;
	}
	return report;
}

void sbk_report_free(struct sbk_report *report)
{
	if (report == NULL)
		return;
	sbk_arena_release(&report->arena);
	free(report->findings);
	free(report);
}

static int grow(struct sbk_report *report, struct sbk_error *err)
{
	size_t capacity = report->capacity > 0 ? report->capacity * 2 : 64;
	struct sbk_finding *findings;

	if (report->count < report->capacity)
		return 0;
	findings = realloc(report->findings, capacity * sizeof(*findings));
	if (findings == NULL)
		return sbk_error_no_memory(err);
	report->findings = findings;
	report->capacity = capacity;
	return 0;
}

/* A copy of `text`, or NULL for NULL; `failed` where there is no memory. */
static const char *keep(struct sbk_report *report, const char *text,
			bool *failed)
{
	const char *copy;

	if (text == NULL)
		return NULL;
	copy = sbk_arena_strdup(&report->arena, text);
	if (copy == NULL)
		*failed = true;
	return copy;
}

int sbk_report_add(struct sbk_report *report, const struct sbk_finding *finding,
		   struct sbk_error *err)
{
	struct sbk_finding copy = *finding;
	bool failed = false;
	int rc;

	if (report->count >= SBK_REPORT_FINDINGS_MAX)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "more than %d findings; name fewer "
				     "places or principals",
				     SBK_REPORT_FINDINGS_MAX);
	rc = grow(report, err);
	if (rc < 0)
		return rc;
	copy.rule = keep(report, finding->rule, &failed);
	copy.object = keep(report, finding->object, &failed);
	copy.principal = keep(report, finding->principal, &failed);
	copy.text = keep(report, finding->text, &failed);
	copy.remedy = keep(report, finding->remedy, &failed);
	copy.members = keep(report, finding->members, &failed);
	if (failed)
		return sbk_error_no_memory(err);
	report->findings[report->count++] = copy;
	if (copy.severity == SBK_SEVERITY_FINDING)
		report->finding_count++;
	return 0;
}

/* Remembers "place: why" while there is room for one more line. */
static int name_place(struct sbk_report *report, const char *place,
		      const char *why, struct sbk_error *err)
{
	struct sbk_coverage *coverage = &report->coverage;
	size_t place_size = strlen(place), why_size = strlen(why);
	char *line;

	if (coverage->missed_count == SBK_REPORT_LINES_MAX)
		return 0;
	line = sbk_arena_alloc(&report->arena, place_size + why_size + 3);
	if (line == NULL)
		return sbk_error_no_memory(err);
	memcpy(line, place, place_size);
	memcpy(line + place_size, ": ", 2);
	memcpy(line + place_size + 2, why, why_size + 1);
	report->missed[coverage->missed_count++] = line;
	return 0;
}

int sbk_report_missed(struct sbk_report *report, const char *place,
		      const char *why, struct sbk_error *err)
{
	report->coverage.unreadable++;
	return name_place(report, place, why, err);
}

int sbk_report_skipped(struct sbk_report *report, const char *place,
		       const char *why, struct sbk_error *err)
{
	report->coverage.skipped++;
	return name_place(report, place, why, err);
}

int sbk_report_members(struct sbk_report *report, const char *members,
		       struct sbk_error *err)
{
	report->members = sbk_arena_strdup(&report->arena, members);
	return report->members != NULL ? 0 : sbk_error_no_memory(err);
}

struct sbk_coverage *sbk_report_coverage(struct sbk_report *report)
{
	return &report->coverage;
}

size_t sbk_report_count(const struct sbk_report *report)
{
	return report->count;
}

const struct sbk_finding *sbk_report_at(const struct sbk_report *report,
					size_t index)
{
	return &report->findings[index];
}

static bool is_complete(const struct sbk_report *report)
{
	return report->coverage.unreadable == 0;
}

int sbk_report_exit(const struct sbk_report *report)
{
	if (!is_complete(report))
		return 2;
	return report->finding_count > 0 ? 1 : 0;
}

static const char *severity_name(enum sbk_severity severity)
{
	return severity == SBK_SEVERITY_FINDING ? "finding" : "info";
}

static void print_finding(const struct sbk_finding *finding,
			  struct sbk_buf *out)
{
	sbk_buf_printf(out, "%-7s %s", severity_name(finding->severity),
		       finding->rule);
	if (finding->object != NULL) {
		sbk_buf_adds(out, "  '");
		sbk_text_escape(out, finding->object);
		sbk_buf_addc(out, '\'');
	}
	if (finding->principal != NULL) {
		sbk_buf_adds(out, "  ");
		sbk_text_escape(out, finding->principal);
	}
	if (finding->objects > 1)
		sbk_buf_printf(out, "  %" PRIu64 " objects", finding->objects);
	sbk_buf_adds(out, "\n        ");
	sbk_text_escape(out, finding->text);
	sbk_buf_addc(out, '\n');
	if (finding->remedy != NULL)
		sbk_buf_printf(out, "        to mend: %s\n", finding->remedy);
}

static void print_findings(const struct sbk_report *report, struct sbk_buf *out)
{
	size_t i, shown = report->count;

	if (shown > SBK_REPORT_LINES_MAX)
		shown = SBK_REPORT_LINES_MAX;
	for (i = 0; i < shown; i++)
		print_finding(&report->findings[i], out);
	if (shown < report->count)
		sbk_buf_printf(out, "... and %zu more; --json lists all\n",
			       report->count - shown);
}

void sbk_report_print_coverage(const struct sbk_report *report,
			       struct sbk_buf *out)
{
	const struct sbk_coverage *coverage = &report->coverage;
	size_t i;

	sbk_buf_printf(out,
		       "coverage: %" PRIu64 " examined, %" PRIu64
		       " could not be examined, %" PRIu64 " left out\n",
		       coverage->examined, coverage->unreadable,
		       coverage->skipped);
	for (i = 0; i < coverage->missed_count && i < SBK_MISSED_LINES_MAX;
	     i++) {
		sbk_buf_adds(out, "  not examined: ");
		sbk_text_escape(out, coverage->missed[i]);
		sbk_buf_addc(out, '\n');
	}
	if (i < coverage->missed_count)
		sbk_buf_printf(out, "  and more (--json names the first %d)\n",
			       SBK_REPORT_LINES_MAX);
}

void sbk_report_print(const struct sbk_report *report, struct sbk_buf *out)
{
	print_findings(report, out);
	sbk_report_print_coverage(report, out);
	sbk_buf_printf(out, "%s: ", report->name);
	if (report->finding_count > 0)
		sbk_buf_printf(out, "%zu finding%s", report->finding_count,
			       report->finding_count == 1 ? "" : "s");
	else
		sbk_buf_adds(out, is_complete(report) ? "clean" : "no finding");
	if (!is_complete(report))
		sbk_buf_adds(out, ", but incomplete, which is not clean");
	sbk_buf_addc(out, '\n');
}

static void print_json_finding(const struct sbk_finding *finding,
			       struct sbk_buf *out)
{
	sbk_json_open(out, '{');
	sbk_json_string(out, "severity", severity_name(finding->severity));
	sbk_json_string(out, "rule", finding->rule);
	if (finding->object != NULL)
		sbk_json_name(out, "object", finding->object);
	if (finding->principal != NULL)
		sbk_json_name(out, "principal", finding->principal);
	sbk_json_string(out, "text", finding->text);
	if (finding->remedy != NULL)
		sbk_json_string(out, "remedy", finding->remedy);
	sbk_json_integer(out, "objects", (int64_t)finding->objects);
	if (finding->members != NULL && finding->members[0] != '\0') {
		sbk_buf_addc(out, ',');
		sbk_buf_adds(out, finding->members);
	}
	sbk_json_close(out, '}');
}

static void print_json_coverage(const struct sbk_report *report,
				struct sbk_buf *out)
{
	const struct sbk_coverage *coverage = &report->coverage;
	size_t i;

	sbk_json_open_key(out, "coverage", '{');
	sbk_json_bool(out, "complete", is_complete(report));
	sbk_json_integer(out, "examined", (int64_t)coverage->examined);
	sbk_json_integer(out, "unreadable", (int64_t)coverage->unreadable);
	sbk_json_integer(out, "skipped", (int64_t)coverage->skipped);
	sbk_json_open_key(out, "missed", '[');
	for (i = 0; i < coverage->missed_count; i++)
		sbk_json_string(out, NULL, coverage->missed[i]);
	sbk_json_close(out, ']');
	sbk_json_close(out, '}');
}

void sbk_report_print_json(const struct sbk_report *report, struct sbk_buf *out)
{
	static const char *const results[] = {"clean", "findings",
					      "incomplete"};
	int code = sbk_report_exit(report);
	size_t i;

	sbk_json_open(out, '{');
	sbk_json_string(out, "report", report->name);
	sbk_json_string(out, "result", results[code]);
	sbk_json_integer(out, "exit", code);
	sbk_json_open_key(out, "findings", '[');
	for (i = 0; i < report->count; i++)
		print_json_finding(&report->findings[i], out);
	sbk_json_close(out, ']');
	print_json_coverage(report, out);
	if (report->members != NULL && report->members[0] != '\0') {
		sbk_buf_addc(out, ',');
		sbk_buf_adds(out, report->members);
	}
	sbk_json_close(out, '}');
	sbk_buf_addc(out, '\n');
}
