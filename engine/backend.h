/*
 * The host, as `apply`, `undo` and `audit` see it: the operations that tests
 * replace. Implementations: linux (engine/linux/backend.c), and in
 * tests/support fake (a world in memory), fault (fails or stops at the n-th
 * operation) and trace (prints each call).
 *
 * Callers use the sbk_backend_* functions, which assert and forward.
 *
 * Encodings of `ours`, one entry a line:
 *	access    "access u:990:rw-" or "default u:990:rw-"
 *	kept      "name sandbook-1-off", a name whose lines are ours;
 *	          `subtract` answers with the state to put back
 *	descriptor  none: nothing in it is ours, what we did is to take out;
 *	          `subtract` answers with a conflict
 *	others    none: NULL, the whole object is ours
 */
#ifndef SBK_BACKEND_H
#define SBK_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/buf.h"
#include "engine/error.h"
#include "engine/object.h"
#include "engine/plan.h"

/* What stands at an object's name now. */
struct sbk_observation {
	struct sbk_buf state;	 /* empty: absent */
	struct sbk_buf identity; /* empty: none, or absent */
};

#define SBK_OBSERVATION_INIT                                    \
	{                                                       \
		.state = SBK_BUF_INIT, .identity = SBK_BUF_INIT \
	}

void sbk_observation_release(struct sbk_observation *observation);
/* The observed state, borrowed from the observation. */
struct sbk_state sbk_observation_state(const struct sbk_observation *o);

enum sbk_rights {
	SBK_RIGHTS_READ,   /* read, and search or execute where others may */
	SBK_RIGHTS_WRITE,  /* read and write */
	SBK_RIGHTS_SEARCH, /* pass through this one directory; not inherited */
	/* Windows alone: writing is denied, whatever else is granted. */
	SBK_RIGHTS_PROTECT,
	/* Windows alone, for the person who grants writing: to own what others
	 * make there. Nothing on the root itself, and nothing at all where its
	 * list gives that already. */
	SBK_RIGHTS_TAKE_BACK,
	/* With one of the others, Windows alone: the object is below the root
	 * of the grant, and gets what it inherits from it. */
	SBK_RIGHTS_BELOW = 0x10
};

/*
 * Before a person's principal: the entries of SBK_RIGHTS_TAKE_BACK, and nothing
 * else that the person has. `strip` and `naming` know it, and a plan's roots
 * have it, so that an undo takes these out of what was made later, too.
 */
#define SBK_TAKES_BACK "takes-back:"

/* What somebody may do to an object, as bits. */
enum sbk_may {
	SBK_MAY_READ = 1,
	SBK_MAY_WRITE = 2,
	SBK_MAY_EXECUTE = 4 /* search, on a directory */
};

/* Who asks: a principal and the groups that it is in ("g:990"). A group
 * alone, "g:990" without groups, stands for any member of it. */
struct sbk_subject {
	const char *principal;
	const char *const *groups;
	size_t group_count;
};

/* How an ACCESS state names a principal, as bits. */
enum sbk_naming {
	SBK_NAMED_ENTRY = 1,   /* an entry of the object */
	SBK_NAMED_INHERIT = 2, /* an entry for what is made below it */
	SBK_NAMED_OWNER = 4,
	SBK_NAMED_GROUP = 8 /* it is the object's group */
};

/* One object of a tree. Strings and bytes are borrowed during the call. */
struct sbk_visit {
	const char *path;
	const char *identity;
	struct sbk_state access; /* as SBK_KIND_ACCESS encodes it */
	uint32_t owner; /* numeric owner; 0 where ids are not numbers */
	uint32_t links; /* hard links; 1 for directories */
	bool is_directory;
	bool is_link; /* only a survey visits symbolic links */
	/* Why its access cannot be changed ("it is marked immutable"), or
	 * NULL. */
	const char *fixed;
	/* A directory: when entries last came or went, as the system says; 0
	 * where it does not. */
	int64_t modified_ns;
	enum sbk_visit_kind {
		SBK_VISIT_OBJECT,  /* all fields are set */
		SBK_VISIT_SKIPPED, /* symbolic link or mount point: path only */
		SBK_VISIT_UNREADABLE /* path and `problem` only; also after its
					OBJECT, for a directory that cannot be
					listed */
	} kind;
	const struct sbk_error *problem;
};

/*
 * 0: go on; 1: do not descend into this directory; 2: of what is in this
 * directory visit directories only; < 0: stop with it.
 */
typedef int sbk_visit_fn(void *arg, const struct sbk_visit *visit,
			 struct sbk_error *err);

struct sbk_location {
	enum sbk_location_kind {
		SBK_LOCATION_UNKNOWN, /* could not be settled; `path` NULL */
		SBK_LOCATION_FOUND,   /* at `path`, allocated */
		SBK_LOCATION_GONE     /* no such object any more; `path` NULL */
	} kind;
	char *path;
};

#define SBK_REPLACE_NOT_TRIED 1

/* Every slot is mandatory unless it says otherwise. */
struct sbk_backend_ops {
	const char *name;

	/*
	 * Rights are entries that are inherited (Windows): a grant says of each
	 * object whether it is SBK_RIGHTS_BELOW its root, and takes writing
	 * away by SBK_RIGHTS_PROTECT, not by granting less.
	 */
	bool inherits;

	/*
	 * The state and identity at the object's name. `object->identity` is
	 * ignored: comparing is the caller's. *Absent* is a state for the
	 * kinds that we create; for SBK_KIND_ACCESS a missing path is
	 * SBK_E_NOTFOUND. SBK_E_DENIED when it cannot be read. The volume
	 * belongs to the next flush: what is settled by looking must be as
	 * durable as what is settled by doing.
	 */
	int (*observe)(void *self, const struct sbk_object *object,
		       struct sbk_observation *out, struct sbk_error *err);

	/*
	 * Optional (NULL: one after the other). Observes the objects of many
	 * changes, of kind ACCESS all: out[i] and outcomes[i].code are what
	 * `observe` gives for changes[i]->object.
	 */
	void (*observe_all)(void *self, struct sbk_change *const *changes,
			    size_t count, struct sbk_observation *out,
			    struct sbk_error *outcomes);

	/*
	 * Replaces the state if it still equals `expected` on the object that
	 * `object->identity` names (where it names one), else SBK_E_CONFLICT
	 * and no change. Reads the result back: a system that said yes and did
	 * nothing is SBK_E_IO. SBK_KIND_KEPT is written whatever stands there.
	 * SBK_E_EXISTS where an object of ours shall go and others use it by
	 * now: it is theirs, and an undo leaves it for good.
	 */
	int (*replace)(void *self, const struct sbk_object *object,
		       struct sbk_state expected, struct sbk_state next,
		       struct sbk_error *err);

	/*
	 * Optional, both or none. Replaces the objects of many changes, of
	 * kind ACCESS all, each from its `before` to its `after` as `replace`
	 * does, in about their order; no two are of one object. `begin` may
	 * return before any of it is done, and what it was given is the
	 * backend's until `end` has returned; in between the caller may do
	 * anything but call the backend. Then `outcomes[i].code` says what
	 * became of each: 0 made, < 0 failed, SBK_REPLACE_NOT_TRIED not
	 * touched, because another had failed and `stop` was given.
	 */
	void (*replace_begin)(void *self, struct sbk_change *const *changes,
			      size_t count, bool stop,
			      struct sbk_error *outcomes);
	void (*replace_end)(void *self);

	/* Makes everything replaced or observed since the last flush durable.
	 */
	int (*flush)(void *self, struct sbk_error *err);

	/*
	 * Visits `root` and what is below it: a directory before its content,
	 * siblings in one stable order, no symbolic link followed, no mount
	 * crossed. What cannot be read is visited as such.
	 */
	int (*walk)(void *self, const char *root, sbk_visit_fn *visit,
		    void *arg, struct sbk_error *err);

	/*
	 * The walk of an audit, which only looks: like `walk`, but quicker,
	 * without `identity` (NULL) and `fixed`, and with symbolic links as
	 * objects, for their owners. SKIPPED is a mount point.
	 */
	int (*survey)(void *self, const char *root, sbk_visit_fn *visit,
		      void *arg, struct sbk_error *err);

	/*
	 * Where the objects with these identities are now: fills `found[i]`
	 * for each. `roots` are where an unprivileged search looks, bounded;
	 * what a bound, an unreadable directory or an absent volume may have
	 * hidden is UNKNOWN, not GONE. The caller frees found[i].path.
	 */
	int (*locate)(void *self, const char *const *identities, size_t count,
		      const char *const *roots, size_t root_count,
		      struct sbk_location *found, struct sbk_error *err);

	/*
	 * Pure: what `current` becomes with the grant, and the entries that
	 * are ours. `next` equals `current` and `ours` is empty where the
	 * principal has the rights already. SBK_E_UNSUPPORTED for an object
	 * that is not granted (a device); SBK_E_CONFLICT where the grant would
	 * also give rights to others.
	 */
	int (*add_grant)(void *self, struct sbk_state current,
			 bool is_directory, const char *principal,
			 enum sbk_rights rights, struct sbk_buf *next,
			 struct sbk_buf *ours, struct sbk_error *err);

	/*
	 * What `current` becomes when exactly the entries `change->ours` are
	 * taken out of it and all else is kept. SBK_E_CONFLICT when others
	 * altered an entry of ours, or the whole object is ours.
	 */
	int (*subtract)(void *self, const struct sbk_change *change,
			struct sbk_state current, struct sbk_buf *next,
			struct sbk_error *err);

	/*
	 * Takes every entry that names one of `principals` out of an ACCESS
	 * state, whoever put it there; `next` equals `current` where none
	 * does. For objects made later in a granted tree, and for the sweep.
	 */
	int (*strip)(void *self, struct sbk_state current,
		     const char *const *principals, size_t count,
		     struct sbk_buf *next, struct sbk_error *err);

	/*
	 * Pure: what the system would let `who` do to an object with this
	 * ACCESS state, apart from the directories above it and from any
	 * privilege. `named` says whether what decided names `who` or one of
	 * its groups, ownership included, rather than everybody; `entry` is
	 * what decided, as text for people.
	 */
	int (*evaluate)(void *self, struct sbk_state access,
			const struct sbk_subject *who, unsigned *rights,
			bool *named, struct sbk_buf *entry,
			struct sbk_error *err);

	/* Pure: how the ACCESS state names the principal (enum sbk_naming),
	 * whatever that lets it do. */
	int (*naming)(void *self, struct sbk_state access,
		      const char *principal, unsigned *how,
		      struct sbk_error *err);

	/*
	 * Optional, both or none: rights on this system are NT security
	 * descriptors. Pure: the self-relative bytes of an ACCESS state,
	 * appended; and the state that has an object once it has such bytes
	 * (owner, group and DACL: the rest is no part of it).
	 */
	int (*to_descriptor)(void *self, struct sbk_state access,
			     struct sbk_buf *out, struct sbk_error *err);
	int (*from_descriptor)(void *self, const struct sbk_buf *bytes,
			       bool is_directory, struct sbk_buf *next,
			       struct sbk_error *err);

	void (*close)(void *self);
};

struct sbk_backend {
	const struct sbk_backend_ops *ops;
	void *self;
};

int sbk_backend_observe(const struct sbk_backend *backend,
			const struct sbk_object *object,
			struct sbk_observation *out, struct sbk_error *err);
void sbk_backend_observe_all(const struct sbk_backend *backend,
			     struct sbk_change *const *changes, size_t count,
			     struct sbk_observation *out,
			     struct sbk_error *outcomes);
int sbk_backend_replace(const struct sbk_backend *backend,
			const struct sbk_object *object,
			struct sbk_state expected, struct sbk_state next,
			struct sbk_error *err);
bool sbk_backend_inherits(const struct sbk_backend *backend);
/* Whether many can be replaced at once. */
bool sbk_backend_replaces_many(const struct sbk_backend *backend);
void sbk_backend_replace_begin(const struct sbk_backend *backend,
			       struct sbk_change *const *changes, size_t count,
			       bool stop, struct sbk_error *outcomes);
void sbk_backend_replace_end(const struct sbk_backend *backend);
int sbk_backend_flush(const struct sbk_backend *backend, struct sbk_error *err);
int sbk_backend_walk(const struct sbk_backend *backend, const char *root,
		     sbk_visit_fn *visit, void *arg, struct sbk_error *err);
int sbk_backend_survey(const struct sbk_backend *backend, const char *root,
		       sbk_visit_fn *visit, void *arg, struct sbk_error *err);
int sbk_backend_locate(const struct sbk_backend *backend,
		       const char *const *identities, size_t count,
		       const char *const *roots, size_t root_count,
		       struct sbk_location *found, struct sbk_error *err);
int sbk_backend_add_grant(const struct sbk_backend *backend,
			  struct sbk_state current, bool is_directory,
			  const char *principal, enum sbk_rights rights,
			  struct sbk_buf *next, struct sbk_buf *ours,
			  struct sbk_error *err);
int sbk_backend_subtract(const struct sbk_backend *backend,
			 const struct sbk_change *change,
			 struct sbk_state current, struct sbk_buf *next,
			 struct sbk_error *err);
int sbk_backend_strip(const struct sbk_backend *backend,
		      struct sbk_state current, const char *const *principals,
		      size_t count, struct sbk_buf *next,
		      struct sbk_error *err);
int sbk_backend_evaluate(const struct sbk_backend *backend,
			 struct sbk_state access, const struct sbk_subject *who,
			 unsigned *rights, bool *named, struct sbk_buf *entry,
			 struct sbk_error *err);
int sbk_backend_naming(const struct sbk_backend *backend,
		       struct sbk_state access, const char *principal,
		       unsigned *how, struct sbk_error *err);
/* Whether rights here are NT security descriptors; the next two want that. */
bool sbk_backend_has_descriptors(const struct sbk_backend *backend);
int sbk_backend_to_descriptor(const struct sbk_backend *backend,
			      struct sbk_state access, struct sbk_buf *out,
			      struct sbk_error *err);
int sbk_backend_from_descriptor(const struct sbk_backend *backend,
				const struct sbk_buf *bytes, bool is_directory,
				struct sbk_buf *next, struct sbk_error *err);
/* Closes and forgets; a backend with ops == NULL is left alone. */
void sbk_backend_close(struct sbk_backend *backend);

#endif
