/*
 * The way from sandbook.exe to sandbook-setup.exe, and the system's log. Owns
 * that what is started is the file beside us, by its full path, and that no
 * word of the command line becomes another one on the way.
 */
#include "engine/windows/elevate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/limits.h"
#include "engine/os.h"
#include "engine/windows/command_line.h"
#include "engine/windows/setup_refusal.h"
#include "engine/windows/wide.h"
#include "engine/windows/win32.h"
#include "engine/windows/win32_elevation.h"
#include "engine/windows/win32_processes.h"

#include "engine/banned.h"

/* "C:/Program Files/Sandbook/sandbook-setup.exe" as the system writes it. */
static int sibling(const char *name, struct sbk_buf *out, struct sbk_error *err)
{
	char path[SBK_PATH_MAX], full[SBK_PATH_MAX + 64];
	char *slash;
	int rc = sbk_os_executable(path, sizeof(path), err);

	if (rc < 0)
		return rc;
	slash = strrchr(path, '/');
	if (slash == NULL)
		return sbk_error_set(err, SBK_E_IO,
				     "the system names this program '%s'",
				     path);
	*slash = '\0';
	(void)snprintf(full, sizeof(full), "%s/%s.exe", path, name);
	return sbk_wide_path(out, full) != NULL ? 0 : sbk_error_no_memory(err);
}

int sbk_elevate_start(const char *name, char *const *argv, HANDLE *process,
		      struct sbk_error *err)
{
	struct sbk_buf program = SBK_BUF_INIT, line = SBK_BUF_INIT;
	struct sbk_buf wide = SBK_BUF_INIT;
	const WCHAR *parameters = NULL;
	int rc = sibling(name, &program, err);

	/* Its first word is the program's, which ShellExecuteExW writes: ours
	 * has no space and no quote, so that it ends at the first one. */
	if (rc == 0)
		rc = sbk_command_line((const char *const *)argv, &line, err);
	if (rc == 0) {
		const char *rest = strchr(sbk_buf_text(&line), ' ');

		parameters = sbk_wide_of(&wide, rest != NULL ? rest + 1 : "");
		rc = parameters != NULL ? 0 : sbk_error_no_memory(err);
	}
	if (rc == 0)
		rc = sbk_win32_start_elevated(sbk_wide_text(&program),
					      parameters, process, err);
	if (rc < 0)
		(void)sbk_error_prefix(err, "starting '%s.exe'", name);
	sbk_buf_release(&program);
	sbk_buf_release(&line);
	sbk_buf_release(&wide);
	return rc;
}

int sbk_elevate_wait(HANDLE process, DWORD *code, struct sbk_error *err)
{
	int rc = sbk_win32_wait(process, INFINITE, err);

	return rc < 0 ? rc : sbk_win32_exit_code(process, code, err);
}

void sbk_elevate_see_all(void)
{
	/* Who does not hold it is told what was missed. */
	(void)sbk_win32_privilege(SE_BACKUP_NAME, true, NULL, NULL);
}

bool sbk_os_can_elevate(void)
{
	return true;
}

int sbk_os_run_elevated(const char *name, char *const *argv, int *code,
			struct sbk_error *err)
{
	HANDLE process = NULL;
	const char *text;
	DWORD ended = 0;
	int error, rc = sbk_elevate_start(name, argv, &process, err);

	if (rc == 0)
		rc = sbk_elevate_wait(process, &ended, err);
	sbk_win32_close(&process);
	if (rc < 0)
		return rc;
	/* It refused before it did anything, in a window that is gone. */
	text = sbk_setup_refusal_text(ended, &error);
	if (error < 0)
		return sbk_error_set(err, error, "%s.exe did nothing: %s", name,
				     text);
	*code = (int)ended;
	return 0;
}

/* There is no call that puts another program in this one's place: it is waited
 * for, and its end is ours. */
int sbk_os_become_sibling(const char *name, char *const *argv,
			  struct sbk_error *err)
{
	int code = 0, rc = sbk_os_run_elevated(name, argv, &code, err);

	if (rc < 0)
		return rc;
	(void)fflush(NULL);
	exit(code);
}

/* The source need not be registered: then the line stands in the log behind a
 * sentence of the system's that there is no text for it. */
int sbk_os_log_line(const char *line, struct sbk_error *err)
{
	struct sbk_buf wide = SBK_BUF_INIT;
	const WCHAR *text = sbk_wide_of(&wide, line);
	int rc = text != NULL ? sbk_win32_report(L"Sandbook", text, err)
			      : sbk_error_no_memory(err);

	sbk_buf_release(&wide);
	return rc;
}
