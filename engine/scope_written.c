/*
 * How a path is written. A path that somebody listed may lead through a
 * symbolic link that a sandboxed command made in an earlier run: `--rw out`
 * would then write whatever the command chose to point to. So a link inside a
 * writable root of this scope decides nothing: the path is refused, and the
 * person names what is meant.
 *
 * What cannot be told: a link that an earlier run made in a root of its own
 * that is no root of this one. engine/POLICY.md says so.
 */
#include "engine/scope_set.h"

#include <stdio.h>
#include <string.h>

#include "engine/path_form.h"

#include "engine/banned.h"

#define LINKS_MAX 40 /* met on one path, as the kernel counts them */

/* Where the walk along a path stands. */
struct walk {
	struct sbk_set *set; /* NULL: only to find out where it ends */
	const char *written;
	bool missing;		     /* `here` is the last that is there */
	char here[2 * SBK_PATH_MAX]; /* real so far; "" is the root */
	char rest[2 * SBK_PATH_MAX]; /* of the path, still to go */
	unsigned int links;
	const char *root, *link; /* of the first link met inside a root */
};

static int changed(const struct walk *walk, struct sbk_error *err)
{
	return sbk_error_set(err, SBK_E_CONFLICT,
			     "'%s' was changed while it was resolved; run "
			     "again",
			     walk->written);
}

/* The writable root that `path` stands inside of, or NULL. */
static int root_around(const struct sbk_set *set, const char *path,
		       const char **root, struct sbk_error *err)
{
	struct sbk_spot spot, other;
	size_t i;
	int rc = sbk_ground_spot(&set->ground, path, &spot, err);

	*root = NULL;
	for (i = 0; i < set->writable.count && rc == 0; i++) {
		rc = sbk_ground_spot(&set->ground, set->writable.items[i],
				     &other, err);
		if (rc == 0 && sbk_spot_relation(spot, other) == SBK_BELOW)
			*root = set->writable.items[i];
	}
	return rc;
}

/* Goes on with the absolute `path`, from its root. */
static void begin_at(struct walk *walk, const char *path)
{
	size_t root = 0;

	(void)sbk_path_root(path, &root);
	memcpy(walk->here, path, root);
	walk->here[root] = '\0';
	memmove(walk->rest, path + root, strlen(path + root) + 1);
}

/* Goes on with what the link at `here` says. */
static int follow(struct walk *walk, const char *parent, struct sbk_error *err)
{
	char target[SBK_PATH_MAX], rest[sizeof(walk->rest)];
	const char *root = NULL;
	int rc = 0, size;

	if (walk->set != NULL && walk->link == NULL)
		rc = root_around(walk->set, walk->here, &root, err);
	if (rc == 0 && root != NULL) {
		walk->root = root;
		walk->link = sbk_arena_strdup(walk->set->arena, walk->here);
		if (walk->link == NULL)
			rc = sbk_error_no_memory(err);
	}
	if (rc < 0)
		return rc;
	if (++walk->links > LINKS_MAX ||
	    sbk_os_read_link(walk->here, target, sizeof(target), NULL) < 0)
		return changed(walk, err);
	size = snprintf(rest, sizeof(rest), "%s/%s", target, walk->rest);
	if (size < 0 || (size_t)size >= sizeof(rest))
		return sbk_error_set(err, SBK_E_LIMIT,
				     "'%s' leads through links that are too "
				     "long",
				     walk->written);
	if (!sbk_path_is_absolute(target)) {
		memcpy(walk->rest, rest, (size_t)size + 1);
		memcpy(walk->here, parent, strlen(parent) + 1);
	} else {
		begin_at(walk, rest);
	}
	return 0;
}

static int step(struct walk *walk, const char *name, size_t size,
		struct sbk_error *err)
{
	char parent[sizeof(walk->here)], real[SBK_PATH_MAX];
	size_t used = strlen(walk->here);
	struct sbk_file file;
	int rc;

	if (size == 0 || (size == 1 && name[0] == '.'))
		return 0;
	if (size == 2 && memcmp(name, "..", 2) == 0) {
		char *slash = strrchr(walk->here, '/');

		if (slash != NULL)
			*slash = '\0';
		return 0;
	}
	if (used + size + 2 > sizeof(walk->here))
		return sbk_error_set(err, SBK_E_LIMIT, "'%s' is too long",
				     walk->written);
	memcpy(parent, walk->here, used + 1);
	walk->here[used] = '/';
	memcpy(walk->here + used + 1, name, size);
	walk->here[used + 1 + size] = '\0';
	rc = sbk_os_look(walk->here, &file, NULL);
	if (rc < 0) {
		walk->missing = rc == SBK_E_NOTFOUND;
		memcpy(walk->here, parent, used + 1);
		return changed(walk, err);
	}
	if (strlen(walk->here) < SBK_PATH_MAX) {
		sbk_os_spelling(walk->here, real);
		memcpy(walk->here, real, strlen(real) + 1);
	}
	if (file.type != SBK_FILE_LINK)
		return 0;
	if (!sbk_path_is_systems(walk->here))
		return follow(walk, parent, err);
	/* A name like /proc/self/cwd leads where the kernel says. */
	if (sbk_os_resolve(walk->here, real, &file, NULL) < 0)
		return changed(walk, err);
	memcpy(walk->here, real, strlen(real) + 1);
	return 0;
}

static int walk_all(struct walk *walk, struct sbk_error *err)
{
	char name[SBK_PATH_MAX];
	int rc = 0;

	while (walk->rest[0] != '\0' && rc == 0) {
		size_t size = strcspn(walk->rest, "/");
		size_t gone = size + (walk->rest[size] == '/' ? 1 : 0);

		if (size >= sizeof(name))
			return changed(walk, err);
		memcpy(name, walk->rest, size);
		memmove(walk->rest, walk->rest + gone,
			strlen(walk->rest + gone) + 1);
		rc = step(walk, name, size, err);
	}
	return rc;
}

bool sbk_path_linked_parent(const char *path, char *real)
{
	struct walk walk = {.written = path};

	if (!sbk_path_is_absolute(path) || strlen(path) >= SBK_PATH_MAX)
		return false;
	begin_at(&walk, path);
	if (walk_all(&walk, NULL) == 0 || !walk.missing || walk.links == 0 ||
	    walk.here[0] == '\0' || strlen(walk.here) >= SBK_PATH_MAX)
		return false;
	memcpy(real, walk.here, strlen(walk.here) + 1);
	return true;
}

int sbk_set_check_written(struct sbk_set *set, const char *written,
			  const char *real, bool asked, struct sbk_error *err)
{
	struct walk walk = {.set = set, .written = written};
	int rc;

	if (strcmp(written, real) == 0)
		return 0;
	if (!sbk_path_is_absolute(written) || strlen(written) >= SBK_PATH_MAX)
		return sbk_error_set(err, SBK_E_INVAL,
				     "'%s' is no absolute path", written);
	begin_at(&walk, written);
	rc = walk_all(&walk, err);
	if (rc < 0)
		return rc;
	/* A root is above every place that is a scope's. */
	if (strcmp(walk.here[0] != '\0' ? walk.here : "/", real) != 0)
		return changed(&walk, err);
	if (walk.link == NULL || (!asked && sbk_path_within(real, walk.root)))
		return 0;
	return sbk_error_set(err, SBK_E_INVAL,
			     "'%s' leads through the link '%s' to '%s', and "
			     "a run may have made that link, in its writable "
			     "root '%s': name '%s' itself if it is meant, or "
			     "remove the link",
			     written, walk.link, real, walk.root, real);
}
