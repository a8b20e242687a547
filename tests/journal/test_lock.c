/*
 * Two processes at once: one waits or is told who holds the journal; numbers
 * are never given twice, entries never written twice; a start during
 * another's transaction does not recover it; kill -9 at any moment.
 */
#include "tests/journal/fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "engine/banned.h"

#define FIXTURE_TEST(name) \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

/* Told over a pipe: "it is so". */
struct signal_pipe {
	int ends[2];
};

static void tell(struct signal_pipe *pipe_)
{
	if (write(pipe_->ends[1], "x", 1) != 1)
		_exit(99);
}

static bool hear(struct signal_pipe *pipe_)
{
	char c;

	return read(pipe_->ends[0], &c, 1) == 1;
}

static void nap(long ms)
{
	const struct timespec time = {.tv_sec = ms / 1000,
				      .tv_nsec = ms % 1000 * 1000000};

	(void)nanosleep(&time, NULL);
}

/* A child that holds the lock with an open transaction until it is told. */
static pid_t start_holder(struct fixture *f, struct signal_pipe *ready,
			  struct signal_pipe *end)
{
	struct sbk_journal *journal = NULL;
	uint64_t id;
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	close(end->ends[1]);
	if (sbk_journal_open(&f->place, SBK_JOURNAL_CREATE, &journal, NULL) <
		    0 ||
	    sbk_journal_lock(journal, 0, NULL) < 0 ||
	    sbk_journal_begin(journal, SBK_TRANSACTION_DO, "hold", &id, NULL) <
		    0)
		_exit(1);
	sbk_journal_tell(journal, "grant --to dev --rw /w");
	tell(ready);
	(void)hear(end);
	_exit(sbk_journal_end(journal, true, NULL) < 0 ? 2 : 0);
}

static void assert_exit(pid_t pid, int code)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), code);
}

static void test_lock__the_other_one_is_named(void **state)
{
	struct fixture *f = *state;
	struct signal_pipe ready, end;
	struct sbk_journal *journal;
	char number[32];
	pid_t pid;

	sbk_journal_close(fixture_open(f, SBK_JOURNAL_CREATE));
	assert_int_equal(pipe(ready.ends), 0);
	assert_int_equal(pipe(end.ends), 0);
	pid = start_holder(f, &ready, &end);
	assert_true(hear(&ready));
	journal = fixture_open(f, SBK_JOURNAL_WRITE);
	assert_error(sbk_journal_lock(journal, 50, &f->err), SBK_E_BUSY,
		     &f->err);
	(void)snprintf(number, sizeof(number), "process %d", (int)pid);
	assert_non_null(strstr(f->err.message, number));
	assert_non_null(strstr(f->err.message, "grant --to dev --rw /w"));
	tell(&end);
	/* And who waits gets it. */
	assert_ok(sbk_journal_lock(journal, 5000, &f->err), &f->err);
	assert_exit(pid, 0);
	sbk_journal_close(journal);
}

static void test_lock__a_living_transaction_is_not_recovered(void **state)
{
	struct fixture *f = *state;
	const struct sbk_journal_filter dead = {.dead = true};
	struct signal_pipe ready, end;
	struct sbk_journal *journal;
	struct sbk_plan *plan;
	size_t settled = 7;
	pid_t pid;

	sbk_journal_close(fixture_open(f, SBK_JOURNAL_CREATE));
	assert_int_equal(pipe(ready.ends), 0);
	assert_int_equal(pipe(end.ends), 0);
	pid = start_holder(f, &ready, &end);
	assert_true(hear(&ready));
	journal = fixture_open(f, SBK_JOURNAL_WRITE);
	assert_error(
		sbk_journal_recover(journal, &f->backend, &settled, &f->err),
		SBK_E_INVAL, &f->err);
	/* Sessions and readers go on beside it. */
	assert_ok(sbk_session_begin(journal, "", &(uint64_t){0}, &f->err),
		  &f->err);
	plan = fixture_load(f, journal, &dead);
	sbk_plan_free(plan);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_ok(sbk_journal_lock(journal, 0, &f->err), &f->err);
	assert_ok(sbk_journal_recover(journal, &f->backend, &settled, &f->err),
		  &f->err);
	sbk_journal_close(journal);
	fixture_assert_sound(f);
}

/* Grants an object of its own, again and again, as others do meanwhile. */
struct worker {
	int number, rounds;
};

static int work(struct fixture *f, void *arg)
{
	const struct worker *worker = arg;
	const struct sbk_transaction_request request = {.title = "work"};
	int i;

	for (i = 0; i < worker->rounds; i++) {
		struct sbk_transaction_report report;
		struct sbk_journal *journal = NULL;
		struct sbk_plan *plan = sbk_plan_new();
		char name[64];
		struct sbk_change change = {
			.object = {.kind = SBK_KIND_ACCOUNT, .name = name},
			.after = {.data = "made\n", .size = 5},
		};
		uint64_t session;

		(void)snprintf(name, sizeof(name), "w%d-%d", worker->number, i);
		if (sbk_journal_open(&f->place, SBK_JOURNAL_CREATE, &journal,
				     &f->err) < 0 ||
		    sbk_session_begin(journal, "", &session, &f->err) < 0 ||
		    sbk_plan_add(plan, &change, &f->err) < 0 ||
		    sbk_journal_transact(journal, &f->backend, &request, plan,
					 &report, &f->err) < 0 ||
		    sbk_session_end(journal, session, "", &f->err) < 0) {
			print_error("%s\n", f->err.message);
			return 1;
		}
		sbk_journal_close(journal);
		sbk_plan_free(plan);
	}
	return 0;
}

static void test_lock__four_processes_at_once(void **state)
{
	struct fixture *f = *state;
	const struct sbk_journal_filter all = {.transaction = 0};
	struct sbk_journal *journal;
	struct sbk_plan *plan;
	pid_t pids[4];
	int i;

	/* Each makes the journal, and one of them does. */
	for (i = 0; i < 4; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			struct worker worker = {.number = i, .rounds = 10};

			_exit(work(f, &worker));
		}
	}
	for (i = 0; i < 4; i++)
		assert_exit(pids[i], 0);
	journal = fixture_open(f, SBK_JOURNAL_READ);
	plan = fixture_load(f, journal, &all);
	assert_int_equal(sbk_plan_count(plan), 40);
	sbk_plan_free(plan);
	sbk_journal_close(journal);
	fixture_assert_sound(f); /* numbers and entries once each */
}

/* --- kill -9 ------------------------------------------------------------ */

/* Grants and undoes for ever. */
static int churn(struct fixture *f, void *arg)
{
	const struct sbk_transaction_request request = {.title = "churn"};
	const struct sbk_journal_filter open = {.unsettled = true};

	(void)arg;
	for (;;) {
		struct sbk_transaction_report report;
		struct sbk_apply_result result;
		struct sbk_journal *journal = NULL;
		struct sbk_plan *plan = sbk_plan_new();
		struct sbk_plan *changes = sbk_plan_new();

		if (fake_plan_grant(&f->backend, "/w", "u:990", plan, NULL) <
			    0 ||
		    sbk_journal_open(&f->place, SBK_JOURNAL_CREATE, &journal,
				     &f->err) < 0 ||
		    sbk_journal_transact(journal, &f->backend, &request, plan,
					 &report, &f->err) < 0 ||
		    sbk_journal_load(journal, &open, changes, &f->err) < 0 ||
		    sbk_journal_undo(journal, &f->backend, "undo", changes,
				     &result, &f->err) < 0) {
			print_error("%s\n", f->err.message);
			return 1;
		}
		sbk_journal_close(journal);
		sbk_plan_free(plan);
		sbk_plan_free(changes);
	}
}

static void test_lock__kill_at_random_moments(void **state)
{
	struct fixture *f = *state;
	const int rounds = getenv("SBK_CAMPAIGN") != NULL ? 500 : 40;
	struct sbk_apply_result result;
	struct sbk_journal *journal;
	char *before, *after;
	size_t settled, recovered = 0;
	int i;

	fixture_tree(f, 30);
	before = fixture_world(f);
	srandom(20261121); /* the moments differ all the same */
	/* On, where chance has hit no change in all these rounds. */
	for (i = 0; i < rounds || (recovered == 0 && i < 20 * rounds); i++) {
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (pid == 0)
			_exit(churn(f, NULL));
		nap(5 + random() % 40);
		assert_int_equal(kill(pid, SIGKILL), 0);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		journal = fixture_locked(f);
		assert_ok(sbk_journal_recover(journal, &f->backend, &settled,
					      &f->err),
			  &f->err);
		recovered += settled;
		fixture_undo_all(f, journal, &result);
		assert_int_equal(result.owed + result.conflicts, 0);
		sbk_journal_close(journal);
		after = fixture_world(f);
		assert_string_equal(after, before);
		free(after);
	}
	free(before);
	print_message("%zu changes recovered\n", recovered);
	assert_true(recovered > 0);
	fixture_assert_sound(f);
}

/* --- who may only read holds nobody up ---------------------------------- */

/* Every lock on one file or directory that its mode lets this user take. */
static int hold_all_locks(const char *path)
{
	static const int modes[] = {O_RDWR, O_RDONLY};
	static const int commands[] = {F_OFD_SETLK, F_SETLK};
	static const short types[] = {F_WRLCK, F_RDLCK};
	int held = 0;
	size_t i;

	for (i = 0; i < 8; i++) {
		struct flock lock = {.l_type = types[i & 1]};
		int fd = open(path, modes[i >> 1 & 1] | O_CLOEXEC);

		if (fd < 0)
			continue; /* and stays open for what it gets */
		held += fcntl(fd, commands[i >> 2], &lock) == 0;
		held += flock(fd, LOCK_EX | LOCK_NB) == 0;
		held += fcntl(fd, F_SETLEASE, F_RDLCK) == 0;
	}
	return held;
}

/* How many locks it got, in the whole way to the journal and all its files. */
static int hold_everything(struct fixture *f)
{
	static const char *const above[] = {"", "home", "home/state"};
	char path[2 * SBK_PATH_MAX];
	struct dirent *entry;
	DIR *directory;
	int held = 0;
	size_t i;

	for (i = 0; i < sizeof(above) / sizeof(above[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", f->directory,
			       above[i]);
		held += hold_all_locks(path);
	}
	directory = opendir(f->place.directory);
	while (directory != NULL && (entry = readdir(directory)) != NULL) {
		(void)snprintf(path, sizeof(path), "%s/%s", f->place.directory,
			       entry->d_name);
		if (strcmp(entry->d_name, "..") != 0)
			held += hold_all_locks(path);
	}
	return held;
}

static pid_t start_hostile(struct fixture *f, struct signal_pipe *ready)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	if (fixture_become_other() < 0 ||
	    prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || hold_everything(f) == 0)
		_exit(1);
	tell(ready);
	for (;;)
		nap(1000);
}

static void end_hostile(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, WNOHANG), 0); /* it holds on */
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void test_lock__readers_delay_nobody(void **state)
{
	struct fixture *f = *state;
	struct sbk_apply_result result;
	struct signal_pipe ready;
	struct sbk_journal *journal;
	pid_t pid;

	if (geteuid() != 0)
		sbk_test_skip("being another user needs root");
	fixture_machine(f);
	fixture_tree(f, 3);
	journal = fixture_locked(f);
	(void)fixture_grant(f, journal, "/w");
	fixture_undo_all(f, journal, &result);
	sbk_journal_close(journal);
	assert_int_equal(pipe(ready.ends), 0);
	pid = start_hostile(f, &ready);
	close(ready.ends[1]);
	assert_true(hear(&ready));
	journal = fixture_locked(f);
	(void)fixture_grant(f, journal, "/w");
	fixture_undo_all(f, journal, &result);
	assert_string_equal(journal->unpublished, "");
	sbk_journal_close(journal);
	fixture_assert_sound(f);
	assert_ok(sbk_journal_remove(&f->place, &f->err), &f->err);
	end_hostile(pid);
	close(ready.ends[0]);
}

/* The control: with the files open to readers, the same user stops root. */
static void test_lock__readers_of_the_database_itself_would(void **state)
{
	struct fixture *f = *state;
	struct signal_pipe ready;
	struct sbk_journal *journal;
	uint64_t id;
	pid_t pid;

	if (geteuid() != 0)
		sbk_test_skip("being another user needs root");
	fixture_machine(f);
	journal = fixture_locked(f);
	(void)sqlite3_busy_timeout(journal->db.handle, 100);
	assert_int_equal(chmod(fixture_path(f, "live.db-shm"), 0644), 0);
	assert_int_equal(pipe(ready.ends), 0);
	pid = start_hostile(f, &ready);
	close(ready.ends[1]);
	assert_true(hear(&ready));
	assert_error(sbk_journal_begin(journal, SBK_TRANSACTION_DO, "a", &id,
				       &f->err),
		     SBK_E_BUSY, &f->err);
	end_hostile(pid);
	assert_ok(sbk_journal_begin(journal, SBK_TRANSACTION_DO, "a", &id,
				    &f->err),
		  &f->err);
	assert_ok(sbk_journal_end(journal, true, &f->err), &f->err);
	close(ready.ends[0]);
	sbk_journal_close(journal);
	/* And so such a mode of the database is refused. */
	assert_int_equal(chmod(fixture_path(f, "live.db"), 0644), 0);
	assert_error(sbk_journal_open(&f->place, SBK_JOURNAL_WRITE, &journal,
				      &f->err),
		     SBK_E_DENIED, &f->err);
}

/* Nor whoever makes the first one. */
static void test_lock__nobody_delays_the_first_one(void **state)
{
	struct fixture *f = *state;
	struct signal_pipe ready;
	pid_t pid;

	if (geteuid() != 0)
		sbk_test_skip("being another user needs root");
	fixture_machine(f);
	assert_int_equal(pipe(ready.ends), 0);
	pid = start_hostile(f, &ready);
	close(ready.ends[1]);
	assert_true(hear(&ready));
	sbk_journal_close(fixture_open(f, SBK_JOURNAL_CREATE));
	end_hostile(pid);
	close(ready.ends[0]);
}

/*
 * A grant that waits while uninstall removes the journal: what it recorded
 * there would be lost. The handle was opened before, as its was.
 */
static void test_lock__a_removed_journal_is_no_lock(void **state)
{
	struct fixture *f = *state;
	struct sbk_journal *early, *late;

	early = fixture_open(f, SBK_JOURNAL_CREATE);
	assert_ok(sbk_journal_remove(&f->place, &f->err), &f->err);
	assert_error(sbk_journal_lock(early, 0, &f->err), SBK_E_CONFLICT,
		     &f->err);
	assert_non_null(strstr(f->err.message, "removed meanwhile"));
	/* Nor is it one where a new journal stands at its place. */
	late = fixture_locked(f);
	sbk_error_clear(&f->err);
	assert_error(sbk_journal_lock(early, 0, &f->err), SBK_E_CONFLICT,
		     &f->err);
	sbk_journal_close(early);
	sbk_journal_close(late);
	fixture_assert_sound(f);
}

/* Removing waits for nobody, and takes nothing from under a transaction. */
static void test_lock__a_journal_in_use_is_not_removed(void **state)
{
	struct fixture *f = *state;
	struct sbk_journal *journal = fixture_locked(f);

	assert_error(sbk_journal_remove(&f->place, &f->err), SBK_E_BUSY,
		     &f->err);
	sbk_journal_close(journal);
	sbk_error_clear(&f->err);
	assert_ok(sbk_journal_remove(&f->place, &f->err), &f->err);
}

/* --- a plan that others overtook ----------------------------------------- */

struct overtaken {
	struct fixture *f;
	struct sbk_plan *plan;
	int times;
};

static int plan_once_more(void *arg, struct sbk_plan **plan,
			  struct sbk_error *err)
{
	struct overtaken *o = arg;

	o->times++;
	sbk_plan_free(o->plan);
	o->plan = sbk_plan_new();
	*plan = o->plan;
	return fake_plan_grant(&o->f->backend, "/w", "u:990", o->plan, err);
}

/* An object is another than it was planned with: planned anew, once. */
static void test_transact__plans_anew_when_overtaken(void **state)
{
	struct fixture *f = *state;
	struct overtaken o = {.f = f, .plan = sbk_plan_new()};
	struct sbk_transaction_request request = {
		.book = SBK_BOOK_USER,
		.title = "a grant",
		.again_arg = &o,
	};
	struct sbk_transaction_report report;
	struct sbk_journal *journal;
	char *before, *after;

	fixture_tree(f, 5);
	journal = fixture_locked(f);
	assert_ok(fake_plan_grant(&f->backend, "/w", "u:990", o.plan, &f->err),
		  &f->err);
	/* Meanwhile another grant was made, which the plan knows not. */
	(void)fixture_grant_to(f, journal, "/w/d", "u:991");
	before = fixture_world(f);
	assert_error(sbk_journal_transact(journal, &f->backend, &request,
					  o.plan, &report, &f->err),
		     SBK_E_CONFLICT, &f->err);
	after = fixture_world(f);
	assert_string_equal(before, after);
	request.again = plan_once_more;
	sbk_error_clear(&f->err);
	assert_ok(plan_once_more(&o, &(struct sbk_plan *){NULL}, &f->err),
		  &f->err);
	(void)fixture_grant_to(f, journal, "/w/d", "u:992");
	o.times = 0;
	assert_ok(sbk_journal_transact(journal, &f->backend, &request, o.plan,
				       &report, &f->err),
		  &f->err);
	assert_int_equal(o.times, 1);
	assert_int_equal(report.made.confirmed, sbk_plan_count(o.plan));
	sbk_journal_close(journal);
	fixture_assert_sound(f);
	sbk_plan_free(o.plan);
	free(before);
	free(after);
}

static int plan_account(void *arg, struct sbk_plan **plan,
			struct sbk_error *err)
{
	static const struct sbk_object copy = {SBK_KIND_KEPT, "/etc/passwd-",
					       NULL};
	const struct sbk_change account = {
		.object = {.kind = SBK_KIND_ACCOUNT, .name = "sandbook-1-off"},
		.after = {.data = "uid 990\n", .size = 8}};
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	struct sbk_change kept = {.object = copy,
				  .ours = "name sandbook-1-off"};
	struct overtaken *o = arg;

	o->times++;
	sbk_plan_free(o->plan);
	*plan = o->plan = sbk_plan_new();
	assert_ok(sbk_plan_add(o->plan, &account, err), err);
	assert_ok(sbk_backend_observe(&o->f->backend, &copy, &seen, err), err);
	kept.before = kept.after = sbk_observation_state(&seen);
	assert_ok(sbk_plan_add(o->plan, &kept, err), err);
	sbk_observation_release(&seen);
	return 0;
}

/*
 * A plan that was made while another command's tools ran holds a copy that
 * names accounts of that one; an undo would put it there for good.
 */
static void test_transact__keeps_no_copy_of_another_moment(void **state)
{
	struct fixture *f = *state;
	struct overtaken o = {.f = f};
	struct sbk_transaction_request request = {
		.book = SBK_BOOK_USER, .title = "setup", .again_arg = &o};
	struct sbk_transaction_report report;
	struct sbk_journal *journal = fixture_locked(f);
	struct fake_object *copy = fake_add_named(
		f->world, SBK_KIND_KEPT, "/etc/passwd-", "sandbook-2-off\n");
	struct sbk_plan *plan;

	assert_ok(plan_account(&o, &plan, &f->err), &f->err);
	(void)snprintf(copy->state, sizeof(copy->state), "as it was\n");
	assert_error(sbk_journal_transact(journal, &f->backend, &request, plan,
					  &report, &f->err),
		     SBK_E_CONFLICT, &f->err);
	assert_non_null(strstr(f->err.message, "'/etc/passwd-'"));
	assert_string_equal(copy->state, "as it was\n");
	assert_int_equal(report.transaction, 0);
	sbk_error_clear(&f->err);
	request.again = plan_account;
	o.times = 0;
	assert_ok(sbk_journal_transact(journal, &f->backend, &request, plan,
				       &report, &f->err),
		  &f->err);
	assert_int_equal(o.times, 1);
	assert_int_equal(report.made.confirmed, 2);
	copy = fake_find(f->world, SBK_KIND_KEPT, "/etc/passwd-");
	assert_string_equal(copy->state, "as it was\n");
	sbk_journal_close(journal);
	fixture_assert_sound(f);
	sbk_plan_free(o.plan);
}

static const struct CMUnitTest tests[] = {
	FIXTURE_TEST(test_lock__readers_delay_nobody),
	FIXTURE_TEST(test_lock__readers_of_the_database_itself_would),
	FIXTURE_TEST(test_lock__nobody_delays_the_first_one),
	FIXTURE_TEST(test_lock__a_removed_journal_is_no_lock),
	FIXTURE_TEST(test_lock__a_journal_in_use_is_not_removed),
	FIXTURE_TEST(test_lock__the_other_one_is_named),
	FIXTURE_TEST(test_lock__a_living_transaction_is_not_recovered),
	FIXTURE_TEST(test_lock__four_processes_at_once),
	FIXTURE_TEST(test_lock__kill_at_random_moments),
	FIXTURE_TEST(test_transact__plans_anew_when_overtaken),
	FIXTURE_TEST(test_transact__keeps_no_copy_of_another_moment),
};

SBK_TEST_MAIN(tests)
