/*
 * What tests have started in place of sandbook-runner: the runner itself, with
 * the switches for Wine, or one that is hostile, as the variable
 * SBK_TEST_RUNNER says. By the words of a trial (trial_run.h) it sends, as the
 * file `behaviour` beside it says: that is the simulated account's filters, or
 * a sender that is not to be believed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "engine/windows/frame_pipe.h"
#include "engine/windows/pipe_end.h"
#include "engine/windows/runner_serve.h"
#include "engine/windows/trial_run.h"
#include "engine/windows/wide.h"
#include "engine/windows/win32.h"

#include "engine/banned.h"

#define PORTS_TEXT (SBK_TRIAL_PATH_COUNT * 6 + 1)

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

/* --- consoles --------------------------------
 */

static struct sbk_win32_process consoles;
static struct sbk_win32 table;
static volatile LONG closing;

/* As before Windows 11 24H2, where it waits for the output to be read. */
static void WINAPI close_late(HPCON console)
{
	(void)InterlockedExchange(&closing, 1);
	Sleep(500);
	ClosePseudoConsole(console);
}

/* The handle of a console that is being closed is nobody's any more. */
static HRESULT WINAPI resize_open(HPCON console, COORD size)
{
	(void)size;
	if (console == NULL || closing)
		ExitProcess(99);
	return S_OK;
}

/* Wine's console ends at once where it is to ask for the cursor. */
static HRESULT WINAPI make_without_cursor(COORD size, HANDLE input,
					  HANDLE output, DWORD flags,
					  HPCON *out)
{
	return flags == 1 ? CreatePseudoConsole(size, input, output, 0, out)
			  : E_INVALIDARG;
}

static void change_consoles(bool late)
{
	consoles = sbk_win32_process_system;
	consoles.CreatePseudoConsole = make_without_cursor;
	if (late) {
		consoles.ClosePseudoConsole = close_late;
		consoles.ResizePseudoConsole = resize_open;
	}
	table = sbk_win32_system;
	table.process = &consoles;
	sbk_win32 = &table;
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

/* Begins as it should, and then never stops sending; or takes what was never
 * sent. */
static int flood(const char *name, bool greedy)
{
	static const uint8_t data[1000];
	const struct sbk_frame took = {.type = SBK_FRAME_TOOK, .taken = 1};
	struct sbk_frame said[] = {
		{.type = SBK_FRAME_HELLO, .process = GetCurrentProcessId()},
		{.type = SBK_FRAME_STARTED, .process = 1, .limits = true},
		{.type = SBK_FRAME_OUTPUT,
		 .stream = 1,
		 .data = data,
		 .data_size = sizeof(data)}};
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_frame_pipe frames;
	struct sbk_frame theirs;
	struct sbk_sid owner;
	HANDLE pipe = NULL;
	size_t i;

	if (sbk_pipe_join(name, &pipe, &owner, &err) < 0)
		return 1;
	sbk_frame_pipe_begin(&frames, pipe, SBK_FRAME_RUNNER);
	for (i = 0; i < 3; i++) {
		/* hello, start, begin */
		if (sbk_frame_receive(&frames, 10000, &theirs, &err) != 1)
			return 1;
		sbk_frame_release(&theirs);
		if (sbk_frame_send(&frames, &said[i], 10000, &err) < 0)
			return 1;
	}
	if (greedy)
		(void)sbk_frame_send(&frames, &took, 10000, &err);
	while (sbk_frame_send(&frames, &said[2], 10000, &err) == 0)
		Sleep(20);
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

/* The first bytes of a file beside this program; "" where there is none. */
static void read_behaviour(char out[32])
{
	wchar_t path[300], *slash;
	FILE *file;

	out[0] = '\0';
	if (GetModuleFileNameW(NULL, path, 280) == 0)
		return;
	slash = wcsrchr(path, L'\\');
	(void)wcscpy(slash + 1, L"behaviour");
	file = _wfopen(path, L"rb");
	if (file == NULL)
		return;
	out[fread(out, 1, 31, file)] = '\0';
	(void)fclose(file);
}

/* Only what these bits let through has a port. */
static void keep_ports(char ports[PORTS_TEXT], unsigned through)
{
	char kept[PORTS_TEXT] = "", *at = ports;
	size_t used = 0;
	unsigned i;

	for (i = 0; i < SBK_TRIAL_PATH_COUNT; i++) {
		const unsigned long port = strtoul(at, &at, 10);

		used += (size_t)snprintf(kept + used, sizeof(kept) - used,
					 "%s%lu", i > 0 ? "," : "",
					 (through & (1u << i)) != 0 ? port : 0);
		at += *at != '\0';
	}
	memcpy(ports, kept, sizeof(kept));
}

static int send_trial(wchar_t **wide)
{
	char ports[PORTS_TEXT], token[64], behaviour[32];
	const char *const words[SBK_TRIAL_WORDS] = {ports, token};
	const char *how = behaviour;

	(void)snprintf(ports, sizeof(ports), "%ls", wide[0]);
	(void)snprintf(token, sizeof(token), "%ls", wide[1]);
	read_behaviour(behaviour);
	if (strcmp(how, "exit") == 0)
		return 1;
	if (strcmp(how, "crash") == 0)
		ExitProcess(0xC0000005);
	if (strcmp(how, "hang") == 0)
		Sleep(60000);
	if (strcmp(how, "silent") == 0)
		return SBK_TRIAL_TRIED;
	if (strcmp(how, "another's token") == 0)
		token[0] = token[0] == '0' ? '1' : '0';
	else
		keep_ports(ports, (unsigned)strtoul(how, NULL, 10));
	return sbk_trial_send(words, NULL);
}

int wmain(int argc, wchar_t **wide)
{
	static const char early[] = "\x37\0\0\0{\"v\":1,\"type\":\"output\","
				    "\"stream\":1,\"data\":\"aGVsbG8=\"}   ";
	const char *mode = getenv("SBK_TEST_RUNNER");
	struct sbk_buf name = SBK_BUF_INIT;
	const char *pipe;

	if (argc == 4 && wcscmp(wide[1], L"" SBK_TRIAL_WORD) == 0)
		return send_trial(wide + 2);
	if (argc != 3 || mode == NULL)
		return 9;
	sbk_narrow_add(&name, wide[1], wcslen(wide[1]));
	pipe = sbk_buf_text(&name);
	change_consoles(strcmp(mode, "slow close") == 0);
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
	if (strcmp(mode, "flood") == 0)
		return flood(pipe, false);
	if (strcmp(mode, "greedy") == 0)
		return flood(pipe, true);
	if (strcmp(mode, "slow close") == 0)
		return serve(pipe, wide[2], true, true);
	if (strcmp(mode, "early") == 0)
		return be_hostile(pipe, early, sizeof(early) - 1);
	if (strcmp(mode, "long") == 0)
		return be_hostile(pipe, "\xff\xff\xff\x7f", 4);
	/* As the loader ends what gets no desktop. */
	if (strcmp(mode, "no desktop") == 0)
		ExitProcess(0xC0000142);
	if (strcmp(mode, "other") == 0)
		return start_other(wide);
	return 3;
}
