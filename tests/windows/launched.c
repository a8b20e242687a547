/*
 * What tests/windows/test_launch.c starts in a run: does the one thing that its
 * first argument names.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>
#include <windows.h>

int wmain(int argc, wchar_t **argv);

/* Units in hex, so that no code page is between. */
static void print_words(int argc, wchar_t **argv)
{
	int i;
	wchar_t *c;

	for (i = 2; i < argc; i++) {
		for (c = argv[i]; *c != L'\0'; c++)
			(void)printf("%04x", (unsigned)*c);
		(void)printf("\n");
	}
}

static int start_another(void)
{
	wchar_t program[300];
	STARTUPINFOW startup = {.cb = sizeof(startup)};
	PROCESS_INFORMATION made;
	wchar_t line[600];

	if (GetModuleFileNameW(NULL, program, 300) == 0)
		return 1;
	(void)swprintf(line, 600, L"\"%ls\" sleep 60000", program);
	if (!CreateProcessW(program, line, NULL, NULL, FALSE,
			    CREATE_BREAKAWAY_FROM_JOB, NULL, NULL, &startup,
			    &made) &&
	    !CreateProcessW(program, line, NULL, NULL, FALSE, 0, NULL, NULL,
			    &startup, &made))
		return 1;
	(void)printf("%lu\n", made.dwProcessId);
	return 7;
}

static int copy_input(void)
{
	int c;

	while ((c = getchar()) != EOF)
		(void)putchar(c);
	(void)fprintf(stderr, "error\n");
	return 0;
}

static int count_input(void)
{
	unsigned long count = 0;

	while (getchar() != EOF)
		count++;
	(void)printf("%lu bytes\n", count);
	return 0;
}

static HANDLE open_console(const wchar_t *name)
{
	return CreateFileW(name, GENERIC_READ | GENERIC_WRITE,
			   FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
			   OPEN_EXISTING, 0, NULL);
}

/* On its console, by name: its size, a character of its input where that is
 * another's, and each key until 'q'. Wine gives no streams of the console. */
static int draw(bool reads)
{
	const HANDLE in = open_console(L"CONIN$");
	const HANDLE out = open_console(L"CONOUT$");
	CONSOLE_SCREEN_BUFFER_INFO info;
	wchar_t text[100];
	INPUT_RECORD record;
	DWORD count;
	int length;

	if (!GetConsoleScreenBufferInfo(out, &info))
		return 9;
	length = swprintf(text, 100, L"drawn %d by %d %c\r\n", info.dwSize.X,
			  info.dwSize.Y, reads ? getchar() : '-');
	if (!WriteConsoleW(out, text, (DWORD)length, &count, NULL))
		return 8;
	while (ReadConsoleInputW(in, &record, 1, &count)) {
		const wchar_t unit = record.Event.KeyEvent.uChar.UnicodeChar;

		if (record.EventType != KEY_EVENT ||
		    !record.Event.KeyEvent.bKeyDown || unit == 0)
			continue;
		if (unit == L'q')
			return 4;
		length = swprintf(text, 100, L"key %04x\r\n", (unsigned)unit);
		(void)WriteConsoleW(out, text, (DWORD)length, &count, NULL);
	}
	return 7;
}

/* A directory with a file that may not be written, where temporary ones go. */
static int litter(void)
{
	wchar_t directory[300], path[600];
	HANDLE file;

	if (GetTempPathW(300, directory) == 0)
		return 1;
	(void)swprintf(path, 600, L"%lsa", directory);
	if (!CreateDirectoryW(path, NULL))
		return 1;
	(void)swprintf(path, 600, L"%lsa\\b", directory);
	file = CreateFileW(path, GENERIC_WRITE, 0, NULL, CREATE_NEW,
			   FILE_ATTRIBUTE_READONLY, NULL);
	if (file == INVALID_HANDLE_VALUE)
		return 1;
	(void)CloseHandle(file);
	(void)printf("%ls\n", path);
	return 3;
}

/* The window station that it was started in. */
static void print_station(void)
{
	wchar_t name[256] = L"";

	(void)GetUserObjectInformationW(GetProcessWindowStation(), UOI_NAME,
					name, sizeof(name), NULL);
	(void)printf("%ls\n", name);
}

int wmain(int argc, wchar_t **argv)
{
	const wchar_t *what = argc > 1 ? argv[1] : L"";
	const wchar_t *value = argc > 2 ? argv[2] : L"";
	wchar_t text[600];

	if (wcscmp(what, L"words") == 0)
		print_words(argc, argv);
	else if (wcscmp(what, L"variable") == 0 &&
		 GetEnvironmentVariableW(value, text, 600) > 0)
		(void)printf("%ls\n", text);
	else if (wcscmp(what, L"handle") == 0)
		/* Whatever else has that number is no event, or not this one.
		 */
		(void)SetEvent((HANDLE)(ULONG_PTR)wcstoull(value, NULL, 10));
	else if (wcscmp(what, L"exit") == 0)
		ExitProcess((UINT)wcstoul(value, NULL, 0));
	else if (wcscmp(what, L"sleep") == 0)
		Sleep((DWORD)wcstoul(value, NULL, 10));
	else if (wcscmp(what, L"leave") == 0)
		return start_another();
	else if (wcscmp(what, L"copy") == 0)
		return copy_input();
	else if (wcscmp(what, L"count") == 0)
		return count_input();
	else if (wcscmp(what, L"draw") == 0)
		return draw(wcscmp(value, L"reads") == 0);
	else if (wcscmp(what, L"station") == 0)
		print_station();
	else if (wcscmp(what, L"litter") == 0)
		return litter();
	return 0;
}
