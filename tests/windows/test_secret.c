/*
 * Secrets, on the system's own files and DPAPI; the accounts whose passwords
 * are changed are of the simulation (sim.h).
 */
#include "engine/windows/secret_rules.h"

#include <windows.h>

#include <lmerr.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/os.h"
#include "engine/windows/host.h"
#include "engine/windows/win32_logon.h"
#include "tests/support/test.h"
#include "tests/windows/sim.h"

#include "engine/banned.h"

#define PASSWORD "abcdefghijklmnopqrstuvwxyzABCDEF01234-_x"
#define OTHER "bbcdefghijklmnopqrstuvwxyzABCDEF01234-_x"
#define ACCOUNT "SandbookOffline"
#define INSTALLATION "0123456789abcdef0123456789abcdef"
#define BYTES_MAX SBK_SECRET_FILE_MAX

struct world {
	char *directory, *base;
	char path[512], file[600];
	struct sbk_store *store;
	struct sbk_secret_label label;
	struct sbk_error err;
};

static struct sbk_secret_label label_of(const char *account, const char *sid)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_secret_label label;
	struct sbk_sid bytes;

	assert_ok(sbk_sid_parse(sid, strlen(sid), &bytes, &err), &err);
	assert_ok(sbk_secret_label(&label, account, &bytes, INSTALLATION, &err),
		  &err);
	return label;
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct sbk_store_place place;
	struct sbk_person caller;

	if (w == NULL)
		return -1;
	sbk_error_clear(&w->err);
	w->directory = sbk_test_directory("secret");
	assert_ok(sbk_os_real_path(w->directory, &w->base, &w->err), &w->err);
	assert_ok(sbk_os_caller(&caller, &w->err), &w->err);
	(void)snprintf(w->path, sizeof(w->path), "%s/state", w->base);
	(void)snprintf(w->file, sizeof(w->file), "%s/secret-" ACCOUNT, w->path);
	place = (struct sbk_store_place){.directory = w->path,
					 .base = strlen(w->base),
					 .owner = caller.id};
	assert_ok(sbk_store_open(&place, SBK_STORE_CREATE, &w->store, &w->err),
		  &w->err);
	w->label = label_of(ACCOUNT, SIM_ACCOUNT);
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

static void keep(struct world *w, const char *password)
{
	assert_ok(sbk_secret_keep(w->store, &w->label, password, &w->err),
		  &w->err);
}

static void expect_open(struct world *w, const char *password)
{
	struct sbk_secret secret = SBK_SECRET_INIT;

	assert_ok(sbk_secret_open(w->store, ACCOUNT, &secret, &w->err),
		  &w->err);
	assert_string_equal(secret.password, password);
	assert_true(sbk_sid_equal(&secret.label.sid, &w->label.sid));
	assert_string_equal(secret.label.installation, INSTALLATION);
	sbk_secret_release(&secret);
	assert_null(secret.password);
}

static void expect_none(struct world *w)
{
	struct sbk_secret secret = SBK_SECRET_INIT;
	struct sbk_buf now = SBK_BUF_INIT;

	assert_error(sbk_secret_open(w->store, ACCOUNT, &secret, &w->err),
		     SBK_E_NOTFOUND, &w->err);
	assert_non_null(strstr(w->err.message, "setup --upgrade"));
	assert_ok(sbk_secret_look(w->store, ACCOUNT, &now, &w->err), &w->err);
	assert_int_equal(now.size, 0);
	sbk_error_clear(&w->err);
}

static size_t read_bytes(const char *path, char *out)
{
	FILE *file = fopen(path, "rb");
	size_t size;

	assert_non_null(file);
	size = fread(out, 1, BYTES_MAX, file);
	assert_int_equal(fclose(file), 0);
	return size;
}

static void write_bytes(const char *path, const char *data, size_t size)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

static void test_secret__is_kept_opened_and_removed(void **state)
{
	struct world *w = *state;
	struct sbk_buf now = SBK_BUF_INIT, text = SBK_BUF_INIT;
	char bytes[BYTES_MAX];
	size_t size, i;

	expect_none(w);
	keep(w, PASSWORD);
	expect_open(w, PASSWORD);
	size = read_bytes(w->file, bytes);
	for (i = 0; i + 10 < size; i++)
		assert_int_not_equal(memcmp(bytes + i, PASSWORD, 10), 0);
	assert_ok(sbk_secret_state(&w->label, PASSWORD, &text, &w->err),
		  &w->err);
	assert_ok(sbk_secret_look(w->store, ACCOUNT, &now, &w->err), &w->err);
	assert_string_equal(sbk_buf_text(&now), sbk_buf_text(&text));
	/* Never over one. */
	assert_error(sbk_secret_keep(w->store, &w->label, OTHER, &w->err),
		     SBK_E_EXISTS, &w->err);
	expect_open(w, PASSWORD);
	assert_ok(sbk_secret_remove(w->store, ACCOUNT, &w->err), &w->err);
	assert_ok(sbk_secret_remove(w->store, ACCOUNT, &w->err), &w->err);
	expect_none(w);
	sbk_buf_release(&now);
	sbk_buf_release(&text);
}

/* With another byte in the lines it does not open; with one in what DPAPI made,
 * never to another password (Wine's has bytes that mean nothing). */
static void test_secret__an_altered_file_does_not_open(void **state)
{
	struct world *w = *state;
	struct sbk_secret secret = SBK_SECRET_INIT;
	char bytes[BYTES_MAX];
	size_t size, head, i, refused = 0;
	int rc;

	keep(w, PASSWORD);
	size = read_bytes(w->file, bytes);
	head = (size_t)(strchr(strstr(bytes, "hash "), '\n') - bytes) + 1;
	for (i = 0; i < size; i += i < head ? 7 : 13) {
		bytes[i] ^= 1;
		write_bytes(w->file, bytes, size);
		rc = sbk_secret_open(w->store, ACCOUNT, &secret, &w->err);
		bytes[i] ^= 1;
		if (rc == 0)
			assert_string_equal(secret.password, PASSWORD);
		else
			assert_error(rc, SBK_E_CORRUPT, &w->err);
		assert_true(rc < 0 || i >= head);
		refused += rc < 0 && i >= head;
		sbk_secret_release(&secret);
	}
	assert_true(refused > 4);
	write_bytes(w->file, bytes, size - 1);
	assert_error(sbk_secret_open(w->store, ACCOUNT, &secret, &w->err),
		     SBK_E_CORRUPT, &w->err);
	write_bytes(w->file, bytes, size);
	expect_open(w, PASSWORD);
}

/* The same bytes cannot be another account's secret, nor with another SID. */
static void test_secret__is_bound_to_its_account(void **state)
{
	struct world *w = *state;
	struct sbk_secret secret = SBK_SECRET_INIT;
	char bytes[BYTES_MAX], other[600], *at;
	size_t size;

	keep(w, PASSWORD);
	size = read_bytes(w->file, bytes);
	(void)snprintf(other, sizeof(other), "%s/secret-SandbookOnline",
		       w->path);
	write_bytes(other, bytes, size);
	assert_error(
		sbk_secret_open(w->store, "SandbookOnline", &secret, &w->err),
		SBK_E_CORRUPT, &w->err);
	at = strstr(bytes, "-1005");
	assert_non_null(at);
	at[4] = '6';
	write_bytes(w->file, bytes, size);
	assert_error(sbk_secret_open(w->store, ACCOUNT, &secret, &w->err),
		     SBK_E_CORRUPT, &w->err);
}

static int note_name(void *arg, const char *account, struct sbk_error *err)
{
	(void)err;
	sbk_buf_printf(arg, "%s ", account);
	return 0;
}

static int stop_at_once(void *arg, const char *account, struct sbk_error *err)
{
	(void)arg;
	return sbk_error_set(err, SBK_E_CONFLICT, "%s", account);
}

/* What is kept is found, whether a journal knows it or DPAPI opens it. */
static void test_secret__whatever_is_kept_is_listed(void **state)
{
	struct world *w = *state;
	struct sbk_buf names = SBK_BUF_INIT;
	char other[600];
	size_t count = 7, i;

	assert_ok(sbk_secret_list(w->store, NULL, NULL, &count, &w->err),
		  &w->err);
	assert_int_equal(count, 0);
	keep(w, PASSWORD);
	/* More than one buffer of them. */
	for (i = 0; i < 80; i++) {
		(void)snprintf(other, sizeof(other),
			       "%s/a-file-that-is-no-secret-%zu", w->path, i);
		write_bytes(other, "x", 1);
	}
	(void)snprintf(other, sizeof(other), "%s/secret-Zzz", w->path);
	write_bytes(other, "no secret", 9);
	assert_ok(sbk_secret_list(w->store, note_name, &names, &count, &w->err),
		  &w->err);
	assert_int_equal(count, 2);
	assert_non_null(strstr(sbk_buf_text(&names), ACCOUNT " "));
	assert_non_null(strstr(sbk_buf_text(&names), "Zzz "));
	assert_error(
		sbk_secret_list(w->store, stop_at_once, NULL, &count, &w->err),
		SBK_E_CONFLICT, &w->err);
	sbk_buf_release(&names);
}

/* --- a failing DPAPI ------------------------------------------------------ */

static struct sbk_win32 table;
static struct sbk_win32_logon logon;
static int fail_protect, fail_unprotect, give_garbage;

static BOOL WINAPI protect(DATA_BLOB *data, LPCWSTR description,
			   DATA_BLOB *entropy, PVOID reserved,
			   CRYPTPROTECT_PROMPTSTRUCT *prompt, DWORD flags,
			   DATA_BLOB *out)
{
	if (fail_protect) {
		SetLastError(ERROR_ACCESS_DENIED);
		return FALSE;
	}
	if (!CryptProtectData(data, description, entropy, reserved, prompt,
			      flags, out))
		return FALSE;
	if (give_garbage)
		out->pbData[out->cbData / 2] ^= 1;
	return TRUE;
}

static BOOL WINAPI unprotect(DATA_BLOB *data, LPWSTR *description,
			     DATA_BLOB *entropy, PVOID reserved,
			     CRYPTPROTECT_PROMPTSTRUCT *prompt, DWORD flags,
			     DATA_BLOB *out)
{
	if (fail_unprotect) {
		SetLastError(ERROR_ACCESS_DENIED);
		return FALSE;
	}
	return CryptUnprotectData(data, description, entropy, reserved, prompt,
				  flags, out);
}

static void use_table(const struct sbk_win32 *from)
{
	table = *from;
	logon = sbk_win32_logon_system;
	logon.CryptProtectData = protect;
	logon.CryptUnprotectData = unprotect;
	table.logon = &logon;
	sbk_win32 = &table;
	fail_protect = fail_unprotect = give_garbage = 0;
}

static void test_secret__what_does_not_open_is_not_kept(void **state)
{
	struct world *w = *state;
	int *const causes[] = {&fail_protect, &fail_unprotect, &give_garbage};
	size_t i;

	use_table(&sbk_win32_system);
	for (i = 0; i < sizeof(causes) / sizeof(causes[0]); i++) {
		*causes[i] = 1;
		assert_true(sbk_secret_keep(w->store, &w->label, PASSWORD,
					    &w->err) < 0);
		*causes[i] = 0;
		expect_none(w);
	}
	keep(w, PASSWORD);
	expect_open(w, PASSWORD);
}

/* --- the kind ------------------------------------------------------------- */

static void expect_state(const struct sbk_backend *backend,
			 const struct sbk_object *object, const char *text)
{
	struct sbk_observation now = SBK_OBSERVATION_INIT;
	struct sbk_error err = SBK_ERROR_INIT;

	assert_ok(sbk_backend_observe(backend, object, &now, &err), &err);
	assert_string_equal(sbk_buf_text(&now.state), text);
	assert_string_equal(sbk_buf_text(&now.identity),
			    *text != '\0' ? SIM_ACCOUNT : "");
	sbk_observation_release(&now);
}

/* Where the user's own records are, and gone again. */
static void with_directory(bool there)
{
	const char *const none[] = {NULL};
	struct sbk_store_place place;
	struct sbk_store *store = NULL;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_person caller;
	char path[SBK_PATH_MAX];

	if (there) {
		assert_ok(sbk_secret_store(SBK_STORE_CREATE, &store, &err),
			  &err);
		sbk_store_close(store);
		return;
	}
	assert_ok(sbk_os_caller(&caller, &err), &err);
	assert_ok(sbk_os_person_directory(&caller, path, sizeof(path),
					  &place.base, &err),
		  &err);
	place.directory = path;
	place.owner = caller.id;
	place.shared = false;
	assert_ok(sbk_store_remove(&place, none, &err), &err);
}

static void test_secret__is_an_object_of_the_journal(void **state)
{
	struct world *w = *state;
	const struct sbk_object object = {.kind = SBK_KIND_SECRET,
					  .name = ACCOUNT};
	struct sbk_buf text = SBK_BUF_INIT, other = SBK_BUF_INIT;
	struct sbk_state one, two;
	struct sbk_backend backend;
	struct sbk_keyring *ring;

	assert_ok(sbk_secret_state(&w->label, PASSWORD, &text, &w->err),
		  &w->err);
	assert_ok(sbk_secret_state(&w->label, OTHER, &other, &w->err), &w->err);
	one = (struct sbk_state){text.data, text.size};
	two = (struct sbk_state){other.data, other.size};
	assert_ok(sbk_os_backend(&backend, &w->err), &w->err);
	ring = sbk_host_keyring(&backend);
	assert_non_null(ring);
	expect_state(&backend, &object, ""); /* no directory, either */
	with_directory(true);
	assert_error(sbk_backend_replace(&backend, &object, SBK_STATE_ABSENT,
					 one, &w->err),
		     SBK_E_UNSUPPORTED, &w->err);
	assert_ok(sbk_keyring_put(ring, ACCOUNT, OTHER, &w->err), &w->err);
	assert_error(sbk_backend_replace(&backend, &object, SBK_STATE_ABSENT,
					 one, &w->err),
		     SBK_E_CONFLICT, &w->err);
	expect_state(&backend, &object, "");
	assert_ok(sbk_keyring_put(ring, ACCOUNT, PASSWORD, &w->err), &w->err);
	assert_ok(sbk_backend_replace(&backend, &object, SBK_STATE_ABSENT, one,
				      &w->err),
		  &w->err);
	expect_state(&backend, &object, sbk_buf_text(&text));
	assert_error(sbk_backend_replace(&backend, &object, two,
					 SBK_STATE_ABSENT, &w->err),
		     SBK_E_CONFLICT, &w->err);
	/* Undo takes no password. */
	sbk_keyring_drop(ring, ACCOUNT);
	assert_ok(sbk_backend_replace(&backend, &object, one, SBK_STATE_ABSENT,
				      &w->err),
		  &w->err);
	expect_state(&backend, &object, "");
	sbk_backend_close(&backend);
	with_directory(false);
	sbk_buf_release(&text);
	sbk_buf_release(&other);
}

/* --- another password ----------------------------------------------------- */

static NET_API_STATUS refuse_change; /* with this, or 0 */

static NET_API_STATUS WINAPI change_password(LPCWSTR computer, LPCWSTR name,
					     LPCWSTR before, LPCWSTR after)
{
	struct sim_account *account = sim_account_named(sim_now(), name);

	if (computer == NULL || account == NULL)
		abort(); /* NULL would be the caller's domain */
	if (refuse_change != 0)
		return refuse_change;
	if (wcscmp(account->password, before) != 0)
		return ERROR_INVALID_PASSWORD;
	(void)wcsncpy(account->password, after, 63);
	return 0;
}

/* An account of the simulation, everything else the system's. */
static struct sim_account *begin_accounts(struct sim *sim, const WCHAR *text)
{
	struct sim_account *account;
	struct sbk_win32 mixed = sbk_win32_system;

	account = sim_make_account(sim, L"" ACCOUNT, false);
	mixed.accounts = &sim_accounts_table;
	use_table(&mixed);
	logon.NetUserChangePassword = change_password;
	(void)wcscpy(account->password, text);
	return account;
}

static void test_secret__withheld_it_is_worthless(void **state)
{
	struct world *w = *state;
	struct sim *sim = sim_begin();
	struct sim_account *account = begin_accounts(sim, L"" PASSWORD);
	WCHAR after[64];

	w->label.sid = account->sid;
	assert_error(sbk_secret_withhold(w->store, ACCOUNT, &w->err),
		     SBK_E_NOTFOUND, &w->err);
	keep(w, PASSWORD);
	assert_ok(sbk_secret_withhold(w->store, ACCOUNT, &w->err), &w->err);
	assert_int_equal(wcslen(account->password), SBK_PASSWORD_CHARACTERS);
	assert_int_not_equal(wcscmp(account->password, L"" PASSWORD), 0);
	/* The file says what it said; it opens nothing any more, and so it is
	 * nothing to be made worthless a second time. */
	expect_open(w, PASSWORD);
	(void)wcscpy(after, account->password);
	assert_ok(sbk_secret_withhold(w->store, ACCOUNT, &w->err), &w->err);
	assert_int_equal(wcscmp(account->password, after), 0);
	/* What else the system says is a refusal. */
	refuse_change = NERR_PasswordTooShort;
	assert_error(sbk_secret_withhold(w->store, ACCOUNT, &w->err),
		     SBK_E_DENIED, &w->err);
	assert_non_null(strstr(w->err.message, "no command is run"));
	refuse_change = 0;
	/* Another account of that name is left. */
	(void)wcscpy(account->password, L"" PASSWORD);
	account->sid.bytes[8] ^= 1;
	assert_error(sbk_secret_withhold(w->store, ACCOUNT, &w->err),
		     SBK_E_CONFLICT, &w->err);
	assert_int_equal(wcscmp(account->password, L"" PASSWORD), 0);
	sbk_win32 = &sbk_win32_system;
	sim_finish(sim);
}

static void test_secret__a_reset_compares_the_seal(void **state)
{
	struct world *w = *state;
	struct sim *sim = sim_begin();
	struct sim_account *account = begin_accounts(sim, L"lost");
	struct sbk_sid_text text;

	sim_elevate(sim);
	w->label.sid = account->sid;
	(void)swprintf(account->comment, 300, L"somebody's");
	assert_error(sbk_secret_reset(&w->label, PASSWORD, &w->err),
		     SBK_E_CONFLICT, &w->err);
	assert_int_equal(wcscmp(account->password, L"lost"), 0);
	(void)sbk_sid_format(&account->sid, &text);
	(void)swprintf(account->comment, 300,
		       L"Sandbook offline account " ACCOUNT
		       " of S-1-5-21-1-2-3-1001 nonce " INSTALLATION " sid %hs",
		       text.text);
	assert_ok(sbk_secret_reset(&w->label, PASSWORD, &w->err), &w->err);
	assert_int_equal(wcscmp(account->password, L"" PASSWORD), 0);
	sbk_win32 = &sbk_win32_system;
	sim_finish(sim);
}

#define WORLD_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static const struct CMUnitTest tests[] = {
	WORLD_TEST(test_secret__is_kept_opened_and_removed),
	WORLD_TEST(test_secret__an_altered_file_does_not_open),
	WORLD_TEST(test_secret__is_bound_to_its_account),
	WORLD_TEST(test_secret__whatever_is_kept_is_listed),
	WORLD_TEST(test_secret__what_does_not_open_is_not_kept),
	WORLD_TEST(test_secret__is_an_object_of_the_journal),
	WORLD_TEST(test_secret__withheld_it_is_worthless),
	WORLD_TEST(test_secret__a_reset_compares_the_seal),
};

SBK_TEST_MAIN(tests)
