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

enum expected {
	STOPPED, /* the run's own packets: the filters' work */
	REACHED, /* what must get through, or the filters hold too much */
	OPEN,	 /* by a service: no boundary */
	ANSWERS	 /* the same, and its code tells, not the listener */
};

struct way {
	const char *name;
	const WCHAR
		*words; /* {A} is the address, {P} the port, {Q} a proxy's */
	enum expected expected;
	const WCHAR *options;
};

#define OFFLINE L"--no-net"
#define ONLINE L"--net"

static const struct way ways[] = {
	{"TCP", L"tcp {A} {P}", STOPPED, OFFLINE},
	{"TCP to the loopback", L"tcp 127.0.0.1 {P}", STOPPED, OFFLINE},
	{"curl", L"program \"curl -s -m 10 http://{A}:{P}/x\"", STOPPED,
	 OFFLINE},
	{"curl past a proxy",
	 L"program \"curl -s -m 10 --noproxy * http://127.0.0.1:{P}/x\"",
	 STOPPED, OFFLINE},
	{"Invoke-WebRequest",
	 L"program \"powershell -NoProfile -Command Invoke-WebRequest "
	 L"-UseBasicParsing -TimeoutSec 10 http://{A}:{P}/x\"",
	 STOPPED, OFFLINE},
	{"a proxy's port", L"tcp 127.0.0.1 {Q}", REACHED, OFFLINE},
	{"online, TCP", L"tcp {A} {P}", REACHED, ONLINE},
	{"online, curl", L"program \"curl -s -m 10 http://{A}:{P}/x\"", REACHED,
	 ONLINE},
	{"WebDAV", L"read \\\\{A}@{P}\\share\\x", OPEN, OFFLINE},
	{"BITS",
	 L"program \"bitsadmin /transfer acceptance http://{A}:{P}/x "
	 L"C:\\Windows\\Temp\\acceptance.bits\"",
	 OPEN, OFFLINE},
	{"WMI",
	 L"program \"powershell -NoProfile -Command Invoke-CimMethod "
	 L"-ClassName "
	 L"Win32_Process -MethodName Create -Arguments "
	 L"@{CommandLine='curl -s -m 10 http://{A}:{P}/x'}\"",
	 OPEN, OFFLINE},
	{"COM (Shell.Application)",
	 L"program \"powershell -NoProfile -Command (New-Object -ComObject "
	 L"Shell.Application).ShellExecute('curl','-s -m 10 "
	 L"http://{A}:{P}/x')\"",
	 OPEN, OFFLINE},
	{"a task",
	 L"program \"powershell -NoProfile -Command $a=New-ScheduledTaskAction "
	 L"-Execute curl -Argument '-s -m 10 http://{A}:{P}/x'; $t=Register-"
	 L"ScheduledTask -TaskName sandbook-acceptance-{P} -Action $a -Force "
	 L"-ErrorAction Stop; Start-ScheduledTask -InputObject $t; Start-Sleep "
	 L"3; Unregister-ScheduledTask -InputObject $t -Confirm:$false\"",
	 OPEN, OFFLINE},
	{"a URL's program", L"program \"cmd /c start http://{A}:{P}/x\"", OPEN,
	 OFFLINE},
	{"UNC", L"read \\\\{A}\\acceptance\\x", ANSWERS, OFFLINE},
	{"DnsQuery", L"dns acceptance.invalid", ANSWERS, OFFLINE},
	{"LLMNR", L"dns acceptance-nobody", ANSWERS, OFFLINE},
	{"ping", L"program \"ping -n 1 {A}\"", ANSWERS, OFFLINE},
};

/* What setup leaves to a proxy (engine/windows/filter_rules.h). */
#define PROXY_FIRST 47100
#define PROXY_LAST 47115

static SOCKET listener, proxy = INVALID_SOCKET;
static unsigned port, proxy_port;
static WCHAR address[40];

/* On the first of the ports that is free; without, its row is not measured. */
static void listen_as_proxy(void)
{
	struct sockaddr_in here = {.sin_family = AF_INET};
	u_long on = 1;
	unsigned p;

	proxy = socket(AF_INET, SOCK_STREAM, 0);
	here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (p = PROXY_FIRST; p <= PROXY_LAST && proxy_port == 0; p++) {
		here.sin_port = htons((u_short)p);
		if (bind(proxy, (struct sockaddr *)&here, sizeof(here)) == 0 &&
		    listen(proxy, 8) == 0 &&
		    ioctlsocket(proxy, (long)FIONBIO, &on) == 0)
			proxy_port = p;
	}
}

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
	listen_as_proxy();
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
		if (one == INVALID_SOCKET && proxy_port != 0)
			one = accept(proxy, NULL, NULL);
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
		} else if (wcsncmp(text, L"{Q}", 3) == 0) {
			at += swprintf(at, 45, L"%u", proxy_port);
			text += 3;
		} else {
			*at++ = *text++;
		}
	}
	*at = L'\0';
}

static void judge(const struct way *way, const char *name, bool control,
		  bool seen, DWORD code, DWORD control_code)
{
	if (way->expected == ANSWERS)
		row(name, "open: a service may answer", MEASURED,
		    "code %lu, outside %lu", code, control_code);
	else if (!control)
		row(name, "reached outside", NOT_MEASURED,
		    "not even outside (code %lu)", control_code);
	else if (way->expected == OPEN || !sandbox_has_account())
		row(name, "open: no boundary", MEASURED, "%s, code %lu",
		    seen ? "GOT OUT" : "not reached", code);
	else if (way->expected == REACHED)
		row(name, "reached, outside, too", seen ? PASSED : FAILED,
		    "%s, code %lu", seen ? "reached" : "NOT reached", code);
	else
		row(name, "not reached, reached outside",
		    seen ? FAILED : PASSED, "%s, code %lu",
		    seen ? "REACHED" : "not reached", code);
}

static void try_way(const struct way *way)
{
	WCHAR words[1000];
	char name[100], text[4000];
	bool control, seen;
	DWORD control_code, code;

	fill(way->words, words, 1000);
	(void)came(0);
	control_code = plain_act(words);
	control = way->expected == ANSWERS || came(COME_MS) > 0;
	(void)came(0);
	code = sandbox_act(L"ws", way->options, words, text, sizeof(text));
	/* A sender that has not even begun may be late. */
	seen = way->expected != ANSWERS && came(COME_MS) > 0;
	(void)snprintf(name, sizeof(name), "network/%s", way->name);
	text[strcspn(text, "\r\n")] = '\0';
	if (code == NEVER_RAN)
		row(name, "a run", SKIPPED, "the command never ran: %.300s",
		    text);
	else
		judge(way, name, control, seen, code, control_code);
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
	(void)closesocket(proxy);
}
