/*
 * sandbook-runner.exe: started under a sandbox account by sandbook.exe, never
 * by a person. Its words are the name of a pipe and the number of the process
 * that made it; it says nothing but through that pipe. By other words (`trial`,
 * ports, a token) it is a command of its own: what sends in a trial of the
 * network (trial_run.h).
 */
#include <stdbool.h>
#include <wchar.h>

#include <windows.h>

#include "engine/cli.h"
#include "engine/windows/runner_serve.h"
#include "engine/windows/trial_run.h"
#include "engine/windows/wide.h"
#include "engine/windows/win32_elevation.h"

#include "engine/banned.h"

/* Decimal, without anything else; 0 is no process of ours. */
static DWORD read_number(const wchar_t *text)
{
	unsigned long long number = 0;
	size_t i;

	for (i = 0; i < 10 && text[i] >= L'0' && text[i] <= L'9'; i++)
		number = number * 10 + (unsigned)(text[i] - L'0');
	return text[i] == L'\0' && number <= MAXDWORD ? (DWORD)number : 0;
}

static int send_trial(wchar_t **wide)
{
	struct sbk_buf ports = SBK_BUF_INIT, token = SBK_BUF_INIT;
	const char *words[SBK_TRIAL_WORDS];
	int rc;

	sbk_narrow_add(&ports, wide[0], wcslen(wide[0]));
	sbk_narrow_add(&token, wide[1], wcslen(wide[1]));
	words[0] = sbk_buf_text(&ports);
	words[1] = sbk_buf_text(&token);
	rc = sbk_trial_send(words, NULL);
	sbk_buf_release(&ports);
	sbk_buf_release(&token);
	return rc < 0 ? SBK_EXIT_FAILED : rc;
}

/* What the C library starts here in place of main; no header declares it. */
int wmain(int argc, wchar_t **wide);

int wmain(int argc, wchar_t **wide)
{
	struct sbk_runner_serve serve = {.pipe = NULL};
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf name = SBK_BUF_INIT;
	int rc;

	/* Before anything is loaded: from the system's directory alone. */
	if (sbk_win32_search_system_alone(&err) < 0)
		return SBK_EXIT_UNSUPPORTED;
	if (argc == 4 && wcscmp(wide[1], L"" SBK_TRIAL_WORD) == 0)
		return send_trial(wide + 2);
	if (argc != 3)
		return SBK_EXIT_USAGE;
	sbk_narrow_add(&name, wide[1], wcslen(wide[1]));
	serve.pipe = sbk_buf_text(&name);
	serve.server = read_number(wide[2]);
	if (serve.server == 0)
		return SBK_EXIT_USAGE;
	rc = sbk_runner_serve(&serve, &err);
	sbk_buf_release(&name);
	return rc == 0 ? 0 : SBK_EXIT_FAILED;
}
