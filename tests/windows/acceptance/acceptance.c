/*
 * acceptance.exe: the measuring half of the acceptance suite (README.md).
 *
 *	acceptance [--out ROWS.jsonl] GROUP [ARGUMENT...]
 *
 * where GROUP is one of the table below. Exit code: 0 each row passed or was
 * measured, 1 one failed, 2 one was not seen, 3 it could not begin.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <windows.h>

#include "tests/windows/acceptance/facts.h"
#include "tests/windows/acceptance/inside.h"
#include "tests/windows/acceptance/questions.h"
#include "tests/windows/acceptance/rights.h"
#include "tests/windows/acceptance/rows.h"
#include "tests/windows/acceptance/sandbox.h"

#include "engine/banned.h"

int wmain(int argc, WCHAR **argv);

/* Of one type of objects, or of all. */
static void rights(int argc, WCHAR **argv)
{
	char filter[40] = "";

	if (argc > 0)
		(void)snprintf(filter, sizeof(filter), "%ls", argv[0]);
	measure_rights(argc > 0 ? filter : NULL);
}

/* Of an account that may go: NAME. */
static void profile(int argc, WCHAR **argv)
{
	measure_profile(argc > 0 ? argv[0] : NULL);
}

/* Groups of the program itself: SANDBOOK.EXE [account]. */
static void with_sandbox(void (*measure)(void), int argc, WCHAR **argv)
{
	const bool account = argc > 1 && wcscmp(argv[1], L"account") == 0;

	if (argc < 1 || !sandbox_begin(argv[0], account)) {
		row("run", "a program", SKIPPED, "there is no '%ls'",
		    argc < 1 ? L"" : argv[0]);
		return;
	}
	measure();
	sandbox_end();
}

static void scenarios(int argc, WCHAR **argv)
{
	with_sandbox(measure_scenarios, argc, argv);
}

static void pairs(int argc, WCHAR **argv)
{
	with_sandbox(measure_pairs, argc, argv);
}

static void session(int argc, WCHAR **argv)
{
	with_sandbox(measure_session, argc, argv);
}

static void network(int argc, WCHAR **argv)
{
	with_sandbox(measure_network, argc, argv);
}

/* SANDBOOK.EXE account FACTS. */
static void person(void (*measure)(const WCHAR *path), int argc, WCHAR **argv)
{
	if (argc < 3 || !sandbox_begin(argv[0], true)) {
		row("person", "a program and a file", SKIPPED, "there is none");
		return;
	}
	measure(argv[2]);
	sandbox_end();
}

static void hold(int argc, WCHAR **argv)
{
	person(measure_hold, argc, argv);
}

static void persons(int argc, WCHAR **argv)
{
	person(measure_persons, argc, argv);
}

static const struct group {
	const WCHAR *name;
	void (*measure)(void);
	void (*measure_some)(int argc, WCHAR **argv);
} groups[] = {
	{L"rights", NULL, rights},
	{L"questions", measure_questions, NULL}, /* of engine/ntsec */
	{L"pipes", measure_pipes, NULL},
	{L"filter", measure_filter, NULL},
	{L"files", measure_files, NULL},
	{L"processes", measure_processes, NULL},
	{L"accounts", measure_accounts, NULL},
	{L"scenarios", NULL, scenarios},
	{L"pairs", NULL, pairs},
	{L"session", NULL, session},
	{L"network", NULL, network},
	{L"hold-for", NULL, hold},
	{L"persons", NULL, persons},
	{L"profile", NULL, profile},
};

static const struct group *group_of(const WCHAR *name)
{
	size_t i;

	for (i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (wcscmp(groups[i].name, name) == 0)
			return &groups[i];
	return NULL;
}

int wmain(int argc, WCHAR **argv)
{
	const struct group *group;
	char path[600], *out = NULL;
	DWORD code;

	if (argc > 1 && inside(argv[1], argc - 2, argv + 2, &code))
		return (int)code;
	if (argc > 2 && wcscmp(argv[1], L"--out") == 0) {
		(void)snprintf(path, sizeof(path), "%ls", argv[2]);
		out = path;
		argc -= 2;
		argv += 2;
	}
	group = argc > 1 ? group_of(argv[1]) : NULL;
	if (group == NULL) {
		(void)fprintf(stderr, "usage: acceptance [--out FILE] GROUP\n");
		return 3;
	}
	if (!rows_begin(out)) {
		(void)fprintf(stderr, "acceptance: cannot write '%s'\n", path);
		return 3;
	}
	if (group->measure != NULL)
		group->measure();
	else
		group->measure_some(argc - 2, argv + 2);
	return rows_end();
}
