/*
 * Opening: what a journal that is missing, empty, overwritten, cut off, from
 * another version, or somebody else's work is told to be; locks that do not
 * work; readers; and that nothing is begun anew beside remains.
 */
#include "tests/journal/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/banned.h"

#define FIXTURE_TEST(name) \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

static void make_journal(struct fixture *f)
{
	struct sbk_journal *journal = fixture_open(f, SBK_JOURNAL_CREATE);
	uint64_t id;

	assert_ok(sbk_journal_lock(journal, 0, &f->err), &f->err);
	assert_ok(sbk_journal_begin(journal, SBK_TRANSACTION_DO, "one", &id,
				    &f->err),
		  &f->err);
	assert_ok(sbk_journal_end(journal, true, &f->err), &f->err);
	sbk_journal_close(journal);
}

/* Every mode must say the same, and change nothing. */
static void assert_diagnosis(struct fixture *f, int code, const char *words)
{
	static const enum sbk_journal_mode modes[] = {
		SBK_JOURNAL_READ, SBK_JOURNAL_WRITE, SBK_JOURNAL_CREATE};
	struct sbk_journal *journal = NULL;
	size_t i;

	for (i = 0; i < 3; i++) {
		assert_error(sbk_journal_open(&f->place, modes[i], &journal,
					      &f->err),
			     code, &f->err);
		assert_null(journal);
		if (strstr(f->err.message, words) == NULL)
			fail_msg("'%s' lacks '%s'", f->err.message, words);
	}
}

static void write_file(const char *path, const void *data, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, size), size);
	close(fd);
}

static void drop_wal(struct fixture *f)
{
	(void)unlink(fixture_path(f, "journal.db-wal"));
	(void)unlink(fixture_path(f, "journal.db-shm"));
}

static void test_open__missing(void **state)
{
	struct fixture *f = *state;
	struct sbk_journal *journal = NULL;

	/* There never was one: not found, or made. */
	assert_error(sbk_journal_open(&f->place, SBK_JOURNAL_READ, &journal,
				      &f->err),
		     SBK_E_NOTFOUND, &f->err);
	assert_error(sbk_journal_open(&f->place, SBK_JOURNAL_WRITE, &journal,
				      &f->err),
		     SBK_E_NOTFOUND, &f->err);
	make_journal(f);
	/* There was one: told, and not begun anew. */
	assert_int_equal(unlink(fixture_path(f, "journal.db")), 0);
	assert_diagnosis(f, SBK_E_CORRUPT, "is missing, but it was there");
	assert_int_equal(access(fixture_path(f, "journal.db"), F_OK), -1);
	/* Remains that a removal cut short leaves are no obstacle. */
	drop_wal(f);
	(void)unlink(fixture_path(f, "reserve"));
	sbk_journal_close(fixture_open(f, SBK_JOURNAL_CREATE));
}

static void test_open__empty(void **state)
{
	struct fixture *f = *state;

	make_journal(f);
	assert_int_equal(truncate(fixture_path(f, "journal.db"), 0), 0);
	assert_diagnosis(f, SBK_E_CORRUPT, "is empty");
}

static void test_open__nul_bytes(void **state)
{
	struct fixture *f = *state;
	char *zeros = calloc(1, 50000);

	make_journal(f);
	write_file(fixture_path(f, "journal.db"), zeros, 22);
	assert_diagnosis(f, SBK_E_CORRUPT, "22 NUL bytes of 22");
	write_file(fixture_path(f, "journal.db"), zeros, 50000);
	assert_diagnosis(f, SBK_E_CORRUPT, "NUL bytes of 50000");
	free(zeros);
}

static void test_open__not_sqlite(void **state)
{
	struct fixture *f = *state;

	make_journal(f);
	write_file(fixture_path(f, "journal.db"), "{\"a\": 1}\n", 9);
	assert_diagnosis(f, SBK_E_CORRUPT, "no SQLite database");
	write_file(fixture_path(f, "journal.db"), "SQLite format 3", 16);
	assert_diagnosis(f, SBK_E_CORRUPT, "cut off after 16 bytes");
}

static void test_open__truncated(void **state)
{
	struct fixture *f = *state;
	struct stat st;

	make_journal(f);
	/* Cutting the main file while the write-ahead log holds the rest
	 * loses nothing; without it pages are gone. */
	fixture_sql(f, "PRAGMA wal_checkpoint(TRUNCATE)");
	drop_wal(f);
	assert_int_equal(stat(fixture_path(f, "journal.db"), &st), 0);
	assert_int_equal(
		truncate(fixture_path(f, "journal.db"), st.st_size / 2), 0);
	assert_diagnosis(f, SBK_E_CORRUPT, "is cut off");
}

/* Every page overwritten, one after the other: a diagnosis or a journal that
 * still opens (a page that opening does not read), never a crash. */
static int open_and_verify(struct fixture *f, void *arg)
{
	struct sbk_journal_verdict verdict = {.findings = 0};
	struct sbk_journal *journal = NULL;
	int rc = sbk_journal_open(&f->place, SBK_JOURNAL_WRITE, &journal,
				  &f->err);

	(void)arg;
	if (rc < 0)
		return rc == SBK_E_CORRUPT ? 1 : 3;
	rc = sbk_journal_verify(journal, &verdict, &f->err);
	sbk_journal_close(journal);
	return rc == SBK_E_CORRUPT || verdict.findings > 0 ? 2 : 4;
}

static void test_open__any_page_overwritten(void **state)
{
	struct fixture *f = *state;
	char saved[8192], junk[8192];
	struct sbk_journal *journal;
	int fd, page, codes[5] = {0};
	struct stat st;

	fixture_tree(f, 3);
	journal = fixture_locked(f);
	(void)fixture_grant(f, journal, "/w");
	sbk_journal_close(journal);
	fixture_sql(f, "PRAGMA wal_checkpoint(TRUNCATE)");
	drop_wal(f);
	fd = open(fixture_path(f, "journal.db"), O_RDWR);
	assert_int_equal(fstat(fd, &st), 0);
	for (page = 0; page < st.st_size / 8192; page++) {
		int code;

		assert_int_equal(pread(fd, saved, 8192, page * 8192), 8192);
		memset(junk, 0x5a + page, sizeof(junk));
		/* The header must stay, or it is no database at all. */
		if (page == 0)
			memcpy(junk, saved, 100);
		assert_int_equal(pwrite(fd, junk, 8192, page * 8192), 8192);
		code = fixture_child(open_and_verify, f, NULL);
		assert_in_range(code, 1, 2);
		codes[code]++;
		assert_int_equal(pwrite(fd, saved, 8192, page * 8192), 8192);
		drop_wal(f);
	}
	close(fd);
	assert_true(codes[1] > 0 && codes[2] > 0);
	fixture_assert_sound(f);
}

static void test_open__newer_version(void **state)
{
	struct fixture *f = *state;

	make_journal(f);
	fixture_sql(f, "PRAGMA user_version = 99");
	assert_diagnosis(f, SBK_E_UNSUPPORTED, "newer sandbook (format 99");
}

static void test_open__another_programs_database(void **state)
{
	struct fixture *f = *state;

	make_journal(f);
	fixture_sql(f, "PRAGMA application_id = 1");
	assert_diagnosis(f, SBK_E_CORRUPT, "another program");
}

static void test_open__planted_schema_is_not_run(void **state)
{
	static const struct {
		const char *plant, *words, *remove;
	} cases[] = {
		{"CREATE TRIGGER t AFTER INSERT ON txn BEGIN "
		 "DELETE FROM entry; END",
		 "trigger 't' that is not ours", "DROP TRIGGER t"},
		{"CREATE VIEW v AS SELECT 1", "view 'v' that is not ours",
		 "DROP VIEW v"},
		{"CREATE TABLE more(x)", "table 'more' that is not ours",
		 "DROP TABLE more"},
		{"CREATE INDEX i ON change(name)", "index 'i' that is not ours",
		 "DROP INDEX i"},
		{"ALTER TABLE change ADD COLUMN x",
		 "table 'change' that somebody changed",
		 "ALTER TABLE change DROP COLUMN x"},
		{"CREATE INDEX i ON entry(substr(json, 1, 3))",
		 "index 'i' that is not ours", "DROP INDEX i"},
		{"ALTER TABLE txn ADD COLUMN g AS (id + 1)",
		 "table 'txn' that somebody changed",
		 "ALTER TABLE txn DROP COLUMN g"},
		{"CREATE VIRTUAL TABLE v USING fts5(x)", "that is not ours",
		 "DROP TABLE v"},
		{"PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = "
		 "replace(sql, 'json TEXT', 'json INTEGER') "
		 "WHERE name = 'entry'",
		 "table 'entry' that somebody changed",
		 "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = "
		 "replace(sql, 'json INTEGER', 'json TEXT') "
		 "WHERE name = 'entry'"},
		{"DROP INDEX txn_unsettled", "lacks 1 of its",
		 "CREATE INDEX txn_unsettled ON txn(id) WHERE state IN "
		 "('open', 'failed')"},
	};
	struct fixture *f = *state;
	size_t i;

	make_journal(f);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fixture_sql(f, cases[i].plant);
		assert_diagnosis(f, SBK_E_CORRUPT, cases[i].words);
		fixture_sql(f, cases[i].remove);
		sbk_journal_close(fixture_open(f, SBK_JOURNAL_WRITE));
	}
}

/* Nothing is appended to a damaged log; reading and verifying go on. */
static void test_open__last_entry_changed(void **state)
{
	struct fixture *f = *state;
	struct sbk_journal_verdict verdict;
	struct sbk_journal *journal = NULL;

	make_journal(f);
	fixture_sql(f, "UPDATE entry SET json = replace(json, 'done', 'gone') "
		       "WHERE n = (SELECT max(n) FROM entry)");
	assert_error(sbk_journal_open(&f->place, SBK_JOURNAL_WRITE, &journal,
				      &f->err),
		     SBK_E_CORRUPT, &f->err);
	assert_non_null(strstr(f->err.message, "do not fit its head"));
	journal = fixture_open(f, SBK_JOURNAL_READ);
	assert_ok(sbk_journal_verify(journal, &verdict, &f->err), &f->err);
	assert_true(verdict.findings > 0);
	sbk_journal_verdict_release(&verdict);
	sbk_journal_close(journal);
}

/* --- owners, modes, links ----------------------------------------------- */

static void test_open__modes_that_let_others_in(void **state)
{
	struct fixture *f = *state;

	make_journal(f);
	assert_int_equal(chmod(f->place.directory, 0750), 0);
	assert_diagnosis(f, SBK_E_DENIED, "has mode 0750");
	assert_int_equal(chmod(f->place.directory, 0700), 0);
	assert_int_equal(chmod(fixture_path(f, "journal.db"), 0620), 0);
	assert_diagnosis(f, SBK_E_DENIED, "has mode 0620");
	assert_int_equal(chmod(fixture_path(f, "journal.db"), 0600), 0);
	sbk_journal_close(fixture_open(f, SBK_JOURNAL_WRITE));
}

static void test_open__another_owner(void **state)
{
	struct fixture *f = *state;

	if (geteuid() != 0)
		sbk_test_skip("giving files to others needs root");
	make_journal(f);
	assert_int_equal(chown(fixture_path(f, "journal.db"), 1234, 1234), 0);
	assert_diagnosis(f, SBK_E_DENIED, "belongs to user number 1234");
	assert_int_equal(chown(fixture_path(f, "journal.db"), 0, 0), 0);
	assert_int_equal(chown(f->place.directory, 1234, 1234), 0);
	assert_diagnosis(f, SBK_E_DENIED, "belongs to user number 1234");
}

static void test_open__links_are_not_followed(void **state)
{
	struct fixture *f = *state;
	char other[SBK_PATH_MAX], link[SBK_PATH_MAX];

	make_journal(f);
	(void)snprintf(other, sizeof(other), "%s/other.db", f->directory);
	assert_int_equal(rename(fixture_path(f, "journal.db"), other), 0);
	assert_int_equal(symlink(other, fixture_path(f, "journal.db")), 0);
	assert_diagnosis(f, SBK_E_DENIED, "no plain file");
	assert_int_equal(unlink(fixture_path(f, "journal.db")), 0);
	assert_int_equal(rename(other, fixture_path(f, "journal.db")), 0);
	/* A parent that is a link. */
	(void)snprintf(link, sizeof(link), "%s/home/state", f->directory);
	(void)snprintf(other, sizeof(other), "%s/elsewhere", f->directory);
	assert_int_equal(rename(link, other), 0);
	assert_int_equal(symlink(other, link), 0);
	assert_diagnosis(f, SBK_E_DENIED, "is a link or no directory");
}

/* Where links to a file of somebody else's are in place of these, nothing is
 * written through them, and nothing of it is taken for the journal's. */
static void test_open__links_for_the_log_of_writes(void **state)
{
	static const char *const names[] = {
		"journal.db-wal", "journal.db-shm", "key",
		"lock",		  "reserve",	    "sealed.db"};
	static const char words[] = "not the journal's business";
	struct fixture *f = *state;
	char other[SBK_PATH_MAX], got[sizeof(words)];
	size_t i;

	make_journal(f);
	(void)snprintf(other, sizeof(other), "%s/other", f->directory);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct sbk_journal *journal = NULL;
		uint64_t id;
		FILE *file;

		write_file(other, words, sizeof(words));
		assert_int_equal(chmod(other, 0600), 0);
		(void)unlink(fixture_path(f, names[i]));
		assert_int_equal(symlink(other, fixture_path(f, names[i])), 0);
		/* Refused, or done without it. */
		if (sbk_journal_open(&f->place, SBK_JOURNAL_WRITE, &journal,
				     &f->err) == 0 &&
		    sbk_journal_lock(journal, 0, &f->err) == 0 &&
		    sbk_journal_begin(journal, SBK_TRANSACTION_DO, "x", &id,
				      &f->err) == 0)
			(void)sbk_journal_end(journal, true, &f->err);
		sbk_journal_close(journal);
		sbk_error_clear(&f->err);
		file = fopen(other, "r");
		assert_non_null(file);
		assert_int_equal(fread(got, 1, sizeof(got), file), sizeof(got));
		(void)fclose(file);
		assert_memory_equal(got, words, sizeof(words));
		(void)unlink(fixture_path(f, names[i]));
	}
}

static int run_shell(struct fixture *f, void *command)
{
	(void)f;
	(void)execl("/bin/sh", "sh", "-c", (char *)command, (char *)NULL);
	return 127;
}

/* SQLite takes what stands in a log of writes for the database's. */
static void test_open__the_log_of_writes_of_another(void **state)
{
	struct fixture *f = *state;
	struct sbk_journal_verdict verdict = {.findings = 0};
	struct sbk_journal *journal = NULL;
	char command[8 * SBK_PATH_MAX];

	make_journal(f);
	(void)snprintf(command, sizeof(command),
		       "cd '%s' && mkdir ../kept && cp -a . ../kept",
		       f->place.directory);
	assert_int_equal(fixture_child(run_shell, f, command), 0);
	assert_ok(sbk_journal_remove(&f->place, &f->err), &f->err);
	/* Another journal, with frames in its log that are not in the file. */
	journal = fixture_open(f, SBK_JOURNAL_CREATE);
	(void)snprintf(command, sizeof(command),
		       "cd '%s' && cp journal.db-wal ../wal",
		       f->place.directory);
	assert_ok(sbk_journal_lock(journal, 0, &f->err), &f->err);
	{
		uint64_t id;

		assert_ok(sbk_journal_begin(journal, SBK_TRANSACTION_DO, "x",
					    &id, &f->err),
			  &f->err);
		assert_ok(sbk_journal_end(journal, true, &f->err), &f->err);
	}
	assert_int_equal(fixture_child(run_shell, f, command), 0);
	sbk_journal_close(journal);
	(void)snprintf(command, sizeof(command),
		       "cd '%s' && rm -f * && cp -a ../kept/. . && "
		       "rm -f journal.db-shm && cp ../wal journal.db-wal",
		       f->place.directory);
	assert_int_equal(fixture_child(run_shell, f, command), 0);
	journal = NULL;
	if (sbk_journal_open(&f->place, SBK_JOURNAL_READ, &journal, &f->err) ==
	    0) {
		if (sbk_journal_verify(journal, &verdict, &f->err) == 0)
			assert_true(verdict.findings > 0);
		sbk_journal_verdict_release(&verdict);
	}
	sbk_journal_close(journal);
	sbk_error_clear(&f->err);
}

static int open_as_other(struct fixture *f, void *arg)
{
	struct sbk_journal *journal = NULL;
	int rc;

	(void)arg;
	if (setgid(1234) < 0 || setuid(1234) < 0)
		return 90;
	rc = sbk_journal_open(&f->place, SBK_JOURNAL_CREATE, &journal, &f->err);
	return rc == SBK_E_DENIED ? 0 : 1;
}

static void test_open__only_the_owner_creates(void **state)
{
	struct fixture *f = *state;

	if (geteuid() != 0)
		sbk_test_skip("being another user needs root");
	assert_int_equal(chmod(f->directory, 0755), 0);
	assert_int_equal(fixture_child(open_as_other, f, NULL), 0);
}

static int open_read_only_mount(struct fixture *f, void *arg)
{
	char home[SBK_PATH_MAX];
	struct sbk_journal *journal = NULL;
	int rc;

	(void)arg;
	(void)snprintf(home, sizeof(home), "%s/home", f->directory);
	if (unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount(home, home, NULL, MS_BIND, NULL) < 0 ||
	    mount(NULL, home, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) < 0)
		return 90;
	rc = sbk_journal_open(&f->place, SBK_JOURNAL_WRITE, &journal, &f->err);
	if (rc != SBK_E_DENIED ||
	    strstr(f->err.message, "mounted read-only") == NULL)
		return 1;
	/* Reading works: that is unrelated work. */
	rc = sbk_journal_open(&f->place, SBK_JOURNAL_READ, &journal, &f->err);
	sbk_journal_close(journal);
	return rc == 0 ? 0 : 2;
}

static void test_open__read_only_volume(void **state)
{
	struct fixture *f = *state;
	int code;

	make_journal(f);
	code = fixture_child(open_read_only_mount, f, NULL);
	if (code == 90)
		sbk_test_skip("mounting needs root");
	assert_int_equal(code, 0);
}

/* --- locks that do not work --------------------------------------------- */

/* fcntl's lock command answers `*arg` and does nothing: 0 is a filesystem
 * that says yes and excludes nobody. */
static int open_without_locks(struct fixture *f, void *arg)
{
	const int answer = *(int *)arg;
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	struct sbk_journal *journal = NULL;
	int rc;

	if (filter == NULL ||
	    seccomp_rule_add(filter, SCMP_ACT_ERRNO((unsigned int)answer),
			     SCMP_SYS(fcntl), 1,
			     SCMP_A1(SCMP_CMP_EQ, F_OFD_SETLK)) < 0 ||
	    seccomp_load(filter) < 0)
		return 90;
	rc = sbk_journal_open(&f->place, SBK_JOURNAL_CREATE, &journal, &f->err);
	if (rc != SBK_E_UNSUPPORTED ||
	    strstr(f->err.message, "has no working locks") == NULL)
		return 1;
	return 0;
}

static void test_open__a_volume_without_working_locks(void **state)
{
	struct fixture *f = *state;
	int answers[] = {ENOLCK, EINVAL, EOPNOTSUPP, 0};
	size_t i;

	make_journal(f);
	for (i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		assert_int_equal(
			fixture_child(open_without_locks, f, &answers[i]), 0);
	sbk_journal_close(fixture_open(f, SBK_JOURNAL_WRITE));
}

/* --- readers ------------------------------------------------------------ */

static int read_as_other(struct fixture *f, void *arg)
{
	struct sbk_journal_verdict verdict;
	struct sbk_journal *journal = NULL;
	struct sbk_plan *plan = sbk_plan_new();
	const struct sbk_journal_filter all = {.transaction = 0};

	(void)arg;
	if (setgid(1234) < 0 || setuid(1234) < 0)
		return 90;
	if (open(fixture_path(f, "lock"), O_RDONLY) >= 0 ||
	    open(fixture_path(f, "live.db"), O_RDONLY) >= 0 ||
	    open(fixture_path(f, "live.db-wal"), O_RDONLY) >= 0 ||
	    open(fixture_path(f, "live.db-shm"), O_RDONLY) >= 0 ||
	    open(fixture_path(f, "reserve"), O_RDONLY) >= 0)
		return 1;
	if (sbk_journal_open(&f->place, SBK_JOURNAL_READ, &journal, &f->err) <
	    0) {
		print_error("%s\n", f->err.message);
		return 2;
	}
	if (sbk_journal_load(journal, &all, plan, &f->err) < 0 ||
	    sbk_plan_count(plan) != 6)
		return 3;
	if (sbk_journal_verify(journal, &verdict, &f->err) < 0 ||
	    verdict.findings != 0)
		return 4;
	sbk_journal_close(journal);
	if (sbk_journal_open(&f->place, SBK_JOURNAL_WRITE, &journal, &f->err) !=
	    SBK_E_DENIED)
		return 5;
	return 0;
}

static void make_machine_journal(struct fixture *f)
{
	struct sbk_journal *journal;
	mode_t mask = umask(077); /* must not narrow what everyone may read */

	f->place.book = SBK_BOOK_MACHINE;
	fixture_tree(f, 3);
	journal = fixture_locked(f);
	umask(mask);
	(void)fixture_grant(f, journal, "/w");
	sbk_journal_close(journal);
}

static void assert_mode(const struct fixture *f, const char *name,
			unsigned int mode)
{
	struct stat st;

	assert_int_equal(stat(fixture_path(f, name), &st), 0);
	assert_int_equal(st.st_mode & 07777, mode);
}

static void test_open__everyone_reads_the_machines(void **state)
{
	struct fixture *f = *state;
	char path[SBK_PATH_MAX];

	if (geteuid() != 0)
		sbk_test_skip("being another user needs root");
	make_machine_journal(f);
	assert_mode(f, "", 0755);
	assert_mode(f, "journal.db", 0644);
	assert_mode(f, "live.db", 0600);
	assert_mode(f, "live.db-wal", 0600);
	assert_mode(f, "live.db-shm", 0600);
	assert_mode(f, "lock", 0600);
	assert_mode(f, "reserve", 0600);
	/* The way there, as /var/lib is. */
	assert_int_equal(chmod(f->directory, 0755), 0);
	(void)snprintf(path, sizeof(path), "%s/home", f->directory);
	assert_int_equal(chmod(path, 0755), 0);
	(void)snprintf(path, sizeof(path), "%s/home/state", f->directory);
	assert_int_equal(chmod(path, 0755), 0);
	assert_int_equal(fixture_child(read_as_other, f, NULL), 0);
}

static void test_open__a_users_is_private(void **state)
{
	struct fixture *f = *state;

	make_journal(f);
	assert_mode(f, "", 0700);
	assert_mode(f, "journal.db", 0600);
	assert_mode(f, "journal.db-wal", 0600);
	assert_mode(f, "journal.db-shm", 0600);
	assert_mode(f, "lock", 0600);
}

static void test_open__creation_that_was_cut_short(void **state)
{
	struct fixture *f = *state;
	char path[SBK_PATH_MAX];

	/* A chain that was being built beside its place. */
	(void)snprintf(path, sizeof(path), "%s/home/.sandbook-new",
		       f->directory);
	assert_int_equal(mkdir(path, 0700), 0);
	(void)snprintf(path, sizeof(path), "%s/home/.sandbook-new/j",
		       f->directory);
	assert_int_equal(mkdir(path, 0700), 0);
	sbk_journal_close(fixture_open(f, SBK_JOURNAL_CREATE));
	assert_int_equal(access(path, F_OK), -1);
	assert_ok(sbk_journal_remove(&f->place, &f->err), &f->err);
	/* A database that was being built. */
	make_journal(f);
	assert_int_equal(unlink(fixture_path(f, "journal.db")), 0);
	assert_int_equal(unlink(fixture_path(f, "reserve")), 0);
	drop_wal(f);
	write_file(fixture_path(f, "journal.db.new"), "half", 4);
	sbk_journal_close(fixture_open(f, SBK_JOURNAL_CREATE));
	assert_int_equal(access(fixture_path(f, "journal.db.new"), F_OK), -1);
}

/* --- versions ----------------------------------------------------------- */

static void test_open__migrations_run_in_steps(void **state)
{
	static const struct sbk_migration steps[] = {
		{11, "CREATE TABLE second(x)"},
		{12, "ALTER TABLE second ADD COLUMN y; CREATE TABLE third(x)"},
		{13, "CREATE TABLE fourth(x); CREATE TABLE third(x)"},
		{0, NULL},
	};
	struct fixture *f = *state;
	struct sbk_journal *journal;

	make_journal(f);
	journal = fixture_open(f, SBK_JOURNAL_WRITE);
	assert_ok(
		sbk_db_exec(&journal->db, "PRAGMA user_version = 11", &f->err),
		&f->err);
	assert_ok(sbk_schema_migrate(&journal->db, steps, 13, &f->err),
		  &f->err);
	/* The third fails half way and leaves nothing of itself. */
	assert_int_equal(
		sbk_schema_migrate(&journal->db, steps, 14, &f->err) < 0, 1);
	assert_error(sbk_schema_migrate(&journal->db, steps + 3, 14, &f->err),
		     SBK_E_UNSUPPORTED, &f->err);
	sbk_journal_close(journal);
	assert_diagnosis(f, SBK_E_UNSUPPORTED, "format 13");
	fixture_sql(f, "CREATE TABLE fourth(x)"); /* was rolled back */
}

static const struct CMUnitTest tests[] = {
	FIXTURE_TEST(test_open__missing),
	FIXTURE_TEST(test_open__empty),
	FIXTURE_TEST(test_open__nul_bytes),
	FIXTURE_TEST(test_open__not_sqlite),
	FIXTURE_TEST(test_open__truncated),
	FIXTURE_TEST(test_open__any_page_overwritten),
	FIXTURE_TEST(test_open__newer_version),
	FIXTURE_TEST(test_open__another_programs_database),
	FIXTURE_TEST(test_open__planted_schema_is_not_run),
	FIXTURE_TEST(test_open__last_entry_changed),
	FIXTURE_TEST(test_open__modes_that_let_others_in),
	FIXTURE_TEST(test_open__another_owner),
	FIXTURE_TEST(test_open__links_are_not_followed),
	FIXTURE_TEST(test_open__links_for_the_log_of_writes),
	FIXTURE_TEST(test_open__the_log_of_writes_of_another),
	FIXTURE_TEST(test_open__only_the_owner_creates),
	FIXTURE_TEST(test_open__read_only_volume),
	FIXTURE_TEST(test_open__a_volume_without_working_locks),
	FIXTURE_TEST(test_open__everyone_reads_the_machines),
	FIXTURE_TEST(test_open__a_users_is_private),
	FIXTURE_TEST(test_open__creation_that_was_cut_short),
	FIXTURE_TEST(test_open__migrations_run_in_steps),
};

SBK_TEST_MAIN(tests)
