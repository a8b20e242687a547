/*
 * States that are secret: stored apart, private, under hashes that tell
 * nothing, before the intents that mention them.
 */
#include "tests/journal/fixture.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/banned.h"

#define FIXTURE_TEST(name) \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

#define SECRET "root:$6$very-secret-hash:19000:0:::::\n"
#define SECRET_2 "root:$6$very-secret-hash:19000:0:::::\nnew:!:1::::::\n"

static void record_secret(struct fixture *f)
{
	const struct sbk_transaction_request request = {.title = "account"};
	const struct sbk_change change = {
		.object = {.kind = SBK_KIND_KEPT, .name = "/etc/shadow-"},
		.before = {.data = SECRET, .size = strlen(SECRET)},
		.after = {.data = SECRET_2, .size = strlen(SECRET_2)},
		.ours = "name new",
	};
	struct sbk_transaction_report report;
	struct sbk_plan *plan = sbk_plan_new();
	struct sbk_journal *journal;

	(void)fake_add_named(f->world, SBK_KIND_KEPT, "/etc/shadow-", SECRET);
	f->place.book = SBK_BOOK_MACHINE;
	journal = fixture_locked(f);
	assert_ok(sbk_plan_add(plan, &change, &f->err), &f->err);
	assert_ok(sbk_journal_transact(journal, &f->backend, &request, plan,
				       &report, &f->err),
		  &f->err);
	sbk_plan_free(plan);
	sbk_journal_close(journal);
}

/* Whether any file that others may read holds the words. */
static bool file_holds(const char *path, const char *words)
{
	static char data[4 << 20];
	int fd = open(path, O_RDONLY);
	ssize_t size = fd >= 0 ? read(fd, data, sizeof(data)) : 0;

	if (fd >= 0)
		close(fd);
	return size > 0 &&
	       memmem(data, (size_t)size, words, strlen(words)) != NULL;
}

/* Neither in what everyone reads, nor in what it is made from. */
static void assert_nowhere(const struct fixture *f, const char *words)
{
	static const char *const names[] = {"journal.db", "live.db",
					    "live.db-wal"};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(access(fixture_path(f, names[i]), R_OK), 0);
		assert_false(file_holds(fixture_path(f, names[i]), words));
	}
}

static void test_sealed__the_owner_gets_it_back(void **state)
{
	struct fixture *f = *state;
	const struct sbk_journal_filter open = {.unsettled = true};
	struct sbk_journal *journal;
	struct sbk_plan *plan;

	record_secret(f);
	journal = fixture_open(f, SBK_JOURNAL_READ);
	plan = fixture_load(f, journal, &open);
	assert_int_equal(sbk_plan_count(plan), 1);
	assert_string_equal(sbk_plan_at(plan, 0)->before.data, SECRET);
	assert_string_equal(sbk_plan_at(plan, 0)->after.data, SECRET_2);
	sbk_plan_free(plan);
	sbk_journal_close(journal);
	fixture_assert_sound(f);
}

static void test_sealed__is_in_no_file_that_others_read(void **state)
{
	struct fixture *f = *state;
	unsigned char hash[32];
	char hex[65];
	struct stat st;

	record_secret(f);
	assert_int_equal(stat(fixture_path(f, "sealed.db"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_true(file_holds(fixture_path(f, "sealed.db"), "very-secret"));
	assert_nowhere(f, "very-secret");
	/* Nor anything by which a guess could be confirmed. */
	crypto_hash_sha256(hash, (const unsigned char *)SECRET, strlen(SECRET));
	sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
	assert_nowhere(f, hex);
	crypto_generichash(hash, sizeof(hash), (const unsigned char *)SECRET,
			   strlen(SECRET), NULL, 0);
	sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
	assert_nowhere(f, hex);
}

static int read_as_other(struct fixture *f, void *arg)
{
	const struct sbk_journal_filter all = {.transaction = 0};
	const struct sbk_journal_filter open_ = {.unsettled = true};
	struct sbk_journal_verdict verdict;
	struct sbk_journal *journal = NULL;
	struct sbk_plan *plan = sbk_plan_new();

	(void)arg;
	if (setgid(1234) < 0 || setuid(1234) < 0)
		return 90;
	if (sbk_journal_open(&f->place, SBK_JOURNAL_READ, &journal, &f->err) <
	    0)
		return 1;
	if (sbk_journal_load(journal, &all, plan, &f->err) < 0 ||
	    sbk_plan_count(plan) != 1)
		return 2;
	if (strcmp(sbk_plan_at(plan, 0)->before.data, "sealed") != 0 ||
	    strcmp(sbk_plan_at(plan, 0)->object.name, "/etc/shadow-") != 0)
		return 3;
	/* To undo it one must have it. */
	if (sbk_journal_load(journal, &open_, plan, &f->err) != SBK_E_DENIED)
		return 4;
	if (sbk_journal_verify(journal, &verdict, &f->err) < 0 ||
	    verdict.findings != 0 || verdict.sealed_unread != 2)
		return 5;
	return 0;
}

static void test_sealed__others_see_that_it_is_sealed(void **state)
{
	struct fixture *f = *state;
	char path[SBK_PATH_MAX];

	if (geteuid() != 0)
		sbk_test_skip("being another user needs root");
	record_secret(f);
	assert_int_equal(chmod(f->directory, 0755), 0);
	(void)snprintf(path, sizeof(path), "%s/home", f->directory);
	assert_int_equal(chmod(path, 0755), 0);
	(void)snprintf(path, sizeof(path), "%s/home/state", f->directory);
	assert_int_equal(chmod(path, 0755), 0);
	assert_int_equal(fixture_child(read_as_other, f, NULL), 0);
}

static void test_sealed__loss_and_changes_are_found(void **state)
{
	struct fixture *f = *state;
	const struct sbk_journal_filter open_ = {.unsettled = true};
	struct sbk_journal_verdict verdict;
	struct sbk_plan *plan = sbk_plan_new();
	struct sbk_journal *journal;
	sqlite3 *db;

	record_secret(f);
	assert_int_equal(sqlite3_open(fixture_path(f, "sealed.db"), &db),
			 SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "UPDATE sealed SET bytes = x'00'",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	sqlite3_close(db);
	journal = fixture_open(f, SBK_JOURNAL_READ);
	assert_ok(sbk_journal_verify(journal, &verdict, &f->err), &f->err);
	assert_int_equal(verdict.findings, 2);
	sbk_journal_verdict_release(&verdict);
	sbk_journal_close(journal);
	assert_int_equal(unlink(fixture_path(f, "sealed.db")), 0);
	journal = fixture_open(f, SBK_JOURNAL_READ);
	assert_ok(sbk_journal_verify(journal, &verdict, &f->err), &f->err);
	assert_int_equal(verdict.findings, 2);
	sbk_journal_verdict_release(&verdict);
	assert_true(sbk_journal_load(journal, &open_, plan, &f->err) < 0);
	sbk_plan_free(plan);
	sbk_journal_close(journal);
}

static const struct CMUnitTest tests[] = {
	FIXTURE_TEST(test_sealed__the_owner_gets_it_back),
	FIXTURE_TEST(test_sealed__is_in_no_file_that_others_read),
	FIXTURE_TEST(test_sealed__others_see_that_it_is_sealed),
	FIXTURE_TEST(test_sealed__loss_and_changes_are_found),
};

SBK_TEST_MAIN(tests)
