/*
 * The host, for real: the table of operations. Each kind of object is a file
 * of its own; this one joins them and owns what outlives a call: the volumes
 * that were met and those that still have to be flushed.
 */
#include "engine/backend.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/linux/access_rules.h"
#include "engine/linux/error.h"
#include "engine/linux/host.h"
#include "engine/linux/kinds.h"
#include "engine/linux/posix_access_check.h"
#include "engine/linux/program.h"
#include "engine/linux/survey.h"
#include "engine/os.h"

#include "engine/banned.h"

static const struct sbk_host_kind *const kinds[SBK_KIND_COUNT] = {
	[SBK_KIND_ACCESS] = &sbk_host_access,
	[SBK_KIND_FILE] = &sbk_host_file,
	[SBK_KIND_DIRECTORY] = &sbk_host_directory,
	[SBK_KIND_LINK] = &sbk_host_link,
	[SBK_KIND_GROUP] = &sbk_host_group,
	[SBK_KIND_ACCOUNT] = &sbk_host_account,
	[SBK_KIND_SUBID] = &sbk_host_subid,
	[SBK_KIND_FIREWALL] = &sbk_host_firewall,
	[SBK_KIND_PROFILE] = &sbk_host_profile,
	[SBK_KIND_KEPT] = &sbk_host_kept,
	[SBK_KIND_DESCRIPTOR] = &sbk_host_descriptor,
};

/* The kind's operations; the journal may name a kind that we do not know. */
static const struct sbk_host_kind *kind_of(enum sbk_kind kind,
					   struct sbk_error *err)
{
	if ((unsigned)kind < SBK_KIND_COUNT && kinds[kind] != NULL)
		return kinds[kind];
	(void)sbk_error_set(err, SBK_E_UNSUPPORTED,
			    "a kind of object that this version does not know");
	return NULL;
}

int sbk_host_touch_pin(struct sbk_host *host, const struct sbk_pin *pin,
		       struct sbk_error *err)
{
	struct sbk_volume *volume = NULL;
	bool close_it;
	int fd, rc;

	rc = sbk_volume_of(&host->volumes, pin, &volume, err);
	if (rc < 0 || volume->sync_fd >= 0 || host->sync_all)
		return rc;
	fd = sbk_pin_readable(pin, &close_it);
	if (fd >= 0 && !close_it)
		fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	/* What may not be read gives no descriptor to flush its volume by. */
	if (fd < 0)
		host->sync_all = true;
	else
		volume->sync_fd = fd;
	return 0;
}

int sbk_host_touch(struct sbk_host *host, int fd, struct sbk_error *err)
{
	struct sbk_pin pin = {.fd = fd, .by_proc = true};
	int rc = sbk_pin_refresh(&pin, err);

	return rc < 0 ? rc : sbk_host_touch_pin(host, &pin, err);
}

int sbk_host_flush(struct sbk_host *host, struct sbk_error *err)
{
	int rc = 0;
	size_t i;

	for (i = 0; i < host->volumes.count; i++) {
		struct sbk_volume *volume = &host->volumes.items[i];

		if (volume->sync_fd < 0)
			continue;
		if (syncfs(volume->sync_fd) < 0 && rc == 0)
			rc = sbk_error_set_errno(err, errno,
						 "flushing a volume");
		(void)close(volume->sync_fd); /* syncfs said all there is */
		volume->sync_fd = -1;
	}
	if (host->sync_all)
		sync();
	host->sync_all = false;
	return sbk_ntfs_mounts_flush(&host->ntfs, rc == 0 ? err : NULL) < 0 &&
			       rc == 0
		       ? SBK_E_IO
		       : rc;
}

static int observe(void *self, const struct sbk_object *object,
		   struct sbk_observation *out, struct sbk_error *err)
{
	const struct sbk_host_kind *kind = kind_of(object->kind, err);
	int lock = -1, rc = 0;

	if (kind == NULL)
		return SBK_E_UNSUPPORTED;
	if (kind->tool_lock)
		rc = sbk_program_lock(0, &lock, err);
	if (rc == 0)
		rc = kind->observe(self, object, out, err);
	sbk_program_unlock(lock);
	return rc;
}

static void observe_all(void *self, struct sbk_change *const *changes,
			size_t count, struct sbk_observation *out,
			struct sbk_error *outcomes)
{
	sbk_access_observe_all(self, changes, count, out, outcomes);
}

static int replace(void *self, const struct sbk_object *object,
		   struct sbk_state expected, struct sbk_state next,
		   struct sbk_error *err)
{
	const struct sbk_host_kind *kind = kind_of(object->kind, err);

	return kind == NULL ? SBK_E_UNSUPPORTED
			    : kind->replace(self, object, expected, next, err);
}

static void replace_begin(void *self, struct sbk_change *const *changes,
			  size_t count, bool stop, struct sbk_error *outcomes)
{
	sbk_access_replace_begin(self, changes, count, stop, outcomes);
}

static void replace_end(void *self)
{
	sbk_access_replace_end(self);
}

static int flush(void *self, struct sbk_error *err)
{
	return sbk_host_flush(self, err);
}

static int walk(void *self, const char *root, sbk_visit_fn *visit, void *arg,
		struct sbk_error *err)
{
	return sbk_host_walk(self, root, visit, arg, err);
}

static int survey(void *self, const char *root, sbk_visit_fn *visit, void *arg,
		  struct sbk_error *err)
{
	struct sbk_host *host = self;

	return sbk_survey(&host->pool, root, visit, arg, err);
}

static int locate(void *self, const char *const *identities, size_t count,
		  const char *const *roots, size_t root_count,
		  struct sbk_location *found, struct sbk_error *err)
{
	return sbk_host_locate(self, identities, count, roots, root_count,
			       found, err);
}

static int add_grant(void *self, struct sbk_state current, bool is_directory,
		     const char *principal, enum sbk_rights rights,
		     struct sbk_buf *next, struct sbk_buf *ours,
		     struct sbk_error *err)
{
	(void)self;
	(void)is_directory; /* the state says it too */
	return sbk_access_add_grant(current, principal, rights, next, ours,
				    err);
}

static int subtract(void *self, const struct sbk_change *change,
		    struct sbk_state current, struct sbk_buf *next,
		    struct sbk_error *err)
{
	const struct sbk_host_kind *kind = kind_of(change->object.kind, err);

	if (kind == NULL)
		return SBK_E_UNSUPPORTED;
	if (kind->subtract == NULL)
		return sbk_error_set(err, SBK_E_CONFLICT,
				     "others changed an object that was wholly "
				     "ours");
	return kind->subtract(self, change, current, next, err);
}

static int strip(void *self, struct sbk_state current,
		 const char *const *principals, size_t count,
		 struct sbk_buf *next, struct sbk_error *err)
{
	(void)self;
	return sbk_access_strip(current, principals, count, next, err);
}

static int evaluate(void *self, struct sbk_state access,
		    const struct sbk_subject *who, unsigned *rights,
		    bool *named, struct sbk_buf *entry, struct sbk_error *err)
{
	(void)self;
	return sbk_access_evaluate(access, who, rights, named, entry, err);
}

static int naming(void *self, struct sbk_state access, const char *principal,
		  unsigned *how, struct sbk_error *err)
{
	(void)self;
	return sbk_access_naming(access, principal, how, err);
}

static void close_host(void *self)
{
	struct sbk_host *host = self;

	sbk_pool_free(host->pool);
	sbk_ntfs_mounts_release(&host->ntfs);
	sbk_volumes_release(&host->volumes);
	free(host);
}

static const struct sbk_backend_ops ops = {
	.name = "linux",
	.observe = observe,
	.observe_all = observe_all,
	.replace = replace,
	.replace_begin = replace_begin,
	.replace_end = replace_end,
	.flush = flush,
	.walk = walk,
	.survey = survey,
	.locate = locate,
	.add_grant = add_grant,
	.subtract = subtract,
	.strip = strip,
	.evaluate = evaluate,
	.naming = naming,
	.close = close_host,
};

int sbk_os_backend(struct sbk_backend *out, struct sbk_error *err)
{
	struct sbk_host *host = calloc(1, sizeof(*host));

	if (host == NULL)
		return sbk_error_no_memory(err);
	*out = (struct sbk_backend){.ops = &ops, .self = host};
	return 0;
}
