/*
 * Step 2: which numbers are ours. The machine journal knows every account and
 * group that was ever made, the host knows those that stand today; together
 * they also cover a run that was killed after the accounts had gone.
 *
 * Refuses a number that somebody else has today, and low ones: what follows
 * ends processes and changes owners.
 */
#include "uninstall/internal.h"

#include <stdlib.h>
#include <string.h>

#include "engine/os_census.h"
#include "engine/root_principal.h"

#include "engine/banned.h"

static struct sbk_uninstall_principal *find(struct sbk_uninstall_report *report,
					    const char *id)
{
	size_t i;

	for (i = 0; i < report->principal_count; i++)
		if (strcmp(report->principals[i].principal.id, id) == 0)
			return &report->principals[i];
	return NULL;
}

static int append(struct sbk_uninstall_report *report,
		  const struct sbk_principal *principal, bool enrolled,
		  struct sbk_error *err)
{
	const size_t count = report->principal_count;
	struct sbk_uninstall_principal *grown;

	if (principal->number < SBK_PRINCIPAL_MIN ||
	    find(report, principal->id) != NULL)
		return 0;
	grown = realloc(report->principals, (count + 1) * sizeof(*grown));
	if (grown == NULL)
		return sbk_error_no_memory(err);
	report->principals = grown;
	grown[count] = (struct sbk_uninstall_principal){.principal = *principal,
							.enrolled = enrolled};
	report->principal_count++;
	return 0;
}

static int from_host(struct sbk_uninstall_report *report, struct sbk_error *err)
{
	struct sbk_principals list = {.items = NULL};
	size_t i;
	int rc = sbk_principals_find(&list, err);

	for (i = 0; rc == 0 && i < list.count; i++)
		rc = append(report, &list.items[i], true, err);
	sbk_principals_release(&list);
	return rc;
}

/* What names an account or a group: on Linux those of the first two, on Windows
 * those that have its SID. */
static const enum sbk_kind kinds[] = {SBK_KIND_GROUP, SBK_KIND_ACCOUNT,
				      SBK_KIND_LOGON, SBK_KIND_RIGHT,
				      SBK_KIND_MEMBER};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* Changes of one kind, whatever became of them. */
static int from_journal(struct sbk_uninstall_work *work, enum sbk_kind kind,
			struct sbk_error *err)
{
	const struct sbk_journal_filter filter = {.kind = sbk_kind_name(kind)};
	struct sbk_plan *changes = sbk_plan_new();
	struct sbk_principal principal;
	size_t i;
	int rc;

	if (changes == NULL)
		return sbk_error_no_memory(err);
	rc = sbk_journal_load(work->journal, &filter, changes, err);
	for (i = 0; rc == 0 && i < sbk_plan_count(changes); i++)
		if (sbk_principal_of_change(sbk_plan_at(changes, i), &principal,
					    NULL) == 0)
			rc = append(work->report, &principal, false, err);
	sbk_plan_free(changes);
	return rc;
}

/* A number that the host does not know as ours must be nobody's. */
static int check_number(struct sbk_uninstall_report *report,
			struct sbk_uninstall_principal *item,
			struct sbk_error *err)
{
	char name[256];
	int rc;

	/* No SID is given twice. */
	if (item->enrolled || strncmp(item->principal.id, "S-", 2) == 0)
		return 0;
	rc = sbk_os_principal_name(item->principal.id, name, sizeof(name), err);
	/* A changed account of ours is still of our name: the journal's
	 * own undo decides about it, and the sweep looks for its number. */
	if (rc < 0 || name[0] == '\0' ||
	    strcmp(name, item->principal.name) == 0)
		return rc;
	item->foreign = true;
	return sbk_uninstall_except(report, false, err,
				    "the number %s was '%s' and is '%s' today: "
				    "what belongs to it was left alone",
				    item->principal.id, item->principal.name,
				    name);
}

static int say_unrecorded(struct sbk_uninstall_work *work,
			  struct sbk_error *err)
{
	const char *how =
		sbk_backend_has_descriptors(&work->backend)
			? "'net user NAME /delete' and 'net localgroup NAME "
			  "/delete' ('sandbook audit residue' names them, and "
			  "their rules and filters)"
			: "'userdel', 'groupdel' and 'nft delete table inet "
			  "sandbook'";

	return sbk_uninstall_except(
		work->report, true, err,
		"accounts of ours exist, but the machine journal that recorded "
		"them is gone: restore it, or remove them with %s",
		how);
}

int sbk_uninstall_find_principals(struct sbk_uninstall_work *work,
				  struct sbk_error *err)
{
	struct sbk_uninstall_report *report = work->report;
	size_t i;
	int rc = from_host(report, err);

	if (rc == 0 && work->journal == NULL && report->principal_count > 0)
		return say_unrecorded(work, err);
	for (i = 0; rc == 0 && work->journal != NULL && i < KINDS; i++)
		rc = from_journal(work, kinds[i], err);
	for (i = 0; rc == 0 && i < report->principal_count; i++)
		rc = check_number(report, &report->principals[i], err);
	return rc;
}

int sbk_uninstall_list_principals(const struct sbk_uninstall_report *report,
				  const char ***out, size_t *count,
				  struct sbk_error *err)
{
	const char *const *families = sbk_root_principal_families;
	const char **list;
	size_t i, used = 0;

	while (families[used] != NULL)
		used++;
	list = malloc((report->principal_count + used + 1) * sizeof(*list));
	if (list == NULL)
		return sbk_error_no_memory(err);
	for (i = 0; i < used; i++)
		list[i] = families[i];
	for (i = 0; i < report->principal_count; i++)
		if (!report->principals[i].foreign)
			list[used++] = report->principals[i].principal.id;
	*out = list;
	*count = used;
	return 0;
}
