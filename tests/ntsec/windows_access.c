/*
 * Windows' own AccessCheck, for comparison: Wine's in CI, a real one's by hand.
 * Built with mingw-w64; not part of the program.
 *
 *	windows_access token	the SIDs of the token that checks are made with
 *	windows_access check	lines "DESCRIPTOR-IN-HEX DESIRED" from standard
 *				input; prints "granted MASK", "denied" or
 *				"error N" for each
 *	windows_access measure	per right of a file, what a write-restricted
 *				token may do where only its user is let in:
 *				"both" or "first", as in engine/ntsec/README.md
 *
 * `measure` means nothing under Wine, which restricts no token.
 */
#define _WIN32_WINNT 0x0601
#include <windows.h>

#include <sddl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef WRITE_RESTRICTED
#define WRITE_RESTRICTED 8
#endif

static GENERIC_MAPPING mapping = {0x120089, 0x120116, 0x1200a0, 0x1f01ff};

static void must(BOOL holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "windows_access: %s: error %lu\n", what,
		GetLastError());
	exit(1);
}

static HANDLE own_token(void)
{
	HANDLE token;

	must(OpenProcessToken(GetCurrentProcess(), TOKEN_ALL_ACCESS, &token),
	     "OpenProcessToken");
	return token;
}

static HANDLE to_check_with(HANDLE token)
{
	HANDLE copy;

	must(DuplicateToken(token, SecurityImpersonation, &copy),
	     "DuplicateToken");
	return copy;
}

static void *information(HANDLE token, TOKEN_INFORMATION_CLASS what)
{
	DWORD size = 65536;
	void *data = malloc(size);

	must(data != NULL &&
		     GetTokenInformation(token, what, data, size, &size),
	     "GetTokenInformation");
	return data;
}

static char *text_of(PSID sid)
{
	char *text;

	must(ConvertSidToStringSidA(sid, &text), "ConvertSidToStringSid");
	return text;
}

static void print_token(void)
{
	HANDLE token = own_token();
	TOKEN_USER *user = information(token, TokenUser);
	TOKEN_GROUPS *groups = information(token, TokenGroups);
	DWORD i;

	printf("%s", text_of(user->User.Sid));
	for (i = 0; i < groups->GroupCount; i++) {
		if (groups->Groups[i].Attributes & SE_GROUP_ENABLED)
			printf(" %s", text_of(groups->Groups[i].Sid));
	}
	printf("\n");
}

static void check(HANDLE token, PSECURITY_DESCRIPTOR sd, DWORD desired,
		  DWORD *granted, BOOL *allowed, DWORD *error)
{
	BYTE privileges[256];
	DWORD size = sizeof(privileges);

	*granted = *error = 0;
	*allowed = FALSE;
	if (!AccessCheck(sd, token, desired, &mapping,
			 (PRIVILEGE_SET *)privileges, &size, granted, allowed))
		*error = GetLastError();
}

static size_t from_hex(const char *text, BYTE *out)
{
	size_t size = 0;
	unsigned byte;

	while (sscanf(text + 2 * size, "%2x", &byte) == 1 &&
	       text[2 * size] != ' ')
		out[size++] = (BYTE)byte;
	return size;
}

static void check_lines(void)
{
	static char line[262144];
	static BYTE sd[131072];
	HANDLE token = to_check_with(own_token());
	DWORD granted, error;
	BOOL allowed;

	while (fgets(line, sizeof(line), stdin) != NULL) {
		const char *space = strchr(line, ' ');

		must(space != NULL && from_hex(line, sd) > 0, "a line");
		check(token, sd, strtoul(space, NULL, 0), &granted, &allowed,
		      &error);
		if (error != 0)
			printf("error %lu\n", error);
		else if (allowed)
			printf("granted 0x%lx\n", granted);
		else
			printf("denied\n");
	}
}

static void measure(void)
{
	HANDLE token = own_token(), restricted;
	TOKEN_USER *user = information(token, TokenUser);
	SID_AND_ATTRIBUTES only = {0};
	PSECURITY_DESCRIPTOR sd;
	DWORD bit, granted, error;
	char sddl[256];
	BOOL allowed;

	must(ConvertStringSidToSidA("S-1-9-1-100", &only.Sid), "a SID");
	must(CreateRestrictedToken(token, WRITE_RESTRICTED, 0, NULL, 0, NULL, 1,
				   &only, &restricted),
	     "CreateRestrictedToken");
	restricted = to_check_with(restricted);
	snprintf(sddl, sizeof(sddl), "O:SYG:SYD:(A;;FA;;;%s)",
		 text_of(user->User.Sid));
	must(ConvertStringSecurityDescriptorToSecurityDescriptorA(
		     sddl, SDDL_REVISION_1, &sd, NULL),
	     "a descriptor");
	for (bit = 1; bit <= 0x100000; bit <<= 1) {
		if (!(bit & mapping.GenericAll))
			continue;
		check(restricted, sd, bit, &granted, &allowed, &error);
		printf("0x%08lx %s\n", bit, allowed ? "first" : "both");
	}
}

int main(int argc, char **argv)
{
	const char *what = argc == 2 ? argv[1] : "";

	if (strcmp(what, "token") == 0)
		print_token();
	else if (strcmp(what, "check") == 0)
		check_lines();
	else if (strcmp(what, "measure") == 0)
		measure();
	else
		return 2;
	return 0;
}
