/*
 * The walk for hard links: it comes before each run, so it is the time that a
 * run in a large tree begins with. Owns nothing but that walk; reads only.
 *
 * First breadth first, in the caller's thread: a small tree ends there. What
 * is then still waiting are branches of a large one, and several threads walk
 * a branch each, depth first. A directory is read to its end before what is
 * below it, so that one buffer serves all levels; getdents64 because readdir
 * costs four more calls and an allocation for each directory.
 *
 * The callbacks are called one at a time, in no order, except `enter`, which
 * only looks and is called by all threads at once.
 *
 * Branches are opened by their path with no link followed anywhere in it, and
 * what is below them by the descriptor above.
 */
#include "engine/os.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "engine/limits.h"
#include "engine/linux/error.h"
#include "engine/linux/kernel.h"
#include "engine/linux/listing.h"
#include "engine/linux/pin.h"
#include "engine/linux/pool.h"
#include "engine/secret_files.h"

#include "engine/banned.h"

/* Objects looked at before threads are worth starting (some 50 us), and the
 * branches that are enough to share. */
#define ALONE_OBJECTS 2048
#define BRANCHES_ENOUGH 64

#define DIRECTORY_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* What all threads share. */
struct shared {
	struct sbk_os_link_walk *walk;
	atomic_size_t objects;
	atomic_bool failed;
	pthread_mutex_t mutex;	/* of the callbacks and of what is below */
	struct sbk_error first; /* the error that ends the walk */
};

/* One thread's place in the tree. */
struct walker {
	struct shared *shared;
	struct sbk_buf waiting; /* names of directories, each with its end */
	unsigned int depth;
	size_t size; /* of the path */
	char path[SBK_PATH_MAX];
	_Alignas(struct dirent64) char entries[32768];
};

/* Ends the walk with the error that is in `err`, if it is the first. */
static int fail(struct shared *shared, int rc, const struct sbk_error *err)
{
	(void)pthread_mutex_lock(&shared->mutex); /* ours, and initialised */
	if (!atomic_load(&shared->failed))
		shared->first = *err;
	atomic_store(&shared->failed, true);
	(void)pthread_mutex_unlock(&shared->mutex);
	return rc;
}

static int call_closed(struct walker *w)
{
	struct sbk_os_link_walk *walk = w->shared->walk;
	struct sbk_error err = SBK_ERROR_INIT;
	int rc;

	(void)pthread_mutex_lock(&w->shared->mutex);
	rc = walk->closed(walk->arg, w->path, &err);
	(void)pthread_mutex_unlock(&w->shared->mutex);
	return rc < 0 ? fail(w->shared, rc, &err) : 0;
}

static int call_found(struct walker *w, const struct sbk_file *file)
{
	struct sbk_os_link_walk *walk = w->shared->walk;
	struct sbk_error err = SBK_ERROR_INIT;
	int rc;

	(void)pthread_mutex_lock(&w->shared->mutex);
	rc = walk->found(walk->arg, w->path, file, &err);
	(void)pthread_mutex_unlock(&w->shared->mutex);
	return rc < 0 ? fail(w->shared, rc, &err) : 0;
}

/* Appends a name to the path. False: it becomes too long. */
static bool push_name(struct walker *w, const char *name, size_t *old)
{
	size_t size = strlen(name);

	*old = w->size;
	if (w->size + 1 + size >= sizeof(w->path))
		return false;
	w->path[w->size] = '/';
	memcpy(w->path + w->size + 1, name, size + 1);
	w->size += 1 + size;
	return true;
}

static void pop_name(struct walker *w, size_t old)
{
	w->size = old;
	w->path[old] = '\0';
}

static int walk_file(struct walker *w, const char *name,
		     const struct statx *stx)
{
	struct sbk_file file = {
		.type = SBK_FILE_REGULAR,
		.owner = stx->stx_uid,
		.links = stx->stx_nlink,
		.device = makedev(stx->stx_dev_major, stx->stx_dev_minor),
		.number = stx->stx_ino,
	};
	size_t old;
	int rc;

	if (!push_name(w, name, &old))
		return call_closed(w);
	rc = call_found(w, &file);
	pop_name(w, old);
	return rc;
}

/* A file whose name says what it holds. */
static int walk_secret(struct walker *w, const char *name,
		       const struct sbk_secret_kind *kind)
{
	struct sbk_os_link_walk *walk = w->shared->walk;
	struct sbk_error err = SBK_ERROR_INIT;
	size_t old;
	int rc;

	if (!push_name(w, name, &old))
		return call_closed(w);
	(void)pthread_mutex_lock(&w->shared->mutex);
	rc = walk->secret(walk->arg, w->path, kind, &err);
	(void)pthread_mutex_unlock(&w->shared->mutex);
	pop_name(w, old);
	return rc < 0 ? fail(w->shared, rc, &err) : 0;
}

static int wait_for_directory(struct walker *w, const char *name)
{
	struct sbk_error err = SBK_ERROR_INIT;

	sbk_buf_add(&w->waiting, name, strlen(name) + 1);
	if (sbk_buf_failed(&w->waiting, &err) < 0)
		return fail(w->shared, err.code, &err);
	return 0;
}

static int walk_entry(struct walker *w, int fd, const char *name,
		      unsigned char type)
{
	const struct sbk_secret_kind *kind = NULL;
	struct statx stx;
	int rc = 0;

	if (type == DT_DIR)
		return wait_for_directory(w, name);
	if (type != DT_REG && type != DT_UNKNOWN)
		return 0;
	if (statx(fd, name, AT_SYMLINK_NOFOLLOW | AT_STATX_DONT_SYNC,
		  STATX_TYPE | STATX_NLINK | STATX_INO | STATX_UID, &stx) < 0) {
		if (errno == ENOENT)
			return 0; /* gone since it was listed */
		/* Listed, but not searchable: its owner could change that. */
		return call_closed(w);
	}
	if (S_ISDIR(stx.stx_mode))
		return wait_for_directory(w, name);
	if (!S_ISREG(stx.stx_mode))
		return 0;
	if (w->shared->walk->secret != NULL)
		kind = sbk_secret_by_name(w->path, w->size, name);
	if (kind != NULL)
		rc = walk_secret(w, name, kind);
	return rc < 0 || stx.stx_nlink < 2 ? rc : walk_file(w, name, &stx);
}

/* Counts what was looked at; the walk ends when that is too much. */
static int count_objects(struct walker *w, size_t count)
{
	struct shared *shared = w->shared;
	struct sbk_error err = SBK_ERROR_INIT;
	size_t before = atomic_fetch_add(&shared->objects, count);

	if (before + count <= shared->walk->max)
		return atomic_load(&shared->failed) ? SBK_E_IO : 0;
	(void)sbk_error_set(&err, SBK_E_LIMIT,
			    "'%s': more than %zu objects to look at", w->path,
			    shared->walk->max);
	return fail(shared, SBK_E_LIMIT, &err);
}

static int walk_entries(struct walker *w, int fd)
{
	int rc = 0;

	while (rc == 0) {
		ssize_t size = getdents64(fd, w->entries, sizeof(w->entries));
		size_t count = 0;
		ssize_t at;

		if (size < 0)
			return call_closed(w);
		if (size == 0)
			break;
		for (at = 0; at < size && rc == 0;) {
			const struct dirent64 *entry =
				(const void *)(w->entries + at);

			at += entry->d_reclen;
			if (sbk_is_dots(entry->d_name))
				continue;
			count++;
			rc = walk_entry(w, fd, entry->d_name, entry->d_type);
		}
		if (rc == 0)
			rc = count_objects(w, count);
	}
	return rc;
}

static int walk_directory(struct walker *w, int fd);

/* Enters the directory that w->path names; `parent` holds its parent. */
static int walk_below(struct walker *w, int parent, const char *name)
{
	int fd, rc;

	if (!w->shared->walk->enter(w->shared->walk->arg, w->path))
		return 0;
	if (w->depth >= SBK_SCOPE_DEPTH_MAX)
		return call_closed(w);
	fd = openat(parent, name, DIRECTORY_FLAGS);
	/* Gone or replaced since it was listed: nothing to look into. */
	if (fd < 0 && (errno == ENOENT || errno == ELOOP || errno == ENOTDIR))
		return 0;
	if (fd < 0)
		return call_closed(w);
	rc = walk_directory(w, fd);
	(void)close(fd); /* only read from */
	return rc;
}

/* Takes the name at `at` of the waiting ones; moves `at` behind it. */
static int push_waiting(struct walker *w, size_t *at, char *name, size_t *old)
{
	size_t size = strlen(w->waiting.data + *at) + 1;

	*at += size;
	/* A copy: the buffer grows below. */
	if (size > NAME_MAX + 1)
		return SBK_E_LIMIT;
	memcpy(name, w->waiting.data + *at - size, size);
	return push_name(w, name, old) ? 0 : SBK_E_LIMIT;
}

static int walk_directory(struct walker *w, int fd)
{
	size_t first = w->waiting.size, last, at, old;
	char name[NAME_MAX + 1];
	int rc;

	w->depth++;
	rc = walk_entries(w, fd);
	last = w->waiting.size;
	for (at = first; at < last && rc == 0;) {
		if (push_waiting(w, &at, name, &old) < 0) {
			rc = call_closed(w);
			continue;
		}
		rc = walk_below(w, fd, name);
		pop_name(w, old);
	}
	w->waiting.size = first;
	w->depth--;
	return rc;
}

/* Directories that wait to be walked: paths, each with its end. */
struct branches {
	struct shared *shared;
	struct sbk_buf paths;
	size_t *offsets; /* into the paths */
	size_t count, capacity;
};

static int branch_add(struct branches *branches, const char *path)
{
	struct sbk_error err = SBK_ERROR_INIT;

	if (branches->count == branches->capacity) {
		size_t capacity =
			branches->capacity > 0 ? branches->capacity * 2 : 256;
		size_t *offsets =
			realloc(branches->offsets, capacity * sizeof(*offsets));

		if (offsets == NULL) {
			(void)sbk_error_no_memory(&err);
			return fail(branches->shared, SBK_E_NOMEM, &err);
		}
		branches->offsets = offsets;
		branches->capacity = capacity;
	}
	branches->offsets[branches->count++] = branches->paths.size;
	sbk_buf_add(&branches->paths, path, strlen(path) + 1);
	if (sbk_buf_failed(&branches->paths, &err) < 0)
		return fail(branches->shared, err.code, &err);
	return 0;
}

static int open_branch(const char *path)
{
	int fd = sbk_openat2(AT_FDCWD, path, DIRECTORY_FLAGS,
			     RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);

	if (fd >= 0 || errno != ENOSYS)
		return fd < 0 ? -errno : fd;
	return sbk_open_by_steps(path, DIRECTORY_FLAGS);
}

static void walker_init(struct walker *w, struct shared *shared,
			const char *path)
{
	w->shared = shared;
	w->waiting = (struct sbk_buf)SBK_BUF_INIT;
	w->size = strlen(path);
	memcpy(w->path, path, w->size + 1);
	/* Depth counts from the filesystem's top: a bound, not a measure. */
	w->depth = 0;
	for (; *path != '\0'; path++)
		w->depth += *path == '/' ? 1 : 0;
}

/* Reads one directory; those in it become branches. */
static int read_branch(struct branches *branches, struct walker *w,
		       const char *path)
{
	char name[NAME_MAX + 1];
	size_t at, last, old;
	int fd, rc;

	walker_init(w, branches->shared, path);
	fd = open_branch(path);
	if (fd == -ENOENT || fd == -ELOOP || fd == -ENOTDIR)
		return 0;
	rc = fd < 0 ? call_closed(w) : walk_entries(w, fd);
	if (fd >= 0)
		(void)close(fd); /* only read from */
	last = w->waiting.size;
	for (at = 0; at < last && rc == 0;) {
		if (push_waiting(w, &at, name, &old) < 0) {
			rc = call_closed(w);
			continue;
		}
		if (w->depth >= SBK_SCOPE_DEPTH_MAX)
			rc = call_closed(w);
		else if (w->shared->walk->enter(w->shared->walk->arg, w->path))
			rc = branch_add(branches, w->path);
		pop_name(w, old);
	}
	sbk_buf_release(&w->waiting);
	return rc;
}

/* What one thread does with one branch. */
static void walk_branch(void *arg, size_t index)
{
	const struct branches *branches = arg;
	const char *path = branches->paths.data + branches->offsets[index];
	struct walker *w;
	int fd;

	if (atomic_load(&branches->shared->failed))
		return;
	w = malloc(sizeof(*w));
	if (w == NULL) {
		struct sbk_error err = SBK_ERROR_INIT;

		(void)sbk_error_no_memory(&err);
		(void)fail(branches->shared, SBK_E_NOMEM, &err);
		return;
	}
	walker_init(w, branches->shared, path);
	fd = open_branch(path);
	/* A failure is kept in what is shared. */
	if (fd >= 0) {
		(void)walk_directory(w, fd);
		(void)close(fd); /* only read from */
	} else if (fd != -ENOENT && fd != -ELOOP && fd != -ENOTDIR) {
		(void)call_closed(w);
	}
	sbk_buf_release(&w->waiting);
	free(w);
}

/* Breadth first, until the tree ends or is seen to be large. */
static int walk_top(struct branches *branches, const char *root, size_t *done)
{
	struct walker *w = malloc(sizeof(*w));
	char path[SBK_PATH_MAX];
	struct sbk_error err = SBK_ERROR_INIT;
	int rc;

	if (w == NULL) {
		(void)sbk_error_no_memory(&err);
		return fail(branches->shared, SBK_E_NOMEM, &err);
	}
	rc = branch_add(branches, root);
	for (*done = 0; *done < branches->count && rc == 0; (*done)++) {
		const char *next =
			branches->paths.data + branches->offsets[*done];

		if (atomic_load(&branches->shared->objects) > ALONE_OBJECTS &&
		    branches->count - *done >= BRANCHES_ENOUGH)
			break;
		/* A copy: the list grows. */
		memcpy(path, next, strlen(next) + 1);
		rc = read_branch(branches, w, path);
	}
	free(w);
	return rc;
}

static int walk_tree(struct branches *branches, const char *root)
{
	struct sbk_pool *pool = NULL;
	size_t done = 0;
	int rc = walk_top(branches, root, &done);

	if (rc < 0 || done == branches->count)
		return rc;
	branches->offsets += done;
	sbk_pool_run(&pool, walk_branch, branches, branches->count - done);
	sbk_pool_free(pool);
	branches->offsets -= done;
	return atomic_load(&branches->shared->failed) ? SBK_E_IO : 0;
}

int sbk_os_walk_links(const char *root, struct sbk_os_link_walk *walk,
		      struct sbk_error *err)
{
	struct shared shared = {.walk = walk, .first = SBK_ERROR_INIT};
	struct branches branches = {.shared = &shared};
	int rc;

	if (strlen(root) >= SBK_PATH_MAX)
		return sbk_error_set(err, SBK_E_LIMIT, "'%s' is too long",
				     root);
	if (pthread_mutex_init(&shared.mutex, NULL) != 0)
		return sbk_error_no_memory(err);
	rc = walk_tree(&branches, root);
	walk->objects = atomic_load(&shared.objects);
	if (rc < 0 && err != NULL)
		*err = shared.first;
	if (rc < 0)
		rc = shared.first.code;
	(void)pthread_mutex_destroy(&shared.mutex);
	sbk_buf_release(&branches.paths);
	free(branches.offsets);
	return rc;
}
