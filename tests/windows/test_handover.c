/*
 * The handover over a real pipe of Wine's, both sides in this process, setup's
 * in a thread. Whose the pipe is and who opened it are the system's own
 * answers; that setup is elevated, too, for Wine's user is an administrator.
 */
#include "engine/windows/handover.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/os.h"
#include "engine/windows/pipe_end.h"
#include "engine/windows/win32.h"
#include "engine/windows/win32_logon.h"
#include "tests/support/test.h"
#include "tests/windows/sim_token.h"

#include "engine/banned.h"

#define PASSWORD "abcdefghijklmnopqrstuvwxyzABCDEF01234-_x"
#define OTHER "bbcdefghijklmnopqrstuvwxyzABCDEF01234-_x"
#define INSTALLATION "0123456789abcdef0123456789abcdef"
#define SOON 5000

struct world {
	char *directory, *base;
	char path[512];
	struct sbk_store *store;
	struct sbk_handover *ours; /* the user's side */
	char name[SBK_HANDOVER_NAME_SIZE];
	struct sbk_error err;
	/* Setup's side: what it does, and how it went. */
	struct sbk_handover_secrets secrets;
	bool gives_up, is_silent, confirms;
	const char *says; /* a message of its own */
	struct sbk_sid person;
	struct sbk_error their_err;
	int joined, given;
};

static void add_secret(struct world *w, const char *account, const char *sid,
		       const char *password)
{
	struct sbk_handover_secret *item =
		&w->secrets.items[w->secrets.count++];
	struct sbk_sid bytes;

	assert_ok(sbk_sid_parse(sid, strlen(sid), &bytes, &w->err), &w->err);
	assert_ok(sbk_secret_label(&item->label, account, &bytes, INSTALLATION,
				   &w->err),
		  &w->err);
	(void)snprintf(item->password, sizeof(item->password), "%s", password);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct sbk_store_place place;
	struct sbk_person caller;

	if (w == NULL)
		return -1;
	sbk_error_clear(&w->err);
	sbk_error_clear(&w->their_err);
	w->directory = sbk_test_directory("handover");
	assert_ok(sbk_os_real_path(w->directory, &w->base, &w->err), &w->err);
	assert_ok(sbk_os_caller(&caller, &w->err), &w->err);
	(void)snprintf(w->path, sizeof(w->path), "%s/state", w->base);
	place = (struct sbk_store_place){.directory = w->path,
					 .base = strlen(w->base),
					 .owner = caller.id};
	assert_ok(sbk_store_open(&place, SBK_STORE_CREATE, &w->store, &w->err),
		  &w->err);
	assert_ok(sbk_handover_offer(&w->ours, w->name, &w->err), &w->err);
	add_secret(w, "SandbookOffline", "S-1-5-21-1-2-3-1005", PASSWORD);
	add_secret(w, "SandbookOnline", "S-1-5-21-1-2-3-1006", OTHER);
	w->confirms = true;
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	sbk_win32 = &sbk_win32_system;
	sbk_handover_close(w->ours);
	sbk_store_close(w->store);
	free(w->base);
	sbk_test_remove(w->directory);
	free(w);
	return 0;
}

/* --- setup's side --------------------------------------------------------- */

static DWORD WINAPI be_setup(void *arg)
{
	struct world *w = arg;
	struct sbk_handover *theirs = NULL;
	struct sbk_error ignored = SBK_ERROR_INIT;

	w->joined =
		sbk_handover_join(w->name, &theirs, &w->person, &w->their_err);
	if (w->joined < 0)
		return 0;
	if (w->is_silent)
		Sleep(1500);
	else if (w->gives_up)
		(void)sbk_handover_end(theirs, w->says, &ignored);
	else
		w->given = sbk_handover_give(theirs, &w->secrets, SOON,
					     &w->their_err);
	if (w->given == 0 && !w->gives_up && w->confirms)
		(void)sbk_handover_end(theirs, NULL, &ignored);
	sbk_handover_close(theirs);
	return 0;
}

static HANDLE start_setup(struct world *w)
{
	HANDLE thread = CreateThread(NULL, 0, be_setup, w, 0, NULL);

	assert_non_null(thread);
	return thread;
}

static void end_setup(HANDLE thread)
{
	assert_int_equal(WaitForSingleObject(thread, 20000), WAIT_OBJECT_0);
	(void)CloseHandle(thread);
}

static void keep_all(struct world *w, const struct sbk_handover_secrets *got)
{
	size_t i;

	for (i = 0; i < got->count; i++)
		assert_ok(sbk_secret_keep(w->store, &got->items[i].label,
					  got->items[i].password, &w->err),
			  &w->err);
}

/* --- the tests ------------------------------------------------------------ */

static void test_handover__the_user_keeps_what_setup_made(void **state)
{
	struct world *w = *state;
	const struct sbk_handover_secrets *got = NULL;
	struct sbk_secret secret = SBK_SECRET_INIT;
	HANDLE thread = start_setup(w);
	struct sbk_sid own;

	assert_ok(sbk_handover_accept(w->ours, GetCurrentProcess(), SOON,
				      &w->err),
		  &w->err);
	assert_ok(sbk_handover_receive(w->ours, SOON, &got, &w->err), &w->err);
	assert_int_equal(got->count, 2);
	keep_all(w, got);
	assert_ok(sbk_handover_prove(w->ours, w->store, &w->err), &w->err);
	assert_ok(sbk_handover_ended(w->ours, SOON, &w->err), &w->err);
	end_setup(thread);
	assert_ok(w->joined, &w->their_err);
	assert_ok(w->given, &w->their_err);
	assert_ok(sbk_pipe_own_user(&own, &w->err), &w->err);
	assert_true(sbk_sid_equal(&own, &w->person));
	assert_ok(sbk_secret_open(w->store, "SandbookOnline", &secret, &w->err),
		  &w->err);
	assert_string_equal(secret.password, OTHER);
	sbk_secret_release(&secret);
}

/* Kept is what opens again from the disk: anything else is no proof. */
static void test_handover__what_was_not_kept_is_not_proved(void **state)
{
	struct world *w = *state;
	const struct sbk_handover_secrets *got = NULL;
	HANDLE thread = start_setup(w);

	assert_ok(sbk_handover_accept(w->ours, GetCurrentProcess(), SOON,
				      &w->err),
		  &w->err);
	assert_ok(sbk_handover_receive(w->ours, SOON, &got, &w->err), &w->err);
	assert_error(sbk_handover_prove(w->ours, w->store, &w->err),
		     SBK_E_NOTFOUND, &w->err);
	sbk_handover_refuse(w->ours, "the disk is full");
	end_setup(thread);
	assert_error(w->given, SBK_E_INCOMPLETE, &w->their_err);
	assert_string_equal(w->their_err.message, "the disk is full");
}

static void test_handover__another_password_is_no_proof(void **state)
{
	struct world *w = *state;
	const struct sbk_handover_secrets *got = NULL;
	HANDLE thread = start_setup(w);

	assert_ok(sbk_handover_accept(w->ours, GetCurrentProcess(), SOON,
				      &w->err),
		  &w->err);
	assert_ok(sbk_handover_receive(w->ours, SOON, &got, &w->err), &w->err);
	assert_ok(
		sbk_secret_keep(w->store, &got->items[0].label, OTHER, &w->err),
		&w->err);
	assert_ok(
		sbk_secret_keep(w->store, &got->items[1].label, OTHER, &w->err),
		&w->err);
	assert_ok(sbk_handover_prove(w->ours, w->store, &w->err), &w->err);
	end_setup(thread);
	assert_error(w->given, SBK_E_INCOMPLETE, &w->their_err);
	assert_non_null(strstr(w->their_err.message, "SandbookOffline"));
	assert_error(sbk_handover_ended(w->ours, SOON, &w->err),
		     SBK_E_INCOMPLETE, &w->err);
}

static void test_handover__setup_that_gives_up_says_why(void **state)
{
	struct world *w = *state;
	const struct sbk_handover_secrets *got = NULL;
	HANDLE thread;

	w->gives_up = true;
	w->says = "the group policy forbids it";
	thread = start_setup(w);
	assert_ok(sbk_handover_accept(w->ours, GetCurrentProcess(), SOON,
				      &w->err),
		  &w->err);
	assert_error(sbk_handover_receive(w->ours, SOON, &got, &w->err),
		     SBK_E_INCOMPLETE, &w->err);
	assert_string_equal(w->err.message, w->says);
	end_setup(thread);
}

static void test_handover__a_setup_that_ends_is_not_done(void **state)
{
	struct world *w = *state;
	const struct sbk_handover_secrets *got = NULL;
	HANDLE thread;

	w->confirms = false;
	thread = start_setup(w);
	assert_ok(sbk_handover_accept(w->ours, GetCurrentProcess(), SOON,
				      &w->err),
		  &w->err);
	assert_ok(sbk_handover_receive(w->ours, SOON, &got, &w->err), &w->err);
	keep_all(w, got);
	assert_ok(sbk_handover_prove(w->ours, w->store, &w->err), &w->err);
	assert_error(sbk_handover_ended(w->ours, SOON, &w->err),
		     SBK_E_INCOMPLETE, &w->err);
	end_setup(thread);
}

static void test_handover__a_silent_setup_is_given_up(void **state)
{
	struct world *w = *state;
	const struct sbk_handover_secrets *got = NULL;
	HANDLE thread;

	assert_error(
		sbk_handover_accept(w->ours, GetCurrentProcess(), 50, &w->err),
		SBK_E_BUSY, &w->err);
	w->is_silent = true;
	thread = start_setup(w);
	assert_ok(sbk_handover_accept(w->ours, GetCurrentProcess(), SOON,
				      &w->err),
		  &w->err);
	assert_error(sbk_handover_receive(w->ours, 100, &got, &w->err),
		     SBK_E_BUSY, &w->err);
	end_setup(thread);
}

/* A process that is not the one that was started, however right its words. */
static DWORD WINAPI another_id(HANDLE process)
{
	return GetProcessId(process) + 4;
}

static void test_handover__another_process_is_refused(void **state)
{
	struct world *w = *state;
	struct sbk_win32_logon logon = sbk_win32_logon_system;
	struct sbk_win32 table = sbk_win32_system;
	HANDLE thread;

	logon.GetProcessId = another_id;
	table.logon = &logon;
	sbk_win32 = &table;
	thread = start_setup(w);
	assert_error(sbk_handover_accept(w->ours, GetCurrentProcess(), SOON,
					 &w->err),
		     SBK_E_DENIED, &w->err);
	sbk_handover_close(w->ours);
	w->ours = NULL;
	end_setup(thread);
	assert_true(w->joined < 0 || w->given < 0);
}

static void test_handover__one_that_is_not_elevated_is_refused(void **state)
{
	struct world *w = *state;
	HANDLE thread;

	/* Its tokens have Administrators for denials only. */
	sim_token_begin();
	thread = start_setup(w);
	assert_error(sbk_handover_accept(w->ours, GetCurrentProcess(), SOON,
					 &w->err),
		     SBK_E_DENIED, &w->err);
	assert_non_null(strstr(w->err.message, "administrator"));
	sbk_handover_close(w->ours);
	w->ours = NULL;
	end_setup(thread);
	sim_token_end();
}

static void test_handover__a_pipe_of_another_form_is_refused(void **state)
{
	struct world *w = *state;
	static const uint32_t everyone[] = {0};
	const struct sbk_sid all = sbk_sid_make(1, everyone, 1);
	struct sbk_handover *theirs = NULL;
	HANDLE pipe = NULL;
	char name[SBK_PIPE_NAME_SIZE];

	assert_error(sbk_handover_join("..\\other\\pipe", &theirs, &w->person,
				       &w->err),
		     SBK_E_INVAL, &w->err);
	/* One that lets everybody in. */
	assert_ok(sbk_pipe_make(&all, name, &pipe, &w->err), &w->err);
	assert_error(sbk_handover_join(name, &theirs, &w->person, &w->err),
		     SBK_E_DENIED, &w->err);
	sbk_win32_close(&pipe);
	assert_error(sbk_handover_join(name, &theirs, &w->person, &w->err),
		     SBK_E_NOTFOUND, &w->err);
}

#define WORLD_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static const struct CMUnitTest tests[] = {
	WORLD_TEST(test_handover__the_user_keeps_what_setup_made),
	WORLD_TEST(test_handover__what_was_not_kept_is_not_proved),
	WORLD_TEST(test_handover__another_password_is_no_proof),
	WORLD_TEST(test_handover__setup_that_gives_up_says_why),
	WORLD_TEST(test_handover__a_setup_that_ends_is_not_done),
	WORLD_TEST(test_handover__a_silent_setup_is_given_up),
	WORLD_TEST(test_handover__another_process_is_refused),
	WORLD_TEST(test_handover__one_that_is_not_elevated_is_refused),
	WORLD_TEST(test_handover__a_pipe_of_another_form_is_refused),
};

SBK_TEST_MAIN(tests)
