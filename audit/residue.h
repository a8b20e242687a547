/*
 * audit residue: anything on the host that still names a principal of ours,
 * also after uninstall, when only the certificate remembers them.
 */
#ifndef SBK_AUDIT_RESIDUE_H
#define SBK_AUDIT_RESIDUE_H

#include "audit/audit.h"
#include "audit/sweep.h"

struct sbk_residue_request {
	const char *certificate;  /* a file made by uninstall, or NULL */
	const char *const *roots; /* real paths; none: the whole host */
	size_t root_count;
	const char *const *skip;
	size_t skip_count;
};

int sbk_audit_residue(const struct sbk_backend *backend,
		      const struct sbk_residue_request *request,
		      struct sbk_report *report, struct sbk_error *err);

/* The principals of a search, each once. */
struct sbk_wanted {
	struct sbk_arena arena;
	struct sbk_sweep_principal *items;
	size_t count;
};

/*
 * Those of the host, of the machine's journal (all that were ever made), and
 * of the certificate. A number that somebody else has today is left out, and
 * the report says so.
 */
int sbk_wanted_find(const char *certificate, struct sbk_report *report,
		    struct sbk_wanted *out, struct sbk_error *err);
/* The "principals" of a certificate's text, added to `out`. */
int sbk_wanted_parse(const char *text, size_t size, struct sbk_wanted *out,
		     struct sbk_error *err);
void sbk_wanted_release(struct sbk_wanted *wanted);

#endif
