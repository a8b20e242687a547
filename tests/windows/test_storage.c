/*
 * A directory for our own records, on the system's own files. What Wine keeps
 * of an access list is mode bits (WINDOWS.md, part 9): so what is believed is
 * tried in test_storage_rules.c, and here that the question is asked.
 */
#include "engine/os_storage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "engine/ntsec/sddl.h"
#include "engine/os.h"
#include "engine/os_admin.h"
#include "engine/windows/os_storage.h"
#include "engine/windows/storage_rules.h"
#include "engine/windows/win32.h"
#include "tests/support/test.h"

#include "engine/banned.h"

struct world {
	char *directory, *base;
	char path[512];
	struct sbk_store_place place;
	struct sbk_store *store;
	struct sbk_error err;
};

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct sbk_person caller;
	struct sbk_error err = SBK_ERROR_INIT;

	if (w == NULL)
		return -1;
	w->directory = sbk_test_directory("storage");
	assert_ok(sbk_os_real_path(w->directory, &w->base, &err), &err);
	assert_ok(sbk_os_caller(&caller, &err), &err);
	(void)snprintf(w->path, sizeof(w->path), "%s/state/j", w->base);
	w->place = (struct sbk_store_place){.directory = w->path,
					    .base = strlen(w->base),
					    .owner = caller.id};
	sbk_error_clear(&w->err);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	sbk_win32 = &sbk_win32_system;
	sbk_store_close(w->store);
	free(w->base);
	sbk_test_remove(w->directory);
	free(w);
	return 0;
}

static void open_store(struct world *w)
{
	assert_ok(
		sbk_store_open(&w->place, SBK_STORE_CREATE, &w->store, &w->err),
		&w->err);
}

static const char *below(const struct world *w, const char *name)
{
	static char path[600];

	(void)snprintf(path, sizeof(path), "%s/%s", w->base, name);
	return path;
}

static bool exists(const char *path)
{
	return GetFileAttributesA(path) != INVALID_FILE_ATTRIBUTES;
}

static void put(const char *path, const char *text)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void assert_content(const struct world *w, const char *name,
			   const char *text)
{
	struct sbk_error err = SBK_ERROR_INIT;
	char bytes[64] = "";
	size_t got = 0;

	assert_ok(sbk_store_read(w->store, name, 0, bytes, sizeof(bytes) - 1,
				 &got, &err),
		  &err);
	assert_string_equal(bytes, text);
}

static void test_storage__is_made_whole_and_removed_whole(void **state)
{
	struct world *w = *state;
	static const char *const names[] = {"a", NULL};
	size_t made = 0;

	assert_error(
		sbk_store_open(&w->place, SBK_STORE_WRITE, &w->store, &w->err),
		SBK_E_NOTFOUND, &w->err);
	open_store(w);
	assert_true(sbk_store_is_ours(w->store));
	assert_true(sbk_store_is_hidden(w->store));
	assert_string_equal(sbk_store_path(w->store), w->path);
	assert_ok(sbk_store_made(w->store, &made, &w->err), &w->err);
	assert_int_equal(made, 1);
	assert_false(exists(below(w, SBK_STORE_NEW)));
	assert_false(exists(below(w, SBK_STORE_BUILDING)));

	assert_ok(sbk_store_write(w->store, "a", "one", 3, &w->err), &w->err);
	put(below(w, "state/j/theirs"), "x");
	sbk_store_close(w->store);
	w->store = NULL;
	assert_error(sbk_store_remove(&w->place, names, &w->err),
		     SBK_E_INCOMPLETE, &w->err);
	assert_false(exists(below(w, "state/j/a")));
	assert_true(DeleteFileA(below(w, "state/j/theirs")));
	assert_ok(sbk_store_remove(&w->place, names, &w->err), &w->err);
	/* Its mark says that the parent was made for it, too. */
	assert_false(exists(below(w, "state")));
	assert_ok(sbk_store_remove(&w->place, names, &w->err), &w->err);
}

static void test_storage__what_was_cut_short_is_made_anew(void **state)
{
	struct world *w = *state;

	assert_true(CreateDirectoryA(below(w, SBK_STORE_NEW), NULL));
	assert_true(CreateDirectoryA(below(w, SBK_STORE_NEW "/j"), NULL));
	put(below(w, SBK_STORE_NEW "/j/" SBK_STORE_MADE), "1\n");
	put(below(w, SBK_STORE_BUILDING), "");
	open_store(w);
	assert_false(exists(below(w, SBK_STORE_NEW)));
	assert_false(exists(below(w, SBK_STORE_BUILDING)));
	sbk_store_close(w->store);
	w->store = NULL;
	assert_ok(sbk_store_remove(&w->place, (const char *const[]){NULL},
				   &w->err),
		  &w->err);

	/* Somebody else's files stay, and keep it from being made. */
	assert_true(CreateDirectoryA(below(w, SBK_STORE_NEW), NULL));
	put(below(w, SBK_STORE_NEW "/theirs"), "x");
	assert_error(
		sbk_store_open(&w->place, SBK_STORE_CREATE, &w->store, &w->err),
		SBK_E_EXISTS, &w->err);
	assert_true(exists(below(w, SBK_STORE_NEW "/theirs")));
	assert_false(exists(below(w, "state")));
}

static void test_storage__files(void **state)
{
	struct world *w = *state;
	uint64_t size = 7;
	HANDLE reader;
	char old[8] = "";
	DWORD got = 0;
	int rc;

	open_store(w);
	assert_error(sbk_store_look(w->store, "a", false, &size, &w->err),
		     SBK_E_NOTFOUND, &w->err);
	assert_ok(sbk_store_write(w->store, "a", "one", 3, &w->err), &w->err);
	assert_error(sbk_store_write(w->store, "a", "two", 3, &w->err),
		     SBK_E_EXISTS, &w->err);
	assert_content(w, "a", "one");
	assert_ok(sbk_store_look(w->store, "a", false, &size, &w->err),
		  &w->err);
	assert_int_equal(size, 3);
	assert_ok(sbk_store_write(w->store, "b", "two", 3, &w->err), &w->err);
	assert_error(sbk_store_rename(w->store, "b", "a", &w->err),
		     SBK_E_EXISTS, &w->err);
	assert_content(w, "a", "one");

	/* Who has it open, with leave to remove it, keeps it as it was. */
	reader = CreateFileA(below(w, "state/j/a"), GENERIC_READ,
			     FILE_SHARE_READ | FILE_SHARE_WRITE |
				     FILE_SHARE_DELETE,
			     NULL, OPEN_EXISTING, 0, NULL);
	assert_ptr_not_equal(reader, INVALID_HANDLE_VALUE);
	rc = sbk_store_replace(w->store, "b", "a", &w->err);
	assert_true(ReadFile(reader, old, 3, &got, NULL));
	assert_string_equal(old, "one");
	assert_true(CloseHandle(reader));
	/* Wine 8.0 does not know the call that can. */
	if (rc < 0) {
		assert_error(rc, SBK_E_BUSY, &w->err);
		assert_content(w, "a", "one");
		rc = sbk_store_replace(w->store, "b", "a", &w->err);
	}
	assert_ok(rc, &w->err);
	assert_content(w, "a", "two");
	assert_error(sbk_store_look(w->store, "b", false, &size, &w->err),
		     SBK_E_NOTFOUND, &w->err);
	assert_ok(sbk_store_rename(w->store, "a", "c", &w->err), &w->err);
	assert_ok(sbk_store_unlink(w->store, "c", &w->err), &w->err);
	assert_ok(sbk_store_unlink(w->store, "c", &w->err), &w->err);
	assert_ok(sbk_store_write(w->store, "c", "new", 3, &w->err), &w->err);
}

static void test_storage__who_shares_nothing_is_waited_for(void **state)
{
	struct world *w = *state;
	HANDLE greedy;

	open_store(w);
	assert_ok(sbk_store_write(w->store, "a", "one", 3, &w->err), &w->err);
	assert_ok(sbk_store_write(w->store, "b", "two", 3, &w->err), &w->err);
	/* As SQLite opens: nobody may remove or replace it meanwhile. */
	greedy = CreateFileA(below(w, "state/j/a"), GENERIC_READ,
			     FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
			     OPEN_EXISTING, 0, NULL);
	assert_ptr_not_equal(greedy, INVALID_HANDLE_VALUE);
	assert_true(sbk_store_replace(w->store, "b", "a", &w->err) < 0);
	assert_error(sbk_store_unlink(w->store, "a", &w->err), SBK_E_BUSY,
		     &w->err);
	assert_content(w, "a", "one");
	assert_true(CloseHandle(greedy));
	assert_ok(sbk_store_replace(w->store, "b", "a", &w->err), &w->err);
	assert_content(w, "a", "two");
}

static void test_storage__room_is_set_aside(void **state)
{
	struct world *w = *state;
	const uint64_t sizes[] = {100000, 300000, 4096, 0};
	uint64_t size = 1;
	size_t i;

	open_store(w);
	for (i = 0; i < 4; i++) {
		assert_ok(sbk_store_allocate(w->store, "r", sizes[i], &w->err),
			  &w->err);
		assert_ok(sbk_store_look(w->store, "r", false, &size, &w->err),
			  &w->err);
		assert_int_equal(size, sizes[i]);
	}
}

static void test_storage__what_is_no_file_is_not_believed(void **state)
{
	struct world *w = *state;
	uint64_t size;

	open_store(w);
	assert_ok(sbk_store_write(w->store, "a", "one", 3, &w->err), &w->err);
	assert_ok(sbk_store_look(w->store, "a", false, &size, &w->err),
		  &w->err);
	assert_true(CreateDirectoryA(below(w, "state/j/d"), NULL));
	assert_error(sbk_store_look(w->store, "d", false, &size, &w->err),
		     SBK_E_DENIED, &w->err);
}

/* --- what the system says of owners, lists and volumes ------------------- */

static const char *said; /* the descriptor, as SDDL */
static ULONG characteristics;

static NTSTATUS NTAPI say_descriptor(HANDLE handle, SECURITY_INFORMATION what,
				     PSECURITY_DESCRIPTOR out, ULONG size,
				     PULONG needed)
{
	struct sbk_buf bytes = SBK_BUF_INIT;

	(void)handle;
	(void)what;
	assert_int_equal(sbk_sddl_parse(said, strlen(said), NULL, &bytes, NULL),
			 0);
	assert_true(bytes.size <= size);
	memcpy(out, bytes.data, bytes.size);
	*needed = (ULONG)bytes.size;
	sbk_buf_release(&bytes);
	return 0;
}

static NTSTATUS NTAPI say_device(HANDLE file, PIO_STATUS_BLOCK io, PVOID out,
				 ULONG size, FS_INFORMATION_CLASS class)
{
	ULONG *device = out;

	(void)file;
	(void)io;
	assert_int_equal(size, 8);
	assert_int_equal(class, 4);
	device[0] = 7;
	device[1] = characteristics;
	return 0;
}

static void test_storage__foreign_directories_are_refused(void **state)
{
	struct world *w = *state;
	struct sbk_win32 table = sbk_win32_system;
	struct sbk_win32_file file = sbk_win32_file_system;
	char text[256];

	open_store(w);
	sbk_store_close(w->store);
	w->store = NULL;
	table.files.NtQuerySecurityObject = say_descriptor;
	file.NtQueryVolumeInformationFile = say_device;
	table.file = &file;
	sbk_win32 = &table;
	(void)snprintf(text, sizeof(text), "O:%sD:P(A;;FA;;;SY)",
		       w->place.owner.text);
	said = text;
	open_store(w);
	sbk_store_close(w->store);
	w->store = NULL;
	characteristics = 0x10; /* FILE_REMOTE_DEVICE */
	assert_error(
		sbk_store_open(&w->place, SBK_STORE_WRITE, &w->store, &w->err),
		SBK_E_UNSUPPORTED, &w->err);
	characteristics = 0;
	said = "O:S-1-5-21-9-9-9-1001D:P(A;;FA;;;SY)";
	assert_error(
		sbk_store_open(&w->place, SBK_STORE_READ, &w->store, &w->err),
		SBK_E_DENIED, &w->err);
	said = text;
	(void)snprintf(text, sizeof(text), "O:%sD:P(A;;FW;;;WD)",
		       w->place.owner.text);
	assert_error(
		sbk_store_open(&w->place, SBK_STORE_READ, &w->store, &w->err),
		SBK_E_DENIED, &w->err);
	(void)snprintf(text, sizeof(text), "O:%sD:P(A;;FR;;;WD)",
		       w->place.owner.text);
	w->place.shared = true;
	open_store(w);
	assert_false(sbk_store_is_hidden(w->store));
	/* The system said yes and kept the old list. */
	assert_error(sbk_store_hide(w->store, &w->err), SBK_E_IO, &w->err);
}

static void test_storage__others_do_not_write(void **state)
{
	struct world *w = *state;

	w->place.owner = (struct sbk_owner){"S-1-5-21-9-9-9-1001"};
	assert_error(
		sbk_store_open(&w->place, SBK_STORE_CREATE, &w->store, &w->err),
		SBK_E_DENIED, &w->err);
	assert_false(exists(below(w, "state")));
}

static void test_storage__places_are_the_systems(void **state)
{
	struct world *w = *state;
	struct sbk_person caller;
	struct sbk_person other = {.id = {"S-1-5-21-9-9-9-1001"}};
	char before[512] = "", after[512] = "";
	size_t base = 0;

	assert_ok(sbk_os_caller(&caller, &w->err), &w->err);
	assert_int_equal(strncmp(caller.id.text, "S-1-5-", 6), 0);
	assert_int_equal(caller.uid, UINT32_MAX);
	assert_ok(sbk_os_person_directory(&caller, before, sizeof(before),
					  &base, &w->err),
		  &w->err);
	assert_string_equal(before + base, "/Sandbook");
	assert_int_equal(before[1], ':');
	assert_true(SetEnvironmentVariableA("LOCALAPPDATA", "C:\\elsewhere"));
	assert_true(SetEnvironmentVariableA("USERPROFILE", "C:\\elsewhere"));
	assert_true(SetEnvironmentVariableA("APPDATA", "C:\\elsewhere"));
	assert_ok(sbk_os_person_directory(&caller, after, sizeof(after), &base,
					  &w->err),
		  &w->err);
	assert_string_equal(before, after);
	/* Who has no profile keeps nothing. */
	assert_error(sbk_os_person_directory(&other, after, sizeof(after),
					     &base, &w->err),
		     SBK_E_NOTFOUND, &w->err);
	assert_non_null(sbk_os_machine_directory());
	assert_non_null(strstr(sbk_os_machine_directory(), "/Sandbook"));
}

/* --- a file to be made later --------------------------------------------- */

static void assert_file(const char *path, const char *text)
{
	char found[64] = "";
	FILE *file = fopen(path, "rb");

	assert_non_null(file);
	(void)fread(found, 1, sizeof(found) - 1, file);
	(void)fclose(file);
	assert_string_equal(found, text);
}

/* That a file which others put in its place meanwhile is not taken for it
 * awaits Windows: Wine renames what has the name that was opened. */
static void test_storage__a_new_file_is_never_over_another(void **state)
{
	struct world *w = *state;
	struct sbk_new_file *file = NULL;
	struct sbk_person caller;
	char path[600], passing[64];
	struct sbk_pin pin = SBK_PIN_INIT;

	assert_ok(sbk_os_caller(&caller, &w->err), &w->err);
	(void)snprintf(path, sizeof(path), "%s/new", w->base);
	(void)snprintf(passing, sizeof(passing), ".sandbook-%lu",
		       (unsigned long)sbk_os_process());
	assert_ok(sbk_os_new_file_prepare(path, &file, &w->err), &w->err);
	assert_ok(sbk_os_new_file_make(file, "text", 4, &caller, true, &w->err),
		  &w->err);
	assert_file(path, "text");
	assert_error(
		sbk_os_new_file_make(file, "more", 4, &caller, false, &w->err),
		SBK_E_EXISTS, &w->err);
	assert_file(path, "text");
	sbk_os_new_file_free(file);
	assert_ok(sbk_pin_path(w->base, FILE_READ_ATTRIBUTES, &pin, &w->err),
		  &w->err);
	assert_true(sbk_store_has_name(pin.handle, "new"));
	assert_false(sbk_store_has_name(pin.handle, passing));
	sbk_pin_release(&pin);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static const struct CMUnitTest tests[] = {
	TEST(test_storage__a_new_file_is_never_over_another),
	TEST(test_storage__is_made_whole_and_removed_whole),
	TEST(test_storage__what_was_cut_short_is_made_anew),
	TEST(test_storage__files),
	TEST(test_storage__who_shares_nothing_is_waited_for),
	TEST(test_storage__room_is_set_aside),
	TEST(test_storage__what_is_no_file_is_not_believed),
	TEST(test_storage__foreign_directories_are_refused),
	TEST(test_storage__others_do_not_write),
	TEST(test_storage__places_are_the_systems),
};

SBK_TEST_MAIN(tests)
