/*
 * The system's own table, not replaced: under Wine, or on Windows. Under Wine
 * nothing keeps a security descriptor, and the same code must notice, put back
 * what it found and say so. On Windows it must keep each byte.
 *
 * It works on a file of its own below TEMP, and reads what is around it.
 */
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

#include "engine/os.h"
#include "engine/os_census.h"
#include "engine/windows/empty.h"
#include "engine/windows/win32.h"
#include "engine/windows/win32_census.h"
#include "engine/windows/win32_console.h"
#include "engine/windows/win32_file.h"
#include "tests/windows/nt_state.h"

#include "engine/banned.h"

#define ACCOUNT "S-1-0x0053424B0001-1-2-3-4-1"

struct place {
	char file[300], directory[280]; /* with '/' */
	struct sbk_backend backend;
	int closed; /* files that were not looked at */
};

static bool is_wine(void)
{
	return GetProcAddress(GetModuleHandleW(L"ntdll.dll"),
			      "wine_get_version") != NULL;
}

static int setup(void **state)
{
	struct place *place = calloc(1, sizeof(*place));
	char temporary[200];
	struct sbk_error err = SBK_ERROR_INIT;
	DWORD size = GetTempPathA(sizeof(temporary), temporary);
	HANDLE file;
	char *c;

	if (place == NULL || size == 0 || size >= sizeof(temporary))
		return -1;
	(void)snprintf(place->directory, sizeof(place->directory),
		       "%ssbk-win32-%lu", temporary,
		       (unsigned long)GetCurrentProcessId());
	(void)snprintf(place->file, sizeof(place->file), "%s\\file",
		       place->directory);
	if (!CreateDirectoryA(place->directory, NULL))
		return -1;
	file = CreateFileA(place->file, GENERIC_WRITE, 0, NULL, CREATE_NEW, 0,
			   NULL);
	if (file == INVALID_HANDLE_VALUE)
		return -1;
	(void)CloseHandle(file);
	for (c = place->file; *c != '\0'; c++)
		*c = *c == '\\' ? '/' : *c;
	for (c = place->directory; *c != '\0'; c++)
		*c = *c == '\\' ? '/' : *c;
	*state = place;
	return sbk_os_backend(&place->backend, &err);
}

static int teardown(void **state)
{
	struct place *place = *state;

	sbk_backend_close(&place->backend);
	(void)DeleteFileA(place->file);
	(void)RemoveDirectoryA(place->directory);
	free(place);
	return 0;
}

static void observe(const struct place *place, struct sbk_observation *out)
{
	const struct sbk_object object = {.kind = SBK_KIND_ACCESS,
					  .name = place->file};
	struct sbk_error err = SBK_ERROR_INIT;

	assert_ok(sbk_backend_observe(&place->backend, &object, out, &err),
		  &err);
}

static void test_win32__a_descriptor_is_kept_or_its_loss_is_told(void **state)
{
	struct place *place = *state;
	struct sbk_observation before = SBK_OBSERVATION_INIT;
	struct sbk_observation now = SBK_OBSERVATION_INIT;
	struct sbk_buf next = SBK_BUF_INIT, ours = SBK_BUF_INIT;
	struct sbk_object object = {.kind = SBK_KIND_ACCESS,
				    .name = place->file};
	struct sbk_error err = SBK_ERROR_INIT;
	int rc;

	observe(place, &before);
	object.identity = sbk_buf_text(&before.identity);
	assert_ok(sbk_backend_add_grant(
			  &place->backend, sbk_observation_state(&before),
			  false, ACCOUNT, SBK_RIGHTS_WRITE, &next, &ours, &err),
		  &err);
	assert_int_not_equal(ours.size, 0);
	rc = sbk_backend_replace(&place->backend, &object,
				 sbk_observation_state(&before),
				 nt_state_of(&next), &err);
	if (is_wine()) {
		assert_error(rc, SBK_E_IO, &err);
		assert_non_null(strstr(err.message, "reported success"));
	} else {
		assert_ok(rc, &err);
		assert_ok(sbk_backend_flush(&place->backend, &err), &err);
		observe(place, &now);
		assert_string_equal(sbk_buf_text(&now.state),
				    sbk_buf_text(&next));
		assert_ok(sbk_backend_replace(
				  &place->backend, &object, nt_state_of(&next),
				  sbk_observation_state(&before), &err),
			  &err);
	}
	sbk_observation_release(&now);
	now = (struct sbk_observation)SBK_OBSERVATION_INIT;
	observe(place, &now);
	assert_string_equal(sbk_buf_text(&now.state),
			    sbk_buf_text(&before.state));
	sbk_observation_release(&before);
	sbk_observation_release(&now);
	sbk_buf_release(&next);
	sbk_buf_release(&ours);
}

static void test_win32__an_object_is_found_by_its_id(void **state)
{
	struct place *place = *state;
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	struct sbk_location found = {.path = NULL};
	struct sbk_error err = SBK_ERROR_INIT;
	const char *identity;
	char moved[310];

	observe(place, &seen);
	identity = sbk_buf_text(&seen.identity);
	(void)snprintf(moved, sizeof(moved), "%s-moved", place->file);
	assert_true(MoveFileA(place->file, moved));
	assert_ok(sbk_backend_locate(&place->backend, &identity, 1, NULL, 0,
				     &found, &err),
		  &err);
	assert_true(MoveFileA(moved, place->file));
	assert_int_equal(found.kind, SBK_LOCATION_FOUND);
	assert_non_null(strstr(found.path, "/file-moved"));
	free(found.path);
	sbk_observation_release(&seen);
}

struct seen {
	size_t objects;
	bool file;
};

static int count_visit(void *arg, const struct sbk_visit *visit,
		       struct sbk_error *err)
{
	struct seen *seen = arg;
	size_t size = strlen(visit->path);

	(void)err;
	seen->objects += visit->kind == SBK_VISIT_OBJECT;
	if (size > 5 && strcmp(visit->path + size - 5, "/file") == 0)
		seen->file = visit->links == 1 && !visit->is_directory;
	return 0;
}

static void test_win32__a_tree_is_walked(void **state)
{
	struct place *place = *state;
	struct seen seen = {.objects = 0};
	struct sbk_error err = SBK_ERROR_INIT;

	assert_ok(sbk_backend_walk(&place->backend, place->directory,
				   count_visit, &seen, &err),
		  &err);
	assert_int_equal(seen.objects, 2);
	assert_true(seen.file);
}

/*
 * Wine takes the right, says yes and gives it to nobody. On Windows this would
 * change the machine: there it is the acceptance suite's.
 */
static void test_win32__a_right_that_was_not_given_is_told(void **state)
{
	const struct sbk_object object = {
		.kind = SBK_KIND_RIGHT,
		.name = "S-1-5-32-545:SeDenyBatchLogonRight"};
	struct place *place = *state;
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	struct sbk_error err = SBK_ERROR_INIT;

	if (!is_wine())
		return;
	assert_error(sbk_backend_replace(&place->backend, &object,
					 SBK_STATE_ABSENT,
					 (struct sbk_state){"held\n", 5}, &err),
		     SBK_E_IO, &err);
	assert_non_null(strstr(err.message, "reported success"));
	assert_ok(sbk_backend_observe(&place->backend, &object, &seen, &err),
		  &err);
	assert_int_equal(seen.state.size, 0);
	sbk_observation_release(&seen);
}

static void test_win32__what_is_not_there_is_said(void **state)
{
	const struct sbk_object object = {.kind = SBK_KIND_ACCESS,
					  .name = "C:/no/such/file"};
	struct place *place = *state;
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	struct sbk_error err = SBK_ERROR_INIT;

	assert_error(sbk_backend_observe(&place->backend, &object, &seen, &err),
		     SBK_E_NOTFOUND, &err);
	assert_non_null(strstr(err.message, "C:/no/such/file"));
	sbk_observation_release(&seen);
}

static DWORD WINAPI no_guid(HANDLE file, LPWSTR out, DWORD size, DWORD flags)
{
	if (flags != VOLUME_NAME_GUID)
		return GetFinalPathNameByHandleW(file, out, size, flags);
	SetLastError(ERROR_PATH_NOT_FOUND);
	return 0;
}

static BOOL WINAPI no_file_ids(HANDLE file, FILE_INFO_BY_HANDLE_CLASS class,
			       LPVOID out, DWORD size)
{
	if (class != FileIdInfo)
		return GetFileInformationByHandleEx(file, class, out, size);
	SetLastError(ERROR_INVALID_PARAMETER);
	return FALSE;
}

/* Never SBK_E_NOTFOUND: what is on a share is not gone. */
static void test_win32__a_volume_that_lacks_something_is_refused(void **state)
{
	struct place *place = *state;
	const struct sbk_object object = {.kind = SBK_KIND_ACCESS,
					  .name = place->file};
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	struct sbk_win32 share = sbk_win32_system, fat = sbk_win32_system;
	struct sbk_error err = SBK_ERROR_INIT;

	share.files.GetFinalPathNameByHandleW = no_guid;
	fat.files.GetFileInformationByHandleEx = no_file_ids;
	sbk_win32 = &share;
	assert_error(sbk_backend_observe(&place->backend, &object, &seen, &err),
		     SBK_E_UNSUPPORTED, &err);
	assert_non_null(strstr(err.message, "no local one"));
	sbk_win32 = &fat;
	assert_error(sbk_backend_observe(&place->backend, &object, &seen, &err),
		     SBK_E_UNSUPPORTED, &err);
	assert_non_null(strstr(err.message, "no file ids"));
	sbk_win32 = &sbk_win32_system;
	assert_ok(sbk_backend_observe(&place->backend, &object, &seen, &err),
		  &err); /* the control */
	sbk_observation_release(&seen);
}

static NTSTATUS answer; /* to who opens "file" */

static NTSTATUS NTAPI refuse_file(PHANDLE out, ACCESS_MASK access,
				  POBJECT_ATTRIBUTES object,
				  PIO_STATUS_BLOCK io, PLARGE_INTEGER size,
				  ULONG attributes, ULONG share,
				  ULONG disposition, ULONG options, PVOID ea,
				  ULONG ea_size)
{
	const UNICODE_STRING *name = object->ObjectName;

	if (name->Length == 8 && wcsncmp(name->Buffer, L"file", 4) == 0)
		return answer;
	return NtCreateFile(out, access, object, io, size, attributes, share,
			    disposition, options, ea, ea_size);
}

static bool enter_all(void *arg, const char *directory)
{
	(void)arg;
	(void)directory;
	return true;
}

static int not_linked(void *arg, const char *path, const struct sbk_file *file,
		      struct sbk_error *err)
{
	(void)arg;
	(void)path;
	(void)file;
	return sbk_error_set(err, SBK_E_IO, "it has one name");
}

static int count_closed(void *arg, const char *path, struct sbk_error *err)
{
	struct place *place = arg;

	(void)err;
	assert_string_equal(path, place->file);
	place->closed++;
	return 0;
}

/* Being deleted is gone; what the system opens to nobody may have names that
 * nobody has seen. */
static void test_win32__a_file_that_cannot_be_looked_at(void **state)
{
	const NTSTATUS denied = (NTSTATUS)0xC0000022;
	const NTSTATUS pending = (NTSTATUS)0xC0000056;
	struct place *place = *state;
	const struct sbk_object object = {.kind = SBK_KIND_ACCESS,
					  .name = place->file};
	struct sbk_os_link_walk walk = {.enter = enter_all,
					.found = not_linked,
					.closed = count_closed,
					.arg = place,
					.max = 10};
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	struct sbk_win32 table = sbk_win32_system;
	struct sbk_error err = SBK_ERROR_INIT;

	assert_ok(sbk_os_walk_links(place->directory, &walk, &err), &err);
	assert_int_equal(place->closed, 0); /* the control */
	table.files.NtCreateFile = refuse_file;
	sbk_win32 = &table;
	answer = denied;
	assert_error(sbk_backend_observe(&place->backend, &object, &seen, &err),
		     SBK_E_DENIED, &err);
	assert_ok(sbk_os_walk_links(place->directory, &walk, &err), &err);
	assert_int_equal(place->closed, 1);
	answer = pending;
	assert_error(sbk_backend_observe(&place->backend, &object, &seen, &err),
		     SBK_E_NOTFOUND, &err);
	assert_ok(sbk_os_walk_links(place->directory, &walk, &err), &err);
	assert_int_equal(place->closed, 1);
	sbk_win32 = &sbk_win32_system;
	sbk_observation_release(&seen);
}

static DWORD volume_error;

static BOOL WINAPI no_volume(LPCWSTR root, LPWSTR label, DWORD label_size,
			     LPDWORD serial, LPDWORD name_max, LPDWORD flags,
			     LPWSTR type, DWORD type_size)
{
	(void)root;
	(void)label;
	(void)label_size;
	(void)serial;
	(void)name_max;
	(void)flags;
	(void)type;
	(void)type_size;
	SetLastError(volume_error);
	return FALSE;
}

/* An empty drive holds nothing; what a lock hides is not nothing. */
static void test_win32__a_locked_volume_is_no_empty_one(void **state)
{
	static const struct {
		DWORD code;
		enum sbk_filesystem_kind kind;
	} cases[] = {
		{ERROR_NOT_READY, SBK_FILESYSTEM_PSEUDO},
		{ERROR_UNRECOGNIZED_VOLUME, SBK_FILESYSTEM_PSEUDO},
		{0x80310000 /* FVE_E_LOCKED_VOLUME */, SBK_FILESYSTEM_LOCAL},
		{ERROR_ACCESS_DENIED, SBK_FILESYSTEM_LOCAL}};
	struct sbk_win32 table = sbk_win32_system;
	struct sbk_win32_census census = sbk_win32_census_system;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_filesystems list;
	size_t i, j;

	(void)state;
	census.GetVolumeInformationW = no_volume;
	table.census = &census;
	sbk_win32 = &table;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		volume_error = cases[i].code;
		assert_ok(sbk_os_filesystems(&list, &err), &err);
		assert_true(list.count > 0);
		for (j = 0; j < list.count; j++)
			assert_int_equal(list.items[j].kind, cases[i].kind);
		sbk_os_filesystems_release(&list);
	}
	sbk_win32 = &sbk_win32_system;
}

#define PLACED(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

#define DEEP 20
#define FRAME_BYTES 512

static uintptr_t lowest, highest; /* of the stack, where names are removed */

static NTSTATUS NTAPI note_stack(HANDLE file, PIO_STATUS_BLOCK io, PVOID data,
				 ULONG size, FILE_INFORMATION_CLASS class)
{
	const uintptr_t here = (uintptr_t)&size;

	lowest = here < lowest ? here : lowest;
	highest = here > highest ? here : highest;
	return sbk_win32_file_system.NtSetInformationFile(file, io, data, size,
							  class);
}

/* What a run wrote may be 1024 directories deep, and the stack of a program be
 * one megabyte: each level takes its part of that. */
static void test_win32__a_deep_tree_takes_little_stack(void **state)
{
	const struct place *place = *state;
	struct sbk_win32_file files = sbk_win32_file_system;
	struct sbk_win32 table = sbk_win32_system;
	struct sbk_pin top = SBK_PIN_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	char path[400];
	size_t used;
	int i;

	used = (size_t)snprintf(path, sizeof(path), "%s/deep",
				place->directory);
	assert_true(CreateDirectoryA(path, NULL));
	assert_ok(sbk_pin_path(path, SBK_EMPTY_DIRECTORY, &top, &err), &err);
	for (i = 0; i < DEEP; i++) {
		used += (size_t)snprintf(path + used, sizeof(path) - used,
					 "/d");
		assert_true(CreateDirectoryA(path, NULL));
	}
	lowest = UINTPTR_MAX;
	highest = 0;
	files.NtSetInformationFile = note_stack;
	table.file = &files;
	sbk_win32 = &table;
	i = sbk_empty_directory(&top, &err);
	sbk_win32 = &sbk_win32_system;
	assert_ok(i, &err);
	assert_in_range(highest - lowest, DEEP, DEEP * FRAME_BYTES);
	assert_ok(sbk_win32_delete(top.handle, &err), &err);
	sbk_pin_release(&top);
}

static DWORD records_told;

static BOOL WINAPI tell_records(HANDLE input, PINPUT_RECORD records, DWORD size,
				LPDWORD count)
{
	(void)input;
	(void)records;
	(void)size;
	*count = records_told;
	return TRUE;
}

static void test_win32__more_records_than_there_is_room_for(void **state)
{
	struct sbk_win32_console calls = sbk_win32_console_system;
	struct sbk_win32 table = sbk_win32_system;
	INPUT_RECORD records[2];
	DWORD count = 7;

	(void)state;
	calls.ReadConsoleInputW = tell_records;
	table.console = &calls;
	sbk_win32 = &table;
	records_told = 3;
	assert_int_equal(sbk_win32_read_records(NULL, records, 2, &count, NULL),
			 SBK_E_IO);
	assert_int_equal(count, 7);
	records_told = 2;
	assert_int_equal(sbk_win32_read_records(NULL, records, 2, &count, NULL),
			 0);
	assert_int_equal(count, 2);
	sbk_win32 = &sbk_win32_system;
}

static const struct CMUnitTest tests[] = {
	PLACED(test_win32__a_descriptor_is_kept_or_its_loss_is_told),
	PLACED(test_win32__an_object_is_found_by_its_id),
	PLACED(test_win32__a_tree_is_walked),
	PLACED(test_win32__a_right_that_was_not_given_is_told),
	PLACED(test_win32__what_is_not_there_is_said),
	PLACED(test_win32__a_volume_that_lacks_something_is_refused),
	PLACED(test_win32__a_file_that_cannot_be_looked_at),
	PLACED(test_win32__a_locked_volume_is_no_empty_one),
	PLACED(test_win32__a_deep_tree_takes_little_stack),
	cmocka_unit_test(test_win32__more_records_than_there_is_room_for),
};

SBK_TEST_MAIN(tests)
