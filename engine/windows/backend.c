/*
 * The host, for real: the table of operations. Each kind of object is a file
 * of its own; this one joins them and owns what outlives a call: the volumes
 * that were met and those that still have to be flushed, and the passwords of
 * the accounts that were made.
 */
#include "engine/backend.h"

#include <stdlib.h>

#include "engine/os.h"
#include "engine/windows/access_judge.h"
#include "engine/windows/access_rules.h"
#include "engine/windows/access_state.h"
#include "engine/windows/host.h"

#include "engine/banned.h"

static const struct sbk_host_kind *const kinds[SBK_KIND_COUNT] = {
	[SBK_KIND_ACCESS] = &sbk_host_access,
	[SBK_KIND_ACCOUNT] = &sbk_host_account,
	[SBK_KIND_DESCRIPTOR] = &sbk_host_descriptor,
	[SBK_KIND_FILTERS] = &sbk_host_filters,
	[SBK_KIND_FIREWALL] = &sbk_host_firewall,
	[SBK_KIND_FOLDER] = &sbk_host_folder,
	[SBK_KIND_GROUP] = &sbk_host_account,
	[SBK_KIND_LOGON] = &sbk_host_logon,
	[SBK_KIND_MEMBER] = &sbk_host_member,
	[SBK_KIND_RIGHT] = &sbk_host_right,
	[SBK_KIND_REGISTRY] = &sbk_host_registry,
	[SBK_KIND_SECRET] = &sbk_host_secret,
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

static int observe(void *self, const struct sbk_object *object,
		   struct sbk_observation *out, struct sbk_error *err)
{
	const struct sbk_host_kind *kind = kind_of(object->kind, err);

	return kind == NULL ? SBK_E_UNSUPPORTED
			    : kind->observe(self, object, out, err);
}

static int replace(void *self, const struct sbk_object *object,
		   struct sbk_state expected, struct sbk_state next,
		   struct sbk_error *err)
{
	const struct sbk_host_kind *kind = kind_of(object->kind, err);

	return kind == NULL ? SBK_E_UNSUPPORTED
			    : kind->replace(self, object, expected, next, err);
}

static int flush(void *self, struct sbk_error *err)
{
	struct sbk_host *host = self;

	return sbk_volumes_flush(&host->volumes, err);
}

static int walk(void *self, const char *root, sbk_visit_fn *visit, void *arg,
		struct sbk_error *err)
{
	return sbk_host_walk(self, root, visit, arg, err);
}

static int survey(void *self, const char *root, sbk_visit_fn *visit, void *arg,
		  struct sbk_error *err)
{
	return sbk_host_survey(self, root, visit, arg, err);
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
	return sbk_nt_access_add_grant(current, is_directory, principal, rights,
				       next, ours, err);
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
	return sbk_nt_access_strip(current, principals, count, next, err);
}

static int evaluate(void *self, struct sbk_state access,
		    const struct sbk_subject *who, unsigned *rights,
		    bool *named, struct sbk_buf *entry, struct sbk_error *err)
{
	(void)self;
	return sbk_nt_access_evaluate(access, who, rights, named, entry, err);
}

static int naming(void *self, struct sbk_state access, const char *principal,
		  unsigned *how, struct sbk_error *err)
{
	(void)self;
	return sbk_nt_access_naming(access, principal, how, err);
}

static int to_descriptor(void *self, struct sbk_state access,
			 struct sbk_buf *out, struct sbk_error *err)
{
	(void)self;
	return sbk_nt_access_bytes(access, out, err);
}

static int from_descriptor(void *self, const struct sbk_buf *bytes,
			   bool is_directory, struct sbk_buf *next,
			   struct sbk_error *err)
{
	(void)self;
	return sbk_nt_access_of_bytes(bytes, is_directory, next, err);
}

static void close_host(void *self)
{
	struct sbk_host *host = self;

	sbk_volumes_release(&host->volumes);
	sbk_keyring_release(&host->keyring);
	free(host);
}

static const struct sbk_backend_ops ops = {
	.name = "windows",
	.inherits = true,
	.observe = observe,
	.replace = replace,
	.flush = flush,
	.walk = walk,
	.survey = survey,
	.locate = locate,
	.add_grant = add_grant,
	.subtract = subtract,
	.strip = strip,
	.evaluate = evaluate,
	.naming = naming,
	.to_descriptor = to_descriptor,
	.from_descriptor = from_descriptor,
	.close = close_host,
};

struct sbk_keyring *sbk_host_keyring(const struct sbk_backend *backend)
{
	struct sbk_host *host = backend->self;

	return backend->ops == &ops ? &host->keyring : NULL;
}

int sbk_os_backend(struct sbk_backend *out, struct sbk_error *err)
{
	struct sbk_host *host = calloc(1, sizeof(*host));

	if (host == NULL)
		return sbk_error_no_memory(err);
	*out = (struct sbk_backend){.ops = &ops, .self = host};
	return 0;
}
