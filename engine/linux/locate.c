/*
 * Where an object is that has left its path.
 *
 * An administrator asks the kernel: a file handle can be opened through any
 * mount of its volume, and a stale one proves that the object is gone. The
 * kernel does not always know a name for what it opened (a file whose
 * directory is not in its cache); then, and for everyone else, the search is a
 * walk: first below the given roots, then over the mounts of the volume.
 *
 * GONE needs proof: the kernel's word, or a walk over every mount of the
 * volume that met no directory which could hide the object. A directory that
 * the caller may neither read nor write hides nothing if it is root's, or if
 * it stands outside the roots and outside directories where everyone may
 * create: nothing that ran as the caller or within the roots could have moved
 * the object there. Only the system's administrator could, and to an
 * administrator the kernel answers.
 */
#include "engine/linux/host.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/limits.h"
#include "engine/linux/access_state.h"
#include "engine/linux/account.h"
#include "engine/linux/account.h"
#include "engine/linux/error.h"
#include "engine/linux/mounts.h"
#include "engine/linux/walk.h"
#include "engine/path.h"

#include "engine/banned.h"

/* One object that is searched. Sorted by identity, for the walk's look-ups. */
struct target {
	const char *identity;
	struct sbk_location *location; /* the caller's */
	bool settled;
	bool exists; /* the kernel opened it, but knows no name */
};

struct search {
	struct sbk_host *host;
	struct target *targets;
	size_t count, open; /* `open`: not settled yet */
	const char *const *roots;
	size_t root_count;
	size_t visited;
	bool incomplete; /* something was not looked into */
};

static int compare_targets(const void *a, const void *b)
{
	return strcmp(((const struct target *)a)->identity,
		      ((const struct target *)b)->identity);
}

static void settle(struct search *search, struct target *target,
		   enum sbk_location_kind kind, char *path)
{
	target->location->kind = kind;
	target->location->path = path;
	target->settled = true;
	search->open--;
}

/* Whether what cannot be read at `path` may hold an object that is searched;
 * see the top. */
static bool may_hide(const struct search *search, const char *path)
{
	char parent[SBK_PATH_MAX];
	struct stat st;
	char *slash;
	size_t i;

	if (faccessat(AT_FDCWD, path, W_OK | X_OK, AT_EACCESS) == 0 ||
	    lstat(path, &st) < 0)
		return true;
	if (st.st_uid == 0)
		return false;
	for (i = 0; i < search->root_count; i++)
		if (sbk_path_within(path, search->roots[i]))
			return true;
	(void)snprintf(parent, sizeof(parent), "%s", path);
	slash = strrchr(parent, '/');
	if (slash == NULL)
		return true;
	slash[slash == parent] = '\0';
	return lstat(parent, &st) < 0 || (st.st_mode & S_IWOTH) != 0;
}

/* The first target with this identity, or NULL: several changes may be of one
 * object. */
static struct target *find_first(const struct search *search,
				 const char *identity)
{
	struct target key = {.identity = identity}, *target;

	target = bsearch(&key, search->targets, search->count,
			 sizeof(*search->targets), compare_targets);
	while (target != NULL && target > search->targets &&
	       strcmp(target[-1].identity, identity) == 0)
		target--;
	return target;
}

static int settle_found(struct search *search, const char *identity,
			const char *at, struct sbk_error *err)
{
	struct target *target = find_first(search, identity);
	const struct target *end = search->targets + search->count;

	for (; target != NULL && target < end &&
	       strcmp(target->identity, identity) == 0;
	     target++) {
		char *path;

		if (target->settled)
			continue;
		path = strdup(at);
		if (path == NULL)
			return sbk_error_no_memory(err);
		settle(search, target, SBK_LOCATION_FOUND, path);
	}
	return 0;
}

/*
 * A directory of the system's that the caller may not write: no file was moved
 * into it, only what is below its directories is of interest. That spares the
 * search most of /usr.
 */
static bool is_shut(const struct search *search, const struct sbk_visit *visit)
{
	size_t i;

	for (i = 0; i < search->root_count; i++)
		if (sbk_path_within(visit->path, search->roots[i]))
			return false;
	return visit->owner == 0 &&
	       faccessat(AT_FDCWD, visit->path, W_OK, AT_EACCESS) < 0;
}

static int visit_search(void *arg, const struct sbk_visit *visit,
			struct sbk_error *err)
{
	struct search *search = arg;
	int rc;

	if (visit->kind == SBK_VISIT_UNREADABLE &&
	    may_hide(search, visit->path))
		search->incomplete = true;
	if (visit->kind != SBK_VISIT_OBJECT)
		return 0;
	if (++search->visited > SBK_LOCATE_OBJECTS_MAX)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "a search met more than %d objects",
				     SBK_LOCATE_OBJECTS_MAX);
	rc = settle_found(search, visit->identity, visit->path, err);
	if (rc < 0 || !visit->is_directory)
		return rc;
	return is_shut(search, visit) ? 2 : 0;
}

/* Walks one tree; what goes wrong makes the search incomplete, not failed. */
static int search_below(struct search *search, const char *root,
			struct sbk_error *err)
{
	struct sbk_error problem = SBK_ERROR_INIT;
	int rc;

	if (search->open == 0)
		return 0;
	rc = sbk_walk(search->host, root, SBK_WALK_IDENTITIES, visit_search,
		      search, &problem);
	if (rc == SBK_E_NOMEM)
		return sbk_error_set(err, rc, "out of memory");
	if (rc < 0 && rc != SBK_E_NOTFOUND)
		search->incomplete = true;
	return 0;
}

static int search_roots(struct search *search, struct sbk_error *err)
{
	int rc = 0;
	size_t i;

	for (i = 0; rc == 0 && i < search->root_count; i++)
		rc = search_below(search, search->roots[i], err);
	return rc;
}

/* The volumes that are mounted, each with every place where it is. */
struct place {
	char *point;
	int fd;	    /* open for reading, -1: not yet, -2: cannot be */
	bool whole; /* all of the volume can be reached from here */
	enum sbk_identity_form form;
	char uuid[33];
};

struct places {
	struct sbk_host *host;
	struct place *items;
	size_t count, capacity;
};

static int add_place(struct places *places, const struct sbk_mount *mount,
		     const struct sbk_volume *volume, struct sbk_error *err)
{
	struct place *place;

	if (places->count == places->capacity) {
		size_t capacity = places->capacity * 2 + 16;
		void *items = realloc(places->items,
				      capacity * sizeof(*places->items));

		if (items == NULL)
			return sbk_error_no_memory(err);
		places->items = items;
		places->capacity = capacity;
	}
	place = &places->items[places->count];
	place->point = strdup(mount->point);
	if (place->point == NULL)
		return sbk_error_no_memory(err);
	place->fd = -1;
	/* Nothing can be renamed from one btrfs subvolume into another. */
	place->whole = strcmp(mount->root, "/") == 0 ||
		       strcmp(mount->type, "btrfs") == 0;
	place->form = volume->form;
	memcpy(place->uuid, volume->uuid, sizeof(place->uuid));
	places->count++;
	return 0;
}

static int visit_mount(void *arg, const struct sbk_mount *mount,
		       struct sbk_error *err)
{
	struct places *places = arg;
	struct sbk_pin pin = SBK_PIN_INIT;
	struct sbk_volume *volume = NULL;
	int rc = 0;

	if (sbk_mount_is_remote(mount->type) ||
	    sbk_pin_path_as(mount->point, SBK_MODE_DIRECTORY, &pin, NULL) < 0)
		return 0;
	if (sbk_volume_of(&places->host->volumes, &pin, &volume, NULL) == 0)
		rc = add_place(places, mount, volume, err);
	sbk_pin_release(&pin);
	return rc;
}

static void places_release(struct places *places)
{
	size_t i;

	for (i = 0; i < places->count; i++) {
		if (places->items[i].fd >= 0)
			(void)close(places->items[i].fd); /* only read */
		free(places->items[i].point);
	}
	free(places->items);
}

static bool is_place_of(const struct place *place, const char *identity)
{
	struct sbk_handle handle;

	if (sbk_handle_parse(identity, &handle))
		return strcmp(place->uuid, handle.uuid) == 0;
	/* The weaker forms do not say which volume of their form it is. */
	return place->form == (strncmp(identity, "fid:", 4) == 0
				       ? SBK_IDENTITY_COMPARABLE
				       : SBK_IDENTITY_INODE);
}

/* The path of an open descriptor, if it leads back to the same object. */
static char *path_of(struct search *search, int fd, const char *identity)
{
	char link[32], path[SBK_PATH_MAX];
	struct sbk_pin pin = SBK_PIN_INIT;
	char *found = NULL;
	ssize_t size;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	size = readlink(link, path, sizeof(path) - 1);
	if (size <= 0 || path[0] != '/')
		return NULL;
	path[size] = '\0';
	if (sbk_pin_path(path, &pin, NULL) < 0)
		return NULL;
	if (sbk_identity_is(&search->host->volumes, &pin, identity, NULL) == 1)
		found = strdup(path);
	sbk_pin_release(&pin);
	return found;
}

static int place_fd(struct place *place)
{
	if (place->fd == -1) {
		place->fd = open(place->point,
				 O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
		if (place->fd < 0)
			place->fd = -2;
	}
	return place->fd;
}

/*
 * Asks the kernel for one object through one mount. False where that settled
 * nothing: no right to ask, or no name known.
 */
static bool ask_kernel(struct search *search, struct target *target,
		       struct place *place)
{
	struct sbk_handle handle;
	struct stat st;
	char *path = NULL;
	bool gone;
	int fd;

	if (!sbk_handle_parse(target->identity, &handle) || place_fd(place) < 0)
		return false;
	fd = sbk_handle_open(&handle, place->fd);
	gone = fd == -ESTALE ||
	       (fd >= 0 && fstat(fd, &st) == 0 && st.st_nlink == 0);
	target->exists = fd >= 0 && !gone;
	if (target->exists)
		path = path_of(search, fd, target->identity);
	if (fd >= 0)
		(void)close(fd); /* only looked at */
	if (gone)
		settle(search, target, SBK_LOCATION_GONE, NULL);
	else if (path != NULL)
		settle(search, target, SBK_LOCATION_FOUND, path);
	return target->settled;
}

static void ask_for_all(struct search *search, const struct places *places)
{
	size_t i, j;

	for (i = 0; i < search->count; i++) {
		struct target *target = &search->targets[i];

		for (j = 0; j < places->count && !target->settled; j++)
			if (is_place_of(&places->items[j], target->identity) &&
			    ask_kernel(search, target, &places->items[j]))
				break;
	}
}

static bool is_wanted(const struct search *search, const struct place *place)
{
	size_t i;

	for (i = 0; i < search->count; i++)
		if (!search->targets[i].settled &&
		    is_place_of(place, search->targets[i].identity))
			return true;
	return false;
}

/* A volume was seen whole where it was walked from each of its mounts. */
static int search_places(struct search *search, const struct places *places,
			 struct sbk_error *err)
{
	int rc = 0;
	size_t i;

	for (i = 0; rc == 0 && i < places->count; i++)
		if (is_wanted(search, &places->items[i]))
			rc = search_below(search, places->items[i].point, err);
	return rc;
}

/* Whether the whole volume of this target was walked. */
static bool was_seen_whole(const struct search *search,
			   const struct places *places, const char *identity)
{
	size_t i;

	for (i = 0; !search->incomplete && i < places->count; i++)
		if (places->items[i].whole &&
		    is_place_of(&places->items[i], identity))
			return true;
	return false;
}

static void conclude(struct search *search, const struct places *places)
{
	size_t i;

	for (i = 0; i < search->count; i++) {
		struct target *target = &search->targets[i];

		if (target->settled)
			continue;
		if (!target->exists &&
		    was_seen_whole(search, places, target->identity))
			settle(search, target, SBK_LOCATION_GONE, NULL);
		else
			settle(search, target, SBK_LOCATION_UNKNOWN, NULL);
	}
}

static int run_search(struct search *search, struct sbk_error *err)
{
	struct places places = {.host = search->host};
	int rc;

	rc = sbk_mounts_each(visit_mount, &places, err);
	if (rc == 0) {
		ask_for_all(search, &places);
		rc = search_roots(search, err);
	}
	if (rc == 0)
		rc = search_places(search, &places, err);
	if (rc == 0)
		conclude(search, &places);
	places_release(&places);
	return rc;
}

int sbk_host_locate(struct sbk_host *host, const char *const *identities,
		    size_t count, const char *const *roots, size_t root_count,
		    struct sbk_location *found, struct sbk_error *err)
{
	struct search search = {
		.host = host, .roots = roots, .root_count = root_count};
	size_t i;
	int rc;

	memset(found, 0, count * sizeof(*found));
	if (count == 0)
		return 0;
	search.targets = calloc(count, sizeof(*search.targets));
	if (search.targets == NULL)
		return sbk_error_no_memory(err);
	search.count = 0;
	for (i = 0; i < count; i++) {
		if (sbk_account_is_identity(identities[i]))
			sbk_account_locate(identities[i], &found[i]);
		else if (strncmp(identities[i], "ntfs:", 5) == 0)
			sbk_ntfs_locate(&host->ntfs, identities[i], &found[i]);
		else
			search.targets[search.count++] =
				(struct target){.identity = identities[i],
						.location = &found[i]};
	}
	search.open = search.count;
	qsort(search.targets, search.count, sizeof(*search.targets),
	      compare_targets);
	rc = search.count > 0 ? run_search(&search, err) : 0;
	free(search.targets);
	return rc;
}
