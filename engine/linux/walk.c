/*
 * The walk. Each directory is listed through one descriptor and its entries
 * are pinned below that descriptor, so that nothing that is renamed meanwhile
 * leads out of the tree. What vanished between listing and looking was not
 * there; what cannot be looked at is visited as UNREADABLE.
 *
 * The order of looking and visiting is the tour's (tour.h). The descriptors of
 * the directories above the present one stay open: where the process runs out
 * of them, the tree below is visited as UNREADABLE.
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
#include "engine/linux/tour.h"

#include "engine/banned.h"

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
	struct sbk_tour tour;
	uint64_t mount_id;    /* of the root; 0 where the kernel does not say */
	uint64_t device;      /* of the root, where there is no mount id */
	struct sight *sights; /* SBK_TOUR_WINDOW of them */
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
	const struct sbk_tour_window *window = arg;
	const struct walker *w = window->self;
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

/* Hands a sight to the visitor; the visitor's verdict. */
static int visit_sight(struct walker *w, const struct sight *sight,
		       struct sbk_error *err)
{
	struct sbk_visit visit = {
		.path = w->tour.path,
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
		return sbk_tour_skipped(&w->tour, err);
	case SIGHT_GONE:
		return 0;
	case SIGHT_UNREADABLE:
		if (sight->problem.code == SBK_E_NOMEM)
			return sbk_error_no_memory(err);
		return sbk_tour_unreadable(&w->tour, &sight->problem, err);
	default:
		if (visit.is_directory)
			visit.modified_ns = sight->modified_ns;
		return w->tour.visit(w->tour.arg, &visit, err);
	}
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
static int walk_entry(void *self, int directory,
		      const struct sbk_listing_entry *entry, int depth,
		      struct sbk_error *err)
{
	struct walker *w = self;
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
	if (rc == 0)
		rc = sbk_tour_directory(&w->tour, pin->fd, &listing, depth + 1,
					err);
	else
		rc = sbk_tour_unreadable(&w->tour, &problem, err);
	sbk_listing_release(&listing);
	return rc;
}

static int walk_root(struct walker *w, struct sbk_error *err)
{
	struct sbk_pin pin = SBK_PIN_INIT;
	int rc = sbk_pin_path(w->tour.path, &pin, err);

	if (rc < 0)
		return rc;
	w->device = sbk_pin_device(&pin);
	if ((pin.stat.stx_mask & STATX_MNT_ID) != 0)
		w->mount_id = pin.stat.stx_mnt_id;
	if (S_ISLNK(pin.stat.stx_mode))
		rc = sbk_tour_skipped(&w->tour, err);
	else
		rc = walk_pinned(w, &pin, 0, err);
	sbk_pin_release(&pin);
	return rc;
}

static bool is_left(const void *self, size_t index)
{
	const struct walker *w = self;

	return w->sights[index].kind == SIGHT_UNSETTLED;
}

static int visit_index(void *self, size_t index, struct sbk_error *err)
{
	struct walker *w = self;

	return visit_sight(w, &w->sights[index], err);
}

int sbk_walk(struct sbk_host *host, const char *root, enum sbk_walk_depth depth,
	     sbk_visit_fn *visit, void *arg, struct sbk_error *err)
{
	static const struct sbk_tour_ops ops = {.look = look_at_entry,
						.is_left = is_left,
						.visit_sight = visit_index,
						.enter = walk_entry};
	struct walker w = {
		.host = host,
		.depth = depth,
		.tour = {.ops = &ops,
			 .self = &w,
			 .pool = &host->pool,
			 .visit = visit,
			 .arg = arg},
	};
	size_t i;
	int rc = sbk_tour_root(&w.tour, root, err);

	if (rc < 0)
		return rc;
	w.sights = calloc(SBK_TOUR_WINDOW, sizeof(*w.sights));
	if (w.sights == NULL)
		return sbk_error_no_memory(err);
	rc = walk_root(&w, err);
	for (i = 0; i < SBK_TOUR_WINDOW; i++)
		sbk_buf_release(&w.sights[i].state);
	free(w.sights);
	return rc;
}

int sbk_host_walk(struct sbk_host *host, const char *root, sbk_visit_fn *visit,
		  void *arg, struct sbk_error *err)
{
	return sbk_walk(host, root, SBK_WALK_FULL, visit, arg, err);
}
