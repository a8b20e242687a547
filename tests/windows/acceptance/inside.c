/*
 * What is tried in a process of its own, as inside.h tells: one system call of
 * interest each, and its code.
 */
#include <winsock2.h>

#include <windows.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "tests/windows/acceptance/act.h"
#include "tests/windows/acceptance/inside.h"
#include "tests/windows/acceptance/tokens.h"

#include "engine/banned.h"

static DWORD code_unless(BOOL done)
{
	return done ? 0 : GetLastError();
}

static DWORD idle(int argc, WCHAR **argv)
{
	(void)argc;
	(void)argv;
	Sleep(60000);
	return 0;
}

/* --- pipes, as libuv makes them for a child's streams --------------------- */

struct pipe_case {
	DWORD server, client;
	bool listed;
};

static DWORD anonymous_pipe(void)
{
	HANDLE read, write;

	return code_unless(CreatePipe(&read, &write, NULL, 0));
}

static DWORD nul(void)
{
	return code_unless(CreateFileW(L"NUL", GENERIC_WRITE,
				       FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
				       OPEN_EXISTING, 0,
				       NULL) != INVALID_HANDLE_VALUE);
}

/* Without a list the system gives one: Everyone may read ("CreateNamedPipeW
 * function", lpSecurityAttributes). */
static DWORD named_pipe(const struct pipe_case *wanted)
{
	SECURITY_ATTRIBUTES security = {sizeof(security), NULL, FALSE};
	static unsigned number;
	HANDLE server, client;
	WCHAR name[100];

	(void)swprintf(name, 100, L"\\\\?\\pipe\\sandbook-acceptance-%lu-%u",
		       GetCurrentProcessId(), ++number);
	if (wanted->listed)
		security.lpSecurityDescriptor = descriptor(
			L"D:P(A;;GA;;;%ls)(A;;GA;;;%ls)", user_sid(), RUN_SID);
	server = CreateNamedPipeW(
		name,
		wanted->server | FILE_FLAG_OVERLAPPED |
			FILE_FLAG_FIRST_PIPE_INSTANCE | WRITE_DAC,
		PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_WAIT, 1, 65536,
		65536, 0, wanted->listed ? &security : NULL);
	if (server == INVALID_HANDLE_VALUE)
		return 1000 + GetLastError();
	client = CreateFileW(name, wanted->client, 0, NULL, OPEN_EXISTING, 0,
			     NULL);
	return code_unless(client != INVALID_HANDLE_VALUE);
}

/* A code for each, in a line. */
static DWORD pipes(int argc, WCHAR **argv)
{
	static const struct pipe_case cases[] = {
		{PIPE_ACCESS_OUTBOUND, GENERIC_READ | FILE_WRITE_ATTRIBUTES,
		 false},
		{PIPE_ACCESS_INBOUND, GENERIC_WRITE | FILE_READ_ATTRIBUTES,
		 false},
		{PIPE_ACCESS_DUPLEX, GENERIC_READ | GENERIC_WRITE, false},
		{PIPE_ACCESS_DUPLEX, GENERIC_READ | GENERIC_WRITE, true},
	};
	size_t i;

	(void)argc;
	(void)argv;
	(void)printf("%lu %lu", nul(), anonymous_pipe());
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		(void)printf(" %lu", named_pipe(&cases[i]));
	(void)printf("\n");
	return 0;
}

/* --- processes and files -------------------------------------------------- */

/* So many MiB, and touched. */
static DWORD allocate(int argc, WCHAR **argv)
{
	const SIZE_T size = (SIZE_T)(argc > 0 ? wcstoul(argv[0], NULL, 10) : 1)
			    << 20;

	return code_unless(VirtualAlloc(NULL, size, MEM_COMMIT | MEM_RESERVE,
					PAGE_READWRITE) != NULL);
}

static DWORD another(int argc, WCHAR **argv)
{
	struct process process;
	DWORD code = start_self(NULL, NULL, true, &process, L"idle");

	(void)argc;
	(void)argv;
	if (code == 0)
		kill_process(&process);
	return code;
}

/* A process in a job of its own with these limits of windows. */
static DWORD nest(int argc, WCHAR **argv)
{
	JOBOBJECT_BASIC_UI_RESTRICTIONS limits = {
		argc > 0 ? (DWORD)wcstoul(argv[0], NULL, 10) : 0};
	HANDLE job = CreateJobObjectW(NULL, NULL);
	struct process process;
	DWORD code;

	if (job == NULL ||
	    !SetInformationJobObject(job, JobObjectBasicUIRestrictions, &limits,
				     sizeof(limits)))
		return 1000 + GetLastError();
	code = start_self(NULL, NULL, true, &process, L"idle");
	if (code != 0)
		return 2000 + code;
	code = code_unless(AssignProcessToJobObject(job, process.process));
	kill_process(&process);
	return code;
}

static DWORD restart(int argc, WCHAR **argv)
{
	HANDLE token = restricted_token(AS_SANDBOOK, BY_ALL_OF_A_RUN);
	struct process process;
	DWORD code = start_self(token, NULL, true, &process, L"idle");

	(void)argc;
	(void)argv;
	(void)CloseHandle(token);
	if (code == 0)
		kill_process(&process);
	return code;
}

/* Says when it holds the file, which goes with its handle, and waits. */
static DWORD hold(int argc, WCHAR **argv)
{
	HANDLE file;

	if (argc < 1)
		return ERROR_INVALID_PARAMETER;
	file = CreateFileW(argv[0], GENERIC_WRITE | DELETE, FILE_SHARE_DELETE,
			   NULL, CREATE_ALWAYS, FILE_FLAG_DELETE_ON_CLOSE,
			   NULL);
	(void)printf("%c", file != INVALID_HANDLE_VALUE ? '0' : '1');
	(void)fflush(stdout);
	Sleep(60000);
	return 0;
}

/* --- the network ---------------------------------------------------------- */

static DWORD connect_to(int argc, WCHAR **argv)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	WSADATA data;
	SOCKET made;

	if (argc < 1)
		return ERROR_INVALID_PARAMETER;
	if (WSAStartup(0x0202, &data) != 0)
		return (DWORD)WSAGetLastError();
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	address.sin_port = htons((u_short)wcstoul(argv[0], NULL, 10));
	made = socket(AF_INET, SOCK_STREAM, 0);
	if (made == INVALID_SOCKET ||
	    connect(made, (struct sockaddr *)&address, sizeof(address)) != 0)
		return (DWORD)WSAGetLastError();
	return 0;
}

static const struct {
	const WCHAR *name;
	DWORD (*act)(int argc, WCHAR **argv);
} acts[] = {
	{L"idle", idle},
	{L"allocate", allocate},
	{L"another", another},
	{L"nest", nest},
	{L"restart", restart},
	{L"hold", hold},
	{L"own-pipes", pipes},
	{L"connect", connect_to},
	{L"write", act_write},
	{L"append", act_append},
	{L"read", act_read},
	{L"mkdir", act_make_directory},
	{L"rename", act_rename},
	{L"delete", act_delete},
	{L"link", act_link},
	{L"attributes", act_attributes},
	{L"temporary", act_temporary},
	{L"junction", act_junction},
	{L"registry", act_registry},
	{L"reach", act_reach},
	{L"pipe", act_pipe},
	{L"tcp", act_tcp},
	{L"dns", act_dns},
	{L"program", act_program},
	{L"wait", act_wait},
	{L"run", act_run},
	{L"where", act_where},
	{L"station", act_station},
	{L"desktop", act_desktop},
	{L"clipboard", act_clipboard},
	{L"windows", act_windows},
	{L"parameter", act_parameter},
	{L"thread", act_thread},
	{L"through", act_through},
	{L"symlink", act_symlink},
	{L"race", act_race},
	{L"slow", act_slow},
	{L"leave", act_leave},
	{L"deep", act_deep},
	{L"dacl", act_dacl},
	{L"census", act_census},
	{L"own-profile", act_profile},
	{L"dpapi", act_dpapi},
};

static bool act(const WCHAR *name, int argc, WCHAR **argv, DWORD *code)
{
	size_t i;

	for (i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
		if (wcscmp(name, acts[i].name) != 0)
			continue;
		*code = acts[i].act(argc, argv);
		return true;
	}
	return false;
}

bool inside(const WCHAR *name, int argc, WCHAR **argv, DWORD *code)
{
	if (wcscmp(name, L"marked") != 0)
		return act(name, argc, argv, code);
	if (argc < 1 || !act(argv[0], argc - 1, argv + 1, code))
		*code = ERROR_INVALID_PARAMETER;
	(void)printf(MARK "%lu\n", *code);
	return true;
}
