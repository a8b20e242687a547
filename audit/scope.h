/*
 * audit scope: what principals may read and write, from the host itself.
 *
 *	scope.c            the survey and the roots where a right begins
 *	scope_known.c      which rights the journals know
 *	scope_sensitive.c  the sensitive places of everybody
 *	scope_report.c     the findings
 *
 * Files that mostly hold secrets elsewhere go by engine/secret_files.h.
 *
 * A right is what the system's own check of access says. It counts where it
 * comes from an entry or an owner that names the principal or its group; with
 * `all`, also where everybody has it.
 */
#ifndef SBK_AUDIT_SCOPE_H
#define SBK_AUDIT_SCOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/audit.h"
#include "audit/records.h"
#include "audit/subjects.h"
#include "engine/secret_files.h"

struct sbk_scope_request {
	const struct sbk_subjects *subjects;
	const char *const *roots; /* real paths; none: the whole host */
	size_t root_count;
	const char *const *skip;
	size_t skip_count;
	bool all; /* also what everybody may do */
};

/* Adds a finding for each root, each sensitive place, each principal. */
int sbk_audit_scope(const struct sbk_backend *backend,
		    const struct sbk_scope_request *request,
		    struct sbk_report *report, struct sbk_error *err);

/* --- between the files of scope ----------------------------------------- */

/* A place where a right begins: its parent has another. */
struct sbk_scope_root {
	size_t subject;
	const char *path;
	const char *entry; /* what gives the right */
	/* The directory above that it may not search; NULL: it is reachable. */
	const char *blocked;
	uint64_t objects; /* with this right, from here down */
	unsigned rights;  /* SBK_MAY_*; EXECUTE alone: only to pass through */
	bool known;	  /* a journal knows it */
	bool doubtful;	  /* a journal that may not be read could know it */
	bool is_directory;
};

/* A sensitive place, and what a subject may do in it. */
struct sbk_scope_sensitive {
	const char *path;
	uint32_t owner; /* uid of the person in whose home it is, or */
#define SBK_SCOPE_NOBODYS UINT32_MAX
};

struct sbk_scope_inclusion {
	uint64_t objects;
	unsigned rights; /* 0: none */
};

struct sbk_scope_result {
	struct sbk_arena arena;
	struct sbk_scope_root *roots;
	size_t root_count, root_capacity;
	struct sbk_scope_sensitive *sensitive; /* by path */
	size_t sensitive_count;
	/* [subject * sensitive_count + sensitive] */
	struct sbk_scope_inclusion *included;
	/* [subject]: files elsewhere that mostly hold secrets, and what it may
	 * do to any of them. */
	struct sbk_scope_secrets {
		struct sbk_secret_list files;
		unsigned rights;
	} * secrets;
	bool have_journal;
};

int sbk_scope_report(const struct sbk_scope_request *request,
		     const struct sbk_scope_result *result,
		     struct sbk_report *report, struct sbk_error *err);

/* Fills the sensitive places of everybody, `included` and `secrets` for so many
 * subjects; release with free. */
int sbk_scope_sensitive_find(struct sbk_scope_result *result,
			     size_t subject_count, struct sbk_error *err);
/* Whether what belongs to that uid is the subject's own. */
bool sbk_scope_is_own(const struct sbk_audit_subject *subject, uint32_t owner);
int sbk_scope_sensitive_compare(const void *a, const void *b);

/* The standing grants of the journals, by path. */
struct sbk_scope_known;

int sbk_scope_known_new(const struct sbk_records *records,
			struct sbk_scope_known **out, struct sbk_error *err);
void sbk_scope_known_free(struct sbk_scope_known *known);
/*
 * Calls `visit` with the state that each standing change meant for `path`. A
 * person's journal is heard about that person's objects only.
 */
typedef int sbk_scope_known_fn(void *arg, struct sbk_state after,
			       struct sbk_error *err);
int sbk_scope_known_each(const struct sbk_scope_known *known, const char *path,
			 uint32_t owner, sbk_scope_known_fn *visit, void *arg,
			 struct sbk_error *err);
/* The same for the object with this identity, whatever its name. */
int sbk_scope_known_each_of(const struct sbk_scope_known *known,
			    const char *identity, uint32_t owner,
			    sbk_scope_known_fn *visit, void *arg,
			    struct sbk_error *err);
bool sbk_scope_known_none(const struct sbk_scope_known *known);

#endif
