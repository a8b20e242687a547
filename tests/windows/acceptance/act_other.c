/*
 * What a run tries with processes, pipes and the network: one thing each, and
 * the system's code.
 */
#include <winsock2.h>

#include <windows.h>

#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>
#include <windns.h>
#include <winternl.h>

#include "tests/windows/acceptance/act.h"
#include "tests/windows/acceptance/tokens.h"

#include "engine/banned.h"

DWORD act_reach(int argc, WCHAR **argv)
{
	HANDLE process;

	if (argc < 2)
		return ERROR_INVALID_PARAMETER;
	process = OpenProcess((DWORD)wcstoul(argv[1], NULL, 0), FALSE,
			      (DWORD)wcstoul(argv[0], NULL, 10));
	if (process == NULL)
		return GetLastError();
	(void)CloseHandle(process);
	return 0;
}

DWORD act_pipe(int argc, WCHAR **argv)
{
	WIN32_FIND_DATAW found;
	WCHAR path[400];
	HANDLE list, pipe = INVALID_HANDLE_VALUE;
	DWORD code = ERROR_FILE_NOT_FOUND;

	if (argc < 1)
		return ERROR_INVALID_PARAMETER;
	list = FindFirstFileW(L"\\\\.\\pipe\\*", &found);
	if (list == INVALID_HANDLE_VALUE)
		return GetLastError();
	do {
		if (wcsncmp(found.cFileName, argv[0], wcslen(argv[0])) != 0)
			continue;
		(void)swprintf(path, 400, L"\\\\.\\pipe\\%ls", found.cFileName);
		pipe = CreateFileW(path, GENERIC_READ | GENERIC_WRITE, 0, NULL,
				   OPEN_EXISTING, 0, NULL);
		code = pipe == INVALID_HANDLE_VALUE ? GetLastError() : 0;
	} while (pipe == INVALID_HANDLE_VALUE && FindNextFileW(list, &found));
	(void)FindClose(list);
	if (pipe != INVALID_HANDLE_VALUE)
		(void)CloseHandle(pipe);
	return code;
}

DWORD act_tcp(int argc, WCHAR **argv)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	char text[40];
	WSADATA data;
	SOCKET made;

	if (argc < 2)
		return ERROR_INVALID_PARAMETER;
	if (WSAStartup(0x0202, &data) != 0)
		return (DWORD)WSAGetLastError();
	(void)snprintf(text, sizeof(text), "%ls", argv[0]);
	address.sin_addr.s_addr = inet_addr(text);
	address.sin_port = htons((u_short)wcstoul(argv[1], NULL, 10));
	made = socket(AF_INET, SOCK_STREAM, 0);
	if (made == INVALID_SOCKET ||
	    connect(made, (struct sockaddr *)&address, sizeof(address)) != 0)
		return (DWORD)WSAGetLastError();
	(void)closesocket(made);
	return 0;
}

DWORD act_dns(int argc, WCHAR **argv)
{
	PDNS_RECORD records = NULL;
	DNS_STATUS status;

	if (argc < 1)
		return ERROR_INVALID_PARAMETER;
	status = DnsQuery_W(argv[0], DNS_TYPE_A, DNS_QUERY_BYPASS_CACHE, NULL,
			    &records, NULL);
	if (records != NULL)
		DnsRecordListFree(records, DnsFreeRecordList);
	return (DWORD)status;
}

DWORD act_program(int argc, WCHAR **argv)
{
	struct process process;
	static char text[16384];
	DWORD code;

	if (argc < 1)
		return ERROR_INVALID_PARAMETER;
	code = start_line(argv[0], &process);
	return code != 0 ? code : end_of(&process, text, sizeof(text));
}

DWORD act_run(int argc, WCHAR **argv)
{
	struct process process;
	static char text[16384];
	WCHAR line[4096];
	size_t used = 0;
	DWORD code;
	int i = 0;

	while (i < argc && wcscmp(argv[i], L"--") != 0)
		i++;
	for (line[0] = L'\0', i++; i < argc && used < 3000; i++)
		used += (size_t)swprintf(line + used, 4096 - used, L"\"%ls\" ",
					 argv[i]);
	code = start_line(line, &process);
	if (code == 0)
		code = end_of(&process, text, sizeof(text));
	(void)printf("%s", text);
	return code;
}

static ULONG_PTR parent_of_ours(void)
{
	PROCESS_BASIC_INFORMATION basic = {0};

	if (NtQueryInformationProcess(GetCurrentProcess(),
				      ProcessBasicInformation, &basic,
				      sizeof(basic), NULL) < 0)
		return 0;
	/* InheritedFromUniqueProcessId; the SDK calls it Reserved3. */
	return ((ULONG_PTR *)(void *)&basic)[5];
}

DWORD act_wait(int argc, WCHAR **argv)
{
	(void)printf(
		"process %lu parent %llu thread %lu\n", GetCurrentProcessId(),
		(unsigned long long)parent_of_ours(), GetCurrentThreadId());
	(void)fflush(stdout);
	Sleep(argc > 0 ? (DWORD)wcstoul(argv[0], NULL, 10) : 1000);
	return 0;
}
