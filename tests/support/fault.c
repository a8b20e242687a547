/* The n-th operation fails or never happens; see the header. */
#include "tests/support/fault.h"

#include <stdlib.h>

#include "engine/banned.h"

struct fault_plan fault_plan;

void fault_point(void)
{
	fault_plan.counted++;
	if ((fault_plan.mode == FAULT_STOP ||
	     fault_plan.mode == FAULT_STOP_AFTER) &&
	    fault_plan.counted == fault_plan.at)
		_Exit(FAULT_EXIT);
}

/* Before an operation of the host: 0 to go on, or the failure to return. */
static int before(struct sbk_error *err)
{
	fault_plan.counted++;
	if (fault_plan.counted != fault_plan.at)
		return 0;
	if (fault_plan.mode == FAULT_STOP)
		_Exit(FAULT_EXIT);
	if (fault_plan.mode == FAULT_DENY)
		return sbk_error_set(err, SBK_E_DENIED, "made to fail");
	return 0;
}

static int after(int rc)
{
	if (fault_plan.mode == FAULT_STOP_AFTER &&
	    fault_plan.counted == fault_plan.at)
		_Exit(FAULT_EXIT);
	return rc;
}

static int fault_observe(void *self, const struct sbk_object *object,
			 struct sbk_observation *out, struct sbk_error *err)
{
	int rc = before(err);

	return rc < 0 ? rc : after(sbk_backend_observe(self, object, out, err));
}

static int fault_replace(void *self, const struct sbk_object *object,
			 struct sbk_state expected, struct sbk_state next,
			 struct sbk_error *err)
{
	int rc = before(err);

	return rc < 0 ? rc
		      : after(sbk_backend_replace(self, object, expected, next,
						  err));
}

static int fault_flush(void *self, struct sbk_error *err)
{
	int rc = before(err);

	return rc < 0 ? rc : after(sbk_backend_flush(self, err));
}

static int fault_walk(void *self, const char *root, sbk_visit_fn *visit,
		      void *arg, struct sbk_error *err)
{
	int rc = before(err);

	return rc < 0 ? rc
		      : after(sbk_backend_walk(self, root, visit, arg, err));
}

static int fault_survey(void *self, const char *root, sbk_visit_fn *visit,
			void *arg, struct sbk_error *err)
{
	return sbk_backend_survey(self, root, visit, arg, err);
}

static int fault_locate(void *self, const char *const *identities, size_t count,
			const char *const *roots, size_t root_count,
			struct sbk_location *found, struct sbk_error *err)
{
	int rc = before(err);

	return rc < 0 ? rc
		      : after(sbk_backend_locate(self, identities, count, roots,
						 root_count, found, err));
}

/* The pure ones touch nothing, so they are no operations. */
static int fault_add_grant(void *self, struct sbk_state current,
			   bool is_directory, const char *principal,
			   enum sbk_rights rights, struct sbk_buf *next,
			   struct sbk_buf *ours, struct sbk_error *err)
{
	return sbk_backend_add_grant(self, current, is_directory, principal,
				     rights, next, ours, err);
}

static int fault_subtract(void *self, const struct sbk_change *change,
			  struct sbk_state current, struct sbk_buf *next,
			  struct sbk_error *err)
{
	return sbk_backend_subtract(self, change, current, next, err);
}

static int fault_strip(void *self, struct sbk_state current,
		       const char *const *principals, size_t count,
		       struct sbk_buf *next, struct sbk_error *err)
{
	return sbk_backend_strip(self, current, principals, count, next, err);
}

static int fault_evaluate(void *self, struct sbk_state access,
			  const struct sbk_subject *who, unsigned *rights,
			  bool *named, struct sbk_buf *entry,
			  struct sbk_error *err)
{
	return sbk_backend_evaluate(self, access, who, rights, named, entry,
				    err);
}

static int fault_naming(void *self, struct sbk_state access,
			const char *principal, unsigned *how,
			struct sbk_error *err)
{
	return sbk_backend_naming(self, access, principal, how, err);
}

static void fault_close(void *self)
{
	(void)self;
}

static const struct sbk_backend_ops fault_ops = {
	.name = "fault",
	.observe = fault_observe,
	.replace = fault_replace,
	.flush = fault_flush,
	.walk = fault_walk,
	.survey = fault_survey,
	.locate = fault_locate,
	.add_grant = fault_add_grant,
	.subtract = fault_subtract,
	.strip = fault_strip,
	.evaluate = fault_evaluate,
	.naming = fault_naming,
	.close = fault_close,
};

struct sbk_backend fault_backend(const struct sbk_backend *inner)
{
	return (struct sbk_backend){.ops = &fault_ops,
				    .self = (void *)(uintptr_t)inner};
}
