/*
 * audit on a running system whose rights are NT descriptors (backend.h,
 * to_descriptor): the same questions as of a volume that is read from the
 * outside (volume.h), asked of what a walk by handles shows, and of what the
 * system's own records name.
 *
 *	live.c        the whole of it: scope, residue, ssh
 *	live_tree.c   the objects of the walk, as a tree of volume.h
 *	live_facts.c  accounts, rights, rules and so on, as facts of volume.h
 *
 * A file with several names is an object for each. An object that appears or
 * goes while the walk is under way is seen or not; nothing is held.
 */
#ifndef SBK_LIVE_H
#define SBK_LIVE_H

#include "audit/places.h"
#include "audit/volume.h"
#include "engine/backend.h"
#include "engine/os.h"

#define SBK_LIVE_OWN_MAX (1u << 20)	     /* distinct descriptors */
#define SBK_LIVE_NAMES_MAX ((size_t)3 << 30) /* bytes of all names */

struct sbk_live {
	const struct sbk_backend *backend;
	const char *const *skip;
	size_t skip_count;
	bool no_facts; /* the tree alone */
};

enum sbk_live_about {
	SBK_LIVE_SCOPE,	  /* what principals may do, and who is named */
	SBK_LIVE_RESIDUE, /* the same, of Sandbook's and other tools' alone */
	SBK_LIVE_SSH	  /* keys that OpenSSH for Windows refuses */
};

struct sbk_live_request {
	const struct sbk_backend *backend;
	enum sbk_live_about about;
	/* Real paths; none: every local volume. */
	const char *const *roots;
	size_t root_count;
	const char *const *skip;
	size_t skip_count;
	/* As of struct sbk_volume_request. */
	const char *const *principals;
	size_t principal_count;
	const struct sbk_progress *progress;
};

/* Release with sbk_volume_audit_release, also after a failure; `live` lives as
 * long. The report is the caller's. */
int sbk_live_audit(const struct sbk_live_request *request,
		   struct sbk_live *live, struct sbk_report *report,
		   struct sbk_volume_audit *out, struct sbk_error *err);

/*
 * Fills audit->tree from a walk of these places, which do not lie in each
 * other; directories above them are there by name, without a descriptor. What
 * cannot be read is missed in the report, and what is skipped told.
 */
int sbk_live_tree_load(struct sbk_volume_audit *audit,
		       const char *const *places, size_t count,
		       struct sbk_error *err);
/* What `sbk_volume_hives_find` is to a volume. */
int sbk_live_facts_find(struct sbk_volume_audit *audit, struct sbk_error *err);
/* That a tool's ledger stands there is a fact, too, whatever it says. */
int sbk_live_ledgers_tell(struct sbk_volume_audit *audit,
			  struct sbk_error *err);
/* A ledger's bytes. SBK_E_LIMIT beyond the maximum of one, or of all. */
int sbk_live_read(struct sbk_volume_audit *audit, uint32_t record,
		  struct sbk_buf *out, struct sbk_error *err);

#endif
