/*
 * The walk. Each directory is listed through one descriptor and its entries
 * are pinned below that descriptor, so that nothing that is renamed meanwhile
 * leads out of the tree. What vanished between listing and looking was not
 * there; what cannot be looked at is visited as UNREADABLE.
 *
 * What is no directory is looked at in runs of WINDOW entries by several
 * threads, each entry into a sight of its own; visiting is done by the caller's
 * thread alone, in order. The descriptors of the directories above the present
 * one stay open: where the process runs out of them, the tree below is visited
 * as UNREADABLE.
 */
#include "engine/linux/walk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/limits.h"
#include "engine/linux/access.h"
#include "engine/linux/error.h"
#include "engine/linux/listing.h"
#include "engine/linux/pin.h"

#include "engine/banned.h"

#define WINDOW 256

/* What was seen at one name. */
struct sight {
	enum sight_kind {
		SIGHT_OBJECT,
		SIGHT_SKIPPED,
		SIGHT_UNREADABLE,
		SIGHT_GONE,
		SIGHT_UNSETTLED /* for the caller's thread: a new volume */
	} kind;
	char identity[SBK_IDENTITY_MAX];
	struct sbk_buf state;
	uint32_t mode, owner, links;
	int64_t modified_ns;
	const char *fixed;
	struct sbk_error problem;
};

struct walker {
	struct sbk_host *host;
	enum sbk_walk_depth depth;
	sbk_visit_fn *visit;
	void *arg;
	uint64_t mount_id; /* of the root; 0 where the kernel does not say */
	uint64_t device;   /* of the root, where there is no mount id */
	char path[SBK_PATH_MAX];
	size_t path_size;
	struct sight *sights; /* WINDOW of them */
};

/* One run of entries, for the threads. */
struct window {
	struct walker *walker;
	int directory;
	const struct sbk_listing_entry *entries;
};

static bool same_mount(const struct walker *w, const struct sbk_pin *pin)
{
	if (w->mount_id != 0 && (pin->stat.stx_mask & STATX_MNT_ID) != 0)
		return pin->stat.stx_mnt_id == w->mount_id;
	return sbk_pin_device(pin) == w->device;
}

static void take_stat(struct sight *sight, const struct sbk_pin *pin)
{
	const struct statx *st = &pin->stat;

	sight->mode = st->stx_mode;
	sight->owner = st->stx_uid;
	sight->links = S_ISDIR(st->stx_mode) ? 1 : st->stx_nlink;
	sight->fixed = sbk_access_fixed(pin);
	sight->modified_ns =
		st->stx_mtime.tv_sec * 1000000000 + st->stx_mtime.tv_nsec;
}

static int read_state(struct sight *sight, struct sbk_pin *pin)
{
	struct sbk_access access;
	int rc = sbk_access_read_pinned(pin, &access, &sight->problem);

	sbk_buf_clear(&sight->state);
	if (rc < 0)
		return rc;
	sbk_access_format(&access, &sight->state);
	return sbk_buf_failed(&sight->state, &sight->problem);
}

/* Looks at a pinned object on a volume that is known. */
static void look(const struct walker *w, const struct sbk_volume *volume,
		 struct sbk_pin *pin, struct sight *sight)
{
	int rc;

	rc = sbk_identity_on(volume, pin, NULL, sight->identity,
			     &sight->problem);
	if (rc == 0 && w->depth == SBK_WALK_FULL)
		rc = read_state(sight, pin);
	take_stat(sight, pin);
	sight->kind = rc == 0 ? SIGHT_OBJECT : SIGHT_UNREADABLE;
}

/* Pins what `entry` names; the sight says what came of it, and the pin is
 * open where that is OBJECT. */
static void pin_entry(const struct walker *w, int directory,
		      const struct sbk_listing_entry *entry,
		      struct sbk_pin *pin, struct sight *sight)
{
	int rc;

	sight->kind = SIGHT_SKIPPED;
	if (S_ISLNK(entry->type))
		return;
	rc = sbk_pin_child(directory, entry->name, entry->type, pin);
	if (rc == -ENOENT) {
		sight->kind = SIGHT_GONE;
	} else if (rc < 0) {
		(void)sbk_error_set_errno(&sight->problem, -rc, "opening");
		sight->kind = SIGHT_UNREADABLE;
	} else if (!S_ISLNK(pin->stat.stx_mode) && same_mount(w, pin)) {
		sight->kind = SIGHT_OBJECT;
	}
}

/* One entry, in whichever thread. */
static void look_at_entry(void *arg, size_t index)
{
	const struct window *window = arg;
	const struct walker *w = window->walker;
	struct sight *sight = &w->sights[index];
	const struct sbk_volume *volume;
	struct sbk_pin pin = SBK_PIN_INIT;

	pin_entry(w, window->directory, &window->entries[index], &pin, sight);
	if (sight->kind != SIGHT_OBJECT)
		return;
	volume = sbk_volume_known(&w->host->volumes, &pin);
	/* A directory by now: to be entered by the caller's thread. */
	if (volume == NULL || S_ISDIR(pin.stat.stx_mode))
		sight->kind = SIGHT_UNSETTLED;
	else
		look(w, volume, &pin, sight);
	sbk_pin_release(&pin);
}

static int visit_unreadable(struct walker *w, const struct sbk_error *problem,
			    struct sbk_error *err)
{
	struct sbk_visit visit = {.path = w->path,
				  .kind = SBK_VISIT_UNREADABLE,
				  .problem = problem};
	int rc = w->visit(w->arg, &visit, err);

	return rc < 0 ? rc : 0;
}

static int visit_skipped(struct walker *w, struct sbk_error *err)
{
	struct sbk_visit visit = {.path = w->path, .kind = SBK_VISIT_SKIPPED};
	int rc = w->visit(w->arg, &visit, err);

	return rc < 0 ? rc : 0;
}

/* Hands a sight to the visitor; the visitor's verdict. */
static int visit_sight(struct walker *w, const struct sight *sight,
		       struct sbk_error *err)
{
	struct sbk_visit visit = {
		.path = w->path,
		.identity = sight->identity,
		.access = {.data = sbk_buf_text(&sight->state),
			   .size = sight->state.size},
		.owner = sight->owner,
		.links = sight->links,
		.is_directory = S_ISDIR(sight->mode),
		.fixed = sight->fixed,
		.kind = SBK_VISIT_OBJECT,
	};

	switch (sight->kind) {
	case SIGHT_SKIPPED:
		return visit_skipped(w, err);
	case SIGHT_GONE:
		return 0;
	case SIGHT_UNREADABLE:
		if (sight->problem.code == SBK_E_NOMEM)
			return sbk_error_no_memory(err);
		return visit_unreadable(w, &sight->problem, err);
	default:
		if (visit.is_directory)
			visit.modified_ns = sight->modified_ns;
		return w->visit(w->arg, &visit, err);
	}
}

/* Appends "/name"; false where the path would be too long. */
static bool enter_name(struct walker *w, const char *name)
{
	size_t length = strlen(name);
	bool slash = w->path_size > 1; /* not below "/" itself */

	if (w->path_size + slash + length >= sizeof(w->path))
		return false;
	if (slash)
		w->path[w->path_size++] = '/';
	memcpy(w->path + w->path_size, name, length + 1);
	w->path_size += length;
	return true;
}

static void leave_name(struct walker *w, size_t path_size)
{
	w->path_size = path_size;
	w->path[path_size] = '\0';
}

static int visit_too_long(struct walker *w, struct sbk_error *err)
{
	struct sbk_error problem = SBK_ERROR_INIT;

	(void)sbk_error_set(&problem, SBK_E_LIMIT,
			    "a path below is longer than %d bytes",
			    SBK_PATH_MAX - 1);
	return visit_unreadable(w, &problem, err);
}

static int walk_below(struct walker *w, const struct sbk_pin *pin, int depth,
		      bool directories_only, struct sbk_error *err);

/* Visits a pinned object and, where it is a directory, what is below. */
static int walk_pinned(struct walker *w, struct sbk_pin *pin, int depth,
		       struct sbk_error *err)
{
	struct sight sight = {.state = SBK_BUF_INIT};
	struct sbk_volume *volume = NULL;
	int rc;

	if (sbk_volume_of(&w->host->volumes, pin, &volume, &sight.problem) < 0)
		sight.kind = SIGHT_UNREADABLE;
	else
		look(w, volume, pin, &sight);
	rc = visit_sight(w, &sight, err);
	sbk_buf_release(&sight.state);
	if (rc < 0 || rc == 1 || sight.kind != SIGHT_OBJECT ||
	    !S_ISDIR(sight.mode))
		return rc < 0 ? rc : 0;
	return walk_below(w, pin, depth, rc == 2, err);
}

/* One entry by the caller's thread: a directory, or what the others left. */
static int walk_entry(struct walker *w, int directory,
		      const struct sbk_listing_entry *entry, int depth,
		      struct sbk_error *err)
{
	struct sight sight = {.state = SBK_BUF_INIT};
	struct sbk_pin pin = SBK_PIN_INIT;
	int rc;

	pin_entry(w, directory, entry, &pin, &sight);
	if (sight.kind == SIGHT_OBJECT)
		rc = walk_pinned(w, &pin, depth, err);
	else
		rc = visit_sight(w, &sight, err);
	sbk_pin_release(&pin);
	return rc < 0 ? rc : 0;
}

/*
 * Those that the threads left come last: walking one may be walking a tree,
 * and that uses the sights anew.
 */
static int walk_left(struct walker *w, const struct window *window,
		     size_t count, const bool left[WINDOW], int depth,
		     struct sbk_error *err)
{
	size_t path_size = w->path_size, i;
	int rc = 0;

	for (i = 0; rc >= 0 && i < count; i++) {
		if (!left[i] || !enter_name(w, window->entries[i].name))
			continue; /* too long: that was visited as such */
		rc = walk_entry(w, window->directory, &window->entries[i],
				depth, err);
		leave_name(w, path_size);
	}
	return rc < 0 ? rc : 0;
}

static int visit_window(struct walker *w, const struct window *window,
			size_t count, int depth, struct sbk_error *err)
{
	size_t path_size = w->path_size, i;
	bool left[WINDOW];
	int rc = 0;

	for (i = 0; rc >= 0 && i < count; i++) {
		left[i] = w->sights[i].kind == SIGHT_UNSETTLED;
		if (!enter_name(w, window->entries[i].name)) {
			rc = visit_too_long(w, err);
			continue;
		}
		if (!left[i])
			rc = visit_sight(w, &w->sights[i], err);
		leave_name(w, path_size);
	}
	return rc < 0 ? rc : walk_left(w, window, count, left, depth, err);
}

static int walk_leaves(struct walker *w, int directory,
		       const struct sbk_listing *listing, int depth,
		       struct sbk_error *err)
{
	struct window window = {.walker = w, .directory = directory};
	size_t at = 0;
	int rc = 0;

	while (rc == 0 && at < listing->leaf_count) {
		size_t count = listing->leaf_count - at;

		if (count > WINDOW)
			count = WINDOW;
		window.entries = listing->entries + at;
		sbk_pool_run(&w->host->pool, look_at_entry, &window, count);
		rc = visit_window(w, &window, count, depth, err);
		at += count;
	}
	return rc;
}

static int walk_directories(struct walker *w, int directory,
			    const struct sbk_listing *listing, int depth,
			    struct sbk_error *err)
{
	size_t path_size = w->path_size, i;
	int rc = 0;

	for (i = listing->leaf_count; rc == 0 && i < listing->count; i++) {
		if (!enter_name(w, listing->entries[i].name)) {
			rc = visit_too_long(w, err);
			continue;
		}
		rc = walk_entry(w, directory, &listing->entries[i], depth, err);
		leave_name(w, path_size);
	}
	return rc;
}

static int walk_below(struct walker *w, const struct sbk_pin *pin, int depth,
		      bool directories_only, struct sbk_error *err)
{
	struct sbk_listing listing = SBK_LISTING_INIT;
	struct sbk_error problem = SBK_ERROR_INIT;
	int rc;

	if (depth >= SBK_TREE_DEPTH_MAX)
		rc = sbk_error_set(&problem, SBK_E_LIMIT,
				   "more than %d directories deep",
				   SBK_TREE_DEPTH_MAX);
	else if (pin->by_proc)
		rc = sbk_error_set(&problem, SBK_E_DENIED,
				   "listing it is not allowed");
	else
		rc = sbk_listing_read(&listing, pin->fd, directories_only,
				      &problem);
	if (rc == 0) {
		rc = walk_leaves(w, pin->fd, &listing, depth + 1, err);
		if (rc == 0)
			rc = walk_directories(w, pin->fd, &listing, depth + 1,
					      err);
	} else {
		rc = visit_unreadable(w, &problem, err);
	}
	sbk_listing_release(&listing);
	return rc;
}

static int walk_root(struct walker *w, struct sbk_error *err)
{
	struct sbk_pin pin = SBK_PIN_INIT;
	int rc = sbk_pin_path(w->path, &pin, err);

	if (rc < 0)
		return rc;
	w->device = sbk_pin_device(&pin);
	if ((pin.stat.stx_mask & STATX_MNT_ID) != 0)
		w->mount_id = pin.stat.stx_mnt_id;
	if (S_ISLNK(pin.stat.stx_mode))
		rc = visit_skipped(w, err);
	else
		rc = walk_pinned(w, &pin, 0, err);
	sbk_pin_release(&pin);
	return rc;
}

int sbk_walk(struct sbk_host *host, const char *root, enum sbk_walk_depth depth,
	     sbk_visit_fn *visit, void *arg, struct sbk_error *err)
{
	struct walker w = {
		.host = host, .depth = depth, .visit = visit, .arg = arg};
	size_t i;
	int rc;

	w.path_size = strlen(root);
	if (w.path_size >= sizeof(w.path))
		return sbk_error_set(err, SBK_E_LIMIT,
				     "a path of %zu bytes is over the limit "
				     "of %d",
				     w.path_size, SBK_PATH_MAX - 1);
	memcpy(w.path, root, w.path_size + 1);
	w.sights = calloc(WINDOW, sizeof(*w.sights));
	if (w.sights == NULL)
		return sbk_error_no_memory(err);
	rc = walk_root(&w, err);
	for (i = 0; i < WINDOW; i++)
		sbk_buf_release(&w.sights[i].state);
	free(w.sights);
	return rc;
}

int sbk_host_walk(struct sbk_host *host, const char *root, sbk_visit_fn *visit,
		  void *arg, struct sbk_error *err)
{
	return sbk_walk(host, root, SBK_WALK_FULL, visit, arg, err);
}
