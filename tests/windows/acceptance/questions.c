/*
 * The two questions, as questions.h tells. Owns a listener and a filter that
 * goes with its session; holds that nothing but connections to that listener is
 * ever blocked.
 */
#include <winsock2.h>

#include <windows.h>

#include <fwpmu.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "tests/windows/acceptance/facts.h"
#include "tests/windows/acceptance/questions.h"
#include "tests/windows/acceptance/rows.h"
#include "tests/windows/acceptance/tokens.h"

#include "engine/banned.h"

/* Under whose token something is tried. */
static const struct actor {
	const char *name;
	DWORD flags; /* 0: our own token */
	unsigned restricting;
} actors[] = {
	{"our own token", 0, 0},
	{"a run's token", AS_SANDBOOK, BY_ALL_OF_A_RUN},
	{"without Everyone", AS_SANDBOOK, BY_RUN | BY_LOGON},
	{"with the user", AS_SANDBOOK, BY_ALL_OF_A_RUN | BY_USER},
	{"fully restricted", FULLY, BY_ALL_OF_A_RUN},
};
#define NOT_STARTED 0x10000u
#define NO_ANSWER 0x20000u
#define ACTORS (sizeof(actors) / sizeof(actors[0]))

/* The exit code of this program with `arguments` under the actor's token, or
 * why it did not start, above NOT_STARTED. */
static DWORD act(const struct actor *actor, const WCHAR *arguments, char *text,
		 size_t size)
{
	HANDLE token = NULL;
	struct process process;
	DWORD code;

	if (actor->flags != 0)
		token = restricted_token(actor->flags, actor->restricting);
	code = start_self(token, NULL, false, &process, arguments);
	if (token != NULL)
		(void)CloseHandle(token);
	return code != 0 ? NOT_STARTED | code : end_of(&process, text, size);
}

/* --- pipes ---------------------------------------------------------------- */

/* In the order in which inside.c says its codes. */
static const char *const pipe_cases[] = {
	"NUL, to write",
	"CreatePipe",
	"server outbound, client reads (a child's stdin)",
	"server inbound, client writes (a child's stdout)",
	"duplex, client reads and writes (a channel)",
	"duplex, a list that names the run's SID",
};
#define PIPE_CASES (sizeof(pipe_cases) / sizeof(pipe_cases[0]))

/* Why a process did not start stands for all of its pipes. */
static void pipes_of(const struct actor *actor, DWORD codes[PIPE_CASES])
{
	char text[400] = "", *next = text, *end = text;
	DWORD code = act(actor, L"own-pipes", text, sizeof(text));
	size_t c;

	for (c = 0; c < PIPE_CASES; c++) {
		codes[c] = code != 0 ? code : strtoul(next, &end, 10);
		if (code == 0 && end == next)
			codes[c] = NO_ANSWER;
		next = end;
	}
}

void measure_pipes(void)
{
	DWORD codes[ACTORS][PIPE_CASES];
	char name[200];
	size_t c, a;

	for (a = 0; a < ACTORS; a++)
		pipes_of(&actors[a], codes[a]);
	for (c = 0; c < PIPE_CASES; c++)
		for (a = 1; a < ACTORS; a++) {
			enum verdict verdict =
				rows_restricted() ? MEASURED : NOT_RESTRICTED;

			(void)snprintf(name, sizeof(name), "pipe/%s/%s",
				       pipe_cases[c], actors[a].name);
			row(name, "open: 0, else what programs lose",
			    codes[0][c] == 0 ? verdict : NOT_MEASURED,
			    "%lu, our own token %lu", codes[a][c], codes[0][c]);
		}
}

/* --- a filter by user ----------------------------------------------------- */

/* FWPM_LAYER_ALE_AUTH_CONNECT_V4, FWPM_CONDITION_ALE_USER_ID,
 * FWPM_CONDITION_IP_REMOTE_PORT, which mingw's headers lack. */
static const GUID connect_layer = {
	0xc38d57d1,
	0x05a7,
	0x4c33,
	{0x90, 0x4f, 0x7f, 0xbc, 0xee, 0xe6, 0x0e, 0x82}};
static const GUID user_field = {
	0xaf043a0a,
	0xb34d,
	0x4f86,
	{0x97, 0x9c, 0xc9, 0x03, 0x71, 0xaf, 0x6e, 0x66}};
static const GUID port_field = {
	0xc35a604d,
	0xd22b,
	0x4e1a,
	{0x91, 0xb4, 0x68, 0xf6, 0x74, 0xee, 0x67, 0x4b}};

#define DYNAMIC 1u /* FWPM_SESSION_FLAG_DYNAMIC: gone with the session */
#define AUTHN_WINNT 10

struct listener {
	SOCKET socket;
	unsigned port;
};

static void listen_here(struct listener *out)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	int size = sizeof(address);
	WSADATA data;

	must(WSAStartup(0x0202, &data) == 0, "WSAStartup");
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	out->socket = socket(AF_INET, SOCK_STREAM, 0);
	must(out->socket != INVALID_SOCKET, "socket");
	must(bind(out->socket, (struct sockaddr *)&address, sizeof(address)) ==
			     0 &&
		     listen(out->socket, 64) == 0 &&
		     getsockname(out->socket, (struct sockaddr *)&address,
				 &size) == 0,
	     "listen");
	out->port = ntohs(address.sin_port);
}

/* "FwpmFilterAdd0": its own code is the result, as of all these calls. */
static DWORD block(HANDLE engine, unsigned port, const WCHAR *sid, UINT64 *id)
{
	/* As Sandbook's: CC is 1, FWP_ACTRL_MATCH_FILTER. */
	PSECURITY_DESCRIPTOR sd = descriptor(L"O:SYG:SYD:(A;;CC;;;%ls)", sid);
	FWP_BYTE_BLOB blob = {GetSecurityDescriptorLength(sd), (UINT8 *)sd};
	FWPM_FILTER_CONDITION0 conditions[2];
	FWPM_FILTER0 filter;
	WCHAR name[] = L"Sandbook acceptance";
	DWORD code;

	memset(conditions, 0, sizeof(conditions));
	memset(&filter, 0, sizeof(filter));
	conditions[0].fieldKey = user_field;
	conditions[0].matchType = FWP_MATCH_EQUAL;
	conditions[0].conditionValue.type = FWP_SECURITY_DESCRIPTOR_TYPE;
	conditions[0].conditionValue.sd = &blob;
	conditions[1].fieldKey = port_field;
	conditions[1].matchType = FWP_MATCH_EQUAL;
	conditions[1].conditionValue.type = FWP_UINT16;
	conditions[1].conditionValue.uint16 = (UINT16)port;
	filter.displayData.name = name;
	filter.layerKey = connect_layer;
	filter.weight.type = FWP_EMPTY;
	filter.numFilterConditions = 2;
	filter.filterCondition = conditions;
	filter.action.type = FWP_ACTION_BLOCK;
	code = FwpmFilterAdd0(engine, &filter, NULL, id);
	(void)LocalFree(sd);
	return code;
}

static DWORD connect_as(const struct actor *actor, const WCHAR *arguments)
{
	char text[200];

	return act(actor, arguments, text, sizeof(text));
}

static void try_filter(HANDLE engine, const struct listener *listener,
		       const char *what, const WCHAR *sid)
{
	DWORD before[ACTORS], during[ACTORS], code;
	ULONGLONG begun;
	WCHAR arguments[100];
	char name[200];
	UINT64 id = 0;
	size_t a;

	(void)swprintf(arguments, 100, L"connect %u", listener->port);
	for (a = 0; a < ACTORS; a++)
		before[a] = connect_as(&actors[a], arguments);
	code = block(engine, listener->port, sid, &id);
	if (code != 0) {
		row("filter", "a filter", SKIPPED, "FwpmFilterAdd0: error %lu",
		    code);
		return;
	}
	begun = GetTickCount64();
	during[0] = connect_as(&actors[0], arguments);
	begun = GetTickCount64() - begun;
	if (sid == user_sid())
		row("filter/how soon a blocked connection fails",
		    "at once, not after 20 s",
		    during[0] == 0 ? NOT_MEASURED
		    : begun < 5000 ? PASSED
				   : FAILED,
		    "%llu ms, with a process", begun);
	for (a = 1; a < ACTORS; a++)
		during[a] = connect_as(&actors[a], arguments);
	code = FwpmFilterDeleteById0(engine, id);
	for (a = 0; a < ACTORS; a++) {
		enum verdict verdict = during[a] != 0 ? PASSED : FAILED;

		/* By a SID that is none of the token's it must not meet. */
		if (sid != user_sid())
			verdict = MEASURED;
		else if (before[a] != 0 || during[0] == 0)
			verdict = NOT_MEASURED;
		else if (a > 0 && !rows_restricted())
			verdict = NOT_RESTRICTED;
		(void)snprintf(name, sizeof(name), "filter/%s/%s", what,
			       actors[a].name);
		row(name, "met: not 0, connected before: 0", verdict,
		    "connect %lu, before %lu, our own token %lu", during[a],
		    before[a], during[0]);
	}
	if (code != 0)
		row("filter", "the filter goes", FAILED,
		    "FwpmFilterDeleteById0: error %lu", code);
}

void measure_filter_read(const char *by)
{
	HANDLE engine = NULL, list = NULL;
	FWPM_FILTER0 **entries = NULL;
	UINT32 count = 0;
	DWORD opened, code = 0;
	char name[80];

	opened = FwpmEngineOpen0(NULL, AUTHN_WINNT, NULL, NULL, &engine);
	if (opened == 0) {
		code = FwpmFilterCreateEnumHandle0(engine, NULL, &list);
		if (code == 0)
			code = FwpmFilterEnum0(engine, list, 1000, &entries,
					       &count);
		if (entries != NULL)
			FwpmFreeMemory0((void **)&entries);
		if (list != NULL)
			(void)FwpmFilterDestroyEnumHandle0(engine, list);
		(void)FwpmEngineClose0(engine);
	}
	(void)snprintf(name, sizeof(name), "filter/read by %s", by);
	row(name, "open: 5 for a plain user, or fewer", MEASURED,
	    "engine %lu, list %lu, %u filters", opened, code, count);
}

void measure_filter(void)
{
	FWPM_SESSION0 session = {.flags = DYNAMIC};
	struct listener listener;
	HANDLE engine = NULL;
	DWORD code =
		FwpmEngineOpen0(NULL, AUTHN_WINNT, NULL, &session, &engine);

	if (code != 0) {
		row("filter", "an open engine", SKIPPED,
		    "FwpmEngineOpen0: error %lu; run it elevated", code);
		return;
	}
	listen_here(&listener);
	try_filter(engine, &listener, "by the user", user_sid());
	try_filter(engine, &listener, "by the run's SID", RUN_SID);
	(void)closesocket(listener.socket);
	(void)FwpmEngineClose0(engine);
}
