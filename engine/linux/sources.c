/*
 * Taking the sources of a view. Attaches nothing: what was taken lives in this
 * process's descriptors alone.
 *
 *  - A source is opened once, without following any link (the scope's paths
 *    are resolved, so a link met here was put there since), and mounted from
 *    that descriptor. What a path names is decided in one step; a directory
 *    swapped for another real directory between the plan and this step is
 *    then the object that the path names, and nothing is wider than granted.
 *  - Every tree is restricted here, before it can be attached anywhere.
 */
#include "engine/linux/sources.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/linux/above.h"
#include "engine/linux/error.h"
#include "engine/linux/kernel.h"

#include "engine/banned.h"

#define TAKE                                                  \
	(OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE | \
	 AT_SYMLINK_NOFOLLOW)

struct sbk_sources {
	struct rlimit files; /* as it was found */
	size_t count;	     /* that of the view's operations */
	struct sbk_source items[];
};

struct taking {
	int host; /* the host's root */
	struct sbk_above above;
};

static int fail(struct sbk_error *err, int os_code, const char *what,
		const char *path)
{
	return sbk_error_set_errno(err, os_code, "cannot %s '%s'%s", what, path,
				   os_code == EMFILE
					   ? " (see 'ulimit -Hn': a run needs "
					     "one open file for each path "
					     "that it shows)"
					   : "");
}

/* Whether it is not the object that the scope was made for. */
static bool is_another(const struct sbk_view_op *op, const struct stat *st)
{
	return S_ISDIR(st->st_mode) != op->is_directory ||
	       S_ISLNK(st->st_mode) != op->is_link ||
	       (op->number != 0 &&
		(st->st_ino != op->number || st->st_dev != op->device_id));
}

/*
 * For the account, which is given the top alone: a mount below it keeps the
 * host's ids, and what the account made there would lie on the host as its
 * own. What was read-only before stays so.
 */
static int open_top(const struct sbk_view_op *op, int tree,
		    struct sbk_error *err)
{
	struct mount_attr attributes = {.attr_clr = MOUNT_ATTR_RDONLY};

	if (sbk_mount_setattr(tree, "", AT_EMPTY_PATH, &attributes) < 0 &&
	    errno != EPERM)
		return fail(err, errno, "open the view of", op->source);
	return 0;
}

static int restrict_tree(const struct sbk_view_op *op, int tree,
			 struct sbk_error *err)
{
	struct mount_attr attributes = {.attr_set = MOUNT_ATTR_NOSUID};
	bool for_account = op->own || op->granted;

	attributes.attr_set |=
		op->device ? MOUNT_ATTR_NOEXEC : MOUNT_ATTR_NODEV;
	attributes.attr_set |=
		op->read_only || for_account ? MOUNT_ATTR_RDONLY : 0;
	if (sbk_mount_setattr(tree, "",
			      AT_EMPTY_PATH | AT_RECURSIVE |
				      AT_SYMLINK_NOFOLLOW,
			      &attributes) < 0)
		return fail(err, errno, "restrict the view of", op->source);
	return for_account && !op->read_only ? open_top(op, tree, err) : 0;
}

/* The last name is taken without following it, so a link is seen as one. */
static int take(struct taking *taking, const struct sbk_view_op *op,
		struct sbk_source *source, struct sbk_error *err)
{
	struct stat st;
	int rc = sbk_above_keep(&taking->above, taking->host, op->source, err);

	if (rc < 0)
		return rc;
	source->tree = sbk_open_tree(taking->above.fd,
				     sbk_above_name(op->source), TAKE);
	if (source->tree < 0)
		return fail(err, errno, "take a view of", op->source);
	if (fstat(source->tree, &st) < 0)
		return fail(err, errno, "examine", op->source);
	if (is_another(op, &st))
		return sbk_error_set(err, SBK_E_CONFLICT,
				     "'%s' was replaced while the run was "
				     "prepared; run again",
				     op->source);
	source->device = st.st_dev;
	source->number = st.st_ino;
	return restrict_tree(op, source->tree, err);
}

static int take_all(struct taking *taking, const struct sbk_view *view,
		    struct sbk_sources *sources, struct sbk_error *err)
{
	size_t i;
	int rc;

	for (i = 0; i < view->count; i++) {
		const struct sbk_view_op *op = &view->ops[i];

		if (op->kind != SBK_VIEW_BIND)
			continue;
		rc = take(taking, op, &sources->items[i], err);
		if (rc == SBK_E_NOTFOUND && op->optional &&
		    sources->items[i].tree < 0)
			sbk_error_clear(err);
		else if (rc < 0)
			return rc;
	}
	return 0;
}

/* One open file for each source, however many the caller's shell allows. */
static int raise_limit(struct sbk_sources *sources, struct sbk_error *err)
{
	struct rlimit wanted;

	if (getrlimit(RLIMIT_NOFILE, &sources->files) < 0)
		return sbk_error_set_errno(err, errno,
					   "cannot read the limit of open "
					   "files");
	wanted = sources->files;
	wanted.rlim_cur = wanted.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &wanted) < 0)
		return sbk_error_set_errno(err, errno,
					   "cannot raise the limit of open "
					   "files");
	return 0;
}

static struct sbk_sources *make(size_t count)
{
	struct sbk_sources *sources =
		malloc(sizeof(*sources) + count * sizeof(sources->items[0]));
	size_t i;

	if (sources == NULL)
		return NULL;
	sources->count = count;
	for (i = 0; i < count; i++)
		sources->items[i] = (struct sbk_source){.tree = -1};
	return sources;
}

int sbk_sources_take(const struct sbk_view *view, struct sbk_sources **out,
		     struct sbk_error *err)
{
	struct taking taking = {.host = -1, .above = {.fd = -1}};
	struct sbk_sources *sources = make(view->count);
	int rc;

	if (sources == NULL)
		return sbk_error_set(err, SBK_E_NOMEM,
				     "no memory to build the view");
	rc = raise_limit(sources, err);
	if (rc < 0) {
		free(sources); /* the limit is as it was */
		return rc;
	}
	taking.host = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (taking.host < 0)
		rc = fail(err, errno, "open", "/");
	else
		rc = take_all(&taking, view, sources, err);
	sbk_above_close(&taking.above);
	if (taking.host >= 0)
		(void)close(taking.host); /* a path, nothing was written */
	if (rc < 0)
		sbk_sources_free(sources);
	else
		*out = sources;
	return rc;
}

const struct sbk_source *sbk_sources_of(const struct sbk_sources *sources,
					size_t index)
{
	return index < sources->count && sources->items[index].tree >= 0
		       ? &sources->items[index]
		       : NULL;
}

void sbk_sources_close(struct sbk_sources *sources, size_t index)
{
	int *tree = &sources->items[index].tree;

	if (*tree >= 0)
		(void)close(*tree); /* nothing was written through it */
	*tree = -1;
}

void sbk_sources_free(struct sbk_sources *sources)
{
	size_t i;

	if (sources == NULL)
		return;
	for (i = 0; i < sources->count; i++)
		sbk_sources_close(sources, i);
	/* Downwards, which is always allowed. */
	(void)setrlimit(RLIMIT_NOFILE, &sources->files);
	free(sources);
}
