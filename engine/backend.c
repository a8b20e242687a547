/*
 * The thin, asserting door to the backend's operations.
 */
#include "engine/backend.h"

#include <assert.h>

#include "engine/banned.h"

void sbk_observation_release(struct sbk_observation *observation)
{
	sbk_buf_release(&observation->state);
	sbk_buf_release(&observation->identity);
}

struct sbk_state sbk_observation_state(const struct sbk_observation *o)
{
	return (struct sbk_state){.data = sbk_buf_text(&o->state),
				  .size = o->state.size};
}

int sbk_backend_observe(const struct sbk_backend *backend,
			const struct sbk_object *object,
			struct sbk_observation *out, struct sbk_error *err)
{
	assert(backend->ops->observe != NULL && object->name != NULL);
	sbk_buf_clear(&out->state);
	sbk_buf_clear(&out->identity);
	return backend->ops->observe(backend->self, object, out, err);
}

void sbk_backend_observe_all(const struct sbk_backend *backend,
			     struct sbk_change *const *changes, size_t count,
			     struct sbk_observation *out,
			     struct sbk_error *outcomes)
{
	size_t i;

	for (i = 0; i < count; i++) {
		sbk_buf_clear(&out[i].state);
		sbk_buf_clear(&out[i].identity);
		sbk_error_clear(&outcomes[i]);
	}
	if (backend->ops->observe_all != NULL) {
		backend->ops->observe_all(backend->self, changes, count, out,
					  outcomes);
		return;
	}
	for (i = 0; i < count; i++)
		outcomes[i].code = sbk_backend_observe(
			backend, &changes[i]->object, &out[i], &outcomes[i]);
}

int sbk_backend_replace(const struct sbk_backend *backend,
			const struct sbk_object *object,
			struct sbk_state expected, struct sbk_state next,
			struct sbk_error *err)
{
	assert(backend->ops->replace != NULL && object->name != NULL);
	return backend->ops->replace(backend->self, object, expected, next,
				     err);
}

bool sbk_backend_replaces_many(const struct sbk_backend *backend)
{
	return backend->ops->replace_begin != NULL &&
	       backend->ops->replace_end != NULL;
}

void sbk_backend_replace_begin(const struct sbk_backend *backend,
			       struct sbk_change *const *changes, size_t count,
			       bool stop, struct sbk_error *outcomes)
{
	assert(backend->ops->replace_begin != NULL && count > 0);
	backend->ops->replace_begin(backend->self, changes, count, stop,
				    outcomes);
}

void sbk_backend_replace_end(const struct sbk_backend *backend)
{
	assert(backend->ops->replace_end != NULL);
	backend->ops->replace_end(backend->self);
}

int sbk_backend_flush(const struct sbk_backend *backend, struct sbk_error *err)
{
	assert(backend->ops->flush != NULL);
	return backend->ops->flush(backend->self, err);
}

int sbk_backend_walk(const struct sbk_backend *backend, const char *root,
		     sbk_visit_fn *visit, void *arg, struct sbk_error *err)
{
	assert(backend->ops->walk != NULL && visit != NULL);
	return backend->ops->walk(backend->self, root, visit, arg, err);
}

int sbk_backend_survey(const struct sbk_backend *backend, const char *root,
		       sbk_visit_fn *visit, void *arg, struct sbk_error *err)
{
	assert(backend->ops->survey != NULL);
	return backend->ops->survey(backend->self, root, visit, arg, err);
}

int sbk_backend_locate(const struct sbk_backend *backend,
		       const char *const *identities, size_t count,
		       const char *const *roots, size_t root_count,
		       struct sbk_location *found, struct sbk_error *err)
{
	assert(backend->ops->locate != NULL);
	return backend->ops->locate(backend->self, identities, count, roots,
				    root_count, found, err);
}

int sbk_backend_add_grant(const struct sbk_backend *backend,
			  struct sbk_state current, bool is_directory,
			  const char *principal, enum sbk_rights rights,
			  struct sbk_buf *next, struct sbk_buf *ours,
			  struct sbk_error *err)
{
	assert(backend->ops->add_grant != NULL);
	sbk_buf_clear(next);
	sbk_buf_clear(ours);
	return backend->ops->add_grant(backend->self, current, is_directory,
				       principal, rights, next, ours, err);
}

bool sbk_backend_inherits(const struct sbk_backend *backend)
{
	return backend->ops->inherits;
}

int sbk_backend_subtract(const struct sbk_backend *backend,
			 const struct sbk_change *change,
			 struct sbk_state current, struct sbk_buf *next,
			 struct sbk_error *err)
{
	assert(backend->ops->subtract != NULL);
	sbk_buf_clear(next);
	return backend->ops->subtract(backend->self, change, current, next,
				      err);
}

int sbk_backend_strip(const struct sbk_backend *backend,
		      struct sbk_state current, const char *const *principals,
		      size_t count, struct sbk_buf *next, struct sbk_error *err)
{
	assert(backend->ops->strip != NULL);
	sbk_buf_clear(next);
	return backend->ops->strip(backend->self, current, principals, count,
				   next, err);
}

int sbk_backend_evaluate(const struct sbk_backend *backend,
			 struct sbk_state access, const struct sbk_subject *who,
			 unsigned *rights, bool *named, struct sbk_buf *entry,
			 struct sbk_error *err)
{
	assert(backend->ops->evaluate != NULL);
	sbk_buf_clear(entry);
	return backend->ops->evaluate(backend->self, access, who, rights, named,
				      entry, err);
}

int sbk_backend_naming(const struct sbk_backend *backend,
		       struct sbk_state access, const char *principal,
		       unsigned *how, struct sbk_error *err)
{
	assert(backend->ops->naming != NULL);
	return backend->ops->naming(backend->self, access, principal, how, err);
}

bool sbk_backend_has_descriptors(const struct sbk_backend *backend)
{
	return backend->ops->to_descriptor != NULL;
}

int sbk_backend_to_descriptor(const struct sbk_backend *backend,
			      struct sbk_state access, struct sbk_buf *out,
			      struct sbk_error *err)
{
	assert(backend->ops->to_descriptor != NULL);
	return backend->ops->to_descriptor(backend->self, access, out, err);
}

int sbk_backend_from_descriptor(const struct sbk_backend *backend,
				const struct sbk_buf *bytes, bool is_directory,
				struct sbk_buf *next, struct sbk_error *err)
{
	assert(backend->ops->from_descriptor != NULL);
	sbk_buf_clear(next);
	return backend->ops->from_descriptor(backend->self, bytes, is_directory,
					     next, err);
}

void sbk_backend_close(struct sbk_backend *backend)
{
	if (backend->ops != NULL)
		backend->ops->close(backend->self);
	*backend = (struct sbk_backend){.ops = NULL};
}
