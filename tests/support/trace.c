/* Calls, written down; see the header. */
#include "tests/support/trace.h"

#include "tests/support/test.h"

#include "engine/banned.h"

static int trace_observe(void *self, const struct sbk_object *object,
			 struct sbk_observation *out, struct sbk_error *err)
{
	struct trace *trace = self;
	int rc = sbk_backend_observe(&trace->inner, object, out, err);

	sbk_buf_printf(&trace->lines, "observe %s %d\n", object->name, rc);
	return rc;
}

static int trace_replace(void *self, const struct sbk_object *object,
			 struct sbk_state expected, struct sbk_state next,
			 struct sbk_error *err)
{
	struct trace *trace = self;
	int rc =
		sbk_backend_replace(&trace->inner, object, expected, next, err);

	sbk_buf_printf(&trace->lines, "replace %s %d\n", object->name, rc);
	return rc;
}

static void trace_replace_begin(void *self, struct sbk_change *const *changes,
				size_t count, bool stop,
				struct sbk_error *outcomes)
{
	struct trace *trace = self;

	assert_int_equal(trace->count, 0);
	trace->changes = changes;
	trace->outcomes = outcomes;
	trace->count = count;
	trace->stop = stop;
	sbk_buf_printf(&trace->lines, "begin %zu\n", count);
}

static void trace_replace_end(void *self)
{
	struct trace *trace = self;
	bool failed = false;
	size_t i;

	for (i = 0; i < trace->count; i++) {
		const struct sbk_change *change = trace->changes[i];
		struct sbk_error *outcome = &trace->outcomes[i];

		sbk_error_clear(outcome);
		outcome->code = SBK_REPLACE_NOT_TRIED;
		if (failed && trace->stop)
			continue;
		outcome->code =
			trace_replace(self, &change->object, change->before,
				      change->after, outcome);
		failed = failed || outcome->code < 0;
	}
	trace->count = 0;
	sbk_buf_adds(&trace->lines, "end\n");
}

static int trace_flush(void *self, struct sbk_error *err)
{
	struct trace *trace = self;
	int rc = sbk_backend_flush(&trace->inner, err);

	sbk_buf_printf(&trace->lines, "flush %d\n", rc);
	return rc;
}

static int trace_walk(void *self, const char *root, sbk_visit_fn *visit,
		      void *arg, struct sbk_error *err)
{
	struct trace *trace = self;
	int rc = sbk_backend_walk(&trace->inner, root, visit, arg, err);

	sbk_buf_printf(&trace->lines, "walk %s %d\n", root, rc);
	return rc;
}

static int trace_survey(void *self, const char *root, sbk_visit_fn *visit,
			void *arg, struct sbk_error *err)
{
	struct trace *trace = self;

	return sbk_backend_survey(&trace->inner, root, visit, arg, err);
}

static int trace_locate(void *self, const char *const *identities, size_t count,
			const char *const *roots, size_t root_count,
			struct sbk_location *found, struct sbk_error *err)
{
	struct trace *trace = self;
	int rc = sbk_backend_locate(&trace->inner, identities, count, roots,
				    root_count, found, err);

	sbk_buf_printf(&trace->lines, "locate %zu %d\n", count, rc);
	return rc;
}

static int trace_add_grant(void *self, struct sbk_state current,
			   bool is_directory, const char *principal,
			   enum sbk_rights rights, struct sbk_buf *next,
			   struct sbk_buf *ours, struct sbk_error *err)
{
	struct trace *trace = self;

	return sbk_backend_add_grant(&trace->inner, current, is_directory,
				     principal, rights, next, ours, err);
}

static int trace_subtract(void *self, const struct sbk_change *change,
			  struct sbk_state current, struct sbk_buf *next,
			  struct sbk_error *err)
{
	struct trace *trace = self;

	return sbk_backend_subtract(&trace->inner, change, current, next, err);
}

static int trace_strip(void *self, struct sbk_state current,
		       const char *const *principals, size_t count,
		       struct sbk_buf *next, struct sbk_error *err)
{
	struct trace *trace = self;

	return sbk_backend_strip(&trace->inner, current, principals, count,
				 next, err);
}

static int trace_evaluate(void *self, struct sbk_state access,
			  const struct sbk_subject *who, unsigned *rights,
			  bool *named, struct sbk_buf *entry,
			  struct sbk_error *err)
{
	struct trace *trace = self;

	return sbk_backend_evaluate(&trace->inner, access, who, rights, named,
				    entry, err);
}

static int trace_naming(void *self, struct sbk_state access,
			const char *principal, unsigned *how,
			struct sbk_error *err)
{
	struct trace *trace = self;

	return sbk_backend_naming(&trace->inner, access, principal, how, err);
}

static void trace_close(void *self)
{
	struct trace *trace = self;

	sbk_buf_release(&trace->lines);
}

#define TRACE_OPS                                                            \
	.name = "trace", .observe = trace_observe, .replace = trace_replace, \
	.flush = trace_flush, .walk = trace_walk, .survey = trace_survey,    \
	.locate = trace_locate, .add_grant = trace_add_grant,                \
	.subtract = trace_subtract, .strip = trace_strip,                    \
	.evaluate = trace_evaluate, .naming = trace_naming,                  \
	.close = trace_close

static const struct sbk_backend_ops trace_ops = {TRACE_OPS};

static const struct sbk_backend_ops helping_ops = {
	TRACE_OPS,
	.replace_begin = trace_replace_begin,
	.replace_end = trace_replace_end,
};

struct sbk_backend trace_backend(struct trace *trace)
{
	return (struct sbk_backend){.ops = &trace_ops, .self = trace};
}

struct sbk_backend trace_helping_backend(struct trace *trace)
{
	return (struct sbk_backend){.ops = &helping_ops, .self = trace};
}
