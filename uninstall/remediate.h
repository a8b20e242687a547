/*
 * Remediate: takes principals out of the descriptors of a mounted Windows
 * volume, or of the running system where rights are NT descriptors (there out
 * of rights, groups and lists, too: remediate_named.c), whoever put them there,
 *and hands what they own to the owner of the directory that holds it.
 *
 *	sbk_remediation_init        what is mounted there; who is asked for
 *	sbk_remediation_plan        one look at the whole volume; adds what is
 *	                            still to be done
 *	sbk_journal_transact        with sbk_remediation_plan as `more`, until a
 *	                            look finds nothing: that is the proof
 *	sbk_remediation_release
 *
 * Objects are found by reading the volume beside its mount (engine/ntfs), in
 * seconds, since a walk through the driver would take minutes; what is planned
 * and written is what the mount says: each object is pinned through it, its
 * record compared, its descriptor read again. ntfs-3g writes what it changes
 * to its device at once, so that both agree; where they do not, the object is
 * left alone (of a descriptor that it does not understand, ntfs-3g makes one
 * up). One whose descriptor the reader cannot find is looked at through the
 * mount.
 *
 * What cannot be changed exactly is left alone and counted (`left`): an object
 * without a path, with a path or name that the mount does not take, with a
 * descriptor that cannot be read or that the mount has otherwise, the root
 * where one of them owns it. Damage
 * that may hide an object is counted in `missed`. Both make the result
 * incomplete.
 *
 * Recorded in the caller's own journal, which nobody else reads: the paths are
 * those of the volume's people, and the volume is not this machine.
 */
#ifndef SBK_REMEDIATE_H
#define SBK_REMEDIATE_H

#include "audit/live.h"
#include "engine/backend.h"
#include "engine/ntsec/sd_strip.h"
#include "engine/os_volume.h"
#include "engine/plan.h"

#define SBK_REMEDIATION_LEFT_MAX 10000 /* objects told one by one */
#define SBK_REMEDIATION_LEFT_BYTES_MAX ((size_t)16 << 20)

struct sbk_remediation_principal {
	struct sbk_sid sid;
	const char *label;    /* for people */
	const char *evidence; /* path of what says whose it is; or NULL */
};

/* What one look found. */
struct sbk_remediation_seen {
	uint64_t examined;		     /* objects of the volume */
	uint64_t objects;		     /* to be changed */
	uint64_t entries, inherited, denies; /* of these */
	uint64_t owners;
	uint64_t nobody_left; /* objects that nobody has access to then */
	/* Entries that deny, in sensitive places (.ssh); the first of those. */
	uint64_t sensitive_denies;
	char first_sensitive[256];
	/* Left as they are, and no residue: */
	uint64_t groups;    /* their primary group, which gives no right */
	uint64_t mentioned; /* named in entries of others, in a condition */
	uint64_t left;	    /* residue that cannot be taken out (r->left) */
	uint64_t missed;    /* places that could not be read */
	char first_missed[256];
};

/* An object that names them and stays so. */
struct sbk_remediation_left {
	const char *path; /* below the volume's root */
	const char *why;
};

/* What names one of them on the running system, and is no descriptor. */
struct sbk_remediation_named {
	const char *text; /* "a firewall rule 'x'" */
	/* What is taken away so that it names them no more, or why nothing is.
	 */
	const char *removable, *why;
	enum sbk_kind kind;
};

struct sbk_remediation {
	const struct sbk_backend *backend; /* the caller's */
	bool is_live;			   /* the running system */
	struct sbk_live live;
	const char *const *roots; /* the caller's; none: each local volume */
	size_t root_count;
	struct sbk_remediation_named *named;
	size_t named_count;
	const struct sbk_progress *progress; /* the caller's, or NULL */
	struct sbk_os_volume volume;
	struct sbk_arena arena;
	struct sbk_remediation_principal *principals; /* by SID */
	size_t count;
	struct sbk_sid *sids;		  /* the same */
	struct sbk_remediation_seen seen; /* by the last look */
	/* What that look left, in its order: the first of seen.left, as many as
	 * SBK_REMEDIATION_LEFT_MAX and their paths' bytes allow. */
	struct sbk_remediation_left *left;
	size_t left_count;
	size_t left_bytes;
	struct sbk_arena left_arena;
};

/*
 * SBK_E_INVAL for a principal that is Windows' own on each machine, and for no
 * volume; SBK_E_NOTFOUND for a name that the volume does not know;
 * SBK_E_UNSUPPORTED for a mount that cannot be written exactly
 * (sbk_os_volume_at). Release also after a failure.
 */
int sbk_remediation_init(struct sbk_remediation *r,
			 const struct sbk_backend *backend, const char *path,
			 const char *const *principals, size_t count,
			 struct sbk_error *err);
/* The same of the running system: below `roots`, which live as long, and where
 * there are none, of all that names them. SBK_E_INVAL, SBK_E_NOTFOUND. */
int sbk_remediation_init_live(struct sbk_remediation *r,
			      const struct sbk_backend *backend,
			      const char *const *roots, size_t root_count,
			      const char *const *principals, size_t count,
			      struct sbk_error *err);
/* Adds changes, parents first, and no notes; fills r->seen. Touches nothing. */
int sbk_remediation_plan(struct sbk_remediation *r, struct sbk_plan *plan,
			 struct sbk_error *err);
/* Who is taken out, and what a person should know of the last look, as notes.
 */
int sbk_remediation_notes(const struct sbk_remediation *r,
			  struct sbk_plan *plan, struct sbk_error *err);
void sbk_remediation_release(struct sbk_remediation *r);

/* --- one look (remediate.c, remediate_object.c) --------------------------- */

/* An object that names them, by the reader. */
struct sbk_remediation_candidate {
	uint32_t record;
	const char *path; /* below the volume's root: "/Users/ann" */
};

struct sbk_remediation_look {
	struct sbk_remediation *r;
	struct sbk_remediation_seen *seen;
	struct sbk_plan *plan;
	struct sbk_sd_strip strip;
	struct sbk_volume_audit audit;
	bool *sensitive;	/* [record]: such a place itself */
	struct sbk_arena arena; /* of paths */
	size_t path_bytes;
	struct sbk_remediation_candidate *items;
	size_t count;
	struct sbk_buf next;
	/* The last directory that was asked for its owner, and its owner. */
	char heir_of[SBK_PATH_MAX];
	struct sbk_sid heir;
};

/* Adds the change of one object, or counts why there is none. */
int sbk_remediation_object(struct sbk_remediation_look *look,
			   const struct sbk_remediation_candidate *candidate,
			   struct sbk_error *err);

/* It names them and stays so. */
int sbk_remediation_leave(struct sbk_remediation_look *look, const char *path,
			  const char *why, struct sbk_error *err);
/* What names the principals besides descriptors: found once, planned at each
 * look. */
int sbk_remediation_named_find(struct sbk_remediation *r,
			       const struct sbk_volume_audit *audit,
			       const char *const *asked, size_t count,
			       struct sbk_error *err);
int sbk_remediation_named_plan(struct sbk_remediation_look *look,
			       struct sbk_error *err);

extern const struct sbk_command sbk_remediate_commands[];

#endif
