/*
 * audit scope --volume: what principals may do on a Windows volume that is read
 * from the outside.
 *
 *	volume.c              the whole of it, step by step
 *	volume_tree.c         objects: parents, descriptors, names, paths
 *	volume_descriptors.c  each distinct descriptor, and the SIDs in it
 *	volume_judge.c        what one of them gives to each principal
 *	volume_known.c        who SIDs belong to: ledgers of tools, profiles
 *	volume_changes.c      when their security was changed, by its journal
 *	volume_hives.c        its registry: accounts, profiles, firewall rules
 *	volume_places.c       sensitive places
 *	volume_rollup.c       from descriptors to roots and counts
 *	volume_everyone.c     where Everyone may write, and so each run
 *	volume_ssh.c          keys that OpenSSH for Windows refuses
 *	volume_report.c       findings; volume_print.c: JSON, CSV
 *
 * Memory: 28 bytes for each record of the volume, 8 more where it has a journal
 * of changes, and what is distinct (SIDs,
 * descriptors' answers, roots). Names are read again where they are printed.
 *
 * A right counts where an entry or the owner names the principal, as in the
 * scope of this machine; it is what the access check (engine/ntsec) grants a
 * token of that SID alone, or of the user and groups that were named together
 * (volume_token.c). What is undecided there counts as granted.
 */
#ifndef SBK_VOLUME_H
#define SBK_VOLUME_H

#include "audit/audit.h"
#include "engine/ntfs/secure.h"
#include "engine/ntfs/usn.h"
#include "engine/ntsec/rights.h"
#include "engine/ntsec/sd.h"
#include "engine/ntsec/sid_names.h"
#include "engine/ntsec/token.h"
#include "engine/progress.h"

#define SBK_VOLUME_SIDS_MAX (1u << 20) /* distinct ones of a volume */
#define SBK_VOLUME_OWN_MAX 65536       /* descriptors outside $Secure */
#define SBK_VOLUME_OWN_BYTES_MAX ((size_t)256 << 20) /* of all of them */
#define SBK_VOLUME_HITS_MAX (8u << 20)	    /* descriptors times principals */
#define SBK_VOLUME_SACL_WORK_MAX (1u << 28) /* entries of SACLs looked at */
#define SBK_VOLUME_PRINT_MAX ((size_t)64 << 20) /* bytes of JSON, of CSV */
#define SBK_VOLUME_ROOTS_MAX (16u << 20)	/* of all principals */
#define SBK_VOLUME_CANDIDATES_MAX (1u << 20) /* objects with a special name */
#define SBK_VOLUME_LEDGER_MAX (8u << 20)     /* bytes of a tool's ledger */
#define SBK_VOLUME_LEDGERS_MAX (64u << 20)   /* of all of them */
#define SBK_VOLUME_FACTS_MAX 65536 /* of the registry, that name SIDs */
#define SBK_VOLUME_FACT_BYTES_MAX ((size_t)16 << 20) /* of all their texts */
#define SBK_VOLUME_DEPTH_MAX 1024 /* directories above an object */
#define SBK_VOLUME_PATH_MAX 32768 /* bytes of a path that is printed */
#define SBK_VOLUME_PATHS_MAX ((size_t)512 << 20) /* of all that are told */
#define SBK_VOLUME_NONE UINT32_MAX

struct sbk_device;
struct sbk_live;

/* --- objects -------------------------------------------------------------- */

enum sbk_volume_flags {
	SBK_VOLUME_USED = 1,
	SBK_VOLUME_DIRECTORY = 2,
	SBK_VOLUME_SYSTEM = 4, /* the filesystem's own: its first records */
	SBK_VOLUME_TOPMOST = 8 /* of a live tree: the root of a volume */
};

/* An object whose name means something: a sensitive place, a ledger, a key. */
struct sbk_volume_candidate {
	uint32_t record, parent;
	uint16_t name; /* index into sbk_volume_names */
};

struct sbk_volume_tree {
	struct sbk_ntfs_volume *volume;
	struct sbk_ntfs_secure *secure;
	uint32_t records;
	uint32_t *parent;     /* [record]; NONE: no directory has it */
	uint32_t *descriptor; /* [record]: index of a distinct one; NONE */
	uint16_t *sequence;   /* [record] */
	uint8_t *flags;	      /* [record] */
	/* [record]: the sum of its names' hashes, where `name_key` is set. */
	uint64_t *names;
	const uint8_t *name_key; /* of SipHash: nobody can choose collisions */
	uint64_t objects, directories;
	struct sbk_volume_candidate *candidates;
	size_t candidate_count, candidate_capacity;
	/* Descriptors that are not in $Secure follow those that are. */
	struct sbk_volume_own {
		const uint8_t *bytes;
		size_t size;
	} * own;
	size_t own_count;
	struct sbk_arena arena;
	/* Of a saved state, which has no volume: its bytes; [record]: where in
	 * them the name begins, after its size. */
	struct sbk_buf saved;
	uint32_t *saved_name;
	/* Read from the running system (live.h), where paths begin with the
	 * volume: there is neither `volume` nor `secure`. */
	bool is_live;
	struct sbk_ntfs_damage damage;	     /* where there is no `volume` */
	const struct sbk_progress *progress; /* NULL: nobody waits */
	/* [record]: when the journal of changes has its security changed last,
	 * in 100 ns since 1601; 0: it does not tell. NULL: there is none. */
	uint64_t *changed;
	struct sbk_ntfs_usn_facts journal;
	/* Of names: [units][first letter], whether any means something. */
#define SBK_VOLUME_FILTER_SIZES 64
	bool filter[SBK_VOLUME_FILTER_SIZES][128], has_filter;
};

/* Scans the volume. What is damaged is counted there. */
int sbk_volume_tree_load(struct sbk_volume_tree *tree, struct sbk_error *err);
void sbk_volume_tree_release(struct sbk_volume_tree *tree);
/* Takes a link out of each circle of parents; how many. */
int sbk_volume_tree_straighten(struct sbk_volume_tree *tree, size_t *broken,
			       struct sbk_error *err);
size_t sbk_volume_distinct(const struct sbk_volume_tree *tree);
/* Of the volume, or of a tree that has none. */
struct sbk_ntfs_damage *sbk_volume_damage(struct sbk_volume_tree *tree);
/* The bytes of a distinct descriptor; SBK_E_PARSE where it is damaged. */
int sbk_volume_descriptor(struct sbk_volume_tree *tree, size_t index,
			  struct sbk_buf *out, struct sbk_error *err);
/*
 * Appends the path of a record: "/Users/ann/.ssh", "/" for the root; of a live
 * tree "C:/Users/ann/.ssh", "C:/". Where a
 * directory is missing it begins with "<lost>". Separators in names become
 * U+FFFD. Only memory can fail.
 */
int sbk_volume_path(struct sbk_volume_tree *tree, uint32_t record,
		    struct sbk_buf *out, struct sbk_error *err);
/* The name of one record, UTF-8. */
int sbk_volume_name(struct sbk_volume_tree *tree, uint32_t record,
		    struct sbk_buf *out, struct sbk_error *err);

/*
 * Reads the journal of changes, where the volume has one: fills tree->changed,
 * for objects that are still there. What cannot be read is damage.
 */
int sbk_volume_changes_load(struct sbk_volume_tree *tree,
			    struct sbk_error *err);
/* Says of a volume how far back its journal goes; nothing where it has none. */
int sbk_volume_changes_report(const struct sbk_volume_tree *tree,
			      const char *path, struct sbk_report *report,
			      struct sbk_error *err);
/* "2026-03-01T12:00:00Z", when the security of a record was changed last;
 * false, and nothing, where nobody knows. Appends. */
bool sbk_volume_changed(const struct sbk_volume_tree *tree, uint32_t record,
			struct sbk_buf *out);

/* --- special names -------------------------------------------------------- */

enum sbk_volume_meaning {
	SBK_VOLUME_SENSITIVE,
	SBK_VOLUME_TOP,	   /* sensitive itself, not all that is below */
	SBK_VOLUME_LEDGER, /* of another tool: holds SIDs */
	SBK_VOLUME_LEDGER_DIRECTORY, /* its files are ledgers */
	SBK_VOLUME_HIVE,	     /* of the registry: "SAM", ... */
	SBK_VOLUME_KEY,		     /* a file of .ssh */
	SBK_VOLUME_JOURNAL	     /* of changes, the filesystem's own */
};

struct sbk_volume_name {
	/* The last components of a path, lower-case; "*" is any one. A leading
	 * '/' is the volume's root, "~" a profile: "/users" and any one name.
	 */
	const char *pattern;
	enum sbk_volume_meaning meaning;
	const char *what; /* "SSH keys"; or the tool: "codex" */
};

extern const struct sbk_volume_name sbk_volume_names[];
extern const size_t sbk_volume_name_count;

/* Adds to the candidates where the last component of a pattern is this name. */
int sbk_volume_names_meet(struct sbk_volume_tree *tree, uint32_t record,
			  uint32_t parent, struct sbk_view utf16,
			  struct sbk_error *err);
/* Drops the candidates whose directories are not those of the pattern. */
int sbk_volume_names_confirm(struct sbk_volume_tree *tree,
			     struct sbk_error *err);

/* --- principals ----------------------------------------------------------- */

/* What one distinct descriptor says about one principal. */
struct sbk_volume_hit {
	uint32_t principal, descriptor;
	uint32_t granted, denied; /* by the check; by entries that deny */
	/* Of entries: the rights of the first inherited one, one that allows
	 * before one that denies; and what its own hand down, by that. */
	uint32_t inherited, handed[2];
	bool inherited_denies;
	bool owns;
	bool is_explicit, is_inherited; /* entries that name it */
};

struct sbk_volume_root {
	uint32_t record;
	const struct sbk_volume_hit *hit; /* of its descriptor */
	uint64_t objects, explicit_objects;
	const char *path;
};

struct sbk_volume_inclusion {
	size_t place; /* index of a candidate */
	uint32_t granted;
	uint64_t objects;
	const char *path;
};

struct sbk_volume_principal {
	struct sbk_sid sid;
	/* Of a token, whose user the SID is: its groups; else none. */
	const struct sbk_group *groups;
	size_t group_count;
	/* SIDs to which its token is write-restricted; none: it is not. */
	const struct sbk_group *restricting;
	size_t restricting_count;
	struct sbk_sid_verdict verdict;
	const char *evidence; /* path of what says so; or NULL */
	size_t first_hit, hit_count;
	size_t last_hit; /* while descriptors are judged: its newest */
	/* The first principal with the same hits, whose roots are these, too;
	 * its own index otherwise. */
	size_t alike;
	size_t alike_count; /* of the first: how many, itself included */
	uint64_t objects, explicit_objects, inherited_objects, owned_objects;
	struct sbk_volume_root *roots; /* of the first alone */
	size_t root_count;
	struct sbk_volume_inclusion *inclusions;
	size_t inclusion_count, inclusion_capacity;
};

/* --- the registry --------------------------------------------------------- */

enum sbk_volume_fact_kind {
	SBK_VOLUME_ACCOUNT, /* in the SAM; text: its name */
	SBK_VOLUME_GROUP,   /* likewise */
	SBK_VOLUME_PROFILE, /* in the list of profiles; text: its directory */
	SBK_VOLUME_HIDDEN, /* not shown at sign-in; text: name of the account */
	SBK_VOLUME_RULE,   /* names it; text: the firewall rule's name */
	/* Of the running system alone: */
	SBK_VOLUME_MEMBER,     /* of the group that text names */
	SBK_VOLUME_USER_RIGHT, /* text: "SeDenyNetworkLogonRight" */
	SBK_VOLUME_FILTER,     /* of the Filtering Platform; text: its name */
	SBK_VOLUME_PROCESS,    /* runs as it; text: its number and name */
	SBK_VOLUME_KEPT	       /* text: a file or key that a tool leaves */
};

/* Something that the registry of the volume says about a SID. */
struct sbk_volume_fact {
	struct sbk_sid sid; /* zeros: HIDDEN, and no account has the name */
	enum sbk_volume_fact_kind kind;
	const char *text, *detail; /* detail: of a rule, what it does; or "" */
	const char *hive;	   /* path */
	/* As in mentions.h; NULL: none, or of a volume. */
	const char *removable;
	enum sbk_kind removable_kind;
	size_t order; /* in which they were met */
};

/* A SID for which entries count, and for whom. */
struct sbk_volume_member {
	struct sbk_sid sid;
	size_t principal; /* its index */
};

struct sbk_volume_request {
	const char *path;	       /* image, device or mount point */
	const char *const *principals; /* none: whatever is unresolved or of a
					* tool */
	size_t principal_count;
	bool strangers;			     /* those besides, too */
	const struct sbk_progress *progress; /* or NULL */
};

struct sbk_volume_audit {
	struct sbk_arena arena;
	struct sbk_volume_tree tree;
	struct sbk_report *report;
	const char *path;
	struct sbk_device *device; /* held open: names are read when printed */
	const struct sbk_live *live; /* NULL: it is a volume (live.h) */
	/* Every SID that an entry or an owner of the volume names, sorted. */
	struct sbk_sid *sids;
	size_t sid_count;
	struct sbk_sid_directory directory;
	struct sbk_sid machine; /* what directory.domains points to */
	const char **evidence;	/* [directory.owners] */
	/* Of the registry, by SID, then kind; from sbk_volume_hives_find on. */
	struct sbk_volume_fact *facts;
	size_t fact_count, fact_capacity, fact_bytes;
	/* The SAM was read as a whole: who is not in it is no more. */
	bool has_accounts;
	uint64_t ledger_bytes;			 /* read so far */
	size_t path_bytes;			 /* of paths that are told */
	struct sbk_volume_principal *principals; /* by SID */
	size_t principal_count;
	struct sbk_volume_member *members; /* by SID */
	size_t member_count;
	struct sbk_volume_hit *hits; /* by principal, then descriptor */
	size_t hit_count, hit_capacity;
	uint64_t sacl_work; /* done so far */
	bool is_cut_short;  /* JSON or CSV has not all of it */
	bool named;	    /* the caller asked for certain principals */
};

int sbk_volume_sids_find(struct sbk_volume_audit *audit, struct sbk_error *err);
/* One more SID that the volume names; sort when all are met. SBK_E_LIMIT. */
int sbk_volume_sids_meet(struct sbk_volume_audit *audit,
			 const struct sbk_sid *sid, struct sbk_error *err);
void sbk_volume_sids_sort(struct sbk_volume_audit *audit);
int sbk_volume_known_find(struct sbk_volume_audit *audit,
			  struct sbk_error *err);
/* One more entry of the directory, unsorted until all are known. `path`: of
 * what says so, kept as it is; the first of several counts. */
int sbk_volume_known_add(struct sbk_volume_audit *audit,
			 const struct sbk_sid_owner *owner, const char *path,
			 struct sbk_error *err);
/* Whether a ledger of so many bytes is still read: SBK_E_LIMIT. */
int sbk_volume_ledger_count(struct sbk_volume_audit *audit, uint64_t size,
			    struct sbk_error *err);
/* The path of a record, for as long as the audit lives. */
int sbk_volume_path_keep(struct sbk_volume_audit *audit, uint32_t record,
			 const char **out, struct sbk_error *err);
/* The steps behind the tree: who is named, by whom, and what they may do. */
int sbk_volume_examine_tree(struct sbk_volume_audit *audit,
			    const struct sbk_volume_request *request,
			    struct sbk_error *err);
/* S-1-5-21-x-y-z-rid, or S-1-12-1-...: what an account may have. */
bool sbk_volume_is_account_sid(const struct sbk_sid *sid);
/* Names, letters of ASCII in either case. */
int sbk_volume_name_compare(const char *a, const char *b);
bool sbk_volume_is_same(const char *a, const char *b);
/*
 * The hives of Windows on this volume: names and numbers of the SAM, which also
 * says what the machine's SID is; the lists of profiles and of accounts that
 * are hidden at sign-in; firewall rules that name an account. A hive that is
 * damaged, or waits for its logs, is counted as missed, and what it says is
 * used.
 */
int sbk_volume_hives_find(struct sbk_volume_audit *audit,
			  struct sbk_error *err);
/* By SID, when all are met; and the SIDs besides. */
void sbk_volume_facts_sort(struct sbk_volume_audit *audit);
/*
 * Of `count` rows of `size` bytes, each of which begins with its struct
 * sbk_sid, in the order of these: the first one with `sid`, and how many have
 * it.
 */
size_t sbk_volume_rows_of(const void *rows, size_t count, size_t size,
			  const struct sbk_sid *sid, size_t *found);
/* Those of one SID, by kind; NULL where there are none. */
const struct sbk_volume_fact *
sbk_volume_facts_of(const struct sbk_volume_audit *audit,
		    const struct sbk_sid *sid, size_t *count);
/* Whether the SID is of this machine and its SAM has it no more. */
bool sbk_volume_is_deleted(const struct sbk_volume_audit *audit,
			   const struct sbk_sid *sid);
/* Findings on what the registry has of the chosen principals. */
int sbk_volume_hives_report(struct sbk_volume_audit *audit,
			    struct sbk_error *err);
/* The one account that has full access to a profile by an entry of its own. */
bool sbk_volume_person_of(struct sbk_volume_audit *audit, uint32_t record,
			  struct sbk_sid *out);
/* Fills audit->principals and their members: those that are asked for. "A+B" is
 * a token of A and the groups B, "A+B/R+S" one that is write-restricted to R
 * and S. SBK_E_NOTFOUND, with what can be named. */
int sbk_volume_principals_choose(struct sbk_volume_audit *audit,
				 const struct sbk_volume_request *request,
				 struct sbk_error *err);
/* --- tokens (volume_token.c) --- */
/* The principals from `first` on become one: the first is its user. Nothing
 * where there are none. SBK_E_LIMIT. */
int sbk_volume_token_join(struct sbk_volume_audit *audit, size_t first,
			  struct sbk_error *err);
/* Those from `from` on become what the one at `first` is restricted to. */
int sbk_volume_token_restrict(struct sbk_volume_audit *audit, size_t first,
			      size_t from, struct sbk_error *err);
/* Whether it is more than its SID. */
bool sbk_volume_is_token(const struct sbk_volume_principal *principal);
/* Fills audit->members, when the principals are all there and in order. */
int sbk_volume_members_find(struct sbk_volume_audit *audit,
			    struct sbk_error *err);
/* Those of a SID; NULL where it is nobody's who is asked for. */
const struct sbk_volume_member *
sbk_volume_members_of(const struct sbk_volume_audit *audit,
		      const struct sbk_sid *sid, size_t *count);
/* Whether an entry for the SID counts for the principal. */
bool sbk_volume_principal_has(const struct sbk_volume_principal *principal,
			      const struct sbk_sid *sid);
/* By SID, those of one alone first. */
int sbk_volume_principal_compare(const struct sbk_volume_principal *a,
				 const struct sbk_volume_principal *b);
/* A principal for people. Appends. */
void sbk_volume_principal_label(const struct sbk_volume_audit *audit,
				const struct sbk_volume_principal *principal,
				struct sbk_buf *out);

int sbk_volume_judge(struct sbk_volume_audit *audit, struct sbk_error *err);
/* One descriptor: a hit for each principal that it names, at the end of
 * audit->hits. SBK_E_LIMIT. */
int sbk_volume_judge_one(struct sbk_volume_audit *audit, size_t index,
			 const struct sbk_sd *sd, struct sbk_error *err);
int sbk_volume_rollup(struct sbk_volume_audit *audit, struct sbk_error *err);
/* Findings on places that Everyone may write, and so each run. */
int sbk_volume_everyone(struct sbk_volume_audit *audit, struct sbk_error *err);
int sbk_volume_ssh(struct sbk_volume_audit *audit, struct sbk_error *err);
/* Findings and coverage. */
int sbk_volume_report(struct sbk_volume_audit *audit, struct sbk_error *err);
/* A SID for people: its name, or itself. Appends. */
void sbk_volume_label(struct sbk_buf *out, const struct sbk_sid *sid,
		      const struct sbk_sid_verdict *verdict);
/* "read, write, delete, take over", or what is left of it. */
void sbk_volume_rights(struct sbk_buf *out, uint32_t mask);
/* The first entry of a descriptor that names the principal, as SDDL; or
 * "owner". */
int sbk_volume_entry(struct sbk_volume_audit *audit,
		     const struct sbk_volume_hit *hit, struct sbk_buf *out,
		     struct sbk_error *err);

/* For an object whose entries for the principal are inherited alone: the
 * nearest directory above whose own entry hands down as much. NONE: there is
 * none, any more, or it hands it down for CREATOR OWNER. */
uint32_t sbk_volume_inherited_from(const struct sbk_volume_audit *audit,
				   uint32_t record,
				   const struct sbk_volume_hit *hit);

/* --- the whole ------------------------------------------------------------ */

/* All but opening it: of a volume whose tree.volume, tree.secure, report and
 * path are set. */
int sbk_volume_examine(struct sbk_volume_audit *audit,
		       const struct sbk_volume_request *request,
		       struct sbk_error *err);
/* Makes it; the report is the caller's. Release also after a failure. */
int sbk_volume_audit(const struct sbk_volume_request *request,
		     struct sbk_report *report, struct sbk_volume_audit *out,
		     struct sbk_error *err);
void sbk_volume_audit_release(struct sbk_volume_audit *audit);
/* What is damaged: coverage for what may hide something, else a line. */
int sbk_volume_report_damage(struct sbk_volume_audit *audit,
			     struct sbk_error *err);
/* Opens device, volume and descriptors: `path`, `report` are set. */
int sbk_volume_open(struct sbk_volume_audit *audit, struct sbk_error *err);

/* --- two states of one volume -------------------------------------------- */

/*
 * audit compare (volume_compare.c): each object of both, by record and sequence
 * number; descriptors, owners and names that differ, objects that came and
 * went, rolled up to where that begins. Either one may be a saved state.
 * SBK_E_INVAL where the two are not states of one volume (serial number), or
 * are two saved ones.
 */
int sbk_volume_compare(const char *before, const char *after,
		       const struct sbk_progress *progress,
		       struct sbk_report *report, struct sbk_error *err);
/*
 * Saves what a comparison needs of a volume, in the format of
 * volume_baseline.c: as text what sbk_volume_baseline_load takes. What is
 * damaged is told as in any report, and said in the file. SBK_E_LIMIT: the
 * volume has more objects than a saved state may have
 * (SBK_VOLUME_BASELINE_MAX bytes).
 */
#define SBK_VOLUME_BASELINE_MAX SBK_BUF_BYTES_MAX
int sbk_volume_baseline_make(const char *path,
			     const struct sbk_progress *progress,
			     struct sbk_report *report, struct sbk_buf *out,
			     struct sbk_error *err);
/* Whether the file begins as a saved state. */
bool sbk_volume_baseline_is(const char *path);
struct sbk_volume_baseline_facts {
	uint64_t serial;
	uint8_t key[16]; /* of the hashes of names */
	bool is_incomplete;
};
/*
 * Fills audit->tree from the file at audit->path, without a volume: objects,
 * descriptors and names are those of then. Every byte is hostile: SBK_E_INVAL,
 * SBK_E_UNSUPPORTED (another version).
 */
int sbk_volume_baseline_load(struct sbk_volume_audit *audit,
			     struct sbk_volume_baseline_facts *out,
			     struct sbk_error *err);
/* The same from the bytes in audit->tree.saved; audit->path is what they are
 * called. */
int sbk_volume_baseline_parse(struct sbk_volume_audit *audit,
			      struct sbk_volume_baseline_facts *out,
			      struct sbk_error *err);
/* "volume" and "principals", as members of the report's JSON object. Beyond
 * SBK_VOLUME_PRINT_MAX no more is added, and the report is incomplete. */
int sbk_volume_print_json(struct sbk_volume_audit *audit, struct sbk_buf *out,
			  struct sbk_error *err);
/* A row for each root and each sensitive place; likewise. */
int sbk_volume_print_csv(struct sbk_volume_audit *audit, struct sbk_buf *out,
			 struct sbk_error *err);

#endif
