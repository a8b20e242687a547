/* What is said of the principals of a run's roots. */
#include "engine/run_roots.h"

#include "engine/json.h"

#include "engine/banned.h"

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
		if (root->principal == NULL)
			sbk_buf_adds(out, "nothing: ");
		sbk_text_escape(out, root->principal != NULL ? root->principal
							     : root->missing);
		sbk_buf_addc(out, '\n');
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
		if (root->principal != NULL)
			sbk_json_string(out, "principal", root->principal);
		else
			sbk_json_name(out, "missing", root->missing);
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
