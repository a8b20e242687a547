/*
 * A full volume: undoing works to its end, and what could not be undone later
 * is refused before it is done. On a real ext4 of its own, filled to the last
 * byte, in a private mount namespace of a child process.
 */
#include "tests/journal/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/banned.h"

#define FIXTURE_TEST(name) \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

enum { CANNOT_MOUNT = 90 };

static int run_program(char *const *argv)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		execvp(argv[0], argv);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

/* Mounts a fresh ext4 and moves the journal's place there. */
static int mount_volume(struct fixture *f, long megabytes)
{
	char image[SBK_PATH_MAX], point[SBK_PATH_MAX];
	char *mkfs[] = {(char *)"mkfs.ext4", (char *)"-q", (char *)"-m",
			(char *)"0",	     image,	   NULL};
	char *mount_[] = {(char *)"mount", (char *)"-o", (char *)"loop",
			  image,	   point,	 NULL};
	int fd;

	(void)snprintf(image, sizeof(image), "%s/image", f->directory);
	(void)snprintf(point, sizeof(point), "%s/volume", f->directory);
	fd = open(image, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, megabytes << 20) < 0 ||
	    mkdir(point, 0700) < 0)
		return -1;
	close(fd);
	if (unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    run_program(mkfs) != 0 || run_program(mount_) != 0)
		return -1;
	memset(&f->place, 0, sizeof(f->place));
	f->place.book = SBK_BOOK_USER;
	f->place.owner = sbk_owner_of_number((uint32_t)geteuid());
	(void)snprintf(f->place.directory, sizeof(f->place.directory),
		       "%.3000s/j", point);
	return 0;
}

/* Until not even one byte fits, in any file. */
static int fill_volume(struct fixture *f)
{
	static char block[1 << 20];
	char path[SBK_PATH_MAX];
	size_t size = sizeof(block);
	struct statvfs vfs;
	int fd;

	memset(block, 'x', sizeof(block));
	(void)snprintf(path, sizeof(path), "%s/volume/filler", f->directory);
	fd = open(path, O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	while (size > 0) {
		ssize_t n = write(fd, block, size);

		if (n < 0 && errno != ENOSPC)
			return -1;
		if (n < (ssize_t)size)
			size /= 2;
		if (fsync(fd) < 0 && errno != ENOSPC)
			return -1;
	}
	close(fd);
	if (statvfs(path, &vfs) < 0 || vfs.f_bavail != 0) {
		print_error("%lu blocks are left\n",
			    (unsigned long)vfs.f_bavail);
		return -1;
	}
	return 0;
}

static void empty_volume(struct fixture *f)
{
	char path[SBK_PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/volume/filler", f->directory);
	(void)unlink(path);
}

/* In a process of its own, since it has mounts of its own. */
static void assert_on_a_volume(struct fixture *f,
			       int (*run)(struct fixture *f, void *arg),
			       void *arg)
{
	int code = fixture_child(run, f, arg);

	if (code == CANNOT_MOUNT)
		sbk_test_skip("mounting an image needs root and loop devices");
	assert_int_equal(code, 0);
}

/* --- a grant, a full volume, an undo ------------------------------------ */

static int undo_all(struct fixture *f, void *arg)
{
	const struct sbk_journal_filter open = {.unsettled = true};
	struct sbk_journal *journal = NULL;
	struct sbk_apply_result result = {.owed = 0};
	struct sbk_plan *changes = sbk_plan_new();
	size_t settled;
	int rc;

	(void)arg;
	rc = sbk_journal_open(&f->place, SBK_JOURNAL_WRITE, &journal, &f->err);
	if (rc == 0)
		rc = sbk_journal_lock(journal, 0, &f->err);
	if (rc == 0)
		rc = sbk_journal_recover(journal, &f->backend, &settled,
					 &f->err);
	if (rc == 0)
		rc = sbk_journal_load(journal, &open, changes, &f->err);
	if (rc == 0)
		rc = sbk_journal_undo(journal, &f->backend, "undo", changes,
				      &result, &f->err);
	sbk_journal_close(journal);
	if (rc < 0)
		print_error("undo: %s\n", f->err.message);
	return rc < 0 || result.owed > 0 || result.conflicts > 0;
}

static int check_sound(struct fixture *f, void *arg)
{
	struct sbk_journal_verdict verdict = {.findings = 1};
	struct sbk_journal *journal = NULL;
	int rc;

	(void)arg;
	rc = sbk_journal_open(&f->place, SBK_JOURNAL_READ, &journal, &f->err);
	if (rc == 0)
		rc = sbk_journal_verify(journal, &verdict, &f->err);
	if (rc < 0 || verdict.findings > 0)
		print_error("verify: %s %s\n", f->err.message,
			    sbk_buf_text(&verdict.text));
	return rc < 0 || verdict.findings > 0;
}

static int grant(struct fixture *f, struct sbk_error *err)
{
	const struct sbk_transaction_request request = {.title = "grant"};
	struct sbk_transaction_report report;
	struct sbk_journal *journal = NULL;
	struct sbk_plan *plan = sbk_plan_new();
	int rc = fake_plan_grant(&f->backend, "/w", "u:990", plan, err);

	if (rc == 0)
		rc = sbk_journal_open(&f->place, SBK_JOURNAL_CREATE, &journal,
				      err);
	if (rc == 0)
		rc = sbk_journal_transact(journal, &f->backend, &request, plan,
					  &report, err);
	sbk_journal_close(journal);
	sbk_plan_free(plan);
	return rc;
}

/* A copy that could not be published is told, and is published later. */
static int check_published(struct fixture *f, void *arg)
{
	const bool *full = arg;
	struct sbk_journal *journal = NULL;
	bool told;

	if (sbk_journal_open(&f->place, SBK_JOURNAL_WRITE, &journal, &f->err) <
		    0 ||
	    sbk_journal_lock(journal, 0, &f->err) < 0) {
		print_error("%s\n", f->err.message);
		return 1;
	}
	told = journal->unpublished[0] != '\0';
	sbk_journal_close(journal);
	if (access(fixture_path(f, "journal.db.copy"), F_OK) == 0)
		return 2;
	return told == *full ? 0 : 3;
}

static int full_volume(struct fixture *f, void *arg)
{
	const enum sbk_book *book = arg;
	const bool machine = *book == SBK_BOOK_MACHINE;
	char *before, *after;

	if (mount_volume(f, 32) < 0)
		return CANNOT_MOUNT;
	f->place.book = *book;
	fixture_tree(f, 400);
	before = fixture_world(f);
	if (grant(f, &f->err) < 0)
		return 1;
	/* What SQLite needs to open may have been taken by others, too. */
	if (unlink(fixture_path(f, machine ? "live.db-shm"
					   : "journal.db-shm")) < 0)
		return 6;
	/* And what readers have could not be published before either. */
	if (machine && unlink(fixture_path(f, "journal.db")) < 0)
		return 9;
	if (fill_volume(f) < 0)
		return 2;
	/* In processes of their own: they open the database on the full
	 * volume, too. */
	if (fixture_child(undo_all, f, NULL) != 0)
		return 3;
	after = fixture_world(f);
	if (strcmp(before, after) != 0)
		return 4;
	if (machine) {
		/* The undo has left the room that was set aside for it. */
		(void)unlink(fixture_path(f, "journal.db"));
		if (fill_volume(f) < 0 ||
		    fixture_child(check_published, f, &(bool){true}) != 0)
			return 7;
	}
	empty_volume(f);
	if (machine && fixture_child(check_published, f, &(bool){false}) != 0)
		return 8;
	return fixture_child(check_sound, f, NULL) != 0 ? 5 : 0;
}

static void test_reserve__undo_on_a_full_volume(void **state)
{
	struct fixture *f = *state;
	enum sbk_book book = SBK_BOOK_USER;

	assert_on_a_volume(f, full_volume, &book);
}

static void test_reserve__the_machines_undo_on_a_full_volume(void **state)
{
	struct fixture *f = *state;
	enum sbk_book book = SBK_BOOK_MACHINE;

	assert_on_a_volume(f, full_volume, &book);
}

/* --- nothing is done that could not be undone --------------------------- */

static int refuse(struct fixture *f, void *arg)
{
	struct sbk_journal *journal = NULL;
	char *before, *after;
	int rc;

	(void)arg;
	if (mount_volume(f, 32) < 0)
		return CANNOT_MOUNT;
	fixture_tree(f, 400);
	before = fixture_world(f);
	if (sbk_journal_open(&f->place, SBK_JOURNAL_CREATE, &journal, &f->err) <
	    0)
		return 1;
	sbk_journal_close(journal);
	if (fill_volume(f) < 0)
		return 2;
	rc = grant(f, &f->err);
	if (rc != SBK_E_LIMIT) {
		print_error("%d: %s\n", rc, f->err.message);
		return 3;
	}
	after = fixture_world(f);
	if (strcmp(before, after) != 0)
		return 4;
	/* With room it works, and the refusal has left nothing in the way. */
	empty_volume(f);
	if (grant(f, &f->err) < 0)
		return 5;
	if (fixture_child(check_sound, f, NULL) != 0)
		return 6;
	return undo_all(f, NULL) != 0 ? 7 : 0;
}

static void test_reserve__no_change_without_room_for_its_undo(void **state)
{
	struct fixture *f = *state;

	assert_on_a_volume(f, refuse, NULL);
}

/* --- no room is lost on the way ------------------------------------------ */

static int begin_and_die(struct fixture *f, void *arg)
{
	struct sbk_journal *journal = NULL;
	uint64_t id;
	int rc = sbk_journal_open(&f->place, SBK_JOURNAL_CREATE, &journal,
				  &f->err);

	(void)arg;
	if (rc == 0)
		rc = sbk_journal_lock(journal, 0, &f->err);
	if (rc == 0)
		rc = sbk_journal_begin(journal, SBK_TRANSACTION_DO, "grant",
				       &id, &f->err);
	_exit(rc < 0); /* nothing is closed */
}

/* A process died after a transaction's first entry and before any change was
 * prepared, and others took all the room. */
static int begun(struct fixture *f, void *arg)
{
	(void)arg;
	if (mount_volume(f, 32) < 0)
		return CANNOT_MOUNT;
	fixture_tree(f, 10);
	if (fixture_child(begin_and_die, f, NULL) != 0)
		return 1;
	if (unlink(fixture_path(f, "journal.db-shm")) < 0 || fill_volume(f) < 0)
		return 2;
	if (fixture_child(undo_all, f, NULL) != 0)
		return 3;
	empty_volume(f);
	return fixture_child(check_sound, f, NULL) != 0 ? 4 : 0;
}

static void test_reserve__what_was_begun_is_recovered(void **state)
{
	struct fixture *f = *state;

	assert_on_a_volume(f, begun, NULL);
}

static int refused_grant(struct fixture *f, void *arg)
{
	(void)arg;
	return grant(f, &f->err) == SBK_E_LIMIT ? 0 : 1;
}

/* Nothing is left to be done, as each command finds that looks first. */
static int recover(struct fixture *f, void *arg)
{
	struct sbk_journal *journal = NULL;
	size_t settled = 1;
	int rc = sbk_journal_open(&f->place, SBK_JOURNAL_WRITE, &journal,
				  &f->err);

	(void)arg;
	if (rc == 0)
		rc = sbk_journal_lock(journal, 0, &f->err);
	if (rc == 0)
		rc = sbk_journal_recover(journal, &f->backend, &settled,
					 &f->err);
	sbk_journal_close(journal);
	if (rc < 0)
		print_error("recovery: %s\n", f->err.message);
	return rc < 0 || settled > 0;
}

/* A grant is refused, and so that this can be said, what was set aside is given
 * back; a part of it is used up then. */
static int refused(struct fixture *f, void *arg)
{
	struct stat reserve;
	int i;

	(void)arg;
	if (mount_volume(f, 32) < 0)
		return CANNOT_MOUNT;
	fixture_tree(f, 400);
	if (grant(f, &f->err) < 0 || fixture_child(undo_all, f, NULL) != 0)
		return 1;
	/* As a checkpoint of SQLite's can leave it. */
	if (truncate(fixture_path(f, "journal.db-wal"), 0) < 0 ||
	    fill_volume(f) < 0)
		return 2;
	if (fixture_child(refused_grant, f, NULL) != 0)
		return 3;
	if (fixture_child(undo_all, f, NULL) != 0)
		return 4;
	/* What is left of it opens the journal when all else is taken, again
	 * and again: what was lent is set aside once more. */
	for (i = 0; i < 8; i++) {
		if (unlink(fixture_path(f, "journal.db-shm")) < 0 ||
		    fill_volume(f) < 0)
			return 5;
		if (fixture_child(recover, f, NULL) != 0)
			return 6;
	}
	if (stat(fixture_path(f, "reserve"), &reserve) < 0 ||
	    reserve.st_size == 0)
		return 7;
	empty_volume(f);
	return fixture_child(check_sound, f, NULL) != 0 ? 8 : 0;
}

static void test_reserve__a_refusal_leaves_room_to_open(void **state)
{
	struct fixture *f = *state;

	assert_on_a_volume(f, refused, NULL);
}

/* --- many changes, and others changed every object since ---------------- */

#define MANY 20000

static int record_all(struct sbk_journal *journal, struct sbk_plan *plan,
		      enum sbk_transaction_kind kind, struct sbk_error *err)
{
	const struct sbk_recorder recorder = sbk_journal_recorder(journal);
	struct sbk_change *batch[SBK_BATCH_CHANGES];
	size_t next = 0, count, i;
	uint64_t id;
	int rc = sbk_journal_begin(journal, kind, "many", &id, err);

	while (rc == 0 && next < sbk_plan_count(plan)) {
		for (count = 0;
		     count < SBK_BATCH_CHANGES && next < sbk_plan_count(plan);)
			batch[count++] = sbk_plan_at(plan, next++);
		rc = sbk_recorder_prepare(&recorder, batch, count, err);
		for (i = 0; i < count; i++)
			batch[i]->status = SBK_STATUS_CONFIRMED;
		if (rc == 0)
			rc = sbk_recorder_settle(&recorder, batch, count, err);
	}
	return rc < 0 ? rc : sbk_journal_end(journal, true, err);
}

/* As many as the table has, though the log was asked. */
static void assert_counted(struct fixture *f, struct sbk_journal *journal)
{
	uint64_t open = 0;

	assert_true(journal->summary.known);
	assert_ok(
		sbk_db_number(&journal->db, SBK_SQL_OPEN_COUNT, &open, &f->err),
		&f->err);
	assert_true(open > 0);
	assert_true(journal->in_effect == open);
}

static void test_reserve__counts_what_the_log_has_in_effect(void **state)
{
	const struct sbk_journal_filter below = {.unsettled = true,
						 .path = "/w/d"};
	struct fixture *f = *state;
	struct sbk_apply_result result;
	struct sbk_journal *journal;
	struct sbk_plan *changes;

	fixture_tree(f, 10);
	journal = fixture_locked(f);
	(void)fixture_grant(f, journal, "/w");
	assert_counted(f, journal);
	(void)fixture_grant_to(f, journal, "/w", "u:991"); /* beside a whole */
	assert_counted(f, journal);
	changes = fixture_load(f, journal, &below);
	assert_ok(sbk_journal_undo(journal, &f->backend, "undo", changes,
				   &result, &f->err),
		  &f->err);
	assert_true(result.confirmed > 0);
	sbk_plan_free(changes);
	(void)fixture_grant_to(f, journal, "/w", "u:992"); /* beside parts */
	assert_counted(f, journal);
	sbk_journal_close(journal);
	journal = fixture_locked(f);
	(void)fixture_grant_to(f, journal, "/w/d", "u:993");
	assert_counted(f, journal);
	sbk_journal_close(journal);
	fixture_assert_sound(f);
}

static int add_many(struct sbk_plan *plan, struct sbk_error *err)
{
	char name[160];
	int i, rc = 0;

	for (i = 0; rc == 0 && i < MANY; i++) {
		const struct sbk_change change = {
			.object = {.kind = SBK_KIND_ACCESS,
				   .name = name,
				   .identity = name},
			.before = {.data = "mode 644\n", .size = 9},
			.after = {.data = "mode 664\nu:990\n", .size = 15},
			.ours = "access u:990:rw-",
			.reason = "grant",
		};

		(void)snprintf(name, sizeof(name),
			       "/home/somebody/a/rather/long/path/to/project/"
			       "with/many/files/in/directories/file%d",
			       i);
		rc = sbk_plan_add(plan, &change, err);
	}
	return rc;
}

/* The inverse of each, with a state that nobody has seen before. */
static int invert_many(struct sbk_plan *made, struct sbk_plan *out,
		       struct sbk_error *err)
{
	char state[64];
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < sbk_plan_count(made); i++) {
		const struct sbk_change *change = sbk_plan_at(made, i);
		const struct sbk_change inverse = {
			.object = change->object,
			.before = {.data = state,
				   .size = (size_t)snprintf(
					   state, sizeof(state),
					   "mode 66%zu\nu:990\n", i % 500)},
			.after = {.data = "mode 640\n", .size = 9},
			.reason = "undo: others changed it since, only our "
				  "entries are taken out",
			.undoes = change->id,
		};

		rc = sbk_plan_add(out, &inverse, err);
	}
	return rc;
}

static int many_changes(struct fixture *f, void *arg)
{
	struct sbk_plan *made = sbk_plan_new(), *inverse = sbk_plan_new();
	struct sbk_journal *journal = NULL;
	int rc;

	(void)arg;
	if (mount_volume(f, 128) < 0)
		return CANNOT_MOUNT;
	rc = add_many(made, &f->err);
	if (rc == 0)
		rc = sbk_journal_open(&f->place, SBK_JOURNAL_CREATE, &journal,
				      &f->err);
	if (rc == 0)
		rc = sbk_journal_lock(journal, 0, &f->err);
	if (rc == 0)
		rc = record_all(journal, made, SBK_TRANSACTION_DO, &f->err);
	sbk_journal_close(journal);
	journal = NULL;
	if (rc == 0)
		rc = invert_many(made, inverse, &f->err);
	if (rc < 0)
		return 1;
	if (fill_volume(f) < 0)
		return 2;
	rc = sbk_journal_open(&f->place, SBK_JOURNAL_WRITE, &journal, &f->err);
	if (rc == 0)
		rc = sbk_journal_lock(journal, 0, &f->err);
	if (rc == 0)
		rc = record_all(journal, inverse, SBK_TRANSACTION_UNDO,
				&f->err);
	if (rc < 0) {
		print_error("%s\n", f->err.message);
		return 3;
	}
	sbk_journal_close(journal);
	empty_volume(f);
	return fixture_child(check_sound, f, NULL) != 0 ? 4 : 0;
}

static void test_reserve__is_large_enough_for_many_changes(void **state)
{
	struct fixture *f = *state;

	assert_on_a_volume(f, many_changes, NULL);
}

static const struct CMUnitTest tests[] = {
	FIXTURE_TEST(test_reserve__undo_on_a_full_volume),
	FIXTURE_TEST(test_reserve__the_machines_undo_on_a_full_volume),
	FIXTURE_TEST(test_reserve__no_change_without_room_for_its_undo),
	FIXTURE_TEST(test_reserve__what_was_begun_is_recovered),
	FIXTURE_TEST(test_reserve__a_refusal_leaves_room_to_open),
	FIXTURE_TEST(test_reserve__counts_what_the_log_has_in_effect),
	FIXTURE_TEST(test_reserve__is_large_enough_for_many_changes),
};

SBK_TEST_MAIN(tests)
