/*
 * What tests/windows/test_runner.c has started in place of sandbook-runner: the
 * runner itself, with the switches for Wine, or one that is hostile, as the
 * variable SBK_TEST_RUNNER says.
 */
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "engine/windows/frame_pipe.h"
#include "engine/windows/pipe_end.h"
#include "engine/windows/runner_serve.h"
#include "engine/windows/wide.h"
#include "engine/windows/win32.h"

#include "engine/banned.h"

int wmain(int argc, wchar_t **wide);

static int serve(const char *name, const wchar_t *server, bool any_token,
		 bool same_user)
{
	const struct sbk_runner_serve wish = {.pipe = name,
					      .server =
						      wcstoul(server, NULL, 10),
					      .idle_ms = 1000,
					      .test_any_token = any_token,
					      .test_same_user = same_user};
	struct sbk_error err = SBK_ERROR_INIT;

	return sbk_runner_serve(&wish, &err) == 0 ? 0 : 1;
}

/* Opens the pipe and says what is not due. */
static int be_hostile(const char *name, const void *bytes, size_t size)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_sid owner;
	HANDLE pipe = NULL;

	if (sbk_pipe_join(name, &pipe, &owner, &err) < 0)
		return 1;
	if (size > 0)
		(void)sbk_win32_write_within(pipe, bytes, size, 5000, &err);
	Sleep(60000);
	return 0;
}

/* Another process opens the pipe in its place. */
static int start_other(wchar_t **wide)
{
	STARTUPINFOW startup = {.cb = sizeof(startup)};
	PROCESS_INFORMATION made;
	wchar_t program[300], line[600];

	(void)SetEnvironmentVariableA("SBK_TEST_RUNNER", "silent");
	if (GetModuleFileNameW(NULL, program, 300) == 0)
		return 1;
	(void)swprintf(line, 600, L"runner %ls %ls", wide[1], wide[2]);
	if (!CreateProcessW(program, line, NULL, NULL, FALSE, 0, NULL, NULL,
			    &startup, &made))
		return 1;
	Sleep(60000);
	return 0;
}

int wmain(int argc, wchar_t **wide)
{
	static const char early[] = "\x37\0\0\0{\"v\":1,\"type\":\"output\","
				    "\"stream\":1,\"data\":\"aGVsbG8=\"}   ";
	const char *mode = getenv("SBK_TEST_RUNNER");
	struct sbk_buf name = SBK_BUF_INIT;
	const char *pipe;

	if (argc != 3 || mode == NULL)
		return 9;
	sbk_narrow_add(&name, wide[1], wcslen(wide[1]));
	pipe = sbk_buf_text(&name);
	if (strcmp(mode, "serve") == 0)
		return serve(pipe, wide[2], true, true);
	if (strcmp(mode, "strict token") == 0)
		return serve(pipe, wide[2], false, true);
	if (strcmp(mode, "strict user") == 0)
		return serve(pipe, wide[2], true, false);
	if (strcmp(mode, "another server") == 0)
		return serve(pipe, L"4", true, true);
	if (strcmp(mode, "silent") == 0)
		return be_hostile(pipe, NULL, 0);
	if (strcmp(mode, "early") == 0)
		return be_hostile(pipe, early, sizeof(early) - 1);
	if (strcmp(mode, "long") == 0)
		return be_hostile(pipe, "\xff\xff\xff\x7f", 4);
	if (strcmp(mode, "other") == 0)
		return start_other(wide);
	return 3;
}
