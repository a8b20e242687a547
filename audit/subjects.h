/*
 * Whom an audit is about: the principals of the sandbox on this host, or any
 * that the caller names.
 */
#ifndef SBK_SUBJECTS_H
#define SBK_SUBJECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/backend.h"
#include "engine/limits.h"
#include "engine/os_census.h"

struct sbk_audit_subject {
	char id[SBK_PRINCIPAL_TEXT]; /* "u:990" */
	char name[SBK_NAME_MAX];     /* "" where the number has none */
	char label[128];	     /* "sandbook-1000-off (u:990)" */
	bool ours;
	struct sbk_subject who; /* with the groups it is in */
};

struct sbk_subjects {
	struct sbk_arena arena;
	struct sbk_audit_subject *items;
	size_t count;
};

/* Those of this host, from the host; none where there is no setup. */
int sbk_subjects_ours(struct sbk_subjects *out, struct sbk_error *err);
/* Names, numbers and "group:NAME" as sbk_os_principal takes them. */
int sbk_subjects_named(const char *const *names, size_t count,
		       struct sbk_subjects *out, struct sbk_error *err);
void sbk_subjects_release(struct sbk_subjects *subjects);

/* "name (u:990)", or "u:990" where there is no name. */
void sbk_subject_label(const char *id, const char *name, char *out,
		       size_t out_size);

#endif
