/*
 * Lists of subjects. Whether a named one is ours is the host's word, too.
 */
#include "audit/subjects.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/principals.h"

#include "engine/banned.h"

void sbk_subject_label(const char *id, const char *name, char *out,
		       size_t out_size)
{
	if (name[0] != '\0')
		(void)snprintf(out, out_size, "%s (%s)", name, id);
	else
		(void)snprintf(out, out_size, "%s", id);
}

static int add(struct sbk_subjects *subjects, const char *id, const char *name,
	       bool ours, struct sbk_error *err)
{
	struct sbk_audit_subject *items, *item;
	const char **groups = NULL;
	size_t i, group_count = 0;
	int rc;

	for (i = 0; i < subjects->count; i++)
		if (strcmp(subjects->items[i].id, id) == 0)
			return 0;
	rc = sbk_os_groups_of(id, &subjects->arena, &groups, &group_count, err);
	if (rc < 0)
		return rc;
	items = realloc(subjects->items,
			(subjects->count + 1) * sizeof(*items));
	if (items == NULL)
		return sbk_error_no_memory(err);
	subjects->items = items;
	item = &items[subjects->count++];
	*item = (struct sbk_audit_subject){.ours = ours};
	(void)snprintf(item->id, sizeof(item->id), "%s", id);
	(void)snprintf(item->name, sizeof(item->name), "%s", name);
	sbk_subject_label(id, item->name, item->label, sizeof(item->label));
	item->who.groups = groups;
	item->who.group_count = group_count;
	return 0;
}

/* Once the array stands still. */
static void point_at_ids(struct sbk_subjects *subjects)
{
	size_t i;

	for (i = 0; i < subjects->count; i++)
		subjects->items[i].who.principal = subjects->items[i].id;
}

int sbk_subjects_ours(struct sbk_subjects *out, struct sbk_error *err)
{
	struct sbk_subjects subjects = {.arena = SBK_ARENA_INIT};
	struct sbk_principals list = {.items = NULL};
	size_t i;
	int rc = sbk_principals_find(&list, err);

	for (i = 0; rc == 0 && i < list.count; i++)
		rc = add(&subjects, list.items[i].id, list.items[i].name, true,
			 err);
	sbk_principals_release(&list);
	point_at_ids(&subjects);
	if (rc < 0)
		sbk_subjects_release(&subjects);
	else
		*out = subjects;
	return rc;
}

static int add_named(struct sbk_subjects *subjects,
		     const struct sbk_principals *ours, const char *text,
		     struct sbk_error *err)
{
	char id[SBK_PRINCIPAL_TEXT], name[256];
	bool is_ours = false;
	size_t i;
	int rc = sbk_os_principal(text, id, err);

	if (rc == 0)
		rc = sbk_os_principal_name(id, name, sizeof(name), err);
	if (rc < 0)
		return rc;
	/* What the check of access knows are entries; root needs none. */
	if (strcmp(id, "u:0") == 0)
		return sbk_error_set(err, SBK_E_INVAL,
				     "root may read and write everything; name "
				     "another principal");
	for (i = 0; i < ours->count; i++)
		if (strcmp(ours->items[i].id, id) == 0)
			is_ours = true;
	return add(subjects, id, name, is_ours, err);
}

int sbk_subjects_named(const char *const *names, size_t count,
		       struct sbk_subjects *out, struct sbk_error *err)
{
	struct sbk_subjects subjects = {.arena = SBK_ARENA_INIT};
	struct sbk_principals ours = {.items = NULL};
	size_t i;
	int rc = sbk_principals_find(&ours, err);

	for (i = 0; rc == 0 && i < count; i++)
		rc = add_named(&subjects, &ours, names[i], err);
	sbk_principals_release(&ours);
	point_at_ids(&subjects);
	if (rc < 0)
		sbk_subjects_release(&subjects);
	else
		*out = subjects;
	return rc;
}

void sbk_subjects_release(struct sbk_subjects *subjects)
{
	sbk_arena_release(&subjects->arena);
	free(subjects->items);
	*subjects = (struct sbk_subjects){.items = NULL};
}
