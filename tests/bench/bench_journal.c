/*
 * bench_journal [ENTRIES [ROUNDS]]: what a journal costs that has grown, made
 * by the program's own code (transactions of 10,000 changes, each second one
 * undone) with a backend that does nothing. 200,000 entries; 5,000,000 need 6
 * GB on the volume of TMPDIR (/var/tmp).
 *
 * Verifying is set beside `sha256sum` of the same bytes: exactly those of the
 * entries, from a file in the cache. All take turns in ROUNDS (3) rounds and
 * the fastest counts; times are the processor's, since others may work, too.
 * Opening, proving and appending are shown at a tenth of the size and at all
 * of it: none may grow with it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "journal/proof.h"
#include "journal/signing.h"
#include "journal/verify.h"
#include "tests/support/test.h"

#include "engine/banned.h"

#define CHANGES 10000 /* of a transaction */
#define SAMPLES 40    /* openings, and entries proved */

static struct sbk_error err = SBK_ERROR_INIT;
static struct sbk_journal_place place = {.book = SBK_BOOK_USER};
static char *directory;

static void check(int rc)
{
	if (rc >= 0)
		return;
	(void)fprintf(stderr, "bench_journal: %s\n", err.message);
	exit(1);
}

static double now(clockid_t clock)
{
	struct timespec t;

	(void)clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double processor(void)
{
	return now(CLOCK_PROCESS_CPUTIME_ID);
}

/* --- making it ------------------------------------------------------------ */

static void fill(struct sbk_plan *plan, size_t from)
{
	static const char *const states[4] = {
		"owner 1000\ngroup 1000\nmode 100644\n",
		"owner 1000\ngroup 1000\nmode 100755\n",
		"owner 1000\ngroup 1000\nmode 100664\naccess user::rw-\n"
		"access user:990:rw-\naccess group::r--\naccess mask::rw-\n"
		"access other::r--\n",
		"owner 1000\ngroup 1000\nmode 100775\naccess user::rwx\n"
		"access user:990:rwx\naccess group::r-x\naccess mask::rwx\n"
		"access other::r-x\n",
	};
	char name[128], identity[96];
	size_t i;

	for (i = from; i < from + CHANGES; i++) {
		struct sbk_change change = {
			.object = {.kind = SBK_KIND_ACCESS,
				   .name = name,
				   .identity = identity},
			.before = {.data = states[i % 2],
				   .size = strlen(states[i % 2])},
			.after = {.data = states[2 + i % 2],
				  .size = strlen(states[2 + i % 2])},
			.ours = "access user:990:rw-",
			.reason = "grant to sandbox-1-off",
		};

		(void)snprintf(name, sizeof(name),
			       "/home/user/project/directory%zu/file%zu.c",
			       i / 200, i);
		(void)snprintf(identity, sizeof(identity),
			       "7c0a4f515b524b0c8f7e1d2c3b4a5968:1:%016zx",
			       i * 2654435761u);
		check(sbk_plan_add(plan, &change, &err));
	}
}

static void invert(struct sbk_plan *plan, struct sbk_plan *inverse)
{
	size_t i;

	for (i = sbk_plan_count(plan); i > 0; i--) {
		struct sbk_change *change = sbk_plan_at(plan, i - 1);
		const struct sbk_change undo = {
			.object = change->object,
			.before = change->after,
			.after = change->before,
			.undoes = change->id,
			.inverts = change,
			.reason = "undo",
		};

		check(sbk_plan_add(inverse, &undo, &err));
	}
}

/* As sbk_apply has it, but for the host. */
static void record(struct sbk_journal *journal, struct sbk_plan *plan,
		   enum sbk_transaction_kind kind)
{
	const struct sbk_recorder recorder = sbk_journal_recorder(journal);
	struct sbk_change *batch[SBK_BATCH_CHANGES];
	size_t next = 0, used, i;
	uint64_t id;

	check(sbk_journal_begin(journal, kind, "bench", &id, &err));
	while (next < sbk_plan_count(plan)) {
		for (used = 0;
		     used < SBK_BATCH_CHANGES && next < sbk_plan_count(plan);)
			batch[used++] = sbk_plan_at(plan, next++);
		check(sbk_recorder_prepare(&recorder, batch, used, &err));
		for (i = 0; i < used; i++)
			batch[i]->status = SBK_STATUS_CONFIRMED;
		check(sbk_recorder_settle(&recorder, batch, used, &err));
	}
	check(sbk_journal_end(journal, true, &err));
}

static void append(struct sbk_journal *journal, size_t *changes, bool undone)
{
	struct sbk_plan *plan = sbk_plan_new(), *inverse = sbk_plan_new();

	fill(plan, *changes);
	*changes += CHANGES;
	record(journal, plan, SBK_TRANSACTION_DO);
	if (undone) {
		invert(plan, inverse);
		record(journal, inverse, SBK_TRANSACTION_UNDO);
	}
	sbk_plan_free(plan);
	sbk_plan_free(inverse);
}

/* Grows it to `entries`; the microseconds of processor for an entry, of the
 * cheapest of the last four times. */
static double grow(size_t *changes, uint64_t entries)
{
	double costs[4] = {1e9, 1e9, 1e9, 1e9}, begin;
	struct sbk_journal *journal;
	size_t times = 0, i;
	uint64_t size;

	check(sbk_journal_open(&place, SBK_JOURNAL_CREATE, &journal, &err));
	check(sbk_journal_lock(journal, 0, &err));
	do {
		size = journal->tree.size;
		begin = processor();
		append(journal, changes, false);
		append(journal, changes, true);
		costs[times++ % 4] = (processor() - begin) * 1e6 /
				     (double)(journal->tree.size - size);
	} while (journal->tree.size < entries);
	sbk_journal_close(journal);
	for (i = 1; i < 4; i++)
		costs[0] = costs[i] < costs[0] ? costs[i] : costs[0];
	return costs[0];
}

/* --- what must not grow with it ------------------------------------------- */

struct point {
	uint64_t entries;
	double append_us, open_ms, proof_ms;
	size_t rows; /* of one proof, at most */
	int pages;   /* read by SQLite for opening and one proof, at most */
};

static int compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static int count_row(unsigned what, void *rows, void *statement, void *more)
{
	(void)what;
	(void)statement;
	(void)more;
	++*(size_t *)rows;
	return 0;
}

/* As `journal proof N` makes it: from the newest checkpoint. */
static void prove(struct sbk_journal *journal, uint64_t n)
{
	struct sbk_buf text = SBK_BUF_INIT;
	struct sbk_checkpoint head;
	struct sbk_proof proof;
	struct sbk_note note;

	check(sbk_log_snapshot(journal, &err));
	check(sbk_checkpoint_read(journal, 0, &text, &err));
	check(sbk_note_parse(text.data, text.size, &note, &err));
	check(sbk_checkpoint_parse(&note, &head, &err));
	check(sbk_proof_of_entry(journal, n % head.size, &head, &proof, &err));
	sbk_db_abandon(&journal->db);
	sbk_buf_release(&text);
}

/* The median of some openings, and of a proof after each. */
static void look(struct point *point)
{
	double opens[SAMPLES], proofs[SAMPLES], begin;
	struct sbk_journal *journal;
	size_t i, rows;
	int pages, most;

	for (i = 0; i < SAMPLES; i++) {
		begin = now(CLOCK_MONOTONIC);
		check(sbk_journal_open(&place,
				       i % 2 == 0 ? SBK_JOURNAL_READ
						  : SBK_JOURNAL_WRITE,
				       &journal, &err));
		opens[i] = (now(CLOCK_MONOTONIC) - begin) * 1e3;
		point->entries = journal->tree.size;
		rows = 0;
		(void)sqlite3_trace_v2(journal->db.handle, SQLITE_TRACE_ROW,
				       count_row, &rows);
		begin = now(CLOCK_MONOTONIC);
		prove(journal, journal->tree.size / SAMPLES * i + i);
		proofs[i] = (now(CLOCK_MONOTONIC) - begin) * 1e3;
		(void)sqlite3_db_status(journal->db.handle,
					SQLITE_DBSTATUS_CACHE_MISS, &pages,
					&most, 0);
		point->rows = rows > point->rows ? rows : point->rows;
		point->pages = pages > point->pages ? pages : point->pages;
		sbk_journal_close(journal);
	}
	qsort(opens, SAMPLES, sizeof(opens[0]), compare);
	qsort(proofs, SAMPLES, sizeof(proofs[0]), compare);
	point->open_ms = opens[SAMPLES / 2];
	point->proof_ms = proofs[SAMPLES / 2];
}

static void show(const struct point *p)
{
	(void)printf("%10llu %12.2f %12.2f %12.2f %12zu %12d\n",
		     (unsigned long long)p->entries, p->append_us, p->open_ms,
		     p->proof_ms, p->rows, p->pages);
	(void)fflush(stdout);
}

/* --- verifying, beside sha256sum ------------------------------------------ */

enum work { SUM, LOG, CHECK, VERIFY, WORKS };

/* The entries' bytes and nothing else. */
static uint64_t write_entries(const char *path)
{
	FILE *file = fopen(path, "w");
	struct sbk_journal *journal;
	sqlite3_stmt *row;
	uint64_t bytes = 0;

	check(sbk_journal_open(&place, SBK_JOURNAL_READ, &journal, &err));
	check(sbk_db_statement(&journal->db, SBK_SQL_ENTRIES, &row, &err));
	(void)sqlite3_bind_int64(row, 1, 0);
	while (file != NULL && sbk_db_step(&journal->db, row, &err) == 1) {
		const char *json = sbk_db_text(row, 1);

		bytes += fwrite(json, 1, (size_t)sqlite3_column_bytes(row, 1),
				file);
	}
	if (file == NULL || fclose(file) != 0) {
		perror(path);
		exit(1);
	}
	sbk_journal_close(journal);
	return bytes;
}

static double sum(const char *path)
{
	struct rusage usage = {0};
	int status = 0;
	pid_t child;

	(void)fflush(stdout); /* which the child would print, too */
	child = fork();
	if (child == 0) {
		if (freopen("/dev/null", "w", stdout) != NULL)
			(void)execlp("sha256sum", "sha256sum", path,
				     (char *)NULL);
		_exit(127);
	}
	if (wait4(child, &status, 0, &usage) < 0 || status != 0) {
		(void)fprintf(stderr, "bench_journal: sha256sum failed\n");
		exit(1);
	}
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static double verify(enum work work)
{
	struct sbk_journal_verdict verdict = {.entries = 0};
	struct sbk_journal *journal;
	double begin;

	check(sbk_journal_open(&place, SBK_JOURNAL_READ, &journal, &err));
	begin = processor();
	if (work == LOG)
		check(sbk_verify_log(journal, &verdict, &err));
	else if (work == CHECK)
		check(sbk_journal_check(journal, &err));
	else
		check(sbk_journal_verify(journal, &verdict, &err));
	begin = processor() - begin;
	if (verdict.findings > 0) {
		(void)fputs(sbk_buf_text(&verdict.text), stderr);
		exit(1);
	}
	sbk_journal_verdict_release(&verdict);
	sbk_journal_close(journal);
	return begin;
}

static void show_work(const char *what, double seconds, uint64_t entries,
		      double sha256sum)
{
	(void)printf("%-36s %8.3f s %10.0f entries/s %6.2f x sha256sum\n", what,
		     seconds, (double)entries / seconds, seconds / sha256sum);
}

static void compare_with_sum(uint64_t entries, long rounds)
{
	double best[WORKS] = {0};
	char path[SBK_PATH_MAX];
	uint64_t bytes;
	long round;
	int work;

	(void)snprintf(path, sizeof(path), "%s/entries", directory);
	bytes = write_entries(path);
	for (round = 0; round < rounds; round++)
		for (work = SUM; work < WORKS; work++) {
			const double s = work == SUM ? sum(path)
						     : verify((enum work)work);

			if (round == 0 || s < best[work])
				best[work] = s;
		}
	(void)printf("\n%llu entries, %llu MB, seconds of processor, best of "
		     "%ld\n",
		     (unsigned long long)entries,
		     (unsigned long long)(bytes / 1000000), rounds);
	show_work("sha256sum", best[SUM], entries, best[SUM]);
	show_work("hashes, tree, checkpoints", best[LOG], entries, best[SUM]);
	show_work("the same, views and states", best[CHECK], entries,
		  best[SUM]);
	show_work("of that, the views alone", best[CHECK] - best[LOG], entries,
		  best[SUM]);
	show_work("journal verify, with SQLite's pages", best[VERIFY], entries,
		  best[SUM]);
}

int main(int argc, char **argv)
{
	const uint64_t entries =
		argc > 1 ? strtoull(argv[1], NULL, 10) : 200000;
	const long rounds = argc > 2 ? strtol(argv[2], NULL, 10) : 3;
	struct point small = {0}, large = {0};
	size_t changes = 0;

	(void)setenv("TMPDIR", "/var/tmp", 0);
	directory = sbk_test_directory("bench");
	place.owner = sbk_owner_of_number((uint32_t)geteuid());
	(void)snprintf(place.directory, sizeof(place.directory), "%s/j",
		       directory);
	(void)printf("%10s %12s %12s %12s %12s %12s\n", "entries", "append, us",
		     "open, ms", "proof, ms", "its rows", "pages read");
	small.append_us = grow(&changes, entries / 10);
	look(&small);
	show(&small);
	large.append_us = grow(&changes, entries);
	look(&large);
	show(&large);
	(void)printf("%-10s %12.2f %12.2f %12.2f %12.2f %12.2f\n", "ratio",
		     large.append_us / small.append_us,
		     large.open_ms / small.open_ms,
		     large.proof_ms / small.proof_ms,
		     (double)large.rows / (double)small.rows,
		     (double)large.pages / (double)small.pages);
	compare_with_sum(large.entries, rounds > 0 ? rounds : 1);
	sbk_test_remove(directory);
	return 0;
}
