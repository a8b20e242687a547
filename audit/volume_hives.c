/*
 * The registry of a Windows that a volume holds: names and numbers of accounts
 * and groups (SAM), profiles and accounts that are hidden at sign-in
 * (SOFTWARE), firewall rules (SYSTEM). Owns the facts that all of them tell,
 * and what is said of a hive that could not be read as a whole.
 */
#include "audit/volume_hives.h"

#include <stdlib.h>
#include <string.h>

#include "engine/banned.h"

static int read_stream(void *arg, uint64_t offset, void *buffer, size_t size,
		       struct sbk_error *err)
{
	struct sbk_volume_hive *reading = arg;

	return sbk_ntfs_stream_read(reading->audit->tree.volume,
				    &reading->stream, offset, buffer, size,
				    err);
}

/* --- facts ------------------------------------------------------------ */

int sbk_volume_fact_add(struct sbk_volume_hive *reading,
			const struct sbk_sid *sid,
			enum sbk_volume_fact_kind kind, const char *text,
			const char *detail, struct sbk_error *err)
{
	struct sbk_volume_audit *audit = reading->audit;
	size_t capacity = audit->fact_capacity * 2 + 64;
	size_t bytes = strlen(text) + strlen(detail);
	struct sbk_volume_fact *facts, *fact;

	if (bytes > SBK_VOLUME_FACT_BYTES_MAX - audit->fact_bytes)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "the names and paths in it are longer "
				     "than %zu bytes",
				     SBK_VOLUME_FACT_BYTES_MAX);
	if (audit->fact_count >= SBK_VOLUME_FACTS_MAX)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "it has more than %u accounts, profiles "
				     "and rules",
				     SBK_VOLUME_FACTS_MAX);
	if (audit->fact_count == audit->fact_capacity) {
		facts = realloc(audit->facts, capacity * sizeof(*facts));
		if (facts == NULL)
			return sbk_error_no_memory(err);
		audit->facts = facts;
		audit->fact_capacity = capacity;
	}
	fact = &audit->facts[audit->fact_count];
	*fact = (struct sbk_volume_fact){
		.kind = kind,
		.text = sbk_arena_strdup(&audit->arena, text),
		.detail = sbk_arena_strdup(&audit->arena, detail),
		.hive = reading->path,
		.order = audit->fact_count};
	if (fact->text == NULL || fact->detail == NULL)
		return sbk_error_no_memory(err);
	audit->fact_count++;
	audit->fact_bytes += bytes;
	if (sid == NULL)
		return 0;
	fact->sid = *sid;
	return sbk_volume_sids_meet(audit, sid, err);
}

static int by_sid(const void *a, const void *b)
{
	const struct sbk_volume_fact *one = a, *two = b;
	int order = sbk_sid_compare(&one->sid, &two->sid);

	if (order != 0)
		return order;
	if (one->kind != two->kind)
		return one->kind < two->kind ? -1 : 1;
	return one->order < two->order ? -1 : one->order > two->order;
}

void sbk_volume_facts_sort(struct sbk_volume_audit *audit)
{
	if (audit->fact_count > 0)
		qsort(audit->facts, audit->fact_count, sizeof(*audit->facts),
		      by_sid);
	sbk_volume_sids_sort(audit);
}

static const struct sbk_sid *sid_at(const void *rows, size_t size, size_t i)
{
	return (const struct sbk_sid *)((const char *)rows + i * size);
}

size_t sbk_volume_rows_of(const void *rows, size_t count, size_t size,
			  const struct sbk_sid *sid, size_t *found)
{
	size_t low = 0, high = count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (sbk_sid_compare(sid_at(rows, size, middle), sid) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (*found = 0; low + *found < count &&
			 sbk_sid_equal(sid_at(rows, size, low + *found), sid);
	     (*found)++)
		;
	return low;
}

const struct sbk_volume_fact *
sbk_volume_facts_of(const struct sbk_volume_audit *audit,
		    const struct sbk_sid *sid, size_t *count)
{
	size_t first = sbk_volume_rows_of(audit->facts, audit->fact_count,
					  sizeof(*audit->facts), sid, count);

	return *count > 0 ? &audit->facts[first] : NULL;
}

bool sbk_volume_is_deleted(const struct sbk_volume_audit *audit,
			   const struct sbk_sid *sid)
{
	const struct sbk_volume_fact *fact;
	size_t count;

	if (!audit->has_accounts || !sbk_sid_is_below(sid, &audit->machine) ||
	    sbk_sid_name(sid, &audit->directory.domains) != NULL)
		return false;
	fact = sbk_volume_facts_of(audit, sid, &count);
	return fact == NULL || (fact->kind != SBK_VOLUME_ACCOUNT &&
				fact->kind != SBK_VOLUME_GROUP);
}

bool sbk_volume_is_codex(const char *name)
{
	const char *tool = sbk_sid_tool_of_name(name);

	return tool != NULL && strcmp(tool, "codex") == 0;
}

/* What a Windows need not have. */
int sbk_volume_hive_absent(int rc, struct sbk_error *err)
{
	if (rc != SBK_E_NOTFOUND)
		return rc;
	sbk_error_clear(err);
	return 0;
}

/* --- all of them ------------------------------------------------------ */

static int tell_state(struct sbk_volume_hive *reading, struct sbk_error *err)
{
	const struct sbk_hive *hive = &reading->hive;
	struct sbk_buf why = SBK_BUF_INIT;
	int rc = 0;

	if (hive->is_dirty)
		sbk_buf_adds(&why, "the hive was being written; its logs were "
				   "not replayed");
	else if (hive->is_cut)
		sbk_buf_adds(&why, "the hive ends early");
	else if (hive->is_exhausted)
		sbk_buf_adds(&why, "the hive has more in it than is read");
	else if (hive->damage > 0)
		sbk_buf_printf(&why, "%lu places of the hive are damaged",
			       (unsigned long)hive->damage);
	if (why.size > 0)
		rc = sbk_report_missed(reading->audit->report, reading->path,
				       sbk_buf_text(&why), err);
	sbk_buf_release(&why);
	return rc;
}

typedef int hive_fn(struct sbk_volume_hive *reading, struct sbk_error *err);

/* A hive that is none is missed; what it held is not known. */
static int read_hive(struct sbk_volume_audit *audit, uint32_t record,
		     hive_fn *read, struct sbk_error *err)
{
	struct sbk_volume_hive reading = {.audit = audit};
	struct sbk_ntfs_device device = {.read = read_stream, .arg = &reading};
	struct sbk_error why = SBK_ERROR_INIT;
	int rc = sbk_volume_path_keep(audit, record, &reading.path, err);

	if (rc < 0)
		return rc;
	rc = sbk_ntfs_stream_open(audit->tree.volume, record, SBK_NTFS_DATA, "",
				  &reading.stream, &why);
	device.size = reading.stream.size;
	if (rc == 0)
		rc = sbk_hive_open(&device, &reading.hive, &why);
	if (rc == 0)
		rc = read(&reading, &why);
	sbk_ntfs_stream_release(&reading.stream);
	if (rc == SBK_E_NOMEM)
		return sbk_error_no_memory(err);
	if (rc < 0)
		return sbk_report_missed(audit->report, reading.path,
					 why.message, err);
	return tell_state(&reading, err);
}

int sbk_volume_hives_find(struct sbk_volume_audit *audit, struct sbk_error *err)
{
	/* The SAM first: the others ask who exists. */
	static const struct {
		const char *name;
		hive_fn *read;
	} hives[] = {{"SAM", sbk_volume_hive_sam},
		     {"SOFTWARE", sbk_volume_hive_software},
		     {"SYSTEM", sbk_volume_hive_system}};
	const struct sbk_volume_tree *tree = &audit->tree;
	size_t h, i;
	int rc = 0;

	for (h = 0; rc == 0 && h < sizeof(hives) / sizeof(hives[0]); h++) {
		for (i = 0; i < tree->candidate_count; i++) {
			const struct sbk_volume_name *name =
				&sbk_volume_names[tree->candidates[i].name];

			if (name->meaning == SBK_VOLUME_HIVE &&
			    strcmp(name->what, hives[h].name) == 0)
				break;
		}
		if (i < tree->candidate_count) /* one file has the name */
			rc = read_hive(audit, tree->candidates[i].record,
				       hives[h].read, err);
		sbk_volume_facts_sort(audit);
	}
	return rc;
}
