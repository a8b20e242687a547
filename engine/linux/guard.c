/*
 * The guard of a run's covers, in the first process. It only looks: a cover
 * that is gone cannot be put back, because that takes a power over mounts
 * which no process of the run keeps (one that did would be worth attacking).
 * So the run ends, which is simple and honest.
 *
 * Two things wake it, and neither is trusted to say what happened: whatever
 * the event, every cover is looked at. A cover is there when its path leads
 * to the root of the very mount that was made for it. A path that cannot be
 * looked at counts as lost, or the command could blind us by chmod.
 */
#include "engine/linux/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "engine/linux/above.h"
#include "engine/linux/error.h"
#include "engine/linux/kernel.h"
#include "engine/run.h"

#include "engine/banned.h"

/* IN_ATTRIB: the link count falls when another file takes the name. */
#define RENAMES (IN_MOVE_SELF | IN_DELETE_SELF | IN_ATTRIB)

static void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd); /* only ever read */
	*fd = -1;
}

static size_t count_covers(const struct sbk_view *view)
{
	size_t i, count = 0;

	for (i = 0; i < view->count; i++)
		count += view->ops[i].covers != NULL;
	return count;
}

/*
 * A watch is on the covered object, not on its directory: the command's own
 * work in that directory must not wake us. What cannot be watched (no read
 * permission, no watch left) is looked at by the clock instead. The object is
 * reached through our own descriptor: its name leads to the cover.
 */
static void watch_names(struct sbk_guard *guard)
{
	char path[32];
	size_t i;

	guard->watching = true;
	guard->names = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	guard->blind = guard->names < 0;
	for (i = 0; i < guard->count && guard->names >= 0; i++) {
		struct sbk_guarded *cover = &guard->covers[i];

		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d",
			       cover->object);
		if (cover->mount != 0 &&
		    inotify_add_watch(guard->names, path, RENAMES) < 0)
			guard->blind = true;
		close_fd(&cover->object);
	}
}

/* What of `path` is below `directory`, "." for itself; NULL: it is not. */
static const char *below(const char *directory, const char *path)
{
	size_t size = strlen(directory);

	if (strncmp(directory, path, size) != 0)
		return NULL;
	if (path[size] == '\0')
		return ".";
	return path[size] == '/' ? path + size + 1 : NULL;
}

/*
 * Through the tree that was taken, not by the host's path: an account is given
 * the tree, and may watch in it what on the host is closed to it. The last
 * source above is the nearest, for a parent comes before what is below it.
 */
static int open_covered(const struct sbk_view *view,
			const struct sbk_sources *sources, size_t index)
{
	const char *covers = view->ops[index].covers, *rest;
	size_t i;

	for (i = index; i-- > 0;) {
		const struct sbk_source *source = sbk_sources_of(sources, i);

		if (source == NULL || !view->ops[i].is_directory)
			continue;
		rest = below(view->ops[i].source, covers);
		if (rest != NULL)
			return sbk_openat2(source->tree, rest,
					   O_PATH | O_NOFOLLOW | O_CLOEXEC,
					   SBK_NO_LINKS);
	}
	return -1;
}

static void guard_add(struct sbk_guard *guard, const struct sbk_view *view,
		      const struct sbk_sources *sources, size_t index)
{
	struct sbk_guarded *cover = &guard->covers[guard->count++];

	cover->op = &view->ops[index];
	/* -1 is looked at by the clock, or is no object at all. */
	cover->object = open_covered(view, sources, index);
}

int sbk_guard_begin(struct sbk_guard *guard, const struct sbk_view *view,
		    const struct sbk_sources *sources, struct sbk_error *err)
{
	size_t i, count = count_covers(view);

	*guard = (struct sbk_guard)SBK_GUARD_INIT;
	if (count == 0)
		return 0;
	guard->covers = calloc(count, sizeof(*guard->covers));
	if (guard->covers == NULL)
		return sbk_error_set(err, SBK_E_NOMEM,
				     "no memory to watch the run's mounts");
	for (i = 0; i < view->count; i++)
		if (view->ops[i].covers != NULL)
			guard_add(guard, view, sources, i);
	return 0;
}

/* The mount whose root stands at `place`; 0: none, with errno. */
static uint64_t mount_at(const char *place)
{
	struct statx st;

	errno = 0;
	if (statx(AT_FDCWD, place, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT,
		  STATX_MNT_ID, &st) < 0 ||
	    (st.stx_mask & STATX_MNT_ID) == 0 ||
	    (st.stx_attributes & STATX_ATTR_MOUNT_ROOT) == 0)
		return 0;
	return st.stx_mnt_id;
}

static int lost(const struct sbk_view_op *op, struct sbk_error *err)
{
	enum sbk_guarantee guarantee = op->kind == SBK_VIEW_EMPTY
					       ? SBK_GUARANTEE_READS
					       : SBK_GUARANTEE_WRITES;

	return sbk_error_set(err, SBK_E_UNSUPPORTED,
			     "'%s' was replaced or renamed from outside, which "
			     "takes the run's cover off it; '%s' is no longer "
			     "guaranteed, so the run was ended (start it "
			     "again)",
			     op->place, sbk_guarantee_name(guarantee));
}

int sbk_guard_arm(struct sbk_guard *guard, struct sbk_error *err)
{
	size_t i;

	if (guard->count == 0)
		return 0;
	/* Opened before the first look: what changes from here on is told. */
	guard->mounts = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	if (guard->mounts < 0)
		return sbk_error_set_errno(err, errno,
					   "cannot watch the run's mounts");
	for (i = 0; i < guard->count; i++) {
		struct sbk_guarded *cover = &guard->covers[i];

		cover->mount = mount_at(cover->op->place);
		if (cover->mount != 0)
			continue;
		/* Passed over when the view was made: there was no source. */
		if (errno != ENOENT || !cover->op->optional)
			return lost(cover->op, err);
	}
	return 0;
}

static uint64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail */
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

int sbk_guard_wait_ms(struct sbk_guard *guard)
{
	uint64_t now;

	if (guard->count == 0 || (guard->watching && !guard->blind))
		return -1;
	now = now_ms();
	/* By the clock: other events, however many, must not put it off. */
	if (guard->due_ms == 0)
		guard->due_ms = now + (guard->watching ? SBK_GUARD_BLIND_MS
						       : SBK_GUARD_FIRST_MS);
	return now >= guard->due_ms ? 0 : (int)(guard->due_ms - now);
}

int sbk_guard_check(struct sbk_guard *guard, struct sbk_error *err)
{
	char events[4096];
	size_t i;

	guard->due_ms = 0;
	/* Before the look: what changes after it is told. */
	if (!guard->watching)
		watch_names(guard);
	/* What they say does not matter, only that they are taken away. */
	while (guard->names >= 0 &&
	       read(guard->names, events, sizeof(events)) > 0)
		;
	for (i = 0; i < guard->count; i++) {
		const struct sbk_guarded *cover = &guard->covers[i];

		if (cover->mount != 0 &&
		    mount_at(cover->op->place) != cover->mount)
			return lost(cover->op, err);
	}
	return 0;
}

void sbk_guard_release(struct sbk_guard *guard)
{
	size_t i;

	close_fd(&guard->mounts);
	close_fd(&guard->names);
	for (i = 0; i < guard->count; i++)
		close_fd(&guard->covers[i].object);
	free(guard->covers);
	*guard = (struct sbk_guard)SBK_GUARD_INIT;
}
