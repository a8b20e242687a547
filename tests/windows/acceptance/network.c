/*
 * What gets out of a run under the Offline account, by itself and through the
 * system's services. A listener of ours on this machine's own address counts;
 * that a service does not reach it is seen beside its positive control, the
 * same words outside. What gets out by a service is no boundary: it is listed,
 * and not called a failure.
 */
#include <winsock2.h>

#include <windows.h>

#include <stdio.h>
#include <string.h>
#include <wchar.h>

#include "tests/windows/acceptance/rows.h"
#include "tests/windows/acceptance/sandbox.h"

#include "engine/banned.h"

#define COME_MS 15000 /* a service may take its time */

struct way {
	const char *name;
	const WCHAR *words; /* {A} is the address, {P} the port */
	bool boundary;	    /* the run's own packets: the filters' work */
	bool answers;	    /* its code tells, not the listener */
};

static const struct way ways[] = {
	{"TCP", L"tcp {A} {P}", true, false},
	{"TCP to the loopback", L"tcp 127.0.0.1 {P}", true, false},
	{"curl", L"program \"curl -s -m 10 http://{A}:{P}/x\"", true, false},
	{"WebDAV", L"read \\\\{A}@{P}\\share\\x", false, false},
	{"BITS",
	 L"program \"bitsadmin /transfer acceptance http://{A}:{P}/x "
	 L"C:\\Windows\\Temp\\acceptance.bits\"",
	 false, false},
	{"WMI",
	 L"program \"powershell -NoProfile -Command Invoke-CimMethod "
	 L"-ClassName "
	 L"Win32_Process -MethodName Create -Arguments "
	 L"@{CommandLine='curl -s -m 10 http://{A}:{P}/x'}\"",
	 false, false},
	{"UNC", L"read \\\\{A}\\acceptance\\x", false, true},
	{"DnsQuery", L"dns acceptance.invalid", false, true},
	{"LLMNR", L"dns acceptance-nobody", false, true},
};

static SOCKET listener;
static unsigned port;
static WCHAR address[40];

/* This machine's own address, else the loopback's. */
static bool begin(void)
{
	struct sockaddr_in any = {.sin_family = AF_INET};
	int size = sizeof(any);
	const struct hostent *self;
	char name[256];
	WSADATA data;
	u_long on = 1;

	if (WSAStartup(0x0202, &data) != 0 ||
	    gethostname(name, sizeof(name)) != 0)
		return false;
	self = gethostbyname(name);
	(void)swprintf(address, 40, L"%hs",
		       self != NULL && self->h_addr_list[0] != NULL
			       ? inet_ntoa(*(struct in_addr *)(void *)
						    self->h_addr_list[0])
			       : "127.0.0.1");
	listener = socket(AF_INET, SOCK_STREAM, 0);
	if (listener == INVALID_SOCKET ||
	    bind(listener, (struct sockaddr *)&any, sizeof(any)) != 0 ||
	    listen(listener, 64) != 0 ||
	    getsockname(listener, (struct sockaddr *)&any, &size) != 0 ||
	    ioctlsocket(listener, (long)FIONBIO, &on) != 0)
		return false;
	port = ntohs(any.sin_port);
	return true;
}

/* Whoever came, is told to go; within so many milliseconds. */
static unsigned came(DWORD milliseconds)
{
	const ULONGLONG until = GetTickCount64() + milliseconds;
	unsigned count = 0;
	SOCKET one;

	do {
		one = accept(listener, NULL, NULL);
		if (one != INVALID_SOCKET) {
			(void)send(one, "HTTP/1.0 404 x\r\n\r\n", 18, 0);
			(void)closesocket(one);
			count++;
		} else if (milliseconds > 0) {
			Sleep(50);
		}
	} while (count == 0 && GetTickCount64() < until);
	return count;
}

static void fill(const WCHAR *text, WCHAR *out, size_t units)
{
	WCHAR *at = out;

	while (*text != L'\0' && (size_t)(at - out) + 50 < units) {
		if (wcsncmp(text, L"{A}", 3) == 0) {
			at += swprintf(at, 45, L"%ls", address);
			text += 3;
		} else if (wcsncmp(text, L"{P}", 3) == 0) {
			at += swprintf(at, 45, L"%u", port);
			text += 3;
		} else {
			*at++ = *text++;
		}
	}
	*at = L'\0';
}

static void try_way(const struct way *way)
{
	WCHAR words[1000];
	char name[100], text[4000];
	DWORD control, seen, control_code, seen_code;

	fill(way->words, words, 1000);
	(void)came(0);
	control_code = plain_act(words);
	control = way->answers ? control_code != 0 : came(COME_MS);
	(void)came(0);
	seen_code = sandbox_act(L"ws", L"--no-net", words, text, sizeof(text));
	seen = way->answers ? 0 : came(COME_MS);
	(void)snprintf(name, sizeof(name), "network/%s", way->name);
	if (seen_code == NEVER_RAN)
		row(name, "a run", SKIPPED, "the command never ran: %.300s",
		    text);
	else if (way->answers)
		row(name, "open: a service may answer", MEASURED,
		    "code %lu, outside %lu", seen_code, control_code);
	else if (control == 0)
		row(name, "reached outside", NOT_MEASURED,
		    "not even outside (code %lu)", control_code);
	else if (way->boundary && sandbox_has_account())
		row(name, "not reached, reached outside",
		    seen == 0 ? PASSED : FAILED, "reached %lu times, code %lu",
		    seen, seen_code);
	else
		row(name, "open: no boundary", MEASURED, "%s, code %lu",
		    seen == 0 ? "not reached" : "GOT OUT", seen_code);
}

void measure_network(void)
{
	size_t i;

	if (!begin()) {
		row("network", "a listener", SKIPPED, "none: error %d",
		    WSAGetLastError());
		return;
	}
	for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		try_way(&ways[i]);
	(void)closesocket(listener);
}
