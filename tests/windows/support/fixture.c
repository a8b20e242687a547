/*
 * What the journal's fixture needs of Windows; see tests/journal/fixture.h.
 *
 * There is no fork: fixture_program starts this program once more, with the
 * world's memory, and a word that says what to run. That is seen to before
 * main, so that each suite has it without a word about it.
 */
#include "tests/journal/fixture.h"

#include <direct.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "tests/support/shared.h"

#include "engine/banned.h"

#define CHILD "--fixture-child"
#define ARG_MAX_BYTES 256

/* What the child is told. */
struct message {
	uintptr_t work; /* from the program's beginning */
	HANDLE world;
	char directory[512];
	struct sbk_journal_place place;
	unsigned char arg[ARG_MAX_BYTES];
	size_t arg_size;
};

static uintptr_t base(void)
{
	return (uintptr_t)GetModuleHandleW(NULL);
}

int fixture_make_home(const char *path, struct sbk_owner *owner)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_person caller;

	assert_ok(sbk_os_caller(&caller, &err), &err);
	*owner = caller.id;
	return _mkdir(path);
}

bool fixture_take_files(void)
{
	return false;
}

void fixture_give_files(void)
{
}

/* The message stands in a mapping of its own, which is inherited, too. */
static struct message *make_message(HANDLE *mapping)
{
	SECURITY_ATTRIBUTES inherited = {.nLength = sizeof(inherited),
					 .bInheritHandle = TRUE};
	struct message *message = NULL;

	*mapping =
		CreateFileMappingA(INVALID_HANDLE_VALUE, &inherited,
				   PAGE_READWRITE, 0, sizeof(*message), NULL);
	if (*mapping != NULL)
		message = MapViewOfFile(*mapping, FILE_MAP_ALL_ACCESS, 0, 0,
					sizeof(*message));
	assert_non_null(message);
	return message;
}

static int run_again(HANDLE mapping)
{
	char program[MAX_PATH], words[MAX_PATH + 64];
	STARTUPINFOA start = {.cb = sizeof(start)};
	PROCESS_INFORMATION child;
	DWORD code = 0;

	assert_true(GetModuleFileNameA(NULL, program, sizeof(program)) > 0);
	(void)snprintf(words, sizeof(words), "\"%s\" " CHILD " %llu", program,
		       (unsigned long long)(uintptr_t)mapping);
	assert_true(CreateProcessA(NULL, words, NULL, NULL, TRUE, 0, NULL, NULL,
				   &start, &child));
	assert_int_equal(WaitForSingleObject(child.hProcess, INFINITE),
			 WAIT_OBJECT_0);
	assert_true(GetExitCodeProcess(child.hProcess, &code));
	assert_true(CloseHandle(child.hThread));
	assert_true(CloseHandle(child.hProcess));
	return (int)code;
}

int fixture_program(int (*work)(struct fixture *f, void *arg),
		    struct fixture *f, void *arg, size_t size)
{
	HANDLE mapping;
	struct message *message = make_message(&mapping);
	int code;

	assert_true(size <= sizeof(message->arg));
	message->work = (uintptr_t)work - base();
	message->world = sbk_test_shared_handle();
	message->place = f->place;
	(void)snprintf(message->directory, sizeof(message->directory), "%s",
		       f->directory);
	if (size > 0)
		memcpy(message->arg, arg, size);
	message->arg_size = size;
	code = run_again(mapping);
	assert_true(UnmapViewOfFile(message));
	assert_true(CloseHandle(mapping));
	return code;
}

static int run_child(struct message *message)
{
	int (*work)(struct fixture * f, void *arg);
	uintptr_t address = base() + message->work;
	struct fixture f = {.directory = message->directory,
			    .place = message->place};
	int code;

	memcpy(&work, &address, sizeof(work));
	f.world = MapViewOfFile(message->world, FILE_MAP_ALL_ACCESS, 0, 0,
				sizeof(*f.world));
	if (f.world == NULL)
		return 99;
	f.backend = fake_backend(f.world);
	code = work(&f, message->arg_size > 0 ? message->arg : NULL);
	sbk_backend_close(&f.backend);
	return code;
}

static void __attribute__((constructor)) begin(void)
{
	const char *words = strstr(GetCommandLineA(), " " CHILD " ");
	struct message *message;
	HANDLE mapping;

	if (words == NULL)
		return;
	mapping = (HANDLE)(uintptr_t)strtoull(words + strlen(" " CHILD " "),
					      NULL, 10);
	message = MapViewOfFile(mapping, FILE_MAP_ALL_ACCESS, 0, 0,
				sizeof(*message));
	_exit(message == NULL ? 98 : run_child(message));
}
