/*
 * The running program: where it stands, and what its caller gave it.
 */
#include "engine/os.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/limits.h"
#include "engine/windows/drive_path.h"
#include "engine/windows/wide.h"
#include "engine/windows/win32.h"

#include "engine/banned.h"

int sbk_os_executable(char *out, size_t out_size, struct sbk_error *err)
{
	struct sbk_buf wide = SBK_BUF_INIT, text = SBK_BUF_INIT;
	int rc = sbk_win32_module_path(&wide, err);

	if (rc == 0) {
		sbk_narrow_add(&text, (const WCHAR *)(const void *)wide.data,
			       wide.size / sizeof(WCHAR));
		rc = sbk_buf_failed(&text, err);
	}
	if (rc == 0 && text.size >= out_size)
		rc = sbk_error_set(err, SBK_E_LIMIT,
				   "the path of this program is too long");
	if (rc == 0) {
		(void)snprintf(out, out_size, "%s", sbk_buf_text(&text));
		sbk_drive_take(out);
	}
	sbk_buf_release(&wide);
	sbk_buf_release(&text);
	return rc;
}

int sbk_os_program(char *out, struct sbk_error *err)
{
	char path[SBK_PATH_MAX];
	struct sbk_file file;
	int rc = sbk_os_executable(path, sizeof(path), err);

	return rc < 0 ? rc : sbk_os_resolve(path, out, &file, err);
}

/* --- the environment ------------------------------------------------------ */

static const char **environment; /* made once, kept */

/* "NAME=value" of the block, its name in upper case; "=C:=C:\dir" is none. */
static char *copy_variable(const WCHAR *text, size_t units)
{
	struct sbk_buf out = SBK_BUF_INIT;
	char *variable;

	sbk_narrow_add(&out, text, units);
	variable = sbk_buf_steal(&out);
	if (variable != NULL)
		sbk_drive_fold(variable, strcspn(variable, "="));
	return variable;
}

static size_t count_variables(const WCHAR *block)
{
	size_t count = 0;

	for (; *block != 0; block += wcslen(block) + 1)
		count++;
	return count;
}

const char *const *sbk_os_environment(void)
{
	static const char *const none[] = {NULL};
	const WCHAR *at;
	size_t used = 0;
	WCHAR *block;

	if (environment != NULL)
		return environment;
	block = sbk_win32->program->GetEnvironmentStringsW();
	if (block == NULL)
		return none;
	environment = calloc(count_variables(block) + 1, sizeof(*environment));
	for (at = block; environment != NULL && *at != 0;
	     at += wcslen(at) + 1) {
		environment[used] =
			*at == L'=' ? NULL : copy_variable(at, wcslen(at));
		used += environment[used] != NULL ? 1 : 0;
	}
	(void)sbk_win32->program->FreeEnvironmentStringsW(block);
	return environment != NULL ? environment : none;
}
