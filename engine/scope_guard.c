/*
 * Scope guards: what nobody makes a root, by resolved identity (DESIGN part
 * 7). A path is compared by its spot, the device and the place within its
 * filesystem, so that a bind mount of /etc is /etc. Owns the wording of these
 * refusals; changes nothing.
 */
#include "engine/scope_set.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/path_form.h"
#include "engine/places.h"

#include "engine/banned.h"

static int compare_devices(const void *left, const void *right)
{
	const uint64_t *a = left, *b = right;

	return *a < *b ? -1 : *a > *b;
}

/* Where each filesystem is shown once, a real path is identity enough. */
static bool shows_twice(const struct sbk_os_mount *mounts, size_t count)
{
	uint64_t *devices = calloc(count + 1, sizeof(*devices));
	bool twice = false;
	size_t i;

	if (devices == NULL)
		return true; /* the careful answer */
	for (i = 0; i < count; i++)
		devices[i] = mounts[i].device;
	qsort(devices, count, sizeof(*devices), compare_devices);
	for (i = 1; i < count; i++)
		twice = twice || devices[i] == devices[i - 1];
	free(devices);
	return twice;
}

const char *sbk_ground_expand(const struct sbk_ground *ground,
			      const char *place)
{
	const char *path = NULL;

	(void)sbk_places_expand(place, ground->home, ground->arena, &path,
				NULL);
	return path; /* NULL without memory, too */
}

int sbk_ground_spot(const struct sbk_ground *ground, const char *real,
		    struct sbk_spot *out, struct sbk_error *err)
{
	const struct sbk_os_mount *best = NULL;
	const char *rest, *root;
	size_t i, size, longest = 0;

	*out = (struct sbk_spot){.device = 0, .path = real};
	if (!ground->aliased)
		return 0;
	for (i = 0; i < ground->mount_count; i++) {
		const struct sbk_os_mount *mount = &ground->mounts[i];

		size = strlen(mount->point);
		/* At equal points the later mount covers the earlier one. */
		if (size >= longest && sbk_path_within(real, mount->point)) {
			best = mount;
			longest = size;
		}
	}
	if (best == NULL)
		return 0;
	out->device = best->device;
	rest = real + (longest == 1 ? 0 : longest);
	root = strcmp(best->root, "/") == 0 ? "" : best->root;
	if (*rest == '/' && rest[1] == '\0')
		rest = "";
	if (rest == real && root[0] == '\0')
		return 0;
	out->path = sbk_arena_printf(ground->arena, "%s%s", root, rest);
	if (out->path == NULL)
		return sbk_error_no_memory(err);
	if (out->path[0] == '\0')
		out->path = "/";
	return 0;
}

enum sbk_relation sbk_spot_relation(struct sbk_spot a, struct sbk_spot b)
{
	bool below, above;

	if (a.device != b.device)
		return SBK_APART;
	below = sbk_path_within(a.path, b.path);
	above = sbk_path_within(b.path, a.path);
	if (below && above)
		return SBK_SAME;
	if (below)
		return SBK_BELOW;
	return above ? SBK_ABOVE : SBK_APART;
}

/* A place that is not there, behind a link: it could be made. */
static int add_linked_parent(struct sbk_ground *ground, const char *path,
			     struct sbk_error *err)
{
	char real[SBK_PATH_MAX];

	if (sbk_resolver_misses(ground->resolver, path) ||
	    !sbk_path_linked_parent(path, real) ||
	    sbk_names_have(&ground->linked_parents, real))
		return 0;
	return sbk_names_add(&ground->linked_parents, ground->arena, real,
			     SBK_SENSITIVE_MAX, err);
}

/*
 * Forbidden places that a link leads to, say start files kept in a folder
 * under version control: what stands at the end of the link is forbidden too.
 */
static int find_linked_places(struct sbk_ground *ground, struct sbk_error *err)
{
	const struct sbk_forbidden *place = sbk_forbidden_places;
	char real[SBK_PATH_MAX];
	enum sbk_file_type type;
	int rc = 0;

	for (; place->path != NULL && rc == 0; place++) {
		const char *path = sbk_ground_expand(ground, place->path);

		if (place->path[0] != '~' ||
		    place->how != SBK_FORBID_WRITE_TREE || path == NULL)
			continue;
		if (sbk_resolver_resolve(ground->resolver, path, real, &type,
					 NULL) < 0)
			rc = add_linked_parent(ground, path, err);
		else if (strcmp(path, real) != 0)
			rc = sbk_names_add(&ground->linked_places,
					   ground->arena, real,
					   SBK_SENSITIVE_MAX, err);
	}
	return rc;
}

const char *sbk_ground_spelling(const struct sbk_ground *ground,
				const char *path)
{
	char real[SBK_PATH_MAX];

	sbk_os_spelling(path, real);
	return strcmp(real, path) == 0 ? path
				       : sbk_arena_strdup(ground->arena, real);
}

static int find_forbidden_spots(struct sbk_ground *ground,
				struct sbk_error *err)
{
	size_t count = 0, i;
	int rc = 0;

	while (sbk_forbidden_places[count].path != NULL)
		count++;
	ground->forbidden = sbk_arena_alloc(
		ground->arena, (count + 1) * sizeof(*ground->forbidden));
	if (ground->forbidden == NULL)
		return sbk_error_no_memory(err);
	for (i = 0; i < count && rc == 0; i++) {
		const char *path =
			sbk_ground_expand(ground, sbk_forbidden_places[i].path);

		/* Compared with what is resolved. */
		if (path != NULL)
			path = sbk_ground_spelling(ground, path);
		if (path != NULL)
			rc = sbk_ground_spot(ground, path,
					     &ground->forbidden[i], err);
	}
	return rc;
}

/* Where most of the places stand that are asked for below. */
static int list_places(struct sbk_ground *ground, struct sbk_error *err)
{
	static const char *const places[] = {"~", "~/.config", "~/.local",
					     "~/.local/share"};
	size_t i;
	int rc = 0;

	if (sbk_system_patterned != NULL)
		rc = sbk_resolver_list(ground->resolver, sbk_system_patterned,
				       err);
	if (ground->home[0] == '\0')
		return rc;
	for (i = 0; i < sizeof(places) / sizeof(places[0]) && rc == 0; i++) {
		const char *path = sbk_ground_expand(ground, places[i]);

		rc = path != NULL
			     ? sbk_resolver_list(ground->resolver, path, err)
			     : sbk_error_no_memory(err);
	}
	return rc;
}

int sbk_ground_init(struct sbk_ground *ground, struct sbk_arena *arena,
		    const struct sbk_person *person, struct sbk_error *err)
{
	struct sbk_file file;
	int rc;

	*ground = (struct sbk_ground){.arena = arena, .person = person};
	ground->resolver = sbk_arena_alloc(arena, sizeof(*ground->resolver));
	if (ground->resolver == NULL)
		return sbk_error_no_memory(err);
	ground->resolver->arena = arena;
	if (sbk_os_resolve(person->home, ground->home, &file, NULL) < 0 ||
	    file.type != SBK_FILE_DIRECTORY ||
	    !sbk_path_is_absolute(person->home))
		ground->home[0] = '\0'; /* an account without a home */
	rc = sbk_os_mounts(arena, &ground->mounts, &ground->mount_count, err);
	if (rc == 0)
		rc = list_places(ground, err);
	if (rc < 0)
		return rc;
	ground->aliased = shows_twice(ground->mounts, ground->mount_count);
	rc = find_forbidden_spots(ground, err);
	if (rc == 0)
		rc = find_linked_places(ground, err);
	if (rc == 0)
		rc = sbk_sensitive_find(person, ground->resolver, arena,
					&ground->sensitive,
					&ground->sensitive_count, err);
	return rc;
}

static const char *access_words(bool writable)
{
	return writable ? "writable" : "readable";
}

static bool hits(enum sbk_forbid how, enum sbk_relation relation, bool writable)
{
	if (!writable &&
	    (how == SBK_FORBID_WRITE_EXACT || how == SBK_FORBID_WRITE_TREE))
		return false;
	if (relation == SBK_BELOW)
		return how == SBK_FORBID_TREE || how == SBK_FORBID_WRITE_TREE;
	return relation != SBK_APART;
}

static int guard_forbidden(const struct sbk_ground *ground, const char *real,
			   struct sbk_spot spot, bool writable,
			   struct sbk_error *err)
{
	const struct sbk_forbidden *place = sbk_forbidden_places;
	size_t i;

	for (i = 0; place[i].path != NULL; i++) {
		enum sbk_relation relation;

		if (ground->forbidden[i].path == NULL)
			continue;
		relation = sbk_spot_relation(spot, ground->forbidden[i]);
		if (!hits(place[i].how, relation, writable))
			continue;
		return sbk_error_set(err, SBK_E_INVAL,
				     "'%s' cannot be made %s: it %s %s; name a "
				     "directory of one project",
				     real, access_words(writable),
				     relation == SBK_BELOW ? "belongs to"
							   : "holds",
				     place[i].what);
	}
	return 0;
}

static int guard_linked_places(const struct sbk_ground *ground,
			       const char *real, struct sbk_spot spot,
			       struct sbk_error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < ground->linked_places.count && rc == 0; i++) {
		struct sbk_spot other;
		enum sbk_relation relation;

		rc = sbk_ground_spot(ground, ground->linked_places.items[i],
				     &other, err);
		if (rc < 0)
			break;
		relation = sbk_spot_relation(spot, other);
		if (relation == SBK_SAME || relation == SBK_BELOW)
			rc = sbk_error_set(err, SBK_E_INVAL,
					   "'%s' cannot be made writable: "
					   "a link makes it a start file "
					   "or a part of the system",
					   real);
	}
	return rc;
}

/* Where a link expects a start file, a root would be free to make it. */
static int guard_linked_parents(const struct sbk_ground *ground,
				const char *real, struct sbk_spot spot,
				struct sbk_error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < ground->linked_parents.count && rc == 0; i++) {
		struct sbk_spot other;

		rc = sbk_ground_spot(ground, ground->linked_parents.items[i],
				     &other, err);
		if (rc == 0 && sbk_spot_relation(spot, other) == SBK_SAME)
			rc = sbk_error_set(err, SBK_E_INVAL,
					   "'%s' cannot be writable for the "
					   "run: a link in the home expects a "
					   "start file in it that is not there "
					   "yet; name a directory in it, or "
					   "remove the link",
					   real);
	}
	return rc;
}

static int guard_sensitive(const struct sbk_ground *ground, const char *real,
			   struct sbk_spot spot, bool writable,
			   struct sbk_error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < ground->sensitive_count && rc == 0; i++) {
		struct sbk_spot other;
		enum sbk_relation relation;

		rc = sbk_ground_spot(ground, ground->sensitive[i], &other, err);
		if (rc < 0)
			break;
		relation = sbk_spot_relation(spot, other);
		if (relation == SBK_SAME || relation == SBK_BELOW)
			rc = sbk_error_set(
				err, SBK_E_INVAL,
				"'%s' cannot be made %s: '%s' is a "
				"sensitive place and is never granted; copy "
				"the one file that is needed into the project",
				real, access_words(writable),
				ground->sensitive[i]);
	}
	return rc;
}

/*
 * Homes stand side by side: what is below a neighbour of the person's home
 * and belongs to another account is that account's.
 */
static bool is_anothers_home(const struct sbk_ground *ground, const char *real,
			     const struct sbk_file *file)
{
	const char *homes = sbk_ground_expand(ground, sbk_homes_directory);

	if (file->owner == ground->person->uid || file->owner == 0)
		return false;
	return homes != NULL && sbk_path_within(real, homes) &&
	       (ground->home[0] == '\0' ||
		!sbk_path_within(real, ground->home));
}

#define OWNER_WORDS 32

/* "uid 1000"; where people have no numbers there is none to say. */
static const char *owner_words(const struct sbk_ground *ground, uint32_t owner,
			       char out[OWNER_WORDS])
{
	if (ground->person->uid == UINT32_MAX)
		return owner == 0 ? "the administrators or the system"
				  : "somebody else";
	(void)snprintf(out, OWNER_WORDS, "uid %u", owner);
	return out;
}

static int guard_owner(const struct sbk_ground *ground, const char *real,
		       const struct sbk_file *file, bool writable,
		       struct sbk_error *err)
{
	char owner[OWNER_WORDS];

	if (writable && file->owner != ground->person->uid)
		return sbk_error_set(
			err, SBK_E_INVAL,
			"'%s' cannot be made writable: it "
			"belongs to %s, not to '%s'; run this "
			"as its owner, or give it to '%s' first",
			real, owner_words(ground, file->owner, owner),
			ground->person->name, ground->person->name);
	if (is_anothers_home(ground, real, file))
		return sbk_error_set(err, SBK_E_INVAL,
				     "'%s' cannot be made %s: it "
				     "belongs to another user (%s); copy "
				     "what is needed into the project",
				     real, access_words(writable),
				     owner_words(ground, file->owner, owner));
	if (file->type != SBK_FILE_DIRECTORY && file->type != SBK_FILE_REGULAR)
		return sbk_error_set(err, SBK_E_INVAL,
				     "'%s' cannot be made %s: it is a "
				     "socket, pipe or device; name a file or "
				     "a directory",
				     real, access_words(writable));
	return 0;
}

/* A mount below a root comes into view with it, so it is guarded as one. */
static int guard_mounts_below(const struct sbk_ground *ground, const char *real,
			      bool writable, struct sbk_error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < ground->mount_count && rc == 0; i++) {
		const char *point = ground->mounts[i].point;
		struct sbk_spot spot;

		if (strcmp(point, real) == 0 || !sbk_path_within(point, real))
			continue;
		rc = sbk_ground_spot(ground, point, &spot, err);
		if (rc == 0)
			rc = guard_forbidden(ground, point, spot, writable,
					     err);
		if (rc == 0)
			rc = guard_sensitive(ground, point, spot, writable,
					     err);
		if (rc < 0)
			(void)sbk_error_prefix(err, "below '%s' is a mount",
					       real);
	}
	return rc;
}

int sbk_ground_guard(const struct sbk_ground *ground, const char *real,
		     const struct sbk_file *file, bool writable,
		     struct sbk_error *err)
{
	struct sbk_spot spot;
	int rc = sbk_ground_spot(ground, real, &spot, err);

	if (rc == 0)
		rc = guard_forbidden(ground, real, spot, writable, err);
	if (rc == 0)
		rc = guard_sensitive(ground, real, spot, writable, err);
	if (rc == 0 && writable)
		rc = guard_linked_places(ground, real, spot, err);
	if (rc == 0 && writable)
		rc = guard_linked_parents(ground, real, spot, err);
	if (rc == 0)
		rc = guard_owner(ground, real, file, writable, err);
	if (rc == 0)
		rc = guard_mounts_below(ground, real, writable, err);
	return rc;
}

int sbk_scope_guard(const char *real, bool writable,
		    const struct sbk_person *person, struct sbk_error *err)
{
	struct sbk_arena arena = SBK_ARENA_INIT;
	char resolved[SBK_PATH_MAX];
	struct sbk_ground ground;
	struct sbk_file file;
	int rc;

	rc = sbk_os_resolve(real, resolved, &file, err);
	if (rc == 0)
		rc = sbk_ground_init(&ground, &arena, person, err);
	if (rc == 0)
		rc = sbk_ground_guard(&ground, resolved, &file, writable, err);
	sbk_arena_release(&arena);
	return rc;
}
