/* What is said of the principals of a run's roots. */
#include "engine/run_roots.h"

#include "engine/json.h"

#include "engine/banned.h"

/* What the run holds, or will once its grants are made. */
static const char *holds(const struct sbk_run_root *root)
{
	return root->planned != NULL ? root->planned : root->principal;
}

void sbk_run_roots_print(const struct sbk_scope *scope, struct sbk_buf *out)
{
	size_t i;

	if (scope->root_count == 0)
		return;
	sbk_buf_adds(out, "Writes by what was granted to runs:\n");
	for (i = 0; i < scope->root_count; i++) {
		const struct sbk_run_root *root = &scope->roots[i];

		sbk_buf_adds(out, "  ");
		sbk_text_escape(out, root->path);
		sbk_buf_adds(out, "   ");
		if (holds(root) == NULL)
			sbk_buf_adds(out, "nothing: ");
		sbk_text_escape(out, holds(root) != NULL ? holds(root)
							 : root->missing);
		sbk_buf_adds(out, root->planned != NULL
					  ? " (granted before the command)\n"
					  : "\n");
	}
}

void sbk_run_roots_print_json(const struct sbk_scope *scope,
			      struct sbk_buf *out)
{
	size_t i;

	if (scope->root_count == 0)
		return;
	sbk_json_open_key(out, "roots", '[');
	for (i = 0; i < scope->root_count; i++) {
		const struct sbk_run_root *root = &scope->roots[i];

		sbk_json_open(out, '{');
		sbk_json_name(out, "path", root->path);
		if (holds(root) != NULL)
			sbk_json_string(out, "principal", holds(root));
		else
			sbk_json_name(out, "missing", root->missing);
		if (root->planned != NULL)
			sbk_json_bool(out, "planned", true);
		sbk_json_close(out, '}');
	}
	sbk_json_close(out, ']');
}

bool sbk_run_root_note(const struct sbk_run_root *root, struct sbk_buf *out)
{
	if (root->principal != NULL)
		return false;
	sbk_buf_adds(out, "the run can write nothing in '");
	sbk_text_escape(out, root->path);
	sbk_buf_adds(out, "': ");
	sbk_text_escape(out, root->missing);
	return true;
}
