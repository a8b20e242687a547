/*
 * Which principals a search for residue is about. The certificate is a file
 * that anybody may have written: it only says what to look for, and what it
 * says is checked for its form.
 */
#include "audit/residue.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/records.h"
#include "audit/subjects.h"
#include "engine/json_load.h"
#include "engine/limits.h"
#include "engine/principal_id.h"
#include "engine/principals.h"
#include "journal/dsse.h"

#include "engine/banned.h"

#define CERTIFICATE_BYTES_MAX ((size_t)128 << 20)
#define WANTED_MAX 4096

void sbk_wanted_release(struct sbk_wanted *wanted)
{
	sbk_arena_release(&wanted->arena);
	free(wanted->items);
	*wanted = (struct sbk_wanted){.items = NULL};
}

static bool is_known(const struct sbk_wanted *wanted, const char *id)
{
	size_t i;

	for (i = 0; i < wanted->count; i++)
		if (strcmp(wanted->items[i].principal, id) == 0)
			return true;
	return false;
}

static int add(struct sbk_wanted *wanted, const char *id, const char *name,
	       struct sbk_error *err)
{
	struct sbk_sweep_principal *items;

	if (is_known(wanted, id))
		return 0;
	if (wanted->count == WANTED_MAX)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "more than %d principals to look for",
				     WANTED_MAX);
	items = realloc(wanted->items, (wanted->count + 1) * sizeof(*items));
	if (items == NULL)
		return sbk_error_no_memory(err);
	wanted->items = items;
	items[wanted->count].principal = sbk_arena_strdup(&wanted->arena, id);
	items[wanted->count].name = sbk_arena_strdup(&wanted->arena, name);
	if (items[wanted->count].principal == NULL ||
	    items[wanted->count].name == NULL)
		return sbk_error_no_memory(err);
	wanted->count++;
	return 0;
}

static int add_from_host(struct sbk_wanted *wanted, struct sbk_error *err)
{
	struct sbk_principals list = {.items = NULL};
	size_t i;
	int rc = sbk_principals_find(&list, err);

	for (i = 0; rc == 0 && i < list.count; i++)
		rc = add(wanted, list.items[i].id, list.items[i].name, err);
	sbk_principals_release(&list);
	return rc;
}

static int add_from_changes(struct sbk_wanted *wanted, struct sbk_plan *changes,
			    struct sbk_error *err)
{
	struct sbk_principal principal;
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < sbk_plan_count(changes); i++)
		if (sbk_principal_of_change(sbk_plan_at(changes, i), &principal,
					    NULL) == 0)
			rc = add(wanted, principal.id, principal.name, err);
	return rc;
}

static int add_from_journal(struct sbk_wanted *wanted,
			    struct sbk_report *report, struct sbk_error *err)
{
	const enum sbk_kind kinds[] = {SBK_KIND_GROUP, SBK_KIND_ACCOUNT,
				       SBK_KIND_LOGON, SBK_KIND_RIGHT,
				       SBK_KIND_MEMBER};
	size_t i, book;
	int rc = 0;

	for (i = 0; rc == 0 && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct sbk_records_request request = {
			.machine = true, .kind = sbk_kind_name(kinds[i])};
		struct sbk_records records;

		rc = sbk_records_load(&request, report, &records, err);
		if (rc < 0)
			return rc;
		for (book = 0; rc == 0 && book < records.count; book++)
			rc = add_from_changes(wanted,
					      records.books[book].changes, err);
		sbk_records_release(&records);
	}
	return rc;
}

/* {"principal":"u:990","name":"sandbook-1000-off"}; "id" is the same. */
static int add_from_json(struct sbk_wanted *wanted, const json_t *item,
			 struct sbk_error *err)
{
	struct sbk_principal_id parsed;
	const char *id = json_string_value(json_object_get(item, "principal"));
	const char *name = json_string_value(json_object_get(item, "name"));

	if (id == NULL)
		id = json_string_value(json_object_get(item, "id"));
	if (id == NULL)
		return sbk_error_set(err, SBK_E_INVAL,
				     "a principal of the certificate is "
				     "malformed");
	if (sbk_principal_parse(id, &parsed, err) < 0)
		return SBK_E_INVAL;
	return add(wanted, id, name != NULL ? name : "", err);
}

/* The statement, out of its envelope. Who signed it does not matter here. */
static int parse_statement(const char *text, size_t size,
			   struct sbk_wanted *out, struct sbk_error *err)
{
	json_error_t why;
	json_t *root = sbk_json_load(text, size, JSON_REJECT_DUPLICATES, &why);
	const json_t *list;
	size_t i;
	int rc = 0;

	list = json_object_get(json_object_get(root, "predicate"),
			       "principals");
	if (root == NULL && json_error_code(&why) == json_error_out_of_memory)
		rc = sbk_error_no_memory(err);
	else if (root == NULL)
		rc = sbk_error_set(err, SBK_E_INVAL, "line %d, column %d: %s",
				   why.line, why.column, why.text);
	else if (!json_is_array(list))
		rc = sbk_error_set(err, SBK_E_INVAL,
				   "it has no list 'predicate.principals', so "
				   "it is no certificate of 'sandbook "
				   "uninstall'");
	for (i = 0; rc == 0 && i < json_array_size(list); i++)
		rc = add_from_json(out, json_array_get(list, i), err);
	json_decref(root);
	return rc;
}

int sbk_wanted_parse(const char *text, size_t size, struct sbk_wanted *out,
		     struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	struct sbk_dsse envelope;
	int rc = sbk_dsse_parse(text, size, &envelope, &why);

	/* The file that was named, and no policy. */
	if (rc < 0)
		rc = sbk_error_set(err, rc == SBK_E_PARSE ? SBK_E_INVAL : rc,
				   "%s", why.message);
	if (rc == 0)
		rc = parse_statement(sbk_buf_text(&envelope.body),
				     envelope.body.size, out, err);
	sbk_dsse_release(&envelope);
	return rc;
}

static int add_from_certificate(struct sbk_wanted *wanted, const char *path,
				struct sbk_error *err)
{
	struct sbk_buf text = SBK_BUF_INIT;
	int rc = sbk_os_read_file(path, CERTIFICATE_BYTES_MAX, &text, err);

	if (rc == 0) {
		rc = sbk_wanted_parse(sbk_buf_text(&text), text.size, wanted,
				      err);
		if (rc < 0)
			rc = sbk_error_prefix(err, "certificate '%s'", path);
	}
	sbk_buf_release(&text);
	return rc;
}

/* Who else has the number today? 1 and a note in the report, or 0. */
static int is_taken(const struct sbk_sweep_principal *wanted,
		    struct sbk_report *report, struct sbk_error *err)
{
	char name[256], label[400], text[400];
	struct sbk_finding finding = {
		.severity = SBK_SEVERITY_INFO,
		.rule = "residue.reused",
		.principal = label,
		.text = text,
		.objects = 0,
	};
	int rc = sbk_os_principal_name(wanted->principal, name, sizeof(name),
				       err);

	if (rc < 0 || name[0] == '\0' || wanted->name[0] == '\0' ||
	    strcmp(name, wanted->name) == 0)
		return rc;
	sbk_subject_label(wanted->principal, wanted->name, label,
			  sizeof(label));
	(void)snprintf(text, sizeof(text),
		       "the number belongs to '%.200s' today, so what has it "
		       "cannot be told to be ours; not looked for",
		       name);
	rc = sbk_report_add(report, &finding, err);
	return rc < 0 ? rc : 1;
}

static int leave_out_taken(struct sbk_wanted *wanted, struct sbk_report *report,
			   struct sbk_error *err)
{
	size_t i, kept = 0;
	int rc;

	for (i = 0; i < wanted->count; i++) {
		rc = is_taken(&wanted->items[i], report, err);
		if (rc < 0)
			return rc;
		if (rc == 0)
			wanted->items[kept++] = wanted->items[i];
	}
	wanted->count = kept;
	return 0;
}

int sbk_wanted_find(const char *certificate, struct sbk_report *report,
		    struct sbk_wanted *out, struct sbk_error *err)
{
	struct sbk_wanted wanted = {.arena = SBK_ARENA_INIT};
	int rc = 0;

	if (certificate != NULL)
		rc = add_from_certificate(&wanted, certificate, err);
	if (rc == 0)
		rc = add_from_host(&wanted, err);
	if (rc == 0)
		rc = add_from_journal(&wanted, report, err);
	if (rc == 0)
		rc = leave_out_taken(&wanted, report, err);
	if (rc < 0)
		sbk_wanted_release(&wanted);
	else
		*out = wanted;
	return rc;
}
