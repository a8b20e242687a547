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
#include "engine/windows/win32.h"
#include "tests/windows/nt_state.h"

#include "engine/banned.h"

#define ACCOUNT "S-1-0x0053424B0001-1-2-3-4-1"

struct place {
	char file[300], directory[280]; /* with '/' */
	struct sbk_backend backend;
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

#define PLACED(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

static const struct CMUnitTest tests[] = {
	PLACED(test_win32__a_descriptor_is_kept_or_its_loss_is_told),
	PLACED(test_win32__an_object_is_found_by_its_id),
	PLACED(test_win32__a_tree_is_walked),
	PLACED(test_win32__a_right_that_was_not_given_is_told),
	PLACED(test_win32__what_is_not_there_is_said),
	PLACED(test_win32__a_volume_that_lacks_something_is_refused),
};

SBK_TEST_MAIN(tests)
