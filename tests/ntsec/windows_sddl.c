/*
 * The answers of Windows' own advapi32, under Wine or on a real Windows: reads
 * SDDL texts in UTF-8 from stdin, a line each, and answers as "sddl_driver
 * parse" does: "ok HEX TEXT", or "error" and the system's code.
 *
 * Built with x86_64-w64-mingw32-gcc; no part of the program.
 */
#include <windows.h>
#include <sddl.h>
#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <string.h>

#define LINE_MAX 65536
#define ALL                                                            \
	(OWNER_SECURITY_INFORMATION | GROUP_SECURITY_INFORMATION |     \
	 DACL_SECURITY_INFORMATION | SACL_SECURITY_INFORMATION |       \
	 LABEL_SECURITY_INFORMATION | ATTRIBUTE_SECURITY_INFORMATION | \
	 SCOPE_SECURITY_INFORMATION)

static void print_hex(const unsigned char *data, ULONG size)
{
	ULONG i;

	for (i = 0; i < size; i++)
		printf("%02x", data[i]);
}

static void print_text(PSECURITY_DESCRIPTOR sd)
{
	static char utf8[4 * LINE_MAX];
	wchar_t *text = NULL;

	if (!ConvertSecurityDescriptorToStringSecurityDescriptorW(
		    sd, SDDL_REVISION_1, ALL, &text, NULL)) {
		printf("! %lu", (unsigned long)GetLastError());
		return;
	}
	if (WideCharToMultiByte(CP_UTF8, 0, text, -1, utf8, sizeof(utf8), NULL,
				NULL) > 0)
		fputs(utf8, stdout);
	LocalFree(text);
}

static void answer(const char *line)
{
	static wchar_t text[LINE_MAX];
	PSECURITY_DESCRIPTOR sd = NULL;
	ULONG size = 0;

	if (MultiByteToWideChar(CP_UTF8, 0, line, -1, text, LINE_MAX) == 0 ||
	    !ConvertStringSecurityDescriptorToSecurityDescriptorW(
		    text, SDDL_REVISION_1, &sd, &size)) {
		printf("error %lu\n", (unsigned long)GetLastError());
		return;
	}
	fputs("ok ", stdout);
	print_hex((const unsigned char *)sd, size);
	fputs(" ", stdout);
	print_text(sd);
	fputs("\n", stdout);
	LocalFree(sd);
}

int main(void)
{
	static char line[LINE_MAX];

	_setmode(_fileno(stdin), _O_BINARY);
	_setmode(_fileno(stdout), _O_BINARY);
	while (fgets(line, sizeof(line), stdin) != NULL) {
		line[strcspn(line, "\r\n")] = '\0';
		answer(line);
		fflush(stdout); /* a crash loses no answer before it */
	}
	return 0;
}
